//! `muxwire url` and `muxwire serve`: addresses that let a browser in.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use jiff::Timestamp;
use muxwire::auth::{CodeHolder, CodeStore};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::stage::Answer;
use crate::support::executable::write_script;
use crate::support::program::{Home, Run};
use crate::support::serving::{LOG, Serving};
use crate::support::{KillOnDrop, SOON, TmuxServer, any_program, signal, wait_until};

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

/// A terminal that is no pane for what runs in it: tmux lends it alone, and is not above the program, which is ended with this.
struct OwnTerminal<'a> {
    server: &'a TmuxServer,
    target: String,
    process: PathBuf,
}

impl<'a> OwnTerminal<'a> {
    /// Runs a command there, without single quotes, once the process that brings it there is gone.
    fn run(server: &'a TmuxServer, home: &Home, name: &str, command: &str) -> Self {
        let process = home.path().join(format!("{name}.pid"));
        let script = format!(
            "while [ \"$(cat /proc/$(cut -d\" \" -f4 /proc/$$/stat)/comm)\" = setsid ]; do sleep 0.01; done; \
             echo $$ > {}; exec env -u TMUX {command}",
            process.display()
        );
        server.new_session(name, &format!("setsid -f sh -c '{script}'; exec cat"));
        Self {
            server,
            target: format!("={name}:"),
            process,
        }
    }

    fn text(&self) -> String {
        let target = &self.target;
        self.server.run(["capture-pane", "-p", "-J", "-t", target])
    }

    /// The line that begins so, as soon as it is there.
    fn line(&self, start: &str) -> String {
        let find = || {
            let text = self.text();
            let found = text.lines().find(|line| line.starts_with(start));
            found.map(str::to_owned)
        };
        wait_until("the line is shown", SOON, || find().is_some());
        find().unwrap()
    }
}

impl Drop for OwnTerminal<'_> {
    fn drop(&mut self) {
        let process = fs::read_to_string(&self.process).unwrap_or_default();
        if let Ok(process) = process.trim().parse() {
            signal(process, Signal::KILL);
        }
    }
}

/// The command that serves this tmux to a terminal.
fn serving(server: &TmuxServer, home: &Home, more: &str) -> String {
    let program = env!("CARGO_BIN_EXE_muxwire");
    format!(
        "env HOME={} MUXWIRE_SERVER_TMUX={} {program} serve --listen 127.0.0.1:0 -S {} {more} 2>{}",
        home.path().display(),
        server.program().path.display(),
        server.socket().display(),
        home.path().join(LOG).display(),
    )
}

/// In a terminal, `serve` lets whoever started it in at once; in a pane, which others read, it does not.
#[test]
fn serve_shows_the_address_to_a_terminal_that_nobody_else_reads() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let command = serving(&server, &home, "");
    let bare = OwnTerminal::run(&server, &home, "bare", &command);
    let line = bare.line("dashboard at http://127.0.0.1:");
    let (url, code) = line
        .split_once("/#code=")
        .unwrap_or_else(|| panic!("{line}"));
    let address = url.strip_prefix("dashboard at http://").unwrap();
    assert_eq!(shown(address, code.trim_end()).0, 200, "{line}");
    // sudo and su take away what tmux says of the pane.
    for (name, prefix) in [("pane", "env"), ("sudo", "env -u TMUX -u TMUX_PANE")] {
        server.new_session(name, &format!("{prefix} {command}; exec cat"));
        let target = format!("={name}:");
        let read = || server.run(["capture-pane", "-p", "-J", "-t", &target]);
        wait_until("the address is shown", SOON, || {
            read().contains("`muxwire url --open`")
        });
        let text = read();
        assert!(text.contains("dashboard at http://127.0.0.1:"), "{text}");
        assert!(!text.contains("#code="), "{text}");
    }
}

