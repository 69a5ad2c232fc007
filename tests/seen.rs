//! What each principal has seen of agents: told to all of its connections and to nobody else, live, replayed and in
//! snapshots, until the agent does something else.

use std::sync::Arc;

use jiff::Timestamp;
use muxwire::auth::Permission;
use muxwire::bridge::{Request, SeenPanes, SeenRequest};
use muxwire::hub::{Published, Stamp, Viewer, view};
use muxwire::ids::{Epoch, PaneId, Seq, ViewerId};
use muxwire::model::{
    Agent, AgentStatus, Change, ChangeKind, Derived, Place, Places, Seen, mark_seen,
};
use muxwire::wire::{Encoder, Form};
use serde_json::{Value, json};

use crate::agent_events::source;
use crate::support::bridge::LiveBridge;
use crate::support::schema::check_from_server;
use crate::support::served::Served;
use crate::support::server::{Client, Setup, TestServer};
use crate::support::tokens::Tokens;
use crate::support::world::{World, stamp};
use crate::support::{TmuxServer, any_program, for_each_version_async};

fn status(pane: PaneId, status: AgentStatus, since: i64, model: &str) -> Derived {
    let since = Timestamp::from_second(since).unwrap();
    let agent = Arc::new(Agent {
        model: Some(model.to_owned()),
        ..Agent::new("claude", status, since)
    });
    Derived::AgentStatus { pane, agent }
}

/// A client of this token that gets what passes these filters, all of it if it is to be replayed.
async fn client(served: &Served, token: &str, filters: Value, replay: bool) -> Client {
    let mut client = served.client_of(token).await;
    let mut asked = json!({ "action": "subscribe", "filters": filters });
    if replay {
        asked["since"] = json!({ "epoch": "test", "seq": 0 });
    }
    client.ask(asked, "subscribed").await;
    client
}

fn of_agents() -> Value {
    json!({ "types": ["agent.*"] })
}

/// What an event says of the agent, in few words.
fn words(event: &Value) -> Option<String> {
    let data = &event["data"];
    let kind = event["type"].as_str()?;
    if kind == "bookmark" {
        return None;
    }
    check_from_server(event);
    let status = data["status"].as_str().unwrap_or("-");
    Some(format!("{kind} {status} {}", data["seen"]))
}

/// All that has come until now, in words.
async fn came(client: &mut Client) -> Vec<String> {
    let messages = client.until_pong().await;
    messages.iter().filter_map(words).collect()
}

/// The next events, in words.
async fn next(client: &mut Client, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(words(&client.next().await));
    }
    all
}

/// Marks as seen; what was published of it may come before the answer.
async fn mark(client: &mut Client, target: Option<Value>) -> Value {
    let mut asked = json!({ "action": "seen", "id": "s" });
    if let Some(target) = target {
        asked["target"] = target;
    }
    client.send(asked).await;
    let answer = client.find("seen").await;
    check_from_server(&answer);
    answer["panes"].clone()
}

/// Whether the agent in the first pane that has one is seen, by a snapshot.
async fn in_snapshot(client: &mut Client) -> Value {
    client.send(json!({ "action": "snapshot" })).await;
    let snapshot = client.find("snapshot").await;
    check_from_server(&snapshot);
    agents_in(&snapshot)
}

