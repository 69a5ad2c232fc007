//! Questions about panes: which there were, and what they printed.

use bytes::Bytes;
use rusqlite::types::Value;
use rusqlite::{Row, params, params_from_iter};

use super::chunk::{Chunk, Output};
use super::error::StoreError;
use super::events::Conditions;
use super::reader::{Asked, Reader};
use crate::ids::{Epoch, PaneId};
use crate::model::{Audience, Visibility};

/// The most panes of one answer.
const MOST_PANES: usize = 5000;

/// The most bytes of one page.
const MOST_BYTES: usize = 4 << 20;

/// A pane of which something is kept, as one life of a tmux server had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPane {
    /// Its number in the history, which no other pane has.
    pub key: i64,
    /// The log that it was in.
    pub epoch: Epoch,
    /// The server's process and when that started.
    pub server: (u32, u64),
    /// tmux's own id.
    pub pane: PaneId,
    /// The session that it was in last, by its name and its id.
    pub session: String,
    /// The session's id.
    pub session_id: String,
    /// The window that it was in last, by its name as far as it is known.
    pub window: String,
    /// The window's id.
    pub window_id: String,
    /// The type of the agent that was in it last.
    pub agent: Option<String>,
    /// When it was first and last heard of, in milliseconds since 1970.
    pub first_at: i64,
    /// See `first_at`.
    pub last_at: i64,
    /// The offset behind all that is known of its output.
    pub end_offset: u64,
    /// When it was gone.
    pub ended: Option<i64>,
}

/// Which panes are wanted. Empty lists stand for all.
#[derive(Debug, Clone, Default)]
pub struct PaneQuery {
    /// tmux's own ids.
    pub panes: Vec<PaneId>,
    /// Names of sessions that they were in last, or patterns of them.
    pub sessions: Vec<String>,
    /// Heard of at this time or later, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Heard of at this time or earlier.
    pub to: Option<i64>,
    /// How many; those first that were heard of last.
    pub limit: usize,
}

/// A place in what a pane printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A time, in milliseconds since 1970.
    At(i64),
    /// An offset of the pane's bytes.
    Offset(u64),
}

/// What of a pane's output is wanted.
#[derive(Debug, Clone, Copy)]
pub struct PrintQuery {
    /// The pane, by its number in the history.
    pub pane: i64,
    /// From here on.
    pub from: Moment,
    /// Up to here; with what was printed at just this time, without what begins at just this offset.
    pub to: Moment,
    /// How many bytes, at most 4 MiB.
    pub bytes: usize,
    /// Whether secrets are kept from the one who asks.
    pub redacted: bool,
}

/// Some output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print {
    /// The place in the log.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The offset of its first byte.
    pub offset: u64,
    /// The bytes.
    pub bytes: Bytes,
    /// How many bytes are not kept, if it is they that are told.
    pub missing: u64,
    /// Who may see it.
    pub audience: Audience,
}

/// A new size of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resize {
    /// The place in the log.
    pub seq: u64,
    /// When.
    pub at: i64,
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
}

/// A page of what a pane printed. Whoever plays it takes outputs and sizes in the order of their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrintPage {
    /// What was printed, in order.
    pub prints: Vec<Print>,
    /// Sizes that the pane got in this time.
    pub resizes: Vec<Resize>,
    /// The offset to go on from, if there is more.
    pub next: Option<u64>,
}

impl Reader {
    /// Panes of which something is kept, those first that were heard of last.
    ///
    /// # Errors
    /// It takes too long, or the file can't be read.
    pub async fn panes(&self, query: PaneQuery) -> Result<Vec<KnownPane>, StoreError> {
        self.ask(move |asked| panes(asked, &query)).await
    }

    /// The pane that had this id at this time, or before it if none had it then.
    ///
    /// # Errors
    /// There is none, it takes too long, or the file can't be read.
    pub async fn pane_at(&self, pane: PaneId, at: i64) -> Result<KnownPane, StoreError> {
        self.ask(move |asked| {
            let id = Value::Text(pane.to_string());
            let condition = "WHERE pane = ? AND first_at <= ? ORDER BY first_at DESC LIMIT 1";
            let found = select_panes(asked, condition, &[id, Value::Integer(at)])?;
            found.into_iter().next().ok_or(StoreError::NotKept)
        })
        .await
    }

