//! Anything that may stand in the fields of requests.

use proptest::prelude::*;
use serde_json::json;

use super::super::*;

/// Fields of a later version: nothing that this one knows begins with `x-`.
pub(super) fn more() -> impl Strategy<Value = More> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!({ "a": [1, { "b": null }] })),
    ];
    prop::collection::btree_map("x-[a-z]{1,4}", value, 0..3)
        .prop_map(|fields| fields.into_iter().collect())
}

pub(super) fn text() -> impl Strategy<Value = String> {
    ".{0,12}"
}

pub(super) fn some<T: fmt::Debug + Clone + 'static>(
    strategy: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<T>> {
    prop::option::of(strategy)
}

pub(super) fn id() -> impl Strategy<Value = Option<RequestId>> {
    some(prop_oneof![
        text().prop_map(RequestId::Text),
        any::<u64>().prop_map(RequestId::from),
        any::<i64>().prop_map(|number| RequestId::Number(number.into())),
    ])
}

pub(super) fn target() -> impl Strategy<Value = Target> {
    let window = prop_oneof![
        any::<u32>().prop_map(IndexOrText::Index),
        text().prop_map(IndexOrText::Text),
    ];
    let names = (some(text()), some(text()), some(text()), some(text()));
    let windows = (some(window), some(text()), some(any::<u32>()), some(text()));
    (names, windows, some(any::<u32>())).prop_map(|(names, windows, pane_index)| {
        let (pane, session, session_id, session_name) = names;
        let (window, window_id, window_index, window_name) = windows;
        Target {
            pane,
            pane_index,
            session,
            session_id,
            session_name,
            window,
            window_id,
            window_index,
            window_name,
        }
    })
}

pub(super) fn filters() -> impl Strategy<Value = Filters> {
    let session = prop_oneof![
        text().prop_map(SessionEntry::Text),
        (some(text()), some(text())).prop_map(|(session_id, session_name)| {
            SessionEntry::Exact {
                session_id,
                session_name,
            }
        }),
    ];
    let window = prop_oneof![
        any::<u32>().prop_map(WindowEntry::Index),
        text().prop_map(WindowEntry::Text),
        (some(text()), some(any::<u32>()), some(text())).prop_map(
            |(window_id, window_index, window_name)| {
                WindowEntry::Exact {
                    window_id,
                    window_index,
                    window_name,
                }
            }
        ),
    ];
    let texts = || some(prop::collection::vec(text(), 0..3));
    (
        texts(),
        some(prop::collection::vec(session, 0..3)),
        texts(),
        some(prop::collection::vec(window, 0..3)),
        (texts(), texts()),
    )
        .prop_map(
            |(panes, sessions, types, windows, (agents, statuses))| Filters {
                agents,
                panes,
                sessions,
                statuses,
                types,
                windows,
            },
        )
}

pub(super) fn since() -> impl Strategy<Value = Since> {
    prop_oneof![
        text().prop_map(Since::Cursor),
        (text(), any::<u64>(), more()).prop_map(|(epoch, seq, more)| Since::Place(Place {
            epoch,
            seq,
            more
        })),
    ]
}

pub(super) fn prints_in() -> impl Strategy<Value = PrintsIn> {
    let processes = some(prop::collection::vec(any::<u32>(), 0..3));
    (some(text()), processes, some(any::<u32>()), more()).prop_map(
        |(pane, processes, server, more)| PrintsIn {
            pane,
            processes,
            server,
            more,
        },
    )
}
