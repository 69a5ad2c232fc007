//! Blocks and what stands in them, batches, subscriptions, the end.

use muxwire::control::rows::{CheckRow, WindowRow};
use muxwire::control::{Body, Command, Flow, Notification, Outcome, Subscription, WindowSize};
use muxwire::ids::{PaneId, WindowId};

use super::{Attached, MAIN};
use crate::support::{TmuxServer, for_each_version};

#[test]
fn panes_are_paused_and_continued() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        for flow in [Flow::Pause, Flow::Continue] {
            let outcome = attached
                .batch(vec![Command::Flow { pane: MAIN, flow }])
                .remove(0);
            if !program.version.has_flow_control() {
                assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
                continue;
            }
            assert_eq!(
                outcome,
                Outcome::Done(Body::default()),
                "what tmux writes into the block is no body"
            );
            let wanted = match flow {
                Flow::Pause => Notification::Pause { pane: MAIN },
                Flow::Continue => Notification::Continue { pane: MAIN },
            };
            attached.wait_for("the notification", |found| *found == wanted);
        }
    });
}

#[test]
fn subscriptions_tell_values() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let all = |command: fn(Subscription) -> Command| Subscription::ALL.map(command).to_vec();
        let outcomes = attached.batch(all(|subscription| Command::Subscribe { subscription }));
        if !program.version.has_subscriptions() {
            assert!(
                matches!(outcomes[..], [Outcome::Failed(_), Outcome::Dropped, ..]),
                "{outcomes:?}"
            );
            return;
        }
        assert!(
            outcomes
                .iter()
                .all(|outcome| *outcome == Outcome::Done(Body::default())),
            "{outcomes:?}"
        );
        for subscription in Subscription::ALL {
            attached.wait_for(subscription.name(), |found| reports(found, subscription));
        }
        let outcomes = attached.batch(all(|subscription| Command::Unsubscribe { subscription }));
        assert!(
            outcomes
                .iter()
                .all(|outcome| *outcome == Outcome::Done(Body::default())),
            "{outcomes:?}"
        );
    });
}

/// Whether a notification reports the value of a subscription for the one pane or window that there is.
fn reports(found: &Notification, subscription: Subscription) -> bool {
    let Notification::SubscriptionChanged {
        name,
        value,
        pane,
        window,
        index,
        ..
    } = found
    else {
        return false;
    };
    let place = match subscription {
        Subscription::WindowFlags => None,
        _ => Some(MAIN),
    };
    let value = match subscription {
        Subscription::PaneCommand => value.as_bytes() == b"cat",
        Subscription::WindowFlags => value.as_bytes() == b"*",
        _ => !value.is_empty(),
    };
    Subscription::from_name(name.as_bytes()) == Some(subscription)
        && (*pane, *window, *index) == (place, Some(WindowId(0)), Some(0))
        && value
}

#[test]
fn a_batch_stops_where_it_fails() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let outcomes = attached.batch(vec![
            Command::Sentinel { nonce: 7 },
            Command::CancelMode { pane: PaneId(99) },
            Command::Sentinel { nonce: 8 },
            Command::ListSessions,
        ]);
        let [
            Outcome::Done(first),
            Outcome::Failed(second),
            Outcome::Dropped,
            Outcome::Dropped,
        ] = outcomes.as_slice()
        else {
            panic!("{outcomes:?}")
        };
        assert_eq!(first.as_bytes(), b"muxwire-0000000000000007\n");
        assert_eq!(second.as_bytes(), b"can't find pane: %99\n");
        assert_eq!(
            attached.done(Command::Sentinel { nonce: 9 }).as_bytes(),
            b"muxwire-0000000000000009\n"
        );
    });
}

#[test]
fn modes_are_seen_and_cancelled_and_windows_resized_and_freed() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        server.run(["copy-mode", "-t", "%0"]);
        let check = attached
            .rows::<CheckRow>(Command::CheckPane { pane: MAIN })
            .remove(0);
        assert_eq!((check.in_mode, check.mode.as_str()), (true, "copy-mode"));
        attached.done(Command::CancelMode { pane: MAIN });
        assert!(!attached.rows::<CheckRow>(Command::CheckPane { pane: MAIN })[0].in_mode);

        let window = WindowId(0);
        attached.done(Command::ResizeWindow {
            window,
            size: WindowSize::new(100, 30).unwrap(),
        });
        let found = attached.rows::<WindowRow>(Command::ListWindows).remove(0);
        assert_eq!((found.width, found.height), (100, 30));
        assert_eq!(
            server.run(["show-options", "-w", "-v", "-t", "@0", "window-size"]),
            "manual\n"
        );
        attached.done(Command::UnsetWindowSize { window });
        assert_eq!(
            server.run(["show-options", "-w", "-v", "-t", "@0", "window-size"]),
            ""
        );

        attached.done(Command::Detach);
        while attached.read_unless_closed("the end").is_some() {}
        // 3.1c says nothing at all: the end of the stream is what counts.
        assert_eq!(attached.exited, program.version.has_flow_control());
    });
}
