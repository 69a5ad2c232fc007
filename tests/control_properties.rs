//! What holds of the codec for every input.

use bytes::BytesMut;
use muxwire::control::rows::{
    BufferRow, CheckRow, ClientRow, PaneRow, PaneStateRow, Row as _, WindowRow,
};
use muxwire::control::{
    Case, Cell, Command, Content, ControlClient, Event, Flow, InputBytes, KeyName, Layout, Limits,
    LineRange, MAX_INPUT_BYTES, MAX_STROKES, Otherwise, Sizing, Stroke, Subscription, Typing,
    Watch, When, WindowSize, escape,
};
use muxwire::ids::{PaneId, WindowId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::control_abnf::{Generator, Grammar};

/// Small bounds, so that random input gets over them.
const LIMITS: Limits = Limits {
    line: 300,
    body: 1_000,
    pending: 16,
};

/// Each event as text, and what must hold after each piece.
fn events(stream: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut client = ControlClient::new(LIMITS);
    for _ in 0..4 {
        client
            .enqueue_batch(vec![Command::ListPanes, capture(0, 2)])
            .unwrap();
    }
    let mut events = Vec::new();
    let (mut start, mut largest) = (0, 0);
    for end in cuts.iter().copied().chain([stream.len()]) {
        client.feed(&stream[start..end]);
        while let Some(event) = client.next_event() {
            events.push(shown(&event));
        }
        assert!(
            client.buffered() <= LIMITS.line,
            "{} bytes wait for their line's end",
            client.buffered()
        );
        largest = largest.max(end - start);
        let bound = 2 * (LIMITS.line + largest) + 64;
        assert!(
            client.incoming().capacity() <= bound,
            "{} bytes are held",
            client.incoming().capacity()
        );
        start = end;
    }
    events
}

fn shown(event: &Event<'_>) -> String {
    let mut bytes = BytesMut::new();
    if let Event::Output(output) = event {
        output.unescape_into(&mut bytes);
    }
    format!("{event:?} {bytes:?}")
}

fn capture(first: i32, last: i32) -> Command {
    Command::Capture {
        pane: PaneId(1),
        lines: LineRange::new(first, last).unwrap(),
    }
}

/// Lines out of the grammar, blocks that may or may not end, and noise.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let grammar = Grammar::read(&["control-mode.abnf"]);
    let sentence = any::<u64>().prop_map(move |seed| {
        let mut line = Generator::new(&grammar, seed).sentence("line").bytes();
        line.push(b'\n');
        line
    });
    let fixed = select(vec![
        "%begin 1 2 1\n",
        "%end 1 2 1\n",
        "%error 1 2 1\n",
        "%begin 1 3 1\nx\n%end 1 3 1\n",
        "%begin 1 4 0\n%end 1 4 0\n",
        "%output %1 a\\015\\012",
        "\n",
    ]);
    let long = (1..700_usize).prop_map(|length| vec![b'x'; length]);
    let noise = vec(any::<u8>(), 0..40);
    let piece = prop_oneof![3 => sentence, 4 => fixed.prop_map(|text| text.as_bytes().to_vec()), 1 => long, 1 => noise];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn pane() -> impl Strategy<Value = PaneId> {
    any::<u32>().prop_map(PaneId)
}

fn key() -> impl Strategy<Value = KeyName> {
    let base = prop_oneof![
        (b'!'..=b'~').prop_map(|byte| char::from(byte).to_string()),
        select(vec![
            "Enter", "Escape", "f12", "pgup", "PageDown", "KP/", "Space"
        ])
        .prop_map(str::to_owned),
    ];
    let modifiers = select(vec!["", "C-", "M-", "S-", "M-C-", "S-M-C-"]);
    (modifiers, base)
        .prop_map(|(modifiers, base)| KeyName::new(&format!("{modifiers}{base}")).unwrap())
}

fn command() -> impl Strategy<Value = Command> {
    let lists = select(vec![
        Command::ServerInfo,
        Command::ListSessions,
        Command::ListWindows,
        Command::ListPanes,
        Command::ListClients,
        Command::ListBuffers,
        Command::Detach,
    ]);
    let subscription = select(Subscription::ALL.to_vec());
    let range =
        (-1_000_000..=LineRange::FURTHEST, 0..1_000_i32).prop_map(|(first, more): (i32, i32)| {
            LineRange::new(first, (first + more).min(LineRange::FURTHEST)).unwrap()
        });
    let size = (1..=WindowSize::MOST, 1..=WindowSize::MOST)
        .prop_map(|(columns, rows)| WindowSize::new(columns, rows).unwrap());
    let window = any::<u32>().prop_map(WindowId);
    let watch = (window.clone(), select(vec![Watch::Panes, Watch::Places]))
        .prop_map(|(window, watch)| watch(window));
    prop_oneof![
        lists,
        pane().prop_map(|pane| Command::CheckPane { pane }),
        pane().prop_map(|pane| Command::PaneState { pane }),
        pane().prop_map(|pane| Command::CancelMode { pane }),
        pane().prop_map(|pane| Command::QuitModes { pane }),
        pane().prop_map(|pane| Command::CapturePending { pane }),
        (pane(), vec(any::<u8>(), 1..=MAX_INPUT_BYTES)).prop_map(|(pane, bytes)| {
            Command::SendBytes {
                pane,
                bytes: InputBytes::new(bytes).unwrap(),
            }
        }),
        (pane(), key()).prop_map(|(pane, key)| Command::SendKey { pane, key }),
        typing().prop_map(Command::Type),
        (pane(), select(vec![Flow::Pause, Flow::Continue]))
            .prop_map(|(pane, flow)| Command::Flow { pane, flow }),
        subscription
            .clone()
            .prop_map(|subscription| Command::Subscribe { subscription }),
        subscription.prop_map(|subscription| Command::Unsubscribe { subscription }),
        watch.clone().prop_map(|watch| Command::Watch { watch }),
        watch.prop_map(|watch| Command::Unwatch { watch }),
        (pane(), range).prop_map(|(pane, lines)| Command::Capture { pane, lines }),
        (pane(), any::<u16>()).prop_map(|(pane, line)| Command::CaptureSaved { pane, line }),
        (window.clone(), size).prop_map(|(window, size)| Command::ResizeWindow { window, size }),
        window
            .clone()
            .prop_map(|window| Command::WindowExtent { window }),
        window
            .clone()
            .prop_map(|window| Command::WindowSizing { window }),
        (window.clone(), select(Sizing::ALL.to_vec()))
            .prop_map(|(window, sizing)| Command::SetWindowSizing { window, sizing }),
        window.prop_map(|window| Command::UnsetWindowSize { window }),
        any::<u64>().prop_map(|nonce| Command::Sentinel { nonce }),
    ]
}

fn typing() -> impl Strategy<Value = Typing> {
    let bytes =
        vec(any::<u8>(), 1..300).prop_map(|bytes| Stroke::Bytes(InputBytes::new(bytes).unwrap()));
    let either = (select(Case::ALL.to_vec()), vec(any::<u8>(), 1..9), key()).prop_map(
        |(case, bytes, key)| Stroke::Either {
            case,
            bytes: InputBytes::new(bytes).unwrap(),
            key,
        },
    );
    let strokes = vec(
        prop_oneof![bytes, key().prop_map(Stroke::Key), either],
        1..=MAX_STROKES,
    );
    let when = select(vec![When::TakesKeys, When::WantsBrackets]);
    let otherwise = select(vec![Otherwise::Report, Otherwise::Nothing]);
    (pane(), strokes, when, otherwise).prop_map(|(pane, strokes, when, otherwise)| {
        Typing::new(pane, strokes, when, otherwise).unwrap()
    })
}

fn cell() -> impl Strategy<Value = Cell> {
    let leaf = pane().prop_map(Content::Pane);
    let content = leaf.prop_recursive(5, 40, 5, |inner| {
        let group = select(vec![Content::Columns, Content::Rows]);
        (group, vec(sized(inner), 1..5)).prop_map(|(group, cells)| group(cells))
    });
    sized(content)
}

fn sized(content: impl Strategy<Value = Content>) -> impl Strategy<Value = Cell> {
    let numbers = any::<(u32, u32, u32, u32)>();
    (numbers, content).prop_map(|((width, height, x, y), content)| Cell {
        width,
        height,
        x,
        y,
        content,
    })
}

/// What tmux makes of a text field in our formats.
fn field(text: &str) -> String {
    text.replace('=', "=e")
        .replace('|', "=p")
        .replace(|next| u32::from(next) < 32 || next == '\u{7f}', "?")
}

proptest! {
    // A failure prints the smallest input that it was found with; that becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_events(stream in stream(), cuts in vec(any::<Index>(), 0..20)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        let all: Vec<usize> = (0..stream.len()).collect();
        let whole = events(&stream, &[]);
        prop_assert_eq!(&events(&stream, &cuts), &whole);
        prop_assert_eq!(&events(&stream, &all), &whole);
    }

    #[test]
    fn no_bytes_are_too_much(stream in vec(any::<u8>(), 0..5_000), line in vec(any::<u8>(), 0..200)) {
        events(&stream, &[]);
        for start in ["%output %1 ", "%begin 1 1 1\n", "%subscription-changed ", "%layout-change @1 "] {
            events(&[start.as_bytes(), &line, b"\n"].concat(), &[]);
        }
        let _ = (Layout::parse(&line), Command::parse(&line), KeyName::new(&String::from_utf8_lossy(&line)));
        let _ = (PaneRow::parse(&line), PaneStateRow::parse(&line), ClientRow::parse(&line));
        escape::unescape_capture_into(&line, &mut BytesMut::new());
    }

    #[test]
    fn escapes_are_undone(raw in vec(any::<u8>(), 0..300), before in vec(any::<u8>(), 0..5)) {
        let (mut escaped, mut unescaped) = (BytesMut::new(), BytesMut::from(&before[..]));
        escape::escape_into(&raw, &mut escaped);
        prop_assert!(escaped.iter().all(|byte| *byte >= b' '));
        escape::unescape_into(&escaped, &mut unescaped);
        prop_assert_eq!(&unescaped[before.len()..], &raw[..]);
        prop_assert!(unescaped.starts_with(&before));
    }

    #[test]
    fn a_command_is_one_line_and_comes_back(command in command()) {
        let line = command.to_string();
        prop_assert!(!line.is_empty() && !line.contains('\n'));
        prop_assert_eq!(Command::parse(line.as_bytes()), Some(command));
        let outside_quotes: String = line.split('\'').step_by(2).collect();
        prop_assert!(!outside_quotes.contains([';', '#', '$', '~', '{', '}', '"']), "{}", line);
    }

    #[test]
    fn a_key_name_is_its_own_name(text in "[CMS-]{0,6}[ -~]{0,8}") {
        if let Some(key) = KeyName::new(&text) {
            prop_assert_eq!(KeyName::new(key.as_str()), Some(key));
        }
    }

    #[test]
    fn a_layout_comes_back(root in proptest::option::of(cell()), floating in vec(cell(), 0..3)) {
        let layout = Layout { root, floating };
        prop_assert_eq!(Layout::parse(layout.to_string().as_bytes()), Ok(layout));
    }

    #[test]
    fn texts_in_rows_come_back(name in "[^\\x00]{0,40}", size in any::<u64>()) {
        let row = format!("{size}|1|{}", field(&name));
        let clean = name.replace(|next| u32::from(next) < 32 || next == '\u{7f}', "?");
        prop_assert_eq!(BufferRow::parse(row.as_bytes()), Ok(BufferRow { size, created: 1, name: clean }));
    }
}

