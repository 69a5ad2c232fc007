//! A tmux program of another version than the server that runs, as after an upgrade.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use muxwire::hub::Published;
use muxwire::model::{Audience, Change, ChangeKind, State, Unfit};
use muxwire::tmux::{
    ExitUnattached, LinkKind, SocketChoice, SocketWatch, Tmux, TmuxError, find_server,
    look_for_server,
};
use serde_json::json;
use tokio::time::timeout;

use crate::support::bridge::LiveBridge;
use crate::support::executable;
use crate::support::owner::Owner;
use crate::support::relayed::attached;
use crate::support::server::TestServer;
use crate::support::world::stamp;
use crate::support::{Program, SOON, TmuxServer, any_program, for_each_version_async, programs};

#[test]
fn regression_every_program_finds_and_attaches_to_a_server_of_every_version() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        for other in programs() {
            follows(&server, other).await;
        }
    });
}

/// The program that is given finds this server and has a link to it that answers.
async fn follows(server: &TmuxServer, given: &Program) {
    let choice = SocketChoice::Path(server.socket());
    let tmux = Tmux::probe(&given.path, choice).await.unwrap();
    let mut watch = SocketWatch::new(&server.socket());
    let found = timeout(
        SOON,
        find_server(&tmux, ExitUnattached::Watch, &mut watch, |_| {}),
    )
    .await;
    let found = found
        .unwrap_or_else(|_| panic!("tmux {} finds no server in time", given.version))
        .unwrap();
    assert_eq!(found.server.pid, server.pid(), "tmux {}", given.version);
    assert_eq!(found.tmux.version(), server.version());
    let mut owner = Owner::new(64);
    let session = found.session;
    let link = owner.open(&found.tmux, 1, LinkKind::Control { session });
    owner.attached(&link).await;
    link.detach();
    owner.closed(&link).await;
    assert!(server.is_alive(), "tmux {}", given.version);
}

#[tokio::test]
async fn regression_a_server_whose_program_was_deleted_by_an_upgrade_is_followed() {
    let Some(installed) = installed() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tmux");
    assert!(executable::copy(&installed.0, &path));
    let old = Program {
        path: path.clone(),
        version: installed.1.version.clone(),
    };
    let server = TmuxServer::start(&old);
    let _back = Back(&installed.0, &path);
    fs::remove_file(&path).unwrap();
    for other in programs() {
        follows(&server, other).await;
    }
}

/// Puts the program back for the end of the test's own server.
struct Back<'a>(&'a Path, &'a Path);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        let copied = executable::copy(self.0, self.1);
        assert!(copied || std::thread::panicking(), "{}", self.1.display());
    }
}

/// The tmux that is installed as a plain program, which can be copied, and where it is.
fn installed() -> Option<(PathBuf, &'static Program)> {
    let program = programs()
        .iter()
        .find(|program| program.path == Path::new("tmux"))?;
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("tmux"))
        .find(|path| fs::metadata(path).is_ok_and(|found| found.mode() & 0o111 != 0))?;
    Some((found, program))
}

#[tokio::test]
async fn regression_two_versions_that_do_not_fit_are_named_with_the_remedy() {
    let server = TmuxServer::start(any_program());
    let folder = tempfile::tempdir().unwrap();
    // As the real ones do when the server is of a version that they can't talk with.
    let program = folder.path().join("tmux");
    let script = "#!/bin/sh\n[ \"$1\" = -V ] && echo 'tmux 3.3a' && exit\necho 'server exited unexpectedly' >&2\nexit 1\n";
    executable::write_script(&program, script);
    // A socket whose server is no tmux: what listens there can't be used in the program's stead.
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let choice = SocketChoice::Path(socket);
    let tmux = Tmux::probe(&program, choice).await.unwrap();
    let error = look_for_server(&tmux, ExitUnattached::Watch)
        .await
        .unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, TmuxError::Misfit { .. }), "{said}");
    assert!(error.heals_by_waiting());
    for part in [
        "version 3.3a",
        "another version",
        "set server.tmux",
        "server exited unexpectedly",
    ] {
        assert!(said.contains(part), "{part:?} in {said}");
    }
    // Where the server's own program can be found, the same program is no hindrance.
    let choice = SocketChoice::Path(server.socket());
    let tmux = Tmux::probe(&program, choice).await.unwrap();
    let found = look_for_server(&tmux, ExitUnattached::Watch).await.unwrap();
    assert_eq!(found.server.pid, server.pid());
}

#[test]
fn a_program_of_the_same_version_is_used_as_it_was_given() {
    for_each_version_async(|program| async move {
        let server = TmuxServer::start(&program);
        let found = look_for_server(&server.tmux().await, ExitUnattached::Watch)
            .await
            .unwrap();
        assert!(format!("{:?}", found.tmux).contains("kept: None"));
    });
}

#[tokio::test]
async fn regression_clients_get_the_reason_why_a_server_that_runs_is_not_connected() {
    let server = TestServer::open().await;
    let unfit = Unfit {
        reason: "the tmux program is version 3.3a and does not fit".to_owned(),
        program_version: "3.3a".to_owned(),
        server_version: Some("3.8".to_owned()),
    };
    let mut client = server.client().await;
    client
        .ask(json!({"action": "subscribe"}), "subscribed")
        .await;
    let state = State {
        unfit: Some(unfit.reason.as_str().into()),
        ..State::default()
    };
    let reason = unfit.reason.clone();
    let change = Change::new(Audience::Everyone, ChangeKind::ServerUnfit { unfit });
    server.hub.publish([change], Some(state.into()), stamp());
    let event = client.find("server.unfit").await;
    assert_eq!(event["data"]["reason"], reason.as_str());
    assert_eq!(event["data"]["program_version"], "3.3a");
    assert_eq!(event["data"]["server_version"], "3.8");
    let ready = server.get("/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains(&reason), "{ready}");
    let text = json!({"action": "command", "id": 9, "target": {"pane": "%0"}, "command": "ls"});
    client.send(text).await;
    let refused = client.expect("error").await;
    assert_eq!(refused["code"], "TMUX_UNAVAILABLE");
    assert_eq!(refused["message"], reason.as_str());
}

#[test]
fn regression_exit_unattached_is_found_and_told() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let tmux = server.tmux().await;
        assert!(
            !look_for_server(&tmux, ExitUnattached::Watch)
                .await
                .unwrap()
                .exits_unattached
        );
        let _user = attached(&server, "main");
        server.run(["set-option", "-s", "exit-unattached", "on"]);
        assert!(
            look_for_server(&tmux, ExitUnattached::Watch)
                .await
                .unwrap()
                .exits_unattached
        );
        let mut bridge = LiveBridge::start(server.tmux().await);
        let warned = |event: &Published| match &event.change.kind {
            ChangeKind::ServerConnected { server } => {
                let mut codes = server.warnings.iter().map(|warning| &warning.code);
                codes.any(|code| code == "exit_unattached")
            }
            _ => false,
        };
        bridge.event("the warning", warned).await;
        bridge.stop().await;
        server.run(["set-option", "-s", "exit-unattached", "off"]);
    });
}
