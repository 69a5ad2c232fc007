//! One connection: a client, its socket and the effects that are under way for it.
//!
//! Two tasks drive it, one at a time. Its own task reads, waits for effects, and writes once a socket that was full has
//! room again; the task of its shard ([`super::shard`]) brings what was published and the time. Each of them writes
//! with the waker of the connection's own task, so it is that task which a socket wakes.

mod following;
mod writing;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Instant;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info};

use super::admission::Admission;
use super::broadcast::{BroadcastGroup, BroadcastRound, Following};
use super::browser::SessionSocket;
use super::clock::now;
use super::dialect::Client;
use super::effects::{self, Begun, EffectTask, Ending};

use super::services::{AcceptedClient, Services};
use super::session::{ClientInfo, ClientStats, Dismissal, Effect, EffectResult};
use super::shard::{ShardClient, ShardSlot, Visited, WakeInterest};
use super::socket::{Happened, Socket};
use crate::audit::Who;
use crate::auth::Ended;
use crate::bridge::Listener;
use crate::metrics::Present;
use crate::wire::CloseCode;

/// How much one client may do before others get their turn: so many messages.
const TURN: usize = 32;

/// What can happen to a connection in its own task.
enum Event {
    Socket(Happened),
    /// All that waited is written.
    Written,
    /// The client has room for the next page of a snapshot.
    Page,
    /// The log has something that the shard did not bring, since it would have been too much at once.
    Behind,
    Done(EffectResult),
    Ended(Ended),
    Due,
    /// It has to go for others, before it has shown who it is.
    SentAway,
    Broken(io::Error),
    Over,
}

impl Event {
    /// How many messages it counts for.
    fn weight(&self) -> usize {
        match self {
            Self::Page => TURN,
            Self::Behind => TURN / 2,
            _ => 1,
        }
    }
}

/// A client that is connected. Nobody holds its lock while waiting.
pub(super) struct Connection<S>(Mutex<ConnectionState<S>>);

struct ConnectionState<S> {
    number: u64,
    socket: Socket<S>,
    client: Client,
    /// Wakes the connection's own task; `None` until that has run once.
    waker: Option<Waker>,
    /// `None` while there are none: most connections never ask for any.
    tasks: Option<Box<FuturesUnordered<EffectTask>>>,
    /// Those of them that give a window a size.
    resizes: Option<TaskTracker>,
    /// Reports when the principal's token ends.
    ended: Option<Ending>,
    /// The deadline is here.
    due: bool,
    /// The socket took no more when it was last written to.
    full: bool,
    /// It gets what others get too, and nothing else is to be done for it.
    following: Option<Following>,
    /// The group that it followed last, which it mostly follows again.
    group: Option<Arc<BroadcastGroup>>,
    /// The client sent Close first.
    left: bool,
    broken: Option<io::Error>,
    services: Arc<Services>,
    admission: Admission,
    /// The browser that it is of, with which it ends.
    browser: Option<SessionSocket>,
    /// It listens from when it is let in.
    listener: Option<Listener>,
    _present: Present,
}

/// The connection's own task.
pub(super) struct ConnectionTask<S> {
    connection: Arc<Connection<S>>,
    slot: ShardSlot,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A client whose handshake is done.
    pub(super) fn new(
        accepted: AcceptedClient,
        socket: Socket<S>,
        services: Arc<Services>,
    ) -> Arc<Self> {
        let AcceptedClient {
            number,
            credential,
            endpoint,
            identity,
            browser,
            admission,
        } = accepted;
        info!(client = number, "connected");
        let now = now();
        let context = Arc::clone(&services.context);
        let client_id = format!("c{number}");
        let mut client = Client::new(context, client_id, endpoint, identity, now);
        if let Some(credential) = credential {
            client.present(credential, now);
        }
        let mut state = ConnectionState {
            number,
            socket,
            client,
            waker: None,
            tasks: None,
            resizes: None,
            ended: None,
            due: false,
            full: false,
            following: None,
            group: None,
            left: false,
            broken: None,
            admission,
            browser,
            listener: None,
            _present: services.metrics.client(),
            services,
        };
        state.admit_browser(now);
        state.settle();
        Arc::new(Self(Mutex::new(state)))
    }

    /// `None` after a panic: then what the lock guards is not to be trusted, and the connection ends.
    fn lock(&self) -> Option<MutexGuard<'_, ConnectionState<S>>> {
        let mut state = self.0.lock().ok()?;
        state.follow_no_more();
        Some(state)
    }
}

