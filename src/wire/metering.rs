//! What the last hours came to, as dashboards of old read it.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde::ser::SerializeMap as _;
use serde::{Serializer, ser};

use super::json::to_json;
use super::objects::Text;
use super::time::time_text;
use crate::ids::PaneId;
use crate::metering::{Activity, AgentSession, ClaudeApi, Costs, Overview, SessionSums, Tools};

/// Costs that are always there, also where there are none.
const ALWAYS: [&str; 2] = ["haiku", "sonnet"];

#[derive(Debug, Serialize)]
struct OverviewObject<'a> {
    tasks: TasksObject,
    costs: CostsObject<'a>,
    claude_api: ClaudeObject,
    tools: ToolsObject<'a>,
}

#[derive(Debug, Serialize)]
struct TasksObject {
    total: u64,
    running: u64,
    completed: u64,
    failed: u64,
}

/// `total_cost`, and `NAME_cost` for each model.
#[derive(Debug)]
struct CostsObject<'a>(&'a Costs);

#[derive(Debug, Serialize)]
struct ClaudeObject {
    requests: u64,
    input_tokens: u64,
    output_tokens: u64,
}

#[derive(Debug, Serialize)]
struct ToolsObject<'a> {
    total_calls: u64,
    by_type: &'a BTreeMap<String, u64>,
}

#[derive(Debug, Serialize)]
struct SessionsObject<'a> {
    total: u64,
    active: u64,
    tool_calls: u64,
    sessions: Vec<SessionObject<'a>>,
}

#[derive(Debug, Serialize)]
struct SessionObject<'a> {
    session: Option<&'a str>,
    pane: Text<PaneId>,
    agent_type: &'a str,
    active: bool,
    requests: u64,
    input_tokens: u64,
    output_tokens: u64,
    tool_calls: u64,
    cost: f64,
}

#[derive(Debug, Serialize)]
struct ActivityObject<'a> {
    timestamp: String,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pane: Option<Text<PaneId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct UpdateObject<'a> {
    overview: OverviewObject<'a>,
    sessions: SessionsObject<'a>,
    activity: Vec<ActivityObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
}

/// The sums of some hours.
#[must_use]
pub fn overview_answer(overview: &Overview) -> Bytes {
    to_json(&OverviewObject::from(overview))
}

/// All that a dashboard shows; without a time, to be compared.
#[must_use]
pub fn metrics_update(
    overview: &Overview,
    sessions: &SessionSums,
    activity: &[Activity],
    at: Option<i64>,
) -> Bytes {
    to_json(&UpdateObject {
        overview: overview.into(),
        sessions: sessions.into(),
        activity: activity.iter().map(ActivityObject::from).collect(),
        timestamp: at.map(time_text),
    })
}

/// Why there are no sums.
#[must_use]
pub fn metrics_error(why: &str, at: i64) -> Bytes {
    #[derive(Serialize)]
    struct Failed<'a> {
        error: &'a str,
        timestamp: String,
    }
    to_json(&Failed {
        error: why,
        timestamp: time_text(at),
    })
}

impl<'a> From<&'a Overview> for OverviewObject<'a> {
    fn from(overview: &'a Overview) -> Self {
        let ClaudeApi {
            requests,
            input_tokens,
            output_tokens,
        } = overview.claude_api;
        let Tools {
            total_calls,
            by_type,
        } = &overview.tools;
        Self {
            tasks: TasksObject {
                total: overview.tasks.total,
                running: overview.tasks.running,
                completed: overview.tasks.completed,
                failed: overview.tasks.failed,
            },
            costs: CostsObject(&overview.costs),
            claude_api: ClaudeObject {
                requests,
                input_tokens,
                output_tokens,
            },
            tools: ToolsObject {
                total_calls: *total_calls,
                by_type,
            },
        }
    }
}

impl Serialize for CostsObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("total_cost", &dollars(self.0.total))?;
        let by_model = &self.0.by_model;
        let missing = ALWAYS
            .into_iter()
            .filter(|name| !by_model.contains_key(*name));
        let costs = missing.map(|name| (name, 0));
        let costs = costs.chain(by_model.iter().map(|(name, cost)| (&**name, *cost)));
        for (name, cost) in costs {
            fields.serialize_entry(&format!("{name}_cost"), &dollars(cost))?;
        }
        ser::SerializeMap::end(fields)
    }
}

impl<'a> From<&'a SessionSums> for SessionsObject<'a> {
    fn from(sums: &'a SessionSums) -> Self {
        let session = |one: &'a AgentSession| SessionObject {
            session: one.session.as_deref(),
            pane: Text(one.pane),
            agent_type: &one.agent_type,
            active: one.active,
            requests: one.requests,
            input_tokens: one.input_tokens,
            output_tokens: one.output_tokens,
            tool_calls: one.tool_calls,
            cost: dollars(one.cost),
        };
        Self {
            total: sums.total,
            active: sums.active,
            tool_calls: sums.tool_calls,
            sessions: sums.sessions.iter().map(session).collect(),
        }
    }
}

impl<'a> From<&'a Activity> for ActivityObject<'a> {
    fn from(activity: &'a Activity) -> Self {
        let row = &activity.row;
        Self {
            timestamp: time_text(row.at),
            kind: &row.type_name,
            session: activity.session.as_deref(),
            pane: row.pane.map(Text),
            subject: row.subject.as_deref(),
            status: row.status.as_deref(),
            message: row.message.as_deref(),
        }
    }
}

/// Dollars of millionths of them; nine billion are exact.
fn dollars(millionths: u64) -> f64 {
    millionths as f64 / 1e6
}
