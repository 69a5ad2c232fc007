//! What can change, and who may learn of it.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::agent::{Agent, AgentStatus};
use super::alert::{Alert, ClearCause};
use super::audience::{Audience, Place, Places};
use super::emitted::Emitted;
use super::state::{Alerts, Buffer, Client, Exit, Pane, Server, Session, Window};
use crate::ids::{PaneId, Seq, ViewerId, WindowId};
use crate::resources::Resources;

/// One change of tmux's state or of an agent, or output of a pane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where it is seen now.
    pub audience: Audience,
    /// Where the same object was seen before, if it crossed from one session or session name to another.
    ///
    /// Those who see only this place get the removal of the object; those who see only the new one, its arrival.
    pub left: Option<Place>,
    /// The pane that it concerns.
    pub pane: Option<PaneId>,
    /// What changed.
    pub kind: ChangeKind,
    /// Whether the reconciler found it, and no notification reported it.
    pub reconciled: bool,
    /// Which of those who may learn of it see it.
    pub visibility: Visibility,
}

/// Who sees a change. Where something is kept from some, the same change stands in the log twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Visibility {
    /// For all: there is nothing secret in it, or nobody from whom anything is kept.
    #[default]
    All,
    /// For those who see all as it is.
    Plain,
    /// For those from whom secrets are kept: they are masked in it.
    Redacted,
}

impl Visibility {
    /// Whether it is for one from whom secrets are kept, or for one from whom they aren't.
    #[must_use]
    pub fn see(self, redacted: bool) -> bool {
        match self {
            Self::All => true,
            Self::Plain => !redacted,
            Self::Redacted => redacted,
        }
    }
}

/// Two versions of tmux that don't fit each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfit {
    /// What is wrong and what to do about it, for people.
    pub reason: String,
    /// The version of the program that muxwire starts.
    pub program_version: String,
    /// The version of the server, where it could be found out.
    pub server_version: Option<String>,
}

/// What changed, with the data of its event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    missing_docs,
    reason = "the variants are the event types of docs/protocol.md, the fields their data"
)]
pub enum ChangeKind {
    ServerConnected {
        server: Server,
    },
    ServerChanged {
        server: Server,
    },
    ServerLost {
        server: Server,
        reason: String,
    },
    ServerUnfit {
        unfit: Unfit,
    },
    SessionCreated {
        session: Session,
    },
    SessionRemoved,
    SessionRenamed {
        session: Session,
        previous: Arc<str>,
    },
    SessionChanged {
        session: Session,
    },
    WindowCreated {
        window: Window,
        panes: Vec<Pane>,
        active: bool,
        alerts: Alerts,
        /// The agents in its panes, if it is not new but linked.
        agents: Vec<(PaneId, Arc<Agent>)>,
    },
    WindowRemoved,
    WindowRenamed {
        name: String,
        previous: String,
    },
    WindowMoved {
        index: u32,
        previous: u32,
    },
    WindowLayoutChanged {
        window: Window,
        panes: Vec<(PaneId, u32)>,
    },
    WindowActiveChanged {
        previous: Option<u32>,
    },
    /// A window that was gone before any listing showed it.
    WindowMissed {
        window: WindowId,
    },
    WindowAlert {
        alerts: Alerts,
    },
    PaneCreated {
        pane: Pane,
        active: bool,
        moved: bool,
        /// The agent in it, if it is not new but moved.
        agent: Option<Arc<Agent>>,
    },
    PaneRemoved {
        moved: bool,
    },
    PaneExited {
        exit: Exit,
    },
    PaneActiveChanged {
        previous: Option<PaneId>,
    },
    PaneTitleChanged {
        title: String,
        previous: String,
    },
    PaneCommandChanged {
        command: String,
        previous: String,
        pid: u32,
        /// Whether the process is another one: it has begun with an empty screen.
        respawned: bool,
    },
    PanePathChanged {
        path: String,
        previous: String,
    },
    PaneModeChanged {
        mode: Option<String>,
        previous: Option<String>,
    },
    PaneResized {
        width: u32,
        height: u32,
        previous: (u32, u32),
    },
    /// A pane that was gone before any listing showed it. What it printed has been published.
    PaneMissed,
    PaneBell,
    PaneOutput {
        offset: u64,
        bytes: Bytes,
    },
    PaneGap {
        offset: u64,
        bytes: Option<u64>,
    },
    ClientAttached {
        client: Client,
    },
    ClientDetached {
        name: String,
    },
    ClientSessionChanged {
        client: Client,
        previous: Option<Arc<str>>,
    },
    BufferChanged {
        buffer: Buffer,
    },
    BufferDeleted {
        name: String,
    },
    AgentStarted {
        agent: Arc<Agent>,
    },
    AgentStatus {
        agent: Arc<Agent>,
        previous: AgentStatus,
    },
    /// One viewer has seen an agent as it is; only this one gets it, as a status that is as before.
    AgentSeen {
        agent: Arc<Agent>,
        viewer: ViewerId,
    },
    AgentUsage {
        /// What is known of it, with what it has used.
        agent: Arc<Agent>,
    },
    AgentEnded {
        /// What was known of it.
        agent: Arc<Agent>,
    },
    /// A program beside muxwire says something.
    Emitted {
        event: Arc<Emitted>,
    },
    Alert {
        alert: Arc<Alert>,
    },
    AlertCleared {
        alert: Arc<Alert>,
        cause: ClearCause,
    },
    /// What a pane, muxwire or the machine uses of processors and memory.
    SystemResources {
        resources: Box<Resources>,
    },
    /// Events may have been lost with an earlier run of muxwire, which ended before they were kept.
    LogGap {
        after: Seq,
        until: Seq,
    },
}

