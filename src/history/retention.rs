//! What is done beside writing: runs, joining small chunks, letting the oldest go. All of it in small steps, each within a
//! commit.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::batch::{self, Batch, Keys, PaneName, THOROUGH, WHOLE};
use super::chunk::Chunk;
use super::error::StoreError;
use super::previous::Previous;
use super::store::Store;
use crate::ids::{Epoch, Seq};

/// How many chunks, and how many rows of other tables, go at a step.
const CHUNKS: i64 = 4;
const ROWS: i64 = 500;

/// How many free pages are given back at a step.
const PAGES: i64 = 256;

/// How many small chunks, and how many bytes of them, are joined.
const LOOSE_CHUNKS: usize = 48;
const LOOSE_BYTES: usize = WHOLE;

/// After how long without output, in milliseconds, a pane's small chunks are joined however few they are.
const LOOSE_TIME: i64 = 60_000;

/// The widest range of places that one chunk covers, so that it is found by its last one.
pub(super) const WIDEST: u64 = 65_536;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) bytes: u64,
    /// What is older goes.
    pub(super) oldest: i64,
}

/// Notes that a run has begun, from what the one before left. Returns the numbers of the log and the run.
///
/// What is noted makes up for a run that ends before anything else is: the next one finds the same state, and no offset of a
/// pane behind which this one may have published.
pub(super) fn begin_run(
    store: &mut Store,
    epoch: &Epoch,
    host: &str,
    (after, previous): (Seq, Option<&Previous>),
) -> Result<(i64, i64), StoreError> {
    let now = Timestamp::now().as_millisecond();
    let transaction = store.connection.transaction()?;
    transaction.execute(
        "INSERT INTO epochs (epoch, host, began) VALUES (?1, ?2, ?3) ON CONFLICT (epoch) DO NOTHING",
        params![epoch.as_str(), host, now],
    )?;
    let key: i64 = transaction.query_row(
        "SELECT id FROM epochs WHERE epoch = ?1",
        [epoch.as_str()],
        |row| row.get(0),
    )?;
    let run = transaction.query_row(
        "INSERT INTO runs (epoch, began, after_seq, last_seq, state) \
         VALUES (?1, ?2, ?3, ?3, (SELECT state FROM runs WHERE epoch = ?1 ORDER BY id DESC LIMIT 1)) RETURNING id",
        params![key, now, after.0.cast_signed()],
        |row| row.get(0),
    )?;
    if let Some(previous) = previous
        && let Some(server) = &previous.state.server
    {
        let mut statement = transaction.prepare(
            "UPDATE panes SET end_offset = max(end_offset, ?1) \
             WHERE epoch = ?2 AND server_pid = ?3 AND server_start = ?4 AND pane = ?5",
        )?;
        let start = server.start_time.cast_signed();
        for (pane, offset) in &previous.offsets {
            let (offset, pane) = (offset.cast_signed(), pane.to_string());
            statement.execute(params![offset, key, server.pid, start, pane])?;
        }
    }
    transaction.commit()?;
    Ok((key, run))
}

/// Notes that a run has ended in order: everything that it published is kept.
pub(super) fn end_run(store: &Store, keys: &Keys, is_whole: bool) -> Result<(), StoreError> {
    if is_whole {
        let now = Timestamp::now().as_millisecond();
        store.connection.execute(
            "UPDATE runs SET ended = ?2 WHERE id = ?1",
            params![keys.run, now],
        )?;
    }
    // So that the file is whole without its journal. Readers may hinder it, and then it stays as good.
    let checkpoint = store
        .connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    if let Err(error) = checkpoint {
        tracing::debug!(%error, "the journal is left as it is");
    }
    Ok(())
}

/// Lets a little of the oldest go, if there is more than may be or it is older. Returns the size of the file.
pub(super) fn step(transaction: &Transaction<'_>, bounds: Bounds) -> Result<u64, StoreError> {
    let size = size(transaction)?;
    let cut = match size > bounds.bytes {
        true => oldest(transaction, bounds.oldest)?,
        false => bounds.oldest,
    };
    let gone = let_go(transaction, cut)?;
    if gone > 0 {
        transaction
            .prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES})"))?
            .query_map([], |_| Ok(()))?
            .for_each(drop);
    }
    Ok(size)
}

/// The bytes of the file that hold something.
fn size(connection: &Connection) -> Result<u64, StoreError> {
    let ask = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = ask("page_count")? - ask("freelist_count")?;
    Ok(u64::try_from(pages * ask("page_size")?).unwrap_or(0))
}

/// The time up to which something goes when there is too much.
fn oldest(transaction: &Transaction<'_>, at_least: i64) -> Result<i64, StoreError> {
    let first = |table: &str, column: &str, nth: i64| {
        transaction
            .prepare_cached(&format!(
                "SELECT {column} FROM {table} ORDER BY {column} LIMIT 1 OFFSET {nth}"
            ))?
            .query_row([], |row| row.get::<_, i64>(0))
            .optional()
    };
    let chunk = first("chunks", "last_at", CHUNKS - 1)?;
    let event = first("events", "at", ROWS - 1)?;
    let cut = chunk.into_iter().chain(event).min();
    Ok(cut.unwrap_or(at_least).max(at_least))
}

