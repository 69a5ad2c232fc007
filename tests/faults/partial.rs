//! Clients that stop in the middle: half a handshake, half a frame, one byte a second.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Scene;
use super::witness::Witness;
use crate::support::program::Home;
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, pause};

/// A whole handshake.
pub const HANDSHAKE: &str = "GET /monitor HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(10);

/// What a client says, and how: at once or byte by byte. Then it waits for its end.
struct Row {
    name: &'static str,
    at_once: &'static [u8],
    slowly: &'static [u8],
    /// It is over no later than this.
    within: Duration,
}

/// The beginning of a masked text frame of 100 bytes.
const HALF_FRAME: &[u8] = b"\x81\xe4\0\0\0\0{\"action\":";

/// Connects, says its part, and waits until the server ends the connection. Returns how long that took.
async fn ended(address: SocketAddr, row: &Row, handshake: bool) -> Duration {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    if handshake {
        stream.write_all(HANDSHAKE.as_bytes()).await.unwrap();
    }
    stream.write_all(row.at_once).await.unwrap();
    let (mut from, mut to) = stream.split();
    let mut said = Vec::new();
    let speaking = async {
        for byte in row.slowly.iter().cycle() {
            pause(Duration::from_secs(1)).await;
            if row.slowly.is_empty() || to.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let listening = async {
        // A reset is an end as well.
        let _ = from.read_to_end(&mut said).await;
    };
    let over = async {
        tokio::select! {
            () = speaking => {}
            () = listening => {}
        }
    };
    let over = timeout(row.within + SOON, over).await;
    assert!(over.is_ok(), "{}: it is never ended", row.name);
    begun.elapsed()
}

/// Lets all of them come at once, while a client that behaves is served as ever.
async fn all_end(address: SocketAddr, rows: &[Row], handshake: bool, witness: &mut Witness) {
    let ends = rows.iter().map(|row| async move {
        let took = ended(address, row, handshake).await;
        assert!(
            took < row.within + Duration::from_secs(2),
            "{}: it took {took:.1?}",
            row.name
        );
    });
    let mut ends = std::pin::pin!(futures_util::future::join_all(ends));
    loop {
        let pong = async {
            let since = Instant::now();
            witness.ask(json!({ "action": "ping" })).await;
            assert!(
                since.elapsed() < Duration::from_secs(1),
                "others are served"
            );
            pause(Duration::from_millis(100)).await;
        };
        tokio::select! {
            _ = &mut ends => break,
            () = pong => {}
        }
    }
    witness.works("main").await;
    witness.agrees().await;
}

#[tokio::test]
async fn half_a_request_is_given_up_in_time() {
    let scene = Scene::open(any_program(), &[]);
    let mut witness = Witness::start(&scene.serving).await;
    let row = |name, at_once, slowly| Row {
        name,
        at_once,
        slowly,
        within: HEAD,
    };
    let rows = [
        row("nothing", b"", b""),
        row("half a line", b"GET /mon", b""),
        row("half a handshake", &HANDSHAKE.as_bytes()[..60], b""),
        row(
            "all but the last byte",
            &HANDSHAKE.as_bytes()[..HANDSHAKE.len() - 1],
            b"",
        ),
        row("one byte a second", b"", b"GET /monitor HTTP/1.1\r\n"),
        row("a header without end", b"GET / HTTP/1.1\r\nX: ", b"x"),
    ];
    all_end(scene.serving.address, &rows, false, &mut witness).await;
}

#[tokio::test]
async fn half_a_frame_holds_up_nobody_and_ends_with_the_pings() {
    let scene = Scene::open(any_program(), &[("MUXWIRE_SERVER_PING_INTERVAL", "1s")]);
    let mut witness = Witness::start(&scene.serving).await;
    let row = |name, at_once, slowly| Row {
        name,
        at_once,
        slowly,
        within: Duration::from_secs(3),
    };
    let rows = [
        row("nothing", b"", b""),
        row("one byte of a frame", b"\x81", b""),
        row("half a frame", HALF_FRAME, b""),
        row("a frame byte by byte", HALF_FRAME, b"x"),
        row(
            "half a frame of 64 KiB",
            b"\x81\xff\0\0\0\0\0\x01\0\0\0\0\0\0{",
            b" ",
        ),
        row("half a ping", b"\x89\x84\0\0", b""),
        row("half a fragmented message", b"\x01\x81\0\0\0\0{", b""),
    ];
    all_end(scene.serving.address, &rows, true, &mut witness).await;
}

#[tokio::test]
async fn who_does_not_say_who_it_is_is_ended_in_time() {
    let home = Home::new();
    let server = TmuxServer::start(any_program());
    let token = home
        .run("token create --name me --allow write")
        .stdout
        .trim()
        .to_owned();
    let settings = [("MUXWIRE_SERVER_AUTH_TIMEOUT", "1s")];
    let serving = Serving::start_in(home, &server, &[], &settings);
    let mut client = serving.client().await;
    client
        .ask(json!({ "action": "auth", "token": token }), "auth.response")
        .await;
    let mut witness = Witness::of(client).await;
    // The time to authenticate, and the time to send Close.
    let row = |name, at_once, slowly| Row {
        name,
        at_once,
        slowly,
        within: Duration::from_secs(1 + 1),
    };
    let rows = [
        row("nothing", b"", b""),
        row("half a frame", HALF_FRAME, b""),
        row("a frame byte by byte", HALF_FRAME, b"x"),
        row("pings only", b"\x89\x80\0\0\0\0", b"\x89\x80\0\0\0\0"),
    ];
    all_end(serving.address, &rows, true, &mut witness).await;
}
