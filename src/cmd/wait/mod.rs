//! `muxwire wait`: until an agent is in a state, or a pane shows a text. It is told, and never asks again by itself.

mod waiting;

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use self::waiting::{Outcome, Waiting, Want};
use crate::cli::{General, WaitArgs};
use crate::client::Update;
use crate::cmd::exit::{Exit, IMPOSSIBLE, TIME_LIMIT};
use crate::cmd::output::CommandOutput;
use crate::cmd::prepare;
use crate::cmd::remote::{Remote, answer};
use crate::printable::escaped;

/// The events that a wait can end by, or by which its target may come.
const TYPES: &[&str] = &[
    "agent.*",
    "server.connected",
    "server.lost",
    "session.created",
    "session.removed",
    "session.renamed",
    "window.created",
    "window.removed",
    "pane.created",
    "pane.removed",
    "pane.exited",
    "pane.command_changed",
];

/// How long a target may take to come that isn't there at first: a script that has just started it is not told that it
/// isn't there.
const COMING: Duration = Duration::from_secs(5);

/// The exit code of the second thing that is waited for; the third has the next one.
const SECOND: usize = 11;

/// Waits, and says what came.
///
/// # Errors
/// It did not come: [`Exit`] says why. Or the server can't be asked.
pub async fn run(
    general: &General,
    args: WaitArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    prepare(general, Vec::new())?;
    for until in &args.until {
        if let Some(meant) = until.meant() {
            let text = escaped(until.name());
            CommandOutput::stderr().line(&format!(
                "muxwire: waiting for the text {text:?}; did you mean the state {meant}?"
            ))?;
        }
    }
    let begin = Instant::now();
    let limit = args.timeout.and_then(|limit| begin.checked_add(limit));
    let (json, timeout) = (args.json, args.timeout);
    let mut waiting = Waiting::new(args.target, args.until);
    let connected = within(limit, Remote::connect(args.access, TYPES)).await;
    let Some(mut remote) = connected.transpose()? else {
        return Err(over(&waiting, timeout));
    };
    let followed = within(limit, follow(&mut remote, &mut waiting, begin + COMING)).await;
    let Some(outcome) = followed.transpose()? else {
        return Err(over(&waiting, timeout));
    };
    remote.close().await;
    let at = match outcome {
        Outcome::Came(at) => at,
        Outcome::Impossible(message) => {
            let code = IMPOSSIBLE;
            return Err(Exit { code, message }.into());
        }
    };
    if json {
        output.json(&described(&waiting, at))?;
    } else {
        output.line(&escaped(waiting.until(at).name()))?;
    }
    match at {
        0 => Ok(()),
        at => Err(Exit {
            code: u8::try_from(at - 1 + SECOND).unwrap_or(u8::MAX),
            message: String::new(),
        }
        .into()),
    }
}

/// Does what the wait wants to be done until it comes to something.
async fn follow(
    remote: &mut Remote,
    waiting: &mut Waiting,
    coming: Instant,
) -> anyhow::Result<Outcome> {
    waiting.begin();
    loop {
        while let Some(want) = waiting.take_want() {
            match want {
                Want::Outcome(outcome) => return Ok(outcome),
                Want::Ask(action) => drop(remote.send(*action)),
            }
        }
        let update = tokio::select! {
            update = remote.next() => update?,
            () = sleep_until(coming), if waiting.missing().is_some() => {
                match waiting.missing() {
                    Some(missing) => return Err(missing.clone().into()),
                    None => continue,
                }
            }
        };
        match update {
            Update::Message(message) => waiting.take(&answer(message)?)?,
            Update::Connected(_) => waiting.begin(),
            Update::Lost { .. } => waiting.lost(),
            Update::LeftOut { .. } => {}
            Update::Disconnected { reason, .. } => {
                CommandOutput::stderr().line(&format!("muxwire: {reason}; trying again"))?;
            }
        }
    }
}

/// The result, unless the time is over before.
async fn within<T>(limit: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout_at(limit, work).await.ok(),
        None => Some(work.await),
    }
}

fn over(waiting: &Waiting, limit: Option<Duration>) -> anyhow::Error {
    let limit = limit.map(crate::config::unit::show_span);
    let message = format!(
        "{} within {}",
        waiting.told(),
        limit.as_deref().unwrap_or("its time")
    );
    Exit {
        code: TIME_LIMIT,
        message,
    }
    .into()
}

/// What came, for programs.
fn described(waiting: &Waiting, at: usize) -> Value {
    json!({
        "until": waiting.until(at).name(),
        "number": at,
        "pane": waiting.pane().map(|pane| pane.to_string()),
        "agent": waiting.agent(),
    })
}
