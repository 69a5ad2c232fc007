//! What the command line takes, and what it refuses.

use clap::CommandFactory as _;

use super::*;

#[test]
fn the_descriptions_hold_together() {
    Cli::command().debug_assert();
}

#[test]
fn each_subcommand_is_read() {
    let rows: [(&[&str], bool); 29] = [
        (&["status", "--watch", "--json"], true),
        (&["list", "--url", "unix:/run/s"], true),
        (&["wait", "api:1.0", "--until", "ready"], true),
        (
            &["wait", "%1", "--until", "a text", "--timeout", "5m"],
            true,
        ),
        (&["wait", "%1"], false),
        (&["wait", "%1", "--until", " "], false),
        (&["wait", "%1", "--until", "text:"], false),
        (&["serve"], true),
        (
            &[
                "serve",
                "--listen",
                "localhost:0",
                "-L",
                "work",
                "--no-auth",
            ],
            true,
        ),
        (&["serve", "--listen", "[::1]:8765"], true),
        (&["serve", "--listen", "8765"], true),
        (&["serve", "--listen", "example.org:8765"], false),
        (&["serve", "-L", "a", "-S", "/b"], false),
        (&["serve", "-L", "a/b"], false),
        (&["serve", "--demo", "--replay", "file"], false),
        (
            &["serve", "--replay", "file", "--replay-speed", "max"],
            true,
        ),
        (&["serve", "--replay-speed", "max"], false),
        (
            &[
                "watch",
                "--type",
                "pane.*",
                "--type",
                "server.*",
                "--session",
                "api-*",
            ],
            true,
        ),
        (&["watch", "--latency"], true),
        (&["watch", "--latency=5s", "--json"], true),
        (&["watch", "--latency", "5s"], false),
        (&["watch", "--latency=0s"], false),
        (&["watch", "--latency", "--since", "1.e1.1"], false),
        (&["watch", "--type", ""], false),
        (
            &["watch", "--url", "ws://127.0.0.1:1", "--color", "never"],
            true,
        ),
        (&["watch", "--url", "wss://box"], true),
        (&["watch", "--token", "mw_secret"], false),
        (&["record", "-S", "sock", "--duration", "5m"], true),
        (&["record", "--duration", "5"], false),
    ];
    for (arguments, good) in rows {
        let found = Cli::try_parse_from([&["muxwire"], arguments].concat());
        assert_eq!(found.is_ok(), good, "{arguments:?}: {found:?}");
    }
}

/// What is said of a command line that is refused.
fn complaint(arguments: &[&str]) -> String {
    let refused = Cli::try_parse_from([&["muxwire"], arguments].concat());
    let complaint_text = refused.err().map(|error| error.to_string());
    complaint_text.unwrap_or_default()
}

#[test]
fn regression_watch_takes_positions_only() {
    for good in ["1.b3f1c9.48213", "1.e1.0"] {
        let arguments = ["muxwire", "watch", "--since", good];
        assert!(Cli::try_parse_from(arguments).is_ok(), "{good:?}");
    }
    for bad in [
        "abc", "", " ", "1h", "7", "1.e1", "1.e1.x", "2.e1.7", "1.e1.7 ", "1.e1.-1",
    ] {
        let complaint_text = complaint(&["watch", "--since", bad]);
        assert!(complaint_text.contains("--since"), "{complaint_text}");
        assert!(
            complaint_text.contains("such as 1.b3f1c9.48213"),
            "{complaint_text}"
        );
    }
}

#[test]
fn regression_watch_names_the_type_nearest_to_an_unknown_one() {
    for good in ["pane.output", "pane.*", "*", "*.renamed", "window.?enamed"] {
        let arguments = ["muxwire", "watch", "--type", good];
        assert!(Cli::try_parse_from(arguments).is_ok(), "{good:?}");
    }
    for (bad, nearest) in [
        ("pane.outptu", "pane.output"),
        ("output", "pane.output"),
        ("PANE.OUTPUT", "pane."),
        ("session.create", "session.created"),
        ("windows.*", "window."),
        ("pane", "pane."),
        ("task.Done", "task.*"),
    ] {
        let complaint_text = complaint(&["watch", "--type", bad]);
        assert!(complaint_text.contains("--type"), "{complaint_text}");
        assert!(
            complaint_text.contains(&format!("the nearest is {nearest}")),
            "{complaint_text}"
        );
    }
}

#[test]
fn types_that_programs_emit_are_watched_by_name() {
    for good in ["task.*", "task.done", "x.build.*", "cost.*", "*"] {
        let read = Cli::try_parse_from(["muxwire", "watch", "--type", good]);
        assert!(read.is_ok(), "{good}: {read:?}");
    }
}

#[test]
fn regression_a_token_s_pattern_is_refused_if_it_can_not_be_meant() {
    let good = ["api", "api-*", "?", "*", "a b", "caf\u{e9}", "$1", "x(1)"];
    for text in good {
        assert!(session_pattern(text).is_ok(), "{text:?}");
    }
    let bad = [
        "[",
        "]",
        "api-[0-9]",
        "{a,b}",
        "a\\*",
        "api:1",
        "a.b",
        "",
        "a\u{7}b",
    ];
    for text in bad {
        assert!(session_pattern(text).is_err(), "{text:?}");
        let line = [
            "muxwire",
            "token",
            "create",
            "--name",
            "x",
            "--session",
            text,
        ];
        assert!(Cli::try_parse_from(line).is_err(), "{text:?}");
    }
}

#[test]
fn regression_an_address_may_leave_out_what_is_usual() {
    let rows = [
        ("127.0.0.1:9", Some("127.0.0.1:9")),
        ("[::1]:9", Some("[::1]:9")),
        ("0.0.0.0:9", Some("0.0.0.0:9")),
        ("localhost:9", Some("127.0.0.1:9")),
        ("LocalHost:9", Some("127.0.0.1:9")),
        ("localhost", Some("127.0.0.1:8765")),
        ("127.0.0.1", Some("127.0.0.1:8765")),
        ("::1", Some("[::1]:8765")),
        ("[::1]", Some("[::1]:8765")),
        ("9", Some("127.0.0.1:9")),
        (":9", Some("127.0.0.1:9")),
        ("0", Some("127.0.0.1:0")),
        ("", None),
        (":", None),
        ("65536", None),
        ("-1", None),
        ("localhost:", None),
        ("localhostx", None),
        ("localhost:9:9", None),
        ("box:9", None),
        ("caf\u{e9}1234", None),
    ];
    for (text, expected) in rows {
        let found = listen(text).ok().map(|address| address.to_string());
        assert_eq!(found.as_deref(), expected, "{text:?}");
    }
}

#[test]
fn regression_watch_takes_a_session_exactly_as_tmux_does() {
    let rows = [
        ("api-*", Some("Like(\"api-*\")")),
        ("$9", Some("IdText(SessionId(9))")),
        ("=$9", Some("Name(\"$9\")")),
        ("=api-*", Some("Name(\"api-*\")")),
        ("==", Some("Name(\"=\")")),
        ("=", None),
        ("", None),
    ];
    for (text, expected) in rows {
        let parsed = Cli::try_parse_from(["muxwire", "watch", "--session", text]);
        let found = parsed.ok().map(|cli| match cli.command {
            Command::Watch(args) => {
                // What is shown is what may be written.
                assert_eq!(args.sessions[0].to_string(), text);
                format!("{:?}", args.sessions[0])
            }
            other => format!("{other:?}"),
        });
        assert_eq!(found.as_deref(), expected, "{text:?}");
    }
}
