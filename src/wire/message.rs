//! What a server says, as it stands on the wire: one object with a `type` and its fields, in both directions.
//!
//! Messages borrow what they write, and own what was read. One that this version doesn't know is kept whole.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

pub use super::answers::{
    Cancelled, HistoryPage, ReplayEnd, ReplayOutput, ReplayResized, ReplaySnapshot, ReplayStarted,
    ReplayState, ScreenThen, SearchPage,
};
pub use super::clients::{Clients, Disconnected};
pub use super::composed_response::ComposedResponse;
pub use super::digest_answer::DigestAnswer;
pub use super::emitted::EmittedAnswer;
use super::event::Event;
use super::explanation::Explanation;
use super::framed::{Framed, to_frame};
use super::json::to_json;
use super::more::More;
pub use super::notices::{Error, Lagged, Shutdown};
use super::objects::Text;
use super::pane::{PaneScrollback, PaneSnapshot};
use super::request::RequestId;
pub use super::seen::SeenAnswer;
use super::snapshot::StateSnapshot;
use super::stats::{ClientStats, ServerStats};
use crate::ids::{Epoch, PaneId, Seq};

/// Anything that a server says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "type")]
pub enum Message<'a> {
    /// The first message of every connection.
    #[serde(rename = "hello")]
    Hello(Hello<'a>),
    /// Whether the token is accepted.
    #[serde(rename = "auth.response")]
    AuthResponse(AuthResponse<'a>),
    /// A subscription counts from a place on.
    #[serde(rename = "subscribed")]
    Subscribed(Subscribed<'a>),
    /// A subscription ended.
    #[serde(rename = "unsubscribed")]
    Unsubscribed(Answer<'a>),
    /// The state of tmux.
    #[serde(rename = "snapshot")]
    Snapshot(Box<StateSnapshot<'a>>),
    /// tmux has executed what was asked.
    #[serde(rename = "command.response")]
    CommandResponse(CommandResponse<'a>),
    /// What has come of a prompt.
    #[serde(rename = "prompt.response")]
    PromptResponse(Box<ComposedResponse<'a>>),
    /// What has come of an answer to a dialog.
    #[serde(rename = "answer.response")]
    AnswerResponse(Box<ComposedResponse<'a>>),
    /// Agents are marked as seen.
    #[serde(rename = "seen")]
    Seen(SeenAnswer<'a>),
    /// What is held of the agent in a pane.
    #[serde(rename = "explanation")]
    Explanation(Box<Explanation<'a>>),
    /// The answer to a ping.
    #[serde(rename = "pong")]
    Pong(Answer<'a>),
    /// The client has everything up to a place.
    #[serde(rename = "bookmark")]
    Bookmark(Bookmark<'a>),
    /// A pane is open.
    #[serde(rename = "opened")]
    Opened(Opened<'a>),
    /// A pane is no longer open.
    #[serde(rename = "closed")]
    Closed(Closed<'a>),
    /// What the client acknowledged is known.
    #[serde(rename = "acked")]
    Acked(Answer<'a>),
    /// A page of a pane's history.
    #[serde(rename = "pane.scrollback")]
    PaneScrollback(PaneScrollback<'a>),
    /// A pane in its present state.
    #[serde(rename = "pane.snapshot")]
    PaneSnapshot(Box<PaneSnapshot<'a>>),
    /// Output of a pane was left out for this client.
    #[serde(rename = "lagged")]
    Lagged(Lagged),
    /// How the client and the server fare.
    #[serde(rename = "stats")]
    Stats(Box<Stats<'a>>),
    /// Who is connected.
    #[serde(rename = "clients")]
    Clients(Clients<'a>),
    /// Somebody's connection ends.
    #[serde(rename = "disconnected")]
    Disconnected(Disconnected<'a>),
    /// Events of the client's own stand in the log.
    #[serde(rename = "emitted")]
    Emitted(EmittedAnswer<'a>),
    /// Events that are kept.
    #[serde(rename = "history.page")]
    HistoryPage(HistoryPage<'a>),
    /// Lines that were found.
    #[serde(rename = "search.page")]
    SearchPage(SearchPage<'a>),
    /// A pane as it was.
    #[serde(rename = "screen")]
    Screen(Box<ScreenThen<'a>>),
    /// A replay begins.
    #[serde(rename = "replay.started")]
    ReplayStarted(ReplayStarted<'a>),
    /// The screen that a replay goes on from.
    #[serde(rename = "replay.snapshot")]
    ReplaySnapshot(Box<ReplaySnapshot<'a>>),
    /// What a pane printed then.
    #[serde(rename = "replay.output")]
    ReplayOutput(ReplayOutput<'a>),
    /// The pane got another size then.
    #[serde(rename = "replay.resized")]
    ReplayResized(ReplayResized<'a>),
    /// How a replay goes on.
    #[serde(rename = "replay.state")]
    ReplayState(ReplayState<'a>),
    /// A replay is over.
    #[serde(rename = "replay.end")]
    ReplayEnd(ReplayEnd<'a>),
    /// What agents did.
    #[serde(rename = "digest")]
    Digest(DigestAnswer<'a>),
    /// A question was cancelled.
    #[serde(rename = "cancelled")]
    Cancelled(Cancelled<'a>),
    /// The server is about to close all connections.
    #[serde(rename = "shutdown")]
    Shutdown(Shutdown),
    /// A request was refused.
    #[serde(rename = "error")]
    Error(Error<'a>),
    /// An event, of any type.
    #[serde(skip)]
    Event(Box<Event<'a>>),
    /// A message that this version doesn't know, with all of its fields.
    #[serde(skip)]
    Unknown(More),
}

/// The first message of every connection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello<'a> {
    /// The version of the protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u64>,
    /// The program and its version.
    pub server: Cow<'a, str>,
    /// The host that the events are of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Cow<'a, str>>,
    /// The log's name.
    pub epoch: Cow<'a, str>,
    /// The log's newest place.
    pub seq: u64,
    /// Whether the client has to authenticate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_required: Option<bool>,
    /// What the server can do beyond the first version's messages.
    pub features: Vec<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Whether the token is accepted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthResponse<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// Whether it is.
    pub success: bool,
    /// What the client may do.
    pub permissions: Vec<Cow<'a, str>>,
    /// The server's name for this connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Cow<'a, str>>,
    /// When the token ends by itself, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Cow<'a, str>>,
    /// Secrets are masked in what the client is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redacted: Option<bool>,
    /// Why it is not, as a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'a, str>>,
    /// Why it is not, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A subscription counts from a place on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Subscribed<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// Whether all that came after `since` follows; nothing without `since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,
    /// The log's name.
    pub epoch: Cow<'a, str>,
    /// The place after which it counts.
    pub seq: u64,
    /// The place as text.
    pub cursor: Cow<'a, str>,
    /// What of its filters matches nothing now, for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// An answer without fields.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// tmux has executed what was asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandResponse<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// Always so.
    pub success: bool,
    /// The pane that the target was resolved to.
    pub pane: Text<PaneId>,
    /// It was executed for an earlier request with the same key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane is open.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Opened<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The pane that the target was resolved to.
    pub pane: Text<PaneId>,
    /// Whether the output from the offset on follows; otherwise a snapshot of the pane does.
    pub recovered: bool,
    /// The log's name.
    pub epoch: Cow<'a, str>,
    /// Where the output goes on.
    pub offset: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A pane is no longer open.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Closed<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The pane that the target was resolved to.
    pub pane: Text<PaneId>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// How the client and the server fare.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The client itself.
    pub client: ClientStats<'a>,
    /// The server.
    pub server: ServerStats,
    /// All clients, the slowest first, for those who may know of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<ClientStats<'a>>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The client has everything up to a place.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bookmark<'a> {
    /// The log's name.
    pub epoch: Cow<'a, str>,
    /// The place.
    pub seq: u64,
    /// The place as text.
    pub cursor: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl Message<'_> {
    /// The types besides those of events that this version knows.
    pub const TYPES: [&'static str; 35] = [
        "hello",
        "auth.response",
        "subscribed",
        "unsubscribed",
        "snapshot",
        "command.response",
        "prompt.response",
        "answer.response",
        "seen",
        "explanation",
        "pong",
        "bookmark",
        "opened",
        "closed",
        "acked",
        "pane.scrollback",
        "pane.snapshot",
        "lagged",
        "stats",
        "clients",
        "disconnected",
        "emitted",
        "history.page",
        "search.page",
        "screen",
        "replay.started",
        "replay.snapshot",
        "replay.output",
        "replay.resized",
        "replay.state",
        "replay.end",
        "digest",
        "cancelled",
        "shutdown",
        "error",
    ];

    /// Its type, as it stands on the wire.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Self::Hello(_) => "hello",
            Self::AuthResponse(_) => "auth.response",
            Self::Subscribed(_) => "subscribed",
            Self::Unsubscribed(_) => "unsubscribed",
            Self::Snapshot(_) => "snapshot",
            Self::CommandResponse(_) => "command.response",
            Self::PromptResponse(_) => "prompt.response",
            Self::AnswerResponse(_) => "answer.response",
            Self::Seen(_) => "seen",
            Self::Explanation(_) => "explanation",
            Self::Pong(_) => "pong",
            Self::Bookmark(_) => "bookmark",
            Self::Opened(_) => "opened",
            Self::Closed(_) => "closed",
            Self::Acked(_) => "acked",
            Self::PaneScrollback(_) => "pane.scrollback",
            Self::PaneSnapshot(_) => "pane.snapshot",
            Self::Lagged(_) => "lagged",
            Self::Stats(_) => "stats",
            Self::Clients(_) => "clients",
            Self::Disconnected(_) => "disconnected",
            Self::Emitted(_) => "emitted",
            Self::HistoryPage(_) => "history.page",
            Self::SearchPage(_) => "search.page",
            Self::Screen(_) => "screen",
            Self::ReplayStarted(_) => "replay.started",
            Self::ReplaySnapshot(_) => "replay.snapshot",
            Self::ReplayOutput(_) => "replay.output",
            Self::ReplayResized(_) => "replay.resized",
            Self::ReplayState(_) => "replay.state",
            Self::ReplayEnd(_) => "replay.end",
            Self::Digest(_) => "digest",
            Self::Cancelled(_) => "cancelled",
            Self::Shutdown(_) => "shutdown",
            Self::Error(_) => "error",
            Self::Event(event) => event.type_name(),
            Self::Unknown(fields) => {
                let name = fields.get("type").and_then(Value::as_str);
                name.unwrap_or_default()
            }
        }
    }

    /// The message as JSON text.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        to_json(self)
    }

    /// The message as a frame.
    #[must_use]
    pub fn framed(&self) -> Framed {
        to_frame(self)
    }

    /// The place in the log that it names.
    #[must_use]
    pub fn position(&self) -> Option<(Epoch, Seq)> {
        let (epoch, seq) = match self {
            Self::Hello(hello) => (&hello.epoch, hello.seq),
            Self::Subscribed(subscribed) => (&subscribed.epoch, subscribed.seq),
            Self::Snapshot(snapshot) => (&snapshot.epoch, snapshot.seq),
            Self::Bookmark(bookmark) => (&bookmark.epoch, bookmark.seq),
            Self::PaneSnapshot(snapshot) => (&snapshot.epoch, snapshot.seq),
            Self::Event(event) => return event.position(),
            _ => return None,
        };
        Some((Epoch::new(epoch)?, Seq(seq)))
    }
}

impl Message<'static> {
    /// Reads a message. Nothing if the object has no type.
    #[must_use]
    pub fn read(fields: More) -> Option<Self> {
        let name = fields.get("type")?.as_str()?.to_owned();
        if Self::TYPES.contains(&&*name) {
            let fields = Value::Object(fields);
            return match (Self::deserialize(&fields), fields) {
                (Ok(message), _) => Some(message),
                (Err(_), Value::Object(fields)) => Some(Self::Unknown(fields)),
                (Err(_), _) => None,
            };
        }
        let is_event = fields.contains_key("seq") && fields.contains_key("data");
        Some(if is_event {
            Self::Event(Box::new(Event::read(name, fields)))
        } else {
            Self::Unknown(fields)
        })
    }
}

impl Serialize for Message<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Event(event) => event.serialize(serializer),
            Self::Unknown(fields) => fields.serialize(serializer),
            known => Self::serialize(known, serializer),
        }
    }
}

impl<'a> From<Event<'a>> for Message<'a> {
    fn from(event: Event<'a>) -> Self {
        Self::Event(Box::new(event))
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
