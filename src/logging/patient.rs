//! Writing to stderr without waiting for its reader.
//!
//! One thread does all of muxwire's work: if its log could hold it up, a pipe that nobody empties or a terminal that
//! stands still would stop every client.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How much is written at once: a pipe that can be written to takes this much.
const PIECE: usize = 4096;

/// How long a reader that has kept up so far may take. One that has not gets no time until it has read.
const PATIENCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// Whether stderr took nothing when it was last written to.
static STUCK: AtomicBool = AtomicBool::new(false);
/// The lines that were lost since one was written.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Writes to stderr what it takes.
#[derive(Debug)]
pub(super) struct Patient(io::Stderr);

impl Patient {
    pub(super) fn stderr() -> Self {
        Self(io::stderr())
    }

    /// Whether stderr takes a piece now or soon.
    fn is_ready(&self) -> bool {
        let patience = if STUCK.load(Ordering::Relaxed) {
            Timespec::default()
        } else {
            PATIENCE
        };
        let mut stderr = [PollFd::new(&self.0, PollFlags::OUT)];
        // Where it can't be asked, it is written to as ever; where its reader is gone, writing says so at once.
        let ready = poll(&mut stderr, Some(&patience)).map_or(true, |ready| ready > 0);
        STUCK.store(!ready, Ordering::Relaxed);
        ready
    }

    /// Says how many lines are missing here.
    fn tell_loss(&mut self) -> io::Result<()> {
        match LOST.swap(0, Ordering::Relaxed) {
            0 => Ok(()),
            lost => writeln!(
                self.0,
                "muxwire: {lost} lines of the log are lost here, since they were not read in time"
            ),
        }
    }
}

impl io::Write for Patient {
    /// Takes a whole line. What stderr does not take in time is lost, and counted as written.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        for (index, piece) in line.chunks(PIECE).enumerate() {
            if !self.is_ready() {
                LOST.fetch_add(1, Ordering::Relaxed);
                break;
            }
            if index == 0 {
                self.tell_loss()?;
            }
            self.0.write_all(piece)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
