//! A pane that prints what it is fed, byte for byte, and what tmux itself says that a pane shows.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use super::emulator::{Emulator, Modes, Shown, Size};
use crate::support::TmuxServer;

/// What tmux reports of a pane besides its cells.
const STATE: [&str; 16] = [
    "pane_width",
    "pane_height",
    "cursor_x",
    "cursor_y",
    "alternate_on",
    "cursor_flag",
    "insert_flag",
    "wrap_flag",
    "origin_flag",
    "keypad_flag",
    "keypad_cursor_flag",
    "mouse_any_flag",
    "mouse_sgr_flag",
    "mouse_utf8_flag",
    "bracket_paste_flag",
    "pane_tabs",
];

/// A session with one window of this size, whose pane runs a command. Returns the pane's id.
pub fn pane_of(server: &TmuxServer, size: Size, command: &str) -> String {
    let (cols, rows) = (size.cols.to_string(), size.rows.to_string());
    let id = server.run([
        "new-session",
        "-d",
        "-P",
        "-F",
        "#{pane_id}",
        "-x",
        &cols,
        "-y",
        &rows,
        command,
    ]);
    id.trim().to_owned()
}

/// Where a pane's bytes come from.
#[derive(Debug)]
pub struct Feed {
    pipe: File,
    /// Bytes written so far.
    pub written: u64,
    /// The last of them.
    tail: Vec<u8>,
}

impl Feed {
    /// A pipe, and the shell command of a pane that prints whatever comes through it.
    pub fn new(server: &TmuxServer, name: &str) -> (Self, String) {
        let path: PathBuf = server.folder().join(name);
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        // For reading as well, so that neither side waits for the other to open it.
        let pipe = OpenOptions::new().read(true).write(true).open(&path);
        let feed = Self {
            pipe: pipe.unwrap(),
            written: 0,
            tail: Vec::new(),
        };
        (feed, format!("stty raw -echo; exec cat {}", path.display()))
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.pipe.write_all(bytes).unwrap();
        self.written += bytes.len() as u64;
        self.tail.extend_from_slice(bytes);
        self.tail.drain(..self.tail.len().saturating_sub(3));
    }

    /// Up to which byte clients get the pane now: a character that has only begun is held back.
    pub fn reachable(&self) -> u64 {
        let begun = |from: usize| {
            let rest = &self.tail[from..];
            let whole = match rest[0] {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            rest.len() < whole && rest[1..].iter().all(|byte| byte & 0xc0 == 0x80)
        };
        let from = (0..self.tail.len()).find(|from| begun(*from));
        self.written - from.map_or(0, |from| self.tail.len() - from) as u64
    }
}

/// What tmux shows of a pane: its capture, drawn by a fresh emulator, and its own word for cursor and modes.
pub fn tmux_shows(server: &TmuxServer, pane: &str) -> Shown {
    let state: Vec<String> = STATE.iter().map(|name| format!("#{{{name}}}")).collect();
    let state = state.join(" ");
    let rows: usize = server.value(pane, "#{pane_height}").parse().unwrap();
    let mut arguments: Vec<String> = ["display-message", "-p", "-t", pane, &state]
        .map(String::from)
        .into();
    // Row by row, since a link that goes on in the next row would be lost there.
    for row in 0..rows {
        let row = row.to_string();
        let capture = [
            ";",
            "capture-pane",
            "-p",
            "-e",
            "-N",
            "-S",
            &row,
            "-E",
            &row,
            "-t",
            pane,
        ];
        arguments.extend(capture.map(String::from));
    }
    let output = server.try_run(&arguments).expect("tmux answers");
    assert!(output.status.success(), "{output:?}");
    let mut lines = output.stdout.split(|byte| *byte == b'\n');
    let state = String::from_utf8_lossy(lines.next().unwrap()).into_owned();
    let state: Vec<&str> = state.split(' ').collect();
    let number = |name: &str| -> usize { value(&state, name).parse().expect(name) };
    let size = Size {
        cols: number("pane_width"),
        rows: number("pane_height"),
    };
    let mut emulator = Emulator::new(size);
    // Tabulators may be captured as such.
    emulator.write(b"\x1b[3g");
    for stop in value(&state, "pane_tabs")
        .split(',')
        .filter(|stop| !stop.is_empty())
    {
        let column = stop.parse::<usize>().unwrap() + 1;
        emulator.write(format!("\x1b[{column}G\x1bH").as_bytes());
    }
    // Line drawing is captured as G1; a line never goes on in the next one.
    emulator.write(b"\x1b)0\x1b[?7l");
    for (row, line) in lines.take(size.rows).enumerate() {
        emulator.write(format!("\x1b[m\x1b]8;;\x1b\\\x0f\x1b[{};1H", row + 1).as_bytes());
        emulator.write(line);
    }
    let flag = |name| value(&state, name) == "1";
    Shown {
        rows: emulator.shown().rows,
        cursor: (number("cursor_x"), number("cursor_y")),
        modes: Modes {
            alternate: flag("alternate_on"),
            cursor_visible: flag("cursor_flag"),
            insert: flag("insert_flag"),
            wrap: flag("wrap_flag"),
            origin: flag("origin_flag"),
            keypad: flag("keypad_flag"),
            cursor_keys: flag("keypad_cursor_flag"),
            mouse: flag("mouse_any_flag"),
            mouse_sgr: flag("mouse_sgr_flag"),
            mouse_utf8: flag("mouse_utf8_flag"),
            bracketed_paste: match value(&state, "bracket_paste_flag") {
                "" => None,
                flag => Some(flag == "1"),
            },
        },
    }
}

fn value<'a>(state: &[&'a str], name: &str) -> &'a str {
    let at = STATE.iter().position(|known| *known == name).expect(name);
    state[at]
}
