//! An event stream as a client reads it.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;

use crate::support::schema::check_from_server;
use crate::support::{KillOnDrop, SOON};

/// A block of the stream.
#[derive(Debug, Clone, Default)]
pub struct Block {
    pub id: Option<String>,
    pub event: Option<String>,
    pub data: Value,
}

/// A stream that is read in the background, from when something of it is asked for first. It ends when this is dropped.
pub struct EventStream {
    head: String,
    source: Option<Box<dyn BufRead + Send>>,
    blocks: Option<Receiver<Block>>,
    heartbeats: Arc<AtomicUsize>,
    /// Whether the messages are those of the protocol.
    is_of_protocol: bool,
    /// All messages so far.
    pub seen: Vec<Block>,
    _curl: Option<KillOnDrop>,
    socket: Option<TcpStream>,
}

impl EventStream {
    /// What `curl -N` prints.
    pub fn curl(url: &str, token: &str) -> Self {
        let child = Command::new("curl")
            .args(["-sS", "-N", "-H"])
            .arg(format!("Authorization: Bearer {token}"))
            .arg(url)
            .stdout(Stdio::piped())
            .spawn()
            .expect("curl is there");
        let mut child = KillOnDrop(child);
        let printed = child.0.stdout.take().unwrap();
        Self {
            head: String::new(),
            source: Some(Box::new(BufReader::new(printed))),
            blocks: None,
            heartbeats: Arc::default(),
            is_of_protocol: true,
            seen: Vec::new(),
            _curl: Some(child),
            socket: None,
        }
    }

    /// The answer to a GET, which has to be a stream.
    pub fn open(address: SocketAddr, path: &str, lines: &str) -> Self {
        Self::try_open(address, path, lines).unwrap_or_else(|answer| panic!("{answer}"))
    }

    /// The same of a stream whose messages are others than those of the protocol.
    pub fn open_any(address: SocketAddr, path: &str, lines: &str) -> Self {
        let mut stream = Self::open(address, path, lines);
        stream.is_of_protocol = false;
        stream
    }

    /// The same, or what is answered instead. It comes whole, since HTTP/1.0 knows no chunks.
    pub fn try_open(address: SocketAddr, path: &str, lines: &str) -> Result<Self, String> {
        let mut socket = TcpStream::connect(address).unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nhost: {address}\r\n{lines}\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(socket.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
        }
        if head.split(' ').nth(1) != Some("200") {
            let mut body = String::new();
            reader.read_to_string(&mut body).unwrap();
            return Err(head + &body);
        }
        Ok(Self {
            head,
            source: Some(Box::new(reader)),
            blocks: None,
            heartbeats: Arc::default(),
            is_of_protocol: true,
            seen: Vec::new(),
            _curl: None,
            socket: Some(socket),
        })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }

    fn blocks(&mut self) -> &Receiver<Block> {
        let heartbeats = &self.heartbeats;
        let is_of_protocol = self.is_of_protocol;
        let source = &mut self.source;
        self.blocks.get_or_insert_with(|| {
            let source = source.take().expect("it is read once");
            read_in_background(source, Arc::clone(heartbeats), is_of_protocol)
        })
    }

    /// Signs of life so far.
    pub fn heartbeats(&mut self) -> usize {
        self.blocks();
        self.heartbeats.load(Ordering::Relaxed)
    }

    /// The next block with a message.
    pub fn next(&mut self) -> Block {
        let block = self.blocks().recv_timeout(SOON).expect("a message comes");
        self.seen.push(block.clone());
        block
    }

    /// The next message of this type; all before it are passed over.
    pub fn find(&mut self, kind: &str) -> Block {
        loop {
            let block = self.next();
            if block.data["type"] == kind {
                return block;
            }
        }
    }

    /// The next message of which this holds; all before it are passed over.
    pub fn find_with(&mut self, holds: impl Fn(&Value) -> bool) -> Block {
        loop {
            let block = self.next();
            if holds(&block.data) {
                return block;
            }
        }
    }

    /// The last block before the end.
    pub fn last(&mut self) -> Block {
        loop {
            match self.blocks().recv_timeout(SOON) {
                Ok(block) => self.seen.push(block),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("the stream does not end: {error}, {:?}", self.seen),
            }
        }
        self.seen.last().cloned().expect("something came")
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        if let Some(socket) = &self.socket {
            // Ends the thread that reads.
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// The blocks with data, as they come; messages are what their schemas say.
fn read_in_background(
    from: Box<dyn BufRead + Send>,
    heartbeats: Arc<AtomicUsize>,
    is_of_protocol: bool,
) -> Receiver<Block> {
    let (sender, blocks) = channel();
    thread::spawn(move || {
        let mut block = Block::default();
        for line in from.lines() {
            let Ok(line) = line else { return };
            match line.split_once(": ") {
                Some(("id", id)) => block.id = Some(id.to_owned()),
                Some(("event", event)) => block.event = Some(event.to_owned()),
                Some(("data", data)) => block.data = serde_json::from_str(data).unwrap(),
                Some(("retry", _)) => {}
                _ if line.is_empty() => {
                    let whole = std::mem::take(&mut block);
                    if whole.data.is_null() {
                        continue;
                    }
                    if whole.event.is_none() && is_of_protocol {
                        check_from_server(&whole.data);
                    }
                    if sender.send(whole).is_err() {
                        return;
                    }
                }
                _ => {
                    assert_eq!(line, ":", "no line of an event stream");
                    heartbeats.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    });
    blocks
}
