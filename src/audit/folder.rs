//! Whose files these are: `audit/` in the state directory, private to its owner, with a folder for each server that writes
//! at the same time. Two servers never write one chain: each holds the lock of its own.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rustix::fs::OFlags;

/// The folder of the log in the state directory.
const FOLDER: &str = "audit";
/// The file of the key for hashes of what is typed.
const KEY: &str = "key";
/// The file whose lock the server holds that writes a chain.
const LOCK: &str = "lock";
/// The most servers that write below one state directory at one time.
const CHAINS: u32 = 64;
/// The file that is written.
pub(super) const CURRENT: &str = "audit.ndjson";

/// The log can't be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
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
    /// Others could change the log.
    #[error("others can write to {0} (mode {mode:04o}): run `chmod {remedy} {0}`, and look at it with `muxwire audit verify`", path.display())]
    Writable {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// The mode that it should have.
        remedy: &'static str,
    },
    /// Somebody else could.
    #[error("{} belongs to the user with id {owner}, not to the one that runs muxwire: use that user, or another --state-dir", path.display())]
    Foreign {
        /// The file or folder.
        path: PathBuf,
        /// The user id of the owner.
        owner: u32,
    },
    /// It is no file.
    #[error("{} is not a file: move it away", .0.display())]
    NotAFile(PathBuf),
    /// It is none that muxwire writes.
    #[error("{} is not what muxwire writes: {reason}; move it away, and look at the log with `muxwire audit verify`", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// As many servers as there may be write already.
    #[error("{CHAINS} servers write below {}: use another --state-dir", .0.display())]
    Full(PathBuf),
}

/// What becomes a [`FolderError`] once it is said what was being done.
pub(super) fn failed<'a>(
    doing: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> FolderError + use<'a> {
    move |source| FolderError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

/// A folder that this process alone writes to, for as long as it lives.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) path: PathBuf,
    _lock: File,
}

/// Makes the folders if need be, and takes the first chain that nobody writes to.
pub(super) fn take(state_dir: &Path) -> Result<Own, FolderError> {
    let folder = state_dir.join(FOLDER);
    make(&folder)?;
    for number in 1..=CHAINS {
        let path = folder.join(number.to_string());
        make(&path)?;
        let lock = open_private(
            &path.join(LOCK),
            OpenOptions::new().write(true).create(true),
        )?;
        match lock.try_lock() {
            Ok(()) => return Ok(Own { path, _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => {}
            Err(fs::TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
        }
    }
    Err(FolderError::Full(folder))
}

/// The folders of all chains below a state directory, in the order of their numbers.
///
/// # Errors
/// The folder can't be read.
pub fn chains(state_dir: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let folder = state_dir.join(FOLDER);
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed("read", &folder))? {
        let path = entry.map_err(failed("read", &folder))?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// The files of a chain with the numbers of their first lines, the oldest first; the one that is written stands apart.
pub(super) fn rotated(chain: &Path) -> Result<Vec<(u64, PathBuf)>, FolderError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(chain).map_err(failed("read", chain))? {
        let path = entry.map_err(failed("read", chain))?.path();
        let first = path.file_name().and_then(|name| {
            let name = name.to_str()?;
            let digits = name.strip_prefix("audit-")?.strip_suffix(".ndjson")?;
            digits.parse().ok()
        });
        found.extend(first.map(|first| (first, path)));
    }
    found.sort_unstable();
    Ok(found)
}

/// The name of a file that is no longer written.
pub(super) fn rotated_name(first: u64) -> String {
    format!("audit-{first:012}.ndjson")
}

/// The key for hashes of what is typed; made if there is none.
pub(super) fn key(state_dir: &Path) -> Result<[u8; 32], FolderError> {
    let folder = state_dir.join(FOLDER);
    make(&folder)?;
    let path = folder.join(KEY);
    let mut new = [0; 32];
    let random = |_| io::Error::other("the system gives no random numbers");
    getrandom::fill(&mut new).map_err(|error| failed("make", &path)(random(error)))?;
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path);
    match made {
        Ok(mut file) => {
            let text = format!("{}\n", HEXLOWER.encode(&new));
            let written = file
                .write_all(text.as_bytes())
                .and_then(|()| file.sync_all());
            if let Err(error) = written {
                // A part of a key would be refused for ever.
                let _ = fs::remove_file(&path);
                return Err(failed("write", &path)(error));
            }
            Ok(new)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read_key(&path),
        Err(error) => Err(failed("make", &path)(error)),
    }
}

fn read_key(path: &Path) -> Result<[u8; 32], FolderError> {
    let file = open_private(path, OpenOptions::new().read(true))?;
    let mut text = String::new();
    let read = file.take(100).read_to_string(&mut text);
    read.map_err(failed("read", path))?;
    let key = HEXLOWER.decode(text.trim().as_bytes()).ok();
    let broken = || FolderError::Broken {
        path: path.to_owned(),
        reason: "a key is 64 hexadecimal digits",
    };
    key.and_then(|key| key.try_into().ok()).ok_or_else(broken)
}

/// Opens a file of the log, which is refused if it is none, or if others could change it. Links are not followed, and
/// nothing that stands in its place is waited for.
pub(super) fn open_private(path: &Path, options: &mut OpenOptions) -> Result<File, FolderError> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let opened = options
        .mode(0o600)
        .custom_flags(flags.cast_signed())
        .open(path);
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
            return Err(FolderError::NotAFile(path.to_owned()));
        }
        opened => opened.map_err(failed("open", path))?,
    };
    let metadata = file.metadata().map_err(failed("look at", path))?;
    if !metadata.is_file() {
        return Err(FolderError::NotAFile(path.to_owned()));
    }
    check(path, &metadata, "600")?;
    Ok(file)
}

fn make(path: &Path) -> Result<(), FolderError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(failed("make", path))?;
    let metadata = fs::metadata(path).map_err(failed("look at", path))?;
    check(path, &metadata, "700")
}

/// Whether nobody else can change this.
pub(super) fn check(
    path: &Path,
    metadata: &fs::Metadata,
    remedy: &'static str,
) -> Result<(), FolderError> {
    let owner = metadata.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(FolderError::Foreign {
            path: path.to_owned(),
            owner,
        });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 {
        return Err(FolderError::Writable {
            path: path.to_owned(),
            mode,
            remedy,
        });
    }
    Ok(())
}
