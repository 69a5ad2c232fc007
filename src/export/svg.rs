//! Rows as a picture in SVG that needs nothing else. Each run of text has its place and its width, so columns stand below
//! each other in any font.
//!
//! How large the picture is stands at its beginning and is known at its end, so it is put right then.

use std::io::Write as _;

use super::drawn::Sheet;
use super::line::{Line, Run};
use super::style::{Theme, escape};
use super::{About, Patch};
use crate::printable;

/// A cell's width and height, and how far below its top text stands, in tenths.
const WIDTH: u64 = 84;
const HEIGHT: u64 = 170;
const BASELINE: u64 = 130;

/// The edge around all, in tenths.
const EDGE: u64 = 100;

/// Writes it.
#[derive(Debug)]
pub(super) struct Svg {
    about: About,
    theme: Theme,
    columns: usize,
    rows: u64,
    /// Where the size stands.
    size_at: u64,
}

impl Svg {
    pub(super) fn new(about: About, theme: Theme) -> Self {
        Self {
            about,
            theme,
            columns: 1,
            rows: 0,
            size_at: 0,
        }
    }

    /// The size, always as many bytes.
    fn size(&self) -> String {
        let columns = u64::try_from(self.columns).unwrap_or(u64::MAX);
        let width = columns
            .saturating_mul(WIDTH)
            .saturating_add(2 * EDGE)
            .div_ceil(10);
        let height = self
            .rows
            .saturating_mul(HEIGHT)
            .saturating_add(2 * EDGE)
            .div_ceil(10);
        format!(
            "width=\"{width:012}\" height=\"{height:012}\" viewBox=\"0 0 {width:012} {height:012}\""
        )
    }

    /// The top of the next row.
    fn top(&self) -> u64 {
        EDGE + self.rows * HEIGHT
    }

    fn run(&self, run: &Run, column: usize, out: &mut Vec<u8>) {
        let length = |columns: usize| u64::try_from(columns).unwrap_or(0) * WIDTH;
        let (left, width, top) = (EDGE + length(column), length(run.columns), self.top());
        if let (_, Some(behind)) = self.theme.colours(run.style) {
            put(
                out,
                format_args!(
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{behind}\"/>",
                    Tenths(left),
                    Tenths(top),
                    Tenths(width),
                    Tenths(HEIGHT)
                ),
            );
        }
        let is_blank = run.text.bytes().all(|byte| byte == b' ');
        if is_blank && run.style.underline.is_none() && !run.style.struck {
            return;
        }
        put(
            out,
            format_args!(
                "<text x=\"{}\" y=\"{}\" textLength=\"{}\"",
                Tenths(left),
                Tenths(top + BASELINE),
                Tenths(width)
            ),
        );
        let css = self.theme.declarations(run.style, "fill");
        if !css.is_empty() {
            put(
                out,
                format_args!(" style=\"{}\"", css.trim_end_matches(';')),
            );
        }
        out.push(b'>');
        escape(&run.text, out);
        out.extend_from_slice(b"</text>");
    }
}

/// A number of tenths.
struct Tenths(u64);

impl std::fmt::Display for Tenths {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.0 / 10, self.0 % 10) {
            (whole, 0) => write!(formatter, "{whole}"),
            (whole, tenths) => write!(formatter, "{whole}.{tenths}"),
        }
    }
}

impl Sheet for Svg {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let before = out.len();
        out.extend_from_slice(b"<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" ");
        self.size_at = u64::try_from(out.len() - before).unwrap_or(0);
        out.extend_from_slice(self.size().as_bytes());
        out.extend_from_slice(b">\n<title>");
        escape(&printable::escaped(&self.about.title), out);
        let (foreground, background) = (self.theme.foreground(), self.theme.background());
        put(
            out,
            format_args!(
                "</title>\n<style>text{{font:14px ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;\
                 fill:{foreground};white-space:pre;direction:ltr;unicode-bidi:bidi-override}}\
                 .gap{{font-style:italic;opacity:.7}}</style>\n\
                 <rect width=\"100%\" height=\"100%\" fill=\"{background}\"/>\n"
            ),
        );
    }

    fn line(&mut self, line: &Line, out: &mut Vec<u8>) {
        let mut column = 0;
        for run in &line.runs {
            self.run(run, column, out);
            column += run.columns;
        }
        if column > 0 {
            out.push(b'\n');
        }
        self.columns = self.columns.max(line.columns());
        self.rows += 1;
    }

    fn gap(&mut self, missing: &str, out: &mut Vec<u8>) {
        let (left, baseline) = (Tenths(EDGE), Tenths(self.top() + BASELINE));
        put(
            out,
            format_args!("<text class=\"gap\" x=\"{left}\" y=\"{baseline}\">["),
        );
        escape(&printable::escaped(missing), out);
        out.extend_from_slice(b"]</text>\n");
        self.columns = self.columns.max(missing.chars().count() + 2);
        self.rows += 1;
    }

    fn divide(&mut self, out: &mut Vec<u8>) {
        let middle = Tenths(self.top() + HEIGHT / 2);
        let foreground = self.theme.foreground();
        put(
            out,
            format_args!(
                "<rect y=\"{middle}\" width=\"100%\" height=\"1\" fill=\"{foreground}\" opacity=\".5\"/>\n"
            ),
        );
        self.rows += 1;
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Vec<Patch> {
        out.extend_from_slice(b"</svg>\n");
        vec![Patch {
            offset: self.size_at,
            bytes: self.size().into_bytes(),
        }]
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}
