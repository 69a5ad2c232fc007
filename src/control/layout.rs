//! Layout strings: how a window is cut into panes.
//!
//! `bb62,159x48,0,0{79x48,0,0,1,79x48,80,0,2}`: a checksum, then cells in cells. See `grammar/layout.abnf`.
//!
//! tmux 3.8 writes JSON to clients that attach with the flag `new-layouts`. We don't, and get this form from every version.

use std::fmt;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take};
use nom::combinator::{all_consuming, map, map_opt, opt};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded, separated_pair, terminated};

use super::grammar::{Parsed, number};
use crate::ids::PaneId;

/// How deep cells may stand in cells; tmux's own bound is a string of 8 KB.
const MAX_DEPTH: usize = 64;

/// A window's layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The cell that fills the window; 3.8 has none when all panes float.
    pub root: Option<Cell>,
    /// The cells that float above it. 3.7 also has them in the tree, 3.8 reports none.
    pub floating: Vec<Cell>,
}

/// A rectangle of a window, in character cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its columns.
    pub width: u32,
    /// Its rows.
    pub height: u32,
    /// Its first column in the window.
    pub x: u32,
    /// Its first row in the window.
    pub y: u32,
    /// What fills it.
    pub content: Content,
}

/// What fills a [`Cell`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A pane.
    Pane(PaneId),
    /// Cells side by side.
    Columns(Vec<Cell>),
    /// Cells one above the other.
    Rows(Vec<Cell>),
}

/// Why a string is no layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// It doesn't follow the grammar.
    #[error("malformed layout")]
    Malformed,
    /// It was changed on its way.
    #[error("the layout's checksum is {found:04x}, not {expected:04x}")]
    Checksum {
        /// As computed.
        expected: u16,
        /// As written.
        found: u16,
    },
}

impl Layout {
    /// Parses a layout string and verifies its checksum.
    ///
    /// # Errors
    /// Says whether the grammar or the checksum is broken.
    pub fn parse(text: &[u8]) -> Result<Self, LayoutError> {
        let (_, (found, layout)) = layout(text).map_err(|_| LayoutError::Malformed)?;
        let expected = sum(text.get(5..).unwrap_or_default());
        if found == expected {
            Ok(layout)
        } else {
            Err(LayoutError::Checksum { expected, found })
        }
    }

    /// The panes, each once, in the order of the string.
    #[must_use]
    pub fn panes(&self) -> Vec<PaneId> {
        let mut panes = Vec::new();
        let mut open: Vec<&Cell> = self.floating.iter().rev().chain(&self.root).collect();
        while let Some(cell) = open.pop() {
            match &cell.content {
                Content::Pane(pane) if panes.contains(pane) => {}
                Content::Pane(pane) => panes.push(*pane),
                Content::Columns(cells) | Content::Rows(cells) => open.extend(cells.iter().rev()),
            }
        }
        panes
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cells = self
            .root
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        if !self.floating.is_empty() {
            cells += &Group('<', &self.floating, '>').to_string();
        }
        write!(f, "{:04x},{cells}", sum(cells.as_bytes()))
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{},{},{}", self.width, self.height, self.x, self.y)?;
        match &self.content {
            Content::Pane(pane) => write!(f, ",{}", pane.0),
            Content::Columns(cells) => Group('{', cells, '}').fmt(f),
            Content::Rows(cells) => Group('[', cells, ']').fmt(f),
        }
    }
}

/// Cells in brackets.
struct Group<'a>(char, &'a [Cell], char);

impl fmt::Display for Group<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(open, cells, close) = self;
        for (index, cell) in cells.iter().enumerate() {
            let before = if index == 0 { *open } else { ',' };
            write!(f, "{before}{cell}")?;
        }
        write!(f, "{close}")
    }
}

/// tmux's checksum: rotate right by one, add the next byte.
fn sum(text: &[u8]) -> u16 {
    text.iter().fold(0, |sum: u16, byte| {
        sum.rotate_right(1).wrapping_add(u16::from(*byte))
    })
}

/// `layout = checksum "," [ cell ] [ floating ]`
fn layout(input: &[u8]) -> Parsed<'_, (u16, Layout)> {
    let tree = map((opt(cell_at(0)), opt(floating)), |(root, floating)| {
        Layout {
            root,
            floating: floating.unwrap_or_default(),
        }
    });
    all_consuming(separated_pair(checksum, tag(&b","[..]), tree)).parse(input)
}

/// `checksum = 4( DIGIT / %x61-66 )`
fn checksum(input: &[u8]) -> Parsed<'_, u16> {
    map_opt(take(4_usize), |digits: &[u8]| {
        let lower = digits
            .iter()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        u16::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| lower)?, 16).ok()
    })
    .parse(input)
}

/// The parser of a cell at this depth.
fn cell_at<'a>(depth: usize) -> impl Parser<&'a [u8], Output = Cell, Error = ()> {
    move |input| cell(input, depth)
}

/// `cell = number %s"x" number "," number "," number ( leaf / columns / rows )`
fn cell(input: &[u8], depth: usize) -> Parsed<'_, Cell> {
    if depth > MAX_DEPTH {
        return Err(nom::Err::Error(()));
    }
    let comma = || tag(&b","[..]);
    let (input, (width, height)) = separated_pair(number, tag(&b"x"[..]), number).parse(input)?;
    let (input, (x, y)) =
        preceded(comma(), separated_pair(number, comma(), number)).parse(input)?;
    let inner = |input| columns(input, depth);
    let (input, content) = alt((leaf, inner, |input| rows(input, depth))).parse(input)?;
    Ok((
        input,
        Cell {
            width,
            height,
            x,
            y,
            content,
        },
    ))
}

/// `leaf = "," number`
fn leaf(input: &[u8]) -> Parsed<'_, Content> {
    map(preceded(tag(&b","[..]), number), |pane| {
        Content::Pane(PaneId(pane))
    })
    .parse(input)
}

/// `columns = "{" cells "}"`
fn columns(input: &[u8], depth: usize) -> Parsed<'_, Content> {
    let group = delimited(tag(&b"{"[..]), |input| cells(input, depth), tag(&b"}"[..]));
    map(group, Content::Columns).parse(input)
}

/// `rows = "[" cells "]"`
fn rows(input: &[u8], depth: usize) -> Parsed<'_, Content> {
    let group = delimited(tag(&b"["[..]), |input| cells(input, depth), tag(&b"]"[..]));
    map(group, Content::Rows).parse(input)
}

/// `cells = cell *( "," cell )`
fn cells(input: &[u8], depth: usize) -> Parsed<'_, Vec<Cell>> {
    separated_list1(tag(&b","[..]), cell_at(depth + 1)).parse(input)
}

/// `floating = "<" cells ">"`
fn floating(input: &[u8]) -> Parsed<'_, Vec<Cell>> {
    terminated(
        preceded(tag(&b"<"[..]), |input| cells(input, 0)),
        tag(&b">"[..]),
    )
    .parse(input)
}
