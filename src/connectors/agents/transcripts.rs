//! The transcripts of agents in panes, followed as they grow: what was read is not read again, and what the file system
//! reports is the only reason to look.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use super::wanted::{Wanted, Watched};
use crate::file_watch::{Complaint, Timing, WholeFolder, blocking, read_text};
use crate::ids::PaneId;
use crate::usage::{PriceError, Prices, Tally, Transcript, TranscriptForm, Usage};

/// How much is read in one go, in bytes.
const CHUNK: usize = 256 << 10;

/// How much of what was read last is compared with what stands there now, in bytes: a file that was written anew is read
/// from its beginning.
const COMPARED: usize = 64;

/// The most transcripts of agents that an agent runs.
const MOST_BELOW: usize = 1024;

/// The longest price file, in bytes.
const LONGEST_PRICES: usize = 256 << 10;

/// The name of price files in the configuration's folders.
const PRICES: &str = "prices.toml";

/// The transcript of an agent's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) form: TranscriptForm,
    pub(super) path: PathBuf,
}

/// The sessions that are followed, by the panes of their agents.
pub(super) type Sessions = BTreeMap<PaneId, Session>;

/// Why prices can't be used.
#[derive(Debug, thiserror::Error)]
enum PriceFileError {
    #[error("{}: can't be read: {source}; make it readable for muxwire, or remove it", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: it is longer than {LONGEST_PRICES} bytes; remove the rows of models that are not used", .0.display())]
    Long(PathBuf),
    #[error("{}: {error}", path.display())]
    Form { path: PathBuf, error: PriceError },
}

/// All that is followed.
#[derive(Debug)]
pub(super) struct Transcripts {
    sessions: Wanted<Sessions>,
    files: BTreeMap<PathBuf, Follower>,
    price_files: Vec<PathBuf>,
    prices: Option<Arc<Prices>>,
    complaint: Complaint,
}

impl Transcripts {
    /// None as yet. Which are followed the sender says. Prices are those that are built in, below those of the
    /// configuration's folders, of which later ones count more.
    pub(super) fn new(folders: &[PathBuf]) -> (Self, watch::Sender<Sessions>) {
        let (sessions, sender) = Wanted::new();
        let transcripts = Self {
            sessions,
            files: BTreeMap::new(),
            price_files: folders.iter().map(|folder| folder.join(PRICES)).collect(),
            prices: None,
            complaint: Complaint::default(),
        };
        (transcripts, sender)
    }

    /// What each agent's session has used, once something may have changed.
    pub(super) async fn changed(&mut self) -> Vec<(PaneId, Usage)> {
        let price_files = &self.price_files;
        let over = |sessions: &Sessions| watched(sessions, price_files);
        let wanted = self.sessions.changed(over).await;
        if wanted.is_empty() {
            self.files.clear();
            return Vec::new();
        }
        let prices = self.read_prices().await;
        let mut files = std::mem::take(&mut self.files);
        let (files, usages) = blocking(move || {
            let usages = usages(&wanted, &mut files, &prices);
            (files, usages)
        })
        .await;
        self.files = files;
        usages
    }

    /// The prices now. Where a file can't be used, those before stay in force.
    async fn read_prices(&mut self) -> Arc<Prices> {
        let files = self.price_files.clone();
        match blocking(move || prices(&files)).await {
            Ok(prices) => {
                self.complaint.clear();
                let prices = Arc::new(prices);
                self.prices = Some(Arc::clone(&prices));
                prices
            }
            Err(error) => {
                if self.complaint.is_new(&error) {
                    tracing::error!(%error, "prices can't be used: those before stay in force");
                }
                let before = self.prices.clone();
                before.unwrap_or_else(|| Arc::new(Prices::none()))
            }
        }
    }
}

fn watched(sessions: &Sessions, price_files: &[PathBuf]) -> Option<Watched> {
    if sessions.is_empty() {
        return None;
    }
    let folders = sessions.values().filter_map(below);
    let folders = folders.map(|path| WholeFolder {
        path,
        extension: "jsonl",
    });
    let paths: BTreeSet<&PathBuf> = sessions.values().map(|session| &session.path).collect();
    let files = paths.into_iter().chain(price_files).cloned();
    Some((files.collect(), folders.collect(), Timing::FILES))
}

