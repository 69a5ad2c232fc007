//! What is sent to tmux: a [`Command`] is one tmux command and one safe line.
//!
//! By construction it can't be empty (an empty line detaches), hold a newline (it would end the command even inside
//! quotes) or be two commands. Client text becomes part of a line in two forms only: hex digits and checked key names.
//! Commands that wait (`run-shell`, `wait-for`) or that harm a server (`refresh-client -A '%N:off'`) don't exist here.

use std::fmt;

use bytes::Bytes;

use super::block::Expected;
use super::key::KeyName;
use super::quote::{Quoted, split};
use super::rows::{self, Row as _};
use crate::ids::{PaneId, WindowId};

/// The most bytes that one [`Command::SendBytes`] carries.
///
/// tmux takes up to 1,000 arguments a line, and each byte is one; the rest is room for the command's own words and for a
/// [`Command::CheckPane`] on the same line.
pub const MAX_INPUT_BYTES: usize = 900;

/// One tmux command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Which server this is: one [`rows::ServerRow`].
    ServerInfo,
    /// A [`rows::SessionRow`] for each session.
    ListSessions,
    /// A [`rows::WindowRow`] for each place of each window.
    ListWindows,
    /// A [`rows::PaneRow`] for each pane of each place of each window.
    ListPanes,
    /// A [`rows::ClientRow`] for each client.
    ListClients,
    /// A [`rows::BufferRow`] for each paste buffer.
    ListBuffers,
    /// One [`rows::CheckRow`]: whether the pane is there and would take input. Doesn't fail.
    CheckPane {
        /// The pane.
        pane: PaneId,
    },
    /// One [`rows::PaneStateRow`]: cursor and modes, to go with a capture. Doesn't fail.
    PaneState {
        /// The pane.
        pane: PaneId,
    },
    /// Types bytes, exactly these.
    SendBytes {
        /// The pane.
        pane: PaneId,
        /// The bytes.
        bytes: InputBytes,
    },
    /// Presses a key.
    SendKey {
        /// The pane.
        pane: PaneId,
        /// The key.
        key: KeyName,
    },
    /// Ends the pane's copy mode or the like.
    CancelMode {
        /// The pane.
        pane: PaneId,
    },
    /// Holds a pane's output back from this client, or lets it go on (3.2).
    Flow {
        /// The pane.
        pane: PaneId,
        /// Which of the two.
        flow: Flow,
    },
    /// Asks to be told when a format's value changes (3.2).
    Subscribe {
        /// The format.
        subscription: Subscription,
    },
    /// Ends a subscription (3.2).
    Unsubscribe {
        /// The format.
        subscription: Subscription,
    },
    /// Lines of the screen that shows and of its history, with their attributes, escaped: see
    /// [`super::escape::unescape_capture_into`]. How many lines tmux gives is taken from a [`Command::PaneState`] earlier
    /// in the same batch; without one, the range must be there in full.
    Capture {
        /// The pane.
        pane: PaneId,
        /// Which lines.
        lines: LineRange,
    },
    /// A line of the primary screen while the alternate one shows. How many there are can't be asked for: past the last
    /// one, tmux gives that again. Without a saved screen, tmux gives nothing or an empty line.
    CaptureSaved {
        /// The pane.
        pane: PaneId,
        /// Which line, from 0.
        line: u16,
    },
    /// The start of an escape sequence that the pane has not finished: one line, escaped.
    CapturePending {
        /// The pane.
        pane: PaneId,
    },
    /// Makes a window this large; its size is manual from then on.
    ResizeWindow {
        /// The window.
        window: WindowId,
        /// The new size.
        size: WindowSize,
    },
    /// Undoes what [`Command::ResizeWindow`] did to the window's `window-size`.
    UnsetWindowSize {
        /// The window.
        window: WindowId,
    },
    /// Prints a word that nobody else prints, to mark a place in the stream.
    Sentinel {
        /// The word.
        nonce: u64,
    },
    /// Detaches this client.
    Detach,
}

