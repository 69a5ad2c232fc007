//! The engine: facts and moments in, alerts out.
//!
//! A rule that holds of something is *met*. Once it has been met for its dwell it is *said*: as a new alert, or as one more
//! reason for the alert of its key that there is already. An alert is over when nothing that said it is met any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::facts::{PaneFacts, Used};
use super::rule::{About, Condition, KeyScope, Noise, Rule};
use super::title::title;
use crate::ids::PaneId;
use crate::model::{Agent, Alert, AlertAbout, ClearCause, Places, State};

/// How much that looks bad is remembered of a pane.
pub(super) const MOST_NOISES: usize = 200;

/// A moment, on the clock that nobody sets and on that of the calendar.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// For spans.
    pub now: Instant,
    /// For people.
    pub at: Timestamp,
}

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// An alert.
    Raised(AlertAbout, Arc<Alert>),
    /// It is over.
    Cleared(AlertAbout, Arc<Alert>, ClearCause),
}

/// All that is known, and what follows from it by the rules in force.
#[derive(Debug)]
pub struct AlertEngine {
    rules: Arc<[Rule]>,
    /// What the names of its alerts begin with.
    prefix: String,
    raised: u64,
    panes: BTreeMap<PaneId, PaneFacts>,
    machine: BTreeMap<About, Used>,
    met: BTreeMap<MetBy, Met>,
    active: BTreeMap<String, Active>,
    /// Until when there is no other alert of a key.
    quiet: BTreeMap<String, Instant>,
    notices: Vec<Notice>,
}

/// A rule by its place, and what meets it.
type MetBy = (usize, About);

/// A rule is met.
#[derive(Debug)]
struct Met {
    since: Moment,
    /// When it is over, if it happened at one moment.
    until: Option<Instant>,
    key: String,
    said: bool,
    /// What was known of the pane when it happened, if it happened at one moment.
    then: Option<Box<PaneFacts>>,
}

/// An alert that is not over.
#[derive(Debug)]
struct Active {
    alert: Arc<Alert>,
    about: AlertAbout,
    /// What it is said for.
    by: BTreeSet<MetBy>,
}

impl AlertEngine {
    /// An engine that knows of nothing yet. The prefix is one that no other engine has.
    #[must_use]
    pub fn new(rules: Arc<[Rule]>, prefix: &str) -> Self {
        Self {
            rules,
            prefix: prefix.to_owned(),
            raised: 0,
            panes: BTreeMap::new(),
            machine: BTreeMap::new(),
            met: BTreeMap::new(),
            active: BTreeMap::new(),
            quiet: BTreeMap::new(),
            notices: Vec::new(),
        }
    }

    /// Puts other rules in force. Alerts of rules that are the same stay.
    pub fn use_rules(&mut self, rules: Arc<[Rule]>, moment: Moment) {
        let place = |old: usize| {
            let rule = self.rules.get(old)?;
            rules.iter().position(|new| new == rule)
        };
        let places: Vec<Option<usize>> = (0..self.rules.len()).map(place).collect();
        let ended = self.met.keys().filter(|(rule, _)| places[*rule].is_none());
        for by in ended.copied().collect::<Vec<_>>() {
            self.end(by, ClearCause::Rules);
        }
        let moved = |(rule, about): MetBy| Some((places[rule]?, about));
        let met = std::mem::take(&mut self.met);
        self.met = met
            .into_iter()
            .filter_map(|(by, met)| Some((moved(by)?, met)))
            .collect();
        for active in self.active.values_mut() {
            active.by = active.by.iter().filter_map(|by| moved(*by)).collect();
        }
        self.rules = rules;
        for pane in self.panes.keys().copied().collect::<Vec<_>>() {
            self.judge(About::Pane(pane), moment);
        }
        for about in [About::Host, About::Muxwire] {
            self.judge(about, moment);
        }
    }

