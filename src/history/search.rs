//! Searching lines of text: the index finds lines with all words, and each is read and looked at before it is given.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{OptionalExtension as _, params};

use super::chunk::Line;
use super::error::StoreError;
use super::output::{KnownPane, pane_of};
use super::reader::{Asked, Reader};
use crate::glob::NamePattern;
use crate::model::Audience;
use crate::wire::severity::{Severity, severity};

/// The most lines of one page.
const MOST: usize = 500;

/// The longest pattern, in bytes.
const LONGEST: usize = 1000;

/// The most memory that a regular expression may take, in bytes.
const EXPRESSION: usize = 1 << 20;

/// What is written without spaces between words.
const UNSPACED: &str = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]";

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Words that a line has, each in any place: `word`, the beginning of one with `wor*`, or several in a row as
    /// `"a phrase"`. Capitals and accents make no difference to words.
    Words(String),
    /// A regular expression. Words that every line with it must have make it quick; without any, lines are read one after
    /// the other for as long as the time allows.
    Regex(String),
}

/// Which lines are wanted. Empty lists stand for all.
#[derive(Debug, Clone)]
pub struct SearchQuery {
    /// What for.
    pub pattern: Pattern,
    /// Panes, by their numbers in the history.
    pub panes: Vec<i64>,
    /// Sessions, by their names at that time, or patterns of them.
    pub sessions: Vec<NamePattern>,
    /// How bad a line looks, at least.
    pub severity: Option<Severity>,
    /// From this time on, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Up to this time and with it.
    pub to: Option<i64>,
    /// Only lines with smaller numbers: where the page before ended.
    pub before: Option<u64>,
    /// How many, at most 500.
    pub limit: usize,
}

/// A line that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its number, which no other line has.
    pub line: u64,
    /// The pane.
    pub pane: Arc<KnownPane>,
    /// When it stood as it is, in milliseconds since 1970.
    pub at: i64,
    /// The offset of the pane's bytes behind which it stood: the moment to jump to.
    pub offset: u64,
    /// The line.
    pub text: String,
    /// What of it was searched for, in bytes of the text.
    pub spans: Vec<(usize, usize)>,
    /// How bad it looks.
    pub severity: Severity,
    /// Who may see it: where the pane was then. Without it, it is for those who may see the pane's session.
    pub audience: Option<Audience>,
}

/// Some lines, the newest first.
#[derive(Debug, Clone, Default)]
pub struct SearchPage {
    /// The lines.
    pub found: Vec<Found>,
    /// Where to go on, if not everything was looked at.
    pub next: Option<u64>,
    /// Whether the time ended the search before it was done.
    pub out_of_time: bool,
}

impl Reader {
    /// Lines that fit, the newest first.
    ///
    /// # Errors
    /// The pattern is none, or the file can't be read. When the time is over, what was found is given.
    pub async fn search(&self, query: SearchQuery) -> Result<SearchPage, StoreError> {
        let needle = Needle::new(&query.pattern)?;
        self.ask(move |asked| search(asked, &query, &needle)).await
    }
}

/// What is searched for, made ready.
struct Needle {
    /// The question to the index; none if no word is known, and lines are read one after the other.
    words: Option<String>,
    /// Each has to be in the line.
    parts: Vec<regex::Regex>,
    /// Whether the index alone says that a line fits.
    is_plain: bool,
}

impl Needle {
    fn new(pattern: &Pattern) -> Result<Self, StoreError> {
        let text = match pattern {
            Pattern::Words(text) | Pattern::Regex(text) => text,
        };
        if text.len() > LONGEST {
            let problem = format!("the pattern is longer than {LONGEST} bytes");
            return Err(StoreError::Question(problem));
        }
        match pattern {
            Pattern::Words(text) => Self::words(text),
            Pattern::Regex(text) => Self::regex(text),
        }
    }

    fn words(text: &str) -> Result<Self, StoreError> {
        let (mut words, mut parts, mut is_plain) = (Vec::new(), Vec::new(), true);
        let unspaced = compile(UNSPACED)?;
        for (term, is_phrase) in terms(text)? {
            let is_prefix = !is_phrase && term.ends_with('*');
            let tokens: Vec<&str> = term
                .split(|c: char| !is_word(c))
                .filter(|token| !token.is_empty())
                .collect();
            let Some((last, others)) = tokens.split_last() else {
                continue;
            };
            let gap = r"[^\p{Alphabetic}\p{N}\p{Co}_]+";
            let escaped: Vec<String> = tokens.iter().map(|token| regex::escape(token)).collect();
            if unspaced.is_match(&term) {
                // The index takes all up to the next space for one word.
                is_plain = false;
                parts.push(compile(&format!("(?i)(?<hit>{})", escaped.join(gap)))?);
                continue;
            }
            is_plain &= others.is_empty();
            words.extend(others.iter().map(|token| format!("\"{token}\"")));
            words.push(match is_prefix {
                true => format!("\"{last}\"*"),
                false => format!("\"{last}\""),
            });
            let ends = if is_prefix {
                ""
            } else {
                r"(?:$|[^\p{Alphabetic}\p{N}_])"
            };
            let one = format!(
                r"(?i)(?:^|[^\p{{Alphabetic}}\p{{N}}_])(?<hit>{}){ends}",
                escaped.join(gap)
            );
            parts.push(compile(&one)?);
        }
        if parts.is_empty() {
            let problem = "there is no word in what is searched for: a word has letters or digits";
            return Err(StoreError::Question(problem.to_owned()));
        }
        Ok(Self {
            words: (!words.is_empty()).then(|| words.join(" AND ")),
            parts,
            is_plain,
        })
    }

