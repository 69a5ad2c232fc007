//! Each byte once, whichever links bring it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::Instant;

use bytes::Bytes;

use super::{Candidates, Streams};
use crate::ids::{PaneId, SessionId, WindowId};
use crate::model::{Change, ChangeKind, Pane, Place, Session, State, Window};
use crate::tmux::LinkId;

const PANE: PaneId = PaneId(7);
const A: (LinkId, SessionId) = (LinkId(1), SessionId(1));
const B: (LinkId, SessionId) = (LinkId(2), SessionId(2));
const A_AGAIN: (LinkId, SessionId) = (LinkId(3), SessionId(1));

/// A state in which the pane's window is linked in these sessions.
fn state(sessions: &[SessionId]) -> State {
    let mut state = State::default();
    for id in [A.1, B.1] {
        let windows = sessions
            .contains(&id)
            .then_some((0, WindowId(4)))
            .into_iter()
            .collect();
        let session = Session {
            id,
            name: id.to_string().into(),
            path: String::new(),
            created: 0,
            group: None,
            destroy_unattached: None,
            streamed: false,
            alerts: [].into(),
            windows,
            active: None,
        };
        state.sessions.insert(id, session);
    }
    if !sessions.is_empty() {
        let window = Window {
            id: WindowId(4),
            name: String::new(),
            width: 80,
            height: 24,
            zoomed: false,
            layout: String::new(),
            panes: vec![PANE],
            active: Some(PANE),
        };
        state.windows.insert(window.id, window);
        let pane = Pane {
            id: PANE,
            window: WindowId(4),
            index: 0,
            width: 80,
            height: 24,
            pid: 1,
            exit: None,
            mode: None,
            title: String::new(),
            command: String::new(),
            path: String::new(),
        };
        state.panes.insert(PANE, pane);
    }
    state
}

