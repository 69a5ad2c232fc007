//! What is written is read again, and whatever else is in a file is refused with its line.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;
use crate::control::rows::ServerRow;
use crate::control::{Command, ControlClient, Limits};
use crate::ids::SessionId;
use crate::tmux::{CloseReason, LinkId, LinkKind, Note, TapSink};

#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const LINK: LinkId = LinkId(1);
const SESSION: SessionId = SessionId(7);

fn wait(mut writing: Writing) -> io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(writing.ended())
}

fn lines_of(commands: Vec<Command>) -> Bytes {
    let mut client = ControlClient::new(Limits::default());
    client.enqueue_batch(commands).unwrap();
    client.take_outgoing().unwrap()
}

fn server() -> ServerRow {
    ServerRow {
        pid: 42,
        start_time: 1_700_000_000,
        session: None,
        version: "3.5a".to_owned(),
        socket_path: "unrecorded".to_owned(),
    }
}

/// One of everything that can be recorded, and the entries that it should become.
fn sample() -> (Vec<u8>, Vec<Entry>) {
    let kept = Kept::default();
    let header = Header::now(&"3.5a");
    let (recorder, writing) = Recorder::start(&header, kept.clone()).unwrap();
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let every_byte: Vec<u8> = (0..=255).collect();
    let batch = vec![Command::ListSessions, Command::ListPanes];
    let (server, kind) = (server(), LinkKind::Output { session: SESSION });
    let reason = CloseReason::Ended(Some("caf\u{e9}".to_owned()));
    recorder.noted(Note::NoServer { reason: "none" }, at(1));
    let session = SESSION;
    let server = &server;
    recorder.noted(Note::Server { server, session }, at(2));
    recorder.opened(LINK, kind, 99, at(3));
    recorder.read(LINK, &every_byte, at(5));
    // Stamped before the one before it.
    recorder.written(LINK, &lines_of(batch.clone()), at(4));
    recorder.written(LINK, &lines_of(batch.clone()), at(5));
    recorder.noted(Note::Check, at(6));
    recorder.closed(LINK, &reason, at(7));
    recorder.finish();
    recorder.noted(Note::Check, at(8));
    let outcome = wait(writing).unwrap();
    let bytes = kept.bytes();
    let expected = Outcome {
        end: End::Wanted,
        entries: 8,
        bytes: bytes.len() as u64,
    };
    assert_eq!(outcome, expected);
    let what = [
        What::NoServer {
            reason: "none".to_owned(),
        },
        What::Server {
            pid: 42,
            start_time: 1_700_000_000,
            version: "3.5a".to_owned(),
            session,
        },
        What::Opened {
            link: LINK,
            kind,
            pid: 99,
        },
        What::Read {
            link: LINK,
            bytes: every_byte.into(),
        },
        What::Written {
            link: LINK,
            lines: vec![batch.clone()],
        },
        What::Written {
            link: LINK,
            lines: vec![batch],
        },
        What::Check,
        What::Closed {
            link: LINK,
            reason: reason.to_string(),
        },
        What::End(End::Wanted),
    ];
    let offset = start.duration_since(recorder.started());
    let times = [1, 2, 3, 5, 5, 5, 6, 7, 7].map(|ms| {
        let at = offset + Duration::from_millis(ms);
        Duration::from_micros(u64::try_from(at.as_micros()).unwrap())
    });
    let entries = times.into_iter().zip(what);
    (
        bytes,
        entries.map(|(at, what)| Entry { at, what }).collect(),
    )
}

#[test]
fn what_was_recorded_is_read() {
    let (bytes, expected) = sample();
    let recording = Recording::from_bytes(bytes).unwrap();
    let entries: Result<Vec<_>, _> = recording.entries().unwrap().collect();
    assert_eq!(entries.unwrap(), expected);
    assert_eq!(recording.len(), 9);
    assert_eq!(recording.length(), expected[8].at);
    assert_eq!(recording.header().tmux, "3.5a");
}

/// The line that an error names.
fn line_of(error: &RecordingError) -> usize {
    let RecordingError::Line { line, .. } = error else {
        panic!("{error}");
    };
    assert!(
        error.to_string().starts_with(&format!("line {line} ")),
        "{error}"
    );
    *line
}

#[test]
fn no_cut_and_no_changed_byte_goes_unseen() {
    let (bytes, _) = sample();
    let line_at = |at: usize| 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    for at in 0..bytes.len() {
        let cut = Recording::from_bytes(bytes[..at].to_vec()).unwrap_err();
        assert_eq!(line_of(&cut), line_at(at), "cut at {at}: {cut}");
        for changed in [bytes[at] ^ 1, bytes[at] ^ 0x20, b'\n', 0xff] {
            let mut copy = bytes.clone();
            copy[at] = changed;
            if copy != bytes {
                let error = Recording::from_bytes(copy).unwrap_err();
                // A changed text is noticed at the end at the latest.
                assert!(line_of(&error) >= line_at(at), "{at}: {error}");
            }
        }
    }
}

