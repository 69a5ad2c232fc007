//! Claude Code's transcript: an answer has a line for each of its blocks, all with the counts of the whole answer as they
//! were when the line was written.

use serde::Deserialize;

use super::Tokens;
use super::tally::{Answer, Tally};

/// What Claude Code writes for answers that no model gave.
const SYNTHETIC: &str = "<synthetic>";

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    id: String,
    #[serde(default)]
    model: String,
    usage: Option<Counts>,
    #[serde(default)]
    content: Content,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Blocks(Vec<Block>),
    Other(serde::de::IgnoredAny),
}

impl Default for Content {
    fn default() -> Self {
        Self::Blocks(Vec::new())
    }
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Counts {
    input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_creation: Option<Creation>,
    output_tokens: u64,
    output_tokens_details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Creation {
    ephemeral_1h_input_tokens: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    thinking_tokens: u64,
}

/// Counts a line, if it is one of an answer.
pub(super) fn read(line: &[u8], tally: &mut Tally) -> Option<()> {
    let line: Line = serde_json::from_slice(line).ok()?;
    if line.kind != "assistant" {
        return None;
    }
    let message = line.message.filter(|message| message.model != SYNTHETIC)?;
    let counts = message.usage?;
    let blocks = match message.content {
        Content::Blocks(blocks) => blocks,
        Content::Other(_) => Vec::new(),
    };
    let calls = blocks.into_iter().filter(|block| block.kind == "tool_use");
    let long = counts.cache_creation.unwrap_or_default();
    tally.answer(Answer {
        id: message.id,
        model: message.model,
        tokens: Tokens {
            input: counts.input_tokens,
            cache_read: counts.cache_read_input_tokens,
            cache_write: counts.cache_creation_input_tokens,
            long_cache_write: long.ephemeral_1h_input_tokens,
            output: counts.output_tokens,
            reasoning: counts
                .output_tokens_details
                .unwrap_or_default()
                .thinking_tokens,
        },
        tools: calls.map(|block| (block.id, block.name)).collect(),
    });
    Some(())
}
