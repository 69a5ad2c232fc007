//! What tmux itself lists, and waiting until a bridge knows it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use muxwire::control::rows::{BufferRow, ClientRow, PaneRow, Row, SessionRow, WindowRow};
use muxwire::model::{Listing, State, diff};

use super::bridge::LiveBridge;
use super::{SOON, TmuxServer, holds_within};

/// Waits until the bridge knows what tmux lists, and every session has its link. Returns what tmux lists.
pub async fn synced(bridge: &LiveBridge, server: &TmuxServer) -> State {
    let synced = synced_or_gone(bridge, server).await;
    synced.unwrap_or_else(|| panic!("{}", server.state()))
}

/// The same; none if the server is gone.
pub async fn synced_or_gone(bridge: &LiveBridge, server: &TmuxServer) -> Option<State> {
    let since = Instant::now();
    loop {
        let mut listed = listed(server)?;
        let known = bridge.state();
        for window in listed
            .windows
            .values_mut()
            .filter(|window| window.layout.starts_with('{'))
        {
            // tmux 3.8 reports layouts as JSON, but to control clients as ever.
            let same = known
                .windows
                .get(&window.id)
                .map(|known| known.layout.clone());
            window.layout = same.unwrap_or_default();
        }
        let known = State {
            server: None,
            ..State::clone(&known)
        };
        let links = bridge.counters.counts().links == listed.sessions.len() as u64 + 1;
        if links && known == listed {
            return Some(listed);
        }
        let counts = bridge.counters.counts();
        let differ = diff(&known, &listed);
        assert!(
            since.elapsed() < SOON,
            "the bridge does not follow: {counts:?}, behind by {differ:#?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the reconciler has had the time to check, to suspect and to confirm.
pub async fn checked(bridge: &LiveBridge) {
    let before = bridge.counters.counts().listings;
    let since = Instant::now();
    while bridge.counters.counts().listings < before + 4 {
        assert!(since.elapsed() < SOON, "the reconciler does not check");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What tmux itself says, without control clients: those are muxwire's links. None if the server is gone.
fn listed(server: &TmuxServer) -> Option<State> {
    let listing = Listing {
        sessions: rows::<SessionRow>(server, &["list-sessions"])?,
        windows: rows::<WindowRow>(server, &["list-windows", "-a"])?,
        panes: rows::<PaneRow>(server, &["list-panes", "-a"])?,
        clients: rows::<ClientRow>(server, &["list-clients"])?,
        buffers: rows::<BufferRow>(server, &["list-buffers"])?,
    };
    let own: BTreeSet<u32> = listing.clients.iter().map(|client| client.pid).collect();
    let mut state = listing.into_state(None, &own);
    for session in state.sessions.values_mut() {
        // Once every session has its link.
        session.streamed = true;
    }
    Some(state)
}

fn rows<R: Row>(server: &TmuxServer, command: &[&str]) -> Option<Vec<R>> {
    let arguments: Vec<&str> = command.iter().copied().chain(["-F", R::FORMAT]).collect();
    let output = server.try_run(&arguments).expect("tmux answers");
    let error = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        // A server that writes its core has closed its connections already, and is not gone yet.
        let gone = holds_within(SOON, || !server.is_alive());
        assert!(gone, "tmux {command:?}: {error}, though the server lives");
        return None;
    }
    let listed = String::from_utf8_lossy(&output.stdout);
    let rows = listed
        .lines()
        .map(|line| R::parse(line.as_bytes()).unwrap());
    Some(rows.collect())
}
