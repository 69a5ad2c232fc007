//! What the monitor knows and shows: what came from the server goes in, and requests come out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::areas::Areas;
use super::editor::Editor;
use super::journal::Journal;
use super::parts::{
    Effect, Explained, Link, Mode, Notice, Now, Purpose, Receipt, Saving, Setup, Tab, Typed,
    place_of,
};
use super::past::Past;
use super::preview::Preview;
use super::recall::Recall;
use super::standing::{Standing, changes_in, seconds_since};
use super::theme::Role;
use crate::client::{Connected, State, Update};
use crate::ids::PaneId;
use crate::wire::agent::AgentObject;
use crate::wire::request::Action;
use crate::wire::{Message, Received};

/// Rows stay where they are while somebody moves among them, and so long after.
const SETTLED: Duration = Duration::from_secs(3);

/// How long a notice stands.
const NOTICED: Duration = Duration::from_secs(10);

/// A dialog is answered once it has been shown for so long.
const RIPE: Duration = Duration::from_millis(400);

/// All that the monitor knows.
#[derive(Debug)]
pub struct Model {
    pub(super) setup: Setup,
    /// What the server said of itself.
    pub(super) welcome: Option<Connected>,
    pub(super) events: Link,
    pub(super) calls: Link,
    /// What there is; nothing before the first snapshot.
    pub(super) state: Option<State>,
    /// Agents in the order in which they are shown.
    pub(super) agents: Vec<PaneId>,
    pub(super) selected: Option<PaneId>,
    /// When another one was selected.
    pub(super) selected_at: Instant,
    pub(super) marked: BTreeSet<PaneId>,
    pub(super) tab: Tab,
    pub(super) mode: Mode,
    pub(super) zoomed: bool,
    pub(super) filter: Option<Standing>,
    pub(super) query: Editor,
    pub(super) draft: Editor,
    pub(super) previews: BTreeMap<PaneId, Preview>,
    /// The pane that is shown as it was, if one is.
    pub(super) past: Option<Past>,
    pub(super) recall: Recall,
    /// The name that is written of a file, and what goes into one.
    pub(super) file_name: Editor,
    pub(super) saving: Option<Saving>,
    /// When the panes that are wanted are to be opened.
    pub(super) open_at: Option<Instant>,
    pub(super) journal: Journal,
    pub(super) notice: Option<Notice>,
    pub(super) receipts: Vec<Receipt>,
    pub(super) explained: Option<Explained>,
    pub(super) pending: BTreeMap<u64, Purpose>,
    pub(super) tickets: u64,
    pub(super) typed: Vec<Typed>,
    pub(super) effects: Vec<Effect>,
    /// When a key was pressed last.
    pub(super) last_key: Option<Instant>,
    /// Agents are not in the order in which they should be.
    pub(super) unsettled: bool,
    /// The first row of the list that shows.
    pub(super) offset: usize,
    /// The first columns of panes are left out.
    pub(super) pan: u16,
    /// The alert that is selected.
    pub(super) alert_at: usize,
    /// How many events stand behind the one that is selected.
    pub(super) event_back: usize,
    /// The dialog that shows, and since when.
    pub(super) dialog: Option<(PaneId, String, Instant)>,
    pub(super) areas: Areas,
    dirty: bool,
    drawn_at: Now,
}

impl Model {
    /// One that knows nothing as yet.
    #[must_use]
    pub fn new(setup: Setup, now: Now) -> Self {
        Self {
            setup,
            welcome: None,
            events: Link::default(),
            calls: Link::default(),
            state: None,
            agents: Vec::new(),
            selected: None,
            selected_at: now.instant,
            marked: BTreeSet::new(),
            tab: Tab::default(),
            mode: Mode::default(),
            zoomed: false,
            filter: None,
            query: Editor::default(),
            draft: Editor::default(),
            previews: BTreeMap::new(),
            past: None,
            recall: Recall::default(),
            file_name: Editor::default(),
            saving: None,
            open_at: None,
            journal: Journal::default(),
            notice: None,
            receipts: Vec::new(),
            explained: None,
            pending: BTreeMap::new(),
            tickets: 0,
            typed: Vec::new(),
            effects: Vec::new(),
            last_key: None,
            unsettled: false,
            offset: 0,
            pan: 0,
            alert_at: 0,
            event_back: 0,
            dialog: None,
            areas: Areas::default(),
            dirty: true,
            drawn_at: now,
        }
    }

    /// Takes in what the stream of events brought.
    pub fn on_update(&mut self, update: Update, now: Now) {
        match update {
            Update::Connected(welcome) => {
                self.events = Link::Live;
                self.welcome(*welcome);
                // Until the first snapshot there is nothing to go on with.
                if self.state.is_none() {
                    self.effects.push(Effect::Snapshot);
                }
                self.touch();
            }
            Update::Disconnected {
                reason, retry_in, ..
            } => {
                self.events = self.away(reason, retry_in, now);
            }
            Update::Lost { .. } => {
                self.journal.note(now.clock, "events are lost here");
                self.touch();
            }
            Update::LeftOut { .. } => {}
            Update::Message(message) => self.on_message(&message, now),
        }
    }

