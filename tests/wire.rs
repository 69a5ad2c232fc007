//! The messages themselves: each as it stands in `fixtures/wire/`, which the clients in other languages read too.
//!
//! `MUXWIRE_BLESS=1 cargo test wire::` writes the files anew.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use bytes::Bytes;
use jiff::Timestamp;
use muxwire::hub::{HistoryLimits, Hub, Next, Published, Stamp, Viewer, view};
use muxwire::ids::{Epoch, PaneId, Seq, SessionId, WindowId};
use muxwire::model::{Audience, Change, ChangeKind, Place, Server, State, Warning};
use muxwire::screen::{self, Assumed, PaneSnapshot, replay_scrollback};
use muxwire::wire::binary::{Header, Kind};
use muxwire::wire::{
    ClientInfo, ClientStats, Cursor, Encoder, ErrorCode, Form, Latency, Page, PanePlace,
    PaneScreen, Part, RequestId, Screen, Screens, Scrollback, ServerMessage, ServerStats,
    ShedStats, parse, schema,
};
use serde_json::{Value, json};

use crate::support::changes::changes;
use crate::support::schema::{
    check_from_client, check_from_server, client_actions, server_types, terminal_side,
    terminal_types,
};
use crate::support::world::{World, stamp};

struct Everything;

impl Viewer for Everything {
    fn sees_session(&self, _: &str) -> bool {
        true
    }

    fn sees_all(&self) -> bool {
        true
    }
}

fn epoch() -> Epoch {
    Epoch::new("b3f1c9").unwrap()
}

fn encoder() -> Encoder {
    Encoder::new("build-3", &epoch())
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/wire")
        .join(name)
}

/// Compares messages with those of a file, one a line.
fn check_golden(name: &str, messages: &[Value]) {
    let path = fixture(name);
    let text: String = messages
        .iter()
        .map(|message| format!("{message}\n"))
        .collect();
    if env::var_os("MUXWIRE_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap();
    for (line, (found, expected)) in text.lines().zip(known.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {name}", line + 1);
    }
    assert_eq!(
        text.lines().count(),
        known.lines().count(),
        "lines of {name}"
    );
}

fn read(bytes: &[u8]) -> Value {
    let message = serde_json::from_slice(bytes).unwrap();
    check_from_server(&message);
    message
}

fn published(changes: Vec<Change>, stamp: Stamp) -> Vec<std::sync::Arc<Published>> {
    let hub = Hub::new(HistoryLimits::default(), epoch());
    let mut reader = hub.reader();
    hub.publish(changes, None, stamp);
    let next = || match reader.pull() {
        Next::Event(event) => Some(event),
        Next::Head | Next::Archived(_) | Next::Evicted => None,
    };
    std::iter::from_fn(next).collect()
}

fn events() -> Vec<Value> {
    let encoder = encoder();
    let encode = |event: &std::sync::Arc<Published>| {
        let seen = view(&event.change, &Everything, |_| true).unwrap();
        read(encoder.event(event, seen, Form::Json).payload())
    };
    let all = published(changes().1, stamp());
    let all = all.iter().map(encode);
    all.chain([entered(&encoder)]).collect()
}

/// A session that was renamed into what the viewer sees: an event that holds all that is in it.
fn entered(encoder: &Encoder) -> Value {
    struct Mine;
    impl Viewer for Mine {
        fn sees_session(&self, name: &str) -> bool {
            name == "mine"
        }
        fn sees_all(&self) -> bool {
            false
        }
    }
    let mut world = World::new();
    let id = world.session("hidden");
    let hub = Hub::new(HistoryLimits::default(), epoch());
    world.publish(&hub);
    let mut reader = hub.reader();
    world.rename(id, "mine");
    world.publish(&hub);
    let Next::Event(event) = reader.pull() else {
        panic!("the renaming is published");
    };
    let seen = view(&event.change, &Mine, |_| true).unwrap();
    read(encoder.event(&event, seen, Form::Json).payload())
}

fn subscribed<'a>(
    id: Option<&'a RequestId>,
    recovered: Option<bool>,
    epoch: &'a Epoch,
) -> ServerMessage<'a> {
    ServerMessage::Subscribed {
        id,
        recovered,
        epoch,
        seq: Seq(48_213),
        warnings: &[],
    }
}

