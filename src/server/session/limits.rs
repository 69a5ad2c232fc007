//! How much a client may say.
//!
//! Requests are answered, so those beyond the rate are refused, and all that follow them for a while too: what was sent
//! behind a refused one must not be carried out without it. Typing into terminals and acknowledging are not answered, so
//! they are put off instead: the socket is not read until there is room again. Anyone who goes on after refusals is closed.

use std::time::{Duration, Instant};

use super::ClientSession;
use super::requests::Refusal;
use crate::hub::Subscription;
use crate::ids::PaneId;
use crate::server::bucket::{Bucket, Rate};
use crate::server::send_queue::SendQueueLimits;
use crate::wire::{CloseCode, ErrorCode, MAX_MESSAGE, RequestId};

/// The part of its burst that a client gets back before it is heard again.
const BACK: u64 = 4;
/// The least time for which a client that was refused is not heard.
const LEAST_REFUSAL: Duration = Duration::from_millis(100);
/// The least time for which a socket is not read, so that a pause is worth its timer.
const LEAST_PAUSE: Duration = Duration::from_millis(5);
/// So many requests more refused than carried out close the connection.
const MOST_REFUSED: u32 = 2000;

/// Times and bounds of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// How long a client may take to authenticate.
    pub auth_timeout: Duration,
    /// How often a client is pinged; silence of two intervals closes.
    pub ping_interval: Duration,
    /// How long a client has to read what is left and to close, once the server has decided to.
    pub close_timeout: Duration,
    /// When a client may come back after a shutdown.
    pub retry_after: Duration,
    /// How much may wait to be written.
    pub send_queue: SendQueueLimits,
    /// Requests; beyond, they are refused.
    pub messages: Rate,
    /// Messages that aren't answered: what is typed into terminals, and acknowledgements. Beyond, they are put off.
    pub input: Rate,
    /// Bytes of all messages.
    pub input_bytes: Rate,
    /// The longest message.
    pub message_bytes: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// Open panes.
    pub open_panes: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            auth_timeout: Duration::from_secs(5),
            ping_interval: Duration::from_secs(25),
            close_timeout: Duration::from_secs(2),
            retry_after: Duration::from_secs(1),
            send_queue: SendQueueLimits {
                bytes: 4 << 20,
                messages: 10_000,
            },
            messages: Rate {
                per_second: 100,
                burst: 1000,
            },
            input: Rate {
                per_second: 2000,
                burst: 4000,
            },
            input_bytes: Rate {
                per_second: 1 << 20,
                burst: 4 << 20,
            },
            message_bytes: MAX_MESSAGE,
            subscriptions: Subscription::MAX_RULES,
            open_panes: Subscription::MAX_OPEN,
        }
    }
}

/// What is left of what a client may say.
#[derive(Debug)]
pub(super) struct Allowance {
    messages: Bucket,
    input: Bucket,
    bytes: Bucket,
    /// Requests are refused until then.
    refused_until: Option<Instant>,
    /// Requests that were refused, less those that were carried out since.
    refused: u32,
    /// Nothing is read until then.
    paused_until: Option<Instant>,
}

