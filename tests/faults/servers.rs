//! A tmux server that is killed, and one that stands still.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::links::links;
use super::witness::Witness;
use super::{RECOVERY, Scene, Stopped, linked, recovered};
use crate::support::{
    SOON, TmuxServer, any_program, for_each_version_async, is_alive, pause, signal, wait_until,
};

fn type_line(id: usize, line: &str) -> Value {
    json!({
        "action": "command", "id": id, "target": { "session": "main" }, "command": line,
    })
}

#[test]
fn a_server_that_is_killed_is_published_and_the_next_one_is_taken_up() {
    for_each_version_async(async |program| {
        let mut scene = Scene::open(&program, &[]);
        let mut witness = Witness::start(&scene.serving).await;
        for _ in 0..3 {
            let asked: Vec<usize> = (1..=20).collect();
            for id in &asked {
                witness.client.send(type_line(*id, "x")).await;
            }
            let pid = scene.server.pid();
            let since = Instant::now();
            signal(pid, Signal::KILL);
            for answer in witness.answers(asked).await {
                let code = answer["code"].as_str().unwrap_or("success");
                let honest = [
                    "RATE_LIMITED",
                    "success",
                    "OUTCOME_UNKNOWN",
                    // The text was typed, and its Enter, which is a write of its own, was not.
                    "INTERRUPTED",
                    "TMUX_UNAVAILABLE",
                    "NOT_FOUND",
                ];
                assert!(honest.contains(&code), "{answer}");
            }
            recovered(
                "tmux killed: what was asked is answered",
                &program.version,
                since,
            );
            witness.lost().await;
            recovered("tmux killed: clients are notified", &program.version, since);
            wait_until("the server is gone", SOON, || !is_alive(pid));
            scene.server.boot();
            let since = Instant::now();
            witness.works("main").await;
            recovered(
                "tmux started again: typing is seen",
                &program.version,
                since,
            );
            linked(&scene.server);
            witness.agrees().await;
        }
    });
}

/// As cleaners of temporary folders do; SIGUSR1 makes tmux create its socket again.
#[test]
fn a_socket_that_is_removed_is_missed_by_nobody_and_taken_up_when_it_is_back() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.new_session("one", "exec cat");
        let scene = Scene::before(server, &[]);
        let mut witness = Witness::start(&scene.serving).await;
        witness.works("one").await;
        std::fs::remove_file(scene.server.socket()).unwrap();
        witness.works("main").await;
        // What is lost now can't be opened again.
        let links = links(scene.serving.pid());
        for link in &links {
            signal(*link, Signal::KILL);
        }
        witness.lost().await;
        signal(scene.server.pid(), Signal::USR1);
        wait_until("the socket is back", SOON, || {
            scene.server.socket().exists()
        });
        let since = Instant::now();
        for session in ["main", "one"] {
            witness.works(session).await;
        }
        recovered(
            "the socket is removed and comes back",
            &program.version,
            since,
        );
        witness.agrees().await;
    });
}

#[test]
fn a_server_that_stands_still_for_longer_than_pings_costs_no_client_and_no_answer() {
    for_each_version_async(async |program| {
        let interval = Duration::from_millis(300);
        let pings = [("MUXWIRE_SERVER_PING_INTERVAL", "300ms")];
        let scene = Scene::open(&program, &pings);
        let mut witness = Witness::start(&scene.serving).await;
        let stopped = Stopped::new(scene.server.pid());
        witness.client.send(type_line(1, "typed")).await;
        let begun = Instant::now();
        while begun.elapsed() < interval * 5 {
            let pong = witness.ask(json!({ "action": "ping" })).await;
            assert_eq!(pong["type"], "pong", "the server itself goes on");
            pause(interval / 5).await;
        }
        let since = Instant::now();
        drop(stopped);
        let answer = witness.answer(&json!(1)).await;
        assert_eq!(answer["success"], true, "{answer}");
        witness.works("main").await;
        recovered(
            "tmux stopped for 1.5 s and continued",
            &program.version,
            since,
        );
        witness.agrees().await;
    });
}

#[test]
fn a_server_that_stands_still_for_long_is_given_up_and_taken_up_again() {
    let run = |program| async move {
        let scene = Scene::open(&program, &[]);
        let mut witness = Witness::start(&scene.serving).await;
        let stopped = Stopped::new(scene.server.pid());
        let answer = witness
            .ask(json!({ "action": "command", "target": { "session": "main" }, "command": "x" }));
        let answer = answer.await;
        assert_eq!(answer["code"], "OUTCOME_UNKNOWN", "{answer}");
        witness.lost().await;
        // Somewhere in the time between two looks for a server.
        let pid = u64::from(std::process::id());
        pause(Duration::from_millis(500 + pid % 1500)).await;
        let since = Instant::now();
        drop(stopped);
        witness.works("main").await;
        recovered(
            "tmux stopped for 20 s and continued",
            &program.version,
            since,
        );
        witness.agrees().await;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(any_program().clone()));
}

impl Witness {
    /// Waits until the loss of the server is published. It may have been already.
    async fn lost(&mut self) {
        let since = Instant::now();
        loop {
            let snapshot = self.ask(json!({ "action": "snapshot" })).await;
            if snapshot["server"].is_null() {
                return self.agrees().await;
            }
            assert!(
                since.elapsed() < SOON + RECOVERY,
                "the loss is not published"
            );
            pause(Duration::from_millis(5)).await;
        }
    }
}
