//! The shape of the code: lengths, docs, and words that must not be there.

use super::source::Source;

/// How long a function may be, and one that only tests call. A test itself is as long as its table of rows.
const FUNCTION_LINES: usize = 50;
const HELPER_LINES: usize = 100;

/// How long a file may be before its tests, and one that is all tests.
const FILE_LINES: usize = 500;
const TEST_FILE_LINES: usize = 1000;

/// Files (`PATH`) and functions (`PATH: NAME`) that are longer, each with the reason.
const TABLES: &[(&str, &str)] = &[
    (
        "src/hub/redaction_filter.rs: mask_kind",
        "one arm for each type of change",
    ),
    (
        "src/wire/event_of.rs: data",
        "one arm for each type of event",
    ),
    (
        "src/server/dialect/replies.rs: message",
        "one arm for each message, field by field",
    ),
];

/// What is wrong with a file's shape.
pub fn check(source: &Source) -> Vec<String> {
    let mut complaints = lengths(source);
    if !source.text.trim_start().starts_with("//!") {
        complaints.push(format!(
            "{}: a module says with //! what it is",
            source.path
        ));
    }
    complaints.extend(words(source));
    complaints
}

/// The exceptions that no file needs any more.
pub fn check_tables(sources: &[Source]) -> Vec<String> {
    let needed = |name: &str| {
        sources
            .iter()
            .flat_map(over_long)
            .any(|(long, _)| long == name)
    };
    TABLES
        .iter()
        .filter(|(name, _)| !needed(name))
        .map(|(name, _)| format!("{name}: needs no exception any more"))
        .collect()
}

fn lengths(source: &Source) -> Vec<String> {
    let excepted = |name: &str| TABLES.iter().any(|(table, _)| *table == name);
    over_long(source)
        .into_iter()
        .filter(|(name, _)| !excepted(name))
        .map(|(name, lines)| format!("{name}: {lines} lines are too many"))
        .collect()
}

fn over_long(source: &Source) -> Vec<(String, usize)> {
    let lines = source.lines_before_tests();
    let in_src = source.path.starts_with("src/");
    let most = if in_src { FILE_LINES } else { TEST_FILE_LINES };
    let file = (lines > most).then(|| (source.path.clone(), lines));
    let functions = source
        .functions()
        .into_iter()
        .filter(|function| !function.is_test)
        .filter(|function| {
            let is_helper = function.in_tests || !in_src;
            function.lines
                > if is_helper {
                    HELPER_LINES
                } else {
                    FUNCTION_LINES
                }
        })
        .map(|function| {
            (
                format!("{}: {}", source.path, function.name),
                function.lines,
            )
        });
    file.into_iter().chain(functions).collect()
}

fn words(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut complain = |line: usize, what: &str| {
        complaints.push(format!("{}:{line}: {what}", source.path));
    };
    for (line, _) in source.words("unsafe") {
        if source.path != "src/tmux/spawn.rs" {
            complain(line, "unsafe belongs in the one audited module");
        }
    }
    let in_src = source.path.starts_with("src/");
    for panics in [[".", "unwrap", "("], [".", "expect", "("]] {
        for (line, in_tests) in source.sequences(&panics) {
            if in_src && !in_tests && !is_reasoned(source, line) {
                complain(line, "no unwrap or expect outside of tests");
            }
        }
    }
    for hidden in [["#", "[", "ignore"], ["#", "[", "should_panic"]] {
        for (line, _) in source.sequences(&hidden) {
            complain(line, "every test runs, and says what it expects");
        }
    }
    for unfinished in ["todo", "unimplemented"] {
        for (line, _) in source.sequences(&[unfinished, "!"]) {
            complain(line, "unfinished");
        }
    }
    // A benchmark paces what it measures.
    let may_sleep = ["tests/support/", "benches/"]
        .iter()
        .any(|place| source.path.starts_with(place));
    for (line, in_tests) in source.sequences(&["sleep", "("]) {
        if (in_tests || !in_src) && !may_sleep {
            complain(
                line,
                "a test waits for what it expects, and never just sleeps",
            );
        }
    }
    complaints
}

/// Whether `#[expect(clippy::expect_used, reason = "...")]` stands right before the line.
fn is_reasoned(source: &Source, line: usize) -> bool {
    let lints = ["expect_used", "unwrap_used"];
    let reasons = lints.iter().flat_map(|lint| source.words(lint));
    reasons
        .map(|(at, _)| at)
        .any(|at| (1..12).contains(&line.saturating_sub(at)))
}
