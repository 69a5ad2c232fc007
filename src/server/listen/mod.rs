//! Accepting connections, on sockets of several kinds, and serving HTTP on each until it ends or becomes a WebSocket.
//!
//! Reading order: `address` (who is at the other end), `proxies` (and who is behind that one), `tls` and `unix` (what
//! has to happen before anything is served). Nothing here knows what the routes do.

mod address;
mod held;
mod proxies;
mod spare;
mod tls;
mod unix;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::geteuid;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

pub use self::address::ClientAddress;
pub use self::held::HttpLimits;
pub(super) use self::held::{HeldLimits, SharedLimits};
use self::proxies::Proxies;
use self::spare::Spare;
use self::unix::LocalListener;
use super::Bounds;
use super::addresses::{Addresses, Crowded};
use super::base_path::BasePath;
use super::clock::now;
use super::crowd::Crowd;
use crate::auth::Principal;
use crate::metrics::Metrics;
use crate::network::Network;
use crate::tls::Identity;

/// How long a connection that has served HTTP long enough may take to end.
const LAST_ANSWER: Duration = Duration::from_secs(1);
/// The pause after a failed accept, which mostly means that the process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A connection with TLS. It is boxed: there is far more to it than to one without.
pub(super) type TlsStream = Box<tokio_rustls::server::TlsStream<TcpStream>>;

/// A stream that clients may be connected through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// Which sockets there are besides a plain one, and who is believed.
#[derive(Debug, Clone, Default)]
pub struct ListenOptions {
    /// With it, the address speaks TLS only.
    pub tls: Option<Tls>,
    /// Where a Unix socket is to be, for users of this machine.
    pub unix_socket: Option<PathBuf>,
    /// Whether the user that this process runs as needs no token at the Unix socket.
    pub trust_same_user: bool,
    /// The proxies that are believed when they say where clients connect from.
    pub proxies: Vec<Network>,
    /// Whether nobody else may connect.
    pub proxies_only: bool,
}

/// How TLS is spoken.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The certificate in force.
    pub identity: Identity,
    /// How long a client's handshake may take.
    pub handshake_timeout: Duration,
}

/// Why the server can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address can't be had.
    #[error(
        "can't listen on {0}: {1}; if another muxwire does, choose another address with --listen"
    )]
    Address(SocketAddr, io::Error),
    /// The Unix socket can't be had.
    #[error("server.unix_socket: {0}")]
    Local(String),
}

/// What is known of a connection before anything is asked on it. Each request has it among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConnectionInfo {
    /// Where the client connects from; of a request, as far as proxies are believed.
    pub(super) address: ClientAddress,
    /// Whether it came encrypted: through our own TLS, or through that of a proxy that is believed.
    pub(super) secure: bool,
    /// Whether a request came through a proxy that is believed.
    pub(super) proxied: bool,
    /// Whether it is the user that this process runs as, who needs no token.
    pub(super) same_user: bool,
}

impl ConnectionInfo {
    /// Who it is, if that is known without a token.
    pub(super) fn admitted(&self) -> Option<Principal> {
        match self.address {
            ClientAddress::User(_) if self.same_user => Some(Principal::this_user()),
            _ => None,
        }
    }

    fn by(address: SocketAddr, secure: bool) -> Self {
        Self {
            address: ClientAddress::Direct(address),
            secure,
            proxied: false,
            same_user: false,
        }
    }
}

/// A socket that clients come to.
#[derive(Debug)]
pub(super) enum Listener {
    /// TCP, plain or with TLS.
    Tcp(TcpListener, Option<Tls>),
    /// A Unix socket.
    Local(LocalListener),
}

/// What was accepted, and isn't served yet.
#[derive(Debug)]
enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Local(UnixStream, ClientAddress),
}

