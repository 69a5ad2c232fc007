//! Tasks, as programs tell of them.

use std::collections::HashMap;

use super::fields::text;
use super::sums::TaskCounts;
use crate::model::{Audience, Emitted};

/// How many tasks are known at one time; of more, those go that were told of the longest ago.
const MOST: usize = 50_000;

/// What was said last of each task, by its name and where it is.
#[derive(Debug, Default)]
pub(super) struct Tasks(HashMap<(String, Option<u32>), Task>);

#[derive(Debug)]
struct Task {
    at: i64,
    audience: Audience,
    status: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Running,
    Completed,
    Failed,
    /// Pending, cancelled, or nobody has said.
    Other,
}

impl Tasks {
    /// Takes what a program says of a task.
    pub(super) fn take(&mut self, at: i64, event: &Emitted, audience: &Audience) {
        let Some(name) = text(event.data(), "task") else {
            return;
        };
        let session = audience.places().first().map(|place| place.session.0);
        let status = text(event.data(), "status");
        // The type says as much, such as task.started.
        let status = status.or_else(|| event.type_name().split('.').nth(1));
        let status = match status {
            Some("running" | "started") => Some(Status::Running),
            Some("completed") => Some(Status::Completed),
            Some("failed") => Some(Status::Failed),
            Some("pending" | "cancelled") => Some(Status::Other),
            _ => None,
        };
        let key = (name.to_owned(), session);
        let before = self.0.get(&key).map(|task| task.status);
        let task = Task {
            at,
            audience: audience.clone(),
            status: status.or(before).unwrap_or(Status::Other),
        };
        self.0.insert(key, task);
    }

    /// Lets go of what nobody has told of since then.
    pub(super) fn forget(&mut self, oldest: i64) {
        self.0.retain(|_, task| task.at >= oldest);
        if self.0.len() > MOST {
            let mut times: Vec<i64> = self.0.values().map(|task| task.at).collect();
            times.sort_unstable();
            let first = times.get(self.0.len() - MOST).copied();
            self.0
                .retain(|_, task| first.is_none_or(|first| task.at >= first));
        }
    }

    /// How many were told of since then, of those that are seen.
    pub(super) fn count(&self, since: i64, sees: &impl Fn(&Audience) -> bool) -> TaskCounts {
        let seen = self.0.values();
        let seen = seen.filter(|task| task.at >= since && sees(&task.audience));
        let mut counts = TaskCounts::default();
        for task in seen {
            counts.total += 1;
            match task.status {
                Status::Running => counts.running += 1,
                Status::Completed => counts.completed += 1,
                Status::Failed => counts.failed += 1,
                Status::Other => {}
            }
        }
        counts
    }
}
