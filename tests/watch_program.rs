//! `muxwire watch` as a program: what it prints on real servers and real tmux, and how it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use muxwire::ids::PaneId;
use muxwire::printable::acts_on_terminals;
use rustix::process::Signal;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

use crate::support::bridge::LiveBridge;
use crate::support::program::{Home, Run};
use crate::support::proxy::Proxy;
use crate::support::random::Random;
use crate::support::server::TestServer;
use crate::support::world::{World, stamp};
use crate::support::{
    SOON, TmuxServer, any_program, for_each_version_async, signal, wait_until_async,
};

/// A program of ours that runs until the test ends.
struct Program {
    child: Child,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
    stderr: Lines<BufReader<ChildStderr>>,
}

impl Program {
    fn start(command: std::process::Command) -> Self {
        let mut child = Command::from(command)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        Self {
            child,
            stdout: Some(stdout),
            stderr,
        }
    }

    /// `muxwire watch` on a server, once it is connected.
    async fn watch(home: &Home, address: impl std::fmt::Display, arguments: &str) -> Self {
        let url = format!("ws://{address}");
        let fixed = ["watch", "--url", &url];
        let arguments = fixed.into_iter().chain(arguments.split_whitespace());
        let mut program = Self::start(home.muxwire(arguments));
        program.notice("watching").await;
        program
    }

    /// The next line on stdout; none at its end.
    async fn line(&mut self) -> Option<String> {
        let line = self.stdout.as_mut().unwrap().next_line();
        timeout(SOON, line).await.expect("a line comes").unwrap()
    }

    /// The next line on stdout with this in it.
    async fn line_with(&mut self, text: &str) -> String {
        let mut passed = Vec::new();
        while let Some(line) = self.line().await {
            if line.contains(text) {
                return line;
            }
            passed.push(line);
        }
        panic!("no line with {text:?} in {passed:#?}");
    }

    /// The next line on stderr with this in it.
    async fn notice(&mut self, text: &str) -> String {
        let wait = async {
            while let Some(line) = self.stderr.next_line().await.unwrap() {
                if line.contains(text) {
                    return line;
                }
            }
            panic!("stderr ended without {text:?}");
        };
        timeout(SOON, wait)
            .await
            .unwrap_or_else(|_| panic!("{text:?} is not printed"))
    }

    fn interrupt(&self) {
        signal(self.child.id().unwrap(), Signal::INT);
    }

    async fn code(&mut self) -> Option<i32> {
        timeout(SOON, self.child.wait())
            .await
            .expect("it ends")
            .unwrap()
            .code()
    }
}

/// The same line without its time.
fn untimed(line: &str) -> &str {
    line.split_once(' ').unwrap().1
}

#[test]
fn what_happens_in_tmux_is_printed_as_it_happens() {
    for_each_version_async(async |program| {
        let tmux = TmuxServer::start(&program);
        let bridge = LiveBridge::start(tmux.tmux().await);
        bridge.settled().await;
        let server = bridge.serve().await;
        let home = Home::new();
        let mut all = Program::watch(&home, server.address, "").await;
        let mut some = Program::watch(&home, server.address, "--session b* --type *.renamed").await;
        tmux.run(["rename-window", "-t", "=main:", "edit"]);
        let line = all.line_with("window.renamed").await;
        assert!(untimed(&line).starts_with("main:0 "), "{line}");
        assert!(line.contains("\"edit\", was \""), "{line}");
        tmux.new_session("beta", "exec cat");
        bridge.settled().await;
        all.line_with("session.created").await;
        tmux.run(["rename-window", "-t", "=beta:", "other"]);
        let line = some.line().await.unwrap();
        assert!(
            untimed(&line).starts_with("beta:0 window.renamed "),
            "{line}"
        );
        tmux.run(["send-keys", "-t", "%0", "typed", "Enter"]);
        let line = all.line_with("%0 | ").await;
        assert_eq!(untimed(&line), "main:0.%0 | typed");
    });
}

