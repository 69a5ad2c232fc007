//! `/ws/terminal/` on real panes: what it shows first, which pane it follows, and how it ends.

use serde_json::{Value, json};

use super::{Printer, Scene, captured, shown};
use crate::support::program::Home;
use crate::support::server::Client;
use crate::support::serving::Serving;
use crate::support::terminal::Terminal;
use crate::support::{SOON, TmuxServer, for_each_version_async, wait_until};

/// A client's page: the pane that it shows, as an emulator has it.
struct Page {
    client: Client,
    pane: String,
    terminal: Terminal,
    offset: u64,
    session: String,
    /// The last output was a replay, and the next one may go on with it: the history comes before the screen.
    replays: bool,
}

impl Page {
    /// A page that has said `connect`.
    async fn connect(scene: &Scene, path: &str) -> Self {
        let mut client = scene.terminal(path).await;
        client.send(json!({ "type": "connect" })).await;
        Self {
            client,
            pane: String::new(),
            terminal: Terminal::new(1, 1),
            offset: 0,
            session: String::new(),
            replays: false,
        }
    }

    /// Takes the next message, and returns its type.
    async fn take(&mut self) -> String {
        let message = self.client.next().await;
        let size = || {
            let number = |field: &str| u32::try_from(message[field].as_u64().unwrap()).unwrap();
            Terminal::new(number("cols"), number("rows"))
        };
        let kind = message["type"].as_str().unwrap().to_owned();
        match &*kind {
            "connect" => {
                message["pane"].as_str().unwrap().clone_into(&mut self.pane);
                self.terminal = size();
            }
            "resize" => self.terminal = size(),
            "output" => self.output(&message),
            _ => panic!("{message}"),
        }
        kind
    }

    fn output(&mut self, message: &Value) {
        let data = message["data"].as_str().unwrap();
        let offset = message["offset"].as_u64().unwrap();
        if message["replay"] == true {
            assert!(data.starts_with("\u{1b}c") || self.replays, "{message}");
            self.offset = offset;
        } else {
            assert_eq!(offset, self.offset, "{message}");
            self.offset += message["bytes"].as_u64().unwrap();
        }
        self.replays = message["replay"] == true;
        message["sessionId"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.session);
        self.terminal.feed(data.as_bytes());
    }

    /// Takes what comes until it shows this pane with this text in it; the first message about a pane is its snapshot.
    async fn shows(&mut self, pane: &str, text: &str) {
        while self.pane != pane || !self.holds(text) {
            if self.take().await == "connect" {
                assert_eq!(self.take().await, "output", "the pane as it is comes first");
            }
        }
    }

    fn holds(&self, text: &str) -> bool {
        self.terminal.text().iter().any(|line| line.contains(text))
    }
}

#[test]
fn it_shows_the_pane_as_it_is_and_follows_the_active_one() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let printers = ["one", "two"].map(|name| Printer::window(&server, name));
        for (printer, name) in printers.iter().zip(["ONE", "TWO"]) {
            printer.print(format!("\x1b[1;31m{name}\x1b[0m \u{4e2d}\r\n").as_bytes());
            shown(&server, &printer.pane, name);
        }
        let [one, two] = &printers;
        server.run(["select-window", "-t", &one.pane]);
        let scene = Scene::start(server, &[]);
        let mut follower = Page::connect(&scene, "main").await;
        let mut named = Page::connect(
            &scene,
            &format!("main?pane={}", two.pane.replace('%', "%25")),
        )
        .await;
        assert_eq!(
            (&*follower.take().await, &*follower.take().await),
            ("connect", "output")
        );
        assert_eq!((&*follower.pane, follower.holds("ONE")), (&*one.pane, true));
        named.shows(&two.pane, "TWO").await;
        one.print(b"live\r\n");
        follower.shows(&one.pane, "live").await;
        // Another window, another pane of that window, and back.
        let server = &scene.server;
        server.run(["select-window", "-t", &two.pane]);
        follower.shows(&two.pane, "TWO").await;
        server.run(["split-window", "-t", &two.pane, "printf SPLIT; exec cat"]);
        let split = server.value("=main:", "#{pane_id}");
        follower.shows(&split, "SPLIT").await;
        server.run(["kill-pane", "-t", &split]);
        follower.shows(&two.pane, "TWO").await;
        server.run(["select-window", "-t", &one.pane]);
        follower.shows(&one.pane, "live").await;
        two.print(b"\r\nstayed");
        named.shows(&two.pane, "stayed").await;
        for page in [&follower, &named] {
            assert_eq!(page.terminal.text(), captured(server, &page.pane));
        }
    });
}

