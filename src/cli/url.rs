//! `muxwire url`

use std::net::SocketAddr;

use clap::Args;

use super::address::listen;
use super::{StateArgs, flag};
use crate::config::Flag;

/// `muxwire url`
#[derive(Debug, Clone, Args)]
pub struct UrlArgs {
    /// Where the server listens [default: 127.0.0.1:8765]
    #[arg(long, value_name = "ADDRESS", value_parser = listen)]
    pub listen: Option<SocketAddr>,
    /// Where browsers find it, if not there: its address behind a proxy, from https:// on
    #[arg(long, value_name = "URL", value_parser = page, conflicts_with = "listen")]
    pub at: Option<String>,
    /// Let the browser in with the rights of this token, by its name or id, and not to do everything
    #[arg(long, value_name = "NAME|ID")]
    pub token: Option<String>,
    /// Open it in the browser of this machine, and print nothing
    #[arg(long)]
    pub open: bool,
    /// The state directory.
    #[command(flatten)]
    pub state: StateArgs,
}

impl UrlArgs {
    /// The settings that these flags stand for.
    #[must_use]
    pub fn flags(&self) -> Vec<Flag> {
        let ip = self.listen.map(|address| address.ip().to_string());
        let port = self.listen.map(|address| address.port().to_string());
        let own = [
            flag("--listen", "server.host", ip),
            flag("--listen", "server.port", port),
        ];
        own.into_iter()
            .flatten()
            .chain(self.state.flags())
            .collect()
    }
}

/// The address of a page, with nothing in it that a code can't stand behind.
fn page(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_address = rest.is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_graphic() && !"?#@\"<>\\".contains(c);
        !host.is_empty() && rest.chars().all(is_plain)
    });
    match is_address {
        true => Ok(text.to_owned()),
        false => Err("write an address such as https://box.example/muxwire".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_pages_are_read() {
        let rows = [
            ("https://box.example", true),
            ("http://127.0.0.1:8765/", true),
            ("https://[::1]:1/mux", true),
            ("box.example", false),
            ("ws://box.example", false),
            ("https://", false),
            ("https:///x", false),
            ("https://me@box.example", false),
            ("https://box.example/?a", false),
            ("https://box.example/#a", false),
            ("https://box example", false),
        ];
        for (text, expected) in rows {
            assert_eq!(page(text).is_ok(), expected, "{text}");
        }
    }
}
