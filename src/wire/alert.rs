//! Alerts on the wire.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::more::More;
use super::time::text_of;
use crate::model::{Alert, ClearCause};

/// An alert. What is not known is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertObject<'a> {
    /// Its name, which no other alert has.
    pub id: Cow<'a, str>,
    /// The rule that raised it.
    pub rule: Cow<'a, str>,
    /// How much it matters: `info`, `warning`, `error` or `critical`.
    pub severity: Cow<'a, str>,
    /// What it is about: of one key there is one alert at a time.
    pub key: Cow<'a, str>,
    /// What happened, in a line for people.
    pub title: Cow<'a, str>,
    /// What the agent says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// The type of the agent that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_type: Option<Cow<'a, str>>,
    /// What that agent does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Cow<'a, str>>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cow<'a, str>>,
    /// Since when what it is about holds, as RFC 3339 in UTC with milliseconds.
    pub since: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// An alert that is over.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClearedAlert<'a> {
    /// The alert, as it was raised.
    #[serde(flatten)]
    pub alert: AlertObject<'a>,
    /// Why it is over: `over`, `gone` or `rules`.
    pub cause: Cow<'a, str>,
}

impl<'a> From<&'a Alert> for AlertObject<'a> {
    fn from(alert: &'a Alert) -> Self {
        let text = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
        Self {
            id: Cow::Borrowed(&alert.id),
            rule: Cow::Borrowed(&alert.rule),
            severity: Cow::Borrowed(alert.severity.name()),
            key: Cow::Borrowed(&alert.key),
            title: Cow::Borrowed(&alert.title),
            message: text(&alert.message),
            agent_type: text(&alert.agent_type),
            status: alert.status.map(|status| Cow::Borrowed(status.name())),
            reason: text(&alert.reason),
            since: text_of(alert.since).into(),
            more: More::new(),
        }
    }
}

impl<'a> ClearedAlert<'a> {
    pub(super) fn new(alert: &'a Alert, cause: ClearCause) -> Self {
        Self {
            alert: alert.into(),
            cause: Cow::Borrowed(cause.name()),
        }
    }
}
