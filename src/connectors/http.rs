//! One POST, over one connection that ends with it.
//!
//! The address is the one that is given and no other: an answer that leads elsewhere is not followed, and no proxy is
//! asked. Of an answer nothing but its head is read.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{HeaderMap, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::file_watch::blocking;
use crate::push::EndpointRules;
use crate::tls::{TlsError, Trust, connector};

/// The longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// An address, and whom to believe there.
pub(super) struct Target {
    url: Uri,
    tls: Option<TlsConnector>,
    /// Where its name may lead; anywhere if it is one of the configuration's.
    rules: Option<EndpointRules>,
}

/// What is sent.
pub(super) struct Post {
    pub(super) headers: HeaderMap,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) retry_after: Option<Duration>,
}

/// Why nothing came back.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostError {
    #[error("can't connect: {0}")]
    Connect(io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
}

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Target")
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Target {
    /// An address, whose server an authority of this file vouches for, or without one an authority of the system.
    pub(super) async fn new(url: Uri, authorities: Option<PathBuf>) -> Result<Self, TlsError> {
        let tls = match url.scheme_str() {
            Some("https") => {
                let trust = authorities.map_or(Trust::System, Trust::Authorities);
                Some(blocking(move || connector(&trust)).await?)
            }
            _ => None,
        };
        let rules = None;
        Ok(Self { url, tls, rules })
    }

    /// The same of an address that somebody else has given: it may lead only where these rules allow.
    pub(super) fn within(self, rules: EndpointRules) -> Self {
        Self {
            rules: Some(rules),
            ..self
        }
    }

    /// Sends, and waits for the head of the answer.
    pub(super) async fn post(&self, post: Post) -> Result<Answer, PostError> {
        let stream = self.connect().await.map_err(PostError::Connect)?;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .handshake(TokioIo::new(stream))
            .await?;
        let request = self.request(post);
        let mut exchange = pin!(sender.send_request(request));
        let mut connection = pin!(connection);
        let answer = tokio::select! {
            biased;
            answer = &mut exchange => answer?,
            ended = &mut connection => {
                ended?;
                exchange.await?
            }
        };
        let after = answer.headers().get(RETRY_AFTER);
        let after = after.and_then(|after| after.to_str().ok()?.parse().ok());
        Ok(Answer {
            status: answer.status(),
            retry_after: after.map(Duration::from_secs),
        })
    }

    fn request(&self, post: Post) -> Request<Body> {
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::new(Body::from(post.body));
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = Uri::try_from(path).unwrap_or_default();
        let headers = request.headers_mut();
        *headers = post.headers;
        if let Some(host) = self.url.authority()
            && let Ok(host) = host.as_str().parse()
        {
            headers.insert(HOST, host);
        }
        let fixed = |text: &'static str| hyper::header::HeaderValue::from_static(text);
        headers.insert(CONTENT_TYPE, fixed(post.content_type));
        headers.insert(CONNECTION, fixed("close"));
        headers.insert(
            USER_AGENT,
            fixed(concat!("muxwire/", env!("CARGO_PKG_VERSION"))),
        );
        request
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let host = self.url.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let usual = if self.tls.is_some() { 443 } else { 80 };
        let port = self.url.port_u16().unwrap_or(usual);
        let stream = self.reach(host, port).await?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => {
                let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
                Ok(Box::new(tls.connect(name, stream).await?))
            }
        }
    }

    /// Connects to the first address of the host that answers and may be connected to. The name is looked up once, so nobody can
    /// give another address between the look and the connection.
    async fn reach(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let Some(rules) = self.rules else {
            return TcpStream::connect((host, port)).await;
        };
        let found = lookup_host((host, port)).await?;
        let allowed: Vec<_> = found.filter(|address| rules.allow(address.ip())).collect();
        if allowed.is_empty() {
            let why = "its name leads to this machine or a private network";
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
        TcpStream::connect(&*allowed).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_inwards_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("http://{host}:{port}/").parse().unwrap();
            let target = Target::new(url, None).await.unwrap();
            let inwards = target.within(EndpointRules::default());
            let refused = inwards.reach(host, port).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{host}");
            let allowed = inwards.within(EndpointRules { private: true });
            allowed.reach(host, port).await.unwrap();
        }
    }
}
