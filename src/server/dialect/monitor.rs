//! `/monitor`: requests with an `action`, events and snapshots of all that the client may see.

use std::time::Instant;

use super::{replies, requests};
use crate::screen::PaneSnapshot;
use crate::server::session::{
    ClientSession, Context, Encode, OpenedPane, Profile, Reply, Request, SnapshotPage,
    StateSnapshot, Viewpoint,
};
use crate::wire::{Form, Framed, More, Page, PanePlace, PaneScreen, Scrollback, parse};

const PROFILE: Profile = Profile {
    endpoint: "monitor",
    sends_structure: true,
    sends_bookmarks: true,
    confirms_input: true,
    refuses_bytes: true,
    lasts: true,
    answers_pings: true,
    most_in_flight: usize::MAX,
};

/// The client sent a text message.
pub(super) fn on_text(session: &mut ClientSession, text: &[u8], now: Instant) {
    let parsed = parse(text).and_then(requests::read);
    let is_ack = |request: &Request| matches!(request, Request::Ack { .. });
    if !super::admits(session, &parsed, is_ack, text.len(), now) {
        return;
    }
    match parsed {
        Err(rejected) => {
            session.refuse(rejected.id.as_ref(), rejected.code, &rejected.message, now);
        }
        Ok(asked) => session.carry_out(asked.id, asked.action, now),
    }
}

/// How its messages are encoded.
#[derive(Debug)]
pub(super) struct MonitorEncoding {
    form: Form,
}

impl MonitorEncoding {
    pub(super) fn new(form: Form) -> Self {
        Self { form }
    }
}

impl Encode for MonitorEncoding {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn form(&self) -> Form {
        self.form
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn message(&self, reply: &Reply<'_>) -> Framed {
        replies::message(reply).framed()
    }

    fn snapshot(&self, context: &Context, snapshot: StateSnapshot<'_>) -> Framed {
        replies::state(context, snapshot)
    }

    fn opened(&mut self, from: Viewpoint<'_>, opened: OpenedPane<'_>) -> Framed {
        self.message(&Reply::Opened {
            id: opened.id,
            pane: opened.pane,
            recovered: opened.recovered,
            epoch: from.context.hub.epoch(),
            offset: opened.offset,
        })
    }

    fn snapshot_follows(
        &mut self,
        _: Viewpoint<'_>,
        snapshot: &PaneSnapshot,
        lagged_from: Option<u64>,
        offset: u64,
    ) -> Option<Framed> {
        let lagged = Reply::Lagged {
            pane: snapshot.pane,
            from: lagged_from?,
            to: offset,
        };
        Some(self.message(&lagged))
    }

    fn page(&self, context: &Context, page: SnapshotPage<'_>) -> Vec<Framed> {
        let encoder = &context.encoder;
        let at = PanePlace {
            pane: page.pane,
            place: page.place,
            seq: page.seq,
        };
        let (lines_before, pages) = page.history;
        match page.lines {
            Some(lines) => {
                let history = Page {
                    index: page.index,
                    pages,
                    lines,
                    offset: page.offset,
                };
                encoder.pane_scrollback(at, history, page.replay, self.form)
            }
            None => {
                let scrollback = Scrollback {
                    lines: lines_before,
                    pages,
                    more: More::new(),
                };
                let screen = PaneScreen::new(page.snapshot, page.offset, scrollback);
                encoder.pane_snapshot(at, screen, page.replay, self.form)
            }
        }
    }
}
