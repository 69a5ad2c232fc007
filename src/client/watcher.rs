//! The follower on real connections: it connects, comes back, and gives what happened one by one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;
use super::follower::{Closed, Fault, Follower, Token, Update, Wish};
use super::link::{Heard, Link};
use super::position::Position;
use super::refusal::Refusal;
use crate::wire::Request;

/// How long a server may be silent before it is taken for gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For each of the answers that come before the first event.
    pub answer: Duration,
    /// Between any two signs of life, pings among them.
    pub silence: Duration,
}

impl Default for Patience {
    /// A server pings every 25 seconds, so a minute of silence is no accident.
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(10),
            silence: Duration::from_secs(60),
        }
    }
}

/// A client that follows a server's events.
pub struct Watcher {
    endpoint: Endpoint,
    follower: Follower,
    patience: Patience,
    tls: Option<TlsConnector>,
    state: WatcherState,
}

enum WatcherState {
    Waiting(Pin<Box<Sleep>>),
    Connecting(Pin<Box<dyn Future<Output = Result<Box<Link>, Fault>> + Send>>),
    Open {
        link: Box<Link>,
        silent: Pin<Box<Sleep>>,
    },
}

/// What happens next to the connection.
enum Event {
    Due,
    Connected(Result<Box<Link>, Fault>),
    Heard(Heard),
    Silent,
}

impl Watcher {
    /// A client that begins to connect when it is first asked for an update.
    #[must_use]
    pub fn new(endpoint: Endpoint, wish: Wish, token: Option<Token>) -> Self {
        Self {
            state: WatcherState::connecting(&endpoint, None),
            endpoint,
            follower: Follower::new(wish, token),
            patience: Patience::default(),
            tls: None,
        }
    }

    /// The same client, which speaks TLS with this.
    #[must_use]
    pub fn with_tls(mut self, connector: TlsConnector) -> Self {
        self.state = WatcherState::connecting(&self.endpoint, Some(&connector));
        self.tls = Some(connector);
        self
    }

    /// The same client with other limits.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Up to where everything has been given; `None` before the first subscription.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.follower.position()
    }

    /// Waits for what happens next. Cancel safe. After an error there is no more.
    ///
    /// # Errors
    /// The server does not let this client in, and coming back would not change that.
    pub async fn next(&mut self) -> Result<Update, Refusal> {
        loop {
            if let Some(update) = self.follower.next_update() {
                return Ok(update);
            }
            let event = self.next_event().await;
            self.handle(event)?;
        }
    }

    /// Sends a request, if the connection stands; its answer comes as a message.
    pub fn ask(&mut self, request: &Request) {
        if self.follower.is_following() {
            self.follower.outgoing().push_back(request.encode());
        }
    }

    /// Ends the connection in order, if there is one.
    pub async fn close(self) {
        if let WatcherState::Open { mut link, .. } = self.state {
            link.close().await;
        }
    }

    async fn next_event(&mut self) -> Event {
        match &mut self.state {
            WatcherState::Waiting(until) => {
                until.await;
                Event::Due
            }
            WatcherState::Connecting(link) => Event::Connected(link.await),
            // What has come counts, however late this program gets to it, so it is looked at first.
            WatcherState::Open { link, silent } => tokio::select! {
                biased;
                heard = link.exchange(self.follower.outgoing()) => Event::Heard(heard),
                () = silent => Event::Silent,
            },
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), Refusal> {
        match event {
            Event::Due => {
                self.state = WatcherState::connecting(&self.endpoint, self.tls.as_ref());
            }
            Event::Connected(Ok(link)) => {
                self.follower.connected();
                let silent = Box::pin(sleep(self.patience.answer));
                self.state = WatcherState::Open { link, silent };
            }
            Event::Connected(Err(fault)) => self.fail(fault)?,
            Event::Heard(Heard::Closed(closed)) => self.come_back(closed)?,
            Event::Heard(Heard::Text(text)) => {
                if let Err(fault) = self.follower.on_text(&text) {
                    return self.fail(fault);
                }
                self.heard();
            }
            // While an answer is due, only the answer will do.
            Event::Heard(Heard::Sign) if !self.follower.is_following() => {}
            Event::Heard(Heard::Sign) => self.heard(),
            Event::Silent => {
                let reason = "nothing was heard of the server for too long";
                self.come_back(Closed::Broken(reason.to_owned()))?;
            }
        }
        Ok(())
    }

    fn heard(&mut self) {
        let Patience { answer, silence } = self.patience;
        let limit = if self.follower.is_following() {
            silence
        } else {
            answer
        };
        if let WatcherState::Open { silent, .. } = &mut self.state {
            silent.as_mut().reset(Instant::now() + limit);
        }
    }

    fn fail(&mut self, fault: Fault) -> Result<(), Refusal> {
        match fault {
            Fault::Passing(reason) => self.come_back(Closed::Broken(reason)),
            Fault::Lasting(refusal) => Err(refusal),
        }
    }

    fn come_back(&mut self, closed: Closed) -> Result<(), Refusal> {
        // Without the system's generator the wait is not spread; that harms nobody.
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        let wait = self.follower.on_closed(closed, random)?;
        self.state = WatcherState::Waiting(Box::pin(sleep_until(Instant::now() + wait)));
        Ok(())
    }
}

impl WatcherState {
    fn connecting(endpoint: &Endpoint, tls: Option<&TlsConnector>) -> Self {
        Self::Connecting(Box::pin(Link::connect(endpoint.clone(), tls.cloned())))
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let follower = &self.follower;
        f.debug_struct("Watcher")
            .field("follower", follower)
            .finish_non_exhaustive()
    }
}