    /// Takes over which panes there are, where, and which agents are in them.
    pub fn sync(&mut self, state: &State, moment: Moment) {
        let gone = self
            .panes
            .keys()
            .filter(|pane| !state.panes.contains_key(*pane));
        for pane in gone.copied().collect::<Vec<_>>() {
            self.panes.remove(&pane);
            self.end_lasting(pane);
        }
        let by_window = state.places_by_window();
        for (pane, known) in &state.panes {
            let places = by_window.get(&known.window).cloned();
            let places = places.unwrap_or_else(|| Places::from([]));
            let agent = state.agents.get(pane);
            match self.panes.get_mut(pane) {
                Some(facts) if facts.places == places => self.agent(*pane, agent, moment),
                Some(facts) => {
                    facts.places = places;
                    self.agent(*pane, agent, moment);
                    self.judge(About::Pane(*pane), moment);
                }
                None => {
                    self.panes.insert(*pane, PaneFacts::new(places));
                    self.agent(*pane, agent, moment);
                }
            }
        }
        for active in self.active.values_mut() {
            if let AlertAbout::Pane(pane, places) = &mut active.about
                && let Some(facts) = self.panes.get(pane)
            {
                *places = Arc::clone(&facts.places);
            }
        }
    }

    /// What is known of the agent in a pane now.
    pub fn agent(&mut self, pane: PaneId, agent: Option<&Arc<Agent>>, moment: Moment) {
        let Some(facts) = self.panes.get_mut(&pane) else {
            return;
        };
        if facts.agent.as_ref() == agent {
            return;
        }
        let before = std::mem::replace(&mut facts.agent, agent.cloned());
        if before.is_none() {
            self.end_gone(pane);
        }
        self.judge(About::Pane(pane), moment);
    }

    /// An agent has gone from a pane, of which this was known.
    pub fn agent_ended(
        &mut self,
        (pane, places): (PaneId, Places),
        agent: &Arc<Agent>,
        moment: Moment,
    ) {
        let mut then = PaneFacts::new(places);
        then.agent = Some(Arc::clone(agent));
        let rules = Arc::clone(&self.rules);
        for (index, rule) in rules.iter().enumerate() {
            let Condition::Gone(statuses) = &rule.condition else {
                continue;
            };
            let is_meant = statuses.contains(&agent.status)
                && rule.is_for_agent(&agent.agent_type)
                && then.is_within(rule);
            if is_meant {
                self.happened((index, About::Pane(pane)), Some(&then), moment);
            }
        }
    }

    /// A pane printed something; so bad look those of its lines that look bad.
    pub fn printed(&mut self, pane: PaneId, noises: &[Noise], moment: Moment) {
        let Some(facts) = self.panes.get_mut(&pane) else {
            return;
        };
        for noise in noises {
            if facts.noises.len() == MOST_NOISES {
                facts.noises.pop_front();
            }
            facts.noises.push_back((moment.now, *noise));
        }
        let rules = Arc::clone(&self.rules);
        for (index, rule) in rules.iter().enumerate() {
            let by = (index, About::Pane(pane));
            match rule.condition {
                Condition::Silent(_) => self.broke_silence(by, moment),
                Condition::Output { .. } if !noises.is_empty() => {
                    let facts = self.panes.get(&pane);
                    if facts.is_some_and(|facts| facts.is_noisy(rule, moment.now)) {
                        self.happened(by, None, moment);
                    }
                }
                _ => {}
            }
        }
    }

    /// So much is used of processors and memory.
    pub fn used(&mut self, about: About, used: Used, moment: Moment) {
        match about {
            About::Pane(pane) => match self.panes.get_mut(&pane) {
                Some(facts) => facts.used = used,
                None => return,
            },
            About::Host | About::Muxwire => {
                self.machine.insert(about, used);
            }
        }
        self.judge(about, moment);
    }

    /// Whether a rule needs to know what panes print.
    #[must_use]
    pub fn needs_output(&self) -> bool {
        self.rules.iter().any(Rule::needs_output)
    }

    /// Whether a rule needs to know how bad what panes print looks.
    #[must_use]
    pub fn needs_noise(&self) -> bool {
        let mut rules = self.rules.iter();
        rules.any(|rule| matches!(rule.condition, Condition::Output { .. }))
    }

    /// Whether a rule needs to know what is used of processors and memory.
    #[must_use]
    pub fn needs_resources(&self) -> bool {
        self.rules.iter().any(Rule::needs_resources)
    }

