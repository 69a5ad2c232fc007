//! `muxwire audit`: look at the audit log, and whether it is as it was written.

use std::io::Write;
use std::iter::Peekable;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::audit::chains;
use crate::audit::line::{self, Parsed};
use crate::audit::read::{self, Lines};
use crate::audit::verify::{Report, verify};
use crate::cli::{AuditCommand, AuditShowArgs, AuditVerifyArgs, General, Moment, Noted, StateArgs};
use crate::cmd::output::CommandOutput;
use crate::cmd::prepare;
use crate::glob::NamePattern;
use crate::printable::{escaped, json_line};

/// Does what the subcommand asks for.
///
/// # Errors
/// There is no log, it can't be read, or it is not as it was written.
pub fn run(
    general: &General,
    command: AuditCommand,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    match command {
        AuditCommand::Verify(args) => check(&folders(general, &args.state)?, &args, output),
        AuditCommand::Show(args) => show(&folders(general, &args.state)?, &args, output),
    }
}

/// The folders of the log: one for each server that wrote at the same time.
fn folders(general: &General, state: &StateArgs) -> anyhow::Result<Vec<PathBuf>> {
    let directory = prepare(general, state.flags())?.config.server.state_dir;
    let found = chains(&directory).context(
        "there is no audit log here; `muxwire serve` writes it, and --state-dir says where",
    )?;
    if found.is_empty() {
        bail!("there is no audit log below {}", directory.display());
    }
    Ok(found)
}

fn check(
    folders: &[PathBuf],
    args: &AuditVerifyArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    for Noted { log, .. } in &args.noted {
        if !folders.iter().any(|folder| name(folder) == *log) {
            bail!("--noted: there is no log {log}; all of it may have been removed");
        }
    }
    let mut reports = Vec::new();
    for folder in folders {
        let of_this = |noted: &&Noted| name(folder) == noted.log;
        let noted: Vec<_> = args
            .noted
            .iter()
            .filter(of_this)
            .map(|noted| noted.mark)
            .collect();
        reports.push((name(folder), verify(folder, &noted)?));
    }
    if args.json {
        output.json(&reports.iter().map(describe).collect())?;
    } else {
        for (name, report) in &reports {
            output.line(&summary(name, report))?;
        }
    }
    if reports.iter().any(|(_, report)| report.broken.is_some()) {
        bail!("the audit log is not as it was written");
    }
    Ok(())
}

fn name(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn summary(log: &str, report: &Report) -> String {
    let mut summary = format!(
        "log {log}: {} lines in {} files",
        report.lines, report.files
    );
    if let Some(first) = report.first.filter(|first| *first > 1) {
        summary.push_str(&format!(
            ", from line {first} on (older files are not kept)"
        ));
    }
    if let Some(bytes) = report.incomplete {
        summary.push_str(&format!(
            "; {bytes} bytes of an incomplete line at the end (a crash, or it is just being written): no damage"
        ));
    }
    match &report.broken {
        None => summary.push_str(": all as they were written"),
        Some(broken) => {
            summary.push_str(&format!(
                " are as they were written; line {} is not",
                broken.seq
            ));
            if let Some((file, number)) = &broken.place {
                let file = file.display().to_string();
                summary.push_str(&format!(" ({}:{number})", escaped(&file)));
            }
            summary.push_str(&format!(": {}", broken.fault));
        }
    }
    if let Some(last) = report.last.filter(|_| report.broken.is_none()) {
        summary.push_str(&format!("\n  to note elsewhere: --noted {log}/{last}"));
    }
    summary
}

fn describe((log, report): &(String, Report)) -> Value {
    let broken = report.broken.as_ref().map(|broken| {
        let place = broken.place.as_ref();
        json!({
            "line": broken.seq,
            "fault": broken.fault.word(),
            "message": broken.fault.to_string(),
            "file": place.map(|(file, _)| file.display().to_string()),
            "line_of_file": place.map(|(_, number)| number),
        })
    });
    json!({
        "log": log,
        "ok": broken.is_none(),
        "files": report.files,
        "lines": report.lines,
        "first": report.first,
        "noted": report.last.map(|last| format!("{log}/{last}")),
        "incomplete_bytes": report.incomplete,
        "broken": broken,
    })
}

/// Prints the lines of all logs in the order of their times.
fn show(
    folders: &[PathBuf],
    args: &AuditShowArgs,
    output: &mut CommandOutput<impl Write>,
) -> anyhow::Result<()> {
    let wanted = Wanted::new(args)?;
    let mut logs = Vec::new();
    for folder in folders {
        let (lines, _) = read::lines(folder)?;
        logs.push(Entries(lines).peekable());
    }
    while let Some(entry) = earliest(&mut logs) {
        let (raw, parsed) = entry?;
        match parsed {
            Some(parsed) if !wanted.allows(&parsed) => {}
            Some(_) if args.json => output.line(&json_line(&String::from_utf8_lossy(&raw)))?,
            Some(parsed) => output.line(&shown(&parsed))?,
            None => CommandOutput::stderr()
                .line("muxwire: a line is none of an audit log: see `muxwire audit verify`")?,
        }
    }
    Ok(())
}

type Entry = anyhow::Result<(Vec<u8>, Option<Parsed>)>;

/// The lines of a log, read.
struct Entries(Lines);

impl Iterator for Entries {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        // An incomplete line is nothing that was done.
        let line = self
            .0
            .find(|line| line.as_ref().map_or(true, |line| line.whole))?;
        Some(line.map_err(Into::into).map(|line| {
            let parsed = line::parse(&line.bytes);
            (line.bytes, parsed)
        }))
    }
}

