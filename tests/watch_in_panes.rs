//! `muxwire watch` in panes of the tmux that it watches: what it prints there feeds neither itself nor another one.

use muxwire::ids::PaneId;
use serde_json::json;

use crate::support::bridge::LiveBridge;
use crate::support::program::Home;
use crate::support::{SOON, TmuxServer, any_program, for_each_version_async, wait_until_async};

/// A `watch` in a pane of its own.
struct Watching<'a> {
    tmux: &'a TmuxServer,
    pane: PaneId,
}

impl<'a> Watching<'a> {
    /// Starts it in a window of a session. `before` goes before the program in the shell, `after` behind it.
    async fn start(
        tmux: &'a TmuxServer,
        session: &str,
        (before, address, after): (&str, &str, &str),
    ) -> Self {
        let home = Home::new();
        let command = home.muxwire([""]);
        let program = command.get_program().to_str().unwrap();
        let line = format!("{before} {program} watch --url ws://{address} {after}; exec cat");
        let target = format!("={session}:");
        let format = "#{pane_id}";
        let printed = tmux.run(["new-window", "-d", "-P", "-F", format, "-t", &target, &line]);
        let watching = Self {
            tmux,
            pane: printed.trim().parse().unwrap(),
        };
        watching.shows("watching").await;
        watching
    }

    /// All that the pane shows and has shown.
    fn text(&self) -> String {
        let pane = self.pane.to_string();
        self.tmux
            .run(["capture-pane", "-p", "-J", "-S", "-", "-t", &pane])
    }

    async fn shows(&self, text: &str) {
        let what = format!("{text:?} in {}", self.pane);
        wait_until_async(&what, SOON, || self.text().contains(text)).await;
    }

    /// How many lines of its own show what a pane prints.
    fn quotes(&self, pane: PaneId) -> usize {
        let head = format!(".{pane} | ");
        let json = format!("\"pane\":\"{pane}\"");
        let quotes = |line: &&str| {
            let is_output = line.contains("pane.output") && line.contains(&json);
            is_output || line.contains(&head)
        };
        self.text().lines().filter(quotes).count()
    }
}

/// Prints some lines, each as soon as all have shown the one before, and looks whether any has shown what another prints.
async fn nobody_is_fed(tmux: &TmuxServer, all: &[Watching<'_>]) {
    for round in 0..10 {
        let word = format!("line-{round}-end");
        tmux.run(["send-keys", "-t", "%0", &word, "Enter"]);
        for watching in all {
            watching.shows(&word).await;
        }
    }
    for watching in all {
        for other in all {
            assert_eq!(watching.quotes(other.pane), 0, "{}", watching.text());
        }
    }
}

#[test]
fn regression_watchers_in_panes_of_what_they_watch_do_not_feed_on_themselves_or_each_other() {
    for_each_version_async(async |program| {
        let tmux = TmuxServer::start(&program);
        let bridge = LiveBridge::start(tmux.tmux().await);
        tmux.run(["new-session", "-d", "-t", "=main", "-s", "grouped"]);
        tmux.new_session("other", "exec cat");
        bridge.settled().await;
        let served = bridge.serve().await;
        let address = served.address.to_string();
        let mut all = Vec::new();
        for session in ["main", "grouped", "other"] {
            all.push(Watching::start(&tmux, session, ("", &address, "--all")).await);
            bridge.settled().await;
            nobody_is_fed(&tmux, &all).await;
        }
        // The same windows stand in another session as well.
        for watching in &all {
            let pane = watching.pane.to_string();
            tmux.run(["link-window", "-d", "-s", &pane, "-t", "=other:"]);
        }
        bridge.settled().await;
        nobody_is_fed(&tmux, &all).await;
    });
}

#[tokio::test]
async fn regression_a_watcher_is_known_without_the_variables_behind_a_pipe_and_as_a_program() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let address = served.address.to_string();
    let mut all = Vec::new();
    for (before, after) in [
        // As behind sudo, which clears the environment.
        ("env -u TMUX -u TMUX_PANE", ""),
        ("env -u TMUX -u TMUX_PANE setsid -w", ""),
        ("", "| cat"),
        ("", "--json"),
        ("", "--json | cat"),
    ] {
        all.push(Watching::start(&tmux, "main", (before, &address, after)).await);
    }
    bridge.settled().await;
    nobody_is_fed(&tmux, &all).await;
}

