//! What reaches the terminal of a person who runs `muxwire watch` is text and colours, whatever panes print, whatever things
//! are called, and whatever a server says that is not to be trusted.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;

use futures_util::{SinkExt as _, StreamExt as _};
use muxwire::printable::acts_on_terminals;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::support::program::Home;
use crate::support::server::TestServer;
use crate::support::world::{World, stamp};
use crate::support::{SOON, signal};

/// Everything that a terminal would act on, or that would not be seen for what it is, around words that are text.
const SEQUENCES: [&str; 34] = [
    "\u{1b}]52;c;cm0gLXJmIH4=\u{7}",
    "\u{1b}]52;c;?\u{1b}\\",
    "\u{1b}]8;;https://evil.example\u{1b}\\LINK\u{1b}]8;;\u{1b}\\",
    "\u{1b}]0;TITLE\u{7}",
    "\u{1b}]2;TITLE\u{1b}\\",
    "\u{1b}]9;NOTE\u{7}",
    "\u{1b}]1337;File=name=eA==;inline=1:eA==\u{7}",
    "\u{1b}]777;notify;a;b\u{7}",
    "\u{1b}]4;1;?\u{7}",
    "\u{1b}]10;?\u{1b}\\",
    "\u{1b}Pq#0;2;0;0;0#0~~\u{1b}\\",
    "\u{1b}P$q\"p\u{1b}\\",
    "\u{1b}P+q544e\u{1b}\\",
    "\u{1b}Ptmux;\u{1b}\u{1b}]52;c;eA==\u{7}\u{1b}\\",
    "\u{1b}_Gf=100;AAAA\u{1b}\\",
    "\u{1b}^PM\u{1b}\\",
    "\u{1b}XSOS\u{1b}\\",
    "\u{1b}k#(touch hit)\u{1b}\\",
    "\u{1b}[c\u{1b}[>c\u{1b}[=c\u{1b}[6n\u{1b}[?6n\u{1b}[5n\u{1b}[x\u{1b}[18t\u{1b}[21t\u{1b}[>q",
    "\u{1b}[2J\u{1b}[H\u{1b}[3J\u{1b}c\u{1b}[!p",
    "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?1000h\u{1b}[?2004h\u{1b}[?1004h\u{1b}[?2026h",
    "\u{1b}[8;1;1t\u{1b}[2t\u{1b}[22;0t\u{1b}[4h\u{1b}[20h",
    "\u{1b}[5m\u{1b}[8mHIDDEN\u{1b}[28m\u{1b}[38;5;1;48;2;1;2;3;4:3;58:2::1:2:3m",
    "\u{1b}(0\u{1b})0\u{e}\u{f}\u{1b}n\u{1b}o\u{1b}%G\u{1b}#8",
    "\u{1b}[99999999999999999999C\u{1b}[4294967295b\u{1b}[1000000@",
    "\u{9b}6n\u{9d}52;c;eA==\u{9c}\u{90}$q\u{9c}\u{9f}G\u{9c}\u{85}\u{84}\u{8d}",
    "\u{7}\u{8}\u{b}\u{c}\u{0}\u{5}\u{7f}\u{1a}\u{18}",
    "\r12:00:00.000 main:0.%0 forged\r",
    "\u{202e}desrever\u{202d}\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}",
    "\u{e0001}\u{e0069}\u{e0067}\u{e006e}\u{e006f}\u{e0072}\u{e0065}\u{e007f}",
    "\u{200b}\u{2060}\u{2061}\u{2062}\u{2063}\u{2064}\u{feff}\u{fff9}\u{fffa}\u{fffb}",
    "\u{2028}\u{2029}",
    "\n00:00:00.000 main:0.%9 | forged\n",
    "\u{1b}",
];

fn all() -> String {
    let with_words = |sequence: &str| format!("W{sequence}W ");
    SEQUENCES.into_iter().map(with_words).collect()
}

