//! Applying the changes, one by one, to the old state gives the new one.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::diff;
use crate::ids::{PaneId, SessionId, WindowId};
use crate::model::{
    Agent, AgentStatus, Alerts, Audience, Buffer, Change, ChangeKind, Client, Exit, Pane, Place,
    Session, State, Window,
};

/// The places at which windows are linked. Within one batch of changes two windows may stand at one index for a
/// moment, as in a swap; so a follower keeps the pairs, and no map by index.
type Links = BTreeSet<(SessionId, u32, WindowId)>;

/// Follows the changes: it knows nothing but the old state and what they carry.
fn follow(old: &State, changes: &[Change]) -> State {
    let mut state = old.clone();
    let mut links = Links::new();
    for session in state.sessions.values() {
        links.extend(
            session
                .windows
                .iter()
                .map(|(index, window)| (session.id, *index, *window)),
        );
    }
    for change in changes {
        apply(&mut state, &mut links, change);
        state
            .windows
            .retain(|id, _| links.iter().any(|(_, _, window)| window == id));
    }
    for session in state.sessions.values_mut() {
        let here = links.iter().filter(|(id, ..)| *id == session.id);
        session.windows = here.map(|(_, index, window)| (*index, *window)).collect();
    }
    state
}

fn apply(state: &mut State, links: &mut Links, change: &Change) {
    let places: Vec<Place> = match &change.audience {
        Audience::Places(places) => places.to_vec(),
        Audience::Everyone | Audience::Unscoped => Vec::new(),
    };
    if let (Some(pane), None) = (change.pane, &change.left) {
        return apply_to_pane(state, pane, &change.kind);
    }
    match &change.kind {
        ChangeKind::SessionCreated { session } => {
            let fresh = Session {
                windows: BTreeMap::new(),
                active: None,
                ..session.clone()
            };
            state.sessions.insert(session.id, fresh);
        }
        ChangeKind::SessionRemoved => drop(state.sessions.remove(&places[0].session)),
        ChangeKind::SessionRenamed { session, .. } => {
            session_of(state, &places[0]).name = Arc::clone(&session.name);
        }
        ChangeKind::SessionChanged { session } => {
            let known = session_of(state, &places[0]);
            known.path = session.path.clone();
            known.group = session.group.clone();
            known.destroy_unattached = session.destroy_unattached.clone();
            known.streamed = session.streamed;
        }
        ChangeKind::ClientAttached { client } | ChangeKind::ClientSessionChanged { client, .. } => {
            state.clients.insert(client.name.clone(), client.clone());
        }
        ChangeKind::ClientDetached { name } => drop(state.clients.remove(name)),
        ChangeKind::BufferChanged { buffer } => {
            state.buffers.insert(buffer.name.clone(), buffer.clone());
        }
        ChangeKind::BufferDeleted { name } => drop(state.buffers.remove(name)),
        kind => places
            .iter()
            .for_each(|place| apply_to_window(state, links, place, kind)),
    }
}

fn session_of<'a>(state: &'a mut State, place: &Place) -> &'a mut Session {
    state
        .sessions
        .get_mut(&place.session)
        .expect("changes name known sessions only")
}

fn set_alerts(session: &mut Session, window: WindowId, alerts: Alerts) {
    session.alerts.insert(window, alerts);
    session.alerts.retain(|_, alerts| !alerts.is_empty());
}

fn apply_to_window(state: &mut State, links: &mut Links, place: &Place, kind: &ChangeKind) {
    let (id, index) = place.window.expect("a change of a window has one");
    let session = session_of(state, place);
    match kind {
        ChangeKind::WindowCreated {
            window,
            panes,
            active,
            alerts,
            agents,
        } => {
            links.insert((place.session, index, id));
            set_alerts(session, id, *alerts);
            if *active {
                session.active = Some(index);
            }
            state.windows.insert(id, window.clone());
            state
                .panes
                .extend(panes.iter().map(|pane| (pane.id, pane.clone())));
            state.agents.extend(agents.iter().cloned());
        }
        ChangeKind::WindowRemoved => drop(links.remove(&(place.session, index, id))),
        ChangeKind::WindowMoved { index, previous } => {
            links.remove(&(place.session, *previous, id));
            links.insert((place.session, *index, id));
        }
        ChangeKind::WindowActiveChanged { .. } => session.active = Some(index),
        ChangeKind::WindowAlert { alerts } => set_alerts(session, id, *alerts),
        ChangeKind::WindowRenamed { name, .. } => {
            state.windows.get_mut(&id).expect("known").name = name.clone();
        }
        ChangeKind::WindowLayoutChanged { window, panes } => {
            let known = state.windows.get_mut(&id).expect("known");
            known.layout = window.layout.clone();
            (known.width, known.height, known.zoomed) =
                (window.width, window.height, window.zoomed);
            known.panes = panes.iter().map(|(pane, _)| *pane).collect();
            for (pane, index) in panes {
                state.panes.get_mut(pane).expect("known").index = *index;
            }
        }
        other => panic!("{other:?} is no change of a window"),
    }
}

