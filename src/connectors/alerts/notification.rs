//! An alert on its way to a place, in the forms that places want.

use bytes::Bytes;
use data_encoding::BASE64;

use crate::hub::{Published, View};
use crate::model::{Alert, AlertSeverity, ChangeKind};
use crate::wire::{Encoder, Form};

/// An alert, or the end of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its name: that of the alert, and another one for its end.
    pub id: String,
    /// The event, as a client gets it.
    pub json: Bytes,
    /// How much the alert matters.
    pub severity: AlertSeverity,
    /// Whether it is over.
    pub cleared: bool,
    /// What happened, in one line.
    pub title: String,
    /// More about it: what the agent says, and where.
    pub text: String,
}

impl Notification {
    /// The notification of an event as it is seen so; nothing if it is not about an alert.
    #[must_use]
    pub fn of(event: &Published, view: View, encoder: &Encoder) -> Option<Self> {
        let (alert, cleared) = match &event.change.kind {
            ChangeKind::Alert { alert } => (alert, false),
            ChangeKind::AlertCleared { alert, .. } => (alert, true),
            _ => return None,
        };
        let framed = encoder.event(event, view, Form::Json);
        let place = view.place(&event.change);
        let place = place.map(|place| match place.window {
            Some((_, index)) => format!("{}:{index}", place.session_name),
            None => place.session_name.to_string(),
        });
        let place = [Some(encoder.host().to_owned()), place];
        let place: Vec<String> = place.into_iter().flatten().collect();
        Some(Self {
            id: if cleared {
                format!("{}-cleared", alert.id)
            } else {
                alert.id.clone()
            },
            json: Bytes::copy_from_slice(framed.payload()),
            severity: alert.severity,
            cleared,
            title: title(alert, cleared),
            text: text(alert, &place.join(" ")),
        })
    }

    /// Its priority at ntfy, from 1 to 5.
    pub(super) fn ntfy_priority(&self) -> &'static str {
        match self.severity {
            _ if self.cleared => "2",
            AlertSeverity::Info => "2",
            AlertSeverity::Warning => "3",
            AlertSeverity::Error => "4",
            AlertSeverity::Critical => "5",
        }
    }

    /// Its tag at ntfy, which shows as an emoji.
    pub(super) fn ntfy_tag(&self) -> &'static str {
        match self.severity {
            _ if self.cleared => "white_check_mark",
            AlertSeverity::Info => "information_source",
            AlertSeverity::Warning => "warning",
            AlertSeverity::Error => "x",
            AlertSeverity::Critical => "rotating_light",
        }
    }

    /// Its title as a header may have it: ASCII as it is, all else as RFC 2047 writes it.
    pub(super) fn title_header(&self) -> String {
        if self.title.bytes().all(|byte| matches!(byte, b' '..=b'~'))
            && !self.title.starts_with("=?")
        {
            return self.title.clone();
        }
        format!("=?UTF-8?B?{}?=", BASE64.encode(self.title.as_bytes()))
    }
}

fn title(alert: &Alert, cleared: bool) -> String {
    let word = if cleared {
        "cleared"
    } else {
        alert.severity.name()
    };
    plain(&format!("{word}: {}", alert.title), 200)
}

fn text(alert: &Alert, place: &str) -> String {
    match &alert.message {
        Some(message) => plain(&format!("{message} ({place})"), 2_000),
        None => plain(place, 2_000),
    }
}

/// One line without control characters and not too long: what agents say is hostile.
fn plain(text: &str, most: usize) -> String {
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    shown.take(most).collect()
}
