//! The address of a server.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use tokio_tungstenite::tungstenite::http::Uri;

/// The path of the protocol, where a URL names none.
const PATH: &str = "/monitor";
/// The port of `ws` URLs that name none, as the URL standard says.
const PORT: u16 = 80;

/// A `ws://` URL that can be connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    uri: Uri,
    host: String,
    port: u16,
}

/// A text that is not the address of a server, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is not the URL of a WebSocket.
    #[error("write a URL such as ws://127.0.0.1:8765/monitor, as `muxwire serve` prints it")]
    Form,
    /// It asks for TLS.
    #[error(
        "there is no TLS yet; go through a tunnel: `ssh -L 8765:127.0.0.1:8765 HOST`, and ws://127.0.0.1:8765"
    )]
    Tls,
    /// It holds a user's name or password.
    #[error(
        "a URL shows in lists of processes, so it must hold no secret; use a file or MUXWIRE_TOKEN for the token"
    )]
    Secret,
}

impl Endpoint {
    /// The name or address of the host, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether what is sent stays on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        address.map_or(self.host == "localhost", |address| address.is_loopback())
    }

    pub(super) fn uri(&self) -> Uri {
        self.uri.clone()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let uri: Uri = text.parse().map_err(|_| EndpointError::Form)?;
        match uri.scheme_str().map(str::to_ascii_lowercase).as_deref() {
            Some("ws") => {}
            Some("wss" | "https") => return Err(EndpointError::Tls),
            _ => return Err(EndpointError::Form),
        }
        let authority = uri.authority().ok_or(EndpointError::Form)?.as_str();
        if authority.contains('@') {
            return Err(EndpointError::Secret);
        }
        let host = uri.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if host.is_empty() || authority.ends_with(':') {
            return Err(EndpointError::Form);
        }
        let port = uri.port_u16().unwrap_or(PORT);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path == "/" { PATH } else { path };
        let uri = format!("ws://{authority}{path}");
        let uri = uri.parse().map_err(|_| EndpointError::Form)?;
        Ok(Self { uri, host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        use EndpointError::{Form, Secret, Tls};
        let local = "ws://127.0.0.1:8765/monitor";
        type Shown<'a> = Result<(&'a str, &'a str, u16), EndpointError>;
        let rows: [(&str, Shown<'_>); 16] = [
            (local, Ok((local, "127.0.0.1", 8765))),
            ("ws://127.0.0.1:8765", Ok((local, "127.0.0.1", 8765))),
            ("ws://127.0.0.1:8765/", Ok((local, "127.0.0.1", 8765))),
            ("WS://127.0.0.1:8765", Ok((local, "127.0.0.1", 8765))),
            ("ws://[::1]:1/x?y=z", Ok(("ws://[::1]:1/x?y=z", "::1", 1))),
            ("ws://box/monitor", Ok(("ws://box/monitor", "box", 80))),
            ("wss://box", Err(Tls)),
            ("https://box", Err(Tls)),
            ("http://box", Err(Form)),
            ("box:8765", Err(Form)),
            ("127.0.0.1:8765", Err(Form)),
            ("/monitor", Err(Form)),
            ("ws://", Err(Form)),
            ("ws://:80", Err(Form)),
            ("", Err(Form)),
            ("ws://me:secret@box", Err(Secret)),
        ];
        for (text, expected) in rows {
            let found: Result<Endpoint, _> = text.parse();
            let shown = found
                .as_ref()
                .map(|one| (one.to_string(), one.host().to_owned(), one.port()));
            let expected =
                expected.map(|(url, host, port)| (url.to_owned(), host.to_owned(), port));
            assert_eq!(shown.map_err(Clone::clone), expected, "{text:?}");
        }
    }

    #[test]
    fn loopback_is_told_from_the_network() {
        let rows = [
            ("ws://127.0.0.1:1", true),
            ("ws://127.9.9.9:1", true),
            ("ws://[::1]:1", true),
            ("ws://localhost:1", true),
            ("ws://10.0.0.1:1", false),
            ("ws://localhost.example.org:1", false),
        ];
        for (text, expected) in rows {
            assert_eq!(
                text.parse::<Endpoint>().map(|one| one.is_local()),
                Ok(expected),
                "{text}"
            );
        }
    }
}
