//! Lines and pastes for programs that take a burst of keys for pasted text, and pastes for programs that asked for
//! brackets at whatever time.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use muxwire::bridge::{InputError, Key, Settings};
use muxwire::ids::PaneId;
use muxwire::model::ChangeKind;
use serde_json::{Value, json};

use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::{SOON, TmuxServer, for_each_version_async, wait_until, wait_until_async};

/// Long enough that a program which gets little time reads the text before the Enter comes.
const PATIENT: Settings = Settings {
    submit_delay: Duration::from_secs(1),
    ..SETTINGS
};

/// A pane in which prompts are composed, and the file to which they go.
fn composer(server: &TmuxServer, name: &str) -> (PaneId, PathBuf) {
    let (script, file) = (
        server.folder().join("composer.py"),
        server.folder().join(name),
    );
    fs::write(&script, include_str!("support/composer.py")).unwrap();
    let command = format!("exec python3 {} {}", script.display(), file.display());
    let (_, pane) = server.new_session(name, &command);
    shows(server, &pane, "READY");
    (pane.parse().unwrap(), file)
}

/// Waits until a pane shows a text, and so until tmux has taken in all that was printed before it.
fn shows(server: &TmuxServer, pane: &str, text: &str) {
    wait_until("the pane is ready", SOON, || {
        server
            .run(["capture-pane", "-p", "-t", pane])
            .contains(text)
    });
}

/// A pane whose program has asked for brackets, or not, and in which what is typed goes to a file, byte for byte.
fn raw(server: &TmuxServer, name: &str, asks: &str) -> (PaneId, PathBuf) {
    let (_, pane) = server.new_session(name, &raw_script(server, name, asks));
    shows(server, &pane, "READY");
    (pane.parse().unwrap(), server.folder().join(name))
}

fn raw_script(server: &TmuxServer, name: &str, asks: &str) -> String {
    let file = server.folder().join(name);
    let file = file.display();
    format!("stty raw -echo; : > {file}; printf '{asks}READY'; exec cat >> {file}")
}

fn submitted(file: &Path) -> Vec<String> {
    let lines = fs::read_to_string(file).unwrap();
    let parsed = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    parsed.collect()
}

fn holds(file: &Path, expected: &[u8]) {
    let len = || fs::metadata(file).unwrap().len();
    wait_until("all is typed", SOON, || len() >= expected.len() as u64);
    let found = fs::read(file).unwrap();
    assert_eq!(
        found.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
}

#[test]
fn regression_every_way_of_submitting_submits_where_bursts_are_pastes() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (pane, file) = composer(&server, "composer");
        let bridge = LiveBridge::start_with(server.tmux().await, PATIENT, None);
        bridge.settled().await;
        let served = bridge.serve().await;
        let mut client = served.client().await;
        let target = json!({ "pane": pane.to_string() });
        let long = "word ".repeat(200);
        let command = |text: &str| json!({"action": "command", "command": text});
        let send = |text: &str| json!({"action": "send-keys", "text": text});
        let enter = json!({"action": "send-keys", "keys": ["Enter"]});
        let pasted = |mut message: Value| {
            message["paste"] = json!(true);
            message
        };
        let hasty = |mut message: Value| {
            message["submit_delay_ms"] = json!(700);
            message
        };
        let ways = [
            (vec![command("short")], "short"),
            (vec![command(&long)], &*long),
            (vec![hasty(command("sooner"))], "sooner"),
            (
                vec![pasted(command("one\ntwo\n\tthree"))],
                "one\ntwo\n\tthree",
            ),
            (vec![pasted(command("one line"))], "one line"),
            (vec![send("typed"), enter.clone()], "typed"),
            (vec![pasted(send("a\nb")), enter], "a\nb"),
            (
                vec![json!({"action": "send-keys", "keys": ["h", "i", "Enter"]})],
                "hi",
            ),
        ];
        for (at, (messages, text)) in ways.into_iter().enumerate() {
            let count = messages.len();
            // One behind the other, without waiting.
            for mut message in messages {
                message["target"] = target.clone();
                client.send(message).await;
            }
            for _ in 0..count {
                assert_eq!(client.next().await["type"], "command.response");
            }
            wait_until(text, SOON, || submitted(&file).len() > at);
            assert_eq!(submitted(&file)[at], text);
        }
        // The stand-in is what it says: together, text and Enter are a line and its break.
        let mut burst = command("together");
        burst["target"] = target.clone();
        burst["submit_delay_ms"] = json!(0);
        client.ask(burst, "command.response").await;
        let mut last = command("and a line");
        last["target"] = target;
        client.ask(last, "command.response").await;
        wait_until("both", SOON, || submitted(&file).len() > 8);
        assert_eq!(submitted(&file)[8], "together\nand a line");
        bridge.stop().await;
    });
}

