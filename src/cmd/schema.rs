//! `muxwire schema`: the JSON Schemas of the protocol, and the documents that describe the server.

use std::io::Write;

use anyhow::Context as _;
use serde_json::{Map, Value};

use crate::cli::SchemaArgs;
use crate::cmd::output::CommandOutput;
use crate::wire::api_document::{asyncapi, openapi};
use crate::wire::schema::DOCUMENTS;

/// Prints one schema as it is, or all of them in one object.
///
/// # Errors
/// There is no schema of this name, or nobody reads what is printed.
pub fn run(args: &SchemaArgs, output: &mut CommandOutput<impl Write>) -> anyhow::Result<()> {
    let Some(name) = &args.name else {
        let mut all = Map::new();
        for document in DOCUMENTS {
            let schema: Value = serde_json::from_str(document.text)
                .with_context(|| format!("the schema {} is damaged", document.name))?;
            all.insert(document.name.to_owned(), schema);
        }
        return output.json(&Value::Object(all));
    };
    match &**name {
        "openapi" => return output.json(&read(&openapi())?),
        "asyncapi" => return output.json(&read(&asyncapi())?),
        _ => {}
    }
    let document = DOCUMENTS.iter().find(|document| document.name == name);
    let document = document.with_context(|| format!("there is no schema {name:?}"))?;
    output.line(document.text.trim_end())
}

fn read(document: &[u8]) -> anyhow::Result<Value> {
    serde_json::from_slice(document).context("the document is damaged")
}
