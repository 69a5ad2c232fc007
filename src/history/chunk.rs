//! What a pane printed over some time, in one compressed piece: the bytes, which event brought which of them, and the lines
//! of text that came of them.
//!
//! Text stands nearly as it is among the bytes, so beside them it compresses to next to nothing.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use crate::model::{Audience, Visibility};

/// The most that a chunk may grow to when it is read: a damaged one can't fill memory.
const MOST: usize = 64 << 20;

/// How chunks are written. Another number is another form.
const FORM: u8 = 1;

/// One chunk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Chunk {
    /// The offset of its first byte.
    pub(super) first_offset: u64,
    /// The bytes; none of them if they are withheld.
    pub(super) bytes: Bytes,
    /// The same with secrets masked, if there are any.
    pub(super) masked: Option<Bytes>,
    /// Who may see what: outputs say which of these is theirs.
    pub(super) audiences: Vec<Audience>,
    /// The events, in the order of the log.
    pub(super) outputs: Vec<Output>,
    /// The lines that came of them, in the order of their numbers.
    pub(super) lines: Vec<Line>,
    /// Their texts, one behind the other.
    pub(super) text: String,
}

/// An event that brought output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Output {
    /// Its place in the log.
    pub(super) seq: u64,
    /// When, in milliseconds since 1970.
    pub(super) at: i64,
    /// Where its bytes begin, counted from the chunk's first byte. Those for whom secrets are masked may get them later.
    pub(super) start: i64,
    /// How many they are.
    pub(super) len: u32,
    /// Who sees it: all, those who see secrets, the others.
    pub(super) visibility: Visibility,
    /// Which of the audiences.
    pub(super) audience: u32,
    /// Whether the bytes are kept.
    pub(super) kept: bool,
}

/// A line of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Its number, which no other line of the store has.
    pub(super) id: u64,
    /// When it stood as it is.
    pub(super) at: i64,
    /// The offset of the pane's stream behind which it stood so.
    pub(super) offset: u64,
    /// How many bytes its text has.
    pub(super) len: u32,
}

/// Numbers that differ little from one to the next take a byte or two: what stands in the file are differences.
#[derive(Default)]
struct Steps {
    seq: u64,
    at: i64,
    start: i64,
    id: u64,
    line_at: i64,
    offset: u64,
}

impl Chunk {
    /// The chunk as it stands in the file.
    ///
    /// # Errors
    /// It can't be compressed.
    pub(super) fn write(mut self, level: i32) -> Result<Vec<u8>, StoreError> {
        let mut steps = Steps::default();
        for output in &mut self.outputs {
            let end = output.start + i64::from(output.len);
            let (seq, at, start) = (output.seq, output.at, output.start);
            output.seq = seq.wrapping_sub(steps.seq);
            output.at = at.wrapping_sub(steps.at);
            output.start = start - steps.start;
            (steps.seq, steps.at, steps.start) = (seq, at, end);
        }
        for line in &mut self.lines {
            let Line { id, at, offset, .. } = *line;
            line.id = id.wrapping_sub(steps.id);
            line.at = at.wrapping_sub(steps.line_at);
            line.offset = offset.wrapping_sub(steps.offset);
            (steps.id, steps.line_at, steps.offset) = (id, at, offset);
        }
        let plain = postcard::to_stdvec(&self).map_err(|_| StoreError::Form("chunk"))?;
        let mut out = vec![FORM];
        let compressed = zstd::bulk::compress(&plain, level)?;
        out.extend_from_slice(&compressed);
        Ok(out)
    }

