//! The first moment of a pane: what it prints before anybody listens is published as a gap, and then shown.
//!
//! `MUXWIRE_SEED` repeats a run.

use std::collections::BTreeSet;
use std::time::Duration;

use muxwire::bridge::{Attach, PaneView, ScreenError, Settings};
use muxwire::hub::{Next, Published};
use muxwire::ids::{PaneId, Seq, WindowId};
use muxwire::model::{Audience, ChangeKind, State};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::random::Random;
use crate::support::{SOON, TmuxServer, for_each_version_async, pause, signal, wait_until_async};

/// How many lines of history a view is asked for: as many as a fresh snapshot behind a gap brings.
const SCROLLBACK: u32 = 2000;

/// The lines of a numbered program.
const LINES: u32 = 40;

/// A program that numbers its lines from its first write on, and stays.
fn numbered(label: char) -> String {
    let line = format!("i=$((i+1)); echo {label}$i.; sleep 0.01");
    format!("i=0; while [ $i -lt {LINES} ]; do {line}; done; exec cat")
}

/// All that a view shows, one line of the pane a line.
fn shown(view: &PaneView) -> String {
    let snapshot = &view.snapshot;
    let screen = snapshot.scrollback.iter().chain(&snapshot.primary);
    let mut text: Vec<u8> = screen
        .flat_map(|line| line.iter().copied().chain(*b"\n"))
        .collect();
    text.extend(view.since.concat());
    String::from_utf8_lossy(&text).replace('\r', "")
}

/// The events of a pane so far: its output, with a mark at each gap.
fn published(bridge: &LiveBridge, pane: PaneId) -> String {
    let first = bridge.hub.position_at(Seq(0));
    let mut reader = bridge.hub.position(&first).unwrap();
    let mut text = Vec::new();
    while let Next::Event(event) = reader.pull() {
        if event.change.pane == Some(pane) {
            match &event.change.kind {
                ChangeKind::PaneOutput { bytes, .. } => text.extend_from_slice(bytes),
                ChangeKind::PaneGap { .. } => text.extend_from_slice(b"\n<gap>\n"),
                _ => {}
            }
        }
    }
    String::from_utf8_lossy(&text).replace('\r', "")
}

fn lines_of(text: &str, label: char) -> BTreeSet<u32> {
    let numbers = text.lines().filter_map(|line| {
        let number = line.trim().strip_prefix(label)?.strip_suffix('.')?;
        number.parse().ok()
    });
    numbers.collect()
}

/// Each line that the stream lacks lies in a gap of it, and shows.
fn nothing_is_lost_without_a_gap(published: &str, shown: &str, label: char, what: &str) {
    let visible = lines_of(shown, label);
    let mut next = 1;
    let mut in_gap = false;
    for line in published.lines().chain(["<gap>", "the end"]) {
        in_gap |= line == "<gap>";
        let number = lines_of(line, label).first().copied();
        let number = number.or_else(|| (line == "the end").then_some(LINES + 1));
        let Some(number) = number else { continue };
        for missing in next..number {
            assert!(
                in_gap,
                "{what}: {label}{missing} is lost without a gap in {published}"
            );
            let is_shown = visible.contains(&missing);
            assert!(
                is_shown,
                "{what}: {label}{missing} is neither in {published} nor in {shown}"
            );
        }
        (next, in_gap) = (next.max(number + 1), false);
    }
}

/// Waits until a pane has shown its last line, and checks all of them.
async fn check(bridge: &LiveBridge, pane: PaneId, label: char, what: &str) {
    let last = format!("{label}{LINES}.");
    let view = loop {
        match bridge.view(pane, SCROLLBACK).await {
            Ok(view) if shown(&view).contains(&last) => break view,
            // A test that kills links asks again, as clients do.
            Ok(_) | Err(ScreenError::Unavailable) => {}
            Err(error) => panic!("{what}: {error}"),
        }
        pause(Duration::from_millis(20)).await;
    };
    nothing_is_lost_without_a_gap(&published(bridge, pane), &shown(&view), label, what);
}

