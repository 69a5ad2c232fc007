//! Capturing screens at a known offset of the pane's byte stream, one capture at a time for each pane.
//!
//! Whatever tmux has queued for a pane may come before or after a capture's reply, so a capture alone has no place in
//! the stream. On the pane's own output link the pane is paused first: when tmux has confirmed that, nothing of the
//! pane follows until it is told to go on, and the bytes so far are exactly those that the screen shows.

use std::collections::HashMap;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::action::Action;
use super::request::{Screen, ScreenError};
use crate::control::rows::{PaneStateRow, Row as _};
use crate::control::{Body, Command, Flow, LineRange, escape};
use crate::ids::PaneId;
use crate::tmux::{LinkId, ReplyError};

/// Where the screens of one request go.
pub(super) type ScreensReply = oneshot::Sender<Vec<(PaneId, Result<Screen, ScreenError>)>>;

/// The captures under way and the requests that wait for them.
#[derive(Debug, Default)]
pub(super) struct Screens {
    captures: HashMap<u64, Capture>,
    requests: Vec<Waiting>,
}

#[derive(Debug)]
struct Capture {
    link: LinkId,
    pane: PaneId,
    /// The offset at which the pane is paused; `None` until it is, or where it can't be.
    paused_at: Option<u64>,
    stage: Stage,
    state: Option<PaneStateRow>,
    lines: Vec<Bytes>,
    failure: Option<ScreenError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Pausing,
    Capturing,
}

#[derive(Debug)]
struct Waiting {
    missing: Vec<PaneId>,
    screens: Vec<(PaneId, Result<Screen, ScreenError>)>,
    reply: ScreensReply,
}

/// How a pane is to be captured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    /// The pane.
    pub(super) pane: PaneId,
    /// The link to ask.
    pub(super) link: LinkId,
    /// Whether it is the link that brings the pane's output, and tmux can pause it.
    pub(super) exact: bool,
}

impl Screens {
    /// Begins a request; `source` tells how each pane is captured, or why it can't be.
    pub(super) fn begin(
        &mut self,
        panes: Vec<PaneId>,
        reply: ScreensReply,
        source: impl Fn(PaneId) -> Result<Source, ScreenError>,
        mut next_tag: impl FnMut() -> u64,
        actions: &mut Vec<Action>,
    ) {
        let mut waiting = Waiting {
            missing: Vec::new(),
            screens: Vec::new(),
            reply,
        };
        for pane in panes {
            match source(pane) {
                Err(error) => waiting.screens.push((pane, Err(error))),
                Ok(source) => {
                    waiting.missing.push(pane);
                    if !self.captures.values().any(|capture| capture.pane == pane) {
                        self.capture(source, next_tag(), actions);
                    }
                }
            }
        }
        self.requests.push(waiting);
        self.answer();
    }

    /// Whether a tag belongs to a capture.
    pub(super) fn owns(&self, tag: u64) -> bool {
        self.captures.contains_key(&tag)
    }

    /// The commands of a tag could not be handed to the link.
    pub(super) fn not_sent(&mut self, tag: u64) {
        if let Some(capture) = self.captures.remove(&tag) {
            self.finish(capture.pane, &Err(ScreenError::Busy));
        }
    }

    /// The reply to one command of a capture; `offset` is how far the pane's stream has come now.
    pub(super) fn reply(
        &mut self,
        tag: u64,
        command: &Command,
        outcome: Result<Body, ReplyError>,
        offset: impl Fn(PaneId) -> u64,
        actions: &mut Vec<Action>,
    ) {
        let Some(mut capture) = self.captures.remove(&tag) else {
            return;
        };
        let pane = capture.pane;
        if capture.stage == Stage::Pausing {
            match outcome {
                Ok(_) => {
                    capture.paused_at = Some(offset(pane));
                    capture.stage = Stage::Capturing;
                    capture.ask(tag, actions);
                    self.captures.insert(tag, capture);
                }
                Err(error) => self.finish(pane, &Err(refusal(&error))),
            }
            return;
        }
        capture.take(command, outcome);
        if matches!(command, Command::Capture { .. }) {
            capture.resume(tag, actions);
            let at = capture.paused_at.unwrap_or_else(|| offset(pane));
            let screen = capture.screen(at);
            self.finish(pane, &screen);
        } else {
            self.captures.insert(tag, capture);
        }
    }

