//! What a client of ours asks for, as JSON text.

use std::fmt;

use serde_json::{Value, json};

use super::printing::printing_place;
use crate::hub::{PrintsIn, SessionPattern};
use crate::ids::{Epoch, Seq};

/// A request of a client. The other requests of the protocol are added when a client of ours makes them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// To be let in.
    Auth {
        /// The token.
        token: &'a str,
    },
    /// Events.
    Subscribe {
        /// Patterns of event types; none stands for all.
        types: &'a [String],
        /// Sessions; none stands for all.
        sessions: &'a [SessionPattern],
        /// From where on; `None` is from now on.
        since: Option<RequestSince<'a>>,
        /// Where the client prints what it gets.
        prints_in: Option<&'a PrintsIn>,
        /// Without what panes print in which clients print what they get.
        without_watchers: bool,
    },
    /// The state of all that the client may see, without screens.
    Snapshot,
    /// How the client and the server fare.
    Stats {
        /// The client's name for the request.
        id: u64,
    },
    /// A sign of life.
    Ping {
        /// The client's name for the request.
        id: u64,
    },
}

/// From where on events are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestSince<'a> {
    /// From behind a place that an event or a bookmark named.
    Place(&'a Epoch, Seq),
    /// From behind a position as a server wrote it.
    Cursor(&'a str),
}

impl Request<'_> {
    /// The request as JSON text.
    #[must_use]
    pub fn encode(&self) -> String {
        let request = match self {
            Self::Auth { token } => json!({ "action": "auth", "token": token }),
            Self::Snapshot => json!({ "action": "snapshot" }),
            Self::Stats { id } => json!({ "action": "stats", "id": id }),
            Self::Ping { id } => json!({ "action": "ping", "id": id }),
            Self::Subscribe {
                types,
                sessions,
                since,
                prints_in,
                without_watchers,
            } => {
                let mut filters = json!({});
                if !types.is_empty() {
                    filters["types"] = json!(types);
                }
                if !sessions.is_empty() {
                    filters["sessions"] = sessions.iter().map(session).collect();
                }
                let mut request = json!({ "action": "subscribe", "filters": filters });
                if let Some(place) = prints_in {
                    request["prints_in"] = printing_place(place);
                }
                if *without_watchers {
                    request["without_watchers"] = json!(true);
                }
                match since {
                    None => {}
                    Some(RequestSince::Cursor(cursor)) => request["since"] = json!(cursor),
                    Some(RequestSince::Place(epoch, seq)) => {
                        request["since"] = json!({ "epoch": epoch.as_str(), "seq": seq.0 });
                    }
                }
                request
            }
        };
        request.to_string()
    }
}

/// An entry of a list of sessions.
fn session(pattern: &SessionPattern) -> Value {
    match pattern {
        SessionPattern::IdText(id) => json!(id.to_string()),
        SessionPattern::Id(id) => json!({ "session_id": id.to_string() }),
        SessionPattern::Name(name) => json!({ "session_name": name }),
        SessionPattern::Like(pattern) => json!(pattern.as_str()),
    }
}

/// Tokens don't belong in a log.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth { .. } => "Auth",
            Self::Subscribe { .. } => "Subscribe",
            Self::Snapshot => "Snapshot",
            Self::Stats { .. } => "Stats",
            Self::Ping { .. } => "Ping",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::hub::{Filter, Position, Since};
    use crate::wire::{ClientMessage, Credential, parse};

    /// What the server understands.
    fn understood(request: Request<'_>) -> ClientMessage {
        parse(request.encode().as_bytes()).unwrap().message
    }

    #[test]
    fn the_server_understands_each_request() {
        let auth = ClientMessage::Auth {
            credential: Credential::Token("mw_\"x".to_owned()),
        };
        assert!(understood(Request::Auth { token: "mw_\"x" }) == auth);
        let epoch = Epoch::new("e1").unwrap();
        let place = Since::Position(Position {
            epoch: epoch.clone(),
            seq: Seq(7),
        });
        let types = ["pane.*".to_owned()];
        let text = |text| SessionPattern::from_text(text).unwrap();
        let sessions = [
            text("a\"b"),
            text("$3"),
            SessionPattern::Id("$4".parse().unwrap()),
            SessionPattern::Name("$5*".into()),
        ];
        let filter = Filter::all().with_types(&types).unwrap();
        let filter = filter.with_session_patterns(sessions.to_vec()).unwrap();
        let rows = [
            (&[][..], &[][..], None, Filter::all(), None),
            (
                &types[..],
                &sessions[..],
                Some(RequestSince::Place(&epoch, Seq(7))),
                filter,
                Some(place.clone()),
            ),
            (
                &[][..],
                &[][..],
                Some(RequestSince::Cursor("1.e1.7")),
                Filter::all(),
                Some(place),
            ),
        ];
        for (types, sessions, asked, filter, since) in rows {
            let request = Request::Subscribe {
                types,
                sessions,
                since: asked,
                prints_in: None,
                without_watchers: false,
            };
            let expected = ClientMessage::Subscribe {
                filter,
                since,
                prints_in: None,
            };
            assert!(understood(request) == expected);
        }
        for place in [
            PrintsIn {
                server: Some(7),
                pane: Some("%3".parse().unwrap()),
                processes: vec![9, 8, 7],
            },
            PrintsIn::default(),
        ] {
            let request = Request::Subscribe {
                types: &[],
                sessions: &[],
                since: None,
                prints_in: Some(&place),
                without_watchers: true,
            };
            let expected = ClientMessage::Subscribe {
                filter: Filter::all().leaving_out_watchers(true),
                since: None,
                prints_in: Some(place.clone()),
            };
            assert!(understood(request) == expected);
        }
        assert!(understood(Request::Stats { id: 7 }) == ClientMessage::Stats);
        assert!(understood(Request::Ping { id: 7 }) == ClientMessage::Ping);
        let snapshot = understood(Request::Snapshot);
        assert!(matches!(
            snapshot,
            ClientMessage::Snapshot { screen: false, .. }
        ));
    }
}