/// What becomes of a pane's output. There is no `off`: it kills servers before 3.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Hold it back; what is queued is thrown away.
    Pause,
    /// Let it go on.
    Continue,
}

/// A format that tmux watches for us once a second, in each place of the attached session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subscription {
    /// The pane's title.
    PaneTitle,
    /// The name of the pane's foreground process.
    PaneCommand,
    /// The foreground process's working directory.
    PanePath,
    /// The pane's first process, which changes with `respawn-pane`.
    PaneProcess,
    /// The window's flags: activity, bell, silence, zoom.
    WindowFlags,
}

/// 1 to [`MAX_INPUT_BYTES`] bytes to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputBytes(Bytes);

/// Lines of a screen, both ends included: 0 is the first visible line, history is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineRange {
    first: i32,
    last: i32,
}

/// Columns and rows, both within what tmux allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSize {
    columns: u32,
    rows: u32,
}

impl Command {
    /// What its reply's block may hold.
    pub(super) fn expected(&self) -> Expected {
        // A saved screen's one line can't end the block and leave another line behind, nor can a pending sequence, which
        // is escaped from its first byte.
        let (lines, opaque) = match self {
            Self::Capture { lines, .. } => (lines.count(), true),
            Self::CaptureSaved { .. } | Self::CapturePending { .. } => (0, true),
            _ => (0, false),
        };
        let flow = matches!(self, Self::Flow { .. });
        Expected {
            lines,
            fallible: true,
            opaque,
            flow,
        }
    }

    /// The command that a line of [`fmt::Display`] stands for; nothing for any other line.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let words = split(line)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let command = Self::from_words(&words)?;
        (command.to_string() == line).then_some(command)
    }

    fn from_words(words: &[&str]) -> Option<Self> {
        Some(match *words {
            ["display-message", "-p", rows::ServerRow::FORMAT] => Self::ServerInfo,
            ["list-sessions", "-F", _] => Self::ListSessions,
            ["list-windows", "-a", "-F", _] => Self::ListWindows,
            ["list-panes", "-a", "-F", _] => Self::ListPanes,
            ["list-clients", "-F", _] => Self::ListClients,
            ["list-buffers", "-F", _] => Self::ListBuffers,
            ["display-message", "-p", "-t", pane, rows::CheckRow::FORMAT] => Self::CheckPane {
                pane: pane.parse().ok()?,
            },
            ["display-message", "-p", "-t", pane, _] => Self::PaneState {
                pane: pane.parse().ok()?,
            },
            ["display-message", "-p", nonce] => Self::Sentinel {
                nonce: sentinel_nonce(nonce)?,
            },
            ["send-keys", "-t", pane, "-H", ref bytes @ ..] => Self::SendBytes {
                pane: pane.parse().ok()?,
                bytes: InputBytes::from_hex(bytes)?,
            },
            ["send-keys", "-t", pane, "-X", "cancel"] => Self::CancelMode {
                pane: pane.parse().ok()?,
            },
            ["send-keys", "-t", pane, key] => Self::SendKey {
                pane: pane.parse().ok()?,
                key: KeyName::new(key)?,
            },
            ["refresh-client", "-A", flow] => {
                let (pane, flow) = flow.split_once(':')?;
                Self::Flow {
                    pane: pane.parse().ok()?,
                    flow: Flow::from_word(flow)?,
                }
            }
            ["refresh-client", "-B", what] => match what.split_once(':') {
                Some((name, _)) => Self::Subscribe {
                    subscription: Subscription::from_name(name.as_bytes())?,
                },
                None => Self::Unsubscribe {
                    subscription: Subscription::from_name(what.as_bytes())?,
                },
            },
            ["capture-pane", ref words @ ..] => return Self::capture_from_words(words),
            ["resize-window", "-t", window, "-x", columns, "-y", rows] => Self::ResizeWindow {
                window: window.parse().ok()?,
                size: WindowSize::new(columns.parse().ok()?, rows.parse().ok()?)?,
            },
            ["set-option", "-uw", "-t", window, "window-size"] => Self::UnsetWindowSize {
                window: window.parse().ok()?,
            },
            ["detach-client"] => Self::Detach,
            _ => return None,
        })
    }

    fn capture_from_words(words: &[&str]) -> Option<Self> {
        Some(match *words {
            ["-p", "-e", "-N", "-C", "-t", pane, "-S", first, "-E", last] => Self::Capture {
                pane: pane.parse().ok()?,
                lines: LineRange::new(first.parse().ok()?, last.parse().ok()?)?,
            },
            [
                "-p",
                "-e",
                "-N",
                "-C",
                "-a",
                "-q",
                "-t",
                pane,
                "-S",
                line,
                "-E",
                _,
            ] => Self::CaptureSaved {
                pane: pane.parse().ok()?,
                line: line.parse().ok()?,
            },
            ["-p", "-P", "-C", "-t", pane] => Self::CapturePending {
                pane: pane.parse().ok()?,
            },
            _ => return None,
        })
    }
}

