//! Lines for people: how they read, and that no pane can do more than to be read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};

use super::*;
use crate::printable::acts_on_terminals;
use crate::wire::schema;

/// An event at a time of its own, as a server sends it.
fn event(seq: u64, type_name: &str, place: &str, data: Value) -> Received {
    let mut event = json!({
        "type": type_name,
        "timestamp": format!("2026-11-20T05:00:{:02}.123Z", seq % 60),
        "epoch": "e1",
        "seq": seq,
        "data": data,
    });
    let (session, rest) = place.split_once(':').unwrap_or((place, ""));
    let (window, pane) = rest.split_once('.').unwrap_or((rest, ""));
    if !session.is_empty() {
        event["session"] = json!(session);
    }
    if let Ok(window) = window.parse::<u64>() {
        event["window"] = json!(window);
    }
    if !pane.is_empty() {
        event["pane"] = json!(pane);
    }
    Received::parse(&event.to_string()).unwrap()
}

/// The types that the schema of events knows.
fn event_types() -> Vec<String> {
    let mut documents = schema::DOCUMENTS.iter();
    let events = documents.find(|document| document.name == "event").unwrap();
    let events: Value = serde_json::from_str(events.text).unwrap();
    let names = events["$defs"].as_object().unwrap().keys();
    names.filter(|name| name.contains('.')).cloned().collect()
}

fn output(seq: u64, pane: &str, content: &str) -> Received {
    let data = json!({ "content": content, "severity": "info", "offset": 0, "bytes": 0 });
    event(seq, "pane.output", &format!("api:1.{pane}"), data)
}

fn lines(colours: bool) -> Lines {
    Lines::new(Paint { colours }, TimeZone::UTC)
}

/// What is printed of these messages, with the line that is left open ended.
fn shown(colours: bool, messages: &[Received]) -> String {
    let mut lines = lines(colours);
    messages.iter().for_each(|message| lines.show(message));
    lines.end_line();
    lines.take()
}

/// What is printed of some output, a piece an event, without the beginnings of the lines.
fn read(pieces: &[&str]) -> Vec<String> {
    let events = (0..)
        .zip(pieces)
        .map(|(seq, piece)| output(seq, "%1", piece));
    let text = shown(false, &events.collect::<Vec<_>>());
    let head = "05:00:00.123 api:1.%1 | ".len();
    text.lines().map(|line| line[head..].to_owned()).collect()
}

