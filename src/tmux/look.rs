//! Listing everything through one ordinary command, which no control client has a part in.

use std::time::Duration;

use bytes::Bytes;

use super::print::{SEPARATOR, parts};
use super::{Tmux, TmuxError};
use crate::control::Body;
use crate::control::rows::{BufferRow, ClientRow, PaneRow, Row as _, SessionRow, WindowRow};

impl Tmux {
    /// The sessions, the windows, the panes, the clients and the buffers, as they are in one turn of tmux.
    ///
    /// # Errors
    /// As with [`Self::run`].
    pub async fn list_all(&self, deadline: Duration) -> Result<Vec<Body>, TmuxError> {
        let separator = [";", "display-message", "-p", SEPARATOR, ";"];
        let commands = [
            &["list-sessions", "-F", SessionRow::FORMAT][..],
            &separator,
            &["list-windows", "-a", "-F", WindowRow::FORMAT],
            &separator,
            &["list-panes", "-a", "-F", PaneRow::FORMAT],
            &separator,
            &["list-clients", "-F", ClientRow::FORMAT],
            &separator,
            &["list-buffers", "-F", BufferRow::FORMAT],
        ];
        let printed = self.run(&commands.concat(), deadline).await?;
        let parts = parts::<5>(&Bytes::from(printed)).ok_or_else(|| TmuxError::Failed {
            command: "list-sessions".to_owned(),
            said: "less than was asked for".to_owned(),
        })?;
        Ok(parts.map(Body::new).into())
    }
}
