//! Alerts: from agents in panes to clients, and to the places that the configuration names.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use muxwire::alert::AlertConfig;
use muxwire::auth::Permission;
use muxwire::bridge::Handle;
use muxwire::connectors::{AlertFiles, AlertSinks, AlertSource, Connectors};
use muxwire::hub::{HistoryLimits, Hub};
use muxwire::ids::{Epoch, PaneId};
use muxwire::metrics::Metrics;
use muxwire::model::{
    Agent, AgentStatus, Alert, AlertAbout, AlertSeverity, ClearCause, Derived, Places,
};
use muxwire::wire::Encoder;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::support::bridge::LiveBridge;
use crate::support::http_sink::{HttpSink, SILENCE, answer};
use crate::support::program::{Home, Run};
use crate::support::schema::check_from_http;
use crate::support::server::{Client, Setup, TestServer, redaction};
use crate::support::tokens::Tokens;
use crate::support::world::{World, stamp};
use crate::support::{SOON, TmuxServer, for_each_version_async, wait_until_async};

const KEY: &str = "ghp_Zq7wXr2vPk9mTn4bLs6dHf3jGy8cVe5aAb12";

fn config(text: &str) -> Arc<AlertConfig> {
    let text = format!("replace = true\n{text}");
    Arc::new(AlertConfig::with(&[("test.toml", &text)]).unwrap())
}

fn agent(status: AgentStatus, reason: &str, message: &str) -> Arc<Agent> {
    let mut agent = Agent::new("claude", status, Timestamp::UNIX_EPOCH);
    agent.reason = Some(reason.to_owned());
    agent.message = Some(message.to_owned());
    agent.into()
}

/// The next message of this type, and what it says.
async fn next(client: &mut Client, kind: &str) -> Value {
    loop {
        let message = client.next().await;
        if message["type"] == kind {
            return message;
        }
        assert!(
            message["type"] != "alert" && message["type"] != "alert.cleared",
            "{message}"
        );
    }
}

#[test]
fn what_agents_wait_for_alerts_clients_until_it_is_over() {
    for_each_version_async(async |program| {
        let tmux = TmuxServer::start(&program);
        let bridge = LiveBridge::start(tmux.tmux().await);
        let state = bridge.until("a pane", |state| state.panes.len() == 1).await;
        let pane = *state.panes.keys().next().unwrap();
        let rules = "[[rule]]\nid = \"waits\"\ndwell = \"20ms\"\ncooldown = \"0s\"\nwhen = { status = [\"waiting\"] }
                     [[rule]]\nid = \"lost\"\nwhen = { gone_while = [\"busy\"] }
                     [[rule]]\nid = \"errors\"\nwhen = { output = \"error\", count = 2, within = \"1m\" }";
        let (change, rules) = watch::channel(config(rules));
        let metrics = Metrics::new(&bridge.hub);
        let connectors = Connectors::new(bridge.hub.clone(), bridge.handle.clone(), &metrics);
        let alerts = AlertSource::new(rules, &metrics);
        connectors.source("alerts", move |context| alerts.clone().run(context));
        let (say, mut from) = tokio::sync::mpsc::unbounded_channel::<Derived>();
        let publisher = muxwire::bridge::Publisher::new(&bridge.handle, Arc::default());
        let said = tokio::spawn(async move {
            while let Some(derived) = from.recv().await {
                publisher.publish(derived).await.unwrap();
            }
        });
        let served = bridge.serve().await;
        let mut client = served.client().await;
        let filters = json!({ "types": ["alert", "alert.cleared"] });
        let asked = json!({ "action": "subscribe", "filters": filters });
        client.ask(asked, "subscribed").await;

        let waiting = agent(AgentStatus::Waiting, "permission", "Bash(make)");
        say.send(Derived::AgentStatus {
            pane,
            agent: waiting,
        })
        .unwrap();
        let raised = next(&mut client, "alert").await;
        assert_eq!(raised["pane"], pane.to_string(), "{raised}");
        let data = raised["data"].clone();
        assert_eq!(data["title"], "claude waits: permission");
        assert_eq!(data["message"], "Bash(make)");
        assert_eq!(data["key"], format!("waits/{pane}"));
        let busy = agent(AgentStatus::Busy, "", "");
        say.send(Derived::AgentStatus { pane, agent: busy })
            .unwrap();
        let cleared = next(&mut client, "alert.cleared").await;
        assert_eq!(cleared["data"]["id"], data["id"]);
        assert_eq!(cleared["data"]["cause"], "over");
        say.send(Derived::AgentEnded { pane }).unwrap();
        let lost = next(&mut client, "alert").await;
        assert_eq!(lost["data"]["title"], "claude ended while it was busy");

        // What real panes print is judged where a rule asks for it.
        for _ in 0..2 {
            tmux.run(["send-keys", "-t", "=main:", "error: it broke", "Enter"]);
            tmux.run(["send-keys", "-t", "=main:", "all is well", "Enter"]);
        }
        let noisy = next(&mut client, "alert").await;
        assert_eq!(noisy["data"]["rule"], "errors", "{noisy}");
        // Other rules end what only the old ones said.
        change.send_replace(config(""));
        for _ in 0..2 {
            let cleared = next(&mut client, "alert.cleared").await;
            assert_eq!(cleared["data"]["cause"], "rules");
        }
        drop(connectors);
        said.abort();
    });
}

