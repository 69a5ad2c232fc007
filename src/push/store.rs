//! The files of Web Push in the state directory: the server's key, and who is told. Both are private to their owner, replaced
//! whole or not at all, by one writer at a time. Everything here reads or writes the disk, so it must run where blocking is allowed.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::record;
use super::subscription::Subscription;
use super::vapid::{VapidError, VapidKey};
use crate::private_file::{self, PrivateFileError, io_error};

/// The folder below the state directory.
const FOLDER: &str = "push";
/// The largest file that is read, in bytes: thousands of subscriptions.
const LONGEST: u64 = 8 << 20;
/// The longest file of a key, in bytes.
const LONGEST_KEY: u64 = 4096;

/// The files can't be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum PushStoreError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// Its text is not what muxwire writes.
    #[error("{}: {reason}; restore the file, or remove it: browsers then subscribe anew", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no key.
    #[error("{}: {error}; remove the file to have a new key: browsers then have to subscribe anew", path.display())]
    Key {
        /// The file of the key.
        path: PathBuf,
        /// What is wrong.
        error: VapidError,
    },
}

/// The files below a state directory. Holds the path only, so each call sees the disk as it is.
#[derive(Debug, Clone)]
pub struct PushStore {
    folder: PathBuf,
}

impl PushStore {
    /// Those of a state directory, which need not exist yet.
    #[must_use]
    pub fn new(state_directory: &Path) -> Self {
        Self {
            folder: state_directory.join(FOLDER),
        }
    }

    /// The file of subscriptions.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join("subscriptions.json")
    }

    fn key_file(&self) -> PathBuf {
        self.folder.join("vapid.pem")
    }

    /// The server's key, which is made if there is none.
    ///
    /// # Errors
    /// It can't be read or made.
    pub fn key(&self) -> Result<VapidKey, PushStoreError> {
        let path = self.key_file();
        if let Some(key) = self.known_key()? {
            return Ok(key);
        }
        let _lock = self.lock()?;
        // Another server of this directory may have been quicker.
        if let Some(key) = self.known_key()? {
            return Ok(key);
        }
        let failed = |error| PushStoreError::Key {
            path: path.clone(),
            error,
        };
        let text = VapidKey::generate().map_err(failed)?;
        private_file::replace(&path, text.as_bytes())?;
        VapidKey::parse(&text).map_err(failed)
    }

    fn known_key(&self) -> Result<Option<VapidKey>, PushStoreError> {
        let path = self.key_file();
        let Some(text) = private_file::read(&path, LONGEST_KEY)? else {
            return Ok(None);
        };
        let key = VapidKey::parse(&String::from_utf8_lossy(&text));
        let key = key.map_err(|error| PushStoreError::Key { path, error })?;
        Ok(Some(key))
    }

    /// All subscriptions, of whichever server; the oldest first.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn list(&self) -> Result<Vec<Subscription>, PushStoreError> {
        let path = self.file();
        let Some(text) = private_file::read(&path, LONGEST)? else {
            return Ok(Vec::new());
        };
        record::read(&text).map_err(|reason| PushStoreError::Broken { path, reason })
    }

    /// Changes them: what this returns is written, and returned with what else it returns.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Subscription>) -> T,
    ) -> Result<(Vec<Subscription>, T), PushStoreError> {
        let _lock = self.lock()?;
        let before = self.list()?;
        let mut after = before.clone();
        let outcome = change(&mut after);
        if after != before {
            let path = self.file();
            let text = record::write(&after).map_err(|reason| PushStoreError::Broken {
                path: path.clone(),
                reason,
            })?;
            private_file::replace(&path, &text)?;
        }
        Ok((after, outcome))
    }

    fn lock(&self) -> Result<std::fs::File, PushStoreError> {
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder);
        made.map_err(io_error("make", &self.folder))?;
        Ok(private_file::lock(&self.folder.join("lock"))?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::auth::{Bond, JwtBond, Permission};
    use crate::glob::NamePattern;
    use crate::push::{EndpointRules, read_new_subscription};

    fn subscription(id: &str, bond: Bond) -> Subscription {
        let body = br#"{"endpoint":"https://push.example/x","keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"},"device":"Phone","wishes":{"kinds":["waiting"],"dwell":10}}"#;
        let new = read_new_subscription(body, EndpointRules::default()).unwrap();
        Subscription {
            id: id.to_owned(),
            endpoint: new.endpoint,
            keys: new.keys,
            bond,
            name: "me".to_owned(),
            browser: Some("abc".to_owned()),
            server: "127.0.0.1:8765".to_owned(),
            device: new.device,
            created: "2026-11-30T12:00:00Z".parse().unwrap(),
            wishes: new.wishes,
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_kept_comes_back_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let store = PushStore::new(&folder.path().join("state"));
        assert_eq!(store.list().unwrap(), []);
        let jwt = JwtBond {
            issuer: "https://id.example".to_owned(),
            subject: "ada".to_owned(),
            key: "00".repeat(32),
            permissions: vec![Permission::Read],
            sessions: vec![NamePattern::new("api-*").unwrap()],
            expires: "2026-12-01T12:00:00Z".parse().unwrap(),
        };
        let all = [
            subscription("a", Bond::Token("00000001".parse().unwrap())),
            subscription("b", Bond::Local(1000)),
            subscription("c", Bond::Nobody),
            subscription("d", Bond::Jwt(Box::new(jwt))),
        ];
        for one in &all {
            store.change(|known| known.push(one.clone())).unwrap();
        }
        assert_eq!(store.list().unwrap(), all);
        assert_eq!(mode(&store.file()), 0o600);
        assert_eq!(mode(&store.folder), 0o700);
        let (left, ()) = store
            .change(|known| known.retain(|one| one.id != "b"))
            .unwrap();
        assert_eq!(left.len(), 3);
    }

    #[test]
    fn the_key_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let store = PushStore::new(folder.path());
        let public = store.key().unwrap().public().to_owned();
        assert_eq!(store.key().unwrap().public(), public);
        assert_eq!(mode(&store.key_file()), 0o600);
        fs::write(store.key_file(), "no key").unwrap();
        let error = store.key().unwrap_err().to_string();
        assert!(
            error.contains("vapid.pem") && error.contains("remove the file"),
            "{error}"
        );
        fs::set_permissions(store.key_file(), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(store.key().unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_file_that_can_not_be_used_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = PushStore::new(folder.path());
        store
            .change(|known| known.push(subscription("a", Bond::Nobody)))
            .unwrap();
        let good = fs::read_to_string(store.file()).unwrap();
        let rows = [
            ("\"version\": 1", "\"version\": 2", "its version is 2"),
            ("\"nobody\"", "\"root\"", "unknown variant"),
            ("https://", "ftp://", "the subscription \"a\": the endpoint"),
            (
                "\"dwell\": 10",
                "\"dwell\": 10, \"more\": 1",
                "unknown field",
            ),
        ];
        for (old, new, said) in rows {
            assert!(good.contains(old), "{good}");
            let broken = good.replace(old, new);
            fs::write(store.file(), &broken).unwrap();
            let error = store.change(Vec::clear).unwrap_err().to_string();
            assert!(
                error.contains(said) && error.contains("subscribe anew"),
                "{error}"
            );
            assert_eq!(fs::read_to_string(store.file()).unwrap(), broken);
        }
    }
}
