//! What of all that happens is shown to a person, and how much of it in one moment.

use std::collections::BTreeMap;
use std::time::Duration;

use super::standing::{SettledLine, Severity, Standing, key};
use crate::ids::PaneId;
use crate::wire::{Event, EventData};

/// How long a moment is: what a pane prints within one is shown as one line.
pub(super) const MOMENT: Duration = Duration::from_millis(500);
/// The most lines of panes that are shown in one moment. Twelve agents have one each.
const MOST_LINES: usize = 12;
/// The most events that are shown in one moment besides. They take no line's place: windows are renamed all the time.
const MOST_EVENTS: usize = 6;
/// The most panes whose rows are kept. It bounds the memory that a server can take.
const MOST_PANES: usize = 1_000;

/// The panes' rows, and what was shown in this moment.
#[derive(Default)]
pub(super) struct Readable {
    panes: BTreeMap<PaneId, Pane>,
    heights: BTreeMap<PaneId, usize>,
    events: usize,
    held: usize,
}

#[derive(Default)]
struct Pane {
    standing: Standing,
    /// How its lines begin: when it printed last, and where.
    head: String,
}

/// One line of a pane that is to be printed behind its beginning.
pub(super) type Line = (String, SettledLine);

impl Readable {
    /// A pane printed something.
    pub(super) fn output(&mut self, name: PaneId, content: &str, severity: Severity, head: String) {
        if self.panes.len() >= MOST_PANES && !self.panes.contains_key(&name) {
            self.panes.clear();
        }
        let pane = self.panes.entry(name).or_default();
        if let Some(height) = self.heights.get(&name) {
            pane.standing.set_height(*height);
        }
        pane.head = head;
        pane.standing.read(content, severity);
    }

    /// A pane has so many rows.
    pub(super) fn height(&mut self, pane: PaneId, height: u32) {
        if self.heights.len() < MOST_PANES || self.heights.contains_key(&pane) {
            let height = usize::try_from(height).unwrap_or(usize::MAX);
            self.heights.insert(pane, height);
        }
    }

    /// Whether an event is shown now, or is counted only.
    pub(super) fn admits(&mut self, event: &Event<'_>) -> bool {
        let type_name = event.type_name();
        if let EventData::PaneTitleChanged(title) = &event.data
            && key(&title.title) == key(&title.previous)
        {
            // A spinner in the title.
            return false;
        }
        let area = type_name.split('.').next().unwrap_or_default();
        let weighs =
            matches!(area, "server" | "session") || matches!(type_name, "pane.exited" | "pane.gap");
        if weighs {
            return true;
        }
        let room = self.events < MOST_EVENTS;
        self.events += 1;
        self.held += usize::from(!room);
        room
    }

    /// Ends a moment: the lines that are shown of it, and how many more there were.
    pub(super) fn settle(&mut self, end: bool) -> (Vec<Line>, usize) {
        let mut lines = Vec::new();
        let panes = std::mem::take(&mut self.panes);
        for (name, mut pane) in panes {
            match pane.standing.settle(end) {
                Some(line) if lines.len() < MOST_LINES => lines.push((pane.head.clone(), line)),
                Some(line) => self.held += 1 + line.more,
                None => {}
            }
            self.panes.insert(name, pane);
        }
        self.events = 0;
        (lines, std::mem::take(&mut self.held))
    }

    /// A pane is gone, or what it wrote is not all here: its last line, and nothing more of what was kept.
    pub(super) fn forget(&mut self, pane: PaneId) -> Option<Line> {
        self.heights.remove(&pane);
        let mut pane = self.panes.remove(&pane)?;
        let line = pane.standing.settle(true)?;
        Some((pane.head, line))
    }

    /// All panes are gone.
    pub(super) fn clear(&mut self) {
        self.panes.clear();
        self.heights.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;
    use crate::wire::Received;

    fn admits(readable: &mut Readable, received: &Received) -> bool {
        readable.admits(received.event().unwrap())
    }

    fn event(type_name: &str, pane: PaneId, data: &serde_json::Value) -> Received {
        let event = json!({
            "type": type_name, "timestamp": "2026-11-20T05:00:00.123Z", "epoch": "e1", "seq": 1,
            "session": "api", "window": 1, "pane": pane.to_string(), "data": data,
        });
        Received::parse(&event.to_string()).unwrap()
    }

    #[test]
    fn regression_many_events_take_no_place_of_lines_and_the_rest_is_counted() {
        let mut readable = Readable::default();
        for number in 0..20 {
            let pane = PaneId(u32::try_from(number).unwrap());
            readable.output(pane, "done\r\n", Severity::Info, String::new());
            let renamed = json!({ "name": "cat", "previous": "sh" });
            let admitted = admits(&mut readable, &event("window.renamed", pane, &renamed));
            assert_eq!(admitted, number < MOST_EVENTS, "{number}");
        }
        let exited = event("pane.exited", PaneId(1), &json!({ "status": 1 }));
        assert!(admits(&mut readable, &exited));
        let (lines, held) = readable.settle(true);
        assert_eq!(lines.len(), MOST_LINES);
        assert_eq!(held, 20 - MOST_LINES + 20 - MOST_EVENTS);
        assert_eq!(readable.settle(true).1, 0, "it is counted once");
    }
}
