//! Which hooks each agent gets, and where it keeps its settings.

use std::path::PathBuf;

use anyhow::Context as _;

use super::settings::Entry;
use crate::cli::HookedAgent;
use crate::cmd::hook::variable;

/// How one agent is told of hooks.
#[derive(Debug)]
pub(super) struct HookKind {
    pub(super) name: &'static str,
    /// The variable that names its folder.
    variable: &'static str,
    /// Whether that names the home instead, with the agent's folder in it.
    is_home: bool,
    folder: &'static str,
    file: &'static str,
    /// The events that say something of what it does.
    pub(super) events: &'static [&'static str],
    /// How long it waits for a hook, in its own unit.
    timeout: u32,
    /// Whether a hook has a name, by which its user switches it off.
    is_named: bool,
    /// What the user does next.
    pub(super) next: &'static str,
}

const CLAUDE: HookKind = HookKind {
    name: "claude",
    variable: "CLAUDE_CONFIG_DIR",
    is_home: false,
    folder: ".claude",
    file: "settings.json",
    events: &[
        "SessionStart",
        "UserPromptSubmit",
        "PreToolUse",
        "PermissionRequest",
        "PostToolUse",
        "PostToolUseFailure",
        "Notification",
        "PreCompact",
        "SubagentStart",
        "SubagentStop",
        "Stop",
        "StopFailure",
        "SessionEnd",
    ],
    timeout: 5,
    is_named: false,
    next: "sessions that begin from now on call them",
};

const CODEX: HookKind = HookKind {
    name: "codex",
    variable: "CODEX_HOME",
    is_home: false,
    folder: ".codex",
    file: "hooks.json",
    events: &[
        "SessionStart",
        "UserPromptSubmit",
        "PreToolUse",
        "PermissionRequest",
        "PostToolUse",
        "Stop",
    ],
    timeout: 5,
    is_named: false,
    next: "Codex runs hooks that are new to it only once you have trusted them: start it and say /hooks",
};

const GEMINI: HookKind = HookKind {
    name: "gemini",
    variable: "GEMINI_CLI_HOME",
    is_home: true,
    folder: ".gemini",
    file: "settings.json",
    events: &[
        "SessionStart",
        "BeforeAgent",
        "BeforeTool",
        "AfterTool",
        "AfterAgent",
        "Notification",
        "SessionEnd",
    ],
    timeout: 5000,
    is_named: true,
    next: "sessions that begin from now on call them",
};

impl HookKind {
    pub(super) fn of(agent: HookedAgent) -> &'static Self {
        match agent {
            HookedAgent::Claude => &CLAUDE,
            HookedAgent::Codex => &CODEX,
            HookedAgent::Gemini => &GEMINI,
        }
    }

    /// The file that its hooks are in.
    pub(super) fn file(&self) -> anyhow::Result<PathBuf> {
        let folder = match variable(self.variable) {
            Some(home) if self.is_home => home.join(self.folder),
            Some(folder) => folder,
            None => variable("HOME")
                .with_context(|| {
                    format!(
                        "your home directory is not known: set HOME to it, or {} to the folder of {}",
                        self.variable, self.name
                    )
                })?
                .join(self.folder),
        };
        Ok(folder.join(self.file))
    }

    /// The hook for an event. Whatever becomes of the program, the agent sees that all is well.
    pub(super) fn entry(&self, program: &str, event: &str) -> Entry {
        Entry {
            agent: self.name,
            name: self.is_named.then_some("muxwire"),
            command: format!("{program} {} {event} 2>/dev/null || :", self.name),
            timeout: self.timeout,
        }
    }

    pub(super) fn lacks(&self, events: &[String]) -> bool {
        let mut wanted = self.events.iter();
        wanted.any(|event| !events.iter().any(|found| found == event))
    }
}
