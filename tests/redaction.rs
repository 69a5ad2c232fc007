//! What is kept from those who shall not see it: on every way to a client, in front of a real tmux. A client that may see all
//! stands beside it and does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::program::Home;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, for_each_version_async, pause};

const KEY: &str = "Zq7wXr2vPk9mTn4bLs6dHf3jGy8cVe5a";
const END: &str = "THE-END";

const ON: (&str, &str) = ("MUXWIRE_REDACTION_ENABLED", "true");

/// Prints the key in one piece, in colours, in parts with pauses, in a title, and wrapped over two rows.
fn print_script() -> String {
    let (half, rest) = KEY.split_at(16);
    let (a, b) = half.split_at(5);
    let lines = [
        format!("printf 'one ghp_{KEY}\\r\\n'"),
        format!("printf 'two \\033[31mghp_{a}\\033[1;32m{b}\\033[0m{rest}\\r\\n'"),
        format!(
            "printf 'three ghp_{a}'; sleep 0.1; printf '{b}'; sleep 0.5; printf '{rest}\\r\\n'"
        ),
        format!("printf '\\033]2;token={KEY}\\033\\\\'"),
        format!("printf '%70s ghp_{KEY}\\r\\n' wrapped"),
        format!("printf '{END}\\r\\n'"),
        "exec cat".to_owned(),
    ];
    lines.join("; ")
}

/// Whether four characters of the key that follow each other stand in a text, without its sequences.
fn shows(text: &str) -> bool {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => drop(
                rest.by_ref()
                    .find(|c| c.is_ascii_alphabetic() || *c == '\\'),
            ),
            '\r' | '\n' => {}
            c => plain.push(c),
        }
    }
    let key: Vec<char> = KEY.chars().collect();
    key.windows(4)
        .any(|part| plain.contains(&part.iter().collect::<String>()))
}

fn token(home: &Home, options: &str) -> String {
    let run = home.run(&format!("token create {options}"));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    run.stdout.trim().to_owned()
}

