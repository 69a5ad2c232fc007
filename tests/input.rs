//! Input on a real tmux: large pastes to the byte, what stops them, and who waits for whom.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use muxwire::bridge::{ClientNumber, InputError, Key};
use muxwire::ids::PaneId;
use serde_json::json;
use tokio::time::timeout;

use crate::support::bridge::LiveBridge;
use crate::support::{Program, SOON, TmuxServer, for_each_version_async, wait_until};

/// A pane in which what is typed goes to a file, byte for byte; `first` is printed before.
fn raw_pane(server: &TmuxServer, name: &str, first: &str) -> (PaneId, PathBuf) {
    let file = server.folder().join(name);
    let script = format!(
        "stty raw -echo; printf '{first}'; : > {0}; exec cat >> {0}",
        file.display()
    );
    let (_, pane) = server.new_session(name, &script);
    wait_until("the pane is ready", SOON, || file.exists());
    (pane.parse().unwrap(), file)
}

async fn start(program: &Program, first: &str) -> (TmuxServer, PaneId, PathBuf, LiveBridge) {
    let server = TmuxServer::start(program);
    let (pane, file) = raw_pane(&server, "raw", first);
    let bridge = LiveBridge::start(server.tmux().await);
    bridge.settled().await;
    (server, pane, file, bridge)
}

fn holds(file: &Path, expected: &[u8]) {
    let len = || fs::metadata(file).unwrap().len();
    wait_until("all is typed", SOON, || len() >= expected.len() as u64);
    let found = fs::read(file).unwrap();
    let differs = found.iter().zip(expected).position(|(a, b)| a != b);
    assert_eq!((differs, found.len()), (None, expected.len()));
}

