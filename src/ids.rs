//! The identifiers of tmux's objects and of positions in the event log.
//!
//! Each is a newtype, so that a window's number can't be passed for a pane's.
//! This module knows nothing of tmux's protocol beyond the sigils `$`, `@` and `%`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
/// A text that is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {kind} id: it is {sigil:?} and a number")]
pub struct IdError {
    kind: &'static str,
    sigil: char,
    text: String,
}

macro_rules! tmux_id {
    ($(#[$doc:meta])* $name:ident, $sigil:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// Parses the sigil and the decimal number, and nothing else.
            #[must_use]
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                let digits = bytes.strip_prefix(&[$sigil])?;
                if digits.is_empty() || digits.len() > 10 || !digits.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                let mut number: u32 = 0;
                for digit in digits {
                    number = number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
                }
                Some(Self(number))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", char::from($sigil), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::from_bytes(text.as_bytes()).ok_or_else(|| IdError {
                    kind: $kind,
                    sigil: char::from($sigil),
                    text: text.chars().take(40).collect(),
                })
            }
        }
    };
}

tmux_id!(
    /// A session, written `$N`. Unique for the life of one tmux server.
    SessionId, b'$', "session"
);
tmux_id!(
    /// A window, written `@N`. Unique for the life of one tmux server.
    WindowId, b'@', "window"
);
tmux_id!(
    /// A pane, written `%N`. Unique for the life of one tmux server.
    PaneId, b'%', "pane"
);

/// The name of one unbroken event log.
///
/// Positions are comparable only within one epoch; it changes whenever the log can't be vouched for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Epoch(Arc<str>);

impl Epoch {
    /// The longest epoch that is accepted, in bytes.
    pub const MAX_LEN: usize = 32;

    /// An epoch from text: 1 to 32 ASCII letters and digits.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::MAX_LEN;
        (fits && text.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| Self(text.into()))
    }

    /// The epoch as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place in the event log: dense, counted from 1; 0 is the place before the first event.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct Seq(pub u64);

impl Seq {
    /// The place right behind this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who looks at events, by whatever connection: a short hash, which is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ViewerId(pub [u8; 16]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_parse_their_own_display_and_nothing_else() {
        for number in [0, 7, 4_294_967_295] {
            assert_eq!(PaneId(number).to_string().parse(), Ok(PaneId(number)));
        }
        for bad in [
            "",
            "%",
            "7",
            "@7",
            "%-1",
            "%7 ",
            "% 7",
            "%4294967296",
            "%00000000001",
        ] {
            assert!(bad.parse::<PaneId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn epochs_are_short_and_alphanumeric() {
        assert!(Epoch::new("b3f1c9").is_some());
        for bad in ["", "a b", "a:b", &"x".repeat(33)] {
            assert!(Epoch::new(bad).is_none(), "{bad:?}");
        }
    }
}
