//! What is typed arrives, byte for byte and key for key.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use muxwire::control::{
    Command, InputBytes, KeyName, MAX_INPUT_BYTES, MAX_STROKES, Otherwise, Outcome, Stroke, Typing,
    When,
};
use muxwire::ids::PaneId;

use super::Attached;
use crate::support::{SOON, TmuxServer, for_each_version, wait_until};

#[test]
fn bytes_are_typed_exactly() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let typed = server.folder().join("typed");
        let pane = raw_pane(&server, &typed);
        let all: Vec<u8> = (0..=255).cycle().take(2_000).collect();
        attached.type_bytes(pane, &all[..MAX_INPUT_BYTES]);
        // As input is sent: after a check, on one line.
        for bytes in InputBytes::split(Bytes::copy_from_slice(&all[MAX_INPUT_BYTES..])) {
            let batch = vec![
                Command::CheckPane { pane },
                Command::SendBytes { pane, bytes },
            ];
            let outcomes = attached.batch(batch);
            assert!(
                matches!(outcomes[..], [Outcome::Done(_), Outcome::Done(_)]),
                "{outcomes:?}"
            );
        }
        wait_until("all bytes are typed", SOON, || {
            fs::read(&typed).unwrap().len() >= all.len()
        });
        assert_eq!(fs::read(&typed).unwrap(), all);
    });
}

/// A pane in which what is typed goes to a file, byte for byte.
fn raw_pane(server: &TmuxServer, typed: &Path) -> PaneId {
    let script = format!("stty raw -echo; : > {0}; exec cat >> {0}", typed.display());
    let (_, pane) = server.new_session("raw", &script);
    wait_until("the pane is ready", SOON, || typed.exists());
    pane.parse().unwrap()
}

/// Types strokes as requests of clients are typed, and gives what tmux says of it.
pub(super) fn type_if_ready(
    attached: &mut Attached,
    server: &TmuxServer,
    pane: PaneId,
    strokes: Vec<Stroke>,
) -> Vec<u8> {
    let reports = server.version().answers_inside();
    let otherwise = if reports {
        Otherwise::Report
    } else {
        Otherwise::Nothing
    };
    let typing = Typing::new(pane, strokes, When::TakesKeys, otherwise).unwrap();
    let mut batch = vec![Command::Type(typing)];
    if !reports {
        batch.push(Command::CheckPane { pane });
    }
    match attached.batch(batch).pop().unwrap() {
        Outcome::Done(body) => body.as_bytes().to_vec(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn looking_and_typing_in_one_line_types_the_same() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let typed = server.folder().join("typed");
        let pane = raw_pane(&server, &typed);
        let names = (b'!'..=b'~').map(|byte| char::from(byte).to_string());
        let names = names
            .chain(["Enter", "C-\\", "M-'", "C-]", "M-~", "M-;", "KP*", "M-\""].map(str::to_owned));
        let keys: Vec<KeyName> = names.map(|name| KeyName::new(&name).unwrap()).collect();
        for key in &keys {
            let key = key.clone();
            attached.done(Command::SendKey { pane, key });
        }
        let all: Vec<u8> = (0..=255).cycle().take(MAX_INPUT_BYTES).collect();
        attached.type_bytes(pane, &all);
        for keys in keys.chunks(MAX_STROKES) {
            let strokes = keys.iter().cloned().map(Stroke::Key).collect();
            let says = type_if_ready(&mut attached, &server, pane, strokes);
            assert!(says.is_empty() || !server.version().answers_inside());
        }
        let bytes = InputBytes::new(all).unwrap();
        type_if_ready(&mut attached, &server, pane, vec![Stroke::Bytes(bytes)]);
        let halves = || {
            let typed = fs::read(&typed).unwrap();
            let (one, other) = typed.split_at(typed.len() / 2);
            (one.len() > MAX_INPUT_BYTES && one == other).then_some(())
        };
        wait_until("both are typed alike", SOON, || halves().is_some());
    });
}

#[test]
fn every_key_name_is_a_key() {
    let names = "BSpace BTab DC Delete Down End Enter Escape F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 Home IC Insert KP* \
                 KP+ KP- KP. KP/ KP0 KP1 KP2 KP3 KP4 KP5 KP6 KP7 KP8 KP9 KPEnter Left NPage PPage PageDown PgUp Right \
                 Space Tab Up C-c M-x C-M-a S-Up C-Left M-Enter M-; C-] M-' M-\\ M-~ M-$ M-{ C-\\";
    let printable = (b'!'..=b'~').map(|byte| char::from(byte).to_string());
    let names: Vec<String> = names
        .split_whitespace()
        .map(str::to_owned)
        .chain(printable)
        .collect();
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let mut attached = Attached::new(&server);
        let typed = server.folder().join("typed");
        let pane = raw_pane(&server, &typed);
        for name in &names {
            let key = KeyName::new(name).unwrap();
            assert_eq!(
                attached.done(Command::SendKey { pane, key }).as_bytes(),
                b"",
                "{name}"
            );
            attached.type_bytes(pane, b"\0");
        }
        let count = || {
            fs::read(&typed)
                .unwrap()
                .iter()
                .filter(|byte| **byte == 0)
                .count()
        };
        wait_until("all keys are typed", SOON, || count() == names.len());
        let typed = fs::read(&typed).unwrap();
        for (name, keys) in names.iter().zip(typed.split(|byte| *byte == 0)) {
            if name.len() == 1 {
                assert_eq!(keys, name.as_bytes(), "a character is itself");
            } else {
                let shown = keys.escape_ascii();
                assert!(
                    !keys.is_empty() && keys != name.as_bytes(),
                    "{name} is typed as {shown}"
                );
                assert!(keys.len() < 8, "{name} is typed as {shown}");
            }
        }
    });
}
