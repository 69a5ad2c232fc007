//! One open pane: up to where its bytes have come, and what comes next.

use super::refusal::CallError;
use crate::ids::{Epoch, PaneId};
use crate::wire::Received;
use crate::wire::binary::epoch_check;
use crate::wire::message::Opened;
use crate::wire::pane::{PaneScrollback, PaneSnapshot};
use crate::wire::request::{More, Offset, Open, Target};

/// How a pane is to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PaneWish {
    /// Lines of history before the screen.
    pub scrollback: u32,
    /// How many bytes may be on their way unacknowledged; `None` for any number.
    pub ack_window: Option<u64>,
}

/// What comes of an open pane.
#[derive(Debug)]
pub enum PaneItem {
    /// The pane as it is: a terminal of this size shows it once it has read the bytes, which begin with a reset.
    Snapshot {
        /// What brings a terminal there.
        bytes: Vec<u8>,
        /// Columns.
        cols: u32,
        /// Rows.
        rows: u32,
        /// What the pane prints from this byte on follows.
        offset: u64,
        /// Whether nothing can be missing or doubled between the two.
        exact: bool,
    },
    /// What the pane printed.
    Output {
        /// The bytes.
        bytes: Vec<u8>,
        /// Behind them.
        end: u64,
    },
    /// Output is missing; a snapshot follows.
    Gap {
        /// Where the output goes on.
        offset: u64,
    },
    /// Output was left out since this client is too slow; a snapshot follows.
    Lagged {
        /// From here.
        from: u64,
        /// To here.
        to: u64,
    },
    /// Any other event of the pane.
    Event(Box<Received>),
    /// The pane is gone, and so open no more.
    Removed,
    /// It can't be opened.
    Refused(CallError),
}

/// The state of an open pane.
#[derive(Debug)]
pub(super) struct OpenPane {
    wish: PaneWish,
    /// The request by which it was opened last.
    call: Option<u64>,
    open: bool,
    epoch: Option<Epoch>,
    /// Up to where it has been received.
    offset: Option<u64>,
    /// The history that belongs to the snapshot that is to come.
    pages: Vec<u8>,
    /// The snapshot whose replay comes next, in bytes: its size and what its item says.
    announced: Option<Announced>,
}

#[derive(Debug, Clone, Copy)]
struct Announced {
    cols: u32,
    rows: u32,
    offset: u64,
    exact: bool,
}

impl OpenPane {
    pub(super) fn new(wish: PaneWish) -> Self {
        Self {
            wish,
            call: None,
            open: false,
            epoch: None,
            offset: None,
            pages: Vec::new(),
            announced: None,
        }
    }

    /// What requests call it.
    pub(super) fn target(pane: PaneId) -> Target {
        Target {
            pane: Some(pane.to_string()),
            ..Target::default()
        }
    }

    /// The request that opens it, from where it was.
    pub(super) fn request(&self, pane: PaneId) -> Open {
        let since = self.epoch.as_ref().zip(self.offset);
        Open {
            ack_window: self.wish.ack_window,
            scrollback: Some(self.wish.scrollback).filter(|lines| *lines > 0),
            since: since.map(|(epoch, offset)| Offset {
                epoch: epoch.to_string(),
                offset,
                more: More::new(),
            }),
            target: Self::target(pane),
            more: More::new(),
        }
    }

    pub(super) fn asked(&mut self, call: u64) {
        self.call = Some(call);
    }

    pub(super) fn was_asked(&self, call: u64) -> bool {
        self.call == Some(call)
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether bytes are of the log in which it was opened.
    pub(super) fn is_of(&self, check: u32) -> bool {
        self.open && self.epoch.as_ref().map(epoch_check) == Some(check)
    }

    /// The connection is gone.
    pub(super) fn down(&mut self) {
        self.open = false;
        self.call = None;
        self.pages.clear();
        self.announced = None;
    }

    pub(super) fn opened(&mut self, opened: &Opened<'_>) {
        self.open = true;
        self.epoch = Epoch::new(&opened.epoch);
        if !opened.recovered {
            self.offset = None;
        }
    }

    /// A page of its history came.
    pub(super) fn page(&mut self, page: &PaneScrollback<'_>) {
        if page.page == 0 {
            self.pages.clear();
        }
        self.announced = None;
        let replay = page.replay.as_deref().unwrap_or_default();
        self.pages.extend_from_slice(replay.as_bytes());
    }

    /// A snapshot came, with its replay or before it.
    pub(super) fn snapshot(&mut self, snapshot: &PaneSnapshot<'_>, items: &mut Vec<PaneItem>) {
        let data = &snapshot.data;
        self.announced = Some(Announced {
            cols: data.cols,
            rows: data.rows,
            offset: data.offset,
            exact: data.exact,
        });
        if let Some(replay) = &data.replay {
            self.replay(replay.as_bytes(), items);
        }
    }

    /// A replay came: of the snapshot that was announced, or else of a page.
    pub(super) fn replay(&mut self, bytes: &[u8], items: &mut Vec<PaneItem>) {
        let mut pages = std::mem::take(&mut self.pages);
        pages.extend_from_slice(bytes);
        let Some(snapshot) = self.announced.take() else {
            self.pages = pages;
            return;
        };
        if self.open {
            self.offset = Some(snapshot.offset);
            items.push(PaneItem::Snapshot {
                bytes: pages,
                cols: snapshot.cols,
                rows: snapshot.rows,
                offset: snapshot.offset,
                exact: snapshot.exact,
            });
        }
    }

    /// Output came. What was received already is cut away.
    pub(super) fn output(&mut self, offset: u64, bytes: &[u8], items: &mut Vec<PaneItem>) {
        let Some(here) = self.offset.filter(|_| self.open) else {
            return;
        };
        let end = offset.saturating_add(bytes.len() as u64);
        if end <= here {
            return;
        }
        if offset > here {
            items.push(PaneItem::Gap { offset });
        }
        let known = usize::try_from(here.saturating_sub(offset)).unwrap_or(usize::MAX);
        let bytes = bytes.get(known..).unwrap_or_default().to_vec();
        self.offset = Some(end);
        items.push(PaneItem::Output { bytes, end });
    }

    /// The output ends here, whatever its text's length was.
    pub(super) fn reached(&mut self, end: u64) {
        if let Some(here) = &mut self.offset {
            *here = end.max(*here);
        }
    }
}
