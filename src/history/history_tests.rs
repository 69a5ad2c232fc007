//! What is kept of a log, and what is given of it again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::*;
use crate::hub::{
    Archive as _, HistoryLimits, Hub, Next, Published, Reader as LogReader, SeqRange, Stamp,
};
use crate::ids::{Epoch, PaneId, Seq, SessionId, WindowId};
use crate::model::{Audience, Change, ChangeKind, Place, Places, Visibility};
use crate::screen::{PaneSnapshot, Tracker};

/// A log, and the history of it in a folder of its own.
pub(super) struct Stage {
    pub(super) hub: Hub,
    log: LogReader,
    pub(super) recorder: Recorder,
    wishes: Wishes,
    pub(super) folder: tempfile::TempDir,
    offset: u64,
    now: i64,
}

pub(super) const PANE: PaneId = PaneId(3);

/// A time that no clock shows by chance.
pub(super) const START: i64 = 1_790_000_000_000;

pub(super) fn settings(folder: &tempfile::TempDir) -> Settings {
    Settings {
        path: folder.path().join("default.db"),
        max_bytes: 1 << 30,
        max_age: Duration::from_secs(100 * 365 * 86_400),
        exclude: Vec::new(),
        secrets: Secrets::Mask,
        rules: (Vec::new(), false),
        host: "here".to_owned(),
    }
}

pub(super) fn places(session: &str) -> Places {
    Places::from([Place {
        session: SessionId(1),
        session_name: session.into(),
        window: Some((WindowId(2), 0)),
    }])
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(&folder);
        change(&mut settings);
        let epoch = Epoch::new("abc123").unwrap();
        let hub = Hub::new(HistoryLimits::default(), epoch.clone());
        let history = History::open(settings).unwrap();
        let (recorder, wishes) = history.start(&epoch, Seq(0), None).unwrap();
        Self {
            log: hub.reader(),
            hub,
            recorder,
            wishes,
            folder,
            offset: 0,
            now: START,
        }
    }

    /// Publishes a change a second after the last.
    pub(super) fn publish(&mut self, change: Change) -> Seq {
        self.now += 1000;
        let at = Timestamp::from_millisecond(self.now).unwrap();
        self.hub.publish([change], None, Stamp::at(at))
    }

    pub(super) fn of_pane(&mut self, kind: ChangeKind) -> Seq {
        self.publish(Change::of_pane(PANE, places("api"), kind))
    }

    pub(super) fn prints(&mut self, text: &str) -> Seq {
        self.prints_in("api", text)
    }

    pub(super) fn prints_in(&mut self, session: &str, text: &str) -> Seq {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let kind = ChangeKind::PaneOutput {
            offset: self.offset,
            bytes,
        };
        self.offset += text.len() as u64;
        self.publish(Change::of_pane(PANE, places(session), kind))
    }

    /// Lets the history take all that was published, and write it. It gets the snapshots that it wants: empty screens of 80
    /// by 24, as a pane has that was seen from its beginning.
    pub(super) async fn keep(&mut self) {
        while let Next::Event(event) = self.log.pull() {
            self.recorder.event(event).await;
        }
        self.recorder.flush().await;
        while let Ok(pane) = self.wishes.try_recv() {
            self.recorder.seed(pane, Some(Arc::new(empty(pane, 0))));
        }
        self.recorder.flush().await;
    }

    pub(super) fn reader(&self) -> Reader {
        self.recorder.open_reader().unwrap()
    }

    pub(super) fn archive(&self) -> DiskArchive {
        DiskArchive::new(
            self.reader(),
            self.hub.epoch().clone(),
            self.recorder.clone(),
        )
    }

    pub(super) fn at(&self) -> i64 {
        self.now
    }
}

/// An empty screen.
pub(super) fn empty(pane: PaneId, offset: u64) -> PaneSnapshot {
    let mut terminal = terminal::Terminal::new(terminal::Size::new(80, 24).unwrap());
    terminal.snapshot(pane, offset, true)
}

pub(super) fn bell() -> ChangeKind {
    ChangeKind::PaneBell
}

fn texts(page: &SearchPage) -> Vec<&str> {
    page.found.iter().map(|found| found.text.as_str()).collect()
}

