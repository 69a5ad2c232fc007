//! Who may ask on what grounds something is said of an agent, and what of the answer is kept from whom. The test plays the
//! source of agents.

use std::time::Duration;

use muxwire::agent::{Confidence, Source, Standing, State};
use muxwire::auth::Permission;
use muxwire::bridge::{ExplainRequest, Ground, Grounds, Handle, HeardSignal};
use muxwire::hub::{HistoryLimits, Hub};
use muxwire::ids::Epoch;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::schema::check_from_server;
use crate::support::served::Served;
use crate::support::server::redaction;
use crate::support::tokens::Tokens;
use crate::support::world::World;

const KEY: &str = "ghp_Zq7wXr2vPk9mTn4bLs6dHf3jGy8cVe5aAb12";

/// Grounds in which each text has a secret.
fn grounds() -> Grounds {
    let secret = || format!("export T={KEY}");
    let second = Duration::from_secs(1);
    Grounds {
        state: State::Waiting,
        reason: None,
        confidence: Confidence::High,
        source: Some(Source::Hook),
        age: second,
        process: 7,
        processes: vec![7],
        has_screen: true,
        evidence: vec![Ground {
            source: Source::Hook,
            state: State::Waiting,
            reason: None,
            confidence: Confidence::High,
            message: Some(secret()),
            basis: secret(),
            strength: 60,
            standing: Standing::Counts,
            age: second,
            said: second,
        }],
        signals: vec![HeardSignal {
            kind: "title",
            text: Some(secret()),
            age: second,
        }],
    }
}

fn explain(session: &str) -> Value {
    json!({ "action": "explain", "target": { "session": session } })
}

async fn answer_all(mut questions: mpsc::Receiver<ExplainRequest>) {
    while let Some(question) = questions.recv().await {
        // Who asked may be gone.
        let _ = question.reply.send(Some(Box::new(grounds())));
    }
}

#[tokio::test]
async fn what_is_held_of_agents_is_told_to_those_who_see_them_without_secrets() {
    let mut tokens = Tokens::new();
    let plain = tokens.add(Permission::Read, &[], None);
    let redacted = tokens.add_redacted(Permission::Read);
    let scoped = tokens.add(Permission::Read, &["api-*"], None);
    let epoch = Epoch::new("e1").unwrap();
    let hub = Hub::redacting(HistoryLimits::default(), epoch, Some(redaction()));
    let (bridge, _requests) = Handle::pair();
    let server = Served::start(&hub, &bridge, Some(tokens.authenticator())).await;
    let mut world = World::new();
    world.session("api-1");
    world.session("web-1");
    world.publish(&hub);
    let mut plain = server.client_of(&plain).await;
    let unwatched = plain.ask(explain("web-1"), "explanation").await;
    check_from_server(&unwatched);
    assert_eq!(unwatched["missing"], "not_watched", "{unwatched}");

    tokio::spawn(answer_all(bridge.explainers().take()));
    let all = plain.ask(explain("web-1"), "explanation").await;
    check_from_server(&all);
    assert_eq!(all.to_string().matches(KEY).count(), 3, "{all}");
    let mut redacted = server.client_of(&redacted).await;
    let masked = redacted.ask(explain("web-1"), "explanation").await;
    check_from_server(&masked);
    assert!(!masked.to_string().contains(KEY), "{masked}");
    assert_eq!(masked["grounds"]["evidence"][0]["source"], "hook");
    let mut scoped = server.client_of(&scoped).await;
    assert_eq!(scoped.refused(explain("web-1")).await, "NOT_FOUND");
    assert_eq!(scoped.refused(explain("no-such")).await, "NOT_FOUND");
    let some = scoped.ask(explain("api-1"), "explanation").await;
    assert_eq!(some["grounds"]["status"], "waiting", "{some}");
}
