//! What a wait knows, and what it comes to. It does no IO: messages go in, and wants come out.

use std::collections::VecDeque;
use std::time::Instant;

use crate::agent::Shown;
use crate::cli::Until;
use crate::client::{FoundPane, NoTarget, TargetName, panes};
use crate::ids::PaneId;
use crate::wire::agent::AgentObject;
use crate::wire::request::{Action, Open, Snapshot, Target};
use crate::wire::{Event, EventData, Message, PaneScreen, Received, StateSnapshot};

/// What a wait came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// That of this number came.
    Came(usize),
    /// It can't come any more, for this reason.
    Impossible(String),
}

/// What a wait wants to be done.
#[derive(Debug)]
pub(super) enum Want {
    /// To ask the server for this.
    Ask(Box<Action>),
    /// To end.
    Outcome(Outcome),
}

/// A wait for one of several things.
#[derive(Debug)]
pub(super) struct Waiting {
    target: TargetName,
    until: Vec<Until>,
    /// The pane that is meant, once it is known.
    pane: Option<PaneId>,
    /// Why it is not known.
    missing: Option<NoTarget>,
    agent: Option<AgentObject<'static>>,
    screen: Option<Shown>,
    wants: VecDeque<Want>,
}

impl Waiting {
    pub(super) fn new(target: TargetName, until: Vec<Until>) -> Self {
        Self {
            target,
            until,
            pane: None,
            missing: None,
            agent: None,
            screen: None,
            wants: VecDeque::new(),
        }
    }

    /// What is waited for, by its number.
    pub(super) fn until(&self, at: usize) -> &Until {
        &self.until[at]
    }

    /// The pane, once it is known.
    pub(super) fn pane(&self) -> Option<PaneId> {
        self.pane
    }

