//! The stable words and numbers that say what went wrong.

/// Why a request was refused. The words are stable; texts for people stand beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The message is not JSON text.
    InvalidJson,
    /// A field is missing or has a wrong value.
    InvalidMessage,
    /// The action is none that this server knows.
    UnknownAction,
    /// A filter can't be understood.
    InvalidFilter,
    /// The action needs authentication first.
    AuthRequired,
    /// The token is not accepted.
    AuthFailed,
    /// The token lacks a permission.
    PermissionDenied,
    /// There is no such session, window or pane, or none that this client may see.
    NotFound,
    /// A text in a target fits one thing by its id or index and another by its name.
    AmbiguousTarget,
    /// More than may come at a time, or be under way at once.
    RateLimited,
    /// More of something than a connection or a token may have.
    LimitReached,
    /// The message is longer than may be.
    TooLarge,
    /// The pane's process has ended.
    PaneDead,
    /// The pane is in a mode in which keys have another meaning.
    PaneInMode,
    /// The pane takes no input.
    InputOff,
    /// tmux knows no such key.
    UnknownKey,
    /// tmux has no bytes for the key, or not in every mode in which the pane may be.
    KeyUnsupported,
    /// tmux refused.
    TmuxError,
    /// No tmux server is connected.
    TmuxUnavailable,
    /// tmux went before it answered: nobody knows whether it was carried out.
    OutcomeUnknown,
    /// A part was typed before something stopped it.
    Interrupted,
    /// What is served is a recording, and a recording takes no input.
    Recording,
    /// A later request ended it before it was carried out.
    Cancelled,
    /// No history is kept.
    HistoryOff,
    /// A question about the history took longer than it may.
    HistoryTimeout,
    /// The history can't be read.
    HistoryUnavailable,
    /// An admin ends the connection.
    Disconnected,
    /// The log of what is done can't be written, so nothing is done that has to stand there.
    AuditUnavailable,
}

impl ErrorCode {
    /// All of them, for the tests of the schema.
    pub const ALL: [Self; 28] = [
        Self::InvalidJson,
        Self::InvalidMessage,
        Self::UnknownAction,
        Self::InvalidFilter,
        Self::AuthRequired,
        Self::AuthFailed,
        Self::PermissionDenied,
        Self::NotFound,
        Self::AmbiguousTarget,
        Self::RateLimited,
        Self::LimitReached,
        Self::TooLarge,
        Self::PaneDead,
        Self::PaneInMode,
        Self::InputOff,
        Self::UnknownKey,
        Self::KeyUnsupported,
        Self::TmuxError,
        Self::TmuxUnavailable,
        Self::OutcomeUnknown,
        Self::Interrupted,
        Self::Recording,
        Self::Cancelled,
        Self::HistoryOff,
        Self::HistoryTimeout,
        Self::HistoryUnavailable,
        Self::Disconnected,
        Self::AuditUnavailable,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "INVALID_JSON",
            Self::InvalidMessage => "INVALID_MESSAGE",
            Self::UnknownAction => "UNKNOWN_ACTION",
            Self::InvalidFilter => "INVALID_FILTER",
            Self::AuthRequired => "AUTH_REQUIRED",
            Self::AuthFailed => "AUTH_FAILED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::AmbiguousTarget => "AMBIGUOUS_TARGET",
            Self::RateLimited => "RATE_LIMITED",
            Self::LimitReached => "LIMIT_REACHED",
            Self::TooLarge => "TOO_LARGE",
            Self::PaneDead => "PANE_DEAD",
            Self::PaneInMode => "PANE_IN_MODE",
            Self::InputOff => "INPUT_OFF",
            Self::UnknownKey => "UNKNOWN_KEY",
            Self::KeyUnsupported => "KEY_UNSUPPORTED",
            Self::TmuxError => "TMUX_ERROR",
            Self::TmuxUnavailable => "TMUX_UNAVAILABLE",
            Self::OutcomeUnknown => "OUTCOME_UNKNOWN",
            Self::Interrupted => "INTERRUPTED",
            Self::Recording => "RECORDING",
            Self::Cancelled => "CANCELLED",
            Self::HistoryOff => "HISTORY_OFF",
            Self::HistoryTimeout => "HISTORY_TIMEOUT",
            Self::HistoryUnavailable => "HISTORY_UNAVAILABLE",
            Self::Disconnected => "DISCONNECTED",
            Self::AuditUnavailable => "AUDIT_UNAVAILABLE",
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::TmuxUnavailable
                | Self::PaneInMode
                | Self::AuditUnavailable
                | Self::HistoryUnavailable
        )
    }
}

/// Why the server closes. Below 4500 a client may come back, from 4500 on it should not without a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// The client asked for it, or all is done.
    Normal,
    /// The client broke the WebSocket protocol.
    Protocol,
    /// The client sent something other than text.
    Unsupported,
    /// A text message was no UTF-8.
    NotText,
    /// A message was longer than the server reads.
    TooBig,
    /// The server stops; it may be back soon.
    Shutdown,
    /// The client read too slowly.
    Slow,
    /// The client did not answer for two ping intervals.
    NoPong,
    /// There was too much in too little time: attempts to get in, or messages in spite of refusals.
    TryLater,
    /// The token's rights changed: authenticating again gives the new ones.
    RightsChanged,
    /// The token has as many connections as it may have.
    TooMany,
    /// The token is not accepted.
    AuthFailed,
    /// No token came in time.
    AuthTimeout,
    /// The token was revoked or has expired.
    TokenEnded,
    /// An admin ended the connection.
    Disconnected,
}

impl CloseCode {
    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Protocol => 1002,
            Self::Unsupported => 1003,
            Self::NotText => 1007,
            Self::TooBig => 1009,
            Self::Shutdown => 4001,
            Self::Slow => 4002,
            Self::NoPong => 4003,
            Self::TryLater => 4004,
            Self::RightsChanged => 4005,
            Self::TooMany => 4006,
            Self::AuthFailed => 4500,
            Self::AuthTimeout => 4501,
            Self::TokenEnded => 4503,
            Self::Disconnected => 4504,
        }
    }

    /// A text for people, at most 123 bytes long.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Normal => "",
            Self::Protocol => "a frame is not as RFC 6455 says",
            Self::Unsupported => "only text messages are understood",
            Self::NotText => "a text message is not UTF-8",
            Self::TooBig => "the message is too long",
            Self::Shutdown => "the server stops: come back and resume",
            Self::Slow => "the client reads too slowly: come back and resume",
            Self::NoPong => "the client did not answer: come back and resume",
            Self::TryLater => "too much in too little time: come back later",
            Self::TooMany => "the token has too many connections: come back later",
            Self::RightsChanged => {
                "the rights of the token changed: come back and authenticate again"
            }
            Self::AuthFailed => "the token is not accepted",
            Self::AuthTimeout => "no token came in time",
            Self::TokenEnded => "the token was revoked or has expired",
            Self::Disconnected => "an admin ended the connection",
        }
    }
}
