//! Clients that read too slowly, or draw too slowly, while others read and a pane floods.

use std::fs;
use std::sync::{Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::follower::{Came, Follower, Pane, Times};
use super::{LONG, PIECE, Printer, Scene, captured, flood_bytes, lines, named, shown};
use crate::support::{Program, TmuxServer, any_program, for_each_version};

/// Clients that read all the time.
const READERS: usize = 9;

/// A flood that is large has muxwire's own bounds, a small one smaller ones.
const LARGE: usize = 32 << 20;

/// When the slow client reads again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    AtTheEnd,
    InTheMiddle,
}

/// The clients that read, and how far the flood may run ahead of them: a test's own slowness is not to be tested.
struct Readers {
    clients: Vec<Follower>,
    /// Where the pane's output stands for them.
    offset: u64,
    ahead: u64,
}

/// The result of one flood.
#[derive(Debug)]
struct Flooded {
    bytes: usize,
    took: Duration,
    longest_write: Duration,
    delays: Vec<Duration>,
}

impl Readers {
    fn open(scene: &Scene, pane: &str, ahead: usize) -> Self {
        let mut offset = 0;
        let clients = (0..READERS).map(|_| {
            let mut client = Follower::connect(scene.serving.address);
            let mut shown = opened(&mut client, pane);
            offset = std::mem::take(&mut shown.offset);
            client
        });
        Self {
            clients: clients.collect(),
            offset,
            ahead: ahead as u64,
        }
    }

    /// Prints, and lets every client read all of it. `at_half` is called in the middle.
    fn flood(&mut self, printer: &Printer, text: &[u8], at_half: impl FnOnce()) -> Flooded {
        let base = self.offset;
        let progress = Progress::new(self.clients.len());
        let (progress, ahead) = (&progress, self.ahead);
        let begun = Instant::now();
        let mut written = Times::default();
        let mut longest_write = Duration::ZERO;
        let delays = thread::scope(|scope| {
            let reading = |(index, client)| {
                scope.spawn(move || read(client, base, text, |to| progress.reached(index, to)))
            };
            let readers: Vec<_> = self.clients.iter_mut().enumerate().map(reading).collect();
            let mut at_half = Some(at_half);
            for (index, piece) in text.chunks(PIECE).enumerate() {
                let end = (index * PIECE + piece.len()) as u64;
                progress.wait(end.saturating_sub(ahead));
                written.note(base + end);
                longest_write = longest_write.max(printer.print(piece));
                if end * 2 > text.len() as u64 {
                    at_half.take().into_iter().for_each(|call| call());
                }
            }
            let arrived = readers.into_iter().map(|reader| reader.join().unwrap());
            let mut delays: Vec<Duration> = arrived
                .flat_map(|arrived| arrived.delays_since(&written))
                .collect();
            delays.sort_unstable();
            delays
        });
        self.offset += text.len() as u64;
        Flooded {
            bytes: text.len(),
            took: begun.elapsed(),
            longest_write,
            delays,
        }
    }
}

/// How far each reader has come.
struct Progress {
    reached: Mutex<Vec<u64>>,
    moved: Condvar,
}

impl Progress {
    fn new(readers: usize) -> Self {
        Self {
            reached: Mutex::new(vec![0; readers]),
            moved: Condvar::new(),
        }
    }

    fn reached(&self, reader: usize, to: u64) {
        self.reached.lock().unwrap()[reader] = to;
        self.moved.notify_one();
    }

    /// Waits until every reader is there.
    fn wait(&self, to: u64) {
        let behind = |reached: &mut Vec<u64>| reached.iter().any(|at| *at < to);
        let reached = self.reached.lock().unwrap();
        let waited = self
            .moved
            .wait_timeout_while(reached, LONG, behind)
            .unwrap();
        assert!(
            !waited.1.timed_out(),
            "not all read up to {to}: {:?}",
            waited.0
        );
    }
}

impl Flooded {
    fn delay(&self, share: f64) -> Duration {
        let last = self.delays.len() - 1;
        self.delays[(last as f64 * share) as usize]
    }

    fn print(&self, what: &str) {
        let rate = self.bytes as f64 / self.took.as_secs_f64() / f64::from(1 << 20);
        eprintln!(
            "{what}: {} MiB in {:.2?} ({rate:.1} MiB/s), longest write {:.1?}, delay p50 {:.1?} p99 {:.1?} max {:.1?}",
            self.bytes >> 20,
            self.took,
            self.longest_write,
            self.delay(0.5),
            self.delay(0.99),
            self.delay(1.0),
        );
    }
}

/// Reads a text to its end, every byte of it and nothing else.
fn read(client: &mut Follower, base: u64, text: &[u8], reached: impl Fn(u64)) -> Times {
    let mut times = Times::default();
    let mut at = 0;
    while at < text.len() {
        match client.next() {
            Came::Output(offset, bytes) => {
                assert_eq!(offset, base + at as u64, "the next byte");
                let end = at + bytes.len();
                assert!(bytes == text[at..end], "the bytes of the pane at {at}");
                at = end;
                times.note(base + at as u64);
                reached(at as u64);
            }
            Came::Said(message) => assert!(
                message["type"] != "lagged" && message["type"] != "pane.snapshot",
                "{message}"
            ),
            other => panic!("{other:?} instead of output"),
        }
    }
    times
}

