//! A pane's stream as those see it from whom secrets are kept.

use std::sync::Arc;

use bytes::Bytes;

use super::line::Line;
use super::mask::{Mark, mask};
use super::matcher::Matcher;
use super::rules::Rules;
use super::sequence::{Part, Sequence, plain_control};

/// The most that is held back, in bytes; beyond it, what has begun is masked and let go.
const MOST_HELD: usize = 64 * 1024;

/// What an OSC string begins with that puts something into the clipboard. It is base64, in which no rule finds anything.
const CLIPBOARD: &[u8] = b"52;";

/// One pane's stream. What it shows has the offsets of what the pane printed, and comes later at most.
#[derive(Debug, Clone)]
pub struct Redactor {
    rules: Arc<Rules>,
    sequence: Sequence,
    text: Line,
    /// The content of the string sequence under way, with how much of [`CLIPBOARD`] it begins with.
    string: Matcher,
    clipboard: Option<usize>,
    held: Held,
    /// The offset of the next byte.
    next: u64,
}

/// What is held back, because it may be part of a secret or comes behind such.
#[derive(Debug, Clone, Default)]
struct Held {
    start: u64,
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

/// What is shown of some output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fed {
    /// All of it, as it is.
    Unchanged,
    /// This, in place of it; nothing, if all of it is held back.
    Changed(Option<Piece>),
}

/// Some of a pane's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The offset of its first byte.
    pub offset: u64,
    /// The bytes, the secrets in them masked.
    pub bytes: Bytes,
}

impl Redactor {
    /// Of a pane whose next byte has this offset.
    #[must_use]
    pub fn new(rules: Arc<Rules>, offset: u64) -> Self {
        Self {
            sequence: Sequence::default(),
            text: Line::new(&rules),
            string: Matcher::new(&rules),
            clipboard: None,
            held: Held::default(),
            next: offset,
            rules,
        }
    }

