//! The file of tokens on disk: private to its owner, replaced whole or not at all, one writer at a time.
//!
//! This module knows how the file is kept and what its text looks like. What the entries mean is the store's business.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::private_file::{self, PrivateFileError};

/// The name of the file in the state directory.
pub(in crate::auth) const FILE_NAME: &str = "tokens.json";
/// Held while the file is changed. A file of its own, since the file of tokens is replaced by each change.
const LOCK_NAME: &str = "tokens.lock";
/// The version of the file's form that this program reads and writes.
const VERSION: u32 = 1;
/// The largest file that is read, in bytes: thousands of tokens. It bounds what a damaged file can cost.
const MAX_LEN: u64 = 4 * 1024 * 1024;

/// The file can't be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused an operation.
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can read the hashes, or change them.
    #[error(
        "others have access to {0} (mode {mode:04o}): run `chmod {remedy} {0}`, and if they may have changed it, \
         revoke its tokens",
        path.display()
    )]
    NotPrivate {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The mode it should have.
        remedy: &'static str,
    },
    /// It belongs to somebody else, who could add tokens.
    #[error(
        "{} belongs to the user with id {owner}, not to the one that runs muxwire: use that user, or another --state-dir",
        path.display()
    )]
    Foreign {
        /// The file or folder.
        path: PathBuf,
        /// The user id of the owner.
        owner: u32,
    },
    /// Its text is not what muxwire writes.
    #[error("{} is not a file of tokens: {reason}; restore it, or remove it to start without tokens", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// It is longer than any that muxwire writes.
    #[error("{} has more than {limit} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// It can't be locked or replaced.
    #[error(transparent)]
    Private(#[from] PrivateFileError),
    /// It was to hold a token for a client.
    #[error("{} does not hold a token: it must be one line, as `muxwire token create` prints it", .0.display())]
    NoToken(PathBuf),
}

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    tokens: Vec<Record>,
}

/// One entry as it stands in the file. An unknown field is refused: a later version's restriction must not be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::auth) struct Record {
    pub(in crate::auth) id: String,
    pub(in crate::auth) name: String,
    pub(in crate::auth) hash: String,
    pub(in crate::auth) permissions: Vec<String>,
    pub(in crate::auth) sessions: Vec<String>,
    pub(in crate::auth) created: String,
    pub(in crate::auth) expires: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::auth) redact: bool,
}

/// Makes the state directory if it is missing, and refuses one that others could change.
pub(in crate::auth) fn prepare_directory(directory: &Path) -> Result<(), FileError> {
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory);
    made.map_err(io_error("make the state directory", directory))?;
    let metadata = fs::metadata(directory).map_err(io_error("look at", directory))?;
    check_access(directory, &metadata, 0o022, "700")
}

/// Reads the entries. A missing file holds none; an empty one is broken, since somebody may be about to write it.
pub(in crate::auth) fn read(directory: &Path) -> Result<Vec<Record>, FileError> {
    let path = directory.join(FILE_NAME);
    let Some(text) = read_private(&path, MAX_LEN)? else {
        return Ok(Vec::new());
    };
    let broken = |reason: String| FileError::Broken { path, reason };
    let document: Document = match serde_json::from_slice(&text) {
        Ok(document) => document,
        Err(error) => return Err(broken(error.to_string())),
    };
    match document.version {
        VERSION => Ok(document.tokens),
        other => Err(broken(format!(
            "its version is {other}, this muxwire knows {VERSION}"
        ))),
    }
}

/// The one token in a file of a client's, such as that of `muxwire watch --token-file`.
///
/// # Errors
/// The file can't be read, others have access to it, or it does not hold one line of text.
pub fn read_token_file(path: &Path) -> Result<String, FileError> {
    let absent = || io_error("open", path)(io::ErrorKind::NotFound.into());
    let text = read_private(path, MAX_LEN)?.ok_or_else(absent)?;
    let text = std::str::from_utf8(&text).unwrap_or_default().trim();
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(FileError::NoToken(path.to_owned()));
    }
    Ok(text.to_owned())
}

/// A file that nobody else may have access to; `None` when it is missing.
pub(in crate::auth) fn read_private(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("open", path)(error)),
    };
    let metadata = file.metadata().map_err(io_error("look at", path))?;
    check_access(path, &metadata, 0o077, "600")?;
    let mut text = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut text);
    read.map_err(io_error("read", path))?;
    if text.len() as u64 > limit {
        return Err(FileError::TooLong {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(Some(text))
}

/// Takes the lock of the directory; it is held until the file is dropped, and a killed process lets go of it.
pub(in crate::auth) fn lock(directory: &Path) -> Result<File, FileError> {
    Ok(private_file::lock(&directory.join(LOCK_NAME))?)
}

/// Replaces the entries. Readers see the old file or the new one, also when the machine loses power.
pub(in crate::auth) fn write(directory: &Path, tokens: Vec<Record>) -> Result<(), FileError> {
    let document = Document {
        version: VERSION,
        tokens,
    };
    let path = directory.join(FILE_NAME);
    let broken = |error: serde_json::Error| FileError::Broken {
        path: path.clone(),
        reason: error.to_string(),
    };
    let mut text = serde_json::to_vec_pretty(&document).map_err(broken)?;
    text.push(b'\n');
    Ok(private_file::replace(&path, &text)?)
}

fn check_access(
    path: &Path,
    metadata: &fs::Metadata,
    forbidden: u32,
    remedy: &'static str,
) -> Result<(), FileError> {
    let owner = metadata.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(FileError::Foreign {
            path: path.to_owned(),
            owner,
        });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & forbidden != 0 {
        return Err(FileError::NotPrivate {
            path: path.to_owned(),
            mode,
            remedy,
        });
    }
    Ok(())
}

pub(in crate::auth) fn io_error(
    doing: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Io {
        doing,
        path,
        source,
    }
}
