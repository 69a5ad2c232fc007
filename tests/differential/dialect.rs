//! How the versions of tmux differ in what they show and report.

use super::emulator::{Glyph, Shown};

/// One version's ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    release: (u32, u32),
}

impl Dialect {
    /// Of a version such as `3.3a`.
    pub fn of(version: &str) -> Self {
        let (major, rest) = version.split_once('.').expect("a version");
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Self {
            release: (major.parse().unwrap(), digits.parse().unwrap()),
        }
    }

    /// Major and minor.
    pub fn release(self) -> (u32, u32) {
        self.release
    }

    /// A character over the second half of a wide one takes away the first half, too.
    pub fn mends_halves(self) -> bool {
        self.release >= (3, 6)
    }

    /// Captures show tabulators as such and not how wide they are.
    pub fn captures_tabs(self) -> bool {
        self.release >= (3, 6)
    }

    /// Captures show bright backgrounds (100 to 107).
    pub fn reports_bright_backgrounds(self) -> bool {
        self.release >= (3, 2)
    }

    /// Captures show the colours of underlines.
    pub fn reports_underline_colours(self) -> bool {
        self.release >= (3, 2)
    }

    /// Captures show links.
    pub fn reports_links(self) -> bool {
        self.release >= (3, 4)
    }

    /// Captures show the colours of what was erased at the end of a line.
    pub fn reports_erased_ends(self) -> bool {
        self.release < (3, 2) || self.release >= (3, 4)
    }

    /// Bytes that are no UTF-8, and are shown the same by the emulator. See `differences`.
    pub fn invalid(self) -> &'static [&'static [u8]] {
        if self.release >= (3, 6) {
            &[b"\xffb", b"\xc3a", b"\xe2\x82a", b"\xf0\x9f\x98b", b"\xfeb"]
        } else {
            &[b"\x80a", b"a\x81b"]
        }
    }

    /// What an emulator shows, reduced to what this version's capture shows.
    pub fn as_captured(self, mut shown: Shown, tmux: &Shown) -> Shown {
        if tmux.modes.bracketed_paste.is_none() {
            shown.modes.bracketed_paste = None;
        }
        if !shown.modes.wrap {
            // Where nothing wraps, nothing waits to wrap.
            let last = shown.rows[0].len() - 1;
            shown.cursor.0 = shown.cursor.0.min(last);
        }
        for (row, captured) in shown.rows.iter_mut().zip(&tmux.rows) {
            for glyph in &mut *row {
                if !self.reports_underline_colours() {
                    glyph.underline = None;
                }
                if !self.reports_links() {
                    glyph.link = None;
                }
            }
            if !self.reports_erased_ends() {
                without_erased_end(row, captured);
            }
        }
        shown
    }
}

impl Dialect {
    /// What a client shows that once came late, reduced to what a late one can know: where captures leave out the
    /// colours of what was erased, it doesn't have them either, whatever comes behind it later.
    pub fn as_captured_late(self, shown: Shown, tmux: &Shown) -> Shown {
        let mut shown = self.as_captured(shown, tmux);
        if !self.reports_erased_ends() {
            let cells = shown.rows.iter_mut().flatten();
            for (glyph, captured) in cells.zip(tmux.rows.iter().flatten()) {
                if glyph.is_erased() && captured.is_erased() {
                    glyph.bg = captured.bg;
                }
            }
        }
        shown
    }
}

/// Takes the colour from blanks at the end of a line of which the capture says nothing.
fn without_erased_end(row: &mut [Glyph], captured: &[Glyph]) {
    let nothing = Glyph::blank();
    for (glyph, captured) in row.iter_mut().zip(captured).rev() {
        if *captured != nothing {
            return;
        }
        if glyph.is_erased() {
            *glyph = Glyph::blank();
        }
    }
}
