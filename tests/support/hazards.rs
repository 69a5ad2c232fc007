//! What ends servers of some versions, provoked.

use rustix::process::Signal;

use super::{SOON, TmuxServer, holds_within, is_alive, signal, wait_until};

/// A session with four windows, whose programs are there.
pub fn four_windows(server: &TmuxServer) -> Vec<u32> {
    server.new_session("four", "exec sleep 1000");
    for _ in 1..4 {
        server.run(["new-window", "-t", "=four:", "exec sleep 1000"]);
    }
    let pids = server.run(["list-panes", "-s", "-t", "=four", "-F", "#{pane_pid}"]);
    let pids: Vec<u32> = pids.lines().map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(pids.len(), 4);
    pids
}

/// Ends all programs of a session with four windows, so that the server hears of all of them in one turn: it stands still
/// meanwhile, as it does on a busy machine. Whether the server lives.
pub fn survives_the_end_of_four_windows(server: &TmuxServer) -> bool {
    let programs = four_windows(server);
    signal(server.pid(), Signal::STOP);
    programs.iter().for_each(|pid| signal(*pid, Signal::KILL));
    let ended = holds_within(SOON, || programs.iter().all(|pid| !is_alive(*pid)));
    signal(server.pid(), Signal::CONT);
    assert!(ended, "the programs did not end");
    let gone = || {
        let sessions = server.try_run(&["list-sessions", "-F", "#{session_name}"]);
        sessions.is_some_and(|printed| printed.stdout == b"main\n")
    };
    wait_until("the session or the server is gone", SOON, || {
        !server.is_alive() || gone()
    });
    // What a session's end causes is done within the turn in which it ends.
    server.is_alive()
}
