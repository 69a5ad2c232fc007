//! What exports say, row by row, and that nothing in them acts on terminals, pages or memory.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::printable;

const SIZE: Size = Size { cols: 10, rows: 3 };

/// What a recording holds, with times in milliseconds.
type Recording<'a> = [(i64, Piece<'a>)];

fn export(form: Form, recording: &Recording<'_>) -> Result<String, ExportError> {
    let about = About {
        title: "work:1.0 <\u{1b}]0;x\u{7}>".to_owned(),
    };
    let mut exporter = exporter(form, about);
    let mut out = Vec::new();
    for (at, piece) in recording {
        exporter.take(*at, *piece, &mut out)?;
    }
    for patch in exporter.end(&mut out)? {
        let from = usize::try_from(patch.offset).unwrap();
        out[from..][..patch.bytes.len()].copy_from_slice(&patch.bytes);
    }
    Ok(String::from_utf8(out).unwrap())
}

const fn blank(size: Size) -> Piece<'static> {
    Piece::Screen {
        size,
        replay: b"\x1bc\x1b[3J",
    }
}

fn text_of(bytes: &[u8]) -> String {
    text(&[(0, blank(SIZE)), (0, Piece::Output(bytes))])
}

fn text(recording: &Recording<'_>) -> String {
    export(Form::Text(Extent::Whole), recording).unwrap()
}

/// The data of an asciicast's output, one behind the other.
fn printed(cast: &str) -> String {
    let events = cast
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<(f64, String, String)>(line).unwrap());
    events
        .filter(|event| event.1 == "o")
        .map(|event| event.2)
        .collect()
}

fn cast_of(bytes: &[u8]) -> String {
    let recording = [(0, blank(SIZE)), (0, Piece::Output(bytes))];
    let cast = export(Form::Asciicast(CastVersion::V3), &recording).unwrap();
    printed(&cast)
        .strip_prefix("\x1b[H\x1b[2J")
        .unwrap()
        .to_owned()
}