/// The folder with the transcripts of agents that a session's agent runs, if it keeps them apart.
fn below(session: &Session) -> Option<PathBuf> {
    match session.form {
        TranscriptForm::Claude => Some(session.path.with_extension("").join("subagents")),
        TranscriptForm::Codex | TranscriptForm::Gemini => None,
    }
}

/// Reads what is new in all files. Files that nobody follows any more are let go.
fn usages(
    sessions: &Sessions,
    files: &mut BTreeMap<PathBuf, Follower>,
    prices: &Prices,
) -> Vec<(PaneId, Usage)> {
    let mut used = BTreeSet::new();
    let mut usages = Vec::new();
    for (pane, session) in sessions {
        let mut tally = Tally::default();
        let own = below(session)
            .into_iter()
            .flat_map(|folder| transcripts_in(&folder));
        for path in [session.path.clone()].into_iter().chain(own) {
            let follower = files
                .entry(path.clone())
                .or_insert_with(|| Follower::new(session.form));
            if let Err(error) = follower.catch_up(&path) {
                tracing::debug!(%error, path = %path.display(), "a transcript can't be read now");
            }
            tally.add(follower.transcript.tally());
            used.insert(path);
        }
        if !tally.is_empty() {
            usages.push((*pane, tally.usage(prices)));
        }
    }
    files.retain(|path, _| used.contains(path));
    usages
}

fn transcripts_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.take(MOST_BELOW).map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension() == Some("jsonl".as_ref()))
        .collect();
    paths.sort();
    paths
}

fn prices(files: &[PathBuf]) -> Result<Prices, PriceFileError> {
    let (mut paths, mut texts) = (Vec::new(), Vec::new());
    for path in files {
        let failed = |source| PriceFileError::Read {
            path: path.clone(),
            source,
        };
        if let Some(text) = read_text(path, LONGEST_PRICES).map_err(failed)? {
            if text.len() > LONGEST_PRICES {
                return Err(PriceFileError::Long(path.clone()));
            }
            paths.push(path);
            texts.push(text);
        }
    }
    let read = Prices::with(texts.iter().map(String::as_str));
    read.map_err(|(at, error)| PriceFileError::Form {
        path: paths
            .get(at)
            .map_or_else(PathBuf::new, |path| (*path).clone()),
        error,
    })
}

/// One file, and how far it was read.
#[derive(Debug)]
struct Follower {
    form: TranscriptForm,
    transcript: Transcript,
    /// Device and inode.
    file: Option<(u64, u64)>,
    offset: u64,
    /// The end of what was read.
    end: Vec<u8>,
}

impl Follower {
    fn new(form: TranscriptForm) -> Self {
        Self {
            form,
            transcript: Transcript::new(form),
            file: None,
            offset: 0,
            end: Vec::new(),
        }
    }

    /// Reads what is new. A file that was exchanged, cut or written anew is read from its beginning.
    fn catch_up(&mut self, path: &Path) -> io::Result<()> {
        let found = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        // What is no file may keep its reader waiting.
        if !found.is_file() {
            return Ok(());
        }
        let mut file = File::open(path)?;
        let found = file.metadata()?;
        if !self.goes_on(&file, &found)? {
            *self = Self::new(self.form);
            self.file = Some((found.dev(), found.ino()));
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut chunk = vec![0; CHUNK];
        // What is written meanwhile is reported.
        while self.offset < found.len() {
            let length = match file.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if length == 0 {
                break;
            }
            self.take(&chunk[..length]);
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.transcript.feed(bytes);
        self.offset += bytes.len() as u64;
        self.end
            .extend_from_slice(&bytes[bytes.len().saturating_sub(COMPARED)..]);
        let surplus = self.end.len().saturating_sub(COMPARED);
        self.end.drain(..surplus);
    }

    /// Whether a file is the one that was read, with what was read in it.
    fn goes_on(&self, file: &File, found: &Metadata) -> io::Result<bool> {
        if self.file != Some((found.dev(), found.ino())) || found.len() < self.offset {
            return Ok(false);
        }
        let mut end = vec![0; self.end.len()];
        file.read_exact_at(&mut end, self.offset - self.end.len() as u64)?;
        Ok(end == self.end)
    }
}

#[cfg(test)]
#[path = "transcripts_tests.rs"]
mod tests;
