//! What passes between the two terminals, and what happens to the program meanwhile.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use rustix::process::Pid;
use rustix::termios::tcsetwinsize;

use super::jobs::{Asked, End, Signals, pass_on, stop_as};
use super::query::Queries;
use super::queue::{Queue, ROOM};
use super::report::Report;
use super::terminal::{OuterTerminal, inner};
use super::{Argv, ShimError, monitor};

/// How long the beginning of what may be a query is held back when nothing follows.
const HOLD: Duration = Duration::from_millis(10);

/// How often a job in the background looks whether it is in the foreground by now: a shell says so only if the job was
/// stopped.
const LOOK: Duration = Duration::from_millis(250);

/// How much of what the program printed last is passed on at most, since others may go on printing there.
const LAST: usize = 4 * ROOM;

/// The shim at work.
pub(super) struct Pump {
    outer: OuterTerminal,
    /// Our end of the program's terminal.
    ours: OwnedFd,
    /// Whether anybody has the other end open.
    is_open: bool,
    socket: UnixStream,
    monitor: Child,
    signals: Signals,
    /// The program's process, which leads its group, once it runs.
    program: Option<Pid>,
    is_stopped: bool,
    /// Whether the outer terminal is this job's.
    is_ours: bool,
    /// Whether it has been since the start: until then it had the modes of somebody else, such as a shell that is typed into.
    was_ours: bool,
    to_program: Queue,
    to_terminal: Queue,
    queries: Queries,
    buffer: Box<[u8]>,
}

/// What is ready.
struct Ready {
    signals: bool,
    socket: bool,
    program: PollFlags,
    terminal: PollFlags,
    is_late: bool,
}

impl Pump {
    /// Starts the program in a terminal of its own.
    pub(super) fn start(outer: OuterTerminal, argv: &Argv) -> Result<Self, ShimError> {
        let (ours, theirs) = inner(&outer)?;
        let (socket, monitor) = monitor::spawn(theirs, &outer, argv)?;
        let mut pump = Self {
            outer,
            ours,
            is_open: true,
            socket,
            monitor,
            signals: Signals::take()?,
            program: None,
            is_stopped: false,
            is_ours: false,
            was_ours: false,
            to_program: Queue::default(),
            to_terminal: Queue::default(),
            queries: Queries::new(),
            buffer: vec![0; ROOM].into_boxed_slice(),
        };
        pump.resume()?;
        Ok(pump)
    }

    /// Passes on what comes until the program has ended.
    pub(super) fn run(mut self) -> Result<End, ShimError> {
        loop {
            let ready = self.wait()?;
            if let Some(end) = self.step(&ready)? {
                self.outer
                    .restore()
                    .map_err(ShimError::step("give the terminal its modes back"))?;
                return Ok(end);
            }
        }
    }

    /// Waits for whatever comes first.
    fn wait(&self) -> Result<Ready, ShimError> {
        let wants = |reads: bool, writes: bool| {
            let read = if reads {
                PollFlags::IN
            } else {
                PollFlags::empty()
            };
            let write = if writes {
                PollFlags::OUT
            } else {
                PollFlags::empty()
            };
            read | write
        };
        let program = wants(self.to_terminal.has_room(), !self.to_program.is_empty());
        let terminal = wants(
            self.is_ours && self.to_program.has_room(),
            !self.to_terminal.is_empty(),
        );
        let signals = wants(self.program.is_some(), false);
        let mut all = [
            PollFd::new(&self.signals.0, signals),
            PollFd::new(&self.socket, PollFlags::IN),
            PollFd::new(&self.outer, terminal),
            PollFd::new(&self.ours, program),
        ];
        let count = if self.is_open { 4 } else { 3 };
        let limit = if self.queries.is_holding() {
            Some(HOLD)
        } else {
            (!self.is_ours).then_some(LOOK)
        };
        let limit = limit.map(|limit| Timespec {
            tv_sec: 0,
            tv_nsec: limit.subsec_nanos().into(),
        });
        let found = match poll(&mut all[..count], limit.as_ref()) {
            Err(Errno::INTR) => 1,
            found => found.map_err(ShimError::step("wait for the terminals"))?,
        };
        let [signals, socket, terminal, program] = all.map(|one| one.revents());
        Ok(Ready {
            signals: !signals.is_empty(),
            socket: !socket.is_empty(),
            program,
            terminal,
            is_late: found == 0,
        })
    }

    /// Does what is to be done; gives the end once it has come.
    fn step(&mut self, ready: &Ready) -> Result<Option<End>, ShimError> {
        if ready.is_late {
            self.queries.release(self.to_terminal.end());
            if !self.is_ours && self.outer.is_ours() {
                self.resume()?;
            }
        }
        let reads = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
        if ready.program.intersects(reads) && self.to_terminal.has_room() {
            self.read_program();
        }
        if ready.terminal.intersects(reads) && !self.read_terminal(ready.terminal) {
            return Ok(Some(End::HungUp));
        }
        // What the program is answered has to be there before what it asks next is.
        self.write_program();
        if self.to_terminal.write_to(&self.outer).is_err() {
            return Ok(Some(End::HungUp));
        }
        if ready.signals {
            self.take_signals()?;
        }
        if ready.socket {
            return self.take_report();
        }
        Ok(None)
    }

