//! Screens as they were: the whole screen that was kept before, and a terminal that reads what came since.

use std::collections::VecDeque;
use std::sync::Arc;

use rusqlite::{Row, params};

use super::chunk::Chunk;
use super::error::StoreError;
use super::output::{KnownPane, Moment, Resize, chunks_between, pane_of, resizes};
use super::reader::{Asked, Reader};
use super::terminal::{Size, Terminal};
use crate::model::Audience;
use crate::screen::PaneSnapshot;

/// The most that is read again to rebuild one screen.
const MOST_REBUILT: u64 = 64 << 20;

/// A screen as it was.
#[derive(Debug, Clone)]
pub struct ScreenThen {
    /// The pane.
    pub pane: KnownPane,
    /// What it showed. It is exact if nothing is missing since a snapshot that was exact.
    pub snapshot: PaneSnapshot,
    /// When the last of it was printed, in milliseconds since 1970.
    pub at: i64,
    /// The place of that in the log.
    pub seq: u64,
    /// Who may see it: where the pane was then.
    pub audience: Option<Audience>,
}

impl Reader {
    /// What a pane showed at a moment, in the shape of a snapshot.
    ///
    /// # Errors
    /// Nothing is kept of it from before that, it takes too long, or the file can't be read.
    pub async fn screen(
        &self,
        pane: i64,
        moment: Moment,
        redacted: bool,
    ) -> Result<ScreenThen, StoreError> {
        let reader = self.clone();
        self.ask(move |asked| {
            let then = screen(asked, pane, moment, redacted)?;
            Ok(reader.shown(then, redacted))
        })
        .await
    }

    /// The first screen of a pane that was kept as a whole at a place of the log or later.
    ///
    /// # Errors
    /// It takes too long, or the file can't be read.
    pub async fn first_screen(
        &self,
        pane: i64,
        seq: u64,
        redacted: bool,
    ) -> Result<Option<ScreenThen>, StoreError> {
        let reader = self.clone();
        self.ask(move |asked| {
            let first = first_screen(asked, pane, seq)?;
            Ok(first.map(|then| reader.shown(then, redacted)))
        })
        .await
    }

    /// A screen as those see it from whom secrets are kept, or as it was.
    fn shown(&self, mut then: ScreenThen, redacted: bool) -> ScreenThen {
        if let Some(rules) = redacted.then(|| self.rules()).flatten() {
            then.snapshot = then.snapshot.masked(&rules);
        }
        then
    }
}

/// The last output up to a moment: where it ends, and what it was.
struct Last {
    offset: u64,
    at: i64,
    seq: u64,
    audience: Option<Audience>,
}

