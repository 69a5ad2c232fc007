//! Typing into panes: each line looks and types in one turn of tmux, and each request is answered when all is typed.
//!
//! A pane's requests are typed in the order in which they came. Beyond that nobody waits for others: clients take turns,
//! then the panes of one client, and what is under way at tmux at one time is small, so that a key for one pane goes
//! between two lines of a paste into another. What waits is bounded, and a client that has its share alone is refused.
//!
//! Programs that take a burst of keys for pasted text take an Enter in it for a line break. So Enter is a write of its
//! own, some time after what was typed into the pane before it; what comes later for that pane waits behind it.

mod pieces;
mod shares;
mod task;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use self::shares::Shares;
use self::task::{InputTask, answer};
use super::action::Action;
use super::request::{InputError, InputRequest};
use crate::control::{Body, Keyboard, Otherwise};
use crate::ids::PaneId;
use crate::tmux::{LinkId, ReplyError, Version};

/// How much may be under way at tmux, by what lines cost: what a key waits for at most. About three lines of a paste, or
/// thirty keys.
const IN_FLIGHT: usize = 1024;

/// The tags of lines have this bit, which no other tag has.
const INPUT_TAG: u64 = 1 << 63;

/// The longest that an Enter may wait; what was typed longer ago is forgotten.
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// Where the outcome of a request goes. Nobody may be waiting for it any more, and that is no error.
pub(super) type InputReply = oneshot::Sender<Result<(), InputError>>;

/// Whether a pane's program has asked for bracketed paste, as far as its output shows it.
pub(super) type Bracketed<'a> = &'a dyn Fn(PaneId) -> Option<bool>;

/// How lines get to tmux.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    link: LinkId,
    otherwise: Otherwise,
    knows_brackets: bool,
    keyboard: Keyboard,
    bracketed: Bracketed<'a>,
    now: Instant,
    submit_delay: Duration,
    salt: u64,
}

impl<'a> Way<'a> {
    /// The way over the control link, now. `bracketed` is asked below 3.7, where tmux can't say it, for what can't be in a
    /// paste buffer.
    pub(super) fn new(
        link: LinkId,
        version: Option<&Version>,
        bracketed: Bracketed<'a>,
        (now, submit_delay): (Instant, Duration),
    ) -> Self {
        let reports = version.is_none_or(Version::answers_inside);
        Self {
            link,
            otherwise: if reports {
                Otherwise::Report
            } else {
                Otherwise::Nothing
            },
            knows_brackets: version.is_some_and(Version::reports_bracketed_paste),
            keyboard: Keyboard::new(version.is_none_or(Version::reports_key_mode)),
            bracketed,
            now,
            submit_delay,
            salt: 0,
        }
    }
}

/// What makes the names of our paste buffers differ from all others: nobody can guess it.
#[derive(Debug)]
struct Salt(u64);

impl Default for Salt {
    fn default() -> Self {
        Self(RandomState::new().hash_one(()))
    }
}

/// The requests that wait and those under way.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    lanes: BTreeMap<PaneId, Lane>,
    /// When anything but Enter was typed into a pane last.
    typed_at: HashMap<PaneId, Instant>,
    /// The lines under way.
    lines: HashMap<u64, PaneId>,
    in_flight: usize,
    shares: Shares,
    turn: u64,
    last_tag: u64,
    salt: Salt,
    /// The link that has ended, though its end may not have been reported yet.
    lost: Option<LinkId>,
}

/// The requests for one pane, in order.
#[derive(Debug, Default)]
struct Lane {
    tasks: VecDeque<InputTask>,
    /// The turn in which it was served last.
    served: u64,
}

impl Lane {
    /// The request that goes on next, unless it waits for an answer: its own, or that of another whose text its Enter has
    /// to be apart from.
    fn first(&self) -> Option<usize> {
        let at = self.tasks.iter().position(|task| !task.may_be_followed())?;
        let task = &self.tasks[at];
        let too_close = at > 0 && task.enter_delay().is_some();
        (!task.is_in_flight() && !too_close).then_some(at)
    }

    /// When the Enter that comes next may be typed, if it has to wait after what was typed then.
    fn due(&self, typed_at: Option<&Instant>) -> Option<Instant> {
        let delay = self.tasks.get(self.first()?)?.enter_delay()?;
        Some(*typed_at? + delay)
    }

    /// The request of which a line can be sent now.
    fn next(&mut self, typed_at: Option<&Instant>, now: Instant) -> Option<&mut InputTask> {
        let due = self.due(typed_at);
        if due.is_some_and(|due| due > now) {
            return None;
        }
        let first = self.first()?;
        self.tasks.get_mut(first)
    }
}

impl Inputs {
    /// Takes a request. Without a way to tmux, or beyond the client's share, it is refused.
    pub(super) fn begin(
        &mut self,
        request: InputRequest,
        reply: InputReply,
        way: Option<Way<'_>>,
        actions: &mut Vec<Action>,
    ) {
        let Some(set) = way.map(|way| (way.keyboard, way.submit_delay)) else {
            return answer(reply, Err(InputError::Unavailable));
        };
        let pane = request.pane;
        let task = match InputTask::new(request, set, reply) {
            Ok(task) => task,
            Err((reply, error)) => return answer(reply, Err(error)),
        };
        if let Err(error) = self.shares.take(task.client, task.weight()) {
            return task.finish(Err(error));
        }
        self.lanes.entry(pane).or_default().tasks.push_back(task);
        self.pump(way, actions);
    }

