//! `top.toml`: keys, columns and colours of the monitor. What is wrong is told with its line, the cause and the remedy.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::commands::{Command, KeyMap};
use super::keys::Key;
use crate::nearest::nearest;

/// The longest file, in bytes.
pub const LONGEST_FILE: usize = 64 << 10;

/// Makes the enum of columns.
macro_rules! columns {
    ($($variant:ident $name:literal $tells:literal,)+) => {
        /// Something that the rows of agents tell.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "what each tells stands in the table")]
        pub enum Column {
            $($variant,)+
        }

        impl Column {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What the configuration calls it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What it tells, for people.
            #[must_use]
            pub const fn tells(self) -> &'static str {
                match self {
                    $(Self::$variant => $tells,)+
                }
            }
        }
    };
}

columns! {
    State "state" "what the agent does",
    Reason "reason" "what it waits for, or why it failed",
    Age "age" "for how long",
    Agent "agent" "which agent it is",
    Place "place" "session, window and pane",
    Says "says" "what it says, or the pane's title",
    Pane "pane" "the pane's id",
    Window "window" "the window's name",
    Title "title" "the pane's title",
    Model "model" "the model",
    Mode "mode" "the agent's mode",
    Context "context" "how much of its context is left",
    Tokens "tokens" "tokens of the turn",
    Cost "cost" "what its session has cost",
    Path "path" "the folder",
}

/// The columns that are shown unless the file says otherwise.
pub const COLUMNS: [Column; 6] = [
    Column::State,
    Column::Reason,
    Column::Age,
    Column::Agent,
    Column::Place,
    Column::Says,
];

/// The colours that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colouring {
    /// As the terminal says.
    #[default]
    Auto,
    /// For a dark ground.
    Dark,
    /// For a light one.
    Light,
    /// The 16 colours that every terminal has, as its user has set them.
    Sixteen,
    /// None.
    None,
}

