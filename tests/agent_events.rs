//! Agents as clients see them: what a source says of them is in the log, in snapshots, in filters, and kept from those who
//! may not know it.

use std::sync::Arc;

use jiff::Timestamp;
use muxwire::auth::Permission;
use muxwire::connectors::Connectors;
use muxwire::ids::PaneId;
use muxwire::metrics::Metrics;
use muxwire::model::{Agent, AgentStatus, Derived};
use muxwire::usage::{ModelUsage, ToolUsage, Usage};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

use crate::support::bridge::LiveBridge;
use crate::support::fold::Folded;
use crate::support::served::Served;
use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::world::{World, stamp};
use crate::support::{TmuxServer, for_each_version_async};

const KEY: &str = "ghp_Zq7wXr2vPk9mTn4bLs6dHf3jGy8cVe5aAb12";

fn agent(agent_type: &str, status: AgentStatus, message: Option<&str>) -> Arc<Agent> {
    let since = Timestamp::from_millisecond(1_764_460_800_123).unwrap();
    let agent = Agent {
        message: message.map(str::to_owned),
        ..Agent::new(agent_type, status, since)
    };
    agent.into()
}

fn started(pane: PaneId, agent_type: &str) -> Derived {
    let agent = agent(agent_type, AgentStatus::Unknown, None);
    Derived::AgentStarted { pane, agent }
}

fn status(pane: PaneId, agent_type: &str, status: AgentStatus) -> Derived {
    let agent = agent(agent_type, status, Some("make test"));
    Derived::AgentStatus { pane, agent }
}

/// A model and a tool of this name were used.
fn used(pane: PaneId, name: &str) -> Derived {
    let model = ModelUsage {
        model: name.to_owned(),
        ..ModelUsage::default()
    };
    let tool = ToolUsage {
        tool: name.to_owned(),
        calls: 2,
    };
    let usage = Usage {
        models: vec![model],
        tools: vec![tool],
        prices_of: None,
    };
    Derived::AgentUsage {
        pane,
        usage: Box::new(usage),
    }
}

/// A source that says what the test tells it to.
pub fn source(bridge: &LiveBridge) -> (Connectors, mpsc::UnboundedSender<Derived>) {
    let metrics = Metrics::new(&bridge.hub);
    let connectors = Connectors::new(bridge.hub.clone(), bridge.handle.clone(), &metrics);
    let (to, from) = mpsc::unbounded_channel::<Derived>();
    let from = Arc::new(Mutex::new(from));
    connectors.source("agents", move |context| {
        let from = Arc::clone(&from);
        async move {
            while let Some(derived) = from.lock().await.recv().await {
                context.publisher.publish(derived).await?;
            }
            Ok(())
        }
    });
    (connectors, to)
}

async fn subscribed(served: &Served, filters: Value, since: Option<Value>) -> Client {
    let mut client = served.client().await;
    let mut asked = json!({ "action": "subscribe", "filters": filters });
    if let Some(since) = since {
        asked["since"] = since;
    }
    client.ask(asked, "subscribed").await;
    client
}

/// What came of agents, in few words.
fn words(message: &Value) -> String {
    let data = &message["data"];
    let text = |field: &str| data[field].as_str().unwrap_or("-").to_owned();
    let kind = message["type"].as_str().unwrap();
    let (agent_type, status, previous) = (text("agent_type"), text("status"), text("previous"));
    format!("{kind} {agent_type} {status} {previous}")
}

/// The next messages but bookmarks, in words.
async fn next_words(client: &mut Client, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        let message = client.next().await;
        if message["type"] != "bookmark" {
            all.push(words(&message));
        }
    }
    all
}

async fn snapshot(client: &mut Client) -> Value {
    client
        .ask(json!({ "action": "snapshot" }), "snapshot")
        .await
}

/// The agents in a snapshot, each behind its pane.
fn agents_of(snapshot: &Value) -> Vec<(String, Value)> {
    let list = |value: &Value, name: &str| value[name].as_array().unwrap().clone();
    let sessions = list(snapshot, "sessions").into_iter();
    let windows = sessions.flat_map(|session| list(&session, "windows"));
    let panes = windows.flat_map(|window| list(&window, "panes"));
    let with = panes.filter(|pane| pane.get("agent").is_some());
    with.map(|pane| {
        (
            pane["id"].to_string().replace('"', ""),
            pane["agent"].clone(),
        )
    })
    .collect()
}

