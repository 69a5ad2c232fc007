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
    Printed(Output<'a>),
    Reported(Reported),
}

/// What tmux says, apart from what panes print.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reported {
    Begin(Guard),
    /// `%end` or `%error`, which belong inside a block.
    Stray,
    Exit(Option<Text>),
    Notification(Notification),
}

/// `line = printed / reported`
#[inline]
pub(super) fn line(input: &[u8]) -> Parsed<'_, Line<'_>> {
    alt((map(printed, Line::Printed), map(reported, Line::Reported))).parse(input)
}

/// `printed = output / extended-output`
#[inline]
fn printed(input: &[u8]) -> Parsed<'_, Output<'_>> {
    alt((output, extended_output)).parse(input)
}

/// `reported = begin / end / error / exit / notification`
#[inline(never)]
fn reported(input: &[u8]) -> Parsed<'_, Reported> {
    alt((
        map(begin, Reported::Begin),
        map(end, |_| Reported::Stray),
        map(error, |_| Reported::Stray),
        map(exit, Reported::Exit),
        map(notification, Reported::Notification),
    ))
    .parse(input)
}
