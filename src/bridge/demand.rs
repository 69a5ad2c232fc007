//! Who listens: the bridge may be attached to tmux only while somebody does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::control::Body;
use crate::tmux::Tmux;

/// How long tmux may take to list everything.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// When control clients of muxwire are attached to tmux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attach {
    /// As long as muxwire runs.
    Always,
    /// While somebody listens, and for a while after.
    OnDemand {
        /// How long after the last one left.
        grace: Duration,
    },
}

/// How many listen, and what the bridge makes of it. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Demand(Arc<DemandInner>);

#[derive(Debug)]
struct DemandInner {
    listeners: watch::Sender<usize>,
    idle: AtomicBool,
    detached: AtomicBool,
}

/// Somebody listens for as long as this lives.
#[derive(Debug)]
pub struct Listener(Demand);

impl Default for Demand {
    fn default() -> Self {
        Self(Arc::new(DemandInner {
            listeners: watch::Sender::new(0),
            idle: AtomicBool::new(false),
            detached: AtomicBool::new(false),
        }))
    }
}

impl Demand {
    /// Somebody listens from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        self.0.listeners.send_modify(|listeners| *listeners += 1);
        Listener(self.clone())
    }

    /// How many listen.
    #[must_use]
    pub fn listeners(&self) -> usize {
        *self.0.listeners.borrow()
    }

    /// Whether the bridge knows a server and leaves it alone, since nobody listens.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.0.idle.load(Ordering::Relaxed)
    }

    pub(super) fn set_idle(&self, idle: bool) {
        self.0.idle.store(idle, Ordering::Relaxed);
    }

    /// Whether requests for tmux are refused, since nobody is attached to it though somebody listens.
    #[must_use]
    pub fn is_detached(&self) -> bool {
        self.0.detached.load(Ordering::Relaxed)
    }

    /// Nobody is attached, or somebody is: told by the bridge, and by who starts one before it runs.
    pub fn set_detached(&self, detached: bool) {
        self.0.detached.store(detached, Ordering::Relaxed);
    }

    pub(super) fn watch(&self) -> watch::Receiver<usize> {
        self.0.listeners.subscribe()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let listeners = &self.0.0.listeners;
        listeners.send_modify(|listeners| *listeners = listeners.saturating_sub(1));
    }
}

/// Looks at a server to which nobody is attached, through ordinary commands. What fails is asked for again by the next look.
pub(super) async fn look(tmux: Tmux, looks: mpsc::UnboundedSender<Vec<Body>>) {
    match tmux.list_all(LOOK_LIMIT).await {
        Ok(bodies) => {
            if looks.send(bodies).is_err() {
                tracing::debug!("the bridge ended during a look at tmux");
            }
        }
        Err(error) => tracing::debug!(%error, "tmux could not be looked at"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_counted_for_as_long_as_they_live() {
        let demand = Demand::default();
        let watch = demand.watch();
        let (one, two) = (demand.listen(), demand.listen());
        assert_eq!(*watch.borrow(), 2);
        drop(one);
        assert_eq!(*watch.borrow(), 1);
        drop(two);
        assert_eq!(*watch.borrow(), 0);
    }
}
