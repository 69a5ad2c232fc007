//! Agents: what a coding agent in a pane does, from its bytes, its processes and what it says of itself.
//!
//! It does no IO and reads no clock: bytes, processes, hooks and the time come in, a [`Status`] comes out. It knows no tmux,
//! no log and no clients; a source of `connectors` drives it.
//!
//! Reading order: `status` (what comes out), `watch` (one pane), then what comes in: `scan`, `osc` and `signals` (among the
//! bytes), `display` and `view` (the screen and its parts), `process`, `statement` (hooks and the registry), `message` (how
//! hooks come here); `rules` (what all that means, as data), `evidence` and `strength` (whom to believe), `settle` (when it is
//! said), `explain` and `grounds` (why), `shown` (a screen on its own); `dialog` (what it asks), `typing` (prompts and answers for it).

mod dialog;
mod display;
mod evidence;
mod explain;
mod expression;
mod grounds;
mod message;
mod osc;
mod process;
mod reports;
mod rules;
mod scan;
mod settle;
mod shown;
mod signals;
mod statement;
mod status;
mod strength;
mod typing;
mod view;
mod watch;

pub use dialog::Dialog;
pub use display::MOST_CELLS;
pub use evidence::{Evidence, Standing};
pub use explain::{ClauseTrace, Explanation, RuleTrace, explain_view};
pub use expression::Expression;
pub use grounds::{Ground, Grounds, HeardSignal};
pub use message::{HookMessage, LONGEST_MESSAGE};
pub use osc::{Progress, PromptMark, Report, ReportState, Signal};
pub use process::{Identity, Process};
pub use rules::{
    AgentRules, Clause, Condition, LONGEST_FILE, LONGEST_TEXT, MOST_AGENTS, MOST_CLAUSES,
    MOST_RULES, Origin, Rule, RuleFileError, RuleSet, Test,
};
pub use shown::Shown;
pub use statement::{Hook, LONGEST_JSON, Registry, StatementError};
pub use status::{Background, Confidence, Reason, Source, State, Status, Vitals};
pub use strength::{STRENGTHS, Strength, strength};
pub use typing::{
    Answer, AnswerChoice, Asked, Hindrance, Left, Outcome, Prompt, Proof, Step, Stroke, TypingTask,
};
pub use view::{Region, View};
pub use watch::{ComposerLook, DialogLook, Look, PaneWatch};

#[cfg(test)]
#[path = "failures_tests.rs"]
mod failures_tests;

#[cfg(test)]
#[path = "corrections_tests.rs"]
mod corrections_tests;

#[cfg(test)]
#[path = "scene_tests.rs"]
mod scene;
