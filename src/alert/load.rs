//! Reading files with rules and sinks: what is wrong is told with its file, its line, the cause and the remedy.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;

use super::engine::MOST_NOISES;
use super::form::{FileForm, RuleForm, WhenForm};
use super::rule::{Condition, KeyScope, Noise, Rule};
use super::sink::Sink;
use crate::config::unit::read_span;
use crate::glob::NamePattern;
use crate::model::{AgentStatus, AlertSeverity};
use crate::nearest::nearest;

/// The longest file, in bytes.
pub const LONGEST_FILE: usize = 256 << 10;

/// The most rules that may be in force.
const MOST_RULES: usize = 100;

/// The most sinks.
const MOST_SINKS: usize = 16;

/// The most entries of a list.
pub(super) const MOST_ENTRIES: usize = 64;

/// The longest span.
const LONGEST_SPAN: Duration = Duration::from_secs(7 * 86_400);

/// The file with the rules that are built in.
const BUILT_IN: (&str, &str) = ("built-in alerts.toml", include_str!("built_in.toml"));

/// A file that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {cause}; {remedy}")]
pub struct AlertFileError {
    /// The file.
    pub file: String,
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

/// The rules in force, and the sinks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertConfig {
    /// The rules.
    pub rules: Vec<Rule>,
    /// The sinks.
    pub sinks: Vec<Sink>,
}

impl AlertConfig {
    /// What is built in, with what these files, each a name and a text, change and add, one after the other.
    ///
    /// # Errors
    /// The first file that can't be used.
    pub fn with(files: &[(&str, &str)]) -> Result<Self, AlertFileError> {
        let mut config = Self::default();
        for (file, text) in [BUILT_IN].iter().chain(files) {
            Reading { file, text, at: 0 }.read_into(&mut config)?;
        }
        Ok(config)
    }
}

/// One file while it is read.
pub(super) struct Reading<'a> {
    file: &'a str,
    text: &'a str,
    /// Where the item that is being read begins.
    at: usize,
}

pub(super) type Read<T> = Result<T, AlertFileError>;

