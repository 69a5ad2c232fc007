//! What admins see of other clients, and how they end their connections.

use std::time::Instant;

use super::reply::Reply;
use super::request::Dismissal;
use super::requests::{Refusal, denied};
use super::{ClientSession, Effect, Phase};
use crate::audit::{Act, Who};
use crate::auth::{Authorized, Permission, Principal};
use crate::wire::{CloseCode, ErrorCode, RequestId};

/// A client that is connected, as admins see it.
#[derive(Debug, Clone)]
pub(in crate::server) struct ClientInfo {
    /// The server's name for the connection.
    pub(in crate::server) client_id: String,
    /// Where it is: the name of the endpoint.
    pub(in crate::server) endpoint: &'static str,
    /// Where it connects from, if that is known.
    pub(in crate::server) address: Option<String>,
    pub(in crate::server) connected_ms: u64,
    /// Who it is, once that is proven: the id of its token or the like.
    pub(in crate::server) token: Option<String>,
    /// The name of that.
    pub(in crate::server) name: Option<String>,
    /// What it may do; nothing as long as it is not known.
    pub(in crate::server) permissions: Vec<&'static str>,
    /// The patterns of the sessions that it may see; none while it may see all, or is not known.
    pub(in crate::server) sessions: Vec<String>,
}

/// Who is connected, as far as it fits into a message.
#[derive(Debug)]
pub(in crate::server) struct Present {
    pub(in crate::server) clients: Vec<ClientInfo>,
    /// How many there are.
    pub(in crate::server) total: usize,
}

impl ClientSession {
    pub(super) fn ask_clients(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
    ) -> Result<(), Refusal> {
        let everyone = principal.authorize_everywhere(Permission::Admin, ());
        let everyone = everyone.map_err(denied)?;
        self.check_room()?;
        self.begin(Effect::Clients { id, everyone });
        Ok(())
    }

    pub(super) fn ask_dismissal(
        &mut self,
        id: Option<RequestId>,
        principal: &Principal,
        dismissal: Dismissal,
    ) -> Result<(), Refusal> {
        let dismissal = principal.authorize_everywhere(Permission::Admin, dismissal);
        let dismissal = dismissal.map_err(denied)?;
        self.check_room()?;
        self.begin(Effect::Dismiss { id, dismissal });
        Ok(())
    }

    pub(super) fn send_clients(&mut self, id: Option<&RequestId>, present: &Present, now: Instant) {
        let clients = Reply::Clients {
            id,
            clients: &present.clients,
            total: present.total,
        };
        self.say(&clients, now);
    }

    /// Reports the result of a dismissal; nobody of that name is there if there is no `gone`.
    pub(super) fn send_dismissed(
        &mut self,
        id: Option<&RequestId>,
        dismissal: &Authorized<Dismissal>,
        gone: Option<&Who>,
        now: Instant,
    ) {
        let Dismissal { client_id, reason } = dismissal.request();
        let Some(gone) = gone else {
            let why = "there is no such client: \"clients\" lists those that are connected";
            return self.refuse(id, ErrorCode::NotFound, why, now);
        };
        let act = Act::ClosedOther {
            other: client_id.clone(),
            other_name: gone.name().map(str::to_owned),
            reason: reason.clone(),
        };
        self.context.audit.record(self.who(), act);
        self.say(&Reply::Disconnected { id, client_id }, now);
    }

    /// An admin ends the connection, if it is this one. Returns who it was.
    pub(in crate::server) fn dismiss(
        &mut self,
        dismissal: &Dismissal,
        now: Instant,
    ) -> Option<Who> {
        if self.client_id != dismissal.client_id || self.closing().is_some() {
            return None;
        }
        let why = match &dismissal.reason {
            Some(reason) => format!("an admin ends this connection: {reason}"),
            None => "an admin ends this connection".to_owned(),
        };
        self.refuse(None, ErrorCode::Disconnected, &why, now);
        self.close(CloseCode::Disconnected, now);
        Some(self.who().clone())
    }

    /// What admins see of it; nothing once it is on its way out.
    pub(in crate::server) fn info(&self, now: Instant) -> Option<ClientInfo> {
        let principal = match &self.phase {
            Phase::Open { principal } => Some(principal),
            Phase::Unknown { .. } => None,
            Phase::Closing { .. } => return None,
        };
        let sessions = principal.map(|one| one.scope().patterns().iter().map(ToString::to_string));
        let permissions = principal.map(|one| one.permissions().iter().map(Permission::as_str));
        Some(ClientInfo {
            client_id: self.client_id.clone(),
            endpoint: self.endpoint(),
            address: self.who().address().map(str::to_owned),
            connected_ms: self.watched.connected_ms(now),
            token: principal.map(Principal::id_text),
            name: principal.map(|one| one.name().to_owned()),
            permissions: permissions.into_iter().flatten().collect(),
            sessions: sessions.into_iter().flatten().collect(),
        })
    }
}
