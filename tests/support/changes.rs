//! A change of each kind, in a small world.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use muxwire::ids::{PaneId, Seq, SessionId, ViewerId, WindowId};
use muxwire::model::{
    Agent, AgentConfidence, AgentDialog, AgentStatus, Alert, AlertSeverity, Alerts, Audience,
    Buffer, Change, ChangeKind as K, ClearCause, Client, Datum, Emission, Emitted, Exit, Pane,
    Spot, State, Unfit,
};
use muxwire::resources::{Amounts, HostFigures, ResourceUser, Resources};
use muxwire::usage::{ModelUsage, Tokens, ToolUsage, Usage};

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
    let kinds = kinds.chain(of_agent()).chain(of_alert());
    all.extend(kinds.map(|kind| Change::of_pane(PANE, places.clone(), kind)));
    all.extend(of(&Audience::Unscoped, of_buffer()));
    all.push(Change {
        reconciled: true,
        ..all[3].clone()
    });
    all.extend(
        emitted()
            .iter()
            .map(|emission| emission.change(&state).unwrap()),
    );
    let gap = K::LogGap {
        after: Seq(12),
        until: Seq(1 << 40),
    };
    all.push(Change::new(Audience::Everyone, gap));
    let missed = K::WindowMissed { window: EDITOR };
    all.push(Change::new(Audience::Unscoped, missed));
    let [of_pane, of_muxwire, of_host] = of_resources();
    all.push(Change::of_pane(PANE, places, of_pane));
    all.extend(of(&Audience::Unscoped, vec![of_muxwire, of_host]));
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
            agents: vec![(PANE, agent())],
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
            agent: None,
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

/// Who has seen an agent.
pub const VIEWER: ViewerId = ViewerId([7; 16]);

fn of_agent() -> [K; 5] {
    let started = Agent::new("claude", AgentStatus::Unknown, agent().since);
    [
        K::AgentStarted {
            agent: started.into(),
        },
        K::AgentStatus {
            agent: agent(),
            previous: AgentStatus::Busy,
        },
        K::AgentSeen {
            agent: Arc::new(Agent {
                seen_by: [VIEWER].into_iter().collect(),
                ..Agent::clone(&agent())
            }),
            viewer: VIEWER,
        },
        K::AgentUsage { agent: agent() },
        K::AgentEnded { agent: agent() },
    ]
}

/// One that says all that it can, and one that says the least.
fn of_alert() -> [K; 2] {
    let least = Alert {
        id: "5f0c1e-1".to_owned(),
        rule: "waiting".to_owned(),
        severity: AlertSeverity::Warning,
        key: "waiting/%2".to_owned(),
        title: "claude waits: permission".to_owned(),
        message: None,
        agent_type: None,
        status: None,
        reason: None,
        since: agent().since,
    };
    let all = Alert {
        message: Some("Bash(cargo test)".to_owned()),
        agent_type: Some("claude".to_owned()),
        status: Some(AgentStatus::Waiting),
        reason: Some("permission".to_owned()),
        ..least.clone()
    };
    [
        K::Alert { alert: all.into() },
        K::AlertCleared {
            alert: least.into(),
            cause: ClearCause::Over,
        },
    ]
}

/// What a pane uses, what muxwire does, and what the machine does.
fn of_resources() -> [K; 3] {
    let amounts = |cpu, mebibytes: u64, processes| Amounts {
        cpu,
        memory: mebibytes << 20,
        processes,
    };
    let own = amounts(12, 14, 1);
    let host = HostFigures {
        cores: 8,
        load: [125, 90, 75],
        memory: 16 << 30,
        swap_used: 0,
        swap: 2 << 30,
    };
    let users = [
        (ResourceUser::Pane, amounts(1003, 612, 4)),
        (ResourceUser::Muxwire { own }, amounts(15, 38, 5)),
        (ResourceUser::Host(host), amounts(257, 6000, 310)),
    ];
    users.map(|(user, amounts)| K::SystemResources {
        resources: Box::new(Resources {
            user,
            amounts,
            over: Duration::from_secs(5),
        }),
    })
}

/// An agent of which all is known that can be.
fn agent() -> Arc<Agent> {
    let text = |text: &str| Some(text.to_owned());
    let agent = Agent {
        reason: text("permission"),
        confidence: AgentConfidence::High,
        source: text("screen"),
        message: text("Bash(cargo test)"),
        dialog: Some(AgentDialog {
            fingerprint: "5f3a9c01d2e4b687".to_owned(),
            options: vec!["Yes".to_owned(), "No".to_owned()],
        }),
        model: text("Opus 4.6"),
        mode: text("plan"),
        context_left: Some(12),
        elapsed: Some(Duration::from_secs(75)),
        tokens: Some(1200),
        resets_at: text("5pm"),
        background_shells: Some(1),
        background_agents: Some(2),
        usage: Some(Box::new(usage())),
        ..Agent::new(
            "claude",
            AgentStatus::Waiting,
            Timestamp::from_millisecond(1_764_460_800_123).unwrap(),
        )
    };
    agent.into()
}

/// What a session has used, in which one model has a price.
fn usage() -> Usage {
    let tokens = Tokens {
        input: 1200,
        cache_read: 800,
        cache_write: 400,
        long_cache_write: 0,
        output: 90,
        reasoning: 30,
    };
    let model = |model: &str, cost| ModelUsage {
        model: model.to_owned(),
        requests: 2,
        tokens,
        cost,
    };
    Usage {
        models: vec![model("claude-opus-4-5", Some(11_150)), model("other", None)],
        tools: vec![ToolUsage {
            tool: "Bash".to_owned(),
            calls: 3,
        }],
        prices_of: Some("2025-12-01".to_owned()),
    }
}

/// An event of each family, at each kind of place.
fn emitted() -> [Emission; 4] {
    let text = |text: &str| Datum::Text(text.to_owned());
    let number = |digits: &str| Datum::Number(digits.into());
    let event = |type_name, spot, fields: Vec<(&str, Datum)>| {
        let fields = fields
            .into_iter()
            .map(|(key, datum)| (key.to_owned(), datum));
        let event = Emitted::new(type_name, Datum::Map(fields.collect())).unwrap();
        let event = Arc::new(event);
        Emission { spot, event }
    };
    let list = Datum::List(vec![Datum::Null, Datum::Bool(true), number("-3")]);
    let task = vec![("progress", number("12.5")), ("task", text("t-7"))];
    let cost = vec![("amount", number("0.25")), ("model", text("opus"))];
    let tool = vec![("duration_ms", number("75")), ("tool", text("Bash"))];
    [
        event("task.progress", Spot::Session(SESSION), task),
        event("cost.update", Spot::Window(EDITOR), cost),
        event("tool.call.finished", Spot::Pane(PANE), tool),
        event("x.acme.deploy", Spot::Server, vec![("list", list)]),
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
