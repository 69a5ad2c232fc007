//! What is secret, and from whom: settings of several parts.

use crate::auth::Permission;
use crate::config::environment::Environment;
use crate::config::kind::{Kind, Raw, Refusal};
use crate::redact::Rules;

/// Regular expressions: a list of a file, or one a line.
pub(in crate::config) struct Patterns;

impl Kind for Patterns {
    type Value = Vec<String>;

    fn expected(&self) -> String {
        "regular expressions: a list, or one a line".to_owned()
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<Vec<String>, Refusal> {
        let lines: Vec<&str> = match raw {
            Raw::Word(text) | Raw::Text(text) => text.lines().collect(),
            Raw::List(rules) => rules.iter().map(String::as_str).collect(),
            Raw::Integer(_) | Raw::Boolean(_) | Raw::Other(_) => return Err(Refusal::NotExpected),
        };
        let rules = lines
            .into_iter()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        let rules: Vec<String> = rules.map(str::to_owned).collect();
        Rules::new(&rules, false).map_err(|error| Refusal::Because(error.to_string()))?;
        Ok(rules)
    }

    fn show(&self, value: &Vec<String>) -> Raw {
        Raw::List(value.clone())
    }
}

/// Permissions: a list of a file, or with commas between them; or none.
pub(in crate::config) struct Roles;

impl Kind for Roles {
    type Value = Vec<Permission>;

    fn expected(&self) -> String {
        "a list of read, write, emit and admin, or empty".to_owned()
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<Vec<Permission>, Refusal> {
        let list = match raw {
            Raw::Word(text) | Raw::Text(text) => text.clone(),
            Raw::List(words) => words.join(","),
            Raw::Integer(_) | Raw::Boolean(_) | Raw::Other(_) => return Err(Refusal::NotExpected),
        };
        let words = list
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        let roles: Result<Vec<Permission>, _> = words.map(str::parse).collect();
        roles.map_err(|_| Refusal::NotExpected)
    }

    fn show(&self, value: &Vec<Permission>) -> Raw {
        Raw::List(value.iter().map(ToString::to_string).collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn rules_are_lines_and_each_is_looked_at() {
        let read = |text: &str| Patterns.read(&Raw::Text(text.to_owned()), &Environment::default());
        let rules = read("\n  pin=(?<secret>\\d+)\nhunter2\n").unwrap();
        assert_eq!(rules, ["pin=(?<secret>\\d+)", "hunter2"]);
        assert_eq!(Patterns.show(&rules), Raw::List(rules.clone()));
        let again = Patterns.read(&Patterns.show(&rules), &Environment::default());
        assert_eq!(again, Ok(rules));
        assert_eq!(read("").unwrap(), Vec::<String>::new());
        let Err(Refusal::Because(reason)) = read("ok\nx(") else {
            unreachable!("it is no expression");
        };
        assert!(
            reason.contains("\"x(\"") && reason.contains("character 2"),
            "{reason}"
        );
        assert_eq!(
            Patterns.read(&Raw::Boolean(true), &Environment::default()),
            Err(Refusal::NotExpected)
        );
    }

    #[test]
    fn roles_are_words() {
        use Permission::{Admin, Read, Write};
        let rows: [(&str, Result<Vec<Permission>, Refusal>); 5] = [
            ("", Ok(Vec::new())),
            ("read", Ok(vec![Read])),
            ("read, write", Ok(vec![Read, Write])),
            ("admin", Ok(vec![Admin])),
            ("readers", Err(Refusal::NotExpected)),
        ];
        for (text, expected) in rows {
            let read = Roles.read(&Raw::Word(text.to_owned()), &Environment::default());
            assert_eq!(read, expected, "{text:?}");
        }
    }
}
