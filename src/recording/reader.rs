//! Reading a recording: every line is checked, and the first one that is wrong is named.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

use super::entry::{Entry, What};
use super::error::{Problem, RecordingError};
use super::header::Header;
use super::line::{MAX_LINE, Raw, Recent};
use crate::ids::Epoch;
use crate::tmux::LinkId;

/// How much is read at once.
const READ_AHEAD: usize = 256 * 1024;

/// A recording of which every line has been checked.
#[derive(Debug, Clone)]
pub struct Recording {
    source: Source,
    header: Header,
    epoch: Epoch,
    entries: u64,
    length: Duration,
}

#[derive(Debug, Clone)]
enum Source {
    File(PathBuf),
    Memory(Bytes),
}

impl Recording {
    /// Reads a file through once and checks it. It is read again with [`Self::entries`], so it must be a plain file that
    /// stays; both block on the disk.
    ///
    /// # Errors
    /// The file can't be read, or a line of it is not what it should be.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        Self::check(Source::File(path.to_owned()))
    }

    /// A recording in memory, checked likewise.
    ///
    /// # Errors
    /// A line of it is not what it should be.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Self, RecordingError> {
        Self::check(Source::Memory(bytes.into()))
    }

    fn check(source: Source) -> Result<Self, RecordingError> {
        let mut lines = source.lines()?;
        let mut entries = 0;
        let mut length = Duration::ZERO;
        for entry in &mut lines {
            length = entry?.at;
            entries += 1;
        }
        Ok(Self {
            header: lines.header.clone(),
            epoch: lines.epoch().ok_or_else(|| Problem::NoHeader.at(1))?,
            source,
            entries,
            length,
        })
    }

    /// What it says of itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The name of the log that a replay makes: the same for the same recording, another for any other.
    #[must_use]
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// How many entries it has, the end among them.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.entries
    }

    /// Whether nothing was recorded; even then there is an end.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries <= 1
    }

    /// How long it took.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }

    /// Its entries in order, read and checked again; an error is the last item.
    ///
    /// # Errors
    /// The file can't be read any more, or has become something else.
    pub fn entries(&self) -> Result<Entries, RecordingError> {
        self.source.lines()
    }
}

impl Source {
    fn lines(&self) -> Result<Entries, RecordingError> {
        let input: Box<dyn BufRead + Send> = match self {
            Self::File(path) => {
                // Opening a pipe would wait for a writer.
                if !fs::metadata(path)?.is_file() {
                    return Err(io::Error::other("it is no plain file").into());
                }
                Box::new(BufReader::with_capacity(READ_AHEAD, File::open(path)?))
            }
            Self::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
        };
        Entries::new(input)
    }
}

/// The entries of a recording, one by one; an error is the last item.
pub struct Entries {
    lines: Lines,
    header: Header,
    /// Of every line but the end.
    hash: blake3::Hasher,
    recent: Recent,
    links: BTreeMap<LinkId, Openness>,
    last: Duration,
    finished: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Openness {
    Open,
    Closed,
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("line", &self.lines.number)
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        let read = self.read();
        self.finished = !matches!(&read, Ok(entry) if !matches!(entry.what, What::End(_)));
        Some(read)
    }
}

impl Entries {
    fn new(input: Box<dyn BufRead + Send>) -> Result<Self, RecordingError> {
        let mut lines = Lines {
            input,
            line: Vec::new(),
            number: 0,
        };
        if !lines.advance()? {
            return Err(Problem::NoHeader.at(1));
        }
        let header = Header::decode(&lines.line).map_err(|problem| problem.at(1))?;
        lines.whole()?;
        let mut hash = blake3::Hasher::new();
        hash.update(&lines.line);
        Ok(Self {
            lines,
            header,
            hash,
            recent: Recent::default(),
            links: BTreeMap::new(),
            last: Duration::ZERO,
            finished: false,
        })
    }

    fn read(&mut self) -> Result<Entry, RecordingError> {
        if !self.lines.advance()? {
            return Err(Problem::NoEnd.at(self.lines.number));
        }
        let number = self.lines.number;
        let line = self.lines.whole()?;
        let (entry, checksum) = Raw::decode(line, &mut self.recent, number)
            .and_then(Entry::new)
            .map_err(|problem| problem.at(number))?;
        self.follows(&entry).map_err(|problem| problem.at(number))?;
        if !matches!(entry.what, What::End(_)) {
            self.hash.update(&self.lines.line);
            return Ok(entry);
        }
        let right = super::checksum(self.hash.clone(), micros(entry.at));
        if checksum.is_some_and(|checksum| checksum != right) {
            return Err(Problem::Checksum.at(number));
        }
        if self.lines.advance()? {
            return Err(Problem::BehindEnd.at(self.lines.number));
        }
        Ok(entry)
    }

    /// Whether an entry can stand where it stands.
    fn follows(&mut self, entry: &Entry) -> Result<(), Problem> {
        if entry.at < self.last {
            return Err(Problem::Backwards);
        }
        self.last = entry.at;
        let Some(link) = entry.link() else {
            return Ok(());
        };
        let known = self.links.get(&link);
        match (&entry.what, known) {
            (What::Opened { .. }, Some(_)) => return Err(Problem::OpenedTwice(link)),
            (What::Opened { .. }, None) => drop(self.links.insert(link, Openness::Open)),
            (_, None | Some(Openness::Closed)) => return Err(Problem::NotOpen(link)),
            (What::Closed { .. }, _) => drop(self.links.insert(link, Openness::Closed)),
            (_, Some(Openness::Open)) => {}
        }
        Ok(())
    }

    /// The name of what was read: the beginning of its hash.
    fn epoch(&self) -> Option<Epoch> {
        Epoch::new(&self.hash.finalize().to_hex()[..16])
    }
}

/// A file's lines, with a bound on their length.
struct Lines {
    input: Box<dyn BufRead + Send>,
    /// The present one, with its LF if it has one.
    line: Vec<u8>,
    /// Which one that is, from 1; behind the last one, which one is missing.
    number: usize,
}

impl Lines {
    /// Goes on to the next line. False if there is none.
    fn advance(&mut self) -> Result<bool, RecordingError> {
        self.line.clear();
        self.number += 1;
        let mut limited = (&mut self.input).take(MAX_LINE as u64 + 1);
        limited.read_until(b'\n', &mut self.line)?;
        if self.line.len() > MAX_LINE {
            return Err(Problem::TooLong(MAX_LINE).at(self.number));
        }
        Ok(!self.line.is_empty())
    }

    /// The line without its LF.
    fn whole(&self) -> Result<&[u8], RecordingError> {
        let line = self.line.strip_suffix(b"\n");
        line.ok_or_else(|| Problem::CutOff.at(self.number))
    }
}

fn micros(at: Duration) -> u64 {
    u64::try_from(at.as_micros()).unwrap_or(u64::MAX)
}
