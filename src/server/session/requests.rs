//! What a client asks for. Each request gets exactly one reply or error.

use std::hash::Hash;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use bytes::Bytes;

use super::audit_trail::Asked;
use super::reply::Reply;
use super::request::{Request, TypeRequest, Typed};
use super::stream::Wanted;
use super::{ClientSession, Effect, MAX_IN_FLIGHT};
use crate::auth::{Authorized, Denied, Permission, Principal};
use crate::bridge::{ClientNumber, InputError, InputRequest, Key};
use crate::hub::{Filter, Idle, Mistakable, PrintsIn, Since};
use crate::ids::{PaneId, Seq};
use crate::model::State;
use crate::nearest::nearest;
use crate::server::repeats::{self, Known, Slot};
use crate::server::target::{self, NoTarget, Target};
use crate::wire::schema::event_types;
use crate::wire::{ErrorCode, RequestId};

/// A line that is longer is pasted unless the client says otherwise. Programs that read less at once than is there find
/// the rest of a long line together with its Enter, whenever that comes, and take it for a line break.
const LONG_LINE: usize = 256;

/// The types that filters can name.
static EVENT_TYPES: LazyLock<Vec<String>> = LazyLock::new(event_types);

/// How many warnings about filters that match nothing one answer has.
const MOST_WARNINGS: usize = 16;

/// Why a request is refused.
pub(in crate::server) type Refusal = (ErrorCode, String);

impl ClientSession {
    /// Carries out a request; the reply comes now or later.
    pub(in crate::server) fn carry_out(
        &mut self,
        id: Option<RequestId>,
        request: Request,
        now: Instant,
    ) {
        let request = match request {
            Request::Auth { credential } => return self.authenticate(id, credential, now),
            Request::Ping => return self.say(&Reply::Pong { id: id.as_ref() }, now),
            other => other,
        };
        let principal = match self.principal() {
            Ok(principal) => principal,
            Err((code, why)) => return self.refuse(id.as_ref(), code, &why, now),
        };
        let asked = Asked::of(&request);
        if let Err((code, message)) = self.ask(id.clone(), &principal, request, now) {
            self.record_denied(&asked, code, now);
            self.refuse(id.as_ref(), code, &message, now);
        }
    }

    fn ask(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        request: Request,
        now: Instant,
    ) -> Result<(), Refusal> {
        match request {
            Request::Subscribe {
                filter,
                since,
                prints_in,
            } => {
                // First: what is replayed at once is judged by it.
                self.print_in(principal, prints_in);
                self.subscribe(id.as_ref(), principal, filter, since.as_ref(), now)
            }
            Request::Unsubscribe { filter } => self.unsubscribe(id.as_ref(), filter, now),
            Request::Snapshot { target, screen } => {
                self.ask_snapshot(id, principal, target, screen, now)
            }
            Request::Type { request, key } => {
                self.ask_type(id, principal, &request, key.as_deref(), now)
            }
            Request::Compose { request, key } => {
                self.ask_compose(id, principal, &request, key.as_deref(), now)
            }
            Request::Seen { target } => self.ask_seen(id, principal, &target),
            Request::Explain { target } => self.ask_explain(id, principal, &target),
            Request::Open(request) => self.open(id, principal, &request, now),
            Request::Close { target } => self.close_pane(id.as_ref(), principal, &target, now),
            Request::Ack { pane, offset } => self.ack(id.as_ref(), pane, offset, now),
            Request::Stats => self.ask_stats(id, principal, now),
            Request::Clients => self.ask_clients(id, principal),
            Request::Disconnect(dismissal) => self.ask_dismissal(id, principal, dismissal),
            Request::Emit(request) => self.ask_emit(id, principal, &request, now),
            Request::Ask(question) => self.ask_question(id, principal, question),
            Request::Screen { target, at, offset } => {
                self.ask_screen(id, principal, &target, (at, offset))
            }
            Request::Replay(request) => self.ask_replay(id, principal, &request, now),
            Request::ReplayControl(control) => {
                self.control_replay(id.as_ref(), principal, &control, now)
            }
            Request::Cancel { request } => {
                self.cancel_question(id.as_ref(), principal, &request, now)
            }
            Request::Auth { .. } | Request::Ping => Ok(()),
        }
    }

