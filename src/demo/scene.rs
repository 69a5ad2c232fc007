//! The scenes, and the recordings that they are made of. `build.rs` compresses these from `fixtures/agents`.

use std::time::Duration;

/// The size of the terminal that all of these were recorded on.
pub const COLUMNS: u16 = 120;
/// See [`COLUMNS`].
pub const ROWS: u16 = 35;

macro_rules! recording {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/demo-", $name, ".cast.gz"))
    };
}

/// What the agent of one session does.
#[derive(Debug)]
pub struct Scene {
    /// The session's name.
    pub session: &'static str,
    /// What the agent's program is called.
    pub agent: &'static str,
    /// How long it shows the end before it begins anew. A person begins it sooner.
    pub rest: Duration,
    pub(super) recording: &'static [u8],
    pub(super) dialog: Option<Dialog>,
}

/// Where the choices of a dialog stand, and what follows when the last of them is taken.
#[derive(Debug)]
pub(super) struct Dialog {
    /// The rows of the choices, from 1.
    pub(super) rows: &'static [u16],
    /// The column of the sign before the one that is chosen, from 1.
    pub(super) column: u16,
    /// The sign, with its colour.
    pub(super) sign: &'static str,
    /// The same scene, in which the person said no.
    pub(super) refused: &'static [u8],
}

/// All scenes: at work, waiting for a permission, finished, failed, and at a usage limit.
pub const SCENES: &[Scene] = &[
    Scene {
        session: "checks",
        agent: "claude",
        rest: Duration::from_secs(60),
        recording: recording!("claude-permission-bash"),
        dialog: Some(Dialog {
            rows: &[23, 24, 25, 26],
            column: 2,
            sign: "\u{1b}[38;5;153m\u{276f}\u{1b}[39m",
            refused: recording!("claude-permission-bash-refused"),
        }),
    },
    Scene {
        session: "essay",
        agent: "claude",
        rest: Duration::from_secs(8),
        recording: recording!("claude-long"),
        dialog: None,
    },
    Scene {
        session: "greeting",
        agent: "codex",
        rest: Duration::from_secs(120),
        recording: recording!("codex-turn"),
        dialog: None,
    },
    Scene {
        session: "outage",
        agent: "codex",
        rest: Duration::from_secs(600),
        recording: recording!("codex-error-500"),
        dialog: None,
    },
    Scene {
        session: "quota",
        agent: "claude",
        rest: Duration::from_secs(600),
        recording: recording!("claude-usage-limit"),
        dialog: None,
    },
];

impl Scene {
    /// The scene of the session with this name.
    #[must_use]
    pub fn named(session: &str) -> Option<&'static Self> {
        SCENES.iter().find(|scene| scene.session == session)
    }
}
