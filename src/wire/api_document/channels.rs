//! What connects, as AsyncAPI 3: the channels, and which messages travel on them in which direction.

use serde_json::{Map, Value, json};

use super::schemas;
use crate::wire::schema::DOCUMENTS;

/// A channel: its name, its address, what it is, and the schemas of what comes from clients and from the server.
struct Channel {
    name: &'static str,
    address: &'static str,
    about: &'static str,
    from_client: &'static [&'static str],
    from_server: &'static [&'static str],
}

const CHANNELS: [Channel; 3] = [
    Channel {
        name: "monitor",
        address: "/monitor",
        about: "All that happens in tmux, and all that can be asked, over a WebSocket. Subprotocols: muxwire.v1 (JSON text) and muxwire.v1.bin (pane bytes as binary messages).",
        from_client: &["client"],
        from_server: &["server", "event"],
    },
    Channel {
        name: "terminal",
        address: "/ws/terminal/{session}",
        about: "One pane, over a WebSocket.",
        from_client: &["terminal-client"],
        from_server: &["terminal-server"],
    },
    Channel {
        name: "events",
        address: "/api/events",
        about: "Events as Server-Sent Events: each message in a block of its own.",
        from_client: &[],
        from_server: &["event"],
    },
];

pub(super) fn document(version: &str) -> Value {
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for channel in &CHANNELS {
        let mut own = Map::new();
        for (action, documents) in channel.directions() {
            let names: Vec<String> = documents.iter().flat_map(|one| messages_of(one)).collect();
            if names.is_empty() {
                continue;
            }
            operations.insert(
                format!("{}.{action}", channel.name),
                channel.operation(action, &names),
            );
            for name in names {
                own.insert(
                    name.clone(),
                    reference(&format!("components/messages/{name}")),
                );
                messages
                    .entry(name.clone())
                    .or_insert_with(|| message(&name));
            }
        }
        channels.insert(channel.name.to_owned(), channel.described(own));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "muxwire",
            "version": version,
            "description": "What connects to a tmux server. The rest is described by /api/openapi.json.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas::components() },
    })
}

impl Channel {
    /// What the server does with the messages of which schemas.
    fn directions(&self) -> [(&'static str, &'static [&'static str]); 2] {
        [("receive", self.from_client), ("send", self.from_server)]
    }

    fn operation(&self, action: &str, messages: &[String]) -> Value {
        let messages = messages.iter();
        let messages = messages
            .map(|name| reference(&format!("channels/{}/messages/{name}", self.name)))
            .collect::<Vec<_>>();
        json!({
            "action": action,
            "channel": reference(&format!("channels/{}", self.name)),
            "messages": messages,
        })
    }

    fn described(&self, messages: Map<String, Value>) -> Value {
        let mut described = json!({
            "address": self.address,
            "description": self.about,
            "messages": messages,
        });
        if let (true, Value::Object(fields)) = (self.address.contains('{'), &mut described) {
            let session = json!({ "session": { "description": "A session, by name or id." } });
            fields.insert("parameters".to_owned(), session);
        }
        described
    }
}

/// The names of the components of all messages that a schema lists.
fn messages_of(document: &str) -> Vec<String> {
    let text = DOCUMENTS.iter().find(|one| one.name == document);
    let schema: Value = text
        .and_then(|one| serde_json::from_str(one.text).ok())
        .unwrap_or_default();
    let listed = schema.get("oneOf").and_then(Value::as_array);
    let listed = listed.into_iter().flatten();
    let names = listed.filter_map(|one| one.get("$ref")?.as_str()?.strip_prefix("#/$defs/"));
    names
        .map(|name| schemas::component(document, name))
        .collect()
}

fn message(name: &str) -> Value {
    json!({ "name": name, "payload": reference(&format!("components/schemas/{name}")) })
}

fn reference(path: &str) -> Value {
    json!({ "$ref": format!("#/{path}") })
}
