//! The program in front of a real tmux, and what is asked of it over HTTP.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use crate::support::program::Home;
use crate::support::schema::{check_from_http, check_problem};
use crate::support::serving::Serving;
use crate::support::{Program, SOON, TmuxServer, wait_until};

/// The tokens that there are, by their names.
const TOKENS: [(&str, &str); 5] = [
    ("r", "--allow read"),
    ("w", "--allow write"),
    ("e", "--allow emit"),
    ("r-api", "--session api-*"),
    ("w-api", "--allow write --session api-*"),
];

/// The answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }

    /// The body, which is what its schema says.
    pub fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        let body: Value = serde_json::from_str(&self.body).unwrap();
        check_from_http(&body);
        body
    }

    /// The problem that is told, of this status.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let kind = self.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{self:?}");
        let body: Value = serde_json::from_str(&self.body).unwrap();
        check_problem(&body);
        assert_eq!(body["status"], status, "{self:?}");
        body
    }

    /// The stable word of that.
    pub fn code(&self, status: u16) -> String {
        let problem = self.problem(status);
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Asks, and reads the answer to its end.
pub fn exchange(address: SocketAddr, request: &str, lines: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = match body {
        "" => String::new(),
        body => format!("content-length: {}\r\n", body.len()),
    };
    let has_host = lines.starts_with("host:");
    let host = match has_host {
        true => String::new(),
        false => format!("host: {address}\r\n"),
    };
    let head = format!("{request} HTTP/1.1\r\n{host}{lines}{length}connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // A request that is refused by its head may be closed before its body is read.
    let _ = stream.write_all(body.as_bytes());
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    read(&answer)
}

fn read(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// The program in front of a tmux with the sessions `api-1` and `web`, in each of which `cat` runs.
pub struct Stage {
    pub serving: Serving,
    pub tmux: TmuxServer,
    tokens: [(&'static str, String); 5],
}

impl Stage {
    pub fn new(program: &Program) -> Self {
        Self::with(program, &[])
    }

    pub fn with(program: &Program, settings: &[(&str, &str)]) -> Self {
        let tmux = TmuxServer::start(program);
        for session in ["api-1", "web"] {
            tmux.new_session(session, "exec cat");
        }
        let home = Home::new();
        let tokens = home.tokens(TOKENS);
        let serving = Serving::start_in(home, &tmux, &[], settings);
        let stage = Self {
            serving,
            tmux,
            tokens,
        };
        stage.wait_for_panes();
        stage
    }

    /// Ends the program in order, and starts it again with what it has kept.
    pub fn restart(&mut self, settings: &[(&str, &str)]) {
        self.serving.restart(&self.tmux, settings);
        self.wait_for_panes();
    }

    fn wait_for_panes(&self) {
        wait_until("the sessions are known", SOON, || {
            let panes = self.get("r", "/api/panes?sessions=api-1,web").json();
            let panes = panes["panes"].as_array().unwrap();
            panes.len() == 2 && panes.iter().all(|one| one["pane"]["command"] == "cat")
        });
    }

    pub fn token(&self, name: &str) -> &str {
        let found = self.tokens.iter().find(|(known, _)| *known == name);
        &found.unwrap().1
    }

    pub fn lines(&self, token: &str) -> String {
        format!("authorization: Bearer {}\r\n", self.token(token))
    }

    /// What the holder of this token is answered.
    pub fn get(&self, token: &str, path: &str) -> Answer {
        self.get_with(token, path, "")
    }

    /// The same with these lines in the head.
    pub fn get_with(&self, token: &str, path: &str, lines: &str) -> Answer {
        let lines = self.lines(token) + lines;
        exchange(self.serving.address, &format!("GET {path}"), &lines, "")
    }

    /// The same of something that is asked for.
    pub fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.post_with(token, path, "", body)
    }

    pub fn post_with(&self, token: &str, path: &str, lines: &str, body: &Value) -> Answer {
        let lines = self.lines(token) + lines;
        let request = format!("POST {path}");
        exchange(self.serving.address, &request, &lines, &body.to_string())
    }

    /// The id of the one pane of a session.
    pub fn pane_of(&self, session: &str) -> String {
        let panes = self.get("w", &format!("/api/panes?sessions={session}"));
        let panes = panes.json();
        panes["panes"][0]["pane"]["id"].as_str().unwrap().to_owned()
    }

    /// Waits until a pane shows a line: as it was typed, and as `cat` has said it.
    pub fn shows(&self, pane: &str, line: &str) {
        self.shows_times(pane, line, 2);
    }

    /// Waits until a pane shows a line so many times.
    pub fn shows_times(&self, pane: &str, line: &str, times: usize) {
        let number = pane.trim_start_matches('%');
        let path = format!("/api/panes/{number}/screen?format=text");
        wait_until(line, SOON, || {
            let shown = self.get("r", &path);
            assert_eq!(shown.status, 200, "{shown:?}");
            shown.body.lines().filter(|one| *one == line).count() >= times
        });
    }

    /// The lines of the audit log with this action, once there are so many: they are written a little later.
    pub fn audited(&self, action: &str, least: usize) -> Vec<Value> {
        let mut found = Vec::new();
        wait_until(action, SOON, || {
            let shown = self.serving.home.run("audit show --json");
            assert_eq!(shown.code, Some(0), "{shown:?}");
            let lines = shown.stdout.lines();
            let lines = lines.map(|line| serde_json::from_str(line).unwrap());
            found = lines
                .filter(|line: &Value| line["action"] == action)
                .collect();
            found.len() >= least
        });
        found
    }
}

/// Something to be typed into a session.
pub fn line(session: &str, text: &str) -> Value {
    json!({ "target": { "session": session }, "command": text })
}
