//! Programs of muxwire that print in panes of the tmux that they follow: none feeds itself, or another one.

use muxwire::hub::{HistoryLimits, Hub, PrintsIn};
use muxwire::ids::{Epoch, PaneId};
use serde_json::json;

use crate::support::program::Home;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::world::World;
use crate::support::{SOON, TmuxServer, any_program, for_each_version, wait_until};

/// So many times in a row nothing may be printed that was not asked for.
const QUIET: usize = 5;
/// So many times are tried until it is quiet.
const TRIES: usize = 60;

/// What a recording has once it receives what panes print: its second link has said something.
const FOLLOWED: &str = ",2,\"<\",";

/// The program in a pane, where a shell runs it.
struct InPane<'a> {
    tmux: &'a TmuxServer,
    pane: PaneId,
}

impl<'a> InPane<'a> {
    /// Runs it on this tmux server.
    fn start(tmux: &'a TmuxServer, before: &str, arguments: &str, after: &str) -> Self {
        let socket = tmux.socket().display().to_string();
        Self::run(tmux, before, &format!("{arguments} -S {socket}"), after)
    }

    /// Runs it in a window of its own. `before` goes before the program in the shell, `after` behind it.
    fn run(tmux: &'a TmuxServer, before: &str, arguments: &str, after: &str) -> Self {
        let home = Home::new();
        let command = home.muxwire([""]);
        let program = command.get_program().to_str().unwrap();
        let of_tmux = tmux.program().path.display().to_string();
        let settings =
            format!("MUXWIRE_SERVER_TMUX={of_tmux} MUXWIRE_MONITORING_RECONCILE_INTERVAL=1d");
        let line = format!("{before} env {settings} {program} {arguments} {after}; exec cat");
        tmux.run(["set-option", "-g", "history-limit", "50000"]);
        let pane = tmux.new_window(&line);
        Self { tmux, pane }
    }

    /// All that the pane shows and has shown.
    fn text(&self) -> String {
        let pane = self.pane.to_string();
        self.tmux
            .run(["capture-pane", "-p", "-J", "-S", "-", "-t", &pane])
    }

    fn shows(&self, text: &str) {
        let what = format!("{text:?} in {}", self.pane);
        wait_until(&what, SOON, || self.text().contains(text));
    }

    /// How many of its lines hold what a pane prints.
    fn quotes(&self, pane: PaneId) -> usize {
        let text = self.text();
        let quotes = [
            format!("%output {pane} "),
            format!("%extended-output {pane} "),
        ];
        quotes.iter().map(|quote| text.matches(quote).count()).sum()
    }
}

/// Prints words, each as soon as all have recorded the one before, until nothing more is recorded of what these panes
/// print themselves.
fn nobody_is_fed(tmux: &TmuxServer, all: &[InPane<'_>]) {
    let quotes = || -> usize {
        let of = |one: &InPane<'_>| {
            all.iter()
                .map(|other| one.quotes(other.pane))
                .sum::<usize>()
        };
        all.iter().map(of).sum()
    };
    let (mut quiet, mut before) = (0, quotes());
    for round in 0..TRIES {
        let word = format!("word-{round}-of-{}", all.len());
        tmux.run(["send-keys", "-t", "%0", &word, "Enter"]);
        for one in all {
            one.shows(&word);
        }
        let now = quotes();
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
        if quiet == QUIET {
            return;
        }
    }
    let texts: Vec<String> = all.iter().map(InPane::text).collect();
    panic!("it never ends: {}", texts.join("\n---\n"));
}

#[test]
fn regression_recordings_printed_in_panes_of_what_they_record_do_not_feed_each_other() {
    for_each_version(|program| {
        let tmux = TmuxServer::start(program);
        // All that is recorded while the panes come to rest stays to be looked at.
        tmux.run(["set-option", "-g", "history-limit", "50000"]);
        let mut all = Vec::new();
        for (before, after) in [
            ("", ""),
            ("", "| cat"),
            ("env -u TMUX -u TMUX_PANE setsid -w", "| cat"),
        ] {
            let one = InPane::start(&tmux, before, "record", after);
            one.shows(FOLLOWED);
            all.push(one);
            nobody_is_fed(&tmux, &all);
            // What is left out is said.
            all.last().unwrap().shows("is left out");
        }
    });
}

