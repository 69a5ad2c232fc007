//! Who a client is: it authenticates, and its connection ends with what it was let in by.

use std::time::Instant;

use super::{Context, Peer, Phase, Work};
use crate::auth::{AuthError, Ended, Permissions, Principal};
use crate::wire::{CloseCode, ErrorCode, RequestId, ServerMessage};

/// What a connection begins as: open to whoever is known already, and to everybody while authentication is off.
pub(super) fn first_phase(context: &Context, admitted: Option<Principal>, now: Instant) -> Phase {
    let anybody = || {
        context
            .authenticator
            .is_none()
            .then(Principal::unrestricted)
    };
    match admitted.or_else(anybody) {
        Some(principal) => Phase::Open { principal },
        None => Phase::Unknown {
            until: now + context.limits.auth_timeout,
        },
    }
}

impl Peer {
    /// Authenticates with a token that came with the handshake, as if it were the client's first message.
    pub(in crate::server) fn present(&mut self, token: String, now: Instant) {
        self.authenticate(None, token, now);
    }

    /// The principal's token is no longer what it was.
    pub(in crate::server) fn on_ended(&mut self, ended: Ended, now: Instant) {
        let code = match ended {
            Ended::Revoked | Ended::Expired => CloseCode::TokenEnded,
            Ended::Changed => CloseCode::RightsChanged,
        };
        self.close(code, now);
    }

    pub(super) fn authenticate(&mut self, id: Option<RequestId>, token: String, now: Instant) {
        if self.context.authenticator.is_none() {
            return self.welcome(id.as_ref(), &Principal::unrestricted(), now);
        }
        self.verifying = true;
        self.begin(Work::Verify { id, token });
    }

    pub(super) fn verified(
        &mut self,
        id: Option<&RequestId>,
        verdict: Result<Principal, AuthError>,
        now: Instant,
    ) {
        self.verifying = false;
        if self.closing().is_some() {
            return;
        }
        match verdict {
            Ok(principal) => {
                self.welcome(id, &principal, now);
                self.work.push(Work::WatchEnd(principal.clone()));
                self.phase = Phase::Open { principal };
            }
            Err(error) if error.is_retryable() => {
                // The client may try again, so it gets the time for it again.
                if let Phase::Unknown { until } = &mut self.phase {
                    *until = now + self.context.limits.auth_timeout;
                }
                self.refuse(id, ErrorCode::RateLimited, &error.to_string(), now);
            }
            Err(error) => {
                self.say(
                    &ServerMessage::NotAuthenticated {
                        id,
                        message: &error.to_string(),
                    },
                    now,
                );
                self.close(CloseCode::AuthFailed, now);
            }
        }
    }

    fn welcome(&mut self, id: Option<&RequestId>, principal: &Principal, now: Instant) {
        let permissions: Vec<&str> = Permissions::iter(principal.permissions())
            .map(|one| one.as_str())
            .collect();
        let client_id = self.client_id.clone();
        let (permissions, client_id) = (&permissions[..], &client_id[..]);
        self.say(
            &ServerMessage::Authenticated {
                id,
                permissions,
                client_id,
            },
            now,
        );
    }
}
