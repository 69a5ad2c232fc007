//! Questions about what happened: a few of them are under way for one client at a time, and it can cancel each.

use std::time::Instant;

use super::effect::AskEffect;
use super::reply::{AnsweredReply, Reply};
use super::requests::{Refusal, may_read};
use super::{ClientSession, Effect};
use crate::auth::Principal;
use crate::ids::PaneId;
use crate::server::asking::{Answered, NoAnswer, Question, ScreenQuestion, Waiting, When};
use crate::server::target::Target;
use crate::wire::{ErrorCode, RequestId};

/// How many questions of one client are answered at one time.
const MOST: usize = 4;

/// The questions of one client that are under way. They end with it.
#[derive(Debug, Default)]
pub(super) struct Questions {
    number: u64,
    under_way: Vec<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    number: u64,
    id: Option<RequestId>,
    /// Ends the question when it is dropped.
    _waiting: Waiting,
}

impl ClientSession {
    pub(super) fn ask_question(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        question: Question,
    ) -> Result<(), Refusal> {
        may_read(principal)?;
        self.check_room()?;
        if self.questions.under_way.len() >= MOST {
            let why = format!(
                "{MOST} questions about the history are under way: wait for their answers, or cancel some"
            );
            return Err((ErrorCode::RateLimited, why));
        }
        let waiting = Waiting::default();
        let wanted = waiting.wanted();
        self.questions.number += 1;
        let number = self.questions.number;
        self.questions.under_way.push(UnderWay {
            number,
            id: id.clone(),
            _waiting: waiting,
        });
        self.begin(Effect::Ask(AskEffect {
            id,
            number,
            by: principal.clone(),
            question,
            wanted,
        }));
        Ok(())
    }

    pub(super) fn ask_screen(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        target: &Target,
        (at, offset): (When, Option<u64>),
    ) -> Result<(), Refusal> {
        let pane = self.pane_of_history(principal, target)?;
        let question = Question::Screen(ScreenQuestion { pane, at, offset });
        self.ask_question(id, principal, question)
    }

    /// A pane that there may have been: by its id any, else one that there is.
    pub(super) fn pane_of_history(
        &self,
        principal: &Principal,
        target: &Target,
    ) -> Result<PaneId, Refusal> {
        match target.pane {
            Some(pane) => may_read(principal).map(|()| pane),
            None => self.visible_pane(principal, target),
        }
    }

    pub(super) fn answered(
        &mut self,
        id: Option<&RequestId>,
        number: u64,
        outcome: Result<Box<Answered>, NoAnswer>,
        now: Instant,
    ) {
        self.questions.under_way.retain(|one| one.number != number);
        // It may be let in no more.
        if self.principal().is_err() {
            return;
        }
        match outcome {
            Ok(answered) => {
                let context = std::sync::Arc::clone(&self.context);
                let reply = AnsweredReply {
                    id,
                    encoder: &context.encoder,
                    epoch: context.hub.epoch(),
                    answered: &answered,
                };
                self.say(&Reply::Answered(reply), now);
            }
            Err((code, why)) => self.refuse(id, code, &why, now),
        }
    }

    /// No answer to a question is wanted any more. It is answered with an error then, as every request is answered.
    pub(super) fn cancel_question(
        &mut self,
        id: Option<&RequestId>,
        principal: &Principal,
        request: &RequestId,
        now: Instant,
    ) -> Result<(), Refusal> {
        may_read(principal)?;
        let before = self.questions.under_way.len();
        let is_meant = |one: &UnderWay| one.id.as_ref() == Some(request);
        self.questions.under_way.retain(|one| !is_meant(one));
        let found = self.questions.under_way.len() < before;
        self.say(&Reply::Cancelled { id, found }, now);
        Ok(())
    }
}
