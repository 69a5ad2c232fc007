//! All that is known of a pane and its agent, and why the agent is said to do what it does.

use ratatui::text::Line;

use super::super::model::Model;
use super::super::parts::{Explained, Now};
use super::super::standing::{Standing, seconds_since, short_span};
use super::super::theme::Role;
use super::fit;
use crate::ids::PaneId;
use crate::printable::escaped;
use crate::wire::agent::AgentObject;
use crate::wire::explanation::GroundsObject;
use crate::wire::objects::PaneObject;

impl Model {
    fn fact(&self, name: &str, value: impl Into<String>, role: Role) -> Line<'static> {
        Line::from(vec![
            self.span(fit(name, 12), Role::Dim),
            self.span(value.into(), role),
        ])
    }

    pub(super) fn details(&self, pane: PaneId, now: Now) -> Vec<Line<'static>> {
        let state = self.state.as_ref();
        let known = state.and_then(|state| Some((state, state.panes.get(&pane)?)));
        let Some((state, known)) = known else {
            return vec![Line::from(self.span("The pane is gone.", Role::Waiting))];
        };
        let mut lines = Vec::new();
        if let Some(agent) = &known.pane.agent {
            lines.extend(self.agent_facts(agent, now));
            lines.push(Line::default());
        }
        let window = state.windows.get(&known.window);
        let name = window.map_or_else(String::new, |window| escaped(&window.name).into_owned());
        lines.push(self.fact(
            "pane",
            format!("{pane} in the window {name:?}"),
            Role::Plain,
        ));
        lines.extend(self.pane_facts(&known.pane));
        lines
    }

    fn pane_facts(&self, pane: &PaneObject<'_>) -> Vec<Line<'static>> {
        let text = |text: &str| escaped(text).into_owned();
        let mut lines = vec![
            self.fact(
                "size",
                format!("{}x{}", pane.width, pane.height),
                Role::Plain,
            ),
            self.fact("title", text(&pane.title), Role::Plain),
            self.fact("command", text(&pane.command), Role::Plain),
            self.fact("folder", text(&pane.path), Role::Plain),
            self.fact("process", pane.pid.to_string(), Role::Plain),
        ];
        if let Some(mode) = &pane.mode {
            lines.push(self.fact("mode", text(mode), Role::Waiting));
        }
        if let Some(exit) = &pane.exit {
            let status = exit.status.map(|status| format!("with status {status}"));
            let signal = exit.signal.map(|signal| format!("by signal {signal}"));
            let how = status.or(signal).unwrap_or_default();
            lines.push(self.fact("ended", how, Role::Failed));
        }
        lines
    }

    fn agent_facts(&self, agent: &AgentObject<'_>, now: Now) -> Vec<Line<'static>> {
        let standing = Standing::of(agent);
        let text = |text: &Option<std::borrow::Cow<'_, str>>| {
            text.as_deref().map(|text| escaped(text).into_owned())
        };
        let age = seconds_since(&agent.since, now.clock).map(short_span);
        let what = format!(
            "{} {} for {}",
            standing.sign(),
            standing.word(),
            age.unwrap_or_default()
        );
        let sure = match text(&agent.source) {
            Some(source) => format!("{}, by {source}", agent.confidence),
            None => agent.confidence.clone().into_owned(),
        };
        let facts = [
            (
                "agent",
                Some(escaped(&agent.agent_type).into_owned()),
                Role::Plain,
            ),
            ("state", Some(what), standing.role()),
            ("reason", text(&agent.reason), standing.role()),
            ("says", text(&agent.message), Role::Plain),
            ("sure", Some(sure), Role::Plain),
            ("model", text(&agent.model), Role::Plain),
            ("mode", text(&agent.mode), Role::Plain),
        ];
        let mut lines = self.facts(facts);
        lines.extend(self.agent_figures(agent));
        if let Some(dialog) = &agent.dialog {
            for (number, option) in (1..).zip(&dialog.options) {
                let head = if number == 1 { "dialog" } else { "" };
                let text = format!("{number} {}", escaped(option));
                lines.push(self.fact(head, text, Role::Accent));
            }
        }
        lines
    }

    /// What is known of it.
    fn facts<const N: usize>(
        &self,
        facts: [(&'static str, Option<String>, Role); N],
    ) -> Vec<Line<'static>> {
        let known = facts
            .into_iter()
            .filter_map(|(name, value, role)| Some((name, value?, role)));
        known
            .map(|(name, value, role)| self.fact(name, value, role))
            .collect()
    }

    fn agent_figures(&self, agent: &AgentObject<'_>) -> Vec<Line<'static>> {
        let resets = agent.resets_at.as_deref();
        let resets = resets.map(|text| escaped(text).into_owned());
        let usage = agent.usage.as_deref();
        let dollars = usage
            .and_then(|usage| usage.cost_usd)
            .map(|cost| format!("${cost:.4}"));
        let spent = usage.map(|usage| {
            let tokens = &usage.tokens;
            format!(
                "{} in, {} out, {} from caches, in {} answers",
                tokens.input_tokens, tokens.output_tokens, tokens.cache_read_tokens, usage.requests
            )
        });
        let background = agent.background.as_ref().map(|one| {
            format!(
                "{} shells, {} agents",
                one.shells.unwrap_or(0),
                one.agents.unwrap_or(0)
            )
        });
        self.facts([
            (
                "context",
                agent
                    .context_left_percent
                    .map(|left| format!("{left}% left")),
                Role::Plain,
            ),
            (
                "turn",
                agent.tokens.map(|count| format!("{count} tokens")),
                Role::Plain,
            ),
            ("resets", resets, Role::Waiting),
            ("behind it", background, Role::Plain),
            ("used", spent, Role::Plain),
            ("cost", dollars, Role::Plain),
        ])
    }

    pub(super) fn explanation(&self) -> Vec<Line<'static>> {
        let say = |text: String, role| vec![Line::from(self.span(text, role))];
        match &self.explained {
            None | Some(Explained::Asked) => {
                say("Asking the server \u{2026}".to_owned(), Role::Dim)
            }
            Some(Explained::Failed(why)) => say(why.clone(), Role::Failed),
            Some(Explained::Told(told)) => match (&told.grounds, &told.message) {
                (Some(grounds), _) => self.grounds(grounds),
                (None, message) => {
                    let why = message.as_deref().unwrap_or("nothing is held of it");
                    say(escaped(why).into_owned(), Role::Waiting)
                }
            },
        }
    }

    fn grounds(&self, grounds: &GroundsObject<'_>) -> Vec<Line<'static>> {
        let ago = |ms: u64| short_span(ms / 1_000);
        let text = |text: &str| escaped(text).into_owned();
        let said = format!(
            "{} {}, {} confidence, for {}",
            text(&grounds.status),
            text(grounds.reason.as_deref().unwrap_or_default()),
            text(&grounds.confidence),
            ago(grounds.age_ms)
        );
        let mut lines = vec![self.fact("the server", said, Role::Plain)];
        lines.push(Line::default());
        lines.push(Line::from(
            self.span("Evidence, the strongest first", Role::Dim),
        ));
        for one in &grounds.evidence {
            let (sign, role) = match &*one.standing {
                "counts" => ("\u{2713} counts", Role::Done),
                "gives_way" => ("gives way", Role::Waiting),
                _ => ("weaker", Role::Dim),
            };
            lines.push(Line::from(vec![
                self.span(fit(&text(&one.source), 10), Role::Plain),
                self.span(fit(&text(&one.status), 8), Role::Plain),
                self.span(fit(sign, 10), role),
                self.span(
                    format!("{:>3} {:>4} ", one.strength, ago(one.said_ms)),
                    Role::Dim,
                ),
                self.span(text(&one.basis), Role::Plain),
            ]));
        }
        if !grounds.signals.is_empty() {
            lines.push(Line::default());
            lines.push(Line::from(
                self.span("Signals among its output, the newest last", Role::Dim),
            ));
        }
        for one in &grounds.signals {
            lines.push(Line::from(vec![
                self.span(fit(&text(&one.kind), 13), Role::Plain),
                self.span(format!("{:>4} ", ago(one.age_ms)), Role::Dim),
                self.span(text(one.text.as_deref().unwrap_or_default()), Role::Plain),
            ]));
        }
        lines
    }
}
