//! What is recorded.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::error::Problem;
use super::line::{Direction, NO_LINK, Raw};
use crate::control::{Command, parse_batch};
use crate::ids::SessionId;
use crate::tmux::{LinkId, LinkKind};

/// Something that happened at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, counted from the beginning of the recording, in whole microseconds.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A link was opened.
    Opened {
        /// Its name, which no other link of the recording has.
        link: LinkId,
        /// What it is for.
        kind: LinkKind,
        /// The process of its `tmux -C`.
        pid: u32,
    },
    /// tmux said something.
    Read {
        /// On which link.
        link: LinkId,
        /// Its bytes; lines may be cut anywhere.
        bytes: Bytes,
    },
    /// Commands were sent to tmux.
    Written {
        /// On which link.
        link: LinkId,
        /// Each line with its commands.
        lines: Vec<Vec<Command>>,
    },
    /// A link ended.
    Closed {
        /// Which one.
        link: LinkId,
        /// Why, for people.
        reason: String,
    },
    /// A server was found.
    Server {
        /// Its process.
        pid: u32,
        /// When it started, in seconds since 1970.
        start_time: u64,
        /// Its version, as `3.3a`.
        version: String,
        /// The session that the control link is attached to.
        session: SessionId,
    },
    /// No server was found.
    NoServer {
        /// What was found instead, for people.
        reason: String,
    },
    /// The owner began to check for changes that no notification reported.
    Check,
    /// The recording ended.
    End(End),
}

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was to end.
    Wanted,
    /// It could not be written as fast as tmux spoke. What was recorded before is whole.
    TooSlow,
}

impl End {
    const TOO_SLOW: &'static str = "too-slow";
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wanted => Ok(()),
            Self::TooSlow => write!(f, " {}", Self::TOO_SLOW),
        }
    }
}

/// What the text of a `+` entry is.
pub(super) fn kind_text(kind: LinkKind, pid: u32) -> String {
    let word = match kind {
        LinkKind::Control { .. } => "control",
        LinkKind::Output { .. } => "output",
    };
    format!("{word} {} {pid}", kind.session())
}

/// The texts of `=` entries.
pub(super) fn server_text(pid: u32, start_time: u64, session: SessionId, version: &str) -> String {
    format!("server {pid} {start_time} {session} {version}")
}

pub(super) fn no_server_text(reason: &str) -> String {
    format!("no-server {reason}")
}

pub(super) const CHECK_TEXT: &str = "check";

pub(super) fn end_text(checksum: &str, end: End) -> String {
    format!("end {checksum}{end}")
}

impl Entry {
    /// Gives a raw entry its meaning. An end comes with its checksum, if it has one.
    pub(super) fn new(raw: Raw) -> Result<(Self, Option<String>), Problem> {
        // A few centuries. More would overflow when it is added to a date.
        const LONGEST: u64 = 1 << 53;
        if raw.micros > LONGEST {
            return Err(Problem::Time);
        }
        let link = LinkId(raw.link);
        if (raw.direction == Direction::Noted) != (raw.link == NO_LINK) {
            return Err(Problem::NotOpen(link));
        }
        let mut checksum = None;
        let what = match raw.direction {
            Direction::FromTmux => What::Read {
                link,
                bytes: raw.bytes.into(),
            },
            Direction::ToTmux => What::Written {
                link,
                lines: lines(&raw.bytes)?,
            },
            Direction::Opened => opened(link, &text(raw.bytes))?,
            Direction::Closed => What::Closed {
                link,
                reason: text(raw.bytes),
            },
            Direction::Noted => {
                let (what, sum) = noted(&text(raw.bytes))?;
                checksum = sum;
                what
            }
        };
        let at = Duration::from_micros(raw.micros);
        Ok((Self { at, what }, checksum))
    }

    /// The link that it concerns.
    #[must_use]
    pub fn link(&self) -> Option<LinkId> {
        match &self.what {
            What::Opened { link, .. }
            | What::Read { link, .. }
            | What::Written { link, .. }
            | What::Closed { link, .. } => Some(*link),
            _ => None,
        }
    }
}

/// Texts of our own are written as UTF-8, like all else as bytes.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn lines(bytes: &[u8]) -> Result<Vec<Vec<Command>>, Problem> {
    let unknown = |line: &[u8]| Problem::Command(line.escape_ascii().to_string());
    let whole = bytes.strip_suffix(b"\n").ok_or_else(|| unknown(bytes))?;
    whole
        .split(|byte| *byte == b'\n')
        .map(|line| parse_batch(line).ok_or_else(|| unknown(line)))
        .collect()
}

fn opened(link: LinkId, text: &str) -> Result<What, Problem> {
    let words: Vec<&str> = text.split(' ').collect();
    let read = || {
        let [word, session, pid] = words[..] else {
            return None;
        };
        let session = session.parse().ok()?;
        let kind = match word {
            "control" => LinkKind::Control { session },
            "output" => LinkKind::Output { session },
            _ => return None,
        };
        let pid = pid.parse().ok()?;
        Some(What::Opened { link, kind, pid })
    };
    read().ok_or_else(|| Problem::Text {
        text: text.to_owned(),
        expected: "`control` or `output`, a session's id and a process",
    })
}

fn noted(text: &str) -> Result<(What, Option<String>), Problem> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let read = || match word {
        "server" => server(rest).map(|what| (what, None)),
        "no-server" => {
            let reason = rest.to_owned();
            Some((What::NoServer { reason }, None))
        }
        "check" if text == CHECK_TEXT => Some((What::Check, None)),
        "end" => end(rest),
        _ => None,
    };
    read().ok_or_else(|| Problem::Text {
        text: text.to_owned(),
        expected: "`server`, `no-server`, `check` or `end` with what belongs to it",
    })
}

fn server(rest: &str) -> Option<What> {
    let mut words = rest.splitn(4, ' ');
    let mut next = || words.next();
    Some(What::Server {
        pid: next()?.parse().ok()?,
        start_time: next()?.parse().ok()?,
        session: next()?.parse().ok()?,
        version: next()?.to_owned(),
    })
}

fn end(rest: &str) -> Option<(What, Option<String>)> {
    if rest.is_empty() {
        return Some((What::End(End::Wanted), None));
    }
    let (checksum, end) = match rest.split_once(' ') {
        None => (rest, End::Wanted),
        Some((checksum, End::TOO_SLOW)) => (checksum, End::TooSlow),
        Some(_) => return None,
    };
    Some((What::End(end), Some(checksum.to_owned())))
}
