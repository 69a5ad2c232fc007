//! The corpus in every way that a client can bring text: to a raw pane it arrives as the bytes that it is, or it is
//! refused; nothing else of tmux changes, and nothing is run.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::corpus::{self, Hostile};
use super::{everything, hits};
use crate::support::bridge::LiveBridge;
use crate::support::served::Served;
use crate::support::server::Client;
use crate::support::{SOON, TmuxServer, for_each_version_async, wait_until_async};

/// A pane that keeps what is typed, and what was.
struct Pane {
    id: String,
    file: PathBuf,
    typed: Vec<u8>,
}

impl Pane {
    fn new(server: &TmuxServer, name: &str) -> Self {
        let file = server.folder().join(name);
        let script = format!("stty raw -echo; : > {0}; exec cat >> {0}", file.display());
        let (_, id) = server.new_session(name, &script);
        Self {
            id,
            file,
            typed: Vec::new(),
        }
    }

    /// These bytes are due next.
    fn is_due(&mut self, bytes: impl AsRef<[u8]>) {
        self.typed.extend_from_slice(bytes.as_ref());
    }

    /// All that is due has come, and nothing else.
    async fn gets_all(&self, how: &str) {
        let (file, wanted) = (&self.file, self.typed.len() as u64);
        let len = || fs::metadata(file).map_or(0, |found| found.len());
        wait_until_async(how, SOON, || len() >= wanted).await;
        self.holds(how);
    }

    fn holds(&self, how: &str) {
        let found = fs::read(&self.file).unwrap_or_default();
        let differs = found.iter().zip(&self.typed).position(|(a, b)| a != b);
        let lengths = (found.len(), self.typed.len());
        assert_eq!((differs, lengths.0), (None, lengths.1), "{how}");
    }
}

/// A tmux server with a pane to type into and one that nobody types into, and muxwire before it.
struct Scene {
    server: TmuxServer,
    served: Served,
    target: Pane,
    bystander: Pane,
}

impl Scene {
    /// Every way to name something that is not there: refused, and never anything more.
    async fn name(&self, client: &mut Client, one: &Hostile) {
        let text = &one.text;
        let requests = |target: Value| {
            [
                json!({ "action": "send-keys", "target": target, "text": "x" }),
                json!({ "action": "snapshot", "target": target, "screen": true }),
                json!({ "action": "open", "target": target }),
                json!({ "action": "close", "target": target }),
                json!({ "action": "command", "target": target, "command": "x" }),
                json!({ "action": "send-keys", "target": target, "keys": ["x"] }),
            ]
        };
        let whole = requests(json!({ "session": text }));
        let window = requests(json!({ "session": "target", "window": text }));
        let both = requests(json!({ "session": text, "window": text, "pane_index": 0 }));
        for request in whole.iter().chain(&window[..2]).chain(&both[..2]) {
            let answer = ask(client, request).await;
            refused(&answer, &["NOT_FOUND", "INVALID_MESSAGE", "TOO_LARGE"], one);
        }
        let pane = json!({ "action": "send-keys", "target": { "pane": text }, "text": "x" });
        refused(
            &ask(client, &pane).await,
            &["INVALID_MESSAGE", "TOO_LARGE"],
            one,
        );
        for list in ["types", "sessions", "windows", "panes"] {
            let filters = json!({ list: [text] });
            let subscribe = json!({ "action": "subscribe", "filters": filters });
            let answer = ask(client, &subscribe).await;
            if answer["type"] != "subscribed" {
                refused(
                    &answer,
                    &["INVALID_FILTER", "INVALID_MESSAGE", "TOO_LARGE"],
                    one,
                );
            }
            ask(client, &json!({ "action": "unsubscribe" })).await;
        }
        for request in [
            json!({ "action": "subscribe", "since": text }),
            json!({ "action": "subscribe", "since": { "epoch": text, "seq": 0 } }),
            json!({ "action": "open", "target": { "pane": &self.target.id }, "since": { "epoch": text, "offset": 0 } }),
            json!({ "action": text }),
            json!({ "action": "auth", "token": text }),
            json!({ "action": "auth", "ticket": text }),
            json!({ "action": "disconnect", "client_id": text, "reason": text }),
            json!({ "action": "ack", "pane": text, "offset": 0 }),
        ] {
            ask(client, &request).await;
        }
        // What they began is not to be in the way of what comes.
        *client = self.served.client().await;
    }

