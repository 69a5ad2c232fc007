//! Work that can wait: on a thread of its own, which gives way to those that serve clients.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// How much lower the priority of such a thread is. With cores to spare it is as fast as any; on a busy machine it still
/// gets a tenth of what others get.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Does a piece of work on a thread of its own, at a low priority. Processes that it starts inherit the priority.
///
/// # Errors
/// There is no thread for it, or the work panics.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new()
        .name("background".to_owned())
        .spawn(move || {
            lower_priority();
            // Nobody receives the result if the caller is gone.
            drop(sender.send(work()));
        })?;
    let panicked = |_| io::Error::other("a background thread panicked");
    receiver.await.map_err(panicked)
}

/// Linux has a priority for each thread.
#[cfg(target_os = "linux")]
pub(crate) fn lower_priority() {
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "the priority of a background thread is as usual");
    }
}

/// Elsewhere a priority is the whole process's.
#[cfg(not(target_os = "linux"))]
pub(crate) fn lower_priority() {}
