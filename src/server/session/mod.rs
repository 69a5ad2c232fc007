//! One client's session as a state machine: requests go in, messages and work come out. No IO, and time is a parameter.
//!
//! Reading order: this file (the phases of a session's life), [`entry`] (who the client is), [`request`] and [`requests`]
//! (what it asks for), [`stream`] (events, snapshots and bookmarks). What the client's messages look like is a matter of its dialect
//! ([`crate::server::dialect`]), of which a session knows what [`encode`] says.

mod admin;
mod archive;
mod asking;
mod audit_trail;
mod composing;
mod effect;
mod emit;
mod encode;
mod entry;
mod explaining;
mod following;
mod holder_limits;
mod limits;
mod live;
mod pages;
mod panes;
mod replaying;
mod reply;
mod request;
mod requests;
mod seeing;
mod size;
mod stats;
mod stream;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::audit::{self};
use crate::auth::{Authenticator, Principal, Redact};
use crate::bridge::ClientNumber;
use crate::hub::{Hub, Printer, Subscription};
use crate::metrics::Metrics;
use crate::site::Origin;
use crate::wire::{CloseCode, Coding, Encoder, ErrorCode, Framed, RequestId};

pub(super) use self::admin::{ClientInfo, Present};
pub(super) use self::archive::ArchivePage;
use self::asking::Questions;
pub(super) use self::audit_trail::Asked;
use self::audit_trail::AuditTrail;
pub(super) use self::effect::{
    AskEffect, Captured, ComposeEffect, Effect, EffectResult, EmitEffect, ReplayEffect,
};
pub(super) use self::encode::{
    Encode, OpenedPane, Profile, SnapshotPage, StateSnapshot, Viewpoint,
};
pub(super) use self::holder_limits::HolderAllowances;
use self::limits::Allowance;
pub use self::limits::ConnectionLimits;
pub(super) use self::panes::{Asker, Opening};
use self::replaying::Replays;
pub(super) use self::reply::{
    AnsweredReply, ComposedReply, Entry, ExplainedReply, ReplayReply, ReplaySaid, Reply,
};
pub(super) use self::request::{
    ComposeRequest, Credential, Dismissal, OpenRequest, ReplayControl, ReplayRequest, Request,
    TypeRequest, Typed,
};
pub(super) use self::requests::{Refusal, may_read, not_found, unmet};
use self::stats::Watched;
pub(super) use self::stats::{ClientStats, ServerStats, Timing};
use self::stream::Stream;
use super::ResizePolicy;
use super::broadcast::BroadcastGroups;
use super::emitting::{EmitAllowances, EmitRates};
use super::extensions::Compression;
use super::listen::ClientAddress;
use super::repeats::{EmittedRepeats, TypedRepeats};
use super::send_queue::{Frame, SendQueue};

/// Requests of one client that may be under way at one time.
const MAX_IN_FLIGHT: usize = 64;

/// What all peers share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) hub: Hub,
    pub(super) encoder: Encoder,
    pub(super) limits: ConnectionLimits,
    pub(super) compression: Compression,
    pub(super) resize: ResizePolicy,
    /// From whom secrets are kept.
    pub(super) redact: Redact,
    pub(super) repeats: TypedRepeats,
    pub(super) emitted: EmittedRepeats,
    /// How much each holder of a token may emit.
    pub(super) emit_rates: EmitRates,
    pub(super) emitting: EmitAllowances,
    /// `None` while authentication is off.
    pub(super) authenticator: Option<Authenticator>,
    pub(super) metrics: Metrics,
    pub(super) audit: audit::Log,
    /// How much each holder of a token may ask for over HTTP.
    pub(super) asking: HolderAllowances,
    /// Whether somebody wants to know how long the writes of all clients take.
    pub(super) timing: Timing,
    /// Clients that get the same.
    pub(super) groups: BroadcastGroups,
}

#[derive(Debug)]
enum Phase {
    /// Nobody knows who it is.
    Unknown {
        until: Instant,
        /// How often it was asked to try again.
        put_off: u32,
    },
    /// It may do what its principal may.
    Open { principal: Principal },
    /// Whatever it says no longer matters.
    Closing { code: CloseCode, until: Instant },
}

impl Phase {
    fn principal(&self) -> Option<&Principal> {
        match self {
            Self::Open { principal } => Some(principal),
            Self::Unknown { .. } | Self::Closing { .. } => None,
        }
    }
}

/// What is known of a client when it comes.
#[derive(Debug, Default)]
pub(super) struct ClientIdentity {
    /// Where it connects from, if that is known.
    pub(super) address: Option<ClientAddress>,
    /// The page that it is, if it is one.
    pub(super) origin: Option<Origin>,
    /// Who it is, if that is known without a token.
    pub(super) principal: Option<Principal>,
    /// How messages to it are coded.
    pub(super) coding: Coding,
}

