//! What a pane printed: `%output` and `%extended-output`.

use bytes::BytesMut;
use nom::Parser;
use nom::bytes::complete::tag;
use nom::combinator::rest;
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded};

use super::escape;
use super::grammar::{Parsed, long_number, pane_id, word};
use crate::ids::PaneId;

/// A run of bytes that one pane printed, still escaped and still in the input buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output<'a> {
    /// The pane that printed it.
    pub pane: PaneId,
    /// How many milliseconds tmux held it back; known only under `pause-after`.
    pub age_ms: Option<u64>,
    escaped: &'a [u8],
}

impl<'a> Output<'a> {
    /// An output from its parts; `escaped` is as tmux writes it.
    #[must_use]
    pub fn new(pane: PaneId, age_ms: Option<u64>, escaped: &'a [u8]) -> Self {
        Self {
            pane,
            age_ms,
            escaped,
        }
    }

    /// The bytes as they stand on the line.
    #[must_use]
    pub fn escaped(&self) -> &'a [u8] {
        self.escaped
    }

    /// Appends the bytes that the pane printed to `out`.
    pub fn unescape_into(&self, out: &mut BytesMut) {
        escape::unescape_into(self.escaped, out);
    }
}

/// `output = %s"%output" SP pane-id SP data`
pub(super) fn output(input: &[u8]) -> Parsed<'_, Output<'_>> {
    let (input, pane) = delimited(tag(&b"%output "[..]), pane_id, tag(&b" "[..])).parse(input)?;
    let (input, escaped) = data(input)?;
    Ok((input, Output::new(pane, None, escaped)))
}

/// `extended-output = %s"%extended-output" SP pane-id SP age *( SP reserved ) SP ":" SP data`
pub(super) fn extended_output(input: &[u8]) -> Parsed<'_, Output<'_>> {
    let (input, pane) = preceded(tag(&b"%extended-output "[..]), pane_id).parse(input)?;
    let (input, age) = preceded(tag(&b" "[..]), age).parse(input)?;
    let (input, _) = many0_count(preceded(tag(&b" "[..]), reserved)).parse(input)?;
    let (input, escaped) = preceded(tag(&b" : "[..]), data).parse(input)?;
    Ok((input, Output::new(pane, Some(age), escaped)))
}

/// `age = long-number`
fn age(input: &[u8]) -> Parsed<'_, u64> {
    long_number(input)
}

/// `reserved = ( %x01-09 / %x0B-1F / %x21-39 / %x3B-FF ) [ word ] / ":" word`
///
/// A word, but not a lone colon: that one ends them.
pub(super) fn reserved(input: &[u8]) -> Parsed<'_, &[u8]> {
    nom::combinator::verify(word, |word: &[u8]| word != b":").parse(input)
}

/// `data = *( %x20-5B / %x5D-FF / escape )`
///
/// The escapes are undone later, straight into the reader's buffer: see [`Output::unescape_into`].
fn data(input: &[u8]) -> Parsed<'_, &[u8]> {
    rest(input)
}
