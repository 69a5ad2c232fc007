//! The order in which relays hand their clients over.
//!
//! tmux remembers in which order sessions were attached to. The programs of several clients start side by side, and each
//! relay keeps its client until all that were made before it have been handed over, or are gone.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

/// The relays of one server that have not handed their clients over.
#[derive(Debug, Clone, Default)]
pub(in crate::tmux) struct Turns(Arc<watch::Sender<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    numbers: BTreeSet<u64>,
}

/// A place in the order. Dropping it lets the next one go on.
#[derive(Debug)]
pub(super) struct Turn {
    number: u64,
    turns: Turns,
}

impl Turns {
    /// The place behind all that were taken before.
    pub(super) fn take(&self) -> Turn {
        let mut number = 0;
        self.0.send_modify(|waiting| {
            waiting.last += 1;
            number = waiting.last;
            waiting.numbers.insert(number);
        });
        Turn {
            number,
            turns: self.clone(),
        }
    }
}

impl Turn {
    /// Waits until all places before this one have been dropped.
    pub(super) async fn come(&self) {
        let mut changes = self.turns.0.subscribe();
        let is_first = |waiting: &Waiting| waiting.numbers.first() == Some(&self.number);
        if changes.wait_for(is_first).await.is_err() {
            // The sender is in this turn.
            tracing::debug!("nobody keeps the order of the relays");
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.0.send_modify(|waiting| {
            waiting.numbers.remove(&self.number);
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn each_waits_for_all_that_came_before_it() {
        let turns = Turns::default();
        let [first, second, third] = [turns.take(), turns.take(), turns.take()];
        assert!(first.come().now_or_never().is_some());
        assert!(second.come().now_or_never().is_none());
        drop(second);
        assert!(third.come().now_or_never().is_none(), "the first is there");
        drop(first);
        assert!(third.come().now_or_never().is_some());
    }
}
