//! What panes, muxwire and the machine use: from real processes in real panes to clients and rules, while somebody wants to
//! know it, and no longer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use muxwire::alert::AlertConfig;
use muxwire::auth::Permission;
use muxwire::connectors::{AlertSource, Connectors, ResourceSource};
use muxwire::hub::Hub;
use muxwire::ids::PaneId;
use muxwire::metrics::Metrics;
use muxwire::model::Derived;
use muxwire::resources::{Amounts, HostFigures, ResourceUser, Resources};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::bridge::LiveBridge;
use crate::support::server::{Client, Setup, TestServer};
use crate::support::serving::Serving;
use crate::support::tokens::Tokens;
use crate::support::world::{World, stamp};
use crate::support::{
    SOON, TmuxServer, any_program, for_each_version_async, is_alive, signal, wait_until_async,
};

/// A loop that takes a core if it is there.
const BUSY: &str = "while :; do :; done";

/// Something that keeps 64 MiB: a line that does not end.
const LARGE: &str = "{ head -c 67108864 /dev/zero; sleep 1000; } | tail -n 1";

/// How often a test looks.
const INTERVAL: Duration = Duration::from_millis(200);

/// The source beside a bridge, and its figures.
struct Sampled {
    connectors: Connectors,
    metrics: Metrics,
    hub: Hub,
}

impl Sampled {
    fn start(bridge: &LiveBridge) -> Self {
        let metrics = Metrics::new(&bridge.hub);
        let connectors = Connectors::new(bridge.hub.clone(), bridge.handle.clone(), &metrics);
        let source = ResourceSource::new(INTERVAL, &metrics);
        connectors.source("resources", move |context| source.clone().run(context));
        Self {
            connectors,
            metrics,
            hub: bridge.hub.clone(),
        }
    }

    fn figure(&self, name: &str) -> u64 {
        figure(&self.metrics.text().unwrap(), name)
    }

    fn samples(&self) -> u64 {
        self.figure("muxwire_resource_samples_total")
    }

    /// Waits until nobody wants a look and none is under way; returns how many there were.
    async fn at_rest(&self) -> u64 {
        wait_until_async("nobody wants a look", SOON, || {
            self.hub.resources_wanted().borrow().holders == 0
                && self.figure("muxwire_resource_interval_milliseconds") == 0
        })
        .await;
        self.samples()
    }
}

/// The value of a figure of `/metrics`.
fn figure(text: &str, name: &str) -> u64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap().trim().parse().unwrap()
}

async fn subscribe(client: &mut Client, filters: Value) {
    let asked = json!({ "action": "subscribe", "filters": filters });
    client.send(asked).await;
    // Events of what it is subscribed to already may come before the answer.
    client.find("subscribed").await;
}

/// What was said last, of each pane and of `muxwire` and `host`.
#[derive(Default)]
struct Known(BTreeMap<String, Value>);

impl Known {
    /// Reads on until what is said of one is so.
    async fn until(
        &mut self,
        client: &mut Client,
        of: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        loop {
            if let Some(data) = self.0.get(of).filter(|data| wanted(data)) {
                return data.clone();
            }
            assert!(begun.elapsed() < SOON, "{of} never was so: {:#?}", self.0);
            let message = client.find("system.resources").await;
            let data = message["data"].clone();
            let name = match message["pane"].as_str() {
                Some(pane) => {
                    assert_eq!(data["of"], "pane", "{message}");
                    pane.to_owned()
                }
                None => data["of"].as_str().unwrap().to_owned(),
            };
            self.0.insert(name, data);
        }
    }
}

fn number(data: &Value, field: &str) -> f64 {
    data[field]
        .as_f64()
        .unwrap_or_else(|| panic!("{field} of {data}"))
}

