//! Codex's transcript: a record for each answer; in older versions a running total, which is written again without anything
//! new in it as well.

use serde::Deserialize;

use super::Tokens;
use super::tally::{Answer, Tally};

/// What lines before say of those that come.
#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    model: String,
    /// There are records of answers, so totals are the same once more.
    has_records: bool,
    total: Tokens,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    payload: Payload,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    model: Option<String>,
    response_id: Option<String>,
    usage: Option<Counts>,
    info: Option<Info>,
    name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Info {
    total_token_usage: Option<Counts>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Counts {
    input_tokens: u64,
    cached_input_tokens: u64,
    cache_write_input_tokens: u64,
    output_tokens: u64,
    reasoning_output_tokens: u64,
}

impl Counts {
    /// The input has the cached tokens in it.
    fn tokens(&self) -> Tokens {
        let cached = self
            .cached_input_tokens
            .saturating_add(self.cache_write_input_tokens);
        Tokens {
            input: self.input_tokens.saturating_sub(cached),
            cache_read: self.cached_input_tokens,
            cache_write: self.cache_write_input_tokens,
            long_cache_write: 0,
            output: self.output_tokens,
            reasoning: self.reasoning_output_tokens,
        }
    }
}

/// Counts a line, if there is something in it that counts.
pub(super) fn read(line: &[u8], context: &mut Context, tally: &mut Tally) -> Option<()> {
    let Line { kind, payload } = serde_json::from_slice(line).ok()?;
    match (&*kind, &*payload.kind) {
        ("turn_context", _) => context.model = payload.model?,
        ("token_usage_record", _) => {
            context.has_records = true;
            let id = payload.response_id.unwrap_or_default();
            answer(id, payload.usage?.tokens(), context, tally);
        }
        ("event_msg", "token_count") if !context.has_records => {
            let total = payload.info?.total_token_usage?.tokens();
            let new = total.without(context.total);
            context.total = total;
            if new.total() > 0 {
                answer(String::new(), new, context, tally);
            }
        }
        ("response_item", "function_call" | "custom_tool_call") => tally.tool(&payload.name?),
        ("response_item", "local_shell_call") => tally.tool("local_shell"),
        ("response_item", "web_search_call") => tally.tool("web_search"),
        _ => return None,
    }
    Some(())
}

fn answer(id: String, tokens: Tokens, context: &Context, tally: &mut Tally) {
    tally.answer(Answer {
        id,
        model: context.model.clone(),
        tokens,
        tools: Vec::new(),
    });
}