#[test]
fn nothing_of_others_comes_between_a_line_and_its_enter() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (pane, file) = raw(&server, "raw", "");
        let bridge = LiveBridge::start_with(server.tmux().await, PATIENT, None);
        bridge.settled().await;
        let served = bridge.serve().await;
        let (mut one, mut two) = (served.client().await, served.client().await);
        let mut terminal = served.client_at("/ws/terminal/raw", "muxwire.v1").await;
        terminal.ask(json!({"type": "connect"}), "connect").await;
        let at = |pane: &str, text: &str| json!({"action": "send-keys", "target": {"session": pane}, "text": text});
        let target = json!({ "pane": pane.to_string() });
        one.send(json!({"action": "command", "target": target, "command": "line"}))
            .await;
        let typed = || fs::read(&file).unwrap();
        wait_until_async("the line is typed", SOON, || typed().starts_with(b"line")).await;
        two.send(at("raw", "x")).await;
        terminal.send(json!({"type": "input", "data": "t"})).await;
        assert_eq!(one.next().await["type"], "command.response");
        assert_eq!(two.next().await["type"], "command.response");
        wait_until_async("all", SOON, || typed().len() == 7).await;
        let typed = typed();
        assert!(typed.starts_with(b"line\r"), "{}", typed.escape_ascii());
        bridge.stop().await;
    });
}

#[test]
fn regression_pastes_are_bracketed_whenever_the_mode_was_turned_on() {
    const ON: &str = r"\033[?2004h";
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (before, before_file) = raw(&server, "before", ON);
        let (off, off_file) = raw(&server, "off", r"\033[?2004h\033[?2004l");
        server.run(["set-buffer", "what the user copied"]);
        let buffers = server.run(["list-buffers"]);
        let mut bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let text = "one\ntwo\ttab 'quoted' \"$HOME ~ #{pid} \\ \u{e9}\u{4e2d}".as_bytes();
        let paste = |bytes: &'static [u8]| vec![Key::Paste(Bytes::from_static(bytes))];
        let whole = [b"\x1b[200~", text, b"\x1b[201~"].concat();
        bridge.input(before, paste(text), false).await.unwrap();
        holds(&before_file, &whole);
        bridge.input(off, paste(text), false).await.unwrap();
        holds(&off_file, text);
        let (created, created_file) = raw(&server, "created", ON);
        bridge
            .until("the new pane", |state| state.panes.contains_key(&created))
            .await;
        bridge.input(created, paste(text), false).await.unwrap();
        holds(&created_file, &whole);
        // A program that asked is followed by one that does not, and that by one that does.
        bridge.settled().await;
        for (name, asks, expected) in [("plain", "", text), ("asks", ON, &*whole)] {
            let script = raw_script(&server, name, asks);
            let target = created.to_string();
            server.run(["respawn-pane", "-k", "-t", &target, &script]);
            wait_until("the next program", SOON, || {
                server.folder().join(name).exists()
            });
            shows(&server, &target, "READY");
            bridge.input(created, paste(text), false).await.unwrap();
            holds(&server.folder().join(name), expected);
        }
        assert_eq!(
            server.run(["list-buffers"]),
            buffers,
            "the user's buffers are as before"
        );
        // Below 3.4 no notification reports a buffer, and the listing that shows it has to have another cause.
        server.run(["set-buffer", "-b", "last", "x"]);
        server.run(["rename-session", "-t", "before", "renamed"]);
        let published = RefCell::new(Vec::new());
        bridge
            .event("the user's own buffer", |event| {
                if let ChangeKind::BufferChanged { buffer } = &event.change.kind {
                    published.borrow_mut().push(buffer.name.clone());
                }
                published.borrow().last().is_some_and(|name| name == "last")
            })
            .await;
        let mut published = published.into_inner();
        published.retain(|name| name != "buffer0" && name != "last");
        assert_eq!(published, [""; 0], "no buffer of ours is published");
        bridge.stop().await;
    });
}

#[test]
fn a_paste_into_a_dead_pane_is_refused_and_the_server_lives() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (pane, _) = raw(&server, "dead", r"\033[?2004h");
        let target = pane.to_string();
        server.run(["set-option", "-w", "-t", &target, "remain-on-exit", "on"]);
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let pid = server.value(&target, "#{pane_pid}").parse().unwrap();
        crate::support::signal(pid, rustix::process::Signal::KILL);
        wait_until("it is dead", SOON, || {
            server.value(&target, "#{pane_dead}") == "1"
        });
        let paste = vec![Key::Paste(Bytes::from_static(b"one\ntwo"))];
        assert_eq!(
            bridge.input(pane, paste, false).await,
            Err(InputError::PaneDead)
        );
        assert!(server.is_alive());
        assert_eq!(server.run(["list-buffers"]), "");
        bridge.stop().await;
    });
}
