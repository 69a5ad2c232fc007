//! Reading the log from a place on.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

use super::archive::{Archived, SeqRange};
use super::log::Hub;
use super::published::Published;
use super::ring::Found;
use crate::ids::{Epoch, Seq};

/// A place in a named log: everything up to `seq` has been seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The log's name.
    pub epoch: Epoch,
    /// The place in it.
    pub seq: Seq,
}

/// From where on a client wants events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// From behind this position.
    Position(Position),
    /// From behind a position that no log of this kind has.
    Foreign,
}

/// Why the events after a position can't be had in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRecoverable {
    /// It belongs to another log.
    #[error("the position belongs to another epoch")]
    OtherEpoch,
    /// The log has not come so far.
    #[error("the position lies in the future")]
    Future,
    /// A part of the events after it is no longer kept.
    #[error("the history no longer reaches back to the position")]
    Evicted,
}

/// What a reader finds behind its place.
#[derive(Debug)]
pub enum Next {
    /// The next event; the reader now stands at it.
    Event(Arc<Published>),
    /// Nothing more as yet.
    Head,
    /// The next event is in the archive alone: it is to be read from there.
    Archived(SeqRange),
    /// The next event is gone: the reader fell behind the history.
    Evicted,
}

/// A place in the log that moves forward as it is read.
#[derive(Debug)]
pub struct Reader {
    hub: Hub,
    heads: watch::Receiver<Seq>,
    place: Seq,
    /// What the archive gave, right behind the place.
    archived: VecDeque<Arc<Published>>,
}

impl Reader {
    pub(super) fn new(hub: Hub, place: Seq) -> Self {
        Self {
            heads: hub.head_watch(),
            hub,
            place,
            archived: VecDeque::new(),
        }
    }

    /// A reader of these events, and then of all that comes behind them.
    pub(super) fn of_archived(hub: Hub, archived: Archived) -> Self {
        let Archived { after, events } = archived;
        Self {
            archived: events.into(),
            ..Self::new(hub, after)
        }
    }

    /// Passes over what is no longer kept. Returns what that was.
    pub fn skip(&mut self) -> SeqRange {
        let after = self.place;
        self.place = self.hub.oldest().max(after);
        let until = self.place;
        SeqRange { after, until }
    }

    /// Takes what was read from the archive, unless the reader has come to stand elsewhere meanwhile.
    pub fn supply(&mut self, archived: Archived) {
        if archived.after == self.place {
            self.archived = archived.events.into();
        }
    }

    /// The events up to this place have been read elsewhere.
    pub(super) fn advance(&mut self, place: Seq) {
        self.place = self.place.max(place);
    }

    /// The place of the event that was read last.
    #[must_use]
    pub fn place(&self) -> Seq {
        self.place
    }

    /// Reads one event.
    pub fn pull(&mut self) -> Next {
        self.place = self.hub.over_lost(self.place);
        let found = match self.archived.pop_front() {
            Some(event) => Found::Event(event),
            None => self.hub.after(self.place),
        };
        match found {
            Found::Event(event) => {
                self.place = event.seq;
                Next::Event(event)
            }
            Found::Head => Next::Head,
            Found::Evicted => {
                let range = self.hub.archived_behind(self.place);
                range.map_or(Next::Evicted, Next::Archived)
            }
        }
    }

    /// Waits until there is something to read. Cancel safe.
    pub async fn readable(&mut self) {
        let place = self.place;
        if self.heads.wait_for(|head| *head > place).await.is_err() {
            // The sender lives in the hub that this reader holds, so it is never gone; waiting on is the safe answer.
            std::future::pending::<()>().await;
        }
    }
}

/// Tells when the head of the log has moved, to one who wakes others.
#[derive(Debug)]
pub struct Heads(watch::Receiver<Seq>);

impl Heads {
    pub(super) fn new(heads: watch::Receiver<Seq>) -> Self {
        Self(heads)
    }

    /// Waits until something was published since the last time. Cancel safe.
    ///
    /// The log must outlive this: without it, it waits for ever.
    pub async fn moved(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