/// What was said, for messages.
fn summary(came: &Came) -> Option<String> {
    match came {
        Came::Said(message) => Some(message.to_string().chars().take(400).collect()),
        _ => None,
    }
}

/// Opens a pane and takes its first snapshot.
fn opened(client: &mut Follower, pane: &str) -> Pane {
    opened_with(client, pane, json!({}))
}

/// The same with further fields.
fn opened_with(client: &mut Follower, pane: &str, more: Value) -> Pane {
    client.open(pane, more);
    let mut shown = Pane::new();
    let mut replayed = false;
    while !replayed {
        let came = client.next();
        replayed = matches!(came, Came::Replay(_));
        shown.take(&came);
    }
    shown
}

/// A figure of a process, in KiB.
fn figure(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// How much memory a process has, and has had at most since it was last measured so.
struct Memory {
    pid: u32,
    before: u64,
}

impl Memory {
    fn watch(pid: u32) -> Self {
        fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
        let before = figure(pid, "VmRSS:");
        Self { pid, before }
    }

    /// By how much it has grown at most, in KiB.
    fn growth(&self, what: &str) -> u64 {
        let (most, now) = (figure(self.pid, "VmHWM:"), figure(self.pid, "VmRSS:"));
        eprintln!(
            "{what}: {} KiB before, at most {most} KiB, {now} KiB after",
            self.before
        );
        most.saturating_sub(self.before)
    }
}

/// A flood that nobody but tmux sees.
fn unseen_flood(server: &TmuxServer, text: &[u8]) -> Duration {
    let printer = Printer::new(server, "unseen");
    let longest = printer.print(text);
    shown(server, &printer.pane, &last_line(text));
    server.run(["kill-session", "-t", "=unseen:"]);
    longest
}

fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[text.len().saturating_sub(200)..]).into_owned();
    let at = text.rfind("line ").unwrap();
    text[at..at + 13].to_owned()
}

fn slow_client(program: &Program, usual: usize, again: Again) {
    let bytes = flood_bytes(usual);
    let queue = if bytes < LARGE { 1 << 20 } else { 4 << 20 };
    let server = TmuxServer::start(program);
    let name = named(program);
    let first = lines(0, bytes);
    let unseen = unseen_flood(&server, &first);
    eprintln!("{name}, {again:?}: without muxwire, longest write {unseen:.1?}");
    let printer = Printer::new(&server, "flood");
    let queue_bytes = queue.to_string();
    let scene = Scene::start(server, &[("MUXWIRE_PERFORMANCE_QUEUE_BYTES", &queue_bytes)]);
    let mut readers = Readers::open(&scene, &printer.pane, queue / 2);
    let [muxwire, tmux] = [scene.serving.pid(), scene.server.pid()];
    let memory = Memory::watch(muxwire);
    let alone = readers.flood(&printer, &first, || {});
    alone.print("  the nine alone");

    let mut slow = Follower::connect(scene.serving.address);
    let mut slow_pane = opened(&mut slow, &printer.pane);
    let second = lines(1 << 24, bytes);
    let end = readers.offset + second.len() as u64;
    let tmux_memory = Memory::watch(tmux);
    let (go, wait) = mpsc::channel();
    let (beside, shown_to_slow) = thread::scope(|scope| {
        let slow = scope.spawn(move || {
            wait.recv().unwrap();
            slow_pane.follow_to(&mut slow, end);
            slow_pane
        });
        let go = &go;
        let call = |when| {
            if again == when {
                go.send(()).unwrap();
            }
        };
        let beside = readers.flood(&printer, &second, || call(Again::InTheMiddle));
        call(Again::AtTheEnd);
        (beside, slow.join().unwrap())
    });
    beside.print("  beside a slow one");
    eprintln!(
        "  the slow one lagged {} times, {} snapshots, the last exact: {}",
        shown_to_slow.lagged, shown_to_slow.snapshots, shown_to_slow.exact
    );
    shown(&scene.server, &printer.pane, &last_line(&second));
    assert!(shown_to_slow.lagged > 0, "it read too fast");
    assert_eq!(
        shown_to_slow.terminal.text(),
        captured(&scene.server, &printer.pane)
    );
    let grown = memory.growth("  muxwire");
    assert!(
        grown < MUXWIRE_GROWTH_KIB,
        "muxwire has grown by {grown} KiB"
    );
    let grown = tmux_memory.growth("  tmux");
    assert!(grown < TMUX_GROWTH_KIB, "tmux has grown by {grown} KiB");
    // A machine that does other things as well adds noise, and most to the longest of thousands of writes. A slow client's
    // effect would exceed it by far: what it held up would wait until it reads again, and all of the flood is printed before.
    let noise = Duration::from_millis(250);
    let stall = Duration::from_secs(3);
    assert!(beside.delay(0.5) < alone.delay(0.5) * 3 + noise);
    assert!(beside.longest_write < unseen.max(alone.longest_write) * 3 + stall);
}

