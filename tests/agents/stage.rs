//! Programs that are named as agents and print what real ones were seen to print, in panes of a real tmux.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use muxwire::bridge::Settings;
use muxwire::connectors::{AgentSource, Connectors};
use muxwire::ids::PaneId;
use muxwire::metrics::Metrics;
use serde_json::{Value, json};
use toml::Table;

use crate::support::bridge::{LiveBridge, SETTINGS};
use crate::support::executable;
use crate::support::served::Served;
use crate::support::server::Client;
use crate::support::{Program, SOON, TmuxServer, wait_until_async};

/// Prints the files that are named on a FIFO, one a line, until one is called `end`. One behind `!` is a script, which it runs.
const SCRIPT: &str = r#"#!/bin/sh
modes=$(stty -g)
stty raw -echo
echo $$ > "$1.pid"
exec 3<> "$1"
while read -r file <&3; do
    case "$file" in
        end) break ;;
        !*) sh "${file#!}" ;;
        *) cat "$file" ;;
    esac
done
stty "$modes"
"#;

/// A private tmux server, and a folder of agents.
pub struct Stage {
    pub tmux: TmuxServer,
    fakes: u32,
}

/// A fake agent that waits to be told what to print.
pub struct Fake {
    /// What a shell runs to start it.
    pub command: String,
    fifo: PathBuf,
    /// Open for both, it waits for nobody, and what nobody has read yet stays.
    lines: File,
    /// How many scripts it was told to run.
    scripts: AtomicU32,
}

/// A scene of a recording: what is printed up to the end of a verdict, and the verdict.
pub struct Scene {
    file: PathBuf,
    pub state: String,
    pub reason: Option<String>,
}

impl Stage {
    pub fn new(program: &Program) -> Self {
        Self {
            tmux: TmuxServer::start(program),
            fakes: 0,
        }
    }

    /// A fake of this name. It is started by its command, in whatever way a test wants.
    pub fn fake(&mut self, name: &str) -> Fake {
        self.fakes += 1;
        let folder = self.tmux.folder().join("bin");
        fs::create_dir_all(&folder).unwrap();
        let program = folder.join(name);
        if !program.exists() {
            executable::write_script(&program, SCRIPT);
        }
        let fifo = self.tmux.folder().join(format!("fifo-{}", self.fakes));
        let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success(), "mkfifo {}", fifo.display());
        let lines = OpenOptions::new().read(true).write(true).open(&fifo);
        Fake {
            lines: lines.unwrap(),
            command: format!("{} {}", program.display(), fifo.display()),
            fifo,
            scripts: AtomicU32::new(0),
        }
    }

    /// A stand-in of this name with a composer and dialogs, as `claude.py` says, and the file of what it was given.
    pub fn composer(&mut self, name: &str) -> (Fake, PathBuf) {
        let python = Command::new("python3")
            .args(["-c", "import sys; print(sys.executable)"])
            .output();
        let python = String::from_utf8(python.unwrap().stdout).unwrap();
        let program = self.tmux.folder().join("composers").join(name);
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let script = format!("#!{python}{}", include_str!("claude.py"));
        executable::write_script(&program, &script);
        let mut fake = self.fake(name);
        let log = fake.fifo.with_extension("log");
        let (program, fifo) = (program.display(), fake.fifo.display());
        fake.command = format!("{program} {fifo} {}", log.display());
        (fake, log)
    }

    /// A session as large as the recordings, in whose pane this runs.
    pub fn session(&self, name: &str, command: &str) -> PaneId {
        let size = ["-x", "120", "-y", "35"];
        let session = ["new-session", "-d", "-P", "-F", "#{pane_id}", "-s", name];
        let printed = self
            .tmux
            .run(session.into_iter().chain(size).chain([command]));
        printed.trim().parse().unwrap()
    }

    /// An agent in a session of its own that shows the first scene of a recording, once the client was told so. With a
    /// variable, its own files are in that folder.
    pub async fn begun(
        &mut self,
        client: &mut Client,
        recording: &str,
        own: Option<(&str, &Path)>,
    ) -> (Fake, PaneId) {
        let agent = recording.split('-').next().unwrap();
        let fake = self.fake(agent);
        let variable = own.map(|(name, folder)| format!("env {name}={} ", folder.display()));
        let command = variable.unwrap_or_default() + &fake.command;
        let pane = self.session("work", &command);
        started(client, pane, agent).await;
        let scene = &self.scenes(recording)[0];
        fake.print(scene);
        comes_to(client, pane, scene).await;
        (fake, pane)
    }

    /// The scenes of a recording.
    pub fn scenes(&self, recording: &str) -> Vec<Scene> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/agents");
        let read = |end: &str| fs::read_to_string(path.join(format!("{recording}.{end}"))).unwrap();
        let events: Vec<(f64, String, String)> = read("cast")
            .lines()
            .skip(1)
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let facts: Table = read("toml").parse().unwrap();
        let mut from = 0.0;
        let mut scenes = Vec::new();
        for verdict in facts["verdict"].as_array().unwrap() {
            let to = verdict["to"].as_float().unwrap();
            let during = |event: &&(f64, String, String)| event.0 >= from && event.0 < to;
            let output = events.iter().filter(during).filter(|event| event.1 == "o");
            let printed: String = output.map(|event| event.2.as_str()).collect();
            let name = format!("{}-{}", recording.replace('/', "-"), scenes.len());
            let file = self.tmux.folder().join(name);
            // A fake may be printing it: written again it would be empty for a moment.
            if !file.exists() {
                fs::write(&file, printed).unwrap();
            }
            let text = |name: &str| {
                verdict
                    .get(name)
                    .map(|text| text.as_str().unwrap().to_owned())
            };
            scenes.push(Scene {
                file,
                state: text("state").unwrap(),
                reason: text("reason"),
            });
            from = to;
        }
        scenes
    }
}

