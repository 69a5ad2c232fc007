//! The list: agents, and below them all other panes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::super::config::Column;
use super::super::model::Model;
use super::super::parts::Now;
use super::super::rows::Row;
use super::super::standing::{Standing, seconds_since, short_span};
use super::super::theme::Role;
use super::{fit, put};
use crate::ids::{PaneId, SessionId};
use crate::printable::escaped;
use crate::wire::agent::AgentObject;

/// The widest that a column gets; what an agent says gets the rest.
const fn widest(column: Column) -> usize {
    match column {
        Column::State => 9,
        Column::Age | Column::Pane | Column::Context => 5,
        Column::Agent | Column::Tokens | Column::Cost => 8,
        Column::Reason | Column::Mode | Column::Window => 12,
        Column::Place => 20,
        Column::Model | Column::Title | Column::Path => 24,
        Column::Says => 200,
    }
}

/// What an agent says is not shown in less than this.
const LEAST_SAID: usize = 10;

impl Model {
    pub(super) fn draw_list(&mut self, area: Rect, buf: &mut Buffer, now: Now) {
        let rows = self.rows();
        self.areas.list = area;
        let Some(state) = &self.state else {
            let text = format!("  connecting to {}", self.setup.url);
            put(&Line::from(self.span(text, Role::Dim)), area, 1, buf);
            return;
        };
        if state.server.is_none() {
            let texts = ["  No tmux server runs there.", "  `tmux new` starts one."];
            for (row, text) in (1..).zip(texts) {
                put(&Line::from(self.span(text, Role::Dim)), area, row, buf);
            }
            return;
        }
        self.keep_in_sight(&rows, usize::from(area.height));
        let columns = self.columns(&rows, usize::from(area.width), now);
        let shown = rows.iter().skip(self.offset);
        for (y, row) in (0..area.height).zip(shown) {
            let is_selected = row.pane().is_some() && row.pane() == self.selected;
            let line = self.row_line(row, &columns, now);
            put(&line, area, y, buf);
            if is_selected {
                let whole = Rect::new(area.x, area.y + y, area.width, 1);
                buf.set_style(whole, self.style(Role::Selected));
            }
            if let Some(pane) = row.pane() {
                self.areas.rows.push((area.y + y, pane));
            }
        }
    }

    /// Scrolls no further than it takes to see the row that is selected.
    fn keep_in_sight(&mut self, rows: &[Row], height: usize) {
        let selected = rows
            .iter()
            .position(|row| row.pane().is_some() && row.pane() == self.selected);
        let last = rows.len().saturating_sub(height);
        if let Some(at) = selected {
            // The head of the first part belongs to its first row.
            let top = if at <= 1 { 0 } else { at };
            self.offset = self.offset.min(top).max((at + 1).saturating_sub(height));
        }
        self.offset = self.offset.min(last);
    }

