//! What a key is typed as: tmux's own name for it where tmux is right in every mode of a pane, bytes where they are the
//! same in every mode, and both where the mode decides.
//!
//! tmux types the letters of a key's name when it has no bytes for the key in the pane's present mode, and sometimes
//! nothing, without an error. Which keys these are depends on its version: from 3.5 on it has forms for nearly all and
//! says which mode a pane is in (`#{pane_key_mode}`); before, it knows only the keys of an old terminal, and whether the
//! program has asked for extended keys can't be asked. A key that would go wrong is refused here, before anything is typed.

use super::argument::InputBytes;
use super::key::{KeyName, Modifiers};
use super::typing::{Case, Stroke};

/// Keys whose bytes with modifiers are `CSI 1 ; MODIFIER LETTER` or `CSI NUMBER ; MODIFIER ~`, alike in every mode.
const FUNCTION: [(&str, &str, char); 24] = [
    ("Up", "1", 'A'),
    ("Down", "1", 'B'),
    ("Right", "1", 'C'),
    ("Left", "1", 'D'),
    ("Home", "1", 'H'),
    ("End", "1", 'F'),
    ("F1", "1", 'P'),
    ("F2", "1", 'Q'),
    ("F3", "1", 'R'),
    ("F4", "1", 'S'),
    ("F5", "15", '~'),
    ("F6", "17", '~'),
    ("F7", "18", '~'),
    ("F8", "19", '~'),
    ("F9", "20", '~'),
    ("F10", "21", '~'),
    ("F11", "23", '~'),
    ("F12", "24", '~'),
    ("IC", "2", '~'),
    ("Insert", "2", '~'),
    ("DC", "3", '~'),
    ("Delete", "3", '~'),
    ("PPage", "5", '~'),
    ("NPage", "6", '~'),
];

/// Keys that are one byte on an old terminal, and have no form of their own for Ctrl and Shift there.
const SINGLE: [(&str, u8); 5] = [
    ("Space", b' '),
    ("Enter", b'\r'),
    ("Tab", b'\t'),
    ("Escape", 0x1b),
    ("BSpace", 0x7f),
];

/// What old terminals send for Shift and Tab.
const BACK_TAB: &[u8] = b"\x1b[Z";

/// Characters that keep what they are when Ctrl is held on an old terminal, so that they can be named with it.
const KEPT_UNDER_CONTROL: &str = "190=;',.";

/// How tmux types keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyboard {
    reports_mode: bool,
}

/// Why a name can't be typed as a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyError {
    /// It is no name of a key.
    Unknown,
    /// tmux has no bytes for it, or not in every mode in which the pane may be; this says why and what to do.
    Unsupported(String),
}

impl Keyboard {
    /// The keyboard of a tmux that does or doesn't say in which mode a pane wants its keys: from 3.5 on.
    #[must_use]
    pub fn new(reports_mode: bool) -> Self {
        Self { reports_mode }
    }

    /// What to type for a key.
    ///
    /// # Errors
    /// It is no key, or one that can't be typed.
    pub fn stroke(self, name: &str) -> Result<Stroke, KeyError> {
        let (modifiers, base) = Modifiers::split(name).ok_or(KeyError::Unknown)?;
        let mut characters = base.chars();
        if let (Some(character), None) = (characters.next(), characters.next())
            && !character.is_ascii()
        {
            return beyond_ascii(modifiers, character);
        }
        let key = KeyName::new(name).ok_or_else(|| unknown(base))?;
        self.named(&key, modifiers)
    }

    fn named(self, key: &KeyName, modifiers: Modifiers) -> Result<Stroke, KeyError> {
        let base = key.base();
        if let Some((_, number, last)) = FUNCTION.iter().find(|(name, ..)| *name == base) {
            return Ok(match modifiers {
                Modifiers::NONE => Stroke::Key(key.clone()),
                held => bytes(format!("\x1b[{number};{}{last}", held.parameter()).as_bytes())?,
            });
        }
        if base == "BTab" || (base == "Tab" && modifiers.shift) {
            return self.back_tab(modifiers);
        }
        if let Some((_, byte)) = SINGLE.iter().find(|(name, _)| *name == base) {
            return self.single(key, modifiers, *byte);
        }
        match base.as_bytes() {
            [character] => self.character(key, modifiers, *character),
            _ => keypad(key, modifiers),
        }
    }

    fn back_tab(self, held: Modifiers) -> Result<Stroke, KeyError> {
        let held = Modifiers {
            shift: false,
            ..held
        };
        let key = KeyName::with("BTab", held);
        let plain = escaped(held, BACK_TAB);
        if held == Modifiers::NONE {
            return Ok(Stroke::Key(key));
        }
        if self.reports_mode {
            return either(Case::NotAllKeysExtended, &plain, key);
        }
        if held.control {
            return Err(before_extended(
                Modifiers {
                    shift: true,
                    ..held
                },
                b'\t',
            ));
        }
        bytes(&plain)
    }

