//! A server that pushes: a log, the sink beside it, and routes in front.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use muxwire::auth::{Authenticator, Permission, Redact};
use muxwire::bridge::Handle;
use muxwire::connectors::{Connectors, PushSink};
use muxwire::ids::PaneId;
use muxwire::metrics::Metrics;
use muxwire::model::{Agent, AgentStatus, Derived};
use muxwire::push::{EndpointRules, PushDesk, PushSettings};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::push_service::{PushBrowser, PushService};
use crate::support::server::{Setup, TestServer, redaction};
use crate::support::world::{World, stamp};
use crate::support::{SOON, wait_until_async};

/// How the stage differs from the usual.
pub struct Play {
    pub authenticator: Option<Authenticator>,
    pub redacts: bool,
    pub roles: Vec<Permission>,
    pub private: bool,
    pub most: usize,
    pub audit: muxwire::audit::Log,
    /// The state directory, if another one has been there.
    pub folder: Option<Arc<TempDir>>,
}

impl Default for Play {
    fn default() -> Self {
        Self {
            authenticator: None,
            redacts: false,
            roles: Vec::new(),
            private: true,
            most: 64,
            audit: muxwire::audit::Log::default(),
            folder: None,
        }
    }
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: body.to_owned(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// The server, two sessions in its tmux, and a push service.
pub struct Stage {
    pub server: TestServer,
    pub service: PushService,
    pub desk: PushDesk,
    pub folder: Arc<TempDir>,
    pub world: World,
    /// A pane of the session `api`, and one of `web`.
    pub panes: [PaneId; 2],
    /// Subscriptions that ended by themselves, and why.
    pub ended: Arc<Mutex<Vec<(String, &'static str)>>>,
    pub metrics: Metrics,
    pub connectors: Connectors,
}

impl Stage {
    pub async fn new(play: Play) -> Self {
        let folder = play
            .folder
            .unwrap_or_else(|| Arc::new(tempfile::tempdir().unwrap()));
        let settings = PushSettings {
            subject: "mailto:me@box.example".to_owned(),
            endpoints: EndpointRules {
                private: play.private,
            },
            most: play.most,
        };
        let redact = Redact::new(play.redacts, &play.roles);
        let ended = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&ended);
        let desk = PushDesk::new(
            folder.path(),
            settings,
            (play.authenticator.clone(), redact),
            move |one, reason| noted.lock().unwrap().push((one.id.clone(), reason)),
        );
        tokio::spawn(desk.clone().follow());
        let server = TestServer::start(Setup {
            authenticator: play.authenticator,
            redaction: play.redacts.then(redaction),
            redacted_roles: play.roles,
            audit: play.audit,
            push: Some(desk.clone()),
            ..Setup::default()
        })
        .await;
        let mut world = World::new();
        let panes = ["api", "web"].map(|name| {
            let session = world.session(name);
            let window = world.state.sessions[&session].windows[&0];
            world.state.windows[&window].panes[0]
        });
        world.publish(&server.hub);
        let (handle, _) = Handle::pair();
        let metrics = server.metrics.clone();
        let connectors = Connectors::new(server.hub.clone(), handle.clone(), &metrics);
        let demand = handle.demand().clone();
        let sink = PushSink::new(desk.clone(), server.hub.clone(), demand, &metrics);
        connectors.quiet_sink("push", move |cursor| sink.clone().run(cursor));
        Self {
            server,
            service: PushService::start().await,
            desk,
            folder,
            world,
            panes,
            ended,
            metrics,
            connectors,
        }
    }

    /// Asks with these lines in the head.
    pub async fn ask(&self, method: &str, path: &str, lines: &str, body: &Value) -> Answer {
        let text = match method {
            "POST" => {
                let body = match body {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    body => body.to_string(),
                };
                self.server.post(path, lines, &body).await
            }
            _ => self.server.http(method, path, lines).await,
        };
        Answer::read(&text)
    }

    /// Subscribes a browser as the holder of this token; its name.
    pub async fn subscribe(
        &self,
        browser: &PushBrowser,
        token: &str,
        path: &str,
        wishes: &Value,
    ) -> String {
        let body = browser.subscription(&self.service.url(path), wishes);
        let answer = self.ask("POST", "/api/push", &bearer(token), &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["subscription"].as_str().unwrap().to_owned()
    }

    /// What the server says of subscriptions to the holder of this token.
    pub async fn listed(&self, token: &str) -> Value {
        let answer = self
            .ask("GET", "/api/push", &bearer(token), &Value::Null)
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Says something in place of the bridge.
    pub fn say(&self, derived: Derived) {
        let (state, _) = self.server.hub.snapshot();
        let said = derived.changes(&state).unwrap();
        self.server
            .hub
            .publish(said.changes, said.state.map(Arc::new), stamp());
    }

    /// The agent in a pane does this since so many seconds.
    pub fn agent(&self, pane: PaneId, status: AgentStatus, seconds: i64, message: &str) {
        // No two begin at the same millisecond: they would be one state, which is told once.
        static BEGUN: Mutex<BTreeSet<i64>> = Mutex::new(BTreeSet::new());
        let mut since = Timestamp::now().as_millisecond() - seconds * 1000;
        {
            let mut begun = BEGUN.lock().unwrap();
            while !begun.insert(since) {
                since -= 1;
            }
        }
        let since = Timestamp::from_millisecond(since).unwrap();
        let agent = Agent {
            reason: (status == AgentStatus::Waiting).then(|| "permission".to_owned()),
            message: Some(message.to_owned()).filter(|message| !message.is_empty()),
            ..Agent::new("claude", status, since)
        };
        let agent = Arc::new(agent);
        self.say(Derived::AgentStatus { pane, agent });
    }

    pub fn figure(&self, name: &str) -> u64 {
        let text = self.metrics.text().unwrap();
        let begin = format!("muxwire_{name} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&begin));
        line.map_or(0, |line| line.parse().unwrap())
    }

    pub async fn until(&self, name: &str, value: u64) {
        let what = format!("{name} is {value}");
        wait_until_async(&what, SOON, || self.figure(name) == value).await;
    }

    pub async fn until_ended(&self, expected: &[(&str, &'static str)]) {
        let is_so = || {
            let ended = self.ended.lock().unwrap();
            ended
                .iter()
                .map(|(id, why)| (&**id, *why))
                .eq(expected.iter().copied())
        };
        wait_until_async("subscriptions end", SOON, is_so).await;
    }
}

/// The header that shows a token; nothing for none.
pub fn bearer(token: &str) -> String {
    match token {
        "" => String::new(),
        token => format!("authorization: Bearer {token}\r\n"),
    }
}

/// What a browser wants to be told at once.
pub fn all_at_once() -> Value {
    json!({ "kinds": ["waiting", "failed", "finished", "alerts"], "dwell": 0 })
}
