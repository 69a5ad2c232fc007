//! Clients that come and go over real sockets, and followers that fold what they get. Thousands of runs without
//! sockets are beside the state machine itself, in `src/server/dialect/resume_tests.rs`.

use std::time::Duration;

use muxwire::auth::Permission;
use muxwire::hub::HistoryLimits;
use muxwire::ids::{PaneId, SessionId, WindowId};
use muxwire::model::{Buffer, Client as TmuxClient, Exit};
use serde_json::{Value, json};

use crate::support::fold::Folded;
use crate::support::random::Random;
use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::world::{World, stamp};

/// A world in which things happen by chance.
pub struct Chance {
    random: Random,
    world: World,
    offset: u64,
}

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            world: World::new(),
            offset: 0,
        }
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.random.below(all.len())])
    }

    fn session(&mut self) -> Option<SessionId> {
        let all: Vec<SessionId> = self.world.state.sessions.keys().copied().collect();
        self.one_of(&all)
    }

    fn window(&mut self) -> Option<WindowId> {
        let all: Vec<WindowId> = self.world.state.windows.keys().copied().collect();
        self.one_of(&all)
    }

    fn pane(&mut self) -> Option<PaneId> {
        let all: Vec<PaneId> = self.world.state.panes.keys().copied().collect();
        self.one_of(&all)
    }

    /// A name that no session has: half of them are in the scope `a*`.
    fn free_name(&mut self) -> String {
        loop {
            let letter = ["a", "b"][self.random.below(2)];
            let name = format!("{letter}{}", self.random.below(50));
            if self.world.state.session_named(&name).is_none() {
                return name;
            }
        }
    }

    /// A few things happen at once, as between two listings.
    pub fn happen(&mut self, server: &TestServer) {
        for _ in 0..=self.random.below(3) {
            self.one_thing();
        }
        self.tidy();
        self.world.publish(&server.hub);
        if let Some(pane) = self.pane() {
            let output = self.world.output(pane, self.offset, b"some output\r\n");
            self.offset += 13;
            server.hub.publish([output], None, stamp());
        }
    }

    fn one_thing(&mut self) -> Option<()> {
        match self.random.below(12) {
            0 | 1 => {
                let name = self.free_name();
                self.world.session(&name);
            }
            2 => {
                let (id, name) = (self.session()?, self.free_name());
                self.world.rename(id, &name);
            }
            3 if self.world.state.sessions.len() > 2 => {
                let id = self.session()?;
                self.world.remove_session(id);
            }
            4 => {
                let (id, index) = (self.session()?, u32::try_from(self.random.below(9)).ok()?);
                if !self.world.state.sessions[&id].windows.contains_key(&index) {
                    self.world.window(id, index, "new");
                }
            }
            5 => {
                // Link, or link over another, which may be its last link.
                let (id, window) = (self.session()?, self.window()?);
                let index = u32::try_from(self.random.below(9)).ok()?;
                self.world.link(id, index, window);
            }
            6 => {
                let id = self.session()?;
                let index = u32::try_from(self.random.below(9)).ok()?;
                self.world
                    .state
                    .sessions
                    .get_mut(&id)?
                    .windows
                    .remove(&index);
            }
            7 => {
                let window = self.window()?;
                self.world.pane(window);
            }
            8 => self.change_pane()?,
            9 => self.change_window()?,
            10 => self.change_client()?,
            _ => {
                let name = format!("buffer{}", self.random.below(3));
                let size = self.random.next() % 100;
                if self.world.state.buffers.remove(&name).is_none() {
                    let buffer = Buffer {
                        name: name.clone(),
                        size,
                        created: 1,
                    };
                    self.world.state.buffers.insert(name, buffer);
                }
            }
        }
        Some(())
    }

    fn change_pane(&mut self) -> Option<()> {
        let (id, to, what) = (self.pane()?, self.window()?, self.random.below(7));
        let state = &mut self.world.state;
        let pane = state.panes.get_mut(&id)?;
        match what {
            0 => pane.title.push('!'),
            1 => pane.command = format!("{}x", pane.command),
            2 => {
                (pane.pid, pane.exit) = (
                    0,
                    Some(Exit {
                        status: Some(1),
                        signal: None,
                    }),
                )
            }
            3 => (pane.pid, pane.exit) = (77, None),
            4 => (pane.width, pane.height) = (pane.height, pane.width),
            5 => pane.mode = pane.mode.is_none().then(|| "copy-mode".to_owned()),
            _ => {
                // To another window.
                let from = std::mem::replace(&mut pane.window, to);
                state
                    .windows
                    .get_mut(&from)?
                    .panes
                    .retain(|pane| *pane != id);
                let to = state.windows.get_mut(&to)?;
                to.panes.push(id);
                to.active = Some(id);
            }
        }
        Some(())
    }

    fn change_window(&mut self) -> Option<()> {
        let (id, what) = (self.window()?, self.random.below(4));
        let session = self.session()?;
        let state = &mut self.world.state;
        let window = state.windows.get_mut(&id)?;
        match what {
            0 => window.name.push('x'),
            1 => (window.zoomed, window.layout) = (!window.zoomed, format!("{}y", window.layout)),
            2 => window.active = window.panes.first().copied(),
            _ => {
                // Another index, or two change places.
                let windows = &mut state.sessions.get_mut(&session)?.windows;
                let (from, to) = (self.random.below(9) as u32, self.random.below(9) as u32);
                let (first, second) = (windows.remove(&from), windows.remove(&to));
                windows.extend(first.map(|id| (to, id)));
                windows.extend(second.map(|id| (from, id)));
            }
        }
        Some(())
    }

    fn change_client(&mut self) -> Option<()> {
        let (session, name) = (self.session(), format!("/dev/pts/{}", self.random.below(4)));
        let clients = &mut self.world.state.clients;
        let what = self.random.below(3);
        match clients.get_mut(&name) {
            Some(_) if what == 0 => drop(clients.remove(&name)),
            Some(client) => client.session = session.filter(|_| what == 1),
            None => {
                let client = TmuxClient {
                    name: name.clone(),
                    pid: 5,
                    session,
                    control: false,
                    read_only: what == 0,
                    tty: name.clone(),
                };
                clients.insert(name, client);
            }
        }
        Some(())
    }

    /// Makes of it what tmux could hold: nothing empty, nothing that leads nowhere.
    fn tidy(&mut self) {
        let state = &mut self.world.state;
        loop {
            let (sessions, windows) = (state.sessions.len(), state.windows.len());
            let empty: Vec<WindowId> = state
                .windows
                .values()
                .filter(|one| one.panes.is_empty())
                .map(|one| one.id)
                .collect();
            for session in state.sessions.values_mut() {
                session.windows.retain(|_, id| !empty.contains(id));
            }
            state
                .sessions
                .retain(|_, session| !session.windows.is_empty());
            let linked: Vec<WindowId> = state
                .sessions
                .values()
                .flat_map(|session| session.windows.values().copied())
                .collect();
            state.windows.retain(|id, _| linked.contains(id));
            if (sessions, windows) == (state.sessions.len(), state.windows.len()) {
                break;
            }
        }
        state
            .panes
            .retain(|_, pane| state.windows.contains_key(&pane.window));
        for window in state.windows.values_mut() {
            for (index, id) in window.panes.iter().enumerate() {
                state.panes.get_mut(id).unwrap().index = u32::try_from(index).unwrap();
            }
            if !window.active.is_some_and(|id| window.panes.contains(&id)) {
                window.active = window.panes.first().copied();
            }
        }
        for session in state.sessions.values_mut() {
            if !session
                .active
                .is_some_and(|index| session.windows.contains_key(&index))
            {
                session.active = session.windows.keys().next().copied();
            }
        }
        let sessions = &state.sessions;
        for client in state.clients.values_mut() {
            client.session = client.session.filter(|id| sessions.contains_key(id));
        }
    }
}

