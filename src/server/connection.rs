//! The task of one connection: it moves messages between the socket, the peer and the log, and does the peer's work.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{self, Sleep};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info};

use super::jobs::{self, Begun, Ending, Job};
use super::peer::{Context, Outcome, Peer};
use super::socket::{Happened, Socket};
use crate::auth::Ended;
use crate::bridge::Handle;
use crate::hub::Form;
use crate::metrics::Metrics;
use crate::wire::CloseCode;

/// What a connection needs besides its socket.
#[derive(Debug, Clone)]
pub(super) struct Services {
    pub(super) context: Arc<Context>,
    pub(super) bridge: Handle,
    pub(super) metrics: Metrics,
    pub(super) stop: CancellationToken,
}

/// What is known of a client when its handshake is done.
#[derive(Debug)]
pub(super) struct Arrival {
    /// The server's name for it.
    pub(super) client_id: String,
    /// A token that came with the handshake.
    pub(super) token: Option<String>,
    /// The form in which it wants events.
    pub(super) form: Form,
}

/// What can happen to a connection.
enum Event {
    Socket(Happened),
    /// The log has something to read.
    Published,
    Done(Outcome),
    Ended(Ended),
    Deadline,
    Stop,
}

struct Connection<S> {
    socket: Socket<S>,
    peer: Peer,
    jobs: FuturesUnordered<Job>,
    /// Reports when the principal's token ends.
    ended: Option<Ending>,
    deadline: Pin<Box<Sleep>>,
    services: Services,
    stopping: bool,
    queued: crate::metrics::Queued,
}

/// Serves one client until it is gone.
pub(super) async fn serve<S>(io: S, read_before: Bytes, arrival: Arrival, services: Services)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Arrival {
        client_id,
        token,
        form,
    } = arrival;
    let span = tracing::info_span!("client", id = %client_id);
    let work = async move {
        let socket = Socket::new(io, read_before).await;
        let now = now();
        let mut peer = Peer::new(Arc::clone(&services.context), client_id, form, now);
        if let Some(token) = token {
            peer.present(token, now);
        }
        let deadline = Box::pin(time::sleep_until(peer.deadline().into()));
        let queued = services.metrics.queued();
        let jobs = FuturesUnordered::new();
        let connection = Connection {
            socket,
            peer,
            jobs,
            ended: None,
            deadline,
            services,
            stopping: false,
            queued,
        };
        connection.run().await;
    };
    work.instrument(span).await;
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    async fn run(mut self) {
        info!("connected");
        let _present = self.services.metrics.client();
        self.begin_work();
        loop {
            let event = self.next_event().await;
            let now = now();
            if !self.handle(event, now) || self.peer.is_over(now) {
                break;
            }
            self.begin_work();
            let (outbox, _) = self.peer.ends();
            self.queued.set(outbox.bytes());
        }
        let code = self.peer.closing();
        self.services.metrics.closed(code);
        info!(code = code.map(CloseCode::number), "disconnected");
        self.finish_jobs();
    }

    async fn next_event(&mut self) -> Event {
        let until = self.peer.deadline().into();
        if self.deadline.deadline() != until {
            self.deadline.as_mut().reset(until);
        }
        let (events, input) = (self.peer.wants_events(), self.peer.wants_input());
        let close = self.peer.closing();
        let ended = &mut self.ended;
        let (outbox, subscription) = self.peer.ends();
        tokio::select! {
            happened = self.socket.exchange(outbox, input, close) => Event::Socket(happened),
            () = subscription.readable(), if events => Event::Published,
            Some(outcome) = self.jobs.next(), if !self.jobs.is_empty() => Event::Done(outcome),
            ended = end_of(ended) => Event::Ended(ended),
            () = &mut self.deadline => Event::Deadline,
            () = self.services.stop.cancelled(), if !self.stopping => Event::Stop,
        }
    }

    /// Returns whether the connection goes on.
    fn handle(&mut self, event: Event, now: Instant) -> bool {
        match event {
            Event::Socket(happened) => return self.on_socket(happened, now),
            Event::Published => self.peer.pump(now),
            Event::Done(outcome) => {
                self.note(&outcome);
                self.peer.on_outcome(outcome, now);
            }
            Event::Ended(ended) => {
                self.ended = None;
                self.peer.on_ended(ended, now);
            }
            Event::Deadline => self.peer.on_deadline(now),
            Event::Stop => {
                self.stopping = true;
                self.peer.shut_down(now);
            }
        }
        true
    }

    fn on_socket(&mut self, happened: Happened, now: Instant) -> bool {
        match happened {
            Happened::Text(text) => self.peer.on_text(&text, now),
            Happened::Sign => self.peer.heard(now),
            Happened::NotText => self.peer.close(CloseCode::Unsupported, now),
            Happened::TooLong => self.peer.close(CloseCode::TooBig, now),
            Happened::Written => {
                self.peer.on_written(now);
                for event in self.socket.take_measured() {
                    if let Some(read_at) = event.first_written() {
                        self.services
                            .metrics
                            .latency(now.saturating_duration_since(read_at));
                    }
                }
            }
            Happened::Over(error) => {
                if let Some(error) = error {
                    debug!(%error, "the connection broke");
                }
                return false;
            }
        }
        true
    }

    fn note(&self, outcome: &Outcome) {
        let Outcome::Verified { verdict, .. } = outcome else {
            return;
        };
        match verdict {
            Ok(principal) => info!(name = principal.name(), "authenticated"),
            Err(error) => {
                info!(reason = error.reason(), "not authenticated");
                self.services.metrics.auth_failure(error.reason());
            }
        }
    }

    fn begin_work(&mut self) {
        for work in self.peer.take_work() {
            match jobs::begin(work, &self.services) {
                Begun::Job(job) => self.jobs.push(job),
                Begun::Watch(ended) => self.ended = ended,
            }
        }
    }

    /// What was asked for is done although nobody waits: the keys of repeated requests outlive the connection.
    fn finish_jobs(self) {
        let mut jobs = self.jobs;
        if !jobs.is_empty() {
            tokio::spawn(async move { while jobs.next().await.is_some() {} });
        }
    }
}

async fn end_of(ended: &mut Option<Ending>) -> Ended {
    match ended {
        Some(ended) => ended.await,
        None => std::future::pending().await,
    }
}

fn now() -> Instant {
    time::Instant::now().into_std()
}
