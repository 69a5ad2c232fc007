//! What the history holds of a pane, in the order in which it happened, a little at a time.

use std::collections::VecDeque;

use super::life::{Happened, Known, Life, Lost, Owned, Turn, Turned};
use crate::cmd::past::Past;
use crate::export::Size;
use crate::history::{
    EventQuery, KnownPane, Moment, Order, PrintPage, PrintQuery, ScreenThen, StoreError,
    StoredEvent,
};
use crate::model::ChangeKind;
use crate::wire::{EventData, Received};

/// How many bytes of output are read at once.
const PAGE: usize = 256 << 10;

/// How many events are read at once.
const EVENTS: usize = 1000;

/// The size of a pane of which none is known.
const USUAL: Size = Size { cols: 80, rows: 24 };

/// Reads what is kept of a pane.
#[derive(Debug)]
pub(super) struct Recorded<'a> {
    past: &'a Past,
    lives: VecDeque<KnownPane>,
    life: Option<Life>,
    /// The time of what was read last.
    at: i64,
    /// How much of all that there is has been read, from 0 to 1.
    done: f64,
}

impl<'a> Recorded<'a> {
    /// Of these lives of one pane.
    pub(super) fn new(past: &'a Past, lives: Vec<KnownPane>) -> Self {
        Self {
            past,
            lives: lives.into(),
            life: None,
            at: 0,
            done: 0.0,
        }
    }

    /// The time of what was read last.
    pub(super) fn at(&self) -> i64 {
        self.at
    }

    /// How much was read, from 0 to 1.
    pub(super) fn done(&self) -> f64 {
        self.done
    }

