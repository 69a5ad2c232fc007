//! What there is when a watch begins: a snapshot that it asks for.

use serde_json::Value;

use crate::cli::WatchArgs;
use crate::glob::NamePattern;
use crate::wire::{PrintsIn, Received};

/// What is wanted of the first snapshot.
pub(super) struct Overview {
    sessions: Vec<NamePattern>,
    prints_in: Option<PrintsIn>,
    /// It is for people; otherwise it only serves to tell of patterns that nothing matches.
    pub(super) is_shown: bool,
}

impl Overview {
    /// Nothing if nobody has a use for it.
    pub(super) fn new(
        args: &WatchArgs,
        is_shown: bool,
        prints_in: Option<&PrintsIn>,
    ) -> Option<Self> {
        let wanted = is_shown || !args.sessions.is_empty();
        wanted.then(|| Self {
            sessions: args.sessions.clone(),
            prints_in: prints_in.filter(|_| !args.include_own_pane).cloned(),
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

    /// Whether one of the panes is the one in which is printed, so that it is left out.
    pub(super) fn own_pane(&self, snapshot: &Received) -> bool {
        let Some(prints_in) = &self.prints_in else {
            return false;
        };
        let server = snapshot.field("server").map(|server| &server["pid"]);
        let Some(server) = server.and_then(number) else {
            return false;
        };
        let descends = |pid| prints_in.processes.contains(&pid);
        let is_own = |pane: &Value| {
            let named = prints_in.pane.map(|pane| pane.to_string());
            let is_named =
                prints_in.server == Some(server) && named.as_deref() == pane["id"].as_str();
            is_named || (descends(server) && number(&pane["pid"]).is_some_and(descends))
        };
        let sessions = list(snapshot.field("sessions")).iter();
        let windows = sessions.flat_map(|session| list(session.get("windows")));
        windows
            .flat_map(|window| list(window.get("panes")))
            .any(is_own)
    }
}

fn matches(pattern: &NamePattern, session: &Value) -> bool {
    let is = |name| {
        session[name]
            .as_str()
            .is_some_and(|text| pattern.matches(text))
    };
    is("name") || session["id"].as_str() == Some(pattern.to_string().as_str())
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
