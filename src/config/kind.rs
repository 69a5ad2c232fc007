//! The kinds of values that a setting may have: how each is read, what it allows, and how it is shown.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use crate::config::environment::Environment;
use crate::config::unit;
use crate::tmux::SocketChoice;

/// A value before its kind is known, as a layer gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// From a flag or a variable, where all is text: it may be a number too.
    Word(String),
    /// A text of a file.
    Text(String),
    /// A whole number of a file.
    Integer(i64),
    /// `true` or `false` of a file.
    Boolean(bool),
    /// A list of texts of a file.
    List(Vec<String>),
    /// What no setting can be, such as a fraction.
    Other(&'static str),
}

impl Raw {
    /// A key without a value.
    pub(in crate::config) const NOTHING: Self = Self::Other("nothing");

    /// A text, wherever it is from.
    pub(in crate::config) fn text(&self) -> Option<&str> {
        match self {
            Self::Word(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl std::fmt::Display for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(text) | Self::Text(text) => write!(f, "{text:?}"),
            Self::Integer(number) => number.fmt(f),
            Self::List(items) => write!(f, "{items:?}"),
            Self::Boolean(value) => value.fmt(f),
            Self::Other(what) => f.write_str(what),
        }
    }
}

/// Why a value does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum Refusal {
    /// It is not what [`Kind::expected`] says.
    NotExpected,
    /// It may be right, but not here.
    Because(String),
}

/// What a setting's value must be.
pub(in crate::config) trait Kind {
    /// What it is once read.
    type Value;

    /// What is allowed, to be read behind "it must be".
    fn expected(&self) -> String;

    /// The value, if it is allowed.
    fn read(&self, raw: &Raw, environment: &Environment) -> Result<Self::Value, Refusal>;

    /// The value as it would be written in a file.
    fn show(&self, value: &Self::Value) -> Raw;
}

/// A whole number.
pub(in crate::config) struct Integer<T>(pub(in crate::config) RangeInclusive<T>);

impl<T: Copy + PartialOrd + TryFrom<i64> + Into<i64>> Kind for Integer<T> {
    type Value = T;

