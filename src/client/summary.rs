//! What an event says, in a few words for people. Names are of anyone who runs programs in tmux, so they are spelt out.

use std::borrow::Cow;
use std::fmt::Display;

use serde_json::Value;

use crate::printable::{escaped, json_line};
use crate::wire::agent::{AgentObject, ChangedAgent, EndedAgent};
use crate::wire::alert::{AlertObject, ClearedAlert};
use crate::wire::event_data::{
    ActivePane, Gap, Layout, LostServer, Mode, MovedClient, NewPane, Resized,
};
use crate::wire::objects::{
    ClientObject, ExitObject, PaneObject, SessionObject, WarningObject, WindowObject,
};
use crate::wire::resources::{AmountsObject, ResourcesObject};
use crate::wire::usage::UsedAgent;
use crate::wire::{Event, EventData};

/// The most of an unknown event's data that is shown, in characters.
const SHOWN: usize = 200;

/// What happened, on one line.
#[must_use]
pub fn summary(event: &Event<'_>) -> String {
    let mut summary = describe(&event.data);
    if event.reconciled == Some(true) {
        summary.push_str(if summary.is_empty() { "" } else { " " });
        summary.push_str("(found by the reconciler)");
    }
    summary
}

const LOG_GAP: &str = "muxwire ended unexpectedly: events of its last moment may be missing";

/// One row a type.
fn describe(data: &EventData<'_>) -> String {
    use EventData as E;
    let was = |now: String, previous: &str| format!("{now}, was {}", quoted(previous));
    match data {
        E::ServerConnected(found) => server(&found.version, found.pid),
        E::ServerChanged(server) => warnings(&server.warnings),
        E::ServerLost(lost) => server_lost(lost),
        E::ServerUnfit(unfit) => escaped(&unfit.reason).into_owned(),
        E::SessionCreated(new) => session(&new.session),
        E::SessionChanged(changed) => session(changed),
        E::SessionRenamed(renamed) => format!("was {}", quoted(&renamed.previous)),
        E::SessionRemoved(_) | E::WindowRemoved(_) | E::PaneBell(_) => String::new(),
        E::PaneMissed(_) => "was gone before it could be looked at".to_owned(),
        E::WindowMissed(missed) => {
            format!("{} was gone before it could be looked at", missed.id.0)
        }
        E::WindowCreated(new) => window(new),
        E::WindowRenamed(renamed) => was(quoted(&renamed.name), &renamed.previous),
        E::WindowMoved(moved) => format!("to {}, was {}", moved.index, moved.previous),
        E::WindowLayoutChanged(layout) => window_layout(layout),
        E::WindowActiveChanged(active) => format!("was {}", or_dash(active.previous)),
        E::PaneActiveChanged(active) => active_pane(active),
        E::WindowAlert(marks) => alerts(&marks.alerts),
        E::PaneCreated(new) => new_pane(new),
        E::PaneRemoved(removed) if removed.moved => "moved to another window".to_owned(),
        E::PaneRemoved(_) => String::new(),
        E::PaneExited(ended) => exit(ended),
        E::PaneTitleChanged(title) => was(quoted(&title.title), &title.previous),
        E::PaneCommandChanged(command) => was(quoted(&command.command), &command.previous),
        E::PanePathChanged(path) => was(quoted(&path.path), &path.previous),
        E::PaneModeChanged(mode) => mode_change(mode),
        E::PaneResized(resized) => new_size(resized),
        E::PaneGap(gap) => missing(gap),
        E::LogGap(_) => LOG_GAP.to_owned(),
        E::PaneOutput(output) => format!("{} bytes", output.bytes),
        E::ClientAttached(attached) => client(attached),
        E::ClientDetached(client) => escaped(&client.name).into_owned(),
        E::ClientSessionChanged(moved) => moved_client(moved),
        E::BufferChanged(buffer) => format!("{}, {} bytes", quoted(&buffer.name), buffer.size),
        E::BufferDeleted(buffer) => quoted(&buffer.name),
        E::AgentStarted(found) => agent(found),
        E::AgentStatus(changed) => agent_status(changed),
        E::AgentUsage(used) => usage(used),
        E::AgentEnded(ended) => agent_end(ended),
        E::Alert(raised) => alert(raised),
        E::AlertCleared(cleared) => cleared_alert(cleared),
        E::SystemResources(used) => resources(used),
        E::Emitted { data, .. } | E::Unknown { data, .. } => unknown(data),
    }
}