fn an_alert(number: u32, severity: AlertSeverity, message: &str) -> Arc<Alert> {
    Arc::new(Alert {
        id: format!("t-{number}"),
        rule: "waits".to_owned(),
        severity,
        key: format!("waits/%{number}"),
        title: "claude waits: permission".to_owned(),
        message: Some(message.to_owned()),
        agent_type: Some("claude".to_owned()),
        status: Some(AgentStatus::Waiting),
        reason: Some("permission".to_owned()),
        since: Timestamp::UNIX_EPOCH,
    })
}

/// Says something in place of the bridge.
fn publish(hub: &Hub, derived: Derived) {
    let (state, _) = hub.snapshot();
    let said = derived.changes(&state).unwrap();
    hub.publish(said.changes, said.state.map(Arc::new), stamp());
}

fn raise(hub: &Hub, pane: PaneId, number: u32, message: &str) {
    let about = AlertAbout::Pane(pane, Places::from([]));
    let alert = an_alert(number, AlertSeverity::Warning, message);
    publish(hub, Derived::Alert { about, alert });
}

fn first_pane(world: &World, session: muxwire::ids::SessionId) -> PaneId {
    let window = world.state.sessions[&session].windows[&0];
    world.state.windows[&window].panes[0]
}

#[tokio::test]
async fn alerts_out_of_sight_and_secrets_in_them_are_kept_from_those_who_may_not_know() {
    let mut tokens = Tokens::new();
    let plain = tokens.add(Permission::Read, &[], None);
    let redacted = tokens.add_redacted(Permission::Read);
    let scoped = tokens.add(Permission::Read, &["api-*"], None);
    let server = TestServer::start(Setup::keeping_secrets(&tokens)).await;
    let mut world = World::new();
    let (inside, outside) = (world.session("api-1"), world.session("web-1"));
    world.publish(&server.hub);
    let message = format!("export T={KEY}");
    raise(&server.hub, first_pane(&world, inside), 1, &message);
    raise(&server.hub, first_pane(&world, outside), 2, &message);
    let alert = an_alert(3, AlertSeverity::Error, &message);
    let about = AlertAbout::Machine;
    let machine = Derived::Alert {
        about,
        alert: Arc::clone(&alert),
    };
    publish(&server.hub, machine);
    let (about, cause) = (AlertAbout::Machine, ClearCause::Over);
    publish(
        &server.hub,
        Derived::AlertCleared {
            about,
            alert,
            cause,
        },
    );

    for (token, expected, secrets) in [(&plain, 4, 4), (&redacted, 4, 0), (&scoped, 1, 1)] {
        let mut client = server.client_of(token).await;
        let asked = json!({
            "action": "subscribe", "filters": { "types": ["alert", "alert.*"] },
            "since": { "epoch": "e1", "seq": 0 },
        });
        client.ask(asked, "subscribed").await;
        let got = client.until_pong().await;
        let alerts = got.iter().filter(|one| one["type"] != "bookmark");
        let text = alerts.clone().map(Value::to_string).collect::<String>();
        assert_eq!(alerts.count(), expected, "{got:#?}");
        assert_eq!(text.matches(KEY).count(), secrets, "{got:#?}");

        // Of those that are not over, HTTP tells the same.
        let lines = format!("authorization: Bearer {token}\r\n");
        let answer = server.get_with("/api/alerts", &lines).await;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let listed: Value = serde_json::from_str(body).unwrap();
        check_from_http(&listed);
        let open = listed["alerts"].as_array().unwrap();
        assert_eq!(open.len(), expected.min(2), "{listed:#}");
        assert_eq!(body.matches(KEY).count(), secrets.min(2), "{listed:#}");
        assert!(open.iter().all(|one| got.contains(one)), "{listed:#}");
    }
}