    fn subscribe(
        &mut self,
        id: Option<&RequestId>,
        principal: &Principal,
        filter: Filter,
        since: Option<&Since>,
        now: Instant,
    ) -> Result<(), Refusal> {
        may_read(principal)?;
        self.check_subscriptions()?;
        if let Some(range) = since.and_then(|since| self.context.hub.archived(since)) {
            self.subscribe_archived(id.cloned(), range, filter);
            return Ok(());
        }
        let warnings = self.idle(principal, &filter);
        let subscribed = self
            .stream
            .subscribe(filter, since)
            .map_err(|error| (ErrorCode::LimitReached, error.to_string()))?;
        self.send_subscribed(id, &warnings, subscribed, now);
        self.pump(now);
        Ok(())
    }

    /// Answers a request to subscribe, with the place after which it counts and whether its position could be honoured.
    pub(super) fn send_subscribed(
        &mut self,
        id: Option<&RequestId>,
        warnings: &[String],
        (seq, recovered): (Seq, Option<bool>),
        now: Instant,
    ) {
        let epoch = self.context.hub.epoch().clone();
        self.say(
            &Reply::Subscribed {
                id,
                recovered,
                epoch: &epoch,
                seq,
                warnings,
            },
            now,
        );
        if recovered == Some(false) {
            self.stream.want(Wanted::unasked(Target::default()));
        }
    }

    /// The client said where it prints; that holds for as long as it is connected, or until it says otherwise.
    fn print_in(&mut self, principal: &Principal, prints_in: Option<PrintsIn>) {
        if let Some(prints_in) = prints_in {
            let viewer = principal.clone();
            let sees = move |name: &str| viewer.sees(name);
            self.printer = Some(self.context.hub.print_in(prints_in, sees));
        }
    }

    /// What of a filter matches nothing now, of all that the client may see.
    pub(super) fn idle(&self, principal: &Principal, filter: &Filter) -> Vec<String> {
        if filter.is_all() {
            return Vec::new();
        }
        let (state, _) = self.context.hub.snapshot();
        let types = &*EVENT_TYPES;
        let sees = |name: &str| principal.sees(name);
        let idle = filter.idle(&state, sees, types);
        let sentences = idle.into_iter().take(MOST_WARNINGS).map(|one| {
            let Idle { list, entry, text } = one;
            let names = state.sessions.values().map(|session| &*session.name);
            let meant = text.and_then(|text| match list {
                "types" => nearest(&text, types.iter().map(|known| &**known)),
                "sessions" => nearest(&text, names.filter(|name| principal.sees(name))),
                "agents" => nearest(&text, agents_in_sight(&state, principal)),
                _ => None,
            });
            let meant =
                meant.map_or_else(String::new, |meant| format!("; did you mean {meant:?}?"));
            match list {
                "types" => format!("filters.types[{entry}] is no event type that there is{meant}"),
                _ => format!("filters.{list}[{entry}] matches nothing now{meant}"),
            }
        });
        let sentences: Vec<String> = sentences.collect();
        let room = MOST_WARNINGS - sentences.len();
        let mistakable = filter.mistakable(&state, sees).into_iter().take(room);
        sentences
            .into_iter()
            .chain(mistakable.map(mistaken))
            .collect()
    }

    fn unsubscribe(
        &mut self,
        id: Option<&RequestId>,
        filter: Filter,
        now: Instant,
    ) -> Result<(), Refusal> {
        let all = filter.is_all();
        if !all {
            self.check_subscriptions()?;
        }
        self.stream
            .subscription
            .unsubscribe(filter)
            .map_err(|error| (ErrorCode::LimitReached, error.to_string()))?;
        if all {
            self.forget_panes(now);
        }
        self.say(&Reply::Unsubscribed { id }, now);
        Ok(())
    }

    fn ask_snapshot(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        target: Target,
        screen: bool,
        now: Instant,
    ) -> Result<(), Refusal> {
        may_read(principal)?;
        self.check_room()?;
        self.stream.want(Wanted {
            id,
            target,
            screen,
            asked: true,
        });
        self.pump(now);
        Ok(())
    }

    fn ask_type(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        request: &TypeRequest,
        key: Option<&str>,
        now: Instant,
    ) -> Result<(), Refusal> {
        self.check_room()?;
        let Some(id) = self.unless_repeated(id, principal, (key, request), now)? else {
            return Ok(());
        };
        let (state, pane) = self.pane_named(principal, &request.target)?;
        let input = authorized(&state, principal, request.input(self.number, pane))?;
        let slot = self.slot(principal, (key, request), pane, now)?;
        self.begin(Effect::Type {
            id,
            pane,
            input,
            slot,
        });
        Ok(())
    }