fn last_before(asked: &Asked<'_>, pane: i64, moment: Moment) -> Result<Option<Last>, StoreError> {
    let (condition, value) = match moment {
        Moment::At(at) => ("first_at <= ?2", at),
        Moment::Offset(offset) => ("first_offset < ?2", offset.cast_signed()),
    };
    let question = format!(
        "SELECT id FROM chunks WHERE pane_id = ?1 AND {condition} ORDER BY end_offset DESC, id DESC LIMIT 8"
    );
    let mut statement = asked.connection.prepare_cached(&question)?;
    let ids = statement.query_map(params![pane, value], |row| row.get::<_, i64>(0))?;
    for id in ids.collect::<Result<Vec<_>, _>>()? {
        let chunk: Arc<Chunk> = asked.chunk(id)?;
        let mut found = None;
        for output in chunk.stream() {
            let Some(start) = chunk.first_offset.checked_add_signed(output.start) else {
                continue;
            };
            let end = start + u64::from(output.len);
            let (is_before, offset) = match moment {
                Moment::At(at) => (output.at <= at, end),
                Moment::Offset(offset) => (start < offset, end.min(offset)),
            };
            if is_before {
                found = Some(Last {
                    offset,
                    at: output.at,
                    seq: output.seq,
                    audience: chunk.audiences.get(output.audience as usize).cloned(),
                });
            }
        }
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Where the first output begins that is known of a pane.
fn first_offset(asked: &Asked<'_>, pane: i64) -> Result<Option<u64>, StoreError> {
    let question = "SELECT min(first_offset) FROM chunks WHERE pane_id = ?1";
    let mut statement = asked.connection.prepare_cached(question)?;
    let first: Option<i64> = statement.query_row([pane], |row| row.get(0))?;
    Ok(first.map(i64::cast_unsigned))
}

/// A whole screen that was kept.
struct Kept {
    offset: u64,
    seq: u64,
    at: i64,
    size: Size,
    exact: bool,
    replay: Vec<u8>,
}

/// The whole screen to begin with. One that was kept later than the time that is asked for shows the same bytes, but may have
/// another size: it is taken only where there is no other.
fn kept_before(
    asked: &Asked<'_>,
    pane: i64,
    offset: u64,
    at: Option<i64>,
) -> Result<Kept, StoreError> {
    let mut statement = asked.connection.prepare_cached(
        "SELECT offset, seq, at, cols, rows, exact, replay FROM frames \
         WHERE pane_id = ?1 AND offset <= ?2 ORDER BY at <= ?3 DESC, offset DESC, id DESC LIMIT 1",
    )?;
    let values = params![pane, offset.cast_signed(), at.unwrap_or(i64::MAX)];
    let mut rows = statement.query(values)?;
    read_kept(rows.next()?.ok_or(StoreError::NotKept)?)
}

fn read_kept(row: &Row<'_>) -> Result<Kept, StoreError> {
    let compressed: Vec<u8> = row.get(6)?;
    let size = zstd::bulk::Decompressor::upper_bound(&compressed).unwrap_or(0);
    let most = usize::try_from(MOST_REBUILT).unwrap_or(usize::MAX);
    Ok(Kept {
        offset: row.get::<_, i64>(0)?.cast_unsigned(),
        seq: row.get::<_, i64>(1)?.cast_unsigned(),
        at: row.get(2)?,
        size: Size::new(row.get(3)?, row.get(4)?).ok_or(StoreError::Form("screen"))?,
        exact: row.get(5)?,
        replay: zstd::bulk::decompress(&compressed, size.min(most))?,
    })
}

fn first_screen(asked: &Asked<'_>, key: i64, seq: u64) -> Result<Option<ScreenThen>, StoreError> {
    let mut statement = asked.connection.prepare_cached(
        "SELECT offset, seq, at, cols, rows, exact, replay FROM frames \
         WHERE pane_id = ?1 AND seq >= ?2 ORDER BY seq, id DESC LIMIT 1",
    )?;
    let mut rows = statement.query(params![key, seq.cast_signed()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let kept = read_kept(row)?;
    let pane = pane_of(asked, key)?;
    let mut terminal = Terminal::replayed(kept.size, &kept.replay);
    let snapshot = terminal.snapshot(pane.pane, kept.offset, kept.exact);
    Ok(Some(ScreenThen {
        pane,
        snapshot,
        at: kept.at,
        seq: kept.seq,
        audience: None,
    }))
}

fn screen(
    asked: &Asked<'_>,
    key: i64,
    moment: Moment,
    redacted: bool,
) -> Result<ScreenThen, StoreError> {
    let pane = pane_of(asked, key)?;
    let last = last_before(asked, key, moment)?;
    let time = match moment {
        Moment::At(at) => Some(at),
        Moment::Offset(_) => None,
    };
    let until = match (moment, &last) {
        (_, Some(last)) => last.offset,
        (Moment::Offset(offset), None) => offset,
        (Moment::At(_), None) => first_offset(asked, key)?.unwrap_or(u64::MAX >> 1),
    };
    let kept = kept_before(asked, key, until, time)?;
    let last = last.unwrap_or_else(|| Last {
        offset: kept.offset,
        at: match moment {
            // It printed nothing since it is known: it showed this then, too.
            Moment::At(at) if at >= pane.first_at => kept.at.min(at),
            _ => kept.at,
        },
        seq: kept.seq,
        audience: None,
    });
    if last.offset - kept.offset > MOST_REBUILT {
        return Err(StoreError::TooLong);
    }
    let sizes = sizes_since(asked, key, kept.seq, (time, last.seq))?;
    let mut rebuilt = Rebuilt {
        terminal: Terminal::replayed(kept.size, &kept.replay),
        offset: kept.offset,
        exact: kept.exact,
        sizes: sizes.into(),
    };
    rebuilt.read(asked, key, last.offset, redacted)?;
    rebuilt.resize_until(u64::MAX);
    let exact = rebuilt.exact && rebuilt.offset == last.offset;
    let snapshot = rebuilt.terminal.snapshot(pane.pane, last.offset, exact);
    Ok(ScreenThen {
        pane,
        snapshot,
        at: last.at,
        seq: last.seq,
        audience: last.audience,
    })
}

/// The sizes that a pane got up to a time, or else up to a place.
fn sizes_since(
    asked: &Asked<'_>,
    key: i64,
    after: u64,
    (time, until): (Option<i64>, u64),
) -> Result<Vec<Resize>, StoreError> {
    let Some(at) = time else {
        return resizes(asked, key, after, until);
    };
    let mut sizes = resizes(asked, key, after, i64::MAX.cast_unsigned())?;
    sizes.retain(|size| size.at <= at);
    Ok(sizes)
}

/// A terminal that reads again what a pane printed.
struct Rebuilt {
    terminal: Terminal,
    offset: u64,
    exact: bool,
    sizes: VecDeque<Resize>,
}

impl Rebuilt {
    fn read(
        &mut self,
        asked: &Asked<'_>,
        pane: i64,
        until: u64,
        redacted: bool,
    ) -> Result<(), StoreError> {
        let (from, to) = (Moment::Offset(self.offset), Moment::Offset(until));
        for id in chunks_between(asked, pane, from, to)? {
            let chunk = asked.chunk(id)?;
            for output in chunk.stream() {
                let Some(print) = chunk.print(output, self.offset, redacted) else {
                    continue;
                };
                let most = usize::try_from(until.saturating_sub(print.offset)).unwrap_or(0);
                let bytes = print.bytes.slice(..print.bytes.len().min(most));
                if bytes.is_empty() && print.missing == 0 {
                    continue;
                }
                self.resize_until(output.seq);
                self.exact &= print.offset == self.offset && print.missing == 0;
                self.terminal.feed(&bytes, |_| {});
                self.offset = print.offset + bytes.len() as u64;
                asked.check()?;
            }
        }
        Ok(())
    }

    fn resize_until(&mut self, seq: u64) {
        while self.sizes.front().is_some_and(|size| size.seq < seq)
            && let Some(next) = self.sizes.pop_front()
        {
            if let Some(size) = Size::new(next.cols, next.rows) {
                self.terminal.resize(size);
            }
        }
    }
}
