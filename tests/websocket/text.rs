//! Text is UTF-8: what is valid comes back as it was sent, what is not ends the connection with 1007.

use super::raw::{CONTINUATION, PING, TEXT, frame};
use super::{Case, Heard, asking};

const NOT_TEXT: Heard = Heard::Closed(&[1007]);

/// Valid texts, at the borders of each length of characters.
const VALID: [&str; 14] = [
    "Hello-\u{b5}@\u{df}\u{f6}\u{e4}\u{fc}\u{e0}\u{e1}-UTF-8!!",
    "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}",
    "\u{7f}",
    "\u{80}",
    "\u{7ff}",
    "\u{800}",
    "\u{ffff}",
    "\u{10000}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{fffd}",
    "\u{10ffff}",
    "\u{fdd0}\u{fffe}\u{1fffe}",
    "\u{feff}\u{202e}\u{e0041}\u{0}",
];

/// Bytes that no text holds.
const INVALID: [(&str, &[u8]); 24] = [
    ("a continuation byte", b"\x80"),
    ("the last continuation byte", b"\xbf"),
    ("every continuation byte", b"\x80\x81\x82\xbd\xbe\xbf"),
    ("a first byte of two", b"\xc3 "),
    ("a first byte of three", b"\xe0 "),
    ("a first byte of four", b"\xf0 "),
    ("two of three bytes", b"\xe1\x80 "),
    ("three of four bytes", b"\xf1\x80\x80 "),
    ("an overlong slash in two bytes", b"\xc0\xaf"),
    ("an overlong slash in three", b"\xe0\x80\xaf"),
    ("an overlong slash in four", b"\xf0\x80\x80\xaf"),
    ("an overlong NUL", b"\xc0\x80"),
    ("the highest overlong of two", b"\xc1\xbf"),
    ("the highest overlong of three", b"\xe0\x9f\xbf"),
    ("the highest overlong of four", b"\xf0\x8f\xbf\xbf"),
    ("the first surrogate", b"\xed\xa0\x80"),
    ("the last surrogate", b"\xed\xbf\xbf"),
    ("a pair of surrogates", b"\xed\xa0\xbd\xed\xb8\x80"),
    ("beyond the last character", b"\xf4\x90\x80\x80"),
    ("five bytes", b"\xf8\x88\x80\x80\x80"),
    ("six bytes", b"\xfc\x84\x80\x80\x80\x80"),
    ("FE", b"\xfe"),
    ("FF", b"\xff"),
    ("a character that breaks off", b"\xce\xba\xe1\xbd"),
];

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = valid().collect();
    cases.extend(split());
    cases.extend(invalid());
    cases
}

fn valid() -> impl Iterator<Item = Case> {
    VALID.into_iter().enumerate().map(|(at, text)| {
        let sent = frame(TEXT, asking(text)).bytes();
        Case::new(
            format!("6.1.{}", at + 1),
            format!("{text:?}"),
            &[sent],
            [Heard::Id(text.to_owned())],
        )
    })
}

/// Fragments may end within a character, and a ping may stand there.
fn split() -> impl Iterator<Item = Case> {
    VALID.into_iter().enumerate().map(|(at, text)| {
        let message = asking(text);
        let mut frames: Vec<Vec<u8>> = message
            .iter()
            .enumerate()
            .map(|(at, byte)| {
                frame(if at == 0 { TEXT } else { CONTINUATION }, [*byte])
                    .open()
                    .bytes()
            })
            .collect();
        frames.insert(message.len() - 3, frame(PING, "").bytes());
        frames.push(frame(CONTINUATION, "").bytes());
        let heard = [Heard::Pong(Vec::new()), Heard::Id(text.to_owned())];
        Case::new(
            format!("6.2.{}", at + 1),
            format!("{text:?} byte by byte"),
            &frames,
            heard,
        )
    })
}

/// A text message that is valid but for these bytes.
fn spoilt(bytes: &[u8]) -> Vec<u8> {
    let mut message = asking("");
    let at = message.len() - 2;
    message.splice(at..at, bytes.iter().copied());
    message
}

fn invalid() -> impl Iterator<Item = Case> {
    INVALID
        .into_iter()
        .enumerate()
        .flat_map(|(at, (what, bytes))| {
            let message = spoilt(bytes);
            let behind = frame(PING, "behind").bytes();
            let (head, tail) = message.split_at(message.len() - 3);
            let parts = [
                frame(TEXT, head).open().bytes(),
                frame(CONTINUATION, tail).bytes(),
            ];
            let alone = frame(TEXT, bytes).bytes();
            [
                Case::new(
                    format!("6.3.{}", at + 1),
                    what,
                    &[frame(TEXT, &message).bytes(), behind],
                    [NOT_TEXT],
                ),
                Case::new(
                    format!("6.4.{}", at + 1),
                    format!("{what}, in two fragments"),
                    &parts,
                    [NOT_TEXT],
                ),
                Case::new(
                    format!("6.5.{}", at + 1),
                    format!("{what}, alone"),
                    &[alone],
                    [NOT_TEXT],
                ),
            ]
        })
}
