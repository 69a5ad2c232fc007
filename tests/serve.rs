//! The program as a process: its start, its end, and what it leaves behind.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::support::program::{Home, Run};
use crate::support::serving::Serving;
use crate::support::{
    Program, SOON, TmuxServer, any_program, for_each_version, for_each_version_async, is_alive,
    signal, wait_until,
};

/// What the requirements give muxwire to end in, and what a busy machine may add.
const END: Duration = Duration::from_secs(5 + 2);

/// Waits until muxwire has attached its links, one a session and one more.
fn linked(server: &TmuxServer, links: usize) {
    wait_until("the links", SOON, || server.clients().len() == links);
}

#[test]
fn sigterm_notifies_clients_and_leaves_tmux_as_it_was() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let serving = Serving::start(&server, &["--no-auth"]);
        linked(&server, 2);
        let mut client = serving.client().await;
        client
            .ask(json!({"action": "subscribe"}), "subscribed")
            .await;
        serving.signal(Signal::TERM);
        let farewell = client.find("shutdown").await;
        assert!(farewell["retry_after_ms"].is_u64(), "{farewell}");
        assert_eq!(client.close_code().await, Some(4001));
        let (code, log, _) = serving.ended_within(END);
        assert_eq!(code, Some(0), "{log}");
        assert_eq!(server.clients(), Vec::<u32>::new(), "no link is left");
        assert_eq!(server.run(["list-sessions", "-F", "#S"]), "main\n");
    });
}

#[test]
fn it_ends_in_time_though_tmux_has_stopped() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let serving = Serving::start(&server, &["--no-auth"]);
        linked(&server, 2);
        let resume = Stopped::new(server.pid());
        serving.signal(Signal::TERM);
        let (code, log, _) = serving.ended_within(END);
        assert_eq!(code, Some(0), "{log}");
        drop(resume);
        wait_until("no link is left", SOON, || server.clients().is_empty());
    });
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = TmuxServer::start(any_program());
    let serving = Serving::start(&server, &["--no-auth"]);
    linked(&server, 2);
    let resume = Stopped::new(server.pid());
    serving.signal(Signal::INT);
    wait_until("the first signal is heard", SOON, || {
        std::net::TcpStream::connect(serving.address).is_err()
    });
    serving.signal(Signal::INT);
    let (code, log, took) = serving.ended_within(END);
    assert_eq!(code, Some(130), "{log}");
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    drop(resume);
    wait_until("no link is left", SOON, || server.clients().is_empty());
}

#[test]
fn regression_files_that_others_read_do_not_wake_muxwire() {
    let server = TmuxServer::start(any_program());
    let serving = Serving::start(&server, &["--no-auth"]);
    linked(&server, 2);
    let socket = server.socket();
    let watched = socket.parent().unwrap();
    let files = ["one", "other"].map(|name| watched.join(name));
    for file in &files {
        std::fs::write(file, "").unwrap();
    }
    let before = waits(serving.pid());
    for file in files.iter().cycle().take(4000) {
        std::fs::read(file).unwrap();
    }
    let waits = waits(serving.pid()) - before;
    assert!(waits < 100, "its threads woke {waits} times");
}

/// How often the threads of a process have waited for something.
fn waits(pid: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let of_thread = |thread: std::io::Result<std::fs::DirEntry>| {
        // A thread may have ended since the folder was read.
        let status = std::fs::read_to_string(thread.ok()?.path().join("status")).ok()?;
        let count = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        count.trim().parse::<u64>().ok()
    };
    threads.filter_map(of_thread).sum()
}

/// A process that is stopped until this is dropped.
struct Stopped(u32);

impl Stopped {
    fn new(pid: u32) -> Self {
        signal(pid, Signal::STOP);
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal(self.0, Signal::CONT);
    }
}

#[test]
fn sigkill_under_flood_leaves_a_healthy_server() {
    for_each_version(|program| {
        let mut server = TmuxServer::start(program);
        server.new_session(
            "flood",
            "while :; do head -c 65536 /dev/zero | tr '\\0' x; done",
        );
        let serving = Serving::start(&server, &["--no-auth"]);
        linked(&server, 3);
        serving.signal(Signal::KILL);
        serving.ended_within(END);
        wait_until("no link is left", SOON, || server.clients().is_empty());
        assert_eq!(
            server.run(["display-message", "-p", "-t", "=main:", "#S"]),
            "main\n"
        );
        let pid = server.pid();
        server.run(["kill-server"]);
        wait_until("the end of the server", SOON, || !is_alive(pid));
        server.boot();
        assert_eq!(server.run(["list-sessions", "-F", "#S"]), "main\n");
    });
}

