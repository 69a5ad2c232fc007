//! Lines as they stand: after spinners, bars, redraws and whole screens.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

/// The line that was shown, and how many more.
fn line(settled: &SettledLine) -> (String, usize) {
    let text = settled.parts.iter().map(|part| part.0.as_str()).collect();
    (text, settled.more)
}

/// What is shown of pieces, one printed in each moment, and of some quiet moments behind them.
fn shown(pieces: &[&str]) -> Vec<(String, usize)> {
    let mut pane = Standing::default();
    let mut lines = Vec::new();
    for piece in pieces.iter().chain([&""; 6]) {
        pane.read(piece, Severity::Info);
        lines.extend(pane.settle(false).as_ref().map(line));
    }
    lines
}

fn texts(pieces: &[&str]) -> Vec<String> {
    let lines = shown(pieces);
    assert!(lines.iter().all(|line| line.1 == 0), "{lines:?}");
    lines.into_iter().map(|line| line.0).collect()
}

#[test]
fn regression_lines_are_shown_as_they_stand() {
    let rows: &[(&[&str], &[&str])] = &[
        (&["hello\r\n"], &["hello"]),
        (&["a\r\n", "b\r\n"], &["a", "b"]),
        (&["in ", "parts\r\n"], &["in parts"]),
        // A bar and a spinner on one line.
        (&["10%\r", "20%\r", "30%\r", "done\r\n"], &["done"]),
        (
            &["| wait\r", "/ wait\r", "- wait\r", "\x1b[2Kready\r\n"],
            &["ready"],
        ),
        (&["abc\x08\x08xy\r\n"], &["axy"]),
        (&["long line\rshort\x1b[K\r\n"], &["short"]),
        // A block that is drawn again from above.
        (
            &[
                "one\r\n* work 1s\r\n",
                "\x1b[1A\x1b[2K* work 2s\r\n",
                "\x1b[1A\x1b[2Ktwo\r\n",
            ],
            &["one", "two"],
        ),
        // A question that waits for its answer.
        (&["Go on? [y/n] "], &["Go on? [y/n]"]),
        (&["same\r\n", "same\r\n"], &["same", "same"]),
        (
            &["test 1 ok\r\n", "test 2 ok\r\n"],
            &["test 1 ok", "test 2 ok"],
        ),
        (&["\r\n\r\n", "   \r\n"], &[]),
        // A title, the clipboard and colours.
        (
            &["\x1b]0;title\x07\x1b]52;c;AAAA\x07\x1b[31mred\x1b[0m\r\n"],
            &["red"],
        ),
        (&["\x1bktitle\x1b\\text\r\n"], &["text"]),
    ];
    for (pieces, expected) in rows {
        assert_eq!(texts(pieces), *expected, "{pieces:?}");
    }
}

#[test]
fn regression_a_spinner_that_turns_slowly_is_shown_once_and_how_it_ends() {
    let mut pieces = Vec::new();
    for mark in ["-", "\\", "|", "/"] {
        pieces.extend([
            format!("\r{mark} 12s thinking"),
            String::new(),
            String::new(),
        ]);
        pieces.extend([String::new(), String::new()]);
    }
    pieces.push("\r\x1b[2Kthought\r\n".to_owned());
    let pieces: Vec<_> = pieces.iter().map(String::as_str).collect();
    assert_eq!(texts(&pieces), ["- 12s thinking", "thought"]);
}

#[test]
fn regression_a_block_below_what_grows_is_not_shown_again_and_again() {
    let block = "----\r\n> ask\r\n----\r\n";
    let mut pane = Standing::default();
    pane.read(block, Severity::Info);
    let mut lines = Vec::new();
    for number in ["first", "second", "third", "fourth"] {
        for _ in 0..4 {
            lines.extend(pane.settle(false).as_ref().map(line));
        }
        let drawn = format!("\x1b[3A\x1b[J{number} answer\r\n{block}");
        pane.read(&drawn, Severity::Info);
    }
    for _ in 0..4 {
        lines.extend(pane.settle(false).as_ref().map(line));
    }
    let texts: Vec<_> = lines.iter().skip(1).map(|line| line.0.as_str()).collect();
    assert_eq!(
        texts,
        [
            "first answer",
            "second answer",
            "third answer",
            "fourth answer"
        ]
    );
}

#[test]
fn a_picture_on_the_whole_screen_is_said_and_not_shown() {
    let picture = "\x1b[?1049h\x1b[2J\x1b[1;1Hmenu\x1b[5;5Hitem";
    assert_eq!(
        texts(&[
            "$ vi\r\n",
            picture,
            "\x1b[2;2Hmore",
            "\x1b[?1049l",
            "$ ls\r\n"
        ]),
        ["$ vi", "(draws on the whole screen)", "$ ls"]
    );
}

#[test]
fn a_flood_is_one_line_a_moment_and_counted() {
    let many: String = (0..1000).map(|n| format!("line {n}\r\n")).collect();
    let lines = shown(&[&many]);
    let count: usize = lines.iter().map(|line| line.1 + 1).sum();
    assert_eq!(count, 1000, "{lines:?}");
    assert!(lines.len() <= 2, "{lines:?}");
    assert_eq!(lines.last().unwrap().0, "line 999");
}

#[test]
fn of_several_lines_the_worst_is_shown() {
    let mut pane = Standing::default();
    pane.read("fine\r\n", Severity::Info);
    pane.read("error: broken\r\n", Severity::Error);
    pane.read("going on\r\n", Severity::Info);
    let settled = pane.settle(true).unwrap();
    assert_eq!(line(&settled), ("error: broken".to_owned(), 2));
    assert_eq!(settled.severity, Severity::Error);
}

#[test]
fn nothing_that_a_pane_prints_makes_it_grow_or_fail() {
    let hostile = [
        "\x1b[9999999B\x1b[9999999Cx",
        "\x1b[65535;65535Hx\x1b[65535Ax\x1b[65535D\x1b[65535G",
        "\x1b[1J\x1b[2J\x1b[0J\x1b[3J\x1b[K\x1b[1K\x1b[2K",
        "\x1b[65535b\x1bM\x1bM\x1bD\x1bE\x1bc\x1b[1J",
        "\x1b[?1049h\x1b[J\x1bc\x1b[?1049l\x1b[?1049l\t\t\t\x08\x08",
    ];
    let mut pane = Standing::default();
    for height in [0, 1, 24, 100_000] {
        pane.set_height(height);
        for _ in 0..300 {
            for piece in hostile {
                pane.read(piece, Severity::Info);
                pane.read("text\r\n", Severity::Info);
            }
            pane.settle(false);
        }
        assert!(pane.0.page().rows.len() <= MOST_ROWS);
        let longest = pane.0.page().rows.iter().map(|row| row.cells.len()).max();
        assert!(longest.unwrap() <= MOST_COLUMNS);
    }
}
