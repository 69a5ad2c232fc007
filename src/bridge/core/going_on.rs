//! Going on where an earlier run of the log ended.

use std::time::Instant;

use super::Core;
use super::warnings::EXIT_UNATTACHED;
use crate::hub::SeqRange;
use crate::model::{Audience, Change, ChangeKind, State};
use crate::tmux::Version;

impl Core {
    /// Takes up the state that the log leads to. If the same tmux server answers, only what has changed meanwhile is published, and
    /// a gap of each pane; if not, all of it is removed, as when a server goes.
    pub(in crate::bridge) fn go_on(&mut self, now: Instant) {
        let (state, head) = self.hub.snapshot();
        self.state = state;
        if let Some(SeqRange { after, until }) = self.hub.lost_before(head) {
            let kind = ChangeKind::LogGap { after, until };
            let change = Change::new(Audience::Everyone, kind);
            self.enter(vec![change], State::clone(&self.state), now);
        }
        let (offsets, unknown) = self.hub.offsets();
        self.streams.go_on(offsets, unknown);
        let Some(server) = &self.state.server else {
            return;
        };
        self.version = Version::parse(&server.version);
        self.exits_unattached = server
            .warnings
            .iter()
            .any(|warning| warning.code == EXIT_UNATTACHED);
        self.nothing_streams(now);
    }

    /// No link is attached yet.
    fn nothing_streams(&mut self, now: Instant) {
        let mut state = State::clone(&self.state);
        let mut changes = Vec::new();
        for session in state.sessions.values_mut().filter(|one| one.streamed) {
            session.streamed = false;
            let audience = Audience::at(session.place());
            let session = session.clone();
            changes.push(Change::new(
                audience,
                ChangeKind::SessionChanged { session },
            ));
        }
        if !changes.is_empty() {
            self.enter(changes, state, now);
        }
    }
}