impl Fake {
    /// Prints a scene.
    pub fn print(&self, scene: &Scene) {
        self.print_file(&scene.file);
    }

    /// Ends by itself.
    pub fn end(&self) {
        self.say("end");
    }

    /// Prints what is in a file.
    pub fn print_file(&self, file: &Path) {
        self.say(&file.display().to_string());
    }

    /// Runs a script.
    pub fn run(&self, script: &str) {
        // One that still runs is read on.
        let number = self.scripts.fetch_add(1, Ordering::Relaxed);
        let file = PathBuf::from(format!("{}-{number}.sh", self.fifo.display()));
        fs::write(&file, script).unwrap();
        self.say(&format!("!{}", file.display()));
    }

    /// Tells it something, in a line.
    pub fn say(&self, line: &str) {
        writeln!(&self.lines, "{line}").unwrap();
    }

    /// Its process, once it has begun.
    pub async fn pid(&self) -> u32 {
        let file = PathBuf::from(format!("{}.pid", self.fifo.display()));
        let pid = || fs::read_to_string(&file).ok()?.trim().parse().ok();
        wait_until_async("the fake agent has begun", SOON, || pid().is_some()).await;
        pid().unwrap()
    }
}

/// What muxwire is made of as far as agents are concerned, in this process.
pub struct Watching {
    pub bridge: LiveBridge,
    pub metrics: Metrics,
    connectors: Connectors,
    served: Served,
}

impl Watching {
    pub async fn start(stage: &Stage) -> Self {
        Self::start_with(stage, SETTINGS).await
    }

