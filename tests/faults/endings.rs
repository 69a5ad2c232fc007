//! Ends that nobody asked for in order: a terminal that goes, and a demo that is killed.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::witness::Witness;
use super::{Scene, Stopped, linked, recovered};
use crate::support::program::Home;
use crate::support::serving::{LOG, Serving};
use crate::support::{SOON, TmuxServer, any_program, pause, wait_until};

/// What a stop may take.
const END: Duration = Duration::from_secs(5 + 2);

/// The same command, started by another program.
fn with_program(program: &str, arguments: &[&str], command: &Command) -> Command {
    let mut starting = Command::new(program);
    starting.args(arguments);
    starting.arg(command.get_program()).args(command.get_args());
    starting
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    for (name, value) in command.get_envs() {
        starting.envs(value.map(|value| (name, value)));
    }
    starting
}

#[tokio::test]
async fn a_terminal_that_goes_is_an_end_in_order() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let command = Serving::command(&home, &server, &["--no-auth"], &[]);
    // Also where the runner of the tests ignores the signal, as nohup does: a program inherits that.
    let mut heeding = with_program("env", &["--default-signal=HUP"], &command);
    let log = File::create(home.path().join(LOG)).unwrap();
    let serving = Serving::spawn(home, heeding.stderr(log));
    linked(&server);
    let mut client = serving.client().await;
    client
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    serving.signal(Signal::HUP);
    client.find("shutdown").await;
    assert_eq!(client.close_code().await, Some(4001));
    let (code, log, _) = serving.ended_within(END);
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(server.clients(), Vec::<u32>::new(), "no link is left");
}

#[tokio::test]
async fn who_wants_it_to_outlive_the_terminal_is_heard() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let command = Serving::command(&home, &server, &["--no-auth"], &[]);
    let mut ignoring = with_program("sh", &["-c", "trap '' HUP; exec \"$@\"", "sh"], &command);
    let serving = Serving::spawn(home, &mut ignoring);
    linked(&server);
    let mut client = serving.client().await;
    serving.signal(Signal::HUP);
    // A signal that ends it is handled before anything that comes behind it.
    for _ in 0..20 {
        client.ask(json!({ "action": "ping" }), "pong").await;
    }
}

/// As under a debugger, or on a machine that was taken its time: nobody is taken for silent who was not asked.
#[tokio::test]
async fn one_that_stands_still_itself_goes_on_where_it_was() {
    let program = any_program();
    let scene = Scene::open(program, &[("MUXWIRE_SERVER_PING_INTERVAL", "500ms")]);
    let mut witness = Witness::start(&scene.serving).await;
    witness.works("main").await;
    // Longer than pings, and longer than tmux may take for an answer.
    for length in [2, 12] {
        let stopped = Stopped::new(scene.serving.pid());
        let line = json!({ "action": "command", "id": length, "target": { "session": "main" }, "command": "x" });
        witness.client.send(line).await;
        scene
            .server
            .run(["new-window", "-d", "-t", "=main:", "exec cat"]);
        pause(Duration::from_secs(length)).await;
        let since = Instant::now();
        drop(stopped);
        let answer = witness.answer(&json!(length)).await;
        assert_eq!(answer["success"], true, "{answer}");
        witness.works("main").await;
        recovered("muxwire stopped and continued", &program.version, since);
        witness.agrees().await;
    }
    let log = scene.serving.log();
    assert!(!log.contains("given up"), "{log}");
}

#[test]
fn a_demo_that_is_killed_leaves_neither_a_server_nor_a_folder() {
    let program = any_program();
    let home = Home::new();
    let folders = || {
        let entries = fs::read_dir(home.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.starts_with("muxwire-demo-"))
            .count()
    };
    let mut command = home.muxwire(["serve", "--demo", "--no-auth", "--listen", "127.0.0.1:0"]);
    command.env("MUXWIRE_SERVER_TMUX", &program.path);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("TMPDIR", home.path()).stderr(Stdio::piped());
    let mut serving = Serving::spawn(Home::new(), &mut command);
    assert_eq!(folders(), 1);
    let since = Instant::now();
    serving.signal(Signal::KILL);
    serving.wait(END);
    wait_until("nothing is left", SOON, || folders() == 0);
    recovered("a demo killed: nothing is left", &program.version, since);
}
