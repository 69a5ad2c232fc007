//! The past of a pane, as the server keeps it on disk.

use jiff::Timestamp;

use super::screen::Screen;
use crate::ids::PaneId;
use crate::wire::answers::ScreenThen;

/// A pane as it was.
#[derive(Debug)]
pub(super) struct Past {
    pub(super) pane: PaneId,
    /// How it is called.
    pub(super) place: String,
    /// A time at which it had its id.
    pub(super) at: String,
    /// What is shown of it; nothing before the first answer.
    pub(super) then: Option<Then>,
    /// The question that is under way.
    pub(super) asked: Option<Asked>,
    /// Lines that were scrolled meanwhile.
    pub(super) waiting: i32,
}

/// What it showed.
#[derive(Debug)]
pub(super) struct Then {
    pub(super) screen: Screen,
    /// What brings a terminal there.
    pub(super) replay: String,
    /// Behind what was printed until then.
    pub(super) offset: u64,
    /// When the last of that was printed, if that can be read.
    pub(super) time: Option<Timestamp>,
    /// Columns and rows.
    pub(super) size: (u32, u32),
}

/// From one place in what was printed to another one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) ticket: u64,
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Past {
    /// One of which nothing is known as yet.
    pub(super) fn new(pane: PaneId, place: String, at: String) -> Self {
        Self {
            pane,
            place,
            at,
            then: None,
            asked: None,
            waiting: 0,
        }
    }

    /// What is shown of it.
    pub(super) fn then(&self) -> Option<&Then> {
        self.then.as_ref()
    }
}

impl Then {
    /// What an answer shows; nothing if it is too large to show.
    pub(super) fn of(answer: &ScreenThen<'_>) -> Option<Self> {
        let data = &answer.data;
        let mut screen = Screen::new(data.cols, data.rows, 0)?;
        let replay = data.replay.as_deref().unwrap_or_default().to_owned();
        screen.read(replay.as_bytes());
        screen.release();
        Some(Self {
            screen,
            replay,
            offset: data.offset,
            time: answer.timestamp.parse().ok(),
            size: (data.cols, data.rows),
        })
    }

    /// About as many bytes as so many lines of it took: what redraws the screen is about what a screen full of lines takes.
    pub(super) fn bytes(&self, lines: i32) -> u64 {
        let screen = self.replay.len() as u64 * 3 / 4;
        let rows = u64::from(self.size.1).max(1);
        (screen * u64::from(lines.unsigned_abs()) / rows).max(1)
    }
}
