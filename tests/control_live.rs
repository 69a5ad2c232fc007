//! The codec against real tmux: every command's line, every format, the notifications as they come.

use std::io::{Read as _, Write as _};
use std::process::{ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use muxwire::control::rows::*;
use muxwire::control::*;
use muxwire::ids::PaneId;

use crate::support::{KillOnDrop, SOON, TmuxServer, for_each_version};

/// A control client of a private server, read by a thread.
struct Attached {
    client: ControlClient,
    stdin: ChildStdin,
    read: Receiver<Vec<u8>>,
    notifications: Vec<Notification>,
    _child: KillOnDrop,
}

impl Attached {
    fn new(server: &TmuxServer) -> Self {
        let mut command = server.command(["-C", "attach-session", "-E", "-t", "=main"]);
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
        let client = ControlClient::new(Limits::default());
        Self {
            client,
            stdin,
            read,
            notifications: Vec::new(),
            _child: KillOnDrop(child),
        }
    }

    /// Runs commands on one line.
    fn batch(&mut self, commands: Vec<Command>) -> Vec<Outcome> {
        let shown = format!("{commands:?}");
        let count = self.client.enqueue_batch(commands).unwrap().len();
        self.stdin
            .write_all(&self.client.take_outgoing().unwrap())
            .unwrap();
        let mut outcomes = Vec::new();
        while outcomes.len() < count {
            self.read(&shown, |event, notifications| match event {
                Event::Reply(reply) => outcomes.push(reply.outcome),
                Event::Notification(found) => notifications.push(found),
                Event::Output(_) | Event::Block(_) => {}
                other => panic!("{shown}: {other:?}"),
            });
        }
        outcomes
    }

    /// Reads once and hands over what it gave.
    fn read(&mut self, waiting_for: &str, mut take: impl FnMut(Event<'_>, &mut Vec<Notification>)) {
        let bytes = self
            .read
            .recv_timeout(SOON)
            .unwrap_or_else(|error| panic!("{waiting_for}: {error}"));
        self.client.feed(&bytes);
        while let Some(event) = self.client.next_event() {
            take(event, &mut self.notifications);
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
        let shown = command.to_string();
        let body = self.done(command);
        body.lines()
            .map(|line| R::parse(line).unwrap_or_else(|error| panic!("{shown}: {error}")))
            .collect()
    }
}

#[test]
fn rows_of_every_kind_are_read_back() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        eprintln!("{:?}", attached.rows::<ServerRow>(Command::ServerInfo));
        eprintln!("{:?}", attached.rows::<SessionRow>(Command::ListSessions));
        eprintln!("{:?}", attached.rows::<WindowRow>(Command::ListWindows));
        eprintln!("{:?}", attached.rows::<PaneRow>(Command::ListPanes));
        eprintln!("{:?}", attached.rows::<ClientRow>(Command::ListClients));
        eprintln!("{:?}", attached.rows::<BufferRow>(Command::ListBuffers));
        eprintln!(
            "{:?}",
            attached.rows::<CheckRow>(Command::CheckPane { pane: PaneId(0) })
        );
        eprintln!(
            "{:?}",
            attached.batch(vec![Command::CheckPane { pane: PaneId(9) }])
        );
        eprintln!(
            "{:?}",
            attached.rows::<PaneStateRow>(Command::PaneState { pane: PaneId(0) })
        );
    });
}