impl Listener {
    /// Every listener that is asked for, and the address of the first.
    pub(super) async fn bind(
        listen: SocketAddr,
        options: &ListenOptions,
    ) -> Result<(Vec<Self>, SocketAddr), ListenError> {
        let (tcp, address) = Self::tcp(listen, options.tls.clone()).await?;
        let mut listeners = vec![tcp];
        if let Some(path) = &options.unix_socket {
            let local = LocalListener::bind(path);
            listeners.push(Self::Local(
                local.map_err(|error| ListenError::Local(error.to_string()))?,
            ));
        }
        Ok((listeners, address))
    }

    /// One at an address, and the address that it has.
    pub(super) async fn tcp(
        listen: SocketAddr,
        tls: Option<Tls>,
    ) -> Result<(Self, SocketAddr), ListenError> {
        let taken = |error| ListenError::Address(listen, error);
        let tcp = TcpListener::bind(listen).await.map_err(taken)?;
        let address = tcp.local_addr().map_err(taken)?;
        Ok((Self::Tcp(tcp, tls), address))
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Tcp(listener, _) => {
                let (stream, address) = listener.accept().await?;
                Ok(Accepted::Tcp(stream, address))
            }
            Self::Local(listener) => {
                let (stream, address) = listener.accept().await?;
                Ok(Accepted::Local(stream, address))
            }
        }
    }

    fn tls(&self) -> Option<&Tls> {
        match self {
            Self::Tcp(_, tls) => tls.as_ref(),
            Self::Local(_) => None,
        }
    }
}

/// What all listeners share: who comes in is counted together, and served alike.
#[derive(Debug, Clone)]
pub(super) struct Reception(Arc<ReceptionInner>);

