//! What tmux says unasked: one parser for each kind of line.
//!
//! A notification is a hint that something changed; what holds is what a listing says. A kind that is not known here is
//! [`Notification::Unknown`] and no error, so that a newer tmux does not break us. For the same reason words behind the
//! last known one are passed over.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::combinator::{map, opt, peek, rest};
use nom::multi::many0_count;
use nom::sequence::{preceded, separated_pair, terminated};

use super::grammar::{Parsed, extra, none, number, pane_id, session_id, text, window_id, word};
use super::output::reserved;
use super::text::Text;
use crate::ids::{PaneId, SessionId, WindowId};

/// A line that tmux sent of its own accord, apart from output and `%exit`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the fields say what the names of tmux's own manual say"
)]
pub enum Notification {
    /// A client detached (3.2).
    ClientDetached { client: Text },
    /// Another client is now attached to this session.
    ClientSessionChanged {
        client: Text,
        session: SessionId,
        name: Text,
    },
    /// The configuration file holds an error (3.4).
    ConfigError { text: Text },
    /// A paused pane's output goes on (3.2).
    Continue { pane: PaneId },
    /// A window's layout changed; only for windows of the attached session.
    LayoutChange {
        window: WindowId,
        layout: Text,
        visible_layout: Option<Text>,
        flags: Option<Text>,
    },
    /// Somebody sent this client a message (3.4).
    Message { text: Text },
    /// A pane entered or left a mode.
    PaneModeChanged { pane: PaneId },
    /// A paste buffer was made or changed (3.4).
    PasteBufferChanged { name: Text },
    /// A paste buffer was deleted (3.4).
    PasteBufferDeleted { name: Text },
    /// tmux holds a pane's output back; what it had queued is gone (3.2).
    Pause { pane: PaneId },
    /// This client is now attached to this session.
    SessionChanged { session: SessionId, name: Text },
    /// A session was renamed; before 3.4 tmux doesn't say which.
    SessionRenamed {
        session: Option<SessionId>,
        name: Text,
    },
    /// A session's current window changed.
    SessionWindowChanged {
        session: SessionId,
        window: WindowId,
    },
    /// A session was made or destroyed.
    SessionsChanged,
    /// A subscribed format has a new value (3.2). Fields that the subscription doesn't concern are absent.
    SubscriptionChanged {
        name: Text,
        session: SessionId,
        window: Option<WindowId>,
        index: Option<u32>,
        pane: Option<PaneId>,
        value: Text,
    },
    /// A window was linked to some session, and is in none of ours.
    UnlinkedWindowAdd { window: WindowId },
    /// A window was unlinked from some session, and is in none of ours.
    UnlinkedWindowClose { window: WindowId },
    /// A window that is not ours was renamed.
    UnlinkedWindowRenamed { window: WindowId, name: Text },
    /// A window was linked to the attached session.
    WindowAdd { window: WindowId },
    /// A window was unlinked, perhaps from another session: it may live on.
    WindowClose { window: WindowId },
    /// A window's active pane changed.
    WindowPaneChanged { window: WindowId, pane: PaneId },
    /// A window of the attached session was renamed.
    WindowRenamed { window: WindowId, name: Text },
    /// Something that this version of muxwire does not know.
    Unknown { name: Text, args: Text },
}

/// `notification = client-detached / client-session-changed / config-error / continue / layout-change / message
///               / pane-mode-changed / paste-buffer-changed / paste-buffer-deleted / pause / session-changed
///               / session-renamed / session-window-changed / sessions-changed / subscription-changed
///               / unlinked-window-add / unlinked-window-close / unlinked-window-renamed / window-add / window-close
///               / window-pane-changed / window-renamed / unknown`
pub(super) fn notification(input: &[u8]) -> Parsed<'_, Notification> {
    let (_, name) = peek(preceded(tag(&b"%"[..]), name)).parse(input)?;
    match name {
        b"client-detached" => client_detached(input),
        b"client-session-changed" => client_session_changed(input),
        b"config-error" => config_error(input),
        b"continue" => continue_(input),
        b"layout-change" => layout_change(input),
        b"message" => message(input),
        b"pane-mode-changed" => pane_mode_changed(input),
        b"paste-buffer-changed" => paste_buffer_changed(input),
        b"paste-buffer-deleted" => paste_buffer_deleted(input),
        b"pause" => pause(input),
        b"session-changed" => session_changed(input),
        b"session-renamed" => session_renamed(input),
        b"session-window-changed" => session_window_changed(input),
        b"sessions-changed" => sessions_changed(input),
        b"subscription-changed" => subscription_changed(input),
        b"unlinked-window-add" => unlinked_window_add(input),
        b"unlinked-window-close" => unlinked_window_close(input),
        b"unlinked-window-renamed" => unlinked_window_renamed(input),
        b"window-add" => window_add(input),
        b"window-close" => window_close(input),
        b"window-pane-changed" => window_pane_changed(input),
        b"window-renamed" => window_renamed(input),
        b"output" | b"extended-output" | b"begin" | b"end" | b"error" | b"exit" => {
            Err(nom::Err::Error(()))
        }
        _ => unknown(input),
    }
}

