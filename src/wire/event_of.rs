//! What an event of the log says on the wire, as it is seen by one viewer.

use std::borrow::Cow;
use std::sync::Arc;

use super::agent::{AgentObject, ChangedAgent, EndedAgent};
use super::alert::ClearedAlert;
use super::emitted;
use super::event::EventData;
use super::event_data::{
    ActivePane, ActiveWindow, ForegroundCommand, ForegroundPath, Gap, Layout, LogGap, LostServer,
    Marks, MissedWindow, Mode, MovedClient, MovedWindow, Named, NewPane, NewSession, Nothing,
    PaneIndex, PaneOutput, RemovedPane, Renamed, RenamedSession, Resized, Size, Title, UnfitServer,
};
use super::more::More;
use super::objects::{ClientObject, Contents, PaneObject, SessionObject, Text, WindowObject};
use super::severity::severity;
use super::usage::UsedAgent;
use crate::hub::{Crossing, Published, View};
use crate::ids::{PaneId, ViewerId};
use crate::model::{Agent, Alerts, ChangeKind, Client, Pane, Place, Session, Window};

/// Agents as the viewer of an event sees them.
fn seen_in<'a>(view: View) -> impl Fn(&'a Agent) -> AgentObject<'a> {
    move |agent| AgentObject::new(agent, view.has_seen)
}

fn name_of(place: Option<&Place>) -> Option<&str> {
    place.map(|place| &*place.session_name)
}

fn named(name: &str) -> Named<'_> {
    Named {
        name: Cow::Borrowed(name),
        more: More::new(),
    }
}

/// The data of an event, one row a type: the tables of docs/protocol.md in code.
pub(super) fn data(event: &Published, view: View) -> EventData<'_> {
    use ChangeKind as K;
    use EventData as E;
    let (more, place) = (More::new(), view.place(&event.change));
    match &event.change.kind {
        K::ServerConnected { server } => E::ServerConnected(server.into()),
        K::ServerChanged { server } => E::ServerChanged(server.into()),
        K::ServerLost { server, reason } => E::ServerLost(LostServer {
            pid: server.pid,
            start_time: server.start_time,
            version: Cow::Borrowed(&server.version),
            reason: Cow::Borrowed(reason),
            more,
        }),
        K::ServerUnfit { unfit } => E::ServerUnfit(UnfitServer {
            program_version: Cow::Borrowed(&unfit.program_version),
            reason: Cow::Borrowed(&unfit.reason),
            server_version: unfit.server_version.as_deref().map(Cow::Borrowed),
            more,
        }),
        K::SessionCreated { session } => E::SessionCreated(NewSession {
            session: SessionObject::new(session, view.limited),
            contents: None,
        }),
        K::SessionRenamed { session, previous } => renamed(session, previous, event, view),
        K::SessionChanged { session } => {
            E::SessionChanged(SessionObject::new(session, view.limited))
        }
        K::SessionRemoved => E::SessionRemoved(Nothing::default()),
        K::WindowRemoved => E::WindowRemoved(Nothing::default()),
        K::PaneMissed => E::PaneMissed(Nothing::default()),
        K::PaneBell => E::PaneBell(Nothing::default()),
        K::WindowCreated {
            window,
            panes,
            active,
            alerts,
            agents,
        } => {
            let marks = (*active, *alerts);
            let seen = (place, view.has_seen);
            E::WindowCreated(window_object(window, (panes, agents), marks, seen))
        }
        K::WindowRenamed { name, previous } => E::WindowRenamed(Renamed {
            name: Cow::Borrowed(name),
            previous: Cow::Borrowed(previous),
            more,
        }),
        K::WindowMoved { index, previous } => E::WindowMoved(MovedWindow {
            index: *index,
            previous: *previous,
            more,
        }),
        K::WindowLayoutChanged { window, panes } => E::WindowLayoutChanged(layout(window, panes)),
        K::WindowActiveChanged { previous } => E::WindowActiveChanged(ActiveWindow {
            previous: *previous,
            more,
        }),
        K::WindowMissed { window } => E::WindowMissed(MissedWindow {
            id: Text(*window),
            more,
        }),
        K::WindowAlert { alerts } => E::WindowAlert(Marks {
            alerts: alerts.names().map(Cow::Borrowed).collect(),
            more,
        }),
        K::PaneCreated {
            pane,
            active,
            moved,
            agent,
        } => E::PaneCreated(NewPane {
            pane: PaneObject::new(pane, *active, agent.as_deref().map(seen_in(view))),
            moved: *moved,
        }),
        K::PaneRemoved { moved } => E::PaneRemoved(RemovedPane {
            moved: *moved,
            more,
        }),
        K::PaneExited { exit } => E::PaneExited((*exit).into()),
        K::PaneActiveChanged { previous } => E::PaneActiveChanged(ActivePane {
            previous: previous.map(Text),
            more,
        }),
        K::PaneTitleChanged { title, previous } => E::PaneTitleChanged(Title {
            previous: Cow::Borrowed(previous),
            title: Cow::Borrowed(title),
            more,
        }),
        K::PaneCommandChanged {
            command,
            previous,
            pid,
            respawned: _,
        } => E::PaneCommandChanged(ForegroundCommand {
            command: Cow::Borrowed(command),
            pid: *pid,
            previous: Cow::Borrowed(previous),
            more,
        }),
        K::PanePathChanged { path, previous } => E::PanePathChanged(ForegroundPath {
            path: Cow::Borrowed(path),
            previous: Cow::Borrowed(previous),
            more,
        }),
        K::PaneModeChanged { mode, previous } => E::PaneModeChanged(Mode {
            mode: mode.as_deref().map(Cow::Borrowed),
            previous: previous.as_deref().map(Cow::Borrowed),
            more,
        }),
        K::PaneResized {
            width,
            height,
            previous: (old_width, old_height),
        } => E::PaneResized(Resized {
            height: *height,
            previous: Size {
                height: *old_height,
                width: *old_width,
                more: More::new(),
            },
            width: *width,
            more,
        }),
        K::PaneOutput { offset, bytes } => E::PaneOutput(output(*offset, bytes)),
        K::LogGap { after, until } => E::LogGap(LogGap {
            after: after.0,
            until: until.0,
            more,
        }),
        K::PaneGap { offset, bytes } => E::PaneGap(Gap {
            bytes: *bytes,
            offset: *offset,
            more,
        }),
        K::ClientAttached { client } => {
            E::ClientAttached(ClientObject::new(client, name_of(place)))
        }
        K::ClientSessionChanged { client, previous } => {
            moved(client, previous.as_deref(), place, view.crossing)
        }
        K::ClientDetached { name } => E::ClientDetached(named(name)),
        K::BufferChanged { buffer } => E::BufferChanged(buffer.into()),
        K::BufferDeleted { name } => E::BufferDeleted(named(name)),
        K::AgentStarted { agent } => E::AgentStarted(Box::new(seen_in(view)(agent))),
        K::AgentStatus { agent, previous } => {
            let changed = ChangedAgent::new(agent, *previous, view.has_seen);
            E::AgentStatus(Box::new(changed))
        }
        K::AgentSeen { agent, .. } => {
            let changed = ChangedAgent::new(agent, agent.status, view.has_seen);
            E::AgentStatus(Box::new(changed))
        }
        K::AgentUsage { agent } => E::AgentUsage(Box::new(UsedAgent::new(agent))),
        K::AgentEnded { agent } => E::AgentEnded(EndedAgent::new(agent)),
        K::Emitted { event } => E::Emitted {
            type_name: Cow::Borrowed(event.type_name()),
            data: emitted::value(event.data()),
        },
        K::Alert { alert } => E::Alert(Box::new((&**alert).into())),
        K::AlertCleared { alert, cause } => {
            E::AlertCleared(Box::new(ClearedAlert::new(alert, *cause)))
        }
        K::SystemResources { resources } => E::SystemResources(Box::new((&**resources).into())),
    }
}

