//! Where alerts go besides the log.

use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;

use crate::glob::NamePattern;
use crate::model::AlertSeverity;

/// A place to which alerts are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// Its name.
    pub id: String,
    /// What it is.
    pub kind: SinkKind,
    /// Which alerts it gets.
    pub filter: SinkFilter,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often an alert is tried.
    pub attempts: u32,
    /// How many alerts wait for it at most.
    pub queue: usize,
}

/// What a sink is. Secrets are in files of their own, never in this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkKind {
    /// An address that is sent each event as JSON.
    Webhook {
        /// The address.
        url: Uri,
        /// The file with the secret by which what is sent is signed.
        secret: Option<PathBuf>,
        /// The file with authorities that vouch for the server, instead of the system's.
        authorities: Option<PathBuf>,
    },
    /// A topic of an ntfy server, or of one that understands the same.
    Ntfy {
        /// The address of the topic.
        url: Uri,
        /// The file with the token.
        token: Option<PathBuf>,
        /// The file with authorities that vouch for the server, instead of the system's.
        authorities: Option<PathBuf>,
    },
    /// A program that is given each event as JSON.
    Command {
        /// The program and its arguments. No shell reads them.
        argv: Vec<String>,
    },
}

/// Which alerts a sink gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkFilter {
    /// The least severity.
    pub severity: AlertSeverity,
    /// The rules whose alerts it gets; all if there are none.
    pub rules: Vec<NamePattern>,
    /// The sessions that it may know of; all, and what belongs to none, if there are none.
    pub sessions: Vec<NamePattern>,
    /// Whether it is told when an alert is over.
    pub cleared: bool,
    /// Whether it gets texts without their secrets, where these are kept from some.
    pub redact: bool,
}

impl SinkKind {
    /// Its name in files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Ntfy { .. } => "ntfy",
            Self::Command { .. } => "command",
        }
    }
}

impl SinkFilter {
    /// Whether it wants alerts of this rule and severity.
    #[must_use]
    pub fn wants(&self, rule: &str, severity: AlertSeverity) -> bool {
        severity >= self.severity
            && (self.rules.is_empty() || self.rules.iter().any(|one| one.matches(rule)))
    }
}