#[test]
fn only_what_draws_is_recorded() {
    let rows: [(&[u8], &str); 40] = [
        (
            b"plain\r\n\t\x08\x0b\x0c\x07",
            "plain\r\n\t\x08\x0b\x0c\x07",
        ),
        (
            "\u{2500}\u{6f22}e\u{301}".as_bytes(),
            "\u{2500}\u{6f22}e\u{301}",
        ),
        (b"\x00\x05\x06\x11a\x7f", "a"),
        (b"\x1b[1;31mred\x1b[m", "\x1b[1;31mred\x1b[m"),
        (
            b"\x1b[4:3mwave\x1b[38:2::1:2:3m",
            "\x1b[4:3mwave\x1b[38:2::1:2:3m",
        ),
        (
            b"\x1b[H\x1b[2J\x1b[3;4r\x1b[5b",
            "\x1b[H\x1b[2J\x1b[3;4r\x1b[5b",
        ),
        (
            b"\x1b7\x1b8\x1bM\x1bD\x1bE\x1bH\x1bc\x1b#8",
            "\x1b7\x1b8\x1bM\x1bD\x1bE\x1bH\x1bc\x1b#8",
        ),
        (
            b"\x1b(0qx\x1b(B\x1b)0\x0e\x0f",
            "\x1b(0qx\x1b(B\x1b)0\x0e\x0f",
        ),
        // Questions.
        (b"a\x1b[c\x1b[>c\x1b[=c\x1b[6n\x1b[?6nb", "ab"),
        (b"a\x1b[?2026$p\x1b[>q\x1b[?u\x1b[18t\x1bZb", "ab"),
        (b"a\x1b[x\x1b[1;1;1;1;1;1*yb", "ab"),
        (b"a\x1bP$qm\x1b\\b\x1b]11;?\x07c\x1b]4;1;?\x1b\\d", "abcd"),
        // Modes of keys and of the mouse.
        (
            b"a\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b[?1004h\x1b[?1hb",
            "ab",
        ),
        (b"a\x1b=\x1b>\x1b[>4;1m\x1b[>1u\x1b[<u\x1b[=1ub", "ab"),
        (
            b"\x1b[?25l\x1b[?7;1000;1049h\x1b[4h\x1b[20h",
            "\x1b[?25l\x1b[?7h\x1b[?1049h\x1b[4h",
        ),
        (b"\x1b[2 q\x1b[!p\x1b[\"q", "\x1b[2 q"),
        // Strings.
        (b"a\x1b]0;title\x07b\x1b]2;title\x1b\\c", "abc"),
        (b"a\x1b]52;c;QUJD\x07b\x1bkname\x1b\\c", "abc"),
        (b"a\x1b_apc\x1b\\b\x1b^pm\x1b\\c\x1bXsos\x1b\\d", "abcd"),
        (b"a\x1bPtmux;\x1b\x1b]52;c;QUJD\x07\x1b\\b", "ab"),
        (b"a\x1b]1337;File=:AAAA\x07b\x1bPq#0!9~\x1b\\c", "abc"),
        (b"a\x1b]0;cut\x18b\x1b]0;cut\x1b[1mc", "ab\x1b[1mc"),
        // Links.
        (
            b"\x1b]8;id=1;http://x/\x07l\x1b]8;;\x1b\\",
            "\x1b]8;id=1;http://x/\x1b\\l\x1b]8;;\x1b\\",
        ),
        (b"\x1b]8;;\xff\x07a\x1b]8;;\xc2\x9b31m\x07b", "ab"),
        // C1, as bytes and as characters.
        (b"a\x9b31mb", "a\u{fffd}31mb"),
        ("a\u{9b}31mb\u{9d}0;x\u{9c}".as_bytes(), "a31mb0;x"),
        // Broken off, and overlong.
        (b"\x1b[31\x18m\x1b[1\x1b[2mx", "m\x1b[2mx"),
        (b"\x1b[3\n1mx", "\n\x1b[31mx"),
        (b"\x1b\x1b\x1b[Ax", "\x1b[Ax"),
        (
            b"\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1mx",
            "x",
        ),
        // No UTF-8.
        (b"a\xffb\xe2\x82c\xc3", "a\u{fffd}b\u{fffd}c\u{fffd}"),
        (b"\xf0\x9f\x1b[1m\x98x", "\u{fffd}\x1b[1m\u{fffd}x"),
        (b"a\xed\xa0\x80b", "a\u{fffd}\u{fffd}\u{fffd}b"),
        // What tmux doesn't know.
        (b"a\x1b[2I\x1b[2e\x1b[2a\x1b[5$x\x1b[?5h\x1b6\x1bn", "a"),
        (b"a\x1b(Ab\x1b%G", "ab"),
        (b"a\x1b[?1;2;3", "a"),
        (b"a\x1b]8;;http://unfinished", "a"),
        (b"a\x1bP1;2", "a"),
        (b"a\xe2\x94", "a\u{fffd}"),
        (b"", ""),
    ];
    for (bytes, expected) in rows {
        assert_eq!(cast_of(bytes), expected, "{}", bytes.escape_ascii());
        let mut recording = vec![(0, blank(SIZE))];
        recording.extend(bytes.chunks(1).map(|byte| (0, Piece::Output(byte))));
        let cast = export(Form::Asciicast(CastVersion::V2), &recording).unwrap();
        let whole = printed(&cast);
        let drawn = whole.strip_prefix("\x1b[H\x1b[2J").unwrap();
        assert_eq!(drawn, expected, "{} byte for byte", bytes.escape_ascii());
    }
}

#[test]
fn a_character_has_so_many_marks() {
    let many = "e".to_owned() + &"\u{301}".repeat(100_000) + "x" + &"\u{200b}".repeat(50);
    let cast = cast_of(many.as_bytes());
    assert_eq!(
        cast,
        "e".to_owned() + &"\u{301}".repeat(16) + "x" + &"\u{200b}".repeat(16)
    );
    assert_eq!(
        text_of(many.as_bytes()),
        "e".to_owned() + &"\u{301}".repeat(16) + "x\n"
    );
}

