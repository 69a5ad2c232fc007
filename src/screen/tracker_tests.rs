//! What the tracker knows after which bytes.

use super::*;
use proptest::prelude::*;

/// The words of what is assumed, and the sequences that bring a terminal to what is known.
fn known(tracker: &Tracker) -> String {
    let state = tracker.tracked();
    let mut assumed = Vec::new();
    state.assumed(&mut assumed);
    let words: Vec<&str> = assumed.into_iter().map(Assumed::word).collect();
    let mut out = Vec::new();
    state.drawing.pen.write_to(&mut out);
    state.drawing.charset.write_to(&mut out);
    out.extend_from_slice(state.drawing.link.as_deref().unwrap_or_default());
    state.palette.write_to(&mut out);
    let shown = String::from_utf8_lossy(&out)
        .replace('\x1b', "^")
        .replace('\x0e', "SO");
    format!("{}: {shown}", words.join(","))
}

#[test]
fn a_pane_that_was_seen_from_the_start_is_known() {
    let rows: [(&str, &str); 20] = [
        ("", ": ^[0m"),
        ("text\r\n", ": ^[0m"),
        ("\x1b[1;31mred", ": ^[0;1;31m"),
        ("\x1b[1;31mred\x1b[m", ": ^[0m"),
        ("\x1b(0\x1b)0\x0e", ": ^[0m^(0^)0SO"),
        ("\x1b(0\x1b(A", ": ^[0m^(0"),
        ("\x1b]8;id=1;http://x\x1b\\", ": ^[0mid=1;http://x"),
        ("\x1b]8;;http://x\x07\x1b[0m", ": ^[0m;http://x"),
        ("\x1b]8;;http://x\x07\x1b[m", ": ^[0m"),
        ("\x1b]8;;http://x\x07\x1b]8;;\x07", ": ^[0m"),
        (
            "\x1b]4;1;red\x07\x1b]11;#123\x07",
            ": ^[0m^]4;1;red^\\^]11;#123^\\",
        ),
        ("\x1b]4;1;red\x07\x1b[31m\x1b(0\x1bc", ": ^[0m"),
        ("\x1b[31m\x1b7", ": ^[0;31m"),
        ("x\x1b[31m\x1b7\x1b[32m", "saved_cursor: ^[0;32m"),
        ("x\x1b[31m\x1b7\x1b[32m\x1b8", "saved_cursor: ^[0;31m"),
        ("x\x1b[2;3H\x1b[31m\x1b[s\x1b[32m\x1b[u", ": ^[0;31m"),
        ("x\x1b[?6h\x1b[2;3H\x1b7", "saved_cursor: ^[0m"),
        ("\x1b[31m\x1b[?1049h\x1b[32m", ": ^[0;32m"),
        ("\x1b[31m\x1b[?1049h\x1b[32m\x1b[?1049l", ": ^[0;31m"),
        ("\x1b[31m\x1b[?1049l", ": ^[0;31m"),
    ];
    for (bytes, expected) in rows {
        let mut tracker = Tracker::from_start();
        tracker.feed(bytes.as_bytes());
        assert_eq!(known(&tracker), expected, "{bytes:?}");
    }
}

#[test]
fn a_pane_that_was_there_before_becomes_known() {
    let rows: [(&str, &str); 9] = [
        ("", "pen,charset,hyperlink,palette,saved_cursor: ^[0m"),
        (
            "\x1b[1m",
            "pen,charset,hyperlink,palette,saved_cursor: ^[0;1m",
        ),
        (
            "\x1b[0;1m",
            "charset,hyperlink,palette,saved_cursor: ^[0;1m",
        ),
        ("\x1b[m", "charset,palette,saved_cursor: ^[0m"),
        ("\x1b[m\x1b(B\x1b)0\x0f", "palette,saved_cursor: ^[0m^)0"),
        ("\x1b[m\x1b(B\x1b)0\x0f\x1b[?6l\x1b7", "palette: ^[0m^)0"),
        (
            "\x1b]104\x07\x1b]110\x07\x1b]111\x07\x1b]112\x07",
            "pen,charset,hyperlink,saved_cursor: ^[0m",
        ),
        ("\x1b[1m\x1bc\x1b]112\x07\x1b[?6l\x1b7", ": ^[0m"),
        (
            "\x1b[31m\x1b[?1049h\x1b[m\x1b[?1049l",
            "pen,charset,hyperlink,palette,saved_cursor: ^[0;31m",
        ),
    ];
    for (bytes, expected) in rows {
        let mut tracker = Tracker::midway();
        tracker.feed(bytes.as_bytes());
        assert_eq!(known(&tracker), expected, "{bytes:?}");
    }
}

#[test]
fn after_a_loss_what_was_known_is_a_guess() {
    let mut tracker = Tracker::from_start();
    tracker.feed(b"\x1b[31m\x1b]4;1;red\x07\x1b(0\x1b[3");
    tracker.doubt();
    tracker.feed(b"1m");
    assert_eq!(
        known(&tracker),
        "pen,charset,hyperlink,palette,saved_cursor: ^[0;31m^]4;1;red^\\"
    );
}

