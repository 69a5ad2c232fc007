//! What there is when a watch begins: a snapshot that it asks for.

use serde_json::Value;

use crate::cli::WatchArgs;
use crate::glob::NamePattern;
use crate::wire::Received;

/// What is wanted of the first snapshot.
pub(super) struct Overview {
    sessions: Vec<NamePattern>,
    /// It is for people; otherwise it only serves to tell of patterns that nothing matches.
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
    pub(super) fn has(&self, session: &Value) -> bool {
        self.sessions.is_empty() || self.sessions.iter().any(|one| matches(one, session))
    }

    /// The patterns that no session matches.
    pub(super) fn missing(&self, snapshot: &Received) -> Vec<String> {
        let sessions = list(snapshot.field("sessions"));
        let missing = |pattern: &&NamePattern| !sessions.iter().any(|one| matches(pattern, one));
        let missing = self.sessions.iter().filter(missing);
        missing.map(ToString::to_string).collect()
    }
}

/// Whether a pattern names a session.
pub(super) fn matches(pattern: &NamePattern, session: &Value) -> bool {
    let is = |name| {
        session[name]
            .as_str()
            .is_some_and(|text| pattern.matches(text))
    };
    is("name") || session["id"].as_str() == Some(pattern.to_string().as_str())
}

pub(super) fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
