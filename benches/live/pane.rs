//! What runs in panes, and the other processes that the benchmark makes of its own program.

use std::fs;
use std::io::{BufRead as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::numbers::now;
use crate::stamps;

/// Length of a flood's line as control mode writes it, with its `\r\n`.
pub const FLOOD_LINE: usize = 80;

/// Runs one of the small programs. The first argument is its name.
pub fn run(arguments: &[String]) {
    let number = |at: usize| -> u64 { arguments[at].parse().unwrap() };
    match arguments[0].as_str() {
        "stamp" => stamp(),
        "flood" => flood(number(1)),
        "lines" => lines(number(1)),
        "play" => play(&arguments[1]),
        "print" => print(Duration::from_millis(number(1))),
        "poll" => crate::parts::polling::poll(&arguments[1..]),
        "exec" => exec(&arguments[1], &arguments[2..]),
        "keep" => keep(&arguments[1], &arguments[2]),
        "spin" => spin(usize::try_from(number(1)).unwrap()),
        other => panic!("there is no program {other}"),
    }
}

/// Writes this many lines of 150 characters, and stays.
fn lines(count: u64) {
    let mut output = std::io::stdout().lock();
    for number in 0..count {
        writeln!(output, "{number:09} {}", "x".repeat(140)).unwrap();
    }
    output.flush().unwrap();
    drop(output);
    while read_line().is_some() {}
}

/// Once something is typed, writes the pieces of a file, each so many milliseconds after the one before, and stays.
fn play(file: &str) {
    let pieces: Vec<(u64, String)> = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    read_line();
    let mut at = now();
    for (pause, text) in pieces {
        at += pause * 1_000_000;
        sleep_until(at);
        write(&text);
    }
    while read_line().is_some() {}
}

/// The command line that runs a program in a pane.
pub fn command(arguments: &str) -> String {
    let own = std::env::current_exe().unwrap();
    format!("exec {} pane {arguments}", own.display())
}

fn read_line() -> Option<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).unwrap();
    (read > 0).then_some(line)
}

fn write(text: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes()).unwrap();
    output.flush().unwrap();
}

/// Sleeps until the monotonic clock shows this.
fn sleep_until(at: u64) {
    thread::sleep(Duration::from_nanos(at.saturating_sub(now())));
}

/// For each line of `START PERIOD COUNT`, writes that many stamps, one each PERIOD from START on, in nanoseconds.
///
/// The carriage return keeps a terminal that shows the pane on one line, so that none has to scroll.
fn stamp() {
    while let Some(line) = read_line() {
        let plan: Vec<u64> = line
            .split_whitespace()
            .map(|word| word.parse().unwrap())
            .collect();
        let [start, period, count] = plan[..] else {
            panic!("{line:?} is no plan");
        };
        for number in 0..count {
            sleep_until(start + number * period);
            write(&format!("{}\r", stamps::text(now())));
        }
        sleep_until(start + count * period);
        write(&format!("{}\r", stamps::end()));
    }
}

/// One line of a flood, as the program writes it: without the carriage return, which the terminal adds.
pub fn flood_line(number: u64, line: &mut Vec<u8>) {
    let from = line.len();
    write!(line, "{number:09} ").unwrap();
    let letters = b"The quick brown fox jumps over the lazy dog, and runs on into the next line.";
    line.extend_from_slice(&letters[..FLOOD_LINE - 2 - 10]);
    line.push(b'\n');
    debug_assert_eq!(line.len() - from, FLOOD_LINE - 1);
}

/// After a line of input, writes this many lines in writes of 16 KiB, as programs do.
///
/// A while after the last of them come a stamp of when the first was written, and an end mark.
fn flood(lines: u64) {
    read_line();
    let mut output = std::io::stdout().lock();
    let mut block = Vec::new();
    let begin = now();
    for number in 0..lines {
        flood_line(number, &mut block);
        if block.len() >= 16 << 10 {
            output.write_all(&block).unwrap();
            block.clear();
        }
    }
    output.write_all(&block).unwrap();
    output.flush().unwrap();
    drop(output);
    // Long enough that all of it has been read by then.
    thread::sleep(Duration::from_secs(1));
    write(&format!("{}{}", stamps::text(begin), stamps::end()));
    while read_line().is_some() {}
}

/// Writes a line with a stamp at this pace, for ever.
fn print(period: Duration) {
    let period = u64::try_from(period.as_nanos()).unwrap();
    let start = now();
    for number in 1.. {
        sleep_until(start + number * period);
        write(&format!(
            "{} compiled one more file of many\n",
            stamps::text(now())
        ));
    }
}

/// Becomes a program that the kernel ends with its parent.
fn exec(program: &str, arguments: &[String]) {
    set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
    let error = Command::new(program).args(arguments).exec();
    panic!("can't run {program}: {error}");
}

/// Ends a tmux server once the process that started this is gone.
fn keep(program: &str, socket: &str) {
    while read_line().is_some() {}
    // It may have ended by itself.
    let _ = Command::new(program)
        .args(["-S", socket, "kill-server"])
        .status();
}

/// Keeps a core busy. It is started at the idle priority, so that it is in nobody's way.
fn spin(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).unwrap();
    loop {
        std::hint::spin_loop();
    }
}
