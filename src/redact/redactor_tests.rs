//! Streams, however they are cut and coloured: nothing of a secret shows, and all else as it was.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use proptest::prelude::*;

use super::{Fed, Redactor, Rules};

static USUAL: LazyLock<Arc<Rules>> =
    LazyLock::new(|| Arc::new(Rules::new::<&str>(&[], true).unwrap()));

/// What is shown of chunks, and how much of each was held back after it.
struct Viewer {
    redactor: Redactor,
    shown: Vec<u8>,
}

impl Viewer {
    fn new() -> Self {
        Self {
            redactor: Redactor::new(Arc::clone(&USUAL), 7),
            shown: Vec::new(),
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        let before = self.redactor.offset();
        assert_eq!(before, 7 + self.shown.len() as u64);
        match self.redactor.feed(&Bytes::copy_from_slice(bytes)) {
            Fed::Unchanged => self.shown.extend_from_slice(bytes),
            Fed::Changed(piece) => {
                let Some(piece) = piece else { return };
                assert_eq!(piece.offset, before);
                self.shown.extend_from_slice(&piece.bytes);
            }
        }
    }

    fn release(&mut self) {
        let before = self.redactor.offset();
        if let Some(piece) = self.redactor.release() {
            assert_eq!(piece.offset, before);
            self.shown.extend_from_slice(&piece.bytes);
        }
        assert!(!self.redactor.is_holding());
        assert_eq!(self.redactor.offset(), 7 + self.shown.len() as u64);
    }
}

/// The text alone, as a person reads it.
fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        match *byte {
            0x1b => drop(
                rest.by_ref()
                    .find(|byte| byte.is_ascii_alphabetic() || **byte == b'@'),
            ),
            byte => text.push(char::from(byte)),
        }
    }
    text
}

const SECRETS: &[(&str, &str)] = &[
    ("ghp_", "abcdEFGHijklMNOPqrstUVWXyz0123456789"),
    ("password=", "correcthorse"),
    ("AKIA", "ABCDEFGHIJKLMNOP"),
    ("Authorization: Bearer ", "abc.def-ghi_jkl"),
    ("sk-", "ant-api03-abcdefghijklmnopqrstuvwxyz"),
];

const COLOURS: &[&str] = &[
    "\x1b[31m",
    "\x1b[0m",
    "\x1b[38;5;196m",
    "\x1b[K",
    "\x1b(B",
    "\x1b[1@",
];

