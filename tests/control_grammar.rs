//! The grammar files and the parsers say the same: by name, by text, and by what random sentences come to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bytes::BytesMut;
use muxwire::control::{
    Cell, Command, Content, ControlClient, Event, Layout, Limits, Notification, Outcome, Text,
};
use muxwire::ids::{PaneId, SessionId, WindowId};

use crate::control_abnf::{Generator, Grammar, Node, Part};

const FILES: [&str; 2] = ["control-mode.abnf", "layout.abnf"];
const SENTENCES: u64 = 20_000;

/// The parsers of `src/control` by rule: the function's name and the rule as its doc gives it.
///
/// A parser is a function that returns `Parsed`; its doc begins with its rule in backquotes, on as many lines as it takes.
fn parsers() -> BTreeMap<String, (String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/control");
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut doc = String::new();
        let mut lines = source.lines().map(str::trim);
        while let Some(line) = lines.next() {
            if let Some(text) = line.strip_prefix("///") {
                doc += text;
                continue;
            }
            if line.starts_with("#[") {
                continue;
            }
            let said = std::mem::take(&mut doc);
            let Some((_, after)) = line.split_once("fn ") else {
                continue;
            };
            let mut signature = after.to_owned();
            while !signature.contains('{') {
                signature += lines.next().unwrap();
            }
            let name = signature.split(['(', '<']).next().unwrap().to_owned();
            let rule = said
                .trim()
                .strip_prefix('`')
                .and_then(|said| said.split('`').next());
            let rule = rule
                .map(|rule| rule.split_whitespace().collect::<Vec<_>>().join(" "))
                .filter(|rule| rule.contains(" = "));
            if signature.contains("-> Parsed<") {
                let rule = rule.unwrap_or_else(|| panic!("the parser {name} names no rule"));
                let old = found.insert(rule.split(' ').next().unwrap().to_owned(), (name, rule));
                assert!(old.is_none(), "two parsers name one rule: {old:?}");
            } else {
                assert!(rule.is_none(), "{name} is no parser and names a rule");
            }
        }
    }
    found
}

#[test]
fn each_rule_has_its_parser_and_each_parser_its_rule() {
    let grammar = Grammar::read(&FILES);
    let parsers = parsers();
    let rules: BTreeSet<_> = grammar.rules.keys().collect();
    assert_eq!(
        rules,
        parsers.keys().collect(),
        "rules of the grammar, and rules that parsers name"
    );
    for (rule, (function, said)) in &parsers {
        assert_eq!(
            *said, grammar.rules[rule].text,
            "the doc of {function} is its rule"
        );
        assert_eq!(
            function.trim_end_matches('_'),
            rule.replace('-', "_"),
            "a parser is called as its rule"
        );
    }
    let mut roots = rules.clone();
    let used = grammar.used();
    assert!(
        used.iter().all(|name| grammar.rules.contains_key(name)),
        "{used:?}"
    );
    roots.retain(|name| !used.contains(*name));
    assert_eq!(
        roots.into_iter().collect::<Vec<_>>(),
        ["layout", "line"],
        "nothing else stands alone"
    );
}

#[test]
fn random_sentences_are_read_as_they_were_derived() {
    let grammar = Grammar::read(&FILES);
    let mut used = BTreeSet::new();
    for seed in 0..SENTENCES {
        let mut generator = Generator::new(&grammar, seed);
        let line = generator.sentence("line");
        // A line is printed or reported, and that is of one kind.
        check_line(only_child(only_child(&line)), seed);
        if seed % 20 == 0 {
            check_layout(&generator.sentence("layout"), seed);
        }
        used.extend(generator.used);
    }
    let unused: Vec<_> = grammar
        .rules
        .keys()
        .filter(|rule| !used.contains(*rule))
        .collect();
    assert!(unused.is_empty(), "rules that no sentence used: {unused:?}");
}

/// The part of a node that is a rule by itself.
fn only_child(node: &Node) -> &Node {
    match node.parts.as_slice() {
        [Part::Node(child)] => child,
        _ => panic!("{} is more than one rule", node.rule),
    }
}

