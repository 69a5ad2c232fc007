//! Answers to questions about what happened, as messages of the wire.

use std::borrow::Cow;

use super::replies::named;
use crate::digest::{AgentDigest, AgentError, Spent, StateSpan};
use crate::ids::Seq;
use crate::server::asking::{
    Answer, DigestReport, HistoryAnswer, Hit, ListedEvent, ReplayItem, ReplayedChange,
    ScreenAnswer, SearchAnswer,
};
use crate::server::session::{AnsweredReply, ReplayReply, ReplaySaid};
use crate::wire::answers::{
    HistoryPage, KnownTo, ReplayEnd, ReplayOutput, ReplayResized, ReplaySnapshot, ReplayStarted,
    ReplayState, ScreenThen, SearchHit, SearchPage,
};
use crate::wire::digest_answer::{self as digest, DigestAnswer, ErrorSpan, SpentObject};
use crate::wire::objects::Text;
use crate::wire::{Event, Message, More, PaneScreen, Scrollback, cursor, time_text};

pub(super) fn answered(reply: AnsweredReply<'_>) -> Message<'_> {
    let id = named(reply.id);
    let (epoch, seq) = (reply.epoch, reply.answered.known_to);
    let known = KnownTo {
        epoch: Cow::Borrowed(epoch.as_str()),
        seq: seq.0,
        cursor: cursor(epoch, seq).into(),
    };
    match &reply.answered.answer {
        Answer::History(page) => Message::HistoryPage(HistoryPage {
            id,
            known,
            ..history(page, reply.encoder)
        }),
        Answer::Search(page) => Message::SearchPage(SearchPage {
            id,
            known,
            ..search(page)
        }),
        Answer::Screen(answer) => Message::Screen(Box::new(ScreenThen {
            id,
            ..screen(answer, reply.encoder)
        })),
        Answer::Digest(report) => Message::Digest(DigestAnswer {
            id,
            known,
            ..self::report(report)
        }),
    }
}

fn history<'a>(page: &'a HistoryAnswer, encoder: &'a crate::wire::Encoder) -> HistoryPage<'a> {
    let events = page.events.iter().filter_map(|event| match event {
        ListedEvent::Known(epoch, event, view) => Some(encoder.listed(epoch, event, *view)),
        ListedEvent::Text(json) => Event::read_text(json),
    });
    HistoryPage {
        events: events.collect(),
        next: page.next.as_deref().map(Cow::Borrowed),
        ..HistoryPage::default()
    }
}

fn search(page: &SearchAnswer) -> SearchPage<'_> {
    SearchPage {
        hits: page.hits.iter().map(hit).collect(),
        next: page.next.as_deref().map(Cow::Borrowed),
        out_of_time: page.out_of_time.then_some(true),
        ..SearchPage::default()
    }
}

fn hit(hit: &Hit) -> SearchHit<'_> {
    let (found, place) = (&hit.found, &hit.place);
    let pieces = hit.snippet.pieces.iter();
    SearchHit {
        timestamp: time_text(found.at).into(),
        session: Cow::Borrowed(&place.session_name),
        window: place.window.map(|(_, index)| index),
        session_id: Text(place.session),
        window_id: place.window.map(|(id, _)| Text(id)),
        pane: Text(found.pane.pane),
        epoch: Cow::Borrowed(found.pane.epoch.as_str()),
        offset: found.offset,
        line: found.line,
        severity: Cow::Borrowed(found.severity.as_str()),
        snippet: pieces.map(|piece| Cow::Borrowed(&**piece)).collect(),
        cut: hit.snippet.is_cut.then_some(true),
        more: More::new(),
    }
}

fn screen<'a>(answer: &'a ScreenAnswer, encoder: &'a crate::wire::Encoder) -> ScreenThen<'a> {
    let (then, place) = (&answer.then, &answer.place);
    let epoch = &then.pane.epoch;
    ScreenThen {
        timestamp: time_text(then.at).into(),
        session: Cow::Borrowed(&place.session_name),
        window: place.window.map(|(_, index)| index),
        session_id: Text(place.session),
        window_id: place.window.map(|(id, _)| Text(id)),
        pane: Text(then.pane.pane),
        host: Cow::Borrowed(encoder.host()),
        epoch: Cow::Borrowed(epoch.as_str()),
        seq: then.seq,
        cursor: cursor(epoch, Seq(then.seq)).into(),
        data: shown(answer),
        ..ScreenThen::default()
    }
}

/// What a pane showed, and what brings a terminal there.
fn shown(answer: &ScreenAnswer) -> PaneScreen<'_> {
    let snapshot = &answer.then.snapshot;
    let replay = String::from_utf8_lossy(&snapshot.replay(0)).into_owned();
    PaneScreen {
        replay: Some(replay.into()),
        ..PaneScreen::new(snapshot, snapshot.offset, Scrollback::default())
    }
}

