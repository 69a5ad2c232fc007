//! A link: one `tmux -C attach` and the task that reads it.
//!
//! The task only reads, frames and hands on; it never waits for its owner while there is something to read, because a
//! control client that does not read holds up the user's programs. What the owner is too slow for is counted.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use tokio::process::{Child, Command as Process};
use tokio::sync::{Semaphore, mpsc, watch};

use crate::control::Command;
use crate::tmux::link_task::{LinkTask, MAX_IN_FLIGHT, Request, Stop};
use crate::tmux::mark::Mark;
use crate::tmux::spawn::Pipes;
use crate::tmux::tap::Tap;
use crate::tmux::{LinkEvent, LinkId, LinkKind, Relay, Tmux, TmuxError, Version, spawn};

/// How many seconds a pane's output may wait for us before tmux throws it away and says `%pause`.
///
/// It bounds what tmux keeps while muxwire is stopped by a signal; a link that runs is never so late.
const PAUSE_AFTER: u32 = 5;

/// The answer to commands that a link does not take: too many wait for their answer, or it is about to end (and then a
/// [`LinkEvent::Closed`] is on its way).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the link to tmux is busy or about to end")]
pub struct LinkBusy {
    /// The commands, handed back.
    pub commands: Vec<Command>,
}

/// The owner's end of a link. Dropping it detaches the link.
#[derive(Debug)]
pub struct LinkHandle {
    id: LinkId,
    kind: LinkKind,
    pid: u32,
    requests: mpsc::Sender<Request>,
    in_flight: Arc<Semaphore>,
    stop: watch::Sender<Stop>,
}

impl LinkHandle {
    /// Starts `tmux -C attach` and a task that reads it. [`LinkEvent::Attached`] says when it stands, and
    /// [`LinkEvent::Closed`] comes once, last, whatever happens.
    ///
    /// Check the session with [`attachable`] first. Call it on a runtime's thread that lives as long as the process:
    /// the kernel ends the child with the thread that started it.
    ///
    /// # Errors
    /// The program can't be started.
    pub fn open(
        tmux: &Tmux,
        id: LinkId,
        kind: LinkKind,
        events: mpsc::Sender<LinkEvent>,
        tap: Option<Tap>,
    ) -> Result<Self, TmuxError> {
        let relay = tmux.relay()?;
        let (child, pipes) = start(tmux, kind, relay.as_ref())?;
        let pid = child.id().unwrap_or_default();
        tracing::debug!(link = %id, ?kind, pid, "link opened");
        if let Some(Tap(sink)) = &tap {
            sink.opened(id, kind, pid, Instant::now());
        }
        // The semaphore lets no more requests in than there are places.
        let (requests, received) = mpsc::channel(MAX_IN_FLIGHT);
        let (stop, stopped) = watch::channel(Stop::Run);
        let in_flight = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
        let relay = relay.map(Relay::start).transpose()?;
        let task = LinkTask::new(id, kind, child, pipes, relay, tap);
        tokio::spawn(task.run(received, stopped, events, Arc::clone(&in_flight)));
        Ok(Self {
            id,
            kind,
            pid,
            requests,
            in_flight,
            stop,
        })
    }

    /// Sends commands as one line, so that tmux runs them in one go; if one fails, the rest is dropped. Each gets its
    /// [`LinkEvent::Reply`] with this tag.
    ///
    /// # Errors
    /// Hands them back if more than [`MAX_IN_FLIGHT`] commands would wait for their answer, or if the link is ending.
    pub fn send(&self, tag: u64, commands: Vec<Command>) -> Result<(), LinkBusy> {
        if commands.is_empty() {
            return Ok(());
        }
        let places = u32::try_from(commands.len()).unwrap_or(u32::MAX);
        let Ok(permits) = self.in_flight.try_acquire_many(places) else {
            return Err(LinkBusy { commands });
        };
        match self.requests.try_send(Request { tag, commands }) {
            Ok(()) => {
                // Each comes back with its reply.
                permits.forget();
                Ok(())
            }
            Err(
                mpsc::error::TrySendError::Full(Request { commands, .. })
                | mpsc::error::TrySendError::Closed(Request { commands, .. }),
            ) => Err(LinkBusy { commands }),
        }
    }

