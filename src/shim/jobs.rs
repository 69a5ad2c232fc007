//! Signals and jobs: stopping as the program did, ending as it did, and the signals that are passed on to it.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::process::{
    Pid, Resource, Rlimit, getpid, kill_current_process_group, kill_process, setrlimit,
};

use super::{Argv, ShimError};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// The terminal that it was shown in is gone, and so is the program's.
    HungUp,
}

/// Signals that mean the program, and are passed on to its group.
const PASSED: [Signal; 7] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGTSTP,
];

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To look at the terminal's size.
    Resize,
    /// To go on after a stop, in the foreground or the background.
    Resume,
    /// To pass it on.
    Pass(i32),
}

/// The signals that come from now on, as a descriptor.
#[derive(Debug)]
pub(super) struct Signals(pub(super) SignalFd);

impl Signals {
    /// From now on these signals do nothing by themselves.
    pub(super) fn take() -> Result<Self, ShimError> {
        let mut set: SigSet = PASSED.into_iter().collect();
        set.add(Signal::SIGWINCH);
        set.add(Signal::SIGCONT);
        blocked(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map(Self)
    }

    /// The next one that has come.
    pub(super) fn next(&self) -> Result<Option<Asked>, ShimError> {
        let read = self.0.read_signal().map_err(failed("read signals"))?;
        let number = read.and_then(|info| i32::try_from(info.ssi_signo).ok());
        Ok(number.map(|number| match Signal::try_from(number) {
            Ok(Signal::SIGWINCH) => Asked::Resize,
            Ok(Signal::SIGCONT) => Asked::Resume,
            _ => Asked::Pass(number),
        }))
    }
}

/// A descriptor for these signals, which do nothing by themselves any more.
pub(super) fn blocked(set: &SigSet, flags: SfdFlags) -> Result<SignalFd, ShimError> {
    set.thread_block().map_err(failed("take over signals"))?;
    SignalFd::with_flags(set, flags).map_err(failed("take over signals"))
}

pub(super) fn failed(what: &'static str) -> impl FnOnce(Errno) -> ShimError {
    move |error| ShimError::Step {
        what,
        error: error.into(),
    }
}

/// A signal by its number.
pub(super) fn signal(number: i32) -> Option<rustix::process::Signal> {
    rustix::process::Signal::from_named_raw(number)
}

/// Stops this job as its program was stopped, until it is to go on. Where no shell could let it go on, the system does not
/// stop it by anything but SIGSTOP, and neither would it have stopped the program.
pub(super) fn stop_as(number: i32) -> Result<(), ShimError> {
    let failing = || ShimError::step("stop as the program did");
    if number == Signal::SIGSTOP as i32 {
        return kill_current_process_group(rustix::process::Signal::STOP).map_err(failing());
    }
    // The whole job, as if the terminal had done it: its shell waits for all of it.
    kill_current_process_group(rustix::process::Signal::TSTP).map_err(failing())?;
    let own: SigSet = [Signal::SIGTSTP].into_iter().collect();
    own.thread_unblock()
        .map_err(failed("stop as the program did"))?;
    own.thread_block().map_err(failed("take over signals"))
}

/// What this process exits with, unless it ends by the signal that ended the program.
pub(super) fn end_as(end: End) -> ExitCode {
    let number = match end {
        End::Code(code) => return ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        End::Signal(number) => number,
        End::HungUp => Signal::SIGHUP as i32,
    };
    die_by(number);
    // It is ignored here.
    ExitCode::from(u8::try_from(128 + number).unwrap_or(u8::MAX))
}

/// Ends this process by a signal, without a core: the program has left one if there was to be one.
fn die_by(number: i32) {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let Some(named) = signal(number) else { return };
    // If one of these fails, the exit code says it instead.
    let _ = setrlimit(Resource::Core, none);
    let _ = kill_process(getpid(), named);
    if let Ok(known) = Signal::try_from(number) {
        let set: SigSet = [known].into_iter().collect();
        let _ = set.thread_unblock();
    }
}

/// Passes a signal on to a group, which may have ended.
pub(super) fn pass_on(group: Pid, number: i32) {
    if let Some(named) = signal(number) {
        let _ = rustix::process::kill_process_group(group, named);
    }
}

/// This process becomes the program; gives why it can't.
pub(super) fn become_program(argv: &Argv) -> ShimError {
    let [program, arguments @ ..] = argv else {
        return ShimError::Program {
            program: "".into(),
            error: std::io::ErrorKind::InvalidInput.into(),
        };
    };
    ShimError::Program {
        program: program.clone(),
        error: Command::new(program).args(arguments).exec(),
    }
}
