//! Sums of five minutes each: what any number of hours comes to is made of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::fields::{number, text};
use super::money::millionths;
use super::sums::{AgentSession, Costs, Overview};
use crate::model::{Audience, Emitted};
use crate::usage::{ModelUsage, Usage};

/// How long a row is, in milliseconds.
const ROW: i64 = 5 * 60 * 1000;

/// How many sums are kept; beyond, the oldest go.
const MOST: usize = 400_000;

/// The longest name of a model or a tool that is told by itself, in bytes: programs choose them.
const LONGEST_NAME: usize = 256;

/// Where something was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    /// The number of the agent's session, if it is known.
    pub(super) session: Option<u64>,
    /// Who may know of it.
    pub(super) audience: Audience,
}

/// What one sum is of: the origin by its number, and a model or a tool.
type Key = (u32, What);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// A model by its name; nothing if none was named.
    Model(Option<Arc<str>>),
    Tool(Arc<str>),
}

/// What was used.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    requests: u64,
    input_tokens: u64,
    output_tokens: u64,
    /// In millionths of a US dollar.
    cost: u64,
    calls: u64,
}

/// All sums.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: BTreeMap<i64, BTreeMap<Key, Sum>>,
    count: usize,
    origins: Vec<Origin>,
    names: HashMap<String, Arc<str>>,
}

/// Whether a session has used at least all that another had.
pub(super) fn covers(usage: &Usage, before: &Usage) -> bool {
    let model = |wanted: &ModelUsage| {
        let known = usage.models.iter().find(|one| one.model == wanted.model);
        known.is_some_and(|one| {
            one.requests >= wanted.requests && one.tokens.total() >= wanted.tokens.total()
        })
    };
    let tools = before.tools.iter().all(|wanted| {
        let known = usage.tools.iter().find(|one| one.tool == wanted.tool);
        known.is_some_and(|one| one.calls >= wanted.calls)
    });
    before.requests() > 0 && before.models.iter().all(model) && tools
}

impl Rows {
    /// Adds what a session has used since it had used only that.
    pub(super) fn add_usage(
        &mut self,
        at: i64,
        origin: &Origin,
        usage: &Usage,
        before: Option<&Usage>,
    ) {
        for model in &usage.models {
            let known = before.and_then(|before| {
                let mut models = before.models.iter();
                models.find(|known| known.model == model.model)
            });
            let (requests, tokens, cost) = known.map_or_else(Default::default, |known| {
                (known.requests, known.tokens, known.cost)
            });
            let more = model.tokens.without(tokens);
            let sum = Sum {
                requests: model.requests.saturating_sub(requests),
                input_tokens: more.input,
                output_tokens: more.output,
                cost: model
                    .cost
                    .unwrap_or_default()
                    .saturating_sub(cost.unwrap_or_default()),
                calls: 0,
            };
            let name = self.name(&model.model);
            self.add(at, origin, What::Model(Some(name)), sum);
        }
        for tool in &usage.tools {
            let known = before.and_then(|before| {
                let mut tools = before.tools.iter();
                tools.find(|known| known.tool == tool.tool)
            });
            let calls = known.map_or(0, |known| known.calls);
            let calls = tool.calls.saturating_sub(calls);
            let name = self.name(&tool.tool);
            let sum = Sum {
                calls,
                ..Sum::default()
            };
            self.add(at, origin, What::Tool(name), sum);
        }
    }

    /// Adds what a program says that something cost.
    pub(super) fn add_cost(&mut self, at: i64, origin: &Origin, event: &Emitted) {
        let count = |name: &str| number(event.data(), name).and_then(|text| text.parse().ok());
        let is_dollars = text(event.data(), "currency").is_none_or(|currency| currency == "USD");
        let amount = number(event.data(), "amount").filter(|_| is_dollars);
        let sum = Sum {
            requests: count("requests").unwrap_or_default(),
            input_tokens: count("input_tokens").unwrap_or_default(),
            output_tokens: count("output_tokens").unwrap_or_default(),
            cost: amount.and_then(millionths).unwrap_or_default(),
            calls: 0,
        };
        let model = text(event.data(), "model").map(|name| self.name(name));
        self.add(at, origin, What::Model(model), sum);
    }

