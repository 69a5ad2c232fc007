//! Which transcript is that of an agent in a pane. What ties them is exact, or nothing is said: the session's id, the file that
//! the process has open, or the one file of the project that was written since it started.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::processes;
use crate::ids::PaneId;
use crate::usage::TranscriptForm;

/// The most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// The kernel's ticks of a second, as it tells them to programs.
const TICKS: u64 = 100;

/// How much of a transcript's beginning is read, in bytes.
const HEAD: u64 = 4096;

/// An agent whose transcript is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) pane: PaneId,
    pub(super) number: u64,
    pub(super) form: TranscriptForm,
    /// The folder in which the agent keeps its files.
    pub(super) folder: PathBuf,
    pub(super) pid: u32,
    /// When it was started, in ticks since the machine was.
    pub(super) started: Option<u64>,
    /// Its own name for the session.
    pub(super) session: Option<String>,
}

impl Search {
    /// The transcript, if there is exactly one. Blocks on the disk for a moment.
    pub(super) fn find(&self) -> Option<PathBuf> {
        match self.form {
            TranscriptForm::Claude => self.by_session(),
            TranscriptForm::Codex => self.open_file(),
            TranscriptForm::Gemini => self.of_project(),
        }
    }

    fn by_session(&self) -> Option<PathBuf> {
        let session = self.session.as_deref().filter(|session| is_id(session))?;
        let name = format!("{session}.jsonl");
        let files = entries(&self.folder.join("projects")).map(|project| project.join(&name));
        let found = files.filter_map(|path| Some((modified(&path)?, path)));
        // One that was carried to another project goes on there.
        found.max().map(|(_, path)| path)
    }

    fn open_file(&self) -> Option<PathBuf> {
        let sessions = self.folder.join("sessions");
        let processes = processes::below(self.pid);
        let open = processes.iter().flat_map(|process| {
            let descriptors = entries(Path::new(&format!("/proc/{}/fd", process.pid)));
            descriptors.filter_map(|descriptor| fs::read_link(descriptor).ok())
        });
        let is_transcript = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            let is_named = name.is_some_and(|name| {
                name.starts_with("rollout-")
                    && Path::new(name).extension() == Some("jsonl".as_ref())
            });
            is_named && path.starts_with(&sessions)
        };
        let found = open.filter(is_transcript);
        found
            .filter_map(|path| Some((modified(&path)?, path)))
            .max()
            .map(|(_, path)| path)
    }

    fn of_project(&self) -> Option<PathBuf> {
        let cwd = fs::read_link(format!("/proc/{}/cwd", self.pid)).ok()?;
        let hash = HEXLOWER.encode(&Sha256::digest(cwd.to_str()?.as_bytes()));
        let started = started_at(self.started?)?;
        let projects = entries(&self.folder.join("tmp"));
        let files = projects.flat_map(|project| entries(&project.join("chats")));
        let is_own = |path: &PathBuf| {
            modified(path).is_some_and(|at| at >= started)
                && head(path).is_some_and(|head| head.contains(&hash))
        };
        let mut found = files.filter(is_own);
        let first = found.next();
        // Of two nobody knows which one it is.
        first.filter(|_| found.next().is_none())
    }
}

fn is_id(session: &str) -> bool {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || one == '-';
    !session.is_empty() && session.len() <= 64 && session.chars().all(is_plain)
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.take(MOST_ENTRIES).map(|entry| entry.path())
}

fn modified(path: &Path) -> Option<SystemTime> {
    let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    found.modified().ok()
}

/// What a transcript says of itself at its beginning: in its first line, or before its messages if it is one value.
fn head(path: &Path) -> Option<String> {
    let mut start = Vec::new();
    let file = File::open(path).ok()?;
    file.take(HEAD).read_to_end(&mut start).ok()?;
    let start = String::from_utf8_lossy(&start);
    let end = match start.starts_with("{\n") {
        true => start.find("\"messages\""),
        false => start.find('\n'),
    };
    Some(start[..end.unwrap_or(start.len())].to_owned())
}

/// The time of a number of ticks since the machine was started, by its clock as it is now.
fn started_at(ticks: u64) -> Option<SystemTime> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let boot = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    let boot = Duration::from_secs(boot.trim().parse().ok()?);
    UNIX_EPOCH
        .checked_add(boot)?
        .checked_add(Duration::from_secs(ticks / TICKS))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn search(form: TranscriptForm, folder: &Path, session: Option<&str>) -> Search {
        Search {
            pane: PaneId(1),
            number: 1,
            form,
            folder: folder.to_owned(),
            pid: std::process::id(),
            started: Some(0),
            session: session.map(str::to_owned),
        }
    }

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn claude_is_tied_by_its_session() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("projects/-home-me/a-1.jsonl");
        write(&path, "");
        write(&temp.path().join("projects/-home-me/a-2.jsonl"), "");
        let find = |session| search(TranscriptForm::Claude, temp.path(), session).find();
        assert_eq!(find(Some("a-1")), Some(path));
        for none in [None, Some("a-3"), Some("../a-1"), Some("")] {
            assert_eq!(find(none), None, "{none:?}");
        }
    }

    #[test]
    fn codex_is_tied_by_the_file_that_it_has_open() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().canonicalize().unwrap();
        let path = folder.join("sessions/2026/11/30/rollout-1.jsonl");
        write(&path, "");
        let find = || search(TranscriptForm::Codex, &folder, None).find();
        assert_eq!(find(), None);
        let file = File::open(&path).unwrap();
        assert_eq!(find(), Some(path));
        drop(file);
    }

    #[test]
    fn gemini_is_tied_by_its_project_unless_there_are_two() {
        let temp = tempfile::tempdir().unwrap();
        let cwd = std::env::current_dir().unwrap();
        let hash = HEXLOWER.encode(&Sha256::digest(cwd.to_str().unwrap().as_bytes()));
        let chats = temp.path().join("tmp/work/chats");
        write(
            &chats.join("session-1.jsonl"),
            &format!("{{\"projectHash\":\"{hash}\"}}\n"),
        );
        write(&chats.join("session-2.jsonl"), "{\"projectHash\":\"0\"}\n");
        let find = || search(TranscriptForm::Gemini, temp.path(), None).find();
        assert_eq!(find(), Some(chats.join("session-1.jsonl")));
        fs::remove_file(chats.join("session-1.jsonl")).unwrap();
        write(
            &chats.join("session-0.json"),
            &format!(
                "{{\n  \"sessionId\": \"0\",\n  \"projectHash\": \"{hash}\",\n  \"messages\": []\n}}"
            ),
        );
        assert_eq!(find(), Some(chats.join("session-0.json")));
        write(
            &chats.join("session-3.jsonl"),
            &format!("{{\"projectHash\":\"{hash}\"}}\n"),
        );
        assert_eq!(find(), None);
    }
}