pub(super) fn words(text: &str) -> SearchQuery {
    SearchQuery {
        pattern: Pattern::Words(text.to_owned()),
        panes: Vec::new(),
        sessions: Vec::new(),
        severity: None,
        from: None,
        to: None,
        before: None,
        limit: 100,
    }
}

#[tokio::test]
async fn what_was_published_is_given_back_as_it_was() {
    let mut stage = Stage::new();
    stage.of_pane(bell());
    stage.prints("hello ");
    stage.of_pane(ChangeKind::PaneTitleChanged {
        title: "new".to_owned(),
        previous: "old".to_owned(),
    });
    stage.prints("world\r\n");
    let hidden = Change::new(
        Audience::Unscoped,
        ChangeKind::BufferDeleted {
            name: "buffer0".to_owned(),
        },
    );
    stage.publish(hidden);
    stage.keep().await;
    let archive = stage.archive();
    let whole = SeqRange {
        after: Seq(0),
        until: Seq(5),
    };
    let kept = archive.read(whole).await.unwrap();
    let mut log = stage.hub.reader_behind(Seq(0));
    for kept in &kept {
        let Next::Event(event) = log.pull() else {
            panic!("as many as were published");
        };
        assert_eq!((kept.seq, kept.at), (event.seq, event.at));
        assert_eq!(kept.change, event.change);
    }
    assert_eq!(kept.len(), 5);
    let part = SeqRange {
        after: Seq(1),
        until: Seq(3),
    };
    let part = archive.read(part).await.unwrap();
    let seqs: Vec<u64> = part.iter().map(|event| event.seq.0).collect();
    assert_eq!(seqs, [2, 3]);
}

#[tokio::test]
async fn events_are_found_by_all_that_they_have() {
    let mut stage = Stage::new();
    for _ in 0..5 {
        stage.of_pane(bell());
    }
    let middle = stage.at();
    stage.of_pane(ChangeKind::PaneTitleChanged {
        title: "new".to_owned(),
        previous: "old".to_owned(),
    });
    let other = Change::of_pane(PaneId(9), places("web"), bell());
    stage.publish(other);
    stage.keep().await;
    let reader = stage.reader();
    let seqs = async |query: EventQuery| {
        let page = reader.events(query).await.unwrap();
        let seqs: Vec<u64> = page.events.iter().map(|event| event.seq.0).collect();
        (seqs, page.more)
    };
    let all = EventQuery {
        limit: 100,
        ..EventQuery::default()
    };
    assert_eq!(seqs(all.clone()).await, (vec![7, 6, 5, 4, 3, 2, 1], false));
    let rows: [(EventQuery, &[u64]); 7] = [
        (
            EventQuery {
                types: vec!["pane.t*".to_owned()],
                ..all.clone()
            },
            &[6],
        ),
        (
            EventQuery {
                types: vec!["pane.bell".to_owned()],
                ..all.clone()
            },
            &[7, 5, 4, 3, 2, 1],
        ),
        (
            EventQuery {
                sessions: vec!["w?b".to_owned()],
                ..all.clone()
            },
            &[7],
        ),
        (
            EventQuery {
                panes: vec![PANE],
                ..all.clone()
            },
            &[6, 5, 4, 3, 2, 1],
        ),
        (
            EventQuery {
                from: Some(middle),
                ..all.clone()
            },
            &[7, 6, 5],
        ),
        (
            EventQuery {
                to: Some(middle - 1),
                ..all.clone()
            },
            &[4, 3, 2, 1],
        ),
        (
            EventQuery {
                agents: vec!["claude".to_owned()],
                ..all.clone()
            },
            &[],
        ),
    ];
    for (query, expected) in rows {
        assert_eq!(seqs(query.clone()).await.0, expected, "{query:?}");
    }
    // Page after page, each way.
    for (order, expected) in [
        (Order::NewestFirst, vec![7, 6, 5, 4, 3, 2, 1]),
        (Order::OldestFirst, vec![1, 2, 3, 4, 5, 6, 7]),
    ] {
        let mut query = EventQuery {
            order,
            limit: 3,
            ..all.clone()
        };
        let mut found = Vec::new();
        loop {
            let page = reader.events(query.clone()).await.unwrap();
            found.extend(page.events.iter().map(|event| event.seq.0));
            let last = page.events.last().map(|event| event.cursor);
            match order {
                Order::NewestFirst => query.before = last,
                Order::OldestFirst => query.after = last,
            }
            if !page.more {
                break;
            }
        }
        assert_eq!(found, expected);
    }
    let page = reader.events(all).await.unwrap();
    let event = &page.events[0];
    let json: serde_json::Value = serde_json::from_str(&event.json).unwrap();
    assert_eq!(json["type"], "pane.bell");
    assert_eq!(json["epoch"], "abc123");
    assert_eq!(json["seq"], 7);
    assert_eq!(event.event.as_ref().unwrap().change.pane, Some(PaneId(9)));
}

