//! What a browser is told, and when: what its holder may know, what it wants, once.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use muxwire::auth::Permission;
use muxwire::ids::ViewerId;
use muxwire::model::{
    AgentStatus, Alert, AlertAbout, AlertSeverity, ClearCause, Derived, Places, mark_seen,
};
use serde_json::{Value, json};

use super::stage::{Play, Stage, all_at_once};
use crate::support::push_service::{PushBrowser, claims};
use crate::support::tokens::Tokens;
use crate::support::world::stamp;

const KEY: &str = "ghp_Zq7wXr2vPk9mTn4bLs6dHf3jGy8cVe5aAb12";

#[tokio::test]
async fn a_browser_is_told_so_that_it_alone_can_read_it() {
    let mut stage = Stage::new(Play::default()).await;
    let browser = PushBrowser::new(1);
    stage.subscribe(&browser, "", "/1", &all_at_once()).await;
    let key = stage.listed("").await["key"].as_str().unwrap().to_owned();
    stage.agent(
        stage.panes[0],
        AgentStatus::Waiting,
        3,
        "Bash(rm -rf build)",
    );
    let first = stage.service.next().await;
    let told = browser.read(&first);
    assert_eq!(told["v"], 1);
    assert_eq!(told["kind"], "waiting");
    assert_eq!(told["pane"], "%0");
    assert_eq!(told["tag"], "%0 waiting");
    assert_eq!(told["title"], "api:0.0");
    // What the agent says is for nobody's locked screen, unless that is allowed.
    assert_eq!(told["body"], "claude: asks for permission");
    let state = told["state"].as_str().unwrap();
    assert!(state.starts_with("%0 waiting 1"), "{state}");
    assert_eq!(first.path, "/1");
    assert_eq!(first.header("ttl"), "14400");
    assert_eq!(first.header("urgency"), "high");
    let topic = first.header("topic");
    assert!(topic.len() <= 32 && !topic.is_empty(), "{topic}");
    let claims = claims(&first, &key);
    assert_eq!(claims["aud"], stage.service.url(""));
    assert_eq!(claims["sub"], "mailto:me@box.example");
    let left = claims["exp"].as_i64().unwrap() - Timestamp::now().as_second();
    assert!((3600..=24 * 3600).contains(&left), "{left}");
    // The next of the same pane takes its place, also where the device is away.
    stage.agent(stage.panes[0], AgentStatus::Busy, 1, "");
    stage.agent(stage.panes[0], AgentStatus::Waiting, 0, "Bash(make)");
    let second = stage.service.next().await;
    assert_eq!(second.header("topic"), topic);
    assert_ne!(browser.read(&second)["state"], *state);
    stage.agent(stage.panes[0], AgentStatus::Busy, 0, "");
    stage.agent(stage.panes[0], AgentStatus::Ready, 0, "");
    let third = stage.service.next().await;
    assert_eq!(third.header("urgency"), "normal");
    assert_ne!(third.header("topic"), topic);
    let told = browser.read(&third);
    assert_eq!(
        (&told["kind"], &told["body"]),
        (&json!("finished"), &json!("claude: finished, not seen"))
    );
    stage.until("push_sent_total", 3).await;
    let sent = stage.listed("").await["subscriptions"][0]["sent"].clone();
    let kinds: Vec<&str> = sent
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["finished", "waiting", "waiting"]);
    assert!(!sent.to_string().contains("Bash"), "{sent}");
}

