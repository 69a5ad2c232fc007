//! The tmux program and its helper commands, each with a deadline.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::process::Command;

use crate::control::rows::{PaneStateRow, Row as _};
use crate::ids::PaneId;
use crate::tmux::output::{output_in_background, output_of, printable};
use crate::tmux::program::Program;
use crate::tmux::relay::{LONGEST_SOCKET_PATH, Turns};
use crate::tmux::{Relay, TmuxError, Version, spawn};

/// Which tmux server is meant, as with tmux's own `-L` and `-S`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SocketChoice {
    /// The server of the tmux that we run in, else the one named `default`.
    #[default]
    Default,
    /// `-L NAME`.
    Name(String),
    /// `-S PATH`.
    Path(PathBuf),
}

/// A tmux program that can be used, and the socket of the server that is meant. The server need not run.
#[derive(Debug, Clone)]
pub struct Tmux {
    program: Program,
    socket: PathBuf,
    program_version: Version,
    server_version: Option<Version>,
    turns: Turns,
}

impl Tmux {
    /// Asks the program for its version, and settles on the socket. Touches no server.
    ///
    /// # Errors
    /// No such program, one that is too old or no tmux, or a socket path that is too long.
    pub async fn probe(program: &Path, choice: SocketChoice) -> Result<Self, TmuxError> {
        let socket = socket_path(choice, |name| env::var_os(name));
        if socket.as_os_str().len() > LONGEST_SOCKET_PATH {
            return Err(TmuxError::PathTooLong {
                socket,
                limit: LONGEST_SOCKET_PATH,
            });
        }
        let program = Program::at(program);
        let program_version = program.version().await?;
        Ok(Self {
            program,
            socket,
            program_version,
            server_version: None,
            turns: Turns::default(),
        })
    }

    /// The same, knowing the version of the server that runs, which may differ from the program's after an upgrade.
    ///
    /// # Errors
    /// A server that is too old.
    pub fn with_server(&self, server: Version) -> Result<Self, TmuxError> {
        if !server.is_usable() {
            return Err(TmuxError::ServerTooOld {
                socket: self.socket.clone(),
                version: server,
            });
        }
        Ok(Self {
            server_version: Some(server),
            ..self.clone()
        })
    }

    /// The same with the program that the running server was started from, if that is another version than this one. None
    /// if the server's program can't be found, or is none that says it is tmux.
    ///
    /// # Errors
    /// A server that is too old.
    pub(super) async fn with_program_of_server(&self) -> Result<Option<Self>, TmuxError> {
        let Some(program) = Program::of_server(&self.socket).await else {
            return Ok(None);
        };
        match program.version().await {
            Ok(program_version) if program_version == self.program_version => Ok(None),
            Ok(program_version) => Ok(Some(Self {
                program,
                program_version,
                ..self.clone()
            })),
            Err(TmuxError::ProgramTooOld { version, .. }) => Err(TmuxError::ServerTooOld {
                socket: self.socket.clone(),
                version,
            }),
            Err(error) => {
                tracing::debug!(%error, "the program of the running tmux server can't be used");
                Ok(None)
            }
        }
    }

    /// Whether the program is of the server's own version, so that the two surely fit.
    #[must_use]
    pub fn is_of_server(&self) -> bool {
        self.server_version.as_ref() == Some(&self.program_version)
    }

    /// Where the program is.
    pub(super) fn program_path(&self) -> &Path {
        self.program.path()
    }

    /// The program's own version, whatever the server's is.
    pub(super) fn program_version(&self) -> &Version {
        &self.program_version
    }

    /// The server's version where it is known, else the program's. Capabilities and hazards are the server's.
    #[must_use]
    pub fn version(&self) -> &Version {
        self.server_version
            .as_ref()
            .unwrap_or(&self.program_version)
    }

    /// The path of the server's socket.
    #[must_use]
    pub fn socket_path(&self) -> &Path {
        &self.socket
    }

