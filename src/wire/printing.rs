//! Where a client prints what it gets, as it says it and as it is read.

use serde::Deserialize;
use serde_json::{Value, json};

use super::code::ErrorCode;
use super::target::pane_id;
use crate::hub::PrintsIn;

/// The fields of `prints_in`; the schema has said what may be in them.
#[derive(Deserialize)]
pub(super) struct PrintsInFields {
    server: Option<u32>,
    pane: Option<String>,
    #[serde(default)]
    processes: Vec<u32>,
}

impl PrintsInFields {
    pub(super) fn read(self) -> Result<PrintsIn, (ErrorCode, String)> {
        let pane = self.pane.map(|pane| pane_id("prints_in.pane", &pane));
        Ok(PrintsIn {
            server: self.server,
            pane: pane.transpose()?,
            processes: self.processes,
        })
    }
}

/// `prints_in` of a request.
pub(super) fn printing_place(place: &PrintsIn) -> Value {
    let mut fields = json!({ "processes": place.processes });
    if let Some(server) = place.server {
        fields["server"] = json!(server);
    }
    if let Some(pane) = place.pane {
        fields["pane"] = json!(pane.to_string());
    }
    fields
}
