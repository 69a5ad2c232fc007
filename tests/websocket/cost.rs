//! What a client that breaks no rule but asks for too much costs: itself, and nobody else.

use std::time::{Duration, Instant};

use super::raw::{CLOSE, CONTINUATION, PING, Raw, TEXT, frame};
use crate::support::memory_of;
use crate::support::server::Client;
use crate::support::serving::Serving;

/// Something to be served.
const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/3.3a/panes.mxr");

/// What the greedy client sends, and how it ends.
struct Greed {
    what: &'static str,
    first: Vec<u8>,
    again: Vec<u8>,
    /// How often.
    rounds: usize,
}

fn greeds() -> Vec<Greed> {
    let open = frame(TEXT, "").open().bytes();
    let many = |one: Vec<u8>| one.repeat(1_000);
    vec![
        Greed {
            what: "pings whose pongs nobody reads",
            first: Vec::new(),
            again: many(frame(PING, [0; 125]).bytes()),
            rounds: 500,
        },
        Greed {
            what: "empty fragments without end",
            first: open.clone(),
            again: many(frame(CONTINUATION, "").open().bytes()),
            rounds: 500,
        },
        Greed {
            what: "pings within a fragmented message",
            first: open.clone(),
            again: many(frame(PING, "").bytes()),
            rounds: 500,
        },
        Greed {
            what: "fragments of a byte without end",
            first: open,
            again: many(frame(CONTINUATION, " ").open().bytes()),
            rounds: 400,
        },
        Greed {
            what: "messages that are no JSON",
            first: Vec::new(),
            again: many(frame(TEXT, "x").bytes()),
            rounds: 100,
        },
    ]
}

/// While one client floods, another gets its answers in time, and the server's memory stays bounded.
#[tokio::test]
async fn floods_cost_only_who_floods() {
    let server = Serving::replay(&["--no-auth", "--replay", RECORDING]);
    let mut other = server.client().await;
    other.until_pong().await;
    for Greed {
        what,
        first,
        again,
        rounds,
    } in greeds()
    {
        let before = memory_of(server.pid());
        let mut greedy = Raw::open(server.address, "/monitor", "muxwire.v1").await;
        greedy.send(&first).await;
        let flood = async {
            for _ in 0..rounds {
                greedy.send(&again).await;
            }
        };
        let asking = async {
            let mut worst = Duration::ZERO;
            for _ in 0..50 {
                worst = worst.max(answer(&mut other).await);
            }
            worst
        };
        let ((), worst) = tokio::join!(flood, asking);
        let after = memory_of(server.pid());
        let grown = after.saturating_sub(before);
        eprintln!(
            "websocket: {what}: the worst answer to another took {worst:?}, {grown} bytes more"
        );
        assert!(worst < Duration::from_secs(2), "{what}: {worst:?}");
        assert!(grown < 64 << 20, "{what}: {grown} bytes");
    }
    other.until_pong().await;
}

async fn answer(client: &mut Client) -> Duration {
    let since = Instant::now();
    client.until_pong().await;
    since.elapsed()
}

/// A client that asks for pongs and reads none is closed, without having cost more than a send queue.
#[tokio::test]
async fn who_reads_no_pongs_is_closed() {
    let server = Serving::replay(&["--no-auth", "--replay", RECORDING]);
    let mut raw = Raw::open(server.address, "/monitor", "muxwire.v1").await;
    let pings = frame(PING, [7; 125]).bytes().repeat(1_000);
    for _ in 0..400 {
        raw.send(&pings).await;
    }
    let mut last = None;
    while let Some(frame) = raw.frame().await {
        last = Some(frame);
    }
    // A Close that still fits is 4002; else the connection breaks off.
    let code = last
        .filter(|frame| frame.opcode == CLOSE)
        .map(|frame| frame.code());
    assert!(matches!(code, None | Some(4002)), "{code:?}");
    server.client().await.until_pong().await;
}
