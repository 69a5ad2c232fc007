//! The messages themselves: each as it stands in `fixtures/wire/`, which the clients in other languages read too.
//!
//! `MUXWIRE_BLESS=1 cargo test wire::` writes the files anew.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use bytes::Bytes;
use jiff::Timestamp;
use muxwire::hub::{HistoryLimits, Hub, Next, Published, Stamp, Viewer, view};
use muxwire::ids::{Epoch, PaneId, Seq, SessionId, ViewerId, WindowId};
use muxwire::model::{Audience, Change, ChangeKind, Family, Place, Server, State, Warning};
use muxwire::screen::{self, Assumed, PaneSnapshot, replay_scrollback};
use muxwire::wire::binary::{Header, Kind};
use muxwire::wire::explanation::{EvidenceObject, Explanation, GroundsObject, SignalObject};
use muxwire::wire::message::{
    self, Answer, AuthResponse, Bookmark, Clients, Closed, CommandResponse, ComposedResponse,
    Disconnected, EmittedAnswer, Hello, Lagged, Opened, SeenAnswer, Shutdown, Stats, Subscribed,
};
use muxwire::wire::objects::Text;
use muxwire::wire::{
    ClientInfo, ClientStats, Coding, Cursor, Encoder, ErrorCode, EventData, Form, Latency, Message,
    Page, PanePlace, PaneScreen, Part, RequestId, Screen, Screens, Scrollback, ServerStats,
    ShedStats, inflate, parse, schema,
};
use serde_json::{Value, json};

use crate::support::changes::{VIEWER, changes};
use crate::support::past;
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

    fn viewer_id(&self) -> Option<ViewerId> {
        Some(VIEWER)
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

/// Reads a message, which has to be one of the types that are known, and to be written again byte for byte.
fn read(bytes: &[u8]) -> Value {
    let message: Value = serde_json::from_slice(bytes).unwrap();
    check_from_server(&message);
    let fields = message.as_object().unwrap().clone();
    let read = Message::read(fields).unwrap();
    let is_known = match &read {
        Message::Unknown(_) => false,
        Message::Event(event) => {
            event.more.is_empty() && !matches!(event.data, EventData::Unknown { .. })
        }
        _ => true,
    };
    assert!(is_known, "{message}");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(text(&read.encode()), text(bytes));
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

fn named(id: &RequestId) -> Option<Cow<'_, RequestId>> {
    Some(Cow::Borrowed(id))
}

fn error<'a>(id: &'a RequestId, code: ErrorCode, retry_after_ms: Option<u64>) -> Message<'a> {
    Message::Error(message::Error {
        id: named(id),
        code: code.as_str().into(),
        message: "for people".into(),
        retryable: code.is_retryable(),
        retry_after_ms,
        ..message::Error::default()
    })
}

fn entries(id: &RequestId) -> [Message<'_>; 3] {
    let entered = |permissions: &[&'static str]| AuthResponse {
        id: named(id),
        success: true,
        permissions: permissions.iter().map(|one| Cow::Borrowed(*one)).collect(),
        client_id: Some("c1".into()),
        ..AuthResponse::default()
    };
    [
        entered(&["read", "write"]),
        AuthResponse {
            expires: Some("2026-11-20T06:00:00Z".into()),
            redacted: Some(true),
            ..entered(&["read"])
        },
        AuthResponse {
            id: named(id),
            code: Some("AUTH_FAILED".into()),
            message: Some("the token is not valid".into()),
            ..AuthResponse::default()
        },
    ]
    .map(Message::AuthResponse)
}

