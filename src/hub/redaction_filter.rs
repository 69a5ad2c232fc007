//! What the log holds for those from whom secrets are kept.
//!
//! A change with something secret in it goes into the log twice: as it is, for those who see all, and masked, for the
//! others. Of a pane's output, some may be held back from these, until it is known whether it is part of a secret or the
//! time for it is over. Since nothing gets into the log but by this, nobody gets around it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::published::EventContext;
use crate::ids::PaneId;
use crate::model::{
    Agent, Alert, Audience, Change, ChangeKind, ChangeKind as K, Emitted, Pane, Session, State,
    Visibility, Window,
};
use crate::redact::{Fed, Piece, Redactor, Rules};

/// How secrets are kept from some.
#[derive(Debug, Clone)]
pub struct Redaction {
    /// What is secret.
    pub rules: Arc<Rules>,
    /// How long output is held back at most, since it may become a secret.
    pub hold: Duration,
}

/// What of the log only those see from whom secrets are kept.
#[derive(Debug)]
pub(super) struct RedactionFilter {
    redaction: Redaction,
    panes: HashMap<PaneId, FilteredPane>,
    /// The state with its secrets masked.
    state: Arc<State>,
    /// When the first of what is held back has to be let go.
    due: Option<Instant>,
}

/// A pane's output for those from whom secrets are kept.
#[derive(Debug)]
struct FilteredPane {
    redactor: Redactor,
    audience: Audience,
    due: Option<Instant>,
}

impl RedactionFilter {
    pub(super) fn new(redaction: Redaction) -> Self {
        Self {
            redaction,
            panes: HashMap::new(),
            state: Arc::default(),
            due: None,
        }
    }

    pub(super) fn redaction(&self) -> &Redaction {
        &self.redaction
    }

