//! A connector's place in the log.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::figures::ConnectorFigures;
use crate::hub::{Hub, Next, Published, Reader, SeqRange};

/// How many events a connector is given before others get their turn.
const TURN: usize = 64;

/// How long a connector waits for a page of the archive, with its turn behind others.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(5);

/// Reads the log at its own pace.
#[derive(Debug)]
pub struct LogCursor {
    hub: Hub,
    reader: Reader,
    figures: Arc<ConnectorFigures>,
    log_ended: CancellationToken,
    /// How many events it has been given since others had their turn.
    given: usize,
}

/// What a cursor comes to.
#[derive(Debug)]
pub enum CursorRead {
    /// The next event.
    Event(Arc<Published>),
    /// These events are kept no longer: the connector was too slow for them.
    Missed(SeqRange),
}

impl LogCursor {
    /// A cursor at the place of these figures.
    pub(super) fn new(
        hub: &Hub,
        figures: &Arc<ConnectorFigures>,
        log_ended: &CancellationToken,
    ) -> Self {
        Self {
            reader: hub.reader_behind(figures.reader.place()),
            hub: hub.clone(),
            figures: Arc::clone(figures),
            log_ended: log_ended.clone(),
            given: 0,
        }
    }

    /// What comes next, as soon as it is there; nothing once the log has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<CursorRead> {
        if self.given >= TURN {
            yield_now().await;
            self.given = 0;
        }
        self.given += 1;
        loop {
            match self.reader.pull() {
                Next::Event(event) => {
                    self.figures.reader.set_place(event.seq);
                    return Some(CursorRead::Event(event));
                }
                Next::Archived(range) => {
                    let read = timeout(ARCHIVE_LIMIT, self.hub.read_archive(range)).await;
                    let Ok(Ok(archived)) = read else {
                        return Some(self.skip());
                    };
                    self.reader.supply(archived);
                }
                Next::Evicted => return Some(self.skip()),
                Next::Head if self.log_ended.is_cancelled() => return None,
                Next::Head => {
                    tokio::select! {
                        () = self.reader.readable() => {}
                        () = self.log_ended.cancelled() => {}
                    }
                    // Clients that wait for the same event get it first.
                    yield_now().await;
                }
            }
        }
    }

    fn skip(&mut self) -> CursorRead {
        let missed = self.reader.skip();
        self.figures.reader.missed(missed);
        CursorRead::Missed(missed)
    }
}
