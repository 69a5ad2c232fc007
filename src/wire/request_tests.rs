//! Requests read back as what was written, in both directions, with all that this version doesn't know.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "question_strategies.rs"]
mod question_strategies;
#[path = "request_strategies.rs"]
mod strategies;

use proptest::prelude::*;

use self::question_strategies::question;
use self::strategies::{filters, id, more, prints_in, since, some, target, text};
use super::super::terminal_request::{
    Connect, Input, PaneOffset, Resize, TerminalAck, TerminalAction,
};
use super::*;
/// A strategy for each variant, so that none is forgotten: the match has no other arm.
fn of_variant(action: &Action) -> BoxedStrategy<Action> {
    match action {
        Action::Auth(_) => (some(text()), some(text()), more())
            .prop_map(|(ticket, token, more)| {
                Action::Auth(Auth {
                    ticket,
                    token,
                    more,
                })
            })
            .boxed(),
        Action::Subscribe(_) => (
            some(filters()),
            some(prints_in()),
            some(since()),
            some(any::<bool>()),
            more(),
        )
            .prop_map(|(filters, prints_in, since, without_watchers, more)| {
                Action::Subscribe(Subscribe {
                    filters,
                    prints_in,
                    since,
                    without_watchers,
                    more,
                })
            })
            .boxed(),
        Action::Unsubscribe(_) => (some(filters()), more())
            .prop_map(|(filters, more)| Action::Unsubscribe(Unsubscribe { filters, more }))
            .boxed(),
        Action::Snapshot(_) => (some(any::<bool>()), some(target()), more())
            .prop_map(|(screen, target, more)| {
                Action::Snapshot(Snapshot {
                    screen,
                    target,
                    more,
                })
            })
            .boxed(),
        Action::Command(_) => command(),
        Action::SendKeys(_) => send_keys(),
        Action::Prompt(_) => prompt(),
        Action::Answer(_) => answer(),
        Action::Seen(_) => (some(target()), more())
            .prop_map(|(target, more)| Action::Seen(Seen { target, more }))
            .boxed(),
        Action::Explain(_) => (target(), more())
            .prop_map(|(target, more)| Action::Explain(Explain { target, more }))
            .boxed(),
        Action::Open(_) => open(),
        Action::Close(_) => (target(), more())
            .prop_map(|(target, more)| Action::Close(Close { target, more }))
            .boxed(),
        Action::Ack(_) => (any::<u64>(), text(), more())
            .prop_map(|(offset, pane, more)| Action::Ack(Ack { offset, pane, more }))
            .boxed(),
        Action::Stats(_) => plain(Action::Stats),
        Action::Clients(_) => plain(Action::Clients),
        Action::Emit(_) => emit(),
        Action::Ping(_) => plain(Action::Ping),
        Action::History(_)
        | Action::Search(_)
        | Action::Screen(_)
        | Action::Replay(_)
        | Action::ReplayControl(_)
        | Action::Digest(_)
        | Action::Cancel(_) => question(action).unwrap(),
        Action::Disconnect(_) => (text(), some(text()), more())
            .prop_map(|(client_id, reason, more)| {
                Action::Disconnect(Disconnect {
                    client_id,
                    reason,
                    more,
                })
            })
            .boxed(),
        Action::Unknown(_) => ("x-[a-z]{1,6}", more())
            .prop_map(|(name, mut more)| {
                more.insert("action".to_owned(), name.into());
                Action::Unknown(more)
            })
            .boxed(),
    }
}

fn emit() -> BoxedStrategy<Action> {
    let event =
        (more(), some(target()), text()).prop_map(|(data, target, type_name)| EmittedEvent {
            data,
            target,
            type_name,
        });
    let events = prop::collection::vec(event, 0..3);
    (events, some(text()), more())
        .prop_map(|(events, key, more)| Action::Emit(Emit { events, key, more }))
        .boxed()
}

fn flags() -> impl Strategy<Value = (Option<bool>, Option<String>, Option<bool>, Option<u64>)> {
    (
        some(any::<bool>()),
        some(text()),
        some(any::<bool>()),
        some(any::<u64>()),
    )
}

