//! The kinds of cursors, mice and keys that a pane may have, and what of it may be assumed.

/// Something that is the default in a snapshot because it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assumed {
    /// The attributes and colours of what is printed next.
    Pen,
    /// The character sets.
    Charset,
    /// What DECSC saved.
    SavedCursor,
    /// The colours that the program gave the palette, the foreground and the background.
    Palette,
    /// The link of what is printed next.
    Hyperlink,
    /// The cursor's shape or whether it blinks.
    CursorStyle,
    /// One of the modes that this version of tmux doesn't report.
    Modes,
    /// The background of blanks at the end of lines (lost by captures of tmux 3.2 and 3.3).
    Blanks,
    /// How wide tabs on the screen are: captures (3.6) don't say it, and the tab stops have changed, or lines flowed anew, in
    /// which a tab keeps its width and not its stop.
    Tabs,
    /// The primary screen: the pane's size has changed since the alternate screen came.
    Primary,
    /// Whether the pane is in the middle of a character.
    Character,
}

impl Assumed {
    /// The word for it in the protocol.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pen => "pen",
            Self::Charset => "charset",
            Self::SavedCursor => "saved_cursor",
            Self::Palette => "palette",
            Self::Hyperlink => "hyperlink",
            Self::CursorStyle => "cursor_style",
            Self::Modes => "modes",
            Self::Blanks => "blanks",
            Self::Tabs => "tabs",
            Self::Primary => "primary",
            Self::Character => "character",
        }
    }
}

/// The shape of a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorShape {
    /// A block.
    Block,
    /// A line below the character.
    Underline,
    /// A line before the character.
    Bar,
}

impl CursorShape {
    /// The word for it in the protocol, which is tmux's.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Underline => "underline",
            Self::Bar => "bar",
        }
    }
}

/// What of the mouse is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mouse {
    /// Nothing.
    #[default]
    Off,
    /// Presses and releases (1000).
    Standard,
    /// Also motion while a button is held (1002).
    Button,
    /// Also all motion (1003).
    All,
}

impl Mouse {
    /// The word for it in the protocol.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Standard => "standard",
            Self::Button => "button",
            Self::All => "all",
        }
    }
}

/// How keys with modifiers are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyMode {
    /// As a VT does.
    #[default]
    Vt10x,
    /// `modifyOtherKeys` 1.
    Extended1,
    /// `modifyOtherKeys` 2.
    Extended2,
}

impl KeyMode {
    /// The word for it in the protocol, which is tmux's.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Vt10x => "VT10x",
            Self::Extended1 => "Ext 1",
            Self::Extended2 => "Ext 2",
        }
    }
}
