//! Rows as a page of HTML that needs nothing else: no script, no font, no other file.

use std::io::Write as _;

use super::drawn::Sheet;
use super::line::{Line, Run};
use super::style::{Theme, escape};
use super::{About, Patch};
use crate::printable;

/// Writes it.
#[derive(Debug)]
pub(super) struct Html {
    about: About,
    theme: Theme,
}

impl Html {
    pub(super) fn new(about: About, theme: Theme) -> Self {
        Self { about, theme }
    }

    fn run(&self, run: &Run, out: &mut Vec<u8>) {
        let mut css = self.theme.declarations(run.style, "color");
        if let (_, Some(behind)) = self.theme.colours(run.style) {
            css.push_str("background:");
            css.push_str(&behind);
            css.push(';');
        }
        let class = if run.is_wide { " class=\"w\"" } else { "" };
        if css.is_empty() && class.is_empty() {
            return escape(&run.text, out);
        }
        put(out, format_args!("<span{class}"));
        if !css.is_empty() {
            put(
                out,
                format_args!(" style=\"{}\"", css.trim_end_matches(';')),
            );
        }
        out.push(b'>');
        escape(&run.text, out);
        out.extend_from_slice(b"</span>");
    }
}

impl Sheet for Html {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(
            b"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
              <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
              <meta name=\"viewport\" content=\"width=device-width\">\n<title>",
        );
        escape(&printable::escaped(&self.about.title), out);
        let (foreground, background) = (self.theme.foreground(), self.theme.background());
        put(
            out,
            format_args!(
                "</title>\n<style>\n\
                 body{{margin:1em;background:{background};color:{foreground}}}\n\
                 pre{{margin:0;font:14px/1.25 ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;\
                 direction:ltr;unicode-bidi:bidi-override}}\n\
                 .w{{display:inline-block;width:2ch;overflow:hidden;vertical-align:bottom}}\n\
                 .gap{{opacity:.7;font-style:italic}}\n\
                 </style>\n</head>\n<body>\n<pre>\n"
            ),
        );
    }

    fn line(&mut self, line: &Line, out: &mut Vec<u8>) {
        for run in &line.runs {
            self.run(run, out);
        }
        out.push(b'\n');
    }

    fn gap(&mut self, missing: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<span class=\"gap\">[");
        escape(&printable::escaped(missing), out);
        out.extend_from_slice(b"]</span>\n");
    }

    fn divide(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"</pre>\n<hr>\n<pre>\n");
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Vec<Patch> {
        out.extend_from_slice(b"</pre>\n</body>\n</html>\n");
        Vec::new()
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}
