//! Makes batches of what the log brings: rows of events, chunks of output, whole screens.

use std::collections::HashMap;
use std::sync::Arc;

use super::batch::{Batch, Gap, PaneFacts, PaneName};
use super::chunk::Chunk;
use super::error::StoreError;
use super::form;
use super::gathered::{Gathered, OutputEvent};
use super::pane::{PaneLog, PaneRules};
use crate::glob::NamePattern;
use crate::hub::{Published, SeqRange, mask_whole_state};
use crate::ids::{PaneId, Seq};
use crate::model::{Audience, Change, ChangeKind, Place, Server, State};
use crate::screen::PaneSnapshot;
use crate::wire::Encoder;

/// How many panes are read along at one time. Those that come later are kept, and not read as text.
const READ_ALONG: usize = 256;

/// What is kept, and how.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) panes: PaneRules,
    /// Sessions of which nothing is kept that their panes print.
    pub(super) exclude: Vec<NamePattern>,
}

/// Makes batches.
#[derive(Debug)]
pub(super) struct Gatherer {
    pub(super) rules: Rules,
    pub(super) encoder: Encoder,
    server: (u32, u64),
    panes: HashMap<PaneId, Known>,
    batch: Batch,
    /// The place up to which everything is gathered or told as a gap.
    head: u64,
    now: i64,
    state: Option<Arc<State>>,
    /// Panes of which snapshots are wanted.
    wishes: Vec<PaneId>,
    raw: usize,
}

#[derive(Debug)]
struct Known {
    log: PaneLog,
    facts: PaneFacts,
    place: Option<Place>,
    changed: bool,
    excluded: bool,
}

impl Gatherer {
    /// Behind a place of the log.
    pub(super) fn new(rules: Rules, encoder: Encoder, after: Seq) -> Self {
        Self {
            rules,
            encoder,
            server: (0, 0),
            panes: HashMap::new(),
            batch: Batch::default(),
            head: after.0,
            now: 0,
            state: None,
            wishes: Vec::new(),
            raw: 0,
        }
    }

    /// Begins with a state that an earlier run left: the server and the offsets of its panes.
    pub(super) fn resume(&mut self, server: (u32, u64), offsets: &[(PaneId, u64)]) {
        self.server = server;
        for (pane, offset) in offsets {
            self.pane(*pane).log.skip_to(*offset);
        }
    }

    /// About how many bytes are gathered.
    pub(super) fn raw(&self) -> usize {
        self.raw
    }

    /// The panes of which snapshots are wanted since this was asked last.
    pub(super) fn wishes(&mut self) -> Vec<PaneId> {
        std::mem::take(&mut self.wishes)
    }

    /// Whether there is something to be committed, now or at the next look at a screen.
    pub(super) fn is_waiting(&self) -> bool {
        let waits =
            |known: &Known| known.log.wants_look() || known.log.is_unknown() && !known.excluded;
        !self.batch.is_empty() || self.panes.values().any(waits)
    }

    /// Bytes that no terminal has read.
    pub(super) fn unread(&self) -> u64 {
        self.panes.values().map(|known| known.log.unread).sum()
    }

    /// An event of the log.
    ///
    /// # Errors
    /// It can't be written down; it is a gap then.
    pub(super) fn event(&mut self, event: &Published) -> Result<(), StoreError> {
        self.cover(event.seq.0, event.at.as_millisecond());
        let change = &event.change;
        match (&change.kind, change.pane) {
            (ChangeKind::PaneOutput { offset, bytes }, Some(pane)) => {
                self.output(event, (pane, *offset, bytes));
                Ok(())
            }
            _ => self.structural(event),
        }
    }

    fn cover(&mut self, seq: u64, at: i64) {
        let (first, _) = self.batch.places.unwrap_or((self.head, 0));
        if seq > self.head + 1 {
            self.batch.gaps.push(Gap {
                after: self.head,
                until: seq - 1,
                at,
                reason: "missed",
            });
        }
        self.batch.places = Some((first, seq));
        self.head = seq;
        self.now = self.now.max(at);
        self.batch.at = self.now;
        self.raw += 64;
    }

    /// These events can't be had.
    pub(super) fn missed(&mut self, range: SeqRange, reason: &'static str) {
        if range.until.0 <= self.head {
            return;
        }
        self.batch.gaps.push(Gap {
            after: self.head.max(range.after.0),
            until: range.until.0,
            at: self.now,
            reason,
        });
        let (first, _) = self.batch.places.unwrap_or((self.head, 0));
        self.head = range.until.0;
        self.batch.places = Some((first, self.head));
        // What was missed may have been a new size as well as output.
        for known in self.panes.values_mut() {
            known.log.lose();
        }
    }

