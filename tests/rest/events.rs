//! Server-Sent Events: what `curl -N` gets, of a real tmux, and that all that holds for clients holds for these.

use std::time::Duration;

use muxwire::auth::Permission;
use muxwire::server::{Bounds, ConnectionLimits, HttpLimits};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::stage::{Stage, exchange, line};
use super::stream::EventStream;
use crate::browser::stage::Stage as Browsers;
use crate::support::server::{Setup, TestServer, patient};
use crate::support::tokens::Tokens;
use crate::support::world::World;
use crate::support::{SOON, any_program, for_each_version, wait_until};

#[test]
fn a_plain_curl_follows_what_happens() {
    for_each_version(|program| {
        let stage = Stage::new(program);
        let query = "?types=session.*,pane.output&sessions=api-*,new-*";
        let url = format!("http://{}/api/events{query}", stage.serving.address);
        let mut stream = EventStream::curl(&url, stage.token("r"));
        let first = stream.next();
        assert_eq!(first.data["type"], "subscribed", "{first:?}");
        assert_eq!(first.data["cursor"], first.id.as_deref().unwrap());
        stage
            .post("w", "/api/command", &line("web", "unseen"))
            .json();
        stage
            .post("w", "/api/command", &line("api-1", "hello"))
            .json();
        let output = stream.find("pane.output");
        assert_eq!(output.data["session"], "api-1", "{output:?}");
        let place = |data: &Value| format!("1.{}.{}", data["epoch"].as_str().unwrap(), data["seq"]);
        assert_eq!(output.id, Some(place(&output.data)), "{output:?}");
        stage.tmux.new_session("new-1", "exec cat");
        let created = stream.find("session.created");
        assert_eq!(created.data["session"], "new-1", "{created:?}");
        assert!(stream.seen.iter().all(|one| one.data["session"] != "web"));
    });
}

#[test]
fn who_comes_back_gets_what_came_meanwhile_once_and_nothing_else() {
    let stage = Stage::new(any_program());
    let path = "/api/events?types=session.created,session.removed";
    let mut first = EventStream::open(stage.serving.address, path, &stage.lines("r"));
    assert_eq!(first.next().data["type"], "subscribed");
    stage.tmux.new_session("one", "exec cat");
    let one = first.find("session.created");
    drop(first);
    for name in ["two", "three"] {
        stage.tmux.new_session(name, "exec cat");
    }
    let id = one.id.unwrap();
    // The header counts for those who come back by themselves, whatever their address says.
    let rows = [
        (format!("{path}&since={id}"), String::new()),
        (path.to_owned(), format!("last-event-id: {id}\r\n")),
        (
            format!("{path}&since=1.x.1"),
            format!("last-event-id: {id}\r\n"),
        ),
    ];
    for (path, header) in rows {
        let lines = stage.lines("r") + &header;
        let mut again = EventStream::open(stage.serving.address, &path, &lines);
        let subscribed = again.next();
        assert_eq!(subscribed.data["recovered"], true, "{subscribed:?}");
        for name in ["two", "three"] {
            assert_eq!(again.find("session.created").data["session"], name);
        }
    }
    // Of a position that nobody knows the client is told, and gets what there is.
    let lost = format!("{path}&since=1.other.7");
    let mut lost = EventStream::open(stage.serving.address, &lost, &stage.lines("r"));
    assert_eq!(lost.next().data["recovered"], false);
    let snapshot = lost.find("snapshot");
    assert_eq!(snapshot.data["cursor"], snapshot.id.as_deref().unwrap());
    assert_eq!(
        snapshot.data["sessions"].as_array().unwrap().len(),
        6,
        "{snapshot:?}"
    );
}

#[test]
fn what_can_not_be_asked_is_a_problem_and_no_stream() {
    let stage = Stage::new(any_program());
    let rows = [
        ("r", "?types=Agent", 400, "INVALID_FILTER"),
        ("r", "?session=web", 400, "INVALID_MESSAGE"),
        ("r", "?without_watchers=maybe", 400, "INVALID_MESSAGE"),
        ("e", "", 403, "PERMISSION_DENIED"),
    ];
    for (token, query, status, code) in rows {
        let answer = stage.get(token, &format!("/api/events{query}"));
        assert_eq!(answer.code(status), code, "{query}: {answer:?}");
    }
    let none = exchange(stage.serving.address, "GET /api/events", "", "");
    assert_eq!(none.problem(401)["type"], "urn:muxwire:refused:no_token");
    let denied = stage.audited("denied", 1);
    assert_eq!(denied.len(), 1, "{denied:#?}");
    assert_eq!(denied[0]["request"], "subscribe");
}

#[test]
fn a_stream_ends_with_its_token_and_with_the_server() {
    let stage = Stage::new(any_program());
    let open = |token: &str| {
        let lines = stage.lines(token);
        let mut stream =
            EventStream::open(stage.serving.address, "/api/events?types=alert", &lines);
        assert_eq!(stream.next().data["type"], "subscribed");
        stream
    };
    let (mut revoked, mut stopped) = (open("r-api"), open("r"));
    assert_eq!(revoked.header("cache-control"), Some("no-store"));
    assert_eq!(revoked.header("x-accel-buffering"), Some("no"));
    assert_eq!(revoked.header("content-type"), Some("text/event-stream"));
    let run = stage.serving.home.run("token revoke r-api");
    assert_eq!(run.code, Some(0), "{run:?}");
    let last = revoked.last();
    assert_eq!(last.event.as_deref(), Some("close"), "{last:?}");
    assert_eq!(last.data["code"], 4503, "{last:?}");
    let connected = stage.audited("client.connected", 2);
    assert!(connected.iter().any(|one| one["endpoint"] == "events"));
    stage.serving.signal(Signal::TERM);
    let last = stopped.last();
    assert_eq!(last.data["code"], 4001, "{last:?}");
    let told = stopped
        .seen
        .iter()
        .any(|one| one.data["type"] == "shutdown");
    assert!(told, "{:?}", stopped.seen);
    let went: Vec<Value> = stage.audited("client.disconnected", 2);
    let codes: Vec<&Value> = went.iter().map(|one| &one["code"]).collect();
    assert!(
        codes.contains(&&json!(4503)) && codes.contains(&&json!(4001)),
        "{went:#?}"
    );
}

