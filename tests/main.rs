//! Tests of the whole, one module a topic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::print_stderr, reason = "a test says what it did")]
#![allow(
    unreachable_pub,
    reason = "the modules of a test program are its whole world"
)]

mod agent_events;
mod agents;
mod alerts;
mod archives;
mod attaching;
mod audit;
mod authorisation;
mod beginnings;
mod bridge;
mod browser;
mod bundle;
mod compression;
mod config;
mod conformance;
mod connectors;
mod control_abnf;
mod control_client;
mod control_grammar;
mod control_live;
mod control_properties;
mod crowds;
mod dangers;
mod demo;
mod detaching;
mod differential;
mod disk_history;
mod doctor;
mod emitting;
mod entry;
mod explaining;
mod faults;
mod filters;
mod handshake;
mod hazards;
mod histories;
mod hub;
mod hub_panes;
mod injection;
mod input;
mod jwt;
mod leaving;
mod limits;
mod links;
mod listening;
mod live_panes;
mod misfit;
mod on_demand;
mod on_disk;
mod options;
mod pages;
mod panes;
mod past;
mod printing_in_panes;
mod program_pages;
mod protocol;
mod push;
mod random_operations;
mod recordings;
mod redaction;
mod replays;
mod requests;
mod resources;
mod rest;
mod resume;
mod seen;
mod serve;
mod server_properties;
mod shim;
mod stats;
mod submitting;
mod support;
mod targets;
mod terminal;
mod tidy;
mod tokens;
mod top;
mod views;
mod watch;
mod watch_in_panes;
mod watch_program;
mod websocket;
mod wire;
