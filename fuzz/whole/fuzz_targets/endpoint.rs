//! A whole server, from the bytes of a connection to the answers: frames, messages and what a client may do.
//!
//! The first byte says where the client connects; then comes a run of frames, each a byte for its first one, two for its
//! length and its payload, which are masked here. What is behind the last whole frame is sent as it is. Whatever the server
//! says is frames as RFC 6455 has them, JSON where it is text, and it ends by itself.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use muxwire_fuzz_whole::raw::{CLOSE, Raw, TEXT, frame};
use muxwire_fuzz_whole::support::server::{Setup, TestServer};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

const PLACES: [(&str, &str); 4] = [
    ("/monitor", "muxwire.v1"),
    ("/monitor", "muxwire.v1.bin"),
    ("/ws/terminal/a", "muxwire.v1"),
    ("/ws/terminal/a", "muxwire.v1.bin"),
];

thread_local! {
    static SERVER: RefCell<Option<(Runtime, TestServer)>> = const { RefCell::new(None) };
}

/// The frames that the input stands for, and what is left of it.
fn frames(mut data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let [first, high, low, rest @ ..] = data {
        let len = usize::from(u16::from_be_bytes([*high & 0x0f, *low]));
        let Some((payload, behind)) = rest.split_at_checked(len) else {
            break;
        };
        let mut whole = frame(first & 0x0f, payload).reserved(first >> 4 & 7);
        if first & 0x80 != 0 {
            whole = whole.open();
        }
        bytes.extend(whole.bytes());
        data = behind;
    }
    bytes.extend_from_slice(data);
    bytes
}

async fn talk(server: &TestServer, place: (&str, &str), bytes: &[u8]) {
    let mut raw = Raw::open(server.address, place.0, place.1).await;
    raw.send(bytes).await;
    raw.shut_down().await;
    let mut closed = false;
    while let Some(frame) = raw.frame().await {
        assert!(!closed, "something behind the close");
        closed = frame.opcode == CLOSE;
        if frame.opcode == TEXT {
            let message: Value = serde_json::from_slice(&frame.payload).expect("text is JSON");
            assert!(message["type"].is_string());
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((place, data)) = data.split_first() else {
        return;
    };
    SERVER.with_borrow_mut(|server| {
        let (runtime, server) = server.get_or_insert_with(|| {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            let server = runtime.block_on(TestServer::start(Setup::default()));
            (runtime, server)
        });
        let place = PLACES[usize::from(*place) % PLACES.len()];
        runtime.block_on(talk(server, place, &frames(data)));
    });
});
