//! Tens of megabytes through one pane: how fast they come, and whether all of them do.

use std::io::Read;
use std::thread;
use std::time::Duration;

use memchr::{memchr, memmem};
use serde_json::Value;

use crate::Options;
use crate::muxwire::Muxwire;
use crate::numbers::{float, median, now, short};
use crate::pane;
use crate::process::{mebibytes, peak};
use crate::socket::{Frame, frames};
use crate::stamps::{Mark, Scanner};
use crate::table::{Row, Table};
use crate::tmux::{Program, Tmux};

/// The share of the direct reader's pace that one client of muxwire should have.
const GOAL: f64 = 0.95;
/// The versions whose figures are wanted, of those at hand.
const VERSIONS: [&str; 3] = ["3.3a", "3.7c", "3.8"];
/// How much is read at once, at most.
const CHUNK: usize = 1 << 20;
/// The header of a binary frame.
const HEADER: usize = 28;

/// Who reads the flood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Direct,
    Json,
    Binary,
}

impl Reader {
    fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct tmux -C reader",
            Self::Json => "muxwire, JSON",
            Self::Binary => "muxwire, binary",
        }
    }
}

/// The result of one flood.
struct Flood {
    /// Megabytes of the pane's output in a second.
    pace: f64,
    /// Bytes of the pane's output that never came.
    lost: usize,
    /// Peak of muxwire's resident memory, in bytes.
    memory: u64,
}

pub fn measure(options: &Options, table: &mut Table) {
    let lines = options.pick(500_000, 100_000);
    let rounds = options.pick(5, 2);
    let megabytes = lines * pane::FLOOD_LINE / 1_000_000;
    let wanted = |program: &Program| {
        std::env::var_os("MUXWIRE_BENCH_TMUX").is_some()
            || VERSIONS.contains(&program.version.as_str())
    };
    for program in Program::all().into_iter().filter(wanted) {
        println!(
            "  tmux {}, {megabytes} MB, {rounds} rounds",
            program.version
        );
        let mut found: Vec<(Reader, Vec<Flood>)> = Vec::new();
        for _ in 0..rounds {
            for reader in [Reader::Direct, Reader::Json, Reader::Binary] {
                let Some(flood) = flood(&program, reader, lines) else {
                    continue;
                };
                println!(
                    "  {:<28} {:>6.1} MB/s, {} bytes lost",
                    reader.name(),
                    flood.pace,
                    flood.lost
                );
                match found.iter_mut().find(|(name, _)| *name == reader) {
                    Some((_, floods)) => floods.push(flood),
                    None => found.push((reader, vec![flood])),
                }
            }
        }
        rows(table, &program.version, megabytes, &found);
    }
}

fn rows(table: &mut Table, version: &str, megabytes: usize, found: &[(Reader, Vec<Flood>)]) {
    let pace = |floods: &[Flood]| median(floods.iter().map(|flood| flood.pace).collect());
    let direct = &found[0].1;
    for (reader, floods) in &found[1..] {
        // The floods of one round are neighbours in time, so that the machine's noise is alike in both.
        let ratios = floods.iter().zip(direct);
        let ratio = median(
            ratios
                .map(|(ours, direct)| ours.pace / direct.pace)
                .collect(),
        );
        let lost: usize = floods.iter().map(|flood| flood.lost).sum();
        let memory = floods.iter().map(|flood| flood.memory).max().unwrap_or(0);
        table.add(
            Row::new(
                format!(
                    "flood of {megabytes} MB, {}, tmux {version}: MB/s",
                    reader.name()
                ),
                format!(
                    "{}, {lost} bytes lost, peak {} MiB",
                    short(pace(floods)),
                    short(mebibytes(memory))
                ),
            )
            .direct(short(pace(direct)))
            .compared(format!("{} of direct", short(ratio)))
            .goal("0.95 of direct, nothing lost", ratio >= GOAL && lost == 0)
            .headline(format!("flood, {}, tmux {version}, MB/s", reader.name())),
        );
    }
}

