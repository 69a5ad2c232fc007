//! A client on a thread of its own that takes in what comes as fast as it can: binary messages, read by hand, since a
//! debug build of a library would be slower than what is tested.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use muxwire::wire::binary::{Header, Kind};
use serde_json::{Value, json};

use super::LONG;
use crate::support::terminal::Terminal;

/// What was received.
#[derive(Debug)]
pub enum Came {
    /// A message, without its replay.
    Said(Value),
    /// Bytes of a pane, and where they begin.
    Output(u64, Vec<u8>),
    /// What brings a terminal to the snapshot that was said before.
    Replay(Vec<u8>),
    /// The end of the connection, and its code.
    Closed(Option<u16>),
}

/// The client.
pub struct Follower {
    stream: TcpStream,
    buffer: Vec<u8>,
    begin: usize,
}

impl Follower {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Self {
        Self::connect_to(address, "/monitor", None)
    }

    /// Connects to a path, with a token if one is given.
    pub fn connect_to(address: SocketAddr, path: &str, token: Option<&str>) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut follower = Self {
            stream,
            buffer: Vec::new(),
            begin: 0,
        };
        follower.shake_hands(address, path, token);
        follower.find("hello");
        follower
    }

    fn shake_hands(&mut self, address: SocketAddr, path: &str, token: Option<&str>) {
        let credential = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: muxwire.v1.bin\r\n{}\r\n",
            credential.unwrap_or_default()
        );
        self.stream.write_all(request.as_bytes()).unwrap();
        loop {
            let end = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                assert!(self.buffer.starts_with(b"HTTP/1.1 101"));
                self.begin = end + 4;
                return;
            }
            self.more().expect("an answer to the handshake");
        }
    }

    /// Opens a pane with these further fields.
    pub fn open(&mut self, pane: &str, more: Value) {
        let mut request = super::open(pane);
        let fields = request.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        self.say(&request);
    }

    pub fn say(&mut self, message: &Value) {
        self.send(0x81, message.to_string().as_bytes());
    }

    /// Sends a frame whose mask changes nothing.
    fn send(&mut self, head: u8, payload: &[u8]) {
        let mut frame = vec![head];
        match u16::try_from(payload.len()).unwrap() {
            short @ 0..126 => frame.push(0x80 | short as u8),
            long => {
                frame.push(0x80 | 126);
                frame.extend(long.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.stream.write_all(&frame).unwrap();
    }

    /// The next message.
    pub fn next(&mut self) -> Came {
        let since = Instant::now();
        loop {
            let Some((opcode, payload)) = self.frame() else {
                return Came::Closed(None);
            };
            match opcode {
                1 => return Came::Said(serde_json::from_slice(&payload).unwrap()),
                2 => {
                    let (header, bytes) = Header::read(&payload).expect("a known header");
                    let bytes = bytes.to_vec();
                    return match header.kind {
                        Kind::Output => Came::Output(header.offset, bytes),
                        Kind::Replay => Came::Replay(bytes),
                        Kind::Input => panic!("the server types"),
                    };
                }
                8 => {
                    let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                    return Came::Closed(code);
                }
                9 => {
                    assert!(since.elapsed() < LONG, "nothing comes but pings");
                    self.send(0x8a, &payload);
                }
                other => panic!("a frame of kind {other}"),
            }
        }
    }

    /// The next message that is said of this type; everything before it is passed over.
    pub fn find(&mut self, kind: &str) -> Value {
        loop {
            match self.next() {
                Came::Said(message) if message["type"] == kind => return message,
                Came::Closed(code) => panic!("closed with {code:?} instead of {kind}"),
                Came::Said(_) | Came::Output(..) | Came::Replay(_) => {}
            }
        }
    }

    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let rest = &self.buffer[self.begin..];
            if let Some((head, length)) = head(rest)
                && let Some(payload) = rest.get(head..head + length)
            {
                let frame = (rest[0] & 15, payload.to_vec());
                self.begin += head + length;
                return Some(frame);
            }
            self.more()?;
        }
    }

    /// Reads more. Nothing at the end.
    fn more(&mut self) -> Option<()> {
        self.buffer.drain(..std::mem::take(&mut self.begin));
        let held = self.buffer.len();
        self.buffer.resize(held + (256 << 10), 0);
        let read = loop {
            match self.stream.read(&mut self.buffer[held..]) {
                // A signal to this process, which runs other tests too.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let read = read.unwrap_or_else(|error| {
            eprintln!("the connection broke: {error}");
            0
        });
        self.buffer.truncate(held + read);
        (read > 0).then_some(())
    }
}