    /// A page of what a pane printed.
    ///
    /// # Errors
    /// It takes too long, or the file can't be read.
    pub async fn printed(&self, query: PrintQuery) -> Result<PrintPage, StoreError> {
        self.ask(move |asked| printed(asked, query)).await
    }
}

fn panes(asked: &Asked<'_>, query: &PaneQuery) -> Result<Vec<KnownPane>, StoreError> {
    let mut conditions = Conditions::default();
    let names: Vec<String> = query.panes.iter().map(PaneId::to_string).collect();
    conditions.one_of("pane", &names);
    conditions.one_of("session", &query.sessions);
    if let Some(from) = query.from {
        conditions.add("last_at >= ?", [Value::Integer(from)]);
    }
    if let Some(to) = query.to {
        conditions.add("first_at <= ?", [Value::Integer(to)]);
    }
    let limit = query.limit.clamp(1, MOST_PANES);
    let rest = format!(
        "{} ORDER BY last_at DESC, panes.id DESC LIMIT {limit}",
        conditions.clause()
    );
    select_panes(asked, &rest, conditions.values())
}

fn select_panes(
    asked: &Asked<'_>,
    rest: &str,
    values: &[Value],
) -> Result<Vec<KnownPane>, StoreError> {
    let question = format!(
        "SELECT panes.id, epochs.epoch, server_pid, server_start, pane, session, session_id, window, window_id, agent, \
         first_at, last_at, end_offset, ended FROM panes JOIN epochs ON epochs.id = panes.epoch {rest}"
    );
    let mut statement = asked.connection.prepare_cached(&question)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut panes = Vec::new();
    while let Some(row) = rows.next()? {
        panes.push(read_pane(row)?);
    }
    Ok(panes)
}

/// The pane of this number.
pub(super) fn pane_of(asked: &Asked<'_>, key: i64) -> Result<KnownPane, StoreError> {
    let found = select_panes(asked, "WHERE panes.id = ?", &[Value::Integer(key)])?;
    found.into_iter().next().ok_or(StoreError::NotKept)
}

fn read_pane(row: &Row<'_>) -> Result<KnownPane, StoreError> {
    let (epoch, pane): (String, String) = (row.get(1)?, row.get(4)?);
    Ok(KnownPane {
        key: row.get(0)?,
        epoch: Epoch::new(&epoch).ok_or(StoreError::Form("epoch"))?,
        server: (row.get(2)?, row.get::<_, i64>(3)?.cast_unsigned()),
        pane: pane.parse().map_err(|_| StoreError::Form("pane"))?,
        session: row.get(5)?,
        session_id: row.get(6)?,
        window: row.get(7)?,
        window_id: row.get(8)?,
        agent: row.get(9)?,
        first_at: row.get(10)?,
        last_at: row.get(11)?,
        end_offset: row.get::<_, i64>(12)?.cast_unsigned(),
        ended: row.get(13)?,
    })
}

impl Chunk {
    fn slice(&self, redacted: bool, from: u64, to: u64) -> Option<Bytes> {
        let index = |offset: u64| usize::try_from(offset.checked_sub(self.first_offset)?).ok();
        let (from, to, seen) = (index(from)?, index(to)?, self.seen(redacted));
        (from <= to && to <= seen.len()).then(|| seen.slice(from..to))
    }

    /// What an output brought, from an offset on.
    pub(super) fn print(&self, output: &Output, from: u64, redacted: bool) -> Option<Print> {
        let offset = self.first_offset.checked_add_signed(output.start)?;
        let end = offset + u64::from(output.len);
        let offset_now = offset.max(from);
        let kept = output.kept.then_some(());
        let bytes = kept.and_then(|()| self.slice(redacted, offset_now, end));
        let missing = match bytes {
            Some(_) => 0,
            None => end.saturating_sub(offset_now),
        };
        Some(Print {
            seq: output.seq,
            at: output.at,
            offset: offset_now,
            bytes: bytes.unwrap_or_default(),
            missing,
            audience: self.audiences.get(output.audience as usize)?.clone(),
        })
    }

    /// The outputs that stand for the stream: each byte is in one of them.
    pub(super) fn stream(&self) -> impl Iterator<Item = &Output> {
        let outputs = self.outputs.iter();
        outputs.filter(|output| output.visibility != Visibility::Redacted)
    }
}

