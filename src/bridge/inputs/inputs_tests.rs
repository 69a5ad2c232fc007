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

/// The queue, and a tmux that answers when the test says so.
struct Bench {
    inputs: Inputs,
    version: &'static str,
    bracketed: Option<bool>,
    now: Instant,
    delay: Duration,
    sent: VecDeque<(u64, Vec<Command>)>,
    asked: Vec<oneshot::Receiver<Result<(), InputError>>>,
}

impl Bench {
    fn new(version: &'static str) -> Self {
        Self {
            inputs: Inputs::default(),
            version,
            bracketed: None,
            now: Instant::now(),
            delay: Duration::ZERO,
            sent: VecDeque::new(),
            asked: Vec::new(),
        }
    }

    fn with(&mut self, act: impl FnOnce(&mut Inputs, Way<'_>, &mut Vec<Action>)) {
        let version = Version::parse(self.version);
        let bracketed = self.bracketed;
        let bracketed = move |_| bracketed;
        let mut actions = Vec::new();
        let way = Way::new(LINK, version.as_ref(), &bracketed, (self.now, self.delay));
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
            submit_delay: None,
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
        Command::SetPaste(buffer) => format!("set{}", buffer.bytes().len()),
        Command::Paste(pasting) => format!("paste{}", pasting.pane),
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
        ("3.6", Some(true), "", "set4; paste%0"),
        ("3.6", Some(false), "", "set4; paste%0"),
        ("3.6", None, "", "set4; paste%0"),
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

#[test]
fn what_no_buffer_holds_is_bracketed_as_the_output_shows() {
    for (bracketed, expected) in [(Some(true), "%0=(+4+)"), (None, "%0=4")] {
        let mut bench = Bench::new("3.6");
        bench.bracketed = bracketed;
        bench.ask(1, 0, Key::Paste(Bytes::from_static(b"a\0bc")), false);
        assert_eq!(bench.answer_all(), expected);
        assert_eq!(bench.outcome(0), Some(Ok(())));
    }
}

#[test]
fn a_paste_of_several_buffers_loses_nothing_and_has_another_name_each() {
    let mut bench = Bench::new("3.3a");
    bench.ask(1, 0, Key::Paste(vec![b'x'; 150_000].into()), false);
    let mut names = Vec::new();
    let mut shown = Vec::new();
    while let Some((_, commands)) = bench.sent.front() {
        let name = commands[1].to_string();
        names.push(name.split("muxwire-paste-").nth(1).unwrap()[..16].to_owned());
        shown.push(bench.answer(""));
    }
    assert_eq!(
        shown,
        [
            "set65536; paste%0",
            "set65536; paste%0",
            "set18928; paste%0"
        ]
    );
    names.dedup();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(bench.outcome(0), Some(Ok(())));
}

impl Bench {
    /// A bench on which Enter waits this many milliseconds.
    fn with_delay(millis: u64) -> Self {
        Self {
            delay: Duration::from_millis(millis),
            ..Self::new("3.8")
        }
    }

    fn keys(&mut self, client: u64, pane: u32, keys: Vec<Key>, delay: Option<u64>) {
        let (reply, receiver) = oneshot::channel();
        let request = InputRequest {
            client: ClientNumber(client),
            pane: PaneId(pane),
            keys,
            cancel_mode: false,
            submit_delay: delay.map(Duration::from_millis),
        };
        self.asked.push(receiver);
        self.with(|inputs, way, actions| inputs.begin(request, reply, Some(way), actions));
    }

    /// Lets time pass, and wakes the queue if it wants that by then.
    fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        if self.inputs.due().is_some_and(|due| due <= self.now) {
            self.with(|inputs, way, actions| inputs.wake(Some(way), actions));
        }
    }

    /// What is sent now and answered as typed.
    fn typed(&mut self) -> String {
        let mut shown = Vec::new();
        while !self.sent.is_empty() {
            shown.push(self.answer(""));
        }
        shown.join(" ")
    }
}

fn line(len: usize) -> Vec<Key> {
    vec![Key::Text(vec![b'x'; len].into()), enter()]
}

fn enter() -> Key {
    Key::Named("Enter".to_owned())
}

#[test]
fn regression_enter_is_a_write_of_its_own_after_a_pause() {
    let mut bench = Bench::with_delay(100);
    bench.keys(1, 0, line(300), None);
    assert_eq!(bench.typed(), "%0=256 %0=44", "the text alone");
    assert_eq!(bench.outcome(0), None, "answered when all is typed");
    bench.pass(99);
    assert_eq!(bench.typed(), "");
    bench.pass(1);
    assert_eq!(bench.typed(), "%0=Enter");
    assert_eq!(bench.outcome(0), Some(Ok(())));
    assert_eq!(bench.inputs.due(), None);
}

#[test]
fn regression_every_way_to_press_enter_behind_text_is_apart() {
    let text = |text: &'static str| Key::Text(Bytes::from_static(text.as_bytes()));
    let paste = Key::Paste(Bytes::from_static(b"a\nb"));
    let named = |name: &str| Key::Named(name.to_owned());
    let rows: [(Vec<Vec<Key>>, &str, &str); 7] = [
        (vec![vec![text("hi"), enter()]], "%0=2", "%0=Enter"),
        (vec![vec![text("hi")], vec![enter()]], "%0=2", "%0=Enter"),
        (
            vec![vec![named("h"), named("i"), named("KPEnter")]],
            "%0=h+i",
            "%0=KPEnter",
        ),
        (vec![vec![text("hi"), named("C-m")]], "%0=2", "%0=C-m"),
        (vec![vec![paste, enter()]], "?%0=( %0=3+)", "%0=Enter"),
        (
            vec![vec![named("Down"), enter(), enter()]],
            "%0=Down",
            "%0=Enter+Enter",
        ),
        (vec![vec![enter()], vec![text("hi")]], "%0=Enter %0=2", ""),
    ];
    for (requests, at_once, later) in rows {
        let mut bench = Bench::with_delay(50);
        let count = requests.len();
        for keys in requests {
            bench.keys(1, 0, keys, None);
        }
        assert_eq!(bench.typed(), at_once);
        bench.pass(49);
        assert_eq!(bench.typed(), "", "{at_once}");
        bench.pass(1);
        assert_eq!(bench.typed(), later, "{at_once}");
        for request in 0..count {
            assert_eq!(bench.outcome(request), Some(Ok(())), "{at_once}");
        }
    }
}

#[test]
fn nothing_comes_between_a_line_and_its_enter_and_nobody_else_waits() {
    let mut bench = Bench::with_delay(100);
    bench.keys(1, 0, line(2), None);
    bench.text(2, 0, 7);
    bench.text(2, 1, 3);
    bench.keys(1, 2, line(4), None);
    bench.keys(3, 0, vec![enter()], None);
    assert_eq!(bench.typed(), "%0=2 %1=3 %2=4");
    bench.pass(100);
    assert_eq!(bench.typed(), "%0=Enter %0=7 %2=Enter");
    bench.pass(100);
    assert_eq!(
        bench.typed(),
        "%0=Enter",
        "behind what was typed into its pane last"
    );
    for request in 0..5 {
        assert_eq!(bench.outcome(request), Some(Ok(())), "{request}");
    }
}

#[test]
fn a_request_says_how_long_its_enter_waits() {
    let mut bench = Bench::with_delay(100);
    bench.keys(1, 0, line(2), Some(0));
    assert_eq!(bench.typed(), "%0=2+Enter", "nothing is no pause");
    bench.keys(1, 1, line(2), Some(300));
    bench.typed();
    bench.pass(299);
    assert_eq!(bench.typed(), "");
    bench.pass(1);
    assert_eq!(bench.typed(), "%1=Enter");
    // An Enter long after the text waits for nothing.
    bench.text(1, 0, 1);
    bench.typed();
    bench.pass(100);
    bench.keys(1, 0, vec![enter()], None);
    assert_eq!(bench.typed(), "%0=Enter");
}

#[test]
fn an_enter_that_waits_when_the_link_ends_goes_nowhere() {
    let mut bench = Bench::with_delay(100);
    bench.keys(1, 0, line(2), None);
    bench.typed();
    bench.inputs.cut();
    let partly = InputError::Partly {
        typed: 2,
        whole: 3,
        error: Box::new(InputError::Unavailable),
    };
    assert_eq!(bench.outcome(0), Some(Err(partly)));
    bench.pass(1000);
    assert_eq!(bench.typed(), "");
    assert!(bench.inputs.lanes.is_empty() && bench.inputs.typed_at.is_empty());
}

#[test]
fn panes_into_which_nothing_is_typed_any_more_are_forgotten() {
    let mut bench = Bench::with_delay(1);
    for pane in 0..100 {
        bench.text(1, pane, 1);
        bench.typed();
    }
    bench.pass(LONGEST_DELAY.as_millis() as u64);
    bench.text(1, 100, 1);
    bench.typed();
    assert_eq!(bench.inputs.typed_at.len(), 1);
}
