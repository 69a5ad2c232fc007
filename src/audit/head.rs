//! The note of where the log ends: without it nobody could see that lines were cut off at the end.
//!
//! It is written behind the lines that it counts, once these are on the disk: so it never names a line that a crash or a
//! power failure took, and each line that it names must be there.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::folder::{FolderError, failed, open_private};
use super::line::LineHash;

/// The name of the file.
pub(super) const NAME: &str = "head";

/// The last line that is known to be on the disk, and the first one that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: LineHash,
    pub(super) first: u64,
}

impl Head {
    /// The note; always as long, so that one write replaces the one before.
    fn text(self) -> String {
        let Self { seq, hash, first } = self;
        format!("{seq:020} {hash} {first:020}\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.split(' ');
        let (seq, hash, first) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            seq: seq.parse().ok()?,
            hash: hash.parse().ok()?,
            first: first.parse().ok()?,
        })
    }

    /// Reads the note of a chain; nothing if there is none.
    pub(super) fn read(chain: &Path) -> Result<Option<Self>, FolderError> {
        let path = chain.join(NAME);
        let file = match open_private(&path, OpenOptions::new().read(true)) {
            Ok(file) => file,
            Err(FolderError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        let read = file.take(200).read_to_string(&mut text);
        read.map_err(failed("read", &path))?;
        if text.is_empty() {
            // Made, and not written any more.
            return Ok(None);
        }
        let broken = || FolderError::Broken {
            path,
            reason: "it holds two numbers and a hash",
        };
        Self::parse(&text).map(Some).ok_or_else(broken)
    }

    /// Writes the note, and waits for the disk.
    pub(super) fn write(self, chain: &Path) -> Result<(), FolderError> {
        let path = chain.join(NAME);
        let file = open_private(&path, OpenOptions::new().write(true).create(true))?;
        let written = file.write_all_at(self.text().as_bytes(), 0);
        let written = written.and_then(|()| file.sync_data());
        written.map_err(failed("write", &path))
    }
}
