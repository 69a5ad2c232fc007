//! The `-F` formats that we ask for and their row parsers, side by side.
//!
//! Fields are separated by `|`. In a text, `=` stands as `=e` and `|` as `=p`, and control characters as `?`: raw newlines
//! would otherwise reach us through a process's name. Numbers come first and text last. A variable that a tmux doesn't
//! know is empty there, and so is its field.
//!
//! Recordings hold the commands that were sent: with another format here, older ones can't be replayed any more.

use super::text::Text;
use super::unattached::DestroyUnattached;
use crate::ids::{PaneId, SessionId, WindowId};

/// A row that is not what its format gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field {field:?} is missing or malformed in row {row:?}")]
pub struct RowError {
    field: &'static str,
    row: Text,
}

/// What tmux prints for one object when asked with a format of ours.
pub trait Row: Sized {
    /// The format that gives such a row.
    const FORMAT: &'static str;

    /// Parses a row of [`Self::FORMAT`].
    ///
    /// # Errors
    /// Names the first field that is missing or malformed.
    fn parse(row: &[u8]) -> Result<Self, RowError>;
}

/// A format for a variable's value in which each control character is a `?`.
macro_rules! clean {
    ($variable:literal) => {
        concat!("#{s/[\x01-\x1f\x7f]/?/:", $variable, "}")
    };
}

/// A format for a text that may hold anything.
macro_rules! text {
    ($variable:literal) => {
        concat!("#{s/=/=e/;s/[|]/=p/;s/[\x01-\x1f\x7f]/?/:", $variable, "}")
    };
}

/// The format of [`super::Subscription::PaneTitle`].
pub(super) const PANE_TITLE: &str = clean!("pane_title");
/// The format of [`super::Subscription::PaneCommand`].
pub(super) const PANE_COMMAND: &str = clean!("pane_current_command");
/// The format of [`super::Subscription::PanePath`].
pub(super) const PANE_PATH: &str = clean!("pane_current_path");
/// The format of [`super::Watch::Panes`].
pub(super) const WINDOW_PANES: &str = concat!(
    "#{window_flags} #{P:#{pane_id} #{pane_pid} #{pane_dead} ",
    clean!("pane_title"),
    "|",
    clean!("pane_current_command"),
    "|",
    clean!("pane_current_path"),
    "|}"
);
/// The format of [`super::Watch::Places`].
pub(super) const PLACES: &str = "#{S:#{session_id}#{W: #{window_index}#{window_id}}|}";