fn report(report: &DigestReport) -> DigestAnswer<'_> {
    DigestAnswer {
        since: time_text(report.since).into(),
        to: time_text(report.to).into(),
        agents: report.agents.iter().map(agent).collect(),
        out_of_time: report.out_of_time.then_some(true),
        ..DigestAnswer::default()
    }
}

fn agent(agent: &AgentDigest) -> digest::AgentDigest<'_> {
    let time = |at: i64| Cow::Owned(time_text(at));
    let tests = agent.failed_tests.iter();
    digest::AgentDigest {
        session: Cow::Borrowed(&agent.session),
        pane: Text(agent.pane),
        agent_type: Cow::Borrowed(&agent.agent_type),
        started: agent.started.map(time),
        ended: agent.ended.map(time),
        status: match agent.ended {
            Some(_) => "exited".into(),
            None => Cow::Borrowed(agent.status.name()),
        },
        spent_ms: spent(agent.spent),
        states: agent.states.iter().map(state).collect(),
        prompts: agent.prompts,
        waits: agent.waits,
        longest_wait_ms: agent.longest_wait,
        errors: agent.errors.iter().map(error).collect(),
        failed_tests: tests.map(|test| Cow::Borrowed(&**test)).collect(),
        usage: agent.usage.as_ref().map(Into::into),
        more: More::new(),
    }
}

fn spent(spent: Spent) -> SpentObject {
    SpentObject {
        busy: spent.busy,
        ready: spent.ready,
        waiting: spent.waiting,
        error: spent.error,
        unknown: spent.unknown,
    }
}

fn state(span: &StateSpan) -> digest::StateSpan<'_> {
    digest::StateSpan {
        since: time_text(span.since).into(),
        ms: u64::try_from(span.until - span.since).unwrap_or(0),
        status: Cow::Borrowed(span.status.name()),
        reason: span.reason.as_deref().map(Cow::Borrowed),
        message: span.message.as_deref().map(Cow::Borrowed),
        more: More::new(),
    }
}

fn error(error: &AgentError) -> ErrorSpan<'_> {
    ErrorSpan {
        at: time_text(error.at).into(),
        reason: error.reason.as_deref().map(Cow::Borrowed),
        message: error.message.as_deref().map(Cow::Borrowed),
        more: More::new(),
    }
}

pub(super) fn replay(reply: ReplayReply<'_>) -> Message<'_> {
    let (replay, more) = (reply.number, More::new());
    match reply.said {
        ReplaySaid::Started { id, pane, within } => Message::ReplayStarted(ReplayStarted {
            id: named(id),
            replay,
            pane: Text(pane),
            from: time_text(within.0).into(),
            to: time_text(within.1).into(),
            more,
        }),
        ReplaySaid::Snapshot(answer) => Message::ReplaySnapshot(Box::new(ReplaySnapshot {
            replay,
            timestamp: time_text(answer.then.at).into(),
            pane: Text(answer.then.pane.pane),
            data: shown(answer),
            more,
        })),
        ReplaySaid::Item(item) => replayed(replay, item),
        ReplaySaid::State {
            id,
            time,
            paused,
            speed,
            skip_idle,
        } => Message::ReplayState(ReplayState {
            id: named(id),
            replay,
            timestamp: time_text(time).into(),
            paused,
            speed,
            skip_idle,
            more,
        }),
        ReplaySaid::End {
            time,
            reason,
            message,
        } => Message::ReplayEnd(ReplayEnd {
            replay,
            timestamp: time_text(time).into(),
            reason: Cow::Borrowed(reason),
            message: message.map(Cow::Borrowed),
            more,
        }),
    }
}

fn replayed(replay: u64, item: &ReplayItem) -> Message<'_> {
    let (timestamp, more) = (Cow::Owned(time_text(item.at)), More::new());
    match &item.what {
        ReplayedChange::Output { offset, bytes } => Message::ReplayOutput(ReplayOutput {
            replay,
            timestamp,
            content: String::from_utf8_lossy(bytes),
            offset: *offset,
            bytes: bytes.len() as u64,
            missing: None,
            more,
        }),
        ReplayedChange::Missing { offset, bytes } => Message::ReplayOutput(ReplayOutput {
            replay,
            timestamp,
            content: "".into(),
            offset: *offset,
            bytes: *bytes,
            missing: Some(true),
            more,
        }),
        ReplayedChange::Size { cols, rows } => Message::ReplayResized(ReplayResized {
            replay,
            timestamp,
            cols: *cols,
            rows: *rows,
            more,
        }),
    }
}
