//! `muxwire token`: make, list and revoke tokens.

use std::io::{self, IsTerminal as _, Write};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use serde_json::json;

use crate::auth::{Entry, NewToken, Permissions, Scope, TokenStore};
use crate::cli::{
    General, StateArgs, TokenCommand, TokenCreateArgs, TokenListArgs, TokenRevokeArgs,
};
use crate::cmd::output::CommandOutput;
use crate::cmd::own_pane::is_in_tmux;
use crate::cmd::prepare;
use crate::glob::NamePattern;
use crate::ids::SessionId;

/// Does what the subcommand asks for.
///
/// # Errors
/// The store can't be used, or it has no such token.
pub fn run(
    general: &General,
    command: TokenCommand,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    match command {
        TokenCommand::Create(args) => create(&store(general, &args.state)?, args, output),
        TokenCommand::List(args) => list(&store(general, &args.state)?, &args, output),
        TokenCommand::Revoke(args) => revoke(&store(general, &args.state)?, &args, output),
    }
}

fn store(general: &General, state: &StateArgs) -> anyhow::Result<TokenStore> {
    let resolved = prepare(general, state.flags())?;
    Ok(TokenStore::new(resolved.config.server.state_dir))
}

fn create(
    store: &TokenStore,
    args: TokenCreateArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let now = Timestamp::from_second(Timestamp::now().as_second())?;
    let expires = args.expires.map(|life| now.checked_add(life)).transpose();
    let misleading: Vec<String> = args.sessions.iter().filter_map(misleading).collect();
    let new = NewToken {
        name: args.name,
        permissions: Permissions::closure(args.allow).context("--allow is empty")?,
        scope: Scope::new(args.sessions),
        expires: expires.context("--expires is too far in the future")?,
        redact: args.redact,
    };
    let (token, entry) = store.create(new, now)?;
    let printed = if args.json {
        let mut value = describe(&entry, now);
        value["token"] = token.expose().into();
        output.json(&value)
    } else {
        output.line(&token.expose())
    };
    if let Err(error) = printed {
        // Nobody has seen it, and nobody ever could.
        store
            .revoke(&entry.id().to_string())
            .context("a token was made that could not be shown")?;
        // Not as a cause: that the reader went away is no success here.
        return Err(anyhow!(
            "the token could not be shown, so it was revoked: {error:#}"
        ));
    }
    let mut stderr = CommandOutput::stderr();
    if !args.json {
        stderr.line(&hint(&entry, store))?;
    }
    if io::stdout().is_terminal() && is_in_tmux() {
        stderr.line(&format!(
            "muxwire: this is a pane of tmux: anyone who may read it has seen the token, clients of muxwire too, and it stays in \
             the pane's history; if that is too many, end it with `muxwire token revoke {}`, and make one with \
             `muxwire token create ... > FILE`",
            entry.id()
        ))?;
    }
    misleading.iter().try_for_each(|line| stderr.line(line))
}

/// What is said of a scope that looks like the id of a session: ids begin anew with every tmux server, scopes last.
fn misleading(scope: &NamePattern) -> Option<String> {
    let text = scope.as_str();
    let looks_like_id = text.parse::<SessionId>().is_ok();
    looks_like_id.then(|| {
        format!(
            "muxwire: a scope is of names: {text} is a session that is called so, and not the one with this id"
        )
    })
}

/// What to do with a token, for the reader of stderr.
fn hint(entry: &Entry, store: &TokenStore) -> String {
    let principal = entry.principal();
    let until = principal
        .expires()
        .map_or_else(String::new, |end| format!(" until {end}"));
    let hidden = if principal.is_redacted() {
        ", without the secrets there"
    } else {
        ""
    };
    format!(
        "muxwire: this is the token {:?} (id {}), shown this once. Its holder may {} in {}{until}{hidden}.\n\
         muxwire: servers with the state directory {} know it at once; end it with `muxwire token revoke {}`",
        principal.name(),
        entry.id(),
        words(entry).join(", "),
        sessions(entry),
        store.directory().display(),
        entry.id(),
    )
}

fn list(
    store: &TokenStore,
    args: &TokenListArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let entries = store.list()?;
    if args.json {
        return output.json(&entries.iter().map(|entry| describe(entry, now)).collect());
    }
    if entries.is_empty() {
        return CommandOutput::stderr().line(
            &format!(
                "muxwire: there are no tokens in {}; make one with `muxwire token create --name me --allow write`",
                store.directory().display()
            ),
        );
    }
    let heads = [
        "ID", "NAME", "ALLOWS", "SESSIONS", "CREATED", "EXPIRES", "STATE",
    ]
    .map(str::to_owned);
    let rows: Vec<_> = [heads]
        .into_iter()
        .chain(entries.iter().map(|entry| row(entry, now)))
        .collect();
    output.table(&rows)
}

fn revoke(
    store: &TokenStore,
    args: &TokenRevokeArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let entry = store
        .revoke(&args.token)
        .with_context(|| format!("tokens were looked for in {}", store.directory().display()))?;
    output.line(&format!(
        "revoked {} ({})",
        entry.id(),
        entry.principal().name()
    ))
}

fn row(entry: &Entry, now: Timestamp) -> [String; 7] {
    let principal = entry.principal();
    [
        entry.id().to_string(),
        principal.name().to_owned(),
        words(entry).join(","),
        sessions(entry),
        entry.created().to_string(),
        principal
            .expires()
            .map_or_else(|| "never".to_owned(), |end| end.to_string()),
        state(entry, now).to_owned(),
    ]
}

fn describe(entry: &Entry, now: Timestamp) -> serde_json::Value {
    let principal = entry.principal();
    let patterns = principal.scope().patterns().iter().map(ToString::to_string);
    json!({
        "id": entry.id().to_string(),
        "name": principal.name(),
        "permissions": words(entry),
        "sessions": patterns.collect::<Vec<_>>(),
        "created": entry.created().to_string(),
        "expires": principal.expires().map(|end| end.to_string()),
        "redact": principal.is_redacted(),
        "state": state(entry, now),
    })
}

fn words(entry: &Entry) -> Vec<&'static str> {
    entry
        .principal()
        .permissions()
        .iter()
        .map(|one| one.as_str())
        .collect()
}

fn sessions(entry: &Entry) -> String {
    let patterns: Vec<_> = entry
        .principal()
        .scope()
        .patterns()
        .iter()
        .map(|one| one.as_str())
        .collect();
    if patterns.is_empty() {
        "all sessions".to_owned()
    } else {
        patterns.join(",")
    }
}

fn state(entry: &Entry, now: Timestamp) -> &'static str {
    if entry.is_expired(now) {
        "expired"
    } else {
        "active"
    }
}
