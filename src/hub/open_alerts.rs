//! The alerts that are not over, as the log says it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::published::Published;
use crate::model::{Alert, ChangeKind};

/// The alerts that are not over, by their keys: of one there is one at a time. Each stands as it was raised, in a copy for those from
/// whom secrets are kept and in one for all others if the two differ.
#[derive(Debug, Default)]
pub(super) struct OpenAlerts(BTreeMap<String, (Arc<Alert>, Vec<Arc<Published>>)>);

impl OpenAlerts {
    /// Whether an event of this kind is to be noted.
    pub(super) fn concerns(kind: &ChangeKind) -> bool {
        matches!(
            kind,
            ChangeKind::Alert { .. } | ChangeKind::AlertCleared { .. }
        )
    }

    /// Takes note of an event that was published.
    pub(super) fn note(&mut self, event: &Arc<Published>) {
        match &event.change.kind {
            ChangeKind::Alert { alert } => {
                let known = self.0.get_mut(&alert.key);
                match known.filter(|(known, _)| known.id == alert.id) {
                    Some((_, copies)) => copies.push(Arc::clone(event)),
                    None => {
                        let first = (Arc::clone(alert), vec![Arc::clone(event)]);
                        self.0.insert(alert.key.clone(), first);
                    }
                }
            }
            ChangeKind::AlertCleared { alert, .. } => {
                let is_this = |(known, _): &(Arc<Alert>, _)| known.id == alert.id;
                if self.0.get(&alert.key).is_some_and(is_this) {
                    self.0.remove(&alert.key);
                }
            }
            _ => {}
        }
    }

    /// All of them, in the order in which they were raised.
    pub(super) fn all(&self) -> Vec<Arc<Published>> {
        let copies = self.0.values().flat_map(|(_, copies)| copies);
        let mut all: Vec<Arc<Published>> = copies.cloned().collect();
        all.sort_by_key(|event| event.seq);
        all
    }
}
