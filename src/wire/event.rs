//! Events as they stand on the wire, in both directions: an envelope, and the data of its type.
//!
//! A type that this version doesn't know is kept whole, with its data, and so is data that is not what its type has.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::agent::{AgentObject, ChangedAgent, EndedAgent};
use super::alert::{AlertObject, ClearedAlert};
use super::event_data::{
    ActivePane, ActiveWindow, ForegroundCommand, ForegroundPath, Gap, Layout, LogGap, LostServer,
    Marks, MissedWindow, Mode, MovedClient, MovedWindow, Named, NewPane, NewSession, Nothing,
    PaneOutput, RemovedPane, Renamed, RenamedSession, Resized, Title, UnfitServer,
};
use super::more::{More, take};
use super::objects::{
    BufferObject, ClientObject, ExitObject, ServerObject, SessionObject, Text, WindowObject,
};
use super::resources::ResourcesObject;
use super::usage::UsedAgent;
use crate::ids::{Epoch, PaneId, Seq, SessionId, WindowId};
use crate::model::Family;

/// An event. What of its envelope is missing or not as it should be is in `more`, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a> {
    /// When it happened, as RFC 3339 in UTC with milliseconds.
    pub timestamp: Option<Cow<'a, str>>,
    /// The session that it is seen in.
    pub session: Option<Cow<'a, str>>,
    /// The window's index there.
    pub window: Option<u32>,
    /// The session's id.
    pub session_id: Option<Text<SessionId>>,
    /// The window's id.
    pub window_id: Option<Text<WindowId>>,
    /// The pane.
    pub pane: Option<Text<PaneId>>,
    /// The host that it is of.
    pub host: Option<Cow<'a, str>>,
    /// The log's name.
    pub epoch: Option<Cow<'a, str>>,
    /// The place in the log.
    pub seq: Option<u64>,
    /// No notification reported it; the periodic comparison found it.
    pub reconciled: Option<bool>,
    /// Its type, and what it says.
    pub data: EventData<'a>,
    /// What else there is.
    pub more: More,
}

/// Makes the enum of the data of events: a variant for each type, with its name on the wire.
macro_rules! event_types {
    ($($(#[$doc:meta])* $name:literal => $variant:ident($data:ty),)+) => {
        /// What an event says, by its type.
        #[derive(Debug, Clone, PartialEq)]
        pub enum EventData<'a> {
            $($(#[$doc])* $variant($data),)+
            /// What a program beside muxwire says of its own.
            Emitted {
                /// The type.
                type_name: Cow<'a, str>,
                /// What it says.
                data: Value,
            },
            /// A type that this version doesn't know, or data that its type doesn't have.
            Unknown {
                /// The type.
                type_name: Cow<'a, str>,
                /// What it says.
                data: Value,
            },
        }

        impl EventData<'_> {
            /// The types that this version knows.
            pub const TYPES: &'static [&'static str] = &[$($name),+];

            /// The event type.
            #[must_use]
            pub fn type_name(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $name,)+
                    Self::Emitted { type_name, .. } | Self::Unknown { type_name, .. } => type_name,
                }
            }

            /// Reads the data of a type.
            fn read(type_name: String, data: Value) -> Self {
                let read = match &*type_name {
                    $($name => Deserialize::deserialize(&data).ok().map(Self::$variant),)+
                    _ => None,
                };
                if Family::of(&type_name).is_some() && data.is_object() {
                    return Self::Emitted { type_name: type_name.into(), data };
                }
                read.unwrap_or(Self::Unknown { type_name: type_name.into(), data })
            }
        }

        /// The data alone; its type stands in front of the envelope.
        impl Serialize for EventData<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(data) => data.serialize(serializer),)+
                    Self::Emitted { data, .. } | Self::Unknown { data, .. } => {
                        data.serialize(serializer)
                    }
                }
            }
        }
    };
}

