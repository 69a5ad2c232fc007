//! Web Push in a running server: who is told, whose that is, and what became of what was sent.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use data_encoding::BASE32_NOPAD;
use jiff::Timestamp;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};

use super::endpoint::EndpointRules;
use super::form::NewSubscription;
use super::store::{PushStore, PushStoreError};
use super::subjects::{Standing, Subject, subjects_of};
use super::subscription::{Kind, Subscription};
use super::vapid::VapidKey;
use crate::auth::{Authenticator, Bond, Permission, Principal, Redact};
use crate::file_watch::{Complaint, FileWatch, Timing, blocking};
use crate::hub::Hub;

/// Random bytes of a subscription's name.
const NAME: usize = 5;
/// The part of all subscriptions that one holder may have.
const SHARE: usize = 8;
/// How many deliveries are remembered of each.
const DELIVERIES: usize = 20;
/// Tests that wait for their turn.
const TESTS: usize = 8;

/// How a server pushes.
#[derive(Debug, Clone)]
pub struct PushSettings {
    /// Whom a push service can write to about this server: an address of mail or the web; it may be empty.
    pub subject: String,
    /// Where may be sent to.
    pub endpoints: EndpointRules,
    /// How many subscriptions there may be; one holder may have an eighth of them.
    pub most: usize,
}

/// Why something can't be done.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The files.
    #[error(transparent)]
    Store(#[from] PushStoreError),
    /// There are as many as there may be.
    #[error("too many browsers are subscribed: remove one with `muxwire push remove`")]
    TooMany,
    /// The system gives no random numbers.
    #[error("the system's random generator doesn't answer: {0}")]
    Random(#[from] getrandom::Error),
    /// Its holder may see nothing, so there is nothing to be told.
    #[error("this token may not read, so there is nothing that it could be told of")]
    MayNotRead,
    /// There is no such subscription, or no longer.
    #[error("there is no such subscription")]
    Unknown,
    /// Tests wait already.
    #[error("a test is under way: wait for it")]
    Busy,
    /// Nothing is sent any more.
    #[error("the server is stopping")]
    Stopping,
}

/// What became of something that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A push service has taken it.
    Taken,
    /// It could not be sent, and why.
    Failed(String),
}

/// Something that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// When it was decided.
    pub at: Timestamp,
    /// What it told of; nothing for a test.
    pub kind: Option<Kind>,
    /// Its title.
    pub title: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// The last deliveries of one subscription, the newest first.
pub type DeliveryLog = VecDeque<Delivery>;

/// A test that somebody asks for.
#[derive(Debug)]
pub struct TestRequest {
    /// The subscription.
    pub id: String,
    /// What became of it.
    pub reply: oneshot::Sender<Outcome>,
}

/// Records that a subscription is over, and why.
type Recorder = dyn Fn(&Subscription, &'static str) + Send + Sync;

/// All subscriptions of a state directory, and those of this server among them. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct PushDesk(Arc<Desk>);

struct Desk {
    store: PushStore,
    settings: PushSettings,
    authenticator: Option<Authenticator>,
    redact: Redact,
    recorder: Box<Recorder>,
    /// The address that this server listens on, once it does.
    server: OnceLock<String>,
    known: watch::Sender<Arc<[Subscription]>>,
    /// Held while they are changed, so that what is published is what was written last.
    changing: AsyncMutex<()>,
    key: AsyncMutex<Option<VapidKey>>,
    deliveries: Mutex<HashMap<String, DeliveryLog>>,
    /// Those that subscribed since somebody looked for them last.
    fresh: Mutex<HashSet<String>>,
    tests: mpsc::Sender<TestRequest>,
    asked: AsyncMutex<mpsc::Receiver<TestRequest>>,
}

impl fmt::Debug for PushDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushDesk")
            .field("subscriptions", &self.0.known.borrow().len())
            .finish_non_exhaustive()
    }
}

