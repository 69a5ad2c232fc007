//! `GET /api/events`: the events that an address asks for, as Server-Sent Events.
//!
//! The client says nothing. What it gets is the text of `/monitor`, a message in each block; what it goes on from is the `id` of
//! the last one.

use super::monitor::MonitorEncoding;
use super::reply_json;
use crate::screen::PaneSnapshot;
use crate::server::session::{
    Context, Encode, OpenedPane, Profile, Reply, SnapshotPage, StateSnapshot, Viewpoint,
};
use crate::wire::event_stream::{close_block, heartbeat, message_block, place_block, retry_block};
use crate::wire::{CloseCode, Form, Framed, cursor};

const PROFILE: Profile = Profile {
    endpoint: "events",
    sends_structure: true,
    sends_bookmarks: true,
    confirms_input: true,
    refuses_bytes: true,
    lasts: true,
    answers_pings: false,
    most_in_flight: usize::MAX,
};

/// How its messages are encoded.
#[derive(Debug)]
pub(super) struct EventStreamEncoding {
    monitor: MonitorEncoding,
    /// When a client comes back whose connection has ended, in milliseconds.
    retry_ms: u64,
}

impl EventStreamEncoding {
    pub(super) fn new(context: &Context) -> Self {
        let retry_after = context.limits.retry_after.as_millis();
        Self {
            monitor: MonitorEncoding::new(Form::Json),
            retry_ms: u64::try_from(retry_after).unwrap_or(u64::MAX),
        }
    }
}

fn block(framed: &Framed) -> Framed {
    message_block(None, framed.payload())
}

impl Encode for EventStreamEncoding {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn form(&self) -> Form {
        Form::EventStream
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn message(&self, reply: &Reply<'_>) -> Framed {
        match *reply {
            // Who asks has shown who it is, and what it gets here needs no greeting.
            Reply::Hello { .. } => retry_block(self.retry_ms),
            Reply::Authenticated { .. } => heartbeat(),
            Reply::Bookmark { epoch, seq } => place_block(&cursor(epoch, seq)),
            Reply::Subscribed { epoch, seq, .. } => {
                let place = cursor(epoch, seq);
                message_block(Some(&place), &reply_json(reply))
            }
            _ => message_block(None, &reply_json(reply)),
        }
    }

    fn snapshot(&self, context: &Context, snapshot: StateSnapshot<'_>) -> Framed {
        let place = cursor(context.hub.epoch(), snapshot.seq);
        let framed = self.monitor.snapshot(context, snapshot);
        message_block(Some(&place), framed.payload())
    }

    fn opened(&mut self, from: Viewpoint<'_>, opened: OpenedPane<'_>) -> Framed {
        block(&self.monitor.opened(from, opened))
    }

    fn snapshot_follows(
        &mut self,
        from: Viewpoint<'_>,
        snapshot: &PaneSnapshot,
        lagged_from: Option<u64>,
        offset: u64,
    ) -> Option<Framed> {
        let follows = self
            .monitor
            .snapshot_follows(from, snapshot, lagged_from, offset)?;
        Some(block(&follows))
    }

    fn page(&self, context: &Context, page: SnapshotPage<'_>) -> Vec<Framed> {
        let pages = self.monitor.page(context, page);
        pages.iter().map(block).collect()
    }

    fn ping(&self) -> Framed {
        heartbeat()
    }

    fn farewell(&self, code: CloseCode) -> Option<Framed> {
        Some(close_block(code))
    }
}
