//! What the routes need, and what they do alike.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Extensions, Response, StatusCode};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::TaskTracker;

use super::base_path::BasePath;
use super::clock::now;
use super::listen::{ClientAddress, ConnectionInfo, HeldLimits, SharedLimits};
use super::origin::{Gate, Visitor};
use super::refused::Refused;
use super::rules::{Counts, Rules};
use super::services::Services;
use crate::audit::{Act, Who};
use crate::site::Origin;

const FULL: Refused = Refused::for_now(
    StatusCode::SERVICE_UNAVAILABLE,
    "full",
    "there are too many connections: try again later\n",
);
/// Its reason says which limit it is.
const CROWDED: Refused = Refused::for_now(
    StatusCode::TOO_MANY_REQUESTS,
    "address",
    "there are too many connections from your address, or they come too quickly: try again later\n",
);

/// What the routes need. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct App(Arc<AppInner>);

#[derive(Debug)]
struct AppInner {
    services: Arc<Services>,
    gate: Gate,
    base: BasePath,
    /// Where the files of pages are read from, if not from the program.
    assets_dir: Option<PathBuf>,
    /// Pages that may show a terminal in a frame, as a policy names them.
    frame_ancestors: String,
    listing: String,
    clients: AtomicU64,
    tasks: TaskTracker,
}

impl App {
    /// `listing` names the routes for people.
    pub(super) fn new(
        services: Arc<Services>,
        config: &super::ServerConfig,
        tasks: TaskTracker,
        listing: String,
    ) -> Self {
        Self(Arc::new(AppInner {
            services,
            gate: Gate::new(
                config.listen.ip(),
                config.allowed_hosts.clone(),
                config.allowed_origins.clone(),
            ),
            base: BasePath::new(&config.base_path),
            assets_dir: config.assets_dir.clone(),
            frame_ancestors: ancestors(&config.frame_ancestors),
            listing,
            clients: AtomicU64::new(0),
            tasks,
        }))
    }

    pub(super) fn services(&self) -> &Arc<Services> {
        &self.0.services
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// The path below which the server is found.
    pub(super) fn base(&self) -> &BasePath {
        &self.0.base
    }

    /// Where the files of pages are read from, if not from the program.
    pub(super) fn assets_dir(&self) -> Option<&Path> {
        self.0.assets_dir.as_deref()
    }

    /// Pages that may show a terminal in a frame, as a policy names them.
    pub(super) fn frame_ancestors(&self) -> &str {
        &self.0.frame_ancestors
    }

    /// The routes with what they are for, for people.
    pub(super) fn listing(&self) -> &str {
        &self.0.listing
    }

    /// Where the tasks of connections run.
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// The number of the next WebSocket client.
    pub(super) fn next_client(&self) -> u64 {
        self.0.clients.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Refuses a request: the audit log gets a line, and the metrics count it.
    pub(super) fn refuse(&self, refused: &Refused, of: &Extensions) -> Response<Body> {
        let reason = refused.reason.to_owned();
        self.record(of, Act::Refused { reason });
        self.services().metrics.refused(refused.reason);
        refused.response()
    }

    /// Writes a line about a request, which nobody has authenticated, to the audit log.
    pub(super) fn record(&self, of: &Extensions, act: Act) {
        let address = address(of).map(|address| address.to_string());
        let audit = &self.services().context.audit;
        audit.record_stranger(&Who::at(None, address), act);
    }

    /// What a client takes up from here on, as the rules of its route say: a place among all clients, and what its
    /// connection has taken up. A client behind a proxy counts for its own address.
    ///
    /// # Errors
    /// There is no room for it.
    pub(super) fn take_up(
        &self,
        request: &Request,
    ) -> Result<(Option<OwnedSemaphorePermit>, HeldLimits), Refused> {
        let rules: Rules = known(request.extensions());
        let pass: Option<&SharedLimits> = request.extensions().get();
        let take = || pass.map(SharedLimits::take).unwrap_or_default();
        if rules.limits.counts == Counts::Connection {
            return Ok((None, take()));
        }
        let room = Arc::clone(&self.services().room).try_acquire_owned();
        let permit = room.map_err(|_| FULL)?;
        let forwarded = address(request.extensions());
        let forwarded = forwarded.filter(|address| matches!(address, ClientAddress::Forwarded(_)));
        let guest = forwarded.map(|address| self.services().addresses.admit(address, now()));
        let guest = guest.transpose().map_err(|crowded| Refused {
            reason: crowded.reason(),
            ..CROWDED
        })?;
        let mut held = take();
        held.guests[1] = guest;
        if let (Some(place), Some(address)) = (&held.unauthenticated, forwarded) {
            place.comes_from(address);
        }
        Ok((Some(permit), held))
    }
}

/// The pages of these origins as a policy names them, and the server's own with them.
fn ancestors(origins: &[Origin]) -> String {
    if origins.is_empty() {
        return "'none'".to_owned();
    }
    let origins = origins.iter().map(|origin| format!(" {origin}"));
    format!("'self'{}", origins.collect::<String>())
}

/// Who makes a request that has passed the gate.
pub(super) fn visitor(request: &Request) -> Visitor {
    visitor_of(request.extensions())
}

/// The same of a request's extensions.
pub(super) fn visitor_of(extensions: &Extensions) -> Visitor {
    let visitor: Option<&Visitor> = extensions.get();
    visitor.cloned().unwrap_or_default()
}

/// Where a request comes from.
pub(super) fn address(extensions: &Extensions) -> Option<ClientAddress> {
    let info: Option<&ConnectionInfo> = extensions.get();
    info.map(|info| info.address)
}

/// The rules of the route that a request has come to.
pub(super) fn known(extensions: &Extensions) -> Rules {
    extensions.get().copied().unwrap_or(Rules::DEFAULT)
}