/// Whether a terminal does nothing with this but show it.
fn check(output: &str, what: &str) {
    for line in output.split('\n') {
        let mut rest = line;
        while let Some((before, sequence)) = rest.split_once('\u{1b}') {
            assert!(!before.contains(acts_on_terminals), "{what}: {line:?}");
            let colours = sequence.strip_prefix('[').unwrap_or("?");
            let end = colours.find(|c: char| !c.is_ascii_digit() && c != ';');
            let end = end.filter(|end| colours[*end..].starts_with('m'));
            let Some(end) = end else {
                panic!("{what}: {line:?}")
            };
            // Neither blinking nor hidden.
            let codes: Vec<&str> = colours[..end].split(';').collect();
            let plain = !codes.contains(&"38") && !codes.contains(&"48");
            assert!(
                !plain || !codes.iter().any(|code| ["5", "6", "8"].contains(code)),
                "{what}: {line:?}"
            );
            rest = &colours[end + 1..];
        }
        assert!(!rest.contains(acts_on_terminals), "{what}: {line:?}");
    }
}

/// `muxwire watch` on an address.
fn watch(home: &Home, address: SocketAddr, arguments: &[&str], token: bool) -> Child {
    let url = format!("ws://{address}");
    let fixed = ["watch", "--url", &url, "--color", "always"];
    let mut command = Command::from(home.muxwire(fixed.iter().chain(arguments)));
    if token {
        command.env("MUXWIRE_TOKEN", "mw_x");
    }
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// What it printed until it ended, or until this text came, upon which it is interrupted.
async fn printed(mut child: Child, until: &str) -> (String, String) {
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let pid = child.id().unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let read = async {
        let mut seen = false;
        let (mut out_open, mut err_open) = (true, true);
        while out_open || err_open {
            tokio::select! {
                read = stdout.read_buf(&mut out), if out_open => out_open = read.unwrap() > 0,
                read = stderr.read_buf(&mut err), if err_open => err_open = read.unwrap() > 0,
            }
            let holds = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(until);
            if !seen && (holds(&out) || holds(&err)) {
                seen = true;
                signal(pid, Signal::INT);
            }
        }
    };
    let ended = timeout(SOON, read).await;
    let [out, err] = [out, err].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(ended.is_ok(), "{until:?} did not come: {out} {err}");
    (out, err)
}

#[tokio::test]
async fn hostile_panes_and_names_are_text_to_the_operator() {
    let server = TestServer::open().await;
    let mut world = World::new();
    let session = world.session("first");
    world.publish(&server.hub);
    let home = Home::new();
    let child = watch(&home, server.address, &["--since", "1.e1.0"], false);
    let json = watch(
        &home,
        server.address,
        &["--since", "1.e1.0", "--json"],
        false,
    );
    let meant = all();
    world.rename(session, &meant);
    for window in world.state.windows.values_mut() {
        window.name.clone_from(&meant);
    }
    for pane in world.state.panes.values_mut() {
        (pane.title, pane.command, pane.path) = (meant.clone(), meant.clone(), meant.clone());
    }
    world.publish(&server.hub);
    let pane = muxwire::ids::PaneId(0);
    let mut offset = 0;
    let mut print = |bytes: &[u8]| {
        let bytes: &'static [u8] = bytes.to_vec().leak();
        server
            .hub
            .publish([world.output(pane, offset, bytes)], None, stamp());
        offset += bytes.len() as u64;
    };
    for sequence in SEQUENCES {
        let whole = format!("VISIBLE{sequence}\u{18}SHOWN\r\n");
        for (at, _) in whole.char_indices() {
            print(&whole.as_bytes()[..at]);
            print(&whole.as_bytes()[at..]);
        }
    }
    print(b"\x1b\\\r\nTHE END\r\n");
    let (out, err) = printed(child, "THE END").await;
    check(&out, "stdout");
    check(&err, "stderr");
    let shown = out.matches("SHOWN").count();
    assert!(
        shown > SEQUENCES.len() * 5,
        "{shown} of what is text is shown"
    );
    // No line is a pane's own: each begins with a time and the place.
    for line in out.lines().filter(|line| line.contains("forged")) {
        assert!(
            !line.starts_with("00:00:00.000") && !line.starts_with("12:00:00.000"),
            "{line:?}"
        );
    }
    let (out, err) = printed(json, "THE END").await;
    check(&err, "stderr of --json");
    check(&out, "stdout of --json");
    for line in out.lines() {
        assert!(
            !line.contains('\u{1b}') && serde_json::from_str::<Value>(line).is_ok(),
            "{line:?}"
        );
    }
}

/// What a server that is not to be trusted says, and how it ends.
#[derive(Clone)]
struct Script {
    what: &'static str,
    /// In answer to the handshake, instead of an upgrade.
    http: Option<String>,
    said: Vec<String>,
    close: Option<(u16, String)>,
}

impl Script {
    fn saying(what: &'static str, said: Vec<Value>) -> Self {
        let said = said.iter().map(Value::to_string).collect();
        Self {
            what,
            http: None,
            said,
            close: None,
        }
    }

    async fn serve(&self, listener: &TcpListener) {
        let (mut stream, _) = listener.accept().await.unwrap();
        if let Some(answer) = &self.http {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut head).await.unwrap();
            }
            let _ = stream.write_all(answer.as_bytes()).await;
            return;
        }
        let mut socket = tokio_tungstenite::accept_hdr_async(stream, agree)
            .await
            .unwrap();
        let say = async {
            for (at, text) in self.said.iter().enumerate() {
                socket.send(Message::text(text.clone())).await?;
                // The first is the greeting, which is answered.
                if at == 0 {
                    socket.next().await;
                }
            }
            if let Some((code, reason)) = &self.close {
                let frame = CloseFrame {
                    code: (*code).into(),
                    reason: reason.into(),
                };
                socket.send(Message::Close(Some(frame))).await?;
            }
            while socket.next().await.is_some_and(|heard| heard.is_ok()) {}
            Ok::<(), tokio_tungstenite::tungstenite::Error>(())
        };
        // A client that gives up is what is wanted.
        let _ = say.await;
    }
}

