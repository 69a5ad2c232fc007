//! The small rules that the larger ones are made of.
//!
//! Parsers see one whole line, so that there is no "need more bytes" here: what does not fit is malformed.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::combinator::{map, rest, value};
use nom::sequence::preceded;
use nom::{IResult, Parser};

use super::text::Text;
use crate::ids::{PaneId, SessionId, WindowId};

/// What a parser returns: it does not say why a line did not fit, only that it did not.
pub(super) type Parsed<'a, T> = IResult<&'a [u8], T, ()>;

/// `number = 1*9DIGIT`
pub(super) fn number(input: &[u8]) -> Parsed<'_, u32> {
    nom::character::complete::u32(input)
}

/// `long-number = 1*18DIGIT`
pub(super) fn long_number(input: &[u8]) -> Parsed<'_, u64> {
    nom::character::complete::u64(input)
}

/// `session-id = "$" number`
pub(super) fn session_id(input: &[u8]) -> Parsed<'_, SessionId> {
    map(preceded(tag(&b"$"[..]), number), SessionId).parse(input)
}

/// `window-id = "@" number`
pub(super) fn window_id(input: &[u8]) -> Parsed<'_, WindowId> {
    map(preceded(tag(&b"@"[..]), number), WindowId).parse(input)
}

/// `pane-id = "%" number`
pub(super) fn pane_id(input: &[u8]) -> Parsed<'_, PaneId> {
    map(preceded(tag(&b"%"[..]), number), PaneId).parse(input)
}

/// `word = 1*( %x01-09 / %x0B-1F / %x21-FF )`
pub(super) fn word(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|byte| byte != b' ')(input)
}

/// `text = *( %x01-09 / %x0B-FF )`
pub(super) fn text(input: &[u8]) -> Parsed<'_, Text> {
    map(rest, Text::from).parse(input)
}

/// `none = "-"`
pub(super) fn none<T: Clone>(input: &[u8]) -> Parsed<'_, Option<T>> {
    value(None, tag(&b"-"[..])).parse(input)
}

/// `extra = [ SP text ]`
pub(super) fn extra(input: &[u8]) -> Parsed<'_, ()> {
    alt((
        value((), preceded(tag(&b" "[..]), rest)),
        value((), nom::combinator::eof),
    ))
    .parse(input)
}
