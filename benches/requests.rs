//! What it costs to read a request, and to read and write messages, in types.
//!
//! Run with `cargo bench --bench requests`. All rows are for one message. A keystroke takes the short way
//! (`src/wire/quick.rs`); with a field that the short way does not take, the same keystroke goes through a tree of JSON and
//! its schema. The rows in between are what types alone cost, without a schema.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(missing_docs, reason = "criterion makes a function without docs")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use muxwire::wire::{Action, Message, More, Request, parse, schema, terminal};

/// What a page sends for a key.
const KEY: &str = r#"{"action":"send-keys","id":"r1","target":{"pane":"%7"},"text":"x"}"#;
/// The same, with a field that says nothing new.
const LONG_KEY: &str =
    r#"{"action":"send-keys","id":"r1","target":{"pane":"%7"},"text":"x","cancel_mode":false}"#;
/// The same at a terminal.
const INPUT: &str = r#"{"type":"input","data":"x"}"#;
const LONG_INPUT: &str = r#"{"type":"input","data":"x","paste":false}"#;
/// What a pane printed.
const OUTPUT: &str = r#"{"type":"pane.output","timestamp":"2026-11-20T05:00:00.123Z","session":"backend","window":2,"session_id":"$1","window_id":"@4","pane":"%7","host":"build-3","epoch":"b3f1c9","seq":48213,"data":{"content":"x","severity":"info","offset":90211,"bytes":1}}"#;

fn requests(criterion: &mut Criterion) {
    schema::prepare();
    let mut group = criterion.benchmark_group("request");
    group.bench_function("keystroke, short way", |bencher| {
        bencher.iter(|| parse(black_box(KEY.as_bytes())).unwrap());
    });
    group.bench_function("keystroke, types alone", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Action>(black_box(KEY.as_bytes())).unwrap());
    });
    group.bench_function("keystroke, types alone by way of a tree", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Request>(black_box(KEY.as_bytes())).unwrap());
    });
    group.bench_function("keystroke, long way", |bencher| {
        bencher.iter(|| parse(black_box(LONG_KEY.as_bytes())).unwrap());
    });
    group.bench_function("input at a terminal, short way", |bencher| {
        bencher.iter(|| terminal::parse(black_box(INPUT.as_bytes())).unwrap());
    });
    group.bench_function("input at a terminal, long way", |bencher| {
        bencher.iter(|| terminal::parse(black_box(LONG_INPUT.as_bytes())).unwrap());
    });
    let request = Request::from(parse(KEY.as_bytes()).unwrap().action);
    group.bench_function("written", |bencher| {
        bencher.iter(|| black_box(&request).encode());
    });
    group.finish();

    let mut group = criterion.benchmark_group("message");
    group.bench_function("output, read", |bencher| {
        bencher.iter(|| {
            let fields: More = serde_json::from_str(black_box(OUTPUT)).unwrap();
            Message::read(fields).unwrap()
        });
    });
    let message = Message::read(serde_json::from_str(OUTPUT).unwrap()).unwrap();
    group.bench_function("output, written", |bencher| {
        bencher.iter(|| black_box(&message).encode());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = requests
}
criterion_main!(benches);
