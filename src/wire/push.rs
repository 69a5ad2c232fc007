//! What `/api/push` answers.

use bytes::Bytes;
use serde::Serialize;

use super::json::to_json;

/// What a page has to know to subscribe, and who is subscribed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct PushAnswer {
    /// Whether this server can push.
    pub enabled: bool,
    /// The public key of the server, as browsers take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Why it can't push, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Those that the one who asks may know and end.
    pub subscriptions: Vec<PushRow>,
}

/// A browser that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PushRow {
    /// The public name of the subscription.
    pub subscription: String,
    /// Whose it is: the id of the token or the like.
    pub id: String,
    /// The name of that.
    pub name: String,
    /// What the browser calls itself.
    pub device: String,
    /// The host of its push service.
    pub service: String,
    /// When it subscribed for the first time.
    pub created: String,
    /// Whether the browser that asks subscribed with the session that it has.
    pub current: bool,
    /// What it is told of.
    pub kinds: Vec<&'static str>,
    /// What was sent to it, the newest first, as far as it is remembered.
    pub sent: Vec<PushSent>,
}

/// Something that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PushSent {
    /// When.
    pub at: String,
    /// What it told of, or `test`.
    pub kind: &'static str,
    /// Its title.
    pub title: String,
    /// Why it could not be sent, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The same as JSON text.
#[must_use]
pub fn push_answer(answer: &PushAnswer) -> Bytes {
    to_json(answer)
}

/// The name that a subscription was given.
#[must_use]
pub fn subscribed_answer(subscription: &str) -> Bytes {
    #[derive(Serialize)]
    struct Answer<'a> {
        subscription: &'a str,
    }
    to_json(&Answer { subscription })
}

/// What became of a test.
#[must_use]
pub fn push_test_answer(error: Option<&str>) -> Bytes {
    #[derive(Serialize)]
    struct Answer<'a> {
        sent: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
    }
    to_json(&Answer {
        sent: error.is_none(),
        error,
    })
}
