//! The settings: flags over `MUXWIRE_*` variables over a TOML or YAML file over defaults, each with its source.
//!
//! Reading order: `table` (every setting, once), `kind` (what values may be), `reading` (one setting after the other), `resolve` (the layers over each other),
//! `environment`, `input` and `file` (the layers). The result, [`Config`], is plain structs, and nothing behind it reads a variable.
//! This module must not know the commands.

mod environment;
mod file;
mod former;
mod input;
mod kind;
mod list;
mod listen;
mod patterns;
mod place;
mod reading;
mod reference;
mod resolve;
mod table;
mod text;
pub mod unit;

pub use environment::{Environment, NoHome};
pub use file::FileProblem;
pub use input::{Flag, Inputs};
pub use kind::Raw;
pub use listen::{ListenError, Listening, listening};
pub use reading::{Nearest, Problem, Setting, Source};
pub use reference::reference;
pub use resolve::{ConfigError, Resolved, resolve};
pub use table::{
    Agents, Alerts, Attaching, Compressing, Config, History, Limits, LogFormat, Monitoring,
    Performance, Push, Redaction, Resize, Resources, Row, Security, Server, StoredSecrets,
    Terminal, Tls, Unattached, rows,
};