    /// Reads one.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn read(blob: &[u8]) -> Result<Self, StoreError> {
        let Some((&FORM, compressed)) = blob.split_first() else {
            return Err(StoreError::Form("chunk"));
        };
        let size = zstd::bulk::Decompressor::upper_bound(compressed).unwrap_or(MOST);
        let plain = zstd::bulk::decompress(compressed, size.min(MOST))?;
        let mut chunk: Self =
            postcard::from_bytes(&plain).map_err(|_| StoreError::Form("chunk"))?;
        let mut steps = Steps::default();
        for output in &mut chunk.outputs {
            output.seq = output.seq.wrapping_add(steps.seq);
            output.at = output.at.wrapping_add(steps.at);
            output.start += steps.start;
            steps.seq = output.seq;
            steps.at = output.at;
            steps.start = output.start + i64::from(output.len);
        }
        for line in &mut chunk.lines {
            line.id = line.id.wrapping_add(steps.id);
            line.at = line.at.wrapping_add(steps.line_at);
            line.offset = line.offset.wrapping_add(steps.offset);
            (steps.id, steps.line_at, steps.offset) = (line.id, line.at, line.offset);
        }
        let text: usize = chunk.lines.iter().map(|line| line.len as usize).sum();
        match text == chunk.text.len() {
            true => Ok(chunk),
            false => Err(StoreError::Form("chunk")),
        }
    }

    /// The offset behind its last byte.
    pub(super) fn end_offset(&self) -> u64 {
        let ends = self
            .outputs
            .iter()
            .filter(|output| output.visibility != Visibility::Redacted);
        let ends = ends.map(|output| output.start + i64::from(output.len));
        let end = u64::try_from(ends.max().unwrap_or(0)).unwrap_or(0);
        self.first_offset + end.max(self.bytes.len() as u64)
    }

    /// The bytes as one sees them from whom secrets are kept, or aren't.
    pub(super) fn seen(&self, redacted: bool) -> &Bytes {
        let masked = self.masked.as_ref().filter(|_| redacted);
        masked.unwrap_or(&self.bytes)
    }

    /// Its lines with their texts.
    pub(super) fn texts(&self) -> impl Iterator<Item = (Line, &str)> {
        let mut rest = self.text.as_str();
        self.lines.iter().map(move |line| {
            let (text, behind) = rest
                .split_at_checked(line.len as usize)
                .unwrap_or((rest, ""));
            rest = behind;
            (*line, text)
        })
    }

    /// The line of this number, with its text.
    pub(super) fn text_of(&self, id: u64) -> Option<(Line, &str)> {
        let index = self.lines.binary_search_by_key(&id, |line| line.id).ok()?;
        let (before, rest) = self.lines.split_at(index);
        let line = *rest.first()?;
        let start: usize = before.iter().map(|line| line.len as usize).sum();
        let text = self.text.get(start..start + line.len as usize)?;
        Some((line, text))
    }

    /// Appends the one that comes right behind it. False if it doesn't.
    pub(super) fn append(&mut self, next: &Self) -> bool {
        let moved = next.first_offset.wrapping_sub(self.first_offset);
        let withheld = |chunk: &Self| chunk.bytes.is_empty() && !chunk.outputs.is_empty();
        if self.end_offset() != next.first_offset || withheld(self) != withheld(next) {
            return false;
        }
        let Ok(moved) = i64::try_from(moved) else {
            return false;
        };
        if self.masked.is_some() || next.masked.is_some() {
            let masked = [&self.seen(true)[..], &next.seen(true)[..]].concat();
            self.masked = Some(masked.into());
        }
        self.bytes = [&self.bytes[..], &next.bytes[..]].concat().into();
        for output in &next.outputs {
            let audience = next.audiences.get(output.audience as usize);
            let audience = audience.map(|audience| index_of(&mut self.audiences, audience));
            self.outputs.push(Output {
                start: output.start + moved,
                audience: audience.unwrap_or_default(),
                ..*output
            });
        }
        self.lines.extend_from_slice(&next.lines);
        self.text.push_str(&next.text);
        true
    }
}

/// Where an audience stands among others, at the end if it is new.
pub(super) fn index_of(audiences: &mut Vec<Audience>, audience: &Audience) -> u32 {
    let known = audiences.iter().rposition(|known| known == audience);
    let index = known.unwrap_or_else(|| {
        audiences.push(audience.clone());
        audiences.len() - 1
    });
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn chunk(first_offset: u64, seq: u64, text: &str) -> Chunk {
        let len = u32::try_from(text.len()).unwrap();
        Chunk {
            first_offset,
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            masked: None,
            audiences: vec![Audience::Everyone],
            outputs: vec![Output {
                seq,
                at: 1_000_000 + i64::try_from(seq).unwrap(),
                start: 0,
                len,
                visibility: Visibility::All,
                audience: 0,
                kept: true,
            }],
            lines: vec![Line {
                id: 10 * seq,
                at: 1_000_000,
                offset: first_offset + u64::from(len),
                len,
            }],
            text: text.to_owned(),
        }
    }

    #[test]
    fn chunks_are_read_as_they_were_written() {
        let mut whole = chunk(500, 7, "one");
        assert!(whole.append(&chunk(503, 9, "more")));
        assert!(!whole.append(&chunk(508, 10, "behind a gap")));
        let mut next = chunk(507, 11, "last");
        next.masked = Some(Bytes::from_static(b"****"));
        next.audiences = vec![Audience::Unscoped];
        assert!(whole.append(&next));
        assert_eq!(whole.end_offset(), 511);
        assert_eq!(&whole.seen(true)[..], b"onemore****");
        let read = Chunk::read(&whole.clone().write(3).unwrap()).unwrap();
        assert_eq!(read, whole);
        let texts: Vec<_> = read.texts().map(|(line, text)| (line.id, text)).collect();
        assert_eq!(texts, [(70, "one"), (90, "more"), (110, "last")]);
        assert_eq!(read.audiences, [Audience::Everyone, Audience::Unscoped]);
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let blob = chunk(0, 1, "text of some length").write(3).unwrap();
        for at in 0..blob.len() {
            let mut damaged = blob.clone();
            damaged[at] ^= 0x55;
            // It need not be noticed, but must not end anything.
            let _ = Chunk::read(&damaged);
            assert!(Chunk::read(&blob[..at]).is_err(), "{at}");
        }
        assert!(Chunk::read(b"").is_err());
    }
}