fn pane_of(server: &TmuxServer, arguments: &[&str]) -> PaneId {
    let (command, rest) = arguments.split_first().unwrap();
    let mut all = vec![*command, "-d", "-P", "-F", "#{pane_id}"];
    all.extend(rest);
    server.run(all).trim().parse().unwrap()
}

#[test]
fn regression_what_a_new_session_prints_at_once_is_published_and_shown() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let gaps = bridge.counters.counts().gaps;
        let program = "echo EARLY; read go; echo LATE; exec cat";
        let session = ["new-session", "-s", "early", program];
        let pane = pane_of(&server, &session);
        let is_gap = |kind: &ChangeKind| {
            matches!(
                kind,
                ChangeKind::PaneGap {
                    offset: 0,
                    bytes: None
                }
            )
        };
        bridge
            .event("the gap", |event| {
                event.change.pane == Some(pane) && is_gap(&event.change.kind)
            })
            .await;
        assert!(bridge.counters.counts().gaps > gaps);
        server.run(["send-keys", "-t", &pane.to_string(), "Enter"]);
        bridge.output(pane, "LATE").await;
        let seen = shown(&bridge.view(pane, SCROLLBACK).await.unwrap());
        assert!(seen.contains("EARLY") && seen.contains("LATE"), "{seen}");
    });
}

#[test]
fn regression_who_opens_a_pane_at_once_holds_what_it_printed_before() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let served = bridge.serve().await;
        let mut client = served.client().await;
        client
            .ask(json!({ "action": "subscribe" }), "subscribed")
            .await;
        // More than a screen, so that the first lines are in the history only.
        let text = "echo EARLY; seq 60; read go; echo LATE; exec cat";
        let pane = pane_of(&server, &["new-session", "-s", "early", text]).to_string();
        while client.find("pane.created").await["pane"] != *pane {}
        client
            .send(json!({ "action": "open", "target": { "pane": pane } }))
            .await;
        let mut held = String::new();
        let (mut published, mut typed, mut asked) = (false, false, false);
        while !(published && held.contains("EARLY") && held.contains("LATE")) {
            let message = client.next().await;
            let data = &message["data"];
            let of = |text: &Value| text.as_str().unwrap_or_default().to_owned();
            match message["type"].as_str().unwrap() {
                // Each replay begins with a reset, which takes what was held.
                "pane.scrollback" if message["page"] == 0 => held = of(&message["replay"]),
                "pane.snapshot" if data["scrollback"]["pages"] == 0 => held = of(&data["replay"]),
                "pane.snapshot" => held.push_str(&of(&data["replay"])),
                "pane.output" if message["pane"] == *pane => held.push_str(&of(&data["content"])),
                "pane.gap" => published |= message["pane"] == *pane,
                // The gap was published before: who opens a pane behind it asks for what it may have swallowed.
                "opened" if published && !asked => {
                    asked = true;
                    let target = json!({ "pane": pane });
                    let open =
                        json!({ "action": "open", "target": target, "scrollback": SCROLLBACK });
                    client.send(open).await;
                }
                _ => {}
            }
            if held.contains("EARLY") && !typed {
                typed = true;
                server.run(["send-keys", "-t", &pane, "Enter"]);
            }
        }
    });
}

#[test]
fn regression_a_session_that_goes_soon_is_published_with_what_is_missing() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        // It goes as soon as it is published, whether a link has come by then or not.
        let session = ["new-session", "-s", "quick", "echo quick; read go"];
        let pane = pane_of(&server, &session);
        let mut kinds = Vec::new();
        while kinds.last() != Some(&"session.removed") {
            let event = bridge
                .event("the end of the session", |event| {
                    let kind = event.change.kind.label();
                    event.change.pane == Some(pane) || kind.starts_with("session.")
                })
                .await;
            kinds.push(event.change.kind.label());
            if kinds.last() == Some(&"pane.created") {
                server.run(["send-keys", "-t", &pane.to_string(), "Enter"]);
            }
        }
        for kind in [
            "session.created",
            "pane.created",
            "pane.gap",
            "pane.removed",
        ] {
            assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
        }
    });
}

