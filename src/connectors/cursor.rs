//! A connector's place in the log.

use std::sync::Arc;

use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use super::figures::Figures;
use crate::hub::{Hub, Next, Published, Reader, SeqRange};

/// How many events a connector is given before others get their turn.
const TURN: usize = 64;

/// Reads the log at its own pace.
#[derive(Debug)]
pub struct Cursor {
    hub: Hub,
    reader: Reader,
    figures: Arc<Figures>,
    log_ended: CancellationToken,
    /// How many events it has been given since others had their turn.
    given: usize,
}

/// What a cursor comes to.
#[derive(Debug)]
pub enum Read {
    /// The next event.
    Event(Arc<Published>),
    /// These events are kept no longer: the connector was too slow for them.
    Missed(SeqRange),
}

impl Cursor {
    /// A cursor at the place of these figures.
    pub(super) fn new(hub: &Hub, figures: &Arc<Figures>, log_ended: &CancellationToken) -> Self {
        Self {
            reader: hub.reader_behind(figures.reader.place()),
            hub: hub.clone(),
            figures: Arc::clone(figures),
            log_ended: log_ended.clone(),
            given: 0,
        }
    }

    /// What comes next, as soon as it is there; nothing once the log has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<Read> {
        if self.given >= TURN {
            yield_now().await;
            self.given = 0;
        }
        self.given += 1;
        loop {
            match self.reader.pull() {
                Next::Event(event) => {
                    self.figures.reader.set_place(event.seq);
                    return Some(Read::Event(event));
                }
                Next::Archived(range) => match self.hub.read_archive(range).await {
                    Ok(archived) => self.reader.supply(archived),
                    Err(error) => {
                        tracing::debug!(%error, "a connector reads on behind what is lost");
                        return Some(self.skip());
                    }
                },
                Next::Evicted => return Some(self.skip()),
                Next::Head if self.log_ended.is_cancelled() => return None,
                Next::Head => tokio::select! {
                    () = self.reader.readable() => {}
                    () = self.log_ended.cancelled() => {}
                },
            }
        }
    }

    fn skip(&mut self) -> Read {
        let missed = self.reader.skip();
        self.figures.reader.missed(missed);
        Read::Missed(missed)
    }
}
