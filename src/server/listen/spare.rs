//! A descriptor that is kept for the moment in which there are none left.
//!
//! Without descriptors nobody can be accepted, so that who comes would wait in the kernel's queue without an answer, and
//! the kernel would say again and again that somebody is there. With this one given up for a moment, who comes is
//! accepted and let go at once.

use std::fs::File;
use std::io;

use rustix::io::Errno;

/// The descriptor, while it is kept.
#[derive(Debug)]
pub(super) struct Spare(Option<File>);

impl Spare {
    pub(super) fn new() -> Self {
        Self(take())
    }

    /// Gives the descriptor up, if an error says that there are none. Tells whether it is worth trying again at once.
    pub(super) fn release(&mut self, error: &io::Error) -> bool {
        let exhausted = [Errno::MFILE, Errno::NFILE]
            .iter()
            .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()));
        exhausted && self.0.take().is_some()
    }

    /// Whether it is kept, or can be again: then there is room.
    pub(super) fn is_kept(&mut self) -> bool {
        if self.0.is_none() {
            self.0 = take();
        }
        self.0.is_some()
    }
}

fn take() -> Option<File> {
    File::open("/dev/null").ok()
}
