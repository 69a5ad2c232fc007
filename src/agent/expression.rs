//! A regular expression of a rule, which takes memory only once it is tried.
//!
//! All that is built in takes 16 MiB when it is compiled, and most of it is about agents that a user doesn't have.

use std::fmt;
use std::sync::OnceLock;

use regex::{CaptureNames, Captures, Regex, RegexBuilder};

/// The largest compiled expression, in bytes.
const LARGEST: usize = 1 << 20;

/// A regular expression that has been checked.
#[derive(Debug, Clone)]
pub struct Expression {
    text: Box<str>,
    compiled: OnceLock<Option<Regex>>,
}

impl Expression {
    /// An expression of this text.
    ///
    /// # Errors
    /// It is none, or too large.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        compile(text)?;
        Ok(Self {
            text: text.into(),
            compiled: OnceLock::new(),
        })
    }

    /// Compiles it, if it is not yet.
    pub(super) fn prepare(&self) {
        self.compiled();
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches somewhere in a text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled().is_some_and(|regex| regex.is_match(text))
    }

    /// Its groups where it matches first.
    #[must_use]
    pub fn captures<'a>(&self, text: &'a str) -> Option<Captures<'a>> {
        self.compiled()?.captures(text)
    }

    /// The names of its groups.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.compiled().map(Regex::capture_names);
        names.into_iter().flat_map(CaptureNames::flatten)
    }

    /// What it was compiled to. It has been compiled before, within the same limits, so that there is something.
    fn compiled(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| compile(&self.text).ok())
            .as_ref()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text)
        .size_limit(LARGEST)
        .dfa_size_limit(LARGEST)
        .build()
}
