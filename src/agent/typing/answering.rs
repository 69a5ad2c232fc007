//! An answer to a dialog: the choice is made, looked at, and confirmed, as long as it is the dialog that was meant.

use std::time::{Duration, Instant};

use super::{Asked, Hindrance, Manner, Outcome, Proof, Step, Stroke, keys, next};
use crate::agent::status::State;
use crate::agent::watch::{DialogLook, Look};

/// How long the sign before the choices may take to move.
const MOVING: Duration = Duration::from_secs(2);
/// How long an agent has at least to act on the answer.
const ACTION: Duration = Duration::from_secs(3);

/// An answer that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The dialog that it is for.
    pub fingerprint: String,
    /// What is chosen.
    pub choice: AnswerChoice,
    /// How long it may take in all.
    pub timeout: Duration,
}

/// One of a dialog's choices.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AnswerChoice {
    /// By its number, from 1 on.
    Number(usize),
    /// By its text, or the beginning of it.
    Text(String),
}

/// An answer on its way.
#[derive(Debug)]
pub(super) struct Answering {
    answer: Answer,
    manner: Manner,
    phase: Phase,
    until: Instant,
    /// How many times keys were let through.
    pieces: usize,
}

#[derive(Debug, Clone)]
enum Phase {
    Begin,
    Asked(Part),
    Typing(Part),
    /// The sign is on its way to this choice.
    Moved {
        want: usize,
        since: Instant,
    },
    /// It was confirmed.
    Proof {
        sent: Instant,
    },
    Failed(String),
}

#[derive(Debug, Clone, Copy)]
enum Part {
    /// The sign is moved from one choice to another.
    Move { from: usize, want: usize },
    /// The choice is confirmed; with a list, the one that the sign stands at.
    Confirm { want: Option<usize> },
}

impl Answering {
    pub(super) fn new(answer: Answer, manner: Manner, now: Instant) -> Self {
        Self {
            until: now + answer.timeout,
            answer,
            manner,
            phase: Phase::Begin,
            pieces: 0,
        }
    }

    pub(super) fn has_typed_before(&self) -> bool {
        self.pieces > usize::from(matches!(self.phase, Phase::Typing(_)))
    }

    pub(super) fn step(&mut self, look: &Look, now: Instant) -> Step {
        match self.phase.clone() {
            Phase::Begin => self.begin(look, now),
            Phase::Asked(_) | Phase::Typing(_) => Step::Wait,
            Phase::Moved { want, since } => self.confirm(look, want, since, now),
            Phase::Proof { sent } => self.prove(look, sent, now),
            Phase::Failed(why) => done(Err(Hindrance::Failed(why)), look),
        }
    }

    /// Whether the keys that were asked for may be typed, as things look now.
    pub(super) fn may_send(&mut self, look: &Look, now: Instant) -> bool {
        let Phase::Asked(part) = self.phase.clone() else {
            return false;
        };
        let chosen = self.meant(look).map(|dialog| dialog.chosen);
        let (allowed, otherwise) = match part {
            Part::Move { from, .. } => (chosen == Some(Some(from)), Phase::Begin),
            Part::Confirm { want: None } => (chosen.is_some(), Phase::Begin),
            Part::Confirm { want: Some(want) } => {
                let moved = Phase::Moved { want, since: now };
                (chosen == Some(Some(want)), moved)
            }
        };
        self.pieces += usize::from(allowed);
        self.phase = match (allowed, self.pieces > 0) {
            (true, _) => Phase::Typing(part),
            (false, true) => otherwise,
            (false, false) => Phase::Begin,
        };
        allowed
    }

