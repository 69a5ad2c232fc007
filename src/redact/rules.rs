//! What is a secret: regular expressions, each compiled into two automata.
//!
//! A rule is a *lead*, which stays readable (`password=`), and the *secret* behind it, which is masked. The leads of all
//! rules are one automaton that reads every byte; a secret's own is started where its lead ends, so text without any
//! lead costs one table lookup a byte, and nothing is held back before a lead is complete.

use std::collections::HashSet;
use std::fmt;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

use super::defaults::DEFAULTS;

/// The name of the group with which the secret begins.
const GROUP: &str = "secret";

/// The most rules, and the most bytes of one.
const MOST_RULES: usize = 256;
const LONGEST_RULE: usize = 4096;

/// The most memory of one automaton, and while it is built, in bytes.
const AUTOMATON: usize = 4 << 20;
const BUILDING: usize = 32 << 20;

/// The automaton of regular expressions over bytes.
type Dfa = dense::DFA<Vec<u32>>;

/// Compiled rules. They are read by all panes.
pub struct Rules {
    /// All leads in one, from any place on.
    leads: Option<Dfa>,
    /// The rule of each pattern of `leads`.
    of_lead: Vec<usize>,
    secrets: Vec<Secret>,
    /// The rules that have no lead: they may begin anywhere.
    anywhere: Vec<usize>,
    /// The bytes with which one of these begins.
    begins: [bool; 256],
}

/// The part of a rule that is masked.
struct Secret {
    dfa: Dfa,
    has_lead: bool,
    /// The bytes with which it can begin.
    begins: [bool; 256],
    /// The states behind an end from which nothing more can come.
    over: Vec<StateID>,
}

/// A rule that can't be used: which, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It is no regular expression.
    #[error(
        "the rule {rule:?}: at character {at}: {reason}; correct it, and put a backslash before what shall stand for itself"
    )]
    Syntax {
        /// The rule.
        rule: String,
        /// Where, counted from 1.
        at: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The group is within something.
    #[error(
        "the rule {0:?}: the group (?<secret>...) stands within another group, a choice or a repetition; it must stand by \
         itself: all before it stays readable, all from it on is masked"
    )]
    Nested(String),
    /// It would mask nothing.
    #[error(
        "the rule {0:?} has nothing to mask: what is to be masked must match at least one byte"
    )]
    Empty(String),
    /// It has too much to it.
    #[error(
        "the rule {rule:?} is too large ({reason}): use shorter repetitions such as {{16,}} instead of {{16,4000}}, and fewer choices"
    )]
    Large {
        /// The rule.
        rule: String,
        /// What it has too much of.
        reason: String,
    },
    /// There are too many.
    #[error("there are {0} rules, and no more than {MOST_RULES} are allowed: join some with |")]
    Many(usize),
}

impl Rules {
    /// Compiles rules, and besides them those for the usual forms of keys if `defaults` says so.
    ///
    /// A rule is a regular expression over bytes: classes such as `\w` are ASCII unless `(?u)` says otherwise, `^` and `$`
    /// are the ends of a line. From its group `(?<secret>...)` on, what it matches is masked; without one, all of it.
    ///
    /// # Errors
    /// The first rule that can't be used.
    pub fn new<S: AsRef<str>>(rules: &[S], defaults: bool) -> Result<Self, RuleError> {
        if rules.len() > MOST_RULES {
            return Err(RuleError::Many(rules.len()));
        }
        let usual = DEFAULTS.iter().filter(|_| defaults);
        let usual = usual.flat_map(|one| one.rules).copied();
        let all = usual.chain(rules.iter().map(AsRef::as_ref));
        let mut leads = Vec::new();
        let mut of_lead = Vec::new();
        let mut secrets = Vec::new();
        let mut last = "";
        for rule in all {
            let (lead, secret) = split(rule, parse(rule)?)?;
            let has_lead = lead.is_some();
            if let Some(lead) = lead {
                leads.push(lead);
                of_lead.push(secrets.len());
            }
            secrets.push(Secret::new(rule, &secret, has_lead)?);
            last = rule;
        }
        let anywhere = |secret: &Secret| !secret.has_lead;
        let mut begins = [false; 256];
        for secret in secrets.iter().filter(|secret| anywhere(secret)) {
            for (all, one) in begins.iter_mut().zip(secret.begins) {
                *all |= one;
            }
        }
        let has_leads = !leads.is_empty();
        let leads = has_leads.then(|| dfa(last, &leads, StartKind::Unanchored));
        Ok(Self {
            leads: leads.transpose()?,
            of_lead,
            anywhere: (0..secrets.len())
                .filter(|at| anywhere(&secrets[*at]))
                .collect(),
            secrets,
            begins,
        })
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.secrets.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The memory that the automata take, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let secrets = self.secrets.iter().map(|secret| secret.dfa.memory_usage());
        let leads = self.leads.as_ref().map_or(0, |dfa| dfa.memory_usage());
        leads + secrets.sum::<usize>()
    }

