//! As little of a WebSocket client as a load generator needs: a handshake, sending, and raw bytes to read.

use std::io::{Read, Write as _};
use std::net::TcpStream;

/// What a client asks for in its handshake.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    pub path: &'a str,
    /// The subprotocols, or nothing.
    pub subprotocols: &'a str,
    pub token: Option<&'a str>,
    /// Whether messages may come compressed.
    pub deflate: bool,
}

/// An open WebSocket. Reading it gives frames as they come; those of a server are not masked.
#[derive(Debug)]
pub struct Socket {
    pub stream: TcpStream,
    /// What the server chose.
    pub subprotocol: String,
}

impl Socket {
    pub fn connect(address: &str, offer: Offer<'_>) -> Self {
        let mut stream = TcpStream::connect(address)
            .unwrap_or_else(|error| panic!("can't connect to {address}: {error}"));
        stream.set_nodelay(true).unwrap();
        let mut request = format!(
            "GET {} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
            offer.path
        );
        if !offer.subprotocols.is_empty() {
            request += &format!("Sec-WebSocket-Protocol: {}\r\n", offer.subprotocols);
        }
        if let Some(token) = offer.token {
            request += &format!("Authorization: Bearer {token}\r\n");
        }
        if offer.deflate {
            request += "Sec-WebSocket-Extensions: permessage-deflate\r\n";
        }
        request += "\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let head = read_head(&mut stream);
        assert!(head.starts_with("HTTP/1.1 101"), "refused: {head}");
        let chosen = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("sec-websocket-protocol")
                .then(|| value.trim().to_owned())
        });
        let has_deflate = head.to_ascii_lowercase().contains("permessage-deflate");
        assert_eq!(has_deflate, offer.deflate, "what is offered is taken");
        Self {
            stream,
            subprotocol: chosen.unwrap_or_default(),
        }
    }

    /// Sends a text message.
    pub fn send(&mut self, message: &str) {
        self.send_frame(0x81, message.as_bytes());
    }

    /// Sends a binary message.
    pub fn send_binary(&mut self, message: &[u8]) {
        self.send_frame(0x82, message);
    }

    /// The mask is all zeros, so that nothing has to be masked.
    fn send_frame(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match u8::try_from(payload.len()) {
            Ok(length @ ..126) => frame.push(0x80 | length),
            _ => {
                frame.push(0x80 | 126);
                let length = u16::try_from(payload.len()).expect("clients here say little");
                frame.extend_from_slice(&length.to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        self.stream.write_all(&frame).unwrap();
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.stream.read(buffer)
    }
}

/// Reads the head of a response, and not one byte of what follows it.
fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut peeked = [0; 2048];
    loop {
        let count = stream.peek(&mut peeked).unwrap();
        assert!(count > 0, "the server closes instead of answering");
        let before = head.len();
        head.extend_from_slice(&peeked[..count]);
        let end = head
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .map(|at| at + 4);
        let taken = end.unwrap_or(head.len()) - before;
        stream.read_exact(&mut peeked[..taken]).unwrap();
        if let Some(end) = end {
            head.truncate(end);
            return String::from_utf8(head).unwrap();
        }
    }
}

/// A frame of a server.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub is_binary: bool,
    pub payload: &'a [u8],
}

/// The whole frames that some bytes begin with.
pub fn frames(mut bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    std::iter::from_fn(move || {
        let (start, length) = frame_head(bytes)?;
        let payload = bytes.get(start..start + length)?;
        let is_binary = bytes[0] & 0x0f == 2;
        bytes = &bytes[start + length..];
        Some(Frame { is_binary, payload })
    })
}

/// Where a frame's payload begins, and how long that is.
fn frame_head(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.get(1)? & 0x7f {
        126 => {
            let length = bytes.get(2..4)?.try_into().unwrap();
            Some((4, usize::from(u16::from_be_bytes(length))))
        }
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap());
            Some((10, usize::try_from(length).unwrap()))
        }
        short => Some((2, usize::from(short))),
    }
}
