//! Seeing changes of the file of tokens while the server runs.
//!
//! The file system tells that something changed in the folder; what is in force is then read anew and compared. A file
//! that can't be used leaves the old tokens in force, and says so in the log.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::task::{JoinError, spawn_blocking};

use crate::auth::attempts::AttemptLimits;
use crate::auth::authenticator::Authenticator;
use crate::auth::file::FILE_NAME;
use crate::auth::store::{Entry, StoreError, TokenStore};

/// How long to wait before watching is tried again, when the folder can't be made or watched.
const RETRY: Duration = Duration::from_secs(5);

/// Why tokens can't be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The tokens can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder can't be watched.
    #[error("can't watch {} for changes: {source}", directory.display())]
    Watch {
        /// The state directory.
        directory: PathBuf,
        /// What the system said.
        source: notify::Error,
    },
    /// The system has no random numbers.
    #[error("the system's random generator doesn't answer: {0}")]
    Random(#[from] getrandom::Error),
}

/// Keeps an [`Authenticator`] in step with its [`TokenStore`], as long as [`TokenWatch::run`] runs.
#[derive(Debug)]
pub struct TokenWatch {
    store: TokenStore,
    authenticator: Authenticator,
    changes: Arc<Notify>,
    watcher: Watcher,
}

/// The watch on a folder, and which folder that was: another may come to stand at its path.
#[derive(Debug)]
struct Watcher {
    _handle: RecommendedWatcher,
    folder: Option<(u64, u64)>,
}

impl TokenWatch {
    /// Makes the state directory if need be, reads the tokens, and begins to watch them. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// The folder can't be watched, or the tokens can't be read: at the start a bad file is an error.
    pub fn start(
        store: TokenStore,
        limits: AttemptLimits,
    ) -> Result<(Authenticator, Self), WatchError> {
        let changes = Arc::new(Notify::new());
        // The watch comes first: what changes after the reading is then seen.
        let watcher = Watcher::new(&store, &changes)?;
        let authenticator = Authenticator::new(store.list()?, limits)?;
        Ok((
            authenticator.clone(),
            Self {
                store,
                authenticator,
                changes,
                watcher,
            },
        ))
    }

    /// Puts each change in force, for ever. Dropping the future ends the watch.
    pub async fn run(mut self) {
        loop {
            self.changes.notified().await;
            self.read_again().await;
            while !self.is_in_place().await {
                self.watch_again().await;
            }
        }
    }

    async fn read_again(&self) {
        let store = self.store.clone();
        match blocking(move || store.list()).await {
            Ok(entries) => self.put_in_force(entries),
            Err(error) => {
                tracing::error!(%error, "the tokens can't be read: those known before stay in force")
            }
        }
    }

    fn put_in_force(&self, entries: Vec<Entry>) {
        let tokens = entries.len();
        if self.authenticator.replace(entries) {
            tracing::info!(tokens, "the tokens changed");
        }
    }

    /// Whether the folder that is watched is still the one at its path.
    async fn is_in_place(&self) -> bool {
        let directory = self.store.directory().to_owned();
        let found = blocking(move || identity(&directory)).await;
        found.is_some() && found == self.watcher.folder
    }

