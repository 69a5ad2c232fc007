//! Lines that panes printed: a page of those that the one who asks may see.

use super::{Asker, NoAnswer, SearchQuestion, no_answer};
use crate::history::{Found, PaneQuery, SearchQuery};
use crate::ids::PaneId;
use crate::model::Place;

/// The longest piece of a line that is shown, in characters.
const SNIPPET: usize = 400;

/// How much of a line stands before what was found first, if it is longer.
const BEFORE: usize = 80;

/// How many panes may have had the ids that are asked for.
const PANES: usize = 5000;

/// A page of lines.
#[derive(Debug)]
pub(in crate::server) struct SearchAnswer {
    pub(in crate::server) hits: Vec<Hit>,
    /// Where to go on, if not everything was looked at.
    pub(in crate::server) next: Option<String>,
    pub(in crate::server) out_of_time: bool,
}

/// A line that was found.
#[derive(Debug)]
pub(in crate::server) struct Hit {
    pub(in crate::server) found: Found,
    /// Where the one who asks saw its pane.
    pub(in crate::server) place: Place,
    pub(in crate::server) snippet: Snippet,
}

/// A line, cut so that every second piece is what was searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct Snippet {
    pub(in crate::server) pieces: Vec<String>,
    /// More of the line stands before or behind it.
    pub(in crate::server) is_cut: bool,
}

impl Asker<'_> {
    pub(super) async fn search(&self, question: SearchQuestion) -> Result<SearchAnswer, NoAnswer> {
        let from = question.from.map(|from| from.millis(self.now));
        let to = question.to.map(|to| to.millis(self.now));
        let mut answer = SearchAnswer {
            hits: Vec::new(),
            next: None,
            out_of_time: false,
        };
        let keys = self.keys(&question.panes, (from, to)).await?;
        if keys.is_empty() && !question.panes.is_empty() {
            return Ok(answer);
        }
        let mut query = SearchQuery {
            pattern: question.pattern,
            panes: keys,
            sessions: question.sessions,
            severity: question.severity,
            from,
            to,
            before: question.before,
            limit: question.limit,
        };
        loop {
            let page = self.reader.search(query.clone()).await;
            let page = page.map_err(|error| no_answer(&error))?;
            for found in page.found {
                if answer.hits.len() >= question.limit {
                    return Ok(answer);
                }
                // The next page goes on below this line.
                answer.next = Some(cursor(found.line));
                query.before = Some(found.line);
                answer.hits.extend(self.hit(found, &query));
            }
            answer.next = page.next.map(cursor);
            answer.out_of_time = page.out_of_time;
            let is_full = answer.hits.len() >= question.limit;
            if page.next.is_none() || page.out_of_time || is_full {
                return Ok(answer);
            }
            query.before = page.next;
        }
    }

    /// The panes that had these ids in a time, by their numbers.
    async fn keys(
        &self,
        panes: &[PaneId],
        (from, to): (Option<i64>, Option<i64>),
    ) -> Result<Vec<i64>, NoAnswer> {
        if panes.is_empty() {
            return Ok(Vec::new());
        }
        let panes = self.reader.panes(PaneQuery {
            panes: panes.to_vec(),
            from,
            to,
            limit: PANES,
            ..PaneQuery::default()
        });
        let panes = panes.await.map_err(|error| no_answer(&error))?;
        Ok(panes.iter().map(|pane| pane.key).collect())
    }

    /// The line, if the one who asks may see it. What is secret is masked in it for everybody.
    pub(super) fn hit(&self, found: Found, query: &SearchQuery) -> Option<Hit> {
        let is_wanted = |name: &str| {
            let patterns = &query.sessions;
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
        };
        let place = self.seen(found.audience.as_ref(), &found.pane, is_wanted)?;
        let snippet = Snippet::of(&found.text, &found.spans);
        Some(Hit {
            found,
            place,
            snippet,
        })
    }
}

impl Snippet {
    /// A line with what was found in it, by bytes; of a long one the part around the first.
    fn of(text: &str, spans: &[(usize, usize)]) -> Self {
        let first = spans.first().map_or(0, |(start, _)| *start);
        let (start, end) = match text.chars().count() > SNIPPET {
            true => window(text, first),
            false => (0, text.len()),
        };
        let mut pieces = Vec::new();
        let mut at = start;
        for (from, to) in spans {
            let (from, to) = ((*from).max(at), (*to).min(end));
            let (Some(before), Some(hit)) = (text.get(at..from), text.get(from..to)) else {
                continue;
            };
            if hit.is_empty() {
                continue;
            }
            pieces.extend([before.to_owned(), hit.to_owned()]);
            at = to;
        }
        pieces.extend(text.get(at..end).map(str::to_owned));
        Self {
            pieces,
            is_cut: (start, end) != (0, text.len()),
        }
    }
}

/// The part of a long line around a byte.
fn window(text: &str, around: usize) -> (usize, usize) {
    let head = text.get(..around).unwrap_or_default();
    let start = head.char_indices().rev().take(BEFORE).last();
    let start = start.map_or(around, |(at, _)| at);
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.char_indices().nth(SNIPPET);
    (start, end.map_or(text.len(), |(at, _)| start + at))
}

/// A place among lines as text.
pub(in crate::server) fn cursor(line: u64) -> String {
    format!("s1.{line}")
}

/// The place that a text stands for.
pub(in crate::server) fn read_cursor(text: &str) -> Option<u64> {
    text.strip_prefix("s1.")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, spans: &[(usize, usize)]) -> Vec<String> {
        Snippet::of(text, spans).pieces
    }

    #[test]
    fn every_second_piece_is_what_was_found() {
        let text = "an error, one more error";
        assert_eq!(
            pieces(text, &[(3, 8), (19, 24)]),
            ["an ", "error", ", one more ", "error", ""]
        );
        assert_eq!(pieces("error", &[(0, 5)]), ["", "error", ""]);
        assert_eq!(pieces("caf\u{e9}", &[]), ["caf\u{e9}"]);
        // What overlaps is marked once.
        assert_eq!(pieces("abcd", &[(0, 2), (1, 3)]), ["", "ab", "", "c", "d"]);
        // A span that would cut a character is passed over.
        assert_eq!(pieces("\u{e9}a", &[(1, 3)]), ["\u{e9}a"]);
    }

    #[test]
    fn a_long_line_is_cut_around_what_was_found() {
        let text = format!("{}needle{}", "\u{e4}".repeat(1000), "z".repeat(1000));
        let found = Snippet::of(&text, &[(2000, 2006)]);
        assert!(found.is_cut);
        assert_eq!(found.pieces[0], "\u{e4}".repeat(BEFORE));
        assert_eq!(found.pieces[1], "needle");
        let shown: usize = found.pieces.iter().map(|piece| piece.chars().count()).sum();
        assert_eq!(shown, SNIPPET);
        let short = Snippet::of("needle", &[(0, 6)]);
        assert!(!short.is_cut);
    }

    #[test]
    fn a_cursor_stands_for_its_line() {
        assert_eq!(read_cursor(&cursor(77)), Some(77));
        for text in ["", "s1.", "s1.x", "h1.1.1", "77"] {
            assert_eq!(read_cursor(text), None, "{text:?}");
        }
    }
}
