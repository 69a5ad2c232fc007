//! Whether there are to be control clients at all: always, or only while somebody listens.
//!
//! Some versions of tmux end when windows end together while any control client is attached (`docs/tmux-versions.md`).
//! While nobody listens, the server is looked at from time to time through ordinary commands, which are harmless.

use std::time::{Duration, Instant};

use super::Core;
use crate::bridge::action::Action;
use crate::bridge::demand::Attach;
use crate::bridge::gathering::listing;
use crate::bridge::request::Request;
use crate::control::Body;
use crate::tmux::{ExitUnattached, LinkId, LinkKind};

/// How often a server is looked at while nobody is attached to it.
const LOOK: Duration = Duration::from_secs(5);

/// How many requests may wait until there is a control link. Those beyond are refused at once, as without tmux.
const MOST_WAITING: usize = 1024;

/// Whether there are to be control clients.
#[derive(Debug)]
pub(super) struct Attaching {
    attach: Attach,
    /// Somebody listens.
    wanted: bool,
    /// Nobody listens any more, but until then it counts as if somebody did.
    until: Option<Instant>,
    /// That time is over, and a listing is to say whether leaving does no harm.
    leaving: bool,
    /// Requests that came before there was a control link.
    waiting: Vec<Request>,
}

impl Attaching {
    pub(super) fn new(attach: Attach) -> Self {
        Self {
            attach,
            wanted: false,
            until: None,
            leaving: false,
            waiting: Vec::new(),
        }
    }

    /// Whether there are to be control clients now.
    pub(super) fn is_on(&self) -> bool {
        self.attach == Attach::Always || self.wanted || self.until.is_some() || self.leaving
    }

    /// When there are to be none any more. As long as requests wait for a link, that is still to come.
    pub(super) fn due(&self) -> Option<Instant> {
        self.until.filter(|_| self.waiting.is_empty())
    }

    /// Whether somebody listens has changed.
    fn demand(&mut self, wanted: bool, now: Instant) {
        self.until = match self.attach {
            Attach::OnDemand { grace } if self.wanted && !wanted => Some(now + grace),
            _ if wanted => None,
            _ => self.until,
        };
        self.wanted = wanted;
        self.leaving &= !wanted;
    }

    /// Something is asked for by somebody of whom nothing is known yet.
    fn ask(&mut self, now: Instant) {
        if let Attach::OnDemand { grace } = self.attach
            && !self.wanted
        {
            self.until = Some(now + grace);
            self.leaving = false;
        }
    }

    /// Whether the time has come to have no control clients any more.
    fn ends(&mut self, now: Instant) -> bool {
        if self.due().is_some_and(|until| until <= now) {
            self.until = None;
            self.leaving = true;
        }
        self.leaving
    }

    /// Leaving would do harm now.
    fn stay(&mut self, now: Instant) {
        self.leaving = false;
        self.until = Some(now + LOOK);
    }
}

impl Core {
    /// Whether tmux is left alone although there is a server.
    pub(in crate::bridge) fn is_idle(&self) -> bool {
        self.state.server.is_some() && !self.attaching.is_on()
    }

    /// Whether no request can be passed on to tmux: it is not attached, and nobody who listens would change that.
    pub(in crate::bridge) fn is_detached(&self) -> bool {
        !self.control_attached && !self.is_idle()
    }

    /// Somebody listens, or nobody does any more.
    pub(super) fn demand(&mut self, wanted: bool, now: Instant) {
        let was_on = self.attaching.is_on();
        self.attaching.demand(wanted, now);
        self.attach_if_turned_on(was_on);
    }

    fn attach_if_turned_on(&mut self, was_on: bool) {
        if !was_on && self.attaching.is_on() && self.control.is_none() && self.is_found() {
            tracing::debug!("somebody listens: attaching to tmux");
            self.finding.due = None;
            self.actions.push(Action::Find);
        }
    }

    /// Whether there is a server. While there is none, it is being looked for anyway.
    fn is_found(&self) -> bool {
        self.state.server.is_some()
    }

    /// The grace is over, or it is not. Options that make leaving harmful may be newer than the last listing, so one more
    /// is asked for first.
    pub(super) fn leave_if_due(&mut self, now: Instant) {
        if self.attaching.leaving || !self.attaching.ends(now) {
            return;
        }
        if self.control_attached {
            self.hint(now);
            self.relist.request_at_once(now);
        } else {
            self.leave(now);
        }
    }

    /// Whether clients may be attached to the server that is there.
    pub(super) fn may_attach(&self) -> bool {
        self.attaching.is_on() && !self.leaves_to_its_end()
    }

    /// Whether the server ends with its last client, is to be left alone then, and has another client now: without one,
    /// leaving it would be its end.
    fn leaves_to_its_end(&self) -> bool {
        let is_left = self.setup.exit_unattached == ExitUnattached::Leave;
        is_left && self.exits_unattached && !self.state.clients.is_empty()
    }

