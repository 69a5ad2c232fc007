//! What keys do where nothing is typed, and which keys those are.

use std::collections::BTreeMap;

use super::keys::{Code, Key, Named};

/// Makes the enum of commands with a name, the keys it has at first, and what it does.
macro_rules! commands {
    ($($variant:ident $name:literal [$($key:expr),*] $does:literal,)+) => {
        /// Something that a key does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "what each does stands in the table")]
        pub enum Command {
            $($variant,)+
        }

        impl Command {
            /// Every command, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What the configuration calls it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What it does, for people.
            #[must_use]
            pub const fn does(self) -> &'static str {
                match self {
                    $(Self::$variant => $does,)+
                }
            }

            /// The keys that it has unless the configuration says otherwise.
            fn keys(self) -> Vec<Key> {
                match self {
                    $(Self::$variant => vec![$($key),*],)+
                }
            }
        }
    };
}

const fn name(name: Named) -> Key {
    Key::named(name)
}

const fn letter(c: char) -> Key {
    Key::char(c)
}

commands! {
    Up "up" [name(Named::Up), letter('k')] "go up",
    Down "down" [name(Named::Down), letter('j')] "go down",
    First "first" [name(Named::Home), letter('g')] "go to the first row",
    Last "last" [name(Named::End), letter('G')] "go to the last row",
    Next "next" [letter('n')] "go to the next agent that wants something",
    Type "type" [name(Named::Enter)] "type into the pane",
    Prompt "prompt" [letter('p')] "write a prompt, for the agent or all that are marked",
    Mark "mark" [letter(' ')] "mark the agent for a prompt to several, or not any more",
    Seen "seen" [letter('s')] "the agent has been seen as it is",
    SeenAll "seen-all" [letter('S')] "all agents have been seen as they are",
    Search "search" [letter('/')] "search names, and what panes show now",
    History "history" [letter('h')] "search what all panes printed, as far as it is kept on disk",
    Filter "filter" [letter('f')] "show agents in one state only",
    Details "details" [letter('i')] "show all that is known of the pane",
    Explain "explain" [letter('e')] "show why the agent is said to do what it does",
    Receipts "receipts" [letter('r')] "show what came of prompts and answers",
    View "view" [name(Named::Tab)] "go on to panes, alerts, events",
    ViewBack "view-back" [name(Named::BackTab)] "go back",
    Zoom "zoom" [letter('z')] "give the pane all the room, or the list its own again",
    ScrollUp "scroll-up" [name(Named::PageUp), letter('u')] "scroll back in the pane's history, and on in what is kept on disk",
    ScrollDown "scroll-down" [name(Named::PageDown), letter('d')] "scroll forward",
    Export "export" [letter('x')] "write what the pane shows, now or then, into a file",
    PanLeft "pan-left" [letter('<')] "show what is left of it, where the pane is wider than its room",
    PanRight "pan-right" [letter('>')] "show what is right of it",
    Redraw "redraw" [Key::ctrl('l')] "draw everything anew",
    Suspend "suspend" [Key::ctrl('z')] "go to the background; `fg` comes back",
    Help "help" [letter('?'), Key::plain(Code::F(1))] "show the keys",
    Quit "quit" [letter('q'), Key::ctrl('c')] "end",
    Leave "leave" [Key::ctrl(']')] "type no more into the pane; it is never typed",
}

/// Which key does what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMap {
    keys: BTreeMap<Key, Command>,
    /// Ends typing, and nothing else.
    leave: Vec<Key>,
}

/// Two commands on one key, or a command on none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyConflict {
    /// One key for two.
    #[error("the key {key} is given to both {one:?} and {other:?}; give one of them another key")]
    Twice {
        /// The key.
        key: Key,
        /// A command.
        one: &'static str,
        /// Another one.
        other: &'static str,
    },
    /// It would answer dialogs no more.
    #[error("the key {key} is given to {command:?}; 1 to 9 answer dialogs, take another one")]
    Digit {
        /// The key.
        key: Key,
        /// The command.
        command: &'static str,
    },
    /// Without it nobody could get out.
    #[error("{0:?} has no key; give it one")]
    Missing(&'static str),
    /// It is needed for typing.
    #[error("the key {0} can't end typing, since programs need it; take one such as C-] or F12")]
    Needed(Key),
}

impl Default for KeyMap {
    fn default() -> Self {
        let all = Command::ALL.iter().map(|one| (*one, one.keys()));
        let mut map = Self {
            keys: BTreeMap::new(),
            leave: Command::Leave.keys(),
        };
        for (command, keys) in all.filter(|(command, _)| *command != Command::Leave) {
            map.keys.extend(keys.into_iter().map(|key| (key, command)));
        }
        map
    }
}

