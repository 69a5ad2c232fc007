//! The control client by example: what tmux writes, and the events that it becomes.

use bytes::BytesMut;
use muxwire::control::{
    Command, ControlClient, Event, Flow, Full, Limits, LineRange, Notification, Outcome,
    Subscription,
};
use muxwire::ids::PaneId;

const PANE: PaneId = PaneId(5);

/// An event in short: `output %5 bytes`, `done 0 body`, `failed 0 body`, `dropped 1`, `bad Reason length`.
fn shown(event: Event<'_>) -> String {
    match event {
        Event::Output(output) => {
            let mut bytes = BytesMut::new();
            output.unescape_into(&mut bytes);
            let age = output
                .age_ms
                .map(|age| format!(" after {age}"))
                .unwrap_or_default();
            format!("output {}{age} {}", output.pane, bytes.escape_ascii())
        }
        Event::Notification(Notification::Unknown { name, args }) => {
            format!("unknown {name:?} {args:?}")
        }
        Event::Notification(found) => format!("{found:?}"),
        Event::Reply(reply) => outcome(&format!("{:?}", reply.id), &reply.outcome),
        Event::Block(block) => outcome("block", &block.outcome),
        Event::Exit { reason } => format!("exit {reason:?}"),
        Event::Bad(bad) => format!("bad {:?} {}", bad.reason, bad.len),
    }
}

fn outcome(whose: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(body) => format!("{whose} done {}", body.as_bytes().escape_ascii()),
        Outcome::Failed(body) => format!("{whose} failed {}", body.as_bytes().escape_ascii()),
        Outcome::Dropped => format!("{whose} dropped"),
        Outcome::TooLarge { size } => format!("{whose} too large {size}"),
    }
}

const LIMITS: Limits = Limits {
    line: 100,
    body: 300,
    pending: 4,
};

/// Sends commands in batches, feeds what tmux writes whole and byte by byte, and compares the events.
#[track_caller]
fn check(batches: &[&[Command]], written: &str, expected: &[&str]) {
    for piece in [written.len().max(1), 1] {
        let mut client = ControlClient::new(LIMITS);
        for batch in batches {
            client.enqueue_batch(batch.to_vec()).unwrap();
        }
        let mut events = Vec::new();
        for bytes in written.as_bytes().chunks(piece) {
            client.feed(bytes);
            while let Some(event) = client.next_event() {
                events.push(shown(event));
            }
            assert!(client.buffered() <= LIMITS.line);
        }
        assert_eq!(events, expected, "in pieces of {piece}");
    }
}

fn capture(first: i32, last: i32) -> Command {
    Command::Capture {
        pane: PANE,
        lines: LineRange::new(first, last).unwrap(),
    }
}

const LIST: &[&[Command]] = &[&[Command::ListSessions]];

#[test]
fn output_and_notifications_come_as_they_are() {
    check(
        &[],
        "%output %5 a\\015\\012\\134 \n%extended-output %5 17 : b\n%extended-output %5 1 x y : : c\n%output %5 \n",
        &[
            "output %5 a\\r\\n\\\\ ",
            "output %5 after 17 b",
            "output %5 after 1 : c",
            "output %5 ",
        ],
    );
    check(
        &[],
        "%sessions-changed\n%window-renamed @3 a b \n%brand-new @1 x\n%new\n%session-renamed $1 x\n%session-renamed x\n",
        &[
            "SessionsChanged",
            "WindowRenamed { window: WindowId(3), name: \"a b \" }",
            "unknown \"brand-new\" \"@1 x\"",
            "unknown \"new\" \"\"",
            "SessionRenamed { session: Some(SessionId(1)), name: \"x\" }",
            "SessionRenamed { session: None, name: \"x\" }",
        ],
    );
}

#[test]
fn a_bad_line_costs_itself_alone() {
    check(
        &[],
        "raw text\n%window-add 3\n%output 5 x\n%end 1 2 1\n%\n\n%pause %4294967296\n%window-add @3\n",
        &[
            "bad NotNotification 8",
            "bad Malformed 13",
            "bad Malformed 11",
            "bad StrayEnd 10",
            "bad Malformed 1",
            "bad NotNotification 0",
            "bad Malformed 18",
            "WindowAdd { window: WindowId(3) }",
        ],
    );
    let long = "x".repeat(101);
    check(
        &[],
        &format!(
            "%window-add @3\n%{long}\n%window-add @4\n%output %5 {}\n",
            "y".repeat(89)
        ),
        &[
            "WindowAdd { window: WindowId(3) }",
            "bad TooLong 102",
            "WindowAdd { window: WindowId(4) }",
            &format!("output %5 {}", "y".repeat(89)),
        ],
    );
}

