//! The JSON of Web Push: what a page sends, what a browser is told, and the claims of a signature.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::encrypt::BrowserKeys;
use super::endpoint::{Endpoint, EndpointRules};
use super::subjects::Told;
use super::subscription::{Kind, Kinds, LONGEST_DWELL, Quiet, Wishes};
use super::words;

/// The longest name of a device, in characters.
const LONGEST_DEVICE: usize = 80;
/// The longest name of a time zone, in bytes.
const LONGEST_ZONE: usize = 64;
/// The most minutes by which a clock differs from UTC.
const MOST_OFFSET: i16 = 18 * 60;

/// What a page sends to subscribe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubscription {
    /// Where to send.
    pub endpoint: Endpoint,
    /// For whose eyes.
    pub keys: BrowserKeys,
    /// What the browser calls itself.
    pub device: String,
    /// What it wants to be told of.
    pub wishes: Wishes,
}

/// Wishes as they stand in a request and in a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WishesForm {
    kinds: Vec<String>,
    /// Seconds.
    dwell: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet: Option<QuietForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(default)]
    offset: i16,
    #[serde(default)]
    content: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuietForm {
    from: String,
    to: String,
}

/// Keys as they stand in a request and in a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeysForm {
    p256dh: String,
    auth: String,
}

/// Reads what a page sends to subscribe.
///
/// # Errors
/// What is wrong with it. Nothing of it is repeated.
pub fn read_new_subscription(body: &[u8], rules: EndpointRules) -> Result<NewSubscription, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        endpoint: String,
        keys: KeysForm,
        #[serde(default)]
        device: String,
        wishes: WishesForm,
    }
    let why = "send {\"endpoint\": ..., \"keys\": {\"p256dh\": ..., \"auth\": ...}, \"wishes\": {...}} as JSON";
    let body: Body = serde_json::from_slice(body).map_err(|_| why.to_owned())?;
    let endpoint = Endpoint::parse(&body.endpoint, rules).map_err(|error| error.to_string())?;
    let keys = body
        .keys
        .read()
        .ok_or("keys.p256dh and keys.auth are no keys of a browser")?;
    Ok(NewSubscription {
        endpoint,
        keys,
        device: words::plain(&body.device, LONGEST_DEVICE),
        wishes: body.wishes.read()?,
    })
}

impl WishesForm {
    pub(super) fn of(wishes: &Wishes) -> Self {
        let quiet = wishes.quiet.map(|quiet| {
            let [from, to] = quiet.texts();
            QuietForm { from, to }
        });
        Self {
            kinds: wishes
                .kinds
                .iter()
                .map(|kind| kind.name().to_owned())
                .collect(),
            dwell: u32::try_from(wishes.dwell.as_secs()).unwrap_or(u32::MAX),
            quiet,
            zone: wishes.zone.clone(),
            offset: wishes.offset,
            content: wishes.content,
        }
    }

    pub(super) fn read(self) -> Result<Wishes, String> {
        let kinds = self.kinds.iter().map(|name| Kind::named(name)).collect();
        let kinds: Option<Vec<Kind>> = kinds;
        let kinds = kinds.ok_or("wishes.kinds are waiting, failed, finished and alerts")?;
        let dwell = Duration::from_secs(self.dwell.into());
        if dwell > LONGEST_DWELL {
            return Err(format!(
                "wishes.dwell is at most {} seconds",
                LONGEST_DWELL.as_secs()
            ));
        }
        let quiet = self
            .quiet
            .map(|QuietForm { from, to }| Quiet::new(&from, &to));
        if quiet == Some(None) {
            return Err("wishes.quiet has two times such as 22:00 and 07:00".to_owned());
        }
        let is_zone = |name: &String| {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
            let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic());
            is_name && name.len() <= LONGEST_ZONE && name.bytes().all(is_letter)
        };
        if !(-MOST_OFFSET..=MOST_OFFSET).contains(&self.offset) {
            return Err(
                "wishes.offset are the minutes that the device's clock is ahead of UTC".to_owned(),
            );
        }
        Ok(Wishes {
            kinds: Kinds::new(kinds),
            dwell,
            quiet: quiet.flatten(),
            zone: self.zone.filter(is_zone),
            offset: self.offset,
            content: self.content,
        })
    }
}

impl KeysForm {
    pub(super) fn of(keys: &BrowserKeys) -> Self {
        Self {
            p256dh: BASE64URL_NOPAD.encode(keys.public()),
            auth: BASE64URL_NOPAD.encode(keys.secret()),
        }
    }

    pub(super) fn read(&self) -> Option<BrowserKeys> {
        let bytes = |text: &str| {
            BASE64URL_NOPAD
                .decode(text.trim_end_matches('=').as_bytes())
                .ok()
        };
        BrowserKeys::new(&bytes(&self.p256dh)?, &bytes(&self.auth)?)
    }
}

