//! What is told, and when: each state once, when it has lasted for a while, and outside of quiet hours. It is what the dashboard
//! does for a page that is open (clients/web/src/dashboard/notices.ts), so that one takes over from the other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::subjects::Subject;
use super::subscription::Wishes;

/// What one browser was told.
#[derive(Debug, Default)]
pub struct Notices {
    known: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    state: String,
    /// Since when it lasts: no later than it was known, so that a clock that was set back puts nothing off.
    began: Timestamp,
    told: bool,
}

impl Known {
    fn new(subject: &Subject, now: Timestamp) -> Self {
        Self {
            state: subject.state.clone(),
            began: subject.since.min(now),
            told: false,
        }
    }

    /// How long it has to last yet.
    fn left(&self, dwell: Duration, now: Timestamp) -> Option<Duration> {
        let lasted = Duration::try_from(now.duration_since(self.began)).unwrap_or_default();
        let left = dwell.checked_sub(lasted)?;
        (!left.is_zero()).then_some(left)
    }
}

/// What is to be done now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What is to be told.
    pub tell: Vec<Subject>,
    /// Tags of what is over, was seen, or is another state: what waits to be sent of it need not be.
    pub over: Vec<String>,
    /// In how long something else may be due.
    pub next: Option<Duration>,
}

impl Notices {
    /// For a browser whose person looks at these now, and need not be told of them.
    #[must_use]
    pub fn knowing(subjects: &[Subject]) -> Self {
        let known = subjects.iter().map(|subject| {
            let known = Known {
                told: true,
                ..Known::new(subject, subject.since)
            };
            (subject.tag.clone(), known)
        });
        Self {
            known: known.collect(),
        }
    }

    /// Looks at what there is now.
    pub fn step(&mut self, subjects: &[Subject], wishes: &Wishes, now: Timestamp) -> Step {
        let wanted = subjects
            .iter()
            .filter(|one| wishes.kinds.contains(one.kind));
        let wanted: Vec<&Subject> = wanted.collect();
        let mut step = Step {
            over: self.forget(&wanted),
            ..Step::default()
        };
        let quiet = wishes.quiet_left(now);
        let mut wait = |left: Duration| {
            step.next = Some(step.next.map_or(left, |next| next.min(left)));
        };
        for subject in wanted {
            let known = self.known.entry(subject.tag.clone());
            let known = known.or_insert_with(|| Known::new(subject, now));
            if known.state != subject.state {
                *known = Known::new(subject, now);
                step.over.push(subject.tag.clone());
            }
            if known.told {
                continue;
            }
            match (known.left(wishes.dwell, now), quiet) {
                (Some(left), _) => wait(left),
                // What still stands when they end is told then.
                (None, Some(quiet)) => wait(quiet),
                (None, None) => {
                    known.told = true;
                    step.tell.push(subject.clone());
                }
            }
        }
        step
    }

    fn forget(&mut self, wanted: &[&Subject]) -> Vec<String> {
        let tags: BTreeSet<&str> = wanted.iter().map(|one| &*one.tag).collect();
        let over = self.known.keys().filter(|tag| !tags.contains(tag.as_str()));
        let over: Vec<String> = over.cloned().collect();
        self.known.retain(|tag, _| tags.contains(tag.as_str()));
        over
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::push::subscription::{Kind, Kinds, Quiet};

    const WAITING: &str = "%1 waiting";

    fn subject(state: &str, since: i64) -> Subject {
        Subject {
            tag: WAITING.to_owned(),
            state: state.to_owned(),
            kind: Kind::Waiting,
            pane: "%1".parse().ok(),
            since: at(since),
            title: "api:0.0".to_owned(),
            body: "claude: asks for permission".to_owned(),
            content: String::new(),
        }
    }

    fn wishes() -> Wishes {
        Wishes {
            kinds: Kinds::new([Kind::Waiting]),
            dwell: Duration::from_secs(10),
            quiet: None,
            zone: None,
            offset: 0,
            content: false,
        }
    }

    /// Seconds from a midnight by UTC.
    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_699_920_000 + second).unwrap()
    }

    fn told(step: &Step) -> Vec<&str> {
        step.tell.iter().map(|one| &*one.state).collect()
    }

    #[test]
    fn a_state_is_told_once_when_it_has_lasted() {
        let mut notices = Notices::default();
        let one = [subject("a", 0)];
        let step = notices.step(&one, &wishes(), at(4));
        assert_eq!(
            (told(&step), step.next),
            (vec![], Some(Duration::from_secs(6)))
        );
        let step = notices.step(&one, &wishes(), at(10));
        assert_eq!((told(&step), step.next), (vec!["a"], None));
        assert_eq!(notices.step(&one, &wishes(), at(99)), Step::default());
        // Another one of the same pane, before the first was over.
        let step = notices.step(&[subject("b", 100)], &wishes(), at(110));
        assert_eq!(
            (told(&step), &*step.over),
            (vec!["b"], &[WAITING.to_owned()][..])
        );
        let step = notices.step(&[], &wishes(), at(111));
        assert_eq!(
            (told(&step), &*step.over),
            (vec![], &[WAITING.to_owned()][..])
        );
        // The very state comes again, as after a server that was away.
        let step = notices.step(&[subject("b", 100)], &wishes(), at(112));
        assert_eq!(told(&step), ["b"]);
    }

    #[test]
    fn what_is_over_before_it_has_lasted_is_never_told() {
        let mut notices = Notices::default();
        notices.step(&[subject("a", 0)], &wishes(), at(4));
        let step = notices.step(&[], &wishes(), at(20));
        assert_eq!((told(&step), step.next), (vec![], None));
    }

    #[test]
    fn quiet_hours_put_off_what_still_stands_then() {
        let mut notices = Notices::default();
        let wishes = Wishes {
            quiet: Quiet::new("00:00", "07:00"),
            ..wishes()
        };
        let one = [subject("a", 0)];
        let step = notices.step(&one, &wishes, at(60));
        assert_eq!(told(&step), [""; 0]);
        assert_eq!(step.next, Some(Duration::from_secs(7 * 3600 - 60)));
        let step = notices.step(&one, &wishes, at(7 * 3600));
        assert_eq!(told(&step), ["a"]);
    }

    #[test]
    fn kinds_that_are_not_wanted_are_not_told_and_wishes_change() {
        let mut notices = Notices::default();
        let none = Wishes {
            kinds: Kinds::new([Kind::Failed]),
            ..wishes()
        };
        assert_eq!(
            notices.step(&[subject("a", 0)], &none, at(60)),
            Step::default()
        );
        assert_eq!(
            told(&notices.step(&[subject("a", 0)], &wishes(), at(60))),
            ["a"]
        );
    }

    #[test]
    fn who_looks_while_subscribing_is_told_of_what_comes_later() {
        let mut notices = Notices::knowing(&[subject("a", 0)]);
        assert_eq!(
            notices.step(&[subject("a", 0)], &wishes(), at(60)),
            Step::default()
        );
        assert_eq!(
            told(&notices.step(&[subject("b", 60)], &wishes(), at(70))),
            ["b"]
        );
    }

    #[test]
    fn a_clock_that_was_set_back_puts_nothing_off_for_long() {
        let mut notices = Notices::default();
        let step = notices.step(&[subject("a", 1000)], &wishes(), at(0));
        assert_eq!(step.next, Some(Duration::from_secs(10)));
        let step = notices.step(&[subject("a", 1000)], &wishes(), at(10));
        assert_eq!(told(&step), ["a"]);
    }
}
