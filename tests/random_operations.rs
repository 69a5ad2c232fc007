//! Random operations on a real tmux: what a client folds from the events is what tmux lists at the end, and the
//! reconciler, which checks all the while, finds nothing that was missed.
//!
//! `MUXWIRE_OPERATIONS` sets how many operations each version gets, `MUXWIRE_SEED` repeats a run.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};
use std::time::Duration;

use muxwire::bridge::Settings;
use muxwire::ids::SessionId;
use muxwire::model::State;
use muxwire::tmux::Version;
use serde_json::{Value, json};

use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::fold::Folded;
use crate::support::listed::{checked, synced, synced_or_gone};
use crate::support::random::Random;
use crate::support::relayed::control_client;
use crate::support::server::Client;
use crate::support::{
    KillOnDrop, Program, SOON, TmuxServer, for_each_version_at_once_async, wait_until,
};

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
    for_each_version_at_once_async(async |program| {
        eprintln!(
            "{operations} operations on tmux {}, MUXWIRE_SEED={seed}",
            program.version
        );
        let server = prepared(&program);
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
            asked: Vec::new(),
        };
        let mut lives = true;
        for _ in 0..operations {
            lives = lives && run.step(&bridge, &server).await;
        }
        let synced = match lives {
            true => synced_or_gone(&bridge, &server).await,
            false => None,
        };
        let Some(state) = synced else {
            let last = run.asked.last();
            assert!(
                dies_of_itself(&program, &run.asked),
                "{last:?} ended the server after {:?}, and does not without muxwire: {}",
                run.done,
                server.state()
            );
            eprintln!("  tmux died of {last:?}, without muxwire too: CUT SHORT");
            return bridge.stop().await;
        };
        checked(&bridge).await;

        let mut client = served.client().await;
        let (snapshot, replayed) = everything(&mut client).await;
        let missed = missed(&replayed, &program.version);
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

fn ended_the_server(output: &Output) -> bool {
    let error = String::from_utf8_lossy(&output.stderr);
    ["server exited", "no server running", "error connecting"]
        .iter()
        .any(|end| error.contains(end))
}

/// How often what ended a server is tried on another one: some of tmux's faults take a moment that doesn't always come.
const TRIES: usize = 10;

/// Whether a server dies of these operations with a single bare control client that asks for nothing: then the bug is
/// tmux's own, and anybody who attaches one will see it.
fn dies_of_itself(program: &Program, operations: &[Vec<String>]) -> bool {
    (0..TRIES).any(|_| dies_this_time(program, operations))
}

fn dies_this_time(program: &Program, operations: &[Vec<String>]) -> bool {
    let server = prepared(program);
    let mut bare = control_client(&server, ["-C", "attach-session", "-t", "keep"]);
    let bare = bare.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let _bare = KillOnDrop(bare.unwrap());
    let attached = || server.value("keep:", "#{session_attached}") == "1";
    wait_until("it is attached", SOON, attached);
    let last = line(&["list-sessions"]);
    operations.iter().chain([&last]).any(|operation| {
        let output = server.try_run(operation).expect("tmux answers");
        ended_the_server(&output)
    })
}

/// A server with the session that stays. Only what is asked for changes: no names that follow the commands.
fn prepared(program: &Program) -> TmuxServer {
    let server = TmuxServer::start(program);
    server.run(["set-option", "-g", "automatic-rename", "off"]);
    server.run(["new-session", "-d", "-s", "keep", "exec cat"]);
    server
}

/// The events that the reconciler had to find, without those that this tmux reports in no other way.
fn missed(events: &[Value], version: &Version) -> Vec<String> {
    let sampled = [
        "pane.title_changed",
        "pane.command_changed",
        "pane.path_changed",
    ];
    let excused = |event: &Value| match event["type"].as_str().unwrap() {
        "buffer.changed" | "buffer.deleted" => !version.reports_buffers(),
        kind => sampled.contains(&kind) && !version.has_subscriptions(),
    };
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

/// A run under way.
struct Run {
    random: Random,
    names: u32,
    /// How often tmux took each operation.
    done: BTreeMap<&'static str, usize>,
    /// All operations, as they were asked for.
    asked: Vec<Vec<String>>,
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
    /// One operation, on what the bridge knows now; tmux may refuse it, if that is old by then. False if it died of it.
    async fn step(&mut self, bridge: &LiveBridge, server: &TmuxServer) -> bool {
        let (kind, changes_links) = KINDS[self.random.below(KINDS.len())];
        if kind.starts_with("swap-") && !server.version().reports_swaps() {
            return true;
        }
        let is_looked_at = changes_links || self.random.below(8) == 0;
        if is_looked_at && synced_or_gone(bridge, server).await.is_none() {
            return false;
        }
        let state = bridge.state();
        let Some(arguments) = self.arguments(kind, &state) else {
            return true;
        };
        let output = server.try_run(&arguments).expect("tmux answers");
        self.asked.push(arguments);
        if ended_the_server(&output) {
            return false;
        }
        if output.status.success() {
            *self.done.entry(kind).or_default() += 1;
        }
        !changes_links || synced_or_gone(bridge, server).await.is_some()
    }

    /// The operation's command line, with targets that the bridge knows; nothing where it would end a kept session.
    fn arguments(&mut self, kind: &str, state: &State) -> Option<Vec<String>> {
        let of_session = self.on_session(kind, state);
        let of_window = of_session.or_else(|| self.on_window(kind, state));
        of_window.or_else(|| self.on_pane(kind, state))
    }

    fn on_session(&mut self, kind: &str, state: &State) -> Option<Vec<String>> {
        let id = self.pick(state.sessions.keys().copied())?;
        let kept = state.session_named("keep")?.id == id;
        let (id, name) = (id.to_string(), self.name());
        Some(match kind {
            "new-session" => line(&[kind, "-d", "-s", &name, "exec cat"]),
            "new-grouped-session" => line(&["new-session", "-d", "-s", &name, "-t", &id]),
            "kill-session" if !kept => line(&[kind, "-t", &id]),
            "rename-session" if !kept => line(&[kind, "-t", &id, &name]),
            "new-window" => line(&[kind, "-d", "-t", &format!("{id}:"), "-n", &name, "exec cat"]),
            "buffer" => line(&[
                "set-buffer",
                "-b",
                &format!("b{}", self.random.below(5)),
                &name,
            ]),
            _ => return None,
        })
    }

    fn on_window(&mut self, kind: &str, state: &State) -> Option<Vec<String>> {
        let session = self.pick(state.sessions.keys().copied())?;
        let id = self.pick(state.windows.keys().copied())?;
        let other = self.pick(state.windows.keys().copied())?.to_string();
        let place = self.place(state)?;
        let kept = state
            .session_named("keep")?
            .windows
            .values()
            .any(|window| *window == id);
        let (id, name, end) = (id.to_string(), self.name(), format!("{session}:"));
        let index = format!("{}:{}", session_of(&place), self.random.below(12));
        let layouts = ["even-horizontal", "even-vertical", "main-vertical", "tiled"];
        let layout = layouts[self.random.below(layouts.len())];
        Some(match kind {
            "kill-window" if !kept => line(&[kind, "-t", &id]),
            "rename-window" => line(&[kind, "-t", &id, &name]),
            "move-window" => line(&[kind, "-d", "-s", &place, "-t", &index]),
            "move-window-away" => line(&["move-window", "-d", "-s", &place, "-t", &end]),
            "swap-window" => line(&[kind, "-d", "-s", &id, "-t", &other]),
            "link-window" => line(&[kind, "-d", "-s", &id, "-t", &end]),
            "unlink-window" | "select-window" => line(&[kind, "-t", &place]),
            "select-layout" => line(&[kind, "-t", &id, layout]),
            _ => return None,
        })
    }

    fn on_pane(&mut self, kind: &str, state: &State) -> Option<Vec<String>> {
        let pane = self.pick(state.panes.keys().copied())?;
        let beside = self.pick(state.panes.keys().copied())?.to_string();
        let home = state.panes[&pane].window;
        let kept = state
            .session_named("keep")?
            .windows
            .values()
            .any(|window| *window == home);
        let (id, name) = (pane.to_string(), self.name());
        Some(match kind {
            "split-window" => line(&[kind, "-d", "-t", &id, "exec cat"]),
            "kill-pane" if !kept => line(&[kind, "-t", &id]),
            "break-pane" if !kept => line(&[kind, "-d", "-s", &id]),
            "join-pane" if !kept => line(&[kind, "-d", "-s", &id, "-t", &beside]),
            "swap-pane" => line(&[kind, "-d", "-s", &id, "-t", &beside]),
            "select-pane" => line(&[kind, "-t", &id]),
            "resize-pane" => line(&[kind, "-t", &id, "-R", "3"]),
            "zoom" => line(&["resize-pane", "-Z", "-t", &id]),
            "title" => line(&["select-pane", "-t", &id, "-T", &name]),
            "copy-mode" if state.panes[&pane].mode.is_some() => {
                line(&["send-keys", "-t", &id, "-X", "cancel"])
            }
            "copy-mode" => line(&[kind, "-t", &id]),
            _ => return None,
        })
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