impl fmt::Display for Command {
    /// The line, without its LF.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerInfo => write!(f, "display-message -p {}", Quoted(rows::ServerRow::FORMAT)),
            Self::ListSessions => {
                write!(f, "list-sessions -F {}", Quoted(rows::SessionRow::FORMAT))
            }
            Self::ListWindows => {
                write!(f, "list-windows -a -F {}", Quoted(rows::WindowRow::FORMAT))
            }
            Self::ListPanes => write!(f, "list-panes -a -F {}", Quoted(rows::PaneRow::FORMAT)),
            Self::ListClients => write!(f, "list-clients -F {}", Quoted(rows::ClientRow::FORMAT)),
            Self::ListBuffers => write!(f, "list-buffers -F {}", Quoted(rows::BufferRow::FORMAT)),
            Self::CheckPane { pane } => {
                write!(
                    f,
                    "display-message -p -t '{pane}' {}",
                    Quoted(rows::CheckRow::FORMAT)
                )
            }
            Self::PaneState { pane } => {
                write!(
                    f,
                    "display-message -p -t '{pane}' {}",
                    Quoted(rows::PaneStateRow::FORMAT)
                )
            }
            Self::SendBytes { pane, bytes } => write!(f, "send-keys -t '{pane}' -H{bytes}"),
            Self::SendKey { pane, key } => {
                write!(f, "send-keys -t '{pane}' {}", Quoted(key.as_str()))
            }
            Self::CancelMode { pane } => write!(f, "send-keys -t '{pane}' -X cancel"),
            Self::Flow { pane, flow } => write!(f, "refresh-client -A '{pane}:{}'", flow.word()),
            Self::Subscribe { subscription } => {
                let (name, what, format) = subscription.parts();
                write!(
                    f,
                    "refresh-client -B {}",
                    Quoted(&format!("{name}:{what}:{format}"))
                )
            }
            Self::Unsubscribe { subscription } => {
                write!(f, "refresh-client -B '{}'", subscription.name())
            }
            Self::Capture {
                pane,
                lines: LineRange { first, last },
            } => {
                write!(
                    f,
                    "capture-pane -p -e -N -C -t '{pane}' -S {first} -E {last}"
                )
            }
            // Without -q, a pane that has no saved screen is an error.
            Self::CaptureSaved { pane, line } => {
                write!(
                    f,
                    "capture-pane -p -e -N -C -a -q -t '{pane}' -S {line} -E {line}"
                )
            }
            Self::CapturePending { pane } => write!(f, "capture-pane -p -P -C -t '{pane}'"),
            Self::ResizeWindow {
                window,
                size: WindowSize { columns, rows },
            } => {
                write!(f, "resize-window -t '{window}' -x {columns} -y {rows}")
            }
            Self::UnsetWindowSize { window } => {
                write!(f, "set-option -uw -t '{window}' window-size")
            }
            Self::Sentinel { nonce } => write!(f, "display-message -p {SENTINEL}{nonce:016x}"),
            Self::Detach => f.write_str("detach-client"),
        }
    }
}

