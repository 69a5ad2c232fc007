//! Captures have the lines and the bytes that they should.

use bytes::BytesMut;
use muxwire::control::rows::{PaneStateRow, Row as _};
use muxwire::control::{Body, Command, LineRange, Notification, Outcome, escape};
use muxwire::ids::PaneId;

use super::{Attached, MAIN};
use crate::support::{SOON, TmuxServer, for_each_version, wait_until};

/// What a capture gave, unescaped; how many blanks tmux keeps behind a line is its own affair.
fn unescaped(body: &Body) -> String {
    let line = |line| {
        let mut out = BytesMut::new();
        escape::unescape_capture_into(line, &mut out);
        format!("{}\n", String::from_utf8(out.to_vec()).unwrap().trim_end())
    };
    body.lines().map(line).collect()
}

/// A pane that shows what `printf` prints for `text`, and then waits.
fn showing(server: &TmuxServer, name: &str, text: &str) -> PaneId {
    let (_, pane) = server.new_session(name, &format!("printf '{text}'; exec sleep 1000"));
    wait_until("the text shows", SOON, || {
        server
            .run(["capture-pane", "-p", "-t", &pane])
            .contains("shown")
    });
    pane.parse().unwrap()
}

#[test]
fn captures_have_the_lines_that_were_asked_for() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let pane = showing(&server, "long", &format!("{}shown", "x\\n".repeat(40)));
        for (first, last) in [
            (0, 23),
            (0, 0),
            (5, 9),
            (-10, 23),
            (-17, -1),
            (-5000, 5000),
            (-40, -30),
            (24, 90),
        ] {
            let lines = LineRange::new(first, last).unwrap();
            let capture = Command::Capture { pane, lines };
            let outcomes = attached.batch(vec![Command::PaneState { pane }, capture.clone()]);
            let [Outcome::Done(state), Outcome::Done(body)] = outcomes.as_slice() else {
                panic!("{outcomes:?}")
            };
            let state = PaneStateRow::parse(state.first_line()).unwrap();
            let (history, height) = (state.history.unwrap(), state.height.unwrap());
            assert_eq!(
                body.lines().count() as u32,
                lines.count_within(history, height),
                "{first}..={last}"
            );
        }
    });
}

#[test]
fn captures_are_exact_and_never_taken_for_anything_else() {
    // A percent sign is doubled for printf.
    let text = "%%end 1 2 1\\n%%exit\\n%%begin 1 2 1\\n%%output %%0 x\\n%%message x\\n%%pause %%0\\n\\134\\134033\\134 \\033[31mred \\303\\251\\033[m  \\nshown";
    let expected = "%end 1 2 1\n%exit\n%begin 1 2 1\n%output %0 x\n%message x\n%pause %0\n\\\\033\\ \u{1b}[31mred é\u{1b}[39m\nshown\n";
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let pane = showing(&server, "odd", text);
        let lines = LineRange::new(0, 7).unwrap();
        let body = attached.done(Command::Capture { pane, lines });
        assert_eq!(unescaped(&body), expected);
        assert!(
            attached
                .notifications
                .iter()
                .all(|found| !matches!(found, Notification::Message { .. }))
        );
    });
}

#[test]
fn the_saved_screen_and_unfinished_sequences_are_captured() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let pane = showing(&server, "alt", "primary\\n\\033[?1049hshown\\033[3");
        let primary = attached.done(Command::CaptureSaved { pane, line: 0 });
        let alternate = attached.done(Command::Capture {
            pane,
            lines: LineRange::new(1, 1).unwrap(),
        });
        assert_eq!(
            (unescaped(&primary), unescaped(&alternate)),
            ("primary\n".into(), "shown\n".into())
        );
        assert_eq!(
            unescaped(&attached.done(Command::CapturePending { pane })),
            "\u{1b}[3\n"
        );
        for command in [
            Command::CaptureSaved {
                pane: MAIN,
                line: 7,
            },
            Command::CapturePending { pane: MAIN },
        ] {
            let none = attached.done(command);
            assert!(
                [&b""[..], b"\n"].contains(&none.as_bytes()),
                "no line or an empty one: {none:?}"
            );
        }
        let blank = attached.done(Command::Capture {
            pane: MAIN,
            lines: LineRange::new(0, 23).unwrap(),
        });
        assert_eq!(blank.lines().count(), 24);
    });
}
