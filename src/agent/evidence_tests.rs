//! Tests of whom to believe.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use super::*;

fn evidence(source: Source, state: State, at: Instant) -> Evidence {
    Evidence::new(source, state, String::new(), at)
}

/// Evidence by the second at which it came, and what follows from it at another second.
#[track_caller]
fn check(pieces: &[(Source, State, u64)], at: u64, expected: Option<State>) {
    let start = Instant::now();
    let mut pool = Pool::default();
    for (source, state, second) in pieces {
        pool.put(evidence(
            *source,
            *state,
            start + Duration::from_secs(*second),
        ));
    }
    let verdict = pool.verdict(start + Duration::from_secs(at));
    assert_eq!(verdict.map(|verdict| verdict.state), expected, "{pieces:?}");
}

#[test]
fn the_strongest_counts() {
    use Source::{Hook, Registry, Report, Screen, Title};
    use State::{Busy, Error, Ready, Waiting};
    check(&[], 0, None);
    check(&[(Screen, Waiting, 0), (Hook, Busy, 5)], 6, Some(Waiting));
    check(
        &[(Screen, Waiting, 0), (Report, Ready, 5)],
        6,
        Some(Waiting),
    );
    check(&[(Screen, Ready, 0), (Report, Busy, 0)], 60, Some(Busy));
    check(&[(Screen, Error, 0), (Registry, Ready, 1)], 60, Some(Error));
    check(&[(Title, Ready, 0), (Registry, Busy, 0)], 60, Some(Busy));
    check(&[(Hook, Error, 0), (Registry, Ready, 1)], 60, Some(Error));
}

#[test]
fn what_is_older_gives_way() {
    use Source::{Hook, Registry, Report, Screen};
    use State::{Busy, Error, Ready, Waiting};
    // A hook of work, and a screen that goes on being ready.
    check(&[(Hook, Busy, 10), (Screen, Ready, 0)], 11, Some(Busy));
    check(&[(Hook, Busy, 10), (Screen, Ready, 0)], 13, Some(Ready));
    check(&[(Hook, Waiting, 10), (Screen, Busy, 0)], 13, Some(Busy));
    check(
        &[(Registry, Ready, 10), (Screen, Busy, 10)],
        10,
        Some(Ready),
    );
    check(&[(Registry, Ready, 0), (Screen, Busy, 10)], 10, Some(Busy));
    check(&[(Registry, Busy, 0), (Screen, Ready, 10)], 600, Some(Busy));
    // An error ends when somebody begins to work.
    check(&[(Screen, Error, 10), (Report, Busy, 9)], 20, Some(Error));
    check(&[(Screen, Error, 10), (Report, Busy, 11)], 20, Some(Busy));
}

#[test]
fn hooks_do_not_live_for_ever() {
    check(&[(Source::Hook, State::Busy, 0)], 599, Some(State::Busy));
    check(&[(Source::Hook, State::Busy, 0)], 600, None);
}

#[test]
fn a_reason_comes_from_what_says_the_same() {
    let start = Instant::now();
    let mut pool = Pool::default();
    pool.put(evidence(Source::Report, State::Error, start));
    let mut screen = evidence(Source::Title, State::Error, start);
    screen.reason = Reason::new("usage_limit");
    pool.put(screen);
    let verdict = pool.verdict(start).unwrap();
    assert_eq!(
        (verdict.source, verdict.reason),
        (Source::Report, Reason::new("usage_limit"))
    );
}

#[test]
fn what_is_repeated_keeps_its_beginning() {
    let start = Instant::now();
    let later = start + Duration::from_secs(5);
    let mut pool = Pool::default();
    pool.put(evidence(Source::Screen, State::Busy, start));
    pool.put(evidence(Source::Title, State::Busy, later));
    let verdict = pool.verdict(later).unwrap();
    assert_eq!(
        (verdict.since, verdict.seen, verdict.source),
        (start, later, Source::Title)
    );
    pool.forget(Source::Screen);
    assert_eq!(pool.verdict(later), None);
}
