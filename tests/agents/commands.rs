//! `muxwire status`, `list`, `wait` and `explain` as programs, beside agents in a real tmux.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use muxwire::ids::PaneId;
use rustix::process::Signal;
use serde_json::Value;

use super::replay::said_wrongly;
use super::stage::{Fake, Stage};
use crate::support::program::Run;
use crate::support::serving::Serving;
use crate::support::{
    Program, SOON, any_program, executable, for_each_version, signal, wait_until,
};

/// A server in front of a stage, and its commands.
struct Desk {
    serving: Serving,
}

impl Desk {
    fn new(stage: &Stage) -> Self {
        let serving = Serving::start(&stage.tmux, &["--no-auth"]);
        Self { serving }
    }

    /// Begins a command that asks the server.
    fn begin(&self, arguments: &[&str]) -> Child {
        let mut command = self.serving.home.muxwire(arguments);
        command.env("MUXWIRE_URL", self.url());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn url(&self) -> String {
        format!("ws://{}", self.serving.address)
    }

    /// Runs a command to its end.
    fn run(&self, arguments: &str) -> Run {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        Run::wait(self.begin(&arguments))
    }

    /// What a command prints that does what it is asked for.
    fn printed(&self, arguments: &str) -> String {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(0), "{arguments}: {run:?}");
        run.stdout
    }

    /// Clients that have been connected so far.
    fn connections(&self) -> u64 {
        let text = self.serving.get("/metrics");
        let mut lines = text.lines();
        let count = lines.find_map(|line| line.strip_prefix("muxwire_connections_total "));
        count.unwrap().parse().unwrap()
    }

    /// Waits until so many clients have been connected.
    fn has_had(&self, clients: u64) {
        wait_until("the clients are connected", SOON, || {
            self.connections() >= clients
        });
    }
}

/// An agent in a session that shows one scene after another, up to this one.
fn playing(stage: &mut Stage, session: &str, recording: &str, last: usize) -> (Fake, PaneId) {
    let agent = recording.split('-').next().unwrap();
    let fake = stage.fake(agent);
    let pane = stage.session(session, &fake.command);
    for scene in &stage.scenes(recording)[..=last] {
        fake.print(scene);
    }
    (fake, pane)
}

#[test]
fn agents_in_different_states_stand_in_a_table_those_first_that_wait() {
    for_each_version(|program| {
        let mut stage = Stage::new(program);
        let desk = Desk::new(&stage);
        assert_eq!(desk.printed("status"), "no agents\n");
        let (_busy, busy) = playing(&mut stage, "busy", "claude-2.1.332/permission-bash", 1);
        let (_ready, ready) = playing(&mut stage, "ready", "claude-2.1.332/permission-bash", 0);
        let (_waits, waits) = playing(&mut stage, "waits", "claude-2.1.332/permission-bash", 2);
        for (session, state) in [("busy", "busy"), ("ready", "ready"), ("waits", "waiting")] {
            let arguments = format!("wait {session} --until {state} --timeout 30s");
            assert_eq!(desk.printed(&arguments), format!("{state}\n"));
        }
        let table = desk.printed("status");
        let rows: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(
            rows[0],
            ["AGENT", "STATE", "REASON", "AGE", "SEEN", "PANE", "PLACE"]
        );
        let expected = [
            (waits, "waiting", "permission", "-", "waits:0.0"),
            // It has done nothing yet.
            (ready, "ready", "-", "yes", "ready:0.0"),
            (busy, "busy", "-", "-", "busy:0.0"),
        ];
        for (row, (pane, state, reason, seen, place)) in rows[1..].iter().zip(expected) {
            assert_eq!(row[..3], ["claude", state, reason], "{table}");
            assert_eq!(row[4..], [seen, &*pane.to_string(), place], "{table}");
        }
        let agents: Value = serde_json::from_str(&desk.printed("status --json")).unwrap();
        assert_eq!(agents[0]["pane"], waits.to_string(), "{agents}");
        assert_eq!(agents[0]["reason"], "permission", "{agents}");
        assert_eq!(agents[0]["place"], "waits:0.0", "{agents}");
        let list = desk.printed("list");
        for text in ["waits:0.0", "claude (waiting)", "120x"] {
            assert!(list.contains(text), "{list}");
        }
        let panes: Value = serde_json::from_str(&desk.printed("list --json")).unwrap();
        let mut panes = panes.as_array().unwrap().iter();
        let busy = panes.find(|pane| pane["session"] == "busy").unwrap();
        assert_eq!(busy["agent"]["status"], "busy", "{busy}");
    });
}