/// What a sentinel's word begins with.
const SENTINEL: &str = "muxwire-";

fn sentinel_nonce(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix(SENTINEL)?, 16).ok()
}

impl Flow {
    fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Continue => "continue",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Pause, Self::Continue]
            .into_iter()
            .find(|flow| flow.word() == word)
    }
}

impl Subscription {
    /// All there are.
    pub const ALL: [Self; 5] = [
        Self::PaneTitle,
        Self::PaneCommand,
        Self::PanePath,
        Self::PaneProcess,
        Self::WindowFlags,
    ];

    /// Its name in `%subscription-changed`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.parts().0
    }

    /// The subscription of this name.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|subscription| subscription.name().as_bytes() == name)
    }

    /// Name, what it is watched for, and format. The formats give one value and no control character.
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::PaneTitle => ("muxwire-title", "%*", rows::PANE_TITLE),
            Self::PaneCommand => ("muxwire-command", "%*", rows::PANE_COMMAND),
            Self::PanePath => ("muxwire-path", "%*", rows::PANE_PATH),
            Self::PaneProcess => ("muxwire-process", "%*", "#{pane_pid}"),
            Self::WindowFlags => ("muxwire-flags", "@*", "#{window_flags}"),
        }
    }
}

impl InputBytes {
    /// These bytes, if there are 1 to [`MAX_INPUT_BYTES`] of them.
    #[must_use]
    pub fn new(bytes: impl Into<Bytes>) -> Option<Self> {
        let bytes = bytes.into();
        (1..=MAX_INPUT_BYTES)
            .contains(&bytes.len())
            .then_some(Self(bytes))
    }

    /// These bytes in as many pieces as it takes; none for none.
    pub fn split(bytes: impl Into<Bytes>) -> impl Iterator<Item = Self> {
        let mut bytes = bytes.into();
        std::iter::from_fn(move || {
            let piece = bytes.split_to(bytes.len().min(MAX_INPUT_BYTES));
            Self::new(piece)
        })
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn from_hex(words: &[&str]) -> Option<Self> {
        let bytes: Option<Vec<u8>> = words
            .iter()
            .map(|word| u8::from_str_radix(word, 16).ok())
            .collect();
        Self::new(bytes?)
    }
}

impl fmt::Display for InputBytes {
    /// A blank and two hex digits for each byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, " {byte:02x}"))
    }
}

impl LineRange {
    /// The furthest line that tmux takes, in either direction.
    pub const FURTHEST: i32 = 32_767;

    /// The lines from `first` to `last`, if there are any and tmux can count them.
    #[must_use]
    pub fn new(first: i32, last: i32) -> Option<Self> {
        let fits = |line: i32| (-10_000_000..=Self::FURTHEST).contains(&line);
        (first <= last && fits(first) && fits(last)).then_some(Self { first, last })
    }

    /// How many lines these are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.last.abs_diff(self.first) + 1
    }

    /// How many lines tmux gives of a screen of this size: it moves either end to the nearest line that there is.
    #[must_use]
    pub fn count_within(self, history: u32, height: u32) -> u32 {
        let lowest = -i64::from(history);
        let highest = i64::from(height.max(1)) - 1;
        let clamp = |line: i32| i64::from(line).clamp(lowest, highest);
        u32::try_from(clamp(self.last) - clamp(self.first) + 1).unwrap_or(u32::MAX)
    }
}

impl WindowSize {
    /// The most columns or rows that tmux gives a window.
    pub const MOST: u32 = 10_000;

    /// This size, if each is 1 to [`Self::MOST`].
    #[must_use]
    pub fn new(columns: u32, rows: u32) -> Option<Self> {
        let fits = |size: u32| (1..=Self::MOST).contains(&size);
        (fits(columns) && fits(rows)).then_some(Self { columns, rows })
    }
}
