//! Counts that lines add to. An answer that is written again, as it grows, counts as it was written last.

use std::collections::{BTreeMap, VecDeque};

use super::prices::Prices;
use super::{ModelUsage, Tokens, ToolUsage, Usage};

/// The most models and tools that are told apart. A transcript may say anything.
const MOST_NAMES: usize = 64;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 96;

/// What stands for all names that are too many.
const OTHERS: &str = "others";

/// How many of the last answers may be written again. Lines of one answer are near each other.
const REMEMBERED: usize = 64;

/// An answer of a model, as one line has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    /// What tells it from others; an empty one is not written again.
    pub(super) id: String,
    pub(super) model: String,
    pub(super) tokens: Tokens,
    /// The tools that it calls, each by what tells its call from others.
    pub(super) tools: Vec<(String, String)>,
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    models: BTreeMap<String, (u64, Tokens)>,
    tools: BTreeMap<String, u64>,
    recent: VecDeque<Answer>,
}

impl Tally {
    /// Counts an answer, or what it has beyond what was written of it before.
    pub(super) fn answer(&mut self, mut answer: Answer) {
        answer.model = name(&answer.model);
        let at = self.recent.iter().position(|last| last.id == answer.id);
        let before = at.filter(|_| !answer.id.is_empty());
        let before = before.and_then(|at| self.recent.remove(at));
        let calls = before.as_ref().map_or(&[][..], |before| &before.tools);
        let mut tools = calls.to_vec();
        for (call, tool) in &answer.tools {
            if !tools.iter().any(|(known, _)| known == call) {
                tools.push((call.clone(), tool.clone()));
                self.tool(tool);
            }
        }
        answer.tools = tools;
        if let Some(before) = &before
            && let Some((_, tokens)) = self.models.get_mut(&before.model)
        {
            *tokens = tokens.without(before.tokens);
        }
        let is_new = before.is_none();
        answer.model = free(&self.models, answer.model);
        let (requests, tokens) = self.models.entry(answer.model.clone()).or_default();
        *requests += u64::from(is_new);
        *tokens = tokens.plus(answer.tokens);
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(answer);
    }

    /// Counts a call of a tool.
    pub(super) fn tool(&mut self, tool: &str) {
        let tool = free(&self.tools, name(tool));
        *self.tools.entry(tool).or_default() += 1;
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        for (model, (requests, tokens)) in &other.models {
            let model = free(&self.models, model.clone());
            let (all, sum) = self.models.entry(model).or_default();
            *all += requests;
            *sum = sum.plus(*tokens);
        }
        for (tool, calls) in &other.tools {
            let tool = free(&self.tools, tool.clone());
            *self.tools.entry(tool).or_default() += calls;
        }
    }

    /// What it comes to at these prices.
    #[must_use]
    pub fn usage(&self, prices: &Prices) -> Usage {
        let model = |(model, (requests, tokens)): (&String, &(u64, Tokens))| ModelUsage {
            model: model.clone(),
            requests: *requests,
            tokens: *tokens,
            cost: prices.cost(model, *tokens),
        };
        let tool = |(tool, calls): (&String, &u64)| ToolUsage {
            tool: tool.clone(),
            calls: *calls,
        };
        let models: Vec<ModelUsage> = self.models.iter().map(model).collect();
        let has_cost = models.iter().any(|model| model.cost.is_some());
        Usage {
            prices_of: has_cost.then(|| prices.date().to_owned()),
            models,
            tools: self.tools.iter().map(tool).collect(),
        }
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty() && self.tools.is_empty()
    }
}

/// A name that is bounded and clean.
fn name(text: &str) -> String {
    let mut clean = String::new();
    for one in text.chars().filter(|one| !one.is_control()) {
        if clean.len() + one.len_utf8() > LONGEST_NAME {
            break;
        }
        clean.push(one);
    }
    match clean.trim() {
        "" => "unknown".to_owned(),
        clean => clean.to_owned(),
    }
}

/// The name under which something is counted.
fn free<Count>(known: &BTreeMap<String, Count>, name: String) -> String {
    match known.len() < MOST_NAMES || known.contains_key(&name) {
        true => name,
        false => OTHERS.to_owned(),
    }
}
