//! `muxwire digest`: what agents did while nobody looked.

use std::io::Write;
use std::time::Duration;

use anyhow::bail;
use serde_json::to_value;

use crate::cli::{DigestArgs, General};
use crate::cmd::output::{CommandOutput, aligned};
use crate::cmd::prepare;
use crate::cmd::remote::Remote;
use crate::cmd::span::hours;
use crate::printable::escaped;
use crate::wire::Message;
use crate::wire::digest_answer::{AgentDigest, DigestAnswer};
use crate::wire::request::{Action, Digest};
use crate::wire::usage::UsageObject;

/// How many errors and failed tests of one agent are printed; of more, the last.
const MOST: usize = 5;

/// Asks for the digest and prints it.
///
/// # Errors
/// The server can't be asked, or keeps no history.
pub async fn run(
    general: &General,
    args: DigestArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    prepare(general, Vec::new())?;
    let mut remote = Remote::connect(args.access, &[]).await?;
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    let asked = Digest {
        since: args.since,
        to: args.to,
        sessions: some(args.sessions),
        agents: some(args.agents),
        ..Digest::default()
    };
    let answer = remote.ask(Action::Digest(asked)).await?;
    let Message::Digest(digest) = answer.message() else {
        bail!("the server answers with {:?}", answer.message().type_name());
    };
    if args.json {
        output.json(&to_value(answer.message())?)?;
    } else {
        for line in lines(digest) {
            output.line(&line)?;
        }
    }
    remote.close().await;
    Ok(())
}

/// The digest for people. Programs chose the texts in it, so nothing of them reaches the terminal as it is.
fn lines(digest: &DigestAnswer<'_>) -> Vec<String> {
    let (since, to) = (clock(&digest.since), clock(&digest.to));
    let mut lines = vec![format!("From {since} to {to} UTC")];
    if digest.agents.is_empty() {
        lines.push("No agent did anything.".to_owned());
    } else {
        let heads = [
            "AGENT", "PANE", "NOW", "BUSY", "WAITED", "WAITS", "LONGEST", "PROMPTS", "TOKENS",
            "COST",
        ];
        let mut rows = vec![heads.map(str::to_owned)];
        rows.extend(digest.agents.iter().map(row));
        lines.extend(aligned(&rows));
        lines.extend(digest.agents.iter().flat_map(details));
    }
    if digest.out_of_time == Some(true) {
        lines.push("There was too much for one answer: a shorter time has it all.".to_owned());
    }
    lines
}

fn name(agent: &AgentDigest<'_>) -> String {
    let (kind, session) = (escaped(&agent.agent_type), escaped(&agent.session));
    format!("{kind} in {session}")
}

fn row(agent: &AgentDigest<'_>) -> [String; 10] {
    let usage = agent.usage.as_ref();
    let last = agent.states.last();
    let now = match last.filter(|last| last.status == agent.status) {
        Some(last) => match &last.reason {
            Some(reason) => format!("{} ({}) {}", agent.status, reason, span(last.ms)),
            None => format!("{} {}", agent.status, span(last.ms)),
        },
        None => agent.status.clone().into_owned(),
    };
    [
        name(agent),
        agent.pane.0.to_string(),
        escaped(&now).into_owned(),
        span(agent.spent_ms.busy),
        span(agent.spent_ms.waiting),
        agent.waits.to_string(),
        span(agent.longest_wait_ms),
        agent.prompts.to_string(),
        usage.map_or_else(|| "-".to_owned(), tokens),
        usage
            .and_then(|usage| usage.cost_usd)
            .map_or_else(|| "-".to_owned(), |cost| format!("${cost:.2}")),
    ]
}

/// What an agent waits for, and what went wrong.
fn details(agent: &AgentDigest<'_>) -> Vec<String> {
    let name = name(agent);
    let text = |reason: Option<&str>, message: Option<&str>| {
        let parts = [reason, message];
        let parts: Vec<_> = parts.into_iter().flatten().map(escaped).collect();
        parts.join(": ")
    };
    let mut lines = Vec::new();
    if agent.status == "waiting"
        && let Some(last) = agent.states.last()
        && last.message.is_some()
    {
        let what = text(last.reason.as_deref(), last.message.as_deref());
        lines.push(format!("{name} waits for {what}"));
    }
    let skipped = agent.errors.len().saturating_sub(MOST);
    for error in &agent.errors[skipped..] {
        let what = text(error.reason.as_deref(), error.message.as_deref());
        lines.push(format!("{name} failed at {}: {what}", clock(&error.at)));
    }
    if !agent.failed_tests.is_empty() {
        let skipped = agent.failed_tests.len().saturating_sub(MOST);
        let tests: Vec<_> = agent.failed_tests[skipped..]
            .iter()
            .map(|one| escaped(one))
            .collect();
        let more = match skipped {
            0 => String::new(),
            skipped => format!(" and {skipped} more"),
        };
        lines.push(format!("{name}: tests failed: {}{more}", tests.join(", ")));
    }
    lines
}