    /// Whether a tag belongs to a line.
    pub(super) fn owns(&self, tag: u64) -> bool {
        self.lines.contains_key(&tag)
    }

    /// When [`Inputs::wake`] is wanted next. While too much is under way, a reply goes on with what waits.
    pub(super) fn due(&self) -> Option<Instant> {
        let dues = self.lanes.iter().filter_map(|(pane, lane)| {
            let typed_at = self.typed_at.get(pane);
            lane.due(typed_at)
        });
        dues.min().filter(|_| self.in_flight < IN_FLIGHT)
    }

    /// Sends what had to wait until now.
    pub(super) fn wake(&mut self, way: Option<Way<'_>>, actions: &mut Vec<Action>) {
        self.pump(way, actions);
    }

    /// The way to tmux has ended: what is not under way ends here, and no other server gets an Enter that waits.
    pub(super) fn cut(&mut self) {
        self.refuse_waiting();
        self.typed_at.clear();
    }

    /// The line of a tag could not be handed to the link. What waits behind it is tried likewise: no reply may be under
    /// way any more that would bring it on.
    pub(super) fn not_sent(&mut self, tag: u64, way: Option<Way<'_>>, actions: &mut Vec<Action>) {
        self.settle(tag, None, |task| {
            let cost = task.take_back()?;
            Some((cost, Some(Err(task.partly(InputError::Busy)))))
        });
        self.pump(way, actions);
    }

    /// The reply to one command of a line.
    pub(super) fn reply(
        &mut self,
        link: LinkId,
        tag: u64,
        outcome: Result<Body, ReplyError>,
        way: Option<Way<'_>>,
        actions: &mut Vec<Action>,
    ) {
        if outcome == Err(ReplyError::LinkClosed) {
            self.lost = Some(link);
        }
        let now = way.map(|way| way.now);
        self.settle(tag, now, |task| task.answered(outcome, way.as_ref()));
        self.pump(way, actions);
    }

    /// Hands a line's outcome to its request, and ends the request if it is at its end.
    fn settle(
        &mut self,
        tag: u64,
        now: Option<Instant>,
        conclude: impl FnOnce(&mut InputTask) -> Option<(usize, Option<Result<(), InputError>>)>,
    ) {
        let Some(pane) = self.lines.get(&tag) else {
            return;
        };
        let Some(lane) = self.lanes.get_mut(pane) else {
            return;
        };
        let Some(at) = lane.tasks.iter().position(|task| task.awaits(tag)) else {
            return;
        };
        let Some((cost, end)) = conclude(&mut lane.tasks[at]) else {
            return;
        };
        let pane = *pane;
        let typed_at = now.filter(|_| lane.tasks[at].has_typed());
        self.lines.remove(&tag);
        self.in_flight -= cost;
        if let Some(end) = end
            && let Some(task) = lane.tasks.remove(at)
        {
            self.shares.give_back(task.client, task.weight());
            task.finish(end);
        }
        if lane.tasks.is_empty() {
            self.lanes.remove(&pane);
        }
        if let Some(now) = typed_at
            && self.typed_at.insert(pane, now).is_none()
        {
            // Panes come and go: who was typed into long ago is forgotten when another one is new.
            self.typed_at.retain(|_, at| *at + LONGEST_DELAY > now);
        }
    }

    /// Sends as many lines as may be under way.
    fn pump(&mut self, way: Option<Way<'_>>, actions: &mut Vec<Action>) {
        let Some(way) = way.filter(|way| self.lost != Some(way.link)) else {
            return self.refuse_waiting();
        };
        let way = Way {
            salt: self.salt.0,
            ..way
        };
        while self.in_flight < IN_FLIGHT {
            let Some(pane) = self.next_pane(way.now) else {
                return;
            };
            let Some(lane) = self.lanes.get_mut(&pane) else {
                return;
            };
            self.turn += 1;
            self.last_tag += 1;
            let tag = INPUT_TAG | self.last_tag;
            lane.served = self.turn;
            let typed_at = self.typed_at.get(&pane);
            let Some(task) = lane.next(typed_at, way.now) else {
                return;
            };
            self.shares.served(task.client, self.turn);
            let (commands, cost) = task.send(tag, &way);
            self.in_flight += cost;
            self.lines.insert(tag, pane);
            let link = way.link;
            actions.push(Action::Send {
                link,
                tag,
                commands,
            });
        }
    }

    /// Whose turn it is: of the clients that have something to send, the one whose turn was longest ago, and of its panes
    /// likewise.
    fn next_pane(&mut self, now: Instant) -> Option<PaneId> {
        let Self {
            lanes,
            shares,
            typed_at,
            ..
        } = self;
        let ready = lanes.iter_mut().filter_map(|(pane, lane)| {
            let served = lane.served;
            let client = lane.next(typed_at.get(pane), now)?.client;
            Some((shares.last_turn(client), served, *pane))
        });
        ready.min().map(|(_, _, pane)| pane)
    }

    /// There is no way to tmux any more: what is not under way ends here.
    fn refuse_waiting(&mut self) {
        let Self { lanes, shares, .. } = self;
        for lane in lanes.values_mut() {
            for task in std::mem::take(&mut lane.tasks) {
                if task.is_in_flight() {
                    lane.tasks.push_back(task);
                    continue;
                }
                shares.give_back(task.client, task.weight());
                let error = task.partly(InputError::Unavailable);
                task.finish(Err(error));
            }
        }
        lanes.retain(|_, lane| !lane.tasks.is_empty());
    }
}

#[cfg(test)]
#[path = "inputs_tests.rs"]
mod tests;
