//! What the server shows to new connections. Those that live keep what they began with.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::{TlsError, TlsFiles};

/// The certificate and the rules in force. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    config: RwLock<Arc<ServerConfig>>,
    reloaded: AtomicU64,
    failed: AtomicU64,
}

/// How often the files were read anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reloads {
    /// Times that what changed was put in force.
    pub done: u64,
    /// Times that it could not be used, and the old one stayed in force.
    pub failed: u64,
}

impl Identity {
    /// Reads the files, which must be good. Blocks on the disk for a moment.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self::new(files.configure(&files.read()?)?))
    }

    pub(super) fn new(config: Arc<ServerConfig>) -> Self {
        Self(Arc::new(Inner {
            config: RwLock::new(config),
            reloaded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }))
    }

    /// What a new connection is accepted with.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        let config = self.0.config.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&config))
    }

    /// How often the files were read anew.
    #[must_use]
    pub fn reloads(&self) -> Reloads {
        Reloads {
            done: self.0.reloaded.load(Ordering::Relaxed),
            failed: self.0.failed.load(Ordering::Relaxed),
        }
    }

    pub(super) fn put_in_force(&self, config: Arc<ServerConfig>) {
        *self
            .0
            .config
            .write()
            .unwrap_or_else(PoisonError::into_inner) = config;
        self.0.reloaded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_failure(&self) {
        self.0.failed.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}
