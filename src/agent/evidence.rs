//! Evidence, and what follows from several pieces of it.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use super::status::{Confidence, Reason, Source, State};
use super::strength::{Strength, strength};

/// What one source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Who says it.
    pub source: Source,
    /// What the agent does.
    pub state: State,
    /// Why.
    pub reason: Option<Reason>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it says beside that.
    pub message: Option<String>,
    /// Whether it needs no confirmation.
    pub at_once: bool,
    /// Whether what shows says that the agent works.
    pub contested: bool,
    /// What it rests on, for those who ask.
    pub basis: String,
    /// Since when it has said so.
    pub since: Instant,
    /// When it said so last.
    pub seen: Instant,
}

impl Evidence {
    /// What a source says now, and no more than that; it is sure.
    pub(super) fn new(source: Source, state: State, basis: String, now: Instant) -> Self {
        Self {
            source,
            state,
            reason: None,
            confidence: Confidence::High,
            message: None,
            at_once: false,
            contested: false,
            basis,
            since: now,
            seen: now,
        }
    }

    /// When it stops counting, if nobody repeats it.
    fn ends(&self) -> Option<Instant> {
        let lives = strength(self.source, self.state)?.lives?;
        self.seen.checked_add(lives)
    }

    /// From which moment on it gives way to weaker evidence for that state, if ever. What shows an error goes on showing
    /// it, so an error counts from its beginning.
    fn gives_way_from(&self, state: State) -> Option<Instant> {
        let strength = strength(self.source, self.state)?;
        let after: Duration = match state {
            State::Busy => strength.gives_way_to_busy,
            State::Ready => strength.gives_way_to_ready,
            _ => None,
        }?;
        let said = if self.state == State::Error {
            self.since
        } else {
            self.seen
        };
        said.checked_add(after)
    }

    /// Whether it gives way to a weaker piece.
    fn gives_way(&self, weaker: &Self, now: Instant) -> bool {
        // What shows is said again at every moment, until it is drawn over.
        let said = if weaker.is_shown() { now } else { weaker.seen };
        self.state != weaker.state
            && self
                .gives_way_from(weaker.state)
                .is_some_and(|from| said > from)
    }

    fn is_shown(&self) -> bool {
        matches!(
            self.source,
            Source::Screen | Source::Title | Source::Progress
        )
    }

    fn is_live(&self, now: Instant) -> bool {
        self.ends().is_none_or(|end| now < end)
    }

    /// What replaces it, when the same source speaks again: `since` stays while the state does.
    pub(super) fn followed_by(&self, mut next: Self) -> Self {
        if self.state == next.state && self.reason == next.reason {
            next.since = self.since;
        }
        next
    }
}

/// How a piece of evidence stands beside the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// What is said rests on it.
    Counts,
    /// It is stronger, and gives way to what came after it.
    GivesWay,
    /// There is stronger evidence.
    Weaker,
}

impl Standing {
    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::GivesWay => "gives_way",
            Self::Weaker => "weaker",
        }
    }
}

/// The newest evidence of each source; rules on screen, title, progress and notification count as one.
#[derive(Debug, Default)]
pub(super) struct Pool {
    report: Option<Evidence>,
    registry: Option<Evidence>,
    hook: Option<Evidence>,
    rules: Option<Evidence>,
}

impl Pool {
    /// The place of a source. The process tree has none: what is gone leaves no evidence.
    fn place(&mut self, source: Source) -> &mut Option<Evidence> {
        match source {
            Source::Report => &mut self.report,
            Source::Registry => &mut self.registry,
            Source::Hook => &mut self.hook,
            _ => &mut self.rules,
        }
    }

    pub(super) fn put(&mut self, evidence: Evidence) {
        let place = self.place(evidence.source);
        *place = Some(match place.take() {
            Some(last) => last.followed_by(evidence),
            None => evidence,
        });
    }

    pub(super) fn forget(&mut self, source: Source) {
        *self.place(source) = None;
    }

    /// All that counts, in no order.
    pub(super) fn live(&self, now: Instant) -> impl Iterator<Item = &Evidence> {
        [&self.report, &self.registry, &self.hook, &self.rules]
            .into_iter()
            .flatten()
            .filter(move |evidence| evidence.is_live(now))
    }

    /// The moment from which less counts than now, or something else.
    pub(super) fn next_change(&self, now: Instant) -> Option<Instant> {
        let ways = |evidence: &Evidence| {
            [State::Busy, State::Ready].map(|state| evidence.gives_way_from(state))
        };
        let ends = self.live(now).filter_map(Evidence::ends);
        let ways = self.live(now).flat_map(ways).flatten();
        // It gives way once that moment is over.
        let after = |at: Instant| at.checked_add(Duration::from_millis(1));
        ends.chain(ways)
            .filter_map(after)
            .filter(|at| *at > now)
            .min()
    }

    /// All that counts now, the strongest first, and which piece of it does not give way: what follows rests on that.
    fn ranked(&self, now: Instant) -> (Vec<(&Evidence, &Strength)>, Option<usize>) {
        let mut all: Vec<(&Evidence, &Strength)> = self
            .live(now)
            .filter_map(|evidence| Some((evidence, strength(evidence.source, evidence.state)?)))
            .collect();
        all.sort_by_key(|(_, strength)| std::cmp::Reverse(strength.strength));
        let stands = |at: usize| {
            let mut weaker = all[at + 1..].iter();
            !weaker.any(|(weaker, _)| all[at].0.gives_way(weaker, now))
        };
        let at = (0..all.len()).find(|at| stands(*at));
        (all, at)
    }

    /// All that counts now, the strongest first, with its strength and how it stands beside the others.
    pub(super) fn weighed(&self, now: Instant) -> Vec<(&Evidence, u8, Standing)> {
        let (all, counts) = self.ranked(now);
        let standing = |at: usize| match counts.map(|counts| at.cmp(&counts)) {
            Some(Ordering::Equal) => Standing::Counts,
            Some(Ordering::Greater) => Standing::Weaker,
            Some(Ordering::Less) | None => Standing::GivesWay,
        };
        let all = all.into_iter().enumerate();
        all.map(|(at, (evidence, strength))| (evidence, strength.strength, standing(at)))
            .collect()
    }

    /// What follows: the strongest evidence that does not give way. Its reason and message are those of others that say
    /// the same, if it has none itself.
    pub(super) fn verdict(&self, now: Instant) -> Option<Evidence> {
        let (all, at) = self.ranked(now);
        let at = at?;
        let mut verdict = all[at].0.clone();
        for (other, _) in all.iter().filter(|(other, _)| other.state == verdict.state) {
            verdict.reason = verdict.reason.or_else(|| other.reason.clone());
            verdict.message = verdict.message.or_else(|| other.message.clone());
            verdict.at_once |= other.at_once;
        }
        let works =
            |(other, _): &(&Evidence, &Strength)| other.state == State::Busy && other.is_shown();
        verdict.contested = verdict.state != State::Busy && all.iter().any(works);
        Some(verdict)
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