/// One flood through new servers; none if this muxwire does not offer what the reader wants.
fn flood(program: &Program, reader: Reader, lines: usize) -> Option<Flood> {
    let tmux = Tmux::start(program, &pane::command(&format!("flood {lines}")));
    // Room for all that can come, touched beforehand, so that the reader costs next to nothing while it counts.
    let room = vec![1; lines * pane::FLOOD_LINE * 2];
    let (taken, memory) = if reader == Reader::Direct {
        let (_child, _input, output) = tmux.control(&[]);
        tmux.wait_for_clients(1);
        (take(&tmux, output, room), 0)
    } else {
        let muxwire = Muxwire::start(&tmux);
        let socket = if reader == Reader::Binary {
            muxwire.subscribed_binary()?
        } else {
            muxwire.subscribed()
        };
        let taken = take(&tmux, socket, room);
        (taken, peak(muxwire.pid()))
    };
    let content = match reader {
        Reader::Direct => of_control_mode(&taken.bytes),
        Reader::Json => of_json(&taken.bytes),
        Reader::Binary => of_binary(&taken.bytes),
    };
    let seconds = float(taken.last - taken.first) / 1e9;
    Some(Flood {
        pace: float(lines * pane::FLOOD_LINE) / 1e6 / seconds,
        lost: missing(&content, lines),
        memory,
    })
}

/// What was read until the end mark.
struct Taken {
    bytes: Vec<u8>,
    /// When the pane began to write.
    first: u64,
    /// When the last of it came.
    last: u64,
}

/// Starts the flood and reads it. The end mark comes after a pause, so it does not count.
fn take(tmux: &Tmux, mut source: impl Read + Send + 'static, mut room: Vec<u8>) -> Taken {
    let reader = thread::spawn(move || {
        let mut scanner = Scanner::default();
        let (mut filled, mut first, mut last) = (0, 0, 0);
        loop {
            if room.len() < filled + CHUNK {
                room.resize(filled + CHUNK, 0);
            }
            let read = source.read(&mut room[filled..filled + CHUNK]).unwrap();
            assert!(read > 0, "the stream ended before the flood did");
            // Only the ends are searched: marks stand in what comes alone, not in the midst of a flood.
            let new = &room[filled..filled + read];
            let mut ended = false;
            scanner.feed(&new[new.len().saturating_sub(1000)..], |mark| match mark {
                Mark::Stamp(stamp) => first = stamp,
                Mark::End => ended = true,
            });
            filled += read;
            let before = std::mem::replace(&mut last, now());
            if ended {
                room.truncate(filled);
                return Taken {
                    bytes: room,
                    first,
                    last: before,
                };
            }
        }
    });
    thread::sleep(Duration::from_millis(300));
    tmux.type_line("");
    reader.join().expect("the flood is read")
}

/// How many bytes of the flood are not in what was received, at its place.
fn missing(content: &[u8], lines: usize) -> usize {
    let mut expected = Vec::with_capacity(lines * pane::FLOOD_LINE);
    for number in 0..lines {
        pane::flood_line(number.try_into().unwrap(), &mut expected);
        // The terminal puts a carriage return before each line feed.
        expected.pop();
        expected.extend_from_slice(b"\r\n");
    }
    let begin = memmem::find(content, &expected[..pane::FLOOD_LINE]).unwrap_or(content.len());
    let content = &content[begin..];
    if content.starts_with(&expected) {
        return 0;
    }
    let whole = content.windows(pane::FLOOD_LINE).step_by(pane::FLOOD_LINE);
    let same = whole
        .zip(expected.chunks(pane::FLOOD_LINE))
        .take_while(|(found, line)| found == line)
        .count();
    // Whatever follows a hole is not looked at: there must be none.
    expected.len() - same * pane::FLOOD_LINE
}

/// The pane's bytes in the lines of control mode.
fn of_control_mode(mut bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(bytes.len());
    while let Some(end) = memchr(b'\n', bytes) {
        if let Some(mut escaped) = bytes[..end].strip_prefix(b"%output %0 ") {
            while let Some(at) = memchr(b'\\', escaped) {
                content.extend_from_slice(&escaped[..at]);
                let octal = std::str::from_utf8(&escaped[at + 1..at + 4]).unwrap();
                content.push(u8::from_str_radix(octal, 8).unwrap());
                escaped = &escaped[at + 4..];
            }
            content.extend_from_slice(escaped);
        }
        bytes = &bytes[end + 1..];
    }
    content
}

/// The pane's bytes in messages of JSON.
fn of_json(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(bytes.len());
    for Frame { payload, .. } in frames(bytes) {
        let message: Value = serde_json::from_slice(payload).unwrap();
        if message["type"] == "pane.output" {
            content.extend_from_slice(message["data"]["content"].as_str().unwrap().as_bytes());
        }
    }
    content
}

/// The pane's bytes in binary frames.
fn of_binary(bytes: &[u8]) -> Vec<u8> {
    let outputs = frames(bytes).filter(|frame| frame.is_binary && frame.payload[1] == 1);
    outputs
        .flat_map(|frame| &frame.payload[HEADER..])
        .copied()
        .collect()
}