fn messages() -> Vec<Value> {
    let epoch = epoch();
    let text = RequestId::Text("r1".to_owned());
    let number = RequestId::Number(7.into());
    let (id, seq) = (Some(&text), Seq(48_213));
    let mut all = vec![
        ServerMessage::Hello {
            host: "build-3",
            epoch: &epoch,
            seq,
            auth_required: true,
        },
        ServerMessage::Authenticated {
            id,
            permissions: &["read", "write"],
            client_id: "c1",
            expires: None,
            redacted: false,
        },
        ServerMessage::Authenticated {
            id,
            permissions: &["read"],
            client_id: "c1",
            expires: "2026-11-20T06:00:00Z".parse().ok(),
            redacted: true,
        },
        ServerMessage::NotAuthenticated {
            id,
            message: "the token is not valid",
        },
        subscribed(id, None, &epoch),
        subscribed(Some(&number), Some(true), &epoch),
        ServerMessage::Unsubscribed { id },
        ServerMessage::Done {
            id,
            pane: PaneId(3),
            repeated: false,
        },
        ServerMessage::Done {
            id: None,
            pane: PaneId(3),
            repeated: true,
        },
        ServerMessage::Opened {
            id,
            pane: PaneId(3),
            recovered: true,
            epoch: &epoch,
            offset: 90_211,
        },
        ServerMessage::Closed {
            id,
            pane: PaneId(3),
        },
        ServerMessage::Acked { id: &text },
        ServerMessage::Lagged {
            pane: PaneId(3),
            from: 90_211,
            to: 120_034,
        },
        ServerMessage::Pong { id },
        ServerMessage::Bookmark { epoch: &epoch, seq },
        ServerMessage::Shutdown {
            retry_after_ms: 1000,
        },
    ];
    let error = |code| ServerMessage::Error {
        id,
        code,
        message: "for people",
        retry_after_ms: None,
    };
    all.push(ServerMessage::Error {
        id,
        code: ErrorCode::RateLimited,
        message: "for people",
        retry_after_ms: Some(2500),
    });
    all.extend(ErrorCode::ALL.map(error));
    let mut all: Vec<Value> = all.iter().map(|message| read(&message.encode())).collect();
    // The version goes with the program.
    all[0]["server"] = json!("muxwire/0.1.0");
    all.extend(stats());
    all.extend(clients());
    all.extend(snapshots());
    all.extend(panes(Form::Json));
    all.extend(panes(Form::Binary));
    all
}

/// Who is connected: one that is known, and one that is not yet; and the end of one.
fn clients() -> [Value; 2] {
    let known = ClientInfo {
        client_id: "c17".to_owned(),
        endpoint: "monitor",
        address: Some("127.0.0.1:50412".to_owned()),
        connected_ms: 61_000,
        token: Some("4fdc55l7".to_owned()),
        name: Some("dashboard".to_owned()),
        permissions: vec!["read", "write"],
        sessions: vec!["api-*".to_owned()],
    };
    let unknown = ClientInfo {
        client_id: "c18".to_owned(),
        endpoint: "terminal",
        address: None,
        connected_ms: 20,
        token: None,
        name: None,
        permissions: Vec::new(),
        sessions: Vec::new(),
    };
    let id = RequestId::Text("r-7".to_owned());
    let clients = ServerMessage::Clients {
        id: Some(&id),
        clients: &[known, unknown],
        total: 2,
    };
    let gone = ServerMessage::Disconnected {
        id: Some(&id),
        client_id: "c18",
    };
    [clients, gone].map(|message| read(&message.encode()))
}

