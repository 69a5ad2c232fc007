//! The replies of one listing, gathered until they are complete.

use std::collections::BTreeMap;

use crate::control::rows::Row;
use crate::control::{Body, Command};
use crate::model::Listing;

/// What one listing asks for, on one line, so that tmux answers in one turn.
pub(super) const LISTS: [Command; 5] = [
    Command::ListSessions,
    Command::ListWindows,
    Command::ListPanes,
    Command::ListClients,
    Command::ListBuffers,
];

/// The bodies of a listing, as they come in.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    tag: u64,
    bodies: BTreeMap<usize, Body>,
}

impl Gathering {
    /// Adds the reply to one of [`LISTS`]; the last one makes the listing complete.
    pub(super) fn add(&mut self, tag: u64, index: usize, body: Body) -> Option<Listing> {
        if self.tag != tag {
            *self = Self {
                tag,
                bodies: BTreeMap::new(),
            };
        }
        self.bodies.insert(index, body);
        (self.bodies.len() == LISTS.len())
            .then(|| listing(std::mem::take(&mut self.bodies).into_values()))
    }

    /// Forgets the replies to a listing that will not be complete.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// The listing of these bodies, one for each of [`LISTS`].
pub(super) fn listing(bodies: impl IntoIterator<Item = Body>) -> Listing {
    let mut bodies = bodies.into_iter();
    let mut next = || bodies.next().unwrap_or_default();
    Listing {
        sessions: rows(&next()),
        windows: rows(&next()),
        panes: rows(&next()),
        clients: rows(&next()),
        buffers: rows(&next()),
    }
}

/// A row that can't be read costs itself alone.
fn rows<R: Row>(body: &Body) -> Vec<R> {
    let readable = |line: &[u8]| match R::parse(line) {
        Ok(row) => Some(row),
        Err(error) => {
            tracing::warn!(%error, "a row of a listing can't be read");
            None
        }
    };
    body.lines().filter_map(readable).collect()
}
