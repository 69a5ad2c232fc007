//! Showing panes: a snapshot at an exact place of the pane's stream, and what came since.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::action::Action;
use super::request::{PaneView, ScreenError, ViewRequest};
use super::streams::Streams;
use crate::ids::PaneId;
use crate::screen::{Capture, PaneSnapshot};
use crate::tmux::PanePrint;

/// Where a view goes. Nobody may be waiting for it any more, and that is no error.
pub(super) type ViewReply = oneshot::Sender<Result<PaneView, ScreenError>>;

/// What tmux printed of a pane.
#[derive(Debug)]
pub(super) struct Printed {
    pub(super) ticket: u64,
    pub(super) parts: Result<PanePrint, ScreenError>,
}

/// The views under way.
#[derive(Debug, Default)]
pub(super) struct Views {
    flights: HashMap<u64, Flight>,
}

#[derive(Debug)]
struct Flight {
    pane: PaneId,
    scrollback: u32,
    offset: u64,
    reply: ViewReply,
}

impl Views {
    /// Begins a request.
    pub(super) fn begin(
        &mut self,
        ticket: u64,
        view: ViewRequest,
        reply: ViewReply,
        streams: &Streams,
        actions: &mut Vec<Action>,
    ) {
        let ViewRequest { pane, scrollback } = view;
        let offset = streams.offset(pane);
        actions.push(Action::Print {
            ticket,
            pane,
            scrollback,
        });
        let flight = Flight {
            pane,
            scrollback,
            offset,
            reply,
        };
        self.flights.insert(ticket, flight);
    }

    /// A pane has been printed.
    pub(super) fn printed(&mut self, printed: Printed) {
        let Printed { ticket, parts } = printed;
        let Some(flight) = self.flights.remove(&ticket) else {
            return;
        };
        let snapshot = parts.and_then(|parts| snapshot(&flight, false, &parts));
        let view = snapshot.map(|snapshot| PaneView {
            scrollback: flight.scrollback.min(lines(&snapshot)),
            offset: snapshot.offset,
            since: Vec::new(),
            snapshot: Arc::new(snapshot),
        });
        answer(flight.reply, view);
    }
}

fn lines(snapshot: &PaneSnapshot) -> u32 {
    u32::try_from(snapshot.scrollback.len()).unwrap_or(u32::MAX)
}

fn snapshot(flight: &Flight, exact: bool, parts: &PanePrint) -> Result<PaneSnapshot, ScreenError> {
    let capture = Capture::new(&parts.state, &parts.screen, &parts.saved, &parts.pending)
        .map_err(|error| ScreenError::Tmux(error.to_string()))?;
    PaneSnapshot::new(flight.pane, flight.offset, exact, &capture).ok_or(ScreenError::NoSuchPane)
}

/// Answers a request.
pub(super) fn answer(reply: ViewReply, view: Result<PaneView, ScreenError>) {
    if reply.send(view).is_err() {
        tracing::debug!("the client that wanted to see a pane is gone");
    }
}
