//! What an agent's session used within a time, of counts that only ever say all that it has used.

use std::collections::BTreeMap;

use crate::usage::{ModelUsage, ToolUsage, Usage};

/// The counts that were told last, and what came since the first of them.
#[derive(Debug)]
pub(super) struct Used {
    last: Option<Usage>,
    /// The session began within the time, so its first counts are of this time too.
    began_within: bool,
    models: BTreeMap<String, ModelUsage>,
    tools: BTreeMap<String, u64>,
    prices_of: Option<String>,
    is_known: bool,
}

impl Used {
    pub(super) fn new(began_within: bool) -> Self {
        Self {
            last: None,
            began_within,
            models: BTreeMap::new(),
            tools: BTreeMap::new(),
            prices_of: None,
            is_known: false,
        }
    }

    /// All that the session has used by now.
    pub(super) fn now(&mut self, usage: Option<&Usage>) {
        let Some(usage) = usage else { return };
        let before = match self.last.take() {
            // Fewer than before: another session goes on in its place.
            Some(last) if usage.requests() >= last.requests() => Some(last),
            Some(_) => None,
            None if self.began_within => None,
            None => {
                self.last = Some(usage.clone());
                self.is_known = true;
                return;
            }
        };
        self.add(usage, before.as_ref());
        self.last = Some(usage.clone());
        self.is_known = true;
    }

    fn add(&mut self, usage: &Usage, before: Option<&Usage>) {
        for model in &usage.models {
            let known = before.and_then(|before| {
                let models = before.models.iter();
                models.into_iter().find(|known| known.model == model.model)
            });
            let sum = self
                .models
                .entry(model.model.clone())
                .or_insert_with(|| ModelUsage {
                    model: model.model.clone(),
                    cost: Some(0),
                    ..ModelUsage::default()
                });
            let tokens = known.map_or_else(Default::default, |known| known.tokens);
            let requests = known.map_or(0, |known| known.requests);
            let cost = known.map_or(Some(0), |known| known.cost);
            sum.requests += model.requests.saturating_sub(requests);
            sum.tokens = sum.tokens.plus(model.tokens.without(tokens));
            let more = model.cost.zip(cost);
            let more = more.map(|(now, then)| now.saturating_sub(then));
            sum.cost = sum.cost.zip(more).map(|(sum, more)| sum + more);
        }
        for tool in &usage.tools {
            let known = before.and_then(|before| {
                let tools = before.tools.iter();
                tools.into_iter().find(|known| known.tool == tool.tool)
            });
            let calls = known.map_or(0, |known| known.calls);
            *self.tools.entry(tool.tool.clone()).or_default() += tool.calls.saturating_sub(calls);
        }
        self.prices_of.clone_from(&usage.prices_of);
    }

    /// What was used within the time; nothing if nothing is known of it.
    pub(super) fn total(self) -> Option<Usage> {
        let models = self.models.into_values();
        let tools = self.tools.into_iter();
        self.is_known.then(|| Usage {
            models: models.filter(|model| model.requests > 0).collect(),
            tools: tools
                .filter(|(_, calls)| *calls > 0)
                .map(|(tool, calls)| ToolUsage { tool, calls })
                .collect(),
            prices_of: self.prices_of,
        })
    }
}
