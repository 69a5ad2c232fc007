//! What a thousand bad authentications a second cost the clients that are in, and the server.
//!
//! An authenticated client reads stamps as in the part `latency`, in rounds: at rest; while as many attempts go to a
//! second server, which shows what the load generator itself takes from so small a machine; and while they go to its
//! own. A quarter each of the texts is no token, damaged, unknown, and of the client's own id with another secret.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use data_encoding::BASE32_DNSSEC as BASE32;
use futures_util::FutureExt as _;
use muxwire::auth::{AuthSettings, Authenticator, Jwt, JwtRules, KeySet};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::Options;
use crate::muxwire::Muxwire;
use crate::numbers::{Times, now, short};
use crate::process::{mebibytes, peak, resident};
use crate::socket::Socket;
use crate::stamps::Rounds;
use crate::table::{Row, Table};
use crate::tmux::stamping;

/// Attempts in a second.
const RATE: u64 = 1000;
/// Connections that are open at one time.
const THREADS: u64 = 16;
/// Between two stamps.
const PAUSE: Duration = Duration::from_millis(4);
/// Stamps that are not counted, while everything warms up.
const WARM_UP: usize = 100;

/// Who attacks, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attack {
    /// New connections from one address.
    OneAddress,
    /// New connections, each from another of some thousand addresses.
    ManyAddresses,
    /// One connection, which is in already and authenticates again and again.
    OneConnection,
}

impl Attack {
    fn name(self) -> &'static str {
        match self {
            Self::OneAddress => "from one address",
            Self::ManyAddresses => "from 4000 addresses",
            Self::OneConnection => "over one connection",
        }
    }
}

pub fn measure(options: &Options, table: &mut Table) {
    signatures(options);
    let tmux = stamping(&options.tmux);
    let muxwire = Muxwire::start_with_token(&tmux);
    let rounds = Rounds::of(muxwire.subscribed());
    let other_tmux = stamping(&options.tmux);
    let other = Muxwire::start_with_token(&other_tmux);
    let count = options.pick(3000, 500);
    let round = |name: &str| {
        let period = u64::try_from(PAUSE.as_nanos()).unwrap();
        let stamps = count + WARM_UP;
        tmux.type_line(&format!("{} {period} {stamps}", now() + 500_000_000));
        let found = rounds.next(PAUSE * u32::try_from(stamps).unwrap());
        let times = Times::new(found[WARM_UP..].iter().map(|(_, time)| *time).collect());
        times.print(name);
        times
    };
    let quiet = round("at rest");
    for attack in [
        Attack::OneAddress,
        Attack::ManyAddresses,
        Attack::OneConnection,
    ] {
        println!("  {RATE} bad authentications a second, {}", attack.name());
        let beside = Flood::start(&other, attack);
        let neighbour = round("at a second server");
        beside.stop("second server");
        let flood = Flood::start(&muxwire, attack);
        let flooded = round("at its own server");
        let rate = flood.stop("own server");
        let again = round("at rest again");
        let memory = (resident(muxwire.pid()), peak(muxwire.pid()));
        let (now, most) = (mebibytes(memory.0), mebibytes(memory.1));
        println!("  memory after it {now:.1} MiB, the most ever {most:.1} MiB");
        let base = quiet.p99().max(again.p99());
        let ratio = flooded.p99() / base;
        let what = format!(
            "pane to client while {rate:.0} bad authentications a second come {}: p50 / p99, us",
            attack.name()
        );
        let row = Row::new(what, flooded.pair())
            .direct(format!("at rest {} / {}", short(quiet.p50()), short(base)))
            .other(format!("at a second server {}", neighbour.pair()))
            .compared(format!(
                "{ratio:.2} times the p99 at rest; {most:.0} MiB at most"
            ))
            .goal("p99 at most twice that at rest", ratio <= 2.0);
        table.add(row);
    }
}

/// How long it takes to check a JWT, on the thread that serves clients.
fn signatures(options: &Options) {
    let rules = JwtRules {
        issuer: "https://issuer.example".to_owned(),
        audience: "muxwire".to_owned(),
        permissions_claim: "permissions".to_owned(),
        sessions_claim: "sessions".to_owned(),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/jwt");
    let keys = KeySet::parse(&fs::read(folder.join("keys.json")).unwrap()).unwrap();
    let settings = AuthSettings {
        jwt: Some(Jwt::new(rules, keys)),
        ..AuthSettings::default()
    };
    let authenticator = Authenticator::new(Vec::new(), settings).unwrap();
    let tokens = fs::read_to_string(folder.join("tokens.txt")).unwrap();
    for (algorithm, token) in tokens.lines().filter_map(|line| line.split_once(' ')) {
        let check = || {
            let since = now();
            let verdict = authenticator.verify(token, None).now_or_never();
            assert!(verdict.expect("it is checked at once").is_ok());
            now() - since
        };
        let times = (0..options.pick(5000, 500)).map(|_| check());
        Times::new(times.collect()).print(&format!("checking {algorithm}"));
    }
}

/// Attempts that go on until they are stopped.
struct Flood {
    stop: Arc<AtomicBool>,
    attempts: Arc<AtomicU64>,
    answers: Arc<Mutex<BTreeMap<String, u64>>>,
    threads: Vec<JoinHandle<()>>,
    since: Instant,
}

impl Flood {
    fn start(muxwire: &Muxwire, attack: Attack) -> Self {
        let mut flood = Self {
            stop: Arc::default(),
            attempts: Arc::default(),
            answers: Arc::default(),
            threads: Vec::new(),
            since: Instant::now(),
        };
        let target = Target {
            address: muxwire.address.parse().unwrap(),
            token: muxwire.json().token.unwrap().to_owned(),
        };
        let threads = match attack {
            Attack::OneConnection => 1,
            Attack::OneAddress | Attack::ManyAddresses => THREADS,
        };
        for number in 0..threads {
            let (stop, attempts) = (Arc::clone(&flood.stop), Arc::clone(&flood.attempts));
            let (answers, target) = (Arc::clone(&flood.answers), target.clone());
            flood.threads.push(thread::spawn(move || {
                let mut line = (attack == Attack::OneConnection).then(|| Line::open(&target));
                let period = Duration::from_nanos(1_000_000_000 * threads / RATE);
                let mut due = Instant::now() + period * u32::try_from(number).unwrap() / 16;
                while !stop.load(Ordering::Relaxed) {
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    due += period;
                    let attempt = attempts.fetch_add(1, Ordering::Relaxed);
                    let text = target.bad_token(attempt);
                    let answer = match &mut line {
                        Some(line) => line.attempt(&target, &text),
                        None => target.attempt(attempt, attack, &text),
                    };
                    *answers.lock().unwrap().entry(answer).or_default() += 1;
                }
            }));
        }
        flood
    }

    /// Attempts in a second.
    fn stop(self, at: &str) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        #[expect(clippy::cast_precision_loss, reason = "they are few")]
        let rate =
            self.attempts.load(Ordering::Relaxed) as f64 / self.since.elapsed().as_secs_f64();
        println!(
            "  {at}: {rate:.0} attempts a second, {:?}",
            self.answers.lock().unwrap()
        );
        rate
    }
}

