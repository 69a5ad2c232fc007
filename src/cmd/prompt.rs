//! `muxwire prompt`: a prompt for an agent, submitted with proof, and if that is wanted, done.

use std::io::Write;

use anyhow::bail;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::cli::{General, PromptArgs};
use crate::client::{Update, panes};
use crate::cmd::exit::{Exit, IMPOSSIBLE, TIME_LIMIT};
use crate::cmd::output::CommandOutput;
use crate::cmd::prepare;
use crate::cmd::remote::{Remote, answer};
use crate::cmd::send::text_of;
use crate::config::unit::show_span;
use crate::ids::PaneId;
use crate::printable::escaped;
use crate::wire::agent::AgentObject;
use crate::wire::message::ComposedResponse;
use crate::wire::request::{Action, Prompt};
use crate::wire::{EventData, Message, Received};

/// The events by which an agent's work ends.
const TYPES: &[&str] = &["agent.*", "pane.removed", "server.lost"];

/// The agent waits for an answer, has failed, or has ended.
const WAITS: u8 = 11;
const FAILED: u8 = 12;
const ENDED: u8 = 13;

/// What the server calls a proof that did not come in time.
const IN_TIME: &[&str] = &["timeout", "not_taken", "unseen"];

/// Submits a prompt, and waits for what comes of it if that is wanted.
///
/// # Errors
/// It was not submitted, or the agent does not get ready: [`Exit`] says why. Or the server can't be asked.
pub async fn run(
    general: &General,
    args: PromptArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    prepare(general, Vec::new())?;
    let text = text_of(&args.text)?;
    let mut remote = Remote::connect(args.access.clone(), TYPES).await?;
    let state = remote.state().await?;
    let found = args.target.find(&state)?;
    let (pane, target) = (found.id(), found.target());
    let prompt = Prompt {
        queue: args.queue.then_some(true),
        target,
        text: text.trim_end_matches('\n').replace("\r\n", "\n"),
        timeout_ms: args.timeout.as_millis().try_into().ok(),
        ..Prompt::default()
    };
    let answer = remote.ask(Action::Prompt(prompt)).await?;
    let Message::PromptResponse(response) = answer.message() else {
        bail!("the server answers with {:?}", answer.message().type_name());
    };
    if response.submitted != Some(true) {
        remote.close().await;
        return not_submitted(response, args.json, output);
    }
    let agent = match args.wait {
        false => None,
        true => Some(done(&mut remote, pane, &args).await?),
    };
    remote.close().await;
    tell(response, agent.as_ref(), args.json, output)?;
    match agent {
        None => Ok(()),
        Some(agent) => judge(agent.as_ref()),
    }
}

/// Says that it was not submitted, and why.
fn not_submitted(
    response: &ComposedResponse<'_>,
    as_json: bool,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let reason = response.reason.as_deref().unwrap_or_default();
    let code = match IN_TIME.contains(&reason) {
        true => TIME_LIMIT,
        false => IMPOSSIBLE,
    };
    let mut message = String::new();
    if as_json {
        output.json(&described(response, None))?;
    } else {
        let why = escaped(response.message.as_deref().unwrap_or(reason));
        let left = match (response.left.as_deref(), response.left_seen) {
            (None, _) => "; nothing was typed",
            (Some(""), _) => "; nothing of it is left in the composer",
            (Some(_), Some(true)) => "; it is left in the composer",
            (Some(_), _) => "; it was typed, and whether it is still there can't be seen",
        };
        message = format!("not submitted ({}): {why}{left}", escaped(reason));
    }
    Err(Exit { code, message }.into())
}

/// The agent, once it works no more; nothing if it is gone.
async fn done(
    remote: &mut Remote,
    pane: PaneId,
    args: &PromptArgs,
) -> anyhow::Result<Option<AgentObject<'static>>> {
    let work = until_done(remote, pane);
    match args.wait_timeout {
        None => work.await,
        Some(limit) => timeout(limit, work).await.unwrap_or_else(|_| {
            let message = format!("submitted, and not done within {}", show_span(limit));
            let code = TIME_LIMIT;
            Err(Exit { code, message }.into())
        }),
    }
}

async fn until_done(
    remote: &mut Remote,
    pane: PaneId,
) -> anyhow::Result<Option<AgentObject<'static>>> {
    // It may have been quicker than the answer was.
    let state = remote.state().await?;
    let found = panes(&state).find(|one| one.id() == pane);
    let agent = found.and_then(|one| one.agent().cloned());
    if !agent.as_ref().is_some_and(works) {
        return Ok(agent);
    }
    loop {
        match remote.next().await? {
            Update::Message(message) => {
                if let Some(agent) = told(&answer(message)?, pane) {
                    return Ok(agent);
                }
            }
            Update::Disconnected { reason, .. } => bail!(
                "submitted; then the server was lost: {reason}; `muxwire wait` goes on when it is back"
            ),
            Update::Connected(_) | Update::Lost { .. } | Update::LeftOut { .. } => {}
        }
    }
}

/// Whether the agent is not known to have done its work.
fn works(agent: &AgentObject<'_>) -> bool {
    agent.status == "busy" || agent.status == "unknown"
}

/// What a message tells of the agent, if its work has ended.
fn told(message: &Received, pane: PaneId) -> Option<Option<AgentObject<'static>>> {
    let Message::Event(event) = message.message() else {
        return None;
    };
    match &event.data {
        EventData::ServerLost(_) => Some(None),
        _ if event.pane() != Some(pane) => None,
        EventData::AgentStatus(changed) if !works(&changed.agent) => {
            Some(Some(changed.agent.clone()))
        }
        EventData::AgentEnded(_) | EventData::PaneRemoved(_) => Some(None),
        _ => None,
    }
}

fn tell(
    response: &ComposedResponse<'_>,
    agent: Option<&Option<AgentObject<'static>>>,
    as_json: bool,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    if as_json {
        return output.json(&described(response, agent));
    }
    let line = match agent {
        None => format!(
            "submitted ({})",
            escaped(response.evidence.as_deref().unwrap_or_default())
        ),
        Some(None) => "exited".to_owned(),
        Some(Some(agent)) => match agent.reason.as_deref() {
            Some(reason) => format!("{} ({})", escaped(&agent.status), escaped(reason)),
            None => escaped(&agent.status).into_owned(),
        },
    };
    output.line(&line)
}

/// What came, for programs.
fn described(
    response: &ComposedResponse<'_>,
    agent: Option<&Option<AgentObject<'static>>>,
) -> Value {
    json!({
        "pane": response.pane.0.to_string(),
        "submitted": response.submitted,
        "evidence": response.evidence,
        "reason": response.reason,
        "message": response.message,
        "left": response.left,
        "left_seen": response.left_seen,
        "status": response.status,
        "dialog": response.dialog,
        "agent": agent,
    })
}

fn judge(agent: Option<&AgentObject<'_>>) -> anyhow::Result<()> {
    let code = match agent.map(|agent| &*agent.status) {
        Some("ready") => return Ok(()),
        Some("waiting") => WAITS,
        Some("error") => FAILED,
        _ => ENDED,
    };
    let message = String::new();
    Err(Exit { code, message }.into())
}
