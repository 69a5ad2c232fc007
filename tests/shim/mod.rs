//! `muxwire run`: real programs behind the shim, in panes of a real tmux.

mod bytes;
mod shell;

use std::fs;

use rustix::process::Signal;

use self::shell::{Shell, has_program, query_script};
use crate::support::program::{Home, Run};
use crate::support::{
    SOON, TmuxServer, any_program, for_each_version, is_alive, signal, wait_until,
};

#[test]
fn the_exit_code_is_the_programs() {
    let shell = Shell::new(any_program());
    let script = shell.file("not-executable");
    fs::write(&script, "echo no").unwrap();
    let missing = shell.file("missing");
    for (what, code) in [
        ("sh -c 'exit 0'", 0),
        ("sh -c 'exit 7'", 7),
        ("sh -c 'exit 255'", 255),
        ("sh -c 'kill -TERM $$'", 143),
        ("sh -c 'kill -KILL $$'", 137),
        (&missing.display().to_string(), 127),
        (&script.display().to_string(), 126),
    ] {
        shell.line(&format!("$MW run -- {what}; echo \"code=$?.\""));
        shell.until(&format!("code={code}."));
        shell.line("clear");
        shell.until_not("code=");
    }
    shell.line("$MW run -- sh -c 'echo out; echo err >&2' 2> err; cat err | tr e E");
    shell.until("out");
    shell.until("Err");
    assert!(shell.is_sane());
}

#[test]
fn programs_are_stopped_and_go_on() {
    for_each_version(|program| {
        let shell = Shell::new(program);
        shell.line("$MW run -- cat");
        shell.until_foreground("muxwire");
        shell.line("one");
        shell.until("one\none");
        shell.keys(&["C-z"]);
        shell.until("Stopped");
        assert!(shell.is_sane(), "the shell has its terminal back");
        shell.line("fg");
        shell.until_foreground("muxwire");
        shell.line("two");
        shell.until("two\ntwo");
        shell.keys(&["C-z"]);
        shell.until_foreground("bash");
        // In the background it neither reads nor changes the terminal.
        shell.line("bg; echo back=$?");
        shell.until("back=0");
        assert!(shell.is_sane());
        shell.line("fg");
        shell.until_foreground("muxwire");
        shell.line("three");
        shell.until("three\nthree");
        shell.keys(&["C-d"]);
        shell.until_foreground("bash");
        shell.line("echo end=$?");
        shell.until("end=0");
    });
}

#[test]
fn a_job_that_begins_in_the_background_comes_to_the_foreground() {
    let shell = Shell::new(any_program());
    shell.line("$MW run -- cat & echo begun");
    shell.until("begun");
    shell.line("echo still here");
    shell.until("still here\nP>");
    shell.line("fg");
    shell.until_foreground("muxwire");
    shell.line("four");
    shell.until("four\nfour");
    shell.keys(&["C-c"]);
    shell.until_foreground("bash");
    assert!(shell.is_sane());
}

#[test]
fn a_shell_behind_the_shim_has_jobs_of_its_own() {
    let shell = Shell::new(any_program());
    shell.line("PS1='Q> ' $MW run -- bash --norc --noprofile -i");
    shell.until("Q>");
    shell.line("sleep 1000");
    shell.until_runs("sleep");
    shell.keys(&["C-z"]);
    shell.until("Stopped");
    // It asks once more where there are stopped jobs.
    shell.line("kill -KILL %1; exit 5; exit 5");
    shell.until("P>");
    shell.line("echo code=$?");
    shell.until("code=5");
}

#[test]
fn an_editor_and_a_pager_work_behind_it() {
    if !has_program("vim") || !has_program("less") {
        eprintln!("not tested: there is no vim or no less");
        return;
    }
    for_each_version(|program| {
        let shell = Shell::new(program);
        let file = shell.file("edited");
        shell.line(&format!("$MW run -- vim -u NONE -N {}", file.display()));
        shell.until("\n~\n~");
        shell.keys(&["i"]);
        shell.type_text("hello");
        shell.keys(&["Escape", "C-z"]);
        shell.until("Stopped");
        assert!(shell.is_sane());
        shell.line("fg");
        shell.until("hello\n~");
        shell.type_text(":wq");
        shell.keys(&["Enter"]);
        wait_until("the file is written", SOON, || file.exists());
        shell.until_foreground("bash");
        assert_eq!(fs::read_to_string(&file).unwrap(), "hello\n");
        let long: String = (1..=100).map(|number| format!("line {number}\n")).collect();
        fs::write(&file, long).unwrap();
        shell.line(&format!("$MW run -- less {}", file.display()));
        shell.until("line 5\n");
        shell.type_text("G");
        shell.until("line 100");
        shell.type_text("q");
        shell.until_foreground("bash");
        assert!(shell.is_sane());
    });
}

#[test]
fn the_program_has_the_panes_size() {
    for_each_version(|program| {
        let shell = Shell::new(program);
        shell.line(
            "$MW run -- sh -c 'stty size; trap \"stty size\" WINCH; while :; do sleep 0.05; done'",
        );
        let size = "#{pane_height} #{pane_width}";
        shell.until(&format!("\n{}\n", shell.server().value(shell.pane(), size)));
        shell.resize(70, 20);
        shell.until("20 70");
        shell.keys(&["C-z"]);
        shell.until("Stopped");
        // What happened meanwhile is made up for.
        shell.resize(60, 15);
        shell.line("fg");
        shell.until("15 60");
        shell.keys(&["C-c"]);
        shell.until_foreground("bash");
        shell.line("echo code=$?");
        shell.until("code=130");
    });
}