/// How clients fare: one for itself of which nothing was timed, and an admin with all of them.
fn stats() -> [Value; 2] {
    let latency = |count| Latency {
        count,
        p50: 84,
        p99: 310,
        max: 1212,
    };
    let client = ClientStats {
        client_id: "c17".to_owned(),
        name: Some("dashboard".to_owned()),
        address: Some("127.0.0.1:50412".to_owned()),
        connected_ms: 61_000,
        queue_bytes: 4_096,
        queue_messages: 3,
        behind_events: 12,
        shed: ShedStats {
            panes: 1,
            bytes: 29_823,
        },
        latency_us: Some(latency(120)),
    };
    let unknown = ClientStats {
        client_id: "c18".to_owned(),
        name: None,
        address: None,
        latency_us: None,
        ..client
    };
    let server = ServerStats {
        clients: 2,
        latency_us: Some(latency(240)),
        fan_out_us: None,
    };
    let id = RequestId::Number(15.into());
    let clients = [client.clone(), unknown.clone()];
    [
        ServerMessage::Stats {
            id: None,
            client: &unknown,
            server: &server,
            clients: None,
        },
        ServerMessage::Stats {
            id: Some(&id),
            client: &client,
            server: &server,
            clients: Some(&clients),
        },
    ]
    .map(|message| read(&message.encode()))
}

/// A page of history and a snapshot behind it. In binary their replays are messages of their own, and left out here.
fn panes(form: Form) -> Vec<Value> {
    let snapshot = pane_snapshot();
    let place = Place {
        session: SessionId(1),
        session_name: "backend".into(),
        window: Some((WindowId(4), 2)),
    };
    let at = PanePlace {
        pane: snapshot.pane,
        place: &place,
        seq: Seq(48_213),
    };
    let encoder = encoder();
    let page = Page {
        index: 0,
        pages: 1,
        lines: &snapshot.scrollback,
        offset: 90_211,
    };
    let history = replay_scrollback(&snapshot.scrollback);
    let mut frames = encoder.pane_scrollback(at, page, &history, form);
    let scrollback = Scrollback { lines: 1, pages: 1 };
    let screen = PaneScreen::new(&snapshot, 90_211, scrollback);
    frames.extend(encoder.pane_snapshot(at, &screen, b"\x1b[H\xff", form));
    if form == Form::Binary {
        let (header, bytes) = Header::read(frames[3].payload()).unwrap();
        assert_eq!(header.kind, Kind::Replay);
        assert_eq!((header.pane, header.seq), (at.pane, at.seq));
        assert_eq!((header.offset, bytes), (90_211, &b"\x1b[H\xff"[..]));
    }
    let texts = frames.iter().filter(|frame| frame.bytes()[0] == 0x81);
    texts.map(|frame| read(frame.payload())).collect()
}

fn pane_snapshot() -> PaneSnapshot {
    let cursor = screen::Cursor {
        x: 6,
        y: 0,
        visible: true,
        shape: Some(screen::CursorShape::Bar),
        blinking: Some(false),
        colour: None,
    };
    let alternate = screen::Alternate {
        lines: vec!["~".into(), "".into()],
        saved: Some((3, 1)),
    };
    PaneSnapshot {
        tracked: screen::Tracked::default(),
        pane: PaneId(7),
        offset: 90_200,
        exact: true,
        assumed: vec![Assumed::Palette],
        cols: 80,
        rows: 2,
        primary: vec!["\u{1b}[32m$\u{1b}[0m vim".into(), "".into()],
        alternate: Some(alternate),
        cursor,
        modes: screen::Modes::default(),
        tabs: vec![8, 16, 24, 32, 40, 48, 56, 64, 72],
        scroll_region: screen::ScrollRegion { top: 0, bottom: 1 },
        unfinished: screen::Unfinished {
            sequence: "\u{1b}[3".into(),
            character: Bytes::new(),
        },
        history: 120,
        scrollback: vec!["before".into()],
    }
}

fn snapshots() -> Vec<Value> {
    let (state, _) = changes();
    let screen = Screen {
        offset: 90_211,
        exact: true,
        cols: 80,
        rows: 2,
        lines: vec!["\u{1b}[32m$\u{1b}[0m make".to_owned(), String::new()],
        cursor: Cursor {
            x: 0,
            y: 1,
            visible: true,
        },
        alternate: false,
    };
    let mut screens = Screens::new();
    screens.insert(PaneId(1), Ok(screen));
    screens.insert(PaneId(2), Err("tmux is not connected".to_owned()));
    let (session, none) = (SessionId(0), Screens::new());
    let rows = [
        (state.clone(), Part::All, &none),
        (state.clone(), Part::Session(session), &none),
        (state.clone(), Part::Window(session, 2), &screens),
        (state, Part::Pane(session, 2, PaneId(2)), &none),
        (State::default(), Part::All, &none),
    ];
    let encoder = encoder();
    let encode = |(state, part, screens): &(State, Part, &Screens)| {
        let at = (state, Seq(48_213));
        read(
            encoder
                .snapshot(None, at, *part, &Everything, screens)
                .payload(),
        )
    };
    rows.iter().map(encode).collect()
}

