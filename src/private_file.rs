//! Files with secrets: whom their owner and mode let in.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

/// Whom a file lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// Only its owner, who is this user; or if root owns it, root and one group, as distributions keep secrets.
    Private,
    /// Others can read or change it.
    Open,
    /// It belongs to somebody else.
    Foreign,
}

impl Privacy {
    pub(crate) fn of(file: &Metadata) -> Self {
        let forbidden = match file.uid() {
            0 => 0o037,
            own if own == rustix::process::geteuid().as_raw() => 0o077,
            _ => return Self::Foreign,
        };
        match file.mode() & forbidden {
            0 => Self::Private,
            _ => Self::Open,
        }
    }
}
