//! `muxwire serve --demo`: agents that are played from recordings are known as the real ones are, take answers, and leave nothing.

use std::fs;
use std::process::Command;

use crate::support::demo::Demo;
use crate::support::program::Home;
use crate::support::{SOON, is_alive, wait_until};

/// What is left of its folder.
fn left(demo: &Demo) -> Vec<String> {
    let entries = fs::read_dir(demo.home.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.starts_with("muxwire-demo"))
        .collect()
}

#[test]
fn its_agents_are_known_and_take_answers() {
    let demo = Demo::start();
    demo.until("checks", "waiting");
    demo.until("essay", "busy");
    demo.until("greeting", "text:Worked for 5s");
    demo.until("greeting", "ready");
    demo.until("outage", "error");
    demo.until("quota", "error");
    let status = demo.ask(&["status"]);
    for row in ["permission", "usage_limit", "api_error"] {
        assert!(status.stdout.contains(row), "{}", status.stdout);
    }
    for (agent, count) in [("claude ", 3), ("codex ", 2)] {
        let rows = status.stdout.lines().filter(|row| row.starts_with(agent));
        assert_eq!(rows.count(), count, "{}", status.stdout);
    }
    // No, and then, once it has been asked again, yes.
    let escape = demo.ask(&["send", "checks", "--keys", "Escape"]);
    assert_eq!(escape.code, Some(0), "{}", escape.stderr);
    demo.until("checks", "text:What should Claude do instead?");
    demo.until("checks", "ready");
    let again = demo.ask(&["send", "checks", "--keys", "Enter"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    demo.until("checks", "waiting");
    let yes = demo.ask(&["send", "checks", "1"]);
    assert_eq!(yes.code, Some(0), "{}", yes.stderr);
    demo.until("checks", "text:Done: the checks pass.");
}

#[test]
fn it_leaves_nothing_even_if_it_is_killed() {
    let mut demo = Demo::start();
    demo.until("checks", "waiting");
    assert_eq!(left(&demo).len(), 1);
    demo.serve.kill().unwrap();
    demo.serve.wait().unwrap();
    wait_until("nothing is left", SOON, || left(&demo).is_empty());
}

#[test]
fn regression_it_leaves_no_server_even_if_its_folder_is_gone() {
    let mut demo = Demo::start();
    let folder = demo.home.path().join(left(&demo).remove(0));
    let mut ask = Command::new("tmux");
    ask.arg("-S").arg(folder.join("tmux"));
    let said = ask.args(["display-message", "-p", "#{pid}"]).output();
    let pid = String::from_utf8(said.unwrap().stdout).unwrap();
    demo.serve.kill().unwrap();
    demo.serve.wait().unwrap();
    fs::remove_dir_all(folder).unwrap();
    let pid = pid.trim().parse().unwrap();
    wait_until("the server is gone", SOON, || !is_alive(pid));
}

#[test]
fn there_are_no_other_agents() {
    let run = Home::new().run("demo-agent shell");
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("no agent in a session \"shell\""),
        "{}",
        run.stderr
    );
}
