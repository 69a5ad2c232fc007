//! What all that happens happens to: a tmux server, muxwire in front of it, and what was found wrong.

use std::any::Any;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock, RwLockReadGuard};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::LONG;
use crate::follower::{Came, Follower};
use crate::support::program::Home;
use crate::support::random::Random;
use crate::support::serving::Serving;
use crate::support::{TmuxServer, any_program, wait_until};
use crate::typist::Sheet;

/// Prints as many lines as are asked for.
const FLOOD: &str = r#"stty -echo; while read n; do seq -f '%010.0f the quick brown fox jumps over the lazy dog, and runs on' 1 $n; done"#;

/// How many violations are printed in full.
const TOLD: usize = 20;

/// A part of the load: what it does until the end.
pub type Actor = fn(&World, &mut Random);

/// The tmux server, muxwire, and what is known of them.
pub struct World {
    /// It goes before the server that it is linked to.
    pub serving: Serving,
    pub tmux: TmuxServer,
    pub token: String,
    /// The pane that floods on request, and one that shows the lines that are typed.
    pub flood: String,
    pub lines: String,
    /// What typists have typed.
    pub sheets: [Mutex<Sheet>; 2],
    /// What viewers show now, by their names: the pane and its lines.
    pub shown: Mutex<BTreeMap<String, (String, Vec<String>)>>,
    /// How often what happened.
    counts: Mutex<BTreeMap<&'static str, u64>>,
    violations: Mutex<Vec<String>>,
    /// Who changes something in tmux holds it for reading, who wants quiet for writing.
    quiet: RwLock<()>,
    stopping: AtomicBool,
    seed: u64,
    _keeper: Keeper,
}

/// Ends the tmux server once this program is gone, also when it is killed.
struct Keeper(Child);

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl World {
    pub fn start(seed: u64) -> Self {
        let tmux = TmuxServer::start(any_program());
        println!("soak: tmux {}", tmux.version());
        let keeper = keep(&tmux);
        tmux.run(["set-option", "-g", "history-limit", "500"]);
        let (_, flood) = tmux.new_session("flood", FLOOD);
        let (_, lines) = tmux.new_session("lines", "exec cat");
        let sheets = ["keys", "pastes"].map(|name| Mutex::new(Sheet::new(&tmux, name)));
        let home = Home::new();
        let made = home.run("token create --name soak --allow admin");
        let token = made.stdout.trim().to_owned();
        let settings = [
            ("MUXWIRE_MONITORING_LOG_FORMAT", "json"),
            // A flood is more than what may wait for a client, so that slow ones lag.
            ("MUXWIRE_PERFORMANCE_QUEUE_BYTES", "512KiB"),
        ];
        let serving = Serving::start_in(home, &tmux, &[], &settings);
        let sessions = tmux.run(["list-sessions", "-F", "x"]).lines().count();
        wait_until("the links", LONG, || tmux.clients().len() == sessions + 1);
        Self {
            serving,
            tmux,
            token,
            flood,
            lines,
            sheets,
            shown: Mutex::default(),
            counts: Mutex::default(),
            violations: Mutex::default(),
            quiet: RwLock::default(),
            stopping: AtomicBool::new(false),
            seed,
            _keeper: keeper,
        }
    }

    /// Does one part of the load until the end. What goes wrong in it is kept, and it begins anew.
    pub fn act(&self, name: &'static str, number: u64, actor: Actor) {
        let mut random = Random::new(self.seed.wrapping_add(number << 32));
        while !self.is_stopping() {
            let acted = catch_unwind(AssertUnwindSafe(|| actor(self, &mut random)));
            if let Err(panic) = acted {
                self.violation(&format!("{name}: {}", text_of(&*panic)));
                self.pause(Duration::from_secs(1));
            }
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.serving.address
    }

    /// A client that has been let in.
    pub fn client(&self) -> Follower {
        let mut client = Follower::connect(self.address());
        client.say(&json!({ "action": "auth", "token": self.token }));
        let answer = client.find("auth.response");
        assert_eq!(answer["success"], true, "{answer}");
        client
    }

    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Ends the load when this is dropped, also by a panic.
    pub fn stop_in_the_end(&self) -> impl Drop + '_ {
        Stop(&self.stopping)
    }

    /// Waits, no longer than until the end.
    pub fn pause(&self, length: Duration) {
        let until = Instant::now() + length;
        while !self.is_stopping() && Instant::now() < until {
            thread::sleep(Duration::from_millis(20).min(length));
        }
    }

    /// A pause of a random length.
    pub fn pause_between(&self, random: &mut Random, least: usize, most: usize) {
        let millis = least + random.below(most - least);
        self.pause(Duration::from_millis(millis as u64));
    }

    /// Holds off those who want quiet while something is changed in tmux.
    pub fn change(&self) -> RwLockReadGuard<'_, ()> {
        self.quiet.read().unwrap()
    }

    pub fn count(&self, what: &'static str) {
        *self.counts.lock().unwrap().entry(what).or_default() += 1;
    }

    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.lock().unwrap().clone()
    }

    pub fn violation(&self, what: &str) {
        let mut violations = self.violations.lock().unwrap();
        if violations.len() < TOLD {
            println!("soak: WRONG: {what}");
        }
        violations.push(what.to_owned());
    }

    pub fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap().clone()
    }

    /// Lets the load pause, and compares what every viewer shows with what tmux shows, and what was typed with what has
    /// arrived.
    pub fn check(&self) {
        let _quiet = self.quiet.write().unwrap();
        self.count("checks in quiet");
        for sheet in &self.sheets {
            if let Err(wrong) = sheet.lock().unwrap().check() {
                self.violation(&wrong);
            }
        }
        let names: Vec<String> = self.shown.lock().unwrap().keys().cloned().collect();
        for name in names {
            self.check_viewer(&name);
        }
    }

    fn check_viewer(&self, name: &str) {
        let since = Instant::now();
        loop {
            // Who is not there just now can't show anything.
            let Some((pane, shown)) = self.shown.lock().unwrap().get(name).cloned() else {
                return;
            };
            let captured = self.tmux.try_run(&["capture-pane", "-p", "-t", &pane]);
            let Some(captured) = captured.filter(|captured| captured.status.success()) else {
                return self.violation(&format!("tmux does not show {pane}"));
            };
            let captured = String::from_utf8_lossy(&captured.stdout);
            let captured: Vec<&str> = captured.lines().map(str::trim_end).collect();
            if shown == captured {
                return self.count("screens compared");
            }
            if since.elapsed() > LONG {
                return self.violation(&format!("{name} shows {shown:#?}, and tmux {captured:#?}"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn keep(tmux: &TmuxServer) -> Keeper {
    use std::os::unix::process::CommandExt as _;
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "read x; exec \"$0\" -S \"$1\" kill-server"])
        .arg(&tmux.program().path)
        .arg(tmux.socket());
    command
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    Keeper(command.spawn().unwrap())
}

/// What a panic says.
pub fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic without words".to_owned())
}

/// Says ping and hands over all that comes before the answer; how the connection was closed, if it was.
pub fn until_pong(client: &mut Follower, mut take: impl FnMut(&Came)) -> Result<(), Option<u16>> {
    client.say(&json!({ "action": "ping", "id": "until" }));
    loop {
        match client.next() {
            Came::Said(message) if message["type"] == "pong" => return Ok(()),
            Came::Closed(code) => return Err(code),
            came => take(&came),
        }
    }
}
