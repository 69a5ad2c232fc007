//! The WebSocket itself: the one file that knows tungstenite; and a stream that is only written to, as event streams are.
//!
//! tungstenite reads: frames, masks, fragments, control frames, limits. It never sees the socket: what was received is put
//! before it, and what it has to say itself, pongs and Close frames, goes through the send queue in order with everything else.
//! So an idle socket holds no buffer, and any task can write to it at any time.

use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{
    CloseFrame, Role, WebSocketConfig, WebSocketContext,
};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::inflating::Inflating;
use super::send_queue::{Frame, Overflow, SendQueue};
use crate::hub::Published;
use crate::wire::{CloseCode, Coding, Framed, MAX_MESSAGE};

/// The bytes that one read may bring. They lie on the stack, and are looked at before anything else happens.
const READ: usize = 16 << 10;
/// What tungstenite holds for an idle connection. Nearly all that clients say fits in.
const READ_BUFFER: usize = 128;
/// Frames that one write may hold.
const PIECES: usize = 64;
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
    /// The client sent bytes.
    Bytes(Bytes),
    /// The client sent what can't be read on: the reason to close.
    Unreadable(CloseCode),
    /// The client asks for pongs and reads none.
    Slow,
    /// Both sides have sent Close; the last frame may still have to be written.
    Left,
    /// The connection is over.
    Over(Option<Error>),
}

/// A WebSocket.
#[derive(Debug)]
pub(super) struct Socket<S> {
    io: S,
    /// What reads frames; nothing if the client is only written to.
    reader: Option<WebSocketContext>,
    /// What was received and tungstenite has not taken.
    unread: Bytes,
    /// What makes compressed messages plain before tungstenite gets them, if the client may send any.
    inflating: Option<Box<Inflating>>,
    /// tungstenite has nothing more to report what it has taken.
    hungry: bool,
    reading: Reading,
    /// Something was handed over that a flush has not confirmed.
    unflushed: bool,
    closing: bool,
    /// tungstenite knows that nothing more is to come.
    shut: bool,
}

