//! The head and the foot.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::super::commands::Command;
use super::super::editor::Editor;
use super::super::model::Model;
use super::super::parts::{Link, Mode, Now, Tab};
use super::super::theme::Role;

impl Model {
    /// Who serves, which list shows, how agents stand, and whether the connection does.
    pub(super) fn draw_head(&mut self, area: Rect, buf: &mut Buffer, now: Now) {
        let host = self.welcome.as_ref().map(|welcome| welcome.host.clone());
        let name = self.style(Role::Accent).add_modifier(Modifier::BOLD);
        let mut left = vec![Span::styled(" muxwire", name)];
        left.push(self.span(format!("  {}  ", host.unwrap_or_default()), Role::Plain));
        let mut x = left.iter().map(Span::width).sum::<usize>();
        for (tab, text) in self.tabs() {
            let width = text.width();
            let place = u16::try_from(x).unwrap_or(u16::MAX);
            let at = Rect::new(area.x + place, area.y, u16::try_from(width).unwrap_or(0), 1);
            self.areas.tabs.push((at, tab));
            let style = match tab == self.tab {
                true => self.style(Role::Accent).add_modifier(Modifier::UNDERLINED),
                false => self.style(Role::Dim),
            };
            left.extend([Span::styled(text, style), Span::raw("  ")]);
            x += width + 2;
        }
        buf.set_line(area.x, area.y, &Line::from(left), area.width);
        let mut right = Vec::new();
        for (standing, count) in self.counts() {
            right.push(self.span(format!("{} {count}  ", standing.sign()), standing.role()));
        }
        right.extend(self.link_signs(now));
        let width = right.iter().map(Span::width).sum::<usize>();
        let room = usize::from(area.width).saturating_sub(x);
        // Where there is no room for all, whether it is live comes first.
        while right.iter().map(Span::width).sum::<usize>() > room && right.len() > 1 {
            right.remove(0);
        }
        let width = width.min(right.iter().map(Span::width).sum());
        let start = area
            .right()
            .saturating_sub(u16::try_from(width).unwrap_or(0));
        buf.set_line(start, area.y, &Line::from(right), area.right() - start);
    }

    fn tabs(&self) -> Vec<(Tab, String)> {
        let alerts = match self.journal.standing_alerts() {
            0 => "Alerts".to_owned(),
            count => format!("Alerts {count}"),
        };
        vec![
            (Tab::Panes, "Panes".to_owned()),
            (Tab::Alerts, alerts),
            (Tab::Events, "Events".to_owned()),
            (Tab::History, "History".to_owned()),
        ]
    }

