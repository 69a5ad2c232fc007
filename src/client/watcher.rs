//! The follower on real connections: it connects, comes back, and gives what happened one by one.

use std::fmt;

use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;
use super::entry::{Talk as _, Token};
use super::follower::{Follower, Wish};
use super::keeper::{Keeper, Patience};
use super::link::Form;
use super::position::Position;
use super::refusal::Refusal;
use super::update::Update;
use crate::wire::Request;

/// A client that follows a server's events.
pub struct Watcher(Keeper<Follower>);

impl Watcher {
    /// A client that begins to connect when it is first asked for an update.
    #[must_use]
    pub fn new(endpoint: Endpoint, wish: Wish, token: Option<Token>) -> Self {
        Self(Keeper::new(
            endpoint,
            Form::Text,
            Follower::new(wish, token),
        ))
    }

    /// The same client, which speaks TLS with this.
    #[must_use]
    pub fn with_tls(mut self, connector: TlsConnector) -> Self {
        self.0.set_tls(connector);
        self
    }

    /// The same client with other limits.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.0.patience = patience;
        self
    }

    /// The same client, whose waits are spread by other numbers than random ones.
    #[must_use]
    pub fn with_random(mut self, random: fn() -> u32) -> Self {
        self.0.random = random;
        self
    }

    /// Up to where everything has been given; `None` before the first subscription.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.0.talk.position()
    }

    /// Waits for what happens next. Cancel safe. After an error there is no more.
    ///
    /// # Errors
    /// The server does not let this client in, and coming back would not change that.
    pub async fn next(&mut self) -> Result<Update, Refusal> {
        self.0.next().await
    }

    /// Sends a request, if the connection stands; its answer comes as a message.
    pub fn ask(&mut self, request: &Request) {
        if self.0.talk.stands() {
            self.0.talk.entry().send(request);
        }
    }

    /// Ends the connection in order, if there is one.
    pub async fn close(self) {
        self.0.close().await;
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let follower = &self.0.talk;
        f.debug_struct("Watcher")
            .field("follower", follower)
            .finish_non_exhaustive()
    }
}
