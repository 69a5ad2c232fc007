//! When the processes of a pane are looked at: when there is a reason, and then a few times until it has settled.

use std::time::{Duration, Instant};

/// How long after a change the processes are looked at, each after the change. A shell starts an agent, and so does a
/// script or `sudo`, some time after tmux has seen a command.
const SETTLING: [Duration; 5] = [ms(0), ms(60), ms(250), ms(1000), ms(3000)];

/// The same after the pane has begun to print.
const PRINTING: [Duration; 2] = [ms(20), ms(400)];

/// A pane that has printed nothing for so long has begun anew when it does.
const SILENCE: Duration = ms(1000);

/// How long after a look that found nothing new a pane that prints on is looked at again, at first. It doubles each time.
const FIRST_PATIENCE: Duration = ms(500);

/// How long at the most, for a pane that was silent, and for one that prints all the time.
const LONGEST_SILENT: Duration = ms(4000);
const LONGEST_PATIENCE: Duration = ms(60_000);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What a look found: the processes, by what tells them apart.
pub(super) type Tree = Vec<(u32, Option<u64>)>;

/// When one pane is looked at.
#[derive(Debug)]
pub(super) struct Looks {
    /// The looks that are still to come, the next one first.
    due: Vec<Instant>,
    last: Option<Instant>,
    printed: Option<Instant>,
    patience: Duration,
    tree: Tree,
}

impl Looks {
    pub(super) fn new(now: Instant) -> Self {
        let mut looks = Self {
            due: Vec::new(),
            last: None,
            printed: None,
            patience: FIRST_PATIENCE,
            tree: Tree::new(),
        };
        looks.changed(now);
        looks
    }

    /// Something has changed in the pane.
    pub(super) fn changed(&mut self, now: Instant) {
        self.patience = FIRST_PATIENCE;
        self.due = SETTLING.iter().map(|after| now + *after).collect();
    }

    /// The pane has printed something.
    pub(super) fn printed(&mut self, now: Instant) {
        let before = self.printed.replace(now);
        if !self.due.is_empty() {
            return;
        }
        let was_silent = before.is_none_or(|before| now.duration_since(before) >= SILENCE);
        let patience = match was_silent {
            true => self.patience.min(LONGEST_SILENT),
            false => self.patience,
        };
        let allowed = self.last.map_or(now, |last| (last + patience).max(now));
        self.due = PRINTING.iter().map(|after| allowed + *after).collect();
    }

    /// It has been looked at. Whether something else was there than before.
    pub(super) fn looked(&mut self, tree: Tree) -> bool {
        let is_new = tree != self.tree;
        self.patience = match is_new {
            true => FIRST_PATIENCE,
            false => (self.patience * 2).min(LONGEST_PATIENCE),
        };
        self.tree = tree;
        is_new
    }

    /// There is nothing more to be found out: an agent is there.
    pub(super) fn settle(&mut self) {
        self.due.clear();
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due.first().copied()
    }

    /// Whether it is to be looked at now. All looks that are due are one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let still_to_come = self.due.iter().position(|due| *due > now);
        let due = still_to_come.unwrap_or(self.due.len());
        self.due.drain(..due);
        if due > 0 {
            self.last = Some(now);
        }
        due > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a pane is looked at within a minute in which it prints each so many milliseconds.
    fn looks_within_a_minute(prints_each: u64) -> usize {
        let start = Instant::now();
        let mut looks = Looks::new(start);
        let mut count = 0;
        for at in 0..60_000 {
            let now = start + ms(at);
            if at % prints_each == 0 {
                looks.printed(now);
            }
            if looks.take(now) {
                count += 1;
                looks.looked(vec![(1, None)]);
            }
        }
        count
    }

    #[test]
    fn what_changes_nothing_costs_little() {
        for (prints_each, most) in [(10, 20), (100, 20), (2000, 40), (120_000, 6)] {
            let count = looks_within_a_minute(prints_each);
            assert!((5..=most).contains(&count), "{prints_each} ms: {count}");
        }
    }

    #[test]
    fn a_pane_that_begins_to_print_is_looked_at_soon() {
        let start = Instant::now();
        let mut looks = Looks::new(start);
        let settled = start + ms(60_000);
        assert!(looks.take(settled));
        for _ in 0..10 {
            looks.looked(vec![(1, None)]);
        }
        assert_eq!(looks.due(), None, "nothing happens, nothing is looked at");
        let now = settled + ms(5000);
        looks.printed(now);
        assert_eq!(looks.due(), Some(now + PRINTING[0]));
        assert!(!looks.take(now));
        assert!(looks.take(now + PRINTING[0]));
        assert!(!looks.take(now + PRINTING[0]));
    }
}
