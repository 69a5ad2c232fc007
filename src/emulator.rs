//! What all who feed a terminal emulator, `alacritty_terminal`, with what panes print hold to.

use std::time::Duration;

use alacritty_terminal::vte::ansi::Timeout;

/// The most cells of a pane that is shown or kept: 600 by 400.
pub(crate) const MOST_CELLS: u32 = 240_000;

/// The fewest columns of the emulator, which panics where a wide character has only one.
pub(crate) const FEWEST_COLUMNS: usize = 2;

/// Synchronized updates are drawn at once, as tmux takes them in at once.
#[derive(Debug, Default)]
pub(crate) struct AtOnce;

impl Timeout for AtOnce {
    fn set_timeout(&mut self, _: Duration) {}

    fn clear_timeout(&mut self) {}

    fn pending_timeout(&self) -> bool {
        false
    }
}