fn apply_to_pane(state: &mut State, id: PaneId, kind: &ChangeKind) {
    if let ChangeKind::PaneCreated {
        pane,
        active,
        agent,
        ..
    } = kind
    {
        state.panes.insert(id, pane.clone());
        assert_eq!(state.agents.get(&id), agent.as_ref());
        let window = state
            .windows
            .get_mut(&pane.window)
            .expect("a pane comes into a known window");
        if *active {
            window.active = Some(id);
        }
        return;
    }
    if let ChangeKind::PaneRemoved { .. } = kind {
        state.panes.remove(&id);
        return;
    }
    let pane = state.panes.get_mut(&id).expect("a known pane changes");
    match kind {
        ChangeKind::AgentEnded { .. } => drop(state.agents.remove(&id)),
        ChangeKind::PaneExited { exit } => (pane.exit, pane.pid) = (Some(*exit), 0),
        ChangeKind::PaneActiveChanged { .. } => {
            state.windows.get_mut(&pane.window).expect("known").active = Some(id);
        }
        ChangeKind::PaneTitleChanged { title, .. } => pane.title = title.clone(),
        ChangeKind::PanePathChanged { path, .. } => pane.path = path.clone(),
        ChangeKind::PaneCommandChanged { command, pid, .. } => {
            pane.command = command.clone();
            if *pid != 0 {
                (pane.pid, pane.exit) = (*pid, None);
            }
        }
        ChangeKind::PaneModeChanged { mode, .. } => pane.mode = mode.clone(),
        ChangeKind::PaneResized { width, height, .. } => {
            (pane.width, pane.height) = (*width, *height)
        }
        other => panic!("{other:?} is no change of a pane"),
    }
}

/// A window is gone when its last place is.
fn forget_unlinked(state: &mut State) {
    let linked: Vec<WindowId> = state
        .sessions
        .values()
        .flat_map(|s| s.windows.values().copied())
        .collect();
    state.windows.retain(|id, _| linked.contains(id));
}

fn pane(id: u32, window: u32, index: u32) -> impl Strategy<Value = Pane> {
    let exit = prop::option::weighted(
        0.2,
        (0..2i32).prop_map(|status| Exit {
            status: Some(status),
            signal: None,
        }),
    );
    (
        1..3u32,
        1..3u32,
        exit,
        prop::option::of(Just("copy-mode".to_owned())),
        "[ab]",
        "[ab]",
        "[ab]",
    )
        .prop_map(move |(width, pid, exit, mode, title, command, path)| Pane {
            id: PaneId(id),
            window: WindowId(window),
            index,
            width,
            height: 1,
            pid: if exit.is_some() { 0 } else { pid },
            exit,
            mode,
            title,
            command,
            path,
        })
}

/// Panes 0 to 5, each in one of the windows 0 to 2, then those windows and up to 3 sessions that link them.
fn states() -> impl Strategy<Value = State> {
    let homes = prop::collection::vec(prop::option::of(0..3u32), 6);
    let sessions = prop::collection::vec(
        prop::option::of((
            prop::collection::btree_map(0..4u32, 0..3u32, 1..4),
            "[ab]",
            0..4usize,
        )),
        3,
    );
    (
        homes,
        sessions,
        prop::collection::vec(("[ab]", any::<bool>(), 0..3usize), 3),
    )
        .prop_flat_map(|(homes, sessions, windows)| {
            let panes: Vec<_> = homes
                .iter()
                .enumerate()
                .filter_map(|(id, home)| home.map(|home| pane(id as u32, home, id as u32)))
                .collect();
            panes.prop_map(move |panes| assemble(panes, &sessions, &windows))
        })
}

