//! Typing that looks first whether the pane takes keys, in the same turn of tmux: nothing can happen between the two.
//!
//! The line is `if-shell -F CONDITION TYPE ELSE`. With `-F` no shell runs and nothing waits: tmux expands the condition and
//! puts one of the two in the queue right behind, before anything else is read or run. What a client sends stands in the
//! line as hex digits or as a checked key name, so that no quote of it can end one of ours.

use std::fmt;

use super::argument::InputBytes;
use super::key::KeyName;
use super::quote::Quoted;
use super::rows::{CheckRow, Row as _};
use crate::ids::PaneId;

/// The most [`Stroke`]s of one [`Typing`]: each is a command of tmux's and has a block of its own in the reply.
pub const MAX_STROKES: usize = 16;

/// What stands between two commands.
const SEPARATOR: &str = " ; ";

/// Something to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stroke {
    /// These bytes, exactly.
    Bytes(InputBytes),
    /// A key.
    Key(KeyName),
    /// Bytes in one case and a key in the other; tmux decides when it types.
    Either {
        /// When the bytes are typed.
        case: Case,
        /// These bytes, exactly.
        bytes: InputBytes,
        /// The key otherwise.
        key: KeyName,
    },
}

/// A mode of a pane that decides what a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// The program has asked for no extended keys (3.5).
    OldTerminal,
    /// The program has not asked that all keys with modifiers are extended ones (3.5).
    NotAllKeysExtended,
    /// The keypad gives digits.
    NumericKeypad,
}

impl Case {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::OldTerminal,
        Self::NotAllKeysExtended,
        Self::NumericKeypad,
    ];

    /// A format that is 1 in this case, and 0 otherwise. It has no space, and nothing that a quote could end.
    fn format(self) -> &'static str {
        match self {
            Self::OldTerminal => "#{==:#{pane_key_mode},VT10x}",
            Self::NotAllKeysExtended => "#{?#{m:*2,#{pane_key_mode}},0,1}",
            Self::NumericKeypad => "#{?keypad_flag,0,1}",
        }
    }
}

/// When to type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The pane is there, its process lives, it is in no mode and its input is on.
    TakesKeys,
    /// The same, and its program has asked for bracketed paste (3.7).
    WantsBrackets,
}

/// What tmux does when it is not so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// It prints a [`CheckRow`], in a block that belongs to the reply (3.2).
    Report,
    /// Nothing. In 3.1c the inner blocks look like those of hooks, so that another command on the same line has to ask.
    Nothing,
}

/// 1 to [`MAX_STROKES`] strokes for a pane, and when to type them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    pane: PaneId,
    strokes: Vec<Stroke>,
    when: When,
    otherwise: Otherwise,
}

impl Typing {
    /// These strokes, if there are 1 to [`MAX_STROKES`] of them.
    #[must_use]
    pub fn new(
        pane: PaneId,
        strokes: Vec<Stroke>,
        when: When,
        otherwise: Otherwise,
    ) -> Option<Self> {
        (1..=MAX_STROKES).contains(&strokes.len()).then_some(Self {
            pane,
            strokes,
            when,
            otherwise,
        })
    }

    /// The pane.
    #[must_use]
    pub fn pane(&self) -> PaneId {
        self.pane
    }

    /// What is typed, in order.
    #[must_use]
    pub fn strokes(&self) -> &[Stroke] {
        &self.strokes
    }

    /// How many blocks the reply has when nothing fails: one for `if-shell`, and one for each command that it chose. Both
    /// choices have the same number.
    pub(super) fn blocks(&self) -> usize {
        match self.otherwise {
            Otherwise::Report => 1 + self.inner_blocks(),
            Otherwise::Nothing => 1,
        }
    }

    /// How many of them are inside.
    fn inner_blocks(&self) -> usize {
        self.strokes.iter().map(Stroke::blocks).sum()
    }

    /// The typing that these words behind `-t` stand for; the caller compares it with the line.
    pub(super) fn parse(pane: PaneId, words: &[&str]) -> Option<Self> {
        let (condition, typed, otherwise) = match *words {
            [condition, typed] => (condition, typed, Otherwise::Nothing),
            [condition, typed, _] => (condition, typed, Otherwise::Report),
            _ => return None,
        };
        let when = [When::TakesKeys, When::WantsBrackets]
            .into_iter()
            .find(|when| Condition(pane, *when).to_string() == condition)?;
        let strokes: Option<Vec<Stroke>> = typed.split(SEPARATOR).map(Stroke::parse).collect();
        Self::new(pane, strokes?, when, otherwise)
    }
}

impl fmt::Display for Typing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pane = self.pane;
        write!(
            f,
            "if-shell -F -t '{pane}' '{}' '",
            Condition(pane, self.when)
        )?;
        for (at, stroke) in self.strokes.iter().enumerate() {
            let separator = if at == 0 { "" } else { SEPARATOR };
            f.write_str(separator)?;
            stroke.write(f, pane)?;
        }
        f.write_str("'")?;
        if self.otherwise == Otherwise::Report {
            let report = format!("display-message -t {pane} -p \"{}\"", CheckRow::FORMAT);
            let padding =
                format!("{SEPARATOR}display-message -p \"\"").repeat(self.inner_blocks() - 1);
            write!(f, " {}", Quoted(&(report + &padding)))?;
        }
        Ok(())
    }
}

