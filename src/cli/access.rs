//! How a command reaches a server that runs.

use std::path::PathBuf;

use clap::Args;

use crate::client::Endpoint;
use crate::tls::Fingerprint;

/// Which server, and with which token.
#[derive(Debug, Clone, Args)]
pub struct AccessArgs {
    /// The server: a ws:// or wss:// URL, or unix:/PATH
    #[arg(
        long,
        value_name = "URL",
        env = "MUXWIRE_URL",
        hide_env_values = true,
        default_value = "ws://127.0.0.1:8765/monitor"
    )]
    pub url: Endpoint,
    /// A file of mode 0600 that holds the token; without it, the variable MUXWIRE_TOKEN
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// For wss://, trust the authorities in this PEM file instead of the system's, or the server's own certificate
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// For wss://, trust the one certificate with this fingerprint, as `muxwire cert` prints it
    #[arg(long, value_name = "SHA256", conflicts_with = "ca")]
    pub fingerprint: Option<Fingerprint>,
}
