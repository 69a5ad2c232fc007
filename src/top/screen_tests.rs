//! What the emulator shows, and that nothing else of a pane comes out of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::super::theme::Ground;
use super::*;

const THEME: Theme = Theme {
    depth: Depth::True,
    ground: Ground::Dark,
};

fn screen(cols: u32, rows: u32, bytes: &[u8]) -> Screen {
    let mut screen = Screen::new(cols, rows, 100).unwrap();
    screen.read(bytes);
    screen
}

fn drawn(screen: &Screen, area: Rect) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, area.right() + 1, area.bottom() + 1));
    screen.draw(View::default(), area, &mut buf, THEME);
    buf
}

fn row(buf: &Buffer, y: u16) -> String {
    let cells = (0..buf.area.width).map(|x| buf[(x, y)].symbol());
    cells.collect::<String>().trim_end().to_owned()
}

#[test]
fn text_colours_and_wide_characters_stand_where_they_do_in_the_pane() {
    let bytes = "\x1b[1;31mred\x1b[0m \u{6f22}e\u{301}\x1b[48;2;1;2;3mx\x1b[0m\r\n\x1b(0lqk\x1b(B";
    let buf = drawn(&screen(12, 3, bytes.as_bytes()), Rect::new(0, 0, 12, 3));
    assert_eq!(buf[(0, 0)].symbol(), "r");
    assert_eq!(buf[(0, 0)].fg, Color::Indexed(1));
    assert!(buf[(0, 0)].modifier.contains(Modifier::BOLD));
    assert_eq!(buf[(4, 0)].symbol(), "\u{6f22}");
    assert_eq!(buf[(6, 0)].symbol(), "e\u{301}");
    assert_eq!(buf[(7, 0)].bg, Color::Rgb(1, 2, 3));
    assert_eq!(row(&buf, 1), "\u{250c}\u{2500}\u{2510}");
}

#[test]
fn a_wide_character_at_the_edge_is_left_out_and_joiners_join_nothing() {
    let bytes = "ab\u{6f22}\u{1f468}\u{200d}\u{1f469}\u{fe0f}";
    let screen = screen(10, 1, bytes.as_bytes());
    let buf = drawn(&screen, Rect::new(0, 0, 3, 1));
    assert_eq!(row(&buf, 0), "ab");
    let buf = drawn(&screen, Rect::new(0, 0, 10, 1));
    assert_eq!(buf[(4, 0)].symbol(), "\u{1f468}");
    assert_eq!(buf[(6, 0)].symbol(), "\u{1f469}");
}

#[test]
fn it_scrolls_back_and_stays_there_while_more_is_printed() {
    let mut screen = screen(10, 2, b"1\r\n2\r\n3\r\n4");
    screen.scroll(1);
    assert_eq!(row(&drawn(&screen, Rect::new(0, 0, 10, 2)), 0), "2");
    screen.read(b"\r\n5");
    assert_eq!(row(&drawn(&screen, Rect::new(0, 0, 10, 2)), 0), "2");
    assert_eq!((screen.scrolled(), screen.history()), (2, 3));
    screen.follow();
    assert_eq!(screen.rows().collect::<Vec<_>>(), ["4", "5"]);
    assert!(!screen.is_alternate());
    screen.read(b"\x1b[?1049h");
    assert!(screen.is_alternate());
}

#[test]
fn a_synchronized_update_shows_at_its_end_or_when_it_is_released() {
    let mut screen = screen(10, 1, b"old");
    screen.read(b"\x1b[?2026h\rnew");
    assert!(screen.is_held());
    assert_eq!(screen.rows().next().unwrap(), "old");
    screen.release();
    assert!(!screen.is_held());
    assert_eq!(screen.rows().next().unwrap(), "new");
    screen.read(b"\x1b[?2026h\rend\x1b[?2026l");
    assert!(!screen.is_held());
    assert_eq!(screen.rows().next().unwrap(), "end");
}

