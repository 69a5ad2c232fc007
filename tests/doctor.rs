//! `muxwire doctor`: what it finds, and what it advises.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::support::program::{Home, Run};
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, for_each_version, programs, wait_until};

/// A port on which nothing listens.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn doctor(home: &Home, server: &TmuxServer, port: u16, arguments: &[&str]) -> Command {
    let mut command = home.muxwire(["doctor"]);
    command.arg("-S").arg(server.socket()).args(arguments);
    command.arg("--listen").arg(format!("127.0.0.1:{port}"));
    command.env("MUXWIRE_SERVER_TMUX", &server.program().path);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

fn checked(command: &mut Command) -> (Run, Value) {
    let run = Run::of(command.arg("--json"));
    let value: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(value["ok"], run.code == Some(0), "{value}");
    (run, value)
}

/// The state and the text of one check.
fn check<'a>(value: &'a Value, name: &str) -> (&'a str, String) {
    let mut checks = value["checks"].as_array().unwrap().iter();
    let check = checks.find(|check| check["check"] == name);
    let check = check.unwrap_or_else(|| panic!("no {name} in {value}"));
    let text = format!("{} {}", check["found"], check["remedy"]);
    (check["state"].as_str().unwrap(), text)
}

#[test]
fn what_is_well_and_what_a_version_brings_is_reported() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let home = Home::new();
        let (run, value) = checked(&mut doctor(&home, &server, free_port(), &[]));
        assert_eq!(run.code, Some(0), "{run:?}");
        for name in ["configuration", "address", "state_dir", "tmux_server"] {
            assert_eq!(check(&value, name).0, "ok", "{value}");
        }
        let version = program.version.to_string();
        assert!(check(&value, "tmux_server").1.contains(&version), "{value}");
        let (state, text) = check(&value, "tokens");
        assert_eq!(state, "warning");
        assert!(text.contains("muxwire token create"), "{text}");
        let (state, text) = check(&value, "muxwire");
        assert_eq!(state, "warning");
        assert!(text.contains("muxwire serve"), "{text}");
        for hazard in program.version.hazards() {
            let (state, text) = check(&value, hazard.code);
            assert_eq!(state, "warning");
            assert!(text.contains("3.8 has it mended"), "{text}");
        }
        if program.version.hazards().is_empty() {
            assert_eq!(check(&value, "hazards").0, "ok");
        }
        assert_eq!(server.clients(), Vec::<u32>::new());
        assert!(!home.state_dir().exists(), "nothing is made");
    });
}

#[test]
fn a_muxwire_that_runs_is_found_and_one_for_people_reads_well() {
    let server = TmuxServer::start(any_program());
    let serving = Serving::start(&server, &[]);
    wait_until("it is ready", SOON, || {
        serving.get("/readyz").starts_with("HTTP/1.1 200")
    });
    let port = serving.address.port();
    let (_, value) = checked(&mut doctor(&serving.home, &server, port, &[]));
    let (state, text) = check(&value, "muxwire");
    assert_eq!(state, "ok", "{value}");
    assert!(text.contains("ready"), "{text}");
    let run = Run::of(&mut doctor(&serving.home, &server, port, &[]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.stdout.starts_with("ok       configuration  "),
        "{run:?}"
    );
    assert!(run.stdout.contains("\nok       muxwire        "), "{run:?}");
}

#[test]
fn what_is_wrong_fails_with_a_remedy() {
    let server = TmuxServer::absent(any_program());
    let home = Home::new();
    let port = free_port();
    let (run, value) = checked(&mut doctor(&home, &server, port, &[]));
    assert_eq!(run.code, Some(1), "{run:?}");
    let (state, text) = check(&value, "tmux_server");
    assert_eq!(state, "failed");
    assert!(text.contains("tmux new-session -d"), "{text}");

    let (_, value) =
        checked(doctor(&home, &server, port, &[]).env("MUXWIRE_SERVER_TMUX", "/nowhere/tmux"));
    let (state, text) = check(&value, "tmux_program");
    assert_eq!(state, "failed");
    assert!(text.contains("install tmux"), "{text}");

    let mut wrong = doctor(&home, &server, port, &[]);
    let (_, value) = checked(wrong.env("MUXWIRE_SERVER_MAX_CONNECTIONS", "many"));
    let (state, text) = check(&value, "configuration");
    assert_eq!(state, "failed");
    assert!(text.contains("server.max_connections"), "{text}");

    let mut open = home.muxwire(["doctor", "--listen", "192.0.2.1:1", "--no-auth", "-S"]);
    let (_, value) = checked(open.arg(server.socket()));
    let (state, text) = check(&value, "address");
    assert_eq!(state, "failed");
    assert!(text.contains("leave out --no-auth"), "{text}");
}

#[test]
fn tokens_that_others_can_read_fail() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let made = home.run("token create --name me --allow write");
    assert_eq!(made.code, Some(0), "{made:?}");
    let port = free_port();
    let (_, value) = checked(&mut doctor(&home, &server, port, &[]));
    assert_eq!(check(&value, "tokens").0, "ok", "{value}");
    let file = home.state_dir().join("tokens.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let (run, value) = checked(&mut doctor(&home, &server, port, &[]));
    assert_eq!(run.code, Some(1));
    let (state, text) = check(&value, "tokens");
    assert_eq!(state, "failed");
    assert!(text.contains("chmod 600"), "{text}");
}

/// Something else may have the port: a web server, or nothing that speaks HTTP.
#[test]
fn a_stranger_at_the_address_is_distinguished_from_muxwire() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let stranger = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"SSH-2.0-some\r\n").unwrap();
    });
    let (_, value) = checked(&mut doctor(&home, &server, port, &[]));
    stranger.join().unwrap();
    let (state, text) = check(&value, "muxwire");
    assert_eq!(state, "failed", "{text}");
}

