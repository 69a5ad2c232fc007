//! A log that nobody reads.

use std::process::Stdio;
use std::time::Instant;

use serde_json::json;

use super::linked;
use super::witness::Witness;
use crate::support::program::Home;
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program};

/// More connections than a pipe has room for their lines.
const CONNECTIONS: usize = 600;

#[tokio::test]
async fn a_log_that_nobody_reads_costs_its_lines_and_nothing_else() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let arguments = ["--no-auth", "--log-level", "debug"];
    let mut command = Serving::command(&home, &server, &arguments, &[]);
    let mut serving = Serving::spawn(home, command.stderr(Stdio::piped()));
    linked(&server);
    let mut witness = Witness::start(&serving).await;
    for _ in 0..CONNECTIONS {
        drop(serving.client().await);
    }
    witness.works("main").await;
    witness.agrees().await;
    let pong = witness.ask(json!({ "action": "ping" })).await;
    assert_eq!(pong["type"], "pong");
    // From here on somebody reads, and learns what is missing.
    let log = serving.read_log();
    let since = Instant::now();
    while !log().contains("lines of the log are lost here") {
        drop(serving.client().await);
        assert!(since.elapsed() < SOON, "{}", log());
    }
    witness.agrees().await;
}