/// `name = 1*( ALPHA / DIGIT / "-" )`
fn name(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|byte: u8| byte.is_ascii_alphanumeric() || byte == b'-')(input)
}

/// `unknown = "%" name extra`
fn unknown(input: &[u8]) -> Parsed<'_, Notification> {
    let (args, name) = preceded(tag(&b"%"[..]), name).parse(input)?;
    let (rest, ()) = extra(args)?;
    let args = args.strip_prefix(b" ").unwrap_or(args);
    Ok((
        rest,
        Notification::Unknown {
            name: name.into(),
            args: args.into(),
        },
    ))
}

/// `client = word`
fn client(input: &[u8]) -> Parsed<'_, Text> {
    map(word, Text::from).parse(input)
}

/// `client-detached = %s"%client-detached" SP text`
fn client_detached(input: &[u8]) -> Parsed<'_, Notification> {
    map(preceded(tag(&b"%client-detached "[..]), text), |client| {
        Notification::ClientDetached { client }
    })
    .parse(input)
}

/// `client-session-changed = %s"%client-session-changed" SP client SP session-id SP text`
fn client_session_changed(input: &[u8]) -> Parsed<'_, Notification> {
    let (input, client) = preceded(tag(&b"%client-session-changed "[..]), client).parse(input)?;
    let (input, (session, name)) = preceded(
        tag(&b" "[..]),
        separated_pair(session_id, tag(&b" "[..]), text),
    )
    .parse(input)?;
    Ok((
        input,
        Notification::ClientSessionChanged {
            client,
            session,
            name,
        },
    ))
}

/// `config-error = %s"%config-error" SP text`
fn config_error(input: &[u8]) -> Parsed<'_, Notification> {
    map(preceded(tag(&b"%config-error "[..]), text), |text| {
        Notification::ConfigError { text }
    })
    .parse(input)
}

/// `continue = %s"%continue" SP pane-id extra`
fn continue_(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(tag(&b"%continue "[..]), terminated(pane_id, extra));
    map(line, |pane| Notification::Continue { pane }).parse(input)
}

/// `layout-change = %s"%layout-change" SP window-id SP word [ SP word SP text ]`
fn layout_change(input: &[u8]) -> Parsed<'_, Notification> {
    let (input, window) = preceded(tag(&b"%layout-change "[..]), window_id).parse(input)?;
    let (input, layout) = preceded(tag(&b" "[..]), word).parse(input)?;
    let more = preceded(tag(&b" "[..]), separated_pair(word, tag(&b" "[..]), text));
    let (input, more) = opt(more).parse(input)?;
    let (visible_layout, flags) = more.unzip();
    let visible_layout = visible_layout.map(Text::from);
    Ok((
        input,
        Notification::LayoutChange {
            window,
            layout: layout.into(),
            visible_layout,
            flags,
        },
    ))
}

/// `message = %s"%message" SP text`
fn message(input: &[u8]) -> Parsed<'_, Notification> {
    map(preceded(tag(&b"%message "[..]), text), |text| {
        Notification::Message { text }
    })
    .parse(input)
}

/// `pane-mode-changed = %s"%pane-mode-changed" SP pane-id extra`
fn pane_mode_changed(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(tag(&b"%pane-mode-changed "[..]), terminated(pane_id, extra));
    map(line, |pane| Notification::PaneModeChanged { pane }).parse(input)
}

/// `paste-buffer-changed = %s"%paste-buffer-changed" SP text`
fn paste_buffer_changed(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(tag(&b"%paste-buffer-changed "[..]), text);
    map(line, |name| Notification::PasteBufferChanged { name }).parse(input)
}

/// `paste-buffer-deleted = %s"%paste-buffer-deleted" SP text`
fn paste_buffer_deleted(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(tag(&b"%paste-buffer-deleted "[..]), text);
    map(line, |name| Notification::PasteBufferDeleted { name }).parse(input)
}

/// `pause = %s"%pause" SP pane-id extra`
fn pause(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(tag(&b"%pause "[..]), terminated(pane_id, extra));
    map(line, |pane| Notification::Pause { pane }).parse(input)
}

/// `session-changed = %s"%session-changed" SP session-id SP text`
fn session_changed(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(
        tag(&b"%session-changed "[..]),
        separated_pair(session_id, tag(&b" "[..]), text),
    );
    map(line, |(session, name)| Notification::SessionChanged {
        session,
        name,
    })
    .parse(input)
}

/// `session-renamed = %s"%session-renamed" SP [ session-id SP ] text`
fn session_renamed(input: &[u8]) -> Parsed<'_, Notification> {
    let (input, _) = tag(&b"%session-renamed "[..]).parse(input)?;
    let (input, session) = opt(terminated(session_id, tag(&b" "[..]))).parse(input)?;
    map(text, |name| Notification::SessionRenamed { session, name }).parse(input)
}