/// One client.
#[derive(Debug)]
pub(super) struct ClientSession {
    context: Arc<Context>,
    client_id: String,
    /// How it is spoken to.
    encode: Box<dyn Encode>,
    /// How its messages are coded on their way.
    coding: Coding,
    /// Who it is to the bridge.
    number: ClientNumber,
    /// The page that it is; its tickets are good for that alone.
    origin: Option<Box<Origin>>,
    phase: Phase,
    /// A token is being checked; nothing more is read until the verdict, so what follows it can be carried out.
    verifying: bool,
    stream: Stream,
    /// Where the client prints what it gets, for as long as this is here.
    printer: Option<Printer>,
    questions: Questions,
    replays: Replays,
    send_queue: SendQueue,
    effects: Vec<Effect>,
    in_flight: usize,
    allowance: Allowance,
    watched: Watched,
    audit_trail: AuditTrail,
    heard_at: Instant,
    ping_at: Instant,
}

impl ClientSession {
    /// A client that has just connected, as this principal if it is known already; the greeting is on its way.
    pub(super) fn new(
        context: Arc<Context>,
        client_id: String,
        encode: Box<dyn Encode>,
        identity: ClientIdentity,
        now: Instant,
    ) -> Self {
        let ClientIdentity {
            address,
            origin,
            principal,
            coding,
        } = identity;
        let limits = context.limits;
        let principal = principal.map(|known| context.redact.applied_to(known));
        let phase = entry::first_phase(&context, principal.clone(), now);
        let mut session = Self {
            audit_trail: AuditTrail::new(encode.profile().lasts.then_some(&client_id), address),
            client_id,
            coding,
            number: ClientNumber::next(),
            encode,
            origin: origin.map(Box::new),
            phase,
            verifying: false,
            stream: Stream::new(Subscription::new(&context.hub)),
            printer: None,
            questions: Questions::default(),
            replays: Replays::default(),
            send_queue: SendQueue::new(limits.send_queue),
            effects: Vec::new(),
            in_flight: 0,
            allowance: Allowance::new(now),
            watched: Watched::new(address, now),
            heard_at: now,
            ping_at: now + limits.ping_interval,
            context,
        };
        session.record_connected(principal.is_none());
        session.greet(now);
        if let Some(principal) = principal {
            session.enter(None, principal, now);
        }
        session
    }

    fn greet(&mut self, now: Instant) {
        let context = Arc::clone(&self.context);
        let (epoch, seq) = (context.hub.epoch(), context.hub.head());
        let host = context.encoder.host();
        self.say(
            &Reply::Hello {
                host,
                epoch,
                seq,
                auth_required: matches!(self.phase, Phase::Unknown { .. }),
            },
            now,
        );
    }

    /// What all sessions share.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Who it is to the bridge.
    pub(super) fn number(&self) -> ClientNumber {
        self.number
    }

