//! Which output links there should be: one for every session, opened, recycled and let go as sessions come and go.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use crate::ids::{PaneId, SessionId};
use crate::model::{Pane, Place, Session, State};
use crate::tmux::LinkId;

/// The first wait before a link that ended at once is opened again; it doubles up to [`LONGEST_WAIT`].
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The longest wait between two attempts to open a link: what ends at once again and again is soon tried again all the
/// same, so that all is well within 5 s of the cause's end.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How many output links may be on their way at once: enough to keep two or three cores busy starting programs.
const MOST_OPENING: usize = 4;

/// A link that lived this long was a good one: the next attempt needs no wait.
pub(super) const GOOD_LIFE: Duration = Duration::from_secs(5);

/// The output links, and the sessions whose link has failed of late.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    links: BTreeMap<LinkId, OutputLink>,
    /// Sessions that wait for their link, the one that was used last at the end.
    wanted: VecDeque<SessionId>,
    /// Sessions whose link is on its way.
    opening: BTreeSet<SessionId>,
    /// The places of the sessions that there were before muxwire attached; the one that was used last has the last, and those
    /// that were used within one second have the same.
    by_use: HashMap<SessionId, usize>,
    failures: HashMap<SessionId, Failure>,
    warned: BTreeSet<SessionId>,
}

#[derive(Debug)]
struct OutputLink {
    session: SessionId,
    opened: Instant,
    attached: bool,
    paused: BTreeSet<PaneId>,
}

#[derive(Debug)]
struct Failure {
    wait: Duration,
    /// When it may be tried again; `None` once that time has come.
    until: Option<Instant>,
}

/// What is to be done so that the links fit the state.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Links to let go.
    pub(super) close: Vec<LinkId>,
    /// Panes whose window left the link's session: tmux would keep their output for us for ever.
    pub(super) pause: Vec<(LinkId, PaneId)>,
    /// Panes that came back.
    pub(super) resume: Vec<(LinkId, PaneId)>,
}

impl Outputs {
    /// A link has been opened.
    pub(super) fn opened(&mut self, link: LinkId, session: SessionId, now: Instant) {
        let output = OutputLink {
            session,
            opened: now,
            attached: false,
            paused: BTreeSet::new(),
        };
        self.links.insert(link, output);
    }

    /// A link could not be opened.
    pub(super) fn failed(&mut self, session: SessionId, now: Instant) {
        self.opening.remove(&session);
        let wait = self
            .failures
            .get(&session)
            .map_or(FIRST_WAIT, |last| (last.wait * 2).min(LONGEST_WAIT));
        self.failures.insert(
            session,
            Failure {
                wait,
                until: Some(now + wait),
            },
        );
    }

    /// tmux has attached the link. `false` if it is none of these.
    pub(super) fn attached(&mut self, link: LinkId) -> bool {
        let Some(output) = self.links.get_mut(&link) else {
            return false;
        };
        output.attached = true;
        self.opening.remove(&output.session);
        true
    }

    /// A link has ended, by our own wish or not. Tells its session, if it was one of these.
    pub(super) fn closed(&mut self, link: LinkId, wanted: bool, now: Instant) -> Option<SessionId> {
        let output = self.links.remove(&link)?;
        self.opening.remove(&output.session);
        if !wanted && now.duration_since(output.opened) < GOOD_LIFE {
            self.failed(output.session, now);
        } else {
            self.failures.remove(&output.session);
        }
        Some(output.session)
    }

    /// The session that a link shows.
    pub(super) fn session_of(&self, link: LinkId) -> Option<SessionId> {
        self.links.get(&link).map(|output| output.session)
    }

    /// Whether tmux has attached the link.
    pub(super) fn is_attached(&self, link: LinkId) -> bool {
        self.links.get(&link).is_some_and(|output| output.attached)
    }

    /// Whether tmux has attached a link to the session.
    pub(super) fn streams(&self, session: SessionId) -> bool {
        let mut links = self.links.values();
        links.any(|output| output.session == session && output.attached)
    }

    /// The session whose link is to be opened now.
    ///
    /// tmux remembers in which order sessions are attached to. Several links are on their way at once if they attach in the
    /// order in which they are opened (`in_turn`), or if nobody knows an order of their sessions.
    pub(super) fn next_to_open(&mut self, in_turn: bool) -> Option<SessionId> {
        let next = self.wanted.front()?;
        let place = self.by_use.get(next);
        let is_like = |other| place.is_some() && self.by_use.get(other) == place;
        let may_open = in_turn || self.opening.iter().all(is_like);
        if !may_open || self.opening.len() >= MOST_OPENING {
            return None;
        }
        let next = self.wanted.pop_front()?;
        self.opening.insert(next);
        Some(next)
    }