/// A format that is 1 when the pane takes keys. Where there is no such pane, `pane_id` is empty.
pub(super) struct Condition(pub(super) PaneId, pub(super) When);

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(pane, when) = self;
        let yes = match when {
            When::TakesKeys => "1",
            When::WantsBrackets => "#{?bracket_paste_flag,1,0}",
        };
        write!(
            f,
            "#{{?#{{==:#{{pane_id}},{pane}}},\
             #{{?pane_dead,0,#{{?pane_in_mode,0,#{{?pane_input_off,0,{yes}}}}}}},0}}"
        )
    }
}

impl Stroke {
    /// How many blocks the reply to it has.
    fn blocks(&self) -> usize {
        match self {
            Self::Bytes(_) | Self::Key(_) => 1,
            Self::Either { .. } => 2,
        }
    }

    /// As it stands inside quotes.
    fn write(&self, f: &mut fmt::Formatter<'_>, pane: PaneId) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "send-keys -t {pane} -H{bytes}"),
            Self::Key(key) => write!(f, "send-keys -t {pane} {}", Escaped(key, "\\")),
            // The key's name is read once more here.
            Self::Either { case, bytes, key } => write!(
                f,
                "if-shell -F -t {pane} \"{}\" \"send-keys -t {pane} -H{bytes}\" \"send-keys -t {pane} {}\"",
                case.format(),
                Escaped(key, "\\\\")
            ),
        }
    }

    /// The stroke of what [`Stroke::write`] wrote.
    fn parse(command: &str) -> Option<Self> {
        if let Some(parts) = command.strip_prefix("if-shell ") {
            let parts: Vec<&str> = parts.split('"').collect();
            let [_, format, _, bytes, _, key, ""] = *parts else {
                return None;
            };
            let case = Case::ALL.into_iter().find(|case| case.format() == format)?;
            let Self::Bytes(bytes) = Self::parse(bytes)? else {
                return None;
            };
            let Self::Key(key) = Self::parse(&key.replace("\\\\", "\\"))? else {
                return None;
            };
            return Some(Self::Either { case, bytes, key });
        }
        let words: Vec<&str> = command.split(' ').collect();
        match *words {
            ["send-keys", "-t", _, "-H", ref bytes @ ..] => {
                InputBytes::from_hex(bytes).map(Self::Bytes)
            }
            ["send-keys", "-t", _, key] => KeyName::new(&unescaped(key)?).map(Self::Key),
            _ => None,
        }
    }
}

/// A key's name, in which what is neither letter, digit nor hyphen is an octal number behind the given prefix.
struct Escaped<'a>(&'a KeyName, &'static str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(key, prefix) = self;
        key.as_str().bytes().try_for_each(|byte| match byte {
            b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => write!(f, "{}", char::from(byte)),
            _ => write!(f, "{prefix}{byte:03o}"),
        })
    }
}

fn unescaped(key: &str) -> Option<String> {
    let mut pieces = key.split('\\');
    let mut name = pieces.next()?.to_owned();
    for piece in pieces {
        let byte = u8::from_str_radix(piece.get(..3)?, 8).ok()?;
        name.push(char::from(byte));
        name.push_str(piece.get(3..)?);
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::control::Command;

    fn typing(strokes: Vec<Stroke>, when: When, otherwise: Otherwise) -> Command {
        Command::Type(Typing::new(PaneId(3), strokes, when, otherwise).unwrap())
    }

    fn key(name: &str) -> Stroke {
        Stroke::Key(KeyName::new(name).unwrap())
    }

    #[test]
    fn a_line_holds_nothing_of_a_client_but_digits_and_checked_names() {
        let bytes = Stroke::Bytes(InputBytes::new(&b"'\n;"[..]).unwrap());
        let rows = [
            (
                typing(
                    vec![bytes.clone(), key("C-'")],
                    When::TakesKeys,
                    Otherwise::Nothing,
                ),
                r"'send-keys -t %3 -H 27 0a 3b ; send-keys -t %3 C-\047'",
            ),
            (
                typing(
                    vec![key(";"), key("M-\\")],
                    When::WantsBrackets,
                    Otherwise::Nothing,
                ),
                r"'send-keys -t %3 \073 ; send-keys -t %3 M-\134'",
            ),
            (
                typing(vec![bytes, key("~")], When::TakesKeys, Otherwise::Report),
                " ; display-message -p \"\"'",
            ),
        ];
        for (command, end) in rows {
            let line = command.to_string();
            assert!(line.ends_with(end), "{line}");
            assert_eq!(Command::parse(line.as_bytes()), Some(command), "{line}");
        }
    }

    #[test]
    fn what_was_never_written_is_not_taken_back() {
        let good = typing(vec![key("a")], When::TakesKeys, Otherwise::Report).to_string();
        for (from, to) in [
            ("%3", "%4"),
            ("send-keys", "run-shell"),
            (" a'", " \\777'"),
            (" a'", " \\0'"),
            ("-F ", ""),
            ("pane_dead", "pane_pid"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_eq!(Command::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
