//! What a person presses, out of what comes from a terminal, which says much else.

/// A key, as far as the demo's agents know any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Enter.
    Enter,
    /// Escape alone.
    Escape,
    /// The arrow up.
    Up,
    /// The arrow down.
    Down,
    /// Backspace.
    Backspace,
    /// Ctrl and C.
    Interrupt,
    /// A letter, or what else is printed.
    Character(char),
}

/// How long a control string may be that a terminal sends.
const LONGEST: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    /// Behind `ESC [`.
    Control,
    /// Behind `ESC O`.
    Single,
    /// A string that the terminal sends; whether an escape has come in it.
    Text(bool),
}

/// Reads keys from bytes, which may come in any pieces.
#[derive(Debug)]
pub struct Keys {
    state: State,
    /// Of a sequence or a character that is not complete.
    held: Vec<u8>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            state: State::Ground,
            held: Vec::new(),
        }
    }
}

impl Keys {
    /// Whether an Escape has come that may be a key, or the beginning of something: time tells.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.state == State::Escape
    }

    /// Nothing more has come: an Escape was the key.
    pub fn decide(&mut self) -> Option<Key> {
        let is_key = self.is_undecided();
        if is_key {
            self.state = State::Ground;
        }
        is_key.then_some(Key::Escape)
    }

    /// Reads on.
    pub fn read(&mut self, bytes: &[u8]) -> Vec<Key> {
        bytes.iter().filter_map(|byte| self.byte(*byte)).collect()
    }

    fn byte(&mut self, byte: u8) -> Option<Key> {
        match self.state {
            State::Ground => self.ground(byte),
            State::Escape => self.escape(byte),
            State::Control => {
                self.held.push(byte);
                if (0x40..=0x7e).contains(&byte) || self.held.len() > LONGEST {
                    return self.end(byte);
                }
                None
            }
            State::Single => self.end(byte),
            State::Text(escaped) => {
                self.held.push(byte);
                let is_over = byte == 0x07 || (escaped && byte == b'\\');
                self.state = if is_over || self.held.len() > LONGEST {
                    self.held.clear();
                    State::Ground
                } else {
                    State::Text(byte == 0x1b)
                };
                None
            }
        }
    }

    fn ground(&mut self, byte: u8) -> Option<Key> {
        match byte {
            0x1b => {
                self.held.clear();
                self.state = State::Escape;
                None
            }
            b'\r' | b'\n' => Some(Key::Enter),
            0x03 => Some(Key::Interrupt),
            0x08 | 0x7f => Some(Key::Backspace),
            0x00..=0x1f => None,
            _ => {
                self.held.push(byte);
                let read = std::str::from_utf8(&self.held);
                let is_begun = matches!(&read, Err(error) if error.error_len().is_none());
                let character = read.ok().and_then(|text| text.chars().next());
                if !is_begun {
                    self.held.clear();
                }
                character.map(Key::Character)
            }
        }
    }

    fn escape(&mut self, byte: u8) -> Option<Key> {
        self.state = match byte {
            b'[' => State::Control,
            b'O' => State::Single,
            b']' | b'P' | b'_' | b'^' | b'X' => State::Text(false),
            // One Escape behind another.
            0x1b => return Some(Key::Escape),
            // A key with Alt.
            _ => State::Ground,
        };
        None
    }

    /// The last byte of a sequence: arrows are keys, all else is what a terminal says of itself.
    fn end(&mut self, byte: u8) -> Option<Key> {
        let is_plain = self.held.len() <= 1;
        self.state = State::Ground;
        self.held.clear();
        match byte {
            b'A' if is_plain => Some(Key::Up),
            b'B' if is_plain => Some(Key::Down),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn read(bytes: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        let whole = keys.read(bytes);
        // In single bytes it is the same.
        let mut other = Keys::default();
        let split: Vec<Key> = bytes.iter().flat_map(|byte| other.read(&[*byte])).collect();
        assert_eq!(whole, split);
        whole
    }

    #[test]
    fn keys_are_read() {
        assert_eq!(read(b"y\r"), [Key::Character('y'), Key::Enter]);
        assert_eq!(
            read(b"\x1b[A\x1bOB\x7f\x03"),
            [Key::Up, Key::Down, Key::Backspace, Key::Interrupt]
        );
        assert_eq!(
            read("\u{e9}\u{4e2d}".as_bytes()),
            [Key::Character('\u{e9}'), Key::Character('\u{4e2d}')]
        );
        // What is no UTF-8 is nothing, and does not swallow what comes behind it.
        assert_eq!(read(b"\xff\xfea"), [Key::Character('a')]);
    }

    #[test]
    fn what_a_terminal_says_of_itself_is_no_key() {
        let said: &[&[u8]] = &[
            b"\x1b[I",
            b"\x1b[O",
            b"\x1b[?1;2c",
            b"\x1b[>84;0;0c",
            b"\x1b[24;80R",
            b"\x1b[?997;1n",
            b"\x1b]11;rgb:0000/0000/0000\x1b\\",
            b"\x1b]10;rgb:ffff/ffff/ffff\x07",
            b"\x1bP>|tmux 3.8\x1b\\",
            b"\x1b[<0;10;10M",
            b"\x1b[1;5A",
            b"\x1bf",
        ];
        for one in said {
            assert_eq!(read(one), [], "{one:?}");
        }
        assert_eq!(
            read(&[&said.concat()[..], b"1"].concat()),
            [Key::Character('1')]
        );
    }

    #[test]
    fn a_paste_is_what_is_in_it() {
        let keys = read(b"\x1b[200~ab\x1b[201~\r");
        assert_eq!(keys, [Key::Character('a'), Key::Character('b'), Key::Enter]);
    }

    #[test]
    fn an_escape_is_a_key_once_nothing_follows() {
        let mut keys = Keys::default();
        assert_eq!(keys.read(b"\x1b"), []);
        assert!(keys.is_undecided());
        assert_eq!(keys.decide(), Some(Key::Escape));
        assert_eq!(keys.decide(), None);
        assert_eq!(keys.read(b"\x1b\x1b"), [Key::Escape]);
        assert_eq!(keys.decide(), Some(Key::Escape));
        assert_eq!(keys.read(b"\x1b["), []);
        assert!(!keys.is_undecided());
        assert_eq!(keys.read(b"A"), [Key::Up]);
    }
}