impl ChangeKind {
    /// The event type, as it stands on the wire.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Emitted { event } => event.type_name(),
            known => known.label(),
        }
    }

    /// The same, but a pattern of types for events whose types others choose.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Emitted { event } => event.family().pattern(),
            Self::ServerConnected { .. } => "server.connected",
            Self::ServerChanged { .. } => "server.changed",
            Self::ServerLost { .. } => "server.lost",
            Self::ServerUnfit { .. } => "server.unfit",
            Self::SessionCreated { .. } => "session.created",
            Self::SessionRemoved => "session.removed",
            Self::SessionRenamed { .. } => "session.renamed",
            Self::SessionChanged { .. } => "session.changed",
            Self::WindowCreated { .. } => "window.created",
            Self::WindowRemoved => "window.removed",
            Self::WindowRenamed { .. } => "window.renamed",
            Self::WindowMoved { .. } => "window.moved",
            Self::WindowLayoutChanged { .. } => "window.layout_changed",
            Self::WindowActiveChanged { .. } => "window.active_changed",
            Self::WindowMissed { .. } => "window.missed",
            Self::WindowAlert { .. } => "window.alert",
            Self::PaneCreated { .. } => "pane.created",
            Self::PaneRemoved { .. } => "pane.removed",
            Self::PaneExited { .. } => "pane.exited",
            Self::PaneActiveChanged { .. } => "pane.active_changed",
            Self::PaneTitleChanged { .. } => "pane.title_changed",
            Self::PaneCommandChanged { .. } => "pane.command_changed",
            Self::PanePathChanged { .. } => "pane.path_changed",
            Self::PaneModeChanged { .. } => "pane.mode_changed",
            Self::PaneResized { .. } => "pane.resized",
            Self::PaneMissed => "pane.missed",
            Self::PaneBell => "pane.bell",
            Self::PaneOutput { .. } => "pane.output",
            Self::PaneGap { .. } => "pane.gap",
            Self::LogGap { .. } => "log.gap",
            Self::ClientAttached { .. } => "client.attached",
            Self::ClientDetached { .. } => "client.detached",
            Self::ClientSessionChanged { .. } => "client.session_changed",
            Self::BufferChanged { .. } => "buffer.changed",
            Self::BufferDeleted { .. } => "buffer.deleted",
            Self::AgentStarted { .. } => "agent.started",
            Self::AgentStatus { .. } | Self::AgentSeen { .. } => "agent.status",
            Self::AgentUsage { .. } => "agent.usage",
            Self::AgentEnded { .. } => "agent.ended",
            Self::Alert { .. } => "alert",
            Self::AlertCleared { .. } => "alert.cleared",
            Self::SystemResources { .. } => "system.resources",
        }
    }

    /// The type of the agent that it is about, and the status that it says the agent has now.
    #[must_use]
    pub fn agent(&self) -> Option<(&str, AgentStatus)> {
        match self {
            Self::AgentStarted { agent }
            | Self::AgentStatus { agent, .. }
            | Self::AgentSeen { agent, .. }
            | Self::AgentUsage { agent } => Some((&agent.agent_type, agent.status)),
            Self::AgentEnded { agent } => Some((&agent.agent_type, AgentStatus::Exited)),
            _ => None,
        }
    }

    /// Whether it shows an agent that this viewer has seen as it is.
    #[must_use]
    pub fn is_seen_by(&self, viewer: ViewerId) -> bool {
        let is_seen = |agent: &Arc<Agent>| agent.seen_by.contains(viewer);
        match self {
            Self::AgentStarted { agent }
            | Self::AgentStatus { agent, .. }
            | Self::AgentSeen { agent, .. } => is_seen(agent),
            Self::PaneCreated { agent, .. } => agent.iter().any(is_seen),
            Self::WindowCreated { agents, .. } => agents.iter().any(|(_, agent)| is_seen(agent)),
            _ => false,
        }
    }

    /// Whether losing it would leave a follower of the stream with a wrong state.
    #[must_use]
    pub fn is_structural(&self) -> bool {
        !matches!(self, Self::PaneOutput { .. })
    }

    /// Whether panes may have come, gone or moved to other sessions or names.
    #[must_use]
    pub fn moves_panes(&self) -> bool {
        matches!(
            self,
            Self::ServerConnected { .. }
                | Self::ServerLost { .. }
                | Self::SessionCreated { .. }
                | Self::SessionRemoved
                | Self::SessionRenamed { .. }
                | Self::WindowCreated { .. }
                | Self::WindowRemoved
                | Self::WindowMoved { .. }
                | Self::PaneCreated { .. }
                | Self::PaneRemoved { .. }
        )
    }
}

impl Change {
    /// A change of a certain audience that concerns no pane.
    #[must_use]
    pub fn new(audience: Audience, kind: ChangeKind) -> Self {
        Self {
            audience,
            left: None,
            pane: None,
            kind,
            reconciled: false,
            visibility: Visibility::All,
        }
    }

    /// A change of a pane, seen wherever its window is linked.
    #[must_use]
    pub fn of_pane(pane: PaneId, places: Places, kind: ChangeKind) -> Self {
        Self {
            pane: Some(pane),
            ..Self::new(Audience::Places(places), kind)
        }
    }
}
