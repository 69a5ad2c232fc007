//! What of a pane's state tmux doesn't report, gathered from the pane's bytes.
//!
//! It reads every byte of every pane, so text costs no more than a search for the next escape. It understands what tmux
//! does and as tmux does it: what tmux passes over is passed over here. Each item is known from when it was set or reset,
//! and from the beginning in a pane that was seen from its first byte on.

use super::charset::Charset;
use super::kinds::{Assumed, CursorShape};
use super::modes::TrackedModes;
use super::palette::Palette;
use super::pen::{Parts, Pen, number};
use super::sequence::{Control, Listener, Parser};

/// The longest link that is kept; tmux cuts none, and browsers take about as much.
const LONGEST_LINK: usize = 2048;

/// The tracker of one pane.
#[derive(Debug)]
pub struct Tracker {
    parser: Parser,
    state: Tracked,
}

/// What a tracker knows: nothing, as long as nothing was printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tracked {
    pub(super) drawing: Drawing,
    /// What DECSC saved; tmux has something saved from the beginning.
    pub(super) saved: Saved,
    /// The pen that leaving the alternate screen brings back; nothing if there never was an alternate screen.
    pub(super) behind_alternate: Option<Drawing>,
    pub(super) palette: Palette,
    pub(super) modes: TrackedModes,
    pub(super) style: CursorStyle,
    /// Whether anything may have been erased with a background.
    pub(super) may_have_coloured_blanks: bool,
    /// Whether tab stops were set or cleared, or lines flowed anew since (a tab keeps the width that it had), or nobody saw
    /// whether.
    pub(super) tabs_unsure: bool,
    /// Whether the pane's size has changed since the alternate screen came.
    pub(super) resized_in_alternate: bool,
    /// Whether the bell has rung and nobody asked yet.
    rang: bool,
    alternate: Option<bool>,
    /// Where the cursor is, if it was sent to a place and nothing moved it since.
    position: Option<(u32, u32)>,
}

/// What characters are printed with, and which parts of it are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Drawing {
    pub(super) pen: Pen,
    pub(super) known: Parts,
    pub(super) charset: Charset,
    /// The parameters and the address of a link, with the `;` between them.
    pub(super) link: Option<Box<[u8]>>,
    pub(super) link_known: bool,
}

/// What DECSC saves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Saved {
    pub(super) drawing: Drawing,
    pub(super) position: Option<(u32, u32)>,
    pub(super) origin: Option<bool>,
}

/// The cursor's looks, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct CursorStyle {
    pub(super) known: bool,
    pub(super) shape: Option<CursorShape>,
    pub(super) blinking: Option<bool>,
}

impl Drawing {
    fn fresh() -> Self {
        Self {
            known: Parts::ALL,
            charset: Charset::fresh(),
            link_known: true,
            ..Self::default()
        }
    }

    fn doubt(&mut self) {
        self.known = Parts::NONE;
        self.charset.doubt();
        self.link_known = false;
    }
}

impl Saved {
    pub(super) fn fresh() -> Self {
        Self {
            drawing: Drawing::fresh(),
            position: Some((0, 0)),
            origin: Some(false),
        }
    }
}

impl Tracker {
    /// Of a pane that is seen from its first byte on.
    #[must_use]
    pub fn from_start() -> Self {
        Self {
            parser: Parser::default(),
            state: Tracked {
                drawing: Drawing::fresh(),
                saved: Saved::fresh(),
                behind_alternate: None,
                palette: Palette::untouched(),
                modes: TrackedModes::fresh(),
                style: CursorStyle {
                    known: true,
                    ..CursorStyle::default()
                },
                may_have_coloured_blanks: false,
                tabs_unsure: false,
                resized_in_alternate: false,
                rang: false,
                alternate: Some(false),
                position: Some((0, 0)),
            },
        }
    }

    /// Of a pane that has printed before.
    #[must_use]
    pub fn midway() -> Self {
        Self {
            parser: Parser::default(),
            state: Tracked {
                behind_alternate: Some(Drawing::default()),
                may_have_coloured_blanks: true,
                tabs_unsure: true,
                ..Tracked::default()
            },
        }
    }