#[test]
fn regression_sessions_of_a_moment_are_published_each() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        for number in 0..10 {
            let name = format!("moment{number}");
            let session = ["new-session", "-d", "-P", "-F", "#{window_id}", "-s", &name];
            let window = server.run([&session[..], &["echo hi; sleep 0.02"]].concat());
            let window: WindowId = window.trim().parse().unwrap();
            let of_window = |event: &Published| match &event.change.kind {
                ChangeKind::WindowMissed { window: missed } => *missed == window,
                ChangeKind::WindowCreated {
                    window: created, ..
                } => created.id == window,
                _ => false,
            };
            bridge.event("an event of the window", of_window).await;
        }
    });
}

#[test]
fn regression_panes_of_a_moment_are_published_with_what_they_printed() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let window = *bridge.state().windows.keys().next().unwrap();
        for _ in 0..5 {
            let split = ["split-window", "-d", "-P", "-F", "#{pane_id}"];
            let pane = server.run([&split[..], &["printf 'bye\\a'"]].concat());
            let pane: PaneId = pane.trim().parse().unwrap();
            // Nothing else happens, so nothing else asks for a listing.
            let mut published = Vec::new();
            while !matches!(published.last(), Some(&("pane.missed" | "pane.removed"))) {
                let of_pane = |event: &Published| event.change.pane == Some(pane);
                let event = bridge.event("an event of the pane", of_pane).await;
                let Audience::Places(places) = &event.change.audience else {
                    panic!("{:?}", event.change);
                };
                let shown: Vec<_> = places.iter().filter_map(|place| place.window).collect();
                assert_eq!(shown, [(window, 0)], "{:?}", event.change);
                published.push(event.change.kind.label());
            }
            // tmux may drop what it has not sent of a pane that ends, and that is a gap.
            let output = ["pane.output", "pane.bell"].map(|kind| published.contains(&kind));
            assert!(
                output == [true, true] || published.contains(&"pane.gap"),
                "{published:?}"
            );
        }
    });
}

#[test]
fn regression_a_new_window_in_a_session_that_is_watched_has_no_gap() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let first = server.new_window("exec cat");
        let known = |state: &State| state.panes.contains_key(&first);
        bridge.until("a new pane", known).await;
        let gaps = bridge.counters.counts().gaps;
        let pane = server.new_window("echo EARLY; exec cat");
        let printed = bridge.output(pane, "EARLY").await;
        assert!(printed.starts_with("EARLY"), "{printed}");
        assert_eq!(bridge.counters.counts().gaps, gaps);
    });
}

#[test]
fn regression_panes_that_were_there_before_muxwire_begin_with_a_gap() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let panes: Vec<PaneId> = (0..20)
            .map(|number| {
                let name = format!("agent{number}");
                pane_of(&server, &["new-session", "-s", &name, &numbered('x')])
            })
            .collect();
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        for pane in panes {
            assert!(published(&bridge, pane).contains("<gap>"), "{pane}");
            check(&bridge, pane, 'x', "before the start").await;
        }
    });
}

#[test]
fn regression_a_pane_that_is_first_listed_at_the_attachment_begins_with_a_gap() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let settings = Settings {
            attach: Attach::OnDemand {
                grace: Duration::from_secs(1),
            },
            ..SETTINGS
        };
        let bridge = LiveBridge::start_with(server.tmux().await, settings, None);
        bridge
            .until("a look", |state| !state.panes.is_empty())
            .await;
        let pane = pane_of(&server, &["new-window", "-t", "=main:", &numbered('x')]);
        let listener = bridge.handle.demand().listen();
        wait_until_async("the gap", SOON, || {
            published(&bridge, pane).contains("<gap>")
        })
        .await;
        check(&bridge, pane, 'x', "first listed at the attachment").await;
        drop(listener);
    });
}

