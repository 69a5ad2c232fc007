//! What is gathered of one pane until the next commit, and the terminal that reads along.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::chunk::{Chunk, Line, Output, index_of};
use super::gathered::{Frame, Gathered, OutputEvent};
use super::lines::{LineCollector, NewLine};
use super::terminal::{Size, Terminal};
use crate::ids::PaneId;
use crate::model::Visibility;
use crate::redact::{Fed, Redactor, Rules};
use crate::screen::PaneSnapshot;

/// How much is kept of what a pane prints while a snapshot of it is on its way.
const WAITING: usize = 1 << 20;

/// How much a pane may print from one commit to the next until its terminal no longer reads along: some MiB a second. What
/// is printed faster is kept, but nobody reads it as text.
const FLOOD: usize = 1 << 20;

/// After how many bytes another whole screen is kept.
const FRAME_BYTES: u64 = 256 << 10;

/// After how long, in milliseconds, if something was printed.
const FRAME_TIME: i64 = 60_000;

/// How often what stands on the screen is looked at, in milliseconds.
const LOOK: i64 = 2_000;

/// How long after a snapshot was asked for another one may be, in milliseconds: soon for the first ones, since what is asked
/// for at a pane's beginning is often overtaken by its gap, and then seldom.
const ASK_SOON: i64 = 500;
const ASK: i64 = 5_000;

/// How many are asked for soon.
const SOON: u32 = 4;

/// How panes are kept.
#[derive(Debug, Clone)]
pub(super) struct PaneRules {
    /// What is secret.
    pub(super) rules: Option<Arc<Rules>>,
    /// Whether secrets are kept as they are, and not masked.
    pub(super) keeps_secrets: bool,
}

/// One pane.
#[derive(Debug)]
pub(super) struct PaneLog {
    how: PaneRules,
    redactor: Option<Redactor>,
    open: Option<Open>,
    /// The offset behind all that was printed, if any of it is known.
    next: Option<u64>,
    size: Option<Size>,
    screen: Screen,
    lines: LineCollector,
    frame: FrameAge,
    /// When the screen was looked at, and whether it may have changed since.
    looked_at: i64,
    printed_since_look: u8,
    /// Whether the terminal began with an exact snapshot.
    exact: bool,
    is_fresh: bool,
    /// Lines that came while a snapshot was read.
    begun: Vec<NewLine>,
    /// When a snapshot was asked for last.
    asked_at: Option<i64>,
    /// How often that was since its screen was known.
    asked: u32,
    /// Bytes that no terminal has read.
    pub(super) unread: u64,
}

/// When the last whole screen was kept.
#[derive(Debug, Default)]
struct FrameAge {
    bytes: u64,
    at: i64,
}

/// The terminal, as far as there is one.
#[derive(Debug)]
enum Screen {
    /// Nothing is known: a snapshot is wanted.
    Unknown,
    /// It has been asked for. Meanwhile this was printed.
    Waiting(Vec<Printed>, usize),
    /// It has read everything up to this offset.
    Live(Box<Terminal>, u64),
}

#[derive(Debug, Clone)]
struct Printed {
    offset: u64,
    at: i64,
    bytes: Bytes,
}

/// What goes into the next chunk.
#[derive(Debug, Default)]
struct Open {
    chunk: Chunk,
    plain: BytesMut,
    masked: BytesMut,
    kept: bool,
    /// At which of the outputs the pane got another size.
    resizes: Vec<(usize, Size)>,
}

impl PaneLog {
    pub(super) fn new(how: PaneRules) -> Self {
        Self {
            how,
            redactor: None,
            open: None,
            next: None,
            size: None,
            screen: Screen::Unknown,
            lines: LineCollector::default(),
            frame: FrameAge::default(),
            looked_at: 0,
            printed_since_look: 0,
            exact: false,
            is_fresh: true,
            begun: Vec::new(),
            asked_at: None,
            asked: 0,
            unread: 0,
        }
    }

    /// The offset behind all that is known of it.
    pub(super) fn end_offset(&self) -> u64 {
        self.next.unwrap_or(0)
    }

    /// Whether it has something for a commit at this time.
    pub(super) fn is_due(&self, now: i64) -> bool {
        let looks = matches!(self.screen, Screen::Live(..)) && self.printed_since_look > 0;
        self.open.is_some() || looks && now - self.looked_at >= LOOK
    }

