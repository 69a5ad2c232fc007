//! However it ends, the terminal is given back.

use rustix::process::Signal;

use super::stage::Watched;
use crate::support::bridge::LiveBridge;
use crate::support::program::{Home, Run};
use crate::support::{
    SOON, TmuxServer, any_program, for_each_version_async, signal, wait_until_async,
};

#[test]
fn signals_end_it_and_the_terminal_is_as_it_was() {
    for_each_version_async(async |program| {
        let tmux = TmuxServer::start(&program);
        let bridge = LiveBridge::start(tmux.tmux().await);
        bridge.settled().await;
        let served = bridge.serve().await;
        let address = served.address.to_string();
        for kind in [Signal::TERM, Signal::HUP, Signal::INT] {
            let top = Watched::start(&program, (80, 24), &address, ("", "")).await;
            top.shows("live").await;
            assert_eq!(top.value("#{alternate_on}"), "1");
            signal(top.process(), kind);
            top.is_given_back(0).await;
        }
    });
}

#[tokio::test]
async fn it_stops_and_goes_on_as_a_shell_wants() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let address = served.address.to_string();
    let top = Watched::start(any_program(), (80, 24), &address, ("", "")).await;
    top.shows("live").await;
    let process = top.process();
    // Nobody waits for it as a shell with jobs does, so what it leaves behind is seen on the terminal alone.
    for stop in ["TSTP", "the key"] {
        match stop {
            "TSTP" => signal(process, Signal::TSTP),
            _ => top.press(&["C-z"]),
        }
        top.until(stop, |_| {
            top.value("#{alternate_on} #{cursor_flag} #{mouse_any_flag}") == "0 1 0"
        })
        .await;
        wait_until_async("a process that is stopped", SOON, || {
            let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
            status.contains("State:\tT")
        })
        .await;
        signal(process, Signal::CONT);
        top.shows("live").await;
        assert_eq!(top.value("#{alternate_on} #{mouse_any_flag}"), "1 1");
    }
    top.press(&["q"]);
    top.is_given_back(0).await;
}

#[tokio::test]
async fn it_follows_the_size_of_its_terminal() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let served = bridge.serve().await;
    let address = served.address.to_string();
    let top = Watched::start(any_program(), (160, 30), &address, ("", "")).await;
    top.shows("\u{2502}").await;
    top.terminal
        .run(["resize-window", "-t", "=top:", "-x", "70", "-y", "20"]);
    top.until("a list above the pane", |shown| {
        shown.contains("\u{2500}\u{2500} main:0.0") && !shown.contains('\u{2502}')
    })
    .await;
    top.terminal
        .run(["resize-window", "-t", "=top:", "-x", "20", "-y", "5"]);
    top.shows("muxwire top needs").await;
    top.terminal
        .run(["resize-window", "-t", "=top:", "-x", "70", "-y", "20"]);
    top.shows("Enter type").await;
}

#[test]
fn without_a_terminal_it_says_what_to_use() {
    let run = Run::of(&mut Home::new().muxwire(["top"]));
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("is for terminals"), "{}", run.stderr);
    assert!(run.stderr.contains("muxwire watch"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[tokio::test]
async fn a_server_that_does_not_let_it_in_is_told_on_the_terminal_that_was_given_back() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let tokens = crate::support::tokens::Tokens::new();
    let served = crate::support::served::Served::start(
        &bridge.hub,
        &bridge.handle,
        Some(tokens.authenticator()),
    )
    .await;
    let address = served.address.to_string();
    let top = Watched::start(any_program(), (100, 40), &address, ("", "")).await;
    top.shows("the server wants a token").await;
    top.is_given_back(1).await;
}
