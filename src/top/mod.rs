//! `muxwire top`: the monitor for terminals. What it knows, what keys do, and what it shows; no IO, and time is a parameter.
//!
//! Reading order: `keys` and `commands` (which key does what), `config` (`top.toml`), `theme` (colours), `standing` (what an
//! agent's state means), `screen` (an emulator: what a pane shows), `journal` (what happened), `editor` (a text that is
//! written), `parts` and `model` with `rows`, `preview`, `past` and `recall` (what the server keeps on disk), `looking_back`, `saving`,
//! `typing` and `input` (all that is known, and what comes of keys), `views` (what is drawn of it).
//!
//! Nothing of what panes print or are called reaches the terminal but as cells, each of which is looked at once more
//! before it is drawn (`views::guard`).

mod areas;
mod commands;
pub mod config;
mod editor;
mod input;
mod journal;
pub mod keys;
mod looking_back;
mod model;
mod opening;
mod parts;
mod past;
mod preview;
mod recall;
mod rows;
mod saving;
mod screen;
mod standing;
pub mod theme;
mod typing;
mod views;

pub use commands::{Command, KeyMap};
pub use input::Mouse;
pub use model::Model;
pub use parts::{Effect, Now, Setup};
pub use screen::{Screen, View};
