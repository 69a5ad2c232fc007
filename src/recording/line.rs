//! How an entry stands in the file: `[microseconds, link, direction, bytes]`.
//!
//! Bytes are a JSON string in which the character U+00NN stands for the byte NN, so that all 256 values are there and
//! text can be read. What acts on a terminal is spelt out: a recording may be shown with `cat`.

use std::io::Write as _;

use super::error::Problem;

/// The longest line that is read. A chunk has some 64 KiB, and each of its bytes up to 6 here.
pub(super) const MAX_LINE: usize = 16 << 20;

/// The link of what no link tells.
pub(super) const NO_LINK: u64 = 0;

/// Which way bytes went, or what a text tells.
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

impl Raw {
    /// What the entry costs in memory, about.
    pub(super) fn cost(&self) -> usize {
        self.bytes.len() + size_of::<Self>()
    }

    /// Appends the line with its LF.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(self.bytes.len() + self.bytes.len() / 8 + 48);
        let sign = self.direction.sign();
        let written = write!(out, "[{},{},\"{sign}\",\"", self.micros, self.link);
        debug_assert!(written.is_ok(), "memory takes all that is written to it");
        self.bytes.iter().for_each(|byte| escape(out, *byte));
        out.extend_from_slice(b"\"]\n");
    }

    /// Reads a line without its LF.
    pub(super) fn decode(line: &[u8]) -> Result<Self, Problem> {
        let (micros, link, sign, text): (u64, u64, String, String) =
            serde_json::from_slice(line).map_err(|error| Problem::Json(without_line(&error)))?;
        let direction = Direction::ALL
            .into_iter()
            .find(|direction| direction.sign() == sign)
            .ok_or(Problem::Direction(sign))?;
        let byte = |c: char| u8::try_from(c).map_err(|_| Problem::NoByte(c));
        Ok(Self {
            micros,
            link,
            direction,
            bytes: text.chars().map(byte).collect::<Result<_, _>>()?,
        })
    }
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
            raw.encode(&mut line);
            let text = String::from_utf8(line.clone()).unwrap();
            let body = text.strip_suffix('\n').unwrap();
            assert!(!body.contains(char::is_control), "{body}");
            assert_eq!(Raw::decode(body.as_bytes()), Ok(raw));
        }
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
        ];
        for (line, expected) in rows {
            let error = Raw::decode(line.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
