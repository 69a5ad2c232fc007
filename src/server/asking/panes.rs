//! What panes showed, and what they printed: screens as they were, and pages of a replay.

use bytes::Bytes;

use super::{Asker, NoAnswer, ReplayBeginning, ReplayQuestion, ScreenQuestion, no_answer};
use crate::history::{
    EventQuery, KnownPane, Moment, Order, Print, PrintQuery, ScreenThen, StoreError,
};
use crate::ids::PaneId;
use crate::model::{Audience, ChangeKind, Place};
use crate::wire::ErrorCode;

/// How many bytes one page of a replay has.
const PAGE: usize = 128 << 10;

/// How many sizes one page of a replay has.
const SIZES: usize = 1000;

/// A screen as it was.
#[derive(Debug)]
pub(in crate::server) struct ScreenAnswer {
    pub(in crate::server) then: ScreenThen,
    /// Where the one who asks saw the pane.
    pub(in crate::server) place: Place,
}

/// What a replay needs next.
#[derive(Debug)]
pub(in crate::server) enum ReplayPage {
    /// The screen that it goes on from, and the time in which it plays, in milliseconds.
    Screen {
        screen: Box<ScreenAnswer>,
        from: i64,
        to: i64,
    },
    /// What happened then, in order; and the offset to go on from, if there is more.
    Items {
        items: Vec<ReplayItem>,
        next: Option<u64>,
    },
}

/// Something that happened in a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct ReplayItem {
    /// When, in milliseconds since 1970.
    pub(in crate::server) at: i64,
    pub(in crate::server) seq: u64,
    pub(in crate::server) what: ReplayedChange,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) enum ReplayedChange {
    Output {
        offset: u64,
        bytes: Bytes,
    },
    /// So many bytes are not kept, or not for this client.
    Missing {
        offset: u64,
        bytes: u64,
    },
    Size {
        cols: u32,
        rows: u32,
    },
}

impl ReplayItem {
    /// How many bytes it holds.
    pub(in crate::server) fn size(&self) -> usize {
        match &self.what {
            ReplayedChange::Output { bytes, .. } => bytes.len(),
            ReplayedChange::Missing { .. } | ReplayedChange::Size { .. } => 0,
        }
    }
}

