//! The history, opened, and the way to the thread that writes it.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::error::StoreError;
use super::keeper::Keeper;
use super::previous::{Previous, previous};
use super::reader::Reader;
use super::retention;
use super::settings::{Counts, Figures, Message, Settings};
use super::store::Store;
use crate::hub::{Published, SeqRange};
use crate::ids::{Epoch, PaneId, Seq};
use crate::model::State;
use crate::screen::PaneSnapshot;

/// How much may wait to be gathered, in bytes as the log counts them. Beyond it the sink waits, and the log is the buffer.
const QUEUE: usize = 16 << 20;

/// The history, opened and not yet written.
#[derive(Debug)]
pub struct History {
    store: Store,
    settings: Settings,
}

/// Takes what the log brings. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Inner>);

/// Panes of which the history wants a snapshot.
pub type Wishes = mpsc::UnboundedReceiver<PaneId>;

#[derive(Debug)]
struct Inner {
    sender: Mutex<Option<Sender<Message>>>,
    room: Arc<Semaphore>,
    counts: Arc<Counts>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The last place that was taken.
    taken: watch::Sender<Seq>,
    path: PathBuf,
    rules: (Vec<String>, bool),
}

impl History {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// It can't be used; the error says why and what to do.
    pub fn open(settings: Settings) -> Result<Self, StoreError> {
        let store = Store::open(&settings.path)?;
        if let Some(aside) = &store.set_aside {
            tracing::error!(
                path = %store.path.display(), moved_to = %aside.display(),
                "the history was damaged: it was set aside, and a new one is begun"
            );
        }
        Ok(Self { store, settings })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.settings.path
    }

    /// Where a damaged file was put, if there was one.
    #[must_use]
    pub fn set_aside(&self) -> Option<PathBuf> {
        self.store.set_aside.clone()
    }

    /// What the last run left, if its log can go on.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn previous(&self) -> Result<Option<Previous>, StoreError> {
        previous(&self.store.connection)
    }

    /// Begins to write the log of this name behind this place. The recorder takes what is published, the wishes say of which
    /// panes a snapshot is wanted.
    ///
    /// # Errors
    /// The file can't be written, the rules can't be used, or there is no thread.
    pub fn start(
        self,
        epoch: &Epoch,
        after: Seq,
        previous: Option<&Previous>,
    ) -> Result<(Recorder, Wishes), StoreError> {
        let Self {
            mut store,
            settings,
        } = self;
        let run = retention::begin_run(&mut store, epoch, &settings.host, (after, previous))?;
        let counts = Arc::new(Counts::default());
        counts.written.store(after.0, Ordering::Release);
        let (sender, receiver) = channel();
        let (wishes, wanted) = mpsc::unbounded_channel();
        let (path, rules) = (settings.path.clone(), settings.rules.clone());
        let previous = previous.map(|previous| {
            let server = previous.state.server.as_ref();
            let server = server.map_or((0, 0), |server| (server.pid, server.start_time));
            (server, previous.offsets.clone())
        });
        let keeper = Keeper::new(
            (store, settings),
            (epoch.clone(), after, run),
            previous,
            (Arc::clone(&counts), wishes),
        );
        let thread = thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || keeper.run(&receiver))?;
        let inner = Inner {
            sender: Mutex::new(Some(sender)),
            room: Arc::new(Semaphore::new(QUEUE)),
            counts,
            thread: Mutex::new(Some(thread)),
            taken: watch::Sender::new(after),
            path,
            rules,
        };
        Ok((Recorder(Arc::new(inner)), wanted))
    }
}

impl Recorder {
    /// Takes an event, as soon as there is room for it. Cancel safe.
    pub async fn event(&self, event: Arc<Published>) {
        let cost = u32::try_from(event.cost().min(QUEUE)).unwrap_or(u32::MAX);
        let Ok(room) = Arc::clone(&self.0.room).acquire_many_owned(cost).await else {
            return;
        };
        let seq = event.seq;
        self.send(Message::Event(event, room));
        self.0.taken.send_replace(seq);
    }

    /// These events were gone before they could be taken.
    pub fn missed(&self, range: SeqRange) {
        self.send(Message::Missed(range));
        self.0.taken.send_replace(range.until);
    }

    /// The place up to which the file has everything.
    #[must_use]
    pub fn written(&self) -> Seq {
        Seq(self.0.counts.written.load(Ordering::Acquire))
    }

    /// The state behind an event that was taken.
    pub fn state(&self, state: Arc<State>, seq: Seq) {
        self.send(Message::State(state, seq));
    }

    /// A snapshot that was wanted; none if it can't be had now.
    pub fn seed(&self, pane: PaneId, snapshot: Option<Arc<PaneSnapshot>>) {
        self.send(match snapshot {
            Some(snapshot) => Message::Seed(pane, snapshot),
            None => Message::Unseen(pane),
        });
    }

    /// Writes what was taken until now, and waits for it.
    pub async fn flush(&self) {
        let (done, waits) = oneshot::channel();
        self.send(Message::Flush(done));
        // The thread ends only once it has written everything.
        let _ = waits.await;
    }

    /// Waits until all up to this place has been given to the file, which may refuse it: [`Self::written`] says so.
    pub async fn flushed(&self, place: Seq) {
        let mut taken = self.0.taken.subscribe();
        // It is not closed as long as this has the other end.
        let _ = taken.wait_for(|taken| *taken >= place).await;
        self.flush().await;
    }

    /// Writes everything, and ends. It blocks.
    pub fn close(&self) {
        drop(self.lock_sender().take());
        let thread = self
            .0
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the history's thread panicked");
        }
    }

    /// What it has come to.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.0.counts.figures()
    }

    /// What can be asked of the file.
    ///
    /// # Errors
    /// There is no thread for it.
    pub fn open_reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.0.path, self.0.rules.clone())
    }

    fn send(&self, message: Message) {
        if let Some(sender) = &*self.lock_sender() {
            // The thread ends only when there is no sender, or by a panic, which is told when it is joined.
            let _ = sender.send(message);
        }
    }

    fn lock_sender(&self) -> std::sync::MutexGuard<'_, Option<Sender<Message>>> {
        self.0.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
