//! The option `destroy-unattached`: whether a session stays when nobody is attached to it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value of `destroy-unattached`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DestroyUnattached {
    /// It stays.
    Off,
    /// It goes.
    On,
    /// It goes unless it is the last one of its group; without a group it stays (3.4).
    KeepLast,
    /// It goes unless it is the last one of its group; without a group it goes (3.4).
    KeepGroup,
    /// A value of a tmux to come. Nobody knows what it means, so the session is taken for one that goes.
    Other(String),
}

impl DestroyUnattached {
    /// The value that tmux prints so. A flag is printed as a number where it is no choice of words (before 3.4).
    #[must_use]
    pub fn from_value(value: &str) -> Self {
        match value {
            "" | "0" | "off" => Self::Off,
            "1" | "on" => Self::On,
            "keep-last" => Self::KeepLast,
            "keep-group" => Self::KeepGroup,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether a session goes when its last client detaches, in a group of so many sessions or in none.
    #[must_use]
    pub fn destroys(&self, group_size: Option<u32>) -> bool {
        match self {
            Self::Off => false,
            Self::On | Self::Other(_) => true,
            Self::KeepLast => group_size.is_some_and(|size| size > 1),
            Self::KeepGroup => group_size != Some(1),
        }
    }
}

impl fmt::Display for DestroyUnattached {
    /// As `set-option` takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::On => "on",
            Self::KeepLast => "keep-last",
            Self::KeepGroup => "keep-group",
            Self::Other(value) => value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regression_each_value_destroys_the_sessions_that_tmux_destroys() {
        // Without a group, alone in one, and in a group of two.
        let table = [
            ("off", [false, false, false]),
            ("0", [false, false, false]),
            ("", [false, false, false]),
            ("on", [true, true, true]),
            ("1", [true, true, true]),
            ("keep-last", [false, false, true]),
            ("keep-group", [true, false, true]),
            ("keep-what-is-to-come", [true, true, true]),
        ];
        for (value, expected) in table {
            let option = DestroyUnattached::from_value(value);
            let destroys = [None, Some(1), Some(2)].map(|size| option.destroys(size));
            assert_eq!(destroys, expected, "{value}");
        }
    }

    #[test]
    fn a_value_is_printed_as_it_was_set() {
        for value in [
            "off",
            "on",
            "keep-last",
            "keep-group",
            "keep-what-is-to-come",
        ] {
            assert_eq!(DestroyUnattached::from_value(value).to_string(), value);
        }
    }
}
