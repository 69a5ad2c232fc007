//! The pane that is selected: what it shows, whether keys go to it, and what its dialog asks.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::super::commands::Command;
use super::super::model::Model;
use super::super::parts::{Mode, Now};
use super::super::past::Past;
use super::super::screen::{Screen, View};
use super::super::standing::{Standing, seconds_since, short_span};
use super::super::theme::Role;
use super::put;
use crate::ids::PaneId;
use crate::printable::escaped;

/// The most rows that the choices of a dialog take.
const MOST_CHOICES: u16 = 4;

impl Model {
    /// Draws it, and says where its cursor is, if keys go to it.
    pub(super) fn draw_pane(&mut self, area: Rect, buf: &mut Buffer, now: Now) -> Option<Position> {
        let typing = match self.mode {
            Mode::Typing(pane) => Some(pane),
            _ => None,
        };
        let past = self.past.as_ref().map(|past| past.pane);
        let Some(pane) = typing.or(past).or(self.selected) else {
            let line = self.span("  nothing is selected", Role::Dim);
            put(&Line::from(line), area, 1, buf);
            return None;
        };
        let mut inner = Rect {
            y: area.y + 1,
            height: area.height.saturating_sub(1),
            ..area
        };
        match typing {
            Some(_) => {
                self.draw_box(area, buf);
                inner = Rect::new(area.x + 1, area.y + 1, area.width - 2, area.height - 2);
            }
            None => self.draw_rule(area, buf),
        }
        self.draw_title(pane, area, typing.is_some(), buf, now);
        let choices = self.choices(pane, usize::from(inner.width));
        let rows = u16::try_from(choices.len()).unwrap_or(0).min(MOST_CHOICES);
        let rows = rows.min(inner.height.saturating_sub(3));
        inner.height -= rows;
        for (row, line) in (0..rows).zip(&choices) {
            let place = Rect::new(inner.x, inner.bottom() + row, inner.width, 1);
            put(line, place, 0, buf);
        }
        self.areas.preview = inner;
        self.draw_cells(pane, inner, buf)
            .filter(|_| typing.is_some())
    }

    /// The cells, or why there are none. Returns the cursor's place.
    fn draw_cells(&mut self, pane: PaneId, area: Rect, buf: &mut Buffer) -> Option<Position> {
        if self.past.is_some() && self.mode_pane().is_none() {
            self.draw_past(area, buf);
            return None;
        }
        if self.is_own(pane) {
            self.explain_own(area, buf);
            return None;
        }
        let preview = self.previews.get(&pane);
        let trouble = preview.and_then(|preview| preview.trouble.clone());
        let cursor = self.draw_screen(pane, area, buf);
        if let Some(trouble) = trouble {
            let line = self.span(format!(" {trouble} "), Role::Waiting);
            put(&Line::from(line), area, area.height.saturating_sub(1), buf);
            return None;
        }
        cursor
    }

    fn draw_screen(&mut self, pane: PaneId, area: Rect, buf: &mut Buffer) -> Option<Position> {
        let preview = self.previews.get(&pane);
        let screen = preview.and_then(|preview| preview.screen())?;
        let view = view(screen, area, self.pan);
        self.pan = view.left;
        screen.draw(view, area, buf, self.setup.theme);
        let (x, y) = screen.cursor()?;
        let (x, y) = (x.checked_sub(view.left)?, y.checked_sub(view.top)?);
        let inside = x < area.width && y < area.height;
        inside.then(|| Position::new(area.x + x, area.y + y))
    }

    /// The pane as it was.
    fn draw_past(&mut self, area: Rect, buf: &mut Buffer) {
        let Some(then) = self.past.as_ref().and_then(|past| past.then()) else {
            let line = self.span("  looking it up", Role::Dim);
            put(&Line::from(line), area, 1, buf);
            return;
        };
        let view = view(&then.screen, area, self.pan);
        then.screen.draw(view, area, buf, self.setup.theme);
        self.pan = view.left;
    }