    /// The offset of the first byte that was not shown yet.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.next - self.held.bytes.len() as u64
    }

    /// The offset of the next byte that the pane prints.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Whether something is held back.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        !self.held.bytes.is_empty()
    }

    /// What the pane printed next.
    pub fn feed(&mut self, bytes: &Bytes) -> Fed {
        let (base, offset) = (self.next, self.offset());
        let mut changed = self.is_holding();
        let mut out = Vec::new();
        // Up to the first index, all is in `out` or held; from the second on, it is held.
        let (mut taken, mut held_from) = (0, 0);
        let mut at = 0;
        loop {
            if self.is_quiet() {
                let masked = self.held.mask(self.held.bytes.len());
                if masked || self.is_holding() && self.held.start < base {
                    changed = true;
                    out.extend_from_slice(&bytes[taken..held_from]);
                    out.extend_from_slice(&self.held.bytes);
                    taken = at;
                }
                self.held.clear();
                at += self.pass_over(&bytes[at..], base + at as u64);
            }
            if at == bytes.len() {
                break;
            }
            if !self.is_holding() {
                (self.held.start, held_from) = (base + at as u64, at);
            }
            self.one(bytes[at], base + at as u64);
            at += 1;
        }
        self.next = base + bytes.len() as u64;
        if self.is_holding() {
            out.extend_from_slice(&bytes[taken..held_from.max(taken)]);
            let decided = self.decided();
            changed |= self.held.mask(decided) || decided < self.held.bytes.len();
            out.extend(self.held.take(decided));
            if self.held.bytes.len() > MOST_HELD {
                out.extend(self.let_go());
            }
        } else {
            out.extend_from_slice(&bytes[taken..]);
        }
        if !changed {
            return Fed::Unchanged;
        }
        let bytes = Bytes::from(out);
        Fed::Changed((!bytes.is_empty()).then_some(Piece { offset, bytes }))
    }

    /// Lets go what is held back. Of a secret that has begun, all that has come is masked, and so will be what goes on
    /// with it.
    pub fn release(&mut self) -> Option<Piece> {
        let offset = self.offset();
        let bytes = Bytes::from(self.let_go());
        (!bytes.is_empty()).then_some(Piece { offset, bytes })
    }

    /// So many bytes were lost behind what has come; nothing may be held back then.
    pub fn skip(&mut self, bytes: u64) {
        debug_assert!(!self.is_holding(), "what was held would move");
        self.next += bytes;
        self.sequence.reset();
        self.string = Matcher::new(&self.rules);
    }

    /// A line ends here, although no byte says so.
    pub fn end_line(&mut self) {
        let Self {
            rules, text, held, ..
        } = self;
        text.read(rules, b'\n', self.next, &mut |range| {
            held.hide(range, Mark::Shown);
        });
    }

    /// A line ends here, or goes on in the next row: nobody knows.
    pub fn part_line(&mut self) {
        self.text.part(&self.rules);
    }

    /// What is shown of all that there is: these bytes, after which nothing comes.
    pub fn whole(&mut self, bytes: &Bytes) -> Bytes {
        let mut out = match self.feed(bytes) {
            Fed::Unchanged => return bytes.clone(),
            Fed::Changed(piece) => piece.map_or_else(Vec::new, |piece| piece.bytes.into()),
        };
        out.extend(self.let_go());
        out.into()
    }

    fn is_quiet(&self) -> bool {
        self.text.is_quiet() && self.string.is_quiet()
    }

    /// How much of what is held is decided. A character is decided whole.
    fn decided(&self) -> usize {
        let undecided = [self.text.undecided(), self.string.undecided()];
        let undecided = undecided.into_iter().flatten().min();
        let Some(undecided) = undecided else {
            return self.held.bytes.len();
        };
        let mut count = self.held.index(undecided);
        let continues = |at: usize| {
            self.held
                .bytes
                .get(at)
                .is_some_and(|byte| byte & 0xc0 == 0x80)
        };
        while count > 0 && continues(count) {
            count -= 1;
        }
        count
    }

    fn let_go(&mut self) -> Vec<u8> {
        let Self {
            rules,
            text,
            string,
            held,
            ..
        } = self;
        let to = self.next;
        text.let_go(rules, to, &mut |range| held.hide(range, Mark::Shown));
        string.let_go(rules, to, &mut |range| held.hide(range, Mark::Content));
        let all = held.bytes.len();
        held.mask(all);
        held.take(all)
    }

    /// Passes over what neither is secret nor needs to be looked at byte by byte; returns how much that is.
    fn pass_over(&mut self, bytes: &[u8], offset: u64) -> usize {
        if !self.sequence.is_ground() {
            return 0;
        }
        let mut at = 0;
        while at < bytes.len() {
            let place = offset + at as u64;
            match bytes[at] {
                0x20..=0x7e | 0x80.. | b'\t' => {
                    let is_text = |byte: &u8| matches!(*byte, 0x20..=0x7e | 0x80.. | b'\t');
                    let end = bytes[at..].iter().position(|byte| !is_text(byte));
                    let text = &bytes[at..end.map_or(bytes.len(), |end| at + end)];
                    let count = self.text.pass_over(&self.rules, text, place);
                    at += count;
                    if count < text.len() {
                        return at;
                    }
                }
                b'\n' => {
                    // Secrets begin with no line's end.
                    self.text.read(&self.rules, b'\n', place, &mut drop);
                    at += 1;
                    if !self.text.is_quiet() {
                        return at;
                    }
                }
                0x1b => match plain_control(&bytes[at..]) {
                    Some(length) => at += length,
                    None => return at,
                },
                _ => return at,
            }
        }
        at
    }

    /// Reads a byte that is held back for now.
    fn one(&mut self, byte: u8, at: u64) {
        let Self {
            rules,
            sequence,
            text,
            string,
            clipboard,
            held,
            ..
        } = self;
        let part = sequence.next(byte);
        held.bytes.push(byte);
        held.marks.push(match part {
            Part::Text => Mark::Shown,
            Part::Content if *clipboard == Some(CLIPBOARD.len()) => Mark::Hidden,
            Part::Content => Mark::Content,
            Part::Sequence | Part::Back(_) | Part::Away | Part::Begin | Part::End => Mark::Other,
        });
        let of = match part {
            Part::Content | Part::End => Mark::Content,
            _ => Mark::Shown,
        };
        let mut hide = |range| held.hide(range, of);
        match part {
            Part::Text => text.read(rules, byte, at, &mut hide),
            Part::Back(columns) => text.back(rules, usize::from(columns), at, &mut hide),
            Part::Away => text.part(rules),
            Part::Begin => {
                *string = Matcher::new(rules);
                *clipboard = sequence.is_osc().then_some(0);
            }
            Part::Content => {
                string.step(rules, byte, at, &mut hide);
                *clipboard = clipboard.and_then(|count| match CLIPBOARD.get(count) {
                    Some(expected) => (*expected == byte).then_some(count + 1),
                    None => Some(count),
                });
            }
            Part::End => {
                string.step(rules, b'\n', at, &mut hide);
                *string = Matcher::new(rules);
                *clipboard = None;
            }
            Part::Sequence => {}
        }
    }
}

impl Rules {
    /// A text with its secrets masked; nothing if there are none. What may be the beginning of one at its end counts.
    #[must_use]
    pub fn masked(self: &Arc<Self>, text: &str) -> Option<String> {
        let mut redactor = Redactor::new(Arc::clone(self), 0);
        if redactor.text.pass_over(self, text.as_bytes(), 0) == text.len() {
            return None;
        }
        let mut redactor = Redactor::new(Arc::clone(self), 0);
        let masked = redactor.whole(&Bytes::copy_from_slice(text.as_bytes()));
        let masked = String::from_utf8_lossy(&masked);
        (masked != text).then(|| masked.into_owned())
    }
}

impl Held {
    fn index(&self, place: u64) -> usize {
        let index = place.saturating_sub(self.start);
        usize::try_from(index).map_or(self.bytes.len(), |index| index.min(self.bytes.len()))
    }

    /// Hides what is of this kind in a range.
    fn hide(&mut self, range: std::ops::Range<u64>, of: Mark) {
        let (from, to) = (self.index(range.start), self.index(range.end));
        for mark in &mut self.marks[from..to] {
            if *mark == of {
                *mark = Mark::Hidden;
            }
        }
    }

    /// Masks the first `count` bytes. Returns whether that changed one.
    fn mask(&mut self, count: usize) -> bool {
        mask(&mut self.bytes[..count], &self.marks[..count])
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.start += count as u64;
        drop(self.marks.drain(..count));
        self.bytes.drain(..count).collect()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.marks.clear();
    }
}
