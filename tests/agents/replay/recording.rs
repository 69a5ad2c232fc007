//! Recordings of real agents: what their panes printed, their processes, what they said of themselves, and what is right.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use muxwire::agent::Process;
use toml::{Table, Value};

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Step {
    Output(String),
    Resize(u16, u16),
    Processes(u32, Vec<Process>),
    Hook(String),
    Registry(Option<String>),
    /// What the lab did: `typed: TEXT` or `key: NAME`.
    Mark(String),
}

/// What is right from one time to another.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub from: f64,
    pub to: f64,
    pub state: String,
    pub reason: Option<String>,
    pub model: Option<String>,
    pub mode: Option<String>,
    pub shells: Option<i64>,
    pub agents: Option<i64>,
}

/// A recording.
#[derive(Debug)]
pub struct Recording {
    /// `AGENT-VERSION/STATE`.
    pub name: String,
    pub agent: String,
    pub version: String,
    pub size: (u16, u16),
    /// What happened, by seconds.
    pub steps: Vec<(f64, Step)>,
    pub verdicts: Vec<Verdict>,
}

/// All recordings, by their names: those of the corpus, or of the folder that `MUXWIRE_RECORDINGS` names.
pub fn all() -> Vec<Recording> {
    let corpus = || Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/agents");
    let folder = std::env::var_os("MUXWIRE_RECORDINGS").map_or_else(corpus, PathBuf::from);
    let mut casts: Vec<PathBuf> = Vec::new();
    for agent in fs::read_dir(folder).into_iter().flatten() {
        let path = agent.unwrap().path();
        if path.is_dir() {
            let files = fs::read_dir(path).unwrap().map(|file| file.unwrap().path());
            casts.extend(files.filter(|file| file.extension().is_some_and(|end| end == "cast")));
        }
    }
    casts.sort();
    casts.iter().map(|cast| read(cast)).collect()
}

/// The recording whose output is in this file.
pub fn read(cast: &Path) -> Recording {
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let folder = cast
        .parent()
        .unwrap()
        .file_name()
        .unwrap()
        .to_str()
        .unwrap();
    let text = fs::read_to_string(cast).unwrap();
    let about: Table = fs::read_to_string(cast.with_extension("toml"))
        .unwrap()
        .parse()
        .unwrap();
    let mut lines = text.lines();
    let header: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let side = |name: &str| u16::try_from(header[name].as_u64().unwrap()).unwrap();
    let mut steps: Vec<(f64, Step)> = Vec::new();
    steps.extend(processes(&about));
    steps.extend(statements(&about));
    for line in lines.filter(|line| !line.is_empty()) {
        let event: (f64, String, String) = serde_json::from_str(line).unwrap();
        match event.1.as_str() {
            "m" => steps.push((event.0, Step::Mark(event.2))),
            "o" => steps.push((event.0, Step::Output(event.2))),
            "r" => {
                let (cols, rows) = event.2.split_once('x').unwrap();
                steps.push((
                    event.0,
                    Step::Resize(cols.parse().unwrap(), rows.parse().unwrap()),
                ));
            }
            _ => {}
        }
    }
    steps.sort_by(|one, next| one.0.total_cmp(&next.0));
    Recording {
        name: format!("{folder}/{}", name(cast)),
        agent: string(&about, "agent").unwrap(),
        version: string(&about, "version").unwrap(),
        size: (side("width"), side("height")),
        steps,
        verdicts: rows(&about, "verdict").map(verdict).collect(),
    }
}

fn rows<'a>(about: &'a Table, name: &str) -> impl Iterator<Item = &'a Table> {
    let rows = about
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    rows.iter().map(|row| row.as_table().unwrap())
}

fn string(row: &Table, name: &str) -> Option<String> {
    Some(row.get(name)?.as_str().unwrap().to_owned())
}

fn seconds(row: &Table, name: &str) -> f64 {
    let value = &row[name];
    value
        .as_float()
        .or_else(|| {
            value
                .as_integer()
                .map(|whole| f64::from(i32::try_from(whole).unwrap()))
        })
        .unwrap()
}

fn verdict(row: &Table) -> Verdict {
    let background = |name: &str| row.get("background")?.get(name)?.as_integer();
    Verdict {
        from: seconds(row, "from"),
        to: seconds(row, "to"),
        state: string(row, "state").unwrap(),
        reason: string(row, "reason"),
        model: string(row, "model"),
        mode: string(row, "mode"),
        shells: background("shells"),
        agents: background("agents"),
    }
}

/// The process tree each time that it changes. The first process is the pane's own.
fn processes(about: &Table) -> Vec<(f64, Step)> {
    let mut tree: BTreeMap<i64, Process> = BTreeMap::new();
    let mut root = None;
    let mut steps: Vec<(f64, Step)> = Vec::new();
    for row in rows(about, "process") {
        let (at, pid) = (seconds(row, "at"), row["pid"].as_integer().unwrap());
        if row.get("ended").and_then(Value::as_bool) == Some(true) {
            tree.remove(&pid);
        } else {
            change(&mut tree, pid, row);
        }
        let root = *root.get_or_insert(pid);
        let whole = Step::Processes(
            u32::try_from(root).unwrap(),
            tree.values().cloned().collect(),
        );
        match steps.last_mut() {
            Some((last, step)) if (*last - at).abs() < 1e-9 => *step = whole,
            _ => steps.push((at, whole)),
        }
    }
    steps
}

fn change(tree: &mut BTreeMap<i64, Process>, pid: i64, row: &Table) {
    let process = tree.entry(pid).or_insert_with(|| Process {
        pid: u32::try_from(pid).unwrap(),
        parent: 0,
        name: String::new(),
        arguments: Vec::new(),
        started: None,
        foreground: None,
    });
    if let Some(parent) = row.get("ppid").and_then(Value::as_integer) {
        process.parent = u32::try_from(parent).unwrap();
    }
    if let Some(name) = string(row, "name") {
        process.name = name;
    }
    if let Some(arguments) = row.get("argv").and_then(Value::as_array) {
        process.arguments = arguments
            .iter()
            .map(|one| one.as_str().unwrap().to_owned())
            .collect();
    }
}

/// Hooks, and the registry's entry each time that it changes.
fn statements(about: &Table) -> Vec<(f64, Step)> {
    let hooks = rows(about, "hook")
        .map(|row| (seconds(row, "at"), Step::Hook(string(row, "json").unwrap())));
    let registry = rows(about, "registry")
        .map(|row| (seconds(row, "at"), Step::Registry(string(row, "json"))));
    hooks.chain(registry).collect()
}
