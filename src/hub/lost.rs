//! Places of the log that an earlier run may have published, and that nobody can be given any more.
//!
//! A run that is killed may have published more than was kept. The next one goes on behind all that may have been, so that no
//! place is ever two events. Who stands before such places and has seen none of them goes on behind them; who has seen some of
//! them stands in a log that is lost.

use std::sync::Arc;

use super::archive::SeqRange;
use crate::ids::{PaneId, Seq};
use crate::model::State;

/// What an earlier run of a log left.
#[derive(Debug, Clone, Default)]
pub struct Resumed {
    /// The place behind which this run publishes.
    pub after: Seq,
    /// The state that the log led to.
    pub state: Arc<State>,
    /// Places that are lost, in order.
    pub lost: Vec<SeqRange>,
    /// Behind which offset the bytes of each pane of that state go on.
    pub offsets: Vec<(PaneId, u64)>,
    /// Behind which offset those go on that the state does not know: an earlier run may have published of them.
    pub unknown: u64,
}

/// The places that are lost.
#[derive(Debug)]
pub(super) struct Lost(Vec<SeqRange>);

impl Lost {
    pub(super) fn new(ranges: Vec<SeqRange>) -> Self {
        Self(ranges)
    }

    /// Whether someone who stands here has seen something that is lost.
    pub(super) fn holds(&self, place: Seq) -> bool {
        let holds = |range: &SeqRange| place > range.after && place < range.until;
        self.0.iter().any(holds)
    }

    /// Where one goes on who stands here: behind what is lost, if nothing of that was seen.
    pub(super) fn over(&self, place: Seq) -> Seq {
        // Each event that is read asks: they are in order, and the log goes on behind all of them.
        let first = self.0.partition_point(|range| range.after < place);
        let mut place = place;
        for range in &self.0[first..] {
            if range.after != place {
                break;
            }
            place = range.until;
        }
        place
    }

    /// What is lost right up to this place.
    pub(super) fn up_to(&self, place: Seq) -> Option<SeqRange> {
        let mut after = place;
        for range in self.0.iter().rev() {
            if range.until == after {
                after = range.after;
            }
        }
        (after < place).then_some(SeqRange {
            after,
            until: place,
        })
    }

    /// The next place behind this one from which something is lost; the end of all places if there is none.
    pub(super) fn next(&self, place: Seq) -> Seq {
        let behind = self.0.iter().map(|range| range.after);
        behind
            .filter(|after| *after > place)
            .min()
            .unwrap_or(Seq(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_seen_nothing_of_it_goes_on_behind_what_is_lost() {
        let range = |after, until| SeqRange {
            after: Seq(after),
            until: Seq(until),
        };
        let lost = Lost::new(vec![range(10, 100), range(100, 200), range(250, 300)]);
        for (place, over, holds, next) in [
            (0, 0, false, 10),
            (10, 200, false, 100),
            (11, 11, true, 100),
            (99, 99, true, 100),
            (100, 200, false, 250),
            (150, 150, true, 250),
            (200, 200, false, 250),
            (250, 300, false, u64::MAX),
            (300, 300, false, u64::MAX),
        ] {
            let found = (
                lost.over(Seq(place)),
                lost.holds(Seq(place)),
                lost.next(Seq(place)),
            );
            assert_eq!(found, (Seq(over), holds, Seq(next)), "{place}");
        }
        assert_eq!(lost.up_to(Seq(200)), Some(range(10, 200)));
        assert_eq!(lost.up_to(Seq(300)), Some(range(250, 300)));
        assert_eq!(lost.up_to(Seq(299)), None);
    }
}