/// A log, and the sink of alerts beside it.
struct Bench {
    hub: Hub,
    world: World,
    pane: PaneId,
    hidden: PaneId,
    metrics: Metrics,
    connectors: Connectors,
    config: watch::Sender<Arc<AlertConfig>>,
    handle: Handle,
}

impl Bench {
    fn new(sinks: &str) -> Self {
        let limits = HistoryLimits {
            bytes: usize::MAX,
            events: 10_000,
            age: Duration::from_secs(3600),
        };
        let epoch = Epoch::new("e1").unwrap();
        let hub = Hub::redacting(limits, epoch, Some(redaction()));
        let metrics = Metrics::new(&hub);
        let (handle, _) = Handle::pair();
        let connectors = Connectors::new(hub.clone(), handle.clone(), &metrics);
        let mut world = World::new();
        let (pane, hidden) = (world.session("api"), world.session("web"));
        let (pane, hidden) = (first_pane(&world, pane), first_pane(&world, hidden));
        world.publish(&hub);
        let (to, from) = watch::channel(config(sinks));
        let encoder = Encoder::new("box", hub.epoch());
        let sinks = AlertSinks::new(from, encoder, handle.demand().clone(), &metrics);
        connectors.quiet_sink("alerts", move |cursor| sinks.clone().run(cursor));
        Self {
            hub,
            world,
            pane,
            hidden,
            metrics,
            connectors,
            config: to,
            handle,
        }
    }

    fn raise(&self, number: u32, message: &str) {
        raise(&self.hub, self.pane, number, message);
    }

    fn figure(&self, name: &str) -> u64 {
        let text = self.metrics.text().unwrap();
        let begin = format!("muxwire_{name} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&begin));
        line.map_or(0, |line| line.parse().unwrap())
    }

    async fn until(&self, name: &str, value: u64) {
        let what = format!("{name} is {value}");
        wait_until_async(&what, SOON, || self.figure(name) == value).await;
    }
}

fn sink(kind: &str, url: &str, rest: &str) -> String {
    format!("[[sink]]\nid = \"s\"\nkind = {kind:?}\nurl = {url:?}\n{rest}\n")
}

fn secret(folder: &std::path::Path, text: &str) -> String {
    let path = folder.join("secret");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_webhook_gets_what_a_client_gets_signed_and_only_what_it_may_see() {
    let folder = tempfile::tempdir().unwrap();
    let file = secret(folder.path(), "top secret\n");
    let mut server = HttpSink::start(&[answer("204 No Content", "")]).await;
    let rest = format!("secret_file = {file:?}\nsessions = [\"api\"]");
    let bench = Bench::new(&sink("webhook", &server.url("/hook?a=b"), &rest));
    raise(&bench.hub, bench.hidden, 1, "x");
    bench.raise(2, &format!("T={KEY}"));
    let got = server.next().await;
    assert_eq!(got.line, "POST /hook?a=b HTTP/1.1");
    assert_eq!(got.header("host"), format!("127.0.0.1:{}", server.port));
    assert_eq!(got.header("content-type"), "application/json");
    let event: Value = serde_json::from_str(&got.body).unwrap();
    assert_eq!(event["type"], "alert");
    assert_eq!(
        (&event["session"], &event["host"]),
        (&json!("api"), &json!("box"))
    );
    assert_eq!(
        event["data"]["id"], "t-2",
        "the other session is out of its sight"
    );
    assert!(!got.body.contains(KEY), "{}", got.body);
    assert_eq!(got.header("webhook-id"), "t-2");
    let signed = format!("t-2.{}.{}", got.header("webhook-timestamp"), got.body);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"top secret");
    let tag = ring::hmac::sign(&key, signed.as_bytes());
    let expected = data_encoding::BASE64.encode(tag.as_ref());
    assert_eq!(got.header("webhook-signature"), format!("v1,{expected}"));
    let about = AlertAbout::Pane(bench.pane, Places::from([]));
    let (alert, cause) = (an_alert(2, AlertSeverity::Warning, "x"), ClearCause::Over);
    publish(
        &bench.hub,
        Derived::AlertCleared {
            about,
            alert,
            cause,
        },
    );
    let got = server.next().await;
    assert_eq!(got.header("webhook-id"), "t-2-cleared");
    assert!(got.body.contains("\"alert.cleared\""));
    bench.until("alerts_sent_total", 2).await;
}

#[tokio::test]
async fn ntfy_gets_a_message_with_its_title_priority_and_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = secret(folder.path(), "tk_abc");
    let mut server = HttpSink::start(&[answer("200 OK", "")]).await;
    let rest = format!("token_file = {file:?}\ncleared = false\nredact = false");
    let bench = Bench::new(&sink("ntfy", &server.url("/topic"), &rest));
    bench.raise(1, &format!("caf\u{e9}\u{1b}[31m {KEY}"));
    let got = server.next().await;
    assert_eq!(got.line, "POST /topic HTTP/1.1");
    assert_eq!(got.header("title"), "warning: claude waits: permission");
    assert_eq!(
        (got.header("priority"), got.header("tags")),
        ("3", "warning")
    );
    assert_eq!(got.header("authorization"), "Bearer tk_abc");
    assert_eq!(got.body, format!("caf\u{e9} [31m {KEY} (box api:0)"));
}

