//! A configuration file, TOML or YAML, as a flat list of keys with their lines.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use toml::de::{DeTable, DeValue};

use crate::config::kind::Raw;

/// The names under which a file is looked for in a folder.
const NAMES: [&str; 3] = ["config.toml", "config.yaml", "config.yml"];
/// The largest file that is read, in bytes.
const MAX_LEN: u64 = 1024 * 1024;

/// Why a file can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// The system refused it.
    #[error("can't read {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Its name shows no format.
    #[error("{}: is it TOML or YAML? Its name must end in .toml, .yaml or .yml", .0.display())]
    Format(PathBuf),
    /// It is not well-formed.
    #[error("{}:{line}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Two files stand side by side, and it is not clear which is meant.
    #[error("there are both {} and {}: keep one of them", .0.display(), .1.display())]
    Both(PathBuf, PathBuf),
}

/// A key of a file and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct FileEntry {
    /// The keys from the outermost in, joined by dots.
    pub(in crate::config) name: String,
    pub(in crate::config) raw: Raw,
    /// Counted from 1.
    pub(in crate::config) line: usize,
}

/// The keys of a text, or the line of its first mistake and what is wrong there.
type Parsed = Result<Vec<FileEntry>, (usize, String)>;

/// The file that is there in the first of these folders that has one.
pub(in crate::config) fn find(folders: &[PathBuf]) -> Result<Option<PathBuf>, FileProblem> {
    for folder in folders {
        let mut present = NAMES
            .iter()
            .map(|name| folder.join(name))
            .filter(|path| path.exists());
        match (present.next(), present.next()) {
            (Some(one), Some(other)) => return Err(FileProblem::Both(one, other)),
            (Some(one), None) => return Ok(Some(one)),
            (None, _) => {}
        }
    }
    Ok(None)
}

/// The places in which [`find`] looks.
pub(in crate::config) fn places(folders: &[PathBuf]) -> Vec<PathBuf> {
    let in_folder = |folder: &PathBuf| NAMES.map(|name| folder.join(name));
    folders.iter().flat_map(in_folder).collect()
}

/// All keys of a file.
pub(in crate::config) fn read(path: &Path) -> Result<Vec<FileEntry>, FileProblem> {
    let unreadable = |reason: String| FileProblem::Read {
        path: path.to_owned(),
        reason,
    };
    let syntax = |(line, reason)| FileProblem::Syntax {
        path: path.to_owned(),
        line,
        reason,
    };
    let extension = path.extension().and_then(|extension| extension.to_str());
    let parse: fn(&str) -> Parsed = match extension {
        Some("toml") => parse_toml,
        Some("yaml" | "yml") => parse_yaml,
        _ => return Err(FileProblem::Format(path.to_owned())),
    };
    let metadata = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if !metadata.is_file() || metadata.len() > MAX_LEN {
        return Err(unreadable(format!(
            "it is not a file of at most {MAX_LEN} bytes"
        )));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    parse(&text).map_err(syntax)
}

fn parse_toml(text: &str) -> Parsed {
    let line_of = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(span.start));
        (line, error.message().to_owned())
    })?;
    let mut entries = Vec::new();
    flatten_toml("", table.get_ref(), &line_of, &mut entries);
    entries.sort_by_key(|entry| entry.line);
    Ok(entries)
}

fn flatten_toml(
    prefix: &str,
    table: &DeTable<'_>,
    line_of: &impl Fn(usize) -> usize,
    entries: &mut Vec<FileEntry>,
) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        let raw = match value.get_ref() {
            DeValue::Table(inner) => {
                flatten_toml(&format!("{name}."), inner, line_of, entries);
                continue;
            }
            DeValue::String(text) => Raw::Text(text.to_string()),
            DeValue::Boolean(value) => Raw::Boolean(*value),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Raw::Other("a number beyond all bounds"), Raw::Integer),
            DeValue::Float(_) => Raw::Other("a fraction"),
            DeValue::Datetime(_) => Raw::Other("a date"),
            DeValue::Array(items) => {
                let texts = items.iter().map(|item| item.get_ref().as_str());
                list(texts.map(|text| text.map(ToOwned::to_owned)))
            }
        };
        entries.push(FileEntry {
            name,
            raw,
            line: line_of(key.span().start),
        });
    }
}

fn parse_yaml(text: &str) -> Parsed {
    let empty = text
        .lines()
        .all(|line| line.trim_start().is_empty() || line.trim_start().starts_with('#'));
    if empty {
        return Ok(Vec::new());
    }
    let node: serde_saphyr::Spanned<Node> = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        (
            usize::try_from(line).unwrap_or(1),
            error.without_snippet().to_string(),
        )
    })?;
    let mut entries = Vec::new();
    flatten_yaml("", node, &mut entries);
    entries.sort_by_key(|entry| entry.line);
    Ok(entries)
}