/// Whether a request is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    CarryOut,
    /// It is refused for this reason, and there may be another one after this time.
    Refuse(&'static str, Duration),
    /// It was refused often enough.
    Close,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            messages: Bucket::new(now),
            input: Bucket::new(now),
            bytes: Bucket::new(now),
            refused_until: None,
            refused: 0,
            paused_until: None,
        }
    }

    /// When the socket is read again, if it isn't now.
    pub(super) fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    /// Time has passed.
    pub(super) fn on_deadline(&mut self, now: Instant) {
        self.paused_until = self.paused_until.filter(|until| now < *until);
    }

    /// Whether nothing is missing, so that a new one would be the same.
    pub(super) fn is_full(&self, now: Instant) -> bool {
        let refuses = self.refused_until.is_some_and(|until| now < until);
        !refuses && self.messages.is_full(now) && self.bytes.is_full(now)
    }

    /// Judges a request of so many bytes of one who asks without a connection.
    ///
    /// # Errors
    /// It is too much: the limit, and the time to wait.
    pub(super) fn ask(
        &mut self,
        limits: &ConnectionLimits,
        bytes: u64,
        now: Instant,
    ) -> Result<(), (&'static str, Duration)> {
        match self.request(limits, bytes, now) {
            Verdict::CarryOut => Ok(()),
            Verdict::Refuse(limit, wait) => Err((limit, wait)),
            Verdict::Close => Err(("persistent", LEAST_REFUSAL)),
        }
    }

    /// Judges a request of so many bytes.
    fn request(&mut self, limits: &ConnectionLimits, bytes: u64, now: Instant) -> Verdict {
        if let Some(until) = self.refused_until.filter(|until| now < *until) {
            return self.refuse("messages", until.duration_since(now));
        }
        self.refused_until = None;
        // The bytes last: they are only taken from who may say something at all.
        let checks = [
            ("messages", &mut self.messages, limits.messages, 1),
            ("input_bytes", &mut self.bytes, limits.input_bytes, bytes),
        ];
        let beyond = checks
            .into_iter()
            .find_map(|(limit, bucket, rate, amount)| {
                let wait = bucket.take(rate, amount, now).err()?;
                let back = rate.time_for(rate.burst / BACK);
                Some((limit, wait.max(back).max(LEAST_REFUSAL)))
            });
        if let Some((limit, wait)) = beyond {
            self.refused_until = Some(now + wait);
            return self.refuse(limit, wait);
        }
        self.refused = self.refused.saturating_sub(1);
        Verdict::CarryOut
    }

    fn refuse(&mut self, limit: &'static str, wait: Duration) -> Verdict {
        self.refused += 1;
        match self.refused {
            ..=MOST_REFUSED => Verdict::Refuse(limit, wait),
            _ => Verdict::Close,
        }
    }

    /// Charges so many bytes of what isn't answered. Returns the limit that it went beyond: then nothing more is read for
    /// a while.
    fn typed(
        &mut self,
        limits: &ConnectionLimits,
        bytes: u64,
        now: Instant,
    ) -> Option<&'static str> {
        let rows = [
            ("input", self.input.charge(limits.input, 1, now)),
            (
                "input_bytes",
                self.bytes.charge(limits.input_bytes, bytes, now),
            ),
        ];
        let (limit, wait) = rows.into_iter().max_by_key(|(_, wait)| *wait)?;
        if wait.is_zero() {
            return None;
        }
        self.paused_until = Some(now + wait.max(LEAST_PAUSE));
        Some(limit)
    }
}

impl ClientSession {
    /// Whether a request of so many bytes may be carried out. Otherwise it is refused here.
    pub(in crate::server) fn admits(
        &mut self,
        id: Option<&RequestId>,
        bytes: usize,
        now: Instant,
    ) -> bool {
        let mut bytes = bytes;
        if !self.encode.profile().refuses_bytes {
            self.charge(std::mem::take(&mut bytes), now);
        }
        let limits = &self.context.limits;
        match self.allowance.request(limits, bytes as u64, now) {
            Verdict::CarryOut => return true,
            Verdict::Refuse(limit, wait) => {
                self.context.metrics.limited(limit);
                let why = "too much at once: nothing is carried out until retry_after_ms have passed \
                           (limits.message_rate, limits.input_bytes)";
                self.put_off(id, why, wait, now);
            }
            Verdict::Close => {
                self.context.metrics.limited("persistent");
                self.close(CloseCode::TryLater, now);
            }
        }
        false
    }

    /// Counts what isn't answered, and reads no more for a while if it was too much.
    pub(in crate::server) fn charge(&mut self, bytes: usize, now: Instant) {
        if let Some(limit) = self
            .allowance
            .typed(&self.context.limits, bytes as u64, now)
        {
            self.context.metrics.limited(limit);
        }
    }

    /// Whether a message is not too long; the protocol itself has a bound too, which parsing knows.
    pub(in crate::server) fn admits_length(&mut self, bytes: usize, now: Instant) -> bool {
        let most = self.context.limits.message_bytes;
        if bytes <= most {
            return true;
        }
        self.context.metrics.limited("message_bytes");
        let why = format!(
            "a message has at most {most} bytes, this one has {bytes} (limits.message_bytes)"
        );
        self.refuse(None, ErrorCode::TooLarge, &why, now);
        false
    }

