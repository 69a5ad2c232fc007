//! The server that clients connect to: HTTP, the WebSocket handshake, and the clients in their shards.
//!
//! Reading order: `listen` (accepting), `routes` (the routes that modules register), `rules` (what holds for one), `http`,
//! `credential` and `cors` (who goes by the rules), `framing`, `origin` and `secrets` (which requests are looked at),
//! `websocket`, `api`, `rest`, `push`, `health`, `front`, `pages` and `installed` (the routes), `assets`, `content` and `encoding` (files and pages), `upgrade`, `tickets` and `browser`
//! (the handshake), `crowd`, `holders` and `admission` (how many there may be), `services` (what connections are given),
//! `connection` (a client and its own task), `shard` (many clients, and the task that brings them what is published),
//! `dialect` (the protocols that clients speak), `session` (a client as a state machine without IO, whatever it speaks),
//! `effects` (what it asks its connection to do), `send_queue` and `socket` (what is written and how), `target` and `repeats` (what
//! requests mean). This module knows nothing of tmux's protocol or processes.

mod absent;
mod addresses;
mod admission;
mod api;
mod app;
mod asking;
mod assets;
mod audited;
mod base_path;
mod broadcast;
mod browser;
mod bucket;
mod clock;
mod connection;
mod content;
mod cors;
mod credential;
mod crowd;
mod dialect;
mod effects;
mod emitting;
mod encoding;
mod extensions;
mod framing;
mod front;
mod headers;
mod health;
mod holders;
mod http;
mod inflating;
mod installed;
mod listen;
mod metering;
mod origin;
mod overdue;
mod pages;
mod past;
mod push;
mod refused;
mod repeats;
mod rest;
mod route;
mod routes;
mod rules;
mod secrets;
mod send_queue;
mod services;
mod session;
mod shard;
#[cfg(test)]
mod shard_tests;
mod socket;
mod target;
mod tickets;
mod upgrade;
mod websocket;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::addresses::Addresses;
use self::app::App;
use self::base_path::BasePath;
use self::broadcast::BroadcastGroups;
use self::browser::BrowserSessions;
use self::emitting::EmitAllowances;
use self::holders::Holders;
use self::listen::{Listener, Reception};
use self::metering::Metering;
use self::overdue::Overdue;
use self::repeats::{EmittedRepeats, TypedRepeats};
use self::services::Services;
use self::session::{Context, HolderAllowances, Timing};
use self::shard::Shards;
use self::tickets::Tickets;
use crate::audit;
use crate::auth::{Authenticator, Permission, Redact};
use crate::bridge::Handle;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::push::PushDesk;
use crate::site::{Host, Origin};
use crate::wire::{Encoder, schema};

pub use self::addresses::AddressLimits;
pub use self::asking::HistoryAccess;
pub use self::browser::SessionLimits;
pub use self::bucket::{Bucket, Rate};
pub use self::emitting::EmitRates;
pub use self::extensions::Compression;
pub use self::listen::{ClientAddress, HttpLimits, ListenError, ListenOptions, Tls};
pub use self::send_queue::SendQueueLimits;
pub use self::session::ConnectionLimits;

/// Where and how to serve.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// TLS, a Unix socket, proxies.
    pub listeners: ListenOptions,
    /// The name of this machine in events.
    pub host_name: String,
    /// The path below which it is found, with a slash before it and none behind; empty for the root.
    pub base_path: String,
    /// Where the files of pages are read from, if not from the program.
    pub assets_dir: Option<PathBuf>,
    /// Pages that may show a terminal in a frame.
    pub frame_ancestors: Vec<Origin>,
    /// Names by which the server may be asked for, besides the loopback ones and the address listened on.
    pub allowed_hosts: Vec<Host>,
    /// Pages that may connect, besides the server's own.
    pub allowed_origins: Vec<Origin>,
    /// WebSockets at one time; more are refused.
    pub max_connections: usize,
    /// Whether `/metrics` is served.
    pub metrics: bool,
    /// Where it is served besides, with what else is for monitoring and nothing else.
    pub metrics_listen: Option<SocketAddr>,
    /// Who may give windows a size.
    pub resize: ResizePolicy,
    /// From whom secrets are kept besides those whose tokens say so: holders of these as their highest permission.
    pub redacted_roles: Vec<Permission>,
    /// Which messages are compressed.
    pub compression: Compression,
    /// Times and bounds of each connection.
    pub limits: ConnectionLimits,
    /// Bounds of all connections together.
    pub bounds: Bounds,
}

/// Bounds of all connections together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// One-time tickets that nobody has used yet; one principal may have an eighth of them.
    pub tickets: usize,
    /// How long browsers stay in, and how many.
    pub browsers: SessionLimits,
    /// Events that one holder of a token may emit.
    pub emit: EmitRates,
    /// Connections that nobody has authenticated on: besides the WebSockets that are let in.
    pub unauthenticated: usize,
    /// Connections of one holder of a token.
    pub token_connections: usize,
    /// What one address may do.
    pub remote: AddressLimits,
    /// The same for all of loopback together, and for each user at the Unix socket.
    pub local: AddressLimits,
    /// HTTP before and beside WebSockets.
    pub http: HttpLimits,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            tickets: 1024,
            browsers: SessionLimits::default(),
            emit: EmitRates::default(),
            unauthenticated: 256,
            token_connections: 250,
            remote: AddressLimits {
                connections: 100,
                rate: Rate {
                    per_second: 20,
                    burst: 100,
                },
            },
            local: AddressLimits {
                connections: 100_000,
                rate: Rate {
                    per_second: 2000,
                    burst: 10_000,
                },
            },
            http: HttpLimits::default(),
        }
    }
}

