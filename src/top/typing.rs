//! What is typed: into a pane as it is, as a prompt, as the answer to a dialog; and what came of it.

use super::keys::Key;
use super::model::Model;
use super::parts::{Explained, Mode, Now, Over, Purpose, Receipt, Typed, failure, target};
use super::theme::Role;
use crate::client::CallError;
use crate::ids::PaneId;
use crate::printable::escaped;
use crate::wire::message::ComposedResponse;
use crate::wire::request::{Action, Answer, Choice, Explain, Prompt, Seen, SendKeys};
use crate::wire::{Message, More, Received};

/// Receipts that are kept.
const MOST_RECEIPTS: usize = 100;

impl Model {
    /// Begins to type into the pane that is selected.
    pub(super) fn begin_typing(&mut self, now: Now) {
        let Some(pane) = self.selected else {
            return;
        };
        if !self.may_type() {
            let text = "this token may only read: one with the permission `write` may type";
            return self.notice(text, Role::Waiting, now);
        }
        if self.is_own(pane) {
            let text = "this is the pane in which you read this";
            return self.notice(text, Role::Waiting, now);
        }
        self.mode = Mode::Typing(pane);
        self.touch();
    }

    /// A key for the pane.
    pub(super) fn type_key(&mut self, key: Key) {
        match (key.text(), self.typed.last_mut()) {
            (Some(c), Some(Typed::Text(text))) => text.push(c),
            (Some(c), _) => self.typed.push(Typed::Text(c.into())),
            (None, Some(Typed::Keys(keys))) => keys.push(key.to_string()),
            (None, _) => self.typed.push(Typed::Keys(vec![key.to_string()])),
        }
    }

