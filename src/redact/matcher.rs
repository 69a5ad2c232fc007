//! Which secrets have begun in a text, and how far they reach: one byte after the other.
//!
//! A secret counts from each place at which its lead ends, and to every end that its rule allows, so what is masked is all
//! that any reading of the rules would mask; it depends on the text alone and not on how it was cut. The automata report
//! an end one byte late, because a rule may look at what stands behind it.

use std::ops::Range;

use regex_automata::dfa::Automaton as _;
use regex_automata::util::primitives::StateID;

use super::rules::Rules;

/// What a rule without a lead shows at most of a secret that is let go before it is whole.
const GLIMPSE: u64 = 3;

/// So few secrets that it does not pay to see which of them go the same way.
const FEW: usize = 8;

/// Where the matching of one text has come to.
#[derive(Debug, Clone)]
pub(super) struct Matcher {
    lead: StateID,
    previous: Option<u8>,
    /// The two as they were before the last byte.
    before: (StateID, Option<u8>),
    /// As if the text had begun where it may have: as long as that makes a difference.
    fresh: Option<StateID>,
    live: Vec<Candidate>,
    /// How many there may be until those that go the same way are joined.
    join_at: usize,
}

/// A secret that has begun.
#[derive(Debug, Clone)]
struct Candidate {
    rule: usize,
    state: StateID,
    /// The place of its first byte.
    start: u64,
    /// What lies before this place is masked, or was let go.
    decided: u64,
}

impl Matcher {
    /// At the beginning of a text.
    pub(super) fn new(rules: &Rules) -> Self {
        let lead = rules.first_lead().unwrap_or(StateID::ZERO);
        Self {
            lead,
            previous: None,
            before: (lead, None),
            fresh: None,
            live: Vec::new(),
            join_at: FEW,
        }
    }

    /// Reads the end of the text anew, which is this now, in runs of bytes whose places are neighbours. Secrets that have
    /// begun before `first` go on; what lies before `at` is decided.
    pub(super) fn again<'a>(
        &mut self,
        rules: &Rules,
        runs: impl Iterator<Item = (&'a [u8], u64)>,
        first: u64,
        at: u64,
    ) {
        let mut older = std::mem::replace(self, Self::new(rules)).live;
        older.retain(|one| one.start < first);
        for (run, place) in runs {
            let mut index = 0;
            while index < run.len() {
                if self.is_quiet() {
                    index += self.pass_over(rules, &run[index..]);
                }
                if let Some(byte) = run.get(index) {
                    self.step(rules, *byte, place + index as u64, &mut |_| {});
                    index += 1;
                }
            }
        }
        self.live.extend(older);
        for one in &mut self.live {
            one.decided = one.decided.max(at);
        }
    }

    /// What comes next may go on with the text, or be another one: it is read as both.
    pub(super) fn part(&mut self, rules: &Rules) {
        self.fresh = rules.first_lead().or(Some(StateID::ZERO));
    }

    /// Whether no secret has begun.
    pub(super) fn is_quiet(&self) -> bool {
        self.live.is_empty()
    }

    /// The byte that came last.
    pub(super) fn previous(&self) -> Option<u8> {
        self.previous
    }

    /// Takes the last byte back, as long as no secret has begun.
    pub(super) fn undo(&mut self) {
        (self.lead, self.previous) = self.before;
    }

    /// The first place at which it is not decided whether it is in a secret.
    pub(super) fn undecided(&self) -> Option<u64> {
        self.live.iter().map(|one| one.decided).min()
    }

    /// Reads bytes with which no secret begins, while none has begun; returns how many these are.
    pub(super) fn pass_over(&mut self, rules: &Rules, text: &[u8]) -> usize {
        if self.fresh.is_some() {
            return 0;
        }
        let Some(leads) = rules.leads() else {
            let count = text.iter().position(|byte| rules.may_begin(*byte));
            let count = count.unwrap_or(text.len());
            let last = text[..count].last();
            self.previous = last.copied().or(self.previous);
            self.before = (self.lead, self.previous);
            return count;
        };
        let anywhere = !rules.anywhere().is_empty();
        let (mut state, mut before) = (self.lead, self.before.0);
        let mut count: usize = 0;
        for byte in text {
            let next = leads.next_state(state, *byte);
            if leads.is_special_state(next) || anywhere && rules.may_begin(*byte) {
                break;
            }
            (before, state) = (state, next);
            count += 1;
        }
        if count > 0 {
            let earlier = count.checked_sub(2).map(|at| text[at]);
            self.before = (before, earlier.or(self.previous));
            (self.lead, self.previous) = (state, Some(text[count - 1]));
        }
        count
    }

