//! Events as lines for people.
//!
//! Every line begins with the time and the place, also each line of a pane's output, so that no pane can write a line
//! that looks like an event. Output that did not end its line is gone on with when the next thing to be shown is more of
//! the same pane; else its line is ended here, and what follows begins another one.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::overview::Overview;
use super::paint::role;
use super::paint::{Paint, RESET, Role};
use super::pane_text::{PaneText, Piece};
use super::readable::{Line, Readable};
use super::standing::Severity;
use crate::client::Position;
use crate::client::summary::{count, pane, quoted, server, summary};
use crate::ids::PaneId;
use crate::printable::escaped;
use crate::wire::event_data::PaneOutput;
use crate::wire::objects::{PaneObject, WindowObject};
use crate::wire::{Event, EventData, Message, Received, SnapshotSession, StateSnapshot};

/// The widest place that others are aligned with, in characters.
const PLACE_WIDTH: usize = 24;
/// The most panes whose unfinished sequences and lines are remembered. It bounds the memory that a server can take.
const MOST_PANES: usize = 10_000;

/// Makes lines of events.
pub(super) struct Lines {
    paint: Paint,
    zone: TimeZone,
    panes: HashMap<PaneId, PaneView>,
    /// The pane whose output stands on the last line, which has not ended.
    open: Option<PaneId>,
    day: Option<Date>,
    width: usize,
    /// What is shown of it to a person; otherwise everything is.
    readable: Option<Box<Readable>>,
    out: String,
}

#[derive(Default)]
struct PaneView {
    text: PaneText,
    /// The pane itself has not ended its line, whether or not it was ended here.
    in_line: bool,
}

impl Lines {
    pub(super) fn new(paint: Paint, zone: TimeZone) -> Self {
        Self {
            paint,
            zone,
            panes: HashMap::new(),
            open: None,
            day: None,
            width: 0,
            readable: None,
            out: String::new(),
        }
    }

    /// Shows what a person can read: lines as they stand, and so many in a moment.
    pub(super) fn readable(mut self) -> Self {
        self.readable = Some(Box::default());
        self
    }

    pub(super) fn is_readable(&self) -> bool {
        self.readable.is_some()
    }

    /// Ends a moment, the last one if this is the end.
    pub(super) fn moment(&mut self, end: bool) {
        let Some(readable) = &mut self.readable else {
            return;
        };
        let (lines, held) = readable.settle(end);
        for line in lines {
            self.add_settled(&line);
        }
        if held > 0 {
            self.end_line();
            let words = format!("-- and {held} more");
            self.paint.add(&mut self.out, Role::Time, &words);
            self.out.push('\n');
        }
    }

    /// One line of a pane, as it stands.
    fn add_settled(&mut self, (head, line): &Line) {
        self.end_line();
        self.out.push_str(head);
        self.add_mark(line.severity);
        for (text, pen) in &line.parts {
            let styled = self.paint.colours && pen.write(&mut self.out);
            self.out.push_str(text);
            self.out.push_str(if styled { RESET } else { "" });
        }
        if line.more > 0 {
            let words = format!(" (and {} more)", line.more);
            self.paint.add(&mut self.out, Role::Time, &words);
        }
        self.out.push('\n');
    }

    /// Shows a message, if it is one for people.
    pub(super) fn show(&mut self, message: &Received) {
        match message.message() {
            Message::Event(event) => match (event.pane(), &event.data) {
                (Some(pane), EventData::PaneOutput(output)) => self.output(event, pane, output),
                _ => self.event(event),
            },
            Message::Snapshot(snapshot) => self.listing("snapshot", snapshot, |_| true),
            Message::Unknown(_) if message.type_name() == "snapshot" => {
                self.end_line();
                let words = "-- snapshot: this version can't read it";
                self.paint.add(&mut self.out, Role::Error, words);
                self.out.push('\n');
            }
            _ => {}
        }
    }

