//! From what is to be seen to the bytes that bring a terminal there: only what differs, and nothing where nothing does.

use std::io;

use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What is between these shows at once, where a terminal can do that.
const SYNCHRONIZED: (&str, &str) = ("\x1b[?2026h", "\x1b[?2026l");

/// What a terminal shows.
#[derive(Debug, Default)]
pub(super) struct Frames {
    area: Rect,
    /// Nothing if that is not known.
    shown: Option<Buffer>,
    cursor: Option<Position>,
}

impl Frames {
    /// Columns and rows.
    pub(super) fn size(&self) -> (u16, u16) {
        (self.area.width, self.area.height)
    }

    /// The terminal has another size, so what it shows is not known any more.
    pub(super) fn resize(&mut self, (columns, rows): (u16, u16)) {
        self.area = Rect::new(0, 0, columns, rows);
        self.forget();
    }

    /// What it shows is not known any more.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    /// Draws, and adds what brings the terminal there.
    pub(super) fn draw(
        &mut self,
        draw: impl FnOnce(&mut Buffer) -> Option<Position>,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        let mut next = Buffer::empty(self.area);
        let cursor = draw(&mut next);
        let before = self.shown.take();
        let is_new = before.is_none();
        let before = before.unwrap_or_else(|| Buffer::empty(self.area));
        let updates = before.diff(&next);
        // Two monitors that show each other come to rest by this.
        if is_new || !updates.is_empty() || cursor != self.cursor {
            out.extend_from_slice(SYNCHRONIZED.0.as_bytes());
            let mut backend = CrosstermBackend::new(&mut *out);
            backend.hide_cursor()?;
            if is_new {
                backend.clear()?;
            }
            backend.draw(updates.into_iter())?;
            if let Some(cursor) = cursor {
                backend.set_cursor_position(cursor)?;
                backend.show_cursor()?;
            }
            out.extend_from_slice(SYNCHRONIZED.1.as_bytes());
        }
        (self.shown, self.cursor) = (Some(next), cursor);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use ratatui::style::Style;

    use super::*;

    fn drawn(frames: &mut Frames, text: &str, cursor: Option<Position>) -> String {
        let mut out = Vec::new();
        let draw = |buf: &mut Buffer| {
            buf.set_string(0, 0, text, Style::new());
            cursor
        };
        frames.draw(draw, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_what_differs_is_written_and_nothing_where_nothing_does() {
        let mut frames = Frames::default();
        frames.resize((10, 2));
        let first = drawn(&mut frames, "one", None);
        assert!(
            first.contains("\x1b[2J") && first.contains("one"),
            "{first:?}"
        );
        assert_eq!(drawn(&mut frames, "one", None), "");
        let cursor = Some(Position::new(2, 1));
        let moved = drawn(&mut frames, "one", cursor);
        assert!(
            moved.contains("\x1b[2;3H\x1b[?25h") && !moved.contains("one"),
            "{moved:?}"
        );
        assert_eq!(drawn(&mut frames, "one", cursor), "");
        let changed = drawn(&mut frames, "onX", cursor);
        assert!(
            changed.contains('X') && !changed.contains("on"),
            "{changed:?}"
        );
        frames.forget();
        assert!(drawn(&mut frames, "onX", cursor).contains("onX"));
    }
}
