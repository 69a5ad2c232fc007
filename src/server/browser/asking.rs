//! Who asks over HTTP for what belongs to somebody: by a cookie, a token, or as the user whom the system vouches for.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{Extensions, StatusCode};

use super::session_of;
use super::sessions::BrowserSession;
use crate::audit::Who;
use crate::auth::{Permission, Principal};
use crate::server::app::{App, address};
use crate::server::credential::Holder;
use crate::server::listen::ConnectionInfo;
use crate::server::refused::Refused;

/// What is answered to nobody.
pub(in crate::server) const WHO: Refused = Refused::new(
    StatusCode::UNAUTHORIZED,
    "no_token",
    "ask as a browser that is let in, or with a token: \"Authorization: Bearer mw_...\"\n",
);

/// Who asks, and the session that it asks by, if it is a browser.
pub(in crate::server) struct Asking {
    pub(in crate::server) principal: Principal,
    pub(in crate::server) session: Option<Arc<BrowserSession>>,
}

impl Asking {
    pub(in crate::server) fn of(app: &App, request: &Request) -> Option<Self> {
        let holder: Option<&Holder> = request.extensions().get();
        if let Some(Holder(principal)) = holder {
            return Some(Self {
                principal: principal.clone(),
                session: None,
            });
        }
        if let Some(open) = session_of(app, request.headers(), request.extensions()) {
            let session = Arc::clone(open.session());
            return Some(Self {
                principal: session.principal.clone(),
                session: Some(session),
            });
        }
        let info: Option<&ConnectionInfo> = request.extensions().get();
        Some(Self {
            principal: info?.admitted()?,
            session: None,
        })
    }

    /// Whether it may know and end what is of this one.
    pub(in crate::server) fn may_know(&self, other: &Principal) -> bool {
        let is_own = self.principal.source() == other.source();
        is_own || self.principal.may(Permission::Admin)
    }

    /// The same for the audit log.
    pub(in crate::server) fn who(&self, of: &Extensions) -> Who {
        let client = address(of).map(|address| address.to_string());
        let principal = &self.principal;
        Who::at(None, client).known_as(Some(principal.id_text()), principal.name())
    }
}