    /// A listing has come: detaches from tmux if nobody listens any more, unless that would end a session or the server,
    /// and from a server that is to be left alone.
    pub(super) fn leave(&mut self, now: Instant) {
        if self.leaves_to_its_end() {
            tracing::info!(
                "exit-unattached is on, and somebody else is attached: detaching from tmux"
            );
            // The control link goes first, so that nothing is listed and attached to again.
            self.outputs.reset();
            let links = self.control.into_iter().chain(self.outputs.ids());
            self.actions.extend(links.map(Action::Close));
            return;
        }
        if !self.attaching.ends(now) {
            return;
        }
        if let Some(harm) = self.harm_of_leaving() {
            tracing::info!("nobody listens, but muxwire stays attached to tmux: {harm}");
            self.attaching.stay(now);
            return;
        }
        tracing::debug!("nobody listens: detaching from tmux");
        self.attaching.leaving = false;
        self.outputs.reset();
        let links = self.links();
        self.actions.extend(links.into_iter().map(Action::Close));
    }

    /// What tmux would do if muxwire detached now.
    fn harm_of_leaving(&self) -> Option<String> {
        if let Some(session) = self.outputs.ours_alone(&self.state) {
            let name = &session.name;
            return Some(format!(
                "destroy-unattached is on, and nobody else is attached to the session {name:?}"
            ));
        }
        let ends = self.exits_unattached && self.state.clients.is_empty();
        ends.then(|| "exit-unattached is on, and nobody else is attached to the server".to_owned())
    }

    /// A server answers: there is to be a control link, or else only a look.
    pub(super) fn attach_or_look(&mut self, kind: LinkKind, now: Instant) {
        if !self.attaching.is_on() {
            self.finding.due = Some(now + LOOK.min(self.setup.reconcile));
            self.actions.push(Action::List);
            self.release(now);
        } else if self.control.is_none() {
            self.actions.push(Action::Open(kind));
        }
    }

    /// Keeps a request until there is a control link, if there will be one soon. Gives it back if not.
    pub(super) fn wait_for_link(&mut self, request: Request, now: Instant) -> Option<Request> {
        let may_wait = !matches!(
            request,
            Request::Answer { .. }
                | Request::Leave { .. }
                | Request::Publish(_)
                | Request::Emit { .. }
                | Request::See { .. }
        );
        let on_demand = self.attaching.attach != Attach::Always;
        let no_link = self.control.is_none() && self.setup.live && self.is_found();
        let has_room = self.attaching.waiting.len() < MOST_WAITING;
        if !(may_wait && on_demand && no_link && has_room) {
            return Some(request);
        }
        let was_on = self.attaching.is_on();
        self.attaching.ask(now);
        self.attach_if_turned_on(was_on);
        self.attaching.waiting.push(request);
        None
    }

    /// Requests wait no longer: there is a link, or there will be none. The grace begins anew: the link may have come late.
    pub(super) fn release(&mut self, now: Instant) {
        let waiting = std::mem::take(&mut self.attaching.waiting);
        if !waiting.is_empty() {
            self.attaching.ask(now);
        }
        for request in waiting {
            self.carry_out(request, now);
        }
    }

    /// A link has been opened. If muxwire has left tmux alone since it was asked for, it ends again.
    pub(super) fn close_if_left(&mut self, link: LinkId) {
        if !self.may_attach() {
            self.actions.push(Action::Close(link));
        }
    }

    /// Ordinary commands have listed all there is, one body for each of [`crate::bridge::gathering::LISTS`].
    pub(super) fn looked(&mut self, bodies: Vec<Body>, now: Instant) {
        if self.control.is_some() || !self.is_found() {
            return;
        }
        // Nothing reports changes meanwhile, so none of them is a drift.
        self.reconciler.reset(now);
        self.adopt(0, listing(bodies), now);
        // Whatever panes print until there is a link again is not seen.
        self.streams.unwatched();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);

    #[test]
    fn control_clients_are_there_while_somebody_listens_and_for_the_grace() {
        let start = Instant::now();
        let mut attaching = Attaching::new(Attach::OnDemand { grace: GRACE });
        assert!(!attaching.is_on(), "nobody has come yet");
        attaching.demand(true, start);
        assert!(attaching.is_on());
        assert_eq!(attaching.due(), None);
        attaching.demand(false, start);
        assert_eq!(attaching.due(), Some(start + GRACE));
        assert!(!attaching.ends(start + GRACE / 2));
        attaching.demand(true, start + GRACE / 2);
        assert!(!attaching.ends(start + GRACE), "somebody has come back");
        attaching.demand(false, start + GRACE);
        attaching.demand(false, start + GRACE + GRACE / 2);
        assert!(attaching.ends(start + GRACE * 2), "the grace begins once");
        assert!(attaching.is_on(), "a listing is to come");
        attaching.leaving = false;
        assert!(!attaching.is_on());
        attaching.ask(start + GRACE * 3);
        assert_eq!(attaching.due(), Some(start + GRACE * 4));
    }

    #[test]
    fn without_a_wish_for_it_control_clients_are_always_there() {
        let start = Instant::now();
        let mut attaching = Attaching::new(Attach::Always);
        for wanted in [true, false] {
            attaching.demand(wanted, start);
            attaching.ask(start);
            assert!(attaching.is_on());
            assert!(!attaching.ends(start + GRACE));
        }
    }
}
