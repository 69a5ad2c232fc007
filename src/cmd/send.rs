//! `muxwire send`: text or keys into a pane.

use std::io::{self, Read as _};

use anyhow::Context as _;

use crate::cli::{General, SendArgs};
use crate::client::Refusal;
use crate::cmd::exit::{Exit, IMPOSSIBLE};
use crate::cmd::prepare;
use crate::cmd::remote::Remote;
use crate::wire::request::{Action, Command, SendKeys, Target};

/// What the server calls a pane that takes no keys.
const NO_KEYS: &[&str] = &["PANE_DEAD", "PANE_IN_MODE", "INPUT_OFF"];

/// Types, once tmux has done it.
///
/// # Errors
/// It was not typed: [`Exit`] says why. Or the server can't be asked.
pub async fn run(general: &General, args: SendArgs) -> anyhow::Result<()> {
    prepare(general, Vec::new())?;
    let text = args.text.as_deref().map(text_of).transpose()?;
    let mut remote = Remote::connect(args.access.clone(), &[]).await?;
    let state = remote.state().await?;
    let target = args.target.find(&state)?.target();
    let answer = remote.ask(action(&args, text, target)).await;
    remote.close().await;
    match answer {
        Ok(_) => Ok(()),
        Err(error) => Err(with_code(error)),
    }
}

/// The text, which may come on stdin.
pub(super) fn text_of(given: &str) -> anyhow::Result<String> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let mut text = String::new();
    let read = io::stdin().read_to_string(&mut text);
    read.context("can't read the text from stdin, which has to be UTF-8")?;
    Ok(text)
}

fn action(args: &SendArgs, text: Option<String>, target: Target) -> Action {
    let cancel_mode = args.cancel_mode.then_some(true);
    let paste = args.paste.then_some(true);
    match text {
        Some(text) if args.enter => {
            let text = text.trim_end_matches('\n').to_owned();
            Action::Command(Command {
                // Only a paste has several lines.
                paste: paste.or_else(|| text.contains('\n').then_some(true)),
                command: text,
                cancel_mode,
                target,
                ..Command::default()
            })
        }
        text => Action::SendKeys(SendKeys {
            keys: text.is_none().then(|| args.keys.clone()),
            text,
            paste,
            cancel_mode,
            target,
            ..SendKeys::default()
        }),
    }
}

/// An error that has an exit code of its own gets it.
fn with_code(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<Refusal>() {
        Some(Refusal::Request { code, .. }) if NO_KEYS.contains(&&**code) => Exit {
            code: IMPOSSIBLE,
            message: error.to_string(),
        }
        .into(),
        _ => error,
    }
}