/// How long the head of a frame is, and its payload.
fn head(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.get(1)? {
        126 => Some((
            4,
            u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?).into(),
        )),
        127 => {
            let length = u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?);
            Some((10, usize::try_from(length).unwrap()))
        }
        short => Some((2, short.into())),
    }
}

/// A pane as its client has it: a terminal, and where the stream goes on.
pub struct Pane {
    pub terminal: Terminal,
    /// The next byte.
    pub offset: u64,
    /// How often the client was notified that it lagged.
    pub lagged: usize,
    /// How many snapshots came.
    pub snapshots: usize,
    /// The epoch's name.
    pub epoch: String,
    /// What the last snapshot said of itself.
    pub exact: bool,
    replay_comes: bool,
    size: (u32, u32),
    said_lagged: Option<u64>,
}

impl Pane {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            terminal: Terminal::new(80, 24),
            offset: 0,
            lagged: 0,
            snapshots: 0,
            epoch: String::new(),
            exact: false,
            replay_comes: false,
            size: (80, 24),
            said_lagged: None,
        }
    }

    /// Whether a snapshot was said of which the replay is still to come.
    pub fn is_replayed_later(&self) -> bool {
        self.replay_comes
    }

    /// Takes what comes up to an offset.
    pub fn follow_to(&mut self, client: &mut Follower, end: u64) {
        while self.offset < end || self.replay_comes {
            self.take(&client.next());
        }
    }

    /// Takes in a message. Output has to go on where the last one ended, and snapshots where they are said to.
    pub fn take(&mut self, came: &Came) {
        match came {
            Came::Said(message) => match message["type"].as_str().unwrap() {
                "opened" => message["epoch"]
                    .as_str()
                    .unwrap()
                    .clone_into(&mut self.epoch),
                "lagged" => {
                    assert_eq!(message["from"], self.offset, "{message}");
                    self.said_lagged = message["to"].as_u64();
                    self.lagged += 1;
                }
                "pane.snapshot" => self.snapshot(message),
                "error" => panic!("{message}"),
                _ => {}
            },
            Came::Replay(bytes) => {
                self.terminal = Terminal::new(self.size.0, self.size.1);
                self.terminal.feed(bytes);
                self.replay_comes = false;
            }
            Came::Output(offset, bytes) => {
                assert_eq!(*offset, self.offset, "the stream goes on where it was");
                assert_eq!(self.said_lagged, None, "a snapshot comes first");
                self.offset += bytes.len() as u64;
                self.terminal.feed(bytes);
            }
            Came::Closed(code) => panic!("closed with {code:?}"),
        }
    }

    fn snapshot(&mut self, message: &Value) {
        let data = &message["data"];
        let number = |field: &str| data[field].as_u64().unwrap();
        self.snapshots += 1;
        self.replay_comes = true;
        self.offset = number("offset");
        if let Some(to) = self.said_lagged.take() {
            assert_eq!(self.offset, to, "{message}");
        }
        self.size = (number("cols") as u32, number("rows") as u32);
        self.exact = data["exact"] == json!(true);
    }
}

/// When which bytes were there.
#[derive(Debug, Default)]
pub struct Times(Vec<(u64, Instant)>);

impl Times {
    pub fn note(&mut self, end: u64) {
        self.0.push((end, Instant::now()));
    }

    /// How long each of these took until here, sorted.
    pub fn delays_since(&self, written: &Self) -> Vec<Duration> {
        let mut arrived = self.0.iter().peekable();
        let mut delays: Vec<Duration> = Vec::with_capacity(written.0.len());
        for (end, at) in &written.0 {
            while arrived.peek().is_some_and(|(there, _)| there < end) {
                arrived.next();
            }
            let (_, there) = arrived.peek().expect("all arrived");
            delays.push(there.saturating_duration_since(*at));
        }
        delays.sort_unstable();
        delays
    }
}