impl<S> ConnectionTask<S> {
    pub(super) fn new(connection: Arc<Connection<S>>, slot: ShardSlot) -> Self {
        Self { connection, slot }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for ConnectionTask<S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let Some(mut state) = self.connection.lock() else {
            error!("a panic ended a connection");
            return Poll::Ready(());
        };
        if state.poll(cx).is_ready() {
            state.finish();
            return Poll::Ready(());
        }
        let interest = state.interest();
        drop(state);
        self.slot.update(interest);
        Poll::Pending
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> ShardClient for Connection<S> {
    fn published(&self, round: &mut BroadcastRound, now: Instant) -> Visited {
        let Ok(mut state) = self.0.lock() else {
            return Visited::Stands(None);
        };
        if state.follow(round, now) {
            return Visited::Unchanged;
        }
        state.follow_no_more();
        state.client.pump(now);
        Visited::Stands(state.after_visit(now))
    }

    fn due(&self) -> Option<WakeInterest> {
        let mut state = self.lock()?;
        state.due = true;
        state.wake();
        let interest = state.interest();
        // The connection's own task says when the next one is.
        Some(WakeInterest {
            deadline: None,
            ..interest
        })
    }

    fn stop(&self, now: Instant) -> Option<WakeInterest> {
        let mut state = self.lock()?;
        state.client.session_mut().shut_down(now);
        state.after_visit(now)
    }

    fn stats(&self, now: Instant) -> Option<ClientStats> {
        Some(self.lock()?.client.session_mut().stats(now))
    }

    fn info(&self, now: Instant) -> Option<ClientInfo> {
        self.lock()?.client.session().info(now)
    }

    fn dismiss(&self, dismissal: &Dismissal, now: Instant) -> Option<Who> {
        let mut state = self.lock()?;
        let gone = state.client.session_mut().dismiss(dismissal, now)?;
        state.settle();
        // Its own task writes it.
        state.wake();
        Some(gone)
    }

    fn wake(&self) {
        // The waker alone is whole whatever happened.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wake();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ConnectionState<S> {
    /// Ready when the connection is over.
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<()> {
        if !self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            self.waker = Some(cx.waker().clone());
        }
        let mut left = TURN;
        while left > 0 {
            let Poll::Ready(event) = self.poll_event(cx) else {
                return Poll::Pending;
            };
            left = left.saturating_sub(event.weight());
            let now = now();
            if !self.handle(event, now) || self.client.session().is_over(now) {
                return Poll::Ready(());
            }
            self.settle();
        }
        // All others have their turn first, those included for whom the kernel has something.
        let _ = pin!(tokio::task::yield_now()).poll(cx);
        Poll::Pending
    }

    fn poll_event(&mut self, cx: &mut TaskContext<'_>) -> Poll<Event> {
        if self.admission.poll_sent_away(cx).is_ready() {
            return Poll::Ready(Event::SentAway);
        }
        match self.write() {
            Ok(false) => {}
            Ok(true) => return Poll::Ready(Event::Written),
            Err(error) => return Poll::Ready(Event::Broken(error)),
        }
        let (send_queue, _) = self.client.session_mut().ends();
        if self.socket.is_done(send_queue) {
            return Poll::Ready(Event::Over);
        }
        let page = self.client.session().has_room_for_page();
        if !page && self.client.session().is_behind() {
            return Poll::Ready(Event::Behind);
        }
        if self.client.session().wants_input() {
            let (send_queue, _) = self.client.session_mut().ends();
            if let Poll::Ready(happened) = self.socket.poll_read(cx, send_queue) {
                return Poll::Ready(Event::Socket(happened));
            }
        }
        if let Some(tasks) = &mut self.tasks
            && let Poll::Ready(outcome) = tasks.poll_next_unpin(cx)
        {
            match outcome {
                Some(outcome) => return Poll::Ready(Event::Done(outcome)),
                None => self.tasks = None,
            }
        }
        if let Some(ended) = &mut self.ended
            && let Poll::Ready(ended) = ended.as_mut().poll(cx)
        {
            return Poll::Ready(Event::Ended(ended));
        }
        // Last of all: a client is not silent whose answer only has not been read, and may have closed the pane.
        match (std::mem::take(&mut self.due), page) {
            (true, _) => Poll::Ready(Event::Due),
            (false, true) => Poll::Ready(Event::Page),
            (false, false) => Poll::Pending,
        }
    }

    /// Returns whether the connection goes on.
    fn handle(&mut self, event: Event, now: Instant) -> bool {
        match event {
            Event::Socket(happened) => return self.on_socket(happened, now),
            Event::Written => self.client.on_written(now),
            Event::Page | Event::Behind => self.client.pump(now),
            Event::Done(outcome) => {
                self.note(&outcome);
                self.take_place(&outcome, now);
                self.client.on_effect_result(outcome, now);
            }
            Event::Ended(ended) => {
                self.ended = None;
                self.client.on_ended(ended, now);
            }
            Event::Due => self.client.on_deadline(now),
            Event::SentAway => return self.send_away(now),
            Event::Broken(error) => {
                debug!(client = self.number, %error, "the connection broke");
                return false;
            }
            Event::Over => return false,
        }
        true
    }

    fn on_socket(&mut self, happened: Happened, now: Instant) -> bool {
        match happened {
            Happened::Text(text) => self.client.on_text(&text, now),
            Happened::Sign => self.client.session_mut().heard(now),
            Happened::Bytes(bytes) => self.client.on_bytes(&bytes, now),
            Happened::Unreadable(code) => self.client.session_mut().close(code, now),
            Happened::Slow => self.client.session_mut().close(CloseCode::Slow, now),
            Happened::Left => {
                self.left = self.client.session().closing().is_none();
                self.client.session_mut().close(CloseCode::Normal, now);
            }
            Happened::Over(error) => {
                if let Some(error) = error {
                    debug!(client = self.number, %error, "the connection broke");
                }
                return false;
            }
        }
        true
    }

    fn note(&self, outcome: &EffectResult) {
        let EffectResult::Verified { verdict, .. } = outcome else {
            return;
        };
        let client = self.number;
        match verdict {
            Ok(principal) => info!(client, name = principal.name(), "authenticated"),
            Err(error) => {
                info!(client, reason = error.reason(), "not authenticated");
                self.services.metrics.auth_failure(error.reason());
            }
        }
    }

    /// A client that is known now needs a place.
    fn take_place(&mut self, outcome: &EffectResult, now: Instant) {
        let EffectResult::Verified { verdict, .. } = outcome else {
            return;
        };
        self.admission.set_checked(false);
        if let (Ok(principal), None) = (verdict, self.client.session().closing())
            && let Err(code) = self.admission.admit(principal, &self.services)
        {
            self.client.session_mut().close(code, now);
        }
    }

    /// A browser is known from the start, and needs its place like any other holder of a token.
    fn admit_browser(&mut self, now: Instant) {
        if let Some(browser) = &self.browser
            && let Err(code) = self
                .admission
                .admit(&browser.session().principal, &self.services)
        {
            self.client.session_mut().close(code, now);
        }
    }

    /// The client goes at once, since its place is another's. It gets the reason if its socket takes that now.
    fn send_away(&mut self, now: Instant) -> bool {
        self.client.session_mut().close(CloseCode::TryLater, now);
        self.settle();
        if let Err(error) = self.write() {
            debug!(client = self.number, %error, "the connection broke");
        }
        false
    }

    /// Begins the effects that the session asks for, and sends Close if it wants to. Returns whether there is something
    /// that only the connection's own task can wait for.
    fn settle(&mut self) -> bool {
        let mut begun = false;
        for effect in self.client.session_mut().take_effects() {
            begun = true;
            if matches!(effect, Effect::Verify { .. }) {
                self.admission.set_checked(true);
            }
            let resizes = matches!(effect, Effect::Resize { .. });
            match effects::begin(effect, self.client.session().who(), &self.services) {
                Begun::Task(task) if resizes => {
                    let task = self.resizes.get_or_insert_default().track_future(task);
                    self.tasks.get_or_insert_default().push(Box::pin(task));
                }
                Begun::Task(task) => self.tasks.get_or_insert_default().push(task),
                Begun::Watch(ended) => {
                    let browser = self.browser.as_ref();
                    self.ended = effects::ends_with(ended, browser.map(SessionSocket::session));
                }
            }
        }
        if self.listener.is_none() && self.client.session().is_let_in() {
            self.admission.leave_the_crowd();
            self.listener = Some(self.services.bridge.demand().listen());
        }
        let closing = self.client.session().closing();
        let (send_queue, _) = self.client.session_mut().ends();
        if let Some(code) = closing {
            self.socket.close(code, send_queue);
        }
        begun
    }

    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    fn interest(&mut self) -> WakeInterest {
        let deadline = Some(self.client.session().deadline());
        let (_, subscription) = self.client.session_mut().ends();
        WakeInterest {
            deadline,
            listening: subscription.is_active(),
        }
    }

    fn finish(&mut self) {
        let code = self.client.session().closing().filter(|_| !self.left);
        self.services.metrics.closed(code);
        let number = code.map(CloseCode::number);
        info!(client = self.number, code = number, "disconnected");
        self.client.session().record_disconnected(code);
        // What was asked for is done although nobody waits: the keys of repeated requests outlive the connection.
        if let Some(mut tasks) = self.tasks.take() {
            tokio::spawn(async move { while tasks.next().await.is_some() {} });
        }
        if let Some(client) = self.client.wishes() {
            let bridge = self.services.bridge.clone();
            let resizes = self.resizes.take().unwrap_or_default();
            resizes.close();
            tokio::spawn(async move {
                // One that reached the bridge later would never be taken back.
                resizes.wait().await;
                bridge.leave(client).await;
            });
        }
    }
}

impl<S> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
