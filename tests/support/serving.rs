//! `muxwire serve` as a process, in front of a private tmux server.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::program::Home;
use super::server::Client;
use super::{KillOnDrop, TmuxServer, signal, wait_until};

/// The name of the log in the home. A test may have it elsewhere.
pub const LOG: &str = "log";

/// So many lines of the log are shown when a test fails.
const SHOWN: usize = 40;

const LISTEN: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// The running program.
#[derive(Debug)]
pub struct Serving {
    child: KillOnDrop,
    pub home: Home,
    pub address: SocketAddr,
}

impl Serving {
    /// Starts the program and waits for its first line. Its log is a file, whose end is shown if the test fails.
    pub fn start(server: &TmuxServer, arguments: &[&str]) -> Self {
        Self::start_with(server, arguments, &[])
    }

    /// The same with settings, which are variables of its environment.
    pub fn start_with(server: &TmuxServer, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        Self::start_in(Home::new(), server, arguments, settings)
    }

    /// The same in a home that there is already.
    pub fn start_in(
        home: Home,
        server: &TmuxServer,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> Self {
        let log = File::create(home.path().join(LOG)).unwrap();
        let mut command = Self::command(&home, server, arguments, settings);
        Self::spawn(home, command.stderr(log))
    }

    /// The log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join(LOG)).unwrap()
    }

    /// The command that starts the program.
    pub fn command(
        home: &Home,
        server: &TmuxServer,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> Command {
        let mut command = home.muxwire(LISTEN);
        command.arg("-S").arg(server.socket()).args(arguments);
        command.env("MUXWIRE_SERVER_TMUX", &server.program().path);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // A test that waits for its turn on a busy machine is no client that keeps silent.
        command.env("MUXWIRE_SERVER_AUTH_TIMEOUT", "300s");
        command.env("MUXWIRE_SERVER_PING_INTERVAL", "1h");
        // Hundreds of servers need no history; those that do say so.
        command.env("MUXWIRE_HISTORY_ENABLED", "false");
        command.envs(settings.iter().copied());
        command
    }

    /// The same without any tmux, for recordings. The host is called `fixture`.
    pub fn replay(arguments: &[&str]) -> Self {
        let home = Home::new();
        let log = File::create(home.path().join(LOG)).unwrap();
        let mut command = home.muxwire(LISTEN);
        command.args(arguments);
        command.env("MUXWIRE_SERVER_HOST_NAME", "fixture");
        Self::spawn(home, command.stderr(log))
    }

    /// Starts the command, and waits for its first line.
    pub fn spawn(home: Home, command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut child = KillOnDrop(child);
        let mut line = String::new();
        BufReader::new(child.0.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .strip_prefix("listening on ws://")
            .or_else(|| line.strip_prefix("listening on wss://"))
            .and_then(|rest| rest.strip_suffix("/monitor\n"));
        let address =
            address.unwrap_or_else(|| panic!("not the first line that is promised: {line:?}"));
        Self {
            address: address.parse().unwrap(),
            child,
            home,
        }
    }

    /// Ends the program in order, and starts it again in the same home, at another port.
    pub fn restart(&mut self, server: &TmuxServer, settings: &[(&str, &str)]) {
        self.signal(Signal::TERM);
        self.child.0.wait().unwrap();
        let home = std::mem::replace(&mut self.home, Home::new());
        *self = Self::start_in(home, server, &[], settings);
    }

    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    pub fn signal(&self, which: Signal) {
        signal(self.pid(), which);
    }

    /// The answer to a plain GET.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let host = self.address;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// A client that has read the greeting.
    pub async fn client(&self) -> Client {
        let mut client = Client::connect(self.address).await;
        client.expect("hello").await;
        client
    }

    /// A client at this address that offers a subprotocol and has read the greeting.
    pub async fn client_at(&self, path: &str, subprotocol: &str) -> Client {
        Client::greeted(self.address, path, subprotocol).await
    }

    /// From now on its log, which went into a pipe, is read; gives what has been read so far.
    pub fn read_log(&mut self) -> impl Fn() -> String + use<> {
        let mut stderr = self.child.0.stderr.take().unwrap();
        let read = Arc::new(Mutex::new(Vec::new()));
        let reading = Arc::clone(&read);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut buffer) {
                reading.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        move || String::from_utf8_lossy(&read.lock().unwrap()).into_owned()
    }

    /// Waits for the end.
    pub fn wait(&mut self, limit: Duration) {
        wait_until("the end of muxwire", limit, || {
            self.child.0.try_wait().unwrap().is_some()
        });
    }

    /// Waits for the end; returns the exit code, the log, and how long it took.
    pub fn ended_within(mut self, limit: Duration) -> (Option<i32>, String, Duration) {
        let since = Instant::now();
        let mut code = None;
        wait_until("the end of muxwire", limit, || {
            let status = self.child.0.try_wait().unwrap();
            code = status.map(|status| status.code());
            status.is_some()
        });
        let took = since.elapsed();
        (code.flatten(), self.log(), took)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let log = std::fs::read_to_string(self.home.path().join(LOG));
        if let Some(log) = log.ok().filter(|_| std::thread::panicking()) {
            let lines: Vec<&str> = log.lines().collect();
            let end = &lines[lines.len().saturating_sub(SHOWN)..];
            eprintln!("the end of muxwire's log:\n{}", end.join("\n"));
        }
    }
}