/// `session-window-changed = %s"%session-window-changed" SP session-id SP window-id extra`
fn session_window_changed(input: &[u8]) -> Parsed<'_, Notification> {
    let ids = separated_pair(session_id, tag(&b" "[..]), window_id);
    let line = preceded(
        tag(&b"%session-window-changed "[..]),
        terminated(ids, extra),
    );
    map(line, |(session, window)| {
        Notification::SessionWindowChanged { session, window }
    })
    .parse(input)
}

/// `sessions-changed = %s"%sessions-changed" extra`
fn sessions_changed(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(tag(&b"%sessions-changed"[..]), extra);
    map(line, |()| Notification::SessionsChanged).parse(input)
}

/// `subscription-changed = %s"%subscription-changed" SP word SP session-id SP subscription-place *( SP reserved ) SP ":" SP text`
fn subscription_changed(input: &[u8]) -> Parsed<'_, Notification> {
    let (input, name) = preceded(tag(&b"%subscription-changed "[..]), word).parse(input)?;
    let (input, session) = preceded(tag(&b" "[..]), session_id).parse(input)?;
    let (input, (window, index, pane)) =
        preceded(tag(&b" "[..]), subscription_place).parse(input)?;
    let (input, _) = many0_count(preceded(tag(&b" "[..]), reserved)).parse(input)?;
    let (input, value) = preceded(tag(&b" : "[..]), text).parse(input)?;
    let name = name.into();
    Ok((
        input,
        Notification::SubscriptionChanged {
            name,
            session,
            window,
            index,
            pane,
            value,
        },
    ))
}

/// `subscription-place = ( window-id / none ) SP ( number / none ) SP ( pane-id / none )`
fn subscription_place(input: &[u8]) -> Parsed<'_, (Option<WindowId>, Option<u32>, Option<PaneId>)> {
    let (input, window) =
        terminated(alt((map(window_id, Some), none)), tag(&b" "[..])).parse(input)?;
    let (input, index) = terminated(alt((map(number, Some), none)), tag(&b" "[..])).parse(input)?;
    let (input, pane) = alt((map(pane_id, Some), none)).parse(input)?;
    Ok((input, (window, index, pane)))
}

/// `unlinked-window-add = %s"%unlinked-window-add" SP window-id extra`
fn unlinked_window_add(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(
        tag(&b"%unlinked-window-add "[..]),
        terminated(window_id, extra),
    );
    map(line, |window| Notification::UnlinkedWindowAdd { window }).parse(input)
}

/// `unlinked-window-close = %s"%unlinked-window-close" SP window-id extra`
fn unlinked_window_close(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(
        tag(&b"%unlinked-window-close "[..]),
        terminated(window_id, extra),
    );
    map(line, |window| Notification::UnlinkedWindowClose { window }).parse(input)
}

/// `unlinked-window-renamed = %s"%unlinked-window-renamed" SP window-id [ SP text ]`
fn unlinked_window_renamed(input: &[u8]) -> Parsed<'_, Notification> {
    let (input, window) =
        preceded(tag(&b"%unlinked-window-renamed "[..]), window_id).parse(input)?;
    let (input, name) = opt(preceded(tag(&b" "[..]), text)).parse(input)?;
    Ok((
        input,
        Notification::UnlinkedWindowRenamed {
            window,
            name: name.unwrap_or_default(),
        },
    ))
}

/// `window-add = %s"%window-add" SP window-id extra`
fn window_add(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(tag(&b"%window-add "[..]), terminated(window_id, extra));
    map(line, |window| Notification::WindowAdd { window }).parse(input)
}

/// `window-close = %s"%window-close" SP window-id extra`
fn window_close(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(tag(&b"%window-close "[..]), terminated(window_id, extra));
    map(line, |window| Notification::WindowClose { window }).parse(input)
}

/// `window-pane-changed = %s"%window-pane-changed" SP window-id SP pane-id extra`
fn window_pane_changed(input: &[u8]) -> Parsed<'_, Notification> {
    let ids = separated_pair(window_id, tag(&b" "[..]), pane_id);
    let line = preceded(tag(&b"%window-pane-changed "[..]), terminated(ids, extra));
    map(line, |(window, pane)| Notification::WindowPaneChanged {
        window,
        pane,
    })
    .parse(input)
}

/// `window-renamed = %s"%window-renamed" SP window-id SP text`
fn window_renamed(input: &[u8]) -> Parsed<'_, Notification> {
    let line = preceded(
        tag(&b"%window-renamed "[..]),
        separated_pair(window_id, tag(&b" "[..]), text),
    );
    map(line, |(window, name)| Notification::WindowRenamed {
        window,
        name,
    })
    .parse(input)
}

/// `exit = %s"%exit" [ SP text ]`
pub(super) fn exit(input: &[u8]) -> Parsed<'_, Option<Text>> {
    let (input, _) = tag(&b"%exit"[..]).parse(input)?;
    let (input, reason) = opt(preceded(tag(&b" "[..]), map(rest, Text::from))).parse(input)?;
    let (input, _) = nom::combinator::eof(input)?;
    Ok((input, reason))
}
