//! The two terminals: the outer one, in which the shim runs, and the inner one, in which the program does.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, ptsname, unlockpt};
use rustix::termios::{
    OptionalActions, SpecialCodeIndex, Termios, Winsize, isatty, tcgetattr, tcgetpgrp,
    tcgetwinsize, tcsetattr, tcsetwinsize, ttyname,
};

use super::ShimError;

/// The terminal of the pane. It gets its own modes back when this goes, however that comes about.
#[derive(Debug)]
pub(super) struct OuterTerminal {
    /// Opened anew: what is set for reads and writes of it holds for nobody else who has it open.
    file: OwnedFd,
    name: CString,
    /// The modes that it had before.
    own: Termios,
    is_raw: bool,
}

impl OuterTerminal {
    /// The terminal that both are, if they are one and the same.
    pub(super) fn of(input: BorrowedFd<'_>, output: BorrowedFd<'_>) -> Option<Self> {
        if !isatty(input) || !isatty(output) {
            return None;
        }
        let name = ttyname(input, Vec::new()).ok()?;
        if ttyname(output, Vec::new()).ok()? != name {
            return None;
        }
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open(&name, flags, Mode::empty()).ok()?;
        let own = tcgetattr(&file).ok()?;
        Some(Self {
            file,
            name,
            own,
            is_raw: false,
        })
    }

    /// Its path.
    pub(super) fn name(&self) -> &Path {
        Path::new(std::ffi::OsStr::from_bytes(self.name.as_bytes()))
    }

    /// Whether it is this job's: only then may it be read, or its modes changed. A terminal that is not this session's has no
    /// jobs.
    pub(super) fn is_ours(&self) -> bool {
        tcgetpgrp(&self.file).map_or(true, |group| group == getpgrp())
    }

    /// Gives it the modes in which all passes as it is.
    pub(super) fn make_raw(&mut self) -> Result<(), Errno> {
        if self.is_raw {
            // A shell may have changed them while the shim was stopped from without.
            return tcsetattr(&self.file, OptionalActions::Now, &raw(&self.own));
        }
        self.own = tcgetattr(&self.file)?;
        tcsetattr(&self.file, OptionalActions::Now, &raw(&self.own))?;
        self.is_raw = true;
        Ok(())
    }

    /// Gives it its own modes back, if it is this job's.
    pub(super) fn restore(&mut self) -> Result<(), Errno> {
        if self.is_raw && self.is_ours() {
            self.is_raw = false;
            tcsetattr(&self.file, OptionalActions::Now, &self.own)?;
        }
        Ok(())
    }

    /// Gives another terminal the modes that this one has when it is not raw.
    pub(super) fn give_modes(&self, to: impl AsFd) -> Result<(), Errno> {
        tcsetattr(to, OptionalActions::Now, &self.own)
    }

    pub(super) fn size(&self) -> Result<Winsize, Errno> {
        tcgetwinsize(&self.file)
    }
}

impl AsFd for OuterTerminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for OuterTerminal {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = self.restore();
    }
}

/// The same modes, but all passes as it is.
fn raw(own: &Termios) -> Termios {
    let mut raw = own.clone();
    raw.make_raw();
    raw.special_codes[SpecialCodeIndex::VMIN] = 1;
    raw.special_codes[SpecialCodeIndex::VTIME] = 0;
    raw
}

/// The outer terminal as the monitor knows it, in case that the shim is killed.
#[derive(Debug)]
pub(super) struct LeftTerminal {
    file: OwnedFd,
    own: Termios,
}

