//! Seeing changes of the configuration's file while the server runs.
//!
//! What can be changed then is: the log's level. For the rest the log says that it waits for the next start. A file that
//! can't be used changes nothing, and the log says why.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use crate::config::{self, ConfigError, Inputs, Resolved, Setting};
use crate::logging;

/// How long to wait after a change for what belongs to it: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(100);

/// The one setting that counts at once.
const LOG_LEVEL: &str = "monitoring.log_level";

/// A watch over the configuration's file, as long as [`ConfigWatch::run`] runs.
#[derive(Debug)]
pub(super) struct ConfigWatch {
    inputs: Inputs,
    /// What was in force when the server started.
    started: Vec<Setting>,
    /// What was read last, if it could be.
    last: Result<Vec<Setting>, ConfigError>,
    changes: Arc<Notify>,
    _watcher: RecommendedWatcher,
}

impl ConfigWatch {
    /// Watches the folders in which the file is or may come to be; `None` if the system can't report changes.
    pub(super) fn start(inputs: Inputs, resolved: Resolved) -> Option<Self> {
        let changes = Arc::new(Notify::new());
        let files = inputs.files();
        let watcher = watch(files, Arc::clone(&changes));
        let watcher = watcher
            .inspect_err(
                |error| tracing::warn!(%error, "changes of the configuration are not seen"),
            )
            .ok()?;
        Some(Self {
            inputs,
            started: resolved.settings.clone(),
            last: Ok(resolved.settings),
            changes,
            _watcher: watcher,
        })
    }

    /// Puts each change in force as far as it can be, for ever. Dropping the future ends the watch.
    pub(super) async fn run(mut self) {
        loop {
            self.changes.notified().await;
            tokio::time::sleep(SETTLE).await;
            self.read_again();
        }
    }

    fn read_again(&mut self) {
        let read = config::resolve(&self.inputs);
        let settings = read.as_ref().map(|resolved| resolved.settings.clone());
        let settings = settings.map_err(Clone::clone);
        if settings == self.last {
            return;
        }
        match read {
            Ok(resolved) => self.put_in_force(&resolved),
            Err(error) => tracing::error!(
                %error,
                "the configuration can't be used: what was in force before stays"
            ),
        }
        self.last = settings;
    }

    fn put_in_force(&self, resolved: &Resolved) {
        let level = &resolved.config.monitoring.log_level;
        match logging::change(level) {
            Ok(false) => {}
            Ok(true) => tracing::info!(level, "the configuration changed: {LOG_LEVEL}"),
            Err(error) => tracing::error!(%error, "the log's level stays what it was"),
        }
        let waiting = waiting(&self.started, &resolved.settings);
        if !waiting.is_empty() {
            tracing::warn!(
                "the configuration changed, but these settings wait for the next start: {}",
                waiting.join(", ")
            );
        }
    }
}

/// The settings that differ from what was in force at the start and can't be changed since.
fn waiting(started: &[Setting], read: &[Setting]) -> Vec<&'static str> {
    let pairs = started.iter().zip(read);
    pairs
        .filter(|(started, read)| started.value != read.value && read.name != LOG_LEVEL)
        .map(|(_, read)| read.name)
        .collect()
}

fn watch(files: Vec<PathBuf>, changes: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let folders: Vec<PathBuf> = files
        .iter()
        .filter_map(|file| file.parent())
        .filter(|folder| folder.is_dir())
        .map(PathBuf::from)
        .collect();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.map_or(true, |event| may_matter(&event, &files)) {
            changes.notify_one();
        }
    })?;
    for folder in folders {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// Whether one of the files may have changed; mere reading is no change.
fn may_matter(event: &Event, files: &[PathBuf]) -> bool {
    let reading = matches!(event.kind, EventKind::Access(kind) if !is_end_of_writing(kind));
    !reading && (event.need_rescan() || event.paths.iter().any(|path| files.contains(path)))
}

fn is_end_of_writing(kind: notify::event::AccessKind) -> bool {
    use notify::event::{AccessKind, AccessMode};
    kind == AccessKind::Close(AccessMode::Write)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Raw, Source};

    #[test]
    fn what_waits_for_the_next_start_is_told_by_name() {
        let setting = |name, value: &str| Setting {
            name,
            value: Raw::Text(value.to_owned()),
            source: Source::Default,
        };
        let started = [setting("server.port", "1"), setting(LOG_LEVEL, "info")];
        let rows = [
            ("1", "info", vec![]),
            ("1", "debug", vec![]),
            ("2", "debug", vec!["server.port"]),
        ];
        for (port, level, expected) in rows {
            let read = [setting("server.port", port), setting(LOG_LEVEL, level)];
            assert_eq!(waiting(&started, &read), expected, "{port} {level}");
        }
    }
}
