//! Rules: what a screen, a title, a hook mean, for each agent. They are data, and none of them is in the code.
//!
//! Reading order: this file, `form` (how a file is written), `load` (how it is read), `condition` (what a rule asks), `input`
//! (composers and dialogs).

mod condition;
mod form;
mod input;
mod load;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(super) use self::condition::Tried;
pub use self::condition::{Clause, Condition, Test};
pub(super) use self::input::{Composer, DialogRules, InputRules};
use self::load::{FileMeans, Reading};
pub use self::load::{LONGEST_FILE, LONGEST_TEXT, MOST_CLAUSES, MOST_RULES};
use super::process::{self, Identity, Process};
use super::status::{Confidence, Reason, Source, State, Vitals};
use super::view::Region;

/// The most agents that there are rules for.
pub const MOST_AGENTS: usize = 100;

/// The rules that are built in, by the names of their files.
const BUILT_IN: &[(&str, &str)] = &[
    ("claude.toml", include_str!("claude.toml")),
    ("codex.toml", include_str!("codex.toml")),
    ("gemini.toml", include_str!("gemini.toml")),
    ("opencode.toml", include_str!("opencode.toml")),
    ("copilot.toml", include_str!("copilot.toml")),
    ("qwen.toml", include_str!("qwen.toml")),
    ("aider.toml", include_str!("aider.toml")),
    ("cline.toml", include_str!("cline.toml")),
    ("amp.toml", include_str!("amp.toml")),
    ("crush.toml", include_str!("crush.toml")),
    ("goose.toml", include_str!("goose.toml")),
    ("cursor.toml", include_str!("cursor.toml")),
];

/// What a vital's group may be called.
pub(super) const VITALS: &[&str] = &[
    "model",
    "mode",
    "context_left",
    "context_used",
    "elapsed",
    "tokens",
    "resets_at",
    "shells",
    "agents",
];

/// Where a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// A rule file that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {cause}; {remedy}")]
pub struct RuleFileError {
    /// Where.
    pub origin: Origin,
    /// What is wrong.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

/// A rule: what a screen must have, and what it then means.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, within the agent.
    pub id: String,
    /// Where it stands.
    pub origin: Origin,
    /// The state; absent if the last one is kept, since what shows says nothing of it.
    pub state: Option<State>,
    /// The reason.
    pub reason: Option<Reason>,
    /// Of the rules that match, the one with the highest counts; of equals the first.
    pub priority: i32,
    /// How sure it is.
    pub confidence: Confidence,
    /// Whether it is published without a confirmation.
    pub at_once: bool,
    /// What it looks at.
    pub source: Source,
    /// What it asks for.
    pub when: Condition,
}

/// Something that an agent shows of itself.
#[derive(Debug, Clone)]
pub(super) struct Vital {
    pub(super) clause: Clause,
    pub(super) mode: Option<String>,
    pub(super) states: Vec<State>,
}

/// What an event of a hook, or an entry of the registry, means.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    event: String,
    details: Option<Vec<String>>,
    tools: Option<Vec<String>>,
    /// Absent if it says nothing of the state.
    pub(super) state: Option<State>,
    pub(super) reason: Option<Reason>,
    pub(super) at_once: bool,
}

/// All rules of one agent.
#[derive(Debug, Clone)]
pub struct AgentRules {
    id: String,
    name: String,
    tested: Vec<String>,
    untested: Option<String>,
    identity: Identity,
    rules: Vec<Rule>,
    vitals: Vec<Vital>,
    hooks: Vec<Statement>,
    registry: Vec<Statement>,
    input: InputRules,
}

/// The rules of all agents. They are read by all panes.
#[derive(Debug, Clone)]
pub struct RuleSet {
    agents: Vec<Arc<AgentRules>>,
}

impl RuleSet {
    /// The rules that are built in.
    ///
    /// # Errors
    ///
    /// A built-in file that can't be read, which a test excludes.
    pub fn built_in() -> Result<Self, RuleFileError> {
        Self::with(&[])
    }

    /// The built-in rules with what these files, each a name and a text, change and add, one after the other.
    ///
    /// # Errors
    ///
    /// The first file that can't be used.
    pub fn with(files: &[(&str, &str)]) -> Result<Self, RuleFileError> {
        let mut set = Self { agents: Vec::new() };
        for (file, text) in BUILT_IN.iter().chain(files) {
            set.add(file, text)?;
        }
        Ok(set)
    }