impl KeyMap {
    /// The map in which these commands have these keys and no others. A key that is taken from another command is that
    /// one's no more.
    ///
    /// # Errors
    /// Two of them have the same key, or one that is needed has none.
    pub fn with(changes: &[(Command, Vec<Key>)]) -> Result<Self, KeyConflict> {
        let mut map = Self::default();
        let mut given: BTreeMap<Key, Command> = BTreeMap::new();
        for (command, keys) in changes {
            if *command == Command::Leave {
                map.leave = leaving(keys)?;
                continue;
            }
            map.keys.retain(|_, one| one != command);
            for key in keys {
                let (key, name) = (*key, command.name());
                if key.digit().is_some() {
                    return Err(KeyConflict::Digit { key, command: name });
                }
                if let Some(other) = given.insert(key, *command).filter(|one| one != command) {
                    let (one, other) = (other.name(), name);
                    return Err(KeyConflict::Twice { key, one, other });
                }
            }
        }
        map.keys.extend(given);
        for needed in [Command::Quit, Command::Help] {
            if !map.keys.values().any(|one| *one == needed) {
                return Err(KeyConflict::Missing(needed.name()));
            }
        }
        Ok(map)
    }

    /// What a key does.
    #[must_use]
    pub fn command(&self, key: Key) -> Option<Command> {
        self.keys.get(&key).copied()
    }

    /// Whether a key ends typing.
    #[must_use]
    pub fn leaves(&self, key: Key) -> bool {
        self.leave.contains(&key)
    }

    /// The keys of a command, as they are called, those first that it has had from the beginning.
    #[must_use]
    pub fn keys_of(&self, command: Command) -> Vec<String> {
        if command == Command::Leave {
            return self.leave.iter().map(ToString::to_string).collect();
        }
        let keys = self.keys.iter().filter(|(_, one)| **one == command);
        let mut keys: Vec<Key> = keys.map(|(key, _)| *key).collect();
        let first = command.keys();
        keys.sort_by_key(|key| {
            first
                .iter()
                .position(|one| one == key)
                .unwrap_or(usize::MAX)
        });
        keys.iter().map(ToString::to_string).collect()
    }

    /// The first key of a command, for hints.
    #[must_use]
    pub fn hint(&self, command: Command) -> Option<String> {
        self.keys_of(command).into_iter().next()
    }
}

/// The keys that end typing: none that a program needs to be typed.
fn leaving(keys: &[Key]) -> Result<Vec<Key>, KeyConflict> {
    if keys.is_empty() {
        return Err(KeyConflict::Missing(Command::Leave.name()));
    }
    let is_needed = |key: &&Key| {
        let named = matches!(key.code, Code::Named(_)) && !key.ctrl && !key.alt;
        key.text().is_some() || named
    };
    match keys.iter().find(is_needed) {
        Some(key) => Err(KeyConflict::Needed(*key)),
        None => Ok(keys.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn no_key_does_two_things_at_first_and_each_command_has_one() {
        let mut seen = BTreeMap::new();
        for command in Command::ALL {
            assert!(!command.keys().is_empty(), "{}", command.name());
            for key in command.keys() {
                assert_eq!(seen.insert(key, command.name()), None, "{key}");
                assert_eq!(key.digit(), None, "{key}");
            }
        }
        let map = KeyMap::default();
        assert_eq!(map.command(letter('q')), Some(Command::Quit));
        assert_eq!(map.command(Key::ctrl(']')), None);
        assert!(map.leaves(Key::ctrl(']')));
        assert_eq!(map.keys_of(Command::Up), ["Up", "k"]);
    }

    #[test]
    fn a_key_that_is_given_away_is_no_other_commands_any_more() {
        let map = KeyMap::with(&[(Command::Prompt, vec![letter('n'), letter('x')])]).unwrap();
        assert_eq!(map.command(letter('n')), Some(Command::Prompt));
        assert_eq!(map.command(letter('x')), Some(Command::Prompt));
        assert_eq!(map.command(letter('p')), None);
        assert_eq!(map.keys_of(Command::Next), Vec::<String>::new());
        let map = KeyMap::with(&[(Command::Leave, vec![Key::plain(Code::F(12))])]).unwrap();
        assert!(!map.leaves(Key::ctrl(']')) && map.leaves(Key::plain(Code::F(12))));
    }

    #[test]
    fn what_can_t_be_is_refused_with_the_remedy() {
        type Changes<'a> = &'a [(Command, Vec<Key>)];
        let rows: [(Changes<'_>, &str); 6] = [
            (
                &[
                    (Command::Up, vec![letter('x')]),
                    (Command::Down, vec![letter('x')]),
                ],
                "the key x is given to both \"up\" and \"down\"; give one of them another key",
            ),
            (
                &[(Command::Mark, vec![letter('3')])],
                "1 to 9 answer dialogs",
            ),
            (
                &[(Command::Quit, vec![])],
                "\"quit\" has no key; give it one",
            ),
            (
                &[(Command::Leave, vec![])],
                "\"leave\" has no key; give it one",
            ),
            (
                &[(Command::Leave, vec![name(Named::Escape)])],
                "programs need it",
            ),
            (&[(Command::Leave, vec![letter('q')])], "programs need it"),
        ];
        for (changes, expected) in rows {
            let error = KeyMap::with(changes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
