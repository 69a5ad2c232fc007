//! Seeing changes of the file of tokens while the server runs.
//!
//! The file system reports that something changed in the folder; what is in force is then read anew and compared. A file
//! that can't be used leaves the old tokens in force, and says so in the log.

use crate::auth::authenticator::{AuthSettings, Authenticator};
use crate::auth::codes::CodeStore;
use crate::auth::file::FILE_NAME;
use crate::auth::store::{Entry, StoreError, TokenStore};
use crate::file_watch::{self, Complaint, FileWatch, Timing, blocking};

/// Why tokens can't be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The tokens can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder can't be watched.
    #[error(transparent)]
    Watch(#[from] file_watch::WatchError),
    /// The system has no random numbers.
    #[error("the system's random generator doesn't answer: {0}")]
    Random(#[from] getrandom::Error),
}

/// Keeps an [`Authenticator`] in step with its [`TokenStore`], as long as [`TokenWatch::run`] runs.
#[derive(Debug)]
pub struct TokenWatch {
    store: TokenStore,
    authenticator: Authenticator,
    watch: FileWatch,
    complaint: Complaint,
}

impl TokenWatch {
    /// Makes the state directory if need be, reads the tokens, and begins to watch them. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// The folder can't be watched, or the tokens can't be read: at the start a bad file is an error.
    pub fn start(
        store: TokenStore,
        settings: AuthSettings,
    ) -> Result<(Authenticator, Self), WatchError> {
        store.prepare()?;
        // The watch comes first: what changes after the reading is then seen.
        let watch = FileWatch::start(vec![store.directory().join(FILE_NAME)], Timing::FILE)?;
        let codes = settings
            .codes
            .or_else(|| Some(CodeStore::new(store.directory())));
        let settings = AuthSettings { codes, ..settings };
        let authenticator = Authenticator::new(store.list()?, settings)?;
        Ok((
            authenticator.clone(),
            Self {
                store,
                authenticator,
                watch,
                complaint: Complaint::default(),
            },
        ))
    }

    /// Puts each change in force, for ever. Dropping the future ends the watch.
    pub async fn run(mut self) {
        loop {
            self.watch.changed().await;
            self.read_again().await;
        }
    }

    async fn read_again(&mut self) {
        let store = self.store.clone();
        match blocking(move || store.list()).await {
            Ok(entries) => {
                self.complaint.clear();
                self.put_in_force(entries);
            }
            Err(error) => {
                if self.complaint.is_new(&error) {
                    tracing::error!(%error, "the tokens can't be read: those known before stay in force");
                }
            }
        }
    }

    fn put_in_force(&self, entries: Vec<Entry>) {
        let tokens = entries.len();
        if self.authenticator.replace(entries) {
            tracing::info!(tokens, "the tokens changed");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;
    use std::time::Duration;

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
            redact: false,
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
            TokenWatch::start(store.clone(), AuthSettings::default()).unwrap();
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
        let (authenticator, mut watch) =
            TokenWatch::start(store.clone(), AuthSettings::default()).unwrap();
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
        let refused = TokenWatch::start(store, AuthSettings::default())
            .unwrap_err()
            .to_string();
        assert!(refused.contains("is not a file of tokens"), "{refused}");
    }
}