/// Agents in some of the panes.
fn agents() -> impl Strategy<Value = BTreeMap<PaneId, Arc<Agent>>> {
    let agent = prop_oneof![Just("claude"), Just("codex")].prop_map(|agent_type| {
        let since = Timestamp::UNIX_EPOCH;
        Arc::new(Agent::new(agent_type, AgentStatus::Busy, since))
    });
    prop::collection::btree_map((0..6u32).prop_map(PaneId), agent, 0..4)
}

type SessionSeed = Option<(BTreeMap<u32, u32>, String, usize)>;

fn assemble(
    panes: Vec<Pane>,
    sessions: &[SessionSeed],
    windows: &[(String, bool, usize)],
) -> State {
    let mut state = State::default();
    for (id, (name, zoomed, active)) in (0u32..).zip(windows) {
        let inside: Vec<PaneId> = panes
            .iter()
            .filter(|p| p.window.0 == id)
            .map(|p| p.id)
            .collect();
        if inside.is_empty() {
            continue;
        }
        let active = Some(inside[active % inside.len()]);
        let (name, layout) = (name.clone(), format!("{inside:?}"));
        let window = Window {
            id: WindowId(id),
            name,
            width: 80,
            height: 24,
            zoomed: *zoomed,
            layout,
            panes: inside,
            active,
        };
        state.windows.insert(window.id, window);
    }
    for (id, seed) in (0u32..).zip(sessions) {
        let Some((windows, name, active)) = seed else {
            continue;
        };
        let windows: BTreeMap<u32, WindowId> = windows
            .iter()
            .map(|(index, window)| (*index, WindowId(*window)))
            .filter(|(_, window)| state.windows.contains_key(window))
            .collect();
        if windows.is_empty() {
            continue;
        }
        let active = windows.keys().nth(active % windows.len()).copied();
        let (id, name) = (SessionId(id), Arc::from(format!("{id}{name}")));
        let group = (windows.len() > 1).then(|| "g".to_owned());
        let session = Session {
            id,
            name,
            path: "/".into(),
            created: 1,
            group,
            destroy_unattached: None,
            streamed: false,
            alerts: [].into(),
            windows,
            active,
        };
        state.sessions.insert(id, session);
    }
    forget_unlinked(&mut state);
    let windows = &state.windows;
    state.panes.extend(
        panes
            .into_iter()
            .filter(|p| windows.contains_key(&p.window))
            .map(|p| (p.id, p)),
    );
    for (id, session) in &state.sessions {
        let name = format!("/dev/pts/{}", id.0);
        let client = Client {
            name: name.clone(),
            pid: 1,
            session: Some(*id),
            control: false,
            read_only: session.group.is_some(),
            tty: name.clone(),
        };
        state.clients.insert(name, client);
        let name = format!("buffer{}", session.windows.len());
        state.buffers.insert(
            name.clone(),
            Buffer {
                name,
                size: u64::from(id.0),
                created: 1,
            },
        );
    }
    state
}

fn explain(followed: &State, new: &State, changes: &[Change]) -> String {
    let lines = |state: &State| -> Vec<String> {
        format!("{state:#?}").lines().map(str::to_owned).collect()
    };
    let (ours, theirs) = (lines(followed), lines(new));
    let differ: Vec<_> = ours
        .iter()
        .zip(&theirs)
        .filter(|(a, b)| a != b)
        .take(5)
        .collect();
    format!("followed and listed differ in {differ:#?}, by {changes:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changes_lead_from_one_state_to_the_other(mut old in states(), mut new in states(), agents in agents()) {
        let inside = agents.into_iter().filter(|(pane, _)| old.panes.contains_key(pane));
        old.agents = inside.collect();
        new.keep_agents(&old);
        let changes = diff(&old, &new);
        let followed = follow(&old, &changes);
        prop_assert!(followed == new, "{}", explain(&followed, &new, &changes));
        prop_assert_eq!(diff(&new, &new), vec![]);
    }
}
