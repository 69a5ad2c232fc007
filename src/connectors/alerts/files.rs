//! The rules and sinks in force: those that are built in, and what the files beside the configuration's change and add.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use crate::alert::{AlertConfig, AlertFileError, LONGEST_FILE};
use crate::file_watch::{Complaint, FileWatch, Timing, blocking, read_text};

/// The file beside the configuration's.
const FILE: &str = "alerts.toml";

/// Why rules and sinks can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AlertFilesError {
    /// A file can't be read.
    #[error("{}: can't be read: {error}; make it readable for muxwire, or remove it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What a file says can't be used.
    #[error(transparent)]
    Form(#[from] AlertFileError),
}

/// The files, a watch over them, and who is told.
#[derive(Debug)]
pub struct AlertFiles {
    folders: Vec<PathBuf>,
    watch: FileWatch,
    complaint: Complaint,
    in_force: watch::Sender<Arc<AlertConfig>>,
}

impl AlertFiles {
    /// What these folders of the configuration hold now; those that count more stand behind the others.
    ///
    /// # Errors
    /// A file can't be read or used.
    pub fn load(folders: &[PathBuf]) -> Result<AlertConfig, AlertFilesError> {
        let mut texts = Vec::new();
        for path in paths(folders) {
            let failed = |error| AlertFilesError::Read {
                path: path.clone(),
                error,
            };
            // One that is too long is refused by that name below.
            if let Some(text) = read_text(&path, LONGEST_FILE).map_err(failed)? {
                texts.push((path.display().to_string(), text));
            }
        }
        let files: Vec<(&str, &str)> = texts
            .iter()
            .map(|(path, text)| (&**path, &**text))
            .collect();
        Ok(AlertConfig::with(&files)?)
    }

    /// Begins to watch these folders of the configuration. What can't be used is told in the log, and what is built in
    /// remains.
    ///
    /// # Errors
    /// What is built in can't be used.
    pub async fn start(
        folders: Vec<PathBuf>,
    ) -> Result<(Self, watch::Receiver<Arc<AlertConfig>>), AlertFilesError> {
        let watched = paths(&folders);
        let watch = blocking(move || FileWatch::new(watched, Timing::FILES)).await;
        let (in_force, receiver) = watch::channel(Arc::new(AlertConfig::with(&[])?));
        let mut files = Self {
            folders,
            watch,
            complaint: Complaint::default(),
            in_force,
        };
        files.read().await;
        Ok((files, receiver))
    }

    /// Puts in force what the files come to say. Files that can't be used leave in force what was.
    pub async fn run(mut self) {
        while !self.in_force.is_closed() {
            self.watch.changed().await;
            self.read().await;
        }
    }

    async fn read(&mut self) {
        let folders = self.folders.clone();
        match blocking(move || Self::load(&folders)).await {
            Ok(config) => {
                self.complaint.clear();
                let replaced = self.in_force.send_if_modified(|known| {
                    let is_new = **known != config;
                    if is_new {
                        *known = Arc::new(config);
                    }
                    is_new
                });
                if replaced {
                    tracing::info!("the rules and sinks for alerts changed");
                }
            }
            Err(error) => {
                if self.complaint.is_new(&error) {
                    tracing::error!(%error, "rules and sinks for alerts can't be used: those before stay in force");
                }
            }
        }
    }
}

fn paths(folders: &[PathBuf]) -> Vec<PathBuf> {
    folders.iter().map(|folder| folder.join(FILE)).collect()
}
