//! The result of each step of a snapshot's flight.

use super::ViewContext;
use super::flight::{Flight, FlightStep, Seen};
use super::tape::Tape;
use crate::bridge::action::Action;
use crate::bridge::request::ScreenError;
use crate::control::{Body, Command};
use crate::screen::{Capture, Circumstances, PaneSnapshot};
use crate::tmux::{PanePrint, ReplyError, Version};

/// The result of a step of a flight.
pub(super) enum Outcome {
    /// Something is still to come.
    Pending,
    /// Nothing certain: the next try.
    Again,
    /// A snapshot, and its tape.
    Done(Box<PaneSnapshot>, Tape),
    /// There is nothing to show.
    Failed(ScreenError),
}

impl Flight {
    /// The reply to one command has come.
    pub(super) fn replied(
        &mut self,
        tag: u64,
        outcome: Result<Body, ReplyError>,
        cx: &mut ViewContext<'_>,
    ) -> Outcome {
        let body = match outcome {
            Ok(body) => body,
            // The link is gone, and another one may come.
            Err(ReplyError::LinkClosed) => return Outcome::Again,
            Err(ReplyError::Failed(_) | ReplyError::Dropped) => {
                return Outcome::Failed(ScreenError::NoSuchPane);
            }
            Err(error) => return Outcome::Failed(ScreenError::Tmux(error.to_string())),
        };
        match &mut self.step {
            FlightStep::Replies {
                tag: asked,
                missing,
                bodies,
            } if *asked == tag => {
                bodies.push(body);
                if bodies.len() < *missing {
                    return Outcome::Pending;
                }
                let bodies = std::mem::take(bodies);
                match captured(bodies) {
                    Ok(capture) => self.place(&capture, Seen::ItLast, cx),
                    Err(error) => Outcome::Failed(error),
                }
            }
            FlightStep::MarkBefore { tag: asked } if *asked == tag => {
                self.begin_at(cx.streams.published(self.pane));
                let ticket = cx.print(self);
                self.step = FlightStep::Print { ticket };
                Outcome::Pending
            }
            FlightStep::MarkAfter {
                tag: asked,
                capture,
            } if *asked == tag => {
                let capture = Capture::clone(capture);
                self.place(&capture, Seen::NothingOfIt, cx)
            }
            _ => Outcome::Pending,
        }
    }

    /// The pane has been printed.
    pub(super) fn was_printed(
        &mut self,
        ticket: u64,
        parts: Result<PanePrint, ScreenError>,
        cx: &mut ViewContext<'_>,
    ) -> Outcome {
        let capture = parts.and_then(|parts| {
            Capture::new(&parts.state, &parts.screen, &parts.saved, &parts.pending)
                .map_err(|error| ScreenError::Tmux(error.to_string()))
        });
        let capture = match capture {
            Ok(capture) => capture,
            Err(error) => return Outcome::Failed(error),
        };
        match self.step {
            FlightStep::Print { ticket: asked } if asked == ticket => {
                let Some(link) = self.link() else {
                    return Outcome::Again;
                };
                if self.spoilt || self.seen != Seen::NothingOfIt {
                    return Outcome::Again;
                }
                let tag = cx.next_tag();
                cx.actions.push(Action::Send {
                    link,
                    tag,
                    commands: vec![Command::Sentinel { nonce: tag }],
                });
                let capture = Box::new(capture);
                self.step = FlightStep::MarkAfter { tag, capture };
                Outcome::Pending
            }
            FlightStep::LastPrint { ticket: asked } if asked == ticket => {
                let offset = self.tape.start();
                let snapshot = self.snapshot(&capture, offset, false, cx);
                snapshot.map_or(Outcome::Failed(ScreenError::NoSuchPane), |snapshot| {
                    Outcome::Done(Box::new(snapshot), std::mem::take(&mut self.tape))
                })
            }
            _ => Outcome::Pending,
        }
    }

    /// A capture has its place in the stream here, if the link has brought nothing more of the pane than is allowed.
    fn place(&mut self, capture: &Capture, allowed: Seen, cx: &mut ViewContext<'_>) -> Outcome {
        let shown = capture.state().alternate_on;
        let without_saved =
            matches!(self.step, FlightStep::Replies { .. }) && shown && !self.alternate;
        self.alternate = shown;
        let certain = self.seen == Seen::NothingOfIt || self.seen == allowed;
        if without_saved || self.spoilt || !certain || cx.streams.is_behind(self.pane) {
            return Outcome::Again;
        }
        let offset = cx.streams.published(self.pane);
        let state = capture.state();
        let cursor = state.cursor_x.zip(state.cursor_y);
        let unfinished = capture.has_unfinished_sequence();
        cx.streams.adjust(self.pane, shown, unfinished, cursor);
        let snapshot = self.snapshot(capture, offset, true, cx);
        snapshot.map_or(Outcome::Failed(ScreenError::NoSuchPane), |snapshot| {
            Outcome::Done(Box::new(snapshot), Tape::new(offset))
        })
    }

    fn snapshot(
        &self,
        capture: &Capture,
        offset: u64,
        exact: bool,
        cx: &ViewContext<'_>,
    ) -> Option<PaneSnapshot> {
        let place = Circumstances {
            pane: self.pane,
            offset,
            exact,
            character: cx.streams.character(self.pane),
            loses_blanks: cx.version.is_some_and(Version::captures_lose_blanks),
        };
        PaneSnapshot::new(place, capture, cx.streams.tracker(self.pane)?)
    }
}

/// The replies to the commands of a capture.
fn captured(bodies: Vec<Body>) -> Result<Capture, ScreenError> {
    let mut bodies = bodies.into_iter().map(Body::into_bytes);
    let mut next = || bodies.next().unwrap_or_default();
    let (state, screen, pending) = (next(), next(), next());
    let saved = bodies.collect::<Vec<_>>().concat().into();
    Capture::new(&state, &screen, &saved, &pending)
        .map_err(|error| ScreenError::Tmux(error.to_string()))
}
