//! What `watch --latency` prints and asks, without a server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;

use super::*;

struct Rig {
    meter: Meter,
    start: Instant,
    passed: Duration,
}

impl Rig {
    fn new(form: Form) -> Self {
        let (start, passed) = (Instant::now(), Duration::ZERO);
        let mut meter = Meter::new(form);
        meter.connected(start);
        Self {
            meter,
            start,
            passed,
        }
    }

    fn moment(&self) -> Moment {
        let at = Timestamp::from_second(1_763_614_800).unwrap();
        Moment {
            now: self.start + self.passed,
            at: at.checked_add(self.passed).unwrap(),
        }
    }

    /// Time passes.
    fn wait(&mut self, millis: u64) {
        self.passed += Duration::from_millis(millis);
    }

    fn due(&mut self) {
        let moment = self.moment();
        self.meter.due(moment);
    }

    /// What is asked for, by name.
    fn asked(&mut self) -> String {
        format!("{:?}", self.meter.take_requests())
    }

    fn hear(&mut self, message: &Value) -> bool {
        let moment = self.moment();
        let message = Received::parse(&message.to_string()).unwrap();
        self.meter.message(&message, moment)
    }

    /// Both answers to a question.
    fn answer(&mut self, id: u64, client: Value, clients: Value) {
        self.hear(&json!({ "type": "pong", "id": id }));
        let mut stats = json!({ "type": "stats", "id": id, "client": client, "server": {} });
        if !clients.is_null() {
            stats["clients"] = clients;
        }
        self.hear(&stats);
    }
}

fn words() -> Rig {
    Rig::new(Form::Words(TimeZone::UTC))
}

fn client(name: &str, p50: Option<u64>, waiting: u64) -> Value {
    let latency = p50.map(|p50| json!({ "count": 3, "p50": p50, "p99": 310, "max": 1_212_000 }));
    json!({
        "client_id": name, "name": "me\u{1b}", "connected_ms": 9, "latency_us": latency,
        "queue_bytes": waiting, "queue_messages": 0,
        "behind_events": waiting / 1000, "shed": { "panes": 0, "bytes": 2 * waiting },
    })
}

#[test]
fn a_line_stands_once_both_questions_are_answered() {
    let mut rig = words();
    assert_eq!(
        rig.asked(),
        "[Ping, Stats]",
        "so that the server begins to measure"
    );
    rig.answer(1, client("c1", None, 0), Value::Null);
    assert_eq!(rig.meter.take(), "", "nothing was measured yet");
    let event = json!({ "type": "pane.output", "seq": 1, "data": "x".repeat(500) });
    rig.hear(&event);
    rig.hear(&event);
    rig.hear(&json!({ "type": "bookmark" }));
    rig.wait(2000);
    rig.due();
    assert_eq!(rig.asked(), "[Ping, Stats]");
    rig.wait(1);
    rig.answer(2, client("c1", Some(84), 0), Value::Null);
    assert_eq!(
        rig.meter.take(),
        "05:00:02  1 events/s  549 B/s  read-to-write p50 84 us, p99 310 us, max 1.2 s  ping 1.0 ms  \
         queue 0 B, 0 behind  shed 0 B\n"
    );
    rig.wait(999);
    rig.due();
    rig.answer(3, client("c1", None, 4_200_000), Value::Null);
    assert_eq!(
        rig.meter.take(),
        "05:00:03  0 events/s  0 B/s  read-to-write p50 -, p99 -, max -  ping 0 us  \
         queue 4.2 MB, 4200 behind  shed 8.4 MB\n"
    );
}

#[test]
fn other_clients_are_named_if_there_is_something_to_tell_of_them() {
    let mut rig = words();
    rig.answer(1, client("c1", None, 0), Value::Null);
    rig.wait(1000);
    rig.due();
    let clients = json!([
        client("c2", None, 5000),
        client("c1", Some(84), 9),
        client("c3", Some(7), 0),
        client("c4", None, 0),
        client("c5", Some(7), 0),
        client("c6", Some(7), 0),
    ]);
    rig.answer(2, client("c1", Some(84), 9), clients);
    let text = rig.meter.take();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "          - c2 me\\u{1b}  p50 -, p99 -, max -  queue 5.0 kB, 5 behind  shed 10.0 kB",
            "          - c3 me\\u{1b}  p50 7 us, p99 310 us, max 1.2 s  queue 0 B, 0 behind  shed 0 B",
            "          - c5 me\\u{1b}  p50 7 us, p99 310 us, max 1.2 s  queue 0 B, 0 behind  shed 0 B",
        ]
    );
}

#[test]
fn for_programs_it_is_one_object_a_line() {
    let mut rig = Rig::new(Form::Json);
    rig.answer(1, client("c1", None, 0), Value::Null);
    rig.wait(1000);
    rig.due();
    rig.wait(2);
    rig.answer(2, client("c1", Some(84), 9), json!([]));
    let line = rig.meter.take();
    let value: Value = serde_json::from_str(&line).unwrap();
    let (stats, rest) = (&value["stats"], value.as_object().unwrap());
    assert_eq!(stats["client"], client("c1", Some(84), 9));
    assert_eq!(stats["clients"], json!([]));
    assert_eq!(rest["interval_us"], 1_000_000);
    assert_eq!(rest["ping_us"], 2000);
    assert_eq!(rest["timestamp"], "2025-11-20T05:00:01.002Z");
    assert!(!line.contains('\u{1b}'));
}

#[test]
fn silence_is_reported_and_nothing_is_asked_meanwhile() {
    let mut rig = words();
    rig.answer(1, client("c1", None, 0), Value::Null);
    rig.asked();
    rig.wait(1000);
    rig.due();
    rig.asked();
    rig.wait(1000);
    rig.due();
    assert_eq!(rig.asked(), "[]");
    assert_eq!(rig.meter.take(), "05:00:02  no answer for 1.0 s\n");
    rig.meter.disconnected();
    rig.wait(1000);
    rig.due();
    assert_eq!(
        (rig.asked(), rig.meter.take()),
        ("[]".into(), String::new())
    );
    let moment = rig.moment();
    rig.meter.connected(moment.now);
    assert_eq!(rig.asked(), "[Ping, Stats]");
}

/// An older server is asked for pings alone.
#[test]
fn a_server_that_does_not_know_is_not_asked_again() {
    let mut rig = words();
    rig.asked();
    let error = |id| json!({ "type": "error", "id": id, "code": "UNKNOWN_ACTION" });
    rig.hear(&json!({ "type": "pong", "id": 1 }));
    assert!(!rig.hear(&error(1)), "it is said once");
    rig.wait(1000);
    rig.due();
    assert_eq!(rig.asked(), "[Ping]");
    rig.wait(3);
    rig.hear(&json!({ "type": "pong", "id": 2 }));
    assert_eq!(
        rig.meter.take(),
        "05:00:01  0 events/s  0 B/s  ping 3.0 ms\n"
    );
}