    fn capture(&mut self, source: Source, tag: u64, actions: &mut Vec<Action>) {
        let Source {
            pane, link, exact, ..
        } = source;
        let stage = if exact {
            Stage::Pausing
        } else {
            Stage::Capturing
        };
        let capture = Capture {
            link,
            pane,
            paused_at: None,
            stage,
            state: None,
            lines: Vec::new(),
            failure: None,
        };
        if exact {
            let commands = vec![Command::Flow {
                pane,
                flow: Flow::Pause,
            }];
            actions.push(Action::Send {
                link,
                tag,
                commands,
            });
        } else {
            capture.ask(tag, actions);
        }
        self.captures.insert(tag, capture);
    }

    fn finish(&mut self, pane: PaneId, screen: &Result<Screen, ScreenError>) {
        for waiting in &mut self.requests {
            if waiting.missing.contains(&pane) {
                waiting.missing.retain(|missing| *missing != pane);
                waiting.screens.push((pane, screen.clone()));
            }
        }
        self.answer();
    }

    fn answer(&mut self) {
        for done in self
            .requests
            .extract_if(.., |waiting| waiting.missing.is_empty())
        {
            if done.reply.send(done.screens).is_err() {
                tracing::debug!("the client that asked for screens is gone");
            }
        }
    }
}

/// Every visible line: tmux moves the far end to the last line that there is.
fn visible() -> Option<LineRange> {
    LineRange::new(0, LineRange::FURTHEST)
}

impl Capture {
    fn ask(&self, tag: u64, actions: &mut Vec<Action>) {
        let pane = self.pane;
        let Some(lines) = visible() else { return };
        let capture = Command::Capture { pane, lines };
        let commands = vec![Command::PaneState { pane }, capture];
        actions.push(Action::Send {
            link: self.link,
            tag,
            commands,
        });
    }

    fn take(&mut self, command: &Command, outcome: Result<Body, ReplyError>) {
        match (command, outcome) {
            (Command::PaneState { .. }, Ok(body)) => match PaneStateRow::parse(body.first_line()) {
                Ok(row) => self.state = Some(row),
                Err(error) => self.failure = Some(ScreenError::Tmux(error.to_string())),
            },
            (Command::Capture { .. }, Ok(body)) => {
                self.lines = body.lines().map(unescaped).collect()
            }
            (_, Err(error)) => self.failure = self.failure.take().or_else(|| Some(refusal(&error))),
            _ => {}
        }
    }

    /// Lets the pane's output go on, whatever came of the capture.
    fn resume(&self, tag: u64, actions: &mut Vec<Action>) {
        if self.paused_at.is_some() {
            let commands = vec![Command::Flow {
                pane: self.pane,
                flow: Flow::Continue,
            }];
            actions.push(Action::Send {
                link: self.link,
                tag,
                commands,
            });
        }
    }

    fn screen(self, offset: u64) -> Result<Screen, ScreenError> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        let state = self
            .state
            .filter(|state| state.pane == Some(self.pane))
            .ok_or(ScreenError::NoSuchPane)?;
        Ok(Screen {
            offset,
            exact: self.paused_at.is_some(),
            width: state.width.unwrap_or_default(),
            height: state.height.unwrap_or_default(),
            cursor: (
                state.cursor_x.unwrap_or_default(),
                state.cursor_y.unwrap_or_default(),
            ),
            cursor_visible: state.cursor_visible,
            alternate: state.alternate_on,
            lines: self.lines,
        })
    }
}

fn unescaped(line: &[u8]) -> Bytes {
    let mut bytes = bytes::BytesMut::with_capacity(line.len());
    escape::unescape_capture_into(line, &mut bytes);
    bytes.freeze()
}

fn refusal(error: &ReplyError) -> ScreenError {
    match error {
        ReplyError::LinkClosed => ScreenError::Unavailable,
        ReplyError::Failed(_) => ScreenError::NoSuchPane,
        other => ScreenError::Tmux(other.to_string()),
    }
}