/// The history of 8 MiB, what is encoded of it, and what waits for clients.
const MUXWIRE_GROWTH_KIB: u64 = 48 << 10;
const TMUX_GROWTH_KIB: u64 = 8 << 10;

#[test]
fn a_client_that_stops_reading_disturbs_nobody_and_ends_exact() {
    for_each_version(|program| slow_client(program, 8, Again::AtTheEnd));
}

#[test]
fn a_client_that_reads_again_under_a_flood_ends_exact() {
    // Half of it is more than sockets and queues hold.
    for_each_version(|program| slow_client(program, 14, Again::InTheMiddle));
}

#[test]
fn a_page_is_never_further_behind_than_it_said() {
    const WINDOW: u64 = 64 << 10;
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let printer = Printer::new(&server, "flood");
        let scene = Scene::start(server, &[]);
        let mut readers = Readers::open(&scene, &printer.pane, 1 << 20);
        let connect = || {
            let mut client = Follower::connect(scene.serving.address);
            let shown = opened_with(&mut client, &printer.pane, json!({ "ack_window": WINDOW }));
            (client, shown)
        };
        let ((mut drawing, mut drawn), (mut silent, mut shown_to_silent)) = (connect(), connect());
        let text = lines(0, flood_bytes(2));
        let end = readers.offset + text.len() as u64;
        let pane = &printer.pane;
        let ack = |offset: u64| json!({ "action": "ack", "pane": pane, "offset": offset });
        thread::scope(|scope| {
            let drawing = scope.spawn(|| {
                let shown = &mut drawn;
                let mut acked = shown.offset;
                drawing.say(&ack(acked));
                while shown.offset < end || shown.is_replayed_later() {
                    let came = drawing.next();
                    shown.take(&came);
                    if matches!(came, Came::Replay(_)) {
                        acked = shown.offset;
                        drawing.say(&ack(acked));
                    } else if !matches!(came, Came::Output(..)) {
                        continue;
                    }
                    assert!(
                        shown.offset - acked <= WINDOW,
                        "more than the window is on its way"
                    );
                    if shown.offset - acked > WINDOW / 4 {
                        acked = shown.offset;
                        drawing.say(&ack(acked));
                    }
                }
            });
            readers.flood(&printer, &text, || {});
            drawing.join().unwrap();
        });
        shown(&scene.server, pane, &last_line(&text));
        let expected = captured(&scene.server, pane);
        assert_eq!(drawn.terminal.text(), expected);
        // Who says nothing gets a window and no more, until it does.
        silent.say(&json!({ "action": "ping", "id": 9 }));
        let shown = &mut shown_to_silent;
        let (begun, mut said) = (shown.offset, Vec::new());
        loop {
            let came = silent.next();
            if matches!(&came, Came::Said(message) if message["type"] == "pong") {
                break;
            }
            shown.take(&came);
            said.extend(summary(&came));
        }
        assert!(shown.offset - begun <= WINDOW, "{said:#?}");
        assert_eq!(shown.lagged, 0);
        silent.say(&ack(shown.offset));
        shown.follow_to(&mut silent, end);
        assert_eq!((shown.lagged, shown.exact), (1, true));
        assert_eq!(shown.terminal.text(), expected);
        eprintln!(
            "{}: the drawing page lagged {} times",
            named(program),
            drawn.lagged
        );
    });
}

#[test]
fn slow_clients_that_stop_again_and_again_end_exact() {
    let program = any_program();
    let server = TmuxServer::start(program);
    let printer = Printer::new(&server, "flood");
    let scene = Scene::start(server, &[("MUXWIRE_PERFORMANCE_QUEUE_BYTES", "256KiB")]);
    let mut readers = Readers::open(&scene, &printer.pane, 128 << 10);
    let mut slow = [1, 2].map(|_| Follower::connect(scene.serving.address));
    let mut panes = slow.each_mut().map(|client| opened(client, &printer.pane));
    let mut end = readers.offset;
    // Each flood finds them where the last one left them, and they read but once between two.
    for round in 0..2 {
        let text = lines(round << 24, 2 << 20);
        // However long the floods take: who reads nothing is not dead.
        let ping = json!({ "action": "ping" });
        slow.iter_mut().for_each(|client| client.say(&ping));
        readers.flood(&printer, &text, || {});
        end += text.len() as u64;
        for (client, pane) in slow.iter_mut().zip(&mut panes).take(round + 1) {
            pane.follow_to(client, end);
            shown(&scene.server, &printer.pane, &last_line(&text));
            assert_eq!(pane.terminal.text(), captured(&scene.server, &printer.pane));
        }
    }
}