/// The numbers of a pane's chunks that may hold something of a range, in order.
pub(super) fn chunks_between(
    asked: &Asked<'_>,
    pane: i64,
    from: Moment,
    to: Moment,
) -> Result<Vec<i64>, StoreError> {
    let mut conditions = Conditions::default();
    conditions.add("pane_id = ?", [Value::Integer(pane)]);
    match from {
        Moment::At(at) => conditions.add("last_at >= ?", [Value::Integer(at)]),
        Moment::Offset(offset) => {
            conditions.add("end_offset > ?", [Value::Integer(offset.cast_signed())]);
        }
    }
    match to {
        Moment::At(at) => conditions.add("first_at <= ?", [Value::Integer(at)]),
        Moment::Offset(offset) => {
            conditions.add("first_offset < ?", [Value::Integer(offset.cast_signed())]);
        }
    }
    let question = format!(
        "SELECT id FROM chunks {} ORDER BY end_offset, id",
        conditions.clause()
    );
    let mut statement = asked.connection.prepare_cached(&question)?;
    let rows = statement.query_map(params_from_iter(conditions.values()), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn printed(asked: &Asked<'_>, query: PrintQuery) -> Result<PrintPage, StoreError> {
    let limit = query.bytes.clamp(1, MOST_BYTES);
    let mut page = PrintPage::default();
    let mut taken = 0;
    'chunks: for id in chunks_between(asked, query.pane, query.from, query.to)? {
        let chunk = asked.chunk(id)?;
        for output in chunk.stream() {
            let from = match query.from {
                Moment::At(at) if output.at < at => continue,
                Moment::At(_) => 0,
                Moment::Offset(offset) => offset,
            };
            let Some(print) = chunk.print(output, from, query.redacted) else {
                continue;
            };
            let length = print.bytes.len() as u64 + print.missing;
            let is_over = match query.to {
                Moment::At(at) => output.at > at,
                Moment::Offset(to) => print.offset >= to,
            };
            if length == 0 || is_over {
                continue;
            }
            if taken >= limit {
                page.next = Some(print.offset);
                break 'chunks;
            }
            taken += print.bytes.len();
            page.prints.push(print);
        }
    }
    let first = page.prints.first().map_or(0, |print| print.seq);
    let last = page.prints.last().map_or(0, |print| print.seq);
    page.resizes = resizes(asked, query.pane, first, last)?;
    Ok(page)
}

/// The sizes that a pane got between two places.
pub(super) fn resizes(
    asked: &Asked<'_>,
    pane: i64,
    after: u64,
    until: u64,
) -> Result<Vec<Resize>, StoreError> {
    let mut statement = asked.connection.prepare_cached(
        "SELECT seq, at, json_extract(json, '$.data.width'), json_extract(json, '$.data.height') FROM events \
         WHERE pane_id = ?1 AND type = 'pane.resized' AND seq > ?2 AND seq <= ?3 AND json IS NOT NULL \
         AND seen_by <> 'redacted' ORDER BY seq",
    )?;
    let range = params![pane, after.cast_signed(), until.cast_signed()];
    let rows = statement.query_map(range, |row| {
        Ok(Resize {
            seq: row.get::<_, i64>(0)?.cast_unsigned(),
            at: row.get(1)?,
            cols: row.get(2)?,
            rows: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Asked<'_> {
    /// The bytes of a pane from an offset on, so many, as those see them of this visibility. They may have begun in a chunk
    /// before this one. Nothing if not all of them are kept.
    pub(super) fn bytes(
        &self,
        pane: i64,
        chunk: &Chunk,
        (offset, len): (u64, u32),
        visibility: Visibility,
    ) -> Result<Option<Bytes>, StoreError> {
        let redacted = visibility == Visibility::Redacted;
        let end = offset + u64::from(len);
        if let Some(bytes) = chunk.slice(redacted, offset, end) {
            return Ok(Some(bytes));
        }
        let mut bytes = Vec::new();
        let mut next = offset;
        for id in chunks_between(self, pane, Moment::Offset(offset), Moment::Offset(end))? {
            let chunk = self.chunk(id)?;
            let until = end.min(chunk.first_offset + chunk.seen(redacted).len() as u64);
            if let Some(piece) = chunk.slice(redacted, next, until) {
                bytes.extend_from_slice(&piece);
                next = until;
            }
        }
        Ok((next == end).then(|| bytes.into()))
    }
}
