//! What one connection takes up, from its first byte to its end: a place among those who wait until somebody has
//! authenticated on it, and then one among those who are let in, and one of the token's.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::holders;
use super::listen::HeldLimits;
use super::services::Services;
use crate::auth::Principal;
use crate::wire::CloseCode;

/// The places of one connection.
pub(super) struct Admission {
    held: HeldLimits,
    /// Ready when it has to go for others; `None` once it is let in.
    sent_away: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    permit: Option<OwnedSemaphorePermit>,
    holder: Option<holders::HeldLimits>,
}

impl Admission {
    /// What it has when its handshake is done; `permit` if it is let in already.
    pub(super) fn new(held: HeldLimits, permit: Option<OwnedSemaphorePermit>) -> Self {
        let place = held.unauthenticated.as_ref();
        let sent_away = place.map(|place| place.sent_away().clone().cancelled_owned());
        Self {
            sent_away: sent_away.map(Box::pin),
            held,
            permit,
            holder: None,
        }
    }

    /// Ready if it has to go for others now.
    pub(super) fn poll_sent_away(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(sent_away) = &mut self.sent_away else {
            return Poll::Pending;
        };
        sent_away.as_mut().poll(cx).map(|()| self.sent_away = None)
    }

    /// What it shows is being checked, or is no longer.
    pub(super) fn set_checked(&self, is_checked: bool) {
        if let Some(place) = &self.held.unauthenticated {
            place.set_checked(is_checked);
        }
    }

    /// It is known whose it is, so that it needs a place among those who are let in.
    ///
    /// # Errors
    /// There is none, for it or for anybody: the code to close with.
    pub(super) fn admit(
        &mut self,
        principal: &Principal,
        services: &Services,
    ) -> Result<(), CloseCode> {
        if self.permit.is_some() {
            return Ok(());
        }
        let holder = services.holders.admit(principal).map_err(|_| {
            services.metrics.limited("token_connections");
            CloseCode::TooMany
        })?;
        let permit = Arc::clone(&services.room)
            .try_acquire_owned()
            .map_err(|_| {
                services.metrics.refused("full");
                CloseCode::TryLater
            })?;
        (self.permit, self.holder) = (Some(permit), holder);
        Ok(())
    }

    /// It is let in, and waits no more.
    pub(super) fn leave_the_crowd(&mut self) {
        self.held.unauthenticated = None;
        self.sent_away = None;
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission")
            .field("is_let_in", &self.permit.is_some())
            .finish_non_exhaustive()
    }
}