    fn link_signs(&self, now: Now) -> Vec<Span<'static>> {
        let mut signs = Vec::new();
        if !self.may_type() {
            signs.push(self.span("read only  ", Role::Waiting));
        }
        if self
            .welcome
            .as_ref()
            .is_some_and(|welcome| welcome.redacted)
        {
            signs.push(self.span("masked  ", Role::Dim));
        }
        let link = [&self.events, &self.calls]
            .into_iter()
            .find(|link| **link != Link::Live);
        signs.push(match link {
            None => self.span("\u{25cf} live ", Role::Done),
            Some(Link::Away { again, .. }) => {
                let wait = again.saturating_duration_since(now.instant).as_secs();
                let text = match wait {
                    0 => "\u{25cc} reconnecting ".to_owned(),
                    seconds => format!("\u{25cc} reconnecting in {seconds}s "),
                };
                self.span(text, Role::Waiting)
            }
            Some(_) => self.span("\u{25cc} connecting ", Role::Waiting),
        });
        signs
    }

    /// What is said, or searched for, or else which keys do what. Returns the cursor's place, if it is here.
    pub(super) fn draw_foot(&self, area: Rect, buf: &mut Buffer) -> Option<Position> {
        // What is wrong with what was written is said beside it.
        let said = self.notice.as_ref().map(|notice| &*notice.text);
        match self.mode {
            Mode::Search => return Some(self.draw_search(area, buf)),
            Mode::Recall => {
                let hint = said.unwrap_or("Enter searches, Esc leaves");
                return Some(self.draw_asked((" history ", hint), &self.recall.query, area, buf));
            }
            Mode::Save(_) => {
                let hint = said.unwrap_or(".html, .svg or .txt; Enter writes it, Esc does not");
                return Some(self.draw_asked((" export to ", hint), &self.file_name, area, buf));
            }
            _ => {}
        }
        if let Some(notice) = &self.notice {
            let line = self.span(format!(" {}", notice.text), notice.role);
            buf.set_line(area.x, area.y, &Line::from(line), area.width);
            return None;
        }
        if let Link::Away { reason, .. } = self.worst_link() {
            let line = self.span(format!(" {reason}"), Role::Waiting);
            buf.set_line(area.x, area.y, &Line::from(line), area.width);
            return None;
        }
        let mut spans = vec![Span::raw(" ")];
        for (keys, does) in self.hints() {
            let width: usize = spans.iter().map(Span::width).sum();
            if width + keys.width() + does.width() + 1 > usize::from(area.width) {
                break;
            }
            spans.push(self.span(keys, Role::Accent));
            spans.push(self.span(format!(" {does}  "), Role::Dim));
        }
        buf.set_line(area.x, area.y, &Line::from(spans), area.width);
        None
    }

    fn worst_link(&self) -> &Link {
        match &self.events {
            Link::Live => &self.calls,
            other => other,
        }
    }

    fn draw_search(&self, area: Rect, buf: &mut Buffer) -> Position {
        let found = self.selectable().len();
        let hint = format!("{found} found; Enter keeps, Tab searches the history, Esc clears");
        self.draw_asked((" search ", &hint), &self.query, area, buf)
    }

    /// A text that is written in the foot, between its head and a hint.
    fn draw_asked(
        &self,
        (head, hint): (&str, &str),
        text: &Editor,
        area: Rect,
        buf: &mut Buffer,
    ) -> Position {
        let head = self.span(head.to_owned(), Role::Accent);
        let head_width = u16::try_from(head.width()).unwrap_or(0);
        let line = Line::from(vec![
            head,
            self.span(text.text(), Role::Plain),
            self.span(format!("   {hint}"), Role::Dim),
        ]);
        buf.set_line(area.x, area.y, &line, area.width);
        let (_, (column, _)) = text.rows(u16::MAX);
        let last = area.right().saturating_sub(1);
        Position::new(
            (area.x + head_width).saturating_add(column).min(last),
            area.y,
        )
    }

    /// Keys and what they do, those first that matter most.
    fn hints(&self) -> Vec<(String, &'static str)> {
        let keys = &self.setup.keys;
        let hint = |command, does| Some((keys.hint(command)?, does));
        if let Some(hints) = self.other_hints() {
            return hints;
        }
        let dialog = self
            .selected_agent()
            .and_then(|agent| agent.dialog.as_ref());
        let dialog = dialog.filter(|_| self.may_type());
        let answer = dialog.map(|dialog| match dialog.options.len() {
            0 => ("1-9".to_owned(), "answer"),
            count => (format!("1-{}", count.min(9)), "answer"),
        });
        let types = |command, does| hint(command, does).filter(|_| self.may_type());
        [
            answer,
            types(Command::Type, "type"),
            types(Command::Prompt, "prompt"),
            hint(Command::Next, "next"),
            hint(Command::Seen, "seen"),
            hint(Command::Search, "search"),
            hint(Command::Filter, "filter"),
            hint(Command::Zoom, "zoom"),
            hint(Command::History, "history"),
            hint(Command::Details, "details"),
            hint(Command::Help, "help"),
            hint(Command::Quit, "quit"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The same where it is not the list of panes that gets the keys.
    fn other_hints(&self) -> Option<Vec<(String, &'static str)>> {
        let keys = &self.setup.keys;
        let hint = |command, does| Some((keys.hint(command)?, does));
        if let Mode::Typing(_) = self.mode {
            let leave = hint(
                Command::Leave,
                "stops typing; all other keys go to the pane",
            );
            return Some(leave.into_iter().collect());
        }
        if let Mode::Over(..) = self.mode {
            let move_by = format!(
                "{}{}",
                keys_of(keys.hint(Command::Up)),
                keys_of(keys.hint(Command::Down))
            );
            return Some(vec![
                (move_by, "scroll"),
                ("any other key".to_owned(), "closes"),
            ]);
        }
        if let Mode::Compose(_) = self.mode {
            return Some(Vec::new());
        }
        let hints = match self.tab {
            Tab::History => vec![
                hint(Command::Type, "the pane as it was"),
                hint(Command::Search, "other words"),
                hint(Command::View, "other lists"),
                hint(Command::Help, "help"),
                hint(Command::Quit, "quit"),
            ],
            Tab::Alerts | Tab::Events => vec![
                hint(Command::Type, "to its pane"),
                hint(Command::View, "other lists"),
                hint(Command::Next, "next agent"),
                hint(Command::Help, "help"),
                hint(Command::Quit, "quit"),
            ],
            Tab::Panes => return self.past.as_ref().map(|_| self.past_hints()),
        };
        Some(hints.into_iter().flatten().collect())
    }

    /// The same where a pane is shown as it was.
    fn past_hints(&self) -> Vec<(String, &'static str)> {
        let keys = &self.setup.keys;
        let hint = |command, does| Some((keys.hint(command)?, does));
        let hints = [
            Some(("Escape".to_owned(), "back to now")),
            hint(Command::ScrollUp, "earlier"),
            hint(Command::ScrollDown, "later"),
            hint(Command::Export, "export"),
            hint(Command::History, "history"),
            hint(Command::Help, "help"),
        ];
        hints.into_iter().flatten().collect()
    }
}

/// A key for a narrow place.
fn keys_of(key: Option<String>) -> String {
    match key.as_deref() {
        Some("Up") => "\u{2191}".to_owned(),
        Some("Down") => "\u{2193}".to_owned(),
        Some(other) => other.to_owned(),
        None => String::new(),
    }
}
