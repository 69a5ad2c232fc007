//! Names of sessions, windows, panes' titles, directories and processes are chosen by users of tmux: the model stays
//! what tmux says, targets by such names work or fail cleanly, no link dies, and logs stay lines.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use muxwire::bridge::Settings;
use muxwire::ids::{PaneId, SessionId};
use muxwire::model::State;
use muxwire::printable::acts_on_terminals;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::hits;
use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::listed::synced;
use crate::support::served::Served;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{Program, SOON, TmuxServer, for_each_version_async, wait_until_async};

/// Names as bytes; `HIT` is a file that nothing may make. tmux expands names that it is given, so `#` is doubled for it.
const NAMES: [&[u8]; 36] = [
    b"#(touch HIT)",
    b"#{E:#(touch HIT)}",
    b"$(touch HIT)`touch HIT`",
    b"' ; run-shell 'touch HIT' ; '",
    b"x\nrun-shell 'touch HIT'",
    b"%exit",
    b"x\n%exit",
    b"\n%exit\n",
    b"x\n%end 1 1 1\n%begin 2 2 1",
    b"x\n%output %0 forged\n",
    b"%begin 1 1 1",
    b"$1",
    b"$999",
    b"@0",
    b"%0",
    b"=main",
    b"0",
    b"{last}",
    b"-t",
    b"--",
    b"*",
    b"a|b=c|=p=e",
    b"|||||",
    b"a\\012%exit\\n",
    b"\x01\x02\x1b]0;x\x07\x7f",
    b"\x1b[2J\x1b[31mred",
    b"\xff\xfe\x80",
    b"caf\xe9",
    b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf",
    "\u{9b}2J\u{85}x".as_bytes(),
    "a\u{202e}tx\u{2066}e".as_bytes(),
    "\u{e0041}\u{200b}\u{feff}".as_bytes(),
    "\u{2028}x\u{2029}".as_bytes(),
    "\u{1f468}\u{200d}\u{1f469}e\u{301}\u{301}".as_bytes(),
    b" ",
    b"\"'\\",
];

/// The names, and two that are long.
fn names(folder: &Path) -> Vec<Vec<u8>> {
    let hit = folder.join("hit").display().to_string();
    let named = |name: &[u8]| {
        let mut name = name.to_vec();
        while let Some(at) = name.windows(3).position(|three| three == b"HIT") {
            name.splice(at..at + 3, hit.bytes());
        }
        name
    };
    let mut all: Vec<Vec<u8>> = NAMES.into_iter().map(named).collect();
    all.push(b"long ".repeat(100));
    all.push("\u{e9}".repeat(1_500).into_bytes());
    all
}

/// A name that tmux is to take as it is.
fn unexpanded(name: &[u8]) -> OsString {
    let doubled: Vec<u8> = name
        .iter()
        .flat_map(|byte| [*byte].repeat(1 + usize::from(*byte == b'#')))
        .collect();
    OsString::from_vec(doubled)
}

/// A word of a shell's command.
fn quoted(word: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for byte in word {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            other => quoted.push(*other),
        }
    }
    quoted.push(b'\'');
    quoted
}

/// Muxwire before a tmux server that has a session `work` beside `main`.
struct Scene {
    server: TmuxServer,
    bridge: LiveBridge,
    served: Served,
    links: Vec<u32>,
}

impl Scene {
    async fn start(program: &Program) -> Self {
        let server = TmuxServer::start(program);
        server.run(["set-option", "-g", "automatic-rename", "off"]);
        server.new_session("work", "stty -echo; exec cat");
        // Below 3.2 only the comparison shows titles, commands and directories.
        let settings = Settings {
            reconcile: Duration::from_millis(300),
            ..SETTINGS
        };
        let bridge = LiveBridge::start_with(server.tmux().await, settings, None);
        bridge.settled().await;
        let served = bridge.serve().await;
        let links = server.clients();
        Self {
            server,
            bridge,
            served,
            links,
        }
    }

