//! Closing handshakes: codes, reasons, and what comes behind.

use super::raw::{CLOSE, CONTINUATION, PING, TEXT, close_payload, frame};
use super::{Case, Heard, asking};

/// Codes that may stand in a close frame.
const GOOD: [u16; 15] = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999,
];
/// Codes that may not: too low, unknown, or kept for what no frame says.
const BAD: [u16; 14] = [
    0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 32_768, 65_535,
];

pub fn cases() -> Vec<Case> {
    let mut cases = codes();
    cases.extend(payloads());
    cases.extend(behind());
    cases
}

fn codes() -> Vec<Case> {
    let close = |code| frame(CLOSE, close_payload(code, "bye")).bytes();
    // Each is leaked once: a case lives as long as the test.
    let echoed = |code: u16| Heard::Closed(Vec::leak(vec![code, 1000]));
    let good = GOOD.into_iter().enumerate().map(|(at, code)| {
        Case::new(
            format!("7.1.{}", at + 1),
            format!("close with {code}"),
            &[close(code)],
            [echoed(code)],
        )
    });
    let bad = BAD.into_iter().enumerate().map(|(at, code)| {
        Case::new(
            format!("7.2.{}", at + 1),
            format!("close with {code}"),
            &[close(code)],
            [Heard::Closed(&[1002])],
        )
    });
    good.chain(bad).collect()
}

fn payloads() -> Vec<Case> {
    let rows: [(&str, Vec<u8>, &'static [u16]); 8] = [
        ("close with nothing", Vec::new(), &[0, 1000]),
        ("close with one byte", vec![3], &[1002]),
        ("close with a code alone", close_payload(1000, ""), &[1000]),
        (
            "close with a reason of 123 bytes",
            close_payload(1000, [b'*'; 123]),
            &[1000],
        ),
        (
            "close with a reason that is no text",
            close_payload(1000, b"\xce\xba\xe1\xbd\xed\xa0\x80"),
            &[1002, 1007],
        ),
        (
            "close with a reason that breaks off",
            close_payload(1000, b"\xf0\x9f\x98"),
            &[1002, 1007],
        ),
        (
            "close with a reason of many languages",
            close_payload(1000, "\u{202e}\u{1f600}\u{0}\r\n"),
            &[1000],
        ),
        (
            "close with a reason of 124 bytes",
            close_payload(1000, [b'*'; 124]),
            &[1002],
        ),
    ];
    let case = |(at, (what, payload, codes)): (usize, (&str, Vec<u8>, &'static [u16]))| {
        Case::new(
            format!("7.3.{}", at + 1),
            what,
            &[frame(CLOSE, payload).bytes()],
            [Heard::Closed(codes)],
        )
    };
    rows.into_iter().enumerate().map(case).collect()
}

/// Nothing behind a close frame is heard, however wrong it is.
fn behind() -> Vec<Case> {
    let close = frame(CLOSE, close_payload(1000, "")).bytes();
    let message = frame(TEXT, asking("behind")).bytes();
    let open = frame(TEXT, "{").open().bytes();
    let rows: [(&str, Vec<Vec<u8>>); 7] = [
        (
            "a ping behind the close",
            vec![close.clone(), frame(PING, "").bytes()],
        ),
        (
            "a message behind the close",
            vec![close.clone(), message.clone()],
        ),
        (
            "a second close",
            vec![close.clone(), frame(CLOSE, close_payload(1001, "")).bytes()],
        ),
        (
            "garbage behind the close",
            vec![close.clone(), vec![0xff; 64]],
        ),
        (
            "a close in the middle of a message",
            vec![open, close.clone(), frame(CONTINUATION, "}").bytes()],
        ),
        (
            "250 KiB behind the close",
            vec![close.clone(), vec![b' '; 250 << 10]],
        ),
        (
            "half a frame behind the close",
            vec![close, message[..4].to_vec()],
        ),
    ];
    let case = |(at, (what, frames)): (usize, (&str, Vec<Vec<u8>>))| {
        Case::new(
            format!("7.4.{}", at + 1),
            what,
            &frames,
            [Heard::Closed(&[1000])],
        )
    };
    rows.into_iter().enumerate().map(case).collect()
}
