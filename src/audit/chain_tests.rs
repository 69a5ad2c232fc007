//! What is written, found again, rotated, damaged and seen to be damaged.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::folder::chains;
use super::line::{self, LineHash};
use super::verify::{Fault, Mark, Report, verify};
use super::{Act, Limits, Log, Who, read};

const LARGE: Limits = Limits {
    content: false,
    max_bytes: 1 << 20,
    keep: 100,
};

/// About three lines a file.
const SMALL: Limits = Limits {
    max_bytes: 700,
    ..LARGE
};

fn denied(text: &str) -> Act {
    Act::Denied {
        request: "snapshot",
        reason: "scope",
        target: Some(text.to_owned()),
    }
}

/// One run of a server that records so many things; the folder that it wrote to.
fn run(state_dir: &Path, limits: Limits, count: usize) -> PathBuf {
    let log = Log::start(state_dir, limits).unwrap();
    for number in 0..count {
        // Each for itself, so that files fill up one by one.
        let recorded = log.written(&Who::server(), denied(&number.to_string()));
        let recorded = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(recorded);
        assert_eq!(recorded, Ok(()));
    }
    log.close();
    log.path().unwrap().to_owned()
}

/// All lines of a chain with their numbers.
fn all(chain: &Path) -> Vec<(PathBuf, u64, Vec<u8>)> {
    let (lines, _) = read::lines(chain).unwrap();
    let lines = lines.map(|line| {
        let line = line.unwrap();
        let seq = line::parse(&line.bytes).unwrap().seq;
        (line.file, seq, line.bytes)
    });
    lines.collect()
}

/// Makes a file's lines others.
fn rewrite(file: &Path, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let text = fs::read(file).unwrap();
    let mut lines: Vec<Vec<u8>> = text
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    change(&mut lines);
    fs::write(file, lines.concat()).unwrap();
}

/// A log of ten lines in one file, with the start and the stop of the server.
fn ten() -> (TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let chain = run(folder.path(), LARGE, 8);
    let file = chain.join("audit.ndjson");
    (folder, chain, file)
}

fn found(report: &Report) -> Option<(u64, Fault)> {
    report
        .broken
        .as_ref()
        .map(|broken| (broken.seq, broken.fault))
}

#[test]
fn a_log_that_nobody_touched_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = 0;
    for (limits, count) in [(SMALL, 20), (LARGE, 3), (SMALL, 0)] {
        let chain = run(folder.path(), limits, count);
        lines += count as u64 + 2;
        let report = verify(&chain, &[]).unwrap();
        assert_eq!(found(&report), None, "{report:?}");
        assert_eq!((report.lines, report.first), (lines, Some(1)));
        assert_eq!(report.incomplete, None);
        let last = all(&chain).pop().unwrap();
        let mark = Mark {
            seq: lines,
            hash: LineHash::of(&last.2),
        };
        assert_eq!(report.last, Some(mark));
        assert_eq!(mark.to_string().parse(), Ok(mark));
    }
    let (lines, files) = read::lines(&chains(folder.path()).unwrap()[0]).unwrap();
    assert!(files > 5, "{files}");
    assert!(lines.count() > 20);
}

#[test]
fn the_first_line_of_a_file_names_the_last_hash_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let chain = run(folder.path(), SMALL, 20);
    let lines = all(&chain);
    let crossings = lines.windows(2).filter(|pair| pair[0].0 != pair[1].0);
    let mut count = 0;
    for pair in crossings {
        let prev = line::parse(&pair[1].2).unwrap().prev;
        assert_eq!(prev, LineHash::of(&pair[0].2));
        count += 1;
    }
    assert!(count > 3, "{count}");
}

#[test]
fn only_the_newest_files_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { keep: 2, ..SMALL };
    let chain = run(folder.path(), limits, 20);
    let report = verify(&chain, &[]).unwrap();
    assert_eq!(found(&report), None, "{report:?}");
    assert_eq!(report.files, 3);
    assert!(report.first > Some(10), "{report:?}");
    // The oldest of those that are kept is removed by somebody else.
    let (oldest, first, _) = all(&chain).remove(0);
    fs::remove_file(oldest).unwrap();
    let next = all(&chain)[0].1;
    let report = verify(&chain, &[]).unwrap();
    assert_eq!(
        found(&report),
        Some((first, Fault::Missing { to: next - 1 }))
    );
}

