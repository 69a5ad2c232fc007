//! Which panes a client has open, and what it is to get of each: pure bookkeeping, without messages and without time.
//!
//! A pane that is not in here is not special: its output goes out as it comes. One that is here is either *live*, or
//! some of its output was left out and a snapshot has to make up for it: as soon as the client has room (*wanted*), and
//! then until the bridge has it (*asked*). While a snapshot is to come, no output of the pane goes out, since all of it
//! will be in the snapshot.

use std::collections::HashMap;

use crate::ids::PaneId;
use crate::metrics::Shed;
use crate::wire::RequestId;

/// How many lines of history one client may wait for at one time, but for a single pane's: they are held until it has
/// read them.
const ASKED_LINES: u32 = 100_000;

/// How many lines of history come at least with the snapshots behind a gap: what the gap swallowed may have scrolled out.
const BEHIND_A_GAP: u32 = 1000;

/// The panes of one client that are open or behind.
#[derive(Debug, Default)]
pub(super) struct Panes {
    panes: HashMap<PaneId, Pane>,
    /// What was left out since it was last asked for.
    shed: Shed,
}

/// Why a client is given a snapshot of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The client opened the pane.
    Opened,
    /// The client was too slow for its output.
    Lagged,
    /// Output was lost on the way from tmux.
    Gap,
    /// It has another size.
    Resized,
    /// Its process has ended.
    Exited,
    /// It has another process.
    Respawned,
    /// The one before was not exact.
    Inexact,
}

impl Reason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Lagged => "lagged",
            Self::Gap => "gap",
            Self::Resized => "resized",
            Self::Exited => "exited",
            Self::Respawned => "respawned",
            Self::Inexact => "inexact",
        }
    }
}

#[derive(Debug)]
struct Pane {
    opened: Option<Opened>,
    /// Output before this offset is in what the client has already.
    begins: u64,
    /// Its last snapshot was not exact, so another one has to come when it can be.
    inexact: bool,
    flow: Flow,
}

/// What the client said when it opened a pane.
#[derive(Debug)]
struct Opened {
    scrollback: u32,
    pace: Option<Pace>,
}

/// How far the client lets the stream run ahead of what it has acknowledged.
#[derive(Debug)]
struct Pace {
    window: u64,
    acked: u64,
    sent: u64,
    /// The last snapshot is not acknowledged, so no further one is to come: a page would be buried by them as well.
    drawing: bool,
}

#[derive(Debug)]
enum Flow {
    Live,
    /// A snapshot is wanted once there is room.
    Wanted(Missing),
    /// A snapshot is under way.
    Asked(Missing),
}

/// What a snapshot has to make up for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Missing {
    /// The request that it answers.
    pub(super) asked_by: Option<Asker>,
    /// The first byte that was left out because the client was too slow.
    pub(super) lagged_from: Option<u64>,
    /// Behind the last byte that was left out.
    pub(super) to: u64,
    /// What no byte reports.
    disturbed: Option<Reason>,
    /// Something has happened since that no byte reports: another snapshot has to follow.
    again: Option<Reason>,
    /// It could not be had, and is not asked for before [`Panes::wake`].
    later: bool,
}

impl Missing {
    /// What no byte reports has happened.
    fn of(disturbed: Reason) -> Self {
        Self {
            disturbed: Some(disturbed),
            ..Self::default()
        }
    }

    /// The first reason for the snapshot.
    pub(super) fn reason(&self) -> Reason {
        match (&self.asked_by, self.lagged_from, self.disturbed) {
            (Some(_), _, _) => Reason::Opened,
            (None, None, Some(disturbed)) => disturbed,
            (None, _, _) => Reason::Lagged,
        }
    }
}

/// The request that opened a pane, and is answered when the pane's snapshot has come.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::server) struct Asker {
    pub(in crate::server) id: Option<RequestId>,
}

/// How a pane is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Opening {
    pub(in crate::server) scrollback: u32,
    pub(in crate::server) ack_window: Option<u64>,
}

impl Opening {
    fn opened(self, acked: u64) -> Opened {
        let pace = self.ack_window.map(|window| Pace {
            window,
            acked,
            sent: acked,
            drawing: false,
        });
        Opened {
            scrollback: self.scrollback,
            pace,
        }
    }
}

impl Panes {
    /// A pane is opened, and a snapshot wanted.
    pub(super) fn open(&mut self, pane: PaneId, opening: Opening, id: Option<RequestId>) {
        let missing = Missing {
            asked_by: Some(Asker { id }),
            ..Missing::default()
        };
        let entry = Pane {
            opened: Some(opening.opened(0)),
            begins: 0,
            inexact: false,
            flow: Flow::Wanted(missing),
        };
        self.panes.insert(pane, entry);
    }

