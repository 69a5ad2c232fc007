//! What can be wrong with a tmux, each with its remedy.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::ids::SessionId;
use crate::tmux::Version;

/// Why tmux can't be used, or why one command of it failed. Every message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum TmuxError {
    /// No such program, on PATH or at the path given.
    #[error("no tmux program at {}: install tmux {} or later, or put it on PATH", program.display(), Version::FULL)]
    Missing {
        /// The name or the path that was looked for.
        program: PathBuf,
    },
    /// The program is there but can't be started.
    #[error("{} can't be started ({source}): make it executable for this user", program.display())]
    NotExecutable {
        /// The program's path.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program doesn't say `tmux VERSION`.
    #[error("{} says it is {said:?}: give the path of a tmux program", program.display())]
    NotTmux {
        /// The program's path.
        program: PathBuf,
        /// The first line that it printed, shortened.
        said: String,
    },
    /// The program is older than what muxwire can use.
    #[error("tmux {version} at {} is too old: install {} or later ({} still works, without flow control)", program.display(), Version::FULL, Version::OLDEST)]
    ProgramTooOld {
        /// The program's path.
        program: PathBuf,
        /// What it is.
        version: Version,
    },
    /// The server that is running is older than what muxwire can use, whatever the installed program is.
    #[error("the tmux server on {} is version {version}, too old: end it with kill-server and start tmux {} or later", socket.display(), Version::FULL)]
    ServerTooOld {
        /// The server's socket.
        socket: PathBuf,
        /// What it is.
        version: Version,
    },
    /// The socket belongs to somebody else.
    #[error("no permission for the tmux socket {}: run muxwire as the user who runs tmux, or name another socket with -S or -L", socket.display())]
    NotPermitted {
        /// The socket.
        socket: PathBuf,
    },
    /// There is something at the socket's path, and it isn't a socket.
    #[error("{} is not a socket: name tmux's socket with -S, or its name with -L", socket.display())]
    NotASocket {
        /// The path.
        socket: PathBuf,
    },
    /// The socket's path is longer than the system allows.
    #[error("the socket path {} is longer than {limit} bytes: choose a shorter one with -S or TMUX_TMPDIR", socket.display())]
    PathTooLong {
        /// The path.
        socket: PathBuf,
        /// The longest that the system takes.
        limit: usize,
    },
    /// No server listens on the socket.
    #[error("no tmux server on {}: start one with `tmux new-session -d`", socket.display())]
    NoServer {
        /// The socket.
        socket: PathBuf,
    },
    /// The program and the running server don't understand each other, as after an upgrade.
    #[error(
        "{}; the program is {}, and tmux said: {said}",
        Self::misfit(program_version, server_version.as_ref()), program.display()
    )]
    Misfit {
        /// The program's path.
        program: PathBuf,
        /// What it is.
        program_version: Version,
        /// What the server is, where its program could be found.
        server_version: Option<Version>,
        /// What the program printed, in one line of printable characters.
        said: String,
    },
    /// A session that would go when muxwire leaves it.
    #[error(
        "session {session} has destroy-unattached {value}, so it would go when muxwire detaches: set it off with `tmux set-option -t '{session}' destroy-unattached off`"
    )]
    DestroyUnattached {
        /// The session.
        session: SessionId,
        /// The option's value.
        value: String,
    },
    /// A server that ends when muxwire leaves it, unless somebody else is attached.
    #[error(
        "exit-unattached is on, so the tmux server would end when muxwire detaches: set it off with `tmux set-option -s exit-unattached off`, or have it watched all the same with server.exit_unattached = \"watch\""
    )]
    ExitUnattached,
    /// A helper command took too long and was ended.
    #[error(
        "`tmux {command}` did not end within {after:?}: the tmux server hangs; look at it with `tmux ls`, and restart it if that hangs too"
    )]
    TimedOut {
        /// The command's name.
        command: String,
        /// The deadline that passed.
        after: Duration,
    },
    /// tmux refused a helper command.
    #[error("`tmux {command}` failed: {said}")]
    Failed {
        /// The command's name.
        command: String,
        /// What tmux printed, in one line of printable characters.
        said: String,
    },
    /// tmux answered something that muxwire can't read.
    #[error(
        "`tmux {command}` answered what muxwire can't read: {detail}; please report it with the output of `tmux -V`"
    )]
    Unreadable {
        /// The command's name.
        command: String,
        /// What was wrong.
        detail: String,
    },
    /// The system refused something, such as a new process.
    #[error("{what}: {source}; check the limits on processes and open files")]
    System {
        /// What was to be done.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl TmuxError {
    /// What to do about two versions that don't fit. It names no path, so that everybody may read it.
    #[must_use]
    pub fn misfit(program: &Version, server: Option<&Version>) -> String {
        let server = server.map_or_else(
            || "of another version".to_owned(),
            |version| format!("version {version}"),
        );
        format!(
            "the tmux program is version {program} and does not fit the running tmux server, which is {server}: set \
             server.tmux to the program that the server was started from, or end the server with that program's \
             `kill-server` and start it anew"
        )
    }

    /// Whether waiting for the server can heal it: no server, or one that does not answer now.
    #[must_use]
    pub fn heals_by_waiting(&self) -> bool {
        matches!(
            self,
            Self::NoServer { .. }
                | Self::Misfit { .. }
                | Self::TimedOut { .. }
                | Self::Failed { .. }
                | Self::System { .. }
        )
    }
}
