//! `muxwire explain`: why a pane, or a saved screen, is taken for what it is; and what is wrong of that as a fixture.

mod fixture;
mod held;
mod saved;

use std::fmt::Write as _;
use std::io::Write;
use std::time::Instant;

use anyhow::{Context as _, anyhow, ensure};
use serde_json::{Value, json};

use self::saved::SavedScreen;
use crate::agent::{AgentRules, Explanation, RuleSet, Shown, explain_view};
use crate::cli::{ExplainArgs, General};
use crate::client::TargetName;
use crate::cmd::agents;
use crate::cmd::exit::{Exit, IMPOSSIBLE};
use crate::cmd::output::CommandOutput;
use crate::cmd::prepare;
use crate::cmd::remote::Remote;
use crate::nearest::nearest;
use crate::printable::escaped;
use crate::wire::agent::AgentObject;
use crate::wire::explanation::Explanation as Held;

/// A screen, and what is known of it besides.
struct Subject {
    screen: SavedScreen,
    /// What the server says of the agent.
    said: Option<AgentObject<'static>>,
    /// What the server holds for and against it, if it is a pane and the server tells.
    held: Option<Held<'static>>,
    is_pane: bool,
    /// Where it is, for people.
    place: String,
    command: String,
}

/// Tries all rules on a screen and prints what they look at.
///
/// # Errors
/// The pane or the screen can't be had, or there are no rules for its agent.
pub async fn run(
    general: &General,
    args: ExplainArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    prepare(general, Vec::new())?;
    let rules = agents::rules(general.inputs(Vec::new()).folders()).await?;
    let subject = match (&args.target, &args.screen) {
        (Some(target), _) => of_pane(&args, target).await?,
        (None, screen) => {
            let screen = screen.as_deref().context("no screen is named")?;
            Subject {
                screen: saved::read(screen, &args)?,
                said: None,
                held: None,
                is_pane: false,
                place: escaped(&screen.to_string_lossy()).into_owned(),
                command: args.agent.clone().unwrap_or_default(),
            }
        }
    };
    let said = subject.said.as_ref().map(|said| &*said.agent_type);
    let Some(name) = args.agent.as_deref().or(said) else {
        let message = format!(
            "there is no agent in {}; --agent NAME tries the rules of one all the same",
            subject.place
        );
        let code = IMPOSSIBLE;
        return Err(Exit { code, message }.into());
    };
    let agent = rules.agent(name).ok_or_else(|| no_rules(&rules, name))?;
    let explanation = explained(&subject.screen, agent);
    if args.json {
        output.json(&described(&subject, &explanation))?;
    } else {
        output.line(&text(&subject, &explanation))?;
    }
    if let Some(right) = &args.save_fixture {
        let path = fixture::save(&args, right, (&subject.screen, &subject.command), agent)?;
        CommandOutput::stderr().line(&format!(
            "muxwire: {} and the .toml beside it are a fixture now; look through both for secrets before you pass them on",
            path.display()
        ))?;
    }
    Ok(())
}

/// What a pane shows, and what the server says of the agent in it.
async fn of_pane(args: &ExplainArgs, target: &TargetName) -> anyhow::Result<Subject> {
    let mut remote = Remote::connect(args.access.clone(), &[]).await?;
    let state = remote.state().await?;
    let found = target.find(&state)?;
    let held = held::ask(&mut remote, &found).await?;
    let shown = remote.screen(found.id()).await?;
    remote.close().await;
    let side = |cells: u32| u16::try_from(cells).unwrap_or(u16::MAX);
    let replay = shown
        .replay
        .context("the server sent no replay of the pane")?;
    Ok(Subject {
        screen: SavedScreen {
            cols: side(shown.cols),
            rows: side(shown.rows),
            bytes: replay.as_bytes().to_vec(),
            title: Some(found.pane.title.clone().into_owned()),
        },
        said: found.agent().cloned(),
        held,
        is_pane: true,
        place: format!("{} ({})", found.id(), found.place()),
        command: found.pane.command.clone().into_owned(),
    })
}

fn no_rules(rules: &RuleSet, name: &str) -> anyhow::Error {
    let known: Vec<&str> = rules.agents().map(|agent| agent.id()).collect();
    let meant = nearest(name, known.iter().copied());
    let meant = meant.map_or_else(String::new, |meant| format!("; did you mean {meant:?}?"));
    anyhow!(
        "there are no rules for {:?}{meant}; there are some for {}",
        escaped(name),
        known.join(", ")
    )
}

fn explained(screen: &SavedScreen, agent: &AgentRules) -> Explanation {
    let mut shown = Shown::new(screen.cols, screen.rows, Instant::now());
    shown.output(&screen.bytes);
    if let Some(title) = screen.title.as_deref().filter(|title| !title.is_empty()) {
        shown.set_title(title);
    }
    explain_view(agent, &shown.view())
}

fn text(subject: &Subject, explanation: &Explanation) -> String {
    let mut text = format!("{}: ", subject.place);
    if let Some(said) = &subject.said {
        let reason = said.reason.as_deref();
        let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
        let (status, source) = (&said.status, said.source.as_deref().unwrap_or("nothing"));
        let _ = write!(
            text,
            "the server says {status}{reason}, {} confidence, from {source}, since {}; ",
            said.confidence, said.since
        );
    }
    let _ = match explanation.counting() {
        Some(rule) => {
            let state = rule.state.map_or("the last state", |state| state.name());
            write!(text, "its screen says {state}, by the rule {}", rule.id)
        }
        None => write!(text, "its screen says nothing"),
    };
    if subject.is_pane {
        for line in held::lines(subject.held.as_ref()) {
            let _ = write!(text, "\n{line}");
        }
    }
    // Screens are what programs print, so nothing of them reaches the terminal as it is.
    for line in explanation.to_string().lines() {
        let _ = write!(text, "\n{}", escaped(line));
    }
    text
}

fn described(subject: &Subject, explanation: &Explanation) -> Value {
    let rules = explanation.rules.iter().map(|rule| {
        let clauses = rule.clauses.iter().map(|clause| {
            json!({
                "asks": clause.asks,
                "wanted": clause.wanted,
                "matched": clause.matched,
                "text": clause.text,
            })
        });
        json!({
            "id": rule.id,
            "origin": rule.origin.to_string(),
            "priority": rule.priority,
            "state": rule.state.map(|state| state.name()),
            "matched": rule.matched,
            "counts": rule.counts,
            "clauses": clauses.collect::<Vec<_>>(),
        })
    });
    let counting = explanation.counting();
    json!({
        "agent": explanation.agent,
        "untested": explanation.untested,
        "place": subject.place,
        "server": subject.said,
        "grounds": subject.held.as_ref().and_then(|held| held.grounds.as_ref()),
        "screen": counting.and_then(|rule| rule.state).map(|state| state.name()),
        "rule": counting.map(|rule| &rule.id),
        "rules": rules.collect::<Vec<_>>(),
    })
}

/// A file that is longer is no screen.
fn check_length(length: usize) -> anyhow::Result<()> {
    ensure!(
        length <= saved::LONGEST,
        "it is longer than {} bytes, so it is no screen",
        saved::LONGEST
    );
    Ok(())
}
