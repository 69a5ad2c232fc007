//! `muxwire status`: the agents that there are, those first that wait for somebody.

use std::io::{IsTerminal as _, Write};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::cli::{General, StatusArgs};
use crate::client::{FoundPane, Update, panes};
use crate::cmd::output::{CommandOutput, aligned};
use crate::cmd::prepare;
use crate::cmd::remote::Remote;
use crate::cmd::span::short;
use crate::printable::escaped;
use crate::wire::agent::AgentObject;
use crate::wire::request::{Action, RequestId, Snapshot};
use crate::wire::{Message, StateSnapshot};

/// The events after which agents may show differently.
const TYPES: &[&str] = &[
    "agent.*",
    "server.connected",
    "server.lost",
    "session.removed",
    "session.renamed",
    "window.removed",
    "window.moved",
    "pane.removed",
];

/// Between two tables at the least: an agent's figures change all the time.
const LEAST: Duration = Duration::from_millis(200);

/// How often ages are shown anew on a terminal.
const AGES: Duration = Duration::from_secs(1);

/// Clears a terminal from its top.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Prints the agents once, or whenever something about them changes.
///
/// # Errors
/// The server can't be asked.
pub async fn run(
    general: &General,
    args: StatusArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    prepare(general, Vec::new())?;
    let types = if args.watch { TYPES } else { &[] };
    let mut remote = Remote::connect(args.access, types).await?;
    let state = remote.state().await?;
    let shown = Shown {
        json: args.json,
        on_terminal: args.watch && std::io::stdout().is_terminal(),
        compact: args.watch,
    };
    shown.print(&state, output)?;
    if args.watch {
        watch(&mut remote, shown, state, output).await?;
    }
    remote.close().await;
    Ok(())
}

/// Prints the agents anew whenever something about them changes.
async fn watch(
    remote: &mut Remote,
    shown: Shown,
    mut state: StateSnapshot<'static>,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let mut ages = interval(AGES);
    ages.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked: Option<RequestId> = None;
    let mut due: Option<Instant> = None;
    let mut last = Instant::now();
    loop {
        let update = tokio::select! {
            update = remote.next() => Some(update?),
            () = sleep_until(due.unwrap_or(last)), if due.is_some() && asked.is_none() => {
                due = None;
                last = Instant::now();
                asked = Some(remote.send(Action::Snapshot(Snapshot::default())));
                continue;
            }
            _ = ages.tick(), if shown.on_terminal => None,
        };
        match update {
            None => {}
            Some(Update::Message(message)) => match message.message() {
                Message::Snapshot(new) => {
                    asked = None;
                    state = (**new).clone();
                }
                Message::Event(_) => {
                    due = due.or(Some(last + LEAST));
                    continue;
                }
                _ => continue,
            },
            Some(Update::Disconnected { reason, .. }) => {
                asked = None;
                CommandOutput::stderr().line(&format!("muxwire: {reason}; trying again"))?;
                continue;
            }
            Some(Update::Connected(_)) => {
                due = Some(last);
                continue;
            }
            Some(Update::Lost { .. } | Update::LeftOut { .. }) => continue,
        }
        shown.print(&state, output)?;
    }
}

/// How the agents are shown.
#[derive(Debug, Clone, Copy)]
struct Shown {
    json: bool,
    /// Each table takes the place of the one before.
    on_terminal: bool,
    /// JSON is on one line.
    compact: bool,
}

impl Shown {
    fn print(
        self,
        state: &StateSnapshot<'static>,
        output: &mut CommandOutput<impl Write>,
    ) -> anyhow::Result<()> {
        let agents = agents(state);
        if self.json {
            let agents: Vec<Value> = agents.iter().map(described).collect();
            return match self.compact {
                true => output.line(&Value::from(agents).to_string()),
                false => output.json(&agents.into()),
            };
        }
        let text = table(&agents, Timestamp::now()).join("\n");
        match (self.on_terminal, self.compact) {
            (true, _) => output.line(&format!("{CLEAR}{text}")),
            (false, true) => output.line(&format!("{text}\n")),
            (false, false) => output.line(&text),
        }
    }
}

