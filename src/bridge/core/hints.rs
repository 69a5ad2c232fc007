//! What a notification means for the next listing.

use std::time::Instant;

use super::Core;
use crate::control::{Layout, Notification, PASTE_PREFIX};
use crate::tmux::LinkId;

impl Core {
    /// tmux has said something of its own accord.
    pub(super) fn notification(&mut self, link: LinkId, notification: Notification, now: Instant) {
        if self.is_own(&notification) {
            return;
        }
        if let Notification::PasteBufferChanged { name } = &notification {
            self.touched.insert(name.to_string_lossy().into_owned());
        }
        let on_control_link = self.control == Some(link);
        if on_control_link {
            self.announced.heard(&notification);
            if matches!(notification, Notification::SessionsChanged) {
                self.streams.doubt();
            }
        }
        let heard = on_control_link || self.outputs.session_of(link).is_some();
        if heard && is_hint(&notification, on_control_link) {
            // A new link gets what it subscribed to once, though nothing has changed.
            if matches!(notification, Notification::SubscriptionChanged { .. }) {
                self.hint_of_links(now);
            } else {
                self.hint(now);
            }
        }
        if let Notification::LayoutChange { window, layout, .. } = &notification {
            if let Ok(layout) = Layout::parse(layout.as_bytes()) {
                self.streams.layout(*window, layout.panes());
            }
            let known = self.state.windows.get(window).into_iter();
            let panes = known.flat_map(|window| &window.panes);
            panes.for_each(|pane| self.views.spoil(*pane));
        }
        if is_urgent(&notification, on_control_link) {
            self.relist.request_at_once(now);
        }
    }

    /// Whether a notification reports nothing but one of muxwire's own links or paste buffers.
    fn is_own(&self, notification: &Notification) -> bool {
        if let Notification::PasteBufferChanged { name }
        | Notification::PasteBufferDeleted { name } = notification
        {
            return name.to_string_lossy().starts_with(PASTE_PREFIX);
        }
        let (Notification::ClientSessionChanged { client, .. }
        | Notification::ClientDetached { client }) = notification
        else {
            return false;
        };
        let name = client.to_string_lossy();
        let pid = name
            .strip_prefix("client-")
            .and_then(|pid| pid.parse::<u32>().ok());
        pid.is_some_and(|pid| {
            self.processes
                .values()
                .chain(&self.ended)
                .any(|own| *own == pid)
        })
    }
}

/// Whether a listing should not wait for more hints.
///
/// A window that closes may live on in another session, and its panes be still with this link: until they are paused,
/// tmux keeps their output for it, and a respawn of one can end the server. And until a session's new name is known,
/// those see it who may see the old one. What has just come may go again before anybody has seen it.
fn is_urgent(notification: &Notification, on_control_link: bool) -> bool {
    match notification {
        Notification::WindowClose { .. }
        | Notification::UnlinkedWindowClose { .. }
        | Notification::SessionRenamed { .. } => true,
        Notification::WindowAdd { .. }
        | Notification::UnlinkedWindowAdd { .. }
        | Notification::SessionsChanged => on_control_link,
        _ => false,
    }
}

/// Whether a notification may mean that a listing would differ from the last one.
///
/// Most come on every link, and are heard on the control link alone; what concerns a session's own windows comes on
/// its output link only.
fn is_hint(notification: &Notification, on_control_link: bool) -> bool {
    match notification {
        Notification::LayoutChange { .. } | Notification::SubscriptionChanged { .. } => true,
        Notification::Pause { .. }
        | Notification::Continue { .. }
        | Notification::Message { .. }
        | Notification::ConfigError { .. }
        | Notification::Unknown { .. } => false,
        _ => on_control_link,
    }
}