    /// What comes next; nothing at the end. It may be dropped, and is asked no more then.
    ///
    /// # Errors
    /// The history can't be read, or nothing is kept of the pane.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Happened>>, StoreError> {
        let happened = match self.life.take() {
            Some(mut life) => {
                let (happened, more) = self.go_on(&mut life).await?;
                self.done = life.done(self.past.to, happened.last().map(|(at, _)| *at));
                self.life = more.then_some(life);
                happened
            }
            None => {
                let Some(pane) = self.lives.pop_front() else {
                    return Ok(None);
                };
                self.begin(pane).await?
            }
        };
        if let Some((at, _)) = happened.last() {
            self.at = *at;
        }
        Ok(Some(happened))
    }

    /// Begins with the screen as it was. Where none is kept from before, with the first that is, or with an empty one.
    async fn begin(&mut self, pane: KnownPane) -> Result<Vec<Happened>, StoreError> {
        let from = self.past.from.unwrap_or(pane.first_at).max(pane.first_at);
        let then = self.screen(&pane, Moment::At(from)).await?;
        let begun = match then.filter(|screen| screen.at <= from) {
            Some(screen) => Some(self.begin_with(pane, from, &screen).await?),
            None => self.begin_later(pane, from).await?,
        };
        let Some((life, first)) = begun else {
            return match self.at == 0 && self.lives.is_empty() {
                true => Err(StoreError::NotKept),
                false => Ok(Vec::new()),
            };
        };
        let mut happened = Vec::new();
        if self.at > 0 {
            let missing = "a new log begins here: what came between is not kept";
            happened.push((first.0, Owned::Gap(missing.to_owned())));
        }
        happened.push(first);
        self.life = Some(life);
        Ok(happened)
    }

    /// Begins with this screen at this time.
    async fn begin_with(
        &self,
        pane: KnownPane,
        at: i64,
        screen: &ScreenThen,
    ) -> Result<(Life, Happened), StoreError> {
        let known = Known::of(screen);
        let mut turns = self.turns(&pane, at).await?;
        turns.retain(|turned| turned.seq > screen.seq);
        let life = Life::new(pane, (at, known.offset), known.size, turns);
        Ok((life, (at, known.screen())))
    }

    /// Begins where no screen is kept from before; with nothing if none is from later either and nothing was printed.
    async fn begin_later(
        &self,
        pane: KnownPane,
        from: i64,
    ) -> Result<Option<(Life, Happened)>, StoreError> {
        let to = Moment::At(self.past.to);
        let page = self.printed(&pane, Moment::At(from), 1).await?;
        let Some(first) = page.prints.first() else {
            // It has been silent since muxwire came.
            let screen = self.screen(&pane, to).await?;
            let screen = screen.filter(|screen| screen.at <= self.past.to);
            return Ok(match screen {
                Some(screen) => Some(self.begin_with(pane, screen.at, &screen).await?),
                None => None,
            });
        };
        let before = self.screen(&pane, Moment::Offset(first.offset)).await?;
        let before = before.filter(|screen| screen.snapshot.offset == first.offset);
        if let Some(screen) = before {
            return Ok(Some(self.begin_with(pane, from, &screen).await?));
        }
        let known = self.first_screen(&pane, first.seq).await?;
        let size = match self.size_at_first(&pane).await? {
            Some(size) => size,
            None => known.as_ref().map_or(USUAL, |known| known.size),
        };
        let mut turns = self.turns(&pane, from).await?;
        // Before it is not known what showed, nothing can be lost.
        turns.retain(|turned| matches!(turned.turn, Turn::Size(_)) || turned.seq > first.seq);
        let life = Life::new(pane, (from, first.offset), size, turns).until(known);
        Ok(Some((life, (from, Owned::blank(size)))))
    }

    /// The size that a pane came with, if that was seen.
    async fn size_at_first(&self, pane: &KnownPane) -> Result<Option<Size>, StoreError> {
        let query = EventQuery {
            types: vec!["pane.created".to_owned()],
            pane_keys: vec![pane.key],
            order: Order::OldestFirst,
            limit: 1,
            redacted: self.past.redacted,
            ..EventQuery::default()
        };
        let page = self.past.reader.events(query).await?;
        let created = page
            .events
            .first()
            .map(|event| Received::parse(&event.json));
        Ok(match created {
            Some(Ok(received)) => match received.event().map(|event| &event.data) {
                Some(EventData::PaneCreated(created)) => Some(Size {
                    cols: created.pane.width,
                    rows: created.pane.height,
                }),
                _ => None,
            },
            _ => None,
        })
    }

    /// The screen at a moment; none if nothing is kept from before that.
    async fn screen(
        &self,
        pane: &KnownPane,
        moment: Moment,
    ) -> Result<Option<ScreenThen>, StoreError> {
        let reader = &self.past.reader;
        let screen = reader.screen(pane.key, moment, self.past.redacted);
        match screen.await {
            Ok(screen) => Ok(Some(screen)),
            Err(StoreError::NotKept) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first screen that was kept at a place of the log or later.
    async fn first_screen(&self, pane: &KnownPane, seq: u64) -> Result<Option<Known>, StoreError> {
        let reader = &self.past.reader;
        let screen = reader.first_screen(pane.key, seq, self.past.redacted);
        Ok(screen.await?.map(|screen| Known::of(&screen)))
    }

    async fn printed(
        &self,
        pane: &KnownPane,
        from: Moment,
        bytes: usize,
    ) -> Result<PrintPage, StoreError> {
        let query = PrintQuery {
            pane: pane.key,
            from,
            to: Moment::At(self.past.to),
            bytes,
            redacted: self.past.redacted,
        };
        self.past.reader.printed(query).await
    }

    /// What happens in a pane besides output from a time on.
    async fn turns(&self, pane: &KnownPane, from: i64) -> Result<VecDeque<Turned>, StoreError> {
        let types = ["pane.resized", "pane.gap", "pane.command_changed"];
        let mut query = EventQuery {
            types: types.map(str::to_owned).to_vec(),
            pane_keys: vec![pane.key],
            from: Some(from),
            to: Some(self.past.to),
            order: Order::OldestFirst,
            limit: EVENTS,
            redacted: self.past.redacted,
            ..EventQuery::default()
        };
        let mut turns = VecDeque::new();
        loop {
            let page = self.past.reader.events(query.clone()).await?;
            query.after = page.events.last().map(|event| event.cursor);
            for event in &page.events {
                let (seq, at) = (event.seq.0, event.cursor.at);
                let turned = turn(event)?.map(|turn| Turned { seq, at, turn });
                turns.extend(turned);
            }
            if !page.more {
                return Ok(turns);
            }
        }
    }

    /// Some of what happened, and whether there is more of this life.
    async fn go_on(&self, life: &mut Life) -> Result<(Vec<Happened>, bool), StoreError> {
        let from = Moment::Offset(life.next());
        let page = self.printed(&life.pane, from, PAGE).await?;
        let mut happened = Vec::new();
        for print in page.prints {
            life.turn_until(print.seq, &mut happened);
            if let Some(lost) = life.reach(&print) {
                self.find(life, &lost, Some(print.at), &mut happened)
                    .await?;
            }
            life.print(print, &mut happened);
        }
        if page.next.is_some() {
            return Ok((happened, true));
        }
        life.turn_until(u64::MAX, &mut happened);
        if let Some(lost) = life.lost_in_the_end() {
            self.find(life, &lost, None, &mut happened).await?;
        }
        Ok((happened, false))
    }

    async fn find(
        &self,
        life: &mut Life,
        lost: &Lost,
        at: Option<i64>,
        happened: &mut Vec<Happened>,
    ) -> Result<(), StoreError> {
        let known = self.first_screen(&life.pane, lost.seq).await?;
        let known = known.filter(|known| known.at <= self.past.to);
        let found_at = known
            .as_ref()
            .map_or(lost.at, |known| known.at.max(lost.at));
        let at = at.unwrap_or(found_at);
        life.find(lost, at, known, happened);
        Ok(())
    }
}

/// What an event is of a pane, if it is one that changes what shows.
fn turn(event: &StoredEvent) -> Result<Option<Turn>, StoreError> {
    match &*event.type_name {
        "pane.gap" => Ok(Some(Turn::Gap)),
        "pane.command_changed" => {
            let change = event.event.as_ref().map(|event| &event.change.kind);
            let respawned = matches!(
                change,
                Some(ChangeKind::PaneCommandChanged {
                    respawned: true,
                    ..
                })
            );
            Ok(respawned.then_some(Turn::Respawn))
        }
        _ => {
            let received = Received::parse(&event.json);
            let received = received.map_err(|_| StoreError::Form("size"))?;
            Ok(match received.event().map(|event| &event.data) {
                Some(EventData::PaneResized(resized)) => Some(Turn::Size(Size {
                    cols: resized.width,
                    rows: resized.height,
                })),
                _ => None,
            })
        }
    }
}
