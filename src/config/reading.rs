//! Reading one setting after the other: its value, where that comes from, and what is wrong with it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::config::environment::Environment;
use crate::config::file::FileProblem;
use crate::config::kind::{Kind, Raw, Refusal};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// No layer gives one.
    Default,
    /// A file, and the line in it.
    File(PathBuf, usize),
    /// A variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A setting with the value that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Section and key.
    pub name: &'static str,
    /// The value as it would be written in a file.
    pub value: Raw,
    /// Where it comes from.
    pub source: Source,
}

/// The name that was probably meant by one that there is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest(Option<String>);

impl From<Option<&str>> for Nearest {
    fn from(nearest: Option<&str>) -> Self {
        Self(nearest.map(str::to_owned))
    }
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(name) => write!(f, "the nearest is {name}"),
            None => f.write_str("`muxwire config` lists all that there are"),
        }
    }
}

/// One mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file as a whole.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// There is no such setting.
    #[error("{source}: there is no setting {name}; {nearest}", source = .origin)]
    Unknown {
        /// Where it stands.
        origin: Source,
        /// The name that was given.
        name: String,
        /// The name that was probably meant.
        nearest: Nearest,
    },
    /// The value is not allowed.
    #[error("{source}: {name} is {value}, but {reason}", source = .origin)]
    Value {
        /// Where it stands.
        origin: Source,
        /// The setting.
        name: &'static str,
        /// The value as it was given.
        value: String,
        /// What it must be.
        reason: String,
    },
    /// A variable of ours is not Unicode.
    #[error("the variable {0} is not valid Unicode")]
    NotUnicode(String),
}

/// One reading of the table: takes each setting's value, and keeps what is wrong.
pub(in crate::config) struct Reading<'a> {
    pub(super) values: BTreeMap<String, (Raw, Source)>,
    pub(super) problems: Vec<Problem>,
    pub(super) settings: Vec<Setting>,
    pub(super) environment: &'a Environment,
}

impl Reading<'_> {
    /// The value of a setting, or its default.
    pub(in crate::config) fn setting<K: Kind>(
        &mut self,
        name: &'static str,
        kind: &K,
        default: &str,
    ) -> Option<K::Value> {
        let given = self.values.remove(name);
        let (raw, source) =
            given.unwrap_or_else(|| (Raw::Word(default.to_owned()), Source::Default));
        match kind.read(&raw, self.environment) {
            Ok(value) => {
                self.settings.push(Setting {
                    name,
                    value: kind.show(&value),
                    source,
                });
                Some(value)
            }
            Err(refusal) => {
                let reason = match refusal {
                    Refusal::NotExpected => format!("it must be {}", kind.expected()),
                    Refusal::Because(reason) => reason,
                };
                let value = raw.to_string();
                self.problems.push(Problem::Value {
                    origin: source,
                    name,
                    value,
                    reason,
                });
                None
            }
        }
    }
}
