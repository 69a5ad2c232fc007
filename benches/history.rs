//! What the history on disk costs: bytes of the file for each byte printed, time of a processor for each megabyte, and how long
//! questions take.
//!
//! Run with `cargo bench --bench history`; `-- --mebibytes N` says how much is printed for the questions.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use muxwire::history::{
    EventQuery, History, Moment, Pattern, Reader, Recorder, SearchQuery, Secrets, Settings,
    TimeLimit,
};
use muxwire::hub::{HistoryLimits, Hub, Next, Reader as LogReader, Stamp};
use muxwire::ids::{Epoch, PaneId, Seq, SessionId, WindowId};
use muxwire::model::{Change, ChangeKind, Pane, Place, Places, Server};
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use tokio::runtime::Builder;

/// When what is printed was printed: what is kept is not so old that it is let go.
fn start() -> i64 {
    Timestamp::now().as_millisecond() - 86_400_000
}

/// A history, and the log that fills it.
struct Stage {
    hub: Hub,
    log: LogReader,
    recorder: Recorder,
    folder: TempDir,
    now: i64,
    offsets: Vec<u64>,
}

fn place(pane: u32) -> Places {
    Places::from([Place {
        session: SessionId(pane % 4),
        session_name: format!("session{}", pane % 4).into(),
        window: Some((WindowId(pane), 0)),
    }])
}

impl Stage {
    fn new(panes: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            path: folder.path().join("bench.db"),
            max_bytes: 64 << 30,
            max_age: Duration::from_secs(365 * 86_400),
            exclude: Vec::new(),
            secrets: Secrets::Mask,
            rules: (Vec::new(), true),
            host: "bench".to_owned(),
        };
        let epoch = Epoch::new("bench").unwrap();
        let limits = HistoryLimits {
            bytes: 256 << 20,
            ..HistoryLimits::default()
        };
        let hub = Hub::new(limits, epoch.clone());
        let history = History::open(settings).unwrap();
        let (recorder, _) = history.start(&epoch, Seq(0), None).unwrap();
        let stage = Self {
            log: hub.reader(),
            hub,
            recorder,
            folder,
            now: start(),
            offsets: vec![0; panes as usize],
        };
        let server = Server {
            pid: 1,
            start_time: 1,
            version: "3.5a".to_owned(),
            warnings: Arc::default(),
        };
        let connected = ChangeKind::ServerConnected { server };
        let everyone = muxwire::model::Audience::Everyone;
        stage.publish(Change::new(everyone, connected));
        for pane in 0..panes {
            stage.publish(Change::of_pane(PaneId(pane), place(pane), created(pane)));
        }
        stage
    }

    fn publish(&self, change: Change) {
        let at = Timestamp::from_millisecond(self.now).unwrap();
        self.hub.publish([change], None, Stamp::at(at));
    }

    fn print(&mut self, pane: u32, bytes: Bytes) {
        let offset = &mut self.offsets[pane as usize];
        let kind = ChangeKind::PaneOutput {
            offset: *offset,
            bytes: bytes.clone(),
        };
        *offset += bytes.len() as u64;
        self.publish(Change::of_pane(PaneId(pane), place(pane), kind));
    }

    async fn pump(&mut self) {
        while let Next::Event(event) = self.log.pull() {
            self.recorder.event(event).await;
        }
    }

    async fn commit(&mut self) {
        self.pump().await;
        self.recorder.flush().await;
    }

    /// Gives each pane its first screen: an empty one.
    fn seed(&self, cols: u32, rows: u32) {
        for pane in 0..self.offsets.len() {
            let pane = PaneId(u32::try_from(pane).unwrap());
            let screen = muxwire::history::blank(pane, cols, rows);
            self.recorder.seed(pane, Some(Arc::new(screen)));
        }
    }

    /// The bytes of all pages that hold something. Free ones are for what comes next.
    fn size(&self) -> u64 {
        let store = Connection::open(self.folder.path().join("bench.db")).unwrap();
        let pragma = |name: &str| {
            let question = format!("SELECT {name} FROM pragma_{name}");
            let value: i64 = store.query_row(&question, [], |row| row.get(0)).unwrap();
            value.cast_unsigned()
        };
        (pragma("page_count") - pragma("freelist_count")) * pragma("page_size")
    }
}

