//! The handshake of TLS, before anything is served.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::TlsStream;
use crate::tls::Identity;

/// The first byte of a client that speaks TLS: a handshake record.
const HANDSHAKE: u8 = 22;

/// The answer to plain HTTP, in plain HTTP. Nothing of the request was read.
const SPEAK_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    connection: close\r\n\
    \r\n\
    this port speaks TLS: connect with wss:// or https://\n";

/// Why there was no handshake.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("it took too long")]
    Late,
    #[error("it is no TLS")]
    Plain,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Failed {
    /// A word for the metrics.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Late => "tls_timeout",
            Self::Plain => "not_tls",
            Self::Io(_) => "tls",
        }
    }
}

/// Does the TLS handshake, which takes the other side no longer than `limit`.
pub(super) async fn handshake(
    stream: TcpStream,
    identity: &Identity,
    limit: Duration,
) -> Result<TlsStream, Failed> {
    let work = async {
        // A connection that is closed before its first byte has 0 of them, and the handshake says so.
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE] {
            return refuse(stream).await;
        }
        Ok(Box::new(identity.acceptor().accept(stream).await?))
    };
    timeout(limit, work).await.unwrap_or(Err(Failed::Late))
}

async fn refuse<T>(mut stream: TcpStream) -> Result<T, Failed> {
    stream.write_all(SPEAK_TLS).await?;
    stream.shutdown().await?;
    // What was sent is read, or else the system would reset the connection, and the answer with it.
    let mut rest = [0; 1024];
    for _ in 0..16 {
        if stream.read(&mut rest).await? == 0 {
            break;
        }
    }
    Err(Failed::Plain)
}
