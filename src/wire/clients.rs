//! Who is connected, as admins are told it.

use serde::Serialize;

/// A client that is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientInfo {
    /// The server's name for the connection.
    pub client_id: String,
    /// Where it is: `monitor` or `terminal`.
    pub endpoint: &'static str,
    /// Where it connects from, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How long it has been connected.
    pub connected_ms: u64,
    /// Who it is, once that is proven: the id of its token or the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The name of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do; nothing as long as it is not known.
    pub permissions: Vec<&'static str>,
    /// The patterns of the sessions that it may see; none while it may see all, or is not known.
    pub sessions: Vec<String>,
}