/// Agrees to the subprotocol that is offered.
#[expect(clippy::result_large_err, reason = "the type is tungstenite's")]
fn agree(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    if let Some(offer) = request.headers().get("sec-websocket-protocol") {
        response
            .headers_mut()
            .insert("sec-websocket-protocol", offer.clone());
    }
    Ok(response)
}

/// The message with every text in it hostile, but for what makes it one of its kind.
fn spoilt(message: &mut Value, meant: &str) {
    match message {
        Value::String(text) => *text = meant.to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|item| spoilt(item, meant)),
        Value::Object(fields) => {
            let keep = ["type", "epoch", "timestamp", "content"];
            for (name, value) in fields.iter_mut() {
                if !keep.contains(&&**name) {
                    spoilt(value, meant);
                }
            }
            if fields.contains_key("content") {
                fields.insert("content".to_owned(), meant.into());
            }
            fields.insert(meant.to_owned(), meant.into());
        }
        _ => {}
    }
}

fn messages(meant: &str) -> Vec<Value> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/wire/");
    let mut all = Vec::new();
    for file in ["events.ndjson", "server.ndjson"] {
        let text = std::fs::read_to_string(format!("{fixtures}{file}")).unwrap();
        let of_file = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        // These decide over the connection.
        all.extend(of_file.filter(|message| {
            !["hello", "subscribed", "shutdown", "auth.response"]
                .contains(&message["type"].as_str().unwrap_or_default())
        }));
    }
    for (at, message) in all.iter_mut().enumerate() {
        spoilt(message, meant);
        if message.get("seq").is_some() {
            message["seq"] = (at + 10).into();
            message["epoch"] = "e1".into();
        }
    }
    let mut unknown = json!({ "type": meant, "epoch": "e1", "seq": 9_000, "timestamp": meant, "data": { "x": meant } });
    spoilt(&mut unknown["data"], meant);
    all.push(unknown);
    all.push(json!({ "type": "session.removed", "epoch": "e1", "seq": 9_999, "session": "THE END", "data": {} }));
    all
}

