//! `muxwire top`: the monitor on a real terminal. It waits for keys, for the server and for time, and draws what changed.

mod colours;
mod frames;
mod keyboard;
mod saving;
mod terminal;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use crossterm::event::{Event, EventStream};
use futures_util::future::poll_immediate;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep_until, timeout};

use self::keyboard::Input;
use self::terminal::Terminal;
use crate::cli::{General, TopArgs};
use crate::client::{CallError, CallId, CallUpdate, Caller, Refusal, Update, Watcher, Wish};
use crate::cmd::own_pane::prints_in;
use crate::cmd::remote::{tls, token};
use crate::cmd::signals::Signals;
use crate::file_watch::read_text;
use crate::logging;
use crate::top::config::{LONGEST_FILE, TopConfig};
use crate::top::{Effect, Model, Now, Setup};
use crate::wire::Request;

/// The file beside the configuration's.
const FILE: &str = "top.toml";

/// Between two frames at the least.
const FRAME: Duration = Duration::from_millis(33);

/// Updates that are taken in before a frame is drawn.
const GATHERED: usize = 256;

/// How long the terminal may take at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The events that say what there is, and what happened: all but output, which open panes bring.
const TYPES: &[&str] = &[
    "server.*",
    "log.*",
    "session.*",
    "window.*",
    "client.*",
    "agent.*",
    "alert",
    "alert.*",
    "pane.created",
    "pane.removed",
    "pane.exited",
    "pane.active_changed",
    "pane.title_changed",
    "pane.command_changed",
    "pane.path_changed",
    "pane.mode_changed",
    "pane.resized",
    "pane.bell",
    "task.*",
    "cost.*",
    "tool.*",
    "x.*",
];

/// Shows what there is until it is ended.
///
/// # Errors
/// There is no terminal, a file can't be used, or the server does not let this client in.
pub async fn run(general: &General, args: TopArgs) -> anyhow::Result<()> {
    need_terminal()?;
    begin_to_log(general)?;
    let config = read_config(general)?;
    let mut signals = Signals::new()?;
    let prints_in = prints_in(io::stdout()).context("can't look at stdout")?;
    let (token, tls) = (token(&args.access)?, tls(&args.access)?);
    let wish = Wish {
        types: TYPES.iter().map(|one| (*one).to_owned()).collect(),
        prints_in: prints_in.clone(),
        without_watchers: prints_in.is_some(),
        ..Wish::default()
    };
    let url = args.access.url;
    let mut watcher = Watcher::new(url.clone(), wish, token.clone());
    let mut caller = Caller::new(url.clone(), token);
    if let Some(tls) = tls {
        watcher = watcher.with_tls(tls.clone());
        caller = caller.with_tls(tls);
    }
    let colouring = args.colours.map_or(config.colours, Into::into);
    let terminal = Terminal::begin(config.mouse && !args.no_mouse)?;
    let setup = Setup {
        url: url.to_string(),
        theme: colours::theme(colouring),
        keys: config.keys,
        columns: config.columns,
        prints_in,
        size: terminal.size(),
        zone: TimeZone::system(),
    };
    let mut top = Top {
        model: Model::new(setup, now()),
        watcher,
        caller,
        calls: BTreeMap::new(),
        terminal,
        keys: EventStream::new(),
        stop: listen(rustix::process::Signal::TSTP)?,
        go_on: listen(rustix::process::Signal::CONT)?,
        drawn_at: None,
    };
    let outcome = top.run(&mut signals).await;
    top.end().await;
    outcome
}

/// The monitor with all that it speaks to.
struct Top {
    model: Model,
    watcher: Watcher,
    caller: Caller,
    /// What answers are for.
    calls: BTreeMap<CallId, u64>,
    terminal: Terminal,
    keys: EventStream,
    stop: Signal,
    go_on: Signal,
    drawn_at: Option<Instant>,
}

/// The next of a stream, if it is there. It is asked on behalf of this task: the stream of keys wakes the first one that has
/// asked and nobody else, so who asked for nobody would leave it asleep.
async fn if_ready<S: Stream + Unpin>(stream: &mut S) -> Option<Option<S::Item>> {
    poll_immediate(stream.next()).await
}

/// What happens next.
enum Happening {
    Ended,
    Stop,
    GoOn,
    Key(Option<io::Result<Event>>),
    Update(Result<Update, Refusal>),
    Call(Result<CallUpdate, Refusal>),
    Written(io::Result<()>),
    Due,
}

