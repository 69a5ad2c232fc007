//! Hooks that agents call: a socket for datagrams, in a folder that only its owner can enter.
//!
//! Whoever calls a hook waits for nobody here: what finds no room in the socket's queue is lost for the sender, which ends
//! without a word.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::os::unix::net::UnixDatagram as StdDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::process::geteuid;
use tokio::net::UnixDatagram;

use super::processes;
use crate::agent::{Hook, HookMessage, LONGEST_MESSAGE, RuleSet};
use crate::file_watch::blocking;
use crate::hub::PrintsIn;

/// The most processes above a hook that are looked at. Between it and its agent are a shell or two.
const MOST_ANCESTORS: usize = 16;

/// A hook that was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HookCall {
    /// By which agent.
    pub(super) agent: String,
    /// What it says.
    pub(super) hook: Hook,
    /// Where.
    pub(super) place: PrintsIn,
    /// The agent's process, as far as it can be found above the hook's.
    pub(super) caller: Option<u32>,
}

/// Why there is no socket for hooks.
#[derive(Debug, thiserror::Error)]
pub(super) enum HookSocketError {
    #[error("others can enter the folder {} (mode {mode:03o}), so they could call hooks of yours: chmod 700 it", folder.display())]
    Open { folder: PathBuf, mode: u32 },
    #[error("can't listen for hooks at {}: {source}; a path of more than 107 bytes is too long for a socket, and server.state_dir may be a shorter one", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// The socket. It lies at its path until this is dropped.
#[derive(Debug)]
pub(super) struct HookSocket {
    socket: UnixDatagram,
    path: PathBuf,
    buffer: Vec<u8>,
}

impl HookSocket {
    /// Listens at a path. Sockets beside it that nobody listens on any more go.
    pub(super) fn bind(path: &Path) -> Result<Self, HookSocketError> {
        let failed = |source| HookSocketError::Io {
            path: path.to_owned(),
            source,
        };
        let folder = path.parent().unwrap_or(path);
        make_private(folder).map_err(failed)?;
        let found = fs::metadata(folder).map_err(failed)?;
        let mode = found.mode() & 0o777;
        if found.uid() != geteuid().as_raw() || mode & 0o077 != 0 {
            return Err(HookSocketError::Open {
                folder: folder.to_owned(),
                mode,
            });
        }
        remove_stale(folder);
        // A source that is begun anew finds its own.
        let _ = fs::remove_file(path);
        let socket = UnixDatagram::bind(path).map_err(failed)?;
        Ok(Self {
            socket,
            path: path.to_owned(),
            buffer: vec![0; LONGEST_MESSAGE + 1],
        })
    }

    /// The next hook that is called. What is no message is left out.
    pub(super) async fn next(&mut self, rules: Arc<RuleSet>) -> io::Result<HookCall> {
        loop {
            let length = self.socket.recv(&mut self.buffer).await?;
            let message = match HookMessage::decode(&self.buffer[..length]) {
                Ok(message) => message,
                Err(error) => {
                    tracing::debug!(%error, "what came to the socket for hooks is none");
                    continue;
                }
            };
            let HookMessage {
                agent,
                hook,
                server,
                pane,
                processes,
            } = message;
            let (above, rules) = (processes.clone(), Arc::clone(&rules));
            let found = blocking(move || caller(&above, &rules)).await;
            let is_own = found.as_ref().is_none_or(|(kind, _)| *kind == agent);
            if !is_own {
                tracing::debug!(agent, "another agent's process called its hook");
                continue;
            }
            return Ok(HookCall {
                agent,
                hook,
                place: PrintsIn {
                    server,
                    pane: pane.and_then(|pane| pane.parse().ok()),
                    processes,
                },
                caller: found.map(|(_, pid)| pid),
            });
        }
    }
}

impl Drop for HookSocket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "the socket for hooks is left behind; the next start removes it");
        }
    }
}

fn make_private(folder: &Path) -> io::Result<()> {
    if let Some(above) = folder.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(above)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Removes the sockets of servers that were killed.
fn remove_stale(folder: &Path) {
    let Ok(probe) = StdDatagram::unbound() else {
        return;
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if probe.connect(entry.path()).is_err_and(refused)
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::debug!(%error, "a stale socket for hooks can't be removed");
        }
    }
}

/// The agent whose process is nearest above a hook's, and of processes of that agent that start each other the topmost,
/// which is the one that counts as the agent. One that another agent runs as its tool has a shell in between.
fn caller(processes: &[u32], rules: &RuleSet) -> Option<(String, u32)> {
    let kind = |pid: u32| {
        let process = [processes::process(pid)?];
        let (rules, _) = rules.identify(pid, &process)?;
        Some(rules.id().to_owned())
    };
    let mut found: Option<(String, u32)> = None;
    for pid in processes.iter().copied().take(MOST_ANCESTORS) {
        found = match (found, kind(pid)) {
            (None, kind) => kind.map(|kind| (kind, pid)),
            (Some((known, _)), Some(kind)) if kind == known => Some((known, pid)),
            (found, _) => return found,
        };
    }
    found
}
