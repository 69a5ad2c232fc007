//! The variables of a process, and where files and folders are by convention.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Variables of this prefix are ours, so a misspelt one is an error.
pub(in crate::config) const PREFIX: &str = "MUXWIRE_";
/// The variable that names the file, as `--config` does.
pub(in crate::config) const FILE_VARIABLE: &str = "MUXWIRE_CONFIG";

/// Neither the home directory nor the folder that was asked for is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("your home directory is not known: set HOME to it, or give an absolute path")]
pub struct NoHome;

/// The variables of a process, and what the system says of the machine. Tests make their own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    host_name: String,
    system_folder: PathBuf,
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let host_name = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        Self::new(env::vars_os(), &host_name, "/etc/muxwire")
    }

    /// One that is made up.
    #[must_use]
    pub fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        host_name: &str,
        system_folder: impl Into<PathBuf>,
    ) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            host_name: host_name.to_owned(),
            system_folder: system_folder.into(),
        }
    }

    /// The variables of [`PREFIX`]; names and values that are no text are shown as well as they can be.
    pub(in crate::config) fn ours(&self) -> impl Iterator<Item = (String, Option<String>)> {
        self.variables.iter().filter_map(|(name, value)| {
            let name = name.to_string_lossy();
            name.starts_with(PREFIX)
                .then(|| (name.into_owned(), value.to_str().map(str::to_owned)))
        })
    }

    /// The file that [`FILE_VARIABLE`] names.
    pub(in crate::config) fn file(&self) -> Option<PathBuf> {
        self.variables
            .get(&OsString::from(FILE_VARIABLE))
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    }

    /// The folders in which a file is looked for, in this order.
    pub(in crate::config) fn config_folders(&self) -> Vec<PathBuf> {
        let own = self
            .folder("XDG_CONFIG_HOME", ".config")
            .map(|folder| folder.join("muxwire"));
        own.into_iter()
            .chain([self.system_folder.clone()])
            .collect()
    }

    pub(in crate::config) fn home(&self) -> Result<PathBuf, NoHome> {
        self.absolute("HOME").ok_or(NoHome)
    }

    pub(in crate::config) fn state_home(&self) -> Result<PathBuf, NoHome> {
        self.folder("XDG_STATE_HOME", ".local/state")
    }

    /// The folder of this session's sockets. It has no place by default.
    pub(in crate::config) fn runtime_folder(&self) -> Option<PathBuf> {
        self.absolute("XDG_RUNTIME_DIR")
    }

    pub(in crate::config) fn host_name(&self) -> &str {
        &self.host_name
    }

    /// A folder of the XDG base directories. A relative one is to be ignored, says their specification.
    fn folder(&self, variable: &str, below_home: &str) -> Result<PathBuf, NoHome> {
        self.absolute(variable)
            .map_or_else(|| Ok(self.home()?.join(below_home)), Ok)
    }

    fn absolute(&self, variable: &str) -> Option<PathBuf> {
        let value = self.variables.get(&OsString::from(variable))?;
        Some(Path::new(value))
            .filter(|path| path.is_absolute())
            .map(Path::to_owned)
    }
}
