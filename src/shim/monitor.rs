//! The program's parent, which leads the session of its terminal and tells the shim what happens to it.
//!
//! Its standard input is the socket to the shim, its standard output the program's terminal.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, getpgrp, getpid, ioctl_tiocsctty, setsid, waitpid};
use rustix::termios::tcsetpgrp;

use super::jobs::{become_program, blocked, failed};
use super::report::Report;
use super::terminal::{LeftTerminal, OuterTerminal};
use super::{Argv, ShimError, Stage};

/// What the monitor and what it starts don't take by themselves: the first is how its own terminal tells it that it is in the
/// background, which it may ignore.
const BLOCKED: [Signal; 3] = [Signal::SIGTTOU, Signal::SIGCHLD, Signal::SIGHUP];

/// The command that runs this program again, at another stage.
fn again(stage: Stage, options: &[OsString], argv: &Argv) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("muxwire")
        .args(["run", "--stage", stage.as_str()]);
    command.args(options).arg("--").args(argv);
    command
}

/// Starts the monitor of a program in this terminal; gives the socket to it.
pub(super) fn spawn(
    theirs: OwnedFd,
    outer: &OuterTerminal,
    argv: &Argv,
) -> Result<(UnixStream, Child), ShimError> {
    let failing = |what| move |error| ShimError::Step { what, error };
    let (ours, monitors) = UnixStream::pair().map_err(failing("make a socket"))?;
    let options = ["--outer".into(), outer.name().into()];
    let mut command = again(Stage::Monitor, &options, argv);
    command.stdin(Stdio::from(OwnedFd::from(monitors)));
    // What is written to standard error may be meant for a file.
    if rustix::termios::isatty(io::stderr().as_fd()) {
        let copy = theirs.try_clone().map_err(failing("copy a descriptor"))?;
        command.stderr(Stdio::from(copy));
    }
    command.stdout(Stdio::from(theirs));
    let child = command.spawn().map_err(failing("start muxwire again"))?;
    Ok((ours, child))
}

/// Waits for the program.
pub(super) fn run(argv: &Argv, outer: Option<&Path>) -> Result<ExitCode, ShimError> {
    // Without it all works; nobody gives the modes back then if the shim is killed.
    let terminal = io::stdout();
    let outer = outer.and_then(|path| LeftTerminal::open(path, &terminal));
    setsid().map_err(ShimError::step("begin a session"))?;
    ioctl_tiocsctty(&terminal).map_err(ShimError::step("take the program's terminal"))?;
    let signals = blocked(&BLOCKED.into_iter().collect(), SfdFlags::SFD_CLOEXEC)?;
    let failing = |what| move |error| ShimError::Step { what, error };
    let input = terminal
        .as_fd()
        .try_clone_to_owned()
        .map_err(failing("copy a descriptor"))?;
    let mut command = again(Stage::Start, &[], argv);
    command.stdin(Stdio::from(input)).process_group(0);
    let child = command.spawn().map_err(failing("start muxwire again"))?;
    let socket = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(failing("copy a descriptor"))?;
    let mut watch = Watch {
        socket: UnixStream::from(socket),
        signals,
        program: pid_of(&child)?,
    };
    watch.report(Report::Started(watch.program.as_raw_nonzero().get()));
    let is_left = watch.until_end()?;
    if let (true, Some(outer)) = (is_left, outer) {
        // It may be gone too.
        let _ = outer.restore();
    }
    Ok(ExitCode::SUCCESS)
}

fn pid_of(child: &Child) -> Result<Pid, ShimError> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| ShimError::step("know the program's process")(Errno::SRCH))
}

struct Watch {
    socket: UnixStream,
    signals: SignalFd,
    program: Pid,
}

impl Watch {
    /// Waits until the program has ended and the shim has all of it, or until the shim is gone. Tells whether it went first.
    fn until_end(&mut self) -> Result<bool, ShimError> {
        let mut has_ended = false;
        loop {
            let mut ready = [
                PollFd::new(&self.signals, PollFlags::IN),
                PollFd::new(&self.socket, PollFlags::IN),
            ];
            match poll(&mut ready, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(ShimError::step("wait for the program")(error)),
            }
            let [signalled, socket] = ready.map(|one| !one.revents().is_empty());
            if socket {
                // The shim says nothing: this is its end.
                return Ok(!has_ended);
            }
            if signalled {
                self.signals.read_signal().map_err(failed("read signals"))?;
                has_ended |= self.look()?;
            }
        }
    }

    /// Tells the shim what became of the program. Returns whether it has ended.
    fn look(&mut self) -> Result<bool, ShimError> {
        let options = WaitOptions::UNTRACED | WaitOptions::NOHANG;
        loop {
            let status = match waitpid(Some(self.program), options) {
                Ok(Some((_, status))) => status,
                Ok(None) | Err(Errno::CHILD) => return Ok(false),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(ShimError::step("wait for the program")(error)),
            };
            let report = status
                .stopping_signal()
                .map(Report::Stopped)
                .or_else(|| status.exit_status().map(Report::Exited))
                .or_else(|| status.terminating_signal().map(Report::Killed));
            if let Some(report @ (Report::Exited(_) | Report::Killed(_))) = report {
                // What it leaves behind in the background is not hung up with this session.
                let _ = tcsetpgrp(io::stdout(), getpgrp());
                self.report(report);
                return Ok(true);
            }
            report.into_iter().for_each(|report| self.report(report));
        }
    }

    fn report(&mut self, report: Report) {
        // If the shim is gone, the next look at the socket says so.
        let _ = self.socket.write_all(&report.bytes());
    }
}

/// This process takes the terminal's foreground and becomes the program; gives why it can't.
pub(super) fn start(argv: &Argv) -> ShimError {
    if let Err(error) = tcsetpgrp(io::stdin(), getpid()) {
        return ShimError::step("take the foreground of the program's terminal")(error);
    }
    let set: SigSet = BLOCKED.into_iter().collect();
    match set.thread_unblock() {
        Ok(()) => become_program(argv),
        Err(error) => failed("give signals back")(error),
    }
}