fn answers<'a>(id: &'a RequestId, number: &'a RequestId) -> [Message<'a>; 12] {
    let (seq, cursor, pane) = (48_213, "1.b3f1c9.48213", Text(PaneId(3)));
    let answer = || Answer {
        id: named(id),
        ..Answer::default()
    };
    let subscribed = |id, recovered| {
        Message::Subscribed(Subscribed {
            id: named(id),
            recovered,
            epoch: "b3f1c9".into(),
            seq,
            cursor: cursor.into(),
            ..Subscribed::default()
        })
    };
    let done = |id, repeated| {
        Message::CommandResponse(CommandResponse {
            id,
            success: true,
            pane,
            repeated,
            ..CommandResponse::default()
        })
    };
    [
        subscribed(id, None),
        subscribed(number, Some(true)),
        Message::Unsubscribed(answer()),
        done(named(id), None),
        done(None, Some(true)),
        Message::Opened(Opened {
            id: named(id),
            pane,
            recovered: true,
            epoch: "b3f1c9".into(),
            offset: 90_211,
            ..Opened::default()
        }),
        Message::Closed(Closed {
            id: named(id),
            pane,
            ..Closed::default()
        }),
        Message::Acked(answer()),
        Message::Lagged(Lagged {
            pane,
            from: 90_211,
            to: 120_034,
            ..Lagged::default()
        }),
        Message::Pong(answer()),
        Message::Bookmark(Bookmark {
            epoch: "b3f1c9".into(),
            seq,
            cursor: cursor.into(),
            ..Bookmark::default()
        }),
        Message::Shutdown(Shutdown {
            retry_after_ms: 1000,
            ..Shutdown::default()
        }),
    ]
}

/// A prompt that is proven, one that is not, one of which a part is left, and two answers.
fn composed(id: &RequestId) -> [Message<'_>; 5] {
    let response = || ComposedResponse {
        id: named(id),
        success: true,
        pane: Text(PaneId(3)),
        ..ComposedResponse::default()
    };
    [
        Message::PromptResponse(Box::new(ComposedResponse {
            submitted: Some(true),
            evidence: Some("busy".into()),
            status: Some("busy".into()),
            repeated: Some(true),
            ..response()
        })),
        Message::PromptResponse(Box::new(ComposedResponse {
            submitted: Some(false),
            reason: Some("dialog".into()),
            message: Some("a dialog is open".into()),
            left: Some("run the tests".into()),
            left_seen: Some(false),
            status: Some("waiting".into()),
            dialog: Some("5f3a9c01d2e4b687".into()),
            ..response()
        })),
        Message::PromptResponse(Box::new(ComposedResponse {
            submitted: Some(false),
            reason: Some("no_agent".into()),
            message: Some("no agent is known in this pane".into()),
            ..response()
        })),
        Message::AnswerResponse(Box::new(ComposedResponse {
            answered: Some(true),
            evidence: Some("dialog".into()),
            status: Some("busy".into()),
            ..response()
        })),
        Message::AnswerResponse(Box::new(ComposedResponse {
            answered: Some(false),
            reason: Some("other_dialog".into()),
            message: Some("another dialog is open".into()),
            status: Some("waiting".into()),
            dialog: Some("5f3a9c01d2e4b687".into()),
            ..response()
        })),
    ]
}

fn messages() -> Vec<Value> {
    let text = RequestId::Text("r1".to_owned());
    let number = RequestId::from(7);
    let features = [
        "resume",
        "bookmarks",
        "snapshot.screen",
        "idempotency",
        "panes",
        "binary",
        "stats",
        "clients",
        "emit",
        "prompts",
    ];
    let hello = Hello {
        protocol: Some(1),
        server: "muxwire/0.1.0".into(),
        host: Some("build-3".into()),
        epoch: "b3f1c9".into(),
        seq: 48_213,
        auth_required: Some(true),
        features: features.map(Cow::Borrowed).to_vec(),
        ..Hello::default()
    };
    let mut all = vec![Message::Hello(hello)];
    all.extend(entries(&text));
    all.extend(answers(&text, &number));
    all.extend(composed(&text));
    all.push(error(&text, ErrorCode::RateLimited, Some(2500)));
    all.extend(ErrorCode::ALL.map(|code| error(&text, code, None)));
    let mut all: Vec<Value> = all.iter().map(|message| read(&message.encode())).collect();
    all.extend(stats());
    all.extend(clients());
    all.extend(emitted());
    all.extend(seen());
    all.extend(explanations());
    all.extend(snapshots());
    all.extend(past(&text));
    all.extend(panes(Form::Json));
    all.extend(panes(Form::Binary));
    all
}

/// What happened, in answers to questions.
fn past(id: &RequestId) -> Vec<Value> {
    let snapshot = pane_snapshot();
    let screen = PaneScreen {
        replay: Some("\u{1b}[H".into()),
        ..PaneScreen::new(&snapshot, snapshot.offset, Scrollback::default())
    };
    let event = events().into_iter().next().unwrap().to_string();
    let all = past::messages(id, &screen, &event);
    all.iter().map(|message| read(&message.encode())).collect()
}

