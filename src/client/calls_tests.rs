//! Requests and open panes, message by message.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};

use super::*;
use crate::ids::Seq;

const PANE: PaneId = PaneId(7);

/// The link, and what it told since it was last asked.
struct Scene(Calls);

impl Scene {
    fn new() -> Self {
        Self(Calls::new(None))
    }

    fn connect(&mut self, epoch: &str) -> &mut Self {
        self.0.connected();
        let hello = json!({
            "type": "hello", "protocol": 1, "server": "muxwire/0.1.0", "host": "h", "epoch": epoch,
            "seq": 1, "auth_required": false,
        });
        self.hear(&hello)
    }

    fn hear(&mut self, message: &Value) -> &mut Self {
        assert_eq!(self.0.on_text(&message.to_string()), Ok(()), "{message}");
        self
    }

    fn bytes(&mut self, kind: Kind, epoch: u32, offset: u64, bytes: &[u8]) -> &mut Self {
        let header = Header {
            kind,
            pane: PANE,
            epoch,
            seq: Seq(3),
            offset,
        };
        let mut message = Vec::new();
        header.write(&mut message);
        message.extend_from_slice(bytes);
        self.0.on_bytes(&message);
        self
    }

    fn break_off(&mut self) -> &mut Self {
        let broken = Closed::Broken("cut".to_owned());
        assert!(self.0.on_closed(broken, 0).is_ok());
        self
    }

    fn sent(&mut self) -> Vec<Value> {
        let sent = std::mem::take(&mut self.0.entry.outgoing);
        let sent = sent.iter().map(|text| serde_json::from_str(text).unwrap());
        sent.collect()
    }

    fn told(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.0.next_update())
            .map(|update| match update {
                CallUpdate::Connected(_) => "connected".to_owned(),
                CallUpdate::Disconnected { reason, .. } => format!("disconnected: {reason}"),
                CallUpdate::Answer { call, answer } => match answer {
                    Ok(answer) => format!("{} {}", call.0, answer.type_name()),
                    Err(error) => format!("{} {error}", call.0),
                },
                CallUpdate::Pane { pane, item } => format!("{pane} {}", shown_item(&item)),
            })
            .collect()
    }
}

fn shown_item(item: &PaneItem) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match item {
        PaneItem::Snapshot {
            bytes,
            cols,
            rows,
            offset,
            ..
        } => format!("snapshot {cols}x{rows} at {offset}: {}", text(bytes)),
        PaneItem::Output { bytes, end } => format!("output to {end}: {}", text(bytes)),
        PaneItem::Gap { offset } => format!("gap at {offset}"),
        PaneItem::Lagged { from, to } => format!("lagged {from} {to}"),
        PaneItem::Event(event) => format!("event {}", event.type_name()),
        PaneItem::Removed => "removed".to_owned(),
        PaneItem::Refused(error) => format!("refused: {error}"),
    }
}

fn opened(id: u64, recovered: bool, offset: u64) -> Value {
    json!({"type": "opened", "id": id, "pane": "%7", "recovered": recovered, "epoch": "e1", "offset": offset})
}

fn pane_snapshot(offset: u64, replay: &Value) -> Value {
    let mut data =
        json!({"offset": offset, "screen_offset": offset, "exact": true, "cols": 80, "rows": 2});
    data.as_object_mut()
        .unwrap()
        .extend(replay.as_object().unwrap().clone());
    json!({"type": "pane.snapshot", "session_id": "$1", "pane": "%7", "epoch": "e1", "seq": 2, "data": data})
}

fn output(offset: u64, content: &str) -> Value {
    json!({
        "type": "pane.output", "timestamp": "2026-11-20T05:00:00.123Z", "session": "a", "session_id": "$1",
        "pane": "%7", "epoch": "e1", "seq": 9,
        "data": {"content": content, "severity": "info", "offset": offset, "bytes": content.len()},
    })
}

#[test]
fn a_pane_is_opened_cut_and_opened_again_from_where_it_was() {
    let mut scene = Scene::new();
    let wish = PaneWish {
        scrollback: 10,
        ack_window: Some(65_536),
    };
    scene.0.open(PANE, wish);
    let sent = scene.connect("e1").sent();
    let expected = json!({"action": "open", "id": 1, "target": {"pane": "%7"}, "scrollback": 10, "ack_window": 65_536});
    assert_eq!(sent, [expected]);
    scene
        .hear(&output(1, "older than the opening"))
        .hear(&opened(1, false, 100))
        .hear(&json!({"type": "pane.scrollback", "pane": "%7", "page": 0, "pages": 1, "lines": [], "replay": "old "}))
        .hear(&pane_snapshot(100, &json!({"replay": "now"})))
        .hear(&output(98, "xxyy"))
        .hear(&output(102, "zz"))
        .hear(&output(102, "zz"))
        .hear(&output(110, "far"));
    let told = [
        "connected",
        "%7 snapshot 80x2 at 100: old now",
        "%7 output to 102: yy",
        "%7 output to 104: zz",
        "%7 gap at 110",
        "%7 output to 113: far",
    ];
    assert_eq!(scene.told(), told);
    scene.0.acknowledge(PANE, 113);
    assert_eq!(
        scene.sent(),
        [json!({"action": "ack", "pane": "%7", "offset": 113})]
    );
    scene.break_off();
    scene.0.acknowledge(PANE, 113);
    let sent = scene.connect("e1").sent();
    assert_eq!(sent[0]["since"], json!({"epoch": "e1", "offset": 113}));
    scene
        .hear(&opened(2, true, 110))
        .hear(&output(110, "farther"));
    let told = ["disconnected: cut", "connected", "%7 output to 117: ther"];
    assert_eq!(scene.told(), told);
}

