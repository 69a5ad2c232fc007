//! The one table of how strong evidence is, how long it lives, and what it gives way to.

use std::time::Duration;

use super::status::{Source, State};

/// How evidence of one source for one state counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strength {
    /// Whose evidence.
    pub source: Source,
    /// For what.
    pub state: State,
    /// Of several pieces the strongest counts, unless it gives way.
    pub strength: u8,
    /// How much later weaker evidence for [`State::Busy`] must come for this to give way to it; never, if absent.
    pub gives_way_to_busy: Option<Duration>,
    /// The same for [`State::Ready`].
    pub gives_way_to_ready: Option<Duration>,
    /// How long it counts without being repeated; until it is replaced, if absent.
    pub lives: Option<Duration>,
}

const fn row(
    source: Source,
    state: State,
    strength: u8,
    busy: Option<u64>,
    ready: Option<u64>,
    lives: Option<u64>,
) -> Strength {
    const fn milliseconds(number: Option<u64>) -> Option<Duration> {
        match number {
            Some(number) => Some(Duration::from_millis(number)),
            None => None,
        }
    }
    Strength {
        source,
        state,
        strength,
        gives_way_to_busy: milliseconds(busy),
        gives_way_to_ready: milliseconds(ready),
        lives: milliseconds(lives),
    }
}

/// Ten minutes: a hook that was followed by nothing for so long was lost or is stale.
const HOOKS_LIVE: Option<u64> = Some(600_000);

/// The table. The strongest come first; times are in milliseconds.
///
/// - What is gone does nothing more.
/// - A dialog or an error that shows is there, whatever anybody said before. An error is over when somebody begins to work.
/// - What an agent reports in its own output is exact and in order.
/// - The registry is exact and somewhat late. It knows of agents in the background, which no screen may show, but not of
///   errors, which count as idle there.
/// - Hooks are early and incomplete: an interrupt fires none. So they give way to a screen that says otherwise for longer
///   than it takes to be drawn.
/// - Of the screen, the title, progress and notifications a rule's priority has chosen one already.
pub const STRENGTHS: &[Strength] = &[
    row(Source::Process, State::Exited, 100, None, None, None),
    row(Source::Screen, State::Waiting, 90, None, None, None),
    row(Source::Screen, State::Error, 85, Some(0), None, None),
    row(Source::Report, State::Busy, 80, None, None, None),
    row(Source::Report, State::Waiting, 80, None, None, None),
    row(Source::Report, State::Error, 80, None, None, None),
    row(Source::Report, State::Ready, 80, None, None, None),
    row(Source::Hook, State::Error, 75, Some(500), None, HOOKS_LIVE),
    row(Source::Registry, State::Busy, 70, None, None, None),
    row(
        Source::Registry,
        State::Waiting,
        70,
        Some(1_000),
        Some(2_000),
        None,
    ),
    row(Source::Registry, State::Ready, 70, Some(700), None, None),
    row(Source::Hook, State::Busy, 60, None, Some(2_000), HOOKS_LIVE),
    row(
        Source::Hook,
        State::Waiting,
        60,
        Some(2_000),
        Some(2_000),
        HOOKS_LIVE,
    ),
    row(
        Source::Hook,
        State::Ready,
        60,
        Some(1_000),
        None,
        HOOKS_LIVE,
    ),
    row(Source::Screen, State::Busy, 50, None, None, None),
    row(Source::Screen, State::Ready, 50, None, None, None),
    row(Source::Title, State::Waiting, 45, None, None, None),
    row(Source::Title, State::Busy, 45, None, None, None),
    row(Source::Title, State::Error, 45, None, None, None),
    row(Source::Title, State::Ready, 45, None, None, None),
    row(Source::Progress, State::Waiting, 40, None, None, None),
    row(Source::Progress, State::Busy, 40, None, None, None),
    row(Source::Progress, State::Error, 40, None, None, None),
    row(Source::Progress, State::Ready, 40, None, None, None),
    row(Source::Notification, State::Waiting, 35, None, None, None),
    row(Source::Notification, State::Busy, 35, None, None, None),
    row(Source::Notification, State::Error, 35, None, None, None),
    row(Source::Notification, State::Ready, 35, None, None, None),
];

/// How evidence of this source for this state counts. What is not in the table says nothing.
#[must_use]
pub fn strength(source: Source, state: State) -> Option<&'static Strength> {
    STRENGTHS
        .iter()
        .find(|row| row.source == source && row.state == state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_has_each_row_once() {
        assert!(STRENGTHS.is_sorted_by(|one, next| one.strength >= next.strength));
        for (at, row) in STRENGTHS.iter().enumerate() {
            let same = STRENGTHS[at + 1..]
                .iter()
                .any(|other| (other.source, other.state) == (row.source, row.state));
            assert!(!same, "{row:?} twice");
        }
    }
}
