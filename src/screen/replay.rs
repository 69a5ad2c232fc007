//! The bytes that bring a terminal into a snapshot's state.
//!
//! They are for any terminal of the xterm family, fresh or used. Lines are drawn before anything that would change how
//! they are drawn; then come the places (tabs, scroll region, saved cursor), and last what the next byte depends on.

use std::io::Write as _;

use bytes::Bytes;

use super::kinds::{CursorShape, KeyMode, Mouse};
use super::lines::columns;
use super::sequence::unexecuted;
use super::snapshot::{Alternate, PaneSnapshot};
use super::tracker::{Drawing, Saved};

/// A reset, no scrollback, the terminal's own colours; and lines don't wrap, so that one that
/// the terminal takes for wider than tmux does moves no other.
const START: &[u8] =
    b"\x1bc\x1b[3J\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\\x1b[?7l";

impl PaneSnapshot {
    /// Everything at once: a reset, the last `scrollback` lines, the screen and its state.
    ///
    /// The same as [`Self::replay_start`], [`replay_scrollback`] of these lines in pages of any size, and
    /// [`Self::replay_screen`], one after the other.
    #[must_use]
    pub fn replay(&self, scrollback: usize) -> Bytes {
        let first = self.scrollback.len().saturating_sub(scrollback);
        let parts = [
            self.replay_start(),
            replay_scrollback(&self.scrollback[first..]),
            self.replay_screen(),
        ];
        parts.concat().into()
    }

    /// What comes first: a reset.
    #[must_use]
    pub fn replay_start(&self) -> Bytes {
        Bytes::from_static(START)
    }

    /// What comes last: the screen and its state.
    #[must_use]
    pub fn replay_screen(&self) -> Bytes {
        let mut out = Out(Vec::new());
        out.lines(&self.primary);
        if let Some(alternate) = &self.alternate {
            self.enter_alternate(alternate, &mut out);
        }
        self.tabs(&mut out);
        let region = self.scroll_region;
        if region.top > 0 || region.bottom + 1 < self.rows {
            out.put(format_args!(
                "\x1b[{};{}r",
                region.top + 1,
                region.bottom + 1
            ));
        }
        self.tracked.palette.write_to(&mut out.0);
        self.modes(&mut out);
        self.saved_cursor(&mut out);
        self.cursor(&mut out);
        self.tracked.drawing.write_to(&mut out.0);
        if self.modes.synchronized_output {
            out.bytes(b"\x1b[?2026h");
        }
        out.bytes(&unexecuted(&self.unfinished.sequence));
        out.0.into()
    }

    fn shown(&self) -> &[Bytes] {
        self.alternate
            .as_ref()
            .map_or(&self.primary, |alternate| &alternate.lines)
    }

    /// What the terminal keeps of the primary screen's cursor comes back when the alternate screen goes.
    fn enter_alternate(&self, alternate: &Alternate, out: &mut Out) {
        if let Some(at) = alternate.saved {
            self.place(at, &self.primary, false, out);
            let drawing = self.tracked.behind_alternate.clone().unwrap_or_default();
            drawing.write_look_to(&mut out.0);
            out.bytes(b"\x1b[?1049h");
            Drawing::default().write_look_to(&mut out.0);
        } else {
            out.bytes(b"\x1b[?1047h");
        }
        out.bytes(b"\x1b[H");
        out.lines(&alternate.lines);
    }

    fn tabs(&self, out: &mut Out) {
        let usual = (8..self.cols).step_by(8);
        if usual.eq(self.tabs.iter().copied()) {
            return;
        }
        out.bytes(b"\x1b[3g");
        for stop in &self.tabs {
            out.put(format_args!("\x1b[1;{}H\x1bH", stop + 1));
        }
    }

    /// All modes but those that change how the cursor is placed.
    fn modes(&self, out: &mut Out) {
        let modes = &self.modes;
        let switches: [(bool, &[u8]); 10] = [
            (modes.keypad, b"\x1b="),
            (modes.cursor_keys, b"\x1b[?1h"),
            (modes.mouse == Mouse::Standard, b"\x1b[?1000h"),
            (modes.mouse == Mouse::Button, b"\x1b[?1002h"),
            (modes.mouse == Mouse::All, b"\x1b[?1003h"),
            (modes.mouse_utf8, b"\x1b[?1005h"),
            (modes.mouse_sgr, b"\x1b[?1006h"),
            (modes.bracketed_paste, b"\x1b[?2004h"),
            (modes.focus_events, b"\x1b[?1004h"),
            (modes.theme_updates, b"\x1b[?2031h"),
        ];
        for (_, sequence) in switches.iter().filter(|(on, _)| *on) {
            out.bytes(sequence);
        }
        match modes.keys {
            KeyMode::Vt10x => {}
            KeyMode::Extended1 => out.bytes(b"\x1b[>4;1m"),
            KeyMode::Extended2 => out.bytes(b"\x1b[>4;2m"),
        }
        self.cursor_style(out);
    }

