//! What sessions say, as messages of the wire.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;

use super::answers;
use crate::bridge::{Asked, Ground, Grounds, HeardSignal, NoGrounds, Screen};
use crate::ids::{Epoch, Seq};
use crate::metrics::Summary;
use crate::server::session::{
    ClientInfo, ClientStats, ComposedReply, Context, Entry, ExplainedReply, Reply, ServerStats,
    StateSnapshot,
};
use crate::wire::explanation::{EvidenceObject, Explanation, GroundsObject, SignalObject};
use crate::wire::message::{
    Answer, AuthResponse, Bookmark, Cancelled, Clients, Closed, CommandResponse, ComposedResponse,
    Disconnected, EmittedAnswer, Error, Hello, Lagged, Opened, SeenAnswer, Shutdown, Stats,
    Subscribed,
};
use crate::wire::objects::Text;
use crate::wire::{
    self, ErrorCode, Framed, Latency, Message, More, PROTOCOL, RequestId, ShedStats, cursor,
};

/// What this server can do beyond the first version's messages.
const FEATURES: &[&str] = &[
    "resume",
    "bookmarks",
    "snapshot.screen",
    "idempotency",
    "panes",
    "binary",
    "stats",
    "clients",
    "emit",
    "prompts",
    "seen",
    "explain",
    "history",
];

/// The state of tmux as a message.
pub(super) fn state(context: &Context, snapshot: StateSnapshot<'_>) -> Framed {
    let screens = screens(&snapshot);
    let at = (snapshot.state, snapshot.seq);
    let (part, principal) = (snapshot.part, snapshot.principal);
    let encoder = &context.encoder;
    encoder.snapshot(snapshot.id, at, part, principal, &screens)
}

/// The screens that go with a snapshot.
pub(super) fn screens(snapshot: &StateSnapshot<'_>) -> wire::Screens {
    let screens = snapshot.screens.iter().map(|(pane, screen)| {
        let screen = screen.as_ref().map(screen_on_wire);
        (*pane, screen.map_err(ToString::to_string))
    });
    screens.collect()
}

fn screen_on_wire(screen: &Screen) -> wire::Screen {
    let (x, y) = screen.cursor;
    let text = |line: &Bytes| String::from_utf8_lossy(line).into_owned();
    wire::Screen {
        offset: screen.offset,
        exact: screen.exact,
        cols: screen.width,
        rows: screen.height,
        lines: screen.lines.iter().map(text).collect(),
        cursor: wire::Cursor {
            x,
            y,
            visible: screen.cursor_visible,
            more: More::new(),
        },
        alternate: screen.alternate,
        more: More::new(),
    }
}

/// A reply as a message.
pub(super) fn message<'a>(reply: &Reply<'a>) -> Message<'a> {
    let more = More::new();
    match *reply {
        Reply::Hello {
            host,
            epoch,
            seq,
            auth_required,
        } => hello(host, epoch, seq, auth_required),
        Reply::Authenticated { id, entry } => authenticated(id, entry),
        Reply::NotAuthenticated { id, message } => not_authenticated(id, message),
        Reply::Subscribed {
            id,
            recovered,
            epoch,
            seq,
            warnings,
        } => Message::Subscribed(Subscribed {
            id: named(id),
            recovered,
            epoch: Cow::Borrowed(epoch.as_str()),
            seq: seq.0,
            cursor: cursor(epoch, seq).into(),
            warnings: warnings.iter().map(|one| Cow::Borrowed(&**one)).collect(),
            more,
        }),
        Reply::Unsubscribed { id } => Message::Unsubscribed(answer(id)),
        Reply::Done { id, pane, repeated } => Message::CommandResponse(CommandResponse {
            id: named(id),
            success: true,
            pane: Text(pane),
            repeated: repeated.then_some(true),
            more,
        }),
        Reply::Composed(composed) => self::composed(composed),
        Reply::Seen { id, panes } => Message::Seen(SeenAnswer {
            id: named(id),
            panes: panes.iter().copied().map(Text).collect(),
            more,
        }),
        Reply::Explained(explained) => self::explained(explained),
        Reply::Opened {
            id,
            pane,
            recovered,
            epoch,
            offset,
        } => Message::Opened(Opened {
            id: named(id),
            pane: Text(pane),
            recovered,
            epoch: Cow::Borrowed(epoch.as_str()),
            offset,
            more,
        }),
        Reply::Closed { id, pane } => Message::Closed(Closed {
            id: named(id),
            pane: Text(pane),
            more,
        }),
        Reply::Acked { id } => Message::Acked(answer(Some(id))),
        Reply::Lagged { pane, from, to } => Message::Lagged(Lagged {
            pane: Text(pane),
            from,
            to,
            more,
        }),
        Reply::Stats {
            id,
            client,
            server,
            clients,
        } => Message::Stats(Box::new(Stats {
            id: named(id),
            client: client_stats(client),
            server: server_stats(server),
            clients: clients.map(|clients| clients.iter().map(client_stats).collect()),
            more,
        })),
        Reply::Clients { id, clients, total } => Message::Clients(Clients {
            id: named(id),
            clients: clients.iter().map(client_info).collect(),
            total,
            more,
        }),
        Reply::Disconnected { id, client_id } => Message::Disconnected(Disconnected {
            id: named(id),
            client_id: Cow::Borrowed(client_id),
            more,
        }),
        Reply::Emitted {
            id,
            events,
            epoch,
            seq,
            repeated,
        } => Message::Emitted(EmittedAnswer {
            id: named(id),
            events,
            epoch: Cow::Borrowed(epoch.as_str()),
            seq: seq.0,
            cursor: cursor(epoch, seq).into(),
            repeated: repeated.then_some(true),
            more,
        }),
        Reply::Answered(reply) => answers::answered(reply),
        Reply::Cancelled { id, found } => Message::Cancelled(Cancelled {
            id: named(id),
            found,
            more,
        }),
        Reply::Replay(reply) => answers::replay(reply),
        Reply::Pong { id } => Message::Pong(answer(id)),
        Reply::Bookmark { epoch, seq } => Message::Bookmark(Bookmark {
            epoch: Cow::Borrowed(epoch.as_str()),
            seq: seq.0,
            cursor: cursor(epoch, seq).into(),
            more,
        }),
        Reply::Error {
            id,
            code,
            message,
            retry_after_ms,
        } => Message::Error(Error {
            id: named(id),
            code: Cow::Borrowed(code.as_str()),
            message: Cow::Borrowed(message),
            retryable: code.is_retryable(),
            retry_after_ms,
            more,
        }),
        Reply::Shutdown { retry_after_ms } => Message::Shutdown(Shutdown {
            retry_after_ms,
            more,
        }),
    }
}

