//! The sessions of browsers. They are kept in memory alone: with the server they end, and nothing of them is worth anything
//! elsewhere. Time is a parameter.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::auth::Principal;
use crate::server::clock;

/// Random bytes of the secret that the cookie holds.
const SECRET: usize = 32;
/// Random bytes of the public name.
const NAME: usize = 5;
/// The part of all sessions that one holder may have.
const SHARE: usize = 8;

/// How long browsers stay in, and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// After so long without a request or a connection a session is over.
    pub idle: Duration,
    /// After so long it is over in any case.
    pub life: Duration,
    /// Sessions at one time; one holder may have an eighth of them.
    pub most: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(24 * 3600),
            life: Duration::from_secs(30 * 24 * 3600),
            most: 256,
        }
    }
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::server) enum NoSession {
    /// All together have as many as there may be.
    #[error("too many browsers are let in")]
    TooMany,
    /// The system has no random numbers.
    #[error("the system's random generator doesn't answer: {0}")]
    Random(#[from] getrandom::Error),
}

/// One browser that is let in.
#[derive(Debug)]
pub(in crate::server) struct BrowserSession {
    /// The name that people and logs know it by. It is no secret.
    pub(in crate::server) id: String,
    pub(in crate::server) principal: Principal,
    /// Where it came from, if that is known.
    pub(in crate::server) address: Option<String>,
    /// When it began, to be shown.
    pub(in crate::server) began: Timestamp,
    since: Instant,
    used: Mutex<Instant>,
    /// How many WebSockets it has.
    sockets: AtomicUsize,
    over: CancellationToken,
}

impl BrowserSession {
    /// Cancelled when it is over.
    pub(in crate::server) fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// How many WebSockets it has now.
    pub(in crate::server) fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Relaxed)
    }

    /// How long ago the browser last did something; a socket that is open does all the time.
    pub(in crate::server) fn idle(&self, now: Instant) -> Duration {
        match self.sockets() {
            0 => now.saturating_duration_since(*self.lock()),
            _ => Duration::ZERO,
        }
    }

    fn touch(&self, now: Instant) {
        *self.lock() = now;
    }

    /// The time is whole whatever happened.
    fn lock(&self) -> MutexGuard<'_, Instant> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A browser that has just been let in.
pub(super) struct Begun {
    /// What its cookie holds.
    pub(super) secret: String,
    pub(super) session: Arc<BrowserSession>,
    /// The session that had to go for it.
    pub(super) gone: Option<Arc<BrowserSession>>,
}

/// A session that a request or a connection belongs to.
#[derive(Debug)]
pub(in crate::server) struct OpenSession(Arc<BrowserSession>);

impl OpenSession {
    pub(in crate::server) fn session(&self) -> &Arc<BrowserSession> {
        &self.0
    }
}

/// A WebSocket of a browser, as long as it is open.
#[derive(Debug)]
pub(in crate::server) struct SessionSocket(Arc<BrowserSession>);

impl OpenSession {
    /// From now on a WebSocket uses it.
    pub(in crate::server) fn into_socket(self) -> SessionSocket {
        self.0.sockets.fetch_add(1, Ordering::Relaxed);
        SessionSocket(self.0)
    }
}

impl SessionSocket {
    pub(in crate::server) fn session(&self) -> &Arc<BrowserSession> {
        &self.0
    }
}

