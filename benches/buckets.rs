//! What it costs to ask a token bucket, as every message of a client and every connection of an address does.
//!
//! Run with `cargo bench --bench buckets`. All rows are for one call.

#![allow(
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark prints, and criterion makes a function without docs"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use muxwire::server::{Bucket, Rate};

/// As for the messages of one client.
const RATE: Rate = Rate {
    per_second: 100,
    burst: 200,
};

/// The time between two calls of a client that asks for less than its rate.
const SLOWER: Duration = Duration::from_millis(11);

fn ask(criterion: &mut Criterion) {
    let start = Instant::now();
    let mut group = criterion.benchmark_group("bucket");

    let (mut bucket, mut now) = (Bucket::new(start), start);
    group.bench_function("take, granted", |bencher| {
        bencher.iter(|| {
            now += SLOWER;
            bucket.take(black_box(RATE), 1, now)
        });
    });

    let mut bucket = Bucket::new(start);
    bucket.charge(RATE, 2 * RATE.burst, start);
    group.bench_function("take, refused", |bencher| {
        bencher.iter(|| bucket.take(black_box(RATE), 1, black_box(start)));
    });

    let (mut bucket, mut now) = (Bucket::new(start), start);
    group.bench_function("charge", |bencher| {
        bencher.iter(|| {
            now += SLOWER;
            bucket.charge(black_box(RATE), 1, now)
        });
    });

    let mut bucket = Bucket::new(start);
    group.bench_function("take, with a look at the clock", |bencher| {
        bencher.iter(|| bucket.take(black_box(RATE), 0, Instant::now()));
    });
    group.finish();
    println!(
        "a bucket takes {} bytes, whatever its rate",
        size_of::<Bucket>()
    );
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = ask
}
criterion_main!(benches);