#[test]
fn every_event_is_as_it_is_documented() {
    check_golden("events.ndjson", &events());
}

#[test]
fn every_message_of_the_server_is_as_it_is_documented() {
    check_golden("server.ndjson", &messages());
}

#[test]
fn every_type_that_has_a_schema_is_tested() {
    let all = [events(), messages()].concat();
    let seen: BTreeSet<&str> = all
        .iter()
        .map(|message| message["type"].as_str().unwrap())
        .collect();
    let known: BTreeSet<&str> = server_types().collect();
    assert_eq!(seen, known);
}

/// Each line is a message, and the code of the error that it gets, or null.
#[test]
fn messages_of_clients_are_taken_or_refused_as_the_fixture_says() {
    let text = fs::read_to_string(fixture("client.ndjson")).unwrap();
    let mut taken = BTreeSet::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let message = &row["message"];
        let found = parse(message.to_string().as_bytes());
        let code = found.as_ref().err().map(|rejected| rejected.code.as_str());
        assert_eq!(code, row["error"].as_str(), "{message}: {found:?}");
        if code.is_none() {
            taken.insert(message["action"].as_str().unwrap().to_owned());
        }
    }
    let known: BTreeSet<String> = client_actions().map(str::to_owned).collect();
    assert_eq!(taken, known, "every action is in the fixture");
    assert_eq!(known, schema::ACTIONS.map(str::to_owned).into());
}

