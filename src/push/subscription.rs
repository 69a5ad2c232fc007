//! A browser that wants to be told of something, and of what.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::encrypt::BrowserKeys;
use super::endpoint::Endpoint;
use crate::auth::Bond;

/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// The longest time that a state has to last until it is told.
pub(super) const LONGEST_DWELL: Duration = Duration::from_secs(3600);

/// What somebody can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An agent waits for an answer.
    Waiting,
    /// An agent gave up, and nobody has looked.
    Failed,
    /// An agent has finished, and nobody has looked.
    Finished,
    /// An alert stands.
    Alerts,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Failed, Self::Finished, Self::Alerts];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Finished => "finished",
            Self::Alerts => "alerts",
        }
    }

    /// That of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Some of the kinds, without order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kinds(Vec<Kind>);

impl Kinds {
    /// These.
    #[must_use]
    pub fn new(kinds: impl IntoIterator<Item = Kind>) -> Self {
        let mut kinds: Vec<Kind> = kinds.into_iter().collect();
        kinds.sort_unstable();
        kinds.dedup();
        Self(kinds)
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn contains(&self, kind: Kind) -> bool {
        self.0.contains(&kind)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Kind> {
        self.0.iter().copied()
    }
}

/// A part of each day, in minutes from midnight. It may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    from: u16,
    to: u16,
}

impl Quiet {
    /// From the one time to the other, such as `22:00` and `07:00`; nothing if they are no times.
    #[must_use]
    pub fn new(from: &str, to: &str) -> Option<Self> {
        Some(Self {
            from: minute(from)?,
            to: minute(to)?,
        })
    }

    /// Its two ends as they are written.
    #[must_use]
    pub fn texts(self) -> [String; 2] {
        [self.from, self.to].map(|minute| format!("{:02}:{:02}", minute / 60, minute % 60))
    }

    /// How many minutes are left of it; none while it is not, or where it has no length.
    fn left(self, minute: u16) -> u16 {
        let (from, to) = (self.from, self.to);
        let (length, gone) = ((to + DAY - from) % DAY, (minute + DAY - from) % DAY);
        length.saturating_sub(gone)
    }
}

/// The minute of the day that a time such as `07:30` is.
fn minute(time: &str) -> Option<u16> {
    let (hours, minutes) = time.split_once(':')?;
    let number = |text: &str| {
        let is_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// What a browser wants to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes {
    /// Of which kinds.
    pub kinds: Kinds,
    /// How long it has to have lasted.
    pub dwell: Duration,
    /// When it wants to be told of nothing, by its own clock.
    pub quiet: Option<Quiet>,
    /// The name of its time zone.
    pub zone: Option<String>,
    /// How far its clock is ahead of UTC, in minutes, where nobody knows the zone.
    pub offset: i16,
    /// Whether what agents say may be told too.
    pub content: bool,
}

impl Wishes {
    /// How long its quiet hours last from now on; nothing while there are none.
    #[must_use]
    pub fn quiet_left(&self, now: Timestamp) -> Option<Duration> {
        let clock = now.to_zoned(self.time_zone()).datetime().time();
        let minute = u16::try_from(i16::from(clock.hour()) * 60 + i16::from(clock.minute()));
        let left = self.quiet?.left(minute.ok()?);
        let seconds = (u64::from(left) * 60).checked_sub(u64::try_from(clock.second()).ok()?)?;
        (left > 0).then(|| Duration::from_secs(seconds.max(1)))
    }

    fn time_zone(&self) -> TimeZone {
        let named = self.zone.as_deref().map(TimeZone::get);
        if let Some(Ok(zone)) = named {
            return zone;
        }
        let offset = Offset::from_seconds(i32::from(self.offset) * 60);
        offset.map_or(TimeZone::UTC, TimeZone::fixed)
    }
}

/// A browser that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The name that people and logs know it by. It is no secret.
    pub id: String,
    /// Where what it is told is sent.
    pub endpoint: Endpoint,
    /// For whose eyes.
    pub keys: BrowserKeys,
    /// Whose it is.
    pub bond: Bond,
    /// What that is called.
    pub name: String,
    /// The public name of the session that the browser had when it subscribed last.
    pub browser: Option<String>,
    /// The server that it subscribed at, by the address that it listens on: servers with one state directory have each their own.
    pub server: String,
    /// What the browser calls itself.
    pub device: String,
    /// When it subscribed for the first time.
    pub created: Timestamp,
    /// What it wants to be told of.
    pub wishes: Wishes,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn quiet_hours_may_go_over_midnight() {
        let rows = [
            ("22:00", "07:00", "21:59", 0),
            ("22:00", "07:00", "22:00", 9 * 60),
            ("22:00", "07:00", "00:30", 6 * 60 + 30),
            ("22:00", "07:00", "06:59", 1),
            ("22:00", "07:00", "07:00", 0),
            ("12:00", "13:00", "12:15", 45),
            ("12:00", "13:00", "13:00", 0),
            ("12:00", "12:00", "12:00", 0),
            ("00:00", "23:59", "23:58", 1),
        ];
        for (from, to, now, expected) in rows {
            let quiet = Quiet::new(from, to).unwrap();
            assert_eq!(quiet.texts(), [from, to]);
            assert_eq!(
                quiet.left(minute(now).unwrap()),
                expected,
                "{from} {to} {now}"
            );
        }
        for text in [
            "", "7:00", "24:00", "12:60", "12.00", "12:0x", "+1:00", "012:00",
        ] {
            assert_eq!(minute(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_that_of_the_device() {
        let wishes = |zone: Option<&str>, offset| Wishes {
            kinds: Kinds::default(),
            dwell: Duration::ZERO,
            quiet: Quiet::new("22:00", "07:00"),
            zone: zone.map(str::to_owned),
            offset,
            content: false,
        };
        // Noon in summer, by UTC.
        let now: Timestamp = "2026-07-01T12:00:30Z".parse().unwrap();
        let rows = [
            (None, 0, None),
            (None, 11 * 60, Some(8 * 3600 - 30)),
            (Some("no zone"), 11 * 60, Some(8 * 3600 - 30)),
            (Some("UTC"), 11 * 60, None),
        ];
        for (zone, offset, expected) in rows {
            let left = wishes(zone, offset).quiet_left(now);
            assert_eq!(
                left.map(|left| left.as_secs()),
                expected,
                "{zone:?} {offset}"
            );
        }
    }
}
