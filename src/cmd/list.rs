//! `muxwire list`: every pane, so that one knows what to call it.

use std::io::Write;

use serde_json::{Value, json};

use crate::cli::{General, ListArgs};
use crate::client::{FoundPane, panes};
use crate::cmd::output::CommandOutput;
use crate::cmd::prepare;
use crate::cmd::remote::Remote;
use crate::printable::escaped;

/// Prints the panes, at each of their places.
///
/// # Errors
/// The server can't be asked.
pub async fn run(
    general: &General,
    args: ListArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    prepare(general, Vec::new())?;
    let mut remote = Remote::connect(args.access, &[]).await?;
    let state = remote.state().await?;
    remote.close().await;
    if args.json {
        let panes: Vec<Value> = panes(&state).map(described).collect();
        return output.json(&panes.into());
    }
    let heads = [
        "PANE", "PLACE", "WINDOW", "SIZE", "COMMAND", "AGENT", "PATH",
    ]
    .map(str::to_owned);
    let rows: Vec<_> = std::iter::once(heads)
        .chain(panes(&state).map(row))
        .collect();
    output.table(&rows)
}

fn row(one: FoundPane<'_>) -> [String; 7] {
    let pane = one.pane;
    let agent = one.agent().map(|agent| {
        let (agent, status) = (escaped(&agent.agent_type), escaped(&agent.status));
        format!("{agent} ({status})")
    });
    let command = match &pane.exit {
        Some(_) => "(ended)".into(),
        None => escaped(&pane.command),
    };
    [
        one.id().to_string(),
        one.place(),
        escaped(&one.window.name).into_owned(),
        format!("{}x{}", pane.width, pane.height),
        command.into_owned(),
        agent.unwrap_or_else(|| "-".to_owned()),
        escaped(&pane.path).into_owned(),
    ]
}

/// A pane at one place, for programs: the pane as the protocol has it, with where it is.
fn described(one: FoundPane<'_>) -> Value {
    let mut value = json!({
        "pane": one.id().to_string(),
        "session": one.session.name,
        "session_id": one.session.id.0.to_string(),
        "window": one.window.index,
        "window_id": one.window.id.0.to_string(),
        "window_name": one.window.name,
        "window_active": one.window.active,
    });
    if let (Value::Object(fields), Ok(Value::Object(mut pane))) =
        (&mut value, serde_json::to_value(one.pane))
    {
        // It stands there as `pane` already.
        pane.remove("id");
        fields.extend(pane);
    }
    value
}
