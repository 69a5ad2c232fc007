//! Files that the monitor writes.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::printable::escaped;

/// Writes a file that is not there yet, whole or not at all. Returns how it is called.
pub(super) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<String> {
    let name = escaped(&path.display().to_string()).into_owned();
    let folder = path.parent().filter(|one| !one.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let cant = || format!("can't write {name}");
    if !folder.is_dir() {
        bail!(
            "{}: there is no folder {}; make it first",
            cant(),
            folder.display()
        );
    }
    // What is there is not replaced.
    if path.exists() {
        bail!("{}: it is there already; take another name", cant());
    }
    let mut file = tempfile::Builder::new()
        .prefix(".muxwire-export-")
        .tempfile_in(folder)
        .with_context(cant)?;
    file.write_all(bytes).with_context(cant)?;
    let kept = file.persist_noclobber(path);
    kept.map_err(|error| error.error).with_context(cant)?;
    Ok(name)
}
