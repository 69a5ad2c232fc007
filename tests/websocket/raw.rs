//! WebSocket frames by hand, right and wrong ones, over a plain TCP connection.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::SOON;

pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

/// How a frame says its length.
#[derive(Debug, Clone, Copy)]
enum Length {
    Shortest,
    Two,
    Eight,
    /// In eight bytes, whatever follows.
    Claimed(u64),
}

/// A frame of a client: whole, masked and with the shortest length unless a case says otherwise.
#[derive(Debug, Clone)]
pub struct Frame {
    first: u8,
    mask: Option<[u8; 4]>,
    length: Length,
    payload: Vec<u8>,
}

pub fn frame(opcode: u8, payload: impl AsRef<[u8]>) -> Frame {
    Frame {
        first: 0x80 | opcode,
        mask: Some([0x37, 0xfa, 0x21, 0x3d]),
        length: Length::Shortest,
        payload: payload.as_ref().to_vec(),
    }
}

impl Frame {
    /// More of the message follows.
    pub fn open(mut self) -> Self {
        self.first &= 0x7f;
        self
    }

    /// The three reserved bits as a number.
    pub fn reserved(mut self, bits: u8) -> Self {
        self.first |= bits << 4;
        self
    }

    pub fn mask(mut self, mask: Option<[u8; 4]>) -> Self {
        self.mask = mask;
        self
    }

    pub fn length_in_two(mut self) -> Self {
        self.length = Length::Two;
        self
    }

    pub fn length_in_eight(mut self) -> Self {
        self.length = Length::Eight;
        self
    }

    pub fn claiming(mut self, length: u64) -> Self {
        self.length = Length::Claimed(length);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let len = self.payload.len() as u64;
        let masked = u8::from(self.mask.is_some()) << 7;
        let mut bytes = vec![self.first];
        match (self.length, len) {
            (Length::Shortest, 0..126) => bytes.push(masked | len as u8),
            (Length::Two, _) | (Length::Shortest, 126..0x1_0000) => {
                bytes.push(masked | 126);
                bytes.extend_from_slice(&(len as u16).to_be_bytes());
            }
            (length, _) => {
                bytes.push(masked | 127);
                let said = if let Length::Claimed(said) = length {
                    said
                } else {
                    len
                };
                bytes.extend_from_slice(&said.to_be_bytes());
            }
        }
        bytes.extend(self.mask.into_iter().flatten());
        let mask = self.mask.unwrap_or_default();
        let masked = self.payload.iter().zip(mask.iter().cycle());
        bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

/// A close frame's payload.
pub fn close_payload(code: u16, reason: impl AsRef<[u8]>) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_ref()].concat()
}

/// A frame of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromServer {
    pub opcode: u8,
    pub payload: Vec<u8>,
}

impl FromServer {
    /// The code of a close frame; 0 if it has none.
    pub fn code(&self) -> u16 {
        match &self.payload[..] {
            [high, low, ..] => u16::from_be_bytes([*high, *low]),
            _ => 0,
        }
    }
}

/// The client's end of a connection.
pub struct Raw {
    stream: TcpStream,
    came: Vec<u8>,
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            came: Vec::new(),
        }
    }

    /// A connection whose handshake is done.
    pub async fn open(address: SocketAddr, path: &str, subprotocol: &str) -> Self {
        let mut raw = Self::connect(address).await;
        let more = format!("sec-websocket-protocol: {subprotocol}\r\n");
        raw.send(handshake(path, &more).as_bytes()).await;
        let (status, _) = raw.answer().await.expect("the server answers");
        assert_eq!(status, 101, "{path}");
        raw
    }

    /// Sends bytes. That the server reads no more shows in what it says.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The same in pieces of this size, each by itself.
    pub async fn send_in_pieces(&mut self, bytes: &[u8], size: usize) {
        for piece in bytes.chunks(size) {
            self.send(piece).await;
            tokio::task::yield_now().await;
        }
    }

    /// Sends no more.
    pub async fn shut_down(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// The status and the head of an HTTP answer; nothing if the connection ends instead.
    pub async fn answer(&mut self) -> Option<(u16, String)> {
        loop {
            let end = self.came.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let rest = self.came.split_off(end + 4);
                let head = std::mem::replace(&mut self.came, rest);
                let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                return Some((status, head));
            }
            self.read_more().await?;
        }
    }

    /// The next frame, which has to be as RFC 6455 wants a server's frames; nothing at the end of the connection.
    pub async fn frame(&mut self) -> Option<FromServer> {
        loop {
            if let Some((frame, len)) = parsed(&self.came) {
                self.came.drain(..len);
                return Some(frame);
            }
            self.read_more().await?;
        }
    }

    /// Whether the connection ends without another frame.
    pub async fn ends(&mut self) -> bool {
        self.frame().await.is_none() && self.came.is_empty()
    }

    async fn read_more(&mut self) -> Option<()> {
        let read = timeout(SOON, self.stream.read_buf(&mut self.came));
        let read = read.await.expect("the server says something, or ends");
        read.ok().filter(|read| *read > 0).map(|_| ())
    }
}

/// The head of a handshake with more lines.
pub fn handshake(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n{more}\r\n"
    )
}

/// The first frame of these bytes and its length, if all of it is there. Panics if no server may send it.
fn parsed(bytes: &[u8]) -> Option<(FromServer, usize)> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    assert_eq!(first & 0x70, 0, "reserved bits");
    assert_eq!(second & 0x80, 0, "a server masks nothing");
    let opcode = first & 0x0f;
    let (len, head) = match second {
        126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), 10),
        short => (u64::from(short), 2),
    };
    let shortest = match len {
        0..126 => 2,
        126..0x1_0000 => 4,
        _ => 10,
    };
    assert_eq!(head, shortest, "a length in the fewest bytes");
    match opcode {
        CLOSE | PING | PONG => assert!(
            len <= 125 && first & 0x80 != 0,
            "a control frame is short and whole"
        ),
        TEXT | BINARY => assert_eq!(first & 0x80, 0x80, "this server sends no fragments"),
        other => panic!("opcode {other}"),
    }
    let end = head + usize::try_from(len).unwrap();
    let payload = bytes.get(head..end)?.to_vec();
    if opcode == TEXT {
        assert!(std::str::from_utf8(&payload).is_ok(), "text is UTF-8");
    }
    Some((FromServer { opcode, payload }, end))
}