    /// Watches the folder that is there now, made if need be.
    async fn watch_again(&mut self) {
        let (store, changes) = (self.store.clone(), Arc::clone(&self.changes));
        match blocking(move || Watcher::new(&store, &changes)).await {
            Ok(watcher) => {
                self.watcher = watcher;
                self.read_again().await;
            }
            Err(error) => {
                tracing::error!(%error, "changes of the tokens are not seen: trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

impl Watcher {
    fn new(store: &TokenStore, changes: &Arc<Notify>) -> Result<Self, WatchError> {
        store.prepare()?;
        let directory = store.directory();
        let failed = |source| WatchError::Watch {
            directory: directory.to_owned(),
            source,
        };
        let (changes, watched) = (Arc::clone(changes), directory.to_owned());
        let handler = move |event: notify::Result<Event>| {
            if event.map_or(true, |event| may_matter(&event, &watched)) {
                changes.notify_one();
            }
        };
        let mut handle = notify::recommended_watcher(handler).map_err(failed)?;
        let folder = identity(directory);
        handle
            .watch(directory, RecursiveMode::NonRecursive)
            .map_err(failed)?;
        Ok(Self {
            _handle: handle,
            folder,
        })
    }
}

/// Device and inode of the folder at a path; `None` when there is none.
fn identity(directory: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(directory).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Whether the file or the folder itself may have changed. Mere reading, which this module does too, never counts.
fn may_matter(event: &Event, directory: &Path) -> bool {
    let reading = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
    let ours = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name == FILE_NAME) || path == directory
    };
    !reading && (event.need_rescan() || event.paths.iter().any(ours))
}

/// Runs what may block away from the runtime. A panic there is carried on here.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;

    use jiff::Timestamp;

    use super::*;
    use crate::auth::authenticator::Ended;
    use crate::auth::rights::{Permission, Permissions, Scope};
    use crate::auth::store::NewToken;
    use crate::auth::token::Token;

    fn create(store: &TokenStore, name: &str) -> Token {
        let permissions = Permissions::up_to(Permission::Read);
        let new = NewToken {
            name: name.to_owned(),
            permissions,
            scope: Scope::all(),
            expires: None,
        };
        store.create(new, Timestamp::now()).unwrap().0
    }

    #[tokio::test]
    async fn changes_are_in_force_without_being_asked_for() {
        tokio::time::timeout(Duration::from_secs(30), see_changes())
            .await
            .unwrap();
    }

    /// What a running server sees, waiting for each change to arrive through the file system.
    async fn see_changes() {
        let folder = tempfile::tempdir().unwrap();
        let store = TokenStore::new(folder.path().join("state"));
        let (authenticator, watch) =
            TokenWatch::start(store.clone(), AttemptLimits::default()).unwrap();
        let mut in_force = authenticator.in_force();
        let running = tokio::spawn(watch.run());

        let token = create(&store, "one");
        in_force
            .wait_for(|entries| entries.len() == 1)
            .await
            .unwrap();
        let principal = authenticator.verify(&token.expose(), None).await.unwrap();
        store.revoke("one").unwrap();
        assert_eq!(authenticator.ended(&principal).await, Ended::Revoked);

        let token = create(&store, "two");
        in_force
            .wait_for(|entries| entries.len() == 1)
            .await
            .unwrap();
        let principal = authenticator.verify(&token.expose(), None).await.unwrap();
        fs::remove_dir_all(store.directory()).unwrap();
        assert_eq!(authenticator.ended(&principal).await, Ended::Revoked);

        create(&store, "three");
        in_force
            .wait_for(|entries| entries.len() == 1)
            .await
            .unwrap();
        running.abort();
    }

    #[tokio::test]
    async fn a_broken_file_leaves_the_old_tokens_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let store = TokenStore::new(folder.path());
        create(&store, "one");
        let (authenticator, watch) =
            TokenWatch::start(store.clone(), AttemptLimits::default()).unwrap();
        let path = folder.path().join(FILE_NAME);
        for text in ["", "{", r#"{"version":2,"tokens":[]}"#] {
            fs::write(&path, text).unwrap();
            watch.read_again().await;
            assert_eq!(authenticator.in_force().borrow().len(), 1, "{text:?}");
        }
        fs::write(&path, r#"{"version":1,"tokens":[]}"#).unwrap();
        watch.read_again().await;
        assert_eq!(authenticator.in_force().borrow().len(), 0);
    }

    #[tokio::test]
    async fn at_the_start_a_broken_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let store = TokenStore::new(folder.path());
        create(&store, "one");
        fs::write(folder.path().join(FILE_NAME), "{").unwrap();
        let refused = TokenWatch::start(store, AttemptLimits::default())
            .unwrap_err()
            .to_string();
        assert!(refused.contains("is not a file of tokens"), "{refused}");
    }
}
