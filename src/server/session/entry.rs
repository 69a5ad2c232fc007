//! Who a client is: how it gets in, how it stays in, and that its connection ends with what it was let in by.

use std::time::Instant;

use super::reply::{Entry, Reply};
use super::request::Credential;
use super::requests::Refusal;
use super::{ClientSession, Context, Effect, Phase};
use crate::auth::{AuthError, Ended, Permissions, Principal};
use crate::wire::{CloseCode, ErrorCode, RequestId};

/// How often a client that isn't let in yet gets the answer on one connection that too much is being checked.
const MOST_PUT_OFF: u32 = 8;

/// What a connection begins as: open to anyone who is known already, and to everybody while authentication is off.
pub(super) fn first_phase(context: &Context, admitted: Option<Principal>, now: Instant) -> Phase {
    let is_off = context.authenticator.is_none();
    match admitted.or_else(|| is_off.then(Principal::unrestricted)) {
        Some(principal) => Phase::Open {
            principal: context.redact.applied_to(principal),
        },
        None => Phase::Unknown {
            until: now + context.limits.auth_timeout,
            put_off: 0,
        },
    }
}

impl ClientSession {
    /// Authenticates with the credential of the handshake, as if it were the client's first message.
    pub(in crate::server) fn present(&mut self, credential: Credential, now: Instant) {
        self.authenticate(None, credential, now);
    }

    /// The principal's token is no longer what it was.
    pub(in crate::server) fn on_ended(&mut self, ended: Ended, now: Instant) {
        self.record_ended(ended);
        let code = match ended {
            Ended::Revoked | Ended::Expired | Ended::SignedOut => CloseCode::TokenEnded,
            Ended::Changed => CloseCode::RightsChanged,
        };
        self.close(code, now);
    }

    pub(super) fn authenticate(
        &mut self,
        id: Option<RequestId>,
        credential: Credential,
        now: Instant,
    ) {
        let held = match &self.phase {
            Phase::Open { principal } => Some(principal.clone()),
            Phase::Unknown { .. } | Phase::Closing { .. } => None,
        };
        if let (None, Some(held)) = (&self.context.authenticator, &held) {
            // Whatever it is, it gives nothing that the client has not.
            return self.welcome(id.as_ref(), held, now);
        }
        self.verifying = true;
        let address = self.watched.address().and_then(|address| address.ip());
        let origin = self.origin.as_deref().cloned();
        self.begin(Effect::Verify {
            id,
            credential,
            address,
            origin,
            held,
        });
    }

    pub(super) fn verified(
        &mut self,
        id: Option<&RequestId>,
        verdict: Result<Principal, AuthError>,
        now: Instant,
    ) {
        self.verifying = false;
        match (&self.phase, verdict) {
            (Phase::Closing { .. }, _) => {}
            (Phase::Unknown { .. } | Phase::Open { .. }, Ok(principal))
                if principal.is_redacted() && !self.context.redact.is_on() =>
            {
                let message = "secrets are to be kept from this token, but redaction is off: set redaction.enabled";
                self.say(&Reply::NotAuthenticated { id, message }, now);
                self.close(CloseCode::AuthFailed, now);
            }
            (Phase::Unknown { .. }, Ok(principal)) => {
                self.enter(id, self.context.redact.applied_to(principal), now)
            }
            (Phase::Unknown { .. }, Err(error)) => self.keep_out(id, &error, now),
            (Phase::Open { principal }, Ok(renewed)) => {
                // What was begun with rights that are gone would have to be found and ended one by one. Coming back
                // does it surely, and the client loses nothing that it may still see.
                let renewed = self.context.redact.applied_to(renewed);
                // What was held back has no place in the other view.
                let is_narrower =
                    !renewed.covers(principal) || renewed.is_redacted() != principal.is_redacted();
                self.enter(id, renewed, now);
                if is_narrower {
                    self.close(CloseCode::RightsChanged, now);
                }
            }
            (Phase::Open { .. }, Err(error)) => self.send_failure(id, &error, now),
        }
    }

    /// Who the client is, or the refusal of a request that needs to know.
    pub(in crate::server) fn principal(&self) -> Result<Principal, Refusal> {
        let why = "authenticate first: {\"action\":\"auth\",\"token\":...}";
        let principal = self.phase.principal().cloned();
        principal.ok_or_else(|| (ErrorCode::AuthRequired, why.to_owned()))
    }

    /// Whether it is known who the client is.
    pub(in crate::server) fn is_let_in(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// Lets the client in, or goes on with it, as this principal.
    pub(super) fn enter(&mut self, id: Option<&RequestId>, principal: Principal, now: Instant) {
        self.record_authenticated(&principal);
        self.welcome(id, &principal, now);
        if self.closing().is_none() {
            self.effects.push(Effect::WatchEnd(principal.clone()));
            self.phase = Phase::Open { principal };
        }
    }

    fn keep_out(&mut self, id: Option<&RequestId>, error: &AuthError, now: Instant) {
        self.send_failure(id, error, now);
        let Phase::Unknown { until, put_off } = &mut self.phase else {
            return;
        };
        *put_off += 1;
        let waits_for_others = matches!(error, AuthError::Busy | AuthError::Failed);
        if waits_for_others && *put_off <= MOST_PUT_OFF {
            // The client may try again, so it gets the time for it again.
            *until = now + self.context.limits.auth_timeout;
        } else if error.is_retryable() {
            self.close(CloseCode::TryLater, now);
        } else {
            self.close(CloseCode::AuthFailed, now);
        }
    }

    fn send_failure(&mut self, id: Option<&RequestId>, error: &AuthError, now: Instant) {
        self.record_failed(error);
        let message = error.to_string();
        let message = &message[..];
        match error.retry_after() {
            Some(wait) => self.put_off(id, message, wait, now),
            None => self.say(&Reply::NotAuthenticated { id, message }, now),
        }
    }

    fn welcome(&mut self, id: Option<&RequestId>, principal: &Principal, now: Instant) {
        let permissions: Vec<&str> = Permissions::iter(principal.permissions())
            .map(|one| one.as_str())
            .collect();
        let client_id = self.client_id.clone();
        let (permissions, client_id) = (&permissions[..], &client_id[..]);
        self.say(
            &Reply::Authenticated {
                id,
                entry: Entry {
                    permissions,
                    client_id,
                    expires: principal.expires(),
                    redacted: principal.is_redacted(),
                },
            },
            now,
        );
    }
}
