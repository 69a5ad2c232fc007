//! Where the emulator shows the same bytes differently from tmux, with no muxwire between them.
//!
//! The generator avoids exactly these. A row that no longer differs fails the test: then it can go, and the
//! generator's rule with it.

use super::dialect::Dialect;
use super::emulator::{Emulator, Size};
use super::generate::RESET;
use super::pane::{Feed, pane_of, tmux_shows};
use crate::support::{SOON, TmuxServer, for_each_version, wait_until};

const SIZE: Size = Size { cols: 20, rows: 6 };

/// What differs, bytes that show it, and the versions that they show it on.
struct Difference(&'static str, &'static [u8], Versions);

#[derive(Debug, Clone, Copy)]
enum Versions {
    All,
    Since(u32, u32),
    Before(u32, u32),
}

use Versions::{All, Before, Since};

/// A reason, and the rows to which it applies.
const TABLE: &[(&str, &[Difference])] = &[
    (
        "behind a full line tmux's cursor is beyond the last column; the emulator's is on it and waits",
        &[
            Difference("BS", b"aaaaaaaaaaaaaaaaaaaa\x08", All),
            Difference("CUB", b"aaaaaaaaaaaaaaaaaaaa\x1b[D", All),
            Difference("a tabulator", b"aaaaaaaaaaaaaaaaaaaa\t", All),
            Difference("CBT", b"aaaaaaaaaaaaaaaaaaaa\x1b[Z", All),
            Difference("DECSC", b"aaaaaaaaaaaaaaaaaaaa\x1b7\x1b[H\x1b8b", All),
            Difference("DECAWM off", b"aaaaaaaaaaaaaaaaaaaa\x1b[?7lb", All),
            Difference("DECAWM on", b"\x1b[?7laaaaaaaaaaaaaaaaaaaa\x1b[?7h", All),
            Difference("ICH", b"aaaaaaaaaaaaaaaaaaaa\x1b[@", All),
            Difference("DCH", b"aaaaaaaaaaaaaaaaaaaa\x1b[P", All),
            Difference("ECH", b"aaaaaaaaaaaaaaaaaaaa\x1b[X", All),
            Difference("ED 0", b"aaaaaaaaaaaaaaaaaaaa\x1b[J", All),
            Difference(
                "EL 0 without wrapping",
                b"\x1b[?7laaaaaaaaaaaaaaaaaaaa\x1b[K",
                All,
            ),
            Difference("VPA", b"aaaaaaaaaaaaaaaaaaaa\x1b[3d", All),
            Difference("1049", b"aaaaaaaaaaaaaaaaaaaa\x1b[?1049hb\x1b[?1049lc", All),
            Difference("REP", b"aaaaaaaaaaaaaaaaaaaa\x1b[3b", Since(3, 2)),
            Difference(
                "a mark without wrapping",
                "\x1b[?7laaaaaaaaaaaaaaaaaaae\u{301}".as_bytes(),
                All,
            ),
        ],
    ),
    (
        "half a wide character: tmux keeps the other half or shifts it, the emulator leaves a blank",
        &[
            Difference(
                "its second half is overwritten",
                "あい\x1b[1;2Hx".as_bytes(),
                Before(3, 6),
            ),
            Difference(
                "its first half is overwritten, underlined",
                "\x1b[4mあい\x1b[0m\rx".as_bytes(),
                All,
            ),
            Difference(
                "its second half is overwritten, underlined",
                "\x1b[4mあい\x1b[0m\x1b[1;2Hx".as_bytes(),
                All,
            ),
            Difference("ECH begins within", "あいう\x1b[1;2H\x1b[X".as_bytes(), All),
            Difference("ECH ends within", "あいう\x1b[1;1H\x1b[X".as_bytes(), All),
            Difference("EL 0", "あいう\x1b[1;4H\x1b[K".as_bytes(), All),
            Difference("EL 1", "あいう\x1b[1;3H\x1b[1K".as_bytes(), All),
            Difference("ED 0", "あいう\x1b[1;4H\x1b[J".as_bytes(), All),
            Difference("ED 1", "あいう\x1b[1;3H\x1b[1J".as_bytes(), All),
            Difference("ICH", "あいう\x1b[1;4H\x1b[@".as_bytes(), All),
            Difference(
                "ICH beyond the end",
                "aaaaaaaaaaaaaaaaaaあ\r\x1b[@".as_bytes(),
                All,
            ),
            Difference("DCH begins within", "あいう\x1b[1;4H\x1b[P".as_bytes(), All),
            Difference("DCH ends within", "あいう\x1b[1;3H\x1b[P".as_bytes(), All),
            Difference("IRM", "あいう\x1b[1;4H\x1b[4hb".as_bytes(), All),
            Difference(
                "IRM beyond the end",
                "aaaaaaaaaaaaaaaaaaあ\r\x1b[4hb".as_bytes(),
                All,
            ),
        ],
    ),
    (
        "the emulator fills the last column with the pen when a wide character does not fit, tmux leaves it",
        &[
            Difference("underlined", "\x1b[4maaaaaaaaaaaaaaaaaaaあ".as_bytes(), All),
            Difference(
                "over text",
                "bbbbbbbbbbbbbbbbbbbb\raaaaaaaaaaaaaaaaaaaあ".as_bytes(),
                All,
            ),
        ],
    ),
    (
        "the emulator has no margins for relative motion, and adds the region's top to some",
        &[
            Difference("CUU out of the region", b"\x1b[2;4r\x1b[3;3H\x1b[5Ax", All),
            Difference("CUD out of the region", b"\x1b[2;4r\x1b[3;3H\x1b[5Bx", All),
            Difference("CUD into its bottom", b"\x1b[3;4r\x1b[2;3H\x1b[5Bx", All),
            Difference("CNL out of the region", b"\x1b[2;4r\x1b[3;3H\x1b[5Ex", All),
            Difference("CPL out of the region", b"\x1b[2;4r\x1b[3;3H\x1b[5Fx", All),
            Difference("CHA with DECOM", b"\x1b[2;4r\x1b[?6h\x1b[2;2H\x1b[5Gx", All),
            Difference("CUU with DECOM", b"\x1b[2;4r\x1b[?6h\x1b[2;2H\x1b[Ax", All),
        ],
    ),
    (
        "tmux brings the cursor to the screen's corner, the emulator to the region's or nowhere",
        &[
            Difference("DECOM off", b"\x1b[2;4r\x1b[?6h\x1b[2;2H\x1b[?6lx", All),
            Difference("DECSTBM with DECOM", b"\x1b[?6h\x1b[2;4rx", All),
            Difference("DECALN", b"abc\x1b#8x", All),
            Difference("DECALN and the region", b"\x1b[2;4r\x1b#8\x1b[4;1H\nx", All),
        ],
    ),
    (
        "the emulator does nothing with the cursor outside the region, tmux takes the screen for it",
        &[
            Difference(
                "IL",
                b"a\r\nb\r\nc\r\nd\r\ne\r\nf\x1b[2;4r\x1b[5;1H\x1b[L",
                All,
            ),
            Difference(
                "DL",
                b"a\r\nb\r\nc\r\nd\r\ne\r\nf\x1b[2;4r\x1b[5;1H\x1b[M",
                All,
            ),
        ],
    ),
    (
        "a line that scrolls in because of wrapping is coloured by the emulator only",
        &[Difference(
            "wrapping",
            b"\x1b[6;1H\x1b[41maaaaaaaaaaaaaaaaaaaaaa\x1b[6;20Hx",
            All,
        )],
    ),
    (
        "faults of the emulator",
        &[
            Difference(
                "ED 1 on the second row leaves the first",
                b"aaaa\r\nbbbb\x1b[2;2H\x1b[1J",
                All,
            ),
            Difference(
                "DCH of more than there is takes from before",
                b"aaaaaaaaaaaaaaaaaaa\x1b[1;12H\x1b[19P",
                All,
            ),
            Difference("CBT with no stop stays", b"\x1b[3gabc\x1b[Zx", All),
        ],
    ),
    (
        "a fault of tmux: of blanks for more than half of what remains in a line only some are inserted",
        &[
            Difference("ICH", b"aaaaaaaaaaaaaaaaaaa\x1b[1;12H\x1b[6@", All),
            Difference("ICH of all", b"aaaaaaaaaaaaaaaaaaa\x1b[1;12H\x1b[9@", All),
        ],
    ),
    (
        "tmux does not know them",
        &[
            Difference("CHT", b"\x1b[2Ix", All),
            Difference("HPR", b"\x1b[3;3H\x1b[5ax", All),
            Difference("VPR", b"\x1b[3;3H\x1b[2ex", All),
        ],
    ),
    (
        "the emulator does not know them, or otherwise",
        &[
            Difference("47", b"abc\x1b[?47hd\x1b[?47le", All),
            Difference("1047", b"abc\x1b[?1047hd\x1b[?1047le", All),
            Difference("SGR 21", b"\x1b[1ma\x1b[21mb", All),
            Difference("a colour that is cut short", b"a\x1b[38;2;1mc", All),
            Difference("a screen's title", b"a\x1bkabc\x1b\\b", All),
            Difference("Sixel", b"a\x1bPqabc\x1b\\b", Since(3, 4)),
        ],
    ),
    (
        "each saves something else with the cursor, and in another place",
        &[
            Difference(
                "DECSC with DECOM",
                b"\x1b[2;4r\x1b[?6h\x1b[2;2H\x1b7\x1b[?6l\x1b8\x1b[1;1Hx",
                All,
            ),
            Difference("DECSC with SO", b"\x1b)0\x0e\x1b7\x0f\x1b8q", All),
            Difference(
                "DECSC, then the other screen",
                b"\x1b[2;3H\x1b7\x1b[?1049h\x1b[1;1H\x1b8x",
                All,
            ),
            Difference(
                "DECSC in the other screen",
                b"\x1b[?1049h\x1b[4;4H\x1b7\x1b[?1049l\x1b[1;1H\x1b8x",
                All,
            ),
            Difference(
                "1049 and charsets",
                b"\x1b(0\x1b[?1049h\x1b(B\x1b[?1049lq",
                All,
            ),
            Difference("1049 off that was not on", b"abc\x1b[2;2H\x1b[?1049le", All),
            Difference("RIS in the other screen", b"abc\x1b[?1049hd\x1bcx", All),
        ],
    ),
    (
        "the emulator clears the other screen with the pen's colour",
        &[Difference("1049", b"abc\x1b[41m\x1b[?1049hd", All)],
    ),
    (
        "tmux repeats only what was printed just before, some versions ASCII only",
        &[
            Difference("REP behind SGR", b"ab\x1b[0m\x1b[3bc", All),
            Difference("REP behind CR", b"ab\r\x1b[3bc", All),
            Difference("REP behind a designation", b"\x1b(0q\x1b(B\x1b[3b", All),
            Difference(
                "REP of a wide character",
                "あ\x1b[2b".as_bytes(),
                Before(3, 4),
            ),
            Difference(
                "REP behind a mark",
                "e\u{301}\x1b[2b".as_bytes(),
                Before(3, 4),
            ),
        ],
    ),
    (
        "SGR with no parameter ends a link in tmux",
        &[Difference(
            "SGR",
            b"\x1b]8;;http://x\x1b\\\x1b[ma",
            Since(3, 4),
        )],
    ),
    (
        "the mouse: tmux ends all reporting at once and keeps both encodings, the emulator takes each by itself",
        &[
            Difference("another one off", b"\x1b[?1003h\x1b[?1000l", All),
            Difference("both encodings", b"\x1b[?1003h\x1b[?1005h\x1b[?1006h", All),
        ],
    ),
    (
        "widths: the tables of tmux and the emulator differ",
        &[
            Difference("a soft hyphen", "a\u{ad}b".as_bytes(), All),
            Difference("VS16", "❤\u{fe0f}x".as_bytes(), Since(3, 4)),
            Difference("ZWJ", "👩\u{200d}🔬x".as_bytes(), Since(3, 2)),
            Difference("a tone of skin", "👍🏽x".as_bytes(), Since(3, 4)),
            Difference("a keycap", "1\u{fe0f}\u{20e3}x".as_bytes(), Since(3, 4)),
            Difference("C1 in UTF-8", "a\u{85}b".as_bytes(), Before(3, 2)),
        ],
    ),
    (
        "bytes that are no UTF-8: how many U+FFFD they make, and whether any",
        &[
            Difference("a lone 80", b"a\x80b", Since(3, 6)),
            Difference("ff", b"a\xffb", Before(3, 6)),
            Difference("a character cut by another", b"a\xc3b", Before(3, 6)),
            Difference("c0 80", b"a\xc0\x80b", All),
            Difference("a surrogate", b"a\xed\xa0\x80b", All),
            Difference("beyond Unicode", b"a\xf5\x80\x80\x80b", All),
            Difference("a character cut by ESC", b"a\xc3\x1b[31mb", All),
            Difference("two first bytes", b"a\xc3\xc3\xa9b", All),
            Difference("C1 as a byte", b"a\x9b31mb", Since(3, 6)),
        ],
    ),
    (
        "what the capture of a version does not show, or shows wrongly",
        &[
            Difference("bright backgrounds", b"\x1b[100ma", Before(3, 2)),
            Difference("a tabulator, shifted", b"\tb\x1b[1;1H\x1b[2@", Since(3, 6)),
            Difference(
                "a tabulator, erased in part",
                b"\tb\x1b[1;3H\x1b[2X",
                Since(3, 6),
            ),
            Difference(
                "a tabulator, erased in part by EL 1",
                b"\tb\x1b[1;3H\x1b[1K",
                Since(3, 6),
            ),
            Difference("a tabulator, cut", b"\tb\x1b[1;3H\x1b[2P", Since(3, 6)),
            Difference(
                "a tabulator, whose stop has gone",
                b"\tb\x1b[3g",
                Since(3, 6),
            ),
            Difference(
                "a tabulator with IRM",
                b"\x1b[1;12Hx\r\x1b[4h\t",
                Since(3, 6),
            ),
            Difference("a tabulator over colours", b"\x1b[41m\x1b[K\t", Since(3, 6)),
        ],
    ),
];