/// After a split, a move or a restart no event names the window; the state does.
#[tokio::test]
async fn regression_a_pane_has_the_name_of_its_window_without_an_event_that_says_it() {
    let mut stage = Stage::new();
    let server = restart_tests::server();
    stage.publish(Change::new(
        Audience::Everyone,
        ChangeKind::ServerConnected { server },
    ));
    let seq = stage.of_pane(bell());
    stage.keep().await;
    let name = async |stage: &Stage| stage.reader().pane_at(PANE, i64::MAX).await.unwrap().window;
    assert_eq!(name(&stage).await, "");
    let mut state = restart_tests::state();
    stage.recorder.state(Arc::clone(&state), seq);
    stage.keep().await;
    assert_eq!(name(&stage).await, "editor");
    let renamed = Arc::make_mut(&mut state)
        .windows
        .get_mut(&WindowId(2))
        .unwrap();
    "other".clone_into(&mut renamed.name);
    stage.recorder.state(state, seq);
    stage.keep().await;
    assert_eq!(name(&stage).await, "other");
}

/// The next run sees the same screen, and none of it is new.
#[tokio::test]
async fn regression_lines_that_stand_over_a_restart_are_found_once() {
    let mut stage = Stage::new();
    stage.now = Timestamp::now().as_millisecond() + 100_000;
    stage.prints("standing\r\n");
    stage.keep().await;
    // Each is more than one look behind the last.
    for _ in 0..3 {
        stage.now += 10_000;
        stage.of_pane(bell());
        stage.keep().await;
    }
    assert_eq!(
        texts(&stage.reader().search(words("standing")).await.unwrap()),
        ["standing"]
    );
    let screen = stage
        .reader()
        .screen(1, Moment::Offset(stage.offset), true)
        .await
        .unwrap();
    stage.recorder.close();
    let history = History::open(settings(&stage.folder)).unwrap();
    let previous = history.previous().unwrap();
    let (recorder, mut wishes) = history
        .start(stage.hub.epoch(), stage.hub.head(), previous.as_ref())
        .unwrap();
    stage.recorder = recorder;
    stage.now += 10_000;
    stage.prints("later\r\n");
    while let Next::Event(event) = stage.log.pull() {
        stage.recorder.event(event).await;
    }
    stage.recorder.flush().await;
    let pane = wishes.try_recv().unwrap();
    stage.recorder.seed(pane, Some(Arc::new(screen.snapshot)));
    for _ in 0..3 {
        stage.now += 10_000;
        stage.of_pane(bell());
        stage.keep().await;
    }
    let found = stage.reader();
    assert_eq!(
        texts(&found.search(words("later")).await.unwrap()),
        ["later"]
    );
    assert_eq!(
        texts(&found.search(words("standing")).await.unwrap()),
        ["standing"]
    );
}

