//! A pane for tests: screens, titles, hooks and times go in, and what is said comes out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::process::Process;
use super::rules::RuleSet;
use super::statement::{Hook, Registry};
use super::status::{State, Status};
use super::watch::PaneWatch;

/// The built-in rules, compiled once for all tests.
pub(super) static RULES: LazyLock<Arc<RuleSet>> =
    LazyLock::new(|| Arc::new(RuleSet::built_in().unwrap()));

/// Numbers below what is asked for, the same for a seed each time.
pub(super) fn numbers(seed: u64) -> impl FnMut(usize) -> usize {
    let mut random = seed;
    move |below| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(random >> 33).unwrap() % below
    }
}

/// The columns of its pane.
pub(super) const COLS: u16 = 80;

/// A pane with an agent.
pub(super) struct Scene {
    pub(super) watch: PaneWatch,
    pub(super) now: Instant,
    /// What was said, in order.
    pub(super) said: Vec<State>,
}

pub(super) fn process(pid: u32, parent: u32, arguments: &str) -> Process {
    let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    let name = arguments[0].rsplit('/').next().unwrap().to_owned();
    Process {
        pid,
        parent,
        name,
        arguments,
        started: Some(7),
        foreground: None,
    }
}

/// How each agent is started.
pub(super) fn command(agent: &str) -> &'static str {
    match agent {
        "claude" => "/opt/claude-code-linux-x64/claude",
        "codex" => "/opt/codex",
        "gemini" => "node /opt/node_modules/@google/gemini-cli/bundle/gemini.js",
        "opencode" => "/opt/opencode",
        "copilot" => "/opt/copilot",
        "qwen" => "node /opt/node_modules/@qwen-code/qwen-code/cli.js",
        "aider" => "/opt/venv/bin/python3 /opt/venv/bin/aider --model x",
        "crush" => "/opt/crush",
        "goose" => "/opt/goose session",
        "cursor" => "/opt/cursor-agent",
        "amp" => "node /opt/node_modules/@sourcegraph/amp/dist/main.js",
        "cline" => "node /opt/node_modules/cline/bin/cline",
        _ => panic!("{agent}"),
    }
}

impl Scene {
    pub(super) fn new(agent: &str) -> Self {
        let now = Instant::now();
        let mut watch = PaneWatch::new(Arc::clone(&RULES), COLS, 40, now);
        watch.processes(
            1,
            &[process(1, 0, "-bash"), process(2, 1, command(agent))],
            now,
        );
        assert_eq!(watch.status(now).unwrap().agent, agent);
        let mut scene = Self {
            watch,
            now,
            said: Vec::new(),
        };
        scene.after(0);
        scene
    }

    /// Lets so many milliseconds pass.
    pub(super) fn after(&mut self, milliseconds: u64) -> &mut Self {
        let end = self.now + Duration::from_millis(milliseconds);
        loop {
            if let Some(status) = self.watch.poll(self.now) {
                self.said.push(status.state);
            }
            let next = self
                .watch
                .next_deadline(self.now)
                .filter(|next| *next < end);
            if self.now == end {
                return self;
            }
            self.now = next.map_or(end, |next| next.max(self.now + Duration::from_micros(1)));
        }
    }

    pub(super) fn bytes(&mut self, bytes: &str) -> &mut Self {
        self.watch.output(bytes.as_bytes(), self.now);
        self.after(60)
    }

    /// Draws a whole screen. The cursor stands at its end.
    pub(super) fn show(&mut self, screen: &str) -> &mut Self {
        let screen = screen.trim_end_matches('\n').replace('\n', "\r\n");
        self.bytes(&format!("\x1b[H\x1b[2J{screen}"))
    }

    pub(super) fn title(&mut self, title: &str) -> &mut Self {
        self.bytes(&format!("\x1b]0;{title}\x07"))
    }

    pub(super) fn report(&mut self, fields: &str) -> &mut Self {
        self.bytes(&format!("\x1b]7501;{fields}\x1b\\"))
    }

    pub(super) fn hook(&mut self, json: &str) -> &mut Self {
        assert!(
            self.watch.hook(&Hook::read(json).unwrap(), self.now),
            "{json}"
        );
        self.after(1)
    }

    pub(super) fn event(&mut self, event: &str) -> &mut Self {
        self.hook(&format!("{{\"hook_event_name\":\"{event}\"}}"))
    }

    pub(super) fn registry(&mut self, status: &str) -> &mut Self {
        let json = format!("{{\"pid\":2,\"procStart\":7,\"status\":{status}}}");
        let registry = Registry::read(&json).unwrap().unwrap();
        assert!(self.watch.registry(&registry, self.now), "{json}");
        self.after(1)
    }

    pub(super) fn status(&self) -> Status {
        self.watch.status(self.now).unwrap()
    }

    /// What is said now: the state, and the reason if there is one.
    #[track_caller]
    pub(super) fn says(&mut self, expected: &str) -> &mut Self {
        let status = self.status();
        let said = match &status.reason {
            Some(reason) => format!("{} {reason}", status.state),
            None => status.state.to_string(),
        };
        assert_eq!(
            said,
            expected,
            "\n{}",
            self.watch.explain(self.now).unwrap()
        );
        self
    }
}

/// What is said of one screen once it has stood for a while.
#[track_caller]
pub(super) fn check(agent: &str, screen: &str, expected: &str) {
    Scene::new(agent).show(screen).after(3000).says(expected);
}

/// A rule as wide as the pane.
pub(super) fn rule() -> String {
    "\u{2500}".repeat(usize::from(COLS))
}

/// Claude's screen: what it has said, and the prompt between two rules with the row of the mode below.
pub(super) fn claude(said: &str, mode: &str) -> String {
    claude_typing(said, "", mode)
}

/// The same with something typed.
pub(super) fn claude_typing(said: &str, typed: &str, mode: &str) -> String {
    format!(
        "{said}\n\n{rule}\n\u{276f} {typed}\n{rule}\n  {mode}",
        rule = rule()
    )
}

/// Claude's screen with a dialog in the place of the prompt.
pub(super) fn claude_dialog(said: &str, dialog: &str) -> String {
    format!("{said}\n\n{}\n{dialog}", rule())
}

/// Codex's screen.
pub(super) fn codex(said: &str) -> String {
    format!(
        "{said}\n\n\n› Ask Codex to do anything\n\n  gpt-5 default · ~/project · a thread\n  ← for agents · ? for shortcuts"
    )
}

/// Gemini's screen: six rows of chrome below what it says.
pub(super) fn gemini(said: &str) -> String {
    let bar = "\u{2580}".repeat(usize::from(COLS));
    format!(
        "{said}\n\n? for shortcuts\n{bar}\n >   Type your message or @path/to/file\n{bar}\n ~/project   no sandbox   gemini-3-flash   80% context left"
    )
}
