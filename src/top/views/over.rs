//! What stands over all: help, receipts, and the prompt that is written.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::super::commands::Command;
use super::super::model::Model;
use super::super::parts::{Now, Over};
use super::super::theme::Role;
use super::{fit, put};
use crate::ids::PaneId;
use crate::printable::escaped;

/// The most rows of a prompt that show.
const MOST_ROWS: u16 = 12;

impl Model {
    /// Draws a window and what is in it, from a line on.
    pub(super) fn draw_over(
        &mut self,
        over: Over,
        at: usize,
        body: Rect,
        buf: &mut Buffer,
        now: Now,
    ) {
        let (title, lines) = match over {
            Over::Help => ("Keys".to_owned(), self.help()),
            Over::Receipts => ("Prompts and answers".to_owned(), self.receipt_lines()),
            Over::Details(pane) => (self.place(pane), self.details(pane, now)),
            Over::Explain(pane) => {
                let title = format!("Why {} is said to do so", self.place(pane));
                (title, self.explanation())
            }
        };
        let width = lines
            .iter()
            .map(Line::width)
            .max()
            .unwrap_or(0)
            .max(title.width() + 4);
        let width = u16::try_from(width + 4).unwrap_or(u16::MAX).clamp(40, 100);
        let rows = u16::try_from(lines.len())
            .unwrap_or(u16::MAX)
            .saturating_add(2);
        let area = middle(body, width, rows);
        let inner = self.draw_window(&title, area, buf);
        let last = lines.len().saturating_sub(usize::from(inner.height));
        let at = at.min(last);
        if let super::super::parts::Mode::Over(_, kept) = &mut self.mode {
            *kept = at;
        }
        for (row, line) in (0..inner.height).zip(lines.iter().skip(at)) {
            put(line, inner, row, buf);
        }
        if at < last {
            let more = self.span(" more below ", Role::Dim);
            let x = area.right().saturating_sub(15);
            buf.set_line(x, area.bottom() - 1, &Line::from(more), 12);
        }
    }

    /// A window with a border; returns what is within it.
    fn draw_window(&self, title: &str, area: Rect, buf: &mut Buffer) -> Rect {
        let style = self.style(Role::Accent);
        let width = usize::from(area.width);
        let bar = "\u{2500}".repeat(width.saturating_sub(2));
        let blank = " ".repeat(width.saturating_sub(2));
        for y in area.top()..area.bottom() {
            let text = match y {
                y if y == area.top() => format!("\u{256d}{bar}\u{256e}"),
                y if y == area.bottom() - 1 => format!("\u{2570}{bar}\u{256f}"),
                _ => format!("\u{2502}{blank}\u{2502}"),
            };
            for x in area.left()..area.right() {
                buf[(x, y)].reset();
            }
            buf.set_stringn(area.x, y, text, width, style);
        }
        let title = fit(
            &format!(" {} ", escaped(title)),
            (title.width() + 2).min(width.saturating_sub(4)),
        );
        let strong = style.add_modifier(Modifier::BOLD);
        buf.set_stringn(area.x + 2, area.y, title, width.saturating_sub(4), strong);
        Rect::new(
            area.x + 2,
            area.y + 1,
            area.width.saturating_sub(4),
            area.height.saturating_sub(2),
        )
    }

