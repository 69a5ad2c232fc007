//! What one client asked for, as one ordered stream of events.
//!
//! A client has one place in the log and a list of rules; the last rule that matches an event decides. Each rule has
//! the place from which on it counts, so a subscription never brings what lies before its own `since`.
//!
//! A client may ask a second time, with a `since` that lies behind its place. Then the place goes back, and the
//! stretches that were read before are read again with a memory of which rules counted at that time, so that nothing
//! comes twice.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::archive::{Archived, SeqRange};
use super::filter::{Filter, RESOURCES, Subject, WindowNames};
use super::log::Hub;
use super::printing::may_be_caused_by_printing;
use super::published::Published;
use super::reader::{Next, NotRecoverable, Reader, Since};
use super::view::{View, Viewer, view};
use super::wants::ResourcesWish;
use crate::ids::{PaneId, Seq};
use crate::model::State;

/// A client has more rules than are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a connection can have at most {max} rules: unsubscribe from all to begin anew", max = Subscription::MAX_RULES)]
pub struct TooManyRules;

/// A client has too many panes open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a connection can have at most {max} panes open: close some", max = Subscription::MAX_OPEN)]
pub struct TooManyOpen;

/// One step through the log.
#[derive(Debug)]
pub enum Step {
    /// An event for the client, as it sees it.
    Deliver(Arc<Published>, View),
    /// An event that is not for the client.
    Skip,
    /// Nothing more as yet.
    Head,
    /// The next event is to be read from the archive, for [`Subscription::supply`].
    Archived(SeqRange),
    /// The next event is no longer kept.
    Evicted,
}

/// A client's rules and its place in the log.
#[derive(Debug)]
pub struct Subscription {
    hub: Hub,
    /// `None` while nothing is subscribed: then nothing is read.
    reader: Option<Reader>,
    rules: Vec<Rule>,
    /// Up to each place, in ascending order, the first so many rules have had their events delivered already.
    read_before: Vec<(Seq, usize)>,
    /// Held while a rule asks for resources.
    resources: Option<ResourcesWish>,
}

#[derive(Debug)]
struct Rule {
    /// It counts for the events after this place.
    from: Seq,
    wants: bool,
    filter: Filter,
    /// The pane that it was made for by opening it: it is no wish of its own, and goes when the pane is closed.
    opened: Option<PaneId>,
}

impl Subscription {
    /// The most rules of one client; it bounds the work of judging one event.
    pub const MAX_RULES: usize = 64;

    /// The most panes that one client may have open.
    pub const MAX_OPEN: usize = 256;

    /// Nothing subscribed as yet.
    #[must_use]
    pub fn new(hub: &Hub) -> Self {
        Self {
            hub: hub.clone(),
            reader: None,
            rules: Vec::new(),
            read_before: Vec::new(),
            resources: None,
        }
    }

    /// How many rules there are that the client wished for.
    #[must_use]
    pub fn wishes(&self) -> usize {
        let opened = |rule: &&Rule| rule.opened.is_none();
        self.rules.iter().filter(opened).count()
    }

