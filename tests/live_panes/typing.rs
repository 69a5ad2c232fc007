//! What is typed into terminals, to the byte.

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;

use super::{LONG, Scene, value_is};
use crate::support::random::Random;
use crate::support::server::Client;
use crate::support::{TmuxServer, any_program, for_each_version_async, wait_until_async};

/// A session in whose pane what is typed goes to a file, byte for byte.
fn raw_session(server: &TmuxServer, name: &str) -> (String, PathBuf) {
    let file = server.folder().join(name);
    let shown = file.display();
    let script = format!("stty raw -echo; printf READY; exec cat > {shown}");
    let (_, pane) = server.new_session(name, &script);
    super::shown(server, &pane, "READY");
    (pane, file)
}

async fn connected(scene: &Scene, session: &str, subprotocol: &str) -> Client {
    let path = format!("/ws/terminal/{session}");
    let mut client = scene.serving.client_at(&path, subprotocol).await;
    client.send(json!({ "type": "connect" })).await;
    client.expect("connect").await;
    client
}

async fn holds(file: &Path, expected: &[u8]) {
    let len = || fs::metadata(file).unwrap().len();
    wait_until_async("all is typed", LONG, || len() >= expected.len() as u64).await;
    let found = fs::read(file).unwrap();
    let differs = found.iter().zip(expected).position(|(a, b)| a != b);
    assert_eq!((differs, found.len()), (None, expected.len()));
}

fn random_bytes(len: usize) -> Vec<u8> {
    let mut random = Random::new(len as u64);
    (0..len).map(|_| random.next() as u8).collect()
}

/// Text of all control characters, of ASCII, and of characters that are longer.
fn random_text(len: usize) -> String {
    let mut random = Random::new(len as u64);
    let mut text = String::new();
    while text.len() < len {
        let code = match random.below(4) {
            0 => random.below(0x20),
            1 | 2 => random.below(0x80),
            _ => 0x80 + random.below(0x4000),
        };
        text.push(char::from_u32(u32::try_from(code).unwrap()).unwrap());
    }
    text
}

#[test]
fn every_byte_arrives_in_json_and_in_binary() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (_, text_file) = raw_session(&server, "text");
        let (_, binary_file) = raw_session(&server, "binary");
        let scene = Scene::start(server, &[]);
        let mut client = connected(&scene, "text", "muxwire.v1").await;
        let mut expected = String::new();
        for data in [
            "\0",
            "\u{1b}[A",
            "\u{1b}[200~\u{1b}[201~",
            "\r\n\t\u{7f}",
            "$HOME ~ \"';#{pid}\\",
            "\u{e9}\u{4e2d}\u{1f600}",
        ] {
            client.send(json!({ "type": "input", "data": data })).await;
            expected.push_str(data);
        }
        let all: String = (0..0x180).filter_map(char::from_u32).collect();
        client.send(json!({ "type": "input", "data": all })).await;
        expected.push_str(&all);
        holds(&text_file, expected.as_bytes()).await;
        let mut client = connected(&scene, "binary", "muxwire.v1.bin").await;
        let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        for piece in all.chunks(7) {
            client.send_bytes(piece.to_vec()).await;
        }
        holds(&binary_file, &all).await;
    });
}

#[test]
fn a_megabyte_arrives_in_pieces_in_json_and_in_binary() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (_, text_file) = raw_session(&server, "text");
        let (_, binary_file) = raw_session(&server, "binary");
        let scene = Scene::start(server, &[]);
        // Byte by byte it is the same way, so the older versions get less of it.
        let is_newest = program.version == any_program().version;
        let text = random_text(if is_newest { 1 << 20 } else { 128 << 10 });
        let bytes = random_bytes(1 << 20);
        let mut text_client = connected(&scene, "text", "muxwire.v1").await;
        let mut binary_client = connected(&scene, "binary", "muxwire.v1.bin").await;
        // Without a pause, so that most of it waits in sockets; what the server says is read on the way.
        let texts = async {
            let mut rest = &*text;
            while !rest.is_empty() {
                // Escapes make a message of JSON longer.
                let (now, later) = rest.split_at(rest.floor_char_boundary(10 << 10));
                text_client
                    .send(json!({ "type": "input", "data": now }))
                    .await;
                rest = later;
            }
        };
        let binaries = async {
            for piece in bytes.chunks(64 << 10) {
                binary_client.send_bytes(piece.to_vec()).await;
            }
        };
        tokio::join!(texts, binaries);
        tokio::join!(
            holds(&text_file, text.as_bytes()),
            holds(&binary_file, &bytes)
        );
        for client in [&mut text_client, &mut binary_client] {
            let answers = client.until_pong().await;
            assert!(
                answers.iter().all(|answer| answer["type"] != "error"),
                "{answers:?}"
            );
        }
    });
}

#[test]
fn keys_are_not_lost_while_another_terminal_pastes() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (_, paste_file) = raw_session(&server, "paste");
        let (_, key_file) = raw_session(&server, "keys");
        let scene = Scene::start(server, &[]);
        let mut pasting = connected(&scene, "paste", "muxwire.v1.bin").await;
        let mut typing = connected(&scene, "keys", "muxwire.v1").await;
        let bytes = random_bytes(512 << 10);
        let keys: String = (0..600)
            .map(|key| char::from(b'a' + (key % 26) as u8))
            .collect();
        let paste = async {
            for piece in bytes.chunks(64 << 10) {
                pasting.send_bytes(piece.to_vec()).await;
            }
        };
        let type_keys = async {
            for key in keys.chars() {
                typing.send(json!({ "type": "input", "data": key })).await;
            }
        };
        tokio::join!(paste, type_keys);
        tokio::join!(
            holds(&key_file, keys.as_bytes()),
            holds(&paste_file, &bytes)
        );
        // Who types at once much more than is allowed at a time waits, and loses nothing.
        let (mut sink, _stream) = typing.socket.split();
        for key in keys.chars() {
            let message = json!({ "type": "input", "data": key }).to_string();
            sink.feed(message.into()).await.unwrap();
        }
        sink.flush().await.unwrap();
        holds(&key_file, keys.repeat(2).as_bytes()).await;
    });
}

#[test]
fn a_paste_is_bracketed_if_the_program_asked_for_it() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let (pane, asked) = raw_session(&server, "asked");
        let (_, plain) = raw_session(&server, "plain");
        let scene = Scene::start(server, &[]);
        let paste = json!({ "type": "input", "data": "one\ntwo\u{1b}[201~x", "paste": true });
        let mut client = connected(&scene, "plain", "muxwire.v1").await;
        client.send(paste.clone()).await;
        holds(&plain, b"one\ntwox").await;
        // The program asks for it while muxwire listens.
        scene
            .server
            .run(["respawn-pane", "-k", "-t", &pane, &asks(&asked)]);
        let mut client = connected(&scene, "asked", "muxwire.v1").await;
        loop {
            let output = client.next().await;
            if output["data"]
                .as_str()
                .is_some_and(|data| data.contains("ASKED"))
            {
                break;
            }
        }
        if program.version.reports_bracketed_paste() {
            value_is(&scene.server, &pane, "#{bracket_paste_flag}", "1").await;
        }
        client.send(paste).await;
        holds(&asked, b"\x1b[200~one\ntwox\x1b[201~").await;
    });
}

fn asks(file: &Path) -> String {
    format!(
        "stty raw -echo; printf '\\033[?2004hASKED'; exec cat > {}",
        file.display()
    )
}