#[test]
fn each_type_is_shown_in_words() {
    let pane = json!({
        "id": "%1", "index": 0, "active": true, "width": 80, "height": 24, "pid": 9, "exit": null,
        "mode": null, "title": "t", "command": "vim", "path": "/src", "moved": false,
    });
    let window = json!({
        "id": "@1", "index": 1, "name": "edit", "active": true, "width": 80, "height": 24,
        "zoomed": true, "layout": "x", "panes": [pane],
    });
    let session = json!({
        "session": "api", "windows": 2, "path": "/src", "created": 1, "group": "g",
        "destroy_unattached": false, "active": 1,
    });
    let client = json!({
        "name": "/dev/pts/1", "pid": 1, "session": "api", "session_id": "$1", "control": false,
        "read_only": true, "tty": "/dev/pts/1", "previous": "old",
    });
    let server = json!({ "pid": 7, "start_time": 1, "version": "3.5a", "reason": "it is gone" });
    let size = json!({ "width": 80, "height": 24, "previous": { "width": 40, "height": 24 } });
    let rows = [
        (
            "server.connected",
            "",
            server.clone(),
            "- server.connected  tmux 3.5a (process 7)",
        ),
        (
            "server.lost",
            "",
            server,
            "- server.lost  tmux 3.5a (process 7): it is gone",
        ),
        (
            "session.created",
            "api",
            session,
            "api session.created  2 windows in \"/src\", group \"g\"",
        ),
        ("session.removed", "api", json!({}), "api session.removed"),
        (
            "session.renamed",
            "api",
            json!({ "previous": "old" }),
            "api session.renamed  was \"old\"",
        ),
        (
            "window.created",
            "api:1",
            window.clone(),
            "api:1 window.created  \"edit\", 80x24, 1 pane, zoomed, active",
        ),
        (
            "window.renamed",
            "api:1",
            json!({ "name": "a", "previous": "b" }),
            "api:1 window.renamed  \"a\", was \"b\"",
        ),
        (
            "window.moved",
            "api:1",
            json!({ "index": 1, "previous": 3 }),
            "api:1 window.moved  to 1, was 3",
        ),
        (
            "window.layout_changed",
            "api:1",
            window,
            "api:1 window.layout_changed  80x24, 1 pane, zoomed",
        ),
        (
            "window.active_changed",
            "api:1",
            json!({ "previous": null }),
            "api:1 window.active_changed  was -",
        ),
        (
            "window.alert",
            "api:1",
            json!({ "alerts": ["bell", "activity"] }),
            "api:1 window.alert  marked: bell, activity",
        ),
        (
            "window.alert",
            "api:1",
            json!({ "alerts": [] }),
            "api:1 window.alert  not marked any more",
        ),
        ("pane.bell", "api:1.%1", json!({}), "api:1.%1 pane.bell"),
        (
            "pane.missed",
            "api:1.%1",
            json!({}),
            "api:1.%1 pane.missed  was gone before it could be looked at",
        ),
        (
            "pane.created",
            "api:1.%1",
            pane,
            "api:1.%1 pane.created  \"vim\" in \"/src\", 80x24, active",
        ),
        (
            "pane.removed",
            "api:1.%1",
            json!({ "moved": true }),
            "api:1.%1 pane.removed  moved to another window",
        ),
        (
            "pane.exited",
            "api:1.%1",
            json!({ "status": 3, "signal": null }),
            "api:1.%1 pane.exited  exited with status 3",
        ),
        (
            "pane.exited",
            "api:1.%1",
            json!({ "status": null, "signal": 9 }),
            "api:1.%1 pane.exited  ended by signal 9",
        ),
        (
            "pane.active_changed",
            "api:1.%1",
            json!({ "previous": "%4" }),
            "api:1.%1 pane.active_changed  was %4",
        ),
        (
            "pane.title_changed",
            "api:1.%1",
            json!({ "title": "a", "previous": "" }),
            "api:1.%1 pane.title_changed  \"a\", was \"\"",
        ),
        (
            "pane.mode_changed",
            "api:1.%1",
            json!({ "mode": null, "previous": "copy-mode" }),
            "api:1.%1 pane.mode_changed  left copy-mode",
        ),
        (
            "pane.resized",
            "api:1.%1",
            size,
            "api:1.%1 pane.resized  80x24, was 40x24",
        ),
        (
            "pane.gap",
            "api:1.%1",
            json!({ "offset": 9, "bytes": 5 }),
            "api:1.%1 pane.gap  5 bytes of output are missing here",
        ),
        (
            "client.attached",
            "api",
            client.clone(),
            "api client.attached  /dev/pts/1, read-only",
        ),
        (
            "client.session_changed",
            "api",
            client,
            "api client.session_changed  /dev/pts/1, read-only, was in \"old\"",
        ),
        (
            "buffer.changed",
            "",
            json!({ "name": "b0", "size": 12 }),
            "- buffer.changed  \"b0\", 12 bytes",
        ),
        (
            "agent.started",
            "api",
            json!({ "agent_type": "codex", "status": "unknown" }),
            "api agent.started  codex unknown",
        ),
        (
            "agent.status",
            "api",
            json!({
                "agent_type": "claude", "status": "waiting", "reason": "permission",
                "message": "Bash(ls)\u{1b}", "previous": "busy",
            }),
            "api agent.status  claude waiting (permission): Bash(ls)\\u{1b}, was busy",
        ),
        (
            "agent.status",
            "api",
            json!({ "agent_type": "claude", "status": "busy", "previous": "busy" }),
            "api agent.status  claude busy",
        ),
        (
            "agent.usage",
            "api",
            json!({
                "agent_type": "claude",
                "usage": {
                    "requests": 3, "input_tokens": 10, "cache_read_tokens": 20, "cache_write_tokens": 0,
                    "output_tokens": 4, "reasoning_tokens": 0, "cost_usd": 1.2345, "models": [],
                    "tools": { "total_calls": 0, "by_type": {} },
                },
            }),
            "api agent.usage  claude, 3 requests, 30 tokens read, 4 written, $1.23",
        ),
        (
            "agent.ended",
            "api",
            json!({ "agent_type": "claude", "status": "exited", "previous": "ready" }),
            "api agent.ended  claude, was ready",
        ),
        (
            "alert",
            "api",
            json!({ "severity": "warning", "title": "claude waits: permission", "message": "Bash(ls)\u{1b}" }),
            "api alert  warning: claude waits: permission: Bash(ls)\\u{1b}",
        ),
        (
            "alert.cleared",
            "api",
            json!({ "severity": "error", "title": "claude failed", "cause": "over" }),
            "api alert.cleared  error: claude failed, cleared: over",
        ),
        (
            "system.resources",
            "api:1.%1",
            json!({ "of": "pane", "cpu_percent": 12.5, "memory_bytes": 7 << 20, "processes": 1, "over_ms": 5000 }),
            "api:1.%1 system.resources  12.5 % cpu, 7 MiB, 1 process",
        ),
        (
            "system.resources",
            "",
            json!({
                "of": "host", "cpu_percent": 40.0, "memory_bytes": 1 << 30, "processes": 90, "over_ms": 5000,
                "cores": 2, "load": [0.5, 1.25, 2.0], "memory_total_bytes": 4_u64 << 30,
                "swap_bytes": 0, "swap_total_bytes": 0,
            }),
            "- system.resources  host: 40.0 % cpu, 1024 MiB of 4096 MiB, 90 processes, load 0.50",
        ),
        (
            "task.started",
            "api",
            json!({ "status": "busy" }),
            "api task.started  {\"status\":\"busy\"}",
        ),
    ];
    for (type_name, place, data, expected) in rows {
        let text = shown(false, &[event(0, type_name, place, data)]);
        assert_eq!(text, format!("05:00:00.123 {expected}\n"));
    }
}

