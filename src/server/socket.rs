//! The WebSocket itself: the one file that knows tungstenite.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as RawFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::outbox::{Frame, Outbox};
use crate::hub::Published;
use crate::wire::{CloseCode, MAX_MESSAGE};

/// The bytes that one read may bring, and that every idle connection holds. Nearly all that clients say fits in.
const READ_BUFFER: usize = 512;
/// Writes are gathered up to this size while more waits; one event alone is written at once.
const WRITE_BUFFER: usize = 32 << 10;
/// The longest message that is read at all. Messages up to here that are too long for the protocol cost only
/// themselves; beyond, the connection.
const MAX_READ: usize = 4 * MAX_MESSAGE;

/// What happened on the socket.
#[derive(Debug)]
pub(super) enum Happened {
    /// The client said something.
    Text(Bytes),
    /// The client gave a sign of life.
    Sign,
    /// The client said something that is not text.
    NotText,
    /// The client sent a message that is too long to be read.
    TooLong,
    /// All that waited is written; the events that were the first of their kind to leave are in the list.
    Written,
    /// The connection is over.
    Over(Option<Error>),
}

/// A WebSocket, and what has been handed to it and is not yet written.
pub(super) struct Socket<S> {
    stream: WebSocketStream<S>,
    /// Something was handed over that a flush has not confirmed.
    unflushed: bool,
    closing: bool,
    measured: Vec<Arc<Published>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// The server's end of a connection whose handshake is done; `read_before` came behind it.
    pub(super) async fn new(io: S, read_before: Bytes) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(MAX_READ))
            .max_frame_size(Some(MAX_READ));
        let part = read_before.to_vec();
        let stream =
            WebSocketStream::from_partially_read(io, part, Role::Server, Some(config)).await;
        Self {
            stream,
            unflushed: false,
            closing: false,
            measured: Vec::new(),
        }
    }

    /// Writes what waits in the outbox, reads if `read` says so, and returns when something happened. Cancel safe.
    pub(super) async fn exchange(
        &mut self,
        outbox: &mut Outbox,
        read: bool,
        close: Option<CloseCode>,
    ) -> Happened {
        poll_fn(|cx| {
            if let Poll::Ready(happened) = self.poll_write(cx, outbox, close) {
                return Poll::Ready(happened);
            }
            if read {
                self.poll_read(cx)
            } else {
                Poll::Pending
            }
        })
        .await
    }

    /// The events that left since the last call and whose time is to be measured.
    pub(super) fn take_measured(&mut self) -> std::vec::Drain<'_, Arc<Published>> {
        self.measured.drain(..)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        outbox: &mut Outbox,
        close: Option<CloseCode>,
    ) -> Poll<Happened> {
        match ready!(self.poll_out(cx, outbox, close)) {
            Ok(true) => Poll::Ready(Happened::Written),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(over(error)),
        }
    }

    /// Hands over as much as the socket takes. Returns whether something was written that was not before.
    fn poll_out(
        &mut self,
        cx: &mut Context<'_>,
        outbox: &mut Outbox,
        close: Option<CloseCode>,
    ) -> Poll<Result<bool, Error>> {
        while !outbox.is_empty() && !self.closing {
            ready!(Pin::new(&mut self.stream).poll_ready(cx))?;
            let Some(frame) = outbox.pop() else { break };
            self.unflushed = true;
            let message = self.message(frame);
            Pin::new(&mut self.stream).start_send(message)?;
        }
        if let Some(code) = close.filter(|_| !self.closing) {
            ready!(Pin::new(&mut self.stream).poll_ready(cx))?;
            self.closing = true;
            self.unflushed = true;
            let frame = CloseFrame {
                code: code.number().into(),
                reason: code.reason().into(),
            };
            Pin::new(&mut self.stream).start_send(Message::Close(Some(frame)))?;
        }
        if !self.unflushed {
            return Poll::Ready(Ok(false));
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(true))
    }

    fn message(&mut self, frame: Frame) -> Message {
        if !frame.framed.is_message() {
            return Message::Ping(Bytes::new());
        }
        self.measured.extend(frame.event);
        // A raw frame, since our own JSON need not be checked for UTF-8 again for every client.
        let payload = Bytes::copy_from_slice(frame.framed.payload());
        let data = match frame.framed.bytes().first() {
            Some(0x82) => Data::Binary,
            _ => Data::Text,
        };
        Message::Frame(RawFrame::message(payload, OpCode::Data(data), true))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Happened> {
        Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
            None => Happened::Over(None),
            Some(Ok(Message::Text(text))) => Happened::Text(text.into()),
            Some(Ok(Message::Binary(_))) => Happened::NotText,
            Some(Ok(_)) => Happened::Sign,
            Some(Err(error)) => over(error),
        })
    }
}

fn over(error: Error) -> Happened {
    match error {
        Error::Capacity(_) => Happened::TooLong,
        Error::ConnectionClosed | Error::AlreadyClosed => Happened::Over(None),
        // Whoever leaves without a word is no news.
        Error::Io(error) if error.kind() == io::ErrorKind::ConnectionReset => Happened::Over(None),
        error => Happened::Over(Some(error)),
    }
}
