//! Alerts and events.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::journal::{self, severity_role};
use super::super::model::Model;
use super::super::parts::Now;
use super::super::standing::short_span;
use super::super::theme::Role;
use super::{fit, put};

impl Model {
    pub(super) fn draw_alerts(&self, area: Rect, buf: &mut Buffer, now: Now) {
        let alerts = self.journal.alerts();
        if alerts.is_empty() {
            let texts = [
                "  No alert has been raised since this began.",
                "  `muxwire alert list` shows by which rules they are.",
            ];
            return self.draw_empty(&texts, area, buf);
        }
        let height = usize::from(area.height);
        let first = (self.alert_at + 1).saturating_sub(height);
        for (y, (index, alert)) in (0..).zip(alerts.iter().enumerate().skip(first).take(height)) {
            let seconds = now.clock.as_second().saturating_sub(alert.time.as_second());
            let age = short_span(u64::try_from(seconds).unwrap_or(0));
            let role = match alert.over {
                Some(_) => Role::Dim,
                None => severity_role(&alert.severity),
            };
            let over = alert.over.as_ref().map(|why| format!("  ({why})"));
            let line = Line::from(vec![
                self.edge_at(index == self.alert_at),
                self.span(format!("{} ", fit(&alert.severity, 8)), role),
                self.span(format!("{age:>4}  "), Role::Dim),
                self.span(format!("{} ", fit(&alert.place, 16)), Role::Plain),
                self.span(alert.title.clone(), role),
                self.span(over.unwrap_or_default(), Role::Dim),
                self.span(format!("  {}", alert.message), Role::Dim),
            ]);
            self.draw_entry(&line, index == self.alert_at, (area, y), buf);
        }
    }

    pub(super) fn draw_events(&self, area: Rect, buf: &mut Buffer) {
        let count = self.journal.lines().len();
        if count == 0 {
            return self.draw_empty(&["  Nothing has happened since this began."], area, buf);
        }
        let height = usize::from(area.height);
        let at = count.saturating_sub(1 + self.event_back);
        // The newest at the bottom, unless somebody looks further back.
        let first = count.saturating_sub(height).min(at);
        let shown = self.journal.lines().enumerate().skip(first).take(height);
        for (y, (index, entry)) in (0..).zip(shown) {
            let line = self.event_line(entry, index == at);
            self.draw_entry(&line, index == at, (area, y), buf);
        }
    }

    fn event_line(&self, entry: &journal::Line, is_selected: bool) -> Line<'static> {
        Line::from(vec![
            self.edge_at(is_selected),
            self.span(
                format!("{}  ", clock(entry.time, &self.setup.zone)),
                Role::Dim,
            ),
            self.span(format!("{} ", fit(&entry.place, 14)), Role::Plain),
            self.span(format!("{} ", fit(&entry.kind, 20)), entry.role),
            self.span(entry.text.clone(), Role::Plain),
        ])
    }

    pub(super) fn draw_entry(
        &self,
        line: &Line<'_>,
        is_selected: bool,
        (area, y): (Rect, u16),
        buf: &mut Buffer,
    ) {
        put(line, area, y, buf);
        if is_selected {
            let whole = Rect::new(area.x, area.y + y, area.width, 1);
            buf.set_style(whole, self.style(Role::Selected));
        }
    }

    pub(super) fn edge_at(&self, is_selected: bool) -> ratatui::text::Span<'static> {
        let text = if is_selected { "\u{258c} " } else { "  " };
        self.span(text, Role::Accent)
    }

    pub(super) fn draw_empty(&self, texts: &[&str], area: Rect, buf: &mut Buffer) {
        for (row, text) in (1..).zip(texts) {
            put(
                &Line::from(self.span((*text).to_owned(), Role::Dim)),
                area,
                row,
                buf,
            );
        }
    }
}

/// The time of day.
pub(super) fn clock(time: Timestamp, zone: &TimeZone) -> String {
    let zoned = time.to_zoned(zone.clone());
    format!(
        "{:02}:{:02}:{:02}",
        zoned.hour(),
        zoned.minute(),
        zoned.second()
    )
}
