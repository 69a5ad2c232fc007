//! A tmux program that can be started: the one that the user named, or the one that the running server was started from.
//!
//! After an upgrade the program on PATH can be of another version than the server that still runs, and the two may not
//! understand each other. The server's own program always fits, and its process keeps it even when its file is deleted.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::process::Command;

use crate::tmux::output::{output_of, printable};
use crate::tmux::{TmuxError, Version, spawn};

/// How long `tmux -V` may take.
const VERSION_DEADLINE: Duration = Duration::from_secs(5);

/// The options of the dynamic loader that are followed by a value.
const LOADER_OPTIONS: [&[u8]; 6] = [
    b"--library-path",
    b"--inhibit-rpath",
    b"--audit",
    b"--preload",
    b"--argv0",
    b"--glibc-hwcaps-prepend",
];

/// A program and what has to stand before tmux's own arguments.
#[derive(Debug, Clone)]
pub(super) struct Program {
    path: PathBuf,
    /// The arguments of the dynamic loader, when tmux runs through it.
    before: Vec<OsString>,
    /// The open file of a running program: it stays the same one, whatever happens to its path or its process.
    kept: Option<Arc<File>>,
}

impl Program {
    /// The program at a path, or on PATH.
    pub(super) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            before: Vec::new(),
            kept: None,
        }
    }

    /// The program of the server that listens on the socket, where it can be found: the server is ours, it calls itself tmux,
    /// and what it runs can be read. Only [`Self::version`] finds out whether it is tmux.
    pub(super) async fn of_server(socket: &Path) -> Option<Self> {
        let connection = UnixStream::connect(socket).await.ok()?;
        let peer = connection.peer_cred().ok()?;
        let pid = peer.pid()?;
        // What another user put there is never run.
        if pid <= 0 || peer.uid() != rustix::process::getuid().as_raw() {
            return None;
        }
        // Something else that listens there is not to be started only to learn what it is.
        let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
        if !name.starts_with(b"tmux") {
            return None;
        }
        let link = PathBuf::from(format!("/proc/{pid}/exe"));
        let file = File::open(&link).ok()?;
        let path = fs::read_link(&link).ok()?;
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        Some(Self {
            path,
            before: loader_arguments(&line).unwrap_or_default(),
            kept: Some(Arc::new(file)),
        })
    }

    /// Where it is; for one that was deleted, where it was.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A command that starts it, with no argument of tmux's yet.
    pub(super) fn command(&self) -> Command {
        let mut command = match &self.kept {
            // The child has the descriptor until it has become the program, and not after that.
            Some(file) => {
                let mut command = Command::new(format!("/proc/self/fd/{}", file.as_raw_fd()));
                // `tmux -V` begins with the name under which it was started.
                command.arg0("tmux");
                command
            }
            None => Command::new(&self.path),
        };
        command.args(&self.before);
        command
    }

    /// Asks it for its version.
    ///
    /// # Errors
    /// It can't be started, it is no tmux, or it is too old.
    pub(super) async fn version(&self) -> Result<Version, TmuxError> {
        let mut command = self.command();
        command.arg("-V").stdin(Stdio::null());
        spawn::clean_environment(&mut command);
        spawn::end_with_parent(&mut command);
        let output = output_of(&mut command, VERSION_DEADLINE)
            .await
            .map_err(|source| self.start_error(source))?
            .ok_or_else(|| TmuxError::TimedOut {
                command: "-V".to_owned(),
                after: VERSION_DEADLINE,
            })?;
        let said = String::from_utf8_lossy(&output.stdout);
        let version = said
            .starts_with("tmux ")
            .then(|| Version::parse(&said))
            .flatten();
        let Some(version) = version else {
            let said = printable(if output.stdout.is_empty() {
                &output.stderr
            } else {
                &output.stdout
            });
            return Err(TmuxError::NotTmux {
                program: self.path.clone(),
                said,
            });
        };
        if !version.is_usable() {
            return Err(TmuxError::ProgramTooOld {
                program: self.path.clone(),
                version,
            });
        }
        Ok(version)
    }

    /// What it means that it could not be started.
    pub(super) fn start_error(&self, source: io::Error) -> TmuxError {
        let program = self.path.clone();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => TmuxError::Missing { program },
            ErrorKind::PermissionDenied | ErrorKind::IsADirectory => {
                TmuxError::NotExecutable { program, source }
            }
            _ => TmuxError::System {
                what: "starting tmux",
                source,
            },
        }
    }
}

/// The arguments up to the program itself in the command line of a program that was started through the dynamic loader,
/// as `ld.so --library-path FOLDERS /usr/bin/tmux ...`. None for any other command line.
fn loader_arguments(line: &[u8]) -> Option<Vec<OsString>> {
    let mut arguments = line.split(|&byte| byte == 0);
    let name = arguments.next()?.rsplit(|&byte| byte == b'/').next()?;
    if !name.starts_with(b"ld-") && !name.starts_with(b"ld.so") {
        return None;
    }
    let mut before = Vec::new();
    while let Some(argument) = arguments.next() {
        before.push(OsString::from_vec(argument.to_vec()));
        if LOADER_OPTIONS.contains(&argument) {
            before.push(OsString::from_vec(arguments.next()?.to_vec()));
        } else if !argument.starts_with(b"--") {
            return (!argument.is_empty()).then_some(before);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_runs_through_the_loader_is_recognised_from_its_command_line() {
        let rows: [(&[u8], Option<&[&str]>); 6] = [
            (
                b"/lib/ld-linux.so.2\0--library-path\0/a:/b\0/usr/bin/tmux\0-u\0new\0",
                Some(&["--library-path", "/a:/b", "/usr/bin/tmux"]),
            ),
            (
                b"ld.so\0--inhibit-cache\0tmux\0-V\0",
                Some(&["--inhibit-cache", "tmux"]),
            ),
            (b"/usr/bin/tmux\0-u\0new\0", None),
            (b"/lib/ld-2.31.so\0--library-path\0", None),
            (b"/lib/ld-2.31.so\0", None),
            (b"", None),
        ];
        for (line, expected) in rows {
            let expected = expected.map(|words| words.iter().map(OsString::from).collect());
            assert_eq!(loader_arguments(line), expected, "{line:?}");
        }
    }
}