    pub async fn start_with(stage: &Stage, settings: Settings) -> Self {
        let bridge = LiveBridge::start_with(stage.tmux.tmux().await, settings, None);
        bridge.settled().await;
        let metrics = Metrics::new(&bridge.hub);
        let connectors = Connectors::new(bridge.hub.clone(), bridge.handle.clone(), &metrics);
        let folders = vec![stage.tmux.folder().join("config")];
        let socket = stage.tmux.folder().join("state/hooks/test.sock");
        let source = AgentSource::new(bridge.handle.clone(), folders, &metrics)
            .with_hooks(socket)
            .with_usage();
        connectors.source("agents", move |context| source.clone().run(context));
        let served = bridge.serve().await;
        Self {
            bridge,
            metrics,
            connectors,
            served,
        }
    }

    /// A client that gets what is said of agents, from the first event on.
    pub async fn client(&self) -> Client {
        self.client_of(&["agent.started", "agent.status", "agent.ended"])
            .await
    }

    /// A client that gets events of these types, from the first one on.
    pub async fn client_of(&self, types: &[&str]) -> Client {
        let mut client = self.served.client().await;
        let subscribe = json!({
            "action": "subscribe",
            "filters": { "types": types },
            "since": { "epoch": "test", "seq": 0 },
        });
        client.ask(subscribe, "subscribed").await;
        client
    }

    /// A client that gets nothing unless it asks.
    pub async fn asker(&self) -> Client {
        self.served.client().await
    }

    /// Where the server is found.
    pub fn address(&self) -> std::net::SocketAddr {
        self.served.address
    }

    pub fn figure(&self, name: &str) -> u64 {
        let text = self.metrics.text().unwrap();
        let begin = format!("muxwire_{name} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&begin));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .parse()
            .unwrap()
    }

    pub async fn stop(self) {
        self.connectors.stop_sources().await;
        self.bridge.stop().await;
    }
}

/// The next thing that is said of an agent: its event.
pub async fn said(client: &mut Client) -> Value {
    loop {
        let message = client.next().await;
        let kind = message["type"].as_str().unwrap();
        if kind.starts_with("agent.") {
            return message;
        }
        assert_eq!(kind, "bookmark", "{message}");
    }
}

/// The next thing that is said of an agent is that one has started in this pane.
pub async fn started(client: &mut Client, pane: PaneId, agent: &str) {
    let event = said(client).await;
    assert_eq!(event["type"], "agent.started", "{event}");
    assert_eq!(event["pane"], pane.to_string(), "{event}");
    assert_eq!(event["data"]["agent_type"], agent, "{event}");
}

/// It comes to this state; what it is said to be before that is given.
pub async fn comes_to(client: &mut Client, pane: PaneId, scene: &Scene) -> Vec<String> {
    let mut before = Vec::new();
    loop {
        let event = said(client).await;
        if event["pane"] != pane.to_string() && is_detail(&event) {
            continue;
        }
        assert_eq!(event["type"], "agent.status", "{event}");
        assert_eq!(event["pane"], pane.to_string(), "{event}");
        let data = &event["data"];
        if data["status"] == scene.state && data["reason"].as_str() == scene.reason.as_deref() {
            return before;
        }
        before.push(data["status"].as_str().unwrap().to_owned());
    }
}

/// The next thing that is said of an agent is that the one in this pane is gone.
pub async fn ended(client: &mut Client, pane: PaneId) {
    let mut event = said(client).await;
    while is_detail(&event) {
        event = said(client).await;
    }
    assert_eq!(event["type"], "agent.ended", "{event}");
    assert_eq!(event["pane"], pane.to_string(), "{event}");
}

/// Whether something else of an agent has changed than its status, such as the dialog that has been drawn meanwhile.
fn is_detail(event: &Value) -> bool {
    event["type"] == "agent.status" && event["data"]["status"] == event["data"]["previous"]
}

/// Writes a rule file for [`Watching`].
pub fn write_rules(stage: &Stage, name: &str, text: &str) {
    let folder = stage.tmux.folder().join("config/agents");
    fs::create_dir_all(&folder).unwrap();
    let mut file = File::create(folder.join(name)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
