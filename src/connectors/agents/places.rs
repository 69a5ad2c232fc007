//! Where agents keep what they say of themselves in files: a table.

use std::path::{Path, PathBuf};

use crate::usage::TranscriptForm;

/// Where one agent keeps its files.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Places {
    agent: &'static str,
    /// The variable that names its folder.
    variable: &'static str,
    /// Its folder below the user's home, if the variable is not set; below the variable's folder as well, if that stands for
    /// the home.
    folder: &'static str,
    variable_is_home: bool,
    /// The folder in it with a file for each process, if it keeps such files.
    registry: Option<&'static str>,
}

/// All agents of which such files are known.
const PLACES: &[Places] = &[
    Places {
        agent: "claude",
        variable: "CLAUDE_CONFIG_DIR",
        folder: ".claude",
        variable_is_home: false,
        registry: Some("sessions"),
    },
    Places {
        agent: "codex",
        variable: "CODEX_HOME",
        folder: ".codex",
        variable_is_home: false,
        registry: None,
    },
    Places {
        agent: "gemini",
        variable: "GEMINI_CLI_HOME",
        folder: ".gemini",
        variable_is_home: true,
        registry: None,
    },
];

impl Places {
    /// Those of an agent.
    pub(super) fn of(agent: &str) -> Option<&'static Self> {
        PLACES.iter().find(|places| places.agent == agent)
    }

    /// The agent's folder, by the variables of its process.
    pub(super) fn folder(&self, variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
        let set = |name| variable(name).filter(|path| path.is_absolute());
        match set(self.variable) {
            Some(home) if self.variable_is_home => Some(home.join(self.folder)),
            Some(folder) => Some(folder),
            None => Some(set("HOME")?.join(self.folder)),
        }
    }

    /// The form of its transcripts.
    pub(super) fn transcripts(&self) -> Option<TranscriptForm> {
        TranscriptForm::of(self.agent)
    }

    /// The folder of its registry within its folder.
    pub(super) fn registry(&self, folder: &Path) -> Option<PathBuf> {
        self.registry.map(|registry| folder.join(registry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_before_the_home() {
        let rows = [
            ("claude", &[("HOME", "/h")][..], Some("/h/.claude")),
            (
                "claude",
                &[("HOME", "/h"), ("CLAUDE_CONFIG_DIR", "/c")],
                Some("/c"),
            ),
            (
                "claude",
                &[("HOME", "/h"), ("CLAUDE_CONFIG_DIR", "")],
                Some("/h/.claude"),
            ),
            ("claude", &[], None),
            ("gemini", &[("GEMINI_CLI_HOME", "/g")], Some("/g/.gemini")),
        ];
        for (agent, variables, expected) in rows {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| PathBuf::from(value))
            };
            let folder = Places::of(agent).and_then(|places| places.folder(variable));
            assert_eq!(
                folder.as_deref(),
                expected.map(Path::new),
                "{agent} {variables:?}"
            );
        }
        assert_eq!(Places::of("aider"), None);
    }
}