    /// The agent, as far as there is one.
    pub(super) fn agent(&self) -> Option<&AgentObject<'static>> {
        self.agent.as_ref()
    }

    /// Why the pane is not known, if it isn't.
    pub(super) fn missing(&self) -> Option<&NoTarget> {
        self.missing.as_ref().filter(|_| self.pane.is_none())
    }

    pub(super) fn take_want(&mut self) -> Option<Want> {
        self.wants.pop_front()
    }

    /// There is a connection, the first one or another.
    pub(super) fn begin(&mut self) {
        self.look();
        if self.pane.is_some() {
            self.open();
        }
    }

    /// Events are missing. What was known of the agent may have been another server's, so that it is gone says nothing.
    pub(super) fn lost(&mut self) {
        self.agent = None;
    }

    /// What there is, in a few words.
    pub(super) fn told(&self) -> String {
        let target = &self.target;
        match (&self.agent, self.pane) {
            (Some(agent), Some(pane)) => {
                let reason = agent.reason.as_deref();
                let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
                let (kind, status) = (&agent.agent_type, &agent.status);
                format!("{kind} in {pane} is {status}{reason}, and nothing else came")
            }
            (None, Some(pane)) => format!("no agent in {pane}, and nothing else came"),
            (_, None) => match self.missing() {
                Some(missing) => format!("{missing}; it did not come"),
                None => format!("{target}: no answer of the server"),
            },
        }
    }

    /// The server said something.
    ///
    /// # Errors
    /// Several panes are called as the target is.
    pub(super) fn take(&mut self, message: &Received) -> Result<(), NoTarget> {
        match message.message() {
            Message::Snapshot(state) => self.state(state)?,
            Message::PaneSnapshot(snapshot) if Some(snapshot.pane.0) == self.pane => {
                self.screen(&snapshot.data);
            }
            Message::Event(event) => self.event(event),
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, event: &Event<'static>) {
        let is_own = event.pane().is_some() && event.pane() == self.pane;
        match &event.data {
            EventData::PaneOutput(output) if is_own => self.printed(output.content.as_bytes()),
            EventData::AgentStarted(agent) if is_own => self.has(agent),
            EventData::AgentStatus(changed) if is_own => self.has(&changed.agent),
            EventData::AgentEnded(_) if is_own => self.has_no_agent(),
            EventData::PaneExited(_) if is_own => self.ended("its program has ended"),
            EventData::ServerLost(_) if self.pane.is_some() => {
                self.ended("the tmux server is gone");
            }
            // The pane may be gone, or come.
            EventData::SessionRemoved(_)
            | EventData::WindowRemoved(_)
            | EventData::PaneRemoved(_)
                if self.pane.is_some() =>
            {
                self.look();
            }
            EventData::ServerConnected(_) => self.look(),
            _ if self.pane.is_none() => self.look(),
            _ => {}
        }
    }

    /// The state, which says where the target is and what is in it.
    fn state(&mut self, state: &StateSnapshot<'static>) -> Result<(), NoTarget> {
        // A server that has just begun knows nothing yet, and that says nothing.
        if state.server.is_none() {
            return Ok(());
        }
        let found = match self.pane {
            Some(pane) => panes(state).find(|one| one.id() == pane),
            None => match self.target.find(state) {
                Ok(found) => {
                    self.pane = Some(found.id());
                    self.open();
                    Some(found)
                }
                Err(missing @ NoTarget::Missing { .. }) => {
                    self.missing = Some(missing);
                    return Ok(());
                }
                Err(ambiguous) => return Err(ambiguous),
            },
        };
        match found {
            Some(found) => self.found(found),
            None => self.ended("its pane is gone"),
        }
        Ok(())
    }

    fn found(&mut self, found: FoundPane<'_>) {
        if found.pane.exit.is_some() {
            return self.ended("its program has ended");
        }
        match found.agent() {
            Some(agent) => self.has(agent),
            None if self.agent.is_some() => self.has_no_agent(),
            None => {}
        }
    }

    fn has(&mut self, agent: &AgentObject<'static>) {
        self.agent = Some(agent.clone());
        let is = |until: &Until| matches!(until, Until::State(state) if *state == agent.status);
        self.came(is);
    }

    fn has_no_agent(&mut self) {
        let gone = self.agent.take();
        if self.came(|until| *until == Until::Exited) {
            return;
        }
        let waits_for_text = self.until.iter().any(|one| matches!(one, Until::Text(_)));
        if !waits_for_text {
            let kind = gone.map_or_else(|| "the agent".to_owned(), |gone| gone.agent_type.into());
            self.impossible(&format!("{kind} has ended"));
        }
    }

    /// Neither an agent nor a text can come here any more.
    fn ended(&mut self, why: &str) {
        if !self.came(|until| *until == Until::Exited) {
            self.impossible(why);
        }
    }

    fn impossible(&mut self, why: &str) {
        let pane = self.pane.map(|pane| pane.to_string()).unwrap_or_default();
        let outcome = Outcome::Impossible(format!("{pane}: {why}"));
        self.wants.push_back(Want::Outcome(outcome));
    }

    /// Whether one of those came that are waited for.
    fn came(&mut self, is: impl FnMut(&Until) -> bool) -> bool {
        let at = self.until.iter().position(is);
        self.wants
            .extend(at.map(|at| Want::Outcome(Outcome::Came(at))));
        at.is_some()
    }

    /// Asks for the state.
    fn look(&mut self) {
        let asks = |want: &Want| matches!(want, Want::Ask(action) if matches!(**action, Action::Snapshot(_)));
        if !self.wants.iter().any(asks) {
            let action = Action::Snapshot(Snapshot::default());
            self.wants.push_back(Want::Ask(Box::new(action)));
        }
    }

    /// Asks for what the pane shows and prints, if a text is waited for.
    fn open(&mut self) {
        let waits_for_text = self.until.iter().any(|one| matches!(one, Until::Text(_)));
        let Some(pane) = self.pane.filter(|_| waits_for_text) else {
            return;
        };
        let open = Open {
            target: Target {
                pane: Some(pane.to_string()),
                ..Target::default()
            },
            ..Open::default()
        };
        self.wants
            .push_back(Want::Ask(Box::new(Action::Open(open))));
    }

    fn screen(&mut self, screen: &PaneScreen<'_>) {
        let side = |cells: u32| u16::try_from(cells).unwrap_or(u16::MAX);
        let (cols, rows) = (side(screen.cols), side(screen.rows));
        self.screen = Some(Shown::new(cols, rows, Instant::now()));
        self.printed(screen.replay.as_deref().unwrap_or_default().as_bytes());
    }

    fn printed(&mut self, bytes: &[u8]) {
        let Some(screen) = &mut self.screen else {
            return;
        };
        let texts = self.until.iter().enumerate();
        let texts = texts.filter_map(|(at, until)| match until {
            Until::Text(text) => Some((at, text.as_str())),
            Until::State(_) | Until::Exited => None,
        });
        let (numbers, texts): (Vec<usize>, Vec<&str>) = texts.unzip();
        let came = screen.find(bytes, &texts).map(|at| numbers[at]);
        self.wants
            .extend(came.map(|at| Want::Outcome(Outcome::Came(at))));
    }
}