    /// What is encoded now is encoded for this one.
    pub(super) fn viewpoint(&self) -> Viewpoint<'_> {
        Viewpoint {
            context: &self.context,
            principal: self.phase.principal(),
        }
    }

    /// What waits to be written, and what waits to be read from the log.
    pub(super) fn ends(&mut self) -> (&mut SendQueue, &mut Subscription) {
        (&mut self.send_queue, &mut self.stream.subscription)
    }

    /// Whether more of what the client says can be taken.
    pub(super) fn wants_input(&self) -> bool {
        let most = self.encode.profile().most_in_flight;
        let is_waiting = self.verifying || self.stream.archive.has_request();
        !is_waiting && self.in_flight < most && self.allowance.paused_until().is_none()
    }

    /// Why the connection is to be closed, as soon as all that waits is written.
    pub(super) fn closing(&self) -> Option<CloseCode> {
        match self.phase {
            Phase::Closing { code, .. } => Some(code),
            Phase::Unknown { .. } | Phase::Open { .. } => None,
        }
    }

    /// Whether the time for closing in order is over.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Closing { until, .. } if until <= now)
    }

    /// What the connection has to do.
    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The client gave a sign of life.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// When [`ClientSession::on_deadline`] is to be called, if nothing happens before.
    pub(super) fn deadline(&self) -> Instant {
        let paused = self.allowance.paused_until();
        let first = paused.map_or(self.ping_at, |until| self.ping_at.min(until));
        match self.phase {
            Phase::Closing { until, .. } => until,
            Phase::Unknown { until, .. } if !self.verifying => first.min(until),
            Phase::Unknown { .. } => first,
            Phase::Open { .. } => {
                let dues = [
                    self.stream.bookmark_at,
                    self.stream.view_at,
                    self.replays.deadline(),
                ];
                dues.into_iter().flatten().fold(first, Instant::min)
            }
        }
    }

    /// Time has passed.
    pub(super) fn on_deadline(&mut self, now: Instant) {
        match self.phase {
            Phase::Closing { .. } => return,
            Phase::Unknown { until, .. } if !self.verifying && until <= now => {
                return self.close(CloseCode::AuthTimeout, now);
            }
            Phase::Unknown { .. } | Phase::Open { .. } => {}
        }
        self.allowance.on_deadline(now);
        if self.ping_at <= now {
            let interval = self.context.limits.ping_interval;
            // Who was not pinged can't have answered: muxwire itself may have been stopped for a while.
            let pinged_at = self.ping_at - interval;
            let silence = now.duration_since(self.heard_at);
            let is_read = !self.stream.archive.has_request();
            let answers = self.encode.profile().answers_pings;
            if answers && is_read && self.heard_at < pinged_at && silence >= 2 * interval {
                return self.close(CloseCode::NoPong, now);
            }
            self.ping_at = now + interval;
            self.send(Frame::new(self.encode.ping()), now);
        }
        self.bookmark(now);
        if self.stream.view_at.is_some_and(|at| at <= now) {
            self.ask_views_again(now);
        }
        self.pump_replays(now);
    }

    /// The server stops.
    pub(super) fn shut_down(&mut self, now: Instant) {
        let retry_after = self.context.limits.retry_after.as_millis();
        let retry_after_ms = u64::try_from(retry_after).unwrap_or(u64::MAX);
        self.say(&Reply::Shutdown { retry_after_ms }, now);
        self.close(CloseCode::Shutdown, now);
    }

    /// Some work is done.
    pub(super) fn on_effect_result(&mut self, outcome: EffectResult, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match outcome {
            EffectResult::Verified { id, verdict } => self.verified(id.as_ref(), verdict, now),
            EffectResult::Typed {
                id,
                pane,
                repeated,
                typed,
            } => {
                self.typed(id.as_ref(), pane, repeated, typed, now);
            }
            EffectResult::Emitted {
                id,
                count,
                repeated,
                emitted,
            } => self.emitted(id.as_ref(), (count, repeated), emitted, now),
            EffectResult::Seen { id, outcome } => self.seen(id.as_ref(), outcome, now),
            EffectResult::Explained { id, pane, grounds } => {
                self.explained(id.as_ref(), pane, grounds, now);
            }
            EffectResult::Resized { id, outcome } => self.resized(id.as_ref(), &outcome, now),
            EffectResult::Viewed { pane, view } => self.viewed(pane, view, now),
            EffectResult::Stats { id, clients } => {
                self.send_stats(id.as_ref(), clients.as_deref(), now)
            }
            EffectResult::Clients { id, present } => self.send_clients(id.as_ref(), &present, now),
            EffectResult::Dismissed {
                id,
                dismissal,
                gone,
            } => self.send_dismissed(id.as_ref(), &dismissal, gone.as_ref(), now),
            EffectResult::Answered {
                id,
                number,
                outcome,
            } => self.answered(id.as_ref(), number, outcome, now),
            EffectResult::Replayed { number, turn, page } => {
                self.replayed((number, turn), page, now);
            }
            EffectResult::Archived { page, archived } => {
                self.read_from_archive(page, archived, now)
            }
            EffectResult::Captured { wanted, screens } => self.captured(&wanted, screens, now),
        }
    }

    /// Closes the connection once what waits is written. A client that is too slow for that gets nothing more.
    pub(super) fn close(&mut self, code: CloseCode, now: Instant) {
        if matches!(self.phase, Phase::Closing { .. }) {
            return;
        }
        if code == CloseCode::Slow {
            self.send_queue.clear();
        }
        if let Some(farewell) = self.encode.farewell(code) {
            self.send_queue.push_last(Frame::new(farewell));
        }
        self.phase = Phase::Closing {
            code,
            until: now + self.context.limits.close_timeout,
        };
    }

    /// Refuses a request.
    pub(super) fn refuse(
        &mut self,
        id: Option<&RequestId>,
        code: ErrorCode,
        message: &str,
        now: Instant,
    ) {
        let (state, _) = self.context.hub.snapshot();
        let message = match &state.unfit {
            Some(reason) if code == ErrorCode::TmuxUnavailable => reason,
            _ => message,
        };
        let error = Reply::Error {
            id,
            code,
            message,
            retry_after_ms: None,
        };
        self.say(&error, now);
    }

    /// Refuses for now.
    fn put_off(
        &mut self,
        id: Option<&RequestId>,
        message: &str,
        retry_after: Duration,
        now: Instant,
    ) {
        let error = Reply::Error {
            id,
            code: ErrorCode::RateLimited,
            message,
            retry_after_ms: Some(u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX)),
        };
        self.say(&error, now);
    }

    fn say(&mut self, message: &Reply<'_>, now: Instant) {
        let framed = self.encode.message(message);
        self.send_framed(framed, now);
    }

    /// Sends a message of the dialect's own.
    pub(super) fn send_framed(&mut self, framed: Framed, now: Instant) {
        let framed = match self.coding {
            Coding::Identity => framed,
            Coding::Deflate => framed.deflated(),
        };
        self.send(Frame::new(framed), now);
    }

    /// Puts a message into the send_queue. A client that lets it overflow is closed; it can come back and resume.
    fn send(&mut self, frame: Frame, now: Instant) {
        if self.closing().is_none() && self.send_queue.push(frame).is_err() {
            self.close(CloseCode::Slow, now);
        }
    }
}
