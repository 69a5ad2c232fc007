//! What is drawn: a head, a list, the pane that is selected, and a foot; over them what was asked for.

mod details;
mod frame;
mod guard;
mod hits;
mod list;
mod logs;
mod over;
mod pane;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::areas::Areas;
use super::model::Model;
use super::parts::{Mode, Now, Tab};
use super::theme::Role;

/// From so many columns on the list stands beside the pane, and not above it.
const WIDE: u16 = 120;

/// Less is too little to show anything.
const LEAST: (u16, u16) = (30, 8);

impl Model {
    /// Draws everything, and says where the cursor is to stand, if it is to be seen.
    pub fn draw(&mut self, buf: &mut Buffer, now: Now) -> Option<Position> {
        buf.reset();
        let area = buf.area;
        self.areas = Areas::default();
        let cursor = if area.width < LEAST.0 || area.height < LEAST.1 {
            let text = format!("muxwire top needs {}x{}", LEAST.0, LEAST.1);
            buf.set_stringn(0, 0, text, usize::from(area.width), Style::new());
            None
        } else {
            self.draw_all(area, buf, now)
        };
        guard::guard(buf);
        self.drawn(now);
        cursor
    }

    fn draw_all(&mut self, area: Rect, buf: &mut Buffer, now: Now) -> Option<Position> {
        let body = Rect {
            y: 1,
            height: area.height - 2,
            ..area
        };
        self.draw_head(Rect { height: 1, ..area }, buf, now);
        let mut cursor = match self.tab {
            Tab::Panes => self.draw_panes(body, buf, now),
            Tab::Alerts => {
                self.draw_alerts(body, buf, now);
                None
            }
            Tab::Events => {
                self.draw_events(body, buf);
                None
            }
            Tab::History => {
                self.draw_hits(body, buf, now);
                None
            }
        };
        let foot = Rect {
            y: area.height - 1,
            height: 1,
            ..area
        };
        cursor = self.draw_foot(foot, buf).or(cursor);
        match self.mode.clone() {
            Mode::Compose(targets) => Some(self.draw_composer(&targets, body, buf)),
            Mode::Over(over, at) => {
                self.draw_over(over, at, body, buf, now);
                None
            }
            _ => cursor,
        }
    }

    /// The list and the pane, beside each other or one above the other.
    fn draw_panes(&mut self, body: Rect, buf: &mut Buffer, now: Now) -> Option<Position> {
        let typing = matches!(self.mode, Mode::Typing(_));
        let is_wide = body.width >= WIDE;
        if self.zoomed || (typing && !is_wide) {
            return self.draw_pane(body, buf, now);
        }
        if is_wide {
            let list = Rect {
                width: (body.width * 2 / 5).clamp(52, 80),
                ..body
            };
            let rule = list.width;
            self.draw_list(list, buf, now);
            let style = self.style(Role::Rule);
            for y in body.top()..body.bottom() {
                buf.set_stringn(rule, y, "\u{2502}", 1, style);
            }
            let pane = Rect {
                x: rule + 1,
                width: body.width - rule - 1,
                ..body
            };
            return self.draw_pane(pane, buf, now);
        }
        let rows = u16::try_from(self.rows().len()).unwrap_or(u16::MAX);
        let most = (body.height * 2 / 5).max(4);
        let height = rows.clamp(4, most);
        let list = Rect { height, ..body };
        self.draw_list(list, buf, now);
        let pane = Rect {
            y: body.y + height,
            height: body.height - height,
            ..body
        };
        self.draw_pane(pane, buf, now)
    }

    pub(super) fn style(&self, role: Role) -> Style {
        self.setup.theme.style(role)
    }

    /// A piece of text.
    pub(super) fn span(&self, text: impl Into<String>, role: Role) -> Span<'static> {
        Span::styled(text.into(), self.style(role))
    }
}

/// Draws a line in an area's row, as far as it fits, and returns the column behind it.
fn put(line: &Line<'_>, area: Rect, row: u16, buf: &mut Buffer) -> u16 {
    if row >= area.height {
        return area.x;
    }
    buf.set_line(area.x, area.y + row, line, area.width).0
}

/// A text in so many columns, cut with a sign or filled with blanks.
fn fit(text: &str, width: usize) -> String {
    use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};
    let whole = text.width();
    let mut out = String::with_capacity(width + 4);
    if whole <= width {
        out.push_str(text);
        out.extend(std::iter::repeat_n(' ', width - whole));
        return out;
    }
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide >= width {
            break;
        }
        out.push(c);
        used += wide;
    }
    if used < width {
        out.push('\u{2026}');
        used += 1;
    }
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    out
}

#[cfg(test)]
#[path = "views_tests.rs"]
mod tests;
