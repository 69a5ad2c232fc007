//! One snapshot on its way: which step is under way, and what the pane printed meanwhile.
//!
//! tmux sends what it has queued for a link in order, but for one thing: what a pane prints after a reply was queued may
//! be sent before it, while another pane's output that was queued before the reply is still waiting. So, of what a link
//! brings between a question and its answer:
//!
//! - if none of it is the pane's, everything that the pane had printed before the answer has come before the question;
//! - if the last of it is the pane's, nothing of another pane was waiting any more, and so nothing has overtaken the
//!   answer: all of the pane's bytes are older than it;
//! - if the pane's bytes are followed by another pane's, nobody knows, and the question is asked again.

use std::time::{Duration, Instant};

use super::tape::Tape;
use crate::control::{Body, Command, LineRange};
use crate::ids::PaneId;
use crate::screen::Capture;
use crate::tmux::LinkId;

/// How often a place in the stream is looked for before the snapshot is taken without one.
const TRIES: u32 = 12;

/// How many of the first tries use helper commands, where captures on a link leak.
const PRINTED_TRIES: u32 = 4;

/// How long a snapshot may take before it is given without an exact place: replies on a flooded link come late.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The most rows of a saved screen that are asked for line by line.
const MOST_SAVED_ROWS: u32 = 200;

/// A snapshot on its way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) pane: PaneId,
    pub(super) scrollback: u32,
    pub(super) due: Instant,
    pub(super) step: FlightStep,
    tries: u32,
    /// The link of this try.
    link: Option<LinkId>,
    /// What the pane printed since this try began.
    pub(super) tape: Tape,
    /// What the link brought since this try began.
    pub(super) seen: Seen,
    /// Something else than bytes may have changed the screen during this try.
    pub(super) spoilt: bool,
    /// Whether the alternate screen showed at the last try.
    pub(super) alternate: bool,
}

/// What is waited for.
#[derive(Debug)]
pub(super) enum FlightStep {
    /// A link that shows the pane.
    Link,
    /// The replies to captures on the link.
    Replies {
        tag: u64,
        missing: usize,
        bodies: Vec<Body>,
    },
    /// The reply to a mark on the link before the pane is printed.
    MarkBefore { tag: u64 },
    /// A helper command that prints the pane.
    Print { ticket: u64 },
    /// The reply to a mark on the link after the pane was printed.
    MarkAfter { tag: u64, capture: Box<Capture> },
    /// A helper command whose place in the stream will not be known.
    LastPrint { ticket: u64 },
}

/// What a link brought since a question was asked, in regard to one pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Seen {
    /// Nothing of the pane.
    #[default]
    NothingOfIt,
    /// Something of the pane last.
    ItLast,
    /// Something of the pane, and then something of others.
    OthersAfterIt,
}

impl Seen {
    fn add(&mut self, own: bool) {
        *self = match (own, *self) {
            (true, _) => Self::ItLast,
            (false, Self::NothingOfIt) => Self::NothingOfIt,
            (false, _) => Self::OthersAfterIt,
        };
    }
}

impl Flight {
    pub(super) fn new(pane: PaneId, scrollback: u32, now: Instant) -> Self {
        Self {
            pane,
            scrollback,
            due: now + PATIENCE,
            step: FlightStep::Link,
            tries: 0,
            link: None,
            tape: Tape::default(),
            seen: Seen::default(),
            spoilt: false,
            alternate: false,
        }
    }

    /// Counts a try that begins on this link at this offset. `false` if there were enough.
    pub(super) fn try_on(&mut self, link: LinkId, offset: u64) -> bool {
        self.tries += 1;
        self.link = Some(link);
        self.begin_at(offset);
        self.tries <= TRIES
    }

    /// What comes from here on is what the capture may show or not.
    pub(super) fn begin_at(&mut self, offset: u64) {
        self.tape = Tape::new(offset);
        self.seen = Seen::default();
        self.spoilt = false;
    }

    /// A link has brought output of a pane, or lost some.
    pub(super) fn saw(&mut self, link: LinkId, pane: PaneId) {
        if self.link == Some(link) {
            self.seen.add(pane == self.pane);
        }
    }

    /// The link of this try.
    pub(super) fn link(&self) -> Option<LinkId> {
        self.link
    }

    /// Whether a helper command should print the pane, where captures on a link leak.
    pub(super) fn prefers_printing(&self) -> bool {
        self.tries <= PRINTED_TRIES
    }

    /// The commands of a capture on the link: state, screen, unfinished sequence, and the saved screen line by line.
    ///
    /// So many lines of context come before the scrollback.
    pub(super) fn commands(&self, rows: u32, context: u32) -> Option<Vec<Command>> {
        let pane = self.pane;
        let scrollback = i32::try_from(self.scrollback + context).ok()?;
        let lines = LineRange::new(-scrollback, LineRange::FURTHEST)?;
        let mut commands = vec![
            Command::PaneState { pane },
            Command::Capture { pane, lines },
            Command::CapturePending { pane },
        ];
        if self.alternate {
            let rows = u16::try_from(rows)
                .ok()
                .filter(|_| rows <= MOST_SAVED_ROWS)?;
            commands.extend((0..rows).map(|line| Command::CaptureSaved { pane, line }));
        }
        Some(commands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_output_before_an_answer_reports_whether_anything_overtook_it() {
        let rows = [
            ("", Seen::NothingOfIt),
            ("oo", Seen::NothingOfIt),
            ("p", Seen::ItLast),
            ("opop", Seen::ItLast),
            ("po", Seen::OthersAfterIt),
            ("opopoo", Seen::OthersAfterIt),
            ("pop", Seen::ItLast),
        ];
        for (output, expected) in rows {
            let mut seen = Seen::default();
            output.chars().for_each(|of| seen.add(of == 'p'));
            assert_eq!(seen, expected, "{output:?}");
        }
    }
}
