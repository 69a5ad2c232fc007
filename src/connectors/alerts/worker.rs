//! From a queue to its place, again and again until it is taken or tried often enough.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use super::notification::Notification;
use super::queue::Queue;
use super::send::{SendError, Sender};
use crate::alert::Sink;
use crate::file_watch::Complaint;

/// How long to wait after the first attempt that failed; after each other one twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait, also if the place asks for a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Sends what is in the queue, one after the other, until it is closed and empty.
pub(super) async fn work(sink: Sink, queue: Arc<Queue>) {
    let mut sender = Sender::new(sink);
    let mut complaint = Complaint::default();
    while let Some(notification) = queue.next().await {
        let (id, sink) = (&notification.id, sender.sink().id.clone());
        match deliver(&mut sender, &queue, &notification).await {
            Ok(()) => {
                complaint.clear();
                queue.figures.sent.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(sink, id, "sent an alert");
            }
            Err(error) => {
                queue.figures.failed.fetch_add(1, Ordering::Relaxed);
                if complaint.is_new(&error) {
                    tracing::warn!(sink, id, %error, "an alert could not be sent");
                }
            }
        }
    }
}

async fn deliver(
    sender: &mut Sender,
    queue: &Queue,
    notification: &Notification,
) -> Result<(), SendError> {
    let attempts = sender.sink().attempts;
    let mut wait = FIRST_WAIT;
    for attempt in 1.. {
        let Err(error) = sender.send(notification).await else {
            return Ok(());
        };
        let sink = &sender.sink().id;
        tracing::debug!(sink, attempt, %error, "an attempt to send an alert failed");
        if error.is_lasting() || attempt >= attempts || queue.closed.is_cancelled() {
            return Err(error);
        }
        let asked = error.retry_after().unwrap_or_default();
        tokio::select! {
            () = sleep(spread(wait).max(asked).min(LONGEST_WAIT)) => {}
            // There is no time left for more: once more, and no more.
            () = queue.closed.cancelled() => {}
        }
        wait = LONGEST_WAIT.min(wait * 2);
    }
    Ok(())
}

/// A wait up to a quarter shorter, so that many don't come back at once.
fn spread(wait: Duration) -> Duration {
    // Without random numbers they just all come at once.
    let random = getrandom::u32().unwrap_or_default();
    wait - (wait / 4).mul_f64(f64::from(random) / f64::from(u32::MAX))
}
