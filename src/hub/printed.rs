//! What the log keeps of one pane's output, found by the pane's own offsets.

use bytes::Bytes;

use super::ring::Ring;
use crate::ids::{PaneId, Seq};
use crate::model::ChangeKind;

/// What a pane printed from one offset to another, in pieces; nothing if not all of it is kept.
pub(super) fn between(ring: &Ring, pane: PaneId, from: u64, to: u64) -> Option<Vec<Bytes>> {
    let mut pieces = Vec::new();
    let mut missing = to;
    for Piece { start, bytes, .. } in pieces_of(ring, pane) {
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
/// that was asked for, or that of the event in whose middle it lies. Nothing if not all of it is kept.
pub(super) fn place_of(ring: &Ring, pane: PaneId, offset: u64) -> Option<(Seq, u64)> {
    let mut newest = true;
    for Piece { seq, start, bytes } in pieces_of(ring, pane) {
        let end = start + bytes?.len() as u64;
        if newest && offset == end {
            return Some((ring.head(), offset));
        }
        if offset >= end {
            return None;
        }
        if start <= offset {
            return Some((Seq(seq.0 - 1), start));
        }
        newest = false;
    }
    None
}

/// One event's output, or the place at which some was lost.
struct Piece<'a> {
    seq: Seq,
    start: u64,
    bytes: Option<&'a Bytes>,
}

/// From the newest to the oldest.
fn pieces_of(ring: &Ring, pane: PaneId) -> impl Iterator<Item = Piece<'_>> {
    let of_pane = ring
        .newest_first()
        .filter(move |event| event.change.pane == Some(pane));
    of_pane.filter_map(|event| {
        let (start, bytes) = match &event.change.kind {
            ChangeKind::PaneOutput { offset, bytes } => (*offset, Some(bytes)),
            ChangeKind::PaneGap { offset, .. } => (*offset, None),
            _ => return None,
        };
        let seq = event.seq;
        Some(Piece { seq, start, bytes })
    })
}
