//! What can be wrong with the store.

use std::io;
use std::path::PathBuf;

/// Why the store can't be used, or not for this.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite says so.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The system refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The system refused something to do with this file.
    #[error("can't {doing} {}: {source}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A newer muxwire has written it.
    #[error(
        "{} was written by a newer muxwire (its form is {found}, this one knows {known}): use that one, or another history.path", path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: i64,
        /// The newest form that is known here.
        known: i64,
    },
    /// Another muxwire writes it.
    #[error(
        "another muxwire writes {}: give this one another history.path, or history.enabled = false", .0.display()
    )]
    Locked(PathBuf),
    /// Others could read or change it.
    #[error("others can read or change {path}: run `chmod go-rwx {path}`", path = .0.display())]
    Open(PathBuf),
    /// Something in it is not as it was written.
    #[error("a {0} in the history can't be read")]
    Form(&'static str),
    /// It takes too long.
    #[error("the question took longer than it may: ask for less, such as a shorter time")]
    TooLong,
    /// The one who asked is gone, or the store is closing.
    #[error("the question was cancelled")]
    Cancelled,
    /// As many questions wait as may.
    #[error("too many questions wait for the history; try again")]
    Busy,
    /// There is no such thing in the store.
    #[error("the history holds nothing of this pane at this time")]
    NotKept,
    /// What is asked for can't be understood.
    #[error("{0}")]
    Question(String),
}

impl StoreError {
    /// Whether the file itself is damaged, so that another one has to be begun.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        let code = match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(error, _)) => error.code,
            Self::Sqlite(rusqlite::Error::InvalidColumnType(..)) => return true,
            _ => return false,
        };
        use rusqlite::ErrorCode as Code;
        matches!(code, Code::DatabaseCorrupt | Code::NotADatabase)
    }
}
