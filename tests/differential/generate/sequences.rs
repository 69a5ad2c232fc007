//! The kinds of sequences, and when each may come.

use alacritty_terminal::term::TermMode;

use super::{Generator, Size};

impl Generator {
    pub fn text(&mut self) {
        let mut run = Vec::new();
        for _ in 0..self.number(1, 12) {
            let character = self.pick(&TEXT);
            if !self.fits(1) {
                break;
            }
            let mut bytes = [0; 4];
            let bytes = character.encode_utf8(&mut bytes).as_bytes();
            self.model.write(bytes);
            run.extend_from_slice(bytes);
        }
        if !run.is_empty() {
            self.made.sequences.push(run);
        }
    }

    pub fn wide_text(&mut self) {
        for _ in 0..self.number(1, 4) {
            if self.fits(2) {
                let character = self.pick(&WIDE);
                self.emit(character.to_string());
            }
        }
    }

    pub fn combining(&mut self) {
        let (column, _, pending) = self.model.cursor();
        let last = column + 1 == self.size().cols;
        if self.fits(1) && (self.has(TermMode::LINE_WRAP) || !(last || pending)) {
            let mark = self.pick(&["\u{301}", "\u{308}", "\u{323}", "\u{301}\u{323}"]);
            let letter = self.pick(&['e', 'o', 'n']);
            self.emit(format!("{letter}{mark}"));
        }
    }

    pub fn repeat(&mut self) {
        let (column, _, pending) = self.model.cursor();
        let room = self.size().cols - column;
        let clear = (column..self.size().cols).all(|column| !self.splits(column));
        if !pending && room > 3 && clear && self.charsets == *b"BB" && self.fits(1) {
            let count = self.number(1, room - 2);
            let letter = self.pick(&['r', 's', '=']);
            self.emit(format!("{letter}\x1b[{count}b"));
        }
    }

    pub fn pen(&mut self) {
        let mut parts = Vec::new();
        for _ in 0..self.number(1, 3) {
            parts.push(self.attribute());
        }
        let mut all = parts.join(";");
        if all.is_empty() && self.template().hyperlink().is_some() {
            all.push('0');
        }
        self.emit(format!("\x1b[{all}m"));
    }

    fn attribute(&mut self) -> String {
        let (set, colour) = (self.pick(&[38, 48]), self.number(0, 255));
        let bright = self.number(90, 97);
        match self.random.below(16) {
            0..=2 => String::new(),
            3 => self.number(1, 4).to_string(),
            4 => self.number(7, 9).to_string(),
            5 => self.pick(&[22, 23, 24, 27, 28, 29]).to_string(),
            6 | 7 => self.number(30, 37).to_string(),
            8 | 9 => self.number(40, 47).to_string(),
            10 => self.pick(&[39, 49, 59]).to_string(),
            11 if self.dialect.reports_bright_backgrounds() => {
                (bright + self.pick(&[0, 10])).to_string()
            }
            11 => bright.to_string(),
            12 => format!("{set};5;{colour}"),
            13 => format!("{set};2;{colour};{};{}", colour / 2, 255 - colour),
            14 => format!("4:{}", self.number(0, 5)),
            _ => self
                .pick(&["58;5;9", "58:2::1:2:3", "38:5:77", "48:2::9:8:7"])
                .to_owned(),
        }
    }

    pub fn place(&mut self) {
        let Size { cols, rows } = self.size();
        let (row, column) = (self.number(1, rows + 1), self.number(1, cols + 2));
        let end = self.pick(&['H', 'f']);
        self.emit(format!("\x1b[{row};{column}{end}"));
    }

    pub fn motion(&mut self) {
        let (_, row, pending) = self.model.cursor();
        let count = self.number(0, 5);
        let steps = count.max(1);
        let (top, bottom) = self.region;
        let up = row < top || row >= top + steps;
        let down = row > bottom || row + steps <= bottom;
        let origin = self.has(TermMode::ORIGIN);
        let allowed = |kind| match kind {
            'A' | 'F' => up && !origin,
            'B' | 'E' => down && !origin,
            'D' => !pending,
            'C' => true,
            _ => !origin && !pending,
        };
        let kind = self.pick(&['A', 'B', 'C', 'D', 'E', 'F', 'G', 'd', '`']);
        if allowed(kind) {
            let count = if matches!(kind, 'G' | 'd' | '`') {
                count * 2
            } else {
                count
            };
            self.emit(format!("\x1b[{count}{kind}"));
        }
    }

    pub fn line_motion(&mut self) {
        let bytes = self.pick(&[
            "\r", "\n", "\r\n", "\r\n", "\x0b", "\x0c", "\x1bD", "\x1bE", "\x1bM",
        ]);
        self.emit(bytes);
    }

