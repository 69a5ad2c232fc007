//! What `/metrics` tells whom. Figures name no session, no window and no pane; but some name tokens, and those are for
//! admins alone.

use axum::http::Extensions;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::listen::{ClientAddress, ConnectionInfo};
use super::services::Services;
use crate::audit::{Act, Who};
use crate::auth::{AuthError, Permission};

/// Whether who asks may be told the names of tokens: an admin, by `Authorization: Bearer`. While authentication is off
/// everybody is one.
///
/// # Errors
/// What was given for a token is none, or could not be checked.
pub(super) async fn may_name_tokens(
    services: &Services,
    request: &Parts,
) -> Result<bool, AuthError> {
    let Some(authenticator) = &services.context.authenticator else {
        return Ok(true);
    };
    let given = request.headers.get(AUTHORIZATION);
    let Some(given) = given.and_then(|value| value.to_str().ok()) else {
        return Ok(false);
    };
    let token = match given.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim().to_owned(),
        // What is no bearer can't be a token either.
        _ => String::new(),
    };
    let address = address(&request.extensions);
    let verdict = authenticator
        .verify(&token, address.and_then(|address| address.ip()))
        .await;
    if let Err(error) = &verdict {
        let reason = error.reason();
        services.metrics.auth_failure(reason);
        let who = Who::at(None, address.map(|address| address.to_string()));
        let audit = &services.context.audit;
        audit.record_stranger(&who, Act::AuthFailed { reason });
    }
    verdict.map(|principal| principal.may(Permission::Admin))
}

/// Tells the audit log of a handshake that was refused.
pub(super) fn tell_refused(services: &Services, of: &Extensions, reason: &str) {
    let who = Who::at(None, address(of).map(|address| address.to_string()));
    let reason = reason.to_owned();
    let audit = &services.context.audit;
    audit.record_stranger(&who, Act::Refused { reason });
}

fn address(extensions: &Extensions) -> Option<ClientAddress> {
    let came: Option<&ConnectionInfo> = extensions.get();
    came.map(|came| came.address)
}
