//! Who asks over HTTP, and from where.

use axum::extract::Request;
use axum::http::HeaderName;

use crate::audit::Who;
use crate::auth::Principal;
use crate::server::api::record_denied;
use crate::server::app::{App, address, visitor};
use crate::server::browser::{OpenSession, session_of};
use crate::server::credential::Holder;
use crate::server::headers::text;
use crate::server::listen::{ClientAddress, ConnectionInfo};
use crate::server::session::ClientIdentity;
use crate::wire::{Coding, ErrorCode};

/// Who asks.
#[derive(Debug)]
pub(in crate::server) struct Asker {
    /// As whom.
    pub(in crate::server) principal: Principal,
    /// The browser that it is, if it is known by that.
    pub(in crate::server) browser: Option<OpenSession>,
    address: Option<ClientAddress>,
    origin: Option<crate::site::Origin>,
}

impl Asker {
    /// Who makes a request: the holder of its token, the user whom the system vouches for, or a page of this server that is let in.
    pub(in crate::server) fn of(app: &App, request: &Request) -> Option<Self> {
        let holder: Option<&Holder> = request.extensions().get();
        let info: Option<&ConnectionInfo> = request.extensions().get();
        let known = holder.map(|holder| holder.0.clone());
        let known = known.or_else(|| info?.admitted());
        let browser = match known {
            None => browser(app, request),
            Some(_) => None,
        };
        let of_browser = browser
            .as_ref()
            .map(|open| open.session().principal.clone());
        let principal = known.or(of_browser)?;
        Some(Self {
            principal: app.services().context.redact.applied_to(principal),
            browser,
            address: address(request.extensions()),
            origin: visitor(request).origin,
        })
    }

    /// The same for the audit log.
    pub(super) fn known_to_audit(&self) -> Who {
        let address = self.address.map(|address| address.to_string());
        let principal = &self.principal;
        Who::at(None, address).known_as(Some(principal.id_text()), principal.name())
    }

    /// Records what it asked for and may not have.
    pub(super) fn record_denied(&self, app: &App, request: &'static str, code: ErrorCode) {
        record_denied(app, &self.known_to_audit(), request, code);
    }

    /// The same for a session.
    pub(in crate::server) fn identity(&self) -> ClientIdentity {
        ClientIdentity {
            address: self.address,
            origin: self.origin.clone(),
            principal: Some(self.principal.clone()),
            coding: Coding::Identity,
        }
    }
}

/// The session of the browser that asks, by its cookie: of a page of this server alone. A page that asks its own server for something
/// by GET says so in another header than `Origin`, which no page can set either.
fn browser(app: &App, request: &Request) -> Option<OpenSession> {
    let site = HeaderName::from_static("sec-fetch-site");
    let is_own = text(request.headers(), &site) == Some("same-origin");
    let is_own_page = visitor(request).is_own_page || is_own;
    let open = is_own_page.then(|| session_of(app, request.headers(), request.extensions()));
    open.flatten()
}