/// Each agent once, those first that wait for somebody, of these those that nobody has seen, and the same always in the
/// same order.
fn agents<'a>(state: &'a StateSnapshot<'static>) -> Vec<(FoundPane<'a>, &'a AgentObject<'static>)> {
    let with_agent = |one: FoundPane<'a>| Some((one, one.agent()?));
    let mut agents: Vec<_> = panes(state).filter_map(with_agent).collect();
    agents.sort_by_key(|(one, agent)| (urgency(agent), agent.seen == Some(true), one.id()));
    agents.dedup_by_key(|(one, _)| one.id());
    agents
}

/// The smaller, the sooner somebody should look.
fn urgency(agent: &AgentObject<'_>) -> u8 {
    match &*agent.status {
        "waiting" => 0,
        "error" => 1,
        "ready" => 2,
        "busy" => 3,
        _ => 4,
    }
}

fn table(agents: &[(FoundPane<'_>, &AgentObject<'_>)], now: Timestamp) -> Vec<String> {
    if agents.is_empty() {
        return vec!["no agents".to_owned()];
    }
    let heads = [
        "AGENT", "STATE", "REASON", "AGE", "SEEN", "PANE", "PLACE", "COST",
    ];
    let rows = agents.iter().map(|(one, agent)| {
        [
            escaped(&agent.agent_type).into_owned(),
            escaped(&agent.status).into_owned(),
            escaped(agent.reason.as_deref().unwrap_or("-")).into_owned(),
            age(&agent.since, now),
            if agent.seen == Some(true) { "yes" } else { "-" }.to_owned(),
            one.id().to_string(),
            one.place(),
            cost(agent).map_or_else(String::new, |cost| format!("${cost:.2}")),
        ]
    });
    let heads = heads.map(str::to_owned);
    let mut rows: Vec<[String; 8]> = std::iter::once(heads).chain(rows).collect();
    // Nobody's cost is known: then it has no column.
    if rows[1..].iter().all(|row| row[7].is_empty()) {
        rows[0][7].clear();
    }
    aligned(&rows)
}

/// What the agent's session has cost in dollars, where all prices are known.
fn cost(agent: &AgentObject<'_>) -> Option<f64> {
    agent.usage.as_ref()?.cost_usd
}

/// How long ago that was: `5s`, `12m`, `3h05m`, `2d`.
fn age(since: &str, now: Timestamp) -> String {
    let Ok(since) = since.parse::<Timestamp>() else {
        return "-".to_owned();
    };
    // Of a clock that is behind, it begins now.
    short(now.duration_since(since).try_into().unwrap_or_default())
}

/// An agent and its place, for programs.
fn described((one, agent): &(FoundPane<'_>, &AgentObject<'_>)) -> Value {
    let mut value = json!({
        "pane": one.id().to_string(),
        "place": place_text(one),
        "session": one.session.name,
        "session_id": one.session.id.0.to_string(),
        "window": one.window.index,
        "pane_index": one.pane.index,
    });
    // What an agent is called on the wire is never one of these names.
    if let (Value::Object(fields), Ok(Value::Object(agent))) =
        (&mut value, serde_json::to_value(agent))
    {
        fields.extend(agent);
    }
    value
}

fn place_text(one: &FoundPane<'_>) -> String {
    format!(
        "{}:{}.{}",
        one.session.name, one.window.index, one.pane.index
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn ages_are_short() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let rows = [
            ("2026-11-30T12:00:00.000Z", "0s"),
            ("2026-11-30T11:59:01.000Z", "59s"),
            ("2026-11-30T11:00:01.000Z", "59m"),
            ("2026-11-30T08:55:00.000Z", "3h05m"),
            ("2026-11-27T12:00:00.000Z", "3d"),
            ("2026-11-30T12:00:05.000Z", "0s"),
            ("x", "-"),
        ];
        for (since, expected) in rows {
            assert_eq!(age(since, now), expected, "{since}");
        }
    }
}
