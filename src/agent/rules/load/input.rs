//! Reading what a rule file says of an agent's input.

use std::time::Duration;

use super::super::form::{ChoiceForm, ComposerForm, ConditionForm, DialogForm};
use super::super::input::{ChoiceRules, ComposerRules, DialogRules, SUBMIT_DELAY};
use super::{Read, Reading, Test};

/// The most keys that are typed for one thing.
const MOST_KEYS: usize = 16;
/// The longest that the keys which submit may wait.
const LONGEST_DELAY_MS: u64 = 5_000;

impl Reading<'_> {
    pub(super) fn composer(&mut self, form: ComposerForm) -> Read<ComposerRules> {
        let clause = self.clause(ConditionForm {
            region: Some(form.region),
            regex: form.regex,
            line_regex: form.line_regex,
            rows_regex: form.rows_regex,
            except: form.except,
            ..ConditionForm::default()
        })?;
        let names_text = match &clause.test {
            Test::Regex(regex) | Test::LineRegex(regex) | Test::RowsRegex(regex) => {
                // Compiled once more for its names alone, it takes no memory from now on.
                regex.clone().names().eq(["text"])
            }
            Test::Exists | Test::Contains(_) => false,
        };
        if !names_text {
            let cause = "the expression of a composer has to have one named group, text";
            return Err(self.wrong(cause.to_owned(), "write (?P<text>...) around what is in it"));
        }
        let delay = form.submit_delay_ms;
        if delay.is_some_and(|delay| delay > LONGEST_DELAY_MS) {
            let cause = format!("submit_delay_ms is more than {LONGEST_DELAY_MS}");
            return Err(self.wrong(
                cause,
                "say how many milliseconds the program needs after a paste",
            ));
        }
        let placeholders = form.placeholders.iter().map(|text| self.regex(text));
        Ok(ComposerRules {
            clause,
            placeholders: placeholders.collect::<Read<_>>()?,
            pasted: form.pasted.map(|text| self.regex(&text)).transpose()?,
            completing: form.completing.map(|text| self.regex(&text)).transpose()?,
            lines: form.lines,
            submit: self.keys(form.submit.unwrap_or_else(|| vec!["Enter".to_owned()]))?,
            delay: delay.map_or(SUBMIT_DELAY, Duration::from_millis),
            clear: match form.clear {
                Some(keys) => self.keys(keys)?,
                None => Vec::new(),
            },
            hooks: form.hooks,
        })
    }

    pub(super) fn dialog(&mut self, form: DialogForm) -> Read<DialogRules> {
        let known = DialogRules::default();
        let key = |key: Option<String>, known: String| match key {
            Some(key) => self.keys(vec![key]).map(|mut keys| keys.remove(0)),
            None => Ok(known),
        };
        let (up, down) = (key(form.up, known.up)?, key(form.down, known.down)?);
        let confirm = key(form.confirm, known.confirm)?;
        let signs: Option<Vec<char>> = form.signs.map(|signs| signs.chars().collect());
        Ok(DialogRules {
            region: match form.region {
                Some(name) => self.region(&name)?,
                None => known.region,
            },
            except: form.except.map(|text| self.regex(&text)).transpose()?,
            signs: signs.unwrap_or(known.signs),
            up,
            down,
            confirm,
            escape: form.escape.map(|text| self.regex(&text)).transpose()?,
            digits: form.digits,
        })
    }

    pub(super) fn choice(&mut self, form: ChoiceForm) -> Read<ChoiceRules> {
        Ok(ChoiceRules {
            text: form.text,
            when: self.condition(form.when, 0, &mut 0)?,
            keys: self.keys(form.keys)?,
        })
    }

    fn keys(&self, keys: Vec<String>) -> Read<Vec<String>> {
        let good = |key: &String| {
            !key.is_empty() && key.len() <= 32 && key.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if keys.is_empty() || keys.len() > MOST_KEYS || !keys.iter().all(good) {
            let cause = format!("{keys:?} are not from 1 to {MOST_KEYS} names of keys");
            return Err(self.wrong(cause, "use tmux's names, such as Enter, C-u or Down"));
        }
        Ok(keys)
    }
}
