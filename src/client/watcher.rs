//! The follower on real connections: it connects, comes back, and gives what happened one by one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;
use super::follower::{Closed, Fault, Follower, Token, Wish};
use super::link::{Heard, Link};
use super::position::Position;
use super::refusal::Refusal;
use super::update::Update;
use crate::wire::Request;

/// How long a server may be silent before it is taken for gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For each of the answers that come before the first event.
    pub answer: Duration,
    /// Without a sign of life, until it is asked for one.
    pub quiet: Duration,
    /// For the answer to that.
    pub pong: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(10),
            quiet: Duration::from_secs(25),
            pong: Duration::from_secs(10),
        }
    }
}

/// A client that follows a server's events.
pub struct Watcher {
    endpoint: Endpoint,
    follower: Follower,
    patience: Patience,
    tls: Option<TlsConnector>,
    random: fn() -> u32,
    state: WatcherState,
}

enum WatcherState {
    Waiting(Pin<Box<Sleep>>),
    Connecting(Pin<Box<dyn Future<Output = Result<Box<Link>, Fault>> + Send>>),
    Open {
        link: Box<Link>,
        silent: Pin<Box<Sleep>>,
        /// The server was asked for a sign of life, and none has come since.
        asked: bool,
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
            random,
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

    /// The same client, whose waits are spread by other numbers than random ones.
    #[must_use]
    pub fn with_random(mut self, random: fn() -> u32) -> Self {
        self.random = random;
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
            WatcherState::Open { link, silent, .. } => tokio::select! {
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
                let asked = false;
                self.state = WatcherState::Open {
                    link,
                    silent,
                    asked,
                };
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
            Event::Silent => self.silent()?,
        }
        Ok(())
    }

    fn heard(&mut self) {
        let Patience { answer, quiet, .. } = self.patience;
        let limit = if self.follower.is_following() {
            quiet
        } else {
            answer
        };
        self.listen_for(limit, false);
    }

    fn silent(&mut self) -> Result<(), Refusal> {
        let follows = self.follower.is_following();
        if follows && matches!(self.state, WatcherState::Open { asked: false, .. }) {
            self.follower.ping();
            self.listen_for(self.patience.pong, true);
            return Ok(());
        }
        let reason = "nothing was heard of the server for too long";
        self.come_back(Closed::Broken(reason.to_owned()))
    }

    fn listen_for(&mut self, limit: Duration, is_asked: bool) {
        if let WatcherState::Open { silent, asked, .. } = &mut self.state {
            silent.as_mut().reset(Instant::now() + limit);
            *asked = is_asked;
        }
    }

    fn fail(&mut self, fault: Fault) -> Result<(), Refusal> {
        match fault {
            Fault::Passing(reason) => self.come_back(Closed::Broken(reason)),
            Fault::Lasting(refusal) => Err(refusal),
        }
    }

    fn come_back(&mut self, closed: Closed) -> Result<(), Refusal> {
        let wait = self.follower.on_closed(closed, (self.random)())?;
        self.state = WatcherState::Waiting(Box::pin(sleep_until(Instant::now() + wait)));
        Ok(())
    }
}

/// Without the system's generator a wait is not spread; that harms nobody.
fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
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
