//! The built program, serving a private tmux server.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;

use crate::process::{Guard, bound};
use crate::socket::{Offer, Socket};
use crate::tmux::Tmux;

/// More than any part opens.
const MAX_CONNECTIONS: &str = "20000";

/// All output of all panes.
pub const ALL_OUTPUT: &str = r#"{"action":"subscribe","filters":{"types":["pane.output"]}}"#;

/// `muxwire serve` on a free port of the loopback.
#[derive(Debug)]
pub struct Muxwire {
    child: Guard,
    pub address: String,
    token: Option<String>,
}

impl Muxwire {
    /// Serves everybody, and waits until every session is followed.
    pub fn start(tmux: &Tmux) -> Self {
        Self::serve(tmux, None)
    }

    /// Serves who has a token, as most users do.
    pub fn start_with_token(tmux: &Tmux) -> Self {
        let token = Self::command(tmux)
            .args([
                "token",
                "create",
                "--name",
                "bench",
                "--allow",
                "read",
                "--state-dir",
            ])
            .arg(tmux.folder().join("state"))
            .output()
            .unwrap();
        assert!(token.status.success(), "a token is made");
        let text = String::from_utf8(token.stdout).unwrap();
        let token = text.split_whitespace().find(|word| word.starts_with("mw_"));
        Self::serve(tmux, Some(token.expect("a token is shown").to_owned()))
    }

    fn command(tmux: &Tmux) -> Command {
        let mut command = bound(env!("CARGO_BIN_EXE_muxwire"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", tmux.folder())
            .env("MUXWIRE_SERVER_MAX_CONNECTIONS", MAX_CONNECTIONS)
            .env("MUXWIRE_SERVER_TMUX", tmux.program())
            // Who types in a benchmark types faster than anybody.
            .env("MUXWIRE_LIMITS_MESSAGE_BURST", "1000000")
            // Clients here answer no pings, and 30 s of silence see one.
            .env("MUXWIRE_SERVER_PING_INTERVAL", "10m")
            .stdin(Stdio::null());
        command
    }

    /// Serves everybody, and waits for no session.
    pub fn start_at_once(tmux: &Tmux) -> Self {
        Self::launch(tmux, None, false)
    }

    /// Serves everybody, with messages compressed for those who offer it or for nobody.
    pub fn start_compressing(tmux: &Tmux, compresses: bool) -> Self {
        let served = Self::launch(tmux, None, compresses);
        tmux.wait_for_clients(3);
        served
    }

    fn serve(tmux: &Tmux, token: Option<String>) -> Self {
        let clients = tmux.run(&["list-clients", "-F", "x"]).lines().count();
        let sessions = tmux.run(&["list-sessions", "-F", "x"]).lines().count();
        let served = Self::launch(tmux, token, false);
        // One control link, and an output link for each session.
        tmux.wait_for_clients(clients + 1 + sessions);
        served
    }

    fn launch(tmux: &Tmux, token: Option<String>, compresses: bool) -> Self {
        let mut command = Self::command(tmux);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "error"])
            .arg("-S")
            .arg(tmux.socket())
            .arg("--state-dir")
            .arg(tmux.folder().join("state"))
            .stdout(Stdio::piped());
        if compresses {
            command.env("MUXWIRE_SERVER_COMPRESSION", "on");
        }
        if token.is_none() {
            command.arg("--no-auth");
        }
        let mut child = Guard(command.spawn().unwrap());
        let mut output = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on ws://")
            .and_then(|rest| rest.strip_suffix("/monitor"))
            .unwrap_or_else(|| panic!("muxwire says where it listens, not {line:?}"))
            .to_owned();
        // Whatever else it says is read, so that it never waits for a full pipe.
        thread::spawn(move || output.read_to_end(&mut Vec::new()));
        Self {
            child,
            address,
            token,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// What a client offers that wants its output as JSON.
    pub fn json(&self) -> Offer<'_> {
        Offer {
            path: "/monitor",
            subprotocols: "muxwire.v1",
            token: self.token.as_deref(),
            deflate: false,
        }
    }

    /// What a client offers that wants its output in binary frames.
    pub fn binary(&self) -> Offer<'_> {
        Offer {
            subprotocols: "muxwire.v1.bin, muxwire.v1",
            ..self.json()
        }
    }

    /// A client that has asked for all output.
    pub fn subscribed(&self) -> Socket {
        let mut socket = Socket::connect(&self.address, self.json());
        socket.send(ALL_OUTPUT);
        socket
    }

    /// A client that has asked for everything, and takes it compressed or not.
    pub fn subscribed_to_all(&self, deflate: bool) -> Socket {
        let offer = Offer {
            deflate,
            ..self.json()
        };
        let mut socket = Socket::connect(&self.address, offer);
        socket.send(r#"{"action":"subscribe"}"#);
        socket
    }

    /// A client that has asked for the output of one session.
    pub fn subscribed_to(&self, session: &str) -> Socket {
        let mut socket = Socket::connect(&self.address, self.json());
        socket.send(&format!(
            r#"{{"action":"subscribe","filters":{{"sessions":["{session}"],"types":["pane.output"]}}}}"#
        ));
        socket
    }

    /// A client that has asked for all output in binary frames; none if this server has only JSON.
    pub fn subscribed_binary(&self) -> Option<Socket> {
        let mut socket = Socket::connect(&self.address, self.binary());
        if socket.subprotocol != "muxwire.v1.bin" {
            return None;
        }
        socket.send(ALL_OUTPUT);
        Some(socket)
    }
}