fn command() -> BoxedStrategy<Action> {
    (text(), target(), flags(), more())
        .prop_map(|(command, target, flags, more)| {
            let (cancel_mode, key, paste, submit_delay_ms) = flags;
            Action::Command(Command {
                cancel_mode,
                command,
                key,
                paste,
                submit_delay_ms,
                target,
                more,
            })
        })
        .boxed()
}

fn send_keys() -> BoxedStrategy<Action> {
    (
        some(text()),
        some(prop::collection::vec(text(), 0..3)),
        target(),
        flags(),
        more(),
    )
        .prop_map(|(text, keys, target, flags, more)| {
            let (cancel_mode, key, paste, submit_delay_ms) = flags;
            Action::SendKeys(SendKeys {
                cancel_mode,
                key,
                keys,
                paste,
                submit_delay_ms,
                target,
                text,
                more,
            })
        })
        .boxed()
}

fn prompt() -> BoxedStrategy<Action> {
    let flags = (some(text()), some(any::<bool>()), some(any::<u64>()));
    (target(), text(), flags, more())
        .prop_map(|(target, text, (key, queue, timeout_ms), more)| {
            Action::Prompt(Prompt {
                key,
                queue,
                target,
                text,
                timeout_ms,
                more,
            })
        })
        .boxed()
}

fn answer() -> BoxedStrategy<Action> {
    let choice = prop_oneof![
        any::<u32>().prop_map(Choice::Number),
        text().prop_map(Choice::Text),
    ];
    let rest = (some(text()), some(any::<u64>()), more());
    (target(), text(), choice, rest)
        .prop_map(|(target, dialog, choice, (key, timeout_ms, more))| {
            Action::Answer(Answer {
                choice,
                dialog,
                key,
                target,
                timeout_ms,
                more,
            })
        })
        .boxed()
}

fn open() -> BoxedStrategy<Action> {
    let since = (text(), any::<u64>(), more()).prop_map(|(epoch, offset, more)| Offset {
        epoch,
        offset,
        more,
    });
    (
        some(any::<u64>()),
        some(any::<u32>()),
        some(since),
        target(),
        more(),
    )
        .prop_map(|(ack_window, scrollback, since, target, more)| {
            Action::Open(Open {
                ack_window,
                scrollback,
                since,
                target,
                more,
            })
        })
        .boxed()
}

fn plain<A: fmt::Debug + 'static>(wrap: fn(Plain) -> A) -> BoxedStrategy<A> {
    more().prop_map(move |more| wrap(Plain { more })).boxed()
}

/// One of each variant.
fn variants() -> [Action; 26] {
    [
        Action::Auth(Auth::default()),
        Action::Subscribe(Subscribe::default()),
        Action::Unsubscribe(Unsubscribe::default()),
        Action::Snapshot(Snapshot::default()),
        Action::Command(Command::default()),
        Action::SendKeys(SendKeys::default()),
        Action::Prompt(Prompt::default()),
        Action::Answer(Answer {
            choice: Choice::Number(1),
            dialog: String::new(),
            key: None,
            target: Target::default(),
            timeout_ms: None,
            more: More::new(),
        }),
        Action::Seen(Seen::default()),
        Action::Explain(Explain::default()),
        Action::Open(Open::default()),
        Action::Close(Close::default()),
        Action::Ack(Ack::default()),
        Action::Stats(Plain::default()),
        Action::Clients(Plain::default()),
        Action::Disconnect(Disconnect::default()),
        Action::Emit(Emit::default()),
        Action::History(History::default()),
        Action::Search(Search::default()),
        Action::Screen(ScreenAt::default()),
        Action::Replay(Replay::default()),
        Action::ReplayControl(ReplayControl::default()),
        Action::Digest(Digest::default()),
        Action::Cancel(Cancel::default()),
        Action::Ping(Plain::default()),
        Action::Unknown(More::new()),
    ]
}