#[test]
fn agents_that_were_seen_stand_behind_those_that_were_not() {
    for_each_version(|program| {
        let mut stage = Stage::new(program);
        let desk = Desk::new(&stage);
        const RECORDING: &str = "claude-2.1.332/permission-bash";
        let mut fakes = Vec::new();
        for session in ["a", "b", "c"] {
            fakes.push(playing(&mut stage, session, RECORDING, 0));
            desk.printed(&format!("wait {session} --until ready --timeout 30s"));
        }
        let scenes = stage.scenes(RECORDING);
        for (fake, session) in [(1, "b"), (2, "c")] {
            for (scene, state) in [(1, "busy"), (2, "waiting"), (3, "busy"), (4, "ready")] {
                fakes[fake].0.print(&scenes[scene]);
                desk.printed(&format!("wait {session} --until {state} --timeout 30s"));
            }
        }
        let order = || -> Vec<(String, String)> {
            let table = desk.printed("status");
            let rows = table.lines().skip(1);
            let row = |line: &str| {
                let row: Vec<&str> = line.split_whitespace().collect();
                (row[6].to_owned(), row[4].to_owned())
            };
            rows.map(row).collect()
        };
        let expected = |rows: [(&str, &str); 3]| {
            rows.map(|(place, seen)| (format!("{place}:0.0"), seen.to_owned()))
        };
        // The first has done nothing yet.
        assert_eq!(order(), expected([("b", "-"), ("c", "-"), ("a", "yes")]));
        assert_eq!(desk.printed("seen a b"), "");
        assert_eq!(order(), expected([("c", "-"), ("a", "yes"), ("b", "yes")]));
        // Once it does something else, nobody has seen that.
        fakes[0].0.print(&scenes[1]);
        fakes[0].0.print(&scenes[2]);
        desk.printed("wait a --until waiting --timeout 30s");
        assert_eq!(order(), expected([("a", "-"), ("c", "-"), ("b", "yes")]));
        desk.printed("seen --all");
        assert_eq!(
            order(),
            expected([("a", "yes"), ("b", "yes"), ("c", "yes")])
        );
        let agents: Value = serde_json::from_str(&desk.printed("status --json")).unwrap();
        assert_eq!(agents[0]["seen"], true, "{agents}");
        let run = desk.run("seen main");
        assert_eq!(run.code, Some(5), "{run:?}");
        assert!(run.stderr.contains("there is no agent in %0"), "{run:?}");
        assert_eq!(desk.run("seen nowhere").code, Some(3));
        assert_eq!(desk.run("seen").code, Some(2));
    });
}

#[test]
fn a_watched_status_is_printed_again_when_an_agent_changes() {
    let mut stage = Stage::new(any_program());
    let desk = Desk::new(&stage);
    let mut watching = desk.begin(&["status", "--watch", "--json"]);
    desk.has_had(1);
    let (fake, pane) = playing(&mut stage, "work", "claude-2.1.332/permission-bash", 0);
    let stdout = watching.stdout.take().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stdout));
    assert_eq!(lines.next().unwrap().unwrap(), "[]");
    let mut until = |state: &str| {
        for line in lines.by_ref() {
            let agents: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if agents[0]["status"] == state {
                assert_eq!(agents[0]["pane"], pane.to_string());
                return;
            }
        }
        panic!("no {state}");
    };
    until("ready");
    for scene in &stage.scenes("claude-2.1.332/permission-bash")[1..3] {
        fake.print(scene);
    }
    until("waiting");
    signal(watching.id(), Signal::KILL);
    watching.wait().unwrap();
}

#[test]
fn waits_end_with_a_code_that_says_how() {
    for_each_version(|program| {
        let mut stage = Stage::new(program);
        let desk = Desk::new(&stage);
        // It waits for what is about to start, and for a session that comes only then.
        let waiting = desk.begin(&["wait", "work", "--until", "waiting", "--until", "ready"]);
        desk.has_had(1);
        let (fake, pane) = playing(&mut stage, "work", "claude-2.1.332/permission-bash", 0);
        let run = Run::wait(waiting);
        assert_eq!((run.code, &*run.stdout), (Some(11), "ready\n"), "{run:?}");
        // By its type, since there is one of it; and in the state that it is in.
        let run = desk.run("wait claude --until ready --json");
        let came: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(came["pane"], pane.to_string(), "{run:?}");
        assert_eq!(came["agent"]["agent_type"], "claude", "{run:?}");
        // What doesn't come.
        let run = desk.run("wait work --until waiting --timeout 3s");
        assert_eq!(run.code, Some(4), "{run:?}");
        assert!(run.stderr.contains("is ready"), "{run:?}");
        // A text that is there, and one that comes, however the terminal wraps it.
        assert_eq!(desk.printed("wait work --until Opus"), "Opus\n");
        let waiting = desk.begin(&[
            "wait",
            "work",
            "--until",
            "error",
            "--until",
            "all has come",
        ]);
        desk.printed("list");
        let text = stage.tmux.folder().join("text");
        let printed = format!("\x1b[H{}all\x1b[1m has\x1b[0m come", "x".repeat(114));
        fs::write(&text, printed).unwrap();
        fake.print_file(&text);
        let run = Run::wait(waiting);
        assert_eq!((run.code, &*run.stdout), (Some(11), "all has come\n"));
        // The end.
        let before = desk.connections();
        let ready = desk.begin(&["wait", "work", "--until", "waiting"]);
        let exited = desk.begin(&["wait", "work", "--until", "error", "--until", "exited"]);
        desk.has_had(before + 2);
        desk.printed("status");
        fake.end();
        let run = Run::wait(ready);
        assert_eq!(run.code, Some(5), "{run:?}");
        let run = Run::wait(exited);
        assert_eq!((run.code, &*run.stdout), (Some(11), "exited\n"), "{run:?}");
    });
}