#[tokio::test]
async fn each_is_told_what_its_holder_may_know() {
    let mut tokens = Tokens::new();
    let all = tokens.add(Permission::Write, &[], None);
    let scoped = tokens.add(Permission::Write, &["web"], None);
    let redacted = tokens.add_redacted(Permission::Write);
    let by_role = tokens.add(Permission::Read, &[], None);
    let play = Play {
        authenticator: Some(tokens.authenticator()),
        redacts: true,
        roles: vec![Permission::Read],
        ..Play::default()
    };
    let mut stage = Stage::new(play).await;
    let wishes = json!({ "kinds": ["waiting"], "dwell": 0, "content": true });
    let mut browsers = Vec::new();
    for (number, (path, token)) in [
        ("/all", &all),
        ("/scoped", &scoped),
        ("/redacted", &redacted),
        ("/role", &by_role),
    ]
    .into_iter()
    .enumerate()
    {
        let browser = PushBrowser::new(u8::try_from(number).unwrap() + 1);
        stage.subscribe(&browser, token, path, &wishes).await;
        browsers.push((path, browser));
    }
    let message = format!("export T={KEY}");
    stage.agent(stage.panes[0], AgentStatus::Waiting, 1, &message);
    stage.agent(stage.panes[1], AgentStatus::Waiting, 1, &message);
    let mut told: Vec<(String, Value)> = Vec::new();
    while told.len() < 7 {
        let pushed = stage.service.next().await;
        let (_, browser) = browsers
            .iter()
            .find(|(path, _)| *path == pushed.path)
            .unwrap();
        told.push((pushed.path.clone(), browser.read(&pushed)));
    }
    for (path, places, knows) in [
        ("/all", vec!["api:0.0", "web:0.0"], true),
        ("/scoped", vec!["web:0.0"], true),
        ("/redacted", vec!["api:0.0", "web:0.0"], false),
        ("/role", vec!["api:0.0", "web:0.0"], false),
    ] {
        let own: Vec<&Value> = told
            .iter()
            .filter(|(to, _)| to == path)
            .map(|(_, told)| told)
            .collect();
        let titles: Vec<&str> = own
            .iter()
            .map(|told| told["title"].as_str().unwrap())
            .collect();
        assert_eq!(titles, places, "{path}");
        for told in own {
            let body = told["body"].as_str().unwrap();
            assert!(
                body.starts_with("claude: asks for permission\nexport T="),
                "{body}"
            );
            assert_eq!(body.contains(KEY), knows, "{path}: {body}");
        }
    }
    assert!(stage.service.is_idle());
}

#[tokio::test]
async fn redaction_that_was_switched_off_leaves_nothing_to_tell_those_from_whom_secrets_are_kept() {
    let mut tokens = Tokens::new();
    let redacted = tokens.add_redacted(Permission::Write);
    let play = Play {
        authenticator: Some(tokens.authenticator()),
        ..Play::default()
    };
    let stage = Stage::new(play).await;
    let id = stage
        .subscribe(&PushBrowser::new(1), &redacted, "/1", &all_at_once())
        .await;
    stage.until_ended(&[(&id, "token_ended")]).await;
}

#[tokio::test]
async fn kinds_that_are_not_wanted_quiet_hours_and_what_was_seen_are_not_told() {
    let mut tokens = Tokens::new();
    let token = tokens.add(Permission::Read, &[], None);
    let authenticator = tokens.authenticator();
    let play = Play {
        authenticator: Some(authenticator.clone()),
        ..Play::default()
    };
    let mut stage = Stage::new(play).await;
    let [api, web] = stage.panes;
    let browser = PushBrowser::new(1);
    // An hour around now, by a clock that is one hour ahead.
    let hour = |by: i64| {
        let there = Timestamp::now() + jiff::SignedDuration::from_hours(1 + by);
        there.strftime("%H:%M").to_string()
    };
    let quiet = json!({ "from": hour(-1), "to": hour(1) });
    let all = ["waiting", "failed", "finished", "alerts"];
    for (path, wishes) in [
        ("/failed", json!({ "kinds": ["failed"], "dwell": 0 })),
        ("/patient", json!({ "kinds": all, "dwell": 3600 })),
        (
            "/quiet",
            json!({ "kinds": all, "dwell": 0, "quiet": quiet, "offset": 60 }),
        ),
        ("/none", json!({ "kinds": [], "dwell": 0 })),
    ] {
        stage.subscribe(&browser, &token, path, &wishes).await;
    }
    stage.agent(api, AgentStatus::Waiting, 1, "");
    // What the holder has seen needs no telling.
    stage.agent(web, AgentStatus::Error, 1, "");
    let failed = stage.service.next().await;
    assert_eq!(
        (&*failed.path, &browser.read(&failed)["kind"]),
        ("/failed", &json!("failed"))
    );
    stage.agent(web, AgentStatus::Busy, 1, "");
    let holder = authenticator.verify(&token, None).await.unwrap();
    let since = Timestamp::from_second(Timestamp::now().as_second() - 100).unwrap();
    let mut agent = muxwire::model::Agent::new("codex", AgentStatus::Error, since);
    agent.seen_by = [ViewerId(holder.print())].into_iter().collect();
    let pane = web;
    let agent = Arc::new(agent);
    stage.say(Derived::AgentStatus { pane, agent });
    let (state, _) = stage.server.hub.snapshot();
    let seen = mark_seen(&state, ViewerId(holder.print()), &[web]).unwrap();
    stage
        .server
        .hub
        .publish(seen.changes, seen.state.map(Arc::new), stamp());
    // Whatever would have been told by now would come before this.
    for path in ["/failed", "/patient", "/quiet", "/none"] {
        stage
            .subscribe(&browser, &token, path, &all_at_once())
            .await;
    }
    stage.agent(api, AgentStatus::Busy, 0, "");
    stage.agent(api, AgentStatus::Ready, 0, "");
    let mut paths = Vec::new();
    for _ in 0..4 {
        let pushed = stage.service.next().await;
        assert_eq!(browser.read(&pushed)["kind"], "finished", "{pushed:?}");
        paths.push(pushed.path);
    }
    paths.sort();
    assert_eq!(paths, ["/failed", "/none", "/patient", "/quiet"]);
}

