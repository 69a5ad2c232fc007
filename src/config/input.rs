//! What the settings are read from: flags, files and variables.

use std::path::PathBuf;

use crate::config::environment::Environment;
use crate::config::file;

/// Variables of the prefix that are no settings: the token and the server of `watch`, the mark of our own tmux clients,
/// and where tests look for other versions of tmux.
pub(in crate::config) const OTHER_VARIABLES: [&str; 4] = [
    "MUXWIRE_TOKEN",
    "MUXWIRE_URL",
    "MUXWIRE_LINK",
    "MUXWIRE_TMUX_DIR",
];

/// A setting that was given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The flag as it is typed: `--listen`.
    pub flag: &'static str,
    /// The setting: `server.port`.
    pub setting: &'static str,
    /// Its value.
    pub value: String,
}

/// All that the settings depend on.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// From the command line.
    pub flags: Vec<Flag>,
    /// The file of `--config`.
    pub file: Option<PathBuf>,
    /// The process's surroundings.
    pub environment: Environment,
}

impl Inputs {
    /// The files that the settings are read from, or would be if they were there.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let named = self.file.clone().or_else(|| self.environment.file());
        let files = named.map_or_else(
            || file::places(&self.environment.config_folders()),
            |file| vec![file],
        );
        let absolute = |file: PathBuf| std::path::absolute(&file).unwrap_or(file);
        files.into_iter().map(absolute).collect()
    }

    /// The folders of these files, those that count more behind the others.
    #[must_use]
    pub fn folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for folder in self.files().iter().rev().filter_map(|file| file.parent()) {
            if folders.last().is_none_or(|last| last != folder) {
                folders.push(folder.to_owned());
            }
        }
        folders
    }
}
