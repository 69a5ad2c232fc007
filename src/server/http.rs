//! What holds for every HTTP request: who may ask, how it is framed, and what browsers may do with the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONNECTION;
use axum::http::{Extensions, HeaderValue, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use tokio_util::task::TaskTracker;

use super::listen::ConnectionInfo;
use super::origin::{Gate, Visitor};
use super::routes::{self, Security};
use super::services::Services;
use super::upgrade::Refused;
use super::{framing, front, scrape};

/// What the routes need.
#[derive(Debug, Clone)]
pub(super) struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    services: Arc<Services>,
    gate: Gate,
    metrics: bool,
    clients: AtomicU64,
    tasks: TaskTracker,
}

impl App {
    pub(super) fn new(
        services: Arc<Services>,
        config: &super::ServerConfig,
        tasks: TaskTracker,
    ) -> Self {
        Self(Arc::new(Shared {
            services,
            gate: Gate::new(
                config.listen.ip(),
                config.allowed_hosts.clone(),
                config.allowed_origins.clone(),
            ),
            metrics: config.metrics,
            clients: AtomicU64::new(0),
            tasks,
        }))
    }

    pub(super) fn router(&self) -> Router {
        routes::router(routes::all())
            .fallback(front::nothing_here)
            .method_not_allowed_fallback(front::other_method)
            .layer(from_fn_with_state(self.clone(), guarded))
            .with_state(self.clone())
    }

    pub(super) fn services(&self) -> &Arc<Services> {
        &self.0.services
    }

    /// Where the tasks of connections run.
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// The number of the next WebSocket client.
    pub(super) fn next_client(&self) -> u64 {
        self.0.clients.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether `/metrics` is served.
    pub(super) fn serves_metrics(&self) -> bool {
        self.0.metrics
    }

    pub(super) fn refuse(&self, refused: &Refused, of: &Extensions) -> Response<Body> {
        scrape::tell_refused(&self.0.services, of, refused.reason);
        self.0.services.metrics.refused(refused.reason);
        refused.response()
    }
}

/// Who makes a request that has passed the gate.
pub(super) fn visitor(request: &Request) -> Visitor {
    let known = request.extensions().get();
    known.cloned().unwrap_or_default()
}

/// What holds for every route, those that there are not too: who may ask, and what browsers may do with the answer.
async fn guarded(State(app): State<App>, request: Request, next: Next) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    let secure = head
        .extensions
        .get()
        .is_some_and(|came: &ConnectionInfo| came.secure);
    let admitted = framing::check(&head).and_then(|()| app.0.gate.admit(&head, secure));
    let mut response = match admitted {
        Ok(visitor) => {
            head.extensions.insert(visitor);
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
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let security = response.extensions().get().copied();
        let security: Security = security.unwrap_or(Security::NO_PAGE);
        security.apply(response.headers_mut());
    }
    response
}
