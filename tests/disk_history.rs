//! The history on disk of the real program, in front of a real tmux. What it does with each kind of event is tested beside it,
//! in `src/history`.

use std::collections::BTreeSet;
use std::fs;

use rusqlite::{Connection, OpenFlags};

use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, for_each_version, wait_until};

const KEPT: [(&str, &str); 2] = [
    ("MUXWIRE_HISTORY_ENABLED", "true"),
    ("MUXWIRE_SECURITY_REQUIRE_AUTH", "false"),
];

/// The one file of a home, as anybody may read it.
fn open(serving: &Serving) -> Connection {
    let folder = serving.home.state_dir().join("history");
    let files = fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let mut files = paths.filter(|path| path.extension().is_some_and(|end| end == "db"));
    let path = files.next().expect("a file of the history");
    assert_eq!(files.next(), None, "one tmux server has one file");
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn lines_with(store: &Connection, word: &str) -> u32 {
    let question = "SELECT count(*) FROM line_words WHERE line_words MATCH ?1";
    store
        .query_row(question, [word], |row| row.get(0))
        .unwrap_or(0)
}

/// A snapshot that is asked for when a pane appears is overtaken by the pane's gap: what it prints then was kept, and not read
/// as text for five seconds.
#[test]
fn regression_what_a_pane_prints_at_its_beginning_is_found() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let serving = Serving::start_with(&server, &[], &KEPT);
        server.new_window("echo early-zebra; exec cat");
        let store = open(&serving);
        wait_until("the line is in the index", SOON, || {
            lines_with(&store, "zebra") > 0
        });
    });
}

/// Two figures had one name, which no reader of metrics takes.
#[test]
fn regression_figures_of_the_history_have_names_of_their_own() {
    let server = TmuxServer::start(crate::support::any_program());
    let serving = Serving::start_with(&server, &[], &KEPT);
    let shown = serving.get("/metrics");
    let types = shown.lines().filter(|line| line.starts_with("# TYPE "));
    let names: Vec<&str> = types.filter_map(|line| line.split(' ').nth(2)).collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len(), "{names:?}");
    assert!(distinct.contains("muxwire_disk_history_lines"), "{names:?}");
}
