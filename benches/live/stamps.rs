//! Stamps: what a pane writes, and finding it again in any stream that carries it as text.
//!
//! A stamp is `T<CLOCK_MONOTONIC in nanoseconds>;`, and `T0;` ends a round. Neither JSON, nor control mode, nor a
//! terminal's stream changes these characters, so that every receiver reads raw bytes and none pays for decoding.

use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use memchr::memchr;

use crate::numbers::now;

/// The stamp that ends a round.
const END: u64 = 0;
/// Fewer digits are something else, such as the hour of a time of day.
const DIGITS: u32 = 10;
/// How long a round may take beyond its own duration.
const GRACE: Duration = Duration::from_secs(30);

/// What a stamp looks like.
pub fn text(stamp: u64) -> String {
    format!("T{stamp};")
}

/// What ends a round.
pub fn end() -> String {
    text(END)
}

/// What a stream was found to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Stamp(u64),
    End,
}

/// Finds stamps in a stream, however it is cut.
#[derive(Debug, Clone, Default)]
pub struct Scanner {
    /// The digits of a stamp so far, and how many.
    open: Option<(u64, u32)>,
}

impl Scanner {
    pub fn feed(&mut self, mut bytes: &[u8], mut found: impl FnMut(Mark)) {
        while !bytes.is_empty() {
            let Some((value, digits)) = self.open else {
                let Some(at) = memchr(b'T', bytes) else {
                    return;
                };
                self.open = Some((0, 0));
                bytes = &bytes[at + 1..];
                continue;
            };
            let byte = bytes[0];
            if byte.is_ascii_digit() {
                let value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                self.open = Some((value, digits + 1));
                bytes = &bytes[1..];
                continue;
            }
            self.open = None;
            if byte == b';' && digits >= DIGITS {
                found(Mark::Stamp(value));
            } else if byte == b';' && (value, digits) == (END, 1) {
                found(Mark::End);
            }
        }
    }
}

/// A thread that takes stamps off a stream, round by round.
#[derive(Debug)]
pub struct Rounds(Receiver<Vec<(u64, u64)>>);

impl Rounds {
    /// Reads until the stream ends.
    pub fn of(mut source: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            let mut scanner = Scanner::default();
            let mut round = Vec::new();
            while let Ok(read @ 1..) = source.read(&mut buffer) {
                let at = now();
                let mut ended = false;
                scanner.feed(&buffer[..read], |mark| match mark {
                    Mark::Stamp(stamp) => round.push((stamp, at - stamp)),
                    Mark::End => ended = true,
                });
                if ended && sender.send(std::mem::take(&mut round)).is_err() {
                    return;
                }
            }
            // What was received after the last end mark; nobody waits for it if the stream was cut.
            let _ = sender.send(round);
        });
        Self(receiver)
    }

    /// The stamps of the next round, each with its latency in nanoseconds.
    pub fn next(&self, expected: Duration) -> Vec<(u64, u64)> {
        self.0
            .recv_timeout(expected + GRACE)
            .expect("the round ends in time, and its stream does not")
    }

    /// The stamps of a stream without rounds, which ends now.
    pub fn rest(&self) -> Vec<(u64, u64)> {
        self.next(Duration::ZERO)
    }
}
