//! Why something is said of an agent: every signal, every piece of evidence, and every rule with the text that it looked at.

use std::fmt;

use super::grounds::Grounds;
use super::rules::{AgentRules, Clause, Origin, Rule, Tried};
use super::status::State;
use super::view::View;

/// The most of a part's text that is shown, in characters.
const LONGEST_SHOWN: usize = 2000;

/// All that speaks for and against what is said.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The agent's name.
    pub agent: String,
    /// What its rules rest on, if they were not tested.
    pub untested: Option<String>,
    /// What is said, and on what grounds; absent for a saved screen.
    pub grounds: Option<Grounds>,
    /// Every rule, in the order in which they count.
    pub rules: Vec<RuleTrace>,
}

/// One rule on one view.
#[derive(Debug, Clone)]
pub struct RuleTrace {
    /// Its name.
    pub id: String,
    /// Where it stands.
    pub origin: Origin,
    /// Its priority.
    pub priority: i32,
    /// What it would say; absent if it would keep the last state.
    pub state: Option<State>,
    /// Whether it matches.
    pub matched: bool,
    /// Whether it is the one that counts.
    pub counts: bool,
    /// What it asks for.
    pub clauses: Vec<ClauseTrace>,
}

/// One clause on one view.
#[derive(Debug, Clone)]
pub struct ClauseTrace {
    /// What it asks, in words.
    pub asks: String,
    /// Whether the rule asks for it, or for its contrary.
    pub wanted: bool,
    /// Whether it is so.
    pub matched: bool,
    /// The text of its region; absent if the view has no such region.
    pub text: Option<String>,
}

/// Why rules say what they say of a saved screen.
#[must_use]
pub fn explain_view(rules: &AgentRules, view: &View) -> Explanation {
    Explanation::new(None, rules, view)
}

impl Explanation {
    pub(super) fn new(grounds: Option<Grounds>, rules: &AgentRules, view: &View) -> Self {
        let mut tried = Tried::new(view);
        let mut traces: Vec<RuleTrace> = Vec::new();
        for rule in rules.rules() {
            let is_first = traces.iter().all(|trace| !trace.matched);
            traces.push(trace(rule, &mut tried, is_first));
        }
        Self {
            agent: rules.name().to_owned(),
            untested: rules.untested().map(str::to_owned),
            grounds,
            rules: traces,
        }
    }

    /// The rule that counts.
    #[must_use]
    pub fn counting(&self) -> Option<&RuleTrace> {
        self.rules.iter().find(|rule| rule.counts)
    }
}

fn trace<'a>(rule: &'a Rule, tried: &mut Tried<'a>, is_first: bool) -> RuleTrace {
    let matched = rule.when.holds(tried);
    let clauses = rule.when.clauses();
    RuleTrace {
        id: rule.id.clone(),
        origin: rule.origin.clone(),
        priority: rule.priority,
        state: rule.state,
        matched,
        counts: matched && is_first,
        clauses: clauses
            .into_iter()
            .map(|(clause, wanted)| clause_trace(clause, wanted, tried))
            .collect(),
    }
}

fn clause_trace<'a>(clause: &'a Clause, wanted: bool, tried: &mut Tried<'a>) -> ClauseTrace {
    let rows = tried.part(clause.region, clause.except.as_ref()).rows();
    let text = rows.map(|rows| rows.join("\n").chars().take(LONGEST_SHOWN).collect());
    ClauseTrace {
        asks: clause.describe(),
        wanted,
        matched: clause.holds(tried),
        text,
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.agent)?;
        if let Some(untested) = &self.untested {
            writeln!(formatter, "  its rules were not tested: {untested}")?;
        }
        if let Some(grounds) = &self.grounds {
            grounds.fmt(formatter)?;
        }
        self.rules.iter().try_for_each(|rule| rule.fmt(formatter))
    }
}

impl fmt::Display for RuleTrace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match (self.counts, self.matched) {
            (true, _) => "counts",
            (false, true) => "matches, another counts",
            (false, false) => "does not match",
        };
        let state = self.state.map_or("the last state", State::name);
        let (id, origin, priority) = (&self.id, &self.origin, self.priority);
        writeln!(
            formatter,
            "  rule {id} ({origin}, priority {priority}) for {state}: {outcome}"
        )?;
        for clause in &self.clauses {
            let is = if clause.matched { "yes" } else { "no" };
            let not = if clause.wanted { "" } else { "not: " };
            writeln!(formatter, "    {not}{}: {is}", clause.asks)?;
            match &clause.text {
                Some(text) => text
                    .lines()
                    .try_for_each(|line| writeln!(formatter, "      | {line}"))?,
                None => writeln!(formatter, "      (there is no such region)")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::scene::RULES;
    use super::*;

    #[test]
    fn every_rule_is_shown_with_the_text_of_its_region() {
        let rules = &*RULES;
        let view = View {
            lines: vec!["diff> ".trim_end().to_owned()],
            cols: 80,
            ..View::default()
        };
        let explanation = explain_view(rules.agent("aider").unwrap(), &view);
        assert_eq!(explanation.counting().unwrap().state, Some(State::Ready));
        assert_eq!(
            explanation.rules.len(),
            rules.agent("aider").unwrap().rules().len()
        );
        let text = explanation.to_string();
        for part in ["aider.toml:", "counts", "does not match", "      | diff>"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}
