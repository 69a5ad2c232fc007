//! What shows, and what is typed.

use muxwire::auth::Permission;

use super::stage::Watched;
use crate::support::bridge::LiveBridge;
use crate::support::demo::Demo;
use crate::support::program::Home;
use crate::support::proxy::Proxy;
use crate::support::served::Served;
use crate::support::tokens::Tokens;
use crate::support::{SOON, TmuxServer, any_program, for_each_version_async, wait_until_async};

#[test]
fn a_pane_shows_live_and_takes_what_is_typed_until_the_key_that_stops() {
    for_each_version_async(async |program| {
        let tmux = TmuxServer::start(&program);
        let bridge = LiveBridge::start(tmux.tmux().await);
        bridge.settled().await;
        let served = bridge.serve().await;
        let top = Watched::start(&program, (100, 30), &served.address.to_string(), ("", "")).await;
        top.shows("main").await;
        top.shows("live").await;
        tmux.run(["send-keys", "-t", "%0", "-l", "h\u{e9}llo \u{6f22}\u{5b57}"]);
        top.shows("h\u{e9}llo \u{6f22}\u{5b57}").await;
        assert!(!top.text().contains("TYPING"));
        top.press(&["Enter"]);
        top.shows("TYPING INTO main:0.0").await;
        // Keys that mean something to the monitor go to the pane, too.
        top.enter("q?p123");
        top.press(&["Enter"]);
        let shown = || tmux.run(["capture-pane", "-p", "-t", "%0"]);
        // What the program prints would come between the keys.
        wait_until_async("what the program prints of it", SOON, || {
            shown().matches("q?p123").count() == 2
        })
        .await;
        top.press(&["C-a", "M-x", "Up"]);
        top.press(&["C-]"]);
        top.hides("TYPING").await;
        wait_until_async("what was typed", SOON, || {
            let shown = shown();
            shown.contains("q?p123\n") && shown.contains("^A^[x^[[A")
        })
        .await;
        assert!(!shown().contains("^]"), "{}", shown());
        top.press(&["q"]);
        top.is_given_back(0).await;
    });
}

/// The stream of keys wakes the first one that has asked it, and so has to be asked by the task that waits. Else each key waits
/// for something else that wakes the monitor, which in this test is only a ping of its own.
#[tokio::test]
async fn regression_keys_act_while_nothing_else_happens() {
    const TURNS: usize = 5;
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let proxy = Proxy::start(served.address, || None).await;
    let address = proxy.address.to_string();
    let top = Watched::start(any_program(), (100, 30), &address, ("", "")).await;
    top.shows("main:0.0").await;
    top.shows("live").await;
    let before = proxy.spoken();
    for _ in 0..TURNS {
        top.press(&["?"]);
        top.shows("any other key closes").await;
        top.press(&["Escape"]);
        top.hides("any other key closes").await;
    }
    let pings = proxy.spoken() - before;
    assert!(
        pings < TURNS,
        "{pings} pings while {TURNS} pairs of keys were pressed"
    );
}

#[tokio::test]
async fn a_paste_stays_one_and_keys_after_the_end_of_a_pane_go_nowhere() {
    let tmux = TmuxServer::start(any_program());
    let pane = tmux.new_window("stty raw -echo; printf '\\033[?2004h'; exec cat -v");
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let address = served.address.to_string();
    let top = Watched::start(any_program(), (120, 30), &address, ("", "")).await;
    top.shows("main:0.0").await;
    top.press(&["Down"]);
    top.shows("main:1.0").await;
    top.press(&["Enter"]);
    top.shows("TYPING INTO main:1.0").await;
    let buffer = ["set-buffer", "first\nsecond"];
    top.terminal.run(buffer);
    top.terminal
        .run(["paste-buffer", "-p", "-t", &top.pane.to_string()]);
    top.shows("^[[200~first").await;
    top.shows("second^[[201~").await;
    tmux.run(["kill-pane", "-t", &pane.to_string()]);
    top.shows("the pane is gone").await;
    // These would end the monitor, and type into the pane that is selected then.
    top.enter("q");
    top.press(&["Enter", "x", "q"]);
    top.shows("not typed into").await;
    top.press(&["C-]"]);
    top.hides("TYPING").await;
    top.shows("main:0.0").await;
    assert_eq!(tmux.run(["capture-pane", "-p", "-t", "%0"]).trim(), "");
}

#[tokio::test]
async fn lines_that_have_scrolled_away_are_scrolled_back() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let print = "for i in $(seq 1 300); do echo line-$i-end; done; exec cat";
    tmux.run(["respawn-pane", "-k", "-t", "%0", print]);
    let address = served.address.to_string();
    let top = Watched::start(any_program(), (80, 24), &address, ("", "")).await;
    top.shows("line-300-end").await;
    top.press(&["PPage"]);
    top.shows("lines back").await;
    top.hides("line-300-end").await;
    top.press(&["PPage", "PPage"]);
    top.shows("line-245-end").await;
    tmux.run(["send-keys", "-t", "%0", "more", "Enter"]);
    for _ in 0..10 {
        top.press(&["NPage"]);
    }
    top.shows("more").await;
    top.hides("lines back").await;
}

#[tokio::test]
async fn its_own_pane_is_not_shown() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let home = Home::new();
    let program = home.muxwire([""]);
    let program = program.get_program().to_str().unwrap();
    let line = format!("{program} top --url ws://{}; exec cat", served.address);
    let pane = tmux.new_window(&line).to_string();
    let text = || tmux.run(["capture-pane", "-p", "-t", &pane]);
    wait_until_async("the list", SOON, || text().contains("main:0.0")).await;
    tmux.run(["send-keys", "-t", &pane, "Down"]);
    wait_until_async("the note", SOON, || text().contains("in this very pane")).await;
    tmux.run(["send-keys", "-t", &pane, "Enter"]);
    wait_until_async("a refusal", SOON, || {
        text().contains("the pane in which you read this")
    })
    .await;
    assert!(!text().contains("TYPING"), "{}", text());
}

