//! `muxwire export`, `search` and `history` beside a server whose history is kept: each form of a pane that prints, is silent,
//! or goes on after a gap, and nothing of an export that fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::exported::{Pane, printed, rows_of, shown, trimmed};
use crate::support::program::{Home, Run};
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, signal, wait_until};

/// `muxwire serve` that keeps the history of a server.
fn serving(server: &TmuxServer) -> Serving {
    let settings = [("MUXWIRE_HISTORY_ENABLED", "true")];
    Serving::start_with(server, &["--no-auth"], &settings)
}

/// Runs the program beside the server, or where none runs any more.
fn muxwire(home: &Home, arguments: &[&str]) -> Run {
    Run::of(home.muxwire(arguments).stdin(Stdio::null()))
}

/// Waits until the pane's text in the history ends with this line.
fn wait_for_line(home: &Home, pane: &str, line: &str) {
    wait_until("the line is kept", SOON, || {
        let run = muxwire(home, &["export", pane, "--format", "text", "-o", "-"]);
        run.stdout.lines().last() == Some(line)
    });
}

#[test]
fn the_history_is_exported_in_every_form() {
    let server = TmuxServer::start(any_program());
    let mut pane = Pane::new(&server);
    let serving = serving(&server);
    let home = &serving.home;
    pane.write("first \u{6f22}\u{5b57}\r\n".as_bytes());
    wait_for_line(home, &pane.id, "first \u{6f22}\u{5b57}");
    for number in 0..40 {
        pane.write(format!("\x1b[3{}mline {number}\x1b[m <b>&amp;</b>\r\n", number % 8).as_bytes());
    }
    pane.write("\x1b[2;5H\x1b[4:3mover\x1b[m\x1b[8;1Hlast".as_bytes());
    wait_for_line(home, &pane.id, "last");
    let screen = pane.captured(&[]);
    let kept = pane.captured(&["-S", "-"]);
    let id = pane.id.clone();
    let export = |more: &[&str]| {
        let run = muxwire(home, &[&["export", &id, "-o", "-"], more].concat());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout
    };
    assert_eq!(
        trimmed(&export(&["--format", "text", "--screen"])),
        trimmed(&screen)
    );
    assert_eq!(trimmed(&export(&["--format", "text"])), trimmed(&kept));
    assert_eq!(
        trimmed(
            &rows_of(&export(&["--format", "html"]))
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&")
        ),
        trimmed(&kept)
    );
    for format in ["asciicast", "asciicast-v2"] {
        let cast = export(&["--format", format]);
        let (lines, _) = shown(&printed(&cast));
        let lines: Vec<_> = lines.iter().map(avt::Line::text).collect();
        assert_eq!(trimmed(&lines.join("\n")), trimmed(&screen), "{format}");
    }
    let svg = export(&["--format", "svg", "--screen", "--theme", "light"]);
    assert!(svg.starts_with("<svg ") && svg.contains(">over<"), "{svg}");
    for line in export(&["--format", "ndjson"]).lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["pane"], id, "{line}");
    }
    let found = muxwire(home, &["search", "\"line 17\"", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(
        (&found["text"], &found["pane"]),
        (&"line 17 <b>&amp;</b>".into(), &(*id).into())
    );
    let events = muxwire(
        home,
        &["history", "--type", "session.*", "--json", "--from", "-1h"],
    );
    assert!(events.stdout.lines().count() > 0, "{}", events.stderr);
    // The file has all that was written, and is whole; the next range begins at its end.
    let file = home.path().join("out.txt");
    let path = file.to_str().unwrap();
    let to_file = ["export", &id, "--format", "text", "-o", path];
    let run = muxwire(home, &to_file);
    assert_eq!(trimmed(&fs::read_to_string(&file).unwrap()), trimmed(&kept));
    assert!(
        run.stderr.contains("--from that has what comes later"),
        "{}",
        run.stderr
    );
    let run = muxwire(home, &[&to_file[..], &["--json"]].concat());
    let told: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let length = fs::metadata(&file).unwrap().len();
    assert_eq!(
        (&told["file"], &told["bytes"]),
        (&path.into(), &length.into())
    );
    let run = muxwire(home, &["export", &id, "-o", "-", "--json"]);
    assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{}", run.stderr);
    let unknown = muxwire(home, &["export", "%999", "-o", "-"]);
    assert_eq!((unknown.code, &*unknown.stdout), (Some(3), ""));
    assert!(
        unknown.stderr.contains("the history has no pane %999"),
        "{}",
        unknown.stderr
    );
    // No server needs to run.
    let (code, log, _) = {
        serving.signal(Signal::TERM);
        let home = Home::new();
        let state = serving.home.state_dir();
        let state = state.to_str().unwrap().to_owned();
        let run = muxwire(
            &home,
            &[
                "export",
                &id,
                "--state-dir",
                &state,
                "--format",
                "text",
                "-o",
                "-",
            ],
        );
        assert_eq!(trimmed(&run.stdout), trimmed(&kept), "{}", run.stderr);
        serving.ended_within(SOON)
    };
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn an_export_that_fails_leaves_nothing() {
    let server = TmuxServer::start(any_program());
    let mut pane = Pane::new(&server);
    let serving = serving(&server);
    let home = &serving.home;
    pane.write(b"begin\r\n");
    wait_for_line(home, &pane.id, "begin");
    let lines: String = (0..20_000).map(|line| format!("line {line}\r\n")).collect();
    pane.write(lines.as_bytes());
    wait_for_line(home, &pane.id, "line 19999");
    let folder = home.path().join("exports");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("kept.html");
    fs::write(&file, "as it was").unwrap();
    let arguments = [
        "export",
        &pane.id,
        "--format",
        "html",
        "-o",
        file.to_str().unwrap(),
    ];
    let nothing_is_left = || {
        let names: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["kept.html"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), "as it was");
    };
    // A file may not grow beyond 100 KiB.
    let limited = home.muxwire(arguments);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 200; exec \"$0\" \"$@\""]);
    shell.arg(limited.get_program()).args(limited.get_args());
    shell.env_clear().env("HOME", home.path());
    let run = Run::of(&mut shell);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stderr.contains("can't write") && run.stderr.contains("File too large"),
        "{}",
        run.stderr
    );
    nothing_is_left();
    // A signal while it is under way. One that was done before it came is tried again.
    let is_begun = || fs::read_dir(&folder).unwrap().count() > 1;
    let run = (0..100).find_map(|_| {
        let command = &mut home.muxwire(arguments);
        let mut child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until("it is begun", SOON, || {
            is_begun() || child.try_wait().unwrap().is_some()
        });
        signal(child.id(), Signal::INT);
        let run = Run::wait(child);
        if run.code == Some(0) {
            fs::write(&file, "as it was").unwrap();
        }
        (run.code != Some(0)).then_some(run)
    });
    let run = run.expect("one of a hundred is interrupted");
    assert_eq!(run.code, Some(130), "{}", run.stderr);
    assert!(
        run.stderr.contains("nothing was written: --to 2"),
        "{}",
        run.stderr
    );
    nothing_is_left();
}