#[tokio::test]
async fn what_lasts_long_enough_is_told_then() {
    let mut stage = Stage::new(Play::default()).await;
    let browser = PushBrowser::new(1);
    let wishes = json!({ "kinds": ["waiting"], "dwell": 2 });
    stage.subscribe(&browser, "", "/1", &wishes).await;
    let began = std::time::Instant::now();
    stage.agent(stage.panes[0], AgentStatus::Waiting, 0, "");
    let pushed = stage.service.next().await;
    assert!(
        began.elapsed() >= Duration::from_secs(1),
        "not before it has lasted"
    );
    assert_eq!(browser.read(&pushed)["kind"], "waiting");
}

#[tokio::test]
async fn an_agent_that_was_never_asked_has_not_finished() {
    let mut stage = Stage::new(Play::default()).await;
    let browser = PushBrowser::new(1);
    stage.subscribe(&browser, "", "/1", &all_at_once()).await;
    let [api, web] = stage.panes;
    stage.agent(api, AgentStatus::Ready, 1, "");
    stage.agent(web, AgentStatus::Busy, 1, "");
    stage.agent(web, AgentStatus::Ready, 1, "");
    assert_eq!(browser.read(&stage.service.next().await)["pane"], "%1");
    stage.agent(api, AgentStatus::Busy, 0, "");
    stage.agent(api, AgentStatus::Ready, 0, "");
    assert_eq!(browser.read(&stage.service.next().await)["pane"], "%0");
}

fn an_alert(number: u32) -> Arc<Alert> {
    Arc::new(Alert {
        id: format!("t-{number}"),
        rule: "waits".to_owned(),
        severity: AlertSeverity::Critical,
        key: "waits/%0".to_owned(),
        title: "claude \u{1b}[31mwaits".to_owned(),
        message: Some(KEY.to_owned()),
        agent_type: Some("claude".to_owned()),
        status: Some(AgentStatus::Waiting),
        reason: None,
        since: Timestamp::UNIX_EPOCH,
    })
}

#[tokio::test]
async fn alerts_are_told_while_they_stand_to_those_who_see_them() {
    let mut tokens = Tokens::new();
    let all = tokens.add(Permission::Write, &[], None);
    let scoped = tokens.add(Permission::Write, &["web"], None);
    let play = Play {
        authenticator: Some(tokens.authenticator()),
        ..Play::default()
    };
    let mut stage = Stage::new(play).await;
    let browser = PushBrowser::new(1);
    stage
        .subscribe(&browser, &scoped, "/scoped", &all_at_once())
        .await;
    stage
        .subscribe(&browser, &all, "/all", &all_at_once())
        .await;
    let [api, web] = stage.panes;
    for number in [1, 2] {
        let about = || AlertAbout::Pane(api, Places::from([]));
        let alert = an_alert(number);
        stage.say(Derived::Alert {
            about: about(),
            alert: Arc::clone(&alert),
        });
        let pushed = stage.service.next().await;
        assert_eq!(pushed.path, "/all");
        let told = browser.read(&pushed);
        assert_eq!(told["title"], "critical: api:0.0");
        assert_eq!(told["body"], "claude waits");
        assert_eq!(told["state"], format!("alert t-{number}"));
        let cause = ClearCause::Over;
        stage.say(Derived::AlertCleared {
            about: about(),
            alert,
            cause,
        });
    }
    let about = AlertAbout::Pane(web, Places::from([]));
    stage.say(Derived::Alert {
        about,
        alert: an_alert(3),
    });
    let mut paths = [
        stage.service.next().await.path,
        stage.service.next().await.path,
    ];
    paths.sort();
    assert_eq!(paths, ["/all", "/scoped"]);
}