    fn help(&self) -> Vec<Line<'static>> {
        let keys = &self.setup.keys;
        let line = |keys: String, does: &str| {
            Line::from(vec![
                self.span(fit(&keys, 16), Role::Accent),
                self.span(does.to_owned(), Role::Plain),
            ])
        };
        let mut lines = Vec::new();
        for command in Command::ALL.iter().copied() {
            let keys = keys.keys_of(command);
            if !keys.is_empty() && (self.may_type() || !types(command)) {
                lines.push(line(keys.join(" "), command.does()));
            }
        }
        if self.may_type() {
            lines.push(line(
                "1 to 9".to_owned(),
                "make a choice in the dialog of the agent",
            ));
        }
        lines.push(line(
            "Escape".to_owned(),
            "leave the past, the search, the filter, the marks",
        ));
        let signs = super::super::standing::Standing::ALL.into_iter();
        lines.push(Line::default());
        let signs =
            signs.map(|one| self.span(format!("{} {}   ", one.sign(), one.word()), one.role()));
        lines.push(Line::from(signs.collect::<Vec<_>>()));
        let text = "top.toml beside the configuration changes keys, columns and colours";
        lines.push(Line::from(self.span(text, Role::Dim)));
        lines
    }

    fn receipt_lines(&self) -> Vec<Line<'static>> {
        if self.receipts.is_empty() {
            let text = "No prompt was submitted and no dialog answered from here.";
            return vec![Line::from(self.span(text, Role::Dim))];
        }
        let line = |receipt: &super::super::parts::Receipt| {
            let (role, text) = match &receipt.outcome {
                None => (Role::Dim, "\u{2026} waiting for proof".to_owned()),
                Some((true, text)) => (Role::Done, format!("\u{2713} {text}")),
                Some((false, text)) => (Role::Failed, format!("\u{2717} {text}")),
            };
            Line::from(vec![
                self.span(format!("{} ", fit(&receipt.place, 20)), Role::Plain),
                self.span(format!("{} ", fit(&escaped(&receipt.what), 24)), Role::Dim),
                self.span(text, role),
            ])
        };
        self.receipts.iter().rev().map(line).collect()
    }

    /// Draws the prompt that is written; returns where the cursor is.
    pub(super) fn draw_composer(
        &self,
        targets: &[PaneId],
        body: Rect,
        buf: &mut Buffer,
    ) -> Position {
        let width = body.width.saturating_sub(4).min(100);
        let (rows, (column, row)) = self.draft.rows(width.saturating_sub(4));
        let most = MOST_ROWS.min(body.height.saturating_sub(4)).max(1);
        let count = u16::try_from(rows.len())
            .unwrap_or(u16::MAX)
            .clamp(3, most.max(3));
        let area = Rect {
            x: body.x + (body.width - width) / 2,
            y: body.bottom().saturating_sub(count + 3),
            width,
            height: (count + 3).min(body.height),
        };
        let title = self.composer_title(targets);
        let inner = self.draw_window(&title, area, buf);
        let text = Rect {
            height: inner.height.saturating_sub(1),
            ..inner
        };
        let first = (row + 1).saturating_sub(text.height);
        for (y, line) in (0..text.height).zip(rows.iter().skip(usize::from(first))) {
            buf.set_stringn(
                text.x,
                text.y + y,
                line,
                usize::from(text.width),
                self.style(Role::Plain),
            );
        }
        self.draw_composer_hints(inner, buf);
        Position::new(text.x + column, text.y + row - first)
    }

    fn composer_title(&self, targets: &[PaneId]) -> String {
        let names: Vec<String> = targets.iter().map(|pane| self.place(*pane)).collect();
        match names.as_slice() {
            [] => "Prompt".to_owned(),
            [one] => format!("Prompt for {one}"),
            several => format!(
                "Prompt for {} agents: {}",
                several.len(),
                several.join(", ")
            ),
        }
    }

    fn draw_composer_hints(&self, inner: Rect, buf: &mut Buffer) {
        let hints = [
            "Enter",
            " submits   ",
            "M-Enter C-j",
            " new line   ",
            "Escape",
            " keeps the draft",
        ];
        let hints = hints.iter().enumerate().map(|(index, text)| {
            self.span(
                *text,
                if index % 2 == 0 {
                    Role::Accent
                } else {
                    Role::Dim
                },
            )
        });
        put(
            &Line::from(hints.collect::<Vec<Span<'_>>>()),
            inner,
            inner.height - 1,
            buf,
        );
    }
}

/// Whether a command is for those who may type.
fn types(command: Command) -> bool {
    let typing = [
        Command::Type,
        Command::Prompt,
        Command::Mark,
        Command::Leave,
    ];
    typing.contains(&command) || command == Command::Receipts
}

fn middle(body: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + (body.height - height) / 2,
        width,
        height,
    }
}
