//! Rows as text. A line that took several rows is one line again, but where rows are those of a screen.

use super::Patch;
use super::drawn::Sheet;
use super::line::Line;
use crate::printable;

/// Writes it.
#[derive(Debug)]
pub(super) struct Text {
    /// Whether lines that took several rows are joined.
    joins: bool,
    /// Whether a line has begun that goes on in the next row.
    begun: bool,
}

impl Text {
    pub(super) fn new(joins: bool) -> Self {
        Self {
            joins,
            begun: false,
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.begun) {
            out.push(b'\n');
        }
    }
}

impl Sheet for Text {
    fn begin(&mut self, _: &mut Vec<u8>) {}

    fn line(&mut self, line: &Line, out: &mut Vec<u8>) {
        let before = out.len();
        for run in &line.runs {
            out.extend_from_slice(run.text.as_bytes());
        }
        self.begun = true;
        let ends = !(self.joins && line.wraps);
        if ends {
            // Blanks may have a colour, which is no text.
            let blank = out[before..].iter().rev().take_while(|byte| **byte == b' ');
            out.truncate(out.len() - blank.count());
        }
        if ends {
            self.end_line(out);
        }
    }

    fn gap(&mut self, missing: &str, out: &mut Vec<u8>) {
        self.end_line(out);
        out.extend_from_slice(format!("[{}]\n", printable::escaped(missing)).as_bytes());
    }

    fn divide(&mut self, out: &mut Vec<u8>) {
        self.end_line(out);
        out.push(b'\n');
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Vec<Patch> {
        self.end_line(out);
        Vec::new()
    }
}
