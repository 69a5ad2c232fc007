//! What somebody may have meant who wrote a word that there is not.
//!
//! The answer is always one of the words that are known, so nothing that a stranger wrote is ever repeated by it.

/// The longest word that is compared, in bytes; it bounds the work.
const LONGEST: usize = 64;

/// The known word that is most like another one, if one is like it at all: no more than a third of it differs.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let distances = known.into_iter().map(|one| {
        // One that only lacks its end, or that is one of several, is as near as it gets: `type` for `types`.
        let is_part = word.len() >= 3 && (one.starts_with(&word) || word.starts_with(one));
        let distance = strsim::damerau_levenshtein(&word, &one.to_lowercase());
        ((if is_part { 1 } else { distance }, distance), one)
    });
    let ((distance, _), found) = distances.min_by_key(|(distance, _)| *distance)?;
    let most = (word.chars().count() / 3).max(1);
    (distance <= most).then_some(found)
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
