//! What there is when a watch begins: a snapshot that it asks for.

use crate::cli::WatchArgs;
use crate::wire::{SessionPattern, SnapshotSession, StateSnapshot};

/// What is wanted of the first snapshot.
pub(super) struct Overview {
    sessions: Vec<SessionPattern>,
    /// It is for people; otherwise it only serves to report patterns that nothing matches.
    pub(super) is_shown: bool,
}

impl Overview {
    /// Nothing if nobody has a use for it.
    pub(super) fn new(args: &WatchArgs, is_shown: bool) -> Option<Self> {
        let wanted = is_shown || !args.sessions.is_empty();
        wanted.then(|| Self {
            sessions: args.sessions.clone(),
            is_shown,
        })
    }

    /// Whether a session was asked for.
    pub(super) fn has(&self, session: &SnapshotSession<'_>) -> bool {
        self.sessions.is_empty() || self.sessions.iter().any(|one| matches(one, session))
    }

    /// The patterns that no session matches.
    pub(super) fn missing(&self, snapshot: &StateSnapshot<'_>) -> Vec<String> {
        let sessions = &snapshot.sessions;
        let missing = |pattern: &&SessionPattern| !sessions.iter().any(|one| matches(pattern, one));
        let missing = self.sessions.iter().filter(missing);
        missing.map(ToString::to_string).collect()
    }

    /// The patterns that were taken for ids, while a session is named so.
    pub(super) fn mistakable(&self, snapshot: &StateSnapshot<'_>) -> Vec<String> {
        let sessions = &snapshot.sessions;
        let is_name =
            |pattern: &&SessionPattern| sessions.iter().any(|session| is_name_of(pattern, session));
        let mistakable = self.sessions.iter().filter(is_name);
        mistakable.map(ToString::to_string).collect()
    }
}

/// Whether a pattern means a session.
pub(super) fn matches(pattern: &SessionPattern, session: &SnapshotSession<'_>) -> bool {
    pattern.covers(session.id.0, &session.name)
}

/// Whether a pattern was taken for the id of another session than the one that is named so.
fn is_name_of(pattern: &SessionPattern, session: &SnapshotSession<'_>) -> bool {
    pattern.is_name_of(session.id.0, &session.name)
}