/// Declares a row: each field with its format.
macro_rules! row {
    (
        $(#[$doc:meta])* $name:ident {
            $(#[$first_doc:meta])* $first:ident: $first_type:ty = $first_format:expr,
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $format:expr,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $(#[$first_doc])* pub $first: $first_type,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Row for $name {
            const FORMAT: &'static str = concat!($first_format, $("|", $format,)*);

            fn parse(row: &[u8]) -> Result<Self, RowError> {
                let mut fields = Fields::new(row);
                let parsed = Self {
                    $first: fields.next(stringify!($first))?,
                    $($field: fields.next(stringify!($field))?,)*
                };
                fields.end()?;
                Ok(parsed)
            }
        }
    };
}

row! {
    /// A session.
    SessionRow {
        /// Its id.
        id: SessionId = "#{session_id}",
        /// When it was created, in seconds since 1970.
        created: u64 = "#{session_created}",
        /// How many clients are attached to it.
        attached: u32 = "#{session_attached}",
        /// When it was used last, in seconds since 1970.
        activity: u64 = "#{session_activity}",
        /// How many sessions its group has, if it is in one.
        group_size: Option<u32> = "#{session_group_size}",
        /// Whether it goes when its last client detaches.
        destroy_unattached: DestroyUnattached = "#{destroy-unattached}",
        /// Whether the server ends, with all its sessions, as soon as no client is attached.
        exits_unattached: bool = "#{exit-unattached}",
        /// The group that it shares its windows with, if any.
        group: Option<String> = text!("session_group"),
        /// Its name.
        name: String = text!("session_name"),
        /// The directory that new windows start in.
        path: String = text!("session_path"),
    }
}

row! {
    /// A place of a window in a session: a window linked twice has two.
    WindowRow {
        /// The session.
        session: SessionId = "#{session_id}",
        /// The window's index in the session.
        index: u32 = "#{window_index}",
        /// The window.
        window: WindowId = "#{window_id}",
        /// Whether it is the session's current window.
        active: bool = "#{window_active}",
        /// Its columns.
        width: u32 = "#{window_width}",
        /// Its rows.
        height: u32 = "#{window_height}",
        /// Whether one pane fills it for now.
        zoomed: bool = "#{window_zoomed_flag}",
        /// Whether it is marked since a bell rang in it.
        bell: bool = "#{window_bell_flag}",
        /// Whether it is marked since something was printed in it.
        activity: bool = "#{window_activity_flag}",
        /// Whether it is marked since nothing was printed in it.
        silence: bool = "#{window_silence_flag}",
        /// Its layout, for [`super::Layout::parse`].
        layout: String = "#{window_layout}",
        /// Its name.
        name: String = text!("window_name"),
    }
}

row! {
    /// A pane in a place of its window.
    PaneRow {
        /// The session.
        session: SessionId = "#{session_id}",
        /// The window.
        window: WindowId = "#{window_id}",
        /// The window's index in the session.
        window_index: u32 = "#{window_index}",
        /// The pane.
        pane: PaneId = "#{pane_id}",
        /// Its index in the window.
        index: u32 = "#{pane_index}",
        /// Whether it is the window's active pane.
        active: bool = "#{pane_active}",
        /// Its columns.
        width: u32 = "#{pane_width}",
        /// Its rows.
        height: u32 = "#{pane_height}",
        /// Its first process; nothing for a dead pane (3.8).
        pid: Option<u32> = "#{pane_pid}",
        /// Whether that process has ended and the pane remains.
        dead: bool = "#{pane_dead}",
        /// With what status it ended.
        dead_status: Option<i32> = "#{pane_dead_status}",
        /// By what signal it ended.
        dead_signal: Option<i32> = "#{pane_dead_signal}",
        /// Whether it is in copy mode or the like.
        in_mode: bool = "#{pane_in_mode}",
        /// That mode's name, or nothing.
        mode: String = text!("pane_mode"),
        /// Its title.
        title: String = text!("pane_title"),
        /// The name of its foreground process.
        command: String = text!("pane_current_command"),
        /// That process's working directory.
        path: String = text!("pane_current_path"),
    }
}

row! {
    /// A client.
    ClientRow {
        /// Its process.
        pid: u32 = "#{client_pid}",
        /// The session that it is attached to.
        session: Option<SessionId> = "#{session_id}",
        /// Whether it speaks control mode.
        control: bool = "#{client_control_mode}",
        /// Whether it is read-only.
        read_only: bool = "#{client_readonly}",
        /// Its columns; nothing for a control client that never said.
        width: Option<u32> = "#{client_width}",
        /// Its rows; nothing for a control client that never said.
        height: Option<u32> = "#{client_height}",
        /// Its name.
        name: String = text!("client_name"),
        /// Its terminal, or nothing.
        tty: String = text!("client_tty"),
    }
}

row! {
    /// A paste buffer.
    BufferRow {
        /// Its size in bytes.
        size: u64 = "#{buffer_size}",
        /// When it was created, in seconds since 1970.
        created: u64 = "#{buffer_created}",
        /// Its name.
        name: String = text!("buffer_name"),
    }
}

row! {
    /// The server. Process and start time together name one run of it.
    ServerRow {
        /// Its process.
        pid: u32 = "#{pid}",
        /// When it started, in seconds since 1970.
        start_time: u64 = "#{start_time}",
        /// The session that a command means which names none: the one that was used last, unless a client asks that shows
        /// another one.
        session: Option<SessionId> = "#{session_id}",
        /// Its version, as `3.3a`.
        version: String = text!("version"),
        /// Its socket.
        socket_path: String = text!("socket_path"),
    }
}

row! {
    /// Whether a pane is there and would take input.
    CheckRow {
        /// The pane; nothing if there is none.
        pane: Option<PaneId> = "#{pane_id}",
        /// Whether its process has ended and the pane remains.
        dead: bool = "#{pane_dead}",
        /// Whether it is in copy mode or the like, which would take the keys.
        in_mode: bool = "#{pane_in_mode}",
        /// Whether it takes no input at all.
        input_off: bool = "#{pane_input_off}",
        /// The mode's name, or nothing.
        mode: String = text!("pane_mode"),
    }
}

row! {
    /// A pane's cursor and modes: what a capture doesn't show.
    PaneStateRow {
        /// The pane; nothing if there is none.
        pane: Option<PaneId> = "#{pane_id}",
        /// Its columns.
        width: Option<u32> = "#{pane_width}",
        /// Its rows.
        height: Option<u32> = "#{pane_height}",
        /// The lines of its history.
        history: Option<u32> = "#{history_size}",
        /// The cursor's column, from 0.
        cursor_x: Option<u32> = "#{cursor_x}",
        /// The cursor's row, from 0.
        cursor_y: Option<u32> = "#{cursor_y}",
        /// Whether the cursor shows.
        cursor_visible: bool = "#{cursor_flag}",
        /// Whether the alternate screen shows.
        alternate_on: bool = "#{alternate_on}",
        /// The column in which the cursor was left on the primary screen; `u32::MAX` for none.
        saved_x: Option<u32> = "#{alternate_saved_x}",
        /// The row in which the cursor was left on the primary screen; `u32::MAX` for none.
        saved_y: Option<u32> = "#{alternate_saved_y}",
        /// The first row of the scroll region.
        scroll_upper: Option<u32> = "#{scroll_region_upper}",
        /// The last row of the scroll region.
        scroll_lower: Option<u32> = "#{scroll_region_lower}",
        /// Insert mode.
        insert: bool = "#{insert_flag}",
        /// Wrap mode.
        wrap: bool = "#{wrap_flag}",
        /// Origin mode.
        origin: bool = "#{origin_flag}",
        /// Application keypad.
        keypad: bool = "#{keypad_flag}",
        /// Application cursor keys.
        keypad_cursor: bool = "#{keypad_cursor_flag}",
        /// Mouse: presses and releases.
        mouse_standard: bool = "#{mouse_standard_flag}",
        /// Mouse: also motion while a button is held.
        mouse_button: bool = "#{mouse_button_flag}",
        /// Mouse: also all motion.
        mouse_all: bool = "#{mouse_all_flag}",
        /// Mouse: UTF-8 coordinates.
        mouse_utf8: bool = "#{mouse_utf8_flag}",
        /// Mouse: SGR coordinates.
        mouse_sgr: bool = "#{mouse_sgr_flag}",
        /// Bracketed paste (3.7).
        bracketed_paste: Option<bool> = "#{bracket_paste_flag}",
        /// Synchronized output (3.7).
        synchronized_output: Option<bool> = "#{synchronized_output_flag}",
        /// Whether the cursor blinks (3.6).
        cursor_blinking: Option<bool> = "#{cursor_blinking}",
        /// The cursor's shape (3.6).
        cursor_shape: Option<String> = text!("cursor_shape"),
        /// The cursor's colour (3.6).
        cursor_colour: Option<String> = text!("cursor_colour"),
        /// How keys are reported (3.5).
        key_mode: Option<String> = text!("pane_key_mode"),
        /// All private modes that are set (3.8).
        private_modes: Option<String> = text!("pane_private_modes"),
        /// The tab stops, as `8,16,24`.
        tabs: String = text!("pane_tabs"),
    }
}

/// The fields of a row, one after the other.
struct Fields<'a> {
    row: &'a [u8],
    fields: std::slice::Split<'a, u8, fn(&u8) -> bool>,
}

impl<'a> Fields<'a> {
    fn new(row: &'a [u8]) -> Self {
        let separator: fn(&u8) -> bool = |byte| *byte == b'|';
        Self {
            row,
            fields: row.split(separator),
        }
    }

    fn next<T: Field>(&mut self, name: &'static str) -> Result<T, RowError> {
        self.fields
            .next()
            .and_then(T::parse)
            .ok_or_else(|| self.error(name))
    }

    fn end(&mut self) -> Result<(), RowError> {
        if self.fields.next().is_some() {
            Err(self.error("end of row"))
        } else {
            Ok(())
        }
    }

    fn error(&self, field: &'static str) -> RowError {
        RowError {
            field,
            row: self.row.into(),
        }
    }
}

/// A type that a field can hold.
trait Field: Sized {
    fn parse(field: &[u8]) -> Option<Self>;
}

macro_rules! number_field {
    ($($type:ty),*) => {$(
        impl Field for $type {
            fn parse(field: &[u8]) -> Option<Self> {
                std::str::from_utf8(field).ok()?.parse().ok()
            }
        }
    )*};
}

number_field!(u32, u64, i32);

macro_rules! id_field {
    ($($type:ty),*) => {$(
        impl Field for $type {
            fn parse(field: &[u8]) -> Option<Self> {
                Self::from_bytes(field)
            }
        }
    )*};
}

id_field!(SessionId, WindowId, PaneId);

impl Field for bool {
    /// A count too: a pane is in as many modes as were entered. And an option's value in a word.
    fn parse(field: &[u8]) -> Option<Self> {
        match field {
            b"" | b"off" => Some(false),
            b"on" => Some(true),
            _ => u32::parse(field).map(|count| count > 0),
        }
    }
}

impl Field for DestroyUnattached {
    fn parse(field: &[u8]) -> Option<Self> {
        Some(Self::from_value(&String::from_utf8_lossy(field)))
    }
}

impl Field for String {
    fn parse(field: &[u8]) -> Option<Self> {
        let text = Self::from_utf8_lossy(field);
        Some(if text.contains('=') {
            text.replace("=p", "|").replace("=e", "=")
        } else {
            text.into_owned()
        })
    }
}

impl<T: Field> Field for Option<T> {
    fn parse(field: &[u8]) -> Option<Self> {
        if field.is_empty() {
            Some(None)
        } else {
            T::parse(field).map(Some)
        }
    }
}
