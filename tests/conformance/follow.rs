//! The Rust client as a scenario sees it: what it yields, what it reports, what its requests got.

use std::collections::VecDeque;

use muxwire::client::{Position, Refusal, Update, Watcher};
use muxwire::wire::{Kind, Message, Received, Request};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

/// What a scenario wants of the client.
enum Want {
    Ask(Box<Request>),
    Position(oneshot::Sender<Option<Position>>),
    Stop,
}

/// What the client told; nothing at its end.
type Told = Option<Result<Update, Refusal>>;

/// A client that runs, and what it told and nobody has looked at.
pub struct Follow {
    wants: mpsc::UnboundedSender<Want>,
    told: mpsc::UnboundedReceiver<Told>,
    /// The position that the program gave, which is named as it gave it.
    since: Option<String>,
    /// A loss, in front of its snapshot.
    lost: Option<(Value, Position)>,
    pub items: VecDeque<Value>,
    pub reports: VecDeque<Value>,
    pub answers: Vec<Received>,
    /// Whether the connection stands, as far as the client has told.
    pub is_connected: bool,
    /// Why there is no more; `closed` if the program wanted that.
    pub end: Option<String>,
}

async fn run(
    mut watcher: Watcher,
    mut wants: mpsc::UnboundedReceiver<Want>,
    told: mpsc::UnboundedSender<Told>,
) {
    loop {
        tokio::select! {
            want = wants.recv() => match want {
                Some(Want::Ask(request)) => watcher.ask(&request),
                Some(Want::Position(reply)) => drop(reply.send(watcher.position().cloned())),
                Some(Want::Stop) | None => {
                    watcher.close().await;
                    drop(told.send(None));
                    return;
                }
            },
            update = watcher.next() => {
                let is_over = update.is_err();
                if told.send(Some(update)).is_err() || is_over {
                    return;
                }
            }
        }
    }
}

impl Follow {
    pub fn start(watcher: Watcher, since: Option<String>) -> Self {
        let (wants, wanted) = mpsc::unbounded_channel();
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(run(watcher, wanted, tell));
        Self {
            wants,
            told,
            since,
            lost: None,
            items: VecDeque::new(),
            reports: VecDeque::new(),
            answers: Vec::new(),
            is_connected: false,
            end: None,
        }
    }

    pub fn ask(&self, request: Request) {
        let _ = self.wants.send(Want::Ask(Box::new(request)));
    }

    pub fn stop(&self) {
        let _ = self.wants.send(Want::Stop);
    }

    pub async fn position(&self) -> Option<Position> {
        let (reply, position) = oneshot::channel();
        let _ = self.wants.send(Want::Position(reply));
        position.await.unwrap()
    }

    /// Waits for something that the client tells.
    pub async fn hear(&mut self) {
        match self.told.recv().await {
            Some(Some(Ok(update))) => self.take(update),
            Some(Some(Err(refusal))) => {
                let code = refusal.code().to_owned();
                let reason = refusal.to_string();
                self.reports
                    .push_back(json!({"type": "disconnected", "code": code, "reason": reason}));
                self.end = Some(code);
            }
            Some(None) => self.end = Some("closed".to_owned()),
            None => panic!("the client has nothing more to say"),
        }
    }

    fn take(&mut self, update: Update) {
        match &update {
            Update::Connected(_) => self.is_connected = true,
            Update::Disconnected { .. } => self.is_connected = false,
            _ => {}
        }
        match update {
            Update::Connected(welcome) => self.reports.push_back(json!({
                "type": "connected",
                "host": welcome.host,
                "server": welcome.server,
                "epoch": welcome.epoch,
                "permissions": welcome.permissions,
                "redacted": welcome.redacted,
                "clientId": welcome.client_id,
                "again": welcome.again,
            })),
            Update::Disconnected {
                code,
                reason,
                retry_in,
            } => {
                let wait = u64::try_from(retry_in.as_millis()).unwrap();
                self.reports.push_back(
                    json!({"type": "connecting", "code": code, "reason": reason, "retryIn": wait}),
                );
            }
            Update::LeftOut { pane, from, to } => self.items.push_back(
                json!({"type": "lagged", "pane": pane.to_string(), "from": from, "to": to, "assumed": true}),
            ),
            Update::Lost { from, to } => {
                let from = match &self.since {
                    Some(since) if *since == from => json!(from),
                    _ => placed(&from.parse().unwrap()),
                };
                self.lost = Some((from, to));
            }
            Update::Message(message) => self.message(message),
        }
    }

    fn message(&mut self, message: Received) {
        let text: Value = serde_json::from_str(message.text()).unwrap();
        if let Some((from, to)) = self.lost.take() {
            assert_eq!(message.kind(), Kind::Snapshot, "behind a loss: {text}");
            self.items.push_back(
                json!({"type": "lost", "from": from, "to": placed(&to), "snapshot": text}),
            );
            return;
        }
        if message.request().is_some() && message.kind() != Kind::Subscribed {
            self.answers.push(message);
            return;
        }
        match message.message() {
            Message::Event(_)
            | Message::Lagged(_)
            | Message::PaneSnapshot(_)
            | Message::PaneScrollback(_) => self.items.push_back(text),
            // What else comes is handed on as well, and is no item.
            _ => {}
        }
    }
}

fn placed(position: &Position) -> Value {
    json!({"epoch": position.epoch.as_str(), "seq": position.seq.0})
}