/// No address with a code, no browser and nobody to print to: each is a pity, and nothing to end for.
#[test]
fn regression_serve_goes_on_where_no_code_can_be_made() {
    type Spoil = fn(&Home);
    let rows: [(&str, Spoil, &str); 2] = [
        ("full", all_codes_taken, "64 codes wait to be used already"),
        (
            "barred",
            |home| {
                home.write(".local/state/muxwire/codes", "no folder");
            },
            "can't make the state directory",
        ),
    ];
    let server = TmuxServer::start(any_program());
    for (name, spoil, why) in rows {
        for more in ["", "--open"] {
            let home = Home::new();
            spoil(&home);
            let name = format!("{name}{more}");
            let command = serving(&server, &home, more);
            let terminal = OwnTerminal::run(&server, &home, &name, &command);
            let line = terminal.line("dashboard at http://127.0.0.1:");
            assert!(
                line.contains("`muxwire url`") && !line.contains("#code="),
                "{line}"
            );
            let log = fs::read_to_string(home.path().join(LOG)).unwrap();
            assert!(log.contains(why), "{log}");
            let address = line.strip_prefix("dashboard at http://").unwrap();
            let address = address.split('/').next().unwrap();
            assert_eq!(shown(address, "none").0, 401, "it serves");
        }
    }
}

#[test]
fn regression_serve_prints_the_address_where_no_browser_can_be_opened() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    // In the place of the file that would lead the browser there.
    home.write(".local/state/muxwire/open.html/x", "");
    let command = serving(&server, &home, "--open");
    let terminal = OwnTerminal::run(&server, &home, "closed", &command);
    let line = terminal.line("dashboard at http://127.0.0.1:");
    let (url, code) = line
        .split_once("/#code=")
        .unwrap_or_else(|| panic!("{line}"));
    let address = url.strip_prefix("dashboard at http://").unwrap();
    assert_eq!(shown(address, code.trim_end()).0, 200, "{line}");
    let log = fs::read_to_string(home.path().join(LOG)).unwrap();
    assert!(log.contains("the dashboard is not opened"), "{log}");
}

/// A program that opens addresses may start and find no browser, which nobody learns of.
#[test]
fn serve_says_where_the_dashboard_is_though_a_browser_was_opened() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let tools = tempfile::tempdir().unwrap();
    let command = format!(
        "env PATH={} {}",
        opener(tools.path()),
        serving(&server, &home, "--open")
    );
    let terminal = OwnTerminal::run(&server, &home, "opened", &command);
    let line = terminal.line("dashboard at http://127.0.0.1:");
    assert!(
        line.contains("`muxwire url`") && !line.contains("#code="),
        "{line}"
    );
    let opened = tools.path().join("opened");
    wait_until("the opener runs", SOON, || opened.exists());
}

#[test]
fn regression_serve_goes_on_where_nobody_reads_what_it_prints() {
    let server = TmuxServer::start(any_program());
    let full = || {
        OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
            .into()
    };
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer.into()
    };
    let outputs: [&dyn Fn() -> Stdio; 2] = [&full, &closed];
    for output in outputs {
        let home = Home::new();
        let path = home.path().join(LOG);
        let mut command = Serving::command(&home, &server, &[], &[]);
        command
            .stdout(output())
            .stderr(fs::File::create(&path).unwrap());
        let mut child = KillOnDrop(command.spawn().unwrap());
        let address = || {
            let log = fs::read_to_string(&path).unwrap();
            let (_, rest) = log.split_once("listening on ws://")?;
            Some(rest.split_once("/monitor, which")?.0.to_owned())
        };
        wait_until("the log says where it listens", SOON, || {
            address().is_some()
        });
        assert_eq!(shown(&address().unwrap(), "none").0, 401, "it serves");
        assert_eq!(child.0.try_wait().unwrap(), None);
    }
}

/// Makes as many codes as may wait.
fn all_codes_taken(home: &Home) {
    let store = CodeStore::new(home.state_dir());
    while store.create(CodeHolder::Local, Timestamp::now()).is_ok() {}
}