    pub fn controls(&mut self) {
        let stops = self.stops.range(..self.model.cursor().0).next().is_some();
        let safe = !self.pending();
        match self.random.below(5) {
            0 | 1 if safe && !self.tab_takes_colours() => self.emit("\t"),
            2 if safe => self.emit("\x08"),
            3 if safe && stops => self.emit("\x1b[Z"),
            _ => self.emit("\x07"),
        }
    }

    pub fn erase(&mut self) {
        let (column, row, pending) = self.model.cursor();
        let kind = self.pick(&["J", "1J", "2J", "3J", "K", "1K", "2K", "K", "K", "?J"]);
        let allowed = match kind {
            "J" => !pending && !self.splits(column),
            "K" => !self.splits(column) && (!pending || self.has(TermMode::LINE_WRAP)),
            "1K" => !self.splits(column + 1) && !self.row_is_tabbed(),
            "1J" => row != 1 && !self.splits(column + 1) && !self.row_is_tabbed(),
            _ => true,
        };
        if allowed {
            self.emit(format!("\x1b[{kind}"));
        }
    }

    pub fn erase_characters(&mut self) {
        let count = self.number(1, 6);
        let column = self.model.cursor().0;
        let whole = !self.splits(column) && !self.splits(column + count);
        if whole && !self.pending() && !self.row_is_tabbed() {
            self.emit(format!("\x1b[{count}X"));
        }
    }

    pub fn insert_or_delete(&mut self) {
        let cols = self.size().cols;
        let column = self.model.cursor().0;
        let room = cols - column;
        let count = self.number(1, 6).min(room);
        let (kind, edge) = match self.random.below(2) {
            0 if count * 2 <= room => ('@', cols - count),
            _ => ('P', column + count),
        };
        let whole = !self.splits(column) && !self.splits(edge);
        if whole && !self.pending() && !self.row_is_tabbed() {
            self.emit(format!("\x1b[{count}{kind}"));
        }
    }

    pub fn lines(&mut self) {
        let row = self.model.cursor().1;
        if (self.region.0..=self.region.1).contains(&row) {
            let (count, kind) = (self.number(1, 4), self.pick(&['L', 'M']));
            self.emit(format!("\x1b[{count}{kind}"));
        }
    }

    pub fn scroll(&mut self) {
        let (count, kind) = (self.number(1, 4), self.pick(&['S', 'T']));
        self.emit(format!("\x1b[{count}{kind}"));
    }

    pub fn scroll_region(&mut self) {
        let rows = self.size().rows;
        let top = self.random.below(rows - 1);
        let bottom = self.number(top + 1, rows - 1);
        // With the origin at the region's top, they don't agree on where this brings the cursor.
        let home = if self.has(TermMode::ORIGIN) {
            "\x1b[H"
        } else {
            ""
        };
        if self.random.below(3) == 0 {
            self.region = (0, rows - 1);
            self.emit(format!("\x1b[r{home}"));
        } else {
            self.region = (top, bottom);
            self.emit(format!("\x1b[{};{}r{home}", top + 1, bottom + 1));
        }
    }

