//! What there is, by GET.

use serde_json::Value;

use super::stage::{Stage, line};
use crate::support::{any_program, for_each_version};

fn names(answer: &Value, list: &str) -> Vec<String> {
    let entries = answer[list].as_array().unwrap();
    let name = |one: &Value| {
        one[if list == "sessions" {
            "name"
        } else {
            "session"
        }]
        .clone()
    };
    let mut names: Vec<String> = entries
        .iter()
        .map(|one| name(one).as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn sessions_and_panes_are_listed_for_those_who_may_see_them() {
    for_each_version(|program| {
        let stage = Stage::new(program);
        let (api, web) = ("api-1", "web");
        let both = format!("?sessions={api}&sessions={web}");
        // The token, the filter, and what is seen.
        let rows: [(&str, &str, &[&str]); 7] = [
            ("r", &both, &[api, web]),
            ("r", "?sessions=we*", &[web]),
            ("r", "?sessions=api-1,nothing", &[api]),
            ("r", "?sessions=none", &[]),
            ("r-api", "", &[api]),
            ("r-api", &both, &[api]),
            ("w-api", "?sessions=web", &[]),
        ];
        for (token, query, expected) in rows {
            for list in ["sessions", "panes"] {
                let answer = stage.get(token, &format!("/api/{list}{query}"));
                let answer = answer.json();
                assert_eq!(names(&answer, list), expected, "{token} {query}: {answer}");
            }
            let agents = stage.get(token, &format!("/api/agents{query}")).json();
            assert_eq!(agents["agents"], Value::Array(Vec::new()));
        }
        let pane = stage.pane_of(web);
        let seen = stage.get(
            "r",
            &format!("/api/panes?panes={}", pane.replace('%', "%25")),
        );
        let seen = seen.json();
        assert_eq!(seen["panes"][0]["pane"]["id"], pane.as_str());
        assert_eq!(names(&seen, "panes"), [web]);
    });
}

#[test]
fn a_screen_comes_as_text_with_attributes_or_as_json() {
    for_each_version(|program| {
        let stage = Stage::new(program);
        let typed = stage.post("w", "/api/command", &line("api-1", "caf\u{e9}"));
        let typed = typed.json();
        let pane = typed["pane"].as_str().unwrap();
        stage.shows(pane, "caf\u{e9}");
        let number = pane.trim_start_matches('%');
        let path = format!("/api/panes/{number}/screen");

        let text = stage.get_with("r-api", &path, "accept: text/plain\r\n");
        assert_eq!(
            text.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert!(
            text.body.starts_with("caf\u{e9}\ncaf\u{e9}\n\n"),
            "{text:?}"
        );
        let ansi = stage.get("r", &format!("{path}?format=ansi"));
        let kind = ansi.header("content-type");
        assert_eq!(kind, Some("text/x-ansi; charset=utf-8"));
        let first = ansi.body.lines().next().unwrap();
        let first = first.strip_suffix("\u{1b}[0m").unwrap();
        assert_eq!(first.trim_end(), "caf\u{e9}", "{ansi:?}");
        let json = stage.get("r", &path).json();
        assert_eq!(json["session"], "api-1", "{json}");
        assert_eq!(json["pane"]["id"], pane, "{json}");
        let screen = &json["pane"]["screen"];
        let second = screen["lines"][1].as_str().unwrap();
        assert_eq!(second.trim_end(), "caf\u{e9}", "{json}");
        assert_eq!(screen["cursor"]["y"], 2, "{json}");

        // Out of sight is as if it were not there, whatever the form.
        let web = stage.pane_of("web").replace('%', "%25");
        for missing in [
            format!("/api/panes/{web}/screen"),
            "/api/panes/99/screen?format=text".to_owned(),
        ] {
            let answer = stage.get("r-api", &missing);
            assert_eq!(answer.code(404), "NOT_FOUND", "{missing}");
        }
        let denied = stage.audited("denied", 2);
        let reasons: Vec<&Value> = denied.iter().map(|line| &line["reason"]).collect();
        assert_eq!(reasons, ["scope", "missing"], "{denied:#?}");
    });
}

#[test]
fn what_an_address_asks_and_is_not_known_is_told() {
    let stage = Stage::new(any_program());
    let rows = [
        ("/api/sessions?session=web", 400, "INVALID_MESSAGE"),
        ("/api/panes?types=alert", 400, "INVALID_MESSAGE"),
        ("/api/panes?since=1.e1.7", 400, "INVALID_MESSAGE"),
        ("/api/panes?panes=x", 400, "INVALID_FILTER"),
        ("/api/agents?statuses=tired", 400, "INVALID_FILTER"),
        ("/api/agents?agents=%ff", 400, "INVALID_MESSAGE"),
        ("/api/panes/x/screen", 400, "INVALID_MESSAGE"),
        ("/api/panes/1/screen?format=html", 400, "INVALID_MESSAGE"),
    ];
    for (path, status, code) in rows {
        let answer = stage.get("r", path);
        assert_eq!(answer.code(status), code, "{path}: {answer:?}");
    }
}