/// Feeds a line and compares the one event with what its derivation says.
fn check_line(line: &Node, seed: u64) {
    let shown = line.bytes().escape_ascii().to_string();
    let mut client = ControlClient::new(Limits::default());
    let guard = line
        .child("guard")
        .map(|guard| guard.bytes().escape_ascii().to_string());
    let asked_for = line
        .child("guard")
        .is_some_and(|guard| number(guard.child("flags").unwrap()) % 2 == 1);
    if asked_for {
        client.enqueue(Command::ListSessions).unwrap();
    }
    match (line.rule.as_str(), &guard) {
        ("begin", Some(guard)) => client.feed(format!("{shown}\n%end {guard}\n").as_bytes()),
        ("end" | "error", Some(guard)) => {
            client.feed(format!("%begin {guard}\n{shown}\n").as_bytes())
        }
        _ => client.feed(&[line.bytes(), b"\n".to_vec()].concat()),
    }
    let event = client
        .next_event()
        .unwrap_or_else(|| panic!("seed {seed}: no event for {shown}"));
    match (line.rule.as_str(), event) {
        ("output" | "extended-output", Event::Output(output)) => {
            let mut bytes = BytesMut::new();
            output.unescape_into(&mut bytes);
            assert_eq!(output.pane, pane(line), "seed {seed}: {shown}");
            assert_eq!(
                output.age_ms,
                line.child("age").map(number),
                "seed {seed}: {shown}"
            );
            assert_eq!(
                bytes,
                raw(line.child("data").unwrap()),
                "seed {seed}: {shown}"
            );
        }
        (kind @ ("begin" | "end" | "error"), Event::Block(block)) => {
            let guard = line.child("guard").unwrap();
            let numbers = (
                block.guard.time,
                u64::from(block.guard.number),
                u64::from(block.guard.flags),
            );
            let part = |rule| number(guard.child(rule).unwrap());
            assert_eq!(
                numbers,
                (part("time"), part("command-number"), part("flags")),
                "seed {seed}: {shown}"
            );
            assert_eq!(
                matches!(block.outcome, Outcome::Failed(_)),
                kind == "error",
                "seed {seed}: {shown}"
            );
        }
        (kind @ ("begin" | "end" | "error"), Event::Reply(reply)) if asked_for => assert_eq!(
            matches!(reply.outcome, Outcome::Failed(_)),
            kind == "error",
            "seed {seed}: {shown}"
        ),
        ("exit", Event::Exit { reason }) => {
            assert_eq!(reason, line.child("text").map(said), "seed {seed}: {shown}")
        }
        ("notification", Event::Notification(found)) => {
            assert_eq!(
                found,
                notification(only_child(line)),
                "seed {seed}: {shown}"
            );
        }
        (kind, event) => panic!("seed {seed}: {kind} {shown} gives {event:?}"),
    }
    assert_eq!(client.next_event(), None, "seed {seed}: {shown}");
}

/// The value of a node's digits, whatever sigil stands before them.
fn number(node: &Node) -> u64 {
    let digits: String = node
        .bytes()
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .map(|byte| char::from(*byte))
        .collect();
    digits.parse().unwrap()
}

fn small(node: &Node) -> u32 {
    u32::try_from(number(node)).unwrap()
}

fn pane(node: &Node) -> PaneId {
    PaneId(small(node.child("pane-id").unwrap()))
}

fn window(node: &Node) -> WindowId {
    WindowId(small(node.child("window-id").unwrap()))
}

fn session(node: &Node) -> SessionId {
    SessionId(small(node.child("session-id").unwrap()))
}

/// The node's own bytes as text.
fn said(node: &Node) -> Text {
    node.bytes().as_slice().into()
}

fn text(node: &Node) -> Text {
    node.child("text").map(said).unwrap_or_default()
}

/// The bytes that data stands for.
fn raw(data: &Node) -> Vec<u8> {
    let byte = |digits: &[u8]| {
        digits
            .iter()
            .skip(1)
            .fold(0, |value: u8, digit| value << 3 | (digit - b'0'))
    };
    let part = |part: &Part| match part {
        Part::Bytes(bytes) => bytes.clone(),
        Part::Node(escape) => vec![byte(&escape.bytes())],
    };
    data.parts.iter().flat_map(part).collect()
}

