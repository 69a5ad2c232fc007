//! What the exit codes of all commands mean.

use crate::client::NoTarget;

/// The command line is wrong.
pub const USAGE: u8 = 2;
/// No pane is called so, or several are.
pub const NO_TARGET: u8 = 3;
/// The time limit is over.
pub const TIME_LIMIT: u8 = 4;
/// What was asked for can't happen any more, or not as things stand.
pub const IMPOSSIBLE: u8 = 5;

/// A command ends with a code of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Exit {
    /// The code.
    pub code: u8,
    /// Why, for people; if empty, all is said already.
    pub message: String,
}

/// The code for an error that has one of its own.
pub(super) fn own_code(error: &anyhow::Error) -> Option<u8> {
    let exit = error.downcast_ref::<Exit>().map(|exit| exit.code);
    exit.or_else(|| error.is::<NoTarget>().then_some(NO_TARGET))
}