    pub fn modes(&mut self) {
        let pending = self.pending();
        match self.random.below(12) {
            0 => self.emit("\x1b[4h"),
            1 | 2 => self.emit("\x1b[4l"),
            3 if !pending => self.emit("\x1b[?7l"),
            4 | 5 if !pending => self.emit("\x1b[?7h"),
            6 => self.emit("\x1b[?6h"),
            // tmux homes the cursor here, the emulator doesn't.
            7 | 8 => self.emit("\x1b[?6l\x1b[H"),
            9 => {
                let mouse = self.pick(&["1000", "1002", "1003"]);
                let encoding = self.pick(&["1005", "1006"]);
                self.emit(format!(
                    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?{mouse}h\x1b[?{encoding}h"
                ));
            }
            10 => {
                let mode = self.pick(&["?1", "?25", "?2004", "?1004", "?2026", "?12"]);
                let set = self.pick(&['h', 'l']);
                self.emit(format!("\x1b[{mode}{set}"));
            }
            _ => {
                let bytes = self.pick(&["\x1b=", "\x1b>", "\x1b[3 q", "\x1b[6 q", "\x1b[0 q"]);
                self.emit(bytes);
            }
        }
    }

    pub fn charset(&mut self) {
        match self.random.below(6) {
            0 | 1 => self.designate(0, b'0'),
            2 | 3 => self.designate(0, b'B'),
            4 => {
                let set = self.pick(b"0B");
                self.designate(1, set);
            }
            _ => {
                self.shifted = !self.shifted;
                self.emit(if self.shifted { "\x0e" } else { "\x0f" });
            }
        }
    }

    fn designate(&mut self, which: usize, set: u8) {
        self.charsets[which] = set;
        self.emit([0x1b, b"()"[which], set]);
    }

    pub fn cursor_memory(&mut self) {
        if self.pending() || self.has(TermMode::ORIGIN) {
            return;
        }
        if self.random.below(2) == 0 {
            self.saved = Some((self.shifted, self.charsets));
            let bytes = self.pick(&["\x1b7", "\x1b[s"]);
            self.emit(bytes);
        } else if let Some((_, charsets)) = self.saved.filter(|(gl, _)| *gl == self.shifted) {
            self.charsets = charsets;
            let bytes = self.pick(&["\x1b8", "\x1b[u"]);
            self.emit(bytes);
        }
    }

    pub fn screens(&mut self) {
        if self.pending() || self.pen_has_background() {
            return;
        }
        if !self.has(TermMode::ALT_SCREEN) {
            self.left_with = self.charsets;
            self.emit("\x1b[?1049h");
        } else if self.left_with == self.charsets {
            self.emit("\x1b[?1049l");
        } else {
            return;
        }
        self.saved = None;
    }

    pub fn tabs(&mut self) {
        if self.has(TermMode::ALT_SCREEN) || self.has(TermMode::ORIGIN) || self.pending() {
            return;
        }
        // What tabulators made before is gone: a capture may show them by the stops of now.
        let column = self.random.below(self.size().cols);
        let change = self.pick(&["\x1bH", "\x1b[g", "\x1bH", "\x1b[3g\x1bH"]);
        if change.starts_with("\x1b[3g") {
            self.stops.clear();
        }
        if change.ends_with('H') {
            self.stops.insert(column);
        } else {
            self.stops.remove(&column);
        }
        self.emit(format!("\x1b[2J\x1b[{}G{change}", column + 1));
    }

    pub fn strings(&mut self) {
        let bytes = self.pick(&[
            "\x1b]0;a title\x1b\\",
            "\x1b]2;b\x07",
            "\x1b]4;1;rgb:12/34/56\x1b\\",
            "\x1b]104\x07",
            "\x1b]10;#102030\x07\x1b]11;#000000\x07",
            "\x1b]12;red\x07\x1b]112\x07",
            "\x1b]8;;http://localhost/a\x1b\\",
            "\x1b]8;;\x1b\\",
            "\x1b]8;;\x1b\\",
            "\x1bPzdcs\x1b\\",
            "\x1b_apc\x1b\\",
            "\x1b^pm\x1b\\",
            "\x1b]7;file:///tmp\x1b\\",
            "\x1b]133;A\x07",
        ]);
        self.emit(bytes);
    }

    pub fn rare(&mut self) {
        match self.random.below(8) {
            0 if !self.has(TermMode::ALT_SCREEN) => {
                self.forget();
                self.emit("\x1bc");
            }
            1 if !self.has(TermMode::ORIGIN) => {
                self.region = (0, self.size().rows - 1);
                self.emit("\x1b[r\x1b#8\x1b[H");
            }
            2 if self.fits(1) && self.fits_twice() => {
                self.made.text = false;
                let bytes = self.pick(self.dialect.invalid());
                self.emit(bytes);
            }
            3 => self.emit("\x1b[?5555h"),
            4 => self.emit("\x1b[31\x18"),
            5 => self.emit("\x1b[5y"),
            6 => self.emit("\x1b[c\x1b[6n"),
            _ => self.emit("\x1b[0m"),
        }
    }

    /// Whether there is room for some narrow characters in this row.
    fn fits_twice(&self) -> bool {
        let (column, _, pending) = self.model.cursor();
        let plain = (column..self.size().cols).all(|column| !self.splits(column));
        !pending && column + 4 < self.size().cols && plain && !self.has(TermMode::INSERT)
    }

    /// What RIS takes back.
    fn forget(&mut self) {
        self.region = (0, self.size().rows - 1);
        self.saved = None;
        self.shifted = false;
        self.charsets = *b"BB";
        self.stops = (0..self.size().cols).step_by(8).collect();
    }
}

const TEXT: [char; 40] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'q', 'x', 'j', 'k', 'l', 'm', 'n', 't', 'u', 'v', 'w', 'A',
    'B', 'Z', '0', '1', '9', ' ', ' ', ' ', '~', '\\', '#', ';', '[', 'é', 'ß', 'ж', 'λ', '→', '█',
    '─', '│',
];

const WIDE: [char; 8] = ['あ', '漢', '字', '한', '글', '🚀', '😀', '，'];
