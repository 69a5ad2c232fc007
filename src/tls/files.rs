//! Certificates and keys as they lie on the disk.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::{TlsError, provider};
use crate::private_file::Privacy;

/// The longest file that is read: a long chain has some ten thousand bytes, and the roots of a system 250,000.
const MAX_LEN: u64 = 1 << 20;

/// Where a server's certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and behind it those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of clients' certificates; with it, clients need one.
    pub client_ca: Option<PathBuf>,
}

/// What was in the files at one time.
pub(super) struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl TlsFiles {
    /// Every file.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        [&self.certificate, &self.key]
            .into_iter()
            .chain(&self.client_ca)
            .map(PathBuf::as_path)
    }

    /// Reads the files. Blocks on the disk for a moment.
    pub(super) fn read(&self) -> Result<Contents, TlsError> {
        Ok(Contents {
            certificate: read(&self.certificate)?,
            key: read_private(&self.key)?,
            client_ca: self.client_ca.as_deref().map(read).transpose()?,
        })
    }

    /// What a server does with these contents.
    pub(super) fn configure(&self, contents: &Contents) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = certificates(&self.certificate, &contents.certificate)?;
        let key = private_key(&self.key, &contents.key)?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)?;
        let builder = match (&self.client_ca, &contents.client_ca) {
            (Some(path), Some(text)) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(
                    Arc::new(authorities(path, text)?),
                    provider(),
                );
                let verifier = verifier.build().map_err(|error| TlsError::Authorities {
                    path: path.clone(),
                    reason: error.to_string(),
                })?;
                builder.with_client_cert_verifier(verifier)
            }
            _ => builder.with_no_client_auth(),
        };
        let configured = builder
            .with_single_cert(chain, key)
            .map_err(|error| TlsError::Unusable {
                certificate: self.certificate.clone(),
                key: self.key.clone(),
                reason: error.to_string(),
            });
        let mut config = configured?;
        // WebSockets are HTTP/1.1. A client that offers other protocols only is refused in the handshake.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl Contents {
    /// What these contents are known by. Holding on to it holds no secret.
    pub(super) fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let ca = self.client_ca.as_deref().unwrap_or_default();
        for part in [&self.certificate[..], &self.key, ca] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize()
    }
}

/// The authorities in a file of PEM.
pub(super) fn authorities(path: &Path, text: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, text)? {
        roots
            .add(certificate)
            .map_err(|error| TlsError::Authorities {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
    }
    Ok(roots)
}

fn certificates(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let found = found.map_err(|error| malformed(path, &error))?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate {
            path: path.to_owned(),
        });
    }
    Ok(found)
}

fn private_key(path: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey {
            path: path.to_owned(),
        },
        error => malformed(path, &error),
    })
}

fn malformed(path: &Path, error: &pem::Error) -> TlsError {
    // Its words name what was expected where, never what stands in the file.
    let reason = match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end".to_owned(),
        pem::Error::IllegalSectionStart { .. } => "a section begins in a wrong way".to_owned(),
        pem::Error::Base64Decode(_) => "a section is not base64".to_owned(),
        error => error.to_string(),
    };
    TlsError::Pem {
        path: path.to_owned(),
        reason,
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let file = File::open(path).map_err(TlsError::io("open", path))?;
    read_open(path, file)
}

/// A file that is private.
fn read_private(path: &Path) -> Result<Vec<u8>, TlsError> {
    let file = File::open(path).map_err(TlsError::io("open", path))?;
    let metadata = file.metadata().map_err(TlsError::io("look at", path))?;
    match Privacy::of(&metadata) {
        Privacy::Private => read_open(path, file),
        Privacy::Open => Err(TlsError::NotPrivate {
            path: path.to_owned(),
            mode: metadata.mode() & 0o7777,
        }),
        Privacy::Foreign => Err(TlsError::Foreign {
            path: path.to_owned(),
            owner: metadata.uid(),
        }),
    }
}

fn read_open(path: &Path, file: File) -> Result<Vec<u8>, TlsError> {
    let mut text = Vec::new();
    let read = file.take(MAX_LEN + 1).read_to_end(&mut text);
    read.map_err(TlsError::io("read", path))?;
    if text.len() as u64 > MAX_LEN {
        return Err(TlsError::TooLong {
            path: path.to_owned(),
            limit: MAX_LEN,
        });
    }
    Ok(text)
}
