//! `muxwire record`: what passes between tmux and muxwire, into a file or to stdout.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::bridge::{self, Counters, Ends, Handle};
use crate::cli::{General, RecordArgs};
use crate::cmd::feeding::Feeding;
use crate::cmd::output::Closed;
use crate::cmd::own_pane::prints_in;
use crate::cmd::prepare;
use crate::cmd::serve::settings;
use crate::cmd::signals::{INTERRUPTED, Signals};
use crate::config::Config;
use crate::hub::{HistoryLimits, Hub};
use crate::ids::Epoch;
use crate::recording::{End, Header, Outcome, Recorder, Without, Writing};
use crate::tmux::{Tap, TapSink, Tmux, TmuxError};
use crate::wire::PrintsIn;

/// Nobody reads the events that the bridge publishes meanwhile.
const NO_HISTORY: HistoryLimits = HistoryLimits {
    bytes: 0,
    events: 1,
    age: Duration::ZERO,
};

/// Records until SIGINT or SIGTERM, or for as long as is asked for.
///
/// # Errors
/// The settings are wrong, tmux can't be used, or the recording can't be written as a whole.
pub async fn run(general: &General, args: RecordArgs) -> anyhow::Result<()> {
    let config = prepare(general, args.socket.flags())?.config;
    let mut signals = Signals::new()?;
    let tmux = Tmux::probe(&config.server.tmux, config.server.tmux_socket.clone()).await?;
    let prints_in = match args.output {
        Some(_) => None,
        None => prints_in(io::stdout()).context("can't look at stdout")?,
    };
    let prints_in = prints_in.filter(|_| !args.include_own_pane);
    let (recorder, writing) = start(&tmux, args.output.as_deref())?;
    let recording = Recording::start(&config, tmux, (recorder, writing), prints_in)?;
    recording.run(&mut signals, args.duration).await
}

fn start(tmux: &Tmux, output: Option<&Path>) -> anyhow::Result<(Recorder, Writing)> {
    let header = Header::now(tmux.version());
    let started = match output {
        Some(path) => Recorder::start(&header, create(path)?),
        None => Recorder::start(&header, io::stdout()),
    };
    started.context("can't begin to record")
}

/// A new file that nobody else may read: a recording shows all that panes show.
fn create(path: &Path) -> anyhow::Result<File> {
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    created.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow::anyhow!(
            "{} is there already: remove it, or choose another name",
            path.display()
        ),
        _ => anyhow::Error::from(error).context(format!("can't write {}", path.display())),
    })
}

/// A bridge whose links are recorded, and what writes them down.
struct Recording {
    recorder: Arc<Recorder>,
    writing: Writing,
    bridge: JoinHandle<Result<(), TmuxError>>,
    stop: CancellationToken,
}

/// What brought the recording to its end.
enum Why {
    Wanted,
    Bridge(Result<Result<(), TmuxError>, JoinError>),
    Written(io::Result<Outcome>),
}

impl Recording {
    fn start(
        config: &Config,
        tmux: Tmux,
        (recorder, writing): (Recorder, Writing),
        prints_in: Option<PrintsIn>,
    ) -> anyhow::Result<Self> {
        let recorder = Arc::new(recorder);
        let stop = CancellationToken::new();
        // Nobody asks this bridge for anything.
        let (handle, requests) = Handle::pair();
        let epoch = Epoch::new("unread").context("an epoch is made of letters")?;
        let hub = Hub::new(NO_HISTORY, epoch);
        let tap: Arc<dyn TapSink> = match prints_in {
            None => Arc::<Recorder>::clone(&recorder),
            Some(place) => {
                let feeding = Feeding::new(hub.clone(), place);
                let recorder = Arc::<Recorder>::clone(&recorder);
                Arc::new(Without::new(recorder, Box::new(move || feeding.panes())))
            }
        };
        let ends = Ends {
            hub,
            counters: Arc::new(Counters::default()),
            requests,
            demand: handle.demand().clone(),
        };
        let following = bridge::follow(tmux, settings(config), ends, Some(Tap(tap)), stop.clone());
        Ok(Self {
            recorder,
            writing,
            bridge: tokio::spawn(following),
            stop,
        })
    }

    async fn run(
        mut self,
        signals: &mut Signals,
        duration: Option<Duration>,
    ) -> anyhow::Result<()> {
        tracing::info!("recording");
        let why = tokio::select! {
            () = signals.next() => Why::Wanted,
            () = time_up(duration) => Why::Wanted,
            ended = &mut self.bridge => Why::Bridge(ended),
            ended = self.writing.ended() => Why::Written(ended),
        };
        // What links say while they detach is no part of it: nobody follows it any more.
        self.recorder.finish();
        self.stop.cancel();
        tokio::select! {
            outcome = self.conclude(why) => outcome,
            () = signals.next() => std::process::exit(INTERRUPTED),
        }
    }

    async fn conclude(mut self, why: Why) -> anyhow::Result<()> {
        let outcome = match why {
            Why::Wanted => {
                self.bridge.await??;
                self.writing.ended().await
            }
            Why::Bridge(ended) => {
                let written = self.writing.ended().await;
                ended??;
                written
            }
            Why::Written(outcome) => {
                self.bridge.await??;
                outcome
            }
        };
        report(outcome)
    }
}

fn report(outcome: io::Result<Outcome>) -> anyhow::Result<()> {
    let Outcome {
        end,
        entries,
        bytes,
    } = match outcome {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Closed.into()),
        outcome => outcome.context("can't write the recording, which is cut off")?,
    };
    if end == End::TooSlow {
        bail!(
            "tmux said more than could be written in time: the recording ends early, with {entries} entries"
        );
    }
    tracing::info!(entries, bytes, "recorded");
    Ok(())
}

async fn time_up(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}