    fn explain_own(&self, area: Rect, buf: &mut Buffer) {
        let texts = [
            "You read this in this very pane.",
            "It is not shown: it would show itself in itself, without end.",
        ];
        for (row, text) in (1..).zip(texts) {
            put(
                &Line::from(self.span(format!("  {text}"), Role::Dim)),
                area,
                row,
                buf,
            );
        }
    }

    fn draw_rule(&self, area: Rect, buf: &mut Buffer) {
        let rule = "\u{2500}".repeat(usize::from(area.width));
        let role = match self.past {
            Some(_) => Role::Waiting,
            None => Role::Rule,
        };
        buf.set_stringn(
            area.x,
            area.y,
            rule,
            usize::from(area.width),
            self.style(role),
        );
    }

    /// Who gets the keys is to be seen at a glance.
    fn draw_box(&self, area: Rect, buf: &mut Buffer) {
        let style = self.style(Role::Typing);
        let (left, right) = (area.x, area.right() - 1);
        let bar = "\u{2501}".repeat(usize::from(area.width));
        for (y, first, last) in [
            (area.y, "\u{250f}", "\u{2513}"),
            (area.bottom() - 1, "\u{2517}", "\u{251b}"),
        ] {
            buf.set_stringn(left, y, &bar, usize::from(area.width), style);
            buf.set_stringn(left, y, first, 1, style);
            buf.set_stringn(right, y, last, 1, style);
        }
        for y in area.y + 1..area.bottom() - 1 {
            buf.set_stringn(left, y, "\u{2503}", 1, style);
            buf.set_stringn(right, y, "\u{2503}", 1, style);
        }
    }

    fn draw_title(&self, pane: PaneId, area: Rect, typing: bool, buf: &mut Buffer, now: Now) {
        let left = match typing {
            true => self.typing_title(pane),
            false => self.title(pane, now),
        };
        let right = self.remarks(pane, typing);
        let width = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
        let room = usize::from(area.width).saturating_sub(4);
        let taken = width(&right);
        let right_at = u16::try_from(room.saturating_sub(taken)).unwrap_or(0) + 2;
        let inner = Rect {
            x: area.x + 2,
            width: area.width.saturating_sub(4).min(right_at.max(2) - 2),
            ..area
        };
        buf.set_line(inner.x, inner.y, &Line::from(left), inner.width);
        if taken <= room {
            let width = u16::try_from(taken).unwrap_or(0);
            buf.set_line(area.x + right_at, area.y, &Line::from(right), width);
        }
    }

