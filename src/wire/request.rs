//! What clients ask for, as it stands on the wire: one object with an `action` and its fields, in both directions.
//!
//! An action that this version doesn't know is kept whole, and so are fields that it doesn't know, except in targets and
//! filters: there a key that is passed over would mean another pane, or more events than were asked for. What may stand
//! in a field is said by the schemas, against which `parse` checks; these types hold what is there.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

pub use super::about_agents::{Explain, Seen};
pub use super::composed::{Answer, Choice, Prompt};
pub use super::filter::{Filters, SessionEntry, WindowEntry};
pub use super::more::More;
use super::more::take;
pub use super::opening::{Ack, Close, Offset, Open};
pub use super::printing::PrintsIn;
pub use super::questions::{Digest, History, Replay, ReplayControl, ScreenAt, Search};
pub use super::target::{IndexOrText, Target};

/// A client's name for a request; its reply carries the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// A text.
    Text(String),
    /// A number, which goes back as it came.
    Number(serde_json::Number),
}

impl From<u64> for RequestId {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

/// A request, or what was read of one.
#[derive(Clone, PartialEq, Serialize)]
pub struct Request<A = Action> {
    /// What is asked for.
    #[serde(flatten)]
    pub action: A,
    /// The client's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
}

/// What is asked for.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// To be let in.
    Auth(Auth),
    /// Events that pass the filters.
    Subscribe(Subscribe),
    /// No more events that pass the filters.
    Unsubscribe(Unsubscribe),
    /// The state of tmux.
    Snapshot(Snapshot),
    /// A line to be typed, and Enter.
    Command(Command),
    /// Text or keys to be typed.
    SendKeys(SendKeys),
    /// A prompt for the agent in a pane.
    Prompt(Prompt),
    /// An answer to the dialog of the agent in a pane.
    Answer(Answer),
    /// The client has seen agents as they are.
    Seen(Seen),
    /// What is held of the agent in a pane.
    Explain(Explain),
    /// A pane's screen, and all that it prints from there on.
    Open(Open),
    /// No more of an open pane.
    Close(Close),
    /// The client has taken in what an open pane printed.
    Ack(Ack),
    /// How the client and the server fare.
    Stats(Plain),
    /// Who is connected.
    Clients(Plain),
    /// The end of somebody's connection.
    Disconnect(Disconnect),
    /// Events to be added to the log.
    Emit(Emit),
    /// Events that are kept.
    History(History),
    /// Lines that panes printed.
    Search(Search),
    /// A pane as it was at a moment.
    Screen(ScreenAt),
    /// What a pane printed, once more, at a pace.
    Replay(Replay),
    /// What a replay is to do from now on.
    ReplayControl(ReplayControl),
    /// What agents did.
    Digest(Digest),
    /// No answer to a question is wanted any more.
    Cancel(Cancel),
    /// A sign of life.
    Ping(Plain),
    /// An action that this version doesn't know, with all of its fields.
    #[serde(skip)]
    Unknown(More),
}

/// To be let in, by one of the two.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Auth {
    /// A one-time ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// A token, or a JWT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Events that pass the filters.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Subscribe {
    /// What to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Filters>,
    /// Where the client prints what it gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prints_in: Option<PrintsIn>,
    /// From where on; nothing is from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// Without what panes print in which clients print what they get.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_watchers: Option<bool>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// From where on events are asked for.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "data did not match any variant of untagged enum SinceField"
)]
pub enum Since {
    /// From behind a position as a server wrote it.
    Cursor(String),
    /// From behind a place that an event or a bookmark named.
    Place(Place),
}

/// A place in an event log.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The log's name.
    pub epoch: String,
    /// The place in it.
    pub seq: u64,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// No more events that pass the filters.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Unsubscribe {
    /// What not to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Filters>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The state of tmux.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// With the panes' screens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<bool>,
    /// The part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// A line to be typed, and Enter.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Command {
    /// Leave a mode such as copy mode first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_mode: Option<bool>,
    /// The line.
    pub command: String,
    /// A repetition with the same key is not carried out again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether as a paste; nothing is as it fits the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paste: Option<bool>,
    /// How long Enter waits after it, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submit_delay_ms: Option<u64>,
    /// The pane.
    pub target: Target,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Text or keys to be typed.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SendKeys {
    /// Leave a mode such as copy mode first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_mode: Option<bool>,
    /// A repetition with the same key is not carried out again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Keys by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    /// Whether as a paste.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paste: Option<bool>,
    /// How long Enter waits after it, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submit_delay_ms: Option<u64>,
    /// The pane.
    pub target: Target,
    /// Text as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// The end of somebody's connection.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Disconnect {
    /// The server's name for the connection.
    pub client_id: String,
    /// The reason that the client gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Events to be added to the log, all of them or none.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Emit {
    /// The events, in order.
    pub events: Vec<EmittedEvent>,
    /// A repetition with the same key is not carried out again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// An event to be added to the log. A field that this version doesn't know is an error: it could say what the event is about.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EmittedEvent {
    /// What it says.
    pub data: More,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// No answer to a question is wanted any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cancel {
    /// The id of the question.
    pub request: RequestId,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

impl Default for Cancel {
    fn default() -> Self {
        Self {
            request: RequestId::from(0),
            more: More::new(),
        }
    }
}

/// An action without fields.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Plain {
    /// What there is all the same.
    #[serde(flatten)]
    pub more: More,
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(fields) => fields.serialize(serializer),
            known => Self::serialize(known, serializer),
        }
    }
}

