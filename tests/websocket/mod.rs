//! RFC 6455 against the real endpoints, case by case, in the order of the Autobahn suite where that has the same.
//!
//! A case is a run of bytes and the result that it must have. Each is run at both endpoints under both subprotocols, sent in
//! one piece and byte by byte. What muxwire reads is looked at through a ping message, whose id comes back, and, at a
//! terminal, through the bytes that it would type. `cargo test websocket -- --nocapture` prints the totals.

mod closing;
mod cost;
mod framing;
mod opening;
mod raw;
mod text;

use std::collections::BTreeMap;

use muxwire::bridge::{Key, Request};
use serde_json::Value;
use tokio::sync::mpsc;

use self::raw::{BINARY, CLOSE, PING, PONG, Raw, TEXT, close_payload, frame};
use crate::support::server::{Setup, TestServer};
use crate::support::views::view;
use crate::support::world::World;

/// Bytes of a client, and the result that they must have.
pub struct Case {
    number: String,
    what: String,
    sent: Vec<u8>,
    heard: Vec<Heard>,
}

/// What a client hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A pong frame.
    Pong(Vec<u8>),
    /// The answer to a ping message with this id.
    Id(String),
    /// An error message of this code.
    Refused(&'static str),
    /// These bytes would be typed; `/monitor` takes no bytes and closes with 1003.
    Typed(Vec<u8>),
    /// A close frame with one of these codes, and the end of the connection; 0 is no code.
    Closed(&'static [u16]),
}

impl Case {
    pub fn new(
        number: impl Into<String>,
        what: impl Into<String>,
        frames: &[Vec<u8>],
        heard: impl IntoIterator<Item = Heard>,
    ) -> Self {
        Self {
            number: number.into(),
            what: what.into(),
            sent: frames.concat(),
            heard: heard.into_iter().collect(),
        }
    }
}

/// A ping message with this id, which is an echo of up to 128 characters.
pub fn asking(id: &str) -> Vec<u8> {
    let id = Value::from(id);
    format!("{{\"action\":\"ping\",\"id\":{id}}}").into_bytes()
}

/// Where a case is run.
#[derive(Debug, Clone, Copy)]
struct Place {
    path: &'static str,
    subprotocol: &'static str,
    piece: usize,
}

impl Place {
    fn is_terminal(self) -> bool {
        self.path != "/monitor"
    }
}

/// A server whose bridge types nothing and reports what it would have typed.
struct Endpoint {
    server: TestServer,
    typed: mpsc::UnboundedReceiver<Vec<u8>>,
}

impl Endpoint {
    async fn start(setup: Setup) -> Self {
        let mut server = TestServer::start(setup).await;
        let mut world = World::new();
        world.session("a");
        world.publish(&server.hub);
        let (sender, typed) = mpsc::unbounded_channel();
        let mut requests = std::mem::replace(&mut server.requests, mpsc::channel(1).1);
        tokio::spawn(async move {
            while let Some(request) = requests.recv().await {
                match request {
                    Request::Input { input, reply } => {
                        for key in input.into_request().keys {
                            if let Key::Text(bytes) | Key::Paste(bytes) = key {
                                let _ = sender.send(bytes.to_vec());
                            }
                        }
                        let _ = reply.send(Ok(()));
                    }
                    Request::View {
                        view: wanted,
                        reply,
                    } => {
                        let _ = reply.send(Ok(view(wanted.into_request().pane, 0, "", "")));
                    }
                    _ => {}
                }
            }
        });
        Self { server, typed }
    }

    /// A client that has read the greeting and, at a terminal, the screen.
    async fn client(&self, place: Place) -> Raw {
        let mut raw = Raw::open(self.server.address, place.path, place.subprotocol).await;
        assert_eq!(raw.frame().await.unwrap().opcode, TEXT, "the greeting");
        if place.is_terminal() {
            raw.send(&frame(TEXT, br#"{"type":"connect"}"#).bytes())
                .await;
            assert_eq!(raw.frame().await.unwrap().opcode, TEXT, "connect");
            let binary = place.subprotocol.ends_with("bin");
            if binary {
                assert_eq!(raw.frame().await.unwrap().opcode, BINARY, "the screen");
            } else {
                assert_eq!(raw.frame().await.unwrap().opcode, TEXT, "the screen");
            }
        }
        raw
    }

    /// Runs a case; the error is what was heard instead.
    async fn run(&mut self, case: &Case, place: Place) -> Result<(), String> {
        let mut raw = self.client(place).await;
        let mut heard = case.heard.clone();
        if !place.is_terminal()
            && let Some(at) = heard.iter().position(|one| matches!(one, Heard::Typed(_)))
        {
            heard.truncate(at);
            heard.push(Heard::Closed(&[1003]));
        }
        raw.send_in_pieces(&case.sent, place.piece).await;
        let last = matches!(heard.last(), Some(Heard::Closed(_)));
        for expected in &heard {
            self.hear(&mut raw, expected).await?;
        }
        if !last {
            raw.send(&frame(CLOSE, close_payload(1000, "")).bytes())
                .await;
            self.hear(&mut raw, &Heard::Closed(&[1000])).await?;
        }
        // It is the server that ends the connection.
        raw.send(&frame(CLOSE, close_payload(1000, "")).bytes())
            .await;
        let silent = raw.ends().await && self.typed.try_recv().is_err();
        if silent {
            Ok(())
        } else {
            Err("something behind the end".to_owned())
        }
    }

    async fn hear(&mut self, raw: &mut Raw, expected: &Heard) -> Result<(), String> {
        if let Heard::Typed(bytes) = expected {
            let typed = self.typed.recv().await.unwrap();
            return if typed == *bytes {
                Ok(())
            } else {
                Err(format!("{typed:?} typed"))
            };
        }
        let frame = loop {
            match raw.frame().await {
                // The server's own signs of life.
                Some(frame) if frame.opcode == PING => {}
                Some(frame) => break frame,
                None => return Err(format!("the end instead of {expected:?}")),
            }
        };
        let as_expected = match expected {
            Heard::Pong(payload) => frame.opcode == PONG && frame.payload == *payload,
            Heard::Closed(codes) => frame.opcode == CLOSE && codes.contains(&frame.code()),
            Heard::Id(_) | Heard::Refused(_) | Heard::Typed(_) => {
                let message: Value = serde_json::from_slice(&frame.payload).unwrap_or_default();
                let found = match expected {
                    Heard::Id(id) => message["type"] == "pong" && message["id"] == **id,
                    Heard::Refused(code) => message["code"] == **code,
                    _ => false,
                };
                frame.opcode == TEXT && found
            }
        };
        let shown = String::from_utf8_lossy(&frame.payload);
        let shown: String = shown.chars().take(200).collect();
        let instead = || format!("opcode {} {shown:?} instead of {expected:?}", frame.opcode);
        if as_expected { Ok(()) } else { Err(instead()) }
    }
}

/// Every endpoint under every subprotocol, in one piece and byte by byte.
fn places() -> impl Iterator<Item = Place> {
    let paths = ["/monitor", "/ws/terminal/a"];
    paths.into_iter().flat_map(|path| {
        ["muxwire.v1", "muxwire.v1.bin"]
            .into_iter()
            .flat_map(move |subprotocol| {
                [usize::MAX, 1].map(|piece| Place {
                    path,
                    subprotocol,
                    piece,
                })
            })
    })
}

#[tokio::test]
async fn cases() {
    let mut endpoint = Endpoint::start(Setup::default()).await;
    let cases: Vec<Case> = [framing::cases(), text::cases(), closing::cases()]
        .into_iter()
        .flatten()
        .collect();
    let (mut totals, mut failures) = (BTreeMap::<String, (usize, usize)>::new(), Vec::new());
    for place in places() {
        for case in &cases {
            // What is long is not sent byte by byte; it comes in pieces anyhow.
            if place.piece == 1 && case.sent.len() > 2_000 {
                continue;
            }
            let outcome = endpoint.run(case, place).await;
            let chapter = case.number.split('.').next().unwrap().to_owned();
            let total = totals.entry(chapter).or_default();
            total.0 += usize::from(outcome.is_ok());
            total.1 += 1;
            if let Err(why) = outcome {
                failures.push(format!(
                    "{} ({}) at {place:?}: {why}",
                    case.number, case.what
                ));
                // What is left of the case must not be taken for the next one's.
                endpoint = Endpoint::start(Setup::default()).await;
            }
        }
    }
    let (passed, all) = totals
        .values()
        .fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    for (chapter, (passed, all)) in &totals {
        eprintln!("websocket: chapter {chapter}: {passed} of {all} runs passed");
    }
    eprintln!(
        "websocket: {} cases, {passed} of {all} runs passed",
        cases.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
