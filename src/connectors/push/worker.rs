//! From a queue to its push service, again and again until a message is taken, is over, or was tried often enough.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::attempt::{AttemptError, LIFE, attempt};
use super::figures::count;
use super::queue::{Message, Queue};
use crate::file_watch::Complaint;
use crate::push::{Delivery, Outcome, PushDesk};

/// How often a message is tried.
const ATTEMPTS: u32 = 8;
/// The same of a test, for which somebody waits.
const ATTEMPTS_OF_TEST: u32 = 1;
/// How long to wait after the first attempt that failed; after each other one twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait that comes of that.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// The longest wait that a push service may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

/// What becomes of a message.
enum End {
    Taken,
    /// It is over, and nobody has to be told of it.
    Withdrawn,
    TooOld,
    Failed(AttemptError),
}

/// Sends what is in the queue, one after the other, until it is closed and empty, or nothing more can be sent to this browser.
pub(super) async fn work(desk: PushDesk, queue: Arc<Queue>) {
    let mut complaint = Complaint::default();
    while let Some((mut message, withdrawn)) = queue.next().await {
        let end = deliver(&desk, &queue, &message, &withdrawn).await;
        let figures = &queue.figures;
        let (id, reply) = (message.to.id.clone(), message.reply.take());
        let outcome = match &end {
            End::Withdrawn => continue,
            End::Taken => {
                count(&figures.sent);
                complaint.clear();
                Outcome::Taken
            }
            End::TooOld => {
                count(&figures.dropped);
                Outcome::Failed("it was too old when it could have been sent".to_owned())
            }
            End::Failed(error) => {
                count(&figures.failed);
                if complaint.is_new(&error) {
                    tracing::warn!(subscription = id, %error, "a push message could not be sent");
                }
                Outcome::Failed(error.to_string())
            }
        };
        desk.note(&id, delivery(message, outcome.clone()));
        if let Some(reply) = reply {
            // Whoever asked may be gone.
            drop(reply.send(outcome));
        }
        match end {
            End::Failed(AttemptError::Gone(_)) => {
                count(&figures.gone);
                return desk.end(&id, "gone").await;
            }
            End::Failed(AttemptError::NoHolder) => return desk.end(&id, "token_ended").await,
            _ => {}
        }
    }
}

fn delivery(message: Message, outcome: Outcome) -> Delivery {
    Delivery {
        at: Timestamp::now(),
        kind: message.told.kind,
        title: message.told.title,
        outcome,
    }
}

async fn deliver(
    desk: &PushDesk,
    queue: &Queue,
    message: &Message,
    withdrawn: &CancellationToken,
) -> End {
    let attempts = match message.told.kind {
        Some(_) => ATTEMPTS,
        None => ATTEMPTS_OF_TEST,
    };
    let mut wait = FIRST_WAIT;
    for number in 1.. {
        if withdrawn.is_cancelled() {
            return End::Withdrawn;
        }
        if message.since.elapsed() > LIFE {
            return End::TooOld;
        }
        let error = match attempt(desk, message).await {
            Ok(()) => return End::Taken,
            Err(error) => error,
        };
        let asked = match &error {
            AttemptError::Passing(_, asked) => asked.unwrap_or_default(),
            _ => return End::Failed(error),
        };
        if number >= attempts || queue.closed.is_cancelled() {
            return End::Failed(error);
        }
        count(&queue.figures.retried);
        tracing::debug!(subscription = message.to.id, number, %error, "an attempt to push failed");
        tokio::select! {
            () = sleep(spread(wait).max(asked.min(LONGEST_ASKED))) => {}
            () = withdrawn.cancelled() => {}
            // There is no time left for more: once more, and no more.
            () = queue.closed.cancelled() => {}
        }
        wait = LONGEST_WAIT.min(wait * 2);
    }
    End::Withdrawn
}

/// A wait up to a quarter shorter, so that many don't come back at once.
fn spread(wait: Duration) -> Duration {
    // Without random numbers they just all come at once.
    let random = getrandom::u32().unwrap_or_default();
    wait - (wait / 4).mul_f64(f64::from(random) / f64::from(u32::MAX))
}
