//! Frames: lengths, control frames, reserved bits and opcodes, fragments, masks.

use super::raw::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_payload, frame};
use super::{Case, Heard, asking};

const PROTOCOL: Heard = Heard::Closed(&[1002]);
const TOO_BIG: Heard = Heard::Closed(&[1009]);
/// The longest message that is looked at, and the longest that is read.
const LOOKED_AT: usize = 64 << 10;
const READ: usize = 256 << 10;

pub fn cases() -> Vec<Case> {
    [
        lengths(),
        odd_lengths(),
        controls(),
        reserved(),
        fragments(),
        broken_fragments(),
        masks(),
        sizes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn id(text: &str) -> Heard {
    Heard::Id(text.to_owned())
}

/// A ping message of exactly this length.
fn asking_in(len: usize, id: &str) -> Vec<u8> {
    let mut text = asking(id);
    text.pop();
    text.extend_from_slice(b",\"pad\":\"");
    text.resize(len - 2, b'*');
    text.extend_from_slice(b"\"}");
    text
}

fn lengths() -> Vec<Case> {
    let mut cases = vec![Case::new(
        "1.1.1",
        "empty text",
        &[frame(TEXT, "").bytes()],
        [Heard::Refused("INVALID_JSON")],
    )];
    for (at, len) in [125, 126, 127, 128, 65_535, 65_536].into_iter().enumerate() {
        let number = format!("1.1.{}", at + 2);
        let sent = frame(TEXT, asking_in(len, "a")).bytes();
        cases.push(Case::new(
            number,
            format!("text of {len} bytes"),
            &[sent],
            [id("a")],
        ));
    }
    for (at, len) in [1, 125, 126, 127, 128, 65_535, 65_536]
        .into_iter()
        .enumerate()
    {
        let number = format!("1.2.{}", at + 1);
        let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8).collect();
        let sent = frame(BINARY, &bytes).bytes();
        let what = format!("binary of {len} bytes");
        cases.push(Case::new(number, what, &[sent], [Heard::Typed(bytes)]));
    }
    cases
}

/// Only senders have to use the fewest bytes; a length that has not room in 63 bits is none.
fn odd_lengths() -> Vec<Case> {
    let text = asking("a");
    vec![
        Case::new(
            "1.3.1",
            "a short length in two bytes",
            &[frame(TEXT, &text).length_in_two().bytes()],
            [id("a")],
        ),
        Case::new(
            "1.3.2",
            "a short length in eight bytes",
            &[frame(TEXT, &text).length_in_eight().bytes()],
            [id("a")],
        ),
        Case::new(
            "1.3.3",
            "a length with the top bit",
            &[frame(TEXT, "").claiming(1 << 63 | 5).bytes()],
            [Heard::Closed(&[1002, 1009])],
        ),
        Case::new(
            "1.3.4",
            "the largest length of all",
            &[frame(BINARY, "").claiming(u64::MAX).bytes()],
            [Heard::Closed(&[1002, 1009])],
        ),
        Case::new(
            "1.3.5",
            "a length of a terabyte",
            &[frame(TEXT, "").claiming(1 << 40).bytes()],
            [TOO_BIG],
        ),
        Case::new(
            "1.3.6",
            "a control frame of a terabyte",
            &[frame(PING, "").claiming(1 << 40).bytes()],
            [Heard::Closed(&[1002, 1009])],
        ),
    ]
}

fn controls() -> Vec<Case> {
    let ping = |payload: &[u8]| frame(PING, payload).bytes();
    let pong = |payload: &[u8]| Heard::Pong(payload.to_vec());
    let many: Vec<Vec<u8>> = (0..10_u8).map(|number| ping(&[number])).collect();
    let full = [0xfe; 125];
    vec![
        Case::new("2.1", "a ping", &[ping(b"")], [pong(b"")]),
        Case::new(
            "2.2",
            "a ping with text",
            &[ping(b"Hello, world!")],
            [pong(b"Hello, world!")],
        ),
        Case::new(
            "2.3",
            "a ping with bytes that are no text",
            &[ping(b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")],
            [pong(b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff")],
        ),
        Case::new("2.4", "a ping of 125 bytes", &[ping(&full)], [pong(&full)]),
        Case::new(
            "2.5",
            "a ping of 126 bytes",
            &[ping(&[0xfe; 126])],
            [PROTOCOL],
        ),
        Case::new(
            "2.6",
            "a pong of 126 bytes",
            &[frame(PONG, [0; 126]).bytes()],
            [PROTOCOL],
        ),
        Case::new(
            "2.7",
            "a close of 126 bytes",
            &[frame(CLOSE, close_payload(1000, [b'*'; 124])).bytes()],
            [PROTOCOL],
        ),
        Case::new(
            "2.8",
            "a pong that nobody asked for",
            &[frame(PONG, "").bytes()],
            [],
        ),
        Case::new(
            "2.9",
            "a pong with text, then a ping",
            &[frame(PONG, "x").bytes(), ping(b"y")],
            [pong(b"y")],
        ),
        Case::new(
            "2.10",
            "ten pings",
            &many,
            (0..10_u8).map(|number| Heard::Pong(vec![number])),
        ),
        Case::new(
            "2.11",
            "a ping between two messages",
            &[
                frame(TEXT, asking("a")).bytes(),
                ping(b"p"),
                frame(TEXT, asking("b")).bytes(),
            ],
            [id("a"), pong(b"p"), id("b")],
        ),
    ]
}

fn reserved() -> Vec<Case> {
    let good = frame(TEXT, asking("a")).bytes();
    let mut cases = Vec::new();
    for bits in 1..=7 {
        for (at, opcode) in [TEXT, BINARY, PING, CLOSE].into_iter().enumerate() {
            let what = format!("reserved bits {bits:03b} in opcode {opcode}");
            let bad = frame(opcode, "").reserved(bits).bytes();
            let number = format!("3.{bits}.{}", at + 1);
            cases.push(Case::new(
                number,
                what,
                &[good.clone(), bad],
                [id("a"), PROTOCOL],
            ));
        }
    }
    for (at, opcode) in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].into_iter().enumerate() {
        let what = format!("reserved opcode {opcode}");
        for (which, payload) in ["", "payload"].into_iter().enumerate() {
            let bad = frame(opcode, payload).bytes();
            let number = format!("4.{}.{}", at + 1, which + 1);
            let ping = frame(PING, "behind").bytes();
            cases.push(Case::new(
                number,
                what.clone(),
                &[good.clone(), bad, ping],
                [id("a"), PROTOCOL],
            ));
        }
    }
    cases
}

/// A message in parts of these lengths, the last of which has the rest.
fn parts(opcode: u8, message: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
    let mut rest = message;
    let mut frames = Vec::new();
    for (at, length) in lengths.iter().enumerate() {
        let (part, left) = rest.split_at(*length);
        let opcode = if at == 0 { opcode } else { CONTINUATION };
        frames.push(frame(opcode, part).open().bytes());
        rest = left;
    }
    frames.push(frame(CONTINUATION, rest).bytes());
    frames
}

fn fragments() -> Vec<Case> {
    let text = asking("fragment");
    let in_two = parts(TEXT, &text, &[4]);
    let each_byte = parts(TEXT, &text, &vec![1; text.len()]);
    let empty_ones = parts(TEXT, &text, &[0, 0, 4, 0, 0, 3, 0]);
    let mut with_controls = in_two.clone();
    with_controls.splice(
        1..1,
        [
            frame(PING, "one").bytes(),
            frame(PONG, "").bytes(),
            frame(PING, "two").bytes(),
        ],
    );
    let pong = |text: &str| Heard::Pong(text.into());
    let mut closed_within = in_two.clone();
    closed_within.insert(1, frame(CLOSE, close_payload(1000, "")).bytes());
    let all_empty = parts(TEXT, b"", &[0, 0]);
    let bytes: Vec<u8> = (0..=255).collect();
    let binary = parts(BINARY, &bytes, &[1, 0, 100]);
    vec![
        Case::new("5.1", "text in two fragments", &in_two, [id("fragment")]),
        Case::new(
            "5.2",
            "text in fragments of a byte",
            &each_byte,
            [id("fragment")],
        ),
        Case::new(
            "5.3",
            "empty fragments between",
            &empty_ones,
            [id("fragment")],
        ),
        Case::new(
            "5.4",
            "pings and a pong between fragments",
            &with_controls,
            [pong("one"), pong("two"), id("fragment")],
        ),
        Case::new(
            "5.5",
            "a close between fragments",
            &closed_within,
            [Heard::Closed(&[1000])],
        ),
        Case::new(
            "5.6",
            "text of empty fragments",
            &all_empty,
            [Heard::Refused("INVALID_JSON")],
        ),
        Case::new("5.7", "binary in fragments", &binary, [Heard::Typed(bytes)]),
        Case::new(
            "5.8",
            "two messages in fragments",
            &[in_two.concat(), each_byte.concat()],
            [id("fragment"), id("fragment")],
        ),
    ]
}

fn broken_fragments() -> Vec<Case> {
    let open = |opcode, payload: &str| frame(opcode, payload).open().bytes();
    let whole = |opcode, payload: &str| frame(opcode, payload).bytes();
    let good = frame(TEXT, asking("a")).bytes();
    let mut cases = Vec::new();
    for (at, opcode) in [PING, PONG, CLOSE].into_iter().enumerate() {
        let sent = [open(opcode, "x"), whole(CONTINUATION, "y")];
        cases.push(Case::new(
            format!("5.9.{}", at + 1),
            format!("opcode {opcode} in fragments"),
            &sent,
            [PROTOCOL],
        ));
    }
    cases.extend([
        Case::new(
            "5.10",
            "a continuation of nothing",
            &[whole(CONTINUATION, "x"), good.clone()],
            [PROTOCOL],
        ),
        Case::new(
            "5.11",
            "an open continuation of nothing",
            &[open(CONTINUATION, "x"), good.clone()],
            [PROTOCOL],
        ),
        Case::new(
            "5.12",
            "a continuation behind a whole message",
            &[good.clone(), whole(CONTINUATION, "x")],
            [id("a"), PROTOCOL],
        ),
        Case::new(
            "5.13",
            "a message within another",
            &[open(TEXT, "x"), good],
            [PROTOCOL],
        ),
        Case::new(
            "5.14",
            "a fragment of a message within another",
            &[open(TEXT, "x"), open(TEXT, "y")],
            [PROTOCOL],
        ),
        Case::new(
            "5.15",
            "binary within text",
            &[open(TEXT, "x"), whole(BINARY, "y"), whole(CONTINUATION, "")],
            [PROTOCOL],
        ),
    ]);
    cases
}

fn masks() -> Vec<Case> {
    let text = asking("a");
    let good = frame(TEXT, &text).bytes();
    let mut cases = Vec::new();
    for (at, mask) in [[0; 4], [0xff; 4], [0, 0, 0, 1]].into_iter().enumerate() {
        let sent = frame(TEXT, &text).mask(Some(mask)).bytes();
        cases.push(Case::new(
            format!("8.1.{}", at + 1),
            format!("the mask {mask:?}"),
            &[sent],
            [id("a")],
        ));
    }
    for (at, opcode) in [TEXT, BINARY, CONTINUATION, PING, PONG, CLOSE]
        .into_iter()
        .enumerate()
    {
        let bad = frame(opcode, close_payload(1000, "")).mask(None).bytes();
        let what = format!("opcode {opcode} without a mask");
        cases.push(Case::new(
            format!("8.2.{}", at + 1),
            what,
            &[good.clone(), bad],
            [id("a"), PROTOCOL],
        ));
    }
    let inside = [
        frame(TEXT, &text[..4]).open().bytes(),
        frame(CONTINUATION, &text[4..]).mask(None).bytes(),
    ];
    cases.push(Case::new(
        "8.3",
        "a fragment without a mask",
        &inside,
        [PROTOCOL],
    ));
    cases
}

fn sizes() -> Vec<Case> {
    let over = asking_in(LOOKED_AT + 1, "a");
    let good = frame(TEXT, asking("b")).bytes();
    let in_bytes = |len: usize| parts(TEXT, &asking_in(len, "a"), &vec![1; len - 1]);
    let endless: Vec<Vec<u8>> = [frame(TEXT, "").open().bytes()]
        .into_iter()
        .chain((0..=READ / 1000).map(|_| frame(CONTINUATION, [b' '; 1000]).open().bytes()))
        .collect();
    vec![
        Case::new(
            "9.1",
            "text longer than is looked at",
            &[frame(TEXT, &over).bytes(), good.clone()],
            [Heard::Refused("TOO_LARGE"), id("b")],
        ),
        Case::new(
            "9.2",
            "text longer than is read",
            &[frame(TEXT, asking_in(READ + 1, "a")).bytes(), good],
            [TOO_BIG],
        ),
        Case::new(
            "9.3",
            "binary longer than is read",
            &[frame(BINARY, vec![0; READ + 1]).bytes()],
            [TOO_BIG],
        ),
        Case::new(
            "9.4",
            "text in 5,000 fragments",
            &in_bytes(5_000),
            [id("a")],
        ),
        Case::new(
            "9.5",
            "text in 60,000 fragments",
            &in_bytes(60_000),
            [id("a")],
        ),
        Case::new("9.6", "fragments without end", &endless, [TOO_BIG]),
        Case::new(
            "9.7",
            "a length beyond what is read, and nothing of it",
            &[frame(TEXT, "").claiming(READ as u64 + 1).bytes()],
            [TOO_BIG],
        ),
    ]
}