    fn on_message(&mut self, message: &Received, now: Now) {
        match message.message() {
            Message::Snapshot(snapshot) if snapshot.target.is_none() => {
                self.state = Some(State::of(snapshot));
                self.changed(now);
            }
            Message::Event(event) => {
                let Some(state) = &mut self.state else {
                    return;
                };
                let place = event.pane().map(|pane| place_of(state, pane));
                state.apply(event);
                let before = self.journal.lines().len();
                self.journal.event(event, place, now.clock);
                // Whoever looks at an older one stays there.
                if self.event_back > 0 {
                    self.event_back += self.journal.lines().len() - before;
                }
                self.changed(now);
            }
            Message::Error(error) => {
                let text = crate::printable::escaped(&error.message).into_owned();
                self.notice(text, Role::Failed, now);
            }
            _ => {}
        }
    }

    /// What this client may do, by whichever link that is known.
    pub(super) fn welcome(&mut self, welcome: Connected) {
        let keeps = self
            .welcome
            .as_ref()
            .filter(|one| !one.permissions.is_empty());
        let permissions = keeps.map(|one| one.permissions.clone());
        let mut welcome = welcome;
        if welcome.permissions.is_empty() {
            welcome.permissions = permissions.unwrap_or_default();
        }
        self.welcome = Some(welcome);
    }

    pub(super) fn away(&mut self, reason: String, retry_in: Duration, now: Now) -> Link {
        self.touch();
        Link::Away {
            reason,
            again: now.instant + retry_in,
        }
    }

    /// Something about what there is has changed.
    fn changed(&mut self, now: Now) {
        let Some(state) = &self.state else {
            return;
        };
        let is_agent = |pane: &PaneId| state.agent(*pane).is_some();
        self.agents.retain(is_agent);
        self.marked.retain(is_agent);
        for (pane, known) in &state.panes {
            if known.pane.agent.is_some() && !self.agents.contains(pane) {
                self.agents.push(*pane);
            }
        }
        self.unsettled = true;
        self.settle(now);
        self.forget_gone();
        self.select_something(now);
        self.want_panes(now);
        self.touch();
    }

    /// Brings agents into their order, unless somebody moves among them.
    fn settle(&mut self, now: Now) {
        let moves = self.last_key.is_some_and(|at| now.instant < at + SETTLED);
        let typing = matches!(self.mode, Mode::Typing(_) | Mode::Compose(_));
        if !self.unsettled || (moves && self.selected.is_some()) || typing {
            return;
        }
        self.unsettled = false;
        let Some(state) = &self.state else {
            return;
        };
        let before = self.agents.clone();
        self.agents.sort_by_key(|pane| {
            let agent = state.agent(*pane);
            let standing = agent.map_or(Standing::Unknown, Standing::of);
            (standing, agent.map(|agent| agent.since.clone()), *pane)
        });
        if before != self.agents {
            self.touch();
        }
    }

    /// Selects the first row if nothing is selected, or what was is gone.
    pub(super) fn select_something(&mut self, now: Now) {
        if matches!(self.mode, Mode::Typing(_)) {
            return;
        }
        let rows = self.selectable();
        if self.selected.is_none_or(|pane| !rows.contains(&pane)) {
            // Where nothing is found, what was selected is shown on.
            let kept = self.selected.filter(|pane| self.exists(*pane));
            self.select(rows.first().copied().or(kept), now);
        }
    }

    /// Selects a pane.
    pub(super) fn select(&mut self, pane: Option<PaneId>, now: Now) {
        if self.selected != pane {
            self.selected = pane;
            self.pan = 0;
            self.past = None;
            self.want_soon(now);
            self.selected_at = now.instant;
            self.touch();
        }
    }