/// Events of a client's own stand in the log, and do so already.
fn emitted() -> [Value; 2] {
    let emitted = |repeated| {
        Message::Emitted(EmittedAnswer {
            id: Some(Cow::Owned(RequestId::Text("r-8".to_owned()))),
            events: 3,
            epoch: "b3f1c9".into(),
            seq: 48_216,
            cursor: "1.b3f1c9.48216".into(),
            repeated,
            ..EmittedAnswer::default()
        })
    };
    [None, Some(true)].map(|repeated| read(&emitted(repeated).encode()))
}

/// What is held of an agent: all that can be, the least, and nothing.
fn explanations() -> [Value; 3] {
    let explanation = |grounds: Option<GroundsObject<'static>>| {
        let missing = grounds.is_none();
        let explanation = Message::Explanation(Box::new(Explanation {
            id: Some(Cow::Owned(RequestId::Text("r-10".to_owned()))),
            pane: Text(PaneId(2)),
            missing: missing.then(|| "no_agent".into()),
            message: missing.then(|| "for people".into()),
            grounds,
            ..Explanation::default()
        }));
        read(&explanation.encode())
    };
    let least = GroundsObject {
        status: "unknown".into(),
        confidence: "low".into(),
        pid: 4242,
        pids: vec![4242],
        ..GroundsObject::default()
    };
    let evidence = EvidenceObject {
        source: "screen".into(),
        status: "waiting".into(),
        reason: Some("permission".into()),
        confidence: "high".into(),
        message: Some("Bash(cargo test)".into()),
        basis: "the rule permission (claude.toml:41)".into(),
        strength: 90,
        standing: "counts".into(),
        age_ms: 1200,
        said_ms: 300,
        ..EvidenceObject::default()
    };
    let signal = |kind: &'static str, text: Option<&'static str>| SignalObject {
        kind: kind.into(),
        text: text.map(Cow::from),
        age_ms: 7,
        ..SignalObject::default()
    };
    let most = GroundsObject {
        status: "waiting".into(),
        reason: Some("permission".into()),
        confidence: "high".into(),
        source: Some("screen".into()),
        age_ms: 1200,
        pids: vec![4240, 4242],
        screen_known: true,
        evidence: vec![evidence],
        signals: vec![signal("title", Some("work")), signal("bell", None)],
        ..least.clone()
    };
    [Some(most), Some(least), None].map(explanation)
}

/// Agents are marked as seen, and there is none.
fn seen() -> [Value; 2] {
    let seen = |panes: &[PaneId]| {
        Message::Seen(SeenAnswer {
            id: Some(Cow::Owned(RequestId::Text("r-9".to_owned()))),
            panes: panes.iter().copied().map(Text).collect(),
            ..SeenAnswer::default()
        })
    };
    [&[PaneId(2), PaneId(7)][..], &[]].map(|panes| read(&seen(panes).encode()))
}

/// Who is connected: one that is known, and one that is not yet; and the end of one.
fn clients() -> [Value; 2] {
    let known = ClientInfo {
        client_id: "c17".into(),
        endpoint: "monitor".into(),
        address: Some("127.0.0.1:50412".into()),
        connected_ms: 61_000,
        token: Some("4fdc55l7".into()),
        name: Some("dashboard".into()),
        permissions: vec!["read".into(), "write".into()],
        sessions: vec!["api-*".into()],
        ..ClientInfo::default()
    };
    let unknown = ClientInfo {
        client_id: "c18".into(),
        endpoint: "terminal".into(),
        connected_ms: 20,
        ..ClientInfo::default()
    };
    let id = RequestId::Text("r-7".to_owned());
    let clients = Message::Clients(Clients {
        id: named(&id),
        clients: vec![known, unknown],
        total: 2,
        ..Clients::default()
    });
    let gone = Message::Disconnected(Disconnected {
        id: named(&id),
        client_id: "c18".into(),
        ..Disconnected::default()
    });
    [clients, gone].map(|message| read(&message.encode()))
}

