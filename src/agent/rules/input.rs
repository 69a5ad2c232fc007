//! What is known of an agent's input, as data: where its composer is, what submits it, and how its dialogs are answered.

use std::time::Duration;

use super::super::expression::Expression;
use super::super::view::{self, Region};
use super::condition::{Clause, Condition, Tried};

/// How long the keys that submit wait after what was typed, unless the rules say otherwise: every agent that was measured
/// submits then.
pub(super) const SUBMIT_DELAY: Duration = Duration::from_millis(150);

/// The signs that stand before the choice of a list that is chosen now, unless the rules say otherwise.
const SIGNS: &str = "❯›●•>";

/// What is known of an agent's input.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct InputRules {
    pub(in super::super) composer: Option<ComposerRules>,
    pub(in super::super) dialog: Option<DialogRules>,
    pub(in super::super) choices: Vec<ChoiceRules>,
}

/// An agent's composer: where prompts are written.
#[derive(Debug, Clone)]
pub(in super::super) struct ComposerRules {
    /// Where it is. The group `text` is what is in it.
    pub(super) clause: Clause,
    /// What it shows while nothing is in it.
    pub(super) placeholders: Vec<Expression>,
    /// What stands in it for a paste that it doesn't show.
    pub(super) pasted: Option<Expression>,
    /// Texts at whose end it offers completions, of which the keys that submit would take one.
    pub(in super::super) completing: Option<Expression>,
    /// Whether it takes several lines.
    pub(in super::super) lines: bool,
    /// The keys that submit.
    pub(in super::super) submit: Vec<String>,
    /// How long they wait after what was typed.
    pub(in super::super) delay: Duration,
    /// The keys that take out a line of it, and do nothing else if there is none.
    pub(in super::super) clear: Vec<String>,
    /// The hooks that say that a prompt was taken.
    pub(in super::super) hooks: Vec<String>,
}

/// An agent's dialogs, as far as they are alike.
#[derive(Debug, Clone)]
pub(in super::super) struct DialogRules {
    /// Where they are.
    pub(super) region: Region,
    /// Rows that change while the same dialog stands.
    pub(super) except: Option<Expression>,
    /// The signs before the choice that is chosen now.
    pub(super) signs: Vec<char>,
    pub(in super::super) up: String,
    pub(in super::super) down: String,
    pub(in super::super) confirm: String,
    /// Choices that Escape makes: where they are chosen, some agents wait for a text and not for Enter.
    pub(super) escape: Option<Expression>,
    /// Whether a digit makes a choice, where no sign shows which one is chosen.
    pub(in super::super) digits: bool,
}

/// A choice of a dialog that has no list with a sign.
#[derive(Debug, Clone)]
pub(in super::super) struct ChoiceRules {
    pub(in super::super) text: String,
    pub(super) when: Condition,
    pub(in super::super) keys: Vec<String>,
}

/// What a composer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Composer {
    Empty,
    Text {
        /// Its rows, joined by line feeds.
        text: String,
        /// It stands for a paste.
        pasted: bool,
    },
}

impl Default for DialogRules {
    fn default() -> Self {
        Self {
            region: Region::BottomNonempty(24),
            except: None,
            signs: SIGNS.chars().collect(),
            up: "Up".to_owned(),
            down: "Down".to_owned(),
            confirm: "Enter".to_owned(),
            escape: None,
            digits: false,
        }
    }
}

impl InputRules {
    /// These with what another file says.
    pub(super) fn changed_by(&self, other: Self) -> Self {
        let mut choices = other.choices;
        choices.extend_from_slice(&self.choices);
        Self {
            composer: other.composer.or_else(|| self.composer.clone()),
            dialog: other.dialog.or_else(|| self.dialog.clone()),
            choices,
        }
    }

    /// Compiles the expressions, if they aren't yet.
    pub(super) fn prepare(&self) {
        if let Some(composer) = &self.composer {
            composer.clause.prepare();
            composer.placeholders.iter().for_each(Expression::prepare);
            let others = composer.pasted.iter().chain(&composer.completing);
            others.for_each(Expression::prepare);
        }
        let except = self
            .dialog
            .iter()
            .filter_map(|dialog| dialog.except.as_ref());
        except.for_each(Expression::prepare);
        self.choices.iter().for_each(|choice| choice.when.prepare());
    }

    /// The choices whose dialog shows, in the order of the rules.
    pub(in super::super) fn fixed<'a>(&'a self, tried: &mut Tried<'a>) -> Vec<&'a ChoiceRules> {
        let choices = self.choices.iter();
        choices.filter(|choice| choice.when.holds(tried)).collect()
    }
}

impl ComposerRules {
    /// What the composer holds; nothing if it doesn't show.
    pub(in super::super) fn read<'a>(&'a self, tried: &mut Tried<'a>) -> Option<Composer> {
        let groups = self.clause.captures(tried)?;
        let (_, found) = groups.into_iter().find(|(name, _)| *name == "text")?;
        let rows: Vec<&str> = found.lines().map(view::unframed).collect();
        let flat = view::flat(&rows);
        let shows = |placeholder: &Expression| placeholder.is_match(&flat);
        if flat.is_empty() || self.placeholders.iter().any(shows) {
            return Some(Composer::Empty);
        }
        let pasted = self.pasted.as_ref();
        Some(Composer::Text {
            text: rows.join("\n").trim().to_owned(),
            pasted: pasted.is_some_and(|pasted| pasted.is_match(&flat)),
        })
    }
}

impl DialogRules {
    /// The rows of a dialog: for its fingerprint those that stay, and all.
    pub(in super::super) fn rows<'a>(
        &'a self,
        tried: &mut Tried<'a>,
    ) -> (Vec<String>, Vec<String>) {
        let mut of = |except| {
            let part = tried.part(self.region, except);
            let rows = part.rows().unwrap_or_default();
            rows.iter().map(|row| (*row).to_owned()).collect()
        };
        (of(self.except.as_ref()), of(None))
    }

    pub(in super::super) fn is_escape(&self, option: &str) -> bool {
        let escape = self.escape.as_ref();
        escape.is_some_and(|escape| escape.is_match(option))
    }

    pub(in super::super) fn is_sign(&self, one: char) -> bool {
        self.signs.contains(&one)
    }
}