fn flatten_yaml(name: &str, node: serde_saphyr::Spanned<Node>, entries: &mut Vec<FileEntry>) {
    let line = usize::try_from(node.referenced.line()).unwrap_or(1);
    let raw = match node.value {
        Node::Leaf(raw) => raw,
        Node::Map(children) => {
            for (key, child) in children {
                let name = if name.is_empty() {
                    key
                } else {
                    format!("{name}.{key}")
                };
                flatten_yaml(&name, child, entries);
            }
            return;
        }
    };
    entries.push(FileEntry {
        name: name.to_owned(),
        raw,
        line,
    });
}

/// A list as a value: nothing but texts can be in it.
fn list(items: impl Iterator<Item = Option<String>>) -> Raw {
    let texts: Option<Vec<String>> = items.collect();
    texts.map_or(Raw::Other("a list of other things than texts"), Raw::List)
}

/// A YAML value of any kind.
enum Node {
    Map(Vec<(String, serde_saphyr::Spanned<Node>)>),
    Leaf(Raw),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Leaf(Raw::Boolean(value)))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Leaf(Raw::Integer(number)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Node, E> {
        let number = i64::try_from(number);
        Ok(Node::Leaf(number.map_or(
            Raw::Other("a number beyond all bounds"),
            Raw::Integer,
        )))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Leaf(Raw::Other("a fraction")))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Leaf(Raw::Text(text.to_owned())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Leaf(Raw::NOTHING))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut texts = Vec::new();
        while let Some(item) = items.next_element::<Node>()? {
            texts.push(match item {
                Node::Leaf(Raw::Text(text)) => Some(text),
                Node::Leaf(_) | Node::Map(_) => None,
            });
        }
        Ok(Node::Leaf(list(texts.into_iter())))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut children = Vec::new();
        while let Some(child) = map.next_entry()? {
            children.push(child);
        }
        Ok(Node::Map(children))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn entry(name: &str, raw: Raw, line: usize) -> FileEntry {
        FileEntry {
            name: name.to_owned(),
            raw,
            line,
        }
    }

    #[test]
    fn both_formats_give_the_same_keys_and_lines() {
        let toml = "# mine\n[server]\nport = 9000\nhost = \"::1\"\n[monitoring]\nmetrics = false\nlist = [1]\nnames = [\"a\"]\n";
        let yaml = "# mine\nserver:\n  port: 9000\n  host: \"::1\"\nmonitoring:\n  metrics: false\n  list: [1]\n  names: [a]\n";
        let expected = [
            entry("server.port", Raw::Integer(9000), 3),
            entry("server.host", Raw::Text("::1".to_owned()), 4),
            entry("monitoring.metrics", Raw::Boolean(false), 6),
            entry(
                "monitoring.list",
                Raw::Other("a list of other things than texts"),
                7,
            ),
            entry("monitoring.names", Raw::List(vec!["a".to_owned()]), 8),
        ];
        assert_eq!(parse_toml(toml).unwrap(), expected);
        assert_eq!(parse_yaml(yaml).unwrap(), expected);
    }

    #[test]
    fn values_of_every_kind_are_distinguished() {
        let rows = [
            ("5m", Raw::Text("5m".to_owned())),
            ("-3", Raw::Integer(-3)),
            ("0x10", Raw::Integer(16)),
            ("true", Raw::Boolean(true)),
            ("1.5", Raw::Other("a fraction")),
            ("\"8765\"", Raw::Text("8765".to_owned())),
            (
                "9223372036854775808",
                Raw::Other("a number beyond all bounds"),
            ),
        ];
        for (text, expected) in rows {
            let yaml = parse_yaml(&format!("a: {text}")).unwrap();
            assert_eq!(yaml, [entry("a", expected.clone(), 1)], "{text}");
            if text != "5m" {
                let toml = parse_toml(&format!("a = {text}")).unwrap();
                assert_eq!(toml, [entry("a", expected, 1)], "{text}");
            }
        }
        assert_eq!(
            parse_toml("a = 2026-11-20").unwrap(),
            [entry("a", Raw::Other("a date"), 1)]
        );
        assert_eq!(
            parse_yaml("a:").unwrap(),
            [entry("a", Raw::Other("nothing"), 1)]
        );
    }

    #[test]
    fn an_empty_file_has_no_keys() {
        for text in ["", "\n", "# only a comment\n"] {
            assert_eq!(parse_toml(text).unwrap(), []);
            assert_eq!(parse_yaml(text).unwrap(), []);
        }
    }

    #[test]
    fn a_mistake_in_the_form_reports_its_line() {
        for text in ["a = 1\nb = \n", "a = 1\na = 2\n", "a = 1\n[b\n"] {
            assert_eq!(parse_toml(text).unwrap_err().0, 2, "{text:?}");
        }
        for text in ["a: 1\nb: [\n", "a: 1\na: 2\n", "a: 1\n{\n"] {
            let (line, reason) = parse_yaml(text).unwrap_err();
            assert!((2..=3).contains(&line), "{text:?} at {line}: {reason}");
        }
    }
}
