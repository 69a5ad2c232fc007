//! One-time codes: how somebody at this machine lets a browser in, without a token in its address or its clipboard.
//!
//! Anyone who can write to the state directory makes one, as anyone who can do that makes tokens: a file, whose name is the hash of
//! the code, says whose it is and until when. A server takes the file away when the code is shown, and who takes it away
//! has used it: so it is good once, at whichever server with this directory. Everything here reads or writes the disk, so it
//! must run where blocking is allowed.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;

use crate::auth::file::{self, FileError, io_error};
use crate::auth::token::TokenId;

/// How long a code is good.
pub const CODE_LIFE: Duration = Duration::from_secs(5 * 60);
/// Codes that nobody has used yet.
const MOST: usize = 64;
/// Random bytes of a code.
const BYTES: usize = 32;
/// The folder below the state directory.
const FOLDER: &str = "codes";
/// The longest file that is read, in bytes.
const MAX_LEN: u64 = 256;

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The files.
    #[error(transparent)]
    File(#[from] FileError),
    /// There are as many as there may be.
    #[error("{MOST} codes wait to be used already: use one, or wait {} minutes", CODE_LIFE.as_secs() / 60)]
    TooMany,
    /// The system has no random numbers.
    #[error("the system's random generator doesn't answer: {0}")]
    Random(#[from] getrandom::Error),
}

/// As whom a code lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeHolder {
    /// The user that the server runs as, who may do everything without muxwire too.
    Local,
    /// The holder of this token.
    Token(TokenId),
}

/// A code. It is a secret as long as nobody has used it.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeCode(String);

impl OneTimeCode {
    /// Its text, to be shown to whom it is for.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(..)")
    }
}

/// The codes of a state directory. Holds the path only, so each call sees the disk as it is.
#[derive(Debug, Clone)]
pub struct CodeStore {
    state: PathBuf,
    folder: PathBuf,
}

impl CodeStore {
    /// The codes in a state directory, which need not exist yet.
    #[must_use]
    pub fn new(state_directory: impl Into<PathBuf>) -> Self {
        let state = state_directory.into();
        let folder = state.join(FOLDER);
        Self { state, folder }
    }

    /// Makes a code, and takes away those that are too old.
    ///
    /// # Errors
    /// Too many wait already, or the file can't be written.
    pub fn create(&self, holder: CodeHolder, now: Timestamp) -> Result<OneTimeCode, CodeError> {
        file::prepare_directory(&self.state)?;
        file::prepare_directory(&self.folder)?;
        if self.sweep(now)? >= MOST {
            return Err(CodeError::TooMany);
        }
        let mut secret = [0; BYTES];
        getrandom::fill(&mut secret)?;
        let code = BASE64URL_NOPAD.encode(&secret);
        let path = self.path(&code);
        let opened = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path);
        let mut file = opened.map_err(io_error("make", &path))?;
        let text = Record::new(holder, now).to_string();
        let written = file.write_all(text.as_bytes());
        written.map_err(io_error("write", &path))?;
        Ok(OneTimeCode(code))
    }

    /// Uses a code up: as whom it lets in, if it is one and is still good.
    ///
    /// # Errors
    /// The file can't be read or taken away.
    pub fn take(&self, code: &str, now: Timestamp) -> Result<Option<CodeHolder>, FileError> {
        let is_code = BASE64URL_NOPAD
            .decode(code.as_bytes())
            .is_ok_and(|bytes| bytes.len() == BYTES);
        if !is_code {
            return Ok(None);
        }
        // The file is found by the code's hash, so that no time that this takes says anything about another code.
        let path = self.path(code);
        let Some(text) = file::read_private(&path, MAX_LEN)? else {
            return Ok(None);
        };
        match fs::remove_file(&path) {
            Ok(()) => Ok(Record::read(&text).and_then(|record| record.holder_at(now))),
            // Somebody else was quicker with the same code.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("remove", &path)(error)),
        }
    }

    /// Takes away what is no longer good, and counts what is left.
    fn sweep(&self, now: Timestamp) -> Result<usize, FileError> {
        let listed = fs::read_dir(&self.folder).map_err(io_error("list", &self.folder))?;
        let mut left = 0;
        for entry in listed {
            let path = entry.map_err(io_error("list", &self.folder))?.path();
            // One that is used meanwhile is gone, and so is one that somebody else sweeps.
            let Some(text) = file::read_private(&path, MAX_LEN)? else {
                continue;
            };
            let is_good = Record::read(&text).is_some_and(|record| record.holder_at(now).is_some());
            match is_good || is_recent(&path, now) {
                true => left += 1,
                false => remove_if_there(&path)?,
            }
        }
        Ok(left)
    }

    fn path(&self, code: &str) -> PathBuf {
        let hash = blake3::hash(code.as_bytes());
        self.folder.join(hash.to_hex().as_str())
    }
}

/// Whether a file may still be written to by whom it was made by.
fn is_recent(path: &Path, now: Timestamp) -> bool {
    let changed = fs::metadata(path).and_then(|metadata| metadata.modified());
    let changed = changed.ok().and_then(|time| Timestamp::try_from(time).ok());
    changed.is_some_and(|time| now.duration_since(time).unsigned_abs() < CODE_LIFE)
}

