//! A reader of ABNF (as much of RFC 5234 and 7405 as `grammar/` uses), and a generator of random sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The rules of a grammar by name.
#[derive(Debug)]
pub struct Grammar {
    pub rules: BTreeMap<String, Rule>,
    core: BTreeMap<&'static str, Element>,
}

/// A rule: its text with single blanks and no comments, and what it means.
#[derive(Debug)]
pub struct Rule {
    pub text: String,
    meaning: Element,
}

#[derive(Debug, Clone)]
enum Element {
    Rule(String),
    /// The bytes, and whether their case counts.
    Text(Vec<u8>, bool),
    Range(u8, u8),
    Sequence(Vec<Element>),
    Alternation(Vec<Element>),
    Repeat(usize, Option<usize>, Box<Element>),
}

/// The rules that RFC 5234 itself defines.
const CORE: [(&str, &str); 3] = [
    ("ALPHA", "%x41-5A / %x61-7A"),
    ("DIGIT", "%x30-39"),
    ("SP", "%x20"),
];

impl Grammar {
    /// Reads files below `grammar/` into one grammar.
    pub fn read(files: &[&str]) -> Self {
        let core = CORE
            .into_iter()
            .map(|(name, elements)| (name, Reader::read(elements)))
            .collect();
        let mut grammar = Self {
            rules: BTreeMap::new(),
            core,
        };
        for file in files {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("grammar")
                .join(file);
            let text = fs::read_to_string(path).unwrap();
            let lines = text
                .lines()
                .map(without_comment)
                .filter(|line| !line.trim().is_empty());
            let mut rules: Vec<String> = Vec::new();
            for line in lines {
                match rules.last_mut().filter(|_| line.starts_with(' ')) {
                    Some(rule) => *rule += line,
                    None => rules.push(line.to_owned()),
                }
            }
            for rule in rules {
                grammar.define(&rule);
            }
        }
        grammar
    }

    fn define(&mut self, rule: &str) {
        let text = rule.split_whitespace().collect::<Vec<_>>().join(" ");
        let (name, elements) = text
            .split_once(" = ")
            .unwrap_or_else(|| panic!("no rule: {text}"));
        let meaning = Reader::read(elements);
        let old = self.rules.insert(
            name.to_owned(),
            Rule {
                text: text.clone(),
                meaning,
            },
        );
        assert!(old.is_none(), "{name} is defined twice");
    }

    /// The names that rules use.
    pub fn used(&self) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for rule in self.rules.values() {
            rule.meaning.collect_names(&mut used);
        }
        used.retain(|name| !self.core.contains_key(name.as_str()));
        used
    }
}

/// A line up to the semicolon that stands outside of strings.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b';' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

impl Element {
    fn collect_names(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Rule(name) => drop(names.insert(name.clone())),
            Self::Text(..) | Self::Range(..) => {}
            Self::Sequence(all) | Self::Alternation(all) => {
                all.iter().for_each(|one| one.collect_names(names))
            }
            Self::Repeat(_, _, one) => one.collect_names(names),
        }
    }
}

/// A recursive-descent reader of a rule's elements.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn read(elements: &'a str) -> Element {
        let mut reader = Reader { rest: elements };
        let element = reader.alternation();
        assert_eq!(reader.rest, "", "not ABNF as it is known here");
        element
    }

    fn take(&mut self, wanted: &str) -> bool {
        self.rest = self.rest.trim_start();
        let found = self.rest.strip_prefix(wanted);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self
            .rest
            .find(|next| !wanted(next))
            .unwrap_or(self.rest.len());
        let (found, rest) = self.rest.split_at(end);
        self.rest = rest;
        found
    }

    fn alternation(&mut self) -> Element {
        let mut all = vec![self.sequence()];
        while self.take("/") {
            all.push(self.sequence());
        }
        if all.len() == 1 {
            all.remove(0)
        } else {
            Element::Alternation(all)
        }
    }

    fn sequence(&mut self) -> Element {
        let mut all = Vec::new();
        while !self.rest.trim_start().is_empty()
            && !self.rest.trim_start().starts_with(['/', ')', ']'])
        {
            all.push(self.repetition());
        }
        Element::Sequence(all)
    }

    fn repetition(&mut self) -> Element {
        self.rest = self.rest.trim_start();
        let least = self.take_while(|next| next.is_ascii_digit());
        let star = self.take("*");
        let most = if star {
            self.take_while(|next| next.is_ascii_digit())
        } else {
            least
        };
        let number = |text: &str| text.parse::<usize>().ok();
        if !star && least.is_empty() {
            return self.element();
        }
        Element::Repeat(
            number(least).unwrap_or(0),
            number(most),
            Box::new(self.element()),
        )
    }

    fn element(&mut self) -> Element {
        if self.take("(") {
            let inner = self.alternation();
            assert!(self.take(")"), "unbalanced at {:?}", self.rest);
            inner
        } else if self.take("[") {
            let inner = self.alternation();
            assert!(self.take("]"), "unbalanced at {:?}", self.rest);
            Element::Repeat(0, Some(1), Box::new(inner))
        } else if self.take("%s\"") {
            self.text(true)
        } else if self.take("\"") {
            self.text(false)
        } else if self.take("%x") {
            self.range()
        } else {
            Element::Rule(self.name())
        }
    }

    fn text(&mut self, case_counts: bool) -> Element {
        let text = self.take_while(|next| next != '"');
        assert!(self.take("\""), "a string does not end");
        Element::Text(text.as_bytes().to_vec(), case_counts)
    }

    fn range(&mut self) -> Element {
        let hex = |text: &str| u8::from_str_radix(text, 16).unwrap();
        let first = hex(self.take_while(|next| next.is_ascii_hexdigit()));
        let last = if self.rest.starts_with('-') {
            self.rest = &self.rest[1..];
            hex(self.take_while(|next| next.is_ascii_hexdigit()))
        } else {
            first
        };
        Element::Range(first, last)
    }

    fn name(&mut self) -> String {
        let name = self.take_while(|next| next.is_ascii_alphanumeric() || next == '-');
        assert!(
            !name.is_empty(),
            "not ABNF as it is known here: {:?}",
            self.rest
        );
        name.to_owned()
    }
}

