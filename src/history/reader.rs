//! Who answers questions: threads of a low priority, each with a connection of its own that can't write.
//!
//! A question is bounded in time and ends when nobody waits for its answer any more. SQLite asks every few thousand steps
//! whether it is to go on, and so do all loops here.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::oneshot;

use super::cache::ChunkCache;
use super::chunk::Chunk;
use super::error::StoreError;
use super::store::open_for_reading;
use crate::background::lower_priority;
use crate::redact;

/// How many questions are answered at one time.
const THREADS: usize = 2;

/// How many may wait for their turn.
const WAITING: usize = 64;

/// After how many steps of SQLite it is looked whether the question is to go on.
const STEPS: i32 = 4000;

/// How long a question may take, without its wait for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit(pub Duration);

impl Default for TimeLimit {
    /// Two seconds: what takes longer is asked for less.
    fn default() -> Self {
        Self(Duration::from_secs(2))
    }
}

/// Answers questions about what is kept. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Reader {
    inner: Arc<Inner>,
    limit: TimeLimit,
}

#[derive(Debug)]
struct Inner {
    jobs: SyncSender<Job>,
    rules: (Vec<String>, bool),
    built: OnceLock<Option<Arc<redact::Rules>>>,
}

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// What a thread answers with.
struct Desk {
    path: PathBuf,
    connection: Option<(u64, Connection)>,
    cache: Arc<ChunkCache>,
}

/// A question that is being answered.
pub(super) struct Asked<'a> {
    pub(super) connection: &'a Connection,
    cache: &'a ChunkCache,
    until: Instant,
    gone: Arc<AtomicBool>,
}

/// Says that nobody waits for the answer any more, once it is dropped.
struct Waits(Arc<AtomicBool>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Reader {
    /// Reads this file, with these rules for secrets where they were kept.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn open(path: &Path, rules: (Vec<String>, bool)) -> Result<Self, StoreError> {
        let (jobs, receiver) = sync_channel::<Job>(WAITING);
        let receiver = Arc::new(Mutex::new(receiver));
        let cache = Arc::new(ChunkCache::default());
        for _ in 0..THREADS {
            let receiver = Arc::clone(&receiver);
            let desk = Desk {
                path: path.to_owned(),
                connection: None,
                cache: Arc::clone(&cache),
            };
            thread::Builder::new()
                .name("history-reader".to_owned())
                .spawn(move || desk.run(&receiver))?;
        }
        let inner = Inner {
            jobs,
            rules,
            built: OnceLock::new(),
        };
        Ok(Self {
            inner: Arc::new(inner),
            limit: TimeLimit::default(),
        })
    }

    /// The same with another limit for each question.
    #[must_use]
    pub fn within(&self, limit: TimeLimit) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            limit,
        }
    }

    /// What is secret, for what was kept as it is; nothing if nothing is.
    pub(super) fn rules(&self) -> Option<Arc<redact::Rules>> {
        let built = self.inner.built.get_or_init(|| {
            let (own, defaults) = &self.inner.rules;
            let rules = redact::Rules::new(own, *defaults).ok()?;
            (!rules.is_empty()).then(|| Arc::new(rules))
        });
        built.clone()
    }

    /// Answers a question on another thread. It ends early if the future is dropped.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        answer: impl FnOnce(&Asked<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = Arc::new(AtomicBool::new(false));
        let waits = Waits(Arc::clone(&gone));
        let (reply, replied) = oneshot::channel();
        let limit = self.limit;
        let job: Job = Box::new(move |desk| {
            let answered = desk.answer(limit, gone, answer);
            // Whoever asked may be gone.
            let _ = reply.send(answered);
        });
        self.inner.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Cancelled,
        })?;
        let answered = replied.await.unwrap_or(Err(StoreError::Cancelled));
        drop(waits);
        answered
    }
}

impl Desk {
    fn run(mut self, jobs: &Mutex<Receiver<Job>>) {
        lower_priority();
        loop {
            let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = job else { return };
            job(&mut self);
        }
    }

    fn answer<T>(
        &mut self,
        limit: TimeLimit,
        gone: Arc<AtomicBool>,
        answer: impl FnOnce(&Asked<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if gone.load(Ordering::Relaxed) {
            return Err(StoreError::Cancelled);
        }
        let cache = Arc::clone(&self.cache);
        let connection = self.connection()?;
        let until = Instant::now() + limit.0;
        let (is_gone, ended) = (Arc::clone(&gone), until);
        connection.progress_handler(
            STEPS,
            Some(move || is_gone.load(Ordering::Relaxed) || Instant::now() >= ended),
        )?;
        let asked = Asked {
            connection,
            cache: &cache,
            until,
            gone,
        };
        let answered = answer(&asked).map_err(|error| asked.interrupted(error));
        drop(asked);
        connection.progress_handler(0, None::<fn() -> bool>)?;
        answered
    }

    /// The connection to the file that is there now: a damaged one may have been set aside.
    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        let file = fs::metadata(&self.path)?.ino();
        if self.connection.as_ref().is_none_or(|(of, _)| *of != file) {
            if self.connection.is_some() {
                self.cache.clear();
            }
            self.connection = Some((file, open_for_reading(&self.path)?));
        }
        match &mut self.connection {
            Some((_, connection)) => Ok(connection),
            None => Err(StoreError::Cancelled),
        }
    }
}

impl Asked<'_> {
    /// Whether the question is to go on.
    ///
    /// # Errors
    /// It has taken too long, or nobody waits for the answer.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.gone.load(Ordering::Relaxed) {
            return Err(StoreError::Cancelled);
        }
        match Instant::now() >= self.until {
            true => Err(StoreError::TooLong),
            false => Ok(()),
        }
    }

    /// Whether the time is nearly over, so that what was found is given.
    pub(super) fn is_nearly_over(&self) -> bool {
        Instant::now() + Duration::from_millis(20) >= self.until
    }

    fn interrupted(&self, error: StoreError) -> StoreError {
        let is_interrupt = matches!(
            &error,
            StoreError::Sqlite(rusqlite::Error::SqliteFailure(error, _))
                if error.code == rusqlite::ErrorCode::OperationInterrupted
        );
        match is_interrupt {
            true => self.check().err().unwrap_or(StoreError::TooLong),
            false => error,
        }
    }

    /// A chunk, of memory if it was read lately.
    pub(super) fn chunk(&self, id: i64) -> Result<Arc<Chunk>, StoreError> {
        self.check()?;
        if let Some(chunk) = self.cache.get(id) {
            return Ok(chunk);
        }
        let data: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT data FROM chunks WHERE id = ?1")?
            .query_row(params![id], |row| row.get(0))
            .optional()?;
        let chunk = Arc::new(Chunk::read(&data.ok_or(StoreError::NotKept)?)?);
        self.cache.put(id, &chunk);
        Ok(chunk)
    }
}
