//! How a terminal's messages are encoded.

use super::replies;
use crate::ids::{PaneId, SessionId};
use crate::screen::PaneSnapshot;
use crate::server::session::{
    Context, Encode, OpenedPane, Profile, Reply, SnapshotPage, StateSnapshot, Viewpoint,
};
use crate::server::target::SessionRef;
use crate::wire::binary::Kind;
use crate::wire::terminal::{TerminalContext, TerminalEvent};
use crate::wire::{Form, Framed};

/// Requests under way beyond which a terminal's socket is not read: what is typed waits there, in order.
const MAX_TYPING: usize = 16;

const PROFILE: Profile = Profile {
    endpoint: "terminal",
    // It goes by the state for everything but output.
    sends_structure: false,
    sends_bookmarks: false,
    // The pane shows the result.
    confirms_input: false,
    // What is typed is never refused for its bytes, so nothing between is either.
    refuses_bytes: false,
    lasts: true,
    answers_pings: true,
    most_in_flight: MAX_TYPING,
};

/// The form, and what was sent to the client.
#[derive(Debug)]
pub(super) struct TerminalEncoding {
    form: Form,
    /// The session as the address names it.
    address: SessionRef,
    /// The session, once the client has connected.
    shown_in: Option<SessionId>,
    /// The pane that is shown, and the size of it that the client was sent last.
    sent: Option<(PaneId, (u32, u32))>,
}

impl TerminalEncoding {
    pub(super) fn new(form: Form, address: SessionRef) -> Self {
        let form = match form {
            Form::Json => Form::Terminal,
            other => other,
        };
        Self {
            form,
            address,
            shown_in: None,
            sent: None,
        }
    }

    fn say(&self, from: Viewpoint<'_>, event: &TerminalEvent<'_>) -> Framed {
        say(from, (self.shown_in, &self.address), event)
    }
}

impl Encode for TerminalEncoding {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn form(&self) -> Form {
        self.form
    }

    fn message(&self, reply: &Reply<'_>) -> Framed {
        replies::message(reply).framed()
    }

    fn snapshot(&self, context: &Context, snapshot: StateSnapshot<'_>) -> Framed {
        replies::state(context, snapshot)
    }

    fn shown_in(&mut self, session: SessionId) {
        self.shown_in = Some(session);
    }

    fn opened(&mut self, from: Viewpoint<'_>, opened: OpenedPane<'_>) -> Framed {
        self.sent = Some((opened.pane, opened.size));
        let event = TerminalEvent::Connect {
            id: opened.id,
            pane: opened.pane,
            size: opened.size,
            offset: opened.offset,
            recovered: opened.recovered,
        };
        self.say(from, &event)
    }

    fn snapshot_follows(
        &mut self,
        from: Viewpoint<'_>,
        snapshot: &PaneSnapshot,
        _: Option<u64>,
        _: u64,
    ) -> Option<Framed> {
        let now = (snapshot.pane, (snapshot.cols, snapshot.rows));
        let before = self.sent.replace(now);
        let size = now.1;
        (before != Some(now)).then(|| self.say(from, &TerminalEvent::Resize { size }))
    }

    fn page(&self, context: &Context, page: SnapshotPage<'_>) -> Vec<Framed> {
        let encoder = &context.encoder;
        let framed = match self.form {
            Form::Binary => encoder.pane_bytes(
                Kind::Replay,
                page.pane,
                (page.seq, page.offset),
                page.replay,
            ),
            Form::Json | Form::Terminal | Form::EventStream => {
                let terminal = TerminalContext {
                    session: &page.place.session_name,
                    at: context.hub.newest(),
                };
                encoder.terminal_replay(terminal, page.offset, page.snapshot.exact, page.replay)
            }
        };
        vec![framed]
    }
}

/// A message of a terminal at this address, which shows this session.
pub(super) fn say(
    from: Viewpoint<'_>,
    (shown_in, address): (Option<SessionId>, &SessionRef),
    event: &TerminalEvent<'_>,
) -> Framed {
    let context = from.context;
    let (state, _) = context.hub.snapshot();
    // It may have left the client's scope, with a name that is none of the client's business.
    let session = shown_in
        .and_then(|id| state.sessions.get(&id))
        .filter(|session| from.sees(&session.name));
    let named = address.to_string();
    let terminal = TerminalContext {
        session: session.map_or(&*named, |session| &*session.name),
        at: context.hub.newest(),
    };
    context.encoder.terminal(terminal, event)
}