enum StreamStep {
    /// A link brings bytes.
    Bring((LinkId, SessionId), &'static [u8]),
    /// A listing shows the window in these sessions, while these links are open.
    List(&'static [SessionId], &'static [(LinkId, SessionId)]),
    /// These links are open now; the last listing holds.
    Links(&'static [(LinkId, SessionId)]),
    /// A link lost bytes.
    Lose((LinkId, SessionId), Option<u64>),
    /// tmux ended a link, or something else did.
    End((LinkId, SessionId), bool),
    /// A listing shows the pane no more, and these sessions are left.
    Remove(&'static [SessionId]),
    /// Sessions have come or gone.
    Doubt,
}
use StreamStep::{Bring, Doubt, End, Links, List, Lose, Remove};

/// What is published: text, `<n>` or `<?>` for a gap, and what else is published in angle brackets. The links A and B were there before the pane was.
fn run(steps: &[StreamStep]) -> String {
    let mut streams = Streams::default();
    for (link, _) in [A, B] {
        streams.shows_all_after(link, PaneId(PANE.0 - 1));
    }
    let mut shown = State::default();
    let mut published = Vec::new();
    let now = Instant::now();
    for step in steps {
        match step {
            Bring((link, _), bytes) => {
                published.extend(streams.output(*link, PANE, Bytes::from_static(bytes)));
            }
            List(sessions, links) => {
                shown = state(sessions);
                published.extend(streams.listed(&shown, &candidates(links), now));
            }
            Links(links) => published.extend(streams.assign(&shown, &candidates(links))),
            Lose((link, _), bytes) => published.extend(streams.gap(*link, PANE, *bytes)),
            End((link, _), by_tmux) => {
                published.extend(streams.ended(*link, *by_tmux, &shown, now))
            }
            Remove(left) => {
                let mut left_over = state(&[]);
                left_over
                    .sessions
                    .retain(|session, _| left.contains(session));
                published.extend(streams.removed(PANE, &left_over));
            }
            Doubt => streams.doubt(),
        }
    }
    render(&published)
}

fn candidates(links: &[(LinkId, SessionId)]) -> Vec<(LinkId, Place)> {
    let place = |session: SessionId| Place {
        session,
        session_name: "s".into(),
        window: None,
    };
    let candidates: Vec<_> = links
        .iter()
        .map(|(link, session)| (*link, place(*session)))
        .collect();
    let _: &Candidates = &candidates;
    candidates
}

/// Offsets must be dense: each change starts where the one before it ended.
fn render(changes: &[Change]) -> String {
    let mut text = String::new();
    let mut next = 0;
    for change in changes {
        match &change.kind {
            ChangeKind::PaneOutput { offset, bytes } => {
                assert_eq!(*offset, next, "{changes:?}");
                next += bytes.len() as u64;
                text.push_str(std::str::from_utf8(bytes).expect("no character is cut"));
            }
            ChangeKind::PaneGap { offset, bytes } => {
                assert_eq!(*offset, next, "{changes:?}");
                next += bytes.unwrap_or(0);
                text.push_str(&bytes.map_or("<?>".to_owned(), |bytes| format!("<{bytes}>")));
            }
            ChangeKind::PaneBell => text.push_str("<bell>"),
            ChangeKind::PaneMissed => text.push_str("<missed>"),
            other => panic!("{other:?} is no output"),
        }
    }
    text
}

#[test]
fn each_byte_is_published_once() {
    const BOTH: &[SessionId] = &[A.1, B.1];
    let table: [(&str, Vec<StreamStep>, &str); 14] = [
        (
            "one link",
            vec![List(&[A.1], &[A]), Bring(A, b"ab"), Bring(A, b"c")],
            "abc",
        ),
        (
            "output before the first listing",
            vec![Bring(A, b"ab"), List(&[A.1], &[A]), Bring(A, b"c")],
            "abc",
        ),
        (
            "a link that shows another session",
            vec![List(&[A.1], &[A, B]), Bring(B, b"x"), Bring(A, b"a")],
            "a",
        ),
        (
            "a copy on a second link",
            vec![List(BOTH, &[A, B]), Bring(A, b"ab"), Bring(B, b"ab")],
            "ab",
        ),
        (
            "the owner goes while the copy is behind",
            vec![
                List(BOTH, &[A, B]),
                Bring(A, b"abcdef"),
                Bring(B, b"abcd"),
                Links(&[B]),
                Bring(B, b"efg"),
            ],
            "abcdefg",
        ),
        (
            "the owner goes while the copy is ahead",
            vec![
                List(BOTH, &[A, B]),
                Bring(A, b"abcd"),
                Bring(B, b"abcdef"),
                Links(&[B]),
                Bring(B, b"g"),
            ],
            "abcdefg",
        ),
        (
            "the copy joined later",
            vec![
                List(&[A.1], &[A]),
                Bring(A, b"0123456789"),
                List(BOTH, &[A, B]),
                Bring(B, b"abcdef"),
                Bring(A, b"abcd"),
                List(&[B.1], &[B]),
                Bring(B, b"g"),
            ],
            "0123456789abcdefg",
        ),
        (
            "the window moves, and its bytes come before the listing that says so",
            vec![
                List(&[A.1], &[A, B]),
                Bring(A, b"ab"),
                Bring(B, b"cd"),
                List(&[A.1], &[A, B]),
                List(&[B.1], &[A, B]),
                Bring(B, b"e"),
            ],
            "ab<?>cde",
        ),
        (
            "the link is recycled",
            vec![
                List(&[A.1], &[A]),
                Bring(A, b"ab"),
                Links(&[]),
                Links(&[A_AGAIN]),
                Bring(A_AGAIN, b"z"),
            ],
            "ab<?>z",
        ),
        (
            "the link lost bytes",
            vec![
                List(&[A.1], &[A]),
                Bring(A, b"a"),
                Lose(A, Some(5)),
                Bring(A, b"z"),
            ],
            "a<5>z",
        ),
        (
            "a copy lost bytes",
            vec![List(BOTH, &[A, B]), Bring(A, b"a"), Lose(B, Some(5))],
            "a",
        ),
        (
            "a pane that no listing ever shows",
            vec![
                Bring(A, b"bye\x07"),
                List(&[], &[A, B]),
                List(&[], &[A, B]),
                List(&[], &[A, B]),
            ],
            "bye\u{7}<bell><missed>",
        ),
        (
            "what is late of a pane that is long gone",
            vec![
                List(&[A.1], &[A]),
                Bring(A, b"a"),
                List(&[], &[A]),
                List(&[], &[A]),
                List(&[], &[A]),
                Bring(A, b"late"),
                List(&[], &[A]),
                List(&[], &[A]),
                List(&[], &[A]),
            ],
            "a<?>late",
        ),
        (
            "output behind the listing that shows the pane no more",
            vec![
                List(&[A.1], &[A]),
                Bring(A, b"a"),
                List(&[], &[A]),
                Bring(A, b"b"),
            ],
            "ab",
        ),
    ];
    for (name, steps, expected) in table {
        assert_eq!(run(&steps), expected, "{name}");
    }
}

#[test]
fn characters_are_never_cut() {
    let steps = [
        List(&[A.1], &[A]),
        Bring(A, b"a\xe2"),
        Bring(A, b"\x82"),
        Bring(A, b"\xacz"),
    ];
    assert_eq!(run(&steps), "a\u{20ac}z");
}

#[test]
fn regression_what_a_pane_printed_before_anybody_listened_is_a_gap() {
    const BOTH: &[SessionId] = &[A.1, B.1];
    let table: [(&str, Vec<StreamStep>, &str); 15] = [
        (
            "tmux dropped all that it had not sent when the pane went",
            vec![List(&[A.1], &[A]), Remove(&[A.1])],
            "<?>",
        ),
        (
            "something came before the pane went",
            vec![List(&[A.1], &[A]), Bring(A, b"b"), Remove(&[A.1])],
            "b",
        ),
        (
            "the link came after the pane",
            vec![List(&[A.1], &[A_AGAIN]), Bring(A_AGAIN, b"b")],
            "<?>b",
        ),
        (
            "the link came after the pane, and brought it before the listing did",
            vec![Bring(A_AGAIN, b"b"), List(&[A.1], &[A_AGAIN])],
            "<?>b",
        ),
        (
            "the link came after the first listing of the pane",
            vec![List(&[A.1], &[]), Links(&[A_AGAIN]), Bring(A_AGAIN, b"b")],
            "<?>b",
        ),
        (
            "an older link shows a pane that a listing had shown without one",
            vec![List(&[B.1], &[A]), List(&[A.1], &[A]), Bring(A, b"b")],
            "<?>b",
        ),
        (
            "the link is recycled before the pane prints",
            vec![
                List(&[A.1], &[A]),
                End(A, false),
                Links(&[]),
                Links(&[A_AGAIN]),
                Bring(A_AGAIN, b"z"),
            ],
            "<?>z",
        ),
        (
            "the window moves before the pane prints",
            vec![List(&[A.1], &[A, B]), List(&[B.1], &[A, B]), Bring(B, b"x")],
            "<?>x",
        ),
        (
            "the window moves before the first listing",
            vec![Bring(A, b"ab"), List(&[B.1], &[A, B]), Bring(B, b"c")],
            "ab<?>c",
        ),
        (
            "the window may come from a session that has no link",
            vec![Doubt, List(&[A.1], &[A, B]), Bring(A, b"b")],
            "<?>b",
        ),
        (
            "a session without a link was there before",
            vec![List(&[], &[A]), Bring(A, b"a"), List(&[A.1], &[A])],
            "<?>a",
        ),
        (
            "a window of two sessions is whole, whichever link is quicker",
            vec![
                Bring(A, b"a"),
                Bring(B, b"ab"),
                List(BOTH, &[A, B]),
                Bring(B, b"c"),
            ],
            "abc",
        ),
        (
            "the link ends before any listing shows the pane",
            vec![List(&[], &[A, B]), Bring(A, b"bye"), End(A, true)],
            "bye",
        ),
        (
            "the pane goes before any link comes",
            vec![List(&[A.1], &[]), Remove(&[A.1])],
            "<?>",
        ),
        (
            "the pane goes with its session, or after its link was killed",
            vec![
                List(&[A.1], &[A]),
                End(A, true),
                Links(&[]),
                Remove(&[B.1]),
                End(A, false),
                Remove(&[A.1]),
            ],
            "<?>",
        ),
    ];
    for (name, steps, expected) in table {
        assert_eq!(run(&steps), expected, "{name}");
    }
}
