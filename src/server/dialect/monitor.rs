//! `/monitor`: requests with an `action`, events and snapshots of all that the client may see.

use std::time::Instant;

use super::requests;
use crate::hub::{Published, View};
use crate::screen::PaneSnapshot;
use crate::server::session::{
    ClientSession, Context, Encode, OpenedPane, Profile, Request, SnapshotPage, Viewpoint,
};
use crate::wire::{Form, Framed, Page, PaneScreen, ServerMessage, parse};

const PROFILE: Profile = Profile {
    endpoint: "monitor",
    sends_structure: true,
    sends_bookmarks: true,
    confirms_input: true,
    refuses_bytes: true,
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

    fn event(&self, context: &Context, event: &Published, view: View) -> Framed {
        context.encoder.event(event, view, self.form)
    }

    fn opened(&mut self, from: Viewpoint<'_>, opened: OpenedPane<'_>) -> Framed {
        self.message(&ServerMessage::Opened {
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
        let lagged = ServerMessage::Lagged {
            pane: snapshot.pane,
            from: lagged_from?,
            to: offset,
        };
        Some(self.message(&lagged))
    }

    fn page(&self, context: &Context, page: SnapshotPage<'_>) -> Vec<Framed> {
        let encoder = &context.encoder;
        match page.lines {
            Some(lines) => {
                let history = Page {
                    index: page.index,
                    pages: page.scrollback.pages,
                    lines,
                    offset: page.offset,
                };
                encoder.pane_scrollback(page.at, history, page.replay, self.form)
            }
            None => {
                let screen = PaneScreen::new(page.snapshot, page.offset, page.scrollback);
                encoder.pane_snapshot(page.at, &screen, page.replay, self.form)
            }
        }
    }
}
