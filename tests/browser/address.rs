//! `muxwire url` and `muxwire serve`: addresses that let a browser in.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::stage::Answer;
use crate::support::executable::write_script;
use crate::support::program::{Home, Run};
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program, wait_until};

/// Shows a code to the running program, as a page of it would; what it answers.
fn shown(address: &str, code: &str) -> (u16, Value) {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let body = json!({ "code": code }).to_string();
    let length = body.len();
    let request = format!(
        "POST /api/session HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let answer = Answer::read(&answer);
    (
        answer.status,
        serde_json::from_str(&answer.body).unwrap_or_default(),
    )
}

/// The code in an address that was printed.
fn code_of(line: &str, base: &str) -> String {
    let code = line.trim_end().strip_prefix(&format!("{base}#code="));
    let code = code.unwrap_or_else(|| panic!("{line:?} is not below {base}"));
    assert_eq!(code.len(), 43, "256 bits: {code}");
    code.to_owned()
}

#[test]
fn an_address_lets_one_browser_in_as_whom_it_is_for() {
    let server = TmuxServer::start(any_program());
    let serving = Serving::start(&server, &[]);
    let (home, address) = (&serving.home, serving.address.to_string());
    let made = home.run("token create --name phone --session web-*");
    assert_eq!(made.code, Some(0), "{made:?}");
    wait_until("the token is known", SOON, || {
        serving.log().contains("the tokens changed")
    });
    let rows = [
        ("", "local", json!([]), "to do everything"),
        (
            "--token phone",
            "phone",
            json!(["web-*"]),
            "the rights of this token",
        ),
    ];
    for (more, name, sessions, said) in rows {
        let run = home.run(&format!("url --listen {address} {more}"));
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(
            run.stderr.contains(said) && !run.stderr.contains("#code"),
            "{run:?}"
        );
        let code = code_of(&run.stdout, &format!("http://{address}/"));
        let (status, who) = shown(&address, &code);
        assert_eq!(
            (status, &who["name"], &who["sessions"]),
            (200, &json!(name), &sessions)
        );
        assert_eq!(shown(&address, &code).0, 401, "it is used up");
        assert!(!serving.log().contains(&code));
    }
    // One that is behind a proxy is named by the proxy's address.
    let run = home.run("url --at https://box.example/mux");
    code_of(&run.stdout, "https://box.example/mux/");
}

#[test]
fn without_authentication_the_address_is_enough() {
    let server = TmuxServer::start(any_program());
    let serving = Serving::start(&server, &["--no-auth"]);
    let address = serving.address;
    let mut command = serving
        .home
        .muxwire(["url", "--listen", &address.to_string()]);
    let run = Run::of(command.env("MUXWIRE_SECURITY_REQUIRE_AUTH", "false"));
    assert_eq!(run.stdout, format!("http://{address}/\n"), "{run:?}");
    assert_eq!(run.stderr, "");
}

/// Arguments, exit code, and what stderr must say.
#[test]
fn mistakes_tell_the_remedy() {
    let home = Home::new();
    let nobody = "url --listen 127.0.0.1:1";
    let rows = [
        (nobody, 1, "`muxwire serve` starts one"),
        ("url --listen 127.0.0.1:0", 1, "say with --listen or --at"),
        ("url --at box.example", 2, "https://box.example/muxwire"),
        ("url --at https://x --listen 1", 2, "cannot be used with"),
        (
            "url --at https://x --token phone",
            1,
            "`muxwire token list` shows all",
        ),
    ];
    for (arguments, code, said) in rows {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(code), "{arguments}: {run:?}");
        assert!(run.stderr.contains(said), "{arguments}: {run:?}");
        assert_eq!(run.stdout, "", "{arguments}");
    }
    let folder = home.state_dir().join("codes");
    let made = fs::read_dir(&folder).map_or(0, Iterator::count);
    assert_eq!(made, 0, "no code is made for nothing");
}

/// A browser's opener that keeps what it was started with.
fn opener(folder: &Path) -> String {
    let kept = folder.join("opened");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" > {0}.new && mv {0}.new {0}\n",
        kept.display()
    );
    write_script(&folder.join("xdg-open"), &script);
    format!("{}:/usr/bin:/bin", folder.display())
}

#[test]
fn the_browser_is_opened_without_the_code_in_its_arguments() {
    let server = TmuxServer::start(any_program());
    let tools = tempfile::tempdir().unwrap();
    let path = opener(tools.path());
    let serving = Serving::start_with(&server, &["--open"], &[("PATH", &path)]);
    let (home, address) = (&serving.home, serving.address.to_string());
    let opened = tools.path().join("opened");
    for round in 0..2 {
        if round > 0 {
            fs::remove_file(&opened).unwrap();
            let mut command = home.muxwire(["url", "--open", "--listen", &address]);
            let run = Run::of(command.env("PATH", &path));
            assert_eq!((run.code, &*run.stdout), (Some(0), ""), "{run:?}");
        }
        wait_until("the opener runs", SOON, || opened.exists());
        let argument = fs::read_to_string(&opened).unwrap();
        let file = home.state_dir().join("open.html");
        assert_eq!(argument, format!("{}\n", file.display()));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let page = fs::read_to_string(&file).unwrap();
        let url = page
            .split("url=")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let code = code_of(url, &format!("http://{address}/"));
        assert_eq!(shown(&address, &code).0, 200);
    }
    // Where there is none, the address is the next best.
    let mut command = home.muxwire(["url", "--open", "--listen", &address]);
    let run = Run::of(command.env("PATH", "/nowhere"));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stderr.contains("`muxwire url`") && !run.stderr.contains("#code"),
        "{run:?}"
    );
}

/// In a terminal, `serve` lets whoever started it in at once; in a pane, which others read, it does not.
#[test]
fn serve_shows_the_address_to_a_terminal_that_nobody_else_reads() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_muxwire");
    // tmux lends the terminal alone: the program does not know of it.
    for (name, prefix, has_code) in [("bare", "env -u TMUX", true), ("pane", "env", false)] {
        let socket = server.socket();
        let command = format!(
            "{prefix} HOME={} MUXWIRE_SERVER_TMUX={} {program} serve --listen 127.0.0.1:0 -S {} 2>/dev/null; exec cat",
            home.path().display(),
            server.program().path.display(),
            socket.display(),
        );
        server.new_session(name, &command);
        let target = format!("={name}:");
        let read = || server.run(["capture-pane", "-p", "-J", "-t", &target]);
        wait_until("the address is shown", SOON, || {
            read().contains("dashboard at http://127.0.0.1:")
        });
        let text = read();
        assert_eq!(text.contains("/#code="), has_code, "{text}");
        assert_eq!(text.contains("`muxwire url --open`"), !has_code, "{text}");
        if has_code {
            let line = text.lines().find(|line| line.contains("#code=")).unwrap();
            let (url, code) = line.split_once("/#code=").unwrap();
            let address = url.strip_prefix("dashboard at http://").unwrap();
            assert_eq!(shown(address, code.trim_end()).0, 200, "{text}");
        }
    }
}
