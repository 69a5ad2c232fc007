//! Reads Rust source as the checks need it: tokens with their lines, the paths among them, functions, and what is a test.

use std::str::FromStr as _;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One source file.
pub struct Source {
    /// Its path in the repository.
    pub path: String,
    /// Its text.
    pub text: String,
    tokens: Vec<Token>,
}

/// A path, such as `crate::hub::Hub`, with `crate`, `super` and `self` resolved to names from the crate's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePath {
    /// Its segments; the first is `crate` if it is the crate's own.
    pub segments: Vec<String>,
    /// Where it begins.
    pub line: usize,
    /// Whether it is used by tests only.
    pub in_tests: bool,
}

/// A function with a body.
pub struct Function {
    pub name: String,
    pub lines: usize,
    /// Whether it is a test or helps tests.
    pub in_tests: bool,
    /// Whether it is a test itself.
    pub is_test: bool,
}

struct Token {
    text: String,
    line: usize,
    in_tests: bool,
    is_literal: bool,
}

impl Source {
    /// Reads a file's text.
    ///
    /// # Errors
    /// It is not Rust.
    pub fn read(path: &str, text: &str) -> Result<Self, String> {
        let stream =
            TokenStream::from_str(text).map_err(|error| format!("{path}: not Rust: {error}"))?;
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        let all_tests = path.ends_with("_tests.rs") || path.ends_with("/tests.rs");
        mark_tests(&mut tokens, all_tests);
        Ok(Self {
            path: path.to_owned(),
            text: text.to_owned(),
            tokens,
        })
    }

    /// The module that the file is: `src/hub/log.rs` is `hub::log`, `src/hub/mod.rs` is `hub`.
    pub fn module(&self) -> Vec<String> {
        let inner = self.path.split_once('/').map_or("", |(_, rest)| rest);
        let name = inner.trim_end_matches(".rs");
        let segments = name.split('/').map(str::to_owned);
        segments
            .filter(|segment| !["mod", "lib", "main"].contains(&segment.as_str()))
            .collect()
    }

    /// The top module that the file belongs to; `src/lib.rs` and `src/main.rs` are modules of their own here.
    pub fn top(&self) -> String {
        let inner = self.path.split_once('/').map_or("", |(_, rest)| rest);
        let top = inner.split('/').next().unwrap_or_default();
        top.trim_end_matches(".rs").to_owned()
    }

    /// How many lines there are before the tests.
    pub fn lines_before_tests(&self) -> usize {
        let tests = self.tokens.iter().rev().take_while(|token| token.in_tests);
        tests
            .last()
            .map_or_else(|| self.text.lines().count(), |token| token.line - 1)
    }

    /// Every function that has a body.
    pub fn functions(&self) -> Vec<Function> {
        let mut functions = Vec::new();
        for (at, pair) in self.tokens.windows(2).enumerate() {
            let [keyword, name] = pair else { continue };
            if keyword.text != "fn" || !is_identifier(&name.text) {
                continue;
            }
            let end = index_of_end(&self.tokens, at).map(|end| &self.tokens[end]);
            if let Some(end) = end.filter(|end| end.text == "}") {
                functions.push(Function {
                    name: name.text.clone(),
                    lines: end.line - keyword.line + 1,
                    in_tests: keyword.in_tests,
                    is_test: is_test(&self.tokens[..at]),
                });
            }
        }
        functions
    }

    /// Where a keyword or a name stands alone, outside of text and comments.
    pub fn words(&self, word: &str) -> Vec<(usize, bool)> {
        let same = self
            .tokens
            .iter()
            .filter(|token| token.text == word && !token.is_literal);
        same.map(|token| (token.line, token.in_tests)).collect()
    }

    /// Where these tokens follow each other.
    pub fn sequences(&self, wanted: &[&str]) -> Vec<(usize, bool)> {
        let fits = |window: &&[Token]| {
            window
                .iter()
                .map(|token| token.text.as_str())
                .eq(wanted.iter().copied())
        };
        let found = self.tokens.windows(wanted.len()).filter(fits);
        found
            .map(|window| (window[0].line, window[0].in_tests))
            .collect()
    }

    /// Every path of two or more segments, `use` trees spread out.
    pub fn paths(&self) -> Vec<NamePath> {
        let mut paths = Vec::new();
        let mut scopes = Scopes::new(self.module());
        let mut at = 0;
        while at < self.tokens.len() {
            scopes.enter(&self.tokens, at);
            if begins_path(&self.tokens, at) {
                let mut found = Vec::new();
                let end = spread(&self.tokens, at, &mut Vec::new(), &mut found);
                let (line, in_tests) = (self.tokens[at].line, self.tokens[at].in_tests);
                paths.extend(found.into_iter().map(|segments| NamePath {
                    segments: scopes.resolve(segments),
                    line,
                    in_tests,
                }));
                at = end.max(at + 1);
            } else {
                at += 1;
            }
        }
        paths
    }
}

