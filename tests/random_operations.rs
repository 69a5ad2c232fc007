//! Random operations on a real tmux: what a client folds from the events is what tmux lists at the end, and the
//! reconciler, which checks all the while, finds nothing that was missed.
//!
//! `MUXWIRE_OPERATIONS` sets how many operations each version gets, `MUXWIRE_SEED` repeats a run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use muxwire::bridge::Settings;
use muxwire::control::rows::{BufferRow, ClientRow, PaneRow, Row, SessionRow, WindowRow};
use muxwire::ids::{PaneId, SessionId, WindowId};
use muxwire::model::{Listing, State, diff};
use serde_json::{Value, json};

use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::fold::Folded;
use crate::support::random::Random;
use crate::support::server::Client;
use crate::support::{SOON, TmuxServer, for_each_version_async};

/// Operations on each version, unless the environment says otherwise.
const OPERATIONS: usize = 200;

/// Checks come often here, so that a missed change has no time to be healed by the next hint.
const RECONCILE: Duration = Duration::from_millis(700);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

#[test]
fn random_operations_are_followed_without_drift() {
    let operations = usize::try_from(setting("MUXWIRE_OPERATIONS", OPERATIONS as u64)).unwrap();
    let seed = setting("MUXWIRE_SEED", u64::from(std::process::id()));
    for_each_version_async(async |program| {
        eprintln!(
            "{operations} operations on tmux {}, MUXWIRE_SEED={seed}",
            program.version
        );
        let server = TmuxServer::start(&program);
        // Only what is asked for changes: no names that follow the commands.
        server.run(["set-option", "-g", "automatic-rename", "off"]);
        server.run(["new-session", "-d", "-s", "keep", "exec cat"]);
        let settings = Settings {
            reconcile: RECONCILE,
            ..SETTINGS
        };
        let bridge = LiveBridge::start_with(server.tmux().await, settings, None);
        synced(&bridge, &server).await;
        let served = bridge.serve().await;
        let live = served.follow().await;
        let mut run = Run {
            random: Random::new(seed),
            names: 0,
            done: BTreeMap::new(),
        };
        for _ in 0..operations {
            run.step(&bridge, &server).await;
        }
        let state = synced(&bridge, &server).await;
        checked(&bridge).await;

        let mut client = served.client().await;
        let (snapshot, replayed) = everything(&mut client).await;
        let missed = missed(&replayed, program.version.has_subscriptions());
        assert!(
            missed.is_empty(),
            "drift: {missed:#?}, after {:?}",
            run.done
        );
        assert_eq!(bridge.counters.counts().drift, 0);
        let mut folded = Folded::default();
        replayed.iter().for_each(|event| folded.apply(event));
        assert_eq!(
            folded,
            Folded::of_snapshot(&snapshot),
            "after {:?}",
            run.done
        );
        assert_eq!(
            *bridge.state(),
            State {
                server: bridge.state().server.clone(),
                ..state
            }
        );
        let head = snapshot["seq"].as_u64().unwrap();
        assert_eq!(
            live.until(head).await,
            replayed,
            "live and replayed are one stream"
        );
        eprintln!(
            "  {} events, drift 0, operations that tmux took: {:?}",
            replayed.len(),
            run.done
        );
        bridge.stop().await;
    });
}

/// The events that the reconciler had to find, without those of which an old tmux tells in no other way.
fn missed(events: &[Value], has_subscriptions: bool) -> Vec<String> {
    let sampled = [
        "pane.title_changed",
        "pane.command_changed",
        "buffer.changed",
    ];
    let excused =
        |event: &Value| !has_subscriptions && sampled.iter().any(|kind| event["type"] == *kind);
    let missed = events
        .iter()
        .filter(|event| event["reconciled"] == true && !excused(event));
    missed.map(ToString::to_string).collect()
}

/// A snapshot, and every event that led to it.
async fn everything(client: &mut Client) -> (Value, Vec<Value>) {
    let snapshot = client.ask(json!({"action": "snapshot"}), "snapshot").await;
    let since = json!({"epoch": "test", "seq": 0});
    let subscribed = client
        .ask(json!({"action": "subscribe", "since": since}), "subscribed")
        .await;
    assert_eq!(subscribed["recovered"], true);
    let head = snapshot["seq"].as_u64().unwrap();
    let mut events = Vec::new();
    while events.len() < usize::try_from(head).unwrap() {
        let message = client.next().await;
        if message["seq"].is_u64() && message["type"] != "bookmark" {
            events.push(message);
        }
    }
    (snapshot, events)
}

