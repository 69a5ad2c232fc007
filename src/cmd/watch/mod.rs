//! `muxwire watch`: events as they happen, for people or for programs, with nothing that a pane could do to a terminal.

mod lines;
mod meter;
mod overview;
mod own_pane;
mod paint;
mod pane_text;
mod pen;
mod readable;
mod sequences;
mod standing;
pub(super) mod view;

use std::io;
use std::pin::pin;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use jiff::tz::TimeZone;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use self::lines::Lines;
use self::paint::Paint;
use self::view::View;
use crate::cli::{Colours, General, WatchArgs};
use crate::client::{Position, Refusal, Watcher, Wish};
use crate::cmd::output::{Closed, CommandOutput};
use crate::cmd::own_pane::prints_in;
use crate::cmd::prepare;
use crate::cmd::remote::watcher;
use crate::cmd::signals::Signals;
use crate::wire::Received;

/// How much is gathered before it is printed, while more is there already, in bytes.
const GATHERED: usize = 64 << 10;
/// How long the last of what is printed may take after a signal.
const LAST_LINE: Duration = Duration::from_millis(500);

/// Watches until it is interrupted, or nobody reads any more.
///
/// # Errors
/// The token can't be read, or the server does not let this client in.
pub async fn run(general: &General, args: WatchArgs) -> anyhow::Result<()> {
    prepare(general, Vec::new())?;
    let mut signals = Signals::new()?;
    let prints_in = prints_in(io::stdout()).context("can't look at stdout")?;
    let view = View::new(&args, prints_in.as_ref());
    let span = args.latency.or_else(|| view.moment());
    let wish = Wish {
        types: texts(&args.types),
        sessions: args.sessions.clone(),
        since: args.since.as_ref().map(ToString::to_string),
        without_watchers: prints_in.is_some() && !args.include_own_pane,
        prints_in,
    };
    let mut watch = Watch {
        watcher: watcher(args.access, wish)?,
        view,
        ticks: span.map(ticks),
        printed: None,
        out: tokio::io::stdout(),
    };
    watch.run(&mut signals).await?;
    watch.end().await
}

/// Shows events of the past as `watch` shows those of now, one after the other.
pub(super) fn past_events(colours: Colours) -> impl FnMut(&Received) -> String {
    let paint = Paint {
        colours: view::wants_colours(colours),
    };
    let mut lines = Lines::new(paint, TimeZone::system());
    move |event| {
        lines.show(event);
        lines.end_line();
        lines.take()
    }
}

/// A client, and where what it receives is printed.
struct Watch<W> {
    watcher: Watcher,
    view: View,
    /// When the latency is to be shown, or what stands still, if either is.
    ticks: Option<Interval>,
    /// Everything up to here is printed.
    printed: Option<Position>,
    out: W,
}

impl<W: AsyncWrite + Unpin> Watch<W> {
    /// Prints what happens, until there is a signal.
    async fn run(&mut self, signals: &mut Signals) -> anyhow::Result<()> {
        loop {
            let refused = tokio::select! {
                gathered = gather(&mut self.watcher, &mut self.view) => gathered,
                () = due(self.ticks.as_mut()) => {
                    self.view.due();
                    Ok(())
                }
                () = signals.next() => return Ok(()),
            };
            for request in self.view.take_requests() {
                self.watcher.ask(&request);
            }
            let mut printing = pin!(self.print());
            tokio::select! {
                printed = &mut printing => printed?,
                () = signals.next() => {
                    // What is printed at this moment is best finished; a reader that reads no more is not waited for.
                    return timeout(LAST_LINE, printing).await.unwrap_or(Ok(()));
                }
            }
            refused?;
        }
    }

    async fn print(&mut self) -> anyhow::Result<()> {
        write(&mut self.out, &self.view.take()).await?;
        if self.view.shows_events() {
            self.printed = self.watcher.position().cloned();
        }
        for notice in self.view.take_notices() {
            CommandOutput::stderr().line(&format!("muxwire: {notice}"))?;
        }
        Ok(())
    }

    /// Leaves the terminal as it should be, says how to go on, and sends Close to the server.
    async fn end(mut self) -> anyhow::Result<()> {
        self.view.end();
        if let Ok(failed @ Err(_)) =
            timeout(LAST_LINE, write(&mut self.out, &self.view.take())).await
        {
            return failed;
        }
        if let Some(position) = self.printed {
            CommandOutput::stderr()
                .line(&format!("muxwire: go on from here with --since {position}"))?;
        }
        self.watcher.close().await;
        Ok(())
    }
}

/// Waits for something to happen, and takes with it what has happened already. Cancel safe.
async fn gather(watcher: &mut Watcher, view: &mut View) -> Result<(), Refusal> {
    view.update(watcher.next().await?);
    while view.len() < GATHERED && !view.has_notices() {
        match watcher.next().now_or_never() {
            Some(update) => view.update(update?),
            None => break,
        }
    }
    Ok(())
}

fn ticks(span: Duration) -> Interval {
    let mut ticks = interval(span);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The end of the next interval; never, where nothing is shown by intervals.
async fn due(ticks: Option<&mut Interval>) {
    match ticks {
        Some(ticks) => {
            ticks.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// Prints, and leaves the program free for signals meanwhile: a terminal or a pipe may take as long as it likes. A server
/// that loses patience with that closes the connection, and is resumed later.
async fn write(out: &mut (impl AsyncWrite + Unpin), text: &str) -> anyhow::Result<()> {
    let work = async {
        out.write_all(text.as_bytes()).await?;
        out.flush().await
    };
    match work.await {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Closed.into()),
        other => other.context("can't print"),
    }
}

fn texts(patterns: &[impl ToString]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}
