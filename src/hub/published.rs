//! An event of the log, and the encodings of it that its readers share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::view::View;
use crate::ids::{Seq, ViewerId};
use crate::model::{Change, ChangeKind, State};

/// When something was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The time that the event carries: now, or the recorded time in a replay.
    pub at: Timestamp,
    /// When the bytes that announced it were read from tmux, if they were: latency is measured from here.
    pub read_at: Option<Instant>,
}

impl Stamp {
    /// A stamp with this time, of something that was not read from tmux just now.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self { at, read_at: None }
    }
}

/// Names an encoding of events, so that its readers share what is encoded once. Which encodings there are is a matter of
/// those who encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EncodingId(pub u8);

/// A change with its place in the log.
#[derive(Debug)]
pub struct Published {
    /// The place in the log.
    pub seq: Seq,
    /// When it was published.
    pub at: Timestamp,
    /// What changed, and who may learn of it.
    pub change: Change,
    context: EventContext,
    read_at: Option<Instant>,
    written: AtomicBool,
    /// What all events before it counted for.
    total_before: u64,
    encodings: Encodings,
}

/// What was known when the change was published, and is not in it. Without it, views and filters of later readers would
/// have to go by what is true then.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct EventContext {
    /// The name of the window that it concerns.
    pub window_name: Option<Box<str>>,
    /// The same with its secrets masked, if there are any.
    pub masked_name: Option<Box<str>>,
    /// The state that it led to, for those to whom a renamed session is a new one.
    pub state: Option<Arc<State>>,
}

/// Nearly every event is asked for in one encoding and one view alone, so that one has a place without a lock.
#[derive(Debug, Default)]
struct Encodings {
    first: OnceLock<(EncodingId, View, Bytes)>,
    others: Mutex<Vec<(EncodingId, View, Bytes)>>,
}

impl Published {
    pub(super) fn new(
        seq: Seq,
        stamp: Stamp,
        change: Change,
        context: EventContext,
        total_before: u64,
    ) -> Self {
        Self {
            seq,
            at: stamp.at,
            change,
            context,
            read_at: stamp.read_at,
            written: AtomicBool::new(false),
            total_before,
            encodings: Encodings::default(),
        }
    }

    /// An event of an archive, made of what was kept of it. Its latency was measured when it was published.
    #[must_use]
    pub fn restored(seq: Seq, at: Timestamp, change: Change, context: EventContext) -> Self {
        Self::new(seq, Stamp::at(at), change, context, 0)
    }

    /// What has to be kept beside the change, by one who keeps the event elsewhere.
    #[must_use]
    pub fn context(&self) -> &EventContext {
        &self.context
    }

    /// The event in this encoding and view: encoded by `encode` for the first reader, shared by all that follow.
    /// `encode` must not ask for another encoding of it: it would wait for itself.
    pub fn encoded(
        &self,
        encoding: EncodingId,
        view: View,
        encode: impl FnOnce() -> Bytes,
    ) -> Bytes {
        let mut encode = Some(encode);
        let mut bytes = || encode.take().map(|encode| encode()).unwrap_or_default();
        let first = self
            .encodings
            .first
            .get_or_init(|| (encoding, view, bytes()));
        if (first.0, first.1) == (encoding, view) {
            return first.2.clone();
        }
        let mut others = self
            .encodings
            .others
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = others
            .iter()
            .find(|known| (known.0, known.1) == (encoding, view))
        {
            return known.2.clone();
        }
        let bytes = bytes();
        others.push((encoding, view, bytes.clone()));
        bytes
    }

    pub(super) fn total_before(&self) -> u64 {
        self.total_before
    }

    /// How old it is. What was read from tmux ages by the clock that nobody sets, what was recorded by the recorded time.
    pub(super) fn age(&self, now: Stamp) -> Duration {
        if let (Some(read_at), Some(now)) = (self.read_at, now.read_at) {
            return now.saturating_duration_since(read_at);
        }
        // It is negative where the recorded clock was set back.
        Duration::try_from(now.at.duration_since(self.at)).unwrap_or_default()
    }

    /// The name of its window at the time, and the name before it if that is what changed.
    ///
    /// Output knows none: there the present name has to do.
    #[must_use]
    pub fn window_names(&self, redacted: bool) -> [Option<&str>; 2] {
        let previous = match &self.change.kind {
            ChangeKind::WindowRenamed { previous, .. } => Some(previous.as_str()),
            _ => None,
        };
        let masked = self.context.masked_name.as_deref();
        let name = masked.filter(|_| redacted);
        [name.or(self.context.window_name.as_deref()), previous]
    }

    /// The state that it led to, if a viewer may need it to see what appeared: a session with all its windows.
    #[must_use]
    pub fn state(&self) -> Option<&State> {
        self.context.state.as_deref()
    }

    /// When its bytes were read from tmux, if they were.
    #[must_use]
    pub fn read_at(&self) -> Option<Instant> {
        self.read_at
    }

    /// When its bytes were read from tmux, given to the first caller, who wrote it to a socket first.
    pub fn first_written(&self) -> Option<Instant> {
        let read_at = self.read_at?;
        let first =
            !self.written.load(Ordering::Relaxed) && !self.written.swap(true, Ordering::Relaxed);
        first.then_some(read_at)
    }

    /// Whether the time from tmux to the first socket is still to be measured.
    #[must_use]
    pub fn awaits_first_write(&self) -> bool {
        self.read_at.is_some() && !self.written.load(Ordering::Relaxed)
    }

    /// What it counts for in the bounds of the history, in bytes: about what it holds in memory.
    #[must_use]
    pub fn cost(&self) -> usize {
        /// The structures of an event and the envelope of its encoding.
        const FIXED: usize = 768;
        let payload = match &self.change.kind {
            ChangeKind::PaneOutput { bytes, .. } => bytes.len(),
            ChangeKind::WindowCreated { panes, .. } => panes.len() * 256,
            ChangeKind::AgentStarted { agent }
            | ChangeKind::AgentStatus { agent, .. }
            | ChangeKind::AgentSeen { agent, .. }
            | ChangeKind::AgentUsage { agent }
            | ChangeKind::AgentEnded { agent } => {
                let seen_by = agent.seen_by.len() * size_of::<ViewerId>();
                agent.texts().map(str::len).sum::<usize>() + seen_by
            }
            ChangeKind::Emitted { event } => event.data().size(),
            ChangeKind::Alert { alert } | ChangeKind::AlertCleared { alert, .. } => {
                alert.texts().map(str::len).sum()
            }
            ChangeKind::WindowLayoutChanged { window, panes } => {
                window.layout.len() + panes.len() * 16
            }
            _ => 0,
        };
        // Once for the payload and once for its encoding.
        let state = self
            .context
            .state
            .as_ref()
            .map_or(0, |state| state.panes.len() * 512);
        FIXED + 2 * payload + state
    }
}