    pub(super) fn leads(&self) -> Option<&Dfa> {
        self.leads.as_ref()
    }

    /// The state of [`Self::leads`] at the beginning of a text.
    pub(super) fn first_lead(&self) -> Option<StateID> {
        let from = start::Config::new().anchored(Anchored::No);
        self.leads.as_ref()?.start_state(&from).ok()
    }

    /// The rules whose leads have ended before the byte that led to this state.
    pub(super) fn led(&self, state: StateID) -> impl Iterator<Item = usize> {
        let dfa = self.leads.as_ref();
        let dfa = dfa.filter(|dfa| dfa.is_special_state(state) && dfa.is_match_state(state));
        let patterns = dfa.into_iter().flat_map(move |dfa| {
            let count = dfa.match_len(state);
            (0..count).map(move |index| dfa.match_pattern(state, index).as_usize())
        });
        patterns.map(|pattern| self.of_lead[pattern])
    }

    /// The rules without a lead.
    pub(super) fn anywhere(&self) -> &[usize] {
        &self.anywhere
    }

    /// Whether a rule without a lead can begin with this byte.
    pub(super) fn may_begin(&self, byte: u8) -> bool {
        self.begins[usize::from(byte)]
    }

    pub(super) fn has_lead(&self, rule: usize) -> bool {
        self.secrets[rule].has_lead
    }

    pub(super) fn secret(&self, rule: usize) -> &Dfa {
        &self.secrets[rule].dfa
    }

    /// Whether nothing can follow in this state.
    pub(super) fn is_over(&self, rule: usize, state: StateID) -> bool {
        let secret = &self.secrets[rule];
        secret.dfa.is_dead_state(state) || secret.over.contains(&state)
    }

    /// The state in which a secret is whose first byte this is; nothing if it can't begin so.
    pub(super) fn begin(&self, rule: usize, previous: Option<u8>, byte: u8) -> Option<StateID> {
        let secret = &self.secrets[rule];
        if !secret.begins[usize::from(byte)] {
            return None;
        }
        let dfa = &secret.dfa;
        let from = start::Config::new().anchored(Anchored::Yes);
        let first = dfa.start_state(&from.look_behind(previous)).ok()?;
        let state = dfa.next_state(first, byte);
        (!dfa.is_dead_state(state)).then_some(state)
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("rules", &self.len())
            .finish_non_exhaustive()
    }
}

impl Secret {
    fn new(rule: &str, hir: &Hir, has_lead: bool) -> Result<Self, RuleError> {
        let dfa = dfa(rule, std::slice::from_ref(hir), StartKind::Anchored)?;
        let mut begins = [false; 256];
        let mut firsts = Vec::new();
        // What stands before it may decide, so each of these counts: nothing, a line's end, a letter, something else.
        for previous in [None, Some(b'\n'), Some(b'\r'), Some(b'a'), Some(b' ')] {
            let from = start::Config::new().anchored(Anchored::Yes);
            let Ok(first) = dfa.start_state(&from.look_behind(previous)) else {
                continue;
            };
            for byte in 0..=u8::MAX {
                begins[usize::from(byte)] |= !dfa.is_dead_state(dfa.next_state(first, byte));
            }
            firsts.push(first);
        }
        Ok(Self {
            over: over(&dfa, firsts),
            dfa,
            has_lead,
            begins,
        })
    }
}

