//! The parts of a screen that rules look at.
//!
//! Agents quote themselves, and print what looks like their own dialogs. So a rule never looks at the whole screen where a
//! part will do: the prompt box, the line below it, what stands behind the last rule.

use std::fmt;
use std::ops::Range;

/// The signs that a prompt begins with.
const PROMPT_SIGNS: &[char] = &['\u{276f}', '>', '\u{203a}', '!', '#', '$'];

/// The most rows that a part may ask for.
pub(super) const MOST_ROWS: usize = 200;

/// What is shown at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The rows from the top, without blanks at their ends.
    pub lines: Vec<String>,
    /// The columns of the pane.
    pub cols: usize,
    /// The row of the cursor.
    pub cursor_row: usize,
    /// The title that the program set.
    pub title: Option<String>,
    /// The progress that it reports.
    pub progress: Option<String>,
    /// What it notified of last, for as long as that counts.
    pub notification: Option<String>,
}

/// A part of what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Region {
    /// All rows.
    Screen,
    /// The last rows, blank ones within them included.
    Bottom(usize),
    /// The last rows that are not blank.
    BottomNonempty(usize),
    /// The first rows that are not blank.
    TopNonempty(usize),
    /// The last row that is not blank.
    LastLine,
    /// The row of the cursor.
    CursorLine,
    /// What stands below the last rule but so many; 1 is the last.
    AfterRule(usize),
    /// What stands between the rules of the prompt box.
    PromptBox,
    /// The last rows above the prompt box that are not blank.
    AbovePromptBox(usize),
    /// All below the prompt box.
    BelowPromptBox,
    /// The first row below the prompt box, or the last row if there is no box.
    ModeLine,
    /// What stands in the last frame, without the frame.
    LastFrame,
    /// The title.
    Title,
    /// The progress.
    Progress,
    /// The notification.
    Notification,
}

/// The names of parts that take no number, and those that take one.
const PLAIN: &[(&str, Region)] = &[
    ("screen", Region::Screen),
    ("last_line", Region::LastLine),
    ("cursor_line", Region::CursorLine),
    ("after_last_rule", Region::AfterRule(1)),
    ("prompt_box", Region::PromptBox),
    ("above_prompt_box", Region::AbovePromptBox(MOST_ROWS)),
    ("below_prompt_box", Region::BelowPromptBox),
    ("mode_line", Region::ModeLine),
    ("last_frame", Region::LastFrame),
    ("title", Region::Title),
    ("progress", Region::Progress),
    ("notification", Region::Notification),
];
const COUNTED: [&str; 5] = [
    "bottom",
    "bottom_nonempty",
    "top_nonempty",
    "after_rule",
    "above_prompt_box",
];

impl Region {
    /// The part of that name: `title`, `bottom_nonempty(5)`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if let Some((_, region)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
            return Some(*region);
        }
        let (word, rest) = name.split_once('(')?;
        let count: usize = rest.strip_suffix(')')?.trim().parse().ok()?;
        let region = match word {
            "bottom" => Self::Bottom(count),
            "bottom_nonempty" => Self::BottomNonempty(count),
            "top_nonempty" => Self::TopNonempty(count),
            "after_rule" => Self::AfterRule(count),
            "above_prompt_box" => Self::AbovePromptBox(count),
            _ => return None,
        };
        (1..=MOST_ROWS).contains(&count).then_some(region)
    }

    /// All names, for those who mistype one.
    pub(super) fn names() -> impl Iterator<Item = String> {
        let plain = PLAIN.iter().map(|(name, _)| (*name).to_owned());
        plain.chain(COUNTED.iter().map(|name| format!("{name}(N)")))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = PLAIN.iter().find(|(_, region)| region == self) {
            return formatter.write_str(name);
        }
        let (name, count) = match self {
            Self::Bottom(count) => ("bottom", count),
            Self::BottomNonempty(count) => ("bottom_nonempty", count),
            Self::TopNonempty(count) => ("top_nonempty", count),
            Self::AfterRule(count) => ("after_rule", count),
            Self::AbovePromptBox(count) => ("above_prompt_box", count),
            _ => return formatter.write_str("screen"),
        };
        write!(formatter, "{name}({count})")
    }
}

/// The rows of a part; absent if the screen has no such part.
pub(super) type Rows<'a> = Option<Vec<&'a str>>;

