//! The whole server under random messages, right and wrong ones, of several clients at once.
//!
//! Whatever comes: each request with an id gets exactly one answer, each message is as its schema says, nobody else notices,
//! and who behaves is served at the end. `MUXWIRE_CASES` sets how many cases there are, `MUXWIRE_SEED` repeats a run.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use muxwire::auth::{Authenticator, Permission};
use muxwire::bridge::{
    EmitError, InputError, Request, ResizeError, ScreenError, SeenError, SeenPanes,
};
use muxwire::ids::{PaneId, SessionId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::support::random::Random;
use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::views::view;
use crate::support::world::{World, stamp};
use crate::support::{SOON, memory_of};

/// Cases in a run, unless the environment says otherwise.
const CASES: u32 = 120;

/// Where a client connects.
const PLACES: [(&str, &str); 5] = [
    ("/monitor", "muxwire.v1"),
    ("/monitor", "muxwire.v1.bin"),
    ("/ws/terminal/a", "muxwire.v1"),
    ("/ws/terminal/a?pane=1", "muxwire.v1.bin"),
    ("/ws/terminal/none", "muxwire.v1"),
];

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A client says a message, spoilt or not.
    Say {
        client: usize,
        message: usize,
        choice: u32,
        spoil: Option<Spoil>,
    },
    /// A client sends bytes.
    Bytes { client: usize, bytes: Vec<u8> },
    /// A client goes without a word, and comes again elsewhere.
    Again { client: usize, place: usize },
    /// Something happens in tmux.
    Happens(u32),
}

/// What is wrong with a message.
#[derive(Debug, Clone)]
enum Spoil {
    Without(usize),
    Instead(usize, Value),
    Cut(usize),
    Twice(usize),
    Nested(usize),
    Long(usize),
    Text(String),
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,40}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[["#(x)"]], { "pane": "%0" }])),
        Just(json!("%4294967296")),
        Just(json!("x".repeat(5_000))),
    ]
}

