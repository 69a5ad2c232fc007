//! A chain on the disk: lines are appended whole or not at all, and files are rotated. All here waits for the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::entry::{Act, Who};
use super::folder::{self, CURRENT, FolderError, Own, check, failed, open_private, rotated_name};
use super::head::Head;
use super::line::{self, LineHash, Link, TypedFormat};

/// How the log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Whether what is typed is recorded itself.
    pub content: bool,
    /// The size of a file from which on another one is begun.
    pub max_bytes: u64,
    /// How many files are kept besides the one that is written.
    pub keep: usize,
}

/// How far back the last line is looked for at first. A line with content may be longer.
const WINDOW: u64 = 64 << 10;

/// A chain that is written.
#[derive(Debug)]
pub(super) struct Chain {
    own: Own,
    limits: Limits,
    typed: TypedFormat,
    /// Where the next line stands.
    next: Link,
    /// The first line that is kept.
    first: u64,
    file: Option<Open>,
    /// The bytes of an incomplete line that were taken away.
    repaired: u64,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Device and inode: another file may come to stand at the path.
    identity: (u64, u64),
    size: u64,
    /// The number of its first line.
    first: u64,
}

/// Why lines could not be appended.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChainError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("can't make a line: {0}")]
    Line(#[from] serde_json::Error),
}

impl Chain {
    /// Takes the first chain below the state directory that nobody writes to, and finds its end.
    pub(super) fn open(state_dir: &Path, limits: Limits) -> Result<Self, FolderError> {
        let typed = TypedFormat {
            key: folder::key(state_dir)?,
            content: limits.content,
        };
        let own = folder::take(state_dir)?;
        let mut chain = Self {
            own,
            limits,
            typed,
            next: Link {
                seq: 1,
                prev: LineHash::NONE,
            },
            first: 1,
            file: None,
            repaired: 0,
        };
        chain.find_end()?;
        Ok(chain)
    }

    /// Notes the end where there is no note yet, as for a new log: nobody can tell then that lines were cut off.
    pub(super) fn note_end(&self) -> Result<(), FolderError> {
        match Head::read(&self.own.path)? {
            Some(_) => Ok(()),
            None => self.head().write(&self.own.path),
        }
    }

    /// The folder of it.
    pub(super) fn path(&self) -> &Path {
        &self.own.path
    }

    /// Goes on from the last line; from the note of the end if that names lines which are not there any more, so that
    /// a verification sees them missing.
    fn find_end(&mut self) -> Result<(), FolderError> {
        let rotated = folder::rotated(&self.own.path)?;
        let mut file = self.reopen()?;
        let mut end = end_of(&file.file, &self.current())?;
        if let (None, Some((_, path))) = (end, rotated.last()) {
            let before = open_private(path, OpenOptions::new().read(true))?;
            end = end_of(&before, path)?;
        }
        if let Some((seq, hash)) = end {
            self.next = after(seq, hash);
        }
        let head = Head::read(&self.own.path)?;
        if let Some(head) = head.filter(|head| head.seq + 1 >= self.next.seq) {
            self.next = after(head.seq, head.hash);
        }
        if file.size == 0 {
            file.first = self.next.seq;
        }
        let kept = rotated.first().map_or(file.first, |(first, _)| *first);
        self.first = head.map_or(kept, |head| head.first.min(kept));
        self.file = Some(file);
        Ok(())
    }

    fn current(&self) -> PathBuf {
        self.own.path.join(CURRENT)
    }

    /// Opens the file that is written; an incomplete last line is taken away: nothing was done for it.
    fn reopen(&mut self) -> Result<Open, FolderError> {
        let path = self.current();
        let mut options = OpenOptions::new();
        let file = open_private(&path, options.read(true).append(true).create(true))?;
        let metadata = file.metadata().map_err(failed("look at", &path))?;
        let mut size = metadata.len();
        let whole = whole_lines(&file, size).map_err(failed("read", &path))?;
        if whole < size {
            file.set_len(whole).map_err(failed("cut", &path))?;
            self.repaired += size - whole;
            size = whole;
        }
        let first = first_of(&file).map_err(failed("read", &path))?;
        Ok(Open {
            file,
            identity: (metadata.dev(), metadata.ino()),
            size,
            first: first.unwrap_or(self.next.seq),
        })
    }

