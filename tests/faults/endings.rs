//! Ends that nobody asked for in order: a terminal that goes, and a demo that is killed.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::{Scene, linked, recovered};
use crate::support::program::Home;
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, wait_until};

/// What a stop may take.
const END: Duration = Duration::from_secs(5 + 2);

#[tokio::test]
async fn a_terminal_that_goes_is_an_end_in_order() {
    let Scene { serving, server } = Scene::open(any_program(), &[]);
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
    let mut ignoring = Command::new("sh");
    ignoring.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]);
    ignoring.arg(command.get_program()).args(command.get_args());
    ignoring
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    for (name, value) in command.get_envs() {
        ignoring.envs(value.map(|value| (name, value)));
    }
    let serving = Serving::spawn(home, &mut ignoring);
    linked(&server);
    let mut client = serving.client().await;
    serving.signal(Signal::HUP);
    // A signal that ends it is handled before anything that comes behind it.
    for _ in 0..20 {
        client.ask(json!({ "action": "ping" }), "pong").await;
    }
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
