//! Settings under the names that they had in the specification before muxwire, so that a file written for it is read as it stands.

use std::path::Path;

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
const ENABLED: &str = "security.tls_enabled";
const CERTIFICATE: &str = "security.tls_cert";
const KEY: &str = "security.tls_key";

const FORMER: [(&str, Now); 8] = [
    (ENABLED, Now::Tls),
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

/// What a setting is called today, if it only has another name.
pub(in crate::config) fn name_of_today(former: &str) -> Option<&'static str> {
    let (_, now) = FORMER.iter().find(|(name, _)| *name == former)?;
    match now {
        Now::Named(today) => Some(today),
        Now::Tls | Now::Nothing(_) => None,
    }
}

/// Gives settings their names of today. What stands under one of these in the same file counts for more.
pub(in crate::config) fn translate(path: &Path, entries: Vec<FileEntry>) -> Translated {
    let mut translated = Translated::default();
    let has = |name: &str, is: &dyn Fn(&Raw) -> bool| {
        let mut found = entries.iter().filter(|entry| entry.name == name);
        found.any(|entry| is(&entry.raw))
    };
    let has_certificate = has(CERTIFICATE, &|raw| *raw != Raw::NOTHING);
    let is_off = has(ENABLED, &|raw| *raw == Raw::Boolean(false));
    let mut today = Vec::new();
    for entry in entries {
        let Some((former, now)) = FORMER.iter().find(|(former, _)| *former == entry.name) else {
            today.push(entry);
            continue;
        };
        let FileEntry { raw, line, .. } = entry;
        let origin = Source::File(path.to_owned(), line);
        match *now {
            Now::Nothing(reason) => {
                let note = format!("{origin}: {former} has no meaning here: {reason}");
                translated.notes.push(note);
            }
            Now::Tls => translated.tls(&raw, origin, has_certificate),
            Now::Named(_) if raw == Raw::NOTHING => {}
            Now::Named(_) if is_off && [CERTIFICATE, KEY].contains(former) => {
                let note = format!("{origin}: {former} is not used while {ENABLED} is false");
                translated.notes.push(note);
            }
            Now::Named(now) => {
                let note = format!("{origin}: {former} is called {now} now");
                translated.notes.push(note);
                translated.entries.push(FileEntry {
                    name: now.to_owned(),
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
    fn tls(&mut self, raw: &Raw, origin: Source, has_certificate: bool) {
        let reason = match raw {
            Raw::Boolean(true) if !has_certificate => {
                "security.tls_cert and security.tls_key, now tls.certificate and tls.key, name no files"
            }
            Raw::Boolean(_) => return,
            _ => "it must be true or false",
        };
        self.problems.push(Problem::Value {
            origin,
            name: ENABLED,
            value: raw.to_string(),
            reason: reason.to_owned(),
        });
    }
}