#[test]
fn replies_come_in_the_order_of_the_commands() {
    check(
        &[&[Command::ListSessions], &[Command::ListWindows]],
        "%begin 9 1 0\nhook\n%end 9 1 0\n%begin 9 2 1\na\nb\n%end 9 2 1\n%output %5 x\n%begin 9 7 1\nno\n%error 9 7 1\n",
        &[
            "block done hook\\n",
            "CommandId(0) done a\\nb\\n",
            "output %5 x",
            "CommandId(1) failed no\\n",
        ],
    );
}

/// A name with newlines in it can look like the beginning of a reply, and must not swallow what follows.
#[test]
fn no_reply_begins_that_nobody_asked_for() {
    check(
        &[],
        "%paste-buffer-changed x\n%end 1 1 1\n%begin 2 2 1\n%sessions-changed\n%begin 9 2 0\nhook\n%end 9 2 0\n",
        &[
            "PasteBufferChanged { name: \"x\" }",
            "bad StrayEnd 10",
            "bad StrayBegin 12",
            "SessionsChanged",
            "block done hook\\n",
        ],
    );
}

#[test]
fn an_end_that_does_not_match_is_body() {
    check(
        LIST,
        "%begin 9 2 1\n%end 9 3 1\n%error 8 2 1\n%end 9 2 0\n%end 9 2\n%begin 9 3 1\n%end 9 2 1\n",
        &["CommandId(0) done %end 9 3 1\\n%error 8 2 1\\n%end 9 2 0\\n%end 9 2\\n%begin 9 3 1\\n"],
    );
}

#[test]
fn nothing_in_a_body_is_taken_for_real() {
    check(
        LIST,
        "%begin 9 2 1\n%exit\n%output %5 x\n%window-add @3\n%pause %5\n%brand-new\n%end 9 2 1\n%exit gone\n",
        &[
            "CommandId(0) done %exit\\n%output %5 x\\n%window-add @3\\n%pause %5\\n%brand-new\\n",
            "exit Some(\"gone\")",
        ],
    );
}

#[test]
fn what_tmux_does_write_into_blocks_comes_out() {
    check(
        &[
            &[Command::Flow {
                pane: PANE,
                flow: Flow::Pause,
            }],
            &[Command::ListSessions],
        ],
        "%begin 9 2 1\n%pause %5\n%message hi\n%end 9 2 1\n%begin 9 3 1\na\n%message hi\n%end 9 3 1\n",
        &[
            "Pause { pane: PaneId(5) }",
            "Message { text: \"hi\" }",
            "CommandId(0) done ",
            "Message { text: \"hi\" }",
            "CommandId(1) done a\\n",
        ],
    );
}

#[test]
fn a_captured_screen_can_show_anything() {
    check(
        &[&[capture(0, 3)]],
        "%begin 9 2 1\n%message hi\n%end 9 2 1\n%error 9 2 1\n%exit\n%end 9 2 1\n%sessions-changed\n",
        &[
            "CommandId(0) done %message hi\\n%end 9 2 1\\n%error 9 2 1\\n%exit\\n",
            "SessionsChanged",
        ],
    );
    // A capture that fails says so in one line.
    check(
        &[
            &[capture(0, 3), Command::ListSessions],
            &[Command::ListWindows],
        ],
        "%begin 9 2 1\ncan't find pane: %5\n%error 9 2 1\n%begin 9 4 1\nx\n%end 9 4 1\n",
        &[
            "CommandId(0) failed can\\'t find pane: %5\\n",
            "CommandId(1) dropped",
            "CommandId(2) done x\\n",
        ],
    );
}

/// A [`muxwire::control::rows::PaneStateRow`] of a pane with this height and so many lines of history.
fn state(pane: &str, height: u32, history: u32) -> String {
    format!("{pane}|80|{height}|{history}{}|8", "|".repeat(25))
}

