//! Whether a log is as it was written: every line there, unchanged and in its place, up to the end.

use std::fmt;
use std::path::{Path, PathBuf};

use super::folder::FolderError;
use super::head::Head;
use super::line::{self, LineHash, Parsed};
use super::read::{self, RawLine};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many files there are.
    pub files: usize,
    /// How many lines are as they were written, up to the first that is not.
    pub lines: u64,
    /// The number of the first line; lines before it were in files that are kept no longer.
    pub first: Option<u64>,
    /// The number and the hash of the last line that is as it was written.
    pub last: Option<Mark>,
    /// The bytes of an incomplete line at the end: a crash while it was written, or a server that is just writing it.
    pub incomplete: Option<u64>,
    /// The first thing that is wrong.
    pub broken: Option<Broken>,
}

/// A line and its hash, as `7:ba78...`. Noted elsewhere, it shows later that the line is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The line's number.
    pub seq: u64,
    /// Its hash.
    pub hash: LineHash,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash)
    }
}

impl std::str::FromStr for Mark {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let why = "a number, a colon and 64 hexadecimal digits";
        let (seq, hash) = text.split_once(':').ok_or(why)?;
        Ok(Self {
            seq: seq.parse().map_err(|_| why)?,
            hash: hash.parse().map_err(|_| why)?,
        })
    }
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file and the number of the line in it; nothing if the line is not there.
    pub place: Option<(PathBuf, u64)>,
    /// The number of the line in the log.
    pub seq: u64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not what was written.
    Changed,
    /// It is gone, and those up to `to`.
    Missing {
        /// The last one that is gone.
        to: u64,
    },
    /// Another line stands in its place, and it stands further down, or stood before.
    Reordered {
        /// The one in its place.
        found: u64,
    },
    /// It was cut off at the end, with those up to `to`.
    Cut {
        /// The last one that was there.
        to: u64,
    },
    /// The note of the end is gone, so nobody can say whether lines were cut off.
    NoHead,
    /// It has not the hash that was noted elsewhere.
    NotAsNoted,
}

impl Fault {
    /// A word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing { .. } => "missing",
            Self::Reordered { .. } => "reordered",
            Self::Cut { .. } => "cut",
            Self::NoHead => "no_head",
            Self::NotAsNoted => "not_as_noted",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("it was changed"),
            Self::Missing { to } => write!(f, "it is missing, with all up to line {to}"),
            Self::Reordered { found } => {
                write!(f, "line {found} stands in its place: lines were reordered or copied")
            }
            Self::Cut { to } => write!(f, "it was cut off at the end, with all up to line {to}"),
            Self::NoHead => f.write_str(
                "the note of the end (the file `head`) is gone, so lines behind this one may be cut off",
            ),
            Self::NotAsNoted => f.write_str("it is not the one whose hash was given"),
        }
    }
}

/// Looks at a chain; `noted` are lines that were noted elsewhere.
///
/// # Errors
/// The files can't be read.
pub fn verify(chain: &Path, noted: &[Mark]) -> Result<Report, FolderError> {
    for _ in 1..ATTEMPTS {
        // Read first: the lines that it names stand in the files that are read then.
        let head = Head::read(chain)?;
        let report = look(chain, head, noted)?;
        if report.broken.is_none() || Head::read(chain)? == head {
            return Ok(report);
        }
        // A server writes, and may have put a file aside or let one go meanwhile.
    }
    look(chain, Head::read(chain)?, noted)
}

fn look(chain: &Path, head: Option<Head>, noted: &[Mark]) -> Result<Report, FolderError> {
    let (lines, files) = read::lines(chain)?;
    let mut walk = Walk {
        chain,
        head,
        noted,
        report: Report {
            files,
            lines: 0,
            first: None,
            last: None,
            incomplete: None,
            broken: None,
        },
    };
    let mut lines = lines.peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().and_then(|next| next.as_ref().ok());
        walk.take(&line?, next)?;
        if walk.report.broken.is_some() {
            return Ok(walk.report);
        }
    }
    Ok(walk.end())
}

/// Looks at a chain that changes meanwhile.
const ATTEMPTS: usize = 5;

struct Walk<'a> {
    chain: &'a Path,
    head: Option<Head>,
    noted: &'a [Mark],
    report: Report,
}

