//! A pane that is opened at any moment shows what tmux does, and goes on so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use muxwire::bridge::{Key, PaneView, ScreenError};
use muxwire::hub::{Next, Reader};
use muxwire::ids::PaneId;
use muxwire::model::ChangeKind;
use muxwire::screen::Assumed;
use tokio::time::timeout;

use crate::support::bridge::LiveBridge;
use crate::support::terminal::Terminal;
use crate::support::{Program, SOON, TmuxServer, for_each_version_async};

/// How long muxwire looks for an exact place in the stream.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What each program prints last.
const END: &str = "THE END";

/// A bridge on a server of its own, with a pane that waits for Enter, runs a shell command, says the end and stays.
struct Scene {
    server: TmuxServer,
    bridge: LiveBridge,
    pane: PaneId,
    /// The end of what it has printed, as far as that was waited for.
    printed: Vec<u8>,
}

impl Scene {
    /// The pane comes after the links, so that it is seen from its first byte on.
    async fn new(program: &Program, command: &str) -> Self {
        let server = TmuxServer::start(program);
        server.run(["set-option", "-g", "remain-on-exit", "on"]);
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let mut scene = Self {
            server,
            bridge,
            pane: PaneId(0),
            printed: Vec::new(),
        };
        // A listing that was asked for after the links had come; what comes after it is new.
        scene.open("true").await;
        scene.pane = scene.open(command).await;
        scene
    }

    /// One more pane, in a window of its own.
    async fn open(&self, command: &str) -> PaneId {
        let command = format!("stty -echo; read go; {command}; printf '{END}'; exec cat");
        let pane = self.server.new_window(&command);
        self.bridge
            .until("a new pane", |state| state.panes.contains_key(&pane))
            .await;
        pane
    }

    async fn go(&self, pane: PaneId) {
        let enter = vec![Key::Named("Enter".to_owned())];
        self.bridge.input(pane, enter, false).await.unwrap();
    }

    /// Opens the pane; the reader stands where the view goes on, or before.
    async fn open_view(&self) -> (PaneView, Reader) {
        let reader = self.bridge.hub.reader();
        (self.bridge.view(self.pane, 100).await.unwrap(), reader)
    }

    /// Follows an opened pane until it has printed the end; opens it again after each gap.
    async fn follow(&self, opened: (PaneView, Reader)) -> Terminal {
        let (view, mut reader) = opened;
        let mut seen = Seen::new(&view);
        while !seen.tail.ends_with(END.as_bytes()) {
            if seen.read(self.pane, &mut reader).await {
                let (view, later) = self.open_view().await;
                (seen, reader) = (Seen::new(&view), later);
            }
        }
        seen.terminal
    }

    /// Waits for some more output of the pane, or for its last: on a busy machine much of it comes in few events.
    async fn some_output(&mut self, events: usize) {
        let pane = self.pane;
        for _ in 0..events {
            if self.printed.ends_with(END.as_bytes()) {
                return;
            }
            let printed = |kind: &ChangeKind| matches!(kind, ChangeKind::PaneOutput { .. });
            let event = self
                .bridge
                .event("output", |event| {
                    event.change.pane == Some(pane) && printed(&event.change.kind)
                })
                .await;
            if let ChangeKind::PaneOutput { bytes, .. } = &event.change.kind {
                self.printed.extend_from_slice(bytes);
                let excess = self.printed.len().saturating_sub(END.len());
                self.printed.drain(..excess);
            }
        }
    }

    /// The screen of a terminal that followed is that of one that comes now, which is tmux's own.
    async fn compare(&self, followed: &Terminal, what: &str) {
        let (view, _) = self.open_view().await;
        assert!(view.snapshot.exact, "{what}: nothing happens any more");
        let fresh = terminal(&view);
        let pane = self.pane.to_string();
        let captured = self.server.run(["capture-pane", "-p", "-t", &pane]);
        let captured: Vec<&str> = captured.lines().map(str::trim_end).collect();
        assert_eq!(fresh.text(), captured, "{what}: text");
        assert_eq!(followed.looks(0), fresh.looks(0), "{what}: looks");
        assert_eq!(followed.cursor(), fresh.cursor(), "{what}: cursor");
        assert_eq!(followed.state(), fresh.state(), "{what}: state");
    }
}

