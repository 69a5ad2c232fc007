//! Tests of the scanner: what it finds however the bytes are cut, what it passes on, and its bounds.

use super::*;

/// What was found, as text.
#[derive(Debug, Default)]
struct Found(Vec<String>);

impl Listener for Found {
    fn string(&mut self, string: &[u8]) {
        self.0.push(String::from_utf8_lossy(string).into_owned());
    }
    fn bell(&mut self) {
        self.0.push("bell".to_owned());
    }
    fn synchronized(&mut self, under_way: bool) {
        self.0.push(format!("synchronized {under_way}"));
    }
}

fn scan<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, String) {
    let (mut scanner, mut found, mut display) = (Scanner::default(), Found::default(), Vec::new());
    for piece in pieces {
        scanner.feed(piece, &mut found, &mut display);
    }
    (found.0, String::from_utf8_lossy(&display).into_owned())
}

/// Rows of bytes, what is found in them, and what is displayed: whole, byte by byte, and cut at each place.
#[track_caller]
fn check(rows: &[(&str, &[&str], &str)]) {
    for (text, found, display) in rows {
        let bytes = text.as_bytes();
        let expected = (
            found.iter().map(|one| (*one).to_owned()).collect(),
            (*display).to_owned(),
        );
        assert_eq!(scan([bytes]), expected, "{text:?}");
        assert_eq!(scan(bytes.chunks(1)), expected, "{text:?} byte by byte");
        for at in 0..bytes.len() {
            let (one, other) = bytes.split_at(at);
            assert_eq!(scan([one, other]), expected, "{text:?} cut at {at}");
        }
    }
}

#[test]
fn signals_are_found_wherever_the_bytes_are_cut() {
    check(&[
        ("a\x1b]7501;state=busy\x1b\\b", &["7501;state=busy"], "ab"),
        ("\x1b]0;\u{2733} Claude\x07x", &["0;\u{2733} Claude"], "x"),
        ("\x1b]9;4;1;40\x07\x07", &["9;4;1;40", "bell"], "\x07"),
        ("\x1b]2;a\x1b[1;2Hx", &["2;a"], "\x1b[1;2Hx"),
        ("\x1b]2;cancelled\x18x", &[], "x"),
        (
            "\x1b[?2026ha\x1b[?2026l",
            &["synchronized true", "synchronized false"],
            "a",
        ),
        ("\x1b[3\x07;4H", &["bell"], "\x1b[3;4H"),
    ]);
}

#[test]
fn signals_in_a_passthrough_string_are_found() {
    check(&[
        (
            "\x1bPtmux;\x1b\x1b]777;notify;a;b\x07\x1b\\x",
            &["777;notify;a;b"],
            "x",
        ),
        (
            "\x1bPtmux;\x1b\x1b]9;hello\x1b\x1b\\\x1b\\x",
            &["9;hello"],
            "x",
        ),
        ("\x1bPtmux;text\x1b\\x", &[], "x"),
        ("\x1bPtmux;\x1b[Hx", &[], "\x1b[Hx"),
        (
            "\x1bPtmux;\x1b\x1bPtmux;\x1b\x1b\x1b\x1b]9;deep\x07\x1b\x1b\\\x1b\\x",
            &[],
            "x",
        ),
        ("\x1bP+q544e\x1b\\x", &[], "x"),
        ("\x1bP1$r0m\x1b\\x", &[], "x"),
        ("\x1b_Gi=1;a\x1b\\x", &[], "x"),
    ]);
}

#[test]
fn what_the_emulator_lacks_reaches_it_in_other_words() {
    check(&[
        ("\x1b[s\x1b[u", &[], "\x1b7\x1b8"),
        ("\x1b[?25h\x1b[>1u", &[], "\x1b[?25h\x1b[>1u"),
        ("\x1bD\x1bE", &[], "\n\r\n"),
        ("\x1b(B\x1b[38;2;1;2;3mx\x1b[m", &[], "\x1b(Bx"),
    ]);
}

#[test]
fn what_is_kept_of_a_string_is_bounded() {
    for start in [
        "\x1b]7501;",
        "\x1bP",
        "\x1bPtmux;\x1b\x1b]0;",
        "\x1b[",
        "\x1b_",
    ] {
        let (mut scanner, mut found, mut display) =
            (Scanner::default(), Found::default(), Vec::new());
        scanner.feed(start.as_bytes(), &mut found, &mut display);
        for _ in 0..1000 {
            scanner.feed(&[b'1'; 1000], &mut found, &mut display);
            assert!(scanner.kept() < 4 * LONGEST_STRING, "{start:?}");
        }
        assert!(display.len() < 100 && found.0.is_empty(), "{start:?}");
        scanner.feed(b"\x1b\\\x1b\\\x07\x1b]0;next\x07", &mut found, &mut display);
        assert_eq!(
            found.0.last().map(String::as_str),
            Some("0;next"),
            "{start:?}"
        );
    }
}
