//! `muxwire hooks`: muxwire's hooks in agents' own settings, put in, taken out and looked for.

mod kinds;
mod settings;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::json;

use self::kinds::HookKind;
use self::settings::{SettingsError, SettingsText};
use crate::cli::{General, HookedAgent, HooksArgs, HooksCommand, HooksStatusArgs};
use crate::cmd::output::CommandOutput;
use crate::config::{Source, resolve};

/// What a backup is called, behind the file's own name.
const BACKUP: &str = ".muxwire-backup";

/// Does what is asked for.
///
/// # Errors
/// The agent's settings can't be read, understood or written.
pub fn run(
    general: &General,
    command: HooksCommand,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    match command {
        HooksCommand::Install(args) => install(general, &args, output),
        HooksCommand::Remove(args) => remove(&args, output),
        HooksCommand::Status(args) => status(&args, output),
    }
}

fn install(
    general: &General,
    args: &HooksArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let kind = HookKind::of(args.agent);
    let path = kind.file()?;
    let program = program(general, args)?;
    let before = read(&path)?;
    let settings = parse(&path, before.as_deref())?;
    let had = settings.events(kind.name)?;
    for event in kind.events {
        settings
            .put(event, &kind.entry(&program, event))
            .with_context(|| format!("{}", path.display()))?;
    }
    let after = settings.text();
    if args.print {
        return output.line(after.trim_end());
    }
    if before.as_deref() == Some(&after) {
        return output.line(&format!(
            "{}: the hooks are in {} already",
            kind.name,
            path.display()
        ));
    }
    if let Some(before) = before.filter(|_| had.is_empty()) {
        write(&backup(&path), &before)?;
    }
    write(&path, &after)?;
    output.line(&format!(
        "{}: hooks for {} events are in {}",
        kind.name,
        kind.events.len(),
        path.display()
    ))?;
    CommandOutput::stderr().line(&format!("muxwire: {}", kind.next))
}

fn remove(args: &HooksArgs, output: &mut CommandOutput<impl Write>) -> anyhow::Result<()> {
    let kind = HookKind::of(args.agent);
    let path = kind.file()?;
    let none = || {
        format!(
            "{}: there are no hooks of muxwire in {}",
            kind.name,
            path.display()
        )
    };
    let Some(before) = read(&path)? else {
        return output.line(&none());
    };
    let settings = parse(&path, Some(&before))?;
    let count = settings.events(kind.name)?.len();
    settings.remove(kind.name)?;
    let after = settings.text();
    if args.print {
        return output.line(after.trim_end());
    }
    if count == 0 {
        return output.line(&none());
    }
    // A file that only the hooks were in was made for them.
    if after.trim() == "{}" && !backup(&path).exists() {
        fs::remove_file(&path).with_context(|| format!("can't remove {}", path.display()))?;
    } else {
        write(&path, &after)?;
    }
    output.line(&format!(
        "{}: the hooks for {count} events are out of {}",
        kind.name,
        path.display()
    ))
}

fn status(args: &HooksStatusArgs, output: &mut CommandOutput<impl Write>) -> anyhow::Result<()> {
    let agents = args
        .agent
        .map_or_else(|| HookedAgent::ALL.to_vec(), |agent| vec![agent]);
    let mut described = Vec::new();
    for agent in agents {
        let kind = HookKind::of(agent);
        let path = kind.file()?;
        let found = Found::in_file(kind, &path);
        if args.json {
            described.push(found.described(kind, &path));
        } else {
            output.line(&found.line(kind, &path))?;
        }
    }
    if args.json {
        output.json(&serde_json::Value::Array(described))?;
    }
    Ok(())
}

/// Whether an agent has either all of muxwire's hooks in working order or none, and what is to be said of them.
///
/// # Errors
/// It is not known where the agent's settings are.
pub(super) fn found(agent: HookedAgent) -> anyhow::Result<(bool, String)> {
    let kind = HookKind::of(agent);
    let path = kind.file()?;
    let found = Found::in_file(kind, &path);
    let is_well = matches!(found.word(kind), "installed" | "absent");
    Ok((is_well, found.line(kind, &path)))
}

/// What an agent's settings have of muxwire's hooks.
enum Found {
    /// These events, and the programs that are called which aren't there.
    Events(Vec<String>, Vec<String>),
    /// The settings can't be read.
    Broken(String),
}

