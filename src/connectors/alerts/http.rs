//! One POST, over one connection that ends with it.
//!
//! The address is that of the configuration and no other: an answer that leads elsewhere is not followed, and no proxy is
//! asked. Of an answer nothing but its head is read.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{HeaderMap, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::file_watch::blocking;
use crate::tls::{TlsError, Trust, connector};

/// The longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// An address, and whom to believe there.
pub(super) struct Target {
    url: Uri,
    tls: Option<TlsConnector>,
}

/// What is sent.
pub(super) struct Post {
    pub(super) headers: HeaderMap,
    pub(super) content_type: &'static str,
    pub(super) body: String,
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
        Ok(Self { url, tls })
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

    fn request(&self, post: Post) -> Request<String> {
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::new(post.body);
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
        let stream = TcpStream::connect((host, port)).await?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => {
                let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
                Ok(Box::new(tls.connect(name, stream).await?))
            }
        }
    }
}
