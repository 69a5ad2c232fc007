//! Clients that resume from behind what memory holds, over real sockets, with an archive in this process. Thousands of
//! runs without sockets are beside the state machine, in `src/server/dialect/resume_tests.rs`.

use std::time::Duration;

use muxwire::auth::Permission;
use muxwire::hub::HistoryLimits;
use muxwire::ids::PaneId;
use serde_json::{Value, json};

use crate::resume::Chance;
use crate::support::archive::{Conduct, TestArchive};
use crate::support::random::Random;
use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::world::World;
use crate::support::{SOON, wait_until_async};

/// So little memory that all but the newest events are in the archive alone.
const TINY: HistoryLimits = HistoryLimits {
    bytes: usize::MAX,
    events: 3,
    age: Duration::from_secs(3600),
};

/// A server with an archive and a pane that prints.
struct Stage {
    server: TestServer,
    archive: TestArchive,
    world: World,
    pane: PaneId,
    offset: u64,
}

impl Stage {
    async fn new(conduct: Conduct) -> Self {
        let history = TINY;
        let setup = Setup {
            history,
            ..Setup::default()
        };
        let server = TestServer::start(setup).await;
        let archive = TestArchive::of(&server.hub, conduct);
        let mut world = World::new();
        world.session("api");
        let mut reader = server.hub.reader();
        world.publish(&server.hub);
        archive.keep_all(&mut reader);
        let pane = *world.state.panes.keys().next().unwrap();
        Self {
            server,
            archive,
            world,
            pane,
            offset: 0,
        }
    }

    /// So many outputs, one after the other.
    fn print(&mut self, count: usize) {
        for _ in 0..count {
            let output = self.world.output(self.pane, self.offset, b"x");
            self.offset += 1;
            self.archive.publish(&self.server.hub, output);
        }
    }

    fn head(&self) -> u64 {
        self.server.hub.head().0
    }
}

fn since(seq: u64) -> Value {
    json!({ "action": "subscribe", "id": "resume", "since": { "epoch": "e1", "seq": seq } })
}

/// The places of the events that come, up to this one.
async fn events_to(client: &mut Client, last: u64) -> Vec<u64> {
    let mut places = Vec::new();
    while places.last().is_none_or(|place| *place < last) {
        let message = client.next().await;
        if message["type"] == "pane.output" {
            places.push(message["seq"].as_u64().unwrap());
        } else {
            assert_eq!(message["type"], "bookmark", "{message}");
        }
    }
    places
}

#[tokio::test]
async fn a_client_that_resumes_from_anywhere_gets_every_event_once_while_others_publish() {
    let mut stage = Stage::new(Conduct::Gives).await;
    let first = stage.head();
    stage.print(1500);
    let mut random = Random::new(9);
    let mut live = stage.server.client().await;
    live.ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    let live_from = stage.head();
    for _ in 0..40 {
        let place = first + random.below(usize::try_from(stage.head() - first).unwrap()) as u64;
        let mut client = stage.server.client().await;
        client.send(since(place)).await;
        // Some of it is published while the archive is read, some while the client reads.
        for _ in 0..random.below(20) {
            stage.print(2);
            tokio::task::yield_now().await;
        }
        let subscribed = client.expect("subscribed").await;
        assert_eq!(subscribed["recovered"], true, "{subscribed}");
        assert_eq!(subscribed["seq"], place);
        let middle = stage.head();
        let mut places = events_to(&mut client, middle).await;
        stage.print(7);
        places.extend(events_to(&mut client, stage.head()).await);
        let wanted: Vec<u64> = (place + 1..=stage.head()).collect();
        assert_eq!(places, wanted, "from {place}");
    }
    let all: Vec<u64> = (live_from + 1..=stage.head()).collect();
    assert_eq!(events_to(&mut live, stage.head()).await, all);
    assert!(stage.archive.reads() > 40);
}

#[tokio::test]
async fn what_an_archive_does_not_give_is_kept_no_longer() {
    for conduct in [Conduct::Fails, Conduct::Panics, Conduct::Skips] {
        let mut stage = Stage::new(conduct).await;
        stage.print(20);
        let mut client = stage.server.client().await;
        let subscribed = client.ask(since(5), "subscribed").await;
        assert_eq!(subscribed["recovered"], false, "{conduct:?}");
        assert_eq!(subscribed["seq"], stage.head());
        let snapshot = client.expect("snapshot").await;
        assert_eq!(snapshot["seq"], stage.head());
        // The connection goes on as if nothing had been asked of the archive.
        stage.print(2);
        let head = stage.head();
        assert_eq!(events_to(&mut client, head).await, [head - 1, head]);
    }
}