#[test]
fn all_bytes_round_trip_each_alone() {
    for byte in 0..=u8::MAX {
        let (mut escaped, mut raw) = (BytesMut::new(), BytesMut::new());
        escape::escape_into(&[byte], &mut escaped);
        escape::unescape_into(&escaped, &mut raw);
        assert_eq!(raw[..], [byte]);
        let plain = (b' '..=u8::MAX).contains(&byte) && byte != b'\\';
        assert_eq!(escaped.len(), if plain { 1 } else { 4 }, "byte {byte:#04x}");
    }
}

#[test]
fn a_backslash_that_escapes_nothing_stands_for_itself() {
    for (escaped, raw) in [
        ("\\", "\\"),
        ("\\01", "\\01"),
        ("\\400", "\\400"),
        ("\\08x", "\\08x"),
        ("a\\\\", "a\\\\"),
    ] {
        let mut out = BytesMut::new();
        escape::unescape_into(escaped.as_bytes(), &mut out);
        assert_eq!(out, raw);
    }
    let mut out = BytesMut::new();
    escape::unescape_capture_into(b"\\\\033\\033\\", &mut out);
    assert_eq!(out, "\\033\u{1b}\\");
}

#[test]
fn what_is_no_command_of_ours_is_none() {
    let lines = [
        "",
        " ",
        "kill-server",
        "send-keys -t '%1' -H",
        "send-keys -t '%1' -H zz",
        "send-keys -t '%1' 'rm'",
        "send-keys -t %1 'a'",
        "refresh-client -A '%1:off'",
        "capture-pane -p -e -N -C -t '%1' -S 5 -E 4",
        "list-sessions -F '#{session_id}'",
        "detach-client ; detach-client",
        "detach-client\n",
    ];
    for line in lines {
        assert_eq!(Command::parse(line.as_bytes()), None, "{line:?}");
    }
}

