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

/// The modifiers that are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Modifiers {
    pub(super) control: bool,
    pub(super) meta: bool,
    pub(super) shift: bool,
}

impl Modifiers {
    /// None is held.
    pub(super) const NONE: Self = Self {
        control: false,
        meta: false,
        shift: false,
    };

    /// The modifiers of a name, in any order and each at most once, and what stands behind them.
    pub(super) fn split(text: &str) -> Option<(Self, &str)> {
        let mut base = text;
        let mut held = Self::NONE;
        while let [letter, b'-', _, ..] = base.as_bytes() {
            let modifier = match letter {
                b'C' => &mut held.control,
                b'M' => &mut held.meta,
                b'S' => &mut held.shift,
                _ => return None,
            };
            if std::mem::replace(modifier, true) {
                return None;
            }
            base = base.get(2..)?;
        }
        Some((held, base))
    }

    /// The number that stands for them in escape sequences.
    pub(super) fn parameter(self) -> u8 {
        1 + u8::from(self.shift) + 2 * u8::from(self.meta) + 4 * u8::from(self.control)
    }
}

impl KeyName {
    /// The key of this name. Modifiers may come in any order; names are matched without regard to case.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (held, base) = Modifiers::split(text)?;
        Some(Self::with(base_name(base)?, held))
    }

    /// The key of a canonical name, with modifiers.
    pub(super) fn with(base: &str, held: Modifiers) -> Self {
        let letters = [(held.control, "C-"), (held.meta, "M-"), (held.shift, "S-")];
        let held = letters.iter().filter(|(held, _)| *held);
        Self(held.map(|(_, letter)| *letter).chain([base]).collect())
    }

    /// The canonical name without its modifiers.
    pub(super) fn base(&self) -> &str {
        Modifiers::split(&self.0).map_or(&*self.0, |(_, base)| base)
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