#[tokio::test]
async fn a_position_that_memory_holds_is_not_asked_of_the_archive() {
    let mut stage = Stage::new(Conduct::Panics).await;
    stage.print(20);
    let head = stage.head();
    for place in [head, head - 1, head - 3] {
        let mut client = stage.server.client().await;
        let subscribed = client.ask(since(place), "subscribed").await;
        assert_eq!(subscribed["recovered"], true);
    }
    for (epoch, place) in [("other", 5), ("e1", head + 1)] {
        let mut client = stage.server.client().await;
        let mut message = since(place);
        message["since"]["epoch"] = json!(epoch);
        let subscribed = client.ask(message, "subscribed").await;
        assert_eq!(subscribed["recovered"], false);
    }
    assert_eq!(stage.archive.reads(), 0);
}

#[tokio::test]
async fn while_an_archive_is_slow_others_are_served_and_requests_wait_their_turn() {
    let mut stage = Stage::new(Conduct::Waits).await;
    stage.print(20);
    let mut other = stage.server.client().await;
    other
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    let mut client = stage.server.client().await;
    client.send(since(10)).await;
    let id = "behind";
    client.send(json!({ "action": "ping", "id": id })).await;
    client
        .send(json!({ "action": "unsubscribe", "id": id }))
        .await;
    let asked = || stage.archive.reads() == 1;
    wait_until_async("the archive is asked", SOON, asked).await;
    // No more than memory holds, so nothing of it is asked of the archive.
    stage.print(3);
    let head = stage.head();
    let live: Vec<u64> = (head - 2..=head).collect();
    assert_eq!(events_to(&mut other, head).await, live);
    other.until_pong().await;

    stage.archive.let_go(1);
    let subscribed = client.expect("subscribed").await;
    assert_eq!(subscribed["seq"], 10);
    // What was asked for behind it is carried out behind it, and takes the subscription back.
    let pong = client.find("pong").await;
    assert_eq!(pong["id"], id);
    client.find("unsubscribed").await;
}

#[tokio::test]
async fn an_archive_is_read_by_a_few_at_a_time() {
    let mut stage = Stage::new(Conduct::Waits).await;
    stage.print(20);
    let mut clients = Vec::new();
    for _ in 0..12 {
        let mut client = stage.server.client().await;
        client.send(since(10)).await;
        clients.push(client);
    }
    let asked = || stage.archive.reads() == 4;
    wait_until_async("the first are asked", SOON, asked).await;
    stage.archive.let_go(100);
    for client in &mut clients {
        let subscribed = client.expect("subscribed").await;
        assert_eq!(subscribed["recovered"], true);
        let places = events_to(client, stage.head()).await;
        assert_eq!(places, (11..=stage.head()).collect::<Vec<u64>>());
    }
    assert_eq!(stage.archive.most_under_way(), 4);
}

/// What a client with this token gets, from the beginning of the log to its head.
async fn received(server: &TestServer, token: &str, filters: &Value) -> Vec<Value> {
    let mut client = server.client().await;
    let auth = json!({ "action": "auth", "token": token });
    client.ask(auth, "auth.response").await;
    let since = json!({ "epoch": "e1", "seq": 0 });
    let subscribe = json!({ "action": "subscribe", "since": since, "filters": filters });
    let subscribed = client.ask(subscribe, "subscribed").await;
    assert_eq!(subscribed["recovered"], true);
    let mut received = Vec::new();
    loop {
        let message = client.next().await;
        let is_end = message["type"] == "bookmark";
        received.push(message);
        if is_end {
            return received;
        }
    }
}

#[tokio::test]
async fn from_an_archive_comes_what_memory_would_have_given() {
    let mut tokens = Tokens::new();
    let held: [String; 2] =
        [&[][..], &["a*"]].map(|scope| tokens.add(Permission::Read, scope, None));
    let authenticator = tokens.authenticator();
    let filters = [
        json!({}),
        json!({ "windows": [{ "window_name": "new" }] }),
        json!({ "types": ["session.*", "client.*"] }),
    ];
    let mut events = 0;
    for seed in 0..6 {
        let mut of_both = Vec::new();
        for archived in [false, true] {
            let kept = if archived { 60 } else { 1_000_000 };
            let setup = Setup {
                history: HistoryLimits {
                    events: kept,
                    ..TINY
                },
                authenticator: Some(authenticator.clone()),
                ..Setup::default()
            };
            let server = TestServer::start(setup).await;
            let archive = archived.then(|| TestArchive::of(&server.hub, Conduct::Gives));
            let mut reader = server.hub.reader();
            let mut chance = Chance::new(seed);
            for _ in 0..80 {
                chance.happen(&server);
                if let Some(archive) = &archive {
                    archive.keep_all(&mut reader);
                }
            }
            assert!(
                server.hub.head().0 > 200,
                "most of it is in the archive alone"
            );
            let mut all = Vec::new();
            for token in &held {
                for filter in &filters {
                    all.push(received(&server, token, filter).await);
                }
            }
            assert_eq!(archive.map_or(0, |archive| archive.reads()) > 0, archived);
            of_both.push(all);
        }
        assert_eq!(of_both[0], of_both[1], "seed {seed}");
        events += of_both[0].iter().map(Vec::len).sum::<usize>();
    }
    assert!(events > 2000, "{events} events were compared");
}