    /// How many alerts are not over.
    #[must_use]
    pub fn active(&self) -> usize {
        self.active.len()
    }

    /// When there is something to be done, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let dues = self.met.iter().filter_map(|(by, met)| {
            let said = (!met.said).then(|| self.due(by, met));
            [said, met.until].into_iter().flatten().min()
        });
        dues.min()
    }

    /// Does what is due, and takes what is to be said.
    pub fn take(&mut self, moment: Moment) -> Vec<Notice> {
        let now = moment.now;
        let is_over = |met: &Met| met.until.is_some_and(|until| until <= now);
        let over = self.met.iter().filter(|(_, met)| is_over(met));
        for by in over.map(|(by, _)| *by).collect::<Vec<_>>() {
            self.end(by, ClearCause::Over);
        }
        let is_due = |by: &MetBy, met: &Met| !met.said && self.due(by, met) <= now;
        let due = self.met.iter().filter(|(by, met)| is_due(by, met));
        for by in due.map(|(by, _)| *by).collect::<Vec<_>>() {
            self.say(by, now);
        }
        self.quiet.retain(|_, until| *until > now);
        std::mem::take(&mut self.notices)
    }

    /// When a rule that is met is to be said.
    fn due(&self, (rule, _): &MetBy, met: &Met) -> Instant {
        let due = met.since.now + self.rules[*rule].dwell;
        if self.active.contains_key(&met.key) {
            return due;
        }
        self.quiet
            .get(&met.key)
            .map_or(due, |until| due.max(*until))
    }

    /// Looks which rules something meets.
    fn judge(&mut self, about: About, moment: Moment) {
        for rule in 0..self.rules.len() {
            self.judge_by((rule, about), moment);
        }
    }

    fn judge_by(&mut self, by: MetBy, moment: Moment) {
        let (index, about) = by;
        let rule = &self.rules[index];
        if rule.is_momentary() || rule.subject() != about.subject() {
            return;
        }
        let holds = match about {
            About::Pane(pane) => self.panes.get(&pane).is_some_and(|pane| pane.meets(rule)),
            About::Host | About::Muxwire => match rule.condition {
                Condition::Used { amount, .. } => {
                    let used = self.machine.get(&about);
                    used.is_some_and(|used| used.is_above(amount))
                }
                _ => false,
            },
        };
        match (holds, self.met.contains_key(&by)) {
            (true, false) => {
                let met = Met {
                    since: moment,
                    until: None,
                    key: self.key(by, None),
                    said: false,
                    then: None,
                };
                self.met.insert(by, met);
            }
            (false, true) => self.end(by, self.why_over(about, rule)),
            _ => {}
        }
    }

    /// Why a rule is met no longer.
    fn why_over(&self, about: About, rule: &Rule) -> ClearCause {
        let has_agent = match about {
            About::Pane(pane) => {
                let pane = self.panes.get(&pane);
                pane.is_some_and(|pane| pane.agent.is_some())
            }
            About::Host | About::Muxwire => true,
        };
        match has_agent || rule.needs_resources() {
            true => ClearCause::Over,
            false => ClearCause::Gone,
        }
    }

    /// A pane whose silence a rule measures printed something.
    fn broke_silence(&mut self, by: MetBy, moment: Moment) {
        match self.met.get_mut(&by) {
            Some(met) if !met.said => met.since = moment,
            Some(_) => {
                self.end(by, ClearCause::Over);
                self.judge_by(by, moment);
            }
            None => {}
        }
    }

    /// A rule is met by what happened at this moment, of which this was known if it isn't what is known now.
    fn happened(&mut self, by: MetBy, then: Option<&PaneFacts>, moment: Moment) {
        let rule = &self.rules[by.0];
        let until = Some(moment.now + rule.dwell + rule.hold);
        if let Some(met) = self.met.get_mut(&by) {
            met.until = until;
            return;
        }
        let now = match by.1 {
            About::Pane(pane) => self.panes.get(&pane),
            About::Host | About::Muxwire => None,
        };
        let then = then.or(now).map(|facts| Box::new(facts.without_noises()));
        let met = Met {
            since: moment,
            until,
            key: self.key(by, then.as_deref()),
            said: false,
            then,
        };
        self.met.insert(by, met);
    }

    fn key(&self, (index, about): MetBy, then: Option<&PaneFacts>) -> String {
        let rule = &self.rules[index];
        let About::Pane(pane) = about else {
            return format!("{}/{}", rule.id, about.subject().name());
        };
        let facts = then.or_else(|| self.panes.get(&pane));
        let agent = facts.and_then(|facts| facts.agent.as_deref());
        let place = facts.and_then(|facts| facts.places.first());
        match (rule.key, place, agent) {
            (KeyScope::Rule, ..) => rule.id.clone(),
            (KeyScope::Session, Some(place), _) => format!("{}/{}", rule.id, place.session),
            (KeyScope::Agent, _, Some(agent)) => format!("{}/{}", rule.id, agent.agent_type),
            _ => format!("{}/{pane}", rule.id),
        }
    }

    /// Says that a rule is met.
    fn say(&mut self, by: MetBy, now: Instant) {
        let Some(met) = self.met.get_mut(&by) else {
            return;
        };
        met.said = true;
        if let Some(active) = self.active.get_mut(&met.key) {
            active.by.insert(by);
            return;
        }
        let rule = &self.rules[by.0];
        let (key, since) = (met.key.clone(), met.since.at);
        let (about, facts) = match by.1 {
            About::Pane(pane) => {
                let Some(facts) = met.then.as_deref().or_else(|| self.panes.get(&pane)) else {
                    return;
                };
                let places = Arc::clone(&facts.places);
                (AlertAbout::Pane(pane, places), Some(facts))
            }
            About::Host | About::Muxwire => (AlertAbout::Machine, None),
        };
        self.raised += 1;
        let id = format!("{}-{}", self.prefix, self.raised);
        let used = self.machine.get(&by.1).copied().unwrap_or_default();
        let alert = Arc::new(alert(rule, (id, key.clone(), since), (facts, used)));
        self.quiet.insert(key.clone(), now + rule.cooldown);
        self.notices
            .push(Notice::Raised(about.clone(), Arc::clone(&alert)));
        let by = BTreeSet::from([by]);
        self.active.insert(key, Active { alert, about, by });
    }

    /// What lasts as long as a pane does is over with it.
    fn end_lasting(&mut self, pane: PaneId) {
        let rules = Arc::clone(&self.rules);
        for (index, rule) in rules.iter().enumerate() {
            if !rule.is_momentary() {
                self.end((index, About::Pane(pane)), ClearCause::Gone);
            }
        }
    }

    /// There is an agent in the pane again.
    fn end_gone(&mut self, pane: PaneId) {
        let rules = Arc::clone(&self.rules);
        for (index, rule) in rules.iter().enumerate() {
            if matches!(rule.condition, Condition::Gone(_)) {
                self.end((index, About::Pane(pane)), ClearCause::Over);
            }
        }
    }

    /// A rule is met no longer.
    fn end(&mut self, by: MetBy, cause: ClearCause) {
        let Some(met) = self.met.remove(&by) else {
            return;
        };
        let Some(active) = self.active.get_mut(&met.key) else {
            return;
        };
        active.by.remove(&by);
        if active.by.is_empty()
            && let Some(Active { alert, about, .. }) = self.active.remove(&met.key)
        {
            self.notices.push(Notice::Cleared(about, alert, cause));
        }
    }
}

/// An alert of a rule, as things stand.
fn alert(
    rule: &Rule,
    (id, key, since): (String, String, Timestamp),
    (facts, used): (Option<&PaneFacts>, Used),
) -> Alert {
    let title = facts.map_or_else(|| title(rule, None, used), |facts| facts.title(rule));
    let agent = facts.and_then(|facts| facts.agent.as_deref());
    Alert {
        id,
        rule: rule.id.clone(),
        severity: rule.severity,
        key,
        title,
        message: agent.and_then(|agent| agent.message.clone()),
        agent_type: agent.map(|agent| agent.agent_type.clone()),
        status: agent.map(|agent| agent.status),
        reason: agent.and_then(|agent| agent.reason.clone()),
        since,
    }
}
