//! A recording without what some panes print: one that is printed in a pane would record what it prints there, and that
//! again, without end.
//!
//! tmux reports output in lines of their own, between its replies and never in them. Such a line of a pane that is left
//! out is dropped, and every other byte is passed on. A chunk may end anywhere in a line, so the beginning of a line is
//! held until its kind is known.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::ids::PaneId;
use crate::tmux::{CloseReason, LinkId, LinkKind, Note, TapSink};

/// The beginning of a line that is held at most: more than a notification's name and a pane's id.
const LONGEST_HEAD: usize = 96;

/// Reports which panes are left out at a moment; `None` as long as that is not known, and then all are left out.
pub type LeftOut = Box<dyn Fn() -> Option<BTreeSet<PaneId>> + Send + Sync>;

/// Passes on what is no output of panes that are left out.
pub struct Without {
    inner: Arc<dyn TapSink>,
    left_out: LeftOut,
    links: Mutex<HashMap<LinkId, Sieve>>,
}

impl Without {
    /// Leaves out what these panes print; which they are is asked anew as output comes.
    #[must_use]
    pub fn new(inner: Arc<dyn TapSink>, left_out: LeftOut) -> Self {
        Self {
            inner,
            left_out,
            links: Mutex::default(),
        }
    }

    /// What the lock guards is whole after each statement, so a panic elsewhere leaves it usable.
    fn links(&self) -> MutexGuard<'_, HashMap<LinkId, Sieve>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TapSink for Without {
    fn opened(&self, link: LinkId, kind: LinkKind, pid: u32, at: Instant) {
        self.inner.opened(link, kind, pid, at);
    }

    fn read(&self, link: LinkId, bytes: &[u8], at: Instant) {
        let mut sieve = self.links().remove(&link).unwrap_or_default();
        let kept = sieve.sift(bytes, &self.left_out);
        self.links().insert(link, sieve);
        if !kept.is_empty() {
            self.inner.read(link, &kept, at);
        }
    }

    fn written(&self, link: LinkId, bytes: &[u8], at: Instant) {
        self.inner.written(link, bytes, at);
    }

    fn closed(&self, link: LinkId, reason: &CloseReason, at: Instant) {
        let sieve = self.links().remove(&link);
        if let Some(sieve) = sieve.filter(|sieve| !sieve.head.is_empty()) {
            self.inner.read(link, &sieve.head, at);
        }
        self.inner.closed(link, reason, at);
    }

    fn noted(&self, note: Note<'_>, at: Instant) {
        self.inner.noted(note, at);
    }
}

impl fmt::Debug for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Without").field(&self.inner).finish()
    }
}

/// What is known of one link's stream where its last chunk ended.
#[derive(Default)]
struct Sieve {
    rest: Rest,
    /// The beginning of a line whose kind is not known yet.
    head: Vec<u8>,
    /// What the line says that ends the reply which the stream is in.
    reply: Option<Vec<u8>>,
}

/// What becomes of the rest of a line.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Rest {
    #[default]
    Unknown,
    Kept,
    Dropped,
}

impl Sieve {
    /// The part of a chunk that is passed on.
    fn sift(&mut self, bytes: &[u8], left_out: &LeftOut) -> Vec<u8> {
        let mut kept = Vec::with_capacity(bytes.len());
        let mut panes = None;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = piece.ends_with(b"\n");
            match self.rest {
                Rest::Kept => kept.extend_from_slice(piece),
                Rest::Dropped => {}
                Rest::Unknown => {
                    self.head.extend_from_slice(piece);
                    if ends || self.head.len() > LONGEST_HEAD || !self.head.starts_with(b"%") {
                        let printed = self.judge();
                        let is_out = |pane| {
                            let panes = panes.get_or_insert_with(left_out).as_ref();
                            panes.is_none_or(|panes| panes.contains(&pane))
                        };
                        let head = std::mem::take(&mut self.head);
                        self.rest = if printed.is_some_and(is_out) {
                            Rest::Dropped
                        } else {
                            kept.extend_from_slice(&head);
                            Rest::Kept
                        };
                    }
                }
            }
            if ends {
                self.rest = Rest::Unknown;
            }
        }
        kept
    }

    /// The pane whose output a line reports, outside of replies, if it is such a line.
    fn judge(&mut self) -> Option<PaneId> {
        let line = self.head.trim_ascii_end();
        if let Some(reply) = &self.reply {
            let end = [&b"%end "[..], b"%error "];
            if end
                .iter()
                .any(|word| line.strip_prefix(*word) == Some(reply))
            {
                self.reply = None;
            }
            return None;
        }
        if let Some(reply) = line.strip_prefix(b"%begin ") {
            self.reply = Some(reply.to_vec());
            return None;
        }
        let words = [&b"%output "[..], b"%extended-output "];
        let rest = words.iter().find_map(|word| line.strip_prefix(*word))?;
        let id = rest.split(|byte| *byte == b' ').next()?;
        std::str::from_utf8(id).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const STREAM: &str = "%begin 1 2 0\n%end 1 2 0\n%output %1 one\\015\\012\n%output %11 eleven\n\
        %extended-output %1 0 : two\n%begin 3 4 1\n%output %1 is what a pane shows\n%end 3 4 0\n\
        a line\n%error 3 4 1\n%output %1 three\n%pause %1\n%output %\n%output\n\n%window-add @1\n";
    const KEPT: &str = "%begin 1 2 0\n%end 1 2 0\n%output %11 eleven\n\
        %begin 3 4 1\n%output %1 is what a pane shows\n%end 3 4 0\n\
        a line\n%error 3 4 1\n%pause %1\n%output %\n%output\n\n%window-add @1\n";

    fn left_out() -> LeftOut {
        Box::new(|| Some(BTreeSet::from([PaneId(1), PaneId(3)])))
    }

    #[test]
    fn what_a_pane_prints_is_left_out_wherever_the_stream_was_cut() {
        for cut in 0..STREAM.len() {
            for second in [cut, (cut + 7).min(STREAM.len())] {
                let mut sieve = Sieve::default();
                let pieces = [&STREAM[..cut], &STREAM[cut..second], &STREAM[second..]];
                let kept: Vec<u8> = pieces
                    .iter()
                    .flat_map(|piece| sieve.sift(piece.as_bytes(), &left_out()))
                    .collect();
                assert_eq!(String::from_utf8(kept).unwrap(), KEPT, "{cut} {second}");
                assert!(sieve.head.is_empty());
            }
        }
    }

    #[test]
    fn regression_before_the_panes_are_known_all_output_is_left_out() {
        let mut sieve = Sieve::default();
        let unknown: LeftOut = Box::new(|| None);
        let kept = sieve.sift(b"%output %9 x\n%session-changed $0 main\n", &unknown);
        assert_eq!(kept, b"%session-changed $0 main\n");
        assert_eq!(
            sieve.sift(b"%output %9 x\n", &left_out()),
            b"%output %9 x\n"
        );
    }

    #[test]
    fn long_lines_are_not_held() {
        let mut sieve = Sieve::default();
        let long = format!("%output %3 {}", "x".repeat(1 << 20));
        assert_eq!(sieve.sift(long.as_bytes(), &left_out()), b"");
        assert_eq!(sieve.head.capacity(), 0);
        assert_eq!(sieve.sift(b"the rest\n%exit\n", &left_out()), b"%exit\n");
        let odd = format!("%odd{}", "y".repeat(1 << 20));
        assert_eq!(sieve.sift(odd.as_bytes(), &left_out()), odd.as_bytes());
    }
}