fn let_go(transaction: &Transaction<'_>, cut: i64) -> Result<usize, StoreError> {
    let mut gone = 0;
    let mut chunks = transaction.prepare_cached(
        "SELECT id, data FROM chunks WHERE last_at <= ?1 ORDER BY last_at LIMIT ?2",
    )?;
    let found: Vec<(i64, Vec<u8>)> = chunks
        .query_map([cut, CHUNKS], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (id, data) in found {
        forget_lines(transaction, &data)?;
        gone += transaction
            .prepare_cached("DELETE FROM chunks WHERE id = ?1")?
            .execute([id])?;
    }
    for delete in [
        "DELETE FROM frames WHERE id IN (SELECT id FROM frames WHERE at <= ?1 ORDER BY at LIMIT ?2)",
        "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at <= ?1 ORDER BY at LIMIT ?2)",
        "DELETE FROM gaps WHERE id IN (SELECT id FROM gaps ORDER BY id LIMIT ?2) AND at <= ?1",
        "DELETE FROM line_ranges WHERE at <= ?1 AND first_line IN \
         (SELECT first_line FROM line_ranges ORDER BY first_line LIMIT ?2)",
    ] {
        gone += transaction.prepare_cached(delete)?.execute([cut, ROWS])?;
    }
    if gone > 0 {
        forget_panes(transaction, cut)?;
    }
    Ok(gone)
}

/// The index has no texts of its own: what is taken out of it has to be said.
fn forget_lines(transaction: &Transaction<'_>, data: &[u8]) -> Result<(), StoreError> {
    let chunk = match Chunk::read(data) {
        Ok(chunk) => chunk,
        Err(error) => {
            tracing::warn!(%error, "a chunk is let go that can't be read; its words stay in the index");
            return Ok(());
        }
    };
    let mut forget = transaction.prepare_cached(
        "INSERT INTO line_words (line_words, rowid, text) VALUES ('delete', ?1, ?2)",
    )?;
    for (line, text) in chunk.texts() {
        forget.execute(params![line.id.cast_signed(), text])?;
    }
    Ok(())
}

/// Panes of which nothing is left, and logs and runs that are over.
fn forget_panes(transaction: &Transaction<'_>, cut: i64) -> Result<(), StoreError> {
    transaction
        .prepare_cached(
            "DELETE FROM panes WHERE id IN (SELECT id FROM panes AS pane WHERE last_at <= ?1 \
             AND NOT EXISTS (SELECT 1 FROM chunks WHERE chunks.pane_id = pane.id) \
             AND NOT EXISTS (SELECT 1 FROM frames WHERE frames.pane_id = pane.id) \
             AND NOT EXISTS (SELECT 1 FROM events WHERE events.pane_id = pane.id) LIMIT ?2)",
        )?
        .execute([cut, ROWS])?;
    Ok(())
}

/// Joins the small chunks of panes.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    loose: HashMap<PaneName, Loose>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Loose {
    chunks: usize,
    bytes: usize,
    at: i64,
}

impl Joiner {
    /// A batch is written.
    pub(super) fn note(&mut self, batch: &Batch) {
        for (name, chunk) in &batch.chunks {
            if chunk.bytes.len() >= WHOLE {
                continue;
            }
            let loose = self.loose.entry(*name).or_default();
            loose.chunks += 1;
            loose.bytes += chunk.bytes.len() + chunk.text.len();
            loose.at = batch.at;
        }
    }

    /// Joins those of one pane, if there are enough or they have been left alone for long.
    pub(super) fn step(
        &mut self,
        transaction: &Transaction<'_>,
        keys: &Keys,
        now: i64,
    ) -> Result<(), StoreError> {
        let is_due = |loose: &Loose| {
            loose.chunks >= LOOSE_CHUNKS
                || loose.bytes >= LOOSE_BYTES
                || now - loose.at >= LOOSE_TIME
        };
        let due = self.loose.iter().find(|(_, loose)| is_due(loose));
        let Some((name, loose)) = due.map(|(name, loose)| (*name, *loose)) else {
            return Ok(());
        };
        if loose.chunks > 1 {
            join(transaction, (keys.epoch, name))?;
        }
        self.loose.remove(&name);
        Ok(())
    }
}

fn join(transaction: &Transaction<'_>, (epoch, name): (i64, PaneName)) -> Result<(), StoreError> {
    let (pid, start) = name.server;
    let pane: Option<i64> = transaction
        .prepare_cached(
            "SELECT id FROM panes WHERE epoch = ?1 AND server_pid = ?2 AND server_start = ?3 AND pane = ?4",
        )?
        .query_row(
            params![epoch, pid, start.cast_signed(), name.pane.to_string()],
            |row| row.get(0),
        )
        .optional()?;
    let Some(pane) = pane else { return Ok(()) };
    let mut loose = transaction.prepare_cached(
        "SELECT id, data FROM chunks WHERE pane_id = ?1 AND joined = 0 ORDER BY id",
    )?;
    let found: Vec<(i64, Vec<u8>)> = loose
        .query_map([pane], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut whole: Option<Chunk> = None;
    for (id, data) in found {
        let chunk = Chunk::read(&data)?;
        transaction
            .prepare_cached("DELETE FROM chunks WHERE id = ?1")?
            .execute([id])?;
        let fits = |whole: &Chunk| {
            let first = whole.outputs.first().map(|output| output.seq);
            let last = chunk.outputs.last().map(|output| output.seq);
            let width = last
                .zip(first)
                .map_or(0, |(last, first)| last.saturating_sub(first));
            width < WIDEST && whole.bytes.len() + chunk.bytes.len() <= 2 * WHOLE
        };
        let joined = whole
            .as_mut()
            .is_some_and(|whole| fits(whole) && whole.append(&chunk));
        if !joined && let Some(done) = whole.replace(chunk) {
            batch::insert_chunk(transaction, (epoch, pane), done, (THOROUGH, true))?;
        }
    }
    if let Some(done) = whole {
        batch::insert_chunk(transaction, (epoch, pane), done, (THOROUGH, true))?;
    }
    Ok(())
}
