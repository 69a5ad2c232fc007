//! Prompts and answers for agents on the wire.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::more::More;
use super::target::Target;

/// A prompt for the agent in a pane.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Prompt {
    /// A repetition with the same key is not carried out again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether an agent that works gets it as well, for later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<bool>,
    /// The pane.
    pub target: Target,
    /// The prompt.
    pub text: String,
    /// How long it may take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// An answer to the dialog of the agent in a pane.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What is chosen: the number of a choice from 1 on, or its text.
    pub choice: Choice,
    /// The fingerprint of the dialog that it is for.
    pub dialog: String,
    /// A repetition with the same key is not carried out again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The pane.
    pub target: Target,
    /// How long it may take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// One of a dialog's choices.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Choice {
    /// By its number, from 1 on.
    Number(u32),
    /// By its text, or the beginning of it.
    Text(String),
}

macro_rules! without_content {
    ($($name:ident),+) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        })+
    };
}

// What is typed does not belong in a log.
without_content!(Prompt, Answer, Choice);