/// Who may give windows a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResizePolicy {
    /// Nobody.
    #[default]
    Never,
    /// The terminal that asked last.
    Last,
    /// All terminals of a window together: the largest counts.
    Largest,
}

/// What the server serves from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The event log.
    pub hub: Hub,
    /// The way to tmux.
    pub bridge: Handle,
    /// What is kept of what happened; `None` if nothing is.
    pub history: Option<HistoryAccess>,
    /// Who is let in; `None` lets everybody in, with all rights.
    pub authenticator: Option<Authenticator>,
    /// What is counted.
    pub metrics: Metrics,
    /// Records what is done.
    pub audit: audit::Log,
    /// Who is told by push; nobody is where that is off.
    pub push: Option<PushDesk>,
}

/// A server that runs. It stops when its token is cancelled.
#[derive(Debug)]
pub struct Running {
    /// The address that it listens on.
    pub address: SocketAddr,
    /// The one for metrics alone, if there is one.
    pub metrics_address: Option<SocketAddr>,
    tasks: TaskTracker,
}

/// The sockets of a server that does not run yet. Clients wait until it does. A start that fails has come no further, and begins no run
/// of the history.
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<Listener>,
    address: SocketAddr,
    for_metrics: Option<(Listener, SocketAddr)>,
}

/// Listens, as the configuration says.
///
/// # Errors
/// An address can't be listened on.
pub async fn bind(config: &ServerConfig) -> Result<Bound, ListenError> {
    let (listeners, address) = Listener::bind(config.listen, &config.listeners).await?;
    let for_metrics = match config.metrics_listen {
        Some(address) => Some(Listener::tcp(address, config.listeners.tls.clone()).await?),
        None => None,
    };
    Ok(Bound {
        listeners,
        address,
        for_metrics,
    })
}

/// Listens and starts to serve, until `stop` is cancelled: then clients get `shutdown` and Close.
///
/// # Errors
/// An address can't be listened on.
pub async fn start(
    config: ServerConfig,
    sources: Sources,
    stop: CancellationToken,
) -> Result<Running, ListenError> {
    let bound = bind(&config).await?;
    Ok(serve(config, bound, sources, stop))
}

/// Starts to serve where it listens, until `stop` is cancelled.
pub fn serve(
    config: ServerConfig,
    bound: Bound,
    sources: Sources,
    stop: CancellationToken,
) -> Running {
    let Bound {
        listeners,
        address,
        for_metrics,
    } = bound;
    let metrics_address = for_metrics.as_ref().map(|(_, address)| *address);
    schema::prepare();
    sources.push.iter().for_each(|one| one.listens_on(address));
    let tasks = TaskTracker::new();
    let services = Arc::new(services(&config, sources, &tasks, stop));
    let (stopped, overdue) = (services.stop.clone(), services.overdue.clone());
    tasks.spawn(async move { stopped.run_until_cancelled(overdue.run()).await });
    let all = routes::all(config.metrics);
    let listing = routes::listing(&all);
    let app = App::new(Arc::clone(&services), &config, tasks.clone(), listing);
    let reception = Reception::new(
        (routes::router(&app, all), BasePath::new(&config.base_path)),
        services.addresses.clone(),
        &config.bounds,
        &config.listeners,
        services.metrics.clone(),
        services.stop.clone(),
        tasks.clone(),
    );
    for listener in listeners {
        reception.open(listener);
    }
    if let Some((listener, _)) = for_metrics {
        let router = routes::router(&app, health::routes(config.metrics));
        reception.beside(router).open(listener);
    }
    Running {
        address,
        metrics_address,
        tasks,
    }
}

/// What all that is served uses.
fn services(
    config: &ServerConfig,
    sources: Sources,
    tasks: &TaskTracker,
    stop: CancellationToken,
) -> Services {
    let context = context(config, &sources);
    let shards = Shards::new(
        context.hub.clone(),
        sources.metrics.clone(),
        stop.clone(),
        tasks.clone(),
    );
    Services {
        context: Arc::new(context),
        bridge: sources.bridge,
        history: sources.history,
        metrics: sources.metrics,
        shards,
        tickets: Tickets::new(config.bounds.tickets),
        browsers: BrowserSessions::new(config.bounds.browsers),
        addresses: Addresses::new(config.bounds.remote, config.bounds.local),
        holders: Holders::new(config.bounds.token_connections),
        overdue: Overdue::default(),
        metering: Metering::default(),
        push: sources.push,
        room: Arc::new(Semaphore::new(config.max_connections)),
        stop,
    }
}

fn context(config: &ServerConfig, sources: &Sources) -> Context {
    Context {
        redact: Redact::new(sources.hub.redaction().is_some(), &config.redacted_roles),
        encoder: Encoder::new(&config.host_name, sources.hub.epoch()),
        hub: sources.hub.clone(),
        limits: config.limits,
        compression: config.compression,
        resize: config.resize,
        repeats: TypedRepeats::default(),
        emitted: EmittedRepeats::default(),
        emit_rates: config.bounds.emit,
        emitting: EmitAllowances::default(),
        asking: HolderAllowances::default(),
        authenticator: sources.authenticator.clone(),
        metrics: sources.metrics.clone(),
        audit: sources.audit.clone(),
        timing: Timing::default(),
        groups: BroadcastGroups::default(),
    }
}

impl Running {
    /// Waits until every connection has ended, after the server was stopped.
    pub async fn finished(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