#[test]
fn ids_of_requests_come_back_as_they_were() {
    for id in [
        json!("a"),
        json!(0),
        json!(-3),
        json!(1.25),
        json!(12_345_678_901_234_u64),
    ] {
        let message = json!({ "action": "ping", "id": id });
        let incoming = parse(message.to_string().as_bytes()).unwrap();
        let pong = read(
            &ServerMessage::Pong {
                id: incoming.id.as_ref(),
            }
            .encode(),
        );
        assert_eq!(pong["id"], id);
    }
    // Also when the rest of the message is wrong.
    let rejected = parse(br#"{"action":"dance","id":"x"}"#).unwrap_err();
    assert_eq!(rejected.id, Some(RequestId::Text("x".to_owned())));
}

#[test]
fn times_are_in_milliseconds_and_never_ahead() {
    let rows = [
        (1_763_614_800_000_000_000, "2025-11-20T05:00:00.000Z"),
        (1_763_614_800_123_999_999, "2025-11-20T05:00:00.123Z"),
        (1_763_614_800_999_999_999, "2025-11-20T05:00:00.999Z"),
    ];
    for (nanoseconds, expected) in rows {
        let at = Stamp::at(Timestamp::from_nanosecond(nanoseconds).unwrap());
        let change = Change::new(Audience::Everyone, changes().1[0].kind.clone());
        let event = published(vec![change], at).remove(0);
        let seen = view(&event.change, &Everything, |_| true).unwrap();
        assert_eq!(
            read(encoder().event(&event, seen, Form::Json).payload())["timestamp"],
            expected
        );
    }
}

#[test]
fn an_event_is_encoded_once_for_all_who_see_it_alike() {
    let mut world = World::new();
    let first = world.session("one");
    let second = world.session("two");
    let window = world.state.sessions[&first].windows[&0];
    world.link(second, 7, window);
    let event = published(vec![world.output(PaneId(0), 0, b"x")], stamp()).remove(0);
    struct Only(&'static str);
    impl Viewer for Only {
        fn sees_session(&self, name: &str) -> bool {
            name == self.0
        }
        fn sees_all(&self) -> bool {
            false
        }
    }
    let encoder = encoder();
    let encode = |viewer: &Only| {
        encoder.event(
            &event,
            view(&event.change, viewer, |_| true).unwrap(),
            Form::Json,
        )
    };
    let (one, again, two) = (
        encode(&Only("one")),
        encode(&Only("one")),
        encode(&Only("two")),
    );
    assert_eq!(
        one.bytes().as_ptr(),
        again.bytes().as_ptr(),
        "the bytes are shared"
    );
    assert_eq!(
        (
            &read(one.payload())["session"],
            &read(one.payload())["window"]
        ),
        (&json!("one"), &json!(0))
    );
    assert_eq!(
        (
            &read(two.payload())["session"],
            &read(two.payload())["window"]
        ),
        (&json!("two"), &json!(7))
    );
    assert_eq!(two.bytes().as_ptr(), encode(&Only("two")).bytes().as_ptr());
}

#[test]
fn the_group_of_a_session_is_not_told_to_those_who_see_only_some() {
    let mut world = World::new();
    let id = world.session("mine");
    let mut session = world.state.sessions[&id].clone();
    session.group = Some("of-another".to_owned());
    let change = Change::new(
        Audience::at(session.place()),
        ChangeKind::SessionChanged { session },
    );
    let event = published(vec![change], stamp()).remove(0);
    struct Mine;
    impl Viewer for Mine {
        fn sees_session(&self, name: &str) -> bool {
            name == "mine"
        }
        fn sees_all(&self) -> bool {
            false
        }
    }
    let all = view(&event.change, &Everything, |_| true).unwrap();
    let some = view(&event.change, &Mine, |_| true).unwrap();
    assert_eq!(
        read(encoder().event(&event, all, Form::Json).payload())["data"]["group"],
        "of-another"
    );
    assert_eq!(
        read(encoder().event(&event, some, Form::Json).payload())["data"]["group"],
        Value::Null
    );
}

#[test]
fn a_server_object_is_told_as_it_is() {
    let server = Server {
        pid: 1,
        start_time: 2,
        version: "next-3.8".to_owned(),
        warnings: [Warning {
            code: "some_code".to_owned(),
            message: "it ends".to_owned(),
            remedy: "use another".to_owned(),
        }]
        .into(),
    };
    let change = Change::new(Audience::Everyone, ChangeKind::ServerConnected { server });
    let event = published(vec![change], stamp()).remove(0);
    let seen = view(&event.change, &Everything, |_| true).unwrap();
    let data = read(encoder().event(&event, seen, Form::Json).payload())["data"].clone();
    assert_eq!(
        data,
        json!({
            "pid": 1, "start_time": 2, "version": "next-3.8",
            "warnings": [{ "code": "some_code", "message": "it ends", "remedy": "use another" }],
        })
    );
}

/// Each example of the reference is as its schema says, and no kind of message lacks one.
#[test]
fn the_reference_shows_every_message() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md");
    let text = fs::read_to_string(path).unwrap();
    let (mut shown, mut of_terminals) = (BTreeSet::new(), BTreeSet::new());
    let blocks = text.split("```json\n").skip(1);
    for line in blocks.flat_map(|block| block.split("```").next().unwrap().lines()) {
        let message: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let kind = if message.get("action").is_some() {
            check_from_client(&message);
            assert!(parse(line.as_bytes()).is_ok(), "{line}");
            &message["action"]
        } else if let Some(side) = terminal_side(&message) {
            of_terminals.insert((side, message["type"].as_str().unwrap().to_owned()));
            continue;
        } else {
            check_from_server(&message);
            &message["type"]
        };
        shown.insert(kind.as_str().unwrap().to_owned());
    }
    let known: BTreeSet<String> = server_types()
        .chain(client_actions())
        .map(str::to_owned)
        .collect();
    assert_eq!(shown, known);
    let (server, client) = terminal_types();
    let known = server.map(|kind| ("server", kind.to_owned()));
    let known = known.chain(client.map(|kind| ("client", kind.to_owned())));
    assert_eq!(of_terminals, known.collect());
    for code in ErrorCode::ALL {
        assert!(
            text.contains(&format!("| `{}` |", code.as_str())),
            "{code:?}"
        );
    }
}
