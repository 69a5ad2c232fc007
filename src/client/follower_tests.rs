//! The follower, by conversations.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};

use super::*;

const HELLO: &str =
    r#"{"type":"hello","protocol":1,"host":"box","epoch":"e1","seq":0,"auth_required":true}"#;
const OPEN: &str =
    r#"{"type":"hello","protocol":1,"host":"box","epoch":"e1","seq":0,"auth_required":false}"#;
const WELCOME: &str = r#"{"type":"auth.response","success":true,"permissions":["read"]}"#;

fn subscribed(recovered: Option<bool>, epoch: &str, seq: u64) -> String {
    let mut message = json!({ "type": "subscribed", "epoch": epoch, "seq": seq });
    if let Some(recovered) = recovered {
        message["recovered"] = json!(recovered);
    }
    message.to_string()
}

fn event(seq: u64) -> String {
    json!({ "type": "pane.output", "epoch": "e1", "seq": seq, "data": {} }).to_string()
}

fn bookmark(seq: u64) -> String {
    json!({ "type": "bookmark", "epoch": "e1", "seq": seq }).to_string()
}

/// A follower, what it sent since it was last asked, and what it reported.
struct Scene(Follower);

impl Scene {
    fn new() -> Self {
        Self::with(Wish::default(), Some("mw_secret"))
    }

    fn with(wish: Wish, token: Option<&str>) -> Self {
        let token = token.map(|text| Token::new(text.to_owned()));
        Self(Follower::new(wish, token))
    }

    /// Connects and hears these messages, none of which is a fault.
    fn connect(&mut self, messages: &[&str]) -> &mut Self {
        self.0.connected();
        self.hear(messages)
    }

    fn hear(&mut self, messages: &[&str]) -> &mut Self {
        for message in messages {
            assert_eq!(self.0.on_text(message), Ok(()), "{message}");
        }
        self
    }

    fn break_off(&mut self) -> &mut Self {
        let broken = Closed::Broken("cut".to_owned());
        assert!(self.0.on_closed(broken, 0).is_ok());
        self
    }

    fn sent(&mut self) -> Vec<Value> {
        let sent = std::mem::take(&mut self.0.entry.outgoing);
        sent.iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect()
    }

    /// What was reported, in short.
    fn reported(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.0.next_update())
            .map(|update| match update {
                Update::Connected(welcome) => {
                    format!("connected {} {}", welcome.host, welcome.again)
                }
                Update::Message(message) => match message.position() {
                    Some((_, seq)) => format!("{} {seq}", message.type_name()),
                    None => message.type_name().to_owned(),
                },
                Update::Lost { from, to } => format!("lost {from} {to}"),
                Update::LeftOut { pane, from, to } => format!("left out {pane} {from} {to}"),
                Update::Disconnected { reason, .. } => format!("disconnected: {reason}"),
            })
            .collect()
    }
}

#[test]
fn a_client_greets_authenticates_and_subscribes() {
    let wish = Wish {
        types: vec!["pane.*".to_owned()],
        sessions: ["api", "$3"]
            .map(|text| SessionPattern::from_text(text).unwrap())
            .to_vec(),
        since: Some("1.e0.7".to_owned()),
        ..Wish::default()
    };
    let mut scene = Scene::with(wish, Some("mw_secret"));
    assert_eq!(
        scene.connect(&[HELLO]).sent(),
        [json!({ "action": "auth", "token": "mw_secret" })]
    );
    let filters = json!({ "types": ["pane.*"], "sessions": ["api", "$3"] });
    let request = json!({ "action": "subscribe", "filters": filters, "since": "1.e0.7" });
    assert_eq!(scene.hear(&[WELCOME]).sent(), [request]);
    assert!(!scene.0.stands());
    scene.hear(&[&subscribed(Some(true), "e0", 7)]);
    assert!(scene.0.stands());
    assert_eq!(scene.reported(), ["connected box false", "subscribed 7"]);
}

#[test]
fn no_token_is_sent_to_a_server_that_wants_none() {
    let mut scene = Scene::new();
    assert_eq!(
        scene.connect(&[OPEN]).sent(),
        [json!({ "action": "subscribe" })]
    );
}

