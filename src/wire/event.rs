//! Events as JSON text, each encoded once for all who see it alike.

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::binary::{HEADER, Header, Kind, epoch_check};
use super::form::Form;
use super::framed::{FrameBuilder, Framed, to_frame};
use super::json::{lossy_string, number, string, to_json};
use super::objects::{
    BufferObject, ClientObject, Contents, ExitObject, PaneObject, ServerObject, SessionObject,
    Text, WindowObject,
};
use super::request::RequestId;
use super::severity::severity;
use super::snapshot::{Part, Screens, Source};
use super::terminal::{self, TerminalContext};
use super::time::Times;
use crate::hub::{Crossing, Published, View, Viewer};
use crate::ids::{Epoch, PaneId, Seq};
use crate::model::{Alerts, ChangeKind, Pane, Place, State, Window};

/// Writes events and snapshots of one log on one host.
#[derive(Debug, Clone)]
pub struct Encoder {
    host: String,
    epoch: Epoch,
    /// `,"host":"…","epoch":"…","seq":`, which all events have in common.
    common: Vec<u8>,
    times: Times,
}

impl Encoder {
    /// An encoder for the log of this name, on the host of this name.
    #[must_use]
    pub fn new(host: &str, epoch: &Epoch) -> Self {
        let mut common = b",\"host\":".to_vec();
        string(&mut common, host);
        common.extend_from_slice(b",\"epoch\":");
        string(&mut common, epoch.as_str());
        common.extend_from_slice(b",\"seq\":");
        Self {
            host: host.to_owned(),
            epoch: epoch.clone(),
            common,
            times: Times::default(),
        }
    }

    /// The host that the events are of.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The log's name.
    pub(super) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// An event as seen so in this form, encoded now or before.
    ///
    /// Only output has a form of its own in binary; all else is JSON text in every form.
    #[must_use]
    pub fn event(&self, event: &Published, view: View, form: Form) -> Framed {
        let change = &event.change;
        let own = |form, shared, encode: &dyn Fn(u64, &Bytes) -> Framed| match &change.kind {
            ChangeKind::PaneOutput { offset, bytes } => {
                event.encoded(Form::id(form), shared, || {
                    encode(*offset, bytes).bytes().clone()
                })
            }
            _ => event.encoded(Form::Json.id(), view, || {
                self.encode(event, view).bytes().clone()
            }),
        };
        Framed::built(match form {
            Form::Json => own(form, view, &|_, _| self.encode(event, view)),
            // It shows no place, so it is the same for all who see it.
            Form::Binary => own(form, View::default(), &|offset, bytes| {
                let pane = change.pane.unwrap_or(PaneId(0));
                self.pane_bytes(Kind::Output, pane, (event.seq, offset), bytes)
            }),
            Form::Terminal => own(form, view, &|offset, bytes| {
                let place = view.place(change).map(|place| &*place.session_name);
                let context = TerminalContext {
                    session: place.unwrap_or_default(),
                    at: event.at,
                };
                terminal::output(context, offset, bytes)
            }),
        })
    }

    /// Bytes of a pane as a binary message, at a place of the log and an offset.
    #[must_use]
    pub fn pane_bytes(
        &self,
        kind: Kind,
        pane: PaneId,
        (seq, offset): (Seq, u64),
        bytes: &[u8],
    ) -> Framed {
        let header = Header {
            kind,
            pane,
            epoch: epoch_check(&self.epoch),
            seq,
            offset,
        };
        let mut frame = FrameBuilder::new(HEADER + bytes.len());
        header.write(frame.out());
        frame.out().extend_from_slice(bytes);
        frame.binary()
    }

    /// The state of tmux as of a place in the log.
    #[must_use]
    pub fn snapshot(
        &self,
        id: Option<&RequestId>,
        (state, seq): (&State, Seq),
        part: Part,
        viewer: &impl Viewer,
        screens: &Screens,
    ) -> Framed {
        let source = Source {
            host: &self.host,
            epoch: &self.epoch,
            seq,
            state,
            part,
            viewer,
            screens,
        };
        to_frame(&source.message(id))
    }

