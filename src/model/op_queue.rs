//! When the next listing is due: hints are gathered for a moment, and one listing runs at a time.

use std::time::{Duration, Instant};

/// How long a hint waits for more, and how long hints may put a listing off altogether.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debounce {
    /// After each hint, this much quiet is waited for.
    pub quiet: Duration,
    /// After the first hint, no listing waits longer than this.
    pub at_most: Duration,
}

/// A single-flight queue of one operation, which several requests share.
///
/// A request that comes while the operation runs asks for one more run behind it, however many such requests come.
#[derive(Debug)]
pub struct OpQueue {
    debounce: Debounce,
    requested: Option<Requested>,
    /// When a run begins at the latest that may wait for other requests.
    later: Option<Instant>,
    running: bool,
}

#[derive(Debug, Clone, Copy)]
struct Requested {
    first: Instant,
    last: Instant,
    at_once: bool,
}

impl OpQueue {
    /// An idle queue.
    #[must_use]
    pub fn new(debounce: Debounce) -> Self {
        Self {
            debounce,
            requested: None,
            later: None,
            running: false,
        }
    }

    /// Asks for a run.
    pub fn request(&mut self, now: Instant) {
        let before = self.requested;
        self.requested = Some(Requested {
            first: before.map_or(now, |requested| requested.first),
            last: now,
            at_once: before.is_some_and(|requested| requested.at_once),
        });
    }

    /// Asks for a run that waits for nothing but the one under way.
    pub fn request_at_once(&mut self, now: Instant) {
        self.request(now);
        if let Some(requested) = &mut self.requested {
            requested.at_once = true;
        }
    }

    /// Asks for a run that may wait so long for another request, and then happens with that one.
    pub fn request_within(&mut self, now: Instant, patience: Duration) {
        self.later.get_or_insert(now + patience);
    }

    /// Whether a run is asked for that has not begun and waits for no other request.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.requested.is_some()
    }

    /// Whether a run is under way.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// When the next run may begin; `None` while nothing is asked for or one is under way.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        if self.running {
            return None;
        }
        let debounce = self.debounce;
        let soon = self.requested.map(|requested| {
            if requested.at_once {
                return requested.first;
            }
            (requested.last + debounce.quiet).min(requested.first + debounce.at_most)
        });
        soon.into_iter().chain(self.later).min()
    }

    /// Begins a run, if one is due.
    pub fn start(&mut self, now: Instant) -> bool {
        let due = self.due().is_some_and(|due| due <= now);
        if due {
            self.requested = None;
            self.later = None;
            self.running = true;
        }
        due
    }

    /// The run has ended, well or badly.
    pub fn finish(&mut self) {
        self.running = false;
    }

    /// Forgets requests and the run: the link that was asked is gone.
    pub fn reset(&mut self) {
        self.requested = None;
        self.later = None;
        self.running = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBOUNCE: Debounce = Debounce {
        quiet: Duration::from_millis(20),
        at_most: Duration::from_millis(50),
    };

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_of_requests_is_one_run_that_waits_at_most_the_bound() {
        let start = Instant::now();
        let mut queue = OpQueue::new(DEBOUNCE);
        assert_eq!(queue.due(), None);
        for ms in [0, 10, 25, 40, 45] {
            queue.request(at(start, ms));
        }
        assert_eq!(queue.due(), Some(at(start, 50)));
        assert!(!queue.start(at(start, 49)));
        assert!(queue.start(at(start, 50)));
        assert_eq!(queue.due(), None);
    }

    #[test]
    fn an_urgent_request_waits_for_nothing_but_the_run_under_way() {
        let start = Instant::now();
        let mut queue = OpQueue::new(DEBOUNCE);
        queue.request_at_once(start);
        queue.request(at(start, 1));
        assert!(queue.start(at(start, 1)));
        queue.request_at_once(at(start, 2));
        assert!(!queue.start(at(start, 60)), "one at a time");
        queue.finish();
        assert!(queue.start(at(start, 60)));
        queue.finish();
        queue.request(at(start, 61));
        assert_eq!(queue.due(), Some(at(start, 81)), "urgency is spent");
    }

    #[test]
    fn a_request_that_may_wait_happens_with_the_next_one_or_at_its_time() {
        let start = Instant::now();
        let patience = Duration::from_millis(250);
        let mut queue = OpQueue::new(DEBOUNCE);
        for ms in [0, 100] {
            queue.request_within(at(start, ms), patience);
        }
        assert!(!queue.is_requested());
        assert_eq!(queue.due(), Some(at(start, 250)), "the first one counts");
        queue.request(at(start, 110));
        assert!(queue.start(at(start, 130)));
        queue.finish();
        assert_eq!(queue.due(), None, "both are answered");
        queue.request_within(at(start, 200), patience);
        assert!(queue.start(at(start, 450)));
    }

    #[test]
    fn requests_during_a_run_ask_for_one_more() {
        let start = Instant::now();
        let mut queue = OpQueue::new(DEBOUNCE);
        queue.request(start);
        assert!(queue.start(at(start, 20)));
        queue.request(at(start, 21));
        queue.request(at(start, 22));
        assert_eq!(queue.due(), None, "one at a time");
        queue.finish();
        assert_eq!(queue.due(), Some(at(start, 42)));
        assert!(queue.start(at(start, 42)));
        queue.finish();
        assert!(!queue.is_requested());
    }
}
