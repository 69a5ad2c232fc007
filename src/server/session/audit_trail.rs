//! What the audit log records of a client: that it connected, who it is, what it asked for and may not have, and that it
//! disconnected.
//!
//! What it types stands there before it is typed; see [`crate::server::audited`].

use std::time::{Duration, Instant};

use super::request::Request;
use super::{ClientSession, Phase};
use crate::audit::{Act, Allowance, Who};
use crate::auth::{AuthError, Ended, Permission, Principal};
use crate::hub::Viewer;
use crate::server::listen::ClientAddress;
use crate::server::target::{self, NoTarget, Target};
use crate::wire::{CloseCode, ErrorCode};

/// How many lines record what one client may not have: at once, and then one each so often.
const DENIALS: (u32, Duration) = (50, Duration::from_secs(1));
/// The longest name that is recorded, in bytes; clients choose it.
const LONGEST_NAME: usize = 256;

/// What the log knows a client by.
#[derive(Debug)]
pub(super) struct AuditTrail {
    who: Who,
    denials: Allowance,
}

impl AuditTrail {
    /// That of a client with the server's name for its connection, if it stays.
    pub(super) fn new(client_id: Option<&str>, address: Option<ClientAddress>) -> Self {
        let address = address.map(|address| address.to_string());
        Self {
            who: Who::at(client_id.map(ToOwned::to_owned), address),
            denials: Allowance::new(DENIALS.0, DENIALS.1),
        }
    }
}

/// A viewer that sees everything.
struct Everything;

impl Viewer for Everything {
    fn sees_session(&self, _: &str) -> bool {
        true
    }

    fn sees_all(&self) -> bool {
        true
    }
}

/// A request as the log names it.
#[derive(Debug)]
pub(in crate::server) struct Asked {
    request: &'static str,
    target: Option<Target>,
}

impl Asked {
    pub(in crate::server) fn new(request: &'static str, target: Option<Target>) -> Self {
        Self { request, target }
    }

    pub(in crate::server) fn of(request: &Request) -> Self {
        Self::new(request.name(), request.target().cloned())
    }
}

impl ClientSession {
    /// Who it is to the audit log.
    pub(in crate::server) fn who(&self) -> &Who {
        &self.audit_trail.who
    }

    /// Tells that it came; and who it is, if nobody is going to ask.
    pub(super) fn record_connected(&mut self, unasked: bool) {
        let endpoint = self.endpoint();
        let audit = &self.context.audit;
        if self.encode.profile().lasts {
            audit.record_stranger(&self.audit_trail.who, Act::Connected { endpoint });
        }
        if let (true, Phase::Open { principal }) = (unasked, &self.phase) {
            let principal = principal.clone();
            self.record_authenticated(&principal);
        }
    }

    /// Where it is.
    pub(super) fn endpoint(&self) -> &'static str {
        self.encode.profile().endpoint
    }

    /// Tells who it is.
    pub(super) fn record_authenticated(&mut self, principal: &Principal) {
        self.audit_trail.who = self
            .audit_trail
            .who
            .known_as(Some(principal.id_text()), principal.name());
        if !self.encode.profile().lasts {
            return;
        }
        let highest = principal.permissions().iter().last();
        let sessions = principal.scope().patterns().iter();
        let act = Act::Authenticated {
            permission: highest.map_or("", Permission::as_str),
            sessions: sessions.map(ToString::to_string).collect(),
        };
        self.context.audit.record(&self.audit_trail.who, act);
    }

    /// Tells that it could not say who it is.
    pub(super) fn record_failed(&self, error: &AuthError) {
        let reason = error.reason();
        let audit = &self.context.audit;
        audit.record_stranger(&self.audit_trail.who, Act::AuthFailed { reason });
    }

    /// Tells that what it was let in with is no longer good.
    pub(super) fn record_ended(&self, ended: Ended) {
        let reason = match ended {
            Ended::Revoked => "revoked",
            Ended::Expired => "expired",
            Ended::Changed => "changed",
            Ended::SignedOut => "signed_out",
        };
        self.context
            .audit
            .record(&self.audit_trail.who, Act::AuthEnded { reason });
    }

    /// Tells that it went; `code` is that of the server, if the server closed.
    pub(in crate::server) fn record_disconnected(&self, code: Option<CloseCode>) {
        let code = code.map(CloseCode::number);
        let (audit, who) = (&self.context.audit, &self.audit_trail.who);
        match who.name() {
            Some(_) => audit.record(who, Act::Disconnected { code }),
            None => audit.record_stranger(who, Act::Disconnected { code }),
        }
    }

    /// Records that it asked for what it may not have, or for what is not there, which get the same answer.
    pub(in crate::server) fn record_denied(
        &mut self,
        asked: &Asked,
        code: ErrorCode,
        now: Instant,
    ) {
        let reason = match code {
            ErrorCode::PermissionDenied => "permission",
            ErrorCode::NotFound => self.why_not_found(asked),
            _ => return,
        };
        if !self.audit_trail.denials.take(now) {
            return self.context.audit.leave_out();
        }
        let act = Act::Denied {
            request: asked.request,
            reason,
            target: asked.target.as_ref().and_then(name_of),
        };
        let (audit, who) = (&self.context.audit, &self.audit_trail.who);
        match self.encode.profile().lasts {
            true => audit.record(who, act),
            false => audit.record_stranger(who, act),
        }
    }

    fn why_not_found(&self, asked: &Asked) -> &'static str {
        let (state, _) = self.context.hub.snapshot();
        let there = asked
            .target
            .as_ref()
            .map(|target| target::part(&state, &Everything, target));
        match there {
            Some(Ok(_) | Err(NoTarget::Ambiguous(_))) => "scope",
            Some(Err(NoTarget::Missing)) | None => "missing",
        }
    }
}

/// What a client named, as it would name it in tmux.
fn name_of(target: &Target) -> Option<String> {
    let mut name = match (&target.pane, &target.session, &target.window) {
        (Some(pane), ..) => pane.to_string(),
        (None, Some(session), None) => session.to_string(),
        (None, Some(session), Some(window)) => format!("{session}:{window}"),
        (None, None, Some(window)) => window.to_string(),
        (None, None, None) => return None,
    };
    if let Some(index) = target.pane_index {
        name.push_str(&format!(".{index}"));
    }
    let fits = |end: &usize| name.is_char_boundary(*end);
    let longest = (0..=name.len().min(LONGEST_NAME)).rev().find(fits);
    name.truncate(longest.unwrap_or_default());
    Some(name)
}
