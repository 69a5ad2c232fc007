//! What a service manager is notified of, and the units that are installed for it.

use std::fs;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::support::program::{Home, Run};
use crate::support::serving::Serving;
use crate::support::{SOON, TmuxServer, any_program};

/// The next notification of the manager, as its lines.
fn notification(manager: &UnixDatagram) -> Vec<String> {
    let mut news = [0; 512];
    let length = manager.recv(&mut news).expect("news come in time");
    let text = std::str::from_utf8(&news[..length]).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The same, but for signs of life.
fn notified_besides_life(manager: &UnixDatagram) -> Vec<String> {
    loop {
        let news = notification(manager);
        if news != ["WATCHDOG=1"] {
            return news;
        }
    }
}

#[test]
fn the_manager_hears_of_start_life_reload_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let hidden = format!("muxwire-test-{}", std::process::id());
    let rows = [
        (
            UnixDatagram::bind(&path).unwrap(),
            path.to_str().unwrap().to_owned(),
        ),
        (
            UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&hidden).unwrap()).unwrap(),
            format!("@{hidden}"),
        ),
    ];
    for (manager, name) in rows {
        manager.set_read_timeout(Some(SOON)).unwrap();
        let home = Home::new();
        let made = |folder: &str| {
            let folder = home.path().join(folder);
            let run = Run::of(home.muxwire(["cert", "localhost", "--dir"]).arg(&folder));
            assert_eq!(run.code, Some(0), "{run:?}");
            (folder.join("cert.pem"), folder.join("key.pem"))
        };
        let ((chain, key), next) = (made("tls"), made("next"));
        let tmux = TmuxServer::start(any_program());
        let settings = [
            ("NOTIFY_SOCKET", name.as_str()),
            ("WATCHDOG_USEC", "400000"),
            ("MUXWIRE_TLS_CERTIFICATE", chain.to_str().unwrap()),
            ("MUXWIRE_TLS_KEY", key.to_str().unwrap()),
        ];
        let serving = Serving::start_in(home, &tmux, &["--no-auth"], &settings);
        let ready = notification(&manager);
        assert_eq!(ready[0], "READY=1", "{ready:?}");
        let status = format!("STATUS=listening on wss://{}/monitor", serving.address);
        assert_eq!(ready[1], status);
        for _ in 0..3 {
            assert_eq!(notification(&manager), ["WATCHDOG=1"]);
        }
        fs::rename(&next.0, &chain).unwrap();
        fs::rename(&next.1, &key).unwrap();
        let reloading = notified_besides_life(&manager);
        assert_eq!(reloading[0], "RELOADING=1");
        let since = reloading[1].strip_prefix("MONOTONIC_USEC=").unwrap();
        assert!(since.parse::<u64>().unwrap() > 0, "{reloading:?}");
        assert_eq!(notified_besides_life(&manager)[0], "READY=1");
        serving.signal(Signal::TERM);
        assert_eq!(notified_besides_life(&manager)[0], "STOPPING=1");
        let (code, log, _) = serving.ended_within(SOON);
        assert_eq!(code, Some(0), "{log}");
    }
}

#[test]
fn units_are_installed_once_and_overwrite_nothing_else() {
    let home = Home::new();
    let path = home.path().join(".config/systemd/user/muxwire.service");
    let run = |arguments: &str, code: i32, output: &str| {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(code), "{arguments}: {run:?}");
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(text.contains(output), "{arguments}: {text}");
        run
    };
    let printed = run("install-service --print", 0, "Type=notify").stdout;
    assert!(!path.exists(), "it is only printed");
    run(
        "install-service",
        0,
        "systemctl --user enable --now muxwire",
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), printed);
    run("install-service --user", 0, "is installed already");
    fs::write(&path, "[Service]\nExecStart=/mine\n").unwrap();
    run("install-service", 1, "--force");
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "[Service]\nExecStart=/mine\n"
    );
    run("install-service --force", 0, "replaced");
    assert_eq!(fs::read_to_string(&path).unwrap(), printed);
    let folder = home.path().join("units");
    let system = format!("install-service --system --dir {}", folder.display());
    run(&system, 0, "systemctl enable --now muxwire@ada");
    assert!(folder.join("muxwire@.service").exists());
    for wrong in [
        "install-service --user --system",
        "install-service --print --force",
    ] {
        run(wrong, 2, "cannot be used with");
    }
}

/// What keeps a service that is broken into from the rest of the machine. Each line counts.
#[test]
fn units_hold_what_they_promise() {
    let home = Home::new();
    let both = [
        "Type=notify",
        "NotifyAccess=main",
        "WatchdogSec=30",
        "Restart=on-failure",
        "KillMode=mixed",
        "UMask=0077",
        "MemoryMax=1G",
        "NoNewPrivileges=yes",
        "MemoryDenyWriteExecute=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
        "RestrictNamespaces=yes",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged",
    ];
    let system = [
        "User=%i",
        "StateDirectory=muxwire/%i",
        "StateDirectoryMode=0700",
        "Environment=MUXWIRE_SERVER_STATE_DIR=%S/muxwire/%i",
        "ReadWritePaths=/tmp",
        "ProtectSystem=strict",
        "ProtectHome=read-only",
        "PrivateDevices=yes",
        "CapabilityBoundingSet=",
    ];
    for (flag, own) in [("--user", &[][..]), ("--system", &system)] {
        let unit = home.run(&format!("install-service {flag} --print")).stdout;
        for line in both.iter().chain(own) {
            assert!(unit.lines().any(|found| found == *line), "{flag}: {line}");
        }
        // tmux's sockets lie in /tmp.
        assert!(
            !unit.lines().any(|line| line.starts_with("PrivateTmp")),
            "{unit}"
        );
    }
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let Some(version) = output("systemd-analyze", &["--version"]) else {
        eprintln!("live tests: no systemd-analyze: THE UNITS ARE NOT CHECKED");
        return;
    };
    let home = Home::new();
    let folder = home.path().join("units");
    let shown = folder.display();
    home.run(&format!("install-service --dir {shown}"));
    home.run(&format!("install-service --system --dir {shown}"));
    let user = folder.join("muxwire.service");
    // A template is looked at as one of its instances.
    let system = folder.join("muxwire@root.service");
    fs::rename(folder.join("muxwire@.service"), &system).unwrap();
    for (path, arguments) in [(&user, &["--user", "verify"][..]), (&system, &["verify"])] {
        let run = analyze(arguments, path);
        let output = run.stderr.lines().filter(|line| line.contains("muxwire"));
        let output: Vec<_> = output.filter(|line| !line.contains("man:")).collect();
        assert_eq!(
            (run.code, output),
            (Some(0), Vec::new()),
            "{version}: {run:?}"
        );
    }
    let run = analyze(&["security", "--offline=yes", "--threshold=30"], &system);
    assert_eq!(run.code, Some(0), "{version}: {run:?}");
}

fn analyze(arguments: &[&str], path: &Path) -> Run {
    let mut command = Command::new("systemd-analyze");
    // A user's manager wants a folder for its sockets, also for looking at a unit.
    let folder = path.parent().unwrap();
    command.args(arguments).arg(path);
    Run::of(
        command
            .env("SYSTEMD_COLORS", "0")
            .env("XDG_RUNTIME_DIR", folder),
    )
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
