//! The file of keys on disk, and seeing changes of it while the server runs.
//!
//! A file that can't be used, or is gone, leaves the old keys in force, and the log says so: a key is taken out of force
//! by a file without it.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::auth::jwt::{Jwt, JwtRules, KeyError, KeySet};
use crate::file_watch::{Complaint, FileWatch, Timing, WatchError, blocking};

/// The largest file that is read, in bytes.
const MAX_LEN: u64 = 1 << 20;

/// The keys can't be had from their file, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The system refused.
    #[error("can't read the keys of JWTs in {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is longer than any that makes sense.
    #[error("{} has more than {MAX_LEN} bytes: too many for the keys of JWTs", .0.display())]
    TooLong(PathBuf),
    /// It belongs to somebody else, who could add keys.
    #[error(
        "{} belongs to the user with id {owner}: the keys of JWTs must belong to root or to the user that runs muxwire",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The user id of the owner.
        owner: u32,
    },
    /// Others can add keys, or read a secret with which to sign.
    #[error(
        "others can {what} {} (mode {mode:04o}): run `chmod {remedy} {}`, and use new keys if they may have done so",
        path.display(), path.display()
    )]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// What others can do.
        what: &'static str,
        /// Its permission bits.
        mode: u32,
        /// The mode it should have.
        remedy: &'static str,
    },
    /// What it holds can't be used.
    #[error("{}: {source}", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: KeyError,
    },
    /// Its folder can't be watched.
    #[error(transparent)]
    Watch(#[from] WatchError),
}

/// Keeps a [`Jwt`] in step with its file of keys, as long as [`KeyWatch::run`] runs.
#[derive(Debug)]
pub struct KeyWatch {
    path: PathBuf,
    jwt: Jwt,
    watch: FileWatch,
    complaint: Complaint,
}

impl KeyWatch {
    /// Reads the keys, and begins to watch their file. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// The file can't be read or watched: at the start a bad file is an error.
    pub fn start(path: &Path, rules: JwtRules) -> Result<(Jwt, Self), KeyFileError> {
        // The watch comes first: what changes after the reading is then seen.
        let watch = FileWatch::start(vec![path.to_owned()], Timing::FILE)?;
        let jwt = Jwt::new(rules, read(path)?);
        Ok((
            jwt.clone(),
            Self {
                path: path.to_owned(),
                jwt,
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

    pub(super) async fn read_again(&mut self) {
        let path = self.path.clone();
        match blocking(move || read(&path)).await {
            Ok(keys) => {
                self.complaint.clear();
                let count = keys.len();
                if self.jwt.replace(keys) {
                    tracing::info!(keys = count, "the keys of JWTs changed");
                }
            }
            Err(error) => {
                if self.complaint.is_new(&error) {
                    tracing::error!(%error, "the keys of JWTs known before stay in force");
                }
            }
        }
    }
}

/// Reads the keys, and refuses a file that others could have a hand in.
pub(super) fn read(path: &Path) -> Result<KeySet, KeyFileError> {
    let failed = |source| KeyFileError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    check_owner(path, &metadata)?;
    check_mode(path, &metadata, 0o022, "change", "644")?;
    let mut text = Vec::new();
    let read = file.take(MAX_LEN + 1).read_to_end(&mut text);
    read.map_err(failed)?;
    if text.len() as u64 > MAX_LEN {
        return Err(KeyFileError::TooLong(path.to_owned()));
    }
    let keys = KeySet::parse(&text).map_err(|source| KeyFileError::Keys {
        path: path.to_owned(),
        source,
    })?;
    if keys.has_secrets() {
        check_mode(path, &metadata, 0o077, "read the secret in", "600")?;
    }
    Ok(keys)
}

fn check_owner(path: &Path, metadata: &Metadata) -> Result<(), KeyFileError> {
    let owner = metadata.uid();
    if [0, rustix::process::geteuid().as_raw()].contains(&owner) {
        return Ok(());
    }
    Err(KeyFileError::Foreign {
        path: path.to_owned(),
        owner,
    })
}

fn check_mode(
    path: &Path,
    metadata: &Metadata,
    forbidden: u32,
    what: &'static str,
    remedy: &'static str,
) -> Result<(), KeyFileError> {
    let mode = metadata.mode() & 0o7777;
    if mode & forbidden == 0 {
        return Ok(());
    }
    Err(KeyFileError::NotPrivate {
        path: path.to_owned(),
        what,
        mode,
        remedy,
    })
}
