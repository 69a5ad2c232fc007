//! What can change, and who may learn of it.

use std::sync::Arc;

use bytes::Bytes;

use super::audience::{Audience, Place, Places};
use super::state::{Alerts, Buffer, Client, Exit, Pane, Server, Session, Window};
use crate::ids::{PaneId, WindowId};

/// One change of tmux's state, or output of a pane.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// What is wrong and what to do about it, for people.
    pub reason: String,
    /// The version of the program that muxwire starts.
    pub program_version: String,
    /// The version of the server, where it could be found out.
    pub server_version: Option<String>,
}

/// What changed, with the data of its event.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl ChangeKind {
    /// The event type, as it stands on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
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
            Self::ClientAttached { .. } => "client.attached",
            Self::ClientDetached { .. } => "client.detached",
            Self::ClientSessionChanged { .. } => "client.session_changed",
            Self::BufferChanged { .. } => "buffer.changed",
            Self::BufferDeleted { .. } => "buffer.deleted",
        }
    }

    /// Whether losing it would leave a follower of the stream with a wrong state.
    #[must_use]
    pub fn is_structural(&self) -> bool {
        !matches!(self, Self::PaneOutput { .. })
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
