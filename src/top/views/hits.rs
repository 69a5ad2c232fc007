//! Lines that a search in the history found.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr as _;

use super::super::model::Model;
use super::super::parts::Now;
use super::super::recall::{Hit, Stage};
use super::super::theme::Role;
use super::{fit, put};

impl Model {
    pub(super) fn draw_hits(&self, area: Rect, buf: &mut Buffer, now: Now) {
        let recall = &self.recall;
        let head = match &recall.stage {
            Stage::Idle => {
                let texts = [
                    "  What panes printed is kept on disk, and found here by its words:",
                    "    connection refused       lines that have both words",
                    "    \"connection refused\"     the words in a row",
                    "    time*                    one that begins like this",
                    "    /E[0-9]{4}               a regular expression",
                    "  Enter on a line shows its pane as it was then.",
                ];
                return self.draw_empty(&texts, area, buf);
            }
            Stage::Failed(why) => {
                for (row, text) in (1..).zip(rows_of(why, usize::from(area.width) - 4)) {
                    let line = self.span(format!("  {text}"), Role::Waiting);
                    put(&Line::from(line), area, row, buf);
                }
                return;
            }
            Stage::Asked(_) => self.span(" searching ", Role::Dim),
            Stage::Done(next) => {
                let count = recall.hits.len();
                let more = if next.is_some() { " or more" } else { "" };
                let lines = if count == 1 { "line" } else { "lines" };
                let words = format!(" {count} {lines}{more} with {:?}", recall.words);
                self.span(words, Role::Dim)
            }
        };
        put(&Line::from(head), area, 0, buf);
        let list = Rect {
            y: area.y + 1,
            height: area.height.saturating_sub(1),
            ..area
        };
        let height = usize::from(list.height);
        let first = (recall.at + 1).saturating_sub(height);
        let shown = recall.hits.iter().enumerate().skip(first).take(height);
        for (y, (index, hit)) in (0..).zip(shown) {
            let is_selected = index == recall.at;
            let line = self.hit_line(hit, is_selected, now);
            self.draw_entry(&line, is_selected, (list, y), buf);
        }
    }

    fn hit_line(&self, hit: &Hit, is_selected: bool, now: Now) -> Line<'static> {
        let time = hit.time.map(|time| self.moment(time, now));
        let mut spans = vec![
            self.edge_at(is_selected),
            self.span(
                format!("{}  ", fit(&time.unwrap_or_default(), 11)),
                Role::Dim,
            ),
            self.span(format!("{} ", fit(&hit.place, 14)), Role::Plain),
        ];
        for (index, piece) in hit.snippet.iter().enumerate() {
            let role = if index % 2 == 1 {
                Role::Found
            } else {
                hit.role
            };
            spans.push(self.span(piece.clone(), role));
        }
        Line::from(spans)
    }

    /// The time of a day, or the day where it is another one.
    fn moment(&self, time: Timestamp, now: Now) -> String {
        let zoned = |time: Timestamp| time.to_zoned(self.setup.zone.clone());
        let (time, today) = (zoned(time), zoned(now.clock).date());
        let form = match time.date() == today {
            true => "%H:%M:%S",
            false => "%m-%d %H:%M",
        };
        time.strftime(form).to_string()
    }
}

/// A text in rows of at most so many columns, cut between words.
fn rows_of(text: &str, width: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match rows.last_mut() {
            Some(row) if row.width() + 1 + word.width() <= width => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}