fn coloured(secret: &str, colours: &[(usize, usize)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, byte) in secret.bytes().enumerate() {
        for (_, which) in colours.iter().filter(|(place, _)| *place == at) {
            out.extend_from_slice(COLOURS[which % COLOURS.len()].as_bytes());
        }
        out.push(byte);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Wherever the stream is cut, and wherever colours stand, and whatever is let go on the way: nothing shows four
    /// characters of a secret.
    #[test]
    fn a_secret_is_never_shown(
        which in 0..SECRETS.len(),
        colours in prop::collection::vec((0usize..60, 0usize..6), 0..8),
        cuts in prop::collection::vec((0usize..120, any::<bool>()), 0..12),
        before in "[ -~]{0,20}\r\n",
    ) {
        let (lead, secret) = SECRETS[which];
        let whole = [before.as_bytes(), &coloured(&format!("{lead}{secret}"), &colours), b" and on\r\n"].concat();
        let mut viewer = Viewer::new();
        for (at, byte) in whole.iter().enumerate() {
            viewer.feed(&[*byte]);
            if cuts.iter().any(|(cut, release)| *cut == at && *release) {
                viewer.release();
            }
        }
        viewer.release();
        prop_assert_eq!(viewer.shown.len(), whole.len());
        let seen = text(&viewer.shown);
        prop_assert!(seen.ends_with("* and on\r\n"), "{:?} {:?}", seen, String::from_utf8_lossy(&viewer.shown));
        let hidden = &secret.as_bytes();
        for part in hidden.windows(4) {
            let part = std::str::from_utf8(part).unwrap();
            let lead_has_it = lead.contains(part) || before.contains(part);
            prop_assert!(lead_has_it || !seen.contains(part), "{:?} shows {:?}", seen, part);
        }
        // Escapes stay where they are.
        let escapes = |bytes: &[u8]| bytes.iter().enumerate().filter(|(_, byte)| **byte == 0x1b).map(|(at, _)| at).collect::<Vec<_>>();
        prop_assert_eq!(escapes(&viewer.shown), escapes(&whole));
    }

    /// Where nothing is let go by time, the cuts make no difference.
    #[test]
    fn cuts_make_no_difference(
        stream in prop::collection::vec(prop_oneof![
            4 => "[ -~]{1,12}".prop_map(String::into_bytes),
            2 => (0..SECRETS.len()).prop_map(|which| format!("{}{}", SECRETS[which].0, SECRETS[which].1).into_bytes()),
            2 => (0..COLOURS.len()).prop_map(|which| COLOURS[which].as_bytes().to_vec()),
            1 => Just(b"\r\n".to_vec()),
            1 => Just(b" \r".to_vec()),
            1 => Just(b"\x08".to_vec()),
            1 => Just(b"\x1b]0;token=abc\x07".to_vec()),
1 => Just(b"\x1b[5D".to_vec()),
            1 => Just(b"\x1b[H".to_vec()),
            1 => Just(b"token: ".to_vec()),
            1 => prop::collection::vec(0..128u8, 1..4),
        ], 0..12),
        size in 1usize..9,
    ) {
        let stream = stream.concat();
        let mut whole = Viewer::new();
        whole.feed(&stream);
        whole.release();
        let mut cut = Viewer::new();
        stream.chunks(size).for_each(|chunk| cut.feed(chunk));
        cut.release();
        prop_assert_eq!(whole.shown.len(), stream.len());
        prop_assert_eq!(
            String::from_utf8_lossy(&cut.shown),
            String::from_utf8_lossy(&whole.shown)
        );
    }

    /// Whatever comes, in whatever pieces, and whenever it is let go: as many bytes are shown, and nothing breaks.
    #[test]
    fn anything_may_come(
        pieces in prop::collection::vec((prop_oneof![
            2 => prop::collection::vec(any::<u8>(), 0..6),
            1 => Just(b"token: a".to_vec()),
            1 => Just(b"\x1b[5D".to_vec()),
            1 => Just(b"\x08\x08".to_vec()),
            1 => Just("\u{fc}\u{6f22}\u{1f511}".as_bytes().to_vec()),
        ], 0..8u8), 0..24),
    ) {
        let mut viewer = Viewer::new();
        let mut length = 0;
        for (piece, what) in pieces {
            viewer.feed(&piece);
            length += piece.len();
            match what {
                0 => viewer.release(),
                1 => viewer.redactor.end_line(),
                2 => viewer.redactor.part_line(),
                _ => {}
            }
        }
        viewer.release();
        prop_assert_eq!(viewer.shown.len(), length);
    }

    /// Text without secrets is passed on as it came, and at once.
    #[test]
    fn what_is_no_secret_is_not_touched(
        chunks in prop::collection::vec("[ a-z0-9.,/\u{fc}\u{6f22}]{0,20}(\r\n|\x1b\\[3[0-7]m|\t)?", 0..10),
    ) {
        let mut redactor = Redactor::new(Arc::clone(&USUAL), 0);
        for chunk in chunks {
            // No `=`, `:`, `_` or `-`, so no lead is ever whole.
            let fed = redactor.feed(&Bytes::from(chunk));
            prop_assert_eq!(fed, Fed::Unchanged);
            prop_assert!(!redactor.is_holding());
        }
    }
}

/// What a stream is shown as; what stands behind a `~` comes as an output of its own.
#[test]
fn streams_as_programs_print_them() {
    let rows: [(&str, &str); 16] = [
        ("password=hunter2\r\n", "password=*******\r\n"),
        ("pass~word=hun~ter2\r\n", "password=*******\r\n"),
        (
            "\x1b[1mpass\x1b[0mword=\x1b[31mhun\x1b[0mter2 x",
            "\x1b[1mpass\x1b[0mword=\x1b[31m***\x1b[0m**** x",
        ),
        // A shell's line that goes on in the next row.
        (
            "ghp_abcdefghijkl \rmnopqrstuvwx\r\n",
            "ghp_*************\r************\r\n",
        ),
        ("pass \rword=x\r\n", "pass \rword=*\r\n"),
        ("password=x \r\n", "password=* \r\n"),
        // Typed and corrected.
        (
            "p\x08passx\x08 \x08word=ab\x08c\r\n",
            "p\x08passx\x08 \x08word=**\x08*\r\n",
        ),
        (
            "git status\x1b[10Dpassword=abc\r\n",
            "git status\x1b[10Dpassword=***\r\n",
        ),
        // Titles, links and the clipboard.
        ("\x1b]0;token=abc\x07x", "\x1b]0;token=***\x07x"),
        (
            "\x1b]8;;http://x/?token=a~bc\x1b\\link\x1b]8;;\x1b\\",
            "\x1b]8;;http://x/?token=***\x1b\\link\x1b]8;;\x1b\\",
        ),
        ("\x1b]52;c;aGVsbG8=\x07x", "\x1b]52;**********\x07x"),
        (
            "password=a\x1b]0;title\x07b c",
            "password=*\x1b]0;title\x07* c",
        ),
        ("\x1bkmake token=abc\x1b\\", "\x1bkmake token=***\x1b\\"),
        // Characters of more than one byte.
        ("password=\u{fc}\u{6f22}! x", "password=\u{b7}\u{ff0a}* x"),
        // What ends in nothing.
        ("ghp_abc\r\n", "ghp_abc\r\n"),
        ("eyJhbGciOiJI\u{1b}[0m\r\n", "eyJhbGciOiJI\u{1b}[0m\r\n"),
    ];
    for (stream, expected) in rows {
        let mut viewer = Viewer::new();
        for chunk in stream.split('~') {
            viewer.feed(chunk.as_bytes());
        }
        viewer.release();
        assert_eq!(
            String::from_utf8_lossy(&viewer.shown),
            expected,
            "{stream:?}"
        );
    }
}

#[test]
fn what_was_let_go_is_masked_and_what_follows_too() {
    let mut viewer = Viewer::new();
    viewer.feed(b"ghp_abcdefgh");
    assert_eq!(viewer.shown, b"ghp_", "the lead is no secret");
    assert!(viewer.redactor.is_holding());
    viewer.release();
    assert_eq!(viewer.shown, b"ghp_********");
    viewer.feed(b"ijklmnopqrstuvwx");
    viewer.feed(b"yz\r\n");
    assert_eq!(viewer.shown, b"ghp_**************************\r\n");
}

#[test]
fn what_is_held_back_is_bounded() {
    let rules = Arc::new(Rules::new(&["<(?<secret>[^>]*>)"], false).unwrap());
    let mut redactor = Redactor::new(rules, 0);
    let mut shown = 0;
    for _ in 0..100 {
        if let Fed::Changed(Some(piece)) = redactor.feed(&Bytes::from(vec![b'<'; 4096])) {
            assert!(piece.bytes[1..].iter().all(|byte| *byte == b'*'));
            shown += piece.bytes.len();
        }
        assert!(redactor.offset() + (64 << 10) >= redactor.offset() + 4096);
    }
    assert!(shown >= 100 * 4096 - (64 << 10), "{shown}");
}

#[test]
fn a_line_s_end_may_come_without_a_byte() {
    let mut viewer = Viewer::new();
    viewer.feed(b"password=abc");
    viewer.redactor.end_line();
    viewer.feed(b"def ");
    viewer.release();
    assert_eq!(viewer.shown, b"password=***def ");
}
