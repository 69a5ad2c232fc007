//! How an entry stands in the file: `[microseconds, link, direction, bytes]`.
//!
//! What is sent to tmux is nearly always one of a few long lines, so a text that was sent before may be given as the
//! number of its line.
//!
//! Bytes are a JSON string in which the character U+00NN stands for the byte NN, so that all 256 values are there and
//! text can be read. What acts on a terminal is spelt out: a recording may be shown with `cat`.

use std::collections::VecDeque;
use std::io::Write as _;

use serde_json::Value;

use super::error::Problem;

/// The longest line that is read. A chunk has some 64 KiB, and each of its bytes up to 6 here.
pub(super) const MAX_LINE: usize = 16 << 20;

/// How many texts that were sent can be referred to.
pub(super) const RECENT: usize = 16;

/// The link of what comes from no link.
pub(super) const NO_LINK: u64 = 0;

/// Which way bytes went, or what a text reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    FromTmux,
    ToTmux,
    Opened,
    Closed,
    Noted,
}

impl Direction {
    const ALL: [Self; 5] = [
        Self::FromTmux,
        Self::ToTmux,
        Self::Opened,
        Self::Closed,
        Self::Noted,
    ];

    fn sign(self) -> &'static str {
        match self {
            Self::FromTmux => "<",
            Self::ToTmux => ">",
            Self::Opened => "+",
            Self::Closed => "-",
            Self::Noted => "=",
        }
    }
}

/// An entry whose bytes mean nothing yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raw {
    /// Since the recording began.
    pub(super) micros: u64,
    pub(super) link: u64,
    pub(super) direction: Direction,
    pub(super) bytes: Vec<u8>,
}

/// The texts that were sent of late, each with the number of its line.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<(usize, Vec<u8>)>);

impl Recent {
    /// The line on which this text stands, if it is one of these; otherwise it is from now on.
    pub(super) fn line_of(&mut self, text: &[u8], here: usize) -> Option<usize> {
        let known = self.0.iter().find(|(_, known)| known == text);
        let line = known.map(|(line, _)| *line);
        if line.is_none() {
            self.push(text, here);
        }
        line
    }

    fn push(&mut self, text: &[u8], here: usize) {
        if self.0.len() == RECENT {
            self.0.pop_front();
        }
        self.0.push_back((here, text.to_vec()));
    }

    /// The text on this line.
    fn text_on(&self, line: u64) -> Result<Vec<u8>, Problem> {
        let known = self.0.iter().find(|(known, _)| *known as u64 == line);
        let text = known.map(|(_, text)| text.clone());
        text.ok_or(Problem::NotRecent(line))
    }
}

impl Raw {
    /// What the entry costs in memory, about.
    pub(super) fn cost(&self) -> usize {
        self.bytes.len() + size_of::<Self>()
    }

    /// Appends the line with its LF; `here` is its number.
    pub(super) fn encode(&self, out: &mut Vec<u8>, recent: &mut Recent, here: usize) {
        out.reserve(self.bytes.len() + self.bytes.len() / 8 + 48);
        let sign = self.direction.sign();
        let written = write!(out, "[{},{},\"{sign}\",", self.micros, self.link);
        let line = match self.direction {
            Direction::ToTmux => recent.line_of(&self.bytes, here),
            _ => None,
        };
        let written = written.and_then(|()| match line {
            Some(line) => writeln!(out, "{line}]"),
            None => {
                out.push(b'"');
                self.bytes.iter().for_each(|byte| escape(out, *byte));
                writeln!(out, "\"]")
            }
        });
        debug_assert!(written.is_ok(), "memory takes all that is written to it");
    }