#[tokio::test]
async fn every_byte_comes_once_through_connections_that_break() {
    let tmux = TmuxServer::start(any_program());
    let filling = "x".repeat(90);
    let script = format!(
        "read go; i=0; while [ $i -lt 3000 ]; do echo line $i {filling}; i=$((i+1)); done; exec cat"
    );
    let (_, pane) = tmux.new_session("numbers", &script);
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let server = bridge.serve().await;
    let mut random = Random::new(7);
    let mut most = 8000;
    // A message comes whole or not at all, so in the end more goes through than the longest one has.
    let cut = move || {
        most += most / 2;
        Some(4000 + random.below(most))
    };
    let proxy = Proxy::start(server.address, cut).await;
    let home = Home::new();
    let mut watch = Program::watch(
        &home,
        proxy.address,
        "--json --type pane.output --session numbers",
    )
    .await;
    tmux.run(["send-keys", "-t", &pane, "Enter"]);
    let (mut text, mut next) = (String::new(), None);
    let last = format!("line 2999 {filling}\r\n");
    while !text.contains(&last) {
        let event: Value = serde_json::from_str(&watch.line().await.unwrap()).unwrap();
        if event["type"] != "pane.output" {
            continue;
        }
        let data = &event["data"];
        let offset = data["offset"].as_u64().unwrap();
        assert_eq!(
            next.replace(offset + data["bytes"].as_u64().unwrap())
                .unwrap_or(offset),
            offset
        );
        text.push_str(data["content"].as_str().unwrap());
    }
    let expected: String = (0..3000)
        .map(|number| format!("line {number} {filling}\r\n"))
        .collect();
    assert!(text.ends_with(&expected), "{text}");
    let connections = proxy.connections();
    assert!(connections > 4, "connections were cut {connections} times");
    eprintln!("watch: {} bytes over {connections} connections", text.len());
}

