//! The one owner of what is known of tmux: it turns what the links bring into the event log.
//!
//! `core` decides and does no IO; `live` runs it on a tmux server, `replay` on a recording. Reading order: `core`,
//! `streams` (whose bytes are published), `outputs` (which links there are), `inputs` and `screens` (what clients ask), `publisher` (events that
//! come from elsewhere), `composing` (prompts for agents).

mod action;
mod alarm;
mod align;
mod clock;
mod closing;
mod composing;
mod core;
mod counters;
mod demand;
mod emitting;
mod explaining;
mod finder;
mod gathering;
mod inputs;
mod keys;
mod live;
mod outputs;
mod printing;
mod publication;
mod publisher;
mod replay;
mod request;
mod screens;
mod seeing;
mod sizes;
mod streams;
mod text;
mod views;

pub use composing::{
    AgentAnswer, AnswerChoice, Asked, ComposeRequest, Composed, Composers, ForAgent, Hindrance,
    Left, Prompt, ReadyInput, Typist,
};
pub use counters::{Counters, Counts};
pub use demand::{Attach, Demand, Listener};
pub use emitting::{EmitBatch, EmitError};
pub use explaining::{ExplainRequest, Explainers, Ground, Grounds, HeardSignal, NoGrounds};
pub use live::{Ends, Settings, follow};
pub use printing::view_limit;
pub use publication::{Publication, PublisherCounts};
pub use publisher::{NotPublished, Publisher};
pub use replay::{Player, Speed, replay};
pub use request::{
    ClientNumber, Handle, InputError, InputRequest, Key, PaneView, PreparedInput, Request,
    ResizeError, Screen, ScreenError, ScreensRequest, SizeWish, ViewRequest,
};
pub use seeing::{SeenError, SeenPanes, SeenRequest};