#[test]
fn every_event_type_of_the_schema_has_words() {
    // What programs emit has no words of muxwire's: its data is shown as it is.
    let has_words = |name: &&String| *name != "pane.output" && !name.ends_with(".*");
    for type_name in event_types().iter().filter(has_words) {
        let text = shown(
            false,
            &[event(0, type_name, "api:1.%1", json!({ "odd": 1 }))],
        );
        assert!(
            !text.contains("odd"),
            "{type_name} is shown as an unknown one: {text}"
        );
    }
}

#[test]
fn what_the_reconciler_found_is_marked() {
    let text = r#"{"type":"session.removed","session":"a","epoch":"e1","seq":1,"reconciled":true,"data":{},
        "timestamp":"2026-11-20T05:00:00.000Z"}"#;
    let text = shown(false, &[Received::parse(text).unwrap()]);
    assert_eq!(
        text,
        "05:00:00.000 a session.removed  (found by the reconciler)\n"
    );
}

#[test]
fn output_is_joined_where_it_belongs_together() {
    let messages = [
        output(1, "%1", "$ l"),
        output(2, "%1", "s\r\nCargo.toml\r\n$ "),
        output(3, "%2", "building"),
        output(4, "%1", "exit\r\n"),
        output(5, "%2", " done\r\n"),
        event(6, "pane.removed", "api:1.%1", json!({ "moved": false })),
        output(7, "%2", "half"),
        event(
            8,
            "window.renamed",
            "api:1",
            json!({ "name": "a", "previous": "b" }),
        ),
        output(9, "%2", "\r\nwhole\r\n\r\n"),
    ];
    let expected = "\
05:00:01.123 api:1.%1 | $ ls
05:00:02.123 api:1.%1 | Cargo.toml
05:00:02.123 api:1.%1 | $ 
05:00:03.123 api:1.%2 | building
05:00:04.123 api:1.%1 | exit
05:00:05.123 api:1.%2 |  done
05:00:06.123 api:1.%1 pane.removed
05:00:07.123 api:1.%2 | half
05:00:08.123 api:1    window.renamed  \"a\", was \"b\"
05:00:09.123 api:1.%2 | whole
05:00:09.123 api:1.%2 | 
";
    assert_eq!(shown(false, &messages), expected);
}

