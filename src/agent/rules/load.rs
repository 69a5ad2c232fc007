//! Reading rule files: what is wrong is told with its file, its line, the cause and the remedy.

mod input;

use std::ops::Range;

use toml::Spanned;

use super::super::expression::Expression;
use super::super::process::Identity;
use super::super::status::{Confidence, Reason, State};
use super::super::view::{self, Region};
use super::condition::{Clause, Condition, Test};
use super::form::{
    ConditionForm, FileForm, IdentifyForm, OneOrMany, RuleForm, StatementForm, VitalForm,
};
use super::input::InputRules;
use super::{AgentRules, Origin, Rule, RuleFileError, Statement, VITALS, Vital};

/// The longest rule file, in bytes.
pub const LONGEST_FILE: usize = 256 << 10;

/// The most rules, vitals, and statements of hooks and of the registry that one file may have, each.
pub const MOST_RULES: usize = 200;

/// The most clauses of one rule, and how deep they may be nested.
pub const MOST_CLAUSES: usize = 64;
const DEEPEST: usize = 8;

/// The longest text or regular expression, in bytes.
pub const LONGEST_TEXT: usize = 1024;

/// One file while it is read.
pub(super) struct Reading<'a> {
    file: &'a str,
    text: &'a str,
    /// Where the item that is being read begins.
    at: usize,
}

type Read<T> = Result<T, RuleFileError>;

