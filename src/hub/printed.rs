//! What the log keeps of one pane's output, found by the pane's own offsets.

use std::sync::Arc;

use bytes::Bytes;

use super::log::Hub;
use super::published::Published;
use super::ring::Ring;
use crate::ids::{PaneId, Seq};
use crate::model::{Change, ChangeKind};

impl Hub {
    /// What a pane printed from one offset to another, in pieces; nothing if not all of it is kept.
    #[must_use]
    pub fn output_between(&self, pane: PaneId, from: u64, to: u64) -> Option<Vec<Bytes>> {
        self.output_for(pane, false, from, to)
    }

    /// The same as one sees it who may know of secrets or from whom they are kept.
    #[must_use]
    pub fn output_for(
        &self,
        pane: PaneId,
        redacted: bool,
        from: u64,
        to: u64,
    ) -> Option<Vec<Bytes>> {
        between(&self.lock().ring, (pane, redacted), from, to)
    }

    /// The place behind which all comes that a pane printed from an offset on, and the offset at which that begins: the one
    /// that was asked for, or that of the event in whose middle it lies. Nothing if not all of it is kept.
    #[must_use]
    pub fn place_of_output(&self, pane: PaneId, offset: u64) -> Option<(Seq, u64)> {
        self.place_for(pane, false, offset)
    }

    /// The same for one who may know of secrets or from whom they are kept.
    #[must_use]
    pub fn place_for(&self, pane: PaneId, redacted: bool, offset: u64) -> Option<(Seq, u64)> {
        place_of(&self.lock().ring, (pane, redacted), offset)
    }
}

/// What a pane printed from one offset to another, in pieces; nothing if not all of it is kept.
fn between(
    ring: &Ring,
    (pane, redacted): (PaneId, bool),
    from: u64,
    to: u64,
) -> Option<Vec<Bytes>> {
    let mut pieces = Vec::new();
    let mut missing = to;
    for Piece { start, bytes, .. } in pieces_of(ring, (pane, redacted)) {
        if missing <= from {
            break;
        }
        let is_later = start > missing || start == missing && (bytes.is_some() || missing == to);
        if is_later {
            continue;
        }
        let bytes = bytes.filter(|bytes| start + bytes.len() as u64 >= missing)?;
        let wanted = from.max(start);
        let index = |offset: u64| usize::try_from(offset - start).ok();
        pieces.push(bytes.slice(index(wanted)?..index(missing)?));
        missing = wanted;
    }
    pieces.reverse();
    (missing <= from).then_some(pieces)
}

/// The place behind which all comes that a pane printed from an offset on, and the offset at which that begins: the one
/// that was asked for, or that of the event in whose middle it lies.
///
/// Nothing if not all of it is kept, or if just at this offset something else changed the screen: nobody knows whether
/// who asks has learnt of that.
fn place_of(ring: &Ring, (pane, redacted): (PaneId, bool), offset: u64) -> Option<(Seq, u64)> {
    let mut place = Some((ring.head(), offset));
    let mut disturbed = false;
    for event in of_pane(ring, (pane, redacted)) {
        let (start, bytes) = match &event.change.kind {
            ChangeKind::PaneOutput { offset, bytes } => (*offset, bytes),
            ChangeKind::PaneGap { .. } => return None,
            _ => {
                disturbed |= disturbs(&event.change.kind);
                continue;
            }
        };
        let end = start + bytes.len() as u64;
        let before = Some((Seq(event.seq.0 - 1), start));
        if end <= offset {
            return place.filter(|_| end == offset && !disturbed);
        }
        if start < offset {
            return before;
        }
        (place, disturbed) = (before.filter(|_| start == offset), false);
    }
    // What happened before is not kept, unless there was nothing before.
    let is_whole = offset == 0 || ring.evicted() == Seq(0);
    place.filter(|(seq, _)| is_whole && !disturbed && *seq < ring.head())
}

/// Whether a change alters what a pane shows, without any output.
fn disturbs(change: &ChangeKind) -> bool {
    matches!(
        change,
        ChangeKind::PaneResized { .. }
            | ChangeKind::PaneExited { .. }
            | ChangeKind::PaneCommandChanged {
                respawned: true,
                ..
            }
    )
}

/// One event's output, or the place at which some was lost.
struct Piece<'a> {
    start: u64,
    bytes: Option<&'a Bytes>,
}

/// From the newest to the oldest.
fn pieces_of(ring: &Ring, (pane, redacted): (PaneId, bool)) -> impl Iterator<Item = Piece<'_>> {
    of_pane(ring, (pane, redacted)).filter_map(|event| {
        let (start, bytes) = match &event.change.kind {
            ChangeKind::PaneOutput { offset, bytes } => (*offset, Some(bytes)),
            ChangeKind::PaneGap { offset, .. } => (*offset, None),
            _ => return None,
        };
        Some(Piece { start, bytes })
    })
}

/// From the newest to the oldest.
fn of_pane(ring: &Ring, (pane, redacted): (PaneId, bool)) -> impl Iterator<Item = &Arc<Published>> {
    let is_meant =
        move |change: &Change| change.pane == Some(pane) && change.visibility.see(redacted);
    ring.newest_first()
        .filter(move |event| is_meant(&event.change))
}