fn created(pane: u32) -> ChangeKind {
    let pane = Pane {
        id: PaneId(pane),
        window: WindowId(pane),
        index: 0,
        width: 120,
        height: 35,
        pid: 100 + pane,
        exit: None,
        mode: None,
        title: "bench".to_owned(),
        command: "bash".to_owned(),
        path: "/".to_owned(),
    };
    ChangeKind::PaneCreated {
        pane,
        active: true,
        moved: false,
        agent: None,
    }
}

/// What somebody does in a shell: listings, logs, files, each after a prompt, half a second apart.
fn shell() -> Vec<(f64, Bytes)> {
    let commands = [
        "ls -la --color=always",
        "git -c color.ui=always status",
        "git -c color.ui=always log --stat -n 20",
        "ls -la --color=always src",
        "grep -rn --color=always fn src/hub",
        "cat README.md",
        "git -c color.ui=always diff HEAD~1 HEAD",
        "ps aux",
        "df -h",
        "cat Cargo.toml",
        "git -c color.ui=always log --oneline -n 60",
        "ls -laR --color=always docs",
        "cat src/hub/log.rs",
        "env",
        "git -c color.ui=always show --stat HEAD",
    ];
    let mut printed = Vec::new();
    for round in 0..6 {
        for command in commands {
            let output = Command::new("sh").args(["-c", command]).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).replace('\n', "\r\n");
            let prompt =
                format!("\x1b[1;32muser@host\x1b[m:\x1b[1;34m~/muxwire\x1b[m$ {command}\r\n");
            for piece in prompt.as_bytes().chunks(1) {
                printed.push((0.15, Bytes::copy_from_slice(piece)));
            }
            for piece in text.as_bytes().chunks(4096) {
                printed.push((0.01, Bytes::copy_from_slice(piece)));
            }
            printed.push((5.0 + f64::from(round), Bytes::new()));
        }
    }
    printed
}

/// What cargo prints on a terminal: each package, and a bar that is drawn anew for each.
fn build_log() -> Vec<(f64, Bytes)> {
    let lock = fs::read_to_string("Cargo.lock").unwrap();
    let mut printed = Vec::new();
    let packages: Vec<(&str, &str)> = lock
        .split("[[package]]")
        .filter_map(|package| {
            let value = |key: &str| package.split(key).nth(1)?.split('"').nth(1);
            Some((value("name = ")?, value("version = ")?))
        })
        .collect();
    for round in 0..10 {
        for (index, (name, version)) in packages.iter().enumerate() {
            let total = packages.len();
            let done = index * 26 / total;
            let mut text =
                format!("\r\x1b[K\x1b[1m\x1b[32m   Compiling\x1b[0m {name} v{version}\r\n");
            let next = packages.get(index + 1).map_or("muxwire", |next| next.0);
            let _ = write!(
                text,
                "\x1b[1m\x1b[36m    Building\x1b[0m [{}>{}] {index}/{total}: {name}, {next}(build)...\r",
                "=".repeat(done),
                " ".repeat(26 - done)
            );
            if index % 40 == 7 {
                let _ = write!(
                    text,
                    "\r\x1b[K\x1b[1m\x1b[33mwarning\x1b[0m\x1b[1m: unused variable: `value{index}`\x1b[0m\r\n   \
                     \x1b[1m\x1b[34m--> \x1b[0msrc/{name}/mod{round}.rs:{index}:9\r\n    \x1b[1m\x1b[34m|\x1b[0m\r\n"
                );
            }
            printed.push((0.12, Bytes::from(text)));
        }
    }
    printed
}

/// What agents printed when they were recorded.
fn agents(folder: &str) -> Vec<(f64, Bytes)> {
    let mut printed = Vec::new();
    let mut casts: Vec<_> = fs::read_dir(Path::new("fixtures/agents").join(folder))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "cast"))
        .collect();
    casts.sort();
    for cast in casts {
        let mut last = 0.0;
        for line in fs::read_to_string(cast).unwrap().lines().skip(1) {
            let Ok((at, kind, text)) = serde_json::from_str::<(f64, String, String)>(line) else {
                continue;
            };
            if kind == "o" {
                printed.push((at - last, Bytes::from(text)));
                last = at;
            }
        }
    }
    printed
}

