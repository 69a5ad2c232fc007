//! Settings that are lists, and the kinds of items that only lists have.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use crate::config::environment::Environment;
use crate::config::kind::{Kind, Raw, Refusal};

/// The most items of a list.
const MAX_ITEMS: usize = 256;

/// Any number of values of one kind. In a variable they stand side by side with commas between them.
pub(in crate::config) struct List<K>(pub(in crate::config) K);

impl<K: Kind> Kind for List<K> {
    type Value = Vec<K::Value>;

    fn expected(&self) -> String {
        format!("a list, each item {}", self.0.expected())
    }

    fn read(&self, raw: &Raw, environment: &Environment) -> Result<Self::Value, Refusal> {
        let items = match raw {
            Raw::List(items) => items.clone(),
            // One item of a file needs no brackets.
            Raw::Text(text) => vec![text.clone()],
            Raw::Word(text) => text.split(',').map(|item| item.trim().to_owned()).collect(),
            Raw::Integer(_) | Raw::Boolean(_) | Raw::Other(_) => return Err(Refusal::NotExpected),
        };
        if items.len() > MAX_ITEMS {
            return Err(Refusal::Because(format!(
                "a list has at most {MAX_ITEMS} items"
            )));
        }
        let given = items.into_iter().filter(|item| !item.is_empty());
        let read = |item: String| {
            let because = |refusal| match refusal {
                Refusal::NotExpected => format!("{item:?} is not {}", self.0.expected()),
                Refusal::Because(reason) => reason,
            };
            let value = self.0.read(&Raw::Word(item.clone()), environment);
            value.map_err(|refusal| Refusal::Because(because(refusal)))
        };
        given.map(read).collect()
    }

    fn show(&self, value: &Self::Value) -> Raw {
        let shown = value.iter().map(|item| match self.0.show(item) {
            Raw::Word(text) | Raw::Text(text) => text,
            other => other.to_string(),
        });
        Raw::List(shown.collect())
    }
}

/// A value that reads and shows itself, and says what is wrong with a text.
pub(in crate::config) struct Parsed<T> {
    what: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T> Parsed<T> {
    /// `what` is read behind "it must be".
    pub(in crate::config) fn new(what: &'static str) -> Self {
        let of = PhantomData;
        Self { what, of }
    }
}

impl<T: FromStr<Err: Display> + Display> Kind for Parsed<T> {
    type Value = T;

    fn expected(&self) -> String {
        self.what.to_owned()
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<T, Refusal> {
        let text = raw.text().ok_or(Refusal::NotExpected)?;
        let because = |error: T::Err| Refusal::Because(format!("of {text:?}: {error}"));
        text.parse().map_err(because)
    }

    fn show(&self, value: &T) -> Raw {
        Raw::Text(value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::kind::Integer;

    #[test]
    fn lists_are_read_from_files_and_variables() {
        let environment = Environment::default();
        let list =
            |items: &[&str]| Raw::List(items.iter().map(|item| (*item).to_owned()).collect());
        let word = |text: &str| Raw::Word(text.to_owned());
        let rows = [
            (list(&["1", "2"]), Ok(vec![1, 2])),
            (list(&[]), Ok(vec![])),
            (Raw::Text("3".to_owned()), Ok(vec![3])),
            (word(""), Ok(vec![])),
            (word("1, 2,3"), Ok(vec![1, 2, 3])),
            (
                word("1,x"),
                Err("\"x\" is not a whole number from 0 to 9".to_owned()),
            ),
            (
                list(&["1"; MAX_ITEMS + 1]),
                Err("a list has at most 256 items".to_owned()),
            ),
        ];
        let kind = List(Integer(0..=9u8));
        for (raw, expected) in rows {
            let found = kind.read(&raw, &environment);
            let expected = expected.map_err(Refusal::Because);
            assert_eq!(found, expected, "{raw}");
        }
        assert_eq!(
            kind.read(&Raw::Integer(1), &environment),
            Err(Refusal::NotExpected)
        );
        assert_eq!(kind.show(&vec![1, 2]), list(&["1", "2"]));
        assert_eq!(kind.show(&vec![1, 2]).to_string(), r#"["1", "2"]"#);
    }
}