/// A terminal and the stream that it has read.
struct Seen {
    terminal: Terminal,
    offset: u64,
    tail: Vec<u8>,
}

impl Seen {
    fn new(view: &PaneView) -> Self {
        let terminal = terminal(view);
        // A program that draws the whole screen leaves it anywhere.
        let ended = terminal.text().concat().contains(END);
        Self {
            terminal,
            offset: view.offset,
            tail: if ended { END.into() } else { Vec::new() },
        }
    }

    /// Reads the next event. `true` if bytes were lost.
    async fn read(&mut self, pane: PaneId, reader: &mut Reader) -> bool {
        let event = match reader.pull() {
            Next::Event(event) => event,
            Next::Head => {
                let more = timeout(SOON, reader.readable()).await;
                assert!(
                    more.is_ok(),
                    "{pane} prints no more: {}",
                    self.terminal.text().join("|")
                );
                return false;
            }
            Next::Archived(_) | Next::Evicted => panic!("the test's history is too short"),
        };
        if event.change.pane != Some(pane) {
            return false;
        }
        match &event.change.kind {
            ChangeKind::PaneOutput { offset, bytes } => {
                let known = self.offset.saturating_sub(*offset).min(bytes.len() as u64);
                let bytes = &bytes[usize::try_from(known).unwrap()..];
                if !bytes.is_empty() {
                    assert_eq!(
                        offset + known,
                        self.offset,
                        "nothing is missing in the stream"
                    );
                }
                self.terminal.feed(bytes);
                self.offset += bytes.len() as u64;
                self.tail.extend_from_slice(bytes);
                let excess = self.tail.len().saturating_sub(100);
                self.tail.drain(..excess);
                false
            }
            ChangeKind::PaneGap { offset, .. } => *offset >= self.offset,
            _ => false,
        }
    }
}

fn terminal(view: &PaneView) -> Terminal {
    let snapshot = &view.snapshot;
    let mut terminal = Terminal::new(snapshot.cols, snapshot.rows);
    terminal.feed(&snapshot.replay(view.scrollback as usize));
    view.since.iter().for_each(|bytes| terminal.feed(bytes));
    terminal
}

/// Lines with colours, one every 10 ms.
const STEADY: &str = "i=0; while [ $i -lt 120 ]; do i=$((i+1)); \
    printf 'line %s \\033[3%sm\\303\\251\\033[4%smcolour\\033[K\\033[m\\r\\n' $i $((i%8)) $((i%7)); sleep 0.01; done";

/// Some megabytes at once.
const FLOOD: &str =
    "seq -f '%g \u{e9}\u{20ac}\u{1f600} 0123456789012345678901234567890123456789' 1 150000";

/// A full-screen program that never pauses for long.
const FULL_SCREEN: &str = "printf 'before\\r\\n\\033[1;34m\\033[?1049h\\033[?25l\\033[2;20r'; i=0; \
    while [ $i -lt 60 ]; do i=$((i+1)); printf '\\033[%s;%sH\\033[7m%s\\033[0;32m' $((i%24+1)) $((i%70+1)) $i; sleep 0.01; done";

#[test]
fn a_client_that_opens_a_pane_that_prints_sees_it_exactly() {
    for_each_version_async(async |program| {
        for (name, command) in [
            ("steady", STEADY),
            ("full screen", FULL_SCREEN),
            ("flood", FLOOD),
        ] {
            let mut scene = Scene::new(&program, command).await;
            scene.go(scene.pane).await;
            let mut opened = Vec::new();
            for _ in 0..5 {
                scene.some_output(7).await;
                let since = Instant::now();
                let (view, reader) = scene.open_view().await;
                // What a busy machine does not answer in time is shown as it is, and says so.
                let exact = view.snapshot.exact;
                assert!(exact || since.elapsed() >= PATIENCE, "{name}: not exact");
                opened.push((view, reader));
            }
            let mut exact = 0;
            for opened in opened {
                let sure = opened.0.snapshot.exact;
                let terminal = scene.follow(opened).await;
                if sure {
                    exact += 1;
                    scene.compare(&terminal, name).await;
                }
            }
            eprintln!("tmux {} {name}: {exact} of 5 exact", program.version);
            scene.bridge.stop().await;
        }
    });
}

