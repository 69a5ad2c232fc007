//! A link's events on their way to its owner, who may be slow.
//!
//! The link must go on reading whatever its owner does, so nothing here waits. What the channel has no room for is put
//! into a backlog in which output shrinks to one [`LinkEvent::Gap`] a pane and notifications to one
//! [`LinkEvent::Resync`]; replies stay whole. The order is kept: nothing overtakes a reply, since what a snapshot is
//! worth hangs on it. The backlog is bounded by the commands in flight times the panes that print.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use crate::ids::PaneId;
use crate::tmux::{LinkEvent, LinkId};

/// The way of a link's events to its owner.
#[derive(Debug)]
pub(super) struct LinkBacklog {
    events: mpsc::Sender<LinkEvent>,
    /// One place for each command in flight: a reply that has reached the owner gives its place back.
    in_flight: Arc<Semaphore>,
    backlog: VecDeque<LinkEvent>,
    /// Where in the backlog the part behind the last reply begins: gaps and resyncs are merged in there only.
    segment: usize,
    owner_gone: bool,
}

impl LinkBacklog {
    pub(super) fn new(events: mpsc::Sender<LinkEvent>, in_flight: Arc<Semaphore>) -> Self {
        Self {
            events,
            in_flight,
            backlog: VecDeque::new(),
            segment: 0,
            owner_gone: false,
        }
    }

    /// Hands an event on, or keeps of it what must be kept.
    pub(super) fn push(&mut self, event: LinkEvent) {
        self.flush();
        if !self.backlog.is_empty() {
            self.keep(event);
        } else if let Some(event) = self.try_send(event) {
            self.keep(event);
        }
    }

    /// Hands on as much of the backlog as there is room for.
    pub(super) fn flush(&mut self) {
        while let Some(first) = self.backlog.pop_front() {
            if let Some(first) = self.try_send(first) {
                self.backlog.push_front(first);
                return;
            }
            self.segment = self.segment.saturating_sub(1);
        }
    }

    /// Hands the event back if there is no room now. Without an owner it is gone.
    fn try_send(&mut self, event: LinkEvent) -> Option<LinkEvent> {
        let is_reply = matches!(event, LinkEvent::Reply { .. });
        match self.events.try_send(event) {
            Ok(()) => self.in_flight.add_permits(usize::from(is_reply)),
            Err(mpsc::error::TrySendError::Full(event)) => return Some(event),
            Err(mpsc::error::TrySendError::Closed(_)) => self.owner_gone = true,
        }
        None
    }

    pub(super) fn is_backlogged(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Whether nobody listens any more.
    pub(super) fn owner_is_gone(&self) -> bool {
        self.owner_gone || self.events.is_closed()
    }

    /// Waits until there is room for a part of the backlog, or nobody listens. Takes nothing out.
    pub(super) async fn room(&self) {
        // The permit goes back at once: only this link's task sends what is kept here, and `flush` takes it again.
        drop(self.events.reserve().await);
    }

    /// Waits until all is handed on: for a link that has ended and has nothing to read any more.
    pub(super) async fn finish(mut self) {
        for event in self.backlog.drain(..) {
            if self.events.send(event).await.is_err() {
                return;
            }
        }
    }

    fn keep(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Output {
                link, pane, bytes, ..
            } => self.keep_gap(link, pane, bytes.len() as u64),
            LinkEvent::Gap { link, pane, bytes } => self.keep_gap(link, pane, bytes),
            LinkEvent::Notification { link, .. } | LinkEvent::Resync { link } => {
                let mut segment = self.backlog.range(self.segment..);
                if !segment.any(|kept| matches!(kept, LinkEvent::Resync { .. })) {
                    self.backlog.push_back(LinkEvent::Resync { link });
                }
            }
            LinkEvent::Attached { .. } | LinkEvent::Reply { .. } | LinkEvent::Closed { .. } => {
                self.backlog.push_back(event);
                self.segment = self.backlog.len();
            }
        }
    }

