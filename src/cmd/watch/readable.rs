//! What of all that happens is told to a person, and how much of it in one moment.

use std::collections::BTreeMap;
use std::time::Duration;

use super::standing::{Severity, Standing, Told, key};
use crate::wire::Received;

/// How long a moment is: what a pane prints within one is told as one line.
pub(super) const MOMENT: Duration = Duration::from_millis(500);
/// The most lines that are told in one moment. Twelve agents have one each.
const MOST_LINES: usize = 12;
/// The most panes whose rows are kept. It bounds the memory that a server can take.
const MOST_PANES: usize = 1_000;

/// The panes' rows, and what was told in this moment.
#[derive(Default)]
pub(super) struct Readable {
    panes: BTreeMap<String, Pane>,
    heights: BTreeMap<String, usize>,
    told: usize,
    held: usize,
}

#[derive(Default)]
struct Pane {
    standing: Standing,
    /// How its lines begin: when it printed last, and where.
    head: String,
}

/// One line of a pane that is to be printed behind its beginning.
pub(super) type Line = (String, Told);

impl Readable {
    /// A pane printed something.
    pub(super) fn output(&mut self, event: &Received, head: String) {
        let name = event.string("pane").unwrap_or_default();
        if self.panes.len() >= MOST_PANES && !self.panes.contains_key(name) {
            self.panes.clear();
        }
        let pane = self.panes.entry(name.to_owned()).or_default();
        if let Some(height) = self.heights.get(name) {
            pane.standing.set_height(*height);
        }
        pane.head = head;
        let severity = match event.data()["severity"].as_str() {
            Some("error") => Severity::Error,
            Some("warning") => Severity::Warning,
            _ => Severity::Info,
        };
        let content = event.data()["content"].as_str().unwrap_or_default();
        pane.standing.read(content, severity);
    }

    /// A pane has so many rows.
    pub(super) fn height(&mut self, pane: &str, height: u64) {
        if self.heights.len() < MOST_PANES || self.heights.contains_key(pane) {
            let height = usize::try_from(height).unwrap_or(usize::MAX);
            self.heights.insert(pane.to_owned(), height);
        }
    }

    /// Whether an event is told now, or is counted only.
    pub(super) fn admits(&mut self, event: &Received) -> bool {
        let type_name = event.type_name();
        let text = |name| event.data()[name].as_str().unwrap_or_default();
        let turns = key(text("title")) == key(text("previous"));
        if type_name == "pane.title_changed" && turns {
            // A spinner in the title.
            return false;
        }
        let area = type_name.split('.').next().unwrap_or_default();
        let weighs =
            matches!(area, "server" | "session") || matches!(type_name, "pane.exited" | "pane.gap");
        weighs || self.has_room(1)
    }

    /// Ends a moment: the lines that are told of it, and how many more there were.
    pub(super) fn settle(&mut self, end: bool) -> (Vec<Line>, usize) {
        let mut lines = Vec::new();
        let panes = std::mem::take(&mut self.panes);
        for (name, mut pane) in panes {
            if let Some(told) = pane.standing.settle(end)
                && self.has_room(1 + told.more)
            {
                lines.push((pane.head.clone(), told));
            }
            self.panes.insert(name, pane);
        }
        self.told = 0;
        (lines, std::mem::take(&mut self.held))
    }

    /// A pane is gone, or what it wrote is not all here: its last line, and nothing more of what was kept.
    pub(super) fn forget(&mut self, pane: &str) -> Option<Line> {
        self.heights.remove(pane);
        let mut pane = self.panes.remove(pane)?;
        let told = pane.standing.settle(true)?;
        Some((pane.head, told))
    }

    /// All panes are gone.
    pub(super) fn clear(&mut self) {
        self.panes.clear();
        self.heights.clear();
    }

    /// Whether one more line is told in this moment; what it stands for is counted otherwise.
    fn has_room(&mut self, stands_for: usize) -> bool {
        let room = self.told < MOST_LINES;
        self.told += 1;
        self.held += if room { 0 } else { stands_for };
        room
    }
}