/// Reads the actions that are known; [`Request`] keeps the others.
impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl From<Action> for Request {
    fn from(action: Action) -> Self {
        Self { action, id: None }
    }
}

impl Request {
    /// A sign of life, by this name.
    #[must_use]
    pub fn ping(id: u64) -> Self {
        Self {
            action: Action::Ping(Plain::default()),
            id: Some(id.into()),
        }
    }

    /// How the client and the server fare, by this name.
    #[must_use]
    pub fn stats(id: u64) -> Self {
        Self {
            action: Action::Stats(Plain::default()),
            id: Some(id.into()),
        }
    }

    /// The state of all that the client may see, without screens.
    #[must_use]
    pub fn snapshot() -> Self {
        Action::Snapshot(Snapshot::default()).into()
    }
}

impl<A: Serialize> Request<A> {
    /// The request as JSON text.
    #[must_use]
    pub fn encode(&self) -> String {
        String::from_utf8_lossy(&super::json::to_json(self)).into_owned()
    }
}

impl Request {
    /// Reads the fields of a request.
    pub(super) fn read(fields: More) -> Result<Self, serde_json::Error> {
        let name = fields.get("action").and_then(Value::as_str);
        let is_known = name.is_some_and(|name| super::schema::ACTIONS.contains(&name));
        read_as(fields, is_known, Action::Unknown)
    }
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(More::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Reads the id, and the rest as one of the actions that are known or as none.
pub(super) fn read_as<A: DeserializeOwned>(
    mut fields: More,
    is_known: bool,
    unknown: impl FnOnce(More) -> A,
) -> Result<Request<A>, serde_json::Error> {
    let id = take(&mut fields, "id");
    let action = if is_known {
        A::deserialize(Value::Object(fields))?
    } else {
        unknown(fields)
    };
    Ok(Request { action, id })
}

/// Gives types a `Debug` that shows nothing of what they hold: neither tokens nor what is typed belong in a log.
macro_rules! debug_without_content {
    ($($name:ident),+) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}
pub(super) use debug_without_content;

debug_without_content!(
    Auth,
    Subscribe,
    Since,
    Place,
    Unsubscribe,
    Snapshot,
    Command,
    SendKeys,
    Open,
    Offset,
    Close,
    Ack,
    Disconnect,
    Emit,
    EmittedEvent,
    Plain
);

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth(_) => "Auth",
            Self::Subscribe(_) => "Subscribe",
            Self::Unsubscribe(_) => "Unsubscribe",
            Self::Snapshot(_) => "Snapshot",
            Self::Command(_) => "Command",
            Self::SendKeys(_) => "SendKeys",
            Self::Prompt(_) => "Prompt",
            Self::Answer(_) => "Answer",
            Self::Seen(_) => "Seen",
            Self::Explain(_) => "Explain",
            Self::Open(_) => "Open",
            Self::Close(_) => "Close",
            Self::Ack(_) => "Ack",
            Self::Stats(_) => "Stats",
            Self::Clients(_) => "Clients",
            Self::Disconnect(_) => "Disconnect",
            Self::Emit(_) => "Emit",
            Self::History(_) => "History",
            Self::Search(_) => "Search",
            Self::Screen(_) => "Screen",
            Self::Replay(_) => "Replay",
            Self::ReplayControl(_) => "ReplayControl",
            Self::Digest(_) => "Digest",
            Self::Cancel(_) => "Cancel",
            Self::Ping(_) => "Ping",
            Self::Unknown(_) => "Unknown",
        })
    }
}

impl<A: fmt::Debug> fmt::Debug for Request<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.action.fmt(f)
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