#[test]
fn a_line_that_is_not_what_it_should_be_is_named() {
    const HEADER: &str =
        r#"{"muxwire_recording":1,"tmux":"3.5a","started":"2026-11-20T06:00:00Z"}"#;
    const OPEN: &str = r#"[1,1,"+","control $0 9"]"#;
    const END: &str = r#"[9,0,"=","end"]"#;
    let rows: [(&[&str], usize, &str); 27] = [
        (&["hello"], 1, "this is no recording"),
        (&["{}"], 1, "this is no recording"),
        (&[r#"{"muxwire_recording":2}"#], 1, "reads format 1 only"),
        (&[r#"{"muxwire_recording":1}"#], 1, "lacks \"tmux\""),
        (
            &[r#"{"muxwire_recording":1,"tmux":"3.5a","started":"today"}"#],
            1,
            "\"started\"",
        ),
        (&[HEADER], 2, "cut off before this line"),
        (&[HEADER, OPEN], 3, "cut off before this line"),
        (&[HEADER, END, END], 3, "behind the end"),
        (&[HEADER, END, ""], 3, "behind the end"),
        (&[HEADER, "", END], 2, "EOF while parsing"),
        (&[HEADER, "nonsense", END], 2, "expected ident"),
        (
            &[HEADER, r#"[1,1,"?",""]"#, END],
            2,
            "\"?\" is no direction",
        ),
        (&[HEADER, r#"[1,1,"<","x"]"#, END], 2, "link 1 is not open"),
        (&[HEADER, OPEN, OPEN, END], 3, "link 1 was opened before"),
        (
            &[HEADER, OPEN, r#"[2,1,"-",""]"#, r#"[3,1,"<",""]"#, END],
            4,
            "link 1 is not open",
        ),
        (
            &[HEADER, OPEN, r#"[2,1,"-",""]"#, OPEN, END],
            4,
            "before that of the line before",
        ),
        (
            &[HEADER, OPEN, r#"[0,0,"=","check"]"#, END],
            3,
            "before that of the line before",
        ),
        (
            &[HEADER, OPEN, r#"[2,1,">","kill-server\n"]"#, END],
            3,
            "\"kill-server\" is no command",
        ),
        (
            &[HEADER, OPEN, r#"[2,1,">","detach-client"]"#, END],
            3,
            "\"detach-client\" is no command",
        ),
        (
            &[HEADER, OPEN, r#"[2,1,"=","check"]"#, END],
            3,
            "link 1 is not open",
        ),
        (&[HEADER, r#"[2,0,"<",""]"#, END], 2, "link 0 is not open"),
        (
            &[HEADER, r#"[1,1,"+","both $0 9"]"#, END],
            2,
            "`control` or `output`",
        ),
        (
            &[HEADER, r#"[1,1,"+","control @0 9"]"#, END],
            2,
            "`control` or `output`",
        ),
        (
            &[HEADER, r#"[1,0,"=","server 1 2 3"]"#, END],
            2,
            "`server`, `no-server`",
        ),
        (
            &[HEADER, r#"[1,0,"=","end 1 2"]"#],
            2,
            "`server`, `no-server`",
        ),
        (&[HEADER, r#"[1,0,"=","end 0123"]"#], 2, "checksum"),
        (
            &[HEADER, r#"[18446744073709551615,0,"=","check"]"#, END],
            2,
            "out of range",
        ),
    ];
    for (lines, number, expected) in rows {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let error = Recording::from_bytes(text).unwrap_err();
        assert_eq!(line_of(&error), number, "{lines:?}: {error}");
        assert!(error.to_string().contains(expected), "{lines:?}: {error}");
    }
    let healed = format!("{HEADER}\n{OPEN}\n{END}\n");
    assert_eq!(Recording::from_bytes(healed).unwrap().len(), 2);
}

#[test]
fn the_name_of_the_log_is_that_of_the_content() {
    let (one, _) = sample();
    let (other, _) = sample();
    let epoch = |bytes: &[u8]| {
        Recording::from_bytes(bytes.to_vec())
            .unwrap()
            .epoch()
            .clone()
    };
    assert_eq!(epoch(&one), epoch(&one));
    assert_ne!(epoch(&one), epoch(&other));
}

/// Takes a write when the test says so.
#[derive(Debug)]
struct Gate(Receiver<()>, Kept);

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Once nobody holds the gate any more, it stands open.
        let _ = self.0.recv();
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_recording_that_cannot_keep_up_ends_whole() {
    let (gate, open): (Sender<()>, Receiver<()>) = channel();
    let kept = Kept::default();
    let (recorder, writing) =
        Recorder::with_capacity(&Header::now(&"3.8"), Gate(open, kept.clone()), 10_000).unwrap();
    let now = Instant::now();
    recorder.opened(LINK, LinkKind::Control { session: SESSION }, 1, now);
    for _ in 0..100 {
        recorder.read(LINK, &[b'x'; 1000], now);
    }
    drop(gate);
    let outcome = wait(writing).unwrap();
    assert_eq!(outcome.end, End::TooSlow);
    assert!((5..12).contains(&outcome.entries), "{outcome:?}");
    let recording = Recording::from_bytes(kept.bytes()).unwrap();
    assert_eq!(recording.len(), outcome.entries + 1);
    let last = recording.entries().unwrap().last().unwrap().unwrap();
    assert_eq!(last.what, What::End(End::TooSlow));
}

#[derive(Debug)]
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_write_that_fails_ends_the_recording_and_is_reported() {
    let (recorder, writing) = Recorder::start(&Header::now(&"3.8"), Full).unwrap();
    let error = wait(writing).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    for _ in 0..100 {
        recorder.read(LINK, &[0; 1 << 20], Instant::now());
    }
    assert_eq!(recorder.queued(), 0, "nothing is kept for nobody");
}
