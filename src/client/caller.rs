//! Requests and open panes on real connections.

use std::fmt;

use tokio_rustls::TlsConnector;

use super::calls::{CallId, CallUpdate, Calls};
use super::endpoint::Endpoint;
use super::entry::Token;
use super::keeper::{Keeper, Patience};
use super::link::Form;
use super::open_pane::PaneWish;
use super::refusal::Refusal;
use crate::ids::PaneId;
use crate::wire::request::Action;

/// A client that asks, and shows panes.
pub struct Caller(Keeper<Calls>);

impl Caller {
    /// A client that begins to connect when it is first asked for an update.
    #[must_use]
    pub fn new(endpoint: Endpoint, token: Option<Token>) -> Self {
        Self(Keeper::new(endpoint, Form::Bytes, Calls::new(token)))
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

    /// Waits for what happens next. Cancel safe. After an error there is no more.
    ///
    /// # Errors
    /// The server does not let this client in, and coming back would not change that.
    pub async fn next(&mut self) -> Result<CallUpdate, Refusal> {
        self.0.next().await
    }

    /// Asks for something, whose answer is among the updates; nothing if there is no connection.
    pub fn ask(&mut self, action: Action) -> Option<CallId> {
        self.0.talk.ask(action)
    }

    /// Opens a pane, now or as soon as there is a connection, and again whenever it comes back.
    pub fn open(&mut self, pane: PaneId, wish: PaneWish) {
        self.0.talk.open(pane, wish);
    }

    /// Closes a pane.
    pub fn close_pane(&mut self, pane: PaneId) {
        self.0.talk.close(pane);
    }

    /// What an open pane printed up to this offset has been taken in.
    pub fn acknowledge(&mut self, pane: PaneId, offset: u64) {
        self.0.talk.acknowledge(pane, offset);
    }

    /// Ends the connection in order, if there is one.
    pub async fn close(self) {
        self.0.close().await;
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}
