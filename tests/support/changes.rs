//! A change of each kind, in a small world.

use muxwire::ids::{PaneId, SessionId, WindowId};
use muxwire::model::{
    Alerts, Audience, Buffer, Change, ChangeKind as K, Client, Exit, Pane, State, Unfit,
};

use super::world::World;

const SESSION: SessionId = SessionId(0);
const EDITOR: WindowId = WindowId(1);
const PANE: PaneId = PaneId(2);

/// The state, and a change of each kind.
pub fn changes() -> (State, Vec<Change>) {
    let mut world = World::new();
    let session = world.session("backend");
    let editor = world.window(session, 2, "editor");
    let pane = world.pane(editor);
    assert_eq!((session, editor, pane), (SESSION, EDITOR, PANE));
    let state = world.state;
    let at_session = Audience::at(state.sessions[&SESSION].place());
    let at_window = Audience::at(state.sessions[&SESSION].place_at(2, EDITOR));
    let of = |audience: &Audience, kinds: Vec<K>| -> Vec<Change> {
        kinds
            .into_iter()
            .map(|kind| Change::new(audience.clone(), kind))
            .collect()
    };
    let mut all = of(&Audience::Everyone, of_server(&state));
    all.extend(of(&at_session, of_session(&state)));
    all.extend(of(&at_window, of_window(&state)));
    let places = state.places_of_pane(PANE);
    let kinds = of_pane(&state).into_iter().chain(of_output());
    all.extend(kinds.map(|kind| Change::of_pane(PANE, places.clone(), kind)));
    all.extend(of(&Audience::Unscoped, of_buffer()));
    all.push(Change {
        reconciled: true,
        ..all[3].clone()
    });
    let missed = K::WindowMissed { window: EDITOR };
    all.push(Change::new(Audience::Unscoped, missed));
    (state, all)
}

fn of_server(state: &State) -> Vec<K> {
    let server = state.server.clone().unwrap();
    let reason = "the server exited".to_owned();
    vec![
        K::ServerConnected {
            server: server.clone(),
        },
        K::ServerChanged {
            server: server.clone(),
        },
        K::ServerLost { server, reason },
        K::ServerUnfit {
            unfit: Unfit {
                reason: "the versions don't fit".to_owned(),
                program_version: "3.3a".to_owned(),
                server_version: None,
            },
        },
    ]
}

fn of_session(state: &State) -> Vec<K> {
    let session = || state.sessions[&SESSION].clone();
    let client = Client {
        name: "/dev/pts/3".to_owned(),
        pid: 800,
        session: Some(SESSION),
        control: false,
        read_only: false,
        tty: "/dev/pts/3".to_owned(),
    };
    vec![
        K::SessionCreated { session: session() },
        K::SessionRemoved,
        K::SessionRenamed {
            session: session(),
            previous: "old".into(),
        },
        K::SessionChanged { session: session() },
        K::ClientAttached {
            client: client.clone(),
        },
        K::ClientDetached {
            name: client.name.clone(),
        },
        K::ClientSessionChanged {
            client,
            previous: Some("old".into()),
        },
    ]
}

fn of_window(state: &State) -> Vec<K> {
    let window = state.windows[&EDITOR].clone();
    let panes: Vec<Pane> = window
        .panes
        .iter()
        .map(|id| state.panes[id].clone())
        .collect();
    let (name, previous) = ("editor".to_owned(), "bash".to_owned());
    vec![
        K::WindowCreated {
            window: window.clone(),
            panes,
            active: false,
            alerts: Alerts {
                bell: true,
                ..Alerts::default()
            },
        },
        K::WindowAlert {
            alerts: Alerts {
                activity: true,
                silence: true,
                ..Alerts::default()
            },
        },
        K::WindowRemoved,
        K::WindowRenamed { name, previous },
        K::WindowMoved {
            index: 2,
            previous: 5,
        },
        K::WindowLayoutChanged {
            window,
            panes: vec![(PaneId(1), 0), (PANE, 1)],
        },
        K::WindowActiveChanged { previous: Some(0) },
    ]
}

fn of_pane(state: &State) -> Vec<K> {
    let text = str::to_owned;
    vec![
        K::PaneCreated {
            pane: state.panes[&PANE].clone(),
            active: true,
            moved: false,
        },
        K::PaneRemoved { moved: false },
        K::PaneMissed,
        K::PaneBell,
        K::PaneExited {
            exit: Exit {
                status: Some(1),
                signal: None,
            },
        },
        K::PaneActiveChanged {
            previous: Some(PaneId(1)),
        },
        K::PaneTitleChanged {
            title: text("build"),
            previous: text("host"),
        },
        K::PaneCommandChanged {
            command: text("cargo"),
            previous: text("bash"),
            pid: 9002,
            respawned: true,
        },
        K::PanePathChanged {
            path: text("/srv"),
            previous: text("/home"),
        },
        K::PaneModeChanged {
            mode: Some(text("copy-mode")),
            previous: None,
        },
        K::PaneResized {
            width: 100,
            height: 30,
            previous: (80, 24),
        },
    ]
}

fn of_output() -> Vec<K> {
    let coloured = "caf\u{e9} \u{1b}[31merror\u{1b}[0m \"x\"\\\r\n";
    vec![
        K::PaneOutput {
            offset: 90_211,
            bytes: coloured.into(),
        },
        K::PaneOutput {
            offset: 90_240,
            bytes: b"\xff\xfe\x00 warning"[..].into(),
        },
        K::PaneGap {
            offset: 95_000,
            bytes: Some(1200),
        },
        K::PaneGap {
            offset: 96_000,
            bytes: None,
        },
    ]
}

fn of_buffer() -> Vec<K> {
    let name = || "buffer0".to_owned();
    let buffer = Buffer {
        name: name(),
        size: 5,
        created: 1_700_000_200,
    };
    vec![
        K::BufferChanged { buffer },
        K::BufferDeleted { name: name() },
    ]
}