#[test]
fn a_terminal_s_movements_become_lines_and_blanks() {
    let rows: [(&[&str], &[&str]); 19] = [
        (&["10%\r20%\r", "30%\r\n"], &["10%", "20%", "30%"]),
        (&["a\r\r\n", "b"], &["a", "b"]),
        (&["\r\n\r\n"], &["", ""]),
        (&["a\tb"], &["a       b"]),
        (&["a\x1b[3Cb\x1b[10Gc"], &["a   b    c"]),
        (&["abc\x1b[1Gd"], &["abc", "d"]),
        (&["\x1b[2J\x1b[Hone\x1b[2;1Htwo\x1b[K"], &["one", "two"]),
        (&["a\x1b[?1049hb\x1b[?1049l\x1b[?25hc"], &["a", "b", "c"]),
        (&["a\x1b[", "1;3", "1mb"], &["ab"]),
        (&["a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c"], &["abc"]),
        (&["a\x1bktitle\x1b\\b"], &["ab"]),
        (&["a\x1bkti", "tle\n\x1b\\b"], &["ab"]),
        (
            &["a\x1bP+q544e\x1b\\b\x1b_apc\x1b\\c\x1b^pm\x1b\\d\x1bXsos\x1b\\e"],
            &["abcde"],
        ),
        (&["\x1b(0lqk\x1b(B x"], &["\u{250c}\u{2500}\u{2510} x"]),
        (&["\x1b)0\x0eq\x0fq"], &["\u{2500}q"]),
        (&["ab\x1b[3bc"], &["abbbbc"]),
        (&["a\x08b\x07c\x00d\x7fe"], &["abcde"]),
        (
            &["\u{9b}31mred\u{202e}x\u{2028}y\u{85}z"],
            &["31mredxy", "z"],
        ),
        (
            &["na\u{ef}ve \u{1f469}\u{200d}\u{1f4bb}\u{fffd}"],
            &["na\u{ef}ve \u{1f469}\u{200d}\u{1f4bb}\u{fffd}"],
        ),
    ];
    for (pieces, expected) in rows {
        assert_eq!(read(pieces), expected, "{pieces:?}");
    }
}

#[test]
fn colours_of_a_pane_are_kept_within_its_text() {
    let rows = [
        ("\x1b[31mred\x1b[0m plain", "\x1b[31mred\x1b[0m plain"),
        (
            "\x1b[1;4;38;5;208;48;2;1;2;3mx",
            "\x1b[1;4;38;5;208;48;2;1;2;3mx\x1b[0m",
        ),
        ("\x1b[38:2::9:8:7mx\x1b[39my", "\x1b[38;2;9;8;7mx\x1b[0my"),
        ("\x1b[95;103mx", "\x1b[95;103mx\x1b[0m"),
        ("\x1b[1m\x1b[22mx", "x"),
        ("\x1b[5;8mhidden", "hidden"),
        ("\x1b[38;5;999mx\x1b[38;9mx\x1b[38mx", "xxx"),
        ("\x1b[mx\x1b[4:3my\x1b[4:0mz", "x\x1b[4my\x1b[0mz"),
    ];
    for (content, expected) in rows {
        let text = shown(true, &[output(0, "%1", content)]);
        let text = text.split_once("|\x1b[0m ").unwrap().1;
        assert_eq!(text, format!("{expected}\n"), "{content:?}");
        let plain = shown(false, &[output(0, "%1", content)]);
        assert!(!plain.contains('\x1b'), "{plain:?}");
    }
}

#[test]
fn a_colour_lasts_over_events_and_not_into_other_lines() {
    let text = shown(
        true,
        &[
            output(0, "%1", "\x1b[31ma"),
            output(1, "%2", "b"),
            output(2, "%1", "c"),
        ],
    );
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.split_once("|\x1b[0m ").unwrap().1)
        .collect();
    assert_eq!(lines, ["\x1b[31ma\x1b[0m", "b", "\x1b[31mc\x1b[0m"]);
}

/// What panes and names may hold to do harm.
const HOSTILE: [&str; 24] = [
    "\x1b]52;c;cm0gLXJm\x07",
    "\x1b]0;title\x1b\\",
    "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]1337;File=:AAAA\x07",
    "\x1b]unterminated",
    "\x1bP$q\"p\x1b\\",
    "\x1bPtmux;\x1b\x1b]52;c;AAAA\x07\x1b\\",
    "\x1b_Gf=24;AAAA\x1b\\",
    "\x1b[c\x1b[>c\x1b[6n\x1b[18t\x1b[21t",
    "\x1b[?1049h\x1b[?1000h\x1b[?2004h",
    "\x1b[2J\x1b[3J\x1b[H\x1bc",
    "\x1b[5i\x1b[4i",
    "\x1b[31m\x1b[",
    "\x1b[38;5",
    "\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;24;25;26;27;28;29;30;31;32;33;34m",
    "\x1b[99999999999999999999C\x1b[4294967295b",
    "\x1b[31\x18m\x1b[31\x1am",
    "\u{9b}31m\u{9d}52;c;AAAA\u{9c}\u{90}x\u{9c}\u{85}\u{84}",
    "\u{202e}dlrow\u{2066}\u{2069}\u{200f}\u{61c}",
    "\u{2028}\u{2029}\x0b\x0c",
    "\x00\x01\x05\x07\x08\x0e\x0f\x11\x13\x7f",
    "\r05:00:00.000 api:1.%1 server.lost  tmux is gone",
    "\n05:00:00.000 api:1.%1 server.lost  tmux is gone\n",
    "\x1b\x1b\x1b[\x1b]\x1bP\x1b_\x1b^\x1bX",
];