#[derive(Debug, Clone)]
struct Target {
    address: SocketAddr,
    /// The token of the client that is in.
    token: String,
}

impl Target {
    fn bad_token(&self, attempt: u64) -> String {
        let parts: Vec<&str> = self.token.split('_').collect();
        let [mw, id, secret, checksum] = parts[..] else {
            panic!("it is a token")
        };
        let known: [u8; 5] = BASE32.decode(id.as_bytes()).unwrap().try_into().unwrap();
        match attempt % 4 {
            0 => format!("hunter{attempt}"),
            1 => format!("{mw}_{id}_{}{}_{checksum}", &secret[1..], &secret[..1]),
            2 => token([1, 2, 3, 4, 5], attempt),
            _ => token(known, attempt),
        }
    }

    /// One attempt by a connection of its own; returns the result.
    fn attempt(&self, attempt: u64, attack: Attack, text: &str) -> String {
        let number = match attack {
            Attack::ManyAddresses => attempt / 4 % 4000,
            Attack::OneAddress | Attack::OneConnection => 0,
        };
        let [.., high, low] = number.to_be_bytes();
        let from = Ipv4Addr::new(127, 9, high, low.saturating_add(1));
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::new(IpAddr::V4(from), 0)).unwrap();
        if connect(&socket, &self.address).is_err() {
            return "not connected".to_owned();
        }
        let mut stream = TcpStream::from(socket);
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let request = format!(
            "GET /monitor HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Authorization: Bearer {text}\r\n\r\n",
            self.address
        );
        if stream.write_all(request.as_bytes()).is_err() {
            return "closed".to_owned();
        }
        answer(&mut stream)
    }
}

/// A connection that is let in, and asks again and again to be somebody else.
struct Line(Socket);

impl Line {
    fn open(target: &Target) -> Self {
        let offer = crate::socket::Offer {
            path: "/monitor",
            subprotocols: "muxwire.v1",
            token: Some(&target.token),
            deflate: false,
        };
        let mut socket = Socket::connect(&target.address.to_string(), offer);
        let welcome = answer(&mut socket.stream);
        assert_eq!(welcome, "accepted");
        socket
            .stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self(socket)
    }

    fn attempt(&mut self, target: &Target, text: &str) -> String {
        self.0
            .send(&format!(r#"{{"action":"auth","token":"{text}"}}"#));
        let answer = answer(&mut self.0.stream);
        if answer == "closed" {
            *self = Self::open(target);
        }
        answer
    }
}

/// What a server says to an attempt, in a word.
fn answer(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let mut buffer = [0; 2048];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return "closed".to_owned(),
            Ok(read) => said.extend_from_slice(&buffer[..read]),
        }
        let text = String::from_utf8_lossy(&said);
        let words = [
            ("\"success\":true", "accepted"),
            ("AUTH_FAILED", "failed"),
            ("too many tokens are being checked", "busy"),
            ("RATE_LIMITED", "limited"),
            ("HTTP/1.1 4", "refused"),
            ("HTTP/1.1 5", "refused"),
        ];
        if let Some((_, word)) = words.iter().find(|(sign, _)| text.contains(sign)) {
            return (*word).to_owned();
        }
    }
}

/// A text whose checksum fits, with a secret that nobody was given.
fn token(id: [u8; 5], attempt: u64) -> String {
    let mut secret = [7; 32];
    secret[..8].copy_from_slice(&attempt.to_be_bytes());
    let mut hasher = blake3::Hasher::new_derive_key("muxwire 2026-11-20 token checksum");
    hasher.update(&id);
    hasher.update(&secret);
    let mut checksum = [0; 5];
    hasher.finalize_xof().fill(&mut checksum);
    let parts = [&id[..], &secret, &checksum].map(|bytes| BASE32.encode(bytes));
    format!("mw_{}_{}_{}", parts[0], parts[1], parts[2])
}