    /// Whether tmux takes this.
    fn takes(&self, arguments: &[&OsStr]) -> bool {
        let output = self.server.try_run(arguments).expect("tmux answers");
        output.status.success()
    }

    async fn state(&self) -> State {
        synced(&self.bridge, &self.server).await
    }

    /// Nothing has been run, and every link is the one that it was.
    async fn end(self, taken: usize) {
        assert_eq!(hits(&self.server), Vec::<String>::new());
        assert_eq!(self.server.clients(), self.links, "links live");
        assert!(taken >= 10, "tmux takes some of the names: {taken}");
        self.bridge.stop().await;
    }
}

/// All text of a state that tmux's users choose.
fn texts(state: &State) -> Vec<&str> {
    let sessions = state.sessions.values();
    let panes = state.panes.values();
    let mut all: Vec<&str> = state.windows.values().map(|window| &*window.name).collect();
    all.extend(sessions.flat_map(|session| [&*session.name, &session.path]));
    all.extend(panes.flat_map(|pane| [&*pane.title, &pane.command, &pane.path]));
    all
}

/// Asks for a pane by names; `expected` is where it is if it is found.
async fn type_at(client: &mut Client, target: Value, expected: &str) {
    let request = json!({ "action": "send-keys", "id": 1, "target": target, "text": "x" });
    client.send_text(&request.to_string()).await;
    let answer = loop {
        let message = client.next().await;
        if message["id"] == 1 {
            break message;
        }
    };
    let found = answer["type"] == "command.response" && answer["pane"] == expected;
    // What looks like an id is one, and what is too long is no target.
    let name =
        [&target["session"], &target["window"]].map(|name| name.as_str().unwrap_or_default());
    let is_id = name.iter().any(|name| name.starts_with(['$', '@']));
    let is_index = target["window"]
        .as_str()
        .is_some_and(|name| name.parse::<u32>().is_ok());
    let refused = match answer["code"].as_str() {
        Some("NOT_FOUND" | "AMBIGUOUS_TARGET") => is_id || is_index,
        Some("INVALID_MESSAGE") => name
            .iter()
            .any(|name| name.chars().count() > 1_024 || name.is_empty()),
        _ => is_id && answer["type"] == "command.response",
    };
    assert!(found || refused, "{target}: {answer}");
}

/// Whether this version writes the newlines of names as they are, so that a name can hold lines of control mode.
fn writes_lines(program: &Program) -> bool {
    !program.version.has_flow_control()
}

#[test]
fn sessions_windows_and_buffers_of_any_name_are_followed_and_found() {
    for_each_version_async(async |program| {
        let mut scene = Scene::start(&program).await;
        let follower = scene.served.follow().await;
        let mut client = scene.served.client().await;
        let (work, pane) = (SessionId(1), PaneId(1));
        let writes_lines = writes_lines(&program);
        let mut taken = 0;
        for name in names(scene.server.folder()) {
            let in_lines = writes_lines && name.contains(&b'\n');
            let name = unexpanded(&name);
            let words = ["-t", "%1", "--"].map(OsStr::new);
            for what in ["rename-session", "rename-window"] {
                let command = [&[OsStr::new(what)], &words[..], &[&*name]].concat();
                taken += usize::from(scene.takes(&command));
            }
            scene.takes(&[OsStr::new("set-buffer"), "-b".as_ref(), &name, "x".as_ref()]);
            let state = scene.state().await;
            if in_lines {
                // A link may have gone, and is there again.
                scene.links = scene.server.clients();
            }
            assert_eq!(scene.server.clients(), scene.links, "{name:?}: links live");
            let texts = texts(&state);
            assert!(!texts.concat().contains(['\n', '\r', '\0']), "{texts:?}");
            let session = state.sessions[&work].name.to_string();
            let window = state.windows[&state.panes[&pane].window].name.clone();
            for target in [
                json!({ "session": session }),
                json!({ "session": session, "window": 0 }),
                json!({ "session": "$1", "window": window }),
            ] {
                type_at(&mut client, target, "%1").await;
            }
            if session.len() < 1_000 {
                connect(&scene.served, &session).await;
            }
        }
        assert!(
            scene
                .server
                .run(["capture-pane", "-p", "-t", "%0"])
                .trim()
                .is_empty(),
            "only %1 is typed into"
        );
        // The whole stream has been valid, and is what tmux says.
        let head = scene.bridge.hub.head().0;
        follower.until(head).await;
        scene.end(taken).await;
    });
}

