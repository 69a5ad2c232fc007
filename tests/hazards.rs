//! What ends a server of some versions while a control client is attached, and how it is reported before it happens.

use std::process::{Command, Stdio};

use crate::support::hazards::survives_the_end_of_four_windows;
use crate::support::serving::Serving;
use crate::support::{
    KillOnDrop, Program, SOON, TmuxServer, for_each_version, for_each_version_async, wait_until,
};

/// How often a server has a chance to end. One is enough almost always, since the server sees all at once.
const TRIES: usize = 20;

/// A control client that reads all and says nothing, with no muxwire anywhere.
fn bare_control_client(server: &TmuxServer) -> KillOnDrop {
    let mut command: Command = server.command(["-C", "attach-session", "-t", "=main"]);
    let client = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let client = KillOnDrop(client.unwrap());
    wait_until("it is attached", SOON, || server.clients().len() == 1);
    client
}

/// How many of the tries, each on a server of its own, a server survives before one ends.
fn survived(program: &Program, prepare: impl Fn(&TmuxServer) -> Option<KillOnDrop>) -> usize {
    let survives = |_: &usize| {
        let server = TmuxServer::start(program);
        let _client = prepare(&server);
        survives_the_end_of_four_windows(&server)
    };
    (0..TRIES).take_while(survives).count()
}

/// It fails as soon as a version is well that is held for dangerous, or the other way round.
#[test]
fn regression_windows_that_end_together_end_servers_before_3_8_with_any_control_client() {
    for_each_version(|program| {
        let survived = survived(program, |server| Some(bare_control_client(server)));
        let is_hit = program
            .version
            .hazards()
            .iter()
            .any(|hazard| hazard.code == "windows_end_together");
        assert_eq!(survived < TRIES, is_hit, "survived {survived} of {TRIES}");
    });
}

/// Who reads that a test failed sees that tmux crashed, and where.
#[test]
fn a_crash_of_tmux_is_reported_as_one() {
    for_each_version(|program| {
        let dies = |server: &TmuxServer| {
            let _client = bare_control_client(server);
            !survives_the_end_of_four_windows(server)
        };
        let mut tries = (0..TRIES).map(|_| TmuxServer::start(program));
        let Some(server) = tries.find(dies) else {
            return;
        };
        let report = server.state();
        assert!(report.contains("IS GONE"), "{report}");
        // A system may send cores elsewhere; where one is, it is shown.
        let kept = report.split_once("its core is kept in ");
        match kept.and_then(|(_, rest)| rest.split_once('\n')) {
            Some((core, stack)) => {
                std::fs::remove_file(core).unwrap();
                assert!(stack.contains("SIG") || stack.contains("gdb"), "{report}");
            }
            None => assert!(report.contains("the system puts them to"), "{report}"),
        }
    });
}

#[test]
fn windows_that_end_together_are_harmless_without_a_control_client() {
    for_each_version(|program| assert_eq!(survived(program, |_| None), TRIES));
}

#[test]
fn regression_what_ends_a_server_is_reported_in_one_warning_before_it_happens() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let serving = Serving::start(&server, &[]);
        let codes: Vec<&str> = program
            .version
            .hazards()
            .iter()
            .map(|hazard| hazard.code)
            .collect();
        let ready = || {
            let answer = serving.get("/readyz");
            answer.starts_with("HTTP/1.1 200").then_some(answer)
        };
        wait_until("it is ready", SOON, || ready().is_some());
        let (ready, log) = (ready().unwrap(), serving.log());
        for code in ["windows_end_together", "respawn_while_printing"] {
            let is_told = codes.contains(&code);
            assert_eq!(
                ready.contains(&format!("warning {code}: ")),
                is_told,
                "{ready}"
            );
            assert_eq!(log.contains(code), is_told, "{log}");
        }
        // However many there are, it is one warning.
        let warnings = log.lines().filter(|line| line.contains("has it mended"));
        assert_eq!(warnings.count(), usize::from(!codes.is_empty()), "{log}");
        let sentence = format!("tmux {} ends with all its sessions when ", program.version);
        assert_eq!(ready.contains(&sentence), !codes.is_empty(), "{ready}");
    });
}
