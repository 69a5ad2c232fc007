//! Subscriptions as they stand in their file.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::endpoint::{Endpoint, EndpointRules};
use super::form::{KeysForm, WishesForm};
use super::subscription::Subscription;
use crate::auth::{Bond, JwtBond, Permission};
use crate::glob::NamePattern;

/// The version of the file's form that this program reads and writes.
const VERSION: u32 = 1;

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    subscriptions: Vec<Record>,
}

/// One subscription. An unknown field is refused: a later version's restriction must not be lost.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    id: String,
    holder: HolderRecord,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
    server: String,
    device: String,
    created: String,
    endpoint: String,
    keys: KeysForm,
    wishes: WishesForm,
}

/// Whose it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum HolderRecord {
    Token(String),
    Local(u32),
    Nobody,
    Jwt {
        issuer: String,
        subject: String,
        key: String,
        permissions: Vec<String>,
        sessions: Vec<String>,
        expires: String,
    },
}

/// The subscriptions that a text spells.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &[u8]) -> Result<Vec<Subscription>, String> {
    let document: Document = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if document.version != VERSION {
        let other = document.version;
        return Err(format!(
            "its version is {other}, this muxwire knows {VERSION}"
        ));
    }
    let records = document.subscriptions.into_iter();
    records.map(|record| record.read()).collect()
}

/// The text of the file.
///
/// # Errors
/// It can't be written as JSON.
pub(super) fn write(subscriptions: &[Subscription]) -> Result<Vec<u8>, String> {
    let document = Document {
        version: VERSION,
        subscriptions: subscriptions.iter().map(Record::of).collect(),
    };
    let text = serde_json::to_vec_pretty(&document);
    let mut text = text.map_err(|error| error.to_string())?;
    text.push(b'\n');
    Ok(text)
}

impl Record {
    fn of(subscription: &Subscription) -> Self {
        let one = subscription.clone();
        Self {
            id: one.id,
            holder: HolderRecord::of(&one.bond),
            name: one.name,
            browser: one.browser,
            server: one.server,
            device: one.device,
            created: one.created.to_string(),
            endpoint: one.endpoint.text().to_owned(),
            keys: KeysForm::of(&one.keys),
            wishes: WishesForm::of(&one.wishes),
        }
    }

    fn read(self) -> Result<Subscription, String> {
        let id = self.id;
        let wrong = |what: &str| format!("the subscription {id:?}: {what}");
        // Whether it may be sent to is looked at when something is sent, as the settings are then.
        let rules = EndpointRules { private: true };
        let endpoint = Endpoint::parse(&self.endpoint, rules);
        Ok(Subscription {
            endpoint: endpoint.map_err(|error| wrong(&error.to_string()))?,
            keys: self.keys.read().ok_or_else(|| wrong("its keys are none"))?,
            bond: self
                .holder
                .read()
                .ok_or_else(|| wrong("its holder is none"))?,
            created: self
                .created
                .parse()
                .map_err(|_| wrong("created is no time"))?,
            wishes: self.wishes.read().map_err(|error| wrong(&error))?,
            name: self.name,
            browser: self.browser,
            server: self.server,
            device: self.device,
            id,
        })
    }
}

impl HolderRecord {
    fn of(bond: &Bond) -> Self {
        match bond {
            Bond::Token(id) => Self::Token(id.to_string()),
            Bond::Local(uid) => Self::Local(*uid),
            Bond::Nobody => Self::Nobody,
            Bond::Jwt(jwt) => Self::Jwt {
                issuer: jwt.issuer.clone(),
                subject: jwt.subject.clone(),
                key: jwt.key.clone(),
                permissions: jwt.permissions.iter().map(ToString::to_string).collect(),
                sessions: jwt.sessions.iter().map(ToString::to_string).collect(),
                expires: jwt.expires.to_string(),
            },
        }
    }

    fn read(self) -> Option<Bond> {
        Some(match self {
            Self::Token(id) => Bond::Token(id.parse().ok()?),
            Self::Local(uid) => Bond::Local(uid),
            Self::Nobody => Bond::Nobody,
            Self::Jwt {
                issuer,
                subject,
                key,
                permissions,
                sessions,
                expires,
            } => {
                let permissions = permissions.iter().map(|one| one.parse::<Permission>().ok());
                let sessions = sessions.iter().map(|one| NamePattern::new(one).ok());
                Bond::Jwt(Box::new(JwtBond {
                    issuer,
                    subject,
                    key,
                    permissions: permissions.collect::<Option<_>>()?,
                    sessions: sessions.collect::<Option<_>>()?,
                    expires: expires.parse::<Timestamp>().ok()?,
                }))
            }
        })
    }
}
