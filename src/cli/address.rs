//! Addresses to listen on, as they are written on the command line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The port that is listened on where none is named.
const USUAL_PORT: u16 = 8765;

/// An address to listen on; what is left out of it is the usual.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    let wrong = || {
        "an address, a port or both, such as 127.0.0.1:8765, [::1]:8765, localhost or 8765"
            .to_owned()
    };
    // A port by itself, as `8765` or `:8765`, is one of this machine alone: nobody opens a door by leaving something out.
    let digits = text.strip_prefix(':').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let port = digits.parse().map_err(|_| wrong())?;
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    let numbers = match text.get(..9) {
        Some(name) if name.eq_ignore_ascii_case("localhost") => format!("127.0.0.1{}", &text[9..]),
        _ => text.to_owned(),
    };
    let bare = numbers
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let alone: Option<IpAddr> = bare.unwrap_or(&numbers).parse().ok();
    match alone {
        Some(ip) => Ok(SocketAddr::new(ip, USUAL_PORT)),
        None => numbers.parse().map_err(|_| wrong()),
    }
}
