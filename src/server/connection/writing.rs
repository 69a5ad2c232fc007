//! What waits for a client is written by its own task or by that of its shard, with the waker of the first.

use std::io;
use std::task::{Context as TaskContext, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};

use super::ConnectionState;
use crate::server::clock::now;
use crate::server::shard::WakeInterest;

impl<S: AsyncRead + AsyncWrite + Unpin> ConnectionState<S> {
    /// Writes what waits, as far as the socket takes it. What it takes no more is written by the connection's own
    /// task, which the socket wakes. Returns whether something was written, and nothing is left.
    pub(super) fn write(&mut self) -> io::Result<bool> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let Some(waker) = &self.waker else {
            return Ok(false);
        };
        let (send_queue, mut recent) = self.client.session_mut().writing();
        let mut cx = TaskContext::from_waker(waker);
        let metrics = &self.services.metrics;
        let written = self.socket.poll_write(&mut cx, send_queue, |event| {
            let (first, read_at) = (event.first_written(), event.read_at());
            let Some(read_at) = read_at.filter(|_| first.is_some() || recent.is_some()) else {
                return;
            };
            let now = now();
            let time = now.saturating_duration_since(read_at);
            if first.is_some() {
                metrics.latency(time, now);
            }
            if let Some(recent) = &mut recent {
                recent.record(time, now);
            }
        });
        self.full = written.is_pending();
        match written {
            Poll::Ready(written) => written,
            Poll::Pending => Ok(false),
        }
    }

    /// What has to be done once the shard's task has moved the client.
    pub(super) fn after_visit(&mut self, now: Instant) -> Option<WakeInterest> {
        let mut own_turn = self.settle();
        if !self.full {
            match self.write() {
                Ok(false) => {}
                Ok(true) => {
                    self.client.on_written(now);
                    own_turn |= self.settle();
                }
                Err(error) => {
                    self.broken = Some(error);
                    own_turn = true;
                }
            }
        }
        let (send_queue, _) = self.client.session_mut().ends();
        if own_turn
            || self.socket.is_done(send_queue)
            || self.client.session().is_over(now)
            || self.client.session().is_behind()
        {
            self.wake();
        }
        self.begin_to_follow(now);
        Some(self.interest())
    }
}
