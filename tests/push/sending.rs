//! What becomes of a message at the push service, and of what waits for it.

use muxwire::auth::Permission;
use muxwire::model::AgentStatus;
use serde_json::{Value, json};

use super::stage::{Play, Stage, all_at_once, bearer};
use crate::support::push_service::PushBrowser;
use crate::support::tokens::Tokens;

/// What a subscription was sent, as it is listed.
async fn sent(stage: &Stage) -> Value {
    stage.listed("").await["subscriptions"][0]["sent"].clone()
}

#[tokio::test]
async fn what_a_service_does_not_take_now_is_sent_again() {
    let mut stage = Stage::new(Play::default()).await;
    let browser = PushBrowser::new(1);
    stage.subscribe(&browser, "", "/1", &all_at_once()).await;
    for (number, status) in ["503 Service Unavailable", "429 Too Many Requests"]
        .into_iter()
        .enumerate()
    {
        let count = u64::try_from(number).unwrap() + 1;
        stage.service.answers(status, "retry-after: 1\r\n");
        stage.agent(stage.panes[0], AgentStatus::Busy, 0, "");
        stage.agent(stage.panes[0], AgentStatus::Waiting, 1, "");
        let (first, again) = (stage.service.next().await, stage.service.next().await);
        let (told, same) = (browser.read(&first), browser.read(&again));
        assert_eq!(told["state"], same["state"]);
        assert_ne!(first.body, again.body, "each is encrypted anew");
        stage.until("push_sent_total", count).await;
        assert_eq!(stage.figure("push_retried_total"), count);
    }
    let sent = sent(&stage).await;
    assert_eq!(sent.as_array().unwrap().len(), 2, "{sent}");
    assert_eq!(sent[0].get("error"), None, "{sent}");
}

#[tokio::test]
async fn what_is_over_meanwhile_is_sent_no_more_and_a_service_may_ask_for_time() {
    let mut stage = Stage::new(Play::default()).await;
    let browser = PushBrowser::new(1);
    stage.subscribe(&browser, "", "/1", &all_at_once()).await;
    let [api, web] = stage.panes;
    stage
        .service
        .answers("503 Service Unavailable", "retry-after: 3600\r\n");
    stage.agent(api, AgentStatus::Waiting, 1, "");
    assert_eq!(browser.read(&stage.service.next().await)["pane"], "%0");
    stage.until("push_retried_total", 1).await;
    // It waits behind the first, which would be tried again in an hour.
    stage.agent(web, AgentStatus::Waiting, 1, "");
    stage.until("push_waiting", 1).await;
    stage.agent(api, AgentStatus::Busy, 0, "");
    assert_eq!(browser.read(&stage.service.next().await)["pane"], "%1");
    stage.until("push_sent_total", 1).await;
    assert!(stage.service.is_idle());
    assert_eq!(
        sent(&stage).await.as_array().unwrap().len(),
        1,
        "what is over is no failure"
    );
}

#[tokio::test]
async fn a_subscription_that_the_service_does_not_know_is_removed() {
    for status in ["404 Not Found", "410 Gone"] {
        let mut stage = Stage::new(Play::default()).await;
        let browser = PushBrowser::new(1);
        let gone = stage.subscribe(&browser, "", "/gone", &all_at_once()).await;
        stage.service.answers(status, "");
        stage.agent(stage.panes[0], AgentStatus::Waiting, 1, "");
        assert_eq!(stage.service.next().await.path, "/gone");
        stage.until_ended(&[(&gone, "gone")]).await;
        assert!(stage.desk.own().is_empty());
        assert_eq!(stage.figure("push_gone_total"), 1);
        assert_eq!(stage.figure("push_subscriptions"), 0);
        let kept = std::fs::read_to_string(stage.folder.path().join("push/subscriptions.json"));
        assert!(!kept.unwrap().contains(&gone));
        // The browser can subscribe anew.
        stage.subscribe(&browser, "", "/new", &all_at_once()).await;
        stage.agent(stage.panes[1], AgentStatus::Waiting, 1, "");
        assert_eq!(stage.service.next().await.path, "/new");
    }
}

