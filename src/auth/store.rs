//! The tokens that were handed out: created, listed, revoked, in a file of the state directory.
//!
//! Every function here reads or writes the disk, and [`TokenStore::create`] computes a slow hash besides, so they must
//! run where blocking is allowed.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::auth::file::{self, FileError, Record};
use crate::auth::hash::{HashError, SecretHash};
use crate::auth::principal::{ConfinedAdmin, Principal};
use crate::auth::rights::{Permission, Permissions, Scope};
use crate::auth::token::{Token, TokenId};
use crate::glob::NamePattern;

/// The longest name of a token, in characters.
const MAX_NAME: usize = 64;

/// Why tokens can't be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] FileError),
    /// An entry of the file makes no sense.
    #[error("{}: the entry {id:?}: {reason}; restore the file, or remove that entry", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry's id as it is written.
        id: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The name is not one that a token may have.
    #[error(
        "{0:?} can't be a token's name: 1 to {MAX_NAME} letters, digits and the characters . _ - @, no other"
    )]
    Name(String),
    /// Another token has the name.
    #[error(
        "a token named {name:?} exists already (id {id}): choose another name, or run `muxwire token revoke {id}`"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// The token that has it.
        id: TokenId,
    },
    /// It would never be valid.
    #[error("the token would have expired already at {0}")]
    Expired(Timestamp),
    /// An admin was to be confined.
    #[error("{0}: leave out --session, or allow no more than write")]
    ConfinedAdmin(#[from] ConfinedAdmin),
    /// Nothing has this id or name.
    #[error("no token has the id or the name {0:?}: `muxwire token list` shows all")]
    Unknown(String),
    /// It is one token's id and another's name.
    #[error(
        "{0:?} is the id of one token and the name of another: revoke the other by its own id first"
    )]
    Ambiguous(String),
    /// The hash.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The system has no random numbers.
    #[error("the system's random generator doesn't answer: {0}")]
    Random(#[from] getrandom::Error),
}

/// What a new token shall be.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// What its holder may do.
    pub permissions: Permissions,
    /// Whose sessions the holder sees.
    pub scope: Scope,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// Whether secrets are kept from the holder, whatever it may do.
    pub redact: bool,
}

/// A token that was handed out. Its secret is not here, only the hash, and that is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    id: TokenId,
    principal: Principal,
    hash: SecretHash,
    created: Timestamp,
}

impl Entry {
    /// The public part of the token.
    #[must_use]
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// Whom the token makes of its holder.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// When it was made.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// Whether it has ended by itself.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.principal.expires().is_some_and(|end| end <= now)
    }

    pub(in crate::auth) fn hash(&self) -> &SecretHash {
        &self.hash
    }

    fn new(
        id: TokenId,
        token: NewToken,
        hash: SecretHash,
        created: Timestamp,
    ) -> Result<Self, ConfinedAdmin> {
        let NewToken {
            name,
            permissions,
            scope,
            expires,
            redact,
        } = token;
        let principal = Principal::holder(id, &name, permissions, scope, expires)?;
        let principal = principal.redacted_if(redact);
        Ok(Self {
            id,
            principal,
            hash,
            created,
        })
    }

    /// A token that may read everything, and its entry.
    #[cfg(test)]
    #[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    pub(in crate::auth) fn generate(name: &str, expires: Option<Timestamp>) -> (Token, Self) {
        let token = Token::generate().unwrap();
        let permissions = Permissions::up_to(Permission::Read);
        let new = NewToken {
            name: name.to_owned(),
            permissions,
            scope: Scope::all(),
            expires,
            redact: false,
        };
        let hash = SecretHash::new(token.secret()).unwrap();
        let entry = Self::new(token.id(), new, hash, Timestamp::now()).unwrap();
        (token, entry)
    }

    #[cfg(test)]
    #[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    pub(in crate::auth) fn grant(&mut self, permissions: Permissions) {
        let old = &self.principal;
        let granted = Principal::holder(
            self.id,
            old.name(),
            permissions,
            old.scope().clone(),
            old.expires(),
        );
        self.principal = granted.unwrap();
    }

    fn to_record(&self) -> Record {
        let principal = &self.principal;
        Record {
            id: self.id.to_string(),
            name: principal.name().to_owned(),
            hash: self.hash.to_string(),
            permissions: principal
                .permissions()
                .iter()
                .map(|one| one.to_string())
                .collect(),
            sessions: principal
                .scope()
                .patterns()
                .iter()
                .map(ToString::to_string)
                .collect(),
            created: self.created.to_string(),
            expires: principal.expires().map(|end| end.to_string()),
            redact: principal.is_redacted(),
        }
    }

    /// The entry that a record spells, or what is wrong with the record.
    fn from_record(record: &Record) -> Result<Self, String> {
        fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
            what: &str,
            text: &str,
        ) -> Result<T, String> {
            text.parse().map_err(|error| format!("{what}: {error}"))
        }
        let listed: Result<Vec<Permission>, _> = record
            .permissions
            .iter()
            .map(|word| parsed("permissions", word))
            .collect();
        let patterns: Result<Vec<NamePattern>, _> = record
            .sessions
            .iter()
            .map(|text| NamePattern::new(text))
            .collect();
        let token = NewToken {
            name: checked_name(&record.name)
                .map_err(|error| error.to_string())?
                .to_owned(),
            permissions: Permissions::closure(listed?).ok_or("permissions: the list is empty")?,
            scope: Scope::new(patterns.map_err(|error| format!("sessions: {error}"))?),
            expires: record
                .expires
                .as_deref()
                .map(|text| parsed("expires", text))
                .transpose()?,
            redact: record.redact,
        };
        let hash = SecretHash::parse(&record.hash).map_err(|error| format!("hash: {error}"))?;
        let id = parsed("id", &record.id)?;
        Self::new(id, token, hash, parsed("created", &record.created)?)
            .map_err(|error| error.to_string())
    }
}

