//! Opening handshakes: what RFC 6455 demands of a client's request, and what it demands of the answer.

use super::raw::{CLOSE, PING, PONG, Raw, TEXT, close_payload, frame, handshake};
use super::{Heard, asking};
use crate::support::server::TestServer;

/// A request and the status that it gets.
struct Row {
    what: &'static str,
    request: String,
    status: u16,
}

fn row(what: &'static str, status: u16, request: String) -> Row {
    Row {
        what,
        request,
        status,
    }
}

/// A good handshake in which one text is replaced by another.
fn instead(old: &str, new: &str) -> String {
    let good = handshake("/monitor", "");
    assert!(good.contains(old), "{old}");
    good.replacen(old, new, 1)
}

fn rows() -> Vec<Row> {
    const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const VERSION: &str = "sec-websocket-version: 13\r\n";
    let more = |lines: &str| handshake("/monitor", lines);
    vec![
        row("as it has to be", 101, more("")),
        row(
            "names and words in capitals",
            101,
            instead(
                "upgrade: websocket\r\nconnection: Upgrade",
                "UPGRADE: WebSocket\r\nCONNECTION: Keep-Alive, UPGRADE",
            ),
        ),
        row(
            "a name for an extension",
            101,
            more("sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n"),
        ),
        row(
            "two lines of extensions",
            101,
            more("sec-websocket-extensions: x\r\nsec-websocket-extensions: permessage-deflate\r\n"),
        ),
        row("another method", 426, instead("GET", "POST")),
        row("HEAD", 426, instead("GET", "HEAD")),
        row("HTTP/1.0", 426, instead("HTTP/1.1", "HTTP/1.0")),
        row("no upgrade", 426, instead("upgrade: websocket\r\n", "")),
        row(
            "an upgrade to something else",
            426,
            instead("upgrade: websocket", "upgrade: h2c"),
        ),
        row("no connection", 426, instead("connection: Upgrade\r\n", "")),
        row(
            "a connection that stays",
            426,
            instead("connection: Upgrade", "connection: keep-alive"),
        ),
        row("no version", 426, instead(VERSION, "")),
        row("version 8", 426, instead("version: 13", "version: 8")),
        row("version 14", 426, instead("version: 13", "version: 14")),
        row("two versions", 426, more("sec-websocket-version: 8\r\n")),
        row("no key", 400, instead(KEY, "")),
        row("an empty key", 400, instead("dGhlIHNhbXBsZSBub25jZQ==", "")),
        row(
            "a key of 15 bytes",
            400,
            instead("dGhlIHNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAA"),
        ),
        row(
            "a key that is no base64",
            400,
            instead("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=!"),
        ),
        row("two keys", 400, more(KEY)),
        row(
            "two other keys",
            400,
            more("sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"),
        ),
        row(
            "a body of some length",
            400,
            more("content-length: 5\r\n") + "hello",
        ),
        row(
            "a body in chunks",
            400,
            more("transfer-encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n",
        ),
        row("another path", 404, instead("/monitor", "/monitors")),
        row("a name with a blank", 400, instead("upgrade:", "upgrade :")),
        row("a line that is none", 400, more("nonsense\r\n")),
        row(
            "a name without end",
            431,
            more(&format!("{}: x\r\n", "n".repeat(20_000))),
        ),
        row(
            "a value without end",
            431,
            more(&format!("x: {}\r\n", "v".repeat(20_000))),
        ),
        row("two hundred lines", 431, more(&"x: y\r\n".repeat(200))),
    ]
}

#[tokio::test]
async fn handshakes() {
    let server = TestServer::open().await;
    let rows = rows();
    let mut failures = Vec::new();
    for Row {
        what,
        request,
        status,
    } in &rows
    {
        let mut raw = Raw::connect(server.address).await;
        raw.send(request.as_bytes()).await;
        let found = raw.answer().await;
        let (found, head) = found.unwrap_or_else(|| (0, "no answer".to_owned()));
        let wants = match found {
            // The key of RFC 6455's own example.
            101 => vec![
                "upgrade: websocket\r\n",
                "connection: upgrade\r\n",
                "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n",
            ],
            426 => vec!["sec-websocket-version: 13\r\n"],
            _ => Vec::new(),
        };
        let lacks = wants.iter().find(|line| !head.contains(**line));
        // What was not agreed on must not be named, and no extension is.
        let deflates = head.contains("sec-websocket-extensions");
        if found != *status || lacks.is_some() || deflates {
            failures.push(format!("{what}: {found} instead of {status}: {head}"));
        }
    }
    eprintln!(
        "websocket: {} of {} handshakes as they have to be",
        rows.len() - failures.len(),
        rows.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A client need not wait for the answer: what it sends right behind the handshake is heard, however it is cut.
#[tokio::test]
async fn frames_right_behind_the_handshake_are_heard() {
    let server = TestServer::open().await;
    let mut sent = handshake("/monitor", "").into_bytes();
    sent.extend(frame(PING, "early").bytes());
    sent.extend(frame(TEXT, asking("early")).bytes());
    for piece in [usize::MAX, 1, 7, 100, sent.len() - 3] {
        let mut raw = Raw::connect(server.address).await;
        raw.send_in_pieces(&sent, piece).await;
        assert_eq!(raw.answer().await.unwrap().0, 101);
        let mut heard = Vec::new();
        while heard.len() < 3 {
            heard.push(raw.frame().await.unwrap());
        }
        assert_eq!(
            (heard[0].opcode, heard[2].opcode),
            (TEXT, TEXT),
            "piece {piece}"
        );
        assert_eq!(
            (heard[1].opcode, &heard[1].payload[..]),
            (PONG, &b"early"[..])
        );
        assert!(String::from_utf8_lossy(&heard[2].payload).contains("\"pong\""));
    }
}

/// An offered compression is declined by silence; who compresses nevertheless sets a bit that is reserved.
#[tokio::test]
async fn compression_is_declined() {
    let server = TestServer::open().await;
    let mut raw = Raw::connect(server.address).await;
    let offer = handshake(
        "/monitor",
        "sec-websocket-extensions: permessage-deflate\r\n",
    );
    raw.send(offer.as_bytes()).await;
    let (status, head) = raw.answer().await.unwrap();
    assert_eq!((status, head.contains("extensions")), (101, false));
    raw.frame().await.unwrap();
    raw.send(&frame(TEXT, asking("plain")).bytes()).await;
    assert!(
        String::from_utf8(raw.frame().await.unwrap().payload)
            .unwrap()
            .contains("plain")
    );
    // "Hello" as RFC 7692 compresses it.
    let compressed = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    raw.send(&frame(TEXT, compressed).reserved(4).bytes()).await;
    let closed = raw.frame().await.unwrap();
    assert_eq!((closed.opcode, closed.code()), (CLOSE, 1002));
}

/// A handshake in every piece that breaks off leaves nothing behind, and others get in.
#[tokio::test]
async fn handshakes_that_break_off_leave_nothing() {
    let server = TestServer::open().await;
    let whole = handshake("/monitor", "").into_bytes();
    for len in 0..whole.len() {
        let mut raw = Raw::connect(server.address).await;
        raw.send(&whole[..len]).await;
        raw.shut_down().await;
        assert_ne!(
            raw.answer().await.map(|(status, _)| status),
            Some(101),
            "{len} bytes"
        );
    }
    let mut raw = Raw::open(server.address, "/monitor", "muxwire.v1").await;
    raw.frame().await.unwrap();
    raw.send(&frame(CLOSE, close_payload(1000, "")).bytes())
        .await;
    assert_eq!(raw.frame().await.unwrap().code(), 1000);
    assert!(raw.ends().await, "{:?}", Heard::Closed(&[1000]));
}