/// Bytes of the file for each byte printed.
async fn density(name: &str, printed: Vec<(f64, Bytes)>) {
    let mut stage = Stage::new(1);
    stage.commit().await;
    let empty = stage.size();
    stage.seed(120, 35);
    let (mut bytes, mut since) = (0_u64, 0.0);
    for (wait, text) in printed {
        since += wait;
        stage.now += (wait * 1000.0) as i64;
        bytes += text.len() as u64;
        if !text.is_empty() {
            stage.print(0, text);
        }
        if since > 0.4 {
            stage.commit().await;
            since = 0.0;
        }
    }
    stage.commit().await;
    let lines = stage.recorder.figures().lines;
    stage.recorder.close();
    let size = stage.size() - empty;
    println!(
        "{name:<24} {bytes:>9} bytes printed, {size:>8} stored beyond the {empty} of an empty file: {:.3} for each; {lines} lines",
        size as f64 / bytes as f64
    );
    if std::env::var_os("MUXWIRE_BENCH_TABLES").is_some() {
        tables(&stage.folder.path().join("bench.db"));
    }
}

/// What each table takes, by the program `sqlite3` if that can tell.
fn tables(path: &Path) {
    let question = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12";
    let told = Command::new("sqlite3").arg(path).arg(question).output();
    if let Ok(told) = told {
        println!("{}", String::from_utf8_lossy(&told.stdout));
    }
}

fn processor() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Time of a processor for what comes at so many megabytes a second, over five seconds.
async fn cost(rate: usize) {
    let line =
        "\x1b[1m\x1b[32m   Compiling\x1b[0m serde_json v1.0.145 (caf\u{e9}) \u{2013} 42 of 211\r\n";
    let block: Bytes = line
        .bytes()
        .cycle()
        .take(16 << 10)
        .collect::<Vec<u8>>()
        .into();
    let mut used = [0.0; 2];
    let seconds = 5;
    for (kept, used) in used.iter_mut().enumerate() {
        let mut stage = Stage::new(1);
        stage.commit().await;
        stage.seed(120, 35);
        let began = processor();
        let start = Instant::now();
        let blocks = rate * 1_000_000 * seconds / block.len();
        for index in 0..blocks {
            let due =
                start + Duration::from_secs_f64(index as f64 * seconds as f64 / blocks as f64);
            tokio::time::sleep_until(due.into()).await;
            stage.now += 1;
            stage.print(0, block.clone());
            if kept == 1 {
                stage.pump().await;
            } else {
                while let Next::Event(_) = stage.log.pull() {}
            }
        }
        stage.recorder.flush().await;
        *used = processor() - began;
        let figures = stage.recorder.figures();
        if kept == 1 {
            println!(
                "{rate:>3} MB/s: lost {} events, unread {} of {} bytes",
                figures.lost, figures.unread, figures.printed
            );
        }
        stage.recorder.close();
    }
    let percent = |used: f64| 100.0 * used / seconds as f64;
    println!(
        "{rate:>3} MB/s: {:.1} % of a core with the history, {:.1} % without",
        percent(used[1]),
        percent(used[0])
    );
}

/// How long questions take on a store of some size.
async fn questions(mebibytes: u64) {
    let panes = 20;
    let mut stage = Stage::new(panes);
    stage.commit().await;
    stage.seed(120, 35);
    let all: Vec<Vec<(f64, Bytes)>> = vec![
        shell(),
        build_log(),
        agents("claude-2.1.332"),
        agents("codex-0.171.0"),
    ];
    let began = Instant::now();
    fill(&mut stage, panes, mebibytes, &all).await;
    println!(
        "a store of {} MiB, made in {:.0} s",
        stage.recorder.figures().size >> 20,
        began.elapsed().as_secs_f64()
    );
    let reader = stage.recorder.open_reader().unwrap();
    let reader = reader.within(TimeLimit(Duration::from_secs(60)));
    pages(&reader).await;
    searches(&reader).await;
    screens(&reader, panes).await;
    stage.recorder.close();
}

