//! What the command line takes, and what it refuses.

use clap::CommandFactory as _;

use super::*;

/// Subcommands that are not in [`Command`] yet are held to clap's rules all the same.
#[derive(Debug, Parser)]
enum Every {
    Serve(ServeArgs),
    Watch(WatchArgs),
    Record(RecordArgs),
}

#[test]
fn the_descriptions_hold_together() {
    Cli::command().debug_assert();
    Every::command().debug_assert();
}

#[test]
fn each_subcommand_is_read() {
    let rows: [(&[&str], bool); 22] = [
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
        (&["serve", "--listen", "8765"], false),
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
                "alert",
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
        let found = Every::try_parse_from([&["muxwire"], arguments].concat());
        assert_eq!(found.is_ok(), good, "{arguments:?}: {found:?}");
    }
}
