//! What a session is asked for, and in which words; a dialect makes it of what its client says.

use std::fmt;
use std::time::Duration;

use crate::bridge::ForAgent;
use crate::hub::{Filter, PrintsIn, Since};
use crate::ids::PaneId;
use crate::server::asking::{Question, When};
use crate::server::emitting::EmitRequest;
use crate::server::target::Target;
use crate::wire::RequestId;

/// What a client asks for.
#[derive(Clone, PartialEq)]
pub(in crate::server) enum Request {
    /// To be let in.
    Auth {
        /// By this.
        credential: Credential,
    },
    /// Events that pass the filter.
    Subscribe {
        /// What to send.
        filter: Filter,
        /// From where on; `None` is from now on.
        since: Option<Since>,
        /// Where the client prints what it gets.
        prints_in: Option<PrintsIn>,
    },
    /// No more events that pass the filter.
    Unsubscribe {
        /// What not to send.
        filter: Filter,
    },
    /// The state of tmux.
    Snapshot {
        /// The part of it.
        target: Target,
        /// With the panes' screens.
        screen: bool,
    },
    /// Something to be typed.
    Type {
        /// What, where and how.
        request: TypeRequest,
        /// A repetition with the same key is not carried out again.
        key: Option<String>,
    },
    /// A prompt or an answer to be typed for the agent in a pane.
    Compose {
        /// What, and where.
        request: ComposeRequest,
        /// A repetition with the same key is not carried out again.
        key: Option<String>,
    },
    /// The client has seen the agents in this part as they are.
    Seen {
        /// The part of what it may see.
        target: Target,
    },
    /// What is held of the agent in a pane.
    Explain {
        /// The pane.
        target: Target,
    },
    /// A pane's screen, and all that it prints from there on.
    Open(OpenRequest),
    /// No more of an open pane.
    Close {
        /// The pane.
        target: Target,
    },
    /// The client has taken in what an open pane printed.
    Ack {
        /// The pane.
        pane: PaneId,
        /// Up to this offset.
        offset: u64,
    },
    /// How the client and the server fare.
    Stats,
    /// Who is connected.
    Clients,
    /// The end of somebody's connection.
    Disconnect(Dismissal),
    /// Events of the client's own, to be added to the log.
    Emit(EmitRequest),
    /// What happened.
    Ask(Question),
    /// A pane as it was.
    Screen {
        /// The pane.
        target: Target,
        /// When.
        at: When,
        /// The exact moment, as an offset of its output.
        offset: Option<u64>,
    },
    /// What a pane printed, once more.
    Replay(ReplayRequest),
    /// What a replay is to do from now on.
    ReplayControl(ReplayControl),
    /// No answer to a question is wanted any more.
    Cancel {
        /// The question.
        request: RequestId,
    },
    /// A sign of life.
    Ping,
}

/// What clients show to be let in.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::server) enum Credential {
    /// A token, or a JWT.
    Token(String),
    /// A one-time ticket.
    Ticket(String),
}

/// How a pane is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct OpenRequest {
    /// The pane.
    pub(in crate::server) target: Target,
    /// How many lines of its history come before the screen.
    pub(in crate::server) scrollback: u32,
    /// The offset in an epoch up to which the client has the pane already.
    pub(in crate::server) since: Option<(String, u64)>,
    /// How many bytes of output may be on their way unacknowledged; `None` bounds nothing.
    pub(in crate::server) ack_window: Option<u64>,
}

/// How a pane is to be replayed.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::server) struct ReplayRequest {
    /// The pane.
    pub(in crate::server) target: Target,
    /// From when on.
    pub(in crate::server) from: When,
    /// Up to when; `None` is up to now.
    pub(in crate::server) to: Option<When>,
    /// How many times as fast as it was.
    pub(in crate::server) speed: f64,
    /// Whether long pauses are made short.
    pub(in crate::server) skip_idle: bool,
    /// How many bytes of output may be on their way unacknowledged; `None` bounds nothing.
    pub(in crate::server) ack_window: Option<u64>,
}

