//! A snapshot without its secrets.
//!
//! Each character keeps its place, so it brings a terminal to the same screen. Rows that are full may go on in the next
//! one, and nobody knows whether they do, so their text is read both ways.

use std::sync::Arc;

use bytes::Bytes;

use super::lines::columns;
use super::snapshot::PaneSnapshot;
use super::tracker::Drawing;
use crate::redact::{Fed, Redactor, Rules};

impl PaneSnapshot {
    /// The same with its secrets masked. What stands above the lines that are given helps to find them.
    #[must_use]
    pub fn masked(&self, rules: &Arc<Rules>) -> Self {
        let mut masked = self.clone();
        let row = self.cursor.y as usize;
        let above = self.scrollback.len();
        let lines = self.scrollback.iter().chain(&self.primary);
        let lines: Vec<Bytes> = lines.cloned().collect();
        let in_primary = self.alternate.is_none().then_some(above + row);
        masked.scrollback = mask_lines(rules, &lines, self.cols, in_primary);
        masked.primary = masked.scrollback.split_off(above);
        if let Some(alternate) = &mut masked.alternate {
            alternate.lines = mask_lines(rules, &alternate.lines, self.cols, Some(row));
        }
        let sequence = Redactor::new(Arc::clone(rules), 0).whole(&self.unfinished.sequence);
        masked.unfinished.sequence = sequence;
        let tracked = &mut masked.tracked;
        let behind = tracked.behind_alternate.iter_mut();
        for drawing in behind.chain([&mut tracked.drawing, &mut tracked.saved.drawing]) {
            mask_link(rules, drawing);
        }
        masked
    }
}

/// Lines of text and sequences with their secrets masked. In the cursor's row a secret may be unfinished.
#[must_use]
pub fn mask_lines(
    rules: &Arc<Rules>,
    lines: &[Bytes],
    cols: u32,
    cursor: Option<usize>,
) -> Vec<Bytes> {
    let mut redactor = Redactor::new(Arc::clone(rules), 0);
    let mut text = Vec::new();
    for (row, line) in lines.iter().enumerate() {
        match redactor.feed(line) {
            Fed::Unchanged => text.extend_from_slice(line),
            Fed::Changed(piece) => text.extend(piece.into_iter().flat_map(|piece| piece.bytes)),
        }
        if cursor == Some(row) {
            text.extend(redactor.release().into_iter().flat_map(|piece| piece.bytes));
        }
        // A character of two columns leaves the last one free.
        if columns(line) + 1 >= cols {
            redactor.part_line();
        } else {
            redactor.end_line();
        }
    }
    text.extend(redactor.release().into_iter().flat_map(|piece| piece.bytes));
    let mut text = Bytes::from(text);
    lines.iter().map(|line| text.split_to(line.len())).collect()
}

fn mask_link(rules: &Arc<Rules>, drawing: &mut Drawing) {
    if let Some(link) = &mut drawing.link {
        let whole = Bytes::copy_from_slice(link);
        *link = Redactor::new(Arc::clone(rules), 0).whole(&whole)[..].into();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn secrets_are_masked_across_full_rows_and_colours() {
        let rules = Arc::new(Rules::new::<&str>(&[], true).unwrap());
        // Rows of 16 columns, the row of the cursor, and what is shown.
        let rows: [(&[&str], usize, &[&str]); 8] = [
            (
                &["a ghp_abcdefghij", "klmnopqrstuv w"],
                9,
                &["a ghp_**********", "************ w"],
            ),
            (&["a ghp_abcdefghij", "k"], 9, &["a ghp_abcdefghij", "k"]),
            (&["a ghp_abcdefghij", "k"], 1, &["a ghp_**********", "*"]),
            (
                &["0123456789012345", "AKIAABCDEFGHIJKL", "MNOP x"],
                9,
                &["0123456789012345", "AKIA************", "**** x"],
            ),
            (&["password=", "x y"], 9, &["password=", "x y"]),
            (
                &["\x1b[0;31mpass\x1b[0mword=", ""],
                0,
                &["\x1b[0;31mpass\x1b[0mword=", ""],
            ),
            (
                &["\x1b[0;31mpass\x1b[0mword=a\x1b[0;1mb\x1b[0m", ""],
                0,
                &["\x1b[0;31mpass\x1b[0mword=*\x1b[0;1m*\x1b[0m", ""],
            ),
            (
                &["\x1b]8;;x?token=a\x1b\\b\x1b]8;;\x1b\\"],
                9,
                &["\x1b]8;;x?token=*\x1b\\b\x1b]8;;\x1b\\"],
            ),
        ];
        for (lines, cursor, expected) in rows {
            let lines: Vec<Bytes> = lines
                .iter()
                .map(|line| Bytes::copy_from_slice(line.as_bytes()))
                .collect();
            let masked = mask_lines(&rules, &lines, 16, Some(cursor));
            let masked: Vec<_> = masked
                .iter()
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect();
            assert_eq!(masked, expected, "{lines:?}");
        }
    }
}