/// A client that folds what it gets, and resumes when it was cut off.
struct Follower {
    token: String,
    client: Client,
    folded: Folded,
    cursor: Value,
    recovered: usize,
    lost: usize,
}

impl Follower {
    async fn start(server: &TestServer, token: &str) -> Self {
        let mut client = Self::connect(server, token).await;
        let snapshot = client
            .ask(json!({ "action": "snapshot" }), "snapshot")
            .await;
        let mut follower = Self {
            token: token.to_owned(),
            client,
            folded: Folded::of_snapshot(&snapshot),
            cursor: snapshot["cursor"].clone(),
            recovered: 0,
            lost: 0,
        };
        follower.subscribe().await;
        follower
    }

    async fn connect(server: &TestServer, token: &str) -> Client {
        let mut client = server.client().await;
        client
            .ask(json!({ "action": "auth", "token": token }), "auth.response")
            .await;
        client
    }

    async fn subscribe(&mut self) {
        let subscribe = json!({ "action": "subscribe", "since": self.cursor });
        let answer = self.client.ask(subscribe, "subscribed").await;
        match answer["recovered"].as_bool().unwrap() {
            true => self.recovered += 1,
            // The snapshot that follows replaces all.
            false => self.lost += 1,
        }
    }

    /// Is cut off in the middle of whatever comes, and resumes.
    async fn resume(&mut self, server: &TestServer) {
        self.client = Self::connect(server, &self.token).await;
        self.subscribe().await;
    }