fn composed(reply: ComposedReply<'_>) -> Message<'_> {
    let outcome = reply.outcome;
    let (evidence, hindrance) = match &outcome.result {
        Ok(proof) => (Some(proof.name()), None),
        Err(hindrance) => (None, Some(hindrance)),
    };
    let left = outcome.left.as_ref();
    let is_done = Some(evidence.is_some());
    let response = ComposedResponse {
        id: named(reply.id),
        success: true,
        pane: Text(reply.pane),
        evidence: evidence.map(Cow::Borrowed),
        reason: hindrance.map(|why| Cow::Borrowed(why.name())),
        message: hindrance.map(|why| why.text().into()),
        left: left.map(|left| Cow::Borrowed(&*left.text)),
        left_seen: left.map(|left| left.seen),
        status: outcome.state.map(|state| Cow::Borrowed(state.name())),
        dialog: outcome
            .dialog
            .as_ref()
            .map(|dialog| Cow::Borrowed(&*dialog.fingerprint)),
        repeated: reply.repeated.then_some(true),
        ..ComposedResponse::default()
    };
    match outcome.asked {
        Asked::Prompt => Message::PromptResponse(Box::new(ComposedResponse {
            submitted: is_done,
            ..response
        })),
        Asked::Answer => Message::AnswerResponse(Box::new(ComposedResponse {
            answered: is_done,
            ..response
        })),
    }
}

fn explained(reply: ExplainedReply<'_>) -> Message<'_> {
    let missing = reply.grounds.err();
    Message::Explanation(Box::new(Explanation {
        id: named(reply.id),
        pane: Text(reply.pane),
        missing: missing.map(|missing| match missing {
            NoGrounds::NotWatched => "not_watched".into(),
            NoGrounds::NoAgent => "no_agent".into(),
            NoGrounds::Busy => "busy".into(),
        }),
        message: missing.map(|missing| missing.to_string().into()),
        grounds: reply.grounds.ok().map(grounds),
        more: More::new(),
    }))
}

fn grounds(grounds: &Grounds) -> GroundsObject<'_> {
    let reason = grounds.reason.as_ref();
    GroundsObject {
        status: Cow::Borrowed(grounds.state.name()),
        reason: reason.map(|reason| Cow::Borrowed(reason.as_str())),
        confidence: Cow::Borrowed(grounds.confidence.name()),
        source: grounds.source.map(|source| Cow::Borrowed(source.name())),
        age_ms: millis(grounds.age),
        pid: grounds.process,
        pids: grounds.processes.clone(),
        screen_known: grounds.has_screen,
        evidence: grounds.evidence.iter().map(evidence).collect(),
        signals: grounds.signals.iter().map(signal).collect(),
        more: More::new(),
    }
}

fn evidence(one: &Ground) -> EvidenceObject<'_> {
    let reason = one.reason.as_ref();
    EvidenceObject {
        source: Cow::Borrowed(one.source.name()),
        status: Cow::Borrowed(one.state.name()),
        reason: reason.map(|reason| Cow::Borrowed(reason.as_str())),
        confidence: Cow::Borrowed(one.confidence.name()),
        message: one.message.as_deref().map(Cow::Borrowed),
        basis: Cow::Borrowed(&one.basis),
        strength: one.strength,
        standing: Cow::Borrowed(one.standing.name()),
        age_ms: millis(one.age),
        said_ms: millis(one.said),
        more: More::new(),
    }
}

