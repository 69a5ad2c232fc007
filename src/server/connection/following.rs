//! A client that gets what others get too, without a visit of its own; see [`crate::server::broadcast`].

use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};

use super::ConnectionState;
use crate::server::broadcast::BroadcastRound;
use crate::server::send_queue::Frame;

impl<S: AsyncRead + AsyncWrite + Unpin> ConnectionState<S> {
    /// From now on it follows its group, if nothing else is to be done for it.
    ///
    /// Only a visit asks: what comes next is another one, unless the connection's own task has something to do before.
    pub(super) fn begin_to_follow(&mut self, now: Instant) {
        if !self.full && self.broken.is_none() {
            let last = self.group.take();
            self.following = self.client.session().following(last, now);
        }
    }

    /// Writes what the others of its group get too. Returns whether that is all there was to do.
    pub(super) fn follow(&mut self, round: &mut BroadcastRound, now: Instant) -> bool {
        let (Some(following), Some(waker)) = (&mut self.following, &self.waker) else {
            return false;
        };
        let context = &self.services.context;
        let Some(frames) = round.frames(&following.group, following.place, context) else {
            return false;
        };
        let mut cx = TaskContext::from_waker(waker);
        for (event, frame) in frames {
            match self.socket.poll_write_frame(&mut cx, frame) {
                Poll::Ready(Ok(written)) => {
                    following.place = event.seq;
                    if let Some(read_at) = event.first_written() {
                        let metrics = &self.services.metrics;
                        metrics.latency(now.saturating_duration_since(read_at), now);
                    }
                    if written < frame.bytes().len() {
                        let (send_queue, _) = self.client.session_mut().ends();
                        send_queue.push_rest(Frame::new(frame.clone()), written);
                        return false;
                    }
                }
                // A visit queues it, and waits for room.
                Poll::Pending => return false,
                Poll::Ready(Err(error)) => {
                    self.broken = Some(error);
                    return false;
                }
            }
        }
        true
    }

    /// Something else is to be done for it: what it has got meanwhile is noted.
    pub(super) fn follow_no_more(&mut self) {
        if let Some(following) = self.following.take() {
            self.client.session_mut().followed(following.place);
            self.group = Some(following.group);
        }
    }
}
