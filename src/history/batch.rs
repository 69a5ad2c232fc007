//! What one commit brings into the file.

use std::collections::HashMap;

use rusqlite::{OptionalExtension as _, Transaction, params};

use super::chunk::Chunk;
use super::error::StoreError;
use super::gathered::Frame;
use crate::ids::PaneId;
use crate::model::Visibility;

/// From this size on a chunk is kept as it came, and not joined with those around it.
pub(super) const WHOLE: usize = 512 << 10;

/// How hard chunks are compressed as they come, and when they are joined. What is whole at once comes fast.
pub(super) const QUICK: i32 = 1;
pub(super) const THOROUGH: i32 = 9;

/// A pane of one life of a tmux server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PaneName {
    pub(super) server: (u32, u64),
    pub(super) pane: PaneId,
}

/// What is known of a pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PaneFacts {
    pub(super) session: String,
    pub(super) session_id: String,
    pub(super) window: String,
    pub(super) window_id: String,
    pub(super) agent: Option<String>,
    pub(super) at: i64,
    pub(super) end_offset: u64,
    pub(super) ended: Option<i64>,
    /// When it was first heard of.
    pub(super) first_at: Option<i64>,
}

impl PaneFacts {
    /// It was heard of.
    pub(super) fn hear(&mut self, at: i64) {
        self.at = at;
        self.first_at.get_or_insert(at);
    }
}

/// An event that is no output.
#[derive(Debug)]
pub(super) struct EventRow {
    pub(super) seq: u64,
    pub(super) at: i64,
    pub(super) type_name: String,
    pub(super) session: Option<String>,
    pub(super) session_id: Option<String>,
    pub(super) window_id: Option<String>,
    pub(super) pane: Option<PaneName>,
    pub(super) agent: Option<String>,
    pub(super) places: usize,
    pub(super) visibility: Visibility,
    pub(super) json: Option<String>,
    pub(super) kept: Vec<u8>,
}

/// Places of the log whose events are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) after: u64,
    pub(super) until: u64,
    pub(super) at: i64,
    pub(super) reason: &'static str,
}

/// What one commit brings.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The places that it covers: those behind the first, up to the second.
    pub(super) places: Option<(u64, u64)>,
    pub(super) at: i64,
    pub(super) events: Vec<EventRow>,
    pub(super) chunks: Vec<(PaneName, Chunk)>,
    pub(super) frames: Vec<(PaneName, Frame)>,
    pub(super) panes: Vec<(PaneName, PaneFacts)>,
    pub(super) gaps: Vec<Gap>,
    /// The place up to which the state is known, and the state if it is another one than the file has.
    pub(super) state: Option<(u64, Option<Vec<u8>>)>,
}

impl Batch {
    /// Whether nothing would be written.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_none()
            && self.chunks.is_empty()
            && self.frames.is_empty()
            && self.panes.is_empty()
            && self.gaps.is_empty()
            && self.state.is_none()
    }

    /// About what it takes in memory.
    pub(super) fn size(&self) -> usize {
        let json = |row: &EventRow| row.json.as_ref().map_or(0, String::len) + row.kept.len() + 200;
        let events: usize = self.events.iter().map(json).sum();
        let of_chunk = |chunk: &Chunk| {
            let masked = chunk.masked.as_ref().map_or(0, |masked| masked.len());
            chunk.bytes.len() + masked + chunk.text.len() + 48 * chunk.outputs.len()
        };
        let chunks: usize = self.chunks.iter().map(|(_, chunk)| of_chunk(chunk)).sum();
        let frames: usize = self.frames.iter().map(|(_, one)| one.replay.len()).sum();
        events + chunks + frames
    }
}

/// What the file's rows are named by, as far as it was looked up or made.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) epoch: i64,
    pub(super) run: i64,
    panes: HashMap<PaneName, i64>,
}

