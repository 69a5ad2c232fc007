//! Who is connected, as it stands on the wire.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::more::More;
use super::request::RequestId;

/// A client that is connected.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientInfo<'a> {
    /// The server's name for the connection.
    pub client_id: Cow<'a, str>,
    /// Where it is: `monitor` or `terminal`.
    pub endpoint: Cow<'a, str>,
    /// Where it connects from, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Cow<'a, str>>,
    /// How long it has been connected.
    pub connected_ms: u64,
    /// Who it is, once that is proven: the id of its token or the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Cow<'a, str>>,
    /// The name of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// What it may do; nothing as long as it is not known.
    pub permissions: Vec<Cow<'a, str>>,
    /// The patterns of the sessions that it may see; none while it may see all, or is not known.
    pub sessions: Vec<Cow<'a, str>>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Who is connected.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Clients<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The clients, as many as fit.
    pub clients: Vec<ClientInfo<'a>>,
    /// How many there are.
    pub total: usize,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}

/// Somebody's connection ends.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Disconnected<'a> {
    /// The request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, RequestId>>,
    /// The server's name for it.
    pub client_id: Cow<'a, str>,
    /// What else there is.
    #[serde(flatten)]
    pub more: More,
}
