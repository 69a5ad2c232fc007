//! What a notification means for the next listing.

use crate::control::Notification;

/// Whether a listing should not wait for more hints.
///
/// A window that closes may live on in another session, and its panes be still with this link: until they are paused,
/// tmux keeps their output for it, and a respawn of one can end the server. And until a session's new name is known,
/// those see it who may see the old one. What has just come may go again before anybody has seen it.
pub(super) fn is_urgent(notification: &Notification, on_control_link: bool) -> bool {
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
pub(super) fn is_hint(notification: &Notification, on_control_link: bool) -> bool {
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
