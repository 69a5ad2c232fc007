//! Certificates of our own making, for a start: nobody vouches for them but their maker.

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use data_encoding::BASE64;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

use super::{Fingerprint, TlsError};

/// The names of the files in their folder.
const CERTIFICATE: &str = "cert.pem";
const KEY: &str = "key.pem";

/// A name or an address by which clients reach the server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectName {
    /// A host's name; its first label may be `*`.
    Host(String),
    /// An IP address.
    Address(IpAddr),
}

impl FromStr for SubjectName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse() {
            return Ok(Self::Address(address));
        }
        let labels = text.strip_prefix("*.").unwrap_or(text);
        let is_label = |label: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            (1..=63).contains(&label.len()) && label.chars().all(fits) && !label.starts_with('-')
        };
        if labels.len() > 253 || !labels.split('.').all(is_label) {
            return Err(
                "a host's name in ASCII, such as box.example.org, or an IP address".to_owned(),
            );
        }
        Ok(Self::Host(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// A certificate that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfSigned {
    /// Where the certificate is. Clients may have it.
    pub certificate: PathBuf,
    /// Where its private key is, with mode 0600. Nobody else may have it.
    pub key: PathBuf,
    /// By what it is known.
    pub fingerprint: Fingerprint,
}

/// Makes a certificate for these names in a folder, which is made if need be; `from` and `until` are days, as year, month
/// and day.
///
/// # Errors
/// There is one already, or the folder can't be written.
pub fn make_self_signed(
    names: &[SubjectName],
    directory: &Path,
    from: (i32, u8, u8),
    until: (i32, u8, u8),
) -> Result<SelfSigned, TlsError> {
    let (certificate, key) = (directory.join(CERTIFICATE), directory.join(KEY));
    for path in [&certificate, &key] {
        match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(_) => return Err(TlsError::Exists { path: path.clone() }),
            Err(error) => return Err(TlsError::io("look at", path)(error)),
        }
    }
    let failed = |error: rcgen::Error| TlsError::Make(error.to_string());
    let pair = KeyPair::generate().map_err(failed)?;
    let made = parameters(names, from, until)
        .and_then(|parameters| parameters.self_signed(&pair))
        .map_err(failed)?;
    let made_folder = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory);
    made_folder.map_err(TlsError::io("make the folder", directory))?;
    write(&key, 0o600, &pem("PRIVATE KEY", pair.serialized_der()))?;
    if let Err(error) = write(&certificate, 0o644, &pem("CERTIFICATE", made.der())) {
        // A key without its certificate would only be in the way of the next try.
        std::fs::remove_file(&key).map_err(TlsError::io("remove", &key))?;
        return Err(error);
    }
    Ok(SelfSigned {
        fingerprint: Fingerprint::of(made.der()),
        certificate,
        key,
    })
}

fn parameters(
    names: &[SubjectName],
    from: (i32, u8, u8),
    until: (i32, u8, u8),
) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::default();
    for name in names {
        parameters.subject_alt_names.push(match name {
            SubjectName::Host(name) => SanType::DnsName(name.as_str().try_into()?),
            SubjectName::Address(address) => SanType::IpAddress(*address),
        });
    }
    let mut subject = DistinguishedName::new();
    let first = names.first().map_or_else(String::new, ToString::to_string);
    subject.push(DnType::CommonName, format!("muxwire {first}"));
    parameters.distinguished_name = subject;
    parameters.not_before = date_time_ymd(from.0, from.1, from.2);
    parameters.not_after = date_time_ymd(until.0, until.1, until.2);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(parameters)
}

/// The text form of some bytes (RFC 7468).
fn pem(label: &str, bytes: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    // 48 bytes are 64 characters.
    for line in bytes.chunks(48) {
        text.push_str(&BASE64.encode(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Writes a file that is not there yet.
fn write(path: &Path, mode: u32, text: &str) -> Result<(), TlsError> {
    let opened = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(mode)
        .open(path);
    let file: File = opened.map_err(TlsError::io("make", path))?;
    let written = (&file)
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(TlsError::io("write", path))
}
