//! A link on real connections: it connects, notices silence, and comes back.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;
use super::entry::{Closed, Fault, Talk};
use super::link::{Form, Heard, Link};
use super::refusal::Refusal;

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

/// A link, and what it is for.
pub(super) struct Keeper<T> {
    endpoint: Endpoint,
    form: Form,
    pub(super) talk: T,
    pub(super) patience: Patience,
    tls: Option<TlsConnector>,
    pub(super) random: fn() -> u32,
    state: KeeperState,
}

enum KeeperState {
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

impl<T: Talk> Keeper<T> {
    /// It begins to connect when it is first asked for an update.
    pub(super) fn new(endpoint: Endpoint, form: Form, talk: T) -> Self {
        Self {
            state: KeeperState::connecting(&endpoint, form, None),
            endpoint,
            form,
            talk,
            patience: Patience::default(),
            tls: None,
            random,
        }
    }

    /// Speaks TLS with this.
    pub(super) fn set_tls(&mut self, connector: TlsConnector) {
        self.state = KeeperState::connecting(&self.endpoint, self.form, Some(&connector));
        self.tls = Some(connector);
    }

    /// Waits for what happens next. Cancel safe. After an error there is no more.
    pub(super) async fn next(&mut self) -> Result<T::Update, Refusal> {
        loop {
            if let Some(update) = self.talk.next_update() {
                return Ok(update);
            }
            let event = self.next_event().await;
            self.handle(event)?;
        }
    }

    /// Ends the connection in order, if there is one.
    pub(super) async fn close(self) {
        if let KeeperState::Open { mut link, .. } = self.state {
            link.close().await;
        }
    }

    async fn next_event(&mut self) -> Event {
        match &mut self.state {
            KeeperState::Waiting(until) => {
                until.await;
                Event::Due
            }
            KeeperState::Connecting(link) => Event::Connected(link.await),
            // What has come counts, however late this program gets to it, so it is looked at first.
            KeeperState::Open { link, silent, .. } => tokio::select! {
                biased;
                heard = link.exchange(&mut self.talk.entry().outgoing) => Event::Heard(heard),
                () = silent => Event::Silent,
            },
        }
    }

    fn handle(&mut self, event: Event) -> Result<(), Refusal> {
        match event {
            Event::Due => {
                self.state = KeeperState::connecting(&self.endpoint, self.form, self.tls.as_ref());
            }
            Event::Connected(Ok(link)) => {
                self.talk.connected();
                let silent = Box::pin(sleep(self.patience.answer));
                let asked = false;
                self.state = KeeperState::Open {
                    link,
                    silent,
                    asked,
                };
            }
            Event::Connected(Err(fault)) => self.fail(fault)?,
            Event::Heard(Heard::Closed(closed)) => self.come_back(closed)?,
            Event::Heard(Heard::Text(text)) => {
                if let Err(fault) = self.talk.on_text(&text) {
                    return self.fail(fault);
                }
                self.heard();
            }
            Event::Heard(Heard::Bytes(bytes)) => {
                self.talk.on_bytes(&bytes);
                self.heard();
            }
            // While an answer is due, only the answer will do.
            Event::Heard(Heard::Sign) if !self.talk.stands() => {}
            Event::Heard(Heard::Sign) => self.heard(),
            Event::Silent => self.silent()?,
        }
        Ok(())
    }

    fn heard(&mut self) {
        let Patience { answer, quiet, .. } = self.patience;
        let limit = if self.talk.stands() { quiet } else { answer };
        self.listen_for(limit, false);
    }

    fn silent(&mut self) -> Result<(), Refusal> {
        let follows = self.talk.stands();
        if follows && matches!(self.state, KeeperState::Open { asked: false, .. }) {
            self.talk.entry().ping();
            self.listen_for(self.patience.pong, true);
            return Ok(());
        }
        let reason = "nothing was heard of the server for too long";
        self.come_back(Closed::Broken(reason.to_owned()))
    }

    fn listen_for(&mut self, limit: Duration, is_asked: bool) {
        if let KeeperState::Open { silent, asked, .. } = &mut self.state {
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
        let wait = self.talk.on_closed(closed, (self.random)())?;
        self.state = KeeperState::Waiting(Box::pin(sleep_until(Instant::now() + wait)));
        Ok(())
    }
}

/// Without the system's generator a wait is not spread; that harms nobody.
fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}

impl KeeperState {
    fn connecting(endpoint: &Endpoint, form: Form, tls: Option<&TlsConnector>) -> Self {
        Self::Connecting(Box::pin(Link::connect(
            endpoint.clone(),
            form,
            tls.cloned(),
        )))
    }
}
