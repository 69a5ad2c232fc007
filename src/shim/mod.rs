//! A terminal between a pane and the one program that runs in it: what the program prints and is typed passes byte for
//! byte, but queries of the program status protocol, which tmux doesn't answer, are answered (`query`). So programs that ask
//! first, such as Claude Code, report what they do in what they print, where everybody who reads the pane finds it.
//!
//! There are two processes besides the program. The *shim* stands in the pane, in the shell's job, and passes bytes on
//! (`pump`). The `monitor` leads a session whose terminal is the inner one, and waits for the program: a program can
//! only be stopped (Ctrl-Z) if its parent is in its session and not in its group. Before it becomes the program, the program's
//! process puts itself in the foreground (`monitor::start`), so that nothing of it runs in the background.
//!
//! It knows nothing of the server, and needs none.

mod jobs;
mod monitor;
mod pump;
mod query;
mod queue;
mod report;
mod terminal;

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::ExitCode;

use self::pump::Pump;
use self::terminal::OuterTerminal;

/// A program with its arguments.
pub type Argv = [OsString];

/// Why a program can't be run.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    /// A step failed.
    #[error("can't {what}: {error}")]
    Step {
        /// What was to be done.
        what: &'static str,
        /// Why it failed.
        error: io::Error,
    },
    /// The program itself can't be run.
    #[error("can't run {}: {error}", program.display())]
    Program {
        /// The program.
        program: OsString,
        /// Why not.
        error: io::Error,
    },
}

impl ShimError {
    fn step(what: &'static str) -> impl FnOnce(rustix::io::Errno) -> Self {
        move |error| Self::Step {
            what,
            error: error.into(),
        }
    }

    /// What shells exit with: 127 if there is no such program, 126 if it can't be run.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Program { error, .. } if error.kind() == io::ErrorKind::NotFound => 127,
            Self::Program { .. } => 126,
            Self::Step { .. } => 125,
        }
    }
}

/// Which of the processes this one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What stands in the pane.
    Shim,
    /// What waits for the program.
    Monitor,
    /// What becomes the program.
    Start,
}

impl Stage {
    /// The word for it on a command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shim => "shim",
            Self::Monitor => "monitor",
            Self::Start => "start",
        }
    }
}

/// Runs a program at this stage, and gives what to exit with. Where there is no terminal to stand in between, this process
/// becomes the program. `outer` is the terminal whose modes the monitor gives back if the shim can't.
///
/// # Errors
/// The program can't be run.
pub fn run(stage: Stage, outer: Option<&Path>, argv: &Argv) -> Result<ExitCode, ShimError> {
    match stage {
        Stage::Monitor => monitor::run(argv, outer),
        Stage::Start => Err(monitor::start(argv)),
        Stage::Shim => match OuterTerminal::of(io::stdin().as_fd(), io::stdout().as_fd()) {
            Some(outer) => Pump::start(outer, argv)?.run().map(jobs::end_as),
            None => Err(jobs::become_program(argv)),
        },
    }
}
