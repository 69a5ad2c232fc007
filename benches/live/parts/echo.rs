//! From a keystroke to its echo, by one client that types and reads.
//!
//! Every client has a tmux server of its own, whose pane runs `cat` on a raw terminal. They type in turn, one key each.

use std::io::{Read, Write as _};
use std::process::{ChildStdin, ChildStdout};
use std::thread;
use std::time::Duration;

use memchr::memmem;

use crate::Options;
use crate::awake::Awake;
use crate::muxwire::Muxwire;
use crate::numbers::{Times, now, short};
use crate::parts::latency::web_terminal;
use crate::peers::Ttyd;
use crate::process::Guard;
use crate::socket::Socket;
use crate::table::{Row, Table};
use crate::tmux::Tmux;

/// Between two keystrokes; long enough that each finds everything idle.
const PAUSE: Duration = Duration::from_millis(4);
/// Keystrokes that are not counted.
const WARM_UP: usize = 50;
/// Keys that are part of no escape sequence, and need no escape in JSON.
const KEYS: &[u8] = b"#&+@_!*^|";
/// How far behind bare control clients muxwire may be, in microseconds.
const GOAL: f64 = 40.0;
/// What echoes.
pub(super) const PANE: &str = "stty raw -echo && exec cat";

/// Somebody who types.
pub(super) trait Typist {
    /// Types a key.
    fn press(&mut self, key: u8);
    /// Reads some more of what comes back.
    fn read(&mut self, buffer: &mut [u8]) -> usize;
    /// Whether the echo of the key is in what was received since it was pressed.
    fn has_echo(&self, read: &[u8], key: u8) -> bool;
    /// Takes in what is left of a keystroke, before the next one.
    fn settle(&mut self, _buffer: &mut [u8]) {}
}

/// Types on one control client and reads on another.
struct Bare {
    input: ChildStdin,
    replies: ChildStdout,
    output: ChildStdout,
    _alive: (Guard, (Guard, ChildStdin)),
}

impl Typist for Bare {
    fn press(&mut self, key: u8) {
        writeln!(self.input, "send-keys -H -t %0 {key:02x}").unwrap();
    }

    fn read(&mut self, buffer: &mut [u8]) -> usize {
        self.output.read(buffer).unwrap()
    }

    fn has_echo(&self, read: &[u8], key: u8) -> bool {
        let echo = [b"%output %0 ", &[key][..]].concat();
        memmem::find(read, &echo).is_some()
    }

    fn settle(&mut self, buffer: &mut [u8]) {
        let read = self.replies.read(buffer).unwrap();
        assert!(read > 0, "the typing client lives");
    }
}

/// Types and reads on one connection of muxwire.
pub(super) struct Client {
    socket: Socket,
    binary: bool,
    _alive: Option<Muxwire>,
}

impl Client {
    /// Of somebody else's muxwire.
    pub(super) fn json(socket: Socket) -> Self {
        Self {
            socket,
            binary: false,
            _alive: None,
        }
    }
}

impl Typist for Client {
    fn press(&mut self, key: u8) {
        let key = char::from(key);
        self.socket.send(&format!(
            r#"{{"action":"send-keys","target":{{"pane":"%0"}},"text":"{key}"}}"#
        ));
    }

    fn read(&mut self, buffer: &mut [u8]) -> usize {
        self.socket.read(buffer).unwrap()
    }

    fn has_echo(&self, read: &[u8], key: u8) -> bool {
        if self.binary {
            // A binary frame of the header's 28 bytes and the key.
            let at = memmem::find(read, &[0x82, 29, 1, 1]);
            return at.is_some_and(|at| read.get(at + 2 + 28) == Some(&key));
        }
        let echo = format!(r#""content":"{}""#, char::from(key));
        memmem::find(read, echo.as_bytes()).is_some()
    }
}

/// Types and reads as a page of ttyd does.
struct Page {
    socket: Socket,
    _alive: Ttyd,
}

impl Typist for Page {
    fn press(&mut self, key: u8) {
        self.socket.send_binary(&[b'0', key]);
    }

    fn read(&mut self, buffer: &mut [u8]) -> usize {
        self.socket.read(buffer).unwrap()
    }

