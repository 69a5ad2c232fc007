//! Long histories are captured slice by slice, and every line comes once, whatever the pane does meanwhile.

use std::time::Duration;

use muxwire::bridge::{Key, PaneView};
use muxwire::ids::PaneId;

use crate::support::bridge::LiveBridge;
use crate::support::{TmuxServer, for_each_version_async, wait_until_async};

/// A window with a history of at most so many lines, in which a shell command runs.
async fn pane(server: &TmuxServer, bridge: &LiveBridge, limit: u32, command: &str) -> PaneId {
    server.run(["set-option", "-g", "history-limit", &limit.to_string()]);
    let pane = server.new_window(command);
    bridge
        .until("a new pane", |state| state.panes.contains_key(&pane))
        .await;
    pane
}

async fn has_history(server: &TmuxServer, pane: PaneId, lines: u32) {
    let pane = pane.to_string();
    wait_until_async("a history", Duration::from_secs(60), || {
        let size = server.value(&pane, "#{history_size}");
        size.parse::<u32>().unwrap() >= lines
    })
    .await;
}

/// The numbers of the lines, from the oldest one down to the last one on the screen.
fn numbers(view: &PaneView) -> Vec<u32> {
    let snapshot = &view.snapshot;
    let screen = snapshot.primary.iter().filter(|line| !line.is_empty());
    let lines = snapshot.scrollback.iter().chain(screen);
    let number = |line: &bytes::Bytes| {
        let text = std::str::from_utf8(line).unwrap();
        let number = text.split(' ').next().unwrap();
        number
            .parse()
            .unwrap_or_else(|_| panic!("{text:?} has a number"))
    };
    lines.map(number).collect()
}

/// All lines that tmux has, each once and in order.
fn check(view: &PaneView, wanted: u32, what: &str) {
    let numbers = numbers(view);
    let first = numbers[0];
    let expected: Vec<u32> = (first..).take(numbers.len()).collect();
    let differs = numbers
        .iter()
        .zip(&expected)
        .position(|(one, two)| one != two);
    assert_eq!(differs, None, "{what}: where the lines are not in order");
    let snapshot = &view.snapshot;
    assert!(snapshot.exact, "{what}");
    let lines = u32::try_from(snapshot.scrollback.len()).unwrap();
    assert!(
        lines >= wanted.min(snapshot.history),
        "{what}: {lines} lines"
    );
    assert!(view.scrollback <= wanted, "{what}");
}

#[test]
fn regression_every_line_of_a_long_history_comes_once() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let echo = "while read n; do echo \"$n and on\"; done";
        // Idle, printing on while there is room, and printing on while the oldest lines are thrown away.
        let idle = "seq 1 9000; exec cat".to_owned();
        let rows = [
            ("idle", 20_000, 8_900, idle, 20_000),
            (
                "wants a part",
                20_000,
                8_900,
                "seq 1 9000; exec cat".to_owned(),
                5_000,
            ),
            (
                "prints on",
                100_000,
                5_000,
                format!("seq 1 5100; seq 5101 40000 | {echo}; exec cat"),
                100_000,
            ),
            (
                "throws lines away",
                4_000,
                3_500,
                format!("seq 1 4100; seq 4101 60000 | {echo}; exec cat"),
                4_000,
            ),
        ];
        for (what, limit, begin, command, wanted) in rows {
            let pane = pane(&server, &bridge, limit, &command).await;
            has_history(&server, pane, begin).await;
            let what = format!("tmux {} {what}", program.version);
            for _ in 0..3 {
                let view = bridge.view(pane, wanted).await.unwrap();
                check(&view, wanted, &what);
                if view.scrollback == 0 {
                    panic!("{what}: it has a history");
                }
            }
        }
        bridge.stop().await;
    });
}

#[test]
fn regression_keys_echo_while_a_long_history_is_captured() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let typed = pane(&server, &bridge, 10_000, "stty -echo; exec cat").await;
        let long = pane(&server, &bridge, 10_000, "seq 1 10000; exec cat").await;
        has_history(&server, long, 9_900).await;
        let handle = bridge.handle.clone();
        let view = bridge.read_request(long, 10_000);
        let view = tokio::spawn(async move { handle.view(view).await });
        let mut echoes = 0;
        while !view.is_finished() {
            let keys = vec![
                Key::Text(format!("key {echoes};").into()),
                Key::Named("Enter".to_owned()),
            ];
            bridge.input(typed, keys, false).await.unwrap();
            bridge.output(typed, &format!("key {echoes};")).await;
            echoes += 1;
        }
        check(&view.await.unwrap().unwrap(), 10_000, "long");
        eprintln!("tmux {}: {echoes} echoes", program.version);
        assert!(echoes >= 5, "only {echoes} echoes came meanwhile");
        bridge.stop().await;
    });
}
