//! What a pane shows, apart from any agent: for saved screens, and for those who look for a text.

use std::time::Instant;

use super::display::Display;
use super::signals::Signals;
use super::view::View;

/// A screen that is fed with a pane's bytes.
#[derive(Debug)]
pub struct Shown {
    size: (u16, u16),
    signals: Signals,
    display: Display,
    now: Instant,
}

impl Shown {
    /// An empty screen. No notification gets old on it: its time stands still.
    #[must_use]
    pub fn new(cols: u16, rows: u16, now: Instant) -> Self {
        Self {
            size: (cols, rows),
            signals: Signals::default(),
            display: Display::new(cols, rows),
            now,
        }
    }

    /// Reads what the pane printed.
    pub fn output(&mut self, bytes: &[u8]) {
        let (display, new) = self.signals.read(bytes, self.now);
        self.display.feed(display);
        for signal in new {
            self.signals.keep(signal, self.now);
        }
    }

    /// The title that the pane has.
    pub fn set_title(&mut self, title: &str) {
        self.signals.set_title(title);
    }

    /// What rules look at.
    pub fn view(&mut self) -> View {
        self.signals.view(&mut self.display)
    }

    /// Reads what the pane printed, and looks on the way whether one of these texts shows, however it is wrapped and
    /// spaced. Gives the number of the first that does.
    ///
    /// They are looked for often enough that none can scroll away in between.
    pub fn find(&mut self, bytes: &[u8], texts: &[&str]) -> Option<usize> {
        let wanted: Vec<String> = texts.iter().map(|text| compact([*text])).collect();
        let (cols, rows) = (usize::from(self.size.0), usize::from(self.size.1));
        let most = (rows / 2).max(1);
        let mut rest = bytes;
        loop {
            let longest = rest.len().min((cols * most).max(1));
            let feeds = rest[..longest].iter().enumerate();
            let mut ends = feeds.filter(|(_, byte)| **byte == b'\n');
            let end = ends.nth(most - 1).map_or(longest, |(at, _)| at + 1);
            let (piece, further) = rest.split_at(end);
            self.output(piece);
            let lines = compact(self.display.lines().iter().map(String::as_str));
            let found = wanted.iter().position(|wanted| lines.contains(wanted));
            if found.is_some() || further.is_empty() {
                // What is left belongs to the screen all the same.
                self.output(further);
                return found;
            }
            rest = further;
        }
    }
}

/// The lines one behind the other, without the blanks in them: these are where a program or a terminal wraps.
fn compact<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let lines = lines.into_iter().flat_map(str::chars);
    lines.filter(|one| !one.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_wherever_they_show() {
        let flood = format!("{}found it\r\n{}", "x\r\n".repeat(99), "y\r\n".repeat(99));
        let rows = [
            ("all done", "all done", true),
            ("all\x1b[1m do\x1b[0mne", "all done", true),
            ("it is wrapped at the end", "wrapped at the end", true),
            ("a\r\nb", "ab", true),
            ("all dx\x08one", "all done", true),
            ("all done\r\x1b[K", "all done", false),
            ("\x1b]0;all done\x07", "all done", false),
            ("ALL DONE", "all done", false),
            (&*flood, "found it", true),
            ("", "x", false),
        ];
        for (printed, text, expected) in rows {
            let mut shown = Shown::new(8, 4, Instant::now());
            let found = shown.find(printed.as_bytes(), &["nowhere", text]);
            assert_eq!(found, expected.then_some(1), "{printed:?}");
        }
    }

    #[test]
    fn a_text_may_come_in_pieces() {
        let mut shown = Shown::new(20, 4, Instant::now());
        assert_eq!(shown.find(b"all do", &["all done"]), None);
        assert_eq!(shown.find(b"ne\r\n", &["all done"]), Some(0));
        assert_eq!(shown.view().lines[0], "all done");
        shown.set_title("a title");
        assert_eq!(shown.view().title.as_deref(), Some("a title"));
    }
}
