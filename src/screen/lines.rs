//! Captured lines, each made to stand for itself.
//!
//! In a capture, attributes carry over from line to line, line drawing stands between SO and SI, and from tmux 3.6 on a
//! tab stands for the blanks that it covered.

use bytes::Bytes;
use unicode_width::UnicodeWidthChar as _;

use super::charset::line_drawing;
use super::pen::Pen;
use super::sequence::next_mark;

/// Makes the lines of one capture independent of each other: text, SGR sequences and links, all ended within the line.
/// Blanks at the end that look like nothing are left out.
pub(super) fn independent(lines: &[Bytes], tabs: &[u32], cols: u32) -> Vec<Bytes> {
    let mut carried = Carried::default();
    lines
        .iter()
        .map(|line| Line::new(tabs, cols).read(line, &mut carried))
        .collect()
}

/// How many columns a line takes; a tab takes one at least.
pub(super) fn columns(line: &[u8]) -> u32 {
    let mut columns = 0;
    let mut rest = line;
    while !rest.is_empty() {
        let text = next_mark(rest).unwrap_or(rest.len());
        columns += width(&rest[..text]);
        rest = &rest[text..];
        if let Some(mark) = Mark::first(rest) {
            columns += u32::from(matches!(mark, Mark::Tab));
            rest = &rest[mark.length()..];
        }
    }
    columns
}

/// What carries over from one line to the next.
#[derive(Debug, Default)]
struct Carried {
    pen: Pen,
    drawing: bool,
}

#[derive(Debug)]
struct Line<'a> {
    tabs: &'a [u32],
    cols: u32,
    out: Vec<u8>,
    /// The length of `out` without blanks at the end that look like nothing.
    solid: usize,
    /// The pen that the terminal has by what was written.
    written: Pen,
    in_link: bool,
    column: u32,
}