    fn has_echo(&self, read: &[u8], key: u8) -> bool {
        read.contains(&key)
    }
}

/// A typist, its tmux, and its times.
struct Lane {
    name: &'static str,
    typist: Box<dyn Typist>,
    _tmux: Tmux,
}

const BARE: &str = "two bare control clients";
const JSON: &str = "muxwire, JSON";
const BINARY: &str = "muxwire, binary";
/// What the short table shows: the time of the programs, without that of waking cores.
const AWAKE: &str = "cores kept awake";
const TTYD: &str = "ttyd, tmux attach";

fn lanes(options: &Options) -> Vec<Lane> {
    let mut lanes = Vec::new();
    let mut add = |name, tmux, typist| {
        lanes.push(Lane {
            name,
            typist,
            _tmux: tmux,
        });
    };
    let tmux = Tmux::start(&options.tmux, PANE);
    let (writer, input, replies) = tmux.control(&["-f", "no-output"]);
    tmux.wait_for_clients(1);
    let (reader, unused, output) = tmux.control(&[]);
    tmux.wait_for_clients(2);
    let bare = Bare {
        input,
        replies,
        output,
        _alive: (writer, (reader, unused)),
    };
    add(BARE, tmux, Box::new(bare) as Box<dyn Typist>);

    for (name, binary) in [(JSON, false), (BINARY, true)] {
        let tmux = Tmux::start(&options.tmux, PANE);
        let muxwire = Muxwire::start(&tmux);
        let socket = if binary {
            muxwire.subscribed_binary()
        } else {
            Some(muxwire.subscribed())
        };
        if let Some(socket) = socket {
            let client = Client {
                socket,
                binary,
                _alive: Some(muxwire),
            };
            add(name, tmux, Box::new(client));
        }
    }

    let tmux = Tmux::start(&options.tmux, PANE);
    match Ttyd::start(&tmux) {
        Some(ttyd) => {
            let socket = ttyd.connect(&tmux);
            let page = Page {
                socket,
                _alive: ttyd,
            };
            add(TTYD, tmux, Box::new(page));
        }
        None => println!("  ttyd is missing (.ci/fetch-peers gets it): its figures are estimated"),
    }
    lanes
}

pub fn measure(options: &Options, table: &mut Table) {
    let mut lanes = lanes(options);
    let count = options.pick(2000, 300);
    println!("  at rest: cores sleep between keystrokes");
    let found = round(&mut lanes, count);
    rows(table, "at rest", &found);
    match Awake::start() {
        Some(_awake) => {
            println!("  cores kept awake");
            let found = round(&mut lanes, count);
            rows(table, AWAKE, &found);
        }
        None => println!("  chrt is missing: no figures with cores kept awake"),
    }
}

fn round(lanes: &mut [Lane], count: usize) -> Vec<(&'static str, Times)> {
    let mut times = vec![Vec::new(); lanes.len()];
    let mut buffer = vec![0; 64 << 10];
    for number in 0..count + WARM_UP {
        for (lane, times) in lanes.iter_mut().zip(&mut times) {
            thread::sleep(PAUSE);
            let key = KEYS[number % KEYS.len()];
            let time = keystroke(lane.typist.as_mut(), key, &mut buffer);
            if number >= WARM_UP {
                times.push(time);
            }
            lane.typist.settle(&mut buffer);
        }
    }
    let found = lanes.iter().zip(times).map(|(lane, times)| {
        let times = Times::new(times);
        times.print(lane.name);
        (lane.name, times)
    });
    found.collect()
}

/// The same for one of many keystrokes, after the pause before each.
pub(super) fn paused_keystroke(typist: &mut dyn Typist, number: usize) -> u64 {
    thread::sleep(PAUSE);
    keystroke(typist, KEYS[number % KEYS.len()], &mut vec![0; 64 << 10])
}

/// Nanoseconds from pressing a key until its echo has been read.
fn keystroke(typist: &mut dyn Typist, key: u8, buffer: &mut [u8]) -> u64 {
    let mut kept = Vec::new();
    let pressed = now();
    typist.press(key);
    loop {
        let read = typist.read(buffer);
        let at = now();
        assert!(read > 0, "the stream ended before an echo");
        kept.extend_from_slice(&buffer[..read]);
        if typist.has_echo(&kept, key) {
            return at - pressed;
        }
    }
}

fn rows(table: &mut Table, condition: &str, found: &[(&'static str, Times)]) {
    let of = |wanted: &str| found.iter().find(|(name, _)| *name == wanted);
    let bare = &of(BARE).unwrap().1;
    // What a web terminal needed when both were measured together: 114 and 754 us beside 81 to 114 and 280 to 411.
    let ratios = (114.0 / 97.0, 754.0 / 345.0);
    let terminal = web_terminal(of(TTYD).map(|(_, times)| times), bare, ratios);
    for (name, times) in [JSON, BINARY].into_iter().filter_map(of) {
        let difference = times.behind(bare);
        let ahead = times.p50() < terminal.p50 && times.p99() < terminal.p99;
        let row = Row::new(
            format!("keystroke to echo, {name}, {condition}: p50 / p99, us"),
            times.pair(),
        )
        .direct(bare.pair())
        .other(terminal.text.clone())
        .compared(format!("{} us at p50", short(difference)))
        .goal(
            "+40 us at p50, ahead of ttyd at both",
            ahead && difference <= GOAL,
        );
        let is_headline = *name == JSON && condition == AWAKE;
        table.add(if is_headline {
            row.headline("keystroke to echo, p50 / p99, us")
        } else {
            row
        });
    }
}
