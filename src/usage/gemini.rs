//! Gemini CLI's transcript: a message is written again once its tools have run, and all of them when the history is made
//! shorter.

use serde::Deserialize;

use super::Tokens;
use super::tally::{Answer, Tally};

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "$set")]
    set: Option<Set>,
    #[serde(flatten)]
    message: Message,
}

#[derive(Deserialize)]
struct Set {
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Message {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    model: String,
    tokens: Option<Counts>,
    tool_calls: Vec<Call>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Call {
    id: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Counts {
    input: u64,
    output: u64,
    cached: u64,
    thoughts: u64,
    tool: u64,
}

/// Counts a line, if there is something in it that counts.
pub(super) fn read(line: &[u8], tally: &mut Tally) -> Option<()> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let set = line.set.into_iter().flat_map(|set| set.messages);
    for message in set.chain([line.message]) {
        count(message, tally);
    }
    Some(())
}

/// Counts a whole transcript, as older versions write it: one value, written anew each time.
pub(super) fn read_whole(text: &[u8], tally: &mut Tally) -> Option<()> {
    let whole: Set = serde_json::from_slice(text).ok()?;
    for message in whole.messages {
        count(message, tally);
    }
    Some(())
}

fn count(message: Message, tally: &mut Tally) {
    let Some(counts) = message.tokens.filter(|_| message.kind == "gemini") else {
        return;
    };
    let calls = message.tool_calls.into_iter();
    tally.answer(Answer {
        id: message.id,
        model: message.model,
        tokens: Tokens {
            input: counts
                .input
                .saturating_sub(counts.cached)
                .saturating_add(counts.tool),
            cache_read: counts.cached,
            output: counts.output.saturating_add(counts.thoughts),
            reasoning: counts.thoughts,
            ..Tokens::default()
        },
        tools: calls.map(|call| (call.id, call.name)).collect(),
    });
}
