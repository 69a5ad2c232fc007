//! `muxwire seen`: agents that somebody has looked at.

use crate::cli::{General, SeenArgs};
use crate::cmd::exit::{Exit, IMPOSSIBLE};
use crate::cmd::prepare;
use crate::cmd::remote::Remote;
use crate::printable::escaped;
use crate::wire::request::{Action, Seen, Target};

/// Marks agents as seen.
///
/// # Errors
/// There is no such pane, or no agent in it: [`Exit`] says so, and none is marked. Or the server can't be asked.
pub async fn run(general: &General, args: SeenArgs) -> anyhow::Result<()> {
    prepare(general, Vec::new())?;
    let mut remote = Remote::connect(args.access, &[]).await?;
    let state = remote.state().await?;
    let mut targets: Vec<Option<Target>> = Vec::new();
    for target in &args.targets {
        let found = target.find(&state)?;
        if found.agent().is_none() {
            let (id, place) = (found.id(), found.place());
            let message = format!("there is no agent in {id} ({})", escaped(&place));
            let code = IMPOSSIBLE;
            return Err(Exit { code, message }.into());
        }
        targets.push(Some(found.target()));
    }
    if args.all {
        targets.push(None);
    }
    for target in targets {
        let seen = Seen {
            target,
            ..Seen::default()
        };
        remote.ask(Action::Seen(seen)).await?;
    }
    remote.close().await;
    Ok(())
}
