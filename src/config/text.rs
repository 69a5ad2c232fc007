//! Settings that are texts of others: muxwire compares them and gives them no meaning.

use crate::config::environment::Environment;
use crate::config::kind::{Kind, Raw, Refusal};

/// The path below which a server is found: nothing, or segments of letters that every program writes alike.
pub(in crate::config) struct BasePath;

impl BasePath {
    const MAX_LEN: usize = 200;

    fn is_segment(text: &str) -> bool {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !text.is_empty() && text.bytes().all(allowed) && !text.bytes().all(|byte| byte == b'.')
    }
}

impl Kind for BasePath {
    type Value = String;

    fn expected(&self) -> String {
        "empty, or a path such as /muxwire, of letters, digits and - . _ ~".to_owned()
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<String, Refusal> {
        let text = raw.text().ok_or(Refusal::NotExpected)?;
        let path = text.strip_suffix('/').unwrap_or(text);
        let Some(rest) = path.strip_prefix('/') else {
            return path
                .is_empty()
                .then(String::new)
                .ok_or(Refusal::NotExpected);
        };
        let is_path = path.len() <= Self::MAX_LEN && rest.split('/').all(Self::is_segment);
        is_path.then(|| path.to_owned()).ok_or(Refusal::NotExpected)
    }

    fn show(&self, value: &String) -> Raw {
        Raw::Text(value.clone())
    }
}

/// Whom others can write to: nothing, or an address of mail or of the web, as a URI.
pub(in crate::config) struct Contact;

impl Kind for Contact {
    type Value = String;

    fn expected(&self) -> String {
        "empty, or an address such as mailto:me@box.example or https://box.example/contact"
            .to_owned()
    }

    fn read(&self, raw: &Raw, environment: &Environment) -> Result<String, Refusal> {
        let text = Text.read(raw, environment)?;
        let rest = text
            .strip_prefix("mailto:")
            .or_else(|| text.strip_prefix("https://"));
        let is_address = rest.is_some_and(|rest| {
            let is_one = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\".contains(&byte);
            !rest.is_empty() && rest.bytes().all(is_one)
        });
        match text.is_empty() || is_address {
            true => Ok(text),
            false => Err(Refusal::NotExpected),
        }
    }

    fn show(&self, value: &String) -> Raw {
        Raw::Text(value.clone())
    }
}

/// A text, which may be empty.
pub(in crate::config) struct Text;

impl Text {
    const MAX_LEN: usize = 1024;
}

impl Kind for Text {
    type Value = String;

    fn expected(&self) -> String {
        format!("a text of up to {} bytes", Self::MAX_LEN)
    }

    fn read(&self, raw: &Raw, _: &Environment) -> Result<String, Refusal> {
        let fits = |text: &&str| text.len() <= Self::MAX_LEN && !text.contains(char::is_control);
        let text = raw.text().filter(fits).ok_or(Refusal::NotExpected)?;
        Ok(text.to_owned())
    }

    fn show(&self, value: &String) -> Raw {
        Raw::Text(value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_paths_are_written_in_one_way() {
        let rows = [
            ("", Some("")),
            ("/", Some("")),
            ("/muxwire", Some("/muxwire")),
            ("/muxwire/", Some("/muxwire")),
            ("/a/b-2.c_d~", Some("/a/b-2.c_d~")),
            ("muxwire", None),
            ("//", None),
            ("/a//b", None),
            ("/a/../b", None),
            ("/.", None),
            ("/a b", None),
            ("/a%2fb", None),
            ("/a?b", None),
            ("/a#b", None),
            ("/b\u{e4}r", None),
            ("https://box.example/a", None),
        ];
        for (text, expected) in rows {
            let raw = Raw::Word(text.to_owned());
            let found = BasePath.read(&raw, &Environment::default()).ok();
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
        let long = Raw::Word(format!("/{}", "x".repeat(BasePath::MAX_LEN)));
        assert!(BasePath.read(&long, &Environment::default()).is_err());
    }
}