    fn encode(&self, event: &Published, view: View) -> Framed {
        let change = &event.change;
        let mut frame = FrameBuilder::new(512);
        let out = frame.out();
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(view.kind(change).as_bytes());
        out.extend_from_slice(b"\",\"timestamp\":\"");
        self.times.write(out, event.at);
        out.push(b'"');
        if let Some(place) = view.place(change) {
            write_place(out, place, change.pane);
        }
        out.extend_from_slice(&self.common);
        number(out, event.seq.0);
        if change.reconciled {
            out.extend_from_slice(b",\"reconciled\":true");
        }
        out.extend_from_slice(b",\"data\":");
        match &change.kind {
            ChangeKind::PaneOutput { offset, bytes } => write_output(out, *offset, bytes),
            ChangeKind::SessionRenamed { session, .. } if view.crossing == Crossing::Came => {
                let object = SessionObject::new(session, view.limited);
                let contents = event.state().map(|state| Contents::new(session, state));
                write(out, &with(&object, &json!({ "contents": contents })));
            }
            kind => write_data(out, kind, view, view.place(change)),
        }
        out.push(b'}');
        frame.text()
    }
}

fn write_place(out: &mut Vec<u8>, place: &Place, pane: Option<PaneId>) {
    out.extend_from_slice(b",\"session\":");
    string(out, &place.session_name);
    if let Some((_, index)) = place.window {
        out.extend_from_slice(b",\"window\":");
        number(out, u64::from(index));
    }
    write_id(out, b",\"session_id\":\"$", place.session.0);
    if let Some((window, _)) = place.window {
        write_id(out, b",\"window_id\":\"@", window.0);
    }
    if let Some(pane) = pane {
        write_id(out, b",\"pane\":\"%", pane.0);
    }
}

fn write_id(out: &mut Vec<u8>, field: &[u8], id: u32) {
    out.extend_from_slice(field);
    number(out, u64::from(id));
    out.push(b'"');
}

/// The hot path: nearly all events are output.
fn write_output(out: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    // Terminal output is about a tenth longer when it is escaped; more grows the buffer once.
    out.reserve(bytes.len() + bytes.len() / 8 + 96);
    out.extend_from_slice(b"{\"content\":");
    let lossy = lossy_string(out, bytes);
    out.extend_from_slice(b",\"severity\":\"");
    out.extend_from_slice(severity(bytes).as_str().as_bytes());
    out.extend_from_slice(b"\",\"offset\":");
    number(out, offset);
    out.extend_from_slice(b",\"bytes\":");
    number(out, bytes.len() as u64);
    if lossy {
        out.extend_from_slice(b",\"lossy\":true");
    }
    out.push(b'}');
}

fn write(out: &mut Vec<u8>, data: &impl Serialize) {
    out.extend_from_slice(&to_json(data));
}