    fn regex(text: &str) -> Result<Self, StoreError> {
        Ok(Self {
            words: None,
            parts: vec![compile(text)?],
            is_plain: false,
        })
    }

    /// Where it stands in a line. A word with an accent may stand there without, so nothing found is still a hit if the
    /// index says so.
    fn spans(&self, text: &str) -> Option<Vec<(usize, usize)>> {
        let mut spans = Vec::new();
        for part in &self.parts {
            let found = part.captures_iter(text).filter_map(|found| {
                let hit = found.name("hit").or_else(|| found.get(0))?;
                Some((hit.start(), hit.end()))
            });
            let before = spans.len();
            spans.extend(found.take(16));
            if spans.len() == before {
                return None;
            }
        }
        spans.sort_unstable();
        Some(spans)
    }
}

/// A regular expression in linear time and bounded memory.
fn compile(text: &str) -> Result<regex::Regex, StoreError> {
    let built = regex::RegexBuilder::new(text)
        .size_limit(EXPRESSION)
        .dfa_size_limit(EXPRESSION)
        .build();
    built.map_err(|error| StoreError::Question(format!("no regular expression: {error}")))
}

/// Words and phrases, and which of the two each is.
fn terms(text: &str) -> Result<Vec<(String, bool)>, StoreError> {
    if text.matches('"').count() % 2 == 1 {
        let problem = "a quotation mark is open: a phrase has one before it and one behind it";
        return Err(StoreError::Question(problem.to_owned()));
    }
    let mut terms = Vec::new();
    for (index, part) in text.split('"').enumerate() {
        match index % 2 {
            1 => terms.push((part.to_owned(), true)),
            _ => terms.extend(part.split_whitespace().map(|word| (word.to_owned(), false))),
        }
    }
    Ok(terms)
}

/// What the index takes for a part of a word.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Lines that came with one commit.
#[derive(Clone, Copy)]
struct Range {
    first: i64,
    count: i64,
    pane: i64,
    at: i64,
}

struct Search<'a> {
    asked: &'a Asked<'a>,
    query: &'a SearchQuery,
    needle: &'a Needle,
    panes: HashMap<i64, Option<Arc<KnownPane>>>,
    range: Option<Range>,
    page: SearchPage,
}

fn search(
    asked: &Asked<'_>,
    query: &SearchQuery,
    needle: &Needle,
) -> Result<SearchPage, StoreError> {
    let mut search = Search {
        asked,
        query,
        needle,
        panes: HashMap::new(),
        range: None,
        page: SearchPage::default(),
    };
    let before = search.first()?;
    match &needle.words {
        Some(words) => search.by_words(words, before)?,
        None => search.by_reading(before)?,
    }
    Ok(search.page)
}

