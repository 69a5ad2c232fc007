//! An archive in memory, and what can be wrong with one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use muxwire::hub::{Archive, ArchiveError, ArchiveRead, Hub, Next, Published, Reader, SeqRange};
use muxwire::ids::Seq;
use muxwire::model::Change;
use tokio::sync::Semaphore;

use super::world::stamp;

/// What an archive does when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conduct {
    /// It gives what it has.
    #[default]
    Gives,
    /// It gives what it has once the test lets it.
    Waits,
    /// It can't be read.
    Fails,
    /// It panics.
    Panics,
    /// It leaves an event out.
    Skips,
}

/// An archive in memory.
#[derive(Debug, Clone)]
pub struct TestArchive(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    events: Mutex<BTreeMap<Seq, Arc<Published>>>,
    conduct: Conduct,
    /// What lets reads go on that wait.
    go: Semaphore,
    reads: AtomicUsize,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl TestArchive {
    /// The archive of this log from now on.
    pub fn of(hub: &Hub, conduct: Conduct) -> Self {
        let archive = Self(Arc::new(Inner {
            events: Mutex::default(),
            conduct,
            go: Semaphore::new(0),
            reads: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
        }));
        hub.archive_in(Arc::new(archive.clone()));
        archive
    }

    /// Keeps an event as one does that writes it down: nothing of the log's own object is left.
    pub fn keep(&self, event: &Published) {
        let (seq, at) = (event.seq, event.at);
        let (change, context) = (event.change.clone(), event.context().clone());
        let restored = Published::restored(seq, at, change, context);
        self.0
            .events
            .lock()
            .unwrap()
            .insert(seq, Arc::new(restored));
    }

    /// Publishes a change and keeps it.
    pub fn publish(&self, hub: &Hub, change: Change) -> Seq {
        let mut reader = hub.reader();
        let seq = hub.publish([change], None, stamp());
        self.keep_all(&mut reader);
        seq
    }

    /// Keeps all that a reader has before it.
    pub fn keep_all(&self, reader: &mut Reader) {
        while let Next::Event(event) = reader.pull() {
            self.keep(&event);
        }
    }

    /// How many events are kept.
    pub fn kept(&self) -> usize {
        self.0.events.lock().unwrap().len()
    }

    /// Lets so many reads go on.
    pub fn let_go(&self, count: usize) {
        self.0.go.add_permits(count);
    }

    /// How often it was asked.
    pub fn reads(&self) -> usize {
        self.0.reads.load(Ordering::SeqCst)
    }

    /// How many reads were under way at one time, at most.
    pub fn most_under_way(&self) -> usize {
        self.0.most_under_way.load(Ordering::SeqCst)
    }
}

impl Archive for TestArchive {
    fn read(&self, range: SeqRange) -> ArchiveRead {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.read(range).await })
    }
}

impl Inner {
    async fn read(&self, range: SeqRange) -> Result<Vec<Arc<Published>>, ArchiveError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_under_way.fetch_max(now, Ordering::SeqCst);
        let read = self.give(range).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        read
    }

    async fn give(&self, range: SeqRange) -> Result<Vec<Arc<Published>>, ArchiveError> {
        let skipped = match self.conduct {
            Conduct::Gives => 0,
            Conduct::Waits => {
                self.go.acquire().await.unwrap().forget();
                0
            }
            Conduct::Fails => return Err(ArchiveError::Failed("the disk is gone".to_owned())),
            Conduct::Panics => panic!("the archive panics, as the test wants it"),
            Conduct::Skips => 1,
        };
        let events = self.events.lock().unwrap();
        let range = events.range(range.after.next()..=range.until);
        Ok(range
            .skip(skipped)
            .map(|(_, event)| Arc::clone(event))
            .collect())
    }
}