    /// The agent in the pane that is selected.
    pub(super) fn selected_agent(&self) -> Option<&AgentObject<'static>> {
        self.agent(self.selected?)
    }

    /// The agent in a pane.
    pub(super) fn agent(&self, pane: PaneId) -> Option<&AgentObject<'static>> {
        self.state.as_ref()?.agent(pane)
    }

    /// How a pane is called by people.
    pub(super) fn place(&self, pane: PaneId) -> String {
        self.state
            .as_ref()
            .map_or_else(|| pane.to_string(), |state| place_of(state, pane))
    }

    /// Whether this client may type. Where nobody has to come in, everybody may.
    pub(super) fn may_type(&self) -> bool {
        let permissions = self.welcome.as_ref().map(|welcome| &welcome.permissions);
        permissions.is_none_or(|all| {
            all.is_empty() || all.iter().any(|one| one == "write" || one == "admin")
        })
    }

    /// Whether what is shown is what there is.
    pub(super) fn is_live(&self) -> bool {
        self.events == Link::Live && self.calls == Link::Live
    }

    /// Whether this program shows in a pane, which it then must not show.
    pub(super) fn is_own(&self, pane: PaneId) -> bool {
        let (Some(place), Some(state)) = (&self.setup.prints_in, &self.state) else {
            return false;
        };
        let (Some(server), Some(known)) = (&state.server, state.panes.get(&pane)) else {
            return false;
        };
        let descends = |pid: u32| place.processes.contains(&pid);
        let is_named = place.server == Some(server.pid) && place.pane == Some(pane);
        is_named || (descends(server.pid) && descends(known.pane.pid))
    }

    /// Asks for something.
    pub(super) fn ask(&mut self, purpose: Purpose, action: Action) -> u64 {
        self.tickets += 1;
        let ticket = self.tickets;
        self.pending.insert(ticket, purpose);
        let action = Box::new(action);
        self.effects.push(Effect::Ask { ticket, action });
        ticket
    }

    /// Says something.
    pub(super) fn notice(&mut self, text: impl Into<String>, role: Role, now: Now) {
        let until = now.instant + NOTICED;
        let text = text.into();
        self.notice = Some(Notice { text, role, until });
        self.touch();
    }

    /// There is something new to be drawn.
    pub(super) fn touch(&mut self) {
        self.dirty = true;
    }

    /// Whether there is something new to be drawn.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Whether a dialog has been shown for long enough to be answered.
    pub(super) fn is_ripe(&self, pane: PaneId, fingerprint: &str, now: Now) -> bool {
        let shown = self.dialog.as_ref();
        let shown = shown.filter(|(one, dialog, _)| (*one, &**dialog) == (pane, fingerprint));
        shown.is_some_and(|(_, _, since)| now.instant >= *since + RIPE)
    }

    /// What is shown is up to date.
    pub(super) fn drawn(&mut self, now: Now) {
        self.dirty = false;
        self.drawn_at = now;
        // Under a window, or behind another list, nobody sees it.
        let is_seen = self.tab == Tab::Panes && self.mode == Mode::Browse && self.past.is_none();
        let agent = self.selected_agent().filter(|_| is_seen);
        let dialog = agent.and_then(|agent| agent.dialog.as_ref());
        let dialog = self
            .selected
            .zip(dialog.map(|dialog| dialog.fingerprint.to_string()));
        let known = self.dialog.take().filter(|(pane, print, _)| {
            dialog
                .as_ref()
                .is_some_and(|(one, other)| (one, other) == (pane, print))
        });
        self.dialog = known.or_else(|| dialog.map(|(pane, print)| (pane, print, now.instant)));
        let shown: Vec<(PaneId, u64)> = self
            .previews
            .iter_mut()
            .filter_map(|(pane, preview)| Some((*pane, preview.unacknowledged.take()?)))
            .collect();
        for (pane, offset) in shown {
            self.effects.push(Effect::Acknowledge(pane, offset));
        }
    }

    /// The terminal has another size.
    pub fn on_resize(&mut self, size: (u16, u16)) {
        self.setup.size = size;
        self.touch();
    }

    /// What the program is to do.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        self.flush_typed();
        std::mem::take(&mut self.effects)
    }

    /// When something changes by itself, if nothing else happens.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        let held = self.previews.values().filter_map(|one| one.release_at);
        let settled = self
            .last_key
            .filter(|_| self.unsettled)
            .map(|at| at + SETTLED);
        let notice = self.notice.as_ref().map(|notice| notice.until);
        let again = [&self.events, &self.calls]
            .into_iter()
            .any(|link| *link != Link::Live);
        let ticks = again.then(|| self.drawn_at.instant + Duration::from_secs(1));
        let own = [settled, notice, ticks, self.open_at, self.next_age()];
        own.into_iter().flatten().chain(held).min()
    }

    /// When an age that shows says something else.
    fn next_age(&self) -> Option<Instant> {
        let agents = self.agents.iter().filter_map(|pane| self.agent(*pane));
        let seconds = agents.filter_map(|agent| seconds_since(&agent.since, self.drawn_at.clock));
        let next = seconds.map(changes_in).min()?;
        Some(self.drawn_at.instant + Duration::from_secs(next))
    }

    /// Does what is due.
    pub fn due(&mut self, now: Now) {
        if self
            .notice
            .take_if(|one| one.until <= now.instant)
            .is_some()
        {
            self.touch();
        }
        self.settle(now);
        self.release(now);
        if self.open_at.is_some_and(|at| at <= now.instant) {
            self.want_panes(now);
        }
        let age = self.next_age().is_some_and(|at| at <= now.instant);
        let ticks =
            !self.is_live() && self.drawn_at.instant + Duration::from_secs(1) <= now.instant;
        if age || ticks {
            self.touch();
        }
    }
}