impl Top {
    /// Runs until there is a signal or somebody wants an end.
    async fn run(&mut self, signals: &mut Signals) -> anyhow::Result<()> {
        loop {
            if self.carry_out()? {
                return Ok(());
            }
            self.draw()?;
            match self.next(signals).await {
                Happening::Ended => return Ok(()),
                Happening::Stop => self.suspend()?,
                Happening::GoOn => self.resume()?,
                Happening::Key(event) => self.on_keys(event).await?,
                Happening::Update(update) => {
                    self.model.on_update(update?, now());
                    self.gather()?;
                }
                Happening::Call(update) => {
                    self.on_call(update?);
                    self.gather()?;
                }
                Happening::Written(written) => written.context("can't write to the terminal")?,
                Happening::Due => {}
            }
            self.model.due(now());
        }
    }

    async fn next(&mut self, signals: &mut Signals) -> Happening {
        let due = self.next_due().map(tokio::time::Instant::from_std);
        tokio::select! {
            biased;
            () = signals.next() => Happening::Ended,
            _ = self.stop.recv() => Happening::Stop,
            _ = self.go_on.recv() => Happening::GoOn,
            event = self.keys.next() => Happening::Key(event),
            written = self.terminal.write(), if self.terminal.is_writing() => Happening::Written(written),
            update = self.caller.next() => Happening::Call(update),
            update = self.watcher.next() => Happening::Update(update),
            () = sleep_until(due.unwrap_or_else(tokio::time::Instant::now)), if due.is_some() => Happening::Due,
        }
    }

    /// When there is something to do though nothing happens.
    fn next_due(&self) -> Option<Instant> {
        let frame = self
            .drawn_at
            .filter(|_| self.model.is_dirty() && !self.terminal.is_writing());
        let frame = frame.map(|at| at + FRAME);
        [frame, self.model.next_due()].into_iter().flatten().min()
    }

    /// Draws what changed, but not before the last frame is out and has stood for a moment.
    fn draw(&mut self) -> anyhow::Result<()> {
        let at = Instant::now();
        let stands = self.drawn_at.is_some_and(|drawn| at < drawn + FRAME);
        if !self.model.is_dirty() || self.terminal.is_writing() || stands {
            return Ok(());
        }
        let model = &mut self.model;
        self.terminal.draw(|buf| model.draw(buf, now()))?;
        self.drawn_at = Some(at);
        Ok(())
    }

    /// Takes in what has come already.
    fn gather(&mut self) -> anyhow::Result<()> {
        for _ in 0..GATHERED {
            let call = self.caller.next().now_or_never();
            let update = self.watcher.next().now_or_never();
            if call.is_none() && update.is_none() {
                break;
            }
            if let Some(call) = call {
                self.on_call(call?);
            }
            if let Some(update) = update {
                self.model.on_update(update?, now());
            }
        }
        Ok(())
    }

    fn on_call(&mut self, update: CallUpdate) {
        match update {
            CallUpdate::Answer { call, answer } => {
                if let Some(ticket) = self.calls.remove(&call) {
                    self.model.on_answer(ticket, answer, now());
                }
            }
            other => self.model.on_call(other, now()),
        }
    }

    /// Takes in a key, and all that have been pressed since.
    async fn on_keys(&mut self, first: Option<io::Result<Event>>) -> anyhow::Result<()> {
        let mut event = first;
        loop {
            let Some(pressed) = event else {
                bail!("the terminal is gone");
            };
            self.on_event(&pressed.context("can't read from the terminal")?);
            match if_ready(&mut self.keys).await {
                Some(next) => event = next,
                None => return Ok(()),
            }
        }
    }

    fn on_event(&mut self, event: &Event) {
        match keyboard::input(event) {
            Some(Input::Key(key)) => self.model.on_key(key, now()),
            Some(Input::Paste(text)) => self.model.on_paste(&text, now()),
            Some(Input::Mouse(mouse, at)) => self.model.on_mouse(mouse, at, now()),
            Some(Input::Size(size)) => {
                self.terminal.resize(size);
                self.model.on_resize(size);
            }
            None => {}
        }
    }

