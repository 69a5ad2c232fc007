//! `GET /api/metrics/overview` and `/api/stream/metrics`: what the last hours came to, once or as it changes.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, HeaderName};
use axum::http::{HeaderValue, Response};
use axum::routing::get;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::time;

use super::READ;
use super::answer::{body, refused};
use super::asker::Asker;
use super::events::crowded;
use super::exchange::admitted;
use crate::audit::Act;
use crate::metering::Hours;
use crate::server::admission::Admission;
use crate::server::app::App;
use crate::server::browser::{OpenSession, SessionSocket, WHO};
use crate::server::clock::{now, today};
use crate::server::content::digest;
use crate::server::effects;
use crate::server::headers::text;
use crate::server::listen::SharedLimits;
use crate::server::metering::Figures;
use crate::server::route::Route;
use crate::server::rules::{Counts, Limits, Rules};
use crate::server::services::Services;
use crate::server::session::may_read;
use crate::wire::event_stream::{close_block, error_block, heartbeat, message_block, retry_block};
use crate::wire::{CloseCode, ErrorCode, Framed, metrics_error, metrics_update, overview_answer};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How often it is looked whether something has changed, in seconds.
const INTERVALS: std::ops::RangeInclusive<u64> = 1..=60;
const USUAL_INTERVAL: u64 = 2;

pub(super) fn routes() -> Vec<Route> {
    let stream_rules = Rules {
        limits: Limits {
            counts: Counts::Client,
            ..READ.limits
        },
        ..READ
    };
    vec![
        Route::new(
            "/api/metrics/overview",
            (
                "/api/metrics/overview",
                "tasks, costs and tools of the last hours",
            ),
            get(overview),
            READ,
        ),
        Route::new(
            "/api/stream/metrics",
            (
                "/api/stream/metrics",
                "the same with sessions and activity, as it changes",
            ),
            get(stream_metrics),
            stream_rules,
        ),
    ]
}

/// What an address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    hours: Hours,
    interval: Duration,
}

/// Reads what an address asks for. What is too much or too little is brought to what may be; what is no number is an error.
fn wanted(query: &str) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        hours: Hours::default(),
        interval: Duration::from_secs(USUAL_INTERVAL),
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let number = |text: &str| {
            let why = || {
                format!(
                    "{pair}: hours and interval are whole numbers, and nothing else is known here"
                )
            };
            text.parse::<i64>().map_err(|_| why())
        };
        match pair.split_once('=') {
            Some(("hours", hours)) => wanted.hours = Hours::clamped(number(hours)?),
            Some(("interval", interval)) => {
                let seconds = u64::try_from(number(interval)?).unwrap_or(0);
                let seconds = seconds.clamp(*INTERVALS.start(), *INTERVALS.end());
                wanted.interval = Duration::from_secs(seconds);
            }
            _ => drop(number("")?),
        }
    }
    Ok(wanted)
}

/// Who may have it, and what is asked for.
fn asked(app: &App, request: &Request) -> Result<(Asker, Wanted), Box<Response<Body>>> {
    let asker = Asker::of(app, request);
    let asker = asker.ok_or_else(|| Box::new(app.refuse(&WHO, request.extensions())))?;
    let query = request.uri().query().unwrap_or_default();
    let wanted = wanted(query);
    let wanted = wanted.map_err(|why| Box::new(refused(ErrorCode::InvalidMessage, &why, None)))?;
    admitted(app.services(), &asker, query.len())
        .map_err(|(code, why, wait)| Box::new(refused(code, &why, wait)))?;
    may_read(&asker.principal).map_err(|(code, why)| {
        asker.record_denied(app, "metrics", code);
        Box::new(refused(code, &why, None))
    })?;
    Ok((asker, wanted))
}

