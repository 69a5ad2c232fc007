//! `muxwire serve --demo`: agents that are played from recordings are known as the real ones are, take answers, and leave nothing.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::support::program::{Home, Run};
use crate::support::{SOON, wait_until};

/// A running demo, whose files are below its home.
struct Demo {
    home: Home,
    serve: Child,
    url: String,
}

impl Demo {
    fn start() -> Self {
        let home = Home::new();
        let mut serve = home.muxwire(["serve", "--demo", "--listen", "127.0.0.1:0", "--no-auth"]);
        serve
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TMPDIR", home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut serve = serve.spawn().unwrap();
        let mut lines = BufReader::new(serve.stdout.take().unwrap()).lines();
        let url = lines
            .by_ref()
            .find_map(|line| Some(line.unwrap().strip_prefix("listening on ")?.to_owned()))
            .unwrap();
        // What it prints besides is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { home, serve, url }
    }

    /// Asks the server, and waits for the answer.
    fn ask(&self, arguments: &[&str]) -> Run {
        let mut command = self.home.muxwire(arguments);
        Run::of(command.args(["--url", &self.url]))
    }

    /// Waits until an agent is in this state, or its pane shows this text.
    fn until(&self, session: &str, what: &str) {
        let run = self.ask(&["wait", session, "--until", what, "--timeout", "120s"]);
        assert_eq!(run.code, Some(0), "{session}: {what}: {}", run.stderr);
    }

    /// What is left of its folder.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| name.starts_with("muxwire-demo"))
            .collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already. What it has started ends with it.
        let _ = self.serve.kill();
        let _ = self.serve.wait();
    }
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
    assert_eq!(demo.left().len(), 1);
    demo.serve.kill().unwrap();
    demo.serve.wait().unwrap();
    wait_until("nothing is left", SOON, || demo.left().is_empty());
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
