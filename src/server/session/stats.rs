//! How a client fares: what waits for it, what was left out for it, and how long its events take.
//!
//! The last of these is timed only while somebody asks: a client for itself, or an admin for all. Otherwise a delivery
//! costs what it costs without it, and a client keeps no histogram.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::reply::Reply;
use super::requests::{Refusal, may_read};
use super::{ClientSession, Effect, Phase};
use crate::auth::{Permission, Principal};
use crate::hub::Published;
use crate::metrics::{Queue, Recent, Shed, Summary};
use crate::server::listen::ClientAddress;
use crate::server::send_queue::SendQueue;
use crate::wire::RequestId;

/// How long writes are timed after somebody asked.
const TIMED: Duration = Duration::from_secs(60);

/// How one client fares.
#[derive(Debug, Clone)]
pub(in crate::server) struct ClientStats {
    /// The server's name for the connection.
    pub(in crate::server) client_id: String,
    /// The name of its token, once that is accepted.
    pub(in crate::server) name: Option<String>,
    /// Where it connects from, if that is known.
    pub(in crate::server) address: Option<String>,
    pub(in crate::server) connected_ms: u64,
    /// What waits for it.
    pub(in crate::server) queue: Queue,
    /// What was left out for it since it connected.
    pub(in crate::server) shed: Shed,
    /// From the read of tmux's bytes to the end of the write to its socket, in the last seconds; nothing if nothing was
    /// timed.
    pub(in crate::server) latency: Option<Summary>,
}

/// How the server fares.
#[derive(Debug, Clone)]
pub(in crate::server) struct ServerStats {
    /// Clients that are connected.
    pub(in crate::server) clients: u64,
    /// From the read of tmux's bytes to the first write to a socket, in the last seconds.
    pub(in crate::server) latency: Option<Summary>,
    /// From the read of tmux's bytes until the last client of a shard was written to, in the last seconds.
    pub(in crate::server) fan_out: Option<Summary>,
}

/// Whether the writes of all clients are timed. It is asked for each delivery, so it costs one load while they are not.
#[derive(Debug, Default)]
pub(in crate::server) struct Timing {
    on: AtomicBool,
    until: Mutex<Option<Instant>>,
}

/// What is known of a client for those who ask how it fares.
#[derive(Debug)]
pub(super) struct Watched {
    address: Option<ClientAddress>,
    since: Instant,
    shed: Shed,
    /// Until then its writes are timed, since it has asked.
    until: Option<Instant>,
    /// Its writes were timed when it was last given something.
    timed: bool,
    recent: Option<Box<Recent>>,
}

impl Timing {
    fn extend(&self, until: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        self.on.store(true, Ordering::Relaxed);
    }

    fn is_on(&self, now: Instant) -> bool {
        if !self.on.load(Ordering::Relaxed) {
            return false;
        }
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let on = until.is_some_and(|until| now < until);
        self.on.store(on, Ordering::Relaxed);
        on
    }
}

impl Watched {
    pub(super) fn new(address: Option<ClientAddress>, now: Instant) -> Self {
        Self {
            address,
            since: now,
            shed: Shed::default(),
            until: None,
            timed: false,
            recent: None,
        }
    }

    /// How long it has been there.
    pub(super) fn connected_ms(&self, now: Instant) -> u64 {
        let connected = now.saturating_duration_since(self.since);
        u64::try_from(connected.as_millis()).unwrap_or(u64::MAX)
    }

    /// Where the client connects from.
    pub(super) fn address(&self) -> Option<ClientAddress> {
        self.address
    }
}

impl ClientSession {
    pub(super) fn ask_stats(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        now: Instant,
    ) -> Result<(), Refusal> {
        may_read(principal)?;
        self.check_room()?;
        let everyone = principal.authorize_everywhere(Permission::Admin, ()).ok();
        let until = now + TIMED;
        self.watched.until = Some(until);
        if everyone.is_some() {
            self.context.timing.extend(until);
        }
        self.begin(Effect::Stats { id, everyone });
        Ok(())
    }

    /// Answers, with what all clients come to if that was asked for.
    pub(super) fn send_stats(
        &mut self,
        id: Option<&RequestId>,
        clients: Option<&[ClientStats]>,
        now: Instant,
    ) {
        let client = self.stats(now);
        let (first, last, count) = self.context.metrics.recent(now);
        let server = ServerStats {
            clients: count,
            latency: first,
            fan_out: last,
        };
        let stats = Reply::Stats {
            id,
            client: &client,
            server: &server,
            clients,
        };
        self.say(&stats, now);
    }

    /// How the client fares.
    pub(in crate::server) fn stats(&mut self, now: Instant) -> ClientStats {
        let name = match &self.phase {
            Phase::Open { principal } => Some(principal.name().to_owned()),
            Phase::Unknown { .. } | Phase::Closing { .. } => None,
        };
        let queue = self.queue();
        let watched = &mut self.watched;
        let connected_ms = watched.connected_ms(now);
        let recent = watched.recent.as_mut();
        ClientStats {
            client_id: self.client_id.clone(),
            name,
            address: watched.address.map(|address| address.to_string()),
            connected_ms,
            queue,
            shed: watched.shed,
            latency: recent.and_then(|recent| recent.summary(now)),
        }
    }

    fn queue(&self) -> Queue {
        let place = self.stream.subscription.place();
        let head = self.context.hub.head();
        Queue {
            bytes: self.send_queue.bytes() as u64,
            messages: self.send_queue.messages() as u64,
            behind: place.map_or(0, |place| head.0.saturating_sub(place.0)),
        }
    }

    /// What waits to be written, and where its times are noted if they are.
    pub(in crate::server) fn writing(&mut self) -> (&mut SendQueue, Option<&mut Recent>) {
        let watched = &mut self.watched;
        if !watched.timed {
            watched.recent = None;
            return (&mut self.send_queue, None);
        }
        (
            &mut self.send_queue,
            Some(watched.recent.get_or_insert_default()),
        )
    }

    /// Whether the end of the write of an event is of interest.
    pub(super) fn is_timed(&mut self, event: &Published, now: Instant) -> bool {
        self.watched.timed = self.is_timed_now(now);
        event.awaits_first_write() || self.watched.timed && event.read_at().is_some()
    }

    /// Whether its writes are timed, or all.
    pub(super) fn is_timed_now(&self, now: Instant) -> bool {
        self.watched.until.is_some_and(|until| now < until) || self.context.timing.is_on(now)
    }

    /// Counts the output that was left out for the client.
    pub(super) fn note_shed(&mut self) {
        let shed = self.stream.panes.take_shed();
        self.watched.shed = self.watched.shed.plus(shed);
        self.context.metrics.shed(shed);
    }
}