    fn output(&mut self, event: &Published, (pane, offset, bytes): (PaneId, u64, &bytes::Bytes)) {
        let change = &event.change;
        let at = event.at.as_millisecond();
        let excluded = self.is_excluded(&change.audience);
        self.raw += bytes.len();
        let known = self.pane(pane);
        known.excluded = excluded;
        known.set_place(change.audience.places().first(), None);
        known.facts.hear(at);
        known.changed = true;
        let output = OutputEvent {
            seq: event.seq.0,
            at,
            offset,
            bytes,
            visibility: change.visibility,
            audience: &change.audience,
            kept: !excluded,
        };
        let before = known.log.output(&output);
        if let Some(gathered) = before {
            self.take(pane, gathered);
        }
        self.wish(pane);
    }

    /// Asks for a snapshot of a pane whose screen is not known.
    fn wish(&mut self, pane: PaneId) {
        if self.panes.len() > READ_ALONG {
            return;
        }
        let now = self.now;
        if let Some(known) = self.panes.get_mut(&pane)
            && !known.excluded
            && known.log.asks(now)
        {
            self.wishes.push(pane);
        }
    }

    /// What a pane is called in the file, if no screen of it has been known in this run.
    pub(super) fn fresh(&self, pane: PaneId) -> Option<PaneName> {
        let known = self.panes.get(&pane)?;
        known.log.is_fresh().then(|| self.name(pane))
    }

    /// These lines of a pane were told in another run.
    pub(super) fn remember(&mut self, pane: PaneId, chunks: &[Chunk]) {
        if let Some(known) = self.panes.get_mut(&pane) {
            let texts = chunks.iter().flat_map(Chunk::texts);
            known.log.remember(texts.map(|(_, text)| text));
        }
    }

    /// A snapshot has come that was wanted.
    pub(super) fn seed(&mut self, pane: PaneId, snapshot: &PaneSnapshot) {
        let (seq, now) = (self.head, self.now);
        let Some(known) = self.panes.get_mut(&pane) else {
            return;
        };
        if known.excluded {
            return known.log.lose();
        }
        known.changed = true;
        let gathered = known.log.seed(snapshot, seq, now);
        self.take(pane, gathered);
    }

    /// A snapshot that was wanted can't be had now.
    pub(super) fn unseen(&mut self, pane: PaneId) {
        if let Some(known) = self.panes.get_mut(&pane) {
            known.log.unseen();
        }
    }

