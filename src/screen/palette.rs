//! The colours that a program gave to the terminal: OSC 4, 10, 11, 12, and what resets them.

use std::collections::BTreeMap;

use super::pen::number;

/// The longest name of a colour that is kept; tmux knows none that is longer.
const LONGEST_NAME: usize = 64;

/// The terminal's own colours by the number of their OSC sequence: foreground, background and cursor.
const OWN: [u16; 3] = [10, 11, 12];

/// What the program changed, by what it said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Palette {
    entries: BTreeMap<u8, Box<[u8]>>,
    own: BTreeMap<u16, Box<[u8]>>,
    /// Which of the entries and of the own colours would be known even if nothing had changed them.
    entries_known: bool,
    own_known: [bool; 3],
}

impl Palette {
    /// Nothing is changed.
    pub(super) fn untouched() -> Self {
        Self {
            entries_known: true,
            own_known: [true; 3],
            ..Self::default()
        }
    }

    /// Whether every colour is known.
    pub(super) fn is_known(&self) -> bool {
        let own = OWN.iter().zip(self.own_known);
        self.entries_known
            && own
                .into_iter()
                .all(|(code, known)| known || self.own.contains_key(code))
    }

    /// Nobody knows any more whether it is so.
    pub(super) fn doubt(&mut self) {
        self.entries_known = false;
        self.own_known = [false; 3];
    }

    /// The cursor's colour, if the program gave one.
    pub(super) fn cursor(&self) -> Option<&[u8]> {
        self.own.get(&12).map(|name| &**name)
    }

    /// An OSC string with this number, without it. `false` if it is about no colour.
    pub(super) fn apply(&mut self, code: u16, rest: &[u8]) -> bool {
        match code {
            4 => self.change_entries(rest),
            104 => self.reset_entries(rest),
            10..=12 => {
                if is_name(rest) {
                    self.own.insert(code, rest.into());
                }
            }
            110..=112 if rest.is_empty() => {
                self.own.remove(&(code - 100));
                self.own_known[usize::from(code - 110)] = true;
            }
            110..=112 => {}
            _ => return false,
        }
        true
    }

    /// The sequences that change a terminal's colours likewise.
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        for (index, name) in &self.entries {
            out.extend_from_slice(format!("\x1b]4;{index};").as_bytes());
            out.extend_from_slice(name);
            out.extend_from_slice(b"\x1b\\");
        }
        for (code, name) in &self.own {
            out.extend_from_slice(format!("\x1b]{code};").as_bytes());
            out.extend_from_slice(name);
            out.extend_from_slice(b"\x1b\\");
        }
    }

    fn change_entries(&mut self, rest: &[u8]) {
        let mut fields = rest.split(|byte| *byte == b';');
        while let (Some(index), Some(name)) = (fields.next(), fields.next()) {
            let Some(Ok(index)) = number(index).map(u8::try_from) else {
                return;
            };
            if is_name(name) {
                self.entries.insert(index, name.into());
            }
        }
    }

    fn reset_entries(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            self.entries.clear();
            self.entries_known = true;
            return;
        }
        for index in rest.split(|byte| *byte == b';') {
            if let Some(Ok(index)) = number(index).map(u8::try_from) {
                self.entries.remove(&index);
            }
        }
    }
}

/// Whether this may be a colour; a question mark asks for one.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name != b"?"
        && name.len() <= LONGEST_NAME
        && name.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(palette: &Palette) -> String {
        let mut out = Vec::new();
        palette.write_to(&mut out);
        String::from_utf8_lossy(&out)
            .replace("\x1b]", "<")
            .replace("\x1b\\", ">")
    }

    #[test]
    fn colours_are_changed_and_reset() {
        type Strings = &'static [(u16, &'static str)];
        let rows: [(Strings, &str, bool); 8] = [
            (&[(4, "1;red;300;x;2;blue")], "<4;1;red>", false),
            (
                &[(4, "1;red;2;rgb:00/11/22")],
                "<4;1;red><4;2;rgb:00/11/22>",
                false,
            ),
            (&[(4, "1;?"), (10, "?"), (52, "c;x")], "", false),
            (&[(4, "1;red;2;blue"), (104, "1")], "<4;2;blue>", false),
            (&[(4, "1;red"), (104, "")], "", false),
            (
                &[(10, "#fff"), (11, "black"), (12, "red"), (111, "")],
                "<10;#fff><12;red>",
                false,
            ),
            (&[(104, ""), (110, ""), (111, ""), (112, "")], "", true),
            (
                &[(104, ""), (10, "a"), (11, "b"), (12, "c"), (110, "x")],
                "<10;a><11;b><12;c>",
                true,
            ),
        ];
        for (strings, expected, known) in rows {
            let mut palette = Palette::default();
            for (code, rest) in strings {
                palette.apply(*code, rest.as_bytes());
            }
            assert_eq!(written(&palette), expected, "{strings:?}");
            assert_eq!(palette.is_known(), known, "{strings:?}");
        }
        assert!(Palette::untouched().is_known());
    }
}