#[test]
fn agents_are_followed_by_events_filters_and_snapshots() {
    for_each_version_async(async |program| {
        let tmux = TmuxServer::start(&program);
        tmux.run(["split-window", "-d", "-t", "=main:", "exec cat"]);
        let bridge = LiveBridge::start(tmux.tmux().await);
        let state = bridge
            .until("two panes", |state| state.panes.len() == 2)
            .await;
        let panes: Vec<PaneId> = state.panes.keys().copied().collect();
        let (connectors, say) = source(&bridge);
        let served = bridge.serve().await;
        let filters = json!({ "types": ["agent.*", "pane.removed", "server.lost"] });
        let mut all = subscribed(&served, filters, None).await;
        let filters = json!({ "agents": ["cl*"], "statuses": ["waiting", "exited"] });
        let mut waiting = subscribed(&served, filters, None).await;

        for derived in [
            started(panes[0], "claude"),
            started(panes[1], "codex"),
            status(panes[0], "claude", AgentStatus::Busy),
            status(panes[0], "claude", AgentStatus::Waiting),
            status(panes[1], "codex", AgentStatus::Waiting),
            status(PaneId(999), "codex", AgentStatus::Waiting),
        ] {
            say.send(derived).unwrap();
        }
        let expected = [
            "agent.started claude unknown -",
            "agent.started codex unknown -",
            "agent.status claude busy unknown",
            "agent.status claude waiting busy",
            "agent.status codex waiting unknown",
        ];
        assert_eq!(next_words(&mut all, 5).await, expected);
        assert_eq!(next_words(&mut waiting, 1).await, expected[3..4]);

        // Who comes later has it in the snapshot, and who resumes from the events.
        let mut later = served.client().await;
        let known = snapshot(&mut later).await;
        let waits = |agent_type| {
            json!({
                "agent_type": agent_type, "status": "waiting", "confidence": "low",
                "since": "2025-11-30T00:00:00.123Z", "message": "make test", "seen": false,
            })
        };
        let places = [
            (panes[0].to_string(), waits("claude")),
            (panes[1].to_string(), waits("codex")),
        ];
        assert_eq!(agents_of(&known), places);
        let since = json!({ "epoch": "test", "seq": 0 });
        let filters = json!({ "statuses": ["busy"] });
        let mut resumed = subscribed(&served, filters, Some(since.clone())).await;
        assert_eq!(next_words(&mut resumed, 1).await, expected[2..3]);

        // An agent ends before its pane, and before another one begins in it.
        tmux.run(["kill-pane", "-t", &panes[1].to_string()]);
        let expected = ["agent.ended codex exited waiting", "pane.removed - - -"];
        assert_eq!(next_words(&mut all, 2).await, expected);
        say.send(started(panes[0], "gemini")).unwrap();
        let expected = [
            "agent.ended claude exited waiting",
            "agent.started gemini unknown -",
        ];
        assert_eq!(next_words(&mut all, 2).await, expected);
        assert_eq!(next_words(&mut waiting, 1).await, expected[..1]);

        // Who applies all events holds what the snapshot says.
        let known = snapshot(&mut later).await;
        assert_eq!(agents_of(&known).len(), 1);
        let mut replayed = subscribed(&served, json!({}), Some(since)).await;
        let mut folded = Folded::default();
        let head = known["seq"].as_u64().unwrap();
        loop {
            let message = replayed.next().await;
            if message["type"] == "bookmark" {
                continue;
            }
            folded.apply(&message);
            if message["seq"].as_u64() >= Some(head) {
                break;
            }
        }
        assert_eq!(folded, Folded::of_snapshot(&known));

        tmux.run(["kill-server"]);
        let expected = [
            "agent.ended gemini exited unknown",
            "pane.removed - - -",
            "server.lost - - -",
        ];
        assert_eq!(next_words(&mut all, 3).await, expected);
        say.send(status(panes[0], "gemini", AgentStatus::Busy))
            .unwrap();
        connectors.stop_sources().await;
        bridge.stop().await;
    });
}

/// Says something in place of the bridge.
fn publish(server: &TestServer, derived: Derived) {
    let (state, _) = server.hub.snapshot();
    let said = derived.changes(&state).unwrap();
    let state = said.state.map(Arc::new);
    server.hub.publish(said.changes, state, stamp());
}

/// A client of this token that subscribed to all of agents.
async fn of_token(server: &TestServer, token: &str, since: bool) -> Client {
    let mut client = server.client_of(token).await;
    let mut asked =
        json!({ "action": "subscribe", "filters": { "types": ["agent.*", "pane.created"] } });
    if since {
        asked["since"] = json!({ "epoch": "e1", "seq": 0 });
    }
    client.ask(asked, "subscribed").await;
    client
}

