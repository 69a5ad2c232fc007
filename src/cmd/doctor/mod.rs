//! `muxwire doctor`: whether what muxwire needs is there, and what to do about what isn't.

mod agents;
mod checks;
mod running;

use std::io::Write;

use anyhow::ensure;
use serde_json::json;

use self::checks::{Check, CheckResult};
use crate::cli::{DoctorArgs, General};
use crate::cmd::output::CommandOutput;
use crate::config::resolve;

/// Makes all checks and prints what they found. Nothing is changed, and no control client is attached.
///
/// # Errors
/// A check failed.
pub async fn run(
    general: &General,
    args: &DoctorArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let inputs = general.inputs(args.server.flags());
    let resolved = resolve(&inputs);
    let mut found = vec![checks::configuration(&inputs, resolved.as_ref().err())];
    if let Ok(resolved) = &resolved {
        let config = &resolved.config;
        found.push(checks::address(config));
        found.extend(checks::state(config));
        let (tmux, connected) = checks::tmux(config).await;
        found.extend(tmux);
        found.push(running::muxwire(config, connected).await);
        found.extend(agents::unix_socket(config));
        found.push(agents::rules(config, inputs.folders()).await);
        found.extend(agents::hooks());
    }
    let failed = found
        .iter()
        .filter(|check| check.state == CheckResult::Failed)
        .count();
    if args.json {
        let checks: Vec<_> = found.iter().map(Check::described).collect();
        output.json(&json!({ "ok": failed == 0, "checks": checks }))?;
    } else {
        for check in &found {
            output.line(&check.to_string())?;
        }
    }
    ensure!(failed == 0, "{failed} of {} checks failed", found.len());
    Ok(())
}