    /// Appends lines, all or none. They stand in the file then; [`Chain::flush`] brings them to the disk.
    pub(super) fn append<'a>(
        &mut self,
        entries: impl IntoIterator<Item = (&'a Who, &'a Act)>,
        now: Timestamp,
    ) -> Result<(), ChainError> {
        let recorded = self.repaired;
        let mut next = self.next;
        let mut text = Vec::new();
        for (who, act) in entries {
            let line = line::write(next, now, who, act, &self.typed)?;
            next = after(next.seq, LineHash::of(&line));
            text.extend_from_slice(&line);
            text.push(b'\n');
        }
        let path = self.current();
        let open = self.ready(text.len() as u64)?;
        if let Err(error) = open.file.write_all(&text) {
            // A part of it may stand there, and must not: what comes next has to begin a line.
            if open.file.set_len(open.size).is_err() {
                self.file = None;
            }
            return Err(failed("write", &path)(error).into());
        }
        open.size += text.len() as u64;
        self.next = next;
        self.repaired -= recorded;
        Ok(())
    }

    /// That an incomplete line was taken away, which is to be recorded by the next [`Chain::append`].
    pub(super) fn repair(&self) -> Option<Act> {
        let dropped = self.repaired;
        (dropped > 0).then_some(Act::Repaired { dropped })
    }

    /// The file that is written, with room for so many bytes.
    fn ready(&mut self, more: u64) -> Result<&mut Open, FolderError> {
        let path = self.current();
        if let Some(open) = self.file.take() {
            match fs::symlink_metadata(&path) {
                Ok(metadata) if (metadata.dev(), metadata.ino()) == open.identity => {
                    check(&path, &metadata, "600")?;
                    self.file = Some(open);
                }
                Ok(_) => {
                    tracing::error!(path = %path.display(), "another file stands in the place of the audit log")
                }
                Err(error) => {
                    tracing::error!(path = %path.display(), %error, "the audit log is gone")
                }
            }
        }
        let full = |open: &Open| open.size > 0 && open.size + more > self.limits.max_bytes;
        if let Some(open) = self.file.take_if(|open| full(open)) {
            self.rotate(&open)?;
        }
        let open = match self.file.take() {
            Some(open) => open,
            None => self.reopen()?,
        };
        Ok(self.file.insert(open))
    }

    /// Puts the file aside under the number of its first line, and lets the oldest go that are too many.
    fn rotate(&mut self, open: &Open) -> Result<(), FolderError> {
        let path = self.current();
        open.file.sync_data().map_err(failed("write", &path))?;
        let aside = self.own.path.join(rotated_name(open.first));
        if fs::symlink_metadata(&aside).is_ok() {
            return Err(FolderError::Broken {
                path: aside,
                reason: "it stands where the file that is full has to go",
            });
        }
        fs::rename(&path, &aside).map_err(failed("make", &aside))?;
        let mut rotated = folder::rotated(&self.own.path)?;
        let too_many = rotated.len().saturating_sub(self.limits.keep);
        let old: Vec<_> = rotated.drain(..too_many).collect();
        if !old.is_empty() {
            self.first = rotated.first().map_or(self.next.seq, |(first, _)| *first);
        }
        // What is kept is noted before the rest goes, so that nobody takes it for missing.
        self.head().write(&self.own.path)?;
        for (_, old) in old {
            fs::remove_file(&old).map_err(failed("remove", &old))?;
        }
        Ok(())
    }

    /// The note of the end, true once all that was appended is on the disk.
    fn head(&self) -> Head {
        Head {
            seq: self.next.seq - 1,
            hash: self.next.prev,
            first: self.first,
        }
    }

    /// What [`Flush::run`] needs to bring all that was appended to the disk; nothing if there is no file.
    pub(super) fn flush(&self) -> Option<Flush> {
        let open = self.file.as_ref()?;
        Some(Flush {
            file: open.file.try_clone().ok()?,
            head: self.head(),
            chain: self.own.path.clone(),
        })
    }
}

/// The duty to bring lines to the disk, and to note where they end.
#[derive(Debug)]
pub(super) struct Flush {
    file: File,
    head: Head,
    chain: PathBuf,
}

impl Flush {
    pub(super) fn run(self) -> Result<(), FolderError> {
        let flushed = self.file.sync_data();
        flushed.map_err(failed("flush the log in", &self.chain))?;
        self.head.write(&self.chain)
    }
}

fn after(seq: u64, hash: LineHash) -> Link {
    Link {
        seq: seq + 1,
        prev: hash,
    }
}

/// The bytes up to the end of the last whole line.
fn whole_lines(file: &File, size: u64) -> io::Result<u64> {
    let mut window = WINDOW;
    loop {
        let from = size.saturating_sub(window);
        let text = read_from(file, from, size)?;
        if let Some(at) = text.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        if from == 0 {
            return Ok(0);
        }
        window *= 4;
    }
}

/// The number and the hash of the last line; nothing if there is none. The file ends with a whole line.
fn end_of(file: &File, path: &Path) -> Result<Option<(u64, LineHash)>, FolderError> {
    let size = file.metadata().map_err(failed("look at", path))?.len();
    if size == 0 {
        return Ok(None);
    }
    let mut window = WINDOW;
    loop {
        let from = size.saturating_sub(window);
        let text = read_from(file, from, size).map_err(failed("read", path))?;
        let text = text.strip_suffix(b"\n").unwrap_or(&text);
        let begins = text.iter().rposition(|byte| *byte == b'\n');
        if begins.is_none() && from > 0 {
            window *= 4;
            continue;
        }
        let last = &text[begins.map_or(0, |at| at + 1)..];
        let broken = || FolderError::Broken {
            path: path.to_owned(),
            reason: "its last line is none of an audit log",
        };
        let parsed = line::parse(last).ok_or_else(broken)?;
        return Ok(Some((parsed.seq, LineHash::of(last))));
    }
}

fn first_of(mut file: &File) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(0))?;
    let mut line = Vec::new();
    io::BufRead::read_until(&mut io::BufReader::new(file), b'\n', &mut line)?;
    Ok(line::parse(line.strip_suffix(b"\n").unwrap_or(&line)).map(|line| line.seq))
}

fn read_from(mut file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    file.take(to - from).read_to_end(&mut text)?;
    Ok(text)
}
