//! What is typed, and why it may not reach a pane.

use bytes::Bytes;

/// A piece of input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Bytes that are typed as they are.
    Text(Bytes),
    /// Bytes that are pasted: in brackets (`ESC [ 200 ~` and `ESC [ 201 ~`) if the pane's program asked for that and it is
    /// known. What would end the paste is taken out of them.
    Paste(Bytes),
    /// A key by tmux's name for it, such as `Enter` or `C-c`.
    Named(String),
}

/// Why input did not reach a pane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The pane is gone.
    #[error("there is no such pane")]
    NoSuchPane,
    /// The pane's process has ended.
    #[error("the pane is dead: its process has ended; respawn it to type into it")]
    PaneDead,
    /// The pane takes no input.
    #[error("the pane's input is off; turn it on with `select-pane -e`")]
    InputOff,
    /// Keys would go to the mode instead of the program.
    #[error("the pane is in {mode}; leave the mode, or ask with \"cancel_mode\":true")]
    InMode {
        /// The mode's name.
        mode: String,
    },
    /// A key has a name that tmux doesn't know.
    #[error("{key:?} is no key name; send it as text, or use a name such as Enter, C-c or F1")]
    BadKey {
        /// The name.
        key: String,
    },
    /// A key can't be typed in every mode in which the pane may be.
    #[error("{key:?} can't be typed: {why}")]
    UnsupportedKey {
        /// The name.
        key: String,
        /// Why, and what to do.
        why: String,
    },
    /// There was nothing to type.
    #[error("there is nothing to type")]
    Nothing,
    /// The client has more input waiting than its share.
    #[error("too much of your input waits for tmux; try again")]
    Busy,
    /// More than one request may type.
    #[error("more than {most} bytes at once; send them in parts")]
    TooLarge {
        /// The most, in bytes.
        most: usize,
    },
    /// A part was typed before something stopped it.
    #[error("{error}; of {whole} bytes and keys, the first {typed} were typed")]
    Partly {
        /// How many bytes and keys were typed.
        typed: u64,
        /// How many were to be typed.
        whole: u64,
        /// What stopped it.
        error: Box<InputError>,
    },
    /// tmux is not connected.
    #[error("tmux is not connected; try again when it is")]
    Unavailable,
    /// It could not be recorded in the audit log beforehand.
    #[error("the audit log can't be written now, so nothing was typed; try again later")]
    Unrecorded,
    /// There is no tmux.
    #[error("what is served is a recording, which takes no input")]
    Recording,
    /// The connection to tmux ended before it answered.
    #[error("the link to tmux ended before the answer; whether the keys were typed is not known")]
    LinkLost,
    /// tmux refused.
    #[error("{0}")]
    Tmux(String),
}