    /// Runs one helper command, such as `["list-sessions"]`, and returns what it printed. Never starts a server.
    ///
    /// # Errors
    /// No server, no permission, a command that fails, or one that does not end within the deadline (it is ended).
    pub async fn run<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        deadline: Duration,
    ) -> Result<Vec<u8>, TmuxError> {
        let command = self.helper_command().await?;
        self.finish(command, arguments, deadline).await
    }

    /// The same for what can wait. If muxwire is killed, such a command ends by itself.
    pub(super) async fn run_in_background<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        deadline: Duration,
    ) -> Result<Vec<u8>, TmuxError> {
        let mut command = self.helper_command().await?;
        command.args(arguments).stdin(Stdio::null());
        let output = output_in_background(command, deadline).await;
        self.printed(output, arguments, deadline).await
    }

    /// Prints a pane: a [`PaneStateRow`] first, then up to `above` lines of its history, then each visible line, with their
    /// attributes.
    ///
    /// # Errors
    /// As with [`Self::run`]; a pane that is gone makes the command fail.
    pub async fn print_pane(
        &self,
        pane: PaneId,
        above: u32,
        deadline: Duration,
    ) -> Result<Vec<u8>, TmuxError> {
        let pane = pane.to_string();
        let start = format!("-{above}");
        let state = [
            "display-message",
            "-p",
            "-t",
            &pane,
            PaneStateRow::FORMAT,
            ";",
        ];
        let screen = ["capture-pane", "-p", "-e", "-N", "-t", &pane];
        let history = ["-S", &start];
        let history = if above > 0 { &history[..] } else { &[] };
        self.run(&[&state[..], &screen[..], history].concat(), deadline)
            .await
    }

    /// The same, but starts a server if there is none: for servers of muxwire's own.
    pub(super) async fn start_server<S: AsRef<OsStr>>(
        &self,
        arguments: &[S],
        deadline: Duration,
    ) -> Result<Vec<u8>, TmuxError> {
        let command = command_on(self.program.command(), &self.socket);
        self.finish(command, arguments, deadline).await
    }

    /// A command that starts no server: below 3.2 a few would, so there must be one.
    async fn helper_command(&self) -> Result<Command, TmuxError> {
        if !self.starts_no_server() {
            self.check_socket().await?;
        }
        Ok(self.command())
    }

    async fn finish<S: AsRef<OsStr>>(
        &self,
        mut command: Command,
        arguments: &[S],
        deadline: Duration,
    ) -> Result<Vec<u8>, TmuxError> {
        command.args(arguments).stdin(Stdio::null());
        spawn::end_with_parent(&mut command);
        let output = output_of(&mut command, deadline).await;
        self.printed(output, arguments, deadline).await
    }

    /// What a command printed, or why it failed.
    async fn printed<S: AsRef<OsStr>>(
        &self,
        output: io::Result<Option<Output>>,
        arguments: &[S],
        deadline: Duration,
    ) -> Result<Vec<u8>, TmuxError> {
        let name = || {
            arguments
                .first()
                .map_or_else(String::new, |first| printable(first.as_ref().as_bytes()))
        };
        let output = output
            .map_err(|source| self.start_error(source))?
            .ok_or_else(|| TmuxError::TimedOut {
                command: name(),
                after: deadline,
            })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        self.check_socket().await?;
        Err(TmuxError::Failed {
            command: name(),
            said: printable(&output.stderr),
        })
    }

    /// Whether a server listens on the socket, found out by connecting and leaving at once, which disturbs nobody.
    ///
    /// # Errors
    /// No server, no permission, or something else at that path.
    pub async fn check_socket(&self) -> Result<(), TmuxError> {
        match fs::metadata(&self.socket) {
            Ok(found) if !found.file_type().is_socket() => {
                return Err(TmuxError::NotASocket {
                    socket: self.socket.clone(),
                });
            }
            Ok(_) => {}
            Err(error) => return Err(self.connect_error(error)),
        }
        UnixStream::connect(&self.socket)
            .await
            .map(drop)
            .map_err(|error| self.connect_error(error))
    }

    /// The same, at once: for what can't wait.
    pub(super) fn check_socket_now(&self) -> Result<(), TmuxError> {
        let connected = std::os::unix::net::UnixStream::connect(&self.socket);
        connected
            .map(drop)
            .map_err(|error| self.connect_error(error))
    }

    /// Whether no command of this program starts a server, thanks to `-N`.
    pub(super) fn starts_no_server(&self) -> bool {
        self.program_version.has_no_start_flag()
    }

    /// `tmux -u -S SOCKET`, with `-N` where tmux knows it, in a clean environment.
    ///
    /// `-u`, since under a C locale tmux writes `_` for tabs and for all that isn't ASCII.
    pub(super) fn command(&self) -> Command {
        self.command_through(&self.socket)
    }

    /// The same, for a server that is reached through another socket.
    pub(super) fn command_through(&self, socket: &Path) -> Command {
        let mut command = self.program.command();
        if self.program_version.has_no_start_flag() {
            command.arg("-N");
        }
        command_on(command, socket)
    }

    /// A relay for one control client, if the server needs one: one that dies of notifications while it attaches, and
    /// where the kernel does not end our children with us, any that can be attached through one.
    ///
    /// # Errors
    /// It can't be made, or the program is of a version whose clients can't be relayed.
    pub(super) fn relay(&self) -> Result<Option<Relay>, TmuxError> {
        let helps = self.version().dies_of_early_notifications()
            || (!cfg!(target_os = "linux") && self.version().has_flow_control());
        if !helps {
            return Ok(None);
        }
        let relay = Relay::listen(&self.socket, &self.program_version)?;
        Ok(Some(relay.in_turn(&self.turns)))
    }

    /// What it means that the program could not be started.
    pub(super) fn start_error(&self, source: io::Error) -> TmuxError {
        self.program.start_error(source)
    }

    fn connect_error(&self, source: io::Error) -> TmuxError {
        let socket = self.socket.clone();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => {
                TmuxError::NoServer { socket }
            }
            ErrorKind::PermissionDenied => TmuxError::NotPermitted { socket },
            ErrorKind::NotADirectory => TmuxError::NotASocket { socket },
            _ => TmuxError::System {
                what: "connecting to tmux's socket",
                source,
            },
        }
    }
}

