//! muxwire's own `tmux -C` processes, killed and stopped one by one.

use std::fs;
use std::time::Instant;

use rustix::process::Signal;
use serde_json::json;

use super::witness::Witness;
use super::{Scene, linked, recovered};
use crate::support::{
    SOON, TmuxServer, any_program, for_each_version_async, is_alive, signal, wait_until,
};

const SESSIONS: [&str; 3] = ["main", "one", "two"];

fn scene(program: &crate::support::Program) -> Scene {
    let server = TmuxServer::start(program);
    for name in &SESSIONS[1..] {
        server.new_session(name, "exec cat");
    }
    Scene::before(server, &[])
}

/// The links of a muxwire, by their processes.
pub fn links(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let children = text.split_whitespace().map(|pid| pid.parse().unwrap());
    let is_link = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == b"-C")
    };
    children.filter(is_link).collect()
}

async fn all_work(witness: &mut Witness) {
    for session in SESSIONS {
        witness.works(session).await;
    }
}

#[test]
fn each_link_that_is_killed_is_replaced() {
    for_each_version_async(async |program| {
        let scene = scene(&program);
        let mut witness = Witness::start(&scene.serving).await;
        all_work(&mut witness).await;
        let links = links(scene.serving.pid());
        assert_eq!(links.len(), SESSIONS.len() + 1);
        for link in links {
            let since = Instant::now();
            signal(link, Signal::KILL);
            wait_until("the link is gone", SOON, || !is_alive(link));
            all_work(&mut witness).await;
            recovered("a link killed", &program.version, since);
            linked(&scene.server);
        }
        let snapshot = witness.ask(json!({ "action": "snapshot" })).await;
        assert_eq!(snapshot["server"]["pid"], scene.server.pid(), "{snapshot}");
        witness.agrees().await;
    });
}

/// What ends at once again and again is tried again later each time, but never too late.
#[tokio::test]
async fn links_that_are_killed_again_and_again_are_replaced_in_time() {
    let program = any_program();
    let scene = scene(program);
    let mut witness = Witness::start(&scene.serving).await;
    for _ in 0..9 {
        let since = Instant::now();
        for link in links(scene.serving.pid()) {
            signal(link, Signal::KILL);
        }
        all_work(&mut witness).await;
        recovered("all links killed, again and again", &program.version, since);
    }
    witness.agrees().await;
}

#[test]
fn each_link_that_is_stopped_goes_on() {
    for_each_version_async(async |program| {
        let scene = scene(&program);
        let mut witness = Witness::start(&scene.serving).await;
        all_work(&mut witness).await;
        for link in links(scene.serving.pid()) {
            let since = Instant::now();
            signal(link, Signal::STOP);
            all_work(&mut witness).await;
            recovered("a link stopped", &program.version, since);
        }
        witness.agrees().await;
    });
}
