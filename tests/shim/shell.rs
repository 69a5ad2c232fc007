//! A shell in a pane of a real tmux, in which programs are run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::executable::write_script;
use crate::support::{Program, SOON, TmuxServer, holds_within, wait_until};

/// An interactive shell whose prompt is `P>`, with the path of muxwire in `MW`.
pub struct Shell {
    server: TmuxServer,
    pane: String,
}

impl Shell {
    pub fn new(program: &Program) -> Self {
        let server = TmuxServer::start(program);
        let folder = server.folder().display().to_string();
        let muxwire = env!("CARGO_BIN_EXE_muxwire");
        let path = std::env::var("PATH").unwrap_or_default();
        let command = format!(
            "cd {folder}; exec env -i PATH='{path}' TERM=screen PS1='P> ' MW={muxwire} bash --norc --noprofile -i"
        );
        let (_, pane) = server.new_session("shell", &command);
        let shell = Self { server, pane };
        shell.until("P>");
        shell
    }

    /// A file in the folder that the shell is in.
    pub fn file(&self, name: &str) -> PathBuf {
        self.server.folder().join(name)
    }

    pub fn server(&self) -> &TmuxServer {
        &self.server
    }

    pub fn pane(&self) -> &str {
        &self.pane
    }

    pub fn type_text(&self, text: &str) {
        self.server.run(["send-keys", "-t", &self.pane, "-l", text]);
    }

    pub fn keys(&self, keys: &[&str]) {
        let begin = ["send-keys", "-t", &self.pane];
        self.server.run(begin.iter().chain(keys));
    }

    pub fn line(&self, text: &str) {
        self.type_text(text);
        self.keys(&["Enter"]);
    }

    pub fn resize(&self, cols: u32, rows: u32) {
        let (cols, rows) = (cols.to_string(), rows.to_string());
        self.server
            .run(["resize-window", "-t", &self.pane, "-x", &cols, "-y", &rows]);
    }

    /// What the pane shows, without what is blank at the ends of lines.
    pub fn screen(&self) -> String {
        let shown = self
            .server
            .run(["capture-pane", "-p", "-J", "-t", &self.pane]);
        let lines: Vec<&str> = shown.trim_end().lines().map(str::trim_end).collect();
        lines.join("\n")
    }

    /// Waits until the pane shows a text.
    pub fn until(&self, text: &str) {
        let shows = || (self.screen() + "\n").contains(text);
        assert!(
            holds_within(SOON, shows),
            "{text:?} does not show:\n{}",
            self.screen()
        );
    }

    pub fn until_not(&self, text: &str) {
        let hides = || !self.screen().contains(text);
        assert!(
            holds_within(SOON, hides),
            "{text:?} shows:\n{}",
            self.screen()
        );
    }

    /// The process that leads the group in the pane's foreground.
    pub fn foreground(&self) -> u32 {
        let pid: u32 = self
            .server
            .value(&self.pane, "#{pane_pid}")
            .parse()
            .unwrap();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields = stat.rsplit_once(") ").unwrap().1;
        fields.split(' ').nth(5).unwrap().parse().unwrap()
    }

    /// Waits until the leader of the group in the foreground is a program of this name.
    pub fn until_foreground(&self, name: &str) {
        wait_until(name, SOON, || {
            let comm = fs::read_to_string(format!("/proc/{}/comm", self.foreground()));
            comm.is_ok_and(|comm| comm.trim() == name)
        });
    }

    /// Waits until the shell has the terminal; tells whether it has the modes that are usual.
    pub fn is_sane(&self) -> bool {
        self.until_foreground("bash");
        let tty = self.server.value(&self.pane, "#{pane_tty}");
        self.line("stty -a > modes.part; mv modes.part modes");
        let file = self.file("modes");
        wait_until("the modes are known", SOON, || file.exists());
        let modes = fs::read_to_string(&file).unwrap();
        fs::remove_file(file).unwrap();
        let words: Vec<&str> = modes.split([' ', ';', '\n']).collect();
        let is = |word: &str| words.contains(&word);
        let sane = ["icanon", "echo", "isig", "opost", "icrnl"]
            .into_iter()
            .all(is);
        if !sane {
            eprintln!("{tty}: {modes}");
        }
        sane
    }

    /// Waits until a program of this name runs below the shell.
    pub fn until_runs(&self, name: &str) {
        let is_it = |pid: &u32| {
            let comm = fs::read_to_string(format!("/proc/{pid}/comm"));
            comm.is_ok_and(|comm| comm.trim() == name)
        };
        wait_until(name, SOON, || self.descendants().iter().any(is_it));
    }

    /// The number that shows behind a text.
    pub fn number_after(&self, text: &str) -> u32 {
        let screen = self.screen();
        let numbers = screen.split(text).skip(1).filter_map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        numbers.last().unwrap()
    }

    /// All processes below the shell.
    pub fn descendants(&self) -> Vec<u32> {
        let mut found: Vec<u32> = Vec::new();
        let mut waiting: Vec<u32> = vec![
            self.server
                .value(&self.pane, "#{pane_pid}")
                .parse()
                .unwrap(),
        ];
        while let Some(pid) = waiting.pop() {
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            let children = children.unwrap_or_default();
            let children: Vec<u32> = children
                .split_whitespace()
                .map(|pid| pid.parse().unwrap())
                .collect();
            found.extend(&children);
            waiting.extend(children);
        }
        found
    }
}

/// Whether a program is found.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).exists())
}

/// A program that asks a terminal what Claude Code asks it, and writes what is answered into a file.
pub fn query_script(shell: &Shell, answer: &Path) -> PathBuf {
    let script = shell.file("asks");
    let text = format!(
        "#!/bin/sh\nmodes=$(stty -g)\nstty raw -echo min 0 time 10\nprintf '\\033]7501;?\\007\\033[c'\n\
         cat > {}\nstty \"$modes\"\n",
        answer.display()
    );
    write_script(&script, &text);
    script
}