#[tokio::test]
async fn lines_are_found_by_words_phrases_and_expressions() {
    let mut stage = Stage::new();
    stage.prints("$ cargo build\r\n");
    stage.keep().await;
    for row in 0..40 {
        stage.prints(&format!("   Compiling crate_{row} v1.{row}.0\r\n"));
    }
    stage.prints("\x1b[31merror[E0308]\x1b[m: mismatched types\r\n");
    stage.prints("caf\u{e9} \u{4f60}\u{597d}\r\n");
    stage.prints(&"\r\n".repeat(30));
    stage.keep().await;
    let reader = stage.reader();
    let find = async |query: SearchQuery| {
        let page = reader.search(query).await.unwrap();
        texts(&page)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let error = "error[E0308]: mismatched types";
    assert_eq!(find(words("mismatched")).await, [error]);
    assert_eq!(find(words("ERROR types")).await, [error]);
    assert_eq!(find(words("\"mismatched types\"")).await, [error]);
    assert_eq!(find(words("\"types mismatched\"")).await, [""; 0]);
    assert_eq!(find(words("error[E0308]")).await, [error]);
    assert_eq!(find(words("cafe")).await, ["caf\u{e9} \u{4f60}\u{597d}"]);
    assert_eq!(
        find(words("crate_1")).await,
        ["   Compiling crate_1 v1.1.0"]
    );
    assert_eq!(find(words("crate_1*")).await.len(), 11);
    assert_eq!(find(words("cargo")).await, ["$ cargo build"]);
    let regex = |text: &str| SearchQuery {
        pattern: Pattern::Regex(text.to_owned()),
        ..words("")
    };
    assert_eq!(find(regex(r"E\d{4}")).await, [error]);
    assert_eq!(find(regex(r"crate_3\d v")).await.len(), 10);
    // The newest first, page after page.
    let mut query = SearchQuery {
        limit: 7,
        ..words("compiling")
    };
    let mut found = Vec::new();
    loop {
        let page = reader.search(query.clone()).await.unwrap();
        found.extend(page.found.iter().map(|found| found.line));
        query.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 40);
    assert!(found.is_sorted_by(|a, b| a > b));
    let page = reader.search(words("mismatched")).await.unwrap();
    let hit = &page.found[0];
    assert_eq!(hit.spans, [(14, 24)]);
    assert_eq!(hit.pane.pane, PANE);
    assert_eq!(hit.audience, Some(Audience::Places(places("api"))));
    // What has no spaces between words is found within.
    let greeting = "caf\u{e9} \u{4f60}\u{597d}";
    assert_eq!(find(words("\u{597d}")).await, [greeting]);
    assert_eq!(find(words("caf\u{e9} \u{597d}")).await, [greeting]);
    assert_eq!(find(words("\u{4f60}*")).await, [greeting]);
    assert_eq!(find(words("\u{597d}\u{4f60}")).await, [""; 0]);
    assert!(reader.search(words("!?")).await.is_err());
    assert!(reader.search(words("\"mismatched types")).await.is_err());
    assert!(reader.search(regex("(")).await.is_err());
}

#[tokio::test]
async fn a_screen_is_shown_as_it_was_at_each_moment() {
    let mut stage = Stage::new();
    stage.prints("one\r\n");
    stage.keep().await;
    let first = stage.at();
    stage.prints("\x1b[1;32mtwo\x1b[m \u{4f60}\u{597d}\r\n");
    let second = stage.at();
    stage.of_pane(ChangeKind::PaneResized {
        width: 40,
        height: 10,
        previous: (80, 24),
    });
    stage.prints("\x1b[?1049h\x1b[2;3Hfull screen\x1b[4;6r\x1b[?25l");
    let third = stage.at();
    stage.prints("\x1b[?1049l\x1b[?25hback");
    stage.keep().await;
    let reader = stage.reader();
    let pane = reader.pane_at(PANE, first).await.unwrap();
    assert_eq!((pane.session.as_str(), pane.pane), ("api", PANE));
    let screen = async |at: i64| {
        let then = reader
            .screen(pane.key, Moment::At(at), false)
            .await
            .unwrap();
        assert!(then.snapshot.exact, "at {at}");
        then.snapshot
    };
    let line = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    let then = screen(first).await;
    assert_eq!(line(&then.primary[0]), "one");
    assert_eq!(line(&then.primary[1]), "");
    assert_eq!((then.cursor.x, then.cursor.y, then.cols), (0, 1, 80));
    let then = screen(second + 1).await;
    assert_eq!(
        line(&then.primary[1]),
        "\x1b[0;1;32mtwo\x1b[m \u{4f60}\u{597d}"
    );
    let then = screen(third).await;
    assert_eq!((then.cols, then.rows), (40, 10));
    let shown = then.alternate.as_ref().unwrap();
    assert_eq!(line(&shown.lines[1]), "  full screen");
    assert_eq!(line(&then.primary[0]), "one");
    assert_eq!((then.scroll_region.top, then.scroll_region.bottom), (3, 5));
    assert!(!then.cursor.visible);
    let then = screen(i64::MAX).await;
    assert_eq!(line(&then.primary[2]), "back");
    assert!(then.alternate.is_none());
    // Another terminal that reads the replay shows the same.
    let size = terminal::Size::new(then.cols, then.rows).unwrap();
    let mut again = terminal::Terminal::replayed(size, &then.replay(0));
    let again = again.snapshot(PANE, then.offset, true);
    assert_eq!(
        (again.primary, again.cursor, again.modes),
        (then.primary, then.cursor, then.modes)
    );
}

#[tokio::test]
async fn what_a_pane_printed_is_given_by_time_and_offset() {
    let mut stage = Stage::new();
    for word in ["one ", "two ", "three ", "four "] {
        stage.prints(word);
    }
    stage.keep().await;
    let reader = stage.reader();
    let pane = reader.pane_at(PANE, i64::MAX).await.unwrap();
    let query = PrintQuery {
        pane: pane.key,
        from: Moment::At(0),
        to: Moment::At(i64::MAX),
        bytes: 1 << 20,
        redacted: false,
    };
    let text = |page: &PrintPage| {
        let bytes: Vec<u8> = page
            .prints
            .iter()
            .flat_map(|print| print.bytes.to_vec())
            .collect();
        String::from_utf8(bytes).unwrap()
    };
    let page = reader.printed(query).await.unwrap();
    assert_eq!(text(&page), "one two three four ");
    assert_eq!(page.prints[1].at, START + 2000);
    let from = Moment::Offset(5);
    let to = Moment::At(START + 3000);
    let page = reader
        .printed(PrintQuery { from, to, ..query })
        .await
        .unwrap();
    assert_eq!(text(&page), "wo three ");
    let mut query = PrintQuery { bytes: 5, ..query };
    let mut pages = Vec::new();
    loop {
        let page = reader.printed(query).await.unwrap();
        pages.push(text(&page));
        let Some(next) = page.next else { break };
        query.from = Moment::Offset(next);
    }
    assert_eq!(pages, ["one two ", "three ", "four "]);
}

#[tokio::test]
async fn secrets_are_masked_before_they_are_written() {
    let secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    for secrets in [Secrets::Mask, Secrets::Keep] {
        let mut stage = Stage::with(|settings| {
            settings.secrets = secrets;
            settings.rules = (Vec::new(), true);
        });
        stage.prints("before\r\n");
        stage.keep().await;
        stage.prints(&format!("token {secret}\r\n{}", "\r\n".repeat(30)));
        stage.of_pane(ChangeKind::PaneTitleChanged {
            title: secret.to_owned(),
            previous: String::new(),
        });
        stage.keep().await;
        let reader = stage.reader();
        let pane = reader.pane_at(PANE, i64::MAX).await.unwrap();
        let query = PrintQuery {
            pane: pane.key,
            from: Moment::At(0),
            to: Moment::At(i64::MAX),
            bytes: 1 << 20,
            redacted: false,
        };
        let printed = async |redacted: bool| {
            let page = reader
                .printed(PrintQuery { redacted, ..query })
                .await
                .unwrap();
            let bytes: Vec<u8> = page
                .prints
                .iter()
                .flat_map(|one| one.bytes.to_vec())
                .collect();
            String::from_utf8(bytes).unwrap()
        };
        assert!(!printed(true).await.contains(secret));
        assert_eq!(
            printed(false).await.contains(secret),
            secrets == Secrets::Keep
        );
        let found = reader.search(words("token")).await.unwrap();
        assert_eq!(found.found.len(), 1, "what is searched is masked");
        assert!(!found.found[0].text.contains(secret));
        let events = reader.events(EventQuery {
            limit: 10,
            ..EventQuery::default()
        });
        let events = events.await.unwrap().events;
        assert_eq!(events[0].json.contains(secret), secrets == Secrets::Keep);
        stage.recorder.close();
        if secrets == Secrets::Mask {
            for file in std::fs::read_dir(stage.folder.path()).unwrap() {
                let bytes = std::fs::read(file.unwrap().path()).unwrap();
                assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none());
            }
        }
    }
}