impl Search<'_> {
    /// The number that all wanted lines are below.
    fn first(&self) -> Result<i64, StoreError> {
        let mut before = self.query.before.map_or(i64::MAX, u64::cast_signed);
        if let Some(to) = self.query.to {
            let behind: Option<i64> = self
                .asked
                .connection
                .prepare_cached(
                    "SELECT first_line + count FROM line_ranges WHERE at <= ?1 ORDER BY first_line DESC LIMIT 1",
                )?
                .query_row([to], |row| row.get(0))
                .optional()?;
            before = before.min(behind.unwrap_or(0));
        }
        Ok(before)
    }

    fn by_words(&mut self, words: &str, before: i64) -> Result<(), StoreError> {
        let mut statement = self.asked.connection.prepare_cached(
            "SELECT rowid FROM line_words WHERE line_words MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC",
        )?;
        let mut rows = statement.query(params![words, before])?;
        while let Some(row) = rows.next()? {
            if self.line(row.get(0)?)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn by_reading(&mut self, before: i64) -> Result<(), StoreError> {
        let mut statement = self.asked.connection.prepare_cached(
            "SELECT first_line, count FROM line_ranges WHERE first_line < ?1 ORDER BY first_line DESC",
        )?;
        let mut rows = statement.query([before])?;
        while let Some(row) = rows.next()? {
            let (first, count): (i64, i64) = (row.get(0)?, row.get(1)?);
            for line in (first..(first + count).min(before)).rev() {
                if self.line(line)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Looks at a line. True if the search is over.
    fn line(&mut self, id: i64) -> Result<bool, StoreError> {
        if self.page.found.len() >= self.query.limit.clamp(1, MOST) {
            self.page.next = Some(id.cast_unsigned() + 1);
            return Ok(true);
        }
        if self.asked.is_nearly_over() {
            self.page.next = Some(id.cast_unsigned() + 1);
            self.page.out_of_time = true;
            return Ok(true);
        }
        let Some(range) = self.range_of(id)? else {
            return Ok(false);
        };
        if self.query.from.is_some_and(|from| range.at < from) {
            return Ok(true);
        }
        let is_meant = self.query.panes.is_empty() || self.query.panes.contains(&range.pane);
        let pane = match is_meant {
            true => self.pane(range.pane)?,
            false => None,
        };
        if let Some(pane) = pane
            && let Some(found) = self.read(id, range.pane, &pane)?
        {
            self.page.found.push(found);
        }
        Ok(false)
    }

    fn range_of(&mut self, id: i64) -> Result<Option<Range>, StoreError> {
        let holds = |range: &Range| (range.first..range.first + range.count).contains(&id);
        if let Some(range) = self.range.filter(holds) {
            return Ok(Some(range));
        }
        let found = self
            .asked
            .connection
            .prepare_cached(
                "SELECT first_line, count, pane_id, at FROM line_ranges WHERE first_line <= ?1 \
                 ORDER BY first_line DESC LIMIT 1",
            )?
            .query_row([id], |row| {
                Ok(Range {
                    first: row.get(0)?,
                    count: row.get(1)?,
                    pane: row.get(2)?,
                    at: row.get(3)?,
                })
            })
            .optional()?;
        self.range = found;
        Ok(found.filter(holds))
    }

    fn pane(&mut self, key: i64) -> Result<Option<Arc<KnownPane>>, StoreError> {
        if let Some(known) = self.panes.get(&key) {
            return Ok(known.clone());
        }
        let pane = match pane_of(self.asked, key) {
            Ok(pane) => Some(Arc::new(pane)),
            Err(StoreError::NotKept) => None,
            Err(error) => return Err(error),
        };
        self.panes.insert(key, pane.clone());
        Ok(pane)
    }

    /// The line itself, if it is what is searched for.
    fn read(&self, id: i64, key: i64, pane: &Arc<KnownPane>) -> Result<Option<Found>, StoreError> {
        let chunk: Option<i64> = self
            .asked
            .connection
            .prepare_cached(
                "SELECT id FROM chunks WHERE pane_id = ?1 AND last_line >= ?2 ORDER BY last_line LIMIT 1",
            )?
            .query_row([key, id], |row| row.get(0))
            .optional()?;
        let Some(chunk) = chunk else { return Ok(None) };
        let chunk = self.asked.chunk(chunk)?;
        let wanted = id.cast_unsigned();
        let Some((line, text)) = chunk.text_of(wanted) else {
            return Ok(None);
        };
        let audience = chunk.audience_at(line);
        let is_in = |audience: &Audience| {
            let names = audience.places().iter().map(|place| &*place.session_name);
            names.into_iter().any(|name| self.is_wanted_session(name))
        };
        let is_wanted = match audience {
            Some(audience) => self.query.sessions.is_empty() || is_in(audience),
            None => self.query.sessions.is_empty() || self.is_wanted_session(&pane.session),
        };
        let severity = severity(text.as_bytes());
        if !is_wanted || self.query.severity.is_some_and(|least| severity < least) {
            return Ok(None);
        }
        let spans = match self.needle.spans(text) {
            Some(spans) => spans,
            // The index takes no notice of accents, a regular expression does.
            None if self.needle.is_plain => Vec::new(),
            None => return Ok(None),
        };
        Ok(Some(Found {
            line: line.id,
            pane: Arc::clone(pane),
            at: line.at,
            offset: line.offset,
            text: text.to_owned(),
            spans,
            severity,
            audience: audience.cloned(),
        }))
    }

    fn is_wanted_session(&self, name: &str) -> bool {
        let patterns = &self.query.sessions;
        patterns.iter().any(|pattern| pattern.matches(name))
    }
}

impl super::chunk::Chunk {
    /// Who could see the output behind which a line stood.
    fn audience_at(&self, line: Line) -> Option<&Audience> {
        let at = line.offset.wrapping_sub(self.first_offset).cast_signed();
        let reaches = |start: i64, len: u32| start + i64::from(len) >= at;
        let output = self
            .outputs
            .iter()
            .find(|output| reaches(output.start, output.len))
            .or_else(|| self.outputs.last())?;
        self.audiences.get(output.audience as usize)
    }
}
