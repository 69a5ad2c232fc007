//! The queue of input alone: which lines it sends, in which order, and what it answers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::VecDeque;

use bytes::Bytes;

use super::*;
use crate::bridge::request::{ClientNumber, Key};
use crate::control::{Command, Stroke};

const LINK: LinkId = LinkId(1);

/// The queue, and a tmux that answers when it is told to.
struct Bench {
    inputs: Inputs,
    version: &'static str,
    bracketed: Option<bool>,
    sent: VecDeque<(u64, Vec<Command>)>,
    asked: Vec<oneshot::Receiver<Result<(), InputError>>>,
}

impl Bench {
    fn new(version: &'static str) -> Self {
        Self {
            inputs: Inputs::default(),
            version,
            bracketed: None,
            sent: VecDeque::new(),
            asked: Vec::new(),
        }
    }

    fn with(&mut self, act: impl FnOnce(&mut Inputs, Way<'_>, &mut Vec<Action>)) {
        let version = Version::parse(self.version);
        let bracketed = self.bracketed;
        let bracketed = move |_| bracketed;
        let mut actions = Vec::new();
        let way = Way::new(LINK, version.as_ref(), &bracketed);
        act(&mut self.inputs, way, &mut actions);
        self.sent
            .extend(actions.into_iter().map(|action| match action {
                Action::Send { tag, commands, .. } => (tag, commands),
                other => panic!("{other:?}"),
            }));
    }

    /// Asks for something: client, pane and what.
    fn ask(&mut self, client: u64, pane: u32, key: Key, cancel_mode: bool) {
        let (reply, receiver) = oneshot::channel();
        let request = InputRequest {
            client: ClientNumber(client),
            pane: PaneId(pane),
            keys: vec![key],
            cancel_mode,
        };
        self.asked.push(receiver);
        self.with(|inputs, way, actions| inputs.begin(request, reply, Some(way), actions));
    }

    fn text(&mut self, client: u64, pane: u32, len: usize) {
        self.ask(client, pane, Key::Text(vec![b'x'; len].into()), false);
    }

    /// Answers the oldest line, and gives it as text. An empty answer means that it was typed.
    fn answer(&mut self, says: &str) -> String {
        self.conclude(|_| Ok(Body::new(says.to_owned().into())))
    }

    fn conclude(&mut self, outcome: impl Fn(&Command) -> Result<Body, ReplyError>) -> String {
        let (tag, commands) = self.sent.pop_front().unwrap();
        let shown: Vec<String> = commands.iter().map(shown).collect();
        for command in &commands {
            let outcome = outcome(command);
            self.with(|inputs, way, actions| {
                inputs.reply(LINK, tag, outcome, Some(way), actions);
            });
        }
        shown.join("; ")
    }

    /// The link does not take a line.
    fn not_sent(&mut self, tag: u64) {
        self.with(|inputs, way, actions| inputs.not_sent(tag, Some(way), actions));
    }

    /// Answers all that is sent, as typed.
    fn answer_all(&mut self) -> String {
        let mut shown = Vec::new();
        while !self.sent.is_empty() {
            shown.push(self.answer(""));
        }
        assert!(self.inputs.lanes.is_empty() && self.inputs.lines.is_empty());
        assert_eq!(self.inputs.in_flight, 0);
        shown.join(" ")
    }

    fn outcome(&mut self, request: usize) -> Option<Result<(), InputError>> {
        self.asked[request].try_recv().ok()
    }
}

/// `%1=3` for three bytes into pane 1, `?` before it if it depends on brackets.
fn shown(command: &Command) -> String {
    match command {
        Command::Type(typing) => {
            let strokes = typing.strokes().iter().map(|stroke| match stroke {
                Stroke::Bytes(bytes) if bytes.as_bytes().starts_with(b"\x1b[200~") => {
                    "(".to_owned()
                }
                Stroke::Bytes(bytes) if bytes.as_bytes().starts_with(b"\x1b[201~") => {
                    ")".to_owned()
                }
                Stroke::Bytes(bytes) => bytes.as_bytes().len().to_string(),
                Stroke::Key(key) | Stroke::Either { key, .. } => key.to_string(),
            });
            let strokes: Vec<String> = strokes.collect();
            let asks = if command.to_string().contains("bracket_paste") {
                "?"
            } else {
                ""
            };
            format!("{asks}{}={}", typing.pane(), strokes.join("+"))
        }
        Command::CancelMode { .. } => "cancel".to_owned(),
        Command::QuitModes { .. } => "quit".to_owned(),
        Command::CheckPane { .. } => "check".to_owned(),
        other => panic!("{other}"),
    }
}

#[test]
fn keys_for_one_pane_go_one_behind_the_other_without_waiting() {
    let mut bench = Bench::new("3.8");
    for client in [1, 2, 1] {
        bench.text(client, 0, 1);
    }
    assert_eq!(bench.sent.len(), 3, "none waits for the answer to another");
    assert_eq!(bench.outcome(0), None, "answered when typed");
    bench.answer("");
    assert_eq!(bench.outcome(0), Some(Ok(())));
    assert_eq!(bench.answer_all(), "%0=1 %0=1");
}

#[test]
fn a_paste_goes_line_by_line_and_holds_up_nobody_else() {
    let mut bench = Bench::new("3.8");
    bench.text(1, 0, 600);
    assert_eq!(bench.sent.len(), 1, "one line of it at a time");
    bench.text(1, 0, 1);
    bench.text(1, 1, 2);
    bench.text(2, 2, 3);
    assert_eq!(
        bench.answer_all(),
        "%0=256 %1=2 %2=3 %0=256 %0=88 %0=1",
        "others go between its lines, what is for the same pane behind it"
    );
}

#[test]
fn clients_take_turns_and_then_panes() {
    let mut bench = Bench::new("3.8");
    for pane in 0..6 {
        bench.text(1, pane, 512);
    }
    bench.text(2, 9, 768);
    // Four lines are under way when the second client comes; it is next, and next again whenever its line is answered.
    assert_eq!(
        bench.answer_all(),
        "%0=256 %1=256 %2=256 %3=256 %9=256 %4=256 %5=256 %0=256 %9=256 \
         %1=256 %2=256 %3=256 %9=256 %4=256 %5=256"
    );
}

#[test]
fn what_stops_a_paste_says_how_much_was_typed() {
    let rows = [
        ("3.8", "%0|1|0|0|", InputError::PaneDead),
        ("3.8", "%0|0|0|1|", InputError::InputOff),
        ("3.8", "||||", InputError::NoSuchPane),
        (
            "3.1c",
            "%0|0|1|0|copy-mode",
            InputError::InMode {
                mode: "copy-mode".to_owned(),
            },
        ),
    ];
    for (version, says, error) in rows {
        let typed = if version == "3.1c" { "%0|0|0|0|" } else { "" };
        let mut bench = Bench::new(version);
        bench.text(1, 0, 1000);
        bench.text(1, 0, 1);
        bench.answer(typed);
        bench.answer(typed);
        bench.answer(says);
        let partly = InputError::Partly {
            typed: 512,
            whole: 1000,
            error: Box::new(error.clone()),
        };
        assert_eq!(bench.outcome(0), Some(Err(partly)), "{version}");
        // The next request is asked for itself.
        bench.answer(says);
        assert_eq!(bench.outcome(1), Some(Err(error)), "{version}");
        assert_eq!(bench.sent.len(), 0, "{version}");
    }
}

#[test]
fn modes_are_left_on_request_and_nothing_overtakes() {
    let mut bench = Bench::new("3.8");
    bench.ask(1, 0, Key::Text(Bytes::from_static(b"abc")), true);
    bench.text(1, 0, 1);
    assert_eq!(bench.sent.len(), 1, "what follows waits until it is typed");
    assert_eq!(bench.answer("%0|0|2|0|tree-mode"), "%0=3");
    assert_eq!(bench.answer(""), "quit");
    assert_eq!(bench.answer("%0|0|1|0|copy-mode"), "%0=3");
    let gone = |_: &Command| Err(ReplyError::Failed(Body::default()));
    assert_eq!(
        bench.conclude(gone),
        "cancel",
        "it may have ended by itself"
    );
    assert_eq!(bench.answer_all(), "%0=3 %0=1");
    assert_eq!(bench.outcome(0), Some(Ok(())));
    bench.ask(1, 0, Key::Text(Bytes::from_static(b"abc")), true);
    while !bench.sent.is_empty() {
        bench.answer("%0|0|1|0|copy-mode");
    }
    let mode = "copy-mode".to_owned();
    assert_eq!(bench.outcome(2), Some(Err(InputError::InMode { mode })));
}

#[test]
fn pastes_are_bracketed_where_the_program_wants_it() {
    let paste = || Key::Paste(Bytes::from_static(b"one\x1b[201~\n"));
    let rows = [
        ("3.8", None, "", "?%0=( %0=4+)"),
        ("3.8", None, "%0|0|0|0|", "?%0=( %0=4"),
        ("3.6", Some(true), "", "%0=(+4+)"),
        ("3.6", Some(false), "", "%0=4"),
        ("3.6", None, "", "%0=4"),
    ];
    for (version, bracketed, says, expected) in rows {
        let mut bench = Bench::new(version);
        bench.bracketed = bracketed;
        bench.ask(1, 0, paste(), false);
        let first = bench.answer(says);
        let rest = bench.answer_all();
        assert_eq!(format!("{first} {rest}").trim_end(), expected, "{version}");
        assert_eq!(bench.outcome(0), Some(Ok(())));
    }
}

#[test]
fn a_link_that_ends_answers_everything() {
    let mut bench = Bench::new("3.8");
    bench.text(1, 0, 600);
    bench.text(1, 0, 1);
    bench.answer("");
    bench.conclude(|_| Err(ReplyError::LinkClosed));
    let lost = Box::new(InputError::LinkLost);
    let partly = InputError::Partly {
        typed: 256,
        whole: 600,
        error: lost,
    };
    assert_eq!(bench.outcome(0), Some(Err(partly)));
    assert_eq!(bench.outcome(1), Some(Err(InputError::Unavailable)));
    bench.text(1, 0, 1);
    assert_eq!(bench.outcome(2), Some(Err(InputError::Unavailable)));
    assert!(bench.sent.is_empty() && bench.inputs.lanes.is_empty());
}

#[test]
fn a_line_that_the_link_does_not_take_ends_its_request() {
    let mut bench = Bench::new("3.8");
    bench.text(1, 0, 600);
    bench.answer("");
    let (tag, _) = bench.sent.pop_front().unwrap();
    bench.not_sent(tag);
    let partly = InputError::Partly {
        typed: 256,
        whole: 600,
        error: Box::new(InputError::Busy),
    };
    assert_eq!(bench.outcome(0), Some(Err(partly)));
    bench.text(1, 0, 1);
    assert_eq!(bench.answer_all(), "%0=1");
}

#[test]
fn what_waits_behind_a_line_that_was_not_sent_is_answered_too() {
    let mut bench = Bench::new("3.8");
    // Each is more than a line, so that the second waits for the first, and the third for room.
    for pane in [0, 0, 1] {
        bench.text(1, pane, 2000);
    }
    while let Some((tag, _)) = bench.sent.pop_front() {
        bench.not_sent(tag);
    }
    for request in 0..3 {
        assert_eq!(
            bench.outcome(request),
            Some(Err(InputError::Busy)),
            "{request}"
        );
    }
    assert!(bench.inputs.lanes.is_empty() && bench.inputs.lines.is_empty());
}

#[test]
fn a_key_in_3_1_is_followed_by_a_question_in_the_same_line() {
    let mut bench = Bench::new("3.1c");
    bench.text(1, 0, 1);
    assert_eq!(bench.answer("%0|0|0|0|"), "%0=1; check");
    assert_eq!(bench.outcome(0), Some(Ok(())));
    bench.text(1, 0, 1);
    let gone = |_: &Command| Err(ReplyError::Failed(Body::default()));
    bench.conclude(gone);
    assert_eq!(bench.outcome(1), Some(Err(InputError::NoSuchPane)));
}
