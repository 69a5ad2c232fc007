//! One attempt to send a notification to a place.

use std::path::PathBuf;
use std::time::Duration;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use jiff::Timestamp;
use sha2::Sha256;
use tokio::time::timeout;

use super::notification::Notification;
use super::secret::Secret;
use crate::alert::{Sink, SinkKind};
use crate::connectors::http::{Answer, Post, Target};
use crate::file_watch::blocking;
use crate::tmux::run_program;

/// What a secret begins with that is written as base64, as the specification of standard webhooks has it.
const ENCODED: &str = "whsec_";

/// Why an attempt failed. Neither an address nor a secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct SendError {
    cause: String,
    /// Trying again does not help.
    lasting: bool,
    /// How long the place asks to be left alone.
    retry_after: Option<Duration>,
}

impl SendError {
    /// It may be well the next time.
    fn passing(cause: impl ToString) -> Self {
        Self {
            cause: cause.to_string(),
            lasting: false,
            retry_after: None,
        }
    }

    /// Trying again does not help.
    fn lasting(cause: impl ToString) -> Self {
        Self {
            lasting: true,
            ..Self::passing(cause)
        }
    }

    pub(super) fn is_lasting(&self) -> bool {
        self.lasting
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// Sends to one place.
#[derive(Debug)]
pub struct Sender {
    sink: Sink,
    /// Whom to believe, once it is known.
    target: Option<Target>,
}

impl Sender {
    /// One for this sink.
    #[must_use]
    pub fn new(sink: Sink) -> Self {
        Self { sink, target: None }
    }

    /// The sink.
    #[must_use]
    pub fn sink(&self) -> &Sink {
        &self.sink
    }

    /// Tries once, for as long as the sink's configuration allows.
    ///
    /// # Errors
    /// It could not be sent, or was not taken.
    pub async fn send(&mut self, notification: &Notification) -> Result<(), SendError> {
        let limit = self.sink.timeout;
        if let SinkKind::Command { argv } = &self.sink.kind {
            let mut input = notification.json.to_vec();
            input.push(b'\n');
            return run_program(argv, &input, limit)
                .await
                .map_err(SendError::passing);
        }
        match timeout(limit, self.post(notification)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(SendError::passing(format!("no answer within {limit:?}"))),
        }
    }

    async fn post(&mut self, notification: &Notification) -> Result<(), SendError> {
        let (post, url, authorities) = match &self.sink.kind {
            SinkKind::Webhook {
                url,
                secret,
                authorities,
            } => {
                let secret = read(secret).await?;
                let post = webhook(notification, secret.as_ref(), Timestamp::now())?;
                (post, url, authorities)
            }
            SinkKind::Ntfy {
                url,
                token,
                authorities,
            } => {
                let post = ntfy(notification, read(token).await?.as_ref())?;
                (post, url, authorities)
            }
            SinkKind::Command { .. } => return Ok(()),
        };
        let target = match &mut self.target {
            Some(target) => target,
            none => {
                let target = Target::new(url.clone(), authorities.clone()).await;
                none.insert(target.map_err(SendError::passing)?)
            }
        };
        let answer = target.post(post).await.map_err(SendError::passing)?;
        judge(&answer)
    }
}

/// What an answer means: whether it was taken, and if not, whether that may change.
fn judge(answer: &Answer) -> Result<(), SendError> {
    let status = answer.status;
    let cause = format!("the answer was {status}");
    match status.as_u16() {
        200..=299 => Ok(()),
        300..=399 => Err(SendError::lasting(format!(
            "{cause}, which leads elsewhere: give the address that it leads to"
        ))),
        408 | 425 | 429 | 500..=599 => Err(SendError {
            retry_after: answer.retry_after,
            ..SendError::passing(cause)
        }),
        _ => Err(SendError::lasting(cause)),
    }
}

async fn read(path: &Option<PathBuf>) -> Result<Option<Secret>, SendError> {
    let Some(path) = path.clone() else {
        return Ok(None);
    };
    let read = blocking(move || Secret::read(&path)).await;
    // Somebody may be about to put it right.
    read.map(Some).map_err(SendError::passing)
}

/// The event as JSON, signed as the specification of standard webhooks has it.
fn webhook(
    notification: &Notification,
    secret: Option<&Secret>,
    at: Timestamp,
) -> Result<Post, SendError> {
    let body = String::from_utf8_lossy(&notification.json).into_owned();
    let time = at.as_second().to_string();
    let mut headers = HeaderMap::new();
    put(&mut headers, "webhook-id", &notification.id)?;
    put(&mut headers, "webhook-timestamp", &time)?;
    if let Some(secret) = secret {
        let signed = format!("{}.{time}.{body}", notification.id);
        put(
            &mut headers,
            "webhook-signature",
            &signature(secret, &signed)?,
        )?;
    }
    Ok(Post {
        headers,
        content_type: "application/json",
        body: body.into(),
    })
}

fn signature(secret: &Secret, signed: &str) -> Result<String, SendError> {
    let bytes = secret.bytes();
    let decoded = match bytes.strip_prefix(ENCODED.as_bytes()) {
        Some(encoded) => BASE64.decode(encoded).map_err(|_| {
            SendError::passing("the secret begins with whsec_ and is no base64 behind it")
        })?,
        None => bytes.to_vec(),
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&decoded).map_err(SendError::lasting)?;
    mac.update(signed.as_bytes());
    let code = mac.finalize().into_bytes();
    Ok(format!("v1,{}", BASE64.encode(&code)))
}

/// A message for ntfy: the text as the body, all else in headers.
fn ntfy(notification: &Notification, token: Option<&Secret>) -> Result<Post, SendError> {
    let mut headers = HeaderMap::new();
    put(&mut headers, "title", &notification.title_header())?;
    put(&mut headers, "priority", notification.ntfy_priority())?;
    put(&mut headers, "tags", notification.ntfy_tag())?;
    if let Some(token) = token {
        let mut value = b"Bearer ".to_vec();
        value.extend_from_slice(token.bytes());
        let mut value = HeaderValue::from_bytes(&value)
            .map_err(|_| SendError::passing("the token has letters that no header may have"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(Post {
        headers,
        content_type: "text/plain; charset=utf-8",
        body: notification.text.clone().into(),
    })
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), SendError> {
    let value = HeaderValue::from_str(value).map_err(SendError::lasting)?;
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn secret(text: &str) -> Secret {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Secret::read(file.path()).unwrap()
    }

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        // The example of the libraries that verify them.
        let secret_of = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
        let signed = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(&secret_of, signed).unwrap(), expected);
        let error = signature(&secret("whsec_geheim!"), signed).unwrap_err();
        assert!(!error.to_string().contains("geheim"), "{error}");
        assert!(
            signature(&secret("plain"), signed)
                .unwrap()
                .starts_with("v1,")
        );
    }

    #[test]
    fn what_may_change_is_tried_again() {
        for (status, taken, lasting) in [
            (200, true, false),
            (204, true, false),
            (301, false, true),
            (308, false, true),
            (400, false, true),
            (401, false, true),
            (408, false, false),
            (410, false, true),
            (429, false, false),
            (500, false, false),
            (503, false, false),
        ] {
            let answer = Answer {
                status: status.try_into().unwrap(),
                retry_after: Some(Duration::from_secs(7)),
            };
            let judged = judge(&answer);
            assert_eq!(judged.is_ok(), taken, "{status}");
            if let Err(error) = judged {
                assert_eq!(error.is_lasting(), lasting, "{status}");
                assert_eq!(error.retry_after().is_some(), !lasting, "{status}");
            }
        }
    }
}