#[test]
fn a_subscription_is_resumed_behind_the_newest_event_or_bookmark() {
    let mut scene = Scene::new();
    let rows: [(&[String], u64); 4] = [
        (&[], 5),
        (&[event(6), event(9)], 9),
        (&[event(10), bookmark(14)], 14),
        (&[bookmark(14), event(15)], 15),
    ];
    let mut recovered = None;
    let mut place = 5;
    for (messages, expected) in rows {
        scene.connect(&[OPEN, &subscribed(recovered, "e1", place)]);
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        scene.hear(&messages).break_off().connect(&[OPEN]);
        let since = json!({ "epoch": "e1", "seq": expected });
        assert_eq!(scene.sent().pop().unwrap()["since"], since, "{messages:?}");
        scene.break_off();
        (recovered, place) = (Some(true), expected);
    }
}

#[test]
fn an_event_that_comes_twice_is_reported_once() {
    let mut scene = Scene::new();
    scene.connect(&[OPEN, &subscribed(None, "e1", 5), &event(6), &event(7)]);
    scene
        .break_off()
        .connect(&[OPEN, &subscribed(Some(true), "e1", 7)]);
    scene.hear(&[&event(6), &event(7), &event(8)]);
    let events: Vec<_> = scene
        .reported()
        .into_iter()
        .filter(|reported| reported.starts_with("pane"))
        .collect();
    assert_eq!(events, ["pane.output 6", "pane.output 7", "pane.output 8"]);
}

#[test]
fn a_loss_is_reported_with_the_snapshot_that_makes_up_for_it() {
    let mut scene = Scene::new();
    let snapshot = r#"{"type":"snapshot","epoch":"e2","seq":40}"#;
    let part = r#"{"type":"snapshot","epoch":"e2","seq":40,"target":{"session_id":"$1"}}"#;
    let asked = r#"{"type":"snapshot","epoch":"e2","seq":40,"id":7}"#;
    let before = event(41).replace("e1", "e2");
    scene
        .connect(&[OPEN, &subscribed(None, "e1", 5)])
        .break_off();
    for _ in 0..2 {
        scene.connect(&[OPEN, &subscribed(Some(false), "e2", 40), &before]);
        let since = json!({ "epoch": "e1", "seq": 5 });
        assert_eq!(scene.sent().pop().unwrap()["since"], since);
        assert_eq!(scene.reported().last().unwrap(), "subscribed 40");
        scene.hear(&[part, asked]).break_off();
        scene.reported();
    }
    scene.connect(&[OPEN, &subscribed(Some(false), "e2", 40), &before, snapshot]);
    let reported = scene.reported();
    assert_eq!(
        reported[reported.len() - 2..],
        ["lost 1.e1.5 1.e2.40", "snapshot 40"]
    );
    scene
        .hear(&[&before])
        .break_off()
        .connect(&[OPEN, &subscribed(Some(true), "e2", 41)]);
    let since = json!({ "epoch": "e2", "seq": 41 });
    assert_eq!(scene.sent().pop().unwrap()["since"], since);
}

#[test]
fn a_position_of_the_user_may_be_lost_too() {
    let wish = Wish {
        since: Some("old\u{1b}".to_owned()),
        ..Wish::default()
    };
    let mut scene = Scene::with(wish, None);
    let snapshot = r#"{"type":"snapshot","epoch":"e1","seq":5}"#;
    scene.connect(&[OPEN, &subscribed(Some(false), "e1", 5), snapshot]);
    let reported = scene.reported();
    assert_eq!(reported[reported.len() - 2], "lost old\\u{1b} 1.e1.5");
}

#[test]
fn close_codes_say_whether_to_come_back() {
    for code in [1000, 1001, 1006, 1011, 4001, 4002, 4003, 4005, 4499] {
        let mut scene = Scene::new();
        scene.connect(&[]);
        let closed = Closed::Code(code, "because\n".to_owned());
        assert!(scene.0.on_closed(closed, 0).is_ok(), "{code}");
        let reported =
            format!("disconnected: the server closed the connection ({code}): because\\n");
        assert_eq!(scene.reported(), [reported]);
    }
    for code in [4500, 4501, 4502, 4503, 4999] {
        let closed = Closed::Code(code, "because\u{9b}".to_owned());
        let refusal = Scene::new().0.on_closed(closed, 0).unwrap_err();
        let refusal = refusal.to_string();
        assert!(
            refusal.contains(&format!("({code}): because\\u{{9b}}")),
            "{refusal}"
        );
    }
}