fn remove_if_there(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(io_error("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// What stands in the file of a code: when it was made, and as whom it lets in.
#[derive(Debug, PartialEq, Eq)]
struct Record {
    made: Timestamp,
    holder: CodeHolder,
}

impl Record {
    fn new(holder: CodeHolder, made: Timestamp) -> Self {
        Self { made, holder }
    }

    fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.strip_suffix('\n')?;
        let (made, holder) = text.split_once(' ')?;
        let holder = match holder.strip_prefix("token:") {
            Some(id) => CodeHolder::Token(id.parse().ok()?),
            None => (holder == "local").then_some(CodeHolder::Local)?,
        };
        Some(Self::new(holder, made.parse().ok()?))
    }

    /// As whom it lets in at this time. A clock that was set back makes no code good for longer.
    fn holder_at(&self, now: Timestamp) -> Option<CodeHolder> {
        let age = now.duration_since(self.made);
        let is_good = age.unsigned_abs() < CODE_LIFE;
        is_good.then_some(self.holder)
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.holder {
            CodeHolder::Local => writeln!(f, "{} local", self.made),
            CodeHolder::Token(id) => writeln!(f, "{} token:{id}", self.made),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::HashSet;
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::thread;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn store() -> (tempfile::TempDir, CodeStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = CodeStore::new(folder.path().join("state"));
        (folder, store)
    }

    fn files(store: &CodeStore) -> Vec<PathBuf> {
        let listed = fs::read_dir(&store.folder).unwrap();
        listed.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_code_is_good_once_and_in_time() {
        let token = CodeHolder::Token(TokenId::from_bytes([7; 5]));
        let made = Timestamp::now();
        let rows = [
            (CodeHolder::Local, made, true),
            (token, made, true),
            (CodeHolder::Local, made + (CODE_LIFE - SECOND), true),
            (CodeHolder::Local, made + CODE_LIFE, false),
            (CodeHolder::Local, made - (CODE_LIFE - SECOND), true),
            (CodeHolder::Local, made - CODE_LIFE, false),
        ];
        for (holder, at, expected) in rows {
            let (_folder, store) = store();
            let code = store.create(holder, made).unwrap();
            let found = store.take(code.expose(), at).unwrap();
            assert_eq!(found, expected.then_some(holder), "{holder:?} {at}");
            // Whatever came of it, it is used up.
            assert_eq!(store.take(code.expose(), made).unwrap(), None);
            assert_eq!(files(&store).len(), 0);
        }
    }

    #[test]
    fn what_is_no_code_finds_nothing() {
        let (_folder, store) = store();
        let now = Timestamp::now();
        assert_eq!(store.take(&"A".repeat(43), now).unwrap(), None);
        let code = store.create(CodeHolder::Local, now).unwrap();
        let text = code.expose();
        let hash = blake3::hash(text.as_bytes()).to_hex();
        let padded = format!("{text}=");
        let up = format!("../codes/{hash}");
        for bad in ["", "x", &text[1..], &padded, &hash, &up, "\0", "local"] {
            assert_eq!(store.take(bad, now).unwrap(), None, "{bad:?}");
        }
        assert_eq!(store.take(text, now).unwrap(), Some(CodeHolder::Local));
    }

    #[test]
    fn codes_are_private_different_and_kept_as_hashes() {
        let (_folder, store) = store();
        let now = Timestamp::now();
        let codes: HashSet<String> = (0..8)
            .map(|_| store.create(CodeHolder::Local, now).unwrap().0)
            .collect();
        assert_eq!(codes.len(), 8);
        assert_eq!(fs::metadata(&store.folder).unwrap().mode() & 0o777, 0o700);
        for path in files(&store) {
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            let kept = format!("{} {}", path.display(), fs::read_to_string(&path).unwrap());
            assert!(codes.iter().all(|code| !kept.contains(code)), "{kept}");
        }
        for code in codes {
            assert_eq!(BASE64URL_NOPAD.decode(code.as_bytes()).unwrap().len(), 32);
            let debug = format!("{:?}", OneTimeCode(code.clone()));
            assert!(!debug.contains(&code));
        }
    }

    #[test]
    fn of_those_who_show_a_code_at_one_time_one_is_let_in() {
        let (_folder, store) = store();
        let now = Timestamp::now();
        for _ in 0..20 {
            let code = store.create(CodeHolder::Local, now).unwrap();
            let took: Vec<bool> = thread::scope(|scope| {
                let take = || store.take(code.expose(), now).unwrap().is_some();
                let tasks: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
                tasks.into_iter().map(|task| task.join().unwrap()).collect()
            });
            assert_eq!(took.iter().filter(|took| **took).count(), 1, "{took:?}");
        }
    }

    #[test]
    fn there_are_so_many_and_old_ones_go() {
        let (_folder, store) = store();
        let now = Timestamp::now();
        let old = now - CODE_LIFE;
        for _ in 0..MOST {
            store.create(CodeHolder::Local, now).unwrap();
        }
        let refused = store.create(CodeHolder::Local, now);
        assert!(matches!(refused, Err(CodeError::TooMany)), "{refused:?}");
        for path in files(&store) {
            fs::write(&path, Record::new(CodeHolder::Local, old).to_string()).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(old.into()).unwrap();
        }
        store.create(CodeHolder::Local, now).unwrap();
        assert_eq!(files(&store).len(), 1);
    }

    #[test]
    fn what_others_could_have_written_lets_nobody_in() {
        let (_folder, store) = store();
        let now = Timestamp::now();
        let code = store.create(CodeHolder::Local, now).unwrap();
        let path = store.path(code.expose());
        let open = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
        open(&path, 0o666).unwrap();
        assert!(store.take(code.expose(), now).is_err());
        open(&path, 0o600).unwrap();
        open(&store.folder, 0o777).unwrap();
        assert!(store.create(CodeHolder::Local, now).is_err());
        open(&store.folder, 0o700).unwrap();
        for text in ["", "x\n", "2026-11-30T00:00:00Z root\n", " local\n"] {
            fs::write(&path, text).unwrap();
            open(&path, 0o600).unwrap();
            let found = store.take(code.expose(), now).unwrap();
            assert_eq!(found, None, "{text:?}");
        }
    }
}