/// What a browser is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushMessage {
    told: Told,
    /// When it was told, in milliseconds since the Unix epoch.
    at: i64,
}

impl PushMessage {
    /// That this is told now.
    #[must_use]
    pub fn new(told: Told, now: jiff::Timestamp) -> Self {
        Self {
            told,
            at: now.as_millisecond(),
        }
    }

    /// Its JSON.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Form<'a> {
            v: u8,
            kind: &'a str,
            tag: &'a str,
            state: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            pane: Option<String>,
            title: &'a str,
            body: &'a str,
            at: i64,
        }
        let Told {
            tag,
            state,
            kind,
            pane,
            title,
            body,
        } = &self.told;
        let form = Form {
            v: 1,
            kind: kind.map_or("test", Kind::name),
            tag,
            state,
            pane: pane.map(|pane| pane.to_string()),
            title,
            body,
            at: self.at,
        };
        // Texts and numbers can always be written.
        serde_json::to_vec(&form).unwrap_or_default()
    }
}

/// The claims of a signature.
pub(super) fn claims(audience: &str, subject: &str, ends: i64) -> Vec<u8> {
    #[derive(Serialize)]
    struct Claims<'a> {
        aud: &'a str,
        exp: i64,
        #[serde(skip_serializing_if = "str::is_empty")]
        sub: &'a str,
    }
    let claims = Claims {
        aud: audience,
        exp: ends,
        sub: subject,
    };
    // Texts and numbers can always be written.
    serde_json::to_vec(&claims).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const KEYS: &str = r#"{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg=="}"#;

    fn body(endpoint: &str, keys: &str, wishes: &str) -> String {
        format!(
            r#"{{"endpoint":"{endpoint}","keys":{keys},"device":"Phone\u001b[31m","wishes":{wishes}}}"#
        )
    }

    #[test]
    fn a_subscription_is_read_as_browsers_write_it() {
        let wishes = r#"{"kinds":["failed","waiting","failed"],"dwell":10,"quiet":{"from":"22:00","to":"07:00"},"zone":"Europe/Berlin","offset":60,"content":true}"#;
        let text = body("https://push.example/x", KEYS, wishes);
        let rules = EndpointRules::default();
        let read = read_new_subscription(text.as_bytes(), rules).unwrap();
        assert_eq!(read.device, "Phone");
        assert_eq!(read.wishes.kinds, Kinds::new([Kind::Waiting, Kind::Failed]));
        assert_eq!(read.wishes.zone.as_deref(), Some("Europe/Berlin"));
        let again = serde_json::to_vec(&WishesForm::of(&read.wishes)).unwrap();
        let again: WishesForm = serde_json::from_slice(&again).unwrap();
        assert_eq!(again.read().unwrap(), read.wishes);
        let written = KeysForm::of(&read.keys);
        assert_eq!(written.read(), Some(read.keys));
    }

    #[test]
    fn what_is_wrong_is_told_and_not_repeated() {
        let good = r#"{"kinds":[],"dwell":0}"#;
        let rows = [
            (
                "https://push.example/x",
                KEYS,
                r#"{"kinds":["x"],"dwell":0}"#,
                "wishes.kinds are",
            ),
            (
                "https://push.example/x",
                KEYS,
                r#"{"kinds":[],"dwell":3601}"#,
                "at most 3600",
            ),
            (
                "https://push.example/x",
                KEYS,
                r#"{"kinds":[],"dwell":0,"quiet":{"from":"25:00","to":"07:00"}}"#,
                "two times",
            ),
            (
                "https://push.example/x",
                KEYS,
                r#"{"kinds":[],"dwell":0,"offset":2000}"#,
                "ahead of UTC",
            ),
            ("https://push.example/x", KEYS, r#"{"kinds":[]}"#, "send {"),
            (
                "https://push.example/x",
                r#"{"p256dh":"AAAA","auth":"AAAA"}"#,
                good,
                "no keys",
            ),
            ("http://push.example/x", KEYS, good, "https"),
            ("https://localhost/x", KEYS, good, "private"),
        ];
        for (endpoint, keys, wishes, said) in rows {
            let text = body(endpoint, keys, wishes);
            let error =
                read_new_subscription(text.as_bytes(), EndpointRules::default()).unwrap_err();
            assert!(error.contains(said), "{wishes}: {error}");
            assert!(
                !error.contains("push.example") && !error.contains("AAAA"),
                "{error}"
            );
        }
        // A zone that no file can be named by is as good as none.
        for zone in ["../../etc/passwd", "/etc/passwd", "a\\u0000b"] {
            let text = format!(r#"{{"kinds":[],"dwell":0,"zone":"{zone}"}}"#);
            let form: WishesForm = serde_json::from_str(&text).unwrap();
            assert_eq!(form.read().unwrap().zone, None, "{zone}");
        }
    }
}
