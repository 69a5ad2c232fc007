//! Questions about what happened, asked of a server whose log a history keeps.

use jiff::Timestamp;
use muxwire::auth::Permission;
use muxwire::history::Secrets;
use muxwire::hub::{Hub, Stamp};
use muxwire::ids::{PaneId, SessionId, WindowId};
use muxwire::model::{Audience, Change, ChangeKind, Place};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::kept::Kept;
use crate::support::schema::check_from_server;
use crate::support::server::{Client, Setup, TestServer, redaction};
use crate::support::tokens::Tokens;

/// A time that no clock shows by chance: what happens in these tests lies before any now.
const START: i64 = 1_763_614_800_000;

const KEY: &str = "ghp_Zq7wXr2vPk9mTn4bLs6dHf3jGy8cVe5aAb12";

/// A server, its history, and one pane in each of two sessions.
struct Stage {
    server: TestServer,
    kept: Kept,
    now: i64,
    offsets: [u64; 2],
}

const SESSIONS: [&str; 2] = ["api-1", "web-1"];

fn pane_of(index: usize) -> PaneId {
    PaneId(u32::try_from(index).unwrap())
}

fn change_of(index: usize, kind: ChangeKind) -> Change {
    let number = u32::try_from(index).unwrap();
    let place = Place {
        session: SessionId(number),
        session_name: SESSIONS[index].into(),
        window: Some((WindowId(number), 0)),
    };
    Change::of_pane(pane_of(index), [place].into(), kind)
}

fn time(at: i64) -> String {
    format!("{:.3}", Timestamp::from_millisecond(at).unwrap())
}

impl Stage {
    async fn new(tokens: Option<&Tokens>, secrets: Secrets) -> Self {
        let kept = Kept::new("e1", secrets);
        let server = TestServer::start(Setup {
            authenticator: tokens.map(Tokens::authenticator),
            kept: Some(kept.access.clone()),
            redaction: Some(redaction()),
            ..Setup::default()
        });
        let server = server.await;
        let mut stage = Self {
            server,
            kept,
            now: START,
            offsets: [0; 2],
        };
        stage.kept.follow(&stage.server.hub);
        stage
    }

    fn hub(&self) -> &Hub {
        &self.server.hub
    }

    /// Publishes a change a second after the last.
    fn publish(&mut self, change: Change) {
        self.now += 1000;
        let at = Timestamp::from_millisecond(self.now).unwrap();
        self.hub().publish([change], None, Stamp::at(at));
    }

    fn bell(&mut self, index: usize) {
        self.publish(change_of(index, ChangeKind::PaneBell));
    }

    fn prints(&mut self, index: usize, text: &str) {
        let kind = ChangeKind::PaneOutput {
            offset: self.offsets[index],
            bytes: text.as_bytes().to_vec().into(),
        };
        self.offsets[index] += text.len() as u64;
        self.publish(change_of(index, kind));
    }

    /// Waits until the history has the snapshot from which it reads the pane's screen.
    async fn seen(&self, index: usize) {
        let (pane, head) = (pane_of(index), self.hub().head());
        self.kept.seen(pane, self.offsets[index], head).await;
    }

    /// So many lines, all but the last of a screen in the history.
    fn prints_lines(&mut self, index: usize, count: usize, line: impl Fn(usize) -> String) {
        let text: String = (0..count).map(|at| format!("{}\r\n", line(at))).collect();
        self.prints(index, &text);
        // They leave the screen.
        self.prints(index, &"\r\n".repeat(30));
    }
}

async fn ask(client: &mut Client, message: Value, reply: &str) -> Value {
    let answer = client.ask(message, reply).await;
    check_from_server(&answer);
    answer
}

#[tokio::test]
async fn without_a_history_each_question_says_so() {
    let server = TestServer::open().await;
    let mut client = server.client().await;
    let target = json!({ "pane": "%0" });
    for question in [
        json!({ "action": "history" }),
        json!({ "action": "search", "words": "x" }),
        json!({ "action": "screen", "target": target, "at": "1h" }),
        json!({ "action": "replay", "target": target, "from": "1h" }),
        json!({ "action": "digest", "since": "1h" }),
    ] {
        assert_eq!(client.refused(question).await, "HISTORY_OFF");
    }
    let control = json!({ "action": "replay-control", "replay": 1, "stop": true });
    assert_eq!(client.refused(control).await, "NOT_FOUND");
    let answer = server.get("/api/history").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(
        answer.contains("HISTORY_OFF") && answer.contains("history.enabled"),
        "{answer}"
    );
}