/// How a pane comes to where it prints.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// In a session of its own.
    Session,
    /// In a window of a session that is watched.
    Window,
    /// Beside a pane of such a window.
    Split,
    /// In place of a process that has ended.
    Respawned,
    /// In a new session, from which its window is moved at once.
    WindowMoved,
    /// In a new session, and its window is linked into another one at once.
    WindowLinked,
    /// In a new session, from which it is joined to another window at once.
    PaneJoined,
    /// In a session of its own, while links are killed.
    LinksKilled,
}

const WAYS: [Way; 8] = [
    Way::Session,
    Way::Window,
    Way::Split,
    Way::Respawned,
    Way::WindowMoved,
    Way::WindowLinked,
    Way::PaneJoined,
    Way::LinksKilled,
];

/// Lets a pane come in this way, running this program.
async fn come(
    server: &TmuxServer,
    bridge: &LiveBridge,
    way: Way,
    name: &str,
    random: &mut Random,
) -> PaneId {
    let program = numbered('n');
    let jitter = Duration::from_millis(random.next() % 80);
    let of_session = |program: &str| {
        let size = ["-x", "80", "-y", "24", program];
        pane_of(server, &[&["new-session", "-s", name][..], &size].concat())
    };
    let window = |program: &str| pane_of(server, &["new-window", "-t", "=main:", program]);
    let into_main = async |command: [&str; 4], source: String| {
        pause(jitter).await;
        server.run([&command[..1], &["-d", command[1], &source], &command[2..]].concat());
    };
    match way {
        Way::Session => of_session(&program),
        Way::Window => window(&program),
        Way::Split => {
            let beside = window("exec cat").to_string();
            pane_of(server, &["split-window", "-t", &beside, &program])
        }
        Way::Respawned => {
            let pane = window("exec cat");
            bridge
                .until("the pane", |state| state.panes.contains_key(&pane))
                .await;
            pause(jitter).await;
            server.run(["respawn-pane", "-k", "-t", &pane.to_string(), &program]);
            pane
        }
        Way::WindowMoved | Way::WindowLinked | Way::PaneJoined => {
            let beside = window("exec cat").to_string();
            let pane = of_session(&program);
            // The session stays when its window goes.
            server.run(["new-window", "-d", "-t", &format!("={name}:"), "exec cat"]);
            let command = match way {
                Way::WindowMoved => ["move-window", "-s", "-t", "=main:"],
                Way::WindowLinked => ["link-window", "-s", "-t", "=main:"],
                _ => ["join-pane", "-s", "-t", &beside],
            };
            into_main(command, pane.to_string()).await;
            pane
        }
        Way::LinksKilled => {
            let pane = of_session(&program);
            for _ in 0..3 {
                pause(jitter).await;
                let links = server.clients();
                if !links.is_empty() {
                    signal(links[random.below(links.len())], Signal::KILL);
                }
            }
            pane
        }
    }
}

#[test]
fn each_line_that_a_pane_prints_is_in_its_stream_or_shows_behind_a_gap() {
    let seed = std::env::var("MUXWIRE_SEED");
    let seed = seed.map_or_else(
        |_| u64::from(std::process::id()),
        |seed| seed.parse().unwrap(),
    );
    for_each_version_async(async |program| {
        eprintln!("tmux {}, MUXWIRE_SEED={seed}", program.version);
        let server = TmuxServer::start(&program);
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let mut random = Random::new(seed);
        let mut panes = Vec::new();
        for round in 0..3 {
            for way in WAYS {
                let name = format!("{way:?}{round}");
                let pane = come(&server, &bridge, way, &name, &mut random).await;
                panes.push((pane, name));
            }
        }
        for (pane, name) in panes {
            let known = |pane| bridge.state().panes.contains_key(&pane);
            wait_until_async("the pane is listed", SOON, || known(pane)).await;
            check(&bridge, pane, 'n', &format!("{name}, MUXWIRE_SEED={seed}")).await;
        }
    });
}
