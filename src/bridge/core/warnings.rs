//! What a server's user should know before it happens.

use std::sync::Arc;
use std::time::Instant;

use super::Core;
use crate::model::{Audience, Change, ChangeKind, State, Warning};
use crate::tmux::Version;

/// The code of the warning about `exit-unattached`.
pub(super) const EXIT_UNATTACHED: &str = "exit_unattached";

impl Core {
    /// What was found out about the server, and what ends servers of its version.
    pub(super) fn warnings(&self) -> Arc<[Warning]> {
        let version = self.version.iter();
        let of_version = version.flat_map(|version| {
            version.hazards().iter().map(move |hazard| Warning {
                code: hazard.code.to_owned(),
                message: hazard.message(version),
                remedy: hazard.remedy.to_owned(),
            })
        });
        let exits = self.exits_unattached.then(exit_unattached);
        exits.into_iter().chain(of_version).collect()
    }

    /// The same in the log, where all that comes with the version is one line.
    pub(super) fn log_warnings(&self) {
        self.log_exit_unattached();
        let of_version = self.version.as_ref().and_then(Version::hazards_in_short);
        if let Some((codes, sentence)) = of_version {
            tracing::warn!(codes, "{sentence}");
        }
    }

    fn log_exit_unattached(&self) {
        if self.exits_unattached {
            let Warning {
                code,
                message,
                remedy,
            } = exit_unattached();
            tracing::warn!(code, remedy, "{message}");
        }
    }

    /// A listing says whether the server ends when nobody is attached: the option may have been set since it was found.
    pub(super) fn exits_unattached(&mut self, exits: bool, now: Instant) {
        if self.exits_unattached == exits {
            return;
        }
        self.exits_unattached = exits;
        let Some(mut server) = self.state.server.clone() else {
            return;
        };
        server.warnings = self.warnings();
        self.log_exit_unattached();
        let state = State {
            server: Some(server.clone()),
            ..State::clone(&self.state)
        };
        let kind = ChangeKind::ServerChanged { server };
        self.enter(vec![Change::new(Audience::Everyone, kind)], state, now);
    }
}

/// What is to be known of a server with `exit-unattached` on.
fn exit_unattached() -> Warning {
    Warning {
        code: EXIT_UNATTACHED.to_owned(),
        message: "exit-unattached is on: while muxwire is attached the server outlives the last user's detach, and it ends \
                  with all its sessions when muxwire stops or restarts while nobody else is attached"
            .to_owned(),
        remedy: "set it off with `tmux set-option -s exit-unattached off`, or have muxwire leave such servers alone with \
                 server.exit_unattached = \"leave\""
            .to_owned(),
    }
}
