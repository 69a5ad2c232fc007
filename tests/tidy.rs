//! The rules of the code that a compiler does not know: floors, lengths, words, and links that lead somewhere.

mod circles;
mod floors;
mod locks;
mod prose;
mod shape;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use source::Source;

/// Folders that hold nothing of ours: what is built, what is fetched, and what other tools keep.
const SKIPPED: &[&str] = &["target", "node_modules", ".git", ".venv", "__pycache__"];

/// What others wrote, in the bundle of the pages.
const MADE_BY_OTHERS: &[&str] = &[
    "clients/web/bundle/vendor-editor.js",
    "clients/web/bundle/vendor-focus.js",
    "clients/web/bundle/vendor-terminal.js",
    "clients/web/bundle/vendor-ui.js",
    "clients/web/bundle/licences.txt",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the repository, by its path from the root, in order.
fn files() -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            let skipped = SKIPPED.iter().any(|skipped| name.as_os_str() == *skipped);
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !skipped {
                walk(&entry.path(), found);
            } else if kind.is_file() && !skipped {
                found.push(entry.path());
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), &mut found);
    let mut names: Vec<String> = found
        .iter()
        .map(|path| {
            path.strip_prefix(root())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    names.sort();
    names
}

/// The files below a folder whose names end in this way.
fn files_of(folders: &[&str], end: &str) -> Vec<String> {
    let is_below = |name: &String| folders.iter().any(|folder| name.starts_with(folder));
    files()
        .into_iter()
        .filter(|name| is_below(name) && name.ends_with(end))
        .collect()
}

fn sources(folders: &[&str]) -> Vec<Source> {
    let read = |name: String| {
        let text = fs::read_to_string(root().join(&name)).unwrap();
        Source::read(&name, &text).unwrap()
    };
    files_of(folders, ".rs").into_iter().map(read).collect()
}

#[track_caller]
fn assert_none(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(
        complaints.is_empty(),
        "{} breaches:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

#[test]
fn modules_import_lower_floors_only() {
    assert_none(floors::check_table(floors::MODULES));
    assert_none(sources(&["src/"]).iter().flat_map(floors::check));
}

#[test]
fn files_of_one_module_make_no_new_circles() {
    assert_none(circles::check(&sources(&["src/"]), circles::KNOWN));
}

#[test]
fn code_has_the_shape_that_was_agreed_on() {
    let sources = sources(&["src/", "tests/", "benches/"]);
    let complaints = sources.iter().flat_map(shape::check);
    assert_none(complaints.chain(shape::check_tables(&sources)));
}

/// A command that prints for each event must know the pane in which it prints: it would receive its own output. `remote`
/// makes clients for others, and its own ones ask for events that no printing causes.
#[test]
fn what_prints_for_each_event_knows_its_own_pane() {
    let follows = [
        "Watcher::new(",
        "remote::watcher",
        "TapSink",
        ".reader()",
        ".subscribe(",
    ];
    let mut found = 0;
    for name in files_of(&["src/cmd/"], ".rs") {
        let text = fs::read_to_string(root().join(&name)).unwrap();
        let is_known = name == "src/cmd/remote.rs";
        if !is_known && follows.iter().any(|word| text.contains(word)) {
            found += 1;
            assert!(
                text.contains("prints_in("),
                "{name} asks for events and not where it prints"
            );
        }
    }
    assert_eq!(
        found, 3,
        "watch, top and record are known; what is new belongs into a test of printing_in_panes"
    );
}

#[test]
fn texts_are_finished_and_name_no_machine() {
    let texts = files().into_iter().filter_map(|name| {
        // What is not text, such as a recording's raw bytes, is not read by people either.
        let text = fs::read_to_string(root().join(&name)).ok()?;
        (!name.starts_with("fixtures/")
            && !name.starts_with("fuzz/corpus/")
            && !MADE_BY_OTHERS.contains(&&*name))
        .then_some((name, text))
    });
    assert_none(texts.flat_map(|(name, text)| prose::check_text(&name, &text)));
}

#[test]
fn regression_lock_files_know_what_muxwire_depends_on() {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let (manifest, own) = (read("Cargo.toml"), read("Cargo.lock"));
    let others = files_of(&["fuzz/", "clients/", "benches/"], "Cargo.lock");
    assert!(others.contains(&"fuzz/whole/Cargo.lock".to_owned()));
    assert_none(
        others
            .iter()
            .flat_map(|name| locks::check(name, &read(name), &manifest, &own)),
    );
}

#[test]
fn links_of_the_docs_lead_somewhere() {
    let there = |path: &Path| {
        let path = root().join(path);
        let text = || fs::read(&path).ok();
        path.exists().then(|| {
            text().map_or_else(String::new, |text| {
                String::from_utf8_lossy(&text).into_owned()
            })
        })
    };
    let documents = files_of(&[""], ".md");
    assert!(documents.len() > 2, "the documents are found");
    assert_none(documents.iter().flat_map(|name| {
        let text = fs::read_to_string(root().join(name)).unwrap();
        prose::check_links(name, &text, there)
    }));
}

/// Each rule finds its breach in a small example, and nothing in one that keeps it.
mod rules {
    use super::floors::Module;
    use super::*;

    /// Rows of a path, a text, and what is to be said of it, in order; `...` stands for the path.
    #[track_caller]
    fn check(rule: impl Fn(&Source) -> Vec<String>, rows: &[(&str, &str, &[&str])]) {
        for (path, text, expected) in rows {
            let source = Source::read(path, text).unwrap();
            let expected: Vec<String> = expected
                .iter()
                .map(|line| line.replace("...", path))
                .collect();
            assert_eq!(rule(&source), expected, "{text}");
        }
    }

    #[test]
    fn imports_go_down() {
        let upward = "...:1: control must not import hub";
        check(
            floors::check,
            &[
                ("src/control/line.rs", "use crate::ids::PaneId;", &[]),
                (
                    "src/control/line.rs",
                    "use crate::control::text::Text;",
                    &[],
                ),
                ("src/control/line.rs", "use crate::hub::Hub;", &[upward]),
                (
                    "src/control/line.rs",
                    "use crate::{ids::PaneId, hub::{Hub, Since}};",
                    &[upward, upward],
                ),
                ("src/control/line.rs", "use crate::hub;", &[upward]),
                (
                    "src/control/line.rs",
                    "use super::super::hub::Hub;",
                    &[upward],
                ),
                ("src/control/line.rs", "use super::text::Text;", &[]),
                ("src/control/mod.rs", "use super::hub::Hub;", &[upward]),
                (
                    "src/control/mod.rs",
                    "fn f() -> crate::hub::Hub { g() }",
                    &[upward],
                ),
                (
                    "src/control/mod.rs",
                    "fn f() { m!(1, crate::hub::Hub::new()) }",
                    &[upward],
                ),
                (
                    "src/control/mod.rs",
                    "mod tests { use super::super::hub::Hub; }",
                    &[upward],
                ),
                ("src/control/mod.rs", "mod tests { use super::Text; }", &[]),
                (
                    "src/control/mod.rs",
                    "/// Not [`crate::hub`].\nconst A: &str = \"crate::hub::Hub\";",
                    &[],
                ),
                (
                    "src/server/http.rs",
                    "use crate::tmux::Tmux;",
                    &["...:1: server must not import tmux"],
                ),
                (
                    "src/main.rs",
                    "use muxwire::server::start;",
                    &["...:1: main must not import server"],
                ),
                (
                    "src/new.rs",
                    "",
                    &["...: the module new is not in the table of floors (tests/tidy/floors.rs)"],
                ),
            ],
        );
    }

    #[test]
    fn what_comes_from_outside_stays_in_its_place() {
        let serde = "...:1: hub::log must not use serde: the types of the wire and of files are apart from those of the program";
        let clock =
            "...:1: hub::log must not use Instant::now: time is a parameter of all that decides";
        let print = "...:1: server must not use io::stdout: only commands print";
        check(
            floors::check,
            &[
                ("src/hub/log.rs", "use serde::Serialize;", &[serde]),
                (
                    "src/hub/log.rs",
                    "#[derive(serde::Serialize)] struct A;",
                    &[serde],
                ),
                ("src/hub/log.rs", "fn f() { Instant::now(); }", &[clock]),
                (
                    "src/hub/log.rs",
                    "fn f() { std::time::Instant::now(); }",
                    &[clock],
                ),
                (
                    "src/hub/log.rs",
                    "#[cfg(test)] mod tests { fn f() { Instant::now(); } }",
                    &[],
                ),
                ("src/hub/log.rs", "use my::serde::Serialize;", &[]),
                ("src/auth/file.rs", "use serde::Serialize;", &[]),
                (
                    "src/server/mod.rs",
                    "use std::io; fn f() { io::stdout(); }",
                    &[print],
                ),
            ],
        );
    }

    #[test]
    fn floors_are_a_table_without_circles() {
        let row = |name, floor, imports| Module {
            name,
            floor,
            imports,
        };
        let rows: [(&[Module], &[&str]); 3] = [
            (&[row("a", 0, &[]), row("b", 1, &["a"])], &[]),
            (
                &[row("a", 1, &["b"]), row("b", 1, &["a"])],
                &[
                    "a must not import b: it is not on a lower floor",
                    "b must not import a: it is not on a lower floor",
                ],
            ),
            (
                &[row("a", 1, &["gone"])],
                &["a must not import gone: it is not on a lower floor"],
            ),
        ];
        for (table, expected) in rows {
            assert_eq!(floors::check_table(table), expected);
        }
    }

    #[test]
    fn circles_are_found() {
        let read = |files: &[(&str, &str)]| {
            let read = |(path, text): &(&str, &str)| Source::read(path, text).unwrap();
            files.iter().map(read).collect::<Vec<_>>()
        };
        let parent = ("src/a/mod.rs", "mod b; mod c; pub use b::B; pub use c::C;");
        let direct = read(&[
            parent,
            ("src/a/b.rs", "use super::c::C;"),
            ("src/a/c.rs", "fn f(b: crate::a::b::B) {}"),
        ]);
        let exported = read(&[
            parent,
            ("src/a/b.rs", "use crate::a::C;"),
            ("src/a/c.rs", "use super::B;"),
        ]);
        let none = read(&[
            parent,
            ("src/a/b.rs", "use super::{C, f};"),
            (
                "src/a/c.rs",
                "use super::f; #[cfg(test)] mod tests { use super::super::b::B; }",
            ),
        ]);
        for circle in [direct, exported] {
            assert_eq!(
                circles::check(&circle, &[]),
                ["a::b, a::c import each other"]
            );
            assert_eq!(circles::check(&circle, &[(&["a::b", "a::c"], "")]), [""; 0]);
        }
        assert_eq!(circles::check(&none, &[]), [""; 0]);
        assert_eq!(
            circles::check(&none, &[(&["a::b", "a::c"], "")]),
            ["a::b, a::c are no circle any more"]
        );
    }

    #[test]
    fn shapes_are_kept() {
        let body = |lines: usize| "    f();\n".repeat(lines);
        let function =
            |lines: usize| format!("//! A.\nfn f<A, B>(a: [u8; 2]) {{\n{}}}\n", body(lines - 2));
        let (good, bad) = (function(50), function(51));
        let file = |lines: usize| format!("//! A.\n{}", "use a::b;\n".repeat(lines - 1));
        let with_tests = format!(
            "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
            file(500),
            "use a::b;\n".repeat(100)
        );
        let (long, panics) = (file(501), "...:2: no unwrap or expect outside of tests");
        let sleeps = "...:2: a test waits for what it expects, and never just sleeps";
        let runs = "...:2: every test runs, and says what it expects";
        check(
            shape::check,
            &[
                ("src/a.rs", &good, &[]),
                ("src/a.rs", &bad, &["...: f: 51 lines are too many"]),
                ("src/a.rs", &bad.replace("fn f", "#[test]\nfn f"), &[]),
                ("tests/a.rs", &bad, &[]),
                (
                    "tests/a.rs",
                    &function(101),
                    &["...: f: 101 lines are too many"],
                ),
                ("tests/a.rs", &long, &[]),
                ("src/a.rs", &long, &["...: 501 lines are too many"]),
                ("src/a.rs", &with_tests, &[]),
                (
                    "src/a.rs",
                    "fn f() {}",
                    &["...: a module says with //! what it is"],
                ),
                ("src/a.rs", "//! A.\nfn f() { a.unwrap(); }", &[panics]),
                ("src/a.rs", "//! A.\nfn f() { a.expect(\"b\"); }", &[panics]),
                (
                    "src/a.rs",
                    "//! A.\nfn f() { a.unwrap_or(b); \".unwrap()\"; }",
                    &[],
                ),
                (
                    "src/a.rs",
                    "//! A.\n#[cfg(test)] mod tests { fn f() { a.unwrap(); } }",
                    &[],
                ),
                ("src/a_tests.rs", "//! A.\nfn f() { a.unwrap(); }", &[]),
                ("tests/a.rs", "//! A.\nfn f() { a.unwrap(); }", &[]),
                (
                    "tests/a.rs",
                    "//! A.\nfn f() { thread::sleep(A); }",
                    &[sleeps],
                ),
                (
                    "src/a.rs",
                    "//! A.\n#[cfg(test)] fn f() { sleep(A); }",
                    &[sleeps],
                ),
                ("src/a.rs", "//! A.\nfn f() { sleep(A); }", &[]),
                (
                    "tests/a.rs",
                    "//! A.\n#[ignore = \"slow\"] fn f() {}",
                    &[runs],
                ),
                ("tests/a.rs", "//! A.\n#[should_panic] fn f() {}", &[runs]),
                (
                    "src/a.rs",
                    "//! A.\nfn f() { todo!() }",
                    &["...:2: unfinished"],
                ),
                (
                    "src/a.rs",
                    "//! A.\nunsafe fn f() {}",
                    &["...:2: unsafe belongs in the one audited module"],
                ),
            ],
        );
    }

    #[test]
    fn texts_are_read() {
        let (word, folder, host) = (
            ["TO", "DO"].concat(),
            ["/wo", "rk/"].concat(),
            ["https", "://10.0.0.7/x"].concat(),
        );
        let rows: [(String, &[String]); 8] = [
            (
                format!("a {word}: b"),
                &[format!(
                    "a:1: {word}: finish it, or say in plain words what is missing"
                )],
            ),
            (format!("{word}S are listed"), &[]),
            (
                format!("a\n{folder}x"),
                &[format!("a:2: {folder} is a path of one machine")],
            ),
            (
                host,
                &["a:1: 10.0.0.7 is no host to name (tests/tidy/prose.rs lists those)".to_owned()],
            ),
            (
                "see https://github.com/x, and http://127.0.0.1:8765/y".to_owned(),
                &[],
            ),
            (format!("$here{folder}x"), &[]),
            ("ws://10.0.0.7/monitor".to_owned(), &[]),
            ("http://{address}/metrics".to_owned(), &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(prose::check_text("a", &text), expected, "{text}");
        }
    }

    #[test]
    fn links_are_followed() {
        let there = |path: &Path| {
            let text = match path.to_str().unwrap() {
                "docs/b.md" => "# The `first` part, again\n```\n# no heading\n```\n",
                "src/lib.rs" => "",
                _ => return None,
            };
            Some(text.to_owned())
        };
        let rows: [(&str, &[&str]); 9] = [
            ("[b](b.md)", &[]),
            ("[b](../docs/b.md#the-first-part-again)", &[]),
            (
                "[b](b.md#no-heading)",
                &["docs/a.md:1: b.md#no-heading names no heading"],
            ),
            ("[c](c.md)", &["docs/a.md:1: c.md is not there"]),
            (
                "[lib](../src/lib.rs) and [c](../c.rs)",
                &["docs/a.md:1: ../c.rs is not there"],
            ),
            ("[web](https://github.com/x)", &[]),
            ("```\n[c](c.md)\n```\n", &[]),
            (
                "`src/lib.rs` and `src/gone.rs`",
                &["docs/a.md:1: `src/gone.rs` is not there"],
            ),
            ("`src/*.rs` and `cargo test`", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(
                prose::check_links("docs/a.md", text, there),
                expected,
                "{text}"
            );
        }
    }
}
