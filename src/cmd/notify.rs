//! Notifying a service manager, as sd_notify(3) says: one datagram for each piece of news.
//!
//! Without `NOTIFY_SOCKET` there is no manager, and nothing here does anything.

use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::bridge::Handle;

/// The way to the service manager, if there is one. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Notifier(Option<Arc<Manager>>);

#[derive(Debug)]
struct Manager {
    socket: UnixDatagram,
    address: SocketAddr,
    /// How long it waits for a sign of life before it takes the program for dead.
    patience: Option<Duration>,
}

impl Notifier {
    /// To the program that started this process. Says in the log if it can't be reached.
    #[must_use]
    pub(super) fn of_process() -> Self {
        let Some(socket) = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Self::default();
        };
        let text = |name| env::var(name).ok();
        let patience = patience(
            text("WATCHDOG_USEC").as_deref(),
            text("WATCHDOG_PID").as_deref(),
        );
        let made = address(&socket).and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            // Nothing here waits for the manager.
            socket.set_nonblocking(true)?;
            Ok(Manager {
                socket,
                address,
                patience,
            })
        });
        match made {
            Ok(manager) => Self(Some(Arc::new(manager))),
            Err(error) => {
                tracing::warn!(%error, "NOTIFY_SOCKET can't be used: the service manager gets no notification");
                Self::default()
            }
        }
    }

    /// It serves from now on.
    pub(super) fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={status}"));
    }

    /// What has changed is put in force. Behind it has to come [`Notifier::ready`].
    pub(super) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// It has begun to stop.
    pub(super) fn stopping(&self) {
        self.send("STOPPING=1\nSTATUS=stopping");
    }

    /// Gives signs of life, for ever, if they are asked for: as long as the runtime runs this, and the bridge answers.
    pub(super) async fn live(self, bridge: Handle) {
        let Some(patience) = self.0.as_ref().and_then(|manager| manager.patience) else {
            return;
        };
        // Half of the time, as the manual advises.
        let mut beats = interval(patience / 2);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beats.tick().await;
            match timeout(patience / 4, bridge.answers()).await {
                Ok(true) => self.send("WATCHDOG=1"),
                Ok(false) => return,
                Err(_) => {
                    tracing::warn!(
                        "the bridge does not answer: no sign of life for the service manager"
                    )
                }
            }
        }
    }

    fn send(&self, news: &str) {
        let Some(manager) = &self.0 else { return };
        if let Err(error) = manager
            .socket
            .send_to_addr(news.as_bytes(), &manager.address)
        {
            tracing::debug!(%error, "the service manager can't be notified");
        }
    }
}

/// A path, or with `@` before it a name in the kernel's own space of names.
fn address(name: &OsStr) -> std::io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'/', ..] => SocketAddr::from_pathname(name),
        [b'@', hidden @ ..] => hidden_address(hidden),
        _ => Err(std::io::Error::other(
            "it is neither a path nor a name with @",
        )),
    }
}

#[cfg(target_os = "linux")]
fn hidden_address(name: &[u8]) -> std::io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn hidden_address(_: &[u8]) -> std::io::Result<SocketAddr> {
    Err(std::io::Error::other("names with @ are Linux's"))
}

/// How long the manager waits for a sign of life of this process.
fn patience(micros: Option<&str>, pid: Option<&str>) -> Option<Duration> {
    if pid.is_some_and(|pid| pid.parse() != Ok(std::process::id())) {
        return None;
    }
    let micros = micros?.parse().ok().filter(|micros| *micros > 0)?;
    Some(Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::bridge::Request;

    #[test]
    fn patience_is_for_this_process() {
        let own = std::process::id().to_string();
        let rows = [
            (None, None, None),
            (Some("30000000"), None, Some(30_000)),
            (Some("30000000"), Some(own.as_str()), Some(30_000)),
            (Some("30000000"), Some("1"), None),
            (Some("30000000"), Some("x"), None),
            (Some("0"), None, None),
            (Some("soon"), None, None),
        ];
        for (micros, pid, expected) in rows {
            let expected = expected.map(Duration::from_millis);
            assert_eq!(patience(micros, pid), expected, "{micros:?} {pid:?}");
        }
    }

    #[tokio::test]
    async fn signs_of_life_stop_when_the_bridge_does_not_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_nonblocking(true).unwrap();
        let notifier = Notifier(Some(Arc::new(Manager {
            socket: UnixDatagram::unbound().unwrap(),
            address: SocketAddr::from_pathname(&path).unwrap(),
            patience: Some(Duration::from_millis(400)),
        })));
        let (handle, mut requests) = Handle::pair();
        let living = tokio::spawn(notifier.live(handle));
        let heard = || {
            let mut news = [0; 64];
            manager
                .recv(&mut news)
                .map(|length| news[..length].to_vec())
        };
        let mut unanswered = Vec::new();
        let mut expected = false;
        for answers in [true, false, true, true] {
            // When it asks again, it is through with the time before.
            let Request::Answer { reply } = requests.recv().await.unwrap() else {
                unreachable!("nothing else is asked");
            };
            assert_eq!(heard().ok(), expected.then(|| b"WATCHDOG=1".to_vec()));
            expected = answers;
            if answers {
                reply.send(()).unwrap();
            } else {
                unanswered.push(reply);
            }
        }
        drop(requests);
        living.await.unwrap();
    }
}