impl LeftTerminal {
    /// The terminal at this path, whose modes the program's one has got before anybody changed them.
    pub(super) fn open(path: &Path, programs: impl AsFd) -> Option<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open(path, flags, Mode::empty()).ok()?;
        let own = tcgetattr(programs).ok()?;
        Some(Self { file, own })
    }

    /// Gives it its modes back if it still has the raw ones: then nobody has done it since.
    pub(super) fn restore(&self) -> Result<(), Errno> {
        let modes = |one: &Termios| {
            let Termios {
                input_modes,
                output_modes,
                control_modes,
                local_modes,
                ..
            } = one;
            (*input_modes, *output_modes, *control_modes, *local_modes)
        };
        let now = tcgetattr(&self.file)?;
        if modes(&now) == modes(&raw(&self.own)) {
            tcsetattr(&self.file, OptionalActions::Now, &self.own)?;
        }
        Ok(())
    }
}

/// A new terminal with the modes and the size of another: its two ends, of which the program gets the second.
pub(super) fn inner(outer: &OuterTerminal) -> Result<(OwnedFd, OwnedFd), ShimError> {
    let failed = || ShimError::step("open a terminal for the program");
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags).map_err(failed())?;
    grantpt(&ours).map_err(failed())?;
    unlockpt(&ours).map_err(failed())?;
    let theirs = ioctl_tiocgptpeer(&ours, flags).or_else(|_| {
        // Where the kernel is too old for that.
        let name = ptsname(&ours, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        open(&name, flags, Mode::empty())
    });
    let theirs = theirs.map_err(failed())?;
    outer.give_modes(&theirs).map_err(failed())?;
    let size = outer.size().map_err(failed())?;
    tcsetwinsize(&ours, size).map_err(failed())?;
    rustix::io::ioctl_fionbio(&ours, true).map_err(failed())?;
    Ok((ours, theirs))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::panic::{AssertUnwindSafe, catch_unwind};

    use rustix::termios::LocalModes;

    use super::*;

    /// A terminal, and the end that keeps it open.
    fn terminal() -> (OwnedFd, OwnedFd) {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        (master, slave)
    }

    fn is_raw(terminal: &OwnedFd) -> bool {
        let modes = tcgetattr(terminal).unwrap().local_modes;
        !modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    #[test]
    fn a_terminal_gets_its_modes_back_also_when_the_shim_panics() {
        let (_master, slave) = terminal();
        let before = format!("{:?}", tcgetattr(&slave).unwrap());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut outer = OuterTerminal::of(slave.as_fd(), slave.as_fd()).unwrap();
            outer.make_raw().unwrap();
            assert!(is_raw(&slave));
            // Once more changes nothing of what it had.
            outer.make_raw().unwrap();
            unreachable!("a defect");
        }));
        assert!(panicked.is_err());
        assert_eq!(format!("{:?}", tcgetattr(&slave).unwrap()), before);
    }

    #[test]
    fn modes_that_were_left_raw_are_given_back_and_others_stay() {
        let (_master, slave) = terminal();
        let (_other, programs) = terminal();
        let name = ttyname(&slave, Vec::new()).unwrap();
        let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let own = tcgetattr(&slave).unwrap();
        let left = LeftTerminal::open(path, &programs).unwrap();
        tcsetattr(&slave, OptionalActions::Now, &raw(&own)).unwrap();
        left.restore().unwrap();
        assert!(!is_raw(&slave));
        let mut others = own;
        others.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&slave, OptionalActions::Now, &others).unwrap();
        left.restore().unwrap();
        let now = tcgetattr(&slave).unwrap();
        assert!(
            !now.local_modes.contains(LocalModes::ECHO),
            "a shell has set it since"
        );
    }

    #[test]
    fn two_descriptors_that_are_not_one_terminal_have_no_shim() {
        let ((_a, one), (_b, other)) = (terminal(), terminal());
        assert!(OuterTerminal::of(one.as_fd(), one.as_fd()).is_some());
        assert!(OuterTerminal::of(one.as_fd(), other.as_fd()).is_none());
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(OuterTerminal::of(file.as_fd(), one.as_fd()).is_none());
        assert!(OuterTerminal::of(one.as_fd(), file.as_fd()).is_none());
    }
}