#[tokio::test]
async fn what_a_service_refuses_is_reported_and_the_next_is_sent() {
    let mut stage = Stage::new(Play::default()).await;
    let browser = PushBrowser::new(1);
    stage.subscribe(&browser, "", "/1", &all_at_once()).await;
    let rows = [
        ("403 Forbidden", "subscribe anew"),
        ("413 Payload Too Large", "413"),
        // Whoever follows is led anywhere.
        ("307 Temporary Redirect", "307"),
    ];
    for (status, said) in rows {
        let location = format!("location: {}\r\n", stage.service.url("/elsewhere"));
        stage.service.answers(status, &location);
        stage.agent(stage.panes[0], AgentStatus::Busy, 0, "");
        stage.agent(stage.panes[0], AgentStatus::Waiting, 1, "");
        assert_eq!(stage.service.next().await.path, "/1");
        let is_told = async || {
            let sent = sent(&stage).await;
            sent[0]["error"]
                .as_str()
                .is_some_and(|error| error.contains(said))
        };
        while !is_told().await {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(stage.figure("push_failed_total"), 3);
    stage.agent(stage.panes[1], AgentStatus::Waiting, 1, "");
    assert_eq!(browser.read(&stage.service.next().await)["pane"], "%1");
    stage.until("push_sent_total", 1).await;
}

#[tokio::test]
async fn a_revoked_token_is_told_nothing_not_even_what_waits() {
    let mut tokens = Tokens::new();
    let revoked = tokens.add(Permission::Read, &[], None);
    let stays = tokens.add(Permission::Read, &[], None);
    let authenticator = tokens.authenticator();
    let play = Play {
        authenticator: Some(authenticator.clone()),
        ..Play::default()
    };
    let mut stage = Stage::new(play).await;
    let browser = PushBrowser::new(1);
    let id = stage
        .subscribe(&browser, &revoked, "/revoked", &all_at_once())
        .await;
    stage
        .service
        .answers("503 Service Unavailable", "retry-after: 3600\r\n");
    stage.agent(stage.panes[0], AgentStatus::Waiting, 1, "");
    assert_eq!(stage.service.next().await.path, "/revoked");
    stage.until("push_retried_total", 1).await;
    stage.agent(stage.panes[1], AgentStatus::Waiting, 1, "");
    stage.until("push_waiting", 1).await;
    tokens.revoke(1, &authenticator);
    stage.until_ended(&[(&id, "token_ended")]).await;
    stage.until("push_waiting", 0).await;
    stage
        .subscribe(&browser, &stays, "/stays", &all_at_once())
        .await;
    stage.agent(stage.panes[0], AgentStatus::Busy, 0, "");
    stage.agent(stage.panes[0], AgentStatus::Waiting, 0, "");
    assert_eq!(stage.service.next().await.path, "/stays");
    assert!(stage.service.is_idle());
}

#[tokio::test]
async fn what_waits_is_bounded_and_what_goes_is_counted() {
    let mut stage = Stage::new(Play::default()).await;
    let browser = PushBrowser::new(1);
    let window = stage.world.state.panes[&stage.panes[0]].window;
    let panes: Vec<_> = (0..39).map(|_| stage.world.pane(window)).collect();
    stage.world.publish(&stage.server.hub);
    stage.subscribe(&browser, "", "/1", &all_at_once()).await;
    stage
        .service
        .answers("503 Service Unavailable", "retry-after: 3600\r\n");
    stage.agent(stage.panes[0], AgentStatus::Waiting, 1, "");
    assert_eq!(browser.read(&stage.service.next().await)["pane"], "%0");
    stage.until("push_retried_total", 1).await;
    for pane in panes {
        stage.agent(pane, AgentStatus::Waiting, 1, "");
    }
    stage.until("push_dropped_total", 39 - 32).await;
    assert_eq!(stage.figure("push_waiting"), 32);
    // The newest are sent, in their order.
    stage.agent(stage.panes[0], AgentStatus::Busy, 0, "");
    let mut numbers = Vec::new();
    for _ in 0..32 {
        let told = browser.read(&stage.service.next().await);
        numbers.push(told["pane"].as_str().unwrap()[1..].parse::<u32>().unwrap());
    }
    assert_eq!(numbers, (9..41).collect::<Vec<u32>>());
}

#[tokio::test]
async fn a_test_goes_the_whole_way_and_says_what_became_of_it() {
    let mut tokens = Tokens::new();
    let one = tokens.add(Permission::Read, &[], None);
    let other = tokens.add(Permission::Read, &[], None);
    let play = Play {
        authenticator: Some(tokens.authenticator()),
        ..Play::default()
    };
    let mut stage = Stage::new(play).await;
    let browser = PushBrowser::new(1);
    let id = stage.subscribe(&browser, &one, "/1", &all_at_once()).await;
    let path = format!("/api/push/{id}/test");
    let answer = stage.ask("POST", &path, &bearer(&one), &Value::Null).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "sent": true }))
    );
    let pushed = stage.service.next().await;
    assert_eq!(pushed.header("ttl"), "60");
    let told = browser.read(&pushed);
    assert_eq!(
        (&told["kind"], &told["tag"]),
        (&json!("test"), &json!("test"))
    );
    // Somebody waits for it, so it is not tried again.
    stage.service.answers("500 Internal Server Error", "");
    let answer = stage.ask("POST", &path, &bearer(&one), &Value::Null).await;
    assert_eq!(answer.json()["sent"], false, "{answer:?}");
    assert!(
        answer.json()["error"].as_str().unwrap().contains("500"),
        "{answer:?}"
    );
    assert_eq!(stage.service.next().await.path, "/1");
    for (token, path) in [(&other, &*path), (&one, "/api/push/nothing/test")] {
        let answer = stage.ask("POST", path, &bearer(token), &Value::Null).await;
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    assert!(stage.service.is_idle());
}

#[tokio::test]
async fn what_is_left_is_tried_once_more_when_the_server_stops() {
    let mut stage = Stage::new(Play::default()).await;
    let browser = PushBrowser::new(1);
    stage.subscribe(&browser, "", "/1", &all_at_once()).await;
    stage
        .service
        .answers("503 Service Unavailable", "retry-after: 3600\r\n");
    stage.agent(stage.panes[0], AgentStatus::Waiting, 1, "");
    stage.service.next().await;
    stage.until("push_retried_total", 1).await;
    stage.agent(stage.panes[1], AgentStatus::Waiting, 1, "");
    stage.connectors.drain(crate::support::SOON).await;
    let left = [stage.service.next().await, stage.service.next().await];
    let panes = left.map(|pushed| browser.read(&pushed)["pane"].as_str().unwrap().to_owned());
    assert_eq!(panes, ["%0", "%1"]);
    assert_eq!(stage.figure("push_sent_total"), 2);
}