fn spoils() -> impl Strategy<Value = Spoil> {
    prop_oneof![
        4 => (0..6_usize).prop_map(Spoil::Without),
        8 => (0..6_usize, junk()).prop_map(|(at, value)| Spoil::Instead(at, value)),
        2 => (0..200_usize).prop_map(Spoil::Cut),
        2 => (0..6_usize).prop_map(Spoil::Twice),
        1 => (1..300_usize).prop_map(Spoil::Nested),
        1 => (60_000..70_000_usize).prop_map(Spoil::Long),
        1 => ".{0,60}".prop_map(Spoil::Text),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let client = || 0..4_usize;
    let say = (
        client(),
        0..40_usize,
        any::<u32>(),
        prop::option::weighted(0.4, spoils()),
    );
    let one = prop_oneof![
        20 => say.prop_map(|(client, message, choice, spoil)| Step::Say { client, message, choice, spoil }),
        1 => (client(), vec(any::<u8>(), 0..300)).prop_map(|(client, bytes)| Step::Bytes { client, bytes }),
        1 => (client(), 0..PLACES.len()).prop_map(|(client, place)| Step::Again { client, place }),
        5 => any::<u32>().prop_map(Step::Happens),
    ];
    vec(one, 1..70)
}

/// A message that is as it should be, of any kind; `choice` decides on its fields.
fn message(number: usize, choice: u32, terminal: bool) -> Value {
    let pick = |shift: u32, of: &[Value]| of[(choice >> shift) as usize % of.len()].clone();
    let panes = [json!("%0"), json!("%1"), json!("%2"), json!("%99")];
    let target = pick(
        0,
        &[
            json!({ "pane": pick(2, &panes) }),
            json!({ "session": "a" }),
            json!({ "session": "b", "window": 0 }),
            json!({ "session": "$1", "window": "main", "pane_index": 0 }),
            json!({ "session": "none" }),
            json!({}),
        ],
    );
    let since = pick(
        3,
        &[
            json!("1.e1.0"),
            json!("1.e1.3"),
            json!({ "epoch": "e1", "seq": 2 }),
            json!("1.old.1"),
            json!("x"),
        ],
    );
    let filters = pick(
        5,
        &[
            json!({}),
            json!({ "types": ["pane.*"] }),
            json!({ "sessions": ["a*"], "windows": [0, "main"] }),
            json!({ "panes": ["%1"] }),
        ],
    );
    let text = pick(
        7,
        &[
            json!("x"),
            json!("two\nlines"),
            json!("#(touch x);\u{0}\u{1b}"),
            json!("y".repeat(300)),
        ],
    );
    let offset = pick(9, &[json!(0), json!(7), json!(1_000_000)]);
    if terminal && !number.is_multiple_of(4) {
        return match number % 7 {
            0 | 1 => json!({ "type": "connect", "cols": 80, "rows": 24, "scrollback": 10 }),
            2 => {
                json!({ "type": "connect", "since": { "epoch": "e1", "pane": "%1", "offset": offset } })
            }
            3 => json!({ "type": "input", "data": text }),
            4 => json!({ "type": "input", "data": text, "paste": true }),
            5 => json!({ "type": "resize", "cols": 1 + choice % 300, "rows": 24 }),
            _ => json!({ "type": "ack", "offset": offset }),
        };
    }
    match number % 16 {
        0 => json!({ "action": "subscribe", "filters": filters }),
        1 => json!({ "action": "subscribe", "filters": filters, "since": since }),
        2 => json!({ "action": "unsubscribe", "filters": filters }),
        3 => json!({ "action": "snapshot" }),
        4 => json!({ "action": "snapshot", "target": target, "screen": true }),
        5 => json!({ "action": "command", "target": target, "command": "ls" }),
        6 => json!({ "action": "send-keys", "target": target, "text": text }),
        7 => {
            json!({ "action": "send-keys", "target": target, "keys": ["C-c", "Enter"], "cancel_mode": true })
        }
        8 => {
            json!({ "action": "send-keys", "target": target, "text": text, "key": format!("k{}", choice % 5) })
        }
        9 => json!({ "action": "open", "target": target, "scrollback": 5 }),
        10 => {
            json!({ "action": "open", "target": target, "ack_window": 4096, "since": { "epoch": "e1", "offset": offset } })
        }
        11 => json!({ "action": "close", "target": target }),
        12 => json!({ "action": "ack", "pane": pick(2, &panes), "offset": offset }),
        13 => json!({ "action": "stats" }),
        14 => pick(
            4,
            &[
                json!({ "action": "clients" }),
                json!({ "action": "disconnect", "client_id": "c9999", "reason": text }),
                json!({ "action": "auth", "token": "mw_x" }),
                json!({ "action": "auth", "ticket": "x" }),
                json!({ "action": "nonsense" }),
                json!({ "action": "" }),
            ],
        ),
        _ => json!({ "action": "ping" }),
    }
}

/// The text of a message once it is spoilt.
fn spoilt(mut message: Value, spoil: Option<&Spoil>) -> String {
    let fields = message.as_object_mut().unwrap();
    let name = |at: usize| fields.keys().nth(at % fields.len()).unwrap().clone();
    match spoil {
        None => {}
        Some(Spoil::Without(at)) => {
            let name = name(*at);
            fields.remove(&name);
        }
        Some(Spoil::Instead(at, value)) => {
            let name = name(*at);
            fields.insert(name, value.clone());
        }
        Some(Spoil::Cut(at)) => {
            let text: String = message.to_string().chars().take(*at).collect();
            return text;
        }
        Some(Spoil::Twice(at)) => {
            let name = name(*at);
            let value = fields[&name].clone();
            let text = message.to_string();
            return format!("{},{:?}:{value}}}", &text[..text.len() - 1], name);
        }
        Some(Spoil::Nested(depth)) => {
            let text = message.to_string();
            let (open, close) = ("[".repeat(*depth), "]".repeat(*depth));
            return format!("{},\"deep\":{open}{close}}}", &text[..text.len() - 1]);
        }
        Some(Spoil::Long(len)) => {
            fields.insert("pad".to_owned(), "*".repeat(*len).into());
        }
        Some(Spoil::Text(text)) => return text.clone(),
    }
    message.to_string()
}

/// A client, and what it waits for.
struct Talker {
    client: Client,
    terminal: bool,
    /// How many answers each id has to have, and how many came.
    asked: BTreeMap<String, (usize, usize)>,
    /// How many more each id may have, since it belongs to a request that is answered if it is refused.
    refusable: BTreeMap<String, usize>,
    /// What was said, to be shown if it fails.
    said: Vec<String>,
    /// It has done what is answered by a close.
    may_be_closed: bool,
    closed: bool,
}

impl Talker {
    async fn new(server: &TestServer, place: usize, token: Option<&str>) -> Self {
        let (path, subprotocol) = PLACES[place];
        let mut client = server.client_at(path, subprotocol).await;
        if let Some(token) = token {
            client
                .ask(json!({ "action": "auth", "token": token }), "auth.response")
                .await;
        }
        Self {
            client,
            terminal: path != "/monitor",
            asked: BTreeMap::new(),
            refusable: BTreeMap::new(),
            said: Vec::new(),
            may_be_closed: false,
            closed: false,
        }
    }

    async fn say(&mut self, text: String) {
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        if let (true, Some(id)) = (text.len() <= 64 << 10, message["id"].as_str()) {
            // A terminal answers typing, sizes and acks only if they are refused.
            let answered =
                !self.terminal || message["type"] == "connect" || message["type"].is_null();
            if !answered {
                *self.refusable.entry(id.to_owned()).or_default() += 1;
            } else if id.chars().count() <= 128 {
                self.asked.entry(id.to_owned()).or_default().0 += 1;
            }
        }
        self.may_be_closed |= message["action"] == "auth" || message["type"] == "disconnect";
        self.client.try_send_text(&text).await;
        self.said.push(text);
    }

    /// Reads until every request has its answer. The ping behind them shows that there is no second one.
    async fn settle(&mut self) {
        self.say(json!({ "action": "ping", "id": "all" }).to_string())
            .await;
        let since = Instant::now();
        while !self.closed && self.asked.values().any(|(wanted, came)| came < wanted) {
            self.read().await;
            let open = || {
                self.asked
                    .iter()
                    .filter(|(_, (wanted, came))| came < wanted)
            };
            assert!(
                since.elapsed() < SOON,
                "no answer to {:?}",
                open().collect::<Vec<_>>()
            );
        }
        if !self.closed {
            self.say(json!({ "action": "ping", "id": "behind" }).to_string())
                .await;
            while !self.closed && self.asked["behind"].1 == 0 {
                self.read().await;
            }
        }
        let doubled: Vec<_> = self
            .asked
            .iter()
            .filter(|(id, (wanted, came))| {
                *came > wanted + self.refusable.get(*id).copied().unwrap_or_default()
            })
            .collect();
        assert!(doubled.is_empty(), "answered more than once: {doubled:?}");
        assert!(!self.closed || self.may_be_closed, "closed for nothing");
    }

    async fn read(&mut self) {
        let Ok(read) = timeout(SOON, self.client.read()).await else {
            let open = self
                .asked
                .iter()
                .filter(|(_, (wanted, came))| came < wanted);
            let open: Vec<_> = open.collect();
            panic!("no answer to {open:?} of {:#?}", self.said);
        };
        let Ok(message) = read else {
            self.closed = true;
            return;
        };
        if let Some(answers) = message["id"].as_str().and_then(|id| self.asked.get_mut(id)) {
            answers.1 += 1;
        }
    }
}

/// Plays the bridge: every request is answered, some with each kind of error, some not at all.
async fn play_bridge(mut requests: mpsc::Receiver<Request>, seed: u64) {
    let mut random = Random::new(seed);
    while let Some(request) = requests.recv().await {
        let which = random.below(8);
        match request {
            Request::Input { input, reply } => {
                let error = match which {
                    0 => InputError::NoSuchPane,
                    1 => InputError::Busy,
                    2 => InputError::Unavailable,
                    3 => InputError::InMode {
                        mode: "copy-mode".to_owned(),
                    },
                    // Nobody answers.
                    4 => continue,
                    _ => {
                        drop(input.into_request());
                        let _ = reply.send(Ok(()));
                        continue;
                    }
                };
                let _ = reply.send(Err(error));
            }
            Request::View {
                view: wanted,
                reply,
            } => {
                let pane = wanted.into_request().pane;
                let shown = if which == 0 {
                    Err(ScreenError::NoSuchPane)
                } else {
                    Ok(view(pane, 0, "shown", ""))
                };
                let _ = reply.send(shown);
            }
            Request::Emit { reply, .. } => drop(reply.send(Err(EmitError::Busy))),
            Request::See { seen, reply } if which > 0 => {
                let panes = seen.into_request().panes;
                drop(reply.send(Ok(SeenPanes { panes, new: 1 })));
            }
            Request::See { reply, .. } => drop(reply.send(Err(SeenError::Busy))),
            Request::Answer { reply } => drop(reply.send(())),
            Request::Screens { screens, reply } => {
                let panes = screens.into_request().panes;
                let _ = reply.send(
                    panes
                        .into_iter()
                        .map(|pane| (pane, Err(ScreenError::Busy)))
                        .collect(),
                );
            }
            Request::Resize { reply, .. } => {
                let _ = reply.send(if which == 0 {
                    Err(ResizeError::Busy)
                } else {
                    Ok(())
                });
            }
            Request::Leave { .. } | Request::Publish(_) => {}
        }
    }
}

/// Something that tmux reports.
fn happen(server: &TestServer, world: &mut World, offsets: &mut [u64; 3], choice: u32) {
    let pane = PaneId(choice % 3);
    match choice % 7 {
        0 => world.rename(
            SessionId(1),
            if choice & 64 == 0 { "b" } else { "c%\n#(x)" },
        ),
        1 => {
            let window = world.state.panes[&PaneId(0)].window;
            world.state.windows.get_mut(&window).unwrap().name = format!("w{}", choice % 50);
        }
        2 => world.state.panes.get_mut(&pane).unwrap().title = format!("t{choice}"),
        _ => {
            let bytes: &'static [u8] = [&b"text\r\n"[..], b"\xff\x80\x1b[31m", b"error: \xe2\x82"]
                [choice as usize / 7 % 3];
            if world.state.panes.contains_key(&pane) {
                let offset = &mut offsets[pane.0 as usize];
                server
                    .hub
                    .publish([world.output(pane, *offset, bytes)], None, stamp());
                *offset += bytes.len() as u64;
            }
            return;
        }
    }
    world.publish(&server.hub);
}

async fn run(steps: &[Step], authenticator: Option<(Authenticator, &str)>, seed: u64) {
    let (authenticator, token) = authenticator.unzip();
    let mut server = TestServer::start(Setup {
        authenticator,
        ..Setup::default()
    })
    .await;
    let mut world = World::new();
    world.session("a");
    world.session("b");
    let window = world.state.panes[&PaneId(0)].window;
    world.pane(window);
    world.publish(&server.hub);
    let requests = std::mem::replace(&mut server.requests, mpsc::channel(1).1);
    let bridge = tokio::spawn(play_bridge(requests, seed));
    // One that behaves hears everything, whatever the others do.
    let mut bystander = Talker::new(&server, 0, token).await.client;
    let since = json!({ "epoch": "e1", "seq": 0 });
    bystander
        .ask(
            json!({ "action": "subscribe", "since": since }),
            "subscribed",
        )
        .await;
    let mut talkers = Vec::new();
    for place in [0, 1, 2, 3] {
        talkers.push(Talker::new(&server, place, token).await);
    }
    let mut offsets = [0; 3];
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Happens(choice) => happen(&server, &mut world, &mut offsets, *choice),
            Step::Say {
                client,
                message: number,
                choice,
                spoil,
            } => {
                let talker = &mut talkers[*client];
                let mut message = message(*number, *choice, talker.terminal);
                message["id"] = format!("r{at}").into();
                talker.say(spoilt(message, spoil.as_ref())).await;
            }
            Step::Bytes { client, bytes } => {
                let talker = &mut talkers[*client];
                talker.may_be_closed |= !talker.terminal;
                talker.client.try_send_bytes(bytes.clone()).await;
            }
            Step::Again { client, place } => {
                talkers[*client] = Talker::new(&server, *place, token).await
            }
        }
    }
    for talker in &mut talkers {
        talker.settle().await;
    }
    let events = bystander.until_pong().await;
    let seqs: Vec<u64> = events
        .iter()
        .filter(|event| event["type"] != "bookmark")
        .filter_map(|event| event["seq"].as_u64())
        .collect();
    assert_eq!(
        seqs,
        (1..=server.hub.head().0).collect::<Vec<_>>(),
        "the bystander has every event once"
    );
    // A client that comes now is served.
    let mut last = Talker::new(&server, 0, token).await;
    last.say(json!({ "action": "snapshot", "id": "last" }).to_string())
        .await;
    last.settle().await;
    assert!(!bridge.is_finished(), "the bridge goes on");
    bridge.abort();
}

