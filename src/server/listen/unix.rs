//! The Unix socket: a file that only its owner can connect to.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};
use tokio::net::{UnixListener, UnixStream};
use tracing::warn;

use super::ClientAddress;
use crate::private_file;

/// A socket that lies at its path until it is dropped.
#[derive(Debug)]
pub(in crate::server) struct LocalListener {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode: another's socket at the path is not ours to remove.
    file: (u64, u64),
    /// HeldLimits as long as we listen, so that two never take each other's socket for a stale one.
    _lock: File,
}

/// Why there can be no socket at a path.
#[derive(Debug, thiserror::Error)]
pub(super) enum LocalError {
    #[error("another server listens on {}", .0.display())]
    Taken(PathBuf),
    #[error("{} is there and is no socket, so it is not replaced: remove it, or choose another path", .0.display())]
    NoSocket(PathBuf),
    #[error("the socket {} belongs to the user {owner}: remove it, or choose another path", path.display())]
    Foreign { path: PathBuf, owner: u32 },
    #[error(
        "others can change the folder {} (mode {mode:03o}), so they could put a socket of theirs there: choose a folder \
         of your own, such as $XDG_RUNTIME_DIR", folder.display()
    )]
    OpenFolder { folder: PathBuf, mode: u32 },
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LocalError {
    let path = path.to_owned();
    move |source| LocalError::Io {
        doing,
        path,
        source,
    }
}

impl LocalListener {
    /// Listens at a path, which must hold nothing, or a socket of the same user that nobody listens on any more.
    pub(super) fn bind(path: &Path) -> Result<Self, LocalError> {
        check_folder(path)?;
        let lock = lock(path)?;
        check_vacant(path)?;
        // The socket gets its name when it is private already, and takes the place of a stale one in one step.
        let draft = beside(path, ".new");
        remove(&draft)?;
        let listener = private(|| UnixListener::bind(&draft)).map_err(failed("listen on", path))?;
        let made = fs::symlink_metadata(&draft).map_err(failed("look at", &draft))?;
        fs::rename(&draft, path).map_err(failed("name the socket", path))?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            file: (made.dev(), made.ino()),
            _lock: lock,
        })
    }

    /// A connection, and whose it is.
    pub(super) async fn accept(&self) -> io::Result<(UnixStream, ClientAddress)> {
        let (stream, _) = self.listener.accept().await?;
        let user = stream.peer_cred()?.uid();
        Ok((stream, ClientAddress::User(user)))
    }
}

impl Drop for LocalListener {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path);
        let ours = found.is_ok_and(|found| (found.dev(), found.ino()) == self.file);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            warn!(%error, path = %self.path.display(), "the socket is left behind; the next start replaces it");
        }
    }
}

/// Does something whose files nobody else is to reach, from the first moment on.
fn private<T>(work: impl FnOnce() -> T) -> T {
    let before = umask(Mode::from_bits_retain(0o177));
    let outcome = work();
    umask(before);
    outcome
}

/// Nobody else may be able to exchange what lies in the folder.
fn check_folder(path: &Path) -> Result<(), LocalError> {
    let folder = path.parent().unwrap_or(path);
    let found = fs::metadata(folder).map_err(failed("look at the folder", folder))?;
    let mode = found.mode() & 0o7777;
    let sticky = mode & 0o1000 != 0;
    let trusted = [0, geteuid().as_raw()].contains(&found.uid());
    if !trusted || (mode & 0o022 != 0 && !sticky) {
        return Err(LocalError::OpenFolder {
            folder: folder.to_owned(),
            mode,
        });
    }
    Ok(())
}

/// The holder of the lock may take the path.
fn lock(path: &Path) -> Result<File, LocalError> {
    let name = beside(path, ".lock");
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(&name);
    let file = opened.map_err(failed("open", &name))?;
    match private_file::lock_soon(&file).map_err(failed("lock", &name))? {
        true => Ok(file),
        false => Err(LocalError::Taken(path.to_owned())),
    }
}

fn check_vacant(path: &Path) -> Result<(), LocalError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("look at", path)(error)),
    };
    if !found.file_type().is_socket() {
        return Err(LocalError::NoSocket(path.to_owned()));
    }
    if found.uid() != geteuid().as_raw() {
        return Err(LocalError::Foreign {
            path: path.to_owned(),
            owner: found.uid(),
        });
    }
    match StdStream::connect(path) {
        // Nobody listens any more.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(LocalError::Taken(path.to_owned())),
        Err(error) => Err(failed("try", path)(error)),
    }
}

fn remove(path: &Path) -> Result<(), LocalError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener as StdListener;

    use super::*;

    #[tokio::test]
    async fn the_socket_is_private_and_goes_with_its_listener() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = LocalListener::bind(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let _client = StdStream::connect(&path).unwrap();
        let (_, address) = listener.accept().await.unwrap();
        assert_eq!(address, ClientAddress::User(geteuid().as_raw()));
        drop(listener);
        assert!(!path.exists());
    }

    /// What lies at the path, and the word that refuses it, if it is refused.
    #[tokio::test]
    async fn only_what_is_stale_is_replaced() {
        type Row = (&'static str, fn(&Path), Option<&'static str>);
        let rows: [Row; 5] = [
            ("nothing", |_| {}, None),
            (
                "a stale socket",
                |path| drop(StdListener::bind(path).unwrap()),
                None,
            ),
            (
                "a file",
                |path| fs::write(path, "precious").unwrap(),
                Some("no socket"),
            ),
            (
                "a link",
                |path| symlink("/etc/passwd", path).unwrap(),
                Some("no socket"),
            ),
            (
                "a folder for all",
                |path| {
                    let open = Permissions::from_mode(0o777);
                    fs::set_permissions(path.parent().unwrap(), open).unwrap();
                },
                Some("others can change"),
            ),
        ];
        for (what, lay, refusal) in rows {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("socket");
            lay(&path);
            match (LocalListener::bind(&path), refusal) {
                (Ok(_), None) => {}
                (Err(error), Some(word)) => {
                    assert!(error.to_string().contains(word), "{what}: {error}");
                }
                (outcome, _) => panic!("{what}: {outcome:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_socket_that_lives_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let ours = folder.path().join("ours");
        let first = LocalListener::bind(&ours).unwrap();
        let others = folder.path().join("others");
        let _other = StdListener::bind(&others).unwrap();
        for path in [&ours, &others] {
            let refused = LocalListener::bind(path).unwrap_err().to_string();
            assert!(refused.contains("another server listens"), "{refused}");
        }
        drop(first);
        LocalListener::bind(&ours).unwrap();
    }

    #[tokio::test]
    async fn another_socket_at_the_path_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = LocalListener::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = StdListener::bind(&path).unwrap();
        drop(listener);
        assert!(path.exists());
    }
}
