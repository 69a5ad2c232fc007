//! Settings as people write them, with hooks put in and taken out again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

const EVENTS: [&str; 3] = ["PreToolUse", "Stop", "Notification"];

fn entry(program: &str, event: &str) -> Entry {
    Entry {
        agent: "claude",
        name: None,
        command: format!("{program} hook claude {event} 2>/dev/null || :"),
        timeout: 5,
    }
}

fn install(text: &str, program: &str) -> String {
    let settings = SettingsText::parse(text).unwrap();
    for event in EVENTS {
        settings.put(event, &entry(program, event)).unwrap();
    }
    settings.text()
}

fn remove(text: &str) -> String {
    let settings = SettingsText::parse(text).unwrap();
    settings.remove("claude").unwrap();
    settings.text()
}

fn value(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// Settings without hooks of ours.
const WRITTEN: [&str; 5] = [
    "{}\n",
    "{\n  \"model\": \"opus\"\n}\n",
    "{\n\t\"permissions\": {\"allow\": [\"Bash(ls:*)\"]},\n\t\"env\": {\"A\": \"1\"}\n}",
    r#"{
  // mine
  "hooks": {
    "PreToolUse": [
      {
        "matcher": "Bash",
        "hooks": [
          { "type": "command", "command": "/home/me/check" } // keep
        ]
      }
    ],
    "SessionStart": []
  },
  "later": true,
}
"#,
    r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"say done"}]}]},"z":1,"a":2}"#,
];

#[test]
fn hooks_come_and_go_and_nothing_else_does() {
    for text in WRITTEN {
        let with = install(text, "/opt/muxwire");
        let settings = SettingsText::parse(&with).unwrap();
        let found = settings.events("claude").unwrap();
        assert_eq!(found.len(), EVENTS.len(), "{with}");
        assert!(found.iter().all(|(_, program)| program == "/opt/muxwire"));
        assert_eq!(install(&with, "/opt/muxwire"), with, "a second time");
        for kept in ["/home/me/check", "say done", "// keep", "Bash(ls:*)"] {
            assert_eq!(with.contains(kept), text.contains(kept), "{kept} in {with}");
        }
        let without = remove(&with);
        assert_eq!(remove(&without), without, "a second time");
        if !text.contains("//") {
            assert_eq!(value(&without), value(text), "{without}");
        }
        let spaces = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(spaces(&without), spaces(text));
    }
}

#[test]
fn a_program_that_has_moved_is_called_at_its_new_place() {
    for before in ["/old/muxwire", "'/my tools/muxwire'", "/it/muxwire-0.9"] {
        let with = install(WRITTEN[3], before);
        let moved = install(&with, "/new/muxwire");
        assert!(!moved.contains(before), "{moved}");
        assert_eq!(moved.matches("/new/muxwire").count(), EVENTS.len());
        assert_eq!(remove(&moved), remove(&with));
    }
}

#[test]
fn an_empty_file_becomes_settings_in_the_form_of_the_agent() {
    let with = value(&install("", "/opt/muxwire"));
    let expected = serde_json::json!([{"hooks": [{
        "type": "command",
        "command": "/opt/muxwire hook claude Stop 2>/dev/null || :",
        "timeout": 5,
    }]}]);
    assert_eq!(with["hooks"]["Stop"], expected);
    assert_eq!(remove(&install("", "/opt/muxwire")).trim(), "{}");
}

#[test]
fn hooks_of_others_are_not_ours() {
    let rows = [
        ("/usr/bin/muxwire hook claude Stop", true),
        ("'/my tools/muxwire' hook --state-dir /s claude Stop", true),
        ("/usr/bin/muxwire hook codex Stop", false),
        ("/usr/bin/other hook claude Stop", false),
        ("echo muxwire hook", false),
        ("muxwire status", false),
    ];
    for (command, expected) in rows {
        assert_eq!(program(command, "claude").is_some(), expected, "{command}");
    }
}

#[test]
fn settings_of_another_form_are_refused_and_stay() {
    for bad in [
        "[]",
        "{\"hooks\": []}",
        "{\"hooks\": {\"Stop\": {}}}",
        "{\"a\": ",
    ] {
        let put = SettingsText::parse(bad)
            .and_then(|settings| settings.put("Stop", &entry("/opt/muxwire", "Stop")));
        let error = put.unwrap_err().to_string();
        assert!(error.contains("mend it"), "{bad}: {error}");
    }
}
