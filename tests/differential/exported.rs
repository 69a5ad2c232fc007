//! Exports of streams at random: an asciicast brings another emulator to the same screen as the bytes themselves, and
//! text is what tmux keeps of the pane.

use avt::Terminal;
use muxwire::export::{About, CastVersion, Extent, Form, Piece, Size as Columns, Theme, exporter};

use super::dialect::Dialect;
use super::emulator::Size;
use super::generate::{Generator, RESET};
use super::pane::{Feed, pane_of};
use crate::support::random::Random;
use crate::support::{SOON, TmuxServer, any_program, for_each_version_at_once, wait_until};

/// Small, so that there is much wrapping and scrolling.
const SIZE: Size = Size { cols: 32, rows: 8 };

const CASES: u64 = 200;

/// Cases on each tmux.
const LIVE_CASES: u64 = 40;

fn export(form: Form, pieces: &[&[u8]]) -> String {
    let mut exporter = exporter(form, About::default());
    let size = Columns {
        cols: SIZE.cols as u32,
        rows: SIZE.rows as u32,
    };
    let mut out = Vec::new();
    let screen = Piece::Screen {
        size,
        replay: b"\x1bc\x1b[3J",
    };
    exporter.take(0, screen, &mut out).unwrap();
    for piece in pieces {
        exporter.take(0, Piece::Output(piece), &mut out).unwrap();
    }
    exporter.end(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Cuts bytes anywhere.
fn cut<'a>(mut bytes: &'a [u8], random: &mut Random) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at((1 + random.below(40)).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// What `avt` shows, and where its cursor is.
pub(super) fn shown(texts: &[String]) -> (Vec<avt::Line>, avt::Cursor) {
    let mut terminal = Terminal::new(SIZE.cols, SIZE.rows).unwrap();
    for text in texts {
        terminal.feed(text.as_str());
    }
    let lines = terminal.screen().visible_lines().cloned().collect();
    (lines, terminal.cursor())
}

/// Without blanks at the ends of lines, and empty lines at the end.
pub(super) fn trimmed(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// What an asciicast prints.
pub(super) fn printed(cast: &str) -> Vec<String> {
    let events = cast.lines().skip(1);
    let events = events.map(|line| serde_json::from_str::<(f64, String, String)>(line).unwrap());
    events.map(|(_, _, data)| data).collect()
}

#[test]
fn casts_end_with_the_screen_of_the_bytes() {
    let dialect = Dialect::of(&any_program().version.to_string());
    for seed in 0..CASES {
        let stream = Generator::new(seed, dialect, SIZE).stream(120);
        let bytes = stream.sequences.concat();
        let pieces = cut(&bytes, &mut Random::new(seed));
        let raw = shown(&[String::from_utf8_lossy(&bytes).into_owned()]);
        for version in [CastVersion::V2, CastVersion::V3] {
            let cast = printed(&export(Form::Asciicast(version), &pieces));
            assert_eq!(shown(&cast), raw, "{seed}: {}", bytes.escape_ascii());
        }
    }
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The text of a page's rows.
pub(super) fn rows_of(page: &str) -> String {
    let (_, rows) = page.split_once("<pre>\n").unwrap();
    let (rows, _) = rows.split_once("</pre>").unwrap();
    let mut parts = rows.split('<');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + part.split_once('>').unwrap().1)
}

/// A pane that prints what it is fed.
pub(super) struct Pane<'a> {
    server: &'a TmuxServer,
    feed: Feed,
    pub(super) id: String,
    written: u32,
}

impl<'a> Pane<'a> {
    pub(super) fn new(server: &'a TmuxServer) -> Self {
        let (feed, command) = Feed::new(server, "feed");
        let id = pane_of(server, SIZE, &command);
        Self {
            server,
            feed,
            id,
            written: 0,
        }
    }

    /// Prints these bytes on an empty screen that nothing is above.
    fn print(&mut self, bytes: &[u8]) {
        self.write(RESET);
        self.server.run(["clear-history", "-t", &self.id]);
        self.write(bytes);
    }

    /// The title comes behind all that was printed.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.written += 1;
        let title = format!("{} times", self.written);
        self.feed.write(bytes);
        self.feed.write(format!("\x1b]2;{title}\x1b\\").as_bytes());
        wait_until("all is drawn", SOON, || {
            self.server.value(&self.id, "#{pane_title}") == title
        });
    }

    pub(super) fn captured(&self, more: &[&str]) -> String {
        let capture = ["capture-pane", "-p", "-t", &self.id];
        self.server.run([&capture[..], more].concat())
    }
}

/// Tests versions that don't capture tabulators as such; exports have blanks there.
fn for_each_pane(test: impl Fn(Pane<'_>, Dialect) + Sync) {
    for_each_version_at_once(|program| {
        let dialect = Dialect::of(&program.version.to_string());
        if !dialect.captures_tabs() {
            test(Pane::new(&TmuxServer::start(program)), dialect);
        }
    });
}

#[test]
fn the_screen_as_text_is_what_tmux_shows() {
    for_each_pane(|mut pane, dialect| {
        for seed in 0..LIVE_CASES {
            let stream = Generator::new(seed, dialect, SIZE).stream(120);
            // Versions differ in what they show of bytes that are no UTF-8.
            if !stream.text {
                continue;
            }
            // Captures without colours have the letters that line drawing is made of.
            let is_drawing = |sequence: &Vec<u8>| matches!(&**sequence, b"\x1b(0" | b"\x1b)0");
            let sequences = stream.sequences.into_iter();
            let sequences: Vec<_> = sequences.filter(|one| !is_drawing(one)).collect();
            let bytes = sequences.concat();
            pane.print(&bytes);
            let pieces = cut(&bytes, &mut Random::new(seed));
            let text = export(Form::Text(Extent::Screen), &pieces);
            let shown = pane.captured(&[]);
            assert_eq!(
                trimmed(&text),
                trimmed(&shown),
                "{seed}: {}",
                bytes.escape_ascii()
            );
        }
    });
}

#[test]
fn whole_exports_are_what_tmux_keeps() {
    for_each_pane(|mut pane, dialect| {
        for seed in 0..LIVE_CASES {
            let bytes = lines(&mut Random::new(seed), dialect);
            pane.print(&bytes);
            let pieces = cut(&bytes, &mut Random::new(seed));
            let page = export(Form::Html(Extent::Whole, Theme::Dark), &pieces);
            let kept = pane.captured(&["-S", "-"]);
            let told = bytes.escape_ascii();
            assert_eq!(trimmed(&rows_of(&page)), trimmed(&kept), "{seed}: {told}");
            // Whether tmux joins rows is not the same in all versions, so rows are compared without their ends.
            let text = export(Form::Text(Extent::Whole), &pieces);
            assert_eq!(
                without_blanks(&text),
                without_blanks(&kept),
                "{seed}: {told}"
            );
        }
    });
}

/// What lines are made of; what is wide comes first.
const WORDS: [&str; 13] = [
    "\u{6f22}\u{5b57}",
    "\u{6f22}",
    "one",
    "a longer word",
    "e\u{301}",
    "\u{2500}\u{2500}\u{2500}",
    "\x1b[1;31mred\x1b[m",
    "\x1b[38;5;20mblue",
    "\x1b[m",
    "\x1b[4:3munderlined\x1b[m",
    "\r",
    "\x1b[K",
    "\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\",
];

/// What programs print that print lines: text of any length in colours, some of it again, and now and then a program in
/// full screen.
fn lines(random: &mut Random, dialect: Dialect) -> Vec<u8> {
    // Captures of 3.1 have a blank where a wide character went to the next row.
    let words = if dialect.release() < (3, 2) { 2.. } else { 0.. };
    let words = &WORDS[words];
    let mut out = Vec::new();
    for _ in 0..random.below(60) {
        for _ in 0..random.below(8) {
            out.extend_from_slice(words[random.below(words.len())].as_bytes());
            out.push(b' ');
        }
        out.extend_from_slice(b"\x1b[m\r\n");
        if random.below(20) == 0 {
            out.extend_from_slice(
                b"\x1b[?1049h\x1b[H1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\x1b[?1049l",
            );
        }
    }
    out
}