#[tokio::test]
async fn an_interrupted_watch_says_how_to_go_on_and_ends_well() {
    let server = TestServer::open().await;
    let home = Home::new();
    let mut world = World::new();
    let mut since = String::new();
    for (name, end) in [("a", Signal::INT), ("b", Signal::TERM), ("c", Signal::INT)] {
        let mut watch =
            Program::watch(&home, server.address, &format!("--type session.* {since}")).await;
        world.session(name);
        let head = world.publish(&server.hub);
        let line = watch.line().await.unwrap();
        assert!(
            untimed(&line).starts_with(&format!("{name} session.created")),
            "{line}"
        );
        signal(watch.child.id().unwrap(), end);
        let line = watch.notice("--since").await;
        let (_, cursor) = line.split_once("--since ").unwrap();
        since = format!("--since {cursor}");
        assert!(cursor.starts_with("1.e1."), "{cursor} after {head}");
        assert_eq!(watch.code().await, Some(0));
        assert_eq!(watch.line().await, None);
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_it_quietly() {
    let server = TestServer::open().await;
    let home = Home::new();
    let mut world = World::new();
    let mut watch = Program::watch(&home, server.address, "--json").await;
    watch.line().await.unwrap();
    watch.stdout = None;
    // A child of another test that has been forked and not yet become its program may hold the pipe open for a moment.
    let code = {
        let mut code = pin!(watch.code());
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            tokio::select! {
                code = &mut code => break code,
                _ = ticks.tick() => {
                    world.session("a");
                    world.publish(&server.hub);
                }
            }
        }
    };
    assert_eq!(code, Some(0));
    assert_eq!(
        watch.stderr.next_line().await.unwrap(),
        None,
        "nothing is said"
    );
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_not_waited_for_and_misses_nothing() {
    const FULL: u64 = 60_000;
    let server = TestServer::open().await;
    let home = Home::new();
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    let arguments = "--json --type pane.output";
    let mut watch = Program::watch(&home, server.address, arguments).await;
    let mut expected = Vec::new();
    for offset in 0..3000 {
        let change = world.output(
            PaneId(0),
            offset,
            b"some output that fills a pipe sooner or later",
        );
        expected.push(server.hub.publish([change], None, stamp()).0);
    }
    let stdout = watch.stdout.as_mut().unwrap().get_mut().get_ref();
    let waiting = || rustix::io::ioctl_fionread(stdout).unwrap();
    wait_until_async("a full pipe", SOON, || waiting() > FULL).await;
    watch.interrupt();
    let line = watch.notice("--since").await;
    let (_, since) = line.split_once("--since ").unwrap();
    assert_eq!(watch.code().await, Some(0));

    let mut found = BTreeSet::new();
    let mut lines = Vec::new();
    while let Some(line) = watch.line().await {
        lines.push(line);
    }
    // The last line may have been cut.
    let whole = lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    found.extend(
        whole
            .filter(|message| message["type"] == "pane.output")
            .map(|event| event["seq"].as_u64().unwrap()),
    );
    assert!(found.len() < expected.len(), "the reader stopped too late");
    let mut watch = Program::watch(
        &home,
        server.address,
        &format!("{arguments} --since {since}"),
    )
    .await;
    while found.last() < expected.last() {
        let message: Value = serde_json::from_str(&watch.line().await.unwrap()).unwrap();
        if message["type"] == "pane.output" {
            found.insert(message["seq"].as_u64().unwrap());
        }
    }
    assert_eq!(Vec::from_iter(found), expected);
}

#[tokio::test]
async fn json_is_what_the_server_said_and_harmless() {
    let server = TestServer::open().await;
    let home = Home::new();
    let mut world = World::new();
    let session = world.session("a");
    world.publish(&server.hub);
    let mut watch = Program::watch(&home, server.address, "--json --color always").await;
    let mut other = server.client().await;
    other
        .ask(serde_json::json!({ "action": "subscribe" }), "subscribed")
        .await;
    world.rename(session, "\u{202e}\u{9b}31m\u{7f}");
    world.publish(&server.hub);
    let pane = PaneId(0);
    let hostile = "\u{1b}]52;c;AAAA\u{7}\u{9b}31m\u{202e}\u{2028}\u{85}\r\n\u{ff}".as_bytes();
    let change = world.output(pane, 0, hostile);
    server.hub.publish([change], None, stamp());
    let first: Value = serde_json::from_str(&watch.line().await.unwrap()).unwrap();
    assert_eq!(first["type"], "subscribed");
    for type_name in ["session.renamed", "pane.output"] {
        let line = watch.line_with(type_name).await;
        assert!(!line.contains(acts_on_terminals), "{line:?}");
        let found: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(found, other.find(type_name).await);
    }
}

#[tokio::test]
async fn colours_are_for_terminals_and_on_demand() {
    let server = TestServer::open().await;
    let home = Home::new();
    let mut world = World::new();
    for (arguments, coloured) in [
        ("", false),
        ("--color always", true),
        ("--color never", false),
    ] {
        let mut watch = Program::watch(&home, server.address, arguments).await;
        world.session(&format!("s{}", world.state.sessions.len()));
        world.publish(&server.hub);
        let line = watch.line_with("session.created").await;
        assert_eq!(line.contains('\u{1b}'), coloured, "{line:?}");
    }
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again_and_the_loss_is_shown() {
    let (before, after) = (
        TestServer::open().await,
        TestServer::start_as("e2", <_>::default()).await,
    );
    let proxy = Proxy::start(before.address, || None).await;
    let home = Home::new();
    let mut watch = Program::watch(&home, proxy.address, "").await;
    let mut world = World::new();
    world.session("api");
    world.publish(&after.hub);
    proxy.lead_to(after.address);
    before.stop.cancel();
    watch.notice("(4001)").await;
    watch.notice("connected to build-3 again").await;
    let lines = [watch.line().await, watch.line().await, watch.line().await].map(Option::unwrap);
    let (lost, snapshot, pane) = (&lines[0], &lines[1], &lines[2]);
    assert!(
        lost.starts_with("-- events between 1.e1.0 and 1.e2."),
        "{lost}"
    );
    assert!(snapshot.starts_with("-- snapshot: tmux 3.3a"), "{snapshot}");
    assert!(
        pane.starts_with("   api:0.%0  window \"main\", \"bash\" in \"/home\", 80x24"),
        "{pane}"
    );
}

#[test]
fn what_can_t_be_done_is_said_with_its_remedy() {
    let home = Home::new();
    let open = home.write("open", "mw_secret\n");
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o644)).unwrap();
    let rows = [
        ("watch --url https://box", 2, "wss://"),
        ("watch --url box:8765", 2, "ws://127.0.0.1:8765/monitor"),
        ("watch --token mw_secret", 2, "--token-file"),
        ("watch --type pane.* --color sometimes", 2, "never"),
        ("watch --token-file missing", 1, "missing"),
        (
            &format!("watch --token-file {}", open.display()),
            1,
            "chmod 600",
        ),
    ];
    for (arguments, code, remedy) in rows {
        let run = home.run(arguments);
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (Some(code), ""),
            "{arguments}: {run:?}"
        );
        assert!(run.stderr.contains(remedy), "{arguments}: {}", run.stderr);
        assert!(
            !run.stderr.contains("mw_secret") || code == 2,
            "{}",
            run.stderr
        );
    }
}