/// What a commit has brought.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) events: u64,
    pub(super) lines: u64,
    /// Bytes that panes printed.
    pub(super) printed: u64,
    /// Bytes that these took.
    pub(super) stored: u64,
}

/// How many panes are remembered by name.
const PANES: usize = 4096;

impl Keys {
    pub(super) fn new(epoch: i64, run: i64) -> Self {
        Self {
            epoch,
            run,
            panes: HashMap::new(),
        }
    }

    /// A pane's number in the file; it is made if there is none.
    pub(super) fn pane(
        &mut self,
        transaction: &Transaction<'_>,
        name: PaneName,
        facts: Option<&PaneFacts>,
    ) -> Result<i64, StoreError> {
        if let (Some(known), None) = (self.panes.get(&name), facts) {
            return Ok(*known);
        }
        let nothing = PaneFacts::default();
        let is_known = facts.is_some();
        let facts = facts.unwrap_or(&nothing);
        let (pid, start) = name.server;
        let mut statement = transaction.prepare_cached(include_str!("pane.sql"))?;
        let values = params![
            self.epoch,
            pid,
            start.cast_signed(),
            name.pane.to_string(),
            facts.session,
            facts.session_id,
            facts.window,
            facts.window_id,
            facts.agent,
            facts.at,
            facts.end_offset.cast_signed(),
            facts.ended,
            is_known,
            facts.first_at.unwrap_or(facts.at),
        ];
        let key = statement.query_row(values, |row| row.get(0))?;
        if self.panes.len() >= PANES {
            self.panes.clear();
        }
        self.panes.insert(name, key);
        Ok(key)
    }
}

/// Writes all of it. The lines get their numbers here.
pub(super) fn write(
    transaction: &Transaction<'_>,
    keys: &mut Keys,
    batch: &Batch,
) -> Result<Written, StoreError> {
    let mut written = Written::default();
    for (name, facts) in &batch.panes {
        keys.pane(transaction, *name, Some(facts))?;
    }
    for event in &batch.events {
        write_event(transaction, keys, event)?;
        written.events += 1;
    }
    for (name, chunk) in &batch.chunks {
        let key = keys.pane(transaction, *name, None)?;
        write_chunk(transaction, (keys.epoch, key), chunk.clone(), &mut written)?;
    }
    for (name, frame) in &batch.frames {
        let key = keys.pane(transaction, *name, None)?;
        write_frame(transaction, key, frame)?;
    }
    for gap in &batch.gaps {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO gaps (epoch, after_seq, until_seq, at, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let (after, until) = (gap.after.cast_signed(), gap.until.cast_signed());
        statement.execute(params![keys.epoch, after, until, gap.at, gap.reason])?;
    }
    if let Some((_, last)) = batch.places {
        let mut statement =
            transaction.prepare_cached("UPDATE runs SET last_seq = ?2 WHERE id = ?1")?;
        statement.execute(params![keys.run, last.cast_signed()])?;
    }
    if let Some((seq, state)) = &batch.state {
        let mut statement = transaction.prepare_cached(
            "UPDATE runs SET state_seq = ?2, state = coalesce(?3, state) WHERE id = ?1",
        )?;
        statement.execute(params![keys.run, seq.cast_signed(), state])?;
    }
    Ok(written)
}

/// The word for who sees something.
pub(super) fn seen_by(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::All => "all",
        Visibility::Plain => "plain",
        Visibility::Redacted => "redacted",
    }
}

fn write_event(
    transaction: &Transaction<'_>,
    keys: &mut Keys,
    event: &EventRow,
) -> Result<(), StoreError> {
    let pane_key = match event.pane {
        Some(name) => Some(keys.pane(transaction, name, None)?),
        None => None,
    };
    let mut statement = transaction.prepare_cached(
        "INSERT INTO events (epoch, seq, at, type, session, session_id, window_id, pane, pane_id, agent, places, seen_by, \
         json, kept) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    statement.execute(params![
        keys.epoch,
        event.seq.cast_signed(),
        event.at,
        event.type_name,
        event.session,
        event.session_id,
        event.window_id,
        event.pane.map(|name| name.pane.to_string()),
        pane_key,
        event.agent,
        i64::try_from(event.places).unwrap_or(i64::MAX),
        seen_by(event.visibility),
        event.json,
        event.kept,
    ])?;
    Ok(())
}