fn signal(one: &HeardSignal) -> SignalObject<'_> {
    SignalObject {
        kind: Cow::Borrowed(one.kind),
        text: one.text.as_deref().map(Cow::Borrowed),
        age_ms: millis(one.age),
        more: More::new(),
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn named(id: Option<&RequestId>) -> Option<Cow<'_, RequestId>> {
    id.map(Cow::Borrowed)
}

fn answer(id: Option<&RequestId>) -> Answer<'_> {
    Answer {
        id: named(id),
        more: More::new(),
    }
}

fn hello<'a>(host: &'a str, epoch: &'a Epoch, seq: Seq, auth_required: bool) -> Message<'a> {
    Message::Hello(Hello {
        protocol: Some(PROTOCOL.into()),
        server: Cow::Borrowed(concat!("muxwire/", env!("CARGO_PKG_VERSION"))),
        host: Some(Cow::Borrowed(host)),
        epoch: Cow::Borrowed(epoch.as_str()),
        seq: seq.0,
        auth_required: Some(auth_required),
        features: FEATURES.iter().map(|one| Cow::Borrowed(*one)).collect(),
        more: More::new(),
    })
}

fn authenticated<'a>(id: Option<&'a RequestId>, entry: Entry<'a>) -> Message<'a> {
    let permissions = entry.permissions.iter();
    Message::AuthResponse(AuthResponse {
        id: named(id),
        success: true,
        permissions: permissions.map(|one| Cow::Borrowed(*one)).collect(),
        client_id: Some(Cow::Borrowed(entry.client_id)),
        expires: entry.expires.map(|at| at.to_string().into()),
        redacted: entry.redacted.then_some(true),
        ..AuthResponse::default()
    })
}

fn not_authenticated<'a>(id: Option<&'a RequestId>, why: &'a str) -> Message<'a> {
    Message::AuthResponse(AuthResponse {
        id: named(id),
        code: Some(Cow::Borrowed(ErrorCode::AuthFailed.as_str())),
        message: Some(Cow::Borrowed(why)),
        ..AuthResponse::default()
    })
}

fn client_stats(stats: &ClientStats) -> wire::ClientStats<'_> {
    wire::ClientStats {
        client_id: Cow::Borrowed(&stats.client_id),
        name: stats.name.as_deref().map(Cow::Borrowed),
        address: stats.address.as_deref().map(Cow::Borrowed),
        connected_ms: stats.connected_ms,
        queue_bytes: stats.queue.bytes,
        queue_messages: stats.queue.messages,
        behind_events: stats.queue.behind,
        shed: ShedStats {
            panes: stats.shed.panes,
            bytes: stats.shed.bytes,
            more: More::new(),
        },
        latency_us: stats.latency.map(latency),
        more: More::new(),
    }
}

fn server_stats(stats: &ServerStats) -> wire::ServerStats {
    wire::ServerStats {
        clients: stats.clients,
        latency_us: stats.latency.map(latency),
        fan_out_us: stats.fan_out.map(latency),
        more: More::new(),
    }
}

fn latency(summary: Summary) -> Latency {
    let Summary {
        count,
        p50,
        p99,
        max,
    } = summary;
    Latency {
        count,
        p50,
        p99,
        max,
        more: More::new(),
    }
}

fn client_info(info: &ClientInfo) -> wire::ClientInfo<'_> {
    let sessions = info.sessions.iter();
    wire::ClientInfo {
        client_id: Cow::Borrowed(&info.client_id),
        endpoint: Cow::Borrowed(info.endpoint),
        address: info.address.as_deref().map(Cow::Borrowed),
        connected_ms: info.connected_ms,
        token: info.token.as_deref().map(Cow::Borrowed),
        name: info.name.as_deref().map(Cow::Borrowed),
        permissions: info
            .permissions
            .iter()
            .map(|one| Cow::Borrowed(*one))
            .collect(),
        sessions: sessions.map(|one| Cow::Borrowed(&**one)).collect(),
        more: More::new(),
    }
}