    /// The pane that a request names, as things are now.
    pub(super) fn pane_named(
        &self,
        principal: &Principal,
        target: &Target,
    ) -> Result<(Arc<State>, PaneId), Refusal> {
        let (state, _) = self.context.hub.snapshot();
        let pane = target::pane(&state, principal, target)
            .map_err(|error| no_target(&state, principal, error))?;
        Ok((state, pane))
    }

    /// The id of a request that is to be carried out; nothing if an earlier one with its key has the answer.
    pub(super) fn unless_repeated(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        (key, request): (Option<&str>, &impl Hash),
        now: Instant,
    ) -> Result<Option<Option<RequestId>>, Refusal> {
        // A repetition is answered even if its pane is gone by now, but not to one who lost the permission.
        let known = key.filter(|_| principal.may(Permission::Write));
        let repeats = &self.context.repeats;
        match known.map(|key| repeats.look_up(principal, key, request, now)) {
            None | Some(Known::New) => Ok(Some(id)),
            Some(Known::Conflict) => {
                let why = "key: it was used for another request less than a minute ago";
                Err((ErrorCode::InvalidMessage, why.to_owned()))
            }
            Some(Known::Repeated(earlier)) => {
                self.begin(Effect::Await { id, earlier });
                Ok(None)
            }
        }
    }

    /// Puts a request's key to use.
    pub(super) fn slot(
        &self,
        principal: &Principal,
        (key, request): (Option<&str>, &impl Hash),
        pane: PaneId,
        now: Instant,
    ) -> Result<Option<Slot<PaneId, repeats::Typed>>, Refusal> {
        let repeats = &self.context.repeats;
        let slot = key.map(|key| repeats.begin(principal, key, request, pane, now));
        slot.transpose().map_err(|_| {
            (
                ErrorCode::RateLimited,
                "too many keys are in use: try again in a minute".to_owned(),
            )
        })
    }

    /// Types into a pane that the client has chosen before.
    pub(in crate::server) fn type_input(
        &mut self,
        id: Option<RequestId>,
        input: InputRequest,
    ) -> Result<(), Refusal> {
        let (state, _) = self.context.hub.snapshot();
        let pane = input.pane;
        let input = authorized(&state, &self.principal()?, input)?;
        self.begin(Effect::Type {
            id,
            pane,
            input,
            slot: None,
        });
        Ok(())
    }

    pub(super) fn typed(
        &mut self,
        id: Option<&RequestId>,
        pane: PaneId,
        repeated: bool,
        typed: repeats::Typed,
        now: Instant,
    ) {
        match typed {
            Ok(_) if !self.encode.profile().confirms_input => {}
            Ok(None) => self.say(&Reply::Done { id, pane, repeated }, now),
            Ok(Some(outcome)) => self.send_composed(id, (pane, repeated), &outcome, now),
            Err(error) => self.refuse(id, code_of(&error), &error.to_string(), now),
        }
    }

    pub(super) fn begin(&mut self, work: Effect) {
        self.in_flight += 1;
        self.effects.push(work);
    }

    pub(super) fn check_room(&self) -> Result<(), Refusal> {
        if self.in_flight + self.stream.waiting() < MAX_IN_FLIGHT {
            return Ok(());
        }
        let why = format!("{MAX_IN_FLIGHT} requests are under way: wait for their answers");
        Err((ErrorCode::RateLimited, why))
    }
}

impl TypeRequest {
    fn input(&self, client: ClientNumber, pane: PaneId) -> InputRequest {
        let text = |text: &str| {
            let bytes = Bytes::copy_from_slice(text.as_bytes());
            let long_line = matches!(self.typed, Typed::Line(_)) && bytes.len() > LONG_LINE;
            if self.paste.unwrap_or(long_line) {
                Key::Paste(bytes)
            } else {
                Key::Text(bytes)
            }
        };
        let keys = match &self.typed {
            Typed::Line(line) if line.is_empty() => vec![Key::Named("Enter".to_owned())],
            Typed::Line(line) => vec![text(line), Key::Named("Enter".to_owned())],
            Typed::Text(all) => vec![text(all)],
            Typed::Keys(names) => names.iter().cloned().map(Key::Named).collect(),
        };
        InputRequest {
            client,
            pane,
            keys,
            cancel_mode: self.cancel_mode,
            submit_delay: self.submit_delay,
        }
    }
}