    /// Adds the use of a tool that a program tells of. What is told of the same use again is no further one.
    pub(super) fn add_tool(&mut self, at: i64, origin: &Origin, event: &Emitted) {
        let Some(tool) = text(event.data(), "tool") else {
            return;
        };
        let begins = match text(event.data(), "status") {
            Some(status) => status == "started",
            None => true,
        };
        // A use that is only told when it is over, and has no name to be told by, is one as well.
        let is_alone = text(event.data(), "call").is_none() && !begins;
        if begins || is_alone {
            let name = self.name(tool);
            let sum = Sum {
                calls: 1,
                ..Sum::default()
            };
            self.add(at, origin, What::Tool(name), sum);
        }
    }

    /// Lets go of what is older.
    pub(super) fn forget(&mut self, oldest: i64) {
        let oldest = oldest.div_euclid(ROW);
        while let Some(first) = self.rows.first_entry() {
            if *first.key() >= oldest && self.count <= MOST {
                break;
            }
            self.count -= first.remove().len();
        }
        if self.rows.is_empty() {
            self.origins.clear();
            self.names.clear();
        }
    }

    /// All that was used since then and is seen, but for tasks.
    pub(super) fn sum(&self, since: i64, sees: &impl Fn(&Audience) -> bool) -> Overview {
        let mut overview = Overview::default();
        for ((_, what), sum) in self.seen(since, sees) {
            match what {
                What::Model(name) => overview.add_model(
                    name.as_deref(),
                    (sum.requests, sum.input_tokens, sum.output_tokens),
                    sum.cost,
                ),
                What::Tool(name) => overview.tools.add(name, sum.calls),
            }
        }
        overview
    }

    /// The same by the sessions of agents.
    pub(super) fn by_session(
        &self,
        since: i64,
        sees: &impl Fn(&Audience) -> bool,
    ) -> HashMap<u64, AgentSession> {
        let mut sessions: HashMap<u64, AgentSession> = HashMap::new();
        for ((origin, what), sum) in self.seen(since, sees) {
            let Some(session) = self
                .origins
                .get(*origin as usize)
                .and_then(|one| one.session)
            else {
                continue;
            };
            let session = sessions.entry(session).or_default();
            match what {
                What::Model(_) => {
                    session.requests += sum.requests;
                    session.input_tokens += sum.input_tokens;
                    session.output_tokens += sum.output_tokens;
                    session.cost = Costs::plus(session.cost, sum.cost);
                }
                What::Tool(_) => session.tool_calls += sum.calls,
            }
        }
        sessions
    }

    fn seen<'a>(
        &'a self,
        since: i64,
        sees: &impl Fn(&Audience) -> bool,
    ) -> impl Iterator<Item = (&'a Key, &'a Sum)> {
        let seen: Vec<bool> = self
            .origins
            .iter()
            .map(|origin| sees(&origin.audience))
            .collect();
        let rows = self.rows.range(since.div_euclid(ROW)..);
        let sums = rows.flat_map(|(_, row)| row);
        sums.filter(move |((origin, _), _)| seen.get(*origin as usize).is_some_and(|seen| *seen))
    }

    fn add(&mut self, at: i64, origin: &Origin, what: What, more: Sum) {
        let nothing = [
            more.requests,
            more.input_tokens,
            more.output_tokens,
            more.cost,
            more.calls,
        ];
        if nothing.iter().all(|one| *one == 0) {
            return;
        }
        let key = (self.origin(origin), what);
        let row = self.rows.entry(at.div_euclid(ROW)).or_default();
        let before = row.len();
        let sum = row.entry(key).or_default();
        sum.requests = sum.requests.saturating_add(more.requests);
        sum.input_tokens = sum.input_tokens.saturating_add(more.input_tokens);
        sum.output_tokens = sum.output_tokens.saturating_add(more.output_tokens);
        sum.cost = sum.cost.saturating_add(more.cost);
        sum.calls = sum.calls.saturating_add(more.calls);
        self.count += row.len() - before;
    }

    /// The number of an origin. The last ones are asked for nearly always.
    fn origin(&mut self, origin: &Origin) -> u32 {
        let known = self.origins.iter().rposition(|known| known == origin);
        let place = known.unwrap_or_else(|| {
            self.origins.push(origin.clone());
            self.origins.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    fn name(&mut self, name: &str) -> Arc<str> {
        let fits = |end: &usize| name.is_char_boundary(*end);
        let end = (0..=name.len().min(LONGEST_NAME)).rev().find(fits);
        let name = &name[..end.unwrap_or_default()];
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = name.into();
        self.names.insert(name.to_owned(), Arc::clone(&shared));
        shared
    }
}