    /// Reads a byte at its place; `mask` gets what turns out to be secret.
    pub(super) fn step(
        &mut self,
        rules: &Rules,
        byte: u8,
        at: u64,
        mask: &mut impl FnMut(Range<u64>),
    ) {
        self.live.retain_mut(|one| one.go_on(rules, byte, at, mask));
        self.before = (self.lead, self.previous);
        let previous = self.previous;
        if let Some(leads) = rules.leads() {
            self.lead = leads.next_state(self.lead, byte);
            for rule in rules.led(self.lead) {
                self.begin(rules, rule, (previous, byte), at);
            }
        }
        if rules.may_begin(byte) {
            for rule in rules.anywhere() {
                self.begin(rules, *rule, (previous, byte), at);
            }
        }
        if let Some(fresh) = self.fresh.take() {
            self.step_fresh(rules, fresh, byte, at);
        }
        self.previous = Some(byte);
        if self.live.len() > self.join_at {
            self.join();
        }
    }

    fn step_fresh(&mut self, rules: &Rules, fresh: StateID, byte: u8, at: u64) {
        if rules.first_lead().is_none_or(|first| first == fresh) && rules.may_begin(byte) {
            for rule in rules.anywhere() {
                self.begin(rules, *rule, (None, byte), at);
            }
        }
        let Some(leads) = rules.leads() else { return };
        let fresh = leads.next_state(fresh, byte);
        for rule in rules.led(fresh) {
            self.begin(rules, rule, (None, byte), at);
        }
        self.fresh = (fresh != self.lead).then_some(fresh);
    }

    /// Of those that have come to the same state, the one that began first covers the others.
    fn join(&mut self) {
        let way = |one: &Candidate| (one.rule, one.state);
        self.live.sort_by_key(|one| (way(one), one.start));
        self.live.dedup_by_key(|one| way(one));
        self.join_at = FEW.max(2 * self.live.len());
    }

    /// Lets go what has begun: it is masked as far as it goes, and goes on.
    pub(super) fn let_go(&mut self, rules: &Rules, to: u64, mask: &mut impl FnMut(Range<u64>)) {
        for one in &mut self.live {
            let is_sure = rules.has_lead(one.rule) || to.saturating_sub(one.start) > GLIMPSE;
            if one.decided < to && (is_sure || one.ends_here(rules)) {
                mask(one.decided..to);
            }
            one.decided = one.decided.max(to);
        }
    }

    fn begin(&mut self, rules: &Rules, rule: usize, (previous, byte): (Option<u8>, u8), at: u64) {
        let Some(state) = rules.begin(rule, previous, byte) else {
            return;
        };
        self.live.push(Candidate {
            rule,
            state,
            start: at,
            decided: at,
        });
    }
}

impl Candidate {
    /// Returns whether it may still grow.
    fn go_on(
        &mut self,
        rules: &Rules,
        byte: u8,
        at: u64,
        mask: &mut impl FnMut(Range<u64>),
    ) -> bool {
        let dfa = rules.secret(self.rule);
        self.state = dfa.next_state(self.state, byte);
        if !dfa.is_special_state(self.state) {
            return true;
        }
        if dfa.is_match_state(self.state) {
            if self.decided < at {
                mask(self.decided..at);
            }
            self.decided = self.decided.max(at);
        }
        !rules.is_over(self.rule, self.state)
    }

    /// Whether it is a whole secret if nothing follows.
    fn ends_here(&self, rules: &Rules) -> bool {
        let dfa = rules.secret(self.rule);
        dfa.is_match_state(dfa.next_eoi_state(self.state))
    }
}
