//! `muxwire config`: every setting, and where its value comes from.

use std::io::Write;

use serde_json::{Map, Value, json};

use crate::cli::{ConfigArgs, General};
use crate::cmd::output::CommandOutput;
use crate::config::{Raw, Resolved, Setting, Source, resolve};

/// Prints the settings as `serve` would have them.
///
/// # Errors
/// Whatever is wrong with the settings.
pub fn run(
    general: &General,
    args: &ConfigArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let Resolved {
        settings, notes, ..
    } = resolve(&general.inputs(args.server.flags()))?;
    for note in notes {
        CommandOutput::stderr().line(&format!("muxwire: {note}"))?;
    }
    if args.json {
        let described = settings
            .iter()
            .map(|setting| (setting.name.to_owned(), describe(setting)));
        return output.json(&Value::Object(described.collect::<Map<_, _>>()));
    }
    let heads = ["SETTING", "VALUE", "SOURCE"].map(str::to_owned);
    let row = |setting: &Setting| {
        [
            setting.name.to_owned(),
            setting.value.to_string(),
            source(&setting.source).0,
        ]
    };
    let rows: Vec<_> = [heads]
        .into_iter()
        .chain(settings.iter().map(row))
        .collect();
    output.table(&rows)
}

fn describe(setting: &Setting) -> Value {
    let value = match &setting.value {
        Raw::Integer(number) => json!(number),
        Raw::Boolean(value) => json!(value),
        Raw::Word(text) | Raw::Text(text) => json!(text),
        Raw::List(items) => json!(items),
        Raw::Other(what) => json!(what),
    };
    let (_, source) = source(&setting.source);
    json!({ "value": value, "source": source })
}

/// The source for people, and for programs.
fn source(source: &Source) -> (String, Value) {
    let kind = match source {
        Source::Default => return ("default".to_owned(), json!({ "kind": "default" })),
        Source::File(path, line) => {
            json!({ "kind": "file", "path": path.display().to_string(), "line": line })
        }
        Source::Variable(name) => json!({ "kind": "environment", "name": name }),
        Source::Flag(flag) => json!({ "kind": "flag", "name": flag }),
    };
    let word = match source {
        Source::File(..) => "file",
        Source::Variable(_) => "environment",
        Source::Flag(_) | Source::Default => "flag",
    };
    (format!("{word} {source}"), kind)
}
