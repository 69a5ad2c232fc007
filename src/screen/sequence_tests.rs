//! Sequences are found as tmux finds them, wherever the bytes are cut.

use super::{Control, Listener, Parser, unexecuted};
use proptest::prelude::*;

#[derive(Default)]
struct Log(String);

impl Log {
    fn push(&mut self, what: &str) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(what);
    }
}

impl Listener for Log {
    /// Text that is cut is reported more than once, and that means nothing.
    fn text(&mut self) {
        if !self.0.ends_with('.') {
            self.push(".");
        }
    }

    /// It is reported once in a while of text, so where it stands depends on how that is cut.
    fn bell(&mut self) {}

    fn shift(&mut self, to_g1: bool) {
        self.push(if to_g1 { "SO" } else { "SI" });
    }

    fn escape(&mut self, intermediates: &[u8], last: u8) {
        self.push(&format!(
            "esc{}{}",
            intermediates.escape_ascii(),
            char::from(last)
        ));
    }

    fn control(&mut self, control: &Control<'_>) {
        let private = match control.private {
            0 => String::new(),
            byte => char::from(byte).to_string(),
        };
        self.push(&format!(
            "csi{private}{}{}{}",
            control.parameters.escape_ascii(),
            control.intermediates.escape_ascii(),
            char::from(control.last)
        ));
    }

    fn string(&mut self, string: &[u8], whole: bool) {
        let shown = &string[..string.len().min(20)];
        self.push(&format!(
            "osc({}){}",
            shown.escape_ascii(),
            if whole { "" } else { "cut" }
        ));
    }
}

fn found(pieces: &[&[u8]]) -> String {
    let mut parser = Parser::default();
    let mut log = Log::default();
    for piece in pieces {
        parser.feed(piece, &mut log);
    }
    log.0
}

#[test]
fn sequences_are_found() {
    let long_parameters = format!("\x1b[{}m.", "1;".repeat(40));
    let long_string = format!("\x1b]8;;{}\x07.", "x".repeat(10_000));
    let rows: [(&str, &str); 25] = [
        ("plain\r\n", "."),
        ("a\x0eq\x0fb", ". SO . SI ."),
        ("\x1b[1;31mred\x1b[m", "csi1;31m . csim"),
        (
            "\x1b[?1049h\x1b[>4;1m\x1b[2 q\x1b[!p",
            "csi?1049h csi>4;1m csi2 q csi!p",
        ),
        (
            "\x1b7\x1b8\x1b(0\x1b)B\x1b#8\x1bc",
            "esc7 esc8 esc(0 esc)B esc#8 escc",
        ),
        ("\x1b]0;title\x07x", "osc(0;title) ."),
        ("\x1b]0;title\x1b\\x", "osc(0;title) esc\\ ."),
        ("\x1b]0;ti\ntle\x18x", "osc(0;title) ."),
        ("\x1b]0;a\x1b[1m", "osc(0;a) csi1m"),
        ("\x1bPq\x1b[1mno\x18\x07\x1b\\x", "."),
        ("\x1bP1;2|\x1bx\x1b\\\x1b[1m", "csi1m"),
        ("\x1bP1:2\x1b[1m", "csi1m"),
        ("\x1bP$q m\x1b\\y", "."),
        (
            "\x1b_apc\x1b\\\x1bXsos\x1b\\\x1bktitle\x1b\\\x1b^pm\x18x",
            "esc\\ esc\\ esc\\ .",
        ),
        ("\x1b[1\x1b[2m", "csi2m"),
        ("\x1b[1\x18m", "."),
        ("\x1b[3\n1m", ". csi31m"),
        ("\x1b[3\x0e1m", "SO csi31m"),
        ("\x1b[1?2m.", "."),
        ("\x1b[1 2m.", "."),
        ("\x1b[\u{e9}1m", "csi1m"),
        ("\x1b\x1b[m", "csim"),
        ("\x1b\n(\n0", ". esc(0"),
        (&long_parameters, "."),
        (&long_string, "osc(8;;xxxxxxxxxxxxxxxxx)cut ."),
    ];
    for (bytes, expected) in rows {
        assert_eq!(found(&[bytes.as_bytes()]), expected, "{bytes:?}");
        let pieces: Vec<&[u8]> = bytes.as_bytes().chunks(1).collect();
        assert_eq!(found(&pieces), expected, "{bytes:?} byte by byte");
    }
}

#[test]
fn what_tmux_has_executed_of_a_pending_sequence_is_left_out() {
    let rows: [(&[u8], &[u8]); 11] = [
        (b"", b""),
        (b"\x1b", b"\x1b"),
        (b"\x1b[3", b"\x1b[3"),
        (b"\x1b[3\n1", b"\x1b[31"),
        (b"\x1b[3\x1b[4", b"\x1b[4"),
        (b"\x1b]0;title\x1b", b"\x1b"),
        (b"\x1b]0;ti\ntle", b"\x1b]0;ti\ntle"),
        (b"\x1bPq\x1b[1", b"\x1bPq\x1b[1"),
        (b"\x1bPq\x1b", b"\x1bPq\x1b"),
        (b"\x1b[1\x1bPq", b"\x1bPq"),
        (b"\x1b(", b"\x1b("),
    ];
    for (pending, expected) in rows {
        assert_eq!(unexecuted(pending), expected, "{}", pending.escape_ascii());
    }
}

/// Bytes of which many begin, fill and end sequences.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(&b"\x1b\x1b\x1b[]P_Xk(;?>:0123789mhlqABHr\\\x07\x18\x0e\x0f\n\x7f "[..]).prop_map(|byte| vec![byte]),
        2 => prop::sample::select(vec!["\x1b[", "\x1b]4;1;red\x07", "\x1b]8;;u\x1b\\", "\x1b[38;5;1m", "\x1b[?1049h", "text"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..200).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn cuts_change_nothing_and_what_is_kept_is_bounded(
        bytes in bytes(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.push(bytes.len());
        cuts.sort_unstable();
        let mut start = 0;
        let mut pieces = Vec::new();
        for cut in cuts {
            pieces.push(&bytes[start..cut]);
            start = cut;
        }
        prop_assert_eq!(found(&pieces), found(&[&bytes]));
        let mut parser = Parser::default();
        parser.feed(&bytes, &mut Log::default());
        prop_assert!(parser.kept() <= 2 * super::LONGEST_STRING);
    }
}