/// Where tokens are kept. Holds the path only, so each call sees the disk as it is.
#[derive(Debug, Clone)]
pub struct TokenStore {
    directory: PathBuf,
}

impl TokenStore {
    /// The store in a state directory, which need not exist yet.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// The state directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes the directory, with mode 0700, if it is missing.
    ///
    /// # Errors
    /// It can't be made, belongs to somebody else, or others can write to it.
    pub fn prepare(&self) -> Result<(), StoreError> {
        Ok(file::prepare_directory(&self.directory)?)
    }

    /// All tokens, the oldest first, expired ones too.
    ///
    /// # Errors
    /// The file can't be read, others have access to it, or it is broken. A missing file is no error.
    pub fn list(&self) -> Result<Vec<Entry>, StoreError> {
        let mut entries: Vec<Entry> = Vec::new();
        for record in file::read(&self.directory)? {
            let refused = |reason| StoreError::Entry {
                path: self.directory.join(file::FILE_NAME),
                id: record.id.clone(),
                reason,
            };
            let entry = Entry::from_record(&record).map_err(refused)?;
            if let Some(twin) = entries.iter().find(|other| clash(other, &entry)) {
                return Err(refused(format!("it has the id or the name of {}", twin.id)));
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Makes a token. Its text is nowhere but in what is returned.
    ///
    /// # Errors
    /// The name is taken or not allowed, it would have expired already, or the file can't be changed.
    pub fn create(&self, new: NewToken, now: Timestamp) -> Result<(Token, Entry), StoreError> {
        checked_name(&new.name)?;
        if let Some(end) = new.expires.filter(|end| *end <= now) {
            return Err(StoreError::Expired(end));
        }
        let token = Token::generate()?;
        let entry = Entry::new(token.id(), new, SecretHash::new(token.secret())?, now)?;
        self.change(
            |entries| match entries.iter().find(|other| clash(other, &entry)) {
                Some(twin) => Err(StoreError::NameTaken {
                    name: entry.principal.name().to_owned(),
                    id: twin.id,
                }),
                None => {
                    entries.push(entry.clone());
                    Ok(())
                }
            },
        )?;
        Ok((token, entry))
    }

    /// Ends a token by its id or its name: its connections are closed by every server that watches this store.
    ///
    /// # Errors
    /// There is no such token, or the file can't be changed.
    pub fn revoke(&self, id_or_name: &str) -> Result<Entry, StoreError> {
        self.change(|entries| {
            let is_meant = |entry: &Entry| {
                entry.id.to_string() == id_or_name || entry.principal.name() == id_or_name
            };
            let meant: Vec<usize> = (0..entries.len())
                .filter(|at| is_meant(&entries[*at]))
                .collect();
            match meant[..] {
                [] => Err(StoreError::Unknown(
                    id_or_name.chars().take(MAX_NAME).collect(),
                )),
                [at] => Ok(entries.remove(at)),
                _ => Err(StoreError::Ambiguous(id_or_name.to_owned())),
            }
        })
    }

    /// Reads, changes and writes the entries while no other writer does.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Entry>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.prepare()?;
        let _lock = file::lock(&self.directory)?;
        let mut entries = self.list()?;
        let outcome = change(&mut entries)?;
        file::write(
            &self.directory,
            entries.iter().map(Entry::to_record).collect(),
        )?;
        Ok(outcome)
    }
}

/// Whether the two can't be distinguished by what people call them.
fn clash(one: &Entry, other: &Entry) -> bool {
    one.id == other.id || one.principal.name() == other.principal.name()
}

fn checked_name(name: &str) -> Result<&str, StoreError> {
    let allowed = |c: char| c.is_alphanumeric() || "._-@".contains(c);
    let fits = (1..=MAX_NAME).contains(&name.chars().count()) && name.chars().all(allowed);
    fits.then_some(name)
        .ok_or_else(|| StoreError::Name(name.chars().take(MAX_NAME).collect()))
}
