//! Keys: how they are called, in the words of tmux, and what they become when they are typed into a pane.

use std::fmt;
use std::str::FromStr;

/// A key with what is held down beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The key.
    pub code: Code,
    /// With Ctrl.
    pub ctrl: bool,
    /// With Alt.
    pub alt: bool,
    /// With Shift, where that does not make another character.
    pub shift: bool,
}

/// A key alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A character.
    Char(char),
    /// F1 to F24.
    F(u8),
    /// Any other one.
    Named(Named),
}

/// Keys that have names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "they are called as what is printed on them")]
pub enum Named {
    Enter,
    Escape,
    Tab,
    BackTab,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Insert,
    Delete,
}

/// Each named key and what tmux calls it; then other names that are understood.
const NAMES: [(&str, Named); 21] = [
    ("Enter", Named::Enter),
    ("Escape", Named::Escape),
    ("Tab", Named::Tab),
    ("BTab", Named::BackTab),
    ("BSpace", Named::Backspace),
    ("Up", Named::Up),
    ("Down", Named::Down),
    ("Left", Named::Left),
    ("Right", Named::Right),
    ("Home", Named::Home),
    ("End", Named::End),
    ("PPage", Named::PageUp),
    ("NPage", Named::PageDown),
    ("IC", Named::Insert),
    ("DC", Named::Delete),
    ("Esc", Named::Escape),
    ("Backspace", Named::Backspace),
    ("PageUp", Named::PageUp),
    ("PageDown", Named::PageDown),
    ("Insert", Named::Insert),
    ("Delete", Named::Delete),
];

/// A text that is the name of no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is the name of no key; write a character such as \"x\", or a name as tmux has it, such as \"Enter\", \"PPage\" \
     or \"F5\", with \"C-\" for Ctrl and \"M-\" for Alt before it, such as \"C-]\""
)]
pub struct NoKey(pub String);

impl Key {
    /// A key with nothing beside it.
    #[must_use]
    pub const fn plain(code: Code) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
            shift: false,
        }
    }

    /// A character.
    #[must_use]
    pub const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// A key with a name.
    #[must_use]
    pub const fn named(name: Named) -> Self {
        Self::plain(Code::Named(name))
    }

    /// A character with Ctrl.
    #[must_use]
    pub const fn ctrl(c: char) -> Self {
        Self {
            ctrl: true,
            ..Self::char(c)
        }
    }

    /// The character that is typed, if it is one and nothing else.
    #[must_use]
    pub fn text(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// The digit from 1 to 9, if it is one.
    #[must_use]
    pub fn digit(self) -> Option<u32> {
        let digit = self.text()?.to_digit(10)?;
        (digit > 0).then_some(digit)
    }
}

/// As tmux calls it, which is what servers take.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("C-")?;
        }
        if self.alt {
            f.write_str("M-")?;
        }
        if self.shift {
            f.write_str("S-")?;
        }
        match self.code {
            Code::Char(' ') => f.write_str("Space"),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(number) => write!(f, "F{number}"),
            Code::Named(name) => {
                let known = NAMES.iter().find(|(_, one)| *one == name);
                f.write_str(known.map_or("", |(text, _)| text))
            }
        }
    }
}

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let wrong = || NoKey(text.to_owned());
        let (mut key, mut rest) = (Self::char(' '), text);
        // The last character is the key, even if it is a dash.
        while let Some((before, behind)) = rest.split_once('-').filter(|(_, rest)| !rest.is_empty())
        {
            match before {
                "C" | "c" | "Ctrl" => key.ctrl = true,
                "M" | "m" | "Alt" => key.alt = true,
                "S" | "s" | "Shift" => key.shift = true,
                _ => return Err(wrong()),
            }
            rest = behind;
        }
        let mut chars = rest.chars();
        let number = rest.strip_prefix('F').and_then(|rest| rest.parse().ok());
        let named = NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(rest));
        key.code = match (chars.next(), chars.next(), number, named) {
            (Some(c), None, ..) if !c.is_control() => Code::Char(c),
            (_, _, Some(number @ 1..=24), _) => Code::F(number),
            (.., Some((_, name))) => Code::Named(*name),
            _ if rest.eq_ignore_ascii_case("Space") => Code::Char(' '),
            _ => return Err(wrong()),
        };
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn keys_are_called_as_tmux_calls_them() {
        let rows = [
            ("q", Key::char('q')),
            ("C-]", Key::ctrl(']')),
            ("C--", Key::ctrl('-')),
            ("-", Key::char('-')),
            ("Space", Key::char(' ')),
            ("C-Space", Key::ctrl(' ')),
            ("Enter", Key::named(Named::Enter)),
            ("PPage", Key::named(Named::PageUp)),
            ("F12", Key::plain(Code::F(12))),
            ("\u{e9}", Key::char('\u{e9}')),
        ];
        for (name, key) in rows {
            assert_eq!(name.parse(), Ok(key), "{name}");
            assert_eq!(key.to_string(), name);
        }
        let alt = Key {
            alt: true,
            ..Key::named(Named::Enter)
        };
        assert_eq!("M-Enter".parse(), Ok(alt));
        assert_eq!("Esc".parse(), Ok(Key::named(Named::Escape)));
        for wrong in ["", "C-", "Q-x", "enterr", "F25", "F0", "\u{1b}", "ab"] {
            let error = wrong.parse::<Key>().unwrap_err();
            assert!(error.to_string().contains("such as"), "{error}");
        }
    }
}
