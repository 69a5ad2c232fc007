//! Replays: what a pane printed, once more, at a pace.
//!
//! A replay reads a little ahead of what it shows, and sends what is due as far as the client has room for it. Where it can't,
//! since the client is slow or has not acknowledged, its clock stands still: nothing is left out, and nothing comes in a burst
//! afterwards. So it takes a bounded part of memory, however much is replayed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::effect::ReplayEffect;
use super::reply::{ReplayReply, ReplaySaid, Reply};
use super::request::{ReplayControl, ReplayRequest};
use super::requests::Refusal;
use super::{ClientSession, Effect};
use crate::auth::Principal;
use crate::server::asking::{
    NoAnswer, ReplayBeginning, ReplayItem, ReplayPage, ReplayQuestion, ReplayedChange,
    ScreenAnswer, Waiting, When,
};
use crate::wire::{ErrorCode, RequestId};

/// How many replays one client may have at one time.
const MOST: usize = 4;

/// How long a pause lasts at most while long ones are made short.
const PAUSE: Duration = Duration::from_millis(500);

/// How much is read ahead before it is read no further, in bytes.
const AHEAD: usize = 64 << 10;

/// How much output one message has at most.
const MESSAGE: usize = 32 << 10;

/// The replays of one client. They end with it.
#[derive(Debug, Default)]
pub(super) struct Replays {
    number: u64,
    all: Vec<Replay>,
}

#[derive(Debug)]
struct Replay {
    number: u64,
    /// The request that began it, until it is answered.
    asked_by: Option<Option<RequestId>>,
    /// The pane by its number in the history, once that is known.
    pane: i64,
    /// The time in which it plays, in milliseconds since 1970.
    within: (i64, i64),
    clock: Clock,
    skip_idle: bool,
    items: VecDeque<ReplayItem>,
    ahead: usize,
    /// What is read now. What is read for an earlier place is of no use.
    reading: Option<Waiting>,
    turn: u64,
    /// Where to read on, if there is more.
    next: Option<u64>,
    /// The place and the time of the last that was read.
    read_to: (u64, i64),
    window: Option<u64>,
    sent: u64,
    acked: u64,
    /// What is due can't be sent.
    blocked: bool,
}

/// What time it is in a replay.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// The time in the replay, in milliseconds since 1970, at an instant.
    time: i64,
    at: Instant,
    speed: f64,
    paused: bool,
}

impl Clock {
    fn time(&self, now: Instant) -> i64 {
        if self.paused {
            return self.time;
        }
        let passed = now.saturating_duration_since(self.at).as_secs_f64() * 1000.0 * self.speed;
        self.time.saturating_add(passed as i64)
    }

    /// When it will be this time.
    fn when(&self, time: i64) -> Option<Instant> {
        if self.paused {
            return None;
        }
        let left = time.saturating_sub(self.time).max(0) as f64 / self.speed;
        // A moment more, so that it is not found too early by a rounding.
        let left = Duration::try_from_secs_f64(left / 1000.0).ok()?;
        self.at.checked_add(left + Duration::from_millis(1))
    }

    fn set(&mut self, time: i64, now: Instant) {
        (self.time, self.at) = (time, now);
    }
}

impl Replay {
    fn begin(number: u64, id: Option<RequestId>, request: &ReplayRequest, now: Instant) -> Self {
        Self {
            number,
            asked_by: Some(id),
            pane: 0,
            within: (0, 0),
            clock: Clock {
                time: 0,
                at: now,
                speed: request.speed,
                paused: false,
            },
            skip_idle: request.skip_idle,
            items: VecDeque::new(),
            ahead: 0,
            reading: None,
            turn: 0,
            next: None,
            read_to: (0, 0),
            window: request.ack_window,
            sent: 0,
            acked: 0,
            blocked: false,
        }
    }

    /// It goes on from a screen.
    fn show(&mut self, screen: &ScreenAnswer, within: (i64, i64), now: Instant) {
        let offset = screen.then.snapshot.offset;
        self.pane = screen.then.pane.key;
        self.clock.set(within.0, now);
        self.items.clear();
        self.ahead = 0;
        self.next = Some(offset);
        self.read_to = (screen.then.seq, within.0);
        (self.sent, self.acked) = (offset, offset);
        self.blocked = false;
    }

    fn take(&mut self, items: Vec<ReplayItem>, next: Option<u64>) {
        self.next = next;
        if let Some(last) = items.last() {
            // A size may have the same time as what was printed right before it.
            self.read_to = (last.seq, last.at - 1);
        }
        self.ahead += items.iter().map(ReplayItem::size).sum::<usize>();
        self.items.extend(items);
    }

    fn is_over(&self) -> bool {
        self.items.is_empty() && self.next.is_none() && self.reading.is_none()
    }

    fn wants_more(&self) -> Option<ReplayQuestion> {
        let from = self
            .next
            .filter(|_| self.reading.is_none() && self.ahead < AHEAD)?;
        Some(ReplayQuestion::More {
            pane: self.pane,
            from,
            after: self.read_to.0,
            since: self.read_to.1,
            to: self.within.1,
        })
    }

