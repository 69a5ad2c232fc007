//! Events that memory has let go, read from the archive: for a client that resumes from far back, and for one that falls
//! behind while it does.
//!
//! While a page is read the client's stream stands still, and what is published waits in the log or in the archive. So
//! what comes behind it comes in order and once, as in any other replay.

use std::time::Instant;

use super::requests::Refusal;
use super::{ClientSession, Effect};
use crate::auth::Principal;
use crate::hub::{Archived, Filter, SeqRange};
use crate::ids::Seq;
use crate::wire::{CloseCode, ErrorCode, RequestId};

/// A page that is read for a client.
#[derive(Debug)]
pub(in crate::server) struct ArchivePage {
    pub(in crate::server) range: SeqRange,
    /// The subscription that begins with it; `None` if the stream goes on with it.
    resumes: Option<Box<Resumption>>,
}

/// A request to subscribe that is answered once its first page is there.
#[derive(Debug)]
struct Resumption {
    id: Option<RequestId>,
    filter: Filter,
}

/// What a client waits for from the archive.
#[derive(Debug, Default)]
pub(super) struct ArchiveReading {
    /// The stream stands still for a page.
    page: bool,
    /// A request waits for its first page. Nothing more is read from the client until it is answered, so what follows it
    /// is carried out behind it.
    request: bool,
    /// Up to this place the archive keeps what the client has asked for, however slowly it takes it.
    until: Seq,
}

impl ArchiveReading {
    /// Whether the stream may go on.
    pub(super) fn has_page(&self) -> bool {
        !self.page
    }

    /// Whether a request waits.
    pub(super) fn has_request(&self) -> bool {
        self.request
    }

    /// Whether what comes behind this place is kept for the client, so that nothing is lost by waiting for it.
    pub(super) fn keeps(&self, place: Seq) -> bool {
        place < self.until
    }
}

impl ClientSession {
    /// Subscribes from behind a place of which only the archive has what comes next.
    pub(super) fn subscribe_archived(
        &mut self,
        id: Option<RequestId>,
        range: SeqRange,
        filter: Filter,
    ) {
        self.stream.archive.request = true;
        let resumes = Some(Box::new(Resumption { id, filter }));
        self.begin(Effect::ReadArchive(ArchivePage { range, resumes }));
    }

    /// The stream has come to a place of which only the archive has what comes next.
    pub(super) fn read_archive(&mut self, range: SeqRange) {
        self.stream.archive.page = true;
        let resumes = None;
        self.begin(Effect::ReadArchive(ArchivePage { range, resumes }));
    }

    /// The archive has answered; nothing if it does not hold the page.
    pub(super) fn read_from_archive(
        &mut self,
        page: ArchivePage,
        archived: Option<Archived>,
        now: Instant,
    ) {
        match page.resumes {
            None => self.go_on_with(page.range, archived, now),
            Some(resumption) => {
                self.stream.archive.request = false;
                let Resumption { id, filter } = *resumption;
                let Ok(principal) = self.principal() else {
                    return;
                };
                let resumed = self.resume(id.as_ref(), &principal, filter, archived, now);
                if let Err((code, message)) = resumed {
                    self.refuse(id.as_ref(), code, &message, now);
                }
            }
        }
        self.pump(now);
    }

    fn go_on_with(&mut self, range: SeqRange, archived: Option<Archived>, now: Instant) {
        self.stream.archive.page = false;
        // What is behind may be much; it is taken as fast as the client reads.
        self.stream.live = false;
        let subscription = &mut self.stream.subscription;
        match archived {
            Some(archived) => subscription.supply(archived),
            // The client may have begun anew from another place meanwhile.
            None if subscription.place() == Some(range.after) => self.close(CloseCode::Slow, now),
            None => {}
        }
    }

    fn resume(
        &mut self,
        id: Option<&RequestId>,
        principal: &Principal,
        filter: Filter,
        archived: Option<Archived>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let warnings = self.idle(principal, &filter);
        let head = self.context.hub.head();
        let recovered = archived.is_some();
        let subscribed = match archived {
            Some(archived) => self.stream.resume(filter, archived),
            None => self.stream.subscribe(filter, None).map(|(seq, _)| seq),
        };
        let seq = subscribed.map_err(|error| (ErrorCode::LimitReached, error.to_string()))?;
        if recovered {
            self.stream.archive.until = head;
        }
        self.send_subscribed(id, &warnings, (seq, Some(recovered)), now);
        Ok(())
    }
}