/// The input, if this principal may type into its pane.
fn authorized(
    state: &State,
    principal: &Principal,
    input: InputRequest,
) -> Result<Authorized<InputRequest>, Refusal> {
    authorized_to_type(state, principal, input.pane, input)
}

/// Something that is to be typed into a pane, if this principal may.
pub(super) fn authorized_to_type<T>(
    state: &State,
    principal: &Principal,
    pane: PaneId,
    input: T,
) -> Result<Authorized<T>, Refusal> {
    let places = state.places_of_pane(pane);
    let sessions = places.iter().map(|place| &*place.session_name);
    let input = principal.authorize(Permission::Write, sessions, input);
    input.map_err(denied)
}

/// The types of the agents that a client may know of.
fn agents_in_sight<'a>(state: &'a State, principal: &Principal) -> impl Iterator<Item = &'a str> {
    let in_sight = |pane: &PaneId| {
        let places = state.places_of_pane(*pane);
        places
            .iter()
            .any(|place| principal.sees(&place.session_name))
    };
    let agents = state.agents.iter();
    let agents = agents.filter(move |(pane, _)| in_sight(pane));
    agents.map(|(_, agent)| agent.agent_type.as_str())
}

/// Whether the client may read at all.
pub(in crate::server) fn may_read(principal: &Principal) -> Result<(), Refusal> {
    let read = principal.authorize_everywhere(Permission::Read, ());
    read.map(drop).map_err(denied)
}

/// The answer for what isn't there, and for what is but may not be seen.
pub(in crate::server) fn not_found() -> Refusal {
    denied(Denied::Unseen)
}

/// The answer for a target that leads nowhere.
pub(in crate::server) fn unmet(error: NoTarget) -> Refusal {
    match error {
        NoTarget::Missing => not_found(),
        NoTarget::Ambiguous(why) => (ErrorCode::AmbiguousTarget, why),
    }
}

/// Why a target names no pane: there is none to be seen, or there is no tmux now that could have any.
fn no_target(state: &State, principal: &Principal, error: NoTarget) -> Refusal {
    if state.server.is_some() || !principal.may(Permission::Write) {
        return unmet(error);
    }
    let error = InputError::Unavailable;
    (code_of(&error), error.to_string())
}

pub(super) fn denied(denied: Denied) -> Refusal {
    let code = match denied {
        Denied::Unseen => ErrorCode::NotFound,
        Denied::Lacks(_) => ErrorCode::PermissionDenied,
    };
    (code, denied.to_string())
}

fn code_of(error: &InputError) -> ErrorCode {
    match error {
        InputError::NoSuchPane => ErrorCode::NotFound,
        InputError::PaneDead => ErrorCode::PaneDead,
        InputError::InputOff => ErrorCode::InputOff,
        InputError::InMode { .. } => ErrorCode::PaneInMode,
        InputError::BadKey { .. } => ErrorCode::UnknownKey,
        InputError::UnsupportedKey { .. } => ErrorCode::KeyUnsupported,
        InputError::Nothing => ErrorCode::InvalidMessage,
        InputError::Busy => ErrorCode::RateLimited,
        InputError::TooLarge { .. } => ErrorCode::TooLarge,
        InputError::Partly { .. } => ErrorCode::Interrupted,
        InputError::Unavailable => ErrorCode::TmuxUnavailable,
        InputError::Unrecorded => ErrorCode::AuditUnavailable,
        InputError::Recording => ErrorCode::Recording,
        InputError::LinkLost => ErrorCode::OutcomeUnknown,
        InputError::Tmux(_) => ErrorCode::TmuxError,
    }
}

/// What is said of an entry that something else is named as well.
fn mistaken(one: Mistakable) -> String {
    let Mistakable { list, entry } = one;
    let exact = match list {
        "sessions" => "{\"session_name\": ...} or {\"session_id\": ...}",
        _ => "{\"window_name\": ...}, {\"window_index\": ...} or {\"window_id\": ...}",
    };
    format!(
        "filters.{list}[{entry}] looks like an id or an index, and another one is named so: {exact} can't be mistaken"
    )
}
