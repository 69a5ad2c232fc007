//! A client that shows a pane: it draws every replay and all output that follows in an emulator of its own.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::emulator::{Emulator, Shown, Size};
use crate::support::server::Client;

/// How long a message may take on a busy machine.
const SOON: Duration = Duration::from_secs(15);

/// How a client connects and opens a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    pub binary: bool,
    pub ack_window: Option<u64>,
    pub scrollback: Option<u32>,
}

/// A client with one open pane.
pub struct Viewer {
    address: SocketAddr,
    pane: String,
    form: Form,
    client: Option<Client>,
    emulator: Emulator,
    epoch: String,
    /// Up to which byte of the pane the emulator has it.
    offset: u64,
    /// Up to which byte it was last waited for.
    wanted: u64,
    acknowledged: u64,
    /// A snapshot has been drawn and not been acknowledged.
    owes: bool,
    opened: bool,
    /// The pane's process, if somebody said which it is at first.
    pub pid: u64,
    /// Something has happened that only a fresh snapshot shows.
    stale: bool,
    /// Replays that came before the snapshot that they belong to.
    replays: Vec<Vec<u8>>,
    /// The snapshot whose binary replay comes next.
    announced: Option<Value>,
    pub seen: Seen,
    /// What the last snapshot said it had to assume.
    pub assumed: String,
}

/// What a client has met with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    pub snapshots: u32,
    pub inexact: u32,
    pub recovered: u32,
    pub lagged: u32,
    pub gaps: u32,
    pub deaths: u32,
}

impl Seen {
    pub fn add(&mut self, more: Self) {
        self.snapshots += more.snapshots;
        self.inexact += more.inexact;
        self.recovered += more.recovered;
        self.lagged += more.lagged;
        self.gaps += more.gaps;
        self.deaths += more.deaths;
    }
}

impl Viewer {
    pub fn new(address: SocketAddr, pane: &str, form: Form) -> Self {
        Self {
            address,
            pane: pane.to_owned(),
            form,
            client: None,
            emulator: Emulator::new(Size { cols: 80, rows: 24 }),
            epoch: String::new(),
            offset: 0,
            wanted: 0,
            acknowledged: 0,
            owes: false,
            opened: false,
            pid: 0,
            stale: false,
            replays: Vec::new(),
            announced: None,
            seen: Seen::default(),
            assumed: String::new(),
        }
    }

    /// Connects and asks for the pane: from where it was left, or as it is now.
    pub async fn open(&mut self, resume: bool) {
        let mut request = format!("ws://{}/monitor", self.address)
            .into_client_request()
            .unwrap();
        if self.form.binary {
            let offer = "muxwire.v1.bin".parse().unwrap();
            request
                .headers_mut()
                .insert("sec-websocket-protocol", offer);
        }
        let mut client = Client::connect_with(self.address, request).await.unwrap();
        let hello = client.expect("hello").await;
        let mut open = json!({ "action": "open", "id": 1, "target": { "pane": self.pane } });
        if resume {
            open["since"] = json!({ "epoch": self.epoch, "offset": self.offset });
        }
        if let Some(window) = self.form.ack_window {
            open["ack_window"] = json!(window);
        }
        if let Some(lines) = self.form.scrollback {
            open["scrollback"] = json!(lines);
        }
        client.send(open).await;
        self.epoch = hello["epoch"].as_str().unwrap().to_owned();
        (self.opened, self.announced) = (false, None);
        self.replays.clear();
        self.client = Some(client);
    }

    /// Goes, without a word.
    pub fn leave(&mut self) {
        self.client = None;
    }

    pub fn is_here(&self) -> bool {
        self.client.is_some()
    }

    pub fn shown(&self) -> Shown {
        self.emulator.shown()
    }

    pub fn form(&self) -> Form {
        self.form
    }

    /// Whether the last snapshot had to guess what tmux doesn't report of the cursor that is saved.
    pub fn guesses(&self) -> bool {
        self.assumed.contains("saved_cursor")
    }

    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads until all is drawn up to a byte of the pane, and no fresh snapshot is due.
    pub async fn reach(&mut self, offset: u64) {
        self.wanted = offset;
        while !self.opened || self.stale || self.offset < offset {
            self.take().await;
        }
    }

    /// Reads until the pane's process has ended, and what its pane shows then.
    pub async fn until_dead(&mut self) {
        while self.seen.deaths == 0 || self.stale {
            self.take().await;
        }
    }

    /// Reads until another process than this one runs in the pane, and what its pane shows then.
    pub async fn until_respawned(&mut self, known: u64) {
        while self.pid == known || self.stale {
            self.take().await;
        }
    }