    fn cursor_style(&self, out: &mut Out) {
        let cursor = &self.cursor;
        let steady = u8::from(cursor.blinking == Some(false));
        let style = match cursor.shape {
            Some(CursorShape::Block) => Some(1 + steady),
            Some(CursorShape::Underline) => Some(3 + steady),
            Some(CursorShape::Bar) => Some(5 + steady),
            None => None,
        };
        match (style, cursor.blinking) {
            (Some(style), _) => out.put(format_args!("\x1b[{style} q")),
            (None, Some(true)) => out.bytes(b"\x1b[?12h"),
            (None, Some(false)) => out.bytes(b"\x1b[?12l"),
            (None, None) => {}
        }
        let colour = cursor
            .colour
            .as_ref()
            .filter(|_| self.tracked.palette.cursor().is_none());
        if let Some(colour) = colour {
            out.put(format_args!("\x1b]12;{colour}\x1b\\"));
        }
        if !cursor.visible {
            out.bytes(b"\x1b[?25l");
        }
    }

    /// DECSC with what it saved. A saved place that nobody knows is the cursor's own.
    fn saved_cursor(&self, out: &mut Out) {
        let saved = &self.tracked.saved;
        if *saved == Saved::fresh() {
            return;
        }
        let origin = saved.origin.unwrap_or(false);
        let at = saved.position.unwrap_or((self.cursor.x, self.cursor.y));
        if origin {
            out.bytes(b"\x1b[?6h");
        }
        self.go_to((at.0.min(self.cols.saturating_sub(1)), at.1), origin, out);
        saved.drawing.write_to(&mut out.0);
        out.bytes(b"\x1b7");
        saved.drawing.undo(&mut out.0);
        if origin {
            out.bytes(b"\x1b[?6l");
        }
    }

    fn cursor(&self, out: &mut Out) {
        if self.modes.origin {
            out.bytes(b"\x1b[?6h");
        }
        let (x, y) = (self.cursor.x, self.cursor.y);
        self.place((x, y), self.shown(), self.modes.origin, out);
        // The end of the line first, then whether lines wrap: the other way round, some terminals forget the first.
        out.bytes(if self.modes.wrap {
            b"\x1b[?7h"
        } else {
            b"\x1b[?7l"
        });
        if self.modes.insert {
            out.bytes(b"\x1b[4h");
        }
    }

    /// Puts the cursor at a place of lines that are drawn; behind the last column by drawing that line again.
    fn place(&self, (x, y): (u32, u32), lines: &[Bytes], origin: bool, out: &mut Out) {
        if x < self.cols {
            return self.go_to((x, y), origin, out);
        }
        let line = lines.get(y as usize).cloned().unwrap_or_default();
        let missing = self.cols.saturating_sub(columns(&line));
        self.go_to((0, y), origin, out);
        out.bytes(b"\x1b[?7h");
        out.bytes(&line);
        out.bytes(&vec![b' '; missing as usize]);
    }

    fn go_to(&self, (x, y): (u32, u32), origin: bool, out: &mut Out) {
        let top = if origin { self.scroll_region.top } else { 0 };
        let (row, column) = (y.saturating_sub(top) + 1, x + 1);
        out.put(format_args!("\x1b[{row};{column}H"));
    }
}

/// A page of scrollback: any of a snapshot's [`PaneSnapshot::scrollback`] lines, in order.
#[must_use]
pub fn replay_scrollback(lines: &[Bytes]) -> Bytes {
    let mut bytes = Vec::with_capacity(lines.iter().map(|line| line.len() + 2).sum());
    for line in lines {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.into()
}

struct Out(Vec<u8>);

impl Out {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        let written = self.0.write_fmt(text);
        debug_assert!(written.is_ok(), "a vector takes all that is written to it");
    }

    /// Lines from the cursor's row down, which is the first column of an empty row.
    fn lines(&mut self, lines: &[Bytes]) {
        for (row, line) in lines.iter().enumerate() {
            if row > 0 {
                self.bytes(b"\r\n");
            }
            self.bytes(line);
        }
    }
}

impl Drawing {
    /// Pen, link and character sets, whatever pen and link the terminal had, with its character sets as after a reset.
    fn write_to(&self, out: &mut Vec<u8>) {
        self.write_look_to(out);
        self.charset.write_to(out);
    }

    /// Pen and link alone.
    fn write_look_to(&self, out: &mut Vec<u8>) {
        self.pen.write_to(out);
        out.extend_from_slice(b"\x1b]8;");
        out.extend_from_slice(self.link.as_deref().unwrap_or(b";"));
        out.extend_from_slice(b"\x1b\\");
    }

    fn undo(&self, out: &mut Vec<u8>) {
        self.charset.undo(out);
        Self::default().write_look_to(out);
    }
}
