//! Noticing that something happened to tmux's socket, without asking again and again.
//!
//! File-system events on the socket's folder, or on the nearest ancestor that exists. Events can be lost (limits, file
//! systems that have none), so a slow retry stands behind them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long to wait for an event before looking all the same.
const SLOW_RETRY: Duration = Duration::from_secs(5);

/// Why [`SocketWatch::changed`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The file system said that something happened to the socket or to a folder above it.
    Event,
    /// Nothing was said for a while.
    Retry,
}

/// A watch over one socket's path.
#[derive(Debug)]
pub struct SocketWatch {
    socket: PathBuf,
    watcher: Option<RecommendedWatcher>,
    watched: Option<Folder>,
    /// One place: it is a flag that something happened since the last look.
    events: mpsc::Receiver<()>,
}

/// A folder as it was when the watch was set; a new one of the same name is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Folder {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketWatch {
    /// Starts watching. Where the system has no file-system events, the slow retry alone remains.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        let socket = std::path::absolute(socket).unwrap_or_else(|_| socket.to_owned());
        let (sender, events) = mpsc::channel(1);
        let of_interest = socket.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if concerns(&event, &of_interest) {
                // A full channel already says what this would say.
                let _ = sender.try_send(());
            }
        });
        let watcher = watcher
            .inspect_err(
                |error| tracing::warn!(%error, "no file-system events: looking for tmux at intervals"),
            )
            .ok();
        let mut watch = Self {
            socket,
            watcher,
            watched: None,
            events,
        };
        watch.follow();
        watch
    }

    /// Waits until something may have changed since the last call: look again then.
    pub async fn changed(&mut self) -> Woken {
        if self.follow() {
            return Woken::Event;
        }
        match timeout(SLOW_RETRY, self.events.recv()).await {
            Ok(Some(())) => Woken::Event,
            // The sender lives in the watcher; without one only time passes.
            Ok(None) => {
                tokio::time::sleep(SLOW_RETRY).await;
                Woken::Retry
            }
            Err(_) => Woken::Retry,
        }
    }

    /// Watches the nearest folder that exists. True if that is another one than before, so that something may have
    /// happened in it before the watch stood.
    fn follow(&mut self) -> bool {
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        let nearest = self.socket.ancestors().skip(1).find_map(Folder::at);
        if nearest == self.watched {
            return false;
        }
        if let Some(old) = self.watched.take() {
            // It fails when the folder is gone, and then there is nothing left to do.
            let _ = watcher.unwatch(&old.path);
        }
        let Some(folder) = nearest else { return false };
        match watcher.watch(&folder.path, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.watched = Some(folder);
                true
            }
            Err(error) => {
                tracing::debug!(%error, folder = %folder.path.display(), "the folder can't be watched");
                false
            }
        }
    }
}

impl Folder {
    fn at(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
        Some(Self {
            path: path.to_owned(),
            device: found.dev(),
            inode: found.ino(),
        })
    }
}

/// Whether an event concerns the socket or a folder above it; its neighbours and mere reading don't.
fn concerns(event: &notify::Result<notify::Event>, socket: &Path) -> bool {
    match event {
        Ok(event) if event.need_rescan() => true,
        Ok(event) => {
            !matches!(event.kind, EventKind::Access(_))
                && event.paths.iter().any(|path| socket.starts_with(path))
        }
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    async fn woken(watch: &mut SocketWatch, what: &str) {
        let woken = timeout(Duration::from_secs(3), watch.changed()).await;
        assert_eq!(woken, Ok(Woken::Event), "{what}");
    }

    #[tokio::test]
    async fn the_socket_is_noticed_through_folders_that_come_and_go() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("tmux-0");
        let socket = folder.join("default");
        let mut watch = SocketWatch::new(&socket);

        fs::write(temp.path().join("neighbour"), "").unwrap();
        let quiet = timeout(Duration::from_millis(200), watch.changed()).await;
        assert!(quiet.is_err(), "a neighbour is of no interest");

        for round in ["first", "again"] {
            fs::create_dir(&folder).unwrap();
            woken(&mut watch, round).await;
            fs::write(&socket, "").unwrap();
            woken(&mut watch, round).await;
            fs::remove_dir_all(&folder).unwrap();
            woken(&mut watch, round).await;
        }
    }
}