#[test]
fn processes_of_panes_are_measured_while_somebody_wants_to_know() {
    for_each_version_async(async |program| {
        let tmux = TmuxServer::start(&program);
        tmux.run(["set-option", "-g", "remain-on-exit", "on"]);
        let bridge = LiveBridge::start(tmux.tmux().await);
        let busy = tmux.new_window(BUSY);
        // Its parent ends at once, and init takes it over.
        let adopted = tmux.new_window(&format!("(sh -c '{BUSY}' &) ; exec sleep 1000"));
        let large = tmux.new_window(LARGE);
        let quiet = tmux.new_window("exec sleep 1000");
        let all = [busy, adopted, large, quiet];
        let state = bridge
            .until("all panes", |state| {
                all.iter().all(|pane| state.panes.contains_key(pane))
            })
            .await;
        let sampled = Sampled::start(&bridge);
        let served = bridge.serve().await;

        // Who wants everything wants no figures: they have to be asked for by name.
        let mut other = served.client().await;
        subscribe(&mut other, json!({})).await;
        subscribe(&mut other, json!({ "types": ["*", "pane.*"] })).await;
        assert_eq!(bridge.hub.resources_wanted().borrow().holders, 0);
        assert_eq!(sampled.samples(), 0);

        let mut client = served.client().await;
        subscribe(&mut client, json!({ "types": ["system.*"] })).await;
        let mut known = Known::default();
        let is_busy = |data: &Value| number(data, "cpu_percent") > 2.0;
        known.until(&mut client, &busy.to_string(), is_busy).await;
        let data = known
            .until(&mut client, &adopted.to_string(), is_busy)
            .await;
        assert!(number(&data, "processes") >= 2.0, "{data}");
        let is_large = |data: &Value| number(data, "memory_bytes") > 64e6;
        known.until(&mut client, &large.to_string(), is_large).await;
        let asleep = |data: &Value| number(data, "processes") == 1.0;
        let data = known.until(&mut client, &quiet.to_string(), asleep).await;
        assert!(number(&data, "memory_bytes") < 16e6, "{data}");
        assert!(number(&data, "cpu_percent") < 50.0, "{data}");
        let host = known.until(&mut client, "host", |_| true).await;
        assert!(
            number(&host, "cores") >= 1.0 && number(&host, "cpu_percent") <= 100.0,
            "{host}"
        );
        assert!(number(&host, "memory_bytes") <= number(&host, "memory_total_bytes"));
        let own = known.until(&mut client, "muxwire", |_| true).await;
        // The links are processes of their own.
        assert!(number(&own, "processes") >= 2.0, "{own}");
        assert!(number(&own["own"], "memory_bytes") < number(&own, "memory_bytes"));

        // What is gone is gone: first the one that tmux started, then the pane.
        let pid = state.panes[&quiet].pid;
        signal(pid, rustix::process::Signal::KILL);
        let gone = |data: &Value| number(data, "processes") == 0.0;
        let data = known.until(&mut client, &quiet.to_string(), gone).await;
        assert_eq!(data["memory_bytes"], 0);
        tmux.run(["kill-pane", "-t", &large.to_string()]);
        bridge
            .until("a pane less", |state| !state.panes.contains_key(&large))
            .await;

        // The last one who wants it goes, and nothing is read any more.
        let asked = json!({ "action": "unsubscribe", "filters": { "types": ["*"] } });
        client.send(asked).await;
        while client.next().await["type"] != "unsubscribed" {}
        let samples = sampled.at_rest().await;
        assert!(samples >= 2);
        let last = tmux.new_window("exec sleep 1000");
        let (mut removed, mut created) = (false, false);
        while !(removed && created) {
            let message = other.next().await;
            assert_ne!(message["type"], "system.resources", "{message}");
            let is = |kind: &str, pane: &PaneId| {
                message["type"] == kind && message["pane"] == pane.to_string()
            };
            removed |= is("pane.removed", &large);
            created |= is("pane.created", &last);
        }
        assert_eq!(sampled.samples(), samples);
        // A client that goes without a word counts as one that leaves.
        subscribe(&mut client, json!({ "types": ["system.resources"] })).await;
        known = Known::default();
        known.until(&mut client, &busy.to_string(), is_busy).await;
        drop(client);
        assert!(sampled.at_rest().await > samples);
        drop(sampled.connectors);
    });
}

