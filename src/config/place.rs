//! The kind of settings that name a file, or none.

use std::path::PathBuf;

use crate::config::environment::Environment;
use crate::config::kind::{Directory, Kind, Raw, Refusal};

/// A file's path, or nothing. `~/`, `$XDG_STATE_HOME/` and `$XDG_RUNTIME_DIR/` at its beginning stand for the user's own
/// folders.
pub(in crate::config) struct File;

impl Kind for File {
    type Value = Option<PathBuf>;

    fn expected(&self) -> String {
        "an absolute path, which may begin with ~/, $XDG_STATE_HOME/ or $XDG_RUNTIME_DIR/, or empty for none"
            .to_owned()
    }

    fn read(&self, raw: &Raw, environment: &Environment) -> Result<Self::Value, Refusal> {
        let text = raw.text().ok_or(Refusal::NotExpected)?;
        if text.is_empty() {
            return Ok(None);
        }
        if text.ends_with('/') {
            return Err(Refusal::Because(
                "a file's path has no / at its end".to_owned(),
            ));
        }
        let runtime = text.strip_prefix("$XDG_RUNTIME_DIR/");
        let path = match runtime {
            Some(rest) => environment
                .runtime_folder()
                .map(|folder| folder.join(rest))
                .ok_or_else(|| {
                    Refusal::Because("XDG_RUNTIME_DIR is not set: give an absolute path".to_owned())
                }),
            None => Directory.read(raw, environment),
        };
        path.map(Some)
    }

    fn show(&self, value: &Self::Value) -> Raw {
        Raw::Text(
            value
                .as_ref()
                .map_or_else(String::new, |path| path.display().to_string()),
        )
    }
}