/// What a replay is to do from now on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::server) struct ReplayControl {
    /// Which.
    pub(in crate::server) replay: u64,
    /// Whether it stands still.
    pub(in crate::server) paused: Option<bool>,
    /// How many times as fast as it was.
    pub(in crate::server) speed: Option<f64>,
    /// Whether long pauses are made short.
    pub(in crate::server) skip_idle: Option<bool>,
    /// From where it goes on.
    pub(in crate::server) seek: Option<When>,
    /// Whether it ends.
    pub(in crate::server) stop: bool,
    /// The client has taken in what came up to this offset.
    pub(in crate::server) ack: Option<u64>,
}

impl ReplayControl {
    /// Whether it acknowledges and asks for nothing.
    pub(in crate::server) fn is_ack(&self) -> bool {
        let asks = self.paused.is_some() || self.speed.is_some() || self.skip_idle.is_some();
        self.ack.is_some() && !asks && self.seek.is_none() && !self.stop
    }
}

/// Something to be typed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::server) struct TypeRequest {
    /// The pane.
    pub(in crate::server) target: Target,
    /// What.
    pub(in crate::server) typed: Typed,
    /// Whether as a paste, in brackets if the pane's program asked for that; `None` is as it fits the text.
    pub(in crate::server) paste: Option<bool>,
    /// How long Enter waits after it; `None` is as the server is set.
    pub(in crate::server) submit_delay: Option<Duration>,
    /// Leave a mode such as copy mode first.
    pub(in crate::server) cancel_mode: bool,
}

/// A prompt or an answer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::server) struct ComposeRequest {
    /// The pane.
    pub(in crate::server) target: Target,
    /// What.
    pub(in crate::server) wanted: ForAgent,
}

/// What is to be typed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::server) enum Typed {
    /// A line, and Enter.
    Line(String),
    /// Text, unchanged.
    Text(String),
    /// Keys by name.
    Keys(Vec<String>),
}

/// A client whose connection is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::server) struct Dismissal {
    /// The server's name for the connection.
    pub(in crate::server) client_id: String,
    /// The reason that the client gets.
    pub(in crate::server) reason: Option<String>,
}

/// None of it belongs in a log.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token(..)",
            Self::Ticket(_) => "Ticket(..)",
        })
    }
}

/// Neither tokens nor what is typed belong in a log.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Request {
    /// What the audit log calls it.
    pub(in crate::server) fn name(&self) -> &'static str {
        match self {
            Self::Auth { .. } => "auth",
            Self::Subscribe { .. } => "subscribe",
            Self::Unsubscribe { .. } => "unsubscribe",
            Self::Snapshot { .. } => "snapshot",
            Self::Type { .. } => "input",
            Self::Compose { request, .. } => match request.wanted {
                ForAgent::Prompt(_) => "prompt",
                ForAgent::Answer(_) => "answer",
            },
            Self::Seen { .. } => "seen",
            Self::Explain { .. } => "explain",
            Self::Open(_) => "open",
            Self::Close { .. } => "close",
            Self::Ack { .. } => "ack",
            Self::Stats => "stats",
            Self::Clients => "clients",
            Self::Disconnect(_) => "disconnect",
            Self::Emit(_) => "emit",
            Self::Ask(question) => question.name(),
            Self::Screen { .. } => "screen",
            Self::Replay(_) => "replay",
            Self::ReplayControl(_) => "replay-control",
            Self::Cancel { .. } => "cancel",
            Self::Ping => "ping",
        }
    }

    /// What it names.
    pub(in crate::server) fn target(&self) -> Option<&Target> {
        match self {
            Self::Snapshot { target, .. }
            | Self::Seen { target }
            | Self::Explain { target }
            | Self::Close { target }
            | Self::Screen { target, .. } => Some(target),
            Self::Type { request, .. } => Some(&request.target),
            Self::Compose { request, .. } => Some(&request.target),
            Self::Open(request) => Some(&request.target),
            Self::Replay(request) => Some(&request.target),
            Self::Emit(request) => request.events.first()?.target.as_ref(),
            Self::Auth { .. }
            | Self::Subscribe { .. }
            | Self::Unsubscribe { .. }
            | Self::Ack { .. }
            | Self::Stats
            | Self::Clients
            | Self::Disconnect(_)
            | Self::Ask(_)
            | Self::ReplayControl(_)
            | Self::Cancel { .. }
            | Self::Ping => None,
        }
    }
}
