//! The roles, the world that they look at, and a bridge that answers whatever it is asked.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use muxwire::auth::Permission;
use muxwire::bridge::{Request, Screen, SeenPanes};
use muxwire::ids::{PaneId, Seq};
use muxwire::model::{Buffer, Client};
use muxwire::server::ResizePolicy;
use tokio::sync::mpsc;

use super::eye::Eye;
use super::life::FORBIDDEN;
use crate::support::server::{Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::views::view;
use crate::support::world::World;

/// Who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Nobody,
    ReadSome,
    WriteSome,
    ReadAll,
    WriteAll,
    Admin,
}

impl Role {
    pub const ALL: [Self; 6] = [
        Self::Nobody,
        Self::ReadSome,
        Self::WriteSome,
        Self::ReadAll,
        Self::WriteAll,
        Self::Admin,
    ];

    pub fn is_scoped(self) -> bool {
        matches!(self, Self::ReadSome | Self::WriteSome)
    }

    pub fn writes(self) -> bool {
        matches!(self, Self::WriteSome | Self::WriteAll | Self::Admin)
    }
}

pub struct Stage {
    pub server: TestServer,
    pub world: Mutex<World>,
    tokens: BTreeMap<Role, String>,
}

impl Stage {
    /// A server of which nothing is known yet.
    pub async fn empty() -> Self {
        let mut tokens = Tokens::new();
        let rows: [(Role, Permission, &[&str]); 5] = [
            (Role::ReadSome, Permission::Read, &["api-*"]),
            (Role::WriteSome, Permission::Write, &["api-*"]),
            (Role::ReadAll, Permission::Read, &[]),
            (Role::WriteAll, Permission::Write, &[]),
            (Role::Admin, Permission::Admin, &[]),
        ];
        let of = rows.map(|(role, highest, sessions)| (role, tokens.add(highest, sessions, None)));
        let mut server = TestServer::start(Setup {
            authenticator: Some(tokens.authenticator()),
            resize: ResizePolicy::Last,
            max_connections: Some(2000),
            ..Setup::default()
        })
        .await;
        let requests = std::mem::replace(&mut server.requests, mpsc::channel(1).1);
        tokio::spawn(answer_all(requests));
        let world = World::new();
        world.publish(&server.hub);
        Self {
            server,
            world: Mutex::new(world),
            tokens: of.into(),
        }
    }

    /// A session inside the scope and one outside, with a window that is in both.
    pub async fn start() -> Self {
        let stage = Self::empty().await;
        stage.change(|world| {
            let inside = world.session("api-1");
            let shared = world.window(inside, 1, "shared");
            world.skip_to(777);
            let hidden = world.session("zq-hidden");
            world.link(hidden, 1, shared);
            dress(world);
        });
        stage
    }

    /// Changes the world, and publishes what changed.
    pub fn change(&self, change: impl FnOnce(&mut World)) {
        let mut world = self.world.lock().unwrap();
        change(&mut world);
        world.publish(&self.server.hub);
    }

    pub fn token(&self, role: Role) -> Option<&str> {
        self.tokens.get(&role).map(String::as_str)
    }

    pub async fn eye(&self, role: Role, path: &str, subprotocol: &str) -> Eye {
        Eye::open(self.server.address, path, subprotocol, self.token(role)).await
    }

    /// Looks through every byte that somebody got who may not see all.
    pub fn look_for_leaks(&self, role: Role, eye: &Eye, what: &str) {
        if !role.is_scoped() && role != Role::Nobody {
            return;
        }
        for message in &eye.seen {
            for word in FORBIDDEN {
                let text = String::from_utf8_lossy(message);
                assert!(!names(message, word), "{role:?}, {what}: {word} in {text}");
            }
        }
    }

    /// What was received behind the greeting and the welcome, which name the connection.
    pub fn without_greeting(&self, seen: &[Vec<u8>]) -> Vec<Vec<u8>> {
        seen[2..].to_vec()
    }
}

/// All of a session out of scope that has a name.
pub fn dress(world: &mut World) {
    let hidden = muxwire::ids::SessionId(777);
    let session = world.state.sessions.get_mut(&hidden).unwrap();
    session.path = "/zq-path".to_owned();
    session.group = Some("zq-group".to_owned());
    let window = world.state.windows.get_mut(&muxwire::ids::WindowId(777));
    window.unwrap().name = "zq-window".to_owned();
    let pane = world.state.panes.get_mut(&PaneId(777)).unwrap();
    pane.title = "zq-title".to_owned();
    pane.command = "zq-command".to_owned();
    pane.path = "/zq-path".to_owned();
    pane.pid = 7_770_777;
    let client = Client {
        name: "/dev/zq-tty".to_owned(),
        pid: 7_770_778,
        session: Some(hidden),
        control: false,
        read_only: false,
        tty: "/dev/zq-tty".to_owned(),
    };
    world.state.clients.insert(client.name.clone(), client);
    let buffer = Buffer {
        name: "zq-buffer".to_owned(),
        size: 5,
        created: 1,
    };
    world.state.buffers.insert(buffer.name.clone(), buffer);
}

/// Whether some bytes hold a name; an id only as a whole, and in the header of a binary message too.
pub fn names(bytes: &[u8], word: &str) -> bool {
    let part = word.as_bytes();
    let is_id = word.starts_with(['$', '@', '%']);
    let ends = |at: usize| !is_id || !bytes.get(at + part.len()).is_some_and(u8::is_ascii_digit);
    let in_text = (0..bytes.len()).any(|at| bytes[at..].starts_with(part) && ends(at));
    let pane = word
        .strip_prefix('%')
        .and_then(|number| number.parse::<u32>().ok());
    let in_header = pane.is_some_and(|pane| {
        bytes.first() == Some(&1) && bytes.get(4..8) == Some(&pane.to_be_bytes()[..])
    });
    in_text || in_header
}

async fn answer_all(mut requests: mpsc::Receiver<Request>) {
    while let Some(request) = requests.recv().await {
        // Who asked may be gone.
        match request {
            Request::Input { reply, .. } => drop(reply.send(Ok(()))),
            Request::Resize { reply, .. } => drop(reply.send(Ok(()))),
            Request::Answer { reply } => reply.send(()).unwrap(),
            Request::Leave { .. } | Request::Publish(_) => {}
            Request::Emit { reply, .. } => drop(reply.send(Ok(Seq(1)))),
            Request::See { seen, reply } => {
                let panes = seen.into_request().panes;
                drop(reply.send(Ok(SeenPanes { panes, new: 0 })));
            }
            Request::View { view: asked, reply } => {
                let pane = asked.into_request().pane;
                let line = if pane == PaneId(777) {
                    "zq-output"
                } else {
                    "visible"
                };
                drop(reply.send(Ok(view(pane, 0, line, ""))));
            }
            Request::Screens { screens, reply } => {
                let panes = screens.into_request().panes.into_iter();
                drop(reply.send(panes.map(|pane| (pane, Ok(screen(pane)))).collect()));
            }
        }
    }
}

fn screen(pane: PaneId) -> Screen {
    let line = if pane == PaneId(777) {
        "zq-output"
    } else {
        "visible"
    };
    Screen {
        offset: 0,
        exact: true,
        width: 80,
        height: 1,
        cursor: (0, 0),
        cursor_visible: true,
        alternate: false,
        lines: vec![Bytes::from_static(line.as_bytes())],
    }
}