impl Reading<'_> {
    /// The rules of a file.
    pub(super) fn read(file: &str, text: &str) -> Read<(AgentRules, FileMeans)> {
        let mut reading = Reading { file, text, at: 0 };
        if text.len() > LONGEST_FILE {
            let cause = format!("the file has more than {LONGEST_FILE} bytes");
            return Err(reading.wrong(cause, "split it, or leave out what is not needed"));
        }
        let form: FileForm = toml::from_str(text).map_err(|error| reading.not_toml(&error))?;
        reading.agent(form)
    }

    fn agent(&mut self, form: FileForm) -> Read<(AgentRules, FileMeans)> {
        self.at = form.id.span().start;
        let id = form.id.into_inner();
        if Reason::new(&id).is_none() && Reason::new(&id.replace('-', "_")).is_none() {
            let cause = format!("{id:?} is no name for an agent");
            return Err(self.wrong(cause, "use up to 32 lower-case letters, digits, - and _"));
        }
        for (count, what) in [
            (form.rules.len(), "rules"),
            (form.vitals.len(), "vitals"),
            (form.hooks.len() + form.registry.len(), "statements"),
            (form.choices.len(), "choices"),
        ] {
            if count > MOST_RULES {
                let cause = format!("{count} {what} are more than {MOST_RULES}");
                return Err(self.wrong(cause, "leave out what is not needed"));
            }
        }
        let mut rules = AgentRules {
            name: form.name.unwrap_or_else(|| id.clone()),
            id,
            tested: form.tested,
            untested: form.untested,
            identity: self.identity(form.identify)?,
            rules: self.each(form.rules, Self::rule)?,
            vitals: self.each(form.vitals, Self::vital)?,
            hooks: self.each(form.hooks, Self::statement)?,
            registry: self.each(form.registry, Self::statement)?,
            input: InputRules {
                composer: self.one(form.composer, Self::composer)?,
                dialog: self.one(form.dialog, Self::dialog)?,
                choices: self.each(form.choices, Self::choice)?,
            },
        };
        rules.sort();
        let means = FileMeans {
            replace: form.replace,
            disabled: form
                .disabled
                .into_iter()
                .map(|name| (self.origin(name.span().start), name.into_inner()))
                .collect(),
        };
        Ok((rules, means))
    }

    fn each<Form, Made>(
        &mut self,
        forms: Vec<Spanned<Form>>,
        make: impl Fn(&mut Self, Form) -> Read<Made>,
    ) -> Read<Vec<Made>> {
        let mut made = Vec::with_capacity(forms.len());
        for form in forms {
            self.at = form.span().start;
            made.push(make(self, form.into_inner())?);
        }
        Ok(made)
    }

    fn one<Form, Made>(
        &mut self,
        form: Option<Spanned<Form>>,
        make: impl Fn(&mut Self, Form) -> Read<Made>,
    ) -> Read<Option<Made>> {
        let made = self.each(form.into_iter().collect(), make)?;
        Ok(made.into_iter().next())
    }

    fn identity(&mut self, form: IdentifyForm) -> Read<Identity> {
        let regexes = |reading: &mut Self, texts: Vec<Spanned<String>>| {
            reading.each(texts, |reading, text| reading.regex(&text))
        };
        Ok(Identity {
            names: form.names,
            arguments: regexes(self, form.arguments)?,
            except: regexes(self, form.except)?,
        })
    }

    fn rule(&mut self, form: RuleForm) -> Read<Rule> {
        let state = form
            .state
            .as_deref()
            .map(|name| self.state(name))
            .transpose()?;
        if state.is_none() != form.skip_state_update {
            let cause = format!("the rule {:?} has to say one of two things", form.id);
            return Err(self.wrong(cause, "give it a state, or skip_state_update = true"));
        }
        let mut clauses = 0;
        let when = self.condition(form.when, 0, &mut clauses)?;
        let confidence = match form.confidence.as_deref() {
            None => Confidence::High,
            Some(name) => Confidence::named(name).ok_or_else(|| {
                self.wrong(
                    format!("there is no confidence {name:?}"),
                    "say low, medium or high",
                )
            })?,
        };
        Ok(Rule {
            origin: self.origin(self.at),
            id: form.id,
            state,
            reason: self.reason(form.reason)?,
            priority: form.priority,
            confidence,
            at_once: form.at_once,
            source: super::source_of(&when),
            when,
        })
    }

    fn condition(&self, form: ConditionForm, depth: usize, clauses: &mut usize) -> Read<Condition> {
        *clauses += 1;
        if depth > DEEPEST || *clauses > MOST_CLAUSES {
            let cause = format!(
                "a rule has more than {MOST_CLAUSES} clauses, or they are nested more than {DEEPEST} deep"
            );
            return Err(self.wrong(cause, "make several rules of it"));
        }
        let is_clause = form.region.is_some();
        let parts = [
            form.all.is_some(),
            form.any.is_some(),
            form.not.is_some(),
            is_clause,
        ];
        if parts.into_iter().filter(|there| *there).count() != 1 {
            return Err(self.wrong(
                "a condition is one of all, any, not, or a region with what it must have"
                    .to_owned(),
                "put what belongs together into all = [...]",
            ));
        }
        let several = |forms: Vec<ConditionForm>, clauses: &mut usize| {
            forms
                .into_iter()
                .map(|form| self.condition(form, depth + 1, clauses))
                .collect::<Read<Vec<_>>>()
        };
        if let Some(all) = form.all {
            return Ok(Condition::All(several(all, clauses)?));
        }
        if let Some(any) = form.any {
            return Ok(Condition::Any(several(any, clauses)?));
        }
        if let Some(not) = form.not {
            let not = self.condition(*not, depth + 1, clauses)?;
            return Ok(Condition::Not(Box::new(not)));
        }
        self.clause(form).map(Condition::Clause)
    }

    fn clause(&self, form: ConditionForm) -> Read<Clause> {
        let region = self.region(&form.region.unwrap_or_default())?;
        let mut tests = Vec::new();
        if form.exists == Some(true) {
            tests.push(Test::Exists);
        }
        if let Some(texts) = form.contains {
            tests.push(self.contains(texts)?);
        }
        if let Some(text) = form.regex {
            tests.push(Test::Regex(self.regex(&text)?));
        }
        if let Some(text) = form.line_regex {
            tests.push(Test::LineRegex(self.regex(&text)?));
        }
        if let Some(text) = form.rows_regex {
            tests.push(Test::RowsRegex(self.regex(&text)?));
        }
        let (Some(test), None) = (tests.pop(), tests.pop()) else {
            return Err(self.wrong(
                format!("a clause asks one thing of its region {region}"),
                "say exists = true, contains, regex, line_regex or rows_regex",
            ));
        };
        let except = form.except.map(|text| self.regex(&text)).transpose()?;
        Ok(Clause {
            region,
            test,
            except,
        })
    }

    fn contains(&self, texts: OneOrMany) -> Read<Test> {
        let texts = texts.into_vec();
        let good = |text: &String| !text.trim().is_empty() && text.len() <= LONGEST_TEXT;
        if texts.is_empty() || texts.len() > MOST_CLAUSES || !texts.iter().all(good) {
            return Err(self.wrong(
                format!("contains has no text, a blank one, one of more than {LONGEST_TEXT} bytes, or more than {MOST_CLAUSES}"),
                "name the words that the screen shows",
            ));
        }
        let folded = |text: &String| view::folded(&view::flat(&[text]));
        Ok(Test::Contains(texts.iter().map(folded).collect()))
    }

    fn vital(&mut self, form: VitalForm) -> Read<Vital> {
        let clause = self.clause(ConditionForm {
            region: Some(form.region),
            contains: form.contains,
            regex: form.regex,
            line_regex: form.line_regex,
            rows_regex: form.rows_regex,
            except: form.except,
            ..ConditionForm::default()
        })?;
        let (Test::Regex(regex) | Test::LineRegex(regex) | Test::RowsRegex(regex)) = &clause.test
        else {
            return self.vital_of(clause, form.mode, &form.states);
        };
        // Compiled once more for its names alone, it takes no memory from now on.
        let names = regex.clone();
        let unknown = names.names().find(|name| !VITALS.contains(name));
        if let Some(unknown) = unknown {
            let cause = format!("there is no vital {unknown:?}");
            return Err(self.wrong(cause, &format!("name a group one of {}", VITALS.join(", "))));
        }
        self.vital_of(clause, form.mode, &form.states)
    }

    fn vital_of(&self, clause: Clause, mode: Option<String>, states: &[String]) -> Read<Vital> {
        let states = states
            .iter()
            .map(|name| self.state(name))
            .collect::<Read<Vec<_>>>()?;
        Ok(Vital {
            clause,
            mode,
            states,
        })
    }

    fn statement(&mut self, form: StatementForm) -> Read<Statement> {
        let state = form
            .state
            .as_deref()
            .map(|name| self.state(name))
            .transpose()?;
        Ok(Statement {
            event: form.event,
            details: form.detail.map(OneOrMany::into_vec),
            tools: form.tool.map(OneOrMany::into_vec),
            state,
            reason: self.reason(form.reason)?,
            at_once: form.at_once,
        })
    }

    fn state(&self, name: &str) -> Read<State> {
        State::named(name)
            .filter(|state| *state != State::Exited)
            .ok_or_else(|| {
                self.wrong(
                    format!("there is no state {name:?} that a rule can say"),
                    "say busy, ready, waiting, error or unknown",
                )
            })
    }

    fn reason(&self, name: Option<String>) -> Read<Option<Reason>> {
        let Some(name) = name else {
            return Ok(None);
        };
        let wrong = || {
            let cause = format!("{name:?} is no reason");
            self.wrong(cause, "use up to 32 lower-case letters, digits and _")
        };
        Reason::new(&name).map(Some).ok_or_else(wrong)
    }

    fn region(&self, name: &str) -> Read<Region> {
        Region::named(name).ok_or_else(|| {
            let names: Vec<String> = Region::names().collect();
            self.wrong(
                format!("there is no region {name:?}"),
                &format!(
                    "use one of {}, with N from 1 to {}",
                    names.join(", "),
                    view::MOST_ROWS
                ),
            )
        })
    }

    fn regex(&self, text: &str) -> Read<Expression> {
        if text.len() > LONGEST_TEXT {
            let cause = format!("a regular expression has more than {LONGEST_TEXT} bytes");
            return Err(self.wrong(cause, "make several rules of it"));
        }
        Expression::new(text).map_err(|error| {
            let reason = error.to_string();
            let last = reason.lines().last().unwrap_or_default();
            let last = last.trim_start_matches("error: ");
            self.wrong(
                format!("the regular expression {text:?}: {last}"),
                "correct it, and put a backslash before what shall stand for itself",
            )
        })
    }

    fn origin(&self, at: usize) -> Origin {
        Origin {
            file: self.file.to_owned(),
            line: line_of(self.text, at),
        }
    }

    fn wrong(&self, cause: String, remedy: &str) -> RuleFileError {
        RuleFileError {
            origin: self.origin(self.at),
            cause,
            remedy: remedy.to_owned(),
        }
    }

    fn not_toml(&self, error: &toml::de::Error) -> RuleFileError {
        let at = error.span().map_or(0, |Range { start, .. }| start);
        RuleFileError {
            origin: self.origin(at),
            cause: error.message().replace('\n', ", "),
            remedy: "correct that line; docs/agents.md has the form".to_owned(),
        }
    }
}

/// What a file does to the rules before it.
pub(super) struct FileMeans {
    pub(super) replace: bool,
    pub(super) disabled: Vec<(Origin, String)>,
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or(text);
    before.matches('\n').count() + 1
}