fn tokens(usage: &UsageObject<'_>) -> String {
    let tokens = &usage.tokens;
    let read = tokens.input_tokens + tokens.cache_read_tokens + tokens.cache_write_tokens;
    format!("{} in, {} out", short(read), short(tokens.output_tokens))
}

/// A count in four characters or so.
fn short(count: u64) -> String {
    match count {
        0..1000 => count.to_string(),
        1000..1_000_000 => format!("{}.{}k", count / 1000, count % 1000 / 100),
        _ => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// How long that is, if it is anything.
fn span(millis: u64) -> String {
    match millis {
        0 => "-".to_owned(),
        _ => hours(Duration::from_millis(millis)),
    }
}

/// A time of the wire without its seconds.
fn clock(time: &str) -> String {
    let minute = time.get(..16).unwrap_or(time).replace('T', " ");
    escaped(&minute).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PaneId;
    use crate::wire::digest_answer::{ErrorSpan, SpentObject, StateSpan};
    use crate::wire::objects::Text;
    use crate::wire::usage::TokensObject;

    fn agent() -> AgentDigest<'static> {
        AgentDigest {
            session: "api".into(),
            pane: Text(PaneId(7)),
            agent_type: "claude".into(),
            status: "waiting".into(),
            spent_ms: SpentObject {
                busy: 60_000,
                waiting: 11_100_000,
                ..SpentObject::default()
            },
            states: vec![StateSpan {
                ms: 11_100_000,
                status: "waiting".into(),
                reason: Some("permission".into()),
                message: Some("rm \u{1b}[2J".into()),
                ..StateSpan::default()
            }],
            prompts: 3,
            waits: 2,
            longest_wait_ms: 11_100_000,
            errors: vec![ErrorSpan {
                at: "2026-11-30T03:12:00.000Z".into(),
                reason: Some("api_error".into()),
                ..ErrorSpan::default()
            }],
            failed_tests: (0..7).map(|at| format!("t{at}.py").into()).collect(),
            usage: Some(UsageObject {
                tokens: TokensObject {
                    input_tokens: 1_234_000,
                    output_tokens: 950,
                    ..TokensObject::default()
                },
                cost_usd: Some(1.255),
                ..UsageObject::default()
            }),
            ..AgentDigest::default()
        }
    }

    #[test]
    fn a_digest_is_a_table_and_what_stands_out() {
        let digest = DigestAnswer {
            since: "2026-11-30T03:00:00.000Z".into(),
            to: "2026-11-30T11:00:00.000Z".into(),
            agents: vec![agent()],
            ..DigestAnswer::default()
        };
        let text = lines(&digest).join("\n");
        for part in [
            "From 2026-11-30 03:00 to 2026-11-30 11:00 UTC",
            "claude in api",
            "%7",
            "waiting (permission) 3h05m",
            "1.2M in, 950 out",
            "failed at 2026-11-30 03:12: api_error",
            "tests failed: t2.py, t3.py, t4.py, t5.py, t6.py and 2 more",
            "waits for permission: rm",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
        let nothing = lines(&DigestAnswer::default());
        assert!(
            nothing.iter().any(|line| line.starts_with("No agent")),
            "{nothing:?}"
        );
    }

    #[test]
    fn figures_are_short() {
        let rows = [(0, "0"), (999, "999"), (1540, "1.5k"), (2_960_000, "2.9M")];
        for (count, expected) in rows {
            assert_eq!(short(count), expected);
        }
        let rows = [
            (0, "-"),
            (900, "0s"),
            (61_000, "1m"),
            (3_600_000, "1h00m"),
            (97_500_000, "27h05m"),
        ];
        for (millis, expected) in rows {
            assert_eq!(span(millis), expected);
        }
    }
}