    fn is_acked(&self) -> bool {
        let on_its_way = self.sent.saturating_sub(self.acked);
        self.window.is_none_or(|window| on_its_way < window)
    }

    /// What is to be sent next, if it is due and the client has room.
    fn due(&mut self, has_room: bool, now: Instant) -> Option<ReplayItem> {
        let due_at = self.items.front()?.at;
        let can_be_sent = has_room && self.is_acked();
        if std::mem::take(&mut self.blocked) && can_be_sent && !self.clock.paused {
            self.clock.set(due_at.min(self.clock.time(now)), now);
        }
        if due_at > self.clock.time(now) {
            return None;
        }
        if !can_be_sent {
            self.blocked = true;
            return None;
        }
        let mut item = self.pop()?;
        self.join(&mut item, now);
        if let ReplayedChange::Output { offset, bytes } = &item.what {
            self.sent = offset + bytes.len() as u64;
        }
        self.shorten_pause(now);
        Some(item)
    }

    fn pop(&mut self) -> Option<ReplayItem> {
        let item = self.items.pop_front()?;
        self.ahead -= item.size();
        Some(item)
    }

    /// Adds what is due as well and follows without a gap.
    fn join(&mut self, item: &mut ReplayItem, now: Instant) {
        let ReplayedChange::Output { offset, bytes } = &mut item.what else {
            return;
        };
        let mut joined = BytesMut::new();
        let time = self.clock.time(now);
        while let Some(next) = self.items.front() {
            let ReplayedChange::Output {
                offset: behind,
                bytes: more,
            } = &next.what
            else {
                break;
            };
            let length = bytes.len().max(joined.len());
            let follows = *behind == *offset + length as u64;
            if next.at > time || !follows || length + more.len() > MESSAGE {
                break;
            }
            if joined.is_empty() {
                joined.extend_from_slice(bytes);
            }
            joined.extend_from_slice(more);
            item.at = next.at;
            if self.pop().is_none() {
                break;
            }
        }
        if !joined.is_empty() {
            *bytes = joined.freeze();
        }
    }

    /// Makes the pause before what comes next a short one, if that is wanted.
    fn shorten_pause(&mut self, now: Instant) {
        let Some(next) = self.items.front().filter(|_| self.skip_idle) else {
            return;
        };
        let pause = (PAUSE.as_secs_f64() * 1000.0 * self.clock.speed) as i64;
        if next.at.saturating_sub(self.clock.time(now)) > pause {
            self.clock.set(next.at - pause, now);
        }
    }

    /// When something is to be done for it, if nothing happens before.
    fn deadline(&self) -> Option<Instant> {
        let first = self.items.front().filter(|_| !self.blocked)?;
        self.clock.when(first.at)
    }
}

impl Replays {
    /// When something is to be done for one of them.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.all.iter().filter_map(Replay::deadline).min()
    }

    fn get(&mut self, number: u64) -> Option<&mut Replay> {
        self.all.iter_mut().find(|replay| replay.number == number)
    }
}

impl ClientSession {
    pub(super) fn ask_replay(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        request: &ReplayRequest,
        now: Instant,
    ) -> Result<(), Refusal> {
        let pane = self.pane_of_history(principal, &request.target)?;
        self.check_room()?;
        if self.replays.all.len() >= MOST {
            let why = format!("a connection can have at most {MOST} replays: stop some");
            return Err((ErrorCode::LimitReached, why));
        }
        self.replays.number += 1;
        let replay = Replay::begin(self.replays.number, id, request, now);
        let number = replay.number;
        self.replays.all.push(replay);
        let (from, to) = (request.from, request.to);
        let question = ReplayQuestion::Begin(ReplayBeginning { pane, from, to });
        self.read_replay(number, principal, question);
        Ok(())
    }

    fn read_replay(&mut self, number: u64, principal: &Principal, question: ReplayQuestion) {
        let Some(replay) = self.replays.get(number) else {
            return;
        };
        let waiting = Waiting::default();
        let wanted = waiting.wanted();
        replay.reading = Some(waiting);
        replay.turn += 1;
        let turn = replay.turn;
        self.begin(Effect::Replay(ReplayEffect {
            number,
            turn,
            by: principal.clone(),
            question,
            wanted,
        }));
    }

    /// What a replay needed is here, or is not to be had.
    pub(super) fn replayed(
        &mut self,
        (number, turn): (u64, u64),
        page: Result<ReplayPage, NoAnswer>,
        now: Instant,
    ) {
        let is_open = self.principal().is_ok();
        let Some(replay) = self.replays.get(number) else {
            return;
        };
        if replay.turn != turn || !is_open {
            return;
        }
        replay.reading = None;
        match page {
            Ok(ReplayPage::Screen { screen, from, to }) => {
                self.show_replay(number, &screen, (from, to), now);
            }
            Ok(ReplayPage::Items { items, next }) => replay.take(items, next),
            Err(error) => return self.fail_replay(number, error, now),
        }
        self.pump_replays(now);
    }