#[test]
fn a_capture_has_as_many_lines_as_the_pane_state_says() {
    let batch: &[&[Command]] = &[&[Command::PaneState { pane: PANE }, capture(-9, 3)]];
    // One line of history and a height of two: three lines, and no error once the pane is known to be there.
    let state = state("%5", 2, 1);
    check(
        batch,
        &format!(
            "%begin 9 2 1\n{state}\n%end 9 2 1\n%begin 9 3 1\ncan't find pane: %5\n%error 9 3 1\n%end 9 3 1\n%end 9 3 1\n"
        ),
        &[
            &format!("CommandId(0) done {state}\\n"),
            "CommandId(1) done can\\'t find pane: %5\\n%error 9 3 1\\n%end 9 3 1\\n",
        ],
    );
    // The state of another pane, or of none, says nothing of this one: the range counts as it was asked for.
    for other in [self::state("%6", 2, 1), self::state("", 2, 1)] {
        let body = "x\n".repeat(12);
        check(
            batch,
            &format!(
                "%begin 9 2 1\n{other}\n%end 9 2 1\n%begin 9 3 1\n{body}%end 9 3 1\n%end 9 3 1\n"
            ),
            &[
                &format!("CommandId(0) done {other}\\n"),
                &format!("CommandId(1) done {}%end 9 3 1\\n", body.escape_debug()),
            ],
        );
    }
}

#[test]
fn a_failure_drops_the_rest_of_its_line_only() {
    check(
        &[
            &[
                Command::ListSessions,
                Command::ListWindows,
                Command::ListPanes,
            ],
            &[Command::ListClients],
        ],
        "%begin 9 2 1\nparse error\n%error 9 2 1\n%begin 9 5 1\nx\n%end 9 5 1\n",
        &[
            "CommandId(0) failed parse error\\n",
            "CommandId(1) dropped",
            "CommandId(2) dropped",
            "CommandId(3) done x\\n",
        ],
    );
}

#[test]
fn bodies_are_bounded() {
    let line = "y".repeat(99);
    let body = format!("{line}\n{line}\n{line}\n");
    let reply = |body: &str| format!("%begin 9 2 1\n{body}%end 9 2 1\n%sessions-changed\n");
    check(
        LIST,
        &reply(&body),
        &[
            &format!("CommandId(0) done {}", body.escape_debug()),
            "SessionsChanged",
        ],
    );
    check(
        LIST,
        &reply(&format!("{body}\n")),
        &["CommandId(0) too large 301", "SessionsChanged"],
    );
    check(
        LIST,
        &reply(&format!("{}\n", "z".repeat(150))),
        &["CommandId(0) too large 301", "SessionsChanged"],
    );
}

#[test]
fn commands_are_bounded_and_handed_back() {
    let mut client = ControlClient::new(LIMITS);
    assert_eq!(client.enqueue_batch(Vec::new()), Ok(Vec::new()));
    assert_eq!(
        client.take_outgoing(),
        None,
        "an empty line would detach us"
    );
    let batch = vec![Command::Detach; 3];
    client.enqueue_batch(batch.clone()).unwrap();
    assert_eq!(
        client.enqueue_batch(batch.clone()),
        Err(Full {
            pending: 3,
            commands: batch
        })
    );
    client
        .enqueue(Command::Unsubscribe {
            subscription: Subscription::PaneTitle,
        })
        .unwrap();
    let sent = client.take_outgoing().unwrap();
    assert_eq!(
        sent,
        "detach-client ; detach-client ; detach-client\nrefresh-client -B 'muxwire-title'\n"
    );
    client.feed(b"%begin 9 2 1\n%end 9 2 1\n%begin 9 3 1\n%error 9 3 1\n");
    assert!(matches!(client.next_event(), Some(Event::Reply(_))));
    assert!(matches!(client.next_event(), Some(Event::Reply(_))));
    assert_eq!(
        client.pending(),
        1,
        "the third command of the line was dropped"
    );
    let left: Vec<_> = client
        .close()
        .into_iter()
        .map(|(id, _)| format!("{id:?}"))
        .collect();
    assert_eq!(
        left,
        ["CommandId(2)", "CommandId(3)"],
        "a drop that nobody took is still there"
    );
    assert_eq!(client.next_event(), None);
}

#[test]
fn output_lines_cost_no_allocation() {
    let stream = "%output %5 some text\\015\\012and more of it\n".repeat(1_000);
    let mut client = ControlClient::new(Limits::default());
    let mut out = BytesMut::with_capacity(stream.len());
    let mut read = |lines: &mut usize| {
        client.feed(stream.as_bytes());
        while let Some(Event::Output(output)) = client.next_event() {
            out.clear();
            output.unescape_into(&mut out);
            *lines += 1;
        }
    };
    let mut lines = 0;
    read(&mut lines);
    let allocated = allocation_counter::measure(|| read(&mut lines));
    assert_eq!(
        (lines, allocated.count_total),
        (2_000, 0),
        "lines, and allocations once the buffers have grown"
    );
}