impl Token {
    fn new(text: impl Into<String>, line: usize) -> Self {
        Self {
            text: text.into(),
            line,
            in_tests: false,
            is_literal: false,
        }
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let end = group.span_close().end().line;
                tokens.push(Token::new(open, line));
                flatten(group.stream(), tokens);
                tokens.push(Token::new(close, end));
            }
            TokenTree::Literal(literal) => tokens.push(Token {
                is_literal: true,
                ..Token::new(literal.to_string(), line)
            }),
            other => tokens.push(Token::new(other.to_string(), line)),
        }
    }
}

/// Marks every item under `#[cfg(test)]`, or all of a file that only tests include.
fn mark_tests(tokens: &mut [Token], all: bool) {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut at = 0;
    while at < tokens.len() {
        let is_attribute = tokens[at..]
            .iter()
            .take(ATTRIBUTE.len())
            .map(|token| token.text.as_str())
            .eq(ATTRIBUTE);
        let end = if all {
            tokens.len()
        } else if is_attribute {
            index_of_end(tokens, at + ATTRIBUTE.len()).map_or(tokens.len(), |end| end + 1)
        } else {
            at += 1;
            continue;
        };
        tokens[at..end]
            .iter_mut()
            .for_each(|token| token.in_tests = true);
        at = end;
    }
}

/// The index of the token that ends the item that begins here: its `;`, or the end of its braces.
fn index_of_end(tokens: &[Token], from: usize) -> Option<usize> {
    let mut open: Vec<&str> = Vec::new();
    for (offset, token) in tokens[from..].iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => open.push(&token.text),
            ")" | "]" => drop(open.pop()),
            "}" => {
                open.pop();
                if open.is_empty() {
                    return Some(from + offset);
                }
            }
            ";" if open.is_empty() => return Some(from + offset),
            _ => {}
        }
    }
    None
}

/// Whether `#[test]`, or a runtime's own such as `#[tokio::test]`, is among the attributes of the item whose tokens come next.
fn is_test(before: &[Token]) -> bool {
    let words = before.iter().rev().map(|token| token.text.as_str());
    let own: Vec<&str> = words
        .take_while(|word| !["{", "}", ";"].contains(word))
        .collect();
    own.windows(2).any(|words| words == ["]", "test"])
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn is_double_colon(tokens: &[Token], at: usize) -> bool {
    let colon = |at: usize| tokens.get(at).is_some_and(|token| token.text == ":");
    colon(at) && colon(at + 1)
}

/// Whether a path of at least two segments begins here.
fn begins_path(tokens: &[Token], at: usize) -> bool {
    let token = &tokens[at];
    let continues = at >= 2 && is_double_colon(tokens, at - 2);
    !token.is_literal && is_identifier(&token.text) && is_double_colon(tokens, at + 1) && !continues
}

/// Collects the paths that begin with `prefix` and go on here, and gives the index behind them.
fn spread(
    tokens: &[Token],
    at: usize,
    prefix: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> usize {
    let Some(token) = tokens.get(at) else {
        return at;
    };
    if token.text == "{" {
        return spread_group(tokens, at, prefix, found);
    }
    if !is_identifier(&token.text) && token.text != "*" {
        found.push(prefix.clone());
        return at;
    }
    prefix.push(token.text.clone());
    let end = if is_double_colon(tokens, at + 1) {
        spread(tokens, at + 3, prefix, found)
    } else {
        found.push(prefix.clone());
        at + 1
    };
    prefix.pop();
    end
}

fn spread_group(
    tokens: &[Token],
    at: usize,
    prefix: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> usize {
    let mut next = at + 1;
    while let Some(token) = tokens.get(next) {
        match token.text.as_str() {
            "}" => return next + 1,
            "," => next += 1,
            // `as name`
            "as" => next += 2,
            _ => next = spread(tokens, next, prefix, found).max(next + 1),
        }
    }
    next
}

/// Which module a token is in: that of the file, and the inline modules around the token.
struct Scopes {
    file: Vec<String>,
    inline: Vec<(String, usize)>,
    depth: usize,
}

impl Scopes {
    fn new(file: Vec<String>) -> Self {
        Self {
            file,
            inline: Vec::new(),
            depth: 0,
        }
    }

    fn enter(&mut self, tokens: &[Token], at: usize) {
        match tokens[at].text.as_str() {
            "{" => {
                self.depth += 1;
                if at >= 2 && tokens[at - 2].text == "mod" {
                    self.inline.push((tokens[at - 1].text.clone(), self.depth));
                }
            }
            "}" => {
                self.inline.pop_if(|(_, depth)| *depth == self.depth);
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
    }

    /// A path of the crate's own from its root; any other as it is.
    fn resolve(&self, segments: Vec<String>) -> Vec<String> {
        if !["self", "super"].contains(&segments[0].as_str()) {
            return segments;
        }
        let inline = self.inline.iter().map(|(name, _)| name);
        let mut module: Vec<String> = self.file.iter().chain(inline).cloned().collect();
        let mut rest = segments.as_slice();
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "super" => drop(module.pop()),
                "self" => {}
                _ => break,
            }
            rest = others;
        }
        module.insert(0, "crate".to_owned());
        module.extend_from_slice(rest);
        module
    }
}