/// A terminal at the address of a name shows that session, or says that there is none where the name looks like an id.
async fn connect(served: &Served, session: &str) {
    let encoded: String = session.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let path = format!("/ws/terminal/{encoded}");
    let mut client = served.client_at(&path, "muxwire.v1").await;
    client.send(json!({ "type": "connect" })).await;
    let answer = client.next().await;
    let is_id = session.starts_with('$');
    assert!(
        answer["pane"] == "%1"
            || is_id
                && (answer["code"] == "NOT_FOUND"
                    || answer["code"] == "AMBIGUOUS_TARGET"
                    || answer["type"] == "connect"),
        "{session:?}: {answer}"
    );
}

/// What a terminal would take for the end of a title can't be in one.
fn titles() -> Vec<Vec<u8>> {
    let fits = |name: &&[u8]| {
        !name
            .iter()
            .any(|byte| matches!(byte, 7 | 0x18 | 0x1a | 0x1b | 0x9c))
    };
    let mut all: Vec<Vec<u8>> = NAMES
        .iter()
        .copied()
        .filter(fits)
        .map(<[u8]>::to_vec)
        .collect();
    all.push(b"t".repeat(5_000));
    all
}

/// Runs this in a window of its own; returns the pane.
fn run(server: &TmuxServer, script: &[u8]) -> PaneId {
    let window = ["new-window", "-d", "-t", "=work:", "-P", "-F", "#{pane_id}"].map(OsStr::new);
    let arguments = window.into_iter().chain([OsStr::from_bytes(script)]);
    server.run(arguments).trim().parse().unwrap()
}

#[test]
fn titles_of_any_kind_are_followed() {
    for_each_version_async(async |program| {
        let scene = Scene::start(&program).await;
        let follower = scene.served.follow().await;
        let ways = [
            ("\x1b]2;", "\x07"),
            ("\x1b]0;", "\x1b\\"),
            ("\x1bk", "\x1b\\"),
        ];
        let mut panes = Vec::new();
        for title in titles() {
            let sequences: Vec<u8> = ways
                .iter()
                .flat_map(|(begin, end)| [begin.as_bytes(), &title, end.as_bytes()].concat())
                .collect();
            let script = [b"printf %s ", &quoted(&sequences)[..], b"; exec cat"].concat();
            panes.push(run(&scene.server, &script));
        }
        let command_of = |pane: &PaneId| {
            scene
                .server
                .value(&pane.to_string(), "#{pane_current_command}")
        };
        wait_until_async("all is printed", SOON, || {
            panes.iter().all(|pane| command_of(pane) == "cat")
        })
        .await;
        let state = scene.state().await;
        let own = &state.panes[&PaneId(0)].title;
        let changed = panes
            .iter()
            .filter(|pane| state.panes[*pane].title != *own)
            .count();
        for pane in &panes {
            let title = &state.panes[pane].title;
            assert!(!title.contains(|c: char| c.is_ascii_control()), "{title:?}");
        }
        let head = scene.bridge.hub.head().0;
        follower.until(head).await;
        scene.end(changed).await;
    });
}

/// Directories may have any name of up to 255 bytes, and so may programs.
fn of_files() -> impl Iterator<Item = &'static [u8]> {
    NAMES.into_iter().filter(|name| !name.contains(&b'/'))
}

