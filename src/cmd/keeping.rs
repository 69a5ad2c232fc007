//! The history on disk in `muxwire serve`: which file it is, and who fills it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::bridge::Handle;
use crate::cmd::host_name;
use crate::config::{Config, StoredSecrets};
use crate::connectors::{Connectors, HistorySink};
use crate::history::{DiskArchive, History, Secrets, Settings, StoreError};
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::server::HistoryAccess;

/// The folder of the files below the state directory.
const FOLDER: &str = "history";

/// Begins to keep what is published of the tmux server with this socket. Whatever is wrong with the file, the log says so, and
/// all else goes on without it.
pub(super) async fn begin(
    config: &Config,
    connectors: &Connectors,
    (hub, bridge): (&Hub, &Handle),
    socket: &Path,
    metrics: &Metrics,
) -> Option<HistoryAccess> {
    if !config.history.enabled {
        return None;
    }
    let settings = settings(config, socket);
    let path = settings.path.clone();
    let (epoch, head) = (hub.epoch().clone(), hub.head());
    let begun = spawn_blocking(move || {
        let (recorder, wishes) = History::open(settings)?.start(&epoch, head, None)?;
        let reader = recorder.open_reader()?;
        let archive = DiskArchive::new(reader.clone(), epoch, recorder.clone());
        Ok::<_, StoreError>((recorder, wishes, reader, archive))
    });
    let begun = match begun.await {
        Ok(begun) => begun.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match begun {
        Ok((recorder, wishes, reader, archive)) => {
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
        Err(error) => {
            tracing::error!(path = %path.display(), %error, "no history is kept");
            None
        }
    }
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
fn file(config: &Config, socket: &Path) -> PathBuf {
    let below_state = || config.server.state_dir.join(FOLDER);
    let folder = config.history.path.clone().unwrap_or_else(below_state);
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
    folder.join(format!("{plain}-{}.db", &hash.as_str()[..8]))
}
