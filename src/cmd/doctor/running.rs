//! Whether muxwire itself runs where it is to listen, and is ready.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::checks::Check;
use crate::config::Config;

/// How long it may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// The most that is read of an answer.
const MOST: u64 = 64 * 1024;

const NAME: &str = "muxwire";

/// Asks the muxwire that listens as the settings say whether it is ready.
pub(super) async fn muxwire(config: &Config, has_tmux: bool) -> Check {
    let address = reachable(SocketAddr::new(config.server.host, config.server.port));
    if address.port() == 0 {
        return Check::ok(NAME, "listens on a free port, so it is not looked for");
    }
    let speaks_tls = config.tls.certificate.is_some();
    match timeout(LIMIT, ask(address, speaks_tls)).await {
        Ok(Ok(None)) => Check::ok(NAME, format!("something listens on {address}, with TLS")),
        Ok(Ok(Some(answer))) => judged(address, &answer, has_tmux),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Check::warning(
            NAME,
            format!("nothing listens on {address}"),
            "start it with: muxwire serve",
        ),
        Ok(Err(error)) => Check::failed(NAME, format!("{address} can't be asked: {error}")),
        Err(_) => {
            let said = format!("what listens on {address} did not answer within {LIMIT:?}");
            Check::failed(NAME, said)
        }
    }
}

/// An address to connect to: one that stands for all is asked at its loopback address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The answer to `GET /readyz`; none where TLS is spoken, for it is only looked whether somebody listens.
async fn ask(address: SocketAddr, speaks_tls: bool) -> io::Result<Option<String>> {
    let mut stream = TcpStream::connect(address).await?;
    if speaks_tls {
        return Ok(None);
    }
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).await?;
    Ok(Some(String::from_utf8_lossy(&answer).into_owned()))
}

fn judged(address: SocketAddr, answer: &str, has_tmux: bool) -> Check {
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let first = body.lines().next().unwrap_or_default();
    match status {
        "200" if first.starts_with("ready") => Check::ok(NAME, format!("{address}: {first}")),
        "503" if !has_tmux => Check::warning(
            NAME,
            format!("{address} runs and waits: {first}"),
            "start the tmux server",
        ),
        "503" => Check::failed(
            NAME,
            format!(
                "{address} is not ready although there is a tmux server: {first}; look at its log, and whether it was \
                     started for the same server"
            ),
        ),
        _ => Check::failed(
            NAME,
            format!("what listens on {address} is no muxwire: choose another port with --listen"),
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::super::checks::CheckResult;
    use super::*;

    #[test]
    fn answers_are_judged() {
        let address = "127.0.0.1:8765".parse().unwrap();
        let ready = "HTTP/1.1 200 OK\r\nx: y\r\n\r\nready\nwarning a: b\n";
        let waits = "HTTP/1.1 503 Service Unavailable\r\n\r\nno tmux server is connected\n";
        let rows = [
            (ready, true, CheckResult::Ok),
            (waits, false, CheckResult::Warning),
            (waits, true, CheckResult::Failed),
            ("HTTP/1.1 200 OK\r\n\r\nhello", true, CheckResult::Failed),
            ("", true, CheckResult::Failed),
            ("SSH-2.0", true, CheckResult::Failed),
        ];
        for (answer, has_tmux, state) in rows {
            assert_eq!(judged(address, answer, has_tmux).state, state, "{answer}");
        }
    }

    #[test]
    fn an_address_for_all_is_asked_at_loopback() {
        let rows = [
            ("0.0.0.0:1", "127.0.0.1:1"),
            ("[::]:1", "[::1]:1"),
            ("10.0.0.1:1", "10.0.0.1:1"),
        ];
        for (address, asked) in rows {
            assert_eq!(reachable(address.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
