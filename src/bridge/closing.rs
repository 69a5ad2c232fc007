//! Which link is to end next: they end one after the other.
//!
//! With `destroy-unattached` on, a session ends with its last client. Sessions that end together while their control
//! clients leave end the whole server on most versions (`docs/tmux-versions.md`), and that option may have been set since
//! the last listing. A client that has ended in order is no client of the server's any more, so its session has ended too
//! when the next one is asked.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::tmux::LinkId;

/// How long one link is waited for before the next one is asked to end all the same: a server that hangs must not keep
/// all of them.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// The links that are to end.
#[derive(Debug, Default)]
pub(super) struct Closing {
    /// The link that was asked to end last, and until when it is waited for.
    asked: Option<(LinkId, Instant)>,
    waiting: VecDeque<LinkId>,
}

impl Closing {
    /// A link is to end.
    pub(super) fn ask(&mut self, link: LinkId) {
        let is_asked = self.asked.is_some_and(|(asked, _)| asked == link);
        if !is_asked && !self.waiting.contains(&link) {
            self.waiting.push_back(link);
        }
    }

    /// A link has ended.
    pub(super) fn closed(&mut self, link: LinkId) {
        self.asked.take_if(|(asked, _)| *asked == link);
        self.waiting.retain(|waiting| *waiting != link);
    }

    /// The link that is to be detached now, if one is.
    pub(super) fn next(&mut self, now: Instant) -> Option<LinkId> {
        if self.asked.is_some_and(|(_, until)| until > now) {
            return None;
        }
        let link = self.waiting.pop_front();
        self.asked = link.map(|link| (link, now + LONGEST_WAIT));
        link
    }

    /// When the next link is to be detached though the last one has not ended.
    pub(super) fn due(&self) -> Option<Instant> {
        let (_, until) = self.asked.filter(|_| !self.waiting.is_empty())?;
        Some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: LinkId = LinkId(1);
    const B: LinkId = LinkId(2);
    const C: LinkId = LinkId(3);

    #[test]
    fn links_end_one_after_the_other() {
        let now = Instant::now();
        let mut closing = Closing::default();
        [A, B, A, C].into_iter().for_each(|link| closing.ask(link));
        assert_eq!(closing.next(now), Some(A));
        assert_eq!(closing.next(now), None, "it has not ended");
        closing.ask(A);
        closing.closed(C);
        closing.closed(A);
        assert_eq!(closing.next(now), Some(B));
        closing.closed(B);
        assert_eq!(closing.next(now), None, "C has ended by itself");
        assert_eq!(closing.due(), None);
    }

    #[test]
    fn a_link_that_does_not_end_is_not_waited_for_longer() {
        let now = Instant::now();
        let mut closing = Closing::default();
        closing.ask(A);
        assert_eq!(closing.next(now), Some(A));
        assert_eq!(closing.due(), None, "nobody waits");
        closing.ask(B);
        assert_eq!(closing.due(), Some(now + LONGEST_WAIT));
        assert_eq!(closing.next(now + LONGEST_WAIT / 2), None);
        assert_eq!(closing.next(now + LONGEST_WAIT), Some(B));
        closing.closed(A);
        assert_eq!(closing.next(now + LONGEST_WAIT), None, "B has not ended");
    }
}