    /// Whether the client may subscribe to more.
    pub(super) fn check_subscriptions(&self) -> Result<(), Refusal> {
        let (have, most) = (
            self.stream.subscription.wishes(),
            self.context.limits.subscriptions,
        );
        self.check_number(have, most, "subscriptions")
    }

    /// Whether the client may open a pane: one that is open already is no further one.
    pub(super) fn check_open_panes(&self, pane: PaneId) -> Result<(), Refusal> {
        let have = self.stream.subscription.opened();
        let have = have - usize::from(self.stream.panes.is_open(pane));
        self.check_number(have, self.context.limits.open_panes, "open_panes")
    }

    fn check_number(&self, have: usize, most: usize, limit: &'static str) -> Result<(), Refusal> {
        if have < most {
            return Ok(());
        }
        self.context.metrics.limited(limit);
        let why = format!(
            "a connection can have at most {most} of these (limits.{limit}): end some, or all, first"
        );
        Err((ErrorCode::LimitReached, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn limits() -> ConnectionLimits {
        ConnectionLimits {
            messages: Rate {
                per_second: 100,
                burst: 200,
            },
            input: Rate {
                per_second: 1000,
                burst: 2000,
            },
            input_bytes: Rate {
                per_second: 1 << 20,
                burst: 4 << 20,
            },
            ..ConnectionLimits::default()
        }
    }

    #[test]
    fn what_follows_a_refused_request_is_refused_too() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let mut ask = |at: u32| allowance.request(&limits(), 100, start + at * MS);
        for _ in 0..200 {
            assert_eq!(ask(0), Verdict::CarryOut);
        }
        // A quarter of the burst comes back in 500 ms; before that, not one is carried out, though there would be room.
        assert_eq!(ask(0), Verdict::Refuse("messages", 500 * MS));
        assert_eq!(ask(200), Verdict::Refuse("messages", 300 * MS));
        assert_eq!(ask(499), Verdict::Refuse("messages", MS));
        for _ in 0..50 {
            assert_eq!(ask(500), Verdict::CarryOut);
        }
        assert_eq!(ask(500), Verdict::Refuse("messages", 500 * MS));
    }

    #[test]
    fn who_goes_on_is_closed_and_who_obeys_is_not() {
        let start = Instant::now();
        let mut obeys = Allowance::new(start);
        let mut now = start;
        let mut carried_out = 0;
        for _ in 0..100_000 {
            match obeys.request(&limits(), 10, now) {
                Verdict::CarryOut => carried_out += 1,
                Verdict::Refuse(_, wait) => now += wait,
                Verdict::Close => break,
            }
        }
        assert!(carried_out > 90_000, "{carried_out}");
        let mut floods = Allowance::new(start);
        let closed =
            (0..10_000).position(|_| floods.request(&limits(), 10, start) == Verdict::Close);
        assert_eq!(closed, Some(200 + MOST_REFUSED as usize));
    }

    #[test]
    fn long_requests_count_by_their_bytes() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let mut ask = |at: u32| allowance.request(&limits(), 64 << 10, start + at * MS);
        for _ in 0..64 {
            assert_eq!(ask(0), Verdict::CarryOut);
        }
        assert_eq!(ask(0), Verdict::Refuse("input_bytes", 1000 * MS));
        assert_eq!(ask(1000), Verdict::CarryOut);
    }

    #[test]
    fn typing_is_put_off_and_none_is_lost() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let mut now = start;
        for typed in 0..10_000_u32 {
            allowance.typed(&limits(), 10, now);
            if let Some(until) = allowance.paused_until() {
                assert!(typed >= 2000, "paused within the burst");
                allowance.on_deadline(until - MS);
                assert!(allowance.paused_until().is_some());
                now = until;
                allowance.on_deadline(now);
                assert_eq!(allowance.paused_until(), None);
            }
        }
        // Eight thousand at a thousand a second, and not much more.
        let took = now.duration_since(start);
        assert!((7_950 * MS..8_050 * MS).contains(&took), "{took:?}");
    }

    #[test]
    fn a_paste_of_a_megabyte_and_a_thousand_keys_a_second_are_never_put_off() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let default = ConnectionLimits::default();
        for _ in 0..32 {
            assert_eq!(allowance.typed(&default, 32 << 10, start), None);
        }
        for at in 0..60_000 {
            assert_eq!(allowance.typed(&default, 40, start + at * MS), None);
        }
    }
}