#[test]
fn characters_without_width_are_bounded_until_the_next_reset() {
    let mut screen = screen(10, 1, b"e");
    for _ in 0..100 {
        screen.read("\u{301}".repeat(1_000).as_bytes());
    }
    assert!(screen.is_worn());
    let kept = screen.cell(0, 0).zerowidth().map_or(0, <[char]>::len);
    assert!(kept < MOST_MARKS, "{kept}");
    assert_eq!(
        drawn(&screen, Rect::new(0, 0, 10, 1))[(0, 0)]
            .symbol()
            .chars()
            .count(),
        1 + MOST_MARKS_SHOWN
    );
    screen.read("\u{6f22}".as_bytes());
    assert!(row(&drawn(&screen, Rect::new(0, 0, 10, 1)), 0).contains('\u{6f22}'));
}

#[test]
fn what_is_too_large_is_not_kept_and_what_is_too_small_is() {
    assert!(Screen::new(1_000, 1_000, 0).is_none());
    assert!(Screen::new(u32::MAX, 2, 0).is_none());
    assert!(Screen::new(0, 5, 0).is_none());
    let one = screen(1, 1, "\u{6f22}abc".as_bytes());
    assert_eq!(one.size(), (2, 1));
}

/// What hostile programs print, and what ordinary ones do.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let sequences: Vec<&'static [u8]> = vec![
        b"\x1b]52;c;QUJD\x07",
        b"\x1b]0;title\x1b\\",
        b"\x1bP$q q\x1b\\",
        b"\x1bPtmux;\x1b\x1b]52;c;QUJD\x07\x1b\\",
        b"\x1b_Ga=q\x1b\\",
        b"\x1b[c\x1b[5n\x1b[6n\x1b[>q\x1b[?1u",
        b"\x1b[?2026h",
        b"\x1b[?1049h",
        b"\x1b[8;4;4t",
        b"\x9b31m\xc2\x9b31m",
        b"\x1bkname\x1b\\",
        b"\x1b[9999;9999H",
        b"\x1b[?6h\x1b[2;3r",
        b"\x1b[200b\x1b[100@\x1b[100P\x1b[100L",
    ];
    prop_oneof![
        2 => vec(any::<u8>(), 0..40),
        2 => proptest::sample::select(sequences).prop_map(<[u8]>::to_vec),
        2 => "\\PC{0,12}".prop_map(String::into_bytes),
        1 => vec(any::<char>(), 0..8).prop_map(|chars| chars.into_iter().collect::<String>().into_bytes()),
        1 => Just("\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}\u{ad}\u{301}\u{200d}".as_bytes().to_vec()),
    ]
}

proptest! {
    /// Whatever a pane prints, each cell holds text that is as wide as the cell and acts on no terminal, and however
    /// the bytes are cut the same shows.
    #[test]
    fn nothing_that_acts_comes_out_of_a_pane(
        pieces in vec(piece(), 0..40),
        (cols, rows) in (1_u32..40, 1_u32..12),
        cuts in vec(any::<u8>(), 1..8),
    ) {
        let bytes = pieces.concat();
        let mut whole = Screen::new(cols, rows, 50).unwrap();
        whole.read(&bytes);
        whole.release();
        let mut cut = Screen::new(cols, rows, 50).unwrap();
        let mut rest = &bytes[..];
        for size in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let size = usize::from(*size).clamp(1, rest.len());
            cut.read(&rest[..size]);
            rest = &rest[size..];
        }
        cut.release();
        prop_assert_eq!(whole.rows().collect::<Vec<_>>(), cut.rows().collect::<Vec<_>>());
        for width in [cols, 3] {
            let area = Rect::new(0, 0, u16::try_from(width).unwrap(), u16::try_from(rows).unwrap());
            let buf = drawn(&whole, area);
            for cell in &buf.content {
                prop_assert!(!cell.symbol().contains(acts_on_terminals), "{:?}", cell.symbol());
                prop_assert!((1..=2).contains(&cell.symbol().width()), "{:?}", cell.symbol());
            }
        }
        whole.scroll(3);
        let _ = drawn(&whole, Rect::new(0, 0, 10, 5));
    }
}
