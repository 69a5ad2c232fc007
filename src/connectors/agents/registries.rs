//! The registries that agents keep of their sessions: folders that are watched while an agent of theirs is in a pane, and
//! read when the file system says that something in them has changed.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use tokio::sync::watch;

use super::wanted::{Wanted, Watched};
use crate::agent::{LONGEST_JSON, Registry};
use crate::file_watch::{Timing, WholeFolder, blocking};

/// The most files of a folder that are read. Each is of a process that runs.
const MOST_FILES: usize = 1024;

/// An entry, and the folder that it is in.
pub(super) type Entry = (PathBuf, Registry);

/// The folders, and the watch over them.
#[derive(Debug)]
pub(super) struct Registries(Wanted<BTreeSet<PathBuf>>);

impl Registries {
    /// None as yet. Which are watched the sender says.
    pub(super) fn new() -> (Self, watch::Sender<BTreeSet<PathBuf>>) {
        let (wanted, sender) = Wanted::new();
        (Self(wanted), sender)
    }

    /// All entries, once something may have changed.
    pub(super) async fn changed(&mut self) -> Vec<Entry> {
        let folders = self.0.changed(watched).await;
        blocking(move || folders.iter().flat_map(|folder| read(folder)).collect()).await
    }
}

fn watched(folders: &BTreeSet<PathBuf>) -> Option<Watched> {
    let whole = |path: &PathBuf| WholeFolder {
        path: path.clone(),
        extension: "json",
    };
    let whole: Vec<WholeFolder> = folders.iter().map(whole).collect();
    (!whole.is_empty()).then_some((Vec::new(), whole, Timing::FILE))
}

/// All entries in a folder. Beside them lie keys, which are never opened. A file that can't be read now, since it is being
/// written, is read with the next change.
fn read(folder: &Path) -> Vec<Entry> {
    let mut entries = Vec::new();
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_session = file
            .file_name()
            .to_str()
            .is_some_and(Registry::is_session_file);
        if !is_session || entries.len() == MOST_FILES {
            continue;
        }
        let mut text = String::new();
        let opened = File::open(file.path());
        let limit = LONGEST_JSON as u64;
        if opened
            .and_then(|file| file.take(limit).read_to_string(&mut text))
            .is_err()
        {
            continue;
        }
        match Registry::read(&text) {
            Ok(registry) => entries.extend(registry.map(|registry| (folder.to_owned(), registry))),
            Err(error) => {
                tracing::debug!(%error, file = %file.path().display(), "a session's file can't be read")
            }
        }
    }
    entries
}