impl Asker<'_> {
    pub(super) async fn screen(&self, question: ScreenQuestion) -> Result<ScreenAnswer, NoAnswer> {
        let at = question.at.millis(self.now);
        let pane = self.pane(question.pane, at).await?;
        match question.offset {
            Some(offset) => self.screen_of(pane.key, Moment::Offset(offset)).await,
            None => {
                let screen = self.screen_of(pane.key, Moment::At(at)).await?;
                was_there(&screen, at)?;
                Ok(screen)
            }
        }
    }

    pub(super) async fn replay(&self, question: ReplayQuestion) -> Result<ReplayPage, NoAnswer> {
        match question {
            ReplayQuestion::Begin(beginning) => self.beginning(beginning).await,
            ReplayQuestion::Seek { pane, to, within } => {
                let at = to.millis(self.now).clamp(within.0, within.1);
                let screen = self.screen_of(pane, Moment::At(at)).await?;
                Ok(ReplayPage::Screen {
                    screen: Box::new(screen),
                    from: at,
                    to: within.1,
                })
            }
            ReplayQuestion::More {
                pane,
                from,
                after,
                since,
                to,
            } => self.items(pane, from, (after, since), to).await,
        }
    }

    async fn beginning(&self, beginning: ReplayBeginning) -> Result<ReplayPage, NoAnswer> {
        let ReplayBeginning { pane, from, to } = beginning;
        let now = self.now.as_millisecond();
        let to = to.map_or(now, |to| to.millis(self.now).min(now));
        let from = from.millis(self.now);
        if from > to {
            let why = "the replay would end before it begins: \"from\" lies behind \"to\"";
            return Err(no_answer(&StoreError::Question(why.to_owned())));
        }
        let pane = self.pane(pane, to).await?;
        let (screen, from) = self.first_screen(pane.key, from, to).await?;
        Ok(ReplayPage::Screen {
            screen: Box::new(screen),
            from,
            to: to.max(from),
        })
    }

    /// What a pane showed at a time; of one that came later, or is kept from a later time on, at its first moment.
    async fn first_screen(
        &self,
        pane: i64,
        from: i64,
        to: i64,
    ) -> Result<(ScreenAnswer, i64), NoAnswer> {
        let screen = self.screen_of(pane, Moment::At(from)).await;
        if let Ok(screen) = screen
            && was_there(&screen, from).is_ok()
        {
            return Ok((screen, from));
        }
        let first = self.reader.printed(PrintQuery {
            pane,
            from: Moment::At(from),
            to: Moment::At(to),
            bytes: 1,
            redacted: self.principal.is_redacted(),
        });
        let first = first.await.map_err(|error| no_answer(&error))?.prints;
        let Some(first) = first.first() else {
            return self.first_known_screen(pane, (from, to), 0).await;
        };
        match self.screen_of(pane, Moment::Offset(first.offset)).await {
            Err((ErrorCode::NotFound, _)) => {
                self.first_known_screen(pane, (from, to), first.seq).await
            }
            screen => Ok((screen?, first.at)),
        }
    }

    /// The first screen that is known at all: a pane may have printed before muxwire saw what it shows.
    async fn first_known_screen(
        &self,
        pane: i64,
        (from, to): (i64, i64),
        seq: u64,
    ) -> Result<(ScreenAnswer, i64), NoAnswer> {
        let redacted = self.principal.is_redacted();
        let known = self.reader.first_screen(pane, seq, redacted).await;
        let known = known.map_err(|error| no_answer(&error))?;
        let known = known
            .filter(|known| (from..=to).contains(&known.at))
            .ok_or_else(|| no_answer(&StoreError::NotKept))?;
        // Asked for by its offset, it is judged by who saw the output that led there.
        let moment = Moment::Offset(known.snapshot.offset);
        Ok((self.screen_of(pane, moment).await?, known.at))
    }

    /// The pane that had this id then.
    async fn pane(&self, pane: PaneId, at: i64) -> Result<KnownPane, NoAnswer> {
        let pane = self.reader.pane_at(pane, at).await;
        pane.map_err(|error| no_answer(&error))
    }

    /// What a pane showed, for those who saw it then. To others it is as if nothing were kept.
    async fn screen_of(&self, pane: i64, moment: Moment) -> Result<ScreenAnswer, NoAnswer> {
        let redacted = self.principal.is_redacted();
        let then = self.reader.screen(pane, moment, redacted).await;
        let then = then.map_err(|error| no_answer(&error))?;
        let place = self.seen(then.audience.as_ref(), &then.pane, |_| true);
        let place = place.ok_or_else(|| no_answer(&StoreError::NotKept))?;
        Ok(ScreenAnswer { then, place })
    }

    /// What happened in a pane from an offset on and up to a time.
    async fn items(
        &self,
        pane: i64,
        from: u64,
        (after, since): (u64, i64),
        to: i64,
    ) -> Result<ReplayPage, NoAnswer> {
        let printed = self.reader.printed(PrintQuery {
            pane,
            from: Moment::Offset(from),
            to: Moment::At(to),
            bytes: PAGE,
            redacted: self.principal.is_redacted(),
        });
        let page = printed.await.map_err(|error| no_answer(&error))?;
        let last = page.prints.last();
        let until = match page.next {
            Some(_) => last.map_or((u64::MAX, to), |last| (last.seq, last.at)),
            None => (u64::MAX, to),
        };
        let mut items = self.with_holes(from, &page.prints);
        items.extend(self.sizes(pane, (after, since), until).await?);
        items.sort_by_key(|item| item.seq);
        let next = page.next;
        Ok(ReplayPage::Items { items, next })
    }

    /// What was printed from an offset on, and where nothing of it is kept.
    fn with_holes(&self, from: u64, prints: &[Print]) -> Vec<ReplayItem> {
        let mut next = from;
        let mut items = Vec::with_capacity(prints.len());
        for print in prints {
            if print.offset > next {
                items.push(ReplayItem {
                    at: print.at,
                    seq: print.seq,
                    what: ReplayedChange::Missing {
                        offset: next,
                        bytes: print.offset - next,
                    },
                });
            }
            next = print.offset + print.bytes.len() as u64 + print.missing;
            items.push(self.item(print));
        }
        items
    }

    fn item(&self, print: &Print) -> ReplayItem {
        let is_seen = match &print.audience {
            Audience::Places(places) => self.place(places, |_| true).is_some(),
            Audience::Everyone => true,
            Audience::Unscoped => self.principal.scope().is_all(),
        };
        let (offset, length) = (print.offset, print.bytes.len() as u64);
        let what = match is_seen && print.missing == 0 {
            true => ReplayedChange::Output {
                offset,
                bytes: print.bytes.clone(),
            },
            false => ReplayedChange::Missing {
                offset,
                bytes: length + print.missing,
            },
        };
        ReplayItem {
            at: print.at,
            seq: print.seq,
            what,
        }
    }

    /// The sizes that a pane got behind a place and a time, and up to others.
    async fn sizes(
        &self,
        pane: i64,
        (after, since): (u64, i64),
        (until, to): (u64, i64),
    ) -> Result<Vec<ReplayItem>, NoAnswer> {
        let events = self.reader.events(EventQuery {
            types: vec!["pane.resized".to_owned()],
            pane_keys: vec![pane],
            from: Some(since),
            to: Some(to),
            order: Order::OldestFirst,
            limit: SIZES,
            redacted: self.principal.is_redacted(),
            ..EventQuery::default()
        });
        let events = events.await.map_err(|error| no_answer(&error))?.events;
        let size = |event: crate::history::StoredEvent| {
            let kind = &event.event.as_ref()?.change.kind;
            let ChangeKind::PaneResized { width, height, .. } = kind else {
                return None;
            };
            let what = ReplayedChange::Size {
                cols: *width,
                rows: *height,
            };
            let (at, seq) = (event.cursor.at, event.seq.0);
            (seq > after && seq < until && at > since).then_some(ReplayItem { at, seq, what })
        };
        Ok(events.into_iter().filter_map(size).collect())
    }
}

/// What is shown has to be of the time that was asked for, and not of a later one.
fn was_there(screen: &ScreenAnswer, at: i64) -> Result<(), NoAnswer> {
    match screen.then.at <= at {
        true => Ok(()),
        false => Err(no_answer(&StoreError::NotKept)),
    }
}