    /// Whether a link is on its way.
    pub(super) fn is_opening(&self) -> bool {
        !self.opening.is_empty()
    }

    /// Every link.
    pub(super) fn ids(&self) -> impl Iterator<Item = LinkId> {
        self.links.keys().copied()
    }

    /// How many links tmux has attached.
    pub(super) fn attached_len(&self) -> usize {
        self.links.values().filter(|output| output.attached).count()
    }

    /// The attached links with the place of their session, in the order in which they came.
    pub(super) fn candidates(&self, state: &State) -> Vec<(LinkId, Place)> {
        let place = |session: &SessionId| state.sessions.get(session).map(Session::place);
        self.links
            .iter()
            .filter(|(_, output)| output.attached)
            .filter_map(|(link, output)| Some((*link, place(&output.session)?)))
            .collect()
    }

    /// When a session whose link failed is to be tried again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.failures
            .values()
            .filter_map(|failure| failure.until)
            .min()
    }

    /// Whether a session's wait is over, so that a listing is to look for what can be opened.
    pub(super) fn retry(&mut self, now: Instant) -> bool {
        let over = self
            .failures
            .values_mut()
            .filter(|failure| failure.until.is_some_and(|until| until <= now));
        over.map(|failure| failure.until = None).count() > 0
    }

    /// Compares the links with the sessions that there are.
    ///
    /// `left` are the panes that were shown in a session by the last listing and are no more.
    pub(super) fn plan(&mut self, state: &State, left: &[(SessionId, PaneId)]) -> Plan {
        self.failures
            .retain(|session, _| state.sessions.contains_key(session));
        let mut plan = Plan::default();
        for (link, output) in &mut self.links {
            match state.sessions.get(&output.session) {
                Some(session)
                    if session.destroy_unattached.is_none() || ends_with_ours(state, session) =>
                {
                    for (_, pane) in left
                        .iter()
                        .filter(|(session, _)| *session == output.session)
                    {
                        if output.paused.insert(*pane) {
                            plan.pause.push((*link, *pane));
                        }
                    }
                    output.resume(*link, state, &mut plan);
                }
                _ => plan.close.push(*link),
            }
        }
        let provided = self.provided();
        for session in state.sessions.values() {
            if session.destroy_unattached.is_some() {
                self.warn(session);
                continue;
            }
            self.warned.remove(&session.id);
            if !provided.contains(&session.id) {
                self.wanted.push_back(session.id);
            }
        }
        let (wanted, by_use) = (&mut self.wanted, &self.by_use);
        wanted.retain(|session| state.sessions.contains_key(session));
        // A session that came later was used later than all that were there.
        let place = |session: &SessionId| by_use.get(session).copied().unwrap_or(usize::MAX);
        wanted
            .make_contiguous()
            .sort_by_key(|session| (place(session), *session));
        plan
    }

    /// A session that ends when its link does: it goes with its last client, and nobody else is attached to it.
    pub(super) fn ours_alone<'a>(&self, state: &'a State) -> Option<&'a Session> {
        let attached = self.links.values().filter(|output| output.attached);
        let mut sessions = attached.filter_map(|output| state.sessions.get(&output.session));
        sessions.find(|session| ends_with_ours(state, session))
    }

    /// What is known of the sessions before muxwire attaches to any, in groups of the same time, the one that was used last
    /// alone at the end.
    ///
    /// Attaching counts as use, and a bare `tmux attach` chooses the session that was used last. So the sessions are
    /// attached in this order, and it stays.
    pub(super) fn used(&mut self, groups: Vec<Vec<SessionId>>) {
        let groups = groups.into_iter().enumerate();
        let places = groups
            .flat_map(|(place, group)| group.into_iter().map(move |session| (session, place)));
        self.by_use = places.collect();
    }

    /// Forgets everything but the links: their end is still to come.
    pub(super) fn reset(&mut self) {
        self.wanted.clear();
        self.opening.clear();
        self.failures.clear();
        self.warned.clear();
    }

    /// The sessions that need nothing now: they have a link, are about to get one, or have to wait before the next attempt.
    fn provided(&self) -> HashSet<SessionId> {
        let linked = self.links.values().map(|output| output.session);
        let failed = self.failures.iter();
        let waiting = failed.filter(|(_, failure)| failure.until.is_some());
        let waiting = waiting.map(|(session, _)| *session);
        let wanted = self.wanted.iter().chain(&self.opening).copied();
        linked.chain(waiting).chain(wanted).collect()
    }

    fn warn(&mut self, session: &Session) {
        let (id, name) = (session.id, &session.name);
        let Some(value) = &session.destroy_unattached else {
            return;
        };
        if !self.warned.insert(id) {
            return;
        }
        if self.links.values().any(|output| output.session == id) {
            tracing::warn!(
                session = %id, ?name,
                "destroy-unattached is {value} now: tmux destroys the session when its last client detaches, so muxwire \
                 stays attached to it until somebody else is; turn the option off for this session to keep it"
            );
        } else {
            tracing::warn!(
                session = %id, ?name,
                "destroy-unattached is {value}: attaching would let tmux destroy the session when muxwire leaves, so its \
                 output is not streamed; turn the option off for this session to see it"
            );
        }
    }
}