#[test]
fn casts_have_the_times_and_sizes_of_either_version() {
    let wide = Size { cols: 20, rows: 3 };
    let recording = [
        (1_700_000_000_250, blank(SIZE)),
        (1_700_000_001_500, Piece::Output(b"one")),
        (1_700_000_001_501, Piece::Resize(wide)),
        (1_700_000_001_502, Piece::Resize(wide)),
        (1_700_000_000_000, Piece::Output(b"\xe2")),
        (1_700_000_062_000, Piece::Output(b"\x94\x80")),
        (1_700_000_063_000, Piece::Gap("12 s are missing")),
        (
            1_700_000_064_000,
            Piece::Screen {
                size: SIZE,
                replay: b"\x1bc\x1b[3Jtwo",
            },
        ),
    ];
    let v3 = export(Form::Asciicast(CastVersion::V3), &recording).unwrap();
    let title = r"work:1.0 <\u001b]0;x\u0007>";
    let expected = [
        &format!(
            r#"{{"version":3,"term":{{"cols":10,"rows":3,"type":"tmux-256color"}},"timestamp":1700000000,"title":"{title}"}}"#
        ),
        r#"[0.000, "o", "\u001b[H\u001b[2J"]"#,
        r#"[1.250, "o", "one"]"#,
        r#"[0.001, "r", "20x3"]"#,
        "[60.499, \"o\", \"\u{2500}\"]",
        r#"[1.000, "m", "12 s are missing"]"#,
        r#"[1.000, "r", "10x3"]"#,
        r#"[0.000, "o", "\u001bctwo"]"#,
    ];
    let same = |left: &str, right: &str| {
        let value = |text| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(value(left), value(right));
    };
    assert_eq!(v3.lines().count(), expected.len());
    for (line, expected) in v3.lines().zip(expected) {
        same(line, expected);
    }
    let v2 = export(Form::Asciicast(CastVersion::V2), &recording).unwrap();
    let times: Vec<_> = v2
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(
        times,
        [
            "[0.000", "[1.250", "[1.251", "[61.750", "[62.750", "[63.750", "[63.750"
        ]
    );
    same(
        v2.lines().next().unwrap(),
        &format!(
            r#"{{"version":2,"width":10,"height":3,"timestamp":1700000000,"title":"{title}"}}"#
        ),
    );
}

