//! The task that looks for a tmux server, and waits for one at the socket.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::model::Unfit;
use crate::tmux::{
    ExitUnattached, Found, SocketWatch, Tmux, TmuxError, find_server, look_for_server,
};

/// What the finder says.
pub(super) enum Finding {
    Server(Box<Found>),
    Nothing(String),
    Unfit(Unfit),
    Unusable(TmuxError),
}

/// The task, which looks whenever it is asked to.
pub(super) struct Finder {
    wanted: mpsc::UnboundedSender<()>,
    pub(super) findings: mpsc::UnboundedReceiver<Finding>,
    task: JoinHandle<()>,
}

impl Finder {
    pub(super) fn start(tmux: Tmux, exit_unattached: ExitUnattached) -> Self {
        // Each link that ends asks at most once, so the requests are bounded by the links.
        let (wanted, asked) = mpsc::unbounded_channel();
        // Each request brings at most two, and one more whenever another reason keeps the server from being used.
        let (to_findings, findings) = mpsc::unbounded_channel();
        let task = tokio::spawn(look_when_asked(tmux, exit_unattached, asked, to_findings));
        Self {
            wanted,
            findings,
            task,
        }
    }

    pub(super) fn find(&self) {
        if self.wanted.send(()).is_err() {
            tracing::debug!("the finder has ended");
        }
    }
}

impl Drop for Finder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What it means for the owner that no server can be used now.
fn nothing(error: &TmuxError) -> Finding {
    match error {
        TmuxError::Misfit {
            program_version,
            server_version,
            ..
        } => Finding::Unfit(Unfit {
            reason: TmuxError::misfit(program_version, server_version.as_ref()),
            program_version: program_version.to_string(),
            server_version: server_version.as_ref().map(ToString::to_string),
        }),
        other => Finding::Nothing(other.to_string()),
    }
}

async fn look_when_asked(
    tmux: Tmux,
    exit_unattached: ExitUnattached,
    mut asked: mpsc::UnboundedReceiver<()>,
    findings: mpsc::UnboundedSender<Finding>,
) {
    let mut watch = SocketWatch::new(tmux.socket_path());
    while asked.recv().await.is_some() {
        let mut finding = look_for_server(&tmux, exit_unattached).await;
        if let Err(error) = &finding {
            tracing::info!(socket = %tmux.socket_path().display(), %error, "waiting for a tmux server");
            let report = |error: &TmuxError| {
                if findings.send(nothing(error)).is_err() {
                    tracing::debug!("nobody receives what the finder finds any more");
                }
            };
            report(error);
            finding = find_server(&tmux, exit_unattached, &mut watch, report).await;
        }
        let finding =
            finding.map_or_else(Finding::Unusable, |found| Finding::Server(Box::new(found)));
        if findings.send(finding).is_err() {
            return;
        }
    }
}