    fn expected(&self) -> String {
        let (least, most): (i64, i64) = ((*self.0.start()).into(), (*self.0.end()).into());
        format!("a whole number from {least} to {most}")
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<T, Refusal> {
        let number = match raw {
            Raw::Integer(number) => Some(*number),
            Raw::Word(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.and_then(|number| T::try_from(number).ok());
        number
            .filter(|number| self.0.contains(number))
            .ok_or(Refusal::NotExpected)
    }

    fn show(&self, value: &T) -> Raw {
        Raw::Integer((*value).into())
    }
}

/// `true` or `false`.
pub(in crate::config) struct Boolean;

impl Kind for Boolean {
    type Value = bool;

    fn expected(&self) -> String {
        "true or false".to_owned()
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<bool, Refusal> {
        match raw {
            Raw::Boolean(value) => Ok(*value),
            Raw::Word(text) => text.parse().map_err(|_| Refusal::NotExpected),
            _ => Err(Refusal::NotExpected),
        }
    }

    fn show(&self, value: &bool) -> Raw {
        Raw::Boolean(*value)
    }
}

/// A span of time with its unit.
pub(in crate::config) struct Span(pub(in crate::config) RangeInclusive<Duration>);

impl Kind for Span {
    type Value = Duration;

    fn expected(&self) -> String {
        let (least, most) = (
            unit::show_span(*self.0.start()),
            unit::show_span(*self.0.end()),
        );
        format!("a time from {least} to {most}")
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<Duration, Refusal> {
        let span = raw.text().and_then(unit::read_span);
        span.filter(|span| self.0.contains(span))
            .ok_or(Refusal::NotExpected)
    }

    fn show(&self, value: &Duration) -> Raw {
        Raw::Text(unit::show_span(*value))
    }
}

/// A number of bytes.
pub(in crate::config) struct Size(pub(in crate::config) RangeInclusive<u64>);

impl Kind for Size {
    type Value = u64;

    fn expected(&self) -> String {
        let (least, most) = (
            unit::show_size(*self.0.start()),
            unit::show_size(*self.0.end()),
        );
        format!("a size from {least} to {most}")
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<u64, Refusal> {
        let size = match raw {
            Raw::Integer(number) => u64::try_from(*number).ok(),
            _ => raw.text().and_then(unit::read_size),
        };
        size.filter(|size| self.0.contains(size))
            .ok_or(Refusal::NotExpected)
    }

    fn show(&self, value: &u64) -> Raw {
        Raw::Text(unit::show_size(*value))
    }
}

/// One of a few words.
pub(in crate::config) struct Choice<T: 'static>(pub(in crate::config) &'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Kind for Choice<T> {
    type Value = T;

    fn expected(&self) -> String {
        let words: Vec<_> = self.0.iter().map(|(word, _)| *word).collect();
        words.join(" or ")
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<T, Refusal> {
        let found = self.0.iter().find(|(word, _)| raw.text() == Some(word));
        found.map(|(_, value)| *value).ok_or(Refusal::NotExpected)
    }

    fn show(&self, value: &T) -> Raw {
        let found = self.0.iter().find(|(_, other)| other == value);
        Raw::Text(found.map_or_else(String::new, |(word, _)| (*word).to_owned()))
    }
}

/// The address of one of the machine's interfaces.
pub(in crate::config) struct Address;

impl Kind for Address {
    type Value = IpAddr;

    fn expected(&self) -> String {
        "an IP address, or localhost".to_owned()
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<IpAddr, Refusal> {
        let text = match raw.text() {
            Some("localhost") => Some("127.0.0.1"),
            other => other,
        };
        text.and_then(|text| text.parse().ok())
            .ok_or(Refusal::NotExpected)
    }

    fn show(&self, value: &IpAddr) -> Raw {
        Raw::Text(value.to_string())
    }
}

/// A program: a path, or a name that is looked up in `PATH`.
pub(in crate::config) struct Program;

impl Kind for Program {
    type Value = PathBuf;

    fn expected(&self) -> String {
        "a program's name or path".to_owned()
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<PathBuf, Refusal> {
        let text = raw
            .text()
            .filter(|text| !text.is_empty() && !text.contains('\0'));
        text.map(PathBuf::from).ok_or(Refusal::NotExpected)
    }

    fn show(&self, value: &PathBuf) -> Raw {
        Raw::Text(value.display().to_string())
    }
}

/// A folder. `~/` and `$XDG_STATE_HOME/` at its beginning stand for the user's own folders.
pub(in crate::config) struct Directory;

impl Kind for Directory {
    type Value = PathBuf;

    fn expected(&self) -> String {
        "an absolute path, which may begin with ~/ or $XDG_STATE_HOME/".to_owned()
    }

    fn read(&self, raw: &Raw, environment: &Environment) -> Result<PathBuf, Refusal> {
        let text = raw.text().ok_or(Refusal::NotExpected)?;
        let because =
            |error: crate::config::environment::NoHome| Refusal::Because(error.to_string());
        let path = if let Some(rest) = text.strip_prefix("~/") {
            environment.home().map_err(because)?.join(rest)
        } else if let Some(rest) = text.strip_prefix("$XDG_STATE_HOME/") {
            environment.state_home().map_err(because)?.join(rest)
        } else {
            PathBuf::from(text)
        };
        if !path.is_absolute() || text.contains('\0') {
            return Err(Refusal::NotExpected);
        }
        Ok(path)
    }

    fn show(&self, value: &PathBuf) -> Raw {
        Raw::Text(value.display().to_string())
    }
}

/// Which tmux server is meant.
pub(in crate::config) struct Socket;

impl Kind for Socket {
    type Value = SocketChoice;

    fn expected(&self) -> String {
        "a name as for tmux -L, a path as for tmux -S, or empty for the server that tmux itself would choose"
            .to_owned()
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<SocketChoice, Refusal> {
        match raw.text().filter(|text| !text.contains('\0')) {
            None => Err(Refusal::NotExpected),
            Some("") => Ok(SocketChoice::Default),
            Some(path) if path.starts_with('/') => Ok(SocketChoice::Path(path.into())),
            Some(name) if name.contains('/') => {
                Err(Refusal::Because("a path must be absolute".to_owned()))
            }
            Some(name) => Ok(SocketChoice::Name(name.to_owned())),
        }
    }

    fn show(&self, value: &SocketChoice) -> Raw {
        Raw::Text(match value {
            SocketChoice::Default => String::new(),
            SocketChoice::Name(name) => name.clone(),
            SocketChoice::Path(path) => path.display().to_string(),
        })
    }
}

/// The name of this machine in events.
pub(in crate::config) struct HostName;

impl HostName {
    const MAX_LEN: usize = 64;
}

impl Kind for HostName {
    type Value = String;

    fn expected(&self) -> String {
        format!(
            "up to {} letters, digits and the characters . _ -, or empty for the machine's name",
            Self::MAX_LEN
        )
    }

    fn read(&self, raw: &Raw, environment: &Environment) -> Result<String, Refusal> {
        let text = raw.text().ok_or(Refusal::NotExpected)?;
        if text.is_empty() {
            return Ok(environment.host_name().to_owned());
        }
        let allowed = |c: char| c.is_alphanumeric() || "._-".contains(c);
        let fits = text.len() <= Self::MAX_LEN && text.chars().all(allowed);
        fits.then(|| text.to_owned()).ok_or(Refusal::NotExpected)
    }

    fn show(&self, value: &String) -> Raw {
        Raw::Text(value.clone())
    }
}

/// What is logged.
pub(in crate::config) struct LogFilter;

impl Kind for LogFilter {
    type Value = String;

    fn expected(&self) -> String {
        "error, warn, info, debug, trace or off, or directives such as info,muxwire::tmux=debug"
            .to_owned()
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<String, Refusal> {
        let text = raw
            .text()
            .filter(|text| !text.is_empty())
            .ok_or(Refusal::NotExpected)?;
        // A single unknown word would be taken for the name of a module, of which nothing would ever be logged.
        if text.chars().all(|c| c.is_ascii_alphabetic()) {
            let level = level(text).ok_or(Refusal::NotExpected)?;
            return Ok(level.to_owned());
        }
        EnvFilter::try_new(text).map_err(|_| Refusal::NotExpected)?;
        Ok(text.to_owned())
    }

    fn show(&self, value: &String) -> Raw {
        Raw::Text(value.clone())
    }
}

/// The level of a name, however it is written; Python's names are known too.
fn level(name: &str) -> Option<&'static str> {
    let levels = [
        ("error", "error"),
        ("critical", "error"),
        ("warn", "warn"),
        ("warning", "warn"),
        ("info", "info"),
        ("debug", "debug"),
        ("trace", "trace"),
        ("off", "off"),
    ];
    let found = levels
        .into_iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known));
    found.map(|(_, level)| level)
}