#[test]
fn regression_a_server_from_before_an_upgrade_is_judged_as_serve_judges_it() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        for other in programs() {
            let home = Home::new();
            let mut command = doctor(&home, &server, free_port(), &[]);
            command.env("MUXWIRE_SERVER_TMUX", &other.path);
            let (run, value) = checked(&mut command);
            assert_eq!(run.code, Some(0), "{run:?}");
            let (state, text) = check(&value, "tmux_server");
            assert_eq!(state, "ok", "{text}");
            assert!(text.contains(&program.version.to_string()), "{text}");
            let is_upgrade = other.version != program.version;
            let says_so = text.contains("the program of the server itself");
            assert_eq!(says_so, is_upgrade, "{text}");
            // What ends servers is reported of the one that runs.
            for hazard in program.version.hazards() {
                assert_eq!(check(&value, hazard.code).0, "warning");
            }
        }
    });
}

#[test]
fn what_agents_are_known_by_is_checked() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let port = free_port();
    let (run, value) = checked(&mut doctor(&home, &server, port, &[]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(check(&value, "agent_rules").0, "ok", "{value}");
    let (state, text) = check(&value, "hooks");
    assert_eq!(state, "ok");
    assert!(text.contains("claude: no hooks"), "{text}");

    home.write(".config/muxwire/agents/claude.toml", "id = 5");
    home.write(
        ".claude/settings.json",
        r#"{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "/nowhere/muxwire hook claude Stop"}]}]}}"#,
    );
    let socket = home.path().join("socket");
    let config = format!("[server]\nunix_socket = {socket:?}\n");
    home.write(".config/muxwire/config.toml", &config);
    let (_, value) = checked(&mut doctor(&home, &server, port, &[]));
    let (state, text) = check(&value, "agent_rules");
    assert_eq!(state, "warning");
    assert!(
        text.contains("claude.toml") && text.contains("mend the file"),
        "{text}"
    );
    let (state, text) = check(&value, "hooks");
    assert_eq!(state, "warning");
    assert!(
        text.contains("/nowhere/muxwire") && text.contains("hooks install claude"),
        "{text}"
    );
    let (state, text) = check(&value, "unix_socket");
    assert_eq!(state, "warning");
    assert!(text.contains("muxwire serve"), "{text}");

    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let (_, value) = checked(&mut doctor(&home, &server, port, &[]));
    assert_eq!(check(&value, "unix_socket").0, "ok", "{value}");
    drop(listener);
    fs::remove_file(&socket).unwrap();
    home.write("socket", "no socket");
    let (run, value) = checked(&mut doctor(&home, &server, port, &[]));
    assert_eq!(run.code, Some(1), "{run:?}");
    let (state, text) = check(&value, "unix_socket");
    assert_eq!(state, "failed");
    assert!(text.contains("choose another path"), "{text}");
}