#[test]
fn text_is_what_stood_in_the_end() {
    let rows: [(&[u8], &str); 21] = [
        (b"one\r\ntwo\r\n", "one\ntwo\n"),
        (b"1\r\n2\r\n3\r\n4\r\n5\r\n6", "1\n2\n3\n4\n5\n6\n"),
        (b"10 %\r50 %\r100 %\r\ndone", "100 %\ndone\n"),
        (
            b"a line of more than ten columns\r\nnext",
            "a line of more than ten columns\nnext\n",
        ),
        (b"0123456789\r\nnext", "0123456789\nnext\n"),
        (b"0123456789      x", "0123456789      x\n"),
        (
            "\u{6f22}\u{5b57}\u{6f22}\u{5b57}x\u{6f22}\u{5b57}".as_bytes(),
            "\u{6f22}\u{5b57}\u{6f22}\u{5b57}x\u{6f22}\u{5b57}\n",
        ),
        (b"\x1b[1;31mred\x1b[m \x1b[44m   \x1b[m", "red\n"),
        (b"a\tb", "a       b\n"),
        (b"one\r\n\r\n\r\n\r\ntwo\r\n\r\n\r\n", "one\n\n\n\ntwo\n"),
        (b"", ""),
        // What was cleared away is lost, as on the screen; what had gone above it is not.
        (b"1\r\n2\r\n3\r\n4\x1b[H\x1b[J5", "1\n5\n"),
        (b"1\r\n2\x1b[H\x1b[2J3", "1\n2\n3\n"),
        (b"\x1b[2J\x1b[2J1\x1b[H\x1b[2J\x1b[2J2", "1\n2\n"),
        (b"1\r\n2\r\n3\r\n4\x1b[3J\r\n5", "1\n2\n3\n4\n5\n"),
        (b"1\r\n2\x1bc3", "1\n2\n3\n"),
        // The alternate screen has no lines above it, and shows behind the primary one.
        (
            b"shell\r\n\x1b[?1049h\x1b[H1\r\n2\r\n3\r\n4",
            "shell\n\n2\n3\n4\n",
        ),
        (
            b"shell\r\n\x1b[?1049h\x1b[Hvim\x1b[?1049lback",
            "shell\nback\n",
        ),
        (b"shell\r\n\x1b[?47h\x1b[Hold", "shell\n\nold\n"),
        (b"shell\x1b[?1049h\x1b[Hvim\x1bcnew", "shell\nnew\n"),
        (
            b"ab\x1b[99999999b\r\nx\x1b[65535b",
            "abbbbbbbbb\nxxxxxxxxxx\n",
        ),
    ];
    for (bytes, expected) in rows {
        assert_eq!(text_of(bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_screen_that_grows_takes_lines_back() {
    let print = |rows| Size { cols: 10, rows };
    let recording = [
        (0, blank(SIZE)),
        (0, Piece::Output(b"1\r\n2\r\n3\r\n4\r\n5\r\n")),
        (0, Piece::Resize(print(6))),
        (0, Piece::Output(b"6\x1b[1;1Hone")),
        (0, Piece::Resize(print(2))),
        (0, Piece::Output(b"\r\nx")),
    ];
    let whole = text(&recording[..4]);
    assert_eq!(whole, "one\n2\n3\n4\n5\n6\n");
    // The cursor is in the first row, so what lies below it goes.
    assert_eq!(text(&recording), "one\nx\n");
}

#[test]
fn narrow_screens_lose_nothing() {
    let lines: String = (0..600)
        .map(|line| format!("line {line:04} of a long text\r\n"))
        .collect();
    let size = |cols| Size { cols, rows: 5 };
    let recording = [
        (0, blank(size(40))),
        (0, Piece::Output(lines.as_bytes())),
        (0, Piece::Resize(size(3))),
        (0, Piece::Resize(size(60))),
        (0, Piece::Output(b"\x1b[?1049h\x1b[Halternate")),
        (0, Piece::Resize(size(7))),
        (0, Piece::Resize(size(50))),
        (0, Piece::Output(b"\x1b[?1049lend")),
    ];
    assert_eq!(text(&recording), lines.replace('\r', "") + "end\n");
}

#[test]
fn a_known_screen_follows_on_what_was_and_behind_a_gap_begins_anew() {
    let screen = |size, replay| Piece::Screen { size, replay };
    let recording = [
        (0, screen(SIZE, b"\x1bc\x1b[3Jfirst\r\n")),
        (0, Piece::Output(b"1\r\n2\r\n3")),
        // Every now and then what is known is told again.
        (0, screen(SIZE, b"\x1bc\x1b[3J1\r\n2\r\n3")),
        (0, Piece::Output(b"\r\n4")),
        (0, Piece::Gap("muxwire was away")),
        (0, screen(SIZE, b"\x1bc\x1b[3J8\r\n9")),
    ];
    assert_eq!(
        text(&recording),
        "first\n1\n2\n3\n4\n[muxwire was away]\n8\n9\n"
    );
    let last = export(Form::Text(Extent::Screen), &recording).unwrap();
    assert_eq!(last, "8\n9\n\n");
    let html = export(Form::Html(Extent::Whole, Theme::Dark), &recording).unwrap();
    assert!(
        html.contains("4\n<span class=\"gap\">[muxwire was away]</span>\n8\n"),
        "{html}"
    );
}

/// The rows of a page.
fn rows_of_page(bytes: &[u8]) -> String {
    let recording = [(0, blank(SIZE)), (0, Piece::Output(bytes))];
    let html = export(Form::Html(Extent::Screen, Theme::Dark), &recording).unwrap();
    let (_, rows) = html.split_once("<pre>\n").unwrap();
    rows.split_once("\n\n</pre>")
        .map_or(rows, |(rows, _)| rows)
        .trim_end_matches('\n')
        .to_owned()
}

#[test]
fn pages_have_colours_and_attributes() {
    let span = |style: &str, text: &str| format!("<span style=\"{style}\">{text}</span>");
    let rows = [
        ("plain", "plain".to_owned()),
        ("\x1b[31mr\x1b[m.", span("color:#f0787c", "r") + "."),
        (
            "\x1b[38;5;196mr\x1b[38;5;244mg",
            span("color:#ff0000", "r") + &span("color:#808080", "g"),
        ),
        (
            "\x1b[38;5;67mc\x1b[38;2;1;2;3mt",
            span("color:#5f87af", "c") + &span("color:#010203", "t"),
        ),
        ("\x1b[48;2;9;8;7m b ", span("background:#090807", " b ")),
        (
            "\x1b[1;2;3mx",
            span("font-weight:bold;opacity:.6;font-style:italic", "x"),
        ),
        (
            "\x1b[4ma\x1b[4:3mb",
            span("text-decoration:underline", "a") + &span("text-decoration:underline wavy", "b"),
        ),
        (
            "\x1b[4:2;58;2;255;0;0ma\x1b[4:4mb\x1b[4:5mc",
            span("text-decoration:underline double #ff0000", "a")
                + &span("text-decoration:underline dotted #ff0000", "b")
                + &span("text-decoration:underline dashed #ff0000", "c"),
        ),
        (
            "\x1b[9;4mx",
            span("text-decoration:underline line-through", "x"),
        ),
        ("\x1b[7mi", span("color:#0f141b;background:#d5dce6", "i")),
        (
            "\x1b[7;38;2;1;1;1;48;2;2;2;2mi",
            span("color:#020202;background:#010101", "i"),
        ),
        ("\x1b[8mh", span("visibility:hidden", "h")),
        ("\u{6f22}x", "<span class=\"w\">\u{6f22}</span>x".to_owned()),
        ("\x1b]8;;http://x/\x07link\x1b]8;;\x07", "link".to_owned()),
        ("<&>\"'", "&lt;&amp;&gt;&quot;&#39;".to_owned()),
    ];
    for (bytes, expected) in rows {
        assert_eq!(
            rows_of_page(bytes.as_bytes()),
            expected,
            "{}",
            bytes.escape_debug()
        );
    }
}

#[test]
fn pictures_have_their_size_and_each_run_its_place() {
    let recording = [
        (0, blank(SIZE)),
        (
            0,
            Piece::Output("1\r\n2\r\n3\r\n\u{6f22}\x1b[41m<x>\x1b[m  \x1b[1mb".as_bytes()),
        ),
    ];
    let whole = export(Form::Svg(Extent::Whole, Theme::Light), &recording).unwrap();
    assert!(whole.contains("width=\"000000000088\" height=\"000000000088\" viewBox=\"0 0 000000000088 000000000088\""), "{whole}");
    let expected = "<text x=\"10\" y=\"74\" textLength=\"16.8\">\u{6f22}</text>\
        <rect x=\"26.8\" y=\"61\" width=\"25.2\" height=\"17\" fill=\"#c0262d\"/>\
        <text x=\"26.8\" y=\"74\" textLength=\"25.2\">&lt;x&gt;</text>\
        <text x=\"68.8\" y=\"74\" textLength=\"8.4\" style=\"font-weight:bold\">b</text>\n";
    assert!(whole.contains(expected), "{whole}");
    let screen = export(Form::Svg(Extent::Screen, Theme::Light), &recording).unwrap();
    assert!(screen.contains("height=\"000000000071\""), "{screen}");
}

#[test]
fn what_can_not_be_drawn_is_refused() {
    let large = Size {
        cols: 1000,
        rows: 1000,
    };
    let form = Form::Text(Extent::Whole);
    let error = export(form, &[(0, blank(large))]).unwrap_err();
    assert_eq!(error, ExportError::TooLarge(large));
    assert!(
        error
            .to_string()
            .starts_with("the pane has 1000x1000, and up to 240,000 cells")
    );
    let error = export(form, &[(0, blank(SIZE)), (0, Piece::Resize(large))]).unwrap_err();
    assert_eq!(error, ExportError::TooLarge(large));
    let none = Size { cols: 0, rows: 5 };
    assert_eq!(
        export(form, &[(0, blank(none))]).unwrap_err(),
        ExportError::Empty(none)
    );
    for form in forms() {
        assert_eq!(export(form, &[]).unwrap_err(), ExportError::NoScreen);
        let output = export(form, &[(0, Piece::Output(b"x"))]);
        assert_eq!(output.unwrap_err(), ExportError::NoScreen);
    }
    let cast = export(Form::Asciicast(CastVersion::V3), &[(0, blank(large))]).unwrap();
    assert!(cast.contains("\"cols\":1000"), "{cast}");
}

fn forms() -> [Form; 8] {
    [
        Form::Asciicast(CastVersion::V2),
        Form::Asciicast(CastVersion::V3),
        Form::Text(Extent::Whole),
        Form::Text(Extent::Screen),
        Form::Html(Extent::Whole, Theme::Dark),
        Form::Html(Extent::Screen, Theme::Light),
        Form::Svg(Extent::Whole, Theme::Light),
        Form::Svg(Extent::Screen, Theme::Dark),
    ]
}

/// Whether markup has the exporter's elements alone, each ended.
fn check_markup(markup: &str) {
    const ELEMENTS: [&str; 14] = [
        "html", "head", "meta", "title", "style", "body", "pre", "span", "hr", "svg", "rect",
        "text", "!DOCTYPE", "g",
    ];
    let mut open = Vec::new();
    for part in markup.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap();
        assert!(ELEMENTS.contains(&name), "{tag}");
        assert!(!text.contains('>'), "{text}");
        for attribute in tag
            .split(' ')
            .skip(1)
            .filter(|attribute| attribute.contains('='))
        {
            let name = attribute.split('=').next().unwrap();
            assert!(
                !name.starts_with("on") && name != "href" && name != "src",
                "{tag}"
            );
        }
        match () {
            () if tag.starts_with('/') => assert_eq!(open.pop(), Some(name)),
            () if tag.ends_with('/') || ["!DOCTYPE", "meta", "hr"].contains(&name) => {}
            () => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[derive(Debug, Clone)]
enum Step {
    Output(Vec<u8>),
    Resize(Size),
    Gap(String),
    Screen(Size, Vec<u8>),
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let special = prop::sample::select(vec![
        "\x1b[",
        "\x1b]",
        "\x1bP",
        "\x1b\\",
        "\x07",
        "\x1bc",
        "\x1b[2J",
        "\x1b[3J",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[99S",
        "\x1b[65535b",
        "<script>",
        "</pre>",
        "&#",
        "\u{202e}",
        "\u{9b}",
        "\u{e0041}",
        "\u{6f22}",
        "\u{301}",
        "\u{1f468}\u{200d}",
        "\r\n",
        "\n",
        "\x1b[31;44m",
        "\x1b[7;4:3m",
        "8;;http://x",
        "--></style>",
        "\u{fffe}",
        "\u{ffff}",
        "\x18",
        "\t",
    ]);
    let part = prop_oneof![
        4 => special.prop_map(|text| text.as_bytes().to_vec()),
        2 => "[ -~]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

fn step() -> impl Strategy<Value = Step> {
    let size = || (1_u32..40, 1_u32..12).prop_map(|(cols, rows)| Size { cols, rows });
    prop_oneof![
        8 => bytes().prop_map(Step::Output),
        2 => size().prop_map(Step::Resize),
        1 => "\\PC{0,8}".prop_map(Step::Gap),
        1 => (size(), bytes()).prop_map(|(size, replay)| Step::Screen(size, replay)),
    ]
}

proptest! {
    #[test]
    fn no_export_has_what_acts(steps in prop::collection::vec(step(), 0..12)) {
        let mut recording = vec![(0, blank(SIZE))];
        for step in &steps {
            let piece = match step {
                Step::Output(bytes) => Piece::Output(bytes),
                Step::Resize(size) => Piece::Resize(*size),
                Step::Gap(missing) => Piece::Gap(missing),
                Step::Screen(size, replay) => Piece::Screen { size: *size, replay },
            };
            recording.push((0, piece));
        }
        for form in forms() {
            let export = export(form, &recording).unwrap();
            let acts = export.lines().find(|line| line.contains(printable::acts_on_terminals));
            prop_assert_eq!(acts, None, "{:?}", form);
            if matches!(form, Form::Html(..) | Form::Svg(..)) {
                check_markup(&export);
                let is_xml = !export.contains(['\u{fffe}', '\u{ffff}']);
                prop_assert!(is_xml);
            }
        }
    }

    #[test]
    fn rows_do_not_depend_on_where_output_is_cut(bytes in bytes(), size in 1_usize..9) {
        let mut recording = vec![(0, blank(SIZE))];
        recording.extend(bytes.chunks(size).map(|piece| (0, Piece::Output(piece))));
        prop_assert_eq!(text(&recording), text_of(&bytes));
    }
}
