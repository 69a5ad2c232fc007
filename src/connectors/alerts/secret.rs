//! Secrets of sinks. They are read anew for each attempt, so a new one is in force at once, and are never shown.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::private_file::Privacy;

/// The longest secret, in bytes.
const LONGEST: u64 = 4096;

/// What nobody else may know.
pub(super) struct Secret(Vec<u8>);

/// Why a secret can't be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretError {
    #[error("can't read {}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("others can read or change {}: chmod 600 it, and give it to the user that runs muxwire", .0.display())]
    NotPrivate(PathBuf),
    #[error("{} is empty, or longer than {LONGEST} bytes: it has to hold a secret and nothing else", .0.display())]
    Unfit(PathBuf),
}

impl Secret {
    /// That in a file which only its owner can read. A line feed at its end is no part of it. Blocks on the disk for a
    /// moment.
    pub(super) fn read(path: &Path) -> Result<Self, SecretError> {
        let failed = |error| SecretError::Read {
            path: path.to_owned(),
            error,
        };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if Privacy::of(&metadata) != Privacy::Private {
            return Err(SecretError::NotPrivate(path.to_owned()));
        }
        let mut bytes = Vec::new();
        file.take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        while bytes
            .last()
            .is_some_and(|last| matches!(last, b'\n' | b'\r'))
        {
            bytes.pop();
        }
        if bytes.is_empty() || bytes.len() as u64 > LONGEST {
            return Err(SecretError::Unfit(path.to_owned()));
        }
        Ok(Self(bytes))
    }

    /// For what needs it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn only_a_private_file_holds_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let long = "x".repeat(4097);
        for (text, mode, expected) in [
            ("abc\r\n", 0o600, Ok("abc")),
            ("a b\n\n", 0o400, Ok("a b")),
            (
                "abc",
                0o640,
                if is_root() {
                    Ok("abc")
                } else {
                    Err("others can read")
                },
            ),
            ("abc", 0o644, Err("others can read or change")),
            ("abc", 0o602, Err("others can read or change")),
            ("\n", 0o600, Err("is empty")),
            (&long, 0o600, Err("is empty, or longer than 4096 bytes")),
        ] {
            drop(std::fs::remove_file(&path));
            write(&path, text).unwrap();
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match (Secret::read(&path), expected) {
                (Ok(secret), Ok(expected)) => {
                    assert_eq!(secret.bytes(), expected.as_bytes());
                    assert_eq!(format!("{secret:?}"), "Secret");
                }
                (Err(error), Err(expected)) => {
                    assert!(error.to_string().contains(expected), "{error}");
                }
                (read, expected) => panic!("{mode:o}: {read:?} instead of {expected:?}"),
            }
        }
        let error = Secret::read(&folder.path().join("none")).unwrap_err();
        assert!(error.to_string().starts_with("can't read"), "{error}");
    }

    fn is_root() -> bool {
        rustix::process::geteuid().is_root()
    }
}