/// One row a type: the tables of docs/protocol.md in code.
fn write_data(out: &mut Vec<u8>, kind: &ChangeKind, view: View, place: Option<&Place>) {
    use ChangeKind as K;
    let session_name = place.map(|place| &*place.session_name);
    match kind {
        K::ServerConnected { server } | K::ServerChanged { server } => {
            write(out, &ServerObject::from(server))
        }
        K::ServerLost { server, reason } => {
            write(
                out,
                &with(&ServerObject::lost(server), &json!({ "reason": reason })),
            );
        }
        K::ServerUnfit { unfit } => write(
            out,
            &json!({
                "reason": unfit.reason,
                "program_version": unfit.program_version,
                "server_version": unfit.server_version,
            }),
        ),
        K::SessionRenamed { .. } if view.crossing == Crossing::Went => write(out, &json!({})),
        K::SessionRenamed { session, previous } if view.crossing == Crossing::AsIs => {
            write(
                out,
                &with(
                    &SessionObject::new(session, view.limited),
                    &json!({ "previous": &**previous }),
                ),
            );
        }
        K::SessionCreated { session }
        | K::SessionRenamed { session, .. }
        | K::SessionChanged { session } => write(out, &SessionObject::new(session, view.limited)),
        K::SessionRemoved | K::WindowRemoved | K::PaneMissed | K::PaneBell => {
            write(out, &json!({}))
        }
        K::WindowCreated {
            window,
            panes,
            active,
            alerts,
        } => {
            write(
                out,
                &window_object(window, panes, (*active, *alerts), place),
            );
        }
        K::WindowRenamed { name, previous } => {
            write(out, &json!({ "name": name, "previous": previous }))
        }
        K::WindowMoved { index, previous } => {
            write(out, &json!({ "index": index, "previous": previous }))
        }
        K::WindowLayoutChanged { window, panes } => write(out, &layout(window, panes)),
        K::WindowActiveChanged { previous } => write(out, &json!({ "previous": previous })),
        K::WindowMissed { window } => write(out, &json!({ "id": window.to_string() })),
        K::WindowAlert { alerts } => {
            let alerts: Vec<_> = alerts.names().collect();
            write(out, &json!({ "alerts": alerts }));
        }
        K::PaneCreated {
            pane,
            active,
            moved,
        } => {
            write(
                out,
                &with(&PaneObject::new(pane, *active), &json!({ "moved": moved })),
            );
        }
        K::PaneRemoved { moved } => write(out, &json!({ "moved": moved })),
        K::PaneExited { exit } => write(out, &ExitObject::from(*exit)),
        K::PaneActiveChanged { previous } => write(out, &json!({ "previous": previous.map(Text) })),
        K::PaneTitleChanged { title, previous } => {
            write(out, &json!({ "title": title, "previous": previous }));
        }
        K::PaneCommandChanged {
            command,
            previous,
            pid,
            respawned: _,
        } => {
            write(
                out,
                &json!({ "command": command, "previous": previous, "pid": pid }),
            );
        }
        K::PanePathChanged { path, previous } => {
            write(out, &json!({ "path": path, "previous": previous }))
        }
        K::PaneModeChanged { mode, previous } => {
            write(out, &json!({ "mode": mode, "previous": previous }))
        }
        K::PaneResized {
            width,
            height,
            previous: (old_width, old_height),
        } => {
            let previous = json!({ "width": old_width, "height": old_height });
            write(
                out,
                &json!({ "width": width, "height": height, "previous": previous }),
            );
        }
        K::PaneOutput { offset, bytes } => write_output(out, *offset, bytes),
        K::PaneGap { offset, bytes } => write(out, &json!({ "offset": offset, "bytes": bytes })),
        K::ClientDetached { name } => write(out, &json!({ "name": name })),
        K::ClientSessionChanged { client, .. } if view.crossing == Crossing::Went => {
            write(out, &json!({ "name": client.name }));
        }
        K::ClientSessionChanged { client, previous } if view.crossing == Crossing::AsIs => {
            let previous = json!({ "previous": previous.as_deref() });
            write(
                out,
                &with(&ClientObject::new(client, session_name), &previous),
            );
        }
        K::ClientAttached { client } | K::ClientSessionChanged { client, .. } => {
            write(out, &ClientObject::new(client, session_name));
        }
        K::BufferChanged { buffer } => write(out, &BufferObject::from(buffer)),
        K::BufferDeleted { name } => write(out, &json!({ "name": name })),
    }
}

/// An object with more fields behind its own.
#[derive(Serialize)]
struct With<'a, A, B> {
    #[serde(flatten)]
    object: &'a A,
    #[serde(flatten)]
    more: &'a B,
}

fn with<'a, A: Serialize, B: Serialize>(object: &'a A, more: &'a B) -> With<'a, A, B> {
    With { object, more }
}

fn window_object<'a>(
    window: &'a Window,
    panes: &'a [Pane],
    marks: (bool, Alerts),
    place: Option<&Place>,
) -> WindowObject<'a> {
    let index = place
        .and_then(|place| place.window)
        .map_or(0, |(_, index)| index);
    let pane = |pane: &'a Pane| PaneObject::new(pane, window.active == Some(pane.id));
    WindowObject::new(window, index, marks, panes.iter().map(pane).collect())
}

fn layout(window: &Window, panes: &[(PaneId, u32)]) -> serde_json::Value {
    let pane = |(id, index): &(PaneId, u32)| json!({ "id": Text(id), "index": index });
    json!({
        "layout": window.layout,
        "width": window.width,
        "height": window.height,
        "zoomed": window.zoomed,
        "panes": panes.iter().map(pane).collect::<Vec<_>>(),
    })
}
