//! A dialog that an agent shows: what tells it from others, and its choices.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::time::Instant;

use super::rules::{DialogRules, InputRules, Tried};
use super::view::unframed;

/// The most choices that are listed, and the longest one, in characters.
const MOST_OPTIONS: usize = 20;
const LONGEST_OPTION: usize = 200;

/// Nobody can guess from a fingerprint what the dialog says: it may have secrets in it.
static SALT: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A dialog, as it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// What tells it from all others, also from one that says the same later.
    pub fingerprint: String,
    /// Its choices, as far as they are known.
    pub options: Vec<String>,
}

/// What a screen shows of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShownDialog {
    /// Its letters and digits; frames, signs and spaces don't count, so that it may be wrapped anew.
    text: String,
    pub(super) options: Vec<String>,
    /// The option that is chosen now, if a sign says so.
    pub(super) chosen: Option<usize>,
    /// The keys for each option, where the sign is not moved to it; none, where it is.
    pub(super) keys: Vec<Vec<String>>,
}

/// A row of a list.
struct ListRow<'a> {
    has_sign: bool,
    /// Where its text begins.
    column: usize,
    text: &'a str,
}

impl ShownDialog {
    /// The dialog on a view that shows one.
    pub(super) fn read<'a>(
        input: &'a InputRules,
        plain: &'a DialogRules,
        tried: &mut Tried<'a>,
    ) -> Self {
        let rules = input.dialog.as_ref().unwrap_or(plain);
        let (lasting, rows) = rules.rows(tried);
        let letters = lasting.iter().flat_map(|row| row.chars());
        let text = letters.filter(|one| one.is_alphanumeric()).collect();
        let fixed = input.fixed(tried);
        let (options, chosen) = match fixed.is_empty() {
            true => list(&rows, rules).unwrap_or_default(),
            false => (
                fixed.iter().map(|choice| choice.text.clone()).collect(),
                None,
            ),
        };
        let keys = match fixed.is_empty() {
            true => own_keys(&options, chosen, rules),
            false => fixed.iter().map(|choice| choice.keys.clone()).collect(),
        };
        Self {
            text,
            options,
            chosen,
            keys,
        }
    }

    /// The same as it is said, if this agent has waited since then.
    pub(super) fn said(&self, agent: (u32, Option<u64>), since: Instant) -> Dialog {
        let hash = SALT.hash_one((&self.text, agent, since));
        Dialog {
            fingerprint: format!("{hash:016x}"),
            options: self.options.clone(),
        }
    }
}

/// The keys that each choice of a list has for itself, if it has any.
fn own_keys(options: &[String], chosen: Option<usize>, rules: &DialogRules) -> Vec<Vec<String>> {
    let keys = |(option, number): (&String, usize)| {
        let has_digit = rules.digits && chosen.is_none() && number <= 9;
        match rules.is_escape(option) {
            true => vec!["Escape".to_owned()],
            false => has_digit.then(|| number.to_string()).into_iter().collect(),
        }
    };
    options.iter().zip(1..).map(keys).collect()
}

/// The list of choices at the end of these rows, and the one that is chosen.
fn list(rows: &[String], rules: &DialogRules) -> Option<(Vec<String>, Option<usize>)> {
    let rows: Vec<ListRow<'_>> = rows.iter().map(|row| list_row(row, rules)).collect();
    numbered(&rows).or_else(|| unnumbered(&rows))
}

fn list_row<'a>(row: &'a str, rules: &DialogRules) -> ListRow<'a> {
    let is_side =
        |one: char| one.is_whitespace() || matches!(one, '\u{2502}' | '\u{2503}' | '\u{2551}');
    let row = row.trim_end_matches(is_side);
    let inner = row.trim_start_matches(is_side);
    let text = inner
        .strip_prefix(|one| rules.is_sign(one))
        .unwrap_or(inner);
    let text = match text.starts_with(char::is_whitespace) {
        true => text.trim_start(),
        false => inner,
    };
    let before = &row[..row.len() - text.len()];
    ListRow {
        has_sign: text.len() < inner.len(),
        column: before.chars().count(),
        text,
    }
}

/// Rows that are numbered from 1 on; what stands between them explains them.
fn numbered(rows: &[ListRow<'_>]) -> Option<(Vec<String>, Option<usize>)> {
    let mut options: Vec<String> = Vec::new();
    let mut chosen = None;
    for row in rows {
        let Some((number, label)) = row.text.split_once(". ") else {
            continue;
        };
        let Ok(number) = number.parse::<usize>() else {
            continue;
        };
        if number == 1 {
            options.clear();
            chosen = None;
        }
        if number == options.len() + 1 && number <= MOST_OPTIONS {
            if row.has_sign && chosen.is_none() {
                chosen = Some(options.len());
            }
            options.push(short(label));
        }
    }
    (!options.is_empty()).then_some((options, chosen))
}

/// The rows around the last one with a sign, that begin where it does.
fn unnumbered(rows: &[ListRow<'_>]) -> Option<(Vec<String>, Option<usize>)> {
    let at = rows.iter().rposition(|row| row.has_sign)?;
    let is_option =
        |row: &&ListRow<'_>| row.column == rows[at].column && !row.has_sign && !row.text.is_empty();
    let above = rows[..at].iter().rev().take_while(is_option).count();
    let below = rows[at + 1..].iter().take_while(is_option).count();
    let all = &rows[at - above..=at + below];
    if all.len() < 2 || all.len() > MOST_OPTIONS {
        return None;
    }
    Some((all.iter().map(|row| short(row.text)).collect(), Some(above)))
}

/// A label without what stands in columns of its own behind it.
fn short(label: &str) -> String {
    let label = unframed(label);
    let label = label.split_once("   ").map_or(label, |(label, _)| label);
    label.trim().chars().take(LONGEST_OPTION).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[track_caller]
    fn check(screen: &str, options: &[&str], chosen: Option<usize>) {
        let rows: Vec<String> = screen.lines().map(str::to_owned).collect();
        let found = list(&rows, &DialogRules::default()).unwrap_or_default();
        assert_eq!(
            (found.0.as_slice(), found.1),
            (options.map_owned().as_slice(), chosen),
            "{screen}"
        );
    }

    trait Owned {
        fn map_owned(&self) -> Vec<String>;
    }

    impl Owned for [&str] {
        fn map_owned(&self) -> Vec<String> {
            self.iter().map(|one| (*one).to_owned()).collect()
        }
    }

    #[test]
    fn lists_are_found() {
        check(
            " 1. Read hello.txt\n 2. Change it\n Do it?\n   1. Yes\n \u{276f} 2. No\n\n Esc to cancel",
            &["Yes", "No"],
            Some(1),
        );
        check(
            "\u{2502} \u{25cf} 1. Allow once   \u{2502}\n\u{2502}   2. No (esc)   \u{2502}",
            &["Allow once", "No (esc)"],
            Some(0),
        );
        check(
            "  \u{203a} 1. Red       A red bar\n       with more of it\n    2. Blue      A blue bar",
            &["Red", "Blue"],
            Some(0),
        );
        check(
            " Security guide\n\n \u{276f} No, exit\n   Yes, I trust this folder\n\n Enter to confirm",
            &["No, exit", "Yes, I trust this folder"],
            Some(0),
        );
        check(" \u{276f} alone\n", &[], None);
        check("prose. It is none.\n 3. third", &[], None);
    }
}
