//! How long a pane's write takes to a WebSocket client, beside a direct `tmux -C` reader in the same run.
//!
//! A program in a pane writes `T<CLOCK_MONOTONIC in ns>;` every few milliseconds, and each receiver subtracts. Both
//! receivers read raw bytes, so that neither pays for decoding. Run with `cargo bench --bench latency -- [STAMPS]`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark fails by panicking and says what it found"
)]

use std::env;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

/// Between two stamps; long enough that each finds everything idle.
const PAUSE: Duration = Duration::from_millis(4);

/// Stamps that are not counted, while everything warms up.
const WARM_UP: usize = 200;

fn main() {
    let arguments: Vec<String> = env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if arguments.first().is_some_and(|first| first == "stamp") {
        return stamp(arguments[1].parse().unwrap());
    }
    let stamps = arguments
        .first()
        .and_then(|count| count.parse().ok())
        .unwrap_or(3000);
    measure(stamps);
}

fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

/// Runs in the pane.
fn stamp(count: usize) {
    let mut input = String::new();
    std::io::stdin().read_line(&mut input).unwrap();
    let mut output = std::io::stdout();
    for _ in 0..count {
        thread::sleep(PAUSE);
        output.write_all(format!("T{};", now()).as_bytes()).unwrap();
        output.flush().unwrap();
    }
    output.write_all(b"END").unwrap();
    output.flush().unwrap();
    thread::sleep(Duration::from_secs(60));
}

struct Server {
    folder: TempDir,
    tmux: String,
}

impl Server {
    fn start(count: usize) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("muxwire-bench-")
            .tempdir()
            .unwrap();
        let tmux = env::var("MUXWIRE_BENCH_TMUX").unwrap_or_else(|_| "tmux".to_owned());
        let server = Self { folder, tmux };
        let stamper = format!(
            "exec {} stamp {count}",
            env::current_exe().unwrap().display()
        );
        server.run(&[
            "new-session",
            "-d",
            "-s",
            "main",
            "-x",
            "200",
            "-y",
            "50",
            &stamper,
        ]);
        server
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.tmux);
        command
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(self.folder.path().join("s"));
        command.env_remove("TMUX");
        command
    }

    fn run(&self, arguments: &[&str]) {
        assert!(
            self.command().args(arguments).status().unwrap().success(),
            "tmux {arguments:?}"
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

/// Ends the child when the benchmark does, however it ends.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn measure(count: usize) {
    let server = Server::start(count + WARM_UP);
    let (_muxwire, address) = muxwire(&server);
    let socket = subscribe(&address);
    let mut direct = Guard(
        server
            .command()
            .args(["-C", "attach-session", "-t", "=main"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let pipe = direct.0.stdout.take().unwrap();
    let through_muxwire = receive(socket);
    let through_pipe = receive(pipe);
    thread::sleep(Duration::from_millis(500));
    server.run(&["send-keys", "-t", "=main:", "Enter"]);
    let muxwire = through_muxwire.recv().unwrap();
    let direct = through_pipe.recv().unwrap();
    println!(
        "{count} stamps of `{}`, microseconds from the pane's write",
        server.tmux
    );
    println!(
        "{:<24} {:>8} {:>8} {:>8} {:>8}",
        "", "p50", "p90", "p99", "max"
    );
    let direct = report("direct tmux -C reader", direct);
    let muxwire = report("muxwire WebSocket", muxwire);
    println!("{:<24} {:>8.1}", "difference at p50", muxwire - direct);
}

/// Starts `muxwire serve` on a free port.
fn muxwire(server: &Server) -> (Guard, String) {
    let state = server.folder.path().join("state");
    let mut child = Guard(
        Command::new(env!("CARGO_BIN_EXE_muxwire"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--no-auth",
                "--log-level",
                "error",
            ])
            .arg("-S")
            .arg(server.folder.path().join("s"))
            .arg("--state-dir")
            .arg(&state)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .trim()
        .strip_prefix("listening on ws://")
        .unwrap()
        .strip_suffix("/monitor")
        .unwrap();
    (child, address.to_owned())
}

/// Connects, and asks for all output. What follows is read raw.
fn subscribe(address: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_nodelay(true).unwrap();
    let request = format!(
        "GET /monitor HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let message = br#"{"action":"subscribe","filters":{"types":["pane.output"]}}"#;
    let mut frame = vec![
        0x81,
        0x80 | u8::try_from(message.len()).unwrap(),
        0,
        0,
        0,
        0,
    ];
    frame.extend_from_slice(message);
    socket.write_all(&frame).unwrap();
    socket
}

/// The latencies of all stamps, once the end is seen.
fn receive(mut source: impl Read + Send + 'static) -> Receiver<Vec<u64>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 65536];
        let mut kept = Vec::new();
        let mut latencies = Vec::new();
        loop {
            let read = source.read(&mut buffer).unwrap();
            let at = now();
            assert!(
                read > 0,
                "the stream ended before the last stamp: {}",
                kept.escape_ascii()
            );
            kept.extend_from_slice(&buffer[..read]);
            let done = take_stamps(&mut kept, at, &mut latencies);
            if done {
                sender.send(latencies).unwrap();
                return;
            }
        }
    });
    receiver
}

/// Takes complete stamps out of what was read; true once the end mark is seen.
fn take_stamps(kept: &mut Vec<u8>, at: u64, latencies: &mut Vec<u64>) -> bool {
    let mut from = 0;
    while let Some(start) = kept[from..]
        .iter()
        .position(|byte| *byte == b'T')
        .map(|start| from + start)
    {
        let digits = kept[start + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let end = start + 1 + digits;
        if kept.get(end).is_none() {
            break;
        }
        if kept[end] == b';' && digits > 0 {
            let stamp: u64 = std::str::from_utf8(&kept[start + 1..end])
                .unwrap()
                .parse()
                .unwrap();
            latencies.push(at - stamp);
        }
        from = end;
    }
    let done = kept.windows(3).any(|window| window == b"END");
    let keep_from = from.max(kept.len().saturating_sub(64));
    kept.drain(
        ..if from < kept.len() {
            from.min(keep_from)
        } else {
            from
        },
    );
    done
}

fn report(name: &str, mut latencies: Vec<u64>) -> f64 {
    latencies.drain(..WARM_UP.min(latencies.len()));
    latencies.sort_unstable();
    assert!(!latencies.is_empty(), "no stamp came");
    #[expect(clippy::cast_precision_loss, reason = "microseconds need no 53 bits")]
    let at = |share: usize| latencies[(latencies.len() - 1) * share / 1000] as f64 / 1000.0;
    println!(
        "{name:<24} {:>8.1} {:>8.1} {:>8.1} {:>8.1}   ({} stamps)",
        at(500),
        at(900),
        at(990),
        at(1000),
        latencies.len()
    );
    at(500)
}