fn command_on(mut command: Command, socket: &Path) -> Command {
    command.arg("-u").arg("-S").arg(socket);
    spawn::clean_environment(&mut command);
    command
}

/// The socket that tmux itself would use for the same choice and environment.
fn socket_path(choice: SocketChoice, variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let name = match choice {
        SocketChoice::Path(path) => return path,
        SocketChoice::Name(name) => name,
        SocketChoice::Default => {
            // TMUX is socket,pid,session; the path itself may hold commas, the other two can't.
            let inside = variable("TMUX").filter(|value| !value.is_empty());
            if let Some(value) = inside {
                let path = value
                    .as_bytes()
                    .rsplitn(3, |&byte| byte == b',')
                    .last()
                    .unwrap_or_default();
                return PathBuf::from(OsStr::from_bytes(path));
            }
            "default".to_owned()
        }
    };
    let base = variable("TMUX_TMPDIR")
        .filter(|folder| !folder.is_empty())
        .and_then(|folder| fs::canonicalize(folder).ok())
        .unwrap_or_else(|| fs::canonicalize("/tmp").unwrap_or_else(|_| PathBuf::from("/tmp")));
    base.join(format!("tmux-{}", rustix::process::getuid().as_raw()))
        .join(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn the_socket_is_the_one_that_tmux_would_use() {
        let uid = rustix::process::getuid().as_raw();
        let temp = fs::canonicalize("/tmp").unwrap();
        let named = |name: &str| temp.join(format!("tmux-{uid}")).join(name);
        let folder = tempfile::tempdir().unwrap();
        let own = fs::canonicalize(folder.path()).unwrap();
        let own_text = own.to_str().unwrap();
        let work = || SocketChoice::Name("work".into());
        let rows = [
            (SocketChoice::Default, "NONE", "", named("default")),
            (
                SocketChoice::Default,
                "TMUX",
                "/run/a,b,12,0",
                PathBuf::from("/run/a,b"),
            ),
            (SocketChoice::Default, "TMUX", "", named("default")),
            (
                SocketChoice::Default,
                "TMUX_TMPDIR",
                "/nowhere",
                named("default"),
            ),
            (
                SocketChoice::Default,
                "TMUX_TMPDIR",
                own_text,
                own.join(format!("tmux-{uid}/default")),
            ),
            (work(), "TMUX", "/run/a,12,0", named("work")),
            (work(), "TMUX_TMPDIR", "", named("work")),
            (
                SocketChoice::Path("/x/y".into()),
                "TMUX",
                "/run/a,12,0",
                PathBuf::from("/x/y"),
            ),
        ];
        for (choice, variable, value, expected) in rows {
            let look_up = |name: &str| (name == variable).then(|| value.into());
            assert_eq!(
                socket_path(choice.clone(), look_up),
                expected,
                "{choice:?} {variable}={value}"
            );
        }
    }
}