#[test]
fn waits_are_short_again_after_progress_and_as_long_as_the_server_asks() {
    let mut scene = Scene::new();
    let wait = |scene: &mut Scene| {
        let broken = Closed::Broken(String::new());
        scene.0.on_closed(broken, u32::MAX).unwrap().as_millis()
    };
    assert_eq!(wait(&mut scene), 200);
    scene.connect(&[OPEN, &subscribed(None, "e1", 5)]);
    assert_eq!(wait(&mut scene), 400, "a subscription alone is no progress");
    scene.connect(&[OPEN, &subscribed(Some(true), "e1", 5), &event(6)]);
    assert_eq!(wait(&mut scene), 200);
    let error = r#"{"type":"error","code":"RATE_LIMITED","message":"wait","retryable":true,"retry_after_ms":3000}"#;
    scene.connect(&[OPEN, &subscribed(Some(true), "e1", 6), &event(7), error]);
    assert!(wait(&mut scene) > 3000);
    scene.connect(&[OPEN, &subscribed(Some(true), "e1", 7), error, &event(8)]);
    assert_eq!(wait(&mut scene), 200, "it is not what ended the connection");
    let shutdown = r#"{"type":"shutdown","retry_after_ms":1000}"#;
    for messages in [vec![shutdown], vec![WELCOME, shutdown]] {
        scene.connect(&[HELLO]).hear(&messages);
        assert!(wait(&mut scene) > 1000);
    }
}

#[test]
fn faults_pass_or_last() {
    let passing = |text: &str| Fault::Passing(text.to_owned());
    let request = |code: &str, message: &str| Fault::Lasting(Refusal::request(code, message));
    let busy = r#"{"type":"error","code":"RATE_LIMITED","message":"wait","retryable":true}"#;
    let filter =
        r#"{"type":"error","code":"INVALID_FILTER","message":"no\u001b","retryable":false}"#;
    let denied = r#"{"type":"auth.response","success":false,"message":"unknown"}"#;
    let garbled = "the server said something that is no message of muxwire's";
    let newer = r#"{"type":"hello","protocol":2}"#;
    let rows: [(&[&str], &str, Fault); 9] = [
        (
            &[],
            "SSH-2.0",
            Fault::Lasting(Refusal::NotMuxwire(garbled.to_owned())),
        ),
        (
            &[],
            r#"{"type":"chat"}"#,
            Fault::Lasting(Refusal::NotMuxwire("it greets with \"chat\"".to_owned())),
        ),
        (
            &[],
            newer,
            Fault::Lasting(Refusal::Protocol("2".to_owned())),
        ),
        (&[HELLO], "{", passing(garbled)),
        (
            &[HELLO],
            denied,
            Fault::Lasting(Refusal::Token("unknown".to_owned())),
        ),
        (
            &[HELLO],
            busy,
            passing("the server refused (RATE_LIMITED): wait"),
        ),
        (
            &[HELLO, WELCOME],
            filter,
            request("INVALID_FILTER", "no\u{1b}"),
        ),
        (
            &[OPEN],
            busy,
            passing("the server refused (RATE_LIMITED): wait"),
        ),
        (&[OPEN], filter, request("INVALID_FILTER", "no\u{1b}")),
    ];
    for (before, text, expected) in rows {
        let mut scene = Scene::new();
        scene.connect(before);
        assert_eq!(scene.0.on_text(text), Err(expected), "{text}");
    }
    let mut scene = Scene::with(Wish::default(), None);
    scene.connect(&[]);
    assert_eq!(
        scene.0.on_text(HELLO),
        Err(Fault::Lasting(Refusal::NoToken))
    );
}

#[test]
fn a_token_is_in_no_debug_output() {
    let mut scene = Scene::new();
    scene.connect(&[HELLO]);
    let shown = format!("{:?} {:?}", scene.0, scene.0.entry.token);
    assert!(!shown.contains("mw_secret"), "{shown}");
}