#[tokio::test]
async fn secrets_of_agents_and_agents_out_of_sight_are_kept_from_those_who_may_not_know() {
    let mut tokens = Tokens::new();
    let plain = tokens.add(Permission::Read, &[], None);
    let redacted = tokens.add_redacted(Permission::Read);
    let scoped = tokens.add(Permission::Read, &["api-*"], None);
    let server = TestServer::start(Setup::keeping_secrets(&tokens)).await;
    let mut world = World::new();
    let (inside, outside) = (world.session("api-1"), world.session("web-1"));
    world.publish(&server.hub);
    let pane_of = |world: &World, session| {
        let window = world.state.sessions[&session].windows[&0];
        world.state.windows[&window].panes[0]
    };
    let (seen, hidden) = (pane_of(&world, inside), pane_of(&world, outside));

    let mut live = Vec::new();
    for token in [&plain, &redacted, &scoped] {
        live.push(of_token(&server, token, false).await);
    }
    let (message, model) = (format!("export T={KEY}"), format!("m {KEY}"));
    for (pane, agent_type) in [(seen, "claude"), (hidden, "codex")] {
        publish(&server, started(pane, agent_type));
        let agent = Agent {
            model: Some(model.clone()),
            resets_at: Some(KEY.to_owned()),
            ..Agent::clone(&agent(agent_type, AgentStatus::Waiting, Some(&message)))
        };
        let agent = Arc::new(agent);
        publish(&server, Derived::AgentStatus { pane, agent });
    }
    // A pane that moves to another window brings its agent along.
    let window = world.window(inside, 3, "new");
    let mut state = world.state.clone();
    state.agents = server.hub.snapshot().0.agents.clone();
    let home = state.panes[&seen].window;
    let moved = |id| *state.windows[&id].panes.first().unwrap();
    let (at_home, at_new) = (moved(home), moved(window));
    state.windows.get_mut(&home).unwrap().panes = vec![at_new];
    state.windows.get_mut(&window).unwrap().panes = vec![at_home];
    state.panes.get_mut(&at_home).unwrap().window = window;
    state.panes.get_mut(&at_new).unwrap().window = home;
    let (before, _) = server.hub.snapshot();
    let changes = muxwire::model::diff(&before, &state);
    server.hub.publish(changes, Some(state.into()), stamp());
    publish(&server, used(seen, KEY));
    publish(&server, Derived::AgentEnded { pane: seen });
    publish(&server, started(seen, "claude"));
    publish(&server, status_with(seen, &message));

    let mut replayed = Vec::new();
    for token in [&plain, &redacted, &scoped] {
        replayed.push(of_token(&server, token, true).await);
    }
    for clients in [live, replayed] {
        let [mut plain, mut redacted, mut scoped] = <[Client; 3]>::try_from(clients).ok().unwrap();
        let events = |messages: Vec<Value>| -> Vec<Value> {
            let of_agents = messages.into_iter();
            of_agents
                .filter(|message| message["type"] != "bookmark")
                .collect()
        };
        let all = events(plain.until_pong().await);
        let masked = events(redacted.until_pong().await);
        let some = events(scoped.until_pong().await);
        let text = |messages: &[Value]| Value::from(messages.to_vec()).to_string();
        assert_eq!(text(&all).matches(KEY).count(), 12, "{all:#?}");
        assert!(!text(&masked).contains(KEY), "{masked:#?}");
        let words = |messages: &[Value]| messages.iter().map(words).collect::<Vec<_>>();
        assert_eq!(words(&all), words(&masked));
        let moved = all.iter().find(|one| !one["data"]["agent"].is_null());
        assert_eq!(moved.unwrap()["data"]["agent"]["agent_type"], "claude");
        assert!(!some.is_empty());
        let hidden = |one: &Value| {
            ["codex", "web-1", &hidden.to_string()]
                .iter()
                .any(|word| one.to_string().contains(word))
        };
        assert!(!some.iter().any(hidden), "{some:#?}");
        let seen: Vec<Value> = all.iter().filter(|one| !hidden(one)).cloned().collect();
        assert_eq!(words(&some), words(&seen));

        let shown = [snapshot(&mut plain).await, snapshot(&mut redacted).await];
        let [of_plain, of_redacted] = shown.map(|shown| agents_of(&shown));
        assert_eq!((of_plain.len(), of_redacted.len()), (2, 2));
        assert_eq!(format!("{of_plain:?}").matches(KEY).count(), 4);
        assert!(!format!("{of_redacted:?}").contains(KEY), "{of_redacted:?}");
        assert_eq!(agents_of(&snapshot(&mut scoped).await).len(), 1);
        let whole = snapshot(&mut scoped).await.to_string();
        assert!(!whole.contains("codex"), "{whole}");
    }
}

