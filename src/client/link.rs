//! One connection to a server: the one file of the client that knows tungstenite.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::{FutureExt as _, Sink, SinkExt as _, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, ClientRequestBuilder, Error, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::endpoint::{Endpoint, Way};
use super::entry::{Closed, Fault};
use super::refusal::{Refusal, shown};
use crate::tls::lasting_failure;
use crate::wire::{BINARY_SUBPROTOCOL, SUBPROTOCOL};

/// How long connecting may take, from the first packet to the end of the handshake.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long the closing handshake may take. The server notices the end of the connection anyhow.
const CLOSE_LIMIT: Duration = Duration::from_millis(200);
/// The longest message that is read: a snapshot of a very large tmux server is some megabytes long.
const MAX_READ: usize = 64 << 20;

/// What a connection is made of, whatever its kind.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Io for S {}

/// An open connection.
pub(super) struct Link {
    stream: WebSocketStream<Box<dyn Io>>,
    unflushed: bool,
}

/// In which form the bytes of panes are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As text, like all else.
    Text,
    /// As they are, where the server can do that.
    Bytes,
}

/// What was received from the server.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message.
    Text(Utf8Bytes),
    /// A message of bytes.
    Bytes(Bytes),
    /// A sign of life.
    Sign,
    /// The end.
    Closed(Closed),
}

impl Link {
    /// Connects, which may take some seconds at most. TLS is spoken with the connector, which is then needed.
    pub(super) async fn connect(
        endpoint: Endpoint,
        form: Form,
        tls: Option<TlsConnector>,
    ) -> Result<Box<Self>, Fault> {
        match timeout(CONNECT_LIMIT, Self::open(&endpoint, form, tls)).await {
            Ok(outcome) => outcome.map(Box::new),
            Err(_) => Err(Fault::Passing(format!(
                "can't connect to {endpoint}: no answer"
            ))),
        }
    }

    async fn open(
        endpoint: &Endpoint,
        form: Form,
        tls: Option<TlsConnector>,
    ) -> Result<Self, Fault> {
        let stream = reach(endpoint, tls)
            .await
            .map_err(|error| connect_fault(endpoint, &error))?;
        let request = ClientRequestBuilder::new(endpoint.uri());
        let request = match form {
            Form::Text => request,
            Form::Bytes => request.with_sub_protocol(BINARY_SUBPROTOCOL),
        };
        let request = request
            .with_sub_protocol(SUBPROTOCOL)
            .with_header("user-agent", concat!("muxwire/", env!("CARGO_PKG_VERSION")));
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_READ))
            .max_frame_size(Some(MAX_READ));
        let opened = client_async_with_config(request, stream, Some(config)).await;
        let (stream, _) = opened.map_err(|error| handshake_fault(endpoint, error))?;
        Ok(Self {
            stream,
            unflushed: false,
        })
    }

    /// Sends what waits, reads, and returns when something came. Cancel safe.
    pub(super) async fn exchange(&mut self, outgoing: &mut VecDeque<String>) -> Heard {
        poll_fn(|cx| {
            // What can't be written now must not keep from reading.
            if let Poll::Ready(Err(error)) = self.poll_send(cx, outgoing) {
                return Poll::Ready(Heard::Closed(broken(&error)));
            }
            self.poll_hear(cx)
        })
        .await
    }

    /// Closes the connection in order.
    pub(super) async fn close(&mut self) {
        // That the server can't be reached is no news to anybody.
        let frame = CloseFrame {
            code: CloseCode::Normal,
            reason: Utf8Bytes::default(),
        };
        let _ = timeout(CLOSE_LIMIT, self.stream.close(Some(frame))).await;
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        outgoing: &mut VecDeque<String>,
    ) -> Poll<Result<(), Error>> {
        let mut stream = Pin::new(&mut self.stream);
        while !outgoing.is_empty() {
            ready!(stream.as_mut().poll_ready(cx))?;
            if let Some(text) = outgoing.pop_front() {
                stream.as_mut().start_send(Message::text(text))?;
                self.unflushed = true;
            }
        }
        if self.unflushed {
            ready!(stream.poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Heard> {
        Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
            Some(Ok(Message::Text(text))) => Heard::Text(text),
            Some(Ok(Message::Binary(bytes))) => Heard::Bytes(bytes),
            Some(Ok(Message::Close(frame))) => {
                // The answer to it leaves at once, or not at all.
                let _ = self.stream.flush().now_or_never();
                let frame =
                    frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned()));
                let (code, reason) =
                    frame.unwrap_or_else(|| (CloseCode::Status.into(), String::new()));
                Heard::Closed(Closed::Code(code, reason))
            }
            Some(Ok(_)) => Heard::Sign,
            Some(Err(error)) => Heard::Closed(broken(&error)),
            None => Heard::Closed(Closed::Broken("the connection ended".to_owned())),
        })
    }
}

/// The stream to a server, before anything is said on it.
pub(super) async fn reach(
    endpoint: &Endpoint,
    tls: Option<TlsConnector>,
) -> io::Result<Box<dyn Io>> {
    if let Way::Local(path) = endpoint.way() {
        return Ok(Box::new(UnixStream::connect(path).await?));
    }
    let stream = TcpStream::connect((endpoint.host(), endpoint.port())).await?;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "small messages may wait");
    }
    if !endpoint.is_tls() {
        return Ok(Box::new(stream));
    }
    let tls = tls.ok_or_else(|| io::Error::other("nothing was said of whom to trust"))?;
    let name = ServerName::try_from(endpoint.host().to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(tls.connect(name, stream).await?))
}

/// Whether coming back may help.
fn connect_fault(endpoint: &Endpoint, error: &io::Error) -> Fault {
    match lasting_failure(error) {
        Some(why) => Fault::Lasting(Refusal::Certificate(shown(&why))),
        None => Fault::Passing(format!("can't connect to {endpoint}: {error}")),
    }
}

fn broken(error: &Error) -> Closed {
    Closed::Broken(match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            "the connection broke".to_owned()
        }
        Error::Io(error) => format!("the connection broke: {error}"),
        error => format!("the connection can't go on: {error}"),
    })
}

/// Whether what answers is no muxwire server, or one that can't answer now.
fn handshake_fault(endpoint: &Endpoint, error: Error) -> Fault {
    match error {
        Error::Http(response) => status_fault(endpoint, &response),
        Error::Io(error) if lasting_failure(&error).is_some() => connect_fault(endpoint, &error),
        Error::Io(_) | Error::Protocol(ProtocolError::HandshakeIncomplete) => Fault::Passing(
            format!("can't connect to {endpoint}: the handshake broke off"),
        ),
        error => Fault::Lasting(Refusal::NotMuxwire(shown(&error.to_string()))),
    }
}

fn status_fault(endpoint: &Endpoint, response: &Response) -> Fault {
    let body = response.body().as_deref().unwrap_or_default();
    let body = String::from_utf8_lossy(body);
    let status = response.status();
    let waits = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT];
    if status.is_server_error() || waits.contains(&status) {
        let why = shown(body.trim());
        return Fault::Passing(format!("{endpoint} answers {}: {why}", status.as_u16()));
    }
    let why = format!("status {}: {}", status.as_u16(), shown(body.trim()));
    Fault::Lasting(Refusal::Handshake(why))
}