    fn show_replay(
        &mut self,
        number: u64,
        screen: &ScreenAnswer,
        within: (i64, i64),
        now: Instant,
    ) {
        let Some(replay) = self.replays.get(number) else {
            return;
        };
        replay.show(screen, within, now);
        let asked_by = replay.asked_by.take();
        if let Some(id) = asked_by {
            replay.within = within;
            let said = ReplaySaid::Started {
                id: id.as_ref(),
                pane: screen.then.pane.pane,
                within,
            };
            self.say_replay(number, said, now);
        }
        self.say_replay(number, ReplaySaid::Snapshot(screen), now);
    }

    fn fail_replay(&mut self, number: u64, (code, why): NoAnswer, now: Instant) {
        let Some(replay) = self.replays.get(number) else {
            return;
        };
        let (asked_by, time) = (replay.asked_by.take(), replay.clock.time(now));
        self.replays.all.retain(|replay| replay.number != number);
        match asked_by {
            Some(id) => self.refuse(id.as_ref(), code, &why, now),
            None => {
                let said = ReplaySaid::End {
                    time,
                    reason: "failed",
                    message: Some(&why),
                };
                self.say_replay(number, said, now);
            }
        }
    }

    fn say_replay(&mut self, number: u64, said: ReplaySaid<'_>, now: Instant) {
        let reply = ReplayReply { number, said };
        self.say(&Reply::Replay(reply), now);
    }

    /// Sends what is due, reads on, and ends replays that are over.
    pub(super) fn pump_replays(&mut self, now: Instant) {
        if self.replays.all.is_empty() {
            return;
        }
        let Ok(principal) = self.principal() else {
            return;
        };
        let numbers: Vec<u64> = self
            .replays
            .all
            .iter()
            .map(|replay| replay.number)
            .collect();
        for number in numbers {
            self.pump_replay(number, &principal, now);
        }
    }

    fn pump_replay(&mut self, number: u64, principal: &Principal, now: Instant) {
        loop {
            let has_room = self.closing().is_none() && self.send_queue.is_short();
            let Some(replay) = self.replays.get(number) else {
                return;
            };
            let Some(item) = replay.due(has_room, now) else {
                break;
            };
            self.say_replay(number, ReplaySaid::Item(&item), now);
        }
        let Some(replay) = self.replays.get(number) else {
            return;
        };
        if let Some(question) = replay.wants_more() {
            return self.read_replay(number, principal, question);
        }
        if replay.is_over() && replay.asked_by.is_none() && !replay.clock.paused {
            let time = replay.within.1;
            self.end_replay(number, (time, "end"), now);
        }
    }

    fn end_replay(&mut self, number: u64, (time, reason): (i64, &'static str), now: Instant) {
        self.replays.all.retain(|replay| replay.number != number);
        let said = ReplaySaid::End {
            time,
            reason,
            message: None,
        };
        self.say_replay(number, said, now);
    }

    pub(super) fn control_replay(
        &mut self,
        id: Option<&RequestId>,
        principal: &Principal,
        control: &ReplayControl,
        now: Instant,
    ) -> Result<(), Refusal> {
        let number = control.replay;
        let replay = self
            .replays
            .get(number)
            .filter(|replay| replay.asked_by.is_none());
        let replay = replay.ok_or_else(|| {
            let why = format!("there is no replay {number} on this connection: it may have ended");
            (ErrorCode::NotFound, why)
        })?;
        let time = replay
            .clock
            .time(now)
            .clamp(replay.within.0, replay.within.1);
        replay.clock.set(time, now);
        replay.clock.paused = control.paused.unwrap_or(replay.clock.paused);
        replay.clock.speed = control.speed.unwrap_or(replay.clock.speed);
        replay.skip_idle = control.skip_idle.unwrap_or(replay.skip_idle);
        if let Some(ack) = control.ack {
            replay.acked = replay.acked.max(ack.min(replay.sent));
        }
        replay.shorten_pause(now);
        if id.is_some() || !control.is_ack() {
            let said = ReplaySaid::State {
                id,
                time,
                paused: replay.clock.paused,
                speed: replay.clock.speed,
                skip_idle: replay.skip_idle,
            };
            self.say_replay(number, said, now);
        }
        if control.stop {
            self.end_replay(number, (time, "stopped"), now);
        } else if let Some(to) = control.seek {
            self.seek_replay(number, principal, to);
        }
        self.pump_replays(now);
        Ok(())
    }

    fn seek_replay(&mut self, number: u64, principal: &Principal, to: When) {
        let Some(replay) = self.replays.get(number) else {
            return;
        };
        let (pane, within) = (replay.pane, replay.within);
        replay.items.clear();
        (replay.ahead, replay.next) = (0, None);
        self.read_replay(number, principal, ReplayQuestion::Seek { pane, to, within });
    }
}

#[cfg(test)]
#[path = "replaying_tests.rs"]
mod tests;
