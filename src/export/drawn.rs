//! Exports that are made of rows: those that went off the screen, and those of the screen in the end.

use super::line::Line;
use super::terminal::Terminal;
use super::{ExportError, Exporter, Extent, Patch, Piece};

/// How rows are written in some form.
pub(super) trait Sheet: std::fmt::Debug + Send {
    /// What comes before all rows.
    fn begin(&mut self, out: &mut Vec<u8>);
    /// A row.
    fn line(&mut self, line: &Line, out: &mut Vec<u8>);
    /// Something is missing here.
    fn gap(&mut self, missing: &str, out: &mut Vec<u8>);
    /// What follows is another screen, which lay over the rows before.
    fn divide(&mut self, out: &mut Vec<u8>);
    /// What comes behind all rows.
    fn end(&mut self, out: &mut Vec<u8>) -> Vec<Patch>;
}

/// An export of rows.
#[derive(Debug)]
pub(super) struct Drawn<S> {
    sheet: S,
    extent: Extent,
    terminal: Option<Terminal>,
    /// Empty rows that nothing has followed yet.
    empty: usize,
}

impl<S: Sheet> Drawn<S> {
    pub(super) fn new(sheet: S, extent: Extent) -> Self {
        Self {
            sheet,
            extent,
            terminal: None,
            empty: 0,
        }
    }

    /// Does something with the terminal, and writes the rows that went off its top meanwhile.
    fn with_terminal<T>(
        &mut self,
        out: &mut Vec<u8>,
        act: impl FnOnce(&mut Terminal, &mut dyn FnMut(Line)) -> T,
    ) -> Result<T, ExportError> {
        let terminal = self.terminal.as_mut().ok_or(ExportError::NoScreen)?;
        let (sheet, empty) = (&mut self.sheet, &mut self.empty);
        Ok(match self.extent {
            Extent::Whole => act(terminal, &mut |line| write(sheet, empty, &line, out)),
            Extent::Screen => act(terminal, &mut |_| {}),
        })
    }

    /// Writes all that the terminal still has.
    fn write_rest(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        let alternate = self.with_terminal(out, |terminal, mut gone| terminal.end(&mut gone))?;
        if let Some(alternate) = alternate {
            self.empty = 0;
            self.sheet.divide(out);
            for line in alternate {
                write(&mut self.sheet, &mut self.empty, &line, out);
            }
        }
        // What is empty at the end of a screen says nothing.
        self.empty = 0;
        Ok(())
    }
}

/// Writes a row. Empty ones wait for one that isn't.
fn write(sheet: &mut impl Sheet, empty: &mut usize, line: &Line, out: &mut Vec<u8>) {
    if line.runs.is_empty() && !line.wraps {
        *empty += 1;
        return;
    }
    for _ in 0..std::mem::take(empty) {
        sheet.line(&Line::default(), out);
    }
    sheet.line(line, out);
}

impl<S: Sheet> Exporter for Drawn<S> {
    fn take(&mut self, _: i64, piece: Piece<'_>, out: &mut Vec<u8>) -> Result<(), ExportError> {
        match piece {
            Piece::Screen { size, replay } => {
                if self.terminal.is_none() {
                    self.sheet.begin(out);
                    self.terminal = Some(Terminal::new(size)?);
                }
                self.with_terminal(out, |terminal, mut gone| {
                    terminal.show(size, replay, &mut gone)
                })?
            }
            Piece::Output(bytes) => {
                self.with_terminal(out, |terminal, mut gone| terminal.print(bytes, &mut gone))
            }
            Piece::Resize(size) => {
                self.with_terminal(out, |terminal, mut gone| terminal.resize(size, &mut gone))?
            }
            Piece::Gap(missing) if self.extent == Extent::Whole => {
                self.write_rest(out)?;
                self.sheet.gap(missing, out);
                Ok(())
            }
            Piece::Gap(_) => Ok(()),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<Vec<Patch>, ExportError> {
        match self.extent {
            Extent::Whole => self.write_rest(out)?,
            Extent::Screen => {
                let terminal = self.terminal.as_ref().ok_or(ExportError::NoScreen)?;
                for line in terminal.screen() {
                    self.sheet.line(&line, out);
                }
            }
        }
        Ok(self.sheet.end(out))
    }
}