    /// A paste for the pane.
    pub(super) fn type_paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        // A message has at most 64 KiB.
        let mut rest = &*text;
        while !rest.is_empty() {
            let most = rest.len().min(8_192);
            let end = (0..=most).rev().find(|end| rest.is_char_boundary(*end));
            let end = end.unwrap_or(rest.len());
            self.typed.push(Typed::Paste(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }

    /// Sends what was typed.
    pub(super) fn flush_typed(&mut self) {
        let Mode::Typing(pane) = self.mode else {
            self.typed.clear();
            return;
        };
        for typed in std::mem::take(&mut self.typed) {
            let mut request = SendKeys {
                target: target(pane),
                ..SendKeys::default()
            };
            match typed {
                Typed::Text(text) => request.text = Some(text),
                Typed::Keys(keys) => request.keys = Some(keys),
                Typed::Paste(text) => {
                    (request.text, request.paste) = (Some(text), Some(true));
                }
            }
            self.ask(Purpose::Typing(pane), Action::SendKeys(request));
        }
    }

    /// The panes for which a prompt is: those that are marked, or else the one that is selected.
    pub(super) fn begin_prompt(&mut self, now: Now) {
        if !self.may_type() {
            let text =
                "this token may only read: one with the permission `write` may submit prompts";
            return self.notice(text, Role::Waiting, now);
        }
        let selected = self.selected.filter(|pane| self.agent(*pane).is_some());
        let targets: Vec<PaneId> = match self.marked.is_empty() {
            true => selected.into_iter().collect(),
            false => self.marked.iter().copied().collect(),
        };
        if targets.is_empty() {
            let text = "prompts are for agents, and there is none in this pane";
            return self.notice(text, Role::Waiting, now);
        }
        self.mode = Mode::Compose(targets);
        self.touch();
    }

    /// Submits the prompt.
    pub(super) fn submit(&mut self, targets: &[PaneId], now: Now) {
        let text = self.draft.text();
        if text.trim().is_empty() {
            return self.notice("there is nothing to submit", Role::Waiting, now);
        }
        self.draft = super::editor::Editor::default();
        self.mode = Mode::Browse;
        let first = text.lines().find(|line| !line.trim().is_empty());
        let first = first.unwrap_or_default().to_owned();
        for pane in targets {
            let prompt = Action::Prompt(Prompt {
                target: target(*pane),
                text: text.clone(),
                ..Prompt::default()
            });
            self.ask_with_receipt(*pane, first.clone(), prompt);
        }
        self.marked.clear();
        if targets.len() > 1 {
            self.mode = Mode::Over(Over::Receipts, 0);
        }
    }

    /// Makes a choice in the dialog that the selected agent shows. One that has only just come is not answered: the key may
    /// have been meant for another one.
    pub(super) fn answer(&mut self, number: u32, now: Now) {
        if self.past.is_some() {
            let text =
                "this is the past, which can't be answered; Escape goes back to what shows now";
            return self.notice(text, Role::Waiting, now);
        }
        let dialog = self.selected_agent().and_then(|agent| agent.dialog.clone());
        let Some((pane, dialog)) = self.selected.zip(dialog) else {
            return self.notice("no dialog shows that could be answered", Role::Dim, now);
        };
        if !self.may_type() {
            let text = "this token may only read: one with the permission `write` may answer";
            return self.notice(text, Role::Waiting, now);
        }
        if !self.is_ripe(pane, &dialog.fingerprint, now) {
            let text = "the dialog has only just come: look at it, and press the key again";
            return self.notice(text, Role::Waiting, now);
        }
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let option = dialog.options.get(index.saturating_sub(1));
        if !dialog.options.is_empty() && option.is_none() {
            let text = format!("the dialog has {} choices", dialog.options.len());
            return self.notice(text, Role::Waiting, now);
        }
        let what = option.map_or_else(String::new, |one| format!(" {}", escaped(one)));
        let answer = Action::Answer(Answer {
            target: target(pane),
            dialog: dialog.fingerprint.into_owned(),
            choice: Choice::Number(number),
            key: None,
            timeout_ms: None,
            more: More::new(),
        });
        self.ask_with_receipt(pane, format!("answer {number}{what}"), answer);
    }

    fn ask_with_receipt(&mut self, pane: PaneId, what: String, action: Action) {
        let agent = self
            .agent(pane)
            .map(|agent| escaped(&agent.agent_type).into_owned());
        let place = format!("{} {}", self.place(pane), agent.unwrap_or_default());
        let ticket = self.ask(Purpose::Receipt(self.tickets + 1), action);
        self.receipts.push(Receipt {
            ticket,
            place: place.trim_end().to_owned(),
            what,
            outcome: None,
        });
        let surplus = self.receipts.len().saturating_sub(MOST_RECEIPTS);
        self.receipts.drain(..surplus);
        self.touch();
    }

    /// The agents in these panes have been seen as they are; all of them without a pane.
    pub(super) fn seen(&mut self, pane: Option<PaneId>, now: Now) {
        if let Some(pane) = pane.filter(|pane| self.agent(*pane).is_none()) {
            let text = format!("there is no agent in {pane}");
            return self.notice(text, Role::Dim, now);
        }
        let seen = Seen {
            target: pane.map(target),
            ..Seen::default()
        };
        self.ask(Purpose::Seen, Action::Seen(seen));
    }

    /// Asks why an agent is said to do what it does.
    pub(super) fn explain(&mut self, now: Now) {
        let pane = self.selected.filter(|pane| self.agent(*pane).is_some());
        let Some(pane) = pane else {
            return self.notice("there is no agent in this pane", Role::Dim, now);
        };
        self.explained = Some(Explained::Asked);
        self.mode = Mode::Over(Over::Explain(pane), 0);
        let explain = Explain {
            target: target(pane),
            ..Explain::default()
        };
        self.ask(Purpose::Explain(pane), Action::Explain(explain));
        self.touch();
    }

    /// A request was answered.
    pub fn on_answer(&mut self, ticket: u64, answer: Result<Box<Received>, CallError>, now: Now) {
        let Some(purpose) = self.pending.remove(&ticket) else {
            return;
        };
        match (purpose, answer) {
            (Purpose::Typing(pane), Err(error)) => {
                let text = format!("not typed into {}: {}", self.place(pane), failure(&error));
                self.notice(text, Role::Failed, now);
            }
            (Purpose::Typing(_) | Purpose::Seen, Ok(_)) => {}
            (Purpose::Seen, Err(error)) => {
                self.notice(
                    format!("not marked: {}", failure(&error)),
                    Role::Failed,
                    now,
                );
            }
            (Purpose::Explain(_), answer) => self.explained = Some(explained(answer)),
            (Purpose::Past, answer) => self.on_past(ticket, answer, now),
            (Purpose::Recall, answer) => self.on_recall(ticket, answer, now),
            (Purpose::Receipt(_), answer) => self.on_receipt(ticket, answer, now),
        }
        self.touch();
    }

    fn on_receipt(&mut self, ticket: u64, answer: Result<Box<Received>, CallError>, now: Now) {
        let outcome = match &answer {
            Err(error) => (false, failure(error)),
            Ok(answer) => match answer.message() {
                Message::PromptResponse(response) => outcome(response, "submitted"),
                Message::AnswerResponse(response) => outcome(response, "answered"),
                _ => (false, "the server answers something else".to_owned()),
            },
        };
        let receipt = self.receipts.iter_mut().find(|one| one.ticket == ticket);
        let Some(receipt) = receipt else {
            return;
        };
        receipt.outcome = Some(outcome.clone());
        let text = format!("{}: {}", receipt.place, outcome.1);
        self.journal.receipt(now.clock, &text, outcome.0);
        let role = if outcome.0 { Role::Done } else { Role::Failed };
        self.notice(text, role, now);
    }
}

/// Whether there is proof, and what it is or why there is none.
fn outcome(response: &ComposedResponse<'_>, done: &str) -> (bool, String) {
    let is_done = response.submitted.or(response.answered) == Some(true);
    if is_done {
        let evidence = response.evidence.as_deref().unwrap_or_default();
        return (true, format!("{done} ({})", escaped(evidence)));
    }
    let reason = response.reason.as_deref().unwrap_or_default();
    let why = escaped(response.message.as_deref().unwrap_or(reason));
    let left = match response.left.as_deref() {
        None | Some("") => "",
        Some(_) => "; it is left in the composer",
    };
    (false, format!("not {done}: {why}{left}"))
}

fn explained(answer: Result<Box<Received>, CallError>) -> Explained {
    match answer {
        Err(error) => Explained::Failed(failure(&error)),
        Ok(answer) => match answer.message() {
            Message::Explanation(explanation) => Explained::Told(explanation.clone()),
            _ => Explained::Failed("the server answers something else".to_owned()),
        },
    }
}