impl Colouring {
    /// All of them, as they are called.
    pub const NAMED: [(&'static str, Self); 5] = [
        ("auto", Self::Auto),
        ("dark", Self::Dark),
        ("light", Self::Light),
        ("16", Self::Sixteen),
        ("none", Self::None),
    ];
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopConfig {
    /// The keys.
    pub keys: KeyMap,
    /// The columns of agents, in their order.
    pub columns: Vec<Column>,
    /// The colours.
    pub colours: Colouring,
    /// Whether the mouse is taken from the terminal.
    pub mouse: bool,
}

impl Default for TopConfig {
    fn default() -> Self {
        Self {
            keys: KeyMap::default(),
            columns: COLUMNS.to_vec(),
            colours: Colouring::default(),
            mouse: true,
        }
    }
}

/// A file that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {cause}")]
pub struct TopConfigError {
    /// The file.
    pub file: String,
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong, and what to do.
    pub cause: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    columns: Option<Vec<Spanned<String>>>,
    colours: Option<Spanned<String>>,
    mouse: Option<bool>,
    #[serde(default)]
    keys: toml::Table,
}

impl TopConfig {
    /// What the text of a file says.
    ///
    /// # Errors
    /// It can't be used.
    pub fn read(file: &str, text: &str) -> Result<Self, TopConfigError> {
        let wrong = |at: Option<Range<usize>>, cause: String| TopConfigError {
            file: file.to_owned(),
            line: 1 + text[..at.map_or(0, |at| at.start.min(text.len()))]
                .matches('\n')
                .count(),
            cause,
        };
        if text.len() > LONGEST_FILE {
            let cause = format!(
                "the file has more than {LONGEST_FILE} bytes; leave out what is not needed"
            );
            return Err(wrong(None, cause));
        }
        let form: Form = toml::from_str(text).map_err(|error| {
            let cause = error.message().replace('\n', ", ");
            wrong(
                error.span(),
                format!("{cause}; docs/top.md shows a whole file"),
            )
        })?;
        let mut config = Self::default();
        if let Some(columns) = form.columns {
            config.columns = columns
                .into_iter()
                .map(|name| {
                    let known = Column::ALL.iter().map(|one| (one.name(), *one));
                    named("column", name.get_ref(), known)
                        .map_err(|cause| wrong(Some(name.span()), cause))
                })
                .collect::<Result<_, _>>()?;
        }
        if let Some(name) = form.colours {
            let known = Colouring::NAMED.into_iter();
            config.colours = named("colouring", name.get_ref(), known)
                .map_err(|cause| wrong(Some(name.span()), cause))?;
        }
        config.mouse = form.mouse.unwrap_or(true);
        let at = |name: &str| line_of(text, name);
        let mut changes = Vec::new();
        for (name, value) in &form.keys {
            let change = change(name, value).map_err(|cause| wrong(at(name), cause))?;
            changes.push(change);
        }
        let table = text.find("[keys]").map(|start| start..start);
        config.keys = KeyMap::with(&changes).map_err(|error| wrong(table, error.to_string()))?;
        Ok(config)
    }
}

/// Where a key of the table stands, as far as that can be found.
fn line_of(text: &str, name: &str) -> Option<Range<usize>> {
    let table = text.find("[keys]").unwrap_or(0);
    let mut start = table;
    for line in text[table..].split_inclusive('\n') {
        let key = line.split('=').next().unwrap_or_default().trim();
        if key.trim_matches('"') == name {
            return Some(start..start);
        }
        start += line.len();
    }
    None
}

fn change(name: &str, value: &toml::Value) -> Result<(Command, Vec<Key>), String> {
    let known = Command::ALL.iter().map(|one| (one.name(), *one));
    let command = named("command", name, known)?;
    let texts = match value {
        toml::Value::String(text) => vec![text.as_str()],
        toml::Value::Array(texts) => {
            let texts = texts.iter().map(toml::Value::as_str);
            texts.collect::<Option<_>>().ok_or_else(|| not_keys(name))?
        }
        _ => return Err(not_keys(name)),
    };
    let keys = texts.into_iter().map(str::parse::<Key>);
    let keys = keys.collect::<Result<_, _>>();
    Ok((command, keys.map_err(|error| error.to_string())?))
}

fn not_keys(name: &str) -> String {
    format!(
        "the keys of {name:?} are a name or a list of names; write {name} = \"x\" or {name} = [\"x\", \"F5\"]"
    )
}

/// What is called so, or what is meant.
fn named<T>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = (&'static str, T)>,
) -> Result<T, String> {
    let mut names = Vec::new();
    for (one, value) in known {
        if one == name {
            return Ok(value);
        }
        names.push(one);
    }
    let meant = nearest(name, names.iter().copied());
    let remedy = meant.map_or_else(
        || format!("there are {}", names.join(", ")),
        |meant| format!("did you mean {meant:?}?"),
    );
    Err(format!("there is no {what} {name:?}; {remedy}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_file_says_keys_columns_and_colours() {
        let text = "columns = [\"state\", \"cost\"]\ncolours = \"16\"\nmouse = false\n\
                    [keys]\nprompt = \"F5\"\nleave = [\"F12\", \"C-g\"]\n";
        let config = TopConfig::read("top.toml", text).unwrap();
        assert_eq!(config.columns, [Column::State, Column::Cost]);
        assert_eq!(config.colours, Colouring::Sixteen);
        assert!(!config.mouse);
        assert_eq!(config.keys.keys_of(Command::Prompt), ["F5"]);
        assert_eq!(config.keys.keys_of(Command::Leave), ["F12", "C-g"]);
        assert_eq!(TopConfig::read("x", ""), Ok(TopConfig::default()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_the_remedy() {
        let rows = [
            (
                "columns = [\n\"state\",\n\"agnet\"]",
                "top.toml:3: there is no column \"agnet\"; did you mean \"agent\"?",
            ),
            (
                "colours = \"blue\"",
                "top.toml:1: there is no colouring \"blue\"; there are auto, dark, light, 16, none",
            ),
            (
                "\n[keys]\npromt = \"x\"",
                "top.toml:3: there is no command \"promt\"; did you mean \"prompt\"?",
            ),
            (
                "[keys]\nup = 3",
                "top.toml:2: the keys of \"up\" are a name or a list of names; write up = \"x\" or up = [\"x\", \"F5\"]",
            ),
            (
                "[keys]\nup = \"Hyper-x\"",
                "top.toml:2: \"Hyper-x\" is the name of no key; write",
            ),
            (
                "# keys\n[keys]\nup = \"x\"\ndown = \"x\"",
                "top.toml:2: the key x is given to both \"down\" and \"up\"; give one of them another key",
            ),
            (
                "[keys]\nquit = []",
                "top.toml:1: \"quit\" has no key; give it one",
            ),
            ("\ncolors = \"16\"", "top.toml:2: unknown field `colors`"),
            ("columns = 3", "top.toml:1: invalid type"),
        ];
        for (text, expected) in rows {
            let error = TopConfig::read("top.toml", text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