impl PushDesk {
    /// That of a state directory. `recorder` is told of subscriptions that end by themselves.
    #[must_use]
    pub fn new(
        state_directory: &Path,
        settings: PushSettings,
        (authenticator, redact): (Option<Authenticator>, Redact),
        recorder: impl Fn(&Subscription, &'static str) + Send + Sync + 'static,
    ) -> Self {
        let (tests, asked) = mpsc::channel(TESTS);
        Self(Arc::new(Desk {
            store: PushStore::new(state_directory),
            settings,
            authenticator,
            redact,
            recorder: Box::new(recorder),
            server: OnceLock::new(),
            known: watch::Sender::new(Arc::from([])),
            changing: AsyncMutex::default(),
            key: AsyncMutex::default(),
            deliveries: Mutex::default(),
            fresh: Mutex::default(),
            tests,
            asked: AsyncMutex::new(asked),
        }))
    }

    /// Reads the file of subscriptions, and again whenever it changes, for ever. One that can't be used leaves in force what was.
    pub async fn follow(self) {
        let file = self.0.store.file();
        let mut watch = blocking(move || FileWatch::new(vec![file], Timing::FILE)).await;
        let mut complaint = Complaint::default();
        loop {
            match self.read().await {
                Ok(()) => complaint.clear(),
                Err(error) => {
                    if complaint.is_new(&error) {
                        tracing::error!(%error, "subscriptions for push can't be read: those known before stay in force");
                    }
                }
            }
            watch.changed().await;
        }
    }

    async fn read(&self) -> Result<(), PushStoreError> {
        let _turn = self.0.changing.lock().await;
        let store = self.0.store.clone();
        let all = blocking(move || store.list()).await?;
        self.publish(all);
        Ok(())
    }

    fn publish(&self, all: Vec<Subscription>) {
        let mut deliveries = self.deliveries();
        deliveries.retain(|id, _| all.iter().any(|one| one.id == *id));
        drop(deliveries);
        self.fresh()
            .retain(|id| all.iter().any(|one| one.id == *id));
        self.0.known.send_if_modified(|known| {
            let is_new = known[..] != all[..];
            if is_new {
                *known = all.into();
            }
            is_new
        });
    }

    /// The server listens on this address: subscriptions that were made there are its own.
    pub fn listens_on(&self, address: SocketAddr) {
        // A server listens once.
        drop(self.0.server.set(address.to_string()));
        self.0.known.send_modify(|_| ());
    }

    /// How it pushes.
    #[must_use]
    pub fn settings(&self) -> &PushSettings {
        &self.0.settings
    }

    /// The subscriptions, as they change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Arc<[Subscription]>> {
        self.0.known.subscribe()
    }

    /// Those of this server, those that subscribed last at the end.
    #[must_use]
    pub fn own(&self) -> Vec<Subscription> {
        let Some(server) = self.0.server.get() else {
            return Vec::new();
        };
        let known = self.0.known.borrow();
        let own = known.iter().filter(|one| one.server == *server);
        own.cloned().collect()
    }

    /// The tokens in force as they change, if anybody is asked for one.
    #[must_use]
    pub fn authenticator(&self) -> Option<&Authenticator> {
        self.0.authenticator.as_ref()
    }

    /// Whom a subscription is of, as that is now; nothing once it is over, or may see nothing.
    #[must_use]
    pub fn holder(&self, subscription: &Subscription, now: Timestamp) -> Option<Principal> {
        let authenticator = self.0.authenticator.as_ref();
        let principal = subscription.bond.holder(authenticator, now)?;
        if principal.is_redacted() && !self.0.redact.is_on() {
            return None;
        }
        let principal = self.0.redact.applied_to(principal);
        principal.may(Permission::Read).then_some(principal)
    }

    /// All that there is to tell this subscription's holder of now; nothing once it has none.
    #[must_use]
    pub fn subjects(
        &self,
        subscription: &Subscription,
        hub: &Hub,
        standing: &Standing,
        now: Timestamp,
    ) -> Option<Vec<Subject>> {
        let holder = self.holder(subscription, now)?;
        let (state, _) = hub.snapshot_for(holder.is_redacted());
        Some(subjects_of(&state, &holder, standing))
    }

    /// The server's key, which is made when it is first asked for.
    ///
    /// # Errors
    /// It can't be read or made.
    pub async fn key(&self) -> Result<VapidKey, PushStoreError> {
        let mut known = self.0.key.lock().await;
        if let Some(key) = &*known {
            return Ok(key.clone());
        }
        let store = self.0.store.clone();
        let key = blocking(move || store.key()).await?;
        *known = Some(key.clone());
        Ok(key)
    }

    /// A browser of this holder subscribes, or says anew what it wants. Returns what it is called, and which others had to go for it.
    ///
    /// # Errors
    /// There is no room, nothing to be told, or the file can't be written.
    pub async fn subscribe(
        &self,
        new: NewSubscription,
        holder: &Principal,
        browser: Option<String>,
        now: Timestamp,
    ) -> Result<(Subscription, Vec<Subscription>), PushError> {
        let bond = Bond::of(holder).filter(|_| holder.may(Permission::Read));
        let mut name = [0; NAME];
        getrandom::fill(&mut name)?;
        let subscription = Subscription {
            id: BASE32_NOPAD.encode(&name).to_lowercase(),
            endpoint: new.endpoint,
            keys: new.keys,
            bond: bond.ok_or(PushError::MayNotRead)?,
            name: holder.name().to_owned(),
            browser,
            server: self.0.server.get().cloned().unwrap_or_default(),
            device: new.device,
            created: now,
            wishes: new.wishes,
        };
        let most = self.0.settings.most;
        let _turn = self.0.changing.lock().await;
        let store = self.0.store.clone();
        let admitted = blocking(move || store.change(|all| admit(all, subscription, most))).await?;
        let (all, admitted) = admitted;
        let admitted = admitted?;
        let id = admitted.0.id.clone();
        self.publish(all);
        self.fresh().insert(id);
        // It is known from here on also if it says nothing new.
        self.0.known.send_modify(|_| ());
        Ok(admitted)
    }