    /// Shows that events are missing here.
    pub(super) fn lost(&mut self, from: &str, to: &Position) {
        self.end_line();
        // What the panes wrote meanwhile may have ended whatever they had begun.
        self.panes.clear();
        if let Some(readable) = &mut self.readable {
            readable.clear();
        }
        let words = format!("-- events between {from} and {to} are lost; a snapshot follows");
        self.paint.add(&mut self.out, Role::Error, &words);
        self.out.push('\n');
    }

    /// Ends a line that output left open.
    pub(super) fn end_line(&mut self) {
        if self.open.take().is_some() {
            self.out.push('\n');
        }
    }

    /// How much waits to be printed, in bytes.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Takes what is to be printed.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    fn event(&mut self, event: &Event<'_>) {
        self.end_line();
        if let Some(readable) = &mut self.readable {
            let height = match &event.data {
                EventData::PaneCreated(new) => Some(new.pane.height),
                EventData::PaneResized(resized) => Some(resized.height),
                _ => None,
            };
            if let (Some(pane), Some(height)) = (event.pane(), height) {
                readable.height(pane, height);
            }
            let is_told = readable.admits(event);
            self.forget(event);
            if !is_told {
                return;
            }
        }
        let head = self.head(event);
        self.out.push_str(&head);
        let name = escaped(event.type_name());
        self.paint.add(&mut self.out, role(&name), &name);
        let summary = summary(event);
        if !summary.is_empty() {
            self.out.push_str("  ");
            self.out.push_str(&summary);
        }
        self.out.push('\n');
        self.forget(event);
    }

    /// What is remembered of panes must not outlive them, and unfinished sequences no gap.
    fn forget(&mut self, event: &Event<'_>) {
        match (&event.data, event.pane()) {
            (EventData::ServerLost(_) | EventData::ServerConnected(_), _) => {
                self.panes.clear();
                if let Some(readable) = &mut self.readable {
                    readable.clear();
                }
            }
            (EventData::PaneGap(_), Some(pane)) => self.forget_pane(pane),
            (EventData::PaneRemoved(removed), Some(pane)) if !removed.moved => {
                self.forget_pane(pane);
            }
            _ => {}
        }
    }

    fn forget_pane(&mut self, pane: PaneId) {
        self.panes.remove(&pane);
        let last = self.readable.as_mut();
        if let Some(line) = last.and_then(|readable| readable.forget(pane)) {
            self.add_settled(&line);
        }
    }

    fn output(&mut self, event: &Event<'_>, pane: PaneId, output: &PaneOutput<'_>) {
        let severity = severity(output);
        if self.readable.is_some() {
            let head = self.head(event);
            if let Some(readable) = &mut self.readable {
                readable.output(pane, &output.content, severity, head);
            }
            return;
        }
        if self.panes.len() >= MOST_PANES && !self.panes.contains_key(&pane) {
            self.panes.clear();
        }
        let mut view = self.panes.remove(&pane).unwrap_or_default();
        let pieces = view.text.read(&output.content);
        let head = self.output_head(event, severity);
        for piece in pieces {
            match piece {
                Piece::Text(text, pen) => {
                    self.begin_line(pane, &head);
                    let styled = self.paint.colours && pen.write(&mut self.out);
                    self.out.push_str(&text);
                    self.out.push_str(if styled { RESET } else { "" });
                    view.in_line = true;
                }
                // A line that was ended here already does not end a second time.
                Piece::Break if view.in_line && self.open != Some(pane) => {
                    view.in_line = false;
                }
                Piece::Break => {
                    self.begin_line(pane, &head);
                    self.end_line();
                    view.in_line = false;
                }
            }
        }
        self.panes.insert(pane, view);
    }

    /// Sees to it that what is written next stands on a line of this pane.
    fn begin_line(&mut self, pane: PaneId, head: &str) {
        if self.open == Some(pane) {
            return;
        }
        self.end_line();
        self.out.push_str(head);
        self.open = Some(pane);
    }

    /// The beginning of a line of output; its mark shows what looks like trouble.
    fn output_head(&mut self, event: &Event<'_>, severity: Severity) -> String {
        let head = self.head(event);
        let rest = std::mem::replace(&mut self.out, head);
        self.add_mark(severity);
        std::mem::replace(&mut self.out, rest)
    }

    fn add_mark(&mut self, severity: Severity) {
        let (role, mark) = match severity {
            Severity::Error => (Role::Error, "!"),
            Severity::Warning => (Role::Warning, "!"),
            Severity::Info => (Role::Time, "|"),
        };
        self.paint.add(&mut self.out, role, mark);
        self.out.push(' ');
    }

    /// The time and the place, and before them the day when it is another one.
    fn head(&mut self, event: &Event<'_>) -> String {
        let mut head = String::new();
        let time = event.timestamp.as_deref().unwrap_or("-");
        match time.parse::<Timestamp>() {
            Ok(time) => {
                let time = time.to_zoned(self.zone.clone());
                self.turn_page(&time);
                let time = time.strftime("%H:%M:%S%.3f").to_string();
                self.paint.add(&mut head, Role::Time, &time);
            }
            Err(_) => self.paint.add(&mut head, Role::Time, &escaped(time)),
        }
        let place = place(event);
        let length = place.chars().count();
        self.width = self.width.max(length.min(PLACE_WIDTH));
        head.push(' ');
        self.paint.add(&mut head, Role::Place, &place);
        head.extend(std::iter::repeat_n(
            ' ',
            self.width.saturating_sub(length) + 1,
        ));
        head
    }

    fn turn_page(&mut self, time: &Zoned) {
        let before = self.day.replace(time.date());
        if before.is_some_and(|day| day != time.date()) {
            self.end_line();
            let day = format!("-- {}", time.date());
            self.paint.add(&mut self.out, Role::Time, &day);
            self.out.push('\n');
        }
    }

    /// What there is at the beginning.
    pub(super) fn overview(&mut self, overview: &Overview, snapshot: &StateSnapshot<'_>) {
        self.listing("now", snapshot, |session| overview.has(session));
    }

    fn listing(
        &mut self,
        title: &str,
        snapshot: &StateSnapshot<'_>,
        has: impl Fn(&SnapshotSession<'_>) -> bool,
    ) {
        self.end_line();
        let sessions = snapshot.sessions.iter().filter(|session| has(session));
        let sessions: Vec<_> = sessions.collect();
        let server = match &snapshot.server {
            None => "no tmux server".to_owned(),
            Some(found) => server(&found.version, found.pid),
        };
        let words = format!("-- {title}: {server}, {}", count(sessions.len(), "session"));
        self.paint.add(&mut self.out, Role::Came, &words);
        self.out.push('\n');
        for session in sessions {
            for window in &session.windows {
                for pane in &window.panes {
                    self.snapshot_pane(&session.name, window, pane);
                }
            }
        }
    }

    fn snapshot_pane(
        &mut self,
        session: &str,
        window: &WindowObject<'_>,
        of_window: &PaneObject<'_>,
    ) {
        let id = of_window.id.0;
        let place = format!("{}:{}.{id}", escaped(session), window.index);
        if let Some(readable) = &mut self.readable {
            readable.height(id, of_window.height);
        }
        self.out.push_str("   ");
        self.paint.add(&mut self.out, Role::Place, &place);
        let words = format!("  window {}, {}\n", quoted(&window.name), pane(of_window));
        self.out.push_str(&words);
    }
}

/// How bad the server says that a piece of output looks.
fn severity(output: &PaneOutput<'_>) -> Severity {
    match &*output.severity {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        _ => Severity::Info,
    }
}

/// `session:window.pane`, as far as the event has them.
fn place(event: &Event<'_>) -> String {
    let Some(session) = &event.session else {
        return "-".to_owned();
    };
    let mut place = escaped(session).into_owned();
    if let Some(window) = event.window {
        place.push(':');
        place.push_str(&window.to_string());
    }
    if let Some(pane) = event.pane() {
        place.push('.');
        place.push_str(&pane.to_string());
    }
    place
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
