//! A command as a line, and back.
//!
//! What is not fixed or a number stands in single quotes. A line is only taken back if it is, byte for byte, what the
//! command would be written as.

use std::fmt;

use super::argument::{Flow, InputBytes, LineRange, Sizing, Subscription, Watch, WindowSize};
use super::command::Command;
use super::key::KeyName;
use super::paste::{PasteBuffer, Pasting};
use super::quote::{Quoted, split};
use super::rows::{
    BufferRow, CheckRow, ClientRow, PaneRow, PaneStateRow, Row, ServerRow, SessionRow, WindowRow,
};
use super::typing::Typing;
use crate::ids::{PaneId, WindowId};

const SERVER: Quoted<'_> = Quoted(ServerRow::FORMAT);
const SESSIONS: Quoted<'_> = Quoted(SessionRow::FORMAT);
const WINDOWS: Quoted<'_> = Quoted(WindowRow::FORMAT);
const PANES: Quoted<'_> = Quoted(PaneRow::FORMAT);
const CLIENTS: Quoted<'_> = Quoted(ClientRow::FORMAT);
const BUFFERS: Quoted<'_> = Quoted(BufferRow::FORMAT);
const CHECK: Quoted<'_> = Quoted(CheckRow::FORMAT);
const STATE: Quoted<'_> = Quoted(PaneStateRow::FORMAT);

const EXTENT: &str = "#{window_width} #{window_height}";

/// What a sentinel's word begins with.
const SENTINEL: &str = "muxwire-";

impl fmt::Display for Command {
    /// The line, without its LF.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerInfo => write!(f, "display-message -p {SERVER}"),
            Self::ListSessions => write!(f, "list-sessions -F {SESSIONS}"),
            Self::ListWindows => write!(f, "list-windows -a -F {WINDOWS}"),
            Self::ListPanes => write!(f, "list-panes -a -F {PANES}"),
            Self::ListClients => write!(f, "list-clients -F {CLIENTS}"),
            Self::ListBuffers => write!(f, "list-buffers -F {BUFFERS}"),
            Self::CheckPane { pane } => write!(f, "display-message -t '{pane}' -p {CHECK}"),
            Self::PaneState { pane } => write!(f, "display-message -t '{pane}' -p {STATE}"),
            Self::Type(typing) => typing.fmt(f),
            Self::SetPaste(buffer) => buffer.fmt(f),
            Self::Paste(pasting) => pasting.fmt(f),
            Self::SendBytes { pane, bytes } => write!(f, "send-keys -t '{pane}' -H{bytes}"),
            Self::SendKey { pane, key } => {
                write!(f, "send-keys -t '{pane}' {}", Quoted(key.as_str()))
            }
            Self::CancelMode { pane } => write!(f, "send-keys -t '{pane}' -X cancel"),
            Self::QuitModes { pane } => write!(f, "copy-mode -t '{pane}' -q"),
            Self::Flow { pane, flow } => write!(f, "refresh-client -A '{pane}:{flow}'"),
            Self::Subscribe { subscription } => ask_for(f, &subscription.definition()),
            Self::Watch { watch } => ask_for(f, &watch.definition()),
            Self::Unsubscribe { subscription: name } => write!(f, "refresh-client -B '{name}'"),
            Self::Unwatch { watch } => write!(f, "refresh-client -B '{watch}'"),
            Self::Capture { pane, lines } => {
                let (first, last) = (lines.first(), lines.last());
                write!(
                    f,
                    "capture-pane -t '{pane}' -p -e -N -C -S {first} -E {last}"
                )
            }
            // Without -q, a pane that has no saved screen is an error.
            Self::CaptureSaved { pane, line } => {
                write!(
                    f,
                    "capture-pane -t '{pane}' -p -e -N -C -a -q -S {line} -E {line}"
                )
            }
            Self::CapturePending { pane } => write!(f, "capture-pane -t '{pane}' -p -P -C"),
            Self::WindowExtent { .. }
            | Self::WindowSizing { .. }
            | Self::SetWindowSizing { .. }
            | Self::ResizeWindow { .. }
            | Self::UnsetWindowSize { .. } => self.fmt_of_size(f),
            Self::Sentinel { nonce } => write!(f, "display-message -p {SENTINEL}{nonce:016x}"),
            Self::Detach => f.write_str("detach-client"),
        }
    }
}

fn ask_for(f: &mut fmt::Formatter<'_>, definition: &str) -> fmt::Result {
    write!(f, "refresh-client -B {}", Quoted(definition))
}