    fn keep_gap(&mut self, link: LinkId, pane: PaneId, lost: u64) {
        for kept in self.backlog.range_mut(self.segment..) {
            if let LinkEvent::Gap {
                pane: same, bytes, ..
            } = kept
                && *same == pane
            {
                // 0 stands for "nobody knows", and that plus something is not known either.
                *bytes = if *bytes == 0 || lost == 0 {
                    0
                } else {
                    *bytes + lost
                };
                return;
            }
        }
        self.backlog.push_back(LinkEvent::Gap {
            link,
            pane,
            bytes: lost,
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]
    use std::time::Instant;

    use bytes::Bytes;

    use super::*;
    use crate::control::{Body, Command, Notification};

    const LINK: LinkId = LinkId(1);

    /// One letter an event: `a3` is 3 bytes of pane a, `a0` tmux's own gap, `n` a notification, `r` a reply.
    fn event(text: &str) -> LinkEvent {
        let kind = text.as_bytes()[0];
        let bytes = text[1..].parse().unwrap_or(0);
        match kind {
            b'n' => LinkEvent::Notification {
                link: LINK,
                notification: Notification::SessionsChanged,
            },
            b'r' => LinkEvent::Reply {
                link: LINK,
                tag: bytes as u64,
                index: 0,
                command: Command::ListSessions,
                outcome: Ok(Body::default()),
            },
            pane => {
                let pane = PaneId(u32::from(pane));
                if bytes == 0 {
                    return LinkEvent::Gap {
                        link: LINK,
                        pane,
                        bytes: 0,
                    };
                }
                let bytes = Bytes::from(vec![b'x'; bytes]);
                LinkEvent::Output {
                    link: LINK,
                    pane,
                    bytes,
                    read_at: Instant::now(),
                }
            }
        }
    }

    fn shown(event: &LinkEvent) -> String {
        let name = |pane: &PaneId| char::from_u32(pane.0).unwrap();
        match event {
            LinkEvent::Output { pane, bytes, .. } => format!("{}{}", name(pane), bytes.len()),
            LinkEvent::Gap { pane, bytes, .. } => format!("-{}{bytes}", name(pane)),
            LinkEvent::Notification { .. } => "n".to_owned(),
            LinkEvent::Resync { .. } => "!".to_owned(),
            LinkEvent::Reply { tag, .. } => format!("r{tag}"),
            other => panic!("{other:?}"),
        }
    }

    /// Pushes events into a channel of two places. `*` lets the owner take all that is there. Returns what it got.
    fn check(pushed: &str, expected: &str) {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut link_backlog = LinkBacklog::new(sender, Arc::new(Semaphore::new(0)));
        let mut got = Vec::new();
        for step in pushed.split(' ').chain(["*"; 9]) {
            if step == "*" {
                got.extend(
                    std::iter::from_fn(|| receiver.try_recv().ok()).map(|event| shown(&event)),
                );
                link_backlog.flush();
            } else {
                link_backlog.push(event(step));
            }
        }
        assert_eq!(got.join(" "), expected, "pushed {pushed}");
        assert!(!link_backlog.is_backlogged());
    }

    #[test]
    fn what_does_not_fit_is_counted_and_the_order_is_kept() {
        let rows = [
            ("a1 * b2 * n * r1", "a1 b2 n r1"),
            ("a1 a2 a3 b4 a5 *", "a1 a2 -a8 -b4"),
            // After a gap the output goes on only behind the gap.
            ("a1 a2 a3 * * a4", "a1 a2 -a3 a4"),
            ("n n n n a1 n *", "n n ! -a1"),
            // A reply parts the events before it from those after it.
            ("a1 a1 a3 r1 a4 a5 n r2 n a1", "a1 a1 -a3 r1 -a9 ! r2 ! -a1"),
            ("r1 r2 r3 r4 r5", "r1 r2 r3 r4 r5"),
            // What tmux threw away is of unknown size, and so is the sum.
            ("n n a0 a7 b7 b0", "n n -a0 -b0"),
        ];
        for (pushed, expected) in rows {
            check(pushed, expected);
        }
    }

    #[test]
    fn a_gone_owner_costs_nothing() {
        let (sender, receiver) = mpsc::channel(1);
        let mut link_backlog = LinkBacklog::new(sender, Arc::new(Semaphore::new(0)));
        for text in ["r1", "r2", "a1"] {
            link_backlog.push(event(text));
        }
        assert!(link_backlog.is_backlogged());
        drop(receiver);
        link_backlog.push(event("r3"));
        assert!(link_backlog.owner_is_gone() && !link_backlog.is_backlogged());
    }
}
