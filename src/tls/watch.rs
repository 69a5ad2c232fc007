//! Seeing that certificate or key changed while the server runs.
//!
//! Once it is quiet after a change, the files are read anew and compared. Files that can't be used leave the old
//! certificate in force.

use std::path::Path;

use super::files::Contents;
use super::{Identity, TlsError, TlsFiles};
use crate::file_watch::{Complaint, FileWatch, Timing, blocking};

/// Keeps an [`Identity`] in step with its files, as long as [`IdentityWatch::run`] runs.
#[derive(Debug)]
pub struct IdentityWatch {
    files: TlsFiles,
    identity: Identity,
    /// What was read last, good or bad: the same is not tried, or complained of, twice.
    seen: Option<blake3::Hash>,
    /// What was wrong when the files could not be read.
    complaint: Complaint,
    watch: FileWatch,
}

impl IdentityWatch {
    /// Reads the files and begins to watch them. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// The files can't be used, or their folders can't be watched: at the start both are errors.
    pub fn start(files: TlsFiles) -> Result<(Identity, Self), TlsError> {
        // The watch comes first: what changes after the reading is then seen.
        let watch = FileWatch::start(files.paths().map(Path::to_owned).collect(), Timing::FILES)?;
        let contents = files.read()?;
        let identity = Identity::new(files.configure(&contents)?);
        let watching = Self {
            files,
            identity: identity.clone(),
            seen: Some(contents.digest()),
            complaint: Complaint::default(),
            watch,
        };
        Ok((identity, watching))
    }

    /// Puts each change in force, for ever, and says after each reading whether there was one. Dropping the future ends
    /// the watch.
    pub async fn run(mut self, mut after: impl FnMut(bool)) {
        loop {
            self.watch.changed().await;
            after(self.read_again().await);
        }
    }

    /// Returns whether something changed, and is in force.
    pub(super) async fn read_again(&mut self) -> bool {
        let files = self.files.clone();
        match blocking(move || files.read().map_err(Box::new)).await {
            Ok(contents) => {
                self.complaint.clear();
                self.take(&contents)
            }
            Err(error) => {
                self.seen = None;
                self.identity.count_failure();
                if self.complaint.is_new(&error) {
                    complain(&error);
                }
                false
            }
        }
    }

    fn take(&mut self, contents: &Contents) -> bool {
        let digest = contents.digest();
        if self.seen.replace(digest) == Some(digest) {
            return false;
        }
        match self.files.configure(contents) {
            Ok(config) => {
                self.identity.put_in_force(config);
                tracing::info!("the TLS certificate changed: new connections get the new one");
                true
            }
            Err(error) => {
                self.identity.count_failure();
                complain(&error);
                false
            }
        }
    }
}

fn complain(error: &TlsError) {
    tracing::error!(%error, "the new TLS certificate can't be used: the old one stays in force");
}