/// A view with what all parts are found by.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    view: &'a View,
    /// The rows up to the last one that is not blank.
    lines: &'a [String],
    /// The rows that are rules.
    rules: Vec<usize>,
    /// The rules of the prompt box.
    prompt_box: Option<(usize, usize)>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        let end = view
            .lines
            .iter()
            .rposition(|line| !line.is_empty())
            .map_or(0, |last| last + 1);
        let lines = &view.lines[..end];
        let rules: Vec<usize> = (0..end)
            .filter(|row| is_rule(&lines[*row], view.cols))
            .collect();
        let prompt_box = prompt_box(lines, &rules);
        Self {
            view,
            lines,
            rules,
            prompt_box,
        }
    }

    /// The rows of a part.
    pub(super) fn rows(&self, region: Region) -> Rows<'a> {
        let end = self.lines.len();
        match region {
            Region::Screen => self.range(0..end),
            Region::Bottom(count) => self.range(end.saturating_sub(count)..end),
            Region::BottomNonempty(count) => self.last_nonempty(end, count),
            Region::TopNonempty(count) => {
                let rows = self.nonempty(0..end).take(count);
                Some(rows.collect()).filter(|rows: &Vec<_>| !rows.is_empty())
            }
            Region::LastLine => self.last_nonempty(end, 1),
            Region::CursorLine => {
                let row = self.view.lines.get(self.view.cursor_row)?;
                Some(vec![row.as_str()])
            }
            Region::AfterRule(count) => {
                let at = self.rules.len().checked_sub(count)?;
                self.range(self.rules[at] + 1..end)
            }
            Region::PromptBox => self
                .prompt_box
                .and_then(|(top, end)| self.range(top + 1..end)),
            Region::AbovePromptBox(count) => self.last_nonempty(self.prompt_box?.0, count),
            Region::BelowPromptBox => self.range(self.prompt_box?.1 + 1..end),
            Region::ModeLine => match self.prompt_box {
                Some((_, bottom)) => self.nonempty(bottom + 1..end).next().map(|row| vec![row]),
                None => self.last_nonempty(end, 1),
            },
            Region::LastFrame => last_frame(self.lines),
            Region::Title => one(self.view.title.as_ref()),
            Region::Progress => one(self.view.progress.as_ref()),
            Region::Notification => one(self.view.notification.as_ref()),
        }
    }

    fn range(&self, rows: Range<usize>) -> Rows<'a> {
        let rows = self.lines.get(rows)?;
        Some(rows.iter().map(String::as_str).collect())
    }

    fn nonempty(&self, rows: Range<usize>) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
        let rows = self.lines.get(rows).unwrap_or_default();
        rows.iter()
            .map(String::as_str)
            .filter(|row| !row.is_empty())
    }

    fn last_nonempty(&self, end: usize, count: usize) -> Rows<'a> {
        let mut rows: Vec<&str> = self.nonempty(0..end).rev().take(count).collect();
        rows.reverse();
        (!rows.is_empty()).then_some(rows)
    }
}

fn one(text: Option<&String>) -> Rows<'_> {
    text.filter(|text| !text.is_empty())
        .map(|text| vec![text.as_str()])
}

/// Whether a row is a rule as wide as the pane, which may have a label in it.
fn is_rule(line: &str, cols: usize) -> bool {
    let is_stroke = |one: char| matches!(one, '\u{2500}' | '\u{2501}');
    // One column of indentation at the most: what a tool has printed stands further right.
    let text = line.strip_prefix(' ').unwrap_or(line);
    if !text.starts_with(is_stroke) {
        return false;
    }
    let (strokes, all) = text.chars().fold((0, 0), |(strokes, all), one| {
        (strokes + usize::from(is_stroke(one)), all + 1)
    });
    let wide = cols.saturating_sub(cols / 20 + 3).max(8);
    let corners = [
        '\u{256e}', '\u{2510}', '\u{252c}', '\u{2534}', '\u{253c}', '\u{2524}',
    ];
    all >= wide && strokes * 2 >= all && !text.contains(corners)
}

/// The last two rules, if what is between them begins with a prompt's sign.
fn prompt_box(lines: &[String], rules: &[usize]) -> Option<(usize, usize)> {
    let [.., top, bottom] = rules else {
        return None;
    };
    let first = lines.get(top + 1).filter(|_| top + 1 < *bottom)?;
    first
        .trim_start()
        .starts_with(PROMPT_SIGNS)
        .then_some((*top, *bottom))
}

/// The rows within the last frame that is drawn with corners, without its sides. A frame whose lower edge is not on the
/// screen ends with it.
fn last_frame(lines: &[String]) -> Rows<'_> {
    let begins = |line: &String| {
        line.trim_start()
            .starts_with(['\u{256d}', '\u{250c}', '\u{250f}'])
    };
    let ends = |line: &String| {
        line.trim_start()
            .starts_with(['\u{2570}', '\u{2514}', '\u{2517}'])
    };
    let top = lines.iter().rposition(begins)?;
    let rest = &lines[top + 1..];
    let bottom = rest.iter().position(ends).unwrap_or(rest.len());
    Some(rest[..bottom].iter().map(|line| unframed(line)).collect())
}