    /// A pane is opened, and goes on from an offset up to which the client has it.
    pub(super) fn resume(&mut self, pane: PaneId, opening: Opening, offset: u64) {
        let entry = Pane {
            opened: Some(opening.opened(offset)),
            begins: offset,
            inexact: false,
            flow: Flow::Live,
        };
        self.panes.insert(pane, entry);
    }

    /// A pane is closed, or gone. Returns who still waits for its snapshot.
    pub(super) fn forget(&mut self, pane: PaneId) -> Option<Asker> {
        match self.panes.remove(&pane)?.flow {
            Flow::Live => None,
            Flow::Wanted(missing) | Flow::Asked(missing) => missing.asked_by,
        }
    }

    /// All panes are closed. Returns those whose snapshots somebody still waits for.
    pub(super) fn forget_all(&mut self) -> Vec<(PaneId, Asker)> {
        let panes: Vec<PaneId> = self.panes.keys().copied().collect();
        let askers = panes
            .into_iter()
            .map(|pane| (pane, self.forget(pane)))
            .filter_map(|(pane, asker)| Some((pane, asker?)));
        askers.collect()
    }

    /// Whether output that begins at `offset` goes out to the client. What doesn't is noted as missing.
    pub(super) fn admits(&mut self, pane: PaneId, offset: u64, length: u64) -> bool {
        let Some(entry) = self.panes.get_mut(&pane) else {
            return true;
        };
        let end = offset + length;
        match &mut entry.flow {
            Flow::Wanted(missing) | Flow::Asked(missing) => {
                if missing.lagged_from.is_some() {
                    self.shed.bytes += end.saturating_sub(missing.to);
                }
                missing.to = missing.to.max(end);
                return false;
            }
            Flow::Live if end <= entry.begins => return false,
            Flow::Live => {}
        }
        let pace = entry
            .opened
            .as_mut()
            .and_then(|opened| opened.pace.as_mut());
        let Some(pace) = pace else { return true };
        if end > pace.acked + pace.window {
            self.leave_out(pane, offset, end);
            return false;
        }
        pace.sent = end;
        true
    }

    /// Output of a pane was left out, since the client is too slow for it.
    pub(super) fn leave_out(&mut self, pane: PaneId, from: u64, to: u64) {
        let entry = self.panes.entry(pane).or_insert(Pane {
            opened: None,
            begins: 0,
            inexact: false,
            flow: Flow::Live,
        });
        let counted_to = match &entry.flow {
            Flow::Wanted(missing) | Flow::Asked(missing) if missing.lagged_from.is_some() => {
                missing.to.max(from)
            }
            _ => {
                self.shed.panes += 1;
                from
            }
        };
        self.shed.bytes += to.saturating_sub(counted_to);
        match &mut entry.flow {
            Flow::Live => {
                entry.flow = Flow::Wanted(Missing {
                    lagged_from: Some(from),
                    to,
                    ..Missing::default()
                });
            }
            Flow::Wanted(missing) | Flow::Asked(missing) => {
                missing.lagged_from.get_or_insert(from);
                missing.to = missing.to.max(to);
            }
        }
    }

    /// What an open pane shows has changed in a way that its output doesn't show: it was resized, or output was lost.
    pub(super) fn disturb(&mut self, pane: PaneId, reason: Reason) {
        let Some(entry) = self.panes.get_mut(&pane) else {
            return;
        };
        // Who opens it now gets as much history as was asked for: all of it is new.
        let opening = matches!(&entry.flow, Flow::Wanted(missing) if missing.asked_by.is_some());
        if let Some(opened) = &mut entry.opened
            && reason == Reason::Gap
            && !opening
        {
            // Each later snapshot begins with a reset as well, so it has to bring these lines again.
            opened.scrollback = opened.scrollback.max(BEHIND_A_GAP);
        }
        match &mut entry.flow {
            Flow::Live if entry.opened.is_some() => {
                entry.flow = Flow::Wanted(Missing::of(reason));
            }
            // Who has not opened it got a snapshot once, and is on its own since.
            Flow::Live | Flow::Wanted(_) => {}
            Flow::Asked(missing) => missing.again = Some(reason),
        }
    }

    /// What was left out since this was last called.
    pub(super) fn take_shed(&mut self) -> Shed {
        std::mem::take(&mut self.shed)
    }

    /// Whether the client has opened the pane.
    pub(super) fn is_open(&self, pane: PaneId) -> bool {
        self.panes
            .get(&pane)
            .is_some_and(|entry| entry.opened.is_some())
    }

    /// Whether no pane is open, and output of none was left out.
    pub(super) fn is_empty(&self) -> bool {
        self.panes.is_empty()
    }

    /// Whether a snapshot is to come that has to make up for something.
    pub(super) fn lacks_any(&self) -> bool {
        self.panes
            .values()
            .any(|entry| !matches!(entry.flow, Flow::Live))
    }