#[test]
fn regression_a_recording_and_a_watcher_in_panes_do_not_feed_each_other() {
    let tmux = TmuxServer::start(any_program());
    let serving = Serving::start(&tmux, &["--no-auth"]);
    let watch = format!("watch --all --url ws://{}", serving.address);
    let mut all = Vec::new();
    for after in ["| cat", ""] {
        let recording = InPane::start(&tmux, "", "record", after);
        recording.shows(FOLLOWED);
        all.push(recording);
        let watching = InPane::run(&tmux, "", &watch, after);
        watching.shows("watching");
        all.push(watching);
        nobody_is_fed(&tmux, &all);
    }
}

#[test]
fn a_recording_has_its_own_pane_if_that_is_asked_for() {
    let tmux = TmuxServer::start(any_program());
    let one = InPane::start(&tmux, "", "record --include-own-pane --duration 2s", "");
    wait_until("its own output", SOON, || one.quotes(one.pane) > 0);
}

#[tokio::test]
async fn regression_a_log_in_a_pane_names_no_key_that_is_pressed() {
    let of_others = "info,tungstenite=trace,tokio_tungstenite=trace,mio=trace,hyper=trace";
    for (level, after) in [
        ("debug", ""),
        ("trace", ""),
        ("debug", "2>&1 | cat"),
        ("trace", "2>&1 | cat"),
        (of_others, ""),
    ] {
        let tmux = TmuxServer::start(any_program());
        let arguments =
            format!("serve --listen 127.0.0.1:0 --no-auth --log-level {level} --log-format text");
        let log = InPane::start(&tmux, "", &arguments, after);
        log.shows("/monitor");
        let text = log.text();
        let (_, address) = text.split_once("listening on ws://").unwrap();
        let (address, _) = address.split_once("/monitor").unwrap();
        let mut client = Client::connect(address.parse().unwrap()).await;
        client.expect("hello").await;
        client
            .ask(json!({ "action": "subscribe" }), "subscribed")
            .await;
        wait_until("the links", SOON, || tmux.clients().len() == 2);
        let mut printed = String::new();
        let (mut quiet, mut before) = (0, log.text());
        for round in 0..TRIES {
            let word = format!("word-{round}-");
            tmux.run(["send-keys", "-t", "%0", &word]);
            while !printed.contains(&word) {
                let output = client.find("pane.output").await;
                if output["pane"] == "%0" {
                    printed.push_str(output["data"]["content"].as_str().unwrap());
                }
            }
            let now = log.text();
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
            if quiet == QUIET {
                break;
            }
        }
        assert_eq!(quiet, QUIET, "{level} {after}: {before}");
    }
}

#[tokio::test]
async fn a_client_hides_no_pane_that_it_may_not_see() {
    let limits = HistoryLimits {
        bytes: 1 << 20,
        events: 100,
        age: std::time::Duration::from_secs(60),
    };
    let hub = Hub::new(limits, Epoch::new("e1").unwrap());
    let mut world = World::new();
    let (mine, theirs) = (world.session("mine"), world.session("theirs"));
    world.publish(&hub);
    let named = |pane: u32| PrintsIn {
        server: Some(4242),
        pane: Some(PaneId(pane)),
        processes: Vec::new(),
    };
    let descends = |pane: u32| PrintsIn {
        server: None,
        pane: None,
        processes: vec![1, 9000 + pane, 4242],
    };
    let only_mine = |name: &str| name == "mine";
    let printers = [
        hub.print_in(named(0), only_mine),
        hub.print_in(named(1), only_mine),
        hub.print_in(descends(1), only_mine),
    ];
    assert_eq!(hub.printed_in(), [PaneId(0)].into(), "{printers:?}");
    // A session that comes into the scope brings its panes, also by another name or as a second place.
    world.rename(theirs, "mine too");
    world.publish(&hub);
    assert_eq!(hub.printed_in(), [PaneId(0)].into());
    let window = world.state.panes[&PaneId(1)].window;
    world.link(mine, 7, window);
    world.publish(&hub);
    assert_eq!(hub.printed_in(), [PaneId(0), PaneId(1)].into());
    drop(printers);
    assert_eq!(
        hub.printed_in(),
        [].into(),
        "it lasts as long as the client"
    );
}