/// A session with a new name, which may have come into what is seen, or have gone from it.
fn renamed<'a>(
    session: &'a Session,
    previous: &'a str,
    event: &'a Published,
    view: View,
) -> EventData<'a> {
    let object = SessionObject::new(session, view.limited);
    match view.crossing {
        Crossing::Went => EventData::SessionRemoved(Nothing::default()),
        Crossing::AsIs => EventData::SessionRenamed(RenamedSession {
            session: object,
            previous: Cow::Borrowed(previous),
        }),
        Crossing::Came => EventData::SessionCreated(NewSession {
            session: object,
            contents: event
                .state()
                .map(|state| Contents::new(session, state, view.has_seen)),
        }),
    }
}

/// A client that went to another session, which may have come into what is seen, or have gone from it.
fn moved<'a>(
    client: &'a Client,
    previous: Option<&'a str>,
    place: Option<&'a Place>,
    crossing: Crossing,
) -> EventData<'a> {
    let object = ClientObject::new(client, name_of(place));
    match crossing {
        Crossing::Went => EventData::ClientDetached(named(&client.name)),
        Crossing::AsIs => EventData::ClientSessionChanged(MovedClient {
            client: object,
            previous: previous.map(Cow::Borrowed),
        }),
        Crossing::Came => EventData::ClientAttached(object),
    }
}

/// What a pane printed. Nearly all events are this, so [`Encoder`](super::Encoder) writes it by hand; a test holds the two
/// against each other.
fn output(offset: u64, bytes: &[u8]) -> PaneOutput<'_> {
    PaneOutput {
        content: String::from_utf8_lossy(bytes),
        severity: Cow::Borrowed(severity(bytes).as_str()),
        offset,
        bytes: bytes.len() as u64,
        lossy: std::str::from_utf8(bytes).is_err().then_some(true),
        more: More::new(),
    }
}

fn window_object<'a>(
    window: &'a Window,
    (panes, agents): (&'a [Pane], &'a [(PaneId, Arc<Agent>)]),
    marks: (bool, Alerts),
    (place, viewer): (Option<&Place>, Option<ViewerId>),
) -> WindowObject<'a> {
    let index = place
        .and_then(|place| place.window)
        .map_or(0, |(_, index)| index);
    let agent_in = |pane: PaneId| {
        let mut agents = agents.iter();
        agents.find_map(|(id, agent)| (*id == pane).then(|| AgentObject::new(agent, viewer)))
    };
    let pane = |pane: &'a Pane| {
        let active = window.active == Some(pane.id);
        PaneObject::new(pane, active, agent_in(pane.id))
    };
    WindowObject::new(window, index, marks, panes.iter().map(pane).collect())
}

fn layout<'a>(window: &'a Window, panes: &[(PaneId, u32)]) -> Layout<'a> {
    let pane = |(id, index): &(PaneId, u32)| PaneIndex {
        id: Text(*id),
        index: *index,
        more: More::new(),
    };
    Layout {
        height: window.height,
        layout: Cow::Borrowed(&window.layout),
        panes: panes.iter().map(pane).collect(),
        width: window.width,
        zoomed: window.zoomed,
        more: More::new(),
    }
}