fn write_chunk(
    transaction: &Transaction<'_>,
    (epoch, pane): (i64, i64),
    mut chunk: Chunk,
    written: &mut Written,
) -> Result<(), StoreError> {
    let mut next: i64 = transaction
        .prepare_cached(
            "SELECT first_line + count FROM line_ranges ORDER BY first_line DESC LIMIT 1",
        )?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(1);
    let first = next;
    for line in &mut chunk.lines {
        line.id = next.cast_unsigned();
        next += 1;
    }
    let mut words =
        transaction.prepare_cached("INSERT INTO line_words (rowid, text) VALUES (?1, ?2)")?;
    for (line, text) in chunk.texts() {
        words.execute(params![line.id.cast_signed(), text])?;
    }
    if let Some(line) = chunk.lines.first() {
        let mut ranges = transaction.prepare_cached(
            "INSERT INTO line_ranges (first_line, count, pane_id, at) VALUES (?1, ?2, ?3, ?4)",
        )?;
        ranges.execute(params![first, next - first, pane, line.at])?;
    }
    written.lines += chunk.lines.len() as u64;
    written.printed += chunk.end_offset() - chunk.first_offset;
    let is_whole = chunk.bytes.len() >= WHOLE;
    written.stored += insert_chunk(transaction, (epoch, pane), chunk, (QUICK, is_whole))?;
    Ok(())
}

/// Puts a chunk into the file. Returns how many bytes it takes.
pub(super) fn insert_chunk(
    transaction: &Transaction<'_>,
    (epoch, pane): (i64, i64),
    chunk: Chunk,
    (level, joined): (i32, bool),
) -> Result<u64, StoreError> {
    let at = |of: fn(i64, i64) -> i64| {
        let outputs = chunk.outputs.iter().map(|output| output.at);
        let lines = chunk.lines.iter().map(|line| line.at);
        outputs.chain(lines).reduce(of).unwrap_or(0)
    };
    let seq = |of: fn(u64, u64) -> u64| {
        let all = chunk.outputs.iter().map(|output| output.seq);
        all.reduce(of).unwrap_or(0).cast_signed()
    };
    let (first_at, last_at) = (at(i64::min), at(i64::max));
    let (first_seq, last_seq) = (seq(u64::min), seq(u64::max));
    let first_line = chunk.lines.first().map(|line| line.id.cast_signed());
    let last_line = chunk.lines.last().map(|line| line.id.cast_signed());
    let offsets = [chunk.first_offset, chunk.end_offset()].map(u64::cast_signed);
    let data = chunk.write(level)?;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO chunks (pane_id, epoch, first_offset, end_offset, first_at, last_at, first_seq, last_seq, first_line, \
         last_line, joined, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    statement.execute(params![
        pane, epoch, offsets[0], offsets[1], first_at, last_at, first_seq, last_seq, first_line,
        last_line, joined, data,
    ])?;
    Ok(data.len() as u64)
}

fn write_frame(transaction: &Transaction<'_>, pane: i64, frame: &Frame) -> Result<(), StoreError> {
    let replay = zstd::bulk::compress(&frame.replay, THOROUGH)?;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO frames (pane_id, offset, seq, at, cols, rows, exact, source, replay) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let (cols, rows) = frame.size;
    statement.execute(params![
        pane,
        frame.offset.cast_signed(),
        frame.seq.cast_signed(),
        frame.at,
        cols,
        rows,
        frame.exact,
        frame.source,
        replay,
    ])?;
    Ok(())
}
