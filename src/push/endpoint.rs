//! Where a push message is sent: an address that a browser names, so anything may stand there.
//!
//! A server that sends to whatever it is told is a way into networks that only it can reach. So the address has to be of the
//! public internet, by TLS and at its usual port, and it is judged again by where its name leads when something is sent.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hyper::Uri;

/// The longest address, in bytes.
const LONGEST: usize = 2048;

/// Which addresses may be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndpointRules {
    /// Also this machine and private networks, without TLS, and at any port.
    pub private: bool,
}

/// Why an address can't be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is no address of the web, or too long.
    #[error("the endpoint is no address of a push service, or has more than {LONGEST} bytes")]
    Form,
    /// It is not https.
    #[error("the endpoint has to be https")]
    Plain,
    /// It has a port of its own.
    #[error("the endpoint has to be at port 443")]
    Port,
    /// It is not on the public internet.
    #[error(
        "the endpoint is on this machine or a private network: set push.private_endpoints if it has to be"
    )]
    Private,
}

/// An address that may be sent to, as far as it can be told by its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    text: String,
    uri: Uri,
}

/// Who has the whole of it can send to the browser, if that asks for no key.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({}/..)", self.origin())
    }
}

impl Endpoint {
    /// The address that a text spells.
    ///
    /// # Errors
    /// See [`EndpointError`].
    pub fn parse(text: &str, rules: EndpointRules) -> Result<Self, EndpointError> {
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '#' | '"' | '<' | '>' | '\\');
        if text.len() > LONGEST || !text.chars().all(is_plain) {
            return Err(EndpointError::Form);
        }
        let uri: Uri = text.parse().map_err(|_| EndpointError::Form)?;
        let authority = uri.authority().ok_or(EndpointError::Form)?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(EndpointError::Form);
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if rules.private => {}
            Some("http") => return Err(EndpointError::Plain),
            _ => return Err(EndpointError::Form),
        }
        let endpoint = Self {
            text: text.to_owned(),
            uri,
        };
        if !rules.private && endpoint.port() != 443 {
            return Err(EndpointError::Port);
        }
        let host = endpoint.host();
        let address: Option<IpAddr> = host.parse().ok();
        let is_private = match address {
            Some(address) => !rules.allow(address),
            None => !rules.private && is_local_name(host),
        };
        if is_private {
            return Err(EndpointError::Private);
        }
        Ok(endpoint)
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same, taken apart.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Its host, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Its port, or that of its scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        let usual = if self.is_tls() { 443 } else { 80 };
        self.uri.port_u16().unwrap_or(usual)
    }

    /// Its scheme, host and port: the audience of a signature.
    #[must_use]
    pub fn origin(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let host = self.uri.host().unwrap_or_default().to_ascii_lowercase();
        let usual = if self.is_tls() { 443 } else { 80 };
        match self.port() {
            port if port == usual => format!("{scheme}://{host}"),
            port => format!("{scheme}://{host}:{port}"),
        }
    }

    fn is_tls(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }
}

impl EndpointRules {
    /// Whether this address may be connected to.
    #[must_use]
    pub fn allow(self, address: IpAddr) -> bool {
        self.private
            || match address.to_canonical() {
                IpAddr::V4(address) => is_public(address),
                IpAddr::V6(address) => is_public_v6(address),
            }
    }
}

/// Names that no name server of the world knows.
fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let local = ["localhost", "local", "internal", "home.arpa", "lan"];
    !host.contains('.')
        || local
            .iter()
            .any(|end| host == *end || host.ends_with(&format!(".{end}")))
}

fn is_public(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = match (a, b, c) {
        // This network, shared with a provider's other customers, protocols, translation to 6, measurements.
        (0, ..) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _) => true,
        // Many at once, and what is kept for later.
        (224..=255, ..) => true,
        _ => false,
    };
    !(is_special
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation())
}

