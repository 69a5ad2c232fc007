//! The file: who may have it, how it is opened, and how an older one becomes one of today.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::error::StoreError;
use crate::private_file::{self, Privacy};

/// The form of the file. What is added to it gets a number, and a step from the form before.
pub(super) const VERSION: i64 = 1;

/// The steps from each form to the next: the first makes the tables.
const STEPS: [&str; 1] = [include_str!("schema.sql")];

/// How long another program that writes the file is waited for: nobody should, and what is to be written can wait elsewhere.
const BUSY: Duration = Duration::from_secs(1);

/// The file, held by this process alone as far as writing goes.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// Where a damaged file was put, if there was one.
    pub(super) set_aside: Option<PathBuf>,
    _lock: File,
}

impl Store {
    /// Opens the file, and makes it if there is none. A damaged one is set aside.
    ///
    /// # Errors
    /// It can't be used: another muxwire has it, others may read it, a newer muxwire wrote it, or the system says no.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let lock = lock(path)?;
        let (connection, set_aside) = match connect(path) {
            Ok(connection) => (connection, None),
            Err(error) if error.is_damage() => {
                let aside = set_aside(path)?;
                (connect(path)?, Some(aside))
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            connection,
            path: path.to_owned(),
            set_aside,
            _lock: lock,
        })
    }

    /// Sets the file aside and begins a new one: it has turned out to be damaged.
    pub(super) fn begin_anew(&mut self) -> Result<PathBuf, StoreError> {
        let nothing = Connection::open_in_memory()?;
        drop(std::mem::replace(&mut self.connection, nothing));
        let aside = set_aside(&self.path)?;
        self.connection = connect(&self.path)?;
        self.set_aside = Some(aside.clone());
        Ok(aside)
    }
}

/// Opens the file for reading alone.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    // 8 MiB, and what the system has of the file in memory besides.
    connection.pragma_update(None, "cache_size", -8192)?;
    connection.pragma_update(None, "mmap_size", 256_i64 << 20)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    make_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known: VERSION,
        });
    }
    if found == 0 {
        // So that what is deleted can be given back in small steps. It has to be said before there is a table.
        connection.pragma_update(None, "auto_vacuum", "incremental")?;
    }
    connection.pragma_update(None, "journal_mode", "wal")?;
    // What is committed is on the disk, whatever happens to the machine.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -4096)?;
    connection.pragma_update(None, "wal_autocheckpoint", 1000)?;
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    migrate(&mut connection, found, &STEPS)?;
    look(&connection)?;
    Ok(connection)
}

/// Brings the file from its form to the newest, each step as a whole or not at all.
fn migrate(connection: &mut Connection, found: i64, steps: &[&str]) -> Result<(), StoreError> {
    let first = usize::try_from(found).unwrap_or(0);
    for (step, number) in steps.iter().zip(1_i64..).skip(first) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Reads a little of each table, so that damage shows before anything is written.
fn look(connection: &Connection) -> Result<(), StoreError> {
    for table in [
        "meta",
        "epochs",
        "runs",
        "panes",
        "events",
        "chunks",
        "frames",
        "line_ranges",
        "gaps",
    ] {
        let newest = format!("SELECT 1 FROM {table} ORDER BY rowid DESC LIMIT 1");
        let by_name = "SELECT 1 FROM meta LIMIT 1".to_owned();
        let question = if table == "meta" { by_name } else { newest };
        connection.query_row(&question, [], |_| Ok(())).optional()?;
    }
    Ok(())
}

/// Puts the file out of the way, with what belongs to it. Returns its new name.
fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let name = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{number}"));
        PathBuf::from(name)
    };
    let free = (1..u32::MAX).map(name).find(|aside| !aside.exists());
    let aside = free.unwrap_or_else(|| name(0));
    for end in ["", "-wal", "-shm"] {
        let mut from = path.as_os_str().to_owned();
        from.push(end);
        let mut to = aside.as_os_str().to_owned();
        to.push(end);
        match fs::rename(&from, &to) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(failed("set aside", path)(source)),
        }
    }
    Ok(aside)
}

fn failed<'a>(
    doing: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> StoreError + use<'a> {
    move |source| StoreError::File {
        doing,
        path: path.to_owned(),
        source,
    }
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(failed("make", folder))
}

fn private(options: &mut OpenOptions, path: &Path) -> Result<File, StoreError> {
    let file = options
        .mode(0o600)
        .open(path)
        .map_err(failed("open", path))?;
    let metadata = file.metadata().map_err(failed("look at", path))?;
    match Privacy::of(&metadata) {
        Privacy::Private => Ok(file),
        Privacy::Open | Privacy::Foreign => Err(StoreError::Open(path.to_owned())),
    }
}

/// Makes the file if it is missing, so that nobody else can read it from the beginning. SQLite gives its journal the same mode.
fn make_file(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    private(&mut options, path).map(drop)
}

/// The lock that says who writes the file. It is a file of its own, since SQLite's locks come and go.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let mut options = OpenOptions::new();
    let lock = private(options.write(true).create(true).truncate(false), &lock_path)?;
    match private_file::lock_soon(&lock).map_err(failed("lock", &lock_path))? {
        true => Ok(lock),
        false => Err(StoreError::Locked(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn version(connection: &Connection) -> i64 {
        connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn each_step_is_taken_once_and_as_a_whole() {
        let mut connection = Connection::open_in_memory().unwrap();
        let first = "CREATE TABLE one (a); INSERT INTO one VALUES (1);";
        let second = "ALTER TABLE one ADD COLUMN b DEFAULT 7; CREATE TABLE two (c);";
        migrate(&mut connection, 0, &[first]).unwrap();
        assert_eq!(version(&connection), 1);
        // A step that fails in its middle has done nothing.
        let broken = "CREATE TABLE half (a); CREATE TABLE one (again);";
        assert!(migrate(&mut connection, 1, &[first, broken]).is_err());
        assert_eq!(version(&connection), 1);
        let half = connection.query_row("SELECT 1 FROM half", [], |_| Ok(()));
        assert!(half.is_err());
        migrate(&mut connection, 1, &[first, second]).unwrap();
        migrate(&mut connection, 2, &[first, second]).unwrap();
        assert_eq!(version(&connection), 2);
        let row: (i64, i64) = connection
            .query_row("SELECT a, b FROM one", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(row, (1, 7));
    }

    #[test]
    fn a_damaged_file_is_set_aside_under_a_name_that_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("default.db");
        for number in 1..=2 {
            drop(Store::open(&path).unwrap());
            fs::write(
                &path,
                b"this is no database, and long enough to be seen as none",
            )
            .unwrap();
            let store = Store::open(&path).unwrap();
            let aside = folder.path().join(format!("default.db.damaged-{number}"));
            assert_eq!(store.set_aside.as_deref(), Some(&*aside));
            assert!(fs::read(aside).unwrap().starts_with(b"this is no"));
            assert_eq!(version(&store.connection), VERSION);
        }
    }

    #[test]
    fn a_file_belongs_to_one_muxwire_that_knows_its_form() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/below/default.db");
        let store = Store::open(&path).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Locked(_))));
        store
            .connection
            .pragma_update(None, "user_version", VERSION + 1)
            .unwrap();
        drop(store);
        let newer = Store::open(&path).map(|_| ()).unwrap_err();
        assert!(matches!(newer, StoreError::Newer { .. }), "{newer}");
        for name in ["default.db", "default.db.lock"] {
            let file = path.parent().unwrap().join(name);
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Open(_))));
    }
}