    fn add(&mut self, file: &str, text: &str) -> Result<(), RuleFileError> {
        let (mut rules, means) = Reading::read(file, text)?;
        let known = self.agents.iter().position(|agent| agent.id == rules.id);
        if let Some(at) = known {
            if !means.replace {
                rules = self.agents[at].changed_by(rules, &means)?;
            }
            self.agents[at] = Arc::new(rules);
            return Ok(());
        }
        if self.agents.len() == MOST_AGENTS {
            return Err(RuleFileError {
                origin: Origin {
                    file: file.to_owned(),
                    line: 1,
                },
                cause: format!("there are rules for {MOST_AGENTS} agents already"),
                remedy: "remove the files of agents that are not used".to_owned(),
            });
        }
        self.agents.push(Arc::new(rules));
        Ok(())
    }

    /// The rules of each agent.
    pub fn agents(&self) -> impl Iterator<Item = &Arc<AgentRules>> {
        self.agents.iter()
    }

    /// The rules of the agent with that id.
    #[must_use]
    pub fn agent(&self, id: &str) -> Option<&Arc<AgentRules>> {
        self.agents.iter().find(|agent| agent.id == id)
    }

    /// The agent in a pane whose first process is `root`, and its process.
    #[must_use]
    pub fn identify<'a>(
        &self,
        root: u32,
        processes: &'a [Process],
    ) -> Option<(&Arc<AgentRules>, &'a Process)> {
        let kind = |process: &Process| self.agents.iter().find(|agent| agent.identity.is(process));
        process::find(root, processes, kind)
    }
}

impl AgentRules {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its program, or the first of them.
    #[must_use]
    pub fn program(&self) -> &str {
        self.identity.names.first().unwrap_or(&self.id)
    }

    /// The versions on which its rules were tested.
    #[must_use]
    pub fn tested(&self) -> &[String] {
        &self.tested
    }

    /// What its rules rest on, if they were not tested.
    #[must_use]
    pub fn untested(&self) -> Option<&str> {
        self.untested.as_deref()
    }

    /// Compiles all expressions that are tried on its screens, if they aren't yet. It takes some milliseconds, which
    /// the first screen would take otherwise.
    pub fn prepare(&self) {
        self.rules.iter().for_each(|rule| rule.when.prepare());
        self.vitals.iter().for_each(|vital| vital.clause.prepare());
        self.input.prepare();
    }

    /// Its rules, those that count first at the beginning.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What is known of its input.
    pub(super) fn input(&self) -> &InputRules {
        &self.input
    }

    /// The first of its rules that the view matches.
    pub(super) fn judge<'a>(&'a self, tried: &mut Tried<'a>) -> Option<&'a Rule> {
        self.rules.iter().find(|rule| rule.when.holds(tried))
    }

    /// What the view shows of the agent in this state.
    pub(super) fn vitals<'a>(&'a self, tried: &mut Tried<'a>, state: State) -> Vitals {
        let mut vitals = Vitals::default();
        for vital in &self.vitals {
            if !vital.states.is_empty() && !vital.states.contains(&state) {
                continue;
            }
            let Some(found) = vital.clause.captures(tried) else {
                continue;
            };
            if vitals.mode.is_none() {
                vitals.mode.clone_from(&vital.mode);
            }
            for (name, text) in found {
                vitals.take(name, &text);
            }
        }
        vitals
    }

    /// What an event of a hook means; the first that fits counts.
    pub(super) fn hook(
        &self,
        event: &str,
        detail: Option<&str>,
        tool: Option<&str>,
    ) -> Option<&Statement> {
        self.hooks.iter().find(|hook| hook.is(event, detail, tool))
    }

    /// What a status in the registry means.
    pub(super) fn registry(&self, status: &str, waiting_for: Option<&str>) -> Option<&Statement> {
        self.registry
            .iter()
            .find(|entry| entry.is(status, waiting_for, None))
    }

    /// These rules with what another file changes and adds.
    fn changed_by(&self, other: Self, means: &FileMeans) -> Result<Self, RuleFileError> {
        let mut rules = self.rules.clone();
        for (origin, name) in &means.disabled {
            let before = rules.len();
            rules.retain(|rule| rule.id != *name);
            if rules.len() == before {
                return Err(RuleFileError {
                    origin: origin.clone(),
                    cause: format!("{} has no rule {name:?} that could be left out", self.id),
                    remedy: "name one that `explain` shows".to_owned(),
                });
            }
        }
        rules.retain(|rule| other.rules.iter().all(|new| new.id != rule.id));
        rules.extend(other.rules);
        let first = |mut new: Vec<Statement>, old: &[Statement]| {
            new.extend_from_slice(old);
            new
        };
        let mut changed = Self {
            id: self.id.clone(),
            name: if other.name == other.id {
                self.name.clone()
            } else {
                other.name
            },
            tested: self.tested.clone(),
            untested: other.untested.or_else(|| self.untested.clone()),
            identity: self.identity.joined(other.identity),
            rules,
            vitals: other
                .vitals
                .into_iter()
                .chain(self.vitals.iter().cloned())
                .collect(),
            hooks: first(other.hooks, &self.hooks),
            registry: first(other.registry, &self.registry),
            input: self.input.changed_by(other.input),
        };
        changed.sort();
        Ok(changed)
    }

    fn sort(&mut self) {
        self.rules
            .sort_by_key(|rule| std::cmp::Reverse(rule.priority));
    }
}

