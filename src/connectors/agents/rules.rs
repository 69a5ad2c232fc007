//! The rules in force: those that are built in, and what the files in the configuration's folders change and add.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::agent::{LONGEST_FILE, MOST_AGENTS, RuleFileError, RuleSet};
use crate::file_watch::{Complaint, FileWatch, Timing, WholeFolder, blocking};

/// The folder of rule files beside the configuration's file.
const FOLDER: &str = "agents";

/// How the names of rule files end, behind the dot.
const EXTENSION: &str = "toml";

/// Why rules can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file can't be read.
    #[error("{}: can't be read: {error}; make it readable for muxwire, or remove it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is too long.
    #[error("{}: it is longer than {LONGEST_FILE} bytes; put its agents into files of their own", .0.display())]
    Long(PathBuf),
    /// There are too many.
    #[error("{}: there are more than {MOST_AGENTS} rule files; remove those of agents that are not used", .0.display())]
    Many(PathBuf),
    /// A file is no rule file.
    #[error(transparent)]
    Form(#[from] RuleFileError),
}

/// The rule files, and a watch over them.
#[derive(Debug)]
pub(super) struct RuleFiles {
    /// The folders of the configuration, those that count more behind the others.
    folders: Vec<PathBuf>,
    watched: BTreeSet<PathBuf>,
    watch: FileWatch,
    texts: Vec<(String, String)>,
    complaint: Complaint,
}

impl RuleFiles {
    /// The rules now. What can't be used is told in the log, and those that are built in remain.
    pub(super) async fn start(folders: Vec<PathBuf>) -> Result<(Self, Arc<RuleSet>), RulesError> {
        let folders: Vec<PathBuf> = folders.iter().map(|folder| folder.join(FOLDER)).collect();
        let built_in = blocking(RuleSet::built_in).await?;
        let watched = files_in(&folders).await;
        let watch = watch(&folders, &watched).await;
        let mut complaint = Complaint::default();
        let (texts, rules) = match load(&folders).await {
            Ok((texts, rules)) => (texts, rules),
            Err(error) => {
                complain(&mut complaint, &error);
                (Vec::new(), built_in)
            }
        };
        let files = Self {
            folders,
            watched,
            watch,
            texts,
            complaint,
        };
        Ok((files, Arc::new(rules)))
    }

    /// Waits until other rules are in force. Broken files leave those that are.
    pub(super) async fn changed(&mut self) -> Arc<RuleSet> {
        loop {
            self.watch.changed().await;
            let loaded = load(&self.folders).await;
            let (texts, rules) = match loaded {
                Ok(loaded) => loaded,
                Err(error) => {
                    complain(&mut self.complaint, &error);
                    continue;
                }
            };
            self.complaint.clear();
            let files = files_in(&self.folders).await;
            if files != self.watched {
                self.watch = watch(&self.folders, &files).await;
                self.watched = files;
            }
            if texts != self.texts {
                tracing::info!(files = texts.len(), "the rules for agents changed");
                self.texts = texts;
                return Arc::new(rules);
            }
        }
    }
}

/// The rules that are built in, with those of the files in these folders of the configuration.
///
/// # Errors
/// A file can't be used.
pub async fn load_rules(folders: Vec<PathBuf>) -> Result<RuleSet, RulesError> {
    let folders: Vec<PathBuf> = folders.iter().map(|folder| folder.join(FOLDER)).collect();
    let (_, rules) = load(&folders).await?;
    Ok(rules)
}

fn complain(complaint: &mut Complaint, error: &RulesError) {
    if complaint.is_new(error) {
        tracing::error!(%error, "rules for agents can't be used: those before stay in force");
    }
}

async fn watch(folders: &[PathBuf], files: &BTreeSet<PathBuf>) -> FileWatch {
    let whole = |path: &PathBuf| WholeFolder {
        path: path.clone(),
        extension: EXTENSION,
    };
    let folders = folders.iter().map(whole).collect();
    let files = files.iter().cloned().collect();
    blocking(move || FileWatch::with_folders(files, folders, Timing::FILES)).await
}

/// The files that there are. They are watched beside their folders, since one that is a link may change where it leads to.
async fn files_in(folders: &[PathBuf]) -> BTreeSet<PathBuf> {
    let folders = folders.to_vec();
    let there = move || {
        let listed = folders.iter().map(|folder| list(folder));
        listed.flat_map(Result::unwrap_or_default).collect()
    };
    blocking(there).await
}

type Texts = Vec<(String, String)>;

/// All rule files and the rules that they make.
async fn load(folders: &[PathBuf]) -> Result<(Texts, RuleSet), RulesError> {
    let folders = folders.to_vec();
    blocking(move || {
        let mut texts = Vec::new();
        for folder in &folders {
            for path in list(folder)? {
                if texts.len() == MOST_AGENTS {
                    return Err(RulesError::Many(folder.clone()));
                }
                let text = read(&path)?;
                texts.push((path.display().to_string(), text));
            }
        }
        let files: Vec<(&str, &str)> = texts
            .iter()
            .map(|(path, text)| (&**path, &**text))
            .collect();
        let rules = RuleSet::with(&files)?;
        Ok((texts, rules))
    })
    .await
}

/// The rule files in a folder, in the order of their names; none if there is no folder.
fn list(folder: &Path) -> Result<Vec<PathBuf>, RulesError> {
    let failed = |error| RulesError::Read {
        path: folder.to_owned(),
        error,
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == EXTENSION)
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, RulesError> {
    let failed = |error| RulesError::Read {
        path: path.to_owned(),
        error,
    };
    let mut text = String::new();
    let limit = LONGEST_FILE as u64 + 1;
    let file = File::open(path).map_err(failed)?;
    file.take(limit).read_to_string(&mut text).map_err(failed)?;
    if text.len() > LONGEST_FILE {
        return Err(RulesError::Long(path.to_owned()));
    }
    Ok(text)
}
