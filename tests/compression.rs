//! `permessage-deflate`, by a client of a few lines that reads and writes frames itself: the library of the other tests knows
//! no extensions.

use std::net::SocketAddr;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, for_each_version_async, wait_until};

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const FIN: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const OFFER: &str = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";

/// A message of the server.
#[derive(Debug, PartialEq)]
struct Received {
    opcode: u8,
    payload: Vec<u8>,
    is_compressed: bool,
}

impl Received {
    fn json(&self) -> Value {
        assert_eq!(self.opcode, TEXT);
        serde_json::from_slice(&self.payload).unwrap()
    }
}

struct Raw {
    stream: TcpStream,
    /// What the handshake was answered.
    head: String,
    read: Vec<u8>,
    /// Bytes of all messages on the wire.
    wire: usize,
}

impl Raw {
    async fn connect(address: SocketAddr, path: &str, lines: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut raw = Self {
            stream,
            head: String::new(),
            read: Vec::new(),
            wire: 0,
        };
        let end = loop {
            if let Some(at) = raw.read.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 4;
            }
            raw.more().await;
        };
        let head: Vec<u8> = raw.read.drain(..end).collect();
        raw.head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        assert!(raw.head.starts_with("http/1.1 101"), "{}", raw.head);
        raw
    }

    fn has_deflate(&self) -> bool {
        self.head
            .contains("\r\nsec-websocket-extensions: permessage-deflate;")
    }

    async fn more(&mut self) {
        let count = timeout(SOON, self.stream.read_buf(&mut self.read)).await;
        assert!(
            count.expect("more comes").unwrap() > 0,
            "the server has closed"
        );
    }

    async fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count {
            self.more().await;
        }
        self.wire += count;
        self.read.drain(..count).collect()
    }

    async fn next(&mut self) -> Received {
        let head = self.bytes(2).await;
        let length = match head[1] {
            126 => u16::from_be_bytes(self.bytes(2).await.try_into().unwrap()).into(),
            127 => usize::try_from(u64::from_be_bytes(self.bytes(8).await.try_into().unwrap()))
                .unwrap(),
            length => usize::from(length),
        };
        let payload = self.bytes(length).await;
        let is_compressed = head[0] & COMPRESSED != 0;
        assert!(!is_compressed || self.has_deflate());
        Received {
            opcode: head[0] & 0xf,
            payload: if is_compressed {
                inflated(&payload)
            } else {
                payload
            },
            is_compressed,
        }
    }

    /// The next message of this type.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let received = self.next().await;
            if received.opcode == TEXT && received.json()["type"] == kind {
                return received.json();
            }
        }
    }

    /// Sends a frame; the mask changes nothing.
    async fn frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match u16::try_from(payload.len()).unwrap() {
            length @ 0..=125 => frame.push(0x80 | u8::try_from(length).unwrap()),
            length => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.stream.write_all(&frame).await.unwrap();
    }

    async fn say(&mut self, message: Value) {
        self.frame(FIN | TEXT, message.to_string().as_bytes()).await;
    }

    /// The code of the Close frame that comes.
    async fn closed(&mut self) -> u16 {
        loop {
            let received = self.next().await;
            if received.opcode == CLOSE {
                return u16::from_be_bytes([received.payload[0], received.payload[1]]);
            }
        }
    }
}

fn inflated(payload: &[u8]) -> Vec<u8> {
    let mut decompress = Decompress::new(false);
    let mut out = Vec::with_capacity(1 << 22);
    for part in [payload, &[0, 0, 0xff, 0xff]] {
        decompress
            .decompress_vec(part, &mut out, FlushDecompress::Sync)
            .unwrap();
    }
    assert!(out.len() < out.capacity());
    out
}

fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::default(), false);
    let mut out = Vec::with_capacity(payload.len() + 64);
    compress
        .compress_vec(payload, &mut out, FlushCompress::Sync)
        .unwrap();
    out.truncate(out.len() - 4);
    out
}