/// Whether a text is lines of text and SGR sequences, each ended within its line.
fn is_harmless(text: &str) -> bool {
    let harmless = |line: &str| {
        let (mut rest, mut coloured) = (line, false);
        while let Some((before, sequence)) = rest.split_once("\x1b[") {
            let end = sequence.find(|c: char| !c.is_ascii_digit() && c != ';');
            let Some(codes) = end.filter(|end| sequence[*end..].starts_with('m')) else {
                return false;
            };
            if before.contains(acts_on_terminals) {
                return false;
            }
            coloured = &sequence[..codes] != "0";
            rest = &sequence[codes + 1..];
        }
        !coloured && !rest.contains(acts_on_terminals)
    };
    text.ends_with('\n')
        && text
            .strip_suffix('\n')
            .is_some_and(|text| text.split('\n').all(harmless))
}

/// Whether each line begins with a time and a place, or with what only this program begins a line with.
fn is_ours(text: &str) -> bool {
    text.lines().all(|line| {
        let begins =
            line.starts_with("05:00:") || line.starts_with("-- ") || line.starts_with("   ");
        let forged = line.contains("server.lost") && !line.contains(" | ");
        begins && !forged
    })
}

#[test]
fn nothing_but_text_and_colours_reaches_the_terminal() {
    assert!(!is_harmless("\x1b[2J\n") && !is_harmless("\x1b[31mx\n") && !is_harmless("a\rb\n"));
    for first in HOSTILE {
        for second in HOSTILE {
            for cut in (0..=first.len()).filter(|cut| first.is_char_boundary(*cut)) {
                let messages = [
                    output(0, "%1", &first[..cut]),
                    output(1, "%1", &first[cut..]),
                    output(2, "%2", second),
                    output(3, "%1", second),
                ];
                let coloured = shown(true, &messages);
                assert!(
                    coloured.is_empty() || is_harmless(&coloured),
                    "{coloured:?}"
                );
                let plain = shown(false, &messages);
                assert!(plain.is_empty() || is_harmless(&plain), "{plain:?}");
                assert!(!plain.contains('\x1b') && is_ours(&plain), "{plain:?}");
            }
        }
    }
}

#[test]
fn it_does_not_matter_where_output_was_cut() {
    let fine =
        "\x1b[1;38:5:9mbold\x1b[0m\tx\r\n50%\r60%\x1b[K\r\n\x1bktitle\x1b\\$ \x1b(0lqk\x1b(B\n";
    for content in HOSTILE.into_iter().chain([fine]) {
        let whole = format!("before {content} after\n\x1b\\the end\n");
        let expected = read(&[&whole]);
        for cut in (0..=whole.len()).filter(|cut| whole.is_char_boundary(*cut)) {
            let (first, second) = whole.split_at(cut);
            assert_eq!(read(&[first, second]), expected, "{first:?} {second:?}");
        }
    }
}

