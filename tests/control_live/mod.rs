//! The codec against real tmux, each version found: every command's line, every format, the blocks as they come.

mod captures;
mod input;
mod keys;
mod listings;
mod replies;

use std::io::{Read as _, Write as _};
use std::process::{ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use bytes::Bytes;
use muxwire::control::rows::Row;
use muxwire::control::{
    Body, Command, ControlClient, Event, InputBytes, Limits, Notification, Outcome,
};
use muxwire::ids::PaneId;

use crate::support::relayed::control_client;
use crate::support::{KillOnDrop, SOON, TmuxServer};

/// The one pane that a private server starts with; it runs `cat`.
const MAIN: PaneId = PaneId(0);

/// A control client of a private server, read by a thread.
struct Attached {
    client: ControlClient,
    stdin: ChildStdin,
    read: Receiver<Vec<u8>>,
    notifications: Vec<Notification>,
    /// Whether tmux said `%exit`.
    exited: bool,
    _child: KillOnDrop,
}

impl Attached {
    fn new(server: &TmuxServer) -> Self {
        let mut command = control_client(server, ["-C", "attach-session", "-E", "-t", "=main"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let (sender, read) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut attached = Self {
            client: ControlClient::new(Limits::default()),
            stdin,
            read,
            notifications: Vec::new(),
            exited: false,
            _child: KillOnDrop(child),
        };
        // tmux 3.3a and 3.5a die when a session is made or ends while a control client is attaching.
        attached.wait_for("the attachment", |found| {
            matches!(found, Notification::SessionChanged { .. })
        });
        attached
    }

    /// Runs commands on one line.
    fn batch(&mut self, commands: Vec<Command>) -> Vec<Outcome> {
        let shown = format!("{commands:?}");
        for command in &commands {
            assert_eq!(
                Command::parse(command.to_string().as_bytes()).as_ref(),
                Some(command)
            );
        }
        let count = self.client.enqueue_batch(commands).unwrap().len();
        self.stdin
            .write_all(&self.client.take_outgoing().unwrap())
            .unwrap();
        let mut outcomes = Vec::new();
        while outcomes.len() < count {
            outcomes.extend(self.read(&shown));
        }
        assert_eq!(self.client.pending(), 0, "{shown}");
        outcomes
    }

    /// Reads once; keeps what it gave, and returns the replies.
    fn read(&mut self, waiting_for: &str) -> Vec<Outcome> {
        self.read_unless_closed(waiting_for)
            .unwrap_or_else(|| panic!("{waiting_for}: tmux closed the connection"))
    }

    /// The same; nothing when tmux has closed the connection.
    fn read_unless_closed(&mut self, waiting_for: &str) -> Option<Vec<Outcome>> {
        let bytes = match self.read.recv_timeout(SOON) {
            Ok(bytes) => bytes,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("{waiting_for}: nothing comes"),
        };
        self.client.feed(&bytes);
        let mut outcomes = Vec::new();
        while let Some(event) = self.client.next_event() {
            match event {
                Event::Reply(reply) => outcomes.push(reply.outcome),
                Event::Notification(found) => self.notifications.push(found),
                Event::Output(_) | Event::Block(_) => {}
                Event::Exit { .. } => self.exited = true,
                Event::Bad(bad) => panic!("{waiting_for}: {bad:?}"),
            }
        }
        Some(outcomes)
    }

    /// Reads until a notification has come.
    fn wait_for(&mut self, what: &str, wanted: impl Fn(&Notification) -> bool) {
        while !self.notifications.iter().any(&wanted) {
            self.read(what);
        }
    }

    /// The body of a command that must succeed.
    fn done(&mut self, command: Command) -> Body {
        let shown = command.to_string();
        match self.batch(vec![command]).pop() {
            Some(Outcome::Done(body)) => body,
            other => panic!("{shown}: {other:?}"),
        }
    }

    /// The rows of a command that must succeed.
    fn rows<R: Row>(&mut self, command: Command) -> Vec<R> {
        let body = self.done(command);
        body.lines()
            .map(|line| R::parse(line).unwrap_or_else(|error| panic!("{error}")))
            .collect()
    }

    /// Types bytes, as much as it takes.
    fn type_bytes(&mut self, pane: PaneId, bytes: &[u8]) {
        for bytes in InputBytes::split(Bytes::copy_from_slice(bytes)) {
            assert!(
                self.done(Command::SendBytes { pane, bytes })
                    .lines()
                    .next()
                    .is_none()
            );
        }
    }
}
