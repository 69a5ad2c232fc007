//! Writing a recording while links go on.
//!
//! The links only copy their bytes into a queue; a thread of its own encodes and writes them, and flushes whenever the
//! queue is empty. The queue is bounded. If what is written to is slower than tmux for so long that it fills, the
//! recording ends there and says so: a hole in the middle would make everything behind it unreadable.

use std::collections::VecDeque;
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;

use super::checksum;
use super::entry::{CHECK_TEXT, End, end_text, kind_text, no_server_text, server_text};
use super::header::Header;
use super::line::{Direction, NO_LINK, Raw, Recent};
use crate::tmux::{CloseReason, LinkId, LinkKind, Note, TapSink};

/// What may wait to be written, in bytes of memory: some seconds of a flood.
const QUEUE_BYTES: usize = 64 << 20;

/// How much is handed to the system at once.
const WRITE_BYTES: usize = 64 << 10;

/// Sees what passes between muxwire and tmux, and has it written. Dropping it ends the recording.
#[derive(Debug)]
pub struct Recorder(Arc<RecorderInner>);

/// The end of the writing, once it has come.
#[derive(Debug)]
pub struct Writing(oneshot::Receiver<io::Result<Outcome>>);

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Why the recording ended.
    pub end: End,
    /// How many entries it has, without its end.
    pub entries: u64,
    /// How large it is, in bytes.
    pub bytes: u64,
}

#[derive(Debug)]
struct RecorderInner {
    started: Instant,
    queue: Mutex<Queue>,
    /// There is something to write, or to end.
    more: Condvar,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Queue {
    entries: VecDeque<Raw>,
    /// What `entries` and what is being written hold.
    bytes: usize,
    /// The time of the newest entry.
    last: u64,
    end: Option<End>,
}

impl Recorder {
    /// Begins a recording: writes its header and whatever is recorded from now on.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        header: &Header,
        output: impl Write + Send + 'static,
    ) -> io::Result<(Self, Writing)> {
        Self::with_capacity(header, output, QUEUE_BYTES)
    }

    pub(super) fn with_capacity(
        header: &Header,
        output: impl Write + Send + 'static,
        capacity: usize,
    ) -> io::Result<(Self, Writing)> {
        let shared = Arc::new(RecorderInner {
            started: Instant::now(),
            queue: Mutex::default(),
            more: Condvar::new(),
            capacity,
        });
        let (ended, writing) = oneshot::channel();
        let header = header.encode();
        let for_thread = Arc::clone(&shared);
        let write = move || {
            let outcome = Writer::new(output).write_all(&header, &for_thread);
            if outcome.is_err() {
                // Nobody writes any more, so nothing is to be kept.
                for_thread.end(End::Wanted);
            }
            // The caller may not care how the recording ended.
            let _ = ended.send(outcome);
        };
        thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(write)?;
        Ok((Self(shared), Writing(writing)))
    }

    /// Ends the recording: what comes from now on is no part of it. [`Writing`] ends when all is written.
    pub fn finish(&self) {
        self.0.end(End::Wanted);
    }

    #[cfg(test)]
    pub(super) fn started(&self) -> Instant {
        self.0.started
    }

    #[cfg(test)]
    pub(super) fn queued(&self) -> usize {
        self.0.lock().entries.len()
    }

    fn push(&self, link: u64, direction: Direction, bytes: &[u8], at: Instant) {
        let since = at.saturating_duration_since(self.0.started);
        let mut queue = self.0.lock();
        if queue.end.is_some() {
            return;
        }
        // Chunks are stamped before they get here, so one may be a little older than those in between.
        let micros = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        let raw = Raw {
            micros: micros.max(queue.last),
            link,
            direction,
            bytes: bytes.to_vec(),
        };
        if queue.bytes + raw.cost() > self.0.capacity {
            queue.end = Some(End::TooSlow);
        } else {
            queue.last = raw.micros;
            queue.bytes += raw.cost();
            queue.entries.push_back(raw);
        }
        drop(queue);
        self.0.more.notify_one();
    }

