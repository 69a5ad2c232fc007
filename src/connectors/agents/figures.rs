//! What is shown of the source among the metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::{FigureKind, FigureRow, Metrics};

/// Figures of the source. They outlive it when it is begun anew.
#[derive(Debug, Default)]
pub(super) struct Figures {
    agents: AtomicU64,
    memory: AtomicU64,
    looks: AtomicU64,
    hooks: AtomicU64,
    unheeded_hooks: AtomicU64,
}

const SHOWN: [FigureRow<Figures>; 5] = [
    (
        "agents",
        "Agents that are watched",
        FigureKind::Gauge,
        |of| &of.agents,
    ),
    (
        "agent_screen_bytes",
        "About how much memory the screens of agents take",
        FigureKind::Gauge,
        |of| &of.memory,
    ),
    (
        "agent_looks",
        "Times that the processes of a pane were looked at",
        FigureKind::Counter,
        |of| &of.looks,
    ),
    (
        "agent_hooks",
        "Hooks that agents in panes called",
        FigureKind::Counter,
        |of| &of.hooks,
    ),
    (
        "agent_unheeded_hooks",
        "Hooks that were called elsewhere than by the agent of a pane, or that its rules don't know",
        FigureKind::Counter,
        |of| &of.unheeded_hooks,
    ),
];

impl Figures {
    /// None as yet, which are shown from now on.
    pub(super) fn shown(metrics: &Metrics) -> Arc<Self> {
        let figures = Arc::new(Self::default());
        metrics.watch_all(&figures, SHOWN);
        figures
    }

    pub(super) fn set(&self, agents: u64, memory: u64) {
        self.agents.store(agents, Ordering::Relaxed);
        self.memory.store(memory, Ordering::Relaxed);
    }

    pub(super) fn count_looks(&self, count: u64) {
        self.looks.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn count_hook(&self, heeded: bool) {
        let figure = match heeded {
            true => &self.hooks,
            false => &self.unheeded_hooks,
        };
        figure.fetch_add(1, Ordering::Relaxed);
    }
}
