//! What an earlier run left, for the one that goes on.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::batch::PaneName;
use super::chunk::Chunk;
use super::error::StoreError;
use super::form;
use super::lines::RECENT;
use crate::hub::{Resumed, SeqRange};
use crate::ids::{Epoch, PaneId, Seq};
use crate::model::State;

/// How many places a run may have published that were never written: more than any run publishes in its life. After a crash the
/// next one goes on behind them, so that no place is ever published twice.
pub const UNKNOWN: u64 = 1 << 40;

/// The last place that fits into a number of JSON, with room for a run behind it. A log that comes near it gets a successor.
const LAST: u64 = 1 << 52;

/// From how many chunks it is read which lines a pane has had: those of more than one screen.
const LINES: i64 = 16;

/// What an earlier run left.
#[derive(Debug, Clone)]
pub struct Previous {
    /// Its log's name.
    pub epoch: Epoch,
    /// The place behind which the next run publishes. No place behind it was ever published.
    pub after: Seq,
    /// Places within the log that nobody can be given: what was published of them before a crash is lost.
    pub lost: Vec<SeqRange>,
    /// Whether it ended in order, and so kept all that it published.
    pub ended: bool,
    /// The state that it ended with.
    pub state: Arc<State>,
    /// Behind which offset of each pane's bytes nothing was ever published.
    pub offsets: Vec<(PaneId, u64)>,
    /// Behind which offset nothing was ever published of panes that are there and not among these.
    pub unknown: u64,
}

impl Previous {
    /// What the log of the next run goes on from.
    #[must_use]
    pub fn resumed(&self) -> Resumed {
        Resumed {
            after: self.after,
            state: Arc::clone(&self.state),
            lost: self.lost.clone(),
            offsets: self.offsets.clone(),
            unknown: self.unknown,
        }
    }
}

/// A run, as it stands in the file.
struct Run {
    epoch: i64,
    name: String,
    after: u64,
    last: u64,
    ended: bool,
    state: Option<Vec<u8>>,
}

/// What the last run left, if its log can go on: nothing if there was none, or if its state can't be read.
pub(super) fn previous(connection: &Connection) -> Result<Option<Previous>, StoreError> {
    end_at_state(connection)?;
    let Some(run) = last_run(connection)? else {
        return Ok(None);
    };
    let state = run.state.as_deref().map(form::read_state).transpose();
    let state = match state {
        Ok(state) => state,
        Err(error) => {
            tracing::info!(%error, "the log begins anew: another version kept the last state");
            None
        }
    };
    let epoch = Epoch::new(&run.name);
    let (Some(state), Some(epoch)) = (state, epoch) else {
        return Ok(None);
    };
    let after = match run.ended {
        true => run.last,
        false => run.after + UNKNOWN,
    };
    if after > LAST {
        return Ok(None);
    }
    Ok(Some(Previous {
        epoch,
        after: Seq(after),
        lost: lost(connection, &run, after)?,
        ended: run.ended,
        offsets: offsets(connection, &run, &state)?,
        unknown: if run.ended { 0 } else { after },
        state: Arc::new(state),
    }))
}

/// A run that crashed vouches for its log as far as the state leads that was kept of it. The next run begins with that state:
/// a change behind it, which clients may know, would never be taken back.
fn end_at_state(connection: &Connection) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE runs SET last_seq = coalesce(( \
             SELECT min(events.seq) - 1 FROM events \
             WHERE events.epoch = runs.epoch AND events.seq <= last_seq \
                 AND events.seq > coalesce(state_seq, after_seq)), last_seq) \
         WHERE id = (SELECT max(id) FROM runs) AND ended IS NULL",
        [],
    )?;
    Ok(())
}

fn last_run(connection: &Connection) -> Result<Option<Run>, StoreError> {
    let run = connection
        .query_row(
            "SELECT runs.epoch, epochs.epoch, after_seq, last_seq, ended IS NOT NULL, state \
             FROM runs JOIN epochs ON epochs.id = runs.epoch ORDER BY runs.id DESC LIMIT 1",
            [],
            |row| {
                Ok(Run {
                    epoch: row.get(0)?,
                    name: row.get(1)?,
                    after: row.get::<_, i64>(2)?.cast_unsigned(),
                    last: row.get::<_, i64>(3)?.cast_unsigned(),
                    ended: row.get(4)?,
                    state: row.get(5)?,
                })
            },
        )
        .optional()?;
    Ok(run)
}

/// The last of a pane that has lines of text, the oldest first.
pub(super) fn last_lines(
    connection: &Connection,
    name: PaneName,
) -> Result<Vec<Chunk>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT data FROM chunks WHERE first_line IS NOT NULL AND pane_id = ( \
             SELECT id FROM panes WHERE server_pid = ?1 AND server_start = ?2 AND pane = ?3 ORDER BY id DESC LIMIT 1) \
         ORDER BY end_offset DESC, id DESC LIMIT ?4",
    )?;
    let (pid, start) = name.server;
    let values = params![pid, start.cast_signed(), name.pane.to_string(), LINES];
    let rows = statement.query_map(values, |row| row.get::<_, Vec<u8>>(0))?;
    let mut chunks = Vec::new();
    let mut lines = 0;
    for data in rows {
        let chunk = Chunk::read(&data?)?;
        lines += chunk.lines.len();
        chunks.push(chunk);
        // More would not be remembered.
        if lines >= RECENT {
            break;
        }
    }
    chunks.reverse();
    Ok(chunks)
}

/// Between the last place that a run kept and the first of the one behind it.
fn lost(connection: &Connection, run: &Run, after: u64) -> Result<Vec<SeqRange>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT last_seq, lead(after_seq, 1, ?2) OVER (ORDER BY id) FROM runs WHERE epoch = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map(params![run.epoch, after.cast_signed()], |row| {
        Ok(SeqRange {
            after: Seq(row.get::<_, i64>(0)?.cast_unsigned()),
            until: Seq(row.get::<_, i64>(1)?.cast_unsigned()),
        })
    })?;
    let all: Vec<SeqRange> = rows.collect::<Result<_, _>>()?;
    Ok(all
        .into_iter()
        .filter(|range| range.until > range.after)
        .collect())
}

fn offsets(
    connection: &Connection,
    run: &Run,
    state: &State,
) -> Result<Vec<(PaneId, u64)>, StoreError> {
    let Some(server) = &state.server else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare(
        "SELECT pane, end_offset FROM panes WHERE epoch = ?1 AND server_pid = ?2 AND server_start = ?3",
    )?;
    let start = server.start_time.cast_signed();
    let rows = statement.query_map(params![run.epoch, server.pid, start], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?.cast_unsigned(),
        ))
    })?;
    let mut offsets = Vec::new();
    for row in rows {
        let (pane, end) = row?;
        let pane: PaneId = pane.parse().map_err(|_| StoreError::Form("pane"))?;
        let lost = if run.ended { 0 } else { UNKNOWN };
        if state.panes.contains_key(&pane) {
            offsets.push((pane, end + lost));
        }
    }
    Ok(offsets)
}
