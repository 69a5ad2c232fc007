//! The owner's side of some links, as the bridge is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use muxwire::control::{Body, Command, Flow};
use muxwire::ids::{PaneId, SessionId};
use muxwire::tmux::{
    CloseReason, LinkEvent, LinkHandle, LinkId, LinkKind, Note, ReplyError, Tap, TapSink, Tmux,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::SOON;

/// The owner's side of some links, as the bridge is.
pub struct Owner {
    pub events: mpsc::Receiver<LinkEvent>,
    pub sender: mpsc::Sender<LinkEvent>,
    tap: Option<Tap>,
}

/// How often a byte is in what links have read, whether their owner has taken it or not.
#[derive(Debug)]
pub struct ByteCount {
    byte: u8,
    count: AtomicUsize,
}

impl ByteCount {
    pub fn of(byte: u8) -> Arc<Self> {
        let count = AtomicUsize::new(0);
        Arc::new(Self { byte, count })
    }

    pub fn get(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

impl TapSink for ByteCount {
    fn opened(&self, _: LinkId, _: LinkKind, _: u32, _: Instant) {}
    fn read(&self, _: LinkId, bytes: &[u8], _: Instant) {
        let count = bytes.iter().filter(|byte| **byte == self.byte).count();
        self.count.fetch_add(count, Ordering::Relaxed);
    }
    fn written(&self, _: LinkId, _: &[u8], _: Instant) {}
    fn closed(&self, _: LinkId, _: &CloseReason, _: Instant) {}
    fn noted(&self, _: Note<'_>, _: Instant) {}
}

impl Owner {
    pub fn new(capacity: usize) -> Self {
        let (sender, events) = mpsc::channel(capacity);
        Self {
            events,
            sender,
            tap: None,
        }
    }

    /// The same, with a count of what the links read.
    pub fn counting(capacity: usize, count: &Arc<ByteCount>) -> Self {
        Self {
            tap: Some(Tap(count.clone())),
            ..Self::new(capacity)
        }
    }

    pub fn open(&self, tmux: &Tmux, number: u64, kind: LinkKind) -> LinkHandle {
        let (sender, tap) = (self.sender.clone(), self.tap.clone());
        LinkHandle::open(tmux, LinkId(number), kind, sender, tap).unwrap()
    }

    pub async fn next(&mut self) -> LinkEvent {
        timeout(SOON, self.events.recv())
            .await
            .expect("an event in time")
            .unwrap()
    }

    /// The first event that a question answers with something.
    pub async fn until<T>(&mut self, mut question: impl FnMut(&LinkEvent) -> Option<T>) -> T {
        loop {
            if let Some(answer) = question(&self.next().await) {
                return answer;
            }
        }
    }

    pub async fn attached(&mut self, link: &LinkHandle) {
        self.until(|event| match event {
            LinkEvent::Attached { link: id } if *id == link.id() => Some(()),
            LinkEvent::Closed { link: id, reason } if *id == link.id() => panic!("{reason}"),
            _ => None,
        })
        .await;
    }

    pub async fn closed(&mut self, link: &LinkHandle) -> CloseReason {
        self.closed_id(link.id()).await
    }

    pub async fn closed_id(&mut self, link: LinkId) -> CloseReason {
        self.until(|event| match event {
            LinkEvent::Closed { link: id, reason } if *id == link => Some(reason.clone()),
            _ => None,
        })
        .await
    }

    /// Waits for the answer to the commands with this tag: each body, or the first error.
    pub async fn answer(&mut self, wanted: u64, count: usize) -> Result<Vec<Body>, ReplyError> {
        let mut bodies = Vec::new();
        while bodies.len() < count {
            let outcome = self.until(|event| match event {
                LinkEvent::Reply { tag, outcome, .. } if *tag == wanted => Some(outcome.clone()),
                _ => None,
            });
            bodies.push(outcome.await?);
        }
        Ok(bodies)
    }
}

/// A session's id from its text.
pub fn session(id: &str) -> SessionId {
    id.parse().unwrap()
}

/// A command that pauses a pane or lets it go on.
pub fn flow(pane: PaneId, flow: Flow) -> Command {
    Command::Flow { pane, flow }
}
