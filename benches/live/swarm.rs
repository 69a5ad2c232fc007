//! Many clients in one thread: the load generator.
//!
//! On two cores it competes with the server that it measures. So it does as little as it can while a stamp is under
//! way: the kernel reports that bytes have arrived for a client (an edge), and that moment is what counts. Only when all
//! clients have been reached, or nothing comes any more, it reads what has arrived, and looks for stamps in it and nothing
//! else. Once the first client is reached it does not sleep until the last one is: to wake a reader would cost the
//! server more than to send, which it would not have to do for clients elsewhere. How often it looked in vain shows
//! whether it was the bottleneck.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use crate::numbers::{float, now};
use crate::socket::Socket;
use crate::stamps::{Mark, Scanner};

/// How many ready connections one look takes.
const BATCH: usize = 1024;
/// After so long a silence it reads what has come, although some clients have not been reached.
const SILENCE: Duration = Duration::from_millis(2);

/// The pause between two looks while a stamp is under way, in nanoseconds.
const PAUSE: u64 = 2000;

/// What the clients of one group received in a round.
#[derive(Debug, Default)]
pub struct Round {
    /// For each stamp, how many clients have it, and when the last one got it.
    pub stamps: HashMap<u64, (usize, u64)>,
    /// How many clients saw the end of the round.
    pub ended: usize,
    /// All bytes read.
    pub bytes: u64,
}

impl Round {
    /// Nanoseconds from each stamp to the last of so many clients; it panics if one did not get all.
    pub fn times_to_last(&self, clients: usize) -> Vec<u64> {
        let complete = self.stamps.iter().map(|(stamp, (count, last))| {
            assert_eq!(*count, clients, "every client gets every stamp once");
            last - stamp
        });
        complete.collect()
    }

    pub fn deliveries(&self) -> usize {
        self.stamps.values().map(|(count, _)| count).sum()
    }
}

#[derive(Debug)]
struct Client {
    socket: Socket,
    scanner: Scanner,
    group: usize,
    /// When bytes last came that have not been read.
    reached: Option<u64>,
}

/// Connections, each of a group.
pub struct Swarm {
    epoll: OwnedFd,
    clients: Vec<Client>,
    /// How many clients each group has.
    groups: Vec<usize>,
    /// How many of them have been reached and not been read.
    reached: Vec<usize>,
    /// The clients that were reached and have not been read, in order.
    unread: Vec<usize>,
    events: Vec<epoll::Event>,
    buffer: Vec<u8>,
}

impl Swarm {
    pub fn new() -> Self {
        Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC).unwrap(),
            clients: Vec::new(),
            groups: Vec::new(),
            reached: Vec::new(),
            unread: Vec::new(),
            events: Vec::with_capacity(BATCH),
            buffer: vec![0; 64 << 10],
        }
    }

    /// Takes in a group of so many clients, each opened by `open`, and returns its number.
    pub fn add_group(&mut self, count: usize, open: impl Fn() -> Socket) -> usize {
        let group = self.groups.len();
        self.groups.push(count);
        self.reached.push(0);
        for _ in 0..count {
            let socket = open();
            socket.stream.set_nonblocking(true).unwrap();
            let data = epoll::EventData::new_u64(self.clients.len().try_into().unwrap());
            let edges = epoll::EventFlags::IN | epoll::EventFlags::ET;
            epoll::add(&self.epoll, &socket.stream, data, edges).unwrap();
            self.clients.push(Client {
                socket,
                scanner: Scanner::default(),
                group,
                reached: None,
            });
        }
        group
    }

    /// Reads until nothing comes for a while. Returns how many bytes came.
    pub fn settle(&mut self, quiet: Duration) -> u64 {
        let mut rounds = self.rounds();
        while self.wait(quiet) > 0 {
            self.read(&mut rounds);
        }
        rounds.iter().map(|round| round.bytes).sum()
    }

    /// Reads a round of stamps, until every client saw its end.
    ///
    /// The second value is the share of looks, while a stamp was under way, that found nothing new.
    pub fn round(&mut self, expected: Duration) -> (Vec<Round>, f64) {
        let begin = Instant::now();
        let mut rounds = self.rounds();
        let mut looks = [0_u64; 2];
        while rounds.iter().map(|round| round.ended).sum::<usize>() < self.clients.len() {
            // With nothing unread there is nothing to do before the next stamp.
            if self.wait(Duration::from_millis(100)) > 0 {
                self.follow(&mut looks);
                self.read(&mut rounds);
            }
            let limit = expected + Duration::from_secs(30);
            assert!(begin.elapsed() < limit, "the round ends in time");
        }
        let [found, vain] = looks.map(float);
        (rounds, vain / (found + vain).max(1.0))
    }

    /// Looks until a whole group has been reached, or nothing comes any more.
    fn follow(&mut self, looks: &mut [u64; 2]) {
        let mut last = now();
        while !self.is_group_complete() {
            let at = now();
            while now() < at + PAUSE {
                std::hint::spin_loop();
            }
            if self.wait(Duration::ZERO) > 0 {
                looks[0] += 1;
                last = at;
            } else if Duration::from_nanos(at - last) > SILENCE {
                return;
            } else {
                looks[1] += 1;
            }
        }
    }

    /// Whether every client of some group has been reached.
    fn is_group_complete(&self) -> bool {
        (0..self.groups.len()).any(|group| self.reached[group] == self.groups[group])
    }

    fn rounds(&self) -> Vec<Round> {
        self.groups.iter().map(|_| Round::default()).collect()
    }

    /// Notes who has been reached; how many there were.
    fn wait(&mut self, patience: Duration) -> usize {
        let patience = Timespec::try_from(patience).unwrap();
        let events = spare_capacity(&mut self.events);
        epoll::wait(&self.epoll, events, Some(&patience)).unwrap();
        let at = now();
        let ready = self.events.len();
        for event in self.events.drain(..) {
            let number = usize::try_from(event.data.u64()).unwrap();
            let client = &mut self.clients[number];
            if client.reached.replace(at).is_none() {
                self.unread.push(number);
                self.reached[client.group] += 1;
            }
        }
        ready
    }

    /// Reads what has come for those that have been reached.
    fn read(&mut self, rounds: &mut [Round]) {
        for number in self.unread.drain(..) {
            let client = &mut self.clients[number];
            let round = &mut rounds[client.group];
            while let Some(read) = read_some(&mut client.socket, &mut self.buffer) {
                round.bytes += u64::try_from(read).unwrap();
                let at = client.reached.unwrap_or_else(now);
                client
                    .scanner
                    .feed(&self.buffer[..read], |mark| match mark {
                        Mark::Stamp(stamp) => {
                            let (count, last) = round.stamps.entry(stamp).or_default();
                            *count += 1;
                            *last = at.max(*last);
                        }
                        Mark::End => round.ended += 1,
                    });
                if read < self.buffer.len() {
                    break;
                }
            }
            client.reached = None;
        }
        self.reached.fill(0);
    }
}

/// None if nothing is there.
fn read_some(socket: &mut Socket, buffer: &mut [u8]) -> Option<usize> {
    match socket.stream.read(buffer) {
        Ok(0) => panic!("the server closed a connection"),
        Ok(read) => Some(read),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("a connection failed: {error}"),
    }
}
