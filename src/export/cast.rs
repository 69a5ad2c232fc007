//! asciicast: the recordings that asciinema and its player play. Versions 2 and 3.
//!
//! The third has the time since the event before, the second that since the beginning.

use std::io::Write as _;

use serde_json::{Map, Value, json};

use super::sieve::{Drawing, Sieve};
use super::{About, ExportError, Exporter, Patch, Piece, Size};
use crate::printable;

/// How a screen that is known as a whole begins; whoever plays the recording need not lose their scrollback for it.
const RESET: &[u8] = b"\x1bc\x1b[3J";

/// The version of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CastVersion {
    /// Which all versions of asciinema since 2.0 play.
    V2,
    /// Which asciinema 3 writes.
    V3,
}

/// Writes one.
#[derive(Debug)]
pub(super) struct Cast {
    version: CastVersion,
    about: About,
    sieve: Sieve,
    begun: Option<Begun>,
}

/// What is known since the header was written.
#[derive(Debug, Clone, Copy)]
struct Begun {
    at: i64,
    /// The time of the last event.
    last: i64,
    size: Size,
}

impl Cast {
    pub(super) fn new(version: CastVersion, about: About) -> Self {
        Self {
            version,
            about,
            sieve: Sieve::default(),
            begun: None,
        }
    }

    fn header(&self, at: i64, size: Size) -> String {
        let mut header = Map::new();
        match self.version {
            CastVersion::V2 => {
                header.insert("version".into(), json!(2));
                header.insert("width".into(), json!(size.cols));
                header.insert("height".into(), json!(size.rows));
            }
            CastVersion::V3 => {
                header.insert("version".into(), json!(3));
                let terminal =
                    json!({ "cols": size.cols, "rows": size.rows, "type": "tmux-256color" });
                header.insert("term".into(), terminal);
            }
        }
        header.insert("timestamp".into(), json!(at.div_euclid(1000)));
        if !self.about.title.is_empty() {
            header.insert("title".into(), json!(self.about.title));
        }
        Value::Object(header).to_string()
    }

    fn event(
        &mut self,
        at: i64,
        code: &str,
        data: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), ExportError> {
        let begun = self.begun.as_mut().ok_or(ExportError::NoScreen)?;
        // A clock that was put back stands still here.
        let at = at.max(begun.last);
        let since = match self.version {
            CastVersion::V2 => at - begun.at,
            CastVersion::V3 => at - begun.last,
        };
        begun.last = at;
        let data = Value::from(data).to_string();
        let (seconds, thousandths) = (since / 1000, since % 1000);
        // Writing to memory does not fail.
        let _ = writeln!(
            out,
            "[{seconds}.{thousandths:03}, \"{code}\", {}]",
            printable::json_line(&data)
        );
        Ok(())
    }

    fn output(&mut self, at: i64, text: &str, out: &mut Vec<u8>) -> Result<(), ExportError> {
        match text {
            "" => Ok(()),
            text => self.event(at, "o", text, out),
        }
    }

    fn resize(&mut self, at: i64, size: Size, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let begun = self.begun.as_mut().ok_or(ExportError::NoScreen)?;
        if begun.size == size {
            return Ok(());
        }
        begun.size = size;
        self.event(at, "r", &size.to_string(), out)
    }

    fn screen(
        &mut self,
        at: i64,
        size: Size,
        replay: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ExportError> {
        let mut drawing = Drawing::default();
        self.sieve = Sieve::default();
        if self.begun.is_none() {
            let header = self.header(at, size);
            let _ = writeln!(out, "{}", printable::json_line(&header));
            self.begun = Some(Begun { at, last: at, size });
            drawing.text.push_str("\x1b[H\x1b[2J");
        } else {
            self.resize(at, size, out)?;
            drawing.text.push_str("\x1bc");
        }
        self.sieve
            .read(replay.strip_prefix(RESET).unwrap_or(replay), &mut drawing);
        self.output(at, &drawing.text, out)
    }
}

impl Exporter for Cast {
    fn take(&mut self, at: i64, piece: Piece<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
        match piece {
            Piece::Screen { size, replay } => self.screen(at, size, replay, out),
            Piece::Output(bytes) => {
                let mut drawing = Drawing::default();
                self.sieve.read(bytes, &mut drawing);
                self.output(at, &drawing.text, out)
            }
            Piece::Resize(size) => self.resize(at, size, out),
            Piece::Gap(missing) => self.event(at, "m", missing, out),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<Vec<Patch>, ExportError> {
        let last = self.begun.ok_or(ExportError::NoScreen)?.last;
        let mut drawing = Drawing::default();
        self.sieve.end(&mut drawing);
        self.output(last, &drawing.text, out)?;
        Ok(Vec::new())
    }
}
