//! Prompts and answers on their way into panes. What is to be typed the engine decides; here it goes from a look at the
//! screen to the keys and back. It does no IO and reads no clock.

use std::collections::BTreeMap;
use std::time::Instant;

use tokio::sync::oneshot;

use super::pane::Pane;
use crate::agent::{Asked, Hindrance, Look, Outcome, Step, Stroke, TypingTask};
use crate::bridge::{Composed, ForAgent, Handle, InputError, Key};
use crate::ids::PaneId;

/// What is to be done for a prompt or an answer, by its number.
#[derive(Debug)]
pub(super) enum ComposingEffect {
    /// Write into the audit log that this is typed, and make it ready.
    Record { number: u64, strokes: Vec<Stroke> },
    /// Say what has come of it.
    Composed {
        number: u64,
        outcome: Result<Box<Outcome>, InputError>,
    },
}

/// All that is under way, by the numbers that the driver gave.
#[derive(Debug, Default)]
pub(super) struct Composings(BTreeMap<u64, Composing>);

#[derive(Debug)]
struct Composing {
    pane: PaneId,
    /// Which agent it is for.
    held: u64,
    task: TypingTask,
}

impl Composings {
    /// Begins to type for the agent in this pane.
    pub(super) fn begin(
        &mut self,
        number: u64,
        (id, pane): (PaneId, Option<&Pane>),
        wanted: ForAgent,
        now: Instant,
    ) -> Result<(), Hindrance> {
        let held = pane.and_then(|pane| pane.agent.as_ref());
        let held = held.ok_or(Hindrance::NoAgent)?;
        if self.0.values().any(|other| other.pane == id) {
            return Err(Hindrance::Another);
        }
        let task = match wanted {
            ForAgent::Prompt(prompt) => TypingTask::prompt(prompt, &held.watch, now),
            ForAgent::Answer(answer) => TypingTask::answer(answer, &held.watch, now),
        };
        let composing = Composing {
            pane: id,
            held: held.number,
            task,
        };
        self.0.insert(number, composing);
        Ok(())
    }

    /// Goes on with all of them.
    pub(super) fn step(
        &mut self,
        panes: &mut BTreeMap<PaneId, Pane>,
        effects: &mut Vec<ComposingEffect>,
        now: Instant,
    ) {
        self.0.retain(|number, composing| {
            let look = composing.look(panes, now);
            let step = composing.task.step(look.as_ref(), now);
            match step {
                Step::Wait => {}
                Step::Type(strokes) => effects.push(ComposingEffect::Record {
                    number: *number,
                    strokes,
                }),
                Step::Done(outcome) => {
                    effects.push(ComposingEffect::Composed {
                        number: *number,
                        outcome: Ok(outcome),
                    });
                    return false;
                }
            }
            true
        });
    }

    /// The keys stand in the audit log: whether they may be typed now.
    pub(super) fn may_send(
        &mut self,
        number: u64,
        panes: &mut BTreeMap<PaneId, Pane>,
        now: Instant,
    ) -> bool {
        let Some(composing) = self.0.get_mut(&number) else {
            return false;
        };
        let look = composing.look(panes, now);
        composing.task.may_send(look.as_ref(), now)
    }

    /// The keys were typed, or could not be.
    pub(super) fn typed(
        &mut self,
        number: u64,
        result: Result<(), InputError>,
        effects: &mut Vec<ComposingEffect>,
        now: Instant,
    ) {
        let Some(composing) = self.0.get_mut(&number) else {
            return;
        };
        let error = match result {
            Ok(()) => return composing.task.typed(Ok(()), now),
            Err(error) => error,
        };
        let is_partly = matches!(
            error,
            InputError::Partly { .. } | InputError::LinkLost | InputError::Tmux(_)
        );
        if composing.task.has_typed_before() || is_partly {
            return composing.task.typed(Err(error.to_string()), now);
        }
        self.0.remove(&number);
        effects.push(ComposingEffect::Composed {
            number,
            outcome: Err(error),
        });
    }

    /// When something is due, though nothing happens.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let deadlines = self.0.values();
        deadlines
            .filter_map(|composing| composing.task.deadline(now))
            .min()
    }
}

impl Composing {
    /// A look at its agent; nothing if that is gone.
    fn look(&self, panes: &mut BTreeMap<PaneId, Pane>, now: Instant) -> Option<Look> {
        let pane = panes.get_mut(&self.pane)?;
        let held = pane
            .agent
            .as_mut()
            .filter(|held| held.number == self.held)?;
        held.look(now)
    }
}

/// What is typed, as the bridge takes it.
pub(super) fn keys(strokes: Vec<Stroke>) -> Vec<Key> {
    let strokes = strokes.into_iter();
    let key = |stroke| match stroke {
        Stroke::Paste(text) => Key::Paste(text.into()),
        Stroke::Key(name) => Key::Named(name),
    };
    strokes.map(key).collect()
}

/// An outcome before anything was begun.
pub(super) fn refused(asked: Asked, hindrance: Hindrance) -> Box<Outcome> {
    Box::new(Outcome::refused(asked, hindrance))
}

/// Says what has come of it, once all that was published of the agent is in the log: whoever hears that it works may ask at
/// once whether it still does.
pub(super) async fn tell_outcome(
    bridge: Handle,
    reply: oneshot::Sender<Result<Composed, InputError>>,
    outcome: Result<Box<Outcome>, InputError>,
) {
    bridge.answers().await;
    // The client may be gone.
    let _ = reply.send(outcome.map(|outcome| *outcome));
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::*;
    use crate::bridge::Request;

    #[tokio::test]
    async fn an_outcome_comes_behind_what_was_published_before() {
        let (bridge, mut requests) = Handle::pair();
        let (reply, mut answer) = oneshot::channel();
        let outcome = Ok(refused(Asked::Prompt, Hindrance::Busy));
        let told = tokio::spawn(tell_outcome(bridge, reply, outcome));
        let Some(Request::Answer { reply }) = requests.recv().await else {
            panic!("the bridge is not asked");
        };
        assert!(answer.try_recv().is_err(), "it is told too early");
        reply.send(()).unwrap();
        told.await.unwrap();
        assert!(answer.await.unwrap().is_ok());
    }
}
