//! Lines in which runners of tests say what failed.

/// The longest name that is told, in bytes.
const LONGEST: usize = 200;

/// The file of the test that failed, or the test where the line names no file; nothing if the line says no such thing.
pub(super) fn failed_test(line: &str) -> Option<String> {
    let line = line.trim();
    let name = cargo(line)
        .or_else(|| go(line))
        .or_else(|| pytest(line))
        .or_else(|| jest(line))?;
    let is_name = !name.is_empty() && name.len() <= LONGEST && !name.contains(char::is_control);
    is_name.then(|| name.to_owned())
}

/// `test module::name ... FAILED`
fn cargo(line: &str) -> Option<&str> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    (!name.contains(' ') || name.contains(" - ")).then_some(name)
}

/// `--- FAIL: TestName (0.01s)`, and `FAIL package/path 0.01s`
fn go(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("--- FAIL: ") {
        return rest.split_whitespace().next();
    }
    let mut words = line.strip_prefix("FAIL\t")?.split('\t');
    let name = words.next()?;
    (!name.contains(' ')).then_some(name)
}

/// `FAILED tests/test_a.py::TestA::test_b - AssertionError`
fn pytest(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("FAILED ")
        .or_else(|| line.strip_prefix("ERROR "))?;
    let name = rest.split(" - ").next()?.trim();
    let file = name.split("::").next()?;
    is_file(file).then_some(file)
}

/// `FAIL src/a.test.ts`, with more behind it or without
fn jest(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("FAIL ")?.trim_start();
    let file = rest.split_whitespace().next()?;
    is_file(file).then_some(file)
}

/// Whether it is the path of a file with an ending.
fn is_file(text: &str) -> bool {
    let name = text.rsplit('/').next().unwrap_or_default();
    let is_ending = |ending: &str| {
        (1..=5).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let ending = name.rsplit_once('.');
    !text.contains(' ')
        && ending.is_some_and(|(stem, ending)| !stem.is_empty() && is_ending(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_of_tests_say_what_failed() {
        let rows = [
            (
                "test server::names::are_kept ... FAILED",
                "server::names::are_kept",
            ),
            (
                "    test src/lib.rs - a (line 3) ... FAILED",
                "src/lib.rs - a (line 3)",
            ),
            ("--- FAIL: TestParse/empty (0.00s)", "TestParse/empty"),
            ("FAIL\tgithub.com/a/b/parse\t0.012s", "github.com/a/b/parse"),
            (
                "FAILED tests/test_a.py::TestA::test_b - AssertionError: 1",
                "tests/test_a.py",
            ),
            ("ERROR tests/test_c.py", "tests/test_c.py"),
            ("FAIL src/a.test.ts", "src/a.test.ts"),
            (" FAIL  test/b.test.js > adds > numbers", "test/b.test.js"),
        ];
        for (line, expected) in rows {
            assert_eq!(failed_test(line).as_deref(), Some(expected), "{line:?}");
        }
        for line in [
            "",
            "FAILED",
            "FAIL",
            "FAILED (failures=2)",
            "FAIL everything about it",
            "test a ... ok",
            "test result: FAILED. 1 passed; 1 failed",
            "ERROR in the middle of things",
            "the build FAILED tests/a.py",
            "error: FAIL src/a.test.ts",
        ] {
            assert_eq!(failed_test(line), None, "{line:?}");
        }
    }
}
