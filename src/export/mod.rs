//! What a pane printed, in the forms that other programs read: asciicast, text, HTML and SVG; and events as NDJSON.
//!
//! A recording comes in as [`Piece`]s: a screen, what was printed since, other sizes, gaps. An [`Exporter`] gives bytes for
//! each, so an export of any length takes as much memory as a screen. It does no IO and knows no clock. Nothing that it
//! gives has a control character or a sequence in it that acts on the terminal that prints it (asciicasts have those of the
//! recording as JSON escapes, and of them only those that draw).
//!
//! Reading order: `sieve` (what of a pane's bytes draws), `cast` (asciicast), `terminal` and `line` (rows as they look),
//! `drawn` (which rows an export has), and `text`, `html` and `svg` (how they are written), `style` (their colours).

mod cast;
mod drawn;
mod html;
mod line;
mod sieve;
mod style;
mod svg;
mod terminal;
mod text;

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

pub use cast::CastVersion;
pub use style::Theme;

use crate::printable;

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}x{}", self.cols, self.rows)
    }
}

/// What happens in a recording. The first is a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The pane as it is known as a whole, as the bytes that bring a terminal there, whatever it showed.
    Screen {
        /// Its size.
        size: Size,
        /// The bytes.
        replay: &'a [u8],
    },
    /// The pane printed this.
    Output(&'a [u8]),
    /// The pane has another size.
    Resize(Size),
    /// Something is missing, as this says. A screen follows.
    Gap(&'a str),
}

/// A pane can't be exported in this form.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExportError {
    /// It has too many cells.
    #[error("the pane has {0}, and up to 240,000 cells can be drawn: export it as an asciicast")]
    TooLarge(Size),
    /// It has none.
    #[error("the pane has {0}: there is nothing to draw")]
    Empty(Size),
    /// The recording does not begin with a screen.
    #[error("the recording does not begin with a screen")]
    NoScreen,
}

/// What an export is told besides the recording.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// What it is of, for people.
    pub title: String,
}

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A recording that asciinema plays.
    Asciicast(CastVersion),
    /// Text without sequences.
    Text(Extent),
    /// A page with colours.
    Html(Extent, Theme),
    /// A picture with colours.
    Svg(Extent, Theme),
}

/// How much of the text an export has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All lines that went off the screen, and the screen as it is in the end.
    Whole,
    /// The screen as it is in the end.
    Screen,
}

/// Bytes that replace others which were given before, as many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Where, counted from the first byte of the export.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Writes a recording in some form.
pub trait Exporter: fmt::Debug + Send {
    /// Takes what happened at a time, in milliseconds since 1970, and adds to `out` what there is to write.
    ///
    /// # Errors
    /// It can't be written in this form.
    fn take(&mut self, at: i64, piece: Piece<'_>, out: &mut Vec<u8>) -> Result<(), ExportError>;

    /// Adds what comes last, and says what has to be put right in what was written before.
    ///
    /// # Errors
    /// There was nothing to write.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<Vec<Patch>, ExportError>;
}

/// An exporter.
#[must_use]
pub fn exporter(form: Form, about: About) -> Box<dyn Exporter> {
    match form {
        Form::Asciicast(version) => Box::new(cast::Cast::new(version, about)),
        Form::Text(extent) => {
            let joins = extent == Extent::Whole;
            Box::new(drawn::Drawn::new(text::Text::new(joins), extent))
        }
        Form::Html(extent, theme) => {
            Box::new(drawn::Drawn::new(html::Html::new(about, theme), extent))
        }
        Form::Svg(extent, theme) => {
            Box::new(drawn::Drawn::new(svg::Svg::new(about, theme), extent))
        }
    }
}

/// An event as a line of NDJSON.
#[must_use]
pub fn event_line(json: &str) -> Cow<'_, str> {
    printable::json_line(json)
}

#[cfg(test)]
mod export_tests;
