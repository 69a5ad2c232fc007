//! Typing into panes: each request asks tmux first whether the pane would take it, then types, then is answered.
//!
//! Replies come in the order of the commands, so requests for one pane are typed in the order in which they came.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::action::Action;
use super::request::{InputError, InputRequest, Key};
use crate::control::rows::{CheckRow, Row as _};
use crate::control::{Body, Command, InputBytes, KeyName};
use crate::ids::PaneId;
use crate::tmux::{LinkId, ReplyError};

/// Where the outcome of a request goes. Nobody may be waiting for it any more, and that is no error.
pub(super) type InputReply = oneshot::Sender<Result<(), InputError>>;

/// The requests under way, by the tag of their commands.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    pending: HashMap<u64, Pending>,
}

#[derive(Debug)]
struct Pending {
    link: LinkId,
    request: InputRequest,
    commands: Vec<Command>,
    stage: Stage,
    reply: InputReply,
}

#[derive(Debug)]
enum Stage {
    Checking,
    Typing {
        unanswered: usize,
        failure: Option<InputError>,
    },
}

impl Inputs {
    /// Begins a request on the control link; without one it is refused.
    pub(super) fn begin(
        &mut self,
        link: Option<LinkId>,
        tag: u64,
        request: InputRequest,
        reply: InputReply,
        actions: &mut Vec<Action>,
    ) {
        let Some(link) = link else {
            return answer(reply, Err(InputError::Unavailable));
        };
        match commands(&request) {
            Ok(commands) => {
                let check = Command::CheckPane { pane: request.pane };
                actions.push(Action::Send {
                    link,
                    tag,
                    commands: vec![check],
                });
                let stage = Stage::Checking;
                self.pending.insert(
                    tag,
                    Pending {
                        link,
                        request,
                        commands,
                        stage,
                        reply,
                    },
                );
            }
            Err(error) => answer(reply, Err(error)),
        }
    }

    /// Whether a tag belongs to a request.
    pub(super) fn owns(&self, tag: u64) -> bool {
        self.pending.contains_key(&tag)
    }

    /// The commands of a tag could not be handed to the link.
    pub(super) fn not_sent(&mut self, tag: u64) {
        if let Some(pending) = self.pending.remove(&tag) {
            answer(pending.reply, Err(InputError::Busy));
        }
    }

    /// The reply to one command of a request.
    pub(super) fn reply(
        &mut self,
        tag: u64,
        outcome: Result<Body, ReplyError>,
        actions: &mut Vec<Action>,
    ) {
        let Some(mut pending) = self.pending.remove(&tag) else {
            return;
        };
        match pending.stage {
            Stage::Checking => match pending.check(outcome) {
                Ok(()) => {
                    pending.type_in(tag, actions);
                    self.pending.insert(tag, pending);
                }
                Err(error) => answer(pending.reply, Err(error)),
            },
            Stage::Typing {
                unanswered,
                failure,
            } => {
                let failure = failure.or_else(|| outcome.err().map(|error| refusal(&error)));
                if unanswered > 1 {
                    pending.stage = Stage::Typing {
                        unanswered: unanswered - 1,
                        failure,
                    };
                    self.pending.insert(tag, pending);
                } else {
                    answer(pending.reply, failure.map_or(Ok(()), Err));
                }
            }
        }
    }
}

impl Pending {
    fn check(&mut self, outcome: Result<Body, ReplyError>) -> Result<(), InputError> {
        let body = outcome.map_err(|error| match error {
            ReplyError::Failed(_) => InputError::NoSuchPane,
            other => refusal(&other),
        })?;
        let row = CheckRow::parse(body.first_line())
            .map_err(|error| InputError::Tmux(error.to_string()))?;
        if row.pane != Some(self.request.pane) {
            return Err(InputError::NoSuchPane);
        }
        if row.dead {
            return Err(InputError::PaneDead);
        }
        if row.input_off {
            return Err(InputError::InputOff);
        }
        if row.in_mode {
            if !self.request.cancel_mode {
                return Err(InputError::InMode { mode: row.mode });
            }
            self.commands.insert(0, leave(self.request.pane, &row.mode));
        }
        Ok(())
    }

    /// Each command goes on a line of its own: a line takes 1,000 arguments, and each byte is one.
    fn type_in(&mut self, tag: u64, actions: &mut Vec<Action>) {
        let commands = std::mem::take(&mut self.commands);
        self.stage = Stage::Typing {
            unanswered: commands.len(),
            failure: None,
        };
        let link = self.link;
        actions.extend(commands.into_iter().map(|command| Action::Send {
            link,
            tag,
            commands: vec![command],
        }));
    }
}

/// What ends a mode: those in which text is read have commands of their own.
fn leave(pane: PaneId, mode: &str) -> Command {
    match mode {
        "copy-mode" | "view-mode" => Command::CancelMode { pane },
        _ => Command::QuitModes { pane },
    }
}

fn commands(request: &InputRequest) -> Result<Vec<Command>, InputError> {
    let pane = request.pane;
    let mut commands = Vec::new();
    for key in &request.keys {
        match key {
            Key::Text(bytes) => {
                let pieces = InputBytes::split(bytes.clone());
                commands.extend(pieces.map(|bytes| Command::SendBytes { pane, bytes }));
            }
            Key::Named(name) => {
                let key =
                    KeyName::new(name).ok_or_else(|| InputError::BadKey { key: name.clone() })?;
                commands.push(Command::SendKey { pane, key });
            }
        }
    }
    if commands.is_empty() {
        Err(InputError::Nothing)
    } else {
        Ok(commands)
    }
}

fn refusal(error: &ReplyError) -> InputError {
    match error {
        ReplyError::LinkClosed => InputError::LinkLost,
        other => InputError::Tmux(other.to_string()),
    }
}

fn answer(reply: InputReply, outcome: Result<(), InputError>) {
    if reply.send(outcome).is_err() {
        tracing::debug!("the client that typed is gone");
    }
}