    /// Ends the link in order: what was sent is answered, what tmux has queued is read, within a time limit.
    pub fn detach(&self) {
        self.stop.send_if_modified(|stop| {
            let change = *stop == Stop::Run;
            if change {
                *stop = Stop::Detach;
            }
            change
        });
    }

    /// Ends the link at once: tmux drops what it has queued for it.
    pub fn kill(&self) {
        self.stop.send_replace(Stop::Kill);
    }

    /// The link's name.
    #[must_use]
    pub fn id(&self) -> LinkId {
        self.id
    }

    /// What the link is for.
    #[must_use]
    pub fn kind(&self) -> LinkKind {
        self.kind
    }

    /// The process of its `tmux -C`; `list-clients` names it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

/// Whether a session stays when muxwire detaches from it.
///
/// # Errors
/// [`TmuxError::DestroyUnattached`] if it would go.
pub fn attachable(session: &crate::control::rows::SessionRow) -> Result<(), TmuxError> {
    let option = &session.destroy_unattached;
    if option.destroys(session.group_size) {
        return Err(TmuxError::DestroyUnattached {
            session: session.id,
            value: option.to_string(),
        });
    }
    Ok(())
}

fn start(tmux: &Tmux, kind: LinkKind, relay: Option<&Relay>) -> Result<(Child, Pipes), TmuxError> {
    if !tmux.starts_no_server() {
        tmux.check_socket_now()?;
    }
    let mut command: Process = relay.map_or_else(
        || tmux.command(),
        |relay| tmux.command_through(&relay.socket_path()),
    );
    command.args(attach_arguments(tmux.version(), kind));
    if let Some(mark) = Mark::own(tmux.socket_path()) {
        spawn::mark_as_link(&mut command, &mark);
    }
    command.stderr(Stdio::piped());
    // Its own process group: what a terminal sends to muxwire's (SIGINT, SIGHUP) must not cut the links before muxwire
    // has announced the stop to its clients.
    command.process_group(0);
    spawn::end_with_parent(&mut command);
    command.kill_on_drop(true);
    spawn::with_lasting_input(command).map_err(|source| tmux.start_error(source))
}

/// `-C attach -E -t ID -f FLAGS`.
///
/// `-E` leaves the session's environment alone. Neither `read-only` (the sole such client would make the user's own
/// `send-keys` fail) nor any later change of `no-output` (the connection would never answer again).
fn attach_arguments(version: &Version, kind: LinkKind) -> Vec<String> {
    let mut arguments: Vec<String> = ["-C", "attach-session", "-E", "-t"]
        .map(str::to_owned)
        .to_vec();
    arguments.push(kind.session().to_string());
    if version.has_flow_control() {
        let flags = match kind {
            LinkKind::Control { .. } => "ignore-size,no-output".to_owned(),
            LinkKind::Output { .. } => format!("ignore-size,pause-after={PAUSE_AFTER}"),
        };
        arguments.extend(["-f".to_owned(), flags]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::ids::SessionId;

    #[test]
    fn links_attach_as_each_version_can() {
        let session = SessionId(7);
        let (control, output) = (LinkKind::Control { session }, LinkKind::Output { session });
        let rows = [
            ("3.1c", control, "-C attach-session -E -t $7"),
            ("3.1c", output, "-C attach-session -E -t $7"),
            (
                "3.2",
                control,
                "-C attach-session -E -t $7 -f ignore-size,no-output",
            ),
            (
                "3.8",
                output,
                "-C attach-session -E -t $7 -f ignore-size,pause-after=5",
            ),
        ];
        for (version, kind, expected) in rows {
            let version = Version::parse(version).unwrap();
            assert_eq!(
                attach_arguments(&version, kind).join(" "),
                expected,
                "{version} {kind:?}"
            );
        }
    }
}