    /// The state at a place of the log.
    pub(super) fn state(&mut self, state: &Arc<State>, seq: Seq) -> Result<(), StoreError> {
        let is_known = self
            .state
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, state));
        if seq.0 > self.head {
            return Ok(());
        }
        if is_known {
            let written = self.batch.state.take().and_then(|(_, written)| written);
            self.batch.state = Some((seq.0, written));
            return Ok(());
        }
        let mut masked = Arc::clone(state);
        if let (Some(rules), false) = (&self.rules.panes.rules, self.rules.panes.keeps_secrets) {
            mask_whole_state(rules, &mut masked);
        }
        self.batch.state = Some((seq.0, Some(form::write_state(&masked)?)));
        self.name_windows(&masked);
        self.state = Some(Arc::clone(state));
        Ok(())
    }

    /// Panes are in windows that events don't name: after a split, a move, a new name, or a restart.
    fn name_windows(&mut self, state: &State) {
        let is_its = |server: &Server| (server.pid, server.start_time) == self.server;
        if !state.server.as_ref().is_some_and(is_its) {
            return;
        }
        for (id, known) in &mut self.panes {
            let window = state.panes.get(id).map(|pane| pane.window);
            if let Some(window) = window.and_then(|window| state.windows.get(&window))
                && (known.facts.window != window.name || known.facts.window_id.is_empty())
            {
                window.name.clone_into(&mut known.facts.window);
                known.facts.window_id = window.id.to_string();
                known.changed = true;
            }
        }
    }

    fn is_excluded(&self, audience: &Audience) -> bool {
        self.rules.exclude_all(audience)
    }

    fn pane(&mut self, pane: PaneId) -> &mut Known {
        let how = &self.rules.panes;
        self.panes.entry(pane).or_insert_with(|| Known {
            log: PaneLog::new(how.clone()),
            facts: PaneFacts::default(),
            place: None,
            changed: true,
            excluded: false,
        })
    }

    pub(super) fn name(&self, pane: PaneId) -> PaneName {
        PaneName {
            server: self.server,
            pane,
        }
    }

    fn take(&mut self, pane: PaneId, gathered: Gathered) {
        let name = self.name(pane);
        self.batch
            .chunks
            .extend(gathered.chunk.map(|chunk| (name, chunk)));
        let frames = gathered.frames.into_iter().map(|frame| (name, frame));
        self.batch.frames.extend(frames);
        // A pane that is gone is not in the table any more when the batch is made.
        self.facts(pane);
    }

    fn facts(&mut self, pane: PaneId) {
        let name = self.name(pane);
        if let Some(known) = self.panes.get_mut(&pane)
            && std::mem::take(&mut known.changed)
        {
            known.facts.end_offset = known.log.end_offset();
            self.batch.panes.push((name, known.facts.clone()));
        }
    }

    /// All that was gathered until now.
    pub(super) fn batch(&mut self, now: i64) -> Batch {
        let now = now.max(self.now);
        self.now = now;
        let panes: Vec<PaneId> = self.panes.keys().copied().collect();
        for pane in panes {
            if let Some(known) = self.panes.get_mut(&pane)
                && known.log.is_due(now)
            {
                let gathered = known.log.gather(now, false);
                known.changed |= gathered.chunk.is_some();
                self.take(pane, gathered);
            }
            self.facts(pane);
            self.wish(pane);
        }
        self.raw = 0;
        std::mem::take(&mut self.batch)
    }

    fn structural(&mut self, event: &Published) -> Result<(), StoreError> {
        self.follow(&event.change);
        let row = self.row(event)?;
        if let Some(name) = row.pane {
            self.facts(name.pane);
        }
        self.raw += row.kept.len() + row.json.as_ref().map_or(0, String::len);
        self.batch.events.push(row);
        if let (ChangeKind::PaneRemoved { moved: false }, Some(pane)) =
            (&event.change.kind, event.change.pane)
        {
            self.panes.remove(&pane);
        }
        Ok(())
    }

    /// What an event says of panes.
    fn follow(&mut self, change: &Change) {
        if let Some(pane) = change.pane {
            let now = self.now;
            let known = self.pane(pane);
            known.set_place(change.audience.places().first(), None);
            known.facts.hear(now);
        }
        match (&change.kind, change.pane) {
            (ChangeKind::ServerConnected { server }, _) => {
                let name = (server.pid, server.start_time);
                if name != self.server {
                    self.end_panes();
                    self.server = name;
                }
            }
            (ChangeKind::WindowCreated { window, panes, .. }, _) => {
                for pane in panes {
                    let place = change.audience.places().first();
                    self.appears(pane.id, (pane.width, pane.height), place, &window.name);
                }
            }
            (ChangeKind::PaneCreated { pane, .. }, _) => {
                let place = change.audience.places().first();
                self.appears(pane.id, (pane.width, pane.height), place, "");
            }
            (ChangeKind::PaneResized { width, height, .. }, Some(pane)) => {
                self.pane(pane).log.resized(*width, *height);
            }
            (
                ChangeKind::PaneCommandChanged {
                    respawned: true, ..
                },
                Some(pane),
            ) => self.lose(pane, None),
            (ChangeKind::PaneGap { offset, bytes }, Some(pane)) => {
                self.lose(pane, Some(offset + bytes.unwrap_or(0)));
            }
            (ChangeKind::PaneRemoved { moved: false }, Some(pane)) => self.end(pane),
            (
                ChangeKind::AgentStarted { agent } | ChangeKind::AgentStatus { agent, .. },
                Some(pane),
            ) => {
                let agent_type = Some(agent.agent_type.clone());
                let known = self.pane(pane);
                known.changed |= known.facts.agent != agent_type;
                known.facts.agent = agent_type;
            }
            _ => {}
        }
    }

    fn appears(
        &mut self,
        pane: PaneId,
        (cols, rows): (u32, u32),
        place: Option<&Place>,
        window: &str,
    ) {
        let (now, audience) = (self.now, place.cloned().map(Audience::at));
        let excluded = audience.is_some_and(|audience| self.is_excluded(&audience));
        let known = self.pane(pane);
        known.excluded = excluded;
        known.log.resized(cols, rows);
        known.set_place(place, Some(window).filter(|name| !name.is_empty()));
        known.facts.hear(now);
        known.changed = true;
        self.wish(pane);
    }

    /// The pane's screen is not known any more; if bytes were lost, its offset goes on behind them.
    fn lose(&mut self, pane: PaneId, goes_on: Option<u64>) {
        let now = self.now;
        let known = self.pane(pane);
        let gathered = known.log.gather(now, false);
        known.log.lose();
        if let Some(offset) = goes_on {
            known.log.skip_to(offset);
        }
        self.take(pane, gathered);
        self.wish(pane);
    }

    fn end(&mut self, pane: PaneId) {
        let now = self.now;
        if let Some(known) = self.panes.get_mut(&pane) {
            let gathered = known.log.gather(now, true);
            known.facts.ended = Some(now);
            known.facts.hear(now);
            known.changed = true;
            self.take(pane, gathered);
        }
    }

    fn end_panes(&mut self) {
        let panes: Vec<PaneId> = self.panes.keys().copied().collect();
        for pane in panes {
            self.end(pane);
            self.panes.remove(&pane);
        }
    }
}

impl Known {
    fn set_place(&mut self, place: Option<&Place>, window: Option<&str>) {
        let Some(place) = place else { return };
        let facts = &mut self.facts;
        // Output comes often, and its place is nearly always the one before.
        if self.place.as_ref() != Some(place) {
            facts.session = place.session_name.to_string();
            facts.session_id = place.session.to_string();
            if let Some((id, _)) = place.window {
                facts.window_id = id.to_string();
            }
            self.place = Some(place.clone());
        }
        if let Some(window) = window {
            window.clone_into(&mut facts.window);
        }
    }
}
