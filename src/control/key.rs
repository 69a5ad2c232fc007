//! Key names as `send-keys` knows them.
//!
//! tmux types a name that it doesn't know as text, so that a name is checked here, once.

use std::fmt;

/// The keys that have names, as tmux writes them; all are known from 3.1c to 3.8.
const NAMED: [&str; 46] = [
    "BSpace", "BTab", "DC", "Delete", "Down", "End", "Enter", "Escape", "F1", "F10", "F11", "F12",
    "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "Home", "IC", "Insert", "KP*", "KP+", "KP-",
    "KP.", "KP/", "KP0", "KP1", "KP2", "KP3", "KP4", "KP5", "KP6", "KP7", "KP8", "KP9", "KPEnter",
    "Left", "NPage", "PPage", "Right", "Space", "Tab", "Up",
];

/// Names that people also use, and tmux's own for them.
const SYNONYMS: [(&str, &str); 4] = [
    ("PageDown", "NPage"),
    ("PgDn", "NPage"),
    ("PageUp", "PPage"),
    ("PgUp", "PPage"),
];

/// A key that tmux knows: `C-`, `M-` and `S-` in this order, each at most once, and a name or one printable character.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// The key of this name. Modifiers may come in any order; names are matched without regard to case.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let mut base = text;
        let mut modifiers = [('C', false), ('M', false), ('S', false)];
        while let [letter, b'-', _, ..] = base.as_bytes() {
            let (_, held) = modifiers
                .iter_mut()
                .find(|(known, _)| *known as u8 == *letter)?;
            if std::mem::replace(held, true) {
                return None;
            }
            base = base.get(2..)?;
        }
        let held = modifiers
            .iter()
            .filter(|(_, held)| *held)
            .flat_map(|(letter, _)| [*letter, '-']);
        Some(Self(held.chain(base_name(base)?.chars()).collect()))
    }

    /// The name as tmux takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The canonical name of a key without modifiers.
fn base_name(base: &str) -> Option<&str> {
    if base.len() == 1 && base.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(base);
    }
    let synonym = SYNONYMS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(base))
        .map(|(_, own)| *own);
    synonym.or_else(|| {
        NAMED
            .into_iter()
            .find(|name| name.eq_ignore_ascii_case(base))
    })
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
