//! The source that says of each coding agent in a pane what it does.
//!
//! It reads the log as clients do and gives the bytes of panes that hold an agent to the engine ([`crate::agent`]), from a
//! snapshot on that it asks the bridge for once. Which panes those are the process trees say. It looks at nothing from time
//! to time: all begins with an event, with the end of a process, or with a moment that the engine has named.
//!
//! Reading order: `watches` (all panes; decides), `pane` (one of them), `looks` (when processes are looked at), `processes`
//! (how), `rules` (the rules in force), `hooks`, `registries` and `places` (what agents say of
//! themselves), `sessions` and `transcripts` (what they use), `wanted` (files that are watched while an agent needs it), `said` (what is published), `composing` (prompts and answers that
//! are being typed), `driver` (the task that does what `watches` wants).
//!
//! It knows no clients, no messages, and nothing of how tmux is spoken to.

mod answers;
mod composing;
mod driver;
mod figures;
mod hooks;
mod looks;
mod pane;
mod places;
mod processes;
mod registries;
mod rules;
mod said;
mod sessions;
mod transcripts;
mod wanted;
mod watches;

pub use driver::AgentSource;
pub use rules::{RulesError, load_rules};

#[cfg(test)]
#[path = "watches_tests.rs"]
mod tests;
