//! A monitor in a pane of a tmux of its own, which stands for the terminal of whoever uses it.

use std::path::PathBuf;

use muxwire::ids::PaneId;

use crate::support::program::Home;
use crate::support::{Program, SOON, TmuxServer, wait_until_async};

/// A terminal in which a shell has started the monitor.
pub struct Watched {
    pub terminal: TmuxServer,
    pub pane: PaneId,
    home: Home,
}

impl Drop for Watched {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("when the test failed it showed:\n{}", self.text());
        }
    }
}

impl Watched {
    /// Starts it in a terminal of this size. `before` goes before the program in the shell, and `arguments` behind it.
    pub async fn start(
        program: &Program,
        size: (u16, u16),
        address: &str,
        (before, arguments): (&str, &str),
    ) -> Self {
        let terminal = TmuxServer::start(program);
        let home = Home::new();
        let muxwire = home.muxwire([""]);
        let muxwire = muxwire.get_program().to_str().unwrap().to_owned();
        let config = home.path().join("config");
        let line = format!(
            "export XDG_CONFIG_HOME={}; {before} {muxwire} top --url ws://{address} {arguments}; echo ended $?; stty -a; \
             exec cat",
            config.display()
        );
        let (columns, rows) = (size.0.to_string(), size.1.to_string());
        let made = [
            "new-session",
            "-d",
            "-P",
            "-F",
            "#{pane_id}",
            "-s",
            "top",
            "-x",
            &columns,
            "-y",
            &rows,
            &line,
        ];
        let pane = terminal.run(made).trim().parse().unwrap();
        Self {
            terminal,
            pane,
            home,
        }
    }

    /// What the terminal shows.
    pub fn text(&self) -> String {
        self.terminal
            .run(["capture-pane", "-p", "-t", &self.pane.to_string()])
    }

    /// Waits until it shows a text.
    pub async fn shows(&self, text: &str) {
        self.until(text, |shown| shown.contains(text)).await;
    }

    /// Waits until it shows a text no more.
    pub async fn hides(&self, text: &str) {
        self.until(text, |shown| !shown.contains(text)).await;
    }

    pub async fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        let mut last = String::new();
        let holds = || {
            last = self.text();
            wanted(&last)
        };
        wait_until_async(&format!("{what:?} on the terminal"), SOON, holds).await;
    }

    /// Presses keys, by tmux's names.
    pub fn press(&self, keys: &[&str]) {
        let pane = self.pane.to_string();
        let mut command = vec!["send-keys", "-t", &pane];
        command.extend(keys);
        self.terminal.run(command);
    }

    /// Types text.
    pub fn enter(&self, text: &str) {
        self.terminal
            .run(["send-keys", "-t", &self.pane.to_string(), "-l", text]);
    }

    /// From here on all bytes that come to the terminal are in this file as well.
    pub fn record(&self) -> PathBuf {
        let file = self.home.path().join("bytes");
        let command = format!("cat >> {}", file.display());
        self.terminal
            .run(["pipe-pane", "-t", &self.pane.to_string(), &command]);
        file
    }

    /// What tmux says of the pane.
    pub fn value(&self, format: &str) -> String {
        self.terminal.value(&self.pane.to_string(), format)
    }

    /// The process of the monitor: a child of the pane's shell.
    pub fn process(&self) -> u32 {
        let shell = self.value("#{pane_pid}");
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children"));
        let children = children.unwrap();
        children.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Waits until the monitor has ended, and the terminal is as it was before.
    pub async fn is_given_back(&self, code: i32) {
        self.shows(&format!("ended {code}")).await;
        self.until("icanon", |shown| {
            let words: Vec<&str> = shown.split_whitespace().collect();
            ["icanon", "echo", "isig"]
                .iter()
                .all(|word| words.contains(word))
        })
        .await;
        let state =
            self.value("#{alternate_on} #{mouse_any_flag} #{mouse_sgr_flag} #{cursor_flag}");
        assert_eq!(state, "0 0 0 1");
    }
}
