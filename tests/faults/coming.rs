//! Thousands of connections that come and go.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::witness::Witness;
use super::{Scene, descriptors};
use crate::support::server::Client;
use crate::support::{SOON, any_program, memory_of, wait_until_async};

/// How many come, unless `MUXWIRE_TEST_CONNECTIONS` says another number.
const CONNECTIONS: usize = 2000;

/// How many are there at one time.
const AT_ONCE: usize = 100;

/// By how much memory may have grown afterwards: what the allocator keeps to itself, and no multiple of the connections.
const GROWTH: u64 = 4 << 20;

/// One client, and the way in which it leaves.
async fn come_and_go(address: SocketAddr, number: usize) {
    let way = number % 5;
    if way == 0 {
        // It leaves before it has said anything that is whole.
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /monitor HTTP/1.1\r\n")
            .await
            .unwrap();
        return;
    }
    let mut client = Client::connect(address).await;
    client.expect("hello").await;
    client
        .ask(json!({ "action": "subscribe" }), "subscribed")
        .await;
    match way {
        1 => client.socket.close(None).await.unwrap(),
        2 => {
            client
                .send_text("{\"action\":\"open\",\"target\":{\"pane\":\"%0\"}}")
                .await
        }
        3 => client
            .socket
            .get_mut()
            .write_all(b"\x81\xe4")
            .await
            .unwrap(),
        _ => {}
    }
}

#[tokio::test]
async fn connections_that_come_and_go_leave_nothing_behind() {
    let asked = std::env::var("MUXWIRE_TEST_CONNECTIONS").ok();
    let count: usize = asked.map_or(CONNECTIONS, |asked| asked.parse().unwrap());
    let scene = Scene::open(any_program(), &[]);
    let (pid, address) = (scene.serving.pid(), scene.serving.address);
    let mut witness = Witness::start(&scene.serving).await;
    witness.works("main").await;
    let files = descriptors(pid);
    let wave = async |first: usize| {
        join_all((first..first + AT_ONCE).map(|number| come_and_go(address, number))).await;
    };
    // So many at once take their memory once.
    for first in 0..5 {
        wave(first * AT_ONCE).await;
    }
    wait_until_async("all are gone", SOON, || descriptors(pid) <= files).await;
    let before = memory_of(pid);
    let begun = Instant::now();
    for first in 0..count / AT_ONCE {
        wave(first * AT_ONCE).await;
        let pong = Instant::now();
        witness.ask(json!({ "action": "ping" })).await;
        assert!(pong.elapsed() < Duration::from_secs(2), "others are served");
    }
    let took = begun.elapsed();
    wait_until_async("all are gone", SOON, || descriptors(pid) <= files).await;
    let after = memory_of(pid);
    super::print_row(&format!(
        "| {count} connections came and went in {took:.1?} | descriptors {files} before, {} after | memory {} KiB before, {} KiB after |",
        descriptors(pid),
        before >> 10,
        after >> 10,
    ));
    assert!(after < before + GROWTH, "{before} bytes became {after}");
    witness.works("main").await;
    witness.agrees().await;
}
