//! A store of tokens in a folder of its own.

use jiff::Timestamp;
use muxwire::auth::{
    AuthSettings, Authenticator, CodeHolder, CodeStore, Entry, NewToken, Permission, Permissions,
    Scope, TokenId, TokenStore,
};
use muxwire::glob::NamePattern;
use tempfile::TempDir;

use super::server::{Setup, redaction};

pub struct Tokens {
    folder: TempDir,
    count: usize,
}

impl Tokens {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            count: 0,
        }
    }

    /// The one-time codes in the same folder.
    pub fn codes(&self) -> CodeStore {
        CodeStore::new(self.folder.path().join("state"))
    }

    /// A new code.
    pub fn code(&self, holder: CodeHolder) -> String {
        let code = self.codes().create(holder, Timestamp::now()).unwrap();
        code.expose().to_owned()
    }

    /// The ids of the tokens, the oldest first.
    pub fn ids(&self) -> Vec<TokenId> {
        let entries = self.store().list().unwrap();
        entries.iter().map(Entry::id).collect()
    }

    /// Takes the token with this number out of the store and out of force.
    pub fn revoke(&self, number: usize, authenticator: &Authenticator) {
        self.store().revoke(&format!("test-{number}")).unwrap();
        authenticator.replace(self.store().list().unwrap());
    }

    /// Changes the file of tokens as a text, and puts it in force.
    pub fn rewrite(&self, old: &str, new: &str, authenticator: &Authenticator) {
        let path = self.folder.path().join("state/tokens.json");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{text}");
        std::fs::write(&path, text.replace(old, new)).unwrap();
        authenticator.replace(self.store().list().unwrap());
    }

    fn store(&self) -> TokenStore {
        TokenStore::new(self.folder.path().join("state"))
    }

    /// A new token, as it is shown once. No session pattern means every session.
    pub fn add(
        &mut self,
        highest: Permission,
        sessions: &[&str],
        expires: Option<Timestamp>,
    ) -> String {
        self.count += 1;
        let patterns = sessions.iter().map(|text| NamePattern::new(text).unwrap());
        let new = NewToken {
            name: format!("test-{}", self.count),
            permissions: Permissions::up_to(highest),
            scope: Scope::new(patterns),
            expires,
            redact: false,
        };
        self.create(new)
    }

    /// A new token from whose holder secrets are kept.
    pub fn add_redacted(&mut self, highest: Permission) -> String {
        self.count += 1;
        self.create(NewToken {
            name: format!("test-{}", self.count),
            permissions: Permissions::up_to(highest),
            scope: Scope::all(),
            expires: None,
            redact: true,
        })
    }

    fn create(&self, new: NewToken) -> String {
        let store = self.store();
        store.prepare().unwrap();
        let (token, _) = store.create(new, Timestamp::now()).unwrap();
        token.expose()
    }

    /// An authenticator for the tokens that there are now.
    pub fn authenticator(&self) -> Authenticator {
        self.with(AuthSettings::default())
    }

    /// The same, with settings of its own.
    pub fn with(&self, settings: AuthSettings) -> Authenticator {
        let store = self.store();
        store.prepare().unwrap();
        let codes = settings.codes.or_else(|| Some(self.codes()));
        let settings = AuthSettings { codes, ..settings };
        Authenticator::new(store.list().unwrap(), settings).unwrap()
    }
}

impl Setup {
    /// With the tokens of this test, and secrets kept from those who may not know them.
    pub fn keeping_secrets(tokens: &Tokens) -> Self {
        Self {
            authenticator: Some(tokens.authenticator()),
            redaction: Some(redaction()),
            ..Self::default()
        }
    }
}
