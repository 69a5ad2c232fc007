//! What somebody may have meant who wrote a word that there is not.
//!
//! The answer is always one of the words that are known, so nothing that a stranger wrote is ever repeated by it.

/// The longest word that is compared, in bytes; it bounds the work.
const LONGEST: usize = 64;

/// What it counts that the last part of a word is in that of a known one; the same spelling counts 2.
const PART: f64 = 0.3;

/// The known word that is most like another one, if one is like it at all: no more than a third of it differs.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let found = most_like(word, known)?;
    let word = word.to_lowercase();
    // One that only lacks its end, or that is one of several, is near enough: `type` for `types`.
    let begins_alike = || found.starts_with(&word) || word.starts_with(found);
    let is_part = is_of_kind(&word, found) || word.len() >= 3 && begins_alike();
    let most = (word.chars().count() / 3).max(1);
    let differs = || strsim::damerau_levenshtein(&word, &found.to_lowercase());
    (is_part || differs() <= most).then_some(found)
}

/// The known word that is most like another one, however little that is. Of words with dots a right last part behind a
/// wrong one counts for more than a similar spelling, and so does one that is a part of the right one. A known kind of
/// words, such as `task.*`, is the answer for each of that kind.
#[must_use]
pub fn most_like<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let last = last_part(&word);
    let likeness = |one: &str| {
        let one = one.to_lowercase();
        if is_of_kind(&word, &one) {
            return f64::INFINITY;
        }
        let (whole, other_last) = (strsim::jaro_winkler(&word, &one), last_part(&one));
        if last.is_empty() {
            return whole;
        }
        let is_part = f64::from(u8::from(other_last.contains(last)));
        is_part * PART + whole + strsim::normalized_damerau_levenshtein(last, other_last)
    };
    let likenesses = known.into_iter().map(|one| (likeness(one), one));
    let found = likenesses.max_by(|(one, _), (other, _)| one.total_cmp(other));
    found.map(|(_, one)| one)
}

/// Is a known word a pattern for a whole kind of words, and a word one of these? An asterisk that no dot stands before
/// is a character of a name like any other.
fn is_of_kind(word: &str, known: &str) -> bool {
    let kind = known.strip_suffix('*');
    kind.is_some_and(|kind| kind.ends_with('.') && word.starts_with(kind))
}

/// What stands behind the last dot; a wildcard there says nothing.
fn last_part(word: &str) -> &str {
    let last = word.rsplit('.').next().unwrap_or_default();
    last.trim_end_matches('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_is_most_alike_is_named_or_none() {
        let known = [
            "pane.output",
            "pane.gap",
            "session.created",
            "task.*",
            "types",
            "sessions",
        ];
        let rows = [
            ("pane.outptu", Some("pane.output")),
            ("pane.out", Some("pane.output")),
            ("PANE.GAP", Some("pane.gap")),
            ("session.create", Some("session.created")),
            ("type", Some("types")),
            ("session", Some("sessions")),
            ("typse", Some("types")),
            ("Task.Done", Some("task.*")),
            ("hunter2", None),
            ("", None),
            ("x", None),
        ];
        for (word, expected) in rows {
            assert_eq!(nearest(word, known), expected, "{word:?}");
        }
        assert_eq!(nearest("apo", ["a*", "api"]), Some("api"));
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
