//! Hiding secrets in what panes print, for those who may look but not know.
//!
//! Bytes come in as tmux brings them, and go out as many as came, at the same offsets: of a secret, each character is
//! replaced by one that takes as many bytes and as many columns. What is matched is the text alone, without colours and
//! other sequences, and as it grows: neither where outputs are cut nor what stands between the characters matters.
//!
//! Reading order: [`Rules`] (what is a secret), `matcher` (which of them begin, go on and end in a text), `sequence` and
//! `line` (what of a pane's bytes is text), [`Redactor`] (a pane's stream). No IO, no clock: when what is held back has
//! waited for long enough is its owner's business.

mod defaults;
mod line;
mod mask;
mod matcher;
mod redactor;
#[cfg(test)]
mod redactor_tests;
mod rules;
#[cfg(test)]
mod rules_tests;
mod sequence;

pub use defaults::{DEFAULTS, Usual};
pub use redactor::{Fed, Piece, Redactor};
pub use rules::{RuleError, Rules};
