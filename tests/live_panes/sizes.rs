//! Sizes that terminals ask for, and that windows get back behind them.

use rustix::process::Signal;
use serde_json::json;

use super::{Scene, value_is};
use crate::support::server::Client;
use crate::support::{TmuxServer, for_each_version_async};

const SIZE: &str = "#{window_width}x#{window_height}";

async fn start(server: TmuxServer, policy: &str) -> Scene {
    Scene::start(server, &[("MUXWIRE_TERMINAL_RESIZE", policy)])
}

async fn connected(scene: &Scene) -> Client {
    let mut client = scene.terminal("main").await;
    client.send(json!({ "type": "connect" })).await;
    client.expect("connect").await;
    client.expect("output").await;
    client
}

async fn resize(client: &mut Client, cols: u32, rows: u32) {
    client
        .send(json!({ "type": "resize", "cols": cols, "rows": rows }))
        .await;
}

/// The size of a window, and what is set for that window alone.
async fn is(server: &TmuxServer, window: &str, size: &str, option: &str) {
    value_is(server, window, SIZE, size).await;
    assert_eq!(own_option(server, window), option, "{window}");
}

fn own_option(server: &TmuxServer, window: &str) -> String {
    server
        .run(["show-options", "-wqv", "-t", window, "window-size"])
        .trim_end()
        .to_owned()
}

#[test]
fn by_default_no_size_changes() {
    for_each_version_async(async |program| {
        let scene = Scene::start(TmuxServer::start(&program), &[]);
        let mut client = scene.terminal("main").await;
        client
            .send(json!({ "type": "connect", "cols": 100, "rows": 30 }))
            .await;
        client.expect("connect").await;
        client.expect("output").await;
        resize(&mut client, 100, 30).await;
        let error = client.expect("error").await;
        assert_eq!(error["code"], "PERMISSION_DENIED", "{error}");
        is(&scene.server, "@0", "80x24", "").await;
    });
}

#[test]
fn the_last_size_counts_and_is_undone_behind_the_last_terminal() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.run(["new-window", "-d", "-t", "=main:", "exec cat"]);
        let scene = start(server, "client").await;
        let server = &scene.server;
        let [mut one, mut two] = [connected(&scene).await, connected(&scene).await];
        resize(&mut one, 100, 30).await;
        is(server, "@0", "100x30", "manual").await;
        for client in [&mut one, &mut two] {
            let resized = client.find("resize").await;
            assert_eq!(
                (&resized["cols"], &resized["rows"]),
                (&json!(100), &json!(30))
            );
            assert_eq!(client.find("output").await["replay"], true);
        }
        resize(&mut two, 60, 20).await;
        is(server, "@0", "60x20", "manual").await;
        drop(two);
        is(server, "@0", "100x30", "manual").await;
        // It leaves with a word.
        one.send(json!({ "type": "disconnect" })).await;
        assert_eq!(one.close_code().await, Some(1000));
        value_is(server, "@0", SIZE, "80x24").await;
        is_undone(server, "@0", "").await;
        is(server, "@1", "80x24", "").await;
    });
}

/// Waits until the option of a window is what it was.
async fn is_undone(server: &TmuxServer, window: &str, option: &str) {
    let undone = || own_option(server, window) == option;
    crate::support::wait_until_async("the option is back", crate::support::SOON, undone).await;
}

#[test]
fn the_largest_size_is_kept() {
    for_each_version_async(async |program| {
        let scene = start(TmuxServer::start(&program), "largest").await;
        let server = &scene.server;
        let [mut one, mut two] = [connected(&scene).await, connected(&scene).await];
        resize(&mut one, 100, 20).await;
        is(server, "@0", "100x20", "manual").await;
        resize(&mut two, 90, 50).await;
        is(server, "@0", "100x50", "manual").await;
        drop(one);
        is(server, "@0", "90x50", "manual").await;
        drop(two);
        is_undone(server, "@0", "").await;
        is(server, "@0", "80x24", "").await;
    });
}

#[test]
fn a_size_that_somebody_gave_the_window_before_comes_back() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.run(["resize-window", "-t", "@0", "-x", "70", "-y", "22"]);
        let scene = start(server, "client").await;
        let server = &scene.server;
        let mut client = connected(&scene).await;
        resize(&mut client, 100, 30).await;
        is(server, "@0", "100x30", "manual").await;
        drop(client);
        is(server, "@0", "70x22", "manual").await;
        server.run(["set-option", "-w", "-t", "@0", "window-size", "largest"]);
        let mut client = connected(&scene).await;
        resize(&mut client, 100, 30).await;
        is(server, "@0", "100x30", "manual").await;
        drop(client);
        is_undone(server, "@0", "largest").await;
        value_is(server, "@0", SIZE, "70x22").await;
    });
}

#[test]
fn a_terminal_that_shows_another_window_takes_its_size_along() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.run(["new-window", "-d", "-t", "=main:", "exec cat"]);
        let scene = start(server, "client").await;
        let server = &scene.server;
        let mut client = connected(&scene).await;
        resize(&mut client, 100, 30).await;
        is(server, "@0", "100x30", "manual").await;
        server.run(["select-window", "-t", "@1"]);
        is(server, "@1", "100x30", "manual").await;
        is_undone(server, "@0", "").await;
        is(server, "@0", "80x24", "").await;
        server.run(["split-window", "-h", "-t", "@1", "exec cat"]);
        drop(client);
        is_undone(server, "@1", "").await;
        is(server, "@1", "80x24", "").await;
    });
}

#[test]
fn sizes_are_undone_when_muxwire_stops() {
    for_each_version_async(async |program| {
        let mut scene = start(TmuxServer::start(&program), "client").await;
        let mut client = connected(&scene).await;
        resize(&mut client, 100, 30).await;
        is(&scene.server, "@0", "100x30", "manual").await;
        scene.serving.signal(Signal::TERM);
        assert_eq!(client.close_code().await, Some(4001));
        scene.serving.wait(crate::support::SOON);
        is(&scene.server, "@0", "80x24", "").await;
    });
}
