//! The routes for monitoring: whether muxwire runs, whether it is ready, and its metrics.

use std::fmt;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use tracing::warn;

use super::absent;
use super::app::App;
use super::credential::Holder;
use super::refused::Refused;
use super::route::Route;
use super::rules::{Audit, Bearer, Credential, Rules};
use super::services::Services;
use super::session::ClientStats;
use crate::auth::{AuthError, Permission};
use crate::metrics::Queues;
use crate::model::Server;

/// What monitoring asks for; `/metrics` may be switched off.
pub(super) fn routes(has_metrics: bool) -> Vec<Route> {
    let health = ("/healthz", "whether this server runs");
    let readiness = ("/readyz", "whether it is connected to tmux");
    let figures = ("/metrics", "figures for Prometheus");
    let health_handler = get(|| async { "ok\n" });
    let (metrics_handler, metrics_rules) = match has_metrics {
        true => (get(metrics), METRICS),
        false => (get(absent::no_metrics), Rules::DEFAULT),
    };
    vec![
        Route::new("/healthz", health, health_handler, Rules::DEFAULT),
        Route::new("/readyz", readiness, get(ready), Rules::DEFAULT),
        Route::new("/metrics", figures, metrics_handler, metrics_rules),
    ]
}

/// Figures name no session, no window and no pane; but some name tokens, and those are for admins alone.
const METRICS: Rules = Rules {
    credential: Credential::Bearer(Bearer {
        missing: None,
        invalid: not_accepted,
    }),
    audit: Audit::FailedTokens,
    ..Rules::DEFAULT
};

fn not_accepted(error: &AuthError) -> Refused {
    let status = match error.is_retryable() {
        true => StatusCode::SERVICE_UNAVAILABLE,
        false => StatusCode::UNAUTHORIZED,
    };
    Refused {
        message: format!("{error}\n").into(),
        ..Refused::new(status, error.reason(), "")
    }
}

async fn ready(State(app): State<App>) -> impl IntoResponse {
    let (state, _) = app.services().context.hub.snapshot();
    let demand = app.services().bridge.demand();
    // What an earlier run knew of the server is shown before this one is attached to it.
    if let Some(server) = state.server.as_ref().filter(|_| !demand.is_detached()) {
        return (StatusCode::OK, readiness(server, demand.is_idle()));
    }
    let reason = state.unfit.as_deref();
    let reason = reason.unwrap_or("no tmux server is connected");
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n"))
}

/// That muxwire is ready, and below it what the server's user should know before it happens.
fn readiness(server: &Server, is_idle: bool) -> String {
    let mut said = match is_idle {
        true => "ready: idle, not attached to tmux until somebody listens\n".to_owned(),
        false => "ready\n".to_owned(),
    };
    for warning in server.warnings.iter() {
        said.push_str(&format!(
            "warning {}: {}; {}\n",
            warning.code, warning.message, warning.remedy
        ));
    }
    said
}

/// What waits for clients, as metrics show it.
fn queues(clients: &[ClientStats]) -> Queues {
    let mut queues = Queues::default();
    for client in clients {
        queues.add(client.name.as_deref(), client.queue);
    }
    queues.bounded()
}

/// All metrics as text, with what waits now; by the names of tokens too, if the reader may know them.
pub(super) async fn figures(services: &Services, names_tokens: bool) -> Result<String, fmt::Error> {
    let Services {
        metrics, shards, ..
    } = services;
    let mut queues = queues(&shards.stats().await);
    if !names_tokens {
        queues.tokens.clear();
    }
    // Nobody else is asked for figures between these two.
    metrics.set_queues(queues);
    metrics.text()
}

async fn metrics(State(app): State<App>, request: Request) -> Response<Body> {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let holder: Option<&Holder> = request.extensions().get();
    let names_tokens = holder.is_some_and(|holder| holder.0.may(Permission::Admin));
    match figures(app.services(), names_tokens).await {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            warn!(%error, "the metrics can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