#[test]
fn a_query_is_answered_before_what_tmux_answers() {
    for_each_version(|program| {
        let shell = Shell::new(program);
        for (run, answers) in [("", false), ("$MW run -- ", true)] {
            let answer = shell.file("answer");
            let script = query_script(&shell, &answer);
            shell.line(&format!("{run}{}; echo done", script.display()));
            wait_until("it is answered", SOON, || {
                fs::read(&answer).is_ok_and(|read| read.ends_with(b"c"))
            });
            let read = fs::read(&answer).unwrap();
            let expected: &[u8] = if answers {
                b"\x1b]7501;?\x07\x1b["
            } else {
                b"\x1b["
            };
            assert!(read.starts_with(expected), "{run:?}: {read:?}");
            shell.until("done\nP>");
            shell.line("clear");
            shell.until_not("done");
            fs::remove_file(answer).unwrap();
        }
    });
}

#[test]
fn signals_reach_the_program_and_the_terminal_is_whole_after_each_end() {
    let shell = Shell::new(any_program());
    let said = shell.file("said");
    for (name, which) in [
        ("TERM", Signal::TERM),
        ("INT", Signal::INT),
        ("HUP", Signal::HUP),
        ("USR1", Signal::USR1),
    ] {
        let script = format!(
            "trap \"echo {name} > {}; exit 9\" {name}; echo ready{name}; while :; do sleep 0.05; done",
            said.display()
        );
        shell.line(&format!("$MW run -- sh -c '{script}'; echo \"code=$?.\""));
        shell.until(&format!("ready{name}\n"));
        signal(shell.foreground(), which);
        shell.until("code=9.");
        assert_eq!(fs::read_to_string(&said).unwrap().trim(), name);
        assert!(shell.is_sane(), "{name}");
        shell.line("clear");
        shell.until_not("code=");
    }
    // What nobody can pass on: the monitor gives the terminal back, and nothing is left running.
    shell.line("$MW run -- sh -c 'echo pid=$$.; exec sleep 1000'");
    shell.until_runs("sleep");
    let pid = shell.number_after("pid=");
    let family = shell.descendants();
    assert!(family.contains(&pid) && family.len() >= 3, "{family:?}");
    signal(shell.foreground(), Signal::KILL);
    shell.until("Killed");
    assert!(shell.is_sane());
    wait_until("all of it is gone", SOON, || {
        family.iter().all(|pid| !is_alive(*pid))
    });
}

#[test]
fn a_script_gets_its_terminal_back_when_the_shim_is_killed() {
    let shell = Shell::new(any_program());
    let script = shell.file("script");
    // Its parent is the monitor, and that one's parent the shim.
    let kill = "kill -KILL $(ps -o ppid= -p $PPID); sleep 1000";
    fs::write(&script, format!("$MW run -- sh -c '{kill}'\n")).unwrap();
    // sh ends in order, so the shell has no reason to set the terminal right by itself.
    let wait = "until stty -a | grep -q ' icanon'; do sleep 0.05; done";
    shell.line(&format!("sh {}; {wait}; echo over", script.display()));
    shell.until("over\nP>");
    assert!(shell.is_sane());
}

#[test]
fn a_pane_that_is_killed_takes_its_program_with_it() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let said = server.folder().join("said");
        let script = format!(
            "trap \"echo hup > {0}.part; mv {0}.part {0}; exit\" HUP; : > {0}.ready; while :; do sleep 0.05; done",
            said.display()
        );
        let muxwire = env!("CARGO_BIN_EXE_muxwire");
        let pane = server.new_window(&format!("exec {muxwire} run -- sh -c '{script}'"));
        wait_until("it runs", SOON, || said.with_extension("ready").exists());
        server.run(["kill-pane", "-t", &pane.to_string()]);
        wait_until("it is told", SOON, || said.exists());
    });
}

#[test]
fn where_there_is_no_terminal_the_program_takes_its_place() {
    let home = Home::new();
    let mut command = home.muxwire([
        "run",
        "--",
        "/bin/sh",
        "-c",
        "echo out; echo err >&2; exit 3",
    ]);
    let run = Run::of(&mut command);
    assert_eq!(
        (run.code, &*run.stdout, &*run.stderr),
        (Some(3), "out\n", "err\n")
    );
    let run = Run::of(&mut home.muxwire(["run", "--", "/nothing/here"]));
    assert_eq!(run.code, Some(127));
    assert!(
        run.stderr.starts_with("muxwire: can't run /nothing/here: "),
        "{}",
        run.stderr
    );
    let run = Run::of(&mut home.muxwire(["run"]));
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}

#[test]
fn what_the_program_leaves_running_goes_on() {
    let shell = Shell::new(any_program());
    let said = shell.file("said");
    let behind = format!(
        "sh -c 'while [ ! -e go ]; do sleep 0.05; done; echo on > {}' > /dev/null 2>&1 &",
        said.display()
    );
    let script = shell.file("leaves");
    fs::write(&script, behind).unwrap();
    shell.line(&format!("$MW run -- sh {}; echo over=$?", script.display()));
    shell.until("over=0");
    shell.line("touch go");
    wait_until("what was left has gone on", SOON, || said.exists());
}
