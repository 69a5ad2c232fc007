//! The program in front of a real tmux, and what its clients ask to emit.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::program::Home;
use crate::support::schema::check_from_server;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{Program, SOON, TmuxServer, pause};

/// The tokens that there are, by their names.
const TOKENS: [(&str, &str); 7] = [
    ("e", "--allow emit"),
    ("e2", "--allow emit"),
    ("r", "--allow read"),
    ("w", "--allow write"),
    ("we", "--allow write,emit"),
    ("e-api", "--allow emit --session api-*"),
    ("r-api", "--session api-*"),
];

/// The program in front of a tmux with the sessions `api-1` and `web`.
pub struct Stage {
    pub serving: Serving,
    tokens: [(&'static str, String); 7],
    _tmux: TmuxServer,
}

/// The answer to a request over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Stage {
    pub async fn new(program: &Program, settings: &[(&str, &str)]) -> Self {
        let tmux = TmuxServer::start(program);
        for session in ["api-1", "web"] {
            tmux.new_session(session, "exec cat");
        }
        let home = Home::new();
        let tokens = home.tokens(TOKENS);
        let serving = Serving::start_in(home, &tmux, &[], settings);
        let stage = Self {
            serving,
            tokens,
            _tmux: tmux,
        };
        let mut client = stage.client(&stage.token("r")).await;
        let since = Instant::now();
        let knows = |snapshot: &Value| snapshot["sessions"].as_array().unwrap().len() >= 2;
        while !knows(&ask(&mut client, json!({ "action": "snapshot" }), "snapshot").await) {
            assert!(since.elapsed() < SOON, "the sessions are not known");
            pause(Duration::from_millis(20)).await;
        }
        stage
    }

    /// The token of this name.
    pub fn token(&self, name: &str) -> String {
        let found = self.tokens.iter().find(|(known, _)| *known == name);
        found.unwrap().1.clone()
    }

    pub async fn client(&self, token: &str) -> Client {
        let mut client = self.serving.client().await;
        let auth = json!({ "action": "auth", "token": token });
        let answer = ask(&mut client, auth, "auth.response").await;
        assert_eq!(answer["success"], true, "{answer}");
        client
    }

    /// Asks over HTTP, with this token and these lines in the head.
    pub fn post(&self, token: &str, lines: &str, body: &str) -> Answer {
        let lines = format!("authorization: Bearer {token}\r\n{lines}");
        let host = self.serving.address.to_string();
        self.post_as(&host, &lines, body)
    }

    pub fn post_as(&self, host: &str, lines: &str, body: &str) -> Answer {
        let stream = TcpStream::connect(self.serving.address).unwrap();
        exchange(stream, host, lines, body)
    }

    /// The lines of the audit log with this action.
    pub fn audited(&self, action: &str) -> Vec<Value> {
        let shown = self.serving.home.run("audit show --json");
        assert_eq!(shown.code, Some(0), "{shown:?}");
        let lines = shown
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines
            .filter(|line: &Value| line["action"] == action)
            .collect()
    }
}

/// Asks over a stream, and reads the answer.
pub fn exchange(mut stream: impl Read + Write, host: &str, lines: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!(
        "POST /api/events HTTP/1.1\r\nhost: {host}\r\n{lines}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A request that is refused by its head may be closed before its body is read.
    let _ = stream.write_all(body.as_bytes());
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: serde_json::from_str(body).unwrap_or_else(|_| json!(body)),
    }
}

pub fn task(session: &str, name: &str) -> Value {
    json!({ "type": "task.started", "target": { "session": session }, "data": { "task": name, "status": "running" } })
}

pub fn emit(events: &[Value]) -> Value {
    json!({ "action": "emit", "events": events })
}

/// Sends a request, as it is, and waits for its reply; what comes before stays for later.
pub async fn ask(client: &mut Client, message: Value, reply: &str) -> Value {
    client.send_text(&message.to_string()).await;
    client.find(reply).await
}

/// Sends a request that is refused, and gives the code.
pub async fn refused(client: &mut Client, message: Value) -> String {
    let error = ask(client, message, "error").await;
    error["code"].as_str().unwrap().to_owned()
}

/// The next event of a type that may be emitted.
pub async fn next_own(client: &mut Client) -> Value {
    loop {
        let message = client.next().await;
        let kind = message["type"].as_str().unwrap().to_owned();
        if ["task.", "cost.", "tool.", "x."]
            .iter()
            .any(|family| kind.starts_with(family))
        {
            check_from_server(&message);
            return message;
        }
    }
}