    /// Does what the model wants. Returns whether that is an end.
    fn carry_out(&mut self) -> anyhow::Result<bool> {
        for effect in self.model.take_effects() {
            match effect {
                Effect::Ask { ticket, action } => match self.caller.ask(*action) {
                    Some(call) => drop(self.calls.insert(call, ticket)),
                    None => {
                        let failed = Err(CallError::NotConnected);
                        self.model.on_answer(ticket, failed, now());
                    }
                },
                Effect::Snapshot => self.watcher.ask(&Request::snapshot()),
                Effect::Open(pane, wish) => self.caller.open(pane, wish),
                Effect::Close(pane) => self.caller.close_pane(pane),
                Effect::Acknowledge(pane, offset) => self.caller.acknowledge(pane, offset),
                Effect::Save { path, bytes } => {
                    let saved = saving::write(&path, &bytes);
                    let saved = saved.map_err(|error| format!("{error:#}"));
                    self.model.on_saved(saved, now());
                }
                Effect::Redraw => {
                    self.terminal.forget();
                    self.drawn_at = None;
                }
                Effect::Suspend => self.suspend()?,
                Effect::Quit => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Gives the terminal back and stops, until somebody wants this program to go on.
    fn suspend(&mut self) -> anyhow::Result<()> {
        self.terminal.restore();
        let own = rustix::process::getpid();
        rustix::process::kill_process(own, rustix::process::Signal::STOP)
            .context("can't go to the background")?;
        self.resume()
    }

    /// Takes the terminal again, and draws all anew.
    fn resume(&mut self) -> anyhow::Result<()> {
        self.terminal.resume()?;
        self.model.on_resize(self.terminal.size());
        Ok(())
    }

    /// Gives the terminal back, and ends the connections in order.
    async fn end(self) {
        let Self {
            mut terminal,
            watcher,
            caller,
            keys,
            ..
        } = self;
        drop(keys);
        // A terminal that takes nothing any more is not waited for.
        let _ = timeout(LAST_WORDS, terminal.write()).await;
        terminal.restore();
        tokio::join!(watcher.close(), caller.close());
    }
}

fn need_terminal() -> anyhow::Result<()> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        bail!(
            "`muxwire top` is for terminals, and its input or output is none; `muxwire status` and `muxwire watch` print \
             for files and programs, with --json too"
        );
    }
    Ok(())
}

/// What time it is.
fn now() -> Now {
    Now {
        instant: Instant::now(),
        clock: Timestamp::now(),
    }
}

fn listen(kind: rustix::process::Signal) -> anyhow::Result<Signal> {
    signal(SignalKind::from_raw(kind.as_raw())).context("can't listen for signals")
}

/// Logs only where that does not go to the terminal on which is drawn.
fn begin_to_log(general: &General) -> anyhow::Result<()> {
    let mut resolved = crate::config::resolve(&general.inputs(Vec::new()))?;
    if io::stderr().is_terminal() {
        "off".clone_into(&mut resolved.config.monitoring.log_level);
    }
    logging::start(&resolved.config.monitoring).context("can't begin to log")?;
    Ok(())
}

/// The file that counts most of those that there are.
fn read_config(general: &General) -> anyhow::Result<TopConfig> {
    for folder in general.inputs(Vec::new()).folders().iter().rev() {
        let path = folder.join(FILE);
        let text = read_text(&path, LONGEST_FILE).with_context(|| {
            format!(
                "{}: can't be read; make it readable, or remove it",
                path.display()
            )
        })?;
        if let Some(text) = text {
            return Ok(TopConfig::read(&path.display().to_string(), &text)?);
        }
    }
    Ok(TopConfig::default())
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a test fails by panicking"
    )]

    use std::pin::Pin;
    use std::sync::{Arc, Mutex};
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Wakes the first who asks while nothing is there, as the stream of keys does.
    #[derive(Default)]
    struct FirstWaker {
        there: Vec<u32>,
        waker: Option<Waker>,
    }

    #[derive(Clone, Default)]
    struct Keys(Arc<Mutex<FirstWaker>>);

    impl Keys {
        fn press(&self, key: u32) {
            let mut inner = self.0.lock().unwrap();
            inner.there.push(key);
            inner.waker.take().unwrap().wake();
        }
    }

    impl Stream for Keys {
        type Item = u32;

        fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
            let mut inner = self.0.lock().unwrap();
            match inner.there.pop() {
                Some(key) => Poll::Ready(Some(key)),
                None => {
                    inner.waker.get_or_insert_with(|| cx.waker().clone());
                    Poll::Pending
                }
            }
        }
    }

    #[tokio::test]
    async fn regression_a_key_is_seen_that_comes_after_none_was_there() {
        let keys = Keys::default();
        let mut read = keys.clone();
        let reader = tokio::spawn(async move {
            assert_eq!(if_ready(&mut read).await, None);
            read.next().await
        });
        while keys.0.lock().unwrap().waker.is_none() {
            tokio::task::yield_now().await;
        }
        keys.press(7);
        let read = timeout(Duration::from_secs(60), reader).await;
        assert_eq!(read.expect("it is woken").unwrap(), Some(7));
    }
}