/// Prints until the store has its size.
async fn fill(stage: &mut Stage, panes: u32, mebibytes: u64, all: &[Vec<(f64, Bytes)>]) {
    let mut round = 0_u32;
    while stage.recorder.figures().size < mebibytes << 20 {
        for pane in 0..panes {
            let printed = &all[(pane as usize) % all.len()];
            for (index, (_, text)) in printed.iter().skip(7 * pane as usize).enumerate() {
                stage.now += 1;
                if !text.is_empty() {
                    stage.print(pane, text.clone());
                }
                if index % 50 == 0 {
                    let line = format!(
                        "\r\nround {round} of pane {pane}: needle{}\r\n",
                        stage.now % 9973
                    );
                    stage.print(pane, Bytes::from(line));
                    stage.publish(Change::of_pane(
                        PaneId(pane),
                        place(pane),
                        ChangeKind::PaneBell,
                    ));
                }
                if index % 400 == 399 {
                    stage.commit().await;
                }
            }
        }
        round += 1;
    }
    stage.commit().await;
}

async fn pages(reader: &Reader) {
    for (name, query) in [
        (
            "the newest events",
            EventQuery {
                limit: 100,
                ..EventQuery::default()
            },
        ),
        (
            "those of a type",
            EventQuery {
                limit: 100,
                types: vec!["pane.bell".to_owned()],
                ..EventQuery::default()
            },
        ),
        (
            "those of a session",
            EventQuery {
                limit: 100,
                sessions: vec!["session2".to_owned()],
                ..EventQuery::default()
            },
        ),
        (
            "those of a time",
            EventQuery {
                limit: 100,
                to: Some(start() + 3_600_000),
                ..EventQuery::default()
            },
        ),
    ] {
        let began = Instant::now();
        let page = reader.events(query).await.unwrap();
        println!(
            "{name}: {:.1} ms for {}",
            began.elapsed().as_secs_f64() * 1000.0,
            page.events.len()
        );
    }
}

async fn searches(reader: &Reader) {
    let mut times = Vec::new();
    for number in 0..200_i64 {
        let pattern = match number % 5 {
            0 => "serde_json".to_owned(),
            1 => "\"unused variable\"".to_owned(),
            2 => "warning src".to_owned(),
            _ => format!("needle{}", (number * 37) % 9973),
        };
        let query = SearchQuery {
            pattern: Pattern::Words(pattern),
            panes: Vec::new(),
            sessions: Vec::new(),
            severity: None,
            from: None,
            to: None,
            before: None,
            limit: 50,
        };
        let began = Instant::now();
        reader.search(query).await.unwrap();
        times.push(began.elapsed());
    }
    times.sort();
    println!(
        "searches: median {:?}, p95 {:?}, longest {:?}",
        times[100], times[190], times[199]
    );
}

async fn screens(reader: &Reader, panes: u32) {
    let mut screens = Vec::new();
    for number in 0..50 {
        let pane = reader
            .pane_at(PaneId(number % panes), i64::MAX)
            .await
            .unwrap();
        let at = pane.first_at + (pane.last_at - pane.first_at) * i64::from(number) / 50;
        let began = Instant::now();
        let _ = reader.screen(pane.key, Moment::At(at), false).await;
        screens.push(began.elapsed());
    }
    screens.sort();
    println!(
        "screens: median {:?}, longest {:?}",
        screens[25], screens[49]
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| {
        let index = arguments.iter().position(|one| one == name)?;
        arguments.get(index + 1)?.parse().ok()
    };
    let mebibytes = after("--mebibytes").unwrap_or(64);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        density("a shell", shell()).await;
        density("a build log", build_log()).await;
        for agent in [
            "claude-2.1.332",
            "codex-0.171.0",
            "gemini-0.61.0",
            "opencode-1.18.33",
        ] {
            density(agent, agents(agent)).await;
        }
        for rate in [1, 10, 25] {
            cost(rate).await;
        }
        questions(mebibytes).await;
    });
}