event_types! {
    /// A tmux server was found, or came back.
    "server.connected" => ServerConnected(ServerObject<'a>),
    /// There are other warnings about the server.
    "server.changed" => ServerChanged(ServerObject<'a>),
    /// The tmux server went.
    "server.lost" => ServerLost(LostServer<'a>),
    /// A tmux server runs, whose version does not fit the program's.
    "server.unfit" => ServerUnfit(UnfitServer<'a>),
    /// A session came.
    "session.created" => SessionCreated(NewSession<'a>),
    /// A session went.
    "session.removed" => SessionRemoved(Nothing),
    /// A session has a new name.
    "session.renamed" => SessionRenamed(RenamedSession<'a>),
    /// Another attribute of a session changed.
    "session.changed" => SessionChanged(SessionObject<'a>),
    /// A window came to a session.
    "window.created" => WindowCreated(WindowObject<'a>),
    /// A window went from a session.
    "window.removed" => WindowRemoved(Nothing),
    /// A window came and went before anybody could look at it.
    "window.missed" => WindowMissed(MissedWindow),
    /// A window has a new name.
    "window.renamed" => WindowRenamed(Renamed<'a>),
    /// A window has a new index.
    "window.moved" => WindowMoved(MovedWindow),
    /// Size, layout, zoom or the panes' indexes changed.
    "window.layout_changed" => WindowLayoutChanged(Layout<'a>),
    /// A session's current window is another.
    "window.active_changed" => WindowActiveChanged(ActiveWindow),
    /// tmux marks a window, or not any more.
    "window.alert" => WindowAlert(Marks<'a>),
    /// A pane came to a window.
    "pane.created" => PaneCreated(NewPane<'a>),
    /// A pane went from its window.
    "pane.removed" => PaneRemoved(RemovedPane),
    /// The process of a pane ended, and the pane remains.
    "pane.exited" => PaneExited(ExitObject),
    /// A window's active pane is another.
    "pane.active_changed" => PaneActiveChanged(ActivePane),
    /// A pane has a new title.
    "pane.title_changed" => PaneTitleChanged(Title<'a>),
    /// Another command runs in the foreground, or the pane was respawned.
    "pane.command_changed" => PaneCommandChanged(ForegroundCommand<'a>),
    /// The foreground process went to another directory.
    "pane.path_changed" => PanePathChanged(ForegroundPath<'a>),
    /// A pane entered or left a mode.
    "pane.mode_changed" => PaneModeChanged(Mode<'a>),
    /// A pane has a new size.
    "pane.resized" => PaneResized(Resized),
    /// A pane came and went before anybody could look at it.
    "pane.missed" => PaneMissed(Nothing),
    /// The bell rang in a pane.
    "pane.bell" => PaneBell(Nothing),
    /// A program wrote to its pane.
    "pane.output" => PaneOutput(PaneOutput<'a>),
    /// Output of a pane was lost on the way from tmux.
    "pane.gap" => PaneGap(Gap),
    /// Events may have been lost, as muxwire ended before they were kept.
    "log.gap" => LogGap(LogGap),
    /// A client attached.
    "client.attached" => ClientAttached(ClientObject<'a>),
    /// A client detached.
    "client.detached" => ClientDetached(Named<'a>),
    /// A client went to another session, or may no longer type, or may again.
    "client.session_changed" => ClientSessionChanged(MovedClient<'a>),
    /// A paste buffer was set.
    "buffer.changed" => BufferChanged(BufferObject<'a>),
    /// A paste buffer was deleted.
    "buffer.deleted" => BufferDeleted(Named<'a>),
    /// An agent was found in a pane.
    "agent.started" => AgentStarted(Box<AgentObject<'a>>),
    /// An agent has another status, or something else of it changed.
    "agent.status" => AgentStatus(Box<ChangedAgent<'a>>),
    /// The session of an agent has used more.
    "agent.usage" => AgentUsage(Box<UsedAgent<'a>>),
    /// The agent in a pane is gone.
    "agent.ended" => AgentEnded(EndedAgent<'a>),
    /// Somebody should look at something.
    "alert" => Alert(Box<AlertObject<'a>>),
    /// An alert is over.
    "alert.cleared" => AlertCleared(Box<ClearedAlert<'a>>),
    /// What a pane, muxwire or the machine uses of processors and memory.
    "system.resources" => SystemResources(Box<ResourcesObject<'a>>),
}

impl Event<'_> {
    /// The event type.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.data.type_name()
    }

    /// The place in the log, if it names one.
    #[must_use]
    pub fn position(&self) -> Option<(Epoch, Seq)> {
        Some((Epoch::new(self.epoch.as_deref()?)?, Seq(self.seq?)))
    }

    /// The pane, if it concerns one.
    #[must_use]
    pub fn pane(&self) -> Option<PaneId> {
        self.pane.map(|Text(pane)| pane)
    }
}

impl Event<'static> {
    /// Reads an event as it stands on the wire; nothing if the text is none.
    #[must_use]
    pub fn read_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Reads the fields of an event of this type.
    pub(super) fn read(type_name: String, mut fields: More) -> Self {
        fields.remove("type");
        let data = fields.remove("data").unwrap_or_default();
        let text = |fields: &mut More, name| take::<String>(fields, name).map(Cow::Owned);
        Self {
            timestamp: text(&mut fields, "timestamp"),
            session: text(&mut fields, "session"),
            window: take(&mut fields, "window"),
            session_id: take(&mut fields, "session_id"),
            window_id: take(&mut fields, "window_id"),
            pane: take(&mut fields, "pane"),
            host: text(&mut fields, "host"),
            epoch: text(&mut fields, "epoch"),
            seq: take(&mut fields, "seq"),
            reconciled: take(&mut fields, "reconciled"),
            data: EventData::read(type_name, data),
            more: fields,
        }
    }
}

impl<'de> Deserialize<'de> for Event<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = More::deserialize(deserializer)?;
        let name = fields.get("type").and_then(Value::as_str);
        let name = name
            .ok_or_else(|| D::Error::missing_field("type"))?
            .to_owned();
        Ok(Event::read(name, fields))
    }
}

/// In the order in which a server writes them.
impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("type", self.type_name())?;
        macro_rules! entries {
            ($($name:ident),+) => {
                $(if let Some(value) = &self.$name {
                    fields.serialize_entry(stringify!($name), value)?;
                })+
            };
        }
        entries!(
            timestamp, session, window, session_id, window_id, pane, host, epoch, seq, reconciled
        );
        fields.serialize_entry("data", &self.data)?;
        for (name, value) in &self.more {
            fields.serialize_entry(name, value)?;
        }
        fields.end()
    }
}