#[derive(Debug, Clone)]
struct ReceptionInner {
    router: Router,
    base: BasePath,
    /// The connections that nobody has authenticated on.
    crowd: Crowd,
    addresses: Addresses,
    http: HttpLimits,
    proxies: Proxies,
    proxies_only: bool,
    trust_same_user: bool,
    metrics: Metrics,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Reception {
    pub(super) fn new(
        (router, base): (Router, BasePath),
        addresses: Addresses,
        bounds: &Bounds,
        options: &ListenOptions,
        metrics: Metrics,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        Self(Arc::new(ReceptionInner {
            router,
            base,
            crowd: Crowd::new(bounds.unauthenticated),
            addresses,
            http: bounds.http,
            proxies: Proxies::new(options.proxies.clone()),
            proxies_only: options.proxies_only,
            trust_same_user: options.trust_same_user,
            metrics,
            stop,
            tasks,
        }))
    }

    /// The same for other routes; who comes in is still counted together.
    pub(super) fn beside(&self, router: Router) -> Self {
        let inner = ReceptionInner::clone(&self.0);
        Self(Arc::new(ReceptionInner { router, ..inner }))
    }

    /// Begins to accept connections, until the server stops.
    pub(super) fn open(&self, listener: Listener) {
        self.0.tasks.spawn(self.clone().accept(listener));
    }

    async fn accept(self, listener: Listener) {
        let mut spare = Spare::new();
        let mut logged = false;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.0.stop.cancelled() => return,
            };
            match accepted {
                // It goes at once, and with it comes the descriptor back.
                Ok(_) if !spare.is_kept() => self.0.metrics.refused("descriptors"),
                Ok(accepted) => {
                    logged = false;
                    self.receive(accepted, listener.tls());
                }
                Err(error) if spare.release(&error) => {
                    if !std::mem::replace(&mut logged, true) {
                        warn!(%error, "clients are refused until others leave");
                    }
                }
                Err(error) => {
                    warn!(%error, "can't accept a connection");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves what was accepted, in a task of its own, if it may come in at all.
    fn receive(&self, accepted: Accepted, tls: Option<&Tls>) {
        let held = match self.admit(&accepted) {
            Ok(held) => SharedLimits::new(held),
            Err(reason) => return self.0.metrics.refused(reason),
        };
        let reception = self.clone();
        match accepted {
            Accepted::Tcp(_, address) if !self.may_connect(address.ip()) => {
                self.0.metrics.refused("not_a_proxy");
            }
            Accepted::Tcp(stream, address) => {
                if let Err(error) = stream.set_nodelay(true) {
                    return debug!(%address, %error, "the connection is gone already");
                }
                match tls.cloned() {
                    Some(tls) => self.spawn(reception.greet(stream, address, tls, held)),
                    None => self.spawn(reception.serve(
                        stream,
                        ConnectionInfo::by(address, false),
                        held,
                    )),
                }
            }
            Accepted::Local(stream, address) => {
                let own = ClientAddress::User(geteuid().as_raw());
                let info = ConnectionInfo {
                    address,
                    secure: false,
                    proxied: false,
                    same_user: self.0.trust_same_user && address == own,
                };
                self.spawn(reception.serve(stream, info, held));
            }
        }
    }

    /// Without authentication of our own, nobody gets past the proxies that have one.
    fn may_connect(&self, ip: IpAddr) -> bool {
        !self.0.proxies_only || self.0.proxies.trust(ip)
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.tasks.spawn(work);
    }

    /// What a connection takes up, if there is room for it. Proxies are not counted: those behind them are.
    fn admit(&self, accepted: &Accepted) -> Result<HeldLimits, &'static str> {
        let (address, is_proxy) = match accepted {
            Accepted::Tcp(_, address) => (
                ClientAddress::Direct(*address),
                self.0.proxies.trust(address.ip()),
            ),
            Accepted::Local(_, address) => (*address, false),
        };
        let counted = (!is_proxy).then_some(address);
        let guest = counted.map(|address| self.0.addresses.admit(address, now()));
        let guest = guest.transpose().map_err(Crowded::reason)?;
        let (place, somebody_went) = self.0.crowd.enter(address).ok_or("unauthenticated")?;
        if somebody_went {
            self.0.metrics.refused("unauthenticated");
        }
        Ok(HeldLimits {
            guests: [guest, None],
            unauthenticated: Some(place),
        })
    }

    /// Does the TLS handshake, which holds up nobody else, and serves what comes behind.
    async fn greet(self, stream: TcpStream, address: SocketAddr, tls: Tls, pass: SharedLimits) {
        let stop = self.0.stop.clone();
        let sent_away = pass.sent_away();
        let shaken = tokio::select! {
            shaken = tls::handshake(stream, &tls.identity, tls.handshake_timeout) => shaken,
            () = stop.cancelled() => return,
            () = sent_away.cancelled() => return,
        };
        match shaken {
            Ok(stream) => {
                self.serve(stream, ConnectionInfo::by(address, true), pass)
                    .await
            }
            Err(error) => {
                self.0.metrics.refused(error.reason());
                debug!(%address, %error, "no TLS handshake");
            }
        }
    }

    /// Serves HTTP on a connection, until it ends or becomes a WebSocket.
    async fn serve(self, stream: impl Stream, info: ConnectionInfo, pass: SharedLimits) {
        let (sent_away, lasting) = (pass.sent_away(), pass.clone());
        let routes = TowerToHyperService::new(self.0.router.clone());
        let reception = self.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let info = reception.0.proxies.behind(info, request.headers());
            let (mut head, body) = request.into_parts();
            let base = &reception.0.base;
            base.take_off(&mut head.uri, &mut head.extensions);
            head.extensions.insert(info);
            head.extensions.insert(pass.clone());
            routes.call(Request::from_parts(head, body))
        });
        let limits = self.0.http;
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head_timeout)
            .max_buf_size(limits.head_bytes)
            .max_headers(limits.headers)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = sent_away.cancelled() => return,
            () = self.0.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = lasting.outlived(limits.lifetime) => {
                connection.as_mut().graceful_shutdown();
                let ended = time::timeout(LAST_ANSWER, connection).await;
                ended.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = served {
            if let Some(reason) = held::reason(&error) {
                self.0.metrics.refused(reason);
            }
            debug!(address = %info.address, %error, "the HTTP connection broke");
        }
    }
}