/// A row without the sides of a frame.
pub(super) fn unframed(line: &str) -> &str {
    let sides = ['\u{2502}', '\u{2503}', '\u{2551}', '|'];
    let line = line.trim();
    let line = line.strip_prefix(sides).unwrap_or(line);
    line.strip_suffix(sides).unwrap_or(line).trim()
}

/// Rows as one text, on which words are found however they were wrapped: without frames, with single spaces.
pub(super) fn flat(rows: &[&str]) -> String {
    let mut flat = String::with_capacity(rows.iter().map(|row| row.len() + 1).sum());
    for word in rows.iter().flat_map(|row| unframed(row).split_whitespace()) {
        if !flat.is_empty() {
            flat.push(' ');
        }
        flat.push_str(word);
    }
    flat
}

/// A flat text as it is compared with others: in lower case, with straight apostrophes.
pub(super) fn folded(text: &str) -> String {
    text.chars()
        .map(|one| match one {
            '\u{2018}' | '\u{2019}' => '\'',
            one => one,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn view(text: &str) -> View {
        View {
            lines: text.lines().map(str::to_owned).collect(),
            cols: 20,
            ..View::default()
        }
    }

    #[track_caller]
    fn check(text: &str, rows: &[(&str, Option<&[&str]>)]) {
        let view = view(text);
        let layout = Layout::new(&view);
        for (name, expected) in rows {
            let region = Region::named(name).unwrap();
            assert_eq!(layout.rows(region).as_deref(), *expected, "{name}\n{text}");
            assert_eq!(Region::named(&region.to_string()), Some(region));
        }
    }

    #[test]
    fn parts_of_a_prompt_box_are_found() {
        let rule = "\u{2500}".repeat(20);
        let text = format!(
            "said\n\n* Thinking\n{rule}\n\u{276f} typed\n  more\n{rule}\n  mode\n\n  rows\n\n"
        );
        check(
            &text,
            &[
                ("prompt_box", Some(&["\u{276f} typed", "  more"])),
                ("above_prompt_box(1)", Some(&["* Thinking"])),
                ("above_prompt_box", Some(&["said", "* Thinking"])),
                ("below_prompt_box", Some(&["  mode", "", "  rows"])),
                ("mode_line", Some(&["  mode"])),
                ("last_line", Some(&["  rows"])),
                ("bottom(2)", Some(&["", "  rows"])),
                ("bottom_nonempty(2)", Some(&["  mode", "  rows"])),
                ("top_nonempty(1)", Some(&["said"])),
                ("after_last_rule", Some(&["  mode", "", "  rows"])),
                ("after_rule(3)", None),
                ("title", None),
                ("last_frame", None),
            ],
        );
    }

    #[test]
    fn what_only_looks_like_a_rule_is_none() {
        let dashes = "\u{254c}".repeat(20);
        let short = "\u{2500}".repeat(12);
        let indented = format!("     {}", "\u{2500}".repeat(15));
        let table = format!("{}\u{253c}{}", "\u{2500}".repeat(10), "\u{2500}".repeat(9));
        for line in [&dashes, &short, &indented, &table] {
            assert!(!is_rule(line, 20), "{line}");
        }
        let labelled = format!("{} label \u{2500}", "\u{2500}".repeat(12));
        for line in ["\u{2500}".repeat(20), "\u{2500}".repeat(18), labelled] {
            assert!(is_rule(&line, 20), "{line}");
        }
    }

    #[test]
    fn frames_lose_their_sides() {
        let text = "\u{256d}\u{2500}\u{256e}\n\u{2502} Allow execution  \u{2502}\n\u{2502} of this?  \u{2502}\n\u{2570}\u{2500}\u{256f}\nbelow";
        check(
            text,
            &[("last_frame", Some(&["Allow execution", "of this?"]))],
        );
        let view = view(text);
        let rows = Layout::new(&view).rows(Region::Screen).unwrap();
        assert!(folded(&flat(&rows)).contains("allow execution of this?"));
    }

    #[test]
    fn an_empty_screen_has_no_parts() {
        let none: &[&str] = &[];
        check(
            "\n\n",
            &[
                ("screen", Some(none)),
                ("last_line", None),
                ("mode_line", None),
            ],
        );
        assert_eq!(Region::named("bottom(0)"), None);
        assert_eq!(Region::named("bottom"), None);
        assert_eq!(Region::named("above_prompt_box(201)"), None);
    }
}
