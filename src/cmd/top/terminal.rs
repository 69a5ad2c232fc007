//! The terminal: taken at the beginning, drawn on, and given back at every end.

use std::io::{self, Write as _};
use std::panic;
use std::sync::Once;

use anyhow::Context as _;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use tokio::io::{AsyncWriteExt as _, Stdout};

use super::frames::Frames;

/// Its other screen, no cursor, pastes in brackets.
const BEGIN: &str = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[2J";

/// Buttons and the wheel, in a form without bounds; no movements.
const MOUSE: &str = "\x1b[?1000h\x1b[?1006h";

/// All of that undone, whatever of it was done.
const END: &str = "\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";

/// The terminal of this process.
pub(super) struct Terminal {
    out: Stdout,
    mouse: bool,
    frames: Frames,
    /// What is to be written, and how much of it was.
    waiting: Vec<u8>,
    written: usize,
}

impl Terminal {
    /// Takes the terminal.
    pub(super) fn begin(mouse: bool) -> anyhow::Result<Self> {
        restore_on_panic();
        let mut terminal = Self {
            out: tokio::io::stdout(),
            mouse,
            frames: Frames::default(),
            waiting: Vec::new(),
            written: 0,
        };
        terminal.resume()?;
        Ok(terminal)
    }

    /// Takes it again, after it was given back or somebody else had it.
    pub(super) fn resume(&mut self) -> anyhow::Result<()> {
        // What crossterm takes for its modes may be another program's by now.
        disable_raw_mode()
            .and_then(|()| enable_raw_mode())
            .context("can't take the terminal")?;
        let size = size().context("can't find out the terminal's size")?;
        self.frames.resize(size);
        self.waiting.drain(..self.written);
        self.written = 0;
        self.waiting.extend_from_slice(BEGIN.as_bytes());
        if self.mouse {
            self.waiting.extend_from_slice(MOUSE.as_bytes());
        }
        Ok(())
    }

    /// Gives it back.
    #[allow(clippy::unused_self, reason = "only who has it can give it back")]
    pub(super) fn restore(&self) {
        restore();
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> (u16, u16) {
        self.frames.size()
    }

    /// It has another size.
    pub(super) fn resize(&mut self, size: (u16, u16)) {
        self.frames.resize(size);
    }

    /// What it shows is not known any more.
    pub(super) fn forget(&mut self) {
        self.frames.forget();
    }

    /// Whether a frame is still on its way.
    pub(super) fn is_writing(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Draws what differs from what it shows. Nothing is written if nothing does.
    pub(super) fn draw(
        &mut self,
        draw: impl FnOnce(&mut Buffer) -> Option<Position>,
    ) -> anyhow::Result<()> {
        let drawn = self.frames.draw(draw, &mut self.waiting);
        drawn.context("can't draw")
    }

    /// Writes what waits. Cancel safe: what was written is not written again.
    pub(super) async fn write(&mut self) -> io::Result<()> {
        while self.written < self.waiting.len() {
            self.written += self.out.write(&self.waiting[self.written..]).await?;
        }
        self.out.flush().await?;
        self.waiting.clear();
        self.written = 0;
        Ok(())
    }
}

/// However this ends, the shell behind it gets the terminal as it was.
impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    let mut out = io::stdout();
    // If the terminal is gone there is nobody left who would see it.
    let _ = out.write_all(END.as_bytes()).and_then(|()| out.flush());
    let _ = disable_raw_mode();
}

/// What a panic says is to be read.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
    });
}