#[test]
fn targets_that_are_not_there_or_several_are_refused_with_a_code_of_their_own() {
    let mut stage = Stage::new(any_program());
    let desk = Desk::new(&stage);
    let (_one, one) = playing(&mut stage, "one", "claude-2.1.332/permission-bash", 0);
    let (_other, other) = playing(&mut stage, "other", "claude-2.1.332/permission-bash", 0);
    for session in ["one", "other"] {
        desk.printed(&format!("wait {session} --until ready --timeout 30s"));
    }
    let run = desk.run("wait claude --until ready");
    assert_eq!(run.code, Some(3), "{run:?}");
    for text in [&*one.to_string(), &*other.to_string(), "one:0.0"] {
        assert!(run.stderr.contains(text), "{run:?}");
    }
    let run = desk.run("wait othr --until ready");
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stderr.contains("did you mean \"other\"?"), "{run:?}");
    let run = desk.run("wait one --until reday --timeout 10ms");
    assert!(
        run.stderr.contains("did you mean the state ready?"),
        "{run:?}"
    );
    let run = desk.run("wait one");
    assert_eq!(run.code, Some(2), "{run:?}");
}

#[test]
fn a_server_that_is_not_there_is_told_with_a_remedy() {
    let stage = Stage::new(any_program());
    let desk = Desk::new(&stage);
    for arguments in ["status", "list", "wait x --until ready"] {
        let run = desk.run(&format!("{arguments} --url ws://127.0.0.1:9"));
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.contains("`muxwire serve`"), "{run:?}");
    }
}

#[test]
fn a_pane_is_explained_and_a_wrong_verdict_becomes_a_fixture() {
    for_each_version(|program| {
        let mut stage = Stage::new(program);
        let desk = Desk::new(&stage);
        let (_fake, pane) = playing(&mut stage, "work", "claude-2.1.332/permission-bash", 2);
        desk.printed("wait work --until waiting --timeout 30s");
        let folder = stage.tmux.folder().join("fixtures");
        let save = |right: &str| {
            let saving = "explain work --agent-version 2.1.332 --save-fixture";
            let run = desk.run(&format!("{saving} {right} --fixtures {}", folder.display()));
            assert_eq!(run.code, Some(0), "{run:?}");
            let said = run.stderr.split_once("muxwire: ").unwrap().1;
            (run.stdout, said.split_once(" and ").unwrap().0.to_owned())
        };
        let (text, right) = save("waiting/permission");
        for part in [
            &*format!("{pane} (work:0.0): the server says waiting (permission), high confidence"),
            "its screen says waiting, by the rule ",
            "evidence that the server holds, the strongest first:",
            "screen  waiting (permission)  strength 90  counts",
            "  process ",
            ", priority ",
            "does not match",
            "Do you want to proceed?",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(
            right.contains("/claude-2.1.332/waiting-permission-"),
            "{right}"
        );
        assert_eq!(said_wrongly(Path::new(&right)), [""; 0]);
        let (_, wrong) = save("ready");
        assert_eq!(said_wrongly(Path::new(&wrong)), ["waiting permission"]);
        // A saved screen is explained without a server, and the fixture is one.
        let home = &desk.serving.home;
        let run = home.run(&format!("explain --screen {right} --agent claude --json"));
        let value: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(value["screen"], "waiting", "{value}");
        assert!(value["rules"].as_array().unwrap().len() > 5, "{value}");
        // Rules of the user count too.
        let rules = "id = \"claude\"\n[[rule]]\nid = \"mine\"\nstate = \"error\"\npriority = 9999\n\
                     when = { region = \"screen\", exists = true }\n";
        home.write(".config/muxwire/agents/claude.toml", rules);
        let run = home.run(&format!("explain --screen {right} --agent claude --json"));
        let value: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            (&value["screen"], &value["rule"]),
            (&"error".into(), &"mine".into())
        );
    });
}