    /// Whether a snapshot is wanted by somebody who has room for it.
    pub(super) fn wants_any(&self) -> bool {
        self.panes.values().any(Pane::is_due)
    }

    /// The panes whose snapshots are to be asked for now, with the lines of history that go with each.
    pub(super) fn ask(&mut self) -> Vec<(PaneId, u32)> {
        let mut asked = Vec::new();
        let of = |entry: &Pane| matches!(entry.flow, Flow::Asked(_)).then(|| entry.scrollback());
        let mut lines: u32 = self.panes.values().filter_map(of).sum();
        let mut due: Vec<_> = self
            .panes
            .iter_mut()
            .filter(|(_, entry)| entry.is_due())
            .collect();
        due.sort_unstable_by_key(|(pane, _)| **pane);
        for (pane, entry) in due {
            let scrollback = entry.scrollback();
            if lines > 0 && lines.saturating_add(scrollback) > ASKED_LINES {
                continue;
            }
            if let Flow::Wanted(missing) = &mut entry.flow {
                entry.flow = Flow::Asked(std::mem::take(missing));
                lines = lines.saturating_add(scrollback);
                asked.push((*pane, scrollback));
            }
        }
        asked
    }

    /// What a snapshot that has come is to make up for; nothing if nobody wants it any more.
    pub(super) fn missing(&self, pane: PaneId) -> Option<&Missing> {
        match &self.panes.get(&pane)?.flow {
            Flow::Asked(missing) => Some(missing),
            Flow::Live | Flow::Wanted(_) => None,
        }
    }

    /// A snapshot could not be had now; it is wanted again later.
    pub(super) fn postpone(&mut self, pane: PaneId) {
        if let Some(entry) = self.panes.get_mut(&pane)
            && let Flow::Asked(missing) = &mut entry.flow
        {
            entry.flow = Flow::Wanted(Missing {
                later: true,
                ..std::mem::take(missing)
            });
        }
    }

    /// Some time has passed: what was postponed is wanted now, and so are fresh snapshots of the open panes whose last
    /// one was not exact.
    pub(super) fn wake(&mut self) {
        for entry in self.panes.values_mut() {
            match &mut entry.flow {
                Flow::Wanted(missing) => missing.later = false,
                Flow::Live if entry.inexact && entry.opened.is_some() => {
                    entry.inexact = false;
                    entry.flow = Flow::Wanted(Missing::of(Reason::Inexact));
                }
                Flow::Live | Flow::Asked(_) => {}
            }
        }
    }

    /// The client has been given the pane up to this offset, exactly or not.
    pub(super) fn given(&mut self, pane: PaneId, offset: u64, exact: bool) {
        let Some(entry) = self.panes.get_mut(&pane) else {
            return;
        };
        let mut again = None;
        if let Flow::Asked(missing) = &entry.flow {
            again = missing.again;
            if missing.lagged_from.is_some() {
                self.shed.bytes += offset.saturating_sub(missing.to);
            }
        }
        entry.begins = offset;
        entry.inexact = !exact;
        entry.flow = match again {
            Some(reason) if entry.opened.is_some() => Flow::Wanted(Missing::of(reason)),
            _ => Flow::Live,
        };
        if let Some(pace) = entry
            .opened
            .as_mut()
            .and_then(|opened| opened.pace.as_mut())
        {
            pace.acked = pace.acked.max(offset);
            pace.sent = offset;
            pace.drawing = true;
        }
    }

    /// The client has taken in an open pane's output up to an offset. Returns whether it has such a pane.
    pub(super) fn ack(&mut self, pane: PaneId, offset: u64) -> bool {
        let Some(entry) = self.panes.get_mut(&pane) else {
            return false;
        };
        let begins = entry.begins;
        let Some(opened) = &mut entry.opened else {
            return false;
        };
        if let Some(pace) = &mut opened.pace {
            // What was never sent can't have been taken in.
            pace.acked = pace.acked.max(offset.min(pace.sent));
            pace.drawing &= offset < begins;
        }
        true
    }
}

impl Pane {
    /// The lines of history that go with each snapshot. A snapshot begins with a reset, which takes the client's history
    /// too, so it is given again.
    fn scrollback(&self) -> u32 {
        self.opened.as_ref().map_or(0, |opened| opened.scrollback)
    }

    /// Whether a snapshot is to be asked for. One that makes up for output which was left out waits until the client has
    /// taken in the last one and at least half of its window; what no output reports can't wait.
    fn is_due(&self) -> bool {
        let Flow::Wanted(missing) = &self.flow else {
            return false;
        };
        let pace = self.opened.as_ref().and_then(|opened| opened.pace.as_ref());
        let has_room = pace.is_none_or(|pace| {
            !pace.drawing && pace.sent.saturating_sub(pace.acked) <= pace.window / 2
        });
        !missing.later && (has_room || missing.lagged_from.is_none())
    }
}