    /// How many panes are open.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.rules.len() - self.wishes()
    }

    /// Whether anything is read.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.reader.is_some()
    }

    /// The place of the event that was read last; `None` while nothing is subscribed.
    #[must_use]
    pub fn place(&self) -> Option<Seq> {
        self.reader.as_ref().map(Reader::place)
    }

    /// The place up to which the client is complete; `None` while nothing is subscribed, or while a stretch is read
    /// a second time.
    #[must_use]
    pub fn complete_to(&self) -> Option<Seq> {
        let place = self.reader.as_ref()?.place();
        self.read_before.is_empty().then_some(place)
    }

    /// Adds what passes the filter, from `since` on or else from now on. Returns the place after which it counts,
    /// with the reason if the events after `since` can't be had in full: then it counts from now on.
    ///
    /// # Errors
    /// There are too many rules already; nothing has changed.
    pub fn subscribe(
        &mut self,
        filter: Filter,
        since: Option<&Since>,
    ) -> Result<(Seq, Option<NotRecoverable>), TooManyRules> {
        let start = since.map(|since| match since {
            Since::Position(position) => self.hub.position(position),
            Since::Foreign => Err(NotRecoverable::OtherEpoch),
        });
        let (start, lost) = match start.transpose() {
            Ok(start) => (start.unwrap_or_else(|| self.hub.reader()), None),
            Err(reason) => (self.hub.reader(), Some(reason)),
        };
        Ok((self.want(filter, None, start)?, lost))
    }

    /// Adds what passes the filter, from behind a place that only the archive has, of which it gave the first events.
    /// Returns that place.
    ///
    /// # Errors
    /// There are too many rules already; nothing has changed.
    pub fn resume(&mut self, filter: Filter, archived: Archived) -> Result<Seq, TooManyRules> {
        let start = Reader::of_archived(self.hub.clone(), archived);
        self.want(filter, None, start)
    }

    /// Takes what was read from the archive.
    pub fn supply(&mut self, archived: Archived) {
        if let Some(reader) = &mut self.reader {
            reader.supply(archived);
        }
    }

    /// Adds all that concerns one pane, from behind `place` on, or else from now on. Returns the place after which it
    /// counts: now if the events after the wanted one are no longer kept. Opening a pane again begins anew.
    ///
    /// # Errors
    /// There are too many open panes already; nothing has changed.
    pub fn open(&mut self, pane: PaneId, place: Option<Seq>) -> Result<Seq, TooManyOpen> {
        let others = |rule: &&Rule| rule.opened.is_some_and(|opened| opened != pane);
        if self.rules.iter().filter(others).count() >= Self::MAX_OPEN {
            return Err(TooManyOpen);
        }
        self.close(pane);
        let start = place.and_then(|place| self.hub.position(&self.hub.position_at(place)).ok());
        let start = start.unwrap_or_else(|| self.hub.reader());
        // Rules of open panes are not counted among those that are bounded.
        self.want(Filter::all(), Some(pane), start)
            .map_err(|_| TooManyOpen)
    }

    /// Takes away what opening a pane gave; what else is subscribed to stays. Returns whether the pane was open.
    pub fn close(&mut self, pane: PaneId) -> bool {
        let Some(index) = self.rules.iter().position(|rule| rule.opened == Some(pane)) else {
            return false;
        };
        self.rules.remove(index);
        for (_, rules) in &mut self.read_before {
            *rules -= usize::from(*rules > index);
        }
        if self.rules.is_empty() {
            *self = Self::new(&self.hub);
        }
        true
    }

    fn want(
        &mut self,
        filter: Filter,
        opened: Option<PaneId>,
        start: Reader,
    ) -> Result<Seq, TooManyRules> {
        let from = start.place();
        let rules_before = self.rules.len();
        self.add(Rule {
            from,
            wants: true,
            filter,
            opened,
        })?;
        match &self.reader {
            Some(reader) if reader.place() <= from => {}
            Some(reader) => {
                self.read_before.insert(0, (reader.place(), rules_before));
                self.reader = Some(start);
            }
            None => self.reader = Some(start),
        }
        Ok(from)
    }

    /// Removes what passes the filter, from the client's place on.
    ///
    /// # Errors
    /// There are too many rules already; nothing has changed.
    pub fn unsubscribe(&mut self, filter: Filter) -> Result<(), TooManyRules> {
        let Some(reader) = &self.reader else {
            return Ok(());
        };
        let from = reader.place();
        if filter.is_all() {
            *self = Self::new(&self.hub);
            return Ok(());
        }
        self.add(Rule {
            from,
            wants: false,
            filter,
            opened: None,
        })
    }

    /// The one filter that decides, and the place, if there is no other rule and what is decided needs no more than the
    /// event: see [`filtered_view`].
    #[must_use]
    pub fn only_filter(&self) -> Option<(&Filter, Seq)> {
        let [rule] = &self.rules[..] else {
            return None;
        };
        let place = self.complete_to()?;
        let filter = &rule.filter;
        let is_plain = rule.wants && rule.opened.is_none() && rule.from <= place;
        let needs_more = filter.needs_window_names() || filter.leaves_out_watchers();
        (is_plain && !needs_more).then_some((filter, place))
    }

    /// The events up to this place have been delivered.
    pub fn advance(&mut self, place: Seq) {
        if let Some(reader) = &mut self.reader {
            reader.advance(place);
        }
    }

    /// Takes one step: reads one event and judges it.
    pub fn step(&mut self, viewer: &impl Viewer, names: &Names) -> Step {
        let Some(reader) = &mut self.reader else {
            return Step::Head;
        };
        let event = match reader.pull() {
            Next::Event(event) => event,
            Next::Head => return Step::Head,
            Next::Archived(range) => return Step::Archived(range),
            Next::Evicted => return Step::Evicted,
        };
        let seq = event.seq;
        let had = self.read_before.first().map_or(0, |(_, rules)| *rules);
        let windows = WindowNames {
            own: event.window_names(viewer.is_redacted()),
            present: names.of(viewer.is_redacted()),
        };
        let known = (windows, &names.printed_in);
        let seen = |rules: usize| {
            let wants = |subject: &Subject<'_>| self.decide(rules, seq, subject, known);
            view(&event.change, viewer, wants)
        };
        let now = seen(self.rules.len());
        let before = if had > 0 && now.is_some() {
            seen(had)
        } else {
            None
        };
        self.read_before.retain(|(until, _)| *until > seq);
        match now {
            Some(view) if before.is_none() => Step::Deliver(event, view),
            _ => Step::Skip,
        }
    }

    /// What matching needs to know besides the events, if a rule asks for it: the windows' present names, and the panes
    /// in which clients print.
    #[must_use]
    pub fn names(&self) -> Names {
        let needed = self
            .rules
            .iter()
            .any(|rule| rule.filter.needs_window_names());
        let state = |redacted| self.hub.snapshot_for(redacted).0;
        let leaves_out = |rule: &Rule| rule.filter.leaves_out_watchers();
        let printed_in = if self.rules.iter().any(leaves_out) {
            self.hub.printed_in()
        } else {
            BTreeSet::new()
        };
        Names {
            windows: needed.then(|| [state(false), state(true)]),
            printed_in,
        }
    }

    fn decide(
        &self,
        rules: usize,
        seq: Seq,
        subject: &Subject<'_>,
        known: (WindowNames<'_>, &BTreeSet<PaneId>),
    ) -> bool {
        let counting = self.rules[..rules]
            .iter()
            .rev()
            .filter(|rule| rule.from < seq);
        let mut counting = counting.skip_while(|rule| !rule.matches(subject, known));
        counting.next().is_some_and(|rule| rule.wants)
    }

    fn add(&mut self, rule: Rule) -> Result<(), TooManyRules> {
        let asks_anew = rule.wants && rule.filter.names_resources();
        self.push(rule)?;
        if asks_anew || !self.asks_for_resources() {
            // Who asks anew is told everything, as who comes.
            self.resources = self.asks_for_resources().then(|| self.hub.want_resources());
        }
        Ok(())
    }

    /// Whether some rule asks for resources that no later one takes away.
    fn asks_for_resources(&self) -> bool {
        let asks = |(at, rule): (usize, &Rule)| {
            let mut later = self.rules[at..].iter().filter(|later| !later.wants);
            rule.wants
                && rule.filter.names_resources()
                && !later.any(|later| later.filter.covers(RESOURCES, &rule.filter))
        };
        self.rules.iter().enumerate().any(asks)
    }

    fn push(&mut self, rule: Rule) -> Result<(), TooManyRules> {
        let repeats = |last: &Rule| {
            last.wants == rule.wants
                && last.filter == rule.filter
                && last.opened == rule.opened
                && last.from <= rule.from
        };
        if self.rules.last().is_some_and(repeats) {
            return Ok(());
        }
        let wishes = self.rules.iter().filter(|rule| rule.opened.is_none());
        if rule.opened.is_none() && wishes.count() >= Self::MAX_RULES {
            return Err(TooManyRules);
        }
        self.rules.push(rule);
        Ok(())
    }
}