/// A pane, as an event or a snapshot reports it.
#[must_use]
pub fn pane(pane: &PaneObject<'_>) -> String {
    let (command, path) = (quoted(&pane.command), quoted(&pane.path));
    let mut words = format!("{command} in {path}, {}", size(pane.width, pane.height));
    if let Some(mode) = &pane.mode {
        words.push_str(", in ");
        words.push_str(&escaped(mode));
    }
    if let Some(inside) = &pane.agent {
        words.push_str(", ");
        words.push_str(&agent(inside));
    }
    if let Some(ended) = &pane.exit {
        words.push_str(", ");
        words.push_str(&exit(ended));
    }
    add_flag(&mut words, pane.active, "active");
    words
}

/// An agent, as an event or a snapshot reports it.
#[must_use]
pub fn agent(agent: &AgentObject<'_>) -> String {
    let mut words = format!("{} {}", escaped(&agent.agent_type), escaped(&agent.status));
    if let Some(reason) = &agent.reason {
        words.push_str(&format!(" ({})", escaped(reason)));
    }
    if let Some(message) = &agent.message {
        words.push_str(": ");
        words.push_str(&escaped(message));
    }
    words
}

fn agent_end(ended: &EndedAgent<'_>) -> String {
    let agent_type = escaped(&ended.agent_type);
    format!("{agent_type}, was {}", escaped(&ended.previous))
}

/// What an agent has used: counts, and what they cost.
fn usage(used: &UsedAgent<'_>) -> String {
    let (agent_type, usage) = (escaped(&used.agent_type), &used.usage);
    let tokens = &usage.tokens;
    let read = tokens
        .input_tokens
        .saturating_add(tokens.cache_read_tokens)
        .saturating_add(tokens.cache_write_tokens);
    let (requests, written) = (usage.requests, tokens.output_tokens);
    let mut words =
        format!("{agent_type}, {requests} requests, {read} tokens read, {written} written");
    if let Some(cost) = usage.cost_usd {
        words.push_str(&format!(", ${cost:.2}"));
    }
    words
}

/// What is used of processors and memory, and by whom unless the line names its pane.
fn resources(used: &ResourcesObject<'_>) -> String {
    let of = escaped(&used.of);
    let who = match &*of {
        "pane" => String::new(),
        other => format!("{other}: "),
    };
    let AmountsObject {
        cpu_percent,
        memory_bytes,
        processes,
    } = used.amounts;
    let memory = mebibytes(memory_bytes);
    let mut words = format!("{who}{cpu_percent:.1} % cpu, {memory}");
    if let Some(total) = used.memory_total_bytes {
        words.push_str(&format!(" of {}", mebibytes(total)));
    }
    let plural = if processes == 1 { "" } else { "es" };
    words.push_str(&format!(", {processes} process{plural}"));
    if let Some([last, ..]) = used.load {
        words.push_str(&format!(", load {last:.2}"));
    }
    words
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

fn cleared_alert(cleared: &ClearedAlert<'_>) -> String {
    let cause = escaped(&cleared.cause);
    format!("{}, cleared: {cause}", alert(&cleared.alert))
}

fn alert(alert: &AlertObject<'_>) -> String {
    let mut words = format!("{}: {}", escaped(&alert.severity), escaped(&alert.title));
    if let Some(message) = &alert.message {
        words.push_str(": ");
        words.push_str(&escaped(message));
    }
    words
}

fn agent_status(changed: &ChangedAgent<'_>) -> String {
    let mut words = agent(&changed.agent);
    if changed.previous != changed.agent.status {
        words.push_str(", was ");
        words.push_str(&escaped(&changed.previous));
    }
    words
}

/// A tmux server, as an event or a snapshot reports it.
#[must_use]
pub fn server(version: &str, pid: u32) -> String {
    format!("tmux {} (process {pid})", escaped(version))
}

/// So many of something.
#[must_use]
pub fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}

