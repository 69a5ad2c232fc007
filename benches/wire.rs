//! How fast output becomes JSON: judged, decoded and escaped, once for all clients.
//!
//! Run with `cargo bench --bench wire`. Both rows are in bytes of the pane's output.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(missing_docs, reason = "criterion makes a function without docs")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use muxwire::hub::{HistoryLimits, Hub, Next, Stamp, Viewer, view};
use muxwire::ids::{Epoch, PaneId, SessionId, WindowId};
use muxwire::model::{Change, ChangeKind, Place, Places};
use muxwire::wire::severity::severity;
use muxwire::wire::{Encoder, Form};

struct Everything;

impl Viewer for Everything {
    fn sees_session(&self, _: &str) -> bool {
        true
    }

    fn sees_all(&self) -> bool {
        true
    }
}

/// What a build prints: colours, line breaks, no word that stands out.
fn output() -> Vec<u8> {
    let line = "\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m serde_json v1.0.145 (caf\u{e9}) \u{2013} 42 of 211\r\n";
    line.as_bytes()
        .iter()
        .copied()
        .cycle()
        .take(8 << 10)
        .collect()
}

fn encode(criterion: &mut Criterion) {
    let output = output();
    let mut group = criterion.benchmark_group("output");
    group.throughput(Throughput::Bytes(output.len() as u64));
    group.bench_function("severity", |bencher| bencher.iter(|| severity(&output)));

    let epoch = Epoch::new("b3f1c9").unwrap();
    let encoder = Encoder::new("build-3", &epoch);
    let hub = Hub::new(HistoryLimits::default(), epoch);
    let mut reader = hub.reader();
    let window = Some((WindowId(4), 2));
    let place = Place {
        session: SessionId(1),
        session_name: "backend".into(),
        window,
    };
    let kind = ChangeKind::PaneOutput {
        offset: 90_211,
        bytes: output.into(),
    };
    let change = Change::of_pane(PaneId(7), Places::from([place]), kind);
    let stamp = Stamp::at(Timestamp::from_second(1_763_614_800).unwrap());
    group.bench_function("publish, read and encode", |bencher| {
        bencher.iter(|| {
            hub.publish([change.clone()], None, stamp);
            let Next::Event(event) = reader.pull() else {
                return 0;
            };
            let seen = view(&event.change, &Everything, |_| true).unwrap();
            encoder.event(&event, seen, Form::Json).bytes().len()
        });
    });
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
