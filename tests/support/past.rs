//! One message of each kind that answers a question about what happened.

use std::borrow::Cow;

use muxwire::ids::{PaneId, SessionId, WindowId};
use muxwire::wire::answers::{KnownTo, SearchHit};
use muxwire::wire::digest_answer::{AgentDigest, ErrorSpan, SpentObject, StateSpan};
use muxwire::wire::message::{
    Cancelled, DigestAnswer, HistoryPage, ReplayEnd, ReplayOutput, ReplayResized, ReplaySnapshot,
    ReplayStarted, ReplayState, ScreenThen, SearchPage,
};
use muxwire::wire::objects::Text;
use muxwire::wire::usage::UsageObject;
use muxwire::wire::{Event, Message, PaneScreen, RequestId};

const TIME: &str = "2026-11-20T05:00:00.123Z";

fn known() -> KnownTo<'static> {
    KnownTo {
        epoch: "b3f1c9".into(),
        seq: 48_213,
        cursor: "1.b3f1c9.48213".into(),
    }
}

/// All of them; `screen` is what the pane showed, `event` an event as it stands on the wire.
pub fn messages<'a>(id: &'a RequestId, screen: &PaneScreen<'a>, event: &str) -> Vec<Message<'a>> {
    let id = || Some(Cow::Borrowed(id));
    let (replay, pane, timestamp) = (1, Text(PaneId(7)), Cow::Borrowed(TIME));
    let mut all = vec![
        Message::HistoryPage(HistoryPage {
            id: id(),
            events: vec![Event::read_text(event).unwrap()],
            next: Some("h1.1763614800123.77".into()),
            known: known(),
            ..HistoryPage::default()
        }),
        Message::HistoryPage(HistoryPage {
            known: known(),
            ..HistoryPage::default()
        }),
        Message::Screen(Box::new(ScreenThen {
            id: id(),
            timestamp: timestamp.clone(),
            session: "backend".into(),
            window: Some(2),
            session_id: Text(SessionId(1)),
            window_id: Some(Text(WindowId(4))),
            pane,
            host: "build-3".into(),
            epoch: "b3f1c9".into(),
            seq: 48_213,
            cursor: "1.b3f1c9.48213".into(),
            data: screen.clone(),
            ..ScreenThen::default()
        })),
        Message::ReplayStarted(ReplayStarted {
            id: id(),
            replay,
            pane,
            from: timestamp.clone(),
            to: "2026-11-20T06:00:00.000Z".into(),
            ..ReplayStarted::default()
        }),
        Message::ReplaySnapshot(Box::new(ReplaySnapshot {
            replay,
            timestamp: timestamp.clone(),
            pane,
            data: screen.clone(),
            ..ReplaySnapshot::default()
        })),
        Message::ReplayResized(ReplayResized {
            replay,
            timestamp: timestamp.clone(),
            cols: 100,
            rows: 30,
            ..ReplayResized::default()
        }),
        Message::ReplayState(ReplayState {
            id: id(),
            replay,
            timestamp: timestamp.clone(),
            paused: true,
            speed: 1.5,
            skip_idle: true,
            ..ReplayState::default()
        }),
        Message::Cancelled(Cancelled {
            id: id(),
            found: true,
            ..Cancelled::default()
        }),
    ];
    all.extend(searches(id()));
    all.extend(outputs());
    all.extend(digests(id()));
    all
}

fn searches(id: Option<Cow<'_, RequestId>>) -> [Message<'_>; 2] {
    let hit = SearchHit {
        timestamp: TIME.into(),
        session: "backend".into(),
        window: Some(2),
        session_id: Text(SessionId(1)),
        window_id: Some(Text(WindowId(4))),
        pane: Text(PaneId(7)),
        epoch: "b3f1c9".into(),
        offset: 90_211,
        line: 4711,
        severity: "error".into(),
        snippet: vec!["an ".into(), "error".into(), ": disk full".into()],
        ..SearchHit::default()
    };
    let elsewhere = SearchHit {
        window: None,
        window_id: None,
        cut: Some(true),
        ..hit.clone()
    };
    [
        SearchPage {
            id: id.clone(),
            hits: vec![hit, elsewhere],
            next: Some("s1.4711".into()),
            out_of_time: Some(true),
            known: known(),
            ..SearchPage::default()
        },
        SearchPage {
            id,
            known: known(),
            ..SearchPage::default()
        },
    ]
    .map(Message::SearchPage)
}

fn outputs() -> [Message<'static>; 4] {
    let output = |content: &'static str, missing| {
        Message::ReplayOutput(ReplayOutput {
            replay: 1,
            timestamp: TIME.into(),
            content: content.into(),
            offset: 90_211,
            bytes: 17,
            missing,
            ..ReplayOutput::default()
        })
    };
    let end = |reason: &'static str, message: Option<&'static str>| {
        Message::ReplayEnd(ReplayEnd {
            replay: 1,
            timestamp: TIME.into(),
            reason: reason.into(),
            message: message.map(Cow::Borrowed),
            ..ReplayEnd::default()
        })
    };
    [
        output("error: it broke\r\n", None),
        output("", Some(true)),
        end("end", None),
        end("failed", Some("for people")),
    ]
}

/// What two agents did: all that can be told, and the least.
fn digests(id: Option<Cow<'_, RequestId>>) -> [Message<'_>; 1] {
    let least = AgentDigest {
        session: "backend".into(),
        pane: Text(PaneId(8)),
        agent_type: "codex".into(),
        status: "exited".into(),
        ..AgentDigest::default()
    };
    let most = AgentDigest {
        pane: Text(PaneId(7)),
        agent_type: "claude".into(),
        started: Some(TIME.into()),
        ended: Some("2026-11-20T05:30:00.123Z".into()),
        spent_ms: SpentObject {
            busy: 60_000,
            waiting: 1_740_000,
            ..SpentObject::default()
        },
        states: vec![StateSpan {
            since: TIME.into(),
            ms: 1_740_000,
            status: "waiting".into(),
            reason: Some("permission".into()),
            message: Some("Bash(cargo test)".into()),
            ..StateSpan::default()
        }],
        prompts: 1,
        waits: 1,
        longest_wait_ms: 1_740_000,
        errors: vec![ErrorSpan {
            at: TIME.into(),
            reason: Some("usage_limit".into()),
            message: Some("for people".into()),
            ..ErrorSpan::default()
        }],
        failed_tests: vec!["tests/test_a.py".into()],
        usage: Some(UsageObject {
            requests: 2,
            ..UsageObject::default()
        }),
        ..least.clone()
    };
    [Message::Digest(DigestAnswer {
        id,
        since: "2026-11-20T04:00:00.000Z".into(),
        to: "2026-11-20T06:00:00.000Z".into(),
        agents: vec![most, least],
        out_of_time: Some(true),
        known: known(),
        ..DigestAnswer::default()
    })]
}