/// How received bytes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Frames,
    /// It is read and thrown away: where a frame begins is no longer known.
    Discarding,
    /// Nothing more is to come: both sides have sent Close.
    Done,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// The server's end of a connection whose handshake is done; `read_before` received behind it.
    pub(super) fn new(io: S, read_before: &[u8], coding: Coding) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_READ))
            .max_frame_size(Some(MAX_READ));
        let is_compressed = coding == Coding::Deflate;
        let mut socket = Self {
            io,
            reader: Some(WebSocketContext::new(Role::Server, Some(config))),
            unread: Bytes::new(),
            inflating: is_compressed.then(|| Box::new(Inflating::new(MAX_READ))),
            hungry: true,
            reading: Reading::Frames,
            unflushed: false,
            closing: false,
            shut: false,
        };
        socket.receive(read_before);
        socket
    }

    /// Keeps what was received until it is looked at.
    fn receive(&mut self, bytes: &[u8]) {
        match &mut self.inflating {
            Some(inflating) => inflating.receive(bytes),
            // It shares no buffer, which must not live on for it.
            None => {
                self.unread = Bytes::copy_from_slice(bytes);
                self.hungry = bytes.is_empty();
            }
        }
    }

    /// Makes the next that was received plain, if it may be compressed. Whether there was anything.
    fn inflate(&mut self) -> bool {
        let next = self
            .inflating
            .as_mut()
            .and_then(|inflating| inflating.next());
        if let Some(next) = next {
            self.hungry = next.is_empty();
            self.unread = next;
            return true;
        }
        false
    }

    /// A stream that is only written to: whatever comes is thrown away, and its end is the end of the connection.
    pub(super) fn one_way(io: S) -> Self {
        Self {
            io,
            reader: None,
            unread: Bytes::new(),
            inflating: None,
            hungry: false,
            reading: Reading::Discarding,
            unflushed: false,
            closing: false,
            shut: false,
        }
    }

    /// Sends Close behind all that waits; what comes after it would not be read. Only the first call counts.
    pub(super) fn close(&mut self, code: CloseCode, send_queue: &mut SendQueue) {
        if self.closing {
            return;
        }
        self.closing = true;
        let Some(reader) = &mut self.reader else {
            return;
        };
        let frame = CloseFrame {
            code: code.number().into(),
            reason: code.reason().into(),
        };
        let mut exchange = Exchange::default();
        // It fails only if the client has sent Close already, and has been answered.
        if reader.close(&mut exchange, Some(frame)).is_ok()
            && let Some(close) = exchange.said()
        {
            send_queue.push_last(close);
        }
    }

    /// Whether both sides have sent Close and everything is written.
    pub(super) fn is_done(&self, send_queue: &SendQueue) -> bool {
        let is_read = self.reading == Reading::Done || (self.reader.is_none() && self.shut);
        is_read && send_queue.is_empty() && !self.unflushed
    }

    /// Writes all that waits. Pending when the socket is full; otherwise returns whether there was anything to write.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        send_queue: &mut SendQueue,
        mut done: impl FnMut(&Published),
    ) -> Poll<io::Result<bool>> {
        while !send_queue.is_empty() {
            self.unflushed = true;
            let mut room = [IoSlice::new(&[]); PIECES];
            let count = send_queue.pieces(&mut room);
            let written = match &room[..count] {
                [one] => Pin::new(&mut self.io).poll_write(cx, one),
                many => Pin::new(&mut self.io).poll_write_vectored(cx, many),
            };
            let written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            send_queue.advance(written, &mut done);
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        }
        // A client that broke the protocol need not answer Close: this is the end, as soon as it has been read.
        if self.reading == Reading::Discarding && self.closing && !self.shut {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            self.shut = true;
        }
        Poll::Ready(Ok(std::mem::take(&mut self.unflushed)))
    }

    /// Writes a frame at once, as far as the socket takes it; nothing else may wait. Pending if it takes nothing.
    pub(super) fn poll_write_frame(
        &mut self,
        cx: &mut Context<'_>,
        frame: &Framed,
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, frame.bytes()))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        // What has not been flushed is by the next write, or by the connection's own task.
        self.unflushed = Pin::new(&mut self.io).poll_flush(cx)?.is_pending();
        Poll::Ready(Ok(written))
    }

    /// Reads the next message. What tungstenite has to say to it goes into the send_queue.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        send_queue: &mut SendQueue,
    ) -> Poll<Happened> {
        loop {
            match self.reading {
                Reading::Frames if !self.hungry => {
                    let unread = std::mem::take(&mut self.unread);
                    let mut left = &unread[..];
                    let happened = self.look(&mut left, send_queue);
                    if !left.is_empty() {
                        self.unread = unread.slice_ref(left);
                    }
                    if happened.is_ready() {
                        return happened;
                    }
                    continue;
                }
                Reading::Frames => {
                    if self.inflate() {
                        continue;
                    }
                }
                Reading::Done => return Poll::Pending,
                Reading::Discarding => {}
            }
            let mut buffer = [MaybeUninit::uninit(); READ];
            let mut buffer = ReadBuf::uninit(&mut buffer);
            if let Err(error) = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                return Poll::Ready(over(Error::Io(error)));
            }
            let mut left = buffer.filled();
            if left.is_empty() {
                return Poll::Ready(Happened::Over(None));
            }
            if self.inflating.is_some() {
                self.receive(left);
            } else if self.reading == Reading::Frames {
                let happened = self.look(&mut left, send_queue);
                self.unread = Bytes::copy_from_slice(left);
                if happened.is_ready() {
                    return happened;
                }
            }
        }
    }

    /// Looks at received bytes, up to the end of a message. Pending if it takes more.
    fn look(&mut self, received: &mut &[u8], send_queue: &mut SendQueue) -> Poll<Happened> {
        let Some(reader) = &mut self.reader else {
            return Poll::Pending;
        };
        let mut exchange = Exchange::of(received);
        let mut read = reader.read(&mut exchange);
        if let Ok(Message::Ping(_) | Message::Close(_)) = &read {
            // The answer is given now, and not when more comes. Behind the last Close there is an error instead.
            if let Err(error) = reader.flush(&mut exchange) {
                read = Err(error);
            }
        }
        *received = exchange.received;
        self.hungry = false;
        let said = exchange.said();
        let happened = match read {
            Ok(Message::Text(text)) => Happened::Text(text.into()),
            Ok(Message::Binary(bytes)) => Happened::Bytes(bytes),
            Ok(_) => Happened::Sign,
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                self.hungry = true;
                return Poll::Pending;
            }
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => {
                // A client that sends Close wants nothing more, but for the answer.
                self.reading = Reading::Done;
                send_queue.clear();
                if let Some(close) = said {
                    send_queue.push_last(close);
                }
                return Poll::Ready(Happened::Left);
            }
            Err(error) => match fault(&error) {
                Some(code) => {
                    self.reading = Reading::Discarding;
                    Happened::Unreadable(code)
                }
                None => return Poll::Ready(over(error)),
            },
        };
        match said.map(|said| send_queue.push(said)) {
            // The client asks for more pongs than it reads.
            Some(Err(Overflow)) => Poll::Ready(Happened::Slow),
            Some(Ok(())) | None => Poll::Ready(happened),
        }
    }
}

/// What tungstenite takes for the socket: received bytes, and what it answers.
#[derive(Debug, Default)]
struct Exchange<'a> {
    received: &'a [u8],
    said: Vec<u8>,
}

impl<'a> Exchange<'a> {
    fn of(received: &&'a [u8]) -> Self {
        Self {
            received,
            said: Vec::new(),
        }
    }

    /// The frames that were said.
    fn said(self) -> Option<Frame> {
        (!self.said.is_empty()).then(|| Frame::new(Framed::built(self.said.into())))
    }
}

impl Read for Exchange<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.received.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.received.read(buffer)
    }
}

impl Write for Exchange<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.said.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What RFC 6455 has a server say to a client that broke it; nothing if the connection itself is the matter.
fn fault(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Capacity(_) => Some(CloseCode::TooBig),
        Error::Utf8(_) => Some(CloseCode::NotText),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol),
        _ => None,
    }
}

fn over(error: Error) -> Happened {
    match error {
        // A client that leaves without Close is no news.
        Error::Io(error) if error.kind() == io::ErrorKind::ConnectionReset => Happened::Over(None),
        error => Happened::Over(Some(error)),
    }
}
