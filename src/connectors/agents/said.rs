//! What the engine says of an agent, as the log says it.

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use crate::agent::{Dialog, Status};
use crate::model::{Agent, AgentDialog};

/// A status as the log says it, at a moment of both clocks.
pub(super) fn agent(status: &Status, (now, at): (Instant, Timestamp)) -> Arc<Agent> {
    let age = now.saturating_duration_since(status.since);
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::ZERO);
    let since = at.checked_sub(age).unwrap_or(at);
    let vitals = &status.vitals;
    Arc::new(Agent {
        reason: status.reason.as_ref().map(ToString::to_string),
        confidence: status.confidence,
        source: status.source.map(|source| source.name().to_owned()),
        message: status.message.clone(),
        dialog: status.dialog.as_ref().map(dialog),
        model: vitals.model.clone(),
        mode: vitals.mode.clone(),
        context_left: vitals.context_left,
        elapsed: vitals.elapsed,
        tokens: vitals.tokens,
        resets_at: vitals.resets_at.clone(),
        background_shells: vitals.background.shells,
        background_agents: vitals.background.agents,
        ..Agent::new(&status.agent, status.state, since)
    })
}

fn dialog(dialog: &Dialog) -> AgentDialog {
    AgentDialog {
        fingerprint: dialog.fingerprint.clone(),
        options: dialog.options.clone(),
    }
}