#[tokio::test]
async fn what_fails_is_tried_again_and_what_leads_elsewhere_is_not_followed() {
    let elsewhere = HttpSink::start(&[answer("200 OK", "")]).await;
    let location = format!("location: {}\r\n", elsewhere.url("/"));
    let retry = "retry-after: 1\r\n";
    let mut server = HttpSink::start(&[
        answer("500 Internal Server Error", ""),
        answer("429 Too Many Requests", retry),
        answer("200 OK", ""),
        answer("307 Temporary Redirect", &location),
        format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(4 << 20)),
        format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1 << 20)),
        answer("200 OK", ""),
    ])
    .await;
    let bench = Bench::new(&sink("webhook", &server.url("/"), ""));
    bench.raise(1, "x");
    for _ in 0..3 {
        assert_eq!(server.next().await.header("webhook-id"), "t-1");
    }
    bench.until("alerts_sent_total", 1).await;
    bench.raise(2, "x");
    assert_eq!(server.next().await.header("webhook-id"), "t-2");
    bench.until("alerts_failed_total", 1).await;
    assert_eq!(elsewhere.got.len(), 0, "nothing else is asked");
    // Of a long answer only the head is read; a head without end fails, and is tried again.
    for number in [3, 4] {
        bench.raise(number, "x");
        assert_eq!(
            server.next().await.header("webhook-id"),
            format!("t-{number}")
        );
    }
    assert_eq!(server.next().await.header("webhook-id"), "t-4");
    bench.until("alerts_sent_total", 3).await;
}

#[tokio::test]
async fn a_sink_that_is_slow_or_gone_holds_up_nobody_and_loses_the_oldest() {
    let mut slow = HttpSink::start(&[SILENCE.to_owned()]).await;
    let mut fast = HttpSink::start(&[answer("200 OK", "")]).await;
    let gone = HttpSink::start(&[SILENCE.to_owned()]).await.url("/");
    let sinks = [
        sink("webhook", &slow.url("/"), "queue = 3\ntimeout = \"5m\""),
        sink("webhook", &gone, "queue = 2").replace("\"s\"", "\"gone\""),
        sink("webhook", &fast.url("/"), "").replace("\"s\"", "\"fast\""),
    ];
    let bench = Bench::new(&sinks.concat());
    bench.raise(0, "x");
    slow.next().await;
    for number in 1..=20 {
        bench.raise(number, "x");
    }
    for number in 0..=20 {
        assert_eq!(
            fast.next().await.header("webhook-id"),
            format!("t-{number}")
        );
    }
    bench.until("alerts_waiting", 5).await;
    assert!(bench.figure("alerts_dropped_total") >= 17 + 18);
    // It is told of everything while there is somewhere to send it, and no longer.
    let is_listening = |bench: &Bench| bench.handle.demand().listeners() > 0;
    assert!(is_listening(&bench));
    bench.config.send_replace(config(""));
    wait_until_async("nobody listens", SOON, || !is_listening(&bench)).await;
    assert_eq!(bench.figure("alerts_waiting"), 0);
    drop(bench.world);
}