    pub(super) fn state(&self) -> &Arc<State> {
        &self.state
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The state that the next changes lead to. Returns it masked.
    pub(super) fn enter(&mut self, state: &Arc<State>) -> Arc<State> {
        let mut masked = Arc::clone(state);
        let rules = &self.redaction.rules;
        if texts_of_state(state).any(|text| rules.masked(text).is_some()) {
            let state = Arc::make_mut(&mut masked);
            mask_state(state, &mut |text| {
                mask(rules, text);
            });
        }
        self.panes.retain(|pane, filtered| {
            state.panes.contains_key(pane) || filtered.redactor.is_holding()
        });
        self.state = Arc::clone(&masked);
        masked
    }

    /// Gives what goes into the log for a change, in this order. Without a time, nothing is held back.
    pub(super) fn split(
        &mut self,
        change: Change,
        now: Option<Instant>,
        state_differs: bool,
        into: &mut Vec<Change>,
    ) {
        match (&change.kind, change.pane) {
            (ChangeKind::PaneOutput { offset, bytes }, Some(pane)) => {
                let (offset, bytes) = (*offset, bytes.clone());
                return self.output(change, (pane, offset, &bytes), now, into);
            }
            (ChangeKind::PaneGap { offset, bytes }, Some(pane)) => {
                into.extend(self.release(pane));
                if let Some(filtered) = self.panes.get_mut(&pane) {
                    let to = offset + bytes.unwrap_or(0);
                    let redactor = &mut filtered.redactor;
                    redactor.skip(to.saturating_sub(redactor.next()));
                }
            }
            (ChangeKind::PaneRemoved { moved: false }, Some(pane)) => {
                into.extend(self.release(pane));
                self.panes.remove(&pane);
            }
            _ => return self.twins(change, state_differs, into),
        }
        into.push(change);
    }

    /// Lets go what was held back until now for as long as it may be.
    pub(super) fn release_due(&mut self, now: Instant) -> Vec<Change> {
        let is_due = |filtered: &FilteredPane| filtered.due.is_some_and(|due| due <= now);
        self.release_those(is_due)
    }

    /// Lets go all that is held back.
    pub(super) fn release_all(&mut self) -> Vec<Change> {
        self.release_those(|filtered| filtered.due.is_some())
    }

    fn release_those(&mut self, wanted: impl Fn(&FilteredPane) -> bool) -> Vec<Change> {
        if self.due.is_none() {
            return Vec::new();
        }
        let panes = self.panes.iter().filter(|(_, filtered)| wanted(filtered));
        let mut panes: Vec<PaneId> = panes.map(|(pane, _)| *pane).collect();
        panes.sort_unstable();
        let released = panes.into_iter().filter_map(|pane| self.release(pane));
        released.collect()
    }

    fn output(
        &mut self,
        change: Change,
        (pane, offset, bytes): (PaneId, u64, &Bytes),
        now: Option<Instant>,
        into: &mut Vec<Change>,
    ) {
        let fresh = || FilteredPane {
            redactor: Redactor::new(Arc::clone(&self.redaction.rules), offset),
            audience: change.audience.clone(),
            due: None,
        };
        let filtered = self.panes.entry(pane).or_insert_with(fresh);
        if filtered.redactor.next() != offset {
            // The pane has begun anew, or bytes are missing without a gap.
            let piece = filtered.redactor.release();
            into.extend(piece.map(|piece| shown(&filtered.audience, pane, piece)));
            *filtered = fresh();
        }
        filtered.audience = change.audience.clone();
        match filtered.redactor.feed(bytes) {
            Fed::Unchanged => into.push(change),
            Fed::Changed(piece) => {
                let visibility = Visibility::Plain;
                into.push(Change {
                    visibility,
                    ..change
                });
                into.extend(piece.map(|piece| shown(&filtered.audience, pane, piece)));
            }
        }
        let due = now.map(|now| now + self.redaction.hold);
        let due = filtered
            .due
            .or(due)
            .filter(|_| filtered.redactor.is_holding());
        if due != filtered.due {
            filtered.due = due;
            self.find_due();
        }
        if now.is_none() {
            into.extend(self.release(pane));
        }
    }

    fn release(&mut self, pane: PaneId) -> Option<Change> {
        let filtered = self.panes.get_mut(&pane)?;
        let piece = filtered.redactor.release()?;
        let released = shown(&filtered.audience, pane, piece);
        filtered.due = None;
        self.find_due();
        Some(released)
    }

    fn find_due(&mut self) {
        self.due = self
            .panes
            .values()
            .filter_map(|filtered| filtered.due)
            .min();
    }

    /// A change with all that it says, and if there are secrets in it, without them.
    fn twins(&self, change: Change, state_differs: bool, into: &mut Vec<Change>) {
        let rules = &self.redaction.rules;
        let mut kind = change.kind.clone();
        let mut any = false;
        mask_kind(&mut kind, &mut |text| any |= mask(rules, text));
        // Those to whom a renamed session is new get all that is in it.
        any |= state_differs && matches!(change.kind, ChangeKind::SessionRenamed { .. });
        if !any {
            return into.push(change);
        }
        let visibility = Visibility::Plain;
        into.push(Change {
            visibility,
            ..change.clone()
        });
        let visibility = Visibility::Redacted;
        into.push(Change {
            kind,
            visibility,
            ..change
        });
    }
}

/// A change as it may be kept elsewhere: with its secrets masked, whoever may see them. Output is masked by its pane's own
/// [`Redactor`], and stays as it is here.
pub fn mask_change(rules: &Arc<Rules>, change: &mut Change) {
    mask_kind(&mut change.kind, &mut |text| {
        mask(rules, text);
    });
}

/// What is kept beside it, with its secrets masked.
pub fn mask_context(rules: &Arc<Rules>, context: &mut EventContext) {
    if let Some(masked) = context.masked_name.take() {
        context.window_name = Some(masked);
    } else if let Some(name) = &mut context.window_name
        && let Some(masked) = rules.masked(name)
    {
        *name = masked.into();
    }
    if let Some(state) = &mut context.state {
        mask_whole_state(rules, state);
    }
}

/// A state with its secrets masked.
pub fn mask_whole_state(rules: &Arc<Rules>, state: &mut Arc<State>) {
    if texts_of_state(state).any(|text| rules.masked(text).is_some()) {
        mask_state(Arc::make_mut(state), &mut |text| {
            mask(rules, text);
        });
    }
}

/// Output for those from whom secrets are kept.
fn shown(audience: &Audience, pane: PaneId, piece: Piece) -> Change {
    let Piece { offset, bytes } = piece;
    Change {
        pane: Some(pane),
        visibility: Visibility::Redacted,
        ..Change::new(audience.clone(), ChangeKind::PaneOutput { offset, bytes })
    }
}

fn mask(rules: &Arc<Rules>, text: &mut String) -> bool {
    let masked = rules.masked(text);
    let any = masked.is_some();
    if let Some(masked) = masked {
        *text = masked;
    }
    any
}

fn texts_of_state(state: &State) -> impl Iterator<Item = &str> {
    let sessions = state.sessions.values().map(|session| session.path.as_str());
    let windows = state.windows.values().map(|window| window.name.as_str());
    let panes = state.panes.values().flat_map(|pane| {
        let mode = pane.mode.as_deref().unwrap_or_default();
        [mode, &pane.title, &pane.command, &pane.path]
    });
    let buffers = state.buffers.values().map(|buffer| buffer.name.as_str());
    let agents = state.agents.values().flat_map(|agent| agent.texts());
    sessions
        .chain(windows)
        .chain(panes)
        .chain(buffers)
        .chain(agents)
}

/// Masks what [`texts_of_state`] gives. What things are found by stays: ids, and the names of sessions and clients.
fn mask_state(state: &mut State, mask: &mut impl FnMut(&mut String)) {
    for session in state.sessions.values_mut() {
        mask_session(session, mask);
    }
    for window in state.windows.values_mut() {
        mask_window(window, mask);
    }
    for pane in state.panes.values_mut() {
        mask_pane(pane, mask);
    }
    for buffer in state.buffers.values_mut() {
        mask(&mut buffer.name);
    }
    for agent in state.agents.values_mut() {
        mask_agent(agent, mask);
    }
}

fn mask_session(session: &mut Session, mask: &mut impl FnMut(&mut String)) {
    mask(&mut session.path);
}

fn mask_window(window: &mut Window, mask: &mut impl FnMut(&mut String)) {
    mask(&mut window.name);
}

fn mask_contents(window: &mut Window, panes: &mut [Pane], mask: &mut impl FnMut(&mut String)) {
    mask_window(window, mask);
    panes.iter_mut().for_each(|pane| mask_pane(pane, mask));
}

fn mask_pane(pane: &mut Pane, mask: &mut impl FnMut(&mut String)) {
    pane.mode.iter_mut().for_each(&mut *mask);
    mask(&mut pane.title);
    mask(&mut pane.command);
    mask(&mut pane.path);
}

fn mask_agent(agent: &mut Arc<Agent>, mask: &mut impl FnMut(&mut String)) {
    // Others hold it too: it is copied if there is anything to mask.
    let mut masked = Agent::clone(agent);
    masked.texts_mut().for_each(mask);
    if masked != **agent {
        *agent = Arc::new(masked);
    }
}

/// A text beside its key is judged as if both were printed: `"password":"hunter2"`.
fn mask_emitted(event: &mut Arc<Emitted>, mask: &mut impl FnMut(&mut String)) {
    let mut masked = Emitted::clone(event);
    masked.each_text(&mut |key, text| {
        mask(text);
        let Some(key) = key else { return };
        let printed = format!("{key}=\"{text}\"");
        let mut shown = printed.clone();
        mask(&mut shown);
        if shown != printed {
            let value = shown.get(key.len() + 2..shown.len().saturating_sub(1));
            *text = value.map_or_else(|| "*".repeat(text.len()), str::to_owned);
        }
    });
    if masked != **event {
        *event = Arc::new(masked);
    }
}

fn mask_alert(alert: &mut Arc<Alert>, mask: &mut impl FnMut(&mut String)) {
    Arc::make_mut(alert).texts_mut().for_each(mask);
}

/// Masks what a program or a person chose. One row a type, so that a new one has to be thought of.
fn mask_kind(kind: &mut ChangeKind, mask: &mut impl FnMut(&mut String)) {
    match kind {
        K::ServerLost { reason: text, .. } | K::BufferDeleted { name: text } => mask(text),
        K::SessionCreated { session }
        | K::SessionRenamed { session, .. }
        | K::SessionChanged { session } => mask_session(session, mask),
        K::WindowCreated {
            window,
            panes,
            agents,
            ..
        } => {
            mask_contents(window, panes, mask);
            for (_, agent) in agents {
                mask_agent(agent, mask);
            }
        }
        K::WindowRenamed {
            name: text,
            previous,
        }
        | K::PaneTitleChanged {
            title: text,
            previous,
        }
        | K::PaneCommandChanged {
            command: text,
            previous,
            ..
        }
        | K::PanePathChanged {
            path: text,
            previous,
        } => [text, previous].into_iter().for_each(mask),
        K::WindowLayoutChanged { window, .. } => mask_window(window, mask),
        K::PaneCreated { pane, agent, .. } => {
            mask_pane(pane, mask);
            agent.iter_mut().for_each(|agent| mask_agent(agent, mask));
        }
        K::AgentStarted { agent }
        | K::AgentStatus { agent, .. }
        | K::AgentSeen { agent, .. }
        | K::AgentUsage { agent }
        | K::AgentEnded { agent } => {
            mask_agent(agent, mask);
        }
        K::Emitted { event } => mask_emitted(event, mask),
        K::Alert { alert } | K::AlertCleared { alert, .. } => mask_alert(alert, mask),
        K::PaneModeChanged { mode, previous } => mode.iter_mut().chain(previous).for_each(mask),
        K::BufferChanged { buffer } => mask(&mut buffer.name),
        K::ServerConnected { .. }
        | K::ServerChanged { .. }
        | K::ServerUnfit { .. }
        | K::SessionRemoved
        | K::WindowRemoved
        | K::WindowMoved { .. }
        | K::WindowActiveChanged { .. }
        | K::WindowMissed { .. }
        | K::WindowAlert { .. }
        | K::PaneRemoved { .. }
        | K::PaneExited { .. }
        | K::PaneActiveChanged { .. }
        | K::PaneResized { .. }
        | K::PaneMissed
        | K::PaneBell
        | K::PaneOutput { .. }
        | K::PaneGap { .. }
        | K::ClientAttached { .. }
        | K::ClientDetached { .. }
        | K::ClientSessionChanged { .. }
        | K::SystemResources { .. }
        | K::LogGap { .. } => {}
    }
}
