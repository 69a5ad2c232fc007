//! Events that programs beside muxwire add to the log: what an orchestrator says of its tasks, of costs and of tools.
//!
//! They say nothing of tmux: their types have names of their own, and none of them changes the state.

use serde::{Deserialize, Serialize};

/// An event of a program's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Emitted {
    type_name: Box<str>,
    data: Datum,
}

/// What such events are of: the first part of their types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// What is done for somebody, by an agent or otherwise.
    Task,
    /// What something costs.
    Cost,
    /// A tool that is used.
    Tool,
    /// Anything else, of somebody's own.
    Own,
}

/// A value as JSON has them. Numbers are kept as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the variants are those of JSON")]
pub enum Datum {
    Null,
    Bool(bool),
    Number(Box<str>),
    Text(String),
    List(Vec<Datum>),
    Map(Vec<(String, Datum)>),
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Task, Self::Cost, Self::Tool, Self::Own];

    /// All types of the family, as a pattern.
    #[must_use]
    pub fn pattern(self) -> &'static str {
        match self {
            Self::Task => "task.*",
            Self::Cost => "cost.*",
            Self::Tool => "tool.*",
            Self::Own => "x.*",
        }
    }

    /// The family of a type, if it is one that may be emitted.
    #[must_use]
    pub fn of(type_name: &str) -> Option<Self> {
        let (first, rest) = type_name.split_once('.')?;
        let family = Self::ALL
            .into_iter()
            .find(|family| family.pattern().trim_end_matches(".*") == first)?;
        let is_fit = type_name.len() <= Emitted::LONGEST_TYPE && rest.split('.').all(is_word);
        is_fit.then_some(family)
    }

    /// Whether a pattern asks for types of some family by its first part: which there are is not known beforehand.
    #[must_use]
    pub fn is_asked_for(pattern: &str) -> bool {
        let is_one = |family: &Self| pattern.starts_with(family.pattern().trim_end_matches('*'));
        let is_fit = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'*' | b'?');
        Self::ALL.iter().any(is_one) && pattern.bytes().all(is_fit)
    }
}

/// A lower-case letter, and letters, digits and underscores behind it.
fn is_word(part: &str) -> bool {
    let mut bytes = part.bytes();
    let begins = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
    begins && bytes.all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

impl Emitted {
    /// The longest type, in bytes.
    pub const LONGEST_TYPE: usize = 64;
    /// The most data, in bytes of [`Datum::size`].
    pub const MOST_DATA: usize = 16 << 10;
    /// How deep lists and objects may stand in each other.
    pub const MOST_LEVELS: usize = 16;

    /// An event of this type; nothing if no such type may be emitted.
    #[must_use]
    pub fn new(type_name: &str, data: Datum) -> Option<Self> {
        Family::of(type_name)?;
        Some(Self {
            type_name: type_name.into(),
            data,
        })
    }

    /// Its type.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// All types of its family, as a pattern: there are only so many.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(&self.type_name).unwrap_or(Family::Own)
    }

    /// What it says.
    #[must_use]
    pub fn data(&self) -> &Datum {
        &self.data
    }

    /// Shows each text in what it says, with the key that it stands at, to be changed.
    pub fn each_text(&mut self, change: &mut impl FnMut(Option<&str>, &mut String)) {
        self.data.each_text(None, change);
    }
}

impl Datum {
    /// About what it takes in memory and on the wire, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        const EACH: usize = 4;
        EACH + match self {
            Self::Null | Self::Bool(_) => 0,
            Self::Number(digits) => digits.len(),
            Self::Text(text) => text.len(),
            Self::List(items) => items.iter().map(Self::size).sum(),
            Self::Map(fields) => fields
                .iter()
                .map(|(key, value)| key.len() + value.size())
                .sum(),
        }
    }

    fn each_text(&mut self, at: Option<&str>, change: &mut impl FnMut(Option<&str>, &mut String)) {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
            Self::Text(text) => change(at, text),
            Self::List(items) => items.iter_mut().for_each(|item| item.each_text(at, change)),
            Self::Map(fields) => {
                for (key, value) in fields {
                    value.each_text(Some(key), change);
                    change(None, key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn only_types_of_the_families_are_types() {
        let rows = [
            ("task.started", Some(Family::Task)),
            ("cost.update", Some(Family::Cost)),
            ("tool.call.finished_2", Some(Family::Tool)),
            ("x.acme.deploy", Some(Family::Own)),
            ("task", None),
            ("task.", None),
            ("task..a", None),
            ("task.A", None),
            ("task.1", None),
            ("task.a b", None),
            ("task.\u{e4}", None),
            ("tasks.a", None),
            ("pane.output", None),
            ("agent.status", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(Family::of(text), expected, "{text:?}");
            let made = Emitted::new(text, Datum::Null);
            assert_eq!(made.map(|one| one.family()), expected, "{text:?}");
        }
        let longest = format!("x.{}", "a".repeat(Emitted::LONGEST_TYPE - 2));
        assert!(Family::of(&longest).is_some());
        assert!(Family::of(&format!("{longest}a")).is_none());
    }

    #[test]
    fn each_text_is_shown_once_with_its_key() {
        let text = |text: &str| Datum::Text(text.to_owned());
        let data = Datum::Map(vec![
            ("a".to_owned(), text("one")),
            (
                "b".to_owned(),
                Datum::List(vec![
                    text("two"),
                    Datum::Map(vec![("c".to_owned(), text("3"))]),
                ]),
            ),
            ("n".to_owned(), Datum::Number("4".into())),
        ]);
        let mut event = Emitted::new("x.test", data).unwrap();
        let mut seen = Vec::new();
        event.each_text(&mut |key, text| {
            seen.push(format!("{} {text}", key.unwrap_or("-")));
            text.push('!');
        });
        assert_eq!(seen, ["a one", "- a", "b two", "c 3", "- c", "- b", "- n"]);
        let Datum::Map(fields) = event.data() else {
            unreachable!("it was a map");
        };
        assert_eq!(fields[0], ("a!".to_owned(), text("one!")));
    }
}
