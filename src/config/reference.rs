//! The table of settings as a chapter of the documentation.

use std::fmt::Write as _;

use crate::config::table::{self, Row};

/// The reference of all settings in Markdown, as it stands in `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let rows = table::rows();
    let mut text = String::new();
    for (section, doc) in table::SECTIONS {
        let prefix = format!("{section}.");
        let _ = write!(text, "\n### {section}\n\n{}\n\n", doc.trim());
        text.push_str("| key | default | value | variable |\n| --- | --- | --- | --- |\n");
        for row in rows.iter().filter(|row| row.name.starts_with(&prefix)) {
            text.push_str(&line(row, &prefix));
        }
    }
    text
}

fn line(row: &Row, prefix: &str) -> String {
    let key = row.name.trim_start_matches(prefix);
    let default = if row.default.is_empty() {
        "empty".to_owned()
    } else {
        format!("`{}`", row.default)
    };
    let (doc, expected, variable) = (&row.doc, &row.expected, row.variable());
    format!("| `{key}` | {default} | {doc} Must be {expected}. | `{variable}` |\n")
}