/// A server of clients that is attached to tmux.
fn serve(server: &TmuxServer, compression: &str) -> Serving {
    let settings = [
        ("MUXWIRE_SERVER_COMPRESSION", compression),
        ("MUXWIRE_SECURITY_REQUIRE_AUTH", "false"),
    ];
    let serving = Serving::start_with(server, &[], &settings);
    wait_until("it is ready", SOON, || {
        serving.get("/readyz").starts_with("HTTP/1.1 200")
    });
    serving
}

#[test]
fn a_client_gets_the_same_compressed() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.new_session("work", "cat");
        let serving = serve(&server, "on");
        for subprotocol in ["muxwire.v1", "muxwire.v1.bin"] {
            let protocol = format!("sec-websocket-protocol: {subprotocol}\r\n");
            let with_offer = format!("{protocol}{OFFER}");
            let mut plain = Raw::connect(serving.address, "/monitor", &protocol).await;
            let mut packed = Raw::connect(serving.address, "/monitor", &with_offer).await;
            let mut also = Raw::connect(serving.address, "/monitor", &with_offer).await;
            assert!(!plain.has_deflate() && packed.has_deflate() && also.has_deflate());
            for client in [&mut plain, &mut packed, &mut also] {
                client.say(json!({ "action": "subscribe" })).await;
                client.until("subscribed").await;
            }
            // What all of them get begins behind this.
            server.run(["rename-window", "-t", "=work:", "begin"]);
            for client in [&mut plain, &mut packed, &mut also] {
                while client.until("window.renamed").await["data"]["name"] != "begin" {}
                client.wire = 0;
            }
            let line = "the quick brown fox jumps over the lazy dog; ".repeat(20);
            for _ in 0..5 {
                server.run(["send-keys", "-l", "-t", "=work:", &line]);
                server.run(["send-keys", "-t", "=work:", "Enter"]);
            }
            // Behind the output.
            server.run(["rename-window", "-t", "=work:", subprotocol]);
            let mut all = [Vec::new(), Vec::new(), Vec::new()];
            let mut has_compressed = [false; 3];
            for (index, client) in [&mut plain, &mut packed, &mut also].into_iter().enumerate() {
                loop {
                    let Received {
                        opcode,
                        payload,
                        is_compressed,
                    } = client.next().await;
                    has_compressed[index] |= is_compressed;
                    let is_event = opcode == BINARY
                        || opcode == TEXT && {
                            let json: Value = serde_json::from_slice(&payload).unwrap();
                            json["type"] != "bookmark"
                        };
                    let text = String::from_utf8_lossy(&payload);
                    let is_last = text.contains("\"window.renamed\"") && text.contains(subprotocol);
                    if is_event {
                        all[index].push((opcode, payload));
                    }
                    if is_last {
                        break;
                    }
                }
            }
            assert_eq!(has_compressed, [false, true, true]);
            assert_eq!(all[0], all[1]);
            assert_eq!(all[0], all[2]);
            assert!(
                packed.wire * 3 < plain.wire * 2,
                "{} of {}",
                packed.wire,
                plain.wire
            );
        }
    });
}

/// Nobody else gets the same uncompressed.
#[test]
fn regression_a_client_gets_events_compressed_that_is_the_only_one() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.new_session("work", "cat");
        let serving = serve(&server, "on");
        for subprotocol in ["muxwire.v1", "muxwire.v1.bin"] {
            let lines = format!("sec-websocket-protocol: {subprotocol}\r\n{OFFER}");
            let mut client = Raw::connect(serving.address, "/monitor", &lines).await;
            client.say(json!({ "action": "subscribe" })).await;
            client.until("subscribed").await;
            let line = "the quick brown fox jumps over the lazy dog; ".repeat(20);
            server.run(["send-keys", "-l", "-t", "=work:", &line]);
            server.run(["rename-window", "-t", "=work:", subprotocol]);
            while client.until("window.renamed").await["data"]["name"] != subprotocol {}
        }
    });
}