impl Versions {
    fn hold(self, dialect: Dialect) -> bool {
        match self {
            All => true,
            Since(major, minor) => dialect.release() >= (major, minor),
            Before(major, minor) => dialect.release() < (major, minor),
        }
    }
}

#[test]
fn the_differences_of_the_emulator_are_as_listed() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let dialect = Dialect::of(&program.version.to_string());
        let (mut feed, command) = Feed::new(&server, "feed");
        let pane = pane_of(&server, SIZE, &command);
        let mut wrong = String::new();
        for (why, Difference(name, bytes, versions)) in TABLE
            .iter()
            .flat_map(|(why, rows)| rows.iter().map(move |row| (why, row)))
        {
            let differs = difference(&server, &mut feed, &pane, dialect, bytes);
            if differs.is_empty() == versions.hold(dialect) {
                wrong += &format!("{why}: {name} ({versions:?}):\n{differs}\n");
            }
        }
        assert!(wrong.is_empty(), "not as listed:\n{wrong}");
    });
}

/// How the emulator differs from tmux once both have read these bytes.
fn difference(
    server: &TmuxServer,
    feed: &mut Feed,
    pane: &str,
    dialect: Dialect,
    bytes: &[u8],
) -> String {
    let title = format!("at-{}", feed.written);
    feed.write(RESET);
    feed.write(bytes);
    feed.write(format!("\x1b]2;{title}\x1b\\").as_bytes());
    wait_until("tmux has read it", SOON, || {
        server.value(pane, "#{pane_title}") == title
    });
    let tmux = tmux_shows(server, pane);
    let mut emulator = Emulator::new(SIZE);
    emulator.write(RESET);
    emulator.write(bytes);
    dialect.as_captured(emulator.shown(), &tmux).differs(&tmux)
}
