//! The address of a server.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tokio_tungstenite::tungstenite::http::Uri;

/// The path of the protocol, where a URL names none.
const PATH: &str = "/monitor";
/// The port of `ws` URLs that name none, as the URL standard says.
const PORT: u16 = 80;
/// The same of `wss` URLs.
const TLS_PORT: u16 = 443;

/// A `ws://` or `wss://` URL, or a Unix socket as `unix:/path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    uri: Uri,
    host: String,
    port: u16,
    way: Way,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    Plain,
    Tls,
    Local(PathBuf),
}

/// A text that is not the address of a server, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is not the URL of a WebSocket.
    #[error(
        "write a URL such as ws://127.0.0.1:8765/monitor, as `muxwire serve` prints it, one with wss:// for TLS, or \
         unix:/PATH for a Unix socket"
    )]
    Form,
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

    /// Whether nobody between client and server can read what is sent: it is encrypted, or stays on this machine.
    #[must_use]
    pub fn is_private(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        let local = address.map_or(self.host == "localhost", |address| address.is_loopback());
        self.way != Way::Plain || local
    }

    /// Whether the server has to prove who it is.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.way == Way::Tls
    }

    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    pub(super) fn uri(&self) -> Uri {
        self.uri.clone()
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Self::local(Path::new(path));
        }
        let uri: Uri = text.parse().map_err(|_| EndpointError::Form)?;
        let scheme = uri.scheme_str().map(str::to_ascii_lowercase);
        let (way, port) = match scheme.as_deref() {
            Some("ws") => (Way::Plain, PORT),
            Some("wss") => (Way::Tls, TLS_PORT),
            _ => return Err(EndpointError::Form),
        };
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
        let port = uri.port_u16().unwrap_or(port);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path == "/" { PATH } else { path };
        let scheme = if way == Way::Tls { "wss" } else { "ws" };
        let uri = format!("{scheme}://{authority}{path}");
        let uri = uri.parse().map_err(|_| EndpointError::Form)?;
        Ok(Self {
            uri,
            host,
            port,
            way,
        })
    }
}

impl Endpoint {
    /// A Unix socket. The name in the request is that of this machine.
    fn local(path: &Path) -> Result<Self, EndpointError> {
        if !path.is_absolute() {
            return Err(EndpointError::Form);
        }
        let uri = format!("ws://localhost{PATH}");
        Ok(Self {
            uri: uri.parse().map_err(|_| EndpointError::Form)?,
            host: "localhost".to_owned(),
            port: PORT,
            way: Way::Local(path.to_owned()),
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Local(path) => write!(f, "unix:{}", path.display()),
            Way::Plain | Way::Tls => self.uri.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        use EndpointError::{Form, Secret};
        let local = "ws://127.0.0.1:8765/monitor";
        type Shown<'a> = Result<(&'a str, &'a str, u16), EndpointError>;
        let rows: [(&str, Shown<'_>); 20] = [
            (local, Ok((local, "127.0.0.1", 8765))),
            ("ws://127.0.0.1:8765", Ok((local, "127.0.0.1", 8765))),
            ("ws://127.0.0.1:8765/", Ok((local, "127.0.0.1", 8765))),
            ("WS://127.0.0.1:8765", Ok((local, "127.0.0.1", 8765))),
            ("ws://[::1]:1/x?y=z", Ok(("ws://[::1]:1/x?y=z", "::1", 1))),
            ("ws://box/monitor", Ok(("ws://box/monitor", "box", 80))),
            ("wss://box", Ok(("wss://box/monitor", "box", 443))),
            ("WSS://[::1]:1/", Ok(("wss://[::1]:1/monitor", "::1", 1))),
            ("unix:/run/s", Ok(("unix:/run/s", "localhost", 80))),
            ("unix:s", Err(Form)),
            ("unix://s", Ok(("unix://s", "localhost", 80))),
            ("https://box", Err(Form)),
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
    fn what_others_could_read_is_distinguished_from_the_rest() {
        let rows = [
            ("ws://127.0.0.1:1", true),
            ("ws://127.9.9.9:1", true),
            ("ws://[::1]:1", true),
            ("ws://localhost:1", true),
            ("unix:/run/s", true),
            ("wss://10.0.0.1:1", true),
            ("ws://10.0.0.1:1", false),
            ("ws://localhost.example.org:1", false),
        ];
        for (text, expected) in rows {
            assert_eq!(
                text.parse::<Endpoint>().map(|one| one.is_private()),
                Ok(expected),
                "{text}"
            );
        }
    }
}