/// What is given out to networks of the world. Addresses in which one of IPv4 stands are judged by that.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let tail = |from: usize| {
        let octets = address.octets();
        let [a, b, c, d] = std::array::from_fn(|index| octets[from + index]);
        Ipv4Addr::new(a, b, c, d)
    };
    match (a, b) {
        // By the usual translation to IPv4; with another one in the middle, it is a network's own.
        (0x64, 0xff9b) => address.segments()[2..6] == [0; 4] && is_public(tail(12)),
        (0x2002, _) => is_public(tail(2)),
        // Tunnels, keys in the place of addresses, examples.
        (0x2001, 0..=0x1ff) | (0x2001, 0xdb8) => false,
        (0x3fff, 0..=0xfff) => false,
        (0x2000..=0x3fff, _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::EndpointError::{Form, Plain, Port, Private};
    use super::*;

    #[test]
    fn an_endpoint_is_https_on_the_public_internet() {
        let long = format!("push.example/{}", "x".repeat(2048));
        let rows: [(&str, &str, Option<EndpointError>, Option<EndpointError>); 27] = [
            ("https", "fcm.push.example/send/abc:APA91b-_", None, None),
            ("https", "web.push.example/QGuQ", None, None),
            ("https", "push.example:443/x?a=b", None, None),
            ("https", "93.184.216.34/x", None, None),
            ("https", "[2606:2800:220:1::1]/x", None, None),
            ("http", "push.example/x", Some(Plain), None),
            ("https", "push.example:8443/x", Some(Port), None),
            ("https", "127.0.0.1/x", Some(Private), None),
            ("https", "localhost/x", Some(Private), None),
            ("https", "LOCALHOST./x", Some(Private), None),
            ("https", "box/x", Some(Private), None),
            ("https", "printer.local/x", Some(Private), None),
            ("https", "metadata.cloud.internal/x", Some(Private), None),
            ("https", "10.0.0.1/x", Some(Private), None),
            ("https", "169.254.169.254/latest", Some(Private), None),
            ("https", "[::1]/x", Some(Private), None),
            ("https", "[::ffff:127.0.0.1]/x", Some(Private), None),
            ("https", "[fd00::1]/x", Some(Private), None),
            ("ftp", "push.example/x", Some(Form), Some(Form)),
            ("https", "me:secret@push.example/x", Some(Form), Some(Form)),
            ("https", "push.example/x#y", Some(Form), Some(Form)),
            ("https", "push.example/x\r\nhost: y", Some(Form), Some(Form)),
            ("https", "pu\u{15f}h.example/x", Some(Form), Some(Form)),
            ("", "x", Some(Form), Some(Form)),
            ("https", "/x", Some(Form), Some(Form)),
            ("https", "", Some(Form), Some(Form)),
            ("https", &long, Some(Form), Some(Form)),
        ];
        for (scheme, rest, public, private) in rows {
            let text = &format!("{scheme}://{rest}");
            for (is_private, expected) in [(false, public), (true, private)] {
                let rules = EndpointRules {
                    private: is_private,
                };
                let found = Endpoint::parse(text, rules);
                assert_eq!(
                    found.as_ref().err(),
                    expected.as_ref(),
                    "{text} {is_private}"
                );
                if let Ok(found) = found {
                    assert_eq!(found.text(), text);
                }
            }
        }
    }

    #[test]
    fn addresses_are_judged_wherever_a_name_leads() {
        let public = "1.1.1.1 93.184.216.34 172.32.0.1 100.128.0.1 2606:4700::1111 2a00:1450:4001::1 64:ff9b::101:101 \
                      2002:101:101::1 ::ffff:1.1.1.1";
        let private = "0.0.0.0 10.1.2.3 127.9.9.9 169.254.1.1 172.16.0.1 192.168.1.1 100.64.0.1 192.0.0.8 192.0.2.1 \
                       198.18.0.1 203.0.113.9 224.0.0.1 255.255.255.255 240.0.0.1 :: ::1 fe80::1 fec0::1 fc00::1 ff02::1 \
                       2001:db8::1 2001::1 64:ff9b::7f00:1 64:ff9b:1::101:101 2002:7f00:1::1 ::ffff:10.0.0.1 3fff::1 100::1";
        for (addresses, expected) in [(public, true), (private, false)] {
            for address in addresses.split_whitespace() {
                let ip = address.parse().unwrap();
                let rules = EndpointRules::default();
                assert_eq!(rules.allow(ip), expected, "{address}");
                assert!(EndpointRules { private: true }.allow(ip));
            }
        }
    }

    #[test]
    fn the_audience_is_the_origin_and_no_more() {
        let rules = EndpointRules { private: true };
        for (text, expected) in [
            ("https://Push.example/a?b", "https://push.example"),
            ("https://push.example:443/a", "https://push.example"),
            ("http://127.0.0.1:9/a", "http://127.0.0.1:9"),
            ("https://[2606::1]:8443/a", "https://[2606::1]:8443"),
        ] {
            let found = Endpoint::parse(text, rules).unwrap();
            assert_eq!(found.origin(), expected);
            assert!(!format!("{found:?}").contains("/a"), "{found:?}");
        }
    }
}