    /// Whether a look at its screen is still to come.
    pub(super) fn wants_look(&self) -> bool {
        matches!(self.screen, Screen::Live(..)) && self.printed_since_look > 0
    }

    /// Takes an output. What was gathered before is returned if it does not go on with this.
    pub(super) fn output(&mut self, event: &OutputEvent<'_>) -> Option<Gathered> {
        let is_twin = event.visibility == Visibility::Redacted;
        let goes_on = is_twin || self.next.is_none_or(|next| next == event.offset);
        let open = self.open.as_ref();
        let other = open.is_some_and(|open| open.kept != event.kept);
        let before = (!goes_on || other).then(|| self.gather(event.at, false));
        if !goes_on {
            self.lose();
        }
        if !event.kept {
            self.lose();
        }
        let first_offset = self.next.filter(|_| goes_on).unwrap_or(event.offset);
        let open = self.open.get_or_insert_with(|| Open {
            chunk: Chunk {
                first_offset,
                ..Chunk::default()
            },
            kept: event.kept,
            ..Open::default()
        });
        let audience = index_of(&mut open.chunk.audiences, event.audience);
        let start = event.offset.wrapping_sub(open.chunk.first_offset);
        open.chunk.outputs.push(Output {
            seq: event.seq,
            at: event.at,
            start: start.cast_signed(),
            len: u32::try_from(event.bytes.len()).unwrap_or(u32::MAX),
            visibility: event.visibility,
            audience,
            kept: event.kept,
        });
        if !is_twin {
            self.next = Some(event.offset + event.bytes.len() as u64);
            if event.kept {
                self.append(event.offset, event.bytes);
            }
        }
        before
    }

    fn append(&mut self, offset: u64, bytes: &Bytes) {
        let Some(open) = &mut self.open else { return };
        if self.how.keeps_secrets || self.how.rules.is_none() {
            open.plain.extend_from_slice(bytes);
        }
        let Some(rules) = &self.how.rules else { return };
        let fresh = || Redactor::new(Arc::clone(rules), offset);
        let redactor = self.redactor.get_or_insert_with(fresh);
        if redactor.next() != offset {
            *redactor = fresh();
        }
        match redactor.feed(bytes) {
            Fed::Unchanged => open.masked.extend_from_slice(bytes),
            Fed::Changed(piece) => {
                let piece = piece.map(|piece| piece.bytes).unwrap_or_default();
                open.masked.extend_from_slice(&piece);
            }
        }
    }

    /// Bytes are missing, or something else has happened that the terminal does not know.
    pub(super) fn lose(&mut self) {
        self.screen = Screen::Unknown;
        self.redactor = None;
    }

    /// Its offset goes on here: bytes between were lost.
    pub(super) fn skip_to(&mut self, offset: u64) {
        self.next = Some(offset);
    }

    /// The pane has this size now.
    pub(super) fn resized(&mut self, cols: u32, rows: u32) {
        self.size = Size::new(cols, rows);
        match (&mut self.open, self.size) {
            (Some(open), Some(size)) => open.resizes.push((open.chunk.outputs.len(), size)),
            (None, Some(size)) => {
                if let Screen::Live(terminal, _) = &mut self.screen {
                    terminal.resize(size);
                }
            }
            (_, None) => self.lose(),
        }
    }

