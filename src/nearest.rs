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
    let word = word.to_lowercase();
    let found = most_like(&word, known)?;
    // One that only lacks its end, or that is one of several, is near enough: `type` for `types`.
    let is_part = word.len() >= 3 && (found.starts_with(&word) || word.starts_with(found));
    let most = (word.chars().count() / 3).max(1);
    let differs = || strsim::damerau_levenshtein(&word, &found.to_lowercase());
    (is_part || differs() <= most).then_some(found)
}

/// The known word that is most like another one, however little that is. Of words with dots a right last part behind a
/// wrong one counts for more than a similar spelling, and so does one that is a part of the right one.
#[must_use]
pub fn most_like<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let last = last_part(word);
    let likeness = |one: &str| {
        let is_part = !last.is_empty() && last_part(one).contains(last);
        f64::from(u8::from(is_part)) * PART
            + strsim::jaro_winkler(word, one)
            + strsim::normalized_damerau_levenshtein(last, last_part(one))
    };
    let likenesses = known.into_iter().map(|one| (likeness(one), one));
    let found = likenesses.max_by(|(one, _), (other, _)| one.total_cmp(other));
    found.map(|(_, one)| one)
}

fn last_part(word: &str) -> &str {
    word.rsplit('.').next().unwrap_or_default()
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
            ("hunter2", None),
            ("", None),
            ("x", None),
        ];
        for (word, expected) in rows {
            assert_eq!(nearest(word, known), expected, "{word:?}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
