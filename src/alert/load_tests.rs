//! Files with rules and sinks: what they say, and what is wrong with those that can't be used.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use super::*;
use crate::model::{AgentStatus, AlertSeverity};

fn ids(config: &AlertConfig) -> Vec<&str> {
    config.rules.iter().map(|rule| rule.id.as_str()).collect()
}

#[test]
fn what_is_built_in_is_there_without_files_and_has_no_sinks() {
    let config = AlertConfig::with(&[]).unwrap();
    let expected = [
        "waiting",
        "failed",
        "usage-limit",
        "context-low",
        "gone",
        "stuck",
    ];
    assert_eq!(ids(&config), expected);
    assert_eq!(config.sinks, []);
    let costly =
        |rule: &&Rule| rule.needs_resources() || matches!(rule.condition, Condition::Output { .. });
    assert_eq!(
        config.rules.iter().find(costly),
        None,
        "nothing is sampled or judged"
    );
}

#[test]
fn later_files_change_leave_out_and_add() {
    let first = r#"
disabled = ["stuck"]
[[rule]]
id = "waiting"
severity = "critical"
dwell = "2m"
when = { status = ["waiting", "error"], reasons = ["permission"] }
[[sink]]
id = "ops"
kind = "command"
argv = ["true"]
"#;
    let second = r#"
[[rule]]
id = "load"
when = { context_below = 5 }
[[sink]]
id = "ops"
kind = "webhook"
url = "https://[::1]:8443/hook?a=b"
secret_file = "/etc/muxwire/secret"
severity = "error"
timeout = "2s"
attempts = 3
"#;
    let config = AlertConfig::with(&[("a", first), ("b", second)]).unwrap();
    let expected = [
        "waiting",
        "failed",
        "usage-limit",
        "context-low",
        "gone",
        "load",
    ];
    assert_eq!(ids(&config), expected);
    let waiting = &config.rules[0];
    assert_eq!(
        (waiting.severity, waiting.dwell),
        (AlertSeverity::Critical, Duration::from_secs(120))
    );
    let statuses = vec![AgentStatus::Waiting, AgentStatus::Error];
    assert!(
        matches!(&waiting.condition, Condition::Status { statuses: found, .. } if *found == statuses)
    );
    let [sink] = config.sinks.as_slice() else {
        panic!("{:?}", config.sinks);
    };
    assert!(
        matches!(&sink.kind, SinkKind::Webhook { url, secret: Some(_), .. } if url.host() == Some("[::1]"))
    );
    assert!(sink.filter.wants("load", AlertSeverity::Error));
    assert!(!sink.filter.wants("load", AlertSeverity::Warning));
    let none = AlertConfig::with(&[("a", first), ("b", "replace = true")]).unwrap();
    assert_eq!(none, AlertConfig::default());
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_a_remedy() {
    let rule = |when: &str| format!("\n[[rule]]\nid = \"a\"\nwhen = {{ {when} }}\n");
    let sink = |rest: &str| format!("[[sink]]\nid = \"s\"\n{rest}\n");
    let rows = [
        ("x = 1".to_owned(), "f:1: unknown field `x`"),
        (
            "\n[[rule]]\nid = \"a\"\n".to_owned(),
            "f:2: missing field `when`",
        ),
        (
            "disabled = [\"wating\"]".to_owned(),
            "f:1: rule: there is no \"wating\"; did you mean \"waiting\"?",
        ),
        (
            rule(""),
            "f:2: a rule asks for one thing; say one of status,",
        ),
        (
            rule("status = [\"busy\"], context_below = 5"),
            "f:2: a rule asks for one thing",
        ),
        (rule("status = []"), "f:2: a list of statuses is empty"),
        (
            rule("status = [\"bussy\"]"),
            "f:2: a status: there is no \"bussy\"; did you mean \"busy\"?",
        ),
        (rule("context_below = 0"), "f:2: context_below is 0"),
        (
            rule("context_below = 5, reasons = [\"a\"]"),
            "f:2: reasons belongs to status",
        ),
        (
            rule("silent_while = [\"busy\"]"),
            "f:2: the rule \"a\" measures silence",
        ),
        (
            rule("output = \"error\", count = 201"),
            "f:2: count is 201; say a number from 1 to 200",
        ),
        (
            rule("output = \"error\", within = \"9\""),
            "f:2: within is \"9\"; say a span of up to 7d",
        ),
        (
            "[[rule]]\nid = \"A b\"\nwhen = { context_below = 5 }".to_owned(),
            "f:1: \"A b\" is no name for a rule",
        ),
        (
            sink("kind = \"mail\""),
            "f:1: kind: there is no \"mail\"; say one of webhook, ntfy, command",
        ),
        (sink("kind = \"ntfy\""), "f:1: the sink has no url"),
        (
            sink("kind = \"ntfy\"\nurl = \"ftp://a/b\""),
            "f:1: the url is none of http or https",
        ),
        (
            sink("kind = \"ntfy\"\nurl = \"https://u:pw@a/b\""),
            "f:1: the url names a user or a password",
        ),
        (
            sink("kind = \"ntfy\"\nurl = \"http://a/b\"\nargv = [\"x\"]"),
            "f:1: a sink of kind ntfy has no argv",
        ),
        (
            sink("kind = \"webhook\"\nurl = \"http://a/b\"\nsecret_file = \"x\""),
            "f:1: secret_file is no absolute path",
        ),
        (
            sink("kind = \"webhook\"\nurl = \"http://a/b\"\nattempts = 0"),
            "f:1: attempts is 0; say 1 to 20",
        ),
        (
            sink("kind = \"webhook\"\nurl = \"http://a/b\"\ntimeout = \"1ms\""),
            "f:1: timeout is out of bounds",
        ),
        (
            sink("kind = \"command\"\nargv = []"),
            "f:1: argv names no program",
        ),
        (
            sink("kind = \"command\"\nargv = [\"a\\u0000\"]"),
            "f:1: argv names no program",
        ),
        ("#".repeat(LONGEST_FILE + 1), "f:1: the file has more than"),
    ];
    for (text, expected) in rows {
        let error = AlertConfig::with(&[("f", &text)]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains("pw"), "{error}");
    }
    let many: String = (0..101)
        .map(|id| rule("context_below = 5").replace("\"a\"", &format!("\"r{id}\"")))
        .collect();
    let error = AlertConfig::with(&[("f", &many)]).unwrap_err();
    assert!(
        error.cause.starts_with("there are more than 100 rules"),
        "{error}"
    );
}

#[test]
fn rules_ask_for_processors_and_memory() {
    let read = |when: &str| {
        let text = format!("replace = true\n[[rule]]\nid = \"used\"\nwhen = {{ {when} }}");
        let config = AlertConfig::with(&[("a.toml", &text)]);
        config.map(|config| config.rules[0].condition.clone())
    };
    let used = |subject, amount| Condition::Used { subject, amount };
    let rows = [
        ("cpu_above = 150", used(Subject::Pane, Amount::Cpu(150))),
        (
            "cpu_above = 90, of = \"host\"",
            used(Subject::Host, Amount::Cpu(90)),
        ),
        (
            "memory_above = \"2GiB\", of = \"pane\"",
            used(Subject::Pane, Amount::Memory(2 << 30)),
        ),
        (
            "memory_above = \"64MiB\", of = \"muxwire\"",
            used(Subject::Muxwire, Amount::Memory(64 << 20)),
        ),
    ];
    for (when, expected) in rows {
        assert_eq!(read(when), Ok(expected), "{when}");
    }
    for (when, expected) in [
        (
            "cpu_above = 0",
            "cpu_above is 0; say 1 to 100000, in percent of one core",
        ),
        (
            "cpu_above = 100, of = \"host\"",
            "cpu_above is 100 of the host, whose processors together are 100; say 1 to 99",
        ),
        (
            "memory_above = \"2 apples\"",
            "memory_above is \"2 apples\"; say a size with its unit, such as \"512MiB\" or \"2GiB\"",
        ),
        (
            "cpu_above = 5, of = \"hosts\"",
            "of: there is no \"hosts\"; did you mean \"host\"?",
        ),
        (
            "status = [\"busy\"], of = \"host\"",
            "of belongs to cpu_above and memory_above; leave it out",
        ),
        (
            "cpu_above = 5, memory_above = \"1GiB\"",
            "a rule asks for one thing; say one of status, context_below, gone_while, silent_while, output, cpu_above \
             and memory_above in when",
        ),
    ] {
        let error = read(when).unwrap_err().to_string();
        assert_eq!(error, format!("a.toml:2: {expected}"), "{when}");
    }
    let text = "[[rule]]\nid = \"h\"\nsessions = [\"a\"]\nwhen = { cpu_above = 5, of = \"host\" }";
    let error = AlertConfig::with(&[("a.toml", text)]).unwrap_err();
    let expected = "a.toml:1: the rule \"h\" is about host, which has neither agents nor sessions; leave agents and \
                    sessions out, or say of = \"pane\"";
    assert_eq!(error.to_string(), expected);
}
