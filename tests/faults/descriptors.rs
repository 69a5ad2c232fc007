//! No descriptors left, and hundreds of connections that never say what they want.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::json;

use super::partial::HANDSHAKE;
use super::witness::Witness;
use super::{Scene, cpu, descriptors, recovered};
use crate::support::server::Client;
use crate::support::{SOON, any_program, is_alive, pause, signal, wait_until, wait_until_async};

/// How much of a core may be busy while nobody can come in.
const BUSY: f64 = 0.1;

/// Lets a process have no more than so many files besides those that it has.
fn limit(pid: u32, more: usize) {
    let most = (descriptors(pid) + more) as u64;
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(20_000),
    };
    let process = Pid::from_raw(i32::try_from(pid).unwrap());
    prlimit(process, Resource::Nofile, limit).unwrap();
}

/// Connects, says the first words of a request or nothing, and waits no further.
fn half_open(address: SocketAddr, said: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(said).unwrap();
    stream
}

/// A client whose handshake was answered; none if it was refused without a word.
fn let_in(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    // It may be closed already.
    let _ = stream.write_all(HANDSHAKE.as_bytes());
    let mut said = [0; 12];
    match stream.read_exact(&mut said) {
        Ok(()) => assert_eq!(&said, b"HTTP/1.1 101"),
        Err(error) => {
            let refused = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
            assert!(refused.contains(&error.kind()), "{error}");
            return None;
        }
    }
    Some(stream)
}

#[tokio::test]
async fn without_descriptors_clients_go_on_and_new_ones_are_refused_until_there_is_room() {
    let program = any_program();
    let mut scene = Scene::open(program, &[]);
    let (pid, address) = (scene.serving.pid(), scene.serving.address);
    let mut witness = Witness::start(&scene.serving).await;
    witness.works("main").await;
    limit(pid, 24);
    let mut held = Vec::new();
    loop {
        let since = Instant::now();
        match let_in(address) {
            Some(client) => held.push(client),
            None => {
                recovered(
                    "no descriptors: a new client is refused",
                    &program.version,
                    since,
                );
                break;
            }
        }
    }
    assert!(held.len() > 8, "{} found room", held.len());
    witness.works("main").await;
    let (begun, busy) = (Instant::now(), cpu(pid));
    while begun.elapsed() < Duration::from_secs(2) {
        assert!(let_in(address).is_none());
        pause(Duration::from_millis(100)).await;
    }
    let share = (cpu(pid) - busy).as_secs_f64() / begun.elapsed().as_secs_f64();
    assert!(share < BUSY, "it was busy for {share:.2} of the time");
    witness.agrees().await;

    // Whatever else needs a descriptor meanwhile gets it later.
    let tmux = scene.server.pid();
    signal(tmux, Signal::KILL);
    witness.until("server.lost").await;
    wait_until("the server is gone", SOON, || !is_alive(tmux));
    scene.server.boot();
    let since = Instant::now();
    drop(held);
    let mut late = Client::connect(address).await;
    late.expect("hello").await;
    recovered(
        "descriptors again: a new client is let in",
        program.version.clone(),
        since,
    );
    witness.works("main").await;
    recovered(
        "descriptors again: a new tmux is taken up",
        program.version.clone(),
        since,
    );
    witness.agrees().await;
}

#[tokio::test]
async fn hundreds_of_half_open_connections_end_by_themselves() {
    // As many as there may be besides the WebSockets, and more.
    const ROOM: usize = 100 + 64;
    let program = any_program();
    // Looking for agents opens files of its own, some of them only now.
    let settings = [
        ("MUXWIRE_SERVER_MAX_CONNECTIONS", "100"),
        ("MUXWIRE_AGENTS_ENABLED", "false"),
    ];
    let scene = Scene::open(program, &settings);
    let (pid, address) = (scene.serving.pid(), scene.serving.address);
    let mut witness = Witness::start(&scene.serving).await;
    let before = descriptors(pid);
    let since = Instant::now();
    let said: [&[u8]; 3] = [b"", b"GET /monitor HTTP/1.1\r\nHost", b"\x16\x03\x01"];
    let held: Vec<TcpStream> = (0..ROOM * 2)
        .map(|number| half_open(address, said[number % said.len()]))
        .collect();
    let open = || descriptors(pid).saturating_sub(before);
    wait_until_async("all are accepted or refused", SOON, || open() <= ROOM).await;
    witness.works("main").await;
    let pong = Instant::now();
    witness.ask(json!({ "action": "ping" })).await;
    assert!(pong.elapsed() < Duration::from_secs(1), "it answers");
    wait_until_async("they are given up", SOON, || open() == 0).await;
    assert!(
        since.elapsed() < Duration::from_secs(15),
        "{:?}",
        since.elapsed()
    );
    drop(held);
    let mut late = Client::connect(address).await;
    late.expect("hello").await;
    witness.agrees().await;
}