#[test]
fn a_first_start_says_how_to_make_a_token() {
    let server = TmuxServer::start(any_program());
    let serving = Serving::start(&server, &[]);
    serving.signal(Signal::TERM);
    let (code, log, _) = serving.ended_within(END);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("muxwire token create --name"), "{log}");
}

#[test]
fn a_tmux_that_cannot_be_used_is_an_error_with_a_remedy() {
    let home = Home::new();
    let not_tmux = home.write("not-tmux", "#!/bin/sh\necho hello\n");
    let old = home.write("old-tmux", "#!/bin/sh\necho tmux 2.6\n");
    for path in [&not_tmux, &old] {
        assert!(
            Command::new("chmod")
                .arg("+x")
                .arg(path)
                .status()
                .unwrap()
                .success()
        );
    }
    let rows = [
        ("/nowhere/tmux".to_owned(), "install tmux"),
        (
            not_tmux.display().to_string(),
            "give the path of a tmux program",
        ),
        (old.display().to_string(), "too old: install 3.2 or later"),
    ];
    for (program, remedy) in rows {
        let mut command = home.muxwire(["serve", "--listen", "127.0.0.1:0", "--no-auth"]);
        let Run {
            code,
            stdout,
            stderr,
        } = Run::of(
            command
                .env("MUXWIRE_SERVER_TMUX", &program)
                .env("PATH", "/usr/bin:/bin"),
        );
        assert_eq!(
            (code, stdout.as_str()),
            (Some(1), ""),
            "{program}: {stderr}"
        );
        assert!(stderr.contains(remedy), "{program}: {stderr}");
    }
}

#[test]
fn a_taken_address_is_an_error_with_a_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let Program { path, .. } = any_program();
    let home = Home::new();
    let mut command = home.muxwire(["serve", "--no-auth", "--listen", &address]);
    let run = Run::of(
        command
            .env("MUXWIRE_SERVER_TMUX", path)
            .env("PATH", "/usr/bin:/bin"),
    );
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("choose another address with --listen"),
        "{}",
        run.stderr
    );
}

#[test]
fn regression_what_is_no_socket_is_refused_before_it_says_that_it_listens() {
    let home = Home::new();
    let file = home.write("file", "");
    let folder = home.path().display().to_string();
    for path in ["/etc/passwd", "/dev/null", file.to_str().unwrap(), &folder] {
        let mut command = home.muxwire(["serve", "--listen", "127.0.0.1:0", "-S", path]);
        command.env("MUXWIRE_SERVER_TMUX", &any_program().path);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = Run::wait(command.spawn().unwrap());
        assert_eq!(run.code, Some(1), "{path}: {run:?}");
        assert_eq!(run.stdout, "", "{path}: {run:?}");
        assert!(run.stderr.contains(path), "{path}: {run:?}");
    }
}

#[test]
fn regression_where_tokens_are_looked_for_is_said() {
    let server = TmuxServer::start(any_program());
    let home = Home::new();
    let (own, other) = (home.path().join("own"), home.path().join("other"));
    let made = home.run(&format!(
        "token create --name me --state-dir {}",
        other.display()
    ));
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stderr.contains(other.to_str().unwrap()), "{made:?}");
    let settings = [("MUXWIRE_SERVER_STATE_DIR", own.to_str().unwrap())];
    let serving = Serving::start_with(&server, &[], &settings);
    let says = |text: &str| wait_until(text, SOON, || serving.log().contains(text));
    says(&format!("there is no token yet in {}", own.display()));
    let mut command = home.muxwire(["watch", "--url"]);
    command.arg(format!("ws://{}/monitor", serving.address));
    command.env("MUXWIRE_TOKEN", made.stdout.trim());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let watch = Run::wait(command.spawn().unwrap());
    assert_eq!(watch.code, Some(1), "{watch:?}");
    for part in [
        "server's own state directory",
        "its log names",
        "--state-dir",
    ] {
        assert!(watch.stderr.contains(part), "{watch:?}");
    }
    let listed = home.run(&format!("token list --state-dir {}", own.display()));
    assert!(listed.stderr.contains(own.to_str().unwrap()), "{listed:?}");
    drop(serving);
    let made = home.run(&format!(
        "token create --name me --state-dir {}",
        own.display()
    ));
    assert_eq!(made.code, Some(0), "{made:?}");
    let serving = Serving::start_with(&server, &[], &settings);
    let text = format!("tokens are looked for in {}", own.display());
    wait_until(&text, SOON, || serving.log().contains(&text));
}
