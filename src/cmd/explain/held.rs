//! What the server holds of the agent in a pane, as people and programs read it.

use std::time::Duration;

use crate::client::FoundPane;
use crate::client::Refusal;
use crate::cmd::output::aligned;
use crate::cmd::remote::Remote;
use crate::cmd::span::fine;
use crate::printable::escaped;
use crate::wire::Message;
use crate::wire::explanation::{EvidenceObject, Explanation, GroundsObject};
use crate::wire::request::{Action, Explain};

/// What a server calls an action that it doesn't know.
const UNKNOWN: &str = "UNKNOWN_ACTION";

/// What the server holds; nothing from one that is older than the question.
pub(super) async fn ask(
    remote: &mut Remote,
    found: &FoundPane<'_>,
) -> anyhow::Result<Option<Explanation<'static>>> {
    let explain = Explain {
        target: found.target(),
        ..Explain::default()
    };
    let answer = match remote.ask(Action::Explain(explain)).await {
        Ok(answer) => answer,
        Err(error) => match error.downcast_ref::<Refusal>() {
            Some(Refusal::Request { code, .. }) if &**code == UNKNOWN => return Ok(None),
            _ => return Err(error),
        },
    };
    match answer.message() {
        Message::Explanation(held) => Ok(Some((**held).clone())),
        other => anyhow::bail!("the server answers with {:?}", other.type_name()),
    }
}

/// What is held, in lines. Programs chose the texts in it, so nothing of them reaches the terminal as it is.
pub(super) fn lines(held: Option<&Explanation<'_>>) -> Vec<String> {
    let nothing = |why: &str| vec![format!("evidence: {}", escaped(why))];
    let Some(held) = held else {
        return nothing("the server is of a version that does not tell");
    };
    let Some(grounds) = &held.grounds else {
        return nothing(held.message.as_deref().unwrap_or("there is none"));
    };
    let mut lines = vec![format!(
        "evidence that the server holds, the strongest first{}:",
        match grounds.screen_known {
            true => "",
            false => " (the screen is not known yet)",
        }
    )];
    if grounds.evidence.is_empty() {
        lines.push("  none".to_owned());
    }
    let rows: Vec<[String; 7]> = grounds.evidence.iter().map(row).collect();
    let indented = |line: String| format!("  {line}");
    lines.extend(aligned(&rows).into_iter().map(indented));
    lines.push(processes(grounds));
    for signal in &grounds.signals {
        let text = signal
            .text
            .as_deref()
            .map(|text| format!(" {}", escaped(text)));
        lines.push(format!(
            "  signal {}{}, {} ago",
            escaped(&signal.kind),
            text.unwrap_or_default(),
            fine(Duration::from_millis(signal.age_ms))
        ));
    }
    lines
}

fn row(one: &EvidenceObject<'_>) -> [String; 7] {
    let reason = one.reason.as_deref();
    let reason = reason.map_or_else(String::new, |reason| format!(" ({})", escaped(reason)));
    let message = one.message.as_deref();
    let message = message.map_or_else(String::new, |message| format!(": {}", escaped(message)));
    [
        escaped(&one.source).into_owned(),
        format!("{}{reason}", escaped(&one.status)),
        format!("strength {}", one.strength),
        escaped(&one.standing.replace('_', " ")).into_owned(),
        format!("for {}", fine(Duration::from_millis(one.age_ms))),
        format!("said {} ago", fine(Duration::from_millis(one.said_ms))),
        format!("{}{message}", escaped(&one.basis)),
    ]
}

fn processes(grounds: &GroundsObject<'_>) -> String {
    format!(
        "  process {}, one of {} in the pane",
        grounds.pid,
        grounds.pids.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_chose_is_escaped() {
        let grounds = GroundsObject {
            evidence: vec![EvidenceObject {
                source: "hook".into(),
                status: "waiting".into(),
                message: Some("rm\u{1b}[2J".into()),
                ..EvidenceObject::default()
            }],
            ..GroundsObject::default()
        };
        let held = Explanation {
            grounds: Some(grounds),
            ..Explanation::default()
        };
        let text = lines(Some(&held)).join("\n");
        assert!(
            text.contains("waiting") && text.contains("not known yet"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "{text}");
        assert_eq!(lines(None).len(), 1);
    }
}