    /// Every way to type: what arrives is what was sent.
    async fn type_at_monitor(&mut self, client: &mut Client, one: &Hostile) {
        let text = &one.text;
        let pane = json!({ "pane": &self.target.id });
        let by_name = json!({ "session": "target", "window": 0, "pane_index": 0 });
        for target in [&pane, &by_name] {
            let request = json!({ "action": "send-keys", "target": target, "text": text });
            accepted(&ask(client, &request).await, one);
            self.target.is_due(text.as_bytes());
        }
        let line = json!({ "action": "command", "target": &pane, "command": text });
        let answer = ask(client, &line).await;
        if text.contains(['\r', '\n', '\0']) {
            refused(&answer, &["INVALID_MESSAGE"], one);
        } else {
            accepted(&answer, one);
            self.target.is_due(format!("{text}\r").as_bytes());
        }
        // None of the corpus is the name of a key but one, and the others don't become text.
        let keys = json!({ "action": "send-keys", "target": &pane, "keys": ["Up", text] });
        let answer = ask(client, &keys).await;
        if answer["type"] == "command.response" {
            let key: &[u8] = match &**text {
                "C-c" => b"\x03",
                one if one.len() == 1 => one.as_bytes(),
                other => panic!("{other:?} is no key: {answer}"),
            };
            self.target.is_due([b"\x1b[A", key].concat());
        } else {
            refused(
                &answer,
                &["UNKNOWN_KEY", "KEY_UNSUPPORTED", "INVALID_MESSAGE"],
                one,
            );
        }
        for field in ["id", "key"] {
            let short: String = text.chars().take(128).collect();
            let request =
                json!({ "action": "send-keys", "target": &pane, "text": "k", field: &short });
            let answer = ask_as_it_is(client, &request).await;
            accepted(&answer, one);
            assert!(
                field != "id" || answer["id"] == *short,
                "{}: {answer}",
                one.what
            );
            self.target.is_due(b"k");
        }
        self.target.gets_all(one.what).await;
    }

    async fn type_at_terminal(&mut self, client: &mut Client, one: &Hostile, binary: bool) {
        let text = &one.text;
        client.send(json!({ "type": "input", "data": text })).await;
        self.target.is_due(text.as_bytes());
        client
            .send(json!({ "type": "input", "data": text, "paste": true }))
            .await;
        // A paste can't end itself, so the ends within are taken out, also where nothing is bracketed.
        let pasted = text.replace("\u{1b}[201~", "").replace("\u{9b}201~", "");
        self.target.is_due(pasted.as_bytes());
        if binary {
            client.send_bytes(text.clone().into_bytes()).await;
            self.target.is_due(text.as_bytes());
        }
        // Fields that are not typed.
        let short: String = text.chars().take(64).collect();
        let elsewhere = json!({ "type": "connect", "sessionId": text });
        client.send_text(&elsewhere.to_string()).await;
        refused(
            &client.find("error").await,
            &["NOT_FOUND", "INVALID_MESSAGE", "TOO_LARGE"],
            one,
        );
        client
            .send(json!({ "type": "input", "data": "t", "timestamp": &short, "sessionId": text }))
            .await;
        self.target.is_due(b"t");
        self.target.gets_all(one.what).await;
    }

    /// A terminal at an address made of the text; it says that there is nothing.
    async fn ask_at_address(&self, one: &Hostile) {
        if one.text.len() > 2_000 {
            return;
        }
        let encoded: String = one
            .text
            .bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect();
        let mut client = self
            .served
            .client_at(&format!("/ws/terminal/{encoded}"), "muxwire.v1")
            .await;
        client.send(json!({ "type": "connect" })).await;
        refused(&client.find("error").await, &["NOT_FOUND"], one);
    }

