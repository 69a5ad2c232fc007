//! Settings under the names that they had in the specification before muxwire, so that a file written for it is read as it stands.

use std::path::PathBuf;

use crate::config::file::FileEntry;
use crate::config::kind::Raw;
use crate::config::reading::{Problem, Source};

/// What a former setting is now.
#[derive(Debug, Clone, Copy)]
enum Now {
    /// Another name for the same.
    Named(&'static str),
    /// Nothing, and why.
    Nothing(&'static str),
    /// Whether the certificate and the key are used that are named under their former names.
    Tls,
}

const AT_ONCE: &str = "each event is sent at once, and what a slow client has not read yet is bounded by performance.queue_events";
const CERTIFICATE: &str = "security.tls_cert";
const KEY: &str = "security.tls_key";

const FORMER: [(&str, Now); 8] = [
    ("security.tls_enabled", Now::Tls),
    (CERTIFICATE, Now::Named("tls.certificate")),
    (KEY, Now::Named("tls.key")),
    (
        "performance.poll_interval_ms",
        Now::Nothing("nothing is polled: tmux reports what changes when it changes"),
    ),
    ("performance.event_batch_size", Now::Nothing(AT_ONCE)),
    ("performance.event_batch_timeout_ms", Now::Nothing(AT_ONCE)),
    (
        "performance.max_event_queue_size",
        Now::Named("performance.queue_events"),
    ),
    (
        "monitoring.metrics_enabled",
        Now::Named("monitoring.metrics"),
    ),
];

/// What the entries of a file are under the names of today.
#[derive(Debug, Default)]
pub(in crate::config) struct Translated {
    pub(in crate::config) entries: Vec<FileEntry>,
    /// What the user should know, with the lines where it stands.
    pub(in crate::config) notes: Vec<String>,
    pub(in crate::config) problems: Vec<Problem>,
}

/// Gives settings their names of today. What stands under one of these in the same file counts for more.
pub(in crate::config) fn translate(path: &PathBuf, entries: Vec<FileEntry>) -> Translated {
    let mut translated = Translated::default();
    let tls = entries
        .iter()
        .find(|entry| entry.name == "security.tls_enabled");
    let tls = tls.map(|entry| (entry.raw.clone(), entry.line));
    let has_tls = entries
        .iter()
        .any(|entry| entry.name == CERTIFICATE && !is_nothing(&entry.raw));
    let is_off = matches!(tls, Some((Raw::Boolean(false), _)));
    let (former, today): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|entry| FORMER.iter().any(|(name, _)| *name == entry.name));
    for FileEntry { name, raw, line } in former {
        let Some((former, now)) = FORMER.iter().find(|(former, _)| *former == name) else {
            continue;
        };
        let origin = Source::File(path.clone(), line);
        let is_of_tls = [CERTIFICATE, KEY].contains(former);
        match *now {
            Now::Nothing(reason) => {
                let note = format!("{origin}: {former} has no meaning here: {reason}");
                translated.notes.push(note);
            }
            Now::Tls => translated.tls(&raw, (path, line), has_tls),
            Now::Named(_) if is_nothing(&raw) => {}
            Now::Named(_) if is_of_tls && is_off => {
                let note =
                    format!("{origin}: {former} is not used while security.tls_enabled is false");
                translated.notes.push(note);
            }
            Now::Named(today) => {
                translated.now(&origin, former, today);
                translated.entries.push(FileEntry {
                    name: today.to_owned(),
                    raw,
                    line,
                });
            }
        }
    }
    translated.entries.extend(today);
    translated
}

impl Translated {
    fn now(&mut self, origin: &Source, former: &str, today: &str) {
        self.notes
            .push(format!("{origin}: {former} is called {today} now"));
    }

    fn tls(&mut self, raw: &Raw, (path, line): (&PathBuf, usize), has_tls: bool) {
        let reason = match raw {
            Raw::Boolean(true) if !has_tls => {
                "security.tls_cert and security.tls_key, now tls.certificate and tls.key, name no files"
            }
            Raw::Boolean(_) => return,
            _ => "it must be true or false",
        };
        self.problems.push(Problem::Value {
            origin: Source::File(path.clone(), line),
            name: "security.tls_enabled",
            value: raw.to_string(),
            reason: reason.to_owned(),
        });
    }
}

fn is_nothing(raw: &Raw) -> bool {
    *raw == Raw::Other("nothing")
}