/// Page after page, each event comes once and whole, as it came when it happened.
#[tokio::test]
async fn pages_of_events_hold_what_was_sent_live() {
    let mut stage = Stage::new(None, Secrets::Mask).await;
    let mut live = stage.server.client().await;
    live.ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    for turn in 0..25 {
        stage.bell(turn % 2);
    }
    let mut sent = Vec::new();
    while sent.len() < 25 {
        sent.push(live.find("pane.bell").await);
    }
    // However slow the disk is.
    stage.kept.written(stage.hub().head()).await;
    let mut client = stage.server.client().await;
    for (order, cursor) in [("oldest", "after"), ("newest", "before")] {
        let mut found = Vec::new();
        let mut question =
            json!({ "action": "history", "types": ["pane.bell"], "order": order, "limit": 10 });
        loop {
            let page = ask(&mut client, question.clone(), "history.page").await;
            assert_eq!(page["seq"], 25, "all that was published is in it");
            found.extend(page["events"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => question[cursor] = next.into(),
                None => break,
            }
        }
        if order == "newest" {
            found.reverse();
        }
        assert_eq!(found, sent, "{order}");
    }
    let some = json!({ "action": "history", "panes": ["%1"], "from": time(START + 2000), "to": time(START + 8000) });
    let some = ask(&mut client, some, "history.page").await;
    let seqs: Vec<&Value> = some["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["seq"])
        .collect();
    assert_eq!(seqs, [8, 6, 4, 2]);
    let by_http = stage
        .server
        .get("/api/history?sessions=web-*&limit=3&order=oldest")
        .await;
    let body: Value = serde_json::from_str(by_http.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    check_from_server(&body);
    assert_eq!(body["events"].as_array().unwrap().len(), 3, "{body}");
    assert_eq!(body["events"][0], sent[1]);
}

/// Who sees one session gets nothing of the other, whatever is asked for; and it is the session of then that counts.
#[tokio::test]
async fn each_row_is_judged_for_the_one_who_asks() {
    let mut tokens = Tokens::new();
    let all = tokens.add(Permission::Read, &[], None);
    let scoped = tokens.add(Permission::Read, &["api-*"], None);
    let none = tokens.add(Permission::Emit, &[], None);
    let mut stage = Stage::new(Some(&tokens), Secrets::Mask).await;
    for index in [0, 1, 0, 1] {
        stage.bell(index);
        stage.prints_lines(index, 3, |at| format!("needle {at} of {}", SESSIONS[index]));
    }
    stage.seen(0).await;
    stage.seen(1).await;
    stage.publish(Change::new(
        Audience::Unscoped,
        ChangeKind::BufferDeleted {
            name: "b".to_owned(),
        },
    ));
    let history = json!({ "action": "history", "types": ["pane.bell", "buffer.deleted"] });
    let search = json!({ "action": "search", "words": "needle" });
    let screen = |pane: &str| json!({ "action": "screen", "target": { "pane": pane }, "at": time(START + 60_000) });
    let replay = json!({ "action": "replay", "target": { "pane": "%1" }, "from": time(START) });

    let mut client = stage.server.client_of(&all).await;
    let page = ask(&mut client, history.clone(), "history.page").await;
    assert_eq!(page["events"].as_array().unwrap().len(), 5);
    let page = ask(&mut client, search.clone(), "search.page").await;
    assert_eq!(page["hits"].as_array().unwrap().len(), 12, "{page}");
    ask(&mut client, screen("%1"), "screen").await;

    let mut client = stage.server.client_of(&scoped).await;
    let page = ask(&mut client, history.clone(), "history.page").await;
    assert_eq!(page["events"].as_array().unwrap().len(), 2);
    assert!(!page.to_string().contains("web-1"), "{page}");
    let page = ask(&mut client, search.clone(), "search.page").await;
    assert_eq!(page["hits"].as_array().unwrap().len(), 6);
    assert!(!page.to_string().contains("web-1"), "{page}");
    let named = json!({ "action": "search", "words": "needle", "sessions": ["web-1"] });
    let page = ask(&mut client, named, "search.page").await;
    assert_eq!(page["hits"], json!([]));
    ask(&mut client, screen("%0"), "screen").await;
    assert_eq!(client.refused(screen("%1")).await, "NOT_FOUND");
    assert_eq!(client.refused(screen("%99")).await, "NOT_FOUND");
    assert_eq!(client.refused(replay.clone()).await, "NOT_FOUND");

    let mut client = stage.server.client_of(&none).await;
    for question in [history, search, screen("%0"), replay] {
        assert_eq!(client.refused(question).await, "PERMISSION_DENIED");
    }
}

#[tokio::test]
async fn kept_secrets_are_masked_for_those_who_may_not_see_them() {
    let mut tokens = Tokens::new();
    let plain = tokens.add(Permission::Read, &[], None);
    let redacted = tokens.add_redacted(Permission::Read);
    let mut stage = Stage::new(Some(&tokens), Secrets::Keep).await;
    stage.publish(change_of(
        0,
        ChangeKind::PaneTitleChanged {
            title: format!("export T={KEY}"),
            previous: String::new(),
        },
    ));
    stage.prints(0, &format!("export T={KEY} and more\r\n"));
    // What is behind it proves that nothing of it is held back any more.
    stage.prints(0, "done\r\n");
    stage.seen(0).await;
    let history = json!({ "action": "history" });
    let screen =
        json!({ "action": "screen", "target": { "pane": "%0" }, "at": time(START + 60_000) });
    let search = json!({ "action": "search", "words": "export" });
    for (token, is_plain) in [(plain, true), (redacted, false)] {
        let mut client = stage.server.client_of(&token).await;
        let page = ask(&mut client, history.clone(), "history.page").await;
        assert_eq!(page["events"].as_array().unwrap().len(), 1, "{page}");
        assert_eq!(page.to_string().contains(KEY), is_plain, "{page}");
        let shown = ask(&mut client, screen.clone(), "screen").await;
        assert_eq!(shown.to_string().contains(KEY), is_plain, "{shown}");
        assert!(shown.to_string().contains("and more"), "{shown}");
        let page = ask(&mut client, search.clone(), "search.page").await;
        assert!(
            !page.to_string().contains(KEY),
            "lines are masked for everybody: {page}"
        );
    }
}

#[tokio::test]
async fn lines_are_found_by_words_and_expressions() {
    let mut stage = Stage::new(None, Secrets::Mask).await;
    stage.prints_lines(0, 40, |at| match at % 4 {
        0 => format!("error {at}: the disk is full"),
        _ => format!("line {at} of something else"),
    });
    stage.seen(0).await;
    let mut client = stage.server.client().await;
    let mut question = json!({ "action": "search", "words": "\"disk is\" err*", "limit": 4 });
    let mut found = Vec::new();
    loop {
        let page = ask(&mut client, question.clone(), "search.page").await;
        found.extend(page["hits"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => question["before"] = next.into(),
            None => break,
        }
    }
    let texts: Vec<String> = found.iter().map(text_of).collect();
    let expected: Vec<String> = (0..10)
        .rev()
        .map(|at| format!("error {}: the disk is full", at * 4))
        .collect();
    assert_eq!(texts, expected);
    assert_eq!(found[0]["snippet"][1], "err");
    assert_eq!(found[0]["snippet"][3], "disk is");
    assert_eq!(
        (&found[0]["severity"], &found[0]["session"]),
        (&json!("error"), &json!("api-1"))
    );
    let regex = json!({ "action": "search", "regex": "^error (4|8):", "panes": ["%0"] });
    let page = ask(&mut client, regex, "search.page").await;
    assert_eq!(page["hits"].as_array().unwrap().len(), 2, "{page}");
    let none = json!({ "action": "search", "words": "error", "panes": ["%1"] });
    assert_eq!(
        ask(&mut client, none, "search.page").await["hits"],
        json!([])
    );
    for (field, wrong) in [("regex", "(("), ("words", "...")] {
        let mut question = json!({ "action": "search" });
        question[field] = wrong.into();
        let error = client.ask(question, "error").await;
        assert_eq!(error["code"], "INVALID_MESSAGE", "{error}");
    }
}

fn text_of(hit: &Value) -> String {
    let pieces = hit["snippet"].as_array().unwrap().iter();
    pieces.map(|piece| piece.as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_pane_is_shown_as_it_was() {
    let mut stage = Stage::new(None, Secrets::Mask).await;
    for text in ["one", "\r\ntwo", "\r\nthree"] {
        stage.prints(0, text);
    }
    stage.seen(0).await;
    let mut client = stage.server.client().await;
    let at = |at: i64| json!({ "action": "screen", "target": { "pane": "%0" }, "at": time(at) });
    for (moment, lines) in [
        (START + 1000, ["one", "", ""]),
        (START + 2999, ["one", "two", ""]),
        (START + 3000, ["one", "two", "three"]),
    ] {
        let shown = ask(&mut client, at(moment), "screen").await;
        let found = &shown["data"]["primary"]["lines"];
        assert_eq!([&found[0], &found[1], &found[2]], lines, "{shown}");
        assert_eq!(shown["data"]["exact"], true);
    }
    let mut exact = at(START + 60_000);
    exact["offset"] = 6.into();
    let shown = ask(&mut client, exact, "screen").await;
    assert_eq!(shown["data"]["primary"]["lines"][1], "t", "{shown}");
    assert_eq!(client.refused(at(START - 1)).await, "NOT_FOUND");
    let path = format!("/api/screen?pane=%250&at={}", time(START + 1000));
    let answer = stage.server.get(&path).await;
    assert!(
        answer.contains("\"type\":\"screen\"") && answer.contains("one"),
        "{answer}"
    );
}

/// All that came of a replay until it ended.
async fn until_end(client: &mut Client) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let message = client.next().await;
        check_from_server(&message);
        let is_end = message["type"] == "replay.end";
        all.push(message);
        if is_end {
            return all;
        }
    }
}

#[tokio::test]
async fn a_replay_shows_what_was_printed_once_more() {
    let mut stage = Stage::new(None, Secrets::Mask).await;
    stage.prints(0, "one");
    for text in [" two", " three"] {
        stage.prints(0, text);
    }
    stage.publish(change_of(
        0,
        ChangeKind::PaneResized {
            width: 100,
            height: 30,
            previous: (80, 24),
        },
    ));
    stage.prints(0, " four");
    stage.seen(0).await;
    let mut client = stage.server.client().await;
    let replay = json!({ "action": "replay", "target": { "pane": "%0" }, "from": time(START + 1500),
        "to": time(START + 60_000), "speed": 64 });
    let started = ask(&mut client, replay, "replay.started").await;
    assert_eq!(
        (&started["replay"], &started["pane"]),
        (&json!(1), &json!("%0"))
    );
    let all = until_end(&mut client).await;
    assert_eq!(all[0]["type"], "replay.snapshot");
    assert_eq!(all[0]["data"]["primary"]["lines"][0], "one");
    let rest: Vec<String> = all[1..].iter().map(told).collect();
    let joined = rest.join("|").replace(" two| three", " two three");
    assert_eq!(joined, " two three|100x30| four|end");
}

#[tokio::test]
async fn regression_a_replay_begins_with_the_first_screen_that_was_seen() {
    let mut stage = Stage::new(None, Secrets::Mask).await;
    // The screen is seen while it prints, or now.
    stage.now = Timestamp::now().as_millisecond() - 5000;
    let unseen = "of before\r\n";
    stage.kept.look_at(unseen.len() as u64);
    for text in [unseen, "one", " two"] {
        stage.prints(0, text);
    }
    stage.seen(0).await;
    let mut client = stage.server.client().await;
    let replay = json!({ "action": "replay", "target": { "pane": "%0" }, "from": time(START), "speed": 10_000 });
    ask(&mut client, replay, "replay.started").await;
    let all = until_end(&mut client).await;
    assert_eq!(all[0]["type"], "replay.snapshot");
    assert_eq!(all[0]["data"]["offset"], unseen.len());
    let rest: Vec<String> = all[1..].iter().map(told).collect();
    let (last, printed) = rest.split_last().unwrap();
    assert_eq!(
        (printed.concat().as_str(), last.as_str()),
        ("one two", "end")
    );
}

/// What a pane shows when it is first looked at, it has shown since it is known: it printed nothing in between.
#[tokio::test]
async fn regression_a_pane_that_is_silent_is_seen_as_it_was() {
    let mut stage = Stage::new(None, Secrets::Mask).await;
    stage.bell(0);
    stage.seen(0).await;
    let mut client = stage.server.client().await;
    let question =
        |at: i64| json!({ "action": "screen", "target": { "pane": "%0" }, "at": time(at) });
    let screen = ask(&mut client, question(START + 2000), "screen").await;
    assert_eq!(screen["data"]["offset"], 0);
    assert_eq!(client.refused(question(START)).await, "NOT_FOUND");
    let replay = json!({ "action": "replay", "target": { "pane": "%0" }, "from": time(START), "speed": 10_000 });
    ask(&mut client, replay, "replay.started").await;
    let all = until_end(&mut client).await;
    assert_eq!(
        all.iter().map(told).collect::<Vec<_>>(),
        ["replay.snapshot", "end"]
    );
    // What it prints later was not there before.
    stage.now = Timestamp::now().as_millisecond();
    stage.prints(0, "one");
    stage.seen(0).await;
    let screen = ask(&mut client, question(START + 2000), "screen").await;
    assert_eq!(screen["data"]["primary"]["lines"][0], "");
}

fn told(message: &Value) -> String {
    match message["type"].as_str().unwrap() {
        "replay.output" => message["content"].as_str().unwrap().to_owned(),
        "replay.resized" => format!("{}x{}", message["cols"], message["rows"]),
        "replay.end" => message["reason"].as_str().unwrap().to_owned(),
        other => other.to_owned(),
    }
}

/// As behind a crash, where the next run goes on far behind all that can have been printed.
#[tokio::test]
async fn regression_a_replay_tells_what_is_missing_between_two_pieces() {
    let mut stage = Stage::new(None, Secrets::Mask).await;
    stage.prints(0, "one");
    stage.seen(0).await;
    stage.offsets[0] += 1 << 40;
    stage.prints(0, "two");
    stage.kept.written(stage.hub().head()).await;
    let mut client = stage.server.client().await;
    let replay = json!({ "action": "replay", "target": { "pane": "%0" }, "from": time(START + 1500),
        "to": time(START + 60_000), "speed": 10_000 });
    ask(&mut client, replay, "replay.started").await;
    let all = until_end(&mut client).await;
    let missing = all.iter().find(|one| one["missing"] == true);
    let missing = missing.unwrap_or_else(|| panic!("{all:?}"));
    assert_eq!(missing["offset"], 3);
}

#[tokio::test]
async fn a_replay_stands_still_goes_elsewhere_and_stops() {
    let mut stage = Stage::new(None, Secrets::Mask).await;
    for text in ["one", " two", " three"] {
        stage.prints(0, text);
    }
    stage.seen(0).await;
    // An hour passes in which nothing is printed.
    stage.now += 3_600_000;
    stage.prints(0, " four");
    let mut client = stage.server.client().await;
    // So slow that hardly anything is printed before it stands still.
    let replay = json!({ "action": "replay", "target": { "pane": "%0" }, "from": time(START + 1000),
        "to": time(stage.now), "speed": 0.25 });
    ask(&mut client, replay, "replay.started").await;
    client.expect("replay.snapshot").await;
    let control = |more: Value| {
        let mut control = json!({ "action": "replay-control", "replay": 1 });
        control
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        control
    };
    client
        .send(control(json!({ "paused": true, "speed": 2 })))
        .await;
    let state = client.find("replay.state").await;
    check_from_server(&state);
    assert_eq!(
        (&state["paused"], &state["speed"]),
        (&json!(true), &json!(2.0))
    );
    client.until_pong().await;
    // What lies outside of what is replayed is its beginning or its end.
    for (moment, line) in [
        (START + 3000, "one two three"),
        (START + 1000, "one"),
        (stage.now + 1000, "one two three four"),
        (START - 1000, "one"),
    ] {
        let seek = control(json!({ "seek": time(moment) }));
        ask(&mut client, seek, "replay.state").await;
        let screen = client.expect("replay.snapshot").await;
        assert_eq!(screen["data"]["primary"]["lines"][0], line);
    }
    // With long pauses made short, the hour is none.
    let state = control(json!({ "paused": false, "speed": 64, "skip_idle": true }));
    ask(&mut client, state, "replay.state").await;
    let all = until_end(&mut client).await;
    let text: String = all.iter().map(told).collect();
    assert_eq!(text, " two three fourend");
    assert_eq!(
        client.refused(control(json!({ "paused": true }))).await,
        "NOT_FOUND"
    );

    let replay =
        json!({ "action": "replay", "target": { "pane": "%0" }, "from": time(START + 3000) });
    ask(&mut client, replay, "replay.started").await;
    client.expect("replay.snapshot").await;
    let stop = json!({ "action": "replay-control", "replay": 2, "stop": true });
    ask(&mut client, stop, "replay.state").await;
    assert_eq!(client.expect("replay.end").await["reason"], "stopped");
    let backwards =
        json!({ "action": "replay", "target": { "pane": "%0" }, "from": "1h", "to": "2h" });
    assert_eq!(client.refused(backwards).await, "INVALID_MESSAGE");
}

/// Says all of this at once, so that it is read together.
async fn say_at_once(client: &mut Client, messages: &[Value]) {
    use futures_util::SinkExt as _;
    for message in messages {
        client
            .socket
            .feed(Message::text(message.to_string()))
            .await
            .unwrap();
    }
    client.socket.flush().await.unwrap();
}

#[tokio::test]
async fn questions_are_cancelled_and_only_a_few_are_under_way() {
    let kept = Kept::new("e1", Secrets::Mask);
    let server = TestServer::start(Setup {
        kept: Some(kept.access.clone()),
        ..Setup::default()
    });
    let server = server.await;
    // The history is not given this, so each question waits for it.
    let bell = change_of(0, ChangeKind::PaneBell);
    let at = Timestamp::from_millisecond(START).unwrap();
    server.hub.publish([bell], None, Stamp::at(at));
    let mut client = server.client().await;
    let question = |id: u64| json!({ "action": "history", "id": id });
    let cancel = json!({ "action": "cancel", "id": 9, "request": 2 });
    let mut messages: Vec<Value> = (1..=5).map(question).collect();
    messages.push(cancel.clone());
    say_at_once(&mut client, &messages).await;
    let refused = client.find("error").await;
    assert_eq!(
        (&refused["id"], &refused["code"]),
        (&json!(5), &json!("RATE_LIMITED"))
    );
    let cancelled = client.find("cancelled").await;
    assert_eq!(
        (&cancelled["id"], &cancelled["found"]),
        (&json!(9), &json!(true))
    );
    let error = client.find("error").await;
    assert_eq!(
        (&error["id"], &error["code"]),
        (&json!(2), &json!("CANCELLED"))
    );
    // The others are answered, with what is known.
    let mut answered = Vec::new();
    for _ in 0..3 {
        let page = client.find("history.page").await;
        assert_eq!(page["seq"], 0, "nothing was taken: {page}");
        answered.push(page["id"].as_u64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, [1, 3, 4]);
    assert_eq!(client.ask(cancel, "cancelled").await["found"], false);
}

/// While others ask hard questions a client gets every event, in order, and nothing instead of one.
#[tokio::test]
async fn hard_questions_keep_nobody_waiting() {
    let mut stage = Stage::new(None, Secrets::Mask).await;
    for part in 0..20 {
        stage.prints_lines(0, 2000, |at| {
            format!("part {part} line {at} {}", "x".repeat(60))
        });
    }
    let mut live = stage.server.client().await;
    let filters = json!({ "types": ["pane.bell"] });
    live.ask(
        json!({ "action": "subscribe", "filters": filters }),
        "subscribed",
    )
    .await;
    let mut askers = Vec::new();
    for _ in 0..3 {
        let mut client = stage.server.client().await;
        let question =
            |id: u64| json!({ "action": "search", "id": id, "regex": "no (such|other) line$" });
        let messages: Vec<Value> = (1..=4).map(question).collect();
        say_at_once(&mut client, &messages).await;
        askers.push(client);
    }
    let before = stage.hub().head().0;
    for turn in 1..=500 {
        stage.bell(1);
        let event = live.find("pane.bell").await;
        assert_eq!(
            event["seq"],
            before + turn,
            "each comes once, in order: {event}"
        );
    }
    assert!(
        live.until_pong()
            .await
            .iter()
            .all(|one| one["type"] == "bookmark")
    );
    for mut client in askers {
        for _ in 0..4 {
            let answer = client.next().await;
            let is_partial = answer["next"].is_string();
            match answer["type"].as_str().unwrap() {
                "search.page" => assert!(
                    answer["hits"] == json!([])
                        && (is_partial || answer.get("out_of_time").is_none())
                ),
                other => assert_eq!(
                    (other, &answer["code"]),
                    ("error", &json!("HISTORY_TIMEOUT")),
                    "{answer}"
                ),
            }
        }
    }
}
