//! Saved screens: recordings, captures, and whatever a program printed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use crate::cli::{ExplainArgs, ScreenSize};

/// The longest file that is read.
pub(super) const LONGEST: usize = 8 << 20;

/// A terminal that nothing is said of.
const USUAL: ScreenSize = ScreenSize { cols: 80, rows: 24 };

/// What brings a terminal to a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SavedScreen {
    pub(super) cols: u16,
    pub(super) rows: u16,
    pub(super) bytes: Vec<u8>,
    pub(super) title: Option<String>,
}

/// Reads the file that is named, or stdin.
pub(super) fn read(path: &Path, args: &ExplainArgs) -> anyhow::Result<SavedScreen> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let limit = LONGEST as u64 + 1;
    let read = if path == Path::new("-") {
        io::stdin().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("can't read {shown}"))?;
    super::check_length(bytes.len()).with_context(|| shown.to_string())?;
    let mut screen = if is_recording(&bytes) {
        recorded(&bytes, args.at).with_context(|| format!("{shown} is no recording"))?
    } else {
        printed(bytes)
    };
    if let Some(ScreenSize { cols, rows }) = args.size {
        (screen.cols, screen.rows) = (cols, rows);
    }
    screen.title = args.title.clone();
    Ok(screen)
}

/// Whether the first line is the header of a recording.
fn is_recording(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next();
    let header: Option<Value> = first.and_then(|line| serde_json::from_slice(line).ok());
    header.is_some_and(|header| header["version"].is_number())
}

/// An asciicast of version 2, up to a second.
fn recorded(bytes: &[u8], at: Option<f64>) -> anyhow::Result<SavedScreen> {
    let text = std::str::from_utf8(bytes)?;
    let mut lines = text.lines().enumerate();
    let (_, header) = lines.next().context("it is empty")?;
    let header: Value = serde_json::from_str(header)?;
    let side = |name: &str| header[name].as_u64().and_then(|side| side.try_into().ok());
    let size = side("width").zip(side("height"));
    let (mut cols, mut rows) = size.context("its first line names no size")?;
    let mut bytes = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let event: (f64, String, String) = serde_json::from_str(line)
            .with_context(|| format!("line {} is no event", number + 1))?;
        let (when, kind, text) = event;
        if at.is_some_and(|at| when > at) {
            break;
        }
        match &*kind {
            "o" => bytes.extend_from_slice(text.as_bytes()),
            "r" => {
                let size: ScreenSize = text.parse().map_err(|why: String| anyhow!(why))?;
                (cols, rows) = (size.cols, size.rows);
            }
            _ => {}
        }
    }
    Ok(SavedScreen {
        cols,
        rows,
        bytes,
        title: None,
    })
}

/// What a program printed, or a capture: that has lines, and nothing that moves the cursor to a line's begin.
fn printed(bytes: Vec<u8>) -> SavedScreen {
    let is_capture = !bytes.contains(&b'\r');
    if !is_capture {
        let ScreenSize { cols, rows } = USUAL;
        return SavedScreen {
            cols,
            rows,
            bytes,
            title: None,
        };
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let lines: Vec<&str> = text.split('\n').collect();
    let width = lines.iter().map(|line| width(line)).max();
    let side = |cells: usize, least: u16| u16::try_from(cells).unwrap_or(u16::MAX).max(least);
    SavedScreen {
        cols: side(width.unwrap_or_default(), 1),
        rows: side(lines.len(), 1),
        bytes: lines.join("\r\n").into_bytes(),
        title: None,
    }
}

/// How many columns a line takes, without the sequences that colour it.
fn width(line: &str) -> usize {
    use unicode_width::UnicodeWidthChar as _;
    let mut width = 0;
    let mut chars = line.chars().peekable();
    while let Some(one) = chars.next() {
        if one == '\u{1b}' && chars.next_if_eq(&'[').is_some() {
            for one in chars.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&one) {
                    break;
                }
            }
        } else {
            width += one.width().unwrap_or_default();
        }
    }
    width
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn captures_are_as_large_as_they_are() {
        let screen = printed(b"ab\n\x1b[1m\xe6\xbc\xa2\x1b[0m xy\nz\n".to_vec());
        assert_eq!((screen.cols, screen.rows), (5, 3));
        assert_eq!(screen.bytes, b"ab\r\n\x1b[1m\xe6\xbc\xa2\x1b[0m xy\r\nz");
        let screen = printed(b"a\r\nb".to_vec());
        assert_eq!((screen.cols, screen.rows), (80, 24));
        assert_eq!(screen.bytes, b"a\r\nb");
    }

    #[test]
    fn recordings_are_read_up_to_a_second() {
        let text = "{\"version\": 2, \"width\": 20, \"height\": 5}\n[0.5, \"o\", \"a\"]\n[1.0, \"r\", \"30x6\"]\n\
                    [1.5, \"m\", \"x\"]\n[2.0, \"o\", \"b\"]\n";
        assert!(is_recording(text.as_bytes()) && !is_recording(b"{\"x\": 1}\n"));
        let screen = |at| recorded(text.as_bytes(), at).unwrap();
        let shown = |screen: SavedScreen| (screen.cols, screen.rows, screen.bytes);
        assert_eq!(shown(screen(None)), (30, 6, b"ab".to_vec()));
        assert_eq!(shown(screen(Some(0.7))), (20, 5, b"a".to_vec()));
        for broken in [
            "{\"version\": 2}",
            "{\"version\": 2, \"width\": 1, \"height\": 1}\n[1]",
        ] {
            assert!(recorded(broken.as_bytes(), None).is_err(), "{broken}");
        }
    }
}