impl Drop for SessionSocket {
    fn drop(&mut self) {
        self.0.touch(clock::now());
        self.0.sockets.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All of them. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(in crate::server) struct BrowserSessions(Arc<Shared>);

struct Shared {
    limits: SessionLimits,
    /// By the hash of the secret, so that looking one up says nothing about another.
    sessions: Mutex<HashMap<blake3::Hash, Arc<BrowserSession>>>,
}

impl BrowserSessions {
    /// None as yet.
    pub(in crate::server) fn new(limits: SessionLimits) -> Self {
        Self(Arc::new(Shared {
            limits,
            sessions: Mutex::default(),
        }))
    }

    pub(in crate::server) fn limits(&self) -> SessionLimits {
        self.0.limits
    }

    /// Lets a browser in. A holder who has too many loses the one that was not used for the longest time.
    pub(super) fn begin(
        &self,
        principal: Principal,
        address: Option<String>,
        (now, today): (Instant, Timestamp),
    ) -> Result<Begun, NoSession> {
        let (mut secret, mut name) = ([0; SECRET], [0; NAME]);
        getrandom::fill(&mut secret)?;
        getrandom::fill(&mut name)?;
        let secret = BASE64URL_NOPAD.encode(&secret);
        let session = Arc::new(BrowserSession {
            id: BASE32_NOPAD.encode(&name).to_lowercase(),
            principal,
            address,
            began: today,
            since: now,
            used: Mutex::new(now),
            sockets: AtomicUsize::new(0),
            over: CancellationToken::new(),
        });
        let mut sessions = self.lock();
        let gone = self.make_room(&mut sessions, &session.principal, now)?;
        sessions.insert(blake3::hash(secret.as_bytes()), Arc::clone(&session));
        Ok(Begun {
            secret,
            session,
            gone,
        })
    }

    fn make_room(
        &self,
        sessions: &mut HashMap<blake3::Hash, Arc<BrowserSession>>,
        principal: &Principal,
        now: Instant,
    ) -> Result<Option<Arc<BrowserSession>>, NoSession> {
        let most = self.0.limits.most;
        let own = |one: &Arc<BrowserSession>| one.principal.source() == principal.source();
        let count = sessions.values().filter(|one| own(one)).count();
        if count < most.div_ceil(SHARE) {
            return match sessions.len() < most {
                true => Ok(None),
                false => Err(NoSession::TooMany),
            };
        }
        let oldest = sessions.iter().filter(|(_, one)| own(one));
        let oldest = oldest.max_by_key(|(_, one)| (one.idle(now), now.duration_since(one.since)));
        let oldest = oldest.map(|(hash, _)| *hash);
        let gone = oldest.and_then(|hash| sessions.remove(&hash));
        if let Some(gone) = &gone {
            gone.over.cancel();
        }
        Ok(gone)
    }

    /// The session that a secret stands for, which is used by that.
    pub(in crate::server) fn find(&self, secret: &str, now: Instant) -> Option<OpenSession> {
        let found = self.lock().get(&blake3::hash(secret.as_bytes())).cloned()?;
        if self.why_over(&found, now).is_some() {
            return None;
        }
        found.touch(now);
        Some(OpenSession(found))
    }

    /// Why a session is over by its age, if it is.
    pub(in crate::server) fn why_over(
        &self,
        session: &BrowserSession,
        now: Instant,
    ) -> Option<&'static str> {
        let SessionLimits { idle, life, .. } = self.0.limits;
        if now.saturating_duration_since(session.since) >= life {
            return Some("lifetime");
        }
        (session.idle(now) >= idle).then_some("idle")
    }

    /// When a session may be over by its age: no sooner than this.
    pub(in crate::server) fn over_at(&self, session: &BrowserSession, now: Instant) -> Instant {
        let SessionLimits { idle, life, .. } = self.0.limits;
        let idle = now + idle.saturating_sub(session.idle(now));
        idle.min(session.since + life)
    }

    /// Ends a session: it is known no more, and what belongs to it ends. `false` if somebody else did so first.
    pub(in crate::server) fn end(&self, session: &Arc<BrowserSession>) -> bool {
        let mut sessions = self.lock();
        let before = sessions.len();
        sessions.retain(|_, one| !Arc::ptr_eq(one, session));
        session.over.cancel();
        sessions.len() < before
    }

    /// Those that there are, the oldest first.
    pub(in crate::server) fn all(&self) -> Vec<Arc<BrowserSession>> {
        let mut all: Vec<_> = self.lock().values().cloned().collect();
        all.sort_by_key(|one| (one.since, one.id.clone()));
        all
    }

    /// What it holds is whole after each statement, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<blake3::Hash, Arc<BrowserSession>>> {
        let sessions = self.0.sessions.lock();
        sessions.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for BrowserSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserSessions")
            .field("sessions", &self.lock().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::collections::HashSet;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const LIMITS: SessionLimits = SessionLimits {
        idle: Duration::from_secs(2 * 3600),
        life: Duration::from_secs(10 * 3600),
        most: 2 * SHARE,
    };

    fn user(number: usize) -> Principal {
        Principal::local(u32::try_from(number).unwrap(), "me")
    }

    fn begin(
        sessions: &BrowserSessions,
        user: Principal,
        now: Instant,
    ) -> (String, Arc<BrowserSession>) {
        let begun = sessions
            .begin(user, None, (now, Timestamp::UNIX_EPOCH))
            .unwrap();
        (begun.secret, begun.session)
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_in_any_case() {
        // What is done after so many hours, and whether the session is there then.
        let rows: [(&[u32], u32, Option<&str>); 7] = [
            (&[], 0, None),
            (&[], 1, None),
            (&[], 2, Some("idle")),
            (&[1], 2, None),
            (&[1], 3, Some("idle")),
            (&[1, 2, 3, 4, 5, 6, 7, 8], 9, None),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9], 10, Some("lifetime")),
        ];
        for (used, asked, expected) in rows {
            let (sessions, start) = (BrowserSessions::new(LIMITS), Instant::now());
            let (secret, session) = begin(&sessions, user(1), start);
            for hours in used {
                assert!(sessions.find(&secret, start + HOUR * *hours).is_some());
            }
            let now = start + HOUR * asked;
            assert_eq!(
                sessions.why_over(&session, now),
                expected,
                "{used:?} {asked}"
            );
            let found = sessions.find(&secret, now).is_some();
            assert_eq!(found, expected.is_none(), "{used:?} {asked}");
            let is_due = sessions.over_at(&session, now) <= now;
            assert_eq!(is_due, expected.is_some(), "{used:?} {asked}");
        }
    }

    #[test]
    fn an_open_socket_is_use() {
        let (sessions, start) = (BrowserSessions::new(LIMITS), Instant::now());
        let (secret, session) = begin(&sessions, user(1), start);
        let socket = sessions.find(&secret, start).unwrap().into_socket();
        assert_eq!(session.sockets(), 1);
        assert_eq!(sessions.why_over(&session, start + 9 * HOUR), None);
        assert_eq!(
            sessions.why_over(&session, start + 10 * HOUR),
            Some("lifetime")
        );
        drop(socket);
        assert_eq!(session.sockets(), 0);
        // It was last used when the socket went, which is now.
        assert_eq!(
            sessions.why_over(&session, Instant::now() + 2 * HOUR),
            Some("idle")
        );
    }

    #[test]
    fn what_is_ended_is_over_at_once_and_once() {
        let (sessions, now) = (BrowserSessions::new(LIMITS), Instant::now());
        let (secret, session) = begin(&sessions, user(1), now);
        let (other, _) = begin(&sessions, user(1), now);
        assert!(sessions.end(&session) && !sessions.end(&session));
        assert!(session.over().is_cancelled());
        assert!(sessions.find(&secret, now).is_none());
        assert!(sessions.find(&other, now).is_some());
        assert_eq!(sessions.all().len(), 1);
    }

    #[test]
    fn one_holder_can_take_no_places_of_others() {
        let (sessions, now) = (BrowserSessions::new(LIMITS), Instant::now());
        let (first, _) = begin(&sessions, user(0), now);
        let (second, _) = begin(&sessions, user(0), now);
        let later = now + Duration::from_secs(1);
        assert!(sessions.find(&first, later).is_some());
        // The one goes that was not used for the longest time.
        let third = sessions
            .begin(user(0), None, (later, Timestamp::UNIX_EPOCH))
            .unwrap();
        assert!(third.gone.unwrap().over().is_cancelled());
        let there = [&first, &second, &third.secret].map(|one| sessions.find(one, later).is_some());
        assert_eq!(there, [true, false, true]);
        for number in 1..SHARE {
            begin(&sessions, user(number), now);
            begin(&sessions, user(number), now);
        }
        let refused = sessions.begin(user(SHARE), None, (now, Timestamp::UNIX_EPOCH));
        assert_eq!(refused.err(), Some(NoSession::TooMany));
        assert_eq!(sessions.all().len(), 2 * SHARE);
    }

    #[test]
    fn a_secret_can_neither_be_guessed_nor_read_from_what_is_kept() {
        let limits = SessionLimits {
            most: 1024,
            ..LIMITS
        };
        let (sessions, now) = (BrowserSessions::new(limits), Instant::now());
        let all: Vec<_> = (0..100).map(|_| begin(&sessions, user(1), now)).collect();
        let secrets: HashSet<&str> = all.iter().map(|(secret, _)| &**secret).collect();
        let names: HashSet<&str> = all.iter().map(|(_, one)| &*one.id).collect();
        assert_eq!((secrets.len(), names.len()), (100, 100));
        for (secret, session) in &all {
            assert_eq!(BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap().len(), 32);
            let shown = format!("{sessions:?} {session:?}");
            assert!(!shown.contains(&**secret), "{shown}");
        }
        for guess in ["", "x", &"A".repeat(43), &all[0].1.id] {
            assert!(sessions.find(guess, now).is_none());
        }
    }
}