/// All texts of a message in one, those of output behind each other.
fn texts(value: &Value, into: &mut String) {
    match value {
        Value::String(text) => into.push_str(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => match fields.get("bytes").and_then(Value::as_array) {
            // A binary message, as the client reads it.
            Some(bytes) => {
                let byte = |byte: &Value| u8::try_from(byte.as_u64().unwrap()).unwrap();
                let bytes: Vec<u8> = bytes.iter().map(byte).collect();
                into.push_str(&String::from_utf8_lossy(&bytes));
            }
            None => fields.values().for_each(|field| texts(field, into)),
        },
        _ => {}
    }
}

/// Reads until the end of what is printed has come; gives all texts that came.
async fn read_to_end(client: &mut Client) -> String {
    let mut seen = String::new();
    while !seen.contains(END) {
        texts(&client.next().await, &mut seen);
    }
    seen
}

async fn authenticated(serving: &Serving, path: &str, subprotocol: &str, token: &str) -> Client {
    let mut client = serving.client_at(path, subprotocol).await;
    let accepted = client
        .ask(json!({ "action": "auth", "token": token }), "auth.response")
        .await;
    assert_eq!(accepted["success"], true, "{accepted}");
    client
}

/// Waits until the server knows the session.
async fn until_known(serving: &Serving, token: &str) {
    let mut client = authenticated(serving, "/monitor", "muxwire.v1", token).await;
    let snapshot = json!({ "action": "snapshot" });
    let since = Instant::now();
    while client.ask(snapshot.clone(), "snapshot").await["sessions"] == json!([]) {
        assert!(since.elapsed() < SOON, "the session is not known");
        pause(Duration::from_millis(20)).await;
    }
}

/// The ways on which a client sees a pane: address, subprotocol, and what it asks for.
fn ways() -> Vec<(&'static str, &'static str, Value)> {
    let open = json!({ "action": "open", "target": { "session": "main" }, "scrollback": 1000 });
    let subscribe = json!({ "action": "subscribe" });
    vec![
        ("/monitor", "muxwire.v1", subscribe.clone()),
        ("/monitor", "muxwire.v1.bin", subscribe),
        ("/monitor", "muxwire.v1", open.clone()),
        ("/monitor", "muxwire.v1.bin", open),
        (
            "/ws/terminal/main",
            "muxwire.v1",
            json!({ "type": "connect", "scrollback": 1000 }),
        ),
        (
            "/ws/terminal/main",
            "muxwire.v1.bin",
            json!({ "type": "connect", "scrollback": 1000 }),
        ),
    ]
}

#[test]
fn no_way_shows_a_secret_to_those_from_whom_it_is_kept() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let home = Home::new();
        let reader = token(&home, "--name reader");
        let admin = token(&home, "--name admin --allow admin");
        let serving = Serving::start_in(home, &server, &[], &[ON]);
        until_known(&serving, &admin).await;
        let mut clients = Vec::new();
        for (path, subprotocol, request) in ways() {
            for (token, may_know) in [(&reader, false), (&admin, true)] {
                let mut client = authenticated(&serving, path, subprotocol, token).await;
                client.send(request.clone()).await;
                clients.push((format!("{path} {subprotocol} {request}"), may_know, client));
            }
        }
        for (what, _, client) in &mut clients {
            let answer = client.next().await;
            assert!(answer["type"] != "error", "{what}: {answer}");
        }
        server.run(["respawn-pane", "-k", "-t", "main", &print_script()]);
        for (what, may_know, client) in &mut clients {
            let seen = read_to_end(client).await;
            assert_eq!(shows(&seen), *may_know, "{what}: {seen}");
        }
        // Who comes later sees it in the screen and its history, and in what is replayed.
        for (token, may_know) in [(&reader, false), (&admin, true)] {
            for (path, subprotocol, request) in ways().split_off(2) {
                let mut client = authenticated(&serving, path, subprotocol, token).await;
                client.send(request.clone()).await;
                let seen = read_to_end(&mut client).await;
                assert_eq!(shows(&seen), may_know, "{path} {request}: {seen}");
            }
            let mut client = authenticated(&serving, "/monitor", "muxwire.v1", token).await;
            let epoch = client
                .ask(
                    json!({ "action": "subscribe", "filters": { "types": ["server.*"] } }),
                    "subscribed",
                )
                .await["epoch"]
                .clone();
            let since = json!({ "epoch": epoch, "seq": 0 });
            client
                .send(json!({ "action": "subscribe", "since": since }))
                .await;
            let seen = read_to_end(&mut client).await;
            assert_eq!(shows(&seen), may_know, "replayed: {seen}");
            let snapshot = json!({ "action": "snapshot", "id": 9, "screen": true });
            let mut seen = String::new();
            client.send(snapshot).await;
            texts(&client.find("snapshot").await, &mut seen);
            assert_eq!(shows(&seen), may_know, "state: {seen}");
        }
    });
}

/// A token may ask for it whatever it may do; while redaction is off, such a token is not let in.
#[test]
fn a_token_can_ask_for_it() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        for (settings, accepted) in [(&[ON][..], true), (&[], false)] {
            let home = Home::new();
            let token = token(&home, "--name writer --allow write --redact");
            let listed = home.run("token list --json");
            assert!(
                listed.stdout.contains("\"redact\": true"),
                "{}",
                listed.stdout
            );
            let serving = Serving::start_in(home, &server, &[], settings);
            let mut client = serving.client().await;
            let auth = json!({ "action": "auth", "token": token });
            let answer = client.ask(auth, "auth.response").await;
            assert_eq!(answer["success"], accepted, "{answer}");
            if accepted {
                assert_eq!(answer["redacted"], true, "{answer}");
            } else {
                let why = answer["message"].as_str().unwrap();
                assert!(why.contains("redaction.enabled"), "{why}");
            }
        }
    });
}

#[test]
fn settings_that_mask_nothing_or_can_not_be_read_are_refused() {
    let rows = [
        ("MUXWIRE_REDACTION_DEFAULTS", "false", "redaction.rules"),
        ("MUXWIRE_REDACTION_RULES", "a(b", "character 2"),
        (
            "MUXWIRE_REDACTION_ROLES",
            "boss",
            "read, write, emit and admin",
        ),
    ];
    for (variable, value, part) in rows {
        let home = Home::new();
        let mut command = home.muxwire(["serve", "--listen", "127.0.0.1:0", "--demo"]);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs([ON, (variable, value)]);
        let run = crate::support::program::Run::of(&mut command);
        assert_eq!(run.code, Some(1), "{variable}: {}", run.stdout);
        assert!(run.stderr.contains(part), "{variable}: {}", run.stderr);
    }
}
