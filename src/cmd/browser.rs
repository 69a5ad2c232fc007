//! `muxwire browser`: which browsers are let in, and an end to it.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_rustls::TlsConnector;

use crate::auth::{CodeHolder, CodeStore};
use crate::cli::{BrowserAccess, BrowserCommand, General};
use crate::client::Endpoint;
use crate::client::http::{HttpCredential, ask};
use crate::cmd::output::CommandOutput;
use crate::cmd::prepare;
use crate::cmd::remote::{tls, token};
use crate::cmd::span::short;
use crate::printable::escaped;

/// What a session is asked for by.
const SESSION: &str = "api/session";

/// Does what the subcommand asks for.
///
/// # Errors
/// The server can't be asked, does not let this in, or there is no such browser.
pub async fn run(
    general: &General,
    command: BrowserCommand,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    match command {
        BrowserCommand::List(args) => {
            let server = Server::reach(general, args.server).await?;
            let listed = server.list().await;
            server.leave().await?;
            show(&listed?, args.json, output)
        }
        BrowserCommand::End(args) => {
            let server = Server::reach(general, args.server).await?;
            let ended = end(&server, &args.names, output).await;
            server.leave().await?;
            ended
        }
    }
}

async fn end(
    server: &Server,
    names: &[String],
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let known = server.list().await?;
    for name in names {
        if !known.iter().any(|one| one["session"] == name.as_str()) {
            bail!("no browser is let in as {name:?}: `muxwire browser list` shows all");
        }
    }
    for name in names {
        server
            .request("DELETE", &format!("api/browsers/{name}"))
            .await?;
        output.line(&format!("ended {name}"))?;
    }
    Ok(())
}

/// A server, and what it lets this in by.
struct Server {
    endpoint: Endpoint,
    tls: Option<TlsConnector>,
    credential: HttpCredential,
}

impl Server {
    async fn reach(general: &General, access: BrowserAccess) -> anyhow::Result<Self> {
        let config = prepare(general, access.state.flags())?.config;
        let token = token(&access.access)?;
        let tls = tls(&access.access)?;
        let mut server = Self {
            endpoint: access.access.url,
            tls,
            credential: HttpCredential::Nothing,
        };
        server.credential = match token {
            Some(token) => HttpCredential::Token(token),
            None => {
                let store = CodeStore::new(config.server.state_dir);
                server.come_in(&store).await?
            }
        };
        Ok(server)
    }

    /// Comes in as a browser of whoever may write to the state directory.
    async fn come_in(&self, store: &CodeStore) -> anyhow::Result<HttpCredential> {
        let code = store.create(CodeHolder::Local, Timestamp::now())?;
        let body = json!({ "code": code.expose() }).to_string();
        let nothing = HttpCredential::Nothing;
        let answer = ask(
            &self.endpoint,
            self.tls.clone(),
            ("POST", SESSION),
            &nothing,
            body,
        )
        .await?;
        let cookie = answer.cookie.clone();
        answer.done().context(
            "a server with another state directory needs a token: MUXWIRE_TOKEN, or --token-file",
        )?;
        Ok(cookie.map_or(HttpCredential::Nothing, HttpCredential::Cookie))
    }

    async fn request(&self, method: &str, path: &str) -> anyhow::Result<String> {
        let (endpoint, tls) = (&self.endpoint, self.tls.clone());
        let asked = (method, path);
        let answer = ask(endpoint, tls, asked, &self.credential, String::new()).await?;
        Ok(answer.done()?)
    }

    /// All browsers but this one.
    async fn list(&self) -> anyhow::Result<Vec<Value>> {
        let body = self.request("GET", "api/browsers").await?;
        let mut answer: Value = serde_json::from_str(&body).context("the answer is no JSON")?;
        let Value::Array(all) = answer["sessions"].take() else {
            bail!("the answer lists no browsers");
        };
        Ok(all
            .into_iter()
            .filter(|one| one["current"] != true)
            .collect())
    }

    /// Leaves again, if this came in.
    async fn leave(&self) -> anyhow::Result<()> {
        if let HttpCredential::Cookie(_) = self.credential {
            self.request("DELETE", SESSION).await?;
        }
        Ok(())
    }
}

fn show(
    browsers: &[Value],
    as_json: bool,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    if as_json {
        return output.json(&browsers.into());
    }
    if browsers.is_empty() {
        return CommandOutput::stderr()
            .line("muxwire: no browser is let in; `muxwire url` prints an address that does");
    }
    let heads = ["NAME", "AS", "FROM", "SINCE", "IDLE", "CONNECTIONS"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(heads)
        .chain(browsers.iter().map(row))
        .collect();
    output.table(&rows)
}

fn row(browser: &Value) -> [String; 6] {
    let text = |name: &str| escaped(browser[name].as_str().unwrap_or("-")).into_owned();
    let idle = Duration::from_millis(browser["idle_ms"].as_u64().unwrap_or(0));
    let idle = match idle.as_secs() {
        0 => "-".to_owned(),
        _ => short(idle),
    };
    [
        text("session"),
        text("name"),
        text("address"),
        text("began"),
        idle,
        browser["sockets"].as_u64().unwrap_or(0).to_string(),
    ]
}
