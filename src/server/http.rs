//! What happens to every HTTP request by the rules of its route: how it is framed, who may ask, and what browsers may do
//! with the answer.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::middleware::Next;

use super::app::App;
use super::framing;
use super::listen::ConnectionInfo;
use super::rest;
use super::rules::{PolicyNames, Rules, Security};

/// Serves a request that its route's rules let in, and refuses others.
pub(super) async fn guarded(
    State((app, rules)): State<(App, Rules)>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    let secure = head
        .extensions
        .get()
        .is_some_and(|info: &ConnectionInfo| info.secure);
    let admitted = framing::check(&head, rules.limits.body_bytes)
        .and_then(|()| app.gate().admit(&head, secure, rules.origins));
    let mut response = match admitted {
        Ok(visitor) => {
            head.extensions.insert(visitor);
            head.extensions.insert(rules);
            next.run(Request::from_parts(head, body)).await
        }
        Err(refused) => {
            let mut response = app.refuse(&refused, &head.extensions);
            if refused.ends_connection() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            response
        }
    };
    if rules.problems {
        response = rest::problem(response).await;
    }
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let of_answer: Option<&Security> = response.extensions().get();
        let security = of_answer.copied().unwrap_or(rules.security);
        let names: Option<PolicyNames> = response.extensions_mut().remove();
        security.apply(response.headers_mut(), names.as_ref());
    }
    response
}
