//! How an argument stands on a tmux command line, and back.
//!
//! Inside single quotes tmux takes every byte for itself: no `$VAR`, no `~`, no escapes, no `;`, no `#`.

use std::fmt;

/// An argument, displayed in single quotes; a quote in it stands outside of them behind a backslash.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', r"'\''"))
    }
}

/// The arguments of a line that was written with [`Quoted`]; nothing if it was not.
pub(super) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars();
    while let Some(next) = chars.next() {
        let word = words.last_mut()?;
        match next {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            '\\' if !quoted => word.push(chars.next()?),
            other => word.push(other),
        }
    }
    (!quoted).then_some(words)
}