impl Statement {
    fn is(&self, event: &str, detail: Option<&str>, tool: Option<&str>) -> bool {
        let fits = |wanted: &Option<Vec<String>>, there: Option<&str>| match wanted {
            None => true,
            Some(wanted) => there.is_some_and(|there| wanted.iter().any(|one| one == there)),
        };
        self.event == event && fits(&self.details, detail) && fits(&self.tools, tool)
    }
}

/// What a rule looks at: the screen, unless all that it asks for is in one place beside it.
fn source_of(when: &Condition) -> Source {
    let source = |region: Region| match region {
        Region::Title => Source::Title,
        Region::Progress => Source::Progress,
        Region::Notification => Source::Notification,
        _ => Source::Screen,
    };
    let mut sources = when
        .clauses()
        .into_iter()
        .filter(|(_, wanted)| *wanted)
        .map(|(clause, _)| source(clause.region));
    let first = sources.next().unwrap_or(Source::Screen);
    if sources.all(|source| source == first) {
        first
    } else {
        Source::Screen
    }
}

impl Identity {
    fn joined(&self, other: Self) -> Self {
        let mut joined = self.clone();
        joined.names.extend(other.names);
        joined.arguments.extend(other.arguments);
        joined.except.extend(other.except);
        joined
    }
}

impl Vitals {
    /// Takes what a group of that name matched, if nothing better was there before and it can be read.
    fn take(&mut self, name: &str, text: &str) {
        let text = text.trim();
        let word = || (!text.is_empty()).then(|| text.to_owned());
        let percent = || {
            text.parse::<f32>()
                .ok()
                .map(|number| number.clamp(0.0, 100.0).round())
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is from 0 to 100"
        )]
        let whole = |number: f32| number as u8;
        match name {
            "model" => self.model = self.model.take().or_else(word),
            "mode" => {
                let mode = || word().map(|mode| mode.to_lowercase().replace([' ', '-'], "_"));
                self.mode = self.mode.take().or_else(mode);
            }
            "resets_at" => self.resets_at = self.resets_at.take().or_else(word),
            "context_left" => {
                self.context_left = self.context_left.or_else(|| percent().map(whole))
            }
            "context_used" => {
                self.context_left = self
                    .context_left
                    .or_else(|| percent().map(|used| whole(100.0 - used)));
            }
            "elapsed" => self.elapsed = self.elapsed.or_else(|| elapsed(text)),
            "tokens" => self.tokens = self.tokens.or_else(|| count(text)),
            "shells" => {
                self.background.shells = self.background.shells.or_else(|| text.parse().ok())
            }
            "agents" => {
                self.background.agents = self.background.agents.or_else(|| text.parse().ok())
            }
            _ => {}
        }
    }
}

/// `4s`, `1m 6s`, `1h 2m 3s`, `1:05`, or a number of seconds, with a fraction or without.
fn elapsed(text: &str) -> Option<Duration> {
    if let Some((minutes, seconds)) = text.split_once(':') {
        let (minutes, seconds): (u64, u64) = (minutes.parse().ok()?, seconds.parse().ok()?);
        return Some(Duration::from_secs(
            minutes.checked_mul(60)?.checked_add(seconds)?,
        ));
    }
    let mut sum = 0_f64;
    let mut number = String::new();
    for one in text.chars().filter(|one| !one.is_whitespace()) {
        let unit = match one {
            'h' => 3600.0,
            'm' => 60.0,
            's' => 1.0,
            digit => {
                number.push(digit);
                continue;
            }
        };
        sum += number.parse::<f64>().ok()? * unit;
        number.clear();
    }
    if !number.is_empty() {
        sum += number.parse::<f64>().ok()?;
    }
    Duration::try_from_secs_f64(sum).ok()
}

/// `38`, `1,234`, `1.2k`, `3M`.
fn count(text: &str) -> Option<u64> {
    let text = text.replace([',', ' '], "");
    let (digits, unit) = match text.chars().last()?.to_ascii_lowercase() {
        'k' => (&text[..text.len() - 1], 1e3),
        'm' => (&text[..text.len() - 1], 1e6),
        _ => (text.as_str(), 1.0),
    };
    let number = digits
        .parse::<f64>()
        .ok()
        .filter(|number| (0.0..1e12).contains(number))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is from 0 to 1e18"
    )]
    let whole = (number * unit).round() as u64;
    Some(whole)
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
