//! A paste that tmux itself puts into brackets if the pane's program asked for that, through a buffer that lives for one
//! turn of tmux.
//!
//! Two commands on one line, between which nothing can happen: [`PasteBuffer`] makes a buffer, and [`Pasting`] looks
//! whether the pane takes keys, pastes if so, and deletes the buffer in any case. Pasting into a dead pane would end the
//! server of some versions, so that nothing is pasted without looking. What a client sends stands in the line as letters,
//! digits and octal numbers.

use std::fmt;

use bytes::Bytes;

use super::quote::Quoted;
use super::rows::{CheckRow, Row as _};
use super::typing::{Condition, Otherwise, When};
use crate::ids::PaneId;

/// The most bytes of one paste. Longer lines would hold the server for longer: this much takes it about 20 ms.
pub const MAX_PASTE: usize = 64 << 10;

/// What the names of our buffers begin with.
pub const PASTE_PREFIX: &str = "muxwire-paste-";

/// The name of a buffer of ours: the prefix, and a number that nobody else uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasteName(pub u64);

/// A buffer to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasteBuffer {
    name: PasteName,
    bytes: Bytes,
}

/// A buffer to be pasted into a pane, and deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pasting {
    /// The buffer.
    pub name: PasteName,
    /// The pane.
    pub pane: PaneId,
    /// What tmux does when the pane takes no keys.
    pub otherwise: Otherwise,
}

impl PasteBuffer {
    /// Whether a buffer can hold these bytes: 1 to [`MAX_PASTE`] of them, and no NUL.
    #[must_use]
    pub fn holds(bytes: &[u8]) -> bool {
        (1..=MAX_PASTE).contains(&bytes.len()) && !bytes.contains(&0)
    }

    /// A buffer of this name, if it can hold the bytes.
    #[must_use]
    pub fn new(name: PasteName, bytes: Bytes) -> Option<Self> {
        Self::holds(&bytes).then_some(Self { name, bytes })
    }

    /// What it holds.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The buffer that a line makes; the caller compares it with the line.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (name, text) = line.strip_prefix("set-buffer -b ")?.split_once(" -- ")?;
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'\\' => {
                    let digits = [rest.next()?, rest.next()?, rest.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?
                }
                other => other,
            });
        }
        Self::new(PasteName::parse(name)?, bytes.into())
    }
}

impl Pasting {
    /// How many blocks the reply has when nothing fails: one for `if-shell`, and one for each of two commands.
    pub(super) fn blocks(self) -> usize {
        match self.otherwise {
            Otherwise::Report => 3,
            Otherwise::Nothing => 1,
        }
    }

    /// The pasting that these words behind `-t` stand for; the caller compares it with the line.
    pub(super) fn parse(pane: PaneId, words: &[&str]) -> Option<Self> {
        let [_, pasted, otherwise] = *words else {
            return None;
        };
        let name = pasted.strip_prefix("paste-buffer -b ")?.split(' ').next()?;
        let otherwise = if otherwise.contains(';') {
            Otherwise::Report
        } else {
            Otherwise::Nothing
        };
        Some(Self {
            name: PasteName::parse(name)?,
            pane,
            otherwise,
        })
    }
}

impl PasteName {
    fn parse(text: &str) -> Option<Self> {
        let number = u64::from_str_radix(text.strip_prefix(PASTE_PREFIX)?, 16);
        number.ok().map(Self)
    }
}

impl fmt::Display for PasteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PASTE_PREFIX}{:016x}", self.0)
    }
}

impl fmt::Display for PasteBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set-buffer -b {} -- ", self.name)?;
        self.bytes.iter().try_for_each(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => write!(f, "{}", char::from(*byte)),
            _ => write!(f, "\\{byte:03o}"),
        })
    }
}

impl fmt::Display for Pasting {
    /// With `-r`, tmux leaves line breaks as they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, pane, .. } = self;
        let condition = Condition(*pane, When::TakesKeys);
        write!(
            f,
            "if-shell -F -t '{pane}' '{condition}' \
             'paste-buffer -b {name} -p -r -t {pane} ; delete-buffer -b {name}' "
        )?;
        let delete = format!("delete-buffer -b {name}");
        match self.otherwise {
            Otherwise::Nothing => write!(f, "'{delete}'"),
            Otherwise::Report => {
                let row = CheckRow::FORMAT;
                let report = format!("{delete} ; display-message -t {pane} -p \"{row}\"");
                write!(f, "{}", Quoted(&report))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::control::{Command, parse_batch};

    #[test]
    fn a_paste_is_two_commands_that_are_read_back() {
        let name = PasteName(0xabc);
        let all: Vec<u8> = (1..=255).collect();
        for otherwise in [Otherwise::Report, Otherwise::Nothing] {
            let commands = [
                Command::SetPaste(PasteBuffer::new(name, all.clone().into()).unwrap()),
                Command::Paste(Pasting {
                    name,
                    pane: PaneId(3),
                    otherwise,
                }),
            ];
            let line = commands.each_ref().map(ToString::to_string).join(" ; ");
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(parse_batch(line.as_bytes()).unwrap(), commands, "{line}");
            let data = commands[0].to_string();
            let data = data.split_once(" -- ").unwrap().1;
            assert!(
                data.bytes()
                    .all(|byte| byte == b'\\' || byte.is_ascii_alphanumeric()),
                "{data}"
            );
        }
    }

    #[test]
    fn what_was_never_written_is_not_taken_back() {
        let bytes = Bytes::from_static(b"a b");
        let good = PasteBuffer::new(PasteName(1), bytes).unwrap();
        let good = Command::SetPaste(good).to_string();
        for (from, to) in [
            ("\\040", "\\40"),
            ("\\040", " "),
            ("\\040", "\\000"),
            ("\\040", "\\777"),
            ("-- ", ""),
            ("muxwire", "buffer"),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_eq!(Command::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_buffer_holds_no_nul_and_not_too_much() {
        for (bytes, fits) in [
            (vec![b'x'; MAX_PASTE], true),
            (vec![b'x'; MAX_PASTE + 1], false),
            (vec![], false),
            (b"a\0b".to_vec(), false),
        ] {
            assert_eq!(PasteBuffer::holds(&bytes), fits, "{}", bytes.len());
        }
    }
}
