//! Plays a scene: what is printed when, and what becomes of a person's keys.

use std::mem;
use std::time::{Duration, Instant};

use super::cast::{BrokenRecording, Entry, What, read};
use super::keys::Key;
use super::scene::{Dialog, Scene};

/// No pause is longer: who watches a demo has not all day.
const LONGEST_PAUSE: f64 = 4.0;
/// While the agent starts, pauses are shorter still.
const STARTING_PAUSE: f64 = 0.2;
/// How long the end is shown at least behind a letter that was typed.
const TYPING: Duration = Duration::from_secs(60);
/// Leaves nothing of what was there: a reset, and no history.
const CLEAR: &str = "\u{1b}c\u{1b}[3J";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The entry that comes next, and when.
    Playing { next: usize, due: Instant },
    /// A dialog is open, and this choice is the one that Enter takes.
    Asking { next: usize, chosen: usize },
    /// It is over.
    Resting { until: Instant, typed: usize },
}

/// One scene, as it is played.
#[derive(Debug)]
pub struct Player {
    scene: &'static Scene,
    recording: Vec<Entry>,
    /// The same scene when the person says no.
    refused: Vec<Entry>,
    is_refused: bool,
    state: State,
    /// What is to be printed besides, at once.
    waiting: String,
}

impl Player {
    /// Begins a scene.
    ///
    /// # Errors
    /// Its recording can't be read.
    pub fn new(scene: &'static Scene, now: Instant) -> Result<Self, BrokenRecording> {
        let dialog = scene.dialog.as_ref();
        Ok(Self {
            scene,
            recording: read(scene.recording)?,
            refused: dialog.map_or(Ok(Vec::new()), |dialog| read(dialog.refused))?,
            is_refused: false,
            state: State::Playing { next: 0, due: now },
            waiting: CLEAR.to_owned(),
        })
    }

    /// When something happens next by itself; `None` while it waits for a person.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        match self.state {
            State::Playing { due, .. } => Some(due),
            State::Asking { .. } => None,
            State::Resting { until, .. } => Some(until),
        }
    }

    /// What is to be printed by now.
    pub fn print(&mut self, now: Instant) -> String {
        let mut printed = mem::take(&mut self.waiting);
        loop {
            match self.state {
                State::Playing { next, due } if due <= now => {
                    match self.entry(next).map(|entry| entry.what.clone()) {
                        None => {
                            let until = now + self.scene.rest;
                            self.state = State::Resting { until, typed: 0 };
                        }
                        Some(What::Answer) if self.scene.dialog.is_some() => {
                            self.state = State::Asking { next, chosen: 0 };
                        }
                        Some(what) => {
                            if let What::Print(text) = what {
                                printed.push_str(&text);
                            }
                            self.play_from(next + 1, due);
                        }
                    }
                }
                State::Resting { until, .. } if until <= now => {
                    self.begin(now);
                    printed.push_str(&mem::take(&mut self.waiting));
                }
                _ => return printed,
            }
        }
    }

    /// A person has pressed a key.
    pub fn press(&mut self, key: Key, now: Instant) {
        match self.state {
            State::Playing { .. } => {}
            State::Asking { next, chosen } => {
                if let Some(dialog) = &self.scene.dialog {
                    self.answer(dialog, next, chosen, key, now);
                }
            }
            State::Resting { until, typed } => match key {
                Key::Enter | Key::Interrupt => self.begin(now),
                Key::Character(character) => {
                    self.waiting.push(character);
                    let typed = typed + 1;
                    // Nobody is interrupted.
                    let until = until.max(now + TYPING);
                    self.state = State::Resting { until, typed };
                }
                Key::Backspace if typed > 0 => {
                    self.waiting.push_str("\u{8} \u{8}");
                    let typed = typed - 1;
                    self.state = State::Resting { until, typed };
                }
                _ => {}
            },
        }
    }

    fn answer(&mut self, dialog: &Dialog, next: usize, chosen: usize, key: Key, now: Instant) {
        let last = dialog.rows.len() - 1;
        let taken = match key {
            Key::Up => return self.choose(dialog, next, chosen, chosen.saturating_sub(1)),
            Key::Down => return self.choose(dialog, next, chosen, last.min(chosen + 1)),
            Key::Enter => chosen,
            Key::Escape | Key::Interrupt | Key::Character('n') => last,
            Key::Character('y') => 0,
            Key::Character(digit) => match digit.to_digit(10) {
                Some(number @ 1..) if number as usize <= last + 1 => number as usize - 1,
                _ => return,
            },
            Key::Backspace => return,
        };
        self.is_refused = taken == last;
        // Both recordings are the same scene up to their answers.
        let answered = self
            .current()
            .iter()
            .position(|entry| entry.what == What::Answer);
        self.play_from(answered.map_or(next, |at| at + 1), now);
    }

    /// Moves the sign before the choices.
    fn choose(&mut self, dialog: &Dialog, next: usize, from: usize, to: usize) {
        let (column, sign) = (dialog.column, dialog.sign);
        let (Some(before), Some(after)) = (dialog.rows.get(from), dialog.rows.get(to)) else {
            return;
        };
        let moved =
            format!("\u{1b}7\u{1b}[{before};{column}H \u{1b}[{after};{column}H{sign}\u{1b}8");
        self.waiting.push_str(&moved);
        self.state = State::Asking { next, chosen: to };
    }

    fn begin(&mut self, now: Instant) {
        self.is_refused = false;
        self.waiting = CLEAR.to_owned();
        self.state = State::Playing { next: 0, due: now };
    }

    fn current(&self) -> &[Entry] {
        if self.is_refused {
            &self.refused
        } else {
            &self.recording
        }
    }

    fn entry(&self, at: usize) -> Option<&Entry> {
        self.current().get(at)
    }

    /// Goes on with this entry, as long after the one before it as it was recorded.
    fn play_from(&mut self, next: usize, now: Instant) {
        let before = next.checked_sub(1).and_then(|before| self.entry(before));
        let from = before.map_or(0.0, |entry| entry.at);
        let until = self.entry(next).map_or(from, |entry| entry.at);
        let is_starting = !self
            .current()
            .iter()
            .take(next)
            .any(|entry| entry.what == What::Own);
        let most = if is_starting {
            STARTING_PAUSE
        } else {
            LONGEST_PAUSE
        };
        // A dialog that shows can be answered: how long the person thought who was recorded is nobody's concern.
        let is_asked = self
            .entry(next)
            .is_some_and(|entry| entry.what == What::Answer);
        let pause = if is_asked {
            0.0
        } else {
            (until - from).clamp(0.0, most)
        };
        let due = now + Duration::from_secs_f64(pause);
        self.state = State::Playing { next, due };
    }
}

#[cfg(test)]
#[path = "player_tests.rs"]
mod tests;
