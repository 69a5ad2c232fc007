//! `muxwire serve --demo` as a process.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use super::program::{Home, Run};

/// A running demo, whose files are below its home. It ends with the test.
pub struct Demo {
    pub home: Home,
    pub serve: Child,
    pub url: String,
}

impl Demo {
    pub fn start() -> Self {
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
    pub fn ask(&self, arguments: &[&str]) -> Run {
        let mut command = self.home.muxwire(arguments);
        Run::of(command.args(["--url", &self.url]))
    }

    /// Waits until an agent is in this state, or its pane shows this text.
    pub fn until(&self, session: &str, what: &str) {
        let run = self.ask(&["wait", session, "--until", what, "--timeout", "120s"]);
        assert_eq!(run.code, Some(0), "{session}: {what}: {}", run.stderr);
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already. What it has started ends with it.
        let _ = self.serve.kill();
        let _ = self.serve.wait();
    }
}
