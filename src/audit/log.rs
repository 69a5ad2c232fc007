//! The handle of the log, and the thread that writes it.
//!
//! Lines are written in the order in which they were handed in, many at a time when many wait. What has to be recorded before
//! it is done is done by that thread, behind the write of its line: so it stays in order, and nothing is done unrecorded.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::allowance::Allowance;
use super::chain::{Chain, ChainError, Flush, Limits};
use super::entry::{Act, Who};
use super::folder::FolderError;
use super::queue::{Nothing, Queue, QueueReceiver};

/// Lines that may wait to be written. While the disk keeps up there are a handful; beyond it, what has to be recorded first is
/// refused, and the rest counted.
const QUEUE: usize = 8192;
/// The most lines of one write.
const BATCH: usize = 512;
/// The most bytes of content of one write, about.
const BATCH_BYTES: usize = 1 << 20;
/// How often what was written is brought to the disk.
const FLUSH: Duration = Duration::from_secs(1);
/// How often the log is tried again while it can't be written.
const RETRY: Duration = Duration::from_secs(1);
/// How many lines strangers get: at once, and then one each so often.
const STRANGERS: (u32, Duration) = (200, Duration::from_millis(50));

/// It can't be recorded, so it is not to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the audit log can't be written now, so nothing is done that has to stand there; try again later"
)]
pub struct Unavailable;

/// What the log has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Lines written.
    pub lines: u64,
    /// What was refused since it could not be recorded.
    pub refused: u64,
    /// Lines that are missing: they could not be written, or were too many.
    pub unrecorded: u64,
    /// Times that the disk would not take what was written.
    pub failed_flushes: u64,
    /// Whether the last write went well.
    pub available: bool,
}

/// The log. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Log(Option<Arc<LogInner>>);

#[derive(Debug)]
struct LogInner {
    queue: Arc<Queue<Message>>,
    counts: Arc<Counts>,
    strangers: Mutex<Allowance>,
    path: PathBuf,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Counts {
    lines: AtomicU64,
    refused: AtomicU64,
    unrecorded: AtomicU64,
    failed_flushes: AtomicU64,
    available: AtomicBool,
    /// Lines that were too many since the last one of these was recorded.
    flood: AtomicU64,
    /// Lines that could not be written since then.
    unwritten: AtomicU64,
}

struct Message {
    who: Who,
    act: Act,
    then: Option<Then>,
}

/// What is done once the line is written, or not.
type Then = Box<dyn FnOnce(Result<(), Unavailable>) + Send>;

impl Log {
    /// No log: nothing is recorded, and all may be done.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// Begins to write below a state directory.
    ///
    /// # Errors
    /// The files can't be used as they are. That the disk is full is none: writing is tried again.
    pub fn start(state_dir: &Path, limits: Limits) -> Result<Self, FolderError> {
        let chain = Chain::open(state_dir, limits)?;
        let path = chain.path().to_owned();
        let (queue, receiver) = Queue::bounded(QUEUE);
        let counts = Arc::new(Counts {
            lines: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unrecorded: AtomicU64::new(0),
            failed_flushes: AtomicU64::new(0),
            available: AtomicBool::new(true),
            flood: AtomicU64::new(0),
            unwritten: AtomicU64::new(0),
        });
        note(&counts, chain.note_end());
        let writer = Writer {
            chain,
            receiver,
            counts: Arc::clone(&counts),
            unflushed: None,
        };
        let spawned = thread::Builder::new().name("audit".to_owned());
        let spawned = spawned.spawn(move || writer.run());
        let thread = spawned.map_err(super::folder::failed("start the writer of", &path))?;
        let log = Self(Some(Arc::new(LogInner {
            queue,
            counts,
            strangers: Mutex::new(Allowance::new(STRANGERS.0, STRANGERS.1)),
            path,
            thread: Mutex::new(Some(thread)),
        })));
        let pid = std::process::id();
        log.record(&Who::server(), Act::Started { pid });
        Ok(log)
    }

    /// The folder that it is written to; nothing if it is off.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        Some(&self.0.as_ref()?.path)
    }