#[test]
fn a_pane_beside_floods_is_shown_exactly_or_says_that_it_is_not() {
    for_each_version_async(async |program| {
        let mut scene = Scene::new(&program, STEADY).await;
        for _ in 0..2 {
            let flood = scene.open(FLOOD).await;
            scene.go(flood).await;
        }
        scene.go(scene.pane).await;
        let mut opened = Vec::new();
        for _ in 0..5 {
            scene.some_output(7).await;
            opened.push(scene.open_view().await);
        }
        let exact = opened
            .iter()
            .filter(|(view, _)| view.snapshot.exact)
            .count();
        eprintln!("tmux {} beside floods: {exact} of 5 exact", program.version);
        for opened in opened {
            let sure = opened.0.snapshot.exact;
            let terminal = scene.follow(opened).await;
            if sure {
                scene.compare(&terminal, "beside floods").await;
            }
        }
        scene.bridge.stop().await;
    });
}

#[test]
fn an_idle_pane_is_captured_once_for_all() {
    for_each_version_async(async |program| {
        let scene = Scene::new(&program, "printf 'one\\r\\ntwo\\033[31m red'").await;
        scene.go(scene.pane).await;
        let (view, reader) = scene.open_view().await;
        let terminal = scene.follow((view, reader)).await;
        scene.compare(&terminal, "idle").await;
        let (first, _) = scene.open_view().await;
        let (second, _) = scene.open_view().await;
        assert!(Arc::ptr_eq(&first.snapshot, &second.snapshot));
        let snapshot = &first.snapshot;
        assert!(snapshot.exact);
        // Whatever the version, it was seen from the first byte on.
        assert_eq!(snapshot.assumed, [], "tmux {}", program.version);
        let keys = vec![Key::Text("typed".into()), Key::Named("Enter".to_owned())];
        let mut bridge = scene.bridge;
        bridge.input(scene.pane, keys, false).await.unwrap();
        bridge.output(scene.pane, "typed").await;
        let later = bridge.view(scene.pane, 0).await.unwrap();
        assert!(
            Arc::ptr_eq(snapshot, &later.snapshot),
            "with the bytes since"
        );
        let before = first.since.concat();
        assert_eq!(later.since.concat(), [&before[..], b"typed\r\n"].concat());
        assert_eq!(later.offset, first.offset + 7);
        let gone = bridge.view(PaneId(99), 0).await;
        assert_eq!(gone.err(), Some(ScreenError::NoSuchPane));
        bridge.stop().await;
    });
}

#[test]
fn regression_the_widths_of_tabs_that_flowed_anew_are_assumed() {
    for_each_version_async(async |program| {
        let text = format!("printf '{}\\txy\\r\\n'", "0123456789abcdef012".repeat(4));
        let scene = Scene::new(&program, &text).await;
        let pane = scene.pane.to_string();
        scene.go(scene.pane).await;
        let opened = scene.open_view().await;
        scene.follow(opened).await;
        let (before, _) = scene.open_view().await;
        assert_eq!(before.snapshot.assumed, [], "tmux {}", program.version);
        scene.server.run(["resize-window", "-t", &pane, "-x", "60"]);
        let id = scene.pane;
        scene
            .bridge
            .until("the size", |state| state.panes[&id].width == 60)
            .await;
        // The tab was three columns wide, up to the edge, and keeps that where there are more to the next stop.
        let (after, _) = scene.open_view().await;
        let captured = scene.server.run(["capture-pane", "-p", "-t", &pane]);
        let expected: &[Assumed] = match captured.contains('\t') {
            true => &[Assumed::Tabs],
            false => &[],
        };
        assert_eq!(after.snapshot.assumed, expected, "tmux {}", program.version);
        scene.bridge.stop().await;
    });
}