    /// Reads until the terminal has this size.
    pub async fn until_size(&mut self, size: Size) {
        while self.emulator.size() != size {
            self.take().await;
        }
    }

    /// Takes in one message.
    pub async fn take(&mut self) {
        let client = self.client.as_mut().expect("it is connected");
        let Ok(message) = timeout(SOON, client.next()).await else {
            panic!("nothing comes any more: {self:?}");
        };
        let data = &message["data"];
        match message["type"].as_str().unwrap() {
            "opened" => self.answered(&message),
            "pane.scrollback" if !self.form.binary => {
                self.replays.push(text(&message["replay"]));
            }
            "pane.snapshot" if self.form.binary => self.announced = Some(data.clone()),
            "pane.snapshot" => {
                self.replays.push(text(&data["replay"]));
                self.redraw(data);
            }
            "pane.output" => {
                let length = data["bytes"].as_u64().unwrap();
                self.draw(number(&data["offset"]), &text(&data["content"]), length);
            }
            "binary" => self.take_binary(&message),
            "pane.gap" => {
                self.seen.gaps += 1;
                self.stale = true;
            }
            "pane.resized" => self.stale = true,
            "pane.command_changed" if self.pid != 0 && data["pid"] != self.pid => {
                self.stale = true;
                self.pid = number(&data["pid"]);
            }
            "pane.exited" => {
                self.seen.deaths += 1;
                self.stale = true;
            }
            "lagged" => self.seen.lagged += 1,
            "error" => panic!("{message}"),
            _ => {}
        }
        self.acknowledge().await;
    }

    fn answered(&mut self, message: &Value) {
        if message["recovered"] == true {
            let from = number(&message["offset"]);
            assert!(from <= self.offset, "a hole before {message}");
            self.seen.recovered += 1;
            (self.acknowledged, self.owes) = (from, false);
            self.opened = true;
        }
    }

    fn take_binary(&mut self, message: &Value) {
        let bytes = message["bytes"].as_array().unwrap();
        let bytes: Vec<u8> = bytes
            .iter()
            .map(|byte| byte.as_u64().unwrap() as u8)
            .collect();
        if message["kind"] == 1 {
            let length = bytes.len() as u64;
            self.draw(number(&message["offset"]), &bytes, length);
            return;
        }
        self.replays.push(bytes);
        if let Some(data) = self.announced.take() {
            self.redraw(&data);
        }
    }

    fn redraw(&mut self, data: &Value) {
        let size = Size {
            cols: usize::try_from(number(&data["cols"])).unwrap(),
            rows: usize::try_from(number(&data["rows"])).unwrap(),
        };
        if self.emulator.size() != size {
            self.emulator.resize(size);
        }
        for replay in self.replays.drain(..) {
            self.emulator.write(&replay);
        }
        self.assumed = data["assumed"].to_string();
        self.offset = number(&data["offset"]);
        self.owes = true;
        (self.opened, self.stale) = (true, false);
        self.seen.snapshots += 1;
        self.seen.inexact += u32::from(data["exact"] == false);
    }

    /// Output of so many bytes, which are as many in `bytes` unless some were no text.
    fn draw(&mut self, from: u64, bytes: &[u8], length: u64) {
        assert!(self.opened, "output before the snapshot");
        let known = self.offset.checked_sub(from);
        assert!(
            known.is_some() || self.stale,
            "a hole: output at {from}, and it was at {}",
            self.offset
        );
        let known = usize::try_from(known.unwrap_or_default()).unwrap();
        if let Some(fresh) = bytes.get(known..) {
            self.emulator.write(fresh);
            self.offset = from + length;
        }
    }

    /// Says how far it is, now and then, and when it has drawn a snapshot.
    async fn acknowledge(&mut self) {
        let Some(window) = self.form.ack_window else {
            return;
        };
        let behind = self.offset.saturating_sub(self.acknowledged);
        if self.opened && (self.owes || behind >= window / 4) {
            (self.acknowledged, self.owes) = (self.offset, false);
            let ack = json!({ "action": "ack", "pane": self.pane, "offset": self.offset });
            let client = self.client.as_mut().expect("it is connected");
            client.send(ack).await;
        }
    }
}

impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            form,
            offset,
            wanted,
            opened,
            stale,
            seen,
            ..
        } = self;
        let state = format!("at {offset} of {wanted}, opened: {opened}, stale: {stale}");
        write!(
            f,
            "{form:?}, {state}, {seen:?}, shows:\n{}",
            self.shown().text()
        )
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn text(value: &Value) -> Vec<u8> {
    value.as_str().unwrap().as_bytes().to_vec()
}