fn scripts(meant: &str) -> Vec<(Script, &'static [&'static str], bool)> {
    let hello = |host: &str, auth: bool| json!({ "type": "hello", "protocol": 1, "host": host, "epoch": "e1", "seq": 1, "auth_required": auth });
    let subscribed = json!({ "type": "subscribed", "epoch": "e1", "seq": 1 });
    let following = || vec![hello(meant, false), subscribed.clone()];
    let mut stream = following();
    stream.extend(messages(meant));
    let http = |what, status: &str, body: &str| Script {
        what,
        http: Some(format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nx: y\r\n\r\n{body}",
            body.len()
        )),
        said: Vec::new(),
        close: None,
    };
    let closing = |what, code, said: Vec<Value>| Script {
        close: Some((code, meant.chars().take(30).collect())),
        ..Script::saying(what, said)
    };
    let refusal = json!({ "type": "auth.response", "success": false, "permissions": [], "code": meant, "message": meant });
    let error = json!({ "type": "error", "code": meant, "message": meant, "retryable": false });
    vec![
        (Script::saying("a stream", stream.clone()), &[], false),
        (
            Script::saying("a stream for programs", stream.clone()),
            &["--json"],
            false,
        ),
        (
            Script::saying("a stream that is measured", stream),
            &["--latency", "1s"],
            false,
        ),
        (
            http("a refused handshake", "400 Bad Request", meant),
            &[],
            false,
        ),
        (
            http("a full server", "503 Service Unavailable", meant),
            &[],
            false,
        ),
        (
            http(
                "a status of words",
                &format!("418 {}", meant.replace(['\r', '\n'], "")),
                meant,
            ),
            &[],
            false,
        ),
        (http("no HTTP", "999 x", meant), &[], false),
        (
            Script {
                said: vec![meant.to_owned()],
                ..Script::saying("a greeting that is no JSON", Vec::new())
            },
            &[],
            false,
        ),
        (
            Script::saying("a greeting of another kind", vec![json!({ "type": meant })]),
            &[],
            false,
        ),
        (
            Script::saying(
                "another protocol",
                vec![json!({ "type": "hello", "protocol": meant })],
            ),
            &[],
            false,
        ),
        (
            Script::saying("a refused token", vec![hello(meant, true), refusal]),
            &[],
            true,
        ),
        (
            Script::saying("a refused request", vec![hello(meant, false), error]),
            &[],
            false,
        ),
        (closing("a close for good", 4500, following()), &[], false),
        (
            closing("a close for a while", 4001, following()),
            &[],
            false,
        ),
    ]
}

#[tokio::test]
async fn a_server_that_is_not_to_be_trusted_can_only_have_text_shown() {
    let meant = all();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut seen = BTreeMap::new();
    for (script, arguments, token) in scripts(&meant) {
        let home = Home::new();
        let child = watch(&home, address, arguments, token);
        let until = match script.what {
            "a stream" | "a stream for programs" => "THE END",
            "a stream that is measured" => "no answer",
            _ => "trying again",
        };
        // A client that comes back meets the same again.
        let serving = async {
            loop {
                script.serve(&listener).await;
            }
        };
        let (out, err) = tokio::select! {
            () = serving => unreachable!("it serves for ever"),
            printed = printed(child, until) => printed,
        };
        check(&out, script.what);
        check(&err, script.what);
        seen.insert(script.what, out.len() + err.len());
    }
    assert!(
        seen.values().all(|len| *len > 20),
        "each says something: {seen:?}"
    );
}
