//! Agents: what real ones were seen to print, and what muxwire makes of it.

#[cfg(target_os = "linux")]
mod commands;
mod composers;
mod corpus;
#[cfg(target_os = "linux")]
mod explained;
#[cfg(target_os = "linux")]
mod hooks;
#[cfg(target_os = "linux")]
mod live;
mod replay;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod typing;
#[cfg(target_os = "linux")]
mod usage;
