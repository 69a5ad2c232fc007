//! What an agent's state means for whoever looks: how soon they should.

use jiff::{Timestamp, Unit};

use super::theme::Role;
use crate::wire::agent::AgentObject;

/// What an agent does, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It waits for an answer.
    Waiting,
    /// It failed.
    Failed,
    /// It is done, and nobody has seen it.
    Done,
    /// It works.
    Busy,
    /// It is done, and that was seen.
    Idle,
    /// Nobody knows.
    Unknown,
}

impl Standing {
    /// All of them, in their order.
    pub(super) const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Failed,
        Self::Done,
        Self::Busy,
        Self::Idle,
        Self::Unknown,
    ];

    /// What an agent does.
    #[must_use]
    pub(super) fn of(agent: &AgentObject<'_>) -> Self {
        match &*agent.status {
            "waiting" => Self::Waiting,
            "error" => Self::Failed,
            "ready" if agent.seen == Some(true) => Self::Idle,
            "ready" => Self::Done,
            "busy" => Self::Busy,
            _ => Self::Unknown,
        }
    }

    /// In a word.
    #[must_use]
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Failed => "error",
            Self::Done => "done",
            Self::Busy => "busy",
            Self::Idle => "idle",
            Self::Unknown => "unknown",
        }
    }

    /// As a shape.
    #[must_use]
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Waiting => "\u{25b2}",
            Self::Failed => "\u{2717}",
            Self::Done => "\u{2713}",
            Self::Busy => "\u{25cf}",
            Self::Idle => "\u{25cb}",
            Self::Unknown => "\u{00b7}",
        }
    }

    /// As a colour.
    #[must_use]
    pub(super) fn role(self) -> Role {
        match self {
            Self::Waiting => Role::Waiting,
            Self::Failed => Role::Failed,
            Self::Done => Role::Done,
            Self::Busy => Role::Busy,
            Self::Idle | Self::Unknown => Role::Dim,
        }
    }

    /// Whether somebody should look.
    #[must_use]
    pub(super) fn wants(self) -> bool {
        self <= Self::Done
    }
}

/// How long ago a time of the server was, in seconds; nothing if it is no time.
#[must_use]
pub(super) fn seconds_since(since: &str, now: Timestamp) -> Option<u64> {
    let since: Timestamp = since.parse().ok()?;
    let span = now.since((Unit::Second, since)).ok()?;
    Some(u64::try_from(span.get_seconds()).unwrap_or(0))
}

/// A span in one number and a unit.
#[must_use]
pub(super) fn short_span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// In how many seconds [`short_span`] says something else.
#[must_use]
pub(super) fn changes_in(seconds: u64) -> u64 {
    let unit = match seconds {
        0..60 => 1,
        60..3600 => 60,
        3600..86_400 => 3600,
        _ => 86_400,
    };
    unit - seconds % unit
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn spans_are_short_and_say_when_they_change() {
        let rows = [
            (0, "0s", 1),
            (59, "59s", 1),
            (60, "1m", 60),
            (119, "1m", 1),
            (3_600, "1h", 3_600),
            (7_199, "1h", 1),
            (90_000, "1d", 82_800),
        ];
        for (seconds, text, changes) in rows {
            assert_eq!(short_span(seconds), text);
            assert_eq!(changes_in(seconds), changes, "{text}");
            assert_ne!(short_span(seconds + changes), text);
        }
        let now: Timestamp = "2026-11-30T10:00:00Z".parse().unwrap();
        assert_eq!(seconds_since("2026-11-30T09:58:30.500Z", now), Some(89));
        assert_eq!(seconds_since("2026-11-30T10:00:01Z", now), Some(0));
        assert_eq!(seconds_since("yesterday", now), None);
    }

    #[test]
    fn what_was_seen_is_idle_and_what_was_not_is_done() {
        let agent = |status: &'static str, seen| AgentObject {
            status: status.into(),
            seen,
            ..AgentObject::default()
        };
        assert_eq!(Standing::of(&agent("ready", Some(true))), Standing::Idle);
        assert_eq!(Standing::of(&agent("ready", Some(false))), Standing::Done);
        assert_eq!(Standing::of(&agent("ready", None)), Standing::Done);
        assert_eq!(Standing::of(&agent("error", Some(true))), Standing::Failed);
        assert_eq!(Standing::of(&agent("what", None)), Standing::Unknown);
        assert!(Standing::ALL.is_sorted());
    }
}