/// What every agent in a message says of whether it is seen.
fn agents_in(message: &Value) -> Value {
    fn look(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("agent").map(|agent| agent["seen"].clone()));
                fields.values().for_each(|value| look(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| look(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    look(message, &mut found);
    found.into()
}

#[test]
fn a_principal_marks_agents_for_all_of_its_connections_and_for_nobody_else() {
    for_each_version_async(async |program| {
        let mut tokens = Tokens::new();
        let one = tokens.add(Permission::Read, &[], None);
        let other = tokens.add(Permission::Read, &[], None);
        let tmux = TmuxServer::start(&program);
        let bridge = LiveBridge::start(tmux.tmux().await);
        let state = bridge.settled().await;
        let pane = *state.panes.keys().next().unwrap();
        let (connectors, say) = source(&bridge);
        let authenticator = tokens.authenticator();
        let served = Served::start(&bridge.hub, &bridge.handle, Some(authenticator)).await;
        let mut mine = client(&served, &one, of_agents(), false).await;
        let mut also_mine = client(&served, &one, json!({ "statuses": ["ready"] }), false).await;
        let mut busy_only = client(&served, &one, json!({ "statuses": ["busy"] }), false).await;
        let mut others = client(&served, &other, of_agents(), false).await;
        // Of one that has done nothing yet there is nothing to be seen.
        say.send(status(pane, AgentStatus::Ready, 1, "a")).unwrap();
        let found = "agent.started ready true";
        for client in [&mut mine, &mut also_mine, &mut others] {
            assert_eq!(next(client, 1).await, [found]);
        }
        assert_eq!(in_snapshot(&mut others).await, json!([true]));
        say.send(status(pane, AgentStatus::Busy, 5, "a")).unwrap();
        let works = "agent.status busy false";
        for client in [&mut mine, &mut busy_only, &mut others] {
            assert_eq!(next(client, 1).await, [works]);
        }
        say.send(status(pane, AgentStatus::Ready, 10, "a")).unwrap();
        let ready = "agent.status ready false";
        for client in [&mut mine, &mut also_mine, &mut others] {
            assert_eq!(next(client, 1).await, [ready]);
        }

        assert_eq!(mark(&mut also_mine, None).await, json!([pane.to_string()]));
        let seen = "agent.status ready true";
        assert_eq!(next(&mut mine, 1).await, [seen]);
        assert_eq!(next(&mut also_mine, 1).await, [seen]);
        assert_eq!(came(&mut busy_only).await, [""; 0]);
        assert_eq!(came(&mut others).await, [""; 0]);
        assert_eq!(in_snapshot(&mut mine).await, json!([true]));
        assert_eq!(in_snapshot(&mut others).await, json!([false]));
        // Once is enough.
        let target = json!({ "pane": pane.to_string() });
        assert_eq!(
            mark(&mut mine, Some(target)).await,
            json!([pane.to_string()])
        );
        assert_eq!(came(&mut mine).await, [""; 0]);

        // It lasts while only figures change, and each is told what holds for it.
        say.send(status(pane, AgentStatus::Ready, 10, "b")).unwrap();
        assert_eq!(next(&mut mine, 1).await, [seen]);
        assert_eq!(next(&mut others, 1).await, ["agent.status ready false"]);
        mark(&mut others, None).await;
        assert_eq!(came(&mut mine).await, [""; 0]);
        assert_eq!(in_snapshot(&mut others).await, json!([true]));

        // Another status is seen by nobody, nor is the same one once it has come back.
        say.send(status(pane, AgentStatus::Busy, 20, "b")).unwrap();
        say.send(status(pane, AgentStatus::Ready, 30, "b")).unwrap();
        let again = ["agent.status busy false", "agent.status ready false"];
        assert_eq!(next(&mut mine, 2).await, again);
        assert_eq!(in_snapshot(&mut mine).await, json!([false]));
        assert_eq!(next(&mut busy_only, 1).await, again[..1]);

        // Who comes back gets what it would have got.
        let expected = [found, works, ready, seen, seen, again[0], again[1]];
        let mut later = client(&served, &one, of_agents(), true).await;
        assert_eq!(next(&mut later, 7).await, expected);
        assert_eq!(came(&mut later).await, [""; 0]);
        let mut later = client(&served, &other, of_agents(), true).await;
        let expected = [found, works, ready, ready, seen, again[0], again[1]];
        assert_eq!(next(&mut later, 7).await, expected);
        assert_eq!(came(&mut later).await, [""; 0]);
        connectors.stop_sources().await;
        bridge.stop().await;
    });
}

#[tokio::test]
async fn what_was_seen_stays_so_where_the_agent_comes_into_sight() {
    let mut tokens = Tokens::new();
    let all = tokens.add(Permission::Read, &[], None);
    let some = tokens.add(Permission::Read, &["api-*"], None);
    let tmux = TmuxServer::start(any_program());
    tmux.run(["rename-session", "-t", "=main", "api-1"]);
    tmux.new_session("web", "exec cat");
    let bridge = LiveBridge::start(tmux.tmux().await);
    let state = bridge.settled().await;
    let api = state.session_named("api-1").unwrap();
    let pane = state.windows[&api.windows[&0]].panes[0];
    let (connectors, say) = source(&bridge);
    let authenticator = tokens.authenticator();
    let served = Served::start(&bridge.hub, &bridge.handle, Some(authenticator)).await;
    let filters = || json!({ "types": ["pane.created", "window.created", "session.created"] });
    let mut admin = client(&served, &all, filters(), false).await;
    let mut scoped = client(&served, &some, filters(), false).await;
    say.send(status(pane, AgentStatus::Waiting, 10, "a"))
        .unwrap();
    bridge
        .until("an agent", |state| !state.agents.is_empty())
        .await;

    // What is out of scope is as if it were not there.
    let web = json!({ "action": "seen", "target": { "session": "web" } });
    scoped.send(web).await;
    assert_eq!(scoped.find("error").await["code"], "NOT_FOUND");
    let in_web = Some(json!({ "session": "web" }));
    assert_eq!(mark(&mut admin, in_web).await, json!([]));
    let window = Some(json!({ "session": "api-1", "window": 0 }));
    assert_eq!(mark(&mut scoped, window).await, json!([pane.to_string()]));

    // A window that is linked, and a session that is renamed into the scope.
    tmux.run(["link-window", "-s", "=api-1:0", "-t", "=web:7"]);
    let linked = admin.find("window.created").await;
    assert_eq!(agents_in(&linked), json!([false]));
    tmux.run(["new-session", "-d", "-s", "api-2", "exec cat"]);
    scoped.find("session.created").await;
    tmux.run(["link-window", "-s", "=api-1:0", "-t", "=api-2:7"]);
    while agents_in(&scoped.find("window.created").await) != json!([true]) {}
    tmux.run(["rename-session", "-t", "=web", "api-3"]);
    let entered = scoped.find("session.created").await;
    assert_eq!(entered["session"], "api-3");
    assert_eq!(agents_in(&entered), json!([true]), "{entered}");

    // A pane that moves to a window of its own.
    let id = pane.to_string();
    tmux.run(["split-window", "-d", "-t", "=api-1:0", "exec cat"]);
    scoped.find("pane.created").await;
    tmux.run(["break-pane", "-d", "-s", &id, "-t", "=api-2:"]);
    while agents_in(&scoped.find("window.created").await) != json!([true]) {}
    assert_eq!(in_snapshot(&mut scoped).await, json!([true]));
    assert_eq!(in_snapshot(&mut admin).await, json!([false]));
    connectors.stop_sources().await;
    bridge.stop().await;
}

/// Does what the bridge does when somebody has seen agents.
async fn mark_in_place_of_the_bridge(server: &mut TestServer) {
    let Request::See { seen, reply } = server.request().await else {
        panic!("nothing else is asked for");
    };
    let SeenRequest { viewer, panes } = seen.into_request();
    let (state, _) = server.hub.snapshot();
    let Seen {
        panes,
        changes,
        state,
    } = mark_seen(&state, viewer, &panes).unwrap();
    let new = changes.len();
    server.hub.publish(changes, state.map(Arc::new), stamp());
    reply.send(Ok(SeenPanes { panes, new })).unwrap();
}

#[tokio::test]
async fn a_mark_brings_no_secret_to_those_who_may_not_know_it() {
    const KEY: &str = "ghp_Zq7wXr2vPk9mTn4bLs6dHf3jGy8cVe5aAb12";
    let mut tokens = Tokens::new();
    let tokens_of = [
        tokens.add(Permission::Read, &[], None),
        tokens.add_redacted(Permission::Read),
    ];
    let mut server = TestServer::start(Setup::keeping_secrets(&tokens)).await;
    let mut world = World::new();
    world.session("api");
    world.publish(&server.hub);
    let mut clients = Vec::new();
    for token in &tokens_of {
        let mut client = server.client_of(token).await;
        let asked = json!({ "action": "subscribe", "filters": of_agents() });
        client.ask(asked, "subscribed").await;
        clients.push(client);
    }
    let told = status(PaneId(0), AgentStatus::Waiting, 10, KEY);
    let said = told.changes(&server.hub.snapshot().0).unwrap();
    let state = said.state.map(Arc::new);
    server.hub.publish(said.changes, state, stamp());
    for (at, is_secret) in [(0, true), (1, false)] {
        let asked = json!({ "action": "seen" });
        clients[at].send(asked).await;
        mark_in_place_of_the_bridge(&mut server).await;
        let answer = clients[at].find("seen").await;
        assert_eq!(answer["panes"], json!(["%0"]));
        let messages = clients[at].until_pong().await;
        let marks: Vec<&Value> = messages
            .iter()
            .filter(|message| message["data"]["seen"] == true)
            .collect();
        assert_eq!(marks.len(), 1, "{messages:#?}");
        assert_eq!(marks[0].to_string().contains(KEY), is_secret, "{marks:?}");
    }
}

/// Somebody who sees all, and whose marks are remembered.
struct Someone(u8);

impl Viewer for Someone {
    fn sees_session(&self, _: &str) -> bool {
        true
    }

    fn sees_all(&self) -> bool {
        true
    }

    fn viewer_id(&self) -> Option<ViewerId> {
        Some(ViewerId([self.0; 16]))
    }
}

#[test]
fn an_event_is_encoded_once_for_all_who_have_not_seen_its_agent() {
    let seen_by = [Someone(1), Someone(2)]
        .iter()
        .filter_map(Viewer::viewer_id);
    let agent = Agent {
        seen_by: seen_by.collect(),
        ..Agent::new("claude", AgentStatus::Ready, Timestamp::UNIX_EPOCH)
    };
    let agent = Arc::new(agent);
    let place = Place {
        session: "$0".parse().unwrap(),
        session_name: "api".into(),
        window: None,
    };
    let published = |kind| {
        let change = Change::of_pane(PaneId(0), Places::from([place.clone()]), kind);
        let at = Stamp::at(Timestamp::UNIX_EPOCH).at;
        Published::restored(Seq(1), at, change, Default::default())
    };
    let encoder = Encoder::new("host", &Epoch::new("e").unwrap());
    let previous = AgentStatus::Busy;
    let event = published(ChangeKind::AgentStatus {
        agent: Arc::clone(&agent),
        previous,
    });
    let encoded = |viewer: u8| {
        let view = view(&event.change, &Someone(viewer), |_| true).unwrap();
        let framed = encoder.event(&event, view, Form::Json);
        let text = String::from_utf8(framed.payload().to_vec()).unwrap();
        (text.contains(r#""seen":true"#), framed.bytes().as_ptr())
    };
    let all = [1, 2, 3, 4].map(encoded);
    assert_eq!(all.map(|(seen, _)| seen), [true, true, false, false]);
    assert_eq!(all[2].1, all[3].1, "the bytes are shared");
    assert_eq!(encoded(1), all[0]);
    // That one has seen it, nobody else gets.
    let viewer = ViewerId([1; 16]);
    let event = published(ChangeKind::AgentSeen { agent, viewer });
    let sees = |viewer| view(&event.change, &viewer, |_| true).is_some();
    assert_eq!(
        [1, 2, 3].map(|viewer| sees(Someone(viewer))),
        [true, false, false]
    );
}
