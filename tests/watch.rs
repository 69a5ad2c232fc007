//! The client, and `muxwire watch` around it: on real servers, over connections that break.

use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use muxwire::auth::Permission;
use muxwire::client::{Endpoint, Patience, Refusal, SessionPattern, Token, Update, Watcher, Wish};
use muxwire::hub::HistoryLimits;
use muxwire::wire::{EventData, Kind, Received, SUBPROTOCOL};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::support::SOON;
use crate::support::proxy::Proxy;
use crate::support::random::Random;
use crate::support::server::{Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::world::{World, stamp};

fn endpoint(address: impl std::fmt::Display) -> Endpoint {
    format!("ws://{address}").parse().unwrap()
}

fn types(types: &[&str]) -> Wish {
    Wish {
        types: types.iter().map(|&one| one.to_owned()).collect(),
        ..Wish::default()
    }
}

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(SOON, future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come"))
}

/// What a pane printed, if a message says that.
fn content(message: &Received) -> Option<&str> {
    match &message.event()?.data {
        EventData::PaneOutput(output) => Some(&output.content),
        _ => None,
    }
}

/// The next message of a kind, all else passed over.
async fn message(watcher: &mut Watcher, kind: Kind) -> Received {
    let wait = async {
        loop {
            match watcher.next().await.unwrap() {
                Update::Message(message) if message.kind() == kind => return message,
                _ => {}
            }
        }
    };
    soon("a message", wait).await
}

/// What the watcher gives up with.
async fn refusal(watcher: &mut Watcher) -> Refusal {
    let wait = async {
        loop {
            if let Err(refusal) = watcher.next().await {
                return refusal;
            }
        }
    };
    soon("the end", wait).await
}

/// The places of the events up to and with this one.
async fn places_until(watcher: &mut Watcher, last: u64) -> Vec<u64> {
    let mut places = Vec::new();
    while places.last().is_none_or(|place| *place < last) {
        let event = message(watcher, Kind::Event).await;
        places.push(event.position().unwrap().1.0);
    }
    places
}

#[tokio::test]
async fn events_come_through_the_filters() {
    let server = TestServer::open().await;
    let mut world = World::new();
    let wish = Wish {
        types: vec!["session.*".to_owned()],
        sessions: vec![SessionPattern::from_text("b*").unwrap()],
        ..Wish::default()
    };
    let mut watcher = Watcher::new(endpoint(server.address), wish, None);
    message(&mut watcher, Kind::Subscribed).await;
    for name in ["a", "b", "c", "bb"] {
        world.session(name);
        world.publish(&server.hub);
    }
    for name in ["b", "bb"] {
        let event = message(&mut watcher, Kind::Event).await;
        assert_eq!(event.type_name(), "session.created");
        assert_eq!(event.event().unwrap().session.as_deref(), Some(name));
    }
    watcher.close().await;
}

#[tokio::test]
async fn a_cursor_begins_behind_its_place() {
    let server = TestServer::open().await;
    let mut world = World::new();
    world.session("a");
    let head = world.publish(&server.hub);
    let wish = Wish {
        since: Some("1.e1.1".to_owned()),
        ..Wish::default()
    };
    let mut watcher = Watcher::new(endpoint(server.address), wish, None);
    let places = places_until(&mut watcher, head.0).await;
    assert_eq!(places, (2..=head.0).collect::<Vec<_>>());
}

/// One client of a server on which events are published while its connections are cut at random places.
async fn run_with_cuts(seed: u64) -> usize {
    let mut random = Random::new(seed);
    let server = TestServer::open().await;
    let mut cuts = random.clone();
    // The first connection gets through, so that the test knows where its events begin.
    let mut first = true;
    let cut = move || {
        let whole = std::mem::replace(&mut first, false);
        Some(if whole { 1500 } else { 0 } + cuts.below(12_000))
    };
    let proxy = Proxy::start(server.address, cut).await;
    let mut world = World::new();
    world.session("wanted");
    world.session("other");
    world.publish(&server.hub);
    let panes: Vec<_> = world.state.panes.keys().copied().collect();
    let wish = Wish {
        sessions: vec![SessionPattern::from_text("wanted").unwrap()],
        ..types(&["pane.output"])
    };
    let mut watcher = Watcher::new(endpoint(proxy.address), wish, None);
    message(&mut watcher, Kind::Subscribed).await;

    let mut expected = Vec::new();
    let (count, mut seen) = tokio::sync::watch::channel(0);
    let hub = server.hub.clone();
    let publish = async {
        for offset in 0..400 {
            let pane = panes[usize::from(random.below(3) == 0)];
            let change = world.output(pane, offset, b"some output, long enough to be cut within");
            let place = hub.publish([change], None, stamp());
            if pane == panes[0] {
                expected.push(place.0);
            }
            if random.below(4) == 0 {
                tokio::task::yield_now().await;
            }
            if random.below(40) == 0 {
                let all = expected.len();
                seen.wait_for(|seen| *seen == all).await.unwrap();
            }
        }
        let last = world.output(panes[0], 400, b"the end");
        expected.push(hub.publish([last], None, stamp()).0);
        expected.last().copied().unwrap()
    };
    let mut found = Vec::new();
    let watch = async {
        loop {
            match watcher.next().await.unwrap() {
                Update::Message(message) if message.kind() == Kind::Event => {
                    found.push(message.position().unwrap().1.0);
                    count.send_replace(found.len());
                    if content(&message) == Some("the end") {
                        return;
                    }
                }
                Update::Lost { from, to } => panic!("seed {seed}: lost {from} to {to}"),
                _ => {}
            }
        }
    };
    let _ = tokio::join!(publish, soon("the end", watch));
    assert_eq!(found, expected, "seed {seed}");
    proxy.connections()
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_however_connections_break() {
    let connections = join_all((0..40).map(run_with_cuts)).await;
    let most = connections.iter().max().unwrap();
    let all: usize = connections.iter().sum();
    assert!(all > 160, "connections were not cut: {connections:?}");
    eprintln!("resume: 40 runs, {all} connections, at most {most} in one run");
}

#[tokio::test]
async fn what_the_history_no_longer_holds_is_reported_as_lost() {
    let history = HistoryLimits {
        events: 5,
        ..HistoryLimits::default()
    };
    let setup = Setup {
        history,
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let wish = Wish {
        since: Some("1.e1.0".to_owned()),
        ..Wish::default()
    };
    let mut world = World::new();
    for name in ["a", "b", "c", "d"] {
        world.session(name);
    }
    let head = world.publish(&server.hub);
    let mut watcher = Watcher::new(endpoint(server.address), wish, None);
    let mut updates = Vec::new();
    while updates.len() < 4 {
        updates.push(match soon("an update", watcher.next()).await.unwrap() {
            Update::Connected(welcome) => format!("connected {} {}", welcome.host, welcome.again),
            Update::Message(message) => message.type_name().to_owned(),
            Update::Lost { from, to } => format!("lost {from} {to}"),
            Update::LeftOut { .. } => "left out".to_owned(),
            Update::Disconnected { reason, .. } => reason,
        });
    }
    let lost = format!("lost 1.e1.0 1.e1.{head}");
    assert_eq!(
        updates,
        ["connected build-3 false", "subscribed", &lost, "snapshot"]
    );
    assert_eq!(watcher.position().unwrap().seq, head);
}

#[tokio::test]
async fn another_server_at_the_same_address_is_another_log() {
    let before = TestServer::open().await;
    let after = TestServer::start_as("e2", Setup::default()).await;
    let proxy = Proxy::start(before.address, || None).await;
    let mut watcher = Watcher::new(endpoint(proxy.address), Wish::default(), None);
    message(&mut watcher, Kind::Subscribed).await;
    proxy.lead_to(after.address);
    before.stop.cancel();
    let lost = async {
        loop {
            if let Update::Lost { from, to } = watcher.next().await.unwrap() {
                return (from, to.to_string());
            }
        }
    };
    let lost = soon("the loss", lost).await;
    assert_eq!(lost, ("1.e1.0".to_owned(), "1.e2.0".to_owned()));
    message(&mut watcher, Kind::Snapshot).await;
}

#[tokio::test]
async fn tokens_open_the_door_and_their_end_closes_it() {
    let mut tokens = Tokens::new();
    let good = tokens.add(Permission::Read, &[], None);
    let authenticator = tokens.authenticator();
    let setup = Setup {
        authenticator: Some(authenticator.clone()),
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let watcher = |token: Option<&str>| {
        let token = token.map(|text| Token::new(text.to_owned()));
        Watcher::new(endpoint(server.address), Wish::default(), token)
    };
    assert_eq!(refusal(&mut watcher(None)).await, Refusal::NoToken);
    let wrong = refusal(&mut watcher(Some("mw_wrong"))).await;
    assert!(matches!(wrong, Refusal::Token(_)), "{wrong}");
    let mut open = watcher(Some(&good));
    message(&mut open, Kind::Subscribed).await;
    authenticator.replace(Vec::new());
    let ended = refusal(&mut open).await;
    assert!(
        matches!(ended, Refusal::Closed { code: 4503, .. }),
        "{ended}"
    );
}

#[tokio::test]
async fn a_wish_that_the_server_refuses_is_not_repeated() {
    let server = TestServer::open().await;
    let mut watcher = Watcher::new(endpoint(server.address), types(&["UPPER"]), None);
    let refusal = refusal(&mut watcher).await;
    assert!(refusal.to_string().contains("INVALID_FILTER"), "{refusal}");
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = free.local_addr().unwrap();
    drop(free);
    let proxy = Proxy::start(nobody, || None).await;
    let mut watcher = Watcher::new(endpoint(proxy.address), Wish::default(), None);
    let first = soon("an update", watcher.next()).await.unwrap();
    assert!(matches!(first, Update::Disconnected { .. }), "{first:?}");
    let server = TestServer::open().await;
    proxy.lead_to(server.address);
    message(&mut watcher, Kind::Subscribed).await;
}

#[tokio::test]
async fn what_is_no_muxwire_server_is_named_and_left_alone() {
    let server = TestServer::open().await;
    let wrong_path = format!("ws://{}/elsewhere", server.address)
        .parse()
        .unwrap();
    let mut watcher = Watcher::new(wrong_path, Wish::default(), None);
    let refusal = refusal(&mut watcher).await;
    assert!(
        matches!(&refusal, Refusal::Handshake(why) if why.contains("404")),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_full_server_is_asked_again() {
    let setup = Setup {
        max_connections: Some(1),
        ..Setup::default()
    };
    let server = TestServer::start(setup).await;
    let first = server.client().await;
    let mut watcher = Watcher::new(endpoint(server.address), Wish::default(), None);
    match soon("an update", watcher.next()).await.unwrap() {
        Update::Disconnected { reason, .. } => assert!(reason.contains("503"), "{reason}"),
        other => panic!("{other:?}"),
    }
    drop(first);
    message(&mut watcher, Kind::Subscribed).await;
}

/// A server that greets, takes a subscription, and says nothing any more.
async fn fall_silent(listener: TcpListener) {
    let (stream, _) = listener.accept().await.unwrap();
    #[expect(clippy::result_large_err, reason = "the type is tungstenite's")]
    let agreed = |_: &Request, mut response: Response| {
        let name = "sec-websocket-protocol";
        response
            .headers_mut()
            .insert(name, SUBPROTOCOL.parse().unwrap());
        Ok(response)
    };
    let mut socket = accept_hdr_async(stream, agreed).await.unwrap();
    let said = [
        r#"{"type":"hello","protocol":1,"epoch":"e1","seq":0,"auth_required":false}"#,
        r#"{"type":"subscribed","epoch":"e1","seq":0}"#,
    ];
    for text in said {
        socket.send(Message::text(text)).await.unwrap();
    }
    while socket.next().await.is_some_and(|heard| heard.is_ok()) {}
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left_and_one_that_answers_is_not() {
    let lively = TestServer::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = listener.local_addr().unwrap();
    tokio::spawn(fall_silent(listener));
    let patience = Patience {
        quiet: Duration::from_millis(200),
        pong: Duration::from_secs(2),
        ..Patience::default()
    };
    let watch =
        |address| Watcher::new(endpoint(address), Wish::default(), None).with_patience(patience);
    let (mut left, mut kept) = (watch(silent), watch(lively.address));
    message(&mut left, Kind::Subscribed).await;
    message(&mut kept, Kind::Subscribed).await;
    let leaves = async {
        loop {
            if let Update::Disconnected { reason, .. } = left.next().await.unwrap() {
                assert!(reason.contains("heard"), "{reason}");
                return;
            }
        }
    };
    tokio::select! {
        () = soon("the silence", leaves) => {}
        update = kept.next() => panic!("{update:?}"),
    }
}