    /// What it has come to; nothing if it is off.
    #[must_use]
    pub fn figures(&self) -> Option<Figures> {
        let counts = &self.0.as_ref()?.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Some(Figures {
            lines: read(&counts.lines),
            refused: read(&counts.refused),
            unrecorded: read(&counts.unrecorded),
            failed_flushes: read(&counts.failed_flushes),
            available: counts.available.load(Ordering::Relaxed),
        })
    }

    /// Records something that is done in any case.
    pub fn record(&self, who: &Who, act: Act) {
        self.hand_in(who, act, None);
    }

    /// Records what somebody does who has shown nothing yet, as long as there are not too many of them.
    pub fn record_stranger(&self, who: &Who, act: Act) {
        let Some(shared) = &self.0 else { return };
        let now = Instant::now();
        let takes = lock(&shared.strangers).take(now);
        if takes {
            self.record(who, act);
        } else {
            self.leave_out();
        }
    }

    /// Counts something that is not recorded since it would be too much.
    pub fn leave_out(&self) {
        if let Some(shared) = &self.0 {
            shared.counts.flood.fetch_add(1, Ordering::Relaxed);
            shared.counts.unrecorded.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Records something, and then does it, in the order of these calls; or says that it must not be done. `then` runs on the
    /// log's own thread, and must not wait.
    pub fn before(
        &self,
        who: &Who,
        act: Act,
        then: impl FnOnce(Result<(), Unavailable>) + Send + 'static,
    ) {
        if self.0.is_none() {
            return then(Ok(()));
        }
        self.hand_in(who, act, Some(Box::new(then)));
    }

    /// Records something; ready when it stands there.
    pub fn written(
        &self,
        who: &Who,
        act: Act,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send + 'static {
        let (sender, receiver) = oneshot::channel();
        self.before(who, act, move |recorded| {
            // The caller may be gone.
            let _ = sender.send(recorded);
        });
        async move { receiver.await.unwrap_or(Err(Unavailable)) }
    }

    /// Records that the server stops, and waits until all stands on the disk.
    pub fn close(&self) {
        let Some(shared) = &self.0 else { return };
        self.record(&Who::server(), Act::Stopped);
        shared.queue.close();
        let thread = lock(&shared.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a defect ended the writer of the audit log");
        }
    }

    fn hand_in(&self, who: &Who, act: Act, then: Option<Then>) {
        let Some(shared) = &self.0 else { return };
        let message = Message {
            who: who.clone(),
            act,
            then,
        };
        if let Err(message) = shared.queue.put(message) {
            shared.counts.fail(message.then);
        }
    }
}

impl Drop for LogInner {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Counts {
    /// A line is not written.
    fn fail(&self, then: Option<Then>) {
        if let Some(then) = then {
            self.refused.fetch_add(1, Ordering::Relaxed);
            then(Err(Unavailable));
        } else {
            self.unwritten.fetch_add(1, Ordering::Relaxed);
            self.unrecorded.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the thread holds.
struct Writer {
    chain: Chain,
    receiver: QueueReceiver<Message>,
    counts: Arc<Counts>,
    /// When the first line was written that is not known to be on the disk.
    unflushed: Option<Instant>,
}

impl Writer {
    fn run(mut self) {
        let (flushes, flusher) = flusher(Arc::clone(&self.counts));
        loop {
            let message = match self.wait() {
                Ok(message) => Some(message),
                Err(Nothing::Yet) => None,
                Err(Nothing::More) => break,
            };
            let batch = self.batch(message);
            self.write(batch);
            if self.unflushed.is_some_and(|since| since.elapsed() >= FLUSH) {
                // Without a descriptor to spare it is tried again.
                let flush = self.chain.flush();
                self.unflushed = flush.is_none().then(Instant::now);
                // The flusher ends with this thread, and not before.
                let _ = flush.map(|flush| flushes.send(flush));
            }
        }
        self.write(Vec::new());
        drop(flushes);
        if let Some(flusher) = flusher {
            let _ = flusher.join();
        }
        if let Some(flush) = self.chain.flush() {
            note(&self.counts, flush.run());
        }
    }

    /// The next message, or the time to flush or to try again.
    fn wait(&self) -> Result<Message, Nothing> {
        let flush_at = self.unflushed.map(|since| since + FLUSH);
        let waits = self.counts.unwritten.load(Ordering::Relaxed) > 0
            || self.counts.flood.load(Ordering::Relaxed) > 0
            || !self.counts.available.load(Ordering::Relaxed);
        let retry_at = waits.then(|| Instant::now() + RETRY);
        self.receiver
            .take(flush_at.into_iter().chain(retry_at).min())
    }

    /// All that waits, up to a bound.
    fn batch(&self, first: Option<Message>) -> Vec<Message> {
        let mut batch: Vec<Message> = first.into_iter().collect();
        let mut bytes: usize = batch.iter().map(Message::bytes).sum();
        while !batch.is_empty() && batch.len() < BATCH && bytes < BATCH_BYTES {
            let Some(message) = self.receiver.take_now() else {
                break;
            };
            bytes += message.bytes();
            batch.push(message);
        }
        batch
    }

    /// Writes these lines, and before them how many are missing; then does what waits for that.
    fn write(&mut self, batch: Vec<Message>) {
        let missing = [
            ("unwritable", &self.counts.unwritten),
            ("too_many", &self.counts.flood),
        ];
        let missing = missing.map(|(reason, count)| (reason, count, count.load(Ordering::Relaxed)));
        let server = Who::server();
        let left_out = missing.iter().filter(|(_, _, count)| *count > 0);
        let left_out = left_out.map(|(reason, _, count)| Act::Unrecorded {
            reason,
            count: *count,
        });
        let own: Vec<Act> = self.chain.repair().into_iter().chain(left_out).collect();
        if batch.is_empty() && own.is_empty() {
            return;
        }
        let lines = own.len() + batch.len();
        let entries = own.iter().map(|act| (&server, act));
        let entries = entries.chain(batch.iter().map(|message| (&message.who, &message.act)));
        let written = self.chain.append(entries, Timestamp::now());
        match &written {
            Ok(()) => {
                for (_, count, recorded) in missing {
                    count.fetch_sub(recorded, Ordering::Relaxed);
                }
                self.counts.lines.fetch_add(lines as u64, Ordering::Relaxed);
                self.unflushed.get_or_insert_with(Instant::now);
            }
            Err(error) => self.log_failure(error),
        }
        if written.is_ok() && !self.counts.available.swap(true, Ordering::Relaxed) {
            tracing::info!("the audit log can be written again");
        }
        for message in batch {
            match (&written, message.then) {
                (Ok(()), Some(then)) => then(Ok(())),
                (Ok(()), None) => {}
                (Err(_), then) => self.counts.fail(then),
            }
        }
    }

    fn log_failure(&self, error: &ChainError) {
        if self.counts.available.swap(false, Ordering::Relaxed) {
            tracing::error!(%error, "the audit log can't be written: input is refused until it can");
        }
    }
}

impl Message {
    fn bytes(&self) -> usize {
        match &self.act {
            Act::Input { typed, .. } => typed.bytes(),
            _ => 0,
        }
    }
}

/// A thread that brings to the disk what was written, so that no key waits for that.
fn flusher(counts: Arc<Counts>) -> (Sender<Flush>, Option<JoinHandle<()>>) {
    let (sender, receiver) = channel::<Flush>();
    let spawned = thread::Builder::new().name("audit-flush".to_owned());
    let spawned = spawned.spawn(move || {
        while let Ok(flush) = receiver.recv() {
            // If the disk is slow several wait: the last one is for all of them.
            let flush = receiver.try_iter().last().unwrap_or(flush);
            note(&counts, flush.run());
        }
    });
    match spawned {
        Ok(thread) => (sender, Some(thread)),
        Err(error) => {
            tracing::error!(%error, "what is recorded in the audit log is brought to the disk at the end only");
            (sender, None)
        }
    }
}

fn note(counts: &Counts, flushed: Result<(), FolderError>) {
    if let Err(error) = flushed {
        if counts.failed_flushes.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!(%error, "the audit log could not be brought to the disk");
        } else {
            tracing::debug!(%error, "the audit log could not be brought to the disk");
        }
    }
}

/// What the locks guard is whole after each statement, so a panic elsewhere leaves it usable.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Message").field(&self.act).finish()
    }
}