#[test]
fn whatever_clients_say_each_request_is_answered_once_and_nobody_else_notices() {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().expect(name))
    };
    let cases = number("MUXWIRE_CASES").map_or(CASES, |cases| u32::try_from(cases).unwrap());
    let seed = number("MUXWIRE_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    eprintln!("{cases} cases, MUXWIRE_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, rng);
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Admin, &[], None);
    let before = memory_of(std::process::id());
    let outcome = runner.run(&(steps(), any::<bool>()), |(steps, with_tokens)| {
        let authenticator = with_tokens.then(|| (tokens.authenticator(), &*token));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let case = AssertUnwindSafe(|| runtime.block_on(run(&steps, authenticator, seed)));
        std::panic::catch_unwind(case).map_err(|cause| {
            let said = cause.downcast_ref::<String>().cloned();
            let said = said.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            TestCaseError::fail(said.unwrap_or_default())
        })
    });
    let grown = memory_of(std::process::id()).saturating_sub(before);
    eprintln!("{cases} cases, {grown} bytes of memory more");
    if let Err(error) = outcome {
        panic!("MUXWIRE_SEED={seed}: {error}");
    }
    // In a short run among other tests it says nothing.
    assert!(cases < 1_000 || grown < 64 << 20, "{grown} bytes");
}
