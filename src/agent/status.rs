//! What is said of an agent: its state, the reason, what that rests on, and what else its screen shows.

use std::fmt;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::dialog::Dialog;

/// What an agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// It works.
    Busy,
    /// It takes a prompt: it has finished, or was never asked.
    Ready,
    /// It waits for an answer.
    Waiting,
    /// It gave up, and takes a prompt.
    Error,
    /// There is an agent, and nothing says what it does.
    Unknown,
    /// The agent that was there is gone.
    Exited,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Busy,
        Self::Ready,
        Self::Waiting,
        Self::Error,
        Self::Unknown,
        Self::Exited,
    ];

    /// Its name in rules and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Error => "error",
            Self::Unknown => "unknown",
            Self::Exited => "exited",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// What an agent waits for, or why it failed. Rules may bring others than those below.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason(String);

impl Reason {
    /// The longest name, in bytes.
    pub const LONGEST: usize = 32;

    /// The reason of that name, if it is one: lower-case letters, digits and `_`, and a letter first.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let good = name.len() <= Self::LONGEST
            && name.bytes().all(is_word)
            && name.starts_with(|first: char| first.is_ascii_lowercase());
        good.then(|| Self(name.to_owned()))
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Where a piece of evidence comes from. The strengths are in [`super::STRENGTHS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The process tree: the agent is gone, or there.
    Process,
    /// OSC 7501, the program status protocol.
    Report,
    /// Claude Code's session registry.
    Registry,
    /// A hook that the user installed.
    Hook,
    /// The rendered screen.
    Screen,
    /// The title that the program set.
    Title,
    /// OSC 9;4.
    Progress,
    /// OSC 9, 99 and 777.
    Notification,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Process,
        Self::Report,
        Self::Registry,
        Self::Hook,
        Self::Screen,
        Self::Title,
        Self::Progress,
        Self::Notification,
    ];

    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Report => "report",
            Self::Registry => "registry",
            Self::Hook => "hook",
            Self::Screen => "screen",
            Self::Title => "title",
            Self::Progress => "progress",
            Self::Notification => "notification",
        }
    }
}

/// How sure a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Confidence {
    /// It is the best guess.
    Low,
    /// One source says so, and it has been wrong.
    Medium,
    /// The agent itself says so, or shows it.
    High,
}

impl Confidence {
    /// Its name in rules and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The confidence of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High]
            .into_iter()
            .find(|confidence| confidence.name() == name)
    }
}

/// What runs on behind the agent. It is no state: an agent may be ready while its shells run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Background {
    /// Shells.
    pub shells: Option<u32>,
    /// Agents.
    pub agents: Option<u32>,
}

/// What the agent shows of itself. What it doesn't show is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vitals {
    /// The model, as the agent names it.
    pub model: Option<String>,
    /// Its mode, such as `plan` or `accept_edits`, as the rules name it.
    pub mode: Option<String>,
    /// How much of the context is left, in percent.
    pub context_left: Option<u8>,
    /// How long the turn has lasted.
    pub elapsed: Option<Duration>,
    /// Tokens of the turn, as far as they are shown.
    pub tokens: Option<u64>,
    /// When a limit ends, in the agent's own words.
    pub resets_at: Option<String>,
    /// What runs in the background.
    pub background: Background,
}

/// What is known of one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Which agent it is: the `id` of its rules.
    pub agent: String,
    /// What it does.
    pub state: State,
    /// Why, where that is known.
    pub reason: Option<Reason>,
    /// How sure that is.
    pub confidence: Confidence,
    /// What it rests on; absent if it is unknown.
    pub source: Option<Source>,
    /// Since when it has been in this state.
    pub since: Instant,
    /// What the agent says about it, such as the command that it asks for.
    pub message: Option<String>,
    /// The dialog that it shows, while it waits.
    pub dialog: Option<Dialog>,
    /// What it shows.
    pub vitals: Vitals,
}

impl Status {
    /// Whether another status says the same of state and reason.
    #[must_use]
    pub fn same_state(&self, other: &Self) -> bool {
        self.agent == other.agent && self.state == other.state && self.reason == other.reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for state in State::ALL {
            assert_eq!(State::named(state.name()), Some(state));
        }
        assert_eq!(State::named("idle"), None);
        assert_eq!(Confidence::named("high"), Some(Confidence::High));
    }

    #[test]
    fn reasons_are_words() {
        for (name, good) in [
            ("usage_limit", true),
            ("http_429", true),
            ("", false),
            ("4", false),
            ("Usage", false),
            ("a b", false),
            ("a\u{1b}", false),
        ] {
            assert_eq!(Reason::new(name).is_some(), good, "{name}");
        }
        assert_eq!(Reason::new(&"a".repeat(33)), None);
    }
}
