//! Events as JSON text, each encoded once for all who see it alike.

use std::borrow::Cow;

use bytes::Bytes;

use super::binary::{HEADER, Header, Kind, epoch_check};
use super::cursor::cursor;
use super::deflate::Coding;
use super::event::Event;
use super::event_of::data;
use super::event_stream::message_block;
use super::form::Form;
use super::framed::{FrameBuilder, Framed, to_frame};
use super::json::{lossy_string, number, string, write_json};
use super::message::Message;
use super::more::More;
use super::objects::Text;
use super::request::RequestId;
use super::severity::severity;
use super::snapshot::{Part, Screens, Source};
use super::terminal_output::{self, TerminalContext};
use super::time::{Times, text_of};
use crate::hub::{Published, View, Viewer};
use crate::ids::{Epoch, PaneId, Seq};
use crate::model::{ChangeKind, Place, State};

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

    /// An event as seen so in this form and coding, encoded now or before.
    #[must_use]
    pub fn coded_event(
        &self,
        event: &Published,
        view: View,
        (form, coding): (Form, Coding),
    ) -> Framed {
        let plain = self.event(event, view, form);
        match coding {
            Coding::Identity => plain,
            Coding::Deflate => Framed::built(
                event.encoded(form.id(coding), view, || plain.deflated().bytes().clone()),
            ),
        }
    }

    /// An event as seen so in this form, encoded now or before.
    ///
    /// Only output has a form of its own in binary; all else is JSON text in every form.
    #[must_use]
    pub fn event(&self, event: &Published, view: View, form: Form) -> Framed {
        let change = &event.change;
        let id = |form: Form| form.id(Coding::Identity);
        let own = |form, shared, encode: &dyn Fn(u64, &Bytes) -> Framed| match &change.kind {
            ChangeKind::PaneOutput { offset, bytes } => {
                event.encoded(id(form), shared, || encode(*offset, bytes).bytes().clone())
            }
            _ => event.encoded(id(Form::Json), view, || {
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
                terminal_output::output(context, offset, bytes)
            }),
            Form::EventStream => event.encoded(id(form), view, || {
                let place = cursor(&self.epoch, event.seq);
                let message = self.encode(event, view);
                message_block(Some(&place), message.payload())
                    .bytes()
                    .clone()
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
        to_frame(&Message::Snapshot(Box::new(source.message(id))))
    }

    /// An event of the log of this name as seen so, to stand in another message.
    pub(crate) fn listed<'a>(
        &'a self,
        epoch: &'a Epoch,
        event: &'a Published,
        view: View,
    ) -> Event<'a> {
        let change = &event.change;
        let place = view.place(change);
        let window = place.and_then(|place| place.window);
        Event {
            timestamp: Some(text_of(event.at).into()),
            session: place.map(|place| Cow::Borrowed(&*place.session_name)),
            window: window.map(|(_, index)| index),
            session_id: place.map(|place| Text(place.session)),
            window_id: window.map(|(id, _)| Text(id)),
            pane: place.and(change.pane).map(Text),
            host: Some(Cow::Borrowed(&self.host)),
            epoch: Some(Cow::Borrowed(epoch.as_str())),
            seq: Some(event.seq.0),
            reconciled: change.reconciled.then_some(true),
            data: data(event, view),
            more: More::new(),
        }
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
            _ => write_json(out, &data(event, view)),
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
