//! What a rule asks of a screen, and whether a screen has it.

use std::cell::OnceCell;

use super::super::expression::Expression;
use super::super::view::{self, Layout, Region, View};

/// What a rule asks for.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Each of these.
    All(Vec<Condition>),
    /// One of these.
    Any(Vec<Condition>),
    /// The contrary.
    Not(Box<Condition>),
    /// Something of one part of the screen.
    Clause(Clause),
}

/// What is asked of one part of the screen. A part that is not there has nothing.
#[derive(Debug, Clone)]
pub struct Clause {
    /// The part.
    pub region: Region,
    /// What it must have.
    pub test: Test,
    /// Rows that match this are not looked at.
    pub except: Option<Expression>,
}

/// What a part must have.
#[derive(Debug, Clone)]
pub enum Test {
    /// It is there, and not blank.
    Exists,
    /// One of these texts, in any case, however it is wrapped.
    Contains(Vec<String>),
    /// A match in its rows, joined by single spaces.
    Regex(Expression),
    /// A match in one of its rows.
    LineRegex(Expression),
    /// A match in its rows as they are, joined by line feeds.
    RowsRegex(Expression),
}

/// A part's text in the forms that tests need, each made when it is asked for.
#[derive(Debug)]
pub(in super::super) struct PartText<'a> {
    region: Region,
    except: Option<&'a str>,
    rows: Option<Vec<&'a str>>,
    flat: OnceCell<String>,
    folded: OnceCell<String>,
}

impl PartText<'_> {
    pub(in super::super) fn rows(&self) -> Option<&[&str]> {
        self.rows.as_deref()
    }

    fn flat(&self) -> &str {
        self.flat
            .get_or_init(|| view::flat(self.rows.as_deref().unwrap_or_default()))
    }

    fn folded(&self) -> &str {
        self.folded.get_or_init(|| view::folded(self.flat()))
    }
}

/// A view on which conditions are tried. Each part is taken out of it once.
#[derive(Debug)]
pub(in super::super) struct Tried<'a> {
    layout: Layout<'a>,
    parts: Vec<PartText<'a>>,
}

impl<'a> Tried<'a> {
    pub(in super::super) fn new(view: &'a View) -> Self {
        Self {
            layout: Layout::new(view),
            parts: Vec::new(),
        }
    }

    /// A part's text, without the rows that match `except`.
    pub(in super::super) fn part(
        &mut self,
        region: Region,
        except: Option<&'a Expression>,
    ) -> &PartText<'a> {
        let key = except.map(Expression::as_str);
        let known = |part: &PartText<'_>| part.region == region && part.except == key;
        let at = match self.parts.iter().position(known) {
            Some(at) => at,
            None => {
                let mut rows = self.layout.rows(region);
                if let (Some(rows), Some(except)) = (&mut rows, except) {
                    rows.retain(|row| !except.is_match(row));
                }
                self.parts.push(PartText {
                    region,
                    except: key,
                    rows,
                    flat: OnceCell::new(),
                    folded: OnceCell::new(),
                });
                self.parts.len() - 1
            }
        };
        &self.parts[at]
    }
}

impl Condition {
    /// Compiles its expressions, if they aren't yet.
    pub(super) fn prepare(&self) {
        match self {
            Self::All(several) | Self::Any(several) => several.iter().for_each(Self::prepare),
            Self::Not(not) => not.prepare(),
            Self::Clause(clause) => clause.prepare(),
        }
    }

    /// Whether the view has what is asked for.
    pub(in super::super) fn holds<'a>(&'a self, tried: &mut Tried<'a>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(tried)),
            Self::Any(any) => any.iter().any(|one| one.holds(tried)),
            Self::Not(not) => !not.holds(tried),
            Self::Clause(clause) => clause.holds(tried),
        }
    }

    /// All clauses in it, each with whether it is asked for or against.
    pub(in super::super) fn clauses(&self) -> Vec<(&Clause, bool)> {
        let mut found = Vec::new();
        self.collect(true, &mut found);
        found
    }

    fn collect<'a>(&'a self, wanted: bool, found: &mut Vec<(&'a Clause, bool)>) {
        match self {
            Self::All(several) | Self::Any(several) => {
                for one in several {
                    one.collect(wanted, found);
                }
            }
            Self::Not(not) => not.collect(!wanted, found),
            Self::Clause(clause) => found.push((clause, wanted)),
        }
    }
}

impl Clause {
    /// Whether the view has it.
    pub(in super::super) fn holds<'a>(&'a self, tried: &mut Tried<'a>) -> bool {
        let part = tried.part(self.region, self.except.as_ref());
        let Some(rows) = part.rows() else {
            return false;
        };
        match &self.test {
            Test::Exists => rows.iter().any(|row| !row.is_empty()),
            Test::Contains(texts) => texts.iter().any(|text| part.folded().contains(text)),
            Test::Regex(regex) => regex.is_match(part.flat()),
            Test::LineRegex(regex) => rows.iter().any(|row| regex.is_match(row)),
            Test::RowsRegex(regex) => regex.is_match(&rows.join("\n")),
        }
    }

    /// Compiles its expressions, if they aren't yet.
    pub(super) fn prepare(&self) {
        self.except.iter().for_each(Expression::prepare);
        if let Test::Regex(regex) | Test::LineRegex(regex) | Test::RowsRegex(regex) = &self.test {
            regex.prepare();
        }
    }

    /// What it asks, in words.
    pub(in super::super) fn describe(&self) -> String {
        let test = match &self.test {
            Test::Exists => "is there".to_owned(),
            Test::Contains(texts) => format!("contains {}", texts.join(" or ")),
            Test::Regex(regex) => format!("matches {regex}"),
            Test::LineRegex(regex) => format!("has a row that matches {regex}"),
            Test::RowsRegex(regex) => format!("has rows that match {regex}"),
        };
        match &self.except {
            Some(except) => format!("{} without rows that match {except} {test}", self.region),
            None => format!("{} {test}", self.region),
        }
    }

    /// The groups that matched, by their names.
    pub(in super::super) fn captures<'a>(
        &'a self,
        tried: &mut Tried<'a>,
    ) -> Option<Vec<(&'a str, String)>> {
        let part = tried.part(self.region, self.except.as_ref());
        let rows = part.rows()?;
        let named = |regex: &'a Expression, text: &str| {
            let found = regex.captures(text)?;
            let value = |name: &'a str| Some((name, found.name(name)?.as_str().to_owned()));
            Some(regex.names().filter_map(value).collect())
        };
        match &self.test {
            Test::Regex(regex) => named(regex, part.flat()),
            // The lowest row counts: it is the newest.
            Test::LineRegex(regex) => rows.iter().rev().find_map(|row| named(regex, row)),
            Test::RowsRegex(regex) => named(regex, &rows.join("\n")),
            Test::Exists | Test::Contains(_) => self.holds(tried).then(Vec::new),
        }
    }
}
