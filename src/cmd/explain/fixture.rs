//! A screen with the verdict that is right, in the form of the recordings of real agents (docs/agents-lab.md).

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::saved::SavedScreen;
use crate::agent::AgentRules;
use crate::cli::{ExplainArgs, RightState};

/// When the screen stands, in seconds of the fixture, and until when it has to be judged rightly. The replay allows a
/// second before it.
const STANDS: f64 = 0.1;
const FROM: f64 = 1.0;
const TO: f64 = 4.0;

/// Writes the two files of a fixture, and gives the path of the first. None that is there is overwritten.
pub(super) fn save(
    args: &ExplainArgs,
    right: &RightState,
    (screen, command): (&SavedScreen, &str),
    agent: &AgentRules,
) -> anyhow::Result<PathBuf> {
    let now = Timestamp::now();
    let folder = args
        .fixtures
        .join(format!("{}-{}", agent.id(), args.agent_version));
    let reason = right.reason.as_deref();
    let reason = reason.map_or_else(String::new, |reason| format!("-{reason}"));
    let name = format!("{}{reason}-{}", right.state, now.strftime("%Y%m%d-%H%M%S"));
    fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    let cast = folder.join(format!("{name}.cast"));
    write(&cast, &recording(screen, &name, now))?;
    write(
        &folder.join(format!("{name}.toml")),
        &facts(args, right, (&name, command), agent),
    )?;
    Ok(cast)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("can't write {}", path.display()))
}

/// An asciicast with one event.
fn recording(screen: &SavedScreen, name: &str, now: Timestamp) -> String {
    let header = json!({
        "version": 2,
        "width": screen.cols,
        "height": screen.rows,
        "timestamp": now.as_second(),
        "title": name,
    });
    let title = screen.title.as_deref().filter(|title| !title.is_empty());
    let title = title.map_or_else(String::new, |title| {
        let shown: String = title.chars().filter(|one| !one.is_control()).collect();
        format!("\u{1b}]0;{shown}\u{7}")
    });
    let printed = String::from_utf8_lossy(&screen.bytes);
    let event = json!([STANDS, "o", format!("{printed}{title}")]);
    format!("{header}\n{event}\n")
}

/// What is right, and the process by which the agent is known.
fn facts(
    args: &ExplainArgs,
    right: &RightState,
    (name, command): (&str, &str),
    agent: &AgentRules,
) -> String {
    // A string of JSON without its own escapes for slashes is one of TOML too.
    let quoted = |text: &str| Value::from(text).to_string();
    let mut text = String::new();
    let _ = write!(
        text,
        "agent = {}\nversion = {}\nstate = {}\nstarted = {}\n\n[[verdict]]\nfrom = {FROM:?}\nto = {TO:?}\nstate = {}\n",
        quoted(agent.id()),
        quoted(&args.agent_version),
        quoted(name),
        quoted(command),
        quoted(&right.state)
    );
    if let Some(reason) = &right.reason {
        let _ = writeln!(text, "reason = {}", quoted(reason));
    }
    let program = quoted(agent.program());
    let _ = write!(
        text,
        "\n[[process]]\nat = 0.0\npid = 100\nppid = 1\nname = {program}\nargv = [{program}]\n"
    );
    text
}