#[test]
fn who_reads_too_slowly_loses_output_and_gets_the_screen() {
    let stage = Stage::new(any_program());
    let flood = "exec sh -c 'read go; yes 0123456789012345678901234567890123456789 | head -n 1000000; echo THE END; exec cat'";
    stage.tmux.new_session("flood", flood);
    let wants = "/api/events?types=pane.output&sessions=flood";
    let mut slow = EventStream::open(stage.serving.address, wants, &stage.lines("r"));
    wait_until("the session is known", SOON, || {
        let panes = stage.get("r", "/api/panes?sessions=flood").json();
        panes["panes"].as_array().unwrap().len() == 1
    });
    let typed = stage.post("w", "/api/command", &line("flood", "go")).json();
    stage.shows_times(typed["pane"].as_str().unwrap(), "THE END", 1);
    let lagged = slow.find("lagged");
    assert_eq!(lagged.id, None, "{lagged:?}");
    let snapshot = slow.find("pane.snapshot");
    assert_eq!(snapshot.id, None, "{snapshot:?}");
    let mut shown = snapshot.data["data"]["replay"].as_str().unwrap().to_owned();
    while !shown.contains("THE END") {
        let next = slow.next().data;
        match next["type"].as_str() {
            // It may be cut anywhere.
            Some("pane.output") => shown.push_str(next["data"]["content"].as_str().unwrap()),
            Some("pane.snapshot") => shown = next["data"]["replay"].as_str().unwrap().to_owned(),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_stream_lasts_and_shows_that_it_lives() {
    let limits = ConnectionLimits {
        ping_interval: Duration::from_millis(20),
        ..patient()
    };
    let bounds = Bounds {
        http: HttpLimits {
            lifetime: Duration::from_millis(100),
            ..HttpLimits::default()
        },
        ..Bounds::default()
    };
    let server = TestServer::start(Setup {
        limits,
        bounds,
        ..Setup::default()
    })
    .await;
    let address = server.address;
    let stream = spawn_blocking(move || {
        let mut stream = EventStream::open(address, "/api/events", "");
        // A client that is pinged so often and never answers would be gone by now, and so would a connection for requests.
        wait_until("it lives", SOON, || stream.heartbeats() > 20);
        stream
    });
    let mut stream = stream.await.unwrap();
    let mut world = World::new();
    world.session("api-1");
    world.publish(&server.hub);
    let created = spawn_blocking(move || stream.find("session.created")).await;
    assert_eq!(created.unwrap().data["session"], "api-1");
}

#[tokio::test]
async fn streams_count_as_connections() {
    let mut tokens = Tokens::new();
    let [first, second] = [0; 2].map(|_| tokens.add(Permission::Read, &[], None));
    let server = TestServer::start(Setup {
        authenticator: Some(tokens.authenticator()),
        max_connections: Some(2),
        bounds: Bounds {
            token_connections: 1,
            ..Bounds::default()
        },
        ..Setup::default()
    })
    .await;
    let address = server.address;
    let done = spawn_blocking(move || {
        let lines = |token: &str| format!("authorization: Bearer {token}\r\n");
        let open = |token: &str| {
            let mut stream = EventStream::open(address, "/api/events", &lines(token));
            assert_eq!(stream.next().data["type"], "subscribed");
            stream
        };
        let one = open(&first);
        let more = exchange(address, "GET /api/events", &lines(&first), "");
        assert_eq!(more.code(429), "LIMIT_REACHED");
        let _two = open(&second);
        let full = exchange(address, "GET /api/events", &lines(&second), "");
        assert_eq!(full.problem(503)["type"], "urn:muxwire:refused:full");
        // Its place is free again when a client goes, without a word.
        drop(one);
        wait_until("there is room", SOON, || {
            EventStream::try_open(address, "/api/events", &lines(&first)).is_ok()
        });
    });
    done.await.unwrap();
}

#[tokio::test]
async fn a_page_of_this_server_listens_by_its_cookie_until_its_browser_leaves() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let stage = Browsers::new(&tokens).await;
    let cookie = stage.come_in(&token).await;
    let address = stage.server.address;
    let lines = format!("cookie: {cookie}\r\nsec-fetch-site: same-origin\r\n");
    let open = spawn_blocking(move || {
        let mut stream = EventStream::open(address, "/api/events", &lines);
        assert_eq!(stream.next().data["type"], "subscribed");
        let foreign = format!("cookie: {cookie}\r\nsec-fetch-site: cross-site\r\n");
        exchange(address, "GET /api/events", &foreign, "").problem(401);
        (stream, cookie)
    });
    let (mut stream, cookie) = open.await.unwrap();
    let left = stage.ask("DELETE", "/api/session", &cookie).await;
    assert_eq!(left.status, 204, "{left:?}");
    let last = spawn_blocking(move || stream.last()).await.unwrap();
    assert_eq!(
        (last.event.as_deref(), &last.data["code"]),
        (Some("close"), &json!(4503))
    );
}
