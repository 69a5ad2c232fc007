//! Connections and their shards over pipes in memory: whatever a client does, it costs nobody else anything, and
//! what comes is in order.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::addresses::Addresses;
use super::admission::Admission;
use super::bucket::Rate;
use super::connection::{Connection, ConnectionTask};
use super::dialect::Endpoint;
use super::emitting::{EmitAllowances, EmitRates};
use super::health::figures;
use super::holders::Holders;
use super::listen::HeldLimits;
use super::overdue::Overdue;
use super::repeats::Repeats;
use super::send_queue::SendQueueLimits;
use super::services::{AcceptedClient, Services};
use super::session::{ClientIdentity, ConnectionLimits, Context, HolderAllowances, Timing};
use super::shard::{Shards, WakeInterest};
use super::socket::Socket;
use super::tickets::Tickets;
use crate::bridge::Handle;
use crate::hub::{HistoryLimits, Hub, Stamp};
use crate::ids::{Epoch, PaneId, Seq, SessionId, WindowId};
use crate::metrics::Metrics;
use crate::model::{Change, ChangeKind, Place, Places};
use crate::wire::Encoder;

/// How long anything may take on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// Bytes that a pipe of a client which reads takes at once.
const WIDE: usize = 64 << 10;

/// All of a server behind the handshake.
struct Rig {
    hub: Hub,
    shards: Shards,
    services: Arc<Services>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Rig {
    fn new() -> Self {
        Self::with(ConnectionLimits {
            send_queue: SendQueueLimits {
                bytes: 64 << 10,
                messages: 10_000,
            },
            ..ConnectionLimits::default()
        })
    }

    fn with(limits: ConnectionLimits) -> Self {
        let hub = Hub::new(HistoryLimits::default(), Epoch::new("e1").unwrap());
        let metrics = Metrics::new(&hub);
        let context = Context {
            encoder: Encoder::new("h", hub.epoch()),
            hub: hub.clone(),
            limits,
            repeats: Repeats::default(),
            emitted: Repeats::default(),
            compression: crate::server::Compression::Off,
            emit_rates: EmitRates::default(),
            emitting: EmitAllowances::default(),
            asking: HolderAllowances::default(),
            resize: super::ResizePolicy::Never,
            authenticator: None,
            metrics: metrics.clone(),
            audit: crate::audit::Log::off(),
            timing: Timing::default(),
            groups: crate::server::broadcast::BroadcastGroups::default(),
            redact: crate::auth::Redact::default(),
        };
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let shards = Shards::new(hub.clone(), metrics.clone(), stop.clone(), tasks.clone());
        let bounds = super::Bounds::default();
        let services = Services {
            context: Arc::new(context),
            bridge: Handle::pair().0,
            history: None,
            metrics,
            shards: shards.clone(),
            tickets: Tickets::new(0),
            browsers: super::browser::BrowserSessions::new(bounds.browsers),
            addresses: Addresses::new(bounds.remote, bounds.local),
            holders: Holders::new(bounds.token_connections),
            push: None,
            overdue: Overdue::default(),
            metering: super::metering::Metering::default(),
            room: Arc::new(Semaphore::new(1)),
            stop: stop.clone(),
        };
        Self {
            shards,
            hub,
            services: Arc::new(services),
            tasks,
            stop,
        }
    }

    /// A client whose pipe holds so many bytes that it has not read.
    fn connect(&self, room: usize) -> Client {
        let (ours, theirs) = duplex(room);
        let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let accepted = AcceptedClient {
            number: 1,
            credential: None,
            endpoint: Endpoint::default(),
            identity: ClientIdentity::default(),
            browser: None,
            admission: Admission::new(HeldLimits::default(), Some(permit)),
        };
        let socket = Socket::new(theirs, &[], crate::wire::Coding::Identity);
        let connection = Connection::new(accepted, socket, Arc::clone(&self.services));
        let client = Arc::clone(&connection);
        if let Some(slot) = self.shards.slot(client, WakeInterest::NEW) {
            self.tasks.spawn(ConnectionTask::new(connection, slot));
        }
        Client { pipe: ours }
    }

    /// A client that has subscribed to all.
    async fn subscriber(&self, room: usize) -> Client {
        let mut client = self.connect(room);
        client.say(&json!({ "action": "subscribe" })).await;
        assert_eq!(client.message().await["type"], "hello");
        assert_eq!(client.message().await["type"], "subscribed");
        client
    }

    fn publish(&self, bytes: &'static [u8]) -> Seq {
        self.publish_of_pane(ChangeKind::PaneOutput {
            offset: 0,
            bytes: bytes.into(),
        })
    }

    fn publish_of_pane(&self, kind: ChangeKind) -> Seq {
        let place = Place {
            session: SessionId(0),
            session_name: "main".into(),
            window: Some((WindowId(0), 0)),
        };
        let change = Change::of_pane(PaneId(0), Places::from([place]), kind);
        let stamp = Stamp::at(Timestamp::from_second(1_763_614_800).unwrap());
        self.hub.publish([change], None, stamp)
    }

    async fn metric(&self, line: &str) -> bool {
        figures(&self.services, true).await.unwrap().contains(line)
    }
}

/// A client that speaks in frames.
struct Client {
    pipe: DuplexStream,
}

/// A frame of the server.
#[derive(Debug, PartialEq)]
enum Said {
    Text(Value),
    Ping,
    Pong(Vec<u8>),
    Close(u16),
    End,
}

/// A frame of a client, with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let mut bytes = vec![first, 0x80 | 126];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

impl Client {
    async fn write(&mut self, bytes: &[u8]) {
        timeout(SOON, self.pipe.write_all(bytes))
            .await
            .unwrap()
            .unwrap();
    }