async fn overview(State(app): State<App>, request: Request) -> Response<Body> {
    let (asker, wanted) = match asked(&app, &request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let services = app.services();
    let metering = &services.metering;
    match metering
        .figures(services, &asker.principal, wanted.hours)
        .await
    {
        Ok(figures) => body("application/json", overview_answer(&figures.overview)),
        Err((code, why)) => refused(code, &why, None),
    }
}

async fn stream_metrics(State(app): State<App>, request: Request) -> Response<Body> {
    match begun(&app, &request) {
        Ok(response) => response,
        Err(response) => *response,
    }
}

/// The stream, which a task of its own feeds.
fn begun(app: &App, request: &Request) -> Result<Response<Body>, Box<Response<Body>>> {
    let (mut asker, wanted) = asked(app, request)?;
    let taken = app.take_up(request);
    let (_, held) = taken.map_err(|full| Box::new(app.refuse(&full, request.extensions())))?;
    let mut admission = Admission::new(held, None);
    let has_place = admission.admit(&asker.principal, app.services());
    has_place.map_err(|code| Box::new(crowded(code)))?;
    admission.leave_the_crowd();
    if let Some(limits) = request.extensions().get::<SharedLimits>() {
        limits.last();
    }
    let known = text(request.headers(), &LAST_EVENT_ID).map(ToOwned::to_owned);
    let (sender, blocks) = mpsc::channel(1);
    let following = Following {
        app: app.clone(),
        browser: asker.browser.take().map(OpenSession::into_socket),
        asker,
        wanted,
        sender,
        known,
        _admission: admission,
    };
    app.tasks().spawn(following.run());
    let blocks = stream::unfold(blocks, |mut blocks| async move {
        let block: Bytes = blocks.recv().await?;
        Some((Ok::<_, Infallible>(block), blocks))
    });
    let mut response = body("text/event-stream", Bytes::new());
    *response.body_mut() = Body::from_stream(blocks);
    let headers = response.headers_mut();
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(response)
}

/// Somebody who is told when something has changed.
struct Following {
    app: App,
    asker: Asker,
    /// The browser that it is of, with which it ends.
    browser: Option<SessionSocket>,
    wanted: Wanted,
    sender: mpsc::Sender<Bytes>,
    /// What the client has, by the digest that it was given.
    known: Option<String>,
    _admission: Admission,
}

impl Following {
    /// Tells what changes, until the client goes, its token ends or the server stops.
    async fn run(mut self) {
        let services = self.app.services().clone();
        let audit = &services.context.audit;
        let who = self.asker.known_to_audit();
        let endpoint = "metrics";
        audit.record_stranger(&who, Act::Connected { endpoint });
        let authenticator = services.context.authenticator.as_ref();
        let ending = authenticator.map(|one| Box::pin(one.ended(&self.asker.principal)) as _);
        let browser = self.browser.as_ref().map(SessionSocket::session);
        let ending = effects::ends_with(ending, browser);
        let mut ended = pin!(async move {
            match ending {
                Some(ending) => drop(ending.await),
                None => std::future::pending().await,
            }
        });
        let code = tokio::select! {
            () = self.tell(&services) => None,
            () = &mut ended => Some(CloseCode::TokenEnded),
            () = services.stop.cancelled() => Some(CloseCode::Shutdown),
        };
        if let Some(code) = code {
            // A client that reads nothing is not waited for.
            let close = close_block(code).bytes().clone();
            let limit = services.context.limits.close_timeout;
            let _ = time::timeout(limit, self.sender.send(close)).await;
        }
        let code = code.map(CloseCode::number);
        audit.record(&who, Act::Disconnected { code });
    }

    /// Ends when the client has gone.
    async fn tell(&mut self, services: &Services) {
        let limits = services.context.limits;
        let retry = u64::try_from(limits.retry_after.as_millis()).unwrap_or(u64::MAX);
        if !self.send(&retry_block(retry)).await {
            return;
        }
        let mut said = now();
        loop {
            let (principal, hours) = (&self.asker.principal, self.wanted.hours);
            let figures = services.metering.figures(services, principal, hours).await;
            let news = match figures {
                Ok(figures) => self.news(&figures),
                Err((_, why)) => {
                    let failed = metrics_error(&why, today().as_millisecond());
                    Some(error_block(&failed))
                }
            };
            let is_silent = now().duration_since(said) >= limits.ping_interval;
            if let Some(block) = news.or_else(|| is_silent.then(heartbeat)) {
                if !self.send(&block).await {
                    return;
                }
                said = now();
            }
            tokio::select! {
                () = self.sender.closed() => return,
                () = time::sleep(self.wanted.interval) => {}
            }
        }
    }

    /// Whether the client is still there.
    async fn send(&self, block: &Framed) -> bool {
        self.sender.send(block.bytes().clone()).await.is_ok()
    }

    /// What is to be told, if it is another than the client has.
    fn news(&mut self, figures: &Figures) -> Option<Framed> {
        let Figures {
            overview,
            sessions,
            activity,
            at,
        } = figures;
        let id = digest(&metrics_update(overview, sessions, activity, None));
        if self.known.as_deref() == Some(&*id) {
            return None;
        }
        let update = metrics_update(overview, sessions, activity, Some(*at));
        let block = message_block(Some(&id), &update);
        self.known = Some(id);
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_intervals_are_brought_to_what_may_be() {
        let rows = [
            ("", Some((24, 2))),
            ("hours=1&interval=1", Some((1, 1))),
            ("hours=0", Some((1, 2))),
            ("hours=-7&interval=-7", Some((1, 1))),
            ("hours=1000&interval=1000", Some((168, 60))),
            ("hours=x", None),
            ("hours", None),
            ("since=7", None),
            ("interval=1.5", None),
        ];
        for (query, expected) in rows {
            let found = wanted(query).ok();
            let found = found.map(|found| (found.hours.get(), found.interval.as_secs()));
            assert_eq!(found, expected, "{query}");
        }
    }
}
