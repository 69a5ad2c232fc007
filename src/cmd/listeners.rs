//! What `serve` listens with: the certificate, which is read anew when its files change, and the settings around it.

use crate::cmd::notify::Notifier;
use crate::config::{Config, Listening};
use crate::metrics::{FigureKind, Metrics};
use crate::server::{ListenOptions, Tls};
use crate::tls::{Identity, IdentityWatch, TlsFiles};

/// How the server is to listen.
///
/// # Errors
/// The certificate can't be used.
pub(super) fn options(
    config: &Config,
    listening: Listening,
    metrics: &Metrics,
    manager: &Notifier,
) -> anyhow::Result<ListenOptions> {
    if listening.proxies_only {
        tracing::warn!(
            "no authentication: anyone whom the trusted proxies let in can type into every pane"
        );
    }
    let identity = listening
        .tls
        .map(|files| identity(files, metrics, manager.clone()));
    Ok(ListenOptions {
        tls: identity.transpose()?.map(|identity| Tls {
            identity,
            handshake_timeout: config.tls.handshake_timeout,
        }),
        unix_socket: config.server.unix_socket.clone(),
        trust_same_user: config.security.trust_same_user,
        proxies: listening.proxies,
        proxies_only: listening.proxies_only,
    })
}

/// The certificate, in step with its files from now on.
fn identity(files: TlsFiles, metrics: &Metrics, manager: Notifier) -> anyhow::Result<Identity> {
    let (identity, watch) = IdentityWatch::start(files)?;
    tokio::spawn(watch.run(move |changed| {
        if changed {
            manager.reloading();
            manager.ready("a new certificate is in force");
        }
    }));
    let counted = identity.clone();
    metrics.watch(
        "certificate_reloads",
        "Times that a changed TLS certificate was put in force",
        FigureKind::Counter,
        move || counted.reloads().done,
    );
    let counted = identity.clone();
    metrics.watch(
        "certificate_reload_failures",
        "Times that a changed TLS certificate could not be used, and the old one stayed in force",
        FigureKind::Counter,
        move || counted.reloads().failed,
    );
    Ok(identity)
}