/// The notification that a line was derived as.
fn notification(line: &Node) -> Notification {
    match line.rule.as_str() {
        "client-detached" => Notification::ClientDetached { client: text(line) },
        "client-session-changed" => Notification::ClientSessionChanged {
            client: said(line.child("client").unwrap()),
            session: session(line),
            name: text(line),
        },
        "config-error" => Notification::ConfigError { text: text(line) },
        "continue" => Notification::Continue { pane: pane(line) },
        "layout-change" => {
            let words: Vec<Text> = line.children("word").map(said).collect();
            Notification::LayoutChange {
                window: window(line),
                layout: words[0].clone(),
                visible_layout: words.get(1).cloned(),
                flags: words.get(1).map(|_| text(line)),
            }
        }
        "message" => Notification::Message { text: text(line) },
        "pane-mode-changed" => Notification::PaneModeChanged { pane: pane(line) },
        "paste-buffer-changed" => Notification::PasteBufferChanged { name: text(line) },
        "paste-buffer-deleted" => Notification::PasteBufferDeleted { name: text(line) },
        "pause" => Notification::Pause { pane: pane(line) },
        "session-changed" => Notification::SessionChanged {
            session: session(line),
            name: text(line),
        },
        "session-renamed" => {
            let session = line.child("session-id").map(|_| session(line));
            Notification::SessionRenamed {
                session,
                name: text(line),
            }
        }
        "session-window-changed" => Notification::SessionWindowChanged {
            session: session(line),
            window: window(line),
        },
        "sessions-changed" => Notification::SessionsChanged,
        "subscription-changed" => {
            let place = line.child("subscription-place").unwrap();
            Notification::SubscriptionChanged {
                name: said(line.child("word").unwrap()),
                session: session(line),
                window: place.child("window-id").map(|_| window(place)),
                index: place.child("number").map(small),
                pane: place.child("pane-id").map(|_| pane(place)),
                value: text(line),
            }
        }
        "unlinked-window-add" => Notification::UnlinkedWindowAdd {
            window: window(line),
        },
        "unlinked-window-close" => Notification::UnlinkedWindowClose {
            window: window(line),
        },
        "unlinked-window-renamed" => Notification::UnlinkedWindowRenamed {
            window: window(line),
            name: text(line),
        },
        "window-add" => Notification::WindowAdd {
            window: window(line),
        },
        "window-close" => Notification::WindowClose {
            window: window(line),
        },
        "window-pane-changed" => Notification::WindowPaneChanged {
            window: window(line),
            pane: pane(line),
        },
        "window-renamed" => Notification::WindowRenamed {
            window: window(line),
            name: text(line),
        },
        "unknown" => Notification::Unknown {
            name: said(line.child("name").unwrap()),
            args: text(line.child("extra").unwrap()),
        },
        other => panic!("{other} is no notification that is known here"),
    }
}

/// Gives a layout its checksum and compares the tree with what the derivation says.
fn check_layout(layout: &Node, seed: u64) {
    let cells = layout.bytes().split_off(5);
    let sum = cells.iter().fold(0_u16, |sum: u16, byte| {
        sum.rotate_right(1).wrapping_add(u16::from(*byte))
    });
    let text = format!("{sum:04x},{}", cells.escape_ascii());
    let expected = Layout {
        root: layout.child("cell").map(cell),
        floating: layout
            .child("floating")
            .map(inner_cells)
            .unwrap_or_default(),
    };
    let found = Layout::parse(text.as_bytes())
        .unwrap_or_else(|error| panic!("seed {seed}: {error}: {text}"));
    assert_eq!(found, expected, "seed {seed}: {text}");
    assert_eq!(
        Layout::parse(found.to_string().as_bytes()),
        Ok(found),
        "seed {seed}: {text}"
    );
    let wrong = format!("{:04x},{}", sum.wrapping_add(1), cells.escape_ascii());
    assert!(
        Layout::parse(wrong.as_bytes()).is_err(),
        "seed {seed}: {wrong}"
    );
}

fn cell(node: &Node) -> Cell {
    let numbers: Vec<u32> = node.children("number").map(small).collect();
    let content = if let Some(leaf) = node.child("leaf") {
        Content::Pane(PaneId(small(leaf)))
    } else if let Some(columns) = node.child("columns") {
        Content::Columns(inner_cells(columns))
    } else {
        Content::Rows(inner_cells(node.child("rows").unwrap()))
    };
    Cell {
        width: numbers[0],
        height: numbers[1],
        x: numbers[2],
        y: numbers[3],
        content,
    }
}

fn inner_cells(group: &Node) -> Vec<Cell> {
    group
        .child("cells")
        .unwrap()
        .children("cell")
        .map(cell)
        .collect()
}