    /// Reads what the program has printed. Returns how much there was.
    fn read_program(&mut self) -> usize {
        match read(&self.ours, &mut self.buffer[..]) {
            Ok(0) | Err(Errno::IO) => self.is_open = false,
            Ok(count) => {
                let (out, answers) = (self.to_terminal.end(), self.to_program.end());
                self.queries.feed(&self.buffer[..count], out, answers);
                return count;
            }
            // It is not ready after all.
            Err(_) => {}
        }
        0
    }

    /// Reads what was typed. Returns whether the terminal is still there.
    fn read_terminal(&mut self, ready: PollFlags) -> bool {
        if !self.is_ours || !self.to_program.has_room() {
            return !ready.contains(PollFlags::HUP);
        }
        match read(&self.outer, &mut self.buffer[..]) {
            Ok(0) | Err(Errno::IO) if self.outer.is_ours() => false,
            Ok(0) | Err(Errno::IO) => {
                // The job is in the background by now.
                self.is_ours = false;
                !ready.contains(PollFlags::HUP)
            }
            Ok(count) => {
                self.queries.typed();
                let typed = &self.buffer[..count];
                self.to_program.end().extend_from_slice(typed);
                true
            }
            Err(_) => true,
        }
    }

    fn write_program(&mut self) {
        if self.to_program.write_to(&self.ours).is_err() {
            // Nobody reads it any more.
            self.to_program.clear();
        }
    }

    fn take_signals(&mut self) -> Result<(), ShimError> {
        while let Some(asked) = self.signals.next()? {
            match (asked, self.program) {
                (Asked::Resize, _) => self.resize(),
                (Asked::Resume, _) => self.resume()?,
                (Asked::Pass(number), Some(program)) => pass_on(program, number),
                (Asked::Pass(_), None) => {}
            }
        }
        Ok(())
    }

    /// The program's terminal gets the size of the outer one; the system tells the program if that is another.
    fn resize(&self) {
        // A terminal that is gone is noticed when it is read.
        if let Ok(size) = self.outer.size() {
            let _ = tcsetwinsize(&self.ours, size);
        }
    }

    /// Goes on, in the foreground or in the background, as the shell has it.
    fn resume(&mut self) -> Result<(), ShimError> {
        self.is_ours = self.outer.is_ours();
        if self.is_ours {
            let raw = self.outer.make_raw();
            raw.map_err(ShimError::step("set the terminal's modes"))?;
            if !std::mem::replace(&mut self.was_ours, true) {
                let given = self.outer.give_modes(&self.ours);
                given.map_err(ShimError::step("set the modes of the program's terminal"))?;
            }
            self.resize();
        }
        if let (true, Some(program)) = (std::mem::take(&mut self.is_stopped), self.program) {
            pass_on(program, rustix::process::Signal::CONT.as_raw());
        }
        Ok(())
    }

    fn take_report(&mut self) -> Result<Option<End>, ShimError> {
        let read = Report::read(&mut self.socket);
        let report = read.map_err(|error| ShimError::Step {
            what: "hear of the program",
            error,
        })?;
        match report {
            Some(Report::Started(pid)) => self.program = Pid::from_raw(pid),
            Some(Report::Stopped(number)) => {
                self.pass_rest();
                self.is_stopped = true;
                let restored = self.outer.restore();
                restored.map_err(ShimError::step("give the terminal its modes back"))?;
                stop_as(number)?;
                self.resume()?;
            }
            Some(Report::Exited(code)) => return Ok(Some(self.ended(End::Code(code)))),
            Some(Report::Killed(number)) => return Ok(Some(self.ended(End::Signal(number)))),
            None => return Ok(Some(self.monitor_ended())),
        }
        Ok(None)
    }

    /// The monitor could not start the program, which it has said, or was ended.
    fn monitor_ended(&mut self) -> End {
        self.pass_rest();
        let status = self.monitor.wait().ok();
        let code = status.and_then(|status| status.code());
        code.map_or(End::HungUp, End::Code)
    }

    fn ended(&mut self, end: End) -> End {
        self.pass_rest();
        end
    }

    /// Passes on what the program has printed until now.
    fn pass_rest(&mut self) {
        let mut whole = 0;
        while whole < LAST && self.is_open {
            // A terminal gives a few kilobytes at a time, however much there is.
            match self.read_program() {
                0 => break,
                count => whole += count,
            }
        }
        self.queries.release(self.to_terminal.end());
        loop {
            let written = self.to_terminal.write_to(&self.outer);
            if written.is_err() || self.to_terminal.is_empty() {
                return;
            }
            let mut ready = [
                PollFd::new(&self.outer, PollFlags::OUT),
                PollFd::new(&self.signals.0, PollFlags::IN),
            ];
            let waited = poll(&mut ready, None);
            let is_signalled = !ready[1].revents().is_empty();
            if is_signalled && matches!(self.signals.next(), Ok(Some(Asked::Pass(_)))) {
                // The terminal takes nothing, and somebody has had enough of that.
                return;
            }
            if waited.is_err_and(|error| error != Errno::INTR) {
                return;
            }
        }
    }
}
