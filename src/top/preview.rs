//! A pane that is open, and what it shows.

use std::time::{Duration, Instant};

use super::parts::{Now, failure};
use super::screen::Screen;
use crate::client::{PaneItem, PaneWish};

/// Output that may be on its way of one pane, in bytes: what is drawn at once of one that floods.
const WINDOW: u64 = 64 << 10;

/// Lines of history, once somebody scrolls back.
const HISTORY: u32 = 2_000;

/// How long a synchronized update is waited for.
const HELD: Duration = Duration::from_millis(150);

/// A pane that is open.
#[derive(Debug)]
pub(super) struct Preview {
    screen: Option<Screen>,
    /// Why there is no screen.
    pub(super) trouble: Option<String>,
    /// What shows is not what the pane shows now.
    pub(super) is_stale: bool,
    /// Lines of history that were asked for.
    history: u32,
    /// To be scrolled back once the history is there.
    scroll: i32,
    /// Up to where it was read.
    end: Option<u64>,
    /// The same, until that is shown.
    pub(super) unacknowledged: Option<u64>,
    /// When a synchronized update is waited for no longer.
    pub(super) release_at: Option<Instant>,
}

impl Preview {
    pub(super) fn new() -> Self {
        Self {
            screen: None,
            trouble: None,
            is_stale: true,
            history: 0,
            scroll: 0,
            end: None,
            unacknowledged: None,
            release_at: None,
        }
    }

    /// What the pane shows, once that is known.
    pub(super) fn screen(&self) -> Option<&Screen> {
        self.screen.as_ref()
    }

    /// Behind the last byte that it was read.
    pub(super) fn end(&self) -> Option<u64> {
        self.end
    }

    /// Whether there is nothing further back in tmux's history.
    pub(super) fn is_at_top(&self) -> bool {
        let is_asked = self.history > 0 && self.scroll == 0;
        let is_top = |screen: &Screen| {
            screen.is_alternate() || is_asked && screen.scrolled() == screen.history()
        };
        self.screen.as_ref().is_some_and(is_top)
    }

    /// Shows what there is now.
    pub(super) fn follow(&mut self) {
        if let Some(screen) = &mut self.screen {
            screen.follow();
        }
    }

    pub(super) fn wish(&self) -> PaneWish {
        PaneWish {
            scrollback: self.history,
            ack_window: Some(WINDOW),
        }
    }

    pub(super) fn on_item(&mut self, item: PaneItem, now: Now) {
        match item {
            PaneItem::Snapshot {
                bytes,
                cols,
                rows,
                offset,
                ..
            } => self.begin(&bytes, (cols, rows), offset),
            PaneItem::Output { bytes, end } => {
                (self.end, self.unacknowledged) = (Some(end), Some(end));
                if let Some(screen) = &mut self.screen {
                    screen.read(&bytes);
                    let held = screen.is_held();
                    let until = self.release_at.unwrap_or(now.instant + HELD);
                    self.release_at = held.then_some(until);
                }
            }
            PaneItem::Gap { .. } | PaneItem::Lagged { .. } => self.is_stale = true,
            PaneItem::Removed => self.trouble = Some("the pane is gone".to_owned()),
            PaneItem::Refused(error) => self.trouble = Some(failure(&error)),
            PaneItem::Event(_) => {}
        }
    }

    fn begin(&mut self, bytes: &[u8], (cols, rows): (u32, u32), offset: u64) {
        let scrolled = self.screen.as_ref().map_or(0, Screen::scrolled);
        let history = usize::try_from(self.history).unwrap_or(0);
        (self.end, self.unacknowledged) = (Some(offset), Some(offset));
        self.release_at = None;
        self.is_stale = false;
        self.screen = Screen::new(cols, rows, history);
        self.trouble = None;
        match &mut self.screen {
            Some(screen) => {
                screen.read(bytes);
                let scrolled = i32::try_from(scrolled).unwrap_or(i32::MAX);
                screen.scroll(scrolled.saturating_add(std::mem::take(&mut self.scroll)));
            }
            None => self.trouble = Some(format!("a pane of {cols}x{rows} is too large to show")),
        }
    }

    /// Shows a synchronized update that is waited for no longer. Returns whether there was one.
    pub(super) fn release(&mut self, now: Now) -> bool {
        let due = self.release_at.take_if(|at| *at <= now.instant);
        if let Some(screen) = self.screen.as_mut().filter(|_| due.is_some()) {
            screen.release();
        }
        due.is_some()
    }

    /// Scrolls back, by a number above 0, or forward. Returns whether the pane has to be opened anew, with its history.
    pub(super) fn scroll(&mut self, lines: i32) -> bool {
        let Some(screen) = &mut self.screen else {
            return false;
        };
        if self.scroll > 0 {
            // The history is on its way.
            self.scroll = self.scroll.saturating_add(lines).max(1);
            return false;
        }
        if lines > 0 && self.history == 0 {
            (self.history, self.scroll) = (HISTORY, lines);
            return true;
        }
        screen.scroll(lines);
        false
    }
}
