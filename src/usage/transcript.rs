//! A transcript that grows: bytes in, counts out, whatever way the bytes are cut.

use memchr::memchr_iter;

use super::tally::Tally;
use super::{claude, codex, gemini};

/// The longest line that is read, in bytes. One that is longer holds a whole file or picture, and nothing that counts.
const LONGEST_LINE: usize = 4 << 20;

/// The longest transcript that is one value, in bytes.
const LONGEST_WHOLE: usize = 64 << 20;

/// The room that is kept for lines: a long one leaves no more behind.
const ROOM: usize = 64 << 10;

/// Whose transcript it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TranscriptForm {
    /// Claude Code's.
    Claude,
    /// Codex's.
    Codex,
    /// Gemini CLI's.
    Gemini,
}

impl TranscriptForm {
    /// That of an agent, if it is known.
    #[must_use]
    pub fn of(agent: &str) -> Option<Self> {
        match agent {
            "claude" => Some(Self::Claude),
            "codex" => Some(Self::Codex),
            "gemini" => Some(Self::Gemini),
            _ => None,
        }
    }
}

/// A transcript, as far as it was read.
#[derive(Debug, Clone)]
pub struct Transcript {
    form: TranscriptForm,
    tally: Tally,
    codex: codex::Context,
    /// A line that has not ended yet.
    line: Vec<u8>,
    /// The line is too long, and what comes up to its end is passed over.
    is_long: bool,
    /// Whether a line has ended.
    has_lines: bool,
    /// All of it, if it is one value over many lines, as Gemini CLI wrote it once.
    whole: Option<Vec<u8>>,
}

impl Transcript {
    /// One of which nothing was read yet.
    #[must_use]
    pub fn new(form: TranscriptForm) -> Self {
        Self {
            form,
            tally: Tally::default(),
            codex: codex::Context::default(),
            line: Vec::new(),
            is_long: false,
            has_lines: false,
            whole: None,
        }
    }

    /// What was counted up to the last line that has ended.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Reads what comes next.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut from = 0;
        for end in memchr_iter(b'\n', bytes) {
            if self.whole.is_some() {
                break;
            }
            self.add(&bytes[from..end]);
            self.end_line();
            from = end + 1;
        }
        match self.whole.take() {
            Some(whole) => self.add_whole(whole, &bytes[from..]),
            None => self.add(&bytes[from..]),
        }
    }

    /// Adds to a transcript that is one value, and reads it once it has ended.
    fn add_whole(&mut self, mut whole: Vec<u8>, bytes: &[u8]) {
        // Of one that is too long nothing is kept, and it never ends.
        match whole.len() + bytes.len() > LONGEST_WHOLE {
            true => whole.clear(),
            false => whole.extend_from_slice(bytes),
        }
        if whole.trim_ascii_end().ends_with(b"\n}") {
            gemini::read_whole(&whole, &mut self.tally);
        }
        self.whole = Some(whole);
    }

    /// Adds to the line that has not ended.
    fn add(&mut self, text: &[u8]) {
        self.is_long |= self.line.len() + text.len() > LONGEST_LINE;
        if !self.is_long {
            self.line.extend_from_slice(text);
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let is_first = !std::mem::replace(&mut self.has_lines, true);
        if is_first && self.form == TranscriptForm::Gemini && line.trim_ascii() == b"{" {
            self.whole = Some(b"{\n".to_vec());
        }
        if !std::mem::take(&mut self.is_long) {
            // What is no JSON, or none that is known, counts for nothing.
            match self.form {
                TranscriptForm::Claude => claude::read(&line, &mut self.tally),
                TranscriptForm::Codex => codex::read(&line, &mut self.codex, &mut self.tally),
                TranscriptForm::Gemini => gemini::read(&line, &mut self.tally),
            };
        }
        self.line = line;
        self.line.clear();
        self.line.shrink_to(ROOM);
    }
}
