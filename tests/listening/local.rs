//! The Unix socket with the real program: who is let in without a token, and who isn't.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};

use rustix::process::{Signal, Uid, geteuid};
use rustix::thread::set_thread_uid;
use serde_json::json;
use tokio::net::UnixStream;

use super::{Talk, eventually, get};
use crate::support::program::{Home, Run};
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, wait_until};

/// The program with a Unix socket, over a private tmux.
struct Scene {
    serving: Serving,
    socket: PathBuf,
    tmux: TmuxServer,
}

impl Scene {
    fn start(settings: &[(&str, &str)]) -> Self {
        let home = Home::new();
        let socket = home.path().join("socket");
        Self::start_at(socket, home, settings)
    }

    fn start_at(socket: PathBuf, home: Home, settings: &[(&str, &str)]) -> Self {
        let tmux = TmuxServer::start(any_program());
        let mut all = vec![("MUXWIRE_SERVER_UNIX_SOCKET", socket.to_str().unwrap())];
        all.extend(settings);
        Self {
            serving: Serving::start_in(home, &tmux, &[], &all),
            socket,
            tmux,
        }
    }

    async fn client(&self) -> Talk {
        Talk::begin(UnixStream::connect(&self.socket).await.unwrap())
            .await
            .unwrap()
    }
}

impl Scene {
    async fn is_ready(&self) -> bool {
        let mut stream = UnixStream::connect(&self.socket).await.unwrap();
        get(&mut stream, "/readyz")
            .await
            .starts_with("HTTP/1.1 200")
    }
}

const TRUST: (&str, &str) = ("MUXWIRE_SECURITY_TRUST_SAME_USER", "true");

#[tokio::test]
async fn the_same_user_needs_no_token_if_it_is_trusted() {
    for (settings, expected) in [(&[TRUST][..], "stats"), (&[], "error")] {
        let scene = Scene::start(settings);
        let mut talk = scene.client().await;
        let answer = talk.ask(json!({"action": "stats", "id": 1})).await;
        assert_eq!(answer["type"], expected, "{settings:?}: {answer}");
        if expected == "stats" {
            let own = format!("uid {}", geteuid().as_raw());
            assert_eq!(answer["client"]["address"], own, "{answer}");
        } else {
            assert_eq!(answer["code"], "AUTH_REQUIRED", "{answer}");
        }
        // The address that is listened on besides admits nobody.
        let stream = tokio::net::TcpStream::connect(scene.serving.address).await;
        let mut remote = Talk::begin(stream.unwrap()).await.unwrap();
        let answer = remote.ask(json!({"action": "stats", "id": 1})).await;
        assert_eq!(answer["code"], "AUTH_REQUIRED", "{answer}");
    }
}

#[tokio::test]
async fn what_is_kept_from_admins_is_kept_from_the_same_user_too() {
    let on = ("MUXWIRE_REDACTION_ENABLED", "true");
    for (roles, expected) in [("admin", true), ("read", false)] {
        let scene = Scene::start(&[TRUST, on, ("MUXWIRE_REDACTION_ROLES", roles)]);
        let welcome = scene.client().await.next().await;
        assert_eq!(welcome["type"], "auth.response", "{welcome}");
        let is_redacted = welcome["redacted"] == true;
        assert_eq!(is_redacted, expected, "{roles}: {welcome}");
    }
}

/// Connects as another user, from a thread of its own, whose user it is that the system reports.
fn connect_as(user: u32, socket: &Path) -> std::io::Result<StdStream> {
    let socket = socket.to_owned();
    let thread = std::thread::spawn(move || {
        set_thread_uid(Uid::from_raw(user)).unwrap();
        StdStream::connect(socket)
    });
    thread.join().unwrap()
}

#[tokio::test]
async fn another_user_is_kept_out_by_the_file_and_then_by_the_token() {
    const NOBODY: u32 = 65534;
    if !geteuid().is_root() {
        eprintln!("live tests: only root can be another user: NOT CHECKED");
        return;
    }
    let scene = Scene::start(&[TRUST]);
    let everybody = fs::Permissions::from_mode(0o711);
    fs::set_permissions(scene.serving.home.path(), everybody).unwrap();
    assert_eq!(fs::metadata(&scene.socket).unwrap().mode() & 0o777, 0o600);
    let refused = connect_as(NOBODY, &scene.socket).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    // Even if somebody opens the file up, another user is another user.
    fs::set_permissions(&scene.socket, fs::Permissions::from_mode(0o666)).unwrap();
    let stream = connect_as(NOBODY, &scene.socket).unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut talk = Talk::begin(UnixStream::from_std(stream).unwrap())
        .await
        .unwrap();
    let answer = talk.ask(json!({"action": "stats", "id": 1})).await;
    assert_eq!(answer["code"], "AUTH_REQUIRED", "{answer}");
}

#[tokio::test]
async fn watch_follows_over_the_socket() {
    let scene = Scene::start(&[TRUST]);
    // Its links attach meanwhile, which tmux does best in peace.
    wait_until("the links", SOON, || scene.tmux.clients().len() == 2);
    eventually("tmux is known", async || scene.is_ready().await).await;
    let home = Home::new();
    let url = format!("unix:{}", scene.socket.display());
    let mut child = tokio::process::Command::from(home.muxwire(["watch", "--url", &url]))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut log = lines(child.stderr.take().unwrap());
    let mut printed = lines(child.stdout.take().unwrap());
    until(&mut log, "watching").await;
    scene.tmux.run(["rename-window", "-t", "=main:", "edit"]);
    until(&mut printed, "window.renamed").await;
}

type Lines<R> = tokio::io::Lines<tokio::io::BufReader<R>>;

fn lines<R: tokio::io::AsyncRead + Unpin>(stream: R) -> Lines<R> {
    tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stream))
}

/// Reads to the line with this in it.
async fn until<R: tokio::io::AsyncRead + Unpin>(lines: &mut Lines<R>, text: &str) {
    let wait = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(text) {
                return;
            }
        }
        panic!("the end came before {text:?}");
    };
    tokio::time::timeout(SOON, wait).await.expect(text);
}

#[test]
fn a_socket_left_by_a_kill_is_replaced_and_a_living_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let mut scene = Scene::start_at(socket.clone(), Home::new(), &[TRUST]);
    // A second one on the same path has to give up.
    let second = Run::of(
        scene
            .serving
            .home
            .muxwire(["serve", "--demo", "--listen", "127.0.0.1:0"])
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("MUXWIRE_SERVER_UNIX_SOCKET", &scene.socket),
    );
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(
        second.stderr.contains("another server listens"),
        "{second:?}"
    );
    scene.serving.signal(Signal::KILL);
    scene.serving.wait(SOON);
    assert!(scene.socket.exists(), "a kill leaves it behind");
    let refused = StdStream::connect(&scene.socket).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let again = Scene::start_at(socket.clone(), Home::new(), &[TRUST]);
    StdStream::connect(&socket).unwrap();
    again.serving.signal(Signal::TERM);
    let Scene { serving, .. } = again;
    let (code, log, _) = serving.ended_within(SOON);
    assert_eq!(code, Some(0), "{log}");
    assert!(!socket.exists(), "an orderly end takes it away");
}