impl OutputLink {
    fn resume(&mut self, link: LinkId, state: &State, plan: &mut Plan) {
        let session = self.session;
        self.paused.retain(|pane| {
            let back = state
                .places_of_pane(*pane)
                .iter()
                .any(|place| place.session == session);
            if back {
                plan.resume.push((link, *pane));
            }
            !back && state.panes.contains_key(pane)
        });
    }
}

/// Whether the session goes when our clients leave it.
fn ends_with_ours(state: &State, session: &Session) -> bool {
    let mut clients = state.clients.values();
    let is_shown = clients.any(|client| client.session == Some(session.id));
    session.destroy_unattached.is_some() && !is_shown
}

/// The panes that a session showed in `old` and shows no more in `new`, though they live on.
pub(super) fn left(old: &State, new: &State) -> Vec<(SessionId, PaneId)> {
    let mut left = Vec::new();
    for (id, before) in &old.sessions {
        let Some(now) = new.sessions.get(id) else {
            continue;
        };
        let shown: BTreeSet<_> = before.windows.values().collect();
        let still: BTreeSet<_> = now.windows.values().collect();
        let stays = |pane: &Pane| {
            new.panes
                .get(&pane.id)
                .is_none_or(|now| still.contains(&now.window))
        };
        let gone = old
            .panes
            .values()
            .filter(|pane| shown.contains(&pane.window) && !stays(pane));
        left.extend(gone.map(|pane| (*id, pane.id)));
    }
    left
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::control::DestroyUnattached;
    use crate::model::{Client, Session};

    const A: SessionId = SessionId(1);
    const B: SessionId = SessionId(2);
    const NEW: SessionId = SessionId(3);

    fn state(sessions: &[(SessionId, bool)]) -> State {
        let mut state = State::default();
        for (id, destroy_unattached) in sessions {
            let session = Session {
                id: *id,
                name: id.to_string().into(),
                path: String::new(),
                created: 0,
                group: None,
                destroy_unattached: destroy_unattached.then_some(DestroyUnattached::On),
                streamed: false,
                alerts: BTreeMap::new(),
                windows: BTreeMap::new(),
                active: None,
            };
            state.sessions.insert(*id, session);
        }
        state
    }

    fn ms(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn regression_links_are_attached_one_at_a_time_and_the_session_used_last_comes_last() {
        let start = Instant::now();
        let mut outputs = Outputs::default();
        outputs.used(vec![vec![B], vec![A]]);
        let all = state(&[(A, false), (B, false), (NEW, false)]);
        outputs.plan(&all, &[]);
        for (number, session) in [B, A, NEW].into_iter().enumerate() {
            assert_eq!(outputs.next_to_open(false), Some(session));
            let link = LinkId(number as u64);
            outputs.opened(link, session, start);
            assert_eq!(
                outputs.next_to_open(false),
                None,
                "{session} is not attached yet"
            );
            assert!(outputs.attached(link));
        }
        outputs.plan(&all, &[]);
        assert_eq!(outputs.next_to_open(false), None, "all have theirs");
    }

    #[test]
    fn several_links_are_opened_at_once_where_no_order_is_known_or_each_waits_for_its_turn() {
        let start = Instant::now();
        let numbers = |count| (0..count).map(SessionId).collect::<Vec<_>>();
        let used_last = SessionId(8);
        let sessions: Vec<_> = numbers(9).into_iter().map(|id| (id, false)).collect();
        let opened = |outputs: &mut Outputs, in_turn| {
            let opened = std::iter::from_fn(|| outputs.next_to_open(in_turn));
            opened.collect::<Vec<_>>()
        };
        for in_turn in [false, true] {
            let mut outputs = Outputs::default();
            outputs.used(vec![
                numbers(6),
                vec![SessionId(6)],
                vec![SessionId(7)],
                vec![used_last],
            ]);
            outputs.plan(&state(&sessions), &[]);
            assert_eq!(opened(&mut outputs, in_turn), numbers(MOST_OPENING as u32));
            let mut attached = 0;
            while !outputs.wanted.is_empty() {
                let link = LinkId(attached);
                outputs.opened(link, SessionId(attached as u32), start);
                assert!(outputs.attached(link));
                let next = opened(&mut outputs, in_turn);
                assert!(next.len() <= 1, "the order is kept: {next:?}");
                assert!(
                    in_turn || !next.contains(&used_last) || outputs.opening.len() == 1,
                    "the one used last waits for all others"
                );
                attached += 1;
            }
            assert_eq!(
                outputs.opening.len(),
                if in_turn { MOST_OPENING } else { 1 }
            );
        }
    }

    #[test]
    fn a_session_is_wanted_once_however_often_its_listing_comes() {
        let mut outputs = Outputs::default();
        let sessions: Vec<_> = (0..5_000)
            .map(|number| (SessionId(number), false))
            .collect();
        let all = state(&sessions);
        (0..3).for_each(|_| drop(outputs.plan(&all, &[])));
        for (number, (session, _)) in (0..).zip(&sessions) {
            assert_eq!(outputs.next_to_open(false), Some(*session));
            outputs.opened(LinkId(number), *session, Instant::now());
            assert!(outputs.attached(LinkId(number)));
        }
        assert_eq!(outputs.next_to_open(false), None);
    }

    #[test]
    fn a_link_that_fails_is_tried_again_later_each_time() {
        let start = Instant::now();
        let mut outputs = Outputs::default();
        let state = state(&[(A, false)]);
        let mut now = start;
        for wait in [100, 200, 400] {
            outputs.plan(&state, &[]);
            assert_eq!(outputs.next_to_open(false), Some(A));
            outputs.opened(LinkId(1), A, now);
            assert_eq!(outputs.closed(LinkId(1), false, now), Some(A));
            outputs.plan(&state, &[]);
            assert_eq!(outputs.due(), Some(ms(now, wait)));
            assert!(!outputs.retry(ms(now, wait - 1)));
            now = ms(now, wait);
            assert!(outputs.retry(now));
        }
        outputs.plan(&state, &[]);
        let opened = outputs.next_to_open(false).expect("it is wanted");
        outputs.opened(LinkId(2), opened, now);
        outputs.closed(LinkId(2), true, now);
        outputs.plan(&state, &[]);
        assert_eq!(
            outputs.next_to_open(false),
            Some(A),
            "what was wished for is no failure"
        );
    }

    #[test]
    fn sessions_that_would_go_with_us_get_no_link_and_those_that_went_lose_theirs() {
        let start = Instant::now();
        let mut outputs = Outputs::default();
        outputs.plan(&state(&[(A, true)]), &[]);
        assert_eq!(outputs.next_to_open(false), None);
        outputs.opened(LinkId(1), B, start);
        let plan = outputs.plan(&state(&[(A, true)]), &[]);
        assert_eq!(
            plan,
            Plan {
                close: vec![LinkId(1)],
                ..Plan::default()
            }
        );
    }

    #[test]
    fn regression_a_session_that_only_we_show_is_not_left_when_that_would_be_its_end() {
        let mut outputs = Outputs::default();
        outputs.opened(LinkId(1), A, Instant::now());
        let mut state = state(&[(A, true)]);
        assert_eq!(outputs.plan(&state, &[]), Plan::default());
        let client = Client {
            name: "/dev/pts/3".to_owned(),
            pid: 800,
            session: Some(A),
            control: false,
            read_only: false,
            tty: "/dev/pts/3".to_owned(),
        };
        state.clients.insert(client.name.clone(), client);
        assert_eq!(outputs.plan(&state, &[]).close, [LinkId(1)]);
    }
}