/// The next line of the log whose next line is the oldest. What is no line comes at once.
fn earliest(logs: &mut [Peekable<Entries>]) -> Option<Entry> {
    let time = |log: &mut Peekable<Entries>| {
        let entry = log.peek()?;
        let parsed = entry.as_ref().ok().and_then(|(_, parsed)| parsed.as_ref());
        Some(parsed.map_or(Timestamp::MIN, |parsed| parsed.time))
    };
    let times = logs.iter_mut().map(time).enumerate();
    let first = times.filter_map(|(at, time)| Some((time?, at))).min();
    logs[first?.1].next()
}

/// What is asked for.
struct Wanted<'a> {
    args: &'a AuditShowArgs,
    since: Timestamp,
    until: Timestamp,
}

impl<'a> Wanted<'a> {
    fn new(args: &'a AuditShowArgs) -> anyhow::Result<Self> {
        let now = Timestamp::now();
        let at = |moment: Option<Moment>, or: Timestamp| match moment {
            None => Ok(or),
            Some(Moment::At(time)) => Ok(time),
            Some(Moment::Ago(span)) => now.checked_sub(span),
        };
        let too_far = "a time is too far in the past";
        Ok(Self {
            args,
            since: at(args.since, Timestamp::MIN).context(too_far)?,
            until: at(args.until, Timestamp::MAX).context(too_far)?,
        })
    }

    fn allows(&self, line: &Parsed) -> bool {
        let text = |name: &str| line.value.get(name).and_then(Value::as_str);
        let fits = |patterns: &[NamePattern], name: &str| {
            let fits = |text: &str| patterns.iter().any(|pattern| pattern.matches(text));
            patterns.is_empty() || text(name).is_some_and(fits)
        };
        let clients = &self.args.clients;
        let is_meant =
            |name: &str| text(name).is_some_and(|id| clients.iter().any(|one| one == id));
        (self.since..=self.until).contains(&line.time)
            && (clients.is_empty() || is_meant("client") || is_meant("other"))
            && fits(&self.args.names, "name")
            && fits(&self.args.sessions, "session")
            && fits(&self.args.actions, "action")
    }
}

/// A line for people: what all lines have, and then what this one has besides. Names are chosen by others.
fn shown(line: &Parsed) -> String {
    const LEFT_OUT: [&str; 5] = ["seq", "time", "prev", "action", "hmac"];
    let action = line.value.get("action").and_then(Value::as_str);
    let mut shown = format!(
        "{:.3}  {:>6}  {}",
        line.time,
        line.seq,
        escaped(action.unwrap_or_default())
    );
    for (name, value) in line.value.as_object().into_iter().flatten() {
        if LEFT_OUT.contains(&&**name) {
            continue;
        }
        let value = match value {
            Value::String(text) if is_plain(text) => text.clone(),
            other => json_line(&other.to_string()).into_owned(),
        };
        shown.push_str(&format!("  {}={value}", escaped(name)));
    }
    shown
}

/// Whether a text can be read without quotes.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-@%$:/*[]".contains(c);
    !text.is_empty() && text.chars().all(plain)
}