/// A text in quotes, so that one sees where a name ends.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// A dash where there is nothing.
fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn server_lost(lost: &LostServer<'_>) -> String {
    let server = server(&lost.version, lost.pid);
    format!("{server}: {}", escaped(&lost.reason))
}

fn window_layout(layout: &Layout<'_>) -> String {
    let size = (layout.width, layout.height);
    window_size(size, layout.panes.len(), layout.zoomed)
}

fn new_pane(new: &NewPane<'_>) -> String {
    let mut words = pane(&new.pane);
    add_flag(&mut words, new.moved, "moved");
    words
}

fn active_pane(active: &ActivePane) -> String {
    format!("was {}", or_dash(active.previous.map(|pane| pane.0)))
}

fn new_size(resized: &Resized) -> String {
    let before = &resized.previous;
    let now = size(resized.width, resized.height);
    format!("{now}, was {}", size(before.width, before.height))
}

fn moved_client(moved: &MovedClient<'_>) -> String {
    let previous = moved.previous.as_deref().map(quoted);
    format!("{}, was in {}", client(&moved.client), or_dash(previous))
}

fn session(session: &SessionObject<'_>) -> String {
    let windows = count(session.windows, "window");
    let mut words = format!("{windows} in {}", quoted(&session.path));
    if let Some(group) = &session.group {
        words.push_str(", group ");
        words.push_str(&quoted(group));
    }
    if session.destroy_unattached {
        words.push_str(
            ", not followed: it would be destroyed when muxwire leaves (destroy-unattached)",
        );
    } else if session.streamed == Some(false) {
        words.push_str(", not streamed as yet");
    }
    words
}

fn warnings(warnings: &[WarningObject<'_>]) -> String {
    let messages = warnings.iter().map(|warning| escaped(&warning.message));
    let messages: Vec<_> = messages.collect();
    if messages.is_empty() {
        return "no warnings".to_owned();
    }
    messages.join("; ")
}

fn alerts(alerts: &[Cow<'_, str>]) -> String {
    let names: Vec<_> = alerts.iter().map(|name| escaped(name)).collect();
    if names.is_empty() {
        return "not marked any more".to_owned();
    }
    format!("marked: {}", names.join(", "))
}

fn window(window: &WindowObject<'_>) -> String {
    let size = (window.width, window.height);
    let size = window_size(size, window.panes.len(), window.zoomed);
    let mut words = format!("{}, {size}", quoted(&window.name));
    add_flag(&mut words, window.active, "active");
    words
}

fn window_size((width, height): (u32, u32), panes: usize, zoomed: bool) -> String {
    let mut words = format!("{}, {}", size(width, height), count(panes, "pane"));
    add_flag(&mut words, zoomed, "zoomed");
    words
}

fn client(client: &ClientObject<'_>) -> String {
    let mut words = escaped(&client.name).into_owned();
    if client.control {
        words.push_str(", a control client");
    }
    if client.read_only {
        words.push_str(", read-only");
    }
    words
}

fn exit(exit: &ExitObject) -> String {
    match (exit.status, exit.signal) {
        (_, Some(signal)) => format!("ended by signal {signal}"),
        (Some(status), None) => format!("exited with status {status}"),
        (None, None) => "exited".to_owned(),
    }
}

fn mode_change(change: &Mode<'_>) -> String {
    match &change.mode {
        Some(mode) => format!("entered {}", escaped(mode)),
        None => format!("left {}", or_dash(change.previous.as_deref().map(escaped))),
    }
}

fn missing(gap: &Gap) -> String {
    match gap.bytes {
        None if gap.offset == 0 => "what it printed at first was not seen".to_owned(),
        None => "output is missing here".to_owned(),
        Some(bytes) => format!("{bytes} bytes of output are missing here"),
    }
}

fn size(width: u32, height: u32) -> String {
    format!("{width}x{height}")
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

fn add_flag(words: &mut String, is_set: bool, name: &str) {
    if is_set {
        words.push_str(", ");
        words.push_str(name);
    }
}