#[test]
fn the_docs_name_every_option() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/usage.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let help = Home::new().run("watch --help").stdout;
    let (own, _) = help.split_once("General options").unwrap();
    let words = own.split_whitespace().filter(|word| word.starts_with("--"));
    // An option whose value may be missing stands there as `--option[=<VALUE>]`.
    let names = words.map(|word| word.split('[').next().unwrap());
    let options: Vec<&str> = names.filter(|word| *word != "--help").collect();
    assert!(options.len() >= 7, "{help}");
    for option in options {
        assert!(
            docs.contains(&format!("| `{option}")),
            "{option} is not in docs/usage.md"
        );
    }
}

#[tokio::test]
async fn a_server_that_says_no_is_left() {
    let server = TestServer::open().await;
    let home = Home::new();
    let url = format!("watch --url ws://{}", server.address);
    let run = move |arguments: &str| home.run(&format!("{url}{arguments}"));
    let many = " --type *".repeat(65);
    let refusals = tokio::task::spawn_blocking(move || [run(&many), run("/elsewhere")]);
    let [filter, path]: [Run; 2] = refusals.await.unwrap();
    for (run, why) in [(filter, "INVALID_FILTER"), (path, "404")] {
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
        assert!(
            run.stderr.starts_with("muxwire: ") && run.stderr.contains(why),
            "{}",
            run.stderr
        );
    }
}

/// The operator's terminal is a real one here: a pane of another tmux server.
#[tokio::test]
async fn a_hostile_pane_does_nothing_to_the_terminal_that_watches_it() {
    let program = any_program();
    let tmux = TmuxServer::start(program);
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let server = bridge.serve().await;

    let operator = TmuxServer::start(program);
    operator.run(["set-option", "-s", "set-clipboard", "on"]);
    operator.run(["set-option", "-g", "remain-on-exit", "on"]);
    let home = Home::new();
    let watch = format!(
        "exec env -i HOME={} TERM=$TERM {} watch --all --url ws://{}",
        home.path().display(),
        env!("CARGO_BIN_EXE_muxwire"),
        server.address
    );
    let (_, screen) = operator.new_session("operator", &watch);
    let title = operator.value(&screen, "#{pane_title}");
    let shows = |text: &str| {
        operator
            .run(["capture-pane", "-p", "-e", "-t", &screen])
            .contains(text)
    };
    wait_until_async("the watch", SOON, || shows("watching")).await;

    let hostile = "\\033]0;taken over\\007\\033]52;c;cm0gLXJm\\007\\033[?1049h\\033[2J\\033[31mred\\033[0m\\n\
                   \\033Pq\\033\\\\\\033[6n\\033[c\\033[20;1Hthe end\\n";
    tmux.run([
        "new-window",
        "-t",
        "=main:",
        &format!("printf '{hostile}'; exec cat"),
    ]);
    wait_until_async("the output", SOON, || shows("the end")).await;

    assert_eq!(operator.value(&screen, "#{pane_title}"), title);
    assert_eq!(operator.value(&screen, "#{alternate_on}"), "0");
    assert_eq!(
        operator.run(["list-buffers"]),
        "",
        "the clipboard was not set"
    );
    assert!(shows("watching"), "the screen was not erased");
    assert!(shows("\x1b[31mred"), "colours are kept");
    operator.run(["send-keys", "-t", &screen, "C-c"]);
    wait_until_async("the end", SOON, || {
        operator.value(&screen, "#{pane_dead}") == "1"
    })
    .await;
    assert_eq!(operator.value(&screen, "#{pane_dead_status}"), "0");
    assert!(shows("--since 1.test."), "it says how to go on");
}

