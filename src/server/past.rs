//! What happened, for those who ask over HTTP: the same questions as over a WebSocket, in the address.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::routing::get;

use super::api::{NO_TOKEN, json, not_accepted, record_denied};
use super::app::{App, address};
use super::asking::{self, NoAnswer, Question, ScreenQuestion, Wanted};
use super::credential::Holder;
use super::dialect::read_question;
use super::route::Route;
use super::rules::{Bearer, Cors, Credential, Rules};
use super::session::{AnsweredReply, Reply, Request as Asked, may_read, unmet};
use super::target;
use crate::audit::Who;
use crate::auth::Principal;
use crate::wire::ErrorCode;

/// What is asked by GET.
pub(super) fn routes() -> Vec<Route> {
    let rules = Rules {
        credential: Credential::Bearer(Bearer {
            missing: Some(&NO_TOKEN),
            invalid: not_accepted,
        }),
        cors: Some(Cors {
            methods: "GET",
            headers: "authorization",
        }),
        ..Rules::DEFAULT
    };
    let rows = [
        ("/api/history", "history", "events that are kept"),
        ("/api/search", "search", "lines that panes printed"),
        ("/api/screen", "screen", "a pane as it was"),
        ("/api/digest", "digest", "what agents did"),
    ];
    let route = |(path, action, about): (&'static str, &'static str, &'static str)| {
        let handler = move |State(app): State<App>, request: Request| answer(app, action, request);
        Route::new(path, (path, about), get(handler), rules)
    };
    rows.map(route).into()
}

async fn answer(app: App, action: &'static str, request: Request) -> Response<Body> {
    let holder: Option<&Holder> = request.extensions().get();
    let Some(Holder(principal)) = holder.cloned() else {
        return app.refuse(&NO_TOKEN, request.extensions());
    };
    let services = app.services();
    let principal = services.context.redact.applied_to(principal);
    let query = request.uri().query().unwrap_or_default();
    let answered = match question(&app, &principal, action, query) {
        Ok(question) => {
            let wanted = Wanted::by_nobody_else();
            asking::answer(services, &principal, question, wanted).await
        }
        Err(refused) => Err(refused),
    };
    match answered {
        Ok(answered) => {
            let context = &services.context;
            let reply = AnsweredReply {
                id: None,
                encoder: &context.encoder,
                epoch: context.hub.epoch(),
                answered: &answered,
            };
            json(StatusCode::OK, &Reply::Answered(reply))
        }
        Err((code, why)) => {
            let client = address(request.extensions()).map(|address| address.to_string());
            let who = Who::at(None, client).known_as(Some(principal.id_text()), principal.name());
            record_denied(&app, &who, action, code);
            refused(code, &why)
        }
    }
}

/// What the address asks.
fn question(
    app: &App,
    principal: &Principal,
    action: &str,
    query: &str,
) -> Result<Question, NoAnswer> {
    may_read(principal)?;
    match read_question(action, query)? {
        Asked::Ask(question) => Ok(question),
        Asked::Screen { target, at, offset } => {
            let (state, _) = app.services().context.hub.snapshot();
            let pane = match target.pane {
                Some(pane) => pane,
                None => target::pane(&state, principal, &target).map_err(unmet)?,
            };
            Ok(Question::Screen(ScreenQuestion { pane, at, offset }))
        }
        _ => Err((
            ErrorCode::UnknownAction,
            "this is no question about what happened".to_owned(),
        )),
    }
}

fn refused(code: ErrorCode, why: &str) -> Response<Body> {
    let status = match code {
        ErrorCode::PermissionDenied => StatusCode::FORBIDDEN,
        ErrorCode::NotFound | ErrorCode::HistoryOff => StatusCode::NOT_FOUND,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::HistoryTimeout | ErrorCode::HistoryUnavailable | ErrorCode::Cancelled => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        _ => StatusCode::BAD_REQUEST,
    };
    let error = Reply::Error {
        id: None,
        code,
        message: why,
        retry_after_ms: None,
    };
    json(status, &error)
}
