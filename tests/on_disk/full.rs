//! A disk that is full while muxwire runs.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use super::{Follower, file, settings, until_streamed, until_written};
use crate::support::program::Home;
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, wait_until};

/// A file that can't grow is what a full disk is to the program. Clients notice nothing, and what waited is kept once there is room.
#[tokio::test]
async fn a_full_disk_delays_what_is_kept_and_nothing_else() {
    let server = TmuxServer::start(any_program());
    server.new_session("kept", "cat");
    let folder = tempfile::tempdir().unwrap();
    let (serving, log) = serve_with_bounded_files(&server, folder.path());
    until_streamed(&serving, &["kept"]).await;
    let mut follower = Follower::new(&serving).await;
    assert!(follower.resume(&serving).await);
    until_written(folder.path(), &follower.position);
    let journal = file(folder.path()).with_extension("db-wal");
    let room = fs::metadata(journal).unwrap().len();
    bound_files(&serving, Some(room));
    for round in 0..3 {
        let name = format!("round{round}");
        server.run(["rename-window", "-t", "=kept:", &name]);
        follower.until_renamed(&name).await;
        wait_until("a commit fails", SOON, || failures(&serving) > round);
    }
    bound_files(&serving, None);
    until_written(folder.path(), &follower.position);
    let shown = serving.get("/metrics");
    assert!(
        shown.contains("\nmuxwire_disk_history_lost_events_total 0\n"),
        "{shown}"
    );
    wait_until("the log names it", SOON, || {
        log().contains("can't be written")
    });
}

/// A program that outlives the signal that comes when a file may not grow.
fn serve_with_bounded_files(
    server: &TmuxServer,
    folder: &Path,
) -> (Serving, impl Fn() -> String + use<>) {
    let home = Home::new();
    let plain = Serving::command(&home, server, &[], &settings(folder));
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command.arg(plain.get_program()).args(plain.get_args());
    command.env_clear();
    let variables = plain.get_envs();
    command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    // The log is a file too, and not what is full here.
    let mut serving = Serving::spawn(home, command.stderr(Stdio::piped()));
    let log = serving.read_log();
    (serving, log)
}

fn bound_files(serving: &Serving, current: Option<u64>) {
    let pid = Pid::from_raw(serving.pid().cast_signed());
    let maximum = getrlimit(Resource::Fsize).maximum;
    prlimit(pid, Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

fn failures(serving: &Serving) -> u64 {
    let shown = serving.get("/metrics");
    let mut lines = shown.lines();
    let found = lines.find_map(|line| line.strip_prefix("muxwire_disk_history_failures_total "));
    found.unwrap().parse().unwrap()
}
