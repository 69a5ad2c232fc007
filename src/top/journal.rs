//! What happened: events and alerts, as far as they are kept.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::theme::Role;
use crate::client::summary::summary;
use crate::ids::PaneId;
use crate::printable::escaped;
use crate::wire::alert::AlertObject;
use crate::wire::{Event, EventData};

/// Lines that are kept.
const MOST_LINES: usize = 2_000;

/// Alerts that are kept.
const MOST_ALERTS: usize = 200;

/// What happened, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// When.
    pub(super) time: Timestamp,
    /// Where.
    pub(super) place: String,
    /// Of what kind it is.
    pub(super) kind: String,
    /// What.
    pub(super) text: String,
    /// How it looks.
    pub(super) role: Role,
    /// The pane that it is of.
    pub(super) pane: Option<PaneId>,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raised {
    id: String,
    /// When.
    pub(super) time: Timestamp,
    /// `info`, `warning`, `error` or `critical`.
    pub(super) severity: String,
    /// What.
    pub(super) title: String,
    /// What the agent says about it.
    pub(super) message: String,
    /// Where.
    pub(super) place: String,
    /// The pane that it is of.
    pub(super) pane: Option<PaneId>,
    /// Why it is over, if it is.
    pub(super) over: Option<String>,
}

/// What is kept, the newest last.
#[derive(Debug, Default)]
pub(super) struct Journal {
    lines: VecDeque<Line>,
    alerts: VecDeque<Raised>,
}

impl Journal {
    /// The lines, the oldest first.
    pub(super) fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> + ExactSizeIterator {
        self.lines.iter()
    }

    /// The alerts, the newest first, those before the others that are not over.
    #[must_use]
    pub(super) fn alerts(&self) -> Vec<&Raised> {
        let mut alerts: Vec<&Raised> = self.alerts.iter().rev().collect();
        alerts.sort_by_key(|alert| alert.over.is_some());
        alerts
    }

    /// How many alerts are not over.
    #[must_use]
    pub(super) fn standing_alerts(&self) -> usize {
        self.alerts.iter().filter(|one| one.over.is_none()).count()
    }

    /// An event; `place` is how its pane was called before it.
    pub(super) fn event(&mut self, event: &Event<'_>, place: Option<String>, now: Timestamp) {
        let time = event
            .timestamp
            .as_deref()
            .and_then(|text| text.parse().ok());
        let (time, pane) = (time.unwrap_or(now), event.pane());
        let session = || {
            event
                .session
                .as_deref()
                .map(|name| escaped(name).into_owned())
        };
        let place = place.or_else(session).unwrap_or_default();
        match &event.data {
            EventData::Alert(alert) => self.raise(alert, (time, pane), &place),
            EventData::AlertCleared(cleared) => {
                let id = &*cleared.alert.id;
                let alert = self.alerts.iter_mut().find(|one| one.id == id);
                if let Some(alert) = alert {
                    alert.over = Some(escaped(&cleared.cause).into_owned());
                }
            }
            // They come with every answer of a model, and with every key.
            EventData::AgentUsage(_) | EventData::PaneOutput(_) | EventData::SystemResources(_) => {
                return;
            }
            EventData::AgentStatus(changed) if changed.previous == changed.agent.status => return,
            _ => {}
        }
        let kind = escaped(event.data.type_name()).into_owned();
        self.add(Line {
            time,
            place,
            text: summary(event),
            role: role(&event.data, &kind),
            kind,
            pane,
        });
    }

    /// What came of a prompt or an answer.
    pub(super) fn receipt(&mut self, time: Timestamp, text: &str, is_done: bool) {
        self.add(Line {
            time,
            place: String::new(),
            kind: "receipt".to_owned(),
            text: text.to_owned(),
            role: if is_done { Role::Done } else { Role::Failed },
            pane: None,
        });
    }

    /// Something that is no event.
    pub(super) fn note(&mut self, time: Timestamp, text: &str) {
        self.add(Line {
            time,
            place: String::new(),
            kind: "muxwire".to_owned(),
            text: text.to_owned(),
            role: Role::Waiting,
            pane: None,
        });
    }

    fn raise(&mut self, alert: &AlertObject<'_>, at: (Timestamp, Option<PaneId>), place: &str) {
        let text = |text: &str| escaped(text).into_owned();
        if self.alerts.len() == MOST_ALERTS {
            self.alerts.pop_front();
        }
        self.alerts.push_back(Raised {
            id: alert.id.clone().into_owned(),
            time: at.0,
            severity: text(&alert.severity),
            title: text(&alert.title),
            message: text(alert.message.as_deref().unwrap_or_default()),
            place: place.to_owned(),
            pane: at.1,
            over: None,
        });
    }

    fn add(&mut self, line: Line) {
        if self.lines.len() == MOST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

/// How an alert of this severity looks.
pub(super) fn severity_role(severity: &str) -> Role {
    match severity {
        "critical" | "error" => Role::Failed,
        "warning" => Role::Waiting,
        _ => Role::Accent,
    }
}

fn role(data: &EventData<'_>, kind: &str) -> Role {
    match data {
        EventData::Alert(alert) => severity_role(&alert.severity),
        EventData::AgentStatus(changed) => super::standing::Standing::of(&changed.agent).role(),
        EventData::ServerLost(_)
        | EventData::ServerUnfit(_)
        | EventData::PaneGap(_)
        | EventData::LogGap(_) => Role::Failed,
        EventData::PaneExited(_) => Role::Waiting,
        _ => match kind.rsplit('.').next() {
            Some("created" | "attached" | "connected" | "started") => Role::Done,
            Some("removed" | "detached" | "deleted" | "ended" | "cleared") => Role::Dim,
            _ => Role::Plain,
        },
    }
}
