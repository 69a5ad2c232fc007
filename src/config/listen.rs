//! Where muxwire may listen: what it offers is a shell.

use std::net::SocketAddr;

use crate::config::table::Config;

/// The address would offer panes to whoever can reach the machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Anybody on the network could type into panes.
    #[error(
        "{0} can be reached from other machines, and without authentication whoever reaches it owns your account: \
         leave out --no-auth and listen on 127.0.0.1 or ::1"
    )]
    OpenToAll(SocketAddr),
    /// Tokens and output would cross the network readable.
    #[error(
        "{0} can be reached from other machines, and without TLS tokens and output would cross the network readable; \
         muxwire has no TLS yet: listen on 127.0.0.1 or ::1 and reach it through `ssh -L` or a proxy that does TLS"
    )]
    PlainText(SocketAddr),
}

/// The address to listen on.
///
/// # Errors
/// It is not a loopback address.
pub fn listen_address(config: &Config) -> Result<SocketAddr, ListenError> {
    let address = SocketAddr::new(config.server.host, config.server.port);
    match (
        address.ip().to_canonical().is_loopback(),
        config.security.require_auth,
    ) {
        (true, _) => Ok(address),
        (false, true) => Err(ListenError::PlainText(address)),
        (false, false) => Err(ListenError::OpenToAll(address)),
    }
}