/// A sentence as it was derived.
#[derive(Debug, Clone)]
pub struct Node {
    pub rule: String,
    pub parts: Vec<Part>,
}

/// A piece of a sentence.
#[derive(Debug, Clone)]
pub enum Part {
    Bytes(Vec<u8>),
    Node(Node),
}

impl Node {
    /// The whole sentence.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in &self.parts {
            match part {
                Part::Bytes(part) => bytes.extend_from_slice(part),
                Part::Node(node) => bytes.extend(node.bytes()),
            }
        }
        bytes
    }

    /// The parts that were derived from this rule.
    pub fn children(&self, rule: &str) -> impl Iterator<Item = &Self> {
        self.parts.iter().filter_map(move |part| match part {
            Part::Node(node) if node.rule == rule => Some(node),
            _ => None,
        })
    }

    /// The first part that was derived from this rule.
    pub fn child(&self, rule: &str) -> Option<&Self> {
        let found = self
            .parts
            .iter()
            .find(|part| matches!(part, Part::Node(node) if node.rule == rule));
        found.and_then(|part| {
            if let Part::Node(node) = part {
                Some(node)
            } else {
                None
            }
        })
    }
}

/// How deep rules are nested before the first alternative is always taken.
const DEEP: usize = 12;

/// Derives random sentences, the same ones for the same seed.
pub struct Generator<'a> {
    grammar: &'a Grammar,
    state: u64,
    /// The rules that were used.
    pub used: BTreeSet<String>,
}

impl<'a> Generator<'a> {
    pub fn new(grammar: &'a Grammar, seed: u64) -> Self {
        Self {
            grammar,
            state: seed,
            used: BTreeSet::new(),
        }
    }

    /// A sentence of this rule.
    pub fn sentence(&mut self, rule: &str) -> Node {
        self.node(rule, 0)
    }

    fn node(&mut self, rule: &str, depth: usize) -> Node {
        let grammar = self.grammar;
        if !self.used.contains(rule) {
            self.used.insert(rule.to_owned());
        }
        let mut node = Node {
            rule: rule.to_owned(),
            parts: Vec::new(),
        };
        self.derive(&grammar.rules[rule].meaning, &mut node, depth);
        node
    }

    fn derive(&mut self, element: &Element, node: &mut Node, depth: usize) {
        match element {
            Element::Rule(name) => match self.grammar.core.get(name.as_str()) {
                Some(core) => self.derive(core, node, depth),
                None => {
                    let child = self.node(name, depth + 1);
                    node.parts.push(Part::Node(child));
                }
            },
            Element::Text(text, true) => node.parts.push(Part::Bytes(text.clone())),
            Element::Text(text, false) => {
                let either = |byte: &u8| {
                    if self.below(2) == 0 {
                        byte.to_ascii_lowercase()
                    } else {
                        byte.to_ascii_uppercase()
                    }
                };
                node.parts
                    .push(Part::Bytes(text.iter().map(either).collect()));
            }
            Element::Range(first, last) => {
                let offset = self.below(usize::from(last - first) + 1);
                node.parts
                    .push(Part::Bytes(vec![first + u8::try_from(offset).unwrap()]));
            }
            Element::Sequence(all) => all.iter().for_each(|one| self.derive(one, node, depth)),
            Element::Alternation(all) => {
                let chosen = if depth > DEEP {
                    0
                } else {
                    self.below(all.len())
                };
                self.derive(&all[chosen], node, depth);
            }
            Element::Repeat(least, most, one) => {
                // Mostly short, sometimes long.
                let usual = if self.below(8) == 0 { 40 } else { 4 };
                let most = most.unwrap_or(least + usual).min(least + usual);
                let count = if depth > DEEP {
                    *least
                } else {
                    least + self.below(most - least + 1)
                };
                (0..count).for_each(|_| self.derive(one, node, depth));
            }
        }
    }

    /// A number below `bound` (splitmix64).
    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}
