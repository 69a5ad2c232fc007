//! What is sent to tmux: a [`Command`] is one tmux command and one safe line.
//!
//! By construction it can't be empty (an empty line detaches), hold a newline (it would end the command even inside
//! quotes) or be two commands. Client text becomes part of a line in three forms only: hex digits, octal ones, and checked key names.
//! Commands that wait (`run-shell`, `wait-for`) or that harm a server (`refresh-client -A '%N:off'`) don't exist here.

use super::argument::{Flow, InputBytes, LineRange, Sizing, Subscription, Watch, WindowSize};
use super::block::Expected;
use super::key::KeyName;
use super::paste::{PasteBuffer, Pasting};
use super::typing::Typing;
use crate::ids::{PaneId, WindowId};

/// One tmux command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Which server this is: one [`super::rows::ServerRow`].
    ServerInfo,
    /// A [`super::rows::SessionRow`] for each session.
    ListSessions,
    /// A [`super::rows::WindowRow`] for each place of each window.
    ListWindows,
    /// A [`super::rows::PaneRow`] for each pane of each place of each window.
    ListPanes,
    /// A [`super::rows::ClientRow`] for each client.
    ListClients,
    /// A [`super::rows::BufferRow`] for each paste buffer.
    ListBuffers,
    /// One [`super::rows::CheckRow`]: whether the pane is there and would take input. Doesn't fail.
    CheckPane {
        /// The pane.
        pane: PaneId,
    },
    /// One [`super::rows::PaneStateRow`]: cursor and modes, to go with a capture. Doesn't fail.
    PaneState {
        /// The pane.
        pane: PaneId,
    },
    /// Types, if the pane takes keys: both in one turn of tmux. Its reply is empty if it was typed, or else, if that was
    /// asked for, one [`super::rows::CheckRow`].
    Type(Typing),
    /// Makes a paste buffer of ours; [`Command::Paste`] has to follow on the same line.
    SetPaste(PasteBuffer),
    /// Pastes a buffer of ours if the pane takes keys, and deletes it: all in one turn of tmux. Its reply is as that of
    /// [`Command::Type`].
    Paste(Pasting),
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
    /// Ends the pane's copy mode or view mode.
    CancelMode {
        /// The pane.
        pane: PaneId,
    },
    /// Ends all modes of the pane, such as a list to choose from or a clock.
    QuitModes {
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
    /// Asks for a notification when a format's value changes (3.2).
    Subscribe {
        /// The format.
        subscription: Subscription,
    },
    /// Ends a subscription (3.2).
    Unsubscribe {
        /// The format.
        subscription: Subscription,
    },
    /// Asks for a notification when something changes that is seen by way of a window (3.2).
    Watch {
        /// What is watched.
        watch: Watch,
    },
    /// Ends a [`Command::Watch`] (3.2).
    Unwatch {
        /// What was watched.
        watch: Watch,
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
    /// How large a window is: its columns, a space, and its rows.
    WindowExtent {
        /// The window.
        window: WindowId,
    },
    /// The `window-size` that is set for this window alone; nothing if none is.
    WindowSizing {
        /// The window.
        window: WindowId,
    },
    /// Sets the `window-size` of this window alone.
    SetWindowSizing {
        /// The window.
        window: WindowId,
        /// The value.
        sizing: Sizing,
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

impl Command {
    /// How many blocks its reply has when nothing fails.
    pub(super) fn blocks(&self) -> usize {
        match self {
            Self::Type(typing) => typing.blocks(),
            Self::Paste(pasting) => pasting.blocks(),
            _ => 1,
        }
    }

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
            opaque,
            flow,
            ..Expected::ANYTHING
        }
    }
}