#[test]
fn bytes_are_those_of_the_message_before_them_and_of_this_log() {
    let mut scene = Scene::new();
    scene.0.open(PANE, PaneWish::default());
    let check = 0xe1;
    scene
        .connect("e1")
        .hear(&opened(1, false, 5))
        .hear(&json!({"type": "pane.scrollback", "pane": "%7", "page": 0, "pages": 1, "lines": [], "replay_bytes": 2}))
        .bytes(Kind::Replay, check, 5, b"a\xff")
        .hear(&pane_snapshot(5, &json!({"replay_bytes": 1})))
        .bytes(Kind::Replay, check, 5, b"b")
        .bytes(Kind::Replay, check, 5, b"not announced")
        .bytes(Kind::Output, check + 1, 5, b"of another log")
        .bytes(Kind::Output, check, 5, b"cd");
    let told = [
        "connected",
        "%7 snapshot 80x2 at 5: a\u{fffd}b",
        "%7 output to 7: cd",
    ];
    assert_eq!(scene.told(), told);
    scene.0.on_bytes(b"too short");
    assert!(scene.told().is_empty());
}

#[test]
fn requests_are_answered_refused_or_lost() {
    let mut scene = Scene::new();
    let ping = || Action::Ping(crate::wire::request::Plain::default());
    assert_eq!(scene.0.ask(ping()), None, "there is no connection");
    scene.connect("e1");
    for id in 1..=3 {
        assert_eq!(scene.0.ask(ping()), Some(CallId(id)));
    }
    scene
        .hear(&json!({"type": "pong", "id": 2}))
        .hear(&json!({"type": "error", "id": 1, "code": "PANE_DEAD", "message": "gone\u{1b}", "retryable": false}))
        .hear(&json!({"type": "pong", "id": 2}))
        .break_off();
    let told = scene.told();
    assert_eq!(
        told[..3],
        [
            "connected",
            "2 pong",
            "1 the server refused (PANE_DEAD): gone\\u{1b}"
        ]
    );
    assert!(told[3].starts_with("3 the connection went"), "{told:?}");
    assert_eq!(told[4..], ["disconnected: cut"]);
}

#[test]
fn a_pane_that_is_gone_or_refused_is_open_no_more() {
    let mut scene = Scene::new();
    scene.0.open(PANE, PaneWish::default());
    scene.connect("e1").hear(
        &json!({"type": "error", "id": 1, "code": "NOT_FOUND", "message": "", "retryable": false}),
    );
    assert_eq!(scene.told(), ["connected", "%7 removed"]);
    scene.0.open(PANE, PaneWish::default());
    scene.hear(&json!({"type": "error", "id": 2, "code": "TMUX_UNAVAILABLE", "message": "no tmux", "retryable": true}));
    assert_eq!(
        scene.told(),
        ["%7 refused: the server refused (TMUX_UNAVAILABLE): no tmux"]
    );
    scene.sent();
    scene.break_off().connect("e1");
    assert!(scene.sent().is_empty(), "it is not opened again");
    // One that was closed while it was opened, and opened again, is not begun by the first answer.
    scene.0.open(PANE, PaneWish::default());
    scene.0.close(PANE);
    scene.0.open(PANE, PaneWish::default());
    scene.told();
    scene
        .hear(&opened(3, false, 1))
        .hear(&pane_snapshot(1, &json!({"replay": "early"})))
        .hear(&json!({"type": "closed", "id": 4, "pane": "%7"}))
        .hear(&opened(5, false, 2))
        .hear(&pane_snapshot(2, &json!({"replay": "mine"})));
    assert_eq!(scene.told(), ["%7 snapshot 80x2 at 2: mine"]);
}

#[test]
fn rights_that_come_unasked_are_told() {
    let mut scene = Scene::new();
    scene.connect("e1");
    scene.hear(&json!({"type": "auth.response", "success": true, "permissions": ["read"], "client_id": "c1"}));
    let permissions: Vec<_> = std::iter::from_fn(|| scene.0.next_update())
        .map(|update| match update {
            CallUpdate::Connected(welcome) => welcome.permissions,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(permissions, [vec![], vec!["read".to_owned()]]);
}