#[test]
fn hostile_names_are_spelt_out_everywhere() {
    for name in HOSTILE {
        let pane = json!({ "id": name, "command": name, "path": name, "mode": name, "width": name, "exit": { "status": name } });
        let window = json!({ "index": name, "name": name, "panes": [pane.clone()] });
        let session = json!({ "name": name, "windows": [window.clone()] });
        let data = json!({
            "name": name, "previous": name, "title": name, "command": name, "path": name, "mode": name,
            "reason": name, "version": name, "pid": name, "session": name, "group": name, "index": name,
            "width": name, "bytes": name, "size": name, "panes": [pane],
        });
        let texts = json!({
            "name": name, "title": name, "command": name, "path": name, "mode": name, "reason": name,
            "version": name, "session": name, "group": name, "layout": name, "alerts": [name],
            "content": name, "severity": name,
            "warnings": [{ "code": name, "message": name, "remedy": name }],
        });
        let types = event_types();
        for type_name in types.iter().map(String::as_str).chain([name]) {
            let mut event = json!({
                "type": type_name, "timestamp": name, "session": name, "window": name, "pane": name,
                "epoch": "e1", "seq": 1, "data": data,
            });
            // As its type has it, but for the numbers; and as no type has it.
            let mut fitting = event.clone();
            fitting["data"] = texts.clone();
            for previous in [json!(name), json!(null), json!({})] {
                fitting["data"]["previous"] = previous;
                let text = shown(true, &[Received::parse(&fitting.to_string()).unwrap()]);
                assert!(
                    text.is_empty() || is_harmless(&text),
                    "{type_name}: {text:?}"
                );
            }
            let odd_time = shown(true, &[Received::parse(&event.to_string()).unwrap()]);
            assert!(
                odd_time.is_empty() || is_harmless(&odd_time),
                "{type_name}: {odd_time:?}"
            );
            event["timestamp"] = json!("2026-11-20T05:00:00Z");
            let text = shown(true, &[Received::parse(&event.to_string()).unwrap()]);
            assert!(
                text.is_empty() || is_harmless(&text),
                "{type_name}: {text:?}"
            );
        }
        let snapshot = json!({
            "type": "snapshot", "epoch": "e1", "seq": 1,
            "server": { "version": name, "pid": name }, "sessions": [session],
        });
        let text = shown(true, &[Received::parse(&snapshot.to_string()).unwrap()]);
        assert!(is_harmless(&text), "{text:?}");
        let pane =
            json!({ "id": "%1", "command": name, "path": name, "mode": name, "title": name });
        let window = json!({ "id": "@1", "name": name, "panes": [pane] });
        let fitting = json!({
            "type": "snapshot", "epoch": "e1", "seq": 1, "server": { "version": name, "pid": 7 },
            "sessions": [{ "id": "$1", "name": name, "windows": [window] }],
        });
        let text = shown(true, &[Received::parse(&fitting.to_string()).unwrap()]);
        assert!(text.contains("%1") && is_harmless(&text), "{text:?}");
    }
}

#[test]
fn a_loss_a_snapshot_and_a_new_day_have_lines_of_their_own() {
    let mut lines = lines(false);
    lines.show(&output(1, "%1", "half"));
    let to = Position {
        epoch: crate::ids::Epoch::new("e2").unwrap(),
        seq: crate::ids::Seq(7),
    };
    lines.lost("1.e1.5", &to);
    let snapshot = json!({
        "type": "snapshot", "epoch": "e2", "seq": 7, "server": { "version": "3.5a", "pid": 7 },
        "sessions": [{ "name": "api", "windows": [{ "index": 1, "name": "edit", "panes": [
            { "id": "%1", "command": "vim", "path": "/src", "width": 80, "height": 24, "active": true },
        ] }] }],
    });
    lines.show(&Received::parse(&snapshot.to_string()).unwrap());
    let tomorrow = json!({
        "type": "session.removed", "timestamp": "2026-11-21T00:00:00Z", "session": "api", "epoch": "e2",
        "seq": 8, "data": {},
    });
    lines.show(&Received::parse(&tomorrow.to_string()).unwrap());
    let expected = "\
05:00:01.123 api:1.%1 | half
-- events between 1.e1.5 and 1.e2.7 are lost; a snapshot follows
-- snapshot: tmux 3.5a (process 7), 1 session
   api:1.%1  window \"edit\", \"vim\" in \"/src\", 80x24, active
-- 2026-11-21
00:00:00.000 api      session.removed
";
    assert_eq!(lines.take(), expected);
}

#[test]
fn memory_is_bounded_whatever_a_pane_writes() {
    let mut lines = lines(false);
    let endless = "x".repeat(1 << 16);
    lines.show(&output(0, "%1", "\x1b]0;"));
    for seq in 0..40 {
        lines.show(&output(seq, "%1", &endless));
        assert!(lines.len() < 100, "an endless title shows nothing");
    }
    for pane in 0..=MOST_PANES {
        lines.show(&output(0, &format!("%{pane}"), ""));
        lines.take();
    }
    assert!(lines.panes.len() <= MOST_PANES);
}
