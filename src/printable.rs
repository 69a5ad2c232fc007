//! Text that can't act on the terminal that shows it.
//!
//! Anyone who runs a program in a pane chooses its output, its title and its command's name, and so what stands in events,
//! names and logs. This module knows nothing of where the text comes from or goes to.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Control characters, C1 among them, line and paragraph separators, what changes the direction of text, and what hides
/// text: letters that no terminal shows, but that anyone who copies the text, or a program that reads it, gets.
///
/// Joiners and variation selectors are none of these: scripts and emoji need them.
#[must_use]
pub fn acts_on_terminals(c: char) -> bool {
    c.is_control() || turns_text(c) || hides_text(c)
}

/// Separators of lines and paragraphs, and marks, embeddings, overrides and isolates of direction.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Tags (a whole alphabet that is never shown), widths of nothing, and marks that Unicode keeps for programs' own use.
fn hides_text(c: char) -> bool {
    matches!(
        c,
        '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// The text on one line, with all that acts on terminals spelt out, such as `\u{1b}` and `\n`.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(acts_on_terminals) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts_on_terminals(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// A JSON text on one line that means the same, with all that acts on terminals as `\u` escapes.
///
/// JSON itself asks for that only with C0 controls. Outside strings such a character can only be white space.
#[must_use]
pub fn json_line(json: &str) -> Cow<'_, str> {
    if !json.contains(acts_on_terminals) {
        return Cow::Borrowed(json);
    }
    let mut line = String::with_capacity(json.len() + 16);
    let (mut in_string, mut behind_backslash) = (false, false);
    for c in json.chars() {
        match c {
            _ if !acts_on_terminals(c) => line.push(c),
            _ if in_string => push_unicode_escape(&mut line, c),
            _ => line.push(' '),
        }
        in_string ^= c == '"' && !behind_backslash;
        behind_backslash = in_string && c == '\\' && !behind_backslash;
    }
    Cow::Owned(line)
}

fn push_unicode_escape(line: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string can't fail.
        let _ = write!(line, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_acts_is_spelt_out_and_all_else_stays() {
        let rows = [
            ("", ""),
            ("caf\u{e9} \u{1f600} \\ \"", "caf\u{e9} \u{1f600} \\ \""),
            ("\u{1b}]52;c;AAAA\u{7}", "\\u{1b}]52;c;AAAA\\u{7}"),
            ("a\nb\rc\td", "a\\nb\\rc\\td"),
            ("\u{9b}31m\u{7f}", "\\u{9b}31m\\u{7f}"),
            ("\u{202e}cba\u{2069}", "\\u{202e}cba\\u{2069}"),
            ("a\u{e0041}\u{feff}", "a\\u{e0041}\\u{feff}"),
            (
                "\u{1f468}\u{200d}\u{1f469}\u{fe0f}",
                "\u{1f468}\u{200d}\u{1f469}\u{fe0f}",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(escaped(text), expected, "{text:?}");
        }
    }

    #[test]
    fn json_keeps_its_meaning_on_one_harmless_line() {
        let every: String = (0..=0xe_0100).filter_map(char::from_u32).collect();
        let value = json!({ "a\u{9b}\\": ["\\", "\"\u{202e}", "\\\"\u{85}", every], "n": 1.5 });
        for text in [value.to_string(), format!("{value:#}").replace("  ", "\t")] {
            let line = json_line(&text);
            assert!(!line.contains(acts_on_terminals));
            assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
        }
        assert!(matches!(json_line("{\"a\":1}"), Cow::Borrowed(_)));
    }
}