#[tokio::test]
async fn a_connection_that_breaks_is_told_and_resumed() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let nobody = "127.0.0.1:1".parse().unwrap();
    let proxy = Proxy::start(nobody, || None).await;
    let address = proxy.address.to_string();
    let top = Watched::start(any_program(), (100, 30), &address, ("", "")).await;
    top.shows("connecting").await;
    top.shows("handshake broke off").await;
    proxy.lead_to(served.address);
    top.shows("live").await;
    tmux.run(["send-keys", "-t", "%0", "before", "Enter"]);
    top.shows("before").await;
    proxy.lead_to(nobody);
    drop(served);
    top.shows("reconnecting").await;
    top.shows("not up to date").await;
    top.press(&["Enter"]);
    top.shows("TYPING").await;
    top.enter("lost");
    top.press(&["C-]"]);
    top.shows("nothing was sent").await;
    tmux.run(["send-keys", "-t", "%0", "meanwhile", "Enter"]);
    let served = bridge.serve().await;
    proxy.lead_to(served.address);
    top.shows("live").await;
    top.shows("meanwhile").await;
    top.hides("not up to date").await;
    assert!(!top.text().contains("lost"), "{}", top.text());
}

#[tokio::test]
async fn who_may_only_read_sees_no_way_to_type() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let served = Served::start(&bridge.hub, &bridge.handle, Some(tokens.authenticator())).await;
    let address = served.address.to_string();
    let before = format!("MUXWIRE_TOKEN={token}");
    let top = Watched::start(any_program(), (120, 30), &address, (&before, "")).await;
    top.shows("read only").await;
    top.shows("main:0.0").await;
    assert!(!top.text().contains("type"), "{}", top.text());
    top.press(&["Enter"]);
    top.shows("may only read").await;
    assert!(!top.text().contains("TYPING"), "{}", top.text());
    top.press(&["?"]);
    top.shows("go to the next agent").await;
    assert!(!top.text().contains("type into"), "{}", top.text());
}

#[tokio::test]
async fn keys_and_columns_are_those_of_the_file_and_a_wrong_file_is_refused() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let address = served.address.to_string();
    let write = |text: &str| {
        format!(
            "mkdir -p $XDG_CONFIG_HOME/muxwire; printf '{text}' > $XDG_CONFIG_HOME/muxwire/top.toml;"
        )
    };
    let before = write("[keys]\\nquit = \"F10\"\\nleave = \"F12\"\\n");
    let top = Watched::start(any_program(), (120, 30), &address, (&before, "")).await;
    top.shows("F10 quit").await;
    top.shows("main:0.0").await;
    top.press(&["Enter"]);
    top.shows("F12 stops").await;
    top.press(&["F12"]);
    top.hides("TYPING").await;
    top.press(&["F10"]);
    top.is_given_back(0).await;
    let before = write("[keys]\\nqiut = \"x\"\\n");
    let top = Watched::start(any_program(), (120, 30), &address, (&before, "")).await;
    top.shows("there is no command \"qiut\"; did you mean \"quit\"?")
        .await;
    top.shows("ended 1").await;
}

#[tokio::test]
async fn agents_are_listed_explained_searched_and_answered() {
    let demo = Demo::start();
    demo.until("checks", "waiting");
    demo.until("greeting", "ready");
    let address = demo.url.strip_prefix("ws://").unwrap();
    let top = Watched::start(any_program(), (160, 45), address, ("", "")).await;
    top.shows("waiting permission").await;
    top.shows("Do you want to proceed?").await;
    top.press(&["e"]);
    top.shows("Evidence, the strongest first").await;
    top.press(&["e"]);
    top.hides("Evidence").await;
    top.press(&["i"]);
    top.shows("high, by").await;
    top.press(&["i"]);
    top.press(&["/"]);
    top.enter("run the checks");
    top.until("one agent found", |shown| {
        shown.contains("AGENTS 1") && shown.contains("Run the checks")
    })
    .await;
    top.press(&["Escape"]);
    top.hides("found;").await;
    top.press(&["f"]);
    top.shows("only").await;
    top.press(&["Escape"]);
    top.hides("only").await;
    // A dialog that has only just come takes no key yet.
    let (answered, comes) = ("checks:0.0 claude: answered", "only just come");
    loop {
        top.press(&["2"]);
        top.until("an answer", |shown| {
            shown.contains(answered) || shown.contains(comes)
        })
        .await;
        if top.text().contains(answered) {
            break;
        }
        top.hides(comes).await;
    }
    top.press(&["Tab", "Tab"]);
    top.shows("agent.status").await;
    top.press(&["Tab", "n"]);
    top.press(&["S"]);
    top.shows("idle").await;
    // Marked agents get one prompt each, and each has a receipt.
    top.press(&["/"]);
    // Another agent writes of a greeting.
    top.enter("greeting:0.0");
    top.shows("AGENTS 1").await;
    top.press(&["Enter", "Space", "p"]);
    top.shows("Prompt for greeting:0.0").await;
    top.enter("Say more.");
    top.press(&["C-j"]);
    top.enter("And more.");
    top.shows("And more.").await;
    top.press(&["Enter"]);
    top.press(&["r"]);
    top.shows("greeting:0.0 codex").await;
    top.until("an outcome", |shown| shown.contains("submitted"))
        .await;
}
