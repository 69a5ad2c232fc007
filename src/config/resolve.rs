//! Putting the layers over each other: flags over variables over the file over defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::config::environment::{Environment, FILE_VARIABLE, PREFIX};
use crate::config::file::{self, FileEntry};
use crate::config::former;
use crate::config::input::{Inputs, OTHER_VARIABLES};
use crate::config::kind::Raw;
use crate::config::reading::{Problem, Reading, Setting, Source};
use crate::config::table::{self, Config};
use crate::nearest::{most_like, nearest};

/// All settings, typed, and where each comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The settings.
    pub config: Config,
    /// One for every row of the table, in its order.
    pub settings: Vec<Setting>,
    /// What the user should know of the file, with the line where it stands.
    pub notes: Vec<String>,
}

/// The configuration is wrong: every mistake that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// Reads all layers.
///
/// # Errors
/// Every mistake, not only the first.
pub fn resolve(inputs: &Inputs) -> Result<Resolved, ConfigError> {
    let mut layers = Layers::default();
    layers.add_file(inputs);
    layers.add_variables(&inputs.environment);
    for flag in &inputs.flags {
        layers.add(
            flag.setting,
            Raw::Word(flag.value.clone()),
            Source::Flag(flag.flag),
        );
    }
    let Layers {
        values,
        problems,
        notes,
    } = layers;
    let mut reading = Reading {
        values,
        problems,
        settings: Vec::new(),
        environment: &inputs.environment,
    };
    match table::read(&mut reading) {
        Some(config) if reading.problems.is_empty() => Ok(Resolved {
            config,
            settings: reading.settings,
            notes,
        }),
        _ => Err(ConfigError(reading.problems)),
    }
}

/// The values that the layers gave, the strongest of each setting.
#[derive(Default)]
struct Layers {
    values: BTreeMap<String, (Raw, Source)>,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

impl Layers {
    fn add(&mut self, name: &str, raw: Raw, source: Source) {
        let rows = table::rows();
        if rows.iter().any(|row| row.name == name) {
            self.values.insert(name.to_owned(), (raw, source));
            return;
        }
        let nearest = near(name, rows.iter().map(|row| row.name));
        self.problems.push(Problem::Unknown {
            origin: source,
            name: name.to_owned(),
            nearest: nearest.into(),
        });
    }

    fn add_file(&mut self, inputs: &Inputs) {
        let environment = &inputs.environment;
        let named = inputs.file.clone().or_else(|| environment.file());
        let found = named.map_or_else(
            || file::find(&environment.config_folders()),
            |path| Ok(Some(path)),
        );
        let read = found.and_then(|path| match path {
            Some(path) => file::read(&path).map(|entries| (path, entries)),
            None => Ok((PathBuf::new(), Vec::new())),
        });
        match read {
            Ok((path, entries)) => {
                let translated = former::translate(&path, entries);
                self.notes.extend(translated.notes);
                self.problems.extend(translated.problems);
                // In YAML, a key without a value says that nothing is set.
                let is_set = |entry: &FileEntry| entry.raw != Raw::NOTHING;
                for entry in translated.entries.into_iter().filter(is_set) {
                    self.add(
                        &entry.name,
                        entry.raw,
                        Source::File(path.clone(), entry.line),
                    );
                }
            }
            Err(problem) => self.problems.push(problem.into()),
        }
    }

    fn add_variables(&mut self, environment: &Environment) {
        let rows = table::rows();
        for (variable, value) in environment.ours() {
            if variable == FILE_VARIABLE || OTHER_VARIABLES.contains(&variable.as_str()) {
                continue;
            }
            let row = rows.iter().find(|row| row.variable() == variable);
            match (row, value) {
                (Some(row), Some(value)) => {
                    self.add(row.name, Raw::Word(value), Source::Variable(variable));
                }
                (Some(_), None) => self.problems.push(Problem::NotUnicode(variable)),
                (None, _) => {
                    let nearest = near_variable(&variable);
                    let nearest = nearest.as_deref().into();
                    let origin = Source::Variable(variable.clone());
                    self.problems.push(Problem::Unknown {
                        origin,
                        name: variable,
                        nearest,
                    });
                }
            }
        }
    }
}

/// The setting or variable that was probably meant, if one is near.
fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let found = most_like(name, known)?;
    let parts = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let (last, other) = (parts(name), parts(found));
    let is_part = last.len() >= 3 && other.contains(&last);
    (is_part || nearest(name, [found]).is_some() || nearest(&last, [&*other]).is_some())
        .then_some(found)
}

/// The variable that was probably meant. All begin alike, so they are compared as the settings that they are for.
fn near_variable(variable: &str) -> Option<String> {
    let bare = variable.strip_prefix(PREFIX)?.to_lowercase();
    if nearest(&bare, ["config"]).is_some() {
        return Some(FILE_VARIABLE.to_owned());
    }
    let name = bare.replacen('_', ".", 1);
    let rows = table::rows();
    let found =
        former::name_of_today(&name).or_else(|| near(&name, rows.iter().map(|row| row.name)));
    rows.iter()
        .find(|row| Some(row.name) == found)
        .map(table::Row::variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_that_was_meant() {
        let rows = [
            ("server.prot", "server.port"),
            ("port", "server.port"),
            ("sever.port", "server.port"),
            ("server.debounce", "performance.debounce"),
            ("monitoring.log-level", "monitoring.log_level"),
            ("monitoring.loglevel", "monitoring.log_level"),
            ("security.auth", "security.require_auth"),
            ("server.statedir", "server.state_dir"),
            ("performance.history", "performance.history_age"),
        ];
        for (given, expected) in rows {
            let found = near(given, table::rows().into_iter().map(|row| row.name));
            assert_eq!(found, Some(expected), "{given}");
        }
    }

    #[test]
    fn regression_the_nearest_variable_is_near_by_more_than_its_beginning() {
        let rows = [
            ("MUXWIRE_SERVR_PORT", Some("MUXWIRE_SERVER_PORT")),
            ("MUXWIRE_PORT", Some("MUXWIRE_SERVER_PORT")),
            ("MUXWIRE_SERVER_STATEDIR", Some("MUXWIRE_SERVER_STATE_DIR")),
            ("MUXWIRE_CONFIGS", Some(FILE_VARIABLE)),
            ("MUXWIRE_SECURITY_TLS_CERT", Some("MUXWIRE_TLS_CERTIFICATE")),
            ("MUXWIRE_PERFORMANCE_POLL_INTERVAL_MS", None),
            ("MUXWIRE_X", None),
        ];
        for (given, expected) in rows {
            assert_eq!(near_variable(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn nothing_is_named_that_is_not_near() {
        for given in [
            "security.cipher",
            "tmux.refresh",
            "server.workers",
            "x",
            "security.tls_version",
        ] {
            let found = near(given, table::rows().into_iter().map(|row| row.name));
            assert_eq!(found, None, "{given}");
        }
    }
}
