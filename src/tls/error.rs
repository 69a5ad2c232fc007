//! What can be wrong with certificates and keys, each with its remedy.

use std::io;
use std::path::PathBuf;

use crate::file_watch::WatchError;

/// Why there can be no TLS as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read or written.
    #[error("can't {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is too long to be what it should be.
    #[error("{} is longer than {limit} bytes, so it holds no certificates or key", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// Others can read the private key.
    #[error(
        "others can read the private key {} (mode {mode:03o}), so it is secret no more: make a new one, or if you are \
         sure that nobody has read it: chmod 600 {}", path.display(), path.display()
    )]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The private key belongs to somebody else.
    #[error(
        "the private key {} belongs to the user {owner}, who could change it: chown it to the user that runs muxwire, or to root",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The number of the user that owns it.
        owner: u32,
    },
    /// There is no certificate in a file.
    #[error("{} holds no certificate: it must be PEM, with -----BEGIN CERTIFICATE-----", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// There is no private key in a file.
    #[error(
        "{} holds no private key: it must be PEM without a passphrase, with -----BEGIN PRIVATE KEY----- or the older \
         forms for RSA and EC", path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// PEM that is not as it should be.
    #[error("{} is not well-formed PEM: {reason}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The certificate and the key don't go together, or can't be used.
    #[error(
        "the certificate {} and the key {} can't be used together: {reason}", certificate.display(), key.display()
    )]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No authority of a file can be used.
    #[error("the authorities in {} can't be used: {reason}", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The system has no list of authorities.
    #[error(
        "this system has no certificates of authorities ({0}): install ca-certificates, or name the server's authority with --ca"
    )]
    NoSystemRoots(String),
    /// The cryptography refused, which is a defect.
    #[error("TLS can't be set up: {0}")]
    Setup(#[from] rustls::Error),
    /// A certificate can't be made.
    #[error("can't make a certificate: {0}")]
    Make(String),
    /// A certificate is not to be overwritten.
    #[error(
        "{} is there already and is not overwritten: remove it first, or choose another folder with --dir", path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A change of the files would not be seen.
    #[error(transparent)]
    Watch(#[from] WatchError),
}

impl TlsError {
    /// For `map_err` on what the system says.
    pub(super) fn io(
        doing: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }
}
