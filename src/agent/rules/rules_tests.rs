//! Tests of the rules as data: that the built-in ones can be used, how others change them, and how mistakes are told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn the_built_in_rules_can_be_used() {
    let set = RuleSet::built_in().unwrap();
    let ids: Vec<&str> = set.agents().map(|agent| agent.id()).collect();
    let expected = [
        "claude", "codex", "gemini", "opencode", "copilot", "qwen", "aider", "cline", "amp",
        "crush", "goose", "cursor",
    ];
    assert_eq!(ids, expected);
    for agent in set.agents() {
        // Rules that nobody could try say so.
        assert_ne!(
            agent.tested().is_empty(),
            agent.untested().is_none(),
            "{}",
            agent.id()
        );
        for state in [State::Busy, State::Waiting, State::Ready] {
            let has = agent.rules().iter().any(|rule| rule.state == Some(state));
            assert!(has, "{} has no rule for {state}", agent.id());
        }
        let unsure = agent.untested().is_some();
        let sure = |rule: &Rule| rule.confidence == Confidence::High;
        let waits = |rule: &&Rule| rule.state == Some(State::Waiting);
        assert!(
            !unsure || !agent.rules().iter().filter(waits).any(sure),
            "{} is too sure",
            agent.id()
        );
    }
}

const OTHER: &str = "id = \"claude\"\ndisabled = [\"picker\"]\n[[rule]]\nid = \"idle\"\nstate = \"busy\"\npriority = 1\nwhen = { region = \"title\", contains = \"x\" }\n";

#[test]
fn a_file_changes_the_rules_before_it_or_replaces_them() {
    let built_in = RuleSet::built_in().unwrap();
    let before = built_in.agent("claude").unwrap().rules();
    let changed = RuleSet::with(&[("my.toml", OTHER)]).unwrap();
    let rules = changed.agent("claude").unwrap().rules();
    assert_eq!(rules.len(), before.len() - 1);
    assert!(rules.iter().all(|rule| rule.id != "picker"));
    let idle = rules.iter().find(|rule| rule.id == "idle").unwrap();
    assert_eq!(
        (idle.state, idle.origin.to_string()),
        (Some(State::Busy), "my.toml:3".to_owned())
    );
    assert_eq!(idle.source, Source::Title);

    let whole = OTHER.replace("disabled = [\"picker\"]", "replace = true");
    let replaced = RuleSet::with(&[("my.toml", &whole)]).unwrap();
    assert_eq!(replaced.agent("claude").unwrap().rules().len(), 1);
}

/// An override of an agent that is not known is a new agent, and not ignored.
#[test]
fn a_file_adds_an_agent() {
    let text = OTHER
        .replace("\"claude\"", "\"my-agent\"")
        .replace("disabled = [\"picker\"]\n", "")
        + "[identify]\nnames = [\"mine\"]\n";
    let set = RuleSet::with(&[("my.toml", &text)]).unwrap();
    let process = Process {
        pid: 1,
        parent: 0,
        name: "mine".to_owned(),
        arguments: vec!["/usr/bin/mine".to_owned()],
        started: None,
        foreground: None,
    };
    let (agent, found) = set.identify(1, std::slice::from_ref(&process)).unwrap();
    assert_eq!((agent.id(), found.pid), ("my-agent", 1));
}