    /// Reads a line without its LF; `here` is its number.
    pub(super) fn decode(line: &[u8], recent: &mut Recent, here: usize) -> Result<Self, Problem> {
        let (micros, link, sign, text): (u64, u64, String, Value) =
            serde_json::from_slice(line).map_err(|error| Problem::Json(without_line(&error)))?;
        let direction = Direction::ALL
            .into_iter()
            .find(|direction| direction.sign() == sign)
            .ok_or(Problem::Direction(sign))?;
        let bytes = match (text, direction) {
            (Value::String(text), Direction::ToTmux) => {
                let bytes = bytes_of(&text)?;
                recent.push(&bytes, here);
                bytes
            }
            (Value::String(text), _) => bytes_of(&text)?,
            (Value::Number(line), Direction::ToTmux) => {
                recent.text_on(line.as_u64().unwrap_or_default())?
            }
            (other, _) => return Err(Problem::Json(format!("{other} is no text"))),
        };
        Ok(Self {
            micros,
            link,
            direction,
            bytes,
        })
    }
}

fn bytes_of(text: &str) -> Result<Vec<u8>, Problem> {
    let byte = |c: char| u8::try_from(c).map_err(|_| Problem::NoByte(c));
    text.chars().map(byte).collect()
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        b' '..=b'~' => out.push(byte),
        0..=0x9f => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
        }
        // Two bytes of UTF-8.
        0xa0.. => out.extend_from_slice(&[0xc0 | byte >> 6, 0x80 | byte & 0x3f]),
    }
}

/// What the JSON reader says, but for its line: it knows of one line only.
fn without_line(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let column = error.column();
    let what = said.split(" at line ").next().unwrap_or_default();
    format!("{what} at column {column}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn every_byte_comes_back_and_none_acts_on_a_terminal() {
        let bytes: Vec<u8> = (0..=255).collect();
        for direction in Direction::ALL {
            let raw = Raw {
                micros: 1_234_567,
                link: 3,
                direction,
                bytes: bytes.clone(),
            };
            let mut line = Vec::new();
            raw.encode(&mut line, &mut Recent::default(), 2);
            let text = String::from_utf8(line.clone()).unwrap();
            let body = text.strip_suffix('\n').unwrap();
            assert!(!body.contains(char::is_control), "{body}");
            let decoded = Raw::decode(body.as_bytes(), &mut Recent::default(), 2);
            assert_eq!(decoded, Ok(raw));
        }
    }

    #[test]
    fn what_is_sent_again_is_a_number() {
        let (mut written, mut read) = (Recent::default(), Recent::default());
        let mut numbers = 0;
        for here in 2..200_usize {
            let raw = Raw {
                micros: 1,
                link: 1,
                direction: Direction::ToTmux,
                bytes: format!("text {}\n", here % (here / 10 + 1)).into(),
            };
            let mut line = Vec::new();
            raw.encode(&mut line, &mut written, here);
            numbers += u32::from(!line.contains(&b't'));
            let line = line.strip_suffix(b"\n").unwrap();
            assert_eq!(Raw::decode(line, &mut read, here), Ok(raw));
        }
        assert!((50..190).contains(&numbers), "{numbers}");
    }

    #[test]
    fn other_lines_are_refused() {
        let rows = [
            ("", "EOF while parsing a value at column 0"),
            ("{}", "invalid type: map"),
            ("[1,2,\"<\"]", "invalid length 3"),
            ("[1,2,\"<\",\"\",5]", "trailing characters"),
            ("[-1,2,\"<\",\"\"]", "invalid value"),
            ("[1,2,\"<\",\"\"", "EOF while parsing a list at column 11"),
            ("[1,2,\"?\",\"\"]", "\"?\" is no direction"),
            ("[1,2,\"<\",\"\u{20ac}\"]", "'\u{20ac}'"),
            ("[1,2,\"<\",5]", "5 is no text"),
            ("[1,2,\">\",null]", "null is no text"),
            ("[1,2,\">\",5]", "line 5 is none"),
            ("[1,2,\">\",-5]", "line 0 is none"),
        ];
        for (line, expected) in rows {
            let error = Raw::decode(line.as_bytes(), &mut Recent::default(), 2)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
