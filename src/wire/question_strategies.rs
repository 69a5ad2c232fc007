//! Anything that may stand in questions about what happened.

use proptest::prelude::*;

use super::super::*;
use super::strategies::{more, some, target, text};

/// One of each kind of question, or nothing for what is none.
pub(super) fn question(action: &Action) -> Option<BoxedStrategy<Action>> {
    Some(match action {
        Action::History(_) => history(),
        Action::Search(_) => search(),
        Action::Screen(_) => (text(), some(any::<u64>()), target(), more())
            .prop_map(|(at, offset, target, more)| {
                Action::Screen(ScreenAt {
                    at,
                    offset,
                    target,
                    more,
                })
            })
            .boxed(),
        Action::Replay(_) => replay(),
        Action::ReplayControl(_) => replay_control(),
        Action::Digest(_) => (some(texts()), some(texts()), text(), some(text()), more())
            .prop_map(|(agents, sessions, since, to, more)| {
                Action::Digest(Digest {
                    agents,
                    sessions,
                    since,
                    to,
                    more,
                })
            })
            .boxed(),
        Action::Cancel(_) => (any::<u64>(), more())
            .prop_map(|(request, more)| {
                Action::Cancel(Cancel {
                    request: request.into(),
                    more,
                })
            })
            .boxed(),
        _ => return None,
    })
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..3)
}

fn history() -> BoxedStrategy<Action> {
    let lists = (some(texts()), some(texts()), some(texts()), some(texts()));
    let times = (some(text()), some(text()), some(text()), some(text()));
    (lists, times, some(any::<usize>()), some(text()), more())
        .prop_map(|(lists, times, limit, order, more)| {
            let (agents, panes, sessions, types) = lists;
            let (after, before, from, to) = times;
            Action::History(History {
                after,
                agents,
                before,
                from,
                limit,
                order,
                panes,
                sessions,
                to,
                types,
                more,
            })
        })
        .boxed()
}

fn search() -> BoxedStrategy<Action> {
    let lists = (some(texts()), some(texts()));
    let times = (some(text()), some(text()), some(text()));
    let what = (some(text()), some(text()), some(text()));
    (lists, times, what, some(any::<usize>()), more())
        .prop_map(|(lists, times, what, limit, more)| {
            let ((panes, sessions), (before, from, to)) = (lists, times);
            let (regex, severity, words) = what;
            Action::Search(Search {
                before,
                from,
                limit,
                panes,
                regex,
                sessions,
                severity,
                to,
                words,
                more,
            })
        })
        .boxed()
}

fn replay() -> BoxedStrategy<Action> {
    let bounds = (some(any::<u64>()), some(any::<bool>()), some(any::<u64>()));
    (bounds, text(), target(), some(text()), more())
        .prop_map(|((ack_window, skip_idle, speed), from, target, to, more)| {
            Action::Replay(Replay {
                ack_window,
                from,
                skip_idle,
                speed: speed.map(Into::into),
                target,
                to,
                more,
            })
        })
        .boxed()
}

fn replay_control() -> BoxedStrategy<Action> {
    let flags = (
        some(any::<bool>()),
        some(any::<bool>()),
        some(any::<bool>()),
    );
    let numbers = (some(any::<u64>()), any::<u64>(), some(any::<u64>()));
    (flags, numbers, some(text()), more())
        .prop_map(|(flags, (ack, replay, speed), seek, more)| {
            let (paused, skip_idle, stop) = flags;
            Action::ReplayControl(ReplayControl {
                ack,
                paused,
                replay,
                seek,
                skip_idle,
                speed: speed.map(Into::into),
                stop,
                more,
            })
        })
        .boxed()
}