    /// Sizes that are none change nothing.
    async fn resize_wrongly(&self, client: &mut Client) {
        let sizes = [
            "0",
            "-1",
            "10001",
            "1e9",
            "\"80\"",
            "\"#(x)\"",
            "80.5",
            "null",
            "[80]",
            "18446744073709551616",
        ];
        for size in sizes {
            for (cols, rows) in [(size, "24"), ("80", size)] {
                let resize = format!("{{\"type\":\"resize\",\"cols\":{cols},\"rows\":{rows}}}");
                client.send_text(&resize).await;
                let answer = client.find("error").await;
                assert_eq!(answer["code"], "INVALID_MESSAGE", "{resize}: {answer}");
            }
        }
    }
}

/// Sends a request, valid or not, and waits for what it gets.
async fn ask(client: &mut Client, request: &Value) -> Value {
    let mut request = request.clone();
    request["id"] = "asked".into();
    ask_as_it_is(client, &request).await
}

async fn ask_as_it_is(client: &mut Client, request: &Value) -> Value {
    client.send_text(&request.to_string()).await;
    let id = request.get("id");
    loop {
        let answer = client.next().await;
        let is_reply = answer.get("seq").is_none()
            || answer["type"] == "subscribed"
            || answer["type"] == "snapshot";
        // What is too long is not read, and so its id is not known.
        if is_reply && (id.is_none() || answer.get("id") == id || answer["code"] == "TOO_LARGE") {
            return answer;
        }
    }
}

fn accepted(answer: &Value, one: &Hostile) {
    assert_eq!(answer["type"], "command.response", "{}: {answer}", one.what);
}

fn refused(answer: &Value, codes: &[&str], one: &Hostile) {
    let code = answer["code"].as_str().unwrap_or_default();
    assert!(
        codes.contains(&code),
        "{}: {answer} instead of {codes:?}",
        one.what
    );
}

#[test]
fn whatever_clients_send_is_typed_or_refused_and_never_more() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.run(["set-option", "-g", "automatic-rename", "off"]);
        let (target, bystander) = (
            Pane::new(&server, "target"),
            Pane::new(&server, "bystander"),
        );
        for pane in [&target, &bystander] {
            wait_until_async("the pane is ready", SOON, || pane.file.exists()).await;
        }
        let bridge = LiveBridge::start(server.tmux().await);
        bridge.settled().await;
        let links = server.clients();
        let served = bridge.serve().await;
        let mut scene = Scene {
            server,
            served,
            target,
            bystander,
        };
        let before = everything(&scene.server);
        let texts = corpus::texts(scene.server.folder());
        let mut monitor = scene.served.client().await;
        let mut terminals = Vec::new();
        for subprotocol in ["muxwire.v1", "muxwire.v1.bin"] {
            let mut client = scene
                .served
                .client_at("/ws/terminal/target", subprotocol)
                .await;
            client.ask(json!({ "type": "connect" }), "connect").await;
            terminals.push(client);
        }
        for one in &texts {
            scene.name(&mut monitor, one).await;
            scene.type_at_monitor(&mut monitor, one).await;
            for (at, terminal) in terminals.iter_mut().enumerate() {
                scene.type_at_terminal(terminal, one, at == 1).await;
            }
            scene.ask_at_address(one).await;
            assert_eq!(hits(&scene.server), Vec::<String>::new(), "{}", one.what);
        }
        for bytes in corpus::bytes() {
            terminals[1].send_bytes(bytes.clone()).await;
            scene.target.is_due(bytes);
            scene.target.gets_all("bytes").await;
        }
        scene.resize_wrongly(&mut terminals[0]).await;
        // Beyond the limit nothing is typed at all, not even a part.
        let long = "#(touch hit)".repeat(6_000);
        let pane = json!({ "pane": &scene.target.id });
        let request = json!({ "action": "send-keys", "target": pane, "text": long });
        let answer = ask(&mut monitor, &request).await;
        assert_eq!(answer["code"], "TOO_LARGE");
        accepted(
            &ask(
                &mut monitor,
                &json!({ "action": "send-keys", "target": pane, "text": "." }),
            )
            .await,
            &texts[0],
        );
        scene.target.is_due(b".");
        scene.target.gets_all("the end").await;
        scene.bystander.holds("nobody else gets a byte");
        drop((monitor, terminals));
        assert_eq!(everything(&scene.server), before, "nothing else changes");
        assert_eq!(scene.server.clients(), links, "every link lives");
        assert_eq!(hits(&scene.server), Vec::<String>::new());
        bridge.stop().await;
    });
}