#[test]
fn requests_may_come_compressed_and_in_parts() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (_, pane) = server.new_session("work", "cat");
        let serving = serve(&server, "on");
        let mut client = Raw::connect(serving.address, "/monitor", OFFER).await;
        client.until("hello").await;
        let snapshot = deflated(br#"{"action":"snapshot","id":1}"#);
        client.frame(FIN | TEXT | COMPRESSED, &snapshot).await;
        assert_eq!(client.until("snapshot").await["id"], 1);
        // In parts, with a ping between them, and behind it one that is not compressed.
        let keys = json!({
            "action": "send-keys", "id": 2, "target": { "pane": pane }, "text": "typed compressed",
        });
        let keys = deflated(keys.to_string().as_bytes());
        let (one, two) = keys.split_at(keys.len() / 2);
        client.frame(TEXT | COMPRESSED, one).await;
        client.frame(FIN | 9, b"ping").await;
        client.frame(FIN, two).await;
        client.say(json!({ "action": "snapshot", "id": 3 })).await;
        let (mut pong, mut done, mut third) = (false, false, false);
        while !(pong && done && third) {
            let received = client.next().await;
            if received.opcode == 10 {
                assert_eq!(received.payload, b"ping");
                assert!(!received.is_compressed);
                pong = true;
            } else {
                done |= received.json()["id"] == 2;
                third |= received.json()["id"] == 3;
                assert_ne!(received.json()["type"], "error", "{:?}", received.json());
            }
        }
    });
}

#[test]
fn bad_compressed_messages_cost_their_connection_alone() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.new_session("work", "cat");
        let serving = serve(&server, "on");
        let mut other = Raw::connect(serving.address, "/monitor", OFFER).await;
        other.until("hello").await;
        let bomb = deflated(&vec![b' '; 64 << 20]);
        let rows: [(u8, &[u8], u16); 4] = [
            (FIN | TEXT | COMPRESSED, &bomb, 1009),
            (FIN | TEXT | COMPRESSED, b"\xff\xff\xff\xff", 1002),
            (FIN | TEXT | COMPRESSED, &deflated(b"\xff\xfe"), 1007),
            (FIN | COMPRESSED, b"", 1002),
        ];
        for (first, payload, code) in rows {
            let mut client = Raw::connect(serving.address, "/monitor", OFFER).await;
            for part in payload.chunks(60_000).enumerate() {
                let (index, part) = part;
                let is_last = (index + 1) * 60_000 >= payload.len();
                let first = if index == 0 { first & !FIN } else { 0 };
                client
                    .frame(first | if is_last { FIN } else { 0 }, part)
                    .await;
            }
            if payload.is_empty() {
                client.frame(first, payload).await;
            }
            assert_eq!(client.closed().await, code, "{first:x}");
        }
        // Who was not granted it may not send such a message.
        let mut plain = Raw::connect(serving.address, "/monitor", "").await;
        plain.frame(FIN | TEXT | COMPRESSED, &deflated(b"{}")).await;
        assert_eq!(plain.closed().await, 1002);
        other.say(json!({ "action": "snapshot", "id": 9 })).await;
        assert_eq!(other.until("snapshot").await["id"], 9);
    });
}

#[tokio::test]
async fn nothing_is_compressed_that_stays_on_the_machine_or_where_it_is_off() {
    let server = TmuxServer::start(any_program());
    server.new_session("work", "cat");
    for compression in ["auto", "off"] {
        let serving = serve(&server, compression);
        let mut client = Raw::connect(serving.address, "/monitor", OFFER).await;
        assert!(
            !client.head.contains("sec-websocket-extensions"),
            "{}",
            client.head
        );
        client.say(json!({ "action": "snapshot" })).await;
        client.until("snapshot").await;
    }
}

#[test]
fn terminals_are_compressed_too() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.new_session("work", "cat");
        let line = "the quick brown fox jumps over the lazy dog; ".repeat(20);
        server.run(["send-keys", "-l", "-t", "=work:", &line]);
        let serving = serve(&server, "on");
        let mut client = Raw::connect(serving.address, "/ws/terminal/work", OFFER).await;
        assert!(client.has_deflate());
        while !client.next().await.is_compressed {}
    });
}
