//! What is kept, where, and for how long; and what has come of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::glob::NamePattern;
use crate::hub::{Published, SeqRange};
use crate::ids::{PaneId, Seq};
use crate::model::State;
use crate::screen::PaneSnapshot;

/// What becomes of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// They are masked before anything is written.
    Mask,
    /// They are kept, and masked for those who may not see them.
    Keep,
}

/// What is kept, where, and for how long.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// The most that it may take.
    pub max_bytes: u64,
    /// How old what is in it may be.
    pub max_age: Duration,
    /// Sessions of which nothing is kept that their panes print.
    pub exclude: Vec<NamePattern>,
    /// What becomes of secrets.
    pub secrets: Secrets,
    /// What is secret, as `redaction.rules` and `redaction.defaults` say.
    pub rules: (Vec<String>, bool),
    /// The host's name, as it stands in events.
    pub host: String,
}

/// What the history has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Events that were written, output not counted.
    pub events: u64,
    /// Bytes that panes printed, and that were written.
    pub printed: u64,
    /// What these took in the file at first.
    pub stored: u64,
    /// Lines of text.
    pub lines: u64,
    /// Bytes that were printed too fast to be read as text.
    pub unread: u64,
    /// Events that could not be kept.
    pub lost: u64,
    /// Commits that failed.
    pub failures: u64,
    /// The size of the file.
    pub size: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) events: AtomicU64,
    pub(super) printed: AtomicU64,
    pub(super) stored: AtomicU64,
    pub(super) lines: AtomicU64,
    pub(super) unread: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) size: AtomicU64,
    /// The place up to which the file has everything.
    pub(super) written: AtomicU64,
}

/// What the thread is given.
pub(super) enum Message {
    Event(Arc<Published>, OwnedSemaphorePermit),
    Missed(SeqRange),
    State(Arc<State>, Seq),
    Seed(PaneId, Arc<PaneSnapshot>),
    Unseen(PaneId),
    /// Writes what there is, and says so.
    Flush(oneshot::Sender<()>),
}

impl Counts {
    /// What has been counted until now.
    pub(super) fn figures(&self) -> Figures {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Figures {
            events: read(&self.events),
            printed: read(&self.printed),
            stored: read(&self.stored),
            lines: read(&self.lines),
            unread: read(&self.unread),
            lost: read(&self.lost),
            failures: read(&self.failures),
            size: read(&self.size),
        }
    }
}
