//! Noticing that something happened to tmux's socket, without asking again and again.

use std::path::Path;

use crate::file_watch::{FileWatch, Timing, Woken};

/// A watch over one socket's path.
#[derive(Debug)]
pub struct SocketWatch(FileWatch);

impl SocketWatch {
    /// Starts watching. Where the system has no file-system events, the slow retry alone remains.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self(FileWatch::new(vec![socket.to_owned()], Timing::SOCKET))
    }

    /// Waits until something may have changed since the last call: look again then.
    pub async fn changed(&mut self) -> Woken {
        self.0.changed().await
    }
}
