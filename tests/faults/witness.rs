//! A client that sees to it that nothing is lost: every event is the next one, and together they lead to what a
//! snapshot says.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::fold::Folded;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{SOON, pause};

/// How long a line that was typed may take to be seen before another one is typed.
const PATIENCE: Duration = Duration::from_millis(200);

/// The client, and what it holds.
pub struct Witness {
    pub client: Client,
    folded: Folded,
    epoch: String,
    seq: u64,
    asked: u64,
    typed: u64,
    /// Where the output of each pane goes on.
    offsets: HashMap<String, u64>,
    /// What panes have printed since a line was typed.
    printed: String,
    /// The time of the last event, as it says.
    pub at: String,
}

impl Witness {
    /// A client of a server that lets everybody in. It sees every event from now on.
    pub async fn start(serving: &Serving) -> Self {
        Self::of(serving.client().await).await
    }

    /// The same for a client that has been let in.
    pub async fn of(mut client: Client) -> Self {
        let snapshot = client
            .ask(json!({ "action": "snapshot" }), "snapshot")
            .await;
        let folded = Folded::of_snapshot(&snapshot);
        let mut witness = Self {
            client,
            folded,
            epoch: snapshot["epoch"].as_str().unwrap().to_owned(),
            seq: snapshot["seq"].as_u64().unwrap(),
            asked: 0,
            typed: 0,
            offsets: HashMap::new(),
            printed: String::new(),
            at: String::new(),
        };
        witness.subscribe().await;
        witness
    }

    /// Goes on from where it was, on another connection. Nothing may have been lost between the two.
    pub async fn come_back(&mut self, client: Client) {
        self.client = client;
        self.subscribe().await;
    }

    async fn subscribe(&mut self) {
        let since = json!({ "epoch": self.epoch, "seq": self.seq });
        let subscribed = self
            .ask(json!({ "action": "subscribe", "since": since }))
            .await;
        assert_eq!(subscribed["recovered"], true, "{subscribed}");
    }

    /// The next event.
    pub async fn next(&mut self) -> Value {
        loop {
            let message = self.client.next().await;
            if self.take(&message) {
                return message;
            }
        }
    }

    /// The next event of a type; those before it are taken in.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await;
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// Waits until a window has this name.
    pub async fn until_renamed(&mut self, name: &str) {
        while self.until("window.renamed").await["data"]["name"] != name {}
    }

    /// Sends a request and waits for its answer, which may be an error.
    pub async fn ask(&mut self, mut request: Value) -> Value {
        self.asked += 1;
        let id = json!(format!("w{}", self.asked));
        request["id"] = id.clone();
        self.client.send(request).await;
        self.answer(&id).await
    }

    /// Waits for the answer to a request.
    pub async fn answer(&mut self, id: &Value) -> Value {
        loop {
            let message = self.client.next().await;
            if message["id"] == *id {
                return message;
            }
            self.take(&message);
        }
    }

    /// Waits for the answers to all of these requests, which may come in any order.
    pub async fn answers(&mut self, mut ids: Vec<usize>) -> Vec<Value> {
        let mut answers = Vec::new();
        while !ids.is_empty() {
            let message = self.client.next().await;
            let at = ids.iter().position(|id| message["id"] == *id);
            match at {
                Some(at) => {
                    ids.swap_remove(at);
                    answers.push(message);
                }
                None => drop(self.take(&message)),
            }
        }
        answers
    }

    /// Waits until what is typed into a session's pane, which runs `cat`, is seen: then both ways work.
    pub async fn works(&mut self, session: &str) {
        let since = Instant::now();
        while !self.echoes(session).await {
            assert!(since.elapsed() < SOON, "{session} does not work again");
        }
    }

    async fn echoes(&mut self, session: &str) -> bool {
        self.typed += 1;
        let marker = format!("<{}>", self.typed);
        self.printed.clear();
        let line =
            json!({ "action": "command", "target": { "session": session }, "command": marker });
        let answer = self.ask(line).await;
        if answer["type"] == "error" {
            let honest = [
                "NOT_FOUND",
                "OUTCOME_UNKNOWN",
                // The text was typed, and its Enter, which is a write of its own, was not.
                "INTERRUPTED",
                "TMUX_UNAVAILABLE",
                "RATE_LIMITED",
                "AUDIT_UNAVAILABLE",
            ];
            assert!(
                honest.contains(&answer["code"].as_str().unwrap()),
                "{answer}"
            );
            pause(Duration::from_millis(10)).await;
            return false;
        }
        let seen = async {
            // The answer may come behind what it is the answer to.
            while !self.printed.contains(&marker) {
                self.next().await;
            }
        };
        timeout(PATIENCE, seen).await.is_ok()
    }

    /// What the events led to must be what a snapshot says.
    pub async fn agrees(&mut self) {
        let snapshot = self.ask(json!({ "action": "snapshot" })).await;
        assert_eq!(snapshot["type"], "snapshot", "{snapshot}");
        assert_eq!(snapshot["seq"], self.seq, "an event is missing");
        assert_eq!(self.folded, Folded::of_snapshot(&snapshot));
    }

    /// Bytes are lost only where there is a gap.
    fn follow_output(&mut self, kind: &str, message: &Value) {
        let pane = || message["pane"].as_str().unwrap().to_owned();
        match kind {
            "pane.output" => {
                let [offset, bytes] =
                    ["offset", "bytes"].map(|field| message["data"][field].as_u64().unwrap());
                let before = self.offsets.insert(pane(), offset + bytes);
                assert_eq!(
                    before.unwrap_or(offset),
                    offset,
                    "bytes are missing: {message}"
                );
            }
            "pane.gap" | "pane.removed" => drop(self.offsets.remove(&pane())),
            "server.lost" => self.offsets.clear(),
            _ => {}
        }
    }

    /// Takes in a message, and says whether it is an event.
    fn take(&mut self, message: &Value) -> bool {
        let kind = message["type"].as_str().unwrap();
        assert!(!matches!(kind, "lagged" | "shutdown"), "{message}");
        if kind == "bookmark" {
            assert_eq!(message["seq"], self.seq, "an event is missing");
        }
        if kind == "bookmark" || !kind.contains('.') {
            return false;
        }
        assert_eq!(message["epoch"], self.epoch, "{message}");
        assert_eq!(message["seq"], self.seq + 1, "the next event: {message}");
        self.seq += 1;
        self.folded.apply(message);
        self.follow_output(kind, message);
        let printed = message["data"]["content"].as_str();
        self.printed.push_str(printed.unwrap_or_default());
        message["timestamp"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.at);
        true
    }
}
