//! Why a client gives up, and what its user can do. What a server said is spelt out, so that it can be shown as it is.

use crate::printable::escaped;

/// The most of a server's text that is shown, in characters.
const SHOWN: usize = 300;

/// Coming back would not help without a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no token, and the server wants one.
    #[error(
        "the server wants a token: put it into MUXWIRE_TOKEN, or into a file of mode 0600 for --token-file; \
         `muxwire token create --name me` makes one"
    )]
    NoToken,
    /// The token is not accepted.
    #[error(
        "the server does not accept the token: {0}; `muxwire token list` shows which there are, and where it looks for \
         them: that has to be the server's own state directory, which its log names (--state-dir); \
         `muxwire token create --name me` makes another there"
    )]
    Token(String),
    /// The server's certificate is not trusted, or it does not trust ours.
    #[error(
        "TLS was refused: {0}; name the authority of the server's certificate with --ca FILE, or the fingerprint that \
         `muxwire cert` printed with --fingerprint"
    )]
    Certificate(String),
    /// The server closed the connection for good.
    #[error("the server closed the connection for good ({code}): {reason}{}", remedy(*code))]
    Closed {
        /// The close code, from 4500 to 4999.
        code: u16,
        /// What the server said.
        reason: String,
    },
    /// The server does not carry out what it was asked for.
    #[error("the server refused ({code}): {message}")]
    Request {
        /// The server's word for it.
        code: String,
        /// What the server said.
        message: String,
    },
    /// The server speaks another version of the protocol.
    #[error("the server speaks version {0} of the protocol, this program version {known}: use the same muxwire on both sides", known = crate::wire::PROTOCOL)]
    Protocol(String),
    /// A server answers, but serves no WebSocket of muxwire to this client at this path.
    #[error(
        "what answers there is no muxwire server ({0}): look at the URL, `muxwire serve` prints it"
    )]
    Handshake(String),
    /// Something answers, but not a muxwire server.
    #[error(
        "what answers there is no muxwire server ({0}): look at the URL, `muxwire serve` prints it"
    )]
    NotMuxwire(String),
}

/// Why a request has no answer of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The server refused.
    #[error("the server refused ({code}): {message}")]
    Refused {
        /// Its word for it, safe to be shown.
        code: String,
        /// What it said, safe to be shown.
        message: String,
    },
    /// The connection went before the answer, so nobody knows what came of it.
    #[error("the connection went before the answer: whether it was done is not known")]
    Lost,
    /// There is no connection.
    #[error("there is no connection now: nothing was sent")]
    NotConnected,
}

impl CallError {
    pub(super) fn of(code: &str, message: &str) -> Self {
        let (code, message) = (shown(code), shown(message));
        Self::Refused { code, message }
    }
}

impl Refusal {
    pub(super) fn closed(code: u16, reason: &str) -> Self {
        let reason = shown(reason);
        Self::Closed { code, reason }
    }

    /// The word that docs/client.md has for it, or the server's.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::NoToken | Self::Closed { code: 4501, .. } => "AUTH_REQUIRED",
            Self::Token(_)
            | Self::Closed {
                code: 4500 | 4503, ..
            } => "AUTH_FAILED",
            Self::Closed { code: 4504, .. } => "DISCONNECTED",
            Self::Closed { .. } => "CLOSED",
            Self::Request { code, .. } => code,
            Self::Protocol(_) | Self::NotMuxwire(_) => "UNSUPPORTED",
            Self::Certificate(_) | Self::Handshake(_) => "REFUSED",
        }
    }

    /// A request was refused with this code, and for this reason.
    #[must_use]
    pub fn request(code: &str, message: &str) -> Self {
        let (code, message) = (shown(code), shown(message));
        Self::Request { code, message }
    }
}

/// What a server said, safe to be shown and of a bounded length.
pub(super) fn shown(text: &str) -> String {
    let text = if text.is_empty() {
        "no reason given"
    } else {
        text
    };
    escaped(&text.chars().take(SHOWN).collect::<String>()).into_owned()
}

fn remedy(code: u16) -> &'static str {
    match code {
        4500 | 4503 => {
            "; `muxwire token create --name me` makes another token, in the state directory that the server's log names"
        }
        4501 => "; give a token by MUXWIRE_TOKEN or --token-file",
        4502 => "; ask for a token that allows it",
        _ => "",
    }
}