#[tokio::test]
async fn regression_who_asks_for_its_own_pane_gets_it_and_others_still_leave_it_out() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let address = served.address.to_string();
    let left_out = Watching::start(&tmux, "main", ("", &address, "")).await;
    let only = "--include-own-pane --session other";
    tmux.new_session("other", "exec cat");
    bridge.settled().await;
    let asked = Watching::start(&tmux, "other", ("", &address, only)).await;
    bridge.settled().await;
    wait_until_async("the links", SOON, || tmux.clients().len() == 3).await;
    tmux.run(["send-keys", "-t", "=other:0", "begin", "Enter"]);
    wait_until_async("its own output", SOON, || asked.quotes(asked.pane) > 0).await;
    left_out.shows("begin").await;
    assert_eq!(left_out.quotes(asked.pane), 0, "{}", left_out.text());
}

#[tokio::test]
async fn regression_a_client_that_claims_a_pane_hides_it_from_nobody_who_does_not_ask() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    let state = bridge.settled().await;
    let served = bridge.serve().await;
    let server = state.server.as_ref().unwrap().pid;
    let mut asks = served.client().await;
    let claim = json!({
        "action": "subscribe",
        "prints_in": { "server": server, "pane": "%0" },
        "without_watchers": true,
    });
    asks.ask(claim, "subscribed").await;
    let mut dashboard = served.client().await;
    let all = json!({ "action": "subscribe" });
    dashboard.ask(all, "subscribed").await;
    tmux.run(["send-keys", "-t", "%0", "seen", "Enter"]);
    let output = dashboard.find("pane.output").await;
    assert_eq!(output["pane"], "%0");
    // What the other one gets next is the window, though the output came before it.
    tmux.run(["rename-window", "-t", "=main:0", "renamed"]);
    dashboard.find("window.renamed").await;
    asks.find("window.renamed").await;
    for message in asks.until_pong().await {
        assert_ne!(message["pane"], "%0", "{message}");
    }
}

#[tokio::test]
async fn regression_on_a_terminal_lines_are_shown_as_they_stand_behind_a_list_of_what_there_is() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let address = served.address.to_string();
    let reader = Watching::start(
        &tmux,
        "main",
        ("", &address, "--session main --session nosuch"),
    )
    .await;
    reader.shows("-- now: tmux").await;
    reader.shows("main:0.%0  window").await;
    reader.shows("no session is called nosuch now").await;
    reader
        .shows("what is printed in this pane is left out")
        .await;
    let every = Watching::start(&tmux, "main", ("", &address, "--all")).await;
    let spin = "for i in 1 2 3 4 5 6 7 8 9 10; do printf '\\rturn %s' $i; sleep 0.05; done; \
                printf '\\r\\033[Kall is turned\\n'; exec cat";
    tmux.run(["new-window", "-d", "-t", "=main:", spin]);
    every.shows("all is turned").await;
    reader.shows("all is turned").await;
    assert!(every.text().contains("turn 9"), "{}", every.text());
    assert!(!reader.text().contains("turn 9"), "{}", reader.text());
}

#[tokio::test]
async fn regression_a_session_that_is_named_as_another_s_id_is_distinguished() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    // The session main has the id $0.
    let format = "#{session_id} #{pane_id}";
    let made = [
        "new-session",
        "-d",
        "-P",
        "-F",
        format,
        "-s",
        "$0",
        "exec cat",
    ];
    let made = tmux.run(made);
    let (id, pane) = made.trim().split_once(' ').unwrap();
    assert_ne!(id, "$0");
    bridge.settled().await;
    let served = bridge.serve().await;
    let address = served.address.to_string();
    let by_id = Watching::start(&tmux, "main", ("", &address, "--all --session '$0'")).await;
    by_id.shows("$0 is taken for an id").await;
    by_id.shows("--session '=$0'").await;
    let by_name = Watching::start(&tmux, "main", ("", &address, "--all --session '=$0'")).await;
    by_name.shows(&format!("$0:0.{pane}  window")).await;
    wait_until_async("the links", SOON, || tmux.clients().len() == 3).await;
    tmux.run(["send-keys", "-t", "%0", "of-main", "Enter"]);
    by_id.shows("of-main").await;
    tmux.run(["send-keys", "-t", pane, "of-the-other", "Enter"]);
    by_name.shows("of-the-other").await;
    assert!(!by_name.text().contains("of-main"), "{}", by_name.text());
    tmux.run(["send-keys", "-t", "%0", "again-of-main", "Enter"]);
    by_id.shows("again-of-main").await;
    assert!(!by_id.text().contains("of-the-other"), "{}", by_id.text());
}
