//! What a line is: the grammar's first rule.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::map;

use super::block::{Guard, begin, end, error};
use super::grammar::Parsed;
use super::notification::{Notification, exit, notification};
use super::output::{Output, extended_output, output};
use super::text::Text;

/// A line of tmux's, without its LF, as it is read outside every block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Output(Output<'a>),
    Begin(Guard),
    /// `%end` or `%error`, which belong inside a block.
    Stray,
    Exit(Option<Text>),
    Notification(Notification),
}

/// `line = output / extended-output / begin / end / error / exit / notification`
pub(super) fn line(input: &[u8]) -> Parsed<'_, Line<'_>> {
    alt((
        map(output, Line::Output),
        map(extended_output, Line::Output),
        map(begin, Line::Begin),
        map(end, |_| Line::Stray),
        map(error, |_| Line::Stray),
        map(exit, Line::Exit),
        map(notification, Line::Notification),
    ))
    .parse(input)
}