    /// Whether its screen is not known, and a snapshot is to be asked for sooner or later.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.screen, Screen::Unknown)
    }

    /// Whether a snapshot is to be asked for now. It is taken as asked for then.
    pub(super) fn asks(&mut self, now: i64) -> bool {
        let pause = if self.asked < SOON { ASK_SOON } else { ASK };
        let asks = self.is_unknown() && self.asked_at.is_none_or(|at| now - at >= pause);
        if asks {
            self.screen = Screen::Waiting(Vec::new(), 0);
            self.asked_at = Some(now);
            self.asked = self.asked.saturating_add(1);
        }
        asks
    }

    /// A snapshot can't be had.
    pub(super) fn unseen(&mut self) {
        if matches!(self.screen, Screen::Waiting(..)) {
            self.screen = Screen::Unknown;
        }
    }

    /// Whether no screen of it has been known in this run.
    pub(super) fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// These lines of it were told in another run.
    pub(super) fn remember<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        self.lines.remember(texts);
    }

    /// A snapshot has come. Returns it as a whole screen, and what was gathered before it.
    pub(super) fn seed(&mut self, snapshot: &PaneSnapshot, seq: u64, at: i64) -> Gathered {
        let mut gathered = self.gather(at, false);
        let Screen::Waiting(printed, _) = &mut self.screen else {
            return gathered;
        };
        let printed = std::mem::take(printed);
        let first = printed.first().map(|printed| printed.offset);
        let first = first.or(self.next);
        let is_covered = first.is_none_or(|first| first <= snapshot.offset);
        let Some(size) = Size::new(snapshot.cols, snapshot.rows).filter(|_| is_covered) else {
            self.screen = Screen::Unknown;
            return gathered;
        };
        let masked;
        let snapshot = match (&self.how.rules, self.how.keeps_secrets) {
            (Some(rules), false) => {
                masked = snapshot.masked(rules);
                &masked
            }
            _ => snapshot,
        };
        let frame = |snapshot: &PaneSnapshot, source| Frame {
            offset: snapshot.offset,
            seq,
            at,
            size: (snapshot.cols, snapshot.rows),
            exact: snapshot.exact,
            source,
            replay: snapshot.replay(0),
        };
        let first = frame(snapshot, "tmux");
        let mut terminal = Terminal::replayed(size, &first.replay);
        gathered.frames.push(first);
        let now = *self.size.get_or_insert(size);
        if now != size {
            terminal.resize(now);
            let resized = terminal.snapshot(snapshot.pane, snapshot.offset, snapshot.exact);
            gathered.frames.push(frame(&resized, "emulator"));
        }
        self.begin_reading(terminal, snapshot, at);
        let mut lines = Vec::new();
        for printed in printed {
            self.read(&printed, &mut lines);
        }
        self.begun = lines;
        gathered
    }

    fn begin_reading(&mut self, terminal: Terminal, snapshot: &PaneSnapshot, at: i64) {
        self.frame = FrameAge { bytes: 0, at };
        self.printed_since_look = 2;
        self.exact = snapshot.exact;
        self.is_fresh = false;
        self.lines.begin(&terminal);
        self.screen = Screen::Live(Box::new(terminal), snapshot.offset);
        self.asked = 0;
    }

    /// Gathers what is to be committed. At the end of the pane everything on its screen counts as it stands.
    pub(super) fn gather(&mut self, now: i64, is_end: bool) -> Gathered {
        let mut gathered = Gathered::default();
        let mut lines = std::mem::take(&mut self.begun);
        let open = self.open.take();
        let last = open.as_ref().and_then(|open| open.chunk.outputs.last());
        let (seq, at) = last.map_or((0, now), |last| (last.seq, last.at));
        let mut chunk = open.map(|open| self.close(open, &mut lines));
        self.look(now, is_end, &mut lines);
        if chunk.is_none() && !lines.is_empty() {
            // What stands since the last output has no output of its own.
            let first_offset = self.end_offset();
            chunk = Some(Chunk {
                first_offset,
                ..Chunk::default()
            });
        }
        if let Some(chunk) = &mut chunk {
            gathered.frames.extend(self.frame(seq, at));
            self.put_lines(chunk, lines);
        }
        gathered.chunk = chunk;
        gathered
    }

    fn close(&mut self, mut open: Open, lines: &mut Vec<NewLine>) -> Chunk {
        if let Some(piece) = self.redactor.as_mut().and_then(Redactor::release) {
            open.masked.extend_from_slice(&piece.bytes);
        }
        let (plain, masked) = (open.plain.freeze(), open.masked.freeze());
        let has_rules = self.how.rules.is_some();
        (open.chunk.bytes, open.chunk.masked) = match (self.how.keeps_secrets, has_rules) {
            (_, false) => (plain, None),
            (false, true) => (masked, None),
            (true, true) => {
                let differs = masked != plain;
                (plain, differs.then_some(masked))
            }
        };
        if open.kept {
            self.read_all(&open.chunk, &open.resizes, lines);
        }
        open.chunk
    }

    /// Lets the terminal read what is in a chunk.
    fn read_all(&mut self, chunk: &Chunk, resizes: &[(usize, Size)], lines: &mut Vec<NewLine>) {
        let len = chunk.bytes.len();
        if len > FLOOD {
            self.unread += len as u64;
            self.screen = Screen::Unknown;
            return;
        }
        self.frame.bytes += len as u64;
        let mut resizes = resizes.iter().peekable();
        for (index, output) in chunk.outputs.iter().enumerate() {
            while let Some((_, size)) = resizes.next_if(|(at, _)| *at <= index) {
                self.resize_terminal(*size);
            }
            let start = usize::try_from(output.start).unwrap_or(len);
            let end = start.saturating_add(output.len as usize).min(len);
            if output.visibility == Visibility::Redacted || start >= end {
                continue;
            }
            let printed = Printed {
                offset: chunk.first_offset + start as u64,
                at: output.at,
                bytes: chunk.bytes.slice(start..end),
            };
            self.read(&printed, lines);
        }
        for (_, size) in resizes {
            self.resize_terminal(*size);
        }
    }

    fn resize_terminal(&mut self, size: Size) {
        if let Screen::Live(terminal, _) = &mut self.screen {
            terminal.resize(size);
        }
    }

    fn read(&mut self, printed: &Printed, lines: &mut Vec<NewLine>) {
        let end = printed.offset + printed.bytes.len() as u64;
        match &mut self.screen {
            Screen::Unknown => self.unread += printed.bytes.len() as u64,
            Screen::Waiting(waiting, bytes) => {
                *bytes += printed.bytes.len();
                waiting.push(printed.clone());
                if *bytes > WAITING {
                    self.unread += *bytes as u64;
                    *waiting = Vec::new();
                    *bytes = 0;
                }
            }
            Screen::Live(terminal, read) => {
                let known = read.saturating_sub(printed.offset);
                let known = usize::try_from(known).unwrap_or(usize::MAX);
                let Some(fresh) = printed.bytes.get(known..).filter(|fresh| !fresh.is_empty())
                else {
                    return;
                };
                let collector = &mut self.lines;
                terminal.feed(fresh, |terminal| {
                    collector.gone(terminal, (printed.at, end), lines);
                });
                *read = end;
                self.printed_since_look = 2;
            }
        }
    }

    fn look(&mut self, now: i64, is_end: bool, lines: &mut Vec<NewLine>) {
        let Screen::Live(terminal, offset) = &mut self.screen else {
            return;
        };
        let is_due = self.printed_since_look > 0 && now - self.looked_at >= LOOK;
        if !is_due && !is_end {
            return;
        }
        self.lines.look(terminal, (now, *offset), is_end, lines);
        self.looked_at = now;
        // What stands at the second look behind the last output stands.
        self.printed_since_look = self.printed_since_look.saturating_sub(1);
    }

    fn frame(&mut self, seq: u64, at: i64) -> Option<Frame> {
        let is_due = self.frame.bytes >= FRAME_BYTES
            || self.frame.bytes > 0 && at - self.frame.at >= FRAME_TIME;
        let Screen::Live(terminal, offset) = &mut self.screen else {
            return None;
        };
        if !is_due || !terminal.is_ground() {
            return None;
        }
        self.frame = FrameAge { bytes: 0, at };
        let snapshot = terminal.snapshot(PaneId(0), *offset, self.exact);
        Some(Frame {
            offset: *offset,
            seq,
            at,
            size: (snapshot.cols, snapshot.rows),
            exact: snapshot.exact,
            source: "emulator",
            replay: snapshot.replay(0),
        })
    }

    /// What is searched has its secrets masked, whatever is kept.
    fn put_lines(&self, chunk: &mut Chunk, lines: Vec<NewLine>) {
        for line in lines {
            let rules = self.how.rules.as_ref().filter(|_| self.how.keeps_secrets);
            let masked = rules.and_then(|rules| rules.masked(&line.text));
            let text = masked.unwrap_or(line.text);
            chunk.lines.push(Line {
                id: 0,
                at: line.at,
                offset: line.offset,
                len: u32::try_from(text.len()).unwrap_or(u32::MAX),
            });
            chunk.text.push_str(&text);
        }
    }
}