#[tokio::test]
async fn of_excluded_sessions_nothing_is_kept_that_they_print() {
    let mut stage = Stage::with(|settings| {
        settings.exclude = vec!["priv*".parse().unwrap()];
    });
    stage.prints("seen\r\n");
    stage.keep().await;
    stage.prints_in("private", "hidden words\r\n");
    stage.prints("seen again\r\n");
    stage.keep().await;
    let reader = stage.reader();
    let pane = reader.pane_at(PANE, i64::MAX).await.unwrap();
    let query = PrintQuery {
        pane: pane.key,
        from: Moment::At(0),
        to: Moment::At(i64::MAX),
        bytes: 1 << 20,
        redacted: false,
    };
    let page = reader.printed(query).await.unwrap();
    let told: Vec<(usize, u64)> = page
        .prints
        .iter()
        .map(|one| (one.bytes.len(), one.missing))
        .collect();
    assert_eq!(told, [(6, 0), (0, 14), (12, 0)]);
    assert!(
        reader
            .search(words("hidden"))
            .await
            .unwrap()
            .found
            .is_empty()
    );
    // Who resumes is told of a gap.
    let range = SeqRange {
        after: Seq(1),
        until: Seq(2),
    };
    let kept: Vec<Arc<Published>> = stage.archive().read(range).await.unwrap();
    let gap = ChangeKind::PaneGap {
        offset: 6,
        bytes: Some(14),
    };
    assert_eq!(kept[0].change.kind, gap);
}

