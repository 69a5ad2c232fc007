//! Requests over HTTP, for what no event stream is needed: one connection for each, which ends with it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue, ORIGIN, SET_COOKIE, USER_AGENT};
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;
use super::entry::Token;
use super::link::reach;
use super::refusal::shown;

/// How long a request may take, from the first packet to the end of the answer.
const LIMIT: Duration = Duration::from_secs(10);
/// The longest head and the longest body that are read, in bytes.
const LONGEST: usize = 1 << 20;

/// By what a request is let in.
#[derive(Debug)]
pub enum HttpCredential {
    /// Nothing.
    Nothing,
    /// A token.
    Token(Token),
    /// A cookie, as a page of the server has it.
    Cookie(String),
}

/// What came back.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The cookie that is to be kept, if there is one.
    pub cookie: Option<String>,
    /// The body, as text.
    pub body: String,
}

/// Nothing came back, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HttpError(String);

impl HttpAnswer {
    /// The body of an answer that says that all went well.
    ///
    /// # Errors
    /// It doesn't; the text is what the server says.
    pub fn done(self) -> Result<String, HttpError> {
        match self.status {
            200..=299 => Ok(self.body),
            status => Err(HttpError(format!(
                "the server answers {status}: {}",
                shown(self.body.trim())
            ))),
        }
    }
}

/// Asks a server: the path is seen from where its WebSockets are.
///
/// # Errors
/// It can't be reached, or does not answer.
pub async fn ask(
    endpoint: &Endpoint,
    tls: Option<TlsConnector>,
    (method, path): (&str, &str),
    credential: &HttpCredential,
    body: String,
) -> Result<HttpAnswer, HttpError> {
    let request = request(endpoint, (method, path), credential, body)
        .ok_or_else(|| HttpError(format!("{endpoint} can't be asked for {path}")))?;
    match timeout(LIMIT, exchange(endpoint, tls, request)).await {
        Ok(answer) => answer,
        Err(_) => Err(HttpError(format!("{endpoint} does not answer"))),
    }
}

fn request(
    endpoint: &Endpoint,
    (method, path): (&str, &str),
    credential: &HttpCredential,
    body: String,
) -> Option<Request<String>> {
    let uri = endpoint.uri();
    let (folder, _) = uri.path().rsplit_once('/')?;
    let host = uri.authority()?.as_str();
    let mut request = Request::new(body);
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *request.uri_mut() = format!("{folder}/{path}").parse().ok()?;
    let headers = request.headers_mut();
    headers.insert(HOST, host.parse().ok()?);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let agent = concat!("muxwire/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    let scheme = if endpoint.is_tls() { "https" } else { "http" };
    match credential {
        HttpCredential::Token(token) => {
            let bearer = format!("Bearer {}", token.expose());
            headers.insert(hyper::header::AUTHORIZATION, secret(&bearer)?);
        }
        // Cookies count for pages of the server alone, which this stands for.
        HttpCredential::Cookie(_) | HttpCredential::Nothing => {
            headers.insert(ORIGIN, format!("{scheme}://{host}").parse().ok()?);
        }
    }
    if let HttpCredential::Cookie(cookie) = credential {
        headers.insert(hyper::header::COOKIE, secret(cookie)?);
    }
    Some(request)
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value: HeaderValue = text.parse().ok()?;
    value.set_sensitive(true);
    Some(value)
}

async fn exchange(
    endpoint: &Endpoint,
    tls: Option<TlsConnector>,
    request: Request<String>,
) -> Result<HttpAnswer, HttpError> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        HttpError(format!("{what} {endpoint}: {error}"))
    };
    let stream = reach(endpoint, tls)
        .await
        .map_err(|error| failed("can't connect to", &error))?;
    let broken = |error: hyper::Error| failed("no answer from", &error);
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(LONGEST)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let answered = async move {
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let cookie = cookie(answer.headers());
        let body = text(pin!(answer.into_body())).await?;
        Ok(HttpAnswer {
            status,
            cookie,
            body,
        })
    };
    let (answer, _) = tokio::join!(answered, connection);
    answer.map_err(broken)
}

/// The cookie that an answer sets, as it is sent back.
fn cookie(headers: &HeaderMap) -> Option<String> {
    let set = headers.get(SET_COOKIE)?.to_str().ok()?;
    Some(set.split(';').next()?.to_owned())
}

/// A body as text, as far as it is read.
async fn text(mut body: Pin<&mut Incoming>) -> Result<String, hyper::Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        if let Ok(data) = frame?.into_data() {
            let room = LONGEST.saturating_sub(bytes.len());
            bytes.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