    fn push_text(&self, link: u64, direction: Direction, text: &str, at: Instant) {
        self.push(link, direction, text.as_bytes(), at);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.finish();
    }
}

impl TapSink for Recorder {
    fn opened(&self, link: LinkId, kind: LinkKind, pid: u32, at: Instant) {
        self.push_text(link.0, Direction::Opened, &kind_text(kind, pid), at);
    }

    fn read(&self, link: LinkId, bytes: &[u8], at: Instant) {
        self.push(link.0, Direction::FromTmux, bytes, at);
    }

    fn written(&self, link: LinkId, bytes: &[u8], at: Instant) {
        self.push(link.0, Direction::ToTmux, bytes, at);
    }

    fn closed(&self, link: LinkId, reason: &CloseReason, at: Instant) {
        self.push_text(link.0, Direction::Closed, &reason.to_string(), at);
    }

    fn noted(&self, note: Note<'_>, at: Instant) {
        let text = match note {
            Note::Server { server, session } => {
                server_text(server.pid, server.start_time, session, &server.version)
            }
            Note::NoServer { reason } => no_server_text(reason),
            Note::Check => CHECK_TEXT.to_owned(),
        };
        self.push_text(NO_LINK, Direction::Noted, &text, at);
    }
}

impl Writing {
    /// Waits until all is written. Cancel safe.
    ///
    /// # Errors
    /// The system refused to write; the recording is cut off.
    pub async fn ended(&mut self) -> io::Result<Outcome> {
        let ended = (&mut self.0).await;
        ended.unwrap_or_else(|_| Err(io::Error::other("the thread that writes has ended early")))
    }
}

impl RecorderInner {
    fn end(&self, end: End) {
        self.lock().end.get_or_insert(end);
        self.more.notify_one();
    }

    /// Waits for entries and takes them all; none of them means that the recording ends.
    fn take(&self, written: usize) -> (VecDeque<Raw>, u64, Option<End>) {
        let mut queue = self.lock();
        queue.bytes -= written;
        while queue.entries.is_empty() && queue.end.is_none() {
            queue = self
                .more
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        (std::mem::take(&mut queue.entries), queue.last, queue.end)
    }

    /// What the lock guards is whole after each statement, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's side.
struct Writer<W: Write> {
    output: BufWriter<W>,
    hash: blake3::Hasher,
    line: Vec<u8>,
    recent: Recent,
    lines: usize,
    entries: u64,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    fn new(output: W) -> Self {
        Self {
            output: BufWriter::with_capacity(WRITE_BYTES, output),
            hash: blake3::Hasher::new(),
            line: Vec::new(),
            recent: Recent::default(),
            lines: 0,
            entries: 0,
            bytes: 0,
        }
    }

    fn write_all(&mut self, header: &str, shared: &RecorderInner) -> io::Result<Outcome> {
        self.line.extend_from_slice(header.as_bytes());
        self.line.push(b'\n');
        self.write_line()?;
        self.output.flush()?;
        let mut written = 0;
        loop {
            let (entries, last, end) = shared.take(written);
            written = entries.iter().map(Raw::cost).sum();
            for raw in entries {
                self.write(&raw)?;
                self.entries += 1;
            }
            if let Some(end) = end {
                return self.write_end(end, last);
            }
            self.output.flush()?;
        }
    }

    fn write(&mut self, raw: &Raw) -> io::Result<()> {
        raw.encode(&mut self.line, &mut self.recent, self.lines + 1);
        self.write_line()
    }

    fn write_line(&mut self) -> io::Result<()> {
        self.lines += 1;
        self.hash.update(&self.line);
        self.bytes += self.line.len() as u64;
        let written = self.output.write_all(&self.line);
        self.line.clear();
        written
    }

    fn write_end(&mut self, end: End, last: u64) -> io::Result<Outcome> {
        let text = end_text(&checksum(self.hash.clone(), last), end);
        self.write(&Raw {
            micros: last,
            link: NO_LINK,
            direction: Direction::Noted,
            bytes: text.into_bytes(),
        })?;
        self.output.flush()?;
        Ok(Outcome {
            end,
            entries: self.entries,
            bytes: self.bytes,
        })
    }
}
