//! One attempt to send a message to a browser's push service (RFC 8030).

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, HeaderName, HeaderValue};
use jiff::Timestamp;
use tokio::time::timeout;

use super::queue::Message;
use crate::connectors::http::{Answer, Post, Target};
use crate::push::{Endpoint, Kind, PushDesk, PushMessage, encrypt};

/// How long a push service keeps a message for a device that is away, and how old one may be to be sent at all.
pub(super) const LIFE: Duration = Duration::from_secs(4 * 3600);
/// The same of a test, for which somebody waits.
const LIFE_OF_TEST: Duration = Duration::from_secs(60);
/// How long an attempt may take.
const LIMIT: Duration = Duration::from_secs(20);
/// Bytes of a topic's hash: 22 letters, where a push service takes 32.
const TOPIC: usize = 16;

/// Why an attempt failed. No endpoint is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AttemptError {
    /// The push service says that the subscription is over.
    #[error("the push service says that the subscription is over ({0})")]
    Gone(u16),
    /// Whose it is may be told nothing any more.
    #[error("the token that it is of is over")]
    NoHolder,
    /// Trying again does not help.
    #[error("{0}")]
    Lasting(String),
    /// It may be well the next time, after so long if the push service asks for that.
    #[error("{0}")]
    Passing(String, Option<Duration>),
}

/// Tries once.
pub(super) async fn attempt(desk: &PushDesk, message: &Message) -> Result<(), AttemptError> {
    let now = Timestamp::now();
    // It may have been revoked while the message waited.
    if desk.holder(&message.to, now).is_none() {
        return Err(AttemptError::NoHolder);
    }
    match timeout(LIMIT, send(desk, message, now)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(passing(format!("no answer within {LIMIT:?}"))),
    }
}

async fn send(desk: &PushDesk, message: &Message, now: Timestamp) -> Result<(), AttemptError> {
    let rules = desk.settings().endpoints;
    let known = &message.to.endpoint;
    // The settings may be others than when it was given.
    let endpoint = Endpoint::parse(known.text(), rules).map_err(lasting)?;
    let key = desk.key().await.map_err(passing)?;
    let subject = &desk.settings().subject;
    let authorization = key.authorization(&endpoint.origin(), subject, now);
    let authorization = authorization.map_err(passing)?;
    let text = PushMessage::new(message.told.clone(), now).json();
    let body = encrypt(&message.to.keys, &text).map_err(lasting)?;
    let post = Post {
        headers: headers(message, &authorization).map_err(lasting)?,
        content_type: "application/octet-stream",
        body: body.into(),
    };
    let target = Target::new(endpoint.uri().clone(), None).await;
    let target = target.map_err(passing)?.within(rules);
    judge(&target.post(post).await.map_err(passing)?)
}

fn headers(
    message: &Message,
    authorization: &str,
) -> Result<HeaderMap, hyper::header::InvalidHeaderValue> {
    let told = &message.told;
    let (life, urgency) = match told.kind {
        None => (LIFE_OF_TEST, "high"),
        Some(Kind::Finished) => (LIFE, "normal"),
        Some(Kind::Waiting | Kind::Failed | Kind::Alerts) => (LIFE, "high"),
    };
    // What a device that was away has not got yet is replaced by the next of its tag.
    let topic = blake3::hash(told.tag.as_bytes());
    let topic = BASE64URL_NOPAD.encode(&topic.as_bytes()[..TOPIC]);
    let mut headers = HeaderMap::new();
    let mut secret = HeaderValue::from_str(authorization)?;
    secret.set_sensitive(true);
    headers.insert(AUTHORIZATION, secret);
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"));
    headers.insert(HeaderName::from_static("ttl"), life.as_secs().into());
    let urgency = HeaderValue::from_static(urgency);
    headers.insert(HeaderName::from_static("urgency"), urgency);
    headers.insert(
        HeaderName::from_static("topic"),
        HeaderValue::from_str(&topic)?,
    );
    Ok(headers)
}

/// What an answer means.
fn judge(answer: &Answer) -> Result<(), AttemptError> {
    let status = answer.status;
    let cause = format!("the push service answered {status}");
    match status.as_u16() {
        200..=299 => Ok(()),
        code @ (404 | 410) => Err(AttemptError::Gone(code)),
        408 | 425 | 429 | 500..=599 => Err(AttemptError::Passing(cause, answer.retry_after)),
        401 | 403 => Err(lasting(format!(
            "{cause}: it does not take the key of this server, or push.subject; subscribe anew"
        ))),
        _ => Err(lasting(cause)),
    }
}

fn lasting(cause: impl ToString) -> AttemptError {
    AttemptError::Lasting(cause.to_string())
}

fn passing(cause: impl ToString) -> AttemptError {
    AttemptError::Passing(cause.to_string(), None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let after = Some(Duration::from_secs(7));
        for (status, expected) in [
            (200, "ok"),
            (201, "ok"),
            (202, "ok"),
            (301, "lasting"),
            (400, "lasting"),
            (403, "lasting"),
            (404, "gone"),
            (408, "passing"),
            (410, "gone"),
            (413, "lasting"),
            (429, "passing"),
            (500, "passing"),
            (503, "passing"),
        ] {
            let answer = Answer {
                status: status.try_into().unwrap(),
                retry_after: after,
            };
            let found = match judge(&answer) {
                Ok(()) => "ok",
                Err(AttemptError::Gone(code)) if code == status => "gone",
                Err(AttemptError::Passing(_, known)) if known == after => "passing",
                Err(AttemptError::Lasting(_)) => "lasting",
                Err(error) => return assert_eq!(error.to_string(), "", "{status}"),
            };
            assert_eq!(found, expected, "{status}");
        }
    }
}
