//! What `watch --latency` prints: how fast events come, how long they take, and what waits. No IO, no clock.
//!
//! Once an interval it asks: a ping for the way there and back, and `stats` for what the server knows. The line stands
//! when both are answered. Nothing is asked beside that.

use std::fmt::Write as _;
use std::mem::take;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::printable::{escaped, json_line};
use crate::wire::message::Stats;
use crate::wire::{ClientStats, Latency, Message, Received, Request};

/// Other clients that are shown, for those who may know of them.
const SLOWEST: usize = 3;

/// One moment, on both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Instant,
    pub(super) at: Timestamp,
}

/// Measures, and makes a line of it.
pub(super) struct Meter {
    form: Form,
    /// What was received since the last time that the server was asked.
    came: Delivered,
    since: Option<Instant>,
    asked: Option<Asked>,
    next_id: u64,
    /// The server does not know the request.
    refused: bool,
    requests: Vec<Request>,
    out: String,
}

/// How the lines look.
pub(super) enum Form {
    /// For people, with the time of this zone.
    Words(TimeZone),
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Clone, Copy, Default)]
struct Delivered {
    events: u64,
    bytes: u64,
}

/// A question that is not answered yet.
#[derive(Debug)]
struct Asked {
    id: u64,
    at: Instant,
    came: Delivered,
    /// How long it took for that to come; nothing for the first question, which only has the server begin to measure.
    span: Option<Duration>,
    ping: Option<Duration>,
}

/// What one line shows.
struct Line<'a> {
    came: Delivered,
    span: Duration,
    ping: Option<Duration>,
    stats: Option<&'a Stats<'a>>,
}

impl Meter {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            came: Delivered::default(),
            since: None,
            asked: None,
            next_id: 1,
            refused: false,
            requests: Vec::new(),
            out: String::new(),
        }
    }

    /// What is to be sent.
    pub(super) fn take_requests(&mut self) -> Vec<Request> {
        take(&mut self.requests)
    }

    /// How much waits to be printed, in bytes.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Takes what is to be printed.
    pub(super) fn take(&mut self) -> String {
        take(&mut self.out)
    }

    pub(super) fn connected(&mut self, now: Instant) {
        self.disconnected();
        self.refused = false;
        self.ask(now);
    }

    pub(super) fn disconnected(&mut self) {
        (self.asked, self.since) = (None, None);
        self.requests.clear();
    }

    /// An interval is over.
    pub(super) fn due(&mut self, moment: Moment) {
        match &self.asked {
            Some(asked) => {
                let silent = moment.now.saturating_duration_since(asked.at);
                self.no_answer(silent, moment.at);
            }
            None if self.since.is_some() => self.ask(moment.now),
            None => {}
        }
    }

    /// The server said something. Returns whether it is an error that concerns nobody else.
    pub(super) fn message(&mut self, message: &Received, moment: Moment) -> bool {
        let id = match message.message() {
            Message::Pong(pong) => pong.id.as_deref(),
            Message::Stats(stats) => stats.id.as_deref(),
            Message::Error(error) => error.id.as_deref(),
            _ => None,
        };
        let asked = self.asked.as_mut();
        let asked = asked.filter(|asked| id == Some(&asked.id.into()));
        let Some(asked) = asked else {
            self.came.bytes += message.text().len() as u64;
            self.came.events += u64::from(message.event().is_some());
            return false;
        };
        match message.message() {
            Message::Pong(_) => {
                asked.ping = Some(moment.now.saturating_duration_since(asked.at));
                if self.refused {
                    self.answered(None, moment.at);
                }
            }
            Message::Stats(stats) => self.answered(Some(stats), moment.at),
            Message::Error(_) => {
                let first = !std::mem::replace(&mut self.refused, true);
                self.answered(None, moment.at);
                return !first;
            }
            _ => {}
        }
        false
    }

    fn ask(&mut self, now: Instant) {
        let span = self.since.replace(now);
        let id = self.next_id;
        self.next_id += 1;
        self.asked = Some(Asked {
            id,
            at: now,
            came: take(&mut self.came),
            span: span.map(|since| now.saturating_duration_since(since)),
            ping: None,
        });
        self.requests.push(Request::ping(id));
        if !self.refused {
            self.requests.push(Request::stats(id));
        }
    }

    fn answered(&mut self, stats: Option<&Stats<'_>>, at: Timestamp) {
        let Some(Asked {
            came, span, ping, ..
        }) = self.asked.take()
        else {
            return;
        };
        let Some(span) = span else { return };
        let line = Line {
            came,
            span,
            ping,
            stats,
        };
        let text = match &self.form {
            Form::Words(zone) => line.words(&clock(at, zone)),
            Form::Json => line.json(at),
        };
        self.out.push_str(&text);
    }

    fn no_answer(&mut self, silent: Duration, at: Timestamp) {
        let text = match &self.form {
            Form::Words(zone) => {
                format!(
                    "{}  no answer for {}\n",
                    clock(at, zone),
                    time(micros(silent))
                )
            }
            Form::Json => {
                let line = json!({
                    "type": "no_answer", "timestamp": format!("{at:.3}"), "since_us": micros(silent),
                });
                format!("{line}\n")
            }
        };
        self.out.push_str(&text);
    }
}