#[test]
fn rules_look_at_processors_and_memory_by_themselves() {
    for_each_version_async(async |program| {
        let tmux = TmuxServer::start(&program);
        let bridge = LiveBridge::start(tmux.tmux().await);
        let sampled = Sampled::start(&bridge);
        let rules = |text: &str| {
            let text = format!("replace = true\n{text}");
            Arc::new(AlertConfig::with(&[("test.toml", &text)]).unwrap())
        };
        let (change, config) = watch::channel(rules(""));
        let alerts = AlertSource::new(config, &sampled.metrics);
        let source = move |context| alerts.clone().run(context);
        sampled.connectors.source("alerts", source);
        let served = bridge.serve().await;
        let mut client = served.client().await;
        subscribe(&mut client, json!({ "types": ["alert", "alert.*"] })).await;
        assert_eq!(sampled.samples(), 0);

        change.send_replace(rules(
            "[[rule]]\nid = \"cpu\"\ncooldown = \"0s\"\nwhen = { cpu_above = 2 }
             [[rule]]\nid = \"memory\"\nwhen = { memory_above = \"32MiB\" }
             [[rule]]\nid = \"host\"\nseverity = \"info\"\nwhen = { memory_above = \"1MiB\", of = \"host\" }
             [[rule]]\nid = \"own\"\nwhen = { memory_above = \"1GiB\", of = \"muxwire\" }",
        ));
        let busy = tmux.new_window(BUSY);
        let large = tmux.new_window(LARGE);
        let wanted = [
            format!("cpu/{busy}"),
            format!("memory/{large}"),
            "host/host".to_owned(),
        ];
        let mut raised = BTreeMap::new();
        while !wanted.iter().all(|key| raised.contains_key(key)) {
            let alert = client.find("alert").await;
            let key = alert["data"]["key"].as_str().unwrap().to_owned();
            raised.insert(key, alert);
        }
        let cpu = &raised[&wanted[0]];
        assert_eq!(cpu["pane"], busy.to_string());
        let title = cpu["data"]["title"].as_str().unwrap();
        assert!(
            title.starts_with("the processes of the pane take "),
            "{title}"
        );
        assert!(title.ends_with(" % of a core, more than 2 %"), "{title}");
        let host = &raised["host/host"];
        assert_eq!(host["pane"], Value::Null);
        assert!(
            host["data"]["title"]
                .as_str()
                .unwrap()
                .starts_with("the machine uses ")
        );

        tmux.run(["kill-pane", "-t", &busy.to_string()]);
        loop {
            let cleared = client.find("alert.cleared").await;
            if cleared["data"]["key"] == wanted[0] {
                break;
            }
        }
        // Without such a rule nothing is read any more.
        change.send_replace(rules(
            "[[rule]]\nid = \"waits\"\nwhen = { status = [\"waiting\"] }",
        ));
        assert!(sampled.at_rest().await >= 2);
        drop(sampled.connectors);
    });
}

fn resources(user: ResourceUser) -> Box<Resources> {
    Box::new(Resources {
        user,
        amounts: Amounts {
            cpu: 10,
            memory: 1 << 20,
            processes: 1,
        },
        over: Duration::from_secs(5),
    })
}

/// Says something in place of the bridge.
fn publish(server: &TestServer, pane: Option<PaneId>, user: ResourceUser) {
    let (state, _) = server.hub.snapshot();
    let resources = resources(user);
    let said = Derived::Resources { pane, resources }
        .changes(&state)
        .unwrap();
    server.hub.publish(said.changes, None, stamp());
}

