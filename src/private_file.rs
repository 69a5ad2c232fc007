//! Files with secrets: whom their owner and mode let in, and how they are replaced.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Whom a file lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// Only its owner, who is this user; or if root owns it, root and one group, as distributions keep secrets.
    Private,
    /// Others can read or change it.
    Open,
    /// It belongs to somebody else.
    Foreign,
}

impl Privacy {
    pub(crate) fn of(file: &Metadata) -> Self {
        let forbidden = match file.uid() {
            0 => 0o037,
            own if own == rustix::process::geteuid().as_raw() => 0o077,
            _ => return Self::Foreign,
        };
        match file.mode() & forbidden {
            0 => Self::Private,
            _ => Self::Open,
        }
    }
}

/// Why a file with secrets can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// The system refused an operation.
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others have access to it.
    #[error("others can read or change {}: chmod 600 it, and give it to the user that runs muxwire", .0.display())]
    NotPrivate(PathBuf),
    /// It is longer than any that muxwire writes.
    #[error("{} has more than {limit} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
}

/// How often a lock that is held is tried, and how long after another.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// Locks a file for as long as it is open. Whether that could be done: not if somebody has it for long. A process that has just been killed
/// may have it for a moment yet, by children that it was about to start.
pub(crate) fn lock_soon(file: &File) -> io::Result<bool> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(fs::TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

/// An error of the system about a file.
pub(crate) fn io_error(
    doing: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> PrivateFileError {
    let path = path.to_owned();
    move |source| PrivateFileError::Io {
        doing,
        path,
        source,
    }
}

/// What is in a file that nobody else has access to; nothing when it is missing.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, PrivateFileError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("open", path)(error)),
    };
    let metadata = file.metadata().map_err(io_error("look at", path))?;
    if Privacy::of(&metadata) != Privacy::Private {
        return Err(PrivateFileError::NotPrivate(path.to_owned()));
    }
    let mut bytes = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(io_error("read", path))?;
    if bytes.len() as u64 > limit {
        let path = path.to_owned();
        return Err(PrivateFileError::TooLong { path, limit });
    }
    Ok(Some(bytes))
}

/// Takes the lock of this file, for whoever changes others beside it. It is held until the file is dropped, and a killed
/// process lets go of it.
pub(crate) fn lock(path: &Path) -> Result<File, PrivateFileError> {
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path);
    let file = opened.map_err(io_error("open", path))?;
    file.lock().map_err(io_error("lock", path))?;
    Ok(file)
}

/// Replaces a file, whole or not at all, also when the machine loses power. The caller holds a lock, so a draft that is there
/// already was left by a writer that was killed.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), PrivateFileError> {
    let draft = draft_of(path);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(io_error("remove", &draft)(error));
        }
        _ => {}
    }
    let outcome = write_new(&draft, bytes)
        .and_then(|()| fs::rename(&draft, path).map_err(io_error("replace", path)));
    if outcome.is_err() {
        // Nothing more can be done here: the next writer removes it.
        drop(fs::remove_file(&draft));
        return outcome;
    }
    let folder = path.parent().unwrap_or(path);
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(io_error("write", folder))
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), PrivateFileError> {
    let opened = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path);
    let mut file = opened.map_err(io_error("make", path))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(io_error("write", path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_lock_is_had_once_its_holder_lets_go_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let open = || File::create(&path).unwrap();
        let holder = open();
        assert!(lock_soon(&holder).unwrap());
        assert!(!lock_soon(&open()).unwrap(), "it is held for long");
        let other = open();
        let waiting = thread::spawn(move || lock_soon(&other).unwrap());
        drop(holder);
        assert!(waiting.join().unwrap());
    }

    #[test]
    fn a_file_is_replaced_whole_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert!(read(&path, 10).unwrap().is_none());
        // What a killed writer left.
        fs::write(folder.path().join(".secret.new"), "half").unwrap();
        let _lock = lock(&folder.path().join("lock")).unwrap();
        for text in ["one", "other"] {
            replace(&path, text.as_bytes()).unwrap();
            assert_eq!(read(&path, 10).unwrap().unwrap(), text.as_bytes());
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 2, "no draft is left");
        assert!(matches!(
            read(&path, 4),
            Err(PrivateFileError::TooLong { .. })
        ));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            read(&path, 10),
            Err(PrivateFileError::NotPrivate(_))
        ));
        // What can't be replaced stays, and no draft with it.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("x"), "").unwrap();
        assert!(replace(&taken, b"x").is_err());
        assert!(!folder.path().join(".taken.new").exists());
    }
}
