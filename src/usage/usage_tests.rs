//! Transcripts of real agents, as they were recorded, and what they come to.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use super::*;

fn recorded(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/agents");
    std::fs::read(path.join(format!("{name}.transcript.jsonl"))).unwrap()
}

fn prices() -> Prices {
    Prices::with([]).unwrap()
}

fn usage(form: TranscriptForm, bytes: &[u8]) -> Usage {
    let mut transcript = Transcript::new(form);
    transcript.feed(bytes);
    transcript.tally().usage(&prices())
}

/// Model, requests, input, output; tools and calls.
type Expected<'a> = (&'a str, u64, u64, u64, &'a [(&'a str, u64)]);

#[test]
fn recordings_of_real_agents_are_counted() {
    use TranscriptForm::{Claude, Codex, Gemini};
    let rows: [(TranscriptForm, &str, Expected<'_>); 6] = [
        (
            Claude,
            "claude-2.1.332/permission-bash",
            ("claude-opus-5-5", 2, 2400, 18, &[("Bash", 1)]),
        ),
        (
            Claude,
            "claude-2.1.332/subagent",
            ("claude-opus-5-5", 1, 1200, 125, &[]),
        ),
        (
            Claude,
            "claude-2.1.197/permission-bash",
            ("claude-opus-4-8", 2, 2400, 18, &[("Bash", 1)]),
        ),
        (
            Claude,
            "claude-2.1.197/subagent",
            ("claude-opus-4-8", 1, 1200, 125, &[]),
        ),
        (
            Codex,
            "codex-0.171.0/permission-bash",
            ("gpt-5", 3, 3600, 150, &[("exec_command", 1)]),
        ),
        (
            Gemini,
            "gemini-0.61.0/permission-bash",
            (
                "gemini-3.8-flash",
                2,
                2400,
                100,
                &[("run_shell_command", 1)],
            ),
        ),
    ];
    for (form, name, (model, requests, input, output, tools)) in rows {
        let bytes = recorded(name);
        let whole = usage(form, &bytes);
        let found = whole.models.first().unwrap();
        assert_eq!(whole.models.len(), 1, "{name}: {whole:?}");
        assert_eq!((&*found.model, found.requests), (model, requests), "{name}");
        assert_eq!(
            (found.tokens.input, found.tokens.output),
            (input, output),
            "{name}"
        );
        let called: Vec<(&str, u64)> = whole
            .tools
            .iter()
            .map(|tool| (&*tool.tool, tool.calls))
            .collect();
        assert_eq!(called, tools, "{name}");
        // However the bytes are cut, and each line once more changes nothing where lines have names.
        let mut cut = Transcript::new(form);
        bytes.chunks(7).for_each(|piece| cut.feed(piece));
        assert_eq!(cut.tally().usage(&prices()), whole, "{name}");
        // Up to any end, nothing of a torn line counts, and nothing counts twice.
        let torn = usage(form, &bytes[..bytes.len() - 2]);
        assert!(torn.requests() <= whole.requests(), "{name}");
    }
}

#[test]
fn geminis_older_form_is_counted_once_it_has_ended() {
    let lines = recorded("gemini-0.61.0/permission-bash");
    let values = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let values = values.map(|line| serde_json::from_slice(line).unwrap());
    let messages: Vec<serde_json::Value> = values
        .filter(|value: &serde_json::Value| value["type"] == "gemini")
        .collect();
    let whole = serde_json::json!({"sessionId": "s", "projectHash": "h", "messages": messages});
    let whole = serde_json::to_string_pretty(&whole).unwrap();
    let expected = usage(TranscriptForm::Gemini, &lines);
    let mut transcript = Transcript::new(TranscriptForm::Gemini);
    for (at, piece) in whole.as_bytes().chunks(7).enumerate() {
        if at > 0 {
            assert_eq!(transcript.tally().usage(&prices()).requests(), 0);
        }
        transcript.feed(piece);
    }
    assert_eq!(transcript.tally().usage(&prices()), expected);
    // Lines of others are never taken for it.
    assert_eq!(
        usage(TranscriptForm::Claude, whole.as_bytes()).requests(),
        0
    );
}

#[test]
fn codex_before_its_records_is_counted_by_its_totals() {
    let line = |input: u64, cached: u64, output: u64| {
        format!(
            "{{\"type\":\"event_msg\",\"payload\":{{\"type\":\"token_count\",\"info\":{{\"total_token_usage\":{{\"input_tokens\":{input},\"cached_input_tokens\":{cached},\"output_tokens\":{output}}}}}}}}}\n"
        )
    };
    let context = "{\"type\":\"turn_context\",\"payload\":{\"model\":\"gpt-5-codex\"}}\n";
    let none = "{\"type\":\"event_msg\",\"payload\":{\"type\":\"token_count\",\"info\":null}}\n";
    let text = [
        context,
        none,
        &line(1000, 200, 10),
        &line(1000, 200, 10),
        &line(3000, 1200, 30),
    ]
    .concat();
    let usage = usage(TranscriptForm::Codex, text.as_bytes());
    assert_eq!(usage.requests(), 2);
    let tokens = usage.tokens();
    assert_eq!(
        (tokens.input, tokens.cache_read, tokens.output),
        (1800, 1200, 30)
    );
    // 1,800 at 1.25, 1,200 at 0.125 and 30 at 10 dollars for a million.
    assert_eq!(usage.cost(), Some(2250 + 150 + 300));
}

#[test]
fn a_cost_is_of_a_model_that_is_known_and_of_no_neighbour() {
    let tokens = Tokens {
        input: 1_000_000,
        ..Tokens::default()
    };
    let rows = [
        ("claude-opus-4-5-20251101", Some(5_000_000)),
        ("claude-opus-4-20250514", Some(15_000_000)),
        ("anthropic/claude-sonnet-4-5@20250929", Some(3_000_000)),
        ("claude-sonnet-4-5[1m]", Some(3_000_000)),
        ("gpt-5-mini", Some(250_000)),
        ("gpt-5-mini-2025-08-07", Some(250_000)),
        ("claude-opus-5-5", Some(4_000_000)),
        ("claude-fable-5-2", Some(8_000_000)),
        ("gpt-6-sol", Some(2_000_000)),
        ("claude-opus-6", None),
        ("claude-opus-4-9", None),
        ("gpt-51", None),
        ("gpt-5.7", None),
        ("", None),
    ];
    for (model, expected) in rows {
        assert_eq!(prices().cost(model, tokens), expected, "{model}");
    }
    let own = "date = \"2027-01-01\"\n[[model]]\nname = \"gpt-5-mini\"\ninput = 1\noutput = 1\n[[model]]\nname = \"mine\"\ninput = 2\noutput = 2\n";
    let prices = Prices::with([own]).unwrap();
    assert_eq!(prices.cost("gpt-5-mini", tokens), Some(1_000_000));
    assert_eq!(prices.cost("mine", tokens), Some(2_000_000));
    assert_eq!(prices.cost("gpt-5-nano", tokens), Some(50_000));
    assert_eq!(prices.date(), "2027-01-01");
    for bad in [
        "date = 1",
        "date = \"x\"\nmore = 1",
        "date = \"x\"\n[[model]]\nname = \"m\"\ninput = nan\noutput = 1\n",
    ] {
        assert!(Prices::with([bad]).is_err(), "{bad}");
    }
}

#[test]
fn what_a_transcript_names_is_bounded_and_clean() {
    let line = |model: &str, tool: &str| {
        format!(
            "{{\"type\":\"assistant\",\"message\":{{\"model\":\"{model}\",\"usage\":{{\"output_tokens\":1}},\"content\":[{{\"type\":\"tool_use\",\"id\":\"{tool}\",\"name\":\"{tool}\"}}]}}}}\n"
        )
    };
    let mut text = line("a\\u001b[2Jb", &"x".repeat(500));
    for at in 0..300 {
        text += &line(&format!("m{at}"), &format!("t{at}"));
    }
    let usage = usage(TranscriptForm::Claude, text.as_bytes());
    assert!(usage.models.len() <= 65 && usage.tools.len() <= 65);
    assert_eq!(usage.requests(), 301);
    assert!(
        usage
            .texts()
            .all(|text| text.len() <= 96 && !text.contains('\u{1b}'))
    );
    assert_eq!(usage.cost(), None, "not all models have prices");
}
