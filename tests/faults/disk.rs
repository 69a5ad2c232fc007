//! A state directory whose disk is full: a small tmpfs in a mount namespace of its own.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;

use super::recovered;
use super::witness::Witness;
use crate::support::program::{Home, Run};
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::{KillOnDrop, SOON, TmuxServer, any_program, wait_until};

/// A folder on a disk of 256 KiB, which only processes in its namespace see at `inside`; others reach it through one of
/// them.
struct Disk {
    keeper: KillOnDrop,
    inside: PathBuf,
    _folder: tempfile::TempDir,
}

impl Disk {
    /// Says so and gives nothing where this user may make no namespaces.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("disk");
        fs::create_dir(&inside).unwrap();
        let mount =
            "mount -t tmpfs -o size=256k,mode=700 tmpfs \"$0\" && echo ready && exec sleep 600";
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--mount", "sh", "-c", mount]).arg(&inside);
        command.stdout(Stdio::piped()).process_group(0);
        let Ok(keeper) = command.spawn() else {
            return skipped("there is no unshare");
        };
        let mut keeper = KillOnDrop(keeper);
        let mut line = [0; 5];
        let said = std::io::Read::read_exact(keeper.0.stdout.as_mut().unwrap(), &mut line);
        if said.is_err() {
            return skipped("this user may make no mount namespace");
        }
        let disk = Self {
            keeper,
            inside,
            _folder: folder,
        };
        disk.is_small().then_some(disk)
    }

    /// The folder as others reach it.
    fn outside(&self) -> PathBuf {
        let within = self.inside.strip_prefix("/").unwrap();
        Path::new(&format!("/proc/{}/root", self.keeper.0.id())).join(within)
    }

    fn is_small(&self) -> bool {
        fs::write(self.outside().join("probe"), vec![0; 1 << 20]).is_err_and(|error| {
            let _ = fs::remove_file(self.outside().join("probe"));
            error.kind() == std::io::ErrorKind::StorageFull
        })
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut file = fs::File::create(self.outside().join("filler")).unwrap();
        while file.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
        while file.write(&[0]).is_ok_and(|written| written > 0) {}
    }

    fn free(&self) {
        fs::remove_file(self.outside().join("filler")).unwrap();
    }

    /// A command that sees the disk.
    fn enter(&self, command: &Command) -> Command {
        let mut entered = Command::new("nsenter");
        let keeper = self.keeper.0.id().to_string();
        entered.args(["--target", &keeper, "--mount"]);
        if !rustix::process::geteuid().is_root() {
            entered.args(["--user", "--preserve-credentials"]);
        }
        entered.arg(command.get_program()).args(command.get_args());
        entered.env_clear();
        for (name, value) in command.get_envs() {
            entered.envs(value.map(|value| (name, value)));
        }
        entered.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        entered.stdin(Stdio::null());
        entered
    }

    /// Runs `muxwire token ...` with its state on this disk.
    fn token(&self, home: &Home, arguments: &str) -> Run {
        let command = home.muxwire(["token"].into_iter().chain(arguments.split_whitespace()));
        let mut command = self.enter(&command);
        Run::of(command.arg("--state-dir").arg(self.inside.join("state")))
    }
}