    /// Those of this server that are meant are told no longer. Returns them.
    ///
    /// # Errors
    /// The file can't be written: they are told no longer all the same, until the server is restarted.
    pub async fn remove(
        &self,
        is_meant: impl Fn(&Subscription) -> bool,
    ) -> Result<Vec<Subscription>, PushError> {
        let meant: Vec<String> = self
            .own()
            .into_iter()
            .filter(|one| is_meant(one))
            .map(|one| one.id)
            .collect();
        if meant.is_empty() {
            return Ok(Vec::new());
        }
        let without = move |all: &mut Vec<Subscription>| {
            let (gone, left) = std::mem::take(all)
                .into_iter()
                .partition(|one| meant.contains(&one.id));
            *all = left;
            gone
        };
        let outcome = self.change(without.clone()).await;
        if outcome.is_err() {
            let mut all = self.0.known.borrow().to_vec();
            without(&mut all);
            self.publish(all);
        }
        outcome
    }

    /// One of this server ends by itself, for this reason.
    pub async fn end(&self, id: &str, reason: &'static str) {
        match self.remove(|one| one.id == id).await {
            Ok(gone) => {
                for one in gone {
                    tracing::info!(subscription = one.id, reason, "a browser is told no longer");
                    (self.0.recorder)(&one, reason);
                }
            }
            Err(error) => {
                tracing::error!(%error, "a subscription for push is over, and stays in its file");
            }
        }
    }

    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Vec<Subscription>) -> T + Send + 'static,
    ) -> Result<T, PushError> {
        let _turn = self.0.changing.lock().await;
        let store = self.0.store.clone();
        let (all, outcome) = blocking(move || store.change(change)).await?;
        self.publish(all);
        Ok(outcome)
    }

    /// What was sent to a subscription, the newest first.
    #[must_use]
    pub fn delivered(&self, id: &str) -> DeliveryLog {
        self.deliveries().get(id).cloned().unwrap_or_default()
    }

    /// Remembers what became of something that was sent.
    pub fn note(&self, id: &str, delivery: Delivery) {
        if !self.0.known.borrow().iter().any(|one| one.id == id) {
            return;
        }
        let mut deliveries = self.deliveries();
        let log = deliveries.entry(id.to_owned()).or_default();
        log.push_front(delivery);
        log.truncate(DELIVERIES);
    }

    /// Sends a test the whole way, and waits for what becomes of it.
    ///
    /// # Errors
    /// Too many wait, or nothing is sent any more.
    pub async fn test(&self, id: &str) -> Result<Outcome, PushError> {
        let (reply, outcome) = oneshot::channel();
        let request = TestRequest {
            id: id.to_owned(),
            reply,
        };
        self.0
            .tests
            .try_send(request)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => PushError::Busy,
                mpsc::error::TrySendError::Closed(_) => PushError::Stopping,
            })?;
        outcome.await.map_err(|_| PushError::Unknown)
    }

    /// The next test that is asked for. Cancel safe.
    pub async fn asked_test(&self) -> Option<TestRequest> {
        self.0.asked.lock().await.recv().await
    }

    /// Whether this one has subscribed since that was asked last: somebody is at that browser and looks.
    #[must_use]
    pub fn is_fresh(&self, id: &str) -> bool {
        self.fresh().remove(id)
    }

    fn fresh(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it holds is whole after each statement.
    fn deliveries(&self) -> MutexGuard<'_, HashMap<String, DeliveryLog>> {
        let deliveries = self.0.deliveries.lock();
        deliveries.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds a subscription, or puts it in the place of the one with the same endpoint. A holder who has too many loses the one that
/// subscribed the longest ago.
fn admit(
    all: &mut Vec<Subscription>,
    mut new: Subscription,
    most: usize,
) -> Result<(Subscription, Vec<Subscription>), PushError> {
    let mut gone = Vec::new();
    if let Some(place) = all.iter().position(|one| one.endpoint == new.endpoint) {
        let before = all.remove(place);
        if before.bond == new.bond && before.server == new.server {
            new.id = before.id;
            new.created = before.created;
        } else {
            gone.push(before);
        }
    }
    let is_own = |one: &Subscription| one.bond.id_text() == new.bond.id_text();
    let own = all.iter().filter(|one| is_own(one)).count();
    if own >= most.div_ceil(SHARE) {
        let oldest = all.iter().position(is_own);
        gone.extend(oldest.map(|oldest| all.remove(oldest)));
    }
    if all.len() >= most {
        return Err(PushError::TooMany);
    }
    all.push(new.clone());
    Ok((new, gone))
}