impl Walk<'_> {
    fn take(&mut self, line: &RawLine, next: Option<&RawLine>) -> Result<(), FolderError> {
        if !line.whole && next.is_none() {
            self.report.incomplete = Some(line.bytes.len() as u64);
            return Ok(());
        }
        let expected = self.expected();
        let Some(parsed) = line::parse(&line.bytes).filter(|_| line.whole) else {
            self.breaks(line, expected.unwrap_or(1), Fault::Changed);
            return Ok(());
        };
        if let Some(expected) = expected {
            let last = self.report.last.map_or(LineHash::NONE, |last| last.hash);
            if let Some((seq, fault)) = self.fault(line, next, &parsed, (expected, last))? {
                self.breaks(line, seq, fault);
                return Ok(());
            }
        }
        self.accept(line, &parsed);
        Ok(())
    }

    /// The number that the next line must have; nothing if it is the first one and older files are kept no longer.
    fn expected(&self) -> Option<u64> {
        match (self.report.last, self.head) {
            (Some(last), _) => Some(last.seq + 1),
            (None, Some(head)) if head.first <= 1 => Some(1),
            (None, _) => None,
        }
    }

    /// What is wrong with a line, or shows here to be wrong with another one.
    fn fault(
        &self,
        line: &RawLine,
        next: Option<&RawLine>,
        parsed: &Parsed,
        (expected, last): (u64, LineHash),
    ) -> Result<Option<(u64, Fault)>, FolderError> {
        if parsed.seq == expected {
            if parsed.prev == last {
                return Ok(None);
            }
            // If what comes next knows this line as it is, it is the one before that is not what it was.
            let seq = match self.is_confirmed(line, next, expected) {
                true if expected > 1 => expected - 1,
                _ => expected,
            };
            return Ok(Some((seq, Fault::Changed)));
        }
        if parsed.prev == last && parsed.seq > expected {
            return Ok(Some((expected, Fault::Changed)));
        }
        let found = parsed.seq;
        if found < expected || self.stands_somewhere(expected)? {
            return Ok(Some((expected, Fault::Reordered { found })));
        }
        Ok(Some((expected, Fault::Missing { to: found - 1 })))
    }

    fn is_confirmed(&self, line: &RawLine, next: Option<&RawLine>, seq: u64) -> bool {
        let hash = LineHash::of(&line.bytes);
        let by_next = next
            .and_then(|next| line::parse(&next.bytes))
            .is_some_and(|next| next.prev == hash);
        let by_head = self
            .head
            .is_some_and(|head| head.seq == seq && head.hash == hash);
        by_next || by_head
    }

    fn stands_somewhere(&self, seq: u64) -> Result<bool, FolderError> {
        let (lines, _) = read::lines(self.chain)?;
        for line in lines {
            if line::parse(&line?.bytes).is_some_and(|line| line.seq == seq) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn accept(&mut self, line: &RawLine, parsed: &Parsed) {
        let hash = LineHash::of(&line.bytes);
        let seq = parsed.seq;
        if self
            .head
            .is_some_and(|head| head.first < seq && self.report.first.is_none() && head.first > 1)
        {
            let first = self.head.map_or(1, |head| head.first);
            return self.breaks(line, first, Fault::Missing { to: seq - 1 });
        }
        let is_other = |at: u64, of: LineHash| at == seq && of != hash;
        if self.head.is_some_and(|head| is_other(head.seq, head.hash)) {
            return self.breaks(line, seq, Fault::Changed);
        }
        if self
            .noted
            .iter()
            .any(|noted| is_other(noted.seq, noted.hash))
        {
            return self.breaks(line, seq, Fault::NotAsNoted);
        }
        self.report.lines += 1;
        self.report.first.get_or_insert(seq);
        self.report.last = Some(Mark { seq, hash });
    }

    fn breaks(&mut self, line: &RawLine, seq: u64, fault: Fault) {
        let place = match fault {
            Fault::Missing { .. } | Fault::Cut { .. } => None,
            _ => Some((line.file.clone(), line.number)),
        };
        self.report.broken = Some(Broken { place, seq, fault });
    }

    /// All lines that are there are as they were: are they all that there were?
    fn end(mut self) -> Report {
        let last = self.report.last.map_or(0, |last| last.seq);
        let known = self.head.map(|head| head.seq);
        let noted = self.noted.iter().map(|noted| noted.seq).max();
        let to = known.max(noted).unwrap_or(0);
        let fault = if to > last {
            Some(Fault::Cut { to })
        } else if known.is_none() && last > 0 {
            Some(Fault::NoHead)
        } else {
            None
        };
        self.report.broken = fault.map(|fault| Broken {
            place: None,
            seq: if fault == Fault::NoHead {
                last
            } else {
                last + 1
            },
            fault,
        });
        self.report
    }
}
