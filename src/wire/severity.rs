//! How bad a piece of output looks: a rule of thumb for highlighting, nothing to build upon.
//!
//! Each `pane.output` is judged by itself, in this way:
//! - a word of [`ERRORS`] makes it an error; else a word of [`WARNINGS`] makes it a warning; else it is info;
//! - a word stands in small letters, with a capital in front, or in capitals: `error`, `Error`, `ERROR`;
//! - a word is whole: no letter, digit or underscore adjoins it;
//! - a capital that begins a word within a name counts as a beginning: `TypeError` is an error, `terror` is none;
//! - a count of nothing is none: `0 errors`, `no warnings`;
//! - colours around a word do not matter; colours within it hide it, and so does an end of the piece.
//!
//! Three fixed forms instead of any mixture of cases make the search fifteen times as fast: it then runs over the bytes
//! in vector registers.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Words that make output an error.
pub const ERRORS: &[&str] = &[
    "error",
    "errors",
    "fatal",
    "panic",
    "panicked",
    "exception",
    "exceptions",
    "traceback",
    "failed",
    "failure",
    "failures",
    "critical",
    "aborted",
    "segmentation fault",
    "segfault",
    "core dumped",
    "out of memory",
    "command not found",
    "permission denied",
];

/// Words that make output a warning.
pub const WARNINGS: &[&str] = &["warning", "warnings", "warn", "deprecated"];

/// How bad a piece of output looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing stands out.
    Info,
    /// It warns of something.
    Warning,
    /// It reports an error.
    Error,
}

impl Severity {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Judges a piece of output.
#[must_use]
pub fn severity(output: &[u8]) -> Severity {
    if output.len() <= SHORT && !has_letters(output) {
        return Severity::Info;
    }
    let Some(stems) = stems() else {
        return Severity::Info;
    };
    let mut worst = Severity::Info;
    for found in stems.find_iter(output) {
        let (before, rest) = output.split_at(found.start());
        if begins_word(before, rest[0]) && !counts_nothing(before) {
            worst = worst.max(whole_word(rest));
        }
        if worst == Severity::Error {
            break;
        }
    }
    worst
}

/// Output up to which it pays to look for letters first: a keystroke's echo or a moved cursor has none, and the search
/// would find nothing of its tables in the processor's caches.
const SHORT: usize = 64;

/// Whether so many letters follow each other that they could be the shortest of the words.
fn has_letters(output: &[u8]) -> bool {
    const SHORTEST: usize = "warn".len();
    let mut run = 0;
    output.iter().any(|byte| {
        run = if byte.is_ascii_alphabetic() {
            run + 1
        } else {
            0
        };
        run == SHORTEST
    })
}

/// How bad the word is that a text begins with; a stem goes on to the end of a known word, or it is none.
fn whole_word(text: &[u8]) -> Severity {
    let begins = |word: &&&str| {
        let (start, rest) = text.split_at(word.len().min(text.len()));
        start.eq_ignore_ascii_case(word.as_bytes()) && ends_word(rest)
    };
    if ERRORS.iter().find(begins).is_some() {
        Severity::Error
    } else if WARNINGS.iter().find(begins).is_some() {
        Severity::Warning
    } else {
        Severity::Info
    }
}

/// The automaton of all stems in their three forms, built once: few enough to be searched for in vector registers. They
/// are fixed, so building it can't fail; if it did, nothing would be highlighted.
fn stems() -> Option<&'static AhoCorasick> {
    static STEMS: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let build = || {
        let words = || ERRORS.iter().chain(WARNINGS);
        let is_stem = |word: &&&str| !words().any(|stem| stem != *word && word.starts_with(stem));
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words().filter(is_stem).flat_map(|word| forms(word)))
            .ok()
    };
    STEMS.get_or_init(build).as_ref()
}

fn forms(word: &str) -> [String; 3] {
    let mut capital = word.to_owned();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    [word.to_owned(), capital, word.to_ascii_uppercase()]
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn begins_word(before: &[u8], first: u8) -> bool {
    match before.last() {
        None => true,
        Some(last) if !is_word(*last) => true,
        // The name of an error type, such as TypeError.
        Some(last) if last.is_ascii_lowercase() && first.is_ascii_uppercase() => true,
        Some(b'm') => ends_colour(before),
        Some(_) => false,
    }
}

fn ends_word(after: &[u8]) -> bool {
    after.first().is_none_or(|byte| !is_word(*byte))
}

/// Whether the text ends with an SGR sequence, whose last byte is an `m`.
fn ends_colour(text: &[u8]) -> bool {
    let Some((_, parameters)) = text.split_last() else {
        return false;
    };
    let is_parameter = |byte: &u8| byte.is_ascii_digit() || *byte == b';' || *byte == b':';
    let start = parameters.iter().rposition(|byte| !is_parameter(byte));
    start.is_some_and(|start| parameters[..=start].ends_with(b"\x1b["))
}

/// Whether a `0` or a `no` stands right before.
fn counts_nothing(before: &[u8]) -> bool {
    let Some((b' ', before)) = before.split_last() else {
        return false;
    };
    let start = before
        .iter()
        .rposition(|byte| !is_word(*byte))
        .map_or(0, |index| index + 1);
    let word = &before[start..];
    let alone = start == 0 || !matches!(before[start - 1], b'.' | b',');
    (word == b"0" && alone) || word.eq_ignore_ascii_case(b"no")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_judged_by_its_words() {
        use Severity::{Error, Info, Warning};
        let rows: [(&str, Severity); 40] = [
            ("", Info),
            ("all is well", Info),
            ("error: no such file", Error),
            ("ERROR", Error),
            ("\x1b[31merror\x1b[0m: x", Error),
            ("\x1b[1;38:5:1mError\x1b[m", Error),
            ("from error", Error),
            ("formerror", Info),
            ("12merror", Info),
            ("terror and mirrors", Info),
            ("error_count", Info),
            ("my_error", Info),
            ("errored", Info),
            ("TypeError: x is not a function", Error),
            ("java.lang.NullPointerException", Error),
            ("Traceback (most recent call last):", Error),
            ("thread 'main' panicked at src/main.rs", Error),
            ("test result: ok. 5 passed; 0 failed", Info),
            ("test result: FAILED. 4 passed; 1 failed", Error),
            ("10 failed", Error),
            ("1.0 failed", Error),
            ("0 errors, 2 warnings", Warning),
            ("0 errors, 0 warnings", Info),
            ("No errors found", Info),
            ("casino errors", Error),
            ("warning: unused variable", Warning),
            ("WARN something", Warning),
            ("forewarned", Info),
            ("this is deprecated", Warning),
            ("warning then error", Error),
            ("Segmentation fault (core dumped)", Error),
            ("bash: foo: command not found", Error),
            ("pr\u{e9}error", Info),
            ("failed", Error),
            ("FAILURES", Error),
            ("Failing", Info),
            ("eRROR", Info),
            ("warnings", Warning),
            ("a warn", Warning),
            ("Out of memory: killed", Error),
        ];
        for (text, expected) in rows {
            assert_eq!(severity(text.as_bytes()), expected, "{text:?}");
        }
    }
}
