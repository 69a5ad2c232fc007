//! The source that says what panes, muxwire and the machine use of processors and memory.
//!
//! It looks at `/proc` only while somebody wants to know: a client that has subscribed to `system.resources`, or a rule for
//! alerts. A look takes some microseconds for each process of the machine, so looks are as far apart that they take at most a
//! hundredth of a core, whatever the setting says.
//!
//! Reading order: this file (when it looks), `said` (what of it is said), `figures` (what is shown of it).

mod figures;
mod said;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::getpid;
use rustix::time::{ClockId, Timespec, clock_gettime};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use self::figures::Figures;
use self::said::Said;
use super::{ConnectorError, SourceContext};
use crate::background;
use crate::hub::ResourcesWanted;
use crate::ids::PaneId;
use crate::metrics::Metrics;
use crate::model::{Derived, State};
use crate::resources::{Amounts, Meter, Reading, ResourceUser, Resources, Sample};

/// The least time between two looks, if the interval isn't shorter: so soon after the first look comes the second one,
/// without which nothing is known of processors, and so soon another one for somebody who begins to want to know.
const LEAST_SPAN: Duration = Duration::from_secs(1);

/// One part in so many of a core is what looks may take.
const SHARE: u32 = 100;

/// What the source of resources needs besides what every source is given. Clones share the figures.
#[derive(Debug, Clone)]
pub struct ResourceSource {
    interval: Duration,
    figures: Arc<Figures>,
}

impl ResourceSource {
    /// A source that looks so often, while somebody wants to know.
    #[must_use]
    pub fn new(interval: Duration, metrics: &Metrics) -> Self {
        Self {
            interval,
            figures: Figures::shown(metrics),
        }
    }

    /// Says what is used until nothing is published any more.
    ///
    /// # Errors
    /// `/proc` can't be read.
    pub async fn run(self, context: SourceContext) -> Result<(), ConnectorError> {
        let driver = Driver {
            interval: self.interval,
            figures: self.figures,
            wanted: context.hub.resources_wanted(),
            context,
            next: Instant::now(),
            soonest: Instant::now(),
            asked: 0,
        };
        driver.run().await
    }
}

struct Driver {
    interval: Duration,
    figures: Arc<Figures>,
    wanted: watch::Receiver<ResourcesWanted>,
    context: SourceContext,
    /// When the next look is due, and from when on there may be one.
    next: Instant,
    soonest: Instant,
    /// How many had ever wanted to know at the last look.
    asked: u64,
}

impl Driver {
    async fn run(mut self) -> Result<(), ConnectorError> {
        // The hub lives as long as this does, so there is always somebody who could want something.
        while self
            .wanted
            .wait_for(|wanted| wanted.holders > 0)
            .await
            .is_ok()
        {
            let is_over = self.watch().await?;
            self.figures.rest();
            if is_over {
                break;
            }
        }
        Ok(())
    }

    /// Looks while somebody wants to know. Returns whether nothing is published any more.
    async fn watch(&mut self) -> Result<bool, ConnectorError> {
        let (mut meter, mut said) = (Meter::default(), Said::default());
        // A look that is not long ago is no reason to wait for this one.
        self.next = self.soonest;
        let mut is_first = true;
        while self.wait().await {
            self.asked = self.wanted.borrow_and_update().asked;
            let (sample, cost) = look().await?;
            self.plan(cost, std::mem::take(&mut is_first));
            self.figures
                .looked(&sample, cost, self.next - Instant::now());
            let Some(reading) = meter.take(sample) else {
                continue;
            };
            let (state, _) = self.context.hub.snapshot();
            let used = used(&reading, &state, &said);
            for derived in said.news(used, self.asked) {
                if self.context.publisher.publish(derived).await.is_err() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Plans the next look, behind one that took so much of a processor.
    fn plan(&mut self, cost: Duration, is_first: bool) {
        let now = Instant::now();
        let least = cost.saturating_mul(SHARE);
        self.soonest = now + least.max(self.interval.min(LEAST_SPAN));
        self.next = match is_first {
            true => self.soonest,
            false => now + least.max(self.interval),
        };
    }

    /// Waits until another look is due. False as soon as nobody wants one.
    async fn wait(&mut self) -> bool {
        loop {
            tokio::select! {
                () = sleep_until(self.next) => return true,
                changed = self.wanted.changed() => {
                    let wanted = *self.wanted.borrow_and_update();
                    if changed.is_err() || wanted.holders == 0 {
                        return false;
                    }
                    if wanted.asked != self.asked {
                        self.next = self.next.min(self.soonest);
                    }
                }
            }
        }
    }
}

/// Looks at all processes, on a thread that gives way to others. Besides, the time that this took of a processor.
async fn look() -> io::Result<(Sample, Duration)> {
    background::run(|| {
        let begun = clock_gettime(ClockId::ThreadCPUTime);
        let sample = Sample::read()?;
        Ok((sample, since(begun)))
    })
    .await?
}

/// The time that this thread has taken of a processor since.
fn since(begun: Timespec) -> Duration {
    let taken = clock_gettime(ClockId::ThreadCPUTime) - begun;
    Duration::try_from(taken).unwrap_or_default()
}

/// What is used as far as it is known: of each pane with the process that was started in it, of muxwire, and of the machine.
///
/// Not every tmux says at once that a pane's process has ended: one of which something was said before, and that is not there
/// now, has.
fn used(
    reading: &Reading<'_>,
    state: &State,
    said: &Said,
) -> Vec<(Option<(PaneId, u32)>, Resources)> {
    let server = state.server.as_ref().map(|server| server.pid);
    let resources = |user, amounts| Resources {
        user,
        amounts,
        over: reading.over(),
    };
    let of_pane = |(id, first): (PaneId, u32)| {
        let amounts = match first {
            // What was started there has ended, and the pane remains.
            0 => Amounts::default(),
            _ => {
                let found = reading.pane(first, server?);
                let has_ended = || said.knows((id, first)).then(Amounts::default);
                found.or_else(has_ended)?
            }
        };
        Some((Some((id, first)), resources(ResourceUser::Pane, amounts)))
    };
    let panes = state.panes.values().map(|pane| (pane.id, pane.pid));
    let mut all: Vec<_> = panes.filter_map(of_pane).collect();
    let this = getpid().as_raw_nonzero().get().unsigned_abs();
    // A server that muxwire started is none of its own.
    if let Some((amounts, own)) = reading.process(this, server) {
        all.push((None, resources(ResourceUser::Muxwire { own }, amounts)));
    }
    let (amounts, figures) = reading.host();
    all.push((None, resources(ResourceUser::Host(figures), amounts)));
    all
}
