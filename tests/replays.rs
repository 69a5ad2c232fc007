//! A snapshot's replay leaves a terminal as the pane's own bytes do.

use muxwire::ids::PaneId;
use muxwire::model::ChangeKind;
use muxwire::tmux::Version;

use crate::support::bridge::LiveBridge;
use crate::support::terminal::Terminal;
use crate::support::{TmuxServer, for_each_version_async};

/// What panes print, by name. Each ends with `~`, which shows that tmux has read it all.
const CASES: &[(&str, &str)] = &[
    ("text", "one\r\ntwo\r\n\r\nfour  ~"),
    ("pen", "\x1b[1;31mred\x1b[42mon green ~"),
    (
        "more than a screen",
        "1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n\x1b[33m7\r\n8\r\n9\r\n10\r\n11 ~",
    ),
    (
        "colours of all kinds",
        "\x1b[38;5;200;48;2;1;2;3mx\x1b[97;105my\x1b[4:3;58;5;9mz\x1b[0;7mw~",
    ),
    ("the last column", "123456789012345678~\x1b[32m#"),
    (
        "the last column of the last row",
        "\x1b[6;1H~234567890123456789#",
    ),
    ("no wrap", "\x1b[?7l1234567890123456789012345~"),
    (
        "wide",
        "\u{6f22}\u{5b57}\u{1f600}e\u{301}\r\n1234567890123456789\u{6f22}~",
    ),
    (
        "line drawing",
        "\x1b(0lqqk\x1b(B x\r\n\x1b)0\x0eqq\x0fq\x0ex~",
    ),
    ("tabs", "\x1b[3g\x1b[1;5H\x1bH\x1b[1;12H\x1bH\x1b[4;1Ha\tb~"),
    ("region", "a\r\nb\r\nc\r\nd\x1b[2;4r\x1b[3;3H~"),
    ("origin", "a\r\nb\r\nc\r\nd\x1b[2;4r\x1b[?6h\x1b[2;3H~"),
    (
        "saved cursor",
        "\x1b[3;4H\x1b[1;35m\x1b7\x1b[0m\x1b[1;1Hhome~",
    ),
    (
        "saved with line drawing",
        "\x1b[3;4H\x1b(0\x1b7\x1b(B\x1b[1;1Hhome~",
    ),
    (
        "modes",
        "\x1b[?1h\x1b=\x1b[?1002;1006h\x1b[?2004;1004h\x1b[4h~",
    ),
    ("hidden bar", "\x1b[?25l\x1b[6 q~"),
    (
        "alternate",
        "before\r\n\x1b[34m\x1b[?1049h\x1b[2;2H\x1b[31mon it~",
    ),
    (
        "alternate and saved",
        "before\x1b[?1049h\x1b[2;2H\x1b[31m\x1b7\x1b[0mon it~",
    ),
    (
        "alternate and back",
        "before\x1b[34m\x1b[?1049h\x1b[31mon it\x1b[?1049l\x1b[3;2H\x1b7~",
    ),
    (
        "erased with a colour",
        "abc\r\n\x1b[44m\x1b[K\r\nx\x1b[K\x1b[m\r\n~",
    ),
    ("an unfinished sequence", "x~\x1b[3"),
    ("an unfinished title", "x~\x1b]0;ti"),
    ("reset", "\x1b[31mx\x1b[4hy\x1b(0\x1bc\x1b[3Jz~"),
    ("link", "\x1b]8;;http://a\x1b\\in\x1b]8;;\x1b\\ out~"),
];

/// Whether captures of this version don't show what the case is about.
fn is_lost(case: &str, version: &Version) -> bool {
    let before_3_2 = !version.has_flow_control();
    match case {
        // Links came to captures with 3.4.
        "link" => before_3_2 || version.captures_lose_blanks(),
        // 3.1c prints a wrong sequence for a bright background, and none for the colour of an underline.
        "colours of all kinds" => before_3_2,
        "erased with a colour" => version.captures_lose_blanks(),
        _ => false,
    }
}

/// What both terminals get after that: all that was saved or set shows.
const AFTER: &str =
    "1mX\x07Y\tZ\x0eq\x0fq\x1b[mA\r\nB\x1b8C\r\n\r\n\r\nD\x1b[?6l\x1b[?1049lE\x1b[2;2HF";

#[test]
fn a_replay_leaves_a_terminal_as_the_bytes_do() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        server.run(["set-option", "-t", "=main:", "default-size", "20x6"]);
        let window = server.run([
            "new-window",
            "-d",
            "-P",
            "-F",
            "#{pane_id}",
            "-t",
            "=main:",
            "exec cat",
        ]);
        let first: PaneId = window.trim().parse().unwrap();
        bridge
            .until("a new pane", |state| state.panes.contains_key(&first))
            .await;
        let mut wrong = Vec::new();
        let shown = |(name, _): &&(&str, &str)| !is_lost(name, &program.version);
        for (name, bytes) in CASES.iter().filter(shown) {
            let file = server.folder().join("bytes");
            std::fs::write(&file, bytes).unwrap();
            let command = format!("stty raw -echo; cat {}; exec sleep 1000", file.display());
            let pane = server.new_window(&command);
            let printed = printed(&mut bridge, pane, bytes.len()).await;
            let view = bridge.view(pane, 50).await.unwrap();
            let snapshot = &view.snapshot;
            assert!(snapshot.exact, "{name}");
            assert_eq!((snapshot.cols, snapshot.rows), (20, 6), "{name}");
            let (mut replayed, mut read) = (Terminal::new(20, 6), Terminal::new(20, 6));
            replayed.feed(&snapshot.replay(view.scrollback as usize));
            view.since.iter().for_each(|bytes| replayed.feed(bytes));
            read.feed(&printed);
            let when = ["at once", "later"];
            for (when, more) in when.into_iter().zip(["", AFTER]) {
                replayed.feed(more.as_bytes());
                read.feed(more.as_bytes());
                let shown =
                    |terminal: &Terminal| (terminal.looks(50), terminal.cursor(), terminal.state());
                let (is, should) = (shown(&replayed), shown(&read));
                if is != should {
                    wrong.push(format!(
                        "{name}, {when}: {:?}\n  is {is:?}\n  not {should:?}\n",
                        snapshot.assumed
                    ));
                    break;
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "tmux {}\n{}",
            program.version,
            wrong.concat()
        );
        bridge.stop().await;
    });
}

/// All that a pane has printed, once it is as much as that.
async fn printed(bridge: &mut LiveBridge, pane: PaneId, length: usize) -> Vec<u8> {
    let mut printed = Vec::new();
    while printed.len() < length {
        let event = bridge
            .event("output", |event| event.change.pane == Some(pane))
            .await;
        if let ChangeKind::PaneOutput { bytes, .. } = &event.change.kind {
            printed.extend_from_slice(bytes);
        }
    }
    printed
}