#[test]
fn directories_and_processes_of_any_name_are_followed() {
    for_each_version_async(async |program| {
        let scene = Scene::start(&program).await;
        let follower = scene.served.follow().await;
        let cat = env::split_paths(&env::var_os("PATH").unwrap())
            .map(|folder| folder.join("cat"))
            .find(|path| path.exists())
            .unwrap();
        let mut panes = Vec::new();
        for (at, name) in of_files().enumerate() {
            let name = OsStr::from_bytes(name);
            let folder = scene.server.folder().join(format!("d{at}")).join(name);
            fs::create_dir_all(&folder).unwrap();
            let program = [b"c", name.as_bytes()].concat();
            symlink(&cat, folder.join(OsStr::from_bytes(&program))).unwrap();
            let folder = folder.as_os_str().as_bytes();
            let script = [
                b"cd ",
                &quoted(folder)[..],
                b" && exec ./",
                &quoted(&program),
            ]
            .concat();
            panes.push((run(&scene.server, &script), clean(folder)));
        }
        // The shell is there first, at another place. What is no UTF-8 has its own names in each version.
        let known = |state: &State| {
            let texts = panes.iter().filter(|(_, path)| !path.contains('\u{fffd}'));
            let mut shown = texts.map(|(pane, path)| (state.panes.get(pane), path));
            shown.all(|(pane, path)| pane.is_some_and(|pane| pane.path == *path))
        };
        scene.bridge.until("the directories", known).await;
        let state = scene.state().await;
        for text in texts(&state) {
            assert!(!text.contains(|c: char| c.is_ascii_control()), "{text:?}");
        }
        for (pane, _) in &panes {
            scene.server.run(["kill-pane", "-t", &pane.to_string()]);
        }
        scene.state().await;
        let head = scene.bridge.hub.head().0;
        follower.until(head).await;
        scene.end(panes.len()).await;
    });
}

/// As the formats clean it: control characters are question marks.
fn clean(path: &[u8]) -> String {
    let cleaned: Vec<u8> = path
        .iter()
        .map(|byte| if byte.is_ascii_control() { b'?' } else { *byte })
        .collect();
    String::from_utf8_lossy(&cleaned).into_owned()
}

#[test]
fn logs_of_hostile_names_are_harmless_lines() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.run(["set-option", "-g", "automatic-rename", "off"]);
        server.new_session("work", "exec cat");
        for (format, level) in [("text", "trace"), ("json", "debug")] {
            let serving = Serving::start(
                &server,
                &["--no-auth", "--log-level", level, "--log-format", format],
            );
            // Changes while links attach end some versions' servers (danger 13).
            wait_until_async("the links are there", SOON, || server.clients().len() == 3).await;
            let mut client = serving.client().await;
            let subscribed = json!({ "action": "subscribe" });
            client.ask(subscribed, "subscribed").await;
            for name in names(server.folder()) {
                let name = unexpanded(&name);
                for what in ["rename-session", "rename-window"] {
                    let command = [
                        OsStr::new(what),
                        "-t".as_ref(),
                        "%1".as_ref(),
                        "--".as_ref(),
                        &name,
                    ];
                    server.try_run(&command).expect("tmux answers");
                }
                // What clients say is in logs too.
                let hostile = String::from_utf8_lossy(name.as_bytes()).into_owned();
                client
                    .send_text(
                        &json!({ "action": hostile, "target": { "session": hostile } }).to_string(),
                    )
                    .await;
            }
            server.run(["rename-session", "-t", "%1", "the end"]);
            while client.next().await["session"] != "the end" {}
            serving.signal(Signal::TERM);
            let (_, log, _) = serving.ended_within(SOON);
            assert!(log.lines().count() > 10, "{log}");
            for line in log.lines() {
                assert!(!line.contains(acts_on_terminals), "{line:?}");
                let begins = if format == "json" {
                    "{\"timestamp\":\"2"
                } else {
                    "2"
                };
                assert!(line.starts_with(begins), "{line:?}");
                assert!(
                    format != "json" || serde_json::from_str::<Value>(line).is_ok(),
                    "{line}"
                );
            }
        }
        assert_eq!(hits(&server), Vec::<String>::new());
    });
}
