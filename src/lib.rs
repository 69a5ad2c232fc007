//! muxwire: a push-based bridge from tmux's control mode to WebSocket clients.
//!
//! The library holds all that the program is made of; `src/main.rs` only starts it. It is a library so that tests and
//! benches reach every part, and makes no promise to other programs: those speak the protocol (`docs/protocol.md`).
//!
//! Reading order, from the ground up, each module knowing only those before it in `docs/ARCHITECTURE.md`'s table:
//!
//! 1. [`ids`], [`glob`], [`nearest`], [`site`], [`printable`] and [`file_watch`]: names, patterns of names, words that may
//!    have been meant, hosts and pages, text that is safe to show, and files that change;
//! 2. [`control`]: tmux's control mode without IO, bytes in and events out;
//! 3. [`model`]: what tmux holds, and the changes from one listing to the next; [`screen`]: what a pane shows; [`export`]: that
//!    as files for others; [`redact`]: what of it is secret; [`agent`]: what a coding agent in it does; [`shim`]: a terminal that answers what tmux doesn't;
//!    [`resources`]: what processes use;
//! 4. [`hub`]: the event log, with one writer and many readers;
//! 5. [`auth`]: who may see and do what; [`audit`]: who did what, in a log that can be verified;
//! 6. [`tmux`]: the processes, and the links that read them;
//! 7. [`recording`]: what passed over the links, as a file;
//! 8. [`bridge`]: the one owner of it all, on a live tmux or on a recording;
//! 9. [`wire`] and [`server`]: the messages, and who they are sent to; [`connectors`]: who else reads the log, or adds to it;
//! 10. [`history`]: what is kept of the log on disk, and what can be asked of it;
//! 11. [`client`]: the other end; [`tls`] and [`network`]: what lies between;
//! 12. [`alert`]: what of all this somebody should look at;
//! 13. [`top`]: the monitor for terminals, without IO;
//! 14. [`config`], [`cli`], [`logging`], [`metrics`] and [`cmd`]: the program around it.

pub mod agent;
pub mod alert;
pub mod audit;
pub mod auth;
mod background;
pub mod bridge;
pub mod cli;
pub mod client;
pub mod cmd;
pub mod config;
pub mod connectors;
pub mod control;
pub mod demo;
pub mod digest;
mod emulator;
pub mod export;
pub mod file_watch;
pub mod glob;
pub mod history;
pub mod hub;
pub mod ids;
pub mod logging;
mod machine_stat;
pub mod metering;
pub mod metrics;
pub mod model;
pub mod nearest;
pub mod network;
pub mod printable;
mod private_file;
mod process_stat;
pub mod push;
pub mod recording;
pub mod redact;
pub mod resources;
pub mod screen;
pub mod server;
pub mod shim;
pub mod site;
pub mod tls;
pub mod tmux;
pub mod top;
pub mod usage;
pub mod wire;
mod without_strings;