    /// Reads what the pane printed next.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.parser.feed(bytes, &mut self.state);
    }

    /// Whether the bell has rung since this was last asked.
    pub fn take_bell(&mut self) -> bool {
        std::mem::take(&mut self.state.rang)
    }

    /// The pane's size has changed, and its width if that is said. tmux keeps the primary screen at its old size until the
    /// alternate one goes.
    pub fn resized(&mut self, in_width: bool) {
        self.state.resized_in_alternate = self.state.alternate != Some(false);
        self.state.tabs_unsure |= in_width;
    }

    /// A listing of panes has come, and the pane's process is the one that it was.
    pub fn listed(&mut self) {
        self.state.modes.listed();
    }

    /// A listing says that another process has taken the pane: nobody knows at which byte, but it was not long ago. What
    /// was known is now a guess, but for modes that were set since: a program sets them when it begins.
    pub fn respawned(&mut self) {
        let mut modes = self.state.modes;
        modes.doubt_earlier();
        self.doubt();
        self.state.modes = modes;
    }

    /// Bytes were lost: what was known is now a guess.
    pub fn doubt(&mut self) {
        self.parser.reset();
        let state = &mut self.state;
        state.drawing.doubt();
        state.saved.drawing.doubt();
        (state.saved.position, state.saved.origin) = (None, None);
        state.doubt_behind_alternate();
        state.palette.doubt();
        state.modes.doubt();
        state.style.known = false;
        state.may_have_coloured_blanks = true;
        state.tabs_unsure = true;
        (state.alternate, state.position) = (None, None);
    }

    /// What tmux said of the pane at this point of its bytes: whether the alternate screen shows, whether a sequence is
    /// unfinished, and where the cursor is.
    pub fn adjust(&mut self, alternate: bool, in_sequence: bool, cursor: Option<(u32, u32)>) {
        let state = &mut self.state;
        if state.alternate.is_some_and(|tracked| tracked != alternate) {
            // The option `alternate-screen` is off, or bytes were lost without a report.
            state.doubt_behind_alternate();
        }
        state.alternate = Some(alternate);
        state.resized_in_alternate &= alternate;
        state.position = cursor;
        if !in_sequence && !self.parser.is_ground() {
            // tmux waits no longer than a few seconds for the end of a string, and then resets what it draws with.
            self.parser.reset();
            state.drawing = Drawing::fresh();
            state.saved = Saved::fresh();
        }
    }

    /// Whether the program has asked for pasted text in brackets; nothing if it is not known.
    #[must_use]
    pub fn bracketed_paste(&self) -> Option<bool> {
        let modes = &self.state.modes;
        modes.is_known(2004).then(|| modes.is_on(2004))
    }

    /// Whether no sequence is unfinished.
    #[must_use]
    pub fn is_ground(&self) -> bool {
        self.parser.is_ground()
    }

    pub(super) fn tracked(&self) -> &Tracked {
        &self.state
    }
}

impl Tracked {
    /// What is not known, apart from modes and the cursor's looks, of which tmux reports some.
    pub(super) fn assumed(&self, assumed: &mut Vec<Assumed>) {
        let unknown = [
            (Assumed::Pen, self.drawing.known != Parts::ALL),
            (Assumed::Charset, !self.drawing.charset.is_known()),
            (Assumed::Hyperlink, !self.drawing.link_known),
            (Assumed::Palette, !self.palette.is_known()),
            (Assumed::SavedCursor, !self.saved.is_known()),
        ];
        assumed.extend(
            unknown
                .into_iter()
                .filter(|(_, unknown)| *unknown)
                .map(|(item, _)| item),
        );
    }

    /// RIS, as tmux does it: the cursor's looks and the alternate screen stay.
    fn reset(&mut self) {
        self.drawing = Drawing::fresh();
        self.saved.drawing = Drawing::fresh();
        self.saved.position = Some((0, 0));
        self.palette.apply(104, b"");
        self.palette.apply(110, b"");
        self.palette.apply(111, b"");
        self.modes.reset();
        self.position = Some((0, 0));
    }

    fn save(&mut self) {
        self.saved = Saved {
            drawing: self.drawing.clone(),
            position: self.position,
            origin: self.modes.origin(),
        };
    }

    fn restore(&mut self) {
        self.drawing = self.saved.drawing.clone();
        self.position = self.saved.position;
        self.modes.set_origin(self.saved.origin);
    }

    fn enter_alternate(&mut self) {
        if self.alternate != Some(true) {
            self.behind_alternate = Some(self.drawing.clone());
            self.alternate = Some(true);
            self.resized_in_alternate = false;
        }
    }

    /// tmux gives back the pen, and the cursor's place with 1049, but not the character sets.
    fn leave_alternate(&mut self, with_cursor: bool) {
        if let Some(drawing) = self.behind_alternate.as_ref().filter(|_| with_cursor) {
            let charset = self.drawing.charset;
            self.drawing = drawing.clone();
            self.drawing.charset = charset;
            self.position = None;
        }
        self.alternate = Some(false);
        self.resized_in_alternate = false;
    }

    fn doubt_behind_alternate(&mut self) {
        self.behind_alternate.get_or_insert_default().doubt();
    }

    fn mode(&mut self, mode: u16, on: bool) {
        match mode {
            47 | 1047 | 1049 if on => self.enter_alternate(),
            47 | 1047 | 1049 => self.leave_alternate(mode == 1049),
            3 => self.position = self.home(),
            6 => {
                self.modes.set(6, on);
                self.position = self.home();
            }
            12 => self.style.blinking = Some(on),
            _ => self.modes.set(mode, on),
        }
    }