impl Found {
    fn in_file(kind: &HookKind, path: &Path) -> Self {
        let events = || {
            let before = read(path)?;
            Ok(parse(path, before.as_deref())?.events(kind.name)?)
        };
        let events: anyhow::Result<Vec<(String, String)>> = events();
        match events {
            Ok(events) => {
                let called = events.iter().map(|(_, program)| program.clone());
                let mut gone: Vec<String> =
                    called.filter(|path| !Path::new(path).exists()).collect();
                gone.sort();
                gone.dedup();
                let events = events.into_iter().map(|(event, _)| event);
                Self::Events(events.collect(), gone)
            }
            Err(error) => Self::Broken(format!("{error:#}")),
        }
    }

    fn word(&self, kind: &HookKind) -> &'static str {
        match self {
            Self::Broken(_) => "broken",
            Self::Events(events, _) if events.is_empty() => "absent",
            Self::Events(_, gone) if !gone.is_empty() => "broken",
            Self::Events(events, _) if kind.lacks(events) => "partial",
            Self::Events(..) => "installed",
        }
    }

    fn line(&self, kind: &HookKind, path: &Path) -> String {
        let (name, file) = (kind.name, path.display());
        let again = format!("`muxwire hooks install {name}` puts it right");
        let told = match self {
            Self::Broken(error) => return format!("{name}: {error}"),
            Self::Events(events, gone) => match (self.word(kind), gone.first()) {
                ("absent", _) => format!("no hooks; `muxwire hooks install {name}` installs them"),
                (_, Some(program)) => {
                    format!("hooks that call {program}, which is not there; {again}")
                }
                ("partial", _) => format!(
                    "hooks for {} of {} events; {again}",
                    events.len(),
                    kind.events.len()
                ),
                _ => "hooks are installed".to_owned(),
            },
        };
        format!("{name}: {told} ({file})")
    }

    fn described(&self, kind: &HookKind, path: &Path) -> serde_json::Value {
        let mut described = json!({
            "agent": kind.name,
            "file": path.display().to_string(),
            "state": self.word(kind),
        });
        match self {
            Self::Broken(error) => described["error"] = json!(error),
            Self::Events(events, gone) => {
                described["events"] = json!(events);
                if !gone.is_empty() {
                    described["missing_programs"] = json!(gone);
                }
            }
        }
        described
    }
}

/// The words that call this program, up to the agent's name. The state directory is among them where it is another than
/// that which the agent's process would find by itself.
fn program(general: &General, args: &HooksArgs) -> anyhow::Result<String> {
    let program = env::current_exe().context("this program's own path is not known")?;
    let text = program
        .to_str()
        .filter(|text| !text.contains(char::is_control))
        .context("this program's path can't stand in a command: put the program somewhere else")?;
    if text.ends_with(" (deleted)") {
        bail!("this program's file was replaced while it ran: try again");
    }
    let resolved = resolve(&general.inputs(args.state.flags()))?;
    let setting = resolved
        .settings
        .iter()
        .find(|setting| setting.name == "server.state_dir");
    let is_usual = setting.is_none_or(|setting| {
        matches!(setting.source, Source::Default | Source::File(..)) && general.config.is_none()
    });
    let program = quoted(text);
    if is_usual {
        return Ok(format!("{program} hook"));
    }
    let folder = resolved.config.server.state_dir;
    let folder = folder
        .to_str()
        .filter(|text| !text.contains(char::is_control))
        .context("the path of server.state_dir can't stand in a command: choose another one")?;
    Ok(format!("{program} hook --state-dir {}", quoted(folder)))
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    match text.chars().all(is_plain) && !text.is_empty() {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn parse(path: &Path, text: Option<&str>) -> anyhow::Result<SettingsText> {
    let parsed: Result<_, SettingsError> = SettingsText::parse(text.unwrap_or_default());
    parsed.with_context(|| format!("{}", path.display()))
}

/// The file's text, if there is one.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("can't read {}", path.display())),
    }
}

fn backup(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(BACKUP);
    PathBuf::from(name)
}

/// A reader sees the old file or the new one. One that is a link stays one, and keeps its mode.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = || {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder)?;
        // It is for its owner alone, as long as nobody has chosen otherwise.
        let mut draft = tempfile::NamedTempFile::new_in(folder)?;
        draft.write_all(text.as_bytes())?;
        if let Ok(found) = fs::metadata(&path) {
            draft.as_file().set_permissions(found.permissions())?;
        }
        draft.as_file().sync_all()?;
        draft.persist(&path)?;
        io::Result::Ok(())
    };
    written().with_context(|| format!("can't write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_one_word_of_a_shell() {
        let rows = [
            ("/usr/bin/muxwire", "/usr/bin/muxwire"),
            ("/opt/my tools/muxwire", "'/opt/my tools/muxwire'"),
            ("/it's/$(x)", r"'/it'\''s/$(x)'"),
        ];
        for (path, expected) in rows {
            assert_eq!(quoted(path), expected);
        }
    }
}
