//! What an event says, in a few words for people. Names are of anyone who runs programs in tmux, so they are spelt out.

use serde_json::Value;

use super::paint::Role;
use crate::printable::{escaped, json_line};
use crate::wire::Received;

/// The most of an unknown event's data that is shown, in characters.
const SHOWN: usize = 200;

/// How an event of a type looks: by the last word of its type.
pub(super) fn role(type_name: &str) -> Role {
    match type_name.rsplit('.').next().unwrap_or_default() {
        "created" | "attached" | "connected" => Role::Came,
        "removed" | "detached" | "deleted" => Role::Went,
        "exited" => Role::Warning,
        "lost" | "gap" => Role::Error,
        _ => Role::Changed,
    }
}

/// What happened, on one line.
pub(super) fn summary(event: &Received) -> String {
    let mut summary = describe(event.type_name(), event.data());
    if event.says("reconciled", true) {
        summary.push_str(if summary.is_empty() { "" } else { " " });
        summary.push_str("(found by the reconciler)");
    }
    summary
}

/// One row a type.
fn describe(type_name: &str, data: &Value) -> String {
    let text = |name| text(data, name);
    let quoted = |name| quoted(data, name);
    let was = |now: String| format!("{now}, was {}", quoted("previous"));
    match type_name {
        "server.connected" => server(data),
        "server.changed" => warnings(data),
        "server.lost" => format!("{}: {}", server(data), text("reason")),
        "server.unfit" => text("reason"),
        "session.created" | "session.changed" => session(data),
        "session.renamed" => format!("was {}", quoted("previous")),
        "session.removed" | "window.removed" | "pane.bell" => String::new(),
        "pane.missed" => "was gone before it could be looked at".to_owned(),
        "window.missed" => format!("{} was gone before it could be looked at", text("id")),
        "window.created" => window(data),
        "window.renamed" => was(quoted("name")),
        "window.moved" => format!("to {}, was {}", text("index"), text("previous")),
        "window.layout_changed" => window_size(data),
        "window.active_changed" | "pane.active_changed" => format!("was {}", text("previous")),
        "window.alert" => alerts(data),
        "pane.created" => pane(data),
        "pane.removed" if is(data, "moved") => "moved to another window".to_owned(),
        "pane.removed" => String::new(),
        "pane.exited" => exit(data),
        "pane.title_changed" => was(quoted("title")),
        "pane.command_changed" => was(quoted("command")),
        "pane.path_changed" => was(quoted("path")),
        "pane.mode_changed" if data["mode"].is_null() => format!("left {}", text("previous")),
        "pane.mode_changed" => format!("entered {}", text("mode")),
        "pane.resized" => format!("{}, was {}", size(data), size(&data["previous"])),
        "pane.gap" if data["bytes"].is_null() && data["offset"] == 0 => {
            "what it printed at first was not seen".to_owned()
        }
        "pane.gap" if data["bytes"].is_null() => "output is missing here".to_owned(),
        "pane.gap" => format!("{} bytes of output are missing here", text("bytes")),
        "client.attached" => client(data),
        "client.detached" => text("name"),
        "client.session_changed" => format!("{}, was in {}", client(data), quoted("previous")),
        "buffer.changed" => format!("{}, {} bytes", quoted("name"), text("size")),
        "buffer.deleted" => quoted("name"),
        _ => unknown(data),
    }
}

/// A pane, as an event or a snapshot reports it.
pub(super) fn pane(pane: &Value) -> String {
    let (command, path) = (quoted(pane, "command"), quoted(pane, "path"));
    let mut words = format!("{command} in {path}, {}", size(pane));
    if let Some(mode) = pane["mode"].as_str() {
        words.push_str(", in ");
        words.push_str(&escaped(mode));
    }
    if !pane["exit"].is_null() {
        words.push_str(", ");
        words.push_str(&exit(&pane["exit"]));
    }
    for flag in ["active", "moved"] {
        add_flag(&mut words, pane, flag);
    }
    words
}

/// A tmux server, as an event or a snapshot reports it.
pub(super) fn server(server: &Value) -> String {
    format!(
        "tmux {} (process {})",
        text(server, "version"),
        text(server, "pid")
    )
}

/// So many of something.
pub(super) fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}

/// A field as a text that can be shown; a dash where there is nothing.
pub(super) fn text(data: &Value, name: &str) -> String {
    match &data[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => escaped(text).into_owned(),
        other => short_json(other),
    }
}

/// A text in quotes, so that one sees where a name ends.
pub(super) fn quoted(data: &Value, name: &str) -> String {
    let text = text(data, name);
    if data[name].is_string() {
        format!("\"{text}\"")
    } else {
        text
    }
}

fn session(data: &Value) -> String {
    let windows = data["windows"]
        .as_u64()
        .and_then(|number| usize::try_from(number).ok());
    let windows = count(windows.unwrap_or_default(), "window");
    let mut words = format!("{windows} in {}", quoted(data, "path"));
    if data["group"].is_string() {
        words.push_str(", group ");
        words.push_str(&quoted(data, "group"));
    }
    if is(data, "destroy_unattached") {
        words.push_str(
            ", not followed: it would be destroyed when muxwire leaves (destroy-unattached)",
        );
    } else if data["streamed"] == false {
        words.push_str(", not streamed as yet");
    }
    words
}

fn warnings(server: &Value) -> String {
    let warnings = server["warnings"].as_array();
    let messages = warnings.into_iter().flatten();
    let messages: Vec<_> = messages.map(|warning| text(warning, "message")).collect();
    if messages.is_empty() {
        return "no warnings".to_owned();
    }
    messages.join("; ")
}

fn alerts(data: &Value) -> String {
    let alerts = data["alerts"].as_array();
    let names = alerts.into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<_> = names.map(|name| escaped(name).into_owned()).collect();
    if names.is_empty() {
        return "not marked any more".to_owned();
    }
    format!("marked: {}", names.join(", "))
}

fn window(data: &Value) -> String {
    let mut words = format!("{}, {}", quoted(data, "name"), window_size(data));
    add_flag(&mut words, data, "active");
    words
}

fn window_size(data: &Value) -> String {
    let panes = count(data["panes"].as_array().map_or(0, Vec::len), "pane");
    let mut words = format!("{}, {panes}", size(data));
    add_flag(&mut words, data, "zoomed");
    words
}

fn client(data: &Value) -> String {
    let mut words = text(data, "name");
    if is(data, "control") {
        words.push_str(", a control client");
    }
    if is(data, "read_only") {
        words.push_str(", read-only");
    }
    words
}

fn exit(exit: &Value) -> String {
    match (exit["status"].as_i64(), exit["signal"].as_i64()) {
        (_, Some(signal)) => format!("ended by signal {signal}"),
        (Some(status), None) => format!("exited with status {status}"),
        (None, None) => "exited".to_owned(),
    }
}

fn size(data: &Value) -> String {
    format!("{}x{}", text(data, "width"), text(data, "height"))
}

fn unknown(data: &Value) -> String {
    match data {
        Value::Null => String::new(),
        Value::Object(fields) if fields.is_empty() => String::new(),
        data => short_json(data),
    }
}

fn short_json(value: &Value) -> String {
    let json = value.to_string();
    let line = json_line(&json);
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.into_owned(),
    }
}

fn is(data: &Value, name: &str) -> bool {
    data[name] == Value::Bool(true)
}

fn add_flag(words: &mut String, data: &Value, name: &str) {
    if is(data, name) {
        words.push_str(", ");
        words.push_str(name);
    }
}
