//! An independent terminal emulator (`alacritty_terminal`), and what it shows.

use std::fmt::Write as _;
use std::time::Duration;

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::{Config, Term, TermMode};
use alacritty_terminal::vte::ansi::{Color, Processor, Timeout};

/// The attributes that are compared. tmux shows neither blinking nor overlines in a way that this emulator knows.
const ATTRIBUTES: Flags = Flags::INVERSE
    .union(Flags::BOLD)
    .union(Flags::ITALIC)
    .union(Flags::DIM)
    .union(Flags::HIDDEN)
    .union(Flags::STRIKEOUT)
    .union(Flags::ALL_UNDERLINES)
    .union(Flags::WIDE_CHAR)
    .union(Flags::WIDE_CHAR_SPACER);

/// A terminal of some size.
pub struct Emulator {
    term: Term<VoidListener>,
    parser: Processor<AtOnce>,
    size: Size,
}

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub cols: usize,
    pub rows: usize,
}

/// What a terminal shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub rows: Vec<Vec<Glyph>>,
    /// Column and row; the column is the number of columns if the next character goes to the next line.
    pub cursor: (usize, usize),
    pub modes: Modes,
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Glyph {
    /// With the zero-width characters that follow; empty behind a wide character.
    pub text: String,
    pub fg: Color,
    pub bg: Color,
    pub flags: Flags,
    pub underline: Option<Color>,
    pub link: Option<String>,
}

/// The modes that both this emulator and every tmux report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    pub alternate: bool,
    pub cursor_visible: bool,
    pub insert: bool,
    pub wrap: bool,
    pub origin: bool,
    pub keypad: bool,
    pub cursor_keys: bool,
    pub mouse: bool,
    pub mouse_sgr: bool,
    pub mouse_utf8: bool,
    /// None where tmux doesn't report it.
    pub bracketed_paste: Option<bool>,
}

impl Glyph {
    /// A cell in which nothing was ever written.
    pub fn blank() -> Self {
        glyph(&Cell::default())
    }

    /// Whether it is as erasing leaves it, in any colour.
    pub fn is_erased(&self) -> bool {
        let plain = Self {
            bg: self.bg,
            ..Self::blank()
        };
        *self == plain
    }
}

impl Emulator {
    pub fn new(size: Size) -> Self {
        let config = Config {
            scrolling_history: 2000,
            ..Config::default()
        };
        Self {
            term: Term::new(config, &size, VoidListener),
            parser: Processor::new(),
            size,
        }
    }

    pub fn size(&self) -> Size {
        self.size
    }

    pub fn resize(&mut self, size: Size) {
        self.term.resize(size);
        self.size = size;
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.parser.advance(&mut self.term, bytes);
    }

    /// The cursor: column, row, and whether the next character goes to the next line.
    pub fn cursor(&self) -> (usize, usize, bool) {
        let cursor = &self.term.grid().cursor;
        let row = usize::try_from(cursor.point.line.0).expect("on the screen");
        (cursor.point.column.0, row, cursor.input_needs_wrap)
    }

    /// A cell of the screen.
    pub fn cell(&self, column: usize, row: usize) -> &Cell {
        let row = i32::try_from(row).expect("a row");
        &self.term.grid()[Line(row)][Column(column)]
    }

    /// What the next character is written with.
    pub fn template(&self) -> &Cell {
        &self.term.grid().cursor.template
    }

    pub fn mode(&self) -> TermMode {
        *self.term.mode()
    }

    pub fn shown(&self) -> Shown {
        let (column, row, wraps) = self.cursor();
        let line = |row| (0..self.size.cols).map(move |column| glyph(self.cell(column, row)));
        let has = |mode| self.mode().contains(mode);
        Shown {
            rows: (0..self.size.rows).map(|row| line(row).collect()).collect(),
            cursor: (column + usize::from(wraps), row),
            modes: Modes {
                alternate: has(TermMode::ALT_SCREEN),
                cursor_visible: has(TermMode::SHOW_CURSOR),
                insert: has(TermMode::INSERT),
                wrap: has(TermMode::LINE_WRAP),
                origin: has(TermMode::ORIGIN),
                keypad: has(TermMode::APP_KEYPAD),
                cursor_keys: has(TermMode::APP_CURSOR),
                mouse: self.mode().intersects(TermMode::MOUSE_MODE),
                mouse_sgr: has(TermMode::SGR_MOUSE),
                mouse_utf8: has(TermMode::UTF8_MOUSE),
                bracketed_paste: Some(has(TermMode::BRACKETED_PASTE)),
            },
        }
    }
}

fn glyph(cell: &Cell) -> Glyph {
    let mut text = String::new();
    if !cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
        // It keeps a mark where a tabulator was, for copying.
        text.push(if cell.c == '\t' { ' ' } else { cell.c });
        text.extend(cell.zerowidth().unwrap_or_default());
    }
    Glyph {
        text,
        fg: cell.fg,
        bg: cell.bg,
        flags: cell.flags & ATTRIBUTES,
        underline: cell.underline_color(),
        link: cell.hyperlink().map(|link| link.uri().to_owned()),
    }
}

impl Shown {
    /// The lines as text, blanks at their ends left out.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let line: String = row.iter().map(|glyph| &*glyph.text).collect();
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    /// What differs from what should be there; empty if nothing does.
    pub fn differs(&self, wanted: &Self) -> String {
        let mut differences = String::new();
        if self.cursor != wanted.cursor {
            let _ = writeln!(
                differences,
                "cursor {:?}, not {:?}",
                self.cursor, wanted.cursor
            );
        }
        if self.modes != wanted.modes {
            let _ = writeln!(differences, "{:?}, not\n{:?}", self.modes, wanted.modes);
        }
        if self.rows.len() != wanted.rows.len() {
            let _ = writeln!(
                differences,
                "{} rows, not {}",
                self.rows.len(),
                wanted.rows.len()
            );
        }
        let cells = self.rows.iter().zip(&wanted.rows).enumerate();
        let mut count = 0;
        for (row, (found, wanted)) in cells {
            for (column, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                if found != wanted {
                    count += 1;
                    if count <= 8 {
                        let _ = writeln!(
                            differences,
                            "({column}, {row}): {found:?}, not\n         {wanted:?}"
                        );
                    }
                }
            }
        }
        if count > 8 {
            let _ = writeln!(differences, "... {count} cells in all");
        }
        differences
    }
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.rows
    }

    fn screen_lines(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> usize {
        self.cols
    }
}

/// Synchronized updates (2026) are drawn at once, as tmux takes them in at once: what is compared is the state, not
/// when it is painted.
#[derive(Debug, Default)]
struct AtOnce;

impl Timeout for AtOnce {
    fn set_timeout(&mut self, _: Duration) {}

    fn clear_timeout(&mut self) {}

    fn pending_timeout(&self) -> bool {
        false
    }
}