/// Rows of a file, and what is said of it.
#[test]
fn mistakes_are_told_with_their_line_and_a_remedy() {
    let rule = |rest: &str| format!("id = \"a\"\n\n[[rule]]\nid = \"b\"\npriority = 1\n{rest}\n");
    let clause = |rest: &str| rule(&format!("state = \"busy\"\nwhen = {{ {rest} }}"));
    let rows = [
        ("id = ".to_owned(), "my.toml:1: "),
        (
            "id = \"A b\"".to_owned(),
            "my.toml:1: \"A b\" is no name for an agent; use up to 32",
        ),
        (
            "id = \"a\"\nnew = 1".to_owned(),
            "my.toml:2: unknown field `new`",
        ),
        (
            rule("state = \"later\"\nwhen = { region = \"title\", exists = true }"),
            "my.toml:3: there is no state \"later\" that a rule can say; say busy",
        ),
        (
            rule("state = \"exited\"\nwhen = { region = \"title\", exists = true }"),
            "my.toml:3: there is no state \"exited\"",
        ),
        (
            rule("when = { region = \"title\", exists = true }"),
            "my.toml:3: the rule \"b\" has to say one of two things; give it a state",
        ),
        (
            clause("region = \"titel\", exists = true"),
            "my.toml:3: there is no region \"titel\"; use one of screen, ",
        ),
        (
            clause("region = \"bottom(1000)\", exists = true"),
            "my.toml:3: there is no region",
        ),
        (
            clause("region = \"title\", regex = \"(\""),
            "my.toml:3: the regular expression \"(\": unclosed group; correct it",
        ),
        (
            clause("region = \"title\", regex = \"(?:a{1000}){1000}\""),
            "my.toml:3: the regular expression",
        ),
        (
            clause("region = \"title\""),
            "my.toml:3: a clause asks one thing of its region title; say exists",
        ),
        (
            clause("region = \"title\", contains = \" \""),
            "my.toml:3: contains has no text",
        ),
        (
            clause("region = \"title\", contains = \"a\", regex = \"b\""),
            "my.toml:3: a clause asks one thing",
        ),
        (
            clause("all = [], any = []"),
            "my.toml:3: a condition is one of all, any, not",
        ),
        (
            "id = \"a\"\n[[vital]]\nregion = \"title\"\nregex = '(?P<speed>.)'".to_owned(),
            "my.toml:2: there is no vital \"speed\"; name a group",
        ),
        (
            "id = \"claude\"\ndisabled = [\n\"gone\"]".to_owned(),
            "my.toml:3: claude has no rule \"gone\"",
        ),
    ];
    for (text, expected) in rows {
        let error = RuleSet::with(&[("my.toml", &text)])
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{error}\nof\n{text}");
    }
}

#[test]
fn counts_and_lengths_are_limited() {
    let clause = "{ region = \"title\", exists = true }";
    let rule = |when: &str| {
        format!("[[rule]]\nid = \"b\"\npriority = 1\nstate = \"busy\"\nwhen = {when}\n")
    };
    let file = |rest: &str| format!("id = \"a\"\n{rest}");
    let deep = format!("{}{clause}{}", "{ not = ".repeat(10), " }".repeat(10));
    let wide = format!("{{ all = [{}] }}", vec![clause; MOST_CLAUSES + 1].join(","));
    let long = format!(
        "{{ region = \"title\", regex = \"{}\" }}",
        "a".repeat(LONGEST_TEXT + 1)
    );
    for text in [
        file(&rule(clause).repeat(MOST_RULES + 1)),
        file(&rule(&deep)),
        file(&rule(&wide)),
        file(&rule(&long)),
        file(&"# comment\n".repeat(LONGEST_FILE / 10)),
    ] {
        assert!(
            RuleSet::with(&[("my.toml", &text)]).is_err(),
            "{}",
            &text[..100]
        );
    }
    let many: Vec<(String, String)> = (0..MOST_AGENTS)
        .map(|number| (format!("{number}.toml"), format!("id = \"a{number}\"")))
        .collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let error = RuleSet::with(&many).unwrap_err();
    assert!(error.cause.contains("already"), "{error}");
}

#[test]
fn times_and_counts_are_read_in_every_form() {
    for (text, seconds) in [
        ("4s", 4.0),
        ("1m 6s", 66.0),
        ("1h 2m 3s", 3723.0),
        ("1:05", 65.0),
        ("14.6s", 14.6),
    ] {
        assert_eq!(
            elapsed(text),
            Some(Duration::from_secs_f64(seconds)),
            "{text}"
        );
    }
    assert_eq!((elapsed("soon"), elapsed("m")), (None, None));
    for (text, number) in [
        ("38", 38),
        ("1,234", 1234),
        ("1.2k", 1200),
        ("1.3K", 1300),
        ("2M", 2_000_000),
    ] {
        assert_eq!(count(text), Some(number), "{text}");
    }
    assert_eq!((count(""), count("many")), (None, None));
}