    fn typing_title(&self, pane: PaneId) -> Vec<Span<'static>> {
        let strong = self.style(Role::Typing).add_modifier(Modifier::BOLD);
        let agent = self
            .agent(pane)
            .map(|agent| format!(" {}", escaped(&agent.agent_type)));
        let place = self.place(pane);
        let text = format!(" TYPING INTO {place}{} ", agent.unwrap_or_default());
        let mut spans = vec![Span::styled(text, strong)];
        if let Some(key) = self.setup.keys.hint(Command::Leave) {
            spans.push(self.span(format!("{key} stops "), Role::Typing));
        }
        spans
    }

    fn title(&self, pane: PaneId, now: Now) -> Vec<Span<'static>> {
        let mut spans = vec![
            self.span(format!(" {} ", self.place_shown(pane)), Role::Plain),
            self.span(format!("{pane} "), Role::Dim),
        ];
        if self.past.is_some() {
            return spans;
        }
        if let Some(agent) = self.agent(pane) {
            let standing = Standing::of(agent);
            let name = escaped(&agent.agent_type).into_owned();
            spans.push(self.span(format!(" {name} "), Role::Plain));
            let reason = agent
                .reason
                .as_deref()
                .map(|reason| format!(" {}", escaped(reason)));
            let age = seconds_since(&agent.since, now.clock).map(short_span);
            let words = [reason, age.map(|age| format!(" {age}"))];
            let words: String = words.into_iter().flatten().collect();
            let text = format!(" {} {}{words} ", standing.sign(), standing.word());
            spans.push(self.span(text, standing.role()));
        } else if let Some(known) = self.state.as_ref().and_then(|one| one.panes.get(&pane)) {
            let command = escaped(&known.pane.command).into_owned();
            spans.push(self.span(format!(" {command} "), Role::Dim));
        }
        spans
    }

    /// What is to be known of what shows: whether it is old, scrolled back, or cut.
    fn remarks(&self, pane: PaneId, typing: bool) -> Vec<Span<'static>> {
        let mut spans = Vec::new();
        if let Some(past) = self.past.as_ref().filter(|_| !typing) {
            return self.past_remarks(past);
        }
        let Some(preview) = self.previews.get(&pane) else {
            return spans;
        };
        if preview.is_stale && preview.screen().is_some() {
            spans.push(self.span(" not up to date ", Role::Waiting));
        }
        let Some(screen) = preview.screen() else {
            return spans;
        };
        if screen.scrolled() > 0 {
            let text = format!(
                " \u{2191} {} of {} lines back ",
                screen.scrolled(),
                screen.history()
            );
            spans.push(self.span(text, Role::Accent));
        }
        let mode = self
            .state
            .as_ref()
            .and_then(|state| state.panes.get(&pane)?.pane.mode.clone());
        if let Some(mode) = mode {
            spans.push(self.span(format!(" in {} ", escaped(&mode)), Role::Waiting));
        }
        let (cols, rows) = screen.size();
        let role = if typing { Role::Typing } else { Role::Dim };
        spans.push(self.span(format!(" {cols}x{rows} "), role));
        spans
    }

    /// When it was that the pane showed this.
    fn past_remarks(&self, past: &Past) -> Vec<Span<'static>> {
        let Some(then) = past.then() else {
            return Vec::new();
        };
        let time = then.time.map(|time| {
            let time = time.to_zoned(self.setup.zone.clone());
            format!(" as it was {} ", time.strftime("%Y-%m-%d %H:%M:%S"))
        });
        let (cols, rows) = then.size;
        vec![
            self.span(
                time.unwrap_or_else(|| " as it was ".to_owned()),
                Role::Waiting,
            ),
            self.span(format!(" {cols}x{rows} "), Role::Dim),
        ]
    }

    /// The choices of the dialog that the pane's agent shows, with the keys that make them.
    fn choices(&self, pane: PaneId, width: usize) -> Vec<Line<'static>> {
        let dialog = self.agent(pane).and_then(|agent| agent.dialog.as_ref());
        let answers = self.may_type() && self.mode == Mode::Browse && self.past.is_none();
        let Some(dialog) = dialog.filter(|_| answers) else {
            return Vec::new();
        };
        let mut lines: Vec<Vec<Span<'static>>> = Vec::new();
        let mut used = width;
        for (number, option) in (1..=9).zip(&dialog.options) {
            let key = self.span(format!("  {number} "), Role::Accent);
            let text = escaped(option).into_owned();
            let wide = 4 + text.width();
            if used + wide > width {
                lines.push(Vec::new());
                used = 0;
            }
            used += wide;
            if let Some(line) = lines.last_mut() {
                line.extend([key, Span::styled(text, Style::new())]);
            }
        }
        lines.into_iter().map(Line::from).collect()
    }
}

/// The part of a screen that is shown: its last rows in use, and its first columns unless somebody wants others.
fn view(screen: &Screen, area: Rect, pan: u16) -> View {
    let (cols, rows) = screen.size();
    let bottom = match screen.scrolled() {
        0 => screen.last_row().saturating_add(1),
        _ => rows,
    };
    View {
        top: bottom.saturating_sub(area.height),
        left: pan.min(cols.saturating_sub(area.width)),
    }
}