    pub(super) fn typed(&mut self, result: Result<(), String>, now: Instant) {
        let part = match &self.phase {
            Phase::Typing(part) | Phase::Asked(part) => *part,
            _ => return,
        };
        self.phase = match (part, result) {
            (_, Err(why)) => Phase::Failed(why),
            (Part::Move { want, .. }, Ok(())) => Phase::Moved { want, since: now },
            (Part::Confirm { .. }, Ok(())) => Phase::Proof { sent: now },
        };
    }

    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        match &self.phase {
            Phase::Begin => next([self.until], now),
            Phase::Moved { since, .. } => next([*since + self.manner.delay, *since + MOVING], now),
            Phase::Proof { sent } => next([self.limit(*sent)], now),
            Phase::Asked(_) | Phase::Typing(_) | Phase::Failed(_) => None,
        }
    }

    /// The dialog that is meant, if it is the one that shows.
    fn meant<'a>(&self, look: &'a Look) -> Option<&'a DialogLook> {
        let dialog = look.dialog.as_ref();
        dialog.filter(|shown| shown.dialog.fingerprint == self.answer.fingerprint)
    }

    fn begin(&mut self, look: &Look, now: Instant) -> Step {
        if !look.seen && now < self.until {
            return Step::Wait;
        }
        let Some(dialog) = self.meant(look) else {
            let why = match look.dialog {
                Some(_) => Hindrance::OtherDialog,
                None => Hindrance::NoDialog,
            };
            return done(Err(why), look);
        };
        if now >= self.until {
            return done(Err(Hindrance::Timeout), look);
        }
        let Some(want) = self.answer.choice.among(&dialog.dialog.options) else {
            return done(Err(Hindrance::NoChoice), look);
        };
        if let Some(fixed) = dialog.keys.get(want).filter(|keys| !keys.is_empty()) {
            self.phase = Phase::Asked(Part::Confirm { want: None });
            return Step::Type(keys(fixed));
        }
        let Some(from) = dialog.chosen else {
            return done(Err(Hindrance::NoChoice), look);
        };
        if from == want {
            return self.ask_to_confirm(want);
        }
        self.phase = Phase::Asked(Part::Move { from, want });
        let key = match want > from {
            true => &self.manner.down,
            false => &self.manner.up,
        };
        Step::Type(vec![Stroke::Key(key.clone()); from.abs_diff(want)])
    }

    fn ask_to_confirm(&mut self, want: usize) -> Step {
        self.phase = Phase::Asked(Part::Confirm { want: Some(want) });
        Step::Type(vec![Stroke::Key(self.manner.confirm.clone())])
    }

    /// The sign was moved: it has to stand at the choice before that is confirmed, and some agents draw it there
    /// before their keys mean that choice.
    fn confirm(&mut self, look: &Look, want: usize, since: Instant, now: Instant) -> Step {
        match self.meant(look) {
            Some(_) if now < since + self.manner.delay => Step::Wait,
            Some(dialog) if dialog.chosen == Some(want) => self.ask_to_confirm(want),
            None if look.dialog.is_some() || look.state != State::Waiting => {
                done(Err(Hindrance::Changed), look)
            }
            _ if now < since + MOVING => Step::Wait,
            _ => done(Err(Hindrance::NotTaken), look),
        }
    }

    fn prove(&self, look: &Look, sent: Instant, now: Instant) -> Step {
        // A dialog that is half drawn is none for a moment; what is said of the agent stays the same then.
        let is_gone = look.state != State::Waiting || look.dialog.is_some();
        if self.meant(look).is_none() && is_gone {
            return done(Ok(Proof::Dialog), look);
        }
        match now >= self.limit(sent) {
            true => done(Err(Hindrance::NotTaken), look),
            false => Step::Wait,
        }
    }

    fn limit(&self, sent: Instant) -> Instant {
        self.until.max(sent + ACTION)
    }
}

impl AnswerChoice {
    /// Which of these it is.
    fn among(&self, options: &[String]) -> Option<usize> {
        match self {
            Self::Number(number) => number.checked_sub(1).filter(|at| *at < options.len()),
            Self::Text(text) => {
                let text = text.trim().to_lowercase();
                let is = |option: &String| option.to_lowercase() == text;
                if let Some(at) = options.iter().position(is) {
                    return Some(at);
                }
                let begins = |option: &String| option.to_lowercase().starts_with(&text);
                let mut found = (0..options.len()).filter(|at| begins(&options[*at]));
                let first = found.next()?;
                (found.next().is_none() && !text.is_empty()).then_some(first)
            }
        }
    }
}

fn done(result: Result<Proof, Hindrance>, look: &Look) -> Step {
    Step::Done(Box::new(Outcome::new(Asked::Answer, result, None, look)))
}