    /// The upper left corner, unless it is the scroll region's.
    fn home(&self) -> Option<(u32, u32)> {
        (self.modes.origin() == Some(false)).then_some((0, 0))
    }

    fn go_to(&mut self, parameters: &[u8]) {
        let mut numbers = parameters.split(|byte| *byte == b';').map(number);
        let mut next = || match numbers.next() {
            Some(None) => None,
            Some(Some(place)) => Some(u32::from(place.max(1)) - 1),
            None => Some(0),
        };
        let place = next().zip(next());
        self.position = self.home().and(place).map(|(y, x)| (x, y));
    }

    fn cursor_style(&mut self, parameters: &[u8]) {
        let style = number(parameters).filter(|style| *style <= 6);
        let shape = match style {
            Some(1 | 2) => Some(CursorShape::Block),
            Some(3 | 4) => Some(CursorShape::Underline),
            Some(5 | 6) => Some(CursorShape::Bar),
            Some(0) => None,
            _ => return,
        };
        let blinking = shape.and(style).map(|style| style % 2 == 1);
        self.style = CursorStyle {
            known: true,
            shape,
            blinking,
        };
    }

    fn link(&mut self, rest: &[u8], whole: bool) {
        if !whole || rest.len() > LONGEST_LINK {
            self.drawing.link = None;
            self.drawing.link_known = false;
            return;
        }
        let Some(at) = rest.iter().position(|byte| *byte == b';') else {
            return;
        };
        self.drawing.link = (at + 1 < rest.len()).then(|| rest.into());
        self.drawing.link_known = true;
    }
}

impl Saved {
    fn is_known(&self) -> bool {
        let drawing = &self.drawing;
        self.position.is_some()
            && self.origin.is_some()
            && drawing.known == Parts::ALL
            && drawing.charset.is_known()
            && drawing.link_known
    }
}

impl Listener for Tracked {
    fn text(&mut self) {
        self.position = None;
    }

    fn bell(&mut self) {
        self.rang = true;
    }

    fn shift(&mut self, to_g1: bool) {
        self.drawing.charset.shift(to_g1);
    }

    fn escape(&mut self, intermediates: &[u8], last: u8) {
        match (intermediates, last) {
            (b"", b'7') => self.save(),
            (b"", b'8') => self.restore(),
            (b"", b'c') => self.reset(),
            (b"(" | b")", b'0' | b'B') => {
                let drawing = &mut self.drawing;
                drawing
                    .charset
                    .designate(intermediates == b")", last == b'0');
            }
            (b"", b'H') => self.tabs_unsure = true,
            (b"", b'D' | b'E' | b'M') | (b"#", b'8') => self.position = None,
            _ => {}
        }
    }

    fn control(&mut self, control: &Control<'_>) {
        let Control {
            private,
            parameters,
            intermediates,
            last,
        } = *control;
        match (private, intermediates, last) {
            (0, b"", b'm') => {
                let known = self.drawing.pen.apply(parameters);
                self.drawing.known.add(known);
                self.may_have_coloured_blanks |= self.drawing.pen.has_background();
                if parameters.is_empty() {
                    // Without a number, tmux forgets the link too.
                    self.drawing.link = None;
                    self.drawing.link_known = true;
                }
            }
            (b'?', b"", b'h' | b'l') => {
                for mode in parameters.split(|byte| *byte == b';').filter_map(number) {
                    self.mode(mode, last == b'h');
                }
            }
            (b'>', b"", b'm' | b'n') => self.modes.set_keys(parameters, last == b'm'),
            (0, b" ", b'q') => self.cursor_style(parameters),
            (0, b"", b's') => self.save(),
            (0, b"", b'u') => self.restore(),
            (0, b"", b'H' | b'f') => self.go_to(parameters),
            (0, b"", b'r') => self.position = self.home(),
            (0, b"", b'g') => self.tabs_unsure = true,
            // These leave the cursor where it is.
            (0, b"", b'J' | b'K' | b'X' | b'@' | b'P' | b'c' | b'n' | b't' | b'h' | b'l') => {}
            (0, b"", _) => self.position = None,
            _ => {}
        }
    }

    fn string(&mut self, string: &[u8], whole: bool) {
        let digits = string.iter().position(|byte| !byte.is_ascii_digit());
        let (code, rest) = string.split_at(digits.unwrap_or(string.len()));
        let Some(code) = number(code).filter(|_| !code.is_empty()) else {
            return;
        };
        let rest = match rest {
            [b';', rest @ ..] => rest,
            [] => rest,
            _ => return,
        };
        match code {
            8 => self.link(rest, whole),
            4 if !whole => self.palette.doubt(),
            _ if whole => drop(self.palette.apply(code, rest)),
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
