//! Patterns for names: `*` stands for any run of characters, `?` for exactly one, all else for itself.
//!
//! Session scopes of tokens and filters of subscriptions use the same patterns, so that users learn one form.
//! A pattern covers the whole name. This module knows nothing of what is named.
//!
//! The `globset` crate is not used: it matches paths as bytes, so its `?` is half of an `é`, and its `[`, `{`, `\` and
//! `**` would have to be escaped away one by one.

use std::fmt;

/// A pattern over a whole name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NamePattern(Box<str>);

/// A text that can't be a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It has no characters, so it could match no name.
    #[error("a pattern is empty")]
    Empty,
    /// It is longer than [`NamePattern::MAX_LEN`].
    #[error("a pattern is {0} bytes long, more than {max}", max = NamePattern::MAX_LEN)]
    TooLong(usize),
    /// It has a character that no pattern of sessions needs.
    #[error(
        "{0:?} means nothing in a pattern: `*` stands for any run of characters, `?` for one, and all else for itself; \
         write `?` for a character that a name really has"
    )]
    Odd(char),
}

impl NamePattern {
    /// The longest pattern that is accepted, in bytes. It bounds the work of one match.
    pub const MAX_LEN: usize = 256;

    /// A pattern from its text.
    ///
    /// # Errors
    /// An empty text, or one longer than [`NamePattern::MAX_LEN`].
    pub fn new(text: &str) -> Result<Self, PatternError> {
        match text.len() {
            0 => Err(PatternError::Empty),
            length if length > Self::MAX_LEN => Err(PatternError::TooLong(length)),
            _ => Ok(Self(text.into())),
        }
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern covers the whole of `name`.
    ///
    /// The time is at most the product of the two lengths: only the newest `*` is ever tried again.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.chars(), name.chars());
        let mut newest_star = None;
        loop {
            let found = rest.clone().next();
            match (pattern.next(), found) {
                (None, None) => return true,
                (Some('*'), _) => {
                    newest_star = Some((pattern.clone(), rest.clone()));
                    continue;
                }
                (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                    rest.next();
                    continue;
                }
                (Some(_), None) => return false,
                (_, Some(_)) => {}
            }
            let Some((behind_star, covered)) = &mut newest_star else {
                return false;
            };
            covered.next();
            pattern = behind_star.clone();
            rest = covered.clone();
        }
    }
}

impl NamePattern {
    /// Refuses a pattern that looks like one of another kind. All but `*` and `?` stands for itself here, so a bracket or
    /// a brace is mostly meant for what it would be in a shell; and a colon or a full stop is in no name of a session.
    ///
    /// # Errors
    /// What it has that can't have been meant.
    pub fn check_session(&self) -> Result<(), PatternError> {
        let odd = |c: char| "[]{}\\:.".contains(c) || c.is_control();
        match self.0.chars().find(|c| odd(*c)) {
            Some(found) => Err(PatternError::Odd(found)),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for NamePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::new(text)
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn patterns_cover_whole_names() {
        let rows = [
            ("api", "api", true),
            ("api", "api-2", false),
            ("api", "my-api", false),
            ("api-*", "api-", true),
            ("api-*", "api", false),
            ("*", "", true),
            ("*", "anything at all", true),
            ("**", "a", true),
            ("*a*b", "xaxxb", true),
            ("*a*b", "xaxxbc", false),
            ("*ab", "aab", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("caf?", "caf\u{e9}", true),
            ("?", "\u{1f600}", true),
            ("[ab]", "a", false),
            ("[ab]", "[ab]", true),
            ("{a,b}", "a", false),
            ("a\\*", "a\\b", true),
            ("**/x", "x", false),
            ("Api", "api", false),
        ];
        for (pattern, name, expected) in rows {
            let found = NamePattern::new(pattern).unwrap().matches(name);
            assert_eq!(found, expected, "{pattern:?} on {name:?}");
        }
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_the_product_of_lengths() {
        let pattern = NamePattern::new(&"*a".repeat(128)).unwrap();
        assert!(!pattern.matches(&("a".repeat(100_000) + "b")));
    }

    #[test]
    fn empty_and_endless_patterns_are_refused() {
        assert_eq!(NamePattern::new(""), Err(PatternError::Empty));
        assert_eq!(
            NamePattern::new(&"x".repeat(257)),
            Err(PatternError::TooLong(257))
        );
    }
}