fn terminal_variants() -> [BoxedStrategy<TerminalAction>; 7] {
    let since =
        (text(), any::<u64>(), text(), more()).prop_map(|(epoch, offset, pane, more)| PaneOffset {
            epoch,
            offset,
            pane,
            more,
        });
    let numbers = (
        some(any::<u64>()),
        some(any::<u16>()),
        some(any::<u16>()),
        some(any::<u32>()),
    );
    [
        (numbers, some(text()), some(since), more())
            .prop_map(|(numbers, session, since, more)| {
                let (ack_window, cols, rows, scrollback) = numbers;
                TerminalAction::Connect(Connect {
                    ack_window,
                    cols,
                    rows,
                    scrollback,
                    session,
                    since,
                    more,
                })
            })
            .boxed(),
        (text(), some(any::<bool>()), more())
            .prop_map(|(data, paste, more)| TerminalAction::Input(Input { data, paste, more }))
            .boxed(),
        (any::<u16>(), any::<u16>(), more())
            .prop_map(|(cols, rows, more)| TerminalAction::Resize(Resize { cols, rows, more }))
            .boxed(),
        (any::<u64>(), more())
            .prop_map(|(offset, more)| TerminalAction::Ack(TerminalAck { offset, more }))
            .boxed(),
        plain(TerminalAction::Disconnect),
        prop::sample::select(variants().to_vec())
            .prop_flat_map(|action| of_variant(&action))
            .prop_map(TerminalAction::Common)
            .boxed(),
        ("x-[a-z]{1,6}", more())
            .prop_map(|(name, mut more)| {
                more.insert("type".to_owned(), name.into());
                TerminalAction::Unknown(more)
            })
            .boxed(),
    ]
}

proptest! {
    #[test]
    fn every_request_reads_back_as_what_was_written(
        (action, id) in (prop::sample::select(variants().to_vec()), id())
            .prop_flat_map(|(action, id)| (of_variant(&action), Just(id)))
    ) {
        let request = Request { action, id };
        let text = request.encode();
        let read: Request = serde_json::from_str(&text).unwrap();
        prop_assert!(read == request, "{text}");
        prop_assert_eq!(read.encode(), text);
    }

    #[test]
    fn whatever_is_said_to_a_terminal_reads_back_as_what_was_written(
        (action, id) in (
            prop::sample::select((0..7).collect::<Vec<_>>())
                .prop_flat_map(|index: usize| terminal_variants()[index].clone()),
            id(),
        )
    ) {
        let request = Request { action, id };
        let text = request.encode();
        let read = Request::read_terminal(serde_json::from_str(&text).unwrap()).unwrap();
        prop_assert!(read == request, "{text}");
        prop_assert_eq!(read.encode(), text);
    }
}

#[test]
fn regression_every_action_of_the_schema_has_a_variant_of_its_own() {
    let named = |action: &Action| {
        let value = serde_json::to_value(action).unwrap();
        value["action"].as_str().map(str::to_owned)
    };
    let known: Vec<_> = variants().iter().filter_map(named).collect();
    assert_eq!(known, super::super::schema::ACTIONS, "in the same order");
    for name in known {
        let text = format!(r#"{{"action":"{name}","x-later":[1]}}"#);
        // What lacks a field is an error, and never another action.
        let read: Result<Request, _> = serde_json::from_str(&text);
        let read = read.ok().and_then(|request| named(&request.action));
        assert!(
            read.as_ref().is_none_or(|read| *read == name),
            "{name}: {read:?}"
        );
    }
}

#[test]
fn requests_that_are_not_known_are_kept_whole() {
    for text in [
        r#"{"action":"dance","id":"x","steps":[1,{"a":null}]}"#,
        r#"{"action":"dance","id":[1]}"#,
        r#"{"action":7}"#,
        r#"{"odd":true}"#,
        "{}",
        r#"{"action":"ping","id":{"a":1},"x":2}"#,
        r#"{"action":"subscribe","since":{"epoch":"e","seq":1,"x":[]},"prints_in":{"x":{}}}"#,
    ] {
        let read: Request = serde_json::from_str(text).unwrap();
        let (came, gone): (Value, Value) = (
            serde_json::from_str(text).unwrap(),
            serde_json::from_str(&read.encode()).unwrap(),
        );
        assert_eq!(gone, came);
    }
}

#[test]
fn what_is_secret_is_in_no_debug_output() {
    for (text, shown) in [
        (r#"{"action":"auth","token":"mw_x"}"#, "Auth"),
        (
            r#"{"action":"send-keys","target":{"pane":"%1"},"text":"secret"}"#,
            "SendKeys",
        ),
        (r#"{"action":"x","token":"mw_x"}"#, "Unknown"),
    ] {
        let read: Request = serde_json::from_str(text).unwrap();
        assert_eq!(format!("{read:?}"), shown);
    }
}