#[test]
fn what_can_not_be_explained_is_said() {
    let stage = Stage::new(any_program());
    let desk = Desk::new(&stage);
    stage.session("plain", "exec cat");
    let come = "the session is known";
    wait_until(come, SOON, || desk.printed("list").contains("plain:0.0"));
    let rows = [
        ("explain plain", 5, "--agent NAME"),
        (
            "explain plain --agent cluade",
            1,
            "did you mean \"claude\"?",
        ),
        ("explain", 2, "required"),
        ("explain --screen x", 2, "--agent"),
        (
            "explain --screen /nowhere --agent claude",
            1,
            "can't read /nowhere",
        ),
        ("explain plain --save-fixture idle", 2, "a state is busy"),
    ];
    for (arguments, code, part) in rows {
        let run = desk.run(arguments);
        assert_eq!(run.code, Some(code), "{arguments}: {run:?}");
        assert!(run.stderr.contains(part), "{arguments}: {run:?}");
    }
    let screen = stage.tmux.folder().join("screen");
    fs::write(&screen, "diff> ").unwrap();
    let text = desk.printed(&format!(
        "explain --screen {} --agent aider",
        screen.display()
    ));
    assert!(
        text.contains("its screen says ready, by the rule"),
        "{text}"
    );
}

/// The script for orchestrators as it stands in the guide.
fn script() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/usage.md");
    let guide = fs::read_to_string(path).unwrap();
    let (_, rest) = guide.split_once("```sh\n#!/bin/sh\n").unwrap();
    let (script, _) = rest.split_once("```").unwrap();
    assert!(script.lines().count() < 15, "{script}");
    format!("#!/bin/sh\n{script}")
}

/// What the script runs by name: tmux and muxwire as the test has them, and an agent.
fn programs(stage: &Stage, desk: &Desk, program: &Program, agent: &str) -> PathBuf {
    let bin = stage.tmux.folder().join("on-path");
    fs::create_dir_all(&bin).unwrap();
    let (tmux, socket) = (program.path.display(), stage.tmux.socket());
    let others = std::env::var("PATH").unwrap();
    let muxwire = desk.serving.home.muxwire([""; 0]);
    let wrappers = [
        ("claude", format!("#!/bin/sh\nexec {agent}\n")),
        // The program may be called `tmux` too, and is then to be found where it is, not here.
        (
            "tmux",
            format!(
                "#!/bin/sh\nfound=$(PATH='{others}' command -v {tmux})\nexec \"$found\" -S {socket:?} \"$@\"\n"
            ),
        ),
        (
            "muxwire",
            format!("#!/bin/sh\nexec {:?} \"$@\"\n", muxwire.get_program()),
        ),
        ("script", script()),
    ];
    for (name, text) in wrappers {
        executable::write_script(&bin.join(name), &text);
    }
    let path = format!("{}:{others}", bin.display());
    stage.tmux.run(["set-environment", "-g", "PATH", &path]);
    bin
}

#[test]
fn the_script_for_orchestrators_does_what_the_guide_says() {
    for_each_version(|program| {
        let mut stage = Stage::new(program);
        let desk = Desk::new(&stage);
        let (fake, log) = stage.composer("claude");
        let bin = programs(&stage, &desk, program, &fake.command);
        let begin = || {
            let mut command = Command::new(bin.join("script"));
            let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
            command.env_clear().env("PATH", path);
            command.env("MUXWIRE_URL", desk.url());
            command.env("HOME", desk.serving.home.path());
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        let run = Run::wait(begin());
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stdout.contains("Done."), "{run:?}");
        let given = || fs::read_to_string(&log).unwrap_or_default();
        let prompt = "{\"prompt\": \"Run the checks.\"}\n";
        assert_eq!(given(), prompt);
        let agents: Value = serde_json::from_str(&desk.printed("status --json")).unwrap();
        assert_eq!(agents[0]["seen"], true, "{agents}");
        // An agent that asks has no result yet.
        stage.tmux.run(["kill-session", "-t", "=task"]);
        fake.say("work-next");
        let running = begin();
        wait_until("it works", SOON, || given() == prompt.repeat(2));
        desk.printed("wait task --until busy --timeout 30s");
        fake.say("ask make test");
        let run = Run::wait(running);
        assert_eq!(run.code, Some(75), "{run:?}");
        assert!(run.stderr.contains("waiting"), "{run:?}");
    });
}