    /// Space, Enter, Tab, Escape and backspace.
    fn single(self, key: &KeyName, held: Modifiers, byte: u8) -> Result<Stroke, KeyError> {
        let own = Stroke::Key(key.clone());
        match byte {
            b' ' if held.control && !held.shift => return Ok(own),
            _ if !held.control && !held.shift => return Ok(own),
            _ if !self.reports_mode => return Err(before_extended(held, byte)),
            _ => {}
        }
        match byte {
            // Without extended keys tmux types the letters of these names.
            0x1b if held.control => either(Case::OldTerminal, &escaped(held, b"\x1b"), key.clone()),
            0x7f if held.control => either(Case::OldTerminal, &escaped(held, b"\x08"), key.clone()),
            _ => Ok(own),
        }
    }

    fn character(self, key: &KeyName, held: Modifiers, character: u8) -> Result<Stroke, KeyError> {
        let own = || Ok(Stroke::Key(key.clone()));
        if held.shift && !character.is_ascii_alphabetic() {
            let why = "Shift gives another character, and which one depends on the keyboard: name that one instead";
            return Err(KeyError::Unsupported(why.to_owned()));
        }
        if !held.control {
            let shifted = held.shift.then(|| character.to_ascii_uppercase());
            let shifted = shifted.map(|upper| {
                let held = Modifiers {
                    shift: false,
                    ..held
                };
                KeyName::with(&char::from(upper).to_string(), held)
            });
            return shifted.map_or_else(own, |key| Ok(Stroke::Key(key)));
        }
        if held.shift {
            return match self.reports_mode {
                true => own(),
                false => Err(before_extended(held, character)),
            };
        }
        match control_code(character) {
            Some(_) if self.reports_mode => own(),
            // It knows letters and what stands beside them; the others it types in some modes only.
            Some(code) => bytes(&escaped(held, &[code])),
            None if self.reports_mode && KEPT_UNDER_CONTROL.contains(char::from(character)) => {
                own()
            }
            None => {
                let why = "terminals have no byte for Ctrl with this character: send as text what the program expects";
                Err(KeyError::Unsupported(why.to_owned()))
            }
        }
    }
}

/// What Ctrl makes of a character on an old terminal.
fn control_code(character: u8) -> Option<u8> {
    match character {
        b'@'..=b'~' => Some(character & 0x1f),
        b'2' => Some(0),
        b'3'..=b'7' => Some(character - 0x18),
        b'8' | b'?' => Some(0x7f),
        b'-' | b'/' => Some(0x1f),
        _ => None,
    }
}

/// Any character as it is, with ESC before it for Meta.
fn beyond_ascii(held: Modifiers, character: char) -> Result<Stroke, KeyError> {
    if character.is_control() {
        return Err(KeyError::Unknown);
    }
    if held.control {
        let why = "terminals have no byte for Ctrl with a character beyond ASCII: send as text what the program expects";
        return Err(KeyError::Unsupported(why.to_owned()));
    }
    if held.shift {
        let why = "Shift gives another character: name that one instead";
        return Err(KeyError::Unsupported(why.to_owned()));
    }
    bytes(&escaped(held, character.to_string().as_bytes()))
}

fn keypad(key: &KeyName, held: Modifiers) -> Result<Stroke, KeyError> {
    if held.control || held.shift {
        let why = "keys of the keypad have no form with Ctrl or Shift: name the key without KP, or without modifiers";
        return Err(KeyError::Unsupported(why.to_owned()));
    }
    if key.base() == "KPEnter" {
        // tmux types a line feed, where terminals send what Enter sends.
        return either(Case::NumericKeypad, &escaped(held, b"\r"), key.clone());
    }
    Ok(Stroke::Key(key.clone()))
}

/// What is said of a name that is none of tmux's.
fn unknown(base: &str) -> KeyError {
    let number = base.strip_prefix(['F', 'f']).map(str::parse);
    match number {
        Some(Ok(number @ 13_u32..=24)) => KeyError::Unsupported(format!(
            "tmux knows F1 to F12; terminals send for F{number} what they send for S-F{}",
            number - 12
        )),
        _ => KeyError::Unknown,
    }
}

/// Why a tmux that doesn't say the pane's mode can't be asked for a key.
fn before_extended(held: Modifiers, code: u8) -> KeyError {
    KeyError::Unsupported(format!(
        "tmux before 3.5 types it only into programs that have asked for extended keys, and doesn't say which have: \
         send as text what the program expects, such as \\u001b[{code};{}u",
        held.parameter()
    ))
}

/// With ESC before them if Meta is held.
fn escaped(held: Modifiers, plain: &[u8]) -> Vec<u8> {
    let escape: &[u8] = if held.meta { b"\x1b" } else { b"" };
    [escape, plain].concat()
}

fn bytes(bytes: &[u8]) -> Result<Stroke, KeyError> {
    let bytes = InputBytes::new(bytes.to_vec()).ok_or(KeyError::Unknown)?;
    Ok(Stroke::Bytes(bytes))
}

fn either(case: Case, bytes: &[u8], key: KeyName) -> Result<Stroke, KeyError> {
    let bytes = InputBytes::new(bytes.to_vec()).ok_or(KeyError::Unknown)?;
    Ok(Stroke::Either { case, bytes, key })
}