/// A listing reports a new process only after its first bytes have come.
#[test]
fn regression_what_a_new_process_set_at_once_is_kept() {
    let rows: [(&[&str], Option<bool>); 6] = [
        (&["\x1b[?2004h", "respawned"], Some(true)),
        (&["\x1b[?2004h", "listed", "respawned"], Some(true)),
        (&["\x1b[?2004h", "listed", "listed", "respawned"], None),
        (
            &[
                "\x1b[?2004h",
                "listed",
                "listed",
                "\x1b[?2004l",
                "respawned",
            ],
            Some(false),
        ),
        (
            &["listed", "listed", "respawned", "\x1b[?2004h"],
            Some(true),
        ),
        (&["listed", "listed", "respawned"], None),
    ];
    for (steps, expected) in rows {
        let mut tracker = Tracker::from_start();
        for step in steps {
            match *step {
                "listed" => tracker.listed(),
                "respawned" => tracker.respawned(),
                bytes => tracker.feed(bytes.as_bytes()),
            }
        }
        assert_eq!(tracker.bracketed_paste(), expected, "{steps:?}");
    }
}

#[test]
fn tmux_is_believed_where_it_speaks() {
    let mut tracker = Tracker::from_start();
    tracker.feed(b"\x1b[31m\x1b]0;endless");
    tracker.adjust(false, true, Some((3, 4)));
    assert_eq!(known(&tracker), ": ^[0;31m", "tmux waits for the end too");
    tracker.adjust(false, false, Some((3, 4)));
    assert_eq!(known(&tracker), ": ^[0m", "tmux gave up and reset itself");
    tracker.feed(b"\x1b7");
    assert_eq!(known(&tracker), ": ^[0m", "the saved place is known");
    tracker.adjust(true, false, None);
    tracker.feed(b"\x1b[m\x1b[?1049l");
    assert_eq!(
        known(&tracker),
        "pen,hyperlink: ^[0m",
        "tmux leaves the sets alone"
    );
}

#[test]
fn modes_and_the_cursors_looks_are_tracked() {
    let mut tracker = Tracker::midway();
    tracker.feed(b"\x1b[?2004;1004h\x1b[?2026l\x1b[>4;2m\x1b[4 q");
    let Tracked { modes, style, .. } = tracker.tracked();
    let known: Vec<(bool, bool)> = [1004, 2004, 2026, 2031]
        .map(|mode| (modes.is_known(mode), modes.is_on(mode)))
        .to_vec();
    assert_eq!(
        known,
        [(true, true), (true, true), (true, false), (false, false)]
    );
    assert_eq!(modes.keys(), Some(crate::screen::KeyMode::Extended2));
    assert_eq!(
        (style.known, style.shape, style.blinking),
        (true, Some(CursorShape::Underline), Some(false))
    );
    tracker.feed(b"\x1bc");
    assert!(!tracker.tracked().modes.is_on(2004));
}

proptest! {
    /// Whatever the bytes and wherever they are cut.
    #[test]
    fn cuts_change_nothing(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "a", "\r\n", "\x1b[31m", "\x1b[0m", "\x1b7", "\x1b8", "\x1b[s", "\x1b[u", "\x1b[2;2H", "\x1b[?1049h",
            "\x1b[?1049l", "\x1b(0", "\x1b(B", "\x0e", "\x0f", "\x1bc", "\x1b]4;1;x\x07", "\x1b]8;;u\x1b\\", "\x1b[?6h",
            "\x1b[?2004h", "\x1b[", "\x1b]", "\x1bP", "\x18", "\u{20ac}",
        ]), 0..40),
        size in 1_usize..7,
        midway in any::<bool>(),
    ) {
        let bytes = pieces.concat();
        let fresh = || if midway { Tracker::midway() } else { Tracker::from_start() };
        let (mut whole, mut cut) = (fresh(), fresh());
        whole.feed(bytes.as_bytes());
        bytes.as_bytes().chunks(size).for_each(|piece| cut.feed(piece));
        prop_assert_eq!(whole.tracked(), cut.tracked());
    }
}

#[test]
fn a_bell_rings_in_text_and_within_sequences_but_not_as_the_end_of_a_string() {
    let rows: [(&[u8], bool); 9] = [
        (b"plain", false),
        (b"\x07", true),
        (b"text\x07text", true),
        (b"\x1b[3\x071m", true),
        (b"\x1b(\x07B", true),
        (b"\x1b]2;title\x07", false),
        (b"\x1b]2;title\x07\x07", true),
        (b"\x1b_string\x07more\x1b\\", false),
        (b"\x1bPq\x07\x1b\\", false),
    ];
    for (bytes, expected) in rows {
        let mut whole = Tracker::from_start();
        whole.feed(bytes);
        assert_eq!(whole.take_bell(), expected, "{}", bytes.escape_ascii());
        assert!(!whole.take_bell(), "it rings once");
        let mut cut = Tracker::from_start();
        bytes.chunks(1).for_each(|piece| cut.feed(piece));
        assert_eq!(cut.take_bell(), expected, "{}", bytes.escape_ascii());
    }
}