#[test]
fn what_is_no_key_is_none() {
    for text in [
        "", "C-", "X-a", "C-C-a", "ab", "Entr", "C-Enter ", "é", "a\n", "\n", " ", "F13", "C-M-",
        "M--C-a", "C-é",
    ] {
        assert_eq!(KeyName::new(text), None, "{text:?}");
    }
    for (text, name) in [
        ("s-m-c-a", None),
        ("M-C-a", Some("C-M-a")),
        ("pgdn", Some("NPage")),
        ("C--", Some("C--")),
    ] {
        assert_eq!(
            KeyName::new(text).as_ref().map(KeyName::as_str),
            name,
            "{text:?}"
        );
    }
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    for row in [
        "",
        "@1",
        "$1|1|@1|1|80|24|0|b25d,80x24,0,0,0",
        "$1|x|@1|1|80|24|0|l|n",
        "$1|1|@1|1|80|24|0|l|n|more",
    ] {
        assert!(WindowRow::parse(row.as_bytes()).is_err(), "{row}");
    }
    let error = CheckRow::parse(b"%1|x|0|0|").unwrap_err();
    assert_eq!(
        error.to_string(),
        "field \"dead\" is missing or malformed in row \"%1|x|0|0|\""
    );
}

#[test]
fn layouts_that_do_not_fit_are_refused() {
    let deep = |depth: usize| {
        let cells = format!("{}1x1,0,0,1{}", "1x1,0,0{".repeat(depth), "}".repeat(depth));
        let sum = cells.bytes().fold(0_u16, |sum, byte| {
            sum.rotate_right(1).wrapping_add(u16::from(byte))
        });
        format!("{sum:04x},{cells}")
    };
    assert!(Layout::parse(deep(64).as_bytes()).is_ok());
    for layout in [
        "",
        "b25d",
        "b25d,",
        "b25d,80x24,0,0",
        "b25d,80x24,0,0,0 ",
        "b25e,80x24,0,0,0",
        &deep(65),
        &deep(9_000),
    ] {
        assert!(Layout::parse(layout.as_bytes()).is_err(), "{layout:.60}");
    }
}
