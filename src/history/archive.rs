//! Events of the log for those who resume, made of what was kept of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::chunk::{Chunk, Output};
use super::error::StoreError;
use super::form;
use super::reader::{Asked, Reader};
use super::recorder::Recorder;
use super::retention::WIDEST;
use crate::hub::{Archive, ArchiveError, ArchiveRead, EventContext, Published, SeqRange};
use crate::ids::{Epoch, PaneId, Seq};
use crate::model::{Change, ChangeKind};

/// About how much memory one page may take, in bytes.
const PAGE: usize = 4 << 20;

/// Gives the events of one log.
#[derive(Debug, Clone)]
pub struct DiskArchive {
    reader: Reader,
    epoch: Epoch,
    recorder: Recorder,
}

impl DiskArchive {
    /// Of the log of this name, with the one who writes what was not written yet.
    #[must_use]
    pub fn new(reader: Reader, epoch: Epoch, recorder: Recorder) -> Self {
        Self {
            reader,
            epoch,
            recorder,
        }
    }

    async fn events(&self, range: SeqRange) -> Result<Vec<Arc<Published>>, StoreError> {
        let epoch = self.epoch.clone();
        self.reader
            .ask(move |asked| events(asked, &epoch, range))
            .await
    }
}

impl Archive for DiskArchive {
    fn read(&self, range: SeqRange) -> ArchiveRead {
        let archive = self.clone();
        Box::pin(async move {
            let failed = |error: StoreError| ArchiveError::Failed(error.to_string());
            let found = archive.events(range).await.map_err(failed)?;
            if !found.is_empty() {
                return Ok(found);
            }
            // It may have been published so lately that it was not written yet.
            archive.recorder.flush().await;
            archive.events(range).await.map_err(failed)
        })
    }
}

fn events(
    asked: &Asked<'_>,
    epoch: &Epoch,
    range: SeqRange,
) -> Result<Vec<Arc<Published>>, StoreError> {
    let key: Option<i64> = asked
        .connection
        .prepare_cached("SELECT id FROM epochs WHERE epoch = ?1")?
        .query_row([epoch.as_str()], |row| row.get(0))
        .optional()?;
    let Some(key) = key else {
        return Ok(Vec::new());
    };
    let range = SeqRange {
        until: range.until.min(end_of_run(asked, key, range.after)?),
        ..range
    };
    let mut found = BTreeMap::new();
    structural(asked, key, range, &mut found)?;
    outputs(asked, key, range, &mut found)?;
    let mut page = Vec::new();
    let (mut wanted, mut size) = (range.after.next(), 0);
    while let Some(event) = found.remove(&wanted) {
        size += event.cost();
        wanted = wanted.next();
        page.push(event);
        if size > PAGE {
            break;
        }
    }
    Ok(page)
}

/// Up to where the run vouches for the log that published what comes behind a place.
fn end_of_run(asked: &Asked<'_>, epoch: i64, after: Seq) -> Result<Seq, StoreError> {
    let last: Option<i64> = asked
        .connection
        .prepare_cached(
            "SELECT last_seq FROM runs WHERE epoch = ?1 AND after_seq <= ?2 ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![epoch, after.0.cast_signed()], |row| row.get(0))
        .optional()?;
    Ok(Seq(last.unwrap_or_default().cast_unsigned()))
}

type Events = BTreeMap<Seq, Arc<Published>>;

fn structural(
    asked: &Asked<'_>,
    epoch: i64,
    range: SeqRange,
    found: &mut Events,
) -> Result<(), StoreError> {
    let mut statement = asked.connection.prepare_cached(
        "SELECT seq, kept FROM events WHERE epoch = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq",
    )?;
    let (after, until) = (range.after.0.cast_signed(), range.until.0.cast_signed());
    let mut rows = statement.query(params![epoch, after, until])?;
    while let Some(row) = rows.next()? {
        let seq = Seq(row.get::<_, i64>(0)?.cast_unsigned());
        let kept: Vec<u8> = row.get(1)?;
        // What another version kept is not given: the page ends before it.
        if let Ok(event) = form::read_event(seq, &kept) {
            found.insert(seq, Arc::new(event));
        }
    }
    Ok(())
}

fn outputs(
    asked: &Asked<'_>,
    epoch: i64,
    range: SeqRange,
    found: &mut Events,
) -> Result<(), StoreError> {
    let mut statement = asked.connection.prepare_cached(
        "SELECT chunks.id, panes.pane, panes.id FROM chunks JOIN panes ON panes.id = chunks.pane_id \
         WHERE chunks.epoch = ?1 AND last_seq > ?2 AND last_seq <= ?3 AND first_seq <= ?4",
    )?;
    let (after, until) = (range.after.0.cast_signed(), range.until.0.cast_signed());
    let last = until.saturating_add((2 * WIDEST).cast_signed());
    let rows = statement.query_map(params![epoch, after, last, until], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    let rows: Vec<(i64, String, i64)> = rows.collect::<Result<_, _>>()?;
    for (id, pane, key) in rows {
        let chunk = asked.chunk(id)?;
        let pane: PaneId = pane.parse().map_err(|_| StoreError::Form("pane"))?;
        let wanted = |output: &&Output| {
            let seq = Seq(output.seq);
            seq > range.after && seq <= range.until
        };
        for output in chunk.outputs.iter().filter(wanted) {
            let event = restored(asked, (pane, key), &chunk, output)?;
            found.insert(event.seq, Arc::new(event));
        }
    }
    Ok(())
}

/// An output as it was published. Where its bytes are not kept it is a gap of as many.
fn restored(
    asked: &Asked<'_>,
    (pane, key): (PaneId, i64),
    chunk: &Chunk,
    output: &Output,
) -> Result<Published, StoreError> {
    let at = Timestamp::from_millisecond(output.at).map_err(|_| StoreError::Form("time"))?;
    let audience = chunk.audiences.get(output.audience as usize);
    let audience = audience.ok_or(StoreError::Form("chunk"))?.clone();
    let offset = chunk
        .first_offset
        .checked_add_signed(output.start)
        .ok_or(StoreError::Form("chunk"))?;
    let bytes = match output.kept {
        true => asked.bytes(key, chunk, (offset, output.len), output.visibility)?,
        false => None,
    };
    let kind = match bytes {
        Some(bytes) => ChangeKind::PaneOutput { offset, bytes },
        None => ChangeKind::PaneGap {
            offset,
            bytes: Some(output.len.into()),
        },
    };
    let change = Change {
        pane: Some(pane),
        visibility: output.visibility,
        ..Change::new(audience, kind)
    };
    Ok(Published::restored(
        Seq(output.seq),
        at,
        change,
        EventContext::default(),
    ))
}
