//! Where muxwire may listen: what it offers is a shell.

use std::net::SocketAddr;

use crate::config::table::Config;
use crate::network::Network;
use crate::tls::TlsFiles;

/// Where to listen, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listening {
    /// The address.
    pub address: SocketAddr,
    /// The certificate, where TLS is spoken.
    pub tls: Option<TlsFiles>,
    /// The proxies that are believed; none unless there is one.
    pub proxies: Vec<Network>,
    /// Whether nobody else may connect, since only they let people in.
    pub proxies_only: bool,
}

/// The settings would offer panes to anyone who can reach the machine, or contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Anybody on the network could type into panes.
    #[error(
        "{0} can be reached from other machines, and without authentication anyone who reaches it owns your account: \
         leave out --no-auth, or listen on 127.0.0.1 or ::1"
    )]
    OpenToAll(SocketAddr),
    /// Tokens and output would cross the network readable.
    #[error(
        "{0} can be reached from other machines, and without TLS tokens and output would cross the network readable: \
         set tls.certificate and tls.key (`muxwire cert` makes them for a start); or listen on 127.0.0.1 or ::1 and \
         reach it through `ssh -L`; or say --behind-proxy if a proxy in front of it does TLS"
    )]
    PlainText(SocketAddr),
    /// Nobody could connect: the proxies would be of this machine, and the address is for others.
    #[error(
        "{0} can be reached from other machines, and without authentication only the proxies that do it may connect: \
         name their addresses in server.trusted_proxies"
    )]
    UnknownProxy(SocketAddr),
    /// Two listeners at one address.
    #[error(
        "monitoring.metrics_port is {0}, which is server.port: choose another one, or 0, since {0} has /metrics already"
    )]
    SamePort(u16),
    /// Half of TLS.
    #[error("{given} is set but {missing} is not: TLS needs both")]
    HalfTls {
        /// The setting that is there.
        given: &'static str,
        /// The setting that is not.
        missing: &'static str,
    },
}

/// Where to listen, and how.
///
/// # Errors
/// Others could come in who shouldn't, or what is needed is missing.
pub fn listening(config: &Config) -> Result<Listening, ListenError> {
    let address = SocketAddr::new(config.server.host, config.server.port);
    let tls = tls_files(config)?;
    let port = config.server.port;
    if port != 0 && port == config.monitoring.metrics_port {
        return Err(ListenError::SamePort(port));
    }
    let behind_proxy = config.server.behind_proxy;
    let proxies = if behind_proxy {
        config.server.trusted_proxies.clone()
    } else {
        Vec::new()
    };
    let (local, auth) = (
        address.ip().to_canonical().is_loopback(),
        config.security.require_auth,
    );
    if !local && !behind_proxy && !auth {
        return Err(ListenError::OpenToAll(address));
    }
    if !local && !behind_proxy && tls.is_none() {
        return Err(ListenError::PlainText(address));
    }
    let proxies_only = !local && !auth;
    if proxies_only && proxies.iter().all(Network::is_loopback) {
        return Err(ListenError::UnknownProxy(address));
    }
    Ok(Listening {
        address,
        tls,
        proxies,
        proxies_only,
    })
}

fn tls_files(config: &Config) -> Result<Option<TlsFiles>, ListenError> {
    let half = |given, missing| Err(ListenError::HalfTls { given, missing });
    let tls = &config.tls;
    match (&tls.certificate, &tls.key, &tls.client_ca) {
        (Some(certificate), Some(key), client_ca) => Ok(Some(TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: client_ca.clone(),
        })),
        (Some(_), None, _) => half("tls.certificate", "tls.key"),
        (None, Some(_), _) => half("tls.key", "tls.certificate"),
        (None, None, Some(_)) => half("tls.client_ca", "tls.certificate"),
        (None, None, None) => Ok(None),
    }
}
