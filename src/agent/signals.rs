//! What stands of the signals among a pane's bytes: the title, the progress, the last notification.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::display::Display;
use super::osc::{self, Signal};
use super::scan::{Listener, Scanner};
use super::view::View;

/// How long a synchronized update is waited for.
const LONGEST_UPDATE: Duration = Duration::from_millis(150);

/// How long a notification counts.
const NOTIFICATION_LIVES: Duration = Duration::from_secs(10);

/// How many of the newest signals are kept for those who ask why.
const KEPT_SIGNALS: usize = 32;

/// The room that is kept for what the emulator gets: a burst leaves no more behind.
const ROOM: usize = 64 << 10;

/// The signals of one pane.
#[derive(Debug, Default)]
pub(super) struct Signals {
    scanner: Scanner,
    found: Found,
    display: Vec<u8>,
    recent: VecDeque<(Signal, Instant)>,
    title: Option<String>,
    progress: Option<String>,
    notification: Option<(String, Instant)>,
    /// When a synchronized update began that is under way.
    updating: Option<Instant>,
}

/// What one read has.
#[derive(Debug, Default)]
struct Found {
    signals: Vec<Signal>,
    /// A synchronized update is under way.
    updating: bool,
}

impl Listener for Found {
    fn string(&mut self, string: &[u8]) {
        self.signals.extend(osc::read(string));
    }

    fn bell(&mut self) {
        self.signals.push(Signal::Bell);
    }

    fn synchronized(&mut self, under_way: bool) {
        self.updating = under_way;
    }
}

impl Signals {
    /// Reads bytes: what the emulator gets of them, and the signals in them, each of which is to be kept.
    pub(super) fn read(&mut self, bytes: &[u8], now: Instant) -> (&[u8], Vec<Signal>) {
        self.display.clear();
        self.display.shrink_to(ROOM);
        self.scanner.feed(bytes, &mut self.found, &mut self.display);
        self.updating = match self.found.updating {
            true => self.updating.or(Some(now)),
            false => None,
        };
        (&self.display, std::mem::take(&mut self.found.signals))
    }

    /// Keeps a signal.
    pub(super) fn keep(&mut self, signal: Signal, now: Instant) {
        match &signal {
            Signal::Title(title) => self.title = Some(title.clone()),
            Signal::Progress(progress) => self.progress = progress.text(),
            Signal::Notification(text) => self.notification = Some((text.clone(), now)),
            Signal::Report(_) | Signal::Prompt(_) | Signal::Bell => {}
        }
        if self.recent.len() == KEPT_SIGNALS {
            self.recent.pop_front();
        }
        self.recent.push_back((signal, now));
    }

    /// The newest signals and when they came, the oldest first.
    pub(super) fn recent(&self) -> impl Iterator<Item = &(Signal, Instant)> {
        self.recent.iter()
    }

    /// The bytes begin anew: what was unfinished is not finished any more.
    pub(super) fn restart(&mut self) {
        self.scanner = Scanner::default();
        self.found.updating = false;
    }

    /// The title, as tmux knows it.
    pub(super) fn set_title(&mut self, title: &str) {
        self.title = Some(osc::clean(title));
    }

    /// Forgets what a program said of itself, but for its title.
    pub(super) fn forget(&mut self) {
        self.progress = None;
        self.notification = None;
    }

    pub(super) fn forget_title(&mut self) {
        self.title = None;
    }

    pub(super) fn forget_notification(&mut self) {
        self.notification = None;
    }

    /// When the last notification stops counting.
    pub(super) fn notification_ends(&self) -> Option<Instant> {
        let (_, at) = self.notification.as_ref()?;
        at.checked_add(NOTIFICATION_LIVES)
    }

    /// Forgets the notification once it has counted for long enough. Whether it did.
    pub(super) fn lapse(&mut self, now: Instant) -> bool {
        let over = self.notification_ends().is_some_and(|end| now >= end);
        if over {
            self.notification = None;
        }
        over
    }

    /// Until when the screen is being drawn, if it is.
    pub(super) fn update_ends(&self) -> Option<Instant> {
        self.updating?.checked_add(LONGEST_UPDATE)
    }

    /// What shows.
    pub(super) fn view(&self, display: &mut Display) -> View {
        View {
            lines: display.lines().to_vec(),
            cols: display.cols(),
            cursor_row: display.cursor_row(),
            title: self.title.clone(),
            progress: self.progress.clone(),
            notification: self.notification.as_ref().map(|(text, _)| text.clone()),
        }
    }
}