/// Every byte in many neighbourhoods.
fn all_bytes(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

#[test]
fn a_megabyte_is_typed_to_the_byte_while_others_type_too() {
    for_each_version_async(async |program| {
        let (server, pane, file, bridge) = start(&program, "").await;
        let (other, other_file) = raw_pane(&server, "other", "");
        bridge
            .until("the other pane", |state| state.panes.contains_key(&other))
            .await;
        let all = all_bytes(1 << 20);
        // Eight requests at once: they are typed in this order.
        let parts = all.chunks(1 << 17).map(|part| {
            let keys = vec![Key::Text(Bytes::copy_from_slice(part))];
            bridge.slow_input(ClientNumber(1), pane, keys)
        });
        let paste = join_all(parts);
        let keys = async {
            for byte in b'0'..=b'9' {
                let keys = vec![Key::Text(vec![byte].into())];
                bridge
                    .input_by(ClientNumber(2), other, keys, false)
                    .await
                    .unwrap();
            }
            fs::metadata(&file).unwrap().len()
        };
        let (outcomes, typed) = tokio::join!(paste, keys);
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert!(
            typed < all.len() as u64 / 2,
            "ten keys waited for {typed} bytes of the paste"
        );
        holds(&other_file, b"0123456789");
        holds(&file, &all);
        bridge.stop().await;
    });
}

#[test]
fn a_paste_that_is_stopped_says_how_far_it_came() {
    for_each_version_async(async |program| {
        let (server, pane, file, bridge) = start(&program, "").await;
        let all = all_bytes(200_000);
        let paste = bridge.slow_input(
            ClientNumber(1),
            pane,
            vec![Key::Text(Bytes::copy_from_slice(&all))],
        );
        let stop = async {
            while fs::metadata(&file).unwrap().len() < 10_000 {
                tokio::task::yield_now().await;
            }
            server.run(["copy-mode", "-t", &pane.to_string()]);
        };
        let (outcome, ()) = tokio::join!(paste, stop);
        let Err(InputError::Partly {
            typed,
            whole,
            error,
        }) = outcome
        else {
            panic!("{outcome:?}");
        };
        let mode = "copy-mode".to_owned();
        assert_eq!((*error, whole), (InputError::InMode { mode }, 200_000));
        assert!((10_000..200_000).contains(&typed), "{typed}");
        let typed = usize::try_from(typed).unwrap();
        holds(&file, &all[..typed]);
        // The client goes on from there, and nothing is missing or doubled.
        let rest = vec![Key::Text(Bytes::copy_from_slice(&all[typed..][..5000]))];
        bridge.input(pane, rest, true).await.unwrap();
        holds(&file, &all[..typed + 5000]);
        bridge.stop().await;
    });
}

#[test]
fn pastes_are_bracketed_if_the_program_asked() {
    let paste = || vec![Key::Paste(Bytes::from_static(b"one\ntwo\x1b[201~"))];
    for_each_version_async(async |program| {
        let (server, pane, file, bridge) = start(&program, r"\033[?2004hREADY").await;
        wait_until("tmux has heard of it", SOON, || {
            let shown = server.run(["capture-pane", "-p", "-t", &pane.to_string()]);
            shown.contains("READY")
        });
        bridge.input(pane, paste(), false).await.unwrap();
        holds(&file, b"\x1b[200~one\ntwo\x1b[201~");
        let (plain, plain_file) = raw_pane(&server, "plain", "");
        bridge
            .until("the plain pane", |state| state.panes.contains_key(&plain))
            .await;
        bridge.input(plain, paste(), false).await.unwrap();
        holds(&plain_file, b"one\ntwo");
        bridge.stop().await;
    });
}

/// On a terminal that was asked for nothing, whatever the version. The whole table is at `control_live::keys`.
#[test]
fn regression_a_key_is_never_typed_as_the_letters_of_its_name() {
    let rows: [(&str, &[u8]); 8] = [
        ("S-Enter", b"\r"),
        ("C-Enter", b"\r"),
        ("S-Up", b"\x1b[1;2A"),
        ("S-Tab", b"\x1b[Z"),
        ("C-M-a", b"\x1b\x01"),
        ("é", "é".as_bytes()),
        ("M-é", "\x1bé".as_bytes()),
        ("ß", "ß".as_bytes()),
    ];
    for_each_version_async(async |program| {
        let (_server, pane, file, bridge) = start(&program, "").await;
        let mut expected = Vec::new();
        for (name, bytes) in rows {
            let keys = vec![Key::Named(name.to_owned())];
            match bridge.input(pane, keys, false).await {
                Ok(()) => expected.extend_from_slice(bytes),
                Err(InputError::UnsupportedKey { key, why }) => {
                    assert_eq!((&*key, program.version.reports_key_mode()), (name, false));
                    assert!(
                        name.ends_with("-Enter") && why.contains("13;"),
                        "{name}: {why}"
                    );
                }
                Err(other) => panic!("{name}: {other:?}"),
            }
            bridge
                .input(pane, vec![Key::Text(Bytes::from_static(b"|"))], false)
                .await
                .unwrap();
            expected.push(b'|');
        }
        holds(&file, &expected);
        bridge.stop().await;
    });
}

#[test]
fn hundreds_of_keys_of_several_clients_stay_in_order() {
    for_each_version_async(async |program| {
        let (_server, pane, file, bridge) = start(&program, "").await;
        // Four clients, each with its own range of bytes, 60 keys under way of each at one time.
        let clients = (0..4_u8).map(|client| {
            let bridge = &bridge;
            async move {
                for _ in 0..5 {
                    let keys = (0..60_u8).map(|key| {
                        let keys = vec![Key::Text(vec![client << 6 | key].into())];
                        bridge.input_by(ClientNumber(client.into()), pane, keys, false)
                    });
                    assert!(join_all(keys).await.iter().all(Result::is_ok));
                }
            }
        });
        join_all(clients).await;
        let len = || fs::metadata(&file).unwrap().len();
        wait_until("all keys", SOON, || len() == 4 * 300);
        let typed = fs::read(&file).unwrap();
        for client in 0..4_u8 {
            let own: Vec<u8> = typed
                .iter()
                .filter(|byte| **byte >> 6 == client)
                .map(|byte| byte & 63)
                .collect();
            let expected: Vec<u8> = (0..5).flat_map(|_| 0..60_u8).collect();
            assert_eq!(own, expected, "client {client}");
        }
        bridge.stop().await;
    });
}

#[test]
fn a_client_that_asks_for_too_much_is_refused_and_no_other() {
    for_each_version_async(async |program| {
        let (_server, pane, file, bridge) = start(&program, "").await;
        let served = bridge.serve().await;
        let (mut greedy, mut other) = (served.client().await, served.client().await);
        let text = "x".repeat(4000);
        let typed = |target: &str, text: &str| json!({"action": "send-keys", "target": {"pane": target}, "text": text});
        for _ in 0..70 {
            greedy.send(typed(&pane.to_string(), &text)).await;
        }
        let answer = other.ask(typed("%0", "k"), "command.response").await;
        assert_eq!(answer["success"], true);
        let mut answers = [0, 0];
        for _ in 0..70 {
            let answer = greedy.next().await;
            let refused = answer["type"] == "error";
            assert!(!refused || answer["code"] == "RATE_LIMITED", "{answer}");
            answers[usize::from(refused)] += 1;
        }
        assert!(answers[0] >= 64, "{answers:?}");
        holds(&file, "x".repeat(4000 * answers[0]).as_bytes());
        bridge.stop().await;
    });
}

impl LiveBridge {
    /// The same as `input_by`, for what may take longer.
    async fn slow_input(
        &self,
        client: ClientNumber,
        pane: PaneId,
        keys: Vec<Key>,
    ) -> Result<(), InputError> {
        let limit = Duration::from_secs(120);
        let typed = self.unlimited_input(client, pane, keys, false);
        timeout(limit, typed).await.unwrap()
    }
}