fn status_with(pane: PaneId, message: &str) -> Derived {
    let agent = agent("claude", AgentStatus::Error, Some(message));
    Derived::AgentStatus { pane, agent }
}

#[tokio::test]
async fn filters_of_agents_say_what_is_wrong_with_them() {
    let server = TestServer::open().await;
    let mut world = World::new();
    world.session("api");
    world.publish(&server.hub);
    publish(&server, started(PaneId(0), "claude"));
    let mut client = server.client().await;
    let rows = [
        (
            json!({ "statuses": ["waitng"] }),
            "did you mean \"waiting\"?",
        ),
        (
            json!({ "statuses": ["idle7"] }),
            "one of busy, ready, waiting, error, unknown, exited",
        ),
        (json!({ "statuses": [] }), "filters.statuses"),
        (json!({ "agents": [] }), "filters.agents"),
        (json!({ "agents": [7] }), "filters.agents"),
        (json!({ "status": ["busy"] }), "did you mean \"statuses\"?"),
        (json!({ "agent": ["claude"] }), "did you mean \"agents\"?"),
    ];
    for action in ["subscribe", "unsubscribe"] {
        for (filters, part) in &rows {
            let message = client.invalid_filter(action, filters).await;
            assert!(
                message.contains(part) && !message.contains("idle7"),
                "{message}"
            );
        }
    }
    for (agents, warning) in [
        ("claude", None),
        ("c*", None),
        ("claud", Some("did you mean \"claude\"?")),
        ("gemini", Some("filters.agents[0] matches nothing now")),
    ] {
        let asked = json!({ "action": "subscribe", "filters": { "agents": [agents] } });
        let answer = client.ask(asked, "subscribed").await;
        let found = answer["warnings"][0].as_str();
        assert_eq!(found.is_some(), warning.is_some(), "{answer}");
        assert!(
            found
                .unwrap_or_default()
                .contains(warning.unwrap_or_default())
        );
    }
    // What was subscribed to is taken away by its status again.
    let without = json!({ "action": "unsubscribe", "filters": { "statuses": ["busy"] } });
    client.ask(without, "unsubscribed").await;
    publish(&server, status(PaneId(0), "claude", AgentStatus::Busy));
    publish(&server, status(PaneId(0), "claude", AgentStatus::Ready));
    assert_eq!(
        next_words(&mut client, 1).await,
        ["agent.status claude ready busy"]
    );
}

/// Those who see a session for the first time because it is renamed, and a window because it is linked, see the agents in
/// it, without what is kept from them.
#[tokio::test]
async fn agents_come_into_sight_with_their_panes() {
    let mut tokens = Tokens::new();
    let redacted = tokens.add_redacted(Permission::Read);
    let scoped = tokens.add(Permission::Read, &["api-*"], None);
    let server = TestServer::start(Setup::keeping_secrets(&tokens)).await;
    let mut world = World::new();
    let inside = world.session("api-1");
    let web = world.session("web-1");
    let linked = world.window(web, 7, "linked");
    world.publish(&server.hub);
    for pane in [PaneId(1), PaneId(2)] {
        publish(&server, status_with(pane, KEY));
    }
    let (state, _) = server.hub.snapshot();
    world.state.agents.clone_from(&state.agents);
    let mut clients = Vec::new();
    for (token, types) in [
        (&redacted, json!(["session.*", "window.created"])),
        (&scoped, json!(["session.*", "window.created", "agent.*"])),
    ] {
        let mut client = server.client_of(token).await;
        let filters = json!({ "types": types, "sessions": ["api-*"] });
        let asked = json!({ "action": "subscribe", "filters": filters });
        client.ask(asked, "subscribed").await;
        clients.push(client);
    }
    world.link(inside, 9, linked);
    world.publish(&server.hub);
    world.rename(web, "api-2");
    world.publish(&server.hub);
    for (mut client, sees_key) in clients.into_iter().zip([false, true]) {
        let window = client.find("window.created").await;
        assert_eq!(window["data"]["panes"][0]["agent"]["agent_type"], "claude");
        let session = client.find("session.created").await;
        let windows = session["data"]["contents"]["windows"].as_array().unwrap();
        assert_eq!(windows.len(), 2);
        for window in windows {
            assert_eq!(window["panes"][0]["agent"]["status"], "error");
        }
        let text = format!("{window}{session}");
        assert_eq!(
            text.matches(KEY).count(),
            if sees_key { 3 } else { 0 },
            "{text}"
        );
    }
}