#[test]
fn a_tracker_knows_when_a_sequence_is_unfinished() {
    let mut tracker = Tracker::from_start();
    tracker.feed(b"text\x1b[3");
    assert!(!tracker.is_ground());
    tracker.feed(b"1m");
    assert!(tracker.is_ground());
    assert_eq!(Visibility::default(), Visibility::All);
}

#[tokio::test]
async fn a_file_that_cant_be_written_is_tried_again_and_nothing_is_lost() {
    let mut stage = Stage::new();
    stage.prints("before\r\n");
    stage.keep().await;
    let path = stage.folder.path().join("default.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    stage.of_pane(bell());
    stage.keep().await;
    assert!(stage.recorder.figures().failures > 0);
    // The log goes on meanwhile.
    let last = stage.of_pane(bell());
    other.execute_batch("ROLLBACK").unwrap();
    let everything = EventQuery {
        limit: 10,
        ..EventQuery::default()
    };
    loop {
        stage.keep().await;
        let page = stage.reader().events(everything.clone()).await.unwrap();
        if page.events.first().is_some_and(|event| event.seq == last) {
            assert_eq!(page.events.len(), 2);
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.recorder.figures().lost, 0);
}

#[tokio::test]
async fn a_file_that_is_damaged_while_it_is_written_is_set_aside_and_another_begun() {
    let mut stage = Stage::new();
    stage.prints("before\r\n");
    stage.keep().await;
    let path = stage.folder.path().join("default.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    // The table of events is where there is no page.
    let damage = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 99999 WHERE name = 'events'; \
                  PRAGMA schema_version = 12345;";
    other.execute_batch(damage).unwrap();
    drop(other);
    let last = stage.of_pane(bell());
    stage.keep().await;
    stage.keep().await;
    assert!(stage.folder.path().join("default.db.damaged-1").exists());
    let everything = EventQuery {
        limit: 10,
        ..EventQuery::default()
    };
    let page = stage.reader().events(everything).await.unwrap();
    assert_eq!(page.events[0].seq, last);
    assert_eq!(stage.recorder.figures().lost, 0);
}

#[tokio::test]
async fn the_oldest_goes_when_there_is_too_much() {
    let bound = 600 << 10;
    let mut stage = Stage::with(|settings| settings.max_bytes = bound);
    stage.prints("first words\r\n");
    stage.keep().await;
    let mut number = 1_u64;
    for round in 0..120 {
        let mut text = format!("round {round}\r\n");
        for _ in 0..150 {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            text.push_str(&format!(
                "{number:016x} {:016x}\r\n",
                number.rotate_left(20)
            ));
        }
        stage.prints(&text);
        stage.of_pane(bell());
        stage.keep().await;
    }
    stage.keep().await;
    let size = stage.recorder.figures().size;
    assert!(size < bound + (bound / 2), "{size} bytes");
    let reader = stage.reader();
    assert!(
        reader
            .search(words("first"))
            .await
            .unwrap()
            .found
            .is_empty()
    );
    assert_eq!(reader.search(words("119")).await.unwrap().found.len(), 1);
    let oldest = EventQuery {
        order: Order::OldestFirst,
        limit: 1,
        ..EventQuery::default()
    };
    let oldest = reader.events(oldest).await.unwrap().events;
    assert!(oldest[0].seq.0 > 10, "{:?}", oldest[0].seq);
    // What is left of the index is what is left of the lines.
    let found = reader
        .search(SearchQuery {
            limit: 500,
            ..words("round")
        })
        .await
        .unwrap();
    assert!(found.found.len() < 120 && !found.found.is_empty());
    let archive = stage.archive();
    let gone = SeqRange {
        after: Seq(0),
        until: Seq(5),
    };
    assert!(archive.read(gone).await.unwrap().is_empty());
    stage.recorder.close();
    let connection = rusqlite::Connection::open(stage.folder.path().join("default.db")).unwrap();
    let whole: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(whole, "ok");
}

#[tokio::test]
async fn a_question_ends_in_time_and_when_nobody_waits() {
    let mut stage = Stage::new();
    for round in 0..200 {
        stage.prints(&format!("line {round} of many\r\n"));
    }
    stage.keep().await;
    let reader = stage.reader();
    let hurried = reader.within(TimeLimit(Duration::ZERO));
    let everything = EventQuery {
        limit: 10,
        ..EventQuery::default()
    };
    let pane = reader.pane_at(PANE, i64::MAX).await.unwrap();
    let late = hurried.screen(pane.key, Moment::At(i64::MAX), false).await;
    assert!(matches!(late, Err(StoreError::TooLong)), "{late:?}");
    let page = hurried.search(words("many")).await.unwrap();
    assert!(page.out_of_time && page.next.is_some());
    // A question that is dropped leaves its thread to others.
    for _ in 0..100 {
        let asked = reader.search(words("many"));
        drop(tokio::time::timeout(Duration::ZERO, asked).await);
    }
    loop {
        match reader.events(everything.clone()).await {
            Err(StoreError::Busy) => tokio::task::yield_now().await,
            answered => break drop(answered.unwrap()),
        }
    }
}

/// A file that the first version wrote, which every later one has to read. `MUXWIRE_BLESS=1` makes it where it is missing.
#[tokio::test]
async fn a_file_of_the_first_version_is_read() {
    let fixture =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/history/version-1.db");
    if !fixture.exists() && std::env::var_os("MUXWIRE_BLESS").is_some() {
        let mut stage = Stage::new();
        stage.prints("$ make\r\n");
        stage.keep().await;
        stage.prints("\x1b[31mone error\x1b[m\r\n");
        stage.of_pane(bell());
        stage.prints(&"\r\n".repeat(30));
        stage.keep().await;
        stage.recorder.close();
        std::fs::create_dir_all(fixture.parent().unwrap()).unwrap();
        std::fs::copy(stage.folder.path().join("default.db"), &fixture).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder);
    std::fs::write(&settings.path, std::fs::read(&fixture).unwrap()).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&settings.path, private).unwrap();
    let history = History::open(settings).unwrap();
    assert_eq!(history.set_aside(), None);
    let reader = Reader::open(history.path(), (Vec::new(), false)).unwrap();
    let found = reader.search(words("error")).await.unwrap();
    assert_eq!(texts(&found), ["one error"]);
    let pane = Arc::clone(&found.found[0].pane);
    let moment = Moment::Offset(found.found[0].offset);
    let then = reader.screen(pane.key, moment, false).await.unwrap();
    assert!(then.snapshot.exact);
    let events = reader.events(EventQuery {
        types: vec!["pane.bell".to_owned()],
        limit: 10,
        ..EventQuery::default()
    });
    let events = events.await.unwrap().events;
    assert_eq!(events.len(), 1);
    assert!(
        events[0].json.contains("\"pane\":\"%3\""),
        "{}",
        events[0].json
    );
}