/// What the last line of the pane's text is in this history.
fn last_line(home: &Home, store: &Path, pane: &str) -> Option<String> {
    let store = store.to_str().unwrap();
    let arguments = [
        "export", pane, "--store", store, "--format", "text", "-o", "-",
    ];
    let run = muxwire(home, &arguments);
    run.stdout.lines().last().map(str::to_owned)
}

/// The one file of a folder, once it is there.
fn file(folder: &Path) -> PathBuf {
    let found = || {
        let entries = fs::read_dir(folder).ok()?;
        let mut paths = entries.map(|entry| entry.unwrap().path());
        paths.find(|path| path.extension().is_some_and(|end| end == "db"))
    };
    wait_until("there is a history", SOON, || found().is_some());
    found().unwrap()
}

#[test]
fn what_was_printed_while_muxwire_was_away_is_a_gap_with_a_screen_behind_it() {
    let server = TmuxServer::start(any_program());
    let mut pane = Pane::new(&server);
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("MUXWIRE_HISTORY_ENABLED", "true"),
        ("MUXWIRE_HISTORY_PATH", folder.path().to_str().unwrap()),
    ];
    let serve = || Serving::start_with(&server, &["--no-auth"], &settings);
    let home = Home::new();
    let id = pane.id.clone();
    // A pane that has been silent since muxwire came is shown as it stands.
    pane.write(b"before\r\nfirst");
    let mut serving = serve();
    let store = file(folder.path());
    let until = |line: &str| {
        wait_until("the line is kept", SOON, || {
            last_line(&home, &store, &id).as_deref() == Some(line)
        });
    };
    until("first");
    let export = |format: &str| {
        let store = store.to_str().unwrap();
        let arguments = [
            "export", &id, "--store", store, "--format", format, "-o", "-",
        ];
        let run = muxwire(&home, &arguments);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout
    };
    let ends_as_it_shows = |pane: &Pane<'_>| {
        let capture = pane.captured(&[]);
        for format in ["asciicast", "asciicast-v2"] {
            let (lines, _) = shown(&printed(&export(format)));
            let lines: Vec<_> = lines.iter().map(avt::Line::text).collect();
            assert_eq!(trimmed(&lines.join("\n")), trimmed(&capture), "{format}");
        }
    };
    assert_eq!(trimmed(&export("text")), "before\nfirst");
    ends_as_it_shows(&pane);
    pane.write(b"\r\nsecond");
    until("second");
    serving.signal(Signal::TERM);
    serving.wait(SOON);
    pane.write(b"\r\nwhile it was away");
    let serving = serve();
    until("while it was away");
    ends_as_it_shows(&pane);
    pane.write(b"\r\nthird");
    until("third");
    ends_as_it_shows(&pane);
    let text = export("text");
    let before = text.find("\nsecond\n").unwrap();
    let gap = text.find("something may be missing until 2").unwrap();
    let away = text.find("\nwhile it was away\n").unwrap();
    assert!(before < gap && gap < away, "{text}");
    assert!(
        export("asciicast").contains(r#""m", "something may be missing"#),
        "{text}"
    );
    // Another program begins with an empty screen, below which nothing of the other one's shows.
    server.run([
        "respawn-pane",
        "-k",
        "-t",
        &id,
        "printf 'another\\none'; exec cat",
    ]);
    // That it is another one is learnt a little later than what it prints.
    wait_until("the program is known", SOON, || {
        export("text").contains("another program was started")
    });
    until("one");
    ends_as_it_shows(&pane);
    drop(serving);
}

