//! Tokens of HTTP requests: checked by the rules of the route, before its handler runs.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Extensions, Response};
use axum::middleware::Next;
use tracing::info;

use super::app::{App, address};
use super::headers::bearer;
use super::listen::ConnectionInfo;
use super::rules::{Audit, Bearer, Credential, Rules};
use crate::audit::Act;
use crate::auth::{AuthError, Authenticator, Principal};

/// Whose token came with a request. Each request with one that was accepted has it among its extensions.
#[derive(Debug, Clone)]
pub(super) struct Holder(pub(super) Principal);

/// Serves a request if it has the token that its route's rules ask for.
pub(super) async fn checked(
    State((app, rules)): State<(App, Rules)>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let rule = match rules.credential {
        Credential::Unused | Credential::InSession => return next.run(request).await,
        Credential::Bearer(rule) => rule,
    };
    let holder = match token(&app, rule, &request) {
        Shown::AllowedAnyway => Ok(Principal::unrestricted()),
        Shown::Local(principal) => Ok(principal),
        Shown::Token(authenticator, token) => {
            let ip = address(request.extensions()).and_then(|address| address.ip());
            authenticator.verify(&token, ip).await
        }
        Shown::Nothing => {
            return match rule.missing {
                Some(refused) => app.refuse(refused, request.extensions()),
                None => next.run(request).await,
            };
        }
    };
    match holder {
        Ok(principal) => {
            request.extensions_mut().insert(Holder(principal));
            next.run(request).await
        }
        Err(error) => invalid(&app, rules, rule, &error, request.extensions()),
    }
}

/// What a request shows.
enum Shown<'a> {
    /// Authentication is off: everybody may do everything.
    AllowedAnyway,
    /// That it comes from the user at the Unix socket who needs no token.
    Local(Principal),
    Token(&'a Authenticator, String),
    Nothing,
}

fn token<'a>(app: &'a App, rule: Bearer, request: &Request) -> Shown<'a> {
    let headers = request.headers();
    let Some(authenticator) = &app.services().context.authenticator else {
        return Shown::AllowedAnyway;
    };
    match bearer(headers) {
        Some(token) => Shown::Token(authenticator, token.to_owned()),
        // What is no bearer can't be a token either, and is refused as one that is damaged.
        None if rule.missing.is_none() && headers.contains_key(AUTHORIZATION) => {
            Shown::Token(authenticator, String::new())
        }
        None => match known_user(request.extensions()) {
            Some(principal) if rule.missing.is_some() => Shown::Local(principal),
            Some(_) | None => Shown::Nothing,
        },
    }
}

/// Who it is, if that is known without a token.
fn known_user(of: &Extensions) -> Option<Principal> {
    of.get::<ConnectionInfo>()?.admitted()
}

fn invalid(
    app: &App,
    rules: Rules,
    rule: Bearer,
    error: &AuthError,
    of: &Extensions,
) -> Response<Body> {
    let reason = error.reason();
    info!(
        reason,
        "not authenticated: the token of a request is not accepted"
    );
    app.services().metrics.auth_failure(reason);
    let refused = (rule.invalid)(error);
    match rules.audit {
        Audit::Refusals => app.refuse(&refused, of),
        Audit::FailedTokens => {
            app.record(of, Act::AuthFailed { reason });
            refused.response()
        }
    }
}