#[test]
fn sessions_and_processes_that_come_and_go_are_reported() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        server.run(["set-option", "-g", "remain-on-exit", "on"]);
        let printer = Printer::new(&server, "old name");
        printer.print(b"FIRST\r\n");
        shown(&server, &printer.pane, "FIRST");
        // tmux 3.1c reports a death only when it is asked.
        let often = [("MUXWIRE_MONITORING_RECONCILE_INTERVAL", "1s")];
        let scene = Scene::start(server, &often);
        let mut page = Page::connect(&scene, "old%20name").await;
        page.shows(&printer.pane, "FIRST").await;
        assert_eq!(page.session, "old name");
        let server = &scene.server;
        server.run(["rename-session", "-t", "=old name:", "new"]);
        // Events that are published before the next output, as it is asked for after them.
        while page.session != "new" {
            printer.print(b".");
            page.take().await;
        }
        // Its process dies, and another one takes its place; the size changes on the way.
        let pid = server.value(&printer.pane, "#{pane_pid}");
        crate::support::signal(pid.parse().unwrap(), rustix::process::Signal::KILL);
        let dead = || server.value(&printer.pane, "#{pane_dead}") == "1";
        wait_until("its process has ended", SOON, dead);
        // Now and then tmux 3.3a never learns the status, and then it never says on the screen that the pane is dead.
        while page.terminal.text() != captured(server, &printer.pane) {
            page.take().await;
        }
        page.client
            .send(json!({ "type": "input", "id": 5, "data": "x" }))
            .await;
        let error = page.client.find("error").await;
        assert_eq!(
            (&error["id"], &error["code"]),
            (&json!(5), &json!("PANE_DEAD"))
        );
        server.run([
            "respawn-pane",
            "-t",
            &printer.pane,
            "printf SECOND; exec cat",
        ]);
        page.shows(&printer.pane, "SECOND").await;
        server.run(["split-window", "-d", "-t", &printer.pane, "exec cat"]);
        while page.terminal.text().len() == 24 {
            page.take().await;
        }
        page.shows(&printer.pane, "SECOND").await;
        page.client
            .send(json!({ "type": "input", "data": "typed\r" }))
            .await;
        // Once by the terminal's echo, and once by the program.
        while page.terminal.text()[1] != "typed" {
            page.take().await;
        }
        wait_until("tmux shows it", SOON, || {
            captured(server, &printer.pane)[1] == "typed"
        });
        assert_eq!(page.terminal.text(), captured(server, &printer.pane));
        server.run(["kill-session", "-t", "=new:"]);
        ended(&mut page.client, "session_gone").await;
        let mut page = Page::connect(&scene, "main").await;
        page.shows("%0", "").await;
        page.client.send(json!({ "type": "disconnect" })).await;
        ended(&mut page.client, "requested").await;
    });
}

#[test]
fn a_named_pane_that_ends_is_reported() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let printer = Printer::window(&server, "one");
        printer.print(b"ONE\r\n");
        shown(&server, &printer.pane, "ONE");
        let scene = Scene::start(server, &[]);
        let path = format!("main?pane={}", printer.pane.trim_start_matches('%'));
        let mut page = Page::connect(&scene, &path).await;
        page.shows(&printer.pane, "ONE").await;
        scene.server.run(["kill-pane", "-t", &printer.pane]);
        ended(&mut page.client, "pane_gone").await;
    });
}

/// The server says why, and closes.
async fn ended(client: &mut Client, reason: &str) {
    assert_eq!(client.find("disconnect").await["reason"], reason);
    assert_eq!(client.close_code().await, Some(1000));
}

#[test]
fn who_may_only_read_sees_and_changes_nothing() {
    for_each_version_async(async |program| {
        let server = TmuxServer::start(&program);
        let printer = Printer::window(&server, "one");
        server.run(["select-window", "-t", &printer.pane]);
        let size = server.value(&printer.pane, "#{window_width}x#{window_height}");
        let home = Home::new();
        let made = home.run("token create --name reader --allow read");
        let settings = [("MUXWIRE_TERMINAL_RESIZE", "client")];
        let serving = Serving::start_in(home, &server, &[], &settings);
        super::linked(&server);
        let mut client = serving.client_at("/ws/terminal/main", "muxwire.v1").await;
        let token = made.stdout.trim();
        let answer = client
            .ask(json!({ "action": "auth", "token": token }), "auth.response")
            .await;
        assert_eq!(answer["success"], true, "{answer}");
        client.send(json!({ "type": "connect" })).await;
        client.expect("connect").await;
        client.expect("output").await;
        for message in [
            json!({ "type": "input", "data": "x" }),
            json!({ "type": "resize", "cols": 50, "rows": 20 }),
        ] {
            client.send(message).await;
            assert_eq!(client.expect("error").await["code"], "PERMISSION_DENIED");
        }
        printer.print(b"seen");
        assert_eq!(client.expect("output").await["data"], "seen");
        assert_eq!(
            server.value(&printer.pane, "#{window_width}x#{window_height}"),
            size
        );
    });
}
