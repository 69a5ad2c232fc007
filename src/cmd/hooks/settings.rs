//! The text of an agent's settings, in which hooks come and go while everything else stays as it was written, comments and
//! spaces too.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};

/// Why settings can't be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SettingsError {
    /// They are no JSON.
    #[error("it is no JSON ({0}): mend it, and nothing of it gets lost")]
    Json(String),
    /// A part has another form than the agent's.
    #[error("{0} is no {1}: mend it, and nothing of it gets lost")]
    Form(String, &'static str),
}

/// A hook of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) agent: &'static str,
    pub(super) name: Option<&'static str>,
    pub(super) command: String,
    pub(super) timeout: u32,
}

/// The settings.
#[derive(Debug)]
pub(super) struct SettingsText {
    root: CstRootNode,
    object: CstObject,
}

impl SettingsText {
    /// Reads settings. An empty text is a file that isn't there.
    pub(super) fn parse(text: &str) -> Result<Self, SettingsError> {
        let text = match text.trim().is_empty() {
            true => "{}\n",
            false => text,
        };
        let root = CstRootNode::parse(text, &ParseOptions::default())
            .map_err(|error| SettingsError::Json(error.to_string()))?;
        let object = root
            .object_value()
            .ok_or_else(|| SettingsError::Form("the whole".to_owned(), "object"))?;
        Ok(Self { root, object })
    }

    /// The settings as they are written now.
    pub(super) fn text(&self) -> String {
        self.root.to_string()
    }

    /// The events for which an agent's settings have a hook of ours, each with the program that it calls.
    pub(super) fn events(&self, agent: &str) -> Result<Vec<(String, String)>, SettingsError> {
        let Some(hooks) = self.hooks()? else {
            return Ok(Vec::new());
        };
        let mut events = Vec::new();
        for property in hooks.properties() {
            let (Some(event), Some(groups)) = (property.decoded_name(), property.array_value())
            else {
                continue;
            };
            let commands = groups
                .elements()
                .into_iter()
                .filter_map(|group| commands(&group));
            let mut found = commands.flat_map(|commands| commands.elements());
            let program = found.find_map(|hook| program(&command(&hook)?, agent));
            events.extend(program.map(|program| (event, program)));
        }
        Ok(events)
    }

    /// Enters a hook for an event. One of ours that is there already gives way if it differs.
    pub(super) fn put(&self, event: &str, entry: &Entry) -> Result<(), SettingsError> {
        let hooks = match self.hooks()? {
            Some(hooks) => hooks,
            None => self.object.object_value_or_set("hooks"),
        };
        let groups = hooks
            .array_value_or_create(event)
            .ok_or_else(|| SettingsError::Form(format!("hooks.{event}"), "array"))?;
        let ours: Vec<CstNode> = ours(&groups, entry.agent);
        let same = |hook: &CstNode| command(hook).as_ref() == Some(&entry.command);
        if ours.len() == 1 && ours.iter().all(same) {
            return Ok(());
        }
        take_out(&groups, entry.agent);
        groups.append(CstInputValue::Object(vec![(
            "hooks".to_owned(),
            CstInputValue::Array(vec![entry.value()]),
        )]));
        Ok(())
    }

    /// Takes all hooks of ours out, and what held nothing else.
    pub(super) fn remove(&self, agent: &str) -> Result<(), SettingsError> {
        let Some(hooks) = self.hooks()? else {
            return Ok(());
        };
        let mut taken = false;
        for property in hooks.properties() {
            let Some(groups) = property.array_value() else {
                continue;
            };
            let is_ours = take_out(&groups, agent);
            taken |= is_ours;
            if is_ours && groups.elements().is_empty() {
                property.remove();
            }
        }
        let is_empty = taken && hooks.properties().is_empty();
        if let Some(property) = self.object.get("hooks").filter(|_| is_empty) {
            property.remove();
        }
        Ok(())
    }

    fn hooks(&self) -> Result<Option<CstObject>, SettingsError> {
        let Some(property) = self.object.get("hooks") else {
            return Ok(None);
        };
        let object = property.object_value();
        object
            .map(Some)
            .ok_or_else(|| SettingsError::Form("hooks".to_owned(), "object"))
    }
}

impl Entry {
    fn value(&self) -> CstInputValue {
        let text = |text: &str| CstInputValue::String(text.to_owned());
        let name = self.name.map(|name| ("name".to_owned(), text(name)));
        let rest = [
            ("type".to_owned(), text("command")),
            ("command".to_owned(), text(&self.command)),
            (
                "timeout".to_owned(),
                CstInputValue::Number(self.timeout.to_string()),
            ),
        ];
        CstInputValue::Object(name.into_iter().chain(rest).collect())
    }
}

/// The hooks of a group.
fn commands(group: &CstNode) -> Option<CstArray> {
    group.as_object()?.array_value("hooks")
}

/// The command of a hook.
fn command(hook: &CstNode) -> Option<String> {
    let value = hook.as_object()?.get("command")?.value()?;
    value.as_string_lit()?.decoded_value().ok()
}

/// The program that a command calls, if it is ours for this agent: `PATH hook [OPTIONS] AGENT EVENT ...`.
fn program(command: &str, agent: &str) -> Option<String> {
    let mut cuts = command.match_indices(" hook ");
    cuts.find_map(|(at, cut)| {
        let program = command[..at]
            .trim()
            .trim_matches('\'')
            .replace(r"'\''", "'");
        let name = program.rsplit('/').next()?;
        let mut words = command[at + cut.len()..].split_whitespace();
        (name.starts_with("muxwire") && words.any(|word| word == agent)).then_some(program)
    })
}

fn ours(groups: &CstArray, agent: &str) -> Vec<CstNode> {
    let all = groups
        .elements()
        .into_iter()
        .filter_map(|group| commands(&group));
    let hooks = all.flat_map(|commands| commands.elements());
    hooks
        .filter(|hook| command(hook).is_some_and(|command| program(&command, agent).is_some()))
        .collect()
}

/// Takes our hooks out, and the groups that held nothing else. Whether there were any.
fn take_out(groups: &CstArray, agent: &str) -> bool {
    let mut taken = false;
    for group in groups.elements() {
        let Some(commands) = commands(&group) else {
            continue;
        };
        let mut is_ours = false;
        for hook in commands.elements() {
            if command(&hook).is_some_and(|command| program(&command, agent).is_some()) {
                hook.remove();
                is_ours = true;
            }
        }
        taken |= is_ours;
        if is_ours && commands.elements().is_empty() {
            group.remove();
        }
    }
    taken
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
