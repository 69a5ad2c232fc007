//! The codec's speed on ordinary `%output` lines, beside splitting and unescaping them by hand, in one run.
//!
//! The stream is what `cat` of source text gives: lines of 80 to 120 bytes with a few `\015\012` each. Both sides get it in
//! reads of 64 KiB, copied into a buffer as a read would, and append what the pane printed to one buffer.
//! The line `ratio` at the end is what counts on a machine that others use too.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use memchr::memchr;
use muxwire::control::{ControlClient, Event, Limits, escape};

const STREAM: usize = 64 << 20;
const READ: usize = 64 << 10;

/// What stands before the data: plain, and as tmux sends it to a client with `pause-after`.
const HEADERS: [&str; 2] = ["%output %7 ", "%extended-output %7 0 : "];

/// Source text as tmux sends it, cut into lines as it comes.
fn stream(header: &str) -> Vec<u8> {
    let source = include_str!("../src/control/command.rs").replace('\n', "\r\n");
    let mut stream = BytesMut::with_capacity(STREAM + 1024);
    let mut at = 0;
    while stream.len() < STREAM {
        let length = 62 + (stream.len() * 7) % 37;
        let end = (at + length).min(source.len());
        stream.extend_from_slice(header.as_bytes());
        escape::escape_into(&source.as_bytes()[at..end], &mut stream);
        stream.extend_from_slice(b"\n");
        at = if end == source.len() { 0 } else { end };
    }
    stream.to_vec()
}

/// The whole way: frame, parse, unescape. Returns the number of lines and of bytes that panes printed.
fn codec(stream: &[u8]) -> (usize, usize) {
    let mut client = ControlClient::new(Limits::default());
    let mut out = BytesMut::with_capacity(READ);
    let (mut lines, mut bytes) = (0, 0);
    for read in stream.chunks(READ) {
        client.incoming().extend_from_slice(read);
        out.clear();
        while let Some(event) = client.next_event() {
            if let Event::Output(output) = event {
                output.unescape_into(&mut out);
                lines += 1;
            }
        }
        bytes += black_box(&out).len();
    }
    (lines, bytes)
}

/// The least that could be done: find the LF, pass over the header, copy what stands between backslashes.
fn by_hand(stream: &[u8]) -> (usize, usize) {
    let mut buffer: Vec<u8> = Vec::with_capacity(2 * READ);
    let mut out: Vec<u8> = Vec::with_capacity(READ);
    let (mut lines, mut bytes) = (0, 0);
    for read in stream.chunks(READ) {
        buffer.extend_from_slice(read);
        out.clear();
        let mut start = 0;
        while let Some(length) = memchr(b'\n', &buffer[start..]) {
            let line = &buffer[start..start + length];
            start += length + 1;
            let header = "%output ".len();
            let pane = memchr(b' ', &line[header..]).expect("an output line");
            let mut rest = &line[header + pane + 1..];
            while let Some(plain) = memchr(b'\\', rest) {
                out.extend_from_slice(&rest[..plain]);
                let digit = |at: usize| rest[plain + at] - b'0';
                out.push(digit(1) << 6 | digit(2) << 3 | digit(3));
                rest = &rest[plain + 4..];
            }
            out.extend_from_slice(rest);
            lines += 1;
        }
        buffer.drain(..start);
        bytes += black_box(&out).len();
    }
    (lines, bytes)
}

fn compare(criterion: &mut Criterion) {
    let [stream, extended] = HEADERS.map(stream);
    let (lines, bytes) = codec(&stream);
    assert_eq!((lines, bytes), by_hand(&stream), "both do the same work");
    println!(
        "{lines} lines of {} bytes, {bytes} bytes printed",
        stream.len() / lines
    );
    let allocated = allocation_counter::measure(|| {
        black_box(codec(&stream));
    });
    println!(
        "the codec allocates {} times for all of them",
        allocated.count_total
    );

    let mut group = criterion.benchmark_group("codec");
    group
        .throughput(Throughput::Bytes(stream.len() as u64))
        .sample_size(20);
    group.bench_function("by hand", |bencher| {
        bencher.iter(|| by_hand(black_box(&stream)))
    });
    group.bench_function("muxwire", |bencher| {
        bencher.iter(|| codec(black_box(&stream)))
    });
    group.throughput(Throughput::Bytes(extended.len() as u64));
    group.bench_function("muxwire, extended", |bencher| {
        bencher.iter(|| codec(black_box(&extended)));
    });
    group.finish();
    report_ratio(&stream);
}

/// Takes turns, so that what else the machine does meets both alike.
fn report_ratio(stream: &[u8]) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..15 {
        for (run, times) in [by_hand, codec].into_iter().zip(&mut times) {
            let start = Instant::now();
            black_box(run(black_box(stream)));
            times.push(start.elapsed());
        }
    }
    let [by_hand, codec] = times.map(|mut times: Vec<Duration>| {
        times.sort_unstable();
        stream.len() as f64 / times[times.len() / 2].as_secs_f64() / 1e9
    });
    println!(
        "by hand {by_hand:.2} GB/s, muxwire {codec:.2} GB/s, ratio {:.2} (medians of 15)",
        codec / by_hand
    );
}

criterion_group!(benches, compare);
criterion_main!(benches);
