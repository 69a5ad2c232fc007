//! Other programs to compare with, which `.ci/fetch-peers` puts below target/peers.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;

use crate::process::{Guard, bound};
use crate::socket::{Offer, Socket};
use crate::tmux::Tmux;

fn folder() -> PathBuf {
    env::var_os("MUXWIRE_PEERS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers"),
        PathBuf::from,
    )
}

/// A web terminal that runs `tmux attach`.
#[derive(Debug)]
pub struct Ttyd {
    _child: Guard,
    address: String,
}

impl Ttyd {
    /// None if ttyd is not there.
    pub fn start(tmux: &Tmux) -> Option<Self> {
        let versions = fs::read_dir(folder().join("ttyd")).ok()?;
        let program = versions
            .flatten()
            .map(|version| version.path().join("ttyd"))
            .find(|program| program.is_file())?;
        let attach = tmux.command();
        let mut command = bound(program);
        command
            .args(["--interface", "lo", "--port", "0", "--writable"])
            // Clients here answer no pings.
            .args(["--ping-interval", "3600"])
            .arg(attach.get_program())
            .args(attach.get_args())
            .args(["attach-session", "-t", "=main"])
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", tmux.folder())
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = Guard(command.spawn().unwrap());
        let mut log = BufReader::new(child.0.stderr.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "ttyd listens");
            if let Some((_, port)) = line.split_once("Listening on port: ") {
                break port.trim().to_owned();
            }
        };
        thread::spawn(move || log.read_to_end(&mut Vec::new()));
        Some(Self {
            _child: child,
            address: format!("127.0.0.1:{port}"),
        })
    }

    /// A page that shows the terminal, of the size of the panes here.
    pub fn connect(&self, tmux: &Tmux) -> Socket {
        let offer = Offer {
            path: "/ws",
            subprotocols: "tty",
            token: None,
            deflate: false,
        };
        let clients = tmux.run(&["list-clients", "-F", "x"]).lines().count();
        let mut socket = Socket::connect(&self.address, offer);
        socket.send_binary(br#"{"AuthToken":"","columns":200,"rows":50}"#);
        tmux.wait_for_clients(clients + 1);
        socket
    }
}

/// A WebSocket server that publishes what a `tmux -C` reader reads, on uWebSockets as Bun has it: the least that any
/// bridge would do.
#[derive(Debug)]
pub struct Bun {
    child: Guard,
    pub address: String,
}

impl Bun {
    /// None if Bun is not there.
    pub fn start(tmux: &Tmux) -> Option<Self> {
        let program = folder().join("bun/node_modules/.bin/bun");
        if !program.is_file() {
            return None;
        }
        let attach = tmux.control_command();
        let clients = tmux.run(&["list-clients", "-F", "x"]).lines().count();
        let mut command = bound(program);
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/live/publish.js"))
            .arg(attach.get_program())
            .args(attach.get_args())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", tmux.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = Guard(command.spawn().unwrap());
        let mut output = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        tmux.wait_for_clients(clients + 1);
        Some(Self {
            child,
            address: line.trim().to_owned(),
        })
    }

    /// The server's own process: npm's launcher becomes it.
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    pub fn offer() -> Offer<'static> {
        Offer {
            path: "/",
            subprotocols: "",
            token: None,
            deflate: false,
        }
    }
}
