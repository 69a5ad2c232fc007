//! Seeing that certificate or key changed while the server runs.
//!
//! The file system tells that something changed in a folder; once it is quiet, the files are read anew and compared.
//! Files that can't be used leave the old certificate in force. Behind the events stands a look now and then: a link may
//! lead to another folder, and folders may be replaced.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::files::Contents;
use super::{Identity, TlsError, TlsFiles};

/// Certificate and key are two files: how long it must be quiet until both are taken for written.
const QUIET: Duration = Duration::from_millis(200);
/// How often the files are looked at without an event.
const LOOK: Duration = Duration::from_secs(60);

/// Keeps an [`Identity`] in step with its files, as long as [`IdentityWatch::run`] runs.
#[derive(Debug)]
pub struct IdentityWatch {
    files: TlsFiles,
    identity: Identity,
    /// What was read last, good or bad: the same is not tried, or complained of, twice.
    seen: Option<blake3::Hash>,
    changes: Arc<Notify>,
    watcher: RecommendedWatcher,
}

impl IdentityWatch {
    /// Reads the files and begins to watch them. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// The files can't be used, or their folders can't be watched: at the start both are errors.
    pub fn start(files: TlsFiles) -> Result<(Identity, Self), TlsError> {
        let changes = Arc::new(Notify::new());
        // The watch comes first: what changes after the reading is then seen.
        let watcher = watch(&files, &changes)?;
        let contents = files.read()?;
        let identity = Identity::new(files.configure(&contents)?);
        let watch = Self {
            files,
            identity: identity.clone(),
            seen: Some(contents.digest()),
            changes,
            watcher,
        };
        Ok((identity, watch))
    }

    /// Wakes [`IdentityWatch::run`]: the files are read anew, changed or not.
    #[must_use]
    pub fn trigger(&self) -> Arc<Notify> {
        Arc::clone(&self.changes)
    }

    /// Puts each change in force, for ever, and says after each reading whether there was one. Dropping the future ends
    /// the watch.
    pub async fn run(mut self, mut after: impl FnMut(bool)) {
        loop {
            let woken = timeout(LOOK, self.changes.notified()).await.is_ok();
            // More may come: each event begins the quiet time anew.
            while woken && timeout(QUIET, self.changes.notified()).await.is_ok() {}
            after(self.read_again().await);
            if !woken {
                self.watch_again();
            }
        }
    }

    /// Returns whether something changed, and is in force.
    pub(super) async fn read_again(&mut self) -> bool {
        let files = self.files.clone();
        let read = spawn_blocking(move || files.read().map_err(Box::new)).await;
        // Cancelled: the runtime is going, and this task with it.
        let Ok(read) = read else {
            sleep(LOOK).await;
            return false;
        };
        match read {
            Ok(contents) => self.take(&contents),
            Err(error) => {
                // The same error of a file that is missing comes back with each look; it is worth a line each time.
                self.seen = None;
                self.fail(&error);
                false
            }
        }
    }

    fn take(&mut self, contents: &Contents) -> bool {
        let digest = contents.digest();
        if self.seen.replace(digest) == Some(digest) {
            return false;
        }
        match self.files.configure(contents) {
            Ok(config) => {
                self.identity.put_in_force(config);
                tracing::info!("the TLS certificate changed: new connections get the new one");
                true
            }
            Err(error) => {
                self.fail(&error);
                false
            }
        }
    }

    fn fail(&self, error: &TlsError) {
        self.identity.count_failure();
        tracing::error!(%error, "the new TLS certificate can't be used: the old one stays in force");
    }

    /// The folders may be others than those that are watched.
    fn watch_again(&mut self) {
        match watch(&self.files, &self.changes) {
            Ok(watcher) => self.watcher = watcher,
            Err(error) => {
                tracing::warn!(%error, "changes of the TLS certificate are seen later");
            }
        }
    }
}

/// Watches the folders in which the files are.
fn watch(files: &TlsFiles, changes: &Arc<Notify>) -> Result<RecommendedWatcher, TlsError> {
    let names: BTreeSet<OsString> = files
        .paths()
        .filter_map(|path| path.file_name().map(Into::into))
        .collect();
    let folders: BTreeSet<PathBuf> = files
        .paths()
        .filter_map(|path| path.parent().map(Into::into))
        .collect();
    let changes = Arc::clone(changes);
    let handler = move |event: notify::Result<Event>| {
        if event.map_or(true, |event| may_matter(&event, &names)) {
            changes.notify_one();
        }
    };
    let failed = |path: &PathBuf| {
        let path = path.clone();
        move |source| TlsError::Watch { path, source }
    };
    let mut watcher = notify::recommended_watcher(handler).map_err(failed(&files.certificate))?;
    for folder in &folders {
        watcher
            .watch(folder, RecursiveMode::NonRecursive)
            .map_err(failed(folder))?;
    }
    Ok(watcher)
}

/// Whether one of the files may have changed. Mere reading, which this module does too, never counts. Names that begin
/// with two dots are links that Kubernetes exchanges.
fn may_matter(event: &Event, names: &BTreeSet<OsString>) -> bool {
    let reading = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
    let ours = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| names.contains(name) || name.as_encoded_bytes().starts_with(b".."))
    };
    !reading && (event.need_rescan() || event.paths.iter().any(ours))
}