/// What a newcomer does: a token, a server with something to see, and a look at it.
#[tokio::test]
async fn a_demo_can_be_watched_with_a_new_token() {
    let home = Home::new();
    let token = home.run("token create --name me").stdout;
    let environment: BTreeMap<&str, _> = [("PATH", std::env::var("PATH").unwrap())].into();
    let mut serve = home.muxwire(["serve", "--demo", "--listen", "127.0.0.1:0"]);
    serve.envs(&environment);
    let mut serve = Program::start(serve);
    let line = serve.line().await.unwrap();
    let (_, url) = line.split_once("listening on ").unwrap();
    let mut refused = Program::start(home.muxwire(["watch", "--url", url]));
    refused.notice("MUXWIRE_TOKEN").await;
    assert_eq!(refused.code().await, Some(1));

    let file = home.write("token", &token);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let mut by_file = home.muxwire(["watch", "--url", url, "--token-file"]);
    by_file.arg(&file);
    let mut by_variable = home.muxwire(["watch", "--url", url]);
    by_variable.env("MUXWIRE_TOKEN", &token);
    for command in [by_file, by_variable] {
        let mut watch = Program::start(command);
        watch.notice("watching").await;
        watch.line_with(" | ").await;
        watch.interrupt();
        assert_eq!(watch.code().await, Some(0));
    }
    serve.interrupt();
    assert_eq!(serve.code().await, Some(0));
}

/// What `watch --latency` shows of a real pane: for programs until something was measured, and for people.
#[tokio::test]
async fn latency_is_shown_by_intervals() {
    let tmux = TmuxServer::start(any_program());
    let bridge = LiveBridge::start(tmux.tmux().await);
    bridge.settled().await;
    let server = bridge.serve().await;
    let home = Home::new();
    tmux.run([
        "new-window",
        "-t",
        "=main:",
        "while :; do echo line; sleep 0.01; done",
    ]);
    let mut watch = Program::watch(&home, server.address, "--latency=100ms --json").await;
    let measured = loop {
        let line = watch.line().await.unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        // On a busy machine an interval may end before the first answer.
        let is_one = ["latency", "no_answer"].map(|name| line["type"] == name);
        assert!(is_one.contains(&true), "{line}");
        if !line["stats"]["client"]["latency_us"].is_null() && line["events"].as_u64() > Some(0) {
            break line;
        }
    };
    assert_eq!(measured["type"], "latency");
    let client = &measured["stats"]["client"];
    assert!(
        client["latency_us"]["max"].as_u64() < Some(20_000_000),
        "{measured}"
    );
    assert!(client["latency_us"]["p50"].as_u64() <= client["latency_us"]["p99"].as_u64());
    assert!(measured["ping_us"].as_u64() > Some(0), "{measured}");
    assert_eq!(
        client["shed"],
        serde_json::json!({ "panes": 0, "bytes": 0 })
    );

    let mut people = Program::watch(&home, server.address, "--latency=100ms").await;
    let line = people.line_with("  read-to-write p50 ").await;
    for word in [
        " events/s  ",
        "/s  read-to-write p50 ",
        "  ping ",
        "  queue ",
        " behind  shed 0 B",
    ] {
        assert!(line.contains(word), "{word:?} in {line:?}");
    }
    // Both may know of each other, since there are no tokens.
    people
        .line_with("          - c1 unauthenticated 127.0.0.1:")
        .await;
    for program in [&mut watch, &mut people] {
        program.interrupt();
        assert_eq!(program.code().await, Some(0));
    }
    while let Some(line) = people.stderr.next_line().await.unwrap() {
        assert!(!line.contains("--since"), "events were not shown: {line:?}");
    }
}
