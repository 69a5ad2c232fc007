//! The records of the program status protocol that a pane's program keeps, and what they say together.

use std::collections::BTreeMap;

use super::osc::{Report, ReportState};
use super::status::{Reason, State};

/// The most records of a pane; the protocol's own bound.
const MOST_RECORDS: usize = 256;

/// The records, by their ids.
#[derive(Debug, Default)]
pub(super) struct Reports {
    records: BTreeMap<String, Report>,
}

impl Reports {
    /// Takes a record. One that is withdrawn takes those below it along.
    pub(super) fn take(&mut self, report: Report) {
        if report.state == ReportState::Clear {
            let below = format!("{}/", report.id);
            self.records.retain(|id, _| {
                !report.id.is_empty() && *id != report.id && !id.starts_with(&below)
            });
            return;
        }
        if self.records.len() < MOST_RECORDS || self.records.contains_key(&report.id) {
            self.records.insert(report.id.clone(), report);
        }
    }

    /// A shell's prompt shows: what was under way is not any more.
    pub(super) fn prompt(&mut self) {
        self.records.retain(|_, record| {
            !matches!(record.state, ReportState::Working | ReportState::Blocked)
        });
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.records.clear();
    }

    /// The record that decides: one that is blocked, else the program's own, else the one with the most to say.
    pub(super) fn decisive(&self) -> Option<&Report> {
        let blocked = |record: &&Report| record.state == ReportState::Blocked;
        self.records
            .values()
            .find(blocked)
            .or_else(|| self.records.get(""))
            .or_else(|| self.records.values().max_by_key(|record| record.state))
    }
}

/// The state and the reason that a record means here.
pub(super) fn meaning(report: &Report) -> (State, Option<Reason>) {
    match report.state {
        ReportState::Working => (State::Busy, None),
        ReportState::Error => (State::Error, None),
        ReportState::Idle | ReportState::Done | ReportState::Clear => (State::Ready, None),
        ReportState::Blocked => {
            let reason = match report.kind.as_deref() {
                Some("auth") => Some("login"),
                Some(kind) => Some(kind),
                None => None,
            };
            (State::Waiting, reason.and_then(Reason::new))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(records: &[(&str, ReportState)], expected: Option<State>) {
        let mut reports = Reports::default();
        for (id, state) in records {
            reports.take(Report {
                id: (*id).to_owned(),
                state: *state,
                ..Report::default()
            });
        }
        let state = reports.decisive().map(|report| meaning(report).0);
        assert_eq!(state, expected, "{records:?}");
    }

    #[test]
    fn records_speak_together() {
        use ReportState::{Blocked, Clear, Done, Idle, Working};
        check(&[], None);
        check(&[("", Working), ("", Done)], Some(State::Ready));
        check(&[("", Working), ("a", Blocked)], Some(State::Waiting));
        check(&[("", Idle), ("a", Working)], Some(State::Ready));
        check(&[("a", Done), ("b", Working)], Some(State::Busy));
        check(&[("a", Working), ("a/b", Blocked), ("a", Clear)], None);
        check(&[("", Working), ("a", Blocked), ("", Clear)], None);
    }

    #[test]
    fn records_are_bounded_and_end_at_a_prompt() {
        let mut reports = Reports::default();
        for id in 0..1000 {
            reports.take(Report {
                id: id.to_string(),
                state: ReportState::Working,
                ..Report::default()
            });
        }
        assert_eq!(reports.records.len(), MOST_RECORDS);
        reports.prompt();
        assert_eq!(reports.decisive(), None);
    }
}
