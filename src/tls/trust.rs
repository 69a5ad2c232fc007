//! Whom a client believes to be the server.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};
use tokio_rustls::TlsConnector;

use super::files::{authorities, read};
use super::{Fingerprint, TlsError, provider};

/// Whom a client believes to be the server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    /// A server that an authority of the system vouches for.
    #[default]
    System,
    /// A server that an authority of this file vouches for, and no other.
    Authorities(PathBuf),
    /// The server that holds the key of the one certificate with this fingerprint, whatever it says of names and times.
    Pinned(Fingerprint),
}

/// What a client connects with. Blocks on the disk for a moment.
///
/// # Errors
/// There are no authorities, or they can't be read.
pub fn connector(trust: &Trust) -> Result<TlsConnector, TlsError> {
    let provider = provider();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)?;
    let builder = match trust {
        Trust::System => builder.with_root_certificates(system_roots()?),
        Trust::Authorities(path) => {
            builder.with_root_certificates(authorities(path, &read(path)?)?)
        }
        Trust::Pinned(fingerprint) => {
            let verifier = Pin {
                fingerprint: *fingerprint,
                provider,
            };
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Why a connection failed, if it was for something that trying again does not change: a certificate.
#[must_use]
pub fn lasting_failure(error: &io::Error) -> Option<String> {
    use AlertDescription::{
        AccessDenied, BadCertificate, CertificateExpired, CertificateRequired, CertificateUnknown,
        UnknownCA, UnsupportedCertificate,
    };
    let found = error.get_ref()?.downcast_ref::<Error>()?;
    match found {
        Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure) => {
            Some("the server's certificate has another fingerprint".to_owned())
        }
        Error::InvalidCertificate(why) => {
            Some(format!("the server's certificate is not trusted ({why})"))
        }
        Error::AlertReceived(
            AccessDenied
            | BadCertificate
            | CertificateExpired
            | CertificateRequired
            | CertificateUnknown
            | UnknownCA
            | UnsupportedCertificate,
        ) => Some(format!("the server wants a client certificate ({found})")),
        _ => None,
    }
}

fn system_roots() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        let why = found.errors.first().map(ToString::to_string);
        return Err(TlsError::NoSystemRoots(
            why.unwrap_or_else(|| "none was found".to_owned()),
        ));
    }
    Ok(roots)
}

/// Believes one certificate. That the server holds its key is still checked by the signature of the handshake.
#[derive(Debug)]
struct Pin {
    fingerprint: Fingerprint,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if Fingerprint::of(certificate) == self.fingerprint {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