impl Reading<'_> {
    fn read_into(&mut self, config: &mut AlertConfig) -> Read<()> {
        if self.text.len() > LONGEST_FILE {
            let cause = format!("the file has more than {LONGEST_FILE} bytes");
            return Err(self.wrong(cause, "leave out what is not needed"));
        }
        let form: FileForm = toml::from_str(self.text).map_err(|error| self.not_toml(&error))?;
        if form.replace {
            *config = AlertConfig::default();
        }
        for name in form.disabled {
            self.at = name.span().start;
            self.disable(config, name.get_ref())?;
        }
        for (count, form) in form.rules.into_iter().enumerate() {
            self.at = form.span().start;
            let rule = self.rule(form)?;
            if count == MOST_RULES || config.rules.len() == MOST_RULES {
                return Err(self.wrong(
                    format!("there are more than {MOST_RULES} rules"),
                    "leave some out",
                ));
            }
            put(&mut config.rules, rule, |rule| &rule.id);
        }
        for form in form.sinks {
            self.at = form.span().start;
            let sink = self.sink(form.into_inner())?;
            put(&mut config.sinks, sink, |sink| &sink.id);
            if config.sinks.len() > MOST_SINKS {
                return Err(self.wrong(
                    format!("there are more than {MOST_SINKS} sinks"),
                    "leave some out",
                ));
            }
        }
        Ok(())
    }

    fn disable(&self, config: &mut AlertConfig, id: &str) -> Read<()> {
        let before = config.rules.len();
        let known: Vec<String> = config.rules.iter().map(|rule| rule.id.clone()).collect();
        config.rules.retain(|rule| rule.id != id);
        if config.rules.len() < before {
            return Ok(());
        }
        let known = known.iter().map(String::as_str);
        Err(self.unknown("rule", id, known))
    }

    fn rule(&self, form: Spanned<RuleForm>) -> Read<Rule> {
        let form = form.into_inner();
        self.name("rule", &form.id)?;
        let dwell = self.span("dwell", form.dwell.as_deref(), Duration::ZERO)?;
        let condition = self.condition(form.when)?;
        if matches!(condition, Condition::Silent(_)) && dwell < Duration::from_secs(1) {
            let cause = format!(
                "the rule {:?} measures silence, and says not how long",
                form.id
            );
            return Err(self.wrong(cause, "give it a dwell of at least 1s, such as \"10m\""));
        }
        self.is_about_panes(&form.id, &condition, (&form.agents, &form.sessions))?;
        let severity = self.severity(form.severity.as_deref(), AlertSeverity::Warning)?;
        let key = match form.key.as_deref() {
            None => KeyScope::Pane,
            Some(name) => self.one_of("key", name, &KeyScope::NAMED)?,
        };
        Ok(Rule {
            severity,
            condition,
            dwell,
            cooldown: self.span(
                "cooldown",
                form.cooldown.as_deref(),
                Duration::from_secs(60),
            )?,
            hold: self.span("hold", form.hold.as_deref(), Duration::from_secs(60))?,
            key,
            agents: self.patterns("agents", &form.agents)?,
            sessions: self.patterns("sessions", &form.sessions)?,
            id: form.id,
        })
    }

    fn condition(&self, form: WhenForm) -> Read<Condition> {
        let asked = [
            form.status.is_some(),
            form.context_below.is_some(),
            form.gone_while.is_some(),
            form.silent_while.is_some(),
            form.output.is_some(),
            form.cpu_above.is_some(),
            form.memory_above.is_some(),
        ];
        if asked.into_iter().filter(|asked| *asked).count() != 1 {
            return Err(self.wrong(
                "a rule asks for one thing".to_owned(),
                "say one of status, context_below, gone_while, silent_while, output, cpu_above and memory_above in when",
            ));
        }
        self.belongs(&form)?;
        if let Some(used) = self.used(&form)? {
            return Ok(used);
        }
        if let Some(statuses) = form.status {
            return Ok(Condition::Status {
                statuses: self.statuses(&statuses)?,
                reasons: form.reasons.unwrap_or_default(),
                except: form.except.unwrap_or_default(),
            });
        }
        if let Some(percent) = form.context_below {
            if !(1..=100).contains(&percent) {
                return Err(self.wrong(
                    format!("context_below is {percent}"),
                    "say a percentage from 1 to 100",
                ));
            }
            return Ok(Condition::ContextBelow(percent));
        }
        if let Some(statuses) = form.gone_while {
            return Ok(Condition::Gone(self.statuses(&statuses)?));
        }
        if let Some(statuses) = form.silent_while {
            return Ok(Condition::Silent(self.statuses(&statuses)?));
        }
        let noise = form.output.unwrap_or_default();
        self.output(&noise, form.count, form.within.as_deref())
    }

    /// Whether what stands beside the one thing that is asked for belongs to it.
    fn belongs(&self, form: &WhenForm) -> Read<()> {
        let (status, output) = (form.status.is_some(), form.output.is_some());
        let used = form.cpu_above.is_some() || form.memory_above.is_some();
        let rows = [
            (form.reasons.is_some(), status, "reasons", "status"),
            (form.except.is_some(), status, "except", "status"),
            (form.count.is_some(), output, "count", "output"),
            (form.within.is_some(), output, "within", "output"),
            (form.of.is_some(), used, "of", "cpu_above and memory_above"),
        ];
        match rows
            .into_iter()
            .find(|(there, allowed, ..)| *there && !allowed)
        {
            Some((.., what, to)) => {
                Err(self.wrong(format!("{what} belongs to {to}"), "leave it out"))
            }
            None => Ok(()),
        }
    }

    fn output(&self, noise: &str, count: Option<u32>, within: Option<&str>) -> Read<Condition> {
        let named = [("warning", Noise::Warning), ("error", Noise::Error)];
        let noise = self.one_of("output", noise, &named)?;
        let count = count.unwrap_or(1) as usize;
        if !(1..=MOST_NOISES).contains(&count) {
            let remedy = format!("say a number from 1 to {MOST_NOISES}");
            return Err(self.wrong(format!("count is {count}"), &remedy));
        }
        let within = self.span("within", within, Duration::from_secs(10))?;
        Ok(Condition::Output {
            noise,
            count,
            within,
        })
    }

    fn statuses(&self, names: &[String]) -> Read<Vec<AgentStatus>> {
        if names.is_empty() {
            return Err(self.wrong("a list of statuses is empty".to_owned(), "name one"));
        }
        let named = AgentStatus::ALL.map(|status| (status.name(), status));
        let read = |name: &String| self.one_of("a status", name, &named);
        names.iter().map(read).collect()
    }

    pub(super) fn name(&self, what: &str, id: &str) -> Read<()> {
        let is_word =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if !id.is_empty() && id.len() <= 32 && id.chars().all(is_word) {
            return Ok(());
        }
        Err(self.wrong(
            format!("{id:?} is no name for a {what}"),
            "use up to 32 lower-case letters, digits, - and _",
        ))
    }

    pub(super) fn severity(
        &self,
        name: Option<&str>,
        default: AlertSeverity,
    ) -> Read<AlertSeverity> {
        let named = AlertSeverity::ALL.map(|severity| (severity.name(), severity));
        name.map_or(Ok(default), |name| self.one_of("severity", name, &named))
    }

    pub(super) fn span(&self, what: &str, text: Option<&str>, default: Duration) -> Read<Duration> {
        let Some(text) = text else {
            return Ok(default);
        };
        let span = read_span(text).filter(|span| *span <= LONGEST_SPAN);
        span.ok_or_else(|| {
            let cause = format!("{what} is {text:?}");
            self.wrong(
                cause,
                "say a span of up to 7d with its unit, such as \"30s\" or \"10m\"",
            )
        })
    }

    pub(super) fn patterns(&self, what: &str, entries: &[String]) -> Read<Vec<NamePattern>> {
        if entries.len() > MOST_ENTRIES {
            let cause = format!("{what} has more than {MOST_ENTRIES} entries");
            return Err(self.wrong(cause, "use patterns such as \"api-*\""));
        }
        let read = |entry: &String| {
            NamePattern::new(entry).map_err(|error| {
                self.wrong(
                    format!("{what}: {error}"),
                    "name it, or use * for any letters",
                )
            })
        };
        entries.iter().map(read).collect()
    }

    pub(super) fn one_of<T: Copy>(
        &self,
        what: &str,
        name: &str,
        named: &[(&'static str, T)],
    ) -> Read<T> {
        let found = named.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, value)| *value)
            .ok_or_else(|| self.unknown(what, name, named.iter().map(|(known, _)| *known)))
    }

    fn unknown<'k>(
        &self,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> AlertFileError {
        let remedy = match nearest(name, known.clone()) {
            Some(meant) => format!("did you mean {meant:?}?"),
            None => format!("say one of {}", known.collect::<Vec<_>>().join(", ")),
        };
        self.wrong(format!("{what}: there is no {name:?}"), &remedy)
    }

    pub(super) fn wrong(&self, cause: String, remedy: &str) -> AlertFileError {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        AlertFileError {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            cause,
            remedy: remedy.to_owned(),
        }
    }

    fn not_toml(&mut self, error: &toml::de::Error) -> AlertFileError {
        self.at = error.span().map_or(0, |Range { start, .. }| start);
        let cause = error.message().replace('\n', ", ");
        self.wrong(cause, "correct that line; docs/alerts.md has the form")
    }
}

/// Puts one in the place of that with its name, or behind all others.
fn put<T>(all: &mut Vec<T>, one: T, id: impl Fn(&T) -> &String) {
    match all.iter().position(|other| id(other) == id(&one)) {
        Some(at) => all[at] = one,
        None => all.push(one),
    }
}
