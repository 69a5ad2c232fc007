//! `muxwire url`: an address that lets a browser in.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::auth::{CODE_LIFE, CodeHolder, TokenStore};
use crate::cli::{General, UrlArgs};
use crate::cmd::dashboard::{DashboardAddress, open};
use crate::cmd::output::CommandOutput;
use crate::cmd::own_pane::is_in_tmux;
use crate::cmd::prepare;
use crate::config::Config;

/// How long a server may take to accept a connection.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(2);

/// Prints the address, or opens it.
///
/// # Errors
/// No server listens there, there is no such token, or no code can be made.
pub fn run(
    general: &General,
    args: &UrlArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let config = prepare(general, args.flags())?.config;
    let address = match &args.at {
        Some(given) => DashboardAddress::given(given, &config),
        None => DashboardAddress::of(&config, listening(&config)?),
    };
    let holder = match &args.token {
        Some(token) => holder_of(token, &config)?,
        None => CodeHolder::Local,
    };
    let url = address.letting_in(&config, holder)?;
    let mut stderr = CommandOutput::stderr();
    if args.open {
        return open(&url, &config.server.state_dir).with_context(|| {
            format!(
                "open {} yourself: `muxwire url` prints how",
                address.plain()
            )
        });
    }
    output.line(&url)?;
    if config.security.require_auth {
        stderr.line(&format!(
            "muxwire: it lets one browser in, within {} minutes, {}",
            CODE_LIFE.as_secs() / 60,
            match holder {
                CodeHolder::Local =>
                    "to do everything; --token NAME gives it the rights of a token",
                CodeHolder::Token(_) => "with the rights of this token, and as long as that lasts",
            }
        ))?;
    }
    if config.security.require_auth && is_in_tmux() {
        stderr.line(
            "muxwire: this is a pane of tmux: anyone who may read it could be quicker; --open shows the address to \
             nobody",
        )?;
    }
    Ok(())
}

/// Where the server listens, if one does.
fn listening(config: &Config) -> anyhow::Result<SocketAddr> {
    let address = SocketAddr::new(config.server.host, config.server.port);
    if address.port() == 0 {
        bail!(
            "server.port is 0: say with --listen or --at where the server is, as it prints when it starts"
        );
    }
    TcpStream::connect_timeout(&address, ACCEPTED_WITHIN).with_context(|| {
        format!(
            "no server listens on {address}: `muxwire serve` starts one, and --listen or --at says where another is"
        )
    })?;
    Ok(address)
}

/// The token of this name or id.
fn holder_of(token: &str, config: &Config) -> anyhow::Result<CodeHolder> {
    let store = TokenStore::new(config.server.state_dir.clone());
    let entries = store.list()?;
    let found = entries
        .iter()
        .find(|entry| entry.id().to_string() == token || entry.principal().name() == token);
    let entry = found.with_context(|| {
        let folder = store.directory().display();
        format!(
            "no token in {folder} has the id or the name {token:?}: `muxwire token list` shows all"
        )
    })?;
    Ok(CodeHolder::Token(entry.id()))
}
