//! Nothing that a pane prints or is called reaches the terminal as it is: looked at in the bytes that come there.

use super::stage::Watched;
use crate::support::bridge::LiveBridge;
use crate::support::{SOON, TmuxServer, for_each_version_async, wait_until_async};

/// What a hostile program prints: strings, queries, C1 controls, what turns and hides text.
const HOSTILE: &str = concat!(
    "\\033]52;c;U1RPTEVO\\007\\033]0;STOLEN-title\\007\\033]8;;http://STOLEN/\\033\\\\link\\033]8;;\\033\\\\",
    "\\033Ptmux;\\033\\033]52;c;U1RPTEVO\\007\\033\\\\\\033P$q q\\033\\\\\\033_GSTOLEN\\033\\\\\\033kSTOLEN\\033\\\\",
    "\\033[c\\033[>c\\033[5n\\033[6n\\033[?6n\\033[>q\\033[21t\\033[?1u\\033[>1u\\033]10;?\\007\\033]4;1;?\\007",
    "\\033[?1002h\\033[?1006h\\033[?1049h\\033[?2004h\\033[22;0t\\033[8;5;5t\\033[?5h\\033[i\\033[5i",
    "\\302\\23331m\\302\\235STOLEN\\302\\234\\233mX\\230\\237",
    "\\342\\200\\256turned\\342\\201\\246\\342\\200\\213\\357\\273\\277\\363\\240\\201\\201\\302\\255",
    "\\r\\nshown-\\033[31mred\\033[0m-end\\r\\n"
);

/// The sequences that it writes itself, by their first bytes behind ESC and their last one.
fn is_own(sequence: &str) -> bool {
    let own = [
        "[?1049h", "[?25l", "[?25h", "[?2004h", "[?1000h", "[?1006h", "[?2026h", "[?2026l", "[2J",
        "[0m",
    ];
    let moves = sequence
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(['m', 'H']));
    let is_numbers = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == ';');
    own.contains(&sequence) || moves.is_some_and(is_numbers)
}

#[test]
fn what_a_pane_prints_and_is_called_does_not_act() {
    for_each_version_async(async |program| {
        let tmux = TmuxServer::start(&program);
        let bridge = LiveBridge::start(tmux.tmux().await);
        bridge.settled().await;
        let served = bridge.serve().await;
        let address = served.address.to_string();
        let top = Watched::start(&program, (160, 40), &address, ("", "--colours dark")).await;
        top.shows("live").await;
        let file = top.record();
        top.press(&["C-l"]);
        let print = format!("printf '{HOSTILE}'; exec cat");
        tmux.run(["respawn-pane", "-k", "-t", "%0", &print]);
        tmux.run(["rename-window", "-t", "%0", "name\u{202e}x"]);
        tmux.run(["select-pane", "-t", "%0", "-T", "title\u{2066}\u{9b}y"]);
        top.shows("shown-red-end").await;
        top.press(&["i"]);
        top.shows("command").await;
        top.press(&["i", "Tab", "Tab"]);
        top.shows("pane.title_changed").await;
        top.press(&["Tab", "/"]);
        top.enter("red");
        top.shows("found").await;
        top.press(&["Escape", "C-l"]);
        let read =
            || String::from_utf8_lossy(&std::fs::read(&file).unwrap_or_default()).into_owned();
        let whole = |text: &String| text.contains("red") && text.matches("muxwire").count() > 1;
        wait_until_async("the bytes", SOON, || whole(&read())).await;
        let bytes = read();
        assert!(
            !bytes.contains("STOLEN") || !bytes.contains("\u{1b}]"),
            "{bytes:?}"
        );
        let acts = |c: &char| muxwire::printable::acts_on_terminals(*c) && !matches!(c, '\u{1b}');
        assert_eq!(bytes.chars().find(acts), None, "{bytes:?}");
        for sequence in bytes.split('\u{1b}').skip(1) {
            let end = sequence
                .find(|c: char| c.is_ascii_alphabetic() || matches!(c, ']' | '\\' | '^' | '_'));
            // The last one may be cut.
            if let Some(end) = end {
                assert!(
                    is_own(&sequence[..=end]),
                    "{:?} in {bytes:?}",
                    &sequence[..=end]
                );
            }
        }
        // tmux itself took none of it for its own terminal either.
        assert_eq!(top.terminal.run(["list-buffers"]), "");
    });
}