#[test]
fn each_damage_is_found_and_named() {
    type Damage = fn(&mut Vec<Vec<u8>>);
    type Row = (&'static str, Damage, Option<(u64, Fault)>);
    let rows: [Row; 14] = [
        ("nothing", |_| {}, None),
        (
            "a word in the middle",
            |lines| {
                lines[4] = String::from_utf8(lines[4].clone())
                    .unwrap()
                    .replace("scope", "scops")
                    .into_bytes()
            },
            Some((5, Fault::Changed)),
        ),
        (
            "a word of the first line",
            |lines| {
                lines[0] = String::from_utf8(lines[0].clone())
                    .unwrap()
                    .replace("started", "stopped")
                    .into_bytes()
            },
            Some((1, Fault::Changed)),
        ),
        (
            "a word of the last line",
            |lines| {
                lines[9] = String::from_utf8(lines[9].clone())
                    .unwrap()
                    .replace("stopped", "started")
                    .into_bytes()
            },
            Some((10, Fault::Changed)),
        ),
        (
            "the hash in a line",
            |lines| {
                let other = LineHash::NONE.to_string();
                let text = String::from_utf8(lines[4].clone()).unwrap();
                let at = text.find("\"prev\":\"").unwrap() + 8;
                lines[4] = format!("{}{other}{}", &text[..at], &text[at + 64..]).into_bytes();
            },
            Some((5, Fault::Changed)),
        ),
        (
            "the number of a line",
            |lines| {
                lines[4] = String::from_utf8(lines[4].clone())
                    .unwrap()
                    .replace("\"seq\":5,", "\"seq\":50,")
                    .into_bytes()
            },
            Some((5, Fault::Changed)),
        ),
        (
            "no JSON",
            |lines| lines[4] = b"nothing\n".to_vec(),
            Some((5, Fault::Changed)),
        ),
        (
            "a line less",
            |lines| drop(lines.remove(4)),
            Some((5, Fault::Missing { to: 5 })),
        ),
        (
            "three lines less",
            |lines| drop(lines.drain(4..7)),
            Some((5, Fault::Missing { to: 7 })),
        ),
        (
            "no first line",
            |lines| drop(lines.remove(0)),
            Some((1, Fault::Missing { to: 1 })),
        ),
        (
            "two lines the other way round",
            |lines| lines.swap(4, 5),
            Some((5, Fault::Reordered { found: 6 })),
        ),
        (
            "a line twice",
            |lines| lines.insert(5, lines[4].clone()),
            Some((6, Fault::Reordered { found: 5 })),
        ),
        (
            "two lines cut off",
            |lines| lines.truncate(8),
            Some((9, Fault::Cut { to: 10 })),
        ),
        (
            "a line and a half cut off",
            |lines| {
                lines.truncate(9);
                lines[8].truncate(40);
            },
            Some((9, Fault::Cut { to: 10 })),
        ),
    ];
    for (what, damage, expected) in rows {
        let (_folder, chain, file) = ten();
        rewrite(&file, damage);
        let report = verify(&chain, &[]).unwrap();
        assert_eq!(found(&report), expected, "{what}: {report:?}");
        if let Some((seq, fault)) = expected {
            assert!(report.lines < 10, "{what}: {report:?}");
            let place = report.broken.unwrap().place;
            let is_there = matches!(fault, Fault::Changed | Fault::Reordered { .. });
            assert_eq!(place.is_some(), is_there, "{what}: line {seq}");
        }
    }
}

#[test]
fn a_crash_in_the_middle_of_a_line_is_no_damage_and_is_mended() {
    let (folder, chain, file) = ten();
    let mut text = fs::read(&file).unwrap();
    text.extend_from_slice(b"{\"seq\":11,\"time\":\"2026");
    fs::write(&file, &text).unwrap();
    let report = verify(&chain, &[]).unwrap();
    assert_eq!((found(&report), report.incomplete), (None, Some(22)));
    assert_eq!(run(folder.path(), LARGE, 1), chain);
    let report = verify(&chain, &[]).unwrap();
    assert_eq!(
        (found(&report), report.incomplete, report.lines),
        (None, None, 14)
    );
    let recorded = line::parse(&all(&chain)[10].2).unwrap().value;
    assert_eq!(
        (&recorded["action"], &recorded["bytes"]),
        (&"log.repaired".into(), &22.into())
    );
}

#[test]
fn what_was_cut_off_is_seen_also_after_a_server_went_on() {
    let (folder, chain, file) = ten();
    rewrite(&file, |lines| lines.truncate(7));
    run(folder.path(), LARGE, 1);
    let report = verify(&chain, &[]).unwrap();
    assert_eq!(found(&report), Some((8, Fault::Missing { to: 10 })));

    // Without the note nobody can see it, which is recorded; but for those who noted a line elsewhere.
    let (_folder, chain, file) = ten();
    let noted = Vec::from_iter(verify(&chain, &[]).unwrap().last);
    rewrite(&file, |lines| lines.truncate(7));
    fs::remove_file(chain.join("head")).unwrap();
    assert_eq!(
        found(&verify(&chain, &[]).unwrap()),
        Some((7, Fault::NoHead))
    );
    assert_eq!(
        found(&verify(&chain, &noted).unwrap()),
        Some((8, Fault::Cut { to: 10 }))
    );
}

#[test]
fn a_log_that_was_forged_as_a_whole_is_not_as_noted() {
    let (_folder, chain, _file) = ten();
    let noted = Vec::from_iter(verify(&chain, &[]).unwrap().last);
    let (_other_folder, other, _file) = ten();
    let report = verify(&other, &noted).unwrap();
    assert_eq!(found(&report), Some((10, Fault::NotAsNoted)));
}

#[test]
fn what_others_could_change_is_refused() {
    type Prepare = fn(&Path);
    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let rows: [(Prepare, &str); 6] = [
        (|audit| set_mode(audit, 0o770), "run `chmod 700 "),
        (|audit| set_mode(&audit.join("1"), 0o722), "run `chmod 700 "),
        (
            |audit| set_mode(&audit.join("1/audit.ndjson"), 0o666),
            "run `chmod 600 ",
        ),
        (
            |audit| fs::write(audit.join("key"), "short").unwrap(),
            "64 hexadecimal digits",
        ),
        (
            |audit| {
                let file = audit.join("1/audit.ndjson");
                fs::remove_file(&file).unwrap();
                fs::create_dir(&file).unwrap();
            },
            "is not a file: move it away",
        ),
        (
            |audit| {
                let file = audit.join("1/audit.ndjson");
                fs::rename(&file, audit.join("other")).unwrap();
                symlink(audit.join("other"), &file).unwrap();
            },
            "can't open ",
        ),
    ];
    for (prepare, expected) in rows {
        let (folder, _chain, _file) = ten();
        prepare(&folder.path().join("audit"));
        let refused = Log::start(folder.path(), LARGE).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    let (folder, chain, file) = ten();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let key = folder.path().join("audit/key");
    let modes = [
        folder.path().join("audit"),
        chain.clone(),
        file,
        chain.join("head"),
        key,
    ];
    assert_eq!(
        modes.map(|path| mode(&path)),
        [0o700, 0o700, 0o600, 0o600, 0o600]
    );
}

#[test]
fn two_servers_never_write_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let one = Log::start(folder.path(), LARGE).unwrap();
    let two = Log::start(folder.path(), LARGE).unwrap();
    assert_ne!(one.path(), two.path());
    for log in [&one, &two] {
        log.record(&Who::server(), denied("x"));
        log.close();
    }
    let found = chains(folder.path()).unwrap();
    assert_eq!(found.len(), 2);
    for chain in found {
        assert_eq!(verify(&chain, &[]).unwrap().lines, 3);
    }
    // The first one is free again, and goes on.
    drop(one);
    let again = run(folder.path(), LARGE, 1);
    assert_eq!(verify(&again, &[]).unwrap().lines, 6);
}

#[test]
fn without_a_log_all_may_be_done() {
    let log = Log::off();
    let (sender, receiver) = std::sync::mpsc::channel();
    log.before(&Who::server(), denied("x"), move |recorded| {
        sender.send(recorded).unwrap()
    });
    assert_eq!(receiver.try_recv(), Ok(Ok(())));
    assert_eq!((log.figures(), log.path()), (None, None));
    log.close();
}
