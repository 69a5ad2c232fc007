//! What a connection takes up until it ends: a place among those that nobody has authenticated on, and one for its address.

use std::future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::server::addresses::Guest;
use crate::server::crowd::Place;

/// Bounds of HTTP, before a connection becomes a WebSocket or beside those that do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// The largest head of a request, in bytes; at least 8 KiB.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// How long a client may take to send a head, and how long a connection may be idle.
    pub head_timeout: Duration,
    /// How long a connection serves HTTP at all.
    pub lifetime: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            head_bytes: 16 << 10,
            headers: 100,
            head_timeout: Duration::from_secs(10),
            lifetime: Duration::from_secs(120),
        }
    }
}

/// What a connection takes up.
#[derive(Debug, Default)]
pub(in crate::server) struct HeldLimits {
    /// Its address counts it, and that of the client behind a proxy does.
    pub(in crate::server) guests: [Option<Guest>; 2],
    /// Until somebody has authenticated on it.
    pub(in crate::server) unauthenticated: Option<Place>,
}

/// Hands over what a connection takes up to the WebSocket that it becomes. Each request has it among its extensions.
#[derive(Debug, Clone)]
pub(in crate::server) struct SharedLimits(Arc<(Mutex<HeldLimits>, AtomicBool)>);

impl SharedLimits {
    pub(super) fn new(held: HeldLimits) -> Self {
        Self(Arc::new((Mutex::new(held), AtomicBool::new(false))))
    }

    /// The connection serves an answer that lasts, and nothing behind it: how long it may serve HTTP at all is no bound any more.
    pub(in crate::server) fn last(&self) {
        self.0.1.store(true, Ordering::Relaxed);
    }

    /// Waits until the connection has served HTTP for as long as it may.
    pub(super) async fn outlived(&self, lifetime: Duration) {
        time::sleep(lifetime).await;
        if self.0.1.load(Ordering::Relaxed) {
            future::pending::<()>().await;
        }
    }

    /// Cancelled when the connection has to go for others.
    pub(super) fn sent_away(&self) -> CancellationToken {
        let held = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = held.unauthenticated.as_ref();
        place.map_or_else(CancellationToken::new, |place| place.sent_away().clone())
    }

    /// What is taken up, from now on by the caller.
    pub(in crate::server) fn take(&self) -> HeldLimits {
        std::mem::take(&mut *self.0.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The limit that a broken HTTP connection went beyond, if it did.
pub(super) fn reason(error: &hyper::Error) -> Option<&'static str> {
    if error.is_parse_too_large() {
        return Some("head_bytes");
    }
    error.is_timeout().then_some("head_timeout")
}