/// What is no text.
enum Mark<'a> {
    Tab,
    Shift(bool),
    Sgr(&'a [u8], usize),
    Link(&'a [u8], usize),
    Other(usize),
}

impl<'a> Mark<'a> {
    fn first(bytes: &'a [u8]) -> Option<Self> {
        match bytes {
            [] => None,
            [b'\t', ..] => Some(Self::Tab),
            [0x0e, ..] => Some(Self::Shift(true)),
            [0x0f, ..] => Some(Self::Shift(false)),
            [0x1b, b'[', rest @ ..] => {
                let end = rest.iter().position(|byte| matches!(byte, 0x40..=0x7e))?;
                Some(match rest[end] {
                    b'm' => Self::Sgr(&rest[..end], end + 3),
                    _ => Self::Other(end + 3),
                })
            }
            [0x1b, b']', b'8', b';', rest @ ..] => {
                let end = rest.windows(2).position(|pair| pair == b"\x1b\\")?;
                Some(Self::Link(&rest[..end], end + 6))
            }
            _ => Some(Self::Other(1)),
        }
    }

    fn length(&self) -> usize {
        match self {
            Self::Tab | Self::Shift(_) => 1,
            Self::Sgr(_, length) | Self::Link(_, length) | Self::Other(length) => *length,
        }
    }
}

impl<'a> Line<'a> {
    fn new(tabs: &'a [u32], cols: u32) -> Self {
        Self {
            tabs,
            cols,
            out: Vec::new(),
            solid: 0,
            written: Pen::default(),
            in_link: false,
            column: 0,
        }
    }

    fn read(mut self, line: &[u8], carried: &mut Carried) -> Bytes {
        self.out.reserve(line.len() + 16);
        let mut rest = line;
        while !rest.is_empty() {
            let text = next_mark(rest).unwrap_or(rest.len());
            if text > 0 {
                self.text(&rest[..text], carried);
                rest = &rest[text..];
                continue;
            }
            // A sequence that does not end can't be in a capture; what looks like one is left out.
            let Some(mark) = Mark::first(rest) else { break };
            rest = &rest[mark.length()..];
            match mark {
                Mark::Tab => self.tab(rest, carried),
                Mark::Shift(drawing) => carried.drawing = drawing,
                // A reset says 0. tmux 3.1c says nothing instead of a bright background.
                Mark::Sgr(b"", _) => drop(carried.pen.apply(b"49")),
                Mark::Sgr(parameters, _) => drop(carried.pen.apply(parameters)),
                Mark::Link(link, _) => self.link(link),
                Mark::Other(_) => {}
            }
        }
        self.end()
    }

    fn text(&mut self, text: &[u8], carried: &Carried) {
        self.column += width(text);
        self.use_pen(carried.pen);
        if carried.drawing {
            for byte in text {
                let mut buffer = [0; 4];
                match line_drawing(*byte) {
                    Some(drawn) => {
                        let drawn = drawn.encode_utf8(&mut buffer);
                        self.out.extend_from_slice(drawn.as_bytes());
                    }
                    // A byte of a mark, for one.
                    None => self.out.push(*byte),
                }
            }
        } else {
            self.out.extend_from_slice(text);
        }
        if !carried.pen.is_default() || self.in_link {
            self.solid = self.out.len();
        } else if let Some(last) = self.out[self.solid..]
            .iter()
            .rposition(|byte| *byte != b' ')
        {
            self.solid += last + 1;
        }
    }

    /// The blanks up to the next stop, or fewer where the rest of the line would not fit: tmux keeps a tab's width when its
    /// line flows anew, and a line that is longer than the screen would shift all below it.
    fn tab(&mut self, rest: &[u8], carried: &Carried) {
        let next = self.tabs.iter().find(|stop| **stop > self.column);
        let last = self.cols.saturating_sub(1);
        let stop = next.map_or(last, |stop| (*stop).min(last));
        let most = self.cols.saturating_sub(self.column + columns(rest));
        let blanks = stop.saturating_sub(self.column).min(most).max(1);
        self.text(&vec![b' '; blanks as usize], carried);
    }

    fn use_pen(&mut self, pen: Pen) {
        if pen == self.written {
            return;
        }
        pen.write_to(&mut self.out);
        if pen.is_default() {
            // Nothing but an end of what was before: it goes with the blanks behind it.
            self.solid = self.out.len();
        }
        self.written = pen;
    }

    fn link(&mut self, link: &[u8]) {
        self.out.extend_from_slice(b"\x1b]8;");
        self.out.extend_from_slice(link);
        self.out.extend_from_slice(b"\x1b\\");
        self.solid = self.out.len();
        self.in_link = link.iter().position(|byte| *byte == b';') != Some(link.len() - 1);
    }

    fn end(mut self) -> Bytes {
        self.out.truncate(self.solid);
        if self.in_link {
            self.out.extend_from_slice(b"\x1b]8;;\x1b\\");
        }
        if !self.written.is_default() {
            Pen::default().write_to(&mut self.out);
        }
        self.out.into()
    }
}

fn width(text: &[u8]) -> u32 {
    if text.is_ascii() {
        return u32::try_from(text.len()).unwrap_or(u32::MAX);
    }
    let columns = String::from_utf8_lossy(text)
        .chars()
        .map(|c| c.width().unwrap_or(0))
        .sum::<usize>();
    u32::try_from(columns).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_for_themselves() {
        let rows: [(&[&str], &[&str]); 16] = [
            (
                &["\x1b[41m\x1b[97mx\x1b[my"],
                &["\x1b[0;97;41mx\x1b[0;97my\x1b[0m"],
            ),
            (&["plain", "", "two"], &["plain", "", "two"]),
            (&["blanks   ", "   ", " x "], &["blanks", "", " x"]),
            (
                &["\x1b[31mred", "still\x1b[39m no  "],
                &["\x1b[0;31mred\x1b[0m", "\x1b[0;31mstill\x1b[0m no"],
            ),
            (&["\x1b[41mX   "], &["\x1b[0;41mX   \x1b[0m"]),
            (&["\x1b[41mX \x1b[49m  "], &["\x1b[0;41mX \x1b[0m"]),
            (
                &["\x1b[1m\x1b[31mred\x1b[0m  "],
                &["\x1b[0;1;31mred\x1b[0m"],
            ),
            (&["\x0eqx", "q\x0fq"], &["─│", "─q"]),
            (&["\x0en\u{301}\u{323}é\x0fn"], &["┼\u{301}\u{323}én"]),
            (
                &["a\tb", "\x1b[41m\t|\x1b[49m\t"],
                &["a       b", "\x1b[0;41m        |\x1b[0m"],
            ),
            (&["\u{6f22}\u{5b57}\tb"], &["\u{6f22}\u{5b57}    b"]),
            (&["12345678901234567\tb"], &["12345678901234567  b"]),
            (&["12345\tabc\tdefghijk"], &["12345   abc defghijk"]),
            (
                &["a\x1b]8;id=1;http://x\x1b\\link\x1b]8;;\x1b\\b"],
                &["a\x1b]8;id=1;http://x\x1b\\link\x1b]8;;\x1b\\b"],
            ),
            (
                &["\x1b]8;;u\x1b\\link  "],
                &["\x1b]8;;u\x1b\\link  \x1b]8;;\x1b\\"],
            ),
            (
                &["\x1b[31", "\x1b[5:3mover"],
                &["", "\x1b[0;53mover\x1b[0m"],
            ),
        ];
        for (captured, expected) in rows {
            let captured: Vec<Bytes> = captured
                .iter()
                .map(|line| Bytes::copy_from_slice(line.as_bytes()))
                .collect();
            let lines = independent(&captured, &[8, 16], 20);
            let lines: Vec<_> = lines
                .iter()
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect();
            assert_eq!(lines, expected, "{captured:?}");
        }
    }

    #[test]
    fn columns_are_counted_without_sequences() {
        let rows = [
            ("", 0),
            ("abc", 3),
            ("\x1b[0;31mab\x1b[0m", 2),
            ("\u{6f22}e\u{301}", 3),
            ("\x1b]8;;http://x\x1b\\ab\x1b]8;;\x1b\\c", 3),
        ];
        for (line, expected) in rows {
            assert_eq!(columns(line.as_bytes()), expected, "{line:?}");
        }
    }
}