impl Line<'_> {
    fn json(&self, at: Timestamp) -> String {
        let stats = self.stats.map(|stats| {
            json!({ "client": stats.client, "server": stats.server, "clients": stats.clients })
        });
        let line = json!({
            "type": "latency",
            "timestamp": format!("{at:.3}"),
            "interval_us": micros(self.span),
            "events": self.came.events,
            "bytes": self.came.bytes,
            "ping_us": self.ping.map(micros),
            "stats": stats,
        });
        format!("{}\n", json_line(&line.to_string()))
    }

    fn words(&self, clock: &str) -> String {
        let a_second = |count: u64| count as f64 / self.span.as_secs_f64().max(1e-6);
        let mut line = format!(
            "{clock}  {} events/s  {}/s",
            rate(a_second(self.came.events)),
            size(a_second(self.came.bytes) as u64)
        );
        let client = self.stats.map(|stats| &stats.client);
        if let Some(client) = client {
            line.push_str("  read-to-write");
            add_times(&mut line, client.latency_us.as_ref());
        }
        let ping = self.ping.map_or_else(none, |ping| time(micros(ping)));
        let _ = write!(line, "  ping {ping}");
        if let Some(client) = client {
            add_waiting(&mut line, client);
        }
        line.push('\n');
        let others = self.stats.and_then(|stats| stats.clients.as_deref());
        let own = client.map(|client| &client.client_id);
        let others = others.into_iter().flatten();
        let slow = others.filter(|other| Some(&other.client_id) != own && is_telling(other));
        for other in slow.take(SLOWEST) {
            add_other(&mut line, other, clock.len());
        }
        line
    }
}

/// Whether there is anything to say of a client.
fn is_telling(client: &ClientStats<'_>) -> bool {
    let waiting = [client.queue_bytes, client.behind_events, client.shed.bytes];
    client.latency_us.is_some() || waiting.iter().any(|amount| *amount > 0)
}

fn add_other(line: &mut String, client: &ClientStats<'_>, indent: usize) {
    let _ = write!(line, "{:indent$}  -", "");
    let words = [
        Some(&client.client_id),
        client.name.as_ref(),
        client.address.as_ref(),
    ];
    for word in words.into_iter().flatten() {
        line.push(' ');
        line.push_str(&escaped(word));
    }
    line.push(' ');
    add_times(line, client.latency_us.as_ref());
    add_waiting(line, client);
    line.push('\n');
}

fn add_times(line: &mut String, latency: Option<&Latency>) {
    let one = |figure: fn(&Latency) -> u64| latency.map_or_else(none, |all| time(figure(all)));
    let _ = write!(
        line,
        " p50 {}, p99 {}, max {}",
        one(|all| all.p50),
        one(|all| all.p99),
        one(|all| all.max)
    );
}

fn add_waiting(line: &mut String, client: &ClientStats<'_>) {
    let _ = write!(
        line,
        "  queue {}, {} behind  shed {}",
        size(client.queue_bytes),
        client.behind_events,
        size(client.shed.bytes)
    );
}

fn none() -> String {
    "-".to_owned()
}

fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A time in the unit that reads best.
fn time(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

/// So many bytes in the unit that reads best.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn rate(a_second: f64) -> String {
    if a_second < 100.0 && a_second.fract() != 0.0 {
        format!("{a_second:.1}")
    } else {
        format!("{a_second:.0}")
    }
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