/// Waits until the bridge knows what tmux lists, and every session has its link. Returns what tmux lists.
async fn synced(bridge: &LiveBridge, server: &TmuxServer) -> State {
    let since = Instant::now();
    loop {
        let mut listed = listed(server);
        let known = bridge.state();
        for window in listed
            .windows
            .values_mut()
            .filter(|window| window.layout.starts_with('{'))
        {
            // tmux 3.8 tells layouts as JSON, but to control clients as ever.
            let same = known
                .windows
                .get(&window.id)
                .map(|known| known.layout.clone());
            window.layout = same.unwrap_or_default();
        }
        let known = State {
            server: None,
            ..State::clone(&known)
        };
        let links = bridge.counters.counts().links == listed.sessions.len() as u64 + 1;
        if links && known == listed {
            return listed;
        }
        let counts = bridge.counters.counts();
        let differ = diff(&known, &listed);
        assert!(
            since.elapsed() < SOON,
            "the bridge does not follow: {counts:?}, behind by {differ:#?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the reconciler has had the time to check, to suspect and to confirm.
async fn checked(bridge: &LiveBridge) {
    let before = bridge.counters.counts().listings;
    let since = Instant::now();
    while bridge.counters.counts().listings < before + 4 {
        assert!(since.elapsed() < SOON, "the reconciler does not check");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What tmux itself says, without control clients: those are muxwire's links.
fn listed(server: &TmuxServer) -> State {
    let listing = Listing {
        sessions: rows::<SessionRow>(server, &["list-sessions"]),
        windows: rows::<WindowRow>(server, &["list-windows", "-a"]),
        panes: rows::<PaneRow>(server, &["list-panes", "-a"]),
        clients: rows::<ClientRow>(server, &["list-clients"]),
        buffers: rows::<BufferRow>(server, &["list-buffers"]),
    };
    let own: BTreeSet<u32> = listing.clients.iter().map(|client| client.pid).collect();
    listing.into_state(None, &own)
}

fn rows<R: Row>(server: &TmuxServer, command: &[&str]) -> Vec<R> {
    let arguments = command.iter().copied().chain(["-F", R::FORMAT]);
    let listed = server.run(arguments);
    listed
        .lines()
        .map(|line| R::parse(line.as_bytes()).unwrap())
        .collect()
}

/// A run under way.
struct Run {
    random: Random,
    names: u32,
    /// How often tmux took each operation.
    done: BTreeMap<&'static str, usize>,
}

/// Operations, and whether links come or go with them.
const KINDS: [(&str, bool); 27] = [
    ("new-session", true),
    ("new-grouped-session", true),
    ("kill-session", true),
    ("rename-session", false),
    ("new-window", false),
    ("new-window", false),
    ("kill-window", true),
    ("rename-window", false),
    ("move-window", false),
    ("move-window-away", true),
    ("swap-window", false),
    ("link-window", false),
    ("unlink-window", true),
    ("select-window", false),
    ("split-window", false),
    ("split-window", false),
    ("kill-pane", true),
    ("break-pane", false),
    ("join-pane", true),
    ("swap-pane", false),
    ("select-pane", false),
    ("resize-pane", false),
    ("zoom", false),
    ("select-layout", false),
    ("title", false),
    ("copy-mode", false),
    ("buffer", false),
];

impl Run {
    /// One operation, on what the bridge knows now; tmux may refuse it, if that is old by then.
    async fn step(&mut self, bridge: &LiveBridge, server: &TmuxServer) {
        let (kind, changes_links) = KINDS[self.random.below(KINDS.len())];
        if changes_links || self.random.below(8) == 0 {
            synced(bridge, server).await;
        }
        let state = bridge.state();
        let Some(arguments) = self.arguments(kind, &state) else {
            return;
        };
        let output = server.try_run(&arguments).expect("tmux answers");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !said.contains("server exited"),
            "{arguments:?} ended the server after {:?}",
            self.done
        );
        if output.status.success() {
            *self.done.entry(kind).or_default() += 1;
        }
        if changes_links {
            synced(bridge, server).await;
        }
    }

    fn arguments(&mut self, kind: &str, state: &State) -> Option<Vec<String>> {
        let session = self.pick(state.sessions.keys().copied())?;
        let window = self.pick(state.windows.keys().copied())?;
        let other = self.pick(state.windows.keys().copied())?;
        let pane = self.pick(state.panes.keys().copied())?;
        let beside = self.pick(state.panes.keys().copied())?;
        let place = self.place(state)?;
        let name = self.name();
        let keep = state.session_named("keep")?;
        let is_kept = |window: WindowId| keep.windows.values().any(|kept| *kept == window);
        let kept_pane = is_kept(state.panes[&pane].window);
        let words: Vec<String> = match kind {
            "new-session" => line(&["new-session", "-d", "-s", &name, "exec cat"]),
            "new-grouped-session" => {
                line(&["new-session", "-d", "-s", &name, "-t", &session.to_string()])
            }
            "kill-session" if session != keep.id => {
                line(&["kill-session", "-t", &session.to_string()])
            }
            "rename-session" if session != keep.id => {
                line(&["rename-session", "-t", &session.to_string(), &name])
            }
            "new-window" => line(&[
                "new-window",
                "-d",
                "-t",
                &format!("{session}:"),
                "-n",
                &name,
                "exec cat",
            ]),
            "kill-window" if !is_kept(window) => line(&["kill-window", "-t", &window.to_string()]),
            "rename-window" => line(&["rename-window", "-t", &window.to_string(), &name]),
            "move-window" => {
                let index = self.random.below(12).to_string();
                line(&[
                    "move-window",
                    "-d",
                    "-s",
                    &place,
                    "-t",
                    &format!("{}:{index}", session_of(&place)),
                ])
            }
            "move-window-away" => line(&[
                "move-window",
                "-d",
                "-s",
                &place,
                "-t",
                &format!("{session}:"),
            ]),
            "swap-window" => line(&[
                "swap-window",
                "-d",
                "-s",
                &window.to_string(),
                "-t",
                &other.to_string(),
            ]),
            "link-window" => line(&[
                "link-window",
                "-d",
                "-s",
                &window.to_string(),
                "-t",
                &format!("{session}:"),
            ]),
            "unlink-window" => line(&["unlink-window", "-t", &place]),
            "select-window" => line(&["select-window", "-t", &place]),
            "split-window" => line(&["split-window", "-d", "-t", &pane.to_string(), "exec cat"]),
            "kill-pane" if !kept_pane => line(&["kill-pane", "-t", &pane.to_string()]),
            "break-pane" if !kept_pane => line(&["break-pane", "-d", "-s", &pane.to_string()]),
            "join-pane" if !kept_pane => line(&[
                "join-pane",
                "-d",
                "-s",
                &pane.to_string(),
                "-t",
                &beside.to_string(),
            ]),
            "swap-pane" => line(&[
                "swap-pane",
                "-d",
                "-s",
                &pane.to_string(),
                "-t",
                &beside.to_string(),
            ]),
            "select-pane" => line(&["select-pane", "-t", &pane.to_string()]),
            "resize-pane" => line(&["resize-pane", "-t", &pane.to_string(), "-R", "3"]),
            "zoom" => line(&["resize-pane", "-Z", "-t", &pane.to_string()]),
            "select-layout" => {
                let layouts = ["even-horizontal", "even-vertical", "main-vertical", "tiled"];
                line(&[
                    "select-layout",
                    "-t",
                    &window.to_string(),
                    layouts[self.random.below(4)],
                ])
            }
            "title" => line(&["select-pane", "-t", &pane.to_string(), "-T", &name]),
            "copy-mode" => self.mode(pane, state),
            "buffer" => line(&[
                "set-buffer",
                "-b",
                &format!("b{}", self.random.below(5)),
                &name,
            ]),
            _ => return None,
        };
        Some(words)
    }

    fn mode(&mut self, pane: PaneId, state: &State) -> Vec<String> {
        if state.panes[&pane].mode.is_some() {
            line(&["send-keys", "-t", &pane.to_string(), "-X", "cancel"])
        } else {
            line(&["copy-mode", "-t", &pane.to_string()])
        }
    }

    /// A window by the session that links it and its index there.
    fn place(&mut self, state: &State) -> Option<String> {
        let places = state
            .sessions
            .values()
            .filter(|session| &*session.name != "keep");
        let places =
            places.flat_map(|session| session.windows.keys().map(|index| (session.id, *index)));
        let (session, index) = self.pick(places.collect::<Vec<(SessionId, u32)>>().into_iter())?;
        Some(format!("{session}:{index}"))
    }

    fn pick<T>(&mut self, from: impl Iterator<Item = T>) -> Option<T> {
        let mut from: Vec<T> = from.collect();
        (!from.is_empty()).then(|| from.swap_remove(self.random.below(from.len())))
    }

    /// A name that was never used, with what names can hold.
    fn name(&mut self) -> String {
        self.names += 1;
        let dressing = ["", " b", "|=", "\u{e9}\u{4e2d}", "'\"", "$x", "#{pane_id}"];
        format!(
            "n{}{}",
            self.names,
            dressing[self.random.below(dressing.len())]
        )
    }
}

fn session_of(place: &str) -> &str {
    place.split(':').next().unwrap_or_default()
}

fn line(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
