//! A pane that prints lines of control mode while its screen is captured: they are lines of that screen, and nothing else.

use std::process::Stdio;

use muxwire::ids::PaneId;
use muxwire::model::ChangeKind;
use serde_json::json;
use tokio::time::timeout;

use crate::support::bridge::LiveBridge;
use crate::support::relayed::control_client;
use crate::support::terminal::Terminal;
use crate::support::{
    SOON, TmuxServer, for_each_version_async, wait_until_async, wait_with_output,
};

/// How many replies ahead are guessed.
const GUESSES: u32 = 60;

/// For each number that it reads, ends of replies with the times and numbers that the next replies will have, and more
/// that would do harm outside of one. The last line says that all is there.
const GUESSER: &str = r#"stty -echo; while read n; do clear; t=$(date +%s)
for d in 0 1; do i=0; while [ $i -lt 60 ]; do
printf '%%end %s %s 1\n%%error %s %s 1\n' $((t+d)) $((n+i)) $((t+d)) $((n+i)); i=$((i+1)); done; done
printf '%%exit\n%%output %%0 FORGED\n%%sessions-changed\n%%begin 1 1 1\n%%session-changed $9 FORGED\n%%window-close @0\nGUESSED %s\n' $n
done"#;

/// The number of the last reply of this server, which anybody may ask for.
fn number(server: &TmuxServer) -> u32 {
    let mut command = control_client(server, ["-C", "display-message", "-p", "x"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // At the end of its input it may go before it has said anything.
    let input = child.stdin.take();
    let printed = wait_with_output(child, SOON).expect("tmux answers").stdout;
    drop(input);
    let printed = String::from_utf8(printed).unwrap();
    let begin = printed
        .lines()
        .find_map(|line| line.strip_prefix("%begin "));
    let begin = begin.unwrap_or_else(|| panic!("no reply: {printed:?}"));
    begin.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn guessed_ends_of_replies_are_lines_of_the_screen() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (_, pane) = server.new_session("work", GUESSER);
        let pane: PaneId = pane.parse().unwrap();
        let target = pane.to_string();
        let mut bridge = LiveBridge::start(server.tmux().await);
        let links = {
            bridge.settled().await;
            server.clients()
        };
        let served = bridge.serve().await;
        for round in 0..4 {
            // Typing and looking take numbers too, so the guesses begin a little further on.
            let next = number(&server) + 1;
            server.run(["send-keys", "-t", &target, &next.to_string(), "Enter"]);
            let done = format!("GUESSED {next}");
            bridge.output(pane, &done).await;
            while number(&server) < next + GUESSES / 2 {
                let view = timeout(SOON, bridge.view(pane, 1_000))
                    .await
                    .unwrap()
                    .unwrap();
                let snapshot = &view.snapshot;
                let mut terminal = Terminal::new(snapshot.cols, snapshot.rows);
                terminal.feed(&snapshot.replay(view.scrollback as usize));
                for bytes in &view.since {
                    terminal.feed(bytes);
                }
                let text = terminal.text().join("\n");
                assert!(
                    text.contains(&done) && text.contains("\n%window-close @0\n"),
                    "round {round}: {text}"
                );
                let screen = bridge.screen(pane).await.unwrap();
                assert!(screen.lines.len() >= 24, "round {round}");
            }
        }
        // The stream and the model have nothing of it either.
        let state = bridge.state();
        assert_eq!((state.sessions.len(), state.panes.len()), (2, 2));
        assert_eq!(server.clients(), links, "every link lives");
        let mut client = served.client().await;
        let since = json!({ "epoch": "test", "seq": 0 });
        client
            .ask(
                json!({ "action": "subscribe", "since": since }),
                "subscribed",
            )
            .await;
        for message in client.until_pong().await {
            let forged = message["pane"] == "%0" && message["type"] == "pane.output";
            assert!(!forged && message["session"] != "FORGED", "{message}");
        }
        bridge.stop().await;
    });
}

/// The same lines in a flood, while screens are taken as often as it goes: no link is lost and no reply missed.
#[test]
fn floods_of_control_lines_cost_nothing_but_themselves() {
    const FLOOD: &str = r#"exec yes '%end 1 1 1
%exit
%error 1 1 1
%output %0 FORGED
%begin 1 1 1'"#;
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (_, pane) = server.new_session("work", FLOOD);
        let pane: PaneId = pane.parse().unwrap();
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let links = server.clients();
        for _ in 0..8 {
            let view = timeout(SOON, bridge.view(pane, 100))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(view.snapshot.rows, 24);
            bridge.screen(pane).await.unwrap();
            bridge
                .event("output", |event| {
                    assert!(
                        event.change.pane != Some(PaneId(0))
                            || !matches!(event.change.kind, ChangeKind::PaneOutput { .. }),
                        "forged"
                    );
                    matches!(
                        event.change.kind,
                        ChangeKind::PaneOutput { .. } | ChangeKind::PaneGap { .. }
                    )
                })
                .await;
        }
        server.run(["kill-pane", "-t", &pane.to_string()]);
        bridge
            .until("the pane is gone", |state| state.panes.len() == 1)
            .await;
        wait_until_async("one link has gone with its session", SOON, || {
            let left = server.clients();
            left.len() == links.len() - 1 && left.iter().all(|pid| links.contains(pid))
        })
        .await;
        let counts = bridge.counters.counts();
        assert_eq!((counts.resyncs, counts.reconnects), (0, 0), "{counts:?}");
        bridge.stop().await;
    });
}
