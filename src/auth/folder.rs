//! Seeing that something changed in a folder: what is in force is then read anew and compared.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::task::{JoinError, spawn_blocking};

/// How long to wait before watching is tried again, when the folder is missing or can't be watched.
pub(in crate::auth) const RETRY: Duration = Duration::from_secs(5);

/// The watch on a folder, and which folder that was: another may come to stand at its path.
#[derive(Debug)]
pub(in crate::auth) struct FolderWatch {
    _handle: RecommendedWatcher,
    directory: PathBuf,
    folder: Option<(u64, u64)>,
}

impl FolderWatch {
    /// Begins to watch a folder for files whose name matters, and for itself.
    pub(in crate::auth) fn new(
        directory: &Path,
        matters: impl Fn(&OsStr) -> bool + Send + 'static,
        changes: &Arc<Notify>,
    ) -> notify::Result<Self> {
        let (changes, watched) = (Arc::clone(changes), directory.to_owned());
        let handler = move |event: notify::Result<Event>| {
            if event.map_or(true, |event| may_matter(&event, &watched, &matters)) {
                changes.notify_one();
            }
        };
        let mut handle = notify::recommended_watcher(handler)?;
        let folder = identity(directory);
        handle.watch(directory, RecursiveMode::NonRecursive)?;
        Ok(Self {
            _handle: handle,
            directory: directory.to_owned(),
            folder,
        })
    }

    /// Whether the folder that is watched is still the one at its path.
    pub(in crate::auth) async fn is_in_place(&self) -> bool {
        let directory = self.directory.clone();
        let found = blocking(move || identity(&directory)).await;
        found.is_some() && found == self.folder
    }
}

/// Device and inode of the folder at a path; `None` when there is none.
fn identity(directory: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(directory).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Whether a file or the folder itself may have changed. Mere reading, which follows each change, never counts.
fn may_matter(event: &Event, directory: &Path, matters: &impl Fn(&OsStr) -> bool) -> bool {
    let reading = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
    let ours = |path: &PathBuf| path.file_name().is_some_and(matters) || path == directory;
    !reading && (event.need_rescan() || event.paths.iter().any(ours))
}

/// Runs what may block away from the runtime. A panic there is carried on here.
pub(in crate::auth) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    match spawn_blocking(work)
        .await
        .map_err(JoinError::try_into_panic)
    {
        Ok(outcome) => outcome,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // Cancelled: the runtime is going, and this task with it.
        Err(Err(_)) => std::future::pending().await,
    }
}
