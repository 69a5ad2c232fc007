//! The history on disk in `muxwire serve`: which file it is, and who fills it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::bridge::Handle;
use crate::cmd::host_name;
use crate::config::{Config, StoredSecrets};
use crate::connectors::{Connectors, HistorySink};
use crate::history::{DiskArchive, History, Previous, Secrets, Settings, StoreError};
use crate::hub::{HistoryLimits, Hub, Redaction};
use crate::ids::Epoch;
use crate::metrics::Metrics;
use crate::server::HistoryAccess;

/// The folder of the files below the state directory.
const FOLDER: &str = "history";

/// The history, opened before there is a log: what an earlier run left makes the log.
pub(super) struct Kept(Option<(History, Option<Previous>)>);

impl Kept {
    /// Opens the file of the tmux server with this socket. Whatever is wrong with it, the log says so, and all else goes on
    /// without it.
    pub(super) async fn open(config: &Config, socket: Option<&Path>) -> Self {
        let Some(socket) = socket.filter(|_| config.history.enabled) else {
            return Self(None);
        };
        let settings = settings(config, socket);
        let path = settings.path.clone();
        let opened = on_disk(move || {
            let history = History::open(settings)?;
            let previous = history.previous()?;
            Ok((history, previous))
        });
        Self(opened.await.map_err(|error| refuse(&path, &error)).ok())
    }

    /// The log: that of an earlier run, or one of this name.
    pub(super) fn hub(
        &self,
        limits: HistoryLimits,
        fresh: Epoch,
        redaction: Option<Redaction>,
    ) -> Hub {
        let Some((_, Some(previous))) = &self.0 else {
            return Hub::redacting(limits, fresh, redaction);
        };
        tracing::info!(
            epoch = %previous.epoch, after = previous.after.0, ended_in_order = previous.ended,
            "the log goes on where an earlier run ended"
        );
        let resumed = previous.resumed();
        Hub::resumed(limits, previous.epoch.clone(), redaction, resumed)
    }

    /// Begins to keep what is published.
    pub(super) async fn begin(
        self,
        connectors: &Connectors,
        (hub, bridge): (&Hub, &Handle),
        metrics: &Metrics,
    ) -> Option<HistoryAccess> {
        let (history, previous) = self.0?;
        let path = history.path().to_owned();
        let (epoch, head) = (hub.epoch().clone(), hub.head());
        let begun = on_disk(move || {
            let (recorder, wishes) = history.start(&epoch, head, previous.as_ref())?;
            let reader = recorder.open_reader()?;
            let archive = DiskArchive::new(reader.clone(), epoch, recorder.clone());
            Ok((recorder, wishes, reader, archive))
        });
        let begun = begun.await.map_err(|error| refuse(&path, &error));
        let (recorder, wishes, reader, archive) = begun.ok()?;
        tracing::info!(path = %path.display(), "history is kept");
        hub.archive_in(Arc::new(archive));
        let access = HistoryAccess {
            reader,
            recorder: recorder.clone(),
        };
        let sink = HistorySink::new(recorder, wishes, hub.clone(), bridge.clone());
        sink.begin(connectors, metrics);
        Some(access)
    }
}

/// Does something that blocks.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, String> {
    let done = spawn_blocking(work).await;
    let done = done.map_err(|error| error.to_string())?;
    done.map_err(|error| error.to_string())
}

fn refuse(path: &Path, error: &str) {
    tracing::error!(path = %path.display(), %error, "no history is kept");
}

fn settings(config: &Config, socket: &Path) -> Settings {
    let history = &config.history;
    Settings {
        path: file(config, socket),
        max_bytes: history.max_bytes,
        max_age: history.max_age,
        exclude: history.exclude.clone(),
        secrets: match history.secrets {
            StoredSecrets::Mask => Secrets::Mask,
            StoredSecrets::Keep => Secrets::Keep,
        },
        rules: (config.redaction.rules.clone(), config.redaction.defaults),
        host: host_name(config),
    }
}

/// The file of the tmux server with this socket: named by the socket's name, and by a hash of its whole path, so that two
/// servers never share one.
pub(super) fn file(config: &Config, socket: &Path) -> PathBuf {
    let name = socket
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let plain: String = name
        .unwrap_or_default()
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .take(40)
        .collect();
    let hash = blake3::hash(socket.as_os_str().as_encoded_bytes()).to_hex();
    folder(config).join(format!("{plain}-{}.db", &hash.as_str()[..8]))
}

/// The folder of the files.
pub(super) fn folder(config: &Config) -> PathBuf {
    let below_state = || config.server.state_dir.join(FOLDER);
    config.history.path.clone().unwrap_or_else(below_state)
}