fn skipped<T>(why: &str) -> Option<T> {
    let _ = writeln!(std::io::stderr(), "FULL DISKS ARE NOT TESTED: {why}");
    None
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_changes_no_token_and_is_named() {
    let Some(disk) = Disk::new() else { return };
    let home = Home::new();
    let first = disk.token(&home, "create --name first");
    assert_eq!(first.code, Some(0), "{first:?}");
    let state = disk.outside().join("state");
    let (before, files) = (fs::read(state.join("tokens.json")).unwrap(), names(&state));
    disk.fill();
    for change in ["create --name second", "revoke first"] {
        let refused = disk.token(&home, change);
        assert_eq!(
            (refused.code, &*refused.stdout),
            (Some(1), ""),
            "{refused:?}"
        );
        assert!(
            refused.stderr.contains("No space left on device"),
            "{refused:?}"
        );
        assert!(
            refused.stderr.contains("tokens.json"),
            "it names the file: {refused:?}"
        );
        assert_eq!(
            fs::read(state.join("tokens.json")).unwrap(),
            before,
            "{change}"
        );
        assert_eq!(names(&state), files, "{change} leaves nothing behind");
    }
    let listed = disk.token(&home, "list");
    assert!(listed.stdout.contains("first"), "{listed:?}");
    disk.free();
    let second = disk.token(&home, "create --name second");
    assert_eq!(second.code, Some(0), "{second:?}");
}

#[tokio::test]
async fn muxwire_goes_on_while_the_disk_of_its_state_and_log_is_full() {
    let Some(disk) = Disk::new() else { return };
    let program = any_program();
    let server = TmuxServer::start(program);
    let home = Home::new();
    let made = disk.token(&home, "create --name first --allow write");
    let token = made.stdout.trim().to_owned();
    let state = disk.inside.join("state");
    let arguments = [
        "--state-dir",
        state.to_str().unwrap(),
        "--log-level",
        "debug",
    ];
    let log = fs::File::create(disk.outside().join("log")).unwrap();
    let command = Serving::command(&home, &server, &arguments, &[]);
    let serving = Serving::spawn(home, disk.enter(&command).stderr(log));
    let mut witness = Witness::of(authenticated(serving.address, &token).await).await;
    witness.works("main").await;
    disk.fill();
    // What is left of the last page takes a few lines more. Then nothing is typed that could not be recorded.
    let line = json!({ "action": "command", "target": { "session": "main" }, "command": "x" });
    loop {
        let answer = witness.ask(line.clone()).await;
        if answer["code"] == "AUDIT_UNAVAILABLE" {
            break;
        }
        assert_eq!(answer["success"], true, "{answer}");
    }
    // All else goes on, and what would be logged is lost.
    for number in 0..20 {
        let name = format!("renamed-{number}");
        server.run(["rename-window", "-t", "=main:", &name]);
        witness.until_renamed(&name).await;
        drop(authenticated(serving.address, &token).await);
    }
    witness.agrees().await;
    disk.free();
    let since = Instant::now();
    witness.works("main").await;
    recovered(
        "disk full and free again: typing is seen",
        &program.version,
        since,
    );
    let verify = home_less(&disk, &state, "audit verify");
    assert_eq!(verify.code, Some(0), "{verify:?}");
    let shown = home_less(&disk, &state, "audit show --action log.unrecorded");
    assert!(shown.stdout.contains("reason=unwritable"), "{shown:?}");
    let since = Instant::now();
    let log = || fs::read_to_string(disk.outside().join("log")).unwrap();
    let before = log().len();
    drop(authenticated(serving.address, &token).await);
    wait_until("it logs again", SOON, || log().len() > before);
    recovered("disk full and free again: it logs", &program.version, since);
    let home = Home::new();
    let second = disk.token(&home, "create --name second");
    // Shown before it is known, it would be a failed attempt, and these are counted.
    let changed = || log()[before..].contains("the tokens changed");
    wait_until("the token is read", SOON, changed);
    drop(authenticated(serving.address, second.stdout.trim()).await);
    recovered(
        "disk free again: a new token is known",
        &program.version,
        since,
    );
}

/// Runs the program on the state directory of the disk.
fn home_less(disk: &Disk, state: &Path, arguments: &str) -> Run {
    let home = Home::new();
    let command = home.muxwire(arguments.split_whitespace());
    let mut command = disk.enter(&command);
    Run::of(command.arg("--state-dir").arg(state))
}

/// A client that has been let in with a token.
async fn authenticated(address: std::net::SocketAddr, token: &str) -> Client {
    let mut client = Client::connect(address).await;
    client.expect("hello").await;
    let answer = client
        .ask(json!({ "action": "auth", "token": token }), "auth.response")
        .await;
    assert_eq!(answer["success"], true, "{answer}");
    client
}
