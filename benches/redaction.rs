//! What it costs to keep secrets from some, and what it costs all others: nothing while it is off, and one automaton over
//! each pane's bytes while it is on.
//!
//! Run with `cargo bench --bench redaction`. All rows are in bytes of the pane's output.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark prints, and criterion makes a function without docs"
)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use muxwire::hub::{HistoryLimits, Hub, Next, Redaction, Stamp};
use muxwire::ids::{Epoch, PaneId, SessionId, WindowId};
use muxwire::model::{Change, ChangeKind, Place, Places};
use muxwire::redact::{Redactor, Rules};

/// What a build prints: colours and line breaks, nothing that looks like a secret.
const PLAIN: &str = "\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m serde_json v1.0.145 (caf\u{e9}) \u{2013} 42 of 211\r\n";

/// One line in eight holds a secret: more than any program prints.
const SECRETIVE: &str = "export API_TOKEN=correct-horse-battery-staple-42\r\n";

fn output(secretive: bool) -> Bytes {
    let lines = std::iter::repeat_n(PLAIN, 7).chain([if secretive { SECRETIVE } else { PLAIN }]);
    let lines: String = lines.collect();
    lines.bytes().cycle().take(8 << 10).collect()
}

fn redact(criterion: &mut Criterion) {
    let rules = Arc::new(Rules::new::<&str>(&[], true).unwrap());
    println!(
        "the {} usual rules take {} KiB, once for all panes",
        rules.len(),
        rules.memory() >> 10
    );
    let mut group = criterion.benchmark_group("redactor");
    for (name, secretive) in [
        ("no secret", false),
        ("a secret in one line of eight", true),
    ] {
        let output = output(secretive);
        let mut redactor = Redactor::new(Arc::clone(&rules), 0);
        group.throughput(Throughput::Bytes(output.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| redactor.feed(&output)));
    }
    group.finish();

    let mut group = criterion.benchmark_group("publish and read");
    let redaction = |rules: &Arc<Rules>| Redaction {
        rules: Arc::clone(rules),
        hold: Duration::from_millis(250),
    };
    for (name, secretive, redaction) in [
        ("redaction off", false, None),
        ("redaction on, no secret", false, Some(redaction(&rules))),
        (
            "redaction on, a secret in one line of eight",
            true,
            Some(redaction(&rules)),
        ),
    ] {
        let epoch = Epoch::new("b3f1c9").unwrap();
        let hub = Hub::redacting(HistoryLimits::default(), epoch, redaction);
        let mut reader = hub.reader();
        let change = change(output(secretive));
        let stamp = Stamp::at(Timestamp::from_second(1_763_614_800).unwrap());
        group.throughput(Throughput::Bytes(8 << 10));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                hub.publish([change.clone()], None, stamp);
                let mut events = 0;
                while let Next::Event(_) = reader.pull() {
                    events += 1;
                }
                events
            });
        });
    }
    group.finish();
}

fn change(bytes: Bytes) -> Change {
    let place = Place {
        session: SessionId(1),
        session_name: "backend".into(),
        window: Some((WindowId(4), 2)),
    };
    let kind = ChangeKind::PaneOutput {
        offset: 90_211,
        bytes,
    };
    Change::of_pane(PaneId(7), Places::from([place]), kind)
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = redact
}
criterion_main!(benches);