impl Command {
    /// The line of a command that is about a window's size.
    fn fmt_of_size(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowExtent { window } => {
                write!(f, "display-message -t '{window}' -p '{EXTENT}'")
            }
            Self::WindowSizing { window } => {
                write!(f, "show-options -t '{window}' -wqv window-size")
            }
            Self::SetWindowSizing { window, sizing } => {
                let word = sizing.word();
                write!(f, "set-option -t '{window}' -w window-size {word}")
            }
            Self::ResizeWindow { window, size } => {
                let (columns, rows) = (size.columns(), size.rows());
                write!(f, "resize-window -t '{window}' -x {columns} -y {rows}")
            }
            Self::UnsetWindowSize { window } => {
                write!(f, "set-option -t '{window}' -uw window-size")
            }
            _ => Ok(()),
        }
    }

    /// The command that a line of [`fmt::Display`] stands for; nothing for any other line.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        // The only words with escapes that stand for other bytes.
        if let Some(buffer) = PasteBuffer::parse(line) {
            return Some(Self::SetPaste(buffer)).filter(|command| command.to_string() == line);
        }
        let words = split(line)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let command = match *words {
            [name, "-t", target, ref rest @ ..] => match target.parse() {
                Ok(pane) => for_pane(pane, name, rest)?,
                Err(_) => for_window(target.parse().ok()?, name, rest)?,
            },
            _ => without_target(&words)?,
        };
        (command.to_string() == line).then_some(command)
    }
}

/// A command that is about no pane and no window in particular.
fn without_target(words: &[&str]) -> Option<Command> {
    Some(match *words {
        ["display-message", "-p", ServerRow::FORMAT] => Command::ServerInfo,
        ["list-sessions", ..] => Command::ListSessions,
        ["list-windows", ..] => Command::ListWindows,
        ["list-panes", ..] => Command::ListPanes,
        ["list-clients", ..] => Command::ListClients,
        ["list-buffers", ..] => Command::ListBuffers,
        ["refresh-client", "-A", what] => {
            let (pane, flow) = what.split_once(':')?;
            let (pane, flow) = (pane.parse().ok()?, Flow::from_word(flow)?);
            Command::Flow { pane, flow }
        }
        ["refresh-client", "-B", what] => {
            let (name, definition) = what.split_once(':').unwrap_or((what, ""));
            match (Subscription::from_name(name.as_bytes()), definition) {
                (Some(subscription), "") => Command::Unsubscribe { subscription },
                (Some(subscription), _) => Command::Subscribe { subscription },
                (None, "") => Command::Unwatch {
                    watch: Watch::from_name(name)?,
                },
                (None, _) => Command::Watch {
                    watch: Watch::from_name(name)?,
                },
            }
        }
        ["display-message", "-p", word] => {
            let nonce = u64::from_str_radix(word.strip_prefix(SENTINEL)?, 16).ok()?;
            Command::Sentinel { nonce }
        }
        ["if-shell", "-F", "-t", pane, ref words @ ..] => {
            let pane = pane.parse().ok()?;
            match Pasting::parse(pane, words) {
                Some(pasting) => Command::Paste(pasting),
                None => Command::Type(Typing::parse(pane, words)?),
            }
        }
        ["detach-client"] => Command::Detach,
        _ => return None,
    })
}

fn for_pane(pane: PaneId, name: &str, words: &[&str]) -> Option<Command> {
    Some(match (name, words) {
        ("display-message", ["-p", CheckRow::FORMAT]) => Command::CheckPane { pane },
        ("display-message", ["-p", _]) => Command::PaneState { pane },
        ("send-keys", ["-H", bytes @ ..]) => {
            let bytes = InputBytes::from_hex(bytes)?;
            Command::SendBytes { pane, bytes }
        }
        ("send-keys", ["-X", "cancel"]) => Command::CancelMode { pane },
        ("copy-mode", ["-q"]) => Command::QuitModes { pane },
        ("send-keys", [key]) => {
            let key = KeyName::new(key)?;
            Command::SendKey { pane, key }
        }
        ("capture-pane", ["-p", "-P", "-C"]) => Command::CapturePending { pane },
        ("capture-pane", [.., "-q", "-S", line, "-E", _]) => {
            let line = line.parse().ok()?;
            Command::CaptureSaved { pane, line }
        }
        ("capture-pane", [.., "-S", first, "-E", last]) => {
            let lines = LineRange::new(first.parse().ok()?, last.parse().ok()?)?;
            Command::Capture { pane, lines }
        }
        _ => return None,
    })
}

fn for_window(window: WindowId, name: &str, words: &[&str]) -> Option<Command> {
    Some(match (name, words) {
        ("resize-window", ["-x", columns, "-y", rows]) => {
            let size = WindowSize::new(columns.parse().ok()?, rows.parse().ok()?)?;
            Command::ResizeWindow { window, size }
        }
        ("display-message", ..) => Command::WindowExtent { window },
        ("show-options", ..) => Command::WindowSizing { window },
        ("set-option", ["-w", _, word]) => {
            let sizing = Sizing::from_word(word.as_bytes())?;
            Command::SetWindowSizing { window, sizing }
        }
        ("set-option", ..) => Command::UnsetWindowSize { window },
        _ => return None,
    })
}