#[tokio::test]
async fn figures_are_for_those_who_see_the_pane_and_of_the_machine_for_those_who_see_all() {
    let mut tokens = Tokens::new();
    let plain = tokens.add(Permission::Read, &[], None);
    let redacted = tokens.add_redacted(Permission::Read);
    let scoped = tokens.add(Permission::Read, &["api-*"], None);
    let server = TestServer::start(Setup::keeping_secrets(&tokens)).await;
    let mut world = World::new();
    let (inside, outside) = (world.session("api-1"), world.session("web-1"));
    world.publish(&server.hub);
    let (inside, outside) = (PaneId(inside.0), PaneId(outside.0));
    publish(&server, Some(inside), ResourceUser::Pane);
    publish(&server, Some(outside), ResourceUser::Pane);
    let own = Amounts::default();
    publish(&server, None, ResourceUser::Muxwire { own });
    publish(&server, None, ResourceUser::Host(HostFigures::default()));
    let gone = Derived::Resources {
        pane: Some(PaneId(99)),
        resources: resources(ResourceUser::Pane),
    };
    assert_eq!(gone.changes(&server.hub.snapshot().0), None);

    let all = ["%0", "%1", "muxwire", "host"];
    for (token, expected) in [(&plain, &all[..]), (&redacted, &all), (&scoped, &["%0"])] {
        let mut client = server.client_of(token).await;
        let asked = json!({
            "action": "subscribe", "filters": { "types": ["system.resources"] },
            "since": { "epoch": "e1", "seq": 0 },
        });
        client.ask(asked, "subscribed").await;
        let got = client.until_pong().await;
        let got = got.iter().filter(|one| one["type"] == "system.resources");
        let names = got.map(|one| {
            let of = &one["data"]["of"];
            one["pane"].as_str().or(of.as_str()).unwrap().to_owned()
        });
        assert_eq!(names.collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn only_types_that_name_them_ask_for_figures() {
    let server = TestServer::open().await;
    let mut world = World::new();
    world.session("a");
    world.publish(&server.hub);
    let wanted = || server.hub.resources_wanted().borrow().holders;
    let rows = [
        ("subscribe", json!({}), 0, 0),
        ("subscribe", json!({ "types": ["*"] }), 0, 0),
        ("subscribe", json!({ "panes": ["%0"] }), 0, 0),
        ("subscribe", json!({ "types": ["server.*"] }), 0, 0),
        (
            "subscribe",
            json!({ "types": ["pane.*", "system.*"] }),
            1,
            1,
        ),
        (
            "subscribe",
            json!({ "types": ["system.resources"], "sessions": ["a"] }),
            1,
            1,
        ),
        // Of the session alone they are not wanted any more, of the rest they are; the pane is in it.
        (
            "unsubscribe",
            json!({ "types": ["system.*"], "sessions": ["a"] }),
            1,
            0,
        ),
        ("unsubscribe", json!({ "types": ["*.resources"] }), 0, 0),
        (
            "subscribe",
            json!({ "types": ["system.resources"], "sessions": ["a"] }),
            1,
            1,
        ),
        ("unsubscribe", json!({ "sessions": ["a"] }), 0, 0),
        ("subscribe", json!({ "types": ["system.resources"] }), 1, 1),
        ("unsubscribe", json!({}), 0, 0),
    ];
    let mut client = server.client().await;
    for (action, filters, holders, delivered) in rows {
        let asked = json!({ "action": action, "filters": filters });
        client.ask(asked, &format!("{action}d")).await;
        assert_eq!(wanted(), holders, "{action} {filters}");
        publish(&server, Some(PaneId(0)), ResourceUser::Pane);
        let got = client.until_pong().await;
        let got = got.iter().filter(|one| one["type"] == "system.resources");
        assert_eq!(got.count(), delivered, "{action} {filters}");
    }
    // An open pane brings what happens in it, but no figures.
    let mut others = [server.client().await, server.client().await];
    for client in &mut others {
        subscribe(client, json!({ "types": ["system.resources"] })).await;
    }
    assert_eq!(wanted(), 2);
    drop(others);
    wait_until_async("both have gone", SOON, || wanted() == 0).await;
}

#[tokio::test]
async fn the_program_says_them_and_counts_its_looks() {
    let tmux = TmuxServer::start(any_program());
    let settings = [("MUXWIRE_RESOURCES_INTERVAL", "1s")];
    let serving = Serving::start_with(&tmux, &["--no-auth"], &settings);
    let mut client = Client::connect(serving.address).await;
    client.expect("hello").await;
    subscribe(&mut client, json!({ "types": ["system.resources"] })).await;
    let mut known = Known::default();
    let own = known.until(&mut client, "muxwire", |_| true).await;
    assert!(number(&own["own"], "memory_bytes") > 1e6, "{own}");
    assert!(number(&own, "processes") >= 2.0, "{own}");
    assert!(number(&own, "over_ms") >= 1000.0, "{own}");
    // The shell of the pane, which says nothing of tmux's server nor of muxwire.
    let pane = known.until(&mut client, "%0", |_| true).await;
    assert!(number(&pane, "processes") >= 1.0, "{pane}");
    assert!(is_alive(tmux.pid()));
}