/// The states with a match from which all ways lead nowhere, of those that can be reached.
fn over(dfa: &Dfa, mut reached: Vec<StateID>) -> Vec<StateID> {
    let mut known: HashSet<StateID> = reached.iter().copied().collect();
    let mut over = Vec::new();
    while let Some(state) = reached.pop() {
        let mut goes_on = !dfa.is_dead_state(dfa.next_eoi_state(state));
        for byte in dfa.byte_classes().representatives(0..=u8::MAX) {
            let next = byte
                .as_u8()
                .map_or(state, |byte| dfa.next_state(state, byte));
            goes_on |= !dfa.is_dead_state(next);
            if known.insert(next) {
                reached.push(next);
            }
        }
        if !goes_on && dfa.is_match_state(state) {
            over.push(state);
        }
    }
    over
}

fn parse(rule: &str) -> Result<Hir, RuleError> {
    if rule.len() > LONGEST_RULE {
        return Err(RuleError::Large {
            rule: rule.chars().take(40).collect(),
            reason: format!("it has more than {LONGEST_RULE} bytes"),
        });
    }
    let mut parser = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .multi_line(true)
        .crlf(true)
        .nest_limit(64)
        .build();
    parser.parse(rule).map_err(|error| {
        let (at, reason) = match &error {
            regex_syntax::Error::Parse(error) => {
                (error.span().start.column, error.kind().to_string())
            }
            regex_syntax::Error::Translate(error) => {
                (error.span().start.column, error.kind().to_string())
            }
            other => (1, other.to_string()),
        };
        RuleError::Syntax {
            rule: rule.to_owned(),
            at,
            reason,
        }
    })
}

/// The lead of a rule, if it has one, and the secret.
fn split(rule: &str, hir: Hir) -> Result<(Option<Hir>, Hir), RuleError> {
    let parts = match hir.into_kind() {
        HirKind::Concat(parts) => parts,
        HirKind::Capture(capture) => vec![Hir::capture(capture)],
        kind => vec![whole(kind)],
    };
    let marked = parts.iter().position(is_marked);
    let nested = |(at, part): (usize, &Hir)| match part.kind() {
        HirKind::Capture(capture) if marked == Some(at) => holds_mark(&capture.sub),
        _ => holds_mark(part),
    };
    if parts.iter().enumerate().any(nested) {
        return Err(RuleError::Nested(rule.to_owned()));
    }
    let mut lead = parts;
    let secret = Hir::concat(lead.split_off(marked.unwrap_or(0)));
    if secret.properties().maximum_len() == Some(0) {
        return Err(RuleError::Empty(rule.to_owned()));
    }
    let lead = Some(Hir::concat(lead)).filter(|lead| lead.properties().maximum_len() != Some(0));
    Ok((lead, secret))
}

fn whole(kind: HirKind) -> Hir {
    match kind {
        HirKind::Empty | HirKind::Concat(_) => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Repetition(repetition) => Hir::repetition(repetition),
        HirKind::Capture(capture) => Hir::capture(capture),
        HirKind::Alternation(choices) => Hir::alternation(choices),
    }
}

fn is_marked(hir: &Hir) -> bool {
    matches!(hir.kind(), HirKind::Capture(capture) if capture.name.as_deref() == Some(GROUP))
}

fn holds_mark(hir: &Hir) -> bool {
    is_marked(hir) || hir.kind().subs().iter().any(holds_mark)
}

/// The automaton that knows all ends of all matches.
fn dfa(rule: &str, patterns: &[Hir], start: StartKind) -> Result<Dfa, RuleError> {
    let large = |error: &dyn std::error::Error| RuleError::Large {
        rule: rule.to_owned(),
        reason: error.to_string(),
    };
    let config = thompson::Config::new()
        .utf8(false)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(AUTOMATON));
    let nfa = NFA::compiler()
        .configure(config)
        .build_many_from_hir(patterns);
    let config = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(start)
        .accelerate(false)
        .dfa_size_limit(Some(AUTOMATON))
        .determinize_size_limit(Some(BUILDING));
    let nfa = nfa.map_err(|error| large(&error))?;
    let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa);
    dfa.map_err(|error| large(&error))
}
