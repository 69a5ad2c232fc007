//! Panes as the bridge would show them, where a test plays the bridge.

use std::sync::Arc;

use bytes::Bytes;
use muxwire::bridge::{PaneView, Request, ScreenError, ViewRequest};
use muxwire::ids::PaneId;
use muxwire::screen::{Cursor, Modes, PaneSnapshot, ScrollRegion, Tracked, Unfinished};
use tokio::sync::oneshot;

use super::server::TestServer;

/// The way back for a view.
pub type Reply = oneshot::Sender<Result<PaneView, ScreenError>>;

/// The next request for a pane as it is.
pub async fn view_request(server: &mut TestServer) -> (ViewRequest, Reply) {
    match server.request().await {
        Request::View { view, reply } => (view.into_request(), reply),
        other => panic!("no pane is asked for, but {other:?}"),
    }
}

/// A view whose screen is one line of text at `screen_offset`, and what the pane printed since.
pub fn view(pane: PaneId, screen_offset: u64, line: &'static str, since: &'static str) -> PaneView {
    let snapshot = PaneSnapshot {
        tracked: Tracked::default(),
        pane,
        offset: screen_offset,
        exact: true,
        assumed: Vec::new(),
        cols: 20,
        rows: 2,
        primary: vec![Bytes::from_static(line.as_bytes()), Bytes::new()],
        alternate: None,
        cursor: Cursor {
            x: 0,
            y: 1,
            visible: true,
            shape: None,
            blinking: None,
            colour: None,
        },
        modes: Modes::default(),
        tabs: vec![8, 16],
        scroll_region: ScrollRegion { top: 0, bottom: 1 },
        unfinished: Unfinished::default(),
        history: 0,
        scrollback: Vec::new(),
    };
    PaneView {
        snapshot: Arc::new(snapshot),
        scrollback: 0,
        since: vec![Bytes::from_static(since.as_bytes())],
        offset: screen_offset + since.len() as u64,
    }
}