/// How clients fare: one for itself of which nothing was timed, and an admin with all of them.
fn stats() -> [Value; 2] {
    let latency = |count| Latency {
        count,
        p50: 84,
        p99: 310,
        max: 1212,
        ..Latency::default()
    };
    let client = ClientStats {
        client_id: "c17".into(),
        name: Some("dashboard".into()),
        address: Some("127.0.0.1:50412".into()),
        connected_ms: 61_000,
        queue_bytes: 4_096,
        queue_messages: 3,
        behind_events: 12,
        shed: ShedStats {
            panes: 1,
            bytes: 29_823,
            ..ShedStats::default()
        },
        latency_us: Some(latency(120)),
        ..ClientStats::default()
    };
    let unknown = ClientStats {
        client_id: "c18".into(),
        name: None,
        address: None,
        latency_us: None,
        ..client.clone()
    };
    let server = ServerStats {
        clients: 2,
        latency_us: Some(latency(240)),
        ..ServerStats::default()
    };
    let id = RequestId::from(15);
    let own = Stats {
        client: unknown.clone(),
        server: server.clone(),
        ..Stats::default()
    };
    let all = Stats {
        id: named(&id),
        client: client.clone(),
        server,
        clients: Some(vec![client, unknown]),
        ..Stats::default()
    };
    [own, all].map(|stats| read(&Message::Stats(Box::new(stats)).encode()))
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
    let scrollback = Scrollback {
        lines: 1,
        pages: 1,
        ..Scrollback::default()
    };
    let screen = PaneScreen::new(&snapshot, 90_211, scrollback);
    frames.extend(encoder.pane_snapshot(at, screen, b"\x1b[H\xff", form));
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
            ..Cursor::default()
        },
        alternate: false,
        ..Screen::default()
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
        .map(|message| known_as(message["type"].as_str().unwrap()))
        .collect();
    let known: BTreeSet<&str> = server_types().collect();
    assert_eq!(seen, known);
}

/// A type as the schemas list it: a pattern for those that programs choose.
fn known_as(kind: &str) -> &str {
    Family::of(kind).map_or(kind, |family| family.pattern())
}

/// What is sent is a message for each action, and each reads back as it was written.
#[test]
fn messages_of_clients_are_read_and_written_alike() {
    let text = fs::read_to_string(fixture("client.ndjson")).unwrap();
    let mut taken = BTreeSet::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let message = &row["message"];
        if let Ok(request) = parse(message.to_string().as_bytes()) {
            let written: Value = serde_json::from_str(&request.encode()).unwrap();
            assert_eq!(&written, message);
            taken.insert(message["action"].as_str().unwrap().to_owned());
        }
    }
    let known: BTreeSet<String> = client_actions().map(str::to_owned).collect();
    assert_eq!(taken, known, "every action is in the fixture");
    assert_eq!(known, schema::ACTIONS.map(str::to_owned).into());
}

/// The types of the schemas are the variants of the types, no more and no fewer.
#[test]
fn every_type_of_the_schemas_is_a_variant() {
    let known: BTreeSet<&str> = server_types().collect();
    let variants = Message::TYPES.iter().chain(EventData::TYPES).copied();
    let variants = variants.chain(Family::ALL.map(Family::pattern));
    assert_eq!(variants.collect::<BTreeSet<_>>(), known);
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
        let pong = Answer {
            id: incoming.id.as_ref().map(Cow::Borrowed),
            ..Answer::default()
        };
        let pong = read(&Message::Pong(pong).encode());
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
fn an_event_is_compressed_once_for_all_who_see_it_alike_and_first_if_need_be() {
    let mut world = World::new();
    world.session("one");
    let output = world.output(PaneId(0), 0, &[b'x'; 1000]);
    let event = published(vec![output], stamp()).remove(0);
    let seen = view(&event.change, &Everything, |_| true).unwrap();
    for form in [Form::Json, Form::Binary, Form::Terminal] {
        let encode = |coding| encoder().coded_event(&event, seen, (form, coding));
        let (one, again) = (encode(Coding::Deflate), encode(Coding::Deflate));
        let plain = encode(Coding::Identity);
        assert_eq!(one.bytes().as_ptr(), again.bytes().as_ptr());
        assert!(one.is_message() && 2 * one.bytes().len() < plain.bytes().len());
        assert_eq!(inflate(one.payload(), 10_000).unwrap(), plain.payload());
        assert_eq!(plain.deflated(), one);
        assert_eq!(one.deflated(), one);
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
fn the_group_of_a_session_is_hidden_from_those_who_see_only_some() {
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
fn a_server_object_is_sent_as_it_is() {
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
        shown.insert(known_as(kind.as_str().unwrap()).to_owned());
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