    fn take(&mut self, message: &Value) {
        match message["type"].as_str().unwrap() {
            "snapshot" => self.folded.apply_snapshot(message),
            "bookmark" | "subscribed" => {}
            _ => self.folded.apply(message),
        }
        self.cursor = match message.get("cursor") {
            Some(cursor) => cursor.clone(),
            None => json!({ "epoch": message["epoch"], "seq": message["seq"] }),
        };
    }

    /// Reads so many messages; what else is on its way is lost when the client is cut off.
    async fn read(&mut self, count: usize) -> Result<(), Option<u16>> {
        self.client
            .send(json!({ "action": "ping", "id": "r" }))
            .await;
        for _ in 0..count {
            let message = self.client.read().await?;
            if message["type"] == "pong" {
                break;
            }
            self.take(&message);
        }
        Ok(())
    }

    /// Reads all that there is. A client that the log has left behind comes back, as it would in life.
    async fn catch_up(&mut self, server: &TestServer) {
        while let Err(code) = self.read(usize::MAX).await {
            assert_eq!(code, Some(4002));
            self.resume(server).await;
        }
    }
}

#[tokio::test]
async fn followers_hold_what_a_snapshot_holds() {
    let (mut recovered, mut lost) = (0, 0);
    let mut tokens = Tokens::new();
    let scopes: [&[&str]; 3] = [&[], &["a*"], &["b*"]];
    let held = scopes.map(|scope| tokens.add(Permission::Read, scope, None));
    let authenticator = tokens.authenticator();
    for seed in 0..30 {
        let mut chance = Chance::new(seed);
        let events = if seed % 2 == 0 { 1_000_000 } else { 25 };
        let history = HistoryLimits {
            bytes: usize::MAX,
            events,
            age: Duration::from_secs(3600),
        };
        let setup = Setup {
            authenticator: Some(authenticator.clone()),
            history,
            ..Setup::default()
        };
        let server = TestServer::start(setup).await;
        chance.happen(&server);
        let mut followers = Vec::new();
        for token in &held {
            followers.push(Follower::start(&server, token).await);
        }
        for _ in 0..60 {
            chance.happen(&server);
            for follower in &mut followers {
                match chance.random.below(8) {
                    0 => {
                        // Cut off in the middle, whatever it had read by then.
                        let _ = follower.read(chance.random.below(20)).await;
                        follower.resume(&server).await;
                    }
                    1 | 2 => follower.catch_up(&server).await,
                    _ => {}
                }
            }
        }
        for (follower, scope) in followers.iter_mut().zip(scopes) {
            follower.catch_up(&server).await;
            let mut fresh = Follower::connect(&server, &follower.token).await;
            let snapshot = fresh.ask(json!({ "action": "snapshot" }), "snapshot").await;
            let expected = Folded::of_snapshot(&snapshot);
            assert_eq!(follower.folded, expected, "seed {seed}, scope {scope:?}");
            recovered += follower.recovered;
            lost += follower.lost;
        }
    }
    assert!(
        recovered > 100 && lost > 10,
        "{recovered} recovered, {lost} lost"
    );
}

/// What a client gets over sockets that break at any byte is what the log holds.
#[tokio::test]
async fn sockets_that_break_lose_nothing() {
    for seed in 0..30 {
        let mut random = Random::new(seed);
        let server = TestServer::open().await;
        let mut world = World::new();
        world.session("a");
        let start = world.publish(&server.hub).0;
        let (mut last, mut got) = (start, Vec::new());
        let mut published = start;
        while published < start + 300 {
            let mut client = server.client().await;
            let since = json!({ "epoch": "e1", "seq": last });
            let subscribe = json!({ "action": "subscribe", "filters": { "types": ["pane.*"] }, "since": since });
            assert_eq!(client.ask(subscribe, "subscribed").await["recovered"], true);
            for _ in 0..random.below(80) {
                published = server
                    .hub
                    .publish([world.output(PaneId(0), published, b"x")], None, stamp())
                    .0;
            }
            let waiting = published - last;
            for _ in 0..random.next() % (waiting + 1) {
                let message = client.next().await;
                last = message["seq"].as_u64().unwrap();
                if message["type"] == "pane.output" {
                    got.push(last);
                }
            }
        }
        let mut client = server.client().await;
        let since = json!({ "epoch": "e1", "seq": last });
        client
            .ask(
                json!({ "action": "subscribe", "since": since }),
                "subscribed",
            )
            .await;
        let rest = client.until_pong().await;
        let rest = rest
            .iter()
            .filter(|message| message["type"] == "pane.output");
        got.extend(rest.map(|message| message["seq"].as_u64().unwrap()));
        let all: Vec<u64> = (start + 1..=published).collect();
        assert_eq!(got, all, "seed {seed}");
    }
}