#[test]
fn what_can_t_be_read_or_written_is_told_with_the_remedy() {
    let home = Home::new();
    for command in ["history", "search word", "export api -o -"] {
        let run = home.run(command);
        assert_eq!((run.code, &*run.stdout), (Some(1), ""), "{command}");
        let told = "`muxwire serve` keeps it; --state-dir and --store say where else it is";
        assert!(run.stderr.contains(told), "{command}: {}", run.stderr);
    }
    let wrong = home.write("wrong.db", &"no history\n".repeat(1000));
    let run = home.run(&format!("history --store {}", wrong.display()));
    let told = "it is damaged, or no history: --store names another one";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let run = home.run("export api --screen -o x");
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    let server = TmuxServer::start(any_program());
    let pane = Pane::new(&server);
    let serving = serving(&server);
    wait_until("the pane is kept", SOON, || {
        muxwire(&serving.home, &["export", &pane.id, "-o", "-"]).code == Some(0)
    });
    let file = serving.home.path().join("none/x.cast");
    let run = muxwire(
        &serving.home,
        &["export", &pane.id, "-o", file.to_str().unwrap()],
    );
    assert!(
        run.stderr.contains("there is no folder") && run.stderr.contains("make it first"),
        "{}",
        run.stderr
    );
    let run = muxwire(
        &serving.home,
        &[
            "export", &pane.id, "-o", "-", "--from", "-1h", "--to", "-2h",
        ],
    );
    assert!(
        run.stderr.contains("the first is to be the earlier one"),
        "{}",
        run.stderr
    );
}