impl Rule {
    fn matches(
        &self,
        subject: &Subject<'_>,
        (names, printed_in): (WindowNames<'_>, &BTreeSet<PaneId>),
    ) -> bool {
        let feeds = || {
            let printed = subject.pane.is_some_and(|pane| printed_in.contains(&pane));
            printed && may_be_caused_by_printing(subject.kind)
        };
        match self.opened {
            Some(pane) => subject.pane == Some(pane) && subject.kind != RESOURCES,
            None if self.filter.leaves_out_watchers() && feeds() => false,
            None if self.wants => self.filter.asks_for(subject, names),
            None => self.filter.matches(subject, names),
        }
    }
}

/// What a viewer sees of an event that wants what passes this filter, which needs no names of windows.
#[must_use]
pub fn filtered_view(event: &Published, viewer: &impl Viewer, filter: &Filter) -> Option<View> {
    let names = WindowNames {
        own: event.window_names(viewer.is_redacted()),
        present: None,
    };
    view(&event.change, viewer, |subject| {
        filter.asks_for(subject, names)
    })
}

/// The windows' names at the time of a run of steps, and where clients print.
#[derive(Debug, Default)]
pub struct Names {
    windows: Option<[Arc<State>; 2]>,
    printed_in: BTreeSet<PaneId>,
}

impl Names {
    /// As those see them from whom secrets are kept, or aren't.
    fn of(&self, redacted: bool) -> Option<&State> {
        let [plain, masked] = self.windows.as_ref()?;
        Some(if redacted { masked } else { plain })
    }
}
