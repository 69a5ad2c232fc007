//! Seeing changes of the configuration's file while the server runs.
//!
//! What can be changed then is: the log's level. For the rest the log says that it waits for the next start. A file that
//! can't be used changes nothing, and the log says why.

use crate::config::{self, ConfigError, Inputs, Resolved, Setting};
use crate::file_watch::{FileWatch, Timing};
use crate::logging;

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
    watch: FileWatch,
}

impl ConfigWatch {
    /// Watches the file, or the places where one may come to be.
    pub(super) fn start(inputs: Inputs, resolved: Resolved) -> Self {
        let watch = FileWatch::new(inputs.files(), Timing::FILES);
        Self {
            inputs,
            started: resolved.settings.clone(),
            last: Ok(resolved.settings),
            watch,
        }
    }

    /// Puts each change in force as far as it can be, for ever. Dropping the future ends the watch.
    pub(super) async fn run(mut self) {
        loop {
            self.watch.changed().await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Raw, Source};

    #[test]
    fn what_waits_for_the_next_start_is_logged_by_name() {
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