#[tokio::test]
async fn what_waits_is_sent_at_a_stop_and_a_command_is_given_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("got");
    let script = "cat >> \"$0\"";
    let argv = ["sh", "-c", script, file.to_str().unwrap()];
    let bench = Bench::new(&format!(
        "[[sink]]\nid = \"c\"\nkind = \"command\"\nargv = {argv:?}"
    ));
    for number in 0..5 {
        bench.raise(number, "it's $(id)");
    }
    bench.connectors.drain(SOON).await;
    let text = fs::read_to_string(&file).unwrap();
    let ids = text.lines().map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["data"]["message"], "it's $(id)");
        event["data"]["id"].to_string()
    });
    assert_eq!(
        ids.collect::<Vec<_>>(),
        ["\"t-0\"", "\"t-1\"", "\"t-2\"", "\"t-3\"", "\"t-4\""]
    );
}

#[tokio::test]
async fn files_are_read_anew_and_a_broken_one_leaves_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.toml");
    let folders = vec![folder.path().to_owned()];
    let (files, mut config) = AlertFiles::start(folders.clone()).await.unwrap();
    let run = tokio::spawn(files.run());
    assert_eq!(config.borrow().rules.len(), 6);
    fs::write(&path, "disabled = [\"stuck\"]").unwrap();
    config
        .wait_for(|config| config.rules.len() == 5)
        .await
        .unwrap();
    fs::write(&path, "disabled = [\"stuk\"]").unwrap();
    let error = AlertFiles::load(&folders).unwrap_err().to_string();
    assert!(
        error.contains("alerts.toml:1: rule: there is no \"stuk\"; did you mean"),
        "{error}"
    );
    fs::write(&path, "disabled = [\"stuck\", \"gone\"]").unwrap();
    config
        .wait_for(|config| config.rules.len() == 4)
        .await
        .unwrap();
    fs::remove_file(&path).unwrap();
    config
        .wait_for(|config| config.rules.len() == 6)
        .await
        .unwrap();
    run.abort();
}

#[tokio::test]
async fn the_command_line_tries_sinks_and_shows_no_secret() {
    let home = Home::new();
    let run = home.run("alert test");
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .contains("there are no sinks: add a [[sink]] to alerts.toml"),
        "{run:?}"
    );
    let mut server = HttpSink::start(&[answer("200 OK", ""), answer("403 Forbidden", "")]).await;
    let token = secret(home.path(), "tk_very_secret");
    let sinks = [
        sink(
            "ntfy",
            &server.url("/hidden-topic"),
            &format!("token_file = {token:?}"),
        ),
        "[[sink]]\nid = \"command\"\nkind = \"command\"\nargv = [\"/no/such\"]\n".to_owned(),
    ];
    home.write(".config/muxwire/alerts.toml", &sinks.concat());
    let run = |arguments: &'static str| {
        let mut command = home.muxwire(arguments.split_whitespace());
        tokio::task::spawn_blocking(move || Run::of(&mut command))
    };
    let outcome = run("alert test s --severity critical").await.unwrap();
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(0), "s (ntfy): sent\n"),
        "{outcome:?}"
    );
    let got = server.next().await;
    assert_eq!(got.header("title"), "critical: a test alert of muxwire");
    assert_eq!(got.header("priority"), "5");
    let outcome = run("alert test --json").await.unwrap();
    assert_eq!(outcome.code, Some(1));
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(value[0]["error"], "the answer was 403 Forbidden");
    assert!(
        value[1]["error"]
            .as_str()
            .unwrap()
            .starts_with("/no/such can't be started")
    );
    let listed = run("alert list").await.unwrap();
    assert_eq!(listed.code, Some(0), "{listed:?}");
    for outcome in [&outcome, &listed] {
        let all = format!("{outcome:?}");
        assert!(
            !all.contains("very_secret") && !all.contains("hidden-topic"),
            "{all}"
        );
    }
    assert!(listed.stdout.contains("usage-limit"), "{}", listed.stdout);
    let outcome = run("alert test comand").await.unwrap();
    assert!(
        outcome.stderr.contains("did you mean command?"),
        "{outcome:?}"
    );
    home.write(".config/muxwire/alerts.toml", "[[rule]]\nid = 1\n");
    let outcome = run("alert list").await.unwrap();
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("alerts.toml:2: "), "{outcome:?}");
}
