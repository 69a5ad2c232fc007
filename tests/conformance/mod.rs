//! The scenarios that all clients play, on the Rust client, and their messages on its types.

mod fake;
mod follow;
mod messages;
mod play;
mod scenario;

use futures_util::future::join_all;

use scenario::Scenario;

/// The files whose scenarios the Rust client plays: it has links and event streams.
const FILES: &[&str] = &["events", "links"];

fn is_for_rust(scenario: &Scenario) -> bool {
    let only = scenario.only.as_ref();
    FILES.contains(&&*scenario.file) && only.is_none_or(|only| only.iter().any(|one| one == "rust"))
}

#[tokio::test]
async fn the_rust_client_plays_the_scenarios() {
    let all = scenario::all();
    let played: Vec<_> = all.iter().filter(|one| is_for_rust(one)).collect();
    let outcomes = join_all(played.iter().map(|scenario| play::run(scenario))).await;
    let failures: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    eprintln!("{} of {} scenarios played", played.len(), all.len());
}
