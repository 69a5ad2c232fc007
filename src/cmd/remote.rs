//! A server that runs, as commands ask it: one connection, requests and their answers, and the events between them.

use std::env;
use std::path::PathBuf;

use anyhow::bail;
use tokio_rustls::TlsConnector;

use crate::auth::read_token_file;
use crate::cli::AccessArgs;
use crate::client::{Endpoint, Refusal, Token, Update, Watcher, Wish};
use crate::cmd::output::CommandOutput;
use crate::ids::PaneId;
use crate::tls::{Fingerprint, Trust, connector};
use crate::wire::request::{Action, Open, RequestId, Snapshot, Target};
use crate::wire::{Message, PaneScreen, Received, Request, StateSnapshot};

/// The variable that holds the token, where no file is named.
const TOKEN_VARIABLE: &str = "MUXWIRE_TOKEN";

/// Something that is rare enough to be subscribed to by a command that wants no events.
const NEXT_TO_NOTHING: &str = "server.lost";

/// A client of the server that these flags name. It begins to connect when it is first asked for an update.
///
/// # Errors
/// The token or the certificates can't be read.
pub fn watcher(access: AccessArgs, wish: Wish) -> anyhow::Result<Watcher> {
    let token = token(&access)?;
    let tls = tls(&access)?;
    let watcher = Watcher::new(access.url, wish, token);
    Ok(match tls {
        Some(tls) => watcher.with_tls(tls),
        None => watcher,
    })
}

/// A connection to a server.
#[derive(Debug)]
pub struct Remote {
    watcher: Watcher,
    asked: u64,
}

impl Remote {
    /// Connects to the server, for requests and for events of these types alone; without types, for requests.
    ///
    /// # Errors
    /// The server can't be reached, or does not let this client in. It is not tried again: a command that is to answer
    /// at once had better fail.
    pub async fn connect(access: AccessArgs, types: &[&str]) -> anyhow::Result<Self> {
        let types = match types {
            [] => &[NEXT_TO_NOTHING],
            types => types,
        };
        let wish = Wish {
            types: types.iter().map(|one| (*one).to_owned()).collect(),
            ..Wish::default()
        };
        let mut watcher = watcher(access, wish)?;
        loop {
            match watcher.next().await? {
                Update::Connected(_) => return Ok(Self { watcher, asked: 0 }),
                Update::Disconnected { reason, .. } => return Err(unreachable(&reason)),
                Update::Message(_) | Update::Lost { .. } | Update::LeftOut { .. } => {}
            }
        }
    }

    /// Asks for something, and waits for the answer. Events that come before it are left out: they are older.
    ///
    /// # Errors
    /// The server refused ([`Refusal::Request`]), or the connection went.
    pub async fn ask(&mut self, action: Action) -> anyhow::Result<Received> {
        let id = self.send(action);
        loop {
            match self.watcher.next().await? {
                Update::Message(message) if message.request() == Some(&id) => {
                    return answer(message);
                }
                Update::Disconnected { reason, .. } => bail!("no answer: {reason}"),
                Update::Message(_)
                | Update::Connected(_)
                | Update::Lost { .. }
                | Update::LeftOut { .. } => {}
            }
        }
    }

    /// Asks for something, whose answer is among the updates that follow, with this id.
    pub fn send(&mut self, action: Action) -> RequestId {
        self.asked += 1;
        let id = RequestId::from(self.asked);
        self.watcher.ask(&Request {
            action,
            id: Some(id.clone()),
        });
        id
    }

    /// The state of all that this client may see.
    ///
    /// # Errors
    /// As with [`Self::ask`].
    pub async fn state(&mut self) -> anyhow::Result<StateSnapshot<'static>> {
        let answer = self.ask(Action::Snapshot(Snapshot::default())).await?;
        match answer.message() {
            Message::Snapshot(state) => Ok((**state).clone()),
            other => bail!("the server answers with {:?}", other.type_name()),
        }
    }

    /// What a pane shows.
    ///
    /// # Errors
    /// As with [`Self::ask`].
    pub async fn screen(&mut self, pane: PaneId) -> anyhow::Result<PaneScreen<'static>> {
        let target = Target {
            pane: Some(pane.to_string()),
            ..Target::default()
        };
        let id = self.send(Action::Open(Open {
            target,
            ..Open::default()
        }));
        loop {
            match self.watcher.next().await? {
                Update::Message(message) => match message.message() {
                    Message::PaneSnapshot(snapshot) if snapshot.pane.0 == pane => {
                        return Ok(snapshot.data.clone());
                    }
                    Message::Error(_) if message.request() == Some(&id) => {
                        answer(message)?;
                    }
                    _ => {}
                },
                Update::Disconnected { reason, .. } => bail!("no answer: {reason}"),
                Update::Connected(_) | Update::Lost { .. } | Update::LeftOut { .. } => {}
            }
        }
    }

    /// What happens next. It comes back by itself when the connection goes. Cancel safe.
    ///
    /// # Errors
    /// Coming back does not help.
    pub async fn next(&mut self) -> Result<Update, Refusal> {
        self.watcher.next().await
    }

    /// Ends the connection in order.
    pub async fn close(self) {
        self.watcher.close().await;
    }
}

/// The answer, unless it is a refusal.
///
/// # Errors
/// The server refused.
pub fn answer(message: Received) -> anyhow::Result<Received> {
    match message.message() {
        Message::Error(error) => Err(Refusal::request(&error.code, &error.message).into()),
        _ => Ok(message),
    }
}

fn unreachable(reason: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "{reason}; `muxwire serve` starts a server, and --url or MUXWIRE_URL says where it is"
    )
}

/// What TLS is spoken with, where it is.
///
/// # Errors
/// The certificates can't be read.
pub(super) fn tls(access: &AccessArgs) -> anyhow::Result<Option<TlsConnector>> {
    let trust = trust(access.ca.clone(), access.fingerprint);
    Ok(access.url.is_tls().then(|| connector(&trust)).transpose()?)
}

/// The token from the file, or else from the environment. Where it travels readable, that is said.
///
/// # Errors
/// The file can't be read, or what is there is no token.
pub(super) fn token(access: &AccessArgs) -> anyhow::Result<Option<Token>> {
    let token = given_token(access)?;
    if token.is_some() && !access.url.is_private() {
        warn_of_plain_text(&access.url)?;
    }
    Ok(token)
}

fn given_token(access: &AccessArgs) -> anyhow::Result<Option<Token>> {
    if let Some(path) = &access.token_file {
        return Ok(Some(Token::new(read_token_file(path)?)));
    }
    match env::var(TOKEN_VARIABLE) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => Ok(Some(Token::new(text.trim().to_owned()))),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => bail!("{TOKEN_VARIABLE} does not hold a token"),
    }
}

/// Whom to take for the server.
fn trust(ca: Option<PathBuf>, fingerprint: Option<Fingerprint>) -> Trust {
    match (ca, fingerprint) {
        (_, Some(fingerprint)) => Trust::Pinned(fingerprint),
        (Some(path), None) => Trust::Authorities(path),
        (None, None) => Trust::System,
    }
}

fn warn_of_plain_text(url: &Endpoint) -> anyhow::Result<()> {
    let host = url.host();
    CommandOutput::stderr().line(&format!(
        "muxwire: the token travels readable to {host}; with TLS (wss://) or through a tunnel it would not: \
         ssh -L 8765:127.0.0.1:8765 {host}"
    ))
}