    async fn say(&mut self, message: &Value) {
        self.write(&frame(0x81, message.to_string().as_bytes()))
            .await;
    }

    async fn next(&mut self) -> Said {
        timeout(SOON, self.read()).await.expect("something comes")
    }

    async fn read(&mut self) -> Said {
        let mut head = [0; 2];
        if self.pipe.read_exact(&mut head).await.is_err() {
            return Said::End;
        }
        let length = match head[1] {
            126 => u64::from(self.pipe.read_u16().await.unwrap()),
            127 => self.pipe.read_u64().await.unwrap(),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.pipe.read_exact(&mut payload).await.unwrap();
        match head[0] {
            0x81 => Said::Text(serde_json::from_slice(&payload).unwrap()),
            0x88 => Said::Close(u16::from_be_bytes([payload[0], payload[1]])),
            0x89 => Said::Ping,
            0x8a => Said::Pong(payload),
            other => panic!("a frame of kind {other:#x}"),
        }
    }

    async fn message(&mut self) -> Value {
        match self.next().await {
            Said::Text(message) => message,
            other => panic!("{other:?}"),
        }
    }

    /// Reads on to the end, and returns the close code.
    async fn close_code(&mut self) -> Option<u16> {
        let mut code = None;
        loop {
            match self.next().await {
                Said::End => return code,
                Said::Close(said) => code = Some(said),
                _ => {}
            }
        }
    }

    /// The next so many events, which must come without a gap behind `after`.
    async fn events(&mut self, after: Seq, count: u64) {
        for seq in after.0 + 1..=after.0 + count {
            assert_eq!(self.message().await["seq"], seq);
        }
    }
}

#[tokio::test]
async fn a_thousand_clients_get_the_same_dense_stream() {
    let rig = Rig::new();
    let mut clients = Vec::new();
    for _ in 0..1000 {
        clients.push(rig.subscriber(WIDE).await);
    }
    let readers = clients.into_iter().map(|mut client| {
        tokio::spawn(async move {
            client.events(Seq(0), 60).await;
            client
        })
    });
    let readers: Vec<_> = readers.collect();
    for round in 0..20 {
        for _ in 0..=round % 5 {
            rig.publish(b"one line of output\r\n");
        }
        // Others get their turn in between.
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.hub.head(), Seq(60));
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(rig.metric("muxwire_queue_bytes 0\n").await);
}

#[tokio::test]
async fn clients_come_and_go_while_much_is_published() {
    let rig = Rig::new();
    let mut steady = Vec::new();
    for _ in 0..3 {
        steady.push(rig.subscriber(WIDE).await);
    }
    let mut passing: Vec<Client> = Vec::new();
    for round in 0..400_u64 {
        let head = rig.publish(b"x");
        if round % 3 != 0 {
            passing.push(rig.subscriber(WIDE).await);
        }
        if round % 5 == 4 {
            // From somewhere in the middle, so that slots become free all over.
            let at = usize::try_from(round).unwrap() * 7 % passing.len();
            drop(passing.swap_remove(at));
        }
        for client in &mut steady {
            client.events(Seq(head.0 - 1), 1).await;
        }
    }
    let head = rig.publish(b"last");
    for mut client in passing {
        let mut last = None;
        while last != Some(head.0) {
            let seq = client.message().await["seq"].as_u64().unwrap();
            assert!(last.is_none_or(|last| last + 1 == seq), "{last:?} {seq}");
            last = Some(seq);
        }
    }
}

#[tokio::test]
async fn a_client_whose_socket_is_full_delays_no_other_of_its_shard() {
    let rig = Rig::new();
    let mut quick = rig.subscriber(WIDE).await;
    // This one is full before the first event is written.
    let mut full = rig.subscriber(64).await;
    let mut other = rig.subscriber(WIDE).await;
    for seq in 0..100 {
        rig.publish(b"an event that is longer than what the pipe of the slow one takes");
        quick.events(Seq(seq), 1).await;
        other.events(Seq(seq), 1).await;
    }
    assert!(
        !rig.metric("muxwire_queue_bytes 0\n").await,
        "one has something waiting"
    );
    full.events(Seq(0), 100).await;
    // It is live again.
    rig.publish(b"x");
    full.events(Seq(100), 1).await;
    assert!(rig.metric("muxwire_queue_bytes 0\n").await);
}

#[tokio::test]
async fn a_long_replay_holds_up_nobody() {
    let rig = Rig::new();
    for _ in 0..20_000 {
        rig.publish(b"x");
    }
    let head = rig.hub.head();
    let mut live = rig.subscriber(WIDE).await;
    let mut behind = rig.connect(WIDE);
    let since = json!({ "action": "subscribe", "since": { "epoch": "e1", "seq": 0 } });
    behind.say(&since).await;
    assert_eq!(behind.message().await["type"], "hello");
    assert_eq!(behind.message().await["recovered"], true);
    rig.publish(b"x");
    live.events(head, 1).await;
    behind.events(Seq(0), head.0 + 1).await;
    assert_eq!(behind.message().await["type"], "bookmark");
}

#[tokio::test]
async fn pongs_and_close_frames_stand_in_their_order() {
    let rig = Rig::new();
    let mut client = rig.subscriber(WIDE).await;
    let ping = |id: u64| json!({ "action": "ping", "id": id }).to_string();
    let mut bytes = Vec::new();
    let mut expected = Vec::new();
    for id in 0..50 {
        bytes.extend(frame(0x89, &[id]));
        expected.push(Said::Pong(vec![id]));
        // A message in three pieces, with a ping within it.
        let text = ping(id.into()).into_bytes();
        bytes.extend(frame(0x01, &text[..5]));
        bytes.extend(frame(0x00, &text[5..9]));
        bytes.extend(frame(0x89, b"within"));
        expected.push(Said::Pong(b"within".to_vec()));
        bytes.extend(frame(0x80, &text[9..]));
        expected.push(Said::Text(json!({ "type": "pong", "id": id })));
    }
    bytes.extend(frame(0x88, &4321_u16.to_be_bytes()));
    expected.extend([Said::Close(4321), Said::End]);
    // In pieces of all sizes, as a network delivers them.
    let mut rest = &bytes[..];
    let mut size = 1;
    let mut said = Vec::new();
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(size.min(rest.len()));
        client.write(piece).await;
        (rest, size) = (more, size % 97 + 1);
    }
    while said.last() != Some(&Said::End) {
        said.push(client.next().await);
    }
    assert_eq!(said, expected);
    assert!(rig.metric("muxwire_closed_total{code=\"client\"} 1").await);
}

#[tokio::test]
async fn all_that_comes_at_once_is_answered_in_order() {
    let rig = Rig::with(ConnectionLimits {
        messages: Rate {
            per_second: 1,
            burst: 2000,
        },
        ..ConnectionLimits::default()
    });
    let mut client = rig.connect(1 << 20);
    let pings = (0..2000).map(|id| json!({ "action": "ping", "id": id }).to_string());
    let bytes: Vec<u8> = pings
        .flat_map(|text| frame(0x81, text.as_bytes()))
        .collect();
    client.write(&bytes).await;
    assert_eq!(client.message().await["type"], "hello");
    for id in 0..2000 {
        assert_eq!(client.message().await, json!({ "type": "pong", "id": id }));
    }
}

#[tokio::test]
async fn a_stop_reaches_every_client_though_some_are_blocked() {
    let rig = Rig::with(ConnectionLimits {
        close_timeout: Duration::from_millis(200),
        ..ConnectionLimits::default()
    });
    let mut reading = Vec::new();
    let mut blocked = Vec::new();
    for _ in 0..150 {
        reading.push(rig.subscriber(WIDE).await);
    }
    for _ in 0..10 {
        blocked.push(rig.subscriber(64).await);
    }
    let idle = rig.connect(WIDE);
    rig.publish(b"an event that is longer than what the pipe of the slow ones takes");
    for client in &mut reading {
        client.events(Seq(0), 1).await;
    }
    rig.stop.cancel();
    for client in &mut reading {
        assert_eq!(client.message().await["type"], "shutdown");
        assert_eq!(client.next().await, Said::Close(4001));
        let answer = frame(0x88, &4001_u16.to_be_bytes());
        // On a busy machine the last ones answer when they are no longer waited for.
        if let Err(error) = client.pipe.write_all(&answer).await {
            assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
        }
        assert_eq!(client.next().await, Said::End);
    }
    // Neither who reads nothing nor who does not answer is waited for longer than that.
    rig.tasks.close();
    timeout(SOON, rig.tasks.wait()).await.unwrap();
    assert!(rig.metric("muxwire_closed_total{code=\"4001\"} 161").await);
    assert!(rig.metric("muxwire_clients 0\n").await);
    // Who comes too late is not let in.
    let mut late = rig.connect(WIDE);
    assert_eq!(late.next().await, Said::End);
    drop((idle, blocked));
}

#[tokio::test]
async fn a_client_that_reads_no_pongs_is_closed() {
    let limits = ConnectionLimits {
        send_queue: SendQueueLimits {
            bytes: 4 << 10,
            messages: 100,
        },
        close_timeout: Duration::from_millis(100),
        ..ConnectionLimits::default()
    };
    let rig = Rig::with(limits);
    let mut client = rig.subscriber(64).await;
    let ping = frame(0x89, &[b'p'; 100]);
    let closed = async {
        // The pipe breaks once the connection is closed.
        while client.pipe.write_all(&ping).await.is_ok() {}
    };
    timeout(SOON, closed).await.unwrap();
    assert!(rig.metric("muxwire_closed_total{code=\"4002\"} 1").await);
}

#[tokio::test]
async fn clients_are_pinged_and_left_if_they_are_silent() {
    let interval = Duration::from_millis(100);
    let rig = Rig::with(ConnectionLimits {
        ping_interval: interval,
        close_timeout: interval,
        ..ConnectionLimits::default()
    });
    let mut silent = rig.connect(WIDE);
    let mut clients = Vec::new();
    for _ in 0..140 {
        clients.push(rig.connect(WIDE));
    }
    let lively = clients.into_iter().map(|mut client| {
        tokio::spawn(async move {
            let mut pings = 0;
            while pings < 5 {
                match client.next().await {
                    Said::Ping => {
                        client.write(&frame(0x8a, b"")).await;
                        pings += 1;
                    }
                    Said::Text(message) => assert_eq!(message["type"], "hello"),
                    other => panic!("{other:?}"),
                }
            }
        })
    });
    let lively: Vec<_> = lively.collect();
    assert_eq!(silent.close_code().await, Some(4003));
    for one in lively {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn what_is_written_without_a_visit_is_what_a_visit_would_have_written() {
    let rig = Rig::new();
    let mut plain = [
        rig.subscriber(WIDE).await,
        rig.subscriber(WIDE).await,
        // A frame hardly fits, so most are written in parts.
        rig.subscriber(300).await,
    ];
    let mut outputs = rig.connect(WIDE);
    let wish = json!({ "action": "subscribe", "filters": { "types": ["pane.output"] } });
    outputs.say(&wish).await;
    let mut elsewhere = rig.connect(WIDE);
    let wish = json!({ "action": "subscribe", "filters": { "panes": ["%9"] } });
    elsewhere.say(&wish).await;
    for client in [&mut outputs, &mut elsewhere] {
        assert_eq!(client.message().await["type"], "hello");
        assert_eq!(client.message().await["type"], "subscribed");
    }
    for round in 0..300 {
        let before = rig.hub.head();
        let mut sent = Vec::new();
        for number in 0..=round % 3 {
            if (round + number) % 7 == 3 {
                rig.publish_of_pane(ChangeKind::PaneBell);
            } else {
                sent.push(rig.publish(b"some output").0);
            }
        }
        for seq in sent {
            let mut message = outputs.message().await;
            while message["type"] == "bookmark" {
                message = outputs.message().await;
            }
            assert_eq!(message["seq"], seq);
        }
        let count = rig.hub.head().0 - before.0;
        for (number, client) in plain.iter_mut().enumerate() {
            client.events(before, count).await;
            // What a client asks for in between finds it where it is.
            if round % 5 == number {
                client.say(&json!({ "action": "unsubscribe" })).await;
                assert_eq!(client.message().await["type"], "unsubscribed");
                let since = json!({ "epoch": "e1", "seq": before.0 });
                client
                    .say(&json!({ "action": "subscribe", "since": since }))
                    .await;
                assert_eq!(client.message().await["recovered"], true);
                client.events(before, count).await;
                assert_eq!(client.message().await["type"], "bookmark");
            }
        }
    }
    elsewhere.say(&json!({ "action": "ping" })).await;
    while elsewhere.message().await["type"] != "pong" {}
}