    fn row_line(&self, row: &Row, columns: &[(Column, usize)], now: Now) -> Line<'static> {
        match row {
            Row::Head(name, count) => self.head_line(name, *count),
            Row::Agent(pane) => self.agent_line(*pane, columns, now),
            Row::Session(session) => self.session_line(*session),
            Row::Pane(pane, window) => self.pane_line(*pane, *window),
        }
    }

    fn head_line(&self, name: &'static str, count: usize) -> Line<'static> {
        let mut spans = vec![self.span(format!(" {} ", name.to_uppercase()), Role::Dim)];
        spans.push(self.span(count.to_string(), Role::Dim));
        if name == "agents" {
            if let Some(filter) = self.filter {
                let text = format!("  only {} {}", filter.sign(), filter.word());
                spans.push(self.span(text, filter.role()));
            }
            if !self.query.is_empty() {
                spans.push(self.span(format!("  with {:?}", self.query.text()), Role::Found));
            }
            if count == 0 && self.filter.is_none() && self.query.is_empty() {
                spans.push(self.span("  none runs in tmux now", Role::Dim));
            }
        }
        Line::from(spans)
    }

    fn agent_line(&self, pane: PaneId, columns: &[(Column, usize)], now: Now) -> Line<'static> {
        let Some(agent) = self.agent(pane) else {
            return Line::default();
        };
        let standing = Standing::of(agent);
        let mut spans = vec![self.edge(pane)];
        for (column, width) in columns {
            let text = self.cell(*column, pane, agent, now);
            let text = match column {
                Column::Age | Column::Context | Column::Tokens | Column::Cost => {
                    let blanks = width.saturating_sub(text.width());
                    format!("{}{text}", " ".repeat(blanks))
                }
                _ => fit(&text, *width),
            };
            let style = match column {
                Column::State => {
                    let style = self.style(standing.role());
                    match standing.wants() {
                        true => style.add_modifier(Modifier::BOLD),
                        false => style,
                    }
                }
                Column::Reason => self.style(standing.role()),
                Column::Place | Column::Agent => self.style(Role::Plain),
                Column::Says if !self.query.is_empty() => self.style(Role::Found),
                _ => self.style(Role::Dim),
            };
            spans.extend([Span::styled(text, style), Span::raw(" ")]);
        }
        Line::from(spans)
    }

    /// What stands before a row: whether it is selected, and whether it is marked.
    fn edge(&self, pane: PaneId) -> Span<'static> {
        match (self.selected == Some(pane), self.marked.contains(&pane)) {
            (_, true) => self.span("\u{25c6} ", Role::Accent),
            (true, false) => self.span("\u{258c} ", Role::Accent),
            (false, false) => Span::raw("  "),
        }
    }

    fn session_line(&self, session: SessionId) -> Line<'static> {
        let state = self.state.as_ref();
        let known = state.and_then(|state| state.sessions.get(&session));
        let name = known.map_or_else(String::new, |one| escaped(&one.name).into_owned());
        let mut spans = vec![self.span(format!("  {name}"), Role::Plain)];
        if known.is_some_and(|one| !one.streamed) {
            spans.push(self.span("  not streamed", Role::Dim));
        }
        Line::from(spans)
    }

    fn pane_line(&self, pane: PaneId, window: u32) -> Line<'static> {
        let state = self.state.as_ref();
        let known = state.and_then(|state| Some((state, state.panes.get(&pane)?)));
        let Some((state, known)) = known else {
            return Line::default();
        };
        let name = state
            .windows
            .get(&known.window)
            .map_or("", |window| &window.name);
        let index = known.pane.index;
        let mut spans = vec![self.edge(pane)];
        spans.push(self.span(
            format!("  {}", fit(&format!("{window}.{index}"), 6)),
            Role::Dim,
        ));
        spans.push(self.span(format!("{} ", fit(&escaped(name), 14)), Role::Plain));
        if let Some(exit) = &known.pane.exit {
            let status = exit
                .status
                .map_or_else(String::new, |status| format!(" {status}"));
            let role = if exit.status == Some(0) {
                Role::Dim
            } else {
                Role::Failed
            };
            spans.push(self.span(format!("exited{status}  "), role));
        }
        if !self.query.is_empty()
            && let Some(found) = self.finding(pane, &self.query.text().to_lowercase())
        {
            spans.push(self.span(found.trim().to_owned(), Role::Found));
            return Line::from(spans);
        }
        let command = fit(&escaped(&known.pane.command), 10);
        spans.push(self.span(format!("{command} "), Role::Dim));
        spans.push(self.span(escaped(&known.pane.path).into_owned(), Role::Dim));
        Line::from(spans)
    }

    /// The columns that fit, and how wide each is: as wide as it has to be.
    fn columns(&self, rows: &[Row], width: usize, now: Now) -> Vec<(Column, usize)> {
        let shown = rows.iter().filter_map(|row| match row {
            Row::Agent(pane) => Some((*pane, self.agent(*pane)?)),
            _ => None,
        });
        let agents: Vec<(PaneId, &AgentObject<'static>)> = shown.collect();
        let widest_text = |column: Column| {
            let texts = agents
                .iter()
                .map(|(pane, agent)| self.cell(column, *pane, agent, now));
            texts
                .map(|text| text.width())
                .max()
                .unwrap_or(0)
                .min(widest(column))
        };
        let mut room = width.saturating_sub(2);
        let mut columns: Vec<(Column, usize)> = Vec::new();
        for column in self.setup.columns.iter().copied() {
            if column == Column::Says {
                columns.push((column, 0));
                continue;
            }
            // Ages and states change all the time: they keep their room.
            let wide = match column {
                Column::State => 9,
                Column::Age => 4,
                _ => widest_text(column),
            };
            if wide > 0 && wide < room {
                columns.push((column, wide));
                room -= wide + 1;
            }
        }
        let said = columns
            .iter()
            .position(|(column, _)| *column == Column::Says);
        match said {
            Some(at) if room > LEAST_SAID => columns[at].1 = room - 1,
            Some(at) => drop(columns.remove(at)),
            None => {}
        }
        columns
    }

    /// What a column tells of an agent.
    fn cell(&self, column: Column, pane: PaneId, agent: &AgentObject<'_>, now: Now) -> String {
        let state = self.state.as_ref();
        let known = state.and_then(|state| state.panes.get(&pane));
        let known = known.map(|known| &known.pane);
        let or_none = |text: Option<&str>| escaped(text.unwrap_or_default()).into_owned();
        match column {
            Column::State => {
                let standing = Standing::of(agent);
                format!("{} {}", standing.sign(), standing.word())
            }
            Column::Reason => or_none(agent.reason.as_deref()),
            Column::Age => {
                seconds_since(&agent.since, now.clock).map_or_else(String::new, short_span)
            }
            Column::Agent => escaped(&agent.agent_type).into_owned(),
            Column::Place => self.place(pane),
            Column::Says => self.said(pane, agent),
            Column::Pane => pane.to_string(),
            Column::Window => {
                let window = self
                    .state
                    .as_ref()
                    .and_then(|state| state.windows.get(&state.panes.get(&pane)?.window));
                or_none(window.map(|window| &*window.name))
            }
            Column::Title => or_none(known.map(|pane| &*pane.title)),
            Column::Model => or_none(agent.model.as_deref()),
            Column::Mode => or_none(agent.mode.as_deref()),
            Column::Context => {
                let left = agent.context_left_percent;
                left.map_or_else(String::new, |left| format!("{left}%"))
            }
            Column::Tokens => agent
                .tokens
                .map_or_else(String::new, |count| count.to_string()),
            Column::Cost => {
                let cost = agent.usage.as_ref().and_then(|usage| usage.cost_usd);
                cost.map_or_else(String::new, |cost| format!("${cost:.2}"))
            }
            Column::Path => or_none(known.map(|pane| &*pane.path)),
        }
    }

    fn said(&self, pane: PaneId, agent: &AgentObject<'_>) -> String {
        if !self.query.is_empty()
            && let Some(found) = self.finding(pane, &self.query.text().to_lowercase())
        {
            return found.trim().to_owned();
        }
        if let Some(message) = &agent.message {
            return escaped(message.trim()).into_owned();
        }
        let known = self.state.as_ref().and_then(|state| state.panes.get(&pane));
        let title = known.map(|known| escaped(&known.pane.title).into_owned());
        title.unwrap_or_default()
    }
}
